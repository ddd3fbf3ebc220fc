/* SPDX-License-Identifier: Apache-2.0 */
/* parsed.h - a text as hasu reads it, for tests of what is made of it. */
#ifndef TESTS_PARSED_H
#define TESTS_PARSED_H

#include "rows.h"

#include "base/json_read.h"

static inline const struct json *parsed(const char *text, struct arena *arena)
{
	static const struct json_bounds bounds = {
		.len = 1 << 20, .values = 1 << 20, .objects = 1 << 20, .depth = 64
	};
	const struct json *json = NULL;
	struct err e = { 0 };

	if (json_parse(text, strlen(text), &bounds, arena, &json, &e) < 0)
		fail_msg("%s: %s", text, e.text);
	return json;
}

#endif
