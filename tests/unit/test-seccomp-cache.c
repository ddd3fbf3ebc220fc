/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program that is kept, and that its tree decides as libseccomp's plain list does: every number
 * of every architecture, at the edges of the arguments, by an emulator of the kernel's.
 */
#include "base/fd.h"
#include "linux/seccomp.h"
#include "linux/seccomp_cache.h"
#include "spec/names.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cmocka.h>

static size_t longest; /* the most instructions that a call passed */

/* The instructions that seccomp filters may hold (kernel/seccomp.c, seccomp_check_filter()). */
static uint32_t emulate(const struct sock_filter *p, size_t n, const struct seccomp_data *d)
{
	uint32_t a = 0;
	size_t passed = 0;

	for (size_t pc = 0; pc < n; pc++) {
		const struct sock_filter *i = &p[pc];
		bool yes;

		longest = ++passed > longest ? passed : longest;

		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			assert_true(i->k % 4 == 0 && i->k + 4 <= sizeof(*d));
			memcpy(&a, (const char *)d + i->k, 4);
			continue;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= i->k;
			continue;
		case BPF_JMP | BPF_JA:
			pc += i->k;
			continue;
		case BPF_RET | BPF_K:
			return i->k;
		case BPF_JMP | BPF_JEQ | BPF_K:
			yes = a == i->k;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			yes = a > i->k;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			yes = a >= i->k;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			yes = a & i->k;
			break;
		default:
			fail_msg("instruction %zu: code %#x", pc, i->code);
			return 0;
		}
		pc += yes ? i->jt : i->jf;
	}
	fail_msg("it runs past its end");
	return 0;
}

/* --- a profile such as engines have: most calls, some by their arguments, three architectures --- */

#define NAMES_MAX 512
static const char *archs[] = { "SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32" };
static char *names[NAMES_MAX];
static const char *by_args[] = { "personality", "clone", "socket" };
static struct spec_seccomp_arg args[] = {
	{ 0, 0x0, 0, SCMP_CMP_EQ },
	{ 0, 0xffffffff, 0, SCMP_CMP_EQ },
	{ 0, CLONE_NEWUSER | CLONE_NEWNS, 0, SCMP_CMP_MASKED_EQ },
	{ 0, AF_VSOCK, 0, SCMP_CMP_NE },
	{ 1, UINT64_C(0x100000002), 0, SCMP_CMP_GT },
	{ 2, 7, 0, SCMP_CMP_LE },
	{ 5, UINT64_C(0x8000000000000000), 0, SCMP_CMP_GE },
};
static struct spec_seccomp_rule rules[] = {
	{ { 0, names }, SCMP_ACT_ALLOW, 0, NULL },
	{ { 1, (char **)by_args }, SCMP_ACT_ALLOW, 1, &args[0] },
	{ { 1, (char **)by_args }, SCMP_ACT_ALLOW, 1, &args[1] },
	{ { 1, (char **)by_args + 1 }, SCMP_ACT_ALLOW, 1, &args[2] },
	{ { 1, (char **)by_args + 2 }, SCMP_ACT_ALLOW, 1, &args[3] },
	{ { 1, (char **)(const char *[]){ "clone3" } }, SCMP_ACT_ERRNO(ENOSYS), 0, NULL },
	{ { 1, (char **)(const char *[]){ "ioctl" } }, SCMP_ACT_ALLOW, 2, &args[4] },
	{ { 1, (char **)(const char *[]){ "mmap" } }, SCMP_ACT_ERRNO(EDOM), 1, &args[6] },
	{ { 1, (char **)(const char *[]){ "reboot" } }, SCMP_ACT_KILL_PROCESS, 0, NULL },
	/* Numbers that x86 alone has; behind two of them are calls that have rules of their own. */
	{ { 4, (char **)(const char *[]){ "socketcall", "ipc", "waitpid", "stat64" } },
		SCMP_ACT_ALLOW, 0, NULL },
};
static struct spec_seccomp profile = {
	.default_action = SCMP_ACT_ERRNO(EPERM),
	.architectures = { ELEMENTS(archs), (char **)archs },
	.n_rules = ELEMENTS(rules),
	.rules = rules,
};

