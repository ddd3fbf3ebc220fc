/* SPDX-License-Identifier: Apache-2.0 */
/*
 * topology_svg.c - a host as a picture: a card for each node in its socket, the distances as a map
 * of heat, and what the kernel can do.
 */
#include "cmd/topology.h"

#include "base/fd.h"

#include <inttypes.h>
#include <stdio.h>

#define WIDTH 1000.0
#define MARGIN 32.0
#define INNER (WIDTH - 2 * MARGIN)
#define CARD_MIN 204.0 /* width */
#define GAP 12.0
#define PAD 14.0      /* between an edge and what is in it */
#define LINE 18.0     /* between two lines of text */
#define HEAD 30.0     /* of a group: its title */
#define CHARACTER 7.4 /* the width of a digit in a card, and a bit */
#define CELL_MAX 46.0
#define CELL_HEIGHT_MAX 32.0

/* Where the next thing goes; the height is known when all is drawn. */
struct sheet {
	struct strbuf body;
	double x, y, row_height;
};

static double card_height(const struct topology *t);
static void add_groups(struct sheet *s, const struct topology *t);
static double add_matrix(struct sheet *s, const struct topology *t);
static double add_kernel(struct sheet *s, const struct topology *t, double x);

void topology_svg(struct strbuf *b, const struct topology *t)
{
	const struct mpol_host *host = &t->h->host;
	struct sheet s = { .x = MARGIN, .y = 96 };
	char text[256], total[SIZE_WORDS], left[SIZE_WORDS];
	const char *release = *t->h->kernel.release ? t->h->kernel.release : "unknown";
	double right, bottom, width;

	add_groups(&s, t);
	width = add_matrix(&s, t);
	/* Beside the map where there is room, else below it. */
	right = MARGIN + width + 36;
	bottom = s.row_height;
	if (width > 0 && WIDTH - MARGIN - right < 330) {
		s.y += bottom + 8;
		s.row_height = 0;
		right = MARGIN;
		bottom = 0;
	} else if (width == 0) {
		right = MARGIN;
	}
	s.row_height = add_kernel(&s, t, right);
	s.y += s.row_height > bottom ? s.row_height : bottom;

	svg_begin(b, (unsigned)WIDTH, (unsigned)(s.y + MARGIN), "NUMA topology");
	svg_text(b, "title", MARGIN, 46, "NUMA topology");
	(void)snprintf(text, sizeof(text),
		"%zu node%s  ·  %zu CPU%s  ·  %s of memory, %s free  ·  Linux %s", host->n_nodes,
		host->n_nodes == 1 ? "" : "s", t->n_cpus, t->n_cpus == 1 ? "" : "s",
		size_words(t->memory, total), size_words(t->free, left), release);
	svg_text(b, "sub", MARGIN, 70, text);
	strbuf_adds(b, s.body.text ? s.body.text : "");
	svg_end(b);
	b->failed |= s.body.failed;
	strbuf_free(&s.body);
}

/* The lines below a card's bar. Returns how many there are. */
#define CARD_FACTS 8
static size_t card_facts(const struct mpol_node *node, char text[CARD_FACTS][FACT_TEXT])
{
	size_t n = 0;

	n += topology_fact_speed(node, text[n]) != NULL;
	for (size_t i = 0; i < node->n_hugepages && n + 1 < CARD_FACTS; i++)
		n += topology_fact_huge(&node->hugepages[i], text[n]) != NULL;
	if (node->weight)
		(void)snprintf(text[n++], FACT_TEXT, "interleave weight %u", node->weight);
	return n;
}

/* All cards are as high as the fullest. */
static double card_height(const struct topology *t)
{
	char text[CARD_FACTS][FACT_TEXT];
	size_t most = 0;

	for (size_t i = 0; i < t->h->host.n_nodes; i++) {
		size_t n = card_facts(&t->h->host.nodes[i], text);

		if (n > most)
			most = n;
	}
	return 96 + LINE * (double)most + (most ? 4 : 0);
}

static void add_tag(struct strbuf *b, double right, double y, const char *text)
{
	double width = svg_text_width(text, 11) + 16;

	svg_rect(b, "pill", right - width, y - 13, width, 18, 9);
	svg_text(b, "tag-c", right - width / 2, y, text);
}

static void add_bar(
	struct strbuf *b, double x, double y, double width, const struct mpol_node *node)
{
	double used = 1.0 - (double)node->memory_free / (double)node->memory_total;

	svg_rect(b, "track", x, y, width, 8, 4);
	/* A bar that is shorter than it is round would be a blot. */
	if (used * width >= 8)
		svg_rect(b,
			used > 0.9   ? "bar-full"
			: used > 0.7 ? "bar-high"
				     : "bar",
			x, y, used * width, 8, 4);
	else if (used > 0)
		svg_rect(b, "bar", x, y, 8, 8, 4);
}

