/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oom.c - hear of processes that were killed for want of memory. See stats.h.
 *
 * v2 counts them in memory.events, below the cgroup as well, and makes the file ready for POLLPRI
 * when anything in it changes. v1 has eventfds, registered by cgroup.event_control, which are told
 * when memory runs out, and when the cgroup goes (cgroup-v1/memory.rst, OOM Control).
 */
#include "base/fd.h"
#include "base/str.h"
#include "cgroup/internal.h"
#include "cgroup/stats.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>

/* The counter oom_kill of memory.events. False: the file, or its cgroup, is gone. */
static bool kills(int fd, uint64_t *ret)
{
	char text[1024], *save = NULL;

	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	if (n <= 0)
		return false;
	text[n] = '\0';
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (str_starts(line, "oom_kill "))
			return str_to_u64(line + strlen("oom_kill "), ret) == 0;
	return false;
}

static int open_v2(int dir_fd, struct oom_watch *w)
{
	w->fd = openat(dir_fd, "memory.events", O_RDONLY | O_CLOEXEC);
	if (w->fd < 0)
		return -errno;
	w->v2 = true;
	w->events = POLLPRI;
	return kills(w->fd, &w->seen) ? 0 : -ENODATA;
}

static int open_v1(int dir_fd, struct oom_watch *w)
{
	char line[64];

	w->control_fd = openat(dir_fd, "memory.oom_control", O_RDONLY | O_CLOEXEC);
	if (w->control_fd < 0)
		return -errno;
	w->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->fd < 0)
		return -errno;
	w->events = POLLIN;
	(void)snprintf(line, sizeof(line), "%d %d", w->fd, w->control_fd);
	return fd_write_file(dir_fd, "cgroup.event_control", line);
}

int oom_watch_open(const struct cgroup *cg, struct oom_watch *ret, struct err *e)
{
	struct oom_watch w = OOM_WATCH_NONE;
	const struct hierarchy *v1 = cgroup_v1_of(cg, "memory"), *h = v1 ? v1 : cgroup_v2(cg);

	*ret = w;
	if (!h)
		return 0;
	_cleanup_close_ int dir = hierarchy_open_leaf(h, e);
	if (dir < 0)
		return dir;
	int r = v1 ? open_v1(dir, &w) : open_v2(dir, &w);
	if (r < 0)
		oom_watch_close(&w);
	/* v2 without the controller, or Linux without CONFIG_MEMCG_V1. */
	if (r < 0 && r != -ENOENT)
		return err_set(
			e, -r, "watching cgroup '%s%s' for want of memory", h->mount, h->path);
	*ret = w;
	return 0;
}

bool oom_watch_read(struct oom_watch *w)
{
	uint64_t now;
	char text[256];

	if (w->fd < 0)
		return false;
	if (w->v2) {
		const uint64_t before = w->seen;
		if (!kills(w->fd, &now)) {
			oom_watch_close(w); /* a file that was removed is ready for ever */
			return false;
		}
		w->seen = now;
		return now > before;
	}
	/* The end of the cgroup is told, too: then its files cannot be read any more. */
	return read(w->fd, &now, sizeof(now)) == (ssize_t)sizeof(now) &&
	       pread(w->control_fd, text, sizeof(text), 0) > 0;
}

void oom_watch_close(struct oom_watch *w)
{
	w->fd = fd_close(w->fd);
	w->control_fd = fd_close(w->control_fd);
}
