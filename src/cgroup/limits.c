/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limits.c - the one table of limits: for each member of linux.resources its file and text on
 * cgroup v2 and on v1. limits_write.c carries it out. Never opens anything but files of the cgroup
 * itself, to keep what an update does not name.
 */
#include "cgroup/limits.h"
#include "base/fd.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

static limit_text_fn text_number, text_max, text_list, text_one, text_memory_max, text_swap_v2,
	text_swap_v1, text_weight, text_quota_v1, text_cpu_max, text_io_weight;
static limit_given_fn given_swap, given_no_oom, given_flat, given_cpu_max;

#define AT AT_RESOURCES
#define MEMBER(name) .offset = offsetof(struct spec_resources, name)
/* clang-format off */
#define IN(name, function) { .file = name, .text = function }
#define REFUSED(text) { .why = text }
#define V1_ONLY(what) \
	REFUSED(what " exists on cgroup v1 only, and this host has the controller on v2")

#define NO_WEIGHT "only the I/O scheduler BFQ has weights, and it is not here"
#define NO_LEAF "leaf weights went with the I/O scheduler CFQ in Linux 5.0"
#define THROTTLE(name, list, v1_file, v2_key)                                                      \
	{ AT "blockIO/" name, MEMBER_LIST, MEMBER(block_io.list.n),                        \
	  .controller = "io", .v1_controller = "blkio",                                            \
	  .v2 = { .file = "io.max", .line = line_throttle_v2, .key = v2_key },                     \
	  .v1 = { .file = v1_file, .line = line_throttle_v1 } }

static const struct limit_form
	io_weight = { .file = "io.weight", .text = text_io_weight, .lacking = NO_WEIGHT },
	bfq_weight = { .file = "blkio.bfq.weight", .text = text_number, .lacking = NO_WEIGHT },
	io_weight_device = { .file = "io.weight", .line = line_weight_io, .lacking = NO_WEIGHT },
	bfq_weight_device = { .file = "blkio.bfq.weight_device", .line = line_weight,
		.lacking = NO_WEIGHT };

