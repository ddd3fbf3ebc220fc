/* SPDX-License-Identifier: Apache-2.0 */
/*
 * create.c - the parent's side of create: plan and make; or undo. hand_over.c comes between.
 */
#include "life/create.h"

#include "base/fd.h"
#include "base/log.h"
#include "base/self.h"
#include "life/criu.h"
#include "life/fault.h"
#include "life/hooks.h"
#include "life/init.h"
#include "life/notify.h"
#include "life/passed.h"
#include "life/policy.h"
#include "life/resctrl.h"
#include "life/tty.h"
#include "life/wait.h"
#include "linux/caps.h"
#include "linux/idmap.h"
#include "linux/lsm.h"
#include "linux/ns.h"
#include "linux/schedule.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int load(struct attempt *a, struct err *e);
static int plan_container(struct attempt *a, struct err *e);
static int reserve(struct attempt *a, struct err *e);
static int make_cgroup(struct attempt *a, struct err *e);
static int open_host(struct attempt *a, struct err *e);
static bool hooks_need_process(const struct attempt *a);
static int make_init(struct attempt *a, struct err *e);

int life_create(const struct life *life, const struct create_options *o, struct err *e)
{
	struct attempt a;

	int r = create_container(&a, life, o, false, e);
	if (r == 0) {
		attempt_free(&a);
		attempt_let_signals(&a);
	}
	/* Else they stay held: a signal that interrupted us must not keep main from saying so. */
	return r;
}

int create_container(struct attempt *a, const struct life *life, const struct create_options *o,
	bool start_here, struct err *e)
{
	int r = attempt_plan(a, life, o, start_here, NULL, e);

	if (r == 0)
		r = attempt_make(a, e);
	if (r == 0)
		r = open_host(a, e);
	if (r == 0)
		r = make_init(a, e);
	if (r == 0)
		r = attempt_hand_over(a, e);
	if (r < 0)
		attempt_undo(a);
	return r;
}

int attempt_plan(struct attempt *a, const struct life *life, const struct create_options *o,
	bool start_here, const struct criu_image *image, struct err *e)
{
	*a = (struct attempt){ .life = life,
		.options = o,
		.state = { .dir_fd = -1 },
		.init = { .pidfd = -1, .sock = -1 },
		.bundle_fd = -1,
		.host_proc_fd = -1,
		.console_fd = -1,
		.pidfd_sock = -1,
		.master = -1,
		.net_devices = NETDEV_MOVES_NONE,
		.start_here = start_here,
		.image = image,
		.notify = image ? image->notify : notify_wanted() };
	a->plan.start_sock = -1;
	for (size_t i = 0; i < NS_TYPES; i++)
		a->plan.ns_fds[i] = -1;

	int r = load(a, e);
	return r < 0 ? r : plan_container(a, e);
}

int attempt_make(struct attempt *a, struct err *e)
{
	/* Not before: until here there is nothing to undo, but there are files of the user's that
	 * may never answer. */
	wait_block_signals(&a->signals_before);
	a->signals_held = true;
	int r = reserve(a, e);
	if (r == 0)
		r = make_cgroup(a, e);
	if (r == 0)
		r = cgroup_give(a->cgroup, a->spec, e);
	if (r == 0)
		r = resctrl_make(&a->state, a->spec->linux_.intel_rdt, e);
	return r;
}

/* --- decide --- */

