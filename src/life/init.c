/* SPDX-License-Identifier: Apache-2.0 */
/*
 * init.c - the container's first process. It reports what goes wrong and dies; the parent undoes.
 */
#include "life/init.h"

#include "base/fd.h"
#include "life/confine.h"
#include "life/fault.h"
#include "life/hooks.h"
#include "life/msg.h"
#include "linux/creds.h"
#include "linux/netdev.h"
#include "linux/ns.h"
#include "linux/procattr.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define STACK_DROPPED ((uintptr_t)128 << 10) /* bytes, a multiple of every page size */

struct init {
	const struct plan *plan;
	struct rootfs *rootfs;
	int sock;  /* to the parent; then to whoever starts us */
	pid_t pid; /* on the host */
	struct arena arena;
	struct hook_runner runner;
	struct memory_result memory;
	struct program program;
};

static int enter(struct init *in, struct err *e);
static int assemble(struct init *in, struct err *e);
static int settle(struct init *in, struct err *e);
static int restrict_self(struct init *in, struct err *e);
static int wait_for_start(struct init *in, struct err *e);
static int start_nothing(struct init *in, struct err *e);
static int relocate(struct init *in, struct err *e);

/* The child's way of handling errors: say it, and end. */
static void must(struct init *in, int r, const struct err *e)
{
	if (r >= 0)
		return;
	msg_fail(in->sock, e);
	_exit(1);
}

void init_main(const struct plan *plan, struct rootfs *rootfs, int sock)
{
	struct init in = { .plan = plan, .rootfs = rootfs, .sock = sock };
	struct err e = { 0 };

	/* A lock that we held open would outlive the parent's. */
	fd_close(plan->state->dir_fd);
	/*
	 * Where a PID namespace is shared, others of the container may look at us already; until
	 * execve we have the host's descriptors and memory. But an ordinary user writes our ID
	 * maps, and files of a process that is not dumpable are root's (proc_pid(5)); whoever else
	 * could look then is that user.
	 */
	const bool mapped_by_user = plan->userns && geteuid() != 0;
	if (!mapped_by_user)
		(void)prctl(PR_SET_DUMPABLE, 0);

	must(&in, msg_expect(sock, MSG_GO, NULL, NULL, &e), &e);
	if (mapped_by_user)
		(void)prctl(PR_SET_DUMPABLE, 0);
	must(&in, enter(&in, &e), &e);
	must(&in, assemble(&in, &e), &e);
	must(&in, settle(&in, &e), &e);
	must(&in, restrict_self(&in, &e), &e);
	must(&in, FAULT("ready", &e), &e);
	must(&in, msg_send(sock, MSG_READY, &in.memory, -1, &e), &e);
	must(&in, wait_for_start(&in, &e), &e);
	if (!plan->spec->has_process)
		must(&in, start_nothing(&in, &e), &e);
	must(&in, hooks_run_start(&in.runner, plan, in.pid, in.program.env, &e), &e);
	must(&in, confine_execute(&plan->process, &in.program, in.sock, &e), &e);
	_exit(1);
}

/* Session, root of the user namespace, cgroup namespace, and the tree in the mount namespace. */
static int enter(struct init *in, struct err *e)
{
	const struct plan *plan = in->plan;
	int r;

	if (setsid() < 0)
		return err_set(e, errno, "making a session");
	/* Before the IDs of the user namespace: the host's directories may be closed to them. */
	if ((r = FAULT("attach", e)) < 0 || (r = rootfs_attach(in->rootfs, e)) < 0)
		return r;
	if (plan->userns)
		if ((r = FAULT("creds-root", e)) < 0 || (r = creds_root(e)) < 0)
			return r;
	if (ns_ipc_is_late(plan->spec) && (r = ns_new_ipc(e)) < 0)
		return r;
	/* Now, not by clone3: its root is where its maker is, and that is the container's
	 * cgroup. */
	if (plan->new_cgroup_ns)
		if ((r = FAULT("cgroup-ns", e)) < 0 || (r = ns_new_cgroup(e)) < 0)
			return r;
	return 0;
}

