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
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

/* The most CPUs that Linux can be built for. */
#define CPUS_MAX 8192

/* Bytes of a text of the config that an error quotes. */
#define QUOTED_MAX 100

const char *memory_source_name(enum memory_source source)
{
	static const char *const names[MEMORY_SOURCES] = {
		[MEMORY_CONFIG] = "/linux/memoryPolicy",
		[MEMORY_ANNOTATION] = "/annotations/hasu.memory-policy",
		[MEMORY_OPTION] = "--memory-policy",
	};

	return names[source];
}

enum memory_source memory_source_of(const char *name)
{
	for (int i = 0; name && i < MEMORY_SOURCES; i++)
		if (strcmp(name, memory_source_name((enum memory_source)i)) == 0)
			return (enum memory_source)i;
	return MEMORY_CONFIG;
}

/* Whose policy a sentence is about. */
static const char *source(const struct memory_plan *plan)
{
	return memory_source_name(plan->source);
}

/* Of a member of the config's object the pointer goes on; a line of text has no members. */
static const char *member(const struct memory_plan *plan, const char *name)
{
	return plan->source == MEMORY_CONFIG ? name : "";
}

/* What libmpol found without being told where: its pointers begin in the policy. */
static int say_report(
	const struct memory_plan *plan, const struct mpol_report *report, int num, struct err *e)
{
	const struct mpol_finding *f = mpol_report_first(report, MPOL_ERROR);

	if (!f)
		return err_set(e, num, "%s: checking the policy", source(plan));
	return err_say(e, num, "%s%s: %s", source(plan), member(plan, f->where), f->text);
}

static void add_warnings(
	const struct memory_plan *plan, const struct mpol_report *report, struct strbuf *warnings)
{
	for (size_t i = 0; i < report->n; i++)
		if (report->item[i].severity == MPOL_WARNING)
			strbuf_addf(warnings, "%s%s: %s\n", source(plan),
				member(plan, report->item[i].where), report->item[i].text);
}

/* With neither nodes nor NUMA these mean what happens anyway. */
static bool needs_no_numa(const struct mpol *policy)
{
	return policy->mode == MPOL_MODE_DEFAULT || policy->mode == MPOL_MODE_LOCAL;
}

