/* SPDX-License-Identifier: Apache-2.0 */
/*
 * numa.h - what the kernel has counted for a container, node by node.
 */
#pragma once

#include "base/err.h"
#include "cgroup/cgroup.h"

#include <stdbool.h>
#include <stddef.h>

/* The texts of numa_stat files, those of the cgroups below included: mpol_stat_line() and
 * mpol_stat_line_v1() read their lines. */
#define CGROUP_HUGE_MAX 8
struct cgroup_numa {
	bool v1;      /* memory is from memory.numa_stat of v1 */
	char *memory; /* NULL: nobody counts: no such controller, or a kernel without NUMA */
	size_t n_huge;
	char *huge[CGROUP_HUGE_MAX]; /* hugetlb.SIZE.numa_stat, one for each size */
};

/* -ENOENT, with e set: the container's cgroup is gone. cgroup_numa_free() it. */
int cgroup_numa(const struct cgroup *cg, struct cgroup_numa *ret, struct err *e);
void cgroup_numa_free(struct cgroup_numa *n);
