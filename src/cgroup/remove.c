/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remove.c - a container's processes listed and signalled, and its cgroup taken away with whatever
 * the container made below it.
 *
 * What is below is hostile: it may be nested to any depth, and grow while we look. So nothing here
 * recurses or holds a descriptor per level, but for the list of processes, whose depth is bounded;
 * and every loop ends with the clock. Never removes or signals anything outside of the container's
 * own directory.
 */
#include "base/fd.h"
#include "base/sys.h"
#include "cgroup/internal.h"
#include "cgroup/scope.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#define LIST_DEPTH_MAX 64
#define BATCH 256 /* pidfds held at a time */

/*
 * Walking.
 */

/* Open the directory at dir_fd for reading its entries; dir_fd stays the caller's. */
static DIR *dir_open(int dir_fd)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir)
		(void)fd_close(fd);
	return dir;
}

static void dir_closep(DIR **dir)
{
	if (*dir)
		(void)closedir(*dir);
}

/* The next cgroup below, or NULL. */
static const char *dir_next(DIR *dir)
{
	for (;;) {
		const struct dirent *d = readdir(dir);
		if (!d)
			return NULL;
		if (d->d_type == DT_DIR && !str_eq(d->d_name, ".") && !str_eq(d->d_name, ".."))
			return d->d_name;
	}
}

/*
 * Listing.
 */

static int list_add(struct pid_list *list, pid_t pid)
{
	if (list->n == list->room) {
		size_t room = list->room ? list->room * 2 : 64;
		pid_t *moved = realloc(list->v, room * sizeof(*moved));
		if (!moved)
			return -ENOMEM;
		list->v = moved;
		list->room = room;
	}
	list->v[list->n++] = pid;
	return 0;
}

/* The processes of one directory. pid 0 is one outside of our pid namespace. */
static int collect_here(int dir_fd, struct pid_list *list)
{
	char line[32];

	int fd = openat(dir_fd, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "r");
	if (!f) {
		int r = -errno;
		(void)fd_close(fd);
		return r;
	}
	int r = 0;
	errno = 0;
	while (r == 0 && fgets(line, sizeof(line), f)) {
		uint32_t pid;
		line[strcspn(line, "\n")] = '\0';
		if (str_to_u32(line, &pid) == 0 && pid > 0 && pid <= INT32_MAX)
			r = list_add(list, (pid_t)pid);
	}
	/* EOPNOTSUPP: a threaded cgroup's processes are listed by the one above. ENODEV: it is
	 * gone. */
	if (r == 0 && ferror(f) && errno != EOPNOTSUPP && errno != ENODEV)
		r = -errno;
	(void)fclose(f);
	return r;
}

/*
 * Visit the cgroup at dir_fd and all below it, the upper ones first. What is too deep is left out, and
 * -ELOOP when all others are done.
 */
static int visit_all(
	int dir_fd, int (*visit)(int dir_fd, struct pid_list *list), struct pid_list *list)
{
	DIR *stack[LIST_DEPTH_MAX];
	size_t depth = 0;
	bool too_deep = false;

	int r = visit(dir_fd, list);
	if (r == 0) {
		stack[0] = dir_open(dir_fd);
		if (stack[0])
			depth = 1;
		else
			r = -errno;
	}
	while (depth > 0) {
		DIR *dir = stack[depth - 1];
		const char *name = r == 0 ? dir_next(dir) : NULL;
		if (!name) {
			(void)closedir(dir);
			depth--;
			continue;
		}
		_cleanup_close_ int fd = hierarchy_open_below(dirfd(dir), name);
		if (fd == -ENOENT)
			continue;
		r = fd < 0 ? fd : visit(fd, list);
		if (r == -ENOENT || r == -ENODEV) {
			r = 0;
			continue;
		}
		if (r == 0 && depth == LIST_DEPTH_MAX) {
			too_deep = true;
		} else if (r == 0) {
			stack[depth] = dir_open(fd);
			if (stack[depth])
				depth++;
		}
	}
	return r == 0 && too_deep ? -ELOOP : r;
}

