/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spawn.c - clone3, alone or by way of a joiner. See spawn.h.
 */
#include "life/spawn.h"

#include "base/fd.h"
#include "base/interrupt.h"
#include "base/sys.h"
#include "life/fault.h"
#include "life/msg.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define KILL_WAIT_MS 10000
#define KILL_SOON_MS 200

struct joiner {
	const struct spawn *how;
	int sock;
};

static pid_t make(const struct spawn *how, struct joiner *joiner, int *ret_pidfd);
static void joiner_main(void *arg) __attribute__((noreturn));
static int enter_cgroup(const struct spawn *how, pid_t pid, struct err *e);
static int from_joiner(struct spawned *s, struct err *e);
static int receive_spawned(
	const struct spawned *s, struct msg_spawned *ret, int *ret_pidfd, struct err *e);
static int why(const struct spawn *how, int num, struct err *e);

int spawn(const struct spawn *how, struct spawned *ret, struct err *e)
{
	struct spawned s = { .pidfd = -1, .sock = -1 };
	int socks[2];
	int r = FAULT("spawn", e);
	if (r < 0)
		return r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socks) < 0)
		return err_set(e, errno, "making a socket pair");
	_cleanup_close_ int ours = socks[0];
	_cleanup_close_ int theirs = socks[1];

	struct joiner joiner = { .how = how, .sock = theirs };
	s.pid = make(how, how->join ? &joiner : NULL, &s.pidfd);
	if (s.pid < 0)
		return why(how, -s.pid, e);
	if (s.pid == 0) {
		ours = fd_close(ours);
		how->become(how->arg, theirs);
		_exit(1);
	}
	theirs = fd_close(theirs);
	s.sock = TAKE_FD(ours);

	r = how->join ? from_joiner(&s, e) : 0;
	s.cgroup = how->cgroup;
	if (r == 0 && !(how->join && how->join_inside))
		r = enter_cgroup(how, s.pid, e);
	if (r < 0) {
		spawn_kill(&s);
		return r;
	}
	if (how->cgroup)
		cgroup_settle(how->cgroup);
	*ret = s;
	return 0;
}

static void into_cgroup(struct clone_args *args, const struct spawn *how)
{
	if (how->cgroup_fd >= 0) {
		args->flags |= CLONE_INTO_CGROUP;
		args->cgroup = (uint64_t)how->cgroup_fd;
	}
}

static pid_t make(const struct spawn *how, struct joiner *joiner, int *ret_pidfd)
{
	int pidfd = -1;
	struct clone_args args = {
		.flags = (joiner ? 0 : how->flags) | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
	};

	if (!joiner || how->join_inside)
		into_cgroup(&args, how);
	if (!joiner) {
		pid_t pid = sys_clone3(&args);
		*ret_pidfd = pidfd;
		return pid;
	}
	/*
	 * About to enter namespaces where others can look at it: not at memory or descriptors. That
	 * is said of the memory (prctl(2)), which is ours, and which joining a user namespace takes
	 * it from as well; so it is said here, and taken back.
	 */
	const int dumpable = prctl(PR_GET_DUMPABLE);
	(void)prctl(PR_SET_DUMPABLE, 0);
	pid_t pid = sys_clone3_errand(&args, how->own_memory, joiner_main, joiner);
	if (dumpable == 1)
		(void)prctl(PR_SET_DUMPABLE, 1);
	*ret_pidfd = pidfd;
	return pid;
}

static int enter_cgroup(const struct spawn *how, pid_t pid, struct err *e)
{
	int r = how->cgroup ? FAULT("cgroup-add", e) : 0;

	if (r == 0 && how->cgroup)
		r = cgroup_add(how->cgroup, how->subs, pid, how->cgroup_fd >= 0, e);
	return r;
}

/*
 * The joiner: what it makes is its parent's child, on v2 born in the cgroup. Its parent sleeps, to
 * go on with this memory, in which nothing may be changed; descriptors are copies.
 */
static void joiner_main(void *arg)
{
	const struct joiner *joiner = arg;
	const struct spawn *how = joiner->how;
	struct err e = { 0 };
	struct msg_spawned spawned = { 0 };
	int pidfd = -1;

	/* Nothing may be joined before: by way of its namespaces it might not find the cgroup. */
	int r = how->join_inside ? enter_cgroup(how, getpid(), &e) : 0;
	if (r == 0)
		r = FAULT("joiner", &e);
	if (r == 0)
		r = how->join(how->arg, &e);
	if (r == 0) {
		/* CLONE_PARENT: the exit signal is our own, so none may be given (clone(2)). */
		struct clone_args args = {
			.flags = how->flags | CLONE_PARENT | CLONE_PIDFD,
			.pidfd = (uint64_t)(uintptr_t)&pidfd,
		};
		if (!how->join_inside)
			into_cgroup(&args, how);
		spawned.pid = sys_clone3(&args);
		if (spawned.pid == 0) {
			how->become(how->arg, joiner->sock);
			_exit(1);
		}
		r = spawned.pid < 0 ? why(how, -spawned.pid, &e) : FAULT("spawned", &e);
		if (r == 0)
			r = msg_send(joiner->sock, MSG_SPAWNED, &spawned, pidfd, &e);
		/* Nobody else knows of it, and frozen it would not see the socket's end. */
		if (r < 0 && pidfd >= 0)
			(void)sys_pidfd_send_signal(pidfd, SIGKILL);
	}
	if (r < 0)
		msg_fail(joiner->sock, &e);
	_exit(r < 0);
}

