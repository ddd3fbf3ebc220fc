/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reasons.c - why bytes are not where the policy puts them. Pure: from what was gathered.
 *
 * Each reason takes what it can account for, node by node, and leaves the rest to those after it;
 * so their bytes add up to all that is not in place. Those that are certain come first.
 */
#include "place/place.h"

#include "base/fd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* Beyond its watermark a node keeps pages in lists of its CPUs. */
#define FULL_SLACK_MAX ((uint64_t)64 << 20)
#define FULL_SLACK_PART 32

/* What no reason has taken yet. */
struct left {
	uint64_t node[MPOL_NODES_MAX];
};

static int add_reason(struct place *p, const char *code, uint64_t bytes, const char *text)
{
	if (!text)
		return -ENOMEM;
	if (p->n_reasons < PLACE_REASONS_MAX)
		p->reasons[p->n_reasons++] =
			(struct place_reason){ .code = code, .bytes = bytes, .text = text };
	return 0;
}

/* At most so much of each node: NULL: all of it. nodes NULL: of every node. */
static uint64_t claim(
	struct left *left, const struct mpol_nodeset *nodes, const uint64_t most[MPOL_NODES_MAX])
{
	uint64_t sum = 0;

	for (unsigned n = 0; n < MPOL_NODES_MAX; n++) {
		const uint64_t room = most ? most[n] : UINT64_MAX;
		const uint64_t some = left->node[n] < room ? left->node[n] : room;

		if (nodes && !mpol_nodeset_has(nodes, n))
			continue;
		left->node[n] -= some;
		place_add(&sum, some);
	}
	return sum;
}

static int own_mappings(struct place *p, struct left *left)
{
	const uint64_t bytes = claim(left, NULL, p->own);
	char policy[MPOL_TEXT];

	if (bytes == 0)
		return 0;
	return add_reason(p, "own-policy", bytes,
		arena_printf(&p->arena,
			"lie in mappings with a policy of their own (mbind(2)), the first of them "
			"'%s'",
			mpol_maps_text(&p->own_policy, policy)));
}

static bool is_other_policy(const struct mpol *a, const struct mpol *b)
{
	return a->mode != b->mode || !mpol_nodeset_equal(&a->nodes, &b->nodes);
}

/*
 * The kernel moves the policy with the cpuset, or does without nodes that it takes away; the pages
 * it moves only where cpuset.mems was set before.
 */
static int before_change(struct place *p, struct left *left)
{
	const bool other = is_other_policy(&p->saved.resolved, &p->live.due);
	struct mpol_nodeset before = mpol_nodeset_minus(&p->saved.resolved.nodes, &p->due.nodes);
	char then[MPOL_TEXT], now[MPOL_TEXT], nodes[MPOL_NODESET_TEXT];
	uint64_t bytes;

	if (!p->saved.present || (!other && mpol_nodeset_empty(&before)))
		return 0;
	bytes = claim(left, &before, NULL);
	if (other && p->due.balanced)
		place_add(&bytes, claim(left, &p->due.nodes, p->verdict.excess));
	if (bytes == 0)
		return 0;
	if (!other)
		return add_reason(p, "before-change", bytes,
			arena_printf(&p->arena,
				"are from before a change of the cpuset, which allowed the "
				"policy's "
				"node%s %s when the container was made",
				mpol_nodeset_count(&before) == 1 ? "" : "s",
				mpol_nodeset_format(&before, nodes)));
	return add_reason(p, "before-change", bytes,
		arena_printf(&p->arena,
			"are from before a change of the cpuset: the policy was '%s' when the "
			"container "
			"was made, and is '%s' now",
			mpol_maps_text(&p->saved.resolved, then),
			mpol_maps_text(&p->live.due, now)));
}

/* Their pages may lie on any node of their policies, and on any at all under those without. */
static int other_threads(struct place *p, struct left *left)
{
	const size_t n =
		p->n_differing < PLACE_THREADS_SHOWN ? p->n_differing : PLACE_THREADS_SHOWN;
	struct mpol_nodeset nodes = { { 0 } };
	char policy[MPOL_TEXT];
	bool any = p->n_differing > n;
	uint64_t bytes;

	for (size_t i = 0; i < n; i++) {
		any |= mpol_nodeset_empty(&p->threads[i].policy.nodes) || p->threads[i].cut;
		nodes = mpol_nodeset_or(&nodes, &p->threads[i].policy.nodes);
	}
	if (n == 0)
		return 0;
	bytes = claim(left, any ? NULL : &nodes, NULL);
	if (bytes == 0)
		return 0;
	(void)mpol_maps_text(&p->threads[0].policy, policy);
	if (p->n_differing == 1)
		return add_reason(p, "other-threads", bytes,
			arena_printf(&p->arena,
				"can come from the thread with another policy, '%s' of %d (%s)",
				policy, (int)p->threads[0].tid, p->threads[0].comm));
	return add_reason(p, "other-threads", bytes,
		arena_printf(&p->arena,
			"can come from the %zu threads with other policies, such as '%s' of %d "
			"(%s)",
			p->n_differing, policy, (int)p->threads[0].tid, p->threads[0].comm));
}

