/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child.h - run another program and wait for it: hooks and helpers.
 */
#pragma once

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct child_run {
	const char *path;  /* absolute; no search in PATH */
	char *const *argv; /* NULL-ended */
	char *const *envp; /* NULL-ended; the environment whole, nothing of ours is added */
	const char *input; /* written to its stdin, then end of file; NULL: /dev/null */
	size_t input_len;
	int output;         /* what gets its stdout; 0: ours */
	bool interruptible; /* end it, too, when a signal that asks us to end is held back */
	int timeout_ms;     /* 0: none. When it ends, the program's process group is killed */
	/* Called in the child before execve, to put it elsewhere; async-signal-safe. May
	 * be NULL. */
	int (*prepare)(void *arg);
	void *prepare_arg;
	const char *what; /* for errors: "createRuntime hook 0" */
};

/*
 * Run it to its end. stderr, and stdout without an output, are inherited. Returns 0 if it exited
 * with status 0; else an error with what, path and the reason: exit status, signal, timeout, or why
 * it did not start. The wait is bounded by timeout_ms plus the kill, also when the program left
 * children behind that hold its pipes.
 */
int child_run(const struct child_run *run, struct err *e);