/* What this kernel can do. What every kernel that this runtime runs on can do is not asked for. */
static int know_kernel(const struct memory_plan *plan, struct mpol_kernel *ret, struct err *e)
{
	struct mpol_kernel kernel = {
		.modes = (1u << (MPOL_MODE_LOCAL + 1)) - 1,
		.flags = MPOL_FLAGS_ALL,
	};
	const struct mpol *policy = &plan->asked;
	struct mpol_nodeset allowed;
	struct utsname name;
	int r;

	if (policy->mode > MPOL_MODE_LOCAL ||
		(policy->flags & MPOL_FLAG_NUMA_BALANCING && policy->mode != MPOL_MODE_BIND)) {
		r = mpol_kernel_ask(ret);
		if (r < 0)
			return err_set(e, -r, "%s: asking the kernel which policies it knows",
				source(plan));
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

/* Where it is asked for: a mode that this kernel lacks gives way to the one below it. */
static void fall_back(
	struct memory_plan *plan, const struct mpol_kernel *kernel, struct strbuf *warnings)
{
	struct mpol_report report = { 0 };
	struct mpol lower;

	if (!mpol_fallback(&plan->asked, kernel, NULL, &lower, &report))
		return;
	plan->fell_back = true;
	plan->fallback_from = plan->asked.mode;
	plan->asked = lower;
	plan->symbols.mode = lower.mode;
	add_warnings(plan, &report, warnings);
}

static int refuse_narrowed(const struct memory_plan *plan, const struct mpol_report *report,
	const char *mems, struct err *e)
{
	const char *text = "not all nodes asked for can be used";

	for (size_t i = 0; i < report->n; i++)
		if (strcmp(report->item[i].code, "mpol.narrowed") == 0)
			text = report->item[i].text;
	if (mems)
		return err_say(e, EINVAL,
			"%s%s: %s (/linux/resources/cpu/mems is '%.*s', and the annotation "
			"hasu.memory-policy.narrowing=refuse is set)",
			source(plan), member(plan, "/nodes"), text, QUOTED_MAX, mems);
	return err_say(e, EINVAL,
		"%s%s: %s (the annotation hasu.memory-policy.narrowing=refuse is set)",
		source(plan), member(plan, "/nodes"), text);
}

/* The nodes that the config itself allows: what cannot work there need not be tried. */
static int check_mems(const struct memory_plan *plan, const char *mems,
	const struct mpol_host *host, struct err *e)
{
	struct mpol_nodeset allowed = host->memory;
	struct mpol_report report = { 0 };
	struct mpol_resolved resolved;
	int r;

	if (str_empty(mems))
		mems = NULL;
	if (mems) {
		r = mpol_nodeset_parse(mems, strlen(mems), NULL, &allowed, &report);
		if (r < 0)
			return err_say(e, -r, "/linux/resources/cpu/mems: %s", report.item[0].text);
	}
	r = mpol_resolve(&plan->asked, &allowed, &host->memory, NULL, &resolved, &report);
	if (r < 0 && mems) {
		const struct mpol_finding *f = mpol_report_first(&report, MPOL_ERROR);

		return err_say(e, -r, "%s%s: %s (/linux/resources/cpu/mems is '%.*s')",
			source(plan), f ? member(plan, f->where) : "",
			f ? f->text : "it cannot work", QUOTED_MAX, mems);
	}
	if (r < 0)
		return say_report(plan, &report, -r, e);
	if (plan->refuse_narrowing && !mpol_nodeset_empty(&resolved.lost))
		return refuse_narrowed(plan, &report, mems, e);
	return 0;
}

/* What the administrator lets it name. Symbols keep within that by themselves. */
static int check_limit(
	const struct memory_plan *plan, const struct mpol_nodeset *nodes, struct err *e)
{
	char bad[MPOL_NODESET_TEXT], may[MPOL_NODESET_TEXT];
	struct mpol_nodeset beyond;

	if (!plan->limit)
		return 0;
	beyond = mpol_nodeset_minus(nodes, &plan->may);
	if (mpol_nodeset_empty(&beyond))
		return 0;
	return err_say(e, EPERM, "%s: nodes '%.*s' may not be named here, only '%.*s' (%s)",
		source(plan), QUOTED_MAX, mpol_nodeset_format(&beyond, bad), QUOTED_MAX,
		mpol_nodeset_format(&plan->may, may), plan->limit);
}

/* Symbols: what the host knows of them is looked up now, what they become is the cpuset's
 * matter. */
static int check_symbols(struct memory_plan *plan, const struct mpol_kernel *kernel, struct err *e)
{
	struct mpol_report report = { 0 };
	struct mpol bare = plan->asked;
	int r = mpol_host_read(AT_FDCWD, true, &plan->host);

	if (r < 0)
		return err_set(e, -r, "%s: reading the host's nodes", source(plan));
	plan->host_memory = plan->host.memory;
	r = mpol_spec_devices(AT_FDCWD, &plan->symbols, NULL, &report);
	/* Without nodes the kernel alone is looked at. */
	if (r == 0)
		r = mpol_check_host(&bare, kernel, &plan->host, NULL, &report);
	if (r < 0)
		return say_report(plan, &report, -r, e);
	return check_limit(plan, &plan->symbols.in.numbers, e);
}

static int check_numbers(struct memory_plan *plan, const struct mpol_kernel *kernel,
	const char *mems, struct strbuf *warnings, struct err *e)
{
	struct mpol_report report = { 0 };
	struct mpol_host host;
	int r;

	r = mpol_host_read(AT_FDCWD, false, &host);
	if (r < 0)
		return err_set(e, -r, "%s: reading the host's nodes", source(plan));
	plan->host_memory = host.memory;
	/* Relative numbers are known as nodes in the cpuset alone. */
	r = plan->asked.flags & MPOL_FLAG_RELATIVE_NODES ? 0
							 : check_limit(plan, &plan->asked.nodes, e);
	if (r == 0 && mpol_check_host(&plan->asked, kernel, &host, NULL, &report) < 0)
		r = say_report(plan, &report, EINVAL, e);
	if (r == 0)
		r = check_mems(plan, mems, &host, e);
	if (r == 0)
		add_warnings(plan, &report, warnings);
	mpol_host_free(&host);
	return r;
}

int memory_plan(const struct memory_want *want, const char *mems, struct memory_plan *ret,
	struct memory_words *words, struct err *e)
{
	struct memory_plan plan = { .present = want->present };
	struct mpol_kernel kernel;
	int r;

	if (!want->present) {
		*ret = plan;
		return 0;
	}
	plan.source = want->source;
	plan.symbols = want->policy;
	plan.symbolic = mpol_spec_is_symbolic(&want->policy);
	plan.asked = mpol_spec_policy(&want->policy);
	if (plan.symbolic)
		plan.asked.nodes = (struct mpol_nodeset){ { 0 } };
	plan.refuse_narrowing = want->refuse_narrowing;
	plan.text = want->text;
	plan.limit = want->limit;
	plan.may = want->may;
	r = know_kernel(&plan, &kernel, e);
	if (r < 0)
		return r;
	if (want->fallback)
		fall_back(&plan, &kernel, &words->warnings);
	if (plan.symbolic)
		r = check_symbols(&plan, &kernel, e);
	else if (kernel.numa || !needs_no_numa(&plan.asked))
		r = check_numbers(&plan, &kernel, mems, &words->warnings, e);
	if (r < 0) {
		memory_plan_free(&plan);
		return r;
	}
	*ret = plan;
	return 0;
}

void memory_plan_free(struct memory_plan *plan)
{
	mpol_host_free(&plan->host);
}

struct memory_request memory_request_of(const struct memory_plan *plan)
{
	if (!plan->present)
		return (struct memory_request){ 0 };
	return (struct memory_request){
		.from = source(plan),
		.text = plan->text,
		.fell_back = plan->fell_back,
		.fallback_from = plan->fallback_from,
		.refuse_narrowing = plan->refuse_narrowing,
	};
}

/* --- in the process that gets it --- */

/* The nodes of the CPUs that the caller may run on. */
static int own_cpu_nodes(const struct memory_plan *plan, struct mpol_nodeset *ret, struct err *e)
{
	unsigned long bits[CPUS_MAX / (8 * sizeof(unsigned long))] = { 0 };
	_cleanup_(strbuf_free) struct strbuf list = { 0 };
	struct mpol_nodeset nodes = { { 0 } };

	if (sched_getaffinity(0, sizeof(bits), (cpu_set_t *)bits) < 0)
		return err_set(e, errno, "%s: asking for the CPUs of the process", source(plan));
	for (unsigned cpu = 0; cpu < CPUS_MAX; cpu++)
		if (bits[cpu / (8 * sizeof(bits[0]))] >> (cpu % (8 * sizeof(bits[0]))) & 1)
			strbuf_addf(&list, "%s%u", list.len ? "," : "", cpu);
	if (list.failed)
		return err_nomem(e);
	if (list.text && mpol_cpus_nodes(&plan->host, list.text, &nodes) < 0)
		return err_say(e, EBADMSG, "%s: the host's lists of CPUs are none", source(plan));
	*ret = nodes;
	return 0;
}

static struct mpol_place place_of(const struct memory_plan *plan,
	const struct mpol_nodeset *allowed, const struct mpol_nodeset *cpus)
{
	struct mpol_place place = { .allowed = *allowed, .cpus = *cpus, .may = plan->may };

	if (!plan->limit)
		memset(&place.may, 0xff, sizeof(place.may));
	return place;
}

static int resolve_symbols(
	const struct memory_plan *plan, struct memory_result *result, struct err *e)
{
	struct mpol_report report = { 0 };
	struct mpol_place place;
	int r = own_cpu_nodes(plan, &result->cpus, e);

	if (r < 0)
		return r;
	place = place_of(plan, &result->allowed, &result->cpus);
	if (mpol_spec_resolve(&plan->symbols, &plan->host, &place, NULL, &result->asked, &report) ==
		0)
		return 0;
	r = say_report(plan, &report, EINVAL, e);
	if (plan->limit) {
		const struct err why = *e;

		memset(&place.may, 0xff, sizeof(place.may));
		if (mpol_spec_resolve(
			    &plan->symbols, &plan->host, &place, NULL, &result->asked, NULL) == 0)
			return err_say(e, EPERM, "%s (%s)", why.text, plan->limit);
	}
	return r;
}

static int apply_failed(const struct memory_plan *plan, int num, const struct mpol *asked,
	const struct mpol_nodeset *allowed, struct err *e)
{
	char policy[MPOL_TEXT], nodes[MPOL_NODESET_TEXT];

	if (num == EPERM)
		return err_set(e, num,
			"%s: set_mempolicy(2) is refused to the runtime itself, as by the seccomp "
			"filter of a container around it",
			source(plan));
	return err_set(e, num, "%s: setting %s where nodes %s are allowed", source(plan),
		mpol_maps_text(asked, policy), mpol_nodeset_format(allowed, nodes));
}

/* Set it, and see that the kernel made of it what was foreseen. */
static int apply_resolved(const struct memory_plan *plan, const struct mpol *asked,
	const struct mpol_resolved *resolved, const struct mpol_nodeset *allowed,
	struct mpol *ret_read, struct err *e)
{
	char want[MPOL_TEXT], have[MPOL_TEXT];
	struct mpol read;
	int r;

	r = mpol_apply(asked);
	if (r < 0)
		return apply_failed(plan, -r, asked, allowed, e);
	r = mpol_read(&read);
	if (r < 0)
		return err_set(e, -r, "%s: reading the policy back", source(plan));
	if (!mpol_resolved_reads(resolved, &read))
		return err_say(e, EPROTO,
			"%s: the kernel made '%s' of the policy, where '%s' was foreseen",
			source(plan), mpol_maps_text(&read, have),
			mpol_maps_text(&resolved->reported, want));
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
		return apply_failed(plan, EPERM, &plan->asked, &result.allowed, e);
	if (r < 0)
		return err_set(
			e, -r, "%s: asking for the nodes that the cpuset allows", source(plan));
	if (plan->symbolic && (r = resolve_symbols(plan, &result, e)) < 0)
		return r;
	r = mpol_resolve(
		&result.asked, &result.allowed, &plan->host_memory, NULL, &resolved, &report);
	if (r < 0)
		return say_report(plan, &report, -r, e);
	if (plan->refuse_narrowing && !mpol_nodeset_empty(&resolved.lost))
		return refuse_narrowed(plan, &report, NULL, e);
	r = check_limit(plan, &resolved.in_force.nodes, e);
	if (r < 0)
		return r;
	r = apply_resolved(plan, &result.asked, &resolved, &result.allowed, &read, e);
	if (r < 0)
		return r;
	result.resolved = resolved.in_force;
	/* With flags the call tells what was asked; memory_verify() sees what is in force. */
	result.effective = read.flags ? resolved.in_force : read;
	result.narrowed = resolved.lost;
	*ret = result;
	return 0;
}

/* White space is all that a text which was read may have of control characters. */
static void add_line(struct strbuf *b, const char *text)
{
	for (; *text; text++)
		strbuf_add(b, *text < ' ' ? " " : text, 1);
}

static void tell_symbols(const struct memory_plan *plan, const struct memory_result *result,
	struct memory_words *words)
{
	struct mpol_place place = place_of(plan, &result->allowed, &result->cpus);
	struct mpol_report report = { 0 };
	char text[MPOL_TEXT];
	struct mpol again;

	(void)mpol_spec_resolve(&plan->symbols, &plan->host, &place, NULL, &again, &report);
	add_warnings(plan, &report, &words->warnings);
	strbuf_addf(&words->notes, "%s: \"", source(plan));
	add_line(&words->notes, plan->text ? plan->text : "");
	strbuf_addf(&words->notes, "\" became '%s'\n", mpol_maps_text(&result->asked, text));
}

void memory_tell(const struct memory_plan *plan, const struct memory_result *result,
	struct memory_words *words)
{
	char asked[MPOL_NODESET_TEXT], lost[MPOL_NODESET_TEXT], force[MPOL_NODESET_TEXT],
		allowed[MPOL_NODESET_TEXT];

	if (!result->present)
		return;
	if (plan->symbolic)
		tell_symbols(plan, result, words);
	if (mpol_nodeset_empty(&result->narrowed))
		return;
	strbuf_addf(&words->warnings,
		"%s%s: of the nodes '%s' the container cannot use '%s', since its cpuset allows "
		"'%s'; in force: '%s'\n",
		source(plan), member(plan, "/nodes"),
		mpol_nodeset_format(&result->asked.nodes, asked),
		mpol_nodeset_format(&result->narrowed, lost),
		mpol_nodeset_format(&result->allowed, allowed),
		mpol_nodeset_format(&result->effective.nodes, force));
}
