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

/* Lists without elements are left out. */
static void end_list(struct stats *s, struct json_mark before)
{
	const bool any = s->w->comma;

	jw_array_end(s->w);
	if (!any)
		jw_back(s->w, before);
}

/* Word `column` of each line of cpuacct.usage_all but the first, "cpu user system". */
static void put_column(struct stats *s, const char *name, unsigned column)
{
	const char *line = stats_text(s, "cpuacct", "cpuacct.usage_all");
	const struct json_mark before = jw_mark(s->w);

	jw_array(s->w, name);
	while (line && (line = strchr(line, '\n')) && *++line) {
		const char *word = line, *end = line + strcspn(line, "\n");
		for (unsigned i = 0; i < column && word < end; i++) {
			word += strcspn(word, " \n");
			word += *word == ' ';
		}
		if (word < end)
			jw_u64(s->w, NULL, strtoull(word, NULL, 10));
	}
	end_list(s, before);
}

/* v1 alone counts by CPU. */
void stats_put_percpu(struct stats *s)
{
	const struct json_mark before = jw_mark(s->w);
	bool v1;

	(void)stats_dir(s, "cpuacct", &v1);
	if (!v1)
		return;
	const char *p = stats_text(s, "cpuacct", "cpuacct.usage_percpu");
	jw_array(s->w, "percpu");
	for (char *end; p && *p && *p != '\n'; p = end + strspn(end, " ")) {
		jw_u64(s->w, NULL, strtoull(p, &end, 10));
		if (end == p)
			break;
	}
	end_list(s, before);
	put_column(s, "percpu_kernel", 2);
	put_column(s, "percpu_user", 1);
}

/* "0-3,7" as [0,1,2,3,7]. */
void stats_put_list(struct stats *s, const char *name, const char *file)
{
	const char *p = stats_text(s, "cpuset", file);
	const struct json_mark before = jw_mark(s->w);
	char *end;

	jw_array(s->w, name);
	while (p && *p >= '0' && *p <= '9') {
		unsigned long first = strtoul(p, &end, 10), last = first;
		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		for (unsigned long i = first; i <= last && i < IDS_MAX; i++)
			jw_u64(s->w, NULL, i);
		p = end + (*end == ',');
	}
	end_list(s, before);
}

/* --- memory.stat --- */

