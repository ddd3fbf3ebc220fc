/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes named by what they are, on captured hosts; and the ladder of modes for older kernels. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "mpol.h"
#include "rows.h"

static struct mpol_nodeset nodes(const char *text)
{
	struct mpol_nodeset set;

	assert_int_equal(mpol_nodeset_parse(text, strlen(text), NULL, &set, NULL), 0);
	return set;
}

static int open_host(const char *name)
{
	const char *dir = getenv("HASU_TEST_HOSTS");
	char path[4096];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", dir ? dir : "tests/hosts", name);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		fail_msg("there is no host '%s'", path);
	return fd;
}

struct row {
	const char *says;
	const char *host, *cpus, *allowed;
	const char *text;  /* of the nodes */
	const char *nodes; /* NULL: refused */
	const char *words; /* the first finding, if any */
	const char *may;   /* NULL: all */
};

/* clang-format off */
static const struct row rows[] = {
	{ "cpus: one node", "eight-nodes", "16", "0-7", "cpus", "2", NULL, NULL },
	{ "cpus: hyperthreads of two nodes", "eight-nodes", "64-79", "0-7", "cpus", "0-1", NULL, NULL },
	{ "cpus: every CPU", "eight-nodes", "0-127", "0-7", "cpus", "0-7", NULL, NULL },
	{ "cpus: cut by the cpuset, as a note", "eight-nodes", "0-15", "0", "cpus", "0",
		"\"cpus\" stands for node 0, without node 1: the cpuset allows node 0", NULL },
	{ "cpus: all cut away", "eight-nodes", "16", "0-1", "cpus", NULL, "\"cpus\" stands for no node "
		"here: it would be node 2, but the cpuset allows nodes 0-1", NULL },
	{ "cpus: on a node without memory", "cpu-only", "4-7", "0,2-3", "cpus", NULL, "\"cpus\" stands "
		"for no node here: it would be node 1, but node 1 has no memory", NULL },
	{ "cpus: one of two has no memory", "cpu-only", "3-4", "0,2-3", "cpus", "0",
		"\"cpus\" stands for node 0, without node 1: node 1 has no memory", NULL },
	{ "cpus: with a number", "eight-nodes", "16", "0-7", "cpus,5", "2,5", NULL, NULL },
	{ "cpus: sparse numbers", "sparse", "80", "0,8,252-255", "cpus", "8", NULL, NULL },
	{ "cpus: without NUMA", "no-numa", "2", "0", "cpus", "0", NULL, NULL },
	{ "cpus: no node is known", "eight-nodes", "500", "0-7", "cpus", NULL,
		"\"cpus\" stands for no node here: no node of its CPUs is known", NULL },

	{ "package: four nodes of a socket", "eight-nodes", "16", "0-7", "package", "0-3", NULL, NULL },
	{ "package: of CPUs on both sockets", "eight-nodes", "0,127", "0-7", "package", "0-7", NULL,
		NULL },
	{ "package: a socket is a node", "two-sockets", "28", "0-1", "package", "1", NULL, NULL },
	{ "package: without its expander", "memory-only", "0", "0-2", "package", "0", NULL, NULL },
	{ "package: cut by the cpuset", "four-nodes", "32", "0,3", "package", "3",
		"\"package\" stands for node 3, without node 2: the cpuset allows nodes 0,3", NULL },
	{ "package: but its own node", "eight-nodes", "16", "0-7", "package,!cpus", "0-1,3", NULL,
		NULL },
	{ "package: a host that does not tell", "offline", "0", "0-1", "package", NULL, "\"package\" "
		"stands for no node here: this host does not tell the sockets of its CPUs", NULL },
	{ "package: two nodes of which one is bare", "cpu-only", "0", "0,2-3", "package", "0",
		"\"package\" stands for node 0, without node 1: node 1 has no memory", NULL },

	{ "allowed: the cpuset", "eight-nodes", "0", "2-5", "allowed", "2-5", NULL, NULL },
	{ "allowed: nodes with memory", "cpu-only", "0", "0-3", "allowed", "0,2-3", NULL, NULL },
	{ "allowed: nothing", "eight-nodes", "0", "", "allowed", NULL,
		"\"allowed\" stands for no node here: the cpuset allows no node", NULL },
	{ "all: beyond the cpuset", "eight-nodes", "0", "2", "all", "0-7", NULL, NULL },
	{ "all: nodes with memory", "cpu-only", "0", "0", "all", "0,2-3", NULL, NULL },
	{ "all: sparse", "sparse", "0", "0", "all", "0,8,252-255", NULL, NULL },
	{ "all: not those that may come", "offline", "0", "0", "all", "0-1", NULL, NULL },

	{ "with-cpus: without the expander", "memory-only", "0", "0-2", "with-cpus", "0-1", NULL,
		NULL },
	{ "with-cpus: without the accelerators", "sparse", "0", "0,8,252-255", "with-cpus", "0,8",
		NULL, NULL },
	{ "with-cpus: within the cpuset", "memory-only", "0", "1-2", "with-cpus", "1",
		"\"with-cpus\" stands for node 1, without node 0: the cpuset allows nodes 1-2", NULL },
	{ "with-cpus: nothing in the cpuset", "memory-only", "0", "2", "with-cpus", NULL,
		"\"with-cpus\" stands for no node here: it would be nodes 0-1, but the cpuset allows "
		"node 2", NULL },
	{ "memory-only: the expander", "memory-only", "0", "0-2", "memory-only", "2", NULL, NULL },
	{ "memory-only: the accelerators", "sparse", "0", "0,8,252-255", "memory-only", "252-255",
		NULL, NULL },
	{ "memory-only: every node has CPUs", "eight-nodes", "0", "0-7", "memory-only", NULL,
		"\"memory-only\" stands for no node here: every node of this host has CPUs", NULL },
	{ "memory-only: beside others it may be nothing, with a warning", "eight-nodes", "16", "0-7",
		"cpus,memory-only", "2",
		"\"memory-only\" stands for no node here: every node of this host has CPUs", NULL },
	{ "memory-only: outside of the cpuset", "memory-only", "0", "0-1", "memory-only", NULL,
		"\"memory-only\" stands for no node here: it would be node 2, but the cpuset allows "
		"nodes 0-1", NULL },
	{ "both kinds", "memory-only", "0", "0-2", "with-cpus,memory-only", "0-2", NULL, NULL },

	{ "max-dist: itself", "eight-nodes", "16", "0-7", "max-dist:10", "2", NULL, NULL },
	{ "max-dist: its neighbour", "eight-nodes", "16", "0-7", "max-dist:11", "2-3", NULL, NULL },
	{ "max-dist: its socket", "eight-nodes", "16", "0-7", "max-dist:31", "0-3", NULL, NULL },
	{ "max-dist: everything", "eight-nodes", "16", "0-7", "max-dist:32", "0-7", NULL, NULL },
	{ "max-dist: near either of two", "eight-nodes", "0,56", "0-7", "max-dist:11", "0-1,6-7", NULL,
		NULL },
	{ "max-dist: the expander is nearer than the other socket", "memory-only", "0", "0-2",
		"max-dist:14", "0,2", NULL, NULL },
	{ "max-dist: it counts from the CPUs, not to them", "memory-only", "48", "0-2", "max-dist:21",
		"0-1", NULL, NULL },
	{ "max-dist: without distances the node itself", "no-numa", "0", "0", "max-dist:20", "0", NULL,
		NULL },
	{ "max-dist: from a node without memory", "cpu-only", "4", "0,2-3", "max-dist:16", "0",
		"\"max-dist\" stands for node 0, without node 1: node 1 has no memory", NULL },

	{ "device: its node", "two-sockets", "0", "0-1", "device:af:00.0", "1", NULL, NULL },
	{ "device: two of them", "two-sockets", "0", "0-1", "device:af:00.0,device:0000:3b:00.0", "0-1",
		NULL, NULL },
	{ "device: a domain of its own, on an expander", "memory-only", "0", "0-2",
		"device:10000:81:00.0", "2", NULL, NULL },
	{ "device: an accelerator's own memory", "sparse", "0", "0,8,252-255", "device:0004:04:00.0",
		"252", NULL, NULL },
	{ "device: outside of the cpuset", "two-sockets", "0", "0", "device:af:00.0", NULL,
		"\"device\" stands for no node here: it would be node 1, but the cpuset allows node 0",
		NULL },
	{ "device: on a node without memory", "cpu-only", "0", "0,2-3", "device:41:00.0", NULL,
		"\"device\" stands for no node here: it would be node 1, but node 1 has no memory", NULL },
	{ "device: absent", "two-sockets", "0", "0-1", "device:0000:01:00.0", NULL,
		"device:0000:01:00.0: this host has no such PCI device", NULL },
	{ "device: absent, though only left out", "two-sockets", "0", "0-1", "all,!device:01:00.0",
		NULL, "device:0000:01:00.0: this host has no such PCI device", NULL },
	{ "device: the firmware says nothing", "two-sockets", "0", "0-1", "device:00:1f.0", NULL,
		"device:0000:00:1f.0: the firmware of this host does not tell its node", NULL },

	{ "but: order does not matter", "memory-only", "0", "0-2", "!memory-only,all", "0-1", NULL,
		NULL },
	{ "but: what is not there takes nothing away", "eight-nodes", "0", "0-7",
		"allowed,!memory-only", "0-7", NULL, NULL },
	{ "but: alone it is taken from the cpuset", "eight-nodes", "16", "1-4", "!cpus", "1,3-4", NULL,
		NULL },
	{ "but: a number alone", "eight-nodes", "16", "0-7", "!0,!7", "1-6", NULL, NULL },
	{ "but: it looks beyond the cpuset", "memory-only", "0", "0-1", "all,!memory-only", "0-1", NULL,
		NULL },
	{ "but: distance", "eight-nodes", "16", "0-7", "max-dist:12,!max-dist:11", "0-1", NULL, NULL },
	{ "but: a device", "two-sockets", "0", "0-1", "all,!device:af:00.0", "0", NULL, NULL },
	{ "but: nothing is left", "two-sockets", "0", "0-1", "cpus,!with-cpus", NULL,
		"no node is left: \"!\" takes away node 0, and nothing else is named", NULL },
	{ "but: nothing is left of the cpuset", "two-sockets", "0", "0", "!0", NULL,
		"no node is left: \"!\" takes away node 0, and nothing else is named", NULL },
	{ "but: nothing is left of numbers", "two-sockets", "0-111", "0-1", "0-1,!cpus", NULL,
		"no node is left: \"!\" takes away nodes 0-1, and nothing else is named", NULL },
	{ "numbers are not looked at", "two-sockets", "0", "0", "cpus,7", "0,7", NULL, NULL },

	{ "a limit: symbols keep to it", "eight-nodes", "0", "0-7", "all", "0-3",
		"\"all\" stands for nodes 0-3, without nodes 4-7: only nodes 0-3 may be named", "0-3" },
	{ "a limit: and to the cpuset", "eight-nodes", "16", "2-5", "package", "3",
		"\"package\" stands for node 3, without nodes 0-2: the cpuset allows nodes 2-5, and only "
		"nodes 3-7 may be named", "3-7" },
	{ "a limit: nothing within it", "eight-nodes", "0", "0-7", "cpus", NULL,
		"\"cpus\" stands for no node here: it would be node 0, but only nodes 4-7 may be named",
		"4-7" },
	{ "a limit: but alone keeps to it", "eight-nodes", "0", "0-7", "!0", "1-3", NULL, "0-3" },
};
/* clang-format on */