static bool is_special(const char *name)
{
	for (size_t r = 1; r < ELEMENTS(rules); r++)
		for (size_t i = 0; i < rules[r].names.n; i++)
			if (!strcmp(rules[r].names.v[i], name))
				return true;
	return false;
}

/* Two of three of this machine's calls are allowed, so that the tree has gaps of all sizes. */
static int make_profile(void **state)
{
	for (int nr = 0; nr < 460 && rules[0].names.n < NAMES_MAX; nr++) {
		char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, nr);

		if (name && nr % 3 && !is_special(name))
			names[rules[0].names.n++] = name;
		else
			free(name);
	}
	return rules[0].names.n < 150;
}

static int free_profile(void **state)
{
	for (size_t i = 0; i < rules[0].names.n; i++)
		free(names[i]);
	return 0;
}

static void compile(struct seccomp_filter *f)
{
	struct err e = { 0 };

	if (seccomp_compile(&profile, -1, f, &e) < 0)
		fail_msg("%s", e.text);
}

#ifdef __x86_64__
/* libseccomp's own plain list of the same rules, with nothing of ours in it. */
static size_t plain_list(struct sock_filter *ret)
{
	scmp_filter_ctx ctx = seccomp_init(profile.default_action);
	int fd = memfd_create("list", MFD_CLOEXEC);

	assert_non_null(ctx);
	assert_int_equal(seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 1), 0);
	assert_int_equal(seccomp_arch_add(ctx, SCMP_ARCH_X86), 0);
	assert_int_equal(seccomp_arch_add(ctx, SCMP_ARCH_X32), 0);
	for (size_t r = 0; r < ELEMENTS(rules); r++) {
		struct scmp_arg_cmp cmp[6];

		for (size_t k = 0; k < rules[r].n_args; k++)
			cmp[k] = SCMP_CMP64(rules[r].args[k].index,
				(enum scmp_compare)rules[r].args[k].op, rules[r].args[k].value,
				rules[r].args[k].value_two);
		for (size_t i = 0; i < rules[r].names.n; i++)
			assert_int_equal(seccomp_rule_add_array(ctx, rules[r].action,
						 seccomp_syscall_resolve_name(rules[r].names.v[i]),
						 (unsigned)rules[r].n_args, cmp),
				0);
	}
	assert_int_equal(seccomp_export_bpf(ctx, fd), 0);
	seccomp_release(ctx);
	ssize_t n = pread(fd, ret, BPF_MAXINSNS * sizeof(*ret), 0);
	close(fd);
	assert_true(n > 0);
	return (size_t)n / sizeof(*ret);
}

static int newest(uint32_t arch)
{
	int max = 0;

	for (size_t r = 0; r < ELEMENTS(rules); r++)
		for (size_t i = 0; i < rules[r].names.n; i++) {
			int nr = seccomp_syscall_resolve_name_arch(arch, rules[r].names.v[i]);
			max = nr > max ? nr : max;
		}
	return max;
}

static const uint64_t edges[] = { 0, 1, 2, 3, 7, 8, AF_VSOCK, AF_VSOCK + 1, CLONE_NEWUSER,
	CLONE_NEWNS, CLONE_NEWUSER | CLONE_NEWNS, CLONE_VM, 0xffffffff, 0x100000001, 0x100000002,
	0x100000003, UINT64_C(0x7fffffffffffffff), UINT64_C(0x8000000000000000), UINT64_MAX };

