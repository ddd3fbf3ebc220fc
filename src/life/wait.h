/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wait.h - stand in for a process in the foreground: signals go to it, its end is ours.
 */
#pragma once

#include "base/err.h"

#include <signal.h>
#include <sys/types.h>

/* Hold back the signals that end us, so that create is undone rather than cut off. */
void wait_block_signals(sigset_t *ret_before);
void wait_unblock_signals(const sigset_t *before);

/*
 * Until the process behind pidfd ends: forward signals to it, relay its terminal where master is
 * not -1, hand its notifications on where notify is not NULL, reap whatever else becomes our child. Signals must be blocked. *ret_status: exit status,
 * or 128+n for signal n. The process is reaped.
 */
struct notify;
int wait_foreground(pid_t pid, int pidfd, int master, const struct notify *notify, int *ret_status,
	struct err *e);
