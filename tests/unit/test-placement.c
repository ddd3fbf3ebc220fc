/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a container's memory lies: the kernel's texts read, judged by a policy, and shown. Hosts are
 * captured ones; the texts are as kernels wrote them on machines with such nodes, or made to be hostile.
 *
 * HASU_TEST_UPDATE=1 writes what is shown to tests/cases/placement anew: read the difference.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "cgroup/numa.h"
#include "hosts.h"
#include "place/place.h"
#include "rows.h"

#define PAGE 4096
#define MIB (1ull << 20)

/* --- reading --- */

struct stat_row {
	const char *says;
	bool v1;
	const char *text, *huge;                          /* huge NULL: none */
	uint64_t anon, file, shmem, hugetlb, locked, thp; /* of node 1 */
	int error;
};

static const struct stat_row stat_rows[] = {
	{ "v2: file has shmem in it", false,
		"anon N0=4096 N1=8192\nfile N0=0 N1=12288\nkernel_stack N0=1 N1=1\nshmem N0=0 "
		"N1=4096\n",
		NULL, 8192, 8192, 4096, 0, 0, 0, 0 },
	{ "v2: transparent huge pages of all kinds", false,
		"anon N1=8388608\nanon_thp N1=2097152\nfile_thp N1=2097152\nshmem_thp N1=2097152\n",
		NULL, 8388608, 0, 0, 0, 0, 6291456, 0 },
	{ "v2: rows of two moments do not go below nothing", false, "file N1=4096\nshmem N1=8192\n",
		NULL, 0, 0, 8192, 0, 0, 0, 0 },
	{ "v2: kinds of newer kernels are passed over", false, "anon N1=1\nzzz_new N0=1 N1=2\n",
		NULL, 1, 0, 0, 0, 0, 0, 0 },
	{ "v2: huge pages of two sizes", false, "anon N1=1\n", "total=4194304 N0=0 N1=4194304\n", 1,
		0, 0, 8388608, 0, 0, 0 },
	{ "v1: pages, and those of the cgroups below count", true,
		"total=6 N0=1 N1=5\nfile=2 N0=0 N1=2\nanon=3 N0=1 N1=2\nunevictable=1 N0=0 N1=1\n"
		"hierarchical_total=60 N0=10 N1=50\nhierarchical_file=20 N0=0 N1=20\n"
		"hierarchical_anon=30 N0=10 N1=20\nhierarchical_unevictable=10 N0=0 N1=10\n",
		NULL, 20 * PAGE, 20 * PAGE, 0, 0, 10 * PAGE, 0, 0 },
	{ "v1: and so they do where they come first", true,
		"hierarchical_anon=30 N0=10 N1=20\nanon=3 N0=1 N1=2\n", NULL, 20 * PAGE, 0, 0, 0, 0,
		0, 0 },
	{ "v1: kernels without sums have the cgroup's own", true,
		"total=5 N0=0 N1=5\nfile=2 N0=0 N1=2\nanon=3 N0=0 N1=3\n", NULL, 3 * PAGE, 2 * PAGE,
		0, 0, 0, 0, 0 },
	{ "v1: of huge pages the sum with those below is the last", true, "anon=0 N1=0\n",
		"total=2097152 N1=2097152\nhierarchical_total=4194304 N1=4194304\n", 0, 0, 0,
		8388608, 0, 0, 0 },
	{ "v1: more pages than bytes can count", true, "anon=1 N1=18446744073709551615\n", NULL, 0,
		0, 0, 0, 0, 0, -EBADMSG },
	{ "v1's text is none of v2", false, "anon=3 N0=0 N1=3\n", NULL, 0, 0, 0, 0, 0, 0,
		-EBADMSG },
	{ "v2's text is none of v1", true, "anon N1=3\n", NULL, 0, 0, 0, 0, 0, 0, -EBADMSG },
	{ "a node that no kernel has", false, "anon N1024=1\n", NULL, 0, 0, 0, 0, 0, 0, -EBADMSG },
	{ "sums stay at the largest", false, "anon N1=18446744073709551615\nanon N1=1\n", NULL,
		UINT64_MAX, 0, 0, 0, 0, 0, 0 },
	{ "an empty line", false, "anon N1=1\n\n", NULL, 0, 0, 0, 0, 0, 0, -EBADMSG },
	{ "nothing at all", false, "", NULL, 0, 0, 0, 0, 0, 0, 0 },
};

