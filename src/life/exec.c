/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec.c - one more process in a container that is there already.
 *
 * The container is an enemy here: its init is alive and may look at whatever enters. So the process
 * is not dumpable until execve, holds no descriptor of the host that execve would keep, and takes
 * the container's rights before it touches the container's files.
 */
#include "base/fd.h"
#include "base/log.h"
#include "life/confine.h"
#include "life/create.h"
#include "life/fault.h"
#include "life/msg.h"
#include "life/passed.h"
#include "life/policy.h"
#include "life/resctrl.h"
#include "life/serve.h"
#include "life/tty.h"
#include "life/wait.h"
#include "linux/creds.h"
#include "linux/ns.h"
#include "linux/procattr.h"
#include "linux/schedule.h"
#include "spec/names.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

struct exec {
	const struct life *life;
	const struct exec_options *options;
	struct arena arena;
	struct state state;
	enum life_status status; /* when we looked */
	struct spec *config;     /* of the container */
	struct spec *given;      /* --process; NULL: none */
	struct spec_process process;
	struct process_plan plan;
	struct memory_plan memory;
	struct seccomp_filter filter;
	struct spawned made;
	uint64_t join_flags; /* namespaces: CLONE_NEW* */
	uint64_t join_later; /* those of them that the process joins itself: the joiner's finding */
	int init_pidfd, init_proc_fd, host_proc_fd, console_fd, pidfd_sock, master;
	bool pid_file_written;
};

static int open_container(struct exec *x, struct err *e);
static int plan_process(struct exec *x, struct err *e);
static int merge_process(struct exec *x, struct err *e);
static int check_id(const char *option, const char *value, uint32_t id, struct err *e);
static int make_process_there(struct exec *x, struct err *e);
static int make_process(struct exec *x, struct err *e);
/* What look_for_frozen() looks at. */
struct entered {
	const char *id;
	int proc_fd;
};
static int hand_over(struct exec *x, struct err *e);
static void process_main(void *arg, int sock) __attribute__((noreturn));
static void exec_free(struct exec *x);

int life_exec(const struct life *life, const struct exec_options *o, int *ret_status, struct err *e)
{
	struct exec x = { .life = life,
		.options = o,
		.state = { .dir_fd = -1 },
		.made = { .pidfd = -1, .sock = -1 },
		.init_pidfd = -1,
		.init_proc_fd = -1,
		.host_proc_fd = -1,
		.console_fd = -1,
		.pidfd_sock = -1,
		.master = -1 };
	sigset_t before;
	bool held = false;
	int status = 0;

	int r = open_container(&x, e);
	if (r == 0)
		r = plan_process(&x, e);
	if (r == 0) {
		/* Not before: until here nothing is made, but files of the user's may not
		 * answer. */
		wait_block_signals(&before);
		held = true;
		r = make_process_there(&x, e);
	}
	if (r == 0)
		r = hand_over(&x, e);
	if (r < 0) {
		spawn_kill(&x.made);
		if (x.pid_file_written)
			(void)unlink(o->pid_file); /* nobody was told of it */
	}
	if (r == 0 && !o->detach)
		r = wait_foreground(x.made.pid, x.made.pidfd, x.master, NULL, &status, e);
	exec_free(&x);
	/* On failure they stay held: a signal that interrupted us must not keep main from saying
	 * so. */
	if (held && r == 0)
		wait_unblock_signals(&before);
	if (r == 0)
		*ret_status = status;
	return r;
}