static const struct mpol_node *node_of(const struct place *p, unsigned id)
{
	for (size_t i = 0; i < p->host.n_nodes; i++)
		if (p->host.nodes[i].id == id)
			return &p->host.nodes[i];
	return NULL;
}

/* Without regard to policies the kernel moves what is cold to the next tier, of a higher number. */
static int demoted(struct place *p, struct left *left)
{
	struct mpol_nodeset slow = { { 0 } };
	char text[MPOL_NODESET_TEXT];
	uint64_t bytes;
	int tier = -1;

	if (p->host.demotion <= 0)
		return 0;
	for (size_t i = 0; i < p->host.n_nodes; i++)
		if (mpol_nodeset_has(&p->due.nodes, p->host.nodes[i].id) &&
			p->host.nodes[i].tier > tier)
			tier = p->host.nodes[i].tier;
	for (size_t i = 0; tier >= 0 && i < p->host.n_nodes; i++)
		if (p->host.nodes[i].tier > tier)
			mpol_nodeset_add(&slow, p->host.nodes[i].id);
	bytes = claim(left, &slow, NULL);
	if (bytes == 0)
		return 0;
	return add_reason(p, "demoted", bytes,
		arena_printf(&p->arena,
			"lie on the slower nodes %s, where the kernel moves what is cold "
			"(demotion_enabled)",
			mpol_nodeset_format(&slow, text)));
}

static int huge_pools(struct place *p, struct left *left)
{
	uint64_t bytes;

	if (p->live.due.mode == MPOL_MODE_BIND)
		return 0;
	bytes = claim(left, NULL, p->pages->bytes[PLACE_HUGETLB]);
	if (bytes == 0)
		return 0;
	return add_reason(p, "huge-pool", bytes,
		arena_printf(&p->arena, "are huge pages of other nodes' pools, as those of the "
					"policy's had none left"));
}

static bool is_full(const struct place *p, const struct mpol_node *node)
{
	const uint64_t part = node->memory_total / FULL_SLACK_PART;
	uint64_t below = part < FULL_SLACK_MAX ? part : FULL_SLACK_MAX;

	if (p->full_below)
		place_add(&below, p->full_below[node->id]);
	return node->memory_total > 0 && node->memory_free <= below;
}

/* What a mode does when a node is full; BIND does nothing else than wait for the OOM killer. */
static const char *spill_words(const struct place *p)
{
	return p->due.by_cpu     ? "local memory comes from other nodes then"
	       : p->due.balanced ? "turns go to other nodes then"
				 : "other nodes than the preferred are used then";
}

static uint64_t claim_spilled(struct place *p, struct left *left)
{
	uint64_t bytes = claim(left, NULL, p->verdict.outside);

	/* The others have more than their part because this one has less. */
	if (p->due.balanced)
		place_add(&bytes, claim(left, NULL, NULL));
	return bytes;
}

static int full_now(struct place *p, struct left *left)
{
	char free_text[SIZE_WORDS], total[SIZE_WORDS], list[MPOL_NODESET_TEXT];
	struct mpol_nodeset full = { { 0 } };
	const struct mpol_node *first;
	uint64_t bytes;

	if (p->live.due.mode == MPOL_MODE_BIND && !p->due.moved)
		return 0;
	for (size_t i = 0; i < p->host.n_nodes; i++)
		if (mpol_nodeset_has(&p->due.nodes, p->host.nodes[i].id) &&
			is_full(p, &p->host.nodes[i]))
			mpol_nodeset_add(&full, p->host.nodes[i].id);
	first = node_of(p, mpol_nodeset_next(&full, 0));
	if (!first)
		return 0;
	bytes = claim_spilled(p, left);
	if (bytes == 0)
		return 0;
	if (mpol_nodeset_count(&full) > 1)
		return add_reason(p, "node-full", bytes,
			arena_printf(&p->arena, "went elsewhere since nodes %s are full: %s",
				mpol_nodeset_format(&full, list), spill_words(p)));
	return add_reason(p, "node-full", bytes,
		arena_printf(&p->arena, "went elsewhere since node %u is full (%s of %s free): %s",
			first->id, size_words(first->memory_free, free_text),
			size_words(first->memory_total, total), spill_words(p)));
}

