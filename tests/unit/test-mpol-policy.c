/* SPDX-License-Identifier: Apache-2.0 */
/* A config's policy: what is taken, what is refused, and in which words. */
#include <errno.h>

#include "mpol.h"
#include "rows.h"

#define WHERE "/linux/memoryPolicy"
#define ALL_MODES                                                                                  \
	"MPOL_DEFAULT, MPOL_PREFERRED, MPOL_BIND, MPOL_INTERLEAVE, MPOL_LOCAL, "                   \
	"MPOL_PREFERRED_MANY, MPOL_WEIGHTED_INTERLEAVE"
#define ALL_FLAGS "MPOL_F_NUMA_BALANCING, MPOL_F_RELATIVE_NODES, MPOL_F_STATIC_NODES"
#define STATIC "MPOL_F_STATIC_NODES"
#define RELATIVE "MPOL_F_RELATIVE_NODES"
#define BALANCING "MPOL_F_NUMA_BALANCING"

struct row {
	const char *says;
	const char *mode, *nodes;
	const char *flags[4];
	enum mpol_rules rules;
	const char *policy;   /* as numa_maps would write it; NULL: refused */
	const char *words[4]; /* each finding as "severity code where: text" */
};

/* clang-format off */
static const struct row rows[] = {
	{ "the default policy", "MPOL_DEFAULT", NULL, { 0 }, 0, "default", { 0 } },
	{ "the default policy with empty nodes", "MPOL_DEFAULT", "", { 0 }, 0, "default", { 0 } },
	{ "the default policy with blank nodes", "MPOL_DEFAULT", "  ", { 0 }, 0, "default", { 0 } },
	{ "local", "MPOL_LOCAL", NULL, { 0 }, 0, "local", { 0 } },
	{ "preferred without nodes", "MPOL_PREFERRED", NULL, { 0 }, 0, "prefer", { 0 } },
	{ "preferred with only commas", "MPOL_PREFERRED", ",,", { 0 }, 0, "prefer", { 0 } },
	{ "preferred", "MPOL_PREFERRED", "1", { 0 }, 0, "prefer:1", { 0 } },
	{ "preferred with several", "MPOL_PREFERRED", "1-3", { 0 }, 0, "prefer:1-3", { 0 } },
	{ "bind", "MPOL_BIND", "0-1", { 0 }, 0, "bind:0-1", { 0 } },
	{ "bind to the last node", "MPOL_BIND", "1023", { 0 }, 0, "bind:1023", { 0 } },
	{ "interleave", "MPOL_INTERLEAVE", "0,2", { 0 }, 0, "interleave:0,2", { 0 } },
	{ "preferred many", "MPOL_PREFERRED_MANY", "0,2", { 0 }, 0, "prefer (many):0,2", { 0 } },
	{ "weighted interleave", "MPOL_WEIGHTED_INTERLEAVE", "0-3", { 0 }, 0,
		"weighted interleave:0-3", { 0 } },
	{ "static", "MPOL_BIND", "0", { STATIC }, 0, "bind=static:0", { 0 } },
	{ "relative", "MPOL_BIND", "0", { RELATIVE }, 0, "bind=relative:0", { 0 } },
	{ "balancing", "MPOL_BIND", "0", { BALANCING }, 0, "bind=balancing:0", { 0 } },
	{ "static and balancing", "MPOL_BIND", "0", { BALANCING, STATIC }, 0,
		"bind=static|balancing:0", { 0 } },
	{ "a flag twice counts once", "MPOL_BIND", "0", { STATIC, STATIC }, 0, "bind=static:0", { 0 } },
	{ "preferred and static", "MPOL_PREFERRED", "3", { STATIC }, 0, "prefer=static:3", { 0 } },

	{ "no mode", NULL, "0", { 0 }, 0, NULL, {
		"error mpol.mode.missing " WHERE "/mode: mode is missing: a memory policy needs one, "
		"such as MPOL_BIND" } },
	{ "an empty mode", "", NULL, { 0 }, 0, NULL, {
		"error mpol.mode.missing " WHERE "/mode: mode is missing: a memory policy needs one, "
		"such as MPOL_BIND" } },
	{ "an unknown mode", "MPOL_FOO", NULL, { 0 }, 0, NULL, {
		"error mpol.mode.unknown " WHERE "/mode: mode \"MPOL_FOO\" is not known: it can be "
		ALL_MODES } },
	{ "a mode in lower case", "mpol_bind", "0", { 0 }, 0, NULL, {
		"error mpol.mode.unknown " WHERE "/mode: mode \"mpol_bind\" is not known: names are "
		"matched exactly, this one is MPOL_BIND" } },
	{ "a mode without its prefix", "interleave", "0", { 0 }, 0, NULL, {
		"error mpol.mode.unknown " WHERE "/mode: mode \"interleave\" is not known: names are "
		"matched exactly, this one is MPOL_INTERLEAVE" } },
	{ "a mode with a space", "MPOL_BIND ", "0", { 0 }, 0, NULL, {
		"error mpol.mode.unknown " WHERE "/mode: mode \"MPOL_BIND \" is not known: it can be "
		ALL_MODES } },
	{ "a mode as a number", "2", "0", { 0 }, 0, NULL, {
		"error mpol.mode.unknown " WHERE "/mode: mode \"2\" is not known: it can be "
		ALL_MODES } },
	{ "a flag as a mode", STATIC, "0", { 0 }, 0, NULL, {
		"error mpol.mode.unknown " WHERE "/mode: mode \"MPOL_F_STATIC_NODES\" is not known: it "
		"can be " ALL_MODES } },
	{ "a mode that would clear the terminal", "\033[2J\nMPOL_BIND", "0", { 0 }, 0, NULL, {
		"error mpol.mode.unknown " WHERE "/mode: mode \"\\x1b[2J\\x0aMPOL_BIND\" is not known: "
		"it can be " ALL_MODES } },
	{ "an unknown flag", "MPOL_BIND", "0", { "MPOL_F_FOO" }, 0, NULL, {
		"error mpol.flag.unknown " WHERE "/flags/0: flag \"MPOL_F_FOO\" is not known: it can "
		"be " ALL_FLAGS } },
	{ "the second flag is unknown", "MPOL_BIND", "0", { STATIC, "static_nodes" }, 0, NULL, {
		"error mpol.flag.unknown " WHERE "/flags/1: flag \"static_nodes\" is not known: names "
		"are matched exactly, this one is MPOL_F_STATIC_NODES" } },
	{ "an empty flag", "MPOL_BIND", "0", { "" }, 0, NULL, {
		"error mpol.flag.unknown " WHERE "/flags/0: flag \"\" is not known: it can be "
		ALL_FLAGS } },
	{ "a mode as a flag", "MPOL_BIND", "0", { "MPOL_BIND" }, 0, NULL, {
		"error mpol.flag.unknown " WHERE "/flags/0: flag \"MPOL_BIND\" is not known: it can be "
		ALL_FLAGS } },
	{ "an internal flag of the kernel", "MPOL_BIND", "0", { "MPOL_F_NODE" }, 0, NULL, {
		"error mpol.flag.unknown " WHERE "/flags/0: flag \"MPOL_F_NODE\" is not known: it can "
		"be " ALL_FLAGS } },

	{ "bind without nodes", "MPOL_BIND", NULL, { 0 }, 0, NULL, {
		"error mpol.nodes.required " WHERE "/nodes: MPOL_BIND needs at least one node, and "
		"nodes names none" } },
	{ "interleave with blank nodes", "MPOL_INTERLEAVE", " , ", { 0 }, 0, NULL, {
		"error mpol.nodes.required " WHERE "/nodes: MPOL_INTERLEAVE needs at least one node, "
		"and nodes names none" } },
	{ "preferred many without nodes", "MPOL_PREFERRED_MANY", "", { 0 }, 0, NULL, {
		"error mpol.nodes.required " WHERE "/nodes: MPOL_PREFERRED_MANY needs at least one "
		"node, and nodes names none" } },
	{ "weighted interleave without nodes", "MPOL_WEIGHTED_INTERLEAVE", NULL, { 0 }, 0, NULL, {
		"error mpol.nodes.required " WHERE "/nodes: MPOL_WEIGHTED_INTERLEAVE needs at least "
		"one node, and nodes names none" } },
	{ "default with a node", "MPOL_DEFAULT", "0", { 0 }, 0, NULL, {
		"error mpol.nodes.forbidden " WHERE "/nodes: MPOL_DEFAULT takes no nodes, and nodes "
		"names node 0" } },
	{ "local with nodes", "MPOL_LOCAL", "0-3,7", { 0 }, 0, NULL, {
		"error mpol.nodes.forbidden " WHERE "/nodes: MPOL_LOCAL takes no nodes, and nodes "
		"names nodes 0-3,7" } },
	{ "default with a flag", "MPOL_DEFAULT", NULL, { STATIC }, 0, NULL, {
		"error mpol.flags.forbidden " WHERE "/flags: MPOL_DEFAULT takes no flags, and flags "
		"names MPOL_F_STATIC_NODES" } },
	{ "local with a flag", "MPOL_LOCAL", NULL, { BALANCING }, 0, NULL, {
		"error mpol.flags.forbidden " WHERE "/flags: MPOL_LOCAL takes no flags, and flags "
		"names MPOL_F_NUMA_BALANCING" } },
	{ "local with a flag under the kernel's rules", "MPOL_LOCAL", NULL, { BALANCING },
		MPOL_RULES_KERNEL, NULL, {
		"error mpol.flags.forbidden " WHERE "/flags: MPOL_LOCAL takes no flags, and flags "
		"names MPOL_F_NUMA_BALANCING" } },
	{ "default with two flags", "MPOL_DEFAULT", NULL, { STATIC, BALANCING }, 0, NULL, {
		"error mpol.flags.forbidden " WHERE "/flags: MPOL_DEFAULT takes no flags, and flags "
		"names MPOL_F_NUMA_BALANCING and MPOL_F_STATIC_NODES" } },
	{ "static and relative", "MPOL_BIND", "0", { STATIC, RELATIVE }, 0, NULL, {
		"error mpol.flags.exclusive " WHERE "/flags: MPOL_F_STATIC_NODES and "
		"MPOL_F_RELATIVE_NODES exclude each other" } },
	{ "static and relative under the kernel's rules", "MPOL_BIND", "0", { STATIC, RELATIVE },
		MPOL_RULES_KERNEL, NULL, {
		"error mpol.flags.exclusive " WHERE "/flags: MPOL_F_STATIC_NODES and "
		"MPOL_F_RELATIVE_NODES exclude each other" } },
	{ "preferred without nodes but static", "MPOL_PREFERRED", "", { STATIC }, 0, NULL, {
		"error mpol.flags.empty " WHERE "/flags: MPOL_PREFERRED without nodes takes no flags, "
		"and flags names MPOL_F_STATIC_NODES" } },
	{ "preferred without nodes but relative", "MPOL_PREFERRED", NULL, { RELATIVE }, 0, NULL, {
		"error mpol.flags.empty " WHERE "/flags: MPOL_PREFERRED without nodes takes no flags, "
		"and flags names MPOL_F_RELATIVE_NODES" } },
	{ "interleave and balancing", "MPOL_INTERLEAVE", "0", { BALANCING }, 0, NULL, {
		"error mpol.flags.balancing " WHERE "/flags: MPOL_F_NUMA_BALANCING goes with MPOL_BIND "
		"only, not with MPOL_INTERLEAVE" } },
	{ "preferred many and balancing", "MPOL_PREFERRED_MANY", "0", { BALANCING }, 0, NULL, {
		"error mpol.flags.balancing " WHERE "/flags: MPOL_F_NUMA_BALANCING goes with MPOL_BIND "
		"only, not with MPOL_PREFERRED_MANY" } },
	{ "preferred many and balancing, the kernel decides", "MPOL_PREFERRED_MANY", "0",
		{ BALANCING }, MPOL_RULES_KERNEL, "prefer (many)=balancing:0", {
		"warning mpol.flags.balancing " WHERE "/flags: MPOL_F_NUMA_BALANCING goes with "
		"MPOL_BIND only, not with MPOL_PREFERRED_MANY; not every kernel takes it" } },
	{ "interleave and balancing, the kernel decides", "MPOL_INTERLEAVE", "0", { BALANCING },
		MPOL_RULES_KERNEL, "interleave=balancing:0", {
		"warning mpol.flags.balancing " WHERE "/flags: MPOL_F_NUMA_BALANCING goes with "
		"MPOL_BIND only, not with MPOL_INTERLEAVE; not every kernel takes it" } },

	{ "a reversed range", "MPOL_BIND", "0,5-2", { 0 }, 0, NULL, {
		"error mpol.nodes.range " WHERE "/nodes: range 5-2 runs backwards (at byte 2)" } },
	{ "a node too large", "MPOL_BIND", "0-4294967295", { 0 }, 0, NULL, {
		"error mpol.nodes.large " WHERE "/nodes: node 4294967295 is too large: Linux has at "
		"most 1024 nodes, 0-1023 (at byte 2)" } },
	{ "nodes that cannot be read are not missing as well", "MPOL_BIND", "x", { 0 }, 0, NULL, {
		"error mpol.nodes.syntax " WHERE "/nodes: \"x\" is neither a node such as 3 nor a "
		"range such as 0-3 (at byte 0)" } },
	{ "everything wrong at once", "MPOL_NONE", "5-2", { "A", "B" }, 0, NULL, {
		"error mpol.mode.unknown " WHERE "/mode: mode \"MPOL_NONE\" is not known: it can be "
		ALL_MODES,
		"error mpol.nodes.range " WHERE "/nodes: range 5-2 runs backwards (at byte 0)",
		"error mpol.flag.unknown " WHERE "/flags/0: flag \"A\" is not known: it can be "
		ALL_FLAGS,
		"error mpol.flag.unknown " WHERE "/flags/1: flag \"B\" is not known: it can be "
		ALL_FLAGS } },
	{ "nodes and flags wrong at once", "MPOL_LOCAL", "1", { RELATIVE, STATIC }, 0, NULL, {
		"error mpol.flags.exclusive " WHERE "/flags: MPOL_F_STATIC_NODES and "
		"MPOL_F_RELATIVE_NODES exclude each other",
		"error mpol.nodes.forbidden " WHERE "/nodes: MPOL_LOCAL takes no nodes, and nodes "
		"names node 1",
		"error mpol.flags.forbidden " WHERE "/flags: MPOL_LOCAL takes no flags, and flags "
		"names MPOL_F_RELATIVE_NODES and MPOL_F_STATIC_NODES" } },
};
/* clang-format on */

