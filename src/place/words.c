/* SPDX-License-Identifier: Apache-2.0 */
/*
 * words.c - what the formats say in the same words.
 */
#include "place/place.h"

#include "base/fd.h"

#include <stdio.h>

const char *place_origin(const struct place *p)
{
	if (!p->saved.present)
		return NULL;
	return p->request.from ? p->request.from : memory_source_name(MEMORY_CONFIG);
}

const char *place_source_name(enum place_source source)
{
	static const char *const names[] = {
		[PLACE_FROM_NOTHING] = "nothing",
		[PLACE_FROM_V2] = "cgroup v2",
		[PLACE_FROM_V1] = "cgroup v1",
		[PLACE_FROM_MAPS] = "numa_maps",
	};

	return names[source];
}

const char *place_grade_name(enum place_grade grade)
{
	static const char *const names[] = {
		[PLACE_ALL_RIGHT] = "in place",
		[PLACE_MOSTLY] = "mostly in place",
		[PLACE_WRONG] = "misplaced",
		[PLACE_EMPTY] = "nothing to judge",
	};

	return names[grade];
}

char *place_percent(uint64_t part, uint64_t whole, char buf[PLACE_PERCENT])
{
	const unsigned permille = whole ? (unsigned)((unsigned __int128)part * 1000 / whole) : 0;

	if (permille % 10)
		(void)snprintf(buf, PLACE_PERCENT, "%u.%u %%", permille / 10, permille % 10);
	else
		(void)snprintf(buf, PLACE_PERCENT, "%u %%", permille / 10);
	return buf;
}

char *place_policy_text(const struct mpol *policy, bool cut, char buf[PLACE_POLICY])
{
	size_t len;

	(void)mpol_maps_text(policy, buf);
	len = strlen(buf);
	if (cut)
		(void)snprintf(buf + len, PLACE_POLICY - len, ",...");
	return buf;
}

const char *place_due_words(const struct place *p, char buf[PLACE_WORDS])
{
	const bool many = mpol_nodeset_count(&p->due.nodes) != 1;
	char nodes[MPOL_NODESET_TEXT];
	const char *how = "";

	if (p->due.moved)
		how = many ? ", which the cpuset allows; none of the policy's is"
			   : ", which the cpuset allows; the policy's are not";
	else if (p->due.open)
		how = "; the kernel shows the policy's first nodes only";
	else if (p->due.by_cpu)
		how = many ? ", those of its CPUs" : ", that of its CPUs";
	else if (many && p->due.policy.mode == MPOL_MODE_WEIGHTED_INTERLEAVE)
		how = " by weight";
	else if (many && p->due.balanced)
		how = " in equal parts";
	(void)mpol_nodeset_format(&p->due.nodes, nodes);
	(void)snprintf(buf, PLACE_WORDS, "on node%s %.200s%s", many ? "s" : "", nodes, how);
	return buf;
}

bool place_has_much(const struct place *p, unsigned node)
{
	return p->verdict.excess[node] > place_on_node(p->pages, node) / 20;
}

uint64_t place_others(const struct place *p)
{
	uint64_t sum = 0;

	for (unsigned n = 0; n < MPOL_NODES_MAX; n++)
		if (!mpol_nodeset_has(&p->due.nodes, n))
			place_add(&sum, p->others[n]);
	return sum;
}
