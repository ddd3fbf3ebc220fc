/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of the cgroup layer that need no cgroup: the table of limits on both versions, where
 * the hierarchies of captured hosts are, paths, and what device rules mean.
 *
 * Device rules are judged by a plain reading of the list ("for each access the last rule that names
 * it decides"), which shares nothing with the program for v2, run here by a small interpreter, nor
 * with the exceptions for v1, matched here as the kernel's devcgroup does.
 */
#include "rows.h"

#include "base/fd.h"
#include "cgroup/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <sys/stat.h>
#include <unistd.h>

/* ------------------------------------------------------------------ the table */

#define I(x)                                                                                       \
	{                                                                                          \
		true, (x)                                                                          \
	}
#define MB (INT64_C(1) << 20)

struct text_row {
	const char *says;
	struct spec_resources r;
	const char *v1, *v2; /* "file=text ..." of all rows; or words of the error */
};

#define DEVICES(...)                                                                               \
	{                                                                                          \
		sizeof((struct spec_block_device[]){ __VA_ARGS__ }) /                              \
			sizeof(struct spec_block_device),                                          \
			(struct spec_block_device[])                                               \
		{                                                                                  \
			__VA_ARGS__                                                                \
		}                                                                                  \
	}

static const struct text_row text_rows[] = {
	{ "nothing given, nothing written", { 0 }, "", "" },
	{ "zeros are not given, but where zero is a value",
		{ .memory = { .limit = I(0), .swap = I(0), .reservation = I(0) },
			.cpu = { .shares = I(0), .quota = I(0), .period = I(0) } },
		"", "" },
	{ "memory limit", { .memory.limit = I(64 * MB) }, "memory.limit_in_bytes=67108864",
		"memory.max=67108864" },
	{ "no memory limit takes swap along", { .memory.limit = I(-1) },
		"memory.limit_in_bytes=-1 memory.memsw.limit_in_bytes=-1",
		"memory.max=max memory.swap.max=max" },
	{ "swap counts memory on v1, not on v2", { .memory = { .limit = I(64), .swap = I(100) } },
		"memory.limit_in_bytes=64 memory.memsw.limit_in_bytes=100",
		"memory.max=64 memory.swap.max=36" },
	{ "no swap at all", { .memory = { .limit = I(64), .swap = I(64) } },
		"memory.limit_in_bytes=64 memory.memsw.limit_in_bytes=64",
		"memory.max=64 memory.swap.max=0" },
	{ "swap without limit", { .memory = { .limit = I(64), .swap = I(-1) } },
		"memory.limit_in_bytes=64 memory.memsw.limit_in_bytes=-1",
		"memory.max=64 memory.swap.max=max" },
	{ "swap limited, memory not", { .memory = { .limit = I(-1), .swap = I(64) } },
		"memory.limit_in_bytes=-1 memory.memsw.limit_in_bytes=64",
		"memory.max=max memory.swap.max=64" },
	{ "less swap and memory than memory", { .memory = { .limit = I(64), .swap = I(63) } },
		"less than the 64 of memory/limit", "less than the 64 of memory/limit" },
	{ "swap alone", { .memory.swap = I(64) }, "memory.memsw.limit_in_bytes=64",
		"mean nothing without memory/limit" },
	{ "reservation", { .memory.reservation = I(-1) }, "memory.soft_limit_in_bytes=-1",
		"memory.low=max" },
	{ "swappiness 0 is a value", { .memory.swappiness = I(0) }, "memory.swappiness=0",
		"/linux/resources/memory/swappiness: a cgroup's swappiness exists on cgroup v1 "
		"only" },
	{ "no OOM killer", { .memory.disable_oom_killer = I(true) }, "memory.oom_control=1",
		"/linux/resources/memory/disableOOMKiller: a cgroup without the OOM killer exists "
		"on" },
	{ "an OOM killer", { .memory.disable_oom_killer = I(false) }, "", "" },
	{ "pids", { .pids_limit = I(7) }, "pids.max=7", "pids.max=7" },
	{ "pids: 0 is a value", { .pids_limit = I(0) }, "pids.max=0", "pids.max=0" },
	{ "pids: -1 is none", { .pids_limit = I(-1) }, "pids.max=max", "pids.max=max" },
	{ "shares become weight", { .cpu.shares = I(1024) }, "cpu.shares=1024", "cpu.weight=100" },
	{ "quota and period", { .cpu = { .quota = I(5000), .period = I(20000) } },
		"cpu.cfs_period_us=20000 cpu.cfs_quota_us=5000", "cpu.max=5000 20000" },
	{ "quota alone", { .cpu.quota = I(5000) }, "cpu.cfs_quota_us=5000", "cpu.max=5000" },
	{ "quota none", { .cpu = { .quota = I(-1), .period = I(20000) } },
		"cpu.cfs_period_us=20000 cpu.cfs_quota_us=-1", "cpu.max=max 20000" },
	{ "period alone", { .cpu.period = I(20000) }, "cpu.cfs_period_us=20000",
		"cpu.max=max 20000" },
	{ "burst 0 is a value", { .cpu.burst = I(0) }, "cpu.cfs_burst_us=0", "cpu.max.burst=0" },
	{ "idle", { .cpu.idle = I(1) }, "cpu.idle=1", "cpu.idle=1" },
	{ "cpuset first",
		{ .pids_limit = I(1), .cpu = { .cpus = "0-3,7", .mems = "0", .idle = I(0) } },
		"cpuset.cpus=0-3,7 cpuset.mems=0 pids.max=1 cpu.idle=0",
		"cpuset.cpus=0-3,7 cpuset.mems=0 pids.max=1 cpu.idle=0" },
	{ "an empty list is not given", { .cpu = { .cpus = "", .mems = "" } }, "", "" },
	{ "real time", { .cpu = { .realtime_period = I(1000000), .realtime_runtime = I(950000) } },
		"cpu.rt_period_us=1000000 cpu.rt_runtime_us=950000",
		"real-time bandwidth exists on" },
	{ "TCP buffers", { .memory.kernel_tcp = I(5) }, "memory.kmem.tcp.limit_in_bytes=5",
		"/linux/resources/memory/kernelTCP: a limit of TCP buffers exists on cgroup v1 "
		"only" },
	{ "I/O weight", { .block_io.weight = I(500) }, "blkio.weight=500", "io.bfq.weight=500" },
	{ "no I/O weight", { .block_io.weight = I(0) }, "", "" },
	{ "a leaf's weight", { .block_io.leaf_weight = I(20) }, "blkio.leaf_weight=20",
		"/linux/resources/blockIO/leafWeight: a leaf weight exists on cgroup v1 only" },
	{ "devices' weights",
		{ .block_io.weight_device = DEVICES({ .major = 8, .minor = 0, .weight = I(100) },
			  { .major = 259, .minor = 1048575, .weight = I(10) }) },
		"blkio.weight_device=8:0 100 blkio.weight_device=259:1048575 10",
		"io.bfq.weight=8:0 100 io.bfq.weight=259:1048575 10" },
	{ "devices' leaf weights",
		{ .block_io.weight_device = DEVICES({ .major = 8, .minor = 0, .weight = I(100) },
			  { .major = 8, .minor = 16, .leaf_weight = I(30) }) },
		"blkio.weight_device=8:0 100 blkio.leaf_weight_device=8:16 30",
		"/linux/resources/blockIO/weightDevice: a leaf weight exists on cgroup v1 only" },
	{ "rates",
		{ .block_io = { .throttle_read_bps = DEVICES({ .major = 8, .rate = I(1000) }),
			  .throttle_write_bps = DEVICES({ .major = 8, .rate = I(UINT64_MAX) },
				  { .major = 7, .minor = 1, .rate = I(1) }),
			  .throttle_read_iops = DEVICES({ .major = 8, .rate = I(30) }),
			  .throttle_write_iops = DEVICES({ .major = 8, .rate = I(40) }) } },
		"blkio.throttle.read_bps_device=8:0 1000 "
		"blkio.throttle.write_bps_device=8:0 18446744073709551615 "
		"blkio.throttle.write_bps_device=7:1 1 "
		"blkio.throttle.read_iops_device=8:0 30 "
		"blkio.throttle.write_iops_device=8:0 40",
		"io.max=8:0 rbps=1000 io.max=8:0 wbps=18446744073709551615 io.max=7:1 wbps=1 "
		"io.max=8:0 riops=30 io.max=8:0 wiops=40" },
	{ "a rate of 0 ends the limit",
		{ .block_io.throttle_read_bps = DEVICES({ .major = 8, .rate = I(0) }) },
		"blkio.throttle.read_bps_device=8:0 0", "io.max=8:0 rbps=max" },
	{ "huge pages, as the kernel names their sizes",
		{ .n_hugepage_limits = 3,
			.hugepage_limits = (struct spec_hugepage_limit[]){ { "2048KB", 4194304 },
				{ "64KB", 0 }, { "1024MB", UINT64_MAX } } },
		"hugetlb.2MB.limit_in_bytes=4194304 hugetlb.64KB.limit_in_bytes=0 "
		"hugetlb.1GB.limit_in_bytes=18446744073709551615 "
		"hugetlb.2MB.rsvd.limit_in_bytes=4194304 hugetlb.64KB.rsvd.limit_in_bytes=0 "
		"hugetlb.1GB.rsvd.limit_in_bytes=18446744073709551615",
		"hugetlb.2MB.max=4194304 hugetlb.64KB.max=0 hugetlb.1GB.max=18446744073709551615 "
		"hugetlb.2MB.rsvd.max=4194304 hugetlb.64KB.rsvd.max=0 "
		"hugetlb.1GB.rsvd.max=18446744073709551615" },
	{ "huge pages beyond all numbers",
		{ .n_hugepage_limits = 1,
			.hugepage_limits =
				(struct spec_hugepage_limit[]){ { "99999999999999999999GB", 1 } } },
		"/linux/resources/hugepageLimits/0/pageSize: there are no pages of 99999",
		"/linux/resources/hugepageLimits/0/pageSize: there are no pages of 99999" },
	{ "RDMA, what is not given stays",
		{ .n_rdma = 3,
			.rdma = (struct spec_rdma[]){ { "mlx5_0", I(2), I(4294967295) },
				{ "a", I(0), { 0 } }, { "b", { 0 }, I(7) } } },
		"rdma.max=mlx5_0 hca_handle=2 hca_object=4294967295 rdma.max=a hca_handle=0 "
		"rdma.max=b hca_object=7",
		"rdma.max=mlx5_0 hca_handle=2 hca_object=4294967295 rdma.max=a hca_handle=0 "
		"rdma.max=b hca_object=7" },
	{ "an RDMA device with more in its name",
		{ .n_rdma = 1, .rdma = (struct spec_rdma[]){ { "a hca_object=9", I(2), { 0 } } } },
		"'a hca_object=9' is not the name of a device",
		"'a hca_object=9' is not the name of a device" },
	{ "network class and priorities",
		{ .network_class_id = I(1048577),
			.n_network_priorities = 2,
			.network_priorities =
				(struct spec_network_priority[]){ { "eth0", 500 }, { "lo", 0 } } },
		"net_cls.classid=1048577 net_prio.ifpriomap=eth0 500 net_prio.ifpriomap=lo 0",
		"/linux/resources/network/classID: cgroup v2 has no classes of network packets" },
	{ "a network interface without a name",
		{ .n_network_priorities = 1,
			.network_priorities = (struct spec_network_priority[]){ { "", 1 } } },
		"/linux/resources/network/priorities/0: '' is not the name of a device",
		"/linux/resources/network/priorities: cgroup v2 has no priorities" },
	{ "numbers beyond 63 bits", { .cpu.burst = I(UINT64_MAX) },
		"cpu.cfs_burst_us=18446744073709551615", "cpu.max.burst=18446744073709551615" },
};

static void check_texts(const struct spec_resources *r, bool v2, bool other, const char *want)
{
	struct strbuf got = { 0 };
	struct err e = { 0 };
	const char *file, *text;
	int n = 0;

	strbuf_adds(&got, "");
	for (size_t i = 0; n != -ENOENT; i++) {
		size_t lines = limits_lines(i, r);
		for (size_t line = 0; line < lines || lines == 0; line++) {
			n = limits_text(i, line, v2, other, r, &file, &text, &e);
			if (n < 0 && n != -ENOENT) {
				if (!strstr(e.text, want) || !*want)
					fail_msg("'%s' lacks '%s'", e.text, want);
				strbuf_free(&got);
				return;
			}
			if (n > 0)
				strbuf_addf(&got, "%s%s=%s", got.len ? " " : "", file, text);
			if (lines == 0)
				break;
		}
	}
	assert_words(got.text, want);
	strbuf_free(&got);
}

static void texts(void **state)
{
	const struct text_row *row = *state;

	check_texts(&row->r, false, false, row->v1);
	check_texts(&row->r, true, false, row->v2);
}

/* On a kernel that lacks a limit's first file. */
static const struct text_row other_rows[] = {
	{ "I/O weight", { .block_io.weight = I(500) }, "blkio.bfq.weight=500", "io.weight=4950" },
	{ "the lightest", { .block_io.weight = I(10) }, "blkio.bfq.weight=10", "io.weight=1" },
	{ "the heaviest", { .block_io.weight = I(1000) }, "blkio.bfq.weight=1000",
		"io.weight=10000" },
	{ "devices' weights",
		{ .block_io.weight_device = DEVICES({ .major = 8, .minor = 0, .weight = I(100) },
			  { .major = 259, .minor = 1048575, .weight = I(10) }) },
		"blkio.bfq.weight_device=8:0 100 blkio.bfq.weight_device=259:1048575 10",
		"io.weight=8:0 910 io.weight=259:1048575 1" },
	{ "what has one file only", { .pids_limit = I(7) }, "pids.max=7", "pids.max=7" },
};

static void other_texts(void **state)
{
	const struct text_row *row = *state;

	check_texts(&row->r, false, true, row->v1);
	check_texts(&row->r, true, true, row->v2);
}

/* From runc's and crun's tests and documentation of the conversion; the ends by its definition. */
static void weights(void **state)
{
	static const struct {
		uint64_t shares, weight;
	} rows[] = { { 0, 1 }, { 1, 1 }, { 2, 1 }, { 512, 59 }, { 1024, 100 }, { 2048, 174 },
		{ 262144, 10000 }, { 262145, 10000 }, { UINT64_MAX, 10000 } };

	for (size_t i = 0; i < ELEMENTS(rows); i++)
		assert_int_equal(limits_weight(rows[i].shares), rows[i].weight);
	for (uint64_t s = 2; s < 262144; s++)
		assert_true(limits_weight(s) <= limits_weight(s + 1));
}

/* ------------------------------------------------------------------ hosts */

struct host_row {
	const char *says, *mountinfo, *self,
		*want; /* "controllers@mount:own" of each; own "?" unknown */
};

static const struct host_row host_rows[] = {
	{ "pure v2",
		"30 22 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n",
		"0::/user.slice/a\n", "v2@/sys/fs/cgroup:/user.slice/a" },
	{ "v1 and a name",
		"31 30 0:28 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
		"32 30 0:29 / /sys/fs/cgroup/systemd rw shared:9 master:2 - cgroup systemd "
		"rw,xattr,name=systemd\n",
		"3:cpuacct,cpu:/x\n1:name=systemd:/\n",
		"cpuacct,cpu@/sys/fs/cgroup/cpu,cpuacct:/x name=systemd@/sys/fs/cgroup/systemd:/" },
	{ "hybrid, one controller not mounted",
		"31 30 0:28 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"
		"40 30 0:37 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
		"8:pids:/p\n3:cpuset:/\n0::/u\n",
		"pids@/sys/fs/cgroup/pids:/p v2@/sys/fs/cgroup/unified:/u" },
	{ "a container without a cgroup namespace sees its part",
		"31 30 0:28 /docker/abc /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n",
		"8:pids:/docker/abc\n", "pids@/sys/fs/cgroup/pids:/" },
	{ "and below it", "31 30 0:28 /docker/abc /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n",
		"8:pids:/docker/abc/x/y\n", "pids@/sys/fs/cgroup/pids:/x/y" },
	{ "a name that only starts the same is another",
		"31 30 0:28 /docker/abc /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n",
		"8:pids:/docker/abcd\n", "pids@/sys/fs/cgroup/pids:?" },
	{ "the host's mount in a cgroup namespace: the way is not known",
		"31 30 0:28 /../.. /sys/fs/cgroup rw - cgroup2 cgroup rw\n", "0::/\n",
		"v2@/sys/fs/cgroup:?" },
	{ "a process outside of its namespace's root",
		"31 30 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup rw\n", "0::/../other\n",
		"v2@/sys/fs/cgroup:?" },
	{ "of two mounts the usual, writable one",
		"29 1 0:26 / /mnt/cg rw - cgroup2 cgroup2 rw\n"
		"30 1 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
		"31 1 0:26 / /mnt/other rw - cgroup2 cgroup2 rw\n",
		"0::/\n", "v2@/sys/fs/cgroup:/" },
	{ "a writable one elsewhere before a read-only one",
		"29 1 0:26 / /mnt/cg rw - cgroup2 cgroup2 rw\n"
		"30 1 0:26 / /sys/fs/cgroup ro,nosuid - cgroup2 cgroup2 rw\n",
		"0::/\n", "v2@/mnt/cg:/" },
	{ "a later mount on the same directory hides the first",
		"29 1 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
		"30 1 0:26 / /sys/fs/cgroup ro - cgroup2 cgroup2 rw\n",
		"0::/\n", "v2@/sys/fs/cgroup(ro):/" },
	{ "blanks are escaped", "29 1 0:26 / /mnt/a\\040b\\134c rw - cgroup2 cgroup2 rw\n",
		"0::/\n", "v2@/mnt/a b\\c:/" },
	{ "no cgroup mounted", "29 1 0:26 / / rw - ext4 /dev/cgroup rw\n", "0::/\n", "" },
	{ "lines that are none are passed over",
		"29 cgroup\n - cgroup2 x rw\n\n29 1 0:26 / /m rw - cgroup2\n", "0::/\n", "" },
};

static void hosts(void **state)
{
	const struct host_row *row = *state;
	struct arena arena = { 0 };
	struct strbuf got = { 0 };
	struct hierarchy *h;
	struct err e = { 0 };
	size_t n;

	char *mountinfo = arena_strdup(&arena, row->mountinfo);
	char *self = arena_strdup(&arena, row->self);
	assert_int_equal(hierarchies_parse(mountinfo, self, &arena, &h, &n, &e), 0);
	strbuf_adds(&got, "");
	for (size_t i = 0; i < n; i++)
		strbuf_addf(&got, "%s%s@%s%s:%s", got.len ? " " : "",
			h[i].v2 ? "v2" : h[i].controllers, h[i].mount, h[i].readonly ? "(ro)" : "",
			h[i].own ? h[i].own : "?");
	assert_words(got.text, row->want);
	strbuf_free(&got);
	arena_free(&arena);
}

static void bad_self_texts(void **state)
{
	static const char *const rows[] = { "x\n", "0:\n", "0::x\n", "0:cpu\n" };
	struct hierarchy *h;
	size_t n;

	for (size_t i = 0; i < ELEMENTS(rows); i++) {
		struct arena arena = { 0 };
		struct err e = { 0 };
		char none[] = "", *self = arena_strdup(&arena, rows[i]);
		assert_int_equal(hierarchies_parse(none, self, &arena, &h, &n, &e), -EBADMSG);
		arena_free(&arena);
	}
}

/* ------------------------------------------------------------------ paths */

struct path_row {
	const char *says, *path, *want; /* or words of the error */
	bool refused;
};

static const struct path_row path_rows[] = {
	{ "plain", "/a/b", "/a/b", false },
	{ "relative", "a", "/a", false },
	{ "empty names and dots go", "//a/./b/", "/a/b", false },
	{ "the root", "/", "/", false },
	{ "dots within a name stay", "/..a/b..", "/..a/b..", false },
	{ "upwards", "/a/../b", "'..'", true },
	{ "upwards at the end", "a/..", "'..'", true },
	{ "a line break", "/a\nb", "line break", true },
};

static void paths(void **state)
{
	const struct path_row *row = *state;
	struct arena arena = { 0 };
	struct err e = { 0 };
	char *got = NULL;
	int r = cgroup_path_clean(row->path, "/linux/cgroupsPath", &arena, &got, &e);

	if (row->refused) {
		assert_true(r < 0);
		if (!strstr(e.text, row->want) || !strstr(e.text, "/linux/cgroupsPath"))
			fail_msg("'%s' lacks '%s'", e.text, row->want);
	} else {
		assert_int_equal(r, 0);
		assert_words(got, row->want);
	}
	arena_free(&arena);
}

static void long_paths(void **state)
{
	struct arena arena = { 0 };
	struct err e = { 0 };
	char *got, name[300], path[9000] = "";

	memset(name, 'x', sizeof(name));
	name[255] = '\0';
	assert_int_equal(cgroup_path_clean(name, "it", &arena, &got, &e), 0);
	name[255] = 'x';
	name[256] = '\0';
	assert_int_equal(cgroup_path_clean(name, "it", &arena, &got, &e), -ENAMETOOLONG);
	for (int i = 0; i < 30; i++)
		strcat(strcat(path, "/"), name + 1);
	assert_int_equal(cgroup_path_clean(path, "it", &arena, &got, &e), -ENAMETOOLONG);
	arena_free(&arena);
}

/* ------------------------------------------------------------------ device rules */

struct request {
	char type;
	unsigned major, minor, access;
};

/* What the list says, read plainly. */
static bool allowed_by_list(const struct dev_rule *rules, size_t n, const struct request *q)
{
	for (unsigned bit = 1; bit <= DEV_WRITE; bit <<= 1) {
		bool allow = false;
		if (!(q->access & bit))
			continue;
		for (size_t i = 0; i < n; i++) {
			const struct dev_rule *rule = &rules[i];
			if ((rule->type == 'a' || rule->type == q->type) && (rule->access & bit) &&
				(rule->major < 0 || rule->major == q->major) &&
				(rule->minor < 0 || rule->minor == q->minor))
				allow = rule->allow;
		}
		if (!allow)
			return false;
	}
	return true;
}

/* The instructions that a device program may use, as in the kernel's instruction-set.rst. */
static bool allowed_by_program(const struct bpf_insn *v, size_t n, const struct request *q)
{
	const struct bpf_cgroup_dev_ctx ctx = {
		.access_type = q->access << 16 |
			       (q->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR),
		.major = q->major,
		.minor = q->minor,
	};
	uint64_t reg[11] = { 0 };

	for (size_t pc = 0, steps = 0; pc < n && steps < 100000; pc++, steps++) {
		const struct bpf_insn *in = &v[pc];
		uint64_t *dst = &reg[in->dst_reg];
		uint32_t imm = (uint32_t)in->imm;
		switch (in->code) {
		case BPF_LDX | BPF_MEM | BPF_W: {
			uint32_t word;
			assert_true(in->src_reg == 1 && in->off >= 0 && in->off <= 8 &&
				    in->off % 4 == 0);
			memcpy(&word, (const char *)&ctx + in->off, 4);
			*dst = word;
			break;
		}
		case BPF_ALU64 | BPF_MOV | BPF_X:
			*dst = reg[in->src_reg];
			break;
		case BPF_ALU64 | BPF_MOV | BPF_K:
			*dst = (uint64_t)(int64_t)in->imm;
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			*dst = (uint32_t)*dst & imm;
			break;
		case BPF_ALU | BPF_RSH | BPF_K:
			*dst = (uint32_t)*dst >> imm;
			break;
		case BPF_JMP32 | BPF_JNE | BPF_K:
			pc += (uint32_t)*dst != imm ? (size_t)in->off : 0;
			break;
		case BPF_JMP32 | BPF_JSET | BPF_K:
			pc += ((uint32_t)*dst & imm) != 0 ? (size_t)in->off : 0;
			break;
		case BPF_JMP | BPF_JA:
			pc += (size_t)in->off;
			break;
		case BPF_JMP | BPF_EXIT:
			return reg[0] == 1;
		default:
			fail_msg("instruction %#x", in->code);
		}
	}
	fail_msg("the program runs past its end");
	return false;
}

/* As devcgroup_inode_permission and devcgroup_inode_mknod ask it. */
static bool asked_by_v1(const struct request *q)
{
	return q->access == DEV_MKNOD || !(q->access & DEV_MKNOD);
}

/* As __devcgroup_check_permission: one exception must cover the whole request. */
static bool allowed_by_v1(const struct dev_list *list, const struct request *q)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct dev_rule *x = &list->v[i];
		if (x->type != q->type || (x->major >= 0 && x->major != q->major) ||
			(x->minor >= 0 && x->minor != q->minor))
			continue;
		if (list->allow ? (q->access & x->access) != 0 : (q->access & ~x->access) == 0)
			return !list->allow;
	}
	return list->allow;
}

