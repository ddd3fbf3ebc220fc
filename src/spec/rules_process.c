/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules_process.c - the rules of process, of a container's first one and of those that exec adds.
 */
#include "base/fd.h"
#include "spec/internal.h"
#include "spec/names.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/sched.h>
#include <stdio.h>
#include <sys/resource.h>

static int check_command(const struct spec_process *p, const char *at, struct load *load);
static int check_user(const struct spec_user *u, const char *at, struct load *load);
static int settle_capabilities(struct spec *spec, const char *at, struct load *load);
static int check_rlimits(const struct spec_process *p, const char *at, struct load *load);
static int check_scheduler(const struct spec_scheduler *s, const char *at, struct load *load);

int rules_check_process(struct spec *spec, const char *at, struct load *load)
{
	const struct spec_process *p = &spec->process;
	char pointer[64];
	int r;

	r = check_command(p, at, load);
	if (r == 0)
		r = check_user(&p->user, at, load);
	if (r == 0)
		r = settle_capabilities(spec, at, load);
	if (r == 0)
		r = check_rlimits(p, at, load);
	if (r == 0 && p->scheduler)
		r = check_scheduler(p->scheduler, at, load);
	if (r == 0) {
		(void)snprintf(pointer, sizeof(pointer), "%s/execCPUAffinity/initial", at);
		r = rules_check_cpus(p->affinity_initial, pointer, load);
	}
	if (r == 0) {
		(void)snprintf(pointer, sizeof(pointer), "%s/execCPUAffinity/final", at);
		r = rules_check_cpus(p->affinity_final, pointer, load);
	}
	return r;
}

static int check_command(const struct spec_process *p, const char *at, struct load *load)
{
	REFUSE_IF(load, p->cwd && p->cwd[0] != '/', "spec.path.relative",
		"%s/cwd: '%s' is not an absolute path", at, shown(p->cwd).text);
	REFUSE_IF(load, p->args.n == 0, "spec.empty",
		"%s/args: must have at least one entry, the command", at);
	REFUSE_IF(load, p->args.n && !p->args.v[0][0], "spec.empty", "%s/args/0: must not be empty",
		at);
	return rules_check_env(&p->env, at, load);
}

int rules_check_env(const struct str_list *env, const char *at, struct load *load)
{
	for (size_t i = 0; i < env->n; i++) {
		const char *equals = strchr(env->v[i], '=');

		REFUSE_IF(load, !equals || equals == env->v[i], "spec.process.env",
			"%s/env/%zu: '%s' is not of the form NAME=VALUE", at, i,
			shown(env->v[i]).text);
	}
	return 0;
}

/* setresuid(2), setresgid(2) and chown(2) take -1 as "leave it": the process would stay root. */
static int check_id(const char *at, const char *field, uint32_t id, struct load *load)
{
	if (id != UINT32_MAX)
		return 0;
	return load_broken(load, "spec.id",
		"%s/%s: %" PRIu32 " is no ID: the kernel takes it for \"unchanged\"", at, field,
		id);
}

static int check_user(const struct spec_user *u, const char *at, struct load *load)
{
	char field[64];
	int r;

	r = check_id(at, "user/uid", u->uid, load);
	if (r == 0)
		r = check_id(at, "user/gid", u->gid, load);
	for (size_t i = 0; r == 0 && i < u->n_additional_gids; i++) {
		(void)snprintf(field, sizeof(field), "user/additionalGids/%zu", i);
		r = check_id(at, field, u->additional_gids[i], load);
	}
	REFUSE_IF(load, r == 0 && u->n_additional_gids > 65536, "spec.count",
		"%s/user/additionalGids: has %zu entries, the kernel takes at most 65536", at,
		u->n_additional_gids);
	REFUSE_IF(load, r == 0 && u->username, "spec.foreign",
		"%s/user/username: is for Windows, use uid", at);
	return r;
}

/* One warning for all that is taken out of a set: engines name a dozen at a time. */
static int drop(struct spec *spec, const char *at, const char *set, uint64_t *have,
	uint64_t allowed, const char *why, struct load *load)
{
	_cleanup_(strbuf_free) struct strbuf names = { 0 };
	const uint64_t dropped = *have & ~allowed;

	*have &= allowed;
	if (!dropped)
		return 0;
	names_add_set(&names, names_capabilities, dropped);
	if (names.failed)
		return err_nomem(load->e);
	return load_warn(load, "spec.capability.dropped", "%s/capabilities/%s: ignored, %s: %s", at,
		set, why, names.text);
}

/*
 * What the kernel forces (capabilities(7)): effective lies within permitted, and ambient within
 * permitted and inheritable. A capability that cannot be granted is warned about, it does not fail
 * the container (config.md, Linux Process).
 */
static int settle_capabilities(struct spec *spec, const char *at, struct load *load)
{
	struct spec_capabilities *c = &spec->process.capabilities;
	int r;

	r = drop(
		spec, at, "effective", &c->effective, c->permitted, "not being in permitted", load);
	if (r == 0)
		r = drop(spec, at, "ambient", &c->ambient, c->permitted & c->inheritable,
			"not being in both permitted and inheritable", load);
	return r;
}

