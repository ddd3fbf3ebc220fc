/* SPDX-License-Identifier: Apache-2.0 */
/*
 * caps.h - the five capability sets of capabilities(7), by raw system calls.
 */
#pragma once

#include "base/err.h"
#include "base/str.h"
#include "spec/spec.h"

#include <stdbool.h>
#include <stdint.h>

/* The highest capability that this kernel knows, found by asking it. */
unsigned caps_last(void);

/* Has the caller this capability in its effective set? */
bool caps_have(unsigned cap);

/* Drop from the bounding set all but keep. */
int caps_bound(uint64_t keep, struct err *e);

/* Keep the permitted set over the next setresuid(2); all effective ones are raised again by
 * caps_regain. */
int caps_keep(struct err *e);
int caps_regain(struct err *e);

/*
 * Take out of the sets what the caller does not have itself and so cannot give, unless the process
 * will be in a user namespace, which gives it all. What was taken out is added to ret_lacking, by
 * name. "Runtimes SHOULD NOT fail if the container configuration requests capabilities that cannot
 * be granted" (config.md, Linux Process).
 */
int caps_limit(struct spec_capabilities *caps, struct strbuf *ret_lacking, struct err *e);

/* Permitted, effective and inheritable, then ambient. A capability that the caller does not have is
 * an error that names it. */
int caps_set(const struct spec_capabilities *caps, struct err *e);
