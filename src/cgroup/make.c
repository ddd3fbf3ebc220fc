/* SPDX-License-Identifier: Apache-2.0 */
/*
 * make.c - the directories of a container's cgroup made: controllers enabled on the way (v2), the
 * cpuset filled from the parent (v1).
 *
 * Never leaves a directory behind that it made when it fails, and never removes one that it did not
 * make.
 */
#include "base/fd.h"
#include "base/sys.h"
#include "cgroup/internal.h"
#include "cgroup/scope.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

/* What every container gets of a pure v2, as under the peers, so that its use can be seen. */
static const char v2_general[] = "cpuset cpu io memory hugetlb pids rdma misc";

static int make_once(const struct cgroup *cg, struct hierarchy *h, struct err *e);

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
		if (r == 0 && !frozen && !cgroup_pure_v2(cg))
			r = cgroup_is_frozen(cg, &frozen, e);
		if (r == 0 && frozen)
			r = err_say(e, EBUSY,
				"cgroup '%s' lies in one that is frozen: nothing in it would run",
				cg->path);
		if (r < 0 && cg->made)
			(void)cgroup_remove(cg, NULL); /* what failed matters more */
		cg->made = r == 0;
		return r;
	}
	for (size_t i = 0; i < cg->n && r == 0; i++)
		r = hierarchy_make(cg, &cg->h[i], e);
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

int hierarchy_make(const struct cgroup *cg, struct hierarchy *h, struct err *e)
{
	int r = 0;

	/* ENOENT: another container's end took away a directory on the way. */
	for (int tries = 0; tries < 8; tries++) {
		r = make_once(cg, h, e);
		if (r != -ENOENT)
			break;
		hierarchy_unmake(h);
	}
	return r;
}

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
static int own_processes(int dir_fd, const char *where, struct text *ret, struct err *e)
{
	int r;

	if (faccessat(dir_fd, "cgroup.type", F_OK, 0) < 0)
		return 0;
	r = fd_read_text(dir_fd, "cgroup.procs", CGROUP_FILE_MAX, ret);
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
	_cleanup_text_ struct text offered = { 0 }, on = { 0 }, procs = { 0 };
	char text[80];
	int r;

	r = fd_read_text(dir_fd, "cgroup.controllers", CGROUP_FILE_MAX, &offered);
	if (r == 0)
		r = fd_read_text(dir_fd, "cgroup.subtree_control", CGROUP_FILE_MAX, &on);
	if (r < 0)
		return err_set(e, -r, "reading the controllers of cgroup '%s'", where);
	r = own_processes(dir_fd, where, &procs, e);
	if (r < 0)
		return r;

	for (size_t i = 0; i < cg->v2_needs.n; i++)
		if (!word_in(offered.s, " \n", cg->v2_needs.v[i]))
			return err_say(e, ENODEV,
				"cgroup '%s' has no controller %s, which linux.resources needs: "
				"the cgroups above do not pass it on",
				where, cg->v2_needs.v[i]);

	for (const char *p = offered.s; *p;) {
		char name[64];
		size_t n = strcspn(p, " \n");
		(void)snprintf(name, sizeof(name), "%.*s", (int)n, p);
		p += n;
		p += strspn(p, " \n");
		bool must = needed(cg, name);
		bool want = must || (cgroup_pure_v2(cg) && word_in(v2_general, " ", name));
		if (!want || word_in(on.s, " \n", name))
			continue;
		if (!str_empty(procs.s) && must)
			return has_processes(procs.s, name, where, e);
		if (!str_empty(procs.s))
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
 * v1 starts a cpuset with no CPUs and no nodes, or with its parent's (cgroup.clone_children), and
 * nothing can join it before it has some. noprefix mounts call the files "cpus" and "mems". What is
 * there already, not made by us, keeps what it has.
 */
static int cpuset_fill(int parent_fd, int fd, bool made, const char *where, struct err *e)
{
	static const char *const files[] = { "cpuset.cpus", "cpuset.mems" };

	for (size_t i = 0; i < ELEMENTS(files); i++) {
		_cleanup_text_ struct text has = { 0 }, parents = { 0 };
		const char *file = files[i];
		int r = fd_read_text(parent_fd, file, CGROUP_FILE_MAX, &parents);
		if (r == -ENOENT) {
			file += strlen("cpuset.");
			r = fd_read_text(parent_fd, file, CGROUP_FILE_MAX, &parents);
		}
		if (r == 0 && !made)
			r = fd_read_text(fd, file, CGROUP_FILE_MAX, &has);
		if (r == 0 && has.s && has.s[strspn(has.s, " \n")] != '\0')
			continue;
		if (r == 0)
			r = fd_write_file(fd, file, parents.s);
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
	r = remove_below(h, fd, sys_clock_ms() + CGROUP_WAIT_MS, e);
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
	_cleanup_text_ struct text type = { 0 };
	int r = fd_read_text(fd, "cgroup.type", CGROUP_FILE_MAX, &type);

	if (r < 0)
		return err_set(e, -r, "reading the type of cgroup '%s%s'", h->mount, h->path);
	type.s[strcspn(type.s, "\n")] = '\0';
	if (!str_eq(type.s, "domain"))
		return err_say(e, ENOTSUP,
			"cgroup '%s%s' is of type '%s': a container needs one of type domain, not "
			"in a threaded subtree",
			h->mount, h->path, type.s);
	return 0;
}

/* Delegation is for v2 alone (cgroups(7)): there an ordinary user may own a part of the tree. */
static int not_ours(const struct hierarchy *h, int num, const char *where, struct err *e)
{
	return err_say(e, num, "making cgroup '%s%s': %s: %s; " CGROUP_DISABLED_HINT, h->mount,
		where, err_reason(num),
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

static int make_once(const struct cgroup *cg, struct hierarchy *h, struct err *e)
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
			r = cpuset_fill(fd, child, h->made > 0, where, e);
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
	if (r == 0)
		r = hierarchy_remember(h, fd, e);
	if (r == 0)
		h->leaf_fd = TAKE_FD(fd);
	return r;
}

void hierarchy_unmake(struct hierarchy *h)
{
	char path[CGROUP_PATH_MAX + 2];

	h->leaf_fd = fd_close(h->leaf_fd);
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
