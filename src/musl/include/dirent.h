/* SPDX-License-Identifier: Apache-2.0 */
/* What glibc has, and musl 1.2.3 has not. */
#include_next <dirent.h>

#ifndef HASU_MUSL_DIRENT_H
#define HASU_MUSL_DIRENT_H
int scandirat(int dir_fd, const char *path, struct dirent ***ret_names,
	int (*select)(const struct dirent *),
	int (*compare)(const struct dirent **, const struct dirent **));
#endif
