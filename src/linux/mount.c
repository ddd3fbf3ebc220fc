/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mount.c - one mount of the spec, from its options to its place in the tree.
 *
 * A mount gets its attributes while it is detached, so that nobody ever sees it without them. The
 * destination is resolved in the kernel within the root; no string below the root is ever handed to
 * a call that would follow it out.
 */
#include "linux/mounts.h"

#include "base/fd.h"
#include "base/path.h"
#include "linux/copyup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static int make_and_place(struct rootfs *r, size_t i, struct err *e);
static int make_link(
	const struct rootfs *r, const char *text, const char *destination, struct err *e);
static bool is_fs(const struct rootfs *r, size_t i, const char *type);
static bool seals_late(const struct rootfs *r, size_t i);
static int open_target(struct rootfs *r, size_t i, bool *ret_existed, struct err *e);
static int check_target(const struct rootfs *r, size_t i, int target_fd, struct err *e);
static int finish_bind(const struct rootfs *r, size_t i, struct err *e);
static int make_fs(const struct rootfs *r, size_t i, int existing_fd, struct err *e);

int mount_one(struct rootfs *r, size_t i, struct err *e)
{
	const struct spec_mount *m = &r->spec->mounts[i];
	int n = make_and_place(r, i, e);

	if (n < 0)
		return err_prefix(e, "mounting '%s' on '%s'",
			r->mounts[i].bind || str_empty(m->type) ? m->source : m->type,
			m->destination);
	return 0;
}

static int make_and_place(struct rootfs *r, size_t i, struct err *e)
{
	struct mount_plan *plan = &r->mounts[i];
	const char *destination = plan->destination;
	uint64_t inode;
	bool existed;

	if (plan->inside) {
		int n = mount_open_inside(r, i, e);
		if (n < 0)
			return n;
	}
	if (plan->link)
		return make_link(r, plan->link, destination, e);
	_cleanup_close_ int target = open_target(r, i, &existed, e);
	if (target < 0)
		return target;
	int n = check_target(r, i, target, e);
	if (n < 0)
		return n;
	if (is_fs(r, i, "cgroup") || is_fs(r, i, "cgroup2"))
		return mount_cgroup(r, i, target, e);

	_cleanup_close_ int fd = -1;
	if (plan->bind) {
		n = finish_bind(r, i, e);
		fd = TAKE_FD(r->source_fds[i]);
	} else {
		n = fd = make_fs(r, i, existed ? target : -1, e);
	}
	if (n >= 0)
		n = mount_propagate(r, fd, plan, false, e);
	if (n < 0)
		return n;
	if (plan->src_nofollow || plan->dest_nofollow)
		n = mount_place_as(r, fd, target, destination, O_NOFOLLOW, e);
	else
		n = mount_place(
			r, fd, target, destination, is_fs(r, i, "proc") || is_fs(r, i, "sysfs"), e);
	if (n < 0)
		return n;
	n = mount_propagate(r, fd, plan, true, e);
	if (n < 0)
		return n;
	/* rootfs.c looks for it on /dev. */
	n = plan->bind ? mount_id(fd, &plan->id, &inode) : 0;
	if (n < 0)
		return err_set(e, -n, "reading the number of the new mount");
	if (seals_late(r, i))
		r->source_fds[i] = TAKE_FD(fd);
	return 0;
}

/* copy-symlink, as crun has it: the same link where it is not yet, and nothing mounted. */
static int make_link(
	const struct rootfs *r, const char *text, const char *destination, struct err *e)
{
	char found[PATH_MAX];
	const char *name;

	_cleanup_close_ int dir = path_parent_in(r->fd, destination, 0755, &name, e);
	if (dir < 0)
		return dir;
	if (symlinkat(text, dir, name) == 0)
		return 0;
	if (errno != EEXIST)
		return err_set(e, errno, "making the link to '%s'", text);
	ssize_t len = readlinkat(dir, name, found, sizeof(found) - 1);
	if (len == (ssize_t)strlen(text) && memcmp(found, text, (size_t)len) == 0)
		return 0;
	return err_say(e, EEXIST, "the rootfs has something else there than a link to '%s'", text);
}