static const char *finding_line(const struct mpol_finding *f, char *buf, size_t size)
{
	(void)snprintf(buf, size, "%s %s %s: %s", mpol_severity_name(f->severity), f->code,
		f->where, f->text);
	return buf;
}

static void test_row(void **state)
{
	const struct row *row = *state;
	struct mpol_request want = {
		.mode = row->mode,
		.nodes = row->nodes,
		.flags = row->flags,
		.where = WHERE,
	};
	struct mpol_report report = { 0 };
	struct mpol policy, untouched;
	char text[MPOL_TEXT], line[1024];
	size_t n_words = 0;
	int r;

	while (want.n_flags < 4 && row->flags[want.n_flags])
		want.n_flags++;
	while (n_words < 4 && row->words[n_words])
		n_words++;
	memset(&policy, 0xa5, sizeof(policy));
	untouched = policy;
	r = mpol_parse(&want, row->rules, &policy, &report);
	for (size_t i = 0; i < report.n && i < n_words; i++)
		assert_words(finding_line(&report.item[i], line, sizeof(line)), row->words[i]);
	assert_int_equal(report.n, n_words);
	if (row->policy) {
		assert_int_equal(r, 0);
		assert_words(mpol_maps_text(&policy, text), row->policy);
		assert_null(mpol_report_first(&report, MPOL_ERROR));
	} else {
		assert_int_equal(r, -EINVAL);
		assert_memory_equal(&policy, &untouched, sizeof(policy));
		assert_non_null(mpol_report_first(&report, MPOL_ERROR));
	}
	assert_int_equal(mpol_parse(&want, row->rules, &policy, NULL), r);
}

