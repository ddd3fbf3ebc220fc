/* SPDX-License-Identifier: Apache-2.0 */
/*
 * checkpoint.c - a container's processes are saved by CRIU, and what CRIU does not keep by us.
 *
 * The state stays locked meanwhile. Until CRIU has written everything the container is only
 * stopped, and goes on if anything fails. A checkpoint is not cut off by signals: processes that
 * CRIU holds by ptrace would not survive its end.
 */
#include "base/fd.h"
#include "base/log.h"
#include "life/create.h"
#include "life/criu.h"
#include "life/notify.h"
#include "life/wait.h"
#include "linux/memory.h"
#include "linux/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#define LOG_NAME "dump.log"
#define STAT_MAX 4096

struct checkpoint {
	const struct criu_options *options;
	struct arena arena;
	struct state state;
	struct spec *config;
	struct criu_dirs dirs;
	struct criu_image image;
	const char *program, *place, *yard;
	int proc_fd; /* /proc/PID of init */
	int status_fd;
	struct strbuf opts;
};

static int open_container(struct checkpoint *c, const struct life *life, struct err *e);
static int refuse(const struct checkpoint *c, struct err *e);
static int check_parent(const struct checkpoint *c, struct err *e);
static int look(struct checkpoint *c, struct err *e);
static int compose(struct checkpoint *c, struct err *e);
static int dump(struct checkpoint *c, struct err *e);

int life_checkpoint(const struct life *life, const struct criu_options *o, struct err *e)
{
	struct checkpoint c = { .options = o,
		.state = { .dir_fd = -1 },
		.dirs = { .image_fd = -1, .work_fd = -1 },
		.proc_fd = -1,
		.status_fd = -1 };
	sigset_t before;
	int r = criu_check_user(e);

	if (r == 0)
		r = criu_find(o->program, "checkpoint", &c.arena, &c.program, e);
	if (r == 0)
		r = open_container(&c, life, e);
	if (r == 0)
		r = refuse(&c, e);
	if (r == 0)
		r = criu_check_processes(&c.state, c.proc_fd, e);
	if (r == 0)
		r = criu_dirs_open(o, true, LOG_NAME, &c.arena, &c.dirs, e);
	if (r == 0)
		r = check_parent(&c, e);
	if (r == 0)
		r = look(&c, e);
	if (r == 0)
		r = compose(&c, e);
	bool held = false;
	if (r == 0) {
		wait_block_signals(&before);
		held = true;
		r = dump(&c, e);
	}
	if (r == 0 && !o->leave_running && !o->pre_dump) {
		/* As with the peers. What cannot be removed is a stopped container like any other, and
		 * the image is whole. */
		struct err why = { 0 };
		if (end_and_remove(life, &c.state, &why) < 0)
			log_warn("%s", why.text);
	}
	/* On failure they stay held, so that main can say why. */
	if (held && r == 0)
		wait_unblock_signals(&before);
	strbuf_free(&c.opts);
	criu_dirs_close(&c.dirs);
	fd_close(c.proc_fd);
	fd_close(c.status_fd);
	spec_free(c.config);
	state_free(&c.state);
	arena_free(&c.arena);
	return r;
}

bool life_has_criu(const char *program)
{
	struct arena arena = { 0 };
	struct err ignored;
	const char *path;
	bool has = criu_find(program, "", &arena, &path, &ignored) == 0;

	arena_free(&arena);
	return has;
}

static int open_container(struct checkpoint *c, const struct life *life, struct err *e)
{
	const char *id = c->options->id;
	enum life_status status;
	char path[32];

	int r = state_load(life, id, STATE_LOCK, &c->state, e);
	if (r < 0)
		return r;
	r = state_status(&c->state, &status, e);
	if (r < 0)
		return r;
	if (status != LIFE_RUNNING && status != LIFE_PAUSED)
		return err_say(e, EINVAL, "container '%s' cannot be checkpointed: it is %s", id,
			life_status_name(status));
	(void)snprintf(path, sizeof(path), "/proc/%d", c->state.pid);
	c->proc_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (c->proc_fd < 0)
		return err_set(e, errno, "opening %s", path);
	_cleanup_close_ int pidfd = state_open_init(&c->state);
	if (pidfd < 0)
		return err_set(e, -pidfd, "opening the init of container '%s'", id);
	c->place = criu_place(life, id, &c->arena);
	c->yard = c->place ? arena_printf(&c->arena, "%s/yard", c->place) : NULL;
	if (!c->yard)
		return err_nomem(e);
	r = state_load_config(&c->state, &c->config, e);
	return r < 0 ? r : notify_plan_saved(life, &c->state, c->config, &c->image.notify, e);
}