static void test_row(void **state)
{
	const struct row *row = *state;
	struct mpol_report report = { 0 };
	char text[512], got[MPOL_NODESET_TEXT];
	struct mpol_place place = { .allowed = nodes(row->allowed) };
	struct mpol_host host;
	struct mpol_spec spec;
	struct mpol policy;
	int fd = open_host(row->host), r;

	place.may = nodes(row->may ? row->may : "0-1023");
	assert_int_equal(mpol_host_read(fd, true, &host), 0);
	assert_int_equal(mpol_cpus_nodes(&host, row->cpus, &place.cpus), 0);
	(void)snprintf(text, sizeof(text), "bind=static:%s", row->text);
	assert_int_equal(
		mpol_spec_parse(text, strlen(text), MPOL_RULES_STRICT, "/x", &spec, NULL), 0);
	assert_true(mpol_spec_is_symbolic(&spec));
	r = mpol_spec_devices(fd, &spec, "/here", &report);
	if (r == 0)
		r = mpol_spec_resolve(&spec, &host, &place, "/here", &policy, &report);
	mpol_host_free(&host);
	close(fd);
	if (row->words) {
		assert_int_equal(report.n, 1);
		assert_words(report.item[0].text, row->words);
		assert_words(report.item[0].where, "/here");
	} else {
		assert_int_equal(report.n, 0);
	}
	if (!row->nodes) {
		if (r == 0)
			fail_msg("comes out as %s", mpol_nodeset_format(&policy.nodes, got));
		assert_int_equal(report.item[0].severity, MPOL_ERROR);
		return;
	}
	if (r < 0)
		fail_msg("refused: %s", report.n ? report.item[0].text : "without a word");
	assert_words(mpol_nodeset_format(&policy.nodes, got), row->nodes);
	assert_int_equal(policy.mode, MPOL_MODE_BIND);
	assert_int_equal(policy.flags, MPOL_FLAG_STATIC_NODES);
	assert_true(!report.n || report.item[0].severity < MPOL_ERROR);
}