/* Said once more, and otherwise than the library's table says it. */
static bool strict_takes(const char *mode, bool nodes, bool balancing, bool relative, bool fixed)
{
	if (fixed && relative)
		return false;
	if (!strcmp(mode, "MPOL_DEFAULT") || !strcmp(mode, "MPOL_LOCAL"))
		return !nodes && !balancing && !relative && !fixed;
	if (balancing && strcmp(mode, "MPOL_BIND") != 0)
		return false;
	if (!strcmp(mode, "MPOL_PREFERRED"))
		return nodes || (!relative && !fixed);
	return nodes;
}

static void test_every_combination(void **state)
{
	static const char *const modes[] = { "MPOL_DEFAULT", "MPOL_PREFERRED", "MPOL_BIND",
		"MPOL_INTERLEAVE", "MPOL_LOCAL", "MPOL_PREFERRED_MANY",
		"MPOL_WEIGHTED_INTERLEAVE" };
	static const char *const nodes[] = { NULL, "", " ", ",", "0", "0-3,9", "1023" };

	(void)state;
	for (size_t m = 0; m < 7; m++)
		for (unsigned f = 0; f < 8; f++)
			for (size_t n = 0; n < 7; n++) {
				const char *flags[3];
				struct mpol_request want = {
					.mode = modes[m], .nodes = nodes[n], .flags = flags
				};
				struct mpol_report report = { 0 };
				struct mpol policy;
				bool strict = strict_takes(modes[m], n > 3, f & 1, f & 2, f & 4);
				bool loose = strict_takes(modes[m], n > 3, false, f & 2, f & 4) &&
					     (!(f & 1) || (m != 0 && m != 4));
				int r;

				if (f & 1)
					flags[want.n_flags++] = BALANCING;
				if (f & 2)
					flags[want.n_flags++] = RELATIVE;
				if (f & 4)
					flags[want.n_flags++] = STATIC;
				r = mpol_parse(&want, MPOL_RULES_STRICT, &policy, &report);
				assert_int_equal(r, strict ? 0 : -EINVAL);
				assert_int_equal(report.n != 0, !strict);
				if (strict) {
					assert_int_equal(policy.mode, m);
					assert_int_equal(policy.flags, f << 13);
				}
				r = mpol_parse(&want, MPOL_RULES_KERNEL, &policy, NULL);
				assert_int_equal(r, loose ? 0 : -EINVAL);
			}
}

