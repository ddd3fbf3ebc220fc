/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp.c - linux.seccomp as a BPF program.
 *
 * libseccomp compiles, and never loads: the parent compiles before anything is made, init loads
 * what it was given with one system call. What cannot be compiled is an error, never a weaker
 * filter.
 */
#include "linux/seccomp.h"

#include "base/fd.h"
#include "linux/seccomp_cache.h"
#include "linux/seccomp_tree.h"
#include "spec/names.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define SYSCALL_ARGS_MAX 6
#define OPTIMIZE_TREE 2     /* seccomp_attr_set(3) */
#define X32_BIT 0x40000000u /* __X32_SYSCALL_BIT */

/* SCMP_ACT_TRACE and SCMP_ACT_ERRNO carry a number in the low half. */
#define ACTION_MASK 0xffff0000u

static void release_filter(scmp_filter_ctx *ctx)
{
	if (*ctx)
		seccomp_release(*ctx);
}
#define _cleanup_filter_ _cleanup_(release_filter)

static const char *action_name(uint32_t action)
{
	const char *name = names_of(names_seccomp_actions, action);

	if (!name)
		name = names_of(names_seccomp_actions, action & ACTION_MASK);
	return name ? name : "this action";
}

static int add_archs(scmp_filter_ctx ctx, const struct spec_seccomp *s, struct err *e)
{
	/* libseccomp has put the native one in: a filter without it would stop the first call. */
	for (size_t i = 0; i < s->architectures.n; i++) {
		const char *name = s->architectures.v[i];
		const struct name_row *row = names_find(names_seccomp_archs, name);
		int r;

		if (!row)
			return err_say(e, EINVAL,
				"/linux/seccomp/architectures/%zu: '%s' is not known", i, name);
		r = seccomp_arch_add(ctx, (uint32_t)row->number);
		if (r == -EDOM)
			return err_say(e, EINVAL,
				"/linux/seccomp/architectures/%zu: %s has another byte order than "
				"this machine",
				i, name);
		if (r == -EINVAL)
			return err_say(e, EINVAL,
				"/linux/seccomp/architectures/%zu: this libseccomp does not know "
				"%s",
				i, name);
		if (r < 0 && r != -EEXIST)
			return err_set(
				e, -r, "/linux/seccomp/architectures/%zu: adding %s", i, name);
	}
	return 0;
}

static int add_failed(
	int num, const struct spec_seccomp_rule *rule, size_t i, const char *name, struct err *e)
{
	if (num == EEXIST)
		return err_say(e, num,
			"/linux/seccomp/syscalls/%zu: %s: another rule decides the same calls "
			"otherwise",
			i, name);
	return err_set(e, num, "/linux/seccomp/syscalls/%zu: adding %s for %s", i,
		action_name(rule->action), name);
}

/* All conditions of a rule in one, or each in a rule of its own. */
static int add_rule(scmp_filter_ctx ctx, const struct spec_seccomp_rule *rule, int number)
{
	struct scmp_arg_cmp cmp[SYSCALL_ARGS_MAX];
	bool seen[SYSCALL_ARGS_MAX] = { false }, apart = false;
	int r;

	/*
	 * libseccomp takes one condition for each argument. Several for one have always meant
	 * "any of them" in the field, and profiles count on it.
	 */
	for (size_t i = 0; i < rule->n_args; i++) {
		if (rule->args[i].index >= SYSCALL_ARGS_MAX)
			return -EINVAL;
		apart |= seen[rule->args[i].index];
		seen[rule->args[i].index] = true;
	}
	if (!apart) {
		for (size_t i = 0; i < rule->n_args; i++)
			cmp[i] =
				SCMP_CMP64(rule->args[i].index, (enum scmp_compare)rule->args[i].op,
					rule->args[i].value, rule->args[i].value_two);
		return seccomp_rule_add_array(
			ctx, rule->action, number, (unsigned)rule->n_args, cmp);
	}
	for (size_t i = 0; i < rule->n_args; i++) {
		cmp[0] = SCMP_CMP64(rule->args[i].index, (enum scmp_compare)rule->args[i].op,
			rule->args[i].value, rule->args[i].value_two);
		r = seccomp_rule_add_array(ctx, rule->action, number, 1, cmp);
		if (r < 0)
			return r;
	}
	return 0;
}