void cgroup_end_frozen(const struct cgroup *cg)
{
	const struct hierarchy *v1 = cgroup_v1_of(cg, "freezer");
	_cleanup_close_ int fd = v1 && cg->made ? hierarchy_open_leaf(v1, NULL) : -1;

	if (fd >= 0)
		(void)remove_below(v1, fd, sys_clock_ms() + CGROUP_WAIT_MS, NULL);
}

static int thaw_here(int dir_fd, struct pid_list *none)
{
	(void)fd_write_file(dir_fd, "freezer.state", "THAWED");
	return 0;
}

void thaw_below(int dir_fd)
{
	(void)visit_all(dir_fd, thaw_here, NULL); /* what stays frozen is told by the next wait */
}

int pids_collect(int dir_fd, bool deep, struct pid_list *list, struct err *e)
{
	int r = deep ? visit_all(dir_fd, collect_here, list) : collect_here(dir_fd, list);

	if (r == -ELOOP)
		return err_say(e, ELOOP, "the container has cgroups nested deeper than %d",
			LIST_DEPTH_MAX);
	return r < 0 ? err_set(e, -r, "listing the processes of a cgroup") : 0;
}

/* The hierarchy that tells best which processes are the container's. */
static const struct hierarchy *primary(const struct cgroup *cg)
{
	const struct hierarchy *h = cgroup_v2(cg);

	if (!h)
		h = cgroup_v1_of(cg, "freezer");
	if (!h)
		h = cgroup_v1_of(cg, "devices");
	return h ? h : &cg->h[0];
}

int cgroup_pids(const struct cgroup *cg, pid_t **ret, size_t *ret_n, struct err *e)
{
	struct pid_list list = { 0 };

	if (cg->n == 0)
		return err_say(
			e, ENOTSUP, "this container has no cgroup that would tell its processes");
	_cleanup_close_ int fd = hierarchy_open_leaf(primary(cg), e);
	if (fd < 0)
		return fd;
	int r = pids_collect(fd, true, &list, e);
	if (r < 0) {
		free(list.v);
		return r;
	}
	*ret = list.v;
	*ret_n = list.n;
	return 0;
}

/*
 * Signalling.
 */

