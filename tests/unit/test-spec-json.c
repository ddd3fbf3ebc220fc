/* SPDX-License-Identifier: Apache-2.0 */
/* Texts that are no JSON, or JSON that two readers could read differently. */
#include <errno.h>

#include "rows.h"
#include "spec/spec.h"

/* All are read as far as this, where what is not JSON stays what it is. */
#define READ "config.json: /ociVersion: is required"

struct row {
	const char *says;
	const char *text;
	size_t len;
	const char *words;
};

#define TEXT(says, text, words)                                                                    \
	{                                                                                          \
		says, text, sizeof(text) - 1, "config.json: " words                                \
	}
#define OK(says, text)                                                                             \
	{                                                                                          \
		says, text, sizeof(text) - 1, READ                                                 \
	}

/* clang-format off */
static const struct row rows[] = {
	OK("an empty object", "{}"),
	OK("white space around", " \t\r\n{ } \n\n"),
	OK("every kind of value", "{\"a\":[1,-2,0.5,1e3,1E+3,-0,true,false,null,\"\",{}]}"),
	OK("every escape", "{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0020\\uD834\\udd1e\"}"),
	OK("the largest numbers", "{\"a\":[18446744073709551615,-9223372036854775808]}"),
	OK("large fractions", "{\"a\":[18446744073709551616.5,18446744073709551616e1,1e999]}"),
	OK("UTF-8 of every length", "{\"a\":\"\xc3\xa9\xe2\x82\xac\xf0\x9f\xaa\xb7\"}"),
	OK("one name in several objects", "{\"a\":{\"a\":1},\"b\":[{\"a\":1},{\"a\":2}]}"),
	OK("names that look alike", "{\"a\":1,\"A\":2,\"a \":3,\"\":4}"),
	OK("colons in strings are no members", "{\"a\":\"b:c\",\"d\":[\"e\",\":\"]}"),
	OK("quotes in strings end no strings", "{\"a\":\"\\\"\",\"b\\\\\":\"\\\\\"}"),
	OK("an escape in an unknown string", "{\"a\":\"\\u0000\"}"),

	TEXT("nothing", "", "line 1, column 1: the text ends too early"),
	TEXT("white space alone", " \n ", "line 2, column 2: the text ends too early"),
	TEXT("null", "null", "must be an object, not null"),
	TEXT("a list", "[]", "must be an object, not a list"),
	TEXT("a number", "5", "must be an object, not a number"),
	TEXT("a string", "\"{}\"", "must be an object, not a string"),
	TEXT("a boolean", "true", "must be an object, not a boolean"),
	TEXT("an object that is not closed", "{\"a\":1", "line 1, column 7: the text ends too early"),
	TEXT("a list that is not closed", "{\"a\":[1,", "line 1, column 9: the text ends too early"),
	TEXT("a string that is not closed", "{\"a\":\"b", "line 1, column 8: the text ends too early"),
	TEXT("a backslash at the end", "{\"a\":\"\\", "line 1, column 8: the text ends too early"),
	TEXT("garbage behind", "{} x", "line 1, column 4: unexpected character"),
	TEXT("a second object behind", "{}\n{}", "line 2, column 1: unexpected character"),
	TEXT("a bracket too many", "{}}", "line 1, column 3: unexpected character"),
	TEXT("the wrong bracket", "{\"a\":[}", "line 1, column 7: unexpected character"),
	TEXT("a comma behind the last member", "{\"a\":1,}", "line 1, column 8: a name in double quotes is expected"),
	TEXT("a comma behind the last item", "{\"a\":[1,]}", "line 1, column 9: unexpected character"),
	TEXT("two commas", "{\"a\":[1,,2]}", "line 1, column 9: unexpected character"),
	TEXT("no comma between members", "{\"a\":1 \"b\":2}",
		"line 1, column 8: ',' or '}' is expected behind a member"),
	TEXT("no comma between items", "{\"a\":[1 2]}",
		"line 1, column 9: ',' or ']' is expected behind an item"),
	TEXT("no colon", "{\"a\" 1}",
		"line 1, column 6: ':' is expected behind a name"),
	TEXT("a name without quotes", "{a:1}",
		"line 1, column 2: a name in double quotes is expected"),
	TEXT("a number as a name", "{1:1}",
		"line 1, column 2: a name in double quotes is expected"),
	TEXT("single quotes", "{'a':1}", "line 1, column 2: a name in double quotes is expected"),
	TEXT("a comment", "{} // x", "line 1, column 4: unexpected character"),
	TEXT("a comment inside", "{/* x */}", "line 1, column 2: a name in double quotes is expected"),
	TEXT("a byte order mark", "\xef\xbb\xbf{}", "line 1, column 1: unexpected character"),
	TEXT("another space", "{\xc2\xa0}", "line 1, column 2: a name in double quotes is expected"),
	TEXT("a form feed", "{\f}", "line 1, column 2: a name in double quotes is expected"),
	TEXT("a NUL between", "{\0}", "line 1, column 2: a name in double quotes is expected"),
	TEXT("a NUL behind", "{}\0", "line 1, column 3: unexpected character"),
	TEXT("a misspelt word", "{\"a\":tru}", "line 1, column 9: unexpected character"),
	TEXT("True", "{\"a\":True}", "line 1, column 6: unexpected character"),
	TEXT("NaN", "{\"a\":NaN}", "line 1, column 6: unexpected character"),
	TEXT("nan", "{\"a\":nan}", "line 1, column 7: unexpected character"),
	TEXT("Infinity", "{\"a\":Infinity}", "line 1, column 6: unexpected character"),
	TEXT("-Infinity", "{\"a\":-Infinity}", "line 1, column 6: not a number as JSON writes it"),
	TEXT("a minus alone", "{\"a\":-}", "line 1, column 6: not a number as JSON writes it"),
	TEXT("a plus", "{\"a\":+1}", "line 1, column 6: unexpected character"),
	TEXT("a leading zero", "{\"a\":01}", "line 1, column 6: not a number as JSON writes it"),
	TEXT("a point without digits behind", "{\"a\":1.}",
		"line 1, column 6: not a number as JSON writes it"),
	TEXT("a point without digits before", "{\"a\":.5}", "line 1, column 6: unexpected character"),
	TEXT("an exponent without digits", "{\"a\":1e}",
		"line 1, column 6: not a number as JSON writes it"),
	TEXT("an exponent with a sign alone", "{\"a\":1e+}",
		"line 1, column 6: not a number as JSON writes it"),
	TEXT("hexadecimal", "{\"a\":0x10}", "line 1, column 7: ',' or '}' is expected behind a member"),
	TEXT("one past 64 bits", "{\"a\":18446744073709551616}",
		"line 1, column 6: a number that 64 bits do not hold"),
	TEXT("one below 64 bits", "{\"a\":-9223372036854775809}",
		"line 1, column 6: a number that 64 bits do not hold"),
	TEXT("far past 64 bits", "{\n\t\"a\": 99999999999999999999999999999\n}",
		"line 2, column 7: a number that 64 bits do not hold"),
	TEXT("an unknown escape", "{\"a\":\"\\x\"}", "line 1, column 8: an unknown escape in a string"),
	TEXT("an escape cut short", "{\"a\":\"\\u12\"}", "line 1, column 11: four hexadecimal digits are expected behind \\u"),
	TEXT("a newline in a string", "{\"a\":\"b\nc\"}",
		"line 1, column 8: control character in a string"),
	TEXT("a tab in a name", "{\"a\tb\":1}", "line 1, column 4: control character in a string"),
	TEXT("a NUL in a string", "{\"a\":\"b\0\"}",
		"line 1, column 8: control character in a string"),
	TEXT("bytes that are not UTF-8", "{\"a\":\"\xff\"}", "line 1, column 7: not UTF-8"),
	TEXT("a name that is not UTF-8", "{\"\xc3\":1}", "line 1, column 3: not UTF-8"),
	TEXT("UTF-8 longer than needed", "{\"a\":\"\xc0\xaf\"}", "line 1, column 7: not UTF-8"),
	TEXT("half of a surrogate pair in UTF-8", "{\"a\":\"\xed\xa0\x80\"}",
		"line 1, column 7: not UTF-8"),
	TEXT("past the last character of Unicode", "{\"a\":\"\xf4\x90\x80\x80\"}",
		"line 1, column 7: not UTF-8"),
	TEXT("columns count characters", "{\"\xc3\xa9\":\"\xe2\x82\xac\", x}",
		"line 1, column 11: a name in double quotes is expected"),
	TEXT("a name twice", "{\"a\":1,\"b\":2,\"a\":3}", "line 1, column 14: 'a' occurs twice"),
	TEXT("a name twice, once with an escape", "{\"args\":1,\n\"\\u0061rgs\":2}",
		"line 2, column 1: 'args' occurs twice"),
	TEXT("a name twice, far inside", "{\"a\":[{},{\"b\":{\"c\":1,\"d\":[],\"c\":{}}}]}",
		"line 1, column 29: 'c' occurs twice"),
	TEXT("an empty name twice", "{\"\":1,\"\":2}", "line 1, column 7: '' occurs twice"),
	TEXT("a name cut short by NUL", "{\"root\\u0000x\":1}",
		"line 1, column 2: NUL character in a name"),
};
/* clang-format on */

