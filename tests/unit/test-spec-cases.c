/* SPDX-License-Identifier: Apache-2.0 */
/* Configs by the hundred, as tables: what is refused and in which words, what is not. */
#include <errno.h>

#include "cases.h"
#include "spec/spec.h"

static const char what[] = "config.json: ";

static void refused(const char *text, const char *want)
{
	struct spec untouched, *spec = &untouched;
	struct err e = { 0 };
	int r;

	r = spec_parse(text, strlen(text), "config.json", &spec, &e);
	if (r == 0) {
		spec_free(spec);
		fail_msg("loads, but should say: %s", want);
	}
	assert_int_equal(strncmp(e.text, what, strlen(what)), 0);
	assert_words(e.text + strlen(what), want);
	assert_int_equal(r, -EINVAL);
	assert_int_equal(e.num, EINVAL);
	assert_ptr_equal(spec, &untouched);
}

static const struct spec_finding *first_error(const struct spec_findings *all)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->v[i].severity == MPOL_ERROR)
			return &all->v[i];
	return NULL;
}

/* Who checks a config is told first what stops those who carry it out, in the same words. */
static void found_first(const char *text, const char *want)
{
	struct spec_findings all = { 0 };
	const struct spec_finding *first;
	struct spec *spec = NULL;
	struct err e = { 0 };
	char *said;

	if (spec_check_text(text, strlen(text), &all, &spec, &e) < 0)
		fail_msg("cannot be checked: %s", e.text);
	first = first_error(&all);
	assert_non_null(first);
	assert_true(asprintf(&said, "%s%s%s", first->where, *first->where ? ": " : "",
			    first->text) > 0);
	assert_words(said, want);
	for (size_t i = 0; i < all.n; i++)
		assert_true(all.v[i].code && strchr(all.v[i].code, '.'));
	free(said);
	spec_free(spec);
	spec_findings_free(&all);
}

static void test_bad(void **state)
{
	const struct case_row *row = *state;
	char *text = patched("base.json", row->input);

	refused(text, row->want);
	found_first(text, row->want);
	free(text);
}

static void test_policy(void **state)
{
	const struct case_row *row = *state;
	static const char before[] = "\"linux\": {";
	char *text = cases_read("base.json", NULL), *at = strstr(text, before), *whole;

	/* Not by a merge patch, which takes null for a removal. */
	assert_non_null(at);
	at += strlen(before);
	assert_true(asprintf(&whole, "%.*s\"memoryPolicy\":%s,%s", (int)(at - text), text,
			    row->input, at) > 0);
	refused(whole, row->want);
	found_first(whole, row->want);
	free(whole);
	free(text);
}

static struct spec *loaded(const char *text)
{
	struct spec *spec = NULL;
	struct err e = { 0 };

	if (spec_parse(text, strlen(text), "config.json", &spec, &e) < 0)
		fail_msg("%s", e.text);
	return spec;
}

static void test_unsupported(void **state)
{
	const struct case_row *row = *state;
	char *text = patched("base.json", row->input);
	struct spec *spec = loaded(text);
	struct err e = { 0 };

	assert_int_equal(spec_check_supported(spec, &e), -ENOTSUP);
	assert_words(e.text, row->want);
	found_first(text, row->want);
	spec_free(spec);
	free(text);
}

static void warned(const char *text, const char *want)
{
	struct spec_findings all = { 0 };
	struct strbuf said = { 0 };
	struct spec *spec = NULL;
	struct err e = { 0 };

	if (spec_check_text(text, strlen(text), &all, &spec, &e) < 0)
		fail_msg("cannot be checked: %s", e.text);
	assert_null(first_error(&all));
	/* About policies it says more than the loader, which leaves them to those who apply them.
	 */
	for (size_t i = 0; i < all.n; i++)
		if (strncmp(all.v[i].code, "mpol.", 5) != 0)
			strbuf_addf(&said, "%s%s: %s", said.len ? " | " : "", all.v[i].where,
				all.v[i].text);
	assert_words(said.text ? said.text : "", want);
	strbuf_free(&said);
	spec_free(spec);
	spec_findings_free(&all);
}

static void test_fine(void **state)
{
	const struct case_row *row = *state;
	char *text = patched("base.json", row->input);
	struct spec *spec = loaded(text);
	struct strbuf said = { 0 };
	struct err e = { 0 };

	for (size_t i = 0; i < spec->n_warnings; i++)
		strbuf_addf(&said, "%s%s", i ? " | " : "", spec->warnings[i]);
	assert_words(said.text ? said.text : "", row->want);
	assert_int_equal(spec->warnings_lost, 0);
	if (spec_check_supported(spec, &e) < 0)
		fail_msg("%s", e.text);
	/* What is kept for the state directory is the text itself. */
	assert_int_equal(spec->text_len, strlen(text));
	assert_string_equal(spec->text, text);
	strbuf_free(&said);
	spec_free(spec);
	warned(text, row->want);
	free(text);
}

/* All that is wrong: "SEVERITY CODE POINTER" of each finding. */
static void test_many(void **state)
{
	const struct case_row *row = *state;
	char *text = patched("base.json", row->input);
	struct spec_findings all = { 0 };
	struct strbuf said = { 0 };
	struct spec *spec = NULL;
	struct err e = { 0 };

	if (spec_check_text(text, strlen(text), &all, &spec, &e) < 0)
		fail_msg("cannot be checked: %s", e.text);
	for (size_t i = 0; i < all.n; i++)
		strbuf_addf(&said, "%s%s %s %s", i ? " | " : "",
			mpol_severity_name(all.v[i].severity), all.v[i].code, all.v[i].where);
	assert_words(said.text ? said.text : "", row->want);
	assert_int_equal(all.lost, 0);
	strbuf_free(&said);
	spec_free(spec);
	spec_findings_free(&all);
	free(text);
}

int main(void)
{
	int failed = 0;

	failed += cases_run("config-bad.tsv", test_bad);
	failed += cases_run("memory-policy-bad.tsv", test_policy);
	failed += cases_run("config-unsupported.tsv", test_unsupported);
	failed += cases_run("config-fine.tsv", test_fine);
	failed += cases_run("config-many.tsv", test_many);
	return failed != 0;
}
