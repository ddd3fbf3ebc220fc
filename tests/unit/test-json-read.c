/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON as it is read. json-c is the judge: whatever is taken, it takes as well, and finds the same
 * in it. What it takes and we do not is in test-spec-json.c, row by row.
 */
#include <errno.h>

#include "base/json_read.h"
#include "cases.h"

#include <json-c/json.h>

static const struct json_bounds bounds = {
	.len = 1 << 24, .values = 1 << 20, .objects = 1 << 20, .depth = 64
};

static int parse(
	const char *text, size_t len, struct arena *arena, const struct json **ret, struct err *e)
{
	*e = (struct err){ 0 };
	*ret = NULL;
	return json_parse(text, len, &bounds, arena, ret, e);
}

/* --- the same as json-c's tree --- */

static bool same(const struct json *a, json_object *b);

static bool same_object(const struct json *a, json_object *b)
{
	const struct json *it = json_first(a);

	if (!json_is(a, JSON_OBJECT) || a->n != (unsigned)json_object_object_length(b))
		return false;
	json_object_object_foreach(b, name, value)
	{
		if (!it || strcmp(it->name, name) != 0 || !same(it, value) ||
			json_get(a, name) != (value ? it : NULL))
			return false;
		it = it->next;
	}
	return !it;
}

static bool same_array(const struct json *a, json_object *b)
{
	const struct json *it = json_first(a);

	if (!json_is(a, JSON_ARRAY) || a->n != json_object_array_length(b))
		return false;
	for (size_t i = 0; i < json_object_array_length(b); i++, it = it->next)
		if (!it || it->name || !same(it, json_object_array_get_idx(b, i)))
			return false;
	return !it;
}

static bool same_string(const struct json *a, json_object *b)
{
	const size_t len = (size_t)json_object_get_string_len(b);
	const char *text = json_object_get_string(b);

	return json_is(a, JSON_STRING) && memcmp(a->text, text, len + 1) == 0 &&
	       (json_text(a) != NULL) == (strlen(text) == len);
}

static bool same(const struct json *a, json_object *b)
{
	switch (json_object_get_type(b)) {
	case json_type_null:
		return json_is(a, JSON_NULL);
	case json_type_boolean:
		return json_is(a, JSON_BOOL) && a->u == (uint64_t)json_object_get_boolean(b);
	case json_type_double:
		return json_is(a, JSON_NUMBER) &&
		       strtod(a->text, NULL) == json_object_get_double(b);
	case json_type_int:
		return json_is(a, JSON_INT) && a->negative == (json_object_get_int64(b) < 0) &&
		       a->u == (a->negative ? (uint64_t)json_object_get_int64(b)
					    : json_object_get_uint64(b));
	case json_type_object:
		return same_object(a, b);
	case json_type_array:
		return same_array(a, b);
	case json_type_string:
		return same_string(a, b);
	}
	return false;
}

static json_object *by_json_c(const char *text, size_t len)
{
	struct json_tokener *tokener = json_tokener_new_ex(65);

	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	json_object *json = json_tokener_parse_ex(tokener, text, (int)len + 1);
	bool whole = json_tokener_get_error(tokener) == json_tokener_success;
	json_tokener_free(tokener);
	if (!whole)
		fail_msg("json-c does not take this: %.*s", (int)len, text);
	return json;
}

/* Is it taken? Then it is the same to json-c. */
static bool taken(const char *text, size_t len)
{
	struct arena arena = { 0 };
	const struct json *json;
	struct err e;
	int r;

	r = parse(text, len, &arena, &json, &e);
	assert_true(r == 0 || r == -EINVAL);
	if (r == 0) {
		json_object *other = by_json_c(text, len);

		if (!same(json, other))
			fail_msg("json-c reads something else in this: %.*s", (int)len, text);
		json_object_put(other);
	} else {
		assert_null(json);
		assert_true(strncmp(e.text, "line ", 5) == 0);
	}
	arena_free(&arena);
	return r == 0;
}