/* In the order of writing; cpuset first, since memory and policies follow it. */
const struct limit limits[] = {
	{ AT "cpu/cpus", MEMBER_TEXT, MEMBER(cpu.cpus), .controller = "cpuset",
	  .v2 = IN("cpuset.cpus", text_list), .v1 = IN("cpuset.cpus", text_list) },
	{ AT "cpu/mems", MEMBER_TEXT, MEMBER(cpu.mems), .controller = "cpuset",
	  .v2 = IN("cpuset.mems", text_list), .v1 = IN("cpuset.mems", text_list) },

	/* v1 holds limit <= memory+swap at all times: the old values say which must go first. */
	{ AT "memory/limit", MEMBER_I64, MEMBER(memory.limit), .controller = "memory",
	  .paired = true,
	  .v2 = IN("memory.max", text_memory_max), .v1 = IN("memory.limit_in_bytes", text_number) },
	{ AT "memory/swap", MEMBER_I64, MEMBER(memory.swap), .given = given_swap,
	  .controller = "memory", .paired = true, .optional = true,
	  .v2 = IN("memory.swap.max", text_swap_v2),
	  .v1 = IN("memory.memsw.limit_in_bytes", text_swap_v1) },
	{ AT "memory/reservation", MEMBER_I64, MEMBER(memory.reservation), .controller = "memory",
	  .v2 = IN("memory.low", text_max), .v1 = IN("memory.soft_limit_in_bytes", text_number) },
	{ AT "memory/swappiness", MEMBER_U64, MEMBER(memory.swappiness), .zero_counts = true,
	  .controller = "memory",
	  .v2 = V1_ONLY("a cgroup's swappiness"), .v1 = IN("memory.swappiness", text_number) },
	{ AT "memory/disableOOMKiller", MEMBER_OTHER, .given = given_no_oom, .controller = "memory",
	  .v2 = V1_ONLY("a cgroup without the OOM killer"),
	  .v1 = IN("memory.oom_control", text_one) },
	{ AT "memory/useHierarchy", MEMBER_OTHER, .given = given_flat, .controller = "memory",
	  .v2 = REFUSED("memory is always counted with that of the cgroups below"),
	  .v1 = REFUSED("since Linux 5.11 memory is always counted with that of the cgroups below") },
	/* memory/kernel is ignored, with a warning of the spec layer: Linux 5.16 has no such
	 * limit. */
	{ AT "memory/kernelTCP", MEMBER_I64, MEMBER(memory.kernel_tcp),
	  .controller = "memory",
	  .v2 = V1_ONLY("a limit of TCP buffers"),
	  .v1 = IN("memory.kmem.tcp.limit_in_bytes", text_number) },

	/* 0 is a limit like any other (config-linux.md, PIDs). */
	{ AT "pids/limit", MEMBER_I64, MEMBER(pids_limit), .zero_counts = true, .controller = "pids",
	  .v2 = IN("pids.max", text_max), .v1 = IN("pids.max", text_max) },

	/* An idle cgroup takes no shares: if it is to be woken, shares come again afterwards. */
	{ AT "cpu/shares", MEMBER_U64, MEMBER(cpu.shares), .controller = "cpu", .paired = true,
	  .v2 = IN("cpu.weight", text_weight), .v1 = IN("cpu.shares", text_number) },
	{ AT "cpu/idle", MEMBER_I64, MEMBER(cpu.idle), .zero_counts = true, .controller = "cpu",
	  .v2 = IN("cpu.idle", text_number), .v1 = IN("cpu.idle", text_number) },
	/* One file for both on v2, in the row of quota; burst may not exceed quota at any time. */
	{ AT "cpu/period", MEMBER_U64, MEMBER(cpu.period), .controller = "cpu", .paired = true,
	  .v2 = { .file = "cpu.max" }, .v1 = IN("cpu.cfs_period_us", text_number) },
	{ AT "cpu/quota", MEMBER_I64, MEMBER(cpu.quota), .given = given_cpu_max, .controller = "cpu",
	  .paired = true,
	  .v2 = IN("cpu.max", text_cpu_max), .v1 = IN("cpu.cfs_quota_us", text_quota_v1) },
	{ AT "cpu/burst", MEMBER_U64, MEMBER(cpu.burst), .zero_counts = true, .controller = "cpu",
	  .paired = true,
	  .v2 = IN("cpu.max.burst", text_number), .v1 = IN("cpu.cfs_burst_us", text_number) },
	{ AT "cpu/realtimePeriod", MEMBER_U64, MEMBER(cpu.realtime_period), .controller = "cpu",
	  .paired = true,
	  .v2 = V1_ONLY("a cgroup's real-time bandwidth"), .v1 = IN("cpu.rt_period_us", text_number) },
	{ AT "cpu/realtimeRuntime", MEMBER_I64, MEMBER(cpu.realtime_runtime), .controller = "cpu",
	  .paired = true,
	  .v2 = V1_ONLY("a cgroup's real-time bandwidth"), .v1 = IN("cpu.rt_runtime_us", text_number) },

	{ AT "blockIO/weight", MEMBER_U64, MEMBER(block_io.weight), .controller = "io", .v1_controller = "blkio",
	  .v2 = { .file = "io.bfq.weight", .text = text_number, .other = &io_weight },
	  .v1 = { .file = "blkio.weight", .text = text_number, .other = &bfq_weight } },
	{ AT "blockIO/leafWeight", MEMBER_U64, MEMBER(block_io.leaf_weight), .controller = "io", .v1_controller = "blkio",
	  .v2 = V1_ONLY("a leaf weight"),
	  .v1 = { .file = "blkio.leaf_weight", .text = text_number, .lacking = NO_LEAF } },
	{ AT "blockIO/weightDevice", MEMBER_LIST, MEMBER(block_io.weight_device.n),
	  .given = given_weight_device, .controller = "io", .v1_controller = "blkio",
	  .v2 = { .file = "io.bfq.weight", .line = line_weight, .other = &io_weight_device },
	  .v1 = { .file = "blkio.weight_device", .line = line_weight, .other = &bfq_weight_device } },
	{ AT "blockIO/weightDevice", MEMBER_LIST, MEMBER(block_io.weight_device.n),
	  .given = given_leaf_device, .controller = "io", .v1_controller = "blkio",
	  .v2 = V1_ONLY("a leaf weight"),
	  .v1 = { .file = "blkio.leaf_weight_device", .line = line_leaf_weight, .lacking = NO_LEAF } },
	THROTTLE("throttleReadBpsDevice", throttle_read_bps, "blkio.throttle.read_bps_device", "rbps"),
	THROTTLE("throttleWriteBpsDevice", throttle_write_bps, "blkio.throttle.write_bps_device", "wbps"),
	THROTTLE("throttleReadIOPSDevice", throttle_read_iops, "blkio.throttle.read_iops_device", "riops"),
	THROTTLE("throttleWriteIOPSDevice", throttle_write_iops, "blkio.throttle.write_iops_device",
		"wiops"),

	/* Pages in use, and pages reserved by mappings: both, so that a mapping fails in time. */
	{ AT "hugepageLimits", MEMBER_LIST, MEMBER(n_hugepage_limits), .controller = "hugetlb",
	  .check = check_page_sizes,
	  .v2 = { .file = "max", .line = line_hugetlb },
	  .v1 = { .file = "limit_in_bytes", .line = line_hugetlb } },
	{ AT "hugepageLimits", MEMBER_LIST, MEMBER(n_hugepage_limits), .controller = "hugetlb",
	  .extra = true,
	  .v2 = { .file = "rsvd.max", .line = line_hugetlb },
	  .v1 = { .file = "rsvd.limit_in_bytes", .line = line_hugetlb } },

	{ AT "rdma", MEMBER_LIST, MEMBER(n_rdma), .controller = "rdma",
	  .v2 = { .file = "rdma.max", .line = line_rdma },
	  .v1 = { .file = "rdma.max", .line = line_rdma } },

	{ AT "network/classID", MEMBER_U32, MEMBER(network_class_id), .controller = "net_cls",
	  .v1_alone = true,
	  .v2 = REFUSED("cgroup v2 has no classes of network packets"),
	  .v1 = IN("net_cls.classid", text_number) },
	{ AT "network/priorities", MEMBER_LIST, MEMBER(n_network_priorities),
	  .controller = "net_prio", .v1_alone = true,
	  .v2 = REFUSED("cgroup v2 has no priorities of network packets"),
	  .v1 = { .file = "net_prio.ifpriomap", .line = line_priority } },
};
/* clang-format on */

