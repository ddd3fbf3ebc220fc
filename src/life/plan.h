/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan.h - everything decided about a container before its first process is made. Const from then
 * on.
 */
#pragma once

#include "base/str.h"
#include "cgroup/cgroup.h"
#include "life/life.h"
#include "life/state.h"
#include "linux/memory.h"
#include "linux/rootfs.h"
#include "linux/seccomp.h"
#include "spec/spec.h"

#include <stdbool.h>

/* What a process of the container is made of: the part that init and exec share. */
struct process_plan {
	const char *id; /* of the container */
	const struct spec_process *process;
	const struct seccomp_filter *filter; /* NULL: none */
	const struct memory_plan *memory;
	struct opt_u64 personality;
	int host_proc_fd; /* the host's procfs, verified */
	bool userns;      /* it has no rights over the host's limits */
	bool new_keyring;
	bool first;            /* it makes the keyring, which others then find */
	bool fork_hooks;       /* startContainer hooks have a process of their own, see hooks.c */
	bool filter_early;     /* the filter is in force while the process waits for START */
	unsigned preserve_fds; /* from 3; those of socket activation come first */
	struct str_list more_env; /* beyond the config's */
};

struct plan {
	const struct spec *spec;
	const struct create_options *options;
	struct process_plan process;
	const struct state *state; /* ID, bundle, annotations for hooks */
	uint64_t clone_flags;      /* CLONE_NEW* of init */
	bool joiner;               /* a process goes between: see ns_needs_joiner() */
	bool new_cgroup_ns, new_network, userns;
	bool lock_mounts;     /* init's user namespace must not undo what the tree forbids */
	int ns_fds[NS_TYPES]; /* namespaces to join, or -1 */
	int start_sock;       /* listens for `start`; -1: START comes on the parent's socket */
	struct cgroup *cgroup;
};
