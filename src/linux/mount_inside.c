/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mount_inside.c - bind mounts whose source is in the container: below the rootfs, where mounts
 * before it may have put something else than the host has there.
 *
 * So it is looked up at its turn, by init, in the container's tree, with the rights of its root.
 * The rootfs is hostile: a link in it could lead to the container's own /proc, of which a second,
 * unmasked copy would then lie at the destination. So links lead to files of the rootfs itself, and
 * never to a mount. Nor would masks, which are made by path, cover a copy that the config itself
 * asks for.
 */
#include "base/fd.h"
#include "base/path.h"
#include "linux/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_source(const struct rootfs *r, size_t i, struct err *e);
static bool is_directory(int fd);
static int read_link(struct rootfs *r, size_t i, int fd, struct err *e);
static int map_ids(struct rootfs *r, size_t i, int fd, struct err *e);

int mount_open_inside(struct rootfs *r, size_t i, struct err *e)
{
	struct mount_plan *plan = &r->mounts[i];

	_cleanup_close_ int source = open_source(r, i, e);
	if (source < 0)
		return source;
	if (plan->copy_symlink) {
		int n = read_link(r, i, source, e);
		if (n < 0 || plan->link)
			return n;
	}
	_cleanup_close_ int tree = mount_clone(source, "", plan->recursive ? AT_RECURSIVE : 0);
	if (tree == -EINVAL)
		return err_set(e, EINVAL,
			"cloning the mount of '%s' in the container (it is unbindable, or hides "
			"mounts that a user namespace must not uncover)",
			plan->inside);
	if (tree < 0)
		return err_set(
			e, -tree, "cloning the mount of '%s' in the container", plan->inside);
	int n = mount_set(tree, AT_RECURSIVE, 0, 0, mount_clones_as(r));
	if (n < 0)
		return err_set(
			e, -n, "setting the propagation of '%s' in the container", plan->inside);
	if (plan->idmap && (n = map_ids(r, i, tree, e)) < 0)
		return n;
	r->source_fds[i] = TAKE_FD(tree);
	return 0;
}

static int open_source(const struct rootfs *r, size_t i, struct err *e)
{
	const struct mount_plan *plan = &r->mounts[i];
	const int flags = O_PATH | (plan->copy_symlink || plan->src_nofollow ? O_NOFOLLOW : 0);

	_cleanup_close_ int fd = path_open_in_nolinks(r->fd, plan->inside, flags);
	if (fd == -ELOOP) {
		fd = path_open_in_mount(r->fd, plan->inside, flags);
		if (fd >= 0 && plan->recursive && is_directory(fd))
			return err_say(e, ELOOP,
				"a symbolic link is in the way to the source, '%s' in the "
				"container, and with it could come mounts that are not meant",
				plan->inside);
	}
	if (fd == -EXDEV)
		return err_say(e, EXDEV,
			"a symbolic link leads from the source, '%s' in the container, to another "
			"mount",
			plan->inside);
	if (fd < 0)
		return err_set(e, -fd, "opening the source, '%s' in the container", plan->inside);
	if (fd_is_fs(fd, PROC_SUPER_MAGIC) || fd_is_fs(fd, SYSFS_MAGIC))
		return err_say(e, EINVAL,
			"the source, '%s', is in the container's own procfs or sysfs, and nothing "
			"would be masked in its copy",
			plan->inside);
	return TAKE_FD(fd);
}

static bool is_directory(int fd)
{
	struct stat st;

	return fstat(fd, &st) < 0 || S_ISDIR(st.st_mode);
}

/* Sets link where the source is one. */
static int read_link(struct rootfs *r, size_t i, int fd, struct err *e)
{
	char text[PATH_MAX];
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_set(e, errno, "reading what kind of file the source is");
	if (!S_ISLNK(st.st_mode))
		return 0;
	ssize_t len = readlinkat(fd, "", text, sizeof(text) - 1);
	if (len < 0)
		return err_set(
			e, errno, "reading the link '%s' in the container", r->mounts[i].inside);
	r->mounts[i].link = arena_strndup(r->arena, text, (size_t)len);
	return r->mounts[i].link ? 0 : err_nomem(e);
}

static int map_ids(struct rootfs *r, size_t i, int fd, struct err *e)
{
	if (rootfs_needs_map(r, i) && r->map_ids)
		return r->map_ids(r->map_ids_arg, fd, e);
	return mount_idmap(r, i, fd, e);
}
