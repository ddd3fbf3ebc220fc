/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rootfs_relocate.c - the last of the tree: init moves to the copy of it that is locked, and mounts
 * become shared that shall be.
 */
#include "base/fd.h"
#include "base/path.h"
#include "linux/devices.h"
#include "linux/mounts.h"
#include "linux/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static int move_terminal(const struct rootfs *r, struct err *e);
static int share_mount(const struct rootfs *r, size_t i, struct err *e);

int rootfs_relocate(struct rootfs *r, int ns_fd, struct err *e)
{
	/* Root and working directory become the root of the new namespace (setns(2)). */
	if (setns(ns_fd, CLONE_NEWNS) < 0)
		return err_set(e, errno, "moving to the locked mounts");
	r->fd = fd_close(r->fd);
	r->fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (r->fd < 0)
		return err_set(e, errno, "opening the container's root");
	r->relocated = true;
	int n = r->own_dev ? devices_exchange_null(r, e) : 0;
	return n < 0 ? n : move_terminal(r, e);
}

/*
 * A terminal on descriptors 0 to 2 is of the devpts mount that we leave: /proc/self/fd would show
 * it by a name that leads nowhere, and ttyname(3) fail.
 */
static int move_terminal(const struct rootfs *r, struct err *e)
{
	_cleanup_close_ int slave = -1;
	struct stat st, found;
	char name[16];

	if (!r->spec->process.terminal)
		return 0;
	_cleanup_close_ int pts = path_open_in(r->fd, "/dev/pts", O_PATH | O_DIRECTORY);
	if (pts < 0 || !fd_is_fs(pts, DEVPTS_SUPER_MAGIC) || fstat(STDIN_FILENO, &st) < 0)
		return err_set(e, pts < 0 ? -pts : ENODEV, "opening the container's /dev/pts");
	/* 136: UNIX98_PTY_SLAVE_MAJOR, and eight of them with 256 numbers each. */
	(void)snprintf(
		name, sizeof(name), "%u", (major(st.st_rdev) - 136) * 256 + minor(st.st_rdev));
	slave = openat(pts, name, O_RDWR | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
	if (slave < 0 || fstat(slave, &found) < 0)
		return err_set(e, errno, "opening the container's /dev/pts/%s", name);
	if (st.st_dev != found.st_dev || st.st_ino != found.st_ino)
		return err_say(e, ENODEV, "the container's /dev/pts/%s is not its terminal", name);
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (dup2(slave, fd) < 0)
			return err_set(e, errno, "making the terminal standard input and output");
	return 0;
}

/*
 * Last: a shared root cannot be pivoted to, an unbindable one not be cloned for a cover, no cover
 * is to be sent anywhere, and a copy for another user namespace makes what was shared a slave.
 */
int rootfs_share(struct rootfs *r, struct err *e)
{
	if (r->propagation & (MS_SHARED | MS_UNBINDABLE)) {
		int n = mount_set(r->fd, r->propagation & MS_REC ? AT_RECURSIVE : 0, 0, 0,
			r->propagation & ~(uint64_t)MS_REC);
		if (n < 0)
			return err_set(e, -n, "/linux/rootfsPropagation: setting '%s'",
				r->spec->linux_.rootfs_propagation);
	}
	for (size_t i = 0; r->relocated && i < r->spec->n_mounts; i++) {
		int n = share_mount(r, i, e);
		if (n < 0)
			return err_prefix(e, "/mounts/%zu", i);
	}
	return 0;
}

static int share_mount(const struct rootfs *r, size_t i, struct err *e)
{
	const struct mount_plan *plan = &r->mounts[i];
	bool shared = false;

	for (size_t k = 0; k < plan->n_propagation; k++)
		shared = shared || (plan->propagation[k] & MS_SHARED);
	if (!shared)
		return 0;
	_cleanup_close_ int at = path_open_in(r->fd, plan->destination, O_PATH);
	/* Another mount above it may have covered it since. */
	return at < 0 ? 0 : mount_propagate(r, at, plan, true, e);
}
