/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notation.c - a policy in one line of text, as an annotation or an option has it, to a struct
 * mpol_spec.
 *
 * The text is hostile. Nothing here allocates, a text has a longest length, and every finding names
 * the token that is wrong and where it stands. Symbols are only recognized; symbols.c knows what
 * they stand for.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

#define NAMES_TEXT 256
#define DISTANCE_MIN 10 /* ACPI 6.5, 5.2.17 (SLIT): a node to itself */
#define DISTANCE_MAX 255
#define DOMAIN_DIGITS_MAX 8

/* A part of the text, [from, to), without white space at its ends once it is trimmed. */
struct token {
	size_t from, to;
};

struct reader {
	const char *text;
	size_t len;
	const char *where;
	struct mpol_report *report;
	struct token symbol; /* the first one, or empty */
};

static struct token trim(const struct reader *r, size_t from, size_t to)
{
	while (from < to && is_space(r->text[from]))
		from++;
	while (from < to && is_space(r->text[to - 1]))
		to--;
	return (struct token){ from, to };
}

static const char *quote(const struct reader *r, struct token t, char buf[QUOTE_TEXT])
{
	return text_quote(r->text + t.from, t.to - t.from, buf);
}

/* "<before><quoted token><after> (at byte N)" */
static int refuse(const struct reader *r, struct token t, const char *code, const char *before,
	const char *after)
{
	char quoted[QUOTE_TEXT];

	finding_add(r->report, code, MPOL_ERROR, r->where, NULL, "%s%s%s (at byte %zu)", before,
		quote(r, t, quoted), after, t.from);
	return -EINVAL;
}

/* What other functions found without knowing where the text stands. */
static void pass_on(const struct reader *r, const struct mpol_report *found)
{
	for (size_t i = 0; i < found->n; i++)
		finding_add(r->report, found->item[i].code, found->item[i].severity, r->where, NULL,
			"%s", found->item[i].text);
}

static bool is(const struct reader *r, struct token t, const char *word)
{
	size_t len = strlen(word);

	return t.to - t.from == len && !memcmp(r->text + t.from, word, len);
}

