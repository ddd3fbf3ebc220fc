/* SPDX-License-Identifier: Apache-2.0 */
/*
 * init.h - the container's first process, from clone3 to execve.
 */
#pragma once

#include "life/plan.h"

/*
 * Runs in the child; never returns. sock is its end of the socket to the parent. The rest of what
 * it inherits is in the plan; rootfs is its own copy.
 */
void init_main(const struct plan *plan, struct rootfs *rootfs, int sock) __attribute__((noreturn));
