/* SPDX-License-Identifier: Apache-2.0 */
/*
 * events.c - hasu events: what a container uses, every few seconds or once.
 */
#include "cmd/cmd.h"

#include "base/fd.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#define INTERVAL_MS 5000 /* as under runc */

int cmd_events(const struct options *o, struct err *e)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	int interval_ms = INTERVAL_MS;
	struct life life;

	if (o->events_interval && duration_parse(o->events_interval, &interval_ms) < 0)
		return err_say(e, EINVAL,
			"option '--interval': '%s' is not a time above zero such as 5s, 100ms or "
			"1m30s",
			o->events_interval);
	int r = life_of(o, &arena, &life, e);
	if (r < 0)
		return r;
	return life_events(
		&life, o->args.v[0], o->events_stats ? 0 : interval_ms, STDOUT_FILENO, e);
}

/* Nanoseconds of a unit; 0: none such. */
static double unit_of(const char *text, size_t len)
{
	static const struct {
		const char *name;
		double ns;
	} units[] = { { "ns", 1 }, { "us", 1e3 }, { "\302\265s", 1e3 }, { "\316\274s", 1e3 },
		{ "ms", 1e6 }, { "s", 1e9 }, { "m", 60e9 }, { "h", 3600e9 }, { "", 1e9 } };

	for (size_t i = 0; i < ELEMENTS(units); i++)
		if (strlen(units[i].name) == len && strncmp(text, units[i].name, len) == 0)
			return units[i].ns;
	return 0;
}

int duration_parse(const char *text, int *ret_ms)
{
	double ns = 0;

	for (const char *p = text; *p || p == text;) {
		const size_t digits = strspn(p, "0123456789.");
		const size_t unit = strcspn(p + digits, "0123456789.");
		char number[32], *end;

		if (digits == 0 || digits >= sizeof(number))
			return -EINVAL;
		memcpy(number, p, digits);
		number[digits] = '\0';
		const double value = strtod(number, &end);
		const double factor = unit_of(p + digits, unit);
		/* Seconds alone need no unit, but nothing may stand beside them then. */
		if (*end || factor == 0 || (unit == 0 && p != text))
			return -EINVAL;
		ns += value * factor;
		p += digits + unit;
	}
	if (ns <= 0 || ns / 1e6 > INT_MAX)
		return -ERANGE;
	*ret_ms = ns < 1e6 ? 1 : (int)(ns / 1e6);
	return 0;
}
