/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state.c - a cgroup as JSON in the container's saved state, and back.
 *
 * The state is not trusted: its paths are checked like those from a config, and whatever is opened,
 * hierarchy_open_root() has the kernel confirm that it starts at a mounted hierarchy. All mounts
 * are not read for that: the kernel would write the whole table for each command.
 */
#include "cgroup/internal.h"
#include "cgroup/scope.h"

#include <errno.h>

static void write_hierarchy(struct json_writer *w, const struct hierarchy *h)
{
	jw_object(w, NULL);
	jw_string(w, "controllers", h->controllers);
	jw_string(w, "mount", h->mount);
	jw_string(w, "path", h->path);
	if (h->inode)
		jw_u64(w, "inode", h->inode);
	jw_u64(w, "made", h->made);
	jw_object_end(w);
}

void cgroup_write(struct json_writer *w, const char *name, const struct cgroup *cg)
{
	jw_object(w, name);
	jw_string(w, "manager",
		cg->manager == CGROUP_DISABLED  ? "disabled"
		: cg->manager == CGROUP_SYSTEMD ? "systemd"
						: "cgroupfs");
	if (cg->scope) {
		jw_string(w, "unit", cg->scope->unit);
		jw_bool(w, "user", cg->scope->user);
	}
	jw_string(w, "path", cg->path);
	jw_bool(w, "made", cg->made);
	jw_array(w, "hierarchies");
	for (size_t i = 0; i < cg->n; i++)
		write_hierarchy(w, &cg->h[i]);
	jw_array_end(w);
	jw_object_end(w);
}

/* A path in the form that cgroup_path_clean gives it. */
static int clean_path(const struct json *o, struct arena *arena, char **ret, struct err *e)
{
	const char *path = json_text(json_get(o, "path"));
	int r;

	if (!path || path[0] != '/')
		return err_say(e, EBADMSG, "the saved state has a cgroup without a path");
	r = cgroup_path_clean(path, "the saved state's cgroup", arena, ret, e);
	if (r == 0 && (!str_eq(*ret, path) || str_eq(path, "/")))
		r = err_say(e, EBADMSG, "the saved state has '%s' as its cgroup", path);
	return r;
}

static int hierarchy_from_json(
	const struct json *o, struct arena *arena, struct hierarchy *ret, struct err *e)
{
	const char *controllers = json_text(json_get(o, "controllers"));
	const char *mount = json_text(json_get(o, "mount"));
	uint64_t made, inode = 0;
	unsigned names = 0;
	char *path;
	int r;

	if (!controllers || !mount || mount[0] != '/')
		return err_say(e, EBADMSG, "the saved state has a cgroup without its hierarchy");
	r = clean_path(o, arena, &path, e);
	if (r < 0)
		return r;
	for (const char *p = path; *p; p++)
		names += *p == '/';
	if (!json_u64(json_get(o, "made"), names, &made))
		return err_say(e, EBADMSG,
			"the saved state does not say what was made of cgroup '%s'", path);
	/* A version that did not keep it has none. */
	if (json_get(o, "inode") &&
		(!json_u64(json_get(o, "inode"), UINT64_MAX, &inode) || inode == 0))
		return err_say(e, EBADMSG,
			"the saved state does not say which directory is cgroup '%s'", path);

	*ret = (struct hierarchy){
		.v2 = str_empty(controllers),
		.controllers = controllers,
		.mount = mount,
		.path = path,
		.inode = inode,
		.made = (unsigned)made,
		.leaf_fd = -1,
	};
	return 0;
}

static int scope_from_json(
	const struct json *json, struct arena *arena, struct cgroup *cg, struct err *e)
{
	const char *unit = json_text(json_get(json, "unit"));
	const struct json *user = json_get(json, "user");

	if (!unit || !scope_name_valid(unit) || !json_is(user, JSON_BOOL))
		return err_say(e, EBADMSG, "the saved state does not say which scope it is");
	cg->manager = CGROUP_SYSTEMD;
	cg->scope = arena_new(arena, struct scope);
	if (!cg->scope)
		return err_nomem(e);
	*cg->scope = (struct scope){ .unit = unit, .user = user->u, .holder_pidfd = -1 };
	return 0;
}

int cgroup_from_json(
	const struct json *json, struct arena *arena, struct cgroup **ret, struct err *e)
{
	const char *manager = json_text(json_get(json, "manager"));
	const struct json *list = json_get(json, "hierarchies"), *made = json_get(json, "made");
	char *path;
	int r;

	struct cgroup *cg = arena_new(arena, struct cgroup);
	if (!cg)
		return err_nomem(e);
	cg->path = "";
	if (manager && str_eq(manager, "disabled")) {
		cg->manager = CGROUP_DISABLED;
		*ret = cg;
		return 0;
	}
	const bool systemd = manager && str_eq(manager, "systemd");
	if (!manager || (!systemd && !str_eq(manager, "cgroupfs")) || !json_is(list, JSON_ARRAY))
		return err_say(e, EBADMSG, "the saved state does not say where the cgroup is");
	if (!json_is(made, JSON_BOOL))
		return err_say(
			e, EBADMSG, "the saved state does not say whether the cgroup was made");
	cg->made = made->u;
	r = systemd ? scope_from_json(json, arena, cg, e) : 0;
	if (r == 0)
		r = clean_path(json, arena, &path, e);
	if (r < 0)
		return r;
	cg->path = path;
	if (list->n == 0)
		return err_say(e, EBADMSG, "the saved state has a cgroup in no hierarchy");
	cg->h = arena_array(arena, struct hierarchy, list->n);
	if (!cg->h)
		return err_nomem(e);
	size_t n = 0;
	json_each(it, list) {
		r = hierarchy_from_json(it, arena, &cg->h[n++], e);
		if (r < 0)
			return r;
	}
	cg->n = n;
	/* delete stops that unit: it has to be the one whose cgroup this is. */
	for (size_t i = 0; systemd && i < n; i++)
		if (!str_eq(strrchr(cg->h[i].path, '/') + 1, cg->scope->unit))
			return err_say(e, EBADMSG, "the saved state has '%s' as the cgroup of %s",
				path, cg->scope->unit);
	*ret = cg;
	return 0;
}
