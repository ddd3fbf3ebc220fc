/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json.c - the text of a config to a tree of json-c, or the line and column of what is wrong.
 *
 * The text is hostile: its size, depth and number of values are bounded before a tree is built.
 * What json-c lets pass and two readers could understand differently is refused: names that occur
 * twice in an object or are cut short by NUL, numbers beyond 64 bits, bad UTF-8, NaN.
 */
#include "base/fd.h"
#include "spec/internal.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

struct scan {
	const char *text;
	size_t len;
	size_t values, objects; /* at most so many */
	size_t members;         /* exactly, if the text is JSON */
};

static int scan_text(struct scan *s, struct err *e);
static int parse_text(const struct scan *s, json_object **ret, struct err *e);
static size_t members_of(json_object *json);
static int say_duplicate(const struct scan *s, struct err *e);

static void json_putp(json_object **json)
{
	json_object_put(*json);
}

int json_read(const char *text, size_t len, json_object **ret, struct err *e)
{
	_cleanup_(json_putp) json_object *json = NULL;
	struct scan s = { .text = text, .len = len, .values = 1 };
	int r;

	if (len > SPEC_TEXT_MAX)
		return err_say(e, EFBIG, "is larger than %u MiB", SPEC_TEXT_MAX >> 20);
	r = scan_text(&s, e);
	if (r == 0)
		r = parse_text(&s, &json, e);
	if (r < 0)
		return r;
	/* json-c keeps the last of several members with one name, and says nothing. */
	if (members_of(json) != s.members)
		return say_duplicate(&s, e);
	*ret = TAKE_PTR(json);
	return 0;
}

/* "line 3, column 7: <sentence>": columns count characters, from 1. */
static int say_at(const struct scan *s, size_t offset, struct err *e, const char *sentence)
{
	size_t line = 1, column = 1;

	for (size_t i = 0; i < offset && i < s->len; i++) {
		if (s->text[i] == '\n') {
			line++;
			column = 1;
		} else if (((unsigned char)s->text[i] & 0xc0) != 0x80) {
			column++;
		}
	}
	return err_say(e, EINVAL, "line %zu, column %zu: %s", line, column, sentence);
}

/* From the quote at offset to the one that closes it; len if none does. */
static int scan_string(const struct scan *s, size_t *offset, bool *ret_nul, struct err *e)
{
	size_t i = *offset + 1, bytes;

	*ret_nul = false;
	for (; i < s->len && s->text[i] != '"'; i += bytes) {
		/* json-c lets surrogates and control characters pass. */
		if ((unsigned char)s->text[i] < 0x20)
			return say_at(s, i, e, "control character in a string");
		bytes = str_utf8_len(s->text + i);
		if (bytes == 0)
			return say_at(s, i, e, "not UTF-8");
		if (s->text[i] != '\\' || i + 1 == s->len)
			continue;
		bytes = 2;
		if (s->len - i > 5 && strncmp(s->text + i, "\\u0000", 6) == 0)
			*ret_nul = true;
	}
	*offset = i;
	return 0;
}

static size_t skip_digits(const struct scan *s, size_t i)
{
	while (i < s->len && s->text[i] >= '0' && s->text[i] <= '9')
		i++;
	return i;
}

/* Do 64 bits, signed or not, hold this integer? */
static bool fits(const char *digits, size_t n, bool negative)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++) {
		if (__builtin_mul_overflow(v, UINT64_C(10), &v) ||
			__builtin_add_overflow(v, (uint64_t)(digits[i] - '0'), &v))
			return false;
	}
	return !negative || v <= UINT64_C(1) << 63;
}

/*
 * From a number's first character to its last (RFC 8259, section 6). json-c takes "1." for a
 * number, and the nearest that 64 bits hold for an integer that they do not.
 */
static int scan_number(const struct scan *s, size_t *offset, struct err *e)
{
	bool negative = s->text[*offset] == '-', whole = true;
	size_t start = *offset + negative, i = skip_digits(s, start), from;

	if (i == start || (s->text[start] == '0' && i - start > 1))
		return say_at(s, *offset, e, "not a number as JSON writes it");
	if (!fits(s->text + start, i - start, negative) && !strchr(".eE", s->text[i]))
		return say_at(s, *offset, e, "a number that 64 bits do not hold");
	if (s->text[i] == '.') {
		from = i + 1;
		i = skip_digits(s, from);
		whole = i > from;
	}
	if (whole && (s->text[i] == 'e' || s->text[i] == 'E')) {
		from = i + 1 + (s->text[i + 1] == '+' || s->text[i + 1] == '-');
		i = skip_digits(s, from);
		whole = i > from;
	}
	if (!whole)
		return say_at(s, *offset, e, "not a number as JSON writes it");
	*offset = i - 1;
	return 0;
}

static size_t skip_space(const struct scan *s, size_t i)
{
	while (i < s->len && strchr(" \t\r\n", s->text[i]) && s->text[i])
		i++;
	return i;
}