static const struct request *requests(size_t *ret_n)
{
	static struct request v[2 * 5 * 5 * 8];
	static const unsigned numbers[] = { 0, 1, 3, 5, 0xffffffff };
	size_t n = 0;

	for (int type = 0; type < 2; type++)
		for (size_t i = 0; i < 5; i++)
			for (size_t j = 0; j < 5; j++)
				for (unsigned a = 1; a < 8; a++)
					v[n++] = (struct request){ "bc"[type], numbers[i],
						numbers[j], a };
	*ret_n = n;
	return v;
}

/* Random lists over few numbers, so that rules meet. */
static void rules_mean_the_same_everywhere(void **state)
{
	size_t n_requests, expressed = 0, n_insns;
	const struct request *q = requests(&n_requests);
	struct bpf_insn *insns;
	struct err e = { 0 };

	srandom(1);
	for (int round = 0; round < 20000; round++) {
		static const int64_t numbers[] = { -1, 0, 1, 3, 0xffffffff };
		struct dev_rule rules[8];
		size_t n = (size_t)random() % 8;
		for (size_t i = 0; i < n; i++)
			rules[i] = (struct dev_rule){ .allow = random() % 2,
				.type = "abc"[random() % 3],
				.major = numbers[random() % 5],
				.minor = numbers[random() % 5],
				.access = random() % 3 ? (unsigned)random() % 8 : DEV_ALL };
		struct dev_list list;
		bool v1 = dev_list_build(rules, n, &list, &e) == 0;
		assert_int_equal(devbpf_program(rules, n, &insns, &n_insns, &e), 0);
		for (size_t i = 0; i < n_requests; i++) {
			bool want = allowed_by_list(rules, n, &q[i]);
			assert_int_equal(allowed_by_program(insns, n_insns, &q[i]), want);
			if (v1 && asked_by_v1(&q[i]))
				assert_int_equal(allowed_by_v1(&list, &q[i]), want);
		}
		expressed += v1;
		if (v1)
			free(list.v);
		free(insns);
	}
	assert_true(expressed > 5000 && expressed < 20000);
}

