/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state.c - the state directory. Nothing here trusts what it reads back.
 */
#include "life/state.h"

#include "base/fd.h"
#include "base/sys.h"
#include "base/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

#define STATE_FILE "state.json"
#define CONFIG_FILE "config.json"
#define SECCOMP_DIR "@seccomp"
#define LOCKS_MAX (16u << 20)
#define LOCK_WAIT_MS 30000
#define LOCK_PAUSE_MS 20
#define NOTIFY_WAIT_MS 30000

static int open_root(const struct life *life, bool make, struct err *e);
static int read_state(struct state *s, struct err *e);

int state_reserve(const struct life *life, const char *id, struct state *ret, struct err *e)
{
	struct state s = { .dir_fd = -1 };
	int r = state_check_id(id, e);
	if (r < 0)
		return r;

	_cleanup_close_ int root = open_root(life, true, e);
	if (root < 0)
		return root;
	/* mkdir is what makes the ID unique: of two creates one fails here. */
	if (mkdirat(root, id, 0700) < 0) {
		if (errno == EEXIST)
			return err_say(e, EEXIST, "container with ID '%s' already exists", id);
		return err_set(e, errno, "making state directory '%s/%s'", life->root, id);
	}
	s.dir_fd = openat(root, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (s.dir_fd < 0 || flock(s.dir_fd, LOCK_EX) < 0) {
		r = err_set(e, errno, "opening state directory '%s/%s'", life->root, id);
		(void)unlinkat(root, id, AT_REMOVEDIR); /* what failed matters more */
		fd_close(s.dir_fd);
		return r;
	}
	struct stat st;
	if (fstat(s.dir_fd, &st) < 0 || st.st_nlink == 0) {
		fd_close(s.dir_fd);
		return err_say(
			e, EAGAIN, "container '%s' was deleted while it was being created", id);
	}
	s.id = arena_strdup(&s.arena, id);
	if (!s.id) {
		(void)unlinkat(root, id, AT_REMOVEDIR);
		state_free(&s);
		return err_nomem(e);
	}
	*ret = s;
	return 0;
}

/* IDs become directory names, cgroup names and parts of messages: the peers' alphabet is kept. */
int state_check_id(const char *id, struct err *e)
{
	size_t len = strlen(id);

	if (len == 0)
		return err_say(e, EINVAL, "the container ID is empty");
	if (len > NAME_MAX)
		return err_say(e, EINVAL, "the container ID is longer than %d bytes", NAME_MAX);
	if (str_eq(id, ".") || str_eq(id, ".."))
		return err_say(e, EINVAL, "'%s' is not a container ID", id);
	for (const char *p = id; *p; p++)
		if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
			    (*p >= '0' && *p <= '9') || strchr("_+-.", *p)))
			return err_say(e, EINVAL,
				"container ID '%s': only letters, digits and _ + - . may stand in "
				"it",
				id);
	return 0;
}

