/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stats_internal.h - what stats.c and stats_lists.c share.
 */
#pragma once

#include "base/json.h"
#include "cgroup/internal.h"
#include "cgroup/stats.h"

#define STATS_CONTROLLERS 8

struct stats {
	const struct cgroup *cg;
	struct json_writer *w;
	int dirs[STATS_CONTROLLERS]; /* the container's, -1: there is none */
	bool v1[STATS_CONTROLLERS];
	char *text; /* of the file that was read last */
	const char *text_file;
	int text_dir;
};

/* The directory that counts for a controller; -1: none. */
int stats_dir(const struct stats *s, const char *controller, bool *ret_v1);
/* A file of it, or NULL; valid until the next one is read. file must be a literal. */
const char *stats_text(struct stats *s, const char *controller, const char *file);
/* What stands behind "KEY " at the beginning of a line, or NULL. */
const char *stats_key(const char *text, const char *key);
/* A number by itself (key NULL) or of a line; "max" is UINT64_MAX. False: there is none. */
bool stats_number(
	struct stats *s, const char *controller, const char *file, const char *key, uint64_t *ret);

/* Zero is left out. */
void stats_put_some(struct stats *s, const char *name, uint64_t value);

/* stats_lists.c */
void stats_put_percpu(struct stats *s);
void stats_put_list(struct stats *s, const char *name, const char *file);
void stats_put_memory_stat(struct stats *s);
void stats_put_pressure(struct stats *s, const char *file);
void stats_put_blkio(struct stats *s);
void stats_put_hugetlb(struct stats *s);
