/* SPDX-License-Identifier: Apache-2.0 */
/*
 * internal.h - what the files of src/spec share. Private to src/spec.
 */
#pragma once

#include "base/json_read.h"
#include "spec/spec.h"

#include <errno.h>

/* Which part of a config a text is, and so what it must have and how pointers into it start. */
enum spec_part {
	SPEC_WHOLE,     /* a config.json */
	SPEC_PROCESS,   /* its process alone: exec --process */
	SPEC_RESOURCES, /* its linux.resources alone: update --resources */
};

/* One config on its way in. */
struct load {
	struct spec *spec; /* its arena keeps everything */
	struct err *e;
	struct spec_findings *all; /* NULL: the first error ends it */
};

/* fields.c: fill the spec from JSON. Errors have the pointer but not the file's name. */
int fields_read(struct load *load, enum spec_part part, const struct json *json);

/* rules.c: the specification's rules beyond its schema; also settles what follows from others. */
int rules_check(struct spec *spec, enum spec_part part, struct load *load);

/* rules_process.c: those of process; at is "/process" or "". */
int rules_check_process(struct spec *spec, const char *at, struct load *load);

/* rules_linux.c: those of linux without its resources. */
int rules_check_linux(struct spec *spec, struct load *load);

/* A map of IDs, of the user namespace or of a mount; at is its pointer. */
int rules_check_id_map(const struct id_map *map, const char *at, struct load *load);

/* mount_maps.c: maps in the options of mount number n become its uidMappings and gidMappings. */
int rules_settle_mount_maps(struct spec *spec, size_t n, struct load *load);

/* rules_resources.c: at is "/linux/resources" or ""; whole: not an update of what is there. */
int rules_check_resources(struct spec *spec, const char *at, bool whole, struct load *load);

/* Of a process or a hook; at is the pointer of what has it. */
int rules_check_env(const struct str_list *env, const char *at, struct load *load);

/* A list of CPUs such as "0-3,7"; NULL is fine. at is its pointer. */
int rules_check_cpus(const char *list, const char *at, struct load *load);

/* supported.c: as spec_check_supported(). */
int supported_check(const struct spec *spec, struct load *load);

/*
 * collect.c: a rule is broken. The sentence begins with its pointer, "/hostname: ...", in which no
 * ": " may occur. Where the first error ends it: -num with the error set. Where all are collected:
 * a finding, and 0, so that the rules that follow are looked at as well. -ENOMEM in any case.
 */
int load_say(struct load *load, int num, const char *code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
#define load_broken(load, code, ...) load_say((load), EINVAL, (code), __VA_ARGS__)

/* A rule: where the condition holds it is broken, and where the first error ends it we RETURN. */
#define REFUSE_IF(load, condition, code, ...)                                                      \
	do {                                                                                       \
		int refused_ = (condition) ? load_broken(load, code, __VA_ARGS__) : 0;             \
		if (refused_ < 0)                                                                  \
			return refused_;                                                           \
	} while (0)

/* Keep a warning, a whole sentence with its pointer. Returns 0, or -ENOMEM with the error set. */
int load_warn(struct load *load, const char *code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* A warning as `create` logs it. Returns 0, or -ENOMEM with e set. */
int spec_warn(struct spec *spec, struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Collected: everything is read that can be; from here on rules speak. */
void spec_findings_read(struct spec_findings *all);

/* Collected: all that libmpol found. Returns 0, or -ENOMEM with the error set. */
int load_report(struct load *load, const struct mpol_report *report);

/* Collected: what is wrong with this value is said, and the next one is looked at. */
static inline int load_go_on(const struct load *load, int r)
{
	return load->all && r == -EINVAL ? 0 : r;
}
