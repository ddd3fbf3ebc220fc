/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-cgroup-scope.c - what is said to systemd: annotations' values, names of slices and scopes,
 * limits as properties. That systemd takes them, and what comes of it, is for the machine with
 * systemd (tests/numa/systemd.bats).
 *
 * Fields are shown with a blank after each.
 */
#include "parsed.h"
#include "rows.h"

#include "base/fd.h"
#include "cgroup/scope.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *printed(const struct strbuf *fields)
{
	static char text[4096];

	assert_false(fields->failed);
	assert_true(fields->len < sizeof(text));
	for (size_t i = 0; i < fields->len; i++)
		text[i] = fields->text[i] ? fields->text[i] : ' ';
	text[fields->len] = '\0';
	return text;
}

/* ---------------------------------------------------------------- GVariant */

static const struct value_row {
	const char *says, *text, *signature, *fields, *words;
} value_rows[] = {
	/* The grammar is that of GVariant's documentation; results as its g_variant_parse() has
	 * them. */
	{ "a text in single quotes", "'a b'", "s", "a b ", NULL },
	{ "a text in double quotes", "\"it's\"", "s", "it's ", NULL },
	{ "escapes in a text", "'a\\'\\\\\\n'", "s", "a'\\\n ", NULL },
	{ "an empty text", "''", "s", " ", NULL },
	{ "true", "true", "b", "1 ", NULL },
	{ "false", " false ", "b", "0 ", NULL },
	{ "a number is an int32", "-5", "i", "-5 ", NULL },
	{ "a number in hex", "0x1f", "i", "31 ", NULL },
	{ "a number in octal", "uint32 0755", "u", "493 ", NULL },
	{ "zero", "0", "i", "0 ", NULL },
	{ "a number with a point is a double", "1.5", "d", "1.5 ", NULL },
	{ "a uint64", "uint64 18446744073709551615", "t", "18446744073709551615 ", NULL },
	{ "an int64", "int64 -9223372036854775808", "x", "-9223372036854775808 ", NULL },
	{ "a byte", "byte 0xff", "y", "255 ", NULL },
	{ "a double without a point", "double 2", "d", "2 ", NULL },
	{ "an object's path", "objectpath '/a'", "o", "/a ", NULL },
	{ "a type in front", "@t 7", "t", "7 ", NULL },
	{ "an array of texts", "['a', 'b']", "as", "2 a b ", NULL },
	{ "an array of numbers", "[1,2,3]", "ai", "3 1 2 3 ", NULL },
	{ "the first element's type is all elements'", "[uint64 1, 2]", "at", "2 1 2 ", NULL },
	{ "an empty array with a type", "@as []", "as", "0 ", NULL },
	{ "an array whose type stands in front", "@au [1, 2]", "au", "2 1 2 ", NULL },
	{ "a tuple", "('a', uint64 1)", "(st)", "a 1 ", NULL },
	{ "an array of tuples", "[('/dev/null', 'rw'), ('char-pts', 'r')]", "a(ss)",
		"2 /dev/null rw char-pts r ", NULL },
	{ "a typed array of tuples", "@a(st) [('/dev/sda', 5)]", "a(st)", "1 /dev/sda 5 ", NULL },
	{ "arrays in an array", "[['a'], ['b', 'c']]", "aas", "2 1 a 2 b c ", NULL },

	{ "nothing", "", NULL, NULL, "there is no value at ''" },
	{ "a word", "yes", NULL, NULL, "there is no value at 'yes'" },
	{ "a text without its end", "'a", NULL, NULL, "the text 'a has no end" },
	{ "a backslash at the end", "'a\\", NULL, NULL, "has no end" },
	{ "something behind the value", "5 6", NULL, NULL, "'6' follows the value" },
	{ "a byte that is too large", "byte 256", NULL, NULL, "256 is no byte" },
	{ "a negative unsigned number", "uint32 -1", NULL, NULL, "-1 is no uint32" },
	{ "an int32 that is too large", "2147483648", NULL, NULL, "2147483648 is no int32" },
	{ "a number beyond all", "uint64 18446744073709551616", NULL, NULL, "is no uint64" },
	{ "a fraction of an integer", "uint64 1.5", NULL, NULL, "'1.5' is no number" },
	{ "infinity", "double inf", NULL, NULL, "there is no value at 'inf'" },
	{ "a number that is none in octal", "08", NULL, NULL, "'08' is no number" },
	{ "two signs", "--5", NULL, NULL, "'--5' is no value" },
	{ "an empty array of nothing", "[]", NULL, NULL, "of what type is an empty array?" },
	{ "elements of several types", "[1, 'a']", NULL, NULL, "type 'i' is wanted at ''a']'" },
	{ "an array without its end", "['a'", NULL, NULL,
		"a ',' or ']' is wanted|a ']' is missing" },
	{ "no comma", "['a' 'b']", NULL, NULL, "a ',' or ']' is wanted" },
	{ "an empty tuple", "()", NULL, NULL, "a tuple has too few members" },
	{ "a type that is none", "@z 5", NULL, NULL, "begins with no type" },
	{ "a type and a value that differ", "@s 5", NULL, NULL, "type 's' is wanted" },
	{ "a tuple of another type", "@(ss) ('a', 5)", NULL, NULL, "type 's' is wanted" },
	{ "a tuple with too many members", "@(s) ('a', 'b')", NULL, NULL, "has no member" },
	{ "arrays that are nested too deep", "[[[[[[[[[1]]]]]]]]]", NULL, NULL, "nested deeper" },
	{ "types that are nested too deep", "@aaaaaaaaaaaai []", NULL, NULL,
		"begins with no type" },
	{ "a dictionary", "{'a': 1}", NULL, NULL, "there is no value at '{" },
};

