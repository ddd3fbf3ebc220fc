/* SPDX-License-Identifier: Apache-2.0 */
/*
 * internal.h - what the files of src/check share. Private to src/check.
 */
#pragma once

#include "check/check.h"

#define AT_POLICY "/linux/memoryPolicy"
#define AT_RESOURCES "/linux/resources"

/* Which policy it is, and who says so. */
struct choice {
	bool known;
	bool annotation; /* hasu.memory-policy, not linux.memoryPolicy */
	bool refuse_narrowing;
	struct mpol asked;
};

/*
 * choose.c: the policy by config, annotations and the administrator's rules, symbols resolved. What
 * stands in its way is found. Returns 0 or -ENOMEM.
 */
int choose(const struct check_host *h, const struct spec *spec, const struct conf_rules *rules,
	const struct mpol_nodeset *allowed, struct spec_findings *all, struct choice *ret);

/* libmpol's findings about the policy, with pointers that are there. */
int found_report(
	struct spec_findings *all, struct mpol_report *report, const struct choice *choice);

/* "/linux/memoryPolicy/nodes"; the annotation for one that came by it. Returns buf. */
#define POINTER_TEXT 96
const char *choice_at(const struct choice *choice, const char *below, char buf[POINTER_TEXT]);

/* cpu.cpus may have blanks, which lists of the kernel do not. */
bool cpu_nodes_of(const struct mpol_host *host, const char *list, struct mpol_nodeset *ret);

/* cpus.c: CPUs of the config that the host lacks. Returns 0 or -ENOMEM. */
int check_cpus(const struct check_host *h, const struct check_place *place, const struct spec *spec,
	struct spec_findings *all);

/* advice_memory.c: sizes of huge pages that a captured host lacks. Returns 0 or -ENOMEM. */
int check_page_sizes_of(
	const struct check_host *h, const struct spec *spec, struct spec_findings *all);

/* Where the policy is looked at from: all that its advisers need. */
struct advice {
	const struct check_host *h;
	const struct spec *spec;
	const struct choice *choice;
	const struct mpol *asked;
	const struct mpol_resolved *resolved;
	const struct mpol_nodeset *allowed; /* with memory */
	struct spec_findings *all;
};

/* advice.c: what is right, and surprises all the same. Returns 0 or -ENOMEM. */
int advise(const struct advice *a);

/* advice_memory.c: how much memory a bound container has, and of which kind. */
int advise_memory(const struct advice *a);

/* Where the nearest memory is out of reach of the config's CPUs, whatever the policy. */
int advise_cpus(const struct check_host *h, const struct spec *spec,
	const struct mpol_nodeset *allowed, const struct mpol *policy, const struct choice *choice,
	struct spec_findings *all);

/* Add a finding, its sentence by a format. Returns 0 or -ENOMEM. */
int found(struct spec_findings *all, const char *code, enum mpol_severity severity,
	const char *where, const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* "node 3", "nodes 0-3", "no node". Returns buf. */
#define NODES_TEXT 160
char *nodes_text(const struct mpol_nodeset *set, char buf[NODES_TEXT]);

/* "MPOL_BIND" */
const char *mode_name(const struct mpol *policy);

/* The node with this number, or NULL. */
const struct mpol_node *node_of(const struct mpol_host *host, unsigned id);
/* 0: not known. */
unsigned distance_of(const struct mpol_host *host, unsigned from, unsigned to);

#define FOR_EACH_NODE(n, set)                                                                      \
	for (unsigned n = mpol_nodeset_next(set, 0); (n) < MPOL_NODES_MAX;                         \
		(n) = mpol_nodeset_next(set, (n) + 1))
