/* SPDX-License-Identifier: Apache-2.0 */
/*
 * idmap_helper.c - ID maps of an ordinary user: newuidmap(1) and newgidmap(1) write them, which
 * may, and which ask /etc/subuid and /etc/subgid whose the IDs are.
 */
#include "base/child.h"
#include "base/str.h"
#include "linux/caps.h"
#include "linux/idmap.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int run(
	const char *program, pid_t pid, const struct id_map *map, const char *where, struct err *e);

/* user_namespaces(7): one line of the caller's own ID is all that it may write itself. */
static bool is_own_alone(const struct id_map *map, uint32_t id)
{
	return map->n == 1 && map->v[0].size == 1 && map->v[0].host_id == id;
}

bool idmap_needs_helper(const struct spec_linux *l)
{
	if (caps_have(CAP_SETUID) && caps_have(CAP_SETGID))
		return false;
	return !is_own_alone(&l->uid_mappings, geteuid()) ||
	       !is_own_alone(&l->gid_mappings, getegid());
}

int idmap_write_by_helper(pid_t pid, const struct spec_linux *l, struct err *e)
{
	int r = run("newgidmap", pid, &l->gid_mappings, "/linux/gidMappings", e);

	return r < 0 ? r : run("newuidmap", pid, &l->uid_mappings, "/linux/uidMappings", e);
}

/* Not by PATH: these run with the rights of root. */
static int find(const char *program, struct arena *arena, char **ret, struct err *e)
{
	static const char *const directories[] = { "/usr/bin", "/bin", "/usr/local/bin", "/sbin" };

	for (size_t i = 0; i < ELEMENTS(directories); i++) {
		char *path = arena_printf(arena, "%s/%s", directories[i], program);
		if (!path)
			return err_nomem(e);
		if (access(path, X_OK) == 0) {
			*ret = path;
			return 0;
		}
	}
	return err_say(e, ENOENT,
		"an ordinary user can map only their own ID without %s, which is not installed "
		"(Debian: package uidmap)",
		program);
}

static int run(
	const char *program, pid_t pid, const struct id_map *map, const char *where, struct err *e)
{
	static char *const no_env[] = { NULL };
	__attribute__((cleanup(arena_free))) struct arena arena = { 0 };
	char **argv = arena_array(&arena, char *, 3 * map->n + 3), *path = NULL;
	size_t n = 0;

	if (!argv)
		return err_nomem(e);
	int r = find(program, &arena, &path, e);
	if (r < 0)
		return err_prefix(e, "%s", where);
	argv[n++] = path;
	argv[n++] = arena_printf(&arena, "%d", pid);
	for (size_t i = 0; i < map->n; i++) {
		argv[n++] = arena_printf(&arena, "%u", map->v[i].container_id);
		argv[n++] = arena_printf(&arena, "%u", map->v[i].host_id);
		argv[n++] = arena_printf(&arena, "%u", map->v[i].size);
	}
	for (size_t i = 0; i < n; i++) {
		if (!argv[i])
			return err_nomem(e);
	}
	const struct child_run how = { .path = path,
		.argv = argv,
		.envp = no_env,
		.timeout_ms = 10000,
		.interruptible = true,
		.what = where };
	r = child_run(&how, e);
	return r < 0 ? err_prefix(e, "the mapping needs ranges in /etc/subuid and /etc/subgid") : 0;
}
