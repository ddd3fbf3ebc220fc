/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err.h - one error: an errno for programs and a sentence for people.
 *
 * A fixed size, so that it can be kept on the stack of a process that is out of memory and sent
 * whole across a socket. The text names the thing and the reason, never the function.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>

struct err {
	int num;         /* errno value, 0 while nothing is wrong */
	char text[2000]; /* whole sentence; control characters are escaped */
};

/*
 * Say what went wrong: "<fmt>: <reason of the system in lower case>". errnum is positive.
 * Returns -errnum, so that setting and returning is one line. e may be NULL.
 *
 * Reasons are written as Go writes them ("no such file or directory", "permission denied"): Docker
 * looks for them, case-sensitively, to choose between exit status 126 and 127.
 */
int err_set(struct err *e, int errnum, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The same without a reason of the system behind it: the sentence is whole. Returns -errnum. */
int err_say(struct err *e, int errnum, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Put context in front of an error that is set: "<fmt>: <text>". Returns -e->num. */
int err_prefix(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The system's reason for errnum in lower case; a static string. */
const char *err_reason(int errnum);

#define err_nomem(e) err_set((e), ENOMEM, "allocating memory")
