/* SPDX-License-Identifier: Apache-2.0 */
/*
 * judge.c - how much lies where the policy puts it. Pure.
 */
#include "place/place.h"

#include "base/fd.h"

#include <errno.h>
#include <string.h>

static void due_nodes(const struct mpol *policy, const struct mpol_nodeset *cpus,
	const struct mpol_nodeset *may_use, struct place_due *due)
{
	struct mpol_nodeset usable;

	switch (policy->mode) {
	case MPOL_MODE_PREFERRED:
		/* The kernel keeps the lowest; without any it is local. */
		if (!mpol_nodeset_empty(&policy->nodes)) {
			mpol_nodeset_add(&due->nodes, mpol_nodeset_next(&policy->nodes, 0));
			break;
		}
		due->by_cpu = true;
		due->nodes = *cpus;
		break;
	case MPOL_MODE_BIND:
	case MPOL_MODE_PREFERRED_MANY:
		due->nodes = policy->nodes;
		break;
	case MPOL_MODE_INTERLEAVE:
	case MPOL_MODE_WEIGHTED_INTERLEAVE:
		due->nodes = policy->nodes;
		due->balanced = true;
		break;
	default:
		due->by_cpu = true;
		due->nodes = *cpus;
	}
	/* Of preferred nodes that the cpuset took away no page comes. */
	usable = mpol_nodeset_and(&due->nodes, may_use);
	due->moved = mpol_nodeset_empty(&usable) && !mpol_nodeset_empty(may_use);
	if (due->moved)
		due->nodes = *may_use;
	else if (!mpol_nodeset_empty(&usable))
		due->nodes = usable;
}

void place_due(const struct mpol *policy, const struct mpol_nodeset *cpus,
	const struct mpol_nodeset *may_use, const struct mpol_host *host, struct place_due *ret)
{
	struct place_due due = { .policy = *policy };

	due_nodes(policy, cpus, may_use, &due);
	for (unsigned n = mpol_nodeset_next(&due.nodes, 0); due.balanced && n < MPOL_NODES_MAX;
		n = mpol_nodeset_next(&due.nodes, n + 1))
		due.weight[n] = 1;
	for (size_t i = 0; policy->mode == MPOL_MODE_WEIGHTED_INTERLEAVE && i < host->n_nodes;
		i++) {
		const struct mpol_node *node = &host->nodes[i];

		/* 0: this kernel has no such file, and so weighs all alike. */
		if (mpol_nodeset_has(&due.nodes, node->id) && node->weight)
			due.weight[node->id] =
				(uint16_t)(node->weight < UINT16_MAX ? node->weight : UINT16_MAX);
	}
	*ret = due;
}

void place_due_open(const struct mpol_nodeset *may_use, struct place_due *due)
{
	unsigned last = 0;

	if (due->by_cpu || due->moved || mpol_nodeset_empty(&due->policy.nodes))
		return;
	for (unsigned n = mpol_nodeset_next(&due->policy.nodes, 0); n < MPOL_NODES_MAX;
		n = mpol_nodeset_next(&due->policy.nodes, n + 1))
		last = n;
	for (unsigned n = mpol_nodeset_next(may_use, last + 1); n < MPOL_NODES_MAX;
		n = mpol_nodeset_next(may_use, n + 1))
		mpol_nodeset_add(&due->nodes, n);
	due->open = true;
	due->balanced = false;
	memset(due->weight, 0, sizeof(due->weight));
}

/* total * weight / sum, rounded up. */
static uint64_t part_of(uint64_t total, uint64_t weight, uint64_t sum)
{
	return (uint64_t)(((unsigned __int128)total * weight + sum - 1) / sum);
}

/*
 * What a node may have beyond its part: turns end anywhere, for each process and by whole pages,
 * and what is freed is freed on any node.
 */
#define SLACK_LEAST ((uint64_t)64 << 10) /* bytes */

static uint64_t slack_of(uint64_t granule, uint64_t processes, uint64_t weight)
{
	uint64_t slack;

	if (__builtin_mul_overflow(granule, processes + weight, &slack))
		return UINT64_MAX;
	return slack < SLACK_LEAST ? SLACK_LEAST : slack;
}

/* Each kind by itself: file pages on one node do not make up for anonymous ones on another. */
static void judge_kind(const uint64_t bytes[MPOL_NODES_MAX], const struct place_due *due,
	uint64_t granule, uint64_t processes, struct place_verdict *v)
{
	uint64_t total = 0, weights = 0;

	for (unsigned node = 0; node < MPOL_NODES_MAX; node++) {
		place_add(&total, bytes[node]);
		weights += due->weight[node];
	}
	place_add(&v->governed, total);
	for (unsigned node = 0; node < MPOL_NODES_MAX; node++) {
		uint64_t here = bytes[node], part = here;

		if (due->balanced && due->weight[node]) {
			part = part_of(total, due->weight[node], weights);
			place_add(&v->due[node], part);
			place_add(&part, slack_of(granule, processes, due->weight[node]));
		}
		if (!mpol_nodeset_has(&due->nodes, node)) {
			place_add(&v->outside[node], here);
			continue;
		}
		place_add(&v->in_place, here < part ? here : part);
		place_add(&v->excess[node], here > part ? here - part : 0);
	}
}

void place_judge(const struct place_pages *pages, const struct place_due *due,
	const uint64_t granule[PLACE_KINDS], uint64_t processes, struct place_verdict *ret)
{
	struct place_verdict v = { 0 };

	for (int kind = 0; kind < PLACE_KINDS; kind++)
		judge_kind(pages->bytes[kind], due, granule[kind], processes, &v);
	*ret = v;
}

unsigned place_permille(const struct place_verdict *v)
{
	if (v->governed == 0)
		return 1000;
	return (unsigned)((unsigned __int128)v->in_place * 1000 / v->governed);
}

/* Nearly all: what a few pages of a start under another policy cannot spoil. */
#define RIGHT_PERMILLE 950
#define MOSTLY_PERMILLE 750

bool place_counted(const struct place *p)
{
	return p->source != PLACE_FROM_NOTHING && (p->source != PLACE_FROM_MAPS || p->n_mapped > 0);
}

enum place_grade place_grade(const struct place *p)
{
	const unsigned permille = place_permille(&p->verdict);

	if (p->verdict.governed == 0)
		return PLACE_EMPTY;
	return permille >= RIGHT_PERMILLE    ? PLACE_ALL_RIGHT
	       : permille >= MOSTLY_PERMILLE ? PLACE_MOSTLY
					     : PLACE_WRONG;
}
