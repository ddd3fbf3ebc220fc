/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devbpf.c - device rules on cgroup v2: a program of type BPF_PROG_TYPE_CGROUP_DEVICE, made from
 * the rules, which the kernel asks at every open and mknod of a device.
 *
 * The program has no loop and no map. It keeps the accesses that are asked for in a register, goes
 * through the rules from the last to the first, and strikes out what a rule allows: so the last
 * rule for each access decides, and "deny all" stands at the end.
 */
#include "base/fd.h"
#include "cgroup/internal.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <sys/syscall.h>

/* By its name our program is found among those of others, such as systemd's. */
#define PROGRAM_NAME "hasu_devices"
#define ATTACHED_MAX 64 /* BPF_CGROUP_MAX_PROGS of the kernel */
#define RULE_INSNS 8    /* at most, for one rule */
#define FIXED_INSNS 8

_Static_assert((int)DEV_MKNOD == (int)BPF_DEVCG_ACC_MKNOD, "the kernel's bits");
_Static_assert((int)DEV_READ == (int)BPF_DEVCG_ACC_READ, "the kernel's bits");
_Static_assert((int)DEV_WRITE == (int)BPF_DEVCG_ACC_WRITE, "the kernel's bits");

enum { R_ANSWER, R_CTX, R_TYPE, R_ACCESS, R_MAJOR, R_MINOR }; /* BPF_REG_0 ... */

struct program {
	struct bpf_insn *v;
	size_t n;
};

static void put(struct program *p, int code, int dst, int src, int off, uint32_t imm)
{
	p->v[p->n++] = (struct bpf_insn){
		.code = (unsigned char)code,
		.dst_reg = (unsigned char)dst & 0xf,
		.src_reg = (unsigned char)src & 0xf,
		.off = (short)off,
		.imm = (int)imm,
	};
}

static void put_load(struct program *p, int dst, size_t offset)
{
	put(p, BPF_LDX | BPF_MEM | BPF_W, dst, R_CTX, (int)offset, 0);
}

