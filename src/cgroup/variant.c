/* SPDX-License-Identifier: Apache-2.0 */
/*
 * variant.c - GVariant's text form, of which annotations make values for systemd: what D-Bus can
 * carry and a unit's property can be. Dictionaries, variants in variants and "maybe" types are
 * none.
 *
 * The text comes from a config: depth and size are bounded by what a request may be.
 */
#include "cgroup/scope.h"
#include "systemd/request.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define SIGNATURE_MAX 64 /* bytes; systemd's own have less than 10 */

struct parser {
	const char *start, *p;
	struct strbuf *fields;
	unsigned depth;
	struct err *e;
};

/* One complete type, as text. */
struct type {
	char text[SIGNATURE_MAX];
};

/* Parse one value. Of an open type *type is empty, and set; else the value must be of that type. */
static int value(struct parser *s, struct type *type, struct strbuf *fields);

int variant_parse(const char *text, struct arena *arena, const char **ret_signature,
	struct strbuf *fields, struct err *e)
{
	struct parser s = { .start = text, .p = text, .e = e };
	struct type type = { "" };
	int r = value(&s, &type, fields);

	if (r < 0)
		return r;
	s.p += strspn(s.p, " \t\n");
	if (*s.p)
		return err_say(e, EINVAL, "'%s' follows the value", s.p);
	if (fields->failed)
		return err_nomem(e);
	*ret_signature = arena_strdup(arena, type.text);
	return *ret_signature ? 0 : err_nomem(e);
}

static const struct keyword {
	const char *name;
	char type;
} keywords[] = {
	{ "boolean", 'b' },
	{ "byte", 'y' },
	{ "int16", 'n' },
	{ "uint16", 'q' },
	{ "int32", 'i' },
	{ "uint32", 'u' },
	{ "int64", 'x' },
	{ "uint64", 't' },
	{ "double", 'd' },
	{ "string", 's' },
	{ "objectpath", 'o' },
	{ "signature", 'g' },
};

static void add_field(struct strbuf *fields, const char *text)
{
	strbuf_add(fields, text, strlen(text) + 1);
}

static bool is_number_type(char type)
{
	return type && strchr("ynqiuxtd", type);
}

/* The type of what comes is known to be `is`; does that go with what is wanted? */
static int settle_type(struct parser *s, struct type *type, char is)
{
	if (type->text[0] == '\0') {
		type->text[0] = is;
		type->text[1] = '\0';
	}
	if (type->text[0] == is && type->text[1] == '\0')
		return 0;
	return err_say(s->e, EINVAL, "a value of type '%s' is wanted at '%s'", type->text, s->p);
}

static int out_of_range(struct parser *s, const char *text, char type)
{
	for (size_t i = 0; i < ELEMENTS(keywords); i++)
		if (keywords[i].type == type)
			return err_say(s->e, ERANGE, "%s is no %s", text, keywords[i].name);
	return -ERANGE;
}

static int integer(struct parser *s, const char *text, char type, struct strbuf *fields)
{
	static const struct range {
		char type;
		int64_t min;
		uint64_t max;
	} ranges[] = {
		{ 'y', 0, UINT8_MAX },
		{ 'n', INT16_MIN, INT16_MAX },
		{ 'q', 0, UINT16_MAX },
		{ 'i', INT32_MIN, INT32_MAX },
		{ 'u', 0, UINT32_MAX },
		{ 'x', INT64_MIN, INT64_MAX },
		{ 't', 0, UINT64_MAX },
	};
	const bool negative = *text == '-';
	const char *digits = text + (negative || *text == '+');
	const int base = str_starts(digits, "0x") ? 16 : *digits == '0' ? 8 : 10;
	char *end;

	/* Of strtoull(3) neither blanks nor a second sign. */
	if (!(*digits >= '0' && *digits <= '9'))
		return err_say(s->e, EINVAL, "'%s' is no value", text);
	errno = 0;
	const uint64_t n = strtoull(digits, &end, base);
	if (*end || end == digits)
		return err_say(s->e, EINVAL, "'%s' is no number", text);
	for (size_t i = 0; i < ELEMENTS(ranges); i++) {
		const struct range *range = &ranges[i];
		if (range->type != type)
			continue;
		if (errno == ERANGE || (negative ? n > (uint64_t) - (range->min + 1) + 1 && n > 0
						 : n > range->max))
			break;
		strbuf_addf(fields, "%s%" PRIu64, negative && n > 0 ? "-" : "", n);
		strbuf_add(fields, "", 1);
		return 0;
	}
	return out_of_range(s, text, type);
}

