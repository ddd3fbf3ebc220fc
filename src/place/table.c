/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table.c - where a container's memory lies, for people at a terminal.
 */
#include "place/place.h"

#include "base/fd.h"

#include <stdio.h>

#define LABEL 11 /* columns before texts */
#define BAR_MAX 40
#define BAR_MIN 8
#define NUMBERS 38 /* columns behind a bar: size, part, what is due */

static void add_fact(
	struct strbuf *b, const struct style *style, const char *label, const char *text)
{
	add_toned(b, style, TONE_BOLD, label);
	strbuf_addf(b, "%*s", (int)(LABEL - text_width(label)), "");
	add_wrapped(b, style, LABEL, LABEL, text);
}

/* A line that is built piece by piece. */
static void add_line(
	struct strbuf *b, const struct style *style, const char *label, struct strbuf *line)
{
	add_fact(b, style, label, line->text ? line->text : "");
	b->failed |= line->failed;
	strbuf_free(line);
}

static void add_head(struct strbuf *b, const struct place *p, const struct style *style)
{
	struct strbuf line = { 0 };

	add_toned(b, style, TONE_BOLD, p->id);
	strbuf_addf(&line, ": %s, %zu process%s, %zu thread%s; counted by %s",
		life_status_name(p->status), p->n_processes, p->n_processes == 1 ? "" : "es",
		p->n_looked + p->n_unlooked, p->n_looked + p->n_unlooked == 1 ? "" : "s",
		place_source_name(p->source));
	add_wrapped(b, style, (unsigned)strlen(p->id), 0, line.text ? line.text : "");
	strbuf_adds(b, "\n");
	b->failed |= line.failed;
	strbuf_free(&line);
}

static void add_asked(struct strbuf *b, const struct place *p, const struct style *style)
{
	char policy[PLACE_POLICY], nodes[MPOL_NODESET_TEXT];
	struct strbuf line = { 0 };

	if (!p->saved.present) {
		add_fact(
			b, style, "asked", "no policy: that of the caller of create was inherited");
		return;
	}
	strbuf_addf(&line, "%s", place_policy_text(&p->saved.asked, false, policy));
	if (p->request.text)
		strbuf_addf(&line, " by %s: \"%s\"", place_origin(p), p->request.text);
	else
		strbuf_addf(&line, " by %s", place_origin(p));
	if (p->request.fell_back)
		strbuf_addf(&line, ", in place of %s, which this kernel lacks",
			mpol_mode_by_number(p->request.fallback_from)->name);
	add_line(b, style, "asked", &line);
	strbuf_addf(&line, "%s", place_policy_text(&p->saved.resolved, false, policy));
	if (!mpol_nodeset_empty(&p->saved.narrowed))
		strbuf_addf(&line, ", without %s, which the cpuset did not allow",
			mpol_nodeset_format(&p->saved.narrowed, nodes));
	add_line(b, style, "resolved", &line);
}

static void add_effective(struct strbuf *b, const struct place *p, const struct style *style)
{
	char policy[PLACE_POLICY], due[PLACE_POLICY];
	struct strbuf line = { 0 };

	if (!p->live_known) {
		add_fact(b, style, "effective",
			"cannot be told: numa_maps of its first process "
			"cannot be read");
		return;
	}
	strbuf_addf(&line, "%s", place_policy_text(&p->live.now, p->live.cut, policy));
	if (p->saved.present && !p->live.ours)
		strbuf_addf(&line,
			" of its first process, where '%s' was foreseen: it has given itself "
			"another",
			place_policy_text(&p->live.due, false, due));
	else if (p->n_differing == 0 && p->n_looked > 1)
		strbuf_addf(&line, ", for all %zu threads%s", p->n_looked,
			p->n_unlooked ? " that were looked at" : "");
	if (p->n_unlooked)
		strbuf_addf(&line, " (%s%zu were not%s)", p->mapped_asked ? "" : "at least ",
			p->n_unlooked, p->mapped_asked ? "" : ": --processes looks at more");
	add_line(b, style, "effective", &line);
	for (size_t i = 0; i < p->n_differing && i < PLACE_THREADS_SHOWN; i++) {
		const struct place_thread *t = &p->threads[i];

		strbuf_addf(&line, "%s for thread %d of process %d (%s)",
			place_policy_text(&t->policy, t->cut, policy), (int)t->tid, (int)t->pid,
			t->comm);
		add_line(b, style, "", &line);
	}
	if (p->n_differing > PLACE_THREADS_SHOWN) {
		strbuf_addf(
			&line, "and %zu more with another", p->n_differing - PLACE_THREADS_SHOWN);
		add_line(b, style, "", &line);
	}
}