static int have_ids_mapped(void *arg, int source_fd, struct err *e)
{
	const struct init *in = arg;
	int r = msg_send(in->sock, MSG_MAP_IDS, NULL, source_fd, e);

	return r < 0 ? r : msg_expect(in->sock, MSG_MAPPED, NULL, NULL, e);
}

static int assemble(struct init *in, struct err *e)
{
	const struct plan *plan = in->plan;
	struct msg_hooked hooked;
	int r;

	in->rootfs->map_ids = have_ids_mapped;
	in->rootfs->map_ids_arg = in;
	if ((r = FAULT("mount", e)) < 0 || (r = rootfs_mount(in->rootfs, e)) < 0)
		return r;
	if (plan->new_network)
		if ((r = FAULT("loopback", e)) < 0 || (r = netdev_loopback_up(e)) < 0)
			return r;
	if (plan->process.process->terminal) {
		_cleanup_close_ int master = -1;
		_cleanup_close_ int slave = -1;
		if ((r = FAULT("console", e)) < 0 ||
			(r = rootfs_console(in->rootfs, &master, &slave, e)) < 0 ||
			(r = msg_send(in->sock, MSG_CONSOLE, NULL, master, e)) < 0 ||
			(r = confine_terminal(&plan->process, slave, e)) < 0)
			return r;
	}
	if ((r = FAULT("mounted", e)) < 0 ||
		(r = msg_send(in->sock, MSG_MOUNTED, NULL, -1, e)) < 0 ||
		(r = msg_expect(in->sock, MSG_HOOKED, &hooked, NULL, e)) < 0)
		return r;
	in->pid = hooked.pid;
	return 0;
}

static int relocate(struct init *in, struct err *e)
{
	_cleanup_close_ int ns_fd = -1;
	int r;

	if ((r = msg_send(in->sock, MSG_SEALED, NULL, -1, e)) < 0 ||
		(r = msg_expect(in->sock, MSG_LOCKED, NULL, &ns_fd, e)) < 0)
		return r;
	return rootfs_relocate(in->rootfs, ns_fd, e);
}

/* The container's hooks see the tree below its bundle; then it becomes the root and is sealed. */
static int settle(struct init *in, struct err *e)
{
	const struct plan *plan = in->plan;
	int r;

	/* Hooks name what is in it as "./lib/...", as runc lets them. */
	if (plan->spec->hooks.at[HOOK_CREATE_CONTAINER].n && fchdir(in->rootfs->fd) < 0)
		return err_set(e, errno, "entering the rootfs for createContainer hooks");
	if ((r = FAULT("hook-container", e)) < 0 ||
		(r = hooks_run(&plan->spec->hooks, HOOK_CREATE_CONTAINER, plan->state, "creating",
			 in->pid, NULL, e)) < 0)
		return r;
	if ((r = FAULT("pivot", e)) < 0 || (r = rootfs_pivot(in->rootfs, e)) < 0)
		return r;
	if ((r = FAULT("seal", e)) < 0 || (r = rootfs_seal(in->rootfs, e)) < 0)
		return r;
	if (plan->lock_mounts && (r = relocate(in, e)) < 0)
		return r;
	if ((r = rootfs_share(in->rootfs, e)) < 0)
		return r;
	if ((r = FAULT("sysctl", e)) < 0 ||
		(r = procattr_sysctl(plan->process.host_proc_fd, plan->spec, e)) < 0)
		return r;
	if ((r = FAULT("names", e)) < 0 || (r = procattr_names(plan->spec, e)) < 0)
		return r;
	return 0;
}

