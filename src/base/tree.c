/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree.c - see tree.h.
 *
 * A directory that is not empty has those in it moved up to the top, where their turn comes: each is
 * moved once at most, so the work is linear, and a path of any depth is never walked.
 */
#include "base/tree.h"

#include "base/fd.h"
#include "base/sys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static DIR *open_dir(int dir_fd, const char *name)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir)
		(void)fd_close(fd);
	return dir;
}

static const char *next(DIR *dir)
{
	const struct dirent *d;

	while ((d = readdir(dir)))
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			return d->d_name;
	return NULL;
}

/* 0; -ENOTEMPTY: a directory with something in it. */
static int remove_one(int dir_fd, const char *name)
{
	if (unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	/* POSIX has EPERM for a directory; here it is also a file that may not be changed. */
	const int num = errno;
	if (unlinkat(dir_fd, name, AT_REMOVEDIR) == 0)
		return 0;
	if (errno == EEXIST)
		return -ENOTEMPTY;
	return errno == ENOTDIR ? -num : -errno;
}

/* A name at the top that nobody has. */
static int move_up(int top_fd, int from_fd, const char *name, uint64_t *number)
{
	char to[32];

	do {
		(void)snprintf(to, sizeof(to), ".%llx", (unsigned long long)(*number)++);
		if (renameat2(from_fd, name, top_fd, to, RENAME_NOREPLACE) == 0)
			return 0;
	} while (errno == EEXIST);
	return -errno;
}

static int flatten(int top_fd, const char *name, uint64_t *number, int64_t deadline_ms)
{
	const char *inner;
	int r = 0;

	DIR *dir = open_dir(top_fd, name);
	if (!dir)
		return -errno;
	while (r != -ETIMEDOUT && (inner = next(dir))) {
		int one = remove_one(dirfd(dir), inner);
		if (one == -ENOTEMPTY)
			one = move_up(top_fd, dirfd(dir), inner, number);
		if (one < 0 && r == 0)
			r = one;
		if (sys_clock_ms() >= deadline_ms)
			r = -ETIMEDOUT;
	}
	(void)closedir(dir);
	if (r == 0 && unlinkat(top_fd, name, AT_REMOVEDIR) < 0)
		r = -errno;
	return r;
}

int tree_empty(int dir_fd, int64_t deadline_ms)
{
	uint64_t number = 0;
	bool more = true;
	int r = 0;

	/* What is moved up while the top is read may be read in the next turn alone. */
	while (more && r == 0) {
		const char *name;
		DIR *dir = open_dir(dir_fd, ".");
		if (!dir)
			return -errno;
		more = false;
		while (r != -ETIMEDOUT && (name = next(dir))) {
			int one = remove_one(dirfd(dir), name);
			more = true;
			if (one == -ENOTEMPTY)
				one = flatten(dirfd(dir), name, &number, deadline_ms);
			if (one < 0 && r == 0)
				r = one;
			if (sys_clock_ms() >= deadline_ms)
				r = -ETIMEDOUT;
		}
		(void)closedir(dir);
	}
	return r;
}
