/* SPDX-License-Identifier: Apache-2.0 */
/*
 * print.c - what commands print: built whole in memory, then written at once.
 */
#include "cmd/cmd.h"

#include "base/fd.h"
#include "report/report.h"

#include <assert.h>
#include <errno.h>

int print_out(struct strbuf *b, struct err *e)
{
	int r = b->failed ? err_nomem(e) : 0;

	if (r == 0 && b->len > 0) {
		r = fd_write_all(STDOUT_FILENO, b->text, b->len);
		if (r < 0)
			r = err_set(e, -r, "writing standard output");
	}
	strbuf_free(b);
	return r;
}

static void member(struct strbuf *b, const char *name, const char *value)
{
	strbuf_add_json(b, name);
	strbuf_adds(b, ":");
	strbuf_add_json(b, value);
}

void print_state(struct strbuf *b, const struct container_info *info)
{
	strbuf_addf(b, "{\n  \"ociVersion\": \"%s\",\n  \"id\": ", SPEC_OCI_VERSION);
	strbuf_add_json(b, info->id);
	strbuf_addf(b, ",\n  \"status\": \"%s\",\n  \"pid\": %d,\n  \"bundle\": ",
		life_status_name(info->status), (int)info->pid);
	strbuf_add_json(b, info->bundle);
	for (size_t i = 0; i < info->annotations.n; i++) {
		strbuf_adds(b, i ? ",\n    " : ",\n  \"annotations\": {\n    ");
		strbuf_add_json(b, info->annotations.v[i].key);
		strbuf_adds(b, ": ");
		strbuf_add_json(b, info->annotations.v[i].value);
	}
	strbuf_adds(b, info->annotations.n ? "\n  }\n}\n" : "\n}\n");
}

void print_entry(struct strbuf *b, const struct container_info *info)
{
	strbuf_adds(b, "{");
	member(b, "ociVersion", SPEC_OCI_VERSION);
	strbuf_adds(b, ",");
	member(b, "id", info->id);
	strbuf_addf(b, ",\"pid\":%d,", (int)info->pid);
	member(b, "status", life_status_name(info->status));
	strbuf_adds(b, ",");
	member(b, "bundle", info->bundle);
	strbuf_adds(b, ",");
	member(b, "rootfs", info->rootfs);
	strbuf_adds(b, ",");
	member(b, "created", info->created);
	for (size_t i = 0; i < info->annotations.n; i++) {
		strbuf_adds(b, i ? "," : ",\"annotations\":{");
		member(b, info->annotations.v[i].key, info->annotations.v[i].value);
	}
	strbuf_adds(b, info->annotations.n ? "}," : ",");
	member(b, "owner", info->owner);
	strbuf_adds(b, "}");
}

#define COLUMNS_MAX 16
#define GAP 3 /* characters between columns */

void print_table(struct strbuf *b, size_t columns, size_t rows, const char *const cells[])
{
	size_t widths[COLUMNS_MAX] = { 0 };

	assert(columns > 0 && columns <= COLUMNS_MAX);
	for (size_t i = 0; i < columns * rows; i++) {
		size_t w = text_width(cells[i]);
		if (w > widths[i % columns])
			widths[i % columns] = w;
	}
	for (size_t i = 0; i < columns * rows; i++) {
		text_add(b, cells[i], strlen(cells[i])); /* paths may be anything */
		if (i % columns == columns - 1)
			strbuf_adds(b, "\n");
		else
			strbuf_addf(b, "%*s",
				(int)(widths[i % columns] - text_width(cells[i]) + GAP), "");
	}
}
