/* SPDX-License-Identifier: Apache-2.0 */
/* A policy in one line of text: what is read, and in which words the rest is refused. */
#include <errno.h>

#include "mpol.h"
#include "rows.h"

/* What was read, term by term, from the public struct alone. */
static size_t show_terms(const struct mpol_terms *t, char *buf, size_t size)
{
	const struct mpol_symbol_info *symbols;
	char set[MPOL_NODESET_TEXT];
	size_t n, at = 0;

	at += (size_t)snprintf(buf + at, size - at, " %s", mpol_nodeset_format(&t->numbers, set));
	symbols = mpol_symbols(&n);
	for (size_t i = 0; i < n; i++)
		if (t->symbols & symbols[i].bit)
			at += (size_t)snprintf(buf + at, size - at, " %s", symbols[i].name);
	if (t->max_dist)
		at += (size_t)snprintf(buf + at, size - at, " <=%u", t->max_dist);
	for (size_t i = 0; i < t->n_devices; i++)
		at += (size_t)snprintf(buf + at, size - at, " %s%s", t->device[i].address,
			t->device[i].node == -1 ? "" : " with a node");
	return at;
}

static void show(const struct mpol_spec *spec, char *buf, size_t size)
{
	size_t at = (size_t)snprintf(buf, size, "%d 0x%x", spec->mode, spec->flags);

	at += show_terms(&spec->in, buf + at, size - at);
	at += (size_t)snprintf(buf + at, size - at, " !");
	at += show_terms(&spec->out, buf + at, size - at);
	(void)snprintf(buf + at, size - at, "%s", mpol_spec_is_symbolic(spec) ? " symbolic" : "");
}

struct row {
	const char *says; /* the text itself */
	const char *read; /* mode, flags, nodes ! nodes that go; NULL: refused */
	const char *words;
};

