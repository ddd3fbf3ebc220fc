/* SPDX-License-Identifier: Apache-2.0 */
/* hasu.conf: what is read, in which words the rest is refused, and whose file it may be. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rows.h"

#include "base/fd.h"
#include "spec/conf.h"

/* The rules as a text, built member by member. */
static void show(const struct conf_rules *r, char *buf, size_t size)
{
	char nodes[MPOL_NODESET_TEXT];
	size_t at;

	at = (size_t)snprintf(buf, size, "%x%s%s%s %s", r->annotations, r->fill ? " fill" : "",
		r->replace ? " replace" : "", r->ignore ? " ignore" : "",
		r->limited ? mpol_nodeset_format(&r->nodes, nodes) : "all");
	for (size_t i = 0; i < CONF_SETTINGS; i++)
		at += (size_t)snprintf(buf + at, size - at, " %u", r->line[i]);
}

struct row {
	const char *says;
	const char *text;
	uid_t caller;
	const char *cgroup;
	const char *rules; /* NULL: refused */
	const char *words;
};

#define HEAD "[memory-policy]\n"

/* clang-format off */
static const struct row rows[] = {
	{ "nothing", "", 0, "/a", "f fill all 0 0 0 0 0", NULL },
	{ "comments and blank lines", "\n# no\n  \t\n   # yes\n", 0, "/a", "f fill all 0 0 0 0 0", NULL },
	{ "an empty section", HEAD, 0, "/a", "f fill all 0 0 0 0 0", NULL },
	{ "replacing", HEAD "replace = yes\n", 0, "/a", "f fill replace all 0 0 2 0 0", NULL },
	{ "no filling in", HEAD "fill=no", 0, "/a", "f all 0 2 0 0 0", NULL },
	{ "nodes", HEAD "nodes = 0-1, 3 # the fast ones", 0, "/a", "f fill 0-1,3 0 0 0 2 0", NULL },
	{ "all nodes", HEAD "nodes = all", 0, "/a", "f fill all 0 0 0 2 0", NULL },
	{ "no annotation", HEAD "annotations = none", 0, "/a", "0 fill all 2 0 0 0 0", NULL },
	{ "all annotations", HEAD "annotations = all", 0, "/a", "f fill all 2 0 0 0 0", NULL },
	{ "some annotations", HEAD "annotations = hasu.memory-policy, hasu.memory-policy.fallback",
		0, "/a", "9 fill all 2 0 0 0 0", NULL },
	{ "blanks between them", HEAD "annotations = hasu.memory-policy.rules hasu.memory-policy",
		0, "/a", "3 fill all 2 0 0 0 0", NULL },
	{ "ignoring", HEAD "denied = ignore", 0, "/a", "f fill ignore all 0 0 0 0 2", NULL },
	{ "refusing", HEAD "denied = refuse", 0, "/a", "f fill all 0 0 0 0 2", NULL },
	{ "lines that end in CR LF", "[memory-policy]\r\nreplace = yes\r\n", 0, "/a",
		"f fill replace all 0 0 2 0 0", NULL },
	{ "a user", "[memory-policy user=1000]\nreplace=yes", 1000, "/a",
		"f fill replace all 0 0 2 0 0", NULL },
	{ "another user", "[memory-policy user=1000]\nreplace=yes", 0, "/a", "f fill all 0 0 0 0 0",
		NULL },
	{ "the first of a range", "[memory-policy user=5,1000-1999]\nreplace=yes", 1000, "/a",
		"f fill replace all 0 0 2 0 0", NULL },
	{ "the last of a range", "[memory-policy user=5,1000-1999]\nreplace=yes", 1999, "/a",
		"f fill replace all 0 0 2 0 0", NULL },
	{ "past it", "[memory-policy user=5,1000-1999]\nreplace=yes", 2000, "/a",
		"f fill all 0 0 0 0 0", NULL },
	{ "a cgroup", "[memory-policy cgroup=/kubepods]\nreplace=yes", 0, "/kubepods",
		"f fill replace all 0 0 2 0 0", NULL },
	{ "not what is below it", "[memory-policy cgroup=/kubepods]\nreplace=yes", 0, "/kubepods/a",
		"f fill all 0 0 0 0 0", NULL },
	{ "a pattern, however deep", "[memory-policy cgroup=/kubepods/*]\nreplace=yes", 0,
		"/kubepods/burstable/pod1/x", "f fill replace all 0 0 2 0 0", NULL },
	{ "a pattern from anywhere", "[memory-policy cgroup=*/guaranteed/*]\nreplace=yes", 0,
		"/kubepods/guaranteed/x", "f fill replace all 0 0 2 0 0", NULL },
	{ "a pattern that does not match", "[memory-policy cgroup=/kubepods/*]\nreplace=yes", 0,
		"/user.slice/x", "f fill all 0 0 0 0 0", NULL },
	{ "no cgroup", "[memory-policy cgroup=/kubepods/*]\nreplace=yes", 0, "",
		"f fill all 0 0 0 0 0", NULL },
	{ "both hold", "[memory-policy user=0 cgroup=/k*]\nreplace=yes", 0, "/k/x",
		"f fill replace all 0 0 2 0 0", NULL },
	{ "one alone is not enough", "[memory-policy user=0 cgroup=/k*]\nreplace=yes", 1, "/k/x",
		"f fill all 0 0 0 0 0", NULL },
	{ "later sections count", HEAD "replace=yes\nnodes=0\n[memory-policy user=0]\nreplace=no\n", 0,
		"/a", "f fill 0 0 0 5 3 0", NULL },
	{ "and leave what they do not set", HEAD "fill=no\n" HEAD "replace=yes\n", 0, "/a",
		"f replace all 0 2 4 0 0", NULL },

	{ "a setting before any section", "replace = yes\n", 0, "", NULL,
		"c:1: 'replace' stands before the first [memory-policy]" },
	{ "an unknown setting", HEAD "\nreplase = yes\n", 0, "", NULL, "c:3: 'replase' is not a "
		"setting; there are annotations, fill, replace, nodes and denied" },
	{ "another case", HEAD "Replace = yes\n", 0, "", NULL, "c:2: 'Replace' is not a setting; there "
		"are annotations, fill, replace, nodes and denied" },
	{ "an unknown section", "[network]\n", 0, "", NULL,
		"c:1: 'network' is no section; the only kind is [memory-policy]" },
	{ "a section without an end", "[memory-policy\n", 0, "", NULL,
		"c:1: a section's name ends in ']'" },
	{ "an empty name", "[]\n", 0, "", NULL,
		"c:1: '' is no section; the only kind is [memory-policy]" },
	{ "a bracket alone", "[", 0, "", NULL, "c:1: a section's name ends in ']'" },
	{ "no setting at all", HEAD "yes\n", 0, "", NULL,
		"c:2: 'yes' is neither [memory-policy] nor a setting such as replace = yes" },
	{ "no value", HEAD "replace =\n", 0, "", NULL, "c:2: replace has no value: whether "
		"hasu.memory-policy may take the place of the config's policy: yes or no" },
	{ "a value that is none", HEAD "replace = true\n", 0, "", NULL,
		"c:2: replace is 'yes' or 'no', not 'true'" },
	{ "twice", HEAD "replace = yes\nreplace = no\n", 0, "", NULL,
		"c:3: replace is set in this section already, in line 2" },
	{ "nodes that run backwards", HEAD "nodes = 3-1\n", 0, "", NULL,
		"c:2: nodes: range 3-1 runs backwards (at byte 0)" },
	{ "nodes that are symbols", HEAD "nodes = cpus\n", 0, "", NULL, "c:2: nodes: \"cpus\" is "
		"neither a node such as 3 nor a range such as 0-3 (at byte 0)" },
	{ "no nodes", HEAD "nodes = ,\n", 0, "", NULL,
		"c:2: nodes names none: annotations = none is how to forbid them all" },
	{ "an unknown annotation", HEAD "annotations = memory-policy\n", 0, "", NULL,
		"c:2: 'memory-policy' is no annotation of a memory policy; they are hasu.memory-policy, "
		"hasu.memory-policy.rules, hasu.memory-policy.narrowing and "
		"hasu.memory-policy.fallback" },
	{ "a third way to deny", HEAD "denied = log\n", 0, "", NULL,
		"c:2: denied is 'refuse' or 'ignore', not 'log'" },
	{ "a user's name", "[memory-policy user=root]\n", 0, "", NULL, "c:1: 'root' is neither the "
		"number of a user, such as 1000, nor a range such as 1000-1999" },
	{ "users that run backwards", "[memory-policy user=9-1]\n", 0, "", NULL, "c:1: '9-1' is neither "
		"the number of a user, such as 1000, nor a range such as 1000-1999" },
	{ "a user past the last", "[memory-policy user=4294967296]\n", 0, "", NULL, "c:1: '4294967296' "
		"is neither the number of a user, such as 1000, nor a range such as 1000-1999" },
	{ "no user", "[memory-policy user=]\n", 0, "", NULL, "c:1: user= is followed by none" },
	{ "users twice", "[memory-policy user=1 user=2]\n", 0, "", NULL, "c:1: user= stands twice" },
	{ "cgroups twice", "[memory-policy cgroup=/a cgroup=/b]\n", 0, "", NULL,
		"c:1: cgroup= stands twice" },
	{ "a relative cgroup", "[memory-policy cgroup=kubepods]\n", 0, "", NULL, "c:1: "
		"cgroup='kubepods': a cgroup's path begins with '/', a pattern with that or '*'" },
	{ "another condition", "[memory-policy image=x]\n", 0, "", NULL,
		"c:1: 'image=x' is neither user=... nor cgroup=..." },
	{ "what would forge a line", HEAD "\033[31mx = 1\n", 0, "", NULL, "c:2: '\\x1b[31mx' is not a "
		"setting; there are annotations, fill, replace, nodes and denied" },
};
/* clang-format on */