static bool has_one_of(const char *text, const char *words)
{
	const char *bar = strchr(words, '|');
	char first[128];

	if (!bar)
		return strstr(text, words);
	(void)snprintf(first, sizeof(first), "%.*s", (int)(bar - words), words);
	return strstr(text, first) || strstr(text, bar + 1);
}

static void values(void **state)
{
	const struct value_row *row = *state;
	struct arena arena = { 0 };
	struct strbuf fields = { 0 };
	const char *signature = NULL;
	struct err e = { 0 };

	int r = variant_parse(row->text, &arena, &signature, &fields, &e);
	if (row->words) {
		assert_true(r < 0);
		if (!has_one_of(e.text, row->words))
			fail_msg("'%s' lacks '%s'", e.text, row->words);
	} else {
		if (r < 0)
			fail_msg("%s", e.text);
		assert_words(signature, row->signature);
		assert_words(printed(&fields), row->fields);
	}
	strbuf_free(&fields);
	arena_free(&arena);
}

/* ------------------------------------------------------------- annotations */

static const struct annotation_row {
	const char *says, *key, *value, *fields, *words;
} annotation_rows[] = {
	{ "a property", "org.systemd.property.CollectMode", "'inactive'", "CollectMode s inactive ",
		NULL },
	{ "another's annotation", "org.example.property.X", "?", "", NULL },
	{ "seconds become microseconds", "org.systemd.property.TimeoutStopSec", "uint64 123",
		"TimeoutStopUSec t 123000000 ", NULL },
	{ "seconds of any type of number", "org.systemd.property.TimeoutStopSec", "2",
		"TimeoutStopUSec t 2000000 ", NULL },
	{ "a fraction of seconds", "org.systemd.property.RuntimeMaxSec", "1.5",
		"RuntimeMaxUSec t 1500000 ", NULL },
	{ "microseconds stay", "org.systemd.property.TimeoutStopUSec", "uint64 5",
		"TimeoutStopUSec t 5 ", NULL },
	{ "a name in which Sec is no unit", "org.systemd.property.FooUSec", "uint64 7",
		"FooUSec t 7 ", NULL },

	{ "negative seconds", "org.systemd.property.TimeoutStopSec", "-1", NULL,
		"/annotations/org.systemd.property.TimeoutStopSec: a number of seconds is wanted" },
	{ "seconds beyond all", "org.systemd.property.TimeoutStopSec", "uint64 18446744073710",
		NULL, "a number of seconds is wanted" },
	{ "seconds in words", "org.systemd.property.TimeoutStopSec", "'5s'", NULL,
		"a number of seconds is wanted" },
	{ "a list of seconds", "org.systemd.property.TimeoutStopSec", "[1]", NULL,
		"a number of seconds is wanted" },
	{ "a value that is none", "org.systemd.property.CollectMode", "inactive", NULL,
		"/annotations/org.systemd.property.CollectMode: there is no value at 'inactive'" },
	{ "no name", "org.systemd.property.", "1", NULL, "'' is not the name of a property" },
	{ "a short name", "org.systemd.property.ab", "1", NULL, "'ab' is not the name" },
	{ "a name with other characters", "org.systemd.property.A.b", "1", NULL,
		"'A.b' is not the name" },
	{ "processes of the host", "org.systemd.property.PIDs", "[uint32 1]", NULL,
		"the runtime sets PIDs itself" },
	{ "another slice", "org.systemd.property.Slice", "'a.slice'", NULL,
		"the runtime sets Slice itself" },
	{ "no delegation", "org.systemd.property.Delegate", "false", NULL,
		"the runtime sets Delegate itself" },
};

