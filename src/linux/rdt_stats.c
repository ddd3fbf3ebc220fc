/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rdt_stats.c - the read-only side of resctrl. See rdt_stats.h.
 */
#include "linux/rdt_stats.h"

#include "base/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#define FILE_MAX (64 * 1024)

/* The first line of a file, or NULL; free() it. */
static char *line_of_file(int dir, const char *file)
{
	char *text = NULL;

	if (dir < 0 || fd_read_file(dir, file, FILE_MAX, &text, NULL) < 0)
		return NULL;
	text[strcspn(text, "\n")] = '\0';
	return text;
}

static void put_number(struct json_writer *w, int dir, const char *file)
{
	_cleanup_free_ char *text = line_of_file(dir, file);
	uint64_t value;

	if (text && str_to_u64(text, &value) == 0 && value > 0)
		jw_u64(w, file, value);
}

/* info/L3 or info/MB. Returns whether the CPUs have it. */
static bool put_info(struct json_writer *w, int root, const char *resource, const char *name,
	const char *const files[])
{
	_cleanup_close_ int info = openat(root, "info", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int dir =
		info < 0 ? -1 : openat(info, resource, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return false;
	jw_object(w, name);
	for (size_t i = 0; files[i]; i++) {
		_cleanup_free_ char *mask =
			str_eq(files[i], "cbm_mask") ? line_of_file(dir, files[i]) : NULL;
		if (mask)
			jw_string(w, files[i], mask);
		else
			put_number(w, dir, files[i]);
	}
	jw_object_end(w);
	return true;
}

/* The line of a resource, without the blanks before it. */
static void put_schema(struct json_writer *w, int dir, const char *resource, const char *name)
{
	_cleanup_free_ char *text = NULL;
	char *save = NULL;
	const size_t len = strlen(resource);

	if (fd_read_file(dir, "schemata", FILE_MAX, &text, NULL) < 0)
		return;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		line += strspn(line, " \t");
		if (strncmp(line, resource, len) != 0 || line[len] != ':')
			continue;
		jw_string(w, name, line);
		return;
	}
}

static void put_schemata(struct json_writer *w, int class)
{
	_cleanup_free_ char *text = NULL;
	char *save = NULL;

	if (fd_read_file(class, "schemata", FILE_MAX, &text, NULL) < 0)
		return;
	jw_array(w, "schemata");
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		jw_string(w, NULL, line);
	jw_array_end(w);
}

static int not_hidden(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

/* mon_data/mon_L3_00 and so on, each an element with these files. */
static void put_counters(
	struct json_writer *w, int group, const char *name, const char *const files[])
{
	struct dirent **caches = NULL;

	const int n = scandirat(group, "mon_data", &caches, not_hidden, alphasort);
	if (n < 0)
		return;
	jw_array(w, name);
	for (int i = 0; i < n; i++) {
		jw_object(w, NULL);
		for (size_t j = 0; files[j]; j++) {
			char file[NAME_MAX + 64];
			uint64_t value = 0;
			(void)snprintf(
				file, sizeof(file), "mon_data/%s/%s", caches[i]->d_name, files[j]);
			_cleanup_free_ char *text = line_of_file(group, file);
			if (text)
				(void)str_to_u64(text, &value); /* "Unavailable" counts as 0 */
			jw_u64(w, files[j], value);
		}
		jw_object_end(w);
		free(caches[i]);
	}
	jw_array_end(w);
	free(caches);
}

static bool monitors(const char *features, const char *feature)
{
	return features && strstr(features, feature);
}

void rdt_stats(const struct rdt *r, int root_fd, struct json_writer *w)
{
	static const char *const l3[] = { "cbm_mask", "min_cbm_bits", "num_closids", NULL };
	static const char *const mb[] = { "bandwidth_gran", "delay_linear", "min_bandwidth",
		"num_closids", NULL };
	static const char *const mbm[] = { "mbm_total_bytes", "mbm_local_bytes", NULL };
	static const char *const cmt[] = { "llc_occupancy", NULL };
	_cleanup_free_ char *features = NULL;
	_cleanup_close_ int monitored = -1;
	char group[NAME_MAX + 16];

	_cleanup_close_ int class = openat(root_fd, *r->class ? r->class : ".",
		O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (class < 0)
		return;
	if (put_info(w, root_fd, "L3", "l3_cache_info", l3)) {
		put_schema(w, root_fd, "L3", "l3_cache_schema_root");
		put_schema(w, class, "L3", "l3_cache_schema");
	}
	if (put_info(w, root_fd, "MB", "mem_bw_info", mb)) {
		put_schema(w, root_fd, "MB", "mem_bw_schema_root");
		put_schema(w, class, "MB", "mem_bw_schema");
	}
	put_schemata(w, class);
	(void)fd_read_file(root_fd, "info/L3_MON/mon_features", FILE_MAX, &features, NULL);
	if (r->monitored) {
		(void)snprintf(group, sizeof(group), "mon_groups/%s", r->id);
		monitored = openat(class, group, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	const int counted = r->monitored ? monitored : class;
	if (monitors(features, "mbm_"))
		put_counters(w, counted, "mbm_stats", mbm);
	if (monitors(features, "llc_occupancy"))
		put_counters(w, counted, "cmt_stats", cmt);
}
