/* SPDX-License-Identifier: Apache-2.0 */
/*
 * idmap.c - uid_map and gid_map of a new user namespace.
 *
 * It never takes setgroups(2) away from a namespace whose writer did not have to.
 */
#include "linux/idmap.h"

#include "base/fd.h"
#include "base/str.h"
#include "linux/caps.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdio.h>

/* user_namespaces(7): at most 340 lines, in one write(2) shorter than a page. */
#define MAP_LINES_MAX 340
#define MAP_TEXT_MAX 4095
/* 340 lines as /proc writes them, "%10u %10u %10u\n". */
#define MAP_FILE_MAX (MAP_LINES_MAX * 33 + 1)

/* How much of a map an error shows. */
#define SHOWN_MAX 200

static int all_of(const char *file, struct id_map *map, struct arena *arena, struct err *e);

int idmap_settle(struct spec_linux *l, struct arena *arena, struct err *e)
{
	const struct spec_namespace *user = &l->namespaces[NS_USER];

	if (!user->present || user->path || l->uid_mappings.n || l->gid_mappings.n)
		return 0;
	if (!caps_have(CAP_SETUID) || !caps_have(CAP_SETGID))
		return err_say(e, EPERM,
			"/linux/uidMappings: is required of an ordinary user: all IDs can be "
			"mapped to themselves with CAP_SETUID and CAP_SETGID only");
	int r = all_of("/proc/self/uid_map", &l->uid_mappings, arena, e);
	return r < 0 ? r : all_of("/proc/self/gid_map", &l->gid_mappings, arena, e);
}

/* What the first column of our own map has: "INSIDE OUTSIDE COUNT" in each line. */
static int all_of(const char *file, struct id_map *map, struct arena *arena, struct err *e)
{
	_cleanup_free_ char *text = NULL;
	struct id_mapping *v = arena_array(arena, struct id_mapping, MAP_LINES_MAX + 1);
	unsigned first, count;
	size_t n = 0;
	int used;

	if (!v)
		return err_nomem(e);
	int r = fd_read_file(AT_FDCWD, file, MAP_FILE_MAX, &text, NULL);
	if (r < 0)
		return err_set(e, -r, "reading '%s'", file);
	for (const char *p = text;
		n < MAP_LINES_MAX && sscanf(p, "%u %*u %u %n", &first, &count, &used) == 2;
		p += used)
		v[n++] = (struct id_mapping){ first, first, count };
	if (n == 0)
		return err_say(e, EPERM, "%s: the runtime's own user namespace maps no IDs", file);
	/* One line of all of them is how programs tell the initial user namespace from others. */
	if (n == 1 && v[0].size > 1) {
		v[n++] = (struct id_mapping){ v[0].container_id + 1, v[0].host_id + 1,
			v[0].size - 1 };
		v[0].size = 1;
	}
	*map = (struct id_map){ .n = n, .v = v };
	return 0;
}

static bool has_line(const struct id_map *map, const struct id_mapping *line)
{
	for (size_t i = 0; i < map->n; i++)
		if (map->v[i].container_id == line->container_id &&
			map->v[i].host_id == line->host_id && map->v[i].size == line->size)
			return true;
	return false;
}

/* No two lines of a map overlap, so as many that are all there are the same. */
int idmap_is(int pid_proc_fd, const char *file, const struct id_map *map, bool *ret, struct err *e)
{
	_cleanup_text_ struct text text = { 0 };
	struct id_mapping line;
	size_t n = 0;
	int used;

	int r = fd_read_text(pid_proc_fd, file, MAP_FILE_MAX, &text);
	if (r < 0)
		return err_set(e, -r, "reading %s of the container's user namespace", file);
	*ret = true;
	for (const char *p = text.s;
		sscanf(p, "%" SCNu32 " %" SCNu32 " %" SCNu32 " %n", &line.container_id,
			&line.host_id, &line.size, &used) == 3;
		p += used, n++)
		*ret = *ret && has_line(map, &line);
	*ret = *ret && n == map->n;
	return 0;
}

static int refused(int num, const char *where, const char *shown, unsigned cap, struct err *e)
{
	const char *kind = cap == CAP_SETUID ? "user" : "group";

	if (num == EPERM && !caps_have(cap))
		return err_set(e, num,
			"%s: '%s': without %s only the caller's own %s ID can be mapped, in a "
			"single line",
			where, shown, cap == CAP_SETUID ? "CAP_SETUID" : "CAP_SETGID", kind);
	/* Since Linux 5.12 host user 0 can be mapped only by a creator with CAP_SETFCAP. */
	if (num == EPERM)
		return err_set(e, num,
			"%s: '%s': the caller may not map these %s IDs (host ID 0 needs "
			"CAP_SETFCAP)",
			where, shown, kind);
	if (num == EINVAL)
		return err_say(e, num,
			"%s: '%s': the kernel refuses the mapping: ranges that overlap, a size of "
			"0, or numbers past 4294967295",
			where, shown);
	return err_set(e, num, "%s: writing '%s'", where, shown);
}

static int write_map(int pid_proc_fd, const char *file, const char *where, const struct id_map *map,
	unsigned cap, struct err *e)
{
	struct strbuf text = { 0 }, shown = { 0 };
	int r;

	if (map->n > MAP_LINES_MAX)
		return err_say(e, EINVAL, "%s: %zu mappings, but the kernel takes at most %d",
			where, map->n, MAP_LINES_MAX);
	for (size_t i = 0; i < map->n; i++) {
		const struct id_mapping *m = &map->v[i];

		strbuf_addf(&text, "%u %u %u\n", m->container_id, m->host_id, m->size);
		if (shown.len < SHOWN_MAX)
			strbuf_addf(&shown, "%s%u %u %u", i ? ", " : "", m->container_id,
				m->host_id, m->size);
	}
	if (text.failed || shown.failed) {
		r = err_nomem(e);
	} else if (text.len > MAP_TEXT_MAX) {
		r = err_say(e, EINVAL, "%s: %zu bytes of mappings, but the kernel takes at most %d",
			where, text.len, MAP_TEXT_MAX);
	} else {
		r = fd_write_file(pid_proc_fd, file, text.text);
		if (r < 0)
			r = refused(-r, where, shown.text, cap, e);
	}
	strbuf_free(&text);
	strbuf_free(&shown);
	return r;
}

int idmap_write(int pid_proc_fd, const struct spec_linux *l, struct err *e)
{
	return idmap_write_maps(pid_proc_fd, "/linux", &l->uid_mappings, &l->gid_mappings, e);
}

int idmap_write_maps(int pid_proc_fd, const char *at, const struct id_map *uid,
	const struct id_map *gid, struct err *e)
{
	char where[96];
	int r;

	(void)snprintf(where, sizeof(where), "%s/gidMappings", at);
	if (gid->n) {
		/* Linux 3.19: who could not drop groups before must not be able to by this. */
		if (!caps_have(CAP_SETGID)) {
			r = fd_write_file(pid_proc_fd, "setgroups", "deny");
			if (r < 0)
				return err_set(e, -r,
					"%s: denying setgroups(2), which the kernel demands of an "
					"unprivileged caller",
					where);
		}
		r = write_map(pid_proc_fd, "gid_map", where, gid, CAP_SETGID, e);
		if (r < 0)
			return r;
	}
	(void)snprintf(where, sizeof(where), "%s/uidMappings", at);
	return uid->n ? write_map(pid_proc_fd, "uid_map", where, uid, CAP_SETUID, e) : 0;
}