/* devices.list shows what was asked for, though the defaults let every node be made. */
static void v1_adds_no_access_for_nothing(void **state)
{
	static const struct dev_rule rules[] = {
		{ true, false, 'b', 8, 20, DEV_READ | DEV_WRITE },
		{ true, false, 'b', 8, 21, DEV_READ },
		{ true, true, 'b', -1, -1, DEV_MKNOD },
		{ true, false, 'b', 8, -1, DEV_WRITE },
	};
	struct dev_list list;
	struct err e = { 0 };

	assert_int_equal(dev_list_build(rules, 4, &list, &e), 0);
	assert_int_equal(list.n, 4);
	assert_int_equal(list.v[0].access, DEV_READ | DEV_WRITE);
	assert_int_equal(list.v[1].access, DEV_READ | DEV_WRITE); /* by 8:* it can be both */
	assert_int_equal(list.v[2].access, DEV_MKNOD);
	assert_int_equal(list.v[3].access, DEV_WRITE);
	free(list.v);
}

/* "1:*" and "*:3" add up to reading and writing 1:3, which somebody has to say. */
static void v1_adds_up_what_another_rule_gives(void **state)
{
	const struct dev_rule rules[] = {
		{ true, false, 'c', 1, -1, DEV_READ },
		{ true, false, 'c', -1, 3, DEV_WRITE },
		{ true, false, 'c', 1, 3, DEV_READ | DEV_WRITE },
	};
	struct dev_list list;
	struct err e = { 0 };

	assert_int_equal(dev_list_build(rules, 2, &list, &e), -ENOTSUP);
	assert_non_null(strstr(e.text, "cgroup v1 cannot add up 'c 1:* r' and 'c *:3 w'"));
	assert_int_equal(dev_list_build(rules, 3, &list, &e), 0);
	assert_int_equal(list.n, 3);
	free(list.v);
}

