/* SPDX-License-Identifier: Apache-2.0 */
/*
 * early.c - where a static build for x86-64 starts: what self_protect() would do, before the C
 * library does anything, and without executing anything.
 *
 * Executing oneself costs a new address space, and the C library starts a second time. Here the process
 * moves onto the read-only clone instead: all that is mapped of its file is mapped again by way of the
 * clone, and the kernel then takes that for what /proc/PID/exe shows. It does so only when nothing is
 * mapped by way of the old one any more (replace_mm_exe_file()), so nothing can be forgotten.
 *
 * This only hurries: whatever it leaves undone, and whether it was done, is seen to by
 * self_protect() in main. So it may guess which command it is from the words alone. There is no
 * thread-local storage here, no stack protector and no relocation yet: nothing of the C library may
 * be called, and nothing that holds an address be read. Nor was anything written to, so that what is
 * mapped anew is as the kernel left it.
 */
#include <elf.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/prctl.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif
#define WORDS_MAX 64 /* a command comes among the first words */
#define PAGE 4096
#define BEGIN_BYTES 1024 /* header, segments, build ID */

/* Of ours: the linker's, at the beginning of what is mapped. */
extern const Elf64_Ehdr __ehdr_start __attribute__((visibility("hidden")));

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

static long call6(long number, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

static long call5(long number, long a, long b, long c, long d, long e)
{
	return call6(number, a, b, c, d, e, 0);
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

/* Does the file begin as what we run does, up to the identity that the linker gave it? Where somebody else
 * runs us, as valgrind does, /proc/self/exe is theirs. */
static bool is_ours(long file)
{
	const char *ours = (const char *)&__ehdr_start;
	char begin[BEGIN_BYTES];

	if (call5(SYS_read, file, (long)begin, sizeof(begin), 0, 0) != sizeof(begin))
		return false;
	for (int i = 0; i < BEGIN_BYTES; i++)
		if (begin[i] != ours[i])
			return false;
	return true;
}

/* What is mapped of the program's file, again from another descriptor of it. */
static bool map_anew(long file, struct prctl_mm_map *map)
{
	const unsigned long base = (unsigned long)&__ehdr_start;
	const Elf64_Phdr *p = (const Elf64_Phdr *)(base + __ehdr_start.e_phoff);

	for (int i = 0; i < __ehdr_start.e_phnum; i++, p++) {
		if (p->p_type != PT_LOAD)
			continue;
		const unsigned long start = base + p->p_vaddr, end = start + p->p_filesz;
		const unsigned long head = start % PAGE;
		const int protection = (p->p_flags & PF_R ? PROT_READ : 0) |
				       (p->p_flags & PF_W ? PROT_WRITE : 0) |
				       (p->p_flags & PF_X ? PROT_EXEC : 0);

		if (call6(SYS_mmap, (long)(start - head), (long)(end - start + head), protection,
			    MAP_PRIVATE | MAP_FIXED, file, (long)(p->p_offset - head)) < 0)
			return false;
		if (p->p_flags & PF_X) {
			map->start_code = start;
			map->end_code = end;
		}
		if (!(p->p_flags & PF_W))
			continue;
		map->start_data = start;
		map->end_data = end;
		/* .bss begins in the page in which .data ends: zeros, where the file has something. */
		for (char *c = (char *)end; (unsigned long)c % PAGE; c++)
			*c = 0;
	}
	return true;
}

static unsigned long end_of(const char *text)
{
	while (*text)
		text++;
	return (unsigned long)text + 1;
}

/* stack: what the kernel puts there: argc, argv, NULL, environment, NULL, auxiliary vector. */
static void move_onto(long clone, const long *stack)
{
	char path[] = "/proc/self/fd/\0\0\0\0\0\0\0\0\0\0", *digit = path + 14;
	char *const *argv = (char *const *)(stack + 1), *const *env = argv + stack[0] + 1;
	struct prctl_mm_map map = { .start_stack = (unsigned long)stack };
	long unit = 1;

	while (clone / unit >= 10)
		unit *= 10;
	for (; unit > 0; unit /= 10)
		*digit++ = (char)('0' + clone / unit % 10);
	/* What open_tree(2) gives cannot be mapped. */
	const long file = call5(SYS_open, (long)path, O_RDONLY | O_CLOEXEC, 0, 0, 0);
	if (file < 0)
		return;
	/* PR_SET_MM_EXE_FILE alone would want CAP_SYS_RESOURCE. So all is said, as it is. */
	map.exe_fd = (unsigned)file;
	map.arg_start = (unsigned long)argv[0];
	map.arg_end = map.env_start = map.env_end = end_of(argv[stack[0] - 1]);
	for (; *env; env++)
		map.env_end = end_of(*env);
	map.start_brk = map.brk = (unsigned long)call5(SYS_brk, 0, 0, 0, 0, 0);
	if (is_ours(file) && map_anew(file, &map))
		(void)call5(SYS_prctl, PR_SET_MM, PR_SET_MM_MAP, (long)&map, sizeof(map), 0);
	(void)call5(SYS_close, file, 0, 0, 0, 0);
}

void early_protect(long *stack)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
	const char *const *argv = (const char *const *)(stack + 1);
	bool enters = false;

	for (long i = 1; i < stack[0] && i < WORDS_MAX && !enters; i++)
		enters = names_command(argv[i]);
	if (!enters)
		return;
	const long fd = call5(SYS_open_tree, AT_FDCWD, (long)"/proc/self/exe",
		OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC, 0, 0);
	if (fd < 0)
		return;
	if (call5(SYS_mount_setattr, fd, (long)"", AT_EMPTY_PATH, (long)&attr, sizeof(attr)) == 0)
		move_onto(fd, stack);
	(void)call5(SYS_close, fd, 0, 0, 0, 0);
}