const size_t n_limits = ELEMENTS(limits);
_Static_assert(ELEMENTS(limits) <= LIMITS_MAX, "limits_write.c counts on it");

/*
 * Members.
 */

const void *limit_member(const struct limit *row, const struct spec_resources *r)
{
	return (const char *)r + row->offset;
}

bool limit_given(const struct limit *row, const struct spec_resources *r)
{
	if (row->given)
		return row->given(r);
	if (row->kind == MEMBER_TEXT)
		return !str_empty(*(const char *const *)limit_member(row, r));
	if (row->kind == MEMBER_LIST)
		return *(const size_t *)limit_member(row, r) > 0;
	if (row->kind == MEMBER_U32) {
		const struct opt_u32 *o = limit_member(row, r);
		return o->set && (o->v != 0 || row->zero_counts);
	}
	if (row->kind == MEMBER_U64) {
		const struct opt_u64 *o = limit_member(row, r);
		return o->set && (o->v != 0 || row->zero_counts);
	}
	const struct opt_i64 *o = limit_member(row, r);
	return o->set && (o->v != 0 || row->zero_counts);
}

bool limit_unlimited(const struct limit *row, const struct spec_resources *r)
{
	if (row->given == given_swap)
		return r->memory.swap.v <= 0;
	return row->kind == MEMBER_I64 && ((const struct opt_i64 *)limit_member(row, r))->v < 0;
}

static int64_t value_or_0(const struct opt_i64 *o)
{
	return o->set ? o->v : 0;
}

static bool given_swap(const struct spec_resources *r)
{
	/* Memory without a limit takes swap along, which on v1 would otherwise be in its way. */
	return value_or_0(&r->memory.swap) != 0 || value_or_0(&r->memory.limit) == -1;
}

static bool given_no_oom(const struct spec_resources *r)
{
	return r->memory.disable_oom_killer.set && r->memory.disable_oom_killer.v;
}

static bool given_flat(const struct spec_resources *r)
{
	return r->memory.use_hierarchy.set && !r->memory.use_hierarchy.v;
}

static bool given_period(const struct spec_resources *r)
{
	return r->cpu.period.set && r->cpu.period.v != 0;
}

static bool given_cpu_max(const struct spec_resources *r)
{
	return value_or_0(&r->cpu.quota) != 0 || given_period(r);
}

/*
 * Texts.
 */

