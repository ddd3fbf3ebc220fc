/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols.c - nodes that are named by what they are: near these CPUs, without CPUs, beside that
 * device.
 *
 * Pure but for mpol_spec_devices(): the host and the place of the process are data, so that any
 * machine can be asked on any other. Symbols become numbers once, for one process; how the kernel
 * treats those numbers when the cpuset changes later is the flags' matter.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define DEVICE_DIR "sys/bus/pci/devices"
#define DISTANCE_SELF 10

/* clang-format off */
static const struct mpol_symbol_info symbols[] = {
	{ "cpus", MPOL_SYMBOL_CPUS, NULL, "the nodes of the CPUs that the process may run on" },
	{ "package", MPOL_SYMBOL_PACKAGE, NULL, "the nodes of the sockets of those CPUs" },
	{ "allowed", MPOL_SYMBOL_ALLOWED, NULL, "the nodes that the cpuset allows" },
	{ "all", MPOL_SYMBOL_ALL, NULL,
		"every node of the host that has memory, also outside of the cpuset" },
	{ "with-cpus", MPOL_SYMBOL_WITH_CPUS, NULL, "the nodes that have CPUs" },
	{ "memory-only", MPOL_SYMBOL_MEMORY_ONLY, NULL,
		"the nodes without CPUs: memory expanders, accelerators" },
	{ "max-dist", MPOL_SYMBOL_MAX_DIST, "20",
		"the nodes up to this distance from one of those of cpus" },
	{ "device", MPOL_SYMBOL_DEVICE, "0000:3b:00.0", "the node of this PCI device" },
};
/* clang-format on */

const struct mpol_symbol_info *mpol_symbols(size_t *ret_n)
{
	*ret_n = ARRAY_LENGTH(symbols);
	return symbols;
}

/* --- lists of CPUs --- */

/* The most that Linux can be built for (CONFIG_NR_CPUS). */
#define CPUS_MAX 8192

struct cpus {
	uint64_t word[CPUS_MAX / 64];
};

static int take_cpu(const char **text, unsigned *ret)
{
	const char *p = *text;
	unsigned n = 0;

	if (*p < '0' || *p > '9')
		return -EBADMSG;
	for (; *p >= '0' && *p <= '9'; p++)
		if (n < CPUS_MAX)
			n = n * 10 + (unsigned)(*p - '0');
	*text = p;
	*ret = n;
	return n < CPUS_MAX ? 0 : -EBADMSG;
}

/* As sysfs writes it, or a config: a list of any length costs no more than to read it. */
static int cpus_parse(const char *p, struct cpus *ret)
{
	struct cpus set = { { 0 } };
	unsigned first, last;

	while (*p) {
		if (take_cpu(&p, &first) < 0)
			return -EBADMSG;
		last = first;
		if (*p == '-' && (p++, take_cpu(&p, &last) < 0 || last < first))
			return -EBADMSG;
		for (unsigned i = first / 64; i <= last / 64; i++) {
			uint64_t word = UINT64_MAX;

			if (i == first / 64)
				word &= UINT64_MAX << (first % 64);
			if (i == last / 64)
				word &= UINT64_MAX >> (63 - last % 64);
			set.word[i] |= word;
		}
		if (*p == ',')
			p++;
		else if (*p)
			return -EBADMSG;
	}
	*ret = set;
	return 0;
}

bool cpus_is_list(const char *text)
{
	struct cpus set;

	return cpus_parse(text, &set) == 0;
}

int mpol_cpus_nodes(const struct mpol_host *host, const char *cpus, struct mpol_nodeset *ret)
{
	struct mpol_nodeset nodes = { { 0 } };
	struct cpus want, have;

	if (cpus_parse(cpus, &want) < 0)
		return -EBADMSG;
	for (size_t i = 0; i < host->n_nodes; i++) {
		if (cpus_parse(host->nodes[i].cpus, &have) < 0)
			return -EBADMSG;
		for (size_t k = 0; k < ARRAY_LENGTH(have.word); k++)
			if (have.word[k] & want.word[k]) {
				mpol_nodeset_add(&nodes, host->nodes[i].id);
				break;
			}
	}
	*ret = nodes;
	return 0;
}

/* --- devices --- */

static int look_up(
	int root_fd, struct mpol_device *device, const char *where, struct mpol_report *report)
{
	char path[sizeof(DEVICE_DIR) + MPOL_DEVICE_TEXT + 16], buf[32], *end;
	long node;
	int r;

	(void)snprintf(path, sizeof(path), DEVICE_DIR "/%s/numa_node", device->address);
	r = host_file(root_fd, path, buf, sizeof(buf));
	if (r == -ENOENT) {
		finding_add(report, "mpol.device.absent", MPOL_ERROR, where, NULL,
			"device:%s: this host has no such PCI device", device->address);
		return r;
	}
	if (r < 0) {
		finding_add(report, "mpol.device.absent", MPOL_ERROR, where, NULL,
			"device:%s: /%s cannot be read: %s", device->address, path, strerror(-r));
		return r;
	}
	node = strtol(buf, &end, 10);
	if (end == buf || *end || node < 0 || node >= (long)MPOL_NODES_MAX) {
		finding_add(report, "mpol.device.nowhere", MPOL_ERROR, where, NULL,
			"device:%s: the firmware of this host does not tell its node",
			device->address);
		return -ENXIO;
	}
	device->node = (int)node;
	return 0;
}

