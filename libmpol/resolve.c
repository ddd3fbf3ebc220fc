/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resolve.c - what the kernel will make of a policy, on this host or on any other.
 *
 * Pure: no system calls, no files. It follows mm/mempolicy.c step by step: mpol_new() and
 * sanitize_mpol_flags() are kernel_rules(); mpol_set_nodemask() with its create functions is
 * mpol_resolve(); mpol_rebind_policy() is mpol_rebind(). Where kernels differ, the comment says so.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

#define MOVABLE (MPOL_FLAG_STATIC_NODES | MPOL_FLAG_RELATIVE_NODES)

/* The node at a position in a set: nodes_onto() and nodes_remap() call it the n-th bit. */
static unsigned node_at(const struct mpol_nodeset *set, unsigned position)
{
	unsigned n = mpol_nodeset_next(set, 0);

	while (position-- > 0 && n < MPOL_NODES_MAX)
		n = mpol_nodeset_next(set, n + 1);
	return n;
}

/* mpol_relative_nodemask(): fold the numbers into the set's size, then count within the set. */
static struct mpol_nodeset relative(
	const struct mpol_nodeset *asked, const struct mpol_nodeset *usable)
{
	unsigned size = mpol_nodeset_count(usable);
	struct mpol_nodeset r = { { 0 } };

	for (unsigned n = mpol_nodeset_next(asked, 0); size && n < MPOL_NODES_MAX;
		n = mpol_nodeset_next(asked, n + 1))
		mpol_nodeset_add(&r, node_at(usable, n % size));
	return r;
}

/* bitmap_remap(): the n-th node of old becomes the n-th of now, around its end; others stay. */
static struct mpol_nodeset remap(const struct mpol_nodeset *set, const struct mpol_nodeset *old,
	const struct mpol_nodeset *now)
{
	unsigned size = mpol_nodeset_count(now), position = 0;
	struct mpol_nodeset r = { { 0 } };

	for (unsigned n = 0; n < MPOL_NODES_MAX; n++) {
		bool known = mpol_nodeset_has(old, n);

		if (mpol_nodeset_has(set, n))
			mpol_nodeset_add(&r, known && size ? node_at(now, position % size) : n);
		position += known;
	}
	return r;
}

static struct mpol_nodeset lowest(const struct mpol_nodeset *set)
{
	struct mpol_nodeset r = { { 0 } };

	mpol_nodeset_add(&r, mpol_nodeset_next(set, 0));
	return r;
}

/* Why nodes are left out: "the cpuset allows nodes 0-1", "node 2 has no memory", or both. */
#define WHY_TEXT (2 * NODES_TEXT + 64)
static const char *why_lost(
	const struct mpol_nodeset *lost, const struct mpol_nodeset *allowed, char buf[WHY_TEXT])
{
	struct mpol_nodeset empty = mpol_nodeset_and(lost, allowed);
	struct mpol_nodeset outside = mpol_nodeset_minus(lost, allowed);
	char allows[NODES_TEXT], bare[NODES_TEXT];
	bool both = !mpol_nodeset_empty(&outside) && !mpol_nodeset_empty(&empty);

	buf[0] = '\0';
	if (!mpol_nodeset_empty(&outside))
		(void)snprintf(buf, WHY_TEXT, "the cpuset allows %s", nodes_words(allowed, allows));
	if (!mpol_nodeset_empty(&empty))
		(void)snprintf(buf + strlen(buf), WHY_TEXT - strlen(buf), "%s%s %s no memory",
			both ? ", and " : "", nodes_words(&empty, bare),
			mpol_nodeset_count(&empty) == 1 ? "has" : "have");
	return buf;
}

static int refuse_unusable(const struct mpol *asked, const struct mpol_nodeset *allowed,
	const char *where, struct mpol_report *report)
{
	char nodes[NODES_TEXT], why[WHY_TEXT];

	if (asked->flags & MPOL_FLAG_RELATIVE_NODES)
		finding_add(report, "mpol.nodes.unusable", MPOL_ERROR, where, "/nodes",
			"%s has no node to count from: no allowed node has memory",
			nodes_words(&asked->nodes, nodes));
	else
		finding_add(report, "mpol.nodes.unusable", MPOL_ERROR, where, "/nodes",
			"%s cannot be used here, and nothing else is asked for: %s",
			nodes_words(&asked->nodes, nodes), why_lost(&asked->nodes, allowed, why));
	return -EINVAL;
}

static void tell(const struct mpol *asked, const struct mpol_resolved *r,
	const struct mpol_nodeset *allowed, unsigned n_usable, const char *where,
	struct mpol_report *report)
{
	char nodes[NODES_TEXT], force[NODES_TEXT], why[WHY_TEXT];
	unsigned n;

