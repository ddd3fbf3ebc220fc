/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel makes of a policy, and what it makes of it when the cpuset changes. */
#include <errno.h>

#include "mpol.h"
#include "rows.h"

#define S MPOL_FLAG_STATIC_NODES
#define R MPOL_FLAG_RELATIVE_NODES
#define B MPOL_FLAG_NUMA_BALANCING

enum { DEF, PREF, BIND, INTER, LOCAL, MANY, WEIGHT };

static struct mpol_nodeset nodes(const char *text)
{
	struct mpol_nodeset set;

	assert_int_equal(mpol_nodeset_parse(text, strlen(text), NULL, &set, NULL), 0);
	return set;
}

struct row {
	const char *says;
	int mode;
	unsigned flags;
	const char *asked, *allowed, *memory;
	const char *in_force; /* NULL: EINVAL */
	const char *reported; /* NULL: as in_force */
	const char *lost;
	const char *words; /* the only finding, if any */
};

/* clang-format off */
static const struct row rows[] = {
	{ "default", DEF, 0, "", "0-3", "0-3", "default", NULL, "", NULL },
	{ "the kernel drops default's static", DEF, S, "", "0-3", "0-3", "default", NULL, "", NULL },
	{ "the kernel drops default's relative", DEF, R, "", "0-3", "0-3", "default", NULL, "", NULL },
	{ "local", LOCAL, 0, "", "0-3", "0-3", "local", NULL, "", NULL },
	{ "preferred without nodes is local", PREF, 0, "", "0-3", "0-3", "local", NULL, "", NULL },
	{ "local needs no allowed node", LOCAL, 0, "", "", "0-3", "local", NULL, "", NULL },
	{ "bind as asked", BIND, 0, "0-1", "0-3", "0-3", "bind:0-1", NULL, "", NULL },
	{ "bind to all", BIND, 0, "0-3", "0-3", "0-3", "bind:0-3", NULL, "", NULL },
	{ "interleave as asked", INTER, 0, "1,3", "0-3", "0-3", "interleave:1,3", NULL, "", NULL },
	{ "weighted as asked", WEIGHT, 0, "1,3", "1-3", "0-3", "weighted interleave:1,3", NULL, "",
		NULL },
	{ "many as asked", MANY, 0, "2-3", "0-3", "0-3", "prefer (many):2-3", NULL, "", NULL },
	{ "mems 1-3 with bind 1", BIND, 0, "1", "1-3", "0-3", "bind:1", NULL, "", NULL },
	{ "mems 0,2 with bind 2", BIND, 0, "2", "0,2", "0-3", "bind:2", NULL, "", NULL },
	{ "mems 1-3 with interleave 1,2", INTER, 0, "1,2", "1-3", "0-3", "interleave:1-2", NULL, "",
		NULL },
	{ "the top bit of a word", BIND, 0, "63", "0-63", "0-63", "bind:63", NULL, "", NULL },
	{ "the last node", BIND, 0, "1023", "0-1023", "0-1023", "bind:1023", NULL, "", NULL },
	{ "sparse nodes", INTER, 0, "8,252-255", "0,8,252-255", "0,8,252-255",
		"interleave:8,252-255", NULL, "", NULL },

	{ "the cpuset narrows", BIND, 0, "0-3", "1-2", "0-3", "bind:1-2", NULL, "0,3",
		"nodes 0,3 are left out: the cpuset allows nodes 1-2; in force: nodes 1-2" },
	{ "the cpuset narrows to one", BIND, 0, "0-1", "1", "0-3", "bind:1", NULL, "0",
		"node 0 is left out: the cpuset allows node 1; in force: node 1" },
	{ "an absent node is narrowed away", BIND, 0, "0,9", "0-3", "0-3", "bind:0", NULL, "9",
		"node 9 is left out: the cpuset allows nodes 0-3; in force: node 0" },
	{ "a node without memory is narrowed away", INTER, 0, "0-2", "0-3", "0-1,3",
		"interleave:0-1", NULL, "2",
		"node 2 is left out: node 2 has no memory; in force: nodes 0-1" },
	{ "two nodes without memory", INTER, 0, "0-3", "0-3", "0-1", "interleave:0-1", NULL, "2-3",
		"nodes 2-3 are left out: nodes 2-3 have no memory; in force: nodes 0-1" },
	{ "both reasons", MANY, 0, "0-3", "1-3", "0-2", "prefer (many):1-2", NULL, "0,3",
		"nodes 0,3 are left out: the cpuset allows nodes 1-3, and node 3 has no memory; "
		"in force: nodes 1-2" },
	{ "nothing is left by the cpuset", BIND, 0, "0", "1", "0-3", NULL, NULL, NULL,
		"node 0 cannot be used here, and nothing else is asked for: the cpuset allows node 1" },
	{ "nothing is left by memory", BIND, 0, "2", "0-3", "0-1,3", NULL, NULL, NULL,
		"node 2 cannot be used here, and nothing else is asked for: node 2 has no memory" },
	{ "nothing is left by both", BIND, 0, "2-3", "0-2", "0-1,3", NULL, NULL, NULL,
		"nodes 2-3 cannot be used here, and nothing else is asked for: the cpuset allows nodes "
		"0-2, and node 2 has no memory" },
	{ "nothing is allowed", BIND, 0, "0", "", "0", NULL, NULL, NULL,
		"node 0 cannot be used here, and nothing else is asked for: the cpuset allows no node" },

	{ "preferred keeps the lowest", PREF, 0, "2-3", "0-3", "0-3", "prefer:2", NULL, "",
		"MPOL_PREFERRED keeps one node of nodes 2-3: node 2; MPOL_PREFERRED_MANY keeps all" },
	{ "preferred with one node", PREF, 0, "3", "0-3", "0-3", "prefer:3", NULL, "", NULL },
	{ "preferred and not allowed", PREF, 0, "3", "0-2", "0-3", NULL, NULL, NULL,
		"node 3 cannot be used here, and nothing else is asked for: the cpuset allows nodes "
		"0-2" },

	{ "static as asked", BIND, S, "0-1", "0-3", "0-3", "bind=static:0-1", NULL, "", NULL },
	{ "static is narrowed, but reported as asked", BIND, S, "0-3", "1-2", "0-3",
		"bind=static:1-2", "bind=static:0-3", "0,3",
		"nodes 0,3 are left out: the cpuset allows nodes 1-2; in force: nodes 1-2" },
	{ "static and nothing left", BIND, S, "0", "1-2", "0-3", NULL, NULL, NULL,
		"node 0 cannot be used here, and nothing else is asked for: the cpuset allows nodes "
		"1-2" },
	{ "balancing is narrowed, but reported as asked", BIND, B, "0-3", "1-2", "0-3",
		"bind=balancing:1-2", "bind=balancing:0-3", "0,3",
		"nodes 0,3 are left out: the cpuset allows nodes 1-2; in force: nodes 1-2" },
	{ "static and balancing", BIND, S | B, "0-1", "0-3", "0-3", "bind=static|balancing:0-1",
		NULL, "", NULL },
	{ "balancing with many", MANY, B, "0-1", "0-3", "0-3", "prefer (many)=balancing:0-1", NULL,
		"", NULL },

	{ "relative counts within the allowed", BIND, R, "0", "2-3", "0-3", "bind=relative:2",
		"bind=relative:0", "", NULL },
	{ "relative counts over gaps", BIND, R, "1-2", "0,4,9,12", "0-15", "bind=relative:4,9",
		"bind=relative:1-2", "", NULL },
	{ "relative skips nodes without memory", BIND, R, "1", "0-3", "0,2-3", "bind=relative:2",
		"bind=relative:1", "", NULL },
	{ "relative folds", BIND, R, "4", "0-3", "0-3", "bind=relative:0", "bind=relative:4", "",
		"relative node 4 folds around, since 4 nodes are allowed; in force: node 0" },
	{ "relative folds into one", INTER, R, "0-7", "5", "0-7", "interleave=relative:5",
		"interleave=relative:0-7", "",
		"relative node 1 folds around, since 1 node is allowed; in force: node 5" },
	{ "relative folds onto the same node", INTER, R, "0,2", "4-5", "0-7",
		"interleave=relative:4", "interleave=relative:0,2", "",
		"relative node 2 folds around, since 2 nodes are allowed; in force: node 4" },
	{ "relative far past the end", BIND, R, "1023", "0-2", "0-2", "bind=relative:0",
		"bind=relative:1023", "",
		"relative node 1023 folds around, since 3 nodes are allowed; in force: node 0" },
	{ "relative preferred keeps the lowest after folding", PREF, R, "3", "1-2", "0-3",
		"prefer=relative:2", "prefer=relative:3", "",
		"relative node 3 folds around, since 2 nodes are allowed; in force: node 2" },
	{ "relative with nothing allowed", BIND, R, "0", "", "0-3", NULL, NULL, NULL,
		"node 0 has no node to count from: no allowed node has memory" },
	{ "relative weighted", WEIGHT, R, "0-1", "2-3", "0-3", "weighted interleave=relative:2-3",
		"weighted interleave=relative:0-1", "", NULL },
	{ "relative and balancing", BIND, R | B, "0-1", "2-3", "0-3", "bind=relative|balancing:2-3",
		"bind=relative|balancing:0-1", "", NULL },

	{ "bind without nodes", BIND, 0, "", "0", "0", NULL, NULL, NULL,
		"MPOL_BIND needs at least one node, and nodes names none" },
	{ "local with nodes", LOCAL, 0, "0", "0", "0", NULL, NULL, NULL,
		"MPOL_LOCAL takes no nodes, and nodes names node 0" },
	{ "default with nodes", DEF, 0, "0-1", "0", "0", NULL, NULL, NULL,
		"MPOL_DEFAULT takes no nodes, and nodes names nodes 0-1" },
	{ "local with a flag", LOCAL, S, "", "0", "0", NULL, NULL, NULL,
		"no kernel takes MPOL_F_STATIC_NODES with MPOL_LOCAL" },
	{ "default with balancing", DEF, B, "", "0", "0", NULL, NULL, NULL,
		"no kernel takes MPOL_F_NUMA_BALANCING with MPOL_DEFAULT" },
	{ "interleave with balancing", INTER, B, "0", "0", "0", NULL, NULL, NULL,
		"no kernel takes MPOL_F_NUMA_BALANCING with MPOL_INTERLEAVE" },
	{ "static and relative", BIND, S | R, "0", "0", "0", NULL, NULL, NULL,
		"MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other" },
	{ "preferred without nodes but static", PREF, S, "", "0", "0", NULL, NULL, NULL,
		"MPOL_PREFERRED without nodes takes no flags, and flags names MPOL_F_STATIC_NODES" },
	{ "an unknown mode", 7, 0, "0", "0", "0", NULL, NULL, NULL,
		"mode 7 with flags 0x0 is not known" },
	{ "an unknown flag", BIND, 1, "0", "0", "0", NULL, NULL, NULL,
		"mode 2 with flags 0x1 is not known" },
};
/* clang-format on */

