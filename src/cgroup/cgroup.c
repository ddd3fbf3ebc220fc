/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup.c - plan a container's cgroup, make it, and put processes into it.
 *
 * Never leaves a directory behind that it made when it fails, and never removes one that it did not
 * make.
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

#define DISABLED_HINT "--cgroup-manager=disabled runs containers without cgroups"

/* What every container gets of a pure v2, as under the peers, so that its use can be seen. */
static const char v2_general[] = "cpuset cpu io memory hugetlb pids rdma misc";

static int plan_disabled(
	const struct spec *spec, struct arena *arena, struct cgroup **ret, struct err *e);
static int plan_paths(struct cgroup *cg, const char *cgroups_path, const char *id,
	struct arena *arena, struct err *e);
static int v2_offers(const struct cgroup *cg, char **ret, struct err *e);

int cgroup_plan(const struct spec *spec, const char *id, enum cgroup_manager manager,
	struct arena *arena, struct cgroup **ret, struct err *e)
{
	_cleanup_free_ char *v2_controllers = NULL;
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
		return err_say(e, ENOENT, "no cgroup file system is mounted here: " DISABLED_HINT);
	for (size_t i = 0; i < cg->n; i++)
		if (cg->h[i].readonly)
			return err_say(e, EROFS,
				"the cgroup mount '%s' is read-only: no cgroup can be made "
				"there; " DISABLED_HINT,
				cg->h[i].mount);
	r = manager == CGROUP_SYSTEMD ? scope_plan(cg, spec, id, arena, e)
				      : plan_paths(cg, spec->linux_.cgroups_path, id, arena, e);
	if (r < 0)
		return r;
	r = v2_offers(cg, &v2_controllers, e);
	if (r < 0)
		return r;
	r = limits_plan(cg, &spec->linux_.resources, v2_controllers ? v2_controllers : "", arena,
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

/* The controllers that v2 has, "cpu memory\n"; NULL where v2 is not mounted. */
static int v2_offers(const struct cgroup *cg, char **ret, struct err *e)
{
	const struct hierarchy *v2 = cgroup_v2(cg);
	int r;

	if (!v2)
		return 0;
	_cleanup_close_ int root = hierarchy_open_root(v2, e);
	if (root < 0)
		return root;
	r = fd_read_file(root, "cgroup.controllers", CGROUP_FILE_MAX, ret, NULL);
	if (r < 0)
		return err_set(e, -r, "reading '%s/cgroup.controllers'", v2->mount);
	return 0;
}

/*
 * Making the directories.
 */

static bool needed(const struct cgroup *cg, const char *controller)
{
	for (size_t i = 0; i < cg->v2_needs.n; i++)
		if (str_eq(cg->v2_needs.v[i], controller))
			return true;
	return false;
}

/*
 * The processes that stand in the way of passing controllers on, "" if none: only the root of the
 * hierarchy, which has no type, may have both. Some controllers the kernel would take nonetheless,
 * and make the cgroup the head of a threaded subtree, where no container can be.
 */
static int own_processes(int dir_fd, const char *where, char **ret, struct err *e)
{
	int r;

	if (faccessat(dir_fd, "cgroup.type", F_OK, 0) < 0)
		return 0;
	r = fd_read_file(dir_fd, "cgroup.procs", CGROUP_FILE_MAX, ret, NULL);
	/* EOPNOTSUPP: threaded, which check_type() will say. */
	if (r < 0 && r != -EOPNOTSUPP)
		return err_set(e, -r, "reading the processes of cgroup '%s'", where);
	return 0;
}

static int has_processes(
	const char *procs, const char *controller, const char *where, struct err *e)
{
	return err_say(e, EBUSY,
		"cgroup '%s' has processes of its own (such as %.*s), and cgroup v2 passes the "
		"controller %s on only from a cgroup without: choose another linux.cgroupsPath",
		where, (int)strcspn(procs, "\n"), procs, controller);
}

/* Let the controllers that are needed, and on a pure v2 the general ones, reach dir_fd's
 * children. */
static int enable_controllers(const struct cgroup *cg, int dir_fd, const char *where, struct err *e)
{
	_cleanup_free_ char *offered = NULL, *on = NULL, *procs = NULL;
	char text[80];
	int r;

	r = fd_read_file(dir_fd, "cgroup.controllers", CGROUP_FILE_MAX, &offered, NULL);
	if (r == 0)
		r = fd_read_file(dir_fd, "cgroup.subtree_control", CGROUP_FILE_MAX, &on, NULL);
	if (r < 0)
		return err_set(e, -r, "reading the controllers of cgroup '%s'", where);
	r = own_processes(dir_fd, where, &procs, e);
	if (r < 0)
		return r;

	for (size_t i = 0; i < cg->v2_needs.n; i++)
		if (!word_in(offered, " \n", cg->v2_needs.v[i]))
			return err_say(e, ENODEV,
				"cgroup '%s' has no controller %s, which linux.resources needs: "
				"the cgroups above do not pass it on",
				where, cg->v2_needs.v[i]);

	for (const char *p = offered; *p;) {
		char name[64];
		size_t n = strcspn(p, " \n");
		(void)snprintf(name, sizeof(name), "%.*s", (int)n, p);
		p += n;
		p += strspn(p, " \n");
		bool must = needed(cg, name);
		bool want = must || (cgroup_pure_v2(cg) && word_in(v2_general, " ", name));
		if (!want || word_in(on, " \n", name))
			continue;
		if (!str_empty(procs) && must)
			return has_processes(procs, name, where, e);
		if (!str_empty(procs))
			continue;
		(void)snprintf(text, sizeof(text), "+%s", name);
		r = fd_write_file(dir_fd, "cgroup.subtree_control", text);
		if (r < 0 && must) /* the others are a courtesy */
			return err_set(
				e, -r, "enabling the controller %s below cgroup '%s'", name, where);
	}
	return 0;
}

/*
 * v1 starts a cpuset with no CPUs and no nodes, and nothing can join it before it has some.
 * noprefix mounts call the files "cpus" and "mems".
 */
static int cpuset_fill(int parent_fd, int fd, const char *where, struct err *e)
{
	static const char *const files[] = { "cpuset.cpus", "cpuset.mems" };

	for (size_t i = 0; i < ELEMENTS(files); i++) {
		_cleanup_free_ char *has = NULL, *parents = NULL;
		const char *file = files[i];
		int r = fd_read_file(fd, file, CGROUP_FILE_MAX, &has, NULL);
		if (r == -ENOENT) {
			file += strlen("cpuset.");
			r = fd_read_file(fd, file, CGROUP_FILE_MAX, &has, NULL);
		}
		if (r == 0 && has[strspn(has, " \n")] != '\0')
			continue;
		if (r == 0)
			r = fd_read_file(parent_fd, file, CGROUP_FILE_MAX, &parents, NULL);
		if (r == 0)
			r = fd_write_file(fd, file, parents);
		if (r < 0)
			return err_set(
				e, -r, "filling %s of cgroup '%s' from its parent", file, where);
	}
	return 0;
}

static int check_unused(const struct hierarchy *h, int fd, struct err *e)
{
	_cleanup_(freep) pid_t *pids = NULL;
	struct pid_list list = { 0 };
	int r = pids_collect(fd, true, &list, e);

	pids = list.v;
	if (r < 0)
		return r;
	if (list.n > 0)
		return err_say(e, EBUSY,
			"cgroup '%s%s' is in use: it has processes (such as %d); give each "
			"container a linux.cgroupsPath of its own",
			h->mount, h->path, (int)pids[0]);
	return 0;
}

/*
 * What an earlier container made below its cgroup passes controllers on, and so nobody could be put
 * into the cgroup itself. No process is left in any of it.
 */
static int clear_leftover(const struct hierarchy *h, int fd, struct err *e)
{
	_cleanup_free_ char *on = NULL;
	char text[80], *save = NULL;
	int r = fd_read_file(fd, "cgroup.subtree_control", CGROUP_FILE_MAX, &on, NULL);

	if (r < 0)
		return err_set(
			e, -r, "reading the controllers of cgroup '%s%s'", h->mount, h->path);
	if (on[strspn(on, " \n")] == '\0')
		return 0;
	r = remove_below(h, fd, clock_ms() + CGROUP_WAIT_MS, e);
	if (r == -ETIMEDOUT)
		return err_say(
			e, ETIMEDOUT, "cgroup '%s%s' could not be emptied", h->mount, h->path);
	for (char *w = strtok_r(on, " \n", &save); w && r == 0; w = strtok_r(NULL, " \n", &save)) {
		(void)snprintf(text, sizeof(text), "-%s", w);
		r = fd_write_file(fd, "cgroup.subtree_control", text);
		if (r < 0)
			return err_set(e, -r, "taking the controller %s from below cgroup '%s%s'",
				w, h->mount, h->path);
	}
	return r;
}

static int check_type(const struct hierarchy *h, int fd, struct err *e)
{
	_cleanup_free_ char *type = NULL;
	int r = fd_read_file(fd, "cgroup.type", CGROUP_FILE_MAX, &type, NULL);

	if (r < 0)
		return err_set(e, -r, "reading the type of cgroup '%s%s'", h->mount, h->path);
	type[strcspn(type, "\n")] = '\0';
	if (!str_eq(type, "domain"))
		return err_say(e, ENOTSUP,
			"cgroup '%s%s' is of type '%s': a container needs one of type domain, not "
			"in a threaded subtree",
			h->mount, h->path, type);
	return 0;
}

/* Delegation is for v2 alone (cgroups(7)): there an ordinary user may own a part of the tree. */
static int not_ours(const struct hierarchy *h, int num, const char *where, struct err *e)
{
	return err_say(e, num, "making cgroup '%s%s': %s: %s; " DISABLED_HINT, h->mount, where,
		err_reason(num),
		h->v2 ? "an ordinary user makes cgroups only below one that is delegated to them, "
			"such as a scope of 'systemd-run --user --scope -p Delegate=yes'"
		      : "cgroup v1 cannot safely be delegated to ordinary users");
}

/* Make or open the child called by the first n bytes of name. ENOENT: dir_fd's cgroup is gone. */
static int make_child(struct hierarchy *h, int dir_fd, const char *name, size_t n,
	const char *where, struct err *e)
{
	char child[NAME_MAX + 1];

	memcpy(child, name, n);
	child[n] = '\0';
	const bool made = mkdirat(dir_fd, child, 0755) == 0;
	if (!made && (errno == EACCES || errno == EPERM))
		return not_ours(h, errno, where, e);
	if (!made && errno != EEXIST)
		return err_set(e, errno, "making cgroup '%s'", where);
	h->made += made;
	if (made)
		h->reached = strlen(where);
	int fd = hierarchy_open_below(dir_fd, child);
	if (fd < 0)
		return err_set(e, -fd, "opening cgroup '%s'", where);
	if (!made)
		h->made = 0; /* what stands above it is not ours alone */
	h->reached = strlen(where);
	return fd;
}

static int hierarchy_make(const struct cgroup *cg, struct hierarchy *h, struct err *e)
{
	char where[CGROUP_PATH_MAX + 2];
	int r;

	_cleanup_close_ int fd = hierarchy_open_root(h, e);
	if (fd < 0)
		return fd;
	h->made = 0;
	h->reached = 0;
	for (const char *p = h->path; *p == '/';) {
		size_t n = strcspn(p + 1, "/");
		(void)snprintf(where, sizeof(where), "%.*s", (int)(p - h->path), h->path);
		if (h->v2) {
			r = enable_controllers(cg, fd, *where ? where : "/", e);
			if (r < 0)
				return r;
		}
		(void)snprintf(where, sizeof(where), "%.*s", (int)(p + 1 + n - h->path), h->path);
		_cleanup_close_ int child = make_child(h, fd, p + 1, n, where, e);
		if (child < 0)
			return child;
		if (hierarchy_has(h, "cpuset")) {
			r = cpuset_fill(fd, child, where, e);
			if (r < 0)
				return r;
		}
		(void)fd_close(fd);
		fd = TAKE_FD(child);
		p += 1 + n;
	}
	r = h->v2 ? check_type(h, fd, e) : 0;
	if (r == 0 && h->made == 0)
		r = check_unused(h, fd, e);
	if (r == 0 && h->made == 0 && h->v2)
		r = clear_leftover(h, fd, e);
	return r < 0 ? r : hierarchy_remember(h, fd, e);
}

/* Remove the empty directories that were made. */
static void hierarchy_unmake(struct hierarchy *h)
{
	char path[CGROUP_PATH_MAX + 2];

	if (h->made == 0)
		return;
	_cleanup_close_ int root = hierarchy_open_root(h, NULL);
	(void)snprintf(path, sizeof(path), "%.*s", (int)h->reached, h->path);
	for (; root >= 0 && h->made > 0; h->made--) {
		char *name = strrchr(path, '/');
		*name++ = '\0';
		_cleanup_close_ int parent = hierarchy_open_below(root, path + (*path == '/'));
		if (parent < 0 || unlinkat(parent, name, AT_REMOVEDIR) < 0)
			return; /* somebody else uses it by now */
	}
}

int cgroup_make(struct cgroup *cg, struct err *e)
{
	bool frozen = false;
	int r = 0;

	if (cg->scope) {
		r = scope_make(cg, e);
		cg->made = r == 0;
		/* Not by what is frozen already: its own process may just be on the way there. */
		if (r == 0)
			r = cgroup_will_freeze(cg, &frozen, e);
		if (r == 0 && frozen)
			r = err_say(e, EBUSY,
				"cgroup '%s' lies in one that is frozen: nothing in it would run",
				cg->path);
		if (r < 0 && cg->made)
			(void)cgroup_remove(cg, NULL); /* what failed matters more */
		cg->made = r == 0;
		return r;
	}
	for (size_t i = 0; i < cg->n && r == 0; i++) {
		/* ENOENT: another container's end took away a directory on the way. */
		for (int tries = 0; tries < 8; tries++) {
			r = hierarchy_make(cg, &cg->h[i], e);
			if (r != -ENOENT)
				break;
			hierarchy_unmake(&cg->h[i]);
		}
	}
	if (r == 0)
		r = cgroup_is_frozen(cg, &frozen, e);
	if (r == 0 && frozen)
		r = err_say(e, EBUSY, "cgroup '%s' is frozen: nothing in it would run", cg->path);
	if (r < 0)
		for (size_t i = 0; i < cg->n; i++)
			hierarchy_unmake(&cg->h[i]);
	cg->made = r == 0;
	return r;
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
		if (!h[i].v2 || h[i].mount_id != v2->mount_id || !h[i].own)
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

int cgroup_add(const struct cgroup *cg, const char *sub, pid_t pid, bool cloned_into, struct err *e)
{
	struct arena arena = { 0 };
	char *below = NULL;
	bool found = cg->n == 0;
	int r = 0;

	if (str_empty(sub) || str_eq(sub, "/"))
		sub = NULL;
	else
		r = cgroup_path_clean(sub, "the sub-cgroup", &arena, &below, e);
	for (size_t i = 0; i < cg->n && r == 0; i++) {
		const struct hierarchy *h = &cg->h[i];
		if (cloned_into && h->v2 && !sub) {
			found = true;
			continue;
		}
		const char *where = h->path;
		_cleanup_close_ int fd = hierarchy_open_leaf(h, e);
		r = fd < 0 ? fd : 0;
		/* A container may have made it in the hierarchies that it uses only. */
		_cleanup_close_ int below_fd = -1;
		if (r == 0 && sub)
			below_fd = hierarchy_open_below(fd, below + 1);
		if (r == 0 && below_fd < 0 && below_fd != -ENOENT && sub)
			r = err_set(e, -below_fd, "opening sub-cgroup '%s'", sub);
		found |= !sub || below_fd >= 0;
		if (r == 0)
			r = add_to(h, below_fd >= 0 ? below_fd : fd, where, pid, e);
		/* The way from a session leads through cgroups that are not the user's. */
		if ((r == -EACCES || r == -EPERM) && cg->scope && cg->scope->user)
			r = add_by_systemd(cg, below_fd >= 0 ? below_fd : fd, below, pid, e);
	}
	if (r == 0 && !found)
		r = err_set(e, ENOENT, "opening sub-cgroup '%s' of '%s'", sub, cg->path);
	if (r == 0)
		scope_settle(cg);
	arena_free(&arena);
	return r;
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

const char *cgroup_path(const struct cgroup *cg)
{
	return cg->path;
}