static void annotations(void **state)
{
	const struct annotation_row *row = *state;
	struct str_pair pair = { row->key, row->value };
	const struct pair_list list = { 1, &pair };
	struct properties p = { 0 };
	struct arena arena = { 0 };
	struct err e = { 0 };

	int r = properties_of_annotations(&p, &list, &arena, &e);
	if (row->words) {
		assert_true(r < 0);
		if (!strstr(e.text, row->words))
			fail_msg("'%s' lacks '%s'", e.text, row->words);
	} else {
		if (r < 0)
			fail_msg("%s", e.text);
		assert_words(printed(&p.fields), row->fields);
		assert_int_equal(p.n, *row->fields != '\0');
	}
	properties_free(&p);
	arena_free(&arena);
}

/* ------------------------------------------------------------------ limits */

#define I64(n)                                                                                     \
	{                                                                                          \
		true, (n)                                                                          \
	}
#define MEMORY(...)                                                                                \
	{                                                                                          \
		.memory = { __VA_ARGS__ }                                                          \
	}
#define CPU(...)                                                                                   \
	{                                                                                          \
		.cpu = { __VA_ARGS__ }                                                             \
	}
#define UNIFIED(key, value)                                                                        \
	{                                                                                          \
		.unified = { 1, (struct str_pair[]){ { key, value } } }                            \
	}