static void test_resolve(void **state)
{
	const struct row *row = *state;
	struct mpol asked = { row->mode, row->flags, nodes(row->asked) };
	struct mpol_nodeset allowed = nodes(row->allowed), memory = nodes(row->memory);
	struct mpol_resolved resolved, untouched;
	struct mpol_report report = { 0 };
	char text[MPOL_TEXT], lost[MPOL_NODESET_TEXT];
	int r;

	memset(&resolved, 0xa5, sizeof(resolved));
	untouched = resolved;
	r = mpol_resolve(&asked, &allowed, &memory, "/p", &resolved, &report);
	if (row->words) {
		assert_int_equal(report.n, 1);
		assert_words(report.item[0].text, row->words);
	} else {
		assert_int_equal(report.n, 0);
	}
	if (!row->in_force) {
		assert_int_equal(r, -EINVAL);
		assert_int_equal(report.item[0].severity, MPOL_ERROR);
		assert_memory_equal(&resolved, &untouched, sizeof(resolved));
		return;
	}
	assert_int_equal(r, 0);
	assert_null(mpol_report_first(&report, MPOL_ERROR));
	assert_words(mpol_maps_text(&resolved.in_force, text), row->in_force);
	assert_words(mpol_maps_text(&resolved.reported, text),
		row->reported ? row->reported : row->in_force);
	assert_words(mpol_nodeset_format(&resolved.lost, lost), row->lost);
	if (row->lost[0]) {
		assert_words(report.item[0].code, "mpol.narrowed");
		assert_int_equal(report.item[0].severity, MPOL_WARNING);
	}
	assert_true(mpol_resolved_reads(&resolved, &resolved.reported));
	assert_true(mpol_resolved_shows(&resolved, &resolved.in_force, false));
}

