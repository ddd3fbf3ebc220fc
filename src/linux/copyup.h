/* SPDX-License-Identifier: Apache-2.0 */
/*
 * copyup.h - what a tmpfs with the option tmpcopyup begins with.
 */
#pragma once

#include "base/err.h"

/*
 * Copy what is in the directory `from` into the directory `to`: files, directories, links, nodes,
 * with owner, mode, times and extended attributes. Hard links become files of their own, and what
 * is mounted below `from` is left out. An owner that has no ID here becomes the caller. Either may
 * be an O_PATH descriptor. Returns 0 or -errno with e set.
 */
int copyup(int from, int to, struct err *e);
