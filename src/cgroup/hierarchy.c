/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hierarchy.c - which cgroup hierarchies are mounted, where the caller is in them, and the one way
 * to open a directory of theirs.
 *
 * cgroupsPath comes from the config and the mount points from a state that is not trusted: a
 * directory is only ever opened below a descriptor that was verified to be the root of a cgroup
 * mount, and never across a link or another mount.
 */
#include "base/fd.h"
#include "base/sys.h"
#include "cgroup/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <sys/stat.h>

#define MOUNTINFO_MAX ((size_t)64 << 20) /* bytes */
#define SELF_CGROUP_MAX ((size_t)256 << 10)

/* A line of mountinfo (proc_pid_mountinfo(5)); the strings point into the text, which is cut up. */
struct mount_line {
	int id;
	char *root, *point, *options, *type, *super;
};

static char *next_field(char **line)
{
	char *field = *line;

	if (!field)
		return NULL;
	char *end = strchr(field, ' ');
	if (end)
		*end++ = '\0';
	*line = end;
	return field;
}

/* Undo the kernel's octal escapes of blanks and backslashes, in place. */
static void unescape(char *s)
{
	char *to = s;

	for (const char *p = s; *p; p++) {
		if (p[0] == '\\' && p[1] >= '0' && p[1] <= '3' && p[2] >= '0' && p[2] <= '7' &&
			p[3] >= '0' && p[3] <= '7') {
			*to++ = (char)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0'));
			p += 3;
		} else {
			*to++ = *p;
		}
	}
	*to = '\0';
}

static bool mount_line_parse(char *line, struct mount_line *ret)
{
	struct mount_line m = { 0 };
	const char *id = next_field(&line);
	uint32_t number;

	(void)next_field(&line); /* parent */
	(void)next_field(&line); /* device */
	m.root = next_field(&line);
	m.point = next_field(&line);
	m.options = next_field(&line);
	for (const char *tag = next_field(&line); tag && !str_eq(tag, "-"); tag = next_field(&line))
		;
	m.type = next_field(&line);
	(void)next_field(&line); /* source */
	m.super = next_field(&line);
	if (!id || !m.super || str_to_u32(id, &number) < 0 || number > INT_MAX)
		return false;
	m.id = (int)number;
	unescape(m.root);
	unescape(m.point);
	*ret = m;
	return true;
}

bool word_in(const char *list, const char *separators, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = list; *p;) {
		size_t n = strcspn(p, separators);
		if (n == len && memcmp(p, word, n) == 0)
			return true;
		p += n;
		p += strspn(p, separators);
	}
	return false;
}

/* All of wanted's words are among the options: the kernel may write them in another order. */
static bool has_all(const char *options, const char *wanted)
{
	char word[NAME_MAX + 1];

	for (const char *p = wanted; *p;) {
		size_t n = strcspn(p, ",");
		if (n >= sizeof(word))
			return false;
		memcpy(word, p, n);
		word[n] = '\0';
		if (!word_in(options, ",", word))
			return false;
		p += n + (p[n] == ',');
	}
	return true;
}

/*
 * The caller's cgroup as a path from the mount's root. Both are told relative to the caller's
 * cgroup namespace; the mount may show a part of the hierarchy only (its root is not "/"), or lie
 * outside of the namespace (its root starts with "/.."), where the way from one to the other is not
 * known.
 */
static const char *own_below(const char *self, const char *root)
{
	size_t len = strlen(root);

	if (str_starts(self, "/..") || str_starts(root, "/.."))
		return str_eq(self, root) ? "/" : NULL;
	if (str_eq(root, "/"))
		return self;
	if (strncmp(self, root, len) != 0)
		return NULL;
	if (self[len] == '\0')
		return "/";
	return self[len] == '/' ? self + len : NULL;
}

/* Of several mounts of one hierarchy the best one: the caller is below it, writable, the usual
 * place. */
static unsigned mount_score(const struct hierarchy *h)
{
	return (h->own ? 4u : 0) + (h->readonly ? 0 : 2u) +
	       (str_starts(h->mount, "/sys/fs/cgroup") ? 1u : 0);
}

/* One line of /proc/PID/cgroup, "4:memory:/a/b", against all mounts. Returns 1 if one was found. */
static int hierarchy_match(char *line, const struct mount_line *mounts, size_t n_mounts,
	struct arena *arena, struct hierarchy *ret, struct err *e)
{
	char *controllers = strchr(line, ':');
	char *self = controllers ? strchr(controllers + 1, ':') : NULL;
	struct hierarchy best = { 0 };
	bool found = false;

	if (!self || self[1] != '/')
		return err_say(e, EBADMSG, "/proc/self/cgroup has a line that is none: '%s'", line);
	*controllers++ = '\0';
	*self++ = '\0';