static bool is_fs(const struct rootfs *r, size_t i, const char *type)
{
	return !r->mounts[i].bind && str_eq(r->spec->mounts[i].type, type);
}

/* "/dev", "/dev/", "//dev/." ...: the destination as text, before any link is looked at. */
static bool is_dev(const char *destination)
{
	size_t len = strlen(destination);

	while (len > 0 && (destination[len - 1] == '/' || (len > 1 && destination[len - 1] == '.' &&
								  destination[len - 2] == '/')))
		len--;
	while (len > 0 && *destination == '/') {
		destination++;
		len--;
	}
	return len == 3 && strncmp(destination, "dev", 3) == 0;
}

/*
 * A tmpfs, and whatever is on /dev, is filled after it is mounted: with mount points, nodes, links.
 * So rootfs_seal makes it read-only, through the descriptor that stays in source_fds.
 */
static bool seals_late(const struct rootfs *r, size_t i)
{
	const struct mount_plan *plan = &r->mounts[i];

	if (plan->bind || !((plan->attr_set | plan->rec_attr_set) & MOUNT_ATTR_RDONLY))
		return false;
	return is_fs(r, i, "tmpfs") || is_dev(r->spec->mounts[i].destination);
}

/* proc and sysfs must lie where their name says: a link in the way would put them, and leave /proc
 * or /sys to whatever the rootfs has there. */
static int open_target_nolinks(struct rootfs *r, const char *destination, struct err *e)
{
	int fd = path_open_in_nolinks(r->fd, destination, O_PATH | O_DIRECTORY);
	if (fd == -ENOENT) {
		fd = path_mkdir_in(r->fd, destination, 0755, e);
		if (fd < 0)
			return fd;
		fd_close(fd);
		fd = path_open_in_nolinks(r->fd, destination, O_PATH | O_DIRECTORY);
	}
	if (fd == -ELOOP)
		return err_say(e, ELOOP, "a symbolic link is in the way in the rootfs");
	if (fd < 0)
		return err_set(e, -fd, "opening directory '%s' in the rootfs", destination);
	return fd;
}

static int open_target(struct rootfs *r, size_t i, bool *ret_existed, struct err *e)
{
	const struct mount_plan *plan = &r->mounts[i];
	const char *destination = plan->destination;

	if (is_fs(r, i, "proc") || is_fs(r, i, "sysfs")) {
		*ret_existed = true;
		return open_target_nolinks(r, destination, e);
	}
	if (plan->bind) {
		struct stat st;
		if (fstat(r->source_fds[i], &st) < 0)
			return err_set(e, errno, "reading what kind of file the source is");
		*ret_existed = true;
		int fd = plan->dest_nofollow ? path_open_in(r->fd, destination, O_PATH | O_NOFOLLOW)
					     : -ENOENT;
		if (fd >= 0)
			return fd;
		if (!S_ISDIR(st.st_mode))
			return path_mkfile_in(r->fd, destination, 0644, e);
		return path_mkdir_in(r->fd, destination, 0755, e);
	}
	int fd = path_open_in(r->fd, destination, O_PATH | O_DIRECTORY);
	*ret_existed = fd >= 0;
	return fd >= 0 ? fd : path_mkdir_after(fd, r->fd, destination, 0755, e);
}

int mount_find_root(struct rootfs *r, struct err *e)
{
	char link[PATH_FD_TEXT], place[PATH_MAX];

	int n = mount_id(r->fd, &r->mount_id, &r->inode);
	if (n < 0)
		return err_set(e, -n, "reading the mount of the rootfs");
	ssize_t len = readlink(path_of_fd(r->fd, link), place, sizeof(place) - 1);
	if (len < 0)
		return err_set(e, errno, "reading the place of the rootfs from /proc/self/fd");
	place[len] = '\0';
	r->place = arena_strdup(r->arena, str_eq(place, "/") ? "" : place);
	return r->place ? 0 : err_nomem(e);
}

