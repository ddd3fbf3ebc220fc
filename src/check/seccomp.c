/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp.c - rules of a filter that nothing can reach.
 */
#include "check/internal.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A system call that a rule decides whatever its arguments are. */
struct decided {
	const char *name;
	size_t rule;
};

static int by_name(const void *a, const void *b)
{
	const struct decided *x = a, *y = b;
	const int order = strcmp(x->name, y->name);

	return order ? order : (x->rule > y->rule) - (x->rule < y->rule);
}

static int compare(
	const struct spec_seccomp *s, struct decided *v, size_t n, struct spec_findings *all)
{
	qsort(v, n, sizeof(*v), by_name);
	for (size_t i = 1, first = 0; i < n; i++) {
		char where[64];

		if (strcmp(v[i].name, v[first].name) != 0) {
			first = i;
			continue;
		}
		if (s->rules[v[i].rule].action == s->rules[v[first].rule].action)
			continue;
		(void)snprintf(where, sizeof(where), "/linux/seccomp/syscalls/%zu", v[i].rule);
		int r = found(all, "check.seccomp.twice", MPOL_WARNING, where,
			"'%.64s' has another action without conditions in syscalls/%zu, which "
			"holds",
			v[i].name, v[first].rule);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The default action needs no rule, so one for it decides nothing (src/linux/seccomp_tree.c). */
static bool decides(const struct spec_seccomp *s, const struct spec_seccomp_rule *rule)
{
	return rule->n_args == 0 && rule->action != s->default_action;
}

int check_seccomp_rules(const struct spec *spec, struct spec_findings *all)
{
	const struct spec_seccomp *s = spec->linux_.seccomp;
	size_t n = 0;

	for (size_t i = 0; s && i < s->n_rules; i++)
		n += decides(s, &s->rules[i]) ? s->rules[i].names.n : 0;
	if (n < 2)
		return 0;

	struct decided *v = calloc(n, sizeof(*v));
	if (!v)
		return -ENOMEM;
	n = 0;
	for (size_t i = 0; i < s->n_rules; i++)
		for (size_t k = 0; decides(s, &s->rules[i]) && k < s->rules[i].names.n; k++)
			v[n++] = (struct decided){ .name = s->rules[i].names.v[k], .rule = i };
	int r = compare(s, v, n, all);
	free(v);
	return r;
}
