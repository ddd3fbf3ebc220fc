/* SPDX-License-Identifier: Apache-2.0 */
/*
 * checkpoint.c - hasu checkpoint and hasu restore: a container's processes to files and back.
 */
#include "cmd/cmd.h"

#include "base/fd.h"

int cmd_checkpoint(const struct options *o, struct err *e)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	struct criu_options criu = o->criu;
	struct life life;

	int r = life_of(o, &arena, &life, e);
	if (r < 0)
		return r;
	criu.id = o->args.v[0];
	return life_checkpoint(&life, &criu, e);
}

int cmd_restore(const struct options *o, struct err *e)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	struct criu_options criu = o->criu;
	struct life life;
	int status = 0;

	int r = life_of(o, &arena, &life, e);
	if (r < 0)
		return r;
	criu.id = criu.create.id = o->args.v[0];
	r = life_restore(&life, &criu, &status, e);
	return r < 0 ? r : status;
}
