/* SPDX-License-Identifier: Apache-2.0 */
/* The node list grammar: what is read, what is refused, and in which words. */
#include <errno.h>
#include <time.h>

#include "mpol.h"
#include "rows.h"

#define NOT_A_NODE " is neither a node such as 3 nor a range such as 0-3"
#define TOO_LARGE " is too large: Linux has at most 1024 nodes, 0-1023"

struct row {
	const char *says;
	const char *text;
	size_t len;
	const char *nodes; /* the set as the kernel writes it; NULL: refused */
	const char *words;
	const char *code;
};

#define OK(says, text, nodes)                                                                      \
	{                                                                                          \
		says, text, sizeof(text) - 1, nodes, NULL, NULL                                    \
	}
#define NO(says, text, code, words)                                                                \
	{                                                                                          \
		says, text, sizeof(text) - 1, NULL, words, code                                    \
	}
#define SYNTAX(says, text, quoted, at)                                                             \
	NO(says, text, "mpol.nodes.syntax", quoted NOT_A_NODE " (at byte " #at ")")
#define LARGE(says, text, number, at)                                                              \
	NO(says, text, "mpol.nodes.large", "node " number TOO_LARGE " (at byte " #at ")")
#define BACK(says, text, range, at)                                                                \
	NO(says, text, "mpol.nodes.range", "range " range " runs backwards (at byte " #at ")")
#define NO_FIRST(says, text, quoted, at)                                                           \
	NO(says, text, "mpol.nodes.open", "range " quoted " has no first node (at byte " #at ")")
#define NO_LAST(says, text, quoted, at)                                                            \
	NO(says, text, "mpol.nodes.open", "range " quoted " has no last node (at byte " #at ")")

/* clang-format off */
static const struct row rows[] = {
	OK("nothing is the empty set", "", ""),
	OK("spaces are the empty set", "  ", ""),
	OK("all white space of C is white space", " \t\n\v\f\r", ""),
	OK("a comma is two empty items", ",", ""),
	OK("many commas are empty items", ",,,,", ""),
	OK("spaces between commas are empty items", " , , ", ""),
	OK("one node", "0", "0"),
	OK("another node", "7", "7"),
	OK("two digits", "63", "63"),
	OK("the first node of the second word", "64", "64"),
	OK("the last node of the second word", "127", "127"),
	OK("three digits", "128", "128"),
	OK("four digits", "1000", "1000"),
	OK("the last node of all", "1023", "1023"),
	OK("a range", "0-3", "0-3"),
	OK("a range of one", "3-3", "3"),
	OK("a range of two", "3-4", "3-4"),
	OK("the range of all", "0-1023", "0-1023"),
	OK("a range to the last", "1000-1023", "1000-1023"),
	OK("a range of one word", "0-63", "0-63"),
	OK("a range across two words", "63-64", "63-64"),
	OK("a range of the second word", "64-127", "64-127"),
	OK("a range across many words", "1-1022", "1-1022"),
	OK("two nodes", "0,2", "0,2"),
	OK("two neighbours are a range", "0,1", "0-1"),
	OK("order does not matter", "7,3,0", "0,3,7"),
	OK("a node twice counts once", "3,3,3", "3"),
	OK("ranges may overlap", "0-5,3-9", "0-9"),
	OK("ranges may touch", "0-3,4-7", "0-7"),
	OK("a range within another", "0-9,3-4", "0-9"),
	OK("a node within a range", "0-9,5", "0-9"),
	OK("a mix", "0-3,7", "0-3,7"),
	OK("a long mix", "0-3,7,9-11,1020-1023", "0-3,7,9-11,1020-1023"),
	OK("sparse nodes", "0,8,252-255", "0,8,252-255"),
	OK("both ends of a word", "0,63", "0,63"),
	OK("the ends of everything", "0,1023", "0,1023"),
	OK("a leading zero is decimal", "010", "10"),
	OK("eight is a digit after a zero", "08", "8"),
	OK("many leading zeros", "0000000000000000000000000000000000000001", "1"),
	OK("leading zeros of the last node", "00001023", "1023"),
	OK("leading zeros in a range", "01-03", "1-3"),
	OK("only zeros", "0000", "0"),
	OK("space before", " 5", "5"),
	OK("space after", "5 ", "5"),
	OK("space around", "  5  ", "5"),
	OK("space before a comma", "1 ,2", "1-2"),
	OK("space after a comma", "1, 2", "1-2"),
	OK("space before a dash", "1 -3", "1-3"),
	OK("space after a dash", "1- 3", "1-3"),
	OK("space around every token", " 0 - 3 , 7 ", "0-3,7"),
	OK("tabs around every token", "\t0\t-\t3\t,\t7\t", "0-3,7"),
	OK("newlines around every token", "\n0\n-\n3\n,\n7\n", "0-3,7"),
	OK("carriage returns and form feeds", "\r0\f-\v3\r,\f7\v", "0-3,7"),
	OK("the kernel's own newline", "0-3\n", "0-3"),
	OK("an empty item first", ",1", "1"),
	OK("an empty item last", "1,", "1"),
	OK("an empty item between", "1,,3", "1,3"),
	OK("empty items everywhere", ",,1,,,3-4,,", "1,3-4"),
	OK("empty items with spaces", " , 1 , , 3 , ", "1,3"),
	BACK("a range runs backwards", "5-2", "5-2", 0),
	BACK("a range runs backwards to zero", "1-0", "1-0", 0),
	BACK("the largest range runs backwards", "1023-0", "1023-0", 0),
	BACK("a range runs backwards later", "0,5-2", "5-2", 2),
	BACK("its position counts the spaces before it", "0,  5-2", "5-2", 4),
	BACK("spaces and zeros do not show in its words", "05 - 002", "5-2", 0),
	BACK("the first of two is named", "9-8,7-6", "9-8", 0),
	LARGE("one past the last", "1024", "1024", 0),
	LARGE("one past the last at the end of a range", "0-1024", "1024", 2),
	LARGE("one past the last at the start of a range", "1024-1025", "1024", 0),
	LARGE("large and backwards is large", "1024-2", "1024", 0),
	LARGE("a later item", "0,1,2,4000", "4000", 6),
	LARGE("its position counts spaces", " 0 - 9999", "9999", 5),
	LARGE("five digits", "65536", "65536", 0),
	LARGE("two to the 31st", "2147483648", "2147483648", 0),
	LARGE("the largest 32-bit number", "0-4294967295", "4294967295", 2),
	LARGE("two to the 32nd is not 0", "4294967296", "4294967296", 0),
	LARGE("two to the 32nd and one is not 1", "4294967297", "4294967297", 0),
	LARGE("the largest 64-bit number", "18446744073709551615", "18446744073709551615", 0),
	LARGE("two to the 64th is not 0", "18446744073709551616", "18446744073709551616", 0),
	LARGE("two to the 64th and one is not 1", "18446744073709551617", "18446744073709551617", 0),
	LARGE("a longer one is cut off", "999999999999999999999999", "99999999999999999999...", 0),
	LARGE("leading zeros do not hide it", "0000000000000000000000009999", "9999", 0),
	LARGE("10239 does not wrap to 1023", "10239", "10239", 0),
	NO_LAST("an open range", "3-", "\"3-\"", 0),
	NO_LAST("an open range with space", "3 - ", "\"3 -\"", 0),
	NO_LAST("an open range before a comma", "3-,4", "\"3-\"", 0),
	NO_LAST("an open range later", "1,3-", "\"3-\"", 2),
	NO_FIRST("a minus sign", "-1", "\"-1\"", 0),
	NO_FIRST("a minus sign later", "0,-1", "\"-1\"", 2),
	NO_FIRST("a dash alone", "-", "\"-\"", 0),
	NO_FIRST("two dashes", "--", "\"--\"", 0),
	NO_FIRST("a dash and a space", "- 1", "\"- 1\"", 0),
	SYNTAX("a minus sign within a range", "0--1", "\"0--1\"", 0),
	SYNTAX("a plus sign", "+1", "\"+1\"", 0),
	SYNTAX("a plus sign within a range", "0-+1", "\"0-+1\"", 0),
	SYNTAX("hexadecimal", "0x1", "\"0x1\"", 0),
	SYNTAX("hexadecimal digits", "a", "\"a\"", 0),
	SYNTAX("hexadecimal in a range", "0-0xf", "\"0-0xf\"", 0),
	SYNTAX("an octal prefix", "0o7", "\"0o7\"", 0),
	SYNTAX("an exponent", "1e2", "\"1e2\"", 0),
	SYNTAX("a fraction", "1.5", "\"1.5\"", 0),
	SYNTAX("a thousands separator of the locale", "1'000", "\"1'000\"", 0),
	SYNTAX("a range of three", "1-2-3", "\"1-2-3\"", 0),
	SYNTAX("two numbers without a comma", "1 2", "\"1 2\"", 0),
	SYNTAX("two numbers in a range", "1-2 3", "\"1-2 3\"", 0),
	SYNTAX("something behind a number", "1x", "\"1x\"", 0),
	SYNTAX("something behind a range", "1-2x", "\"1-2x\"", 0),
	SYNTAX("something later", "0,1-2x", "\"1-2x\"", 2),
	SYNTAX("a semicolon", "1;2", "\"1;2\"", 0),
	SYNTAX("a colon", "0:3", "\"0:3\"", 0),
	SYNTAX("a stride as in cpu lists", "0-7:2/4", "\"0-7:2/4\"", 0),
	SYNTAX("libnuma's all", "all", "\"all\"", 0),
	SYNTAX("libnuma's same", "same", "\"same\"", 0),
	SYNTAX("libnuma's relative sign", "+0-1", "\"+0-1\"", 0),
	SYNTAX("libnuma's negation", "!0", "\"!0\"", 0),
	SYNTAX("a wildcard", "*", "\"*\"", 0),
	SYNTAX("a bracket", "[0-3]", "\"[0-3]\"", 0),
	SYNTAX("quotes are escaped", "\"0\"", "\"\\\"0\\\"\"", 0),
	SYNTAX("a backslash is escaped", "\\0", "\"\\\\0\"", 0),
	SYNTAX("a NUL byte", "0\0", "\"0\\x00\"", 0),
	SYNTAX("a NUL byte first", "\0" "0", "\"\\x000\"", 0),
	SYNTAX("a NUL byte between", "0\0" "1", "\"0\\x001\"", 0),
	SYNTAX("a NUL byte in a later item", "0,1,\0", "\"\\x00\"", 4),
	SYNTAX("an escape character", "\033[31m0", "\"\\x1b[31m0\"", 0),
	SYNTAX("a bell", "0\a", "\"0\\x07\"", 0),
	SYNTAX("a newline within cannot forge a line", "0 \nerror: x", "\"0 \\x0aerror: x\"", 0),
	SYNTAX("delete", "\177", "\"\\x7f\"", 0),
	SYNTAX("Arabic digits", "\xd9\xa1", "\"\\xd9\\xa1\"", 0),
	SYNTAX("fullwidth digits", "\xef\xbc\x91", "\"\\xef\\xbc\\x91\"", 0),
	SYNTAX("a superscript", "1\xc2\xb2", "\"1\\xc2\\xb2\"", 0),
	SYNTAX("an en dash", "0\xe2\x80\x93" "3", "\"0\\xe2\\x80\\x933\"", 0),
	SYNTAX("a no-break space", "\xc2\xa0" "1", "\"\\xc2\\xa01\"", 0),
	SYNTAX("a zero-width space", "1\xe2\x80\x8b", "\"1\\xe2\\x80\\x8b\"", 0),
	SYNTAX("a byte order mark", "\xef\xbb\xbf" "0", "\"\\xef\\xbb\\xbf0\"", 0),
	SYNTAX("a right-to-left override", "\xe2\x80\xae" "1", "\"\\xe2\\x80\\xae1\"", 0),
	SYNTAX("bytes that are no UTF-8", "\xff\xfe", "\"\\xff\\xfe\"", 0),
	SYNTAX("a fullwidth comma", "0\xef\xbc\x8c" "1", "\"0\\xef\\xbc\\x8c1\"", 0),
	SYNTAX("next line of C1", "\xc2\x85" "0", "\"\\xc2\\x850\"", 0),
	SYNTAX("a long item is cut off",
		"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz",
		"\"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuv...\" (52 bytes)", 0),
};
/* clang-format on */

static void test_row(void **state)
{
	const struct row *row = *state;
	struct mpol_nodeset set, untouched;
	struct mpol_report report = { 0 };
	char text[MPOL_NODESET_TEXT];
	/* An own copy of just that length, so that the sanitizer sees a read past its end. */
	char *copy = malloc(row->len ? row->len : 1);
	int r;

	assert_non_null(copy);
	memcpy(copy, row->text, row->len);
	memset(&set, 0xa5, sizeof(set));
	untouched = set;
	r = mpol_nodeset_parse(copy, row->len, "/nodes", &set, &report);
	free(copy);
	if (row->nodes) {
		assert_int_equal(r, 0);
		assert_words(mpol_nodeset_format(&set, text), row->nodes);
		assert_int_equal(report.n, 0);
		return;
	}
	assert_memory_equal(&set, &untouched, sizeof(set));
	assert_int_equal(report.n, 1);
	assert_words(report.item[0].text, row->words);
	assert_words(report.item[0].code, row->code);
	assert_words(report.item[0].where, "/nodes");
	assert_int_equal(report.item[0].severity, MPOL_ERROR);
	assert_int_equal(r, strcmp(row->code, "mpol.nodes.large") ? -EINVAL : -ERANGE);
	/* The report is optional. */
	assert_int_equal(mpol_nodeset_parse(row->text, row->len, NULL, &set, NULL), r);
}

struct big_row {
	const char *says;
	const char *unit; /* repeated up to 10 MB */
	const char *nodes;
	const char *words;
};

static const struct big_row big_rows[] = {
	{ "10 MB of zeros are node 0", "0", "0", NULL },
	{ "10 MB of nines are cut off in the words", "9", NULL,
		"node 99999999999999999999..." TOO_LARGE " (at byte 0)" },
	{ "10 MB of spaces are nothing", " ", "", NULL },
	{ "10 MB of commas are nothing", ",", "", NULL },
	{ "10 MB of the whole range cost nothing", "0-1023,", "0-1023", NULL },
	{ "10 MB of nodes", "1,3,5,7,", "1,3,5,7", NULL },
	{ "10 MB of dashes", "-", NULL,
		"range \"------------------------------------------------...\" (10485760 bytes) "
		"has no first node (at byte 0)" },
	{ "10 MB of numbers without commas", "1 ", NULL,
		"\"1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 ...\" (10485759 "
		"bytes)" NOT_A_NODE " (at byte 0)" },
	{ "10 MB of escapes", "\033", NULL,
		"\"\\x1b\\x1b\\x1b\\x1b\\x1b\\x1b\\x1b\\x1b\\x1b\\x1b\\x1b\\x1b\\x1b\\x1b\\x1b\\x1b"
		"\\x1b\\x1b\\x1b\\x1b\\x1b\\x1b\\x1b\\x1b\\x1b\\x1b\\x1b\\x1b\\x1b\\x1b\\x1b\\x1b"
		"\\x1b\\x1b\\x1b\\x1b\\x1b\\x1b\\x1b\\x1b\\x1b\\x1b\\x1b\\x1b\\x1b\\x1b\\x1b\\x1b"
		"...\" (10485760 bytes)" NOT_A_NODE " (at byte 0)" },
	{ "10 MB of the range of the world", "0-4294967295,", NULL,
		"node 4294967295" TOO_LARGE " (at byte 2)" },
};

static void test_big(void **state)
{
	const struct big_row *row = *state;
	const size_t len = 10 << 20, unit = strlen(row->unit);
	struct mpol_report report = { 0 };
	char text[MPOL_NODESET_TEXT];
	char *big = malloc(len);
	struct mpol_nodeset set;
	clock_t start;
	int r;

	assert_non_null(big);
	for (size_t i = 0; i < len; i++)
		big[i] = row->unit[i % unit];
	start = clock();
	r = mpol_nodeset_parse(big, len, NULL, &set, &report);
	/* Some 20 ms in truth; bit by bit instead of word by word takes several seconds. */
	assert_true(clock() - start < 3 * CLOCKS_PER_SEC);
	free(big);
	if (row->nodes) {
		assert_int_equal(r, 0);
		assert_words(mpol_nodeset_format(&set, text), row->nodes);
	} else {
		assert_true(r < 0);
		assert_words(report.item[0].text, row->words);
	}
}

static void test_every_range(void **state)
{
	(void)state;
	for (unsigned first = 0; first < MPOL_NODES_MAX; first += first < 130 ? 1 : 61)
		for (unsigned last = first; last < MPOL_NODES_MAX; last += last < 130 ? 1 : 59) {
			struct mpol_nodeset set;
			char text[32];

			(void)snprintf(text, sizeof(text), "%u-%u", first, last);
			assert_int_equal(
				mpol_nodeset_parse(text, strlen(text), NULL, &set, NULL), 0);
			assert_int_equal(mpol_nodeset_count(&set), last - first + 1);
			for (unsigned n = 0; n < MPOL_NODES_MAX; n++)
				assert_int_equal(
					mpol_nodeset_has(&set, n), n >= first && n <= last);
		}
}

static void test_longest_text_fits(void **state)
{
	struct mpol_nodeset set = { { 0 } }, again;
	char text[MPOL_NODESET_TEXT];

	(void)state;
	for (unsigned n = 0; n < MPOL_NODES_MAX; n++)
		if (n % 3 != 2)
			mpol_nodeset_add(&set, n);
	(void)mpol_nodeset_format(&set, text);
	assert_true(strlen(text) > 2000 && strlen(text) < sizeof(text) - 1);
	assert_int_equal(mpol_nodeset_parse(text, strlen(text), NULL, &again, NULL), 0);
	assert_true(mpol_nodeset_equal(&set, &again));
}

static void test_past_the_end_is_nothing(void **state)
{
	struct mpol_nodeset set = { { 0 } };

	(void)state;
	mpol_nodeset_add(&set, 1024);
	mpol_nodeset_add(&set, UINT32_MAX);
	assert_true(mpol_nodeset_empty(&set));
	assert_int_equal(mpol_nodeset_count(&set), 0);
	assert_int_equal(mpol_nodeset_next(&set, 0), MPOL_NODES_MAX);
	mpol_nodeset_add(&set, 1023);
	assert_false(mpol_nodeset_has(&set, 1024));
	assert_false(mpol_nodeset_has(&set, UINT32_MAX));
	assert_false(mpol_nodeset_empty(&set));
	assert_int_equal(mpol_nodeset_next(&set, 0), 1023);
	assert_int_equal(mpol_nodeset_next(&set, 1023), 1023);
	assert_int_equal(mpol_nodeset_next(&set, 1024), MPOL_NODES_MAX);
	assert_int_equal(mpol_nodeset_next(&set, UINT32_MAX), MPOL_NODES_MAX);
}

static void test_and_minus(void **state)
{
	struct mpol_nodeset a, b, r;
	char text[MPOL_NODESET_TEXT];

	(void)state;
	assert_int_equal(mpol_nodeset_parse("0-5,64,1023", 11, NULL, &a, NULL), 0);
	assert_int_equal(mpol_nodeset_parse("4-9,1023", 8, NULL, &b, NULL), 0);
	r = mpol_nodeset_and(&a, &b);
	assert_words(mpol_nodeset_format(&r, text), "4-5,1023");
	r = mpol_nodeset_minus(&a, &b);
	assert_words(mpol_nodeset_format(&r, text), "0-3,64");
	assert_false(mpol_nodeset_equal(&a, &b));
	assert_true(mpol_nodeset_equal(&a, &a));
}

int main(void)
{
	const struct CMUnitTest others[] = {
		cmocka_unit_test(test_every_range),
		cmocka_unit_test(test_longest_text_fits),
		cmocka_unit_test(test_past_the_end_is_nothing),
		cmocka_unit_test(test_and_minus),
	};
	int failed = ROWS_RUN("node lists", rows, test_row);

	failed += ROWS_RUN("huge node lists", big_rows, test_big);
	failed += cmocka_run_group_tests_name("node sets", others, NULL, NULL);
	return failed != 0;
}
