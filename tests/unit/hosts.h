/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hosts.h - captured hosts below tests/hosts, and copies of them with one file spoiled.
 */
#ifndef TESTS_HOSTS_H
#define TESTS_HOSTS_H

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mpol.h"
#include "rows.h"

static inline int open_hosts(void)
{
	const char *path = getenv("HASU_TEST_HOSTS");
	int fd;

	if (!path)
		fail_msg("HASU_TEST_HOSTS must name tests/hosts");
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static inline int open_host(const char *name)
{
	int hosts = open_hosts(), fd = openat(hosts, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	close(hosts);
	if (fd < 0)
		fail_msg("there is no host '%s'", name);
	return fd;
}

enum what { CONTENT, REMOVED, FIFO, DIRECTORY, SYMLINK, HUGE_FILE, NUL };

struct bad_row {
	const char *says;
	const char *host;
	const char *path;
	enum what what;
	const char *content; /* or a symlink's target */
	bool bare;           /* fails without details already */
	int error;           /* 0: read all the same */
};

static inline void shell(const char *format, ...)
{
	char command[4096];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(command, sizeof(command), format, ap);
	va_end(ap);
	assert_int_equal(system(command), 0);
}

static inline void spoil(int root, const struct bad_row *row)
{
	static const char rubbish[4096] = { [0 ... 4095] = '0' };
	int fd;

	(void)unlinkat(root, row->path, 0);
	switch (row->what) {
	case REMOVED:
		return;
	case FIFO:
		assert_int_equal(mkfifoat(root, row->path, 0600), 0);
		return;
	case DIRECTORY:
		assert_int_equal(mkdirat(root, row->path, 0700), 0);
		return;
	case SYMLINK:
		assert_int_equal(symlinkat(row->content, root, row->path), 0);
		return;
	default:
		break;
	}
	fd = openat(root, row->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	if (row->what == NUL)
		assert_int_equal(write(fd, "0-1\0\n", 5), 5);
	for (int i = 0; row->what == HUGE_FILE && i < 2560; i++)
		assert_int_equal(write(fd, rubbish, sizeof(rubbish)), sizeof(rubbish));
	if (row->what == CONTENT)
		assert_int_equal(
			write(fd, row->content, strlen(row->content)), strlen(row->content));
	close(fd);
}

/* A copy of the row's host in a new directory, whose name goes to dir: rm -rf it. */
#define SPOILED_DIR 32
static inline int spoiled_host(const struct bad_row *row, char dir[SPOILED_DIR])
{
	int root;

	(void)snprintf(dir, SPOILED_DIR, "/tmp/mpol-host-XXXXXX");
	assert_non_null(mkdtemp(dir));
	shell("cp -r '%s/%s/.' '%s' && mkdir -p \"$(dirname '%s/%s')\"", getenv("HASU_TEST_HOSTS"),
		row->host, dir, dir, row->path);
	/* What a symlink out of the tree would find, did it lead out of "/" instead. */
	shell("mkdir -p '%s/proc/self' && echo rubbish >'%s/proc/self/status'", dir, dir);
	shell("mkdir -p '%s/proc/self/fd' && echo rubbish >'%s/proc/self/fd/0'", dir, dir);
	root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(root >= 0);
	spoil(root, row);
	return root;
}

#endif
