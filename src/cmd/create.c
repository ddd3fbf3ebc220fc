/* SPDX-License-Identifier: Apache-2.0 */
/*
 * create.c - hasu create: everything but the start of the container's program.
 */
#include "cmd/cmd.h"

#include "base/fd.h"

int cmd_create(const struct options *o, struct err *e)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	struct create_options create = o->create;
	struct life life;

	int r = life_of(o, &arena, &life, e);
	if (r < 0)
		return r;
	create.id = o->args.v[0];
	return life_create(&life, &create, e);
}
