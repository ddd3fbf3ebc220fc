/* SPDX-License-Identifier: Apache-2.0 */
/*
 * internal.h - what the files of src/spec share. Private to src/spec.
 */
#pragma once

#include "spec/spec.h"

#include <json-c/json.h>

/* Which part of a config a text is, and so what it must have and how pointers into it start. */
enum spec_part {
	SPEC_WHOLE,     /* a config.json */
	SPEC_PROCESS,   /* its process alone: exec --process */
	SPEC_RESOURCES, /* its linux.resources alone: update --resources */
};

/* json.c: text, NUL-ended behind its length, to a tree. Errors have line and column. */
int json_read(const char *text, size_t len, json_object **ret, struct err *e);

/* fields.c: fill the spec from JSON. Errors have the pointer but not the file's name. */
int fields_read(struct spec *spec, enum spec_part part, json_object *json, struct err *e);

/* rules.c: the specification's rules beyond its schema; also settles what follows from others. */
int rules_check(struct spec *spec, enum spec_part part, struct err *e);

/* rules_process.c: those of process; at is "/process" or "". */
int rules_check_process(struct spec *spec, const char *at, struct err *e);

/* rules_linux.c: those of linux without its resources. */
int rules_check_linux(struct spec *spec, struct err *e);

/* A map of IDs, of the user namespace or of a mount; at is its pointer. */
int rules_check_id_map(const struct id_map *map, const char *at, struct err *e);

/* rules_resources.c: at is "/linux/resources" or ""; whole: not an update of what is there. */
int rules_check_resources(struct spec *spec, const char *at, bool whole, struct err *e);

/* A list of CPUs such as "0-3,7"; NULL is fine. at is its pointer. */
int rules_check_cpus(const char *list, const char *at, struct err *e);

/* Keep a warning, a whole sentence with its pointer. Returns 0, or -ENOMEM with e set. */
int spec_warn(struct spec *spec, struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* A value of the input as it is shown in a sentence: shortened at a character's edge. */
struct shown {
	char text[104];
};
struct shown shown(const char *s);
