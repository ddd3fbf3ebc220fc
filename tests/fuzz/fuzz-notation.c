/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz the notation of annotations and options: whatever the bytes are, they are read or refused in
 * printable words, and what is read is resolved on a host of a few nodes, or refused.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mpol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

#define NODES 4

static void require_words(const struct mpol_report *report)
{
	REQUIRE(report->n <= MPOL_FINDINGS_MAX);
	for (size_t i = 0; i < report->n; i++) {
		const struct mpol_finding *f = &report->item[i];

		REQUIRE(f->code && memchr(f->text, '\0', sizeof(f->text)) && f->text[0]);
		REQUIRE(!strcmp(f->where, "/here"));
		for (const char *p = f->text; *p; p++)
			REQUIRE(*p >= ' ' && *p <= '~');
	}
}

/* Node 3 has no CPUs, node 2 no memory. */
static struct mpol_host host_of(struct mpol_node nodes[NODES])
{
	static uint16_t distances[NODES][NODES] = { { 10, 12, 20, 40 }, { 12, 10, 20, 40 },
		{ 20, 20, 10, 40 }, { 40, 40, 40, 10 } };
	static char cpus[NODES][8] = { "0-3", "4-7", "8", "" };
	struct mpol_host host = { .n_nodes = NODES, .nodes = nodes };

	for (unsigned i = 0; i < NODES; i++) {
		nodes[i] = (struct mpol_node){ .id = i,
			.cpus = cpus[i],
			.distances = distances[i],
			.package = i < 3 ? (int)i / 2 : -1 };
		mpol_nodeset_add(&host.online, i);
	}
	host.possible = host.online;
	host.memory.word[0] = 0xb;
	host.cpu.word[0] = 0x7;
	return host;
}

static void resolve(const struct mpol_spec *spec, uint8_t seed)
{
	struct mpol_place place = { .allowed = { { seed & 15 } }, .may = { { seed >> 4 } } };
	struct mpol_node nodes[NODES];
	struct mpol_host host = host_of(nodes);
	struct mpol_report report = { 0 };
	struct mpol policy;
	int r;

	REQUIRE(mpol_cpus_nodes(&host, seed & 1 ? "4-8" : "0", &place.cpus) == 0);
	r = mpol_spec_resolve(spec, &host, &place, "/here", &policy, &report);
	require_words(&report);
	REQUIRE((r < 0) == (mpol_report_first(&report, MPOL_ERROR) != NULL));
	if (r == 0) {
		struct mpol_nodeset lost = mpol_nodeset_and(&policy.nodes, &spec->out.numbers);

		REQUIRE(policy.mode == spec->mode && policy.flags == spec->flags);
		REQUIRE(mpol_nodeset_empty(&lost));
		/* Beyond the nodes of this host there is what was named by number, and no more. */
		lost = mpol_nodeset_minus(&policy.nodes, &host.online);
		lost = mpol_nodeset_minus(&lost, &spec->in.numbers);
		REQUIRE(mpol_nodeset_empty(&lost));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mpol_report report = { 0 };
	struct mpol_spec spec, untouched;
	uint8_t seed = size ? data[0] : 0;
	const struct mpol_mode_info *info;
	int r;

	if (size) {
		data++;
		size--;
	}
	memset(&spec, 0xa5, sizeof(spec));
	untouched = spec;
	r = mpol_spec_parse((const char *)data, size,
		seed & 2 ? MPOL_RULES_KERNEL : MPOL_RULES_STRICT, "/here", &spec, &report);
	require_words(&report);
	REQUIRE((r < 0) == (mpol_report_first(&report, MPOL_ERROR) != NULL));
	if (r < 0) {
		REQUIRE(r == -EINVAL || r == -ERANGE || r == -E2BIG);
		REQUIRE(!memcmp(&spec, &untouched, sizeof(spec)));
		return 0;
	}
	info = mpol_mode_by_number(spec.mode);
	REQUIRE(info && !(spec.flags & ~info->kernel_flags));
	REQUIRE(spec.in.n_devices <= MPOL_DEVICES_MAX && spec.out.n_devices <= MPOL_DEVICES_MAX);
	if (!mpol_spec_is_symbolic(&spec)) {
		struct mpol policy = mpol_spec_policy(&spec);

		if (info->node_rule == MPOL_NODES_REQUIRED)
			REQUIRE(!mpol_nodeset_empty(&policy.nodes));
	}
	resolve(&spec, seed);
	return 0;
}
