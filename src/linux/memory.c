/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory.c - linux.memoryPolicy when a container is made: planned by the parent, set by init.
 *
 * Only a process that will be the container's ever gets the policy, and only in its own cpuset:
 * the kernel remaps the nodes of a policy that is there before. Nothing is set that was not
 * foreseen, and nothing passes that did not come out as foreseen.
 */
#include "linux/memory.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/utsname.h>

#define WHERE "/linux/memoryPolicy"

/* Bytes of a text of the config that an error quotes. */
#define QUOTED_MAX 100

static int say_report(const struct mpol_report *report, int num, struct err *e)
{
	const struct mpol_finding *f = mpol_report_first(report, MPOL_ERROR);

	if (!f)
		return err_set(e, num, WHERE ": checking the policy");
	return err_say(e, num, "%s: %s", f->where, f->text);
}

static void add_warnings(const struct mpol_report *report, struct strbuf *warnings)
{
	for (size_t i = 0; i < report->n; i++)
		if (report->item[i].severity == MPOL_WARNING)
			strbuf_addf(
				warnings, "%s: %s\n", report->item[i].where, report->item[i].text);
}

/* With neither nodes nor NUMA these mean what happens anyway. */
static bool needs_no_numa(const struct mpol *policy)
{
	return policy->mode == MPOL_MODE_DEFAULT || policy->mode == MPOL_MODE_LOCAL;
}

/* What this kernel can do. What every kernel that this runtime runs on can do is not asked for. */
static int know_kernel(const struct mpol *policy, struct mpol_kernel *ret, struct err *e)
{
	struct mpol_kernel kernel = {
		.modes = (1u << (MPOL_MODE_LOCAL + 1)) - 1,
		.flags = MPOL_FLAGS_ALL,
	};
	struct mpol_nodeset allowed;
	struct utsname name;
	int r;

	if (policy->mode > MPOL_MODE_LOCAL ||
		(policy->flags & MPOL_FLAG_NUMA_BALANCING && policy->mode != MPOL_MODE_BIND)) {
		r = mpol_kernel_ask(ret);
		if (r < 0)
			return err_set(e, -r, WHERE ": asking the kernel which policies it knows");
		return 0;
	}
	/* Any other answer than ENOSYS comes from a kernel that has the calls. */
	kernel.numa = mpol_allowed(&allowed) != -ENOSYS;
	if (uname(&name) == 0)
		memcpy(kernel.release, name.release,
			strnlen(name.release, sizeof(kernel.release) - 1));
	*ret = kernel;
	return 0;
}

static int refuse_narrowed(const struct mpol_report *report, const char *mems, struct err *e)
{
	const char *text = "not all nodes asked for can be used";

	for (size_t i = 0; i < report->n; i++)
		if (strcmp(report->item[i].code, "mpol.narrowed") == 0)
			text = report->item[i].text;
	if (mems)
		return err_say(e, EINVAL,
			WHERE "/nodes: %s (/linux/resources/cpu/mems is '%.*s', and the annotation "
			      "hasu.memory-policy.narrowing=refuse is set)",
			text, QUOTED_MAX, mems);
	return err_say(e, EINVAL,
		WHERE "/nodes: %s (the annotation hasu.memory-policy.narrowing=refuse is set)",
		text);
}

/* The nodes that the config itself allows: what cannot work there need not be tried. */
static int check_mems(const struct spec *spec, const struct memory_plan *plan,
	const struct mpol_host *host, struct err *e)
{
	const char *mems = spec->linux_.has_resources ? spec->linux_.resources.cpu.mems : NULL;
	struct mpol_nodeset allowed = host->memory;
	struct mpol_report report = { 0 };
	struct mpol_resolved resolved;
	int r;

	if (str_empty(mems))
		mems = NULL;
	if (mems) {
		r = mpol_nodeset_parse(
			mems, strlen(mems), "/linux/resources/cpu/mems", &allowed, &report);
		if (r < 0)
			return say_report(&report, -r, e);
	}
	r = mpol_resolve(&plan->asked, &allowed, &host->memory, WHERE, &resolved, &report);
	if (r < 0 && mems) {
		const struct mpol_finding *f = mpol_report_first(&report, MPOL_ERROR);

		return err_say(e, -r, "%s: %s (/linux/resources/cpu/mems is '%.*s')",
			f ? f->where : WHERE, f ? f->text : "it cannot work", QUOTED_MAX, mems);
	}
	if (r < 0)
		return say_report(&report, -r, e);
	if (plan->refuse_narrowing && !mpol_nodeset_empty(&resolved.lost))
		return refuse_narrowed(&report, mems, e);
	return 0;
}

static int check_host(const struct spec *spec, struct memory_plan *plan,
	const struct mpol_kernel *kernel, struct strbuf *warnings, struct err *e)
{
	struct mpol_report report = { 0 };
	struct mpol_host host;
	int r;

	r = mpol_host_read(AT_FDCWD, false, &host);
	if (r < 0)
		return err_set(e, -r, WHERE ": reading the host's nodes");
	plan->host_memory = host.memory;
	r = mpol_check_host(&plan->asked, kernel, &host, WHERE, &report);
	if (r < 0)
		r = say_report(&report, -r, e);
	else
		r = check_mems(spec, plan, &host, e);
	if (r == 0)
		add_warnings(&report, warnings);
	mpol_host_free(&host);
	return r;
}