/* A page of a file that somebody has read before stays where it is. */
static int file_cache(struct place *p, struct left *left)
{
	const uint64_t bytes = claim(left, NULL, p->pages->bytes[PLACE_FILE]);

	if (bytes == 0)
		return 0;
	return add_reason(p, "file-cache", bytes,
		arena_strdup(&p->arena,
			p->source == PLACE_FROM_MAPS
				? "are pages of files, which stay where the policy of their first "
				  "reader put them, and that may have been anybody"
				: "are pages of files that were read before the policy was in "
				  "force, or "
				  "by a process with another"));
}

/* Since boot, and for whomever: a weaker sign, so it comes late. */
static int full_once(struct place *p, struct left *left)
{
	uint64_t bytes, most = 0;
	unsigned node = 0;

	if ((p->live.due.mode == MPOL_MODE_BIND && !p->due.moved) || !p->foreign)
		return 0;
	for (unsigned n = mpol_nodeset_next(&p->due.nodes, 0); n < MPOL_NODES_MAX;
		n = mpol_nodeset_next(&p->due.nodes, n + 1))
		if (p->foreign[n] > most) {
			most = p->foreign[n];
			node = n;
		}
	if (most == 0)
		return 0;
	bytes = claim_spilled(p, left);
	if (bytes == 0)
		return 0;
	return add_reason(p, "node-was-full", bytes,
		arena_printf(&p->arena,
			"may have come while node %u was full: since boot it could not give %llu "
			"pages "
			"that were meant for it (numa_foreign)",
			node, (unsigned long long)most));
}

static int unexplained(struct place *p, struct left *left)
{
	const uint64_t bytes = claim(left, NULL, NULL);

	if (bytes == 0)
		return 0;
	return add_reason(p, "unexplained", bytes,
		arena_strdup(&p->arena,
			p->mapped_known
				? "came before the policy was in force, or were moved since, as "
				  "migrate_pages(2) and move_pages(2) do"
				: "came before the policy was in force, or under another, or were "
				  "moved "
				  "since; --processes looks closer"));
}

int place_reasons(struct place *p)
{
	static int (*const reasons[])(struct place *, struct left *) = { own_mappings,
		before_change, other_threads, demoted, huge_pools, full_now, file_cache, full_once,
		unexplained };
	struct left left;
	int r = 0;

	for (unsigned n = 0; n < MPOL_NODES_MAX; n++) {
		const uint64_t charged = p->pages->bytes[PLACE_FILE][n];

		left.node[n] = p->verdict.outside[n];
		place_add(&left.node[n], p->verdict.excess[n]);
		/* Of mapped files what the container's cgroup has not brought in itself. */
		p->others[n] = p->source == PLACE_FROM_MAPS || p->others[n] < charged
				       ? 0
				       : p->others[n] - charged;
	}
	p->n_reasons = 0;
	for (size_t i = 0; i < ELEMENTS(reasons) && r == 0; i++)
		r = reasons[i](p, &left);
	return r;
}

/* --- the verdict --- */

/* Huge pages of the page table's middle level: 2 MiB where pages have 4 KiB. */
static uint64_t pmd_size(void)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	return page * (page / sizeof(uint64_t));
}

static void set_granules(const struct place *p, uint64_t granule[PLACE_KINDS])
{
	bool thp = false;

	for (unsigned n = 0; n < MPOL_NODES_MAX; n++)
		thp |= p->pages->thp[n] != 0;
	for (int kind = 0; kind < PLACE_KINDS; kind++)
		granule[kind] = thp ? pmd_size() : (uint64_t)sysconf(_SC_PAGESIZE);
	granule[PLACE_HUGETLB] = pmd_size();
	for (size_t i = 0; i < p->host.n_nodes; i++)
		for (size_t k = 0; k < p->host.nodes[i].n_hugepages; k++) {
			const struct mpol_hugepages *pool = &p->host.nodes[i].hugepages[k];

			if (pool->total && pool->page_size > granule[PLACE_HUGETLB])
				granule[PLACE_HUGETLB] = pool->page_size;
		}
}

/* On a small machine every node with memory, on a large one those that matter. */
#define ALL_SHOWN_MAX 8

void place_conclude(struct place *p)
{
	uint64_t granule[PLACE_KINDS];

	set_granules(p, granule);
	place_judge(p->pages, &p->due, granule, p->n_processes, &p->verdict);
	p->shown_nodes = p->due.nodes;
	if (mpol_nodeset_count(&p->host.memory) <= ALL_SHOWN_MAX)
		p->shown_nodes = mpol_nodeset_or(&p->shown_nodes, &p->host.memory);
	for (unsigned n = 0; n < MPOL_NODES_MAX; n++)
		if (place_on_node(p->pages, n))
			mpol_nodeset_add(&p->shown_nodes, n);
}
