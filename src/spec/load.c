/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load.c - the one door by which a config enters: file or text -> struct spec.
 *
 * Everything in it is hostile until it has passed base/json_read.c (syntax), fields.c (types and ranges) and
 * rules.c (the specification's rules). Nothing here looks at the host.
 */
#include "base/fd.h"
#include "spec/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

static int load_file(
	int dir_fd, const char *name, enum spec_part part, struct spec **ret, struct err *e);
static int load_copy(const char *text, size_t len, const char *what, enum spec_part part,
	struct spec **ret, struct err *e);
static int collect(struct spec *spec, struct spec_findings *all, struct spec **ret, struct err *e);

/* It lies in its own arena; NULL: no memory. */
static struct spec *spec_new(void)
{
	struct arena arena = { 0 };
	struct spec *spec = arena_new(&arena, struct spec);

	if (spec)
		spec->arena = arena;
	return spec;
}

/* what names the text in errors. */
static int read_text(struct spec *spec, int fd, const char *what, struct err *e)
{
	int r;

	r = fd_read_arena(fd, SPEC_TEXT_MAX, &spec->arena, &spec->text, &spec->text_len);
	if (r == -EFBIG)
		return err_say(e, EFBIG, "%s: is larger than %u MiB", what, SPEC_TEXT_MAX >> 20);
	return r < 0 ? err_set(e, -r, "reading '%s'", what) : 0;
}

static int copy_text(struct spec *spec, const char *text, size_t len, struct err *e)
{
	spec->text = arena_strndup(&spec->arena, text, len);
	spec->text_len = len;
	return spec->text ? 0 : err_nomem(e);
}

int spec_load(int dir_fd, const char *name, struct spec **ret, struct err *e)
{
	return load_file(dir_fd, name, SPEC_WHOLE, ret, e);
}

int spec_load_process(const char *path, struct spec **ret, struct err *e)
{
	return load_file(AT_FDCWD, path, SPEC_PROCESS, ret, e);
}

int spec_parse(const char *text, size_t len, const char *what, struct spec **ret, struct err *e)
{
	return load_copy(text, len, what, SPEC_WHOLE, ret, e);
}

int spec_parse_process(
	const char *text, size_t len, const char *what, struct spec **ret, struct err *e)
{
	return load_copy(text, len, what, SPEC_PROCESS, ret, e);
}

int spec_parse_resources(
	const char *text, size_t len, const char *what, struct spec **ret, struct err *e)
{
	return load_copy(text, len, what, SPEC_RESOURCES, ret, e);
}

int spec_check(
	int fd, const char *what, struct spec_findings *all, struct spec **ret, struct err *e)
{
	_cleanup_(spec_freep) struct spec *spec = spec_new();
	int r;

	r = spec ? read_text(spec, fd, what, e) : err_nomem(e);
	return r < 0 ? r : collect(TAKE_PTR(spec), all, ret, e);
}

int spec_check_text(
	const char *text, size_t len, struct spec_findings *all, struct spec **ret, struct err *e)
{
	_cleanup_(spec_freep) struct spec *spec = spec_new();
	int r;

	r = spec ? copy_text(spec, text, len, e) : err_nomem(e);
	return r < 0 ? r : collect(TAKE_PTR(spec), all, ret, e);
}

void spec_free(struct spec *spec)
{
	struct arena arena;

	if (!spec)
		return;
	arena = spec->arena;
	arena_free(&arena);
}

const char *spec_annotation(const struct spec *spec, const char *key)
{
	for (size_t i = 0; i < spec->annotations.n; i++) {
		if (str_eq(spec->annotations.v[i].key, key))
			return spec->annotations.v[i].value;
	}
	return NULL;
}

/* Its strings are the spec's from then on, so they lie in its arena. */
static int parse(struct spec *spec, const struct json **ret, struct err *e)
{
	static const struct json_bounds bounds = {
		.len = SPEC_TEXT_MAX,
		.values = SPEC_VALUES_MAX,
		.objects = SPEC_OBJECTS_MAX,
		.depth = SPEC_DEPTH_MAX,
	};

	return json_parse(spec->text, spec->text_len, &bounds, &spec->arena, ret, e);
}

static int read_spec(struct spec *spec, enum spec_part part, struct err *e)
{
	struct load load = { .spec = spec, .e = e };
	const struct json *json;
	int r;

	r = parse(spec, &json, e);
	if (r < 0)
		return r;
	r = fields_read(&load, part, json);
	return r < 0 ? r : rules_check(spec, part, &load);
}

/* Takes spec, which has its text. */
static int load(
	struct spec *spec, const char *what, enum spec_part part, struct spec **ret, struct err *e)
{
	int r = read_spec(spec, part, e);

	if (r < 0) {
		(void)err_prefix(e, "%s", what);
		spec_free(spec);
		return r;
	}
	*ret = spec;
	return 0;
}

static int load_file(
	int dir_fd, const char *name, enum spec_part part, struct spec **ret, struct err *e)
{
	_cleanup_(spec_freep) struct spec *spec = spec_new();
	_cleanup_close_ int fd = -1;
	int r;

	if (!spec)
		return err_nomem(e);
	/* A pipe in a config's place would be waited for; a process object may well come by one. */
	fd = openat(dir_fd, name,
		O_RDONLY | O_CLOEXEC | O_NOCTTY | (part == SPEC_WHOLE ? O_NONBLOCK : 0));
	if (fd < 0)
		return err_set(e, errno, "opening '%s'", name);
	r = read_text(spec, fd, name, e);
	return r < 0 ? r : load(TAKE_PTR(spec), name, part, ret, e);
}

static int load_copy(const char *text, size_t len, const char *what, enum spec_part part,
	struct spec **ret, struct err *e)
{
	_cleanup_(spec_freep) struct spec *spec = NULL;
	int r;

	if (len > SPEC_TEXT_MAX)
		return err_say(e, EFBIG, "%s: is larger than %u MiB", what, SPEC_TEXT_MAX >> 20);
	spec = spec_new();
	r = spec ? copy_text(spec, text, len, e) : err_nomem(e);
	return r < 0 ? r : load(TAKE_PTR(spec), what, part, ret, e);
}

static int collect_all(struct load *load)
{
	struct spec *spec = load->spec;
	const struct json *json;
	int r;

	r = parse(spec, &json, load->e);
	if (r == -EINVAL) /* what it means nobody knows: there is nothing more to say */
		return spec_found(load->all, "spec.json", MPOL_ERROR, "", load->e->text) < 0
			       ? err_nomem(load->e)
			       : 1;
	if (r < 0)
		return r;
	r = fields_read(load, SPEC_WHOLE, json);
	if (r == -EINVAL) /* no object at all */
		return 1;
	spec_findings_read(load->all);
	if (r == 0)
		r = rules_check(spec, SPEC_WHOLE, load);
	if (r == 0)
		r = supported_check(spec, load);
	load->all->rules_done = true;
	return r;
}

/* Takes spec, which has its text. */
static int collect(struct spec *spec, struct spec_findings *all, struct spec **ret, struct err *e)
{
	struct load load = { .spec = spec, .e = e, .all = all };
	int r = collect_all(&load);

	*ret = r == 0 ? spec : NULL;
	if (r != 0)
		spec_free(spec);
	return r < 0 ? r : 0;
}
