/* SPDX-License-Identifier: Apache-2.0 */
/* What else a host tells: huge pages, speed, the cpuset, settings; from captured and broken hosts. */
#include <errno.h>
#include <inttypes.h>

#include "hosts.h"

#define NODE "sys/devices/system/node/"
#define HUGE NODE "node0/hugepages/hugepages-2048kB/"
#define ACCESS NODE "node2/access1/initiators/"

static void describe_access(const char *name, const struct mpol_access *a, char *buf, size_t size)
{
	char set[MPOL_NODESET_TEXT];

	if (mpol_nodeset_empty(&a->initiators)) {
		buf[0] = '\0';
		return;
	}
	(void)snprintf(buf, size,
		" %s from %s %" PRIu64 "/%" PRIu64 " MiB/s %" PRIu64 "/%" PRIu64 " ns", name,
		mpol_nodeset_format(&a->initiators, set), a->read_bandwidth, a->write_bandwidth,
		a->read_latency, a->write_latency);
}

/* "id: size=free/total ... access": one node in a line. */
static void describe(const struct mpol_node *n, char *buf, size_t size)
{
	size_t at = (size_t)snprintf(buf, size, "file %" PRIu64 " MiB", n->memory_file >> 20);

	for (size_t i = 0; i < n->n_hugepages; i++)
		at += (size_t)snprintf(buf + at, size - at, " %" PRIu64 "k=%" PRIu64 "/%" PRIu64,
			n->hugepages[i].page_size >> 10, n->hugepages[i].free,
			n->hugepages[i].total);
	describe_access("any", &n->access, buf + at, size - at);
	at = strlen(buf);
	describe_access("cpu", &n->cpu_access, buf + at, size - at);
}

struct row {
	const char *says;
	const char *host;
	unsigned node;
	const char *description;
};

/* clang-format off */
static const struct row rows[] = {
	{ "a pool that is full and one that is empty", "two-sockets", 0,
		"file 21010 MiB 2048k=512/512 1048576k=0/0" },
	{ "no pools", "two-sockets", 1, "file 5500 MiB 2048k=0/0 1048576k=0/0" },
	{ "a pool that is in use", "snc4", 1, "file 4120 MiB 2048k=512/1024 1048576k=0/0" },
	{ "gigantic pages on a sparse node", "sparse", 8, "file 0 MiB 2048k=0/0 1048576k=4/16" },
	{ "three sizes, by size and not by name", "gb200", 0,
		"file 6210 MiB 2048k=0/0 524288k=0/0 16777216k=0/0" },
	{ "nothing of a node without memory", "gb200", 33, "file 0 MiB" },
	{ "HBM is far faster than DDR", "hbm", 2, "file 0 MiB 2048k=0/0 1048576k=0/0"
		" any from 0 524288/524288 MiB/s 130/130 ns cpu from 0 524288/524288 MiB/s 130/130 ns" },
	{ "and DDR", "hbm", 1, "file 1280 MiB 2048k=0/0 1048576k=0/0"
		" any from 1 230400/230400 MiB/s 112/112 ns cpu from 1 230400/230400 MiB/s 112/112 ns" },
	{ "CXL is far slower", "cxl", 3, "file 0 MiB 2048k=0/0 1048576k=0/0"
		" any from 1 51200/51200 MiB/s 251/251 ns cpu from 1 51200/51200 MiB/s 251/251 ns" },
	{ "nothing is told", "four-nodes", 0, "file 0 MiB" },
};
/* clang-format on */

static void test_row(void **state)
{
	const struct row *row = *state;
	int fd = open_host(row->host);
	struct mpol_host host;
	char text[1024] = "no such node";

	assert_int_equal(mpol_host_read(fd, true, &host), 0);
	assert_int_equal(mpol_host_facts(fd, &host), 0);
	for (size_t i = 0; i < host.n_nodes; i++)
		if (host.nodes[i].id == row->node)
			describe(&host.nodes[i], text, sizeof(text));
	assert_words(text, row->description);
	/* Reading again replaces what was read. */
	assert_int_equal(mpol_host_facts(fd, &host), 0);
	close(fd);
	mpol_host_free(&host);
}

struct host_row {
	const char *says;
	const char *host;
	const char *description;
};

