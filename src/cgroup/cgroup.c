/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup.c - plan a container's cgroup, and put processes into it. make.c makes it.
 */
#include "cgroup/cgroup.h"

#include "base/fd.h"
#include "cgroup/internal.h"
#include "cgroup/scope.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

static int plan_disabled(
	const struct spec *spec, struct arena *arena, struct cgroup **ret, struct err *e);
static int plan_paths(struct cgroup *cg, const char *cgroups_path, const char *id,
	struct arena *arena, struct err *e);
static int v2_offers(const struct cgroup *cg, struct text *ret, struct err *e);

int cgroup_plan(const struct spec *spec, const char *id, enum cgroup_manager manager,
	struct arena *arena, struct cgroup **ret, struct err *e)
{
	_cleanup_text_ struct text v2_controllers = { 0 };
	int r;

	if (manager == CGROUP_DISABLED)
		return plan_disabled(spec, arena, ret, e);

	struct cgroup *cg = arena_new(arena, struct cgroup);
	if (!cg)
		return err_nomem(e);
	cg->manager = manager;
	cg->creating = true;
	r = hierarchies_find(arena, &cg->h, &cg->n, e);
	if (r < 0)
		return r;
	if (cg->n == 0)
		return err_say(
			e, ENOENT, "no cgroup file system is mounted here: " CGROUP_DISABLED_HINT);
	for (size_t i = 0; i < cg->n; i++)
		if (cg->h[i].readonly)
			return err_say(e, EROFS,
				"the cgroup mount '%s' is read-only: no cgroup can be made "
				"there; " CGROUP_DISABLED_HINT,
				cg->h[i].mount);
	r = manager == CGROUP_SYSTEMD ? scope_plan(cg, spec, id, arena, e)
				      : plan_paths(cg, spec->linux_.cgroups_path, id, arena, e);
	if (r < 0)
		return r;
	r = limits_any(&spec->linux_.resources) ? v2_offers(cg, &v2_controllers, e) : 0;
	if (r < 0)
		return r;
	r = limits_plan(cg, &spec->linux_.resources, v2_controllers.s ? v2_controllers.s : "", arena,
		&cg->v2_needs, e);
	if (r < 0)
		return r;
	*ret = cg;
	return 0;
}

/*
 * Without cgroups there are no limits, and a limit that is asked for must not get lost. Device
 * rules are let go: every engine's config has them, so refusing them would leave no way to run at
 * all.
 */
static int plan_disabled(
	const struct spec *spec, struct arena *arena, struct cgroup **ret, struct err *e)
{
	const char *first = limits_first(&spec->linux_.resources);
	if (first)
		return err_say(e, EINVAL,
			"%s: a limit needs a cgroup, and --cgroup-manager=disabled makes none",
			first);

	struct cgroup *cg = arena_new(arena, struct cgroup);
	if (!cg)
		return err_nomem(e);
	cg->manager = CGROUP_DISABLED;
	cg->creating = true;
	cg->path = "";
	*ret = cg;
	return 0;
}

/* slice:prefix:name, which only the systemd manager can read. */
static bool is_systemd_form(const char *path)
{
	const char *first = strchr(path, ':');
	const char *second = first ? strchr(first + 1, ':') : NULL;

	return second && !strchr(second + 1, ':') && !strchr(path, '/');
}

/* The cgroup that a relative path starts from. */
static int plan_base(const struct cgroup *cg, const struct hierarchy *h, struct arena *arena,
	const char **ret, struct err *e)
{
	if (!h->own || strstr(h->own, " (deleted)"))
		return err_say(e, EINVAL,
			"this process's own cgroup is not below the mount '%s': give an absolute "
			"linux.cgroupsPath",
			h->mount);
	*ret = h->own;
	/*
	 * v2 passes controllers on only from cgroups without processes, and ours has one at least:
	 * this. So the container stands beside the caller, not below it (as with runc).
	 */
	if (cgroup_pure_v2(cg)) {
		const char *end = strrchr(h->own, '/');
		*ret = arena_strndup(arena, h->own, (size_t)(end - h->own));
		if (!*ret)
			return err_nomem(e);
	}
	return 0;
}

static int plan_paths(struct cgroup *cg, const char *cgroups_path, const char *id,
	struct arena *arena, struct err *e)
{
	const char *what = "/linux/cgroupsPath";
	char *clean;
	int r;