/* Two symbols that stand for nothing are both said. */
static void test_all_reasons(void **state)
{
	static const char text[] = "bind:memory-only,cpus";
	struct mpol_report report = { 0 };
	struct mpol_place place = { .allowed = nodes("0-1"), .may = nodes("0-7") };
	struct mpol_host host;
	struct mpol_spec spec;
	struct mpol policy;
	int fd = open_host("eight-nodes");

	assert_int_equal(mpol_host_read(fd, true, &host), 0);
	close(fd);
	place.cpus = nodes("7");
	assert_int_equal(
		mpol_spec_parse(text, strlen(text), MPOL_RULES_STRICT, "/x", &spec, NULL), 0);
	assert_int_equal(mpol_spec_resolve(&spec, &host, &place, NULL, &policy, &report), -EINVAL);
	assert_int_equal(report.n, 2);
	assert_int_equal(report.item[0].severity, MPOL_ERROR);
	assert_int_equal(report.item[1].severity, MPOL_ERROR);
	mpol_host_free(&host);
}

static void test_cpu_lists(void **state)
{
	static const struct {
		const char *list, *nodes;
	} lists[] = {
		{ "", "" },
		{ "0", "0" },
		{ "0,64,1", "0" },
		{ "7-8", "0-1" },
		{ "0-8191", "0-7" },
		{ "128-8191", "" },
		{ "63,0-0,", "0,7" },
		{ "8192", NULL },
		{ "0-99999999999", NULL },
		{ "5-2", NULL },
		{ "0-", NULL },
		{ "-1", NULL },
		{ "0 1", NULL },
		{ "x", NULL },
		{ "0x1", NULL },
		{ "1,,2", NULL },
	};
	struct mpol_nodeset set;
	char text[MPOL_NODESET_TEXT];
	struct mpol_host host;
	int fd = open_host("eight-nodes");

	assert_int_equal(mpol_host_read(fd, true, &host), 0);
	close(fd);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		int r = mpol_cpus_nodes(&host, lists[i].list, &set);

		if (r != (lists[i].nodes ? 0 : -EBADMSG))
			fail_msg("'%s': %d", lists[i].list, r);
		if (r == 0)
			assert_words(mpol_nodeset_format(&set, text), lists[i].nodes);
	}
	mpol_host_free(&host);
}