/*
 * The path of fd as the container will see it. Links were resolved when it was opened, so this is
 * where a mount really comes to lie. Only looked at, never opened.
 */
static int path_in_container(const struct rootfs *r, int fd, char buf[PATH_MAX], struct err *e)
{
	char link[PATH_FD_TEXT], path[PATH_MAX];
	const size_t root_len = strlen(r->place);

	ssize_t len = readlink(path_of_fd(fd, link), path, sizeof(path) - 1);
	if (len < 0)
		return err_set(e, errno, "reading the place of the mount from /proc/self/fd");
	path[len] = '\0';
	if (!str_starts(path, r->place) || (path[root_len] && path[root_len] != '/'))
		return err_say(e, EXDEV, "'%s' is not below the rootfs '%s'", path, r->place);
	strcpy(buf, path[root_len] ? path + root_len : "/");
	return 0;
}

/*
 * Nothing may lie over the root, which would be left behind it; nothing over /proc but procfs,
 * since labels and masks are trusted to be the kernel's; and below /proc only the files that lxcfs
 * gives a container's own numbers to.
 */
static int check_target(const struct rootfs *r, size_t i, int target_fd, struct err *e)
{
	static const char *const allowed[] = {
		"/proc/cpuinfo",
		"/proc/diskstats",
		"/proc/loadavg",
		"/proc/meminfo",
		"/proc/slabinfo",
		"/proc/stat",
		"/proc/swaps",
		"/proc/sys/crypto/fips_enabled",
		"/proc/sys/kernel/ns_last_pid",
		"/proc/uptime",
	};
	char path[PATH_MAX];
	uint64_t mount, inode;

	int n = mount_id(target_fd, &mount, &inode);
	if (n < 0)
		return err_set(e, -n, "reading the mount of the destination");
	if (mount == r->mount_id && inode == r->inode)
		return err_say(e, EINVAL, "the destination is the root of the container");

	n = path_in_container(r, target_fd, path, e);
	if (n < 0)
		return n;
	if (str_eq(path, "/proc")) {
		if (is_fs(r, i, "proc") ||
			(r->mounts[i].bind && fd_is_fs(r->source_fds[i], PROC_SUPER_MAGIC)))
			return 0;
		return err_say(e, EINVAL, "only procfs may be mounted on /proc");
	}
	if (!str_starts(path, "/proc/"))
		return 0;
	for (size_t k = 0; k < ELEMENTS(allowed); k++) {
		if (str_eq(path, allowed[k]))
			return 0;
	}
	return err_say(e, EINVAL, "'%s' is inside /proc, where nothing may be mounted", path);
}

/*
 * Flags that the source's mount has and the options do not name stay, as with mount(8) since 2.39:
 * a nosuid volume does not lose that for being bound read-only. In a user namespace the kernel
 * insists on it (MNT_LOCK_* of mount_namespaces(7)).
 */
static int finish_bind(const struct rootfs *r, size_t i, struct err *e)
{
	const struct mount_plan *plan = &r->mounts[i];
	int fd = r->source_fds[i];

	int n = mount_set(fd, 0, plan->attr_set, plan->attr_clear, 0);
	if (n == 0)
		n = mount_set(fd, AT_RECURSIVE, plan->rec_attr_set, plan->rec_attr_clear, 0);
	if (n == -EPERM && r->userns)
		return err_set(e, EPERM,
			"the options clear flags of the source's mount that the user namespace "
			"locks");
	return n < 0 ? err_set(e, -n, "setting the mount's attributes") : 0;
}

/* File systems that have no disk: "ro" concerns the mount alone. The superblock of some is shared
 * with the host (cgroup, sysfs, mqueue), others are still to be filled. */
