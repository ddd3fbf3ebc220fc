/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rootfs.h - the container's file system: assembled from mounts by descriptor, entered, sealed.
 *
 * The parent opens whatever comes from the host (rootfs_open), so that init, which may have no
 * rights there, uses descriptors only. Init then goes through the steps in order. A mount is never
 * made at a path: it is made detached, and moved onto a descriptor that openat2(2) resolved within
 * the root.
 *
 *	parent	rootfs_open	once the cgroup exists, whose directories may be bound
 *	init	rootfs_attach	before creds_root(): the way may be open to the host's root only
 *		rootfs_mount	after creds_root(), and in the new cgroup namespace
 *		rootfs_console	from here on, but before the seal: /dev is still writable
 *		  (createContainer hooks)
 *		rootfs_pivot	the host's root is gone after it
 *		rootfs_seal
 *		rootfs_relocate	in a user namespace, whose root must not undo it
 *		rootfs_share
 *
 * A container without a mount namespace has the host's. Its tree stays detached (r->loose): init
 * changes its root to it, and it is gone when no process has its root there any more. Nothing is
 * ever mounted in the host's namespace, and ".." of the tree's root leads nowhere. Mounting in such
 * a tree takes Linux 6.15.
 */
#pragma once

#include "base/err.h"
#include "base/str.h"
#include "spec/spec.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct mount_plan;

/* The cgroup hierarchies of the host, for mounts of type cgroup; filled by the cgroup layer. */
struct rootfs_cgroups {
	bool v2; /* pure cgroup v2: one cgroup2 file system */
	size_t n;
	struct rootfs_hierarchy {
		const char *name;     /* directory below /sys/fs/cgroup: "cpu,cpuacct", "systemd" */
		const char *options;  /* v1 mount option: "cpu,cpuacct", "none,name=systemd"; NULL:
					 cgroup2 */
		const char *host_dir; /* the container's directory on the host, for binds without a
					 cgroup namespace */
	} * v;
};

struct rootfs_options {
	int bundle_fd;      /* directory that a relative root.path and bind sources start from */
	const char *bundle; /* its absolute path, for messages and hooks */
	bool no_pivot;
	const struct rootfs_cgroups *cgroups; /* NULL: no cgroup mounts possible */
};

/* Lists of descriptors hold -1 where there is none; they live in the arena. */
struct rootfs {
	const struct spec *spec;
	struct rootfs_options opts;
	struct arena *arena;
	char *path;               /* absolute path of root.path on the host; in the arena */
	int fd;                   /* root of the container's tree: detached until rootfs_attach */
	char *place;              /* where it is attached, as the kernel says it; "" for "/" */
	uint64_t mount_id, inode; /* of fd, while mounts are made */
	int null_fd;              /* detached clone of the host's verified /dev/null, for masks */
	int *source_fds;          /* per mount of the spec: detached clone of a bind's source */
	int *idmap_fds;           /* per mount: a user namespace with the map of its IDs */
	int source_fds_from;      /* 0, or the number from which on these are */
	int *device_fds; /* per default and spec device: the host's node where it is bound */
	size_t n_device_fds;
	int *cgroup_fds; /* per hierarchy: the container's directory where it is bound */
	size_t n_cgroup_fds;
	struct mount_plan *mounts; /* per mount of the spec; in the arena */
	uint64_t propagation;      /* linux.rootfsPropagation: MS_SLAVE ..., MS_REC for r forms */
	bool userns;               /* init is in a user namespace: mknod(2) makes no devices */
	bool own_dev;              /* /dev is not the host's: nodes and links are made in it */
	bool relocated;            /* in the locked copy: see rootfs_relocate() */
	bool loose;                /* no mount namespace: the tree is never attached anywhere */
	bool late; /* the parent may not clone mounts (rootless): rootfs_attach opens instead */
	/* Init, in a user namespace: have the parent give a source its map of IDs. NULL: init
	 * may. */
	int (*map_ids)(void *arg, int source_fd, struct err *e);
	void *map_ids_arg;
};

/*
 * Parent: check the mount options, open the tree, the bind sources, the device nodes to bind.
 * On failure nothing stays open.
 */
int rootfs_open(const struct spec *spec, const struct rootfs_options *opts, struct arena *arena,
	struct rootfs *ret, struct err *e);
void rootfs_close(struct rootfs *r);

/*
 * Init, before it takes the container's IDs: find the place of the tree, cut mount propagation to
 * the host as linux.rootfsPropagation says (default: rslave), attach the tree.
 */
int rootfs_attach(struct rootfs *r, struct err *e);

/* Init, as the container's root: every mount of the spec in order, then devices and links. */
int rootfs_mount(struct rootfs *r, struct err *e);

/*
 * Is the source of mount number i only there once others are in place, and are its IDs mapped by
 * the parent? While rootfs_mount goes on it calls map_ids for each such mount, in order;
 * rootfs_map_ids() is what that has to do in the parent.
 */
bool rootfs_needs_map(const struct rootfs *r, size_t i);
int rootfs_map_ids(struct rootfs *r, size_t i, int source_fd, struct err *e);

/*
 * Where in the container a bind's source is whose path begins with that of the rootfs: "/a", in
 * arena. NULL in *ret: it is the host's. 0 or -ENOMEM.
 */
int rootfs_inside(const char *rootfs, const char *bundle, const char *source, struct arena *arena,
	const char **ret);

/*
 * Init, after the createContainer hooks: make the tree the root, and let go of the host's. Also
 * makes process.cwd if it is missing (hooks may have mounted above it), and exchanges the host's
 * /dev/null on descriptors 0 to 2 for the container's.
 */
int rootfs_pivot(struct rootfs *r, struct err *e);

/*
 * Init, where process.terminal is true: a new pty of the container's devpts; its slave is also
 * bound on /dev/console. Both descriptors are close-on-exec. The slave belongs to the caller's IDs.
 */
int rootfs_console(struct rootfs *r, int *ret_master, int *ret_slave, struct err *e);

/* A new pty of the devpts below root_fd alone, for exec. Both descriptors are close-on-exec. */
int rootfs_pty(int root_fd, int *ret_master, int *ret_slave, struct err *e);

/* Init, inside: read-only paths, masked paths, read-only tmpfs mounts, read-only root. */
int rootfs_seal(struct rootfs *r, struct err *e);

/*
 * Init, in a user namespace: move to the mount namespace ns_fd, a locked copy of its own made by
 * ns_lock_mounts(). Descriptors 0 to 2 move along where they are of the container's /dev.
 */
int rootfs_relocate(struct rootfs *r, int ns_fd, struct err *e);

/* Init, last: linux.rootfsPropagation and the propagation of mounts where it is "shared". */
int rootfs_share(struct rootfs *r, struct err *e);