static void test_row(void **state)
{
	const struct row *row = *state;
	struct conf *conf = NULL;
	struct conf_rules rules;
	struct err e = { 0 };
	char got[512];
	int r = conf_parse("c", row->text, strlen(row->text), &conf, &e);

	if (!row->rules) {
		if (r == 0)
			fail_msg("is read, but should say: %s", row->words);
		assert_int_equal(r, -EINVAL);
		assert_words(e.text, row->words);
		return;
	}
	if (r < 0)
		fail_msg("refused: %s", e.text);
	conf_rules_for(conf, row->caller, row->cgroup, &rules);
	show(&rules, got, sizeof(got));
	assert_words(got, row->rules);
	assert_words(rules.path, "c");
	conf_free(conf);
}

/* --- files --- */

static char dir[] = "/tmp/hasu-conf-XXXXXX";
static char path[64];

static int make_dir(void **state)
{
	if (!mkdtemp(dir))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/hasu.conf", dir);
	return 0;
}

static int remove_dir(void **state)
{
	(void)unlink(path);
	return rmdir(dir);
}

static void write_conf(const char *text, size_t len)
{
	int fd;

	(void)unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, len), 0);
	assert_int_equal(fchmod(fd, 0644), 0);
	(void)close(fd);
}

static void refused(int num, const char *words)
{
	struct arena arena = { 0 };
	struct str_list list;
	struct err e = { 0 }, again = { 0 };
	struct conf *conf;
	char want[512];

	(void)snprintf(want, sizeof(want), "%s: %s", path, words);
	assert_int_equal(conf_load(path, &conf, &e), -num);
	assert_words(e.text, want);
	/* The check has the same words. */
	assert_int_equal(conf_check(path, &arena, &list, &again), -num);
	assert_words(again.text, want);
	arena_free(&arena);
}