	const bool v2 = *controllers == '\0';
	for (size_t i = 0; i < n_mounts; i++) {
		const struct mount_line *m = &mounts[i];
		if (v2 ? !str_eq(m->type, "cgroup2")
		       : !str_eq(m->type, "cgroup") || !has_all(m->super, controllers))
			continue;
		struct hierarchy h = {
			.v2 = v2,
			.readonly = word_in(m->options, ",", "ro") || word_in(m->super, ",", "ro"),
			.controllers = controllers,
			.mount = m->point,
			.mount_id = m->id,
			.own = own_below(self, m->root),
			.leaf_fd = -1,
		};
		/* Of two mounts on one directory the later one is what is seen there. */
		bool covers = found && str_eq(h.mount, best.mount);
		if (!found || covers || mount_score(&h) > mount_score(&best))
			best = h;
		found = true;
	}
	if (!found)
		return 0;

	best.controllers = arena_strdup(arena, best.controllers);
	best.mount = arena_strdup(arena, best.mount);
	bool outside = !best.own;
	best.own = outside ? NULL : arena_strdup(arena, best.own);
	if (!best.controllers || !best.mount || (!outside && !best.own))
		return err_nomem(e);
	*ret = best;
	return 1;
}

static size_t count_lines(const char *text)
{
	size_t n = 1;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

/* The cgroup mounts among all mounts; cuts text up. *ret is malloc'ed. */
static int cgroup_mounts(char *text, struct arena *arena, struct mount_line **ret, size_t *ret_n)
{
	struct mount_line *v;
	size_t n = 0, room = 0;

	for (const char *p = text; (p = strstr(p, " cgroup")); p++)
		room++;
	v = arena_array(arena, struct mount_line, room);
	if (!v)
		return -ENOMEM;
	for (char *line = text, *next; line && *line; line = next) {
		struct mount_line m;
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (!strstr(line, " cgroup") || !mount_line_parse(line, &m) ||
			!(str_eq(m.type, "cgroup") || str_eq(m.type, "cgroup2")))
			continue;
		v[n++] = m;
	}
	*ret = v;
	*ret_n = n;
	return 0;
}

int hierarchies_parse(char *mountinfo, char *self, struct arena *arena, struct hierarchy **ret,
	size_t *ret_n, struct err *e)
{
	_cleanup_(arena_free) struct arena work = { 0 };
	struct mount_line *mounts;
	size_t n_mounts, n = 0;

	struct hierarchy *v = arena_array(arena, struct hierarchy, count_lines(self));
	if (!v || cgroup_mounts(mountinfo, &work, &mounts, &n_mounts) < 0)
		return err_nomem(e);

	for (char *line = self, *next; line && *line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		int r = hierarchy_match(line, mounts, n_mounts, arena, &v[n], e);
		if (r < 0)
			return r;
		n += (size_t)r;
	}
	*ret = v;
	*ret_n = n;
	return 0;
}

int hierarchies_find(struct arena *arena, struct hierarchy **ret, size_t *ret_n, struct err *e)
{
	return hierarchies_of(-1, arena, ret, ret_n, e);
}

int hierarchies_of(
	int pid_proc_fd, struct arena *arena, struct hierarchy **ret, size_t *ret_n, struct err *e)
{
	_cleanup_(arena_free) struct arena work = { 0 };
	_cleanup_text_ struct text self = { 0 };
	char *mountinfo;
	size_t len;
	int r;

	_cleanup_close_ int proc = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (proc < 0)
		return err_set(e, errno, "opening /proc/self");
	if (!fd_is_fs(proc, PROC_SUPER_MAGIC))
		return err_say(e, EINVAL, "/proc is not a proc file system");
	_cleanup_close_ int fd = openat(proc, "mountinfo", O_RDONLY | O_CLOEXEC);
	r = fd < 0 ? -errno : fd_read_arena(fd, MOUNTINFO_MAX, &work, &mountinfo, &len);
	if (r < 0)
		return err_set(e, -r, "reading /proc/self/mountinfo");
	r = fd_read_text(pid_proc_fd < 0 ? proc : pid_proc_fd, "cgroup", SELF_CGROUP_MAX, &self);
	if (r == -ENOENT) { /* a kernel without cgroups */
		*ret = NULL;
		*ret_n = 0;
		return 0;
	}
	if (r < 0)
		return err_set(e, -r, "reading the cgroup file of a process");
	return hierarchies_parse(mountinfo, self.s, arena, ret, ret_n, e);
}

bool hierarchy_has(const struct hierarchy *h, const char *controller)
{
	return !h->v2 && word_in(h->controllers, ",", controller);
}

int cgroup_path_clean(
	const char *path, const char *what, struct arena *arena, char **ret, struct err *e)
{
	/* One slash more than the path may have, and the end. */
	char *clean = arena_alloc(arena, strlen(path) + 2, 1);
	size_t len = 0;

	if (!clean)
		return err_nomem(e);
	for (const char *p = path; *p;) {
		size_t n = strcspn(p, "/");
		if (n == 2 && memcmp(p, "..", 2) == 0)
			return err_say(e, EINVAL, "%s: '%s' leads upwards by '..'", what, path);
		if (n > NAME_MAX)
			return err_say(e, ENAMETOOLONG,
				"%s: a name of %zu bytes is too long: a cgroup's has at most %d",
				what, n, NAME_MAX);
		if (memchr(p, '\n', n))
			return err_say(e, EINVAL, "%s: '%s': a cgroup's name has no line break",
				what, path);
		if (n > 0 && !(n == 1 && *p == '.')) {
			clean[len++] = '/';
			memcpy(clean + len, p, n);
			len += n;
		}
		p += n + (p[n] == '/');
	}
	if (len > CGROUP_PATH_MAX)
		return err_say(e, ENAMETOOLONG, "%s: a path of %zu bytes is too long: at most %d",
			what, len, CGROUP_PATH_MAX);
	if (len == 0)
		clean[len++] = '/';
	clean[len] = '\0';
	*ret = clean;
	return 0;
}

static bool is_mount(const struct statx *stx, int id)
{
	return (stx->stx_mask & STATX_MNT_ID) && stx->stx_mnt_id == (uint64_t)id;
}

/* Both answers are those of Linux 5.8 (statx(2)). */
static bool is_mount_root(const struct statx *stx)
{
	return stx->stx_attributes & stx->stx_attributes_mask & STATX_ATTR_MOUNT_ROOT;
}

int hierarchy_open_root(const struct hierarchy *h, struct err *e)
{
	struct statx stx;
	_cleanup_close_ int fd = open(h->mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	/* Not ENOENT, which says that the container's cgroup is gone. */
	if (fd < 0 && errno == ENOENT)
		return err_say(e, ENODEV, "the cgroup mount '%s' is not there", h->mount);
	if (fd < 0)
		return err_set(e, errno, "opening the cgroup mount '%s'", h->mount);
	/* Another file system may have been mounted over it, or its directory been swapped. */
	if (!fd_is_fs(fd, h->v2 ? CGROUP2_SUPER_MAGIC : CGROUP_SUPER_MAGIC) ||
		statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &stx) < 0 ||
		!(h->mount_id ? is_mount(&stx, h->mount_id) : is_mount_root(&stx)))
		return err_say(e, EINVAL, "'%s' is not the cgroup mount that %s there", h->mount,
			h->mount_id ? "mountinfo shows" : "the saved state says is");
	return TAKE_FD(fd);
}

int hierarchy_open_below(int dir_fd, const char *path)
{
	const struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
	};

	return sys_openat2(dir_fd, *path ? path : ".", &how);
}

