/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sub.c - which cgroups below the container's a process of exec is wanted in, as its options have
 * it.
 */
#include "base/fd.h"
#include "cgroup/internal.h"

#include <errno.h>

#define OPTION "--cgroup '%s'"

static int take(struct cgroup_sub *sub, const struct hierarchy *h, const char *arg, char *below,
	struct err *e)
{
	if (sub->path && !str_eq(sub->path, below))
		return err_say(e, EINVAL,
			OPTION ": the hierarchy '%s' was given another path before", arg, h->mount);
	*sub = (struct cgroup_sub){ .path = below, .must = true };
	return 0;
}

/* "CONTROLLER,...:PATH" */
static int read_one(const struct cgroup *cg, const char *arg, const char *colon,
	struct arena *arena, struct cgroup_sub *subs, struct err *e)
{
	char *below, *names = arena_strndup(arena, arg, (size_t)(colon - arg));
	int r = names ? cgroup_path_clean(colon + 1, "the sub-cgroup", arena, &below, e)
		      : err_nomem(e);

	if (r < 0)
		return r;
	if (cgroup_pure_v2(cg))
		return err_say(e, EINVAL,
			OPTION ": cgroup v2 has one hierarchy for all controllers: give the path "
			       "alone",
			arg);
	for (char *name; r == 0 && (name = strsep(&names, ","));) {
		bool found = false;

		for (size_t i = 0; r == 0 && i < cg->n; i++) {
			if (cg->h[i].v2 || !hierarchy_has(&cg->h[i], name))
				continue;
			found = true;
			r = take(&subs[i], &cg->h[i], arg, below, e);
		}
		if (r == 0 && !found)
			r = err_say(e, EINVAL,
				OPTION ": there is no hierarchy of cgroup v1 with the controller "
				       "'%s'",
				arg, name);
	}
	return r;
}

int cgroup_subs(const struct cgroup *cg, const struct str_list *args, struct arena *arena,
	struct cgroup_sub **ret, struct err *e)
{
	struct cgroup_sub *subs = arena_array(arena, struct cgroup_sub, cg->n + 1);
	int r = subs ? 0 : err_nomem(e);

	for (size_t k = 0; r == 0 && k < args->n; k++) {
		const char *arg = args->v[k], *colon = strchr(arg, ':');
		char *below = NULL;

		if (colon) {
			r = read_one(cg, arg, colon, arena, subs, e);
			continue;
		}
		if (args->n > 1)
			return err_say(e, EINVAL,
				OPTION ": several are of the form CONTROLLER,...:PATH", arg);
		if (!str_empty(arg) && !str_eq(arg, "/"))
			r = cgroup_path_clean(arg, "the sub-cgroup", arena, &below, e);
		/* A container may have made it in the hierarchies that it uses only. */
		for (size_t i = 0; r == 0 && i < cg->n; i++)
			subs[i].path = below;
	}
	if (r == 0)
		*ret = subs;
	return r;
}