static const struct limit_row {
	const char *says;
	struct spec_resources r;
	const char *fields;
} limit_rows[] = {
	{ "nothing", { 0 }, "" },
	{ "memory", MEMORY(.limit = I64(1048576)), "MemoryMax t 1048576 " },
	{ "swap is without memory", MEMORY(.limit = I64(1000), .swap = I64(3000)),
		"MemoryMax t 1000 MemorySwapMax t 2000 " },
	{ "no swap", MEMORY(.limit = I64(1000), .swap = I64(1000)),
		"MemoryMax t 1000 MemorySwapMax t 0 " },
	{ "no limit of memory", MEMORY(.limit = I64(-1)),
		"MemoryMax t 18446744073709551615 MemorySwapMax t 18446744073709551615 " },
	{ "a reservation", MEMORY(.reservation = I64(4096)), "MemoryLow t 4096 " },
	{ "shares as weight", CPU(.shares = I64(1024)), "CPUWeight t 100 " },
	{ "idle", CPU(.idle = I64(1)), "CPUWeight t 0 " },
	{ "idle wins over shares, as in the kernel", CPU(.shares = I64(1024), .idle = I64(1)),
		"CPUWeight t 100 CPUWeight t 0 " },
	{ "half a CPU", CPU(.quota = I64(50000), .period = I64(100000)),
		"CPUQuotaPeriodUSec t 100000 CPUQuotaPerSecUSec t 500000 " },
	{ "a third of a CPU is 34 percent", CPU(.quota = I64(33333), .period = I64(100000)),
		"CPUQuotaPeriodUSec t 100000 CPUQuotaPerSecUSec t 340000 " },
	{ "a quota alone", CPU(.quota = I64(20000)), "CPUQuotaPerSecUSec t 200000 " },
	{ "no quota", CPU(.quota = I64(-1)), "CPUQuotaPerSecUSec t 18446744073709551615 " },
	{ "a period alone", CPU(.period = I64(5000)),
		"CPUQuotaPeriodUSec t 5000 CPUQuotaPerSecUSec t 18446744073709551615 " },
	{ "CPUs as bits, the lowest first", CPU(.cpus = "0-3,9"), "AllowedCPUs ay 2 15 2 " },
	{ "nodes", CPU(.mems = "2"), "AllowedMemoryNodes ay 1 4 " },
	{ "the highest CPU", CPU(.cpus = "15"), "AllowedCPUs ay 2 0 128 " },
	{ "pids", { .pids_limit = I64(20) }, "TasksMax t 20 " },
	{ "no forks", { .pids_limit = I64(0) }, "TasksMax t 1 " },
	{ "no limit of pids", { .pids_limit = I64(-1) }, "TasksMax t 18446744073709551615 " },
	{ "BFQ's weight so that systemd makes the same of it",
		{ .block_io = { .weight = I64(500) } }, "IOWeight t 4500 " },
	{ "unified: a size with its unit", UNIFIED("memory.high", "64M"),
		"MemoryHigh t 67108864 " },
	{ "unified: max", UNIFIED("memory.high", "max"), "MemoryHigh t 18446744073709551615 " },
	{ "unified: what the kernel will refuse", UNIFIED("memory.high", "much"), "" },
	{ "unified: two words", UNIFIED("cpu.max", "max 50000"),
		"CPUQuotaPeriodUSec t 50000 CPUQuotaPerSecUSec t 18446744073709551615 " },
	{ "unified: white space as the kernel takes it", UNIFIED("memory.max", "\t64M \n"),
		"MemoryMax t 67108864 " },
	{ "unified: tabs between words, and words that the kernel passes over",
		UNIFIED("cpu.max", " 10000\t20000  x"),
		"CPUQuotaPeriodUSec t 20000 CPUQuotaPerSecUSec t 500000 " },
	{ "unified: a list with tabs", UNIFIED("cpuset.cpus", "0-1,\t3"), "AllowedCPUs ay 1 11 " },
	{ "unified: the default weight among others", UNIFIED("io.weight", "8:0 50\ndefault 200"),
		"IOWeight t 200 " },
	{ "unified: a file that systemd leaves alone", UNIFIED("hugetlb.2MB.max", "0"), "" },
	{ "unified: a property of newer systemds", UNIFIED("memory.zswap.max", "0"),
		"?MemoryZSwapMax t 0 " },
	{ "unified: swapping of what is compressed, of newer systemds",
		UNIFIED("memory.zswap.writeback", "0"), "?MemoryZSwapWriteback b 0 " },
	{ "unified: a word that is no switch", UNIFIED("memory.zswap.writeback", "max"), "" },
	{ "unified: no page, which systemd cannot say", UNIFIED("memory.high", "0"),
		"MemoryHigh t 1 " },
	{ "unified: nothing is protected", UNIFIED("memory.min", "0"), "MemoryMin t 0 " },
	{ "unified: one process is killed, or all", UNIFIED("memory.oom.group", "1"),
		"?OOMPolicy s kill " },
};

static const struct limit_row limit_v1_rows[] = {
	{ "memory, by the words of new and old", MEMORY(.limit = I64(1048576)),
		"MemoryMax t 1048576 ?MemoryLimit t 1048576 " },
	{ "swap and a reservation are not systemd's",
		MEMORY(.limit = I64(-1), .reservation = I64(4096)),
		"MemoryMax t 18446744073709551615 ?MemoryLimit t 18446744073709551615 " },
	{ "shares, and no weight", CPU(.shares = I64(500)),
		"CPUWeight t 18446744073709551615 CPUShares t 500 " },
	{ "shares that the kernel clips", CPU(.shares = I64(1)),
		"CPUWeight t 18446744073709551615 CPUShares t 2 " },
	{ "a cgroup is idle whatever its shares", CPU(.idle = I64(1)), "" },
	{ "a third of a CPU is 34 percent", CPU(.quota = I64(33333), .period = I64(100000)),
		"CPUQuotaPeriodUSec t 100000 CPUQuotaPerSecUSec t 340000 " },
	{ "no quota", CPU(.quota = I64(-1)), "CPUQuotaPerSecUSec t 18446744073709551615 " },
	{ "a cpuset is not systemd's", CPU(.cpus = "0-3", .mems = "2"), "" },
	{ "pids", { .pids_limit = I64(20) }, "TasksMax t 20 " },
	{ "BFQ's weight so that systemd makes the same of it",
		{ .block_io = { .weight = I64(150) } }, "BlockIOWeight t 650 " },
	{ "the highest that systemd has", { .block_io = { .weight = I64(500) } },
		"BlockIOWeight t 1000 " },
};