static int open_root(const struct life *life, bool make, struct err *e)
{
	int fd = open(life->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT && make) {
		char path[PATH_MAX];
		int n = snprintf(path, sizeof(path), "%s", life->root);
		if (n < 0 || (size_t)n >= sizeof(path))
			return err_set(e, ENAMETOOLONG, "state directory '%s'", life->root);
		for (char *p = path + 1; *p; p++) {
			if (*p != '/')
				continue;
			*p = '\0';
			(void)mkdir(path, 0711); /* open reports what is missing */
			*p = '/';
		}
		(void)mkdir(path, 0700);
		fd = open(life->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (fd < 0)
		return err_set(e, errno, "opening state directory '%s'", life->root);
	return fd;
}

int state_seccomp_cache(const struct life *life)
{
	struct err ignored;
	_cleanup_close_ int root = open_root(life, false, &ignored);

	if (root < 0)
		return -1;
	(void)mkdirat(root, SECCOMP_DIR, 0700); /* openat tells */
	return openat(root, SECCOMP_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int replace_file(int dir_fd, const char *name, const char *text, size_t len)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
	char temporary[64];

	(void)snprintf(temporary, sizeof(temporary), ".%s.new", name);
	_cleanup_close_ int fd = openat(dir_fd, temporary, flags, 0600);
	/* Left by a crash. */
	if (fd < 0 && errno == EEXIST && unlinkat(dir_fd, temporary, 0) == 0)
		fd = openat(dir_fd, temporary, flags, 0600);
	if (fd < 0)
		return -errno;
	int r = fd_write_all(fd, text, len);
	if (r == 0 && renameat(dir_fd, temporary, dir_fd, name) < 0)
		r = -errno;
	if (r < 0)
		(void)unlinkat(dir_fd, temporary, 0);
	return r;
}

int state_save(const struct state *s, struct err *e)
{
	char room[4096];
	struct strbuf b = STRBUF_IN(room);

	state_write(&b, s);
	/* It would not be read back, and the container never be deleted. */
	if (!b.failed && b.len > STATE_TEXT_MAX) {
		strbuf_free(&b);
		return err_say(e, EFBIG,
			"the state of container '%s' would be larger than %u MiB, most of it "
			"annotations",
			s->id, STATE_TEXT_MAX >> 20);
	}
	int r = b.failed ? -ENOMEM : replace_file(s->dir_fd, STATE_FILE, b.text, b.len);
	strbuf_free(&b);
	return r < 0 ? err_set(e, -r, "writing the state of container '%s'", s->id) : 0;
}

int state_save_config(const struct state *s, const struct spec *spec, struct err *e)
{
	int r = replace_file(s->dir_fd, CONFIG_FILE, spec->text, spec->text_len);

	return r < 0 ? err_set(e, -r, "saving the config of container '%s'", s->id) : 0;
}

/* Who holds a lock on that file, by /proc/locks: "1: FLOCK  ADVISORY  WRITE 77 fe:00:1234 0 EOF";
 * 0: that cannot be told. */
static int lock_holder(int fd)
{
	_cleanup_free_ char *text = NULL;
	char *save = NULL;
	struct stat st;

	if (fstat(fd, &st) < 0 || fd_read_file(AT_FDCWD, "/proc/locks", LOCKS_MAX, &text, NULL) < 0)
		return 0;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		unsigned long long inode;
		unsigned major, minor;
		int pid;

		if (sscanf(line, "%*s FLOCK %*s WRITE %d %x:%x:%llu", &pid, &major, &minor,
			    &inode) == 4 &&
			makedev(major, minor) == st.st_dev && inode == st.st_ino && pid > 0)
			return pid;
	}
	return 0;
}

/* flock(2) knows no time; so for who must not wait for ever it is tried again and again. */
static int lock_dir(int fd, const char *id, bool bounded, struct err *e)
{
	const struct timespec pause = { .tv_nsec = LOCK_PAUSE_MS * 1000000L };
	unsigned waited_ms = 0;
	struct stat st;

	while (flock(fd, bounded ? LOCK_EX | LOCK_NB : LOCK_EX) < 0) {
		if (bounded && errno == EWOULDBLOCK && waited_ms < LOCK_WAIT_MS) {
			(void)nanosleep(&pause, NULL); /* a shorter one does no harm */
			waited_ms += LOCK_PAUSE_MS;
			continue;
		}
		if (bounded && errno == EWOULDBLOCK) {
			int pid = lock_holder(fd);
			char who[32] = "another command";

			if (pid > 0)
				(void)snprintf(who, sizeof(who), "process %d", pid);
			return err_say(e, EBUSY,
				"container '%s' is being changed by %s, which has not come to its "
				"end in %d s: end that first",
				id, who, LOCK_WAIT_MS / 1000);
		}
		if (errno != EINTR)
			return err_set(e, errno, "locking the state of container '%s'", id);
	}
	/* Whoever held the lock may have removed the directory. */
	if (fstat(fd, &st) < 0 || st.st_nlink == 0)
		return err_say(e, ENOENT, "container '%s' does not exist", id);
	return 0;
}

int state_load(const struct life *life, const char *id, enum state_lock lock, struct state *ret,
	struct err *e)
{
	struct state s = { .dir_fd = -1 };
	int r = state_check_id(id, e);
	if (r < 0)
		return r;

	_cleanup_close_ int root = open_root(life, false, e);
	if (root == -ENOENT)
		return err_say(e, ENOENT, "container '%s' does not exist", id);
	if (root < 0)
		return root;
	s.dir_fd = openat(root, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (s.dir_fd < 0) {
		if (errno == ENOENT)
			return err_say(e, ENOENT, "container '%s' does not exist", id);
		return err_set(e, errno, "opening state directory '%s/%s'", life->root, id);
	}
	if (lock != STATE_READ) {
		r = lock_dir(s.dir_fd, id, lock == STATE_LOCK_DAMAGED, e);
		if (r < 0)
			goto fail;
	}
	s.id = arena_strdup(&s.arena, id);
	r = s.id ? read_state(&s, e) : err_nomem(e);
	if (r == -EBADMSG && lock == STATE_LOCK_DAMAGED) {
		s.damaged = true;
		r = 0;
	}
	if (r < 0)
		goto fail;
	*ret = s;
	return 0;
fail:
	state_free(&s);
	return r;
}

/* Not waiting for whatever else may have that name, and following no link. */
static int read_regular(
	int dir_fd, const char *name, struct arena *arena, char **ret_text, size_t *ret_len)
{
	struct stat st;

	_cleanup_close_ int fd =
		openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	return S_ISREG(st.st_mode) ? fd_read_arena(fd, STATE_TEXT_MAX, arena, ret_text, ret_len)
				   : -EBADMSG;
}

static int read_state(struct state *s, struct err *e)
{
	char *text;
	size_t len;

	int r = read_regular(s->dir_fd, STATE_FILE, &s->arena, &text, &len);
	if (r == -ENOENT) {
		/* Between mkdir and the first save, or a create that was killed there. */
		s->creating = true;
		s->bundle = s->rootfs = s->created = "";
		return 0;
	}
	if (r == -EFBIG)
		return err_say(e, EBADMSG,
			"the saved state of container '%s' is damaged: it is larger than %u MiB",
			s->id, STATE_TEXT_MAX >> 20);
	if (r < 0)
		return err_set(e, -r, "reading the state of container '%s'", s->id);

	return state_from_json(s, text, len, e);
}

void state_unlock(const struct state *s)
{
	(void)flock(s->dir_fd, LOCK_UN); /* fails for no lock of ours */
}

int state_lock_again(const struct state *s, struct err *e)
{
	return lock_dir(s->dir_fd, s->id, false, e);
}

bool state_is_same(const struct state *s, const struct state *other)
{
	struct stat a, b;

	return fstat(s->dir_fd, &a) == 0 && fstat(other->dir_fd, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

int state_load_config(const struct state *s, struct spec **ret, struct err *e)
{
	return spec_load(s->dir_fd, CONFIG_FILE, ret, e);
}

/* It was mounted into the container, whose root may have put anything there. */
static int remove_notify(const struct state *s, struct err *e)
{
	int r = 0;

	_cleanup_close_ int dir = openat(
		s->dir_fd, STATE_NOTIFY_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0 && errno == ENOENT)
		return 0;
	r = dir < 0 ? -errno : tree_empty(dir, sys_clock_ms() + NOTIFY_WAIT_MS);
	if (r == 0 && unlinkat(s->dir_fd, STATE_NOTIFY_DIR, AT_REMOVEDIR) < 0)
		r = -errno;
	return r < 0 ? err_set(e, -r, "removing " STATE_NOTIFY_DIR " of container '%s'", s->id) : 0;
}

int state_remove(const struct life *life, struct state *s, struct err *e)
{
	/* The state last: what cannot be removed leaves a container that `delete` still knows. */
	static const char *const files[] = { STATE_START_SOCKET, "." CONFIG_FILE ".new",
		CONFIG_FILE, "." STATE_FILE ".new", STATE_FILE };

	int r = remove_notify(s, e);
	if (r < 0)
		return r;
	if (unlinkat(s->dir_fd, STATE_CRIU_DIR, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return err_set(e, errno, "removing " STATE_CRIU_DIR " of container '%s'", s->id);
	for (size_t i = 0; i < ELEMENTS(files); i++)
		if (unlinkat(s->dir_fd, files[i], 0) < 0 && errno != ENOENT)
			return err_set(e, errno, "removing %s of container '%s'", files[i], s->id);
	_cleanup_close_ int root = open_root(life, false, e);
	if (root < 0)
		return root;
	if (unlinkat(root, s->id, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return err_set(e, errno, "removing the state directory of container '%s'", s->id);
	return 0;
}

void state_free(struct state *s)
{
	s->dir_fd = fd_close(s->dir_fd);
	arena_free(&s->arena);
}

/* --- the process --- */

int state_start_time(pid_t pid, uint64_t *ret)
{
	char path[32], text[1024];

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	ssize_t n = read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return -errno; /* ESRCH: it ended between open and read */
	text[n] = '\0';

	/* The name in field 2 may hold anything, also ") R 1": the last bracket ends it. */
	char *p = strrchr(text, ')');
	char status;
	unsigned long long start;
	if (!p || sscanf(p + 1,
			  " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d "
			  "%*d %llu",
			  &status, &start) != 2)
		return -EBADMSG;
	if (status == 'Z' || status == 'X')
		return -ESRCH;
	*ret = start;
	return 0;
}

int state_open_init(const struct state *s)
{
	uint64_t start;

	if (s->pid <= 0)
		return -ESRCH;
	_cleanup_close_ int pidfd = sys_pidfd_open(s->pid);
	if (pidfd < 0)
		return pidfd == -EINVAL ? -ESRCH : pidfd;
	int r = state_start_time(s->pid, &start);
	if (r < 0)
		return r;
	if (start != s->pid_start)
		return -ESRCH;
	return TAKE_FD(pidfd);
}

int state_status(const struct state *s, enum life_status *ret, struct err *e)
{
	uint64_t start = 0;
	bool frozen = false;
	int r = s->pid > 0 ? state_start_time(s->pid, &start) : -ESRCH;

	if (r < 0 && r != -ESRCH)
		return err_set(e, -r, "looking at process %d of container '%s'", s->pid, s->id);
	if (r == -ESRCH || start != s->pid_start) {
		/* A create that died leaves "creating" behind; nobody holds the lock then. */
		bool alive = s->creating && flock(s->dir_fd, LOCK_EX | LOCK_NB) < 0;
		*ret = alive ? LIFE_CREATING : LIFE_STOPPED;
		return 0;
	}
	if (s->creating) {
		*ret = LIFE_CREATING;
		return 0;
	}
	if (s->cgroup) {
		r = cgroup_is_frozen(s->cgroup, &frozen, e);
		if (r < 0)
			return r;
	}
	/* First, since a frozen init answers nobody who connects to it. */
	if (frozen) {
		*ret = LIFE_PAUSED;
		return 0;
	}
	if (!s->started) {
		/* `start` may have been killed before it could save: init itself is asked, which
		 * listens until execve closes its socket. */
		_cleanup_close_ int sock = fd_connect_unix(
			s->dir_fd, STATE_START_SOCKET, SOCK_SEQPACKET | SOCK_NONBLOCK);
		/* EAGAIN: it listens, but is stopped and has not answered those before us. */
		if (sock >= 0 || sock == -EAGAIN) {
			*ret = LIFE_CREATED;
			return 0;
		}
	}
	*ret = LIFE_RUNNING;
	return 0;
}

/* --- what commands ask --- */

const char *life_status_name(enum life_status status)
{
	static const char *const names[] = {
		[LIFE_CREATING] = "creating",
		[LIFE_CREATED] = "created",
		[LIFE_RUNNING] = "running",
		[LIFE_PAUSED] = "paused",
		[LIFE_STOPPED] = "stopped",
	};

	return names[status];
}

/* The rest of a state, its text and the tree of that above all, is not kept for as long as a list is. */
static int keep_strings(const struct state *s, struct container_info *info)
{
	const size_t n = s->annotations.n;
	struct str_pair *v = arena_array(&info->arena, struct str_pair, n);

	info->id = arena_strdup(&info->arena, s->id);
	info->owner = arena_printf(&info->arena, "%u", s->owner);
	info->bundle = arena_strdup(&info->arena, s->bundle);
	info->rootfs = arena_strdup(&info->arena, s->rootfs);
	info->created = arena_strdup(&info->arena, s->created);
	if (!v || !info->id || !info->owner || !info->bundle || !info->rootfs || !info->created)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		v[i].key = arena_strdup(&info->arena, s->annotations.v[i].key);
		v[i].value = arena_strdup(&info->arena, s->annotations.v[i].value);
		if (!v[i].key || !v[i].value)
			return -ENOMEM;
	}
	info->annotations = (struct pair_list){ .n = n, .v = v };
	return 0;
}

int life_info(const struct life *life, const char *id, struct container_info *ret, struct err *e)
{
	struct state s;
	int r = state_load(life, id, STATE_READ, &s, e);
	if (r < 0)
		return r;

	struct container_info info = { 0 };
	r = state_status(&s, &info.status, e);
	if (r == 0 && keep_strings(&s, &info) < 0)
		r = err_nomem(e);
	if (info.status != LIFE_STOPPED)
		info.pid = s.pid;
	state_free(&s);
	if (r < 0)
		life_info_free(&info);
	else
		*ret = info;
	return r;
}

void life_info_free(struct container_info *info)
{
	arena_free(&info->arena);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int life_ids(const struct life *life, struct arena *arena, struct str_list *ret, struct err *e)
{
	struct str_list ids = { 0 };
	size_t room = 64;
	struct err ignored;

	ids.v = arena_array(arena, char *, room);
	if (!ids.v)
		return err_nomem(e);
	int root = open_root(life, false, e);
	if (root == -ENOENT) {
		*ret = ids;
		return 0;
	}
	if (root < 0)
		return root;
	DIR *dir = fdopendir(root);
	if (!dir) {
		int num = errno;
		fd_close(root);
		return err_set(e, num, "reading state directory '%s'", life->root);
	}
	for (struct dirent *d; (d = readdir(dir));) {
		if (state_check_id(d->d_name, &ignored) < 0 ||
			(d->d_type != DT_DIR && d->d_type != DT_UNKNOWN))
			continue;
		/* A create that is under way, or was killed, before its first save is none yet. */
		char file[NAME_MAX + sizeof("/" STATE_FILE)];
		(void)snprintf(file, sizeof(file), "%s/" STATE_FILE, d->d_name);
		if (faccessat(dirfd(dir), file, F_OK, 0) < 0)
			continue;
		if (ids.n + 2 > room) {
			char **more = arena_array(arena, char *, room * 2);
			if (!more)
				goto nomem;
			memcpy(more, ids.v, ids.n * sizeof(*more));
			ids.v = more;
			room *= 2;
		}
		ids.v[ids.n] = arena_strdup(arena, d->d_name);
		if (!ids.v[ids.n])
			goto nomem;
		ids.n++;
	}
	closedir(dir);
	qsort(ids.v, ids.n, sizeof(*ids.v), by_name);
	*ret = ids;
	return 0;
nomem:
	closedir(dir);
	return err_nomem(e);
}