/*
 * The same once more, as lists of numbers instead of sets of bits: an independent reading of
 * mpol_relative_nodemask(), nodes_and() and bitmap_remap().
 */
struct list {
	unsigned n, node[MPOL_NODES_MAX];
};

static struct list list_of(const struct mpol_nodeset *set)
{
	struct list l = { 0 };

	for (unsigned i = 0; i < MPOL_NODES_MAX; i++)
		if (set->word[i / 64] >> (i % 64) & 1)
			l.node[l.n++] = i;
	return l;
}

static int position_in(const struct list *l, unsigned node)
{
	for (unsigned i = 0; i < l->n; i++)
		if (l->node[i] == node)
			return (int)i;
	return -1;
}

static struct mpol_nodeset set_of(const struct list *l)
{
	struct mpol_nodeset set = { { 0 } };

	for (unsigned i = 0; i < l->n; i++)
		set.word[l->node[i] / 64] |= UINT64_C(1) << (l->node[i] % 64);
	return set;
}

static struct mpol_nodeset random_set(unsigned limit, unsigned percent)
{
	struct mpol_nodeset set = { { 0 } };

	for (unsigned i = 0; i < limit; i++)
		if ((unsigned)random() % 100 < percent)
			mpol_nodeset_add(&set, i);
	return set;
}

