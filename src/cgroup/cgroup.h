/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup.h - the container's control groups, on cgroup v2 and on v1 or hybrid hosts alike.
 *
 * A container has one path, which exists in the one hierarchy of v2 or in every hierarchy of v1
 * (and, on hybrid hosts, also in the v2 one). One table of limits (limits.c) says for each resource
 * the file and the text on either version.
 */
#pragma once

#include "base/err.h"
#include "base/json.h"
#include "base/json_read.h"
#include "base/str.h"
#include "linux/rootfs.h"
#include "mpol.h"
#include "spec/spec.h"

#include <stdbool.h>
#include <sys/types.h>


enum cgroup_manager {
	CGROUP_CGROUPFS,
	CGROUP_SYSTEMD, /* a transient scope */
	CGROUP_DISABLED,
};

struct cgroup; /* in an arena; its directories are known by path and checked when opened */

/*
 * Decide where the container's cgroup is; nothing is made. cgroupsPath absolute: from the root of
 * the hierarchies; relative or absent: below the caller's own cgroup, "<id>" where absent; on pure
 * v2 beside the caller's, which has processes and so cannot pass controllers on. CGROUP_SYSTEMD:
 * slice:prefix:name or, where absent, "system.slice:hasu:<id>", an ordinary user's in "user.slice";
 * spec must then stay until the container's first process is in its cgroup. Refused in words:
 * no cgroup mounted or a read-only one, a controller that the resources need but the host does not
 * offer. CGROUP_DISABLED takes no limits but device rules, which it lets go.
 */
int cgroup_plan(const struct spec *spec, const char *id, enum cgroup_manager manager,
	struct arena *arena, struct cgroup **ret, struct err *e);

/*
 * The nodes that the cgroup around a planned one lets it use, and the CPUs, a list, "" where that
 * is not told: of those above it that exist the nearest one with a cpuset, whose path goes to
 * *ret_where. Texts are in arena. Nothing is made. 1; 0 where that cannot be told; -ENOMEM.
 */
int cgroup_allowed(const struct cgroup *cg, struct arena *arena, struct mpol_nodeset *ret,
	const char **ret_cpus, const char **ret_where, bool *ret_v1);

/*
 * Make its directories, with the controllers they need enabled in the parents (v2), the cpuset
 * filled from the parent (v1). A cgroup that is there already is used if it is empty of processes
 * and not frozen, else refused; on v2 what is below it goes if it is in the way. On failure
 * everything made is removed again. Remembers what it made.
 */
int cgroup_make(struct cgroup *cg, struct err *e);

/*
 * Write limits, cpuset first. Only what the spec gives is written. Device rules: all denied first,
 * then the spec's rules in order, the default devices last, as the peers do; a new container gets
 * them without rules in its spec too, an update only with some.
 */
int cgroup_limit(struct cgroup *cg, const struct spec_resources *r, struct err *e);

/*
 * Write limits to a container that lives: all of them or, where one cannot be, none. Every value is
 * checked first as far as that goes without writing; then what the kernel refuses has all that was
 * written before put back. Device rules on v2 are replaced in one step. checkBeforeUpdate holds.
 * Refused in words: a limit whose controller the container's cgroup lacks.
 */
int cgroup_update(struct cgroup *cg, const struct spec_resources *r, struct err *e);

/*
 * The nodes that the container's cpuset will have after an update by r. 1; 0 where r does not
 * change them, or that cannot be told; an error where none of those asked for may be used.
 */
int cgroup_foresee_mems(const struct cgroup *cg, const struct spec_resources *r,
	struct mpol_nodeset *ret, struct err *e);

/*
 * Pure v2: make the user who runs the process the owner of the directory and of the files that the
 * kernel lists for it, where the container has a cgroup namespace of its own and sees its cgroup
 * writable. Else nothing.
 */
int cgroup_give(const struct cgroup *cg, const struct spec *spec, struct err *e);

/* v2: a directory for CLONE_INTO_CGROUP, the caller's to close. -1 where only cgroup_add can place
 * a process: no v2, a pids limit of 0, which counts against clone3 but not against a move, or an
 * ordinary user's scope, into which systemd moves what the user may not. */
int cgroup_clone_fd(struct cgroup *cg);

/*
 * v2: the same for the cgroup that a process of the container is in now, where that is below the
 * container's own; -1 anywhere else. A container that passes controllers on to cgroups of its own,
 * as systemd does, leaves no room for processes in the one above them. Where only cgroup_add can
 * place a process there, *ret_sub is the sub-cgroup for it, in arena.
 */
