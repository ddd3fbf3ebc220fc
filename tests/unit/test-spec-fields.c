/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every field of the tables of src/spec has rows in tests/cases that say what is wrong with it: one for
 * a value of another type, one for a number or a name that it cannot have, one where it is missing and
 * must not be. So a field that is added without them fails here. The rows' own words are what
 * test-spec-cases compares.
 */
#include <errno.h>

#include "cases.h"
#include "spec/readers.h"

#define PATH_MAX_TEXT 256

/* A want column: the pointer with '*' for the numbers in it, and the sentence behind it. */
struct said {
	char where[PATH_MAX_TEXT];
	const char *words;
};

static struct said *all;
static size_t n_all;

static void take(const char *want)
{
	const char *end = strstr(want, ": ");
	struct said *s = &all[n_all];
	size_t at = 0;

	if (!end || want[0] != '/')
		return;
	for (const char *p = want; p < end && at + 2 < sizeof(s->where);) {
		const size_t len = strcspn(p + 1, "/:");
		const bool index = strspn(p + 1, "0123456789") == len && len > 0;

		at += (size_t)snprintf(s->where + at, sizeof(s->where) - at, "/%.*s",
			index ? 1 : (int)len, index ? "*" : p + 1);
		p += 1 + len;
	}
	s->words = end + 2;
	n_all++;
}

/* Any row about this very place, whose sentence has one of these words? below: or about a place in it. */
static bool is_said(const char *where, bool below, const char *const words[])
{
	const size_t len = strlen(where);

	for (size_t i = 0; i < n_all; i++) {
		const char *at = all[i].where;

		if (strncmp(at, where, len) != 0 || (at[len] && (!below || at[len] != '/')))
			continue;
		for (size_t k = 0; words[k]; k++)
			if (strstr(all[i].words, words[k]))
				return true;
	}
	return false;
}

static const char *const of_type[] = { "must be ", NULL };
static const char *const of_absence[] = { "is required", "is missing", "must not be empty", NULL };
static const char *const of_range[] = { "is out of range", NULL };
static const char *const of_name[] = { " is not ", NULL };

static unsigned lacking;

static void want(const char *where, bool below, const char *const words[], const char *what)
{
	if (is_said(where, below, words))
		return;
	print_message("%s: no row in tests/cases has %s\n", where, what);
	lacking++;
}

static void look_at_object(const char *where, const struct object *object);

static void look_at(const char *above, const struct field *f)
{
	char where[PATH_MAX_TEXT], below[PATH_MAX_TEXT + 3];

	(void)snprintf(where, sizeof(where), "%s/%s", above, f->name);
	(void)snprintf(below, sizeof(below), "%s%s", where, f->kind == FIELD_LIST ? "/*" : "");
	/* Warned of, whatever it is: config-fine.tsv. */
	if (f->kind == FIELD_FOREIGN || f->read == read_replaced_monitoring)
		return;
	want(where, false, of_type, "a value of another type");
	if (f->required)
		want(where, false, of_absence, "it missing");
	switch (f->kind) {
	case FIELD_INT:
	case FIELD_I32:
	case FIELD_I64:
	case FIELD_U32:
	case FIELD_U64:
	case FIELD_OPT_I64:
	case FIELD_OPT_U32:
	case FIELD_OPT_U64:
		want(where, false, of_range, "a number that is out of range");
		break;
	case FIELD_NAME_INT:
	case FIELD_NAME_U32:
		want(where, false, of_name, "an unknown name");
		break;
	case FIELD_FLAGS_U32:
	case FIELD_FLAGS_U64:
		want(where, true, of_name, "an unknown name");
		break;
	case FIELD_STRINGS:
		(void)snprintf(below, sizeof(below), "%s/*", where);
		want(below, false, of_type, "an item of another type");
		break;
	case FIELD_PAIRS:
		(void)snprintf(below, sizeof(below), "%s/x", where);
		want(below, false, of_type, "a value of another type, called x");
		break;
	case FIELD_OBJECT:
	case FIELD_OBJECT_PTR:
		look_at_object(where, f->object);
		break;
	case FIELD_LIST:
		want(below, false, f->object->fields ? of_type : of_range,
			"an item of another type");
		if (f->object->fields)
			look_at_object(below, f->object);
		break;
	default:
		break;
	}
}

static void look_at_object(const char *where, const struct object *object)
{
	for (const struct field *f = object->fields; f->name; f++)
		look_at(where, f);
}

static void test_every_field_has_bad_rows(void **state)
{
	/* What no table describes: readers.c. The tests' own names are x. */
	static const char *const others[] = { "/linux/namespaces/*", "/linux/namespaces/*/type",
		"/linux/namespaces/*/path", "/linux/personality/domain", "/linux/personality/flags",
		"/linux/resources/rdma/x", "/linux/netDevices/x" };

	(void)state;
	look_at_object("", &fields_spec);
	look_at_object("/linux/resources/rdma/x", &fields_rdma);
	look_at_object("/linux/netDevices/x", &fields_net_device);
	for (size_t i = 0; i < ELEMENTS(others); i++)
		want(others[i], false, of_type, "a value of another type");
	if (lacking)
		fail_msg("%u rows are missing", lacking);
}

int main(void)
{
	static const char *const files[] = { "config-bad.tsv", "memory-policy-bad.tsv" };
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_every_field_has_bad_rows) };

	struct case_table tables[ELEMENTS(files)]; /* rows point into them */
	for (size_t i = 0; i < ELEMENTS(files); i++) {
		struct case_table t = cases_open(files[i]);

		tables[i] = t;
		all = realloc(all, (n_all + t.n) * sizeof(*all));
		for (size_t k = 0; k < t.n; k++)
			take(t.rows[k].want);
	}
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	for (size_t i = 0; i < ELEMENTS(files); i++) {
		free(tables[i].rows);
		free(tables[i].text);
	}
	free(all);
	return failed;
}
