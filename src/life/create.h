/* SPDX-License-Identifier: Apache-2.0 */
/*
 * create.h - from a bundle to a created container, or to nothing.
 */
#pragma once

#include "life/plan.h"
#include "life/spawn.h"
#include "linux/netdev.h"

#include <signal.h>

/* Everything that a create has made so far; what fails is unwound from it in reverse. */
struct attempt {
	const struct life *life;
	const struct create_options *options;
	struct arena arena;
	struct spec *spec;
	struct plan plan;
	struct memory_plan memory;
	struct seccomp_filter filter;
	struct state state;
	struct rootfs rootfs;
	struct spawned init;
	struct cgroup *cgroup;
	struct netdev_moves net_devices;
	struct rdt *rdt;
	int bundle_fd, host_proc_fd, console_fd, pidfd_sock;
	int master; /* the terminal, where run keeps it; -1 */
	bool reserved, cgroup_made, rootfs_open, hooks_begun, pid_file_written;
	bool start_here;                /* run: START comes from us, on init's socket */
	const struct criu_image *image; /* restore: what comes from there; NULL: a new container */
	bool notify;                    /* it has a socket to notify its manager */
	sigset_t signals_before;
	bool signals_held; /* from when there is something to undo */
};

/*
 * Go through all steps up to "created". On failure everything is undone and a is freed. Afterwards
 * the caller owns a: attempt_free() closes what is ours and leaves the container alone. Either way
 * signals may be held back, until attempt_let_signals().
 */
int create_container(struct attempt *a, const struct life *life, const struct create_options *o,
	bool start_here, struct err *e);

/* hand_over.c: from the process that is to be init to "created". */
int attempt_hand_over(struct attempt *a, struct err *e);

/*
 * The same in parts, for restore, whose init CRIU makes. plan: all is decided, nothing made; image as
 * in struct attempt. make: all up to the cgroup with its limits.
 * commit: init is a->init; its memory policy, as it was set, is compared with what is in force, and
 * the state saved. undo: what was made goes, and a is freed; after an error of any.
 */
int attempt_plan(struct attempt *a, const struct life *life, const struct create_options *o,
	bool start_here, const struct criu_image *image, struct err *e);
int attempt_make(struct attempt *a, struct err *e);
int attempt_commit(struct attempt *a, const struct memory_result *memory, struct err *e);
void attempt_undo(struct attempt *a);

void attempt_free(struct attempt *a);
void attempt_let_signals(const struct attempt *a);

/*
 * lock.c: what init has assembled, locked against the root of its user namespace. Init has said
 * SEALED, and waits for LOCKED.
 */
int lock_mounts(struct attempt *a, struct err *e);

/* Let go of the host's files that only create needed: a long `run` must not pin them. */
void attempt_close_host(struct attempt *a);

/*
 * Tell init to start, wait for its execve, save that, run the poststart hooks. conn is a socket to
 * init; state is locked by the caller; spec may be NULL where there are no poststart hooks. What
 * startContainer hooks write to the terminal behind master is shown; -1: there is none here. After a
 * failed hook the caller has to destroy the container.
 */
int start_container(int conn, int master, struct state *state, const struct spec *spec,
	bool *ret_hook_failed, struct err *e);

/* Kill what runs, remove the cgroup and the state, run the poststop hooks. */
int end_and_remove(const struct life *life, struct state *s, struct err *e);

/*
 * In the foreground, at the end: remove what run or restore made. s is theirs, no longer locked. r is
 * how that went so far: the first error is returned, a later one only logged.
 */
int remove_again(const struct life *life, struct state *s, int r, struct err *e);

/*
 * What this host cannot give: an AppArmor or SELinux label is an error, capabilities that the runtime
 * itself does not have are taken out, with a warning. userns: a user namespace gives the latter.
 */
int fit_to_host(struct spec_process *process, bool userns, struct err *e);

/* Write a pid file whole: by rename, so that a reader never sees half of it. */
int write_pid_file(const char *path, pid_t pid, struct err *e);