/* --- nodes --- */

static enum tone node_tone(const struct place *p, unsigned node)
{
	if (!mpol_nodeset_has(&p->due.nodes, node))
		return TONE_BAD;
	return place_has_much(p, node) ? TONE_WARN : TONE_GOOD;
}

static void add_bar(
	struct strbuf *b, const struct style *style, unsigned width, double part, enum tone tone)
{
	_cleanup_(canvas_freep) struct canvas *c = canvas_new(width + 1, 1);
	struct strbuf line = { 0 };

	if (!c) {
		b->failed = true;
		return;
	}
	canvas_bar(c, style, 0, 0, width, part, tone);
	canvas_print(c, style, &line);
	/* Without the end of its line. */
	if (line.len > 0)
		strbuf_add(b, line.text, line.len - 1);
	b->failed |= line.failed;
	strbuf_free(&line);
}

static void add_kinds(
	struct strbuf *b, const struct place *p, const struct style *style, unsigned node)
{
	struct strbuf line = { 0 };
	char size[SIZE_WORDS];

	for (int kind = 0; kind < PLACE_KINDS; kind++) {
		if (!p->pages->bytes[kind][node])
			continue;
		strbuf_addf(&line, "%s%s %s", line.len ? ", " : "",
			place_kind_words((enum place_kind)kind),
			size_words(p->pages->bytes[kind][node], size));
	}
	if (p->pages->thp[node])
		strbuf_addf(&line, "; %s of it in transparent huge pages",
			size_words(p->pages->thp[node], size));
	if (line.len)
		add_line(b, style, "", &line);
}

static void add_node(
	struct strbuf *b, const struct place *p, const struct style *style, unsigned node)
{
	const unsigned room = style->width > LABEL + NUMBERS ? style->width - LABEL - NUMBERS : 0;
	const unsigned width = room < BAR_MAX ? room : BAR_MAX;
	const uint64_t here = place_on_node(p->pages, node), all = p->verdict.governed;
	char name[32], size[SIZE_WORDS], part[PLACE_PERCENT], due[PLACE_PERCENT];

	(void)snprintf(name, sizeof(name), "node %u", node);
	add_toned(b, style, TONE_BOLD, name);
	strbuf_addf(b, "%*s", (int)(LABEL - strlen(name)), "");
	if (width >= BAR_MIN)
		add_bar(b, style, width, all ? (double)here / (double)all : 0, node_tone(p, node));
	strbuf_addf(b, " %10s %8s  ", size_words(here, size), place_percent(here, all, part));
	if (p->due.balanced && p->due.weight[node])
		strbuf_addf(b, "due %s", place_percent(p->verdict.due[node], all, due));
	else if (mpol_nodeset_has(&p->due.nodes, node))
		strbuf_adds(b, "due here");
	else
		add_toned(b, style, here ? TONE_BAD : TONE_DIM, here ? "not due here" : "-");
	strbuf_adds(b, "\n");
	add_kinds(b, p, style, node);
}

/* --- processes --- */

