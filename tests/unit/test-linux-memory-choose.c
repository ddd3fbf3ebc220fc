/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which policy a container gets: config, annotation and command line against each other, under what
 * hasu.conf says. Whole configs go in; the text of the policy that comes out, or the sentence.
 */
#include <errno.h>

#include "rows.h"

#include "linux/memory.h"

struct row {
	const char *says;
	const char *policy;      /* linux.memoryPolicy, JSON; NULL: none */
	const char *annotations; /* JSON */
	const char *option;      /* --memory-policy */
	const char *conf;        /* NULL: there is none */
	const char *want;        /* source, policy and what goes with it; NULL: refused */
	const char *error, *warnings, *notes;
};

/* What an image has takes the place of what is chosen so. */
struct image_row {
	struct row row;
	const char *image; /* the node of its BIND */
};

#define BIND "{\"mode\":\"MPOL_BIND\",\"nodes\":\"0\"}"
#define MANY                                                                                       \
	"{\"mode\":\"MPOL_PREFERRED_MANY\",\"nodes\":\"0\",\"flags\":[\"MPOL_F_NUMA_BALANCING\"]}"
#define A "\"hasu.memory-policy\":"
#define HEAD "[memory-policy]\n"

/* clang-format off */
static const struct row rows[] = {
	{ "nothing", NULL, "", NULL, NULL, "none", NULL, NULL, NULL },
	{ "the config's", BIND, "", NULL, NULL, "config bind:0", NULL, NULL, NULL },
	{ "an annotation fills in", NULL, A "\"interleave=static:0-1\"", NULL, NULL,
		"annotation interleave=static:0-1", NULL, NULL, NULL },
	{ "an annotation with symbols", NULL, A "\"bind:cpus\"", NULL, NULL, "annotation bind symbols",
		NULL, NULL, NULL },
	{ "an annotation does not replace", BIND, A "\"local\"", NULL, NULL, NULL,
		"/annotations/hasu.memory-policy: the config has a /linux/memoryPolicy, and an "
		"annotation may not replace it ('replace = yes' in /c would allow it)", NULL, NULL },
	{ "where it may, it does, and that is said", BIND, A "\"local\"", NULL, HEAD "replace = yes",
		"annotation local", NULL, NULL, "/annotations/hasu.memory-policy: takes the place of "
		"/linux/memoryPolicy (/c:2: replace)\n" },
	{ "where that is ignored, the config's stays, with a warning", BIND, A "\"local\"", NULL,
		HEAD "denied = ignore", "config bind:0", NULL, "/annotations/hasu.memory-policy: is "
		"ignored: the config has a /linux/memoryPolicy, and an annotation may not replace it "
		"('replace = yes' in /c would allow it, and /c:2: denied)\n", NULL },
	{ "filling in is forbidden", NULL, A "\"local\"", NULL, HEAD "fill = no", NULL,
		"/annotations/hasu.memory-policy: the config has no /linux/memoryPolicy, and an "
		"annotation may not give one (/c:2: fill)", NULL, NULL },
	{ "filling in is forbidden and ignored", NULL, A "\"local\"", NULL,
		HEAD "fill = no\ndenied = ignore", "none", NULL, "/annotations/hasu.memory-policy: is "
		"ignored: the config has no /linux/memoryPolicy, and an annotation may not give one "
		"(/c:2: fill, and /c:3: denied)\n", NULL },
	{ "no annotation is honoured", NULL, A "\"local\"", NULL, HEAD "annotations = none", NULL,
		"/annotations/hasu.memory-policy: is not honoured here (/c:2: annotations)", NULL, NULL },
	{ "nodes are limited", NULL, A "\"bind:0-1\"", NULL, HEAD "nodes = 0", 
		"annotation bind:0-1 within 0 (/c:2: nodes)", NULL, NULL, NULL },
	{ "one that names others is ignored where that is wanted", NULL, A "\"bind:0-1\"", NULL,
		HEAD "nodes = 0\ndenied = ignore", "none", NULL, "/annotations/hasu.memory-policy: is "
		"ignored: it names nodes that may not be named here (/c:2: nodes, and /c:3: denied)\n",
		NULL },
	{ "the config's are not", BIND, "", NULL, HEAD "nodes = 1", "config bind:0", NULL, NULL, NULL },
	{ "an option fills in", NULL, "", "bind:1", NULL, "option bind:1", NULL, NULL, NULL },
	{ "an option replaces the config's", BIND, "", "local", NULL, "option local", NULL, NULL,
		"--memory-policy: takes the place of /linux/memoryPolicy\n" },
	{ "an option replaces the annotation's, whatever that may do", BIND, A "\"bind:7\"", "local",
		HEAD "annotations = none", "option local", NULL, NULL, "--memory-policy: takes the place "
		"of /linux/memoryPolicy and /annotations/hasu.memory-policy\n" },
	{ "an option is not limited", NULL, "", "bind:1", HEAD "nodes = 0", "option bind:1", NULL, NULL,
		NULL },
	{ "an option that is none", BIND, "", "bnd:1", NULL, NULL, "--memory-policy: mode \"bnd\" is "
		"not known: it can be default, prefer, bind, interleave, local, prefer (many), weighted "
		"interleave (at byte 0)", NULL, NULL },
	{ "what goes with a policy", BIND, "\"hasu.memory-policy.narrowing\":\"refuse\","
		"\"hasu.memory-policy.fallback\":\"allow\"", NULL, NULL, "config bind:0 refuse fallback",
		NULL, NULL, NULL },
	{ "and with an option", NULL, "\"hasu.memory-policy.narrowing\":\"refuse\"", "bind:0", NULL,
		"option bind:0 refuse", NULL, NULL, NULL },
	{ "narrowing is not honoured", BIND, "\"hasu.memory-policy.narrowing\":\"refuse\"", NULL,
		HEAD "annotations = hasu.memory-policy", NULL, "/annotations/hasu.memory-policy."
		"narrowing: is not honoured here (/c:2: annotations)", NULL, NULL },
	{ "nor is fallback, and that is ignored", BIND, "\"hasu.memory-policy.fallback\":\"allow\"",
		NULL, HEAD "annotations = none\ndenied = ignore", "config bind:0", NULL,
		"/annotations/hasu.memory-policy.fallback: is ignored: is not honoured here (/c:2: "
		"annotations, and /c:3: denied)\n", NULL },
	{ "the kernel's rules", MANY, "\"hasu.memory-policy.rules\":\"kernel\"", NULL, NULL,
		"config prefer (many)=balancing:0", NULL, "/linux/memoryPolicy/flags: "
		"MPOL_F_NUMA_BALANCING goes with MPOL_BIND only, not with MPOL_PREFERRED_MANY; not every "
		"kernel takes it\n", NULL },
	{ "the kernel's rules are not honoured: the strict ones hold", MANY,
		"\"hasu.memory-policy.rules\":\"kernel\"", NULL,
		HEAD "annotations = none\ndenied = ignore", NULL, "/linux/memoryPolicy/flags: "
		"MPOL_F_NUMA_BALANCING goes with MPOL_BIND only, not with MPOL_PREFERRED_MANY",
		"/annotations/hasu.memory-policy.rules: is ignored: is not honoured here (/c:2: "
		"annotations, and /c:3: denied)\n", NULL },
	{ "the kernel's rules for an annotation", NULL, "\"hasu.memory-policy.rules\":\"kernel\"," A
		"\"prefer (many)=balancing:0\"", NULL, NULL, "annotation prefer (many)=balancing:0",
		NULL, "/annotations/hasu.memory-policy: MPOL_F_NUMA_BALANCING goes with MPOL_BIND only, "
		"not with MPOL_PREFERRED_MANY; not every kernel takes it\n", NULL },
	{ "they are not honoured for an annotation", NULL, "\"hasu.memory-policy.rules\":\"kernel\"," A
		"\"prefer (many)=balancing:0\"", NULL,
		HEAD "annotations = hasu.memory-policy\ndenied = ignore", NULL,
		"/annotations/hasu.memory-policy: MPOL_F_NUMA_BALANCING goes with MPOL_BIND only, not "
		"with MPOL_PREFERRED_MANY", "/annotations/hasu.memory-policy.rules: is ignored: is not "
		"honoured here (/c:2: annotations, and /c:3: denied)\n", NULL },
	{ "nor are they asked for one that is ignored", BIND,
		"\"hasu.memory-policy.rules\":\"kernel\"," A "\"prefer (many)=balancing:0\"", NULL,
		HEAD "annotations = hasu.memory-policy\ndenied = ignore", "config bind:0", NULL,
		"/annotations/hasu.memory-policy.rules: is ignored: is not honoured here (/c:2: "
		"annotations, and /c:3: denied)\n/annotations/hasu.memory-policy: is ignored: the "
		"config has a /linux/memoryPolicy, and an annotation may not replace it ('replace = yes' "
		"in /c would allow it, and /c:3: denied)\n", NULL },
	{ "another caller's rules", BIND, A "\"local\"", NULL,
		"[memory-policy user=1000]\nreplace = yes", NULL,
		"/annotations/hasu.memory-policy: the config has a /linux/memoryPolicy, and an "
		"annotation may not replace it ('replace = yes' in /c would allow it)", NULL, NULL },
	{ "this cgroup's rules", BIND, A "\"local\"", NULL,
		"[memory-policy cgroup=/pods/*]\nreplace = yes", "annotation local", NULL, NULL,
		"/annotations/hasu.memory-policy: takes the place of /linux/memoryPolicy (/c:2: "
		"replace)\n" },
};
static const struct image_row image_rows[] = {
	{ .row.says = "an image's", .row.policy = BIND, .row.annotations = "", .image = "3",
		.row.want = "config bind:3" },
	{ .row.says = "one without any other, whose nodes nobody limits", .row.annotations = "", .image = "3",
		.row.conf = HEAD "nodes = 0", .row.want = "config bind:3" },
	{ .row.says = "one where an annotation asks has the limits of that", .row.annotations = A "\"bind:0\"",
		.image = "3", .row.conf = HEAD "nodes = 0",
		.row.want = "annotation bind:3 within 0 (/c:2: nodes)" },
	{ .row.says = "also where the annotation itself is ignored", .row.policy = BIND,
		.row.annotations = A "\"bind:1\"", .image = "1",
		.row.conf = HEAD "nodes = 0\ndenied = ignore\nreplace = yes", .row.want = "config bind:0",
		.row.warnings = "/annotations/hasu.memory-policy: is ignored: it names nodes that may not be "
		"named here (/c:2: nodes, and /c:3: denied)\nthe memory policy of the image is ignored: "
		"it names nodes that may not be named here (/c:2: nodes, and /c:3: denied)\n" },
	{ .row.says = "and holds where it may be", .row.policy = BIND, .row.annotations = A "\"bind:1\"",
		.image = "2", .row.conf = HEAD "nodes = 0,2\ndenied = ignore\nreplace = yes",
		.row.want = "config bind:2 within 0,2 (/c:2: nodes)", .row.warnings = "/annotations/hasu."
		"memory-policy: is ignored: it names nodes that may not be named here (/c:2: nodes, and "
		"/c:3: denied)\n" },
};
/* clang-format on */