static void the_tree_decides_as_the_plain_list_does(void **state)
{
	static struct sock_filter list[BPF_MAXINSNS];
	static const struct {
		uint32_t audit, bit, scmp;
	} kinds[] = { { AUDIT_ARCH_X86_64, 0, SCMP_ARCH_X86_64 },
		{ AUDIT_ARCH_X86_64, 0x40000000u, SCMP_ARCH_X32 },
		{ AUDIT_ARCH_I386, 0, SCMP_ARCH_X86 }, { AUDIT_ARCH_AARCH64, 0, 0 } };
	const size_t n = plain_list(list);
	struct seccomp_filter f;
	size_t asked = 0, longest_list = 0, longest_tree = 0;

	compile(&f);
	for (size_t k = 0; k < ELEMENTS(kinds); k++)
		for (uint32_t nr = 0; nr < 700; nr++)
			for (size_t i = 0; i < ELEMENTS(edges) * 6; i++) {
				struct seccomp_data d = { .nr = (int)(nr | kinds[k].bit),
					.arch = kinds[k].audit };
				uint32_t want, got;

				for (size_t m = 0; m < 6; m++)
					d.args[m] = edges[(i + m) % ELEMENTS(edges)];
				d.args[i / ELEMENTS(edges)] = edges[i % ELEMENTS(edges)];
				longest = longest_list;
				want = emulate(list, n, &d);
				longest_list = longest;
				if (kinds[k].scmp &&
					nr > ((uint32_t)newest(kinds[k].scmp) & ~kinds[k].bit))
					want = SECCOMP_RET_ERRNO | ENOSYS;
				longest = longest_tree;
				got = emulate(f.insns, f.n_insns, &d);
				longest_tree = longest;
				if (got != want)
					fail_msg("arch %#x number %u: %#x, the list says %#x",
						kinds[k].audit, nr | kinds[k].bit, got, want);
				asked++;
			}
	assert_true(asked > 300000);
	/* And it is a tree, which a call climbs instead of passing all others. */
	assert_true(longest_list > 300);
	assert_in_range(longest_tree, 10, 60);
	seccomp_filter_free(&f);
}
#endif

/* --- what is kept --- */

