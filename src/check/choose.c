/* SPDX-License-Identifier: Apache-2.0 */
/*
 * choose.c - which policy a container would get: the config's or its annotation's, by hasu.conf,
 * with the numbers that symbols stand for on this host.
 */
#include "check/internal.h"

#include "base/fd.h"
#include "spec/names.h"

#include <errno.h>
#include <stdio.h>

#define AT_ANNOTATION "/annotations/hasu.memory-policy"

static int find_lines(struct spec_findings *all, enum mpol_severity severity, const char *lines);
static int settle(const struct check_host *h, const struct spec *spec,
	const struct memory_want *want, const struct mpol_nodeset *allowed,
	struct spec_findings *all, struct choice *choice);

/* "pointer: sentence" */
static int find_sentence(
	struct spec_findings *all, enum mpol_severity severity, const char *text, size_t len)
{
	char where[256] = "";
	const char *sentence = text;
	const char *between = text[0] == '/' ? memmem(text, len, ": ", 2) : NULL;

	if (between && (size_t)(between - text) < sizeof(where)) {
		(void)snprintf(where, sizeof(where), "%.*s", (int)(between - text), text);
		sentence = between + 2;
	}
	len -= (size_t)(sentence - text);
	/* What libmpol warned of was found when the config was read. */
	for (size_t i = 0; i < all->n; i++)
		if (strncmp(all->v[i].text, sentence, len) == 0 && !all->v[i].text[len])
			return 0;
	return found(all, "check.annotation", severity, where, "%.*s", (int)len, sentence);
}

static int find_lines(struct spec_findings *all, enum mpol_severity severity, const char *lines)
{
	int r = 0;

	for (size_t len; lines && *lines && r == 0; lines += len + (lines[len] == '\n')) {
		len = strcspn(lines, "\n");
		r = find_sentence(all, severity, lines, len);
	}
	return r;
}

int choose(const struct check_host *h, const struct spec *spec, const struct conf_rules *rules,
	const struct mpol_nodeset *allowed, struct spec_findings *all, struct choice *ret)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	const struct memory_options none = { 0 };
	struct memory_words words = { 0 };
	struct memory_want want = { 0 };
	struct choice choice = { 0 };
	struct err e = { 0 };
	int r;

	/* What is wrong in itself was said; what would come of it nobody knows. */
	if (spec_findings_below(all, AT_POLICY) || spec_findings_below(all, AT_ANNOTATION)) {
		*ret = choice;
		return 0;
	}
	r = memory_choose(spec, &none, rules, &arena, &want, &words, &e);
	if (r == 0 && (words.warnings.failed || words.notes.failed))
		r = -ENOMEM;
	else if (r < 0 && r != -ENOMEM)
		r = find_sentence(all, MPOL_ERROR, e.text, strlen(e.text));
	if (r == 0)
		r = find_lines(all, MPOL_WARNING, words.warnings.text);
	if (r == 0)
		r = find_lines(all, MPOL_NOTE, words.notes.text);
	strbuf_free(&words.warnings);
	strbuf_free(&words.notes);
	if (r == 0 && want.present)
		r = settle(h, spec, &want, allowed, all, &choice);
	if (r == 0)
		*ret = choice;
	return r;
}

int found_report(struct spec_findings *all, struct mpol_report *report, const struct choice *choice)
{
	/* An annotation is one text: there is nothing below it to point at. */
	for (size_t i = 0; choice->annotation && i < report->n; i++)
		(void)snprintf(report->item[i].where, sizeof(report->item[i].where), AT_ANNOTATION);
	return spec_found_report(all, report);
}

const char *choice_at(const struct choice *choice, const char *below, char buf[POINTER_TEXT])
{
	(void)snprintf(buf, POINTER_TEXT, "%s%s", choice->annotation ? AT_ANNOTATION : AT_POLICY,
		choice->annotation ? "" : below);
	return buf;
}

