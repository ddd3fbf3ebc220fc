/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rootfs.c - the container's tree: what the parent opens for it, where it is attached, what is
 * mounted in it. Never mounts on a path, never lets a mount of the container reach the host.
 */
#include "linux/rootfs.h"

#include "base/fd.h"
#include "base/path.h"
#include "base/self.h"
#include "linux/devices.h"
#include "linux/mounts.h"
#include "spec/names.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define MOUNTS_MANY 128

static int plan(struct rootfs *r, struct arena *arena, struct err *e);
static int plan_mounts(struct rootfs *r, struct arena *arena, struct err *e);
static int new_fds(struct arena *arena, size_t n, int **ret);
static int open_roomily(struct rootfs *r, int bundle_fd, struct err *e);
static int open_host(struct rootfs *r, int bundle_fd, struct err *e);
static int open_source(struct rootfs *r, int bundle_fd, size_t i, struct err *e);
static int plan_place(struct rootfs *r, size_t i, struct err *e);
static int attach(struct rootfs *r, struct err *e);
static bool owns_dev(const struct rootfs *r, bool *ret_missing);
static int refuse_strange_dev(const struct rootfs *r, struct err *e);

int rootfs_open(const struct spec *spec, const struct rootfs_options *opts, struct arena *arena,
	struct rootfs *ret, struct err *e)
{
	struct rootfs r = { .spec = spec, .opts = *opts, .arena = arena, .fd = -1, .null_fd = -1 };

	int n = plan(&r, arena, e);
	if (n == 0)
		n = open_roomily(&r, opts->bundle_fd, e);
	if (n == -EPERM && r.fd < 0) {
		/* Not even the tree: no CAP_SYS_ADMIN here. Init has it in its own user
		 * namespace. */
		r.late = true;
		n = r.userns && !r.loose
			    ? 0
			    : err_prefix(e, "a container without a user namespace needs root");
	}
	if (n < 0) {
		rootfs_close(&r);
		return n;
	}
	*ret = r;
	return 0;
}

static void close_all(int *fds, size_t n)
{
	for (size_t i = 0; fds && i < n; i++)
		fds[i] = fd_close(fds[i]);
}

void rootfs_close(struct rootfs *r)
{
	r->fd = fd_close(r->fd);
	r->null_fd = fd_close(r->null_fd);
	close_all(r->source_fds, r->spec->n_mounts);
	close_all(r->idmap_fds, r->spec->n_mounts);
	close_all(r->device_fds, r->n_device_fds);
	close_all(r->cgroup_fds, r->n_cgroup_fds);
}

