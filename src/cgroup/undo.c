/* SPDX-License-Identifier: Apache-2.0 */
/*
 * undo.c - what a cgroup's files held before an update wrote to them, so that an update that fails
 * half way leaves every limit as it was.
 *
 * Each value is read right before its file is written, and put back in reverse order: so every
 * state on the way back is one that the kernel took on the way there. Never touches a file that the
 * update did not write.
 */
#include "base/fd.h"
#include "cgroup/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

enum undo_kind {
	UNDO_FILE,       /* write text to file */
	UNDO_DEVICES_V1, /* text is devices.list */
	UNDO_DEVBPF,     /* attach another program in the place of ours */
};

struct undo_item {
	enum undo_kind kind;
	int dir_fd; /* the caller's */
	const struct hierarchy *h;
	char *file, *text; /* malloc'ed */
	char *effective;   /* what an empty list of a cpuset stood for, malloc'ed; NULL: no such */
	struct devbpf_swap swap;
};

/* Files with a line for each device or resource, and what takes such a line away. */
static const struct keyed {
	const char *prefix, *nothing;
} keyed_files[] = {
	{ "io.max", "rbps=max wbps=max riops=max wiops=max" },
	{ "io.latency", "target=0" },
	{ "io.weight", "default" },
	{ "io.bfq.weight", "default" },
	{ "rdma.max", "hca_handle=max hca_object=max" },
	{ "misc.max", "max" },
	{ "dmem.", "max" },
	{ "blkio.", "0" },
	{ "net_prio.ifpriomap", "0" },
};

static struct undo_item *new_item(struct undo *u)
{
	if (u->n == u->room) {
		size_t room = u->room ? u->room * 2 : 16;
		struct undo_item *moved = realloc(u->v, room * sizeof(*moved));
		if (!moved)
			return NULL;
		u->v = moved;
		u->room = room;
	}
	u->v[u->n] = (struct undo_item){ .swap = { -1, -1 } };
	return &u->v[u->n];
}

