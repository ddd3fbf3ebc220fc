/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy.c - from a config's strings to a struct mpol, and the rules that need no host.
 *
 * Every rule that is broken is said, not only the first. The rules themselves are columns of the
 * table in modes.c and the three exceptions that set_mempolicy(2) names: STATIC and RELATIVE
 * exclude each other, PREFERRED without nodes takes no flag, BALANCING differs among kernels.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "internal.h"

#define MOVABLE (MPOL_FLAG_STATIC_NODES | MPOL_FLAG_RELATIVE_NODES)
#define NAMES_TEXT 256

/* Both tables are searched by name through the same helpers: a row's first member is its name. */
_Static_assert(offsetof(struct mpol_mode_info, name) == 0, "names_join reads the first member");
_Static_assert(offsetof(struct mpol_flag_info, name) == 0, "names_join reads the first member");

/* All names of a table in a row. */
static const char *names_join(const void *table, size_t n, size_t row_size, char buf[NAMES_TEXT])
{
	size_t at = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < n && at < NAMES_TEXT; i++) {
		const char *name = *(const char *const *)((const char *)table + i * row_size);

		at += (size_t)snprintf(buf + at, NAMES_TEXT - at, "%s%s", i ? ", " : "", name);
	}
	return buf;
}

/* The row that was probably meant: another case, or no prefix. */
static const char *names_near(
	const void *table, size_t n, size_t row_size, const char *prefix, const char *given)
{
	for (size_t i = 0; i < n; i++) {
		const char *name = *(const char *const *)((const char *)table + i * row_size);

		if (!strcasecmp(name, given) || !strcasecmp(name + strlen(prefix), given))
			return name;
	}
	return NULL;
}

static void refuse_name(struct mpol_report *report, const char *code, const char *where,
	const char *sub, const char *what, const char *given, const char *near, const char *all)
{
	char quoted[QUOTE_TEXT];

	(void)text_quote(given, strlen(given), quoted);
	if (near)
		finding_add(report, code, MPOL_ERROR, where, sub,
			"%s %s is not known: names are matched exactly, this one is %s", what,
			quoted, near);
	else
		finding_add(report, code, MPOL_ERROR, where, sub,
			"%s %s is not known: it can be %s", what, quoted, all);
}

static const struct mpol_mode_info *parse_mode(
	const struct mpol_request *want, struct mpol_report *report)
{
	const struct mpol_mode_info *info, *table;
	char all[NAMES_TEXT];
	size_t n;

	if (!want->mode || !*want->mode) {
		finding_add(report, "mpol.mode.missing", MPOL_ERROR, want->where, "/mode",
			"mode is missing: a memory policy needs one, such as MPOL_BIND");
		return NULL;
	}
	info = mpol_mode_by_name(want->mode);
	if (info)
		return info;
	table = mpol_modes(&n);
	refuse_name(report, "mpol.mode.unknown", want->where, "/mode", "mode", want->mode,
		names_near(table, n, sizeof(*table), "MPOL_", want->mode),
		names_join(table, n, sizeof(*table), all));
	return NULL;
}

static int parse_flags(const struct mpol_request *want, unsigned *ret, struct mpol_report *report)
{
	const struct mpol_flag_info *table;
	char sub[40], all[NAMES_TEXT];
	unsigned bits = 0;
	int r = 0;
	size_t n;

	table = mpol_flags(&n);
	for (size_t i = 0; i < want->n_flags; i++) {
		const char *name = want->flags[i] ? want->flags[i] : "";
		const struct mpol_flag_info *info = mpol_flag_by_name(name);

		if (info) {
			bits |= info->bit;
			continue;
		}
		r = -EINVAL;
		(void)snprintf(sub, sizeof(sub), "/flags/%zu", i);
		refuse_name(report, "mpol.flag.unknown", want->where, sub, "flag", name,
			names_near(table, n, sizeof(*table), "MPOL_F_", name),
			names_join(table, n, sizeof(*table), all));
	}
	*ret = bits;
	return r;
}

/* "MPOL_F_STATIC_NODES", "MPOL_F_RELATIVE_NODES and MPOL_F_STATIC_NODES", ... */
static const char *flags_words(unsigned flags, char buf[NAMES_TEXT])
{
	size_t at = 0, n, left = (size_t)__builtin_popcount(flags & MPOL_FLAGS_ALL);
	const struct mpol_flag_info *table = mpol_flags(&n);

	buf[0] = '\0';
	for (size_t i = 0; i < n && at < NAMES_TEXT; i++) {
		if (!(flags & table[i].bit))
			continue;
		left--;
		at += (size_t)snprintf(buf + at, NAMES_TEXT - at, "%s%s", table[i].name,
			left > 1    ? ", "
			: left == 1 ? " and "
				    : "");
	}
	return buf;
}