static void says(const char *text, size_t len, const char *words)
{
	struct spec *spec = NULL;
	struct err e = { 0 };
	int r;

	r = spec_parse(text, len, "config.json", &spec, &e);
	assert_true(r < 0);
	assert_int_equal(r, -e.num);
	assert_null(spec);
	assert_words(e.text, words);
}

static void test_row(void **state)
{
	const struct row *row = *state;

	says(row->text, row->len, row->words);
}

/* unit, so many times, between two texts. */
static char *repeat(const char *before, const char *unit, size_t n, const char *behind)
{
	struct strbuf b = { 0 };

	strbuf_adds(&b, before);
	for (size_t i = 0; i < n; i++)
		strbuf_adds(&b, unit);
	strbuf_adds(&b, behind);
	assert_false(b.failed);
	return b.text;
}

static void says_of(char *text, const char *words)
{
	says(text, strlen(text), words);
	free(text);
}

static void test_depth(void **state)
{
	char *close = repeat("", "]", 62, "}"), *open = repeat("{\"a\":", "[", 62, "");
	char *deep = repeat(open, "", 0, close);

	says_of(deep, READ);
	free(close);
	free(open);
	says_of(repeat("{\"a\":", "[", 64, ""),
		"config.json: line 1, column 69: nested too deeply");
	/* No stack is used in proportion to it. */
	says_of(repeat("", "[", 1 << 20, ""), "config.json: line 1, column 65: nested too deeply");
}

static void test_size(void **state)
{
	char *text = repeat("{\"a\":\"", "0123456789abcdef", SPEC_TEXT_MAX / 16, "\"}");

	says_of(text, "config.json: is larger than 32 MiB");
	says_of(repeat("{\"a\":[", "0,", SPEC_VALUES_MAX, "0]}"),
		"config.json: line 1, column 4194307: more values than any container needs");
	says_of(repeat("{\"a\":[", "{},", SPEC_OBJECTS_MAX, "{}]}"),
		"config.json: line 1, column 786436: more values than any container needs");
}

int main(void)
{
	const struct CMUnitTest bounds[] = {
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_size),
	};
	int failed = 0;

	failed += ROWS_RUN("texts", rows, test_row);
	failed += cmocka_run_group_tests(bounds, NULL, NULL);
	return failed != 0;
}
