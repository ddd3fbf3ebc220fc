/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What glibc has, and musl 1.2.3 has not: the words for errors and signals that every other tool
 * uses, and the bounds of _FORTIFY_SOURCE for the functions that are used here.
 */
#include_next <string.h>

#ifndef HASU_MUSL_STRING_H
#define HASU_MUSL_STRING_H
const char *strerrordesc_np(int errnum);
const char *sigdescr_np(int sig);

#if defined(_FORTIFY_SOURCE) && _FORTIFY_SOURCE > 0
/* Where the compiler does not know the size, it calls the plain function. */
#define FORTIFIED extern inline __attribute__((gnu_inline, always_inline, artificial))
#define ROOM(to) __builtin_object_size(to, 0) /* to the end of what TO is a part of */

FORTIFIED void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	return __builtin___memcpy_chk(to, from, n, ROOM(to));
}

FORTIFIED void *memmove(void *to, const void *from, size_t n)
{
	return __builtin___memmove_chk(to, from, n, ROOM(to));
}

FORTIFIED void *memset(void *to, int byte, size_t n)
{
	return __builtin___memset_chk(to, byte, n, ROOM(to));
}

FORTIFIED char *strcpy(char *restrict to, const char *restrict from)
{
	return __builtin___strcpy_chk(to, from, __builtin_object_size(to, 1));
}

FORTIFIED char *strcat(char *restrict to, const char *restrict from)
{
	return __builtin___strcat_chk(to, from, __builtin_object_size(to, 1));
}

#undef FORTIFIED
#undef ROOM
#endif
#endif