int criu_check_user(struct err *e)
{
	return geteuid() == 0 ? 0 : err_say(e, EPERM, "CRIU needs root to save and to restore");
}

int criu_check_config(const struct spec *spec, struct err *e)
{
	const struct spec_namespace *ns = spec->linux_.namespaces;

	if (ns[NS_USER].present)
		return err_say(e, ENOTSUP,
			"/linux/namespaces: a container with a user namespace cannot be "
			"checkpointed: CRIU does not lock the mounts that it restores, so its root "
			"could undo read-only and masked paths");
	if (ns[NS_CGROUP].path)
		return err_say(e, ENOTSUP,
			"/linux/namespaces: CRIU cannot join the cgroup namespace '%s'",
			ns[NS_CGROUP].path);
	if (!ns[NS_MOUNT].present)
		return err_say(e, ENOTSUP,
			"/linux/namespaces: a container without a mount namespace cannot be "
			"checkpointed: its mounts are of no namespace");
	if (ns[NS_MOUNT].path)
		return err_say(e, ENOTSUP,
			"/linux/namespaces: CRIU cannot join the mount namespace '%s'",
			ns[NS_MOUNT].path);
	/* Create resolves ".." as the container does; here mounts are found by their texts. */
	for (size_t i = 0; i < spec->n_mounts; i++) {
		const char *at = spec->mounts[i].destination;
		const size_t len = strlen(at);

		if (strstr(at, "/../") || (len > 2 && str_eq(at + len - 3, "/..")))
			return err_say(e, ENOTSUP,
				"/mounts/%zu/destination: '%s': what lies above \"..\" cannot be "
				"checkpointed",
				i, at);
	}
	return 0;
}

static int refuse(const struct checkpoint *c, struct err *e)
{
	int r = criu_check_config(c->config, e);

	if (r < 0)
		return r;
	r = criu_check_sources(c->config, c->state.bundle, c->state.rootfs, "checkpointed",
		&((struct checkpoint *)c)->arena, e);
	if (r < 0)
		return r;
	if (!c->state.cgroup || !cgroup_freezer(c->state.cgroup, &((struct checkpoint *)c)->arena))
		return err_say(e, ENOTSUP, "container '%s' has no cgroup to stop its processes by",
			c->state.id);
	if (c->options->lazy_pages && !c->options->page_server)
		return err_say(e, EINVAL,
			"--lazy-pages: the pages stay here until they are fetched from "
			"--page-server ADDRESS:PORT");
	return 0;
}

static int check_parent(const struct checkpoint *c, struct err *e)
{
	const char *parent = c->options->parent_path;

	if (!parent)
		return 0;
	if (parent[0] == '/')
		return err_say(e, EINVAL,
			"--parent-path '%s': a path that starts in --image-path is wanted, such as "
			"'../previous'",
			parent);
	_cleanup_close_ int fd = openat(c->dirs.image_fd, parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, errno, "--parent-path '%s' in '%s'", parent, c->dirs.image);
	return 0;
}

/* --- what is not CRIU's --- */

/* Is this number a mount of the container's own mount namespace? */
static bool has_mount(const struct checkpoint *c, unsigned id)
{
	_cleanup_free_ char *text = NULL;
	char word[24];

	if (fd_read_file(c->proc_fd, "mountinfo", 16u << 20, &text, NULL) < 0)
		return true;
	int len = snprintf(word, sizeof(word), "%u ", id);
	for (const char *p = text; p && *p; p = strchr(p, '\n'), p += p ? 1 : 0)
		if (strncmp(p, word, (size_t)len) == 0)
			return true;
	return false;
}