	(void)nodes_words(&r->in_force.nodes, force);
	if (!mpol_nodeset_empty(&r->lost))
		finding_add(report, "mpol.narrowed", MPOL_WARNING, where, "/nodes",
			"%s %s left out: %s; in force: %s", nodes_words(&r->lost, nodes),
			mpol_nodeset_count(&r->lost) == 1 ? "is" : "are",
			why_lost(&r->lost, allowed, why), force);
	if (asked->mode == MPOL_MODE_PREFERRED && mpol_nodeset_count(&asked->nodes) > 1)
		finding_add(report, "mpol.preferred.one", MPOL_NOTE, where, "/nodes",
			"MPOL_PREFERRED keeps one node of %s: %s; MPOL_PREFERRED_MANY keeps all",
			nodes_words(&asked->nodes, nodes), force);
	n = mpol_nodeset_next(&asked->nodes, n_usable);
	if (asked->flags & MPOL_FLAG_RELATIVE_NODES && n < MPOL_NODES_MAX)
		finding_add(report, "mpol.relative.folded", MPOL_NOTE, where, "/nodes",
			"relative node %u folds around, since %u node%s allowed; in force: %s", n,
			n_usable, n_usable == 1 ? " is" : "s are", force);
}

int mpol_resolve(const struct mpol *asked, const struct mpol_nodeset *allowed,
	const struct mpol_nodeset *memory, const char *where, struct mpol_resolved *ret,
	struct mpol_report *report)
{
	struct mpol_nodeset usable = mpol_nodeset_and(allowed, memory);
	struct mpol_resolved r = { .in_force = *asked };
	int error;

	error = kernel_rules(asked, where, report);
	if (error < 0)
		return error;
	if (mpol_nodeset_empty(&asked->nodes)) {
		/* Only DEFAULT, LOCAL and PREFERRED come here; the last is LOCAL since 5.14. */
		if (asked->mode == MPOL_MODE_PREFERRED)
			r.in_force.mode = MPOL_MODE_LOCAL;
		r.in_force.flags = 0;
		r.reported = r.in_force;
		*ret = r;
		return 0;
	}
	if (asked->flags & MPOL_FLAG_RELATIVE_NODES) {
		r.in_force.nodes = relative(&asked->nodes, &usable);
	} else {
		r.in_force.nodes = mpol_nodeset_and(&asked->nodes, &usable);
		r.lost = mpol_nodeset_minus(&asked->nodes, &usable);
	}
	if (mpol_nodeset_empty(&r.in_force.nodes))
		return refuse_unusable(asked, allowed, where, report);
	if (asked->mode == MPOL_MODE_PREFERRED)
		r.in_force.nodes = lowest(&r.in_force.nodes);
	r.reported = r.in_force;
	if (asked->flags)
		r.reported.nodes = asked->nodes;
	tell(asked, &r, allowed, mpol_nodeset_count(&usable), where, report);
	*ret = r;
	return 0;
}

void mpol_rebind(const struct mpol *asked, struct mpol *in_force, const struct mpol_nodeset *old,
	const struct mpol_nodeset *now)
{
	struct mpol_nodeset nodes;

	switch (in_force->mode) {
	case MPOL_MODE_BIND:
	case MPOL_MODE_INTERLEAVE:
	case MPOL_MODE_WEIGHTED_INTERLEAVE:
		break;
	default:
		/* mpol_rebind_preferred() moves no node, whatever the flags. */
		return;
	}
	if (in_force->flags & MPOL_FLAG_STATIC_NODES)
		nodes = mpol_nodeset_and(&asked->nodes, now);
	else if (in_force->flags & MPOL_FLAG_RELATIVE_NODES)
		nodes = relative(&asked->nodes, now);
	else if (mpol_nodeset_equal(old, now))
		return;
	else
		nodes = remap(&in_force->nodes, old, now);
	/* The kernel keeps a task runnable: where nothing is left, everything allowed is used. */
	in_force->nodes = mpol_nodeset_empty(&nodes) ? *now : nodes;
}

/* get_mempolicy copies whole words, and no more than the machine's possible nodes need. */
static bool same_words(const struct mpol_nodeset *full, const struct mpol_nodeset *read)
{
	size_t n = MPOL_NODESET_WORDS;

	while (n > 0 && read->word[n - 1] == 0)
		n--;
	/* Words that were cut off come back as 0; the first is never cut off. */
	return !memcmp(full->word, read->word, (n ? n : 1) * sizeof(full->word[0]));
}

bool mpol_resolved_reads(const struct mpol_resolved *resolved, const struct mpol *read)
{
	const struct mpol *want = &resolved->reported;

	if (read->mode != want->mode || read->flags != want->flags)
		return false;
	if (mpol_nodeset_equal(&want->nodes, &read->nodes))
		return true;
	if (want->flags & MOVABLE)
		return same_words(&want->nodes, &read->nodes);
	/* With BALANCING alone newer kernels report what is in force, older ones what was asked. */
	return want->flags & MPOL_FLAG_NUMA_BALANCING &&
	       (same_words(&want->nodes, &read->nodes) ||
		       mpol_nodeset_equal(&resolved->in_force.nodes, &read->nodes));
}

bool mpol_resolved_shows(const struct mpol_resolved *resolved, const struct mpol *shown, bool cut)
{
	const struct mpol *want = &resolved->in_force;
	struct mpol_nodeset extra = mpol_nodeset_minus(&shown->nodes, &want->nodes);

	if (shown->mode != want->mode)
		return false;
	/* In older kernels numa_maps names one flag only, and not BALANCING beside another. */
	if (shown->flags != want->flags &&
		!(want->flags & MOVABLE && shown->flags == (want->flags & MOVABLE)))
		return false;
	return cut ? mpol_nodeset_empty(&extra) : mpol_nodeset_equal(&shown->nodes, &want->nodes);
}
