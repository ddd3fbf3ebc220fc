/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hooks.h - the six hook points of the runtime-spec, each hook with the container's state on stdin.
 */
#pragma once

#include "life/plan.h"

/*
 * Run the hooks of one point in order, in the caller's namespaces. The first that fails ends it.
 * env is what a hook gets that has no env of its own; NULL: nothing.
 */
int hooks_run(const struct spec_hooks *hooks, enum hook_point point, const struct state *state,
	const char *status, pid_t pid, char *const *env, struct err *e);

/* The same, but failures are logged and the rest runs: poststop. */
void hooks_run_all(const struct spec_hooks *hooks, enum hook_point point, const struct state *state,
	const char *status, pid_t pid);

/*
 * startContainer hooks run in the container after `start`, but not under the container's memory
 * policy (which a seccomp filter may by then forbid to change). So where there are both, a process
 * splits off init before the policy is set, takes the same rights, and runs the hooks when told.
 * So, too, where init loads its seccomp filter only after them: the programs are the image's, and
 * to be under that filter, which need not allow init what it takes to run hooks. An agent of that
 * filter decides on hooks that init runs, and is told of no other process.
 */
struct hook_runner {
	pid_t pid; /* 0: none; init runs them itself */
	int sock;
};
int hooks_fork_runner(
	struct hook_runner *runner, const struct plan *plan, int root_fd, struct err *e);

/*
 * Run the startContainer hooks, by the runner if there is one, which then ends. The specification
 * does not say what they get without an env; hooks are out there that count on what runc gives them,
 * which is env, the environment of the container's process.
 */
int hooks_run_start(struct hook_runner *runner, const struct plan *plan, pid_t pid,
	char *const *env, struct err *e);
