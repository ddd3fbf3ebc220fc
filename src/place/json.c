/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json.c - where a container's memory lies, for programs: every number in bytes.
 */
#include "place/place.h"

#include "base/fd.h"
#include "base/json.h"

static void add_policy(struct json_writer *w, const char *name, const struct mpol *policy, bool cut)
{
	char text[PLACE_POLICY];

	jw_object(w, name);
	memory_write_members(w, policy);
	jw_string(w, "text", place_policy_text(policy, cut, text));
	if (cut)
		jw_bool(w, "cut", true);
	jw_object_end(w);
}

static void add_policies(struct json_writer *w, const struct place *p)
{
	char nodes[MPOL_NODESET_TEXT];

	jw_object(w, "policy");
	jw_string(w, "from", place_origin(p));
	if (p->request.text)
		jw_string(w, "requested", p->request.text);
	if (p->request.fell_back)
		jw_string(w, "fallbackFrom", mpol_mode_by_number(p->request.fallback_from)->name);
	if (p->saved.present) {
		add_policy(w, "asked", &p->saved.asked, false);
		add_policy(w, "resolved", &p->saved.resolved, false);
		jw_string(w, "narrowed", mpol_nodeset_format(&p->saved.narrowed, nodes));
	}
	if (p->live_known)
		add_policy(w, "effective", &p->live.now, p->live.cut);
	add_policy(w, "foreseen", &p->live.due, p->live.cut && !p->saved.present);
	jw_bool(w, "asForeseen", p->live_known && (p->live.ours || !p->saved.present));
	jw_string(w, "allowed", mpol_nodeset_format(&p->live.allowed, nodes));
	jw_object_end(w);
}

static void add_threads(struct json_writer *w, const struct place *p)
{
	jw_object(w, "threads");
	jw_u64(w, "looked", p->n_looked);
	jw_u64(w, "notLooked", p->n_unlooked);
	jw_u64(w, "notRead", p->n_unread);
	jw_u64(w, "differing", p->n_differing);
	jw_array(w, "list");
	for (size_t i = 0; i < p->n_differing && i < PLACE_THREADS_SHOWN; i++) {
		jw_object(w, NULL);
		jw_i64(w, "pid", p->threads[i].pid);
		jw_i64(w, "tid", p->threads[i].tid);
		jw_string(w, "name", p->threads[i].comm);
		add_policy(w, "policy", &p->threads[i].policy, p->threads[i].cut);
		jw_object_end(w);
	}
	jw_array_end(w);
	jw_object_end(w);
}

static void add_nodes(struct json_writer *w, const struct place *p)
{
	jw_array(w, "nodes");
	for (unsigned n = mpol_nodeset_next(&p->shown_nodes, 0); n < MPOL_NODES_MAX;
		n = mpol_nodeset_next(&p->shown_nodes, n + 1)) {
		jw_object(w, NULL);
		jw_u64(w, "id", n);
		jw_u64(w, "bytes", place_on_node(p->pages, n));
		for (int kind = 0; kind < PLACE_KINDS; kind++)
			jw_u64(w, place_kind_name((enum place_kind)kind), p->pages->bytes[kind][n]);
		jw_u64(w, "transparentHuge", p->pages->thp[n]);
		jw_bool(w, "due", mpol_nodeset_has(&p->due.nodes, n));
		if (p->due.balanced) {
			jw_u64(w, "weight", p->due.weight[n]);
			jw_u64(w, "dueBytes", p->verdict.due[n]);
		}
		jw_u64(w, "misplaced", p->verdict.outside[n] + p->verdict.excess[n]);
		jw_object_end(w);
	}
	jw_array_end(w);
}

static void add_process(
	struct json_writer *w, const struct place *p, const struct place_process *row)
{
	size_t k = 0;

	jw_object(w, NULL);
	jw_i64(w, "pid", row->pid);
	jw_string(w, "name", row->comm);
	for (int kind = 0; kind < PLACE_KINDS; kind++)
		jw_u64(w, place_kind_name((enum place_kind)kind), row->by_kind[kind]);
	jw_u64(w, "ownPolicy", row->own);
	jw_array(w, "nodes");
	for (unsigned n = mpol_nodeset_next(&p->row_nodes, 0); n < MPOL_NODES_MAX;
		n = mpol_nodeset_next(&p->row_nodes, n + 1), k++) {
		if (!row->bytes[k])
			continue;
		jw_object(w, NULL);
		jw_u64(w, "id", n);
		jw_u64(w, "bytes", row->bytes[k]);
		jw_object_end(w);
	}
	jw_array_end(w);
	jw_object_end(w);
}

static void add_verdict(struct json_writer *w, const struct place *p)
{
	char words[PLACE_WORDS];

	jw_object(w, "verdict");
	jw_string(w, "grade", place_grade_name(place_grade(p)));
	jw_decimal(w, "percent", place_permille(&p->verdict), 1);
	jw_u64(w, "governed", p->verdict.governed);
	jw_u64(w, "inPlace", p->verdict.in_place);
	jw_string(w, "should", place_due_words(p, words));
	jw_array(w, "reasons");
	for (size_t i = 0; i < p->n_reasons; i++) {
		jw_object(w, NULL);
		jw_string(w, "code", p->reasons[i].code);
		jw_u64(w, "bytes", p->reasons[i].bytes);
		jw_string(w, "text", p->reasons[i].text);
		jw_object_end(w);
	}
	jw_array_end(w);
	if (p->mapped_known)
		jw_u64(w, "othersFiles", place_others(p));
	jw_bool(w, "lookCloser", p->suspicious);
	jw_object_end(w);
}

void place_json(struct strbuf *b, const struct place *p)
{
	struct json_writer w = { .b = b };

	jw_object(&w, NULL);
	jw_string(&w, "id", p->id);
	jw_string(&w, "status", life_status_name(p->status));
	jw_u64(&w, "processes", p->n_processes);
	jw_string(&w, "countedBy", place_source_name(p->source));
	add_policies(&w, p);
	add_threads(&w, p);
	add_nodes(&w, p);
	if (p->mapped_asked) {
		jw_array(&w, "processList");
		for (size_t i = 0; i < p->n_mapped; i++)
			add_process(&w, p, &p->processes[i]);
		jw_array_end(&w);
	}
	add_verdict(&w, p);
	jw_object_end(&w);
}
