/* SPDX-License-Identifier: Apache-2.0 */
/* statx(2), which musl 1.2.3 does not wrap. */
#pragma GCC system_header /* both headers name the S_ bits */
#include_next <sys/stat.h>

#ifndef HASU_MUSL_SYS_STAT_H
#define HASU_MUSL_SYS_STAT_H
#include <linux/stat.h>

int statx(int dir_fd, const char *path, int flags, unsigned int mask, struct statx *st);
#endif