/* clang-format off */
static const struct row rows[] = {
	{ "default", "0 0x0  ! ", NULL },
	{ "local", "4 0x0  ! ", NULL },
	{ "prefer", "1 0x0  ! ", NULL },
	{ "bind:0", "2 0x0 0 ! ", NULL },
	{ "bind:0-1", "2 0x0 0-1 ! ", NULL },
	{ "bind:0-3,7", "2 0x0 0-3,7 ! ", NULL },
	{ "bind:3,1,2,1-2", "2 0x0 1-3 ! ", NULL },
	{ "interleave:0-1023", "3 0x0 0-1023 ! ", NULL },
	{ "interleave=static:0-3", "3 0x8000 0-3 ! ", NULL },
	{ "prefer:0", "1 0x0 0 ! ", NULL },
	{ "prefer=relative:0", "1 0x4000 0 ! ", NULL },
	{ "prefer (many):0,1", "5 0x0 0-1 ! ", NULL },
	{ "prefer (many)=static:2", "5 0x8000 2 ! ", NULL },
	{ "weighted interleave:0-1", "6 0x0 0-1 ! ", NULL },
	{ "weighted interleave=relative:0-1", "6 0x4000 0-1 ! ", NULL },
	{ "bind=balancing:0", "2 0x2000 0 ! ", NULL },
	{ "bind=static|balancing:0-1", "2 0xa000 0-1 ! ", NULL },
	{ "bind=static+balancing:0-1", "2 0xa000 0-1 ! ", NULL },
	{ "bind=balancing|relative:0-1", "2 0x6000 0-1 ! ", NULL },
	{ "bind=static|static:0", "2 0x8000 0 ! ", NULL },
	{ "MPOL_DEFAULT", "0 0x0  ! ", NULL },
	{ "MPOL_BIND:0", "2 0x0 0 ! ", NULL },
	{ "MPOL_PREFERRED_MANY:0-1", "5 0x0 0-1 ! ", NULL },
	{ "MPOL_WEIGHTED_INTERLEAVE:0-1", "6 0x0 0-1 ! ", NULL },
	{ "MPOL_BIND=MPOL_F_STATIC_NODES|MPOL_F_NUMA_BALANCING:1", "2 0xa000 1 ! ", NULL },
	{ "MPOL_BIND=static:1", "2 0x8000 1 ! ", NULL },
	{ "bind=MPOL_F_RELATIVE_NODES:1", "2 0x4000 1 ! ", NULL },
	{ "  bind : 0 - 1 , 3 ", "2 0x0 0-1,3 ! ", NULL },
	{ "\tbind = static | balancing : 0\n", "2 0xa000 0 ! ", NULL },
	{ " prefer (many) : 0 ", "5 0x0 0 ! ", NULL },
	{ "bind:,0,,1,", "2 0x0 0-1 ! ", NULL },
	{ "bind:007", "2 0x0 7 ! ", NULL },

	{ "bind:cpus", "2 0x0  cpus !  symbolic", NULL },
	{ "bind:package", "2 0x0  package !  symbolic", NULL },
	{ "interleave:allowed", "3 0x0  allowed !  symbolic", NULL },
	{ "interleave=static:all", "3 0x8000  all !  symbolic", NULL },
	{ "interleave:with-cpus", "3 0x0  with-cpus !  symbolic", NULL },
	{ "prefer (many):memory-only", "5 0x0  memory-only !  symbolic", NULL },
	{ "bind:max-dist:20", "2 0x0  max-dist <=20 !  symbolic", NULL },
	{ "bind:max-dist:10,max-dist:32,max-dist:12", "2 0x0  max-dist <=32 !  symbolic", NULL },
	{ "bind:max-dist:255", "2 0x0  max-dist <=255 !  symbolic", NULL },
	{ "prefer:device:0000:3b:00.0", "1 0x0  device 0000:3b:00.0 !  symbolic", NULL },
	{ "prefer:device:3B:00.1", "1 0x0  device 0000:3b:00.1 !  symbolic", NULL },
	{ "prefer:device:10000:AF:1f.7", "1 0x0  device 10000:af:1f.7 !  symbolic", NULL },
	{ "prefer:device:00000000:af:1f.7", "1 0x0  device 0000:af:1f.7 !  symbolic", NULL },
	{ "bind:device:3b:00.0,device:0000:3b:00.0,device:3b:00.1",
		"2 0x0  device 0000:3b:00.0 0000:3b:00.1 !  symbolic", NULL },
	{ "bind:cpus,2", "2 0x0 2 cpus !  symbolic", NULL },
	{ "bind:allowed,!memory-only", "2 0x0  allowed !  memory-only symbolic", NULL },
	{ "bind:!memory-only,allowed", "2 0x0  allowed !  memory-only symbolic", NULL },
	{ "bind: ! cpus , all", "2 0x0  all !  cpus symbolic", NULL },
	{ "bind:!2", "2 0x0  ! 2 symbolic", NULL },
	{ "bind:0-3,!2", "2 0x0 0-3 ! 2", NULL },
	{ "bind=relative:0-3,!2", "2 0x4000 0-3 ! 2", NULL },
	{ "bind:0-3,!max-dist:12,!device:3b:00.0",
		"2 0x0 0-3 !  max-dist device <=12 0000:3b:00.0 symbolic", NULL },

	{ "", NULL, "mode is missing: a memory policy begins with one, such as bind (at byte 0)" },
	{ "   ", NULL, "mode is missing: a memory policy begins with one, such as bind (at byte 3)" },
	{ ":0", NULL, "mode is missing: a memory policy begins with one, such as bind (at byte 0)" },
	{ "bnd:0", NULL, "mode \"bnd\" is not known: it can be default, prefer, bind, interleave, "
		"local, prefer (many), weighted interleave (at byte 0)" },
	{ " BIND:0", NULL, "mode \"BIND\" is not known: this one is written \"bind\" (at byte 1)" },
	{ "mpol_bind:0", NULL,
		"mode \"mpol_bind\" is not known: this one is written \"bind\" (at byte 0)" },
	{ "preferred:0", NULL,
		"mode \"preferred\" is not known: this one is written \"prefer\" (at byte 0)" },
	{ "prefer-many:0", NULL,
		"mode \"prefer-many\" is not known: this one is written \"prefer (many)\" (at byte 0)" },
	{ "prefer  (many):0", NULL, "mode \"prefer  (many)\" is not known: this one is written "
		"\"prefer (many)\" (at byte 0)" },
	{ "weighted-interleave:0", NULL, "mode \"weighted-interleave\" is not known: this one is "
		"written \"weighted interleave\" (at byte 0)" },
	{ "bind 0", NULL, "mode \"bind 0\" is not known: this one is written \"bind\" (at byte 0)" },
	{ "2:0", NULL, "mode \"2\" is not known: it can be default, prefer, bind, interleave, local, "
		"prefer (many), weighted interleave (at byte 0)" },
	{ "bi\033nd:0", NULL, "mode \"bi\\x1bnd\" is not known: this one is written \"bind\" "
		"(at byte 0)" },
	{ "bind=fixed:0", NULL, "flag \"fixed\" is not known: it can be balancing, relative, static "
		"(at byte 5)" },
	{ "bind=Static:0", NULL,
		"flag \"Static\" is not known: this one is written \"static\" (at byte 5)" },
	{ "bind=static|numa_balancing:0", NULL,
		"flag \"numa_balancing\" is not known: this one is written \"balancing\" (at byte 12)" },
	{ "bind=:0", NULL, "a flag is missing: \"=\", \"|\" and \"+\" are followed by one (at byte 5)" },
	{ "bind=static|:0", NULL,
		"a flag is missing: \"=\", \"|\" and \"+\" are followed by one (at byte 12)" },
	{ "bind=static,balancing:0", NULL, "flag \"static,balancing\" is not known: it can be "
		"balancing, relative, static (at byte 5)" },
	{ "bind=static|relative:0", NULL,
		"MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other" },
	{ "interleave=balancing:0", NULL,
		"MPOL_F_NUMA_BALANCING goes with MPOL_BIND only, not with MPOL_INTERLEAVE" },
	{ "local=static", NULL, "MPOL_LOCAL takes no flags, and flags names MPOL_F_STATIC_NODES" },
	{ "prefer=static", NULL,
		"MPOL_PREFERRED without nodes takes no flags, and flags names MPOL_F_STATIC_NODES" },
	{ "bind", NULL, "MPOL_BIND needs at least one node, as in bind:0" },
	{ "interleave=static", NULL, "MPOL_INTERLEAVE needs at least one node, as in interleave:0" },
	{ "bind:", NULL, "nodes are missing: \":\" is followed by some (at byte 5)" },
	{ "local:", NULL, "nodes are missing: \":\" is followed by some (at byte 6)" },
	{ "bind: , ,", NULL, "nodes are missing: \":\" is followed by some (at byte 5)" },
	{ "local:0", NULL, "MPOL_LOCAL takes no nodes, and \"0\" is given (at byte 6)" },
	{ "default: cpus", NULL, "MPOL_DEFAULT takes no nodes, and \"cpus\" is given (at byte 9)" },
	{ "bind:0,5-2", NULL, "range 5-2 runs backwards (at byte 7)" },
	{ "bind:1-", NULL, "range \"1-\" has no last node (at byte 5)" },
	{ "bind: -1", NULL, "range \"-1\" has no first node (at byte 6)" },
	{ "bind:1024", NULL,
		"node 1024 is too large: Linux has at most 1024 nodes, 0-1023 (at byte 5)" },
	{ "bind:0-4294967295", NULL,
		"node 4294967295 is too large: Linux has at most 1024 nodes, 0-1023 (at byte 7)" },
	{ "bind:0 1", NULL, "\"0 1\" is neither a node such as 3, a range such as 0-3, nor a symbol "
		"such as cpus (at byte 5)" },
	{ "bind:0x1", NULL, "\"0x1\" is neither a node such as 3, a range such as 0-3, nor a symbol "
		"such as cpus (at byte 5)" },
	{ "bind:+1", NULL, "\"+1\" is neither a node such as 3, a range such as 0-3, nor a symbol "
		"such as cpus (at byte 5)" },
	{ "bind:0:1", NULL, "\"0:1\" is neither a node such as 3, a range such as 0-3, nor a symbol "
		"such as cpus (at byte 5)" },
	{ "bind:0=static", NULL, "\"0=static\" is neither a node such as 3, a range such as 0-3, nor "
		"a symbol such as cpus (at byte 5)" },
	{ "bind:\xd9\xa3", NULL, "\"\\xd9\\xa3\" is neither a node such as 3, a range such as 0-3, "
		"nor a symbol such as cpus (at byte 5)" },
	{ "bind:0,foo", NULL, "\"foo\" is neither a node such as 3, a range such as 0-3, nor one of "
		"the symbols cpus, package, allowed, all, with-cpus, memory-only, max-dist:..., "
		"device:... (at byte 7)" },
	{ "bind:CPUs", NULL, "symbol \"CPUs\" is not known: this one is written \"cpus\" (at byte 5)" },
	{ "bind:!memory_only", NULL,
		"symbol \"memory_only\" is not known: this one is written \"memory-only\" (at byte 6)" },
	{ "bind:!", NULL, "\"!\" is followed by no node (at byte 5)" },
	{ "bind:0,! ", NULL, "\"!\" is followed by no node (at byte 7)" },
	{ "bind:!!0", NULL, "\"!0\" is neither a node such as 3, a range such as 0-3, nor a symbol "
		"such as cpus (at byte 6)" },
	{ "bind:0,!0", NULL, "\"0,!0\" leaves no node (at byte 5)" },
	{ "bind=relative:0-1,!0-3", NULL, "\"0-1,!0-3\" leaves no node (at byte 14)" },
	{ "bind:cpus:0", NULL,
		"\"cpus:0\": nothing can stand behind this symbol but a comma (at byte 5)" },
	{ "bind:max-dist", NULL,
		"\"max-dist\" needs something behind it, as in max-dist:20 (at byte 5)" },
	{ "bind:max-dist:", NULL,
		"\"max-dist:\" needs something behind it, as in max-dist:20 (at byte 5)" },
	{ "bind:max-dist:9", NULL, "\"max-dist:9\" has no distance: that is a number from 10, the "
		"node itself, to 255 (at byte 5)" },
	{ "bind:max-dist:256", NULL, "\"max-dist:256\" has no distance: that is a number from 10, "
		"the node itself, to 255 (at byte 5)" },
	{ "bind:max-dist:99999999999999999999", NULL, "\"max-dist:99999999999999999999\" has no "
		"distance: that is a number from 10, the node itself, to 255 (at byte 5)" },
	{ "bind:max-dist:2a", NULL, "\"max-dist:2a\" has no distance: that is a number from 10, the "
		"node itself, to 255 (at byte 5)" },
	{ "bind:device", NULL,
		"\"device\" needs something behind it, as in device:0000:3b:00.0 (at byte 5)" },
	{ "bind:device:gpu0", NULL,
		"\"device:gpu0\" has no PCI address such as 0000:3b:00.0 (at byte 5)" },
	{ "bind:device:3b:00.8", NULL,
		"\"device:3b:00.8\" has no PCI address such as 0000:3b:00.0 (at byte 5)" },
	{ "bind:device:0000:3b:00.0/..", NULL,
		"\"device:0000:3b:00.0/..\" has no PCI address such as 0000:3b:00.0 (at byte 5)" },
	{ "bind:device:../../x", NULL,
		"\"device:../../x\" has no PCI address such as 0000:3b:00.0 (at byte 5)" },
	{ "bind:device:000:3b:00.0", NULL,
		"\"device:000:3b:00.0\" has no PCI address such as 0000:3b:00.0 (at byte 5)" },
	{ "bind:device:0:0.0,device:0000:00:00.0", NULL,
		"\"device:0:0.0\" has no PCI address such as 0000:3b:00.0 (at byte 5)" },
	{ "bind:device:0:00.0,device:1:00.0", NULL,
		"\"device:0:00.0\" has no PCI address such as 0000:3b:00.0 (at byte 5)" },
	{ "bind:device:00:00.0,device:00:01.0,device:00:02.0,device:00:03.0,device:00:04.0,"
	  "device:00:05.0,device:00:06.0,device:00:07.0,device:00:08.0", NULL,
		"more than 8 devices are named (at byte 125)" },
	{ "bind=relative:cpus", NULL, "MPOL_F_RELATIVE_NODES counts nodes within the cpuset, and "
		"\"cpus\" stands for nodes of the host (at byte 14)" },
	{ "bind=relative:0-3,!memory-only", NULL, "MPOL_F_RELATIVE_NODES counts nodes within the "
		"cpuset, and \"memory-only\" stands for nodes of the host (at byte 19)" },
	{ "bind=relative:!0", NULL, "MPOL_F_RELATIVE_NODES counts nodes within the cpuset, and "
		"\"!\" alone leaves out nodes of the host (at byte 14)" },
};
/* clang-format on */