/* hasu.conf limits the nodes that an annotation may name. */
static int check_limit(const struct memory_want *want, const struct mpol_nodeset *nodes,
	struct spec_findings *all, bool *ret_denied)
{
	struct mpol_nodeset beyond = mpol_nodeset_minus(nodes, &want->may);
	char bad[NODES_TEXT], may[NODES_TEXT];

	*ret_denied = want->limit && !mpol_nodeset_empty(&beyond);
	if (!*ret_denied)
		return 0;
	return found(all, "check.annotation", MPOL_ERROR, AT_ANNOTATION,
		"%s may not be named here, only %s (%s)", nodes_text(&beyond, bad),
		nodes_text(&want->may, may), want->limit);
}

/* The nodes that a policy names by number; of relative numbers those that they become. */
static struct mpol_nodeset named_nodes(const struct check_host *h, const struct mpol_spec *policy,
	const struct mpol_nodeset *allowed)
{
	const struct mpol asked = mpol_spec_policy(policy);
	struct mpol_nodeset named = { { 0 } };
	struct mpol_resolved there;

	if (mpol_spec_is_symbolic(policy))
		return policy->in.numbers;
	if (!(policy->flags & MPOL_FLAG_RELATIVE_NODES))
		return asked.nodes;
	if (mpol_resolve(&asked, allowed, &h->host.memory, NULL, &there, NULL) == 0)
		named = there.in_force.nodes;
	return named;
}

/* The nodes of the CPUs that the config gives, else of all that the caller has. */
static struct mpol_nodeset cpu_nodes(const struct check_host *h, const struct spec *spec)
{
	const char *cpus = spec->linux_.resources.cpu.cpus;
	struct mpol_nodeset nodes;

	if (cpus && cpu_nodes_of(&h->host, cpus, &nodes))
		return nodes;
	if (h->host.cpuset_known && cpu_nodes_of(&h->host, h->host.allowed_cpus, &nodes))
		return nodes;
	return h->host.cpu;
}

static int resolve_symbols(const struct check_host *h, const struct spec *spec,
	const struct memory_want *want, const struct mpol_nodeset *allowed,
	struct spec_findings *all, struct choice *choice)
{
	struct mpol_spec symbols = want->policy;
	struct mpol_place place = { .allowed = *allowed, .cpus = cpu_nodes(h, spec) };
	struct mpol_report report = { 0 };
	char text[MPOL_TEXT];
	int r;

	place.may = want->may;
	if (!want->limit)
		memset(&place.may, 0xff, sizeof(place.may));
	r = mpol_spec_devices(h->root_fd, &symbols, AT_ANNOTATION, &report);
	if (r == 0)
		r = mpol_spec_resolve(
			&symbols, &h->host, &place, AT_ANNOTATION, &choice->asked, &report);
	choice->known = r == 0;
	if (found_report(all, &report, choice) < 0)
		return -ENOMEM;
	if (!choice->known)
		return 0;
	return found(all, "check.symbols", MPOL_NOTE, AT_ANNOTATION, "'%.200s' means %.400s here",
		want->text, mpol_maps_text(&choice->asked, text));
}

static int settle(const struct check_host *h, const struct spec *spec,
	const struct memory_want *want, const struct mpol_nodeset *allowed,
	struct spec_findings *all, struct choice *choice)
{
	struct mpol_report report = { 0 };
	struct mpol_nodeset named;
	struct mpol lower;
	bool denied;
	int r;

	choice->annotation = want->source == MEMORY_ANNOTATION;
	choice->refuse_narrowing = want->refuse_narrowing;
	named = named_nodes(h, &want->policy, allowed);
	r = check_limit(want, &named, all, &denied);
	if (r < 0 || denied)
		return r;
	if (mpol_spec_is_symbolic(&want->policy)) {
		r = resolve_symbols(h, spec, want, allowed, all, choice);
		if (r < 0 || !choice->known)
			return r;
	} else {
		choice->asked = mpol_spec_policy(&want->policy);
		choice->known = true;
	}
	if (!want->fallback ||
		!mpol_fallback(&choice->asked, &h->kernel, AT_POLICY, &lower, &report))
		return 0;
	choice->asked = lower;
	return found_report(all, &report, choice);
}
