/* SPDX-License-Identifier: Apache-2.0 */
/*
 * svg.c - where a container's memory lies, as a picture that stands alone: a bar for each node with
 * a mark where it should end, what its policy was and is, and the verdict.
 */
#include "place/place.h"

#include "base/fd.h"

#include <stdio.h>

#define WIDTH 1000.0
#define MARGIN 32.0
#define PAD 16.0
#define LINE 20.0
#define ROW 46.0      /* of a node */
#define NAME 90.0     /* before a bar */
#define NUMBERS 250.0 /* behind it */
#define TEXT_MAX 118  /* characters in a line */

struct sheet {
	struct strbuf body;
	double y;
};

static void text_line(struct sheet *s, const char *class, double x, const char *text)
{
	svg_text(&s->body, class, x, s->y, text);
	s->y += LINE;
}

/* Words in lines, as many as it takes. */
static void text_lines(struct sheet *s, const char *class, double x, const char *text)
{
	static const struct style plain = { .width = TEXT_MAX };
	struct strbuf b = { 0 };

	add_wrapped(&b, &plain, 0, 0, text);
	for (char *line = b.text, *end; line && *line; line = end + 1) {
		end = strchr(line, '\n');
		if (!end)
			break;
		*end = '\0';
		text_line(s, class, x, line);
	}
	s->body.failed |= b.failed;
	strbuf_free(&b);
}

static void fact(struct sheet *s, const char *label, const char *text)
{
	svg_text(&s->body, "label", MARGIN, s->y, label);
	text_lines(s, "value", MARGIN + NAME, text);
}

static void add_policies(struct sheet *s, const struct place *p)
{
	char text[PLACE_POLICY + 128], policy[PLACE_POLICY];

	if (p->saved.present) {
		(void)snprintf(text, sizeof(text), "%s  (%s)",
			place_policy_text(&p->saved.asked, false, policy), place_origin(p));
		fact(s, "asked", text);
		fact(s, "resolved", place_policy_text(&p->saved.resolved, false, policy));
	} else {
		fact(s, "asked", "no policy");
	}
	if (p->request.fell_back) {
		(void)snprintf(text, sizeof(text), "in place of %s, which this kernel lacks",
			mpol_mode_by_number(p->request.fallback_from)->name);
		fact(s, "", text);
	}
	if (p->live_known)
		fact(s, "effective", place_policy_text(&p->live.now, p->live.cut, policy));
	else
		fact(s, "effective", "cannot be told");
	if (p->n_differing) {
		(void)snprintf(text, sizeof(text), "%zu thread%s another, such as '%s' for %d (%s)",
			p->n_differing, p->n_differing == 1 ? " has" : "s have",
			place_policy_text(&p->threads[0].policy, p->threads[0].cut, policy),
			(int)p->threads[0].tid, p->threads[0].comm);
		fact(s, "", text);
	}
	s->y += 10;
}

static void kinds_text(const struct place *p, unsigned node, char *buf, size_t size)
{
	char bytes[SIZE_WORDS];
	size_t at = 0;

	buf[0] = '\0';
	for (int kind = 0; kind < PLACE_KINDS && at < size; kind++)
		if (p->pages->bytes[kind][node])
			at += (size_t)snprintf(buf + at, size - at, "%s%s %s", at ? "  ·  " : "",
				place_kind_words((enum place_kind)kind),
				size_words(p->pages->bytes[kind][node], bytes));
}