static int open_container(struct exec *x, struct err *e)
{
	const char *id = x->options->id;
	enum life_status status = LIFE_RUNNING;
	char pid_dir[16];

	int r = passed_plan(x->options->preserve_fds, &x->plan, &x->arena, e);
	if (r == 0)
		r = state_load(x->life, id, STATE_READ, &x->state, e);
	if (r == 0)
		r = state_status(&x->state, &status, e);
	if (r < 0)
		return r;
	if (status == LIFE_PAUSED && !x->options->ignore_paused)
		return err_say(e, EINVAL,
			"cannot exec in container '%s': it is paused (--ignore-paused lets the "
			"process wait in it)",
			id);
	if (status != LIFE_CREATED && status != LIFE_RUNNING && status != LIFE_PAUSED)
		return err_say(e, EINVAL, "cannot exec in container '%s': it is %s", id,
			life_status_name(status));
	x->status = status;
	x->init_pidfd = state_open_init(&x->state);
	if (x->init_pidfd < 0)
		return err_set(e, -x->init_pidfd, "opening the init of container '%s'", id);

	x->host_proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (x->host_proc_fd < 0 || !fd_is_fs(x->host_proc_fd, PROC_SUPER_MAGIC))
		return err_say(e, EINVAL, "/proc of the host is not a proc file system");
	(void)snprintf(pid_dir, sizeof(pid_dir), "%d", x->state.pid);
	x->init_proc_fd = openat(x->host_proc_fd, pid_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (x->init_proc_fd < 0)
		return err_set(e, errno, "opening /proc/%s", pid_dir);
	return state_load_config(&x->state, &x->config, e);
}

/* --- decide --- */

static int plan_process(struct exec *x, struct err *e)
{
	const struct exec_options *o = x->options;
	int r = merge_process(x, e);
	if (r < 0)
		return r;

	const bool userns = x->config->linux_.namespaces[NS_USER].present;
	if (x->process.terminal && o->detach && !o->console_socket)
		return err_say(e, EINVAL, "a detached process's terminal needs --console-socket");
	if (!x->process.terminal && o->console_socket)
		return err_say(
			e, EINVAL, "--console-socket is given, but the process has no terminal");
	if ((r = fit_to_host(&x->process, userns, e)) < 0)
		return r;
	if (x->config->linux_.seccomp) {
		_cleanup_close_ int cache = state_seccomp_cache(x->life);
		r = seccomp_compile(x->config->linux_.seccomp, cache, &x->filter, e);
		if (r < 0)
			return r;
	}
	/* What init has now, not what the config said: the cpuset may have changed since. */
	if (o->memory.policy)
		r = policy_plan_exec(
			&o->memory, x->state.memory_request.refuse_narrowing, &x->memory, e);
	else if (x->state.memory.present)
		r = memory_plan_exec(&x->state.memory, x->state.memory_request.from,
			x->init_proc_fd, &x->memory, e);
	if (r < 0)
		return r;
	if (o->console_socket && (x->console_fd = tty_connect(o->console_socket, e)) < 0)
		return x->console_fd;
	if (o->pidfd_socket && (x->pidfd_sock = passed_connect(o->pidfd_socket, e)) < 0)
		return x->pidfd_sock;
	x->plan = (struct process_plan){
		.id = x->state.id,
		.process = &x->process,
		.filter = x->config->linux_.seccomp ? &x->filter : NULL,
		.memory = &x->memory,
		.host_proc_fd = x->host_proc_fd,
		.userns = userns,
		.new_keyring = true,
		.personality = x->config->linux_.personality,
		.preserve_fds = x->plan.preserve_fds,
		.more_env = x->plan.more_env,
	};
	return 0;
}

static int add_strings(
	struct arena *arena, struct str_list *list, const struct str_list *more, struct err *e)
{
	char **v = arena_array(arena, char *, list->n + more->n + 1);

	if (!v)
		return err_nomem(e);
	if (list->n)
		memcpy(v, list->v, list->n * sizeof(*v));
	if (more->n)
		memcpy(v + list->n, more->v, more->n * sizeof(*v));
	*list = (struct str_list){ .n = list->n + more->n, .v = v };
	return 0;
}

/* As in a config: what has no name or no value is no variable. */
static int merge_env(struct exec *x, const struct str_list *env, struct err *e)
{
	for (size_t i = 0; i < env->n; i++) {
		const char *equals = strchr(env->v[i], '=');

		if (!equals || equals == env->v[i])
			return err_say(
				e, EINVAL, "--env '%s': is not of the form NAME=VALUE", env->v[i]);
	}
	return add_strings(&x->arena, &x->process.env, env, e);
}

/* "uid" or "uid:gid": numbers, since names would be looked up in files that the container owns. */
static int merge_user(struct exec *x, const char *user, struct err *e)
{
	const char *colon = strchr(user, ':');
	char *uid = arena_strndup(&x->arena, user, colon ? (size_t)(colon - user) : strlen(user));
	int r;

	if (!uid)
		return err_nomem(e);
	if (str_to_u32(uid, &x->process.user.uid) < 0 ||
		(colon && str_to_u32(colon + 1, &x->process.user.gid) < 0))
		return err_say(e, EINVAL, "--user '%s': must be UID or UID:GID, in numbers", user);
	r = check_id("--user", user, x->process.user.uid, e);
	return r == 0 && colon ? check_id("--user", user, x->process.user.gid, e) : r;
}

/* setresuid(2) and setresgid(2) take -1 as "leave it": the process would stay root. */
static int check_id(const char *option, const char *value, uint32_t id, struct err *e)
{
	if (id != UINT32_MAX)
		return 0;
	return err_say(e, EINVAL,
		"%s '%s': %" PRIu32 " is no ID: the kernel takes it for \"unchanged\"", option,
		value, id);
}

static int merge_gids(struct exec *x, const struct str_list *gids, struct err *e)
{
	struct spec_user *user = &x->process.user;
	uint32_t *v = arena_array(&x->arena, uint32_t, user->n_additional_gids + gids->n + 1);

	if (!v)
		return err_nomem(e);
	if (user->n_additional_gids)
		memcpy(v, user->additional_gids, user->n_additional_gids * sizeof(*v));
	for (size_t i = 0; i < gids->n; i++) {
		uint32_t *gid = &v[user->n_additional_gids + i];
		int r = str_to_u32(gids->v[i], gid);

		if (r < 0)
			return err_say(
				e, EINVAL, "--additional-gids '%s': must be a number", gids->v[i]);
		r = check_id("--additional-gids", gids->v[i], *gid, e);
		if (r < 0)
			return r;
	}
	user->n_additional_gids += gids->n;
	user->additional_gids = v;
	return 0;
}

/* As under runc: ambient only where the config has inheritable ones, which are never added to. */
static int merge_caps(struct exec *x, const struct str_list *names, struct err *e)
{
	struct spec_capabilities *caps = &x->process.capabilities;

	for (size_t i = 0; i < names->n; i++) {
		const struct name_row *row = names_find(names_capabilities, names->v[i]);
		if (!row)
			return err_say(e, EINVAL, "--cap '%s': no such capability", names->v[i]);
		const uint64_t bit = UINT64_C(1) << row->number;
		caps->has = true;
		caps->bounding |= bit;
		caps->effective |= bit;
		caps->permitted |= bit;
		if (caps->inheritable & bit)
			caps->ambient |= bit;
	}
	return 0;
}

/* As under runc the file alone counts; engines give --tty beside it, which it says as well. */
static void warn_of_ignored(const struct exec_options *o)
{
	const struct {
		const char *option;
		bool given;
	} rows[] = {
		{ "--cwd", o->cwd },
		{ "--env", o->env.n > 0 },
		{ "--user", o->user },
		{ "--additional-gids", o->additional_gids.n > 0 },
		{ "--cap", o->caps.n > 0 },
		{ "--no-new-privs", o->no_new_privs },
		{ "--apparmor", o->apparmor },
		{ "--process-label", o->process_label },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].given)
			log_warn("%s is ignored: with --process the file alone says what the "
				 "process is",
				rows[i].option);
}

