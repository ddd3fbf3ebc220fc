/* SPDX-License-Identifier: Apache-2.0 */
/*
 * creds.h - who the process is: IDs, groups, umask, home.
 */
#pragma once

#include "base/err.h"
#include "base/str.h"
#include "spec/spec.h"

/* Become root in a fresh user namespace, so that files made in the rootfs belong to its root. */
int creds_root(struct err *e);

/*
 * Take process.user: groups, gid, uid, umask, and the capabilities of process.capabilities in the
 * order that the kernel forces: bounding set while CAP_SETPCAP is there, keep capabilities over
 * setuid, IDs, then permitted, effective, inheritable, ambient. Without process.capabilities the
 * process gets none. Also sets no_new_privs.
 */
int creds_apply(const struct spec_process *p, struct err *e);

/*
 * Give the standard streams to the process's user, so that it can open /dev/stdout; while the
 * rights for that are there, before creds_apply. What may not be given away is left, /dev/null too.
 */
int creds_own_stdio(const struct spec_process *p, struct err *e);

/*
 * The process's environment: the spec's, with HOME added from the container's /etc/passwd (below
 * root_fd, bounded, not trusted) where it is missing or empty; "/" where passwd says nothing. NULL:
 * no memory.
 */
char **creds_environment(const struct spec_process *p, int root_fd, struct arena *arena);
