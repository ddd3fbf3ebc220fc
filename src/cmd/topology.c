/* SPDX-License-Identifier: Apache-2.0 */
/*
 * topology.c - hasu topology: the nodes of this host or of a captured one, what its kernel can do,
 * and what the caller's cpuset allows. Reads only.
 */
#include "cmd/topology.h"
#include "cmd/cmd.h"

#include "base/fd.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

static int sort(const struct check_host *h, struct arena *arena, struct topology *ret);

int cmd_topology(const struct options *o, struct err *e)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	struct topology t = { 0 };
	struct strbuf b = { 0 };
	struct check_host h;
	struct style style;
	int r;

	r = check_host_open(o->topology_host, &h, e);
	if (r < 0)
		return r;
	r = sort(&h, &arena, &t);
	if (r < 0) {
		check_host_free(&h);
		return err_nomem(e);
	}
	switch (o->topology_format) {
	case PICTURE_JSON:
		topology_json(&b, &t);
		break;
	case PICTURE_SVG:
		topology_svg(&b, &t);
		break;
	default:
		style = style_of(STDOUT_FILENO);
		topology_table(&b, &t, &style);
	}
	check_host_free(&h);
	return print_out(&b, e);
}

static void count(const struct check_host *h, struct topology *t)
{
	for (size_t i = 0; i < h->host.n_nodes; i++) {
		const struct mpol_node *node = &h->host.nodes[i];

		t->n_cpus += topology_cpus(node->cpus);
		t->memory += node->memory_total;
		t->free += node->memory_free;
		if (*node->cpus || node->memory_total)
			mpol_nodeset_add(&t->shown, node->id);
		else
			mpol_nodeset_add(&t->empty, node->id);
	}
	for (size_t i = 0; i < h->host.n_nodes; i++)
		for (size_t k = 0; h->host.nodes[i].distances && k < h->host.n_nodes; k++) {
			unsigned d = h->host.nodes[i].distances[k];

			if (d > t->far && d < DISTANCE_NEVER &&
				mpol_nodeset_has(&t->shown, h->host.nodes[i].id) &&
				mpol_nodeset_has(&t->shown, h->host.nodes[k].id))
				t->far = d;
		}
}

static struct topology_group *group_of(struct topology *t, int package)
{
	for (size_t i = 0; i < t->n_groups; i++)
		if (t->groups[i].package == package)
			return &t->groups[i];
	t->groups[t->n_groups].package = package;
	return &t->groups[t->n_groups++];
}

static int sort(const struct check_host *h, struct arena *arena, struct topology *ret)
{
	struct topology t = { .h = h };

	count(h, &t);
	t.groups = arena_array(arena, struct topology_group, h->host.n_nodes + 1);
	if (!t.groups)
		return -ENOMEM;
	/* Sockets in the order of their first nodes; memory alone comes last, as it hangs on
	 * them. */
	for (int cpus = 1; cpus >= 0; cpus--)
		for (size_t i = 0; i < h->host.n_nodes; i++) {
			const struct mpol_node *node = &h->host.nodes[i];

			if (!mpol_nodeset_has(&t.shown, node->id) ||
				(*node->cpus != 0) != (cpus == 1))
				continue;
			mpol_nodeset_add(&group_of(&t, cpus ? node->package : GROUP_MEMORY)->nodes,
				node->id);
		}
	*ret = t;
	return 0;
}

/* --- facts --- */

const struct mpol_node *topology_node(const struct topology *t, unsigned id)
{
	for (size_t i = 0; i < t->h->host.n_nodes; i++)
		if (t->h->host.nodes[i].id == id)
			return &t->h->host.nodes[i];
	return NULL;
}

unsigned topology_distance(const struct mpol_host *host, const struct mpol_node *from, unsigned to)
{
	for (size_t i = 0; from->distances && i < host->n_nodes; i++)
		if (host->nodes[i].id == to)
			return from->distances[i];
	return 0;
}

size_t topology_cpus(const char *list)
{
	size_t n = 0;

	while (*list) {
		unsigned long first = strtoul(list, (char **)&list, 10), last = first;

		if (*list == '-')
			last = strtoul(list + 1, (char **)&list, 10);
		n += last - first + 1;
		if (*list != ',')
			break;
		list++;
	}
	return n;
}

double topology_heat(const struct topology *t, unsigned distance)
{
	if (distance <= 10 || t->far <= 10)
		return 0;
	return distance > t->far ? 1 : (double)(distance - 10) / (double)(t->far - 10);
}

