/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mounts.h - one mount of the spec: its options read into what the kernel takes, made, and put in
 * place by descriptor.
 *
 * Not called mount.h: <sys/mount.h> of glibc includes "linux/mount.h" in quotes and would get this.
 */
#pragma once

#include "base/err.h"
#include "base/str.h"
#include "linux/rootfs.h"
#include "spec/spec.h"

#include <stdbool.h>
#include <stdint.h>

struct mount_plan {
	bool bind, recursive;
	bool idmap, idmap_recursive;
	bool copy_up;                     /* a tmpfs that begins with what it covers */
	bool src_nofollow, dest_nofollow; /* a link there is meant itself */
	bool copy_symlink;                /* a link as the source is made again, not bound */
	const char *link;                 /* the text of that link; NULL: the source is none */
	const char *inside;            /* where in the container the source is; NULL: on the host */
	const char *destination;       /* in the container */
	uint64_t attr_set, attr_clear; /* of the mount itself */
	uint64_t rec_attr_set, rec_attr_clear; /* of it and all below it */
	uint64_t propagation[8];               /* MS_SHARED ... each with MS_REC or not, in order */
	size_t n_propagation;
	struct str_list super; /* "key" or "key=value" for fsconfig(2), in order */
	uint64_t id;           /* of a bind, once in place: STATX_MNT_ID; 0 before */
};

/*
 * Read a mount's options. An unknown word is data for the file system, as with mount(8); a bind has
 * no file system of its own to give data to, and does without, as mount(2) does. A word that is
 * known but that this version cannot carry out is -ENOTSUP, by name. Pure: no system calls.
 */
int mount_options(
	const struct spec_mount *m, struct arena *arena, struct mount_plan *ret, struct err *e);

/* Make mount number i of the spec and move it into the tree. */
int mount_one(struct rootfs *r, size_t i, struct err *e);

/* Mount number i, of type cgroup, on target_fd. */
int mount_cgroup(struct rootfs *r, size_t i, int target_fd, struct err *e);

/* Parent: clone the container's directories of the hierarchies where no cgroup namespace does. */
int mount_cgroup_open(struct rootfs *r, struct err *e);

/*
 * A detached file system: fsopen, fsconfig for each option, fsmount. The kernel's own words
 * (read from the fs context) go into the error. source NULL or empty: the type's name stands for
 * it. attrs: MOUNT_ATTR_*. Returns a descriptor.
 */
int mount_new_fs(const char *type, const char *source, const struct str_list *options,
	uint64_t attrs, struct err *e);

/*
 * A detached copy of the mount at path, or of what dir_fd itself is where path is "". flags:
 * AT_RECURSIVE, AT_SYMLINK_NOFOLLOW. Returns a descriptor or -errno; no error text is set.
 */
int mount_clone(int dir_fd, const char *path, unsigned flags);

/* mount_setattr(2) on the mount that fd is; flags: AT_RECURSIVE. propagation: MS_SHARED ... or 0.
 * Returns 0 or -errno; no error text is set. */
int mount_set(int fd, unsigned flags, uint64_t set, uint64_t clear, uint64_t propagation);

/*
 * What clones become: MS_SLAVE ..., or 0. A clone of a shared mount is its peer, and would send the
 * container's mounts to the host.
 */
uint64_t mount_clones_as(const struct rootfs *r);

/* A number that no two mounts share while both live (STATX_MNT_ID), and the inode; or -errno. */
int mount_id(int fd, uint64_t *ret_mount, uint64_t *ret_inode);

/*
 * Move the mount mount_fd onto target_fd, which was opened at destination below the root, and see
 * that destination now leads to it: a directory renamed meanwhile would have taken the mount along
 * and left something else in its place. no_links: no symbolic link may be on the way.
 */
/* Where the tree is, for mounts to be checked against: rootfs.place, mount_id and inode. */
int mount_find_root(struct rootfs *r, struct err *e);
int mount_place(const struct rootfs *r, int mount_fd, int target_fd, const char *destination,
	bool no_links, struct err *e);

/* The same where destination is to be opened with these flags; O_NOFOLLOW: a link is meant
 * itself. */
int mount_place_as(const struct rootfs *r, int mount_fd, int target_fd, const char *destination,
	int flags, struct err *e);

/*
 * The source of mount number i where that is in the container: cloned from what is there by now,
 * into source_fds, or its text into link.
 */
int mount_open_inside(struct rootfs *r, size_t i, struct err *e);

/*
 * mount_idmap_open: parent: make the map of IDs of mount number i ready. mount_idmap: give it to
 * fd, the source, which is still detached.
 */
int mount_idmap_open(struct rootfs *r, size_t i, struct err *e);
int mount_idmap(struct rootfs *r, size_t i, int fd, struct err *e);

/*
 * The option list of mount number i's propagation. Called before the mount is in its place and
 * after: it is done after, but in a detached tree before, where mount_setattr(2) then changes
 * nothing any more.
 */
int mount_propagate(
	const struct rootfs *r, int fd, const struct mount_plan *plan, bool placed, struct err *e);