static int put(char *buf, const char **ret, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int put(char *buf, const char **ret, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(buf, LIMIT_TEXT, fmt, ap);
	va_end(ap);
	*ret = buf;
	return 1;
}

static int text_number(const struct limit *row, const struct spec_resources *r, int dir_fd,
	char *buf, const char **ret, struct err *e)
{
	if (row->kind == MEMBER_U32)
		return put(buf, ret, "%" PRIu32, ((const struct opt_u32 *)limit_member(row, r))->v);
	if (row->kind == MEMBER_U64)
		return put(buf, ret, "%" PRIu64, ((const struct opt_u64 *)limit_member(row, r))->v);
	return put(buf, ret, "%" PRId64, ((const struct opt_i64 *)limit_member(row, r))->v);
}

static int text_max(const struct limit *row, const struct spec_resources *r, int dir_fd, char *buf,
	const char **ret, struct err *e)
{
	if (limit_unlimited(row, r))
		return put(buf, ret, "max");
	return text_number(row, r, dir_fd, buf, ret, e);
}

static int text_list(const struct limit *row, const struct spec_resources *r, int dir_fd, char *buf,
	const char **ret, struct err *e)
{
	*ret = *(const char *const *)limit_member(row, r);
	return 1;
}

static int text_one(const struct limit *row, const struct spec_resources *r, int dir_fd, char *buf,
	const char **ret, struct err *e)
{
	return put(buf, ret, "1");
}

/* A number that stands first in a file of the cgroup; -ENODATA for "max" or where there is none. */
static int read_number(int dir_fd, const char *file, int64_t *ret)
{
	_cleanup_free_ char *text = NULL;

	if (dir_fd < 0 || fd_read_file(dir_fd, file, CGROUP_FILE_MAX, &text, NULL) < 0)
		return -ENODATA;
	text[strcspn(text, " \n")] = '\0';
	return str_to_i64(text, ret) < 0 ? -ENODATA : 0;
}

static int text_memory_max(const struct limit *row, const struct spec_resources *r, int dir_fd,
	char *buf, const char **ret, struct err *e)
{
	const struct spec_memory *m = &r->memory;
	int64_t current;

	/* v2 would answer a limit below the present use with the OOM killer. */
	if (m->check_before_update.set && m->check_before_update.v && m->limit.v > 0 &&
		read_number(dir_fd, "memory.current", &current) == 0 && current > m->limit.v)
		return err_say(e, EBUSY,
			AT_RESOURCES "memory/limit: %" PRId64 " bytes are less than the %" PRId64
				     " in use, and checkBeforeUpdate is set",
			m->limit.v, current);
	return text_max(row, r, dir_fd, buf, ret, e);
}

/* The specification counts memory and swap together, v2 swap alone. */
static int text_swap_v2(const struct limit *row, const struct spec_resources *r, int dir_fd,
	char *buf, const char **ret, struct err *e)
{
	int64_t swap = value_or_0(&r->memory.swap), limit = value_or_0(&r->memory.limit);

	if (swap < 0 || swap == 0)
		return put(buf, ret, "max");
	if (limit == 0 && read_number(dir_fd, "memory.max", &limit) < 0)
		return err_say(e, EINVAL,
			AT_RESOURCES
			"memory/swap: %" PRId64
			" bytes of memory and swap together mean nothing without memory/limit",
			swap);
	if (limit < 0)
		return put(buf, ret, "%" PRId64, swap);
	if (swap < limit)
		return err_say(e, EINVAL,
			AT_RESOURCES "memory/swap: %" PRId64
				     " bytes of memory and swap together are less than the %" PRId64
				     " of memory/limit alone",
			swap, limit);
	return put(buf, ret, "%" PRId64, swap - limit);
}

static int text_swap_v1(const struct limit *row, const struct spec_resources *r, int dir_fd,
	char *buf, const char **ret, struct err *e)
{
	int64_t swap = value_or_0(&r->memory.swap), limit = value_or_0(&r->memory.limit);

	if (swap > 0 && limit > swap)
		return text_swap_v2(row, r, dir_fd, buf, ret, e); /* says why not */
	return put(buf, ret, "%" PRId64, swap == 0 ? -1 : swap);
}

uint64_t limits_weight(uint64_t shares)
{
	if (shares <= 2)
		return 1;
	if (shares >= 262144)
		return 10000;
	/*
	 * The curve that runc and crun have used since 2025: quadratic between the logarithms,
	 * through (2, 1), (1024, 100) and (262144, 10000), so that v1's default becomes v2's.
	 */
	double l = log2((double)shares);
	return (uint64_t)ceil(pow(10, (l * l + 125 * l - 126) / 612));
}

static int text_weight(const struct limit *row, const struct spec_resources *r, int dir_fd,
	char *buf, const char **ret, struct err *e)
{
	return put(buf, ret, "%" PRIu64, limits_weight(r->cpu.shares.v));
}

static int text_quota_v1(const struct limit *row, const struct spec_resources *r, int dir_fd,
	char *buf, const char **ret, struct err *e)
{
	if (value_or_0(&r->cpu.quota) == 0)
		return 0; /* a period alone */
	return put(buf, ret, "%" PRId64, r->cpu.quota.v < 0 ? -1 : r->cpu.quota.v);
}

static int text_cpu_max(const struct limit *row, const struct spec_resources *r, int dir_fd,
	char *buf, const char **ret, struct err *e)
{
	int64_t quota = value_or_0(&r->cpu.quota);

	/* What is not given stays: the kernel keeps the period where one word is written. */
	if (quota == 0 && read_number(dir_fd, "cpu.max", &quota) < 0)
		quota = -1;
	if (quota < 0 && !given_period(r))
		return put(buf, ret, "max");
	if (quota < 0)
		return put(buf, ret, "max %" PRIu64, r->cpu.period.v);
	if (!given_period(r))
		return put(buf, ret, "%" PRId64, quota);
	return put(buf, ret, "%" PRId64 " %" PRIu64, quota, r->cpu.period.v);
}

static int text_io_weight(const struct limit *row, const struct spec_resources *r, int dir_fd,
	char *buf, const char **ret, struct err *e)
{
	return put(buf, ret, "%" PRIu64, limits_io_weight(r->block_io.weight.v));
}

/*
 * Lines.
 */

size_t limit_lines(const struct limit *row, const struct spec_resources *r)
{
	if (!limit_given(row, r))
		return 0;
	return row->kind == MEMBER_LIST ? *(const size_t *)limit_member(row, r) : 1;
}

int limit_line(const struct limit *row, const struct limit_form *form,
	const struct spec_resources *r, size_t i, int dir_fd, struct limit_line *ret, struct err *e)
{
	ret->pointer = row->pointer;
	ret->file = form->file;
	ret->device = NULL;
	if (form->line) {
		(void)snprintf(
			ret->pointer_buf, sizeof(ret->pointer_buf), "%s/%zu", row->pointer, i);
		ret->pointer = ret->pointer_buf;
		ret->text = ret->text_buf;
		return form->line(row, form, r, i, ret, e);
	}
	return form->text ? form->text(row, r, dir_fd, ret->text_buf, &ret->text, e) : 0;
}

int limit_refused(const struct limit *row, const struct limit_form *form, struct err *e)
{
	return err_say(e, ENOTSUP, "%s: %s", row->pointer, form->why);
}

bool limits_any(const struct spec_resources *r)
{
	for (size_t i = 0; i < ELEMENTS(limits); i++)
		if (limit_given(&limits[i], r))
			return true;
	return r->unified.n > 0;
}

const char *limits_first(const struct spec_resources *r)
{
	for (size_t i = 0; i < ELEMENTS(limits); i++)
		if (limit_given(&limits[i], r) && !limit_unlimited(&limits[i], r))
			return limits[i].pointer;
	return r->unified.n > 0 ? AT_RESOURCES "unified" : NULL;
}

size_t limits_lines(size_t i, const struct spec_resources *r)
{
	return i < ELEMENTS(limits) ? limit_lines(&limits[i], r) : 0;
}

int limits_text(size_t i, size_t line, bool v2, bool other, const struct spec_resources *r,
	const char **ret_file, const char **ret_text, struct err *e)
{
	static struct limit_line l;

	if (i >= ELEMENTS(limits))
		return -ENOENT;

	const struct limit *row = &limits[i];
	const struct limit_form *form = v2 ? &row->v2 : &row->v1;
	if (line >= limit_lines(row, r))
		return 0;
	if (form->why)
		return limit_refused(row, form, e);
	if (other && form->other)
		form = form->other;
	int n = limit_line(row, form, r, line, -1, &l, e);
	*ret_file = l.file;
	*ret_text = l.text;
	return n;
}
