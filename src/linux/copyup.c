/* SPDX-License-Identifier: Apache-2.0 */
/*
 * copyup.c - the contents of a directory, copied into the tmpfs that comes to lie over it.
 *
 * The directory is the image's. Nothing is opened but by descriptor and name, no symbolic link is
 * followed, nothing is read that is mounted below, and no file is opened that a read could wait on.
 * What the tmpfs takes is bounded by its size and the container's memory limit.
 */
#include "linux/copyup.h"

#include "base/fd.h"
#include "base/str.h"
#include "base/sys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define DEPTH_MAX 128         /* directories in each other: two descriptors each */
#define CHUNK (16u << 20)     /* bytes per sendfile(2) */
#define XATTR_MAX (64u << 10) /* bytes: XATTR_SIZE_MAX and XATTR_LIST_MAX of the kernel */

static int copy_directory(int from, int to, int depth, struct err *e);
static int copy_entry(int from, int to, const char *name, int depth, struct err *e);
static int copy_file(int from, int to, const char *name, const struct stat *st, struct err *e);
static int copy_link(int from, int to, const char *name, struct err *e);
static int copy_subdirectory(
	int from, int to, const char *name, const struct stat *st, int depth, struct err *e);
static int copy_owner_and_xattrs(int from, int to, const struct stat *st, struct err *e);
static int copy_xattrs(int from, int to);
static int copy_attributes(int to, const char *name, const struct stat *st, struct err *e);

int copyup(int from, int to, struct err *e)
{
	_cleanup_close_ int dir = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_set(e, errno, "opening the directory to copy up");
	return copy_directory(dir, to, 0, e);
}

static void closedirp(DIR **dir)
{
	if (*dir)
		(void)closedir(*dir);
}

static int copy_directory(int from, int to, int depth, struct err *e)
{
	if (depth == DEPTH_MAX)
		return err_say(e, ELOOP, "more than %d directories in each other", DEPTH_MAX);
	int copy = fcntl(from, F_DUPFD_CLOEXEC, 0);
	if (copy < 0)
		return err_set(e, errno, "reading a directory");
	_cleanup_(closedirp) DIR *dir = fdopendir(copy);
	if (!dir) {
		fd_close(copy);
		return err_set(e, errno, "reading a directory");
	}
	for (;;) {
		errno = 0;
		const struct dirent *d = readdir(dir);
		if (!d)
			return errno ? err_set(e, errno, "reading a directory") : 0;
		if (str_eq(d->d_name, ".") || str_eq(d->d_name, ".."))
			continue;
		int r = copy_entry(from, to, d->d_name, depth, e);
		if (r < 0)
			return err_prefix(e, "'%s'", d->d_name);
	}
}

static int copy_entry(int from, int to, const char *name, int depth, struct err *e)
{
	struct stat st;
	int r = 0;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) < 0)
		return err_set(e, errno, "looking at it");
	switch (st.st_mode & S_IFMT) {
	case S_IFREG:
		r = copy_file(from, to, name, &st, e);
		break;
	case S_IFDIR:
		r = copy_subdirectory(from, to, name, &st, depth, e);
		break;
	case S_IFLNK:
		r = copy_link(from, to, name, e);
		break;
	default: /* a FIFO, a socket, a device */
		if (mknodat(to, name, (st.st_mode & S_IFMT) | 0600, st.st_rdev) < 0)
			r = err_set(e, errno, "making its like");
	}
	return r < 0 ? r : copy_attributes(to, name, &st, e);
}

/* What was looked at may be exchanged since: O_NONBLOCK for what would wait, and a second look. */
static int open_as(int from, const char *name, int flags, mode_t type)
{
	struct open_how how = {
		.flags = (uint64_t)(O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC |
				    flags),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
	};
	struct stat st;

	int fd = sys_openat2(from, name, &how);
	if (fd >= 0 && (fstat(fd, &st) < 0 || (st.st_mode & S_IFMT) != type)) {
		fd_close(fd);
		return -ESTALE;
	}
	return fd;
}