static void test_random_resolves(void **state)
{
	static const unsigned limits[] = { 1, 2, 4, 8, 63, 64, 65, 128, 200 };

	(void)state;
	srandom(1);
	for (int i = 0; i < 20000; i++) {
		unsigned limit = limits[random() % 9];
		struct mpol asked = { BIND, (random() % 2) ? R : 0,
			random_set(limit, (unsigned)random() % 100) };
		struct mpol_nodeset allowed = random_set(limit, 60), memory = random_set(limit, 80);
		struct mpol_nodeset usable = mpol_nodeset_and(&allowed, &memory), want_set;
		struct list want = { 0 }, wish = list_of(&asked.nodes), use = list_of(&usable);
		struct mpol_resolved resolved;
		int r = mpol_resolve(&asked, &allowed, &memory, NULL, &resolved, NULL);

		for (unsigned k = 0; k < wish.n; k++) {
			if (asked.flags & R && use.n)
				want.node[want.n++] = use.node[wish.node[k] % use.n];
			if (!(asked.flags & R) && position_in(&use, wish.node[k]) >= 0)
				want.node[want.n++] = wish.node[k];
		}
		want_set = set_of(&want);
		assert_int_equal(r, want.n ? 0 : -EINVAL);
		if (r == 0)
			assert_true(mpol_nodeset_equal(&resolved.in_force.nodes, &want_set));
	}
}

static void test_random_rebinds(void **state)
{
	(void)state;
	srandom(2);
	for (int i = 0; i < 20000; i++) {
		unsigned limit = 1 + (unsigned)random() % 130;
		struct mpol asked = { INTER, 0, random_set(limit, 40) }, in_force;
		struct mpol_nodeset old = random_set(limit, 60), now = random_set(limit, 60), want;
		struct list held, was = list_of(&old), is = list_of(&now), to = { 0 };

		if (mpol_nodeset_empty(&now))
			mpol_nodeset_add(&now, 0), is = list_of(&now);
		in_force = asked;
		held = list_of(&in_force.nodes);
		for (unsigned k = 0; k < held.n; k++) {
			int at = position_in(&was, held.node[k]);

			to.node[to.n++] = at < 0 ? held.node[k] : is.node[(unsigned)at % is.n];
		}
		want = to.n ? set_of(&to) : now;
		if (mpol_nodeset_equal(&old, &now))
			want = in_force.nodes;
		mpol_rebind(&asked, &in_force, &old, &now);
		assert_true(mpol_nodeset_equal(&in_force.nodes, &want));
	}
}