static void test_stat(void **state)
{
	const struct stat_row *row = *state;
	struct place_pages *pages = calloc(1, sizeof(*pages));
	/* Two sizes of the same text. */
	struct cgroup_numa texts = { .v1 = row->v1,
		.memory = (char *)row->text,
		.n_huge = row->huge ? 2 : 0,
		.huge = { (char *)row->huge, (char *)row->huge } };

	assert_non_null(pages);
	assert_int_equal(place_read_cgroup(&texts, PAGE, pages), row->error);
	if (!row->error) {
		assert_true(pages->bytes[PLACE_ANON][1] == row->anon);
		assert_true(pages->bytes[PLACE_FILE][1] == row->file);
		assert_true(pages->bytes[PLACE_SHMEM][1] == row->shmem);
		assert_true(pages->bytes[PLACE_HUGETLB][1] == row->hugetlb);
		assert_true(pages->bytes[PLACE_LOCKED][1] == row->locked);
		assert_true(pages->thp[1] == row->thp);
	}
	free(pages);
}

static struct mpol policy_of(const char *text)
{
	struct mpol_spec spec;

	if (mpol_spec_parse(text, strlen(text), MPOL_RULES_KERNEL, NULL, &spec, NULL) < 0)
		fail_msg("'%s' is no policy", text);
	return mpol_spec_policy(&spec);
}

static struct mpol_nodeset nodes_of(const char *text)
{
	struct mpol_nodeset set;

	assert_int_equal(mpol_nodeset_parse(text, strlen(text), NULL, &set, NULL), 0);
	return set;
}

static int open_text(const char *text, size_t len)
{
	int fd = memfd_create("numa_maps", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), (ssize_t)len);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

struct maps_row {
	const char *says;
	const char *text, *task;
	uint64_t anon, file, shmem, hugetlb; /* of node 1, in pages of 4 KiB */
	uint64_t own;                        /* under other policies, of node 1 */
	int error;
};

