/* SPDX-License-Identifier: Apache-2.0 */
/*
 * advice_memory.c - what a container has that is bound to nodes: less memory than its limit says,
 * no huge pages, swap, tmpfs.
 *
 * MPOL_BIND alone: it ends in the OOM killer where others spill (docs: set_mempolicy(2)).
 */
#include "check/internal.h"
#include "report/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static int advise_limit(const struct advice *a);
static int advise_hugepages(const struct advice *a);
static int advise_swap(const struct advice *a);
static int advise_tmpfs(const struct advice *a);

int advise_memory(const struct advice *a)
{
	int r = 0;

	if (a->resolved->in_force.mode == MPOL_MODE_BIND) {
		r = advise_limit(a);
		if (r == 0)
			r = advise_hugepages(a);
		if (r == 0)
			r = advise_swap(a);
	}
	return r < 0 ? r : advise_tmpfs(a);
}

struct memory {
	uint64_t total, free, file;
};

static struct memory memory_of(const struct mpol_host *host, const struct mpol_nodeset *nodes)
{
	struct memory m = { 0 };

	FOR_EACH_NODE(n, nodes)
	{
		const struct mpol_node *node = node_of(host, n);

		if (!node)
			continue;
		m.total += node->memory_total;
		m.free += node->memory_free;
		m.file += node->memory_file;
	}
	return m;
}

/*
 * The OOM killer comes when the nodes are full, and not when the limit is reached: its constraint
 * is the policy, and its victim may be a larger process elsewhere.
 */
static int advise_limit(const struct advice *a)
{
	const struct spec_memory *memory = &a->spec->linux_.resources.memory;
	const struct mpol_nodeset *nodes = &a->resolved->in_force.nodes;
	struct memory m = memory_of(&a->h->host, nodes);
	char text[NODES_TEXT], limit[SIZE_WORDS], have[SIZE_WORDS], file[SIZE_WORDS];
	const char *verb = mpol_nodeset_count(nodes) == 1 ? "has" : "have";

	(void)nodes_text(nodes, text);
	if (!memory->limit.set || memory->limit.v <= 0)
		return found(a->all, "check.bind.unlimited", MPOL_NOTE,
			AT_RESOURCES "/memory/limit",
			"is not set: MPOL_BIND ends in the OOM killer when %s, which %s %s, %s "
			"full, and "
			"it may choose a process outside of the container",
			text, verb, size_words(m.total, have),
			mpol_nodeset_count(nodes) == 1 ? "is" : "are");
	(void)size_words((uint64_t)memory->limit.v, limit);
	if ((uint64_t)memory->limit.v > m.total)
		return found(a->all, "check.bind.small", MPOL_WARNING, AT_RESOURCES "/memory/limit",
			"%s is more than %s %s, %s in all: MPOL_BIND ends in the OOM killer below "
			"the "
			"limit, and it may choose a process outside of the container",
			limit, text, verb, size_words(m.total, have));
	if ((uint64_t)memory->limit.v > m.free + m.file)
		return found(a->all, "check.bind.full", MPOL_WARNING, AT_RESOURCES "/memory/limit",
			"%s is more than %s %s now: %s free and %s of page cache; MPOL_BIND may "
			"end in "
			"the OOM killer below the limit",
			limit, text, verb, size_words(m.free, have), size_words(m.file, file));
	return 0;
}

/* "2MB", as hugepageLimits have it, in bytes; 0: none. */
static uint64_t page_size_of(const char *text)
{
	uint64_t n = 0;

	for (; *text >= '0' && *text <= '9' && n < UINT32_MAX; text++)
		n = n * 10 + (uint64_t)(*text - '0');
	switch (*text) {
	case 'K':
		return n << 10;
	case 'M':
		return n << 20;
	case 'G':
		return n << 30;
	default:
		return 0;
	}
}

static struct mpol_hugepages pool_of(
	const struct mpol_host *host, const struct mpol_nodeset *nodes, uint64_t size)
{
	struct mpol_hugepages pool = { .page_size = size };

	for (size_t i = 0; i < host->n_nodes; i++)
		for (size_t k = 0; k < host->nodes[i].n_hugepages; k++) {
			const struct mpol_hugepages *p = &host->nodes[i].hugepages[k];

			if (p->page_size != size ||
				(nodes && !mpol_nodeset_has(nodes, host->nodes[i].id)))
				continue;
			pool.total += p->total;
			pool.free += p->free;
		}
	return pool;
}

/* size 0: of any. */
static bool has_pages_of(const struct mpol_host *host, uint64_t size)
{
	for (size_t i = 0; i < host->n_nodes; i++)
		for (size_t k = 0; k < host->nodes[i].n_hugepages; k++)
			if (!size || host->nodes[i].hugepages[k].page_size == size)
				return true;
	return false;
}

int check_page_sizes_of(
	const struct check_host *h, const struct spec *spec, struct spec_findings *all)
{
	const struct spec_resources *res = &spec->linux_.resources;
	char where[96];
	int r = 0;

	/* Of this host the plan of the cgroup says it. A host may also tell of no pages at all. */
	for (size_t i = 0;
		h->captured && has_pages_of(&h->host, 0) && r == 0 && i < res->n_hugepage_limits;
		i++) {
		const char *text = res->hugepage_limits[i].page_size;

		if (!text || has_pages_of(&h->host, page_size_of(text)))
			continue;
		(void)snprintf(
			where, sizeof(where), AT_RESOURCES "/hugepageLimits/%zu/pageSize", i);
		r = found(all, "check.resources", MPOL_ERROR, where,
			"this host has no huge pages of %.100s", text);
	}
	return r;
}

