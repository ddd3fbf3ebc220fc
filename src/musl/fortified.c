/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fortified.c - the functions by which _FORTIFY_SOURCE has a bound checked, which musl has not.
 *
 * Calls come from hasu, by string.h and stdio.h beside this, and from Debian's libseccomp.a, which
 * was compiled against glibc. Beyond these functions it calls only what is the same in either C
 * library: ISO C, a few calls of POSIX with scalar arguments, and FILE, which is opaque to it;
 * tests/musl knows the list, and fails when it becomes longer. Names, order of arguments and meaning
 * are those of the Linux Standard Base (libc, "__memcpy_chk" and so on). FLAG asks for %n to be
 * refused in writable memory; no format here is in such memory.
 */
#undef _FORTIFY_SOURCE
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *__memcpy_chk(void *to, const void *from, size_t n, size_t room);
void *__memmove_chk(void *to, const void *from, size_t n, size_t room);
void *__memset_chk(void *to, int byte, size_t n, size_t room);
char *__strcpy_chk(char *to, const char *from, size_t room);
char *__stpcpy_chk(char *to, const char *from, size_t room);
char *__strcat_chk(char *to, const char *from, size_t room);
int __snprintf_chk(char *to, size_t n, int flag, size_t room, const char *format, ...);
int __vsnprintf_chk(char *to, size_t n, int flag, size_t room, const char *format, va_list ap);
int __fprintf_chk(FILE *file, int flag, const char *format, ...);

/* n bytes are to be written where there is room for as many at most. */
static void within(size_t n, size_t room)
{
	static const char words[] = "*** buffer overflow detected ***: terminated\n";

	if (n <= room)
		return;
	/* Memory is no longer to be trusted: nothing but system calls. */
	(void)!write(STDERR_FILENO, words, sizeof(words) - 1);
	abort();
}

void *__memcpy_chk(void *to, const void *from, size_t n, size_t room)
{
	within(n, room);
	return memcpy(to, from, n);
}

void *__memmove_chk(void *to, const void *from, size_t n, size_t room)
{
	within(n, room);
	return memmove(to, from, n);
}

void *__memset_chk(void *to, int byte, size_t n, size_t room)
{
	within(n, room);
	return memset(to, byte, n);
}

char *__strcpy_chk(char *to, const char *from, size_t room)
{
	const size_t n = strlen(from) + 1;

	within(n, room);
	return memcpy(to, from, n);
}

char *__stpcpy_chk(char *to, const char *from, size_t room)
{
	const size_t n = strlen(from) + 1;

	within(n, room);
	return (char *)memcpy(to, from, n) + n - 1;
}

char *__strcat_chk(char *to, const char *from, size_t room)
{
	const size_t before = strnlen(to, room), n = strlen(from) + 1;

	within(n, room - before);
	memcpy(to + before, from, n);
	return to;
}

int __snprintf_chk(char *to, size_t n, int flag, size_t room, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	const int len = __vsnprintf_chk(to, n, flag, room, format, ap);
	va_end(ap);
	return len;
}

int __vsnprintf_chk(char *to, size_t n, int flag, size_t room, const char *format, va_list ap)
{
	within(n, room);
	return vsnprintf(to, n, format, ap);
}

int __fprintf_chk(FILE *file, int flag, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	const int len = vfprintf(file, format, ap);
	va_end(ap);
	return len;
}

