/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory_choose.c - which policy a container gets: the config's, its annotation's or the command
 * line's, and what the administrator says to that.
 *
 * Annotations may be written by somebody who may not choose for the host; whoever runs hasu may.
 * Nothing that was asked for is left out in silence.
 */
#include "linux/memory.h"

#include "spec/names.h"

#include <errno.h>
#include <stdio.h>

static const char *name_of(unsigned annotation)
{
	return names_of(names_policy_annotations, annotation);
}

/* Who says so: "/etc/hasu/hasu.conf:7: replace", or how the file could say otherwise. */
struct origin {
	char text[400];
};
static struct origin origin(const struct conf_rules *rules, enum conf_setting setting)
{
	const char *path = rules->path ? rules->path : conf_default_path();
	struct origin o;

	if (rules->line[setting])
		(void)snprintf(o.text, sizeof(o.text), "%.300s:%u: %s", path, rules->line[setting],
			conf_setting_name(setting));
	else
		(void)snprintf(o.text, sizeof(o.text), "'%s = yes' in %.300s would allow it",
			conf_setting_name(setting), path);
	return o;
}

/* Returns -EPERM, or 0 where what is denied is to be ignored. */
static int deny(const struct conf_rules *rules, unsigned annotation, enum conf_setting setting,
	const char *why, struct memory_words *words, struct err *e)
{
	struct origin who = origin(rules, setting), mild = origin(rules, CONF_DENIED);

	if (!rules->ignore)
		return err_say(
			e, EPERM, "/annotations/%s: %s (%s)", name_of(annotation), why, who.text);
	strbuf_addf(&words->warnings, "/annotations/%s: is ignored: %s (%s, and %s)\n",
		name_of(annotation), why, who.text, mild.text);
	return 0;
}

/* Which of the annotations given hold; -EPERM for one that is denied. */
static int honour(unsigned given, const struct conf_rules *rules, unsigned *ret,
	struct memory_words *words, struct err *e)
{
	const unsigned denied = given & ~rules->annotations;

	for (const struct name_row *row = names_policy_annotations; row->name; row++)
		if (denied & row->number) {
			int r = deny(rules, (unsigned)row->number, CONF_ANNOTATIONS,
				"is not honoured here", words, e);
			if (r < 0)
				return r;
		}
	*ret = given & rules->annotations;
	return 0;
}

static int say(const struct mpol_report *report, const char *where, struct err *e)
{
	const struct mpol_finding *f = mpol_report_first(report, MPOL_ERROR);

	return err_say(e, EINVAL, "%s: %s", f && f->where[0] ? f->where : where,
		f ? f->text : "is not a valid memory policy");
}

static void add_warnings(const struct mpol_report *report, struct memory_words *words)
{
	for (size_t i = 0; report && i < report->n; i++)
		if (report->item[i].severity == MPOL_WARNING)
			strbuf_addf(&words->warnings, "%s: %s\n", report->item[i].where,
				report->item[i].text);
}

static int take_option(const char *text, enum mpol_rules rules, struct memory_want *want,
	struct memory_words *words, struct err *e)
{
	static const char where[] = "--memory-policy";
	struct mpol_report report = { 0 };

	if (mpol_spec_parse(text, strlen(text), rules, where, &want->policy, &report) < 0)
		return say(&report, where, e);
	add_warnings(&report, words);
	want->present = true;
	want->source = MEMORY_OPTION;
	want->text = text;
	return 0;
}

/* Host nodes outside of the ceiling; what RELATIVE counts is known in the cpuset alone. */
static bool names_beyond(const struct conf_rules *rules, const struct mpol_spec *policy)
{
	struct mpol_nodeset named =
		mpol_spec_is_symbolic(policy) ? policy->in.numbers : mpol_spec_policy(policy).nodes;

	if (!rules->limited || policy->flags & MPOL_FLAG_RELATIVE_NODES)
		return false;
	named = mpol_nodeset_minus(&named, &rules->nodes);
	return !mpol_nodeset_empty(&named);
}

/* From here on the plan holds it to that ceiling, whatever it will name. */
static int set_ceiling(const struct conf_rules *rules, struct arena *arena,
	struct memory_want *want, struct err *e)
{
	struct origin who = origin(rules, CONF_NODES);

	if (!rules->limited)
		return 0;
	want->limit = arena_strdup(arena, who.text);
	if (!want->limit)
		return err_nomem(e);
	want->may = rules->nodes;
	return 0;
}

/*
 * The annotation is there and honoured. 1: it is taken; 0: it is denied and ignored.
 */
static int take_annotation(const struct spec *spec, const struct conf_rules *rules,
	bool kernel_rules, struct arena *arena, struct memory_want *want,
	struct memory_words *words, struct err *e)
{
	const struct spec_policy_annotations *a = &spec->policy_annotations;
	struct mpol_report report = { 0 };
	struct mpol_spec strict;