static int merge_process(struct exec *x, struct err *e)
{
	const struct exec_options *o = x->options;
	int r;

	if (o->process) {
		warn_of_ignored(o);
		if ((r = spec_load_process(o->process, &x->given, e)) < 0 ||
			(r = spec_check_supported(x->given, e)) < 0)
			return r;
		x->process = x->given->process;
		return 0;
	}
	x->process = x->config->process;
	if (o->args.n == 0)
		return err_say(e, EINVAL, "exec needs a command, or --process");
	if (o->apparmor)
		x->process.apparmor_profile = o->apparmor;
	if (o->process_label)
		x->process.selinux_label = o->process_label;
	x->process.args = o->args;
	x->process.terminal = o->tty;
	if (o->cwd) {
		if (o->cwd[0] != '/')
			return err_say(e, EINVAL, "--cwd '%s': must be an absolute path", o->cwd);
		x->process.cwd = o->cwd;
	}
	if (o->no_new_privs)
		x->process.no_new_privileges = true;
	if ((r = merge_env(x, &o->env, e)) < 0 ||
		(o->user && (r = merge_user(x, o->user, e)) < 0) ||
		(r = merge_gids(x, &o->additional_gids, e)) < 0 ||
		(r = merge_caps(x, &o->caps, e)) < 0)
		return r;
	return 0;
}