static int by_key(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* "KEY NUMBER" in each line; sorted by key, as Go prints a map. */
void stats_put_memory_stat(struct stats *s)
{
	char *lines[512], *save = NULL;
	size_t n = 0;

	if (!stats_text(s, "memory", "memory.stat"))
		return;
	/* It is cut up here, and nobody's any more. */
	_cleanup_free_ char *text = TAKE_PTR(s->text);
	for (char *line = strtok_r(text, "\n", &save); line && n < ELEMENTS(lines);
		line = strtok_r(NULL, "\n", &save))
		if (strchr(line, ' '))
			lines[n++] = line;
	if (n == 0)
		return;
	qsort(lines, n, sizeof(*lines), by_key);
	jw_object(s->w, "raw");
	for (size_t i = 0; i < n; i++) {
		char *value = strchr(lines[i], ' ');
		*value++ = '\0';
		jw_u64(s->w, lines[i], strtoull(value, NULL, 10));
	}
	jw_object_end(s->w);
}

/* --- pressure --- */

/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=0"; left out where all is zero. */
static void put_pressure_line(struct stats *s, const char *name, const char *text)
{
	static const char *const keys[] = { "avg10=", "avg60=", "avg300=", "total=" };
	const struct json_mark before = jw_mark(s->w);
	const char *line = stats_key(text, name);
	bool any = false;

	jw_object(s->w, name);
	for (size_t i = 0; line && i < ELEMENTS(keys); i++) {
		const size_t len = strlen(keys[i]);
		const char *at = memmem(line, strcspn(line, "\n"), keys[i], len);
		char key[8], *end;
		if (!at)
			continue;
		/* Averages have two digits behind the point (psi_show()). */
		uint64_t value = strtoull(at + len, &end, 10);
		const bool average = *end == '.';
		if (average)
			value = value * 100 + strtoull(end + 1, NULL, 10);
		(void)snprintf(key, sizeof(key), "%.*s", (int)len - 1, keys[i]);
		jw_decimal(s->w, key, value, average ? 2 : 0);
		any |= value > 0;
	}
	jw_object_end(s->w);
	if (!any)
		jw_back(s->w, before);
}

/* v2 alone has it, and only where it is not switched off: EOPNOTSUPP then. */
void stats_put_pressure(struct stats *s, const char *file)
{
	const struct hierarchy *h = cgroup_v2(s->cg);
	_cleanup_free_ char *text = NULL;
	struct err ignored;

	_cleanup_close_ int dir = h ? hierarchy_open_leaf(h, &ignored) : -1;
	if (dir < 0 || fd_read_file(dir, file, CGROUP_FILE_MAX, &text, NULL) < 0)
		return;
	jw_object(s->w, "psi");
	put_pressure_line(s, "some", text);
	put_pressure_line(s, "full", text);
	jw_object_end(s->w);
}

/* --- block devices --- */

static void put_device(
	struct stats *s, unsigned major, unsigned minor, const char *op, uint64_t value)
{
	jw_object(s->w, NULL);
	stats_put_some(s, "major", major);
	stats_put_some(s, "minor", minor);
	if (*op)
		jw_string(s->w, "op", op);
	stats_put_some(s, "value", value);
	jw_object_end(s->w);
}

/* "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6": two of them make a list of v1's shape. */
static void put_io_stat(struct stats *s, const char *read_key, const char *write_key)
{
	const char *keys[] = { read_key, write_key };

	for (const char *line = stats_text(s, "io", "io.stat"); line && *line;) {
		const size_t len = strcspn(line, "\n");
		unsigned major, minor;
		for (size_t i = 0; sscanf(line, "%u:%u ", &major, &minor) == 2 && i < 2; i++) {
			const char *at = memmem(line, len, keys[i], strlen(keys[i]));
			if (at)
				put_device(s, major, minor, i ? "Write" : "Read",
					strtoull(at + strlen(keys[i]), NULL, 10));
		}
		line += len + (line[len] == '\n');
	}
}

/* "8:0 Read 17" or "8:0 17"; "Total 17" at the end is no device. */
static void put_lines(struct stats *s, const char *text)
{
	for (const char *line = text; *line;) {
		unsigned long long value;
		unsigned major, minor;
		char op[16];

		if (sscanf(line, "%u:%u %15[A-Za-z] %llu", &major, &minor, op, &value) == 4)
			put_device(s, major, minor, op, value);
		else if (sscanf(line, "%u:%u %llu", &major, &minor, &value) == 3)
			put_device(s, major, minor, "", value);
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
}

/* The schedulers BFQ and, before Linux 5.0, CFQ count; else throttling does, which knows two. */
static void put_blkio_v1(struct stats *s, int dir, const char *what)
{
	static const struct {
		const char *before, *behind;
	} forms[] = { { "bfq.", "_recursive" }, { "", "_recursive" }, { "throttle.", "_recursive" },
		{ "throttle.", "" } };

	for (size_t i = 0; !s->w->comma && i < ELEMENTS(forms); i++) {
		_cleanup_free_ char *text = NULL;
		char file[64];

		(void)snprintf(
			file, sizeof(file), "blkio.%s%s%s", forms[i].before, what, forms[i].behind);
		if (fd_read_file(dir, file, CGROUP_FILE_MAX, &text, NULL) == 0)
			put_lines(s, text);
	}
}

void stats_put_blkio(struct stats *s)
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
	bool v1;
	const int dir = stats_dir(s, "blkio", &v1);

	jw_object(s->w, "blkio");
	for (size_t i = 0; i < ELEMENTS(rows); i++) {
		const struct json_mark before = jw_mark(s->w);
		jw_array(s->w, rows[i].name);
		if (v1)
			put_blkio_v1(s, dir, rows[i].v1);
		else if (rows[i].read)
			put_io_stat(s, rows[i].read, rows[i].write);
		end_list(s, before);
	}
	stats_put_pressure(s, "io.pressure");
	jw_object_end(s->w);
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
static void put_huge_size(struct stats *s, int dir, bool v1, const char *size)
{
	const bool reserved = has_file(dir, size, v1 ? "rsvd.usage_in_bytes" : "rsvd.current");
	uint64_t usage, max = 0, failures;

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
	jw_object(s->w, size);
	stats_put_some(s, "usage", usage);
	stats_put_some(s, "max", max);
	jw_u64(s->w, "failcnt", failures);
	jw_object_end(s->w);
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

void stats_put_hugetlb(struct stats *s)
{
	char size[16];
	bool v1;
	const int dir_fd = stats_dir(s, "hugetlb", &v1);

	jw_object(s->w, "hugetlb");
	const int again = dir_fd < 0 ? -1 : openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = again < 0 ? NULL : fdopendir(again);
	for (struct dirent *d; dir && (d = readdir(dir));)
		if (huge_size(d->d_name, v1, size, sizeof(size)))
			put_huge_size(s, dir_fd, v1, size);
	if (dir)
		closedir(dir);
	else
		fd_close(again);
	jw_object_end(s->w);
}
