/* SPDX-License-Identifier: Apache-2.0 */
/* Scheduler, I/O priority, CPUs and personality; the kernel is asked what came of them. */
#include "forked.h"
#include "linux/schedule.h"

#include <linux/capability.h>
#include <linux/ioprio.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include <cmocka.h>

static void need_root(void)
{
	if (geteuid() != 0)
		skip();
}

struct row {
	const char *name;
	struct spec_scheduler ask;
	uint32_t policy, priority;
	int32_t nice;
};

static const struct row rows[] = {
	{ "OTHER with a nice value", { .policy = SCHED_NORMAL, .nice = 7 }, SCHED_NORMAL, 0, 7 },
	{ "OTHER, more urgent", { .policy = SCHED_NORMAL, .nice = -3 }, SCHED_NORMAL, 0, -3 },
	{ "BATCH", { .policy = SCHED_BATCH, .nice = 19 }, SCHED_BATCH, 0, 19 },
	{ "IDLE", { .policy = SCHED_IDLE }, SCHED_IDLE, 0, 0 },
	{ "FIFO", { .policy = SCHED_FIFO, .priority = 1 }, SCHED_FIFO, 1, 0 },
	{ "RR", { .policy = SCHED_RR, .priority = 99 }, SCHED_RR, 99, 0 },
	{ "RR that children do not inherit",
		{ .policy = SCHED_RR, .priority = 5, .flags = SCHED_FLAG_RESET_ON_FORK }, SCHED_RR,
		5, 0 },
};

static struct sched_attr attr_of(pid_t pid)
{
	struct sched_attr attr = { 0 };

	CHECK(syscall(SYS_sched_getattr, pid, &attr, sizeof(attr), 0) == 0);
	return attr;
}

static void scheduler_body(void *arg)
{
	const struct row *row = arg;
	struct spec_scheduler ask = row->ask;
	struct spec_process p = { .scheduler = &ask };
	struct err e = { 0 };

	CHECK_OK(schedule_apply(0, &p, &e), &e);
	const struct sched_attr attr = attr_of(0);
	CHECK(attr.sched_policy == row->policy);
	CHECK(attr.sched_priority == row->priority);
	CHECK(attr.sched_nice == row->nice);
	CHECK((attr.sched_flags & SCHED_FLAG_RESET_ON_FORK) ==
		(ask.flags & SCHED_FLAG_RESET_ON_FORK));
}

static void each_policy_is_what_the_kernel_then_says(void **state)
{
	need_root();
	for (size_t i = 0; i < ELEMENTS(rows); i++)
		if (forked(scheduler_body, (void *)&rows[i]) != 0)
			fail_msg("%s", rows[i].name);
}

static void deadline_body(void *arg)
{
	struct spec_scheduler ask = { .policy = SCHED_DEADLINE,
		.flags = SCHED_FLAG_RECLAIM,
		.runtime_ns = 1000000,
		.deadline_ns = 20000000,
		.period_ns = 100000000 };
	struct spec_process p = { .scheduler = &ask };
	struct err e = { 0 };

	CHECK_OK(schedule_apply(0, &p, &e), &e);
	const struct sched_attr attr = attr_of(0);
	CHECK(attr.sched_policy == SCHED_DEADLINE);
	CHECK(attr.sched_runtime == 1000000 && attr.sched_deadline == 20000000 &&
		attr.sched_period == 100000000);
	CHECK(attr.sched_flags & SCHED_FLAG_RECLAIM);

	ask.runtime_ns = 1000;
	CHECK(schedule_apply(0, &p, &e) == -EINVAL);
	CHECK_SAYS(&e, "a runtime is at least 1024 ns");
}

/* Sleepers that are promised a whole CPU each, until there is no more to promise. */
static void promises_body(void *arg)
{
	struct spec_scheduler ask = { .policy = SCHED_DEADLINE,
		.runtime_ns = 100000000,
		.deadline_ns = 100000000,
		.period_ns = 100000000 };
	struct spec_process p = { .scheduler = &ask };
	pid_t sleepers[64];
	struct err e = { 0 };
	size_t n = 0;
	int r = 0;

	while (r == 0 && n < ELEMENTS(sleepers)) {
		sleepers[n] = fork();
		if (sleepers[n] == 0)
			for (;;)
				(void)pause();
		r = schedule_apply(sleepers[n++], &p, &e);
	}
	bool first_is = attr_of(sleepers[0]).sched_policy == SCHED_DEADLINE;
	for (size_t i = 0; i < n; i++)
		(void)kill(sleepers[i], SIGKILL);
	CHECK(first_is);
	if (n == ELEMENTS(sleepers) && r == 0)
		return; /* a machine with that many CPUs */
	CHECK(r == -EBUSY);
	CHECK_SAYS(&e, "/process/scheduler: SCHED_DEADLINE: the CPUs have no 100000000 ns in every "
		       "100000000 ns left to promise");
}

static void a_deadline_is_kept_or_refused_in_words(void **state)
{
	need_root();
	assert_int_equal(forked(deadline_body, NULL), 0);
	assert_int_equal(forked(promises_body, NULL), 0);
}

