/* SPDX-License-Identifier: Apache-2.0 */
/*
 * path.h - the one door to everything below a rootfs.
 *
 * A rootfs is hostile: any name in it can be a symbolic link to anywhere and can change under our
 * feet. So a path below one is only ever opened by openat2(2) with RESOLVE_IN_ROOT, which resolves
 * it in the kernel as if the rootfs were /, and used by its descriptor.
 */
#pragma once

#include "base/err.h"

#include <stdbool.h>
#include <sys/types.h>

/*
 * Open path, as seen from inside the tree at root_fd; magic links of procfs are refused. flags as
 * for openat(2), O_CLOEXEC is added. Returns a descriptor or -errno; no error text is set.
 */
int path_open_in(int root_fd, const char *path, int flags);

/* The same, but a symbolic link anywhere in path, also as its last name, is -ELOOP. */
int path_open_in_nolinks(int root_fd, const char *path, int flags);

/* The same, but links are followed, and what is on another mount than root_fd is -EXDEV. */
int path_open_in_mount(int root_fd, const char *path, int flags);

/*
 * Open path as a directory (O_PATH), making what is missing with this mode, one name at a time.
 * ".." in parts that do not exist is refused. Symbolic links are followed within the root, and what a
 * dangling one leads to is made. Returns a descriptor or -errno with e set.
 */
int path_mkdir_in(int root_fd, const char *path, mode_t mode, struct err *e);
/* What it does next for who has opened path as a directory himself and was told `opened`, -errno. */
int path_mkdir_after(int opened, int root_fd, const char *path, mode_t mode, struct err *e);

/*
 * Open path (O_PATH) as anything but a directory, making an empty regular file, and the directories
 * above it, if it is missing; links are followed as above. Returns a descriptor or -errno with e set.
 */
int path_mkfile_in(int root_fd, const char *path, mode_t mode, struct err *e);

/*
 * Open the parent directory (O_PATH) of path, making it if it is missing, and say the last name,
 * which points into path. "/" and paths ending in ".." are -EINVAL.
 */
int path_parent_in(
	int root_fd, const char *path, mode_t mode, const char **ret_name, struct err *e);

/*
 * What of path comes after directory, compared as text: "b" of "/a/./b" and "//a/". NULL where path is
 * not below it, or goes upwards again, and for "/" as the directory. Points into path; nothing is
 * looked at, so links make other texts of the same place.
 */
const char *path_below(const char *path, const char *directory);

/* Write "/proc/self/fd/N" for calls that take no descriptor. Returns buf. */
#define PATH_FD_TEXT 32
char *path_of_fd(int fd, char buf[PATH_FD_TEXT]);