static int scan_text(struct scan *s, struct err *e)
{
	for (size_t i = skip_space(s, 0); i < s->len; i = skip_space(s, i + 1)) {
		unsigned char c = (unsigned char)s->text[i];
		size_t start = i, next;
		bool nul;
		int r;

		if (c == '"') {
			r = scan_string(s, &i, &nul, e);
			if (r < 0)
				return r;
			next = skip_space(s, i + 1);
			if (next >= s->len || s->text[next] != ':')
				continue;
			if (nul)
				return say_at(s, start, e, "NUL character in a name");
			s->members++;
		} else if (c == '{' || c == '[' || c == ',') {
			s->values++;
			s->objects += c == '{';
		} else if (c == '-' || (c >= '0' && c <= '9')) {
			r = scan_number(s, &i, e);
			if (r < 0)
				return r;
		} else if (!strchr("}]:abcdefghijklmnopqrstuvwxyz", c) || c == '\0') {
			/* Among them quotes and NaN, which json-c would take. */
			return say_at(s, i, e, "unexpected character");
		}
		if (s->values > SPEC_VALUES_MAX || s->objects > SPEC_OBJECTS_MAX)
			return say_at(s, i, e, "more values than any container needs");
	}
	return 0;
}

static void tokener_freep(struct json_tokener **tokener)
{
	if (*tokener)
		json_tokener_free(*tokener);
}

static int parse_text(const struct scan *s, json_object **ret, struct err *e)
{
	_cleanup_(tokener_freep) struct json_tokener *tokener = json_tokener_new_ex(SPEC_DEPTH_MAX);
	_cleanup_(json_putp) json_object *json = NULL;
	enum json_tokener_error error;

	if (!tokener)
		return err_nomem(e);
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);

	/* The NUL behind the text ends a number that stands alone. */
	json = json_tokener_parse_ex(tokener, s->text, (int)s->len + 1);
	error = json_tokener_get_error(tokener);
	if (error == json_tokener_success) {
		*ret = TAKE_PTR(json);
		return 0;
	}
	if (error == json_tokener_error_depth)
		return say_at(s, json_tokener_get_parse_end(tokener), e, "nested too deeply");
	if (error == json_tokener_continue || json_tokener_get_parse_end(tokener) >= s->len)
		return say_at(s, s->len, e, "the text ends too early");
	return say_at(s, json_tokener_get_parse_end(tokener), e, json_tokener_error_desc(error));
}

/* As deep as the tokener allowed. */
static size_t members_of(json_object *json)
{
	size_t n = 0;

	if (json_object_is_type(json, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(json); i++)
			n += members_of(json_object_array_get_idx(json, i));
	} else if (json_object_is_type(json, json_type_object)) {
		json_object_object_foreach(json, key, value)
		{
			(void)key;
			n += 1 + members_of(value);
		}
	}
	return n;
}

/* The name at a quote, its escapes undone: a JSON string. NULL: no memory. */
static json_object *name_at(const struct scan *s, size_t start, size_t end)
{
	_cleanup_free_ char *quoted = strndup(s->text + start, end + 1 - start);

	return quoted ? json_tokener_parse(quoted) : NULL;
}

/*
 * Only to name the culprit: the text is JSON and has a name twice in an object. Each open object is
 * gone through once more, its names in a table.
 */
static int find_duplicate(const struct scan *s, json_object **open, struct err *e)
{
	size_t depth = 0;

	for (size_t i = 0; i < s->len; i++) {
		_cleanup_(json_putp) json_object *name = NULL;
		size_t start = i, next;
		bool nul;

		if (s->text[i] == '{' || s->text[i] == '[') {
			open[depth] = json_object_new_object();
			if (!open[depth++])
				return err_nomem(e);
		} else if (s->text[i] == '}' || s->text[i] == ']') {
			json_object_put(open[--depth]);
			open[depth] = NULL;
		}
		if (s->text[i] != '"')
			continue;
		(void)scan_string(s, &i, &nul, NULL); /* went well before */
		next = skip_space(s, i + 1);
		if (next >= s->len || s->text[next] != ':')
			continue;
		name = name_at(s, start, i);
		if (!name)
			return err_nomem(e);
		if (json_object_object_get_ex(
			    open[depth - 1], json_object_get_string(name), NULL)) {
			char sentence[160];

			(void)snprintf(sentence, sizeof(sentence), "'%s' occurs twice",
				shown(json_object_get_string(name)).text);
			return say_at(s, start, e, sentence);
		}
		if (json_object_object_add(open[depth - 1], json_object_get_string(name), NULL) < 0)
			return err_nomem(e);
	}
	return err_say(e, EINVAL, "a name occurs twice in an object");
}

static int say_duplicate(const struct scan *s, struct err *e)
{
	json_object *open[SPEC_DEPTH_MAX + 1] = { NULL };
	int r;

	r = find_duplicate(s, open, e);
	for (size_t i = 0; i < ELEMENTS(open); i++)
		json_object_put(open[i]);
	return r;
}