static void add_card(struct strbuf *b, double x, double y, double width, double height,
	const struct mpol_node *node)
{
	char text[FACT_TEXT], size[SIZE_WORDS], facts[CARD_FACTS][FACT_TEXT];
	size_t n = card_facts(node, facts);
	double at = y + 24;

	svg_rect(b,
		!node->memory_total ? "empty-card"
		: *node->cpus       ? "card"
				    : "far-card",
		x, y, width, height, 8);
	(void)snprintf(text, sizeof(text), "node %u", node->id);
	svg_text(b, "head", x + PAD, at, text);
	(void)snprintf(text, sizeof(text), "tier %d", node->tier);
	if (node->tier >= 0)
		add_tag(b, x + width - PAD, at, text);
	at += LINE + 4;
	if (*node->cpus) {
		(void)topology_fact_cpus(node, (size_t)((width - 2 * PAD) / CHARACTER), text);
		svg_text(b, "value", x + PAD, at, text);
	} else {
		svg_text(b, "label", x + PAD, at, "no CPUs: memory only");
	}
	at += LINE;
	if (node->memory_total) {
		svg_text(b, "value", x + PAD, at, size_words(node->memory_total, size));
		(void)snprintf(text, sizeof(text), "%s free", size_words(node->memory_free, size));
		svg_text(b, "label-r", x + width - PAD, at, text);
		add_bar(b, x + PAD, at + 9, width - 2 * PAD, node);
	} else {
		svg_text(b, "label", x + PAD, at, "no memory");
	}
	at += LINE + 18;
	for (size_t i = 0; i < n; i++, at += LINE)
		svg_text(b, "label", x + PAD, at, facts[i]);
}

static const char *group_title(const struct topology_group *group, char buf[32])
{
	if (group->package >= 0)
		(void)snprintf(buf, 32, "Socket %d", group->package);
	else
		(void)snprintf(buf, 32, "%s",
			group->package == GROUP_MEMORY ? "Memory without CPUs" : "Processors");
	return buf;
}

/* The widest a card can be where a row has so many panels and cards. */
static double card_width(size_t panels, size_t cards)
{
	return (INNER - GAP * (double)(panels - 1) - GAP * (double)panels) / (double)cards - GAP;
}

static void add_panel(struct sheet *s, const struct topology *t, const struct topology_group *group,
	size_t across, double card)
{
	size_t n = mpol_nodeset_count(&group->nodes), rows = (n + across - 1) / across, i = 0;
	double high = card_height(t), width = (double)across * (card + GAP) + GAP;
	double height = HEAD + (double)rows * (high + GAP) + 2;
	char title[32];

	svg_rect(&s->body, "group", s->x, s->y, width, height, 12);
	svg_text(&s->body, "head", s->x + PAD, s->y + 21, group_title(group, title));
	for (unsigned id = mpol_nodeset_next(&group->nodes, 0); id < MPOL_NODES_MAX;
		id = mpol_nodeset_next(&group->nodes, id + 1), i++)
		add_card(&s->body, s->x + GAP + (double)(i % across) * (card + GAP),
			s->y + HEAD + (double)(i / across) * (high + GAP), card, high,
			topology_node(t, id));
	s->x += width + GAP;
	if (height > s->row_height)
		s->row_height = height;
}

/* Panels that stand beside each other share the whole width; one that is too long is broken. */
static void add_groups(struct sheet *s, const struct topology *t)
{
	char list[MPOL_NODESET_TEXT], text[256];

	for (size_t i = 0, end; i < t->n_groups; i = end) {
		size_t cards = 0;

		for (end = i; end < t->n_groups; end++) {
			size_t more = mpol_nodeset_count(&t->groups[end].nodes);

			if (end > i && card_width(end + 1 - i, cards + more) < CARD_MIN)
				break;
			cards += more;
		}
		while (cards > 1 && card_width(end - i, cards) < CARD_MIN)
			cards = (cards + 1) / 2;
		for (size_t k = i; k < end; k++) {
			size_t n = mpol_nodeset_count(&t->groups[k].nodes);

			add_panel(s, t, &t->groups[k], end - i == 1 ? cards : n,
				card_width(end - i, cards));
		}
		s->x = MARGIN;
		s->y += s->row_height + GAP;
		s->row_height = 0;
	}
	s->y += 16;
	if (mpol_nodeset_empty(&t->empty))
		return;
	(void)snprintf(text, sizeof(text),
		"Nodes %.160s are online and have neither CPUs nor memory.",
		mpol_nodeset_format(&t->empty, list));
	svg_text(&s->body, "sub", MARGIN, s->y - 4, text);
	s->y += 24;
}

