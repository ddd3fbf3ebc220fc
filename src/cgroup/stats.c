/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stats.c - one table of numbers: for each member of what `runc events` prints, the file of v2 and
 * of v1 that has it. See stats.h. stats_lists.c has what is no single number.
 */
#include "cgroup/stats_internal.h"

#include "base/fd.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#define USEC 1000               /* in nanoseconds */
#define TICK (1000000000 / 100) /* USER_HZ is 100 wherever Linux counts for people (time(7)) */

/* Where a number stands: in a file by itself, or in the line of its key. */
struct source {
	const char *file, *key;
	unsigned unit; /* 0: 1 */
};

struct number {
	const char *object, *name;
	bool always;                            /* shown if it is zero */
	const char *controller, *v1_controller; /* NULL: the same */
	struct source v2, v1;
};

/* clang-format off */
#define CPU(name, ...) \
	{ "cpu.usage", name, .controller = "cpu", .v1_controller = "cpuacct", __VA_ARGS__ }
#define THROTTLING(name, key2, unit2, key1) { "cpu.throttling", name, .controller = "cpu", \
	.v2 = { "cpu.stat", key2, unit2 }, .v1 = { "cpu.stat", key1, 0 } }
#define CPUSET(name, file) \
	{ "cpuset", name, .always = true, .controller = "cpuset", .v1 = { "cpuset." file } }
#define MEMORY(object, name, shown, file2, file1) \
	{ object, name, .always = shown, .controller = "memory", \
	  .v2 = { file2 }, .v1 = { "memory." file1 } }

/* Those of one object together, in runc's order. */
static const struct number numbers[] = {
	CPU("total", .v2 = { "cpu.stat", "usage_usec", USEC }, .v1 = { "cpuacct.usage" }),
	CPU("kernel", .always = true, .v2 = { "cpu.stat", "system_usec", USEC },
	    .v1 = { "cpuacct.stat", "system", TICK }),
	CPU("user", .always = true, .v2 = { "cpu.stat", "user_usec", USEC },
	    .v1 = { "cpuacct.stat", "user", TICK }),
	THROTTLING("periods", "nr_periods", 0, "nr_periods"),
	THROTTLING("throttledPeriods", "nr_throttled", 0, "nr_throttled"),
	THROTTLING("throttledTime", "throttled_usec", USEC, "throttled_time"),

	/* v2 has no such switches. */
	CPUSET("cpu_exclusive", "cpu_exclusive"),
	CPUSET("mem_hardwall", "mem_hardwall"),
	CPUSET("mem_exclusive", "mem_exclusive"),
	CPUSET("memory_migrate", "memory_migrate"),
	CPUSET("memory_spread_page", "memory_spread_page"),
	CPUSET("memory_spread_slab", "memory_spread_slab"),
	CPUSET("memory_pressure", "memory_pressure"),
	CPUSET("sched_load_balance", "sched_load_balance"),
	CPUSET("sched_relax_domain_level", "sched_relax_domain_level"),

	{ "memory", "cache", .controller = "memory", .v2 = { "memory.stat", "file" },
	  .v1 = { "memory.stat", "cache" } },
	MEMORY("memory.usage", "limit", true, "memory.max", "limit_in_bytes"),
	MEMORY("memory.usage", "usage", false, "memory.current", "usage_in_bytes"),
	MEMORY("memory.usage", "max", false, "memory.peak", "max_usage_in_bytes"),
	MEMORY("memory.usage", "failcnt", true, NULL, "failcnt"),
	/* v2 counts swap alone: see memory_swap(). */
	MEMORY("memory.swap", "limit", true, NULL, "memsw.limit_in_bytes"),
	MEMORY("memory.swap", "usage", false, NULL, "memsw.usage_in_bytes"),
	MEMORY("memory.swap", "max", false, NULL, "memsw.max_usage_in_bytes"),
	MEMORY("memory.swap", "failcnt", true, NULL, "memsw.failcnt"),
	MEMORY("memory.kernel", "limit", true, NULL, "kmem.limit_in_bytes"),
	MEMORY("memory.kernel", "usage", false, NULL, "kmem.usage_in_bytes"),
	MEMORY("memory.kernel", "max", false, NULL, "kmem.max_usage_in_bytes"),
	MEMORY("memory.kernel", "failcnt", true, NULL, "kmem.failcnt"),
	MEMORY("memory.kernelTCP", "limit", true, NULL, "kmem.tcp.limit_in_bytes"),
	MEMORY("memory.kernelTCP", "usage", false, NULL, "kmem.tcp.usage_in_bytes"),
	MEMORY("memory.kernelTCP", "max", false, NULL, "kmem.tcp.max_usage_in_bytes"),
	MEMORY("memory.kernelTCP", "failcnt", true, NULL, "kmem.tcp.failcnt"),

	{ "pids", "current", .controller = "pids", .v2 = { "pids.current" }, .v1 = { "pids.current" } },
};
/* clang-format on */

