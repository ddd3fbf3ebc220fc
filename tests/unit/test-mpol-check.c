/* SPDX-License-Identifier: Apache-2.0 */
/* A policy against kernels and hosts that this machine is not. */
#include <errno.h>

#include "mpol.h"
#include "rows.h"

struct row {
	const char *says;
	const char *release; /* "": no NUMA */
	const char *policy;  /* as numa_maps writes it */
	const char *possible, *online, *memory;
	const char *words[3]; /* each finding as "severity code where: text" */
};

/* clang-format off */
static const struct row rows[] = {
	{ "all is well", "6.1.0-18-amd64", "bind:0-1", "0-3", "0-3", "0-3", { 0 } },
	{ "a mode that is too new", "6.1", "weighted interleave:0", "0-3", "0-3", "0-3", {
		"error mpol.kernel.mode /p/mode: MPOL_WEIGHTED_INTERLEAVE needs Linux 6.9; this is "
		"6.1" } },
	{ "the whole release is named", "6.1.0-18-amd64", "weighted interleave:0", "0-3", "0-3",
		"0-3", {
		"error mpol.kernel.mode /p/mode: MPOL_WEIGHTED_INTERLEAVE needs Linux 6.9; this is "
		"6.1.0-18-amd64" } },
	{ "6.10 is newer than 6.9", "6.10.3", "weighted interleave:0", "0", "0", "0", { 0 } },
	{ "many is too new", "5.14.0-1", "prefer (many):0", "0", "0", "0", {
		"error mpol.kernel.mode /p/mode: MPOL_PREFERRED_MANY needs Linux 5.15; this is "
		"5.14.0-1" } },
	{ "balancing is too new", "5.10.0", "bind=balancing:0", "0", "0", "0", {
		"error mpol.kernel.flag /p/flags: MPOL_F_NUMA_BALANCING needs Linux 5.12; this is "
		"5.10.0" } },
	{ "balancing with many is too new", "6.1.0", "prefer (many)=balancing:0", "0", "0", "0", {
		"error mpol.kernel.flag /p/flags: MPOL_F_NUMA_BALANCING with MPOL_PREFERRED_MANY needs "
		"Linux 6.10; this is 6.1.0" } },
	{ "balancing with many", "6.18.4", "prefer (many)=balancing:0", "0", "0", "0", { 0 } },
	{ "an unreadable release refuses nothing", "mainline", "weighted interleave:0", "0", "0", "0",
		{ 0 } },
	{ "no NUMA takes the default", "", "default", "0", "0", "0", { 0 } },
	{ "no NUMA takes local", "", "local", "0", "0", "0", { 0 } },
	{ "no NUMA takes nothing else", "", "bind:0", "0", "0", "0", {
		"error mpol.kernel.numa /p/mode: MPOL_BIND needs a kernel with NUMA; this one, 6.6, is "
		"built without it" } },
	{ "no NUMA does not take preferred", "", "prefer", "0", "0", "0", {
		"error mpol.kernel.numa /p/mode: MPOL_PREFERRED needs a kernel with NUMA; this one, "
		"6.6, is built without it" } },

	{ "a node that does not exist", "6.1", "bind:9", "0-3", "0-3", "0-3", {
		"error mpol.node.absent /p/nodes: node 9 does not exist: this host has nodes 0-3" } },
	{ "nodes that do not exist", "6.1", "bind:8-9", "0", "0", "0", {
		"error mpol.node.absent /p/nodes: nodes 8-9 do not exist: this host has node 0" } },
	{ "an absent node in company is a warning", "6.1", "bind:0,9", "0-3", "0-3", "0-3", {
		"warning mpol.node.absent /p/nodes: node 9 does not exist: this host has nodes 0-3" } },
	{ "an offline node", "6.1", "bind:2", "0-3", "0-1", "0-1", {
		"error mpol.node.offline /p/nodes: node 2 is offline: this host has nodes 0-1 online" } },
	{ "an offline node in company", "6.1", "bind:1-2", "0-3", "0-1", "0-1", {
		"warning mpol.node.offline /p/nodes: node 2 is offline: this host has nodes 0-1 "
		"online" } },
	{ "a node without memory", "6.1", "interleave:1", "0-2", "0-2", "0,2", {
		"error mpol.node.memoryless /p/nodes: node 1 has no memory: this host has memory on "
		"nodes 0,2" } },
	{ "a node without memory in company", "6.1", "interleave:0-1", "0-2", "0-2", "0,2", {
		"warning mpol.node.memoryless /p/nodes: node 1 has no memory: this host has memory on "
		"nodes 0,2" } },
	{ "each node has its own reason", "6.1", "bind:1-9", "0-3", "0-2", "0", {
		"error mpol.node.absent /p/nodes: nodes 4-9 do not exist: this host has nodes 0-3",
		"error mpol.node.offline /p/nodes: node 3 is offline: this host has nodes 0-2 online",
		"error mpol.node.memoryless /p/nodes: nodes 1-2 have no memory: this host has memory "
		"on node 0" } },
	{ "a static node must exist too", "6.1", "bind=static:9", "0-3", "0-3", "0-3", {
		"error mpol.node.absent /p/nodes: node 9 does not exist: this host has nodes 0-3" } },
	{ "a relative number is no node of the host", "6.1", "bind=relative:9", "0-3", "0-3", "0-3",
		{ 0 } },
	{ "a kernel and a node at once", "6.1", "weighted interleave:9", "0-3", "0-3", "0-3", {
		"error mpol.kernel.mode /p/mode: MPOL_WEIGHTED_INTERLEAVE needs Linux 6.9; this is 6.1",
		"error mpol.node.absent /p/nodes: node 9 does not exist: this host has nodes 0-3" } },
	{ "a hostile release", "6.1\033[31m", "weighted interleave:0", "0", "0", "0", {
		"error mpol.kernel.mode /p/mode: MPOL_WEIGHTED_INTERLEAVE needs Linux 6.9; this is "
		"6.1\\x1b[31m" } },
};
/* clang-format on */

