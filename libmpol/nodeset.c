/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nodeset.c - a fixed set of 1024 nodes: read it, write it, compute with it.
 *
 * The text is hostile. Nothing here allocates, and no loop runs longer than the text is or than
 * the set is wide, whatever numbers the text names.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

/* One item of a list as it stands in the text: [from, to) without the white space around it. */
struct item {
	const char *text; /* the whole list */
	size_t from, to;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9'; /* isdigit(3) may follow the locale */
}

bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static size_t skip_spaces(const struct item *item, size_t at)
{
	while (at < item->to && is_space(item->text[at]))
		at++;
	return at;
}

/* Read digits from at; *ret stops growing once it is past the last node, so nothing overflows. */
static size_t scan_number(const struct item *item, size_t at, unsigned *ret)
{
	unsigned n = 0;

	for (; at < item->to && is_digit(item->text[at]); at++)
		if (n < MPOL_NODES_MAX)
			n = n * 10 + (unsigned)(item->text[at] - '0');
	*ret = n;
	return at;
}

static int refuse(const struct item *item, const char *where, struct mpol_report *report,
	const char *code, const char *before, const char *after)
{
	char quoted[QUOTE_TEXT];

	finding_add(report, code, MPOL_ERROR, where, NULL, "%s%s%s (at byte %zu)", before,
		text_quote(item->text + item->from, item->to - item->from, quoted), after,
		item->from);
	return -EINVAL;
}

static int refuse_large(const struct item *item, size_t from, size_t to, const char *where,
	struct mpol_report *report)
{
	size_t digits = from;

	/* Leading zeros say nothing, and would push the digits that matter out of the sentence. */
	while (digits + 1 < to && item->text[digits] == '0')
		digits++;
	finding_add(report, "mpol.nodes.large", MPOL_ERROR, where, NULL,
		"node %.*s%s is too large: Linux has at most %u nodes, 0-%u (at byte %zu)",
		(int)(to - digits > 20 ? 20 : to - digits), item->text + digits,
		to - digits > 20 ? "..." : "", MPOL_NODES_MAX, MPOL_NODES_MAX - 1, from);
	return -ERANGE;
}

/* Word by word: a list may repeat "0-1023" a million times. */
static void add_range(struct mpol_nodeset *set, unsigned first, unsigned last)
{
	for (unsigned i = first / 64; i <= last / 64; i++) {
		uint64_t word = UINT64_MAX;

		if (i == first / 64)
			word &= UINT64_MAX << (first % 64);
		if (i == last / 64)
			word &= UINT64_MAX >> (63 - last % 64);
		set->word[i] |= word;
	}
}

static int scan_item(const struct item *item, const char *hint, const char *where,
	struct mpol_nodeset *set, struct mpol_report *report)
{
	size_t first_end, last_from, last_end;
	unsigned first, last;

	if (item->text[item->from] == '-')
		return refuse(
			item, where, report, "mpol.nodes.open", "range ", " has no first node");
	first_end = scan_number(item, item->from, &first);
	if (first_end == item->from)
		return refuse(item, where, report, "mpol.nodes.syntax", "", hint);
	last = first;
	last_from = skip_spaces(item, first_end);
	if (last_from < item->to) {
		if (item->text[last_from] != '-')
			return refuse(item, where, report, "mpol.nodes.syntax", "", hint);
		last_from = skip_spaces(item, last_from + 1);
		if (last_from == item->to)
			return refuse(item, where, report, "mpol.nodes.open", "range ",
				" has no last node");
		last_end = scan_number(item, last_from, &last);
		if (last_end == last_from || last_end != item->to)
			return refuse(item, where, report, "mpol.nodes.syntax", "", hint);
	}
	if (first >= MPOL_NODES_MAX)
		return refuse_large(item, item->from, first_end, where, report);
	if (last >= MPOL_NODES_MAX)
		return refuse_large(item, last_from, item->to, where, report);
	if (first > last) {
		finding_add(report, "mpol.nodes.range", MPOL_ERROR, where, NULL,
			"range %u-%u runs backwards (at byte %zu)", first, last, item->from);
		return -EINVAL;
	}
	add_range(set, first, last);
	return 0;
}

