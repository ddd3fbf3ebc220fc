/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state_json.c - a container's state as JSON: what is saved, what is read back, and what hooks get.
 */
#include "life/state.h"

#include "base/fd.h"
#include "base/json.h"
#include "base/json_read.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

static void write_pairs(struct json_writer *w, const char *name, const struct pair_list *pairs)
{
	jw_object(w, name);
	for (size_t i = 0; i < pairs->n; i++)
		jw_string(w, pairs->v[i].key, pairs->v[i].value);
	jw_object_end(w);
}

void state_write(struct strbuf *b, const struct state *s)
{
	struct json_writer w = { .b = b, .saved = true };

	jw_object(&w, NULL);
	jw_string(&w, "ociVersion", SPEC_OCI_VERSION);
	jw_string(&w, "id", s->id);
	jw_string(&w, "bundle", s->bundle);
	jw_string(&w, "rootfs", s->rootfs ? s->rootfs : "");
	jw_string(&w, "created", s->created);
	jw_u64(&w, "owner", s->owner);
	jw_bool(&w, "creating", s->creating);
	jw_bool(&w, "noNewKeyring", s->no_keyring);
	jw_bool(&w, "sharedPid", s->shared_pid);
	jw_bool(&w, "started", s->started);
	jw_i64(&w, "pid", s->pid);
	jw_u64(&w, "pidStart", s->pid_start);
	jw_u64(&w, "hooks", s->hooks);
	if (s->annotations.n)
		write_pairs(&w, "annotations", &s->annotations);
	if (s->cgroup)
		cgroup_write(&w, "cgroup", s->cgroup);
	if (s->rdt)
		rdt_write(&w, "rdt", s->rdt);
	if (s->memory.present)
		memory_write(&w, "memoryPolicy", &s->memory, &s->memory_request);
	jw_object_end(&w);
}

static int bad(struct err *e, const struct state *s, const char *key)
{
	return err_say(e, EBADMSG, "the saved state of container '%s' is damaged: %s", s->id, key);
}

static int get_string(const struct state *s, const struct json *o, const char *key,
	const char **ret, struct err *e)
{
	*ret = json_text(json_get(o, key));
	return *ret ? 0 : bad(e, s, key);
}

static int get_number(const struct state *s, const struct json *o, const char *key, uint64_t max,
	uint64_t *ret, struct err *e)
{
	return json_u64(json_get(o, key), max, ret) ? 0 : bad(e, s, key);
}

static int get_bool(
	const struct state *s, const struct json *o, const char *key, bool *ret, struct err *e)
{
	const struct json *v = json_get(o, key);

	if (!json_is(v, JSON_BOOL))
		return bad(e, s, key);
	*ret = v->u;
	return 0;
}

static int get_pairs(struct state *s, const struct json *o, const char *key, struct pair_list *ret,
	struct err *e)
{
	const struct json *v = json_get(o, key);
	size_t n = 0;

	if (!v)
		return 0;
	if (!json_is(v, JSON_OBJECT))
		return bad(e, s, key);
	struct str_pair *pairs = arena_array(&s->arena, struct str_pair, v->n);
	if (!pairs)
		return err_nomem(e);
	json_each(it, v) {
		if (!json_text(it))
			return bad(e, s, key);
		pairs[n++] = (struct str_pair){ it->name, json_text(it) };
	}
	*ret = (struct pair_list){ .n = n, .v = pairs };
	return 0;
}

static int read_members(struct state *s, const struct json *o, struct err *e)
{
	const struct json *v;
	const char *id;
	uint64_t owner, pid, hooks;
	int r;

	if ((r = get_string(s, o, "id", &id, e)) < 0 ||
		(r = get_string(s, o, "bundle", &s->bundle, e)) < 0 ||
		(r = get_string(s, o, "rootfs", &s->rootfs, e)) < 0 ||
		(r = get_string(s, o, "created", &s->created, e)) < 0 ||
		(r = get_number(s, o, "owner", UINT32_MAX, &owner, e)) < 0 ||
		(r = get_number(s, o, "pid", INT32_MAX, &pid, e)) < 0 ||
		(r = get_number(s, o, "pidStart", UINT64_MAX, &s->pid_start, e)) < 0 ||
		(r = get_number(s, o, "hooks", (1u << HOOK_POINTS) - 1, &hooks, e)) < 0 ||
		(r = get_bool(s, o, "creating", &s->creating, e)) < 0 ||
		(r = get_bool(s, o, "noNewKeyring", &s->no_keyring, e)) < 0 ||
		(r = get_bool(s, o, "sharedPid", &s->shared_pid, e)) < 0 ||
		(r = get_bool(s, o, "started", &s->started, e)) < 0 ||
		(r = get_pairs(s, o, "annotations", &s->annotations, e)) < 0)
		return r;
	if (!str_eq(id, s->id))
		return bad(e, s, "id");
	s->owner = (uid_t)owner;
	s->pid = (pid_t)pid;
	s->hooks = (unsigned)hooks;
	if ((v = json_get(o, "cgroup"))) {
		r = cgroup_from_json(v, &s->arena, &s->cgroup, e);
		if (r < 0)
			return err_prefix(e, "the saved state of container '%s'", s->id);
	}
	if ((v = json_get(o, "rdt"))) {
		r = rdt_from_json(v, s->id, &s->arena, &s->rdt, e);
		if (r < 0)
			return err_prefix(e, "container '%s'", s->id);
	}
	if ((v = json_get(o, "memoryPolicy"))) {
		r = memory_from_json(v, &s->memory, &s->memory_request, e);
		if (r < 0)
			return err_prefix(e, "the saved state of container '%s'", s->id);
	}
	return 0;
}

int state_from_json(struct state *s, const char *text, size_t len, struct err *e)
{
	static const struct json_bounds bounds = JSON_BOUNDS_OURS(STATE_TEXT_MAX);
	const struct json *json;
	int r;

	/* Its strings are the state's from then on, so they lie in its arena. */
	r = json_parse(text, len, &bounds, &s->arena, &json, e);
	if (r == -ENOMEM)
		return r;
	if (r < 0 || !json_is(json, JSON_OBJECT))
		return bad(e, s, "it is not a JSON object");
	return read_members(s, json, e);
}

char *state_oci_text(const struct state *s, const char *status, pid_t pid)
{
	struct strbuf b = { 0 };

	strbuf_adds(&b, "{\"ociVersion\":\"" SPEC_OCI_VERSION "\",\"id\":");
	strbuf_add_json(&b, s->id);
	strbuf_addf(&b, ",\"status\":\"%s\"", status);
	if (pid > 0)
		strbuf_addf(&b, ",\"pid\":%d", pid);
	strbuf_adds(&b, ",\"bundle\":");
	strbuf_add_json(&b, s->bundle);
	strbuf_adds(&b, ",\"annotations\":{");
	for (size_t i = 0; i < s->annotations.n; i++) {
		strbuf_adds(&b, i ? "," : "");
		strbuf_add_json(&b, s->annotations.v[i].key);
		strbuf_adds(&b, ":");
		strbuf_add_json(&b, s->annotations.v[i].value);
	}
	strbuf_adds(&b, "}}");
	if (b.failed)
		strbuf_free(&b);
	return b.text;
}