static void test_row(void **state)
{
	const struct row *row = *state;
	struct mpol_report report = { 0 };
	struct mpol_spec spec, untouched;
	char got[8192];
	int r;

	memset(&spec, 0xa5, sizeof(spec));
	untouched = spec;
	r = mpol_spec_parse(
		row->says, strlen(row->says), MPOL_RULES_STRICT, "/here", &spec, &report);
	if (row->read) {
		if (r < 0)
			fail_msg("refused: %s", report.n ? report.item[0].text : "without a word");
		show(&spec, got, sizeof(got));
		assert_words(got, row->read);
		assert_int_equal(report.n, 0);
		return;
	}
	if (r == 0)
		fail_msg("is read, but should say: %s", row->words);
	assert_int_equal(report.n, 1);
	assert_words(report.item[0].text, row->words);
	assert_words(report.item[0].where, "/here");
	assert_int_equal(report.item[0].severity, MPOL_ERROR);
	assert_memory_equal(&spec, &untouched, sizeof(spec));
	/* And nobody has to listen. */
	assert_int_equal(
		mpol_spec_parse(row->says, strlen(row->says), MPOL_RULES_STRICT, NULL, &spec, NULL),
		r);
}

/* What numa_maps writes for a policy is read as that policy, whatever it is. */
static void test_maps_text(void **state)
{
	const struct mpol_mode_info *modes;
	struct mpol_spec spec;
	char text[MPOL_TEXT];
	struct mpol policy;
	size_t n;

	modes = mpol_modes(&n);
	for (size_t i = 0; i < n; i++)
		for (unsigned flags = 0; flags < 8; flags++) {
			policy = (struct mpol){ .mode = modes[i].number, .flags = flags << 13 };
			if (policy.flags & ~modes[i].flags || (flags & 6) == 6 ||
				(flags && modes[i].node_rule == MPOL_NODES_NONE))
				continue;
			if (modes[i].node_rule != MPOL_NODES_NONE)
				policy.nodes.word[0] = 0xf00f;
			(void)mpol_maps_text(&policy, text);
			assert_int_equal(mpol_spec_parse(text, strlen(text), MPOL_RULES_STRICT,
						 NULL, &spec, NULL),
				0);
			assert_false(mpol_spec_is_symbolic(&spec));
			struct mpol again = mpol_spec_policy(&spec);
			assert_int_equal(again.mode, policy.mode);
			assert_int_equal(again.flags, policy.flags);
			assert_true(mpol_nodeset_equal(&again.nodes, &policy.nodes));
		}
}

