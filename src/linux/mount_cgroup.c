/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mount_cgroup.c - mounts of type cgroup: one cgroup2 file system on pure v2, a tmpfs with a
 * directory per hierarchy elsewhere. Never shows more than the container's own cgroup where the
 * host's cgroup namespace is shared and v1 leaves the choice.
 */
#include "base/fd.h"
#include "linux/mounts.h"

#include <errno.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define HIERARCHY_ATTRS (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

static int mount_v2(struct rootfs *r, size_t i, int target_fd, struct err *e);
static int mount_v1(struct rootfs *r, size_t i, int target_fd, struct err *e);
static int fill(struct rootfs *r, size_t i, int tmpfs_fd, struct err *e);

int mount_cgroup(struct rootfs *r, size_t i, int target_fd, struct err *e)
{
	const struct rootfs_cgroups *c = r->opts.cgroups;

	if (!c || c->n == 0)
		return err_say(
			e, ENOENT, "the host has no cgroup hierarchy that a container could see");
	if (c->v2 || str_eq(r->spec->mounts[i].type, "cgroup2"))
		return mount_v2(r, i, target_fd, e);
	return mount_v1(r, i, target_fd, e);
}

static bool has_cgroup_mount(const struct rootfs *r)
{
	for (size_t i = 0; i < r->spec->n_mounts; i++) {
		if (!r->mounts[i].bind && str_starts(r->spec->mounts[i].type, "cgroup"))
			return true;
	}
	return false;
}

/*
 * In a cgroup namespace its root is what a new mount shows. In the host's, v2 shows all, as
 * /proc/self/cgroup does then; but a user namespace may not mount that, and v1 has a choice.
 */
int mount_cgroup_open(struct rootfs *r, struct err *e)
{
	const struct rootfs_cgroups *c = r->opts.cgroups;

	if (!c || r->spec->linux_.namespaces[NS_CGROUP].present || (c->v2 && !r->userns))
		return 0;
	if (!has_cgroup_mount(r))
		return 0;
	for (size_t k = 0; k < c->n; k++) {
		if (!c->v[k].host_dir)
			continue;
		int fd = mount_clone(AT_FDCWD, c->v[k].host_dir, 0);
		if (fd < 0)
			return err_set(
				e, -fd, "cloning the mount of cgroup '%s'", c->v[k].host_dir);
		r->cgroup_fds[k] = fd;
		int n = mount_set(fd, 0, HIERARCHY_ATTRS, 0, MS_PRIVATE);
		if (n < 0)
			return err_set(
				e, -n, "preparing the mount of cgroup '%s'", c->v[k].host_dir);
	}
	return 0;
}

/* The clone of hierarchy k, or a new mount of it. */
static int hierarchy(
	struct rootfs *r, size_t k, const struct str_list *options, uint64_t attrs, struct err *e)
{
	const struct rootfs_hierarchy *h = &r->opts.cgroups->v[k];
	static char *no_words[] = { NULL };
	struct str_list none = { .v = no_words };

	if (k < r->n_cgroup_fds && r->cgroup_fds[k] >= 0) {
		_cleanup_close_ int fd = TAKE_FD(r->cgroup_fds[k]);
		int n = mount_set(fd, 0, attrs, 0, 0);
		return n < 0 ? err_set(e, -n, "setting the attributes of cgroup '%s'", h->name)
			     : TAKE_FD(fd);
	}
	if (!h->options)
		return mount_new_fs("cgroup2", "cgroup", options ? options : &none, attrs, e);

	/* "cpu,cpuacct" and "none,name=systemd": words of their own to fsconfig(2). */
	char text[256], *words[32], *save = NULL;
	struct str_list list = { .v = words };
	if (strlen(h->options) >= sizeof(text))
		return err_say(e, ENAMETOOLONG, "the options of cgroup hierarchy '%s' are too long",
			h->name);
	strcpy(text, h->options);
	for (char *w = strtok_r(text, ",", &save); w && list.n < ELEMENTS(words);
		w = strtok_r(NULL, ",", &save))
		words[list.n++] = w;
	return mount_new_fs("cgroup", "cgroup", &list, attrs, e);
}