static const struct host_row host_rows[] = {
	{ "a workstation", "two-sockets",
		"nodes 0-1 cpus 0-111 swap 32 GiB balancing 1 demotion 0 reclaim 0" },
	{ "tiering", "cxl", "nodes 0-3 cpus 0-207 swap 16 GiB balancing 2 demotion 1 reclaim 0" },
	{ "sparse", "sparse",
		"nodes 0,8,252-255 cpus 0-159 swap 0 GiB balancing 0 demotion -1 reclaim 0" },
	{ "GPUs", "gb200",
		"nodes 0-2,10,18,26 cpus 0-143 swap 0 GiB balancing 0 demotion 0 reclaim 0" },
	{ "nothing is told", "four-nodes", "swap 0 GiB balancing -1 demotion -1 reclaim -1" },
};

static void test_host(void **state)
{
	const struct host_row *row = *state;
	char text[512] = "", set[MPOL_NODESET_TEXT];
	int fd = open_host(row->host);
	struct mpol_host host;

	assert_int_equal(mpol_host_read(fd, true, &host), 0);
	assert_int_equal(mpol_host_facts(fd, &host), 0);
	close(fd);
	if (host.cpuset_known)
		(void)snprintf(text, sizeof(text), "nodes %s cpus %s ",
			mpol_nodeset_format(&host.allowed, set), host.allowed_cpus);
	(void)snprintf(text + strlen(text), sizeof(text) - strlen(text),
		"swap %" PRIu64 " GiB balancing %d demotion %d reclaim %d", host.swap_total >> 30,
		host.balancing, host.demotion, host.zone_reclaim);
	assert_words(text, row->description);
	mpol_host_free(&host);
}

static const struct bad_row bad_rows[] = {
	{ "an unchanged copy can be read", "hbm", NODE "online", CONTENT, "0-3\n", false, 0 },
	{ "a pool of words", "hbm", HUGE "nr_hugepages", CONTENT, "many\n", false, -EBADMSG },
	{ "a pool of two numbers", "hbm", HUGE "nr_hugepages", CONTENT, "1 2\n", false, -EBADMSG },
	{ "a pool without its number", "hbm", HUGE "nr_hugepages", REMOVED, NULL, false, -EBADMSG },
	{ "a pool without its free pages", "hbm", HUGE "free_hugepages", REMOVED, NULL, false,
		-EBADMSG },
	{ "a negative pool", "hbm", HUGE "free_hugepages", CONTENT, "-1\n", false, -EBADMSG },
	{ "a pool of 10 MB", "hbm", HUGE "free_hugepages", HUGE_FILE, NULL, false, -EBADMSG },
	{ "a FIFO for a pool", "hbm", HUGE "free_hugepages", FIFO, NULL, false, -EBADMSG },
	{ "a pool of pages without size", "hbm", NODE "node0/hugepages/hugepages-kB/nr_hugepages",
		CONTENT, "1\n", false, -EBADMSG },
	{ "a pool of pages of no size", "hbm", NODE "node0/hugepages/hugepages-0kB/nr_hugepages",
		CONTENT, "1\n", false, -EBADMSG },
	{ "a pool in another unit", "hbm", NODE "node0/hugepages/hugepages-2MB/nr_hugepages",
		CONTENT, "1\n", false, -EBADMSG },
	{ "other files beside the pools", "hbm", NODE "node0/hugepages/other", CONTENT, "x\n",
		false, 0 },
	{ "a bandwidth of words", "hbm", ACCESS "read_bandwidth", CONTENT, "fast\n", false,
		-EBADMSG },
	{ "a bandwidth beyond the kernel's", "hbm", ACCESS "read_bandwidth", CONTENT,
		"4294967296\n", false, -EBADMSG },
	{ "the largest bandwidth", "hbm", ACCESS "read_bandwidth", CONTENT, "4294967295\n", false,
		0 },
	{ "no latency", "hbm", ACCESS "read_latency", REMOVED, NULL, false, 0 },
	{ "an initiator that Linux cannot have", "hbm", ACCESS "node1024", CONTENT, "", false,
		-EBADMSG },
	{ "an initiator without number", "hbm", ACCESS "node", CONTENT, "", false, -EBADMSG },
	{ "an initiator that leads out", "hbm", ACCESS "node3", SYMLINK, "../../../../../../../etc",
		false, 0 },
	{ "balancing of words", "hbm", "proc/sys/kernel/numa_balancing", CONTENT, "on\n", false,
		-EBADMSG },
	{ "no balancing", "hbm", "proc/sys/kernel/numa_balancing", REMOVED, NULL, false, 0 },
	{ "demotion in a number", "hbm", "sys/kernel/mm/numa/demotion_enabled", CONTENT, "1\n",
		false, 0 },
	{ "demotion of another kind", "hbm", "sys/kernel/mm/numa/demotion_enabled", CONTENT,
		"maybe\n", false, -EBADMSG },
	{ "no meminfo", "hbm", "proc/meminfo", REMOVED, NULL, false, 0 },
	{ "a meminfo without swap", "hbm", "proc/meminfo", CONTENT, "MemTotal: 1 kB\n", false, 0 },
};

