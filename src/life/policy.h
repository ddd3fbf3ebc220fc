/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy.h - which memory policy a container gets: asked of the config, its annotations, the
 * command line and hasu.conf; and what is said about it in the log.
 */
#pragma once

#include "life/life.h"

#include <stdbool.h>

struct arena;

/*
 * By the parent, before anything is made. cgroup is the container's path, "" where it has none.
 * image: restore: what init had at its checkpoint, which takes the place of what was asked for then,
 * under the same rules; NULL: none.
 */
int policy_plan(const struct life *life, const struct spec *spec,
	const struct memory_options *options, const char *cgroup, const struct mpol *image,
	struct arena *arena, struct memory_plan *ret, struct err *e);

/* The same for exec, where the command line gives a policy. */
int policy_plan_exec(const struct memory_options *options, bool refuse_narrowing,
	struct memory_plan *ret, struct err *e);

/* When it is in force. */
void policy_log(const struct memory_plan *plan, const struct memory_result *result);