/* The letters alone, in lower case: "Prefer_Many" and "prefer (many)" are the same slip. */
static void letters(const char *text, size_t len, char buf[NAMES_TEXT])
{
	size_t at = 0;

	for (size_t i = 0; i < len && at + 1 < NAMES_TEXT; i++) {
		char c = text[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (c >= 'a' && c <= 'z')
			buf[at++] = c;
	}
	buf[at] = '\0';
}

/* Is the token what somebody may write for this word, or for the specification's name of it? */
static bool is_near(const struct reader *r, struct token t, const char *word, const char *name,
	const char *prefix)
{
	char given[NAMES_TEXT], want[NAMES_TEXT];

	letters(r->text + t.from, t.to - t.from, given);
	letters(word, strlen(word), want);
	if (!strcmp(given, want))
		return true;
	letters(name, strlen(name), want);
	if (!strcmp(given, want))
		return true;
	letters(name + strlen(prefix), strlen(name) - strlen(prefix), want);
	return !strcmp(given, want);
}

static int refuse_near(const struct reader *r, struct token t, const char *code, const char *what,
	const char *near)
{
	char quoted[QUOTE_TEXT];

	finding_add(r->report, code, MPOL_ERROR, r->where, NULL,
		"%s %s is not known: this one is written \"%s\" (at byte %zu)", what,
		quote(r, t, quoted), near, t.from);
	return -EINVAL;
}

static int refuse_unknown(
	const struct reader *r, struct token t, const char *code, const char *what, const char *all)
{
	char quoted[QUOTE_TEXT];

	finding_add(r->report, code, MPOL_ERROR, r->where, NULL,
		"%s %s is not known: it can be %s (at byte %zu)", what, quote(r, t, quoted), all,
		t.from);
	return -EINVAL;
}

/* Modes or flags: what they are called, and row i of their table. */
struct kind {
	const char *what, *unknown; /* unknown: the finding's code */
	const char *prefix;         /* of the specification's names */
	size_t n;
	void (*row)(size_t i, const char **ret_word, const char **ret_name);
};

static void mode_row(size_t i, const char **ret_word, const char **ret_name)
{
	size_t n;
	const struct mpol_mode_info *mode = &mpol_modes(&n)[i];

	*ret_word = mode->maps_word;
	*ret_name = mode->name;
}

static void flag_row(size_t i, const char **ret_word, const char **ret_name)
{
	size_t n;
	const struct mpol_flag_info *flag = &mpol_flags(&n)[i];

	*ret_word = flag->maps_word;
	*ret_name = flag->name;
}

/* Which row of its kind is it? */
static int read_word(const struct reader *r, struct token t, const struct kind *kind, size_t *ret)
{
	char all[NAMES_TEXT] = "";
	const char *word, *name;
	size_t at = 0;

	for (size_t i = 0; i < kind->n; i++) {
		kind->row(i, &word, &name);
		if (is(r, t, word) || is(r, t, name)) {
			*ret = i;
			return 0;
		}
	}
	for (size_t i = 0; i < kind->n; i++) {
		kind->row(i, &word, &name);
		if (is_near(r, t, word, name, kind->prefix))
			return refuse_near(r, t, kind->unknown, kind->what, word);
		at += (size_t)snprintf(all + at, sizeof(all) - at, "%s%s", i ? ", " : "", word);
	}
	return refuse_unknown(r, t, kind->unknown, kind->what, all);
}

static int read_mode(const struct reader *r, struct token t, const struct mpol_mode_info **ret)
{
	struct kind kind = { "mode", "mpol.mode.unknown", "MPOL_", .row = mode_row };
	const struct mpol_mode_info *modes = mpol_modes(&kind.n);
	size_t i;

	if (t.from == t.to) {
		finding_add(r->report, "mpol.mode.missing", MPOL_ERROR, r->where, NULL,
			"mode is missing: a memory policy begins with one, such as bind (at byte "
			"%zu)",
			t.from);
		return -EINVAL;
	}
	int result = read_word(r, t, &kind, &i);
	if (result == 0)
		*ret = &modes[i];
	return result;
}

static int read_flag(const struct reader *r, struct token t, unsigned *bits)
{
	struct kind kind = { "flag", "mpol.flag.unknown", "MPOL_F_", .row = flag_row };
	const struct mpol_flag_info *flags = mpol_flags(&kind.n);
	size_t i;

	if (t.from == t.to) {
		finding_add(r->report, "mpol.flag.missing", MPOL_ERROR, r->where, NULL,
			"a flag is missing: \"=\", \"|\" and \"+\" are followed by one (at byte "
			"%zu)",
			t.from);
		return -EINVAL;
	}
	int result = read_word(r, t, &kind, &i);
	if (result == 0)
		*bits |= flags[i].bit;
	return result;
}

/* Where the first of these characters stands, or to. */
static size_t find(const struct reader *r, size_t from, size_t to, const char *any)
{
	while (from < to && (r->text[from] == '\0' || !strchr(any, r->text[from])))
		from++;
	return from;
}

static int read_flags(const struct reader *r, size_t from, size_t to, unsigned *ret)
{
	unsigned bits = 0;
	int result = 0;

	for (size_t at = from; at <= to;) {
		size_t end = find(r, at, to, "|+");

		if (read_flag(r, trim(r, at, end), &bits) < 0)
			result = -EINVAL;
		at = end + 1;
	}
	*ret = bits;
	return result;
}

/* --- terms --- */

static const char hint[] =
	" is neither a node such as 3, a range such as 0-3, nor a symbol such as cpus";

static int read_distance(
	const struct reader *r, struct token t, struct token argument, struct mpol_terms *terms)
{
	unsigned n = 0;

	for (size_t i = argument.from; i < argument.to; i++) {
		char c = r->text[i];

		if (c < '0' || c > '9' || n > DISTANCE_MAX) {
			n = 0;
			break;
		}
		n = n * 10 + (unsigned)(c - '0');
	}
	if (n < DISTANCE_MIN || n > DISTANCE_MAX)
		return refuse(r, t, "mpol.symbol.argument", "",
			" has no distance: that is a number from 10, the node itself, to 255");
	if (n > terms->max_dist)
		terms->max_dist = n;
	return 0;
}

/* n digits or more, up to max, of base 16, or 8 for a function; what ends them is not looked at. */
static size_t take_digits(const struct reader *r, size_t at, size_t to, size_t max, bool hex)
{
	size_t n = 0;

	while (n < max && at + n < to) {
		char c = r->text[at + n];
		bool digit = c >= '0' && c <= (hex ? '9' : '7');

		if (!digit && !(hex && ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))))
			break;
		n++;
	}
	return n;
}

