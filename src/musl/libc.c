/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libc.c - what hasu uses of glibc 2.36 and musl 1.2.3 has not; the headers beside it declare it.
 */
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * A static-pie of musl leaves writable what the linker meant to be read-only once the addresses in
 * it are relocated, the tables of functions above all.
 */
static int protect(struct dl_phdr_info *program, size_t size, void *unused)
{
	const uintptr_t page = (uintptr_t)getpagesize();

	for (size_t i = 0; i < program->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &program->dlpi_phdr[i];
		if (part->p_type != PT_GNU_RELRO)
			continue;
		const uintptr_t at = program->dlpi_addr + part->p_vaddr;
		const uintptr_t start = at & ~(page - 1), end = (at + part->p_memsz) & ~(page - 1);
		if (mprotect((void *)start, end - start, PROT_READ) < 0)
			abort();
	}
	return 0;
}

__attribute__((constructor)) static void protect_relocated(void)
{
	(void)dl_iterate_phdr(protect, NULL);
}

/*
 * _exit(2) and exit(3) end here. musl would ask again and again where a seccomp filter forbids it,
 * for ever; glibc ends such a process by an instruction that it may not execute, and so does this.
 */
_Noreturn void _Exit(int status)
{
	(void)syscall(SYS_exit_group, status);
	(void)syscall(SYS_exit, status);
	__builtin_trap();
}

int open_tree(int dir_fd, const char *path, unsigned int flags)
{
	return (int)syscall(SYS_open_tree, dir_fd, path, flags);
}

int move_mount(int from_fd, const char *from, int to_fd, const char *to, unsigned int flags)
{
	return (int)syscall(SYS_move_mount, from_fd, from, to_fd, to, flags);
}

int fsopen(const char *fs_name, unsigned int flags)
{
	return (int)syscall(SYS_fsopen, fs_name, flags);
}

int fsmount(int fs_fd, unsigned int flags, unsigned int attributes)
{
	return (int)syscall(SYS_fsmount, fs_fd, flags, attributes);
}

int fsconfig(int fs_fd, unsigned int command, const char *key, const void *value, int aux)
{
	return (int)syscall(SYS_fsconfig, fs_fd, command, key, value, aux);
}

int mount_setattr(
	int dir_fd, const char *path, unsigned int flags, struct mount_attr *attr, size_t size)
{
	return (int)syscall(SYS_mount_setattr, dir_fd, path, flags, attr, size);
}

int statx(int dir_fd, const char *path, int flags, unsigned int mask, struct statx *st)
{
	return (int)syscall(SYS_statx, dir_fd, path, flags, mask, st);
}

int close_range(unsigned int first, unsigned int last, int flags)
{
	return (int)syscall(SYS_close_range, first, last, flags);
}

int execveat(int dir_fd, const char *path, char *const argv[], char *const envp[], int flags)
{
	return (int)syscall(SYS_execveat, dir_fd, path, argv, envp, flags);
}

int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned int flags)
{
	return (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, flags);
}

int scandirat(int dir_fd, const char *path, struct dirent ***ret_names,
	int (*select)(const struct dirent *),
	int (*compare)(const struct dirent **, const struct dirent **))
{
	char whole[64];
	int fd = openat(dir_fd, path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	(void)snprintf(whole, sizeof(whole), "/proc/self/fd/%d", fd);
	int n = scandir(whole, ret_names, select, compare), num = errno;
	(void)close(fd);
	errno = num;
	return n;
}

/* All but 32 and 33, by which musl ends threads and sets their IDs, as glibc does. */
int musl_sigfillset(sigset_t *set)
{
	const uint64_t all = ~(UINT64_C(3) << 31);

	memset(set, 0, sizeof(*set));
	memcpy(set, &all, sizeof(all)); /* the kernel's own set of 64 signals stands first */
	return 0;
}

/* musl's words for these differ from those of glibc and Go, by which users and programs search. */
const char *strerrordesc_np(int errnum)
{
	static const struct {
		int num;
		const char *text;
	} words[] = {
		{ EBUSY, "Device or resource busy" },
		{ ECHILD, "No child processes" },
		{ EDQUOT, "Disk quota exceeded" },
		{ EMFILE, "Too many open files" },
		{ EMSGSIZE, "Message too long" },
		{ ENAMETOOLONG, "File name too long" },
		{ ENOMEM, "Cannot allocate memory" },
		{ ENOTCONN, "Transport endpoint is not connected" },
		{ ENOTSOCK, "Socket operation on non-socket" },
		{ ENOTTY, "Inappropriate ioctl for device" },
		{ EDEADLK, "Resource deadlock avoided" },
		{ EDOM, "Numerical argument out of domain" },
		{ EADDRINUSE, "Address already in use" },
		{ EADDRNOTAVAIL, "Cannot assign requested address" },
		{ EILSEQ, "Invalid or incomplete multibyte or wide character" },
		{ ELIBBAD, "Accessing a corrupted shared library" },
		{ ELIBEXEC, "Cannot exec a shared library directly" },
		{ EOVERFLOW, "Value too large for defined data type" },
		{ ERANGE, "Numerical result out of range" },
		{ ESPIPE, "Illegal seek" },
		{ ETIME, "Timer expired" },
		{ ETIMEDOUT, "Connection timed out" },
		{ EUCLEAN, "Structure needs cleaning" },
		{ EUSERS, "Too many users" },
		{ EXDEV, "Invalid cross-device link" },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (words[i].num == errnum)
			return words[i].text;
	const char *text = strerror(errnum);
	return strcmp(text, "No error information") == 0 ? NULL : text;
}

const char *sigdescr_np(int sig)
{
	switch (sig) {
	case SIGFPE:
		return "Floating point exception";
	case SIGCHLD:
		return "Child exited";
	default:
		return sig > 0 && sig < SIGSYS + 1 ? strsignal(sig) : NULL;
	}
}