static void v1_says_what_it_cannot_do(void **state)
{
	static const struct dev_rule rules[] = {
		{ true, false, 'c', 1, -1, DEV_READ | DEV_WRITE },
		{ false, false, 'c', 1, 3, DEV_WRITE },
	};
	struct dev_list list;
	struct err e = { 0 };

	assert_int_equal(dev_list_build(rules, 2, &list, &e), -ENOTSUP);
	assert_words(e.text, "/linux/resources/devices: cgroup v1 cannot deny 'c 1:3 w' within 'c "
			     "1:* rw', which an earlier rule allows");
}

/* What is written, one behind the other, by a directory of plain files in the cgroup's place. */
static const struct written_row {
	const char *says, *list;
	struct dev_rule rules[4];
	size_t n;
	const char *allow, *deny;
} written_rows[] = {
	{ "a list that denies the rest is changed where it differs",
		"c 1:3 rwm\nb *:* m\nc 60:* rw\n",
		{ { true, false, 'c', 1, 3, DEV_ALL }, { true, false, 'b', 8, 0, DEV_READ } }, 2,
		"b 8:0 r", "b *:* mc 60:* rw" },
	{ "the same list is not written", "c 1:3 rwm\nc 136:* rw\n",
		{ { true, false, 'c', 136, -1, DEV_READ | DEV_WRITE },
			{ true, false, 'c', 1, 3, DEV_ALL } },
		2, "", "" },
	{ "of one device only what changes", "c 1:3 rm\n",
		{ { true, false, 'c', 1, 3, DEV_READ | DEV_WRITE } }, 1, "c 1:3 w", "c 1:3 m" },
	{ "all devices of a number become one", "c 1:* rw\n",
		{ { true, false, 'c', 1, 3, DEV_READ | DEV_WRITE } }, 1, "c 1:3 rw", "c 1:* rw" },
	{ "an empty list", "", { { true, false, 'c', 1, 3, DEV_READ } }, 1, "c 1:3 r", "" },
	{ "a list of all is written whole", "a *:* rwm\n", { { true, false, 'c', 1, 3, DEV_READ } },
		1, "c 1:3 r", "a" },
	{ "all devices but one", "c 1:3 rwm\n",
		{ { true, false, 'a', -1, -1, DEV_ALL }, { false, false, 'c', 1, 1, DEV_ALL } }, 2,
		"a", "c 1:1 rwm" },
};

