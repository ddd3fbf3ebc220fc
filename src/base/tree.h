/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree.h - a directory emptied, whoever filled it.
 */
#pragma once

#include <stdint.h>

/*
 * Remove all that is below the directory at dir_fd, which stays. What is in there is hostile: no link
 * is followed, no file system is left, and neither memory nor descriptors grow with the depth.
 * Returns 0 or -errno: of the first thing that cannot be removed, after the rest was. -ETIMEDOUT: who
 * can still write there goes on making files, and CLOCK_MONOTONIC has come to deadline_ms.
 */
int tree_empty(int dir_fd, int64_t deadline_ms);