static const char *const controllers[STATS_CONTROLLERS] = { "cpu", "cpuacct", "cpuset", "memory",
	"pids", "blkio", "io", "hugetlb" };

static void fill(struct stats *s);
static void close_dirs(struct stats *s);

int cgroup_stats(const struct cgroup *cg, struct json_writer *w, struct err *e)
{
	struct stats s = { .cg = cg, .w = w };
	int r = 0;

	for (size_t i = 0; i < STATS_CONTROLLERS; i++)
		s.dirs[i] = -1;
	for (size_t i = 0; i < STATS_CONTROLLERS && r == 0; i++) {
		const struct hierarchy *h = cgroup_v1_of(cg, controllers[i]);

		s.v1[i] = h;
		if (!h)
			h = cgroup_v2(cg);
		if (!h)
			continue;
		s.dirs[i] = hierarchy_open_leaf(h, e);
		r = s.dirs[i] < 0 ? s.dirs[i] : 0;
	}
	if (r == 0)
		fill(&s);
	close_dirs(&s);
	return r;
}

static void close_dirs(struct stats *s)
{
	for (size_t i = 0; i < STATS_CONTROLLERS; i++)
		s->dirs[i] = fd_close(s->dirs[i]);
	free(s->text);
}

int stats_dir(const struct stats *s, const char *controller, bool *ret_v1)
{
	for (size_t i = 0; i < STATS_CONTROLLERS; i++) {
		if (!str_eq(controllers[i], controller))
			continue;
		*ret_v1 = s->v1[i];
		return s->dirs[i];
	}
	return -1;
}

const char *stats_text(struct stats *s, const char *controller, const char *file)
{
	bool v1;
	int dir = stats_dir(s, controller, &v1);

	/* Rows of one file stand together; its numbers then belong together as well. */
	if (s->text && s->text_dir == dir && str_eq(s->text_file, file))
		return s->text;
	free(s->text);
	s->text = NULL;
	if (dir < 0 || fd_read_file(dir, file, CGROUP_FILE_MAX, &s->text, NULL) < 0)
		return NULL;
	s->text_dir = dir;
	s->text_file = file;
	return s->text;
}

/* The word at text as a number; "max" is no limit. Below zero it is an int64_t. */
static bool word_number(const char *text, uint64_t *ret, bool *ret_negative)
{
	const bool negative = *text == '-';
	char *end;

	errno = 0;
	uint64_t value = negative ? (uint64_t)strtoll(text, &end, 10) : strtoull(text, &end, 10);
	if (str_starts(text, "max"))
		value = UINT64_MAX;
	else if (errno || end == text || (*end && *end != '\n' && *end != ' '))
		return false;
	*ret = value;
	*ret_negative = negative;
	return true;
}

const char *stats_key(const char *text, const char *key)
{
	const size_t len = strlen(key);

	for (const char *line = text; line && *line;) {
		if (strncmp(line, key, len) == 0 && line[len] == ' ')
			return line + len + 1;
		line = strchr(line, '\n');
		line += line != NULL;
	}
	return NULL;
}

bool stats_number(
	struct stats *s, const char *controller, const char *file, const char *key, uint64_t *ret)
{
	const char *text = stats_text(s, controller, file);
	bool negative;

	if (text && key)
		text = stats_key(text, key);
	return text && *text != '-' && word_number(text, ret, &negative);
}

/* --- writing --- */

void stats_put_some(struct stats *s, const char *name, uint64_t value)
{
	if (value)
		jw_u64(s->w, name, value);
}

/* One row; false: it is zero, or its file is not there. */
static bool put_number(struct stats *s, const struct number *row)
{
	const char *controller = row->controller;
	uint64_t value = 0;
	bool v1, negative = false;

	(void)stats_dir(s, row->v1_controller ? row->v1_controller : row->controller, &v1);
	if (v1 && row->v1_controller)
		controller = row->v1_controller;
	const struct source *from = v1 ? &row->v1 : &row->v2;
	const char *text = from->file ? stats_text(s, controller, from->file) : NULL;
	if (text && from->key)
		text = stats_key(text, from->key);
	if (text)
		(void)word_number(text, &value, &negative); /* what is none stays 0 */
	if (from->unit > 1)
		value *= from->unit;
	if (negative)
		jw_i64(s->w, row->name, (int64_t)value);
	else if (value || row->always)
		jw_u64(s->w, row->name, value);
	return value;
}