	if (str_empty(cgroups_path)) {
		what = "the cgroup's name";
		cgroups_path = id;
	} else if (is_systemd_form(cgroups_path)) {
		return err_say(e, EINVAL,
			"/linux/cgroupsPath: '%s' has the form slice:prefix:name, which is for the "
			"cgroup manager systemd; this one is cgroupfs",
			cgroups_path);
	}
	r = cgroup_path_clean(cgroups_path, what, arena, &clean, e);
	if (r < 0)
		return r;
	if (str_eq(clean, "/"))
		return err_say(e, EINVAL,
			"%s: '%s' is the root of the hierarchies, which no container may have",
			what, cgroups_path);

	for (size_t i = 0; i < cg->n; i++) {
		struct hierarchy *h = &cg->h[i];
		const char *base = "";
		char *path;
		if (cgroups_path[0] != '/')
			r = plan_base(cg, h, arena, &base, e);
		if (r < 0)
			return r;
		const char *joined = arena_printf(arena, "%s%s", base, clean);
		if (!joined)
			return err_nomem(e);
		r = cgroup_path_clean(joined, what, arena, &path, e);
		if (r < 0)
			return r;
		h->path = path;
	}
	/* The paths differ only where the caller's own do; v2's is the one that most tools
	 * look at. */
	const struct hierarchy *v2 = cgroup_v2(cg);
	cg->path = v2 ? v2->path : cg->h[0].path;
	return 0;
}

/* The controllers that v2 has, "cpu memory\n"; none where v2 is not mounted. */
static int v2_offers(const struct cgroup *cg, struct text *ret, struct err *e)
{
	const struct hierarchy *v2 = cgroup_v2(cg);
	int r;

	if (!v2)
		return 0;
	_cleanup_close_ int root = hierarchy_open_root(v2, e);
	if (root < 0)
		return root;
	r = fd_read_text(root, "cgroup.controllers", CGROUP_FILE_MAX, ret);
	if (r < 0)
		return err_set(e, -r, "reading '%s/cgroup.controllers'", v2->mount);
	return 0;
}

/*
 * Processes.
 */

int cgroup_clone_fd(struct cgroup *cg)
{
	const struct hierarchy *v2 = cgroup_v2(cg);

	/* fork counts against pids.max, a move does not: 0 leaves only the move. */
	if (!v2 || cg->no_forks || (cg->scope && cg->scope->user))
		return -1;
	int fd = hierarchy_open_leaf(v2, NULL);
	return fd < 0 ? -1 : fd;
}

int cgroup_clone_fd_below(
	const struct cgroup *cg, int pid_proc_fd, struct arena *arena, const char **ret_sub)
{
	const struct hierarchy *v2 = cgroup_v2(cg);
	struct hierarchy *h;
	size_t n;

	if (!v2 || hierarchies_of(pid_proc_fd, arena, &h, &n, NULL) < 0)
		return -1;
	const size_t len = strlen(v2->path);
	for (size_t i = 0; i < n; i++) {
		if (!h[i].v2 || !str_eq(h[i].mount, v2->mount) || !h[i].own)
			continue;
		/* The container named it: no link and no mount is followed on the way there. */
		if (strncmp(h[i].own, v2->path, len) != 0 || h[i].own[len] != '/')
			return -1;
		if (cg->scope && cg->scope->user) {
			*ret_sub = h[i].own + len;
			return -1;
		}
		int fd = hierarchy_open(v2, h[i].own, NULL);
		return fd < 0 ? -1 : fd;
	}
	return -1;
}

static int no_room(const struct hierarchy *h, const char *where, pid_t pid, struct err *e)
{
	return err_say(e, EBUSY,
		"adding process %d to cgroup '%s%s': it passes controllers on to cgroups below, so "
		"no process may be in it itself",
		(int)pid, h->mount, where);
}

/* By the user's systemd, which does not tell this reason from others. */
static int add_by_systemd(
	const struct cgroup *cg, int fd, const char *below, pid_t pid, struct err *e)
{
	_cleanup_free_ char *on = NULL;

	if (fd_read_file(fd, "cgroup.subtree_control", CGROUP_FILE_MAX, &on, NULL) == 0 &&
		on[strspn(on, " \n")] != '\0')
		return no_room(&cg->h[0], cg->path, pid, e);
	return scope_attach(cg, below, pid, e);
}