/*
 * One of init's standard streams. A pipe has its other end outside, and a file of the host's, a
 * log, is on no mount of the container's: CRIU gets a name for each, by which a restore puts
 * something else in its place.
 */
static int look_at_stream(struct checkpoint *c, unsigned n, struct err *e)
{
	char path[24], link[64];
	_cleanup_free_ char *info = NULL;
	unsigned mount;
	struct stat st;

	(void)snprintf(path, sizeof(path), "fd/%u", n);
	ssize_t len = readlinkat(c->proc_fd, path, link, sizeof(link) - 1);
	if (len < 0)
		return 0; /* it is closed */
	link[len] = '\0';
	if (str_starts(link, "pipe:[")) {
		c->image.streams[n] = arena_strdup(&c->arena, link);
		return c->image.streams[n] ? 0 : err_nomem(e);
	}
	if (fstatat(c->proc_fd, path, &st, 0) < 0 || !S_ISREG(st.st_mode))
		return 0;
	(void)snprintf(path, sizeof(path), "fdinfo/%u", n);
	if (fd_read_file(c->proc_fd, path, STAT_MAX, &info, NULL) < 0)
		return 0;
	const char *line = strstr(info, "\nmnt_id:");
	if (!line || sscanf(line, "\nmnt_id:%u", &mount) != 1 || has_mount(c, mount))
		return 0;
	char *key = arena_printf(&c->arena, "file[%x:%llx]", mount, (unsigned long long)st.st_ino);
	if (!key)
		return err_nomem(e);
	c->image.streams[n] = key;
	for (unsigned i = 0; i < n; i++)
		if (c->image.streams[i] && str_eq(c->image.streams[i], key))
			return 0;
	wire_text(&c->opts, OPT_EXTERNAL, key);
	return 0;
}

static int look(struct checkpoint *c, struct err *e)
{
	int r = 0;

	c->image.has_policy = memory_now(&c->state.memory, c->proc_fd, &c->image.policy);
	if (!c->image.has_policy && c->state.memory.present)
		log_warn("/linux/memoryPolicy: the policy of init cannot be read; a restore takes "
			 "the config's");
	for (unsigned i = 0; r == 0 && i < CRIU_STREAMS; i++)
		r = look_at_stream(c, i, e);
	return r;
}

/* --- CRIU --- */

/* A namespace by path stays where it is; a restore finds it under this name. */
static int add_namespace(
	struct checkpoint *c, enum ns_type type, const char *file, const char *key, struct err *e)
{
	char path[16];
	struct stat st;

	if (!c->config->linux_.namespaces[type].path)
		return 0;
	(void)snprintf(path, sizeof(path), "ns/%s", file);
	if (fstatat(c->proc_fd, path, &st, 0) < 0)
		return err_set(e, errno, "looking at the %s namespace of the container", file);
	char *name =
		arena_printf(&c->arena, "%s[%llu]:%s", file, (unsigned long long)st.st_ino, key);
	if (!name)
		return err_nomem(e);
	wire_text(&c->opts, OPT_EXTERNAL, name);
	return 0;
}

