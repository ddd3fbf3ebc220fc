/* SPDX-License-Identifier: Apache-2.0 */
/*
 * str.c - arenas, string buffers, strict numbers.
 */
#include "base/str.h"
#include "config.h"

#include <errno.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>

struct arena_block {
	struct arena_block *next;
	size_t used, size; /* bytes of data */
	alignas(max_align_t) char data[];
};

/*
 * The first blocks are pages of our own: what most commands need in all, and none of it has to be
 * asked of the kernel and given back one by one. Beyond them each block of an arena has twice the
 * room of the one before.
 */
#define POOL_BLOCKS 10
#define POOL_BLOCK 4096
#define ARENA_FIRST ((size_t)1024)
#define ARENA_BLOCK ((size_t)16384)

static alignas(POOL_BLOCK) char pool[POOL_BLOCKS][POOL_BLOCK];
static unsigned pool_taken, pool_used; /* bit N: pool[N] now, or ever */

static struct arena_block *pool_block(void)
{
	const unsigned n = (unsigned)__builtin_ctz(~pool_taken);
	struct arena_block *b;

	if (!HASU_ARENA_POOL || n >= POOL_BLOCKS)
		return NULL;
	if (pool_used & 1u << n)
		memset(pool[n], 0, sizeof(pool[n]));
	pool_taken |= 1u << n;
	pool_used |= 1u << n;
	b = (struct arena_block *)(void *)pool[n];
	b->size = sizeof(pool[n]) - sizeof(*b);
	return b;
}

static void block_free(struct arena_block *b)
{
	const uintptr_t at = (uintptr_t)b - (uintptr_t)pool;

	if (at < sizeof(pool))
		pool_taken &= ~(1u << at / POOL_BLOCK);
	else
		free(b);
}

/* A block with room for so many bytes, for an arena whose newest block is last. */
static struct arena_block *block_new(const struct arena_block *last, size_t bytes)
{
	struct arena_block *b = NULL;

	if (bytes <= POOL_BLOCK - sizeof(*b))
		b = pool_block();
	if (!b) {
		size_t room = last ? last->size * 2 : ARENA_FIRST;

		room = room > ARENA_BLOCK ? ARENA_BLOCK : room;
		room = bytes > room ? bytes : room;
		b = calloc(1, sizeof(*b) + room);
		if (b)
			b->size = room;
	}
	return b;
}

static size_t room_in(const struct arena_block *b)
{
	return b->size - b->used;
}

void *arena_alloc(struct arena *a, size_t n, size_t size)
{
	struct arena_block *b = a->block;
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes) || bytes > SIZE_MAX / 2)
		return NULL;
	bytes = (bytes + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	if (bytes == 0)
		bytes = alignof(max_align_t);

	if (!b || room_in(b) < bytes) {
		b = block_new(a->block, bytes);
		if (!b)
			return NULL;
		/* The first in the list is the one with more room for what comes next. */
		struct arena_block **at = &a->block;
		if (*at && room_in(*at) > b->size - bytes)
			at = &(*at)->next;
		b->next = *at;
		*at = b;
	}
	void *p = b->data + b->used;
	b->used += bytes;
	return p;
}

char *arena_strndup(struct arena *a, const char *s, size_t len)
{
	char *copy = arena_alloc(a, len + 1, 1);

	if (copy)
		memcpy(copy, s, len);
	return copy;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	char room[256];
	va_list ap, again;
	char *text = NULL;

	va_start(ap, fmt);
	va_copy(again, ap);
	const int len = vsnprintf(room, sizeof(room), fmt, ap);
	va_end(ap);
	if (len >= 0 && (size_t)len < sizeof(room))
		text = arena_strndup(a, room, (size_t)len);
	else if (len >= 0 && (text = arena_alloc(a, (size_t)len + 1, 1)))
		(void)vsnprintf(text, (size_t)len + 1, fmt, again);
	va_end(again);
	return text;
}

