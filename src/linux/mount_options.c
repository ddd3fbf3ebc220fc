/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mount_options.c - the words of a mount's options, read by the table in names.h. Pure.
 */
#include "base/fd.h"
#include "linux/mounts.h"
#include "spec/names.h"

#include <errno.h>
#include <sys/mount.h>

static int take_option(const struct mount_opt *o, struct mount_plan *plan, struct err *e);
static int check(const struct spec_mount *m, const struct mount_plan *plan, struct err *e);

int mount_options(
	const struct spec_mount *m, struct arena *arena, struct mount_plan *ret, struct err *e)
{
	struct mount_plan plan = { .bind = m->type && str_eq(m->type, "bind") };

	plan.super.v = arena_array(arena, char *, m->options.n + 1);
	if (!plan.super.v)
		return err_nomem(e);
	for (size_t i = 0; i < m->options.n; i++) {
		char *word = m->options.v[i];
		const struct mount_opt *o = names_mount_option(word);

		if (!o || o->kind == MOUNT_OPT_SUPER) {
			plan.super.v[plan.super.n++] = word;
			continue;
		}
		int n = take_option(o, &plan, e);
		if (n < 0)
			return n;
	}
	plan.idmap = plan.idmap || m->uid_mappings.n > 0;
	int n = check(m, &plan, e);
	if (n < 0)
		return n;
	*ret = plan;
	return 0;
}

/* The last word wins. Access times are one value of several bits: a row clears the whole of it. */
static void take_attr(uint64_t *set, uint64_t *clear, const struct mount_opt *o)
{
	*set = (*set & ~o->clear) | o->set;
	*clear = (*clear & ~(o->set & ~(uint64_t)MOUNT_ATTR__ATIME)) | o->clear;
}

static void take_other(enum mount_opt_other which, struct mount_plan *plan)
{
	switch (which) {
	case MOUNT_OTHER_RIDMAP:
		plan->idmap_recursive = true;
		plan->idmap = true;
		break;
	case MOUNT_OTHER_IDMAP:
		plan->idmap = true;
		break;
	case MOUNT_OTHER_TMPCOPYUP:
		plan->copy_up = true;
		break;
	case MOUNT_OTHER_SRC_NOFOLLOW:
		plan->src_nofollow = true;
		break;
	case MOUNT_OTHER_DEST_NOFOLLOW:
		plan->dest_nofollow = true;
		break;
	case MOUNT_OTHER_COPY_SYMLINK:
		plan->copy_symlink = true;
		break;
	case MOUNT_OTHER_REMOUNT:
	case MOUNT_OTHER_DEFAULTS: /* what is so anyway */
		break;
	}
}

/* What words say together that each alone does not. */
static int check(const struct spec_mount *m, const struct mount_plan *plan, struct err *e)
{
	if (!plan->bind && str_empty(m->type))
		return err_say(
			e, EINVAL, "neither a type nor the option 'bind' or 'rbind' is given");
	if (plan->bind && str_empty(m->source))
		return err_say(e, EINVAL, "a bind mount needs a source");
	if (plan->idmap && !plan->bind)
		return err_say(e, EINVAL, "only bind mounts can have their IDs mapped");
	if (plan->copy_up && (plan->bind || !str_eq(m->type, "tmpfs")))
		return err_say(e, EINVAL, "option 'tmpcopyup' is for mounts of type tmpfs");
	if (!plan->bind && (plan->src_nofollow || plan->dest_nofollow || plan->copy_symlink))
		return err_say(e, EINVAL, "option '%s' is for bind mounts",
			plan->src_nofollow    ? "src-nofollow"
			: plan->dest_nofollow ? "dest-nofollow"
					      : "copy-symlink");
	if (plan->copy_symlink && (plan->src_nofollow || plan->dest_nofollow))
		return err_say(e, EINVAL, "options 'copy-symlink' and '%s' contradict each other",
			plan->src_nofollow ? "src-nofollow" : "dest-nofollow");
	return 0;
}

static int take_option(const struct mount_opt *o, struct mount_plan *plan, struct err *e)
{
	if (!o->supported)
		return err_say(e, ENOTSUP, "option '%s' is not supported by this version", o->name);

	switch (o->kind) {
	case MOUNT_OPT_ATTR:
		take_attr(&plan->attr_set, &plan->attr_clear, o);
		break;
	case MOUNT_OPT_ATTR_REC:
		take_attr(&plan->rec_attr_set, &plan->rec_attr_clear, o);
		break;
	case MOUNT_OPT_PROPAGATION:
		if (plan->n_propagation == ELEMENTS(plan->propagation))
			return err_say(e, E2BIG, "more than %zu propagation options",
				ELEMENTS(plan->propagation));
		plan->propagation[plan->n_propagation++] = o->set;
		break;
	case MOUNT_OPT_BIND:
		plan->bind = true;
		plan->recursive = plan->recursive || (o->set & MS_REC);
		break;
	case MOUNT_OPT_OTHER:
		take_other((enum mount_opt_other)o->set, plan);
		break;
	case MOUNT_OPT_SUPER:
		break;
	}
	return 0;
}