/* plain: what is decided already. */
static int add_rules(scmp_filter_ctx ctx, const struct spec_seccomp *s,
	const struct seccomp_plain *plain, struct err *e)
{
	size_t at = 0;
	int r;

	for (size_t i = 0; i < s->n_rules; i++) {
		const struct spec_seccomp_rule *rule = &s->rules[i];

		for (size_t k = 0; k < rule->names.n; k++, at++) {
			/* libseccomp refuses a rule that says what is said already. */
			if (rule->action == s->default_action || (at < plain->n && plain->v[at]))
				continue;
			int number = seccomp_syscall_resolve_name(rule->names.v[k]);

			/* Profiles name the system calls of all kernels and machines. */
			if (number == __NR_SCMP_ERROR)
				continue;
			r = add_rule(ctx, rule, number);
			if (r < 0)
				return add_failed(-r, rule, i, rule->names.v[k], e);
		}
	}
	return 0;
}

/* The largest number of a system call that the profile names, for one architecture; 0: none. */
static uint32_t newest_named(const struct spec_seccomp *s, uint32_t arch)
{
	uint32_t newest = 0;

	for (size_t i = 0; i < s->n_rules; i++)
		for (size_t k = 0; k < s->rules[i].names.n; k++) {
			int number =
				seccomp_syscall_resolve_name_arch(arch, s->rules[i].names.v[k]);

			/* Negative: unknown, or one that only other architectures have. */
			if (number > 0 && (uint32_t)number > newest)
				newest = (uint32_t)number;
		}
	return newest;
}

/* "Newer than newest? ENOSYS. Otherwise go on": the number of the call is in the accumulator. */
#define LIMIT_INSNS 3
static void emit_limit(struct seccomp_program *p, uint32_t newest)
{
	seccomp_emit(p, BPF_JMP | BPF_JGT | BPF_K, newest, 0, 1);
	seccomp_emit(p, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS, 0, 0);
	seccomp_emit(p, BPF_JMP | BPF_JA, 0, 0, 0); /* to the filter; aimed when that is known */
}

/* For calls of one audit architecture. The accumulator holds the call's, before and after. */
static void emit_arch(
	struct seccomp_program *p, const struct spec_seccomp *s, uint32_t arch, bool x32)
{
	const bool s390 = arch == SCMP_ARCH_S390 || arch == SCMP_ARCH_S390X;
	uint32_t newest = newest_named(s, arch);
	uint32_t newest_x32 = x32 ? newest_named(s, SCMP_ARCH_X32) : 0;
	size_t test = p->n;