static int load(struct attempt *a, struct err *e)
{
	const struct create_options *o = a->options;
	const char *bundle = o->bundle ? o->bundle : ".";
	char path[PATH_MAX];

	int r = state_check_id(o->id, e);
	if (r == 0)
		r = passed_plan(o->preserve_fds, &a->plan.process, &a->arena, e);
	if (r < 0)
		return r;
	if (!realpath(bundle, path))
		return err_set(e, errno, "bundle '%s'", bundle);
	a->bundle_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (a->bundle_fd < 0)
		return err_set(e, errno, "bundle '%s'", bundle);
	a->state.bundle = arena_strdup(&a->arena, path);
	if (!a->state.bundle)
		return err_nomem(e);
	a->host_proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (a->host_proc_fd < 0 || !fd_is_fs(a->host_proc_fd, PROC_SUPER_MAGIC))
		return err_say(e, EINVAL, "/proc of the host is not a proc file system");

	/* One that is named is looked for from the working directory, as under crun. */
	const char *config = o->config ? o->config : "config.json";
	r = spec_load(o->config ? AT_FDCWD : a->bundle_fd, config, &a->spec, e);
	if (r < 0)
		return r;
	if (a->notify &&
		(r = notify_plan(a->life, o->id, a->spec, &a->plan.process, &a->arena, e)) < 0)
		return r;
	log_debug("container '%s': %s of '%s' is read", o->id, config, path);
	for (size_t i = 0; i < a->spec->n_warnings; i++)
		log_warn("%s: %s", config, a->spec->warnings[i]);
	return spec_check_supported(a->spec, e);
}

/* A terminal needs somebody who holds its other end. */
static int check_terminal(const struct attempt *a, struct err *e)
{
	const bool terminal = a->spec->process.terminal;
	const bool foreground = a->start_here && !a->options->detach;

	if (terminal && !a->options->console_socket && !foreground)
		return err_say(e, EINVAL,
			"/process/terminal: a detached container's terminal needs "
			"--console-socket");
	if (!terminal && a->options->console_socket)
		return err_say(
			e, EINVAL, "--console-socket is given, but /process/terminal is not true");
	return 0;
}

