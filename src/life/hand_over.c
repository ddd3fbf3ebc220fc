/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hand_over.c - the parent and init: what only the parent can do to it, its reports, the commit.
 */
#include "life/create.h"

#include "base/fd.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "life/fault.h"
#include "life/hooks.h"
#include "life/msg.h"
#include "life/passed.h"
#include "life/policy.h"
#include "life/resctrl.h"
#include "life/serve.h"
#include "life/tty.h"
#include "linux/idmap.h"
#include "linux/procattr.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static int write_maps(const struct attempt *a, int pid_proc_fd, struct err *e)
{
	const struct spec_linux *l = &a->spec->linux_;

	if (idmap_needs_helper(l))
		return idmap_write_by_helper(a->init.pid, l, e);
	return idmap_write(pid_proc_fd, l, e);
}

/* CRI-O and containerd name a namespace to join together with the mappings that it has. */
static int compare_maps(const struct attempt *a, int pid_proc_fd, struct err *e)
{
	const struct spec_linux *l = &a->spec->linux_;
	const struct {
		const char *file, *at;
		const struct id_map *map;
	} maps[] = { { "uid_map", "uidMappings", &l->uid_mappings },
		{ "gid_map", "gidMappings", &l->gid_mappings } };

	for (size_t i = 0; i < ELEMENTS(maps); i++) {
		bool same = true;
		int r = maps[i].map->n ? idmap_is(pid_proc_fd, maps[i].file, maps[i].map, &same, e)
				       : 0;
		if (r < 0)
			return r;
		if (!same)
			log_warn("/linux/%s: is ignored: the user namespace that is joined, '%s', "
				 "has other mappings, and keeps them",
				maps[i].at, l->namespaces[NS_USER].path);
	}
	return 0;
}

static int prepare_init(struct attempt *a, struct err *e)
{
	const struct spec_namespace *user = &a->spec->linux_.namespaces[NS_USER];
	char pid_dir[16];
	int r;

	(void)snprintf(pid_dir, sizeof(pid_dir), "%d", a->init.pid);
	_cleanup_close_ int proc =
		openat(a->host_proc_fd, pid_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (proc < 0)
		return err_set(e, errno, "opening /proc/%s", pid_dir);
	if (user->present &&
		((r = FAULT("idmap", e)) < 0 ||
			(r = user->path ? compare_maps(a, proc, e) : write_maps(a, proc, e)) < 0))
		return r;
	if ((r = FAULT("net-devices", e)) < 0)
		return r;
	if (a->spec->linux_.n_net_devices &&
		(r = netdev_move(a->spec, proc, &a->arena, &a->net_devices, e)) < 0)
		return r;
	if ((r = resctrl_join(&a->state, a->init.pid, e)) < 0)
		return r;
	if ((r = FAULT("oom-score", e)) < 0 ||
		(r = procattr_oom_score(proc, &a->spec->process, e)) < 0)
		return r;
	if ((r = FAULT("go", e)) < 0)
		return r;
	return msg_send(a->init.sock, MSG_GO, NULL, -1, e);
}

/* Where the terminal's master goes: to the engine, or to ourselves in the foreground. */
static int take_console(struct attempt *a, struct err *e)
{
	_cleanup_close_ int master = -1;
	int r = msg_expect(a->init.sock, MSG_CONSOLE, NULL, &master, e);

	if (r < 0)
		return r;
	if (a->console_fd < 0) {
		a->master = TAKE_FD(master);
		return 0;
	}
	r = tty_hand_over(a->console_fd, master, a->options->console_socket, e);
	a->console_fd = fd_close(a->console_fd);
	return r;
}

static int run_hooks(struct attempt *a, struct err *e)
{
	const struct spec_hooks *hooks = &a->spec->hooks;
	const struct msg_hooked hooked = { .pid = a->init.pid };

	a->hooks_begun = true;
	int r = FAULT("hook-runtime", e);
	if (r == 0)
		r = hooks_run(hooks, HOOK_PRESTART, &a->state, "creating", a->init.pid, NULL, e);
	if (r == 0)
		r = hooks_run(
			hooks, HOOK_CREATE_RUNTIME, &a->state, "creating", a->init.pid, NULL, e);
	if (r == 0)
		r = msg_send(a->init.sock, MSG_HOOKED, &hooked, -1, e);
	return r;
}

static int take_sealed(struct attempt *a, struct err *e)
{
	if (!a->plan.lock_mounts)
		return 0;
	int r = msg_expect(a->init.sock, MSG_SEALED, NULL, NULL, e);
	return r < 0 ? r : lock_mounts(a, e);
}

static int take_ready(struct attempt *a, struct memory_result *ret, struct err *e)
{
	const struct serve serve = {
		.sock = a->init.sock,
		.pid = a->init.pid,
		.pidfd = a->init.pidfd,
		.process = &a->spec->process,
		.state = &a->state,
		.config = a->spec,
		.status = "creating",
		.init_pid = a->init.pid,
	};
	union msg_payload payload;
	int r = serve_until(&serve, MSG_READY, &payload, e);

	if (r == 0)
		*ret = payload.ready;
	return r;
}

/* Of mounts whose sources only init can clone, but whose IDs it may not map. */
static int map_ids(struct attempt *a, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < a->spec->n_mounts; i++) {
		_cleanup_close_ int source = -1;

		if (!rootfs_needs_map(&a->rootfs, i))
			continue;
		r = msg_expect(a->init.sock, MSG_MAP_IDS, NULL, &source, e);
		if (r == 0)
			r = rootfs_map_ids(&a->rootfs, i, source, e);
		if (r == 0)
			r = msg_send(a->init.sock, MSG_MAPPED, NULL, -1, e);
	}
	return r;
}

