/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check.c - a policy against a kernel and a host, before anything is set.
 *
 * Pure: the kernel and the host are data, so any machine can be checked for on any other.
 */
#include <errno.h>
#include <string.h>

#include "internal.h"

/* "MPOL_X needs Linux 6.9; this is 6.1", unless its number says that it should have it. */
static void refuse_feature(const struct mpol_kernel *kernel, const char *code, const char *where,
	const char *sub, const char *name, const int since[2], struct mpol_report *report)
{
	char release[QUOTE_TEXT];
	int major = 0, minor = 0;

	(void)text_plain(
		kernel->release, strnlen(kernel->release, sizeof(kernel->release)), release);
	release_version(kernel->release, &major, &minor);
	if (major > since[0] || (major == since[0] && minor >= since[1]))
		finding_add(report, code, MPOL_ERROR, where, sub,
			"%s is not known to this kernel, %s, although Linux has it since %d.%d",
			name, release, since[0], since[1]);
	else
		finding_add(report, code, MPOL_ERROR, where, sub,
			"%s needs Linux %d.%d; this is %s", name, since[0], since[1], release);
}

static bool check_kernel(const struct mpol *policy, const struct mpol_mode_info *info,
	const struct mpol_kernel *kernel, const char *where, struct mpol_report *report)
{
	static const int many_since[2] = BALANCING_MANY_SINCE;
	const struct mpol_flag_info *flags;
	char release[QUOTE_TEXT];
	bool ok = true;
	size_t n;

	if (!kernel->numa) {
		if (info->number == MPOL_MODE_DEFAULT || info->number == MPOL_MODE_LOCAL)
			return true;
		finding_add(report, "mpol.kernel.numa", MPOL_ERROR, where, "/mode",
			"%s needs a kernel with NUMA; this one, %s, is built without it",
			info->name,
			text_plain(kernel->release,
				strnlen(kernel->release, sizeof(kernel->release)), release));
		return false;
	}
	if (!(kernel->modes & 1u << info->number)) {
		refuse_feature(kernel, "mpol.kernel.mode", where, "/mode", info->name, info->since,
			report);
		ok = false;
	}
	flags = mpol_flags(&n);
	for (size_t i = 0; i < n; i++)
		if (policy->flags & flags[i].bit && !(kernel->flags & flags[i].bit)) {
			refuse_feature(kernel, "mpol.kernel.flag", where, "/flags", flags[i].name,
				flags[i].since, report);
			ok = false;
		}
	if (ok && policy->mode == MPOL_MODE_PREFERRED_MANY &&
		policy->flags & MPOL_FLAG_NUMA_BALANCING && !kernel->balancing_many) {
		refuse_feature(kernel, "mpol.kernel.flag", where, "/flags",
			"MPOL_F_NUMA_BALANCING with MPOL_PREFERRED_MANY", many_since, report);
		ok = false;
	}
	return ok;
}

/* Each node that cannot be used is named once, with the first reason that holds for it. */
static bool check_nodes(const struct mpol *policy, const struct mpol_host *host, const char *where,
	struct mpol_report *report)
{
	struct mpol_nodeset usable = mpol_nodeset_and(&policy->nodes, &host->memory);
	bool ok = !mpol_nodeset_empty(&usable);
	enum mpol_severity severity = ok ? MPOL_WARNING : MPOL_ERROR;
	struct mpol_nodeset left = policy->nodes, bad;
	char nodes[NODES_TEXT], have[NODES_TEXT];

	bad = mpol_nodeset_minus(&left, &host->possible);
	if (!mpol_nodeset_empty(&bad))
		finding_add(report, "mpol.node.absent", severity, where, "/nodes",
			"%s %s not exist: this host has %s", nodes_words(&bad, nodes),
			mpol_nodeset_count(&bad) == 1 ? "does" : "do",
			nodes_words(&host->possible, have));
	left = mpol_nodeset_minus(&left, &bad);
	bad = mpol_nodeset_minus(&left, &host->online);
	if (!mpol_nodeset_empty(&bad))
		finding_add(report, "mpol.node.offline", severity, where, "/nodes",
			"%s %s offline: this host has %s online", nodes_words(&bad, nodes),
			mpol_nodeset_count(&bad) == 1 ? "is" : "are",
			nodes_words(&host->online, have));
	left = mpol_nodeset_minus(&left, &bad);
	bad = mpol_nodeset_minus(&left, &host->memory);
	if (!mpol_nodeset_empty(&bad))
		finding_add(report, "mpol.node.memoryless", severity, where, "/nodes",
			"%s %s no memory: this host has memory on %s", nodes_words(&bad, nodes),
			mpol_nodeset_count(&bad) == 1 ? "has" : "have",
			nodes_words(&host->memory, have));
	return ok;
}

int mpol_check_host(const struct mpol *policy, const struct mpol_kernel *kernel,
	const struct mpol_host *host, const char *where, struct mpol_report *report)
{
	const struct mpol_mode_info *info = mpol_mode_by_number(policy->mode);
	bool ok;

	if (!info) {
		finding_add(report, "mpol.mode.unknown", MPOL_ERROR, where, "/mode",
			"mode %d is not known", policy->mode);
		return -EINVAL;
	}
	ok = check_kernel(policy, info, kernel, where, report);
	/* Relative numbers are no nodes of the host: any of them counts within the allowed set. */
	if (!mpol_nodeset_empty(&policy->nodes) && !(policy->flags & MPOL_FLAG_RELATIVE_NODES))
		ok &= check_nodes(policy, host, where, report);
	return ok ? 0 : -EINVAL;
}

bool mpol_fallback(const struct mpol *policy, const struct mpol_kernel *kernel, const char *where,
	struct mpol *ret, struct mpol_report *report)
{
	const struct mpol_mode_info *info = mpol_mode_by_number(policy->mode);
	const struct mpol_mode_info *lower = info ? mpol_mode_by_number(info->fallback) : NULL;
	char release[QUOTE_TEXT];

	if (!lower || !kernel->numa || kernel->modes & 1u << info->number ||
		!(kernel->modes & 1u << lower->number) || policy->flags & ~lower->flags)
		return false;
	(void)text_plain(
		kernel->release, strnlen(kernel->release, sizeof(kernel->release)), release);
	finding_add(report, "mpol.fallback", MPOL_WARNING, where, "/mode",
		"%s needs Linux %d.%d, and this is %s: %s takes its place (%s)", info->name,
		info->since[0], info->since[1], release, lower->name, lower->words);
	*ret = *policy;
	ret->mode = lower->number;
	return true;
}