static int plan_container(struct attempt *a, struct err *e)
{
	const struct spec *spec = a->spec;
	const struct spec_namespace *ns = spec->linux_.namespaces;

	if (!spec->has_process && (a->start_here || a->image))
		return err_say(e, EINVAL, "config.json: /process: is required to %s a container",
			a->image ? "restore" : "run");
	int r = check_terminal(a, e);
	if (r == 0)
		r = idmap_settle(&a->spec->linux_, &a->spec->arena, e);
	if (r == 0)
		r = fit_to_host(&a->spec->process, ns[NS_USER].present, e);
	if (r < 0)
		return r;

	r = cgroup_plan(spec, a->options->id, a->life->manager, &a->arena, &a->cgroup, e);
	if (r == 0)
		r = policy_plan(a->life, spec, &a->options->memory,
			a->cgroup ? cgroup_path(a->cgroup) : "",
			a->image && a->image->has_policy ? &a->image->policy : NULL, &a->arena,
			&a->memory, e);
	if (r < 0)
		return r;

	a->plan = (struct plan){
		.spec = spec,
		.options = a->options,
		.state = &a->state,
		.clone_flags = ns_clone_flags(spec),
		.joiner = ns_needs_joiner(spec),
		.new_cgroup_ns = ns[NS_CGROUP].present && !ns[NS_CGROUP].path,
		.new_network = ns[NS_NETWORK].present && !ns[NS_NETWORK].path,
		.userns = ns[NS_USER].present,
		.start_sock = -1,
		.process = {
			.id = a->options->id,
			.process = &spec->process,
			.memory = &a->memory,
			.host_proc_fd = a->host_proc_fd,
			.userns = ns[NS_USER].present,
			.new_keyring = !a->options->no_new_keyring,
			.personality = spec->linux_.personality,
			.first = true,
			.preserve_fds = a->plan.process.preserve_fds,
			.more_env = a->plan.process.more_env,
		},
	};
	for (size_t i = 0; i < NS_TYPES; i++)
		a->plan.ns_fds[i] = -1;
	if (spec->linux_.intel_rdt) {
		r = rdt_plan(spec->linux_.intel_rdt, a->options->id, &a->arena, &a->rdt, e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* --- make --- */

static const char *now_text(struct arena *arena)
{
	struct timespec now = { 0 };
	char text[STR_UTC];

	(void)clock_gettime(CLOCK_REALTIME, &now);
	str_utc(&now, text);
	return arena_strdup(arena, text);
}

static int reserve(struct attempt *a, struct err *e)
{
	struct state s;
	int r = FAULT("reserve", e);

	if (r < 0 || (r = state_reserve(a->life, a->options->id, &s, e)) < 0)
		return r;
	a->reserved = true;
	s.bundle = a->state.bundle;
	s.rootfs = "";
	s.creating = true;
	s.owner = geteuid();
	s.annotations = a->spec->annotations;
	s.cgroup = a->cgroup;
	s.rdt = a->rdt;
	s.no_keyring = a->options->no_new_keyring;
	s.shared_pid = !a->spec->linux_.namespaces[NS_PID].present ||
		       a->spec->linux_.namespaces[NS_PID].path;
	s.created = now_text(&s.arena);
	for (unsigned i = 0; i < HOOK_POINTS; i++)
		if (a->spec->hooks.at[i].n)
			s.hooks |= 1u << i;
	a->state = s;
	if (!s.created)
		return err_nomem(e);
	if ((r = FAULT("save-config", e)) < 0 || (r = state_save_config(&a->state, a->spec, e)) < 0)
		return r;
	return a->notify ? notify_make(&a->state, e) : 0;
}

static bool is_refused(int r)
{
	return r == -EACCES || r == -EPERM || r == -EROFS;
}

static bool may_do_without_cgroup(const struct attempt *a)
{
	if (a->life->rootless != ROOTLESS_AUTO)
		return a->life->rootless == ROOTLESS_YES;
	/* systemd is asked for by name, and so not done without. */
	if (!str_empty(a->spec->linux_.cgroups_path) || a->life->manager == CGROUP_SYSTEMD)
		return false;
	/* Podman of an ordinary user calls us as the root of a user namespace. */
	return geteuid() != 0 || self_in_user_namespace();
}

/* An ordinary user to whom no cgroup was delegated: fine, where nothing is to be limited by it. */
static int do_without_cgroup(struct attempt *a, struct err *e)
{
	struct cgroup *none = NULL;
	struct err why = *e;

	int r = cgroup_plan(a->spec, a->options->id, CGROUP_DISABLED, &a->arena, &none, e);
	if (r < 0)
		return err_prefix(e, "%s", why.text);
	log_warn("container '%s' has no cgroup of its own: %s", a->options->id, why.text);
	a->cgroup = a->state.cgroup = a->plan.cgroup = none;
	return state_save(&a->state, e);
}

static int make_cgroup(struct attempt *a, struct err *e)
{
	int r;

	/*
	 * Whenever we are killed, `delete --force` has to find what is there. Before: where the cgroup
	 * may be, and the class of resctrl; nobody is in it yet, so an empty one may go. Below, before
	 * anybody is in it: that all of it is ours, which directories those are, and how many above, so
	 * that who is left in it can be ended.
	 */
	if ((r = FAULT("save-creating", e)) < 0 || (r = state_save(&a->state, e)) < 0)
		return r;
	if ((r = FAULT("cgroup-make", e)) < 0)
		return r;
	r = cgroup_make(a->cgroup, e);
	if (is_refused(r) && may_do_without_cgroup(a))
		return do_without_cgroup(a, e);
	if (r < 0)
		return r;
	a->cgroup_made = true;
	if ((r = state_save(&a->state, e)) < 0)
		return r;
	log_debug("container '%s': its cgroup is '%s'", a->state.id, cgroup_path(a->cgroup));
	if ((r = FAULT("cgroup-limit", e)) < 0)
		return r;
	return cgroup_limit(a->cgroup, &a->spec->linux_.resources, e);
}

static bool has_cgroup_mounts(const struct spec *spec)
{
	for (size_t i = 0; i < spec->n_mounts; i++) {
		const char *type = spec->mounts[i].type;

		if (type && (str_eq(type, "cgroup") || str_eq(type, "cgroup2")))
			return true;
	}
	return false;
}

static int open_host(struct attempt *a, struct err *e)
{
	struct rootfs_cgroups *cgroups = arena_new(&a->arena, struct rootfs_cgroups);
	int r;

	if (!cgroups)
		return err_nomem(e);
	/* Without a cgroup of its own it sees the host's, which are looked for. */
	if (has_cgroup_mounts(a->spec) &&
		(r = cgroup_for_rootfs(a->cgroup, &a->arena, cgroups, e)) < 0)
		return r;
	const struct rootfs_options options = {
		.bundle_fd = a->bundle_fd,
		.bundle = a->state.bundle,
		.no_pivot = a->options->no_pivot,
		.cgroups = cgroups->n || cgroups->v2 ? cgroups : NULL,
	};
	if ((r = FAULT("rootfs-open", e)) < 0 ||
		(r = rootfs_open(a->spec, &options, &a->arena, &a->rootfs, e)) < 0)
		return r;
	a->rootfs_open = true;
	/* Where we may not clone mounts, nor may we copy namespaces: an ordinary user's container
	 * has the host's own locks. */
	a->plan.lock_mounts =
		a->plan.userns && !a->rootfs.late && !a->spec->linux_.namespaces[NS_MOUNT].path;
	a->state.rootfs = a->rootfs.path;

	if ((r = FAULT("ns-open", e)) < 0 || (r = ns_open_paths(a->spec, a->plan.ns_fds, e)) < 0)
		return r;
	if (a->spec->linux_.seccomp) {
		_cleanup_close_ int cache = state_seccomp_cache(a->life);
		if ((r = FAULT("seccomp", e)) < 0 ||
			(r = seccomp_compile(a->spec->linux_.seccomp, cache, &a->filter, e)) < 0)
			return r;
		a->plan.process.filter = &a->filter;
		/* runtime.md, create: all but /process is applied by it, so the agent hears of the
		 * container now. */
		a->plan.process.filter_early = a->filter.listener;
	}
	a->plan.process.fork_hooks = hooks_need_process(a);
	if (a->options->console_socket &&
		(a->console_fd = tty_connect(a->options->console_socket, e)) < 0)
		return a->console_fd;
	if (a->options->pidfd_socket &&
		(a->pidfd_sock = passed_connect(a->options->pidfd_socket, e)) < 0)
		return a->pidfd_sock;
	if (!a->start_here) {
		if ((r = FAULT("start-socket", e)) < 0)
			return r;
		r = fd_listen_unix(a->state.dir_fd, STATE_START_SOCKET, SOCK_SEQPACKET);
		if (r < 0)
			return err_set(
				e, -r, "making the start socket of container '%s'", a->state.id);
		a->plan.start_sock = r;
	}
	return 0;
}

/* What is to be as for the container, but not the same, or earlier: see hooks.h. */
static bool hooks_need_process(const struct attempt *a)
{
	const struct spec *spec = a->spec;

	if (spec->hooks.at[HOOK_START_CONTAINER].n == 0)
		return false;
	return a->memory.present || schedule_wanted(&spec->process) ||
	       (a->plan.process.filter && spec->process.no_new_privileges &&
		       !a->plan.process.filter_early);
}

static int join(void *arg, struct err *e)
{
	const struct attempt *a = arg;
	int r = ns_join(a->plan.ns_fds, e);

	if (r == 0 && a->spec->linux_.namespaces[NS_TIME].present &&
		!a->spec->linux_.namespaces[NS_TIME].path)
		r = ns_new_time(a->spec, a->host_proc_fd, e);
	return r;
}

static void become(void *arg, int sock)
{
	struct attempt *a = arg;

	a->bundle_fd = fd_close(a->bundle_fd);
	a->console_fd = fd_close(a->console_fd);
	a->pidfd_sock = fd_close(a->pidfd_sock);
	init_main(&a->plan, &a->rootfs, sock);
}

static int make_init(struct attempt *a, struct err *e)
{
	_cleanup_close_ int cgroup_fd = cgroup_clone_fd(a->cgroup);
	const struct spawn how = {
		.flags = a->plan.clone_flags,
		.cgroup = a->cgroup,
		.cgroup_fd = cgroup_fd,
		.join = a->plan.joiner ? join : NULL,
		/* From inside it nobody outside could be put into the container's cgroup. */
		.join_inside = a->plan.ns_fds[NS_CGROUP] >= 0,
		.own_memory = a->spec->linux_.namespaces[NS_TIME].present, /* ns_needs_memory() */
		.become = become,
		.arg = a,
		.what = "the container's init",
	};

	int r = spawn(&how, &a->init, e);
	if (r == 0)
		log_debug("container '%s': its init is process %d", a->state.id, a->init.pid);
	ns_close(a->plan.ns_fds);
	return r;
}

/* --- undo --- */

void attempt_undo(struct attempt *a)
{
	struct err e = { 0 };

	if (a->pid_file_written)
		(void)unlink(a->options->pid_file); /* nobody was told of it */
	spawn_kill(&a->init);
	/* Our sockets keep the namespace, which would take the devices with it. */
	if (netdev_take_back(&a->net_devices, &e) < 0)
		log_warn("undoing the create of container '%s': %s", a->options->id, e.text);
	if (a->cgroup_made && cgroup_remove(a->cgroup, &e) < 0)
		log_warn("undoing the create of container '%s': %s", a->options->id, e.text);
	if (a->reserved && resctrl_leave(&a->state, true, &e) < 0)
		log_warn("undoing the create of container '%s': %s", a->options->id, e.text);
	if (a->hooks_begun)
		hooks_run_all(&a->spec->hooks, HOOK_POSTSTOP, &a->state, "stopped", 0);
	if (a->reserved && state_remove(a->life, &a->state, &e) < 0)
		log_warn("undoing the create of container '%s': %s", a->options->id, e.text);
	attempt_free(a);
}

void attempt_let_signals(const struct attempt *a)
{
	if (a->signals_held)
		wait_unblock_signals(&a->signals_before);
}

void attempt_close_host(struct attempt *a)
{
	if (a->cgroup)
		cgroup_close(a->cgroup);
	if (a->rootfs_open)
		rootfs_close(&a->rootfs);
	a->rootfs_open = false;
	ns_close(a->plan.ns_fds);
	netdev_close(&a->net_devices);
	a->plan.start_sock = fd_close(a->plan.start_sock);
	a->bundle_fd = fd_close(a->bundle_fd);
	a->host_proc_fd = fd_close(a->host_proc_fd);
	a->console_fd = fd_close(a->console_fd);
	a->pidfd_sock = fd_close(a->pidfd_sock);
}

void attempt_free(struct attempt *a)
{
	attempt_close_host(a);
	a->master = fd_close(a->master);
	a->init.sock = fd_close(a->init.sock);
	a->init.pidfd = fd_close(a->init.pidfd);
	seccomp_filter_free(&a->filter);
	memory_plan_free(&a->memory);
	state_free(&a->state);
	spec_free(a->spec);
	arena_free(&a->arena);
}

/* --- small things --- */

int fit_to_host(struct spec_process *process, bool userns, struct err *e)
{
	_cleanup_(strbuf_free) struct strbuf lacking = { 0 };
	_cleanup_close_ int sys_fd = open("/sys", O_PATH | O_DIRECTORY | O_CLOEXEC);

	/* Without sysfs there is no security module that could be asked: refused in its words. */
	int r = lsm_check(sys_fd, process, e);
	if (r < 0 || userns)
		return r;
	r = caps_limit(&process->capabilities, &lacking, e);
	if (r == 0 && lacking.len)
		log_warn("/process/capabilities: not granted, since the runtime itself does not "
			 "have them: %s",
			lacking.text);
	return r;
}