struct ladder_row {
	const char *says;
	int mode;
	unsigned flags;
	const char *release;
	int lower; /* -1: none */
	const char *words;
};

/* clang-format off */
static const struct ladder_row ladder_rows[] = {
	{ "weighted on 6.1", 6, 0, "6.1.0-18-amd64", 3,
		"MPOL_WEIGHTED_INTERLEAVE needs Linux 6.9, and this is 6.1.0-18-amd64: MPOL_INTERLEAVE "
		"takes its place (these nodes in turn, page by page)" },
	{ "weighted and static on 5.14", 6, MPOL_FLAG_STATIC_NODES, "5.14.0", 3,
		"MPOL_WEIGHTED_INTERLEAVE needs Linux 6.9, and this is 5.14.0: MPOL_INTERLEAVE takes "
		"its place (these nodes in turn, page by page)" },
	{ "weighted on 6.9", 6, 0, "6.9.0", -1, NULL },
	{ "many on 5.14", 5, 0, "5.14.0", 1,
		"MPOL_PREFERRED_MANY needs Linux 5.15, and this is 5.14.0: MPOL_PREFERRED takes its "
		"place (the lowest of these nodes first, others when it is full)" },
	{ "many on 5.15", 5, 0, "5.15.0", -1, NULL },
	{ "many with balancing: MPOL_PREFERRED does not take the flag", 5,
		MPOL_FLAG_NUMA_BALANCING, "5.14.0", -1, NULL },
	{ "bind has no lower one", 2, 0, "5.14.0", -1, NULL },
	{ "nor has interleave", 3, 0, "2.6.0", -1, NULL },
	{ "an unknown mode", 9, 0, "5.14.0", -1, NULL },
};
/* clang-format on */

static void test_ladder(void **state)
{
	const struct ladder_row *row = *state;
	struct mpol policy = { row->mode, row->flags, nodes("0-1") }, lower = { .mode = 77 };
	struct mpol_report report = { 0 };
	struct mpol_kernel kernel;
	bool r;

	mpol_kernel_guess(row->release, &kernel);
	r = mpol_fallback(&policy, &kernel, "/linux/memoryPolicy", &lower, &report);
	assert_int_equal(r, row->lower >= 0);
	assert_int_equal(lower.mode, r ? row->lower : 77);
	assert_int_equal(report.n, r);
	if (!r)
		return;
	assert_int_equal(lower.flags, row->flags);
	assert_true(mpol_nodeset_equal(&lower.nodes, &policy.nodes));
	assert_words(report.item[0].text, row->words);
	assert_int_equal(report.item[0].severity, MPOL_WARNING);
	/* Without NUMA there is nothing to fall back to. */
	kernel.numa = false;
	assert_false(mpol_fallback(&policy, &kernel, NULL, &lower, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_reasons),
		cmocka_unit_test(test_cpu_lists),
	};
	int failed = ROWS_RUN("symbols", rows, test_row);

	failed += ROWS_RUN("ladder", ladder_rows, test_ladder);
	return failed + cmocka_run_group_tests_name("symbols as a whole", tests, NULL, NULL);
}
