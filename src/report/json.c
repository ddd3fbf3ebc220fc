/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json.c - JSON written in order, so that people can read it: two blanks deep, a member a line.
 */
#include "report/report.h"

#include <inttypes.h>

static void begin(struct json_writer *w, const char *name)
{
	if (w->depth > 0)
		strbuf_addf(w->b, "%s\n%*s", w->comma ? "," : "", (int)(2 * w->depth), "");
	w->comma = true;
	if (name) {
		strbuf_add_json(w->b, name);
		strbuf_adds(w->b, ": ");
	}
}

static void open_with(struct json_writer *w, const char *name, const char *bracket)
{
	begin(w, name);
	strbuf_adds(w->b, bracket);
	w->depth++;
	w->comma = false;
}

static void close_with(struct json_writer *w, const char *bracket)
{
	w->depth--;
	if (w->comma)
		strbuf_addf(w->b, "\n%*s", (int)(2 * w->depth), "");
	strbuf_adds(w->b, bracket);
	w->comma = true;
	if (w->depth == 0)
		strbuf_adds(w->b, "\n");
}

void jw_object(struct json_writer *w, const char *name)
{
	open_with(w, name, "{");
}

void jw_object_end(struct json_writer *w)
{
	close_with(w, "}");
}

void jw_array(struct json_writer *w, const char *name)
{
	open_with(w, name, "[");
}

void jw_array_end(struct json_writer *w)
{
	close_with(w, "]");
}

void jw_string(struct json_writer *w, const char *name, const char *value)
{
	begin(w, name);
	if (value)
		strbuf_add_json(w->b, value);
	else
		strbuf_adds(w->b, "null");
}

void jw_u64(struct json_writer *w, const char *name, uint64_t value)
{
	begin(w, name);
	strbuf_addf(w->b, "%" PRIu64, value);
}

void jw_i64(struct json_writer *w, const char *name, int64_t value)
{
	begin(w, name);
	strbuf_addf(w->b, "%" PRId64, value);
}

void jw_tenths(struct json_writer *w, const char *name, uint64_t tenths)
{
	begin(w, name);
	strbuf_addf(w->b, "%" PRIu64, tenths / 10);
	if (tenths % 10)
		strbuf_addf(w->b, ".%" PRIu64, tenths % 10);
}

void jw_bool(struct json_writer *w, const char *name, bool value)
{
	begin(w, name);
	strbuf_adds(w->b, value ? "true" : "false");
}

void jw_numbers(struct json_writer *w, const char *name, const uint16_t *values, size_t n)
{
	begin(w, name);
	strbuf_adds(w->b, "[");
	for (size_t i = 0; i < n; i++)
		strbuf_addf(w->b, "%s%u", i ? ", " : "", (unsigned)values[i]);
	strbuf_adds(w->b, "]");
}

void jw_policy_members(struct json_writer *w, const struct mpol *policy)
{
	const struct mpol_mode_info *mode = mpol_mode_by_number(policy->mode);
	char nodes[MPOL_NODESET_TEXT];
	size_t n;
	const struct mpol_flag_info *flags = mpol_flags(&n);

	jw_string(w, "mode", mode ? mode->name : NULL);
	jw_string(w, "nodes", mpol_nodeset_format(&policy->nodes, nodes));
	jw_array(w, "flags");
	for (size_t i = 0; i < n; i++)
		if (policy->flags & flags[i].bit)
			jw_string(w, NULL, flags[i].name);
	jw_array_end(w);
}
