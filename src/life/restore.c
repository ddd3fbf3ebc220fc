/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restore.c - a container whose processes come from CRIU's images.
 *
 * Everything around them is made as by create: the state directory, the cgroup with its limits,
 * network devices, hooks. CRIU is started in that cgroup, under the memory policy that init had: it
 * does not keep policies, but all that it makes inherits its own. Restored processes first run when
 * the policy was compared and the state is saved; what fails before is undone, and leaves nothing.
 */
#include "base/fd.h"
#include "base/log.h"
#include "base/sys.h"
#include "life/create.h"
#include "life/criu.h"
#include "life/hooks.h"
#include "life/notify.h"
#include "life/passed.h"
#include "life/resctrl.h"
#include "life/tty.h"
#include "life/wait.h"
#include "linux/ns.h"
#include "linux/procattr.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <sys/prctl.h>

#define LOG_NAME "restore.log"

struct restore {
	const struct criu_options *options;
	struct attempt a;
	struct arena arena;
	struct criu_dirs dirs;
	struct criu_image image;
	struct memory_result result;
	const char *program, *rootfs, *place, *root, *yard;
	int ns_fds[NS_TYPES];      /* those that are given by path */
	int fds[CRIU_STREAMS + 2]; /* what CRIU inherits */
	struct strbuf opts;
	bool committed;
};

static int prepare(struct restore *r, struct err *e);
static int compose(struct restore *r, struct err *e);
static int bring_back(struct restore *r, struct err *e);
static int on_event(void *arg, const char *script, pid_t pid, int fd, struct err *e);
static void let_go(struct restore *r);

