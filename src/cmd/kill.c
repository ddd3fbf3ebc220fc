/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kill.c - hasu kill: signal a container's processes.
 */
#include "cmd/cmd.h"

#include "base/fd.h"

#include <signal.h>

int cmd_kill(const struct options *o, struct err *e)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	struct life life;
	int sig = SIGTERM;

	if (o->args.n > 1) {
		int r = signal_parse(o->args.v[1], &sig, e);
		if (r < 0)
			return r;
	}
	int r = life_of(o, &arena, &life, e);
	return r < 0 ? r : life_kill(&life, o->args.v[0], sig, o->kill_all, e);
}