static int mount_v2(struct rootfs *r, size_t i, int target_fd, struct err *e)
{
	const struct rootfs_cgroups *c = r->opts.cgroups;
	const struct mount_plan *plan = &r->mounts[i];
	uint64_t attrs = (plan->attr_set & ~plan->rec_attr_clear) | plan->rec_attr_set;
	size_t k = 0;

	while (k < c->n && c->v[k].options)
		k++;
	if (k == c->n)
		return err_say(e, ENOENT, "the host has no cgroup v2 hierarchy");
	_cleanup_close_ int fd = hierarchy(r, k, &plan->super, attrs, e);
	if (fd < 0)
		return fd;
	int n = mount_propagate(r, fd, plan, false, e);
	if (n == 0)
		n = mount_place(r, fd, target_fd, r->spec->mounts[i].destination, false, e);
	return n < 0 ? n : mount_propagate(r, fd, plan, true, e);
}

static int mount_v1(struct rootfs *r, size_t i, int target_fd, struct err *e)
{
	const char *destination = r->spec->mounts[i].destination;
	const struct mount_plan *plan = &r->mounts[i];
	char *mode[] = { (char *)"mode=755", NULL };
	struct str_list options = { .n = 1, .v = mode };

	_cleanup_close_ int fd = mount_new_fs("tmpfs", "cgroup", &options, HIERARCHY_ATTRS, e);
	if (fd < 0)
		return fd;
	/* A detached tmpfs can be filled since Linux 6.15, which loose trees need anyhow, and one
	 * that is in such a tree cannot be made read-only any more. */
	int n = r->loose ? 0 : mount_place(r, fd, target_fd, destination, false, e);
	if (n == 0)
		n = fill(r, i, fd, e);
	if (n < 0)
		return n;
	n = mount_set(fd, 0, (plan->attr_set | plan->rec_attr_set) & MOUNT_ATTR_RDONLY, 0, 0);
	if (n < 0)
		return err_set(e, -n, "making the directory of hierarchies read-only");
	n = mount_propagate(r, fd, plan, false, e);
	if (n == 0 && r->loose)
		n = mount_place(r, fd, target_fd, destination, false, e);
	return n < 0 ? n : mount_propagate(r, fd, plan, true, e);
}

/* A hierarchy of several controllers is found under each one's name: cpu -> cpu,cpuacct. */
static int link_controllers(int tmpfs_fd, const char *name, struct err *e)
{
	for (const char *p = name; *p;) {
		size_t len = strcspn(p, ",");
		char one[64];

		if (len > 0 && len < sizeof(one)) {
			memcpy(one, p, len);
			one[len] = '\0';
			if (symlinkat(name, tmpfs_fd, one) < 0 && errno != EEXIST)
				return err_set(e, errno, "linking cgroup '%s' to '%s'", one, name);
		}
		p += len;
		p += *p == ',';
	}
	return 0;
}

/* The tmpfs is new and nobody else's: its own names can be trusted. */
static int fill(struct rootfs *r, size_t i, int tmpfs_fd, struct err *e)
{
	const struct rootfs_cgroups *c = r->opts.cgroups;
	const struct mount_plan *plan = &r->mounts[i];

	for (size_t k = 0; k < c->n; k++) {
		const char *name = c->v[k].name;
		if (strchr(name, '/') || str_eq(name, ".") || str_eq(name, "..") || !*name)
			return err_say(e, EINVAL, "cgroup hierarchy '%s' has no usable name", name);
		_cleanup_close_ int fd = hierarchy(
			r, k, NULL, HIERARCHY_ATTRS | plan->attr_set | plan->rec_attr_set, e);
		if (fd < 0)
			return err_prefix(e, "cgroup hierarchy '%s'", name);
		if (mkdirat(tmpfs_fd, name, 0755) < 0)
			return err_set(
				e, errno, "making the directory of cgroup hierarchy '%s'", name);
		int n = mount_propagate(r, fd, plan, false, e);
		if (n < 0)
			return n;
		/* Without MOVE_MOUNT_T_SYMLINKS no link is followed. */
		if (move_mount(fd, "", tmpfs_fd, name, MOVE_MOUNT_F_EMPTY_PATH) < 0)
			return err_set(e, errno, "mounting cgroup hierarchy '%s'", name);
		n = mount_propagate(r, fd, plan, true, e);
		if (n == 0 && strchr(name, ','))
			n = link_controllers(tmpfs_fd, name, e);
		if (n < 0)
			return n;
	}
	return 0;
}