static struct spec *load(const struct row *row)
{
	struct spec *spec = NULL;
	struct err e = { 0 };
	char *text;

	assert_true(asprintf(&text,
			    "{\"ociVersion\":\"1.3.0\",\"process\":{\"cwd\":\"/\",\"args\":[\"x\"],"
			    "\"user\":{\"uid\":0,\"gid\":0}},\"root\":{\"path\":\"r\"},"
			    "\"annotations\":{%s},\"linux\":{\"namespaces\":[{\"type\":\"mount\"}]"
			    "%s%s}}",
			    row->annotations, row->policy ? ",\"memoryPolicy\":" : "",
			    row->policy ? row->policy : "") > 0);
	if (spec_parse(text, strlen(text), "config.json", &spec, &e) < 0)
		fail_msg("%s", e.text);
	free(text);
	return spec;
}

static void show(const struct memory_want *want, char *buf, size_t size)
{
	static const char *const sources[] = { "config", "annotation", "option" };
	struct mpol policy = mpol_spec_policy(&want->policy);
	char text[MPOL_TEXT], nodes[MPOL_NODESET_TEXT];
	size_t at;

	if (!want->present) {
		(void)snprintf(buf, size, "none");
		return;
	}
	at = (size_t)snprintf(buf, size, "%s %s%s%s%s", sources[want->source],
		mpol_maps_text(&policy, text),
		mpol_spec_is_symbolic(&want->policy) ? " symbols" : "",
		want->refuse_narrowing ? " refuse" : "", want->fallback ? " fallback" : "");
	if (want->limit)
		(void)snprintf(buf + at, size - at, " within %s (%s)",
			mpol_nodeset_format(&want->may, nodes), want->limit);
}