static void add_node(struct sheet *s, const struct place *p, unsigned node, uint64_t most)
{
	const double room = WIDTH - 2 * MARGIN - NAME - NUMBERS, x = MARGIN + NAME;
	const uint64_t here = place_on_node(p->pages, node), all = p->verdict.governed;
	const bool due = mpol_nodeset_has(&p->due.nodes, node);
	char text[256], size[SIZE_WORDS], part[PLACE_PERCENT];
	double width = most ? room * (double)here / (double)most : 0;

	(void)snprintf(text, sizeof(text), "node %u", node);
	svg_text(&s->body, "head", MARGIN, s->y + 13, text);
	svg_rect(&s->body, "track", x, s->y, room, 16, 4);
	if (here)
		svg_rect(&s->body,
			!due                      ? "bar-full"
			: place_has_much(p, node) ? "bar-high"
						  : "bar",
			x, s->y, width < 4 ? 4 : width, 16, 4);
	if (p->due.balanced && p->due.weight[node] && most) {
		const double at = x + room * (double)p->verdict.due[node] / (double)most;

		if (at <= x + room)
			svg_line(&s->body, "mark", at, s->y - 3, at, s->y + 19);
	}
	(void)snprintf(text, sizeof(text), "%s  ·  %s%s", size_words(here, size),
		place_percent(here, all, part),
		due    ? ""
		: here ? "  ·  not due here"
		       : "");
	svg_text(&s->body, "value", x + room + 12, s->y + 13, text);
	kinds_text(p, node, text, sizeof(text));
	svg_text(&s->body, "small", x, s->y + 32, text);
	s->y += ROW;
}

static void add_nodes(struct sheet *s, const struct place *p)
{
	uint64_t most = 0;

	for (unsigned n = 0; n < MPOL_NODES_MAX; n++) {
		const uint64_t here = place_on_node(p->pages, n);

		most = here > most ? here : most;
		most = p->verdict.due[n] > most ? p->verdict.due[n] : most;
	}
	for (unsigned n = mpol_nodeset_next(&p->shown_nodes, 0); n < MPOL_NODES_MAX;
		n = mpol_nodeset_next(&p->shown_nodes, n + 1))
		add_node(s, p, n, most);
}

static void add_verdict(struct sheet *s, const struct place *p)
{
	char text[1024], size[SIZE_WORDS], percent[PLACE_PERCENT], words[PLACE_WORDS];

	svg_line(&s->body, "rule", MARGIN, s->y, WIDTH - MARGIN, s->y);
	s->y += 26;
	if (place_grade(p) == PLACE_EMPTY)
		(void)snprintf(text, sizeof(text), "nothing to judge");
	else
		(void)snprintf(text, sizeof(text), "%s of %s is in place: %s",
			place_percent(p->verdict.in_place, p->verdict.governed, percent),
			size_words(p->verdict.governed, size), place_due_words(p, words));
	text_lines(s, "head", MARGIN, text);
	for (size_t i = 0; i < p->n_reasons; i++) {
		(void)snprintf(text, sizeof(text), "%s %.900s",
			size_words(p->reasons[i].bytes, size), p->reasons[i].text);
		text_lines(s, "value", MARGIN, text);
	}
	if (place_others(p)) {
		(void)snprintf(text, sizeof(text),
			"besides: %s of mapped files that others brought in lie on other nodes",
			size_words(place_others(p), size));
		text_lines(s, "label", MARGIN, text);
	}
}

void place_svg(struct strbuf *b, const struct place *p)
{
	struct sheet s = { .y = 108 };
	char title[256], text[256];

	add_policies(&s, p);
	add_nodes(&s, p);
	s.y += 8;
	add_verdict(&s, p);
	(void)snprintf(title, sizeof(title), "Memory of %.200s", p->id);
	svg_begin(b, (unsigned)WIDTH, (unsigned)(s.y + MARGIN - LINE + 8), title);
	svg_text(b, "title", MARGIN, 46, title);
	(void)snprintf(text, sizeof(text), "%s  ·  %zu process%s  ·  counted by %s",
		life_status_name(p->status), p->n_processes, p->n_processes == 1 ? "" : "es",
		place_source_name(p->source));
	svg_text(b, "sub", MARGIN, 70, text);
	strbuf_adds(b, s.body.text ? s.body.text : "");
	svg_end(b);
	b->failed |= s.body.failed;
	strbuf_free(&s.body);
}