static void test_table_is_the_kernels(void **state)
{
	/* include/uapi/linux/mempolicy.h and policy_modes[] of mm/mempolicy.c. */
	static const struct {
		const char *name, *word;
	} kernel[] = { { "MPOL_DEFAULT", "default" }, { "MPOL_PREFERRED", "prefer" },
		{ "MPOL_BIND", "bind" }, { "MPOL_INTERLEAVE", "interleave" },
		{ "MPOL_LOCAL", "local" }, { "MPOL_PREFERRED_MANY", "prefer (many)" },
		{ "MPOL_WEIGHTED_INTERLEAVE", "weighted interleave" } };
	const struct mpol_mode_info *modes;
	const struct mpol_flag_info *flags;
	size_t n;

	(void)state;
	modes = mpol_modes(&n);
	assert_int_equal(n, 7);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(modes[i].number, i);
		assert_words(modes[i].name, kernel[i].name);
		assert_words(modes[i].maps_word, kernel[i].word);
		assert_ptr_equal(mpol_mode_by_name(modes[i].name), &modes[i]);
		assert_ptr_equal(mpol_mode_by_number((int)i), &modes[i]);
		/* Strict rules never allow what the kernel does not. */
		assert_int_equal(modes[i].flags & ~modes[i].kernel_flags, 0);
	}
	assert_null(mpol_mode_by_number(-1));
	assert_null(mpol_mode_by_number(7));
	assert_null(mpol_mode_by_name(NULL));
	assert_null(mpol_mode_by_name("mpol_bind"));
	flags = mpol_flags(&n);
	assert_int_equal(n, 3);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(flags[i].bit, 1u << (13 + i));
		assert_ptr_equal(mpol_flag_by_name(flags[i].name), &flags[i]);
	}
	assert_null(mpol_flag_by_name(NULL));
	assert_null(mpol_flag_by_name("MPOL_F_NODE"));
}