void arena_free(struct arena *a)
{
	while (a->block) {
		struct arena_block *next = a->block->next;

		block_free(a->block);
		a->block = next;
	}
}

static bool strbuf_room(struct strbuf *b, size_t more)
{
	if (b->failed)
		return false;
	if (more < b->size - b->len && b->text)
		return true;

	size_t size = b->size ? b->size : 256;
	while (size - b->len <= more) {
		if (size > SIZE_MAX / 4) {
			b->failed = true;
			return false;
		}
		size *= 2;
	}
	char *moved = realloc(b->lent ? NULL : b->text, size);
	if (!moved) {
		b->failed = true;
		return false;
	}
	if (b->lent)
		memcpy(moved, b->text, b->len);
	b->text = moved;
	b->size = size;
	b->lent = false;
	return true;
}

void strbuf_add(struct strbuf *b, const char *data, size_t len)
{
	if (!strbuf_room(b, len))
		return;
	memcpy(b->text + b->len, data, len);
	b->len += len;
	b->text[b->len] = '\0';
}

void strbuf_adds(struct strbuf *b, const char *s)
{
	strbuf_add(b, s, strlen(s));
}

void strbuf_addf(struct strbuf *b, const char *fmt, ...)
{
	const size_t room = b->text ? b->size - b->len : 0;
	va_list ap, again;

	if (b->failed)
		return;
	va_start(ap, fmt);
	va_copy(again, ap);
	/* Most have room at once. */
	const int len = vsnprintf(b->text ? b->text + b->len : NULL, room, fmt, ap);
	va_end(ap);
	if (len < 0)
		b->failed = true;
	else if ((size_t)len < room)
		b->len += (size_t)len;
	else if (strbuf_room(b, (size_t)len))
		b->len += (size_t)vsnprintf(b->text + b->len, (size_t)len + 1, fmt, again);
	va_end(again);
	if (b->failed && room > 0)
		b->text[b->len] = '\0';
}

void strbuf_add_u64(struct strbuf *b, uint64_t value)
{
	char digits[20], *p = digits + sizeof(digits);

	do {
		*--p = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	strbuf_add(b, p, (size_t)(digits + sizeof(digits) - p));
}

size_t str_utf8_len(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		return (s[1] & 0xc0) == 0x80 ? 2 : 0;
	if (s[0] >= 0xe0 && s[0] <= 0xef) {
		unsigned char low = s[0] == 0xe0 ? 0xa0 : 0x80, high = s[0] == 0xed ? 0x9f : 0xbf;
		return s[1] >= low && s[1] <= high && (s[2] & 0xc0) == 0x80 ? 3 : 0;
	}
	if (s[0] >= 0xf0 && s[0] <= 0xf4) {
		unsigned char low = s[0] == 0xf0 ? 0x90 : 0x80, high = s[0] == 0xf4 ? 0x8f : 0xbf;
		return s[1] >= low && s[1] <= high && (s[2] & 0xc0) == 0x80 && (s[3] & 0xc0) == 0x80
			       ? 4
			       : 0;
	}
	return 0;
}

/* U+0080 to U+009F are controls, and U+009B to many terminals what ESC [ is. */
static bool is_c1(const char *s)
{
	return (unsigned char)s[0] == 0xc2 && (unsigned char)s[1] < 0xa0;
}

/* How much of s can stand in a JSON string as it is. */
static size_t plain_len(const char *s, bool exact)
{
	size_t n = 0;

	for (;;) {
		const unsigned char c = (unsigned char)s[n];
		const size_t len = exact ? 1 : str_utf8_len(s + n);
		if (c < 0x20 || c == 0x7f || c == '"' || c == '\\' || len == 0 ||
			(len == 2 && is_c1(s + n)))
			return n;
		n += len;
	}
}

static void add_quoted(struct strbuf *b, const char *s, bool exact)
{
	strbuf_adds(b, "\"");
	for (;; s++) {
		const size_t n = plain_len(s, exact);
		strbuf_add(b, s, n);
		s += n;
		if (!*s)
			break;
		if (*s == '"' || *s == '\\')
			strbuf_addf(b, "\\%c", *s);
		else if ((unsigned char)*s < 0x80)
			strbuf_addf(b, "\\u%04x", *s);
		else if (str_utf8_len(s) == 2)
			strbuf_addf(b, "\\u%04x", (unsigned char)*++s);
		else
			strbuf_adds(b, "\\ufffd");
	}
	strbuf_adds(b, "\"");
}

void strbuf_add_json(struct strbuf *b, const char *s)
{
	add_quoted(b, s, false);
}

void strbuf_add_json_exact(struct strbuf *b, const char *s)
{
	add_quoted(b, s, true);
}

void strbuf_free(struct strbuf *b)
{
	if (!b->lent)
		free(b->text);
	*b = (struct strbuf){ 0 };
}

int str_to_u64(const char *s, uint64_t *ret)
{
	uint64_t v = 0;

	if (!*s)
		return -EINVAL;
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return -EINVAL;
		if (__builtin_mul_overflow(v, (uint64_t)10, &v) ||
			__builtin_add_overflow(v, (uint64_t)(*s - '0'), &v))
			return -ERANGE;
	}
	*ret = v;
	return 0;
}

