/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cases.h - tables of tests/cases as cmocka groups: tab-separated files whose rows are tests.
 *
 * Three columns: the test's name, an input, what is expected. '#' starts a comment line.
 */
#ifndef TESTS_CASES_H
#define TESTS_CASES_H

#include <json-c/json.h>

#include "rows.h"

struct case_row {
	const char *says; /* first, as rows.h wants it */
	const char *input, *want;
};

struct case_table {
	char *text;
	size_t n;
	struct case_row *rows;
};

static inline char *cases_read(const char *name, size_t *ret_len)
{
	const char *dir = getenv("HASU_TEST_CASES");
	char path[4096];
	char *text = NULL;
	size_t len = 0, size = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", dir ? dir : "tests/cases", name);
	f = fopen(path, "r");
	if (!f) {
		fprintf(stderr, "cannot open %s\n", path);
		exit(1);
	}
	do {
		size = len + 65536;
		text = realloc(text, size + 1);
		len += fread(text + len, 1, size - len, f);
	} while (len == size);
	(void)fclose(f);
	text[len] = '\0';
	if (ret_len)
		*ret_len = len;
	return text;
}

/* Exits on a row that has not its three columns: a table that cannot be read tests nothing. */
static inline struct case_table cases_open(const char *name)
{
	struct case_table t = { .text = cases_read(name, NULL) };
	char *save = NULL;

	for (char *line = strtok_r(t.text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *input = strchr(line, '\t'), *want = input ? strchr(input + 1, '\t') : NULL;

		if (*line == '#')
			continue;
		if (!want) {
			fprintf(stderr, "%s: no three columns in '%s'\n", name, line);
			exit(1);
		}
		*input++ = '\0';
		*want++ = '\0';
		t.rows = realloc(t.rows, (t.n + 1) * sizeof(*t.rows));
		t.rows[t.n++] = (struct case_row){ line, input, want };
	}
	return t;
}

static inline int cases_run(const char *name, CMUnitTestFunction test)
{
	struct case_table t = cases_open(name);
	int failed = rows_run(name, t.rows, t.n, sizeof(*t.rows), test);

	free(t.rows);
	free(t.text);
	return failed || t.n == 0;
}

/* RFC 7386: patch into *target, which it takes and gives back. */
static inline json_object *merge_patch(json_object *target, json_object *patch)
{
	if (!json_object_is_type(patch, json_type_object)) {
		json_object_put(target);
		return json_object_get(patch);
	}
	if (!json_object_is_type(target, json_type_object)) {
		json_object_put(target);
		target = json_object_new_object();
	}
	json_object_object_foreach(patch, key, value)
	{
		json_object *old = NULL;

		if (!value) {
			json_object_object_del(target, key);
			continue;
		}
		(void)json_object_object_get_ex(target, key, &old);
		json_object_object_add(target, key, merge_patch(json_object_get(old), value));
	}
	return target;
}

/* The text of the file `base` with the patch in it. free() it. */
static inline char *patched(const char *base, const char *patch_text)
{
	char *base_text = cases_read(base, NULL), *text;
	json_object *json = json_tokener_parse(base_text);
	json_object *patch = json_tokener_parse(patch_text);

	assert_non_null(json);
	if (!patch)
		fail_msg("not JSON: %s", patch_text);
	json = merge_patch(json, patch);
	text = strdup(json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN));
	json_object_put(patch);
	json_object_put(json);
	free(base_text);
	return text;
}

#endif
