/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ns.h - namespaces: which are new, which are joined by path, and the time offsets.
 */
#pragma once

#include "base/err.h"
#include "spec/spec.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * The CLONE_NEW* flags for clone3(2) of init: every new namespace but cgroup (unshared by init once
 * it is in its cgroup, so that this is its root) and time (whose offsets are written before its
 * first process; the joiner unshares it).
 */
uint64_t ns_clone_flags(const struct spec *spec);

/*
 * In a user namespace the ipc namespace comes after its root's ID is taken: the root directory of
 * its message queues belongs for ever to whoever made it, and before that nobody there could own
 * it.
 */
bool ns_ipc_is_late(const struct spec *spec);
int ns_new_ipc(struct err *e);

/* Does a process have to go between the runtime and init: namespaces by path, or a new time one? */
bool ns_needs_joiner(const struct spec *spec);

/* Open the namespaces given by path and check that each is of its kind (NS_GET_NSTYPE). fds[] is
 * NS_TYPES long and holds -1 where there is none. On failure nothing is left open. */
int ns_open_paths(const struct spec *spec, int ret_fds[NS_TYPES], struct err *e);
void ns_close(int fds[NS_TYPES]);

/*
 * Join what ns_open_paths opened, in an order that keeps the privilege needed for the rest: the
 * user namespace first where the caller's privilege comes from it, last otherwise (setns(2):
 * joining the others needs CAP_SYS_ADMIN in the user namespace that owns them). A joined pid or
 * time namespace holds for children only.
 */
int ns_join(const int fds[NS_TYPES], struct err *e);

/* Which namespaces of process pid differ from the caller's, for exec: CLONE_NEW* bits. spec is that
 * of the process's container, proc_fd a verified procfs, pid the process's number in it. */
int ns_to_join(const struct spec *spec, int proc_fd, pid_t pid, uint64_t *ret_flags, struct err *e);
/* The kernel lets only a process with memory of its own join a time namespace (setns(2):
 * EUSERS). */
bool ns_needs_memory(uint64_t flags);
/*
 * Join them, but those that are better joined by a process that the caller makes then, with this
 * function again; *ret_later, NULL: none, tells which. pidfd is of that process.
 *
 * The cgroup namespace is one: where v2 is mounted with nsdelegate a process is born or moved into
 * a cgroup only if that of its maker, too, is within the maker's cgroup namespace (cgroups(7)), and
 * that of one who comes from outside is not. To join it may take the rights of the host's root: it
 * may be the host's, and init one that only that root may look at. So the user namespace, which
 * takes them, waits as well where the others can be had without it.
 */
int ns_join_process(int pidfd, uint64_t flags, pid_t pid, uint64_t *ret_later, struct err *e);

/*
 * Take the root of the process behind pidfd, which is in our own mount namespace. A root that is
 * the caller's own is refused: the process has left the container.
 */
int ns_join_root(int pidfd, int proc_fd, pid_t pid, struct err *e);

/*
 * A copy of the mount namespace of the process behind pidfd, for it to enter, in which every mount
 * is locked: what the process's user namespace owns may neither unmount it nor take a restriction
 * from it. Leaves the caller in the copy and in that user namespace, so it is for a process that
 * ends then. The caller needs CAP_SYS_ADMIN in a user namespace above. proc_fd: procfs.
 */
int ns_lock_mounts(int pidfd, int proc_fd, int *ret_ns_fd, struct err *e);

/* Unshare a time namespace for the caller's children and write its offsets. proc_fd: procfs. */
int ns_new_time(const struct spec *spec, int proc_fd, struct err *e);

/* Unshare the cgroup namespace: the caller's present cgroup becomes its root. */
int ns_new_cgroup(struct err *e);