#define CUT ",..."

void topology_list(const char *list, size_t max, char *buf, size_t size)
{
	size_t len = strlen(list), room = max < size ? max : size - 1;

	if (len <= room) {
		memcpy(buf, list, len + 1);
		return;
	}
	len = room > strlen(CUT) ? room - strlen(CUT) : 0;
	while (len > 0 && list[len] != ',')
		len--;
	(void)snprintf(buf, size, "%.*s" CUT, (int)len, list);
}

char *topology_fact_cpus(const struct mpol_node *node, size_t max, char buf[FACT_TEXT])
{
	size_t n = topology_cpus(node->cpus);

	if (n == 0)
		return NULL;
	size_t at = (size_t)snprintf(buf, FACT_TEXT, "%zu CPU%s: ", n, n == 1 ? "" : "s");
	topology_list(node->cpus, max > at ? max - at : 0, buf + at, FACT_TEXT - at);
	return buf;
}

char *topology_fact_memory(const struct mpol_node *node, char buf[FACT_TEXT])
{
	char total[SIZE_WORDS], left[SIZE_WORDS];

	if (!node->memory_total)
		return NULL;
	(void)snprintf(buf, FACT_TEXT, "%s, %s free", size_words(node->memory_total, total),
		size_words(node->memory_free, left));
	return buf;
}

/* Only pools that have pages: an empty one is what every node has. */
char *topology_fact_huge(const struct mpol_hugepages *pool, char buf[FACT_TEXT])
{
	char size[SIZE_WORDS];

	if (!pool->total)
		return NULL;
	(void)snprintf(buf, FACT_TEXT, "huge %s: %" PRIu64 "/%" PRIu64 " free",
		size_words(pool->page_size, size), pool->free, pool->total);
	return buf;
}

char *topology_fact_tier(const struct mpol_node *node, char buf[FACT_TEXT])
{
	if (node->tier < 0 && !node->weight)
		return NULL;
	if (!node->weight)
		(void)snprintf(buf, FACT_TEXT, "tier %d", node->tier);
	else if (node->tier < 0)
		(void)snprintf(buf, FACT_TEXT, "weight %u", node->weight);
	else
		(void)snprintf(buf, FACT_TEXT, "tier %d, weight %u", node->tier, node->weight);
	return buf;
}

/* From CPUs where that is told, since containers run there. */
char *topology_fact_speed(const struct mpol_node *node, char buf[FACT_TEXT])
{
	const struct mpol_access *a = mpol_nodeset_empty(&node->cpu_access.initiators)
					      ? &node->access
					      : &node->cpu_access;
	char rate[SIZE_WORDS];

	if (mpol_nodeset_empty(&a->initiators) || (!a->read_bandwidth && !a->read_latency))
		return NULL;
	if (!a->read_bandwidth)
		(void)snprintf(buf, FACT_TEXT, "%" PRIu64 " ns", a->read_latency);
	else if (!a->read_latency)
		(void)snprintf(buf, FACT_TEXT, "%s/s", size_words(a->read_bandwidth << 20, rate));
	else
		(void)snprintf(buf, FACT_TEXT, "%s/s, %" PRIu64 " ns",
			size_words(a->read_bandwidth << 20, rate), a->read_latency);
	return buf;
}

const char *topology_setting(int value, char buf[SETTING_TEXT])
{
	if (value == 0 || value == 1)
		return value ? "on" : "off";
	(void)snprintf(buf, SETTING_TEXT, "%d", value);
	return buf;
}

char *topology_settings(const struct topology *t, const char *between, char buf[FACT_TEXT])
{
	const struct mpol_host *host = &t->h->host;
	const struct {
		const char *name;
		int value;
	} settings[] = {
		{ "kernel.numa_balancing", host->balancing },
		{ "demotion", host->demotion },
		{ "vm.zone_reclaim_mode", host->zone_reclaim },
	};
	char swap[SIZE_WORDS], number[SETTING_TEXT];
	size_t at = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < ELEMENTS(settings) && at < FACT_TEXT; i++)
		if (settings[i].value >= 0)
			at += (size_t)snprintf(buf + at, FACT_TEXT - at, "%s%s %s",
				at ? between : "", settings[i].name,
				topology_setting(settings[i].value, number));
	if (at < FACT_TEXT)
		(void)snprintf(buf + at, FACT_TEXT - at, "%sswap %s", at ? between : "",
			host->swap_total ? size_words(host->swap_total, swap) : "none");
	return buf;
}