static int add_to(const struct hierarchy *h, int fd, const char *where, pid_t pid, struct err *e)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%d", (int)pid);
	int r = fd_write_file(fd, "cgroup.procs", text);
	if (r == -EBUSY && h->v2)
		return no_room(h, where, pid, e);
	if (r == -ENOSPC && hierarchy_has(h, "cpuset"))
		return err_say(e, ENOSPC,
			"adding process %d to cgroup '%s%s': it has no CPUs or no memory nodes",
			(int)pid, h->mount, where);
	if (r < 0)
		return err_set(
			e, -r, "adding process %d to cgroup '%s%s'", (int)pid, h->mount, where);
	return 0;
}

/* In one hierarchy. *found: its sub-cgroup, or the one it is to be in, is there. */
static int add_in(const struct cgroup *cg, const struct hierarchy *h, const struct cgroup_sub *sub,
	pid_t pid, bool *found, struct err *e)
{
	_cleanup_close_ int below_fd = -1;
	_cleanup_close_ int opened = h->leaf_fd < 0 ? hierarchy_open_leaf(h, e) : -1;
	const int fd = h->leaf_fd < 0 ? opened : h->leaf_fd;

	if (fd < 0)
		return fd;
	if (sub->path)
		below_fd = hierarchy_open_below(fd, sub->path + 1);
	if (sub->path && below_fd < 0 && (sub->must || below_fd != -ENOENT))
		return err_set(e, -below_fd, "opening sub-cgroup '%s' of '%s%s'", sub->path + 1,
			h->mount, h->path);
	*found |= !sub->path || below_fd >= 0;
	int r = add_to(h, below_fd >= 0 ? below_fd : fd, h->path, pid, e);
	/* The way from a session leads through cgroups that are not the user's. */
	if ((r == -EACCES || r == -EPERM) && cg->scope && cg->scope->user)
		r = add_by_systemd(cg, below_fd >= 0 ? below_fd : fd, sub->path, pid, e);
	return r;
}

int cgroup_add(const struct cgroup *cg, const struct cgroup_sub *subs, pid_t pid, bool cloned_into,
	struct err *e)
{
	static const struct cgroup_sub none = { 0 };
	bool found = cg->n == 0;
	int r = 0;

	for (size_t i = 0; i < cg->n && r == 0; i++) {
		const struct cgroup_sub *sub = subs ? &subs[i] : &none;

		if (cloned_into && cg->h[i].v2 && !sub->path)
			found = true;
		else
			r = add_in(cg, &cg->h[i], sub, pid, &found, e);
	}
	if (r == 0 && !found)
		r = err_set(
			e, ENOENT, "opening sub-cgroup '%s' of '%s'", subs[0].path + 1, cg->path);
	return r;
}

void cgroup_settle(const struct cgroup *cg)
{
	scope_settle(cg);
}

/*
 * For others.
 */

int cgroup_for_rootfs(
	const struct cgroup *cg, struct arena *arena, struct rootfs_cgroups *ret, struct err *e)
{
	const bool disabled = cg->manager == CGROUP_DISABLED;
	struct cgroup shown = *cg;
	int r;

	/* Without a cgroup of its own the container stays where its caller is, and sees that. */
	if (disabled && (r = hierarchies_find(arena, &shown.h, &shown.n, e)) < 0)
		return r;
	struct rootfs_cgroups found = { .v2 = shown.n > 0 && cgroup_pure_v2(&shown) };
	found.v = arena_array(arena, struct rootfs_hierarchy, shown.n);
	if (!found.v)
		return err_nomem(e);
	for (size_t i = 0; i < shown.n; i++) {
		const struct hierarchy *h = &shown.h[i];
		struct rootfs_hierarchy *out = &found.v[found.n];
		const char *slash = strrchr(h->mount, '/');
		const char *path = disabled ? h->own : h->path;
		if (!path)
			continue;
		out->name = found.v2 ? "" : slash ? slash + 1 : h->mount;
		if (!h->v2)
			out->options = str_starts(h->controllers, "name=")
					       ? arena_printf(arena, "none,%s", h->controllers)
					       : h->controllers;
		out->host_dir = arena_printf(arena, "%s%s", h->mount, path);
		if (!out->host_dir || (!h->v2 && !out->options))
			return err_nomem(e);
		found.n++;
	}
	*ret = found;
	return 0;
}

void cgroup_close(struct cgroup *cg)
{
	for (size_t i = 0; i < cg->n; i++)
		cg->h[i].leaf_fd = fd_close(cg->h[i].leaf_fd);
	cg->creating = false;
}

const char *cgroup_path(const struct cgroup *cg)
{
	return cg->path;
}