static int make_dir(char path[32])
{
	strcpy(path, "/tmp/hasu-cache.XXXXXX");
	assert_non_null(mkdtemp(path));
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static void remove_dir(char path[32], int fd)
{
	char command[64];

	close(fd);
	(void)snprintf(command, sizeof(command), "rm -rf %s", path);
	assert_int_equal(system(command), 0);
}

/* The path of the one file in it. */
static void only_file(const char *dir, char ret[128])
{
	char command[160];

	(void)snprintf(command, sizeof(command), "ls -d %s/*", dir);
	FILE *f = popen(command, "r");
	assert_non_null(f);
	assert_non_null(fgets(ret, 128, f));
	ret[strcspn(ret, "\n")] = '\0';
	assert_null(fgets(command, sizeof(command), f));
	pclose(f);
}

static bool found(int dir_fd)
{
	struct sock_filter *insns = NULL;
	size_t n = 0;
	int r = seccomp_cache_find(dir_fd, &profile, &insns, &n);

	free(insns);
	assert_true(r == 0 || r == -ENOENT);
	return r == 0;
}

static void what_was_compiled_is_found_again(void **state)
{
	struct seccomp_filter first, second;
	struct err e = { 0 };
	char path[32];
	int dir = make_dir(path);

	assert_false(found(dir));
	assert_int_equal(seccomp_compile(&profile, dir, &first, &e), 0);
	assert_true(found(dir));
	assert_int_equal(seccomp_compile(&profile, dir, &second, &e), 0);
	assert_int_equal(first.n_insns, second.n_insns);
	assert_memory_equal(first.insns, second.insns, first.n_insns * sizeof(*first.insns));
	seccomp_filter_free(&first);
	seccomp_filter_free(&second);

	/* It is the file that is used: another program under this key is what comes back. */
	const struct sock_filter one = { BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW };
	seccomp_cache_keep(dir, &profile, &one, 1);
	assert_int_equal(seccomp_compile(&profile, dir, &second, &e), 0);
	assert_int_equal(second.n_insns, 1);
	seccomp_filter_free(&second);
	remove_dir(path, dir);
}

static void anything_else_in_the_profile_is_another_filter(void **state)
{
	const struct spec_seccomp was = profile;
	const struct spec_seccomp_rule rule = rules[3];
	const struct spec_seccomp_arg arg = args[2];
	const struct sock_filter one = { BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW };
	char path[32], *name = names[7];
	int dir = make_dir(path);

	seccomp_cache_keep(dir, &profile, &one, 1);
#define DIFFERS(change, back)                                                                      \
	do {                                                                                       \
		change;                                                                            \
		assert_false(found(dir));                                                          \
		back;                                                                              \
		assert_true(found(dir));                                                           \
	} while (0)
	DIFFERS(profile.default_action = SCMP_ACT_ERRNO(EACCES), profile = was);
	DIFFERS(profile.architectures.n = 2, profile = was);
	DIFFERS(profile.n_rules--, profile = was);
	DIFFERS(rules[3].action = SCMP_ACT_LOG, rules[3] = rule);
	DIFFERS(rules[3].names.n = 0, rules[3] = rule);
	DIFFERS(rules[3].n_args = 0, rules[3] = rule);
	DIFFERS(args[2].index = 1, args[2] = arg);
	DIFFERS(args[2].op = SCMP_CMP_EQ, args[2] = arg);
	DIFFERS(args[2].value++, args[2] = arg);
	DIFFERS(args[2].value_two++, args[2] = arg);
	DIFFERS(names[7] = names[8], names[7] = name);
	remove_dir(path, dir);
}

/* Write over one byte of the file. */
static void damage(const char *file, off_t at)
{
	int fd = open(file, O_RDWR | O_CLOEXEC);
	char c;

	assert_int_equal(pread(fd, &c, 1, at), 1);
	c ^= 1;
	assert_int_equal(pwrite(fd, &c, 1, at), 1);
	close(fd);
}

static void what_is_not_whole_or_not_ours_is_not_used(void **state)
{
	const struct sock_filter one = { BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW };
	char path[32], file[128], aside[160];
	int dir = make_dir(path);
	struct stat st;

#define FRESH                                                                                      \
	do {                                                                                       \
		seccomp_cache_keep(dir, &profile, &one, 1);                                        \
		assert_true(found(dir));                                                           \
	} while (0)
	FRESH;
	only_file(path, file);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	for (off_t at = 0; at < st.st_size; at += at < 64 ? 1 : 37) {
		damage(file, at);
		assert_false(found(dir));
		FRESH;
	}
	damage(file, st.st_size - 1);
	assert_false(found(dir));
	FRESH;
	assert_int_equal(truncate(file, st.st_size - 1), 0);
	assert_false(found(dir));
	FRESH;
	assert_int_equal(truncate(file, st.st_size + 8), 0);
	assert_false(found(dir));
	FRESH;
	assert_int_equal(chmod(file, 0620), 0);
	assert_false(found(dir));
	FRESH;
	(void)snprintf(aside, sizeof(aside), "%s.aside", file);
	assert_int_equal(rename(file, aside), 0);
	assert_int_equal(symlink(aside, file), 0);
	assert_false(found(dir));
	assert_int_equal(unlink(file), 0);
	assert_int_equal(mkfifo(file, 0600), 0);
	assert_false(found(dir)); /* and does not wait */
	assert_int_equal(unlink(file), 0);
	assert_int_equal(rename(aside, file), 0);
	assert_true(found(dir));
	assert_int_equal(chmod(path, 0770), 0);
	assert_false(found(dir));
	if (geteuid() == 0) {
		assert_int_equal(chmod(path, 0700), 0);
		assert_int_equal(chown(file, 1, 1), 0);
		assert_false(found(dir));
		FRESH;
		assert_int_equal(chown(path, 1, 1), 0);
		assert_false(found(dir));
	}
	remove_dir(path, dir);
}

static void many_filters_take_bounded_room(void **state)
{
	const struct sock_filter one = { BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW };
	const uint32_t action = profile.default_action;
	char path[32], command[64], text[16];
	int dir = make_dir(path);

	for (uint32_t i = 0; i < 500; i++) {
		profile.default_action = SCMP_ACT_ERRNO(i);
		seccomp_cache_keep(dir, &profile, &one, 1);
		assert_true(found(dir));
	}
	profile.default_action = action;
	(void)snprintf(command, sizeof(command), "ls -A %s | wc -l", path);
	FILE *f = popen(command, "r");
	assert_non_null(f);
	assert_non_null(fgets(text, sizeof(text), f));
	pclose(f);
	assert_in_range(atoi(text), 1, 66);
	remove_dir(path, dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#ifdef __x86_64__
		cmocka_unit_test(the_tree_decides_as_the_plain_list_does),
#endif
		cmocka_unit_test(what_was_compiled_is_found_again),
		cmocka_unit_test(anything_else_in_the_profile_is_another_filter),
		cmocka_unit_test(what_is_not_whole_or_not_ours_is_not_used),
		cmocka_unit_test(many_filters_take_bounded_room),
	};

	return cmocka_run_group_tests(tests, make_profile, free_profile);
}