static void what_engines_write_is_the_same_to_json_c(void **state)
{
	static const char *const names[] = { "podman.json", "docker.json", "containerd-cri.json",
		"nulls.json", "minimal.json", "runtime-spec-example.json", "every-field.json" };

	(void)state;
	for (size_t i = 0; i < ELEMENTS(names); i++) {
		char path[128];
		size_t len;

		(void)snprintf(path, sizeof(path), "good/%s", names[i]);
		char *text = cases_read(path, &len);
		assert_true(taken(text, len));
		free(text);
	}
}

/* --- texts by chance, the same in every run --- */

struct chance {
	struct strbuf *b;
	uint64_t seed;
};

static unsigned below(struct chance *c, unsigned n)
{
	c->seed = c->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(c->seed >> 33) % n;
}

static void any_space(struct chance *c)
{
	static const char *const spaces[] = { "", "", "", " ", "\n", "\t", "\r\n  " };

	strbuf_adds(c->b, spaces[below(c, ELEMENTS(spaces))]);
}

/* Its first character tells it from others of the same object. */
static void any_string(struct chance *c, unsigned number)
{
	static const char *const parts[] = { "", "a", "memoryPolicy", "/", " ", "\\n", "\\\"",
		"\\\\", "\\/", "\\b\\f\\r\\t", "\\u0041", "\\u00e9", "\\u20AC", "\\ud834\\udd1e",
		"\x7f", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\xaa\xb7", "\\ud834", "\\udd1e\\ud834",
		"\\ud834x", "\\ud834\\n", "\\uD834\\uD834\\uDD1E" };

	strbuf_addf(c->b, "\"%u", number);
	for (unsigned n = below(c, 4); n > 0; n--)
		strbuf_adds(c->b, parts[below(c, ELEMENTS(parts))]);
	strbuf_adds(c->b, "\"");
}

static void any_value(struct chance *c, unsigned depth)
{
	static const char *const plain[] = { "null", "true", "false", "0", "-0", "1", "-1", "4095",
		"18446744073709551615", "-9223372036854775808", "9223372036854775808", "0.5",
		"-1.25", "1e3", "2E-2", "1.5e+2", "{}", "[]", "\"\"", "\"\\u0000\"" };
	const bool object = below(c, 2);
	const unsigned n = below(c, 3) == 0 ? below(c, 40) : below(c, 4);

	any_space(c);
	if (depth == 0 || below(c, 3) == 0) {
		strbuf_adds(c->b, plain[below(c, ELEMENTS(plain))]);
	} else if (below(c, 3) == 0) {
		any_string(c, 0);
	} else {
		strbuf_adds(c->b, object ? "{" : "[");
		for (unsigned i = 0; i < n; i++) {
			strbuf_adds(c->b, i ? "," : "");
			any_space(c);
			if (object) {
				any_string(c, i);
				any_space(c);
				strbuf_adds(c->b, ":");
			}
			any_value(c, depth - 1);
		}
		any_space(c);
		strbuf_adds(c->b, object ? "}" : "]");
	}
	any_space(c);
}

static void what_is_json_is_taken(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3000; i++) {
		struct strbuf b = { 0 };
		struct chance c = { .b = &b, .seed = i };

		any_value(&c, 4);
		if (!taken(b.text, b.len))
			fail_msg("%u: not taken: %s", i, b.text);
		strbuf_free(&b);
	}
}

/* One byte is another, or missing, or the text ends there: mostly refused, never read differently. */
static void what_is_spoilt_is_never_read_differently(void **state)
{
	static const char bytes[] = "\"\\{}[]:,0-.eEu+tn /'\x01\n\x80\xc3\xff";
	static const char text[] = "{\"a\\u00e9\\\\b\":[1,-20,3.5e+1,true,null,{}],\"\xc3\xa9\": "
				   "{\"c\":\"\\ud834\\udd1e\\n\",\"d\":[[\"\"],false]}, \"\":0}";
	char spoilt[sizeof(text)];
	size_t n = 0;

	(void)state;
	assert_true(taken(text, sizeof(text) - 1));
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		for (size_t k = 0; k < sizeof(bytes); k++) {
			memcpy(spoilt, text, sizeof(text));
			spoilt[i] = bytes[k]; /* its NUL, too */
			n += taken(spoilt, sizeof(text) - 1);
		}
		memcpy(spoilt, text, i);
		memcpy(spoilt + i, text + i + 1, sizeof(text) - i - 1);
		n += taken(spoilt, sizeof(text) - 2);
		spoilt[i] = '\0';
		assert_false(taken(spoilt, i));
	}
	assert_in_range(n, 300, 2000); /* letters that are others: still JSON */
}