static struct hierarchy v2_alone = { .v2 = true, .controllers = "" };
static struct hierarchy all_v1[] = { { .controllers = "name=systemd" }, { .controllers = "cpuset" },
	{ .controllers = "cpu,cpuacct" }, { .controllers = "memory" }, { .controllers = "pids" },
	{ .controllers = "blkio" }, { .controllers = "devices" }, { .controllers = "hugetlb" } };
#define N_V1 (sizeof(all_v1) / sizeof(*all_v1))
static const struct cgroup on_v2 = { .n = 1, .h = &v2_alone }, on_v1 = { .n = N_V1, .h = all_v1 };

static void starts_with(const struct cgroup *cg, const struct limit_row *row)
{
	struct properties p = { 0 };
	struct err e = { 0 };

	if (properties_of_limits(&p, cg, NULL, &row->r, true, &e) < 0)
		fail_msg("%s", e.text);
	assert_words(printed(&p.fields), row->fields);
	properties_free(&p);
}

static void limits_as_properties(void **state)
{
	starts_with(&on_v2, *state);
}

static void limits_of_v1_as_properties(void **state)
{
	starts_with(&on_v1, *state);
}

static void lists_that_systemd_cannot_have(void **state)
{
	static const char *const lists[] = { "0-6:2/3", "8192", "all", "3-1", "1-" };

	for (size_t i = 0; i < ELEMENTS(lists); i++) {
		const struct spec_resources r = CPU(.cpus = lists[i]);
		struct properties p = { 0 };
		struct err e = { 0 };
		assert_int_equal(properties_of_limits(&p, &on_v2, NULL, &r, true, &e), -EINVAL);
		assert_non_null(strstr(e.text, "/linux/resources/cpu/cpus: systemd can be told"));
		properties_free(&p);
	}
}

static struct str_pair oom_group = { "memory.oom.group", "1" };

/* What an update does not name stays as the cgroup's files have it. */
static void an_update_keeps_the_rest(void **state)
{
	static const struct {
		const char *file, *holds;
		struct spec_resources r;
		const char *fields;
	} cases[] = {
		{ "cpu.max", "5000 20000\n", CPU(.quota = I64(10000)),
			"CPUQuotaPerSecUSec t 500000 " },
		{ "cpu.max", "5000 20000\n", CPU(.period = I64(10000)),
			"CPUQuotaPeriodUSec t 10000 CPUQuotaPerSecUSec t 500000 " },
		{ "memory.max", "4096\n", MEMORY(.swap = I64(5096)), "MemorySwapMax t 1000 " },
		{ "cpu.idle", "1\n", CPU(.idle = I64(0)), "CPUWeight t 100 " },
		{ "cpu.idle", "1\n", CPU(.idle = I64(0), .shares = I64(2)), "CPUWeight t 1 " },
		{ "memory.oom.group", "0\n", { .unified = { 1, &oom_group } }, "" },
		{ "io.bfq.weight", "default 100\n", { .block_io = { .weight = I64(500) } },
			"IOWeight t 4500 " },
		{ "io.weight", "default 100\n", { .block_io = { .weight = I64(500) } },
			"IOWeight t 4950 " },
		{ "cpu.cfs_period_us", "20000\n", CPU(.quota = I64(10000)),
			"CPUQuotaPerSecUSec t 500000 " },
		{ "cpu.cfs_quota_us", "5000\n", CPU(.period = I64(10000)),
			"CPUQuotaPeriodUSec t 10000 CPUQuotaPerSecUSec t 500000 " },
		{ "cpu.cfs_quota_us", "-1\n", CPU(.period = I64(10000)),
			"CPUQuotaPeriodUSec t 10000 " },
	};
	char dir[] = "/tmp/test-scope-XXXXXX";

	assert_non_null(mkdtemp(dir));
	_cleanup_close_ int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < ELEMENTS(cases); i++) {
		struct properties p = { 0 };
		struct err e = { 0 };
		int fd = openat(dir_fd, cases[i].file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		assert_int_equal(fd_write_all(fd, cases[i].holds, strlen(cases[i].holds)), 0);
		(void)close(fd);
		int fds[N_V1];
		for (size_t k = 0; k < N_V1; k++)
			fds[k] = dir_fd;
		const struct cgroup *cg = str_starts(cases[i].file, "cpu.cfs") ? &on_v1 : &on_v2;
		if (properties_of_limits(&p, cg, fds, &cases[i].r, false, &e) < 0)
			fail_msg("%s", e.text);
		assert_words(printed(&p.fields), cases[i].fields);
		properties_free(&p);
		assert_int_equal(unlinkat(dir_fd, cases[i].file, 0), 0);
	}
	assert_int_equal(rmdir(dir), 0);
}

