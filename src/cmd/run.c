/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run.c - hasu run: a container's whole life.
 */
#include "cmd/cmd.h"

#include "base/fd.h"

int cmd_run(const struct options *o, struct err *e)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	struct create_options create = o->create;
	struct life life;
	int status = 0;

	int r = life_of(o, &arena, &life, e);
	if (r < 0)
		return r;
	create.id = o->args.v[0];
	r = life_run(&life, &create, &status, e);
	return r < 0 ? r : status;
}