int attempt_hand_over(struct attempt *a, struct err *e)
{
	struct memory_result memory = { 0 };
	int r = prepare_init(a, e);

	if (r == 0)
		r = map_ids(a, e);
	if (r == 0 && a->spec->process.terminal)
		r = take_console(a, e);
	if (r == 0)
		r = msg_expect(a->init.sock, MSG_MOUNTED, NULL, NULL, e);
	if (r == 0)
		r = run_hooks(a, e);
	if (r == 0)
		r = take_sealed(a, e);
	if (r == 0)
		r = take_ready(a, &memory, e);
	r = spawn_explain(&a->init, r, "the container's init", e);
	if (r == 0)
		r = attempt_commit(a, &memory, e);
	return r;
}

static int verify_memory(struct attempt *a, struct memory_result *memory, struct err *e)
{
	char pid_dir[16];
	int r = FAULT("verify", e);

	if (r < 0 || !memory->present)
		return r;
	(void)snprintf(pid_dir, sizeof(pid_dir), "%d", a->init.pid);
	_cleanup_close_ int proc =
		openat(a->host_proc_fd, pid_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (proc < 0)
		return err_set(e, errno, "opening /proc/%s", pid_dir);
	r = memory_verify(proc, a->state.memory_request.from, memory, e);
	if (r < 0)
		return r;
	policy_log(&a->memory, memory);
	return 0;
}

int attempt_commit(struct attempt *a, const struct memory_result *memory, struct err *e)
{
	const struct create_options *o = a->options;
	int r;

	a->state.memory = *memory;
	a->state.memory_request = memory_request_of(&a->memory);
	if ((r = verify_memory(a, &a->state.memory, e)) < 0)
		return r;
	a->state.pid = a->init.pid;
	r = state_start_time(a->init.pid, &a->state.pid_start);
	if (r < 0)
		return err_set(e, -r, "looking at the container's init");
	if (a->pidfd_sock >= 0) {
		if ((r = passed_send(
			     a->pidfd_sock, a->init.pidfd, "standard", o->pidfd_socket, e)) < 0)
			return r;
		a->pidfd_sock = fd_close(a->pidfd_sock);
	}
	if (o->pid_file) {
		if ((r = FAULT("pid-file", e)) < 0 ||
			(r = write_pid_file(o->pid_file, a->init.pid, e)) < 0)
			return r;
		a->pid_file_written = true;
	}
	/* Whoever asked us to end meanwhile gets what they would of a failed create: nothing. */
	int sig = interrupt_pending();
	if (sig)
		return err_say(e, EINTR, "interrupted by signal %d (%s)", sig, sigdescr_np(sig));
	/*
	 * From here on it is a container: who it is, and what its hooks and its policy were. One that
	 * `run` starts counts as running at once, since nobody else can start it; should `run` be killed
	 * before it has said START, its init ends, and it is stopped.
	 */
	a->state.creating = false;
	a->state.started |= a->start_here;
	if ((r = FAULT("commit", e)) < 0 || (r = state_save(&a->state, e)) < 0)
		return r;
	log_debug("container '%s' is created", a->state.id);
	if (!a->start_here)
		return msg_send(a->init.sock, MSG_COMMITTED, NULL, -1, e);
	return 0;
}

int write_pid_file(const char *path, pid_t pid, struct err *e)
{
	char temporary[PATH_MAX], text[16];
	const char *slash = strrchr(path, '/');
	int dir_len = slash ? (int)(slash - path) + 1 : 0;

	int n = snprintf(temporary, sizeof(temporary), "%.*s.%s.%d", dir_len, path, path + dir_len,
		getpid());
	if (n < 0 || (size_t)n >= sizeof(temporary))
		return err_set(e, ENAMETOOLONG, "writing pid file '%s'", path);
	_cleanup_close_ int fd =
		open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_set(e, errno, "writing pid file '%s'", path);
	n = snprintf(text, sizeof(text), "%d", pid);
	int r = fd_write_all(fd, text, (size_t)n);
	if (r == 0 && rename(temporary, path) < 0)
		r = -errno;
	if (r < 0) {
		(void)unlink(temporary);
		return err_set(e, -r, "writing pid file '%s'", path);
	}
	return 0;
}