/* "3b:00.0" or "0000:3b:00.0": [domain ":"] bus ":" device "." function, as lspci(8) writes it. */
static bool read_address(const struct reader *r, struct token t, char ret[MPOL_DEVICE_TEXT])
{
	char address[MPOL_DEVICE_TEXT + 8];
	size_t at = t.from, n;
	bool domain;

	n = take_digits(r, at, t.to, DOMAIN_DIGITS_MAX, true);
	domain = n >= 4;
	if (domain && (at + n == t.to || r->text[at + n] != ':'))
		return false;
	if (domain)
		at += n + 1;
	if (t.to - at != strlen("3b:00.0") || take_digits(r, at, t.to, 2, true) != 2 ||
		r->text[at + 2] != ':' || take_digits(r, at + 3, t.to, 2, true) != 2 ||
		r->text[at + 5] != '.' || take_digits(r, at + 6, t.to, 1, false) != 1)
		return false;
	(void)snprintf(address, sizeof(address), "%s%.*s",
		domain ? "" : "0000:", (int)(t.to - t.from), r->text + t.from);
	/* The kernel writes at least four digits of the domain, and more only where they count. */
	while (strchr(address, ':') - address > 4 && address[0] == '0')
		memmove(address, address + 1, strlen(address));
	for (size_t i = 0; i <= strlen(address); i++)
		ret[i] = (char)(address[i] >= 'A' && address[i] <= 'F' ? address[i] - 'A' + 'a'
								       : address[i]);
	return true;
}

static int read_device(
	const struct reader *r, struct token t, struct token argument, struct mpol_terms *terms)
{
	char address[MPOL_DEVICE_TEXT];
	size_t i;

	if (!read_address(r, argument, address))
		return refuse(
			r, t, "mpol.device.syntax", "", " has no PCI address such as 0000:3b:00.0");
	for (i = 0; i < terms->n_devices; i++)
		if (!strcmp(terms->device[i].address, address))
			return 0;
	if (i == MPOL_DEVICES_MAX) {
		finding_add(r->report, "mpol.device.many", MPOL_ERROR, r->where, NULL,
			"more than %d devices are named (at byte %zu)", MPOL_DEVICES_MAX, t.from);
		return -E2BIG;
	}
	memcpy(terms->device[i].address, address, sizeof(address));
	terms->device[i].node = -1;
	terms->n_devices++;
	return 0;
}

static const struct mpol_symbol_info *symbol_of(const struct reader *r, struct token name)
{
	const struct mpol_symbol_info *symbols;
	size_t n;

	symbols = mpol_symbols(&n);
	for (size_t i = 0; i < n; i++)
		if (is(r, name, symbols[i].name))
			return &symbols[i];
	return NULL;
}