static int compose(struct checkpoint *c, struct err *e)
{
	const struct criu_options *o = c->options;
	const char *freezer = cgroup_freezer(c->state.cgroup, &c->arena);
	int r = criu_common(o, c->config, &c->opts, e);

	if (r == 0 && !o->pre_dump)
		r = criu_mounts_dump(
			c->config, c->state.cgroup, c->proc_fd, &c->arena, &c->opts, e);
	if (r == 0)
		r = add_namespace(c, NS_NETWORK, "net", CRIU_KEY_NET, e);
	if (r == 0)
		r = add_namespace(c, NS_PID, "pid", CRIU_KEY_PID, e);
	if (r < 0)
		return r;
	wire_number(&c->opts, OPT_IMAGES_DIR_FD, c->dirs.image_fd);
	if (c->dirs.work_fd >= 0)
		wire_number(&c->opts, OPT_WORK_DIR_FD, c->dirs.work_fd);
	wire_text(&c->opts, OPT_LOG_FILE, LOG_NAME);
	wire_text(&c->opts, OPT_ROOT, c->state.rootfs);
	wire_number(&c->opts, OPT_PID, c->state.pid);
	wire_number(&c->opts, OPT_LEAVE_RUNNING, o->leave_running);
	if (freezer)
		wire_text(&c->opts, OPT_FREEZE_CGROUP, freezer);
	if (o->parent_path)
		wire_text(&c->opts, OPT_PARENT_IMG, o->parent_path);
	if (o->parent_path || o->pre_dump)
		wire_number(&c->opts, OPT_TRACK_MEM, true);
	wire_text(&c->opts, OPT_CGROUP_YARD, c->yard);
	if (o->status_fd) {
		/* Dumps of lazy pages wait for hours: the descriptor is told when it can begin. */
		c->status_fd = fcntl((int)o->status_fd, F_DUPFD_CLOEXEC, 3);
		int flags = fcntl((int)o->status_fd, F_GETFL);
		if (c->status_fd < 0 || (flags & O_ACCMODE) == O_RDONLY)
			return err_say(e, EBADF,
				"--status-fd %u is not a descriptor that can be written to",
				o->status_fd);
		fd_close((int)o->status_fd);
	}
	return 0;
}

static int on_event(void *arg, const char *script, pid_t pid, int fd, struct err *e)
{
	struct checkpoint *c = arg;

	(void)pid;
	(void)fd;
	(void)e;
	if (str_eq(script, "status-ready") && c->status_fd >= 0) {
		(void)fd_write_all(c->status_fd, "", 1); /* whoever waits may have gone */
		c->status_fd = fd_close(c->status_fd);
	}
	return 0;
}

static int check_criu(const struct checkpoint *c, int sock, struct err *e)
{
	const struct criu_options *o = c->options;
	int r = criu_check_version(sock, e);

	if (r == 0 && (o->pre_dump || o->parent_path))
		r = criu_check_feature(sock, CRIU_MEM_TRACK,
			"follow which pages change, as --pre-dump and --parent-path need,", e);
	if (r == 0 && o->lazy_pages)
		r = criu_check_feature(sock, CRIU_LAZY_PAGES, "restore pages lazily", e);
	return r;
}

static int ask(struct checkpoint *c, int sock, struct err *e)
{
	const struct criu_options *o = c->options;
	const struct criu_events events = { .handle = on_event, .arg = c };
	int r = o->pre_dump ? 0 : criu_image_write(c->dirs.image_fd, &c->image, false, e);

	if (r < 0)
		return r;
	r = criu_request(sock, o->pre_dump ? CRIU_SINGLE_PRE_DUMP : CRIU_DUMP, &c->opts, &events,
		c->dirs.log, NULL, e);
	if (o->pre_dump)
		return r;
	if (r < 0) {
		criu_image_remove(c->dirs.image_fd);
		return r;
	}
	/* Once more, with what is known now. The container has ended by now: the images count. */
	struct err why = { 0 };
	if (criu_image_write(c->dirs.image_fd, &c->image, true, &why) < 0)
		log_warn("%s", why.text);
	return 0;
}

static int dump(struct checkpoint *c, struct err *e)
{
	const struct criu_start how = {
		.program = c->program, .place = c->place, .state = &c->state
	};
	struct spawned criu;

	int r = criu_start(&how, &criu, NULL, e);
	if (r < 0)
		return r;
	/* Until it is asked to it touches nothing; after that it must not be killed, or the
	 * container's processes would stay as they are then. */
	r = check_criu(c, criu.sock, e);
	if (r < 0) {
		spawn_kill(&criu);
	} else {
		r = ask(c, criu.sock, e);
		criu_end(&criu);
	}
	(void)unlinkat(c->state.dir_fd, STATE_CRIU_DIR, AT_REMOVEDIR); /* `delete` would do it */
	return r;
}