static void refused_body(void *arg)
{
	static const struct {
		struct spec_scheduler ask;
		const char *says;
	} refused[] = {
		{ { .policy = SCHED_FIFO, .priority = 7 },
			"/process/scheduler: SCHED_FIFO with priority 7 needs CAP_SYS_NICE or an "
			"RLIMIT_RTPRIO of 7: operation not permitted" },
		{ { .policy = SCHED_BATCH, .nice = -5 },
			"/process/scheduler: SCHED_BATCH with nice -5 needs CAP_SYS_NICE or an "
			"RLIMIT_NICE of 25: operation not permitted" },
		{ { .policy = SCHED_DEADLINE,
			  .runtime_ns = 1000000,
			  .deadline_ns = 20000000,
			  .period_ns = 20000000 },
			"/process/scheduler: SCHED_DEADLINE needs CAP_SYS_NICE: operation not "
			"permitted" },
	};
	struct spec_io_priority io = { IOPRIO_CLASS_RT, 0 };
	struct spec_process p = { 0 };
	struct err e = { 0 };

	CHECK(setresuid(1000, 1000, 1000) == 0);
	for (size_t i = 0; i < ELEMENTS(refused); i++) {
		struct spec_scheduler ask = refused[i].ask;
		p.scheduler = &ask;
		CHECK(schedule_apply(0, &p, &e) == -EPERM);
		CHECK_SAYS(&e, refused[i].says);
	}
	p = (struct spec_process){ .io_priority = &io };
	CHECK(schedule_apply(0, &p, &e) == -EPERM);
	CHECK_SAYS(&e,
		"/process/ioPriority: IOPRIO_CLASS_RT needs CAP_SYS_NICE: operation not permitted");
}

static void a_refusal_names_the_capability_and_the_limit(void **state)
{
	need_root();
	assert_int_equal(forked(refused_body, NULL), 0);
}

static void io_body(void *arg)
{
	static const struct spec_io_priority asked[] = {
		{ IOPRIO_CLASS_RT, 1 },
		{ IOPRIO_CLASS_BE, 7 },
		{ IOPRIO_CLASS_IDLE, 0 },
	};
	struct err e = { 0 };

	for (size_t i = 0; i < ELEMENTS(asked); i++) {
		struct spec_io_priority io = asked[i];
		struct spec_process p = { .io_priority = &io };
		CHECK_OK(schedule_apply(0, &p, &e), &e);
		long is = syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, 0);
		CHECK(is >> 13 == asked[i].class && (is & 7) == asked[i].priority);
	}
}

static void io_priorities_are_what_the_kernel_then_says(void **state)
{
	need_root();
	assert_int_equal(forked(io_body, NULL), 0);
}

static void personality_body(void *arg)
{
	struct opt_u64 ask = { true, PER_LINUX32 };
	struct utsname name;
	struct err e = { 0 };

	CHECK_OK(schedule_personality(&(struct opt_u64){ 0 }, &e), &e);
	CHECK(personality(0xffffffff) == PER_LINUX);
	CHECK_OK(schedule_personality(&ask, &e), &e);
	CHECK(personality(0xffffffff) == PER_LINUX32);
#ifdef __x86_64__
	CHECK(uname(&name) == 0 && strcmp(name.machine, "i686") == 0);
#else
	(void)name;
#endif
	ask.v = PER_LINUX;
	CHECK_OK(schedule_personality(&ask, &e), &e);
	CHECK(personality(0xffffffff) == PER_LINUX);
}

static void a_personality_is_set_only_where_given(void **state)
{
	assert_int_equal(forked(personality_body, NULL), 0);
}

static bool allowed_is(const char *want)
{
	char line[4096];

	return strcmp(status_line("Cpus_allowed_list", line, sizeof(line)), want) == 0;
}

static void affinity_body(void *arg)
{
	char before_text[4096], line[4096];
	struct cpu_set before;
	struct err e = { 0 };

	/* What the machine has is its own business: everything is measured from here. */
	(void)snprintf(before_text, sizeof(before_text), "%s",
		status_line("Cpus_allowed_list", line, sizeof(line)));
	char first[16];
	(void)snprintf(first, sizeof(first), "%lu", strtoul(before_text, NULL, 10));

	CHECK_OK(schedule_affinity(0, NULL, "/x", NULL, &e), &e);
	CHECK_OK(schedule_affinity(0, " ,", "/x", NULL, &e), &e);
	CHECK(allowed_is(before_text));
	CHECK_OK(schedule_affinity(0, first, "/x", &before, &e), &e);
	CHECK(allowed_is(first));
	schedule_affinity_restore(&before);
	CHECK(allowed_is(before_text));
	CHECK_OK(schedule_affinity(0, "0 - 8190 , 8191", "/x", NULL, &e), &e);
	CHECK(allowed_is(before_text));
	CHECK(schedule_affinity(0, "8191", "/x", NULL, &e) == -EINVAL);
	CHECK_SAYS(&e, "/x: none of the CPUs 8191 is online and in the cpuset of the process");
	CHECK(allowed_is(before_text));
}

static void an_affinity_is_taken_given_back_and_refused_in_words(void **state)
{
	assert_int_equal(forked(affinity_body, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_policy_is_what_the_kernel_then_says),
		cmocka_unit_test(a_deadline_is_kept_or_refused_in_words),
		cmocka_unit_test(a_refusal_names_the_capability_and_the_limit),
		cmocka_unit_test(io_priorities_are_what_the_kernel_then_says),
		cmocka_unit_test(a_personality_is_set_only_where_given),
		cmocka_unit_test(an_affinity_is_taken_given_back_and_refused_in_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
