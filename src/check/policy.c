/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy.c - linux.memoryPolicy and the cpuset of a config against a host: what create would say,
 * all of it, and what it would not say.
 *
 * The order is the kernel's: which nodes are there, which the cpuset leaves, what the policy
 * becomes of them; then advice about what is legal.
 */
#include "base/fd.h"
#include "check/internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

static int check_cpuset(const struct check_host *h, const struct check_place *place,
	const struct spec *spec, struct spec_findings *all, struct mpol_nodeset *ret);
static int check_resolved(const struct check_host *h, const struct spec *spec,
	const struct choice *choice, struct spec_findings *all, struct check_policy *policy);

/* With neither nodes nor NUMA these mean what happens anyway. */
static bool needs_no_numa(const struct mpol *policy)
{
	return policy->mode == MPOL_MODE_DEFAULT || policy->mode == MPOL_MODE_LOCAL;
}

int check_policy(const struct check_host *h, const struct check_place *place,
	const struct conf_rules *rules, const struct spec *spec, struct spec_findings *all,
	struct check_policy *ret)
{
	struct check_policy result = { 0 };
	struct choice choice = { 0 };
	int r;

	r = check_cpuset(h, place, spec, all, &result.allowed);
	if (r == 0)
		r = choose(h, spec, rules, &result.allowed, all, &choice);
	if (r == 0 && choice.known) {
		result.asked_known = true;
		result.asked = choice.asked;
		if (h->kernel.numa || !needs_no_numa(&result.asked))
			r = check_resolved(h, spec, &choice, all, &result);
	}
	if (r == 0)
		r = check_cpus(h, place, spec, all);
	if (r == 0)
		r = check_page_sizes_of(h, spec, all);
	if (r == 0)
		r = advise_cpus(h, spec, &result.allowed,
			result.resolved_known ? &result.resolved.in_force : NULL, &choice, all);
	if (r < 0)
		return r;
	*ret = result;
	return 0;
}

int check_conf(const char *path, struct spec_findings *all)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	struct str_list wrong = { 0 };
	struct err e = { 0 };
	int r = conf_check(path ? path : conf_default_path(), &arena, &wrong, &e);

	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return found(all, "check.conf", MPOL_ERROR, "", "%s", e.text);
	for (size_t i = 0; i < wrong.n && r == 0; i++)
		r = found(all, "check.conf", MPOL_ERROR, "", "%s", wrong.v[i]);
	return r;
}

/* Nodes of cpu.mems that the host lacks. cpuset(7); update_nodemask() of kernel/cgroup/cpuset.c. */
static int check_mems(
	const struct check_host *h, const struct mpol_nodeset *mems, struct spec_findings *all)
{
	struct mpol_nodeset bad = mpol_nodeset_minus(mems, &h->host.possible);
	char nodes[NODES_TEXT], have[NODES_TEXT];
	int r = 0;

	if (!mpol_nodeset_empty(&bad))
		r = found(all, "check.mems.absent", MPOL_ERROR, AT_RESOURCES "/cpu/mems",
			"%s %s not exist: this host has %s, and the kernel refuses the list",
			nodes_text(&bad, nodes), mpol_nodeset_count(&bad) == 1 ? "does" : "do",
			nodes_text(&h->host.possible, have));
	bad = mpol_nodeset_minus(mems, &h->host.memory);
	bad = mpol_nodeset_and(&bad, &h->host.possible);
	if (r == 0 && !mpol_nodeset_empty(&bad))
		r = found(all, "check.mems.memoryless", MPOL_WARNING, AT_RESOURCES "/cpu/mems",
			"%s %s no memory: this host has memory on %s", nodes_text(&bad, nodes),
			mpol_nodeset_count(&bad) == 1 ? "has" : "have",
			nodes_text(&h->host.memory, have));
	return r;
}

/* What a cgroup lets its cpuset have: v1 refuses more than its own, v2 narrows without a word. */
static int check_above(const struct check_place *place, const struct mpol_nodeset *mems,
	struct spec_findings *all, struct mpol_nodeset *allowed)
{
	struct mpol_nodeset out = mpol_nodeset_minus(mems, &place->mems);
	struct mpol_nodeset both = mpol_nodeset_and(mems, &place->mems);
	char nodes[NODES_TEXT], have[NODES_TEXT];
	bool none = mpol_nodeset_empty(&both);

	*allowed = none ? place->mems : both;
	if (mpol_nodeset_empty(&out))
		return 0;
	if (place->v1 || none)
		return found(all, "check.mems.outside", MPOL_ERROR, AT_RESOURCES "/cpu/mems",
			"%s cannot be used: %s allows %s%s", nodes_text(&out, nodes), place->where,
			nodes_text(&place->mems, have),
			place->v1 ? ", and a cpuset of cgroup v1 takes no others"
				  : ", and nothing else is asked for");
	return found(all, "check.mems.narrowed", MPOL_WARNING, AT_RESOURCES "/cpu/mems",
		"%s %s left out: %s allows %s", nodes_text(&out, nodes),
		mpol_nodeset_count(&out) == 1 ? "is" : "are", place->where,
		nodes_text(&place->mems, have));
}

