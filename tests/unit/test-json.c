/* SPDX-License-Identifier: Apache-2.0 */
/* JSON as it is written: json-c reads the same back, from a buffer of any size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "base/json.h"

#define STRANGE "a\"b\\c/\x01\x1f\x7f\t\n \xc3\xa4 \xff\xc3"

static void write_some(struct json_writer *w)
{
	jw_object(w, NULL);
	jw_string(w, "strange", STRANGE);
	jw_string(w, STRANGE, "");
	jw_string(w, "none", NULL);
	jw_u64(w, "large", UINT64_MAX);
	jw_i64(w, "small", INT64_MIN);
	jw_u64(w, "nothing", 0);
	jw_array(w, "list");
	jw_bool(w, NULL, true);
	jw_object(w, NULL);
	jw_object_end(w);
	jw_array_end(w);
	jw_object_end(w);
}

static void the_saved_is_read_back_as_it_was(void **state)
{
	struct strbuf b = { 0 };
	struct json_writer w = { .b = &b, .saved = true };
	struct json_object *v;

	(void)state;
	write_some(&w);
	assert_null(strchr(b.text, '\n'));
	struct json_object *o = json_tokener_parse(b.text);
	assert_int_equal(json_object_object_length(o), 7);
	assert_true(json_object_object_get_ex(o, "strange", &v));
	assert_string_equal(json_object_get_string(v), STRANGE);
	assert_true(json_object_object_get_ex(o, STRANGE, &v));
	assert_string_equal(json_object_get_string(v), "");
	assert_true(json_object_object_get_ex(o, "none", &v) && !v);
	assert_true(json_object_object_get_ex(o, "large", &v));
	assert_true(json_object_get_uint64(v) == UINT64_MAX);
	assert_true(json_object_object_get_ex(o, "small", &v));
	assert_true(json_object_get_int64(v) == INT64_MIN);
	assert_true(json_object_object_get_ex(o, "nothing", &v));
	assert_true(json_object_is_type(v, json_type_int) && json_object_get_uint64(v) == 0);
	assert_true(json_object_object_get_ex(o, "list", &v));
	assert_int_equal(json_object_array_length(v), 2);
	assert_true(json_object_get_boolean(json_object_array_get_idx(v, 0)));
	assert_int_equal(json_object_object_length(json_object_array_get_idx(v, 1)), 0);
	json_object_put(o);
	strbuf_free(&b);
}

static void what_people_read_is_utf_8(void **state)
{
	struct strbuf b = { 0 };
	struct json_writer w = { .b = &b };

	(void)state;
	jw_object(&w, NULL);
	jw_string(&w, "strange", STRANGE);
	jw_string(&w, "control", "\xc2\x9b\xc2\xa0\xc3\x9b");
	jw_array(&w, "list");
	jw_u64(&w, NULL, 1);
	jw_array_end(&w);
	jw_object_end(&w);
	assert_string_equal(b.text,
		"{\n"
		"  \"strange\": \"a\\\"b\\\\c/\\u0001\\u001f\\u007f\\u0009\\u000a \xc3\xa4 "
		"\\ufffd\\ufffd\",\n"
		"  \"control\": \"\\u009b\xc2\xa0\xc3\x9b\",\n"
		"  \"list\": [\n"
		"    1\n"
		"  ]\n"
		"}\n");
	strbuf_free(&b);
}

/* As engines read them: a line each, of any bytes. */
static void what_programs_read_is_one_line_of_utf_8(void **state)
{
	struct strbuf b = { 0 };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct json_writer w = { .b = &b, .line = true };
		jw_object(&w, NULL);
		jw_string(&w, "strange", "\n\xff");
		jw_array(&w, "list");
		jw_u64(&w, NULL, 1);
		jw_object(&w, NULL);
		jw_object_end(&w);
		jw_array_end(&w);
		jw_object_end(&w);
	}
	assert_string_equal(b.text, "{\"strange\":\"\\u000a\\ufffd\",\"list\":[1,{}]}\n"
				    "{\"strange\":\"\\u000a\\ufffd\",\"list\":[1,{}]}\n");
	strbuf_free(&b);
}