static bool is_virtual(const char *type)
{
	static const char *const types[] = { "cgroup", "cgroup2", "devpts", "mqueue", "proc",
		"sysfs", "tmpfs" };

	for (size_t i = 0; i < ELEMENTS(types); i++) {
		if (str_eq(type, types[i]))
			return true;
	}
	return false;
}

/*
 * sysfs shows a network namespace, and may only be mounted in a user namespace that owns that one.
 * In the host's network namespace the host's own is what there is, as it is for crun and for runc's
 * rootless configs. "/" is the host's root until the pivot.
 */
static int bind_sys(const struct rootfs *r, uint64_t attrs, struct err *e)
{
	const bool joined = r->spec->linux_.namespaces[NS_NETWORK].present;

	if (joined)
		return err_prefix(e, "sysfs of a network namespace of another user namespace");
	_cleanup_close_ int fd = mount_clone(AT_FDCWD, "/sys", AT_RECURSIVE);
	if (fd < 0)
		return err_set(e, -fd, "cloning the host's /sys");
	int n = mount_set(fd, AT_RECURSIVE, attrs & ~(uint64_t)MOUNT_ATTR__ATIME, 0, MS_SLAVE);
	return n < 0 ? err_set(e, -n, "restricting the host's /sys") : TAKE_FD(fd);
}

/* Of these the policy labels each file by its name, or the label is the host's (cgroup). */
static bool takes_label(const char *type)
{
	return !str_eq(type, "proc") && !str_eq(type, "sysfs") && !str_eq(type, "mqueue") &&
	       !str_starts(type, "cgroup");
}

/* existing_fd: the directory that was there before, or -1. */
static int make_fs(const struct rootfs *r, size_t i, int existing_fd, struct err *e)
{
	const struct spec_mount *m = &r->spec->mounts[i];
	const struct mount_plan *plan = &r->mounts[i];
	uint64_t attrs = (plan->attr_set & ~plan->rec_attr_clear) | plan->rec_attr_set;
	char mode[sizeof("mode=07777")];

	char **words = arena_array(r->arena, char *, plan->super.n + 3);
	_cleanup_free_ char *label = NULL;
	if (!words)
		return err_nomem(e);
	struct str_list options = { .v = words };
	struct stat st;
	/* An empty tmpfs would otherwise open a directory to all (mode 1777); options come later
	 * and win. */
	if (str_eq(m->type, "tmpfs") && existing_fd >= 0 && fstat(existing_fd, &st) == 0) {
		(void)snprintf(mode, sizeof(mode), "mode=%04o", st.st_mode & 07777u);
		words[options.n++] = mode;
	}
	/* A read-only disk, or one with a journal to replay, wants to know before it is opened. */
	if ((attrs & MOUNT_ATTR_RDONLY) && !is_virtual(m->type))
		words[options.n++] = (char *)"ro";
	for (size_t k = 0; k < plan->super.n; k++)
		words[options.n++] = plan->super.v[k];

	if (r->spec->linux_.mount_label && takes_label(m->type)) {
		if (asprintf(&label, "context=%s", r->spec->linux_.mount_label) < 0) {
			label = NULL;
			return err_nomem(e);
		}
		words[options.n++] = label;
	}

	if (seals_late(r, i))
		attrs &= ~(uint64_t)MOUNT_ATTR_RDONLY;
	int fd = mount_new_fs(m->type, m->source, &options, attrs, e);
	if (fd >= 0 && plan->copy_up && existing_fd >= 0) {
		int n = copyup(existing_fd, fd, e);
		if (n < 0) {
			fd_close(fd);
			return err_prefix(e, "copying up what is below it");
		}
	}
	if (fd == -EPERM && r->userns && str_eq(m->type, "sysfs"))
		return bind_sys(r, attrs, e);
	if (fd == -EPERM && r->userns && str_eq(m->type, "proc"))
		return err_prefix(e,
			"procfs shows a pid namespace, and may only be mounted in a user "
			"namespace that owns this one, where the host's /proc is not partly "
			"hidden");
	return fd;
}