static const struct maps_row maps_rows[] = {
	{ "memory of its own", "7f0000 bind:1 anon=3 dirty=3 N0=1 N1=2 kernelpagesize_kB=4\n",
		"bind:1", 2, 0, 0, 0, 0, 0 },
	{ "a file", "7f0000 bind:1 file=/bin/sh mapped=3 N1=3 kernelpagesize_kB=4\n", "bind:1", 0,
		3, 0, 0, 0, 0 },
	{ "a file with copies of some of its pages",
		"7f0000 bind:1 file=/lib/c.so anon=2 dirty=2 mapped=8 N1=8 kernelpagesize_kB=4\n",
		"bind:1", 2, 6, 0, 0, 0, 0 },
	{ "a file of copies alone",
		"7f0000 bind:1 file=/lib/c.so anon=2 dirty=2 N1=2 kernelpagesize_kB=4\n", "bind:1",
		2, 0, 0, 0, 0, 0 },
	{ "copies are spread as the rest is",
		"7f0000 bind:1 file=/lib/c.so anon=5 dirty=5 mapped=10 N0=6 N1=4 "
		"kernelpagesize_kB=4\n",
		"bind:1", 2, 2, 0, 0, 0, 0 },
	{ "shared memory, by its names",
		"7f0000 bind:1 file=/dev/shm/a dirty=1 N1=1 kernelpagesize_kB=4\n"
		"7f1000 bind:1 file=/memfd:b\\040(deleted) dirty=2 N1=2 kernelpagesize_kB=4\n"
		"7f2000 bind:1 file=/SYSV00000000\\040(deleted) dirty=4 N1=4 kernelpagesize_kB=4\n"
		"7f3000 bind:1 file=/dev/zero\\040(deleted) dirty=8 N1=8 kernelpagesize_kB=4\n",
		"bind:1", 0, 0, 15, 0, 0, 0 },
	{ "huge pages",
		"7f0000 bind:1 file=/anon_hugepage\\040(deleted) huge anon=2 dirty=2 N1=2 "
		"kernelpagesize_kB=2048\n",
		"bind:1", 0, 0, 0, 1024, 0, 0 },
	{ "a mapping with a policy of its own",
		"7f0000 bind:1 file=/bin/sh mapped=3 N1=3 kernelpagesize_kB=4\n"
		"7f1000 interleave:0-1 anon=8 dirty=8 N0=4 N1=4 kernelpagesize_kB=4\n",
		"bind:1", 4, 3, 0, 0, 4, 0 },
	{ "a policy with a space, of its own and as the task's",
		"7f0000 weighted interleave:0-1 anon=3 dirty=3 N0=1 N1=2 kernelpagesize_kB=4\n"
		"7f1000 prefer (many):0-1 anon=3 dirty=3 N1=3 kernelpagesize_kB=4\n",
		"weighted interleave:0-1", 5, 0, 0, 0, 3, 0 },
	{ "a policy of a newer kernel is another",
		"7f0000 zigzag:0-1 anon=3 dirty=3 N1=3 kernelpagesize_kB=4\n", "bind:1", 3, 0, 0, 0,
		3, 0 },
	{ "mappings without pages count for nothing", "7f0000 bind:0\n", "bind:1", 0, 0, 0, 0, 0,
		0 },
	{ "absurd numbers stay at the largest",
		"7f0000 bind:1 anon=18446744073709551615 N1=18446744073709551615 "
		"kernelpagesize_kB=4194304\n",
		"bind:1", UINT64_MAX, 0, 0, 0, 0, 0 },
	{ "a name with what a terminal obeys is a name",
		"7f0000 bind:1 file=/\033[2J\\012x mapped=3 N1=3 kernelpagesize_kB=4\n", "bind:1",
		0, 3, 0, 0, 0, 0 },
	{ "a line that was cut off by the end", "7f0000 bind:1 anon=3 N1", "bind:1", 0, 0, 0, 0, 0,
		-EBADMSG },
};

static void test_maps(void **state)
{
	const struct maps_row *row = *state;
	struct place_mapped *m = calloc(1, sizeof(*m));
	const struct mpol task = policy_of(row->task);
	struct memory_live live = { .due = task, .now = task };
	int fd = open_text(row->text, strlen(row->text));

	assert_non_null(m);
	assert_int_equal(place_read_maps(fd, &live, &task, false, m), row->error);
	close(fd);
	if (!row->error) {
		const uint64_t size = row->anon == UINT64_MAX ? 1 : PAGE;

		assert_true(m->all.bytes[PLACE_ANON][1] == row->anon * size);
		assert_true(m->all.bytes[PLACE_FILE][1] == row->file * PAGE);
		assert_true(m->all.bytes[PLACE_SHMEM][1] == row->shmem * PAGE);
		assert_true(m->all.bytes[PLACE_HUGETLB][1] == row->hugetlb * PAGE);
		assert_true(m->own[1] == row->own * PAGE);
	}
	free(m);
}

static void test_pressure(void **state)
{
	static const char zones[] =
		"Node 0, zone      DMA\n  per-node stats\n      nr_inactive_anon 1\n  pages free   "
		"  3840\n"
		"        min      8\n        low      11\n        high     14\n        spanned  "
		"4095\n"
		"Node 0, zone   Normal\n  pages free     1\n        high     100\n"
		"    cpu: 0\n              high:  378\n"
		"Node 3, zone   Normal\n        high     7\n        highland 9\n";
	uint64_t full[MPOL_NODES_MAX] = { 0 };

	(void)state;
	place_read_zones(zones, PAGE, full);
	assert_true(full[0] == 114 * PAGE);
	assert_true(full[1] == 0);
	assert_true(full[3] == 7 * PAGE);
	memset(full, 0, sizeof(full));
	place_read_zones(
		"Node 4096, zone X\n high 1\nNode -1, zone X\n high 1\n high\nNode 2, zone X\n"
		" high 99999999999999999999\n",
		PAGE, full);
	assert_true(full[0] == 0 && full[1] == 0);
	assert_true(
		place_read_foreign("numa_hit 5\nnuma_miss 6\nnuma_foreign 7\nlocal_node 8\n") == 7);
	assert_true(place_read_foreign("numa_foreignx 7\n") == 0);
	assert_true(place_read_foreign("") == 0);
}

