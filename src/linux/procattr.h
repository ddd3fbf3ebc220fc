/* SPDX-License-Identifier: Apache-2.0 */
/*
 * procattr.h - attributes of the container's process and kernel settings of its namespaces.
 */
#pragma once

#include "base/err.h"
#include "spec/spec.h"

#include <sys/types.h>

/* Set the limits of pid (0: the caller's). Before the IDs change: raising a hard limit needs
 * CAP_SYS_RESOURCE, in the initial user namespace. */
int procattr_rlimits(pid_t pid, const struct spec_process *p, struct err *e);

/* oom_score_adj of the process whose procfs directory is pid_proc_fd. */
int procattr_oom_score(int pid_proc_fd, const struct spec_process *p, struct err *e);

/* linux.sysctl, of the caller's namespaces, through a procfs verified by the caller. */
int procattr_sysctl(int proc_fd, const struct spec *spec, struct err *e);

/* hostname and domainname. */
int procattr_names(const struct spec *spec, struct err *e);
