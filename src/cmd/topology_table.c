/* SPDX-License-Identifier: Apache-2.0 */
/*
 * topology_table.c - a host for people at a terminal: a box for each node, socket by socket, and
 * how far they are from each other.
 */
#include "cmd/topology.h"

#include "base/fd.h"

#include <stdio.h>

#define BOX_WIDTH 32 /* columns, edges included */
#define BOX_INNER (BOX_WIDTH - 4)
#define BOX_GAP 1
#define LINES_MAX 16

/* A box before it is drawn. */
struct box {
	char title[32];
	size_t n;
	struct {
		enum tone tone;
		char text[BOX_INNER + 1];
	} line[LINES_MAX];
	size_t bar; /* so many lines stand above it; 0: there is none */
	double used;
};

/* How much of the text, all ASCII, one line takes: up to a blank where it is too long. */
static size_t line_len(const char *text)
{
	size_t len = BOX_INNER;

	if (strlen(text) <= BOX_INNER)
		return strlen(text);
	while (len > 0 && text[len] != ' ')
		len--;
	return len ? len : BOX_INNER;
}

static void add_line(struct box *box, enum tone tone, const char *text)
{
	while (text && *text && box->n < LINES_MAX) {
		const size_t len = line_len(text);

		box->line[box->n].tone = tone;
		(void)snprintf(box->line[box->n].text, sizeof(box->line[box->n].text), "%.*s",
			(int)len, text);
		box->n++;
		text += len;
		text += strspn(text, " ");
	}
}

static void fill(const struct mpol_node *node, struct box *box)
{
	char text[FACT_TEXT];

	*box = (struct box){ .n = 0 };
	(void)snprintf(box->title, sizeof(box->title), "node %u", node->id);
	add_line(box, TONE_PLAIN, topology_fact_cpus(node, BOX_INNER, text));
	if (!*node->cpus)
		add_line(box, TONE_ACCENT, "memory only");
	if (node->memory_total) {
		add_line(box, TONE_PLAIN, topology_fact_memory(node, text));
		box->bar = box->n;
		box->used = 1.0 - (double)node->memory_free / (double)node->memory_total;
	} else {
		add_line(box, TONE_WARN, "no memory");
	}
	for (size_t i = 0; i < node->n_hugepages; i++)
		add_line(box, TONE_PLAIN, topology_fact_huge(&node->hugepages[i], text));
	add_line(box, TONE_PLAIN, topology_fact_tier(node, text));
	add_line(box, TONE_PLAIN, topology_fact_speed(node, text));
}

static unsigned box_height(const struct box *box)
{
	return (unsigned)box->n + (box->bar > 0) + 2;
}

static void draw(struct canvas *c, const struct style *style, unsigned x, unsigned top,
	unsigned height, const struct box *box)
{
	unsigned y = top + 1;

	canvas_box(c, style, x, top, BOX_WIDTH, height, TONE_DIM, box->title);
	for (size_t i = 0; i < box->n; i++) {
		canvas_text(c, x + 2, y++, box->line[i].tone, box->line[i].text);
		if (i + 1 == box->bar)
			canvas_bar(c, style, x + 2, y++, BOX_INNER, box->used,
				box->used > 0.9   ? TONE_BAD
				: box->used > 0.7 ? TONE_WARN
						  : TONE_GOOD);
	}
}

/* Boxes beside each other, and above the first of each group its title. */
struct shelf {
	size_t n, room;
	struct {
		unsigned id;
		char title[32]; /* "": of the group that stands to the left */
	} at[REPORT_WIDTH_MAX / BOX_WIDTH + 1];
};

static void put(struct shelf *shelf, unsigned id, const char *title)
{
	shelf->at[shelf->n].id = id;
	(void)snprintf(shelf->at[shelf->n].title, sizeof(shelf->at[shelf->n].title), "%s", title);
	shelf->n++;
}

static void flush(struct strbuf *b, const struct topology *t, const struct style *style,
	struct shelf *shelf, bool last)
{
	struct box boxes[ELEMENTS(shelf->at)];
	unsigned height = 0, top = 0;
	struct canvas *c;

