/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules_process.c - the rules of process, of a container's first one and of those that exec adds.
 */
#include "spec/internal.h"
#include "spec/names.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/sched.h>
#include <stdio.h>
#include <sys/resource.h>

static int check_command(const struct spec_process *p, const char *at, struct err *e);
static int check_user(const struct spec_user *u, const char *at, struct err *e);
static int settle_capabilities(struct spec *spec, const char *at, struct err *e);
static int check_rlimits(const struct spec_process *p, const char *at, struct err *e);
static int check_scheduler(const struct spec_scheduler *s, const char *at, struct err *e);

int rules_check_process(struct spec *spec, const char *at, struct err *e)
{
	const struct spec_process *p = &spec->process;
	char pointer[64];
	int r;

	r = check_command(p, at, e);
	if (r == 0)
		r = check_user(&p->user, at, e);
	if (r == 0)
		r = settle_capabilities(spec, at, e);
	if (r == 0)
		r = check_rlimits(p, at, e);
	if (r == 0 && p->scheduler)
		r = check_scheduler(p->scheduler, at, e);
	if (r == 0) {
		(void)snprintf(pointer, sizeof(pointer), "%s/execCPUAffinity/initial", at);
		r = rules_check_cpus(p->affinity_initial, pointer, e);
	}
	if (r == 0) {
		(void)snprintf(pointer, sizeof(pointer), "%s/execCPUAffinity/final", at);
		r = rules_check_cpus(p->affinity_final, pointer, e);
	}
	return r;
}

static int check_command(const struct spec_process *p, const char *at, struct err *e)
{
	if (p->cwd[0] != '/')
		return err_say(
			e, EINVAL, "%s/cwd: '%s' is not an absolute path", at, shown(p->cwd).text);
	if (p->args.n == 0)
		return err_say(e, EINVAL, "%s/args: must have at least one entry, the command", at);
	if (!p->args.v[0][0])
		return err_say(e, EINVAL, "%s/args/0: must not be empty", at);
	for (size_t i = 0; i < p->env.n; i++) {
		const char *equals = strchr(p->env.v[i], '=');

		if (!equals || equals == p->env.v[i])
			return err_say(e, EINVAL, "%s/env/%zu: '%s' is not of the form NAME=VALUE",
				at, i, shown(p->env.v[i]).text);
	}
	return 0;
}

/* setresuid(2), setresgid(2) and chown(2) take -1 as "leave it": the process would stay root. */
static int check_id(const char *at, const char *field, uint32_t id, struct err *e)
{
	if (id != UINT32_MAX)
		return 0;
	return err_say(e, EINVAL,
		"%s/%s: %" PRIu32 " is no ID: the kernel takes it for \"unchanged\"", at, field,
		id);
}

static int check_user(const struct spec_user *u, const char *at, struct err *e)
{
	char field[64];
	int r;

	r = check_id(at, "user/uid", u->uid, e);
	if (r == 0)
		r = check_id(at, "user/gid", u->gid, e);
	for (size_t i = 0; r == 0 && i < u->n_additional_gids; i++) {
		(void)snprintf(field, sizeof(field), "user/additionalGids/%zu", i);
		r = check_id(at, field, u->additional_gids[i], e);
	}
	if (r == 0 && u->n_additional_gids > 65536)
		return err_say(e, EINVAL,
			"%s/user/additionalGids: has %zu entries, the kernel takes at most 65536",
			at, u->n_additional_gids);
	if (r == 0 && u->username)
		return err_say(e, EINVAL, "%s/user/username: is for Windows, use uid", at);
	return r;
}

/* One warning for what is taken out of a set. */
static int drop(struct spec *spec, const char *at, const char *set, uint64_t *have,
	uint64_t allowed, const char *why, struct err *e)
{
	uint64_t dropped = *have & ~allowed;
	int r = 0;

	*have &= allowed;
	for (const struct name_row *c = names_capabilities; c->name && r == 0; c++) {
		if (dropped >> c->number & 1)
			r = spec_warn(spec, e,
				"%s/capabilities/%s: %s cannot be granted, %s, and is ignored", at,
				set, c->name, why);
	}
	return r;
}

/*
 * What the kernel forces (capabilities(7)): effective lies within permitted, and ambient within
 * permitted and inheritable. A capability that cannot be granted is warned about, it does not fail
 * the container (config.md, Linux Process).
 */
static int settle_capabilities(struct spec *spec, const char *at, struct err *e)
{
	struct spec_capabilities *c = &spec->process.capabilities;
	int r;

	r = drop(spec, at, "effective", &c->effective, c->permitted, "not being in permitted", e);
	if (r == 0)
		r = drop(spec, at, "ambient", &c->ambient, c->permitted & c->inheritable,
			"not being in both permitted and inheritable", e);
	return r;
}

static int check_rlimits(const struct spec_process *p, const char *at, struct err *e)
{
	bool seen[RLIM_NLIMITS] = { false };

	for (size_t i = 0; i < p->n_rlimits; i++) {
		const struct spec_rlimit *l = &p->rlimits[i];

		if (seen[l->resource])
			return err_say(e, EINVAL, "%s/rlimits/%zu: is a second %s", at, i,
				names_of(names_rlimits, (uint64_t)l->resource));
		seen[l->resource] = true;
		if (l->soft > l->hard)
			return err_say(e, EINVAL,
				"%s/rlimits/%zu/soft: %" PRIu64 " is above the hard limit %" PRIu64,
				at, i, l->soft, l->hard);
	}
	return 0;
}

/* sched_setattr(2) */
static int check_scheduler(const struct spec_scheduler *s, const char *at, struct err *e)
{
	const char *policy = names_of(names_scheduler_policies, (uint64_t)s->policy);
	bool real_time = s->policy == SCHED_FIFO || s->policy == SCHED_RR;
	bool fair = s->policy == SCHED_NORMAL || s->policy == SCHED_BATCH;

	if (!policy || str_eq(policy, "SCHED_ISO"))
		return err_say(
			e, EINVAL, "%s/scheduler/policy: Linux does not implement SCHED_ISO", at);
	if (fair && (s->nice < -20 || s->nice > 19))
		return err_say(e, EINVAL,
			"%s/scheduler/nice: %" PRId32 " is out of range -20 to 19", at, s->nice);
	if (!real_time && s->priority)
		return err_say(e, EINVAL,
			"%s/scheduler/priority: is only for SCHED_FIFO and SCHED_RR, not %s", at,
			policy);
	if (real_time && (s->priority < 1 || s->priority > 99))
		return err_say(e, EINVAL,
			"%s/scheduler/priority: %" PRId32 " is out of range 1 to 99 of %s", at,
			s->priority, policy);
	if (s->policy != SCHED_DEADLINE && (s->runtime_ns || s->deadline_ns || s->period_ns))
		return err_say(e, EINVAL,
			"%s/scheduler: runtime, deadline and period are only for SCHED_DEADLINE, "
			"not %s",
			at, policy);
	if (s->policy != SCHED_DEADLINE)
		return 0;
	if (!s->runtime_ns || s->runtime_ns > s->deadline_ns ||
		(s->period_ns && s->deadline_ns > s->period_ns))
		return err_say(e, EINVAL,
			"%s/scheduler: SCHED_DEADLINE needs 0 < runtime <= deadline <= period, not "
			"%" PRIu64 ", %" PRIu64 ", %" PRIu64,
			at, s->runtime_ns, s->deadline_ns, s->period_ns);
	return 0;
}