/* ----------------------------------------------------------------- devices */

#define DEVICE(allows, kind, ...)                                                                  \
	{                                                                                          \
		.allow = (allows), .type = (kind), .read = true, __VA_ARGS__                       \
	}
#define DEVICES(...)                                                                               \
	{                                                                                          \
		.n_devices = sizeof((struct spec_device_rule[]){ __VA_ARGS__ }) /                  \
			     sizeof(struct spec_device_rule),                                      \
		.devices = (struct spec_device_rule[])                                             \
		{                                                                                  \
			__VA_ARGS__                                                                \
		}                                                                                  \
	}
#define OURS                                                                                       \
	"char-* m block-* m /dev/char/1:3 rwm /dev/char/1:5 rwm /dev/char/1:7 rwm "                \
	"/dev/char/1:8 rwm /dev/char/1:9 rwm /dev/char/5:0 rwm /dev/char/5:1 rwm "                 \
	"/dev/char/5:2 rwm char-136 rwm /dev/char/10:200 rwm "

static const struct device_row {
	const char *says;
	struct spec_resources r;
	const char *fields; /* what follows the empty list */
	const char *words;  /* of the error; NULL: none */
	enum { STARTS, UPDATES, ON_V2 } how;
} device_rows[] = {
	{ "without rules those that everybody has", { 0 },
		"DevicePolicy s strict DeviceAllow a(ss) 12 " OURS, NULL, STARTS },
	{ "an update without rules changes none", { 0 }, NULL, NULL, UPDATES },
	{ "of v2 systemd is told nothing", { 0 }, NULL, NULL, ON_V2 },
	{ "one device, all of a major number, and kinds",
		DEVICES(DEVICE(true, 'b', .major = I64(8), .minor = I64(1)),
			DEVICE(true, 'c', .major = I64(195), .write = true)),
		"DevicePolicy s strict DeviceAllow a(ss) 14 /dev/block/8:1 r char-195 rw " OURS,
		NULL, STARTS },
	{ "an update tells all again", DEVICES(DEVICE(true, 'b', .major = I64(8), .minor = I64(1))),
		"DevicePolicy s strict DeviceAllow a(ss) 13 /dev/block/8:1 r " OURS, NULL,
		UPDATES },
	{ "all devices", DEVICES(DEVICE(true, 'a', .write = true, .mknod = true)),
		"DevicePolicy s auto ", NULL, STARTS },
	{ "all but one",
		DEVICES(DEVICE(true, 'a', .write = true, .mknod = true),
			DEVICE(false, 'b', .major = I64(8), .minor = I64(1))),
		NULL, "begin with a rule that denies all", STARTS },
	{ "one minor number of all", DEVICES(DEVICE(true, 'b', .minor = I64(3))), NULL,
		"not of minor number 3 of all", STARTS },
};

static void devices_as_properties(void **state)
{
	static const char empty[] = "DeviceAllow a(ss) 0 ";
	const struct device_row *row = *state;
	struct properties p = { 0 };
	struct err e = { 0 };
	int r = properties_of_devices(
		&p, row->how == ON_V2 ? &on_v2 : &on_v1, &row->r, row->how != UPDATES, &e);

	if (row->words) {
		assert_int_equal(r, -ENOTSUP);
		if (!strstr(e.text, row->words))
			fail_msg("'%s' lacks '%s'", e.text, row->words);
	} else {
		if (r < 0)
			fail_msg("%s", e.text);
		const char *fields = printed(&p.fields);
		if (row->fields) {
			assert_memory_equal(fields, empty, strlen(empty));
			assert_words(fields + strlen(empty), row->fields);
		}
		assert_int_equal(p.n > 0, row->fields != NULL);
	}
	properties_free(&p);
}