static void put_answer(struct program *p, bool allow)
{
	put(p, BPF_ALU64 | BPF_MOV | BPF_K, R_ANSWER, 0, 0, allow);
	put(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* Numbers are compared as 32 bits: a 64-bit compare would extend the sign of the constant. */
static void put_unless(struct program *p, int reg, int64_t value)
{
	put(p, BPF_JMP32 | BPF_JNE | BPF_K, reg, 0, 0, (uint32_t)value);
}

/* One rule. Its conditions jump past its end, which is only known afterwards. Returns whether
 * anything after it can be reached: the verifier refuses what cannot. */
static bool put_rule(struct program *p, const struct dev_rule *rule)
{
	const size_t start = p->n;
	const bool all = rule->access == DEV_ALL;

	if (rule->type != 'a')
		put_unless(p, R_TYPE, rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
	if (rule->major >= 0)
		put_unless(p, R_MAJOR, rule->major);
	if (rule->minor >= 0)
		put_unless(p, R_MINOR, rule->minor);
	if (rule->allow && !all) {
		put(p, BPF_ALU | BPF_AND | BPF_K, R_ACCESS, 0, 0, ~rule->access);
		put_unless(p, R_ACCESS, 0);
	} else if (!all) {
		put(p, BPF_JMP32 | BPF_JSET | BPF_K, R_ACCESS, 0, 1, rule->access);
		put(p, BPF_JMP | BPF_JA, 0, 0, 0, 0);
	}
	put_answer(p, rule->allow);

	bool passable = false;
	for (size_t i = start; i < p->n; i++) {
		int op = p->v[i].code;
		if (op != (BPF_JMP32 | BPF_JNE | BPF_K) && op != (BPF_JMP | BPF_JA))
			continue;
		p->v[i].off = (short)(p->n - i - 1);
		passable = true;
	}
	return passable;
}

int devbpf_program(
	const struct dev_rule *rules, size_t n, struct bpf_insn **ret, size_t *ret_n, struct err *e)
{
	struct program p = { .v = calloc(n * RULE_INSNS + FIXED_INSNS, sizeof(*p.v)) };
	bool reached = true;

	if (!p.v)
		return err_nomem(e);
	put_load(&p, R_TYPE, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	put(&p, BPF_ALU64 | BPF_MOV | BPF_X, R_ACCESS, R_TYPE, 0, 0);
	put(&p, BPF_ALU | BPF_AND | BPF_K, R_TYPE, 0, 0, 0xffff);
	put(&p, BPF_ALU | BPF_RSH | BPF_K, R_ACCESS, 0, 0, 16);
	put_load(&p, R_MAJOR, offsetof(struct bpf_cgroup_dev_ctx, major));
	put_load(&p, R_MINOR, offsetof(struct bpf_cgroup_dev_ctx, minor));
	for (size_t i = n; i > 0 && reached; i--)
		if (rules[i - 1].access != 0)
			reached = put_rule(&p, &rules[i - 1]);
	if (reached)
		put_answer(&p, false);
	*ret = p.v;
	*ret_n = p.n;
	return 0;
}

/*
 * The kernel.
 */

static int sys_bpf(int command, union bpf_attr *attr)
{
	long r = syscall(SYS_bpf, command, attr, sizeof(*attr));

	return r < 0 ? -errno : (int)r;
}

static int load(const struct bpf_insn *insns, size_t n, char *log, size_t log_size)
{
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
		.insn_cnt = (uint32_t)n,
		.insns = (uintptr_t)insns,
		.license = (uintptr_t) "Apache-2.0",
	};

	memcpy(attr.prog_name, PROGRAM_NAME, sizeof(PROGRAM_NAME));
	if (log) {
		attr.log_level = 1;
		attr.log_buf = (uintptr_t)log;
		attr.log_size = (uint32_t)log_size;
	}
	return sys_bpf(BPF_PROG_LOAD, &attr);
}

/* The one of the programs attached to the cgroup that is ours; -ENOENT if none is. */
static int find_ours(int dir_fd)
{
	uint32_t ids[ATTACHED_MAX];
	union bpf_attr attr = {
		.query = {
			.target_fd = (uint32_t) dir_fd,
			.attach_type = BPF_CGROUP_DEVICE,
			.prog_ids = (uintptr_t) ids,
			.prog_cnt = ATTACHED_MAX,
		},
	};
	int r = sys_bpf(BPF_PROG_QUERY, &attr);

	if (r < 0)
		return r;
	for (uint32_t i = 0; i < attr.query.prog_cnt && i < ATTACHED_MAX; i++) {
		union bpf_attr get = { .prog_id = ids[i] };
		_cleanup_close_ int fd = sys_bpf(BPF_PROG_GET_FD_BY_ID, &get);
		if (fd < 0)
			continue; /* gone by now */
		struct bpf_prog_info info = { 0 };
		union bpf_attr ask = {
			.info = {
				.bpf_fd = (uint32_t) fd,
				.info_len = sizeof(info),
				.info = (uintptr_t) &info,
			},
		};
		if (sys_bpf(BPF_OBJ_GET_INFO_BY_FD, &ask) == 0 &&
			strncmp(info.name, PROGRAM_NAME, sizeof(info.name)) == 0)
			return TAKE_FD(fd);
	}
	return -ENOENT;
}

/* In one step: there is no moment without a program. old -1: beside those of others. */
static int put_program(int dir_fd, int program, int old)
{
	union bpf_attr attr = {
		.attach_type = BPF_CGROUP_DEVICE,
		.target_fd = (uint32_t)dir_fd,
		.attach_bpf_fd = (uint32_t)program,
		.attach_flags = BPF_F_ALLOW_MULTI | (old >= 0 ? BPF_F_REPLACE : 0u),
		.replace_bpf_fd = old >= 0 ? (uint32_t)old : 0u,
	};

	return sys_bpf(BPF_PROG_ATTACH, &attr);
}

int devbpf_attach(int dir_fd, const struct dev_rule *rules, size_t n, const char *where,
	struct devbpf_swap *swap, struct err *e)
{
	_cleanup_free_ struct bpf_insn *insns = NULL;
	char log[512] = "";
	size_t n_insns;
	int r;

	r = devbpf_program(rules, n, &insns, &n_insns, e);
	if (r < 0)
		return r;
	_cleanup_close_ int program = load(insns, n_insns, NULL, 0);
	if (program == -EINVAL || program == -EACCES)
		(void)load(insns, n_insns, log, sizeof(log)); /* for its words */
	if (program < 0)
		return err_set(e, -program,
			"/linux/resources/devices: loading the device program of cgroup '%s'%s%s",
			where, *log ? ": " : "", log);

	_cleanup_close_ int old = find_ours(dir_fd);
	if (old < 0 && old != -ENOENT)
		return err_set(e, -old,
			"/linux/resources/devices: asking for the programs of cgroup '%s'", where);
	r = put_program(dir_fd, program, old);
	if (r < 0)
		return err_set(e, -r,
			"/linux/resources/devices: attaching the device program to cgroup '%s'",
			where);
	if (swap) {
		swap->old = old < 0 ? -1 : TAKE_FD(old);
		swap->now = TAKE_FD(program);
	}
	return 0;
}

int devbpf_restore(int dir_fd, const struct devbpf_swap *swap)
{
	union bpf_attr detach = {
		.attach_type = BPF_CGROUP_DEVICE,
		.target_fd = (uint32_t)dir_fd,
		.attach_bpf_fd = (uint32_t)swap->now,
	};

	if (swap->now < 0)
		return 0;
	if (swap->old >= 0)
		return put_program(dir_fd, swap->old, swap->now);
	return sys_bpf(BPF_PROG_DETACH, &detach);
}