/* All rows of an object; false: all are zero. */
static bool put_numbers(struct stats *s, const char *object)
{
	bool any = false;

	for (size_t i = 0; i < ELEMENTS(numbers); i++) {
		if (str_eq(numbers[i].object, object))
			any |= put_number(s, &numbers[i]);
	}
	return any;
}

/* An object of numbers alone, left out where all are zero. */
static void put_if_any(struct stats *s, const char *name, const char *object)
{
	const struct json_mark before = jw_mark(s->w);

	jw_object(s->w, name);
	const bool any = put_numbers(s, object);
	jw_object_end(s->w);
	if (!any)
		jw_back(s->w, before);
}

static void put_cpu(struct stats *s)
{
	bool any = false;

	jw_object(s->w, "cpu");
	const struct json_mark before = jw_mark(s->w);
	jw_object(s->w, "usage");
	for (size_t i = 0; i < ELEMENTS(numbers); i++) {
		if (!str_eq(numbers[i].object, "cpu.usage"))
			continue;
		any |= put_number(s, &numbers[i]);
		if (str_eq(numbers[i].name, "total"))
			stats_put_percpu(s);
	}
	jw_object_end(s->w);
	if (!any)
		jw_back(s->w, before);
	put_if_any(s, "throttling", "cpu.throttling");
	stats_put_pressure(s, "cpu.pressure");
	jw_object_end(s->w);
}

static void put_cpuset(struct stats *s)
{
	bool v1;

	/* runc has lists from v1 alone; what is in force is more than what was asked for. */
	(void)stats_dir(s, "cpuset", &v1);
	jw_object(s->w, "cpuset");
	stats_put_list(s, "cpus", v1 ? "cpuset.cpus" : "cpuset.cpus.effective");
	for (size_t i = 0; i < ELEMENTS(numbers); i++) {
		if (!str_eq(numbers[i].object, "cpuset"))
			continue;
		(void)put_number(s, &numbers[i]);
		if (str_eq(numbers[i].name, "cpu_exclusive"))
			stats_put_list(s, "mems", v1 ? "cpuset.mems" : "cpuset.mems.effective");
	}
	jw_object_end(s->w);
}

/* v2 counts swap alone, and runc prints memory and swap together, as v1 has it. */
static void put_swap_v2(struct stats *s)
{
	uint64_t usage, limit = 0, swap, swap_limit = 0;

	if (!stats_number(s, "memory", "memory.swap.current", NULL, &swap) ||
		!stats_number(s, "memory", "memory.swap.max", NULL, &swap_limit) ||
		!stats_number(s, "memory", "memory.current", NULL, &usage) ||
		!stats_number(s, "memory", "memory.max", NULL, &limit))
		return;
	if (swap_limit != UINT64_MAX)
		swap_limit = limit == UINT64_MAX ? UINT64_MAX : swap_limit + limit;
	jw_object(s->w, "swap");
	jw_u64(s->w, "limit", swap_limit);
	stats_put_some(s, "usage", swap + usage);
	jw_u64(s->w, "failcnt", 0);
	jw_object_end(s->w);
}

static void put_memory(struct stats *s)
{
	bool v1;

	(void)stats_dir(s, "memory", &v1);
	jw_object(s->w, "memory");
	(void)put_numbers(s, "memory");
	put_if_any(s, "usage", "memory.usage");
	if (v1)
		put_if_any(s, "swap", "memory.swap");
	else
		put_swap_v2(s);
	put_if_any(s, "kernel", "memory.kernel");
	put_if_any(s, "kernelTCP", "memory.kernelTCP");
	stats_put_memory_stat(s);
	stats_put_pressure(s, "memory.pressure");
	jw_object_end(s->w);
}

static void put_pids(struct stats *s)
{
	uint64_t limit;

	jw_object(s->w, "pids");
	(void)put_numbers(s, "pids");
	/* No limit is none, not a large one. */
	if (stats_number(s, "pids", "pids.max", NULL, &limit) && limit != UINT64_MAX)
		stats_put_some(s, "limit", limit);
	jw_object_end(s->w);
}

static void fill(struct stats *s)
{
	put_cpu(s);
	put_cpuset(s);
	put_memory(s);
	put_pids(s);
	stats_put_blkio(s);
	stats_put_hugetlb(s);
}
