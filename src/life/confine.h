/* SPDX-License-Identifier: Apache-2.0 */
/*
 * confine.h - from a process with the runtime's rights to the container's program: the part that
 * init and exec share, in the order that the kernel forces.
 */
#pragma once

#include "base/err.h"
#include "life/plan.h"
#include "linux/lsm.h"

#include <stdbool.h>
#include <sys/types.h>

/* What execve will get. */
struct program {
	char *path;
	char **argv, **env;
};

/* Make the terminal behind slave the caller's own: stdin, stdout, stderr, controlling, sized. */
int confine_terminal(const struct process_plan *p, int slave, struct err *e);

/* Limits: set here, or by the parent at the other end of sock where the caller has no right to. */
int confine_limits(const struct process_plan *p, int sock, struct err *e);

/* A session keyring of its own, so that the container does not see the caller's keys. */
int confine_keyring(const struct process_plan *p, const struct lsm *lsm, struct err *e);

/*
 * Scheduler and I/O priority, set here or by the parent as limits are, and the personality. From
 * here on no process may be made: the kernel refuses that to SCHED_DEADLINE.
 */
int confine_schedule(const struct process_plan *p, int sock, struct err *e);

/* The descriptors that still serve once the container's paths are walked; -1: none. */
struct confine_keep {
	int sock, start_sock, hooks_sock; /* sockets alone: no path leads on from one */
};

/*
 * Labels are asked for; every descriptor but those of keep and the caller's is closed. Then seccomp
 * where it must come before the capabilities go, IDs, capabilities, labels, no_new_privs, the
 * working directory, the program found, and seccomp where others depend on it before execve.
 * root_fd is the container's root, and closed, too.
 */
int confine(const struct process_plan *p, int root_fd, const struct confine_keep *keep,
	const struct lsm *lsm, struct arena *arena, struct program *ret, struct err *e);

/*
 * Seccomp where it may come last, EXECING on sock, execve. Returns only with an error. Of the
 * descriptors above 2 --preserve-fds alone outlive it.
 */
int confine_execute(
	const struct process_plan *p, const struct program *program, int sock, struct err *e);