static int restrict_self(struct init *in, struct err *e)
{
	const struct plan *plan = in->plan;
	int r;

	struct lsm lsm = LSM_NONE;

	if ((r = lsm_open_self(plan->process.host_proc_fd, plan->process.process, &lsm, e)) < 0 ||
		(r = confine_limits(&plan->process, in->sock, e)) < 0 ||
		(r = confine_keyring(&plan->process, &lsm, e)) < 0)
		return r;
	/* What runs the startContainer hooks splits off here: they get the rights that the
	 * container has, but neither its scheduler nor its memory policy. */
	if ((r = hooks_fork_runner(&in->runner, plan, in->rootfs->fd, e)) < 0)
		return r;
	if ((r = confine_schedule(&plan->process, in->sock, e)) < 0)
		return r;
	if ((r = FAULT("memory", e)) < 0 ||
		(r = memory_apply(plan->process.memory, &in->memory, e)) < 0)
		return r;
	const struct confine_keep keep = {
		.sock = in->sock,
		.start_sock = plan->start_sock,
		.hooks_sock = in->runner.pid ? in->runner.sock : -1,
	};
	return confine(&plan->process, in->rootfs->fd, &keep, &lsm, &in->arena, &in->program, e);
}

static void end(int sig)
{
	_exit(128 + sig);
}

/*
 * A created container can be told to end, as any process can. Process 1 of a PID namespace gets
 * only signals that it has a handler for (pid_namespaces(7)). confine_execute() undoes it.
 */
static void end_by_signal(void)
{
	static const int ending[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT };
	const struct sigaction action = { .sa_handler = end };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ELEMENTS(ending); i++) {
		(void)sigaction(ending[i], &action, NULL); /* a seccomp filter may forbid it */
		sigaddset(&set, ending[i]);
	}
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/*
 * Give back the pages of the stack that all until here took: a created container may wait for long.
 * Below the main stack the kernel leaves 1 MiB free (stack_guard_gap); a joiner has made us on another,
 * which is small and not the lowest mapping. A filter that is loaded may forbid it.
 *
 * In a frame of its own: what is kept below its address is little, and a caller that it was put
 * into could have more there.
 */
__attribute__((noinline)) static void drop_stack(const struct plan *plan)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	const uintptr_t end = ((uintptr_t)__builtin_frame_address(0) & ~(page - 1)) - page;

	if (plan->joiner || (plan->process.filter && !plan->spec->process.no_new_privileges))
		return;
	/* ENOMEM says that the stack is not as deep, which is no matter. */
	(void)madvise((void *)(end - STACK_DROPPED), STACK_DROPPED, MADV_DONTNEED);
}

/*
 * Wait for START: from the parent where it is `run`; else on the start socket, where `state` knocks
 * too and goes away. The parent's end of file before COMMITTED means that create was killed.
 */
static int wait_for_start(struct init *in, struct err *e)
{
	const int listener = in->plan->start_sock;
	int r;

	if (listener < 0) {
		r = msg_expect(in->sock, MSG_START, NULL, NULL, e);
		return r;
	}
	if ((r = msg_expect(in->sock, MSG_COMMITTED, NULL, NULL, e)) < 0)
		return r;
	in->sock = fd_close(in->sock);
	end_by_signal();
	drop_stack(in->plan);
	for (;;) {
		_cleanup_close_ int conn = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (conn < 0 && (errno == EINTR || errno == ECONNABORTED || errno == EAGAIN))
			continue;
		if (conn < 0)
			return err_set(e, errno, "waiting for start");
		if (msg_expect(conn, MSG_START, NULL, NULL, e) < 0)
			continue;
		in->sock = TAKE_FD(conn);
		return 0;
	}
}

/*
 * runtime.md, start: "MUST generate an error if process was not set". Said as a failed execve is,
 * which leaves a stopped container; no hook has run.
 */
static int start_nothing(struct init *in, struct err *e)
{
	int r = msg_send(in->sock, MSG_EXECING, NULL, -1, e);

	return r < 0 ? r
		     : err_say(e, EINVAL,
			       "config.json: /process: is missing, so there is nothing to start");
}