/* --- what only we say --- */

/* Few names are compared with each other, many are sorted; the first that is a second one is told. */
static void the_first_name_that_comes_twice_is_told(void **state)
{
	(void)state;
	for (unsigned n = 2; n < 200; n = n * 3 / 2) {
		for (unsigned twice = 1; twice < n; twice += 1 + n / 7) {
			struct arena arena = { 0 };
			struct strbuf b = { 0 };
			const struct json *json;
			char want[64];
			struct err e;

			strbuf_adds(&b, "{");
			for (unsigned i = 0; i < n; i++)
				strbuf_addf(&b, "%s\n\"%u\":%u", i ? "," : "",
					i == twice ? (i * 7) % twice : i + (i > twice), i);
			strbuf_adds(&b, ",\n\"1\":1,\n\"0\":0}");
			(void)snprintf(want, sizeof(want), "line %u, column 1: '%u' occurs twice",
				twice + 2, (twice * 7) % twice);
			assert_int_equal(parse(b.text, b.len, &arena, &json, &e), -EINVAL);
			assert_string_equal(e.text, want);
			strbuf_free(&b);
			arena_free(&arena);
		}
	}
}

static void bytes_are_taken_where_they_may_be_any(void **state)
{
	static const struct json_bounds any = {
		.len = 100, .values = 9, .objects = 9, .depth = 2, .any_bytes = true
	};
	static const char text[] = "{\"\xff\":\"\xc3\xed\xa0\x80\\u00ff\"}";
	struct arena arena = { 0 };
	const struct json *json;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(parse(text, sizeof(text) - 1, &arena, &json, &e), -EINVAL);
	assert_string_equal(e.text, "line 1, column 3: not UTF-8");
	assert_int_equal(json_parse(text, sizeof(text) - 1, &any, &arena, &json, &e), 0);
	assert_string_equal(json_text(json_get(json, "\xff")), "\xc3\xed\xa0\x80\xc3\xbf");
	arena_free(&arena);
}

static void bounds_are_kept(void **state)
{
	static const struct {
		const char *text, *says;
		int num;
	} rows[] = {
		{ "[[],[]]", NULL, 0 },
		{ "[{},1]", NULL, 0 },
		{ "[1,2,3]", "line 1, column 6: more values than any container needs", -EINVAL },
		{ "{\"a\":{}}", "line 1, column 6: more values than any container needs", -EINVAL },
		{ "[[[]]]", "line 1, column 3: nested too deeply", -EINVAL },
		{ "[ 1, 2 ]  ", NULL, 0 },
		{ "[ 1, 2 ]   ", "is larger than 0 MiB", -EFBIG },
	};
	static const struct json_bounds few = { .len = 10, .values = 3, .objects = 1, .depth = 2 };

	(void)state;
	for (size_t i = 0; i < ELEMENTS(rows); i++) {
		struct arena arena = { 0 };
		const struct json *json;
		struct err e = { 0 };

		assert_int_equal(
			json_parse(rows[i].text, strlen(rows[i].text), &few, &arena, &json, &e),
			rows[i].num);
		if (rows[i].says)
			assert_string_equal(e.text, rows[i].says);
		arena_free(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_engines_write_is_the_same_to_json_c),
		cmocka_unit_test(what_is_json_is_taken),
		cmocka_unit_test(what_is_spoilt_is_never_read_differently),
		cmocka_unit_test(the_first_name_that_comes_twice_is_told),
		cmocka_unit_test(bytes_are_taken_where_they_may_be_any),
		cmocka_unit_test(bounds_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
