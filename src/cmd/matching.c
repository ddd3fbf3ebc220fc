/* SPDX-License-Identifier: Apache-2.0 */
/*
 * matching.c - --regex: one command for many containers.
 */
#include "cmd/cmd.h"

#include "base/fd.h"

#include <errno.h>
#include <regex.h>

static int match_all(const struct life *life, const regex_t *re, matching_fn *each, void *arg,
	size_t *ret_failed, struct err *e);

int matching_each(
	const struct life *life, const char *regex, matching_fn *each, void *arg, struct err *e)
{
	size_t failed = 0;
	char why[256];
	regex_t re;

	int r = regcomp(&re, regex, REG_EXTENDED | REG_NOSUB);
	if (r != 0) {
		(void)regerror(r, &re, why, sizeof(why));
		return err_say(e, EINVAL, "'%s' is not a regular expression: %s", regex, why);
	}
	r = match_all(life, &re, each, arg, &failed, e);
	regfree(&re);
	if (r == 0 && failed > 0)
		return err_say(e, EIO,
			"%zu of the containers that match '%s' were left as they were", failed,
			regex);
	return r;
}

/* What goes wrong with one is told, and the others have their turn. */
static int match_all(const struct life *life, const regex_t *re, matching_fn *each, void *arg,
	size_t *ret_failed, struct err *e)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	struct str_list ids = { 0 };

	int r = life_ids(life, &arena, &ids, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ids.n; i++) {
		struct err why = { 0 };
		if (regexec(re, ids.v[i], 0, NULL, 0) != 0)
			continue;
		r = each(life, ids.v[i], arg, &why);
		/* Somebody else was first, or it has ended: nothing is left to be done. */
		if (r == -ENOENT || r == -ESRCH)
			log_warn("%s", why.text);
		else if (r < 0) {
			log_error("%s", why.text);
			(*ret_failed)++;
		}
	}
	return 0;
}