int life_restore(
	const struct life *life, const struct criu_options *o, int *ret_status, struct err *e)
{
	struct restore r = { .options = o,
		.dirs = { .image_fd = -1, .work_fd = -1 },
		.fds = { -1, -1, -1, -1, -1 } };
	struct notify notify = NOTIFY_NONE;
	int status = 0;

	for (size_t i = 0; i < NS_TYPES; i++)
		r.ns_fds[i] = -1;
	int n = criu_check_user(e);
	if (n == 0)
		n = criu_find(o->program, "restore", &r.arena, &r.program, e);
	if (n == 0)
		n = criu_dirs_open(o, false, LOG_NAME, &r.arena, &r.dirs, e);
	if (n == 0)
		n = criu_image_read(r.dirs.image_fd, &r.arena, &r.image, e);
	if (n < 0) {
		let_go(&r);
		return n;
	}
	/* Processes that the container's leave behind come to us, as with run. */
	if (!o->create.detach && !o->create.no_subreaper)
		(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	n = attempt_plan(&r.a, life, &o->create, true, &r.image, e);
	if (n == 0)
		n = prepare(&r, e);
	if (n == 0)
		n = attempt_make(&r.a, e);
	if (n == 0)
		n = compose(&r, e);
	/* It has said that it is ready in its former life, if at all; what it says from here on is
	 * handed on as by run. */
	if (n == 0 && !o->create.detach)
		n = notify_open(&r.a.state, &notify, e);
	if (n == 0)
		n = bring_back(&r, e);
	let_go(&r);
	if (n < 0) {
		notify_close(&notify);
		attempt_undo(&r.a);
		return n; /* signals stay held: see life_create() */
	}
	attempt_close_host(&r.a);
	state_unlock(&r.a.state);
	if (!o->create.detach) {
		n = wait_foreground(r.a.init.pid, r.a.init.pidfd, r.a.master, &notify, &status, e);
		if (!o->create.keep)
			n = remove_again(life, &r.a.state, n, e);
	}
	notify_close(&notify);
	attempt_free(&r.a);
	attempt_let_signals(&r.a);
	if (n == 0)
		*ret_status = status;
	return n;
}

static void let_go(struct restore *r)
{
	ns_close(r->ns_fds);
	for (size_t i = 0; i < CRIU_STREAMS; i++)
		fd_close(r->fds[i]);
	criu_dirs_close(&r->dirs);
	strbuf_free(&r->opts);
	arena_free(&r->arena);
}

/* --- decide --- */

static int find_rootfs(struct restore *r, struct err *e)
{
	const char *path = r->a.spec->root.path;
	char whole[PATH_MAX];

	path = path[0] == '/' ? path : arena_printf(&r->arena, "%s/%s", r->a.state.bundle, path);
	if (!path)
		return err_nomem(e);
	if (!realpath(path, whole))
		return err_set(e, errno, "/root/path: '%s'", path);
	r->rootfs = arena_strdup(&r->a.arena, whole);
	return r->rootfs ? 0 : err_nomem(e);
}

static int check_memory(const struct restore *r, struct err *e)
{
	const struct memory_plan *plan = &r->a.memory;

	if (r->options->lazy_pages && plan->present &&
		(plan->symbolic || plan->asked.mode != MPOL_MODE_DEFAULT))
		return err_say(e, ENOTSUP,
			"--lazy-pages: a page that comes later lies where the memory policy of "
			"`criu lazy-pages` says, not where the container's does");
	return 0;
}

static void add_pair(struct strbuf *opts, unsigned field, const char *first, const char *second)
{
	struct strbuf pair = { 0 };

	wire_text(&pair, PAIR_FIRST, first);
	wire_text(&pair, PAIR_SECOND, second);
	wire_message(opts, field, &pair);
	strbuf_free(&pair);
}

static void add_inherited(struct strbuf *opts, const char *key, int fd)
{
	struct strbuf pair = { 0 };

	wire_text(&pair, PAIR_FIRST, key);
	wire_number(&pair, PAIR_SECOND, fd);
	wire_message(opts, OPT_INHERIT_FD, &pair);
	strbuf_free(&pair);
}

static int add_namespaces(struct restore *r, struct err *e)
{
	static const struct {
		enum ns_type type;
		const char *key;
	} outer[] = { { NS_NETWORK, CRIU_KEY_NET }, { NS_PID, CRIU_KEY_PID } };
	static const struct {
		enum ns_type type;
		const char *name;
	} joined[] = { { NS_IPC, "ipc" }, { NS_UTS, "uts" }, { NS_TIME, "time" } };
	const struct spec_namespace *ns = r->a.spec->linux_.namespaces;

	/* All, so that they are checked as by create; CRIU takes the others by their paths. */
	int n = ns_open_paths(r->a.spec, r->ns_fds, e);
	if (n < 0)
		return n;
	for (size_t i = 0; i < ELEMENTS(outer); i++) {
		int fd = r->ns_fds[outer[i].type];
		if (fd < 0)
			continue;
		r->fds[CRIU_STREAMS + i] = fd;
		add_inherited(&r->opts, outer[i].key, fd);
	}
	for (size_t i = 0; i < ELEMENTS(joined); i++)
		if (ns[joined[i].type].path)
			add_pair(&r->opts, OPT_JOIN_NS, joined[i].name, ns[joined[i].type].path);
	return 0;
}

/* Our own standard streams take the places of those that init had from outside. */
static int add_streams(struct restore *r, struct err *e)
{
	for (int i = 0; i < CRIU_STREAMS; i++) {
		if (!r->image.streams[i])
			continue;
		r->fds[i] = fcntl(i, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		if (r->fds[i] < 0)
			return err_set(e, errno, "keeping descriptor %d for the container", i);
		add_inherited(&r->opts, r->image.streams[i], r->fds[i]);
	}
	return 0;
}

static int prepare(struct restore *r, struct err *e)
{
	const struct create_options *o = &r->options->create;
	int n = criu_check_config(r->a.spec, e);

	if (n == 0 && o->no_pivot)
		n = err_say(
			e, ENOTSUP, "--no-pivot: CRIU enters the rootfs by pivot_root(2) alone");
	if (n == 0)
		n = find_rootfs(r, e);
	if (n == 0)
		n = check_memory(r, e);
	/* What CRIU made before it failed would be nobody's. */
	if (n == 0 && !cgroup_freezer(r->a.cgroup, &r->arena))
		n = err_say(e, ENOTSUP,
			"restore needs a cgroup: by no other way are the restored processes found "
			"should it fail");
	if (n == 0)
		n = criu_common(r->options, r->a.spec, &r->opts, e);
	if (n == 0)
		n = add_namespaces(r, e);
	if (n == 0)
		n = add_streams(r, e);
	if (n < 0)
		return n;
	if (o->console_socket && (r->a.console_fd = tty_connect(o->console_socket, e)) < 0)
		return r->a.console_fd;
	if (o->pidfd_socket && (r->a.pidfd_sock = passed_connect(o->pidfd_socket, e)) < 0)
		return r->a.pidfd_sock;
	r->place = criu_place(r->a.life, r->options->id, &r->arena);
	if (!r->place)
		return err_nomem(e);
	r->root = arena_printf(&r->arena, "%s/root", r->place);
	r->yard = arena_printf(&r->arena, "%s/yard", r->place);
	return r->root && r->yard ? 0 : err_nomem(e);
}

static int compose(struct restore *r, struct err *e)
{
	const struct criu_options *o = r->options;

	r->a.state.rootfs = r->rootfs;
	int n = criu_check_sources(
		r->a.spec, r->a.state.bundle, r->rootfs, "restored", &r->arena, e);
	if (n < 0)
		return n;
	n = criu_mounts_restore(
		r->a.spec, r->a.cgroup, r->a.state.bundle, r->rootfs, &r->arena, &r->opts, e);
	if (n < 0)
		return n;
	wire_number(&r->opts, OPT_IMAGES_DIR_FD, r->dirs.image_fd);
	if (r->dirs.work_fd >= 0)
		wire_number(&r->opts, OPT_WORK_DIR_FD, r->dirs.work_fd);
	wire_text(&r->opts, OPT_LOG_FILE, LOG_NAME);
	wire_text(&r->opts, OPT_ROOT, r->root);
	wire_number(&r->opts, OPT_RST_SIBLING, true);
	wire_number(&r->opts, OPT_EVASIVE_DEVICES, true);
	wire_text(&r->opts, OPT_CGROUP_YARD, r->yard);
	if (o->lsm_profile)
		wire_text(&r->opts, OPT_LSM_PROFILE, o->lsm_profile);
	if (o->lsm_mount_context)
		wire_text(&r->opts, OPT_LSM_MOUNT_CONTEXT, o->lsm_mount_context);
	return 0;
}

/* --- CRIU --- */

/* The image's cgroups become those that CRIU is in itself: "5:cpu,cpuacct:/a/b", "0::/a/b". */
static int add_cgroup_roots(struct restore *r, pid_t criu, struct err *e)
{
	_cleanup_free_ char *text = NULL;
	char path[32], *rest;

	(void)snprintf(path, sizeof(path), "/proc/%d/cgroup", criu);
	int n = fd_read_file(AT_FDCWD, path, CRIU_CGROUP_MAX, &text, NULL);
	if (n < 0)
		return err_set(e, -n, "reading the cgroup of CRIU");
	rest = text;
	for (char *line; (line = strsep(&rest, "\n"));) {
		char *controllers = strchr(line, ':');
		char *where = controllers ? strchr(controllers + 1, ':') : NULL;
		if (!where)
			continue;
		*where++ = '\0';
		/* PAIR_FIRST and PAIR_SECOND are its fields, too: controllers and path. */
		add_pair(&r->opts, OPT_CG_ROOT, controllers + 1, where);
	}
	return 0;
}

static int bring_back(struct restore *r, struct err *e)
{
	const struct criu_start how = {
		.program = r->program,
		.place = r->place,
		.state = &r->a.state,
		.cgroup = r->a.cgroup,
		.memory = &r->a.memory,
		.keyring_id = r->options->create.no_new_keyring ? NULL : r->options->id,
		.process = &r->a.spec->process,
		.root = r->rootfs,
		.keep_stdin = r->options->shell_job,
		.fds = r->fds,
		.n_fds = ELEMENTS(r->fds),
	};
	const struct criu_events events = { .handle = on_event, .arg = r, .interruptible = true };
	struct spawned criu;
	pid_t pid;

	int n = criu_start(&how, &criu, &r->result, e);
	if (n < 0)
		return n;
	n = criu_check_version(criu.sock, e);
	if (n == 0)
		n = add_cgroup_roots(r, criu.pid, e);
	if (n == 0)
		n = criu_request(criu.sock, CRIU_RESTORE, &r->opts, &events, r->dirs.log, &pid, e);
	if (n == 0 && (!r->committed || pid != r->a.init.pid))
		n = err_say(e, EPROTO, "CRIU restored the container without a word in between");
	if (n < 0)
		spawn_kill(&criu);
	else
		criu_end(&criu);
	(void)unlinkat(r->a.state.dir_fd, STATE_CRIU_DIR, AT_REMOVEDIR); /* `delete` would do it */
	return n;
}

/* --- what happens on the way --- */

/* What the config sets of a network namespace, and create in init: ours is another for a moment. */
static int set_up_network(struct restore *r, int proc_fd, struct err *e)
{
	const struct spec *spec = r->a.spec;
	struct spec network = { 0 };
	int n = 0;

	if (!spec->linux_.namespaces[NS_NETWORK].present ||
		spec->linux_.namespaces[NS_NETWORK].path)
		return 0;
	network.linux_.sysctl.v =
		arena_array(&r->arena, struct str_pair, spec->linux_.sysctl.n + 1);
	if (!network.linux_.sysctl.v)
		return err_nomem(e);
	for (size_t i = 0; i < spec->linux_.sysctl.n; i++)
		if (str_starts(spec->linux_.sysctl.v[i].key, "net/"))
			network.linux_.sysctl.v[network.linux_.sysctl.n++] =
				spec->linux_.sysctl.v[i];

	_cleanup_close_ int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	_cleanup_close_ int theirs = openat(proc_fd, "ns/net", O_RDONLY | O_CLOEXEC);
	if (own < 0 || theirs < 0 || setns(theirs, CLONE_NEWNET) < 0)
		return err_set(e, errno, "entering the container's network namespace");
	n = netdev_loopback_up(e);
	if (n == 0)
		n = procattr_sysctl(r->a.host_proc_fd, &network, e);
	if (setns(own, CLONE_NEWNET) < 0 && n == 0)
		n = err_set(e, errno, "leaving the container's network namespace");
	if (n == 0 && spec->linux_.n_net_devices)
		n = netdev_move(spec, proc_fd, &r->a.arena, &r->a.net_devices, e);
	return n;
}

static int on_namespaces(struct restore *r, pid_t pid, struct err *e)
{
	const struct spec_hooks *hooks = &r->a.spec->hooks;
	char pid_dir[16];

	_cleanup_close_ int pidfd = pid > 0 ? sys_pidfd_open(pid) : -ESRCH;
	if (pidfd < 0)
		return err_set(e, -pidfd, "opening the restored init");
	(void)snprintf(pid_dir, sizeof(pid_dir), "%d", pid);
	_cleanup_close_ int proc =
		openat(r->a.host_proc_fd, pid_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (proc < 0)
		return err_set(e, errno, "opening /proc/%s", pid_dir);
	/* It is our child, so the number is its own until we reap it. */
	r->a.init.pid = pid;
	r->a.init.pidfd = fd_close(r->a.init.pidfd);
	r->a.init.pidfd = TAKE_FD(pidfd);
	int n = set_up_network(r, proc, e);
	/* Before the others are made, which are born where it is. */
	if (n == 0)
		n = resctrl_join(&r->a.state, pid, e);
	if (n < 0)
		return n;
	r->a.hooks_begun = true;
	n = hooks_run(hooks, HOOK_PRESTART, &r->a.state, "creating", pid, NULL, e);
	if (n == 0)
		n = hooks_run(hooks, HOOK_CREATE_RUNTIME, &r->a.state, "creating", pid, NULL, e);
	return n;
}

static int on_terminal(struct restore *r, int fd, struct err *e)
{
	if (fd < 0)
		return err_say(e, EPROTO, "CRIU announced a terminal without its descriptor");
	if (r->a.console_fd >= 0)
		return tty_hand_over(r->a.console_fd, fd, r->options->create.console_socket, e);
	if (!r->a.spec->process.terminal)
		return err_say(e, EINVAL,
			"the image has a terminal, but /process/terminal is not true, so nobody "
			"takes its other end");
	fd_close(r->a.master);
	r->a.master = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return r->a.master < 0 ? err_set(e, errno, "keeping the terminal") : 0;
}

/* All processes are there, none has run yet: this is the last moment to say no. */
static int on_restored(struct restore *r, pid_t pid, struct err *e)
{
	struct memory_result memory = r->result;

	/* A container without namespaces has had no other event with its number. */
	if (r->a.init.pidfd < 0) {
		int n = on_namespaces(r, pid, e);
		if (n < 0)
			return n;
	}
	if (pid != r->a.init.pid)
		return err_say(e, EPROTO, "CRIU restored process %d, and then process %d",
			r->a.init.pid, pid);
	/* Where neither the config nor the image had one, exec is to have its caller's. */
	if (!r->a.spec->linux_.memory_policy && memory.asked.mode == MPOL_MODE_DEFAULT)
		memory.present = r->a.memory.present = false;
	r->a.state.started = true;
	int n = attempt_commit(&r->a, &memory, e);
	r->committed = n == 0;
	return n;
}

static int on_event(void *arg, const char *script, pid_t pid, int fd, struct err *e)
{
	struct restore *r = arg;

	if (str_eq(script, "setup-namespaces"))
		return on_namespaces(r, pid, e);
	if (str_eq(script, "orphan-pts-master"))
		return on_terminal(r, fd, e);
	if (str_eq(script, "post-restore"))
		return on_restored(r, pid, e);
	return 0;
}
