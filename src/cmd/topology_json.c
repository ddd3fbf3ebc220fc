/* SPDX-License-Identifier: Apache-2.0 */
/*
 * topology_json.c - a host for programs: every number, in bytes, MiB/s and nanoseconds. What the
 * host does not tell is left out.
 */
#include "cmd/topology.h"

#include "base/json.h"

static void add_access(struct json_writer *w, const char *name, const struct mpol_access *a)
{
	char nodes[MPOL_NODESET_TEXT];

	if (mpol_nodeset_empty(&a->initiators))
		return;
	jw_object(w, name);
	jw_string(w, "initiators", mpol_nodeset_format(&a->initiators, nodes));
	jw_u64(w, "readBandwidth", a->read_bandwidth);
	jw_u64(w, "writeBandwidth", a->write_bandwidth);
	jw_u64(w, "readLatency", a->read_latency);
	jw_u64(w, "writeLatency", a->write_latency);
	jw_object_end(w);
}

static void add_node(
	struct json_writer *w, const struct mpol_host *host, const struct mpol_node *node)
{
	jw_object(w, NULL);
	jw_u64(w, "id", node->id);
	if (node->package >= 0)
		jw_i64(w, "package", node->package);
	jw_string(w, "cpus", node->cpus);
	jw_u64(w, "memoryTotal", node->memory_total);
	jw_u64(w, "memoryFree", node->memory_free);
	jw_u64(w, "memoryFile", node->memory_file);
	jw_array(w, "hugePages");
	for (size_t i = 0; i < node->n_hugepages; i++) {
		jw_object(w, NULL);
		jw_u64(w, "pageSize", node->hugepages[i].page_size);
		jw_u64(w, "total", node->hugepages[i].total);
		jw_u64(w, "free", node->hugepages[i].free);
		jw_object_end(w);
	}
	jw_array_end(w);
	if (node->distances)
		jw_numbers(w, "distances", node->distances, host->n_nodes);
	if (node->tier >= 0)
		jw_i64(w, "tier", node->tier);
	if (node->weight)
		jw_u64(w, "weight", node->weight);
	add_access(w, "access", &node->access);
	add_access(w, "cpuAccess", &node->cpu_access);
	jw_object_end(w);
}

static void add_kernel(struct json_writer *w, const struct mpol_kernel *kernel, bool captured)
{
	size_t n_modes, n_flags;
	const struct mpol_mode_info *modes = mpol_modes(&n_modes);
	const struct mpol_flag_info *flags = mpol_flags(&n_flags);

	jw_object(w, "kernel");
	jw_string(w, "release", kernel->release);
	/* Of a captured kernel the version alone is known, and distributions carry features
	 * back. */
	jw_bool(w, "asked", !captured);
	jw_bool(w, "numa", kernel->numa);
	jw_array(w, "modes");
	for (size_t i = 0; i < n_modes; i++)
		if (kernel->modes & 1u << modes[i].number)
			jw_string(w, NULL, modes[i].name);
	jw_array_end(w);
	jw_array(w, "flags");
	for (size_t i = 0; i < n_flags; i++)
		if (kernel->flags & flags[i].bit)
			jw_string(w, NULL, flags[i].name);
	jw_array_end(w);
	jw_bool(w, "balancingWithPreferredMany", kernel->balancing_many);
	jw_object_end(w);
}

static void add_settings(struct json_writer *w, const struct mpol_host *host)
{
	jw_object(w, "settings");
	if (host->balancing >= 0)
		jw_i64(w, "numaBalancing", host->balancing);
	if (host->demotion >= 0)
		jw_bool(w, "demotion", host->demotion > 0);
	if (host->zone_reclaim >= 0)
		jw_i64(w, "zoneReclaimMode", host->zone_reclaim);
	jw_bool(w, "autoWeights", host->auto_weights);
	jw_u64(w, "swapTotal", host->swap_total);
	jw_object_end(w);
}

void topology_json(struct strbuf *b, const struct topology *t)
{
	const struct mpol_host *host = &t->h->host;
	struct json_writer w = { .b = b };
	char nodes[MPOL_NODESET_TEXT];

	jw_object(&w, NULL);
	jw_bool(&w, "captured", t->h->captured);
	add_kernel(&w, &t->h->kernel, t->h->captured);
	jw_string(&w, "possible", mpol_nodeset_format(&host->possible, nodes));
	jw_string(&w, "online", mpol_nodeset_format(&host->online, nodes));
	jw_string(&w, "withMemory", mpol_nodeset_format(&host->memory, nodes));
	jw_string(&w, "withCpus", mpol_nodeset_format(&host->cpu, nodes));
	if (host->cpuset_known) {
		jw_object(&w, "cpuset");
		jw_string(&w, "nodes", mpol_nodeset_format(&host->allowed, nodes));
		jw_string(&w, "cpus", host->allowed_cpus);
		jw_object_end(&w);
	}
	add_settings(&w, host);
	jw_array(&w, "nodes");
	for (size_t i = 0; i < host->n_nodes; i++)
		add_node(&w, host, &host->nodes[i]);
	jw_array_end(&w);
	jw_object_end(&w);
}
