/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stats_lists.c - what is counted by CPU, device, page size or name. See stats.c.
 */
#include "cgroup/stats_internal.h"

#include "base/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#define IDS_MAX 8192 /* CPUs or nodes of a list */

/* --- arrays --- */

static void append(struct stats *s, json_object *list, json_object *value)
{
	if (!value || json_object_array_add(list, value) < 0) {
		json_object_put(value);
		s->failed = true;
	}
}

/* Lists without elements are left out. */
static void put_array(struct stats *s, json_object *to, const char *name, json_object *list)
{
	if (list && json_object_array_length(list) == 0)
		json_object_put(list);
	else
		stats_put(s, to, name, list);
}

/* Word `column` of each line of the file, but for the first `skip` lines. */
static json_object *column_of(struct stats *s, const char *file, unsigned skip, unsigned column)
{
	const char *text = stats_text(s, "cpuacct", file);
	json_object *list = json_object_new_array();

	for (const char *line = text; line && list && *line;) {
		const char *word = line;
		size_t len = strcspn(line, "\n");
		for (unsigned i = 0; i < column && word < line + len; i++) {
			word += strcspn(word, " \n");
			word += *word == ' ';
		}
		if (skip > 0)
			skip--;
		else if (word < line + len)
			append(s, list, json_object_new_uint64(strtoull(word, NULL, 10)));
		line += len + (line[len] == '\n');
	}
	return list;
}

/* v1 alone counts by CPU. */
void stats_put_percpu(struct stats *s, json_object *usage)
{
	json_object *list = json_object_new_array();
	bool v1;

	(void)stats_dir(s, "cpuacct", &v1);
	const char *p = v1 ? stats_text(s, "cpuacct", "cpuacct.usage_percpu") : NULL;
	for (; p && list && *p && *p != '\n'; p += strspn(p, " ")) {
		char *end;
		append(s, list, json_object_new_uint64(strtoull(p, &end, 10)));
		if (end == p)
			break;
		p = end;
	}
	put_array(s, usage, "percpu", list);
	if (!v1)
		return;
	/* "cpu user system", then a line for each. */
	put_array(s, usage, "percpu_kernel", column_of(s, "cpuacct.usage_all", 1, 2));
	put_array(s, usage, "percpu_user", column_of(s, "cpuacct.usage_all", 1, 1));
}

/* "0-3,7" as [0,1,2,3,7]. */
void stats_put_list(struct stats *s, json_object *to, const char *name, const char *file)
{
	const char *p = stats_text(s, "cpuset", file);
	json_object *list = json_object_new_array();
	char *end;

	while (p && list && *p >= '0' && *p <= '9') {
		unsigned long first = strtoul(p, &end, 10), last = first;
		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		for (unsigned long i = first; i <= last && i < IDS_MAX; i++)
			append(s, list, json_object_new_uint64(i));
		p = end + (*end == ',');
	}
	put_array(s, to, name, list);
}

/* --- memory.stat --- */

