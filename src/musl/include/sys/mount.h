/* SPDX-License-Identifier: Apache-2.0 */
/* The mount API of Linux 5.2 and later, which musl 1.2.3 does not wrap. */
#pragma GCC system_header /* both headers name the MS_ flags */
#include_next <sys/mount.h>

#ifndef HASU_MUSL_SYS_MOUNT_H
#define HASU_MUSL_SYS_MOUNT_H
#include <fcntl.h>
#include <linux/mount.h>
#include <stddef.h>

int open_tree(int dir_fd, const char *path, unsigned int flags);
int move_mount(int from_fd, const char *from, int to_fd, const char *to, unsigned int flags);
int fsopen(const char *fs_name, unsigned int flags);
int fsmount(int fs_fd, unsigned int flags, unsigned int attributes);
int fsconfig(int fs_fd, unsigned int command, const char *key, const void *value, int aux);
int mount_setattr(
	int dir_fd, const char *path, unsigned int flags, struct mount_attr *attr, size_t size);
#endif
