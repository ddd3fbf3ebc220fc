/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pause.c - hasu pause and hasu resume: stop all processes of a container, and let them go on.
 */
#include "cmd/cmd.h"

#include "base/fd.h"

int cmd_pause(const struct options *o, struct err *e)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	struct life life;
	int r = life_of(o, &arena, &life, e);

	return r < 0 ? r : life_pause(&life, o->args.v[0], e);
}

int cmd_resume(const struct options *o, struct err *e)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	struct life life;
	int r = life_of(o, &arena, &life, e);

	return r < 0 ? r : life_resume(&life, o->args.v[0], e);
}