static int by_key(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* "KEY NUMBER" in each line; sorted by key, as Go prints a map. */
void stats_put_memory_stat(struct stats *s, json_object *memory)
{
	const char *text = stats_text(s, "memory", "memory.stat");
	_cleanup_free_ char *copy = text ? strdup(text) : NULL;
	char *lines[512], *save = NULL;
	size_t n = 0;

	if (!text)
		return;
	json_object *raw = json_object_new_object();
	if (!copy || !raw) {
		json_object_put(raw);
		s->failed = true;
		return;
	}
	for (char *line = strtok_r(copy, "\n", &save); line && n < ELEMENTS(lines);
		line = strtok_r(NULL, "\n", &save))
		if (strchr(line, ' '))
			lines[n++] = line;
	qsort(lines, n, sizeof(*lines), by_key);
	for (size_t i = 0; i < n; i++) {
		char *value = strchr(lines[i], ' ');
		*value++ = '\0';
		stats_put(s, raw, lines[i], json_object_new_uint64(strtoull(value, NULL, 10)));
	}
	if (n > 0)
		stats_put(s, memory, "raw", raw);
	else
		json_object_put(raw);
}

/* --- pressure --- */

/* "0.50" as JSON has it: without zeros that say nothing. */
static json_object *average(const char *text)
{
	char *end, word[32];
	double value = strtod(text, &end);

	if (end == text || end - text >= (ptrdiff_t)sizeof(word))
		return json_object_new_int(0);
	(void)snprintf(word, sizeof(word), "%.10g", value);
	return json_object_new_double_s(value, word);
}

/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=0"; left out where all is zero. */
static void put_pressure_line(struct stats *s, json_object *psi, const char *name, const char *text)
{
	static const char *const keys[] = { "avg10", "avg60", "avg300", "total" };
	const char *line = stats_key(text, name);
	json_object *o = json_object_new_object();
	bool any = false;

	for (size_t i = 0; line && o && i < ELEMENTS(keys); i++) {
		char key[16];
		(void)snprintf(key, sizeof(key), "%s=", keys[i]);
		const char *at = strstr(line, key);
		if (!at || at > line + strcspn(line, "\n"))
			continue;
		at += strlen(key);
		any |= strtod(at, NULL) != 0;
		stats_put(s, o, keys[i],
			str_eq(keys[i], "total") ? json_object_new_uint64(strtoull(at, NULL, 10))
						 : average(at));
	}
	if (any || !o)
		stats_put(s, psi, name, o);
	else
		json_object_put(o);
}

/* v2 alone has it, and only where it is not switched off: EOPNOTSUPP then. */
void stats_put_pressure(struct stats *s, json_object *to, const char *file)
{
	const struct hierarchy *h = cgroup_v2(s->cg);
	_cleanup_free_ char *text = NULL;
	struct err ignored;

	_cleanup_close_ int dir = h ? hierarchy_open_leaf(h, &ignored) : -1;
	if (dir < 0 || fd_read_file(dir, file, CGROUP_FILE_MAX, &text, NULL) < 0)
		return;
	json_object *psi = stats_put_object(s, to, "psi");
	if (!psi)
		return;
	put_pressure_line(s, psi, "some", text);
	put_pressure_line(s, psi, "full", text);
}

/* --- block devices --- */

static void append_device(struct stats *s, json_object *list, unsigned major, unsigned minor,
	const char *op, uint64_t value)
{
	json_object *o = json_object_new_object();

	if (!o) {
		s->failed = true;
		return;
	}
	if (major)
		stats_put(s, o, "major", json_object_new_uint64(major));
	if (minor)
		stats_put(s, o, "minor", json_object_new_uint64(minor));
	if (*op)
		stats_put(s, o, "op", json_object_new_string(op));
	if (value)
		stats_put(s, o, "value", json_object_new_uint64(value));
	append(s, list, o);
}

/* "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6": two of them make a list of v1's shape. */
static json_object *io_stat(struct stats *s, const char *read_key, const char *write_key)
{
	const char *text = stats_text(s, "io", "io.stat");
	json_object *list = json_object_new_array();

	for (const char *line = text; line && list && *line;) {
		const char *keys[] = { read_key, write_key };
		const size_t len = strcspn(line, "\n");
		unsigned major, minor;
		for (size_t i = 0; sscanf(line, "%u:%u ", &major, &minor) == 2 && i < 2; i++) {
			const char *at = memmem(line, len, keys[i], strlen(keys[i]));
			if (at)
				append_device(s, list, major, minor, i ? "Write" : "Read",
					strtoull(at + strlen(keys[i]), NULL, 10));
		}
		line += len + (line[len] == '\n');
	}
	return list;
}

/* "8:0 Read 17" or "8:0 17"; "Total 17" at the end is no device. */
static void append_lines(struct stats *s, json_object *list, const char *text)
{
	for (const char *line = text; *line;) {
		unsigned long long value;
		unsigned major, minor;
		char op[16];

		if (sscanf(line, "%u:%u %15[A-Za-z] %llu", &major, &minor, op, &value) == 4)
			append_device(s, list, major, minor, op, value);
		else if (sscanf(line, "%u:%u %llu", &major, &minor, &value) == 3)
			append_device(s, list, major, minor, "", value);
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
}

/* The schedulers BFQ and, before Linux 5.0, CFQ count; else throttling does, which knows two. */
static json_object *blkio_v1(struct stats *s, int dir, const char *what)
{
	static const struct {
		const char *before, *behind;
	} forms[] = { { "bfq.", "_recursive" }, { "", "_recursive" }, { "throttle.", "_recursive" },
		{ "throttle.", "" } };
	json_object *list = json_object_new_array();

	for (size_t i = 0; list && i < ELEMENTS(forms) && json_object_array_length(list) == 0;
		i++) {
		_cleanup_free_ char *text = NULL;
		char file[64];

		(void)snprintf(
			file, sizeof(file), "blkio.%s%s%s", forms[i].before, what, forms[i].behind);
		if (fd_read_file(dir, file, CGROUP_FILE_MAX, &text, NULL) == 0)
			append_lines(s, list, text);
	}
	return list;
}

void stats_put_blkio(struct stats *s, json_object *data)
{
	static const struct {
		const char *name, *v1, *read, *write;
	} rows[] = {
		{ "ioServiceBytesRecursive", "io_service_bytes", " rbytes=", " wbytes=" },
		{ "ioServicedRecursive", "io_serviced", " rios=", " wios=" },
		{ "ioQueueRecursive", "io_queued", NULL, NULL },
		{ "ioServiceTimeRecursive", "io_service_time", NULL, NULL },
		{ "ioWaitTimeRecursive", "io_wait_time", NULL, NULL },
		{ "ioMergedRecursive", "io_merged", NULL, NULL },
		{ "ioTimeRecursive", "time", NULL, NULL },
		{ "sectorsRecursive", "sectors", NULL, NULL },
	};
	json_object *blkio = stats_put_object(s, data, "blkio");
	bool v1;
	const int dir = stats_dir(s, "blkio", &v1);

	for (size_t i = 0; blkio && i < ELEMENTS(rows); i++) {
		if (v1)
			put_array(s, blkio, rows[i].name, blkio_v1(s, dir, rows[i].v1));
		else if (rows[i].read)
			put_array(s, blkio, rows[i].name, io_stat(s, rows[i].read, rows[i].write));
	}
	if (blkio)
		stats_put_pressure(s, blkio, "io.pressure");
}

/* --- huge pages --- */

/* The number in hugetlb.SIZE.LAST. */
static uint64_t huge_number(int dir, const char *size, const char *last, const char *key)
{
	_cleanup_free_ char *text = NULL;
	char file[NAME_MAX + 1];

	(void)snprintf(file, sizeof(file), "hugetlb.%s.%s", size, last);
	if (fd_read_file(dir, file, CGROUP_FILE_MAX, &text, NULL) < 0)
		return 0;
	const char *at = key ? stats_key(text, key) : text;
	return at ? strtoull(at, NULL, 10) : 0;
}

static bool has_file(int dir, const char *size, const char *last)
{
	char file[NAME_MAX + 1];

	(void)snprintf(file, sizeof(file), "hugetlb.%s.%s", size, last);
	return faccessat(dir, file, F_OK, 0) == 0;
}

/* Reservations where they are counted: a page that is only reserved is gone for others, too. */
static void put_huge_size(struct stats *s, json_object *hugetlb, int dir, bool v1, const char *size)
{
	const bool reserved = has_file(dir, size, v1 ? "rsvd.usage_in_bytes" : "rsvd.current");
	json_object *o = stats_put_object(s, hugetlb, size);
	uint64_t usage, max = 0, failures;

	if (!o)
		return;
	if (v1) {
		usage = huge_number(
			dir, size, reserved ? "rsvd.usage_in_bytes" : "usage_in_bytes", NULL);
		max = huge_number(dir, size,
			reserved ? "rsvd.max_usage_in_bytes" : "max_usage_in_bytes", NULL);
		failures = huge_number(dir, size, reserved ? "rsvd.failcnt" : "failcnt", NULL);
	} else {
		usage = huge_number(dir, size, reserved ? "rsvd.current" : "current", NULL);
		failures = huge_number(dir, size, "events", "max");
	}
	if (usage)
		stats_put(s, o, "usage", json_object_new_uint64(usage));
	if (max)
		stats_put(s, o, "max", json_object_new_uint64(max));
	stats_put(s, o, "failcnt", json_object_new_uint64(failures));
}

/* "2MB" of "hugetlb.2MB.events" or "hugetlb.2MB.limit_in_bytes". */
static bool huge_size(const char *file, bool v1, char *ret, size_t room)
{
	const char *size = file + strlen("hugetlb."), *end;

	if (!str_starts(file, "hugetlb.") || !(end = strchr(size, '.')) ||
		!str_eq(end + 1, v1 ? "limit_in_bytes" : "events") || (size_t)(end - size) >= room)
		return false;
	memcpy(ret, size, (size_t)(end - size));
	ret[end - size] = '\0';
	return true;
}

void stats_put_hugetlb(struct stats *s, json_object *data)
{
	json_object *hugetlb = stats_put_object(s, data, "hugetlb");
	char size[16];
	bool v1;
	const int dir_fd = stats_dir(s, "hugetlb", &v1);

	const int again = dir_fd < 0 ? -1 : openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = again < 0 ? NULL : fdopendir(again);
	if (!dir) {
		fd_close(again);
		return;
	}
	for (struct dirent *d; hugetlb && (d = readdir(dir));)
		if (huge_size(d->d_name, v1, size, sizeof(size)))
			put_huge_size(s, hugetlb, dir_fd, v1, size);
	closedir(dir);
}
