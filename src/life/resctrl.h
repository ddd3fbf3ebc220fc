/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resctrl.h - a container's class and monitoring group in resctrl, where its config has intelRdt:
 * from the plan to the end. state->rdt is NULL where it has not; then all of this is nothing.
 */
#pragma once

#include "life/state.h"
#include "spec/spec.h"

#include <stdbool.h>

/* Make and limit them. s->rdt is planned and saved; it is saved again. */
int resctrl_make(struct state *s, const struct spec_intel_rdt *spec, struct err *e);
/* Put a process into them. */
int resctrl_join(const struct state *s, pid_t pid, struct err *e);
/* Remove them, as far as they are the container's own; undo: a create failed. */
int resctrl_leave(const struct state *s, bool undo, struct err *e);

/* Other schemata while it lives; *ret_before: malloc'ed, for resctrl_restore(). */
int resctrl_update(const struct state *s, const struct spec_intel_rdt *spec, char **ret_before,
	struct err *e);
/* Take an update back; what cannot be is added to e. */
void resctrl_restore(const struct state *s, const char *before, struct err *e);