static void put_text(int dir_fd, const char *file, const char *text)
{
	_cleanup_close_ int fd =
		openat(dir_fd, file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
}

static void v1_writes(void **state)
{
	const struct written_row *row = *state;
	char dir[] = "/tmp/test-devices-XXXXXX";
	static const char *const files[] = { "devices.list", "devices.allow", "devices.deny" };
	const char *const texts[] = { row->list, row->allow, row->deny };
	struct err e = { 0 };

	assert_non_null(mkdtemp(dir));
	_cleanup_close_ int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < 3; i++)
		put_text(dir_fd, files[i], i == 0 ? row->list : "");
	if (devices_v1_write(dir_fd, row->rules, row->n, "/a", &e) < 0)
		fail_msg("%s", e.text);
	for (size_t i = 0; i < 3; i++) {
		_cleanup_free_ char *text = NULL;
		assert_int_equal(fd_read_file(dir_fd, files[i], 4096, &text, NULL), 0);
		assert_words(text, texts[i]);
		assert_int_equal(unlinkat(dir_fd, files[i], 0), 0);
	}
	assert_int_equal(rmdir(dir), 0);
}

static void v1_reads_no_other_list(void **state)
{
	static const char *const lists[] = { "d 1:3 rw\n", "c1:3 rw\n", "c 1-3 rw\n", "c 1:x rw\n",
		"c : rw\n", "c 1:3\n" };
	static const struct dev_rule rule = { true, false, 'c', 1, 3, DEV_READ };
	char dir[] = "/tmp/test-devices-XXXXXX";

	assert_non_null(mkdtemp(dir));
	_cleanup_close_ int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < ELEMENTS(lists); i++) {
		struct err e = { 0 };
		put_text(dir_fd, "devices.list", lists[i]);
		assert_int_equal(devices_v1_write(dir_fd, &rule, 1, "/a", &e), -EBADMSG);
		assert_non_null(strstr(e.text, "reading devices.list of cgroup '/a'"));
	}
	assert_int_equal(unlinkat(dir_fd, "devices.list", 0), 0);
	assert_int_equal(rmdir(dir), 0);
}