/* --- judging --- */

#define N_MAX 8

struct judge_row {
	const char *says;
	const char *policy;
	const char *may_use, *cpus;
	unsigned weights[N_MAX];
	uint64_t anon[N_MAX], file[N_MAX]; /* MiB */
	unsigned permille;
	uint64_t misplaced[N_MAX]; /* MiB, more or less */
};

static const struct judge_row judge_rows[] = {
	{ "BIND: on its nodes, in whatever parts", "bind:0-1", "0-3", "0", { 0 }, { 90, 10 }, { 0 },
		1000, { 0 } },
	{ "BIND: what is elsewhere is not", "bind:1", "0-3", "0", { 0 }, { 25, 75 }, { 0 }, 750,
		{ 25 } },
	{ "files count", "bind:1", "0-3", "0", { 0 }, { 0, 50 }, { 50, 0 }, 500, { 50 } },
	{ "nothing is in place wholly", "bind:1", "0-3", "0", { 0 }, { 0 }, { 0 }, 1000, { 0 } },
	{ "never rounded up", "bind:1", "0-3", "0", { 0 }, { 1, 9999 }, { 0 }, 999, { 1 } },
	{ "PREFERRED: its lowest node alone", "prefer:1,3", "0-3", "0", { 0 }, { 0, 80, 0, 20 },
		{ 0 }, 800, { 0, 0, 0, 20 } },
	{ "PREFERRED whose node is not allowed: any that is", "prefer:1", "2-3", "0", { 0 },
		{ 0, 0, 80, 20 }, { 0 }, 1000, { 0 } },
	{ "PREFERRED_MANY: any of them", "prefer (many):2-3", "0-3", "0", { 0 }, { 10, 0, 80, 10 },
		{ 0 }, 900, { 10 } },
	{ "LOCAL: the nodes of its CPUs", "local", "0-3", "1", { 0 }, { 10, 90 }, { 0 }, 900,
		{ 10 } },
	{ "DEFAULT likewise", "default", "0-3", "0-3", { 0 }, { 10, 90 }, { 0 }, 1000, { 0 } },
	{ "LOCAL on CPUs whose node may not be used: any that may", "local", "2", "1", { 0 },
		{ 0, 10, 90 }, { 0 }, 900, { 0, 10 } },
	{ "INTERLEAVE: in balance", "interleave:0-3", "0-3", "0", { 0 }, { 25, 25, 25, 25 }, { 0 },
		1000, { 0 } },
	{ "INTERLEAVE: what one has too much", "interleave:0-3", "0-3", "0", { 0 },
		{ 100, 20, 40, 40 }, { 0 }, 750, { 50 } },
	{ "INTERLEAVE: and what lies beside it", "interleave:0-1", "0-3", "0", { 0 },
		{ 40, 40, 20 }, { 0 }, 800, { 0, 0, 20 } },
	{ "INTERLEAVE: all on one of four", "interleave:0-3", "0-3", "0", { 0 }, { 0, 400 }, { 0 },
		250, { 0, 300 } },
	{ "INTERLEAVE: files do not make up for anonymous memory", "interleave:0-1", "0-3", "0",
		{ 0 }, { 100, 0 }, { 0, 100 }, 500, { 50, 50 } },
	{ "WEIGHTED: by its weights", "weighted interleave:0-2", "0-3", "0", { 3, 1, 5 },
		{ 300, 100, 500 }, { 0 }, 1000, { 0 } },
	{ "WEIGHTED: in equal parts is wrong then", "weighted interleave:0-1", "0-3", "0", { 3, 1 },
		{ 200, 200 }, { 0 }, 750, { 0, 100 } },
	{ "WEIGHTED: a weight of 255", "weighted interleave:0-1", "0-3", "0", { 255, 1 },
		{ 2550, 10 }, { 0 }, 1000, { 0 } },
	{ "WEIGHTED: unknown weights are one each", "weighted interleave:0-1", "0-3", "0", { 0 },
		{ 100, 100 }, { 0 }, 1000, { 0 } },
};