static void test_bad(void **state)
{
	const struct bad_row *row = *state;
	struct mpol_host host, before;
	char dir[SPOILED_DIR];
	int root, r;

	root = spoiled_host(row, dir);
	assert_int_equal(mpol_host_read(root, true, &host), 0);
	before = host;
	r = mpol_host_facts(root, &host);
	close(root);
	shell("rm -rf '%s'", dir);
	if (r < 0)
		assert_memory_equal(&host, &before, sizeof(host));
	mpol_host_free(&host);
	assert_int_equal(r, row->error);
}

static const struct bad_row status_rows[] = {
	{ "a status without cpusets", "hbm", "proc/self/status", CONTENT, "Name:\tx\n", false, 0 },
	{ "no status", "hbm", "proc/self/status", REMOVED, NULL, false, 0 },
	{ "a cpuset of rubbish", "hbm", "proc/self/status", CONTENT,
		"Cpus_allowed_list:\t0-3\nMems_allowed_list:\tzero\n", false, -EBADMSG },
	{ "CPUs of rubbish", "hbm", "proc/self/status", CONTENT,
		"Cpus_allowed_list:\t\033[2J\nMems_allowed_list:\t0\n", false, -EBADMSG },
	{ "CPUs that run backwards", "hbm", "proc/self/status", CONTENT,
		"Cpus_allowed_list:\t3-0\nMems_allowed_list:\t0\n", false, -EBADMSG },
	{ "a name that looks like a line is none", "hbm", "proc/self/status", CONTENT,
		"Name:\tMems_allowed_list:\t9\nCpus_allowed_list:\t0-3\nMems_allowed_list:\t0-1\n",
		true, 0 },
	{ "the other order", "hbm", "proc/self/status", CONTENT,
		"Mems_allowed_list:\t0-1\nCpus_allowed_list:\t0-3\n", true, 0 },
	{ "a status of 10 MB", "hbm", "proc/self/status", HUGE_FILE, NULL, false, -EBADMSG },
};

/* bare: a cpuset is known, nodes 0-1 and CPUs 0-3. */
static void test_status(void **state)
{
	const struct bad_row *row = *state;
	struct mpol_host host;
	char dir[SPOILED_DIR], set[MPOL_NODESET_TEXT];
	int root, r;

	root = spoiled_host(row, dir);
	assert_int_equal(mpol_host_read(root, true, &host), 0);
	r = mpol_host_facts(root, &host);
	close(root);
	shell("rm -rf '%s'", dir);
	assert_int_equal(r, row->error);
	assert_int_equal(host.cpuset_known, row->bare);
	if (row->bare) {
		assert_words(mpol_nodeset_format(&host.allowed, set), "0-1");
		assert_words(host.allowed_cpus, "0-3");
	}
	mpol_host_free(&host);
}

/* The running system, as the system call tells it. */
static void test_this_host(void **state)
{
	struct mpol_nodeset allowed, both;
	struct mpol_host host;

	(void)state;
	assert_int_equal(mpol_host_read(AT_FDCWD, true, &host), 0);
	assert_int_equal(mpol_host_facts(AT_FDCWD, &host), 0);
	if (host.cpuset_known && mpol_allowed(&allowed) == 0) {
		/* The call leaves out nodes without memory on some kernels. */
		both = mpol_nodeset_and(&host.allowed, &host.memory);
		allowed = mpol_nodeset_and(&allowed, &host.memory);
		assert_true(mpol_nodeset_equal(&both, &allowed));
	}
	mpol_host_free(&host);
}

int main(void)
{
	const struct CMUnitTest others[] = { cmocka_unit_test(test_this_host) };
	int failed = ROWS_RUN("facts of nodes", rows, test_row);

	failed += ROWS_RUN("facts of hosts", host_rows, test_host);
	failed += ROWS_RUN("broken facts", bad_rows, test_bad);
	failed += ROWS_RUN("the cpuset", status_rows, test_status);
	failed += cmocka_run_group_tests_name("this host", others, NULL, NULL);
	return failed != 0;
}