	if (!newest && !newest_x32)
		return;
	seccomp_emit(p, BPF_JMP | BPF_JEQ | BPF_K, arch, 0, 0);
	seccomp_emit(p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
	if (s390) {
		/* Its kernel shows numbers that it does not know as 0, once setup(2). */
		seccomp_emit(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1);
		seccomp_emit(p, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS, 0, 0);
	}
	if (arch == SCMP_ARCH_X86_64) {
		/* x32 has this architecture too, and numbers of its own with a bit set. */
		seccomp_emit(p, BPF_JMP | BPF_JSET | BPF_K, X32_BIT, newest ? LIMIT_INSNS : 1, 0);
		if (newest)
			emit_limit(p, newest);
		else
			seccomp_emit(p, BPF_JMP | BPF_JA, 0, 0, 0);
		if (newest_x32)
			emit_limit(p, newest_x32);
		else
			seccomp_emit(p, BPF_JMP | BPF_JA, 0, 0, 0);
	} else {
		emit_limit(p, newest);
	}
	p->insns[test].jf = (uint8_t)(p->n - test - 1);
}

/* The architectures of the calls that the filter will see: the native one and those named, once. */
#define ARCHS_MAX 32
static size_t audit_archs(const struct spec_seccomp *s, uint32_t archs[ARCHS_MAX], bool *ret_x32)
{
	size_t n = 0;

	*ret_x32 = false;
	archs[n++] = seccomp_arch_native();
	for (size_t i = 0; i < s->architectures.n && n < ARCHS_MAX; i++) {
		const struct name_row *row = names_find(names_seccomp_archs, s->architectures.v[i]);
		uint32_t arch = row ? (uint32_t)row->number : archs[0];
		size_t k = 0;

		/* libseccomp's own number: the kernel shows x32 as x86_64. All others are
		 * audit's. */
		if (arch == SCMP_ARCH_X32) {
			*ret_x32 = true;
			arch = SCMP_ARCH_X86_64;
		}
		while (k < n && archs[k] != arch)
			k++;
		if (k == n)
			archs[n++] = arch;
	}
	return n;
}

/*
 * A profile forbids what it does not know by its default. But a libc that tries a system call newer
 * than the profile must see ENOSYS to fall back to an older one; EPERM makes it fail (clone3). So
 * numbers above all that the profile names get ENOSYS before the filter itself is asked, as under
 * runc. No call that the profile names is touched by it.
 */
static void emit_enosys(struct seccomp_program *p, const struct spec_seccomp *s)
{
	uint32_t archs[ARCHS_MAX];
	bool x32;
	size_t n = audit_archs(s, archs, &x32), start = p->n;

	seccomp_emit(p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
	for (size_t i = 0; i < n; i++)
		emit_arch(p, s, archs[i], x32 && archs[i] == SCMP_ARCH_X86_64);
	/* Every unconditional jump leads past the end of this part. */
	for (size_t i = start; i < p->n; i++)
		if (p->insns[i].code == (BPF_JMP | BPF_JA))
			p->insns[i].k = (uint32_t)(p->n - i - 1);
}

static bool wants_enosys(uint32_t default_action)
{
	/* What lets calls through leaves the answer to the kernel or to the tracer. */
	return default_action != SCMP_ACT_ALLOW && default_action != SCMP_ACT_LOG &&
	       (default_action & ACTION_MASK) != (SCMP_ACT_TRACE(0) & ACTION_MASK) &&
	       default_action != SCMP_ACT_ERRNO(ENOSYS);
}

/* libseccomp 2.5 exports to a descriptor only. */
static int export_to(scmp_filter_ctx ctx, struct seccomp_program *p, struct err *e)
{
	_cleanup_close_ int fd = -1;
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r;

	fd = memfd_create("seccomp", MFD_CLOEXEC);
	if (fd < 0)
		return err_set(e, errno, "/linux/seccomp: making a file in memory");
	r = seccomp_export_bpf(ctx, fd);
	if (r < 0)
		return err_set(e, -r, "/linux/seccomp: compiling the filter");
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_set(e, errno, "/linux/seccomp: reading the compiled filter");
	r = fd_read_all(fd, sizeof(p->insns), &text, &len);
	if (r == -EFBIG || (r == 0 && len > sizeof(p->insns) - p->n * sizeof(p->insns[0])))
		return err_say(e, E2BIG,
			"/linux/seccomp: the filter has more than %d instructions, the kernel's "
			"limit",
			BPF_MAXINSNS);
	if (r < 0)
		return err_set(e, -r, "/linux/seccomp: reading the compiled filter");
	if (len == 0 || len % sizeof(p->insns[0]))
		return err_say(
			e, EBADMSG, "/linux/seccomp: libseccomp gave %zu bytes, no filter", len);
	memcpy(p->insns + p->n, text, len);
	p->n += len / sizeof(p->insns[0]);
	return 0;
}

static bool has_listener(const struct spec_seccomp *s)
{
	for (size_t i = 0; i < s->n_rules; i++)
		if (s->rules[i].action == SCMP_ACT_NOTIFY && s->rules[i].names.n)
			return true;
	return false;
}

/* False where rules differ, or look at the argument: it is to be certain. */
static bool allows_close(const struct spec_seccomp *s)
{
	bool named = false;

	for (size_t i = 0; i < s->n_rules; i++)
		for (size_t k = 0; k < s->rules[i].names.n; k++) {
			if (strcmp(s->rules[i].names.v[k], "close") != 0)
				continue;
			if (s->rules[i].action != SCMP_ACT_ALLOW || s->rules[i].n_args)
				return false;
			named = true;
		}
	return named || s->default_action == SCMP_ACT_ALLOW;
}

bool seccomp_kernel_has_flag(uint32_t flag)
{
	/* Alone this one is refused whatever the kernel. */
	if (flag & SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)
		flag |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
	/* With a NULL program the kernel looks at the flags first: EFAULT says it knows
	 * them all. */
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flag, NULL) < 0 && errno == EFAULT;
}

static int load_flags(
	const struct spec_seccomp *s, bool listener, uint32_t *ret_flags, struct err *e)
{
	uint32_t flags;

	/*
	 * Without linux.seccomp.flags the peers leave speculation as it is; [] means no flag. TSYNC
	 * is for other threads, and init has none.
	 */
	flags = s->has_flags ? s->flags & (SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW)
			     : SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	if (listener)
		flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
	/* EINVAL without a listener, and without one there is nobody to wait for. */
	if (listener && s->flags & SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV) {
		flags |= SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
		if (!seccomp_kernel_has_flag(flags))
			return err_say(e, ENOTSUP,
				"/linux/seccomp/flags: this kernel has no "
				"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV");
	}
	*ret_flags = flags;
	return 0;
}

/* Those of the filter as libseccomp numbers them: the native one and those named, once. */
static size_t filter_archs(const struct spec_seccomp *s, uint32_t archs[ARCHS_MAX])
{
	bool x32;
	size_t n = audit_archs(s, archs, &x32);

	if (x32 && n < ARCHS_MAX)
		archs[n++] = SCMP_ARCH_X32;
	return n;
}

static int compile(
	const struct spec_seccomp *s, bool with_tree, struct seccomp_program *p, struct err *e)
{
	_cleanup_filter_ scmp_filter_ctx ctx = NULL;
	struct seccomp_plain plain = { 0 };
	uint32_t archs[ARCHS_MAX];
	int r;

	ctx = seccomp_init(s->default_action);
	if (!ctx)
		return err_say(e, EINVAL, "/linux/seccomp/defaultAction: libseccomp refuses %s",
			action_name(s->default_action));
	/*
	 * A tree of comparisons instead of a list: a call of the container passes some fifteen
	 * instructions instead of some hundreds, and the kernel takes the program in a third of the
	 * time. A libseccomp before 2.5 has the list alone.
	 */
	(void)seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, OPTIMIZE_TREE);
	r = add_archs(ctx, s, e);
	if (r < 0)
		return r;
	p->n = 0;
	if (with_tree && seccomp_tree(s, archs, filter_archs(s, archs), p, &plain) < 0)
		return err_nomem(e);
	r = add_rules(ctx, s, &plain, e);
	free(plain.v);
	if (r < 0)
		return r;
	/* No call that the profile names is touched by it, so it may stand behind the tree. */
	if (wants_enosys(s->default_action))
		emit_enosys(p, s);
	return export_to(ctx, p, e);
}