int mpol_spec_devices(
	int root_fd, struct mpol_spec *spec, const char *where, struct mpol_report *report)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < spec->in.n_devices; i++)
		r = look_up(root_fd, &spec->in.device[i], where, report);
	for (size_t i = 0; r == 0 && i < spec->out.n_devices; i++)
		r = look_up(root_fd, &spec->out.device[i], where, report);
	return r;
}

/* --- what they stand for --- */

static struct mpol_nodeset packages_of(
	const struct mpol_host *host, const struct mpol_nodeset *cpus)
{
	struct mpol_nodeset set = { { 0 } };

	for (size_t i = 0; i < host->n_nodes; i++) {
		const struct mpol_node *node = &host->nodes[i];

		if (node->package < 0 || !mpol_nodeset_has(cpus, node->id))
			continue;
		for (size_t k = 0; k < host->n_nodes; k++)
			if (host->nodes[k].package == node->package)
				mpol_nodeset_add(&set, host->nodes[k].id);
	}
	return set;
}

static struct mpol_nodeset within(
	const struct mpol_host *host, const struct mpol_nodeset *cpus, unsigned max_dist)
{
	struct mpol_nodeset set = { { 0 } };

	for (size_t i = 0; i < host->n_nodes; i++) {
		const struct mpol_node *node = &host->nodes[i];

		if (!mpol_nodeset_has(cpus, node->id))
			continue;
		if (max_dist >= DISTANCE_SELF)
			mpol_nodeset_add(&set, node->id);
		for (size_t k = 0; node->distances && k < host->n_nodes; k++)
			if (node->distances[k] <= max_dist)
				mpol_nodeset_add(&set, host->nodes[k].id);
	}
	return set;
}

static struct mpol_nodeset devices_of(const struct mpol_terms *terms)
{
	struct mpol_nodeset set = { { 0 } };

	for (size_t i = 0; i < terms->n_devices; i++)
		if (terms->device[i].node >= 0)
			mpol_nodeset_add(&set, (unsigned)terms->device[i].node);
	return set;
}

/* A symbol's nodes on this host, whoever may use them. */
static struct mpol_nodeset stands_for(unsigned bit, const struct mpol_terms *terms,
	const struct mpol_host *host, const struct mpol_place *place)
{
	switch (bit) {
	case MPOL_SYMBOL_CPUS:
		return place->cpus;
	case MPOL_SYMBOL_PACKAGE:
		return packages_of(host, &place->cpus);
	case MPOL_SYMBOL_ALLOWED:
		return place->allowed;
	case MPOL_SYMBOL_WITH_CPUS:
		return host->cpu;
	case MPOL_SYMBOL_MEMORY_ONLY:
		return mpol_nodeset_minus(&host->memory, &host->cpu);
	case MPOL_SYMBOL_MAX_DIST:
		return within(host, &place->cpus, terms->max_dist);
	case MPOL_SYMBOL_DEVICE:
		return devices_of(terms);
	default: /* MPOL_SYMBOL_ALL */
		return host->memory;
	}
}

/* Why a symbol stands for nothing on a host, whatever the cpuset allows. */
static const char *why_nothing(unsigned bit)
{
	switch (bit) {
	case MPOL_SYMBOL_MEMORY_ONLY:
		return "every node of this host has CPUs";
	case MPOL_SYMBOL_PACKAGE:
		return "this host does not tell the sockets of its CPUs";
	case MPOL_SYMBOL_ALLOWED:
		return "the cpuset allows no node";
	default:
		return "no node of its CPUs is known";
	}
}

#define WHY_TEXT (4 * NODES_TEXT + 64)

static void add_reason(
	char buf[WHY_TEXT], const char *before, const struct mpol_nodeset *nodes, const char *after)
{
	size_t at = strlen(buf);
	char words[NODES_TEXT];

	(void)snprintf(buf + at, WHY_TEXT - at, "%s%s%s%s", at ? ", and " : "", before,
		nodes_words(nodes, words), after);
}

/* Of the nodes that a symbol stands for, why these cannot be taken. */
static const char *why_cut(const struct mpol_nodeset *lost, const struct mpol_host *host,
	const struct mpol_place *place, char buf[WHY_TEXT])
{
	struct mpol_nodeset bare = mpol_nodeset_minus(lost, &host->memory);
	struct mpol_nodeset left = mpol_nodeset_minus(lost, &bare);
	struct mpol_nodeset outside = mpol_nodeset_minus(&left, &place->allowed);

	left = mpol_nodeset_minus(&left, &outside);
	buf[0] = '\0';
	if (!mpol_nodeset_empty(&bare))
		add_reason(buf, "", &bare,
			mpol_nodeset_count(&bare) == 1 ? " has no memory" : " have no memory");
	if (!mpol_nodeset_empty(&outside))
		add_reason(buf, "the cpuset allows ", &place->allowed, "");
	if (!mpol_nodeset_empty(&left))
		add_reason(buf, "only ", &place->may, " may be named");
	return buf;
}

