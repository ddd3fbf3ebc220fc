/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resctrl.c - the steps of linux/rdt.h in the life of a container. See resctrl.h.
 */
#include "life/resctrl.h"

#include "base/fd.h"
#include "life/fault.h"
#include "linux/rdt.h"

#include <errno.h>

int resctrl_make(struct state *s, const struct spec_intel_rdt *spec, struct err *e)
{
	int r = FAULT("resctrl", e);

	if (r < 0 || !s->rdt)
		return r;
	_cleanup_close_ int root = rdt_open(s->rdt, e);
	if (root < 0)
		return root;
	if ((r = rdt_make(s->rdt, root, spec, e)) < 0 || (r = state_save(s, e)) < 0 ||
		(r = rdt_limit(s->rdt, root, spec, e)) < 0)
		return r;
	return rdt_monitor(s->rdt, root, spec, e);
}

int resctrl_join(const struct state *s, pid_t pid, struct err *e)
{
	if (!s->rdt)
		return 0;
	_cleanup_close_ int root = rdt_open(s->rdt, e);
	return root < 0 ? root : rdt_add(s->rdt, root, pid, e);
}

int resctrl_leave(const struct state *s, bool undo, struct err *e)
{
	if (!s->rdt)
		return 0;
	_cleanup_close_ int root = rdt_open(s->rdt, e);
	/* Unmounted: all classes went with that. */
	if (root == -ENOENT)
		return 0;
	return root < 0 ? root : rdt_remove(s->rdt, root, undo, e);
}

int resctrl_update(
	const struct state *s, const struct spec_intel_rdt *spec, char **ret_before, struct err *e)
{
	if (!s->rdt)
		return err_say(e, EINVAL,
			"container '%s' was made without /linux/intelRdt: it has no class whose "
			"schemata could be changed",
			s->id);
	_cleanup_close_ int root = rdt_open(s->rdt, e);
	if (root < 0)
		return root;
	return rdt_update(s->rdt, root, spec->l3_cache_schema, spec->mem_bw_schema, ret_before, e);
}

void resctrl_restore(const struct state *s, const char *before, struct err *e)
{
	struct err ignored;

	_cleanup_close_ int root = rdt_open(s->rdt, &ignored);
	int r = root < 0 ? root : rdt_restore(s->rdt, root, before);
	if (r < 0)
		(void)err_prefix(e, "(the schemata could not be put back: %s)", err_reason(-r));
}