static int compile_anew(
	const struct spec_seccomp *s, struct sock_filter **ret, size_t *ret_n, struct err *e)
{
	_cleanup_free_ struct seccomp_program *p = calloc(1, sizeof(*p));
	struct sock_filter *insns;
	int r;

	if (!p)
		return err_nomem(e);
	r = compile(s, true, p, e);
	if (r == -E2BIG)
		r = compile(s, false, p, e);
	if (r < 0)
		return r;
	insns = malloc(p->n * sizeof(*insns));
	if (!insns)
		return err_nomem(e);
	memcpy(insns, p->insns, p->n * sizeof(*insns));
	*ret = insns;
	*ret_n = p->n;
	return 0;
}

int seccomp_compile(
	const struct spec_seccomp *s, int cache_fd, struct seccomp_filter *ret, struct err *e)
{
	struct seccomp_filter f = { .listener = has_listener(s), .may_close = allows_close(s) };
	int r;

	r = load_flags(s, f.listener, &f.flags, e);
	if (r < 0)
		return r;
	if (cache_fd < 0 || seccomp_cache_find(cache_fd, s, &f.insns, &f.n_insns) < 0) {
		r = compile_anew(s, &f.insns, &f.n_insns, e);
		if (r < 0)
			return r;
		if (cache_fd >= 0)
			seccomp_cache_keep(cache_fd, s, f.insns, f.n_insns);
	}
	*ret = f;
	return 0;
}

int seccomp_filter_load(const struct seccomp_filter *f, struct err *e)
{
	const struct sock_fprog prog = {
		.len = (unsigned short)f->n_insns,
		.filter = f->insns,
	};

	long r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, f->flags, &prog);
	if (r >= 0)
		return (int)r;
	switch (errno) {
	case EBUSY:
		return err_set(e, EBUSY,
			"/linux/seccomp: another filter with a listener is in force already, and "
			"the kernel takes one");
	case EACCES:
		return err_set(e, EACCES,
			"/linux/seccomp: loading the filter needs CAP_SYS_ADMIN or "
			"/process/noNewPrivileges");
	case EINVAL:
		return err_set(e, EINVAL,
			"/linux/seccomp: this kernel refuses the filter of %zu instructions with "
			"flags 0x%x",
			f->n_insns, f->flags);
	case ENOMEM:
		return err_set(e, ENOMEM,
			"/linux/seccomp: loading %zu instructions, with those of filters already "
			"there at most 32768",
			f->n_insns);
	default:
		return err_set(e, errno, "/linux/seccomp: loading the filter");
	}
}

void seccomp_filter_free(struct seccomp_filter *f)
{
	free(f->insns);
	*f = (struct seccomp_filter){ 0 };
}

struct seccomp_filter seccomp_filter_alone(const struct seccomp_filter *f)
{
	struct seccomp_filter alone = *f;

	alone.listener = false;
	alone.flags &= ~(unsigned)(SECCOMP_FILTER_FLAG_NEW_LISTENER |
				   SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
	return alone;
}
