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

/* The address sanitizer knows the frames of each stack, and what is one process's alone. */
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)
#define SHARES_MEMORY 1
#else
#define SHARES_MEMORY 0
#endif

#if SHARES_MEMORY
/*
 * No C function may return in the child, since that would overwrite the frames that the caller
 * returns to. So it calls fn from here, below the red zone that the ABI lets a caller use (System V
 * ABI, AMD64, 3.2.2), and never comes back.
 */
static long clone3_shared(struct clone_args *args, void (*fn)(void *arg), void *arg)
{
	long result = SYS_clone3;

	__asm__ volatile("syscall\n\t"
			 "testq %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "subq $128, %%rsp\n\t"
			 "andq $-16, %%rsp\n\t"
			 "movq %[arg], %%rdi\n\t"
			 "callq *%[fn]\n\t"
			 "ud2\n"
			 "1:"
			 : "+a"(result)
			 : "D"(args), "S"(sizeof(*args)), [fn] "r"(fn), [arg] "r"(arg)
			 : "rcx", "r11", "memory", "cc");
	return result;
}
#endif

pid_t sys_clone3_errand(struct clone_args *args, bool own_memory, void (*fn)(void *arg), void *arg)
{
#if SHARES_MEMORY
	if (!own_memory) {
		args->flags |= CLONE_VM | CLONE_VFORK;
		return (pid_t)clone3_shared(args, fn, arg);
	}
#else
	(void)own_memory;
#endif
	pid_t pid = sys_clone3(args);
	if (pid == 0) {
		fn(arg);
		__builtin_trap();
	}
	return pid;
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

void sys_default_signals(int except)
{
	/* The kernel's struct sigaction: handler (SIG_DFL is 0), flags, restorer, a mask of 64. */
	const unsigned long action[4] = { 0 };

	for (int sig = 1; sig <= 64; sig++)
		if (sig != except)
			(void)syscall(SYS_rt_sigaction, sig, action, NULL, 8);
}

int64_t sys_clock_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail for this clock */
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
