/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lsm.h - process.apparmorProfile and process.selinuxLabel.
 *
 * Labels are asked for by writing files below /proc/self/attr, which take effect at the next
 * execve(2). Only the process itself may write them, through a descriptor that it opened itself.
 */
#pragma once

#include "base/err.h"
#include "spec/spec.h"

/*
 * Can this host give the process its labels? sys_fd: a directory as /sys is. -ENOTSUP with e set
 * where it lacks the security module: a process must never run without the label that it was to
 * have.
 */
int lsm_check(int sys_fd, const struct spec_process *p, struct err *e);

/* The files that labels are written to; -1: not needed. Files alone: no path leads on from them. */
struct lsm {
	int apparmor_fd, selinux_fd, keys_fd;
};
#define LSM_NONE                                                                                   \
	{                                                                                          \
		-1, -1, -1                                                                         \
	}

/* Open what p needs, in a directory as /proc/self/attr is. ret is whole or untouched. */
int lsm_open(int attr_fd, const struct spec_process *p, struct lsm *ret, struct err *e);

/* The same in the caller's own directory of proc_fd, a procfs that was verified. */
int lsm_open_self(int proc_fd, const struct spec_process *p, struct lsm *ret, struct err *e);

/* Labels for the next execve of the caller. */
int lsm_label_exec(const struct lsm *lsm, const struct spec_process *p, struct err *e);

/* SELinux: the label of the keys that the caller makes from here on; NULL: the usual one. */
int lsm_label_keys(const struct lsm *lsm, const char *label, struct err *e);

void lsm_close(struct lsm *lsm);
