/* SPDX-License-Identifier: Apache-2.0 */
/* System calls that musl 1.2.3 does not wrap. */
#include_next <unistd.h>

#ifndef HASU_MUSL_UNISTD_H
#define HASU_MUSL_UNISTD_H
int close_range(unsigned int first, unsigned int last, int flags);
int execveat(int dir_fd, const char *path, char *const argv[], char *const envp[], int flags);
#endif
