/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stats_internal.h - what stats.c and stats_lists.c share.
 */
#pragma once

#include "cgroup/internal.h"
#include "cgroup/stats.h"

#include <json-c/json.h>

#define STATS_CONTROLLERS 8

struct stats {
	const struct cgroup *cg;
	int dirs[STATS_CONTROLLERS]; /* the container's, -1: there is none */
	bool v1[STATS_CONTROLLERS];
	char *text; /* of the file that was read last */
	const char *text_file;
	int text_dir;
	bool failed; /* out of memory */
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

void stats_put(struct stats *s, json_object *to, const char *name, json_object *value);
json_object *stats_put_object(struct stats *s, json_object *to, const char *name);

/* stats_lists.c */
void stats_put_percpu(struct stats *s, json_object *usage);
void stats_put_list(struct stats *s, json_object *to, const char *name, const char *file);
void stats_put_memory_stat(struct stats *s, json_object *memory);
void stats_put_pressure(struct stats *s, json_object *to, const char *file);
void stats_put_blkio(struct stats *s, json_object *data);
void stats_put_hugetlb(struct stats *s, json_object *data);
