/* SPDX-License-Identifier: Apache-2.0 */
/* Times as text, against what libc says of every day up to the year 9999. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "base/str.h"

#define DAY 86400

static void expect(int64_t seconds)
{
	const struct timespec when = { .tv_sec = seconds, .tv_nsec = 1 };
	char is[STR_UTC], due[64];
	struct tm tm;

	assert_non_null(gmtime_r(&when.tv_sec, &tm));
	assert_int_not_equal(strftime(due, sizeof(due), "%Y-%m-%dT%H:%M:%S.000000001Z", &tm), 0);
	str_utc(&when, is);
	assert_string_equal(is, due);
}

static void every_day(void **state)
{
	(void)state;
	for (int64_t day = 0; day < 2932897; day++)
		expect(day * DAY + day % DAY);
	expect(2932897ll * DAY - 1);
}

static void last_second_of_months(void **state)
{
	(void)state;
	for (int64_t day = 1; day < 366 * 8; day++)
		expect(day * DAY - 1);
}

static void none(void **state)
{
	static const struct timespec rows[] = {
		{ .tv_sec = -1 },
		{ .tv_sec = 2932897ll * DAY },
		{ .tv_sec = INT64_MAX },
		{ .tv_nsec = 1000000000 },
		{ .tv_nsec = -1 },
	};
	char is[STR_UTC];

	(void)state;
	for (size_t i = 0; i < ELEMENTS(rows); i++) {
		str_utc(&rows[i], is);
		assert_string_equal(is, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_day),
		cmocka_unit_test(last_second_of_months),
		cmocka_unit_test(none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