static int compare_pids(const void *a, const void *b)
{
	const pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

static bool list_has(const struct pid_list *list, pid_t pid)
{
	return list->n > 0 && bsearch(&pid, list->v, list->n, sizeof(pid), compare_pids);
}

/*
 * Signal n processes of the cgroup. A number read from cgroup.procs may be somebody else's by the
 * time it is used: so each is pinned by a pidfd, and signalled only if the cgroup, read once more,
 * still has that number. With deadline_ms, wait until they have ended.
 */
static int signal_batch(int dir_fd, bool deep, const pid_t *pids, size_t n, int sig,
	int64_t deadline_ms, struct err *e)
{
	struct pollfd fds[BATCH];
	struct pid_list again = { 0 };
	int r;

	for (size_t i = 0; i < n; i++)
		fds[i] = (struct pollfd){ .fd = sys_pidfd_open(pids[i]), .events = POLLIN };
	r = pids_collect(dir_fd, deep, &again, e);
	if (r == 0)
		qsort(again.v, again.n, sizeof(*again.v), compare_pids);
	for (size_t i = 0; i < n && r == 0; i++) {
		if (fds[i].fd < 0 || !list_has(&again, pids[i])) {
			fds[i].fd = fd_close(fds[i].fd);
			continue;
		}
		int sent = sys_pidfd_send_signal(fds[i].fd, sig);
		if (sent < 0 && sent != -ESRCH)
			r = err_set(e, -sent, "sending signal %d to process %d", sig, (int)pids[i]);
	}
	for (size_t i = 0; i < n; i++) {
		while (r == 0 && deadline_ms > 0 && fds[i].fd >= 0) {
			int64_t left = deadline_ms - sys_clock_ms();
			if (left <= 0 || poll(&fds[i], 1, (int)left) != 0)
				break;
		}
		(void)fd_close(fds[i].fd);
	}
	free(again.v);
	return r;
}

/* Signal all processes of the cgroup once. *ret_n: how many there were. */
static int signal_all(
	int dir_fd, bool deep, int sig, int64_t deadline_ms, size_t *ret_n, struct err *e)
{
	struct pid_list list = { 0 };
	int r = pids_collect(dir_fd, deep, &list, e);

	for (size_t i = 0; i < list.n && r == 0; i += BATCH) {
		size_t n = list.n - i < BATCH ? list.n - i : BATCH;
		r = signal_batch(dir_fd, deep, list.v + i, n, sig, deadline_ms, e);
	}
	if (r == 0)
		*ret_n = list.n;
	free(list.v);
	return r;
}

/*
 * SIGKILL where there is no cgroup.kill: processes may fork while the list is read, so they are
 * frozen if that is possible, and all is repeated until nobody is left.
 */
static int kill_by_list(const struct cgroup *cg, int fd, struct err *e)
{
	const struct hierarchy *freezer = cgroup_v1_of(cg, "freezer");
	const int64_t deadline = sys_clock_ms() + CGROUP_WAIT_MS;
	size_t n = 1;
	int r = 0;

	_cleanup_close_ int freezer_fd = freezer ? hierarchy_open_leaf(freezer, NULL) : -1;
	for (unsigned i = 0; r == 0 && n > 0 && sys_clock_ms() < deadline; i++) {
		/* Without waiting for FROZEN: already on the way there nobody forks much. */
		if (freezer_fd >= 0)
			(void)fd_write_file(freezer_fd, "freezer.state", "FROZEN");
		r = signal_all(fd, true, SIGKILL, 0, &n, e);
		if (freezer_fd >= 0)
			thaw_below(freezer_fd);
		if (r == 0 && n > 0)
			r = signal_all(fd, true, SIGKILL, deadline, &n, e);
	}
	if (r == 0 && n > 0)
		r = err_say(e, ETIMEDOUT,
			"cgroup '%s' still has %zu processes %d s after they were killed", cg->path,
			n, CGROUP_WAIT_MS / 1000);
	return r;
}

int cgroup_kill(const struct cgroup *cg, int sig, struct err *e)
{
	size_t n;
	int r;

	if (cg->n == 0)
		return err_say(
			e, ENOTSUP, "this container has no cgroup that would tell its processes");
	if (!cg->made)
		return 0; /* whoever is in there is somebody else's */
	const struct hierarchy *h = primary(cg);
	_cleanup_close_ int fd = hierarchy_open_leaf(h, e);
	if (fd < 0)
		return fd;
	if (sig == SIGKILL) {
		r = h->v2 ? fd_write_file(fd, "cgroup.kill", "1") : -ENOENT;
		if (r < 0)
			r = kill_by_list(cg, fd, e);
		/* v2's frozen processes die as they are; v1's have to wake up for it. */
		cgroup_thaw_all(cg);
		return r;
	}
	return signal_all(fd, true, sig, 0, &n, e);
}

/*
 * Removing.
 */

/* Nothing can be removed that has processes: end those of this one directory. */
static int empty_here(const struct hierarchy *h, int fd, int64_t deadline, struct err *e)
{
	size_t n;

	if (hierarchy_has(h, "freezer"))
		(void)fd_write_file(fd, "freezer.state", "THAWED");
	return signal_all(fd, false, SIGKILL, deadline, &n, e);
}

/* Down into the first child that cannot be removed, up again by ".." when none is left. */
int remove_below(const struct hierarchy *h, int dir_fd, int64_t deadline, struct err *e)
{
	unsigned depth = 0;
	int r;

	_cleanup_close_ int cur = hierarchy_open_below(dir_fd, "");
	if (cur < 0)
		return err_set(e, -cur, "opening cgroup '%s%s'", h->mount, h->path);
	for (;;) {
		if (sys_clock_ms() > deadline)
			return -ETIMEDOUT;
		_cleanup_(dir_closep) DIR *dir = dir_open(cur);
		const char *name = dir ? dir_next(dir) : NULL;
		if (name && unlinkat(cur, name, AT_REMOVEDIR) == 0)
			continue;
		int next;
		if (name) {
			next = hierarchy_open_below(cur, name);
			if (next == -ENOENT)
				continue;
			depth++;
			if (next >= 0)
				(void)empty_here(h, next, deadline, NULL); /* or rmdir says it */
		} else if (depth > 0) {
			next = openat(cur, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
			next = next < 0 ? -errno : next;
			depth--;
		} else {
			return 0;
		}
		if (next < 0) {
			r = err_set(e, -next, "opening a cgroup below '%s%s'", h->mount, h->path);
			return r;
		}
		(void)fd_close(cur);
		cur = next;
	}
}

/* End the processes of the whole subtree, and wait for it. */
static int empty_subtree(
	const struct cgroup *cg, const struct hierarchy *h, int fd, int64_t deadline, struct err *e)
{
	size_t n = 0;
	int r;

	if (h->v2) {
		r = events_wait(fd, "populated", '0', 0);
		if (r != -ETIMEDOUT)
			return 0; /* empty, or something that rmdir will tell */
		if (fd_write_file(fd, "cgroup.kill", "1") == 0) {
			cgroup_thaw_all(cg);
			(void)events_wait(fd, "populated", '0', deadline);
			return 0;
		}
	}
	/* Thawed only when they have it: they could freeze each other once more. */
	r = signal_all(fd, true, SIGKILL, 0, &n, e);
	cgroup_thaw_all(cg);
	if (r == 0 && n > 0)
		r = signal_all(fd, true, SIGKILL, deadline, &n, e);
	return r == -ELOOP ? 0 : r; /* remove_below goes deeper */
}

/*
 * The leaf, and what else we made above it if nobody uses that. deadline 0: one try, and -EBUSY or
 * -ENOTEMPTY without words where something is left in the leaf.
 */
static int remove_dirs(struct hierarchy *h, int root, int64_t deadline, struct err *e)
{
	char path[CGROUP_PATH_MAX + 2];
	struct stat st;
	int r = 0;

	(void)snprintf(path, sizeof(path), "%s", h->path);
	for (bool leaf = true; leaf || h->made > 0; leaf = false) {
		char *name = strrchr(path, '/');
		*name++ = '\0';
		_cleanup_close_ int above = *path ? hierarchy_open_below(root, path + 1) : -1;
		const int parent = *path ? above : root;
		r = parent < 0 ? parent : 0;
		if (r == 0 && leaf && h->inode != 0 &&
			fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			st.st_ino != h->inode)
			return 0; /* ours went before, and somebody else has the name by now */
		while (r == 0 && unlinkat(parent, name, AT_REMOVEDIR) < 0) {
			if (deadline == 0 && leaf && (errno == EBUSY || errno == ENOTEMPTY))
				return -errno;
			/*
			 * The last process has ended, but the kernel takes it out of its cgroup a
			 * moment later; of that it tells nobody on v1.
			 */
			r = errno == EBUSY && leaf && sys_clock_ms() < deadline ? 0 : -errno;
			if (r == 0)
				pause_ms(1);
		}
		if (h->made > 0)
			h->made--;
		if (r == -ENOENT)
			r = 0;
		if (r < 0 && leaf)
			return err_set(e, -r, "removing cgroup '%s%s'", h->mount, h->path);
		if (r < 0)
			return 0; /* another container's directory stands there by now */
	}
	return 0;
}

/*
 * A create that was killed on the way may have made it, or may have found one that is in use: what
 * is empty goes, and nobody in it is touched.
 */
static int remove_planned(const struct hierarchy *h, int root, struct err *e)
{
	char path[CGROUP_PATH_MAX + 2];

	(void)snprintf(path, sizeof(path), "%s", h->path);
	char *name = strrchr(path, '/');
	*name++ = '\0';
	_cleanup_close_ int parent = hierarchy_open_below(root, path + (*path == '/'));
	if (parent == -ENOENT)
		return 0;
	if (parent < 0)
		return err_set(
			e, -parent, "opening the parent of cgroup '%s%s'", h->mount, h->path);
	if (unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT && errno != EBUSY &&
		errno != ENOTEMPTY)
		return err_set(e, errno, "removing cgroup '%s%s'", h->mount, h->path);
	return 0;
}

static int hierarchy_remove(
	const struct cgroup *cg, struct hierarchy *h, bool others, int64_t deadline, struct err *e)
{
	int r;

	_cleanup_close_ int root = hierarchy_open_root(h, e);
	if (root < 0)
		return root;
	/* A scope without a process systemd takes away itself. */
	if (!cg->made && !cg->creating)
		return cg->scope && scope_is_in(h) ? 0 : remove_planned(h, root, e);
	/* Under another's unit nobody is killed: who is in there may be that unit's. */
	if (others) {
		(void)remove_dirs(h, root, 0, NULL); /* what is in use is not ours alone */
		return 0;
	}
	/* What this very process found there, and did not make, is not its to remove. */
	const bool keep_leaf = cg->creating && h->made == 0 && !cg->scope;
	/* Mostly nobody is left, and nothing below: rmdir knows that better than we could. */
	r = keep_leaf ? -EBUSY : remove_dirs(h, root, 0, e);
	if (r != -EBUSY && r != -ENOTEMPTY)
		return r;
	_cleanup_close_ int fd = hierarchy_open_below(root, h->path + 1);
	if (fd < 0 && fd != -ENOENT)
		return err_set(e, -fd, "opening cgroup '%s%s'", h->mount, h->path);
	if (fd >= 0 && !hierarchy_is_same(h, fd))
		return 0; /* ours went before, and somebody else has the name by now */
	r = fd < 0 ? 0 : empty_subtree(cg, h, fd, deadline, e);
	if (fd >= 0 && r == 0)
		r = remove_below(h, fd, deadline, e);
	if (r == -ETIMEDOUT)
		return err_say(e, ETIMEDOUT,
			"removing cgroup '%s%s': it still has processes %d s after they were "
			"killed",
			h->mount, h->path, CGROUP_WAIT_MS / 1000);
	if (r < 0)
		return r;
	return keep_leaf ? 0 : remove_dirs(h, root, deadline, e);
}

/* Is there a cgroup at the container's path, and another one than the container's? */
static bool is_others(const struct hierarchy *h)
{
	_cleanup_close_ int fd = hierarchy_open(h, h->path, NULL);

	return fd >= 0 && !hierarchy_is_same(h, fd);
}

int cgroup_remove(struct cgroup *cg, struct err *e)
{
	const int64_t deadline = sys_clock_ms() + CGROUP_WAIT_MS;
	int ret = 0;

	scope_settle(cg);
	/* The unit, then, was stopped and another one started under its name. */
	const bool others = cg->scope && is_others(scope_hierarchy(cg));
	/* v2 first: its cgroup.kill empties the others too. One that fails does not keep
	 * the rest. */
	for (int v2 = 1; v2 >= 0; v2--) {
		for (size_t i = 0; i < cg->n; i++) {
			if (cg->h[i].v2 != (v2 == 1))
				continue;
			int r = hierarchy_remove(
				cg, &cg->h[i], others, deadline, ret == 0 ? e : NULL);
			if (r < 0 && ret == 0)
				ret = r;
		}
	}
	if (cg->scope && cg->made && !others && ret == 0)
		ret = scope_stop(cg, e);
	return ret;
}
