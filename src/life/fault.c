/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fault.c - injected faults. Empty but in a test build.
 */
#include "life/fault.h"

#if HASU_FAULTS
#include "base/str.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int fault(const char *step, struct err *e)
{
	const char *want = getenv("HASU_FAULT");

	if (!want)
		return 0;
	if (str_starts(want, "kill:") && str_eq(want + 5, step))
		(void)kill(getpid(), SIGKILL); /* pid 1 of a namespace survives its own kill */
	if (str_starts(want, "kill:") && str_eq(want + 5, step))
		_exit(137);
	if (str_eq(want, step))
		return err_say(e, EIO, "injected fault at step '%s'", step);
	return 0;
}

void fault_list(void)
{
#define PRINT(step) puts(step);
	FAULT_STEPS(PRINT)
#undef PRINT
}
#else
typedef int fault_none; /* an empty file is no C */
#endif