static int from_joiner(struct spawned *s, struct err *e)
{
	struct msg_spawned spawned = { 0 };
	int pidfd = -1;
	siginfo_t info;

	int r = receive_spawned(s, &spawned, &pidfd, e);
	r = spawn_explain(s, r, "the process that joins namespaces", e);
	if (r < 0)
		return r;
	while (waitid(P_PIDFD, (id_t)s->pidfd, &info, WEXITED) < 0 && errno == EINTR)
		;
	fd_close(s->pidfd);
	s->pid = spawned.pid;
	s->pidfd = pidfd;
	return 0;
}

/*
 * What it says is there when it has ended, or never will be. The socket alone does not tell of a
 * joiner that was killed: what it may have made by then holds the other end open.
 */
static int receive_spawned(
	const struct spawned *s, struct msg_spawned *ret, int *ret_pidfd, struct err *e)
{
	int r = msg_expect_sent(s->sock, MSG_SPAWNED, ret, ret_pidfd, e);

	if (r != -EAGAIN)
		return r;
	r = interrupt_wait(s->pidfd, -1);
	if (r == -EINTR)
		return err_say(e, EINTR,
			"interrupted by signal %d (%s) while namespaces are joined",
			interrupt_pending(), sigdescr_np(interrupt_pending()));
	if (r < 0)
		return err_set(e, -r, "waiting for the process that joins namespaces");
	r = msg_expect_sent(s->sock, MSG_SPAWNED, ret, ret_pidfd, e);
	return r == -EAGAIN ? -EPIPE : r;
}

static int why(const struct spawn *how, int num, struct err *e)
{
	if (num == ENOMEM && how->join)
		return err_say(e, num,
			"making %s: no memory, or the PID namespace to join has lost its init",
			how->what);
	if (num == ENOSPC)
		return err_say(e, num,
			"making %s: too many namespaces (/proc/sys/user/max_*_namespaces), or "
			"nested too "
			"deep",
			how->what);
	if (num == EBUSY && how->cgroup_fd >= 0)
		return err_say(e, num,
			"making %s: the cgroup has controllers enabled for sub-cgroups, so no "
			"process may "
			"be in it",
			how->what);
	return err_set(e, num, "making %s", how->what);
}

void spawn_kill(struct spawned *s)
{
	siginfo_t info;

	s->sock = fd_close(s->sock);
	if (s->pidfd < 0)
		return;
	(void)sys_pidfd_send_signal(s->pidfd, SIGKILL);
	struct pollfd p = { .fd = s->pidfd, .events = POLLIN };
	bool ended = poll(&p, 1, KILL_SOON_MS) != 0;
	if (!ended && s->cgroup)
		cgroup_let_die(s->cgroup, s->pid);
	ended = ended || poll(&p, 1, KILL_WAIT_MS) != 0;
	while (ended && waitid(P_PIDFD, (id_t)s->pidfd, &info, WEXITED) < 0 && errno == EINTR)
		;
	s->pidfd = fd_close(s->pidfd);
}

int spawn_explain(struct spawned *s, int r, const char *what, struct err *e)
{
	siginfo_t info = { 0 };

	/* EPIPE: its end of the socket is closed. */
	if (r != -EPIPE || s->pidfd < 0)
		return r;
	struct pollfd p = { .fd = s->pidfd, .events = POLLIN };
	if (poll(&p, 1, 1000) <= 0)
		return r;
	while (waitid(P_PIDFD, (id_t)s->pidfd, &info, WEXITED) < 0)
		if (errno != EINTR)
			return r;
	s->pidfd = fd_close(s->pidfd);
	if (info.si_code == CLD_EXITED)
		return err_say(e, EPIPE,
			"%s ended with exit status %d before the container was ready", what,
			info.si_status);
	return err_say(e, EPIPE, "%s was killed by signal %d (%s) before the container was ready%s",
		what, info.si_status, sigdescr_np(info.si_status),
		info.si_status == SIGKILL
			? "; a memory limit that is too small for its start does that"
		: info.si_status == SIGSYS ? "; a seccomp filter does that"
		: info.si_status == SIGILL || info.si_status == SIGSEGV
			? "; a seccomp filter that forbids even exit_group(2) does that"
			: "");
}
