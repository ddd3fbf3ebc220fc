/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json.c - JSON written in order, without a tree of it in memory.
 */
#include "base/json.h"

#include <inttypes.h>

static void new_line(struct json_writer *w)
{
	if (!w->saved && !w->line)
		strbuf_addf(w->b, "\n%*s", (int)(2 * w->depth), "");
}

static void add_text(struct json_writer *w, const char *text)
{
	if (w->saved)
		strbuf_add_json_exact(w->b, text);
	else
		strbuf_add_json(w->b, text);
}

static void begin(struct json_writer *w, const char *name)
{
	if (w->depth > 0) {
		strbuf_adds(w->b, w->comma ? "," : "");
		new_line(w);
	}
	w->comma = true;
	if (name) {
		add_text(w, name);
		strbuf_adds(w->b, w->saved || w->line ? ":" : ": ");
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
		new_line(w);
	strbuf_adds(w->b, bracket);
	w->comma = true;
	if (w->depth == 0 && !w->saved)
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
		add_text(w, value);
	else
		strbuf_adds(w->b, "null");
}

void jw_u64(struct json_writer *w, const char *name, uint64_t value)
{
	begin(w, name);
	strbuf_add_u64(w->b, value);
}

void jw_i64(struct json_writer *w, const char *name, int64_t value)
{
	begin(w, name);
	strbuf_adds(w->b, value < 0 ? "-" : "");
	strbuf_add_u64(w->b, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void jw_decimal(struct json_writer *w, const char *name, uint64_t value, unsigned digits)
{
	uint64_t unit = 1;

	for (; digits > 0 && value % 10 == 0; digits--)
		value /= 10;
	for (unsigned i = 0; i < digits; i++)
		unit *= 10;
	jw_u64(w, name, value / unit);
	if (digits > 0)
		strbuf_addf(w->b, ".%0*" PRIu64, (int)digits, value % unit);
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

struct json_mark jw_mark(const struct json_writer *w)
{
	return (struct json_mark){ .writer = *w, .len = w->b->len };
}

void jw_back(struct json_writer *w, struct json_mark mark)
{
	*w = mark.writer;
	w->b->len = mark.len;
	if (w->b->text)
		w->b->text[mark.len] = '\0';
}