static int check_rlimits(const struct spec_process *p, const char *at, struct load *load)
{
	bool seen[RLIM_NLIMITS] = { false };

	for (size_t i = 0; i < p->n_rlimits; i++) {
		const struct spec_rlimit *l = &p->rlimits[i];

		REFUSE_IF(load, seen[l->resource], "spec.rlimit.twice",
			"%s/rlimits/%zu: is a second %s", at, i,
			names_of(names_rlimits, (uint64_t)l->resource));
		seen[l->resource] = true;
		REFUSE_IF(load, l->soft > l->hard, "spec.rlimit.order",
			"%s/rlimits/%zu/soft: %" PRIu64 " is above the hard limit %" PRIu64, at, i,
			l->soft, l->hard);
	}
	return 0;
}

/* What Linux takes and then does nothing with, or does in the place of what is asked. */
static int check_scheduler_flags(
	const struct spec_scheduler *s, const char *at, const char *policy, struct load *load)
{
	const uint64_t deadlines = SCHED_FLAG_RECLAIM | SCHED_FLAG_DL_OVERRUN;
	const uint64_t keep = SCHED_FLAG_KEEP_POLICY | SCHED_FLAG_KEEP_PARAMS;
	int r = 0;

	if (s->policy != SCHED_DEADLINE && s->flags & deadlines)
		r = load_warn(load, "spec.ignored",
			"%s/scheduler/flags: %s is ignored: it is only for SCHED_DEADLINE, not %s",
			at,
			s->flags & SCHED_FLAG_RECLAIM ? "SCHED_FLAG_RECLAIM"
						      : "SCHED_FLAG_DL_OVERRUN",
			policy);
	if (r == 0 && s->flags & keep)
		r = load_warn(load, "spec.scheduler.keep",
			"%s/scheduler/flags: with %s the process keeps what its caller has, "
			"whatever else stands in scheduler",
			at,
			s->flags & SCHED_FLAG_KEEP_POLICY ? "SCHED_FLAG_KEEP_POLICY"
							  : "SCHED_FLAG_KEEP_PARAMS");
	return r;
}

/* sched_setattr(2) */
static int check_scheduler(const struct spec_scheduler *s, const char *at, struct load *load)
{
	const char *policy = names_of(names_scheduler_policies, (uint64_t)s->policy);
	bool real_time = s->policy == SCHED_FIFO || s->policy == SCHED_RR;
	bool fair = s->policy == SCHED_NORMAL || s->policy == SCHED_BATCH;
	int r = 0;

	char pointer[64];

	/* Collected: the fields depend on the policy, which may be what could not be read. */
	(void)snprintf(pointer, sizeof(pointer), "%s/scheduler", at);
	if (load->all && spec_findings_below(load->all, pointer))
		return 0;
	if (!policy || str_eq(policy, "SCHED_ISO"))
		return load_broken(load, "spec.scheduler.policy",
			"%s/scheduler/policy: Linux does not implement SCHED_ISO", at);
	REFUSE_IF(load, s->nice < -20 || s->nice > 19, "spec.range",
		"%s/scheduler/nice: %" PRId32 " is out of range -20 to 19", at, s->nice);
	REFUSE_IF(load, !real_time && s->priority, "spec.scheduler.field",
		"%s/scheduler/priority: is only for SCHED_FIFO and SCHED_RR, not %s", at, policy);
	REFUSE_IF(load, real_time && (s->priority < 1 || s->priority > 99), "spec.range",
		"%s/scheduler/priority: %" PRId32 " is out of range 1 to 99 of %s", at, s->priority,
		policy);
	REFUSE_IF(load,
		s->policy != SCHED_DEADLINE && (s->runtime_ns || s->deadline_ns || s->period_ns),
		"spec.scheduler.field",
		"%s/scheduler: runtime, deadline and period are only for SCHED_DEADLINE, "
		"not %s",
		at, policy);
	if (s->nice != 0 && !fair)
		r = load_warn(load, "spec.ignored",
			"%s/scheduler/nice: is ignored: only SCHED_OTHER and SCHED_BATCH have it, "
			"not %s",
			at, policy);
	if (r == 0)
		r = check_scheduler_flags(s, at, policy, load);
	if (r < 0 || s->policy != SCHED_DEADLINE)
		return r;
	REFUSE_IF(load,
		!s->runtime_ns || s->runtime_ns > s->deadline_ns ||
			(s->period_ns && s->deadline_ns > s->period_ns),
		"spec.scheduler.deadline",
		"%s/scheduler: SCHED_DEADLINE needs 0 < runtime <= deadline <= period, not "
		"%" PRIu64 ", %" PRIu64 ", %" PRIu64,
		at, s->runtime_ns, s->deadline_ns, s->period_ns);
	return 0;
}
