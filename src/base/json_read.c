/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_read.c - JSON text to a tree.
 */
#include "base/json_read.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct parser {
	const char *text;
	size_t len;
	size_t i; /* the next byte */
	const struct json_bounds *bounds;
	struct arena *arena;
	char *chars; /* room for all strings: none is longer than between its quotes */
	uint32_t values, objects;
	unsigned depth;
	struct err *e;
};

static int parse_value(struct parser *p, struct json *ret);

/* "line 3, column 7: <sentence>": columns count characters, from 1. */
static int say_at(struct parser *p, size_t offset, const char *sentence)
{
	size_t line = 1, column = 1;

	for (size_t i = 0; i < offset && i < p->len; i++) {
		if (p->text[i] == '\n') {
			line++;
			column = 1;
		} else if (((unsigned char)p->text[i] & 0xc0) != 0x80) {
			column++;
		}
	}
	return err_say(p->e, EINVAL, "line %zu, column %zu: %s", line, column, sentence);
}

/* At the next byte, unless there is none. */
static int say_here(struct parser *p, const char *sentence)
{
	return say_at(p, p->i, p->i < p->len ? sentence : "the text ends too early");
}

/* The next byte that is no white space; NUL at the end, which is none of JSON's characters. */
static char skip_space(struct parser *p)
{
	while (p->text[p->i] == ' ' || p->text[p->i] == '\n' || p->text[p->i] == '\t' ||
		p->text[p->i] == '\r')
		p->i++;
	return p->text[p->i];
}

static struct json *new_value(struct parser *p)
{
	struct json *v = arena_new(p->arena, struct json);

	if (!v)
		(void)err_nomem(p->e);
	return v;
}

/* --- strings --- */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The four digits behind "\u". */
static int parse_hex(struct parser *p, uint32_t *ret)
{
	*ret = 0;
	for (unsigned n = 0; n < 4; n++, p->i++) {
		const int digit = hex_digit(p->text[p->i]);

		if (digit < 0)
			return say_here(p, "four hexadecimal digits are expected behind \\u");
		*ret = *ret << 4 | (uint32_t)digit;
	}
	return 0;
}

static void add_utf8(struct parser *p, uint32_t c)
{
	if (c < 0x80) {
		*p->chars++ = (char)c;
		return;
	}
	if (c < 0x800) {
		*p->chars++ = (char)(0xc0 | c >> 6);
	} else {
		if (c < 0x10000) {
			*p->chars++ = (char)(0xe0 | c >> 12);
		} else {
			*p->chars++ = (char)(0xf0 | c >> 18);
			*p->chars++ = (char)(0x80 | (c >> 12 & 0x3f));
		}
		*p->chars++ = (char)(0x80 | (c >> 6 & 0x3f));
	}
	*p->chars++ = (char)(0x80 | (c & 0x3f));
}

/* Half of a surrogate pair is no character: U+FFFD stands for it, as in Go and json-c. */
static int parse_unicode(struct parser *p, bool *nul)
{
	uint32_t c, low;
	int r = parse_hex(p, &c);

	if (r < 0)
		return r;
	if (c >= 0xd800 && c < 0xdc00 && p->text[p->i] == '\\' && p->text[p->i + 1] == 'u') {
		const size_t behind = p->i;

		p->i += 2;
		r = parse_hex(p, &low);
		if (r < 0)
			return r;
		if (low >= 0xdc00 && low < 0xe000)
			c = 0x10000 + ((c - 0xd800) << 10 | (low - 0xdc00));
		else
			p->i = behind; /* the other is a character of its own */
	}
	if (c >= 0xd800 && c < 0xe000)
		c = 0xfffd;
	*nul |= c == 0;
	add_utf8(p, c);
	return 0;
}

