/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp_tree.c - see seccomp_tree.h.
 *
 * It never decides a call otherwise than libseccomp would: whatever is not plain beyond doubt is
 * left to that, and where a number of a plain name is also one of another, all of it.
 */
#include "linux/seccomp_tree.h"

#include "base/fd.h"
#include "base/str.h"

#include <assert.h>
#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>

#define ACTION_MASK 0xffff0000u /* without the number of SCMP_ACT_ERRNO */
#define PSEUDO_LOWEST (-9999)   /* below: calls that this architecture does not have */
#define JUMP_MAX 255            /* instructions that a comparison can pass */

/* A name of the profile: the number by which libseccomp knows it here, also where it is none. */
struct named {
	int number;
	uint32_t action;
	const char *name;
	size_t at; /* its place in the profile */
	bool plain;
};

/* A call of one architecture that the kernel shows to filters. */
struct call {
	uint32_t arch, number, action;
	bool plain;
};

/* From this number on, up to the next range. */
struct range {
	uint32_t from, action;
	bool decided; /* else it is left to what comes after the tree */
};

static size_t name_all(const struct spec_seccomp *s, struct named *ret);
static void sort_out(struct named *v, size_t n, const uint32_t *archs, size_t n_archs);
static size_t number_all(
	const struct named *v, size_t n, const uint32_t *archs, size_t n_archs, struct call *ret);
static bool unambiguous(const struct call *calls, size_t n);
static size_t make_ranges(const struct call *calls, size_t n, struct range *ret);
static size_t tree_size(size_t n_ranges);
static void emit_tree(struct seccomp_program *p, const struct range *ranges, size_t n, size_t end);

void seccomp_emit(struct seccomp_program *p, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf)
{
	assert(p->n < BPF_MAXINSNS);
	p->insns[p->n++] = (struct sock_filter){ code, jt, jf, k };
}

static size_t count_names(const struct spec_seccomp *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_rules; i++)
		n += s->rules[i].names.n;
	return n;
}