	if (shelf->n == 0)
		return;
	for (size_t i = 0; i < shelf->n; i++) {
		fill(topology_node(t, shelf->at[i].id), &boxes[i]);
		if (box_height(&boxes[i]) > height)
			height = box_height(&boxes[i]);
		if (*shelf->at[i].title)
			top = 1;
	}
	c = canvas_new((unsigned)shelf->n * (BOX_WIDTH + BOX_GAP), height + top);
	for (size_t i = 0; c && i < shelf->n; i++) {
		unsigned x = (unsigned)i * (BOX_WIDTH + BOX_GAP);

		canvas_text(c, x, 0, TONE_BOLD, shelf->at[i].title);
		draw(c, style, x, top, height, &boxes[i]);
	}
	if (c)
		canvas_print(c, style, b);
	else
		b->failed = true;
	canvas_free(c);
	shelf->n = 0;
	if (last)
		strbuf_adds(b, "\n");
}

static const char *group_title(const struct topology_group *group, char buf[32])
{
	if (group->package >= 0)
		(void)snprintf(buf, 32, "socket %d", group->package);
	else
		(void)snprintf(buf, 32, "%s",
			group->package == GROUP_MEMORY ? "memory without CPUs" : "CPUs");
	return buf;
}

/* A group that is broken into rows has equal ones, as far as that goes. */
static void add_groups(struct strbuf *b, const struct topology *t, const struct style *style)
{
	size_t most = (style->width + BOX_GAP) / (BOX_WIDTH + BOX_GAP);
	struct shelf shelf = { .room = most ? most : 1 };
	char title[32];

	for (size_t i = 0; i < t->n_groups; i++) {
		const struct mpol_nodeset *nodes = &t->groups[i].nodes;
		size_t n = mpol_nodeset_count(nodes), rows = (n + shelf.room - 1) / shelf.room;
		size_t across = (n + rows - 1) / rows;

		if (shelf.n + n > shelf.room)
			flush(b, t, style, &shelf, true);
		(void)group_title(&t->groups[i], title);
		for (unsigned id = mpol_nodeset_next(nodes, 0); id < MPOL_NODES_MAX;
			id = mpol_nodeset_next(nodes, id + 1)) {
			if (rows > 1 && shelf.n == across)
				flush(b, t, style, &shelf, false);
			put(&shelf, id, title);
			title[0] = '\0';
		}
		if (rows > 1)
			flush(b, t, style, &shelf, true);
	}
	flush(b, t, style, &shelf, true);
}

static enum tone distance_tone(const struct topology *t, unsigned distance)
{
	double heat = topology_heat(t, distance);

	if (distance >= DISTANCE_NEVER)
		return TONE_DIM;
	return heat == 0 ? TONE_GOOD : heat < 0.45 ? TONE_PLAIN : heat < 0.9 ? TONE_WARN : TONE_BAD;
}

/* Columns from one node on, as many as the width holds. Returns the node to go on with. */
static unsigned add_matrix_part(struct strbuf *b, const struct topology *t,
	const struct style *style, unsigned from, unsigned columns)
{
	unsigned end = MPOL_NODES_MAX, n = 0;
	char cell[16];

	strbuf_adds(b, "    to");
	for (unsigned to = from; to < MPOL_NODES_MAX; to = mpol_nodeset_next(&t->shown, to + 1)) {
		if (n++ == columns) {
			end = to;
			break;
		}
		strbuf_addf(b, "%5u", to);
	}
	strbuf_adds(b, "\n");
	for (unsigned id = mpol_nodeset_next(&t->shown, 0); id < MPOL_NODES_MAX;
		id = mpol_nodeset_next(&t->shown, id + 1)) {
		const struct mpol_node *node = topology_node(t, id);

		strbuf_addf(b, "%6u", id);
		for (unsigned to = from; to < end; to = mpol_nodeset_next(&t->shown, to + 1)) {
			unsigned d = topology_distance(&t->h->host, node, to);

			strbuf_adds(b, d < 100 ? "   " : "  ");
			(void)snprintf(cell, sizeof(cell), "%2u", d);
			add_toned(b, style, distance_tone(t, d), cell);
		}
		strbuf_adds(b, "\n");
	}
	strbuf_adds(b, "\n");
	return end;
}

