/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schedule.h - how the kernel runs the container's process: scheduler, I/O priority, CPUs,
 * personality.
 */
#pragma once

#include "base/err.h"
#include "spec/spec.h"

#include <sys/types.h>

/*
 * process.scheduler and process.ioPriority of pid, 0 being the caller. What is asked for may need
 * CAP_SYS_NICE of the initial user namespace: before that goes, and from outside a container's own
 * user namespace. A SCHED_DEADLINE process can make no other from here on, unless it resets on
 * fork.
 */
int schedule_apply(pid_t pid, const struct spec_process *p, struct err *e);

/* Does the process ask for any of it? */
bool schedule_wanted(const struct spec_process *p);

/* linux.personality of the caller. */
int schedule_personality(const struct opt_u64 *personality, struct err *e);

/*
 * A set of CPUs as sched_setaffinity(2) takes it, large enough for every Linux.
 */
#define SCHEDULE_CPUS_MAX 8192
struct cpu_set {
	unsigned long bits[SCHEDULE_CPUS_MAX / (8 * sizeof(unsigned long))];
};

/* The CPUs of a list whose form was checked: numbers, '-', ',' and white space. False: it is empty,
 * or has one beyond the set. */
bool schedule_cpus(const char *list, struct cpu_set *set);

/*
 * Let pid, 0 being the caller, run on the CPUs of list alone: process.execCPUAffinity, whose rules
 * spec has checked. pointer is the field's, for errors. An empty list changes nothing. Where
 * ret_before is not NULL it gets the set as it was.
 */
int schedule_affinity(pid_t pid, const char *list, const char *pointer, struct cpu_set *ret_before,
	struct err *e);

/* Give back what schedule_affinity() of the caller took. */
void schedule_affinity_restore(const struct cpu_set *before);