static int number(struct parser *s, struct type *type, struct strbuf *fields)
{
	char text[64], *end;
	const size_t n = strspn(s->p, "+-.0123456789abcdefxABCDEF");

	if (n == 0 || n >= sizeof(text) || !strchr("+-.0123456789", *s->p))
		return err_say(s->e, EINVAL, "there is no value at '%s'", s->p);
	memcpy(text, s->p, n);
	text[n] = '\0';
	const bool floating = !str_starts(text, "0x") && strpbrk(text, ".eE");
	char is = type->text[0];
	if (is == '\0')
		is = floating ? 'd' : 'i'; /* as GVariant has it */
	if (!is_number_type(is) || type->text[0] == '(' || type->text[0] == 'a')
		return settle_type(s, type, floating ? 'd' : 'i');
	int r = settle_type(s, type, is);
	if (r < 0)
		return r;
	if (is == 'd') {
		errno = 0;
		const double d = strtod(text, &end);
		if (*end || end == text || !isfinite(d))
			return err_say(s->e, EINVAL, "'%s' is no number", text);
		add_field(fields, text);
	} else {
		r = integer(s, text, is, fields);
	}
	s->p += n;
	return r;
}

static int string(struct parser *s, struct type *type, struct strbuf *fields)
{
	static const char escapes[] = "abfnrtv", meant[] = "\a\b\f\n\r\t\v";
	const char quote = *s->p, *start = s->p;
	int r = settle_type(
		s, type, type->text[0] == 'o' || type->text[0] == 'g' ? *type->text : 's');

	if (r < 0)
		return r;
	for (s->p++; *s->p != quote; s->p++) {
		if (*s->p == '\\' && s->p[1]) {
			const char *escape = strchr(escapes, *++s->p);
			if (*s->p == 'u' || *s->p == 'U')
				return err_say(s->e, EINVAL,
					"the escape '\\%c' in %s: write the character itself",
					*s->p, start);
			strbuf_add(fields, escape ? &meant[escape - escapes] : s->p, 1);
			continue;
		}
		if (*s->p == '\0')
			return err_say(s->e, EINVAL, "the text %s has no end", start);
		strbuf_add(fields, s->p, 1);
	}
	s->p++;
	strbuf_add(fields, "", 1);
	return 0;
}

/* What stands between brackets: a number of values, each with next() before it. */
static bool next_item(struct parser *s, char close, unsigned n)
{
	s->p += strspn(s->p, " \t\n");
	if (*s->p == close)
		return false;
	if (n > 0 && *s->p == ',')
		s->p++;
	s->p += strspn(s->p, " \t\n");
	return *s->p != close;
}

static int unclosed(struct parser *s, char close)
{
	return *s->p ? err_say(s->e, EINVAL, "a ',' or '%c' is wanted at '%s'", close, s->p)
		     : err_say(s->e, EINVAL, "a '%c' is missing at the end", close);
}

static bool at_end_of_item(const struct parser *s, char close)
{
	const char *p = s->p + strspn(s->p, " \t\n");

	return *p == ',' || *p == close;
}

static int too_long(struct parser *s)
{
	return err_say(s->e, EINVAL, "its type has more than %d parts", SIGNATURE_MAX - 2);
}

static int array(struct parser *s, struct type *type, struct strbuf *fields)
{
	struct strbuf inside = { 0 };
	struct type element = { "" };
	unsigned n = 0;
	int r = 0;

	if (type->text[0] && type->text[0] != 'a')
		return err_say(
			s->e, EINVAL, "a value of type '%s' is wanted at '%s'", type->text, s->p);
	if (type->text[0])
		memcpy(element.text, type->text + 1, sizeof(element.text) - 1);
	for (s->p++; r == 0 && next_item(s, ']', n); n++) {
		r = value(s, &element, &inside);
		if (r == 0 && !at_end_of_item(s, ']'))
			r = unclosed(s, ']');
	}
	if (r == 0 && *s->p++ != ']')
		r = unclosed(s, ']');
	if (r == 0 && element.text[0] == '\0')
		r = err_say(s->e, EINVAL, "of what type is an empty array? Write '@as []'");
	if (r == 0 && strlen(element.text) + 2 > sizeof(type->text))
		r = too_long(s);
	if (r == 0) {
		(void)snprintf(
			type->text, sizeof(type->text), "a%.*s", SIGNATURE_MAX - 2, element.text);
		strbuf_addf(fields, "%u", n);
		strbuf_add(fields, "", 1);
		strbuf_add(fields, inside.text ? inside.text : "", inside.len);
		fields->failed |= inside.failed;
	}
	strbuf_free(&inside);
	return r;
}

