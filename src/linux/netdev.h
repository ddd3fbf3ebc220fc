/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netdev.h - network devices of the container's network namespace.
 *
 * linux.netDevices moves devices of the host into it before the container's first process goes on.
 * They are the namespace's from then on: its end, not ours, gives physical ones back to the host
 * and destroys virtual ones (config-linux.md, Namespace Lifecycle and Container Termination). Only
 * a create that fails takes back what it moved.
 */
#pragma once

#include "base/err.h"
#include "base/str.h"
#include "spec/spec.h"

/* Bring the loopback device of the caller's network namespace up. */
int netdev_loopback_up(struct err *e);

struct netdev_moved;

/* What was moved. NETDEV_MOVES_NONE is nothing. */
struct netdev_moves {
	int host_fd;            /* the caller's network namespace */
	int host, inside;       /* netlink sockets in both */
	size_t n;               /* so many of v are inside */
	struct netdev_moved *v; /* in the caller's arena */
};
#define NETDEV_MOVES_NONE                                                                          \
	{                                                                                          \
		.host_fd = -1, .host = -1, .inside = -1                                            \
	}

/*
 * Move the devices of linux.netDevices from the caller's network namespace to that of the process
 * at pid_proc_fd, /proc/PID; rename them, give them the permanent addresses of global scope that
 * they had, and set them up. All names are looked at before any is moved. Whatever is returned,
 * *moves has what was moved: netdev_take_back() it or not, and netdev_close() it. Needs
 * CAP_NET_ADMIN in both namespaces, and CAP_SYS_ADMIN.
 */
int netdev_move(const struct spec *spec, int pid_proc_fd, struct arena *arena,
	struct netdev_moves *moves, struct err *e);

/*
 * Take them back under their old names, up where they were, with their permanent addresses. Routes
 * through them are lost. What cannot be taken back is named in e; the others are.
 */
int netdev_take_back(struct netdev_moves *moves, struct err *e);
void netdev_close(struct netdev_moves *moves);

struct json_writer;
/*
 * Write what the devices but lo of another process's network namespace have counted, in a list
 * named list, as `runc events` has it: null where there are none, where the namespace is the
 * caller's, and where pid_proc_fd is -1.
 */
void netdev_stats(int pid_proc_fd, struct json_writer *w, const char *list);
