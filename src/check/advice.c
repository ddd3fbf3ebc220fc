/* SPDX-License-Identifier: Apache-2.0 */
/*
 * advice.c - policies that are right and surprise all the same: what the flags will do, weights
 * that change nothing, settings of the host that work against them, CPUs that are far away.
 *
 * Each says what was measured or what the kernel's documentation says, and the number behind it.
 */
#include "check/internal.h"

#include <inttypes.h>
#include <stdio.h>

static int advise_flags(const struct advice *a);
static int advise_interleave(const struct advice *a);
static int advise_moving(const struct advice *a);

int advise(const struct advice *a)
{
	int r;

	r = advise_flags(a);
	if (r == 0)
		r = advise_interleave(a);
	if (r == 0)
		r = advise_moving(a);
	return r;
}

/* mpol_rebind_preferred() moves no node of these, whatever the flags. */
static bool stays_put(const struct mpol *policy)
{
	return policy->mode == MPOL_MODE_PREFERRED || policy->mode == MPOL_MODE_PREFERRED_MANY;
}

/* set_mempolicy(2): what STATIC and RELATIVE mean, worked out for this cpuset. */
static int advise_flags(const struct advice *a)
{
	char asked[MPOL_NODESET_TEXT], force[NODES_TEXT], allowed[NODES_TEXT], where[POINTER_TEXT];
	bool put = stays_put(a->asked);

	(void)mpol_nodeset_format(&a->asked->nodes, asked);
	(void)nodes_text(&a->resolved->in_force.nodes, force);
	(void)nodes_text(a->allowed, allowed);
	(void)choice_at(a->choice, "/flags", where);
	if (a->asked->flags & MPOL_FLAG_RELATIVE_NODES)
		return found(a->all, "check.relative", MPOL_NOTE, where,
			"MPOL_F_RELATIVE_NODES: '%.64s' within the allowed %s means %s, and %s "
			"when "
			"the cpuset changes",
			asked, allowed, force,
			put ? "with this mode still does" : "something else");
	if (!(a->asked->flags & MPOL_FLAG_STATIC_NODES))
		return 0;
	if (put)
		return found(a->all, "check.static", MPOL_NOTE, where,
			"MPOL_F_STATIC_NODES changes nothing for %s, whose nodes the kernel leaves "
			"as "
			"they are when the cpuset changes",
			mode_name(a->asked));
	return found(a->all, "check.static", MPOL_NOTE, where,
		"MPOL_F_STATIC_NODES: %s stay%s meant when the cpuset changes; while it allows "
		"none "
		"of them, the kernel uses every node that it allows",
		nodes_text(&a->asked->nodes, force),
		mpol_nodeset_count(&a->asked->nodes) == 1 ? "s" : "");
}

static int advise_weights(const struct advice *a)
{
	char where[POINTER_TEXT];
	const struct mpol_nodeset *nodes = &a->resolved->in_force.nodes;
	unsigned first = 0;
	char text[NODES_TEXT];

	FOR_EACH_NODE(n, nodes)
	{
		const struct mpol_node *node = node_of(&a->h->host, n);

		/* 0: the host does not tell. */
		if (!node || !node->weight || (first && node->weight != first))
			return 0;
		first = node->weight;
	}
	return found(a->all, "check.weights", MPOL_WARNING, choice_at(a->choice, "/mode", where),
		"the weight%s of %s %s %u, so MPOL_WEIGHTED_INTERLEAVE spreads pages no otherwise "
		"than "
		"MPOL_INTERLEAVE",
		mpol_nodeset_count(nodes) == 1 ? "" : "s", nodes_text(nodes, text),
		mpol_nodeset_count(nodes) == 1 ? "is" : "are all", first);
}

static int advise_interleave(const struct advice *a)
{
	char where[POINTER_TEXT];
	const struct mpol *in_force = &a->resolved->in_force;
	char text[NODES_TEXT];

	if (in_force->mode != MPOL_MODE_INTERLEAVE &&
		in_force->mode != MPOL_MODE_WEIGHTED_INTERLEAVE)
		return 0;
	if (mpol_nodeset_count(&in_force->nodes) == 1)
		return found(a->all, "check.interleave.one", MPOL_WARNING,
			choice_at(a->choice, "/nodes", where),
			"%s leaves %s alone: with one node nothing is interleaved",
			mode_name(in_force), nodes_text(&in_force->nodes, text));
	return in_force->mode == MPOL_MODE_WEIGHTED_INTERLEAVE ? advise_weights(a) : 0;
}

/*
 * Documentation/ABI/testing/sysfs-kernel-mm-numa: demotion may move memory to nodes outside of the
 * cpuset, and it never asked for policies. Nodes of a tier below, that is with a larger number.
 */
