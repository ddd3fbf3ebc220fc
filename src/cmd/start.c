/* SPDX-License-Identifier: Apache-2.0 */
/*
 * start.c - hasu start: let a created container's program run.
 */
#include "cmd/cmd.h"

#include "base/fd.h"

int cmd_start(const struct options *o, struct err *e)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	struct life life;

	int r = life_of(o, &arena, &life, e);
	return r < 0 ? r : life_start(&life, o->args.v[0], e);
}
