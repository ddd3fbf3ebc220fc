/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fault.h - make any step fail, in a test build (-Dfaults=true) alone.
 *
 * HASU_FAULT=<step> makes that step return an error, HASU_FAULT=kill:<step> kills the process
 * there, HASU_FAULT=list prints the steps. In an ordinary build FAULT() is 0 and the variable is
 * nobody's.
 */
#pragma once

#include "base/err.h"
#include "config.h"

#if HASU_FAULTS
int fault(const char *step, struct err *e);
void fault_list(void);
#define FAULT(step, e) fault((step), (e))
#else
#define FAULT(step, e) 0
#endif

/* The steps, in the order in which create and start go through them. */
#define FAULT_STEPS(X)                                                                             \
	X("reserve")                                                                               \
	X("save-config")                                                                           \
	X("save-creating")                                                                         \
	X("cgroup-make")                                                                           \
	X("cgroup-limit")                                                                          \
	X("resctrl")                                                                               \
	X("rootfs-open")                                                                           \
	X("ns-open")                                                                               \
	X("seccomp")                                                                               \
	X("start-socket")                                                                          \
	X("spawn")                                                                                 \
	X("joiner")                                                                                \
	X("spawned")                                                                               \
	X("cgroup-add")                                                                            \
	X("idmap")                                                                                 \
	X("net-devices")                                                                           \
	X("oom-score")                                                                             \
	X("go")                                                                                    \
	X("attach")                                                                                \
	X("creds-root")                                                                            \
	X("cgroup-ns")                                                                             \
	X("mount")                                                                                 \
	X("loopback")                                                                              \
	X("console")                                                                               \
	X("mounted")                                                                               \
	X("hook-runtime")                                                                          \
	X("hook-container")                                                                        \
	X("pivot")                                                                                 \
	X("seal")                                                                                  \
	X("lock")                                                                                  \
	X("sysctl")                                                                                \
	X("names")                                                                                 \
	X("limits")                                                                                \
	X("keyring")                                                                               \
	X("schedule")                                                                              \
	X("memory")                                                                                \
	X("lsm")                                                                                   \
	X("seccomp-load")                                                                          \
	X("creds")                                                                                 \
	X("cwd")                                                                                   \
	X("executable")                                                                            \
	X("ready")                                                                                 \
	X("verify")                                                                                \
	X("pid-file")                                                                              \
	X("commit")
