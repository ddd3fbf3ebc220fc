/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schedule.c - scheduler, I/O priority, CPUs and personality, by raw system calls.
 *
 * Nothing is rounded, clamped or left out: what the kernel refuses is an error that says what it
 * would take.
 */
#include "linux/schedule.h"

#include "linux/caps.h"
#include "spec/names.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <linux/ioprio.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <stdlib.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <unistd.h>

#define WORD_BITS (8 * sizeof(unsigned long))

static int set_scheduler(pid_t pid, const struct spec_scheduler *s, struct err *e);
static int scheduler_refused(int num, const struct spec_scheduler *s, struct err *e);
static int set_io_priority(pid_t pid, const struct spec_io_priority *p, struct err *e);

bool schedule_wanted(const struct spec_process *p)
{
	return p->scheduler || p->io_priority;
}

int schedule_apply(pid_t pid, const struct spec_process *p, struct err *e)
{
	int r = p->scheduler ? set_scheduler(pid, p->scheduler, e) : 0;

	if (r == 0 && p->io_priority)
		r = set_io_priority(pid, p->io_priority, e);
	return r;
}

static int set_scheduler(pid_t pid, const struct spec_scheduler *s, struct err *e)
{
	struct sched_attr attr = {
		/* The fields of the clamps are in the second version only. */
		.size = s->flags & SCHED_FLAG_UTIL_CLAMP ? SCHED_ATTR_SIZE_VER1
							 : SCHED_ATTR_SIZE_VER0,
		.sched_policy = (uint32_t)s->policy,
		.sched_flags = s->flags,
		.sched_nice = s->nice,
		.sched_priority = (uint32_t)s->priority,
		.sched_runtime = s->runtime_ns,
		.sched_deadline = s->deadline_ns,
		.sched_period = s->period_ns,
	};

	if (syscall(SYS_sched_setattr, pid, &attr, 0) == 0)
		return 0;
	return scheduler_refused(errno, s, e);
}

/* sched(7) and sched_setattr(2): the reasons that a kernel may have, one by one. */
static int scheduler_refused(int num, const struct spec_scheduler *s, struct err *e)
{
	const char *policy = names_of(names_scheduler_policies, (uint64_t)s->policy);
	const bool may = caps_have(CAP_SYS_NICE);
	const bool real_time = s->policy == SCHED_FIFO || s->policy == SCHED_RR;

	if (num == EPERM && s->policy == SCHED_DEADLINE)
		return err_set(e, num, "/process/scheduler: SCHED_DEADLINE needs %s",
			may ? "CAP_SYS_NICE on the host, and all of its CPUs: no cpuset, no "
			      "affinity"
			    : "CAP_SYS_NICE");
	if (num == EPERM && real_time)
		return err_set(e, num,
			"/process/scheduler: %s with priority %" PRId32
			" needs CAP_SYS_NICE%s or an RLIMIT_RTPRIO of %" PRId32 "%s",
			policy, s->priority, may ? " on the host" : "", s->priority,
			may ? ", and a cgroup whose cpu.rt_runtime_us is not 0" : "");
	if (num == EPERM)
		return err_set(e, num,
			"/process/scheduler: %s with nice %" PRId32
			" needs CAP_SYS_NICE%s or an RLIMIT_NICE of %" PRId32,
			policy, s->nice, may ? " on the host" : "", 20 - s->nice);
	if (num == EBUSY && s->policy == SCHED_DEADLINE)
		return err_set(e, num,
			"/process/scheduler: SCHED_DEADLINE: the CPUs have no %" PRIu64
			" ns in every %" PRIu64 " ns left to promise",
			s->runtime_ns, s->period_ns ? s->period_ns : s->deadline_ns);
	if (num == EINVAL && s->policy == SCHED_DEADLINE)
		return err_set(e, num,
			"/process/scheduler: SCHED_DEADLINE: this kernel refuses runtime %" PRIu64
			", deadline %" PRIu64 ", period %" PRIu64
			": a runtime is at least 1024 ns, and a period lies between "
			"kernel.sched_deadline_period_min_us and _max_us",
			s->runtime_ns, s->deadline_ns, s->period_ns);
	if (num == EOPNOTSUPP && s->flags & SCHED_FLAG_UTIL_CLAMP)
		return err_set(e, num,
			"/process/scheduler/flags: this kernel has no utilization clamping");
	return err_set(e, num, "/process/scheduler: setting %s", policy);
}

static int set_io_priority(pid_t pid, const struct spec_io_priority *p, struct err *e)
{
	const char *class = names_of(names_ioprio_classes, (uint64_t)p->class);
	/* Of the process alone: those that it makes inherit it (ioprio_set(2)). */
	const int value = IOPRIO_PRIO_VALUE(p->class, (int)p->priority);

	if (syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, pid, value) == 0)
		return 0;
	if (errno == EPERM && p->class == IOPRIO_CLASS_RT)
		return err_set(e, EPERM,
			"/process/ioPriority: IOPRIO_CLASS_RT needs CAP_SYS_NICE%s",
			caps_have(CAP_SYS_NICE) ? " on the host" : "");
	if (errno == ENOSYS)
		return err_say(e, ENOSYS, "/process/ioPriority: this kernel has no I/O priorities");
	return err_set(e, errno, "/process/ioPriority: setting %s %" PRId64, class, p->priority);
}

int schedule_personality(const struct opt_u64 *p, struct err *e)
{
	if (!p->set || personality((unsigned long)p->v) >= 0)
		return 0;
	return err_set(e, errno, "/linux/personality/domain: setting %s",
		names_of(names_personalities, p->v));
}

bool schedule_cpus(const char *list, struct cpu_set *set)
{
	bool any = false;

	*set = (struct cpu_set){ 0 };
	for (list += strspn(list, " \t\n,"); *list; list += strspn(list, " \t\n,")) {
		char *end;
		unsigned long first = strtoul(list, &end, 10), last = first;

		end += strspn(end, " \t\n");
		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		if (end == list || last >= SCHEDULE_CPUS_MAX)
			return false;
		for (; first <= last; first++)
			set->bits[first / WORD_BITS] |= 1UL << first % WORD_BITS;
		any = true;
		list = end;
	}
	return any;
}

int schedule_affinity(
	pid_t pid, const char *list, const char *pointer, struct cpu_set *ret_before, struct err *e)
{
	struct cpu_set want, before = { 0 };

	if (ret_before && syscall(SYS_sched_getaffinity, pid, sizeof(before), &before) < 0)
		return err_set(e, errno, "%s: asking for the CPUs that are allowed now", pointer);
	if (ret_before)
		*ret_before = before;
	if (str_empty(list) || !schedule_cpus(list, &want))
		return 0;
	if (syscall(SYS_sched_setaffinity, pid, sizeof(want), &want) == 0)
		return 0;
	if (errno == EINVAL)
		return err_say(e, EINVAL,
			"%s: none of the CPUs %s is online and in the cpuset of the process",
			pointer, list);
	return err_set(e, errno, "%s: setting %s", pointer, list);
}

void schedule_affinity_restore(const struct cpu_set *before)
{
	/* Its CPUs may have gone offline meanwhile; then the kernel has chosen others already. */
	(void)syscall(SYS_sched_setaffinity, 0, sizeof(*before), before);
}