static bool near(uint64_t bytes, uint64_t mib)
{
	const uint64_t want = mib * MIB;

	return (bytes > want ? bytes - want : want - bytes) <= MIB;
}

static void test_judge(void **state)
{
	static const uint64_t granule[PLACE_KINDS] = { PAGE, PAGE, PAGE, PAGE, PAGE };
	const struct judge_row *row = *state;
	struct place_pages *pages = calloc(1, sizeof(*pages));
	struct mpol_node nodes[N_MAX] = { 0 };
	struct mpol_host host = { .n_nodes = N_MAX, .nodes = nodes };
	struct mpol policy = policy_of(row->policy);
	struct mpol_nodeset cpus = nodes_of(row->cpus), may_use = nodes_of(row->may_use);
	struct place_verdict v;
	struct place_due due;

	assert_non_null(pages);
	for (unsigned i = 0; i < N_MAX; i++) {
		nodes[i].id = i;
		nodes[i].weight = row->weights[i];
		pages->bytes[PLACE_ANON][i] = row->anon[i] * MIB;
		pages->bytes[PLACE_FILE][i] = row->file[i] * MIB;
	}
	place_due(&policy, &cpus, &may_use, &host, &due);
	place_judge(pages, &due, granule, 1, &v);
	/* 64 KiB of a node are let pass. */
	assert_in_range(place_permille(&v), row->permille, row->permille + (due.balanced ? 1 : 0));
	for (unsigned i = 0; i < N_MAX; i++)
		if (!near(v.outside[i] + v.excess[i], row->misplaced[i]))
			fail_msg("node %u: %" PRIu64 " misplaced", i, v.outside[i] + v.excess[i]);
	free(pages);
}

/* Every page that is not in place is misplaced on some node, and reasons add up to that. */
static void test_little_is_no_imbalance(void **state)
{
	static const uint64_t granule[PLACE_KINDS] = { 2 * MIB, PAGE, PAGE, PAGE, PAGE };
	struct place_pages *pages = calloc(1, sizeof(*pages));
	struct mpol policy = policy_of("interleave:0-3");
	struct mpol_nodeset all = nodes_of("0-3");
	struct mpol_host host = { 0 };
	struct place_verdict v;
	struct place_due due;

	(void)state;
	assert_non_null(pages);
	/* Three turns of huge pages, and a start of small ones. */
	pages->bytes[PLACE_ANON][0] = 2 * MIB;
	pages->bytes[PLACE_ANON][1] = 2 * MIB;
	pages->bytes[PLACE_ANON][2] = 2 * MIB;
	pages->bytes[PLACE_FILE][3] = 60 << 10;
	place_due(&policy, &all, &all, &host, &due);
	place_judge(pages, &due, granule, 1, &v);
	assert_int_equal(place_permille(&v), 1000);
	/* Of a policy whose text was cut off after node 1 the others may be part, and are due no part. */
	policy = policy_of("interleave:0-1");
	place_due(&policy, &all, &all, &host, &due);
	place_due_open(&all, &due);
	pages->bytes[PLACE_FILE][3] = 40 * MIB;
	place_judge(pages, &due, granule, 1, &v);
	assert_int_equal(place_permille(&v), 1000);
	/* Not so nodes below the last that is shown. */
	policy = policy_of("interleave:1-2");
	place_due(&policy, &all, &all, &host, &due);
	place_due_open(&all, &due);
	place_judge(pages, &due, granule, 1, &v);
	assert_int_equal(v.outside[0], 2 * MIB);
	assert_int_equal(v.outside[3], 0);
	pages->bytes[PLACE_FILE][3] = 60 << 10;
	policy = policy_of("interleave:0-3");
	place_due(&policy, &all, &all, &host, &due);
	/* But three times as much on one node is. */
	pages->bytes[PLACE_ANON][0] = 40 * MIB;
	place_judge(pages, &due, granule, 1, &v);
	assert_in_range(place_permille(&v), 400, 600);
	/* Whatever the numbers are: no more in place than there is. */
	memset(pages, 0xff, sizeof(*pages));
	place_judge(pages, &due, granule, SIZE_MAX, &v);
	assert_true(v.in_place <= v.governed);
	assert_in_range(place_permille(&v), 0, 1000);
	free(pages);
}