struct rebind_row {
	const char *says;
	int mode;
	unsigned flags;
	const char *asked;
	const char *mems[5];  /* the allowed set, from the first to the last */
	const char *in_force; /* at the end */
};

static const struct rebind_row rebind_rows[] = {
	{ "bind is remapped by position", BIND, 0, "0-1", { "0-3", "2-3" }, "bind:2-3" },
	{ "bind 1 before the cpuset 1-2 ends on 2", BIND, 0, "1", { "0-3", "1-2" }, "bind:2" },
	{ "interleave is remapped by position", INTER, 0, "0,1", { "0-3", "2-3" },
		"interleave:2-3" },
	{ "weighted interleave too", WEIGHT, 0, "0,1", { "0-3", "2-3" },
		"weighted interleave:2-3" },
	{ "remapping loses information", INTER, 0, "0,1", { "0-1", "2", "0-1" }, "interleave:0" },
	{ "remapping folds around a smaller set", BIND, 0, "3", { "0-3", "4-6" }, "bind:4" },
	{ "remapping onto a gap", BIND, 0, "1", { "0-1", "4,9" }, "bind:9" },
	{ "the same set changes nothing", BIND, 0, "1", { "1-3", "1-3" }, "bind:1" },
	{ "growing keeps the position", BIND, 0, "1", { "1", "0-3" }, "bind:0" },
	{ "growing at the end keeps the node", BIND, 0, "1", { "0-1", "0-3" }, "bind:1" },
	{ "balancing is remapped as well", BIND, B, "1", { "0-3", "2-3" }, "bind=balancing:3" },
	{ "static stays", BIND, S, "1", { "0-3", "1-2" }, "bind=static:1" },
	{ "static uses all while nothing overlaps", BIND, S, "1", { "0-3", "2-3" },
		"bind=static:2-3" },
	{ "static recovers", BIND, S, "1", { "0-3", "2-3", "0-1" }, "bind=static:1" },
	{ "static recovers what was narrowed", INTER, S, "0-1", { "0-3", "1", "0-3" },
		"interleave=static:0-1" },
	{ "static under the same set is worked out anew", BIND, S, "1", { "0-3", "0-3" },
		"bind=static:1" },
	{ "relative is worked out anew", BIND, R, "0", { "0-3", "2-3" }, "bind=relative:2" },
	{ "relative folds and unfolds", INTER, R, "0,3", { "0-3", "1-2", "4-7" },
		"interleave=relative:4,7" },
	{ "relative loses nothing", INTER, R, "0,1", { "0-1", "2", "0-1" },
		"interleave=relative:0-1" },
	{ "preferred stays", PREF, 0, "1", { "0-3", "2-3" }, "prefer:1" },
	{ "preferred many stays", MANY, 0, "0-1", { "0-3", "2-3" }, "prefer (many):0-1" },
	{ "static preferred stays too", PREF, S, "1", { "0-3", "2-3" }, "prefer=static:1" },
	{ "relative preferred stays too", PREF, R, "1", { "0-3", "2-3" }, "prefer=relative:1" },
	{ "relative many stays too", MANY, R, "1", { "0-3", "2-3" }, "prefer (many)=relative:1" },
	{ "local stays", LOCAL, 0, "", { "0-3", "2-3" }, "local" },
	{ "default stays", DEF, 0, "", { "0-3", "2-3" }, "default" },
	{ "preferred without nodes stays local", PREF, 0, "", { "0-3", "2-3" }, "local" },
	{ "the last node", BIND, 0, "1023", { "0-1023", "0-1" }, "bind:1" },
};

static void test_rebind(void **state)
{
	const struct rebind_row *row = *state;
	struct mpol asked = { row->mode, row->flags, nodes(row->asked) };
	struct mpol_nodeset mems = nodes(row->mems[0]), now, all = nodes("0-1023");
	struct mpol_resolved resolved;
	char text[MPOL_TEXT];

	assert_int_equal(mpol_resolve(&asked, &mems, &all, NULL, &resolved, NULL), 0);
	for (size_t i = 1; i < 5 && row->mems[i]; i++) {
		now = nodes(row->mems[i]);
		mpol_rebind(&asked, &resolved.in_force, &mems, &now);
		mems = now;
	}
	assert_words(mpol_maps_text(&resolved.in_force, text), row->in_force);
}