int nodeset_item(const char *text, size_t from, size_t to, const char *hint,
	struct mpol_nodeset *set, struct mpol_report *report)
{
	const struct item item = { text, from, to };

	return scan_item(&item, hint, NULL, set, report);
}

int mpol_nodeset_parse(const char *text, size_t len, const char *where, struct mpol_nodeset *ret,
	struct mpol_report *report)
{
	static const char hint[] = " is neither a node such as 3 nor a range such as 0-3";
	struct mpol_nodeset set = { { 0 } };
	size_t at = 0;
	int r;

	while (at < len) {
		const char *comma = memchr(text + at, ',', len - at);
		struct item item = { text, at, comma ? (size_t)(comma - text) : len };

		at = item.to + 1;
		while (item.from < item.to && is_space(text[item.from]))
			item.from++;
		while (item.from < item.to && is_space(text[item.to - 1]))
			item.to--;
		if (item.from == item.to)
			continue;
		r = scan_item(&item, hint, where, &set, report);
		if (r < 0)
			return r;
	}
	*ret = set;
	return 0;
}

char *mpol_nodeset_format(const struct mpol_nodeset *set, char buf[MPOL_NODESET_TEXT])
{
	size_t at = 0;
	unsigned n, last;

	buf[0] = '\0';
	for (n = mpol_nodeset_next(set, 0); n < MPOL_NODES_MAX;
		n = mpol_nodeset_next(set, last + 1)) {
		for (last = n; last + 1 < MPOL_NODES_MAX && mpol_nodeset_has(set, last + 1); last++)
			;
		at += (size_t)snprintf(buf + at, MPOL_NODESET_TEXT - at, "%s%u", at ? "," : "", n);
		if (last > n)
			at += (size_t)snprintf(buf + at, MPOL_NODESET_TEXT - at, "-%u", last);
	}
	return buf;
}

bool mpol_nodeset_has(const struct mpol_nodeset *set, unsigned node)
{
	return node < MPOL_NODES_MAX && (set->word[node / 64] >> (node % 64) & 1);
}

void mpol_nodeset_add(struct mpol_nodeset *set, unsigned node)
{
	if (node < MPOL_NODES_MAX)
		set->word[node / 64] |= UINT64_C(1) << (node % 64);
}

bool mpol_nodeset_empty(const struct mpol_nodeset *set)
{
	return mpol_nodeset_next(set, 0) == MPOL_NODES_MAX;
}

bool mpol_nodeset_equal(const struct mpol_nodeset *a, const struct mpol_nodeset *b)
{
	return !memcmp(a, b, sizeof(*a));
}

unsigned mpol_nodeset_count(const struct mpol_nodeset *set)
{
	unsigned n = 0;

	for (size_t i = 0; i < MPOL_NODESET_WORDS; i++)
		n += (unsigned)__builtin_popcountll(set->word[i]);
	return n;
}

unsigned mpol_nodeset_next(const struct mpol_nodeset *set, unsigned from)
{
	for (unsigned i = from / 64; from < MPOL_NODES_MAX && i < MPOL_NODESET_WORDS; i++) {
		uint64_t word = set->word[i];

		if (i == from / 64)
			word &= UINT64_MAX << (from % 64);
		if (word)
			return i * 64 + (unsigned)__builtin_ctzll(word);
	}
	return MPOL_NODES_MAX;
}

struct mpol_nodeset mpol_nodeset_and(const struct mpol_nodeset *a, const struct mpol_nodeset *b)
{
	struct mpol_nodeset r;

	for (size_t i = 0; i < MPOL_NODESET_WORDS; i++)
		r.word[i] = a->word[i] & b->word[i];
	return r;
}

struct mpol_nodeset mpol_nodeset_minus(const struct mpol_nodeset *a, const struct mpol_nodeset *b)
{
	struct mpol_nodeset r;

	for (size_t i = 0; i < MPOL_NODESET_WORDS; i++)
		r.word[i] = a->word[i] & ~b->word[i];
	return r;
}

struct mpol_nodeset mpol_nodeset_or(const struct mpol_nodeset *a, const struct mpol_nodeset *b)
{
	struct mpol_nodeset r;

	for (size_t i = 0; i < MPOL_NODESET_WORDS; i++)
		r.word[i] = a->word[i] | b->word[i];
	return r;
}