/* The map of distances; its width, or 0 where they are not known. */
static double add_matrix(struct sheet *s, const struct topology *t)
{
	size_t n = mpol_nodeset_count(&t->shown), row = 0, column;
	double width = (INNER - 48) / (double)n, height = CELL_HEIGHT_MAX, x = MARGIN + 36;
	double y = s->y + 62;
	struct strbuf *b = &s->body;
	char text[32];

	if (width > CELL_MAX)
		width = CELL_MAX;
	if (width < 14 || t->far == 0)
		return 0; /* more than can be read: the table has them */
	svg_text(b, "head", MARGIN, s->y + 12, "Distances");
	for (unsigned id = mpol_nodeset_next(&t->shown, 0); id < MPOL_NODES_MAX;
		id = mpol_nodeset_next(&t->shown, id + 1), row++) {
		const struct mpol_node *node = topology_node(t, id);

		(void)snprintf(text, sizeof(text), "%u", id);
		svg_text(b, "axis-c", x + ((double)row + 0.5) * width, y - 8, text);
		svg_text(b, "axis-r", x - 8, y + ((double)row + 0.5) * height + 4, text);
		column = 0;
		for (unsigned to = mpol_nodeset_next(&t->shown, 0); to < MPOL_NODES_MAX;
			to = mpol_nodeset_next(&t->shown, to + 1), column++) {
			unsigned d = topology_distance(&t->h->host, node, to);
			double left = x + (double)column * width + 1;
			double top = y + (double)row * height + 1;

			if (d >= DISTANCE_NEVER || d == 0)
				svg_rect(b, "track", left, top, width - 2, height - 2, 4);
			else
				svg_heat(b, topology_heat(t, d), left, top, width - 2, height - 2,
					4);
			(void)snprintf(text, sizeof(text), "%u", d);
			svg_text(b, d >= DISTANCE_NEVER || d == 0 ? "axis-c" : "cell-c",
				left + width / 2 - 1, top + height / 2 + 3, text);
		}
	}
	svg_text(b, "label", MARGIN, s->y + 31,
		"from the row's CPUs to the column's memory; 10 is local");
	s->row_height = 62 + (double)n * height;
	width = 36 + (double)n * width;
	return width < 400 ? 400 : width;
}

/* Names of modes and flags, with those that this kernel lacks struck through. */
static double add_pills(struct strbuf *b, double x, double y, const char *name, bool known,
	double from, double *line)
{
	double width = svg_text_width(name, 11) + 20;

	if (x > from && x + width > WIDTH - MARGIN) {
		x = from;
		*line += 26;
	}
	svg_rect(b, known ? "pill" : "pill-off", x, y + *line - 14, width, 20, 10);
	svg_text(b, known ? "tag-c" : "tag-off", x + width / 2, y + *line, name);
	return x + width + 8;
}

#define FACT_INDENT 130

static void add_fact(struct strbuf *b, double x, double *y, const char *label, const char *text)
{
	svg_text(b, "label", x, *y, label);
	svg_text(b, "value", x + FACT_INDENT, *y, text);
	*y += LINE + 2;
}

static void add_setting(struct strbuf *b, double x, double *y, const char *name, int value)
{
	char text[SETTING_TEXT];

	if (value >= 0)
		add_fact(b, x, y, name, topology_setting(value, text));
}

/* The lists share the line that there is room for. */
static void add_cpuset(struct strbuf *b, double x, double *y, const struct mpol_host *host)
{
	size_t room = (size_t)((WIDTH - MARGIN - x - FACT_INDENT) / CHARACTER) - 13;
	char list[MPOL_NODESET_TEXT], nodes[FACT_TEXT], cpus[FACT_TEXT], text[2 * FACT_TEXT + 16];

	topology_list(mpol_nodeset_format(&host->allowed, list), room / 2, nodes, sizeof(nodes));
	topology_list(host->allowed_cpus, room - strlen(nodes), cpus, sizeof(cpus));
	(void)snprintf(text, sizeof(text), "nodes %s, CPUs %s", nodes, cpus);
	add_fact(b, x, y, "cpuset", text);
}

static double add_kernel(struct sheet *s, const struct topology *t, double x)
{
	const struct mpol_kernel *kernel = &t->h->kernel;
	const struct mpol_host *host = &t->h->host;
	size_t n;
	const struct mpol_mode_info *modes = mpol_modes(&n);
	double at = x, line = 0, y = s->y + 42;
	char size[SIZE_WORDS];
	struct strbuf *b = &s->body;

	svg_text(b, "head", x, s->y + 12,
		kernel->numa ? "Policies of this kernel" : "This kernel is built without NUMA");
	for (size_t i = 0; i < n; i++)
		at = add_pills(
			b, at, y, modes[i].name, kernel->modes & 1u << modes[i].number, x, &line);
	const struct mpol_flag_info *flags = mpol_flags(&n);
	for (size_t i = 0; i < n; i++)
		at = add_pills(b, at, y, flags[i].name, kernel->flags & flags[i].bit, x, &line);
	y += line + 34;
	if (host->cpuset_known)
		add_cpuset(b, x, &y, host);
	add_setting(b, x, &y, "numa_balancing", host->balancing);
	add_setting(b, x, &y, "demotion", host->demotion);
	add_setting(b, x, &y, "zone_reclaim_mode", host->zone_reclaim);
	add_fact(b, x, &y, "swap", host->swap_total ? size_words(host->swap_total, size) : "none");
	if (host->auto_weights)
		add_fact(b, x, &y, "weights", "set by the kernel itself, by bandwidth");
	return y - s->y;
}