	if (spec->linux_.memory_policy && !rules->replace)
		return deny(rules, ANNOTATION_POLICY, CONF_REPLACE,
			"the config has a /linux/memoryPolicy, and an annotation may not replace "
			"it",
			words, e);
	if (!spec->linux_.memory_policy && !rules->fill)
		return deny(rules, ANNOTATION_POLICY, CONF_FILL,
			"the config has no /linux/memoryPolicy, and an annotation may not give one",
			words, e);
	if (rules->ignore && names_beyond(rules, &a->policy))
		return deny(rules, ANNOTATION_POLICY, CONF_NODES,
			"it names nodes that may not be named here", words, e);
	/* It was read by the kernel's rules, and the annotation that asks for them is not
	 * honoured. */
	if (a->kernel_rules && !kernel_rules &&
		mpol_spec_parse(a->text, strlen(a->text), MPOL_RULES_STRICT,
			"/annotations/hasu.memory-policy", &strict, &report) < 0)
		return say(&report, "", e);
	if (spec->linux_.memory_policy)
		strbuf_addf(&words->notes,
			"/annotations/%s: takes the place of /linux/memoryPolicy (%s)\n",
			name_of(ANNOTATION_POLICY), origin(rules, CONF_REPLACE).text);
	add_warnings(a->report, words);
	want->present = true;
	want->source = MEMORY_ANNOTATION;
	want->policy = a->policy;
	want->text = a->text;
	int r = set_ceiling(rules, arena, want, e);
	return r < 0 ? r : 1;
}

static int take_config(const struct spec *spec, bool kernel_rules, struct memory_want *want,
	struct memory_words *words, struct err *e)
{
	const struct spec_memory_policy *policy = spec->linux_.memory_policy;
	const struct mpol_request request = {
		.mode = policy->mode,
		.nodes = policy->nodes,
		.flags = (const char *const *)policy->flags.v,
		.n_flags = policy->flags.n,
		.where = "/linux/memoryPolicy",
	};
	struct mpol_report report = { 0 };
	struct mpol checked = policy->policy;

	/* It was read by the kernel's rules, and the annotation that asks for them is not
	 * honoured. */
	if (spec->policy_annotations.kernel_rules && !kernel_rules &&
		mpol_parse(&request, MPOL_RULES_STRICT, &checked, &report) < 0)
		return say(&report, request.where, e);
	add_warnings(spec->policy_report, words);
	want->present = true;
	want->source = MEMORY_CONFIG;
	want->policy = (struct mpol_spec){
		.mode = checked.mode,
		.flags = checked.flags,
		.in = { .numbers = checked.nodes },
	};
	return 0;
}

int memory_choose(const struct spec *spec, const struct memory_options *options,
	const struct conf_rules *rules, struct arena *arena, struct memory_want *ret,
	struct memory_words *words, struct err *e)
{
	const struct spec_policy_annotations *a = &spec->policy_annotations;
	struct memory_want want = { 0 };
	unsigned honoured;
	bool kernel_rules;
	/* Beside an option the annotation has nothing to say, so there is nothing to deny. */
	const unsigned given = options->policy ? a->given & ~(unsigned)ANNOTATION_POLICY : a->given;
	int r = honour(given, rules, &honoured, words, e);

	if (r < 0)
		return r;
	kernel_rules = a->kernel_rules && honoured & ANNOTATION_RULES;
	want.refuse_narrowing = a->refuse_narrowing && honoured & ANNOTATION_NARROWING;
	want.fallback = options->fallback || (a->fallback && honoured & ANNOTATION_FALLBACK);
	if (options->policy) {
		r = take_option(options->policy,
			kernel_rules ? MPOL_RULES_KERNEL : MPOL_RULES_STRICT, &want, words, e);
		if (r == 0 && (a->text || spec->linux_.memory_policy))
			strbuf_addf(&words->notes, "--memory-policy: takes the place of %s%s%s\n",
				spec->linux_.memory_policy ? "/linux/memoryPolicy" : "",
				spec->linux_.memory_policy && a->text ? " and " : "",
				a->text ? "/annotations/hasu.memory-policy" : "");
	} else if (honoured & ANNOTATION_POLICY) {
		r = take_annotation(spec, rules, kernel_rules, arena, &want, words, e);
	}
	if (r == 0 && !want.present && spec->linux_.memory_policy)
		r = take_config(spec, kernel_rules, &want, words, e);
	if (r < 0)
		return r;
	*ret = want;
	return 0;
}

int memory_choose_image(const struct spec *spec, const struct conf_rules *rules,
	const struct mpol *image, struct arena *arena, struct memory_want *want,
	struct memory_words *words, struct err *e)
{
	const struct mpol_spec policy = {
		.mode = image->mode, .flags = image->flags, .in = { .numbers = image->nodes }
	};
	const bool limited = spec->policy_annotations.given & ANNOTATION_POLICY;

	if (limited && rules->ignore && names_beyond(rules, &policy)) {
		struct origin who = origin(rules, CONF_NODES), mild = origin(rules, CONF_DENIED);

		strbuf_addf(&words->warnings,
			"the memory policy of the image is ignored: it names nodes that may not be "
			"named here (%s, and %s)\n",
			who.text, mild.text);
		return 0;
	}
	want->present = true;
	want->fallback = false;
	want->policy = policy;
	return limited ? set_ceiling(rules, arena, want, e) : 0;
}

int memory_choose_option(const struct memory_options *options, bool refuse_narrowing,
	struct memory_want *ret, struct memory_words *words, struct err *e)
{
	struct memory_want want = {
		.refuse_narrowing = refuse_narrowing,
		.fallback = options->fallback,
	};
	int r = take_option(options->policy, MPOL_RULES_STRICT, &want, words, e);

	if (r == 0)
		*ret = want;
	return r;
}
