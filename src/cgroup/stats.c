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

static void fill(struct stats *s, json_object *data);
static void close_dirs(struct stats *s);

int cgroup_stats(const struct cgroup *cg, json_object *data, struct err *e)
{
	struct stats s = { .cg = cg };
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
		fill(&s, data);
	close_dirs(&s);
	if (r < 0)
		return r;
	return s.failed ? err_nomem(e) : 0;
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

/* The word at text as a number; "max" is no limit. */
static bool word_number(const char *text, json_object **ret)
{
	char *end;

	if (str_starts(text, "max")) {
		*ret = json_object_new_uint64(UINT64_MAX);
		return true;
	}
	errno = 0;
	const bool negative = *text == '-';
	const int64_t below = negative ? strtoll(text, &end, 10) : 0;
	const uint64_t value = negative ? 0 : strtoull(text, &end, 10);
	if (errno || end == text || (*end && *end != '\n' && *end != ' '))
		return false;
	*ret = negative ? json_object_new_int64(below) : json_object_new_uint64(value);
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
	json_object *number;

	if (text && key)
		text = stats_key(text, key);
	if (!text || !word_number(text, &number))
		return false;
	*ret = json_object_get_uint64(number);
	json_object_put(number);
	return true;
}

/* --- building --- */

void stats_put(struct stats *s, json_object *to, const char *name, json_object *value)
{
	if (!value || json_object_object_add(to, name, value) < 0) {
		json_object_put(value);
		s->failed = true;
	}
}

json_object *stats_put_object(struct stats *s, json_object *to, const char *name)
{
	json_object *value = json_object_new_object();

	stats_put(s, to, name, value);
	return value;
}

/* One row; false: it is zero, or its file is not there. */
static bool put_number(struct stats *s, json_object *to, const struct number *row)
{
	json_object *value = NULL;
	const char *controller = row->controller;
	bool v1;

	(void)stats_dir(s, row->v1_controller ? row->v1_controller : row->controller, &v1);
	if (v1 && row->v1_controller)
		controller = row->v1_controller;
	const struct source *from = v1 ? &row->v1 : &row->v2;
	const char *text = from->file ? stats_text(s, controller, from->file) : NULL;
	if (text && from->key)
		text = stats_key(text, from->key);
	if (!text || !word_number(text, &value))
		value = json_object_new_uint64(0);
	if (value && from->unit > 1)
		json_object_set_uint64(value, json_object_get_uint64(value) * from->unit);
	const bool zero =
		value && json_object_get_uint64(value) == 0 && json_object_get_int64(value) == 0;
	if (zero && !row->always)
		json_object_put(value);
	else
		stats_put(s, to, row->name, value);
	return !zero;
}

/* All rows of an object; false: all are zero. */
static bool put_numbers(struct stats *s, json_object *to, const char *object)
{
	bool any = false;

	for (size_t i = 0; i < ELEMENTS(numbers); i++) {
		if (str_eq(numbers[i].object, object))
			any |= put_number(s, to, &numbers[i]);
	}
	return any;
}

/* An object of numbers alone, left out where all are zero. */
static void put_if_any(struct stats *s, json_object *to, const char *name, const char *object)
{
	json_object *value = json_object_new_object();

	if (value && !put_numbers(s, value, object))
		json_object_put(value);
	else
		stats_put(s, to, name, value);
}

static void put_cpu(struct stats *s, json_object *data)
{
	json_object *cpu = stats_put_object(s, data, "cpu"), *usage = json_object_new_object();

	if (!cpu || !usage) {
		json_object_put(usage);
		s->failed = true;
		return;
	}
	bool any = false;
	for (size_t i = 0; i < ELEMENTS(numbers); i++) {
		if (!str_eq(numbers[i].object, "cpu.usage"))
			continue;
		any |= put_number(s, usage, &numbers[i]);
		if (str_eq(numbers[i].name, "total"))
			stats_put_percpu(s, usage);
	}
	if (any)
		stats_put(s, cpu, "usage", usage);
	else
		json_object_put(usage);
	put_if_any(s, cpu, "throttling", "cpu.throttling");
	stats_put_pressure(s, cpu, "cpu.pressure");
}

static void put_cpuset(struct stats *s, json_object *data)
{
	json_object *cpuset = stats_put_object(s, data, "cpuset");
	bool v1;

	if (!cpuset)
		return;
	/* runc has lists from v1 alone; what is in force is more than what was asked for. */
	(void)stats_dir(s, "cpuset", &v1);
	stats_put_list(s, cpuset, "cpus", v1 ? "cpuset.cpus" : "cpuset.cpus.effective");
	for (size_t i = 0; i < ELEMENTS(numbers); i++) {
		if (!str_eq(numbers[i].object, "cpuset"))
			continue;
		(void)put_number(s, cpuset, &numbers[i]);
		if (str_eq(numbers[i].name, "cpu_exclusive"))
			stats_put_list(
				s, cpuset, "mems", v1 ? "cpuset.mems" : "cpuset.mems.effective");
	}
}

/* v2 counts swap alone, and runc prints memory and swap together, as v1 has it. */
static void put_swap_v2(struct stats *s, json_object *memory)
{
	uint64_t usage, limit = 0, swap, swap_limit = 0;

	if (!stats_number(s, "memory", "memory.swap.current", NULL, &swap) ||
		!stats_number(s, "memory", "memory.swap.max", NULL, &swap_limit) ||
		!stats_number(s, "memory", "memory.current", NULL, &usage) ||
		!stats_number(s, "memory", "memory.max", NULL, &limit))
		return;
	json_object *o = stats_put_object(s, memory, "swap");
	if (!o)
		return;
	if (swap_limit != UINT64_MAX)
		swap_limit = limit == UINT64_MAX ? UINT64_MAX : swap_limit + limit;
	stats_put(s, o, "limit", json_object_new_uint64(swap_limit));
	if (swap + usage)
		stats_put(s, o, "usage", json_object_new_uint64(swap + usage));
	stats_put(s, o, "failcnt", json_object_new_uint64(0));
}

static void put_memory(struct stats *s, json_object *data)
{
	json_object *memory = stats_put_object(s, data, "memory");
	bool v1;

	if (!memory)
		return;
	(void)stats_dir(s, "memory", &v1);
	(void)put_numbers(s, memory, "memory");
	put_if_any(s, memory, "usage", "memory.usage");
	if (v1)
		put_if_any(s, memory, "swap", "memory.swap");
	else
		put_swap_v2(s, memory);
	put_if_any(s, memory, "kernel", "memory.kernel");
	put_if_any(s, memory, "kernelTCP", "memory.kernelTCP");
	stats_put_memory_stat(s, memory);
	stats_put_pressure(s, memory, "memory.pressure");
}

static void put_pids(struct stats *s, json_object *data)
{
	json_object *pids = stats_put_object(s, data, "pids");
	uint64_t limit;

	if (!pids)
		return;
	(void)put_numbers(s, pids, "pids");
	/* No limit is none, not a large one. */
	if (stats_number(s, "pids", "pids.max", NULL, &limit) && limit != UINT64_MAX && limit != 0)
		stats_put(s, pids, "limit", json_object_new_uint64(limit));
}

static void fill(struct stats *s, json_object *data)
{
	put_cpu(s, data);
	put_cpuset(s, data);
	put_memory(s, data);
	put_pids(s, data);
	stats_put_blkio(s, data);
	stats_put_hugetlb(s, data);
}
