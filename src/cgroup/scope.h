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
	bool weighted;      /* CPUWeight is among them */
	uint64_t period_us; /* CPUQuotaPeriodUSec, of cgroup v1; 0: it is not among them */
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
 * properties.c: the properties that keep systemd from undoing the files of a cgroup.
 */
/* Of annotations org.systemd.property.NAME. */
int properties_of_annotations(struct properties *p, const struct pair_list *annotations,
	struct arena *arena, struct err *e);
/* Of limits. fds: the cgroup's directory in each hierarchy, for what an update leaves as it is;
 * NULL: there is none yet. */
int properties_of_limits(struct properties *p, const struct cgroup *cg, const int *fds,
	const struct spec_resources *r, bool starting, struct err *e);
/*
 * Of limits that have two files, and whose first the cgroup of v2 at dir_fd lacks: what is said
 * before there is one is of the first.
 */
int properties_of_others(
	struct properties *p, int dir_fd, const struct spec_resources *r, struct err *e);
/* scope_v1.c: of device rules, where systemd has them in its hands: on cgroup v1. Refused in words:
 * what systemd cannot be told, and so would undo. */
int properties_of_devices(struct properties *p, const struct cgroup *cg,
	const struct spec_resources *r, bool starting, struct err *e);

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
/* Tell systemd of limits, r, that stand in the files at fds, one for each hierarchy; what it would
 * round there stays. */
int scope_set(const struct cgroup *cg, const struct properties *properties, const int *fds,
	const struct spec_resources *r, struct err *e);
/* The same without what follows: properties alone. */
int scope_tell(const struct cgroup *cg, const struct properties *properties, struct err *e);
/* Until systemd has stopped it. One that is gone is no error. */
int scope_stop(const struct cgroup *cg, struct err *e);

/*
 * scope_v1.c: hosts with cgroup v1, where systemd makes a unit's directory in some hierarchies
 * only.
 */
/* The hierarchy by which systemd knows its units; NULL: it is not mounted here. */
const struct hierarchy *scope_hierarchy(const struct cgroup *cg);
/* Is h one in which systemd may make a unit's directory, and takes it away? */
bool scope_is_in(const struct hierarchy *h);
/*
 * Where the process that holds the place is in each hierarchy, found, tells where systemd has made
 * the unit's directory; the others are made here, at path.
 */
int scope_make_rest(struct cgroup *cg, const char *path, const struct hierarchy *found, size_t n,
	struct err *e);
