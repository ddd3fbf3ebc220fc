/* SPDX-License-Identifier: Apache-2.0 */
/*
 * placement.c - hasu placement: where a container's memory lies, once or again and again, and
 * whether enough of it is where its policy puts it. Changes nothing.
 */
#include "cmd/cmd.h"

#include "base/fd.h"
#include "place/place.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#define STATUS_EXPECTED 0
#define STATUS_LESS 3

/* "95", "99.9": in tenths. */
static int expect_parse(const char *text, unsigned *ret, struct err *e)
{
	const char *point = strchr(text, '.');
	const size_t whole = strspn(text, "0123456789");
	unsigned value = 0;

	if (whole > 0 && whole <= 3 &&
		(text[whole] == '\0' || (point == text + whole && strlen(point) == 2 &&
						point[1] >= '0' && point[1] <= '9'))) {
		value = (unsigned)strtoul(text, NULL, 10) * 10;
		if (point)
			value += (unsigned)(point[1] - '0');
		if (value > 0 && value <= 1000) {
			*ret = value;
			return 0;
		}
	}
	return err_say(e, EINVAL,
		"option '--expect': '%s' is not a percentage above 0 and up to 100 such as 95 or "
		"99.5",
		text);
}

static void show(struct strbuf *b, unsigned format, const struct place *p)
{
	struct style style;

	switch (format) {
	case PLACEMENT_JSON:
		place_json(b, p);
		break;
	case PLACEMENT_OPENMETRICS:
		place_metrics(b, p);
		break;
	case PLACEMENT_SVG:
		place_svg(b, p);
		break;
	default:
		style = style_of(STDOUT_FILENO);
		place_table(b, p, &style);
	}
}

/* *ret_permille: how much is in place. */
static int look_once(const struct options *o, const struct life *life,
	const struct place_options *options, bool redraw, unsigned *ret_permille, struct err *e)
{
	struct strbuf b = { 0 };
	struct place p;
	int r = place_gather(life, o->args.v[0], options, &p, e);

	if (r < 0)
		return r;
	/* To the upper left corner, and away with what was there before. */
	if (redraw)
		strbuf_adds(&b, "\033[H\033[2J");
	show(&b, o->placement_format, &p);
	*ret_permille = place_permille(&p.verdict);
	const bool told = place_counted(&p);
	place_free(&p);
	r = print_out(&b, e);
	if (r == 0 && !told && options->expect_permille)
		return err_say(e, EACCES,
			"option '--expect': no cgroup counts the memory of '%s', and no numa_maps of its "
			"processes can be read",
			o->args.v[0]);
	return r;
}

/* Until the container ends, which is no error, or somebody ends us. */
static int watch(const struct options *o, const struct life *life,
	const struct place_options *options, int interval_ms, unsigned *ret_permille, struct err *e)
{
	const bool redraw = o->placement_format == PLACEMENT_TABLE && isatty(STDOUT_FILENO);
	int r = look_once(o, life, options, redraw, ret_permille, e);

	while (r == 0) {
		(void)poll(NULL, 0, interval_ms);
		r = look_once(o, life, options, redraw, ret_permille, e);
		if (r < 0 && place_is_over(life, o->args.v[0]))
			return 0;
	}
	return r;
}

int cmd_placement(const struct options *o, struct err *e)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	struct place_options options = { .processes = o->placement_processes };
	unsigned permille = 0;
	int interval_ms = 0;
	struct life life;
	int r;

	if (o->placement_watch && duration_parse(o->placement_watch, &interval_ms) < 0)
		return err_say(e, EINVAL,
			"option '--watch': '%s' is not a time above zero such as 2, 500ms or 1m",
			o->placement_watch);
	if (o->placement_expect &&
		(r = expect_parse(o->placement_expect, &options.expect_permille, e)) < 0)
		return r;
	r = life_of(o, &arena, &life, e);
	if (r < 0)
		return r;
	if (interval_ms)
		r = watch(o, &life, &options, interval_ms, &permille, e);
	else
		r = look_once(o, &life, &options, false, &permille, e);
	if (r < 0)
		return r;
	return permille < options.expect_permille ? STATUS_LESS : STATUS_EXPECTED;
}
