/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk.h - from JSON to structs by tables: the machine behind fields.c. Private to src/spec.
 *
 * A table row joins a JSON name to a member of a struct: kind, range, whether it is required. The
 * walker knows nothing of containers; the tables know nothing of JSON. Its recursion is as deep as
 * the tables nest, whatever the input does.
 */
#pragma once

#include "spec/internal.h"
#include "spec/names.h"
#include "spec/spec.h"

#include <stddef.h>

/* Where we are, for the JSON pointer of an error: a chain of names and indexes on the stack. */
struct where {
	const struct where *up;
	const char *name; /* NULL: index */
	size_t index;
};

enum field_kind {
	FIELD_STRING,    /* const char * */
	FIELD_STRINGS,   /* struct str_list */
	FIELD_PAIRS,     /* struct pair_list: an object of strings */
	FIELD_BOOL,      /* bool */
	FIELD_OPT_BOOL,  /* struct opt_bool */
	FIELD_INT,       /* int */
	FIELD_I32,       /* int32_t */
	FIELD_I64,       /* int64_t */
	FIELD_U32,       /* uint32_t */
	FIELD_U64,       /* uint64_t */
	FIELD_OPT_I64,   /* struct opt_i64 */
	FIELD_OPT_U32,   /* struct opt_u32 */
	FIELD_OPT_U64,   /* struct opt_u64 */
	FIELD_NAME_INT,  /* int: a name's number */
	FIELD_NAME_U32,  /* uint32_t: a name's number */
	FIELD_FLAGS_U32, /* uint32_t: the numbers of a list of names, ored */
	FIELD_FLAGS_U64, /* uint64_t: the same */
	FIELD_OBJECT, /* a struct in place; count, if there is one, is a bool that says it is there
		       */
	FIELD_OBJECT_PTR, /* a pointer to a struct, NULL when absent */
	FIELD_LIST,       /* a pointer to structs or numbers, and their count */
	FIELD_CUSTOM,     /* read() */
	FIELD_FOREIGN,    /* of another platform: ignored with a warning */
};

#define FIELD_NOWHERE SIZE_MAX

struct object;

struct field {
	const char *name;
	enum field_kind kind;
	bool required;
	size_t at;    /* offset of the member */
	size_t count; /* offset of the list's length or the object's bool; FIELD_NOWHERE: none */
	int64_t min;
	uint64_t max;
	const struct object *object; /* what an object or the items of a list consist of */
	const struct name_row *names;
	const char *what; /* "a seccomp action": what an unknown name is not */
	/* FIELD_CUSTOM: value is not NULL; base is the struct, not the member. */
	int (*read)(struct load *l, const struct where *at, const struct field *f,
		const struct json *value, void *base);
};

struct object {
	const struct field
		*fields;    /* ends with a row whose name is NULL; NULL: items are numbers */
	size_t size;        /* of the struct */
	const char *closed; /* what a name that is not in the table is not; NULL: ignored */
	/* Called when all fields are read: what one row cannot say. */
	int (*after)(struct load *l, const struct where *at, const struct json *value, void *base);
};

/* Read an object into the struct at base, zeroed by the caller. Returns 0 or -errno with e set. */
int walk_object(struct load *l, const struct where *at, const struct object *object,
	const struct json *value, void *base);

/* Read one value into its member of the struct at base, as the row says. */
int walk_value(struct load *l, const struct where *at, const struct field *f,
	const struct json *value, void *base);

/* Read a list of objects: *ret is in the arena. */
int walk_list(struct load *l, const struct where *at, const struct field *f,
	const struct json *value, size_t *ret_n, void **ret);

/*
 * "<pointer>: <sentence>". Returns -EINVAL, since there is no value: where all errors are collected
 * the list or object around it goes on with the next one, and its member is as if it were absent.
 */
int walk_say(struct load *l, const struct where *at, const char *code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* The same as a warning of the spec; loading goes on. Returns 0, or -ENOMEM with e set. */
int walk_warn(struct load *l, const struct where *at, const char *code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* A JSON string as text: neither another type nor one with NUL in it, which would cut it short. */
int walk_text(struct load *l, const struct where *at, const struct json *value, const char **ret);
/* "a string": what a value is, in words. */
const char *walk_type(const struct json *value);
