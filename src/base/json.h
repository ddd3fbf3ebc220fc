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
	bool saved; /* for ourselves: on one line, and bytes that are not UTF-8 stay what they are */
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
/* A number with one digit behind the point: 982 is 98.2. */
void jw_tenths(struct json_writer *w, const char *name, uint64_t tenths);
void jw_bool(struct json_writer *w, const char *name, bool value);
/* Numbers of 0 to n-1 on one line. */
void jw_numbers(struct json_writer *w, const char *name, const uint16_t *values, size_t n);