static int check_cpuset(const struct check_host *h, const struct check_place *place,
	const struct spec *spec, struct spec_findings *all, struct mpol_nodeset *ret)
{
	const char *text = spec->linux_.resources.cpu.mems;
	struct mpol_nodeset allowed = h->host.memory, mems = { { 0 } };
	int r = 0;

	if (place->known)
		allowed = mpol_nodeset_and(&allowed, &place->mems);
	/* A list that is none was said to be. */
	if (text && mpol_nodeset_parse(text, strlen(text), NULL, &mems, NULL) == 0 &&
		!mpol_nodeset_empty(&mems)) {
		r = check_mems(h, &mems, all);
		mems = mpol_nodeset_and(&mems, &h->host.memory);
		if (r == 0 && place->known && !mpol_nodeset_empty(&mems))
			r = check_above(place, &mems, all, &mems);
		mems = mpol_nodeset_and(&mems, &h->host.memory);
		/* Nothing of it is there: v2 then allows what is allowed above. */
		if (!mpol_nodeset_empty(&mems))
			allowed = mems;
	}
	*ret = allowed;
	return r;
}

/* mpol_resolve() in its own words; nodes that the host lacks were named already. */
static int resolve(const struct check_host *h, const struct choice *choice,
	struct spec_findings *all, struct check_policy *policy)
{
	struct mpol_report report = { 0 };
	struct mpol there = policy->asked;
	struct mpol_resolved resolved;
	int r;

	if (!(there.flags & MPOL_FLAG_RELATIVE_NODES))
		there.nodes = mpol_nodeset_and(&there.nodes, &h->host.memory);
	r = mpol_resolve(&there, &policy->allowed, &h->host.memory, AT_POLICY, &resolved, &report);
	for (size_t i = 0; i < report.n; i++)
		if (choice->refuse_narrowing && str_eq(report.item[i].code, "mpol.narrowed"))
			report.item[i].severity = MPOL_ERROR;
	if (found_report(all, &report, choice) < 0)
		return -ENOMEM;
	if (r < 0)
		return 0;
	if (!(there.flags & MPOL_FLAG_RELATIVE_NODES))
		resolved.lost = mpol_nodeset_minus(&policy->asked.nodes, &resolved.in_force.nodes);
	policy->resolved = resolved;
	policy->resolved_known = true;
	return 0;
}

/* Nodes that the host lacks are narrowing, too, for those who forbid it. */
static void refuse_narrowed(struct mpol_report *report)
{
	for (size_t i = 0; i < report->n; i++)
		if (str_starts(report->item[i].code, "mpol.node."))
			report->item[i].severity = MPOL_ERROR;
}

/* Of nodes of the host: is any of them there? Relative numbers are none. */
static bool any_there(const struct check_host *h, const struct mpol *asked)
{
	struct mpol_nodeset there = mpol_nodeset_and(&asked->nodes, &h->host.memory);

	return mpol_nodeset_empty(&asked->nodes) || asked->flags & MPOL_FLAG_RELATIVE_NODES ||
	       !mpol_nodeset_empty(&there);
}

static int check_resolved(const struct check_host *h, const struct spec *spec,
	const struct choice *choice, struct spec_findings *all, struct check_policy *policy)
{
	struct mpol_report report = { 0 };
	struct advice a = { .h = h,
		.spec = spec,
		.choice = choice,
		.asked = &policy->asked,
		.resolved = &policy->resolved,
		.allowed = &policy->allowed,
		.all = all };
	int r;

	(void)mpol_check_host(&policy->asked, &h->kernel, &h->host, AT_POLICY, &report);
	if (choice->refuse_narrowing)
		refuse_narrowed(&report);
	if (found_report(all, &report, choice) < 0)
		return -ENOMEM;
	/* A mode that the kernel lacks hides nothing about its nodes; that none is there does. */
	if (!h->kernel.numa || !any_there(h, &policy->asked))
		return 0;
	r = resolve(h, choice, all, policy);
	if (r < 0 || !policy->resolved_known)
		return r;
	r = advise(&a);
	return r < 0 ? r : advise_memory(&a);
}

/* --- words --- */

int found(struct spec_findings *all, const char *code, enum mpol_severity severity,
	const char *where, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return spec_found(all, code, severity, where, text);
}

char *nodes_text(const struct mpol_nodeset *set, char buf[NODES_TEXT])
{
	char list[MPOL_NODESET_TEXT];
	unsigned n = mpol_nodeset_count(set);

	(void)mpol_nodeset_format(set, list);
	if (n == 0)
		(void)snprintf(buf, NODES_TEXT, "no node");
	else if (strlen(list) > NODES_TEXT - 16)
		(void)snprintf(
			buf, NODES_TEXT, "%u nodes from %u on", n, mpol_nodeset_next(set, 0));
	else
		(void)snprintf(
			buf, NODES_TEXT, "node%s %.*s", n == 1 ? "" : "s", NODES_TEXT - 16, list);
	return buf;
}

const char *mode_name(const struct mpol *policy)
{
	const struct mpol_mode_info *info = mpol_mode_by_number(policy->mode);

	return info ? info->name : "an unknown mode";
}

const struct mpol_node *node_of(const struct mpol_host *host, unsigned id)
{
	for (size_t i = 0; i < host->n_nodes; i++)
		if (host->nodes[i].id == id)
			return &host->nodes[i];
	return NULL;
}

unsigned distance_of(const struct mpol_host *host, unsigned from, unsigned to)
{
	const struct mpol_node *node = node_of(host, from);

	for (size_t i = 0; node && node->distances && i < host->n_nodes; i++)
		if (host->nodes[i].id == to)
			return node->distances[i];
	return 0;
}
