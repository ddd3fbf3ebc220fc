/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec.c - hasu exec: another process in a container.
 */
#include "cmd/cmd.h"

#include "base/fd.h"

#include <errno.h>

int cmd_exec(const struct options *o, struct err *e)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	struct exec_options exec = o->exec;
	struct life life;
	int status = 0;

	/* options_parse() took the ID at least. */
	exec.id = o->args.v[0];
	exec.args = (struct str_list){ .n = o->args.n - 1, .v = o->args.v + 1 };
	if (!exec.process && exec.args.n == 0)
		return err_say(e, EINVAL, "exec needs a command or --process FILE");
	if (exec.process && exec.args.n > 0)
		return err_say(e, EINVAL,
			"exec takes a command or --process FILE, not both: '%s' is one argument "
			"too many",
			exec.args.v[0]);

	int r = life_of(o, &arena, &life, e);
	if (r == 0)
		r = life_exec(&life, &exec, &status, e);
	return r < 0 ? r : status;
}
