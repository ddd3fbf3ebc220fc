/* SPDX-License-Identifier: Apache-2.0 */
/*
 * freeze.c - stop and wake all processes of a container at once.
 *
 * v2's freezer is used wherever v2 is mounted, on hybrid hosts too: it is atomic, also against
 * forks, and its processes can be killed. v1's freezer is for hosts of v1 alone; what somebody else
 * froze by it is seen and thawed all the same.
 */
#include "base/fd.h"
#include "base/sys.h"
#include "cgroup/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <time.h>

void pause_ms(int ms)
{
	const struct timespec t = { .tv_nsec = ms * 1000000L };

	(void)nanosleep(&t, NULL); /* a shorter pause does no harm */
}

/* The value in line "<key> <value>" of a flat keyed file; '\0' if it is not there. */
static char keyed_value(const char *text, const char *key)
{
	const size_t len = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, len) == 0 && line[len] == ' ')
			return line[len + 1];
	}
	return '\0';
}

int events_wait(int dir_fd, const char *key, char value, int64_t deadline_ms)
{
	char text[256];

	_cleanup_close_ int fd = openat(dir_fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	for (;;) {
		/* A change after this read makes the file ready, so none is missed. */
		ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
		if (n < 0)
			return -errno;
		text[n] = '\0';
		if (keyed_value(text, key) == value)
			return 0;
		int64_t left = deadline_ms - sys_clock_ms();
		if (left <= 0)
			return -ETIMEDOUT;
		struct pollfd p = { .fd = fd, .events = POLLPRI };
		if (poll(&p, 1, (int)left) < 0 && errno != EINTR)
			return -errno;
	}
}

static int freeze_v2(const struct hierarchy *h, bool frozen, struct err *e)
{
	_cleanup_close_ int fd = hierarchy_open_leaf(h, e);
	if (fd < 0)
		return fd;
	int r = fd_write_file(fd, "cgroup.freeze", frozen ? "1" : "0");
	if (r == 0 && frozen)
		r = events_wait(fd, "frozen", '1', sys_clock_ms() + CGROUP_WAIT_MS);
	if (r < 0 && frozen)
		(void)fd_write_file(fd, "cgroup.freeze", "0"); /* never half frozen */
	if (r < 0)
		return err_set(e, -r, "%s cgroup '%s%s'", frozen ? "freezing" : "thawing", h->mount,
			h->path);
	return 0;
}

/*
 * v1 goes by way of FREEZING, and stays there while processes fork or are added: reading the state
 * tries again, and a thaw now and then lets what blocks it pass.
 */
static int freeze_v1(const struct hierarchy *h, bool frozen, struct err *e)
{
	const int64_t deadline = sys_clock_ms() + CGROUP_WAIT_MS;
	int r = 0;

	_cleanup_close_ int fd = hierarchy_open_leaf(h, e);
	if (fd < 0)
		return fd;
	if (!frozen) {
		r = fd_write_file(fd, "freezer.state", "THAWED");
		return r < 0 ? err_set(e, -r, "thawing cgroup '%s%s'", h->mount, h->path) : 0;
	}
	for (unsigned i = 1;; i++) {
		_cleanup_free_ char *state = NULL;
		r = fd_write_file(fd, "freezer.state", "FROZEN");
		if (r == 0)
			r = fd_read_file(fd, "freezer.state", CGROUP_FILE_MAX, &state, NULL);
		if (r == 0 && str_starts(state, "FROZEN"))
			return 0;
		if (r == 0 && sys_clock_ms() > deadline)
			r = -ETIMEDOUT;
		if (r < 0)
			break;
		if (i % 50 == 0)
			(void)fd_write_file(fd, "freezer.state", "THAWED");
		if (i > 10)
			pause_ms(1);
	}
	(void)fd_write_file(fd, "freezer.state", "THAWED"); /* never half frozen */
	return err_set(e, -r, "freezing cgroup '%s%s'", h->mount, h->path);
}

int cgroup_freeze(const struct cgroup *cg, bool frozen, struct err *e)
{
	const struct hierarchy *v2 = cgroup_v2(cg), *v1 = cgroup_v1_of(cg, "freezer");
	int r = 0;

	if (cg->manager == CGROUP_DISABLED)
		return err_say(e, ENOTSUP, "this container has no cgroup, and so cannot be %s",
			frozen ? "paused" : "resumed");
	if (!v2 && !v1)
		return err_say(e, ENOTSUP, "this host has no freezer for cgroups");
	if (!frozen && v1)
		r = freeze_v1(v1, false, e);
	if (r == 0 && v2)
		r = freeze_v2(v2, frozen, e);
	else if (r == 0 && frozen)
		r = freeze_v1(v1, true, e);
	return r;
}

void cgroup_thaw_all(const struct cgroup *cg)
{
	const struct hierarchy *v2 = cgroup_v2(cg), *v1 = cgroup_v1_of(cg, "freezer");

	_cleanup_close_ int fd = v1 ? hierarchy_open_leaf(v1, NULL) : -1;
	if (fd >= 0)
		thaw_below(fd);
	if (v2)
		(void)freeze_v2(v2, false, NULL);
}

/* Does file of the container's directory show it frozen? A directory that is gone is not. */
static int read_frozen(const struct hierarchy *h, const char *file, bool *ret, struct err *e)
{
	_cleanup_text_ struct text text = { 0 };
	_cleanup_close_ int opened = h->leaf_fd < 0 ? hierarchy_open_leaf(h, e) : -1;
	const int fd = h->leaf_fd < 0 ? opened : h->leaf_fd;

	int r = fd < 0 ? fd : fd_read_text(fd, file, CGROUP_FILE_MAX, &text);
	if (r == -ENOENT || r == -ENODEV) {
		*ret = false;
		return 0;
	}
	if (r < 0)
		return fd < 0 ? r
			      : err_set(e, -r, "reading %s of cgroup '%s%s'", file, h->mount,
					h->path);
	*ret = h->v2 ? keyed_value(text.s, "frozen") == '1' : str_starts(text.s, "FR");
	return 0;
}

int cgroup_is_frozen(const struct cgroup *cg, bool *ret, struct err *e)
{
	const struct hierarchy *v2 = cgroup_v2(cg), *v1 = cgroup_v1_of(cg, "freezer");
	bool frozen = false;
	int r = 0;

	if (v2)
		r = read_frozen(v2, "cgroup.events", &frozen, e);
	if (r == 0 && v1 && !frozen)
		r = read_frozen(v1, "freezer.state", &frozen, e);
	if (r == 0)
		*ret = frozen;
	return r;
}

/* Is cgroup `of`, or one above it, to be frozen? Not all in it may be so yet, or ever will. */
static int will_freeze(const struct hierarchy *v2, const char *of, bool *ret, struct err *e)
{
	char path[CGROUP_PATH_MAX + 2];
	bool frozen = false;

	(void)snprintf(path, sizeof(path), "%s", of);
	for (char *end; !frozen && (end = strrchr(path, '/')); *end = '\0') {
		_cleanup_text_ struct text text = { 0 };
		_cleanup_close_ int fd = hierarchy_open(v2, path, NULL);
		int r = fd < 0 ? fd : fd_read_text(fd, "cgroup.freeze", CGROUP_FILE_MAX, &text);
		/* ENOENT: the root has none, or it is gone. */
		if (r < 0 && r != -ENOENT && r != -ENODEV)
			return err_set(
				e, -r, "reading cgroup.freeze of cgroup '%s%s'", v2->mount, path);
		frozen = r == 0 && text.s[0] == '1';
	}
	*ret = frozen;
	return 0;
}

int cgroup_will_freeze(const struct cgroup *cg, bool *ret, struct err *e)
{
	const struct hierarchy *v2 = cgroup_v2(cg);

	*ret = false;
	return v2 ? will_freeze(v2, v2->path, ret, e) : 0;
}

int cgroup_will_freeze_process(int pid_proc_fd, bool *ret, struct err *e)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	struct hierarchy *h;
	bool frozen = false;
	size_t n = 0;

	int r = hierarchies_of(pid_proc_fd, &arena, &h, &n, e);
	for (size_t i = 0; i < n && r == 0 && !frozen; i++) {
		if (!h[i].own)
			continue;
		if (h[i].v2) {
			r = will_freeze(&h[i], h[i].own, &frozen, e);
		} else if (hierarchy_has(&h[i], "freezer")) {
			_cleanup_text_ struct text text = { 0 };
			_cleanup_close_ int fd = hierarchy_open(&h[i], h[i].own, NULL);
			/* FREEZING, FROZEN: also by one above. The root has no such file. */
			frozen = fd >= 0 &&
				 fd_read_text(fd, "freezer.state", CGROUP_FILE_MAX, &text) == 0 &&
				 str_starts(text.s, "FR");
		}
	}
	if (r == 0)
		*ret = frozen;
	return r;
}