int memory_plan(
	const struct spec *spec, struct memory_plan *ret, struct strbuf *warnings, struct err *e)
{
	const struct spec_memory_policy *policy = spec->linux_.memory_policy;
	int r;

	if (!policy) {
		*ret = (struct memory_plan){ 0 };
		return 0;
	}
	r = memory_plan_image(spec, &policy->policy, ret, warnings, e);
	if (r == 0)
		add_warnings(&spec->policy_report, warnings);
	return r;
}

int memory_plan_image(const struct spec *spec, const struct mpol *policy, struct memory_plan *ret,
	struct strbuf *warnings, struct err *e)
{
	const struct spec_memory_policy *config = spec->linux_.memory_policy;
	struct memory_plan plan = {
		.present = true,
		.asked = *policy,
		.refuse_narrowing = config && config->refuse_narrowing,
	};
	struct mpol_kernel kernel;
	int r;

	r = know_kernel(&plan.asked, &kernel, e);
	if (r == 0 && (kernel.numa || !needs_no_numa(&plan.asked)))
		r = check_host(spec, &plan, &kernel, warnings, e);
	if (r < 0)
		return r;
	*ret = plan;
	return 0;
}

static int apply_failed(
	int num, const struct mpol *asked, const struct mpol_nodeset *allowed, struct err *e)
{
	char policy[MPOL_TEXT], nodes[MPOL_NODESET_TEXT];

	if (num == EPERM)
		return err_set(e, num,
			WHERE ": set_mempolicy(2) is refused to the runtime itself, as by the "
			      "seccomp filter of a container around it");
	return err_set(e, num, WHERE ": setting %s where nodes %s are allowed",
		mpol_maps_text(asked, policy), mpol_nodeset_format(allowed, nodes));
}

/* Set it, and see that the kernel made of it what was foreseen. */
static int apply_resolved(const struct mpol *asked, const struct mpol_resolved *resolved,
	const struct mpol_nodeset *allowed, struct mpol *ret_read, struct err *e)
{
	char want[MPOL_TEXT], have[MPOL_TEXT];
	struct mpol read;
	int r;

	r = mpol_apply(asked);
	if (r < 0)
		return apply_failed(-r, asked, allowed, e);
	r = mpol_read(&read);
	if (r < 0)
		return err_set(e, -r, WHERE ": reading the policy back");
	if (!mpol_resolved_reads(resolved, &read))
		return err_say(e, EPROTO,
			WHERE ": the kernel made '%s' of the policy, where '%s' was foreseen",
			mpol_maps_text(&read, have), mpol_maps_text(&resolved->reported, want));
	*ret_read = read;
	return 0;
}

int memory_apply(const struct memory_plan *plan, struct memory_result *ret, struct err *e)
{
	struct memory_result result = { .present = plan->present, .asked = plan->asked };
	struct mpol_report report = { 0 };
	struct mpol_resolved resolved;
	struct mpol read;
	int r;

	if (!plan->present) {
		*ret = (struct memory_result){ 0 };
		return 0;
	}
	r = mpol_allowed(&result.allowed);
	if (r == -ENOSYS && needs_no_numa(&plan->asked)) {
		/* A kernel without NUMA: every page is where it has to be. */
		result.resolved = result.effective = plan->asked;
		*ret = result;
		return 0;
	}
	if (r == -EPERM)
		return apply_failed(EPERM, &plan->asked, &result.allowed, e);
	if (r < 0)
		return err_set(e, -r, WHERE ": asking for the nodes that the cpuset allows");
	r = mpol_resolve(
		&plan->asked, &result.allowed, &plan->host_memory, WHERE, &resolved, &report);
	if (r < 0)
		return say_report(&report, -r, e);
	if (plan->refuse_narrowing && !mpol_nodeset_empty(&resolved.lost))
		return refuse_narrowed(&report, NULL, e);
	r = apply_resolved(&plan->asked, &resolved, &result.allowed, &read, e);
	if (r < 0)
		return r;
	result.resolved = resolved.in_force;
	/* With flags the call tells what was asked; memory_verify() sees what is in force. */
	result.effective = read.flags ? resolved.in_force : read;
	result.narrowed = resolved.lost;
	*ret = result;
	return 0;
}

const char *memory_narrowed_text(const struct memory_result *result, struct arena *arena)
{
	char asked[MPOL_NODESET_TEXT], lost[MPOL_NODESET_TEXT], force[MPOL_NODESET_TEXT],
		allowed[MPOL_NODESET_TEXT];

	if (!result->present || mpol_nodeset_empty(&result->narrowed))
		return NULL;
	return arena_printf(arena,
		WHERE "/nodes: of the nodes '%s' the container cannot use '%s', since its cpuset "
		      "allows '%s'; in force: '%s'",
		mpol_nodeset_format(&result->asked.nodes, asked),
		mpol_nodeset_format(&result->narrowed, lost),
		mpol_nodeset_format(&result->allowed, allowed),
		mpol_nodeset_format(&result->effective.nodes, force));
}
