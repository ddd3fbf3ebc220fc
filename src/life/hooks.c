/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hooks.c - run hooks. In init nothing here logs; what fails is returned.
 */
#include "life/hooks.h"

#include "base/child.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/sys.h"
#include "life/confine.h"
#include "life/msg.h"
#include "spec/names.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>

static int run_one(const struct spec_hook *hook, const char *what, const char *state_text,
	char *const *env, bool interruptible, struct err *e);
static void runner_main(const struct plan *plan, int root_fd, int sock) __attribute__((noreturn));

int hooks_run(const struct spec_hooks *hooks, enum hook_point point, const struct state *state,
	const char *status, pid_t pid, char *const *env, struct err *e)
{
	/* The other points are the container's own, where a filter may forbid the calls it
	 * takes. */
	const bool ours =
		point == HOOK_PRESTART || point == HOOK_CREATE_RUNTIME || point == HOOK_POSTSTART;
	char what[64];
	int r = 0;

	if (hooks->at[point].n == 0)
		return 0;
	_cleanup_free_ char *text = state_oci_text(state, status, pid);
	if (!text)
		return err_nomem(e);
	for (size_t i = 0; r == 0 && i < hooks->at[point].n; i++) {
		(void)snprintf(what, sizeof(what), "/hooks/%s/%zu",
			names_of(names_hooks, (uint64_t)point), i);
		if (ours)
			log_debug("%s: running '%s'", what, hooks->at[point].v[i].path);
		r = run_one(&hooks->at[point].v[i], what, text, env, ours, e);
	}
	return r;
}

void hooks_run_all(const struct spec_hooks *hooks, enum hook_point point, const struct state *state,
	const char *status, pid_t pid)
{
	struct err e = { 0 };

	_cleanup_free_ char *text = hooks->at[point].n ? state_oci_text(state, status, pid) : NULL;
	for (size_t i = 0; text && i < hooks->at[point].n; i++) {
		char what[64];
		(void)snprintf(what, sizeof(what), "/hooks/%s/%zu",
			names_of(names_hooks, (uint64_t)point), i);
		log_debug("%s: running '%s'", what, hooks->at[point].v[i].path);
		/* What clears up after a create that was interrupted is not interrupted in turn. */
		if (run_one(&hooks->at[point].v[i], what, text, NULL, false, &e) < 0)
			log_warn("%s", e.text);
	}
}

static int run_one(const struct spec_hook *hook, const char *what, const char *state_text,
	char *const *env, bool interruptible, struct err *e)
{
	/* The spec: args and env have the meaning of execv and environ, so args[0] is the config's;
	 * without args it is the path. */
	char *only_path[] = { (char *)hook->path, NULL };
	char *empty[] = { NULL };
	char *const *otherwise = env ? env : empty;
	const struct child_run run = {
		.path = hook->path,
		.argv = hook->args.n ? hook->args.v : only_path,
		.envp = hook->env.n ? hook->env.v : otherwise,
		.input = state_text,
		.input_len = strlen(state_text),
		.interruptible = interruptible,
		.timeout_ms = hook->timeout_ms,
		.what = what,
	};

	return child_run(&run, e);
}

int hooks_fork_runner(
	struct hook_runner *runner, const struct plan *plan, int root_fd, struct err *e)
{
	int socks[2];

	if (!plan->process.fork_hooks)
		return 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socks) < 0)
		return err_set(e, errno, "making a socket for startContainer hooks");
	_cleanup_close_ int ours = socks[0];
	_cleanup_close_ int theirs = socks[1];

	/* init waits for it by its number before it becomes the program. */
	struct clone_args args = { .exit_signal = SIGCHLD };
	pid_t pid = sys_clone3(&args);
	if (pid < 0)
		return err_set(e, -pid, "making a process for startContainer hooks");
	if (pid == 0) {
		ours = fd_close(ours);
		runner_main(plan, root_fd, theirs);
	}
	runner->pid = pid;
	runner->sock = TAKE_FD(ours);
	return 0;
}

/* Takes the container's rights as init does, then waits. When init dies first it ends, too. */
static void runner_main(const struct plan *plan, int root_fd, int sock)
{
	struct arena arena = { 0 };
	struct program program;
	struct msg_hooked start;
	struct err e = { 0 };

	const struct confine_keep keep = { .sock = sock, .start_sock = -1, .hooks_sock = -1 };

	/* The agent is told of the container's process alone. */
	struct seccomp_filter filter;
	struct process_plan own = plan->process;
	if (own.filter) {
		filter = seccomp_filter_alone(own.filter);
		own.filter = &filter;
		own.filter_early = true;
	}

	struct lsm lsm = LSM_NONE;
	int r = lsm_open_self(own.host_proc_fd, own.process, &lsm, &e);
	if (r == 0)
		r = confine(&own, root_fd, &keep, &lsm, &arena, &program, &e);
	struct err ignored;
	if (msg_expect(sock, MSG_HOOKED, &start, NULL, &ignored) < 0)
		_exit(1);
	if (r == 0)
		r = hooks_run(&plan->spec->hooks, HOOK_START_CONTAINER, plan->state, "created",
			start.pid, program.env, &e);
	if (r < 0)
		msg_fail(sock, &e);
	_exit(r < 0);
}

int hooks_run_start(struct hook_runner *runner, const struct plan *plan, pid_t pid,
	char *const *env, struct err *e)
{
	const struct msg_hooked start = { .pid = pid };

	if (runner->pid == 0)
		return hooks_run(&plan->spec->hooks, HOOK_START_CONTAINER, plan->state, "created",
			pid, env, e);

	int r = msg_send(runner->sock, MSG_HOOKED, &start, -1, e);
	if (r == 0)
		r = msg_expect_end(runner->sock, false, NULL, e);
	runner->sock = fd_close(runner->sock);

	int status = 0;
	while (waitpid(runner->pid, &status, 0) < 0 && errno == EINTR)
		;
	if (r == 0 && !(WIFEXITED(status) && WEXITSTATUS(status) == 0))
		r = err_say(e, ECHILD, "the process that runs startContainer hooks died");
	return r;
}