static bool check_nodes(const struct mpol_mode_info *info, const struct mpol_nodeset *nodes,
	const char *where, struct mpol_report *report)
{
	char words[NODES_TEXT];

	if (info->node_rule == MPOL_NODES_REQUIRED && mpol_nodeset_empty(nodes)) {
		finding_add(report, "mpol.nodes.required", MPOL_ERROR, where, "/nodes",
			"%s needs at least one node, and nodes names none", info->name);
		return false;
	}
	if (info->node_rule == MPOL_NODES_NONE && !mpol_nodeset_empty(nodes)) {
		finding_add(report, "mpol.nodes.forbidden", MPOL_ERROR, where, "/nodes",
			"%s takes no nodes, and nodes names %s", info->name,
			nodes_words(nodes, words));
		return false;
	}
	return true;
}

static bool check_exclusive(unsigned flags, const char *where, struct mpol_report *report)
{
	if ((flags & MOVABLE) != MOVABLE)
		return true;
	finding_add(report, "mpol.flags.exclusive", MPOL_ERROR, where, "/flags",
		"MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other");
	return false;
}

/* PREFERRED with no nodes becomes LOCAL inside the kernel, and no node number can be moved. */
static bool check_empty(const struct mpol_mode_info *info, unsigned flags,
	const struct mpol_nodeset *nodes, const char *where, struct mpol_report *report)
{
	char words[NAMES_TEXT];

	if (info->node_rule != MPOL_NODES_OPTIONAL || !mpol_nodeset_empty(nodes) ||
		!(flags & MOVABLE))
		return true;
	finding_add(report, "mpol.flags.empty", MPOL_ERROR, where, "/flags",
		"%s without nodes takes no flags, and flags names %s", info->name,
		flags_words(flags & MOVABLE, words));
	return false;
}

static bool check_flags(const struct mpol_mode_info *info, unsigned flags, enum mpol_rules rules,
	const char *where, struct mpol_report *report)
{
	unsigned extra = flags & ~info->flags;
	bool may = rules == MPOL_RULES_KERNEL;
	char words[NAMES_TEXT];

	if (!extra)
		return true;
	if (!info->flags) {
		finding_add(report, "mpol.flags.forbidden", MPOL_ERROR, where, "/flags",
			"%s takes no flags, and flags names %s", info->name,
			flags_words(extra, words));
		return false;
	}
	/* The modes with flags differ in this one alone, and so do kernels. */
	finding_add(report, "mpol.flags.balancing", may ? MPOL_WARNING : MPOL_ERROR, where,
		"/flags", "MPOL_F_NUMA_BALANCING goes with MPOL_BIND only, not with %s%s",
		info->name, may ? "; not every kernel takes it" : "");
	return may;
}

bool flags_rules(const struct mpol_mode_info *info, unsigned flags, bool no_nodes,
	enum mpol_rules rules, const char *where, struct mpol_report *report)
{
	const struct mpol_nodeset nodes = { { no_nodes ? 0 : 1 } };
	bool ok = check_exclusive(flags, where, report);

	ok &= check_empty(info, flags, &nodes, where, report);
	ok &= check_flags(info, flags, rules, where, report);
	return ok;
}

int mpol_parse(const struct mpol_request *want, enum mpol_rules rules, struct mpol *ret,
	struct mpol_report *report)
{
	const struct mpol_mode_info *info = parse_mode(want, report);
	struct mpol_report nodes_report = { 0 };
	struct mpol policy = { 0 };
	bool ok = info != NULL, nodes_ok = true;

	if (want->nodes)
		nodes_ok = mpol_nodeset_parse(want->nodes, strlen(want->nodes), NULL, &policy.nodes,
				   &nodes_report) == 0;
	if (!nodes_ok)
		finding_add(report, nodes_report.item[0].code, MPOL_ERROR, want->where, "/nodes",
			"%s", nodes_report.item[0].text);
	ok &= nodes_ok;
	ok &= parse_flags(want, &policy.flags, report) == 0;
	ok &= check_exclusive(policy.flags, want->where, report);
	if (info) {
		policy.mode = info->number;
		if (nodes_ok) {
			ok &= check_nodes(info, &policy.nodes, want->where, report);
			ok &= check_empty(info, policy.flags, &policy.nodes, want->where, report);
		}
		ok &= check_flags(info, policy.flags, rules, want->where, report);
	}
	if (!ok)
		return -EINVAL;
	*ret = policy;
	return 0;
}

int kernel_rules(const struct mpol *policy, const char *where, struct mpol_report *report)
{
	const struct mpol_mode_info *info = mpol_mode_by_number(policy->mode);
	char words[NAMES_TEXT];
	bool ok = true;

	if (!info || policy->flags & ~MPOL_FLAGS_ALL) {
		finding_add(report, "mpol.mode.unknown", MPOL_ERROR, where, NULL,
			"mode %d with flags 0x%x is not known", policy->mode, policy->flags);
		return -EINVAL;
	}
	ok &= check_exclusive(policy->flags, where, report);
	ok &= check_nodes(info, &policy->nodes, where, report);
	ok &= check_empty(info, policy->flags, &policy->nodes, where, report);
	if (policy->flags & ~info->kernel_flags) {
		finding_add(report, "mpol.flags.forbidden", MPOL_ERROR, where, "/flags",
			"no kernel takes %s with %s",
			flags_words(policy->flags & ~info->kernel_flags, words), info->name);
		ok = false;
	}
	return ok ? 0 : -EINVAL;
}