/* The calls of one architecture, all of the same number of insns: "if arch: tree". */
#define ARCH_INSNS 3
static void emit_arch(struct seccomp_program *p, uint32_t arch, const struct range *ranges,
	size_t n_ranges, size_t end)
{
	seccomp_emit(p, BPF_JMP | BPF_JEQ | BPF_K, arch, 1, 0);
	seccomp_emit(p, BPF_JMP | BPF_JA, (uint32_t)tree_size(n_ranges) + 1, 0, 0);
	seccomp_emit(p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
	emit_tree(p, ranges, n_ranges, end);
}

/* The calls are sorted. Room: those of one architecture become at most two ranges each, and one. */
static void emit_all(
	struct seccomp_program *p, const struct call *calls, size_t n, struct range *ranges)
{
	size_t size = 1, n_ranges;

	for (size_t i = 0, next; i < n; i = next) {
		for (next = i; next < n && calls[next].arch == calls[i].arch;)
			next++;
		n_ranges = make_ranges(calls + i, next - i, ranges);
		size += ARCH_INSNS + tree_size(n_ranges);
	}
	if (p->n + size > BPF_MAXINSNS / 2)
		return;
	const size_t end = p->n + size;
	seccomp_emit(p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
	for (size_t i = 0, next; i < n; i = next) {
		for (next = i; next < n && calls[next].arch == calls[i].arch;)
			next++;
		n_ranges = make_ranges(calls + i, next - i, ranges);
		emit_arch(p, calls[i].arch, ranges, n_ranges, end);
	}
	assert(p->n == end);
}

int seccomp_tree(const struct spec_seccomp *s, const uint32_t *archs, size_t n_archs,
	struct seccomp_program *p, struct seccomp_plain *ret)
{
	const size_t n_names = count_names(s), before = p->n;
	_cleanup_free_ struct named *names = calloc(n_names + 1, sizeof(*names));
	_cleanup_free_ struct call *calls = calloc(n_names * n_archs + 1, sizeof(*calls));
	_cleanup_free_ struct range *ranges = calloc(2 * n_names * n_archs + 1, sizeof(*ranges));
	_cleanup_free_ bool *plain = calloc(n_names + 1, sizeof(*plain));

	if (!names || !calls || !ranges || !plain)
		return -ENOMEM;
	const size_t n = name_all(s, names);
	sort_out(names, n, archs, n_archs);
	const size_t n_calls = number_all(names, n, archs, n_archs, calls);
	if (!unambiguous(calls, n_calls))
		return 0;
	size_t kept = 0;
	for (size_t i = 0; i < n_calls; i++)
		if (calls[i].plain)
			calls[kept++] = calls[i];
	if (kept > 0)
		emit_all(p, calls, kept, ranges);
	if (p->n == before)
		return 0;
	for (size_t i = 0; i < n; i++)
		plain[names[i].at] = names[i].plain;
	*ret = (struct seccomp_plain){ .n = n_names, .v = TAKE_PTR(plain) };
	return 1;
}

/* Actions that are nothing but a value to return. */
static bool is_plain_action(uint32_t action)
{
	return action == SCMP_ACT_ALLOW || action == SCMP_ACT_LOG || action == SCMP_ACT_TRAP ||
	       action == SCMP_ACT_KILL_PROCESS || action == SCMP_ACT_KILL_THREAD ||
	       (action & ACTION_MASK) == SCMP_ACT_ERRNO(0);
}

static int by_number(const void *a, const void *b)
{
	const struct named *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

/* The names that say something, sorted by number. */
static size_t name_all(const struct spec_seccomp *s, struct named *ret)
{
	size_t n = 0, at = 0;

	for (size_t i = 0; i < s->n_rules; i++) {
		const struct spec_seccomp_rule *rule = &s->rules[i];
		for (size_t k = 0; k < rule->names.n; k++, at++) {
			const char *name = rule->names.v[k];
			int number = rule->action == s->default_action
					     ? __NR_SCMP_ERROR
					     : seccomp_syscall_resolve_name(name);
			if (number == __NR_SCMP_ERROR)
				continue;
			ret[n++] = (struct named){ .number = number,
				.action = rule->action,
				.name = name,
				.at = at,
				.plain = rule->n_args == 0 && is_plain_action(rule->action) };
		}
	}
	qsort(ret, n, sizeof(*ret), by_number);
	return n;
}

/* Is it one of several calls behind one number, as socket(2) is behind socketcall(2) on x86? */
static bool is_multiplexed(const char *name, const uint32_t *archs, size_t n_archs)
{
	if (str_eq(name, "socketcall") || str_eq(name, "ipc"))
		return true;
	for (size_t a = 0; a < n_archs; a++) {
		int number = seccomp_syscall_resolve_name_arch(archs[a], name);
		if (number < 0 && number != __NR_SCMP_ERROR && number >= PSEUDO_LOWEST)
			return true;
	}
	return false;
}

/* Plain is a name that all of its rules agree upon. */
static void sort_out(struct named *v, size_t n, const uint32_t *archs, size_t n_archs)
{
	for (size_t i = 0, next; i < n; i = next) {
		bool plain = !is_multiplexed(v[i].name, archs, n_archs);
		for (next = i; next < n && v[next].number == v[i].number; next++)
			plain &= v[next].plain && v[next].action == v[i].action;
		for (size_t k = i; k < next; k++)
			v[k].plain = plain;
	}
}

static int by_arch_and_number(const void *a, const void *b)
{
	const struct call *x = a, *y = b;

	if (x->arch != y->arch)
		return x->arch < y->arch ? -1 : 1;
	return (x->number > y->number) - (x->number < y->number);
}

/* What the kernel will show for each name, sorted. x32 has x86_64's architecture there. */
static size_t number_all(
	const struct named *v, size_t n, const uint32_t *archs, size_t n_archs, struct call *ret)
{
	size_t n_calls = 0;

	for (size_t i = 0; i < n; i++) {
		if (i > 0 && v[i].number == v[i - 1].number)
			continue;
		for (size_t a = 0; a < n_archs; a++) {
			int number = seccomp_syscall_resolve_name_arch(archs[a], v[i].name);
			if (number < 0)
				continue;
			ret[n_calls++] = (struct call){
				.arch = archs[a] == SCMP_ARCH_X32 ? SCMP_ARCH_X86_64 : archs[a],
				.number = (uint32_t)number,
				.action = v[i].action,
				.plain = v[i].plain,
			};
		}
	}
	qsort(ret, n_calls, sizeof(*ret), by_arch_and_number);
	return n_calls;
}

/* No number has two names. */
static bool unambiguous(const struct call *calls, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (calls[i].arch == calls[i - 1].arch && calls[i].number == calls[i - 1].number)
			return false;
	return true;
}

/* All numbers from 0 on, in ranges that are decided in one way. */
static size_t make_ranges(const struct call *calls, size_t n, struct range *ret)
{
	size_t n_ranges = 0;
	uint32_t next = 0;

	if (calls[0].number > 0)
		ret[n_ranges++] = (struct range){ .from = 0 };
	for (size_t i = 0; i < n; i++) {
		const bool gap = i > 0 && calls[i].number != next;
		if (gap)
			ret[n_ranges++] = (struct range){ .from = next };
		if (i == 0 || gap || calls[i].action != calls[i - 1].action)
			ret[n_ranges++] = (struct range){
				.from = calls[i].number, .action = calls[i].action, .decided = true
			};
		next = calls[i].number + 1; /* numbers come from an int: no overflow */
	}
	ret[n_ranges++] = (struct range){ .from = next };
	return n_ranges;
}

/* Half of the ranges to the left of a comparison, which jumps over them or has another do that. */
static size_t tree_size(size_t n)
{
	if (n == 1)
		return 1;
	const size_t left = tree_size(n / 2);
	return 1 + (left > JUMP_MAX) + left + tree_size(n - n / 2);
}

static void emit_tree(struct seccomp_program *p, const struct range *ranges, size_t n, size_t end)
{
	if (n == 1 && ranges->decided) {
		seccomp_emit(p, BPF_RET | BPF_K, ranges->action, 0, 0);
		return;
	}
	if (n == 1) {
		seccomp_emit(p, BPF_JMP | BPF_JA, (uint32_t)(end - p->n - 1), 0, 0);
		return;
	}
	const size_t left = tree_size(n / 2);
	if (left > JUMP_MAX) {
		seccomp_emit(p, BPF_JMP | BPF_JGE | BPF_K, ranges[n / 2].from, 0, 1);
		seccomp_emit(p, BPF_JMP | BPF_JA, (uint32_t)left, 0, 0);
	} else {
		seccomp_emit(p, BPF_JMP | BPF_JGE | BPF_K, ranges[n / 2].from, (uint8_t)left, 0);
	}
	emit_tree(p, ranges, n / 2, end);
	emit_tree(p, ranges + n / 2, n - n / 2, end);
}
