/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state.c - hasu state: a container as the specification shows it, and nothing else.
 */
#include "cmd/cmd.h"

#include "base/fd.h"

int cmd_state(const struct options *o, struct err *e)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	_cleanup_(life_info_free) struct container_info info = { 0 };
	struct strbuf b = { 0 };
	struct life life;

	int r = life_of(o, &arena, &life, e);
	if (r == 0)
		r = life_info(&life, o->args.v[0], &info, e);
	if (r < 0)
		return r;
	print_state(&b, &info);
	return print_out(&b, e);
}
