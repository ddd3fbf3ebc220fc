/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mount_fs.c - the system calls of the new mount API, on descriptors. Nothing here takes a path
 * below a rootfs.
 */
#include "base/fd.h"
#include "base/path.h"
#include "linux/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>

/* fsconfig(2) copies a value with strndup_user(..., 256). */
#define FS_VALUE_MAX 255
/* ... and a key likewise. */
#define FS_KEY_MAX 255

static int set_option(int fs, const char *option, struct err *e);
static int fs_error(int fs, int num, struct err *e, const char *what, const char *name);
static int attach(const struct rootfs *r, int mount_fd, int target_fd, const char *destination,
	struct err *e);
static int verify(int there, int mount_fd, const char *destination, struct err *e);

int mount_new_fs(const char *type, const char *source, const struct str_list *options,
	uint64_t attrs, struct err *e)
{
	_cleanup_close_ int fs = fsopen(type, FSOPEN_CLOEXEC);
	if (fs < 0 && errno == ENODEV)
		return err_set(e, ENODEV, "this kernel knows no file system of type '%s'", type);
	if (fs < 0)
		return err_set(e, errno, "opening a file system of type '%s'", type);

	if (str_empty(source))
		source = type;
	if (strlen(source) > FS_VALUE_MAX)
		return err_say(e, ENAMETOOLONG,
			"source '%s' is longer than the %d bytes that fsconfig(2) takes", source,
			FS_VALUE_MAX);
	if (fsconfig(fs, FSCONFIG_SET_STRING, "source", source, 0) < 0)
		return fs_error(fs, errno, e, "source", source);
	for (size_t i = 0; options && i < options->n; i++) {
		int n = set_option(fs, options->v[i], e);
		if (n < 0)
			return n;
	}
	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return fs_error(fs, errno, e, "creating a file system of type", type);
	int fd = fsmount(fs, FSMOUNT_CLOEXEC, (unsigned)attrs);
	if (fd < 0)
		return fs_error(fs, errno, e, "mounting a file system of type", type);
	return fd;
}

/* "key" or "key=value". */
static int set_option(int fs, const char *option, struct err *e)
{
	char key[FS_KEY_MAX + 1];
	size_t len = strcspn(option, "=");

	if (len > FS_KEY_MAX)
		return err_say(e, ENAMETOOLONG,
			"option '%s' is longer than the %d bytes that fsconfig(2) takes", option,
			FS_KEY_MAX);
	memcpy(key, option, len);
	key[len] = '\0';
	if (!option[len]) {
		if (fsconfig(fs, FSCONFIG_SET_FLAG, key, NULL, 0) < 0)
			return fs_error(fs, errno, e, "option", option);
		return 0;
	}
	if (strlen(option + len + 1) > FS_VALUE_MAX)
		return err_say(e, ENAMETOOLONG,
			"the value of option '%s' is longer than the %d bytes that fsconfig(2) "
			"takes",
			key, FS_VALUE_MAX);
	if (fsconfig(fs, FSCONFIG_SET_STRING, key, option + len + 1, 0) < 0)
		return fs_error(fs, errno, e, "option", option);
	return 0;
}

/*
 * Each read of the context gives one message, "e ext4: Bad value for 'x'\n" with e, w or i for its
 * severity, and ENODATA after the last.
 */
static int fs_error(int fs, int num, struct err *e, const char *what, const char *name)
{
	char log[512], line[256];
	size_t len = 0;

	for (int i = 0; i < 16; i++) {
		ssize_t got = read(fs, line, sizeof(line) - 1);
		if (got < 3)
			break;
		if (line[0] != 'e')
			continue;
		while (got > 0 && line[got - 1] == '\n')
			got--;
		int n = snprintf(log + len, sizeof(log) - len, "%s%.*s", len ? "; " : "",
			(int)got - 2, line + 2);
		if (n < 0 || (size_t)n >= sizeof(log) - len)
			break;
		len += (size_t)n;
	}
	if (len > 0)
		return err_set(e, num, "%s '%s' (%s)", what, name, log);
	return err_set(e, num, "%s '%s'", what, name);
}

int mount_clone(int dir_fd, const char *path, unsigned flags)
{
	if (!*path)
		flags |= AT_EMPTY_PATH;
	int fd = open_tree(dir_fd, path, flags | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int mount_set(int fd, unsigned flags, uint64_t set, uint64_t clear, uint64_t propagation)
{
	struct mount_attr attr = {
		.attr_set = set,
		.attr_clr = clear,
		.propagation = propagation,
	};

	if (!set && !clear && !propagation)
		return 0;
	if (mount_setattr(fd, "", flags | AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
		return -errno;
	return 0;
}

int mount_id(int fd, uint64_t *ret_mount, uint64_t *ret_inode)
{
	struct statx st;

	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO | STATX_MNT_ID, &st) < 0)
		return -errno;
	if (!(st.stx_mask & STATX_MNT_ID))
		return -ENOTSUP;
	*ret_mount = st.stx_mnt_id;
	*ret_inode = st.stx_ino;
	return 0;
}

int mount_place(const struct rootfs *r, int mount_fd, int target_fd, const char *destination,
	bool no_links, struct err *e)
{
	int n = attach(r, mount_fd, target_fd, destination, e);
	if (n < 0)
		return n;
	_cleanup_close_ int there = no_links ? path_open_in_nolinks(r->fd, destination, O_PATH)
					     : path_open_in(r->fd, destination, O_PATH);
	return verify(there, mount_fd, destination, e);
}

int mount_place_as(const struct rootfs *r, int mount_fd, int target_fd, const char *destination,
	int flags, struct err *e)
{
	int n = attach(r, mount_fd, target_fd, destination, e);
	if (n < 0)
		return n;
	_cleanup_close_ int there = path_open_in(r->fd, destination, O_PATH | flags);
	return verify(there, mount_fd, destination, e);
}

static int attach(
	const struct rootfs *r, int mount_fd, int target_fd, const char *destination, struct err *e)
{
	if (move_mount(mount_fd, "", target_fd, "",
		    MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) == 0)
		return 0;
	if (errno == EINVAL && r->loose)
		return err_set(e, EINVAL,
			"putting the mount on '%s' in the rootfs, which takes Linux 6.15 without a "
			"'mount' namespace in /linux/namespaces",
			destination);
	return err_set(e, errno, "putting the mount on '%s' in the rootfs", destination);
}

/* there: what the destination leads to now, or -errno. */
static int verify(int there, int mount_fd, const char *destination, struct err *e)
{
	uint64_t made, found, inode;

	int n = there < 0 ? there : mount_id(there, &found, &inode);
	if (n == 0)
		n = mount_id(mount_fd, &made, &inode);
	if (n < 0)
		return err_set(e, -n, "finding the new mount on '%s' in the rootfs", destination);
	if (made != found)
		return err_say(e, EAGAIN,
			"'%s' in the rootfs was exchanged while it was mounted on", destination);
	return 0;
}

int mount_propagate(
	const struct rootfs *r, int fd, const struct mount_plan *plan, bool placed, struct err *e)
{
	if (placed == r->loose)
		return 0;
	for (size_t i = 0; i < plan->n_propagation; i++) {
		uint64_t p = plan->propagation[i];
		int n = mount_set(fd, p & MS_REC ? AT_RECURSIVE : 0, 0, 0, p & ~(uint64_t)MS_REC);
		if (n < 0)
			return err_set(e, -n, "setting the mount's propagation");
	}
	return 0;
}