static int advise_demotion(const struct advice *a)
{
	char where[POINTER_TEXT];
	const struct mpol_host *host = &a->h->host;
	const struct mpol_nodeset *nodes = &a->resolved->in_force.nodes;
	struct mpol_nodeset below = { { 0 } };
	char from[NODES_TEXT], to[NODES_TEXT];
	int top = -1;

	FOR_EACH_NODE(n, nodes)
	{
		const struct mpol_node *node = node_of(host, n);

		if (node && node->tier >= 0 && (top < 0 || node->tier < top))
			top = node->tier;
	}
	for (size_t i = 0; top >= 0 && i < host->n_nodes; i++)
		if (host->nodes[i].tier > top && !mpol_nodeset_has(nodes, host->nodes[i].id))
			mpol_nodeset_add(&below, host->nodes[i].id);
	if (mpol_nodeset_empty(&below))
		return 0;
	return found(a->all, "check.demotion", MPOL_WARNING, choice_at(a->choice, "", where),
		"/sys/kernel/mm/numa/demotion_enabled is on: under pressure the kernel moves pages "
		"from "
		"%s to %s, a tier below, and asks no policy",
		nodes_text(nodes, from), nodes_text(&below, to));
}

static int advise_moving(const struct advice *a)
{
	char where[POINTER_TEXT];
	const struct mpol *in_force = &a->resolved->in_force;

	if (a->asked->flags & MPOL_FLAG_NUMA_BALANCING && a->h->host.balancing == 0)
		return found(a->all, "check.balancing", MPOL_WARNING,
			choice_at(a->choice, "/flags", where),
			"MPOL_F_NUMA_BALANCING moves nothing while kernel.numa_balancing is 0, as "
			"it is "
			"here");
	if (in_force->mode == MPOL_MODE_BIND && a->h->host.demotion > 0)
		return advise_demotion(a);
	return 0;
}

/* --- CPUs --- */

/* The nearest of nodes to `from`; 0: no distance is known. */
static unsigned nearest(const struct mpol_host *host, unsigned from,
	const struct mpol_nodeset *nodes, unsigned *ret_node)
{
	unsigned best = 0;

	FOR_EACH_NODE(n, nodes)
	{
		unsigned d = distance_of(host, from, n);

		if (d && (!best || d < best)) {
			best = d;
			*ret_node = n;
		}
	}
	return best;
}

/* Nodes of the same kind can take each other's place: memory-only ones are never nearest. */
static struct mpol_nodeset rivals(const struct mpol_host *host, const struct mpol_nodeset *chosen)
{
	struct mpol_nodeset with_cpus = mpol_nodeset_and(chosen, &host->cpu);

	if (mpol_nodeset_empty(&with_cpus))
		return mpol_nodeset_minus(&host->memory, &host->cpu);
	return host->memory;
}

struct far {
	unsigned cpu_node, node, distance, better, better_distance;
};

/* The CPU node for which the chosen memory is farthest beyond what it could have. */
static bool farthest(const struct mpol_host *host, const struct mpol_nodeset *cpu_nodes,
	const struct mpol_nodeset *chosen, struct far *ret)
{
	struct mpol_nodeset others = rivals(host, chosen);
	struct far worst = { 0 };

	FOR_EACH_NODE(c, cpu_nodes)
	{
		struct far f = { .cpu_node = c };

		f.distance = nearest(host, c, chosen, &f.node);
		f.better_distance = nearest(host, c, &others, &f.better);
		if (f.distance > f.better_distance && f.better_distance &&
			f.distance - f.better_distance > worst.distance - worst.better_distance)
			worst = f;
	}
	*ret = worst;
	return worst.distance > 0;
}

bool cpu_nodes_of(const struct mpol_host *host, const char *list, struct mpol_nodeset *ret)
{
	char text[4096];
	size_t n = 0;

	for (; *list && n + 1 < sizeof(text); list++)
		if (!strchr(" \t\n", *list))
			text[n++] = *list;
	text[n] = '\0';
	return !*list && mpol_cpus_nodes(host, text, ret) == 0;
}

int advise_cpus(const struct check_host *h, const struct spec *spec,
	const struct mpol_nodeset *allowed, const struct mpol *policy, const struct choice *choice,
	struct spec_findings *all)
{
	char where[POINTER_TEXT];
	const char *cpus = spec->linux_.resources.cpu.cpus;
	struct mpol_nodeset nodes, chosen = *allowed;
	bool bound =
		policy && (policy->mode == MPOL_MODE_BIND || policy->mode == MPOL_MODE_PREFERRED ||
				  policy->mode == MPOL_MODE_PREFERRED_MANY);
	char text[NODES_TEXT];
	struct far f;

	if (!cpus || !cpu_nodes_of(&h->host, cpus, &nodes) || mpol_nodeset_empty(&nodes))
		return 0;
	/* Spreading over far nodes is what INTERLEAVE is for. */
	if (policy && !bound && policy->mode != MPOL_MODE_LOCAL &&
		policy->mode != MPOL_MODE_DEFAULT)
		return 0;
	if (bound)
		chosen = policy->nodes;
	if (!farthest(&h->host, &nodes, &chosen, &f))
		return 0;
	return found(all, "check.distance", MPOL_WARNING,
		bound ? choice_at(choice, "/nodes", where) : AT_RESOURCES "/cpu/mems",
		"the CPUs '%.100s' are on %s, and from node %u the nearest memory that %s is node "
		"%u's, at distance %u; node %u's is at %u",
		cpus, nodes_text(&nodes, text), f.cpu_node,
		bound ? "the policy names" : "the cpuset allows", f.node, f.distance, f.better,
		f.better_distance);
}