struct resolving {
	const struct mpol_spec *spec;
	const struct mpol_host *host;
	const struct mpol_place *place;
	const char *where;
	struct mpol_report *report;
};

/* A symbol of those that name nodes, cut to what it may stand for. */
static struct mpol_nodeset take(const struct resolving *r, const struct mpol_symbol_info *info)
{
	struct mpol_nodeset all = stands_for(info->bit, &r->spec->in, r->host, r->place);
	struct mpol_nodeset cut = mpol_nodeset_and(&all, &r->host->memory);

	cut = mpol_nodeset_and(&cut, &r->place->may);
	if (info->bit != MPOL_SYMBOL_ALL)
		cut = mpol_nodeset_and(&cut, &r->place->allowed);
	return cut;
}

static void tell(
	const struct resolving *r, const struct mpol_symbol_info *info, enum mpol_severity severity)
{
	struct mpol_nodeset all = stands_for(info->bit, &r->spec->in, r->host, r->place);
	struct mpol_nodeset cut = take(r, info), lost = mpol_nodeset_minus(&all, &cut);
	char nodes[NODES_TEXT], bad[NODES_TEXT], why[WHY_TEXT];

	if (mpol_nodeset_empty(&all))
		finding_add(r->report, "mpol.symbol.empty", severity, r->where, NULL,
			"\"%s\" stands for no node here: %s", info->name, why_nothing(info->bit));
	else if (mpol_nodeset_empty(&cut))
		finding_add(r->report, "mpol.symbol.empty", severity, r->where, NULL,
			"\"%s\" stands for no node here: it would be %s, but %s", info->name,
			nodes_words(&all, nodes), why_cut(&lost, r->host, r->place, why));
	else if (!mpol_nodeset_empty(&lost) && info->bit != MPOL_SYMBOL_ALLOWED)
		finding_add(r->report, "mpol.symbol.cut", MPOL_NOTE, r->where, NULL,
			"\"%s\" stands for %s, without %s: %s", info->name,
			nodes_words(&cut, nodes), nodes_words(&lost, bad),
			why_cut(&lost, r->host, r->place, why));
}

static bool stands_for_nothing(const struct resolving *r, const struct mpol_symbol_info *info)
{
	struct mpol_nodeset nodes = take(r, info);

	return mpol_nodeset_empty(&nodes);
}

/* Nothing is left: either the symbols stand for nothing, or "!" took it all. */
static int refuse_empty(const struct resolving *r, const struct mpol_nodeset *in)
{
	char nodes[NODES_TEXT];
	bool said = false;

	for (size_t i = 0; i < ARRAY_LENGTH(symbols); i++)
		if (r->spec->in.symbols & symbols[i].bit && stands_for_nothing(r, &symbols[i])) {
			tell(r, &symbols[i], MPOL_ERROR);
			said = true;
		}
	if (!said || !mpol_nodeset_empty(in))
		finding_add(r->report, "mpol.symbol.empty", MPOL_ERROR, r->where, NULL,
			"no node is left: \"!\" takes away %s, and nothing else is named",
			nodes_words(in, nodes));
	return -EINVAL;
}

int mpol_spec_resolve(const struct mpol_spec *spec, const struct mpol_host *host,
	const struct mpol_place *place, const char *where, struct mpol *ret,
	struct mpol_report *report)
{
	const struct resolving r = { spec, host, place, where, report };
	struct mpol_nodeset in = spec->in.numbers, out = spec->out.numbers, nodes;

	for (size_t i = 0; i < ARRAY_LENGTH(symbols); i++) {
		struct mpol_nodeset more;

		if (spec->in.symbols & symbols[i].bit) {
			more = take(&r, &symbols[i]);
			in = mpol_nodeset_or(&in, &more);
		}
		if (spec->out.symbols & symbols[i].bit) {
			more = stands_for(symbols[i].bit, &spec->out, host, place);
			out = mpol_nodeset_or(&out, &more);
		}
	}
	if (mpol_spec_is_symbolic(spec) && !spec->in.symbols &&
		mpol_nodeset_empty(&spec->in.numbers)) {
		in = mpol_nodeset_and(&place->allowed, &host->memory);
		in = mpol_nodeset_and(&in, &place->may);
	}
	nodes = mpol_nodeset_minus(&in, &out);
	if (mpol_spec_is_symbolic(spec) && mpol_nodeset_empty(&nodes))
		return refuse_empty(&r, &in);
	for (size_t i = 0; i < ARRAY_LENGTH(symbols); i++)
		if (spec->in.symbols & symbols[i].bit)
			tell(&r, &symbols[i], MPOL_WARNING);
	*ret = (struct mpol){ .mode = spec->mode, .flags = spec->flags, .nodes = nodes };
	return 0;
}
