/* SPDX-License-Identifier: Apache-2.0 */
/*
 * console.c - the container's terminal. The pty comes from a verified devpts, its slave from the
 * master and never from a path, and /dev/console is that slave's own mount (CVE-2025-52565: a link
 * in its place redirected the mount).
 */
#include "base/fd.h"
#include "base/path.h"
#include "linux/mounts.h"
#include "linux/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

static int open_master(int root_fd, struct err *e);
static int open_slave(int master, struct err *e);
static int bind_console(const struct rootfs *r, int slave, struct err *e);

int rootfs_console(struct rootfs *r, int *ret_master, int *ret_slave, struct err *e)
{
	_cleanup_close_ int master = -1;
	_cleanup_close_ int slave = -1;

	int n = rootfs_pty(r->fd, &master, &slave, e);
	if (n == 0)
		n = bind_console(r, slave, e);
	if (n < 0)
		return n;
	*ret_master = TAKE_FD(master);
	*ret_slave = TAKE_FD(slave);
	return 0;
}

int rootfs_pty(int root_fd, int *ret_master, int *ret_slave, struct err *e)
{
	_cleanup_close_ int master = open_master(root_fd, e);
	if (master < 0)
		return master;
	_cleanup_close_ int slave = open_slave(master, e);
	if (slave < 0)
		return slave;
	*ret_master = TAKE_FD(master);
	*ret_slave = TAKE_FD(slave);
	return 0;
}

static int open_master(int root_fd, struct err *e)
{
	_cleanup_close_ int pts = path_open_in(root_fd, "/dev/pts", O_PATH | O_DIRECTORY);
	if (pts < 0)
		return err_set(e, -pts, "opening the container's /dev/pts, which a terminal needs");
	if (!fd_is_fs(pts, DEVPTS_SUPER_MAGIC))
		return err_say(e, ENODEV,
			"the container's /dev/pts is not of type devpts, so there can be "
			"no terminal: it needs a mount");

	/* Below its root devpts has nothing but ptmx and the numbers, all of the kernel's
	 * making. */
	_cleanup_close_ int master =
		openat(pts, "ptmx", O_RDWR | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
	if (master < 0)
		return err_set(e, errno, "opening the container's /dev/pts/ptmx");
	struct stat st;
	if (fstat(master, &st) < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(5, 2) ||
		!fd_is_fs(master, DEVPTS_SUPER_MAGIC))
		return err_say(e, ENODEV,
			"the container's /dev/pts/ptmx is not the pty multiplexer "
			"(character device 5:2)");
	return TAKE_FD(master);
}

static int open_slave(int master, struct err *e)
{
	int unlock = 0;
	struct stat st;

	if (ioctl(master, TIOCSPTLCK, &unlock) < 0)
		return err_set(e, errno, "unlocking the new terminal");
	_cleanup_close_ int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return err_set(e, errno, "opening the slave of the new terminal");
	/* 136 to 143: UNIX98_PTY_SLAVE_MAJOR, eight of them. */
	if (fstat(slave, &st) < 0 || !S_ISCHR(st.st_mode) || major(st.st_rdev) < 136 ||
		major(st.st_rdev) > 143 || !fd_is_fs(slave, DEVPTS_SUPER_MAGIC))
		return err_say(e, ENODEV, "the slave of the new terminal is not a pty");
	return TAKE_FD(slave);
}

static int bind_console(const struct rootfs *r, int slave, struct err *e)
{
	const char *name;

	_cleanup_close_ int dev = path_parent_in(r->fd, "/dev/console", 0755, &name, e);
	if (dev < 0)
		return dev;
	/* A mount point, if there is none: never opened, so its mode is only seen without a
	 * terminal. */
	if (mknodat(dev, name, S_IFREG | 0600, 0) < 0 && errno != EEXIST)
		return err_set(e, errno, "making /dev/console in the rootfs");
	_cleanup_close_ int at = openat(dev, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	if (at < 0 || fstat(at, &st) < 0)
		return err_set(e, errno, "opening /dev/console in the rootfs");
	if (S_ISLNK(st.st_mode) || S_ISDIR(st.st_mode))
		return err_say(e, ELOOP,
			"/dev/console in the rootfs is %s, not a place for a terminal",
			S_ISLNK(st.st_mode) ? "a symbolic link" : "a directory");

	_cleanup_close_ int fd = mount_clone(slave, "", 0);
	if (fd < 0)
		return err_set(e, -fd, "cloning the mount of the new terminal");
	return mount_place(r, fd, at, "/dev/console", false, e);
}
