/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk.c - from JSON to structs by tables.
 *
 * Every value is checked for type and range before it is stored, and nothing is rounded or cut
 * short. The tree is the tokener's, so its depth and size are bounded already.
 */
#include "spec/walk.h"
#include "base/fd.h"
#include "spec/internal.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

static int read_field(struct load *l, const struct where *up, const struct field *f,
	const struct json *object, void *base);

int walk_object(struct load *l, const struct where *at, const struct object *object,
	const struct json *value, void *base)
{
	int r;

	if (!json_is(value, JSON_OBJECT))
		return walk_say(l, at, "spec.type", "must be an object, not %s", walk_type(value));

	for (const struct field *f = object->fields; f->name; f++) {
		r = load_go_on(l, read_field(l, at, f, value, base));
		if (r < 0)
			return r;
	}
	if (object->closed) {
		json_each(member, value) {
			const struct field *f = object->fields;

			while (f->name && !str_eq(f->name, member->name))
				f++;
			if (f->name || member->kind == JSON_NULL)
				continue;
			r = load_go_on(l, walk_say(l, at, "spec.name", "'%s' is not %s",
						  shown(member->name).text, object->closed));
			if (r < 0)
				return r;
		}
	}
	return object->after ? object->after(l, at, value, base) : 0;
}

const char *walk_type(const struct json *value)
{
	switch ((enum json_kind)value->kind) {
	case JSON_NULL:
		return "null";
	case JSON_BOOL:
		return "a boolean";
	case JSON_INT:
	case JSON_NUMBER:
		return "a number";
	case JSON_STRING:
		return "a string";
	case JSON_ARRAY:
		return "a list";
	case JSON_OBJECT:
		return "an object";
	}
	return "an unknown thing";
}

int walk_text(struct load *l, const struct where *at, const struct json *value, const char **ret)
{
	if (!json_is(value, JSON_STRING))
		return walk_say(l, at, "spec.type", "must be a string, not %s", walk_type(value));
	if (value->nul)
		return walk_say(l, at, "spec.nul", "must not contain a NUL character");
	*ret = value->text;
	return 0;
}

static int read_string(struct load *l, const struct where *at, const struct field *f,
	const struct json *value, void *member)
{
	const char *text;
	int r;

	r = walk_text(l, at, value, &text);
	if (r < 0)
		return r;
	/* Go writes and reads an optional string that is empty as one that is absent. */
	if (!*text)
		return f->required ? walk_say(l, at, "spec.empty", "must not be empty") : 0;
	*(const char **)member = text;
	return 0;
}

static int read_strings(
	struct load *l, const struct where *at, const struct json *value, struct str_list *ret)
{
	int all = 0;
	size_t n = 0;
	char **v;

	if (!json_is(value, JSON_ARRAY))
		return walk_say(
			l, at, "spec.type", "must be a list of strings, not %s", walk_type(value));
	v = arena_array(&l->spec->arena, char *, value->n + 1);
	if (!v)
		return err_nomem(l->e);

	json_each(it, value) {
		const struct where item = { .up = at, .index = n };
		const char *text;
		int r;

		r = walk_text(l, &item, it, &text);
		if (load_go_on(l, r) < 0)
			return r;
		if (r < 0)
			all = r;
		v[n++] = it->text;
	}
	/* No list with holes: an item that is none spoils it. */
	if (all == 0)
		*ret = (struct str_list){ .n = n, .v = v };
	return all;
}

static int read_pairs(
	struct load *l, const struct where *at, const struct json *value, struct pair_list *ret)
{
	struct str_pair *v;
	size_t n = 0;

	if (!json_is(value, JSON_OBJECT))
		return walk_say(l, at, "spec.type", "must be an object of strings, not %s",
			walk_type(value));
	v = arena_array(&l->spec->arena, struct str_pair, value->n + 1);
	if (!v)
		return err_nomem(l->e);

	json_each(member, value) {
		const struct where item = { .up = at, .name = member->name };
		const char *text;
		int r;

		r = walk_text(l, &item, member, &text);
		if (load_go_on(l, r) < 0)
			return r;
		if (r == 0)
			v[n++] = (struct str_pair){ member->name, text };
	}
	*ret = (struct pair_list){ .n = n, .v = v };
	return 0;
}

static int read_bool(struct load *l, const struct where *at, const struct json *value, bool *ret)
{
	if (!json_is(value, JSON_BOOL))
		return walk_say(
			l, at, "spec.type", "must be true or false, not %s", walk_type(value));
	*ret = value->u;
	return 0;
}

/* Any integer that JSON text can hold here: -2^63 to 2^64-1. */
struct number {
	bool negative;
	int64_t i;  /* negative */
	uint64_t u; /* not negative */
};