/* ------------------------------------------------------------------- names */

static const struct slice_row {
	const char *says, *slice, *path;
} slice_rows[] = {
	{ "one level", "system.slice", "/system.slice" },
	{ "three levels", "a-b-c.slice", "/a.slice/a-b.slice/a-b-c.slice" },
	{ "the root", "-.slice", "" },
	{ "no suffix", "system", NULL },
	{ "nothing but the suffix", ".slice", NULL },
	{ "an empty name first", "-a.slice", NULL },
	{ "an empty name last", "a-.slice", NULL },
	{ "an empty name between", "a--b.slice", NULL },
};

static void slices(void **state)
{
	const struct slice_row *row = *state;
	struct arena arena = { 0 };
	const char *path = NULL;
	struct err e = { 0 };

	int r = scope_slice_path(row->slice, &arena, &path, &e);
	if (row->path && r < 0)
		fail_msg("%s", e.text);
	if (row->path)
		assert_words(path, row->path);
	else
		assert_non_null(strstr(e.text, "is no slice"));
	arena_free(&arena);
}

static void scopes(void **state)
{
	static const char *const good[] = { "a.scope", "libpod-0af.scope", "a:b\\x2d_.scope" };
	static const char *const bad[] = { ".scope", "a", "a.service", "a/b.scope", "a b.scope",
		"a+b.scope", "a@b.scope" };

	for (size_t i = 0; i < ELEMENTS(good); i++)
		assert_true(scope_name_valid(good[i]));
	for (size_t i = 0; i < ELEMENTS(bad); i++)
		if (scope_name_valid(bad[i]))
			fail_msg("%s", bad[i]);
}

/* The state is not trusted: it names the unit that delete stops. */
static void states(void **state)
{
	static const struct {
		const char *says, *text, *words;
	} rows[] = {
		{ "no unit",
			"{\"manager\":\"systemd\",\"user\":false,\"path\":\"/a\",\"made\":true,"
			"\"hierarchies\":[]}",
			"does not say which scope" },
		{ "a service",
			"{\"manager\":\"systemd\",\"unit\":\"sshd.service\",\"user\":false,"
			"\"path\":\"/a\",\"made\":true,\"hierarchies\":[]}",
			"does not say which scope" },
		{ "whose systemd",
			"{\"manager\":\"systemd\",\"unit\":\"a.scope\",\"path\":\"/"
			"a\",\"made\":true,"
			"\"hierarchies\":[]}",
			"does not say which scope" },
		{ "no hierarchy",
			"{\"manager\":\"systemd\",\"unit\":\"a.scope\",\"user\":true,\"path\":\"/"
			"a\","
			"\"made\":true,\"hierarchies\":[]}",
			"has a cgroup in no hierarchy" },
	};

	for (size_t i = 0; i < ELEMENTS(rows); i++) {
		struct arena arena = { 0 };
		struct cgroup *cg;
		struct err e = { 0 };
		assert_true(cgroup_from_json(parsed(rows[i].text, &arena), &arena, &cg, &e) < 0);
		if (!strstr(e.text, rows[i].words))
			fail_msg("%s: '%s' lacks '%s'", rows[i].says, e.text, rows[i].words);
		arena_free(&arena);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_that_systemd_cannot_have),
		cmocka_unit_test(an_update_keeps_the_rest),
		cmocka_unit_test(scopes),
		cmocka_unit_test(states),
	};
	int failed = 0;

	failed += ROWS_RUN("values of annotations", value_rows, values);
	failed += ROWS_RUN("annotations as properties", annotation_rows, annotations);
	failed += ROWS_RUN("limits as properties", limit_rows, limits_as_properties);
	failed += ROWS_RUN("limits of v1 as properties", limit_v1_rows, limits_of_v1_as_properties);
	failed += ROWS_RUN("devices as properties", device_rows, devices_as_properties);
	failed += ROWS_RUN("slices", slice_rows, slices);
	failed += cmocka_run_group_tests_name("scopes", tests, NULL, NULL);
	return failed;
}
