/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rdt_stats.c - the read-only side of resctrl. See rdt_stats.h.
 */
#include "linux/rdt_stats.h"

#include "base/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdio.h>

#define FILE_MAX (64 * 1024)

struct tree {
	int root;  /* of resctrl */
	int class; /* the container's */
	bool failed;
};

static void put(struct tree *t, json_object *to, const char *name, json_object *value)
{
	if (!value || json_object_object_add(to, name, value) < 0) {
		json_object_put(value);
		t->failed = true;
	}
}

/* The first line of a file, or NULL; free() it. */
static char *line_of_file(int dir, const char *file)
{
	char *text = NULL;

	if (dir < 0 || fd_read_file(dir, file, FILE_MAX, &text, NULL) < 0)
		return NULL;
	text[strcspn(text, "\n")] = '\0';
	return text;
}

static void put_number(struct tree *t, json_object *to, int dir, const char *file, const char *name)
{
	_cleanup_free_ char *text = line_of_file(dir, file);
	uint64_t value;

	if (text && str_to_u64(text, &value) == 0 && value > 0)
		put(t, to, name, json_object_new_uint64(value));
}

/* info/L3 or info/MB. Returns whether the CPUs have it. */
static bool put_info(struct tree *t, json_object *to, const char *resource, const char *name,
	const char *const files[])
{
	_cleanup_close_ int info = openat(t->root, "info", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int dir =
		info < 0 ? -1 : openat(info, resource, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return false;
	json_object *o = json_object_new_object();
	put(t, to, name, o);
	for (size_t i = 0; !t->failed && files[i]; i++) {
		_cleanup_free_ char *mask =
			str_eq(files[i], "cbm_mask") ? line_of_file(dir, files[i]) : NULL;
		if (mask)
			put(t, o, files[i], json_object_new_string(mask));
		else
			put_number(t, o, dir, files[i], files[i]);
	}
	return true;
}

/* The line of a resource, without the blanks before it. */
static void put_schema(
	struct tree *t, json_object *to, int dir, const char *resource, const char *name)
{
	_cleanup_free_ char *text = NULL;
	char *save = NULL;
	const size_t len = strlen(resource);

	if (fd_read_file(dir, "schemata", FILE_MAX, &text, NULL) < 0)
		return;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		line += strspn(line, " \t");
		if (strncmp(line, resource, len) == 0 && line[len] == ':')
			put(t, to, name, json_object_new_string(line));
	}
}

static void put_schemata(struct tree *t, json_object *to)
{
	_cleanup_free_ char *text = NULL;
	char *save = NULL;

	if (fd_read_file(t->class, "schemata", FILE_MAX, &text, NULL) < 0)
		return;
	json_object *list = json_object_new_array();
	put(t, to, "schemata", list);
	for (char *line = strtok_r(text, "\n", &save); line && !t->failed;
		line = strtok_r(NULL, "\n", &save)) {
		json_object *value = json_object_new_string(line);
		if (!value || json_object_array_add(list, value) < 0) {
			json_object_put(value);
			t->failed = true;
		}
	}
}

static int not_hidden(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

/* mon_data/mon_L3_00 and so on, each an element with these files. */
static void put_counters(
	struct tree *t, json_object *to, const char *name, const char *const files[])
{
	struct dirent **caches = NULL;

	int n = scandirat(t->class, "mon_data", &caches, not_hidden, alphasort);
	json_object *list = n < 0 ? NULL : json_object_new_array();
	if (n >= 0)
		put(t, to, name, list);
	for (int i = 0; i < n; i++) {
		json_object *o = t->failed ? NULL : json_object_new_object();
		for (size_t j = 0; o && files[j]; j++) {
			char file[NAME_MAX + 64];
			uint64_t value = 0;
			(void)snprintf(
				file, sizeof(file), "mon_data/%s/%s", caches[i]->d_name, files[j]);
			_cleanup_free_ char *text = line_of_file(t->class, file);
			if (text)
				(void)str_to_u64(text, &value); /* "Unavailable" counts as 0 */
			put(t, o, files[j], json_object_new_uint64(value));
		}
		if (!o || json_object_array_add(list, o) < 0) {
			json_object_put(o);
			t->failed = true;
		}
		free(caches[i]);
	}
	free(caches);
}

static bool monitors(const char *features, const char *feature)
{
	return features && strstr(features, feature);
}

int rdt_stats(const struct rdt *r, int root_fd, json_object *to, struct err *e)
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
		return 0;
	struct tree t = { .root = root_fd, .class = class };
	if (put_info(&t, to, "L3", "l3_cache_info", l3)) {
		put_schema(&t, to, root_fd, "L3", "l3_cache_schema_root");
		put_schema(&t, to, class, "L3", "l3_cache_schema");
	}
	if (put_info(&t, to, "MB", "mem_bw_info", mb)) {
		put_schema(&t, to, root_fd, "MB", "mem_bw_schema_root");
		put_schema(&t, to, class, "MB", "mem_bw_schema");
	}
	put_schemata(&t, to);
	(void)fd_read_file(root_fd, "info/L3_MON/mon_features", FILE_MAX, &features, NULL);
	if (r->monitored) {
		(void)snprintf(group, sizeof(group), "mon_groups/%s", r->id);
		monitored = openat(class, group, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		t.class = monitored;
	}
	if (monitors(features, "mbm_"))
		put_counters(&t, to, "mbm_stats", mbm);
	if (monitors(features, "llc_occupancy"))
		put_counters(&t, to, "cmt_stats", cmt);
	return t.failed ? err_nomem(e) : 0;
}
