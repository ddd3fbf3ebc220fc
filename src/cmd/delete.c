/* SPDX-License-Identifier: Apache-2.0 */
/*
 * delete.c - hasu delete: remove what a container leaves behind.
 */
#include "cmd/cmd.h"

#include "base/fd.h"

static int delete_one(const struct life *life, const char *id, void *arg, struct err *e)
{
	const bool *force = arg;

	return life_delete(life, id, *force, e);
}

int cmd_delete(const struct options *o, struct err *e)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	bool force = o->delete_force;
	struct life life;

	int r = life_of(o, &arena, &life, e);
	if (r < 0)
		return r;
	return o->delete_regex ? matching_each(&life, o->args.v[0], delete_one, &force, e)
			       : delete_one(&life, o->args.v[0], &force, e);
}
