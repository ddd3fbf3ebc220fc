/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kill.c - hasu kill: signal a container's processes.
 */
#include "cmd/cmd.h"

#include "base/fd.h"

#include <signal.h>

struct how {
	int sig;
	bool all;
};

static int kill_one(const struct life *life, const char *id, void *arg, struct err *e)
{
	const struct how *how = arg;

	return life_kill(life, id, how->sig, how->all, e);
}

int cmd_kill(const struct options *o, struct err *e)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	struct life life;
	struct how how = { .sig = SIGTERM, .all = o->kill_all };

	if (o->args.n > 1) {
		int r = signal_parse(o->args.v[1], &how.sig, e);
		if (r < 0)
			return r;
	}
	int r = life_of(o, &arena, &life, e);
	if (r < 0)
		return r;
	return o->kill_regex ? matching_each(&life, o->args.v[0], kill_one, &how, e)
			     : kill_one(&life, o->args.v[0], &how, e);
}