static void test_every_error_is_said(void **state)
{
	static const char text[] = "bnd=fixed:7-3";
	struct mpol_report report = { 0 };
	struct mpol_spec spec;

	assert_true(
		mpol_spec_parse(text, strlen(text), MPOL_RULES_STRICT, "/x", &spec, &report) < 0);
	assert_int_equal(report.n, 3);
	assert_words(report.item[0].code, "mpol.mode.unknown");
	assert_words(report.item[1].code, "mpol.flag.unknown");
	assert_words(report.item[2].code, "mpol.nodes.range");
}

static void test_kernel_rules(void **state)
{
	static const char text[] = "prefer (many)=balancing:0";
	struct mpol_report report = { 0 };
	struct mpol_spec spec;

	assert_int_equal(
		mpol_spec_parse(text, strlen(text), MPOL_RULES_KERNEL, "/x", &spec, &report), 0);
	assert_int_equal(report.n, 1);
	assert_int_equal(report.item[0].severity, MPOL_WARNING);
	assert_int_equal(
		mpol_spec_parse(text, strlen(text), MPOL_RULES_STRICT, "/x", &spec, NULL), -EINVAL);
}

/* A NUL ends nothing: the text has a length. */
static void test_nul(void **state)
{
	static const char text[] = "bind\0:0";
	struct mpol_report report = { 0 };
	struct mpol_spec spec;

	assert_true(mpol_spec_parse(
			    text, sizeof(text) - 1, MPOL_RULES_STRICT, "/x", &spec, &report) < 0);
	assert_words(report.item[0].text,
		"mode \"bind\\x00\" is not known: this one is written \"bind\" (at byte 0)");
}

static void test_lengths(void **state)
{
	size_t size = 10u << 20;
	char *text = malloc(size);
	struct mpol_report report = { 0 };
	struct mpol_spec spec;

	assert_non_null(text);
	memset(text, ',', size);
	memcpy(text, "bind:0", 6);
	assert_int_equal(
		mpol_spec_parse(text, MPOL_SPEC_TEXT_MAX, MPOL_RULES_STRICT, "/x", &spec, &report),
		0);
	assert_int_equal(mpol_spec_parse(text, MPOL_SPEC_TEXT_MAX + 1, MPOL_RULES_STRICT, "/x",
				 &spec, &report),
		-E2BIG);
	assert_int_equal(
		mpol_spec_parse(text, size, MPOL_RULES_STRICT, "/x", &spec, &report), -E2BIG);
	assert_words(report.item[1].text,
		"the policy is a text of 10485760 bytes, and 4096 are the most");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_maps_text),
		cmocka_unit_test(test_every_error_is_said),
		cmocka_unit_test(test_kernel_rules),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_lengths),
	};
	int failed = ROWS_RUN("notation", rows, test_row);

	return failed + cmocka_run_group_tests_name("notation as a whole", tests, NULL, NULL);
}
