/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collect.c - what is wrong with a config: the first error for those who carry it out, everything
 * for those who check it. The sentences are the same.
 */
#include "spec/internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

int load_say(struct load *load, int num, const char *code, const char *fmt, ...)
{
	char text[sizeof(load->e->text)], *sentence;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!load->all)
		return err_say(load->e, num, "%s", text);
	sentence = strstr(text, ": ");
	if (sentence) {
		*sentence = '\0';
		sentence += 2;
	}
	return spec_found(load->all, code, MPOL_ERROR, sentence ? text : "",
		       sentence ? sentence : text) < 0
		       ? err_nomem(load->e)
		       : 0;
}

int load_warn(struct load *load, const char *code, const char *fmt, ...)
{
	char text[sizeof(load->e->text)], *sentence;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!load->all)
		return spec_warn(load->spec, load->e, "%s", text);
	sentence = strstr(text, ": ");
	if (sentence) {
		*sentence = '\0';
		sentence += 2;
	}
	return spec_found(load->all, code, MPOL_WARNING, sentence ? text : "",
		       sentence ? sentence : text) < 0
		       ? err_nomem(load->e)
		       : 0;
}

int spec_warn(struct spec *spec, struct err *e, const char *fmt, ...)
{
	struct err sentence; /* it escapes what must not reach a terminal */
	char text[sizeof(sentence.text)];
	va_list ap;

	if (spec->n_warnings == SPEC_WARNINGS_MAX) {
		spec->warnings_lost++;
		return 0;
	}
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)err_say(&sentence, EINVAL, "%s", text);
	spec->warnings[spec->n_warnings] = arena_strdup(&spec->arena, sentence.text);
	if (!spec->warnings[spec->n_warnings])
		return err_nomem(e);
	spec->n_warnings++;
	return 0;
}

int load_report(struct load *load, const struct mpol_report *report)
{
	if (spec_found_report(load->all, report) < 0)
		return err_nomem(load->e);
	return 0;
}

int spec_found_report(struct spec_findings *all, const struct mpol_report *report)
{
	int r = 0;

	for (size_t i = 0; i < report->n && r == 0; i++) {
		const struct mpol_finding *f = &report->item[i];

		r = spec_found(all, f->code, f->severity, f->where, f->text);
	}
	all->lost += report->lost;
	return r;
}

/* Is the pointer `inner` that of `outer` or of something in it? */
static bool within(const char *inner, const char *outer, size_t outer_len)
{
	return outer_len > 0 && strncmp(inner, outer, outer_len) == 0 &&
	       (inner[outer_len] == '\0' || inner[outer_len] == '/');
}

static size_t parent_len(const char *where, size_t len)
{
	while (len > 0 && where[len - 1] != '/')
		len--;
	return len > 0 ? len - 1 : 0;
}

static bool ends_in_index(const char *where, size_t len)
{
	return len > 0 && where[len - 1] >= '0' && where[len - 1] <= '9' &&
	       strspn(where + parent_len(where, len) + 1, "0123456789") >=
		       len - parent_len(where, len) - 1;
}

/* What a rule looks at: of an item of a list all of it, of an entry its neighbours, too. */
static size_t scope_len(const char *where)
{
	size_t len = strlen(where), parent = parent_len(where, len);

	return ends_in_index(where, len) || ends_in_index(where, parent) ? parent : len;
}

/*
 * What could not be read looks absent to the rules: they would only repeat in other words that it
 * is not there.
 */
static bool follows_from_another(
	const struct spec_findings *all, const char *code, const char *where)
{
	size_t n = all->read ? all->n_read : all->n, len = strlen(where);

	if (all->read)
		len = scope_len(where);
	else if (str_eq(code, "spec.seccomp.errno")) /* about its neighbour, the action */
		len = parent_len(where, len);
	else if (!str_eq(code, "spec.required") && !str_eq(code, "spec.empty"))
		return false;
	for (size_t i = 0; i < n; i++) {
		const struct spec_finding *f = &all->v[i];

		if (f->severity != MPOL_ERROR)
			continue;
		if (within(f->where, where, len) || within(where, f->where, strlen(f->where)))
			return true;
	}
	return false;
}

void spec_findings_read(struct spec_findings *all)
{
	all->read = true;
	all->n_read = all->n;
}

int spec_found(struct spec_findings *all, const char *code, enum mpol_severity severity,
	const char *where, const char *text)
{
	struct spec_finding f = { .code = code, .severity = severity };
	struct err safe; /* it escapes what must not reach a terminal */

	if (!where)
		where = "";
	if (severity == MPOL_ERROR && !all->rules_done && follows_from_another(all, code, where))
		return 0;
	if (all->n == SPEC_FINDINGS_MAX) {
		all->lost++;
		return 0;
	}
	if (all->n == all->room) {
		size_t room = all->room ? 2 * all->room : 16;
		struct spec_finding *v = realloc(all->v, room * sizeof(*v));

		if (!v)
			return -ENOMEM;
		all->v = v;
		all->room = room;
	}
	(void)err_say(&safe, EINVAL, "%s", where);
	f.where = arena_strdup(&all->arena, safe.text);
	(void)err_say(&safe, EINVAL, "%s", text);
	f.text = arena_strdup(&all->arena, safe.text);
	if (!f.where || !f.text)
		return -ENOMEM;
	all->v[all->n++] = f;
	return 0;
}

size_t spec_findings_of(const struct spec_findings *all, enum mpol_severity severity)
{
	size_t n = 0;

	for (size_t i = 0; i < all->n; i++)
		n += all->v[i].severity == severity;
	return n;
}

bool spec_findings_below(const struct spec_findings *all, const char *where)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->v[i].severity == MPOL_ERROR &&
			(within(all->v[i].where, where, strlen(where)) ||
				within(where, all->v[i].where, strlen(all->v[i].where))))
			return true;
	return false;
}

void spec_findings_free(struct spec_findings *all)
{
	arena_free(&all->arena);
	free(all->v);
	*all = (struct spec_findings){ 0 };
}