static int copy_file(int from, int to, const char *name, const struct stat *st, struct err *e)
{
	_cleanup_close_ int in = open_as(from, name, 0, S_IFREG);
	_cleanup_close_ int out =
		openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (out < 0)
		return err_set(e, errno, "making a file in the tmpfs");
	if (in == -EXDEV)
		return 0; /* a mount point */
	if (in < 0)
		return err_set(e, -in, "opening it");
	for (;;) {
		ssize_t n = sendfile(out, in, NULL, CHUNK);
		if (n == 0)
			break;
		if (n < 0 && errno != EINTR)
			return err_set(e, errno, "copying it into the tmpfs");
	}
	return copy_owner_and_xattrs(in, out, st, e);
}

static int copy_link(int from, int to, const char *name, struct err *e)
{
	char text[PATH_MAX];

	ssize_t len = readlinkat(from, name, text, sizeof(text) - 1);
	if (len < 0)
		return err_set(e, errno, "reading the link");
	text[len] = '\0';
	return symlinkat(text, to, name) < 0 ? err_set(e, errno, "making the link") : 0;
}

static int copy_subdirectory(
	int from, int to, const char *name, const struct stat *st, int depth, struct err *e)
{
	if (mkdirat(to, name, 0700) < 0)
		return err_set(e, errno, "making a directory in the tmpfs");
	_cleanup_close_ int in = open_as(from, name, O_DIRECTORY, S_IFDIR);
	if (in == -EXDEV)
		return 0; /* a mount point: what is mounted there is not the image's */
	if (in < 0)
		return err_set(e, -in, "opening it");
	_cleanup_close_ int out = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (out < 0)
		return err_set(e, errno, "opening a directory of the tmpfs");
	int r = copy_directory(in, out, depth + 1, e);
	if (r < 0)
		return r;
	return copy_owner_and_xattrs(in, out, st, e);
}

/* The owner first, whose change takes a file's capabilities away (capabilities(7)). EINVAL: an ID
 * that this user namespace has not. */
static int copy_owner_and_xattrs(int from, int to, const struct stat *st, struct err *e)
{
	if (fchown(to, st->st_uid, st->st_gid) < 0 && errno != EINVAL)
		return err_set(e, errno, "setting its owner");
	int r = copy_xattrs(from, to);
	return r < 0 ? err_set(e, -r, "copying its extended attributes") : 0;
}

/* What a tmpfs does not know, and what this user namespace may not set, is left out. */
static int copy_xattrs(int from, int to)
{
	char value[XATTR_MAX];
	ssize_t len = flistxattr(from, NULL, 0);

	if (len <= 0)
		return len < 0 && errno != ENOTSUP ? -errno : 0;
	_cleanup_free_ char *names = malloc(XATTR_MAX);
	if (!names)
		return -ENOMEM;
	len = flistxattr(from, names, XATTR_MAX);
	if (len < 0)
		return -errno;
	for (char *name = names; name < names + len; name += strlen(name) + 1) {
		ssize_t size = fgetxattr(from, name, value, sizeof(value));
		if (size < 0 && errno == ENODATA)
			continue;
		if (size < 0)
			return -errno;
		if (fsetxattr(to, name, value, (size_t)size, 0) < 0 && errno != ENOTSUP &&
			errno != EPERM)
			return -errno;
	}
	return 0;
}

/* The tmpfs is new and nobody else's, so its names can be trusted. */
static int copy_attributes(int to, const char *name, const struct stat *st, struct err *e)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };
	const mode_t type = st->st_mode & S_IFMT;

	if (type != S_IFREG && type != S_IFDIR &&
		fchownat(to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 &&
		errno != EINVAL)
		return err_set(e, errno, "setting its owner");
	/* After the owner, whose change takes the set-user-ID bit away (chown(2)). */
	if (type != S_IFLNK && fchmodat(to, name, st->st_mode & 07777, 0) < 0)
		return err_set(e, errno, "setting its mode");
	if (utimensat(to, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(e, errno, "setting its times");
	return 0;
}
