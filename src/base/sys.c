/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys.c - raw system calls. Each returns the call's value or -errno.
 */
#include "base/sys.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define OR_ERRNO(type, call)                                                                       \
	({                                                                                         \
		long r_ = (call);                                                                  \
		(type)(r_ < 0 ? -errno : r_);                                                      \
	})

pid_t sys_clone3(struct clone_args *args)
{
	return OR_ERRNO(pid_t, syscall(SYS_clone3, args, sizeof(*args)));
}

int sys_openat2(int dir_fd, const char *path, const struct open_how *how)
{
	return OR_ERRNO(int, syscall(SYS_openat2, dir_fd, path, how, sizeof(*how)));
}

int sys_pivot_root(const char *new_root, const char *put_old)
{
	return OR_ERRNO(int, syscall(SYS_pivot_root, new_root, put_old));
}

int sys_pidfd_open(pid_t pid)
{
	return OR_ERRNO(int, syscall(SYS_pidfd_open, pid, 0));
}

int sys_pidfd_send_signal(int pidfd, int sig)
{
	return OR_ERRNO(int, syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0));
}

int sys_pidfd_getfd(int pidfd, int fd)
{
	return OR_ERRNO(int, syscall(SYS_pidfd_getfd, pidfd, fd, 0));
}

int sys_setgroups(size_t n, const gid_t *gids)
{
	return OR_ERRNO(int, syscall(SYS_setgroups, n, gids));
}

int sys_setresuid(uid_t uid)
{
	return OR_ERRNO(int, syscall(SYS_setresuid, uid, uid, uid));
}

int sys_setresgid(gid_t gid)
{
	return OR_ERRNO(int, syscall(SYS_setresgid, gid, gid, gid));
}

int64_t sys_clock_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail for this clock */
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