static void defaults_come_last(void **state)
{
	struct spec_device_rule deny[] = {
		{ .allow = false, .type = 'c', .major = I(1), .minor = I(3), .read = true }
	};
	struct spec_resources r = { .n_devices = 1, .devices = deny };
	struct dev_rule *rules;
	struct err e = { 0 };
	size_t n;

	assert_int_equal(dev_rules(&r, &rules, &n, &e), 0);
	assert_true(n > 10);
	assert_true(
		allowed_by_list(rules, n, &(struct request){ 'c', 1, 3, DEV_READ | DEV_WRITE }));
	assert_true(
		allowed_by_list(rules, n, &(struct request){ 'c', 136, 9, DEV_READ | DEV_WRITE }));
	assert_true(allowed_by_list(rules, n, &(struct request){ 'b', 8, 0, DEV_MKNOD }));
	assert_false(allowed_by_list(rules, n, &(struct request){ 'b', 8, 0, DEV_READ }));
	assert_false(allowed_by_list(rules, n, &(struct request){ 'c', 1, 1, DEV_READ }));
	free(rules);
	deny[0].major.v = INT64_C(1) << 32;
	assert_int_equal(dev_rules(&r, &rules, &n, &e), -ERANGE);
	r.n_devices = DEV_RULES_MAX + 1;
	assert_int_equal(dev_rules(&r, &rules, &n, &e), -E2BIG);
}

