/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rdt.c - classes and monitoring groups of resctrl. See rdt.h; the rules are those of
 * config-linux.md, IntelRdt, and the files those of the kernel's filesystems/resctrl.rst.
 */
#include "linux/rdt.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/magic.h>
#include <mntent.h>
#include <stdio.h>
#include <sys/stat.h>

#ifndef RDTGROUP_SUPER_MAGIC
#define RDTGROUP_SUPER_MAGIC 0x7655821
#endif

#define AT "/linux/intelRdt"
#define SCHEMATA_MAX 4095 /* bytes: kernfs takes a page in one write, NUL included */
#define FILE_MAX (64 * 1024)

static int find_root(struct arena *arena, const char **ret, struct err *e);
static int compare_all(
	const struct rdt *r, int root_fd, const struct spec_intel_rdt *spec, struct err *e);
static int write_schemata(
	const struct rdt *r, int root_fd, const struct str_list *lines, struct err *e);

static bool has_schemata(const struct spec_intel_rdt *spec)
{
	return spec->l3_cache_schema || spec->mem_bw_schema || spec->schemata.n;
}

static int not_ours(const struct rdt *r, struct err *e)
{
	return err_say(e, EEXIST,
		AT ": '%s' exists in '%s' already, and is not this container's; closID names a "
		   "class to share",
		r->class, r->root);
}

int rdt_plan(const struct spec_intel_rdt *spec, const char *id, struct arena *arena,
	struct rdt **ret, struct err *e)
{
	struct rdt *r = arena_new(arena, struct rdt);