static void decimals_have_no_zeros_at_their_end(void **state)
{
	static const struct {
		uint64_t value;
		unsigned digits;
		const char *want;
	} rows[] = {
		{ 0, 0, "0" },
		{ 0, 2, "0" },
		{ 10, 0, "10" },
		{ 982, 1, "98.2" },
		{ 980, 1, "98" },
		{ 5, 2, "0.05" },
		{ 50, 2, "0.5" },
		{ 1205, 2, "12.05" },
		{ 10000, 2, "100" },
		{ UINT64_MAX, 19, "1.8446744073709551615" },
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTS(rows); i++) {
		struct strbuf b = { 0 };
		struct json_writer w = { .b = &b, .saved = true };
		jw_decimal(&w, NULL, rows[i].value, rows[i].digits);
		assert_string_equal(b.text, rows[i].want);
		struct json_object *v = json_tokener_parse(b.text);
		assert_true(json_object_get_double(v) == strtod(rows[i].want, NULL));
		json_object_put(v);
		strbuf_free(&b);
	}
}

/* An object that turned out to say nothing, at the beginning, behind another and within it. */
static void what_says_nothing_is_taken_back(void **state)
{
	for (int layout = 0; layout < 2; layout++) {
		struct strbuf want = { 0 }, got = { 0 };
		struct json_writer a = { .b = &want, .saved = layout };
		struct json_writer b = { .b = &got, .saved = layout };

		write_some(&a);
		struct json_mark mark = jw_mark(&b);
		write_some(&b);
		jw_back(&b, mark);
		assert_string_equal(got.text, "");
		write_some(&b);
		assert_string_equal(got.text, want.text);

		a.depth = b.depth = 1;
		for (int i = 0; i < 2; i++) {
			mark = jw_mark(&b);
			jw_array(&b, "gone");
			jw_object(&b, NULL);
			jw_u64(&b, "much", UINT64_MAX);
			if (i > 0)
				jw_object_end(&b);
			jw_back(&b, mark);
			jw_bool(&a, "stays", true);
			jw_bool(&b, "stays", true);
			assert_string_equal(got.text, want.text);
		}
		strbuf_free(&want);
		strbuf_free(&got);
	}
	(void)state;
}

/* In the room of the caller, and beyond it; in pieces and by formats. */
static void a_lent_buffer_grows(void **state)
{
	struct strbuf whole = { 0 };
	struct json_writer w = { .b = &whole, .saved = true };
	char room[256];

	(void)state;
	write_some(&w);
	assert_true(whole.len + 1 < sizeof(room));
	for (size_t size = 1; size <= sizeof(room); size++) {
		struct strbuf b = { .text = room, .size = size, .lent = true };
		struct json_writer again = { .b = &b, .saved = true };
		memset(room, 'x', sizeof(room));
		write_some(&again);
		assert_false(b.failed);
		assert_string_equal(b.text, whole.text);
		assert_int_equal(b.lent, size > whole.len);
		assert_true(size == sizeof(room) || room[size] == 'x');
		strbuf_free(&b);
		assert_null(b.text);
	}
	strbuf_free(&whole);
	for (size_t size = 1; size < 16; size++) {
		struct strbuf b = { .text = room, .size = size, .lent = true };
		memset(room, 'x', sizeof(room));
		strbuf_addf(&b, "%d", 12345);
		strbuf_addf(&b, "%s", "");
		strbuf_addf(&b, "-%s", "678");
		assert_string_equal(b.text, "12345-678");
		assert_int_equal(b.len, 9);
		assert_true(room[size] == 'x');
		strbuf_free(&b);
	}
}

static void an_arena_prints_any_length(void **state)
{
	struct arena a = { 0 };

	(void)state;
	for (int n = 250; n < 260; n++) {
		char *text = arena_printf(&a, "%*d", n, 7);
		assert_int_equal(strlen(text), n);
		assert_true(text[0] == ' ' && text[n - 1] == '7');
	}
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_saved_is_read_back_as_it_was),
		cmocka_unit_test(what_people_read_is_utf_8),
		cmocka_unit_test(what_programs_read_is_one_line_of_utf_8),
		cmocka_unit_test(decimals_have_no_zeros_at_their_end),
		cmocka_unit_test(what_says_nothing_is_taken_back),
		cmocka_unit_test(a_lent_buffer_grows),
		cmocka_unit_test(an_arena_prints_any_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