static void test_hostile_sizes(void **state)
{
	const size_t n_flags = 1000, big = 10 << 20;
	const char **flags = calloc(n_flags, sizeof(*flags));
	char *mode = malloc(big + 1), where[5000];
	struct mpol_request want = { .flags = flags, .n_flags = n_flags, .where = where };
	struct mpol_report report = { 0 };
	struct mpol policy;

	(void)state;
	assert_non_null(flags);
	assert_non_null(mode);
	memset(mode, 'M', big);
	mode[big] = '\0';
	memset(where, '\n', sizeof(where) - 1);
	where[sizeof(where) - 1] = '\0';
	want.mode = mode;
	want.nodes = mode;
	for (size_t i = 0; i < n_flags; i++)
		flags[i] = i % 2 ? mode : NULL;
	assert_int_equal(mpol_parse(&want, MPOL_RULES_STRICT, &policy, &report), -EINVAL);
	assert_int_equal(report.n, MPOL_FINDINGS_MAX);
	assert_int_equal(report.lost, n_flags + 2 - MPOL_FINDINGS_MAX);
	for (size_t i = 0; i < report.n; i++) {
		const struct mpol_finding *f = &report.item[i];

		assert_true(strnlen(f->where, sizeof(f->where)) < sizeof(f->where));
		assert_true(strnlen(f->text, sizeof(f->text)) < sizeof(f->text));
		for (const char *p = f->where; *p; p++)
			assert_in_range(*p, ' ', '~');
		for (const char *p = f->text; *p; p++)
			assert_in_range(*p, ' ', '~');
	}
	free(flags);
	free(mode);
}