static void test(const struct row *row, const char *node)
{
	const struct memory_options options = { .policy = row->option };
	struct memory_words words = { 0 };
	struct spec *spec = load(row);
	struct memory_want want = { 0 };
	struct arena arena = { 0 };
	struct conf *conf = NULL;
	struct conf_rules rules;
	struct err e = { 0 };
	char got[2048];
	int r;

	if (row->conf && conf_parse("/c", row->conf, strlen(row->conf), &conf, &e) < 0)
		fail_msg("%s", e.text);
	conf_rules_for(conf, 0, "/pods/x", &rules);
	rules.path = "/c";
	r = memory_choose(spec, &options, &rules, &arena, &want, &words, &e);
	if (r == 0 && node) {
		struct mpol image = { .mode = MPOL_MODE_BIND };

		mpol_nodeset_add(&image.nodes, (unsigned)atoi(node));
		r = memory_choose_image(spec, &rules, &image, &arena, &want, &words, &e);
	}
	if (row->want) {
		if (r < 0)
			fail_msg("refused: %s", e.text);
		show(&want, got, sizeof(got));
		assert_words(got, row->want);
	} else {
		if (r == 0)
			fail_msg("is chosen, but should say: %s", row->error);
		assert_words(e.text, row->error);
		assert_false(want.present);
	}
	assert_words(
		words.warnings.text ? words.warnings.text : "", row->warnings ? row->warnings : "");
	assert_words(words.notes.text ? words.notes.text : "", row->notes ? row->notes : "");
	strbuf_free(&words.warnings);
	strbuf_free(&words.notes);
	conf_free(conf);
	arena_free(&arena);
	spec_free(spec);
}

static void test_row(void **state)
{
	test(*state, NULL);
}

static void test_image_row(void **state)
{
	const struct image_row *row = *state;

	test(&row->row, row->image);
}

int main(void)
{
	int failed = ROWS_RUN("which policy", rows, test_row);

	failed += ROWS_RUN("of an image", image_rows, test_image_row);
	return failed;
}