static void add_matrix(struct strbuf *b, const struct topology *t, const struct style *style)
{
	unsigned from = mpol_nodeset_next(&t->shown, 0);
	bool known = false;

	for (size_t i = 0; i < t->h->host.n_nodes; i++)
		known |= t->h->host.nodes[i].distances != NULL;
	if (!known)
		return;
	add_toned(b, style, TONE_BOLD, "distances");
	strbuf_adds(b, " (10 is local)\n");
	while (from < MPOL_NODES_MAX)
		from = add_matrix_part(b, t, style, from, (style->width - 6) / 5);
}

#define LABEL 10

static void add_fact(
	struct strbuf *b, const struct style *style, const char *label, const char *text)
{
	add_toned(b, style, TONE_BOLD, label);
	strbuf_addf(b, "%*s", (int)(LABEL - text_width(label)), "");
	add_wrapped(b, style, LABEL, LABEL, text);
}

static void add_kernel(struct strbuf *b, const struct topology *t, const struct style *style)
{
	const struct mpol_kernel *kernel = &t->h->kernel;
	struct strbuf modes = { 0 }, flags = { 0 };
	size_t n;
	const struct mpol_mode_info *mode = mpol_modes(&n);

	for (size_t i = 0; i < n; i++)
		if (kernel->modes & 1u << mode[i].number)
			strbuf_addf(&modes, "%s%s", modes.len ? " " : "", mode[i].name);
	const struct mpol_flag_info *flag = mpol_flags(&n);
	for (size_t i = 0; i < n; i++)
		if (kernel->flags & flag[i].bit)
			strbuf_addf(&flags, "%s%s", flags.len ? " " : "", flag[i].name);
	if (!kernel->numa) {
		add_fact(b, style, "modes", "this kernel is built without NUMA");
	} else {
		add_fact(b, style, "modes", modes.text ? modes.text : "none");
		add_fact(b, style, "flags", flags.text ? flags.text : "none");
	}
	b->failed |= modes.failed || flags.failed;
	strbuf_free(&modes);
	strbuf_free(&flags);
}

static void add_cpuset(struct strbuf *b, const struct topology *t, const struct style *style)
{
	const struct mpol_host *host = &t->h->host;
	struct strbuf text = { 0 };
	char nodes[MPOL_NODESET_TEXT];

	if (!host->cpuset_known)
		return;
	strbuf_addf(&text, "nodes %s and CPUs %s are allowed to %s",
		mpol_nodeset_format(&host->allowed, nodes), host->allowed_cpus,
		t->h->captured ? "who captured this" : "the caller");
	add_fact(b, style, "cpuset", text.text ? text.text : "");
	b->failed |= text.failed;
	strbuf_free(&text);
}

void topology_table(struct strbuf *b, const struct topology *t, const struct style *style)
{
	const struct mpol_host *host = &t->h->host;
	char total[SIZE_WORDS], left[SIZE_WORDS], list[MPOL_NODESET_TEXT], text[FACT_TEXT + 64];
	char settings[FACT_TEXT];
	unsigned at;

	(void)snprintf(text, sizeof(text), "Linux %s",
		*t->h->kernel.release ? t->h->kernel.release : "of unknown version");
	add_toned(b, style, TONE_BOLD, text);
	at = (unsigned)text_width(text);
	(void)snprintf(text, sizeof(text), ": %zu node%s, %zu CPU%s, %s of memory, %s free",
		host->n_nodes, host->n_nodes == 1 ? "" : "s", t->n_cpus, t->n_cpus == 1 ? "" : "s",
		size_words(t->memory, total), size_words(t->free, left));
	add_wrapped(b, style, at, 0, text);
	strbuf_adds(b, "\n");
	add_groups(b, t, style);
	if (!mpol_nodeset_empty(&t->empty)) {
		(void)snprintf(text, sizeof(text),
			"nodes %.150s are online and have neither CPUs nor memory",
			mpol_nodeset_format(&t->empty, list));
		add_wrapped(b, style, 0, 0, text);
		strbuf_adds(b, "\n");
	}
	add_matrix(b, t, style);
	add_kernel(b, t, style);
	add_cpuset(b, t, style);
	add_fact(b, style, "settings", topology_settings(t, ", ", settings));
	if (host->auto_weights)
		add_fact(b, style, "weights", "the kernel sets them itself, by bandwidth");
}
