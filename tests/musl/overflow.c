/* SPDX-License-Identifier: Apache-2.0 */
/*
 * overflow.c - one write too far, of the kind that the argument names.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static char to[16];
static const char text[] = "more than sixteen bytes";

/* Relocated at the start, so the linker puts it where memory becomes read-only then. */
static const char *const relocated[] = { text, to };

static void formatted(size_t n, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(to, n, format, ap);
	va_end(ap);
}

int main(int argc, char **argv)
{
	/* Not known when this is compiled, else the compiler would refuse it. */
	const size_t n = sizeof(to) + (size_t)argc;
	const char *volatile from = text;
	const char *what = argc > 1 ? argv[1] : "";

	if (strcmp(what, "memcpy") == 0)
		memcpy(to, from, n);
	else if (strcmp(what, "memmove") == 0)
		memmove(to, from, n);
	else if (strcmp(what, "memset") == 0)
		memset(to, argc, n);
	else if (strcmp(what, "strcpy") == 0)
		strcpy(to, from);
	else if (strcmp(what, "strcat") == 0)
		strcat(to, from);
	else if (strcmp(what, "snprintf") == 0)
		(void)snprintf(to, n, "%s", from);
	else if (strcmp(what, "vsnprintf") == 0)
		formatted(n, "%s", from);
	else if (strcmp(what, "relro") == 0)
		*(const char *volatile *)&relocated[argc - 2] = to;
	else
		memcpy(to, from, sizeof(to));
	return to[0] == 'x' || relocated[argc - 1] == NULL;
}
