/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spawn.h - make a process inside a container: init, or what exec starts.
 */
#pragma once

#include "base/err.h"
#include "life/plan.h"

#include <stdint.h>
#include <sys/types.h>

/* A process that was made: ours, whether or not another made it for us. */
struct spawned {
	pid_t pid;
	int pidfd; /* -1: none */
	int sock;  /* SEQPACKET, ours */
	const struct cgroup *cgroup;
};

/*
 * How to make one. In the new process `become` is called with its end of the socket, and never
 * returns. Where `join` is set a joiner goes between: it runs join(), then makes the process as its
 * parent's child (CLONE_PARENT), says its number, and ends. It borrows the parent's memory
 * meanwhile (sys_clone3_errand()), so join() must change nothing there that the parent will use.
 *
 * The joiner itself is not in the cgroup. Whoever may write to that could freeze it there, while
 * its parent sleeps until it has ended; and who is killed there for want of memory takes along all
 * who share its memory (__oom_kill_process()). What it joins must therefore leave it in sight of
 * the cgroup. Where that cannot be, and nobody else is in the cgroup yet, it goes in first.
 */
struct spawn {
	uint64_t flags;                /* CLONE_NEW* */
	const struct cgroup *cgroup;   /* NULL: none */
	const struct cgroup_sub *subs; /* below it; NULL: it itself */
	int cgroup_fd;                 /* for CLONE_INTO_CGROUP; -1: none */
	int (*join)(void *arg, struct err *e);
	bool join_inside; /* the joiner enters the cgroup first */
	bool own_memory;  /* the joiner borrows none */
	void (*become)(void *arg, int sock);
	void *arg;
	const char *what; /* for errors: "init", "the process" */
};

/* On failure nothing is left: what was made is killed and reaped. */
int spawn(const struct spawn *how, struct spawned *ret, struct err *e);

/* Kill it and reap it, in a frozen cgroup, too. For what failed after spawn(). */
void spawn_kill(struct spawned *s);

/*
 * The error of a process that ended without a word: replaces an EPIPE in e by how it ended ("init
 * was killed by signal 9"). Returns r, or the new error. The process is reaped then.
 */
int spawn_explain(struct spawned *s, int r, const char *what, struct err *e);
