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

/* openat2(2) says EAGAIN when a rename or mount raced with it; a container can go on with that for
 * as long as it likes, so the tries are counted. */
#define RACE_TRIES 128

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

int path_mkdir_in(int root_fd, const char *path, mode_t mode, struct err *e)
{
	int fd = path_open_in(root_fd, path, O_PATH | O_DIRECTORY);
	if (fd >= 0)
		return fd;
	if (fd != -ENOENT)
		return err_set(e, -fd, "opening directory '%s' in the rootfs", path);

	/* Shorten until something exists: only what is really missing is made. */
	char head[PATH_MAX];
	size_t len = strlen(path);
	if (len >= sizeof(head))
		return err_set(e, ENAMETOOLONG, "opening directory '%s' in the rootfs", path);
	memcpy(head, path, len + 1);
	while (fd == -ENOENT) {
		while (len > 0 && head[len - 1] == '/')
			len--;
		while (len > 0 && head[len - 1] != '/')
			len--;
		head[len] = '\0';
		fd = len > 0 ? path_open_in(root_fd, head, O_PATH | O_DIRECTORY)
			     : fcntl(root_fd, F_DUPFD_CLOEXEC, 0);
		if (len == 0 && fd < 0)
			fd = -errno;
	}
	if (fd < 0)
		return err_set(e, -fd, "opening directory '%s' in the rootfs", path);
	return make_below(fd, path + len, mode, path, e);
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
		const char *name;
		_cleanup_close_ int parent = path_parent_in(root_fd, path, 0755, &name, e);
		if (parent < 0)
			return parent;
		/* O_EXCL: a link that dangles is refused, not followed. */
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

char *path_of_fd(int fd, char buf[PATH_FD_TEXT])
{
	(void)snprintf(buf, PATH_FD_TEXT, "/proc/self/fd/%d", fd);
	return buf;
}
