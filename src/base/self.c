/* SPDX-License-Identifier: Apache-2.0 */
/*
 * self.c - execute ourselves again from a file that nobody can write.
 */
#include "base/self.h"

#include "base/fd.h"
#include "base/str.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

/* mount.h of the kernel and of glibc 2.36 do not go together, so these two stand here. */
extern int open_tree(int dir_fd, const char *path, unsigned flags);
extern int mount_setattr(
	int dir_fd, const char *path, unsigned flags, struct mount_attr *attr, size_t size);
#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static bool is_protected(int exe);
static int readonly_clone(void);
static int sealed_copy(int exe);

int self_protect(char *const argv[], struct err *e)
{
	_cleanup_close_ int exe = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	if (exe < 0)
		return err_set(e, errno, "opening /proc/self/exe");
	if (is_protected(exe))
		return 0;

	_cleanup_close_ int fd = readonly_clone();
	if (fd < 0)
		fd = sealed_copy(exe);
	if (fd < 0)
		return err_set(e, -fd, "making a copy of the runtime that cannot be written");
	(void)execveat(fd, "", argv, environ, AT_EMPTY_PATH);
	return err_set(e, errno, "executing the protected copy of the runtime");
}

/*
 * Told by the file itself, not by a mark in the environment, which whoever starts us could set. A
 * mount that is read-only and detached has no path by which it could be made writable again: its
 * mount ID is unknown to this mount namespace. An installed binary on a read-only /usr is not
 * enough, since an upgrade remounts that.
 */
static bool is_protected(int exe)
{
	/* Files of a tmpfs answer as well, with F_SEAL_SEAL alone. */
	int seals = fcntl(exe, F_GET_SEALS);
	if (seals >= 0 && (seals & SEALS) == SEALS)
		return true;

	struct statvfs fs;
	if (fstatvfs(exe, &fs) < 0 || !(fs.f_flag & ST_RDONLY))
		return false;
	/* d_path shows a file of a detached mount as "/": the clone's root is the file itself. */
	char path[8];
	return readlink("/proc/self/exe", path, sizeof(path)) == 1 && path[0] == '/';
}

static int readonly_clone(void)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };

	_cleanup_close_ int fd =
		open_tree(AT_FDCWD, "/proc/self/exe", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
		return -errno;
	return TAKE_FD(fd);
}

static int sealed_copy(int exe)
{
	struct stat st;
	off_t done = 0;

	_cleanup_close_ int fd = memfd_create("hasu", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0 || fstat(exe, &st) < 0)
		return -errno;
	while (done < st.st_size) {
		ssize_t n = sendfile(fd, exe, &done, (size_t)(st.st_size - done));
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return -EIO;
	}
	if (fchmod(fd, 0700) < 0 || fcntl(fd, F_ADD_SEALS, SEALS) < 0)
		return -errno;
	return TAKE_FD(fd);
}

bool self_is_ordinary(void)
{
	const char *runtime_dir = getenv("XDG_RUNTIME_DIR"), *user = getenv("USER");

	return geteuid() != 0 || (!str_empty(runtime_dir) && !(user && str_eq(user, "root")) &&
					 self_in_user_namespace());
}

/* In the initial namespace every ID is mapped to itself (user_namespaces(7)). */
bool self_in_user_namespace(void)
{
	_cleanup_text_ struct text map = { 0 };
	unsigned inside, outside, count;

	if (fd_read_text(AT_FDCWD, "/proc/self/uid_map", 64 * 1024, &map) < 0)
		return false; /* a kernel without user namespaces */
	return sscanf(map.s, "%u %u %u", &inside, &outside, &count) != 3 || inside != 0 ||
	       outside != 0 || count != UINT32_MAX;
}