static void need_root(void)
{
	if (geteuid() != 0)
		skip();
}

static void test_absent(void **state)
{
	struct conf *conf = (struct conf *)1;
	struct arena arena = { 0 };
	struct str_list list;
	struct err e = { 0 };

	(void)unlink(path);
	assert_int_equal(conf_load(path, &conf, &e), 0);
	assert_null(conf);
	assert_int_equal(conf_check(path, &arena, &list, &e), 0);
	assert_int_equal(list.n, 0);
	arena_free(&arena);
}

static void test_owner(void **state)
{
	static const char text[] = HEAD "replace = yes\n";
	struct conf_rules rules;
	struct conf *conf;
	struct err e = { 0 };

	need_root();
	write_conf(text, strlen(text));
	assert_int_equal(conf_load(path, &conf, &e), 0);
	conf_rules_for(conf, 0, "", &rules);
	assert_true(rules.replace);
	conf_free(conf);

	assert_int_equal(chmod(path, 0664), 0);
	refused(EPERM, "others than root can write to the file (mode 0664), and it is not "
		       "trusted");
	assert_int_equal(chmod(path, 0646), 0);
	refused(EPERM, "others than root can write to the file (mode 0646), and it is not "
		       "trusted");
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(chown(path, 1000, 0), 0);
	refused(EPERM, "the file belongs to user 1000, not to root, and is not trusted");
	assert_int_equal(chown(path, 0, 0), 0);
	assert_int_equal(chmod(dir, 0777), 0);
	refused(EPERM, "others than root can write to its directory (mode 0777), and it is "
		       "not trusted");
	/* As in /tmp nobody can put another file there in its place. */
	assert_int_equal(chmod(dir, 01777), 0);
	assert_int_equal(conf_load(path, &conf, &e), 0);
	conf_free(conf);
	assert_int_equal(chown(dir, 1000, 0), 0);
	refused(EPERM, "its directory belongs to user 1000, not to root, and is not trusted");
	assert_int_equal(chown(dir, 0, 0), 0);
	assert_int_equal(chmod(dir, 0700), 0);
}