/* The line that begins with the word of this length at key; NULL: there is none. */
static const char *line_of(const char *text, const char *key, size_t len)
{
	for (const char *line = text; *line;) {
		if (strncmp(line, key, len) == 0 && line[len] == ' ')
			return line;
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	return NULL;
}

/* What has to be written to have the file's value back; malloc'ed. */
static char *restore_text(const char *file, const char *old, const char *written)
{
	const size_t len = strcspn(written, " \n");
	const char *from = old;
	char *text = NULL;

	for (size_t i = 0; written[len] == ' ' && i < ELEMENTS(keyed_files); i++) {
		if (!str_starts(file, keyed_files[i].prefix))
			continue;
		from = line_of(old, written, len);
		if (!from)
			return asprintf(&text, "%.*s %s", (int)len, written,
				       keyed_files[i].nothing) < 0
				       ? NULL
				       : text;
		break;
	}
	size_t end = strcspn(from, "\n");
	if (str_eq(file, "memory.oom_control")) { /* "oom_kill_disable 0" */
		from += strcspn(from, " \n");
		from += *from == ' ';
		end = strcspn(from, "\n");
	} else if (str_eq(file, "cpuset.cpus.partition")) { /* "root invalid (...)" */
		end = strcspn(from, " \n");
	}
	/* An empty list is written as an empty line: a write of nothing never reaches the file. */
	return end > 0 ? strndup(from, end) : strdup("\n");
}

/* 0, also for a file that cannot be read, as it is a command and holds nothing: *ret is NULL. */
static int read_old(int dir_fd, const char *file, char **ret)
{
	struct stat st;
	int r = fd_read_file(dir_fd, file, CGROUP_FILE_MAX, ret, NULL);

	if (r < 0 && fstatat(dir_fd, file, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		!(st.st_mode & S_IRUSR)) {
		*ret = NULL;
		return 0;
	}
	return r;
}

/* v2: the CPUs or nodes that an empty list stands for; NULL: it is none. malloc'ed. */
static char *effective_list(int dir_fd, const char *file, const char *text)
{
	char name[64], *list = NULL;

	if (!str_eq(text, "\n") || !(str_eq(file, "cpuset.cpus") || str_eq(file, "cpuset.mems")))
		return NULL;
	(void)snprintf(name, sizeof(name), "%s.effective", file);
	if (fd_read_file(dir_fd, name, CGROUP_FILE_MAX, &list, NULL) < 0)
		return NULL;
	return list;
}

static void item_free(struct undo_item *item)
{
	free(item->file);
	free(item->text);
	free(item->effective);
	(void)fd_close(item->swap.old);
	(void)fd_close(item->swap.now);
}

int undo_write(
	struct undo *u, const struct hierarchy *h, int dir_fd, const char *file, const char *text)
{
	_cleanup_free_ char *old = NULL;
	int r = read_old(dir_fd, file, &old);

	if (r < 0 || !old)
		return r < 0 ? r : fd_write_file(dir_fd, file, text);
	struct undo_item *item = new_item(u);
	if (!item)
		return -ENOMEM;
	item->kind = UNDO_FILE;
	item->dir_fd = dir_fd;
	item->h = h;
	item->file = strdup(file);
	item->text = restore_text(file, old, text);
	if (item->text)
		item->effective = effective_list(dir_fd, file, item->text);
	r = item->file && item->text ? fd_write_file(dir_fd, file, text) : -ENOMEM;
	if (r < 0) {
		item_free(item);
		return r;
	}
	u->n++;
	return 0;
}

int undo_devices_v1(struct undo *u, const struct hierarchy *h, int dir_fd, struct err *e)
{
	_cleanup_free_ char *list = NULL;
	int r = fd_read_file(dir_fd, "devices.list", CGROUP_FILE_MAX, &list, NULL);

	if (r < 0)
		return err_set(e, -r, "reading devices.list of cgroup '%s%s'", h->mount, h->path);
	/* The list of what is denied where all is allowed cannot be read back. */
	if (str_starts(list, "a "))
		return err_say(e, ENOTSUP,
			"/linux/resources/devices: cgroup v1 does not tell which devices a "
			"container that may use all others is denied, so its device rules cannot "
			"be updated");
	struct undo_item *item = new_item(u);
	if (!item)
		return err_nomem(e);
	item->kind = UNDO_DEVICES_V1;
	item->dir_fd = dir_fd;
	item->h = h;
	item->text = TAKE_PTR(list);
	u->n++;
	return 0;
}

int undo_devbpf(struct undo *u, const struct hierarchy *h, int dir_fd, struct devbpf_swap **ret,
	struct err *e)
{
	struct undo_item *item = new_item(u);

	if (!item)
		return err_nomem(e);
	item->kind = UNDO_DEVBPF;
	item->dir_fd = dir_fd;
	item->h = h;
	u->n++;
	*ret = &item->swap;
	return 0;
}

static int restore(const struct undo_item *item)
{
	int r;

	switch (item->kind) {
	case UNDO_FILE:
		r = fd_write_file(item->dir_fd, item->file, item->text);
		/* A cpuset with processes gets no empty list: what it stood for is the same. */
		if (r == -ENOSPC && item->effective)
			r = fd_write_file(item->dir_fd, item->file, item->effective);
		return r;
	case UNDO_DEVICES_V1:
		return devices_v1_restore(item->dir_fd, item->text);
	case UNDO_DEVBPF:
		return devbpf_restore(item->dir_fd, &item->swap);
	}
	return 0;
}

void undo_all(const struct undo *u, struct err *e)
{
	for (size_t i = u->n; i > 0; i--) {
		const struct undo_item *item = &u->v[i - 1];
		int r = restore(item);
		if (r == 0 || !e)
			continue;
		/* What failed first stays in front; then what is not as it was. */
		const struct err first = *e;
		(void)err_set(e, -r, "%s; and putting back %s of cgroup '%s%s'", first.text,
			item->file ? item->file : "the device rules", item->h->mount,
			item->h->path);
		e->num = first.num;
	}
}

void undo_free(struct undo *u)
{
	for (size_t i = 0; i < u->n; i++)
		item_free(&u->v[i]);
	free(u->v);
	*u = (struct undo){ 0 };
}
