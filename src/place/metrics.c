/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metrics.c - where a container's memory lies, in the text format of OpenMetrics 1.0, kept to what
 * the older format of Prometheus has too: so node_exporter's textfile collector takes it.
 */
#include "place/place.h"

#include "base/fd.h"

#include <inttypes.h>

/* Within the quotes of a label's value. */
static void add_escaped(struct strbuf *b, const char *text)
{
	for (; *text; text++) {
		if (*text == '\\' || *text == '"')
			strbuf_adds(b, "\\");
		if (*text == '\n')
			strbuf_adds(b, "\\n");
		else
			strbuf_add(b, text, 1);
	}
}

static void begin(struct strbuf *b, const char *name, const char *unit, const char *help)
{
	strbuf_addf(b, "# TYPE %s gauge\n", name);
	if (unit)
		strbuf_addf(b, "# UNIT %s %s\n", name, unit);
	strbuf_addf(b, "# HELP %s %s\n", name, help);
}

/* "name{id="demo"": what comes next is more labels, or end(). */
static void sample(struct strbuf *b, const struct place *p, const char *name)
{
	strbuf_addf(b, "%s{id=\"", name);
	add_escaped(b, p->id);
	strbuf_adds(b, "\"");
}

static void label(struct strbuf *b, const char *name, const char *value)
{
	strbuf_addf(b, ",%s=\"", name);
	add_escaped(b, value);
	strbuf_adds(b, "\"");
}

static void node_label(struct strbuf *b, unsigned node)
{
	strbuf_addf(b, ",node=\"%u\"", node);
}

static void end(struct strbuf *b, uint64_t value)
{
	strbuf_addf(b, "} %" PRIu64 "\n", value);
}

static void add_pages(struct strbuf *b, const struct place *p)
{
	static const char name[] = "hasu_placement_memory_bytes";

	begin(b, name, "bytes", "Memory of the container on a node, by kind of page.");
	for (unsigned n = mpol_nodeset_next(&p->shown_nodes, 0); n < MPOL_NODES_MAX;
		n = mpol_nodeset_next(&p->shown_nodes, n + 1))
		for (int kind = 0; kind < PLACE_KINDS; kind++) {
			sample(b, p, name);
			node_label(b, n);
			label(b, "kind", place_kind_name((enum place_kind)kind));
			end(b, p->pages->bytes[kind][n]);
		}
}

static void add_due(struct strbuf *b, const struct place *p)
{
	static const char name[] = "hasu_placement_due", parts[] = "hasu_placement_due_bytes";

	begin(b, name, NULL, "Whether the memory policy puts pages on the node.");
	for (unsigned n = mpol_nodeset_next(&p->shown_nodes, 0); n < MPOL_NODES_MAX;
		n = mpol_nodeset_next(&p->shown_nodes, n + 1)) {
		sample(b, p, name);
		node_label(b, n);
		end(b, mpol_nodeset_has(&p->due.nodes, n));
	}
	if (!p->due.balanced)
		return;
	begin(b, parts, "bytes", "What the node should have of an interleaving, by weight.");
	for (unsigned n = mpol_nodeset_next(&p->due.nodes, 0); n < MPOL_NODES_MAX;
		n = mpol_nodeset_next(&p->due.nodes, n + 1)) {
		sample(b, p, parts);
		node_label(b, n);
		end(b, p->verdict.due[n]);
	}
}

static void add_number(struct strbuf *b, const struct place *p, const char *name, const char *unit,
	const char *help, uint64_t value)
{
	begin(b, name, unit, help);
	sample(b, p, name);
	end(b, value);
}

static void add_verdict(struct strbuf *b, const struct place *p)
{
	static const char ratio[] = "hasu_placement_in_place_ratio",
			  reasons[] = "hasu_placement_misplaced_bytes";
	const unsigned permille = place_permille(&p->verdict);

	add_number(b, p, "hasu_placement_governed_bytes", "bytes",
		"Memory that the memory policy governs.", p->verdict.governed);
	add_number(b, p, "hasu_placement_in_place_bytes", "bytes",
		"Memory of it that lies where it should.", p->verdict.in_place);
	begin(b, ratio, "ratio",
		"The part of it that lies where it should; 1 where there is none.");
	sample(b, p, ratio);
	strbuf_addf(b, "} %u.%03u\n", permille / 1000, permille % 1000);
	if (p->n_reasons == 0)
		return;
	begin(b, reasons, "bytes", "Memory that does not lie where it should, by reason.");
	for (size_t i = 0; i < p->n_reasons; i++) {
		sample(b, p, reasons);
		label(b, "reason", p->reasons[i].code);
		end(b, p->reasons[i].bytes);
	}
}

static void add_policy(struct strbuf *b, const struct place *p)
{
	static const char name[] = "hasu_placement_policy_info";
	char text[PLACE_POLICY];

	begin(b, name, NULL, "The memory policy: asked for, foreseen at create, and in force.");
	sample(b, p, name);
	label(b, "from", place_origin(p) ? place_origin(p) : "");
	label(b, "asked", p->saved.present ? place_policy_text(&p->saved.asked, false, text) : "");
	label(b, "resolved",
		p->saved.present ? place_policy_text(&p->saved.resolved, false, text) : "");
	label(b, "effective",
		p->live_known ? place_policy_text(&p->live.now, p->live.cut, text) : "");
	label(b, "fallback_from",
		p->request.fell_back ? mpol_mode_by_number(p->request.fallback_from)->name : "");
	end(b, 1);
	add_number(b, p, "hasu_placement_policy_as_foreseen", NULL,
		"Whether the policy in force for the first process is the foreseen one.",
		p->live_known && (p->live.ours || !p->saved.present));
	add_number(b, p, "hasu_placement_differing_threads", "threads",
		"Threads with another policy.", p->n_differing);
}

void place_metrics(struct strbuf *b, const struct place *p)
{
	add_pages(b, p);
	add_due(b, p);
	add_verdict(b, p);
	add_policy(b, p);
	strbuf_adds(b, "# EOF\n");
}
