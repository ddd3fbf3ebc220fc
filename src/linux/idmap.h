/* SPDX-License-Identifier: Apache-2.0 */
/*
 * idmap.h - user and group ID maps of a new user namespace, written by its parent.
 */
#pragma once

#include "base/err.h"
#include "spec/spec.h"

#include <sys/types.h>

/*
 * A new user namespace whose config has no mappings maps every ID that the caller's own has to
 * itself, as if the config said so: its container owns what one without a user namespace would own,
 * but has its capabilities inside only. Takes CAP_SETUID and CAP_SETGID. Never gives a single line
 * of all IDs, by which programs know the initial user namespace. The mappings live in the arena.
 */
int idmap_settle(struct spec_linux *l, struct arena *arena, struct err *e);

/*
 * Write gid_map and uid_map of a process whose procfs directory (/proc/PID) is pid_proc_fd. Each is
 * one write(2), as the kernel demands (user_namespaces(7)). Without CAP_SETGID over the parent
 * namespace "deny" is first written to setgroups, where that is what the kernel asks for.
 */
int idmap_write(int pid_proc_fd, const struct spec_linux *l, struct err *e);

/* The same of any two maps; at is the pointer of the object that they are in: "/mounts/3". */
int idmap_write_maps(int pid_proc_fd, const char *at, const struct id_map *uid,
	const struct id_map *gid, struct err *e);
/*
 * Does that process's uid_map or gid_map, which file names, have these lines and no others? Outer
 * IDs are those of the caller's own user namespace, in both.
 */
int idmap_is(int pid_proc_fd, const char *file, const struct id_map *map, bool *ret, struct err *e);

/*
 * Has the caller no right to write these maps itself? Then newuidmap(1) and newgidmap(1) write them
 * for it, of the IDs that /etc/subuid and /etc/subgid give its user.
 */
bool idmap_needs_helper(const struct spec_linux *l);
int idmap_write_by_helper(pid_t pid, const struct spec_linux *l, struct err *e);