static struct mpol_nodeset nodes(const char *text)
{
	struct mpol_nodeset set;

	assert_int_equal(mpol_nodeset_parse(text, strlen(text), NULL, &set, NULL), 0);
	return set;
}

static void test_row(void **state)
{
	const struct row *row = *state;
	struct mpol_host host = { .possible = nodes(row->possible),
		.online = nodes(row->online),
		.memory = nodes(row->memory) };
	struct mpol_report report = { 0 };
	struct mpol_kernel kernel;
	bool cut, error = false;
	struct mpol policy;
	char line[1024];

	assert_int_equal(mpol_maps_text_parse(row->policy, strlen(row->policy), &policy, &cut), 0);
	mpol_kernel_guess(row->release[0] ? row->release : "6.6", &kernel);
	kernel.numa = row->release[0] != '\0';
	assert_int_equal(mpol_check_host(&policy, &kernel, &host, "/p", &report) == 0,
		!row->words[0] || !strncmp(row->words[0], "warning", 7));
	for (size_t i = 0; i < 3 && row->words[i]; i++) {
		const struct mpol_finding *f = &report.item[i];

		assert_true(i < report.n);
		(void)snprintf(line, sizeof(line), "%s %s %s: %s", mpol_severity_name(f->severity),
			f->code, f->where, f->text);
		assert_words(line, row->words[i]);
		error |= f->severity == MPOL_ERROR;
	}
	assert_true(report.n == 3 || !row->words[report.n]);
	assert_int_equal(mpol_report_first(&report, MPOL_ERROR) != NULL, error);
}

/* A kernel whose number is new enough, but which says no: a filter, or an odd build. */
static void test_new_number_but_no_mode(void **state)
{
	struct mpol_host host = {
		.possible = nodes("0"), .online = nodes("0"), .memory = nodes("0")
	};
	struct mpol policy = { MPOL_MODE_WEIGHTED_INTERLEAVE, 0, nodes("0") };
	struct mpol_report report = { 0 };
	struct mpol_kernel kernel;

	(void)state;
	mpol_kernel_guess("6.12.0", &kernel);
	kernel.modes &= ~(1u << MPOL_MODE_WEIGHTED_INTERLEAVE);
	assert_int_equal(mpol_check_host(&policy, &kernel, &host, NULL, &report), -EINVAL);
	assert_words(report.item[0].text, "MPOL_WEIGHTED_INTERLEAVE is not known to this kernel, "
					  "6.12.0, although Linux has it "
					  "since 6.9");
	policy.mode = 7;
	assert_int_equal(mpol_check_host(&policy, &kernel, &host, NULL, &report), -EINVAL);
	assert_words(report.item[1].text, "mode 7 is not known");
}

struct guess_row {
	const char *says;
	unsigned modes, flags; /* flags without their shift of 13 */
	bool many;
};

static const struct guess_row guess_rows[] = {
	{ "2.6.32-754.el6", 0x0f, 6, false },
	{ "3.10.0-1160.el7", 0x1f, 6, false },
	{ "5.10.0-28-amd64", 0x1f, 6, false },
	{ "5.12.0", 0x1f, 7, false },
	{ "5.14.0-503.el9", 0x1f, 7, false },
	{ "5.15.0-91-generic", 0x3f, 7, false },
	{ "6.1.0-18-amd64", 0x3f, 7, false },
	{ "6.8.12", 0x3f, 7, false },
	{ "6.9.0", 0x7f, 7, false },
	{ "6.10.0-rc1", 0x7f, 7, true },
	{ "6.18.44", 0x7f, 7, true },
	{ "7.2", 0x7f, 7, true },
	{ "10.0", 0x7f, 7, true },
	{ "", 0x7f, 7, true },
	{ "next-20260101", 0x7f, 7, true },
};

static void test_guess(void **state)
{
	const struct guess_row *row = *state;
	struct mpol_kernel kernel;

	mpol_kernel_guess(row->says, &kernel);
	assert_true(kernel.numa);
	assert_int_equal(kernel.modes, row->modes);
	assert_int_equal(kernel.flags, row->flags << 13);
	assert_int_equal(kernel.balancing_many, row->many);
	assert_words(kernel.release, row->says);
}

int main(void)
{
	const struct CMUnitTest others[] = { cmocka_unit_test(test_new_number_but_no_mode) };
	int failed = ROWS_RUN("policies against hosts", rows, test_row);

	failed += ROWS_RUN("kernels by their release", guess_rows, test_guess);
	failed += cmocka_run_group_tests_name("odd kernels", others, NULL, NULL);
	return failed != 0;
}