/* --- what is shown --- */

struct shown_row {
	const char *says;
	const char *name; /* of the files in tests/cases/placement */
	const char *host;
	const char *asked, *allowed, *cpus;
	const char *due; /* now; NULL: as it was resolved */
	const char *now; /* of init; NULL: as it is due */
	const char *from, *text;
	int fell_back; /* from this mode; 0: no */
	bool v1, maps, foreign;
	size_t processes, threads, differing;
	struct place_thread thread[2];
	uint64_t free_node_0;     /* bytes; 0: as it was captured */
	const char *first_reason; /* NULL: none */
};

static const struct shown_row shown_rows[] = {
	{ "interleaved on eight nodes, in balance", "epyc-interleave", "epyc-nps4",
		"interleave:0-7", "0-7", "0-7", .processes = 4, .threads = 64,
		.from = "/linux/memoryPolicy" },
	{ "bound to one of four, with mappings and a thread of other policies", "sockets-bind",
		"four-sockets", "bind:2", "0-3", "0-3", .processes = 2, .threads = 9, .maps = true,
		.from = "/annotations/hasu.memory-policy", .text = "bind:2 \"\\\n<&>",
		.differing = 1,
		.thread = { { 4321, 4330, "?[2J\"<work>", false,
			{ .mode = MPOL_MODE_INTERLEAVE, .nodes = { { 0xf } } } } },
		.first_reason = "own-policy" },
	{ "weighted over slow memory, and the quick is full", "cxl-weighted", "cxl",
		"weighted interleave:0-3", "0-3", "0-1", .processes = 1, .threads = 1,
		.from = "--memory-policy", .text = "weighted interleave:all",
		.free_node_0 = 50 * MIB, .first_reason = "node-full" },
	{ "preferred on a host of GPUs, spilled once; cgroup v1", "gb200-prefer", "gb200",
		"prefer:0", "0-2,10,18,26", "0-1", .processes = 3, .threads = 300, .v1 = true,
		.foreign = true, .from = "/linux/memoryPolicy", .first_reason = "file-cache" },
	{ "moved by its cpuset, on sparse nodes", "sparse-moved", "sparse", "bind:0,8", "252-255",
		"0", .due = "bind:252-253", .processes = 1, .threads = 1, .from = "--memory-policy",
		.text = "bind:0,8", .first_reason = "before-change" },
	{ "fallen back, and another in force", "epyc-fallback", "epyc-nps4", "interleave:0-3",
		"0-7", "0-7", .now = "local", .processes = 1, .threads = 1,
		.from = "/annotations/hasu.memory-policy", .text = "weighted interleave:0-3",
		.fell_back = MPOL_MODE_WEIGHTED_INTERLEAVE, .differing = 1,
		.thread = { { 7, 7, "server", false, { .mode = MPOL_MODE_LOCAL } } },
		.first_reason = "other-threads" },
	{ "no policy at all, and no memory", "no-policy", "two-sockets", NULL, "0-1", "0-1",
		.processes = 1, .threads = 1 },
};