static int read_number(struct load *l, const struct where *at, const struct field *f,
	const struct json *value, struct number *ret)
{
	struct number n = { 0 };

	/* 1.0 and 1e3 are doubles to JSON and refused as integers by Go's decoder as well. */
	if (json_is(value, JSON_NUMBER))
		return walk_say(l, at, "spec.type",
			"must be a whole number without fraction or exponent, not %s",
			shown(value->text).text);
	if (!json_is(value, JSON_INT))
		return walk_say(l, at, "spec.type", "must be a number, not %s", walk_type(value));

	n.negative = value->negative;
	n.i = n.negative ? (int64_t)value->u : 0;
	n.u = n.negative ? 0 : value->u;
	if (n.negative && n.i < f->min)
		return walk_say(l, at, "spec.range",
			"%" PRId64 " is out of range %" PRId64 " to %" PRIu64, n.i, f->min, f->max);
	if (!n.negative && ((f->min > 0 && n.u < (uint64_t)f->min) || n.u > f->max))
		return walk_say(l, at, "spec.range",
			"%" PRIu64 " is out of range %" PRId64 " to %" PRIu64, n.u, f->min, f->max);
	*ret = n;
	return 0;
}

/* The row's range lies within the member's type: fields.c gives it by the same macro. */
static int read_integer(struct load *l, const struct where *at, const struct field *f,
	const struct json *value, void *member)
{
	struct number n = { 0 };
	int64_t i;
	int r;

	r = read_number(l, at, f, value, &n);
	if (r < 0)
		return r;
	i = n.negative ? n.i : (int64_t)n.u;
	switch (f->kind) {
	case FIELD_INT:
		*(int *)member = (int)i;
		return 0;
	case FIELD_I32:
		*(int32_t *)member = (int32_t)i;
		return 0;
	case FIELD_I64:
		*(int64_t *)member = i;
		return 0;
	case FIELD_U32:
		*(uint32_t *)member = (uint32_t)n.u;
		return 0;
	case FIELD_U64:
		*(uint64_t *)member = n.u;
		return 0;
	case FIELD_OPT_I64:
		*(struct opt_i64 *)member = (struct opt_i64){ true, i };
		return 0;
	case FIELD_OPT_U32:
		*(struct opt_u32 *)member = (struct opt_u32){ true, (uint32_t)n.u };
		return 0;
	default:
		*(struct opt_u64 *)member = (struct opt_u64){ true, n.u };
		return 0;
	}
}

static int read_name(struct load *l, const struct where *at, const struct field *f,
	const struct json *value, uint64_t *ret)
{
	const struct name_row *row;
	const char *text;
	int r;

	r = walk_text(l, at, value, &text);
	if (r < 0)
		return r;
	row = names_find(f->names, text);
	if (!row)
		return walk_say(l, at, "spec.name", "'%s' is not %s", shown(text).text, f->what);
	*ret = row->number;
	return 0;
}

static int read_flags(struct load *l, const struct where *at, const struct field *f,
	const struct json *value, uint64_t *ret)
{
	uint64_t flags = 0, bit;
	size_t i = 0;

	if (!json_is(value, JSON_ARRAY))
		return walk_say(
			l, at, "spec.type", "must be a list of strings, not %s", walk_type(value));
	json_each(it, value) {
		const struct where item = { .up = at, .index = i++ };
		int r;

		r = read_name(l, &item, f, it, &bit);
		if (load_go_on(l, r) < 0)
			return r;
		if (r == 0)
			flags |= bit;
	}
	*ret = flags;
	return 0;
}

int walk_list(struct load *l, const struct where *at, const struct field *f,
	const struct json *value, size_t *ret_n, void **ret)
{
	const struct object *object = f->object;
	/* A list of numbers has no table; its items are read as the row itself says. */
	const struct field number = { .kind = FIELD_U32, .min = f->min, .max = f->max };
	size_t n, i = 0;
	char *v;
	int r;

	if (!json_is(value, JSON_ARRAY))
		return walk_say(l, at, "spec.type", "must be a list, not %s", walk_type(value));
	n = value->n;
	if (n == 0)
		return 0;
	v = arena_alloc(&l->spec->arena, n, object->size);
	if (!v)
		return err_nomem(l->e);

	json_each(it, value) {
		const struct where item = { .up = at, .index = i };

		if (object->fields)
			r = walk_object(l, &item, object, it, v + i++ * object->size);
		else
			r = read_integer(l, &item, &number, it, v + i++ * object->size);
		if (load_go_on(l, r) < 0)
			return r;
	}
	*ret_n = n;
	*ret = v;
	return 0;
}

static int read_list(struct load *l, const struct where *at, const struct field *f,
	const struct json *value, char *base)
{
	void *items = NULL;
	size_t n = 0;
	int r;

	r = walk_list(l, at, f, value, &n, &items);
	if (r < 0)
		return r;
	*(size_t *)(base + f->count) = n;
	*(void **)(base + f->at) = items;
	return 0;
}

static int read_object(struct load *l, const struct where *at, const struct field *f,
	const struct json *value, char *base)
{
	void *object;
	int r;

	if (f->kind == FIELD_OBJECT) {
		r = walk_object(l, at, f->object, value, base + f->at);
		if (r == 0 && f->count != FIELD_NOWHERE)
			*(bool *)(base + f->count) = true;
		return r;
	}
	object = arena_alloc(&l->spec->arena, 1, f->object->size);
	if (!object)
		return err_nomem(l->e);
	r = walk_object(l, at, f->object, value, object);
	if (r == 0)
		*(void **)(base + f->at) = object;
	return r;
}