static void test_kinds(void **state)
{
	need_root();
	(void)unlink(path);
	assert_int_equal(mkfifo(path, 0644), 0);
	refused(EINVAL, "is not a regular file"); /* and nobody waits for a writer */
	(void)unlink(path);
	assert_int_equal(mkdir(path, 0755), 0);
	refused(EINVAL, "is not a regular file");
	assert_int_equal(rmdir(path), 0);
}

static void test_size(void **state)
{
	char *text = malloc(CONF_TEXT_MAX + 1);
	struct conf *conf;
	struct err e = { 0 };

	need_root();
	assert_non_null(text);
	memset(text, '\n', CONF_TEXT_MAX + 1);
	write_conf(text, CONF_TEXT_MAX);
	assert_int_equal(conf_load(path, &conf, &e), 0);
	conf_free(conf);
	write_conf(text, CONF_TEXT_MAX + 1);
	refused(EFBIG, "is larger than 64 KiB");
	free(text);
}

static void test_every_error(void **state)
{
	static const char text[] = "x\n" HEAD "fill = maybe\nnodes = 9999\n[memory-policy user=x]\n"
				   "replace = perhaps\n\0";
	struct arena arena = { 0 };
	struct str_list list;
	struct err e = { 0 };

	need_root();
	write_conf(text, sizeof(text) - 1);
	assert_int_equal(conf_check(path, &arena, &list, &e), 0);
	assert_int_equal(list.n, 6);
	assert_non_null(strstr(list.v[0], ":1: there is a NUL byte in it"));
	assert_non_null(strstr(list.v[1], ":1: 'x' is neither [memory-policy] nor"));
	assert_non_null(strstr(list.v[2], ":3: fill is 'yes' or 'no', not 'maybe'"));
	assert_non_null(strstr(list.v[3], ":4: nodes: node 9999 is too large"));
	assert_non_null(strstr(list.v[4], ":5: 'x' is neither the number of a user"));
	assert_non_null(strstr(list.v[5], ":6: replace is 'yes' or 'no', not 'perhaps'"));
	arena_free(&arena);
}

static void test_bounds(void **state)
{
	struct strbuf b = { 0 };
	struct conf *conf;
	struct err e = { 0 };

	for (int i = 0; i < 257; i++)
		strbuf_adds(&b, HEAD);
	assert_int_equal(conf_parse("c", b.text, b.len, &conf, &e), -EINVAL);
	assert_words(e.text, "c:257: more than 256 sections");
	strbuf_free(&b);
	strbuf_adds(&b, "[memory-policy user=0");
	for (int i = 0; i < 64; i++)
		strbuf_addf(&b, ",%d", i);
	strbuf_adds(&b, "]\n");
	assert_int_equal(conf_parse("c", b.text, b.len, &conf, &e), -EINVAL);
	assert_words(e.text, "c:1: more than 64 users or ranges");
	strbuf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_absent),
		cmocka_unit_test(test_owner),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_every_error),
		cmocka_unit_test(test_bounds),
	};
	int failed = ROWS_RUN("hasu.conf", rows, test_row);

	return failed + cmocka_run_group_tests_name("the file", tests, make_dir, remove_dir);
}
