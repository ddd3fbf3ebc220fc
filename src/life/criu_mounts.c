/* SPDX-License-Identifier: Apache-2.0 */
/*
 * criu_mounts.c - which of a container's mounts are the host's.
 *
 * CRIU makes every mount of a container anew, file systems of its own with their contents. What was
 * bound from the host it cannot: it has to be told of each such mount point when it dumps, gives it
 * a name in the image, and is told what lies behind that name when it restores. The name is the
 * mount point itself, as for runc and crun.
 *
 * A dump looks at the mounts that are there, not at what the config made of symbolic links once; a
 * restore makes missing mount points in the rootfs, and never follows a link out of it.
 */
#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "life/criu.h"
#include "linux/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#define MOUNTINFO_MAX (16u << 20)

struct entry {
	uint64_t id, parent;
	const char *point, *options, *type;
};
struct entries {
	size_t n;
	struct entry *v;
	const struct entry **by_id;
};

/* --- /proc/PID/mountinfo --- */

/* proc_pid_mountinfo(5): space, tab, newline and backslash stand as \ooo. In place. */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' &&
			s[3] >= '0' && s[3] <= '7') {
			*to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

/* "ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [TAG...] - TYPE SOURCE SUPER". In place. */
static bool read_line(char *line, struct entry *ret)
{
	char *field[6], *rest = strstr(line, " - ");
	uint64_t id, parent;

	if (!rest)
		return false;
	*rest = '\0';
	rest += 3;
	for (size_t i = 0; i < ELEMENTS(field); i++)
		if (!(field[i] = strsep(&line, " ")))
			return false;
	if (str_to_u64(field[0], &id) < 0 || str_to_u64(field[1], &parent) < 0)
		return false;
	unescape(field[4]);
	*ret = (struct entry){ id, parent, field[4], field[5], strsep(&rest, " ") };
	return true;
}

static int read_mounts(
	int proc_fd, const char *path, struct arena *arena, struct entries *ret, struct err *e)
{
	_cleanup_free_ char *read = NULL;
	size_t len, room = 1;

	int r = fd_read_file(proc_fd, path, MOUNTINFO_MAX, &read, &len);
	if (r < 0)
		return err_set(e, -r, "reading the mounts of the container");
	char *text = arena_strndup(arena, read, len);
	for (const char *p = read; *p; p++)
		room += *p == '\n';
	struct entries list = { .v = arena_array(arena, struct entry, room) };
	if (!text || !list.v)
		return err_nomem(e);
	for (char *line; (line = strsep(&text, "\n"));) {
		if (!*line)
			continue;
		if (!read_line(line, &list.v[list.n]))
			return err_say(e, EBADMSG, "a line of mountinfo is not one");
		list.n++;
	}
	*ret = list;
	return 0;
}

static int compare_ids(const void *a, const void *b)
{
	const uint64_t x = (*(const struct entry *const *)a)->id;
	const uint64_t y = (*(const struct entry *const *)b)->id;

	return (x > y) - (x < y);
}

static int sort_ids(struct entries *list, struct arena *arena, struct err *e)
{
	list->by_id = arena_array(arena, const struct entry *, list->n + 1);
	if (!list->by_id)
		return err_nomem(e);
	for (size_t i = 0; i < list->n; i++)
		list->by_id[i] = &list->v[i];
	qsort(list->by_id, list->n, sizeof(const struct entry *), compare_ids);
	return 0;
}

static const struct entry *find(const struct entries *list, uint64_t id)
{
	const struct entry key = { .id = id }, *wanted = &key;
	const struct entry **found =
		bsearch(&wanted, list->by_id, list->n, sizeof(const struct entry *), compare_ids);

	return found ? *found : NULL;
}

static void add_external(struct strbuf *opts, const char *name, const char *value)
{
	struct strbuf pair = { 0 };

	wire_text(&pair, PAIR_FIRST, name);
	wire_text(&pair, PAIR_SECOND, value);
	wire_message(opts, OPT_EXT_MNT, &pair);
	strbuf_free(&pair);
}

/*
 * The container's directories in the host's hierarchies, which a mount of cgroups binds where there is
 * v1 and no cgroup namespace: mount_cgroup.c. All other mounts of cgroups CRIU makes anew itself.
 */
static int bound_cgroups(const struct spec *spec, const struct cgroup *cg, struct arena *arena,
	struct rootfs_cgroups *ret, struct err *e)
{
	if (!cg || cgroup_v2_alone(cg) || spec->linux_.namespaces[NS_CGROUP].present)
		return 0;
	return cgroup_for_rootfs(cg, arena, ret, e);
}

static bool is_cgroups(const struct spec_mount *m, const struct mount_plan *plan)
{
	return !plan->bind && m->type && str_starts(m->type, "cgroup");
}

/* --- dump --- */

/* What is known of a mount of the container, by its number. */
enum known {
	KNOWN_NOT,
	KNOWN_OWN,  /* the config's, and the container's own file system */
	KNOWN_BIND, /* the host's */
};

struct dump {
	const struct spec *spec;
	struct rootfs_cgroups cgroups;
	struct entries mounts;
	enum known *known; /* as many as there are mounts */
};

/* The mount that the path leads to; NULL: it is not marked. */
static const struct entry *mark(
	struct dump *d, int root_fd, const char *path, enum known known, bool mask)
{
	uint64_t id, inode;
	struct stat st;

	/* What is not there any more, or is behind something else, CRIU sees by itself. */
	_cleanup_close_ int fd = path_open_in(root_fd, path, O_PATH);
	if (fd < 0 || mount_id(fd, &id, &inode) < 0 || fstat(fd, &st) < 0)
		return NULL;
	const struct entry *entry = find(&d->mounts, id);
	/* A masked directory is a file system of the container's own. */
	if (!entry || (mask && (!S_ISCHR(st.st_mode) || !str_eq(entry->point, path))))
		return NULL;
	d->known[entry - d->mounts.v] = known;
	return entry;
}

/*
 * Bound along with a directory of the host: the way up ends at such a mount before any other's. What
 * the way ends at holds for all on it: a container may have stacked up as many as there can be.
 */
static bool is_external(struct dump *d, size_t first)
{
	const struct entry *m = &d->mounts.v[first];
	enum known known = KNOWN_OWN;

	for (size_t depth = 0; m && depth < d->mounts.n; depth++) {
		if (d->known[m - d->mounts.v] != KNOWN_NOT) {
			known = d->known[m - d->mounts.v];
			break;
		}
		m = find(&d->mounts, m->parent);
	}
	m = &d->mounts.v[first];
	for (; m && d->known[m - d->mounts.v] == KNOWN_NOT; m = find(&d->mounts, m->parent))
		d->known[m - d->mounts.v] = known;
	return known == KNOWN_BIND;
}

/* entry: a mount of type cgroup, a tmpfs in which they are bound, or one of v2, bound itself. */
static void mark_cgroups(struct dump *d, const struct spec_mount *m, const struct entry *entry)
{
	char point[PATH_MAX];

	if (!entry || d->cgroups.n == 0)
		return;
	if (str_eq(m->type, "cgroup2")) {
		d->known[entry - d->mounts.v] = KNOWN_BIND;
		return;
	}
	for (size_t i = 0; i < d->mounts.n; i++) {
		const struct entry *in = &d->mounts.v[i];

		if (in->parent != entry->id || !str_starts(in->type, "cgroup"))
			continue;
		for (size_t k = 0; k < d->cgroups.n; k++) {
			(void)snprintf(
				point, sizeof(point), "%s/%s", entry->point, d->cgroups.v[k].name);
			if (str_eq(in->point, point))
				d->known[i] = KNOWN_BIND;
		}
	}
}

static int mark_mounts(struct dump *d, int root_fd, struct arena *arena, struct err *e)
{
	for (size_t i = 0; i < d->spec->n_mounts; i++) {
		const struct spec_mount *m = &d->spec->mounts[i];
		struct mount_plan plan = { 0 };

		int r = mount_options(m, arena, &plan, e);
		if (r < 0)
			return r;
		const enum known known = plan.bind ? KNOWN_BIND : KNOWN_OWN;
		const struct entry *entry = mark(d, root_fd, m->destination, known, false);
		if (is_cgroups(m, &plan))
			mark_cgroups(d, m, entry);
	}
	for (size_t i = 0; i < d->spec->linux_.masked_paths.n; i++)
		(void)mark(d, root_fd, d->spec->linux_.masked_paths.v[i], KNOWN_BIND, true);
	for (size_t i = 0; i < d->mounts.n; i++)
		if (str_eq(d->mounts.v[i].point, "/"))
			d->known[i] = KNOWN_OWN;
	return 0;
}

int criu_mounts_dump(const struct spec *spec, const struct cgroup *cg, int init_proc_fd,
	struct arena *arena, struct strbuf *opts, struct err *e)
{
	struct dump d = { .spec = spec };

	_cleanup_close_ int root_fd =
		openat(init_proc_fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0)
		return err_set(e, errno, "opening the root of the container");
	int r = bound_cgroups(spec, cg, arena, &d.cgroups, e);
	if (r == 0)
		r = read_mounts(init_proc_fd, "mountinfo", arena, &d.mounts, e);
	if (r < 0)
		return r;
	r = sort_ids(&d.mounts, arena, e);
	if (r < 0)
		return r;
	d.known = arena_array(arena, enum known, d.mounts.n + 1);
	if (!d.known)
		return err_nomem(e);
	r = mark_mounts(&d, root_fd, arena, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < d.mounts.n; i++) {
		const struct entry *m = &d.mounts.v[i];

		/* CRIU would restore it without its map, as other users' files. */
		if (strstr(m->options, "idmapped"))
			return err_say(e, ENOTSUP,
				"the mount on '%s' has mapped IDs, which CRIU does not keep",
				m->point);
		if (is_external(&d, i))
			add_external(opts, m->point, m->point);
	}
	return 0;
}

/* --- restore --- */

struct restore {
	const struct spec *spec;
	const char *bundle, *rootfs;
	struct arena *arena;
	struct mount_plan *plans;
	const char **points;  /* destinations in canonical form: "/a/b" */
	const char **sources; /* absolute, without links where it is there; NULL: no bind */
	struct rootfs_cgroups cgroups;
	struct entries host;
};

/* "/a/b" of "a//b/./"; there is no "..": criu_check_config(). */
static const char *canonical(const char *path, struct arena *arena)
{
	struct strbuf b = { 0 };

	for (const char *p = path; *p;) {
		size_t len = strcspn(p, "/");
		if (len > 0 && !(len == 1 && p[0] == '.')) {
			strbuf_adds(&b, "/");
			strbuf_add(&b, p, len);
		}
		p += len;
		p += *p == '/';
	}
	char *r = b.failed ? NULL : arena_strdup(arena, b.len ? b.text : "/");
	strbuf_free(&b);
	return r;
}

static bool is_below(const char *path, const char *directory)
{
	size_t len = strlen(directory);

	if (str_eq(directory, "/"))
		return !str_eq(path, "/");
	return strncmp(path, directory, len) == 0 && path[len] == '/';
}

/* Of the earlier mounts the one that this one's point lies in; n_mounts: the rootfs itself. */
static size_t lies_in(const struct restore *r, size_t i)
{
	size_t best = r->spec->n_mounts;

	for (size_t k = 0; k < i; k++)
		if (is_below(r->points[i], r->points[k]) &&
			(best == r->spec->n_mounts ||
				strlen(r->points[k]) >= strlen(r->points[best])))
			best = k;
	return best;
}

/* Make the mount point where it is missing; *ret: where it is, as CRIU has it in the image. */
static int make_point(const struct restore *r, size_t i, const char **ret, struct err *e)
{
	const size_t in = lies_in(r, i), n = r->spec->n_mounts;
	const char *path = r->points[i];
	char text[PATH_FD_TEXT], real[PATH_MAX];
	const char *base = r->rootfs;
	struct stat st = { .st_mode = S_IFDIR };

	*ret = path;
	if (in < n && !r->sources[in])
		return 0; /* a file system of its own: CRIU restores what is in it */
	if (in < n) {
		base = r->sources[in];
		path += strlen(r->points[in]);
	}
	if (r->sources[i] && stat(r->sources[i], &st) < 0)
		return err_set(e, errno, "/mounts/%zu/source: '%s'", i, r->sources[i]);
	_cleanup_close_ int base_fd = open(base, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (base_fd < 0)
		return err_set(e, errno, "opening '%s'", base);
	_cleanup_close_ int fd = S_ISDIR(st.st_mode) ? path_mkdir_in(base_fd, path, 0755, e)
						     : path_mkfile_in(base_fd, path, 0755, e);
	if (fd < 0)
		return err_prefix(e, "/mounts/%zu/destination: '%s'", i, r->points[i]);
	/* Where links in the rootfs lead it. */
	ssize_t len = in < n ? -1 : readlink(path_of_fd(fd, text), real, sizeof(real) - 1);
	if (len > 0) {
		real[len] = '\0';
		if (is_below(real, r->rootfs)) {
			*ret = arena_strdup(r->arena, real + strlen(r->rootfs));
			return *ret ? 0 : err_nomem(e);
		}
	}
	return 0;
}

/* The bind of mount i at point, and what of the host is mounted below its source. */
static int add_bind(
	const struct restore *r, size_t i, const char *point, struct strbuf *opts, struct err *e)
{
	const char *source = r->sources[i];
	char real[PATH_MAX];

	add_external(opts, point, source);
	if (!r->plans[i].recursive || !realpath(source, real))
		return 0;
	for (size_t k = 0; k < r->host.n; k++) {
		if (!is_below(r->host.v[k].point, real))
			continue;
		const char *rest = r->host.v[k].point + (str_eq(real, "/") ? 0 : strlen(real));
		char *name = arena_printf(r->arena, "%s%s", point, rest);
		char *value = arena_printf(r->arena, "%s%s", source, rest);
		if (!name || !value)
			return err_nomem(e);
		add_external(opts, name, value);
	}
	return 0;
}

static int add_cgroups(
	const struct restore *r, size_t i, const char *point, struct strbuf *opts, struct err *e)
{
	const bool v2 = str_eq(r->spec->mounts[i].type, "cgroup2");

	for (size_t k = 0; k < r->cgroups.n; k++) {
		const struct rootfs_hierarchy *h = &r->cgroups.v[k];
		const char *name = v2 ? point : arena_printf(r->arena, "%s/%s", point, h->name);
		if (!name)
			return err_nomem(e);
		if (!v2 || !h->options)
			add_external(opts, name, h->host_dir);
	}
	return 0;
}

int criu_check_sources(const struct spec *spec, const char *bundle, const char *rootfs,
	const char *verb, struct arena *arena, struct err *e)
{
	for (size_t i = 0; i < spec->n_mounts; i++) {
		const struct spec_mount *m = &spec->mounts[i];
		struct mount_plan plan;
		const char *inside = NULL;

		int r = mount_options(m, arena, &plan, e);
		if (r < 0)
			return r;
		if (plan.bind && !str_empty(m->source) &&
			rootfs_inside(rootfs, bundle, m->source, arena, &inside) < 0)
			return err_nomem(e);
		if (inside)
			return err_say(e, ENOTSUP,
				"/mounts/%zu/source: '%s' is in the container itself, which cannot "
				"be %s",
				i, m->source, verb);
	}
	return 0;
}

/* CRIU goes up from it, name by name, to the mount that it is on: there may be no "." and no link. */
static const char *source_of(const struct restore *r, const struct spec_mount *m)
{
	char real[PATH_MAX];
	const char *path = m->source[0] == '/'
				   ? m->source
				   : arena_printf(r->arena, "%s/%s", r->bundle, m->source);

	return path && realpath(path, real) ? arena_strdup(r->arena, real) : path;
}

static int plan(struct restore *r, struct err *e)
{
	const size_t n = r->spec->n_mounts;

	r->plans = arena_array(r->arena, struct mount_plan, n + 1);
	r->points = arena_array(r->arena, const char *, n + 1);
	r->sources = arena_array(r->arena, const char *, n + 1);
	if (!r->plans || !r->points || !r->sources)
		return err_nomem(e);
	for (size_t i = 0; i < n; i++) {
		const struct spec_mount *m = &r->spec->mounts[i];
		int num = mount_options(m, r->arena, &r->plans[i], e);
		if (num < 0)
			return num;
		r->points[i] = canonical(m->destination, r->arena);
		if (!r->points[i])
			return err_nomem(e);
		if (!r->plans[i].bind || str_empty(m->source))
			continue;
		r->sources[i] = source_of(r, m);
		if (!r->sources[i])
			return err_nomem(e);
	}
	return 0;
}

int criu_mounts_restore(const struct spec *spec, const struct cgroup *cg, const char *bundle,
	const char *rootfs, struct arena *arena, struct strbuf *opts, struct err *e)
{
	struct restore r = { .spec = spec, .bundle = bundle, .rootfs = rootfs, .arena = arena };

	int num = plan(&r, e);
	if (num == 0)
		num = bound_cgroups(spec, cg, arena, &r.cgroups, e);
	if (num == 0)
		num = read_mounts(AT_FDCWD, "/proc/self/mountinfo", arena, &r.host, e);
	for (size_t i = 0; num == 0 && i < spec->n_mounts; i++) {
		const char *point;

		num = make_point(&r, i, &point, e);
		if (num == 0 && r.sources[i])
			num = add_bind(&r, i, point, opts, e);
		if (num == 0 && is_cgroups(&spec->mounts[i], &r.plans[i]))
			num = add_cgroups(&r, i, point, opts, e);
		/* Other runtimes name it as the config does. */
		if (num == 0 && r.sources[i] && !str_eq(point, r.points[i]))
			add_external(opts, r.points[i], r.sources[i]);
	}
	for (size_t i = 0; num == 0 && i < spec->linux_.masked_paths.n; i++)
		add_external(opts, spec->linux_.masked_paths.v[i], "/dev/null");
	/* runc's name for all of them. */
	if (num == 0 && spec->linux_.masked_paths.n)
		add_external(opts, "/dev/null", "/dev/null");
	return num;
}
