/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rootfs_seal.c - what of the tree the container may not write or see. Every cover is a mount made
 * on a descriptor, of a source that was verified before the container existed.
 */
#include "base/fd.h"
#include "base/path.h"
#include "linux/devices.h"
#include "linux/mounts.h"
#include "linux/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* Something to lay over paths. A detached mount can be attached once; after that it is cloned. */
struct cover {
	int fd;
	bool used;
};

static int seal_readonly(const struct rootfs *r, const char *path, struct err *e);
static int seal_masks(struct rootfs *r, struct err *e);
static int seal_mask(const struct rootfs *r, const char *path, struct cover *file,
	struct cover *directory, struct err *e);

int rootfs_seal(struct rootfs *r, struct err *e)
{
	const struct spec_linux *l = &r->spec->linux_;

	for (size_t i = 0; i < l->readonly_paths.n; i++) {
		int n = seal_readonly(r, l->readonly_paths.v[i], e);
		if (n < 0)
			return err_prefix(
				e, "/linux/readonlyPaths/%zu: '%s'", i, l->readonly_paths.v[i]);
	}
	int n = seal_masks(r, e);
	if (n < 0)
		return n;
	for (size_t i = 0; i < r->spec->n_mounts; i++) {
		if (r->source_fds[i] < 0)
			continue;
		/* Below a detached mount attributes are for ever: a read-only clone lies over
		 * it. */
		n = r->loose ? seal_readonly(r, r->spec->mounts[i].destination, e)
			     : mount_set(r->source_fds[i], 0, MOUNT_ATTR_RDONLY, 0, 0);
		r->source_fds[i] = fd_close(r->source_fds[i]);
		if (n < 0)
			return err_set(e, -n, "/mounts/%zu: making '%s' read-only", i,
				r->spec->mounts[i].destination);
	}
	if (r->spec->root.readonly) {
		n = mount_set(r->fd, 0, MOUNT_ATTR_RDONLY, 0, 0);
		if (n < 0)
			return err_set(e, -n, "/root/readonly: making the root read-only");
	}
	return 0;
}

/* A path that the container has not needs no cover. Returns 0 then, -1 being no descriptor. */
static int open_path(const struct rootfs *r, const char *path, int *ret_fd, struct err *e)
{
	int fd = path_open_in(r->fd, path, O_PATH);

	if (fd < 0 && fd != -ENOENT && fd != -ENOTDIR)
		return err_set(e, -fd, "opening it in the rootfs");
	*ret_fd = fd < 0 ? -1 : fd;
	return 0;
}

/* The clone keeps its flags, and what is mounted below keeps being writable, as with the peers. */
static int seal_readonly(const struct rootfs *r, const char *path, struct err *e)
{
	_cleanup_close_ int at = -1;
	int n = open_path(r, path, &at, e);
	if (n < 0 || at < 0)
		return n;

	_cleanup_close_ int tree = mount_clone(at, "", AT_RECURSIVE);
	if (tree < 0)
		return err_set(e, -tree, "cloning its mount");
	n = mount_set(tree, 0, MOUNT_ATTR_RDONLY, 0, 0);
	if (n < 0)
		return err_set(e, -n, "making it read-only");
	return mount_place(r, tree, at, path, false, e);
}

static int seal_masks(struct rootfs *r, struct err *e)
{
	const struct str_list *paths = &r->spec->linux_.masked_paths;
	struct cover file = { .fd = r->null_fd }, directory = { .fd = -1 };
	int n = 0;

	for (size_t i = 0; n == 0 && i < paths->n; i++) {
		n = seal_mask(r, paths->v[i], &file, &directory, e);
		if (n < 0)
			(void)err_prefix(e, "/linux/maskedPaths/%zu: '%s'", i, paths->v[i]);
	}
	fd_close(directory.fd);
	r->null_fd = fd_close(r->null_fd);
	return n;
}

/* One empty file system for all: a superblock each would cost memory and time. */
static int empty_directory(struct err *e)
{
	char *words[] = { (char *)"nr_blocks=1", (char *)"nr_inodes=1", (char *)"mode=755", NULL };
	const struct str_list options = { .n = 3, .v = words };

	return mount_new_fs("tmpfs", "tmpfs", &options,
		MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, e);
}

/* A path may be named twice, or lead to one that was. The tmpfs is nowhere but in covers. */
static bool is_covered(int at, const struct statx *st, const struct cover *directory)
{
	struct stat cover;

	if (S_ISDIR(st->stx_mode))
		return directory->fd >= 0 && fstat(directory->fd, &cover) == 0 &&
		       cover.st_dev == makedev(st->stx_dev_major, st->stx_dev_minor);
	return (st->stx_attributes & STATX_ATTR_MOUNT_ROOT) && devices_is_null(at);
}

static int seal_mask(const struct rootfs *r, const char *path, struct cover *file,
	struct cover *directory, struct err *e)
{
	_cleanup_close_ int at = -1;
	int n = open_path(r, path, &at, e);
	if (n < 0 || at < 0)
		return n;

	struct statx st;
	if (statx(at, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &st) < 0)
		return err_set(e, errno, "reading what kind of file it is");
	if (is_covered(at, &st, directory))
		return 0;
	struct cover *cover = S_ISDIR(st.stx_mode) ? directory : file;
	if (cover->fd < 0) {
		cover->fd = empty_directory(e);
		if (cover->fd < 0)
			return cover->fd;
	}
	if (!cover->used) {
		cover->used = true;
		return mount_place(r, cover->fd, at, path, false, e);
	}
	_cleanup_close_ int clone = mount_clone(cover->fd, "", 0);
	if (clone < 0)
		return err_set(e, -clone, "cloning the cover");
	return mount_place(r, clone, at, path, false, e);
}