/* --- make --- */

static int join(void *arg, struct err *e)
{
	struct exec *x = arg;

	int r = ns_join_process(x->init_pidfd, x->join_flags, x->state.pid, &x->join_later, e);
	/* Where there is a mount namespace to join, its root is the container's. */
	if (r == 0 && !x->config->linux_.namespaces[NS_MOUNT].present)
		r = ns_join_root(x->init_pidfd, x->host_proc_fd, x->state.pid, e);
	return r;
}

/*
 * config.md, execCPUAffinity: until it is in the container's cgroup it runs on these CPUs, which it
 * inherits from us. Our own are given back: a foreground exec stays for long.
 */
static int make_process_there(struct exec *x, struct err *e)
{
	struct cpu_set before;
	int r = schedule_affinity(
		0, x->process.affinity_initial, "/process/execCPUAffinity/initial", &before, e);

	if (r < 0)
		return r;
	r = make_process(x, e);
	if (!str_empty(x->process.affinity_initial))
		schedule_affinity_restore(&before);
	return r;
}

static int make_process(struct exec *x, struct err *e)
{
	int r = ns_to_join(x->config, x->host_proc_fd, x->state.pid, &x->join_flags, e);
	if (r < 0)
		return r;
	/* A sub-cgroup is found by cgroup_add, which then moves the process. */
	const bool below = x->options->cgroups.n > 0;
	_cleanup_close_ int cgroup_fd =
		x->state.cgroup && !below ? cgroup_clone_fd(x->state.cgroup) : -1;
	struct cgroup_sub *subs = NULL;
	struct spawn how = {
		.cgroup = x->state.cgroup,
		.cgroup_fd = cgroup_fd,
		.join = join,
		.own_memory = ns_needs_memory(x->join_flags),
		.become = process_main,
		.arg = x,
		.what = "the process",
	};

	if (below && !x->state.cgroup)
		return err_say(e, EINVAL, "--cgroup: container '%s' has no cgroup", x->state.id);
	r = below ? cgroup_subs(x->state.cgroup, &x->options->cgroups, &x->arena, &subs, e) : 0;
	if (r < 0)
		return r;
	how.subs = subs;
	r = spawn(&how, &x->made, e);
	if (r != -EBUSY || !x->state.cgroup || below)
		return r;
	/* The container has cgroups of its own now: where its init is there is room. */
	struct cgroup_sub inits = { 0 };
	_cleanup_close_ int below_fd =
		cgroup_clone_fd_below(x->state.cgroup, x->init_proc_fd, &x->arena, &inits.path);
	if (below_fd < 0 && !inits.path)
		return r;
	/* It is of cgroup v2 alone, the one hierarchy of a scope. */
	how.subs = inits.path ? &inits : NULL;
	how.cgroup_fd = below_fd;
	return spawn(&how, &x->made, e);
}

