/* SPDX-License-Identifier: Apache-2.0 */
/* What glibc has, and musl 1.2.3 has not: renameat2(2), and the bounds of _FORTIFY_SOURCE. */
#include_next <stdio.h>

#ifndef HASU_MUSL_STDIO_H
#define HASU_MUSL_STDIO_H
#define RENAME_NOREPLACE (1 << 0)
#define RENAME_EXCHANGE (1 << 1)

int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned int flags);

#if defined(_FORTIFY_SOURCE) && _FORTIFY_SOURCE > 0
#define FORTIFIED extern inline __attribute__((gnu_inline, always_inline, artificial))

FORTIFIED __attribute__((format(printf, 3, 4))) int snprintf(
	char *restrict to, size_t n, const char *restrict format, ...)
{
	return __builtin___snprintf_chk(
		to, n, 1, __builtin_object_size(to, 1), format, __builtin_va_arg_pack());
}

FORTIFIED __attribute__((format(printf, 3, 0))) int vsnprintf(
	char *restrict to, size_t n, const char *restrict format, __builtin_va_list ap)
{
	return __builtin___vsnprintf_chk(to, n, 1, __builtin_object_size(to, 1), format, ap);
}

#undef FORTIFIED
#endif
#endif
