/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rows.h - a table of rows as a cmocka group, so that each row is a test with a sentence as name.
 *
 * A row is any struct whose first member is that sentence: const char *says. The test function gets
 * the row as *state.
 */
#ifndef TESTS_ROWS_H
#define TESTS_ROWS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROWS_RUN(group, rows, test)                                                                \
	rows_run((group), (rows), sizeof(rows) / sizeof((rows)[0]), sizeof((rows)[0]), (test))

static inline int rows_run(
	const char *group, const void *rows, size_t n, size_t size, CMUnitTestFunction test)
{
	struct CMUnitTest *tests = calloc(n, sizeof(*tests));
	int failed;

	if (!tests)
		return 1;
	for (size_t i = 0; i < n; i++) {
		const char *row = (const char *)rows + i * size;

		memcpy(&tests[i].name, row, sizeof(tests[i].name));
		tests[i].test_func = test;
		tests[i].initial_state = (void *)(uintptr_t)row;
	}
	failed = _cmocka_run_group_tests(group, tests, n, NULL, NULL);
	free(tests);
	return failed;
}

/* Like assert_string_equal(), but shows the two texts one below the other. */
#define assert_words(got, want)                                                                    \
	do {                                                                                       \
		const char *got_ = (got), *want_ = (want);                                         \
		if (strcmp(got_, want_) != 0)                                                      \
			fail_msg("\n   got: %s\nwanted: %s", got_, want_);                         \
	} while (0)

#endif