/* mmap(2): a hugetlb mapping that is bound to nodes without free pages is ENOMEM, or SIGBUS. */
static int advise_hugepages(const struct advice *a)
{
	const struct spec_resources *res = &a->spec->linux_.resources;
	const struct mpol_nodeset *nodes = &a->resolved->in_force.nodes;
	char where[96], text[NODES_TEXT], limit[SIZE_WORDS];
	int r = 0;

	for (size_t i = 0; r == 0 && i < res->n_hugepage_limits; i++) {
		const struct spec_hugepage_limit *l = &res->hugepage_limits[i];
		uint64_t size = l->page_size ? page_size_of(l->page_size) : 0;
		struct mpol_hugepages here = pool_of(&a->h->host, nodes, size);
		struct mpol_hugepages all = pool_of(&a->h->host, NULL, size);

		/* A limit of 0 forbids them, and says that none are meant. */
		if (!size || !l->limit || l->limit <= here.free * size ||
			!has_pages_of(&a->h->host, size))
			continue;
		(void)snprintf(where, sizeof(where), AT_RESOURCES "/hugepageLimits/%zu", i);
		(void)nodes_text(nodes, text);
		if (here.free == 0)
			r = found(a->all, "check.hugetlb.empty", MPOL_WARNING, where,
				"of %" PRIu64 " pages of %s on %s none is free (%" PRIu64
				" on all nodes): bound mappings of them fail with ENOMEM, or "
				"SIGBUS",
				here.total, l->page_size, text, all.free);
		else if (l->limit < UINT64_MAX / 2)
			r = found(a->all, "check.hugetlb.few", MPOL_NOTE, where,
				"%s is more than the %" PRIu64 " free pages of %s on %s",
				size_words(l->limit, limit), here.free, l->page_size, text);
	}
	return r;
}

/* set_mempolicy(2), NOTES: policy is not remembered with a page that is swapped out. */
static int advise_swap(const struct advice *a)
{
	const struct spec_memory *m = &a->spec->linux_.resources.memory;
	char swap[SIZE_WORDS];

	if (!a->h->host.swap_total || (m->swap.set && m->limit.set && m->swap.v == m->limit.v))
		return 0;
	if (m->swappiness.set && m->swappiness.v == 0)
		return 0;
	return found(a->all, "check.swap", MPOL_NOTE, AT_RESOURCES "/memory/swap",
		"%s: when the bound nodes are full the kernel swaps before it kills, and this host "
		"has "
		"%s of swap",
		m->swap.set ? "leaves room" : "is not set",
		size_words(a->h->host.swap_total, swap));
}

/*
 * A size as tmpfs(5) and the kernel's memparse() take it; percent are of the host's memory. 0:
 * none. Beyond what a number holds the largest.
 */
static uint64_t tmpfs_size(const char *text, uint64_t host_total)
{
	static const char units[] = "kmgtpe";
	char *end;

	/* strtoull(3) would take a sign, too. */
	if (*text < '0' || *text > '9')
		return 0;
	uint64_t n = strtoull(text, &end, 0);
	const char *unit = *end ? strchr(units, *end | 0x20) : NULL;
	const unsigned shift = unit ? (unsigned)(unit - units + 1) * 10 : 0;

	if (*end == '%')
		return host_total / 100 < UINT64_MAX / (n + !n) ? host_total / 100 * n : UINT64_MAX;
	return n > UINT64_MAX >> shift ? UINT64_MAX : n << shift;
}

static int advise_tmpfs_option(
	const struct advice *a, size_t mount, size_t option, const char *text)
{
	const struct mpol_nodeset *nodes = &a->resolved->in_force.nodes;
	struct memory here = memory_of(&a->h->host, nodes);
	struct memory all = memory_of(&a->h->host, &a->h->host.memory);
	char where[64], size[SIZE_WORDS], have[SIZE_WORDS], words[NODES_TEXT];

	(void)snprintf(where, sizeof(where), "/mounts/%zu/options/%zu", mount, option);
	if (str_starts(text, "mpol="))
		return found(a->all, "check.tmpfs.mpol", MPOL_NOTE, where,
			"'%.100s': the files of this tmpfs follow it, and not " AT_POLICY, text);
	if (str_starts(text, "size=") && a->resolved->in_force.mode == MPOL_MODE_BIND &&
		tmpfs_size(text + strlen("size="), all.total) > here.total)
		return found(a->all, "check.tmpfs.size", MPOL_NOTE, where,
			"%s are more than %s %s, %s: its files are bound as the process that "
			"writes them "
			"is",
			size_words(tmpfs_size(text + strlen("size="), all.total), size),
			nodes_text(nodes, words), mpol_nodeset_count(nodes) == 1 ? "has" : "have",
			size_words(here.total, have));
	return 0;
}

static int advise_tmpfs(const struct advice *a)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < a->spec->n_mounts; i++) {
		const struct spec_mount *m = &a->spec->mounts[i];

		for (size_t k = 0;
			m->type && str_eq(m->type, "tmpfs") && r == 0 && k < m->options.n; k++)
			r = advise_tmpfs_option(a, i, k, m->options.v[k]);
	}
	return r;
}
