/* SPDX-License-Identifier: Apache-2.0 */
/*
 * property.h - the fields of a request, and the properties among them as parts of a D-Bus message.
 */
#pragma once

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

/* Where a request is read; the strings stay the text's. */
struct fields {
	const char *next, *end;
};

/* The next field, or NULL with e set. what: for the error. */
const char *fields_take(struct fields *f, const char *what, struct err *e);
int fields_number(struct fields *f, const char *what, uint64_t max, uint64_t *ret, struct err *e);

/* Names of properties that this systemd does not know; '|' before and behind each. */
struct unknown {
	char names[1024];
};

/* Read N PROPERTY..., and append them as a(sv), without those that are unknown. */
int properties_append(
	struct fields f, const struct unknown *unknown, sd_bus_message *m, struct err *e);

/*
 * Does this message of systemd speak of a property that may be left out? Then it is among the
 * unknown ones, and the call is worth another try.
 */
bool properties_may_drop(struct fields f, const char *message, struct unknown *unknown);