	if (!r)
		return err_nomem(e);
	r->own = !spec->clos_id;
	r->class = arena_strdup(arena, r->own                       ? id
				       : str_eq(spec->clos_id, "/") ? ""
								    : spec->clos_id);
	r->id = arena_strdup(arena, id);
	if (!r->class || !r->id)
		return err_nomem(e);
	int found = find_root(arena, &r->root, e);
	if (found < 0)
		return found;
	_cleanup_close_ int root = rdt_open(r, e);
	if (root < 0)
		return root;
	if (r->own && faccessat(root, r->class, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return not_ours(r, e);
	const char *group =
		arena_printf(arena, "%s%smon_groups/%s", r->class, *r->class ? "/" : "", id);
	if (!group)
		return err_nomem(e);
	if (spec->enable_monitoring && faccessat(root, group, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return err_say(e, EEXIST,
			AT "/enableMonitoring: '%s' exists in '%s' already, and is not this "
			   "container's",
			group, r->root);
	/* Before it is so: whenever we are killed, `delete --force` knows what may be there. */
	r->made = r->own;
	r->monitored = spec->enable_monitoring;
	*ret = r;
	return 0;
}

/* A directory of resctrl, whole: a group alone may be bound elsewhere. */
static int open_root(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (!fd_is_fs(fd, RDTGROUP_SUPER_MAGIC) || faccessat(fd, "info", F_OK, 0) < 0)
		return -ENOENT;
	return TAKE_FD(fd);
}

static int find_root(struct arena *arena, const char **ret, struct err *e)
{
	const char *found = NULL;
	struct mntent *m;

	FILE *mounts = setmntent("/proc/self/mounts", "re");
	if (!mounts)
		return err_set(e, errno, "reading /proc/self/mounts");
	while (!found && (m = getmntent(mounts))) {
		if (!str_eq(m->mnt_type, "resctrl"))
			continue;
		_cleanup_close_ int fd = open_root(m->mnt_dir);
		if (fd >= 0)
			found = arena_strdup(arena, m->mnt_dir);
	}
	endmntent(mounts);
	if (found) {
		*ret = found;
		return 0;
	}
	/* The kernel makes it where the CPUs can share out anything (resctrl.rst). */
	if (access("/sys/fs/resctrl", F_OK) == 0)
		return err_say(e, ENOENT,
			AT ": no resctrl file system is mounted; 'mount -t resctrl resctrl "
			   "/sys/fs/resctrl' does it");
	return err_say(e, ENOTSUP,
		AT ": this host has no resctrl file system: its CPUs or its kernel have neither "
		   "Intel RDT nor AMD QoS");
}

int rdt_open(const struct rdt *r, struct err *e)
{
	int fd = open_root(r->root);

	return fd < 0 ? err_set(e, -fd, AT ": opening the resctrl file system at '%s'", r->root)
		      : fd;
}

/* --- words --- */

/* "the default class", or "class 'gold'". */
static struct class_name {
	char text[NAME_MAX + 16];
} name_of(const struct rdt *r)
{
	struct class_name name = { "the default class" };

	if (*r->class)
		(void)snprintf(name.text, sizeof(name.text), "class '%s'", r->class);
	return name;
}

/* What the kernel says of its last refusal, beyond an errno; "" where it says nothing. */
static void last_status(int root_fd, char *buf, size_t size)
{
	_cleanup_free_ char *text = NULL;

	buf[0] = '\0';
	if (fd_read_file(root_fd, "info/last_cmd_status", FILE_MAX, &text, NULL) < 0)
		return;
	text[strcspn(text, "\n")] = '\0';
	if (*text && !str_eq(text, "ok"))
		(void)snprintf(buf, size, " (%s)", text);
}

static int open_class(const struct rdt *r, int root_fd)
{
	int fd = openat(root_fd, *r->class ? r->class : ".",
		O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int class_or_err(const struct rdt *r, int root_fd, struct err *e)
{
	int fd = open_class(r, root_fd);

	return fd < 0 ? err_set(e, -fd, AT ": opening %s at '%s'", name_of(r).text, r->root) : fd;
}

/* --- create --- */

int rdt_make(struct rdt *r, int root_fd, const struct spec_intel_rdt *spec, struct err *e)
{
	char status[256];

	r->made = false;
	_cleanup_close_ int there = open_class(r, root_fd);
	if (there >= 0 && !r->own)
		return 0;
	if (!r->own && !has_schemata(spec))
		return err_say(e, ENOENT,
			AT "/closID: class '%s' does not exist, and no schemata are given to make "
			   "it with",
			r->class);
	if (mkdirat(root_fd, r->class, 0755) < 0) {
		const int num = errno;
		if (num == EEXIST)
			return not_ours(r, e);
		last_status(root_fd, status, sizeof(status));
		return err_set(e, num, AT ": making class '%s'%s%s", r->class, status,
			num == ENOSPC ? ": this host has no more of them" : "");
	}
	r->made = true;
	return 0;
}

int rdt_limit(const struct rdt *r, int root_fd, const struct spec_intel_rdt *spec, struct err *e)
{
	struct arena arena = { 0 };
	struct str_list lines = { 0 };

	if (!has_schemata(spec))
		return 0;
	if (!r->made)
		return compare_all(r, root_fd, spec, e);
	lines.v = arena_array(&arena, char *, spec->schemata.n + 3);
	if (!lines.v)
		return err_nomem(e);
	/* In this order (the specification), so that schemata have the last word. */
	if (spec->l3_cache_schema)
		lines.v[lines.n++] = (char *)spec->l3_cache_schema;
	if (spec->mem_bw_schema)
		lines.v[lines.n++] = (char *)spec->mem_bw_schema;
	for (size_t i = 0; i < spec->schemata.n; i++)
		lines.v[lines.n++] = spec->schemata.v[i];
	int ret = write_schemata(r, root_fd, &lines, e);
	arena_free(&arena);
	return ret;
}

/* In one write: the kernel takes all lines of it or none (rdtgroup_schemata_write()). */
static int write_schemata(
	const struct rdt *r, int root_fd, const struct str_list *lines, struct err *e)
{
	_cleanup_(strbuf_free) struct strbuf b = { 0 };
	char status[256];

	for (size_t i = 0; i < lines->n; i++)
		strbuf_addf(&b, "%s\n", lines->v[i]);
	if (b.failed)
		return err_nomem(e);
	if (b.len > SCHEMATA_MAX)
		return err_say(e, E2BIG, AT ": the schemata are longer than %d bytes together",
			SCHEMATA_MAX);
	_cleanup_close_ int class = class_or_err(r, root_fd, e);
	if (class < 0)
		return class;
	int ret = fd_write_file(class, "schemata", b.text);
	if (ret == 0)
		return 0;
	last_status(root_fd, status, sizeof(status));
	return err_set(e, -ret, AT ": writing the schemata of %s%s", name_of(r).text, status);
}

int rdt_monitor(struct rdt *r, int root_fd, const struct spec_intel_rdt *spec, struct err *e)
{
	char status[256];

	r->monitored = false;
	if (!spec->enable_monitoring)
		return 0;
	_cleanup_close_ int class = class_or_err(r, root_fd, e);
	if (class < 0)
		return class;
	_cleanup_close_ int groups =
		openat(class, "mon_groups", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (groups < 0 && errno == ENOENT)
		return err_say(e, ENOTSUP,
			AT "/enableMonitoring: this host's CPUs cannot monitor caches or memory "
			   "bandwidth");
	if (groups < 0 || mkdirat(groups, r->id, 0755) < 0) {
		const int num = errno;
		last_status(root_fd, status, sizeof(status));
		return err_set(e, num, AT "/enableMonitoring: making monitoring group '%s' of %s%s",
			r->id, name_of(r).text, status);
	}
	r->monitored = true;
	return 0;
}

static int add_to(int dir_fd, const char *tasks, pid_t pid)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%d", (int)pid);
	return fd_write_file(dir_fd, tasks, text);
}

int rdt_add(const struct rdt *r, int root_fd, pid_t pid, struct err *e)
{
	char status[256], tasks[NAME_MAX + 32];

	_cleanup_close_ int class = class_or_err(r, root_fd, e);
	if (class < 0)
		return class;
	int ret = add_to(class, "tasks", pid);
	/* Only a process of the class may be in one of its monitoring groups. */
	if (ret == 0 && r->monitored) {
		(void)snprintf(tasks, sizeof(tasks), "mon_groups/%s/tasks", r->id);
		ret = add_to(class, tasks, pid);
	}
	if (ret == 0)
		return 0;
	last_status(root_fd, status, sizeof(status));
	return err_set(
		e, -ret, AT ": putting process %d into %s%s", (int)pid, name_of(r).text, status);
}

/* --- what is there already --- */

/* The value of cache `id` in a line "L3:0=ff;1=f"; NULL: there is none. Not NUL-ended. */
static const char *value_of(const char *line, const char *id, size_t id_len, size_t *ret_len)
{
	const char *p = strchr(line, ':');

	while (p && *p) {
		p++;
		size_t len = strcspn(p, ";\n"), name = strcspn(p, "=");
		if (name < len && name == id_len && strncmp(p, id, id_len) == 0) {
			*ret_len = len - name - 1;
			return p + name + 1;
		}
		p += len;
		if (*p != ';')
			break;
	}
	return NULL;
}

/* Masks are in hex and may have leading zeros; bandwidths are in decimal. */
static bool same_value(const char *a, size_t a_len, const char *b, size_t b_len, bool decimal)
{
	char one[24], two[24], *end_one, *end_two;

	if (a_len >= sizeof(one) || b_len >= sizeof(two) || !a_len || !b_len)
		return false;
	memcpy(one, a, a_len);
	one[a_len] = '\0';
	memcpy(two, b, b_len);
	two[b_len] = '\0';
	const uint64_t x = strtoull(one, &end_one, decimal ? 10 : 16);
	const uint64_t y = strtoull(two, &end_two, decimal ? 10 : 16);
	return *end_one == '\0' && *end_two == '\0' && x == y;
}

/* The line of this resource, "  L3:...", in the text of schemata; without the blanks before it. */
static const char *line_of(const char *schemata, const char *resource, size_t len)
{
	for (const char *line = schemata; *line;) {
		line += strspn(line, " \t");
		if (strncmp(line, resource, len) == 0 && line[len] == ':')
			return line;
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	return NULL;
}

/* Every value that `want` names is the one in force. */
static bool matches(const char *want, const char *schemata)
{
	size_t resource = strcspn(want, ":");
	const char *have = line_of(schemata, want, resource);
	const bool decimal = str_starts(want, "MB") || str_starts(want, "SMBA");

	if (!have || want[resource] != ':' || !want[resource + 1])
		return false;
	for (const char *p = want + resource + 1; *p;) {
		size_t len = strcspn(p, ";"), name = strcspn(p, "="), have_len;
		if (name >= len)
			return false;
		const char *value = value_of(have, p, name, &have_len);
		if (!value || !same_value(value, have_len, p + name + 1, len - name - 1, decimal))
			return false;
		p += len + (p[len] == ';');
	}
	return true;
}

static int compare(const struct rdt *r, const char *schemata, const char *want, const char *pointer,
	struct err *e)
{
	const size_t resource = strcspn(want, ":");
	const char *have = line_of(schemata, want, resource);

	if (matches(want, schemata))
		return 0;
	if (!have)
		return err_say(e, EINVAL, "%s: %s exists and has nothing of '%.*s'", pointer,
			name_of(r).text, (int)resource, want);
	return err_say(e, EINVAL, "%s: %s exists with '%.*s', which is not '%s'", pointer,
		name_of(r).text, (int)strcspn(have, "\n"), have, want);
}

static int compare_all(
	const struct rdt *r, int root_fd, const struct spec_intel_rdt *spec, struct err *e)
{
	_cleanup_free_ char *schemata = NULL;
	char pointer[64];
	int ret;

	_cleanup_close_ int class = class_or_err(r, root_fd, e);
	if (class < 0)
		return class;
	ret = fd_read_file(class, "schemata", FILE_MAX, &schemata, NULL);
	if (ret < 0)
		return err_set(e, -ret, AT ": reading the schemata of %s", name_of(r).text);
	if (spec->l3_cache_schema)
		ret = compare(r, schemata, spec->l3_cache_schema, AT "/l3CacheSchema", e);
	if (ret == 0 && spec->mem_bw_schema)
		ret = compare(r, schemata, spec->mem_bw_schema, AT "/memBwSchema", e);
	for (size_t i = 0; ret == 0 && i < spec->schemata.n; i++) {
		(void)snprintf(pointer, sizeof(pointer), AT "/schemata/%zu", i);
		ret = compare(r, schemata, spec->schemata.v[i], pointer, e);
	}
	return ret;
}

/* --- afterwards --- */

int rdt_remove(const struct rdt *r, int root_fd, bool undo, struct err *e)
{
	char group[NAME_MAX + 16];

	_cleanup_close_ int class = open_class(r, root_fd);
	if (class == -ENOENT)
		return 0;
	if (class < 0)
		return err_set(e, -class, "opening %s at '%s'", name_of(r).text, r->root);
	(void)snprintf(group, sizeof(group), "mon_groups/%s", r->id);
	if (r->monitored && unlinkat(class, group, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return err_set(
			e, errno, "removing monitoring group '%s' of %s", r->id, name_of(r).text);
	if (r->made && *r->class && (r->own || undo) &&
		unlinkat(root_fd, r->class, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return err_set(e, errno, "removing %s at '%s'", name_of(r).text, r->root);
	return 0;
}

int rdt_update(const struct rdt *r, int root_fd, const char *l3_cache_schema,
	const char *mem_bw_schema, char **ret_before, struct err *e)
{
	_cleanup_free_ char *before = NULL;
	char *v[3] = { NULL };
	struct str_list lines = { .v = v };

	if (l3_cache_schema)
		v[lines.n++] = (char *)l3_cache_schema;
	if (mem_bw_schema)
		v[lines.n++] = (char *)mem_bw_schema;
	_cleanup_close_ int class = class_or_err(r, root_fd, e);
	if (class < 0)
		return class;
	int ret = fd_read_file(class, "schemata", FILE_MAX, &before, NULL);
	if (ret < 0)
		return err_set(e, -ret, AT ": reading the schemata of %s", name_of(r).text);
	ret = write_schemata(r, root_fd, &lines, e);
	if (ret == 0)
		*ret_before = TAKE_PTR(before);
	return ret;
}

int rdt_restore(const struct rdt *r, int root_fd, const char *before)
{
	_cleanup_close_ int class = open_class(r, root_fd);

	return class < 0 ? class : fd_write_file(class, "schemata", before);
}

/* --- the state --- */

void rdt_write(struct json_writer *w, const char *name, const struct rdt *r)
{
	jw_object(w, name);
	jw_string(w, "root", r->root);
	jw_string(w, "class", r->class);
	jw_bool(w, "own", r->own);
	jw_bool(w, "made", r->made);
	jw_bool(w, "monitored", r->monitored);
	jw_object_end(w);
}

static int get(const struct json *o, const char *key, enum json_kind kind,
	const struct json **ret, struct err *e)
{
	*ret = json_get(o, key);
	if (!json_is(*ret, kind) || (kind == JSON_STRING && !json_text(*ret)))
		return err_say(e, EBADMSG, "the saved state is damaged: rdt.%s", key);
	return 0;
}

int rdt_from_json(const struct json *json, const char *id, struct arena *arena, struct rdt **ret,
	struct err *e)
{
	const struct json *root, *class, *own, *made, *monitored;
	struct rdt *r = arena_new(arena, struct rdt);
	int n;

	if (!r)
		return err_nomem(e);
	if ((n = get(json, "root", JSON_STRING, &root, e)) < 0 ||
		(n = get(json, "class", JSON_STRING, &class, e)) < 0 ||
		(n = get(json, "own", JSON_BOOL, &own, e)) < 0 ||
		(n = get(json, "made", JSON_BOOL, &made, e)) < 0 ||
		(n = get(json, "monitored", JSON_BOOL, &monitored, e)) < 0)
		return n;
	*r = (struct rdt){
		.root = root->text,
		.class = class->text,
		.id = id,
		.own = own->u,
		.made = made->u,
		.monitored = monitored->u,
	};
	/* One name, so that nothing but a directory of resctrl can be meant. */
	if (r->root[0] != '/' || strchr(r->class, '/') || strlen(r->class) > NAME_MAX ||
		str_eq(r->class, ".") || str_eq(r->class, ".."))
		return err_say(e, EBADMSG, "the saved state is damaged: rdt.class");
	*ret = r;
	return 0;
}
