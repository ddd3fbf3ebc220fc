/* SPDX-License-Identifier: Apache-2.0 */
/*
 * str.h - strings: an arena to keep them in, a buffer to build them in, strict numbers.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

/*
 * An arena: everything allocated from it is freed at once. Used for what lives as long as a spec or
 * a plan does. All-zero is an empty arena.
 */
struct arena {
	struct arena_block *block;
};

/* Zeroed memory for n items of size bytes, aligned for any type; NULL when out of memory. */
void *arena_alloc(struct arena *a, size_t n, size_t size);
char *arena_strdup(struct arena *a, const char *s);
char *arena_strndup(struct arena *a, const char *s, size_t len);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void arena_free(struct arena *a);

#define arena_new(a, type) ((type *)arena_alloc((a), 1, sizeof(type)))
#define arena_array(a, type, n) ((type *)arena_alloc((a), (n), sizeof(type)))

/*
 * A growing buffer. All-zero is empty; text is NULL until something is added, then always
 * NUL-ended. Once an allocation failed, failed stays true and additions do nothing: check it at the
 * end.
 */
struct strbuf {
	char *text;
	size_t len, size;
	bool failed;
	bool lent; /* text is the caller's, and not freed */
};

/* One that begins in an array of the caller's, and is allocated only where that does not suffice. */
#define STRBUF_IN(array)                                                                           \
	{                                                                                          \
		.text = (array), .size = sizeof(array), .lent = true                               \
	}

void strbuf_add(struct strbuf *b, const char *data, size_t len);
void strbuf_adds(struct strbuf *b, const char *s);
void strbuf_addf(struct strbuf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void strbuf_add_u64(struct strbuf *b, uint64_t value);
/* Add s as a JSON string, quotes and escapes included; bytes that are not UTF-8 become U+FFFD. */
void strbuf_add_json(struct strbuf *b, const char *s);
/* The same, but they stay: for what only we read back (json_bounds.any_bytes). */
void strbuf_add_json_exact(struct strbuf *b, const char *s);
void strbuf_free(struct strbuf *b);

/* The bytes of the UTF-8 sequence at s, NUL-ended; 0: none (RFC 3629: no surrogates, none
 * overlong). */
size_t str_utf8_len(const char *s);

/* Decimal digits only, all of s, in range; else -EINVAL or -ERANGE. */
int str_to_u64(const char *s, uint64_t *ret);
int str_to_i64(const char *s, int64_t *ret); /* a leading '-' is allowed */
int str_to_u32(const char *s, uint32_t *ret);

/*
 * RFC 3339 in UTC, "2026-11-25T23:00:00.000000001Z". gmtime(3) would read the host's time zone for it,
 * which UTC has none of. "" before 1970 and from the year 10000 on.
 */
#define STR_UTC 64
void str_utc(const struct timespec *when, char ret[STR_UTC]);

static inline bool str_eq(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}
static inline bool str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}
static inline bool str_empty(const char *s)
{
	return !s || !*s;
}

/* A value of the input as it is shown in a sentence: shortened at a character's edge. */
struct shown {
	char text[104];
};
struct shown shown(const char *s);

#define ELEMENTS(a) (sizeof(a) / sizeof((a)[0]))
