/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json.h - JSON written in order: as people can read it, two blanks deep and a member a line, or to be
 * saved. name is NULL in a list and for the whole.
 */
#pragma once

#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_writer {
	struct strbuf *b;
	bool line;  /* all on one line, for programs */
	bool saved; /* so, too, but for ourselves: bytes that are not UTF-8 stay what they are */
	unsigned depth;
	bool comma; /* something stands before in this object or list */
};

void jw_object(struct json_writer *w, const char *name);
void jw_object_end(struct json_writer *w);
void jw_array(struct json_writer *w, const char *name);
void jw_array_end(struct json_writer *w);
void jw_string(struct json_writer *w, const char *name, const char *value); /* NULL: null */
void jw_u64(struct json_writer *w, const char *name, uint64_t value);
void jw_i64(struct json_writer *w, const char *name, int64_t value);
/* A number with so many digits behind the point, but no zeros at its end: 982 and 1 are 98.2. */
void jw_decimal(struct json_writer *w, const char *name, uint64_t value, unsigned digits);
void jw_bool(struct json_writer *w, const char *name, bool value);
/* Numbers of 0 to n-1 on one line. */
void jw_numbers(struct json_writer *w, const char *name, const uint16_t *values, size_t n);

/* Where the writer stands, and back to there: what was written since turned out to say nothing. */
struct json_mark {
	struct json_writer writer;
	size_t len;
};
struct json_mark jw_mark(const struct json_writer *w);
void jw_back(struct json_writer *w, struct json_mark mark);