struct match_row {
	const char *says;
	unsigned flags;
	const char *asked; /* a bind, under 0-3 */
	const char *text;  /* what came back */
	bool cut, reads, shows;
};

static const struct match_row match_rows[] = {
	{ "the same", 0, "0-1", "bind:0-1", false, true, true },
	{ "other nodes", 0, "0-1", "bind:0-2", false, false, false },
	{ "fewer nodes", 0, "0-1", "bind:0", false, false, false },
	{ "another mode", 0, "0-1", "interleave:0-1", false, false, false },
	{ "a flag more", 0, "0-1", "bind=static:0-1", false, false, false },
	{ "a flag less", S, "0-1", "bind:0-1", false, false, false },
	{ "static reads as asked and shows what is in force", S, "0-9", "bind=static:0-9", false,
		true, false },
	{ "static does not read as what is in force", S, "0-9", "bind=static:0-3", false, false,
		true },
	{ "static past the machine's words", S, "0,64,1023", "bind=static:0", false, true, true },
	{ "static past its second word", S, "0,64,1023", "bind=static:0,64", false, true, false },
	{ "a word is never half cut off", S, "0,5,63", "bind=static:0,5", false, false, false },
	{ "balancing reads as asked", B, "0-9", "bind=balancing:0-9", false, true, false },
	{ "balancing reads as in force", B, "0-9", "bind=balancing:0-3", false, true, true },
	{ "balancing reads as nothing else", B, "0-9", "bind=balancing:0-4", false, false, false },
	{ "an old numa_maps hides balancing beside static", S | B, "0-1", "bind=static:0-1", false,
		false, true },
	{ "balancing alone is never hidden", B, "0-1", "bind:0-1", false, false, false },
	{ "a cut text shows some of the nodes", 0, "0-3", "bind:0-1", true, false, true },
	{ "a cut text shows none of others", 0, "0-1", "bind:0-2", true, false, false },
};

static void test_match(void **state)
{
	const struct match_row *row = *state;
	struct mpol asked = { BIND, row->flags, nodes(row->asked) }, came;
	struct mpol_nodeset allowed = nodes("0-3"), memory = nodes("0-1023");
	struct mpol_resolved resolved;
	bool cut;

	assert_int_equal(mpol_maps_text_parse(row->text, strlen(row->text), &came, &cut), 0);
	assert_int_equal(mpol_resolve(&asked, &allowed, &memory, NULL, &resolved, NULL), 0);
	assert_int_equal(mpol_resolved_reads(&resolved, &came), row->reads);
	assert_int_equal(mpol_resolved_shows(&resolved, &came, row->cut), row->shows);
}

static void test_long_lists_fit(void **state)
{
	struct mpol asked = { INTER, 0, { { 0 } } };
	struct mpol_nodeset allowed = nodes("1"), memory = nodes("0-1023");
	struct mpol_report report = { 0 };
	struct mpol_resolved resolved;

	(void)state;
	for (unsigned n = 0; n < MPOL_NODES_MAX; n++)
		if (n % 3 != 2)
			mpol_nodeset_add(&asked.nodes, n);
	assert_int_equal(mpol_resolve(&asked, &allowed, &memory, NULL, &resolved, &report), 0);
	assert_words(report.item[0].text,
		"nodes 0,3-4,6-7,9-10,12-13,15-16,18-19,21-22,24-25,27-28,30-31,33-34,36-37,39-40,"
		"42-43,45-46,48-49,... (682 nodes) are left out: the cpuset allows node 1; in "
		"force: "
		"node 1");
}

int main(void)
{
	const struct CMUnitTest others[] = {
		cmocka_unit_test(test_random_resolves),
		cmocka_unit_test(test_random_rebinds),
		cmocka_unit_test(test_long_lists_fit),
	};
	int failed = ROWS_RUN("what the kernel makes of a policy", rows, test_resolve);

	failed += ROWS_RUN("when the cpuset changes", rebind_rows, test_rebind);
	failed += ROWS_RUN("is it what was foreseen", match_rows, test_match);
	failed += cmocka_run_group_tests_name("resolve", others, NULL, NULL);
	return failed != 0;
}