int hierarchy_open(const struct hierarchy *h, const char *path, struct err *e)
{
	_cleanup_close_ int root = hierarchy_open_root(h, e);
	if (root < 0)
		return root;
	int fd = hierarchy_open_below(root, path + 1);
	if (fd < 0)
		return err_set(e, -fd, "opening cgroup '%s%s'", h->mount, path);
	return fd;
}

int hierarchy_open_leaf(const struct hierarchy *h, struct err *e)
{
	int same = h->leaf_fd >= 0 ? fcntl(h->leaf_fd, F_DUPFD_CLOEXEC, 0) : -1;

	if (same >= 0)
		return same;
	_cleanup_close_ int fd = hierarchy_open(h, h->path, e);

	if (fd >= 0 && !hierarchy_is_same(h, fd))
		return err_say(e, ENOENT,
			"opening cgroup '%s%s': it is not this container's: that one is gone",
			h->mount, h->path);
	return fd < 0 ? fd : TAKE_FD(fd);
}

int hierarchy_remember(struct hierarchy *h, int fd, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_set(e, errno, "looking at cgroup '%s%s'", h->mount, h->path);
	h->inode = st.st_ino;
	return 0;
}

bool hierarchy_is_same(const struct hierarchy *h, int fd)
{
	struct stat st;

	return h->inode == 0 || (fstat(fd, &st) == 0 && st.st_ino == h->inode);
}

const struct hierarchy *cgroup_v2(const struct cgroup *cg)
{
	for (size_t i = 0; i < cg->n; i++)
		if (cg->h[i].v2)
			return &cg->h[i];
	return NULL;
}

const struct hierarchy *cgroup_v1_of(const struct cgroup *cg, const char *controller)
{
	for (size_t i = 0; i < cg->n; i++)
		if (hierarchy_has(&cg->h[i], controller))
			return &cg->h[i];
	return NULL;
}

bool cgroup_pure_v2(const struct cgroup *cg)
{
	return cg->n == 1 && cg->h[0].v2;
}
