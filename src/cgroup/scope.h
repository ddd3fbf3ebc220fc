/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scope.h - a container's cgroup as a transient scope of systemd. Private to src/cgroup and its
 * tests.
 */
#pragma once

#include "cgroup/internal.h"

/*
 * What goes to the program that speaks to systemd (systemd/request.h): fields, each ended by NUL.
 * All-zero is empty; a failed allocation shows in fields.failed.
 */
struct properties {
	struct strbuf fields;
	unsigned n;
	bool weighted; /* CPUWeight is among them */
};
/* A property and its one value of a basic type; "?Name": a systemd that does not know it may go
 * without. */
void properties_add(
	struct properties *p, const char *name, const char *signature, const char *value);
void properties_add_u64(struct properties *p, const char *name, uint64_t value);
void properties_free(struct properties *p);

/*
 * variant.c: a value in the text form of GVariant, as annotations have it: 'text', true, 5, uint64
 * 5, 1.5, ['a', 'b'], ('a', 1), @as []. Its D-Bus signature, in arena, and its fields. e: a
 * sentence about the text alone.
 */
int variant_parse(const char *text, struct arena *arena, const char **ret_signature,
	struct strbuf *fields, struct err *e);

/*
 * properties.c: the properties that keep systemd from undoing the files of a v2 cgroup.
 */
/* Of annotations org.systemd.property.NAME. */
int properties_of_annotations(struct properties *p, const struct pair_list *annotations,
	struct arena *arena, struct err *e);
/* Of limits. dir_fd: the cgroup, for what an update leaves as it is; -1: there is none yet. */
int properties_of_limits(struct properties *p, const struct spec_resources *r, int dir_fd,
	bool starting, struct err *e);

/*
 * scope.c
 */
/* slice:prefix:name, or what stands for it where there is none, into the unit's name and path. */
int scope_plan(struct cgroup *cg, const struct spec *spec, const char *id, struct arena *arena,
	struct err *e);
/* Is text the name of a scope? As systemd has it (systemd.unit(5)). */
bool scope_name_valid(const char *name);
/* "a-b.slice" as the cgroups that it lies in: "/a.slice/a-b.slice"; "" for "-.slice". */
int scope_slice_path(const char *slice, struct arena *arena, const char **ret, struct err *e);

/* Have systemd start it, with a process of ours in it that holds the place. */
int scope_make(struct cgroup *cg, struct err *e);
/* End that process, if there is one. */
void scope_settle(const struct cgroup *cg);
/* Have systemd put pid into it, or into the cgroup at path below ("/a"), where we may not. */
int scope_attach(const struct cgroup *cg, const char *below, pid_t pid, struct err *e);
/* Tell systemd of limits that stand in the files at dir_fd; what it would round there stays. */
int scope_set(
	const struct cgroup *cg, const struct properties *properties, int dir_fd, struct err *e);
/* Until systemd has stopped it. One that is gone is no error. */
int scope_stop(const struct cgroup *cg, struct err *e);
