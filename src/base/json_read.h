/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_read.h - JSON text to a tree, strictly by RFC 8259 and in one pass.
 *
 * What two readers could understand differently is refused: names that occur twice in an object or
 * are cut short by NUL, integers beyond 64 bits, bytes that are not UTF-8. The tree and its strings
 * lie in an arena, value behind value: a library's tree of hundreds of small allocations cost a
 * tenth of an exec.
 */
#pragma once

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum json_kind {
	JSON_NULL,
	JSON_BOOL,
	JSON_INT,    /* -2^63 to 2^64-1 */
	JSON_NUMBER, /* one with a fraction or an exponent: nobody here computes with it */
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT,
};

struct json {
	const char *name;  /* in an object; else NULL */
	struct json *next; /* in the same object or array, in the order of the text */
	union {
		char *text; /* JSON_STRING: NUL-ended, escapes undone; JSON_NUMBER: as written */
		struct json *first; /* JSON_OBJECT, JSON_ARRAY */
		uint64_t u; /* JSON_INT, JSON_BOOL; of a negative number its two's complement */
	};
	uint32_t at;           /* bytes: where in the text it begins, a member with its name */
	uint32_t kind : 3;     /* enum json_kind */
	uint32_t negative : 1; /* JSON_INT */
	uint32_t nul : 1;      /* JSON_STRING: it has a NUL, which ends C's strings */
	uint32_t n : 27;       /* members, items */
};

/* What is read at most, so that a hostile text costs no more. */
struct json_bounds {
	uint32_t len;     /* bytes of text; the largest: JSON_LEN_MAX */
	uint32_t values;  /* of all kinds */
	uint32_t objects; /* among them */
	unsigned depth;   /* of objects and arrays in each other: the stack grows with it */
	bool any_bytes;   /* strings that are not UTF-8 are taken: paths may be any bytes */
};

/* Of a file of our own of so many bytes: no more values than fit in, and names may be any bytes. */
#define JSON_BOUNDS_OURS(max)                                                                      \
	{                                                                                          \
		.len = (max), .values = (max) / 2, .objects = (max) / 2, .depth = 8,               \
		.any_bytes = true                                                                  \
	}

#define JSON_LEN_MAX ((1u << 27) - 1)

/*
 * Text is NUL-ended behind its len. Errors are "line 3, column 7: <sentence>", both from 1, columns
 * in characters: -EINVAL, -EFBIG for a text that is too long, -ENOMEM.
 */
int json_parse(const char *text, size_t len, const struct json_bounds *bounds, struct arena *arena,
	const struct json **ret, struct err *e);

/* NULL is no value, and of no type. */
static inline bool json_is(const struct json *v, enum json_kind kind)
{
	return v && v->kind == kind;
}

/* The member of an object, if v is one and has it. NULL also for null: it is as good as nothing. */
const struct json *json_get(const struct json *v, const char *name);

/* NULL if v is not a string, or has a NUL in it. */
static inline const char *json_text(const struct json *v)
{
	return json_is(v, JSON_STRING) && !v->nul ? v->text : NULL;
}

/* Is v a number from 0 to max? */
static inline bool json_u64(const struct json *v, uint64_t max, uint64_t *ret)
{
	if (!json_is(v, JSON_INT) || v->negative || v->u > max)
		return false;
	*ret = v->u;
	return true;
}

/* The members of an object or the items of an array; of anything else none. */
static inline const struct json *json_first(const struct json *v)
{
	return json_is(v, JSON_OBJECT) || json_is(v, JSON_ARRAY) ? v->first : NULL;
}
#define json_each(it, v) for (const struct json *it = json_first(v); it; it = it->next)