static int open_cases(void)
{
	const char *path = getenv("HASU_TEST_CASES");
	char dir[4096];
	int fd;

	if (!path)
		fail_msg("HASU_TEST_CASES must name tests/cases");
	(void)snprintf(dir, sizeof(dir), "%s/placement", path);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

/* NULL: there is none. */
static char *read_case(const char *name, const char *kind)
{
	char file[128], *text = NULL;
	int dir = open_cases();

	(void)snprintf(file, sizeof(file), "%s.%s", name, kind);
	if (fd_read_file(dir, file, MIB, &text, NULL) < 0)
		text = NULL;
	close(dir);
	return text;
}

static void compare(const char *name, const char *kind, struct strbuf *b)
{
	char file[128], *want;

	assert_false(b->failed);
	if (getenv("HASU_TEST_UPDATE")) {
		int dir = open_cases(), fd;

		(void)snprintf(file, sizeof(file), "%s.%s", name, kind);
		fd = openat(dir, file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
		assert_true(fd >= 0);
		assert_int_equal(fd_write_all(fd, b->text, b->len), 0);
		close(fd);
		close(dir);
	}
	want = read_case(name, kind);
	if (!want)
		fail_msg("tests/cases/placement/%s.%s is not there", name, kind);
	assert_words(b->text, want);
	free(want);
	strbuf_free(b);
}

/* What gather.c has after its looks. */
static void gather(const struct shown_row *row, struct place *p)
{
	struct mpol_nodeset cpus = nodes_of(row->cpus), may_use;
	char *stat = read_case(row->name, "numa_stat"), *huge = read_case(row->name, "hugetlb");
	struct cgroup_numa texts = {
		.v1 = row->v1, .memory = stat, .n_huge = huge ? 1 : 0, .huge = { huge }
	};
	int host = open_host(row->host);

	*p = (struct place){ .id = "demo", .status = LIFE_RUNNING, .live_known = true };
	p->pages = calloc(1, sizeof(*p->pages));
	assert_non_null(p->pages);
	assert_int_equal(mpol_host_read(host, true, &p->host), 0);
	assert_int_equal(mpol_host_facts(host, &p->host), 0);
	close(host);
	p->host_known = p->host_details = true;
	if (row->free_node_0)
		p->host.nodes[0].memory_free = row->free_node_0;
	p->live.allowed = nodes_of(row->allowed);
	p->live.memory = p->host.memory;
	if (row->asked) {
		struct mpol_nodeset all = p->host.memory;
		struct mpol_resolved resolved;

		p->saved.present = true;
		p->saved.asked = policy_of(row->asked);
		assert_int_equal(
			mpol_resolve(&p->saved.asked, &all, &all, NULL, &resolved, NULL), 0);
		p->saved.resolved = p->saved.effective = resolved.in_force;
		p->live.due = row->due ? policy_of(row->due) : resolved.in_force;
	}
	p->live.now = row->now ? policy_of(row->now) : p->live.due;
	p->live.ours = !row->now;
	p->request = (struct memory_request){ .from = row->from,
		.text = row->text,
		.fell_back = row->fell_back != 0,
		.fallback_from = row->fell_back };
	p->n_processes = row->processes;
	p->n_looked = row->threads;
	p->n_differing = row->differing;
	p->threads = (struct place_thread *)row->thread;
	p->source = row->v1 ? PLACE_FROM_V1 : PLACE_FROM_V2;
	assert_int_equal(place_read_cgroup(&texts, PAGE, p->pages), 0);
	may_use = mpol_nodeset_and(&p->live.allowed, &p->live.memory);
	place_due(&p->live.due, &cpus, &may_use, &p->host, &p->due);
	p->full_below = calloc(MPOL_NODES_MAX, sizeof(*p->full_below));
	p->foreign = calloc(MPOL_NODES_MAX, sizeof(*p->foreign));
	assert_true(p->full_below && p->foreign);
	if (row->foreign)
		p->foreign[0] = 12345;
	free(stat);
	free(huge);
}

/* One process, whose numa_maps is there. */
static void gather_maps(const struct shown_row *row, struct place *p)
{
	char *text = read_case(row->name, "numa_maps");
	struct place_mapped *m = calloc(1, sizeof(*m));
	int fd = open_text(text, strlen(text));

	assert_non_null(m);
	assert_int_equal(place_read_maps(fd, &p->live, &p->live.now, false, m), 0);
	close(fd);
	p->processes = arena_new(&p->arena, struct place_process);
	p->row_nodes = p->host.online;
	p->processes->bytes =
		arena_array(&p->arena, uint64_t, mpol_nodeset_count(&p->row_nodes) + 1);
	p->processes->pid = 4321;
	place_take(p, m);
	memcpy(p->processes->comm, "?[2Jserver", sizeof("?[2Jserver"));
	p->mapped_known = p->mapped_asked = true;
	free(m);
	free(text);
}

static void test_shown(void **state)
{
	const struct style style = { .unicode = true, .width = 90 };
	const struct shown_row *row = *state;
	struct strbuf b = { 0 };
	uint64_t sum = 0;
	struct place p;

	gather(row, &p);
	if (row->maps)
		gather_maps(row, &p);
	place_conclude(&p);
	assert_int_equal(place_reasons(&p), 0);
	for (size_t i = 0; i < p.n_reasons; i++)
		sum += p.reasons[i].bytes;
	assert_true(sum == p.verdict.governed - p.verdict.in_place);
	assert_words(
		p.n_reasons ? p.reasons[0].code : "", row->first_reason ? row->first_reason : "");
	place_table(&b, &p, &style);
	for (const char *c = b.text; *c; c++)
		assert_true(*c == '\n' || (unsigned char)*c >= ' ');
	compare(row->name, "txt", &b);
	place_json(&b, &p);
	compare(row->name, "json", &b);
	place_metrics(&b, &p);
	compare(row->name, "prom", &b);
	place_svg(&b, &p);
	compare(row->name, "svg", &b);
	place_free(&p);
}

/* On any width, and in ASCII. */
static void test_width(void **state)
{
	(void)state;
	for (unsigned width = REPORT_WIDTH_MIN; width < 140; width += 7)
		for (size_t i = 0; i < sizeof(shown_rows) / sizeof(shown_rows[0]); i++) {
			const struct style style = { .width = width };
			struct strbuf b = { 0 };
			struct place p;

			gather(&shown_rows[i], &p);
			place_conclude(&p);
			assert_int_equal(place_reasons(&p), 0);
			place_table(&b, &p, &style);
			assert_false(b.failed);
			for (const char *c = b.text; *c; c++)
				assert_true(*c == '\n' || (*c >= ' ' && *c <= '~'));
			strbuf_free(&b);
			place_free(&p);
		}
}

static int list_self(void *arg, pid_t **ret, size_t *ret_n)
{
	(void)arg;
	*ret = malloc(sizeof(**ret));
	if (!*ret)
		return -ENOMEM;
	**ret = getpid();
	*ret_n = 1;
	return 0;
}

/* What nobody asked for ends in time, and says that it did not look at all. */
static void test_late(void **state)
{
	const struct place_lister lister = { .list = list_self };
	const pid_t self = getpid();
	struct place p = { .until_ms = 1 };

	(void)state;
	p.pages = calloc(1, sizeof(*p.pages));
	assert_non_null(p.pages);
	mpol_nodeset_add(&p.host.online, 0);
	assert_int_equal(place_look(&p, &self, 1, &lister, false), 0);
	assert_int_equal(p.n_looked, 0);
	assert_int_equal(p.n_unlooked, 1);
	assert_int_equal(place_look(&p, &self, 1, &lister, true), -ETIME);
	assert_false(p.mapped_known);
	p.until_ms = 0;
	assert_int_equal(place_look(&p, &self, 1, &lister, true), 0);
	assert_true(p.mapped_known);
	place_free(&p);
}

/* --expect is no success where nobody has counted anything. */
static void test_counted(void **state)
{
	(void)state;
	assert_false(place_counted(&(struct place){ .source = PLACE_FROM_NOTHING }));
	assert_false(place_counted(&(struct place){ .source = PLACE_FROM_MAPS }));
	assert_true(place_counted(&(struct place){ .source = PLACE_FROM_MAPS, .n_mapped = 1 }));
	assert_true(place_counted(&(struct place){ .source = PLACE_FROM_V2 }));
}

int main(void)
{
	const struct CMUnitTest others[] = {
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_counted),
		cmocka_unit_test(test_pressure),
		cmocka_unit_test(test_little_is_no_imbalance),
		cmocka_unit_test(test_width),
	};
	int failed = ROWS_RUN("numa_stat", stat_rows, test_stat);

	failed += ROWS_RUN("numa_maps", maps_rows, test_maps);
	failed += ROWS_RUN("judging", judge_rows, test_judge);
	failed += ROWS_RUN("what is shown of captured containers", shown_rows, test_shown);
	failed += cmocka_run_group_tests_name("placement", others, NULL, NULL);
	return failed != 0;
}