/* ------------------------------------------------------------------ controllers */

static void missing_controllers_are_named(void **state)
{
	static struct str_pair pairs[] = { { "memory.high", "1" } };
	static const struct {
		struct spec_resources r;
		const char *key, *offered, *words; /* words NULL: fine */
	} rows[] = {
		{ { .memory.limit = I(1) }, NULL, "cpu pids\n",
			"/linux/resources/memory/limit: this host has no memory controller" },
		{ { .memory.limit = I(1) }, NULL, "cpu memory pids\n", NULL },
		{ { .memory.limit = I(-1) }, NULL, "cpu\n", NULL },
		{ { .cpu.mems = "0" }, NULL, "cpu cpusets\n",
			"/linux/resources/cpu/mems: this host has no cpuset controller" },
		{ { .block_io.weight = I(10) }, NULL, "cpu io\n", NULL },
		{ { .block_io.weight = I(10) }, NULL, "cpu blkio\n",
			"/linux/resources/blockIO/weight: this host has no io controller" },
		{ { .network_class_id = I(1) }, NULL, "cpu\n",
			"/linux/resources/network/classID: cgroup v2 has no classes" },
		{ { .network_class_id = I(0) }, NULL, "cpu\n", NULL },
		{ { .memory.kernel_tcp = I(-1) }, NULL, "cpu memory\n", NULL },
		{ { .memory.kernel_tcp = I(1) }, NULL, "cpu memory\n",
			"/linux/resources/memory/kernelTCP: a limit of TCP buffers exists" },
		{ { 0 }, "memory.high", "cpu memory\n", NULL },
		{ { 0 }, "memory.high", "cpu\n",
			"/linux/resources/unified/memory.high: cgroup v2 has no memory controller "
			"here" },
		{ { 0 }, "../memory.high", "memory\n", "'../memory.high' is not the name" },
		{ { 0 }, "memory", "memory\n", "'memory' is not the name" },
		{ { 0 }, ".memory", "memory\n", "'.memory' is not the name" },
		{ { 0 }, "cgroup.procs", "memory\n", "cgroup.procs: only the runtime" },
		{ { 0 }, "cgroup.kill", "memory\n", "cgroup.kill: only the runtime" },
		{ { 0 }, "cgroup.max.depth", "\n", NULL },
	};
	struct hierarchy v2 = { .v2 = true, .controllers = "" };
	struct hierarchy v1 = { .controllers = "memory" };
	struct cgroup cg = { .n = 1, .h = &v2 };
	struct str_list needs;

	for (size_t i = 0; i < ELEMENTS(rows); i++) {
		struct arena arena = { 0 };
		struct err e = { 0 };
		struct spec_resources r = rows[i].r;
		pairs[0].key = rows[i].key;
		if (rows[i].key)
			r.unified = (struct pair_list){ 1, pairs };
		int n = limits_plan(&cg, &r, rows[i].offered, &arena, &needs, &e);
		if (!rows[i].words && n < 0)
			fail_msg("%s", e.text);
		if (rows[i].words && (n >= 0 || !strstr(e.text, rows[i].words)))
			fail_msg("'%s' lacks '%s'", e.text, rows[i].words);
		arena_free(&arena);
	}
	struct arena arena = { 0 };
	struct err e = { 0 };
	pairs[0].key = "memory.high";
	cg.h = &v1;
	assert_true(limits_plan(&cg, &(struct spec_resources){ .unified = { 1, pairs } }, "",
			    &arena, &needs, &e) < 0);
	assert_non_null(strstr(e.text, "this host has cgroup v1 only"));
	arena_free(&arena);
}

