/* SPDX-License-Identifier: Apache-2.0 */
/*
 * delete.c - hasu delete: remove what a container leaves behind.
 */
#include "cmd/cmd.h"

#include "base/fd.h"

int cmd_delete(const struct options *o, struct err *e)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	struct life life;

	int r = life_of(o, &arena, &life, e);
	return r < 0 ? r : life_delete(&life, o->args.v[0], o->delete_force, e);
}
