/* SPDX-License-Identifier: Apache-2.0 */
/*
 * early.c - where a static build for x86-64 starts: what self_protect() would do, before the C
 * library does anything.
 *
 * A command that executes itself again would pay twice for the start of the C library. musl relocates
 * its pages; a static glibc also asks the processor for its features and caches by some 80 CPUID
 * instructions, each of which traps in a virtual machine (4 us on one that was measured).
 *
 * This only hurries: whatever it leaves undone, and whether it was done, is seen to by
 * self_protect() in main. So it may guess which command it is from the words alone. There is no
 * thread-local storage here, no stack protector and no relocation yet: nothing of the C library may
 * be called, and nothing that holds an address be read.
 */
#include <elf.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/syscall.h>

#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif
#define WORDS_MAX 64 /* a command comes among the first words */

void early_start(void);
void early_protect(long *stack);

/* The kernel's stack pointer goes on to glibc's _start as it was; %rdx is for it, too. */
__asm__(".text\n"
	".globl early_start\n"
	".type early_start, @function\n"
	"early_start:\n"
	"	xorl %ebp, %ebp\n"
	"	movq %rsp, %rdi\n"
	"	pushq %rdx\n"
	"	subq $8, %rsp\n"
	"	call early_protect\n"
	"	addq $8, %rsp\n"
	"	popq %rdx\n"
	"	jmp _start\n"
	".size early_start, . - early_start\n");

static long call5(long number, long a, long b, long c, long d, long e)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
			 : "rcx", "r11", "memory");
	return result;
}

static bool begins(const char *text, const char *with)
{
	for (; *with; text++, with++)
		if (*text != *with)
			return false;
	return true;
}

static bool is(const char *text, const char *other)
{
	for (; *text && *text == *other; text++, other++)
		;
	return *text == *other;
}

/* The commands that `enters` marks in the table of commands. */
static bool names_command(const char *word)
{
	return is(word, "create") || is(word, "run") || is(word, "exec") || is(word, "restore");
}

/* By which path were we executed? From a descriptor, execveat(2) makes it "/dev/fd/N". */
static const char *executed_as(long *auxv)
{
	for (; auxv[0] != AT_NULL; auxv += 2)
		if (auxv[0] == AT_EXECFN)
			return (const char *)auxv[1];
	return NULL;
}

/* stack: what the kernel puts there: argc, argv, NULL, environment, NULL, auxiliary vector. */
void early_protect(long *stack)
{
	const long argc = stack[0];
	char **argv = (char **)(stack + 1), **env = argv + argc + 1, **end = env;
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
	bool enters = false;

	for (long i = 1; i < argc && i < WORDS_MAX && !enters; i++)
		enters = names_command(argv[i]);
	if (!enters)
		return;
	while (*end)
		end++;
	const char *path = executed_as((long *)(end + 1));
	if (!path || begins(path, "/dev/fd/"))
		return; /* for the second time, or in a way of the caller's own */

	const long fd = call5(SYS_open_tree, AT_FDCWD, (long)"/proc/self/exe",
		OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC, 0, 0);
	if (fd < 0)
		return;
	if (call5(SYS_mount_setattr, fd, (long)"", AT_EMPTY_PATH, (long)&attr, sizeof(attr)) == 0)
		(void)call5(SYS_execveat, fd, (long)"", (long)argv, (long)env, AT_EMPTY_PATH);
	(void)call5(SYS_close, fd, 0, 0, 0, 0);
}