/* Sizes are asked of a folder as the kernel makes it, of a machine with two. */
static void page_sizes_are_the_hosts(void **state)
{
	static const struct {
		const char *size, *words; /* NULL: fine */
	} rows[] = {
		{ "2MB", NULL },
		{ "2048KB", NULL },
		{ "1GB", NULL },
		{ "1024MB", NULL },
		{ "64KB", "/linux/resources/hugepageLimits/0/pageSize: this host has no huge pages "
			  "of 64KB, but of " },
		{ "2GB", "2MB" },
		{ "99999999999999999999GB", "no huge pages of 9999" },
		{ "18446744073709551615KB", "no huge pages of 1844" },
	};
	char dir[] = "/tmp/hasu-test-cgroup.XXXXXX";
	static const char *const names[] = { "hugepages-2048kB", "hugepages-1048576kB" };

	assert_non_null(mkdtemp(dir));
	int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	for (size_t i = 0; i < ELEMENTS(names); i++)
		assert_int_equal(mkdirat(fd, names[i], 0700), 0);
	for (size_t i = 0; i < ELEMENTS(rows); i++) {
		struct spec_hugepage_limit limit = { rows[i].size, 0 };
		struct spec_resources r = { .n_hugepage_limits = 1, .hugepage_limits = &limit };
		struct err e = { 0 };
		int n = limits_page_sizes(fd, &r, &e);
		if (!rows[i].words && n < 0)
			fail_msg("%s", e.text);
		if (rows[i].words && (n >= 0 || !strstr(e.text, rows[i].words)))
			fail_msg("%s: '%s' lacks '%s'", rows[i].size, e.text, rows[i].words);
		assert_int_equal(limits_page_sizes(-1, &r, &e), -EINVAL);
		assert_non_null(strstr(e.text, "but of no size at all"));
	}
	for (size_t i = 0; i < ELEMENTS(names); i++)
		(void)unlinkat(fd, names[i], AT_REMOVEDIR);
	close(fd);
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(page_sizes_are_the_hosts),
		cmocka_unit_test(weights),
		cmocka_unit_test(bad_self_texts),
		cmocka_unit_test(long_paths),
		cmocka_unit_test(rules_mean_the_same_everywhere),
		cmocka_unit_test(v1_adds_no_access_for_nothing),
		cmocka_unit_test(v1_adds_up_what_another_rule_gives),
		cmocka_unit_test(v1_says_what_it_cannot_do),
		cmocka_unit_test(v1_reads_no_other_list),
		cmocka_unit_test(defaults_come_last),
		cmocka_unit_test(missing_controllers_are_named),
	};
	int failed = 0;

	failed += ROWS_RUN("the table of limits", text_rows, texts);
	failed += ROWS_RUN("files that stand in for others", other_rows, other_texts);
	failed += ROWS_RUN("hierarchies of hosts", host_rows, hosts);
	failed += ROWS_RUN("paths", path_rows, paths);
	failed += ROWS_RUN("devices as v1 is told of them", written_rows, v1_writes);
	failed += cmocka_run_group_tests_name("weights, devices, controllers", tests, NULL, NULL);
	return failed;
}
