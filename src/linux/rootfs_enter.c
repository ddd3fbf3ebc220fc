/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rootfs_enter.c - from the host's root to the container's. When it is done nothing of this process
 * leads back: not its root, its working directory, or a mount of its namespace.
 */
#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "base/sys.h"
#include "linux/devices.h"
#include "linux/mounts.h"
#include "linux/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOUNTINFO_MAX (16u << 20) /* bytes */

static int change_root(struct rootfs *r, struct err *e);
static int pivot(struct rootfs *r, struct err *e);
static int move_root(struct rootfs *r, struct err *e);
static int hide_host(struct rootfs *r, struct err *e);
static int make_cwd(struct rootfs *r, struct err *e);

int rootfs_pivot(struct rootfs *r, struct err *e)
{
	int n = r->loose ? change_root(r, e) : r->opts.no_pivot ? move_root(r, e) : pivot(r, e);
	if (n < 0)
		return n;

	if (r->own_dev) {
		n = devices_exchange_null(r, e);
		if (n < 0)
			return n;
	}
	return make_cwd(r, e);
}

/* The tree is of no namespace: nothing is above its root, however a process climbs. */
static int change_root(struct rootfs *r, struct err *e)
{
	if (fchdir(r->fd) < 0 || chroot(".") < 0 || chdir("/") < 0)
		return err_set(e, errno, "changing the root to rootfs '%s'", r->path);
	return 0;
}

static int pivot(struct rootfs *r, struct err *e)
{
	_cleanup_close_ int old = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (old < 0)
		return err_set(e, errno, "opening the host's root");
	if (fchdir(r->fd) < 0)
		return err_set(e, errno, "entering rootfs '%s'", r->path);

	/* With one directory for both, the old root comes to lie on the new one (pivot_root(2)). */
	int n = sys_pivot_root(".", ".");
	if (n < 0)
		return err_set(e, -n, "pivoting to rootfs '%s'", r->path);
	if (fchdir(old) < 0)
		return err_set(e, errno, "entering the host's root after the pivot");
	/* The hooks may have mounted shared things: none of the unmounts may reach the host. */
	n = mount_set(old, AT_RECURSIVE, 0, 0, MS_SLAVE);
	if (n < 0)
		return err_set(e, -n, "cutting the propagation of unmounts to the host");
	if (umount2(".", MNT_DETACH) < 0)
		return err_set(e, errno, "letting go of the host's root");
	if (chdir("/") < 0)
		return err_set(e, errno, "entering the container's root");
	return 0;
}

/* Where pivot_root(2) is refused: the host's root is the initramfs itself. */
static int move_root(struct rootfs *r, struct err *e)
{
	int n = hide_host(r, e);
	if (n < 0)
		return n;
	_cleanup_close_ int old = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (old < 0)
		return err_set(e, errno, "opening the host's root");
	if (move_mount(r->fd, "", old, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return err_set(e, errno, "moving rootfs '%s' to the root", r->path);
	if (fchdir(r->fd) < 0 || chroot(".") < 0 || chdir("/") < 0)
		return err_set(e, errno, "changing the root to rootfs '%s'", r->path);
	return 0;
}

/* mountinfo writes blanks and backslashes as \ooo (proc_pid_mountinfo(5)). In place. */
static void unescape(char *text)
{
	char *out = text;

	for (const char *p = text; *p;) {
		if (p[0] == '\\' && p[1] >= '0' && p[1] <= '3' && p[2] >= '0' && p[2] <= '7' &&
			p[3] >= '0' && p[3] <= '7') {
			*out++ = (char)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0'));
			p += 4;
		} else {
			*out++ = *p++;
		}
	}
	*out = '\0';
}

/*
 * If this line is a whole procfs or sysfs, where it is mounted; else NULL.
 * "36 35 98:0 /root /point options shared:1 - type source options"
 */
static char *whole_proc_or_sys(char *line)
{
	char *field[5], *save = NULL, *type = strstr(line, " - ");

	if (!type || !(str_starts(type + 3, "proc ") || str_starts(type + 3, "sysfs ")))
		return NULL;
	for (size_t i = 0; i < ELEMENTS(field); i++) {
		field[i] = strtok_r(i ? NULL : line, " ", &save);
		if (!field[i])
			return NULL;
	}
	if (!str_eq(field[3], "/"))
		return NULL;
	unescape(field[4]);
	return field[4];
}

static int hide(const char *path, struct err *e)
{
	static char *no_words[] = { NULL };
	const struct str_list none = { .v = no_words };

	/* A path of the host, in our copy of its mounts: gone when one above it was hidden. */
	_cleanup_close_ int at = open(path, O_PATH | O_CLOEXEC);
	if (at < 0)
		return 0;
	(void)mount_set(at, AT_RECURSIVE, 0, 0, MS_SLAVE); /* it is one already, by rootfs_attach */
	if (umount2(path, MNT_DETACH) == 0)
		return 0;
	if (errno != EINVAL && errno != EPERM)
		return err_set(e, errno, "unmounting the host's '%s'", path);
	/* Locked in a user namespace: covered then. */
	_cleanup_close_ int cover = mount_new_fs("tmpfs", "tmpfs", &none, MOUNT_ATTR_RDONLY, e);
	if (cover < 0)
		return cover;
	if (move_mount(cover, "", at, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return err_set(e, errno, "covering the host's '%s'", path);
	return 0;
}

/*
 * After a chroot the host's mounts are still in the namespace. A whole procfs or sysfs among them
 * would let a container mount its own without masks (the kernel asks for a fully visible one,
 * mnt_already_visible()), so they go first.
 */
static int hide_host(struct rootfs *r, struct err *e)
{
	_cleanup_free_ char *text = NULL;
	char link[PATH_FD_TEXT], root[PATH_MAX], *save = NULL;

	ssize_t len = readlink(path_of_fd(r->fd, link), root, sizeof(root) - 1);
	if (len < 0)
		return err_set(e, errno, "reading the place of rootfs '%s'", r->path);
	root[len] = '\0';
	int n = fd_read_file(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MAX, &text, NULL);
	if (n < 0)
		return err_set(e, -n, "reading /proc/self/mountinfo");

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		const char *point = whole_proc_or_sys(line);
		if (!point ||
			(str_starts(point, root) && (point[len] == '/' || point[len] == '\0')))
			continue;
		n = hide(point, e);
		if (n < 0)
			return n;
	}
	return 0;
}

/* runtime-spec does not ask for it; images without the directory of their WORKDIR rely on it. */
static int make_cwd(struct rootfs *r, struct err *e)
{
	if (!r->spec->has_process || str_empty(r->spec->process.cwd))
		return 0;
	mode_t umask_before = umask(0);
	_cleanup_close_ int fd = path_mkdir_in(r->fd, r->spec->process.cwd, 0755, e);
	umask(umask_before);
	return fd < 0 ? err_prefix(e, "/process/cwd") : 0;
}
