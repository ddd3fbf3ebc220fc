/* SPDX-License-Identifier: Apache-2.0 */
/*
 * passed.h - descriptors that the caller hands through to the process, and the pidfd that it gets
 * back.
 */
#pragma once

#include "life/plan.h"

/*
 * Those of socket activation (sd_listen_fds(3): $LISTEN_FDS of them from 3, when $LISTEN_PID is us)
 * and then --preserve-fds more. All have to be open. Sets preserve_fds and more_env of p.
 */
int passed_plan(unsigned preserve, struct process_plan *p, struct arena *arena, struct err *e);

/* Connect to --pidfd-socket. Returns a descriptor. */
int passed_connect(const char *path, struct err *e);

/* Send it the pidfd, with a word that says whose: "standard", a container's init, or "setns". */
int passed_send(int sock, int pidfd, const char *word, const char *path, struct err *e);