static bool has_selinux(void)
{
	_cleanup_close_ int fd = open("/sys/fs/selinux", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd >= 0 && fd_is_fs(fd, SELINUX_MAGIC);
}

/* All that needs no privilege and can be wrong is said first. */
static int plan(struct rootfs *r, struct arena *arena, struct err *e)
{
	const struct spec *spec = r->spec;
	const struct spec_linux *l = &spec->linux_;

	if (l->mount_label && !has_selinux())
		return err_say(e, ENOTSUP,
			"/linux/mountLabel: '%s': SELinux is not enabled on this host",
			l->mount_label);

	r->loose = !l->namespaces[NS_MOUNT].present;
	r->propagation = MS_SLAVE | MS_REC;
	if (!str_empty(l->rootfs_propagation)) {
		const struct mount_opt *o = names_mount_option(l->rootfs_propagation);
		if (!o || o->kind != MOUNT_OPT_PROPAGATION)
			return err_say(e, EINVAL,
				"/linux/rootfsPropagation: '%s' is no propagation type",
				l->rootfs_propagation);
		r->propagation = o->set;
	}
	r->path = spec->root.path[0] == '/'
			  ? arena_strdup(arena, spec->root.path)
			  : arena_printf(arena, "%s/%s", r->opts.bundle, spec->root.path);
	r->userns = l->namespaces[NS_USER].present || self_in_user_namespace();
	r->n_device_fds = n_devices_default + l->n_devices;
	r->n_cgroup_fds = r->opts.cgroups ? r->opts.cgroups->n : 0;
	if (!r->path || new_fds(arena, spec->n_mounts, &r->source_fds) < 0 ||
		new_fds(arena, spec->n_mounts, &r->idmap_fds) < 0 ||
		new_fds(arena, r->n_device_fds, &r->device_fds) < 0 ||
		new_fds(arena, r->n_cgroup_fds, &r->cgroup_fds) < 0)
		return err_nomem(e);
	return plan_mounts(r, arena, e);
}

static int plan_mounts(struct rootfs *r, struct arena *arena, struct err *e)
{
	const struct spec *spec = r->spec;

	r->mounts = arena_array(arena, struct mount_plan, spec->n_mounts + 1);
	if (!r->mounts)
		return err_nomem(e);
	for (size_t i = 0; i < spec->n_mounts; i++) {
		int n = mount_options(&spec->mounts[i], arena, &r->mounts[i], e);
		if (n < 0)
			return err_prefix(
				e, "/mounts/%zu: mount on '%s'", i, spec->mounts[i].destination);
		n = plan_place(r, i, e);
		if (n < 0)
			return n;
		/* config.md, Linux mount options: then an error must be given. */
		if (r->mounts[i].idmap && !spec->mounts[i].uid_mappings.n &&
			!spec->linux_.namespaces[NS_USER].present)
			return err_say(e, EINVAL,
				"/mounts/%zu: mount on '%s': 'idmap' without uidMappings and "
				"gidMappings needs a user namespace, whose mappings it takes",
				i, spec->mounts[i].destination);
	}
	return 0;
}

int rootfs_inside(const char *rootfs, const char *bundle, const char *source, struct arena *arena,
	const char **ret)
{
	const char *whole = source;

	if (source[0] != '/' && !(whole = arena_printf(arena, "%s/%s", bundle, source)))
		return -ENOMEM;
	const char *rest = path_below(whole, rootfs);
	if (rest && !(rest = arena_printf(arena, "/%s", rest)))
		return -ENOMEM;
	*ret = rest;
	return 0;
}

/*
 * A bind from the container to the container may name both by the host's paths, as runc has it. Of
 * other mounts a destination is what it says.
 */
static int plan_place(struct rootfs *r, size_t i, struct err *e)
{
	const struct spec_mount *m = &r->spec->mounts[i];
	struct mount_plan *plan = &r->mounts[i];

	plan->destination = m->destination;
	if (!plan->bind)
		return 0;
	if (rootfs_inside(r->path, r->opts.bundle, m->source, r->arena, &plan->inside) < 0)
		return err_nomem(e);
	const char *rest = plan->inside ? path_below(m->destination, r->path) : NULL;
	if (rest && !(plan->destination = arena_printf(r->arena, "/%s", rest)))
		return err_nomem(e);
	return 0;
}

bool rootfs_needs_map(const struct rootfs *r, size_t i)
{
	/* Only who has CAP_SYS_ADMIN where a file system was mounted may map its IDs. */
	return r->mounts[i].inside && r->mounts[i].idmap && r->userns && !r->late;
}

int rootfs_map_ids(struct rootfs *r, size_t i, int source_fd, struct err *e)
{
	int n = mount_idmap(r, i, source_fd, e);

	return n < 0 ? err_prefix(
			       e, "/mounts/%zu: mount on '%s'", i, r->spec->mounts[i].destination)
		     : 0;
}

static int new_fds(struct arena *arena, size_t n, int **ret)
{
	int *fds = arena_array(arena, int, n + 1);

	if (!fds)
		return -ENOMEM;
	for (size_t i = 0; i <= n; i++)
		fds[i] = -1;
	*ret = fds;
	return 0;
}

uint64_t mount_clones_as(const struct rootfs *r)
{
	if (r->propagation & MS_SHARED)
		return 0;
	return r->propagation & (MS_PRIVATE | MS_UNBINDABLE) ? MS_PRIVATE : MS_SLAVE;
}

/*
 * Each bind takes a descriptor until it is in place, and the usual soft limit is 1024. Where there
 * are many they get numbers above that limit, raised meanwhile, so that the ones below stay free.
 */
static int open_roomily(struct rootfs *r, int bundle_fd, struct err *e)
{
	struct rlimit before, roomy;

	if (r->spec->n_mounts <= MOUNTS_MANY || getrlimit(RLIMIT_NOFILE, &before) < 0)
		return open_host(r, bundle_fd, e);
	roomy = before;
	roomy.rlim_cur = before.rlim_max;
	if (before.rlim_cur >= INT_MAX || before.rlim_cur == before.rlim_max ||
		setrlimit(RLIMIT_NOFILE, &roomy) < 0)
		return open_host(r, bundle_fd, e);
	r->source_fds_from = (int)before.rlim_cur;
	int n = open_host(r, bundle_fd, e);
	(void)setrlimit(RLIMIT_NOFILE, &before); /* lowering is always allowed */
	return n;
}

static int open_host(struct rootfs *r, int bundle_fd, struct err *e)
{
	r->fd = mount_clone(bundle_fd, r->spec->root.path, AT_RECURSIVE);
	if (r->fd < 0)
		return err_set(e, -r->fd, "/root/path: rootfs '%s'", r->path);
	struct stat st;
	if (fstat(r->fd, &st) < 0 || !S_ISDIR(st.st_mode))
		return err_set(e, ENOTDIR, "/root/path: rootfs '%s'", r->path);
	int n = mount_set(r->fd, AT_RECURSIVE, 0, 0, mount_clones_as(r));
	/* pivot_root(2) refuses a shared mount; rootfs_pivot makes it shared, in a group of its
	 * own. */
	if (n == 0 && (r->propagation & MS_SHARED))
		n = mount_set(r->fd, 0, 0, 0, MS_PRIVATE);
	if (n < 0)
		return err_set(e, -n, "setting the propagation of rootfs '%s'", r->path);

	for (size_t i = 0; i < r->spec->n_mounts; i++) {
		n = r->mounts[i].bind ? open_source(r, bundle_fd, i, e) : 0;
		if (n < 0)
			return err_prefix(
				e, "/mounts/%zu: mount on '%s'", i, r->spec->mounts[i].destination);
	}

	r->null_fd = mount_clone(AT_FDCWD, "/dev/null", 0);
	if (r->null_fd < 0)
		return err_set(e, -r->null_fd, "cloning the mount of the host's /dev/null");
	if (!devices_is_null(r->null_fd))
		return err_say(e, ENODEV,
			"the host's /dev/null is not the null device (character device 1:3)");
	n = mount_set(r->null_fd, 0, 0, 0, MS_PRIVATE);
	if (n < 0)
		return err_set(e, -n, "setting the propagation of the host's /dev/null");

	n = mount_cgroup_open(r, e);
	return n < 0 ? n : devices_open(r, e);
}

/* Sets link where the source of mount number i is one. */
static int read_link(struct rootfs *r, int bundle_fd, size_t i, struct err *e)
{
	const char *source = r->spec->mounts[i].source;
	char text[PATH_MAX];

	ssize_t len = readlinkat(bundle_fd, source, text, sizeof(text) - 1);
	if (len < 0 && errno == EINVAL)
		return 0; /* no link */
	if (len < 0)
		return err_set(e, errno, "reading source '%s'", source);
	r->mounts[i].link = arena_strndup(r->arena, text, (size_t)len);
	return r->mounts[i].link ? 0 : err_nomem(e);
}

static int open_source(struct rootfs *r, int bundle_fd, size_t i, struct err *e)
{
	const char *source = r->spec->mounts[i].source;
	struct mount_plan *plan = &r->mounts[i];

	if (plan->inside) /* not there yet, or not what it will be */
		return plan->idmap ? mount_idmap_open(r, i, e) : 0;
	if (plan->copy_symlink) {
		int n = read_link(r, bundle_fd, i, e);
		if (n < 0 || plan->link)
			return n;
	}
	int fd = mount_clone(bundle_fd, source,
		(plan->recursive ? AT_RECURSIVE : 0) |
			(plan->src_nofollow ? AT_SYMLINK_NOFOLLOW : 0));
	if (fd == -EINVAL)
		return err_set(e, EINVAL,
			"cloning the mount of source '%s' (it is unbindable, or hides mounts that "
			"a user "
			"namespace must not uncover)",
			source);
	if (fd < 0)
		return err_set(e, -fd, "cloning the mount of source '%s'", source);
	if (r->source_fds_from > 0) {
		int high = fcntl(fd, F_DUPFD_CLOEXEC, r->source_fds_from);
		if (high >= 0) {
			fd_close(fd);
			fd = high;
		}
	}
	r->source_fds[i] = fd;
	int n = mount_set(fd, AT_RECURSIVE, 0, 0, mount_clones_as(r));
	if (n < 0)
		return err_set(e, -n, "setting the propagation of source '%s'", source);
	return plan->idmap ? mount_idmap(r, i, fd, e) : 0;
}

int rootfs_attach(struct rootfs *r, struct err *e)
{
	/* "/" is the host's own here, and not to be touched. */
	if (r->loose)
		return 0;
	/* The copies of the host's mounts in the new namespace are still peers of the originals. */
	_cleanup_close_ int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_set(e, errno, "opening the host's root");
	int n = mount_set(root, AT_RECURSIVE, 0, 0,
		r->propagation & (MS_PRIVATE | MS_UNBINDABLE) ? MS_PRIVATE : MS_SLAVE);
	if (n < 0)
		return err_set(e, -n, "cutting the propagation of mounts to the host");

	if (r->late) {
		/* Descriptors of the old namespace cannot be cloned from here; the bundle's path
		 * can. */
		_cleanup_close_ int bundle = open(r->opts.bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (bundle < 0)
			return err_set(e, errno, "opening bundle '%s'", r->opts.bundle);
		n = open_roomily(r, bundle, e);
		if (n < 0)
			return n;
	}
	return attach(r, e);
}

static int attach(struct rootfs *r, struct err *e)
{
	struct stat tree, target;

	_cleanup_close_ int fd = open(r->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, errno, "opening rootfs '%s'", r->path);
	if (fstat(r->fd, &tree) < 0 || fstat(fd, &target) < 0)
		return err_set(e, errno, "reading rootfs '%s'", r->path);
	if (tree.st_dev != target.st_dev || tree.st_ino != target.st_ino)
		return err_say(e, EAGAIN,
			"rootfs '%s' was exchanged while the container was created", r->path);
	if (move_mount(r->fd, "", fd, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return err_set(e, errno, "attaching the mounts of rootfs '%s'", r->path);
	return 0;
}

int rootfs_mount(struct rootfs *r, struct err *e)
{
	mode_t umask_before = umask(0); /* modes are meant as they are written */
	int n = mount_find_root(r, e);

	for (size_t i = 0; n == 0 && i < r->spec->n_mounts; i++) {
		n = mount_one(r, i, e);
		if (n < 0)
			(void)err_prefix(e, "/mounts/%zu", i);
	}
	bool missing = false;
	r->own_dev = n == 0 && owns_dev(r, &missing);
	if (missing)
		n = refuse_strange_dev(r, e);
	if (n == 0 && r->own_dev)
		n = devices_make(r, e);
	umask(umask_before);
	return n;
}

/*
 * A /dev that was bound is left as it is, as the peers do: it has its nodes, and may be the host's
 * own, where nothing must be made or replaced. Asked by identity, since the way to /dev can lead
 * over links and mounts above it.
 */
static bool owns_dev(const struct rootfs *r, bool *ret_missing)
{
	uint64_t mount, inode;
	struct stat here, host;

	_cleanup_close_ int dev = path_open_in(r->fd, "/dev", O_PATH | O_DIRECTORY);
	*ret_missing = dev < 0;
	if (dev < 0)
		return true;
	if (mount_id(dev, &mount, &inode) < 0 || fstat(dev, &here) < 0)
		return false;
	for (size_t i = 0; i < r->spec->n_mounts; i++) {
		if (r->mounts[i].bind && r->mounts[i].id == mount)
			return false;
	}
	/* Until the pivot "/" is still the host's. */
	return stat("/dev", &host) < 0 || here.st_dev != host.st_dev || here.st_ino != host.st_ino;
}

/* Mounts follow links that dangle; nodes do not: no image has its /dev so by chance. */
static int refuse_strange_dev(const struct rootfs *r, struct err *e)
{
	_cleanup_close_ int dev = path_open_in(r->fd, "/dev", O_PATH | O_NOFOLLOW);

	if (dev < 0)
		return 0; /* it will be made */
	return err_say(e, ENOTDIR,
		"/dev in the rootfs is no directory, nor a link to one: no devices are made there");
}