/* By SIGSTOP; a tracer of ours would be 't' (proc_pid_stat(5)). */
static bool is_stopped(const struct entered *entered)
{
	_cleanup_text_ struct text text = { 0 };

	if (fd_read_text(entered->proc_fd, "stat", 4096, &text) < 0)
		return false;
	const char *name_end = strrchr(text.s, ')');
	return name_end && str_starts(name_end, ") T ");
}

/*
 * A container that may write to its cgroups can freeze whoever is in them, and thaw them never; and
 * its root can stop whoever enters its PID namespace.
 */
static int look_for_frozen(void *arg, struct err *e)
{
	const struct entered *entered = arg;
	bool frozen = false;

	if (is_stopped(entered))
		return err_say(e, EBUSY,
			"cannot exec in container '%s': the process was stopped by a signal "
			"before it had started (--ignore-paused lets it wait)",
			entered->id);

	/* What cannot be told is no reason to give up. */
	if (cgroup_will_freeze_process(entered->proc_fd, &frozen, NULL) < 0 || !frozen)
		return 0;
	return err_say(e, EBUSY,
		"cannot exec in container '%s': it was paused, or froze itself, before the "
		"process had started (--ignore-paused lets the process wait in it)",
		entered->id);
}

static int hand_over(struct exec *x, struct err *e)
{
	const struct exec_options *o = x->options;
	struct entered entered = { .id = x->state.id };
	const struct msg_look look = { .look = o->ignore_paused ? NULL : look_for_frozen,
		.arg = &entered };
	const struct serve serve = {
		.sock = x->made.sock,
		.pid = x->made.pid,
		.pidfd = x->made.pidfd,
		.process = &x->process,
		.state = &x->state,
		.config = x->config,
		.look = &look,
		.status = life_status_name(x->status),
		.init_pid = x->state.pid,
	};
	union msg_payload ready;
	char pid_dir[16];

	(void)snprintf(pid_dir, sizeof(pid_dir), "%d", x->made.pid);
	_cleanup_close_ int proc =
		openat(x->host_proc_fd, pid_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (proc < 0)
		return err_set(e, errno, "opening /proc/%s", pid_dir);
	entered.proc_fd = proc;
	/* It is in the container's cgroup by now (config.md, execCPUAffinity). */
	int r = schedule_affinity(
		x->made.pid, x->process.affinity_final, "/process/execCPUAffinity/final", NULL, e);
	if (r == 0)
		r = resctrl_join(&x->state, x->made.pid, e);
	if (r == 0)
		r = procattr_oom_score(proc, &x->process, e);
	if (r == 0)
		r = msg_send(x->made.sock, MSG_GO, NULL, -1, e);
	if (r == 0 && x->process.terminal) {
		_cleanup_close_ int master = -1;
		r = msg_expect_looking(x->made.sock, MSG_CONSOLE, &look, NULL, &master, e);
		if (r == 0 && x->console_fd >= 0)
			r = tty_hand_over(x->console_fd, master, o->console_socket, e);
		else if (r == 0)
			x->master = TAKE_FD(master);
	}
	if (r == 0)
		r = serve_until(&serve, MSG_READY, &ready, e);
	if (r == 0 && o->memory.policy)
		policy_log(&x->memory, &ready.ready);
	/* Before START: the program may ask for the size at once. */
	if (r == 0 && x->master >= 0)
		tty_prepare(x->master);
	if (r == 0 && x->pidfd_sock >= 0)
		r = passed_send(x->pidfd_sock, x->made.pidfd, "setns", o->pidfd_socket, e);
	if (r == 0 && o->pid_file) {
		r = write_pid_file(o->pid_file, x->made.pid, e);
		x->pid_file_written = r == 0;
	}
	if (r == 0)
		r = msg_send(x->made.sock, MSG_START, NULL, -1, e);
	if (r == 0)
		r = serve_until(&serve, MSG_EXECING, NULL, e);
	if (r == 0)
		r = msg_expect_end(x->made.sock, true, &look, e);
	if (r == 0)
		log_debug("container '%s': process %d is executed", o->id, x->made.pid);
	r = spawn_explain(&x->made, r, "the process", e);
	return r;
}

/* --- the process --- */

static void must(int sock, int r, const struct err *e)
{
	if (r >= 0)
		return;
	msg_fail(sock, e);
	_exit(1);
}

static void process_main(void *arg, int sock)
{
	struct exec *x = arg;
	struct memory_result memory = { 0 };
	const struct confine_keep keep = { .sock = sock, .start_sock = -1, .hooks_sock = -1 };
	struct program program;
	struct err e = { 0 };

	must(sock, ns_join_process(x->init_pidfd, x->join_later, x->state.pid, NULL, &e), &e);
	/*
	 * The container sees this process, and may freeze it. One that has CAP_SYS_PTRACE in the host's
	 * user namespace could look into it, and trace it while it has all rights: no runtime can
	 * keep such a container from the host. As little as possible of the host is to be found here.
	 */
	struct lsm lsm = LSM_NONE;
	must(sock, lsm_open_self(x->host_proc_fd, &x->process, &lsm, &e), &e);
	const int kept[] = { sock, lsm.apparmor_fd, lsm.selinux_fd, lsm.keys_fd };
	int r = fd_close_others(3 + x->plan.preserve_fds, kept, ELEMENTS(kept));
	if (r < 0)
		must(sock, err_set(&e, -r, "closing the runtime's own file descriptors"), &e);
	must(sock, msg_expect(sock, MSG_GO, NULL, NULL, &e), &e);
	if (setsid() < 0)
		must(sock, err_set(&e, errno, "making a session"), &e);
	if (x->plan.userns)
		must(sock, creds_root(&e), &e);

	/* setns(2) into the mount namespace made its root ours. */
	const int root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0)
		must(sock, err_set(&e, errno, "opening the container's root"), &e);
	if (x->process.terminal) {
		int master = -1, slave = -1;
		must(sock, rootfs_pty(root_fd, &master, &slave, &e), &e);
		must(sock, msg_send(sock, MSG_CONSOLE, NULL, master, &e), &e);
		must(sock, confine_terminal(&x->plan, slave, &e), &e);
	}
	must(sock, confine_limits(&x->plan, sock, &e), &e);
	must(sock, confine_keyring(&x->plan, &lsm, &e), &e);
	must(sock, confine_schedule(&x->plan, sock, &e), &e);
	if (x->options->memory.policy)
		must(sock, memory_apply(&x->memory, &memory, &e), &e);
	else
		must(sock, memory_apply_exec(&x->memory, &e), &e);
	must(sock, confine(&x->plan, root_fd, &keep, &lsm, &x->arena, &program, &e), &e);
	must(sock, msg_send(sock, MSG_READY, &memory, -1, &e), &e);
	must(sock, msg_expect(sock, MSG_START, NULL, NULL, &e), &e);
	must(sock, confine_execute(&x->plan, &program, sock, &e), &e);
	_exit(1);
}

static void exec_free(struct exec *x)
{
	x->init_pidfd = fd_close(x->init_pidfd);
	x->init_proc_fd = fd_close(x->init_proc_fd);
	x->host_proc_fd = fd_close(x->host_proc_fd);
	x->console_fd = fd_close(x->console_fd);
	x->pidfd_sock = fd_close(x->pidfd_sock);
	x->master = fd_close(x->master);
	x->made.sock = fd_close(x->made.sock);
	x->made.pidfd = fd_close(x->made.pidfd);
	seccomp_filter_free(&x->filter);
	memory_plan_free(&x->memory);
	spec_free(x->given);
	spec_free(x->config);
	state_free(&x->state);
	arena_free(&x->arena);
}