static void add_processes(struct strbuf *b, const struct place *p, const struct style *style)
{
	struct strbuf line = { 0 };
	char size[SIZE_WORDS], name[32];

	if (!p->mapped_asked)
		return;
	strbuf_adds(b, "\n");
	add_fact(b, style, "processes",
		"and what they have mapped; what they share counts for each");
	for (size_t i = 0; i < p->n_mapped; i++) {
		const struct place_process *row = &p->processes[i];
		const char *between = "";
		size_t k = 0;

		strbuf_addf(&line, "(%s)", row->comm);
		for (unsigned n = mpol_nodeset_next(&p->row_nodes, 0); n < MPOL_NODES_MAX;
			n = mpol_nodeset_next(&p->row_nodes, n + 1), k++) {
			if (!row->bytes[k])
				continue;
			strbuf_addf(&line, "%s node %u %s", between, n,
				size_words(row->bytes[k], size));
			between = ",";
		}
		if (row->own)
			strbuf_addf(&line, "; %s under policies of mappings",
				size_words(row->own, size));
		(void)snprintf(name, sizeof(name), "%10d", (int)row->pid);
		add_line(b, style, name, &line);
	}
	if (p->n_processes > p->n_mapped) {
		strbuf_addf(&line,
			"of %zu more nothing is known: they have ended meanwhile, may not be "
			"looked at, or are too many",
			p->n_processes - p->n_mapped);
		add_line(b, style, "", &line);
	}
}

/* --- the verdict --- */

static enum tone grade_tone(enum place_grade grade)
{
	switch (grade) {
	case PLACE_ALL_RIGHT:
		return TONE_GOOD;
	case PLACE_MOSTLY:
		return TONE_WARN;
	case PLACE_WRONG:
		return TONE_BAD;
	case PLACE_EMPTY:
		break;
	}
	return TONE_DIM;
}

static void add_verdict(struct strbuf *b, const struct place *p, const struct style *style)
{
	const enum place_grade grade = place_grade(p);
	char all[SIZE_WORDS], percent[PLACE_PERCENT], words[PLACE_WORDS];
	struct strbuf line = { 0 };
	const char *name = place_grade_name(grade);

	strbuf_adds(b, "\n");
	add_toned(b, style, TONE_BOLD, "verdict");
	strbuf_addf(b, "%*s", LABEL - 7, "");
	add_toned(b, style, grade_tone(grade), name);
	if (grade != PLACE_EMPTY)
		strbuf_addf(&line, ": %s of %s %s",
			place_percent(p->verdict.in_place, p->verdict.governed, percent),
			size_words(p->verdict.governed, all), place_due_words(p, words));
	add_wrapped(b, style, LABEL + (unsigned)strlen(name), LABEL, line.text ? line.text : "");
	b->failed |= line.failed;
	strbuf_free(&line);
	for (size_t i = 0; i < p->n_reasons; i++) {
		strbuf_addf(
			&line, "%s %s", size_words(p->reasons[i].bytes, all), p->reasons[i].text);
		add_line(b, style, i ? "" : "why not", &line);
	}
	if (p->n_unread > 0) {
		strbuf_addf(&line, "(numa_maps of %zu process%s could not be understood)", p->n_unread,
			p->n_unread == 1 ? "" : "es");
		add_line(b, style, "", &line);
	}
	if (p->suspicious)
		add_fact(b, style, "",
			"(much is not in place: --processes looks closer, which takes a while)");
	if (place_others(p)) {
		strbuf_addf(&line,
			"%s of files that it has mapped, but that others brought in, lie on "
			"other nodes",
			size_words(place_others(p), all));
		add_line(b, style, "besides", &line);
	}
}

void place_table(struct strbuf *b, const struct place *p, const struct style *style)
{
	add_head(b, p, style);
	add_asked(b, p, style);
	add_effective(b, p, style);
	strbuf_adds(b, "\n");
	for (unsigned n = mpol_nodeset_next(&p->shown_nodes, 0); n < MPOL_NODES_MAX;
		n = mpol_nodeset_next(&p->shown_nodes, n + 1))
		add_node(b, p, style, n);
	add_processes(b, p, style);
	add_verdict(b, p, style);
}