static void test_a_full_report_keeps_the_error(void **state)
{
	struct mpol_request warn = { .mode = "MPOL_INTERLEAVE",
		.nodes = "0",
		.flags = (const char *const[]){ BALANCING },
		.n_flags = 1 };
	struct mpol_request bad = { .mode = "MPOL_BIND" };
	struct mpol_report report = { 0 };
	struct mpol policy;

	(void)state;
	for (int i = 0; i < 20; i++)
		assert_int_equal(mpol_parse(&warn, MPOL_RULES_KERNEL, &policy, &report), 0);
	assert_int_equal(report.n, MPOL_FINDINGS_MAX);
	assert_null(mpol_report_first(&report, MPOL_ERROR));
	assert_non_null(mpol_report_first(&report, MPOL_WARNING));
	assert_int_equal(mpol_parse(&bad, MPOL_RULES_KERNEL, &policy, &report), -EINVAL);
	assert_non_null(mpol_report_first(&report, MPOL_ERROR));
	assert_words(mpol_report_first(&report, MPOL_ERROR)->code, "mpol.nodes.required");
	assert_int_equal(report.lost, 5);
}

int main(void)
{
	const struct CMUnitTest others[] = {
		cmocka_unit_test(test_every_combination),
		cmocka_unit_test(test_table_is_the_kernels),
		cmocka_unit_test(test_hostile_sizes),
		cmocka_unit_test(test_a_full_report_keeps_the_error),
	};
	int failed = ROWS_RUN("policies", rows, test_row);

	return failed + cmocka_run_group_tests_name("rules", others, NULL, NULL) != 0;
}
