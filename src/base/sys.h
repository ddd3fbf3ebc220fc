/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys.h - system calls that glibc 2.36 does not wrap, and constants that its headers lack.
 */
#pragma once

#include <linux/openat2.h>
#include <linux/sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* All return the system call's value, or -errno. */
pid_t sys_clone3(struct clone_args *args);
/*
 * clone3 for a short errand: fn(arg) runs as the child, in the caller's memory and on what the caller
 * has not used of its stack, while the caller sleeps until the child has ended. So no memory is
 * copied, and what fn writes stays. fn must not return, nor change what its caller goes on with.
 * Where that cannot be done, and where own_memory asks for it, memory is copied and both run, as
 * with fork(2): what is to be known afterwards has to be sent.
 */
pid_t sys_clone3_errand(struct clone_args *args, bool own_memory, void (*fn)(void *arg), void *arg);
int sys_openat2(int dir_fd, const char *path, const struct open_how *how);
int sys_pivot_root(const char *new_root, const char *put_old);
/* Since Linux 5.3. Negative -errno. */
int sys_pidfd_open(pid_t pid);
int sys_pidfd_send_signal(int pidfd, int sig);
/* A copy of descriptor number fd of that process, close-on-exec. Since Linux 5.6. */
int sys_pidfd_getfd(int pidfd, int fd);

/* setxid that cannot miss a thread: the runtime is single-threaded, so the raw calls do. */
int sys_setgroups(size_t n, const gid_t *gids);
int sys_setresuid(uid_t uid);
int sys_setresgid(gid_t gid);

/*
 * Every signal's disposition becomes the default, but that of `except` (0: none). Raw, since C libraries
 * refuse the real-time signals that they use themselves, musl one more than glibc, and a program that
 * is executed next may use them otherwise. KILL and STOP refuse, rightly.
 */
void sys_default_signals(int except);

/* Milliseconds of a clock that nobody sets (CLOCK_MONOTONIC). */
int64_t sys_clock_ms(void);