static int read_names(struct load *l, const struct where *at, const struct field *f,
	const struct json *value, void *member)
{
	uint64_t number = 0;
	int r;

	if (f->kind == FIELD_NAME_INT || f->kind == FIELD_NAME_U32)
		r = read_name(l, at, f, value, &number);
	else
		r = read_flags(l, at, f, value, &number);
	if (r < 0)
		return r;
	if (f->kind == FIELD_NAME_INT)
		*(int *)member = (int)number;
	else if (f->kind == FIELD_FLAGS_U64)
		*(uint64_t *)member = number;
	else
		*(uint32_t *)member = (uint32_t)number;
	return 0;
}

static int read_field(struct load *l, const struct where *up, const struct field *f,
	const struct json *object, void *base)
{
	const struct where at = { .up = up, .name = f->name };
	const struct json *value = json_get(object, f->name);

	if (!value)
		return f->required ? walk_say(l, &at, "spec.required", "is required") : 0;
	return walk_value(l, &at, f, value, base);
}

int walk_value(struct load *l, const struct where *at, const struct field *f,
	const struct json *value, void *base)
{
	char *member = (char *)base + f->at;

	switch (f->kind) {
	case FIELD_STRING:
		return read_string(l, at, f, value, member);
	case FIELD_STRINGS:
		return read_strings(l, at, value, (struct str_list *)member);
	case FIELD_PAIRS:
		return read_pairs(l, at, value, (struct pair_list *)member);
	case FIELD_BOOL:
		return read_bool(l, at, value, (bool *)member);
	case FIELD_OPT_BOOL:
		((struct opt_bool *)member)->set = true;
		return read_bool(l, at, value, &((struct opt_bool *)member)->v);
	case FIELD_INT:
	case FIELD_I32:
	case FIELD_I64:
	case FIELD_U32:
	case FIELD_U64:
	case FIELD_OPT_I64:
	case FIELD_OPT_U32:
	case FIELD_OPT_U64:
		return read_integer(l, at, f, value, member);
	case FIELD_NAME_INT:
	case FIELD_NAME_U32:
	case FIELD_FLAGS_U32:
	case FIELD_FLAGS_U64:
		return read_names(l, at, f, value, member);
	case FIELD_OBJECT:
	case FIELD_OBJECT_PTR:
		return read_object(l, at, f, value, base);
	case FIELD_LIST:
		return read_list(l, at, f, value, base);
	case FIELD_CUSTOM:
		return f->read(l, at, f, value, base);
	case FIELD_FOREIGN:
		return walk_warn(l, at, "spec.foreign", "is for another platform and ignored");
	}
	return 0;
}

/* A name as a part of a JSON pointer (RFC 6901), shortened. */
static void pointer_add(struct strbuf *b, const char *name)
{
	const struct shown part = shown(name);

	for (const char *p = part.text; *p; p++) {
		if (*p == '~')
			strbuf_adds(b, "~0");
		else if (*p == '/')
			strbuf_adds(b, "~1");
		else
			strbuf_add(b, p, 1);
	}
}

static void pointer_of(struct strbuf *b, const struct where *at)
{
	const struct where *chain[SPEC_DEPTH_MAX];
	size_t n = 0;

	for (; at && n < SPEC_DEPTH_MAX; at = at->up)
		chain[n++] = at;
	while (n-- > 0) {
		strbuf_add(b, "/", 1);
		if (chain[n]->name)
			pointer_add(b, chain[n]->name);
		else
			strbuf_addf(b, "%zu", chain[n]->index);
	}
}

int walk_say(struct load *l, const struct where *at, const char *code, const char *fmt, ...)
{
	_cleanup_(strbuf_free) struct strbuf pointer = { 0 };
	char text[512];
	va_list ap;
	int r;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	pointer_of(&pointer, at);
	if (pointer.failed)
		return err_nomem(l->e);
	if (l->all) {
		r = spec_found(l->all, code, MPOL_ERROR, pointer.text, text);
		return r < 0 ? err_nomem(l->e) : -EINVAL;
	}
	return err_say(l->e, EINVAL, "%s%s%s", pointer.len ? pointer.text : "",
		pointer.len ? ": " : "", text);
}

int walk_warn(struct load *l, const struct where *at, const char *code, const char *fmt, ...)
{
	_cleanup_(strbuf_free) struct strbuf pointer = { 0 };
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	pointer_of(&pointer, at);
	if (pointer.failed)
		return err_nomem(l->e);
	if (l->all)
		return spec_found(l->all, code, MPOL_WARNING, pointer.text, text) < 0
			       ? err_nomem(l->e)
			       : 0;
	return spec_warn(l->spec, l->e, "%s%s%s", pointer.len ? pointer.text : "",
		pointer.len ? ": " : "", text);
}
