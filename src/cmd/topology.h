/* SPDX-License-Identifier: Apache-2.0 */
/*
 * topology.h - what hasu topology shows, in its three formats. Private to topology*.c.
 */
#pragma once

#include "check/check.h"
#include "report/report.h"

/* A host, sorted for those who draw it. */
struct topology {
	const struct check_host *h;
	struct mpol_nodeset shown; /* nodes with CPUs or memory */
	struct mpol_nodeset empty; /* online, and with neither: GPUs reserve such nodes */
	size_t n_cpus;             /* online */
	uint64_t memory, free;     /* bytes */
	size_t n_groups;
	struct topology_group {
		int package; /* -1: one that is not told; GROUP_MEMORY: nodes without CPUs */
		struct mpol_nodeset nodes; /* of those shown */
	} * groups;                        /* packages first; in the caller's arena */
	unsigned far;                      /* the largest distance that is no "unreachable" */
};

#define GROUP_MEMORY (-2)

/* Nodes that cannot reach each other at all: UNREACHABLE of the ACPI SLIT. */
#define DISTANCE_NEVER 255

void topology_table(struct strbuf *b, const struct topology *t, const struct style *style);
void topology_json(struct strbuf *b, const struct topology *t);
void topology_svg(struct strbuf *b, const struct topology *t);

const struct mpol_node *topology_node(const struct topology *t, unsigned id);
unsigned topology_distance(const struct mpol_host *host, const struct mpol_node *from, unsigned to);
/* How many CPUs a list as the kernel writes it has. */
size_t topology_cpus(const char *list);
/* 0 for local memory, 1 for the farthest. */
double topology_heat(const struct topology *t, unsigned distance);

/* A list as the kernel writes it, cut off behind a whole item where it has more than max bytes. */
void topology_list(const char *list, size_t max, char *buf, size_t size);

/* Lines about a node; NULL: there is nothing to say. Texts are in buf. */
#define FACT_TEXT 160
char *topology_fact_cpus(const struct mpol_node *node, size_t max, char buf[FACT_TEXT]);
char *topology_fact_memory(const struct mpol_node *node, char buf[FACT_TEXT]);
char *topology_fact_huge(const struct mpol_hugepages *pool, char buf[FACT_TEXT]);
char *topology_fact_tier(const struct mpol_node *node, char buf[FACT_TEXT]);
char *topology_fact_speed(const struct mpol_node *node, char buf[FACT_TEXT]);

/* "off", "on", "2": a setting as people say it. */
#define SETTING_TEXT 16
const char *topology_setting(int value, char buf[SETTING_TEXT]);

/* "numa_balancing off · demotion on · ..."; between stands between two of them. */
char *topology_settings(const struct topology *t, const char *between, char buf[FACT_TEXT]);