static int parse_escape(struct parser *p, bool *nul)
{
	static const char names[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
	const char c = p->text[++p->i];
	const char *name = c ? strchr(names, c) : NULL;

	if (name)
		*p->chars++ = meanings[name - names];
	else if (c != 'u')
		return say_here(p, "an unknown escape in a string");
	p->i++;
	return name ? 0 : parse_unicode(p, nul);
}

/* What stands for itself, as far as it goes. */
static void parse_plain(struct parser *p)
{
	const char *start = p->text + p->i, *end = start;

	while ((unsigned char)*end >= 0x20 && (unsigned char)*end < 0x80 && *end != '"' &&
		*end != '\\')
		end++;
	memcpy(p->chars, start, (size_t)(end - start));
	p->chars += end - start;
	p->i += (size_t)(end - start);
}

/* At its first quote; behind its last in the end. */
static int parse_string(struct parser *p, char **ret, bool *ret_nul)
{
	*ret = p->chars;
	*ret_nul = false;
	p->i++;
	for (;;) {
		parse_plain(p);
		const unsigned char c = (unsigned char)p->text[p->i];
		if (c == '"')
			break;
		if (c < 0x20)
			return say_here(p, "control character in a string");
		if (c == '\\') {
			const int r = parse_escape(p, ret_nul);

			if (r < 0)
				return r;
			continue;
		}
		size_t bytes = p->bounds->any_bytes ? 1 : str_utf8_len(p->text + p->i);
		if (bytes == 0)
			return say_here(p, "not UTF-8");
		for (; bytes > 0; bytes--)
			*p->chars++ = p->text[p->i++];
	}
	*p->chars++ = '\0';
	p->i++;
	return 0;
}

/* --- numbers --- */

static size_t skip_digits(struct parser *p)
{
	const size_t start = p->i;

	while (p->text[p->i] >= '0' && p->text[p->i] <= '9')
		p->i++;
	return p->i - start;
}

/* Do 64 bits, signed or not, hold this integer? */
static bool fits(const char *digits, size_t n, struct json *ret)
{
	uint64_t u = 0;

	for (size_t i = 0; i < n; i++) {
		if (__builtin_mul_overflow(u, UINT64_C(10), &u) ||
			__builtin_add_overflow(u, (uint64_t)(digits[i] - '0'), &u))
			return false;
	}
	ret->u = ret->negative ? -u : u;
	ret->negative = ret->negative && u != 0;
	return !ret->negative || u <= UINT64_C(1) << 63;
}

static int parse_number(struct parser *p, struct json *ret)
{
	static const char bad[] = "not a number as JSON writes it";
	const size_t start = p->i;

	ret->negative = p->text[p->i] == '-';
	p->i += ret->negative;
	const char *digits = p->text + p->i;
	const size_t n = skip_digits(p);
	if (n == 0 || (*digits == '0' && n > 1))
		return say_at(p, start, bad);

	const char *fraction = p->text + p->i;
	if (*fraction == '.') {
		p->i++;
		if (skip_digits(p) == 0)
			return say_at(p, start, bad);
	}
	if (p->text[p->i] == 'e' || p->text[p->i] == 'E') {
		p->i++;
		p->i += p->text[p->i] == '+' || p->text[p->i] == '-';
		if (skip_digits(p) == 0)
			return say_at(p, start, bad);
	}
	if (p->text + p->i == fraction) {
		ret->kind = JSON_INT;
		return fits(digits, n, ret) ? 0
					    : say_at(p, start, "a number that 64 bits do not hold");
	}
	ret->kind = JSON_NUMBER;
	ret->text = arena_strndup(p->arena, p->text + start, p->i - start);
	return ret->text ? 0 : err_nomem(p->e);
}

/* --- objects and arrays --- */

static int by_name(const void *a, const void *b)
{
	const struct json *const *x = a, *const *y = b;
	const int order = strcmp((*x)->name, (*y)->name);

	return order ? order : ((*x)->at > (*y)->at) - ((*x)->at < (*y)->at);
}

/* Of many members, sorted: comparing each with each would let a hostile text cost hours. */
static int find_same_name(struct parser *p, const struct json *object, const struct json **ret)
{
	const struct json **sorted = calloc(object->n, sizeof(const struct json *));
	size_t n = 0;

	if (!sorted)
		return err_nomem(p->e);
	json_each(m, object)
		sorted[n++] = m;
	qsort(sorted, n, sizeof(const struct json *), by_name);
	for (size_t i = 1; i < n; i++) {
		if (str_eq(sorted[i]->name, sorted[i - 1]->name) &&
			(!*ret || sorted[i]->at < (*ret)->at))
			*ret = sorted[i];
	}
	free(sorted);
	return 0;
}

#define FEW_MEMBERS 16

static int check_names(struct parser *p, const struct json *object)
{
	const struct json *same = NULL;
	char sentence[160];
	int r;

	if (object->n > FEW_MEMBERS) {
		r = find_same_name(p, object, &same);
		if (r < 0)
			return r;
	} else {
		json_each(m, object)
			for (const struct json *k = object->first; k != m && !same; k = k->next)
				if (str_eq(k->name, m->name))
					same = m;
	}
	if (!same)
		return 0;
	(void)snprintf(sentence, sizeof(sentence), "'%s' occurs twice", shown(same->name).text);
	return say_at(p, same->at, sentence);
}

static int parse_name(struct parser *p, struct json *ret)
{
	const char c = skip_space(p);
	char *name;
	bool nul;
	int r;

	if (c != '"')
		return say_here(p, "a name in double quotes is expected");
	ret->at = (uint32_t)p->i;
	r = parse_string(p, &name, &nul);
	if (r < 0)
		return r;
	if (nul)
		return say_at(p, ret->at, "NUL character in a name");
	ret->name = name;
	if (skip_space(p) != ':')
		return say_here(p, "':' is expected behind a name");
	p->i++;
	return 0;
}

/* At the first of them; at the closing bracket in the end. */
static int parse_items(struct parser *p, char close, struct json *ret)
{
	struct json **end = &ret->first;

	for (;; p->i++) {
		struct json *v = new_value(p);
		int r = v ? 0 : -ENOMEM;

		if (r == 0 && ret->kind == JSON_OBJECT)
			r = parse_name(p, v);
		if (r == 0)
			r = parse_value(p, v);
		if (r < 0)
			return r;
		*end = v;
		end = &v->next;
		ret->n++;
		const char c = skip_space(p);
		if (c == close)
			return 0;
		if (c != ',')
			return say_here(p, close == '}' ? "',' or '}' is expected behind a member"
							: "',' or ']' is expected behind an item");
	}
}

/* At the opening bracket; behind the closing one in the end. */
static int parse_container(struct parser *p, struct json *ret)
{
	const char close = ret->kind == JSON_OBJECT ? '}' : ']';
	int r = 0;

	if (++p->depth > p->bounds->depth)
		return say_here(p, "nested too deeply");
	p->i++;
	if (skip_space(p) != close)
		r = parse_items(p, close, ret);
	if (r < 0)
		return r;
	p->i++;
	p->depth--;
	return ret->kind == JSON_OBJECT ? check_names(p, ret) : 0;
}

static int parse_word(struct parser *p, const char *word)
{
	for (; *word; word++, p->i++) {
		if (p->text[p->i] != *word)
			return say_here(p, "unexpected character");
	}
	return 0;
}

static int parse_value(struct parser *p, struct json *ret)
{
	const char c = skip_space(p);
	bool nul;
	int r;

	if (!ret->name)
		ret->at = (uint32_t)p->i;
	p->objects += c == '{';
	if (++p->values > p->bounds->values || p->objects > p->bounds->objects)
		return say_here(p, "more values than any container needs");
	switch (c) {
	case '{':
	case '[':
		ret->kind = c == '{' ? JSON_OBJECT : JSON_ARRAY;
		return parse_container(p, ret);
	case '"':
		ret->kind = JSON_STRING;
		r = parse_string(p, &ret->text, &nul);
		ret->nul = nul;
		return r;
	case 't':
		ret->kind = JSON_BOOL;
		ret->u = true;
		return parse_word(p, "true");
	case 'f':
		ret->kind = JSON_BOOL;
		return parse_word(p, "false");
	case 'n':
		ret->kind = JSON_NULL;
		return parse_word(p, "null");
	default:
		if (c == '-' || (c >= '0' && c <= '9'))
			return parse_number(p, ret);
		return say_here(p, "unexpected character");
	}
}

int json_parse(const char *text, size_t len, const struct json_bounds *bounds, struct arena *arena,
	const struct json **ret, struct err *e)
{
	struct parser p = { .text = text, .len = len, .bounds = bounds, .arena = arena, .e = e };
	struct json *v;
	int r;

	if (len > bounds->len)
		return err_say(e, EFBIG, "is larger than %u MiB", bounds->len >> 20);
	p.chars = arena_alloc(arena, len + 1, 1);
	v = new_value(&p);
	if (!p.chars || !v)
		return err_nomem(e);
	r = parse_value(&p, v);
	if (r < 0)
		return r;
	(void)skip_space(&p);
	if (p.i < len)
		return say_here(&p, "unexpected character");
	*ret = v;
	return 0;
}

const struct json *json_get(const struct json *v, const char *name)
{
	if (!json_is(v, JSON_OBJECT))
		return NULL;
	for (const struct json *m = v->first; m; m = m->next) {
		if (str_eq(m->name, name))
			return m->kind == JSON_NULL ? NULL : m;
	}
	return NULL;
}