/* The length of the type that text begins with; 0: it begins with none. */
static size_t type_len(const char *text, unsigned depth)
{
	size_t n, len = 1;

	if (depth > REQUEST_NESTED_MAX)
		return 0;
	if (*text == 'a')
		return (n = type_len(text + 1, depth + 1)) ? n + 1 : 0;
	if (*text != '(')
		return *text && strchr("bynqiuxtdsog", *text) ? 1 : 0;
	while (text[len] != ')') {
		n = type_len(text + len, depth + 1);
		if (n == 0)
			return 0;
		len += n;
	}
	return len > 1 ? len + 1 : 0;
}

static int tuple(struct parser *s, struct type *type, struct strbuf *fields)
{
	const char *wanted = type->text[0] ? type->text + 1 : NULL;
	struct type whole = { "(" };
	unsigned n = 0;
	int r = 0;

	if (type->text[0] && type->text[0] != '(')
		return err_say(
			s->e, EINVAL, "a value of type '%s' is wanted at '%s'", type->text, s->p);
	for (s->p++; r == 0 && next_item(s, ')', n); n++) {
		struct type member = { "" };
		const size_t len = wanted ? type_len(wanted, 0) : 0;
		if (wanted && len == 0)
			return err_say(
				s->e, EINVAL, "type '%s' has no member for '%s'", type->text, s->p);
		if (wanted)
			memcpy(member.text, wanted, len);
		wanted = wanted ? wanted + len : NULL;
		r = value(s, &member, fields);
		if (r == 0 && !at_end_of_item(s, ')'))
			r = unclosed(s, ')');
		if (r == 0 && strlen(whole.text) + strlen(member.text) + 2 > sizeof(whole.text))
			r = too_long(s);
		if (r == 0)
			(void)strcat(whole.text, member.text);
	}
	if (r < 0)
		return r;
	if (*s->p++ != ')')
		return unclosed(s, ')');
	if (n == 0 || (wanted && *wanted != ')'))
		return err_say(s->e, EINVAL, "a tuple has too few members");
	(void)strcat(whole.text, ")");
	*type = whole;
	return 0;
}

/* "uint64 ", "@as ": the type of what follows. */
static int annotation(struct parser *s, struct type *type)
{
	const size_t word = strspn(s->p, "abcdefghijklmnopqrstuvwxyz0123456789");
	struct type told = { "" };

	if (*s->p == '@') {
		const size_t len = strcspn(s->p + 1, " \t\n");
		if (len == 0 || len >= sizeof(told.text) || type_len(s->p + 1, 0) != len)
			return err_say(s->e, EINVAL, "'%s' begins with no type", s->p);
		memcpy(told.text, s->p + 1, len);
		s->p += 1 + len;
	}
	for (size_t i = 0; i < ELEMENTS(keywords) && told.text[0] == '\0'; i++)
		if (strlen(keywords[i].name) == word && memcmp(s->p, keywords[i].name, word) == 0) {
			told.text[0] = keywords[i].type;
			s->p += word;
		}
	if (told.text[0] == '\0')
		return 0;
	s->p += strspn(s->p, " \t\n");
	if (type->text[0] && !str_eq(type->text, told.text))
		return err_say(
			s->e, EINVAL, "type '%s' is wanted, not '%s'", type->text, told.text);
	*type = told;
	return 0;
}

static int value(struct parser *s, struct type *type, struct strbuf *fields)
{
	int r;

	if (s->depth == REQUEST_NESTED_MAX)
		return err_say(s->e, EINVAL, "it is nested deeper than %d", REQUEST_NESTED_MAX);
	s->p += strspn(s->p, " \t\n");
	r = annotation(s, type);
	if (r < 0)
		return r;
	const size_t word = strspn(s->p, "abcdefghijklmnopqrstuvwxyz");
	s->depth++;
	if (*s->p == '\'' || *s->p == '"') {
		r = string(s, type, fields);
	} else if (*s->p == '[') {
		r = array(s, type, fields);
	} else if (*s->p == '(') {
		r = tuple(s, type, fields);
	} else if ((word == 4 && str_starts(s->p, "true")) ||
		   (word == 5 && str_starts(s->p, "false"))) {
		r = settle_type(s, type, 'b');
		add_field(fields, word == 4 ? "1" : "0");
		s->p += word;
	} else {
		r = number(s, type, fields);
	}
	s->depth--;
	return r;
}