int str_to_i64(const char *s, int64_t *ret)
{
	bool negative = *s == '-';
	uint64_t v;
	int r = str_to_u64(s + negative, &v);

	if (r < 0)
		return r;
	if (v > (uint64_t)INT64_MAX + negative)
		return -ERANGE;
	*ret = negative ? (int64_t)(0 - v) : (int64_t)v;
	return 0;
}

int str_to_u32(const char *s, uint32_t *ret)
{
	uint64_t v;
	int r = str_to_u64(s, &v);

	if (r < 0)
		return r;
	if (v > UINT32_MAX)
		return -ERANGE;
	*ret = (uint32_t)v;
	return 0;
}

void str_utc(const struct timespec *when, char ret[STR_UTC])
{
	const uint64_t seconds = (uint64_t)when->tv_sec, day_seconds = 86400;

	ret[0] = '\0';
	if (when->tv_sec < 0 || seconds >= 2932897 * day_seconds || when->tv_nsec < 0 ||
		when->tv_nsec > 999999999)
		return;
	/* Days since 0000-03-01, so that a leap day is a year's last: 400 years have 146097 days, 100
	 * have 36524, four have 1461, and five months from March on have 153. */
	const unsigned days = (unsigned)(seconds / day_seconds) + 719468;
	const unsigned in_era = days % 146097;
	const unsigned year_of_era =
		(in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	const unsigned in_year = in_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	const unsigned from_march = (5 * in_year + 2) / 153;
	const unsigned month = from_march < 10 ? from_march + 3 : from_march - 9;
	const unsigned year = days / 146097 * 400 + year_of_era + (month <= 2);
	const unsigned in_day = (unsigned)(seconds % day_seconds);

	(void)snprintf(ret, STR_UTC, "%04u-%02u-%02uT%02u:%02u:%02u.%09uZ", year, month,
		in_year - (153 * from_march + 2) / 5 + 1, in_day / 3600, in_day / 60 % 60,
		in_day % 60, (unsigned)when->tv_nsec);
}

struct shown shown(const char *s)
{
	struct shown out;
	size_t len = strlen(s), room = sizeof(out.text) - 4;

	if (len < sizeof(out.text)) {
		memcpy(out.text, s, len + 1);
		return out;
	}
	while (room > 0 && ((unsigned char)s[room] & 0xc0) == 0x80)
		room--;
	memcpy(out.text, s, room);
	memcpy(out.text + room, "...", 4);
	return out;
}
