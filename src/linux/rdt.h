/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rdt.h - linux.intelRdt: shares of caches and memory bandwidth by the resctrl file system, which
 * serves Intel RDT and AMD QoS alike.
 *
 * A class of service is a directory of it, CLASS/tasks and CLASS/schemata; its root is the default
 * class. A monitoring group is CLASS/mon_groups/ID. All functions take the root's descriptor, so
 * that they can be tried on any tree.
 */
#pragma once

#include "base/err.h"
#include "base/json.h"
#include "base/json_read.h"
#include "base/str.h"
#include "spec/spec.h"

#include <stdbool.h>
#include <sys/types.h>


/* Where a container is in it. In an arena; kept in the state. made and monitored are true from when
 * it is planned: a create that is killed may have come so far. */
struct rdt {
	const char *root;  /* where resctrl is mounted */
	const char *class; /* a name; "": the default class */
	const char *id;    /* the container's, and of its monitoring group */
	bool own;          /* closID is not given: the class is the container's, and goes with it */
	bool made;         /* the class did not exist before, or will be made */
	bool monitored;    /* there is a monitoring group of its own */
};

/*
 * Find the file system and choose the class. Nothing is made. Refused in words: a host without
 * resctrl, or where it is not mounted.
 */
int rdt_plan(const struct spec_intel_rdt *spec, const char *id, struct arena *arena,
	struct rdt **ret, struct err *e);
/* The root, verified to be one of resctrl. A descriptor or -errno. */
int rdt_open(const struct rdt *r, struct err *e);

/*
 * The steps of a create. rdt_make: make the class where the specification says so, sets made;
 * rdt_limit: write its schemata or, where it was there before, compare them; rdt_monitor: make the
 * monitoring group, where there is to be one, sets monitored.
 */
int rdt_make(struct rdt *r, int root_fd, const struct spec_intel_rdt *spec, struct err *e);
int rdt_limit(const struct rdt *r, int root_fd, const struct spec_intel_rdt *spec, struct err *e);
int rdt_monitor(struct rdt *r, int root_fd, const struct spec_intel_rdt *spec, struct err *e);

/* Put a process into the class and the monitoring group; those that it makes are born there. */
int rdt_add(const struct rdt *r, int root_fd, pid_t pid, struct err *e);

/*
 * The monitoring group goes, and the class if it is the container's own or, where undo says that a
 * create failed, if it was made by it. What is gone already is no error.
 */
int rdt_remove(const struct rdt *r, int root_fd, bool undo, struct err *e);

/* Lines of a container that lives, NULL: none. All or nothing; *ret_before: malloc'ed, what to
 * write to take it back. */
int rdt_update(const struct rdt *r, int root_fd, const char *l3_cache_schema,
	const char *mem_bw_schema, char **ret_before, struct err *e);
/* Write it. Returns 0 or -errno. */
int rdt_restore(const struct rdt *r, int root_fd, const char *before);

void rdt_write(struct json_writer *w, const char *name, const struct rdt *r);
/* From the saved state, which is not trusted. id is the container's. */
int rdt_from_json(const struct json *json, const char *id, struct arena *arena, struct rdt **ret,
	struct err *e);
