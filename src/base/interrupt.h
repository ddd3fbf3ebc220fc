/* SPDX-License-Identifier: Apache-2.0 */
/*
 * interrupt.h - the signals by which a command is asked to end, where they are held back.
 *
 * While a container or a process in one is made they are blocked, so that what was begun is undone
 * rather than cut off. So every wait in between has to look for them: what is waited for may never
 * come, and a container can see to that, by stopping the process that enters it.
 */
#pragma once

#include <stdbool.h>

/* Did one of them come, and was held back? Its number, or 0. */
int interrupt_pending(void);

/*
 * Wait until fd has something to read or its other end is gone. timeout_ms -1: for as long as it
 * takes. Returns 1; 0 when the time is over; -EINTR when such a signal is held back, which stays
 * pending; another -errno.
 */
int interrupt_wait(int fd, int timeout_ms);
