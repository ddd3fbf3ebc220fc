/* SPDX-License-Identifier: Apache-2.0 */
/*
 * path.c - paths below a rootfs, resolved by the kernel and used by descriptor.
 */
#include "base/path.h"

#include "base/fd.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* openat2(2) says EAGAIN when a rename or mount raced with it; a container can go on with that for
 * as long as it likes, so the tries are counted. */
#define RACE_TRIES 128

/* Dangling links on one way, as many as the kernel follows (MAXSYMLINKS). */
#define LINKS_MAX 40

static int open_in(int root_fd, const char *path, int flags, mode_t mode, uint64_t resolve)
{
	struct open_how how = {
		.flags = (uint64_t)(flags | O_CLOEXEC),
		.mode = mode,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | resolve,
	};
	int fd = -EAGAIN;

	for (int i = 0; i < RACE_TRIES && (fd == -EAGAIN || fd == -EINTR); i++)
		fd = sys_openat2(root_fd, path, &how);
	return fd;
}

int path_open_in(int root_fd, const char *path, int flags)
{
	return open_in(root_fd, path, flags, 0, 0);
}

int path_open_in_nolinks(int root_fd, const char *path, int flags)
{
	return open_in(root_fd, path, flags, 0, RESOLVE_NO_SYMLINKS);
}

int path_open_in_mount(int root_fd, const char *path, int flags)
{
	return open_in(root_fd, path, flags, 0, RESOLVE_NO_XDEV);
}

/*
 * Make the directories of path from `at` on, which is where the longest existing part ends. The
 * parts made are new, so they hold no links; each is opened below the one before it.
 */
static int make_below(int at, const char *rest, mode_t mode, const char *path, struct err *e)
{
	_cleanup_close_ int dir = at;

	while (*rest) {
		char name[NAME_MAX + 1];
		size_t len = strcspn(rest, "/");
		if (len > NAME_MAX)
			return err_set(
				e, ENAMETOOLONG, "making directory '%s' in the rootfs", path);
		memcpy(name, rest, len);
		name[len] = '\0';
		rest += len + strspn(rest + len, "/");
		if (len == 0 || strcmp(name, ".") == 0)
			continue;
		if (strcmp(name, "..") == 0)
			return err_say(e, EINVAL,
				"making directory '%s' in the rootfs: '..' after a part that does "
				"not exist",
				path);
		if (mkdirat(dir, name, mode) < 0 && errno != EEXIST)
			return err_set(e, errno, "making directory '%s' in the rootfs", path);
		int next = openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0)
			return err_set(e, errno, "making directory '%s' in the rootfs", path);
		fd_close(dir);
		dir = next;
	}
	return TAKE_FD(dir);
}

/* Replace the name at whole + len, of which the text of a link is given, by that text. */
static int put_link(char whole[PATH_MAX], size_t len, const char *text, size_t text_len)
{
	char rest[PATH_MAX];
	size_t kept = text[0] == '/' ? 0 : len;

	/* With its slash: a link to be passed through is meant as a directory. */
	strcpy(rest, whole + len + strcspn(whole + len, "/"));
	size_t rest_len = strlen(rest);
	if (kept + text_len + rest_len >= PATH_MAX)
		return -ENAMETOOLONG;
	memcpy(whole + kept, text, text_len);
	memcpy(whole + kept + text_len, rest, rest_len + 1);
	return 0;
}

/*
 * Where path, which was missing when it was looked for, ends to exist: whole becomes the same path
 * without the links that dangle, its first ret_len bytes lead to the directory returned, and what
 * follows is missing. Links are read as text; where that leads is again only found out within the
 * root. Or -errno.
 */
static int find_missing(int root_fd, const char *path, char whole[PATH_MAX], size_t *ret_len)
{
	if (strlen(path) >= PATH_MAX)
		return -ENAMETOOLONG;
	strcpy(whole, path);
	for (int links = 0; links <= LINKS_MAX; links++) {
		char name[NAME_MAX + 1], text[PATH_MAX];
		size_t len = strlen(whole);
		/* As it is given it was looked for already. */
		int fd = links ? path_open_in(root_fd, whole, O_PATH | O_DIRECTORY) : -ENOENT;

		while (fd == -ENOENT) {
			while (len > 0 && whole[len - 1] == '/')
				len--;
			while (len > 0 && whole[len - 1] != '/')
				len--;
			char next = whole[len];
			whole[len] = '\0';
			fd = path_open_in(root_fd, len ? whole : "/", O_PATH | O_DIRECTORY);
			whole[len] = next;
			if (len == 0 && fd == -ENOENT)
				return fd;
		}
		_cleanup_close_ int dir = fd;
		if (dir < 0)
			return dir;
		size_t name_len = strcspn(whole + len, "/");
		if (name_len > NAME_MAX)
			return -ENAMETOOLONG;
		memcpy(name, whole + len, name_len);
		name[name_len] = '\0';
		ssize_t n = name_len ? readlinkat(dir, name, text, sizeof(text)) : -1;
		if (n < 0 || n == sizeof(text)) {
			*ret_len = len;
			return n < 0 ? TAKE_FD(dir) : -ENAMETOOLONG;
		}
		int r = put_link(whole, len, text, (size_t)n);
		if (r < 0)
			return r;
	}
	return -ELOOP;
}