int cgroup_clone_fd_below(
	const struct cgroup *cg, int pid_proc_fd, struct arena *arena, const char **ret_sub);

/* Close what cgroup_make() left open, so that each step that follows need not find its way again.
 * The making is over: from here on it is like one of a saved state. */
void cgroup_close(struct cgroup *cg);

/*
 * Sub-cgroups for exec, one for each hierarchy: path NULL is the container's own cgroup; must: it
 * has to be there, else in one hierarchy at least. From options: "PATH", one alone and for all
 * hierarchies, or, where there is cgroup v1, "CONTROLLER,...:PATH", as under runc. In arena.
 */
struct cgroup_sub {
	const char *path;
	bool must;
};
int cgroup_subs(const struct cgroup *cg, const struct str_list *args, struct arena *arena,
	struct cgroup_sub **ret, struct err *e);

/* Put pid into the cgroup, in all hierarchies where clone3 did not. subs: of cgroup_subs(), or
 * NULL. */
int cgroup_add(const struct cgroup *cg, const struct cgroup_sub *subs, pid_t pid, bool cloned_into,
	struct err *e);
/* A process of the container's is in it: what held systemd's scope until now may end. */
void cgroup_settle(const struct cgroup *cg);

/* All processes in it and below it; *ret is malloc'ed. */
int cgroup_pids(const struct cgroup *cg, pid_t **ret, size_t *ret_n, struct err *e);

/* Signal them all; SIGKILL by cgroup.kill where there is one, else frozen meanwhile or repeated
 * until none is new. Frozen ones are thawed. */
int cgroup_kill(const struct cgroup *cg, int sig, struct err *e);

int cgroup_freeze(const struct cgroup *cg, bool frozen, struct err *e);
int cgroup_is_frozen(const struct cgroup *cg, bool *ret, struct err *e);
/* v2: is it, or one above it, to be frozen? Then whatever enters it stops. */
int cgroup_will_freeze(const struct cgroup *cg, bool *ret, struct err *e);
/* Is the process, /proc/PID, in a cgroup, of v2 or v1, of which that is true? */
int cgroup_will_freeze_process(int pid_proc_fd, bool *ret, struct err *e);
/* So that who was killed can die: thaw it in every hierarchy, v1's freezer with all cgroups that
 * the container has below, too. Errors are left to what follows. */
void cgroup_thaw_all(const struct cgroup *cg);
/*
 * v1, for one that is to be removed: whoever is below, at any depth, is thawed and killed, and the
 * cgroups there go. cgroup_thaw_all() leaves out what is nested too deep. Errors as above.
 */
void cgroup_end_frozen(const struct cgroup *cg);
/* v1: what is frozen there dies of SIGKILL only when it is thawed: out of the container's freezer
 * with pid, a child of ours that has been sent it. Best effort. */
void cgroup_let_die(const struct cgroup *cg, pid_t pid);

/*
 * Kill what is left and remove it with all that is below it, waiting by events (cgroup.events,
 * pidfds), never for a fixed time only; bounded (10 s). A cgroup that is gone is no error. Of the
 * directories above, those that this container made go too if nobody uses them. A leaf that this
 * process's own cgroup_make found there is emptied but stays; one of a saved state goes.
 */
int cgroup_remove(struct cgroup *cg, struct err *e);

/*
 * The directory by which somebody else, CRIU, can freeze the container: the one that
 * cgroup_freeze() uses. In arena; NULL: there is none.
 */
const char *cgroup_freezer(const struct cgroup *cg, struct arena *arena);

/* Where cgroup v2 is mounted; NULL: nowhere. */
const char *cgroup_v2_mount(const struct cgroup *cg);

/* Is the container in cgroup v2 alone, with no hierarchy of v1 beside it? */
bool cgroup_v2_alone(const struct cgroup *cg);

/* For mounts of type cgroup. In arena. */
int cgroup_for_rootfs(
	const struct cgroup *cg, struct arena *arena, struct rootfs_cgroups *ret, struct err *e);

void cgroup_write(struct json_writer *w, const char *name, const struct cgroup *cg);

/* From the saved state, which is not trusted: what is opened later must start at a mounted
 * hierarchy. */
int cgroup_from_json(
	const struct json *json, struct arena *arena, struct cgroup **ret, struct err *e);
/* The path as state and `features` show it, e.g. "/user.slice/abc". "" when disabled. */
const char *cgroup_path(const struct cgroup *cg);