/* freezer_attach(): who comes into a cgroup that is not frozen is thawed, and the root never is. */
void cgroup_let_die(const struct cgroup *cg, pid_t pid)
{
	const struct hierarchy *v1 = cgroup_v1_of(cg, "freezer");
	_cleanup_close_ int root = v1 ? hierarchy_open_root(v1, NULL) : -1;
	char text[16];

	(void)snprintf(text, sizeof(text), "%d", (int)pid);
	if (root >= 0)
		(void)fd_write_file(root, "cgroup.procs", text);
}

const char *cgroup_freezer(const struct cgroup *cg, struct arena *arena)
{
	const struct hierarchy *v2 = cgroup_v2(cg), *v1 = cgroup_v1_of(cg, "freezer");
	const struct hierarchy *h = v2 ? v2 : v1;

	if (cg->manager == CGROUP_DISABLED || !h)
		return NULL;
	return arena_printf(arena, "%s%s", h->mount, h->path);
}

const char *cgroup_v2_mount(const struct cgroup *cg)
{
	const struct hierarchy *v2 = cg ? cgroup_v2(cg) : NULL;

	return v2 ? v2->mount : NULL;
}

bool cgroup_v2_alone(const struct cgroup *cg)
{
	return cg && cg->manager != CGROUP_DISABLED && cgroup_pure_v2(cg);
}