int path_mkdir_in(int root_fd, const char *path, mode_t mode, struct err *e)
{
	int fd = path_open_in(root_fd, path, O_PATH | O_DIRECTORY);

	return fd >= 0 ? fd : path_mkdir_after(fd, root_fd, path, mode, e);
}

int path_mkdir_after(int opened, int root_fd, const char *path, mode_t mode, struct err *e)
{
	char whole[PATH_MAX];
	size_t len;

	if (opened != -ENOENT)
		return err_set(e, -opened, "opening directory '%s' in the rootfs", path);
	int fd = find_missing(root_fd, path, whole, &len);
	if (fd < 0)
		return err_set(e, -fd, "opening directory '%s' in the rootfs", path);
	return make_below(fd, whole + len, mode, path, e);
}

int path_parent_in(int root_fd, const char *path, mode_t mode, const char **ret_name, struct err *e)
{
	char head[PATH_MAX];
	size_t len = strlen(path);

	while (len > 0 && path[len - 1] == '/')
		len--;
	size_t end = len;
	while (len > 0 && path[len - 1] != '/')
		len--;
	const char *name = path + len;
	/* Trailing slashes would make the name a directory's; callers want the name itself. */
	if (end == len || path[end] == '/' || strcmp(name, "..") == 0 || strcmp(name, ".") == 0)
		return err_say(e, EINVAL, "'%s' does not name a file", path);
	if (len >= sizeof(head))
		return err_set(e, ENAMETOOLONG, "opening '%s' in the rootfs", path);
	memcpy(head, path, len);
	head[len] = '\0';

	int fd = path_mkdir_in(root_fd, len ? head : "/", mode, e);
	if (fd >= 0)
		*ret_name = name;
	return fd;
}

int path_mkfile_in(int root_fd, const char *path, mode_t mode, struct err *e)
{
	int fd = path_open_in(root_fd, path, O_PATH);
	if (fd == -ENOENT) {
		char whole[PATH_MAX];
		const char *name;
		size_t len;
		_cleanup_close_ int there = find_missing(root_fd, path, whole, &len);
		if (there < 0)
			return err_set(e, -there, "opening file '%s' in the rootfs", path);
		_cleanup_close_ int parent = path_parent_in(root_fd, whole, 0755, &name, e);
		if (parent < 0)
			return parent;
		/* O_EXCL: what was put there meanwhile is not followed. */
		_cleanup_close_ int made =
			openat(parent, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
		if (made < 0 && errno != EEXIST)
			return err_set(e, errno, "making file '%s' in the rootfs", path);
		fd = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			return err_set(e, errno, "opening file '%s' in the rootfs", path);
	}
	if (fd < 0)
		return err_set(e, -fd, "opening file '%s' in the rootfs", path);

	struct stat st;
	if (fstat(fd, &st) < 0 || S_ISDIR(st.st_mode) || S_ISLNK(st.st_mode)) {
		int num = S_ISDIR(st.st_mode) ? EISDIR : ELOOP;
		fd_close(fd);
		return err_set(e, num, "opening file '%s' in the rootfs", path);
	}
	return fd;
}

/* "//./" between two names. */
static const char *skip_nothing(const char *p)
{
	while (*p == '/' || (*p == '.' && (p[1] == '/' || p[1] == '\0')))
		p++;
	return p;
}

static bool goes_up(const char *path)
{
	for (const char *p = path; *(p = skip_nothing(p)); p += strcspn(p, "/"))
		if (strcspn(p, "/") == 2 && p[0] == '.' && p[1] == '.')
			return true;
	return false;
}

const char *path_below(const char *path, const char *directory)
{
	const char *p = skip_nothing(path), *d = skip_nothing(directory);

	if (!*d || *path != *directory)
		return NULL;
	while (*d) {
		size_t len = strcspn(d, "/");
		if (strcspn(p, "/") != len || memcmp(p, d, len) != 0)
			return NULL;
		p = skip_nothing(p + len);
		d = skip_nothing(d + len);
	}
	return *p && !goes_up(p) ? p : NULL;
}

char *path_of_fd(int fd, char buf[PATH_FD_TEXT])
{
	(void)snprintf(buf, PATH_FD_TEXT, "/proc/self/fd/%d", fd);
	return buf;
}