static int refuse_symbol(const struct reader *r, struct token t, struct token name)
{
	const struct mpol_symbol_info *symbols;
	char all[NAMES_TEXT] = "", quoted[QUOTE_TEXT];
	size_t n, at = 0;

	symbols = mpol_symbols(&n);
	for (size_t i = 0; i < n; i++) {
		if (is_near(r, name, symbols[i].name, symbols[i].name, ""))
			return refuse_near(
				r, name, "mpol.symbol.unknown", "symbol", symbols[i].name);
		at += (size_t)snprintf(all + at, sizeof(all) - at, "%s%s%s", i ? ", " : "",
			symbols[i].name, symbols[i].argument ? ":..." : "");
	}
	finding_add(r->report, "mpol.symbol.unknown", MPOL_ERROR, r->where, NULL,
		"%s is neither a node such as 3, a range such as 0-3, nor one of the symbols %s "
		"(at "
		"byte %zu)",
		quote(r, t, quoted), all, t.from);
	return -EINVAL;
}

static int read_symbol(struct reader *r, struct token t, struct mpol_terms *terms)
{
	size_t colon = find(r, t.from, t.to, ":");
	struct token name = trim(r, t.from, colon), argument = { t.to, t.to };
	const struct mpol_symbol_info *info = symbol_of(r, name);
	char missing[NAMES_TEXT];

	if (!info)
		return refuse_symbol(r, t, name);
	if (colon < t.to)
		argument = trim(r, colon + 1, t.to);
	if (!info->argument && colon < t.to)
		return refuse(r, t, "mpol.symbol.argument", "",
			": nothing can stand behind this symbol but a comma");
	if (info->argument && argument.from == argument.to) {
		(void)snprintf(missing, sizeof(missing), " needs something behind it, as in %s:%s",
			info->name, info->argument);
		return refuse(r, t, "mpol.symbol.argument", "", missing);
	}
	terms->symbols |= info->bit;
	if (r->symbol.from == r->symbol.to)
		r->symbol = t;
	if (info->bit == MPOL_SYMBOL_MAX_DIST)
		return read_distance(r, t, argument, terms);
	if (info->bit == MPOL_SYMBOL_DEVICE)
		return read_device(r, t, argument, terms);
	return 0;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int read_term(struct reader *r, struct token t, struct mpol_spec *spec)
{
	struct mpol_report found = { 0 };
	struct mpol_terms *terms = &spec->in;
	int result;

	if (r->text[t.from] == '!') {
		struct token rest = trim(r, t.from + 1, t.to);

		if (rest.from == rest.to)
			return refuse(r, t, "mpol.nodes.syntax", "", " is followed by no node");
		t = rest;
		terms = &spec->out;
	}
	if (is_letter(r->text[t.from]))
		return read_symbol(r, t, terms);
	result = nodeset_item(r->text, t.from, t.to, hint, &terms->numbers, &found);
	pass_on(r, &found);
	return result;
}

/* *ret_any: a term was there. */
static int read_nodes(
	struct reader *r, size_t from, size_t to, struct mpol_spec *spec, bool *ret_any)
{
	int result = 0;

	*ret_any = false;
	for (size_t at = from; result == 0 && at < to;) {
		size_t end = find(r, at, to, ",");
		struct token t = trim(r, at, end);

		at = end + 1;
		if (t.from == t.to)
			continue; /* as in every list of nodes */
		*ret_any = true;
		result = read_term(r, t, spec);
	}
	if (result == 0 && !*ret_any) {
		finding_add(r->report, "mpol.nodes.required", MPOL_ERROR, r->where, NULL,
			"nodes are missing: \":\" is followed by some (at byte %zu)", from);
		return -EINVAL;
	}
	return result;
}

/* --- rules --- */

static bool check_nodes(const struct reader *r, const struct mpol_mode_info *info,
	const struct mpol_spec *spec, bool any, struct token nodes)
{
	char quoted[QUOTE_TEXT];
	struct mpol numbers;

	if (!any && info->node_rule == MPOL_NODES_REQUIRED) {
		finding_add(r->report, "mpol.nodes.required", MPOL_ERROR, r->where, NULL,
			"%s needs at least one node, as in %s:0", info->name, info->maps_word);
		return false;
	}
	if (any && info->node_rule == MPOL_NODES_NONE) {
		finding_add(r->report, "mpol.nodes.forbidden", MPOL_ERROR, r->where, NULL,
			"%s takes no nodes, and %s is given (at byte %zu)", info->name,
			quote(r, nodes, quoted), nodes.from);
		return false;
	}
	if (any && spec->flags & MPOL_FLAG_RELATIVE_NODES && r->symbol.from < r->symbol.to) {
		finding_add(r->report, "mpol.symbol.relative", MPOL_ERROR, r->where, NULL,
			"MPOL_F_RELATIVE_NODES counts nodes within the cpuset, and %s stands for "
			"nodes of the host (at byte %zu)",
			quote(r, r->symbol, quoted), r->symbol.from);
		return false;
	}
	if (any && spec->flags & MPOL_FLAG_RELATIVE_NODES && mpol_spec_is_symbolic(spec)) {
		finding_add(r->report, "mpol.symbol.relative", MPOL_ERROR, r->where, NULL,
			"MPOL_F_RELATIVE_NODES counts nodes within the cpuset, and \"!\" alone "
			"leaves out nodes of the host (at byte %zu)",
			nodes.from);
		return false;
	}
	numbers = mpol_spec_policy(spec);
	if (any && !mpol_spec_is_symbolic(spec) && mpol_nodeset_empty(&numbers.nodes)) {
		finding_add(r->report, "mpol.symbol.empty", MPOL_ERROR, r->where, NULL,
			"%s leaves no node (at byte %zu)", quote(r, nodes, quoted), nodes.from);
		return false;
	}
	return true;
}

int mpol_spec_parse(const char *text, size_t len, enum mpol_rules rules, const char *where,
	struct mpol_spec *ret, struct mpol_report *report)
{
	struct reader r = { .text = text, .len = len, .where = where, .report = report };
	const struct mpol_mode_info *info = NULL;
	struct mpol_report found = { 0 };
	struct mpol_spec spec = { 0 };
	size_t colon, equals, mode_end;
	bool any = false;
	int error = 0, result;

	if (len > MPOL_SPEC_TEXT_MAX) {
		finding_add(report, "mpol.text.long", MPOL_ERROR, where, NULL,
			"the policy is a text of %zu bytes, and %d are the most", len,
			MPOL_SPEC_TEXT_MAX);
		return -E2BIG;
	}
	colon = find(&r, 0, len, ":");
	equals = find(&r, 0, colon, "=");
	mode_end = equals;
	error = read_mode(&r, trim(&r, 0, mode_end), &info);
	if (equals < colon && read_flags(&r, equals + 1, colon, &spec.flags) < 0)
		error = -EINVAL;
	if (colon < len) {
		result = read_nodes(&r, colon + 1, len, &spec, &any);
		if (result < 0)
			error = result;
	}
	if (error < 0)
		return error;

	spec.mode = info->number;
	if (!check_nodes(&r, info, &spec, any, trim(&r, colon < len ? colon + 1 : len, len)))
		error = -EINVAL;
	if (!flags_rules(info, spec.flags, !any, rules, NULL, &found))
		error = -EINVAL;
	pass_on(&r, &found);
	if (error < 0)
		return error;
	*ret = spec;
	return 0;
}

bool mpol_spec_is_symbolic(const struct mpol_spec *spec)
{
	/* Without anything that stays, what goes is taken from the cpuset. */
	return spec->in.symbols || spec->out.symbols ||
	       (mpol_nodeset_empty(&spec->in.numbers) && !mpol_nodeset_empty(&spec->out.numbers));
}

struct mpol mpol_spec_policy(const struct mpol_spec *spec)
{
	return (struct mpol){
		.mode = spec->mode,
		.flags = spec->flags,
		.nodes = mpol_nodeset_minus(&spec->in.numbers, &spec->out.numbers),
	};
}
