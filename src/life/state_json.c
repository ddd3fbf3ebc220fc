/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state_json.c - a container's state as JSON: what is saved, what is read back, and what hooks get.
 */
#include "life/state.h"

#include "base/fd.h"

#include <errno.h>
#include <json-c/json.h>
#include <limits.h>
#include <string.h>

static void add(struct json_object *o, const char *key, struct json_object *value)
{
	/* Fails only out of memory; the reader then misses the key and says so. */
	if (json_object_object_add(o, key, value) < 0)
		json_object_put(value);
}

static struct json_object *pairs_to_json(const struct pair_list *pairs)
{
	struct json_object *o = json_object_new_object();

	for (size_t i = 0; o && i < pairs->n; i++)
		add(o, pairs->v[i].key, json_object_new_string(pairs->v[i].value));
	return o;
}

struct json_object *state_to_json(const struct state *s)
{
	struct json_object *o = json_object_new_object();

	if (!o)
		return NULL;
	add(o, "ociVersion", json_object_new_string(SPEC_OCI_VERSION));
	add(o, "id", json_object_new_string(s->id));
	add(o, "bundle", json_object_new_string(s->bundle));
	add(o, "rootfs", json_object_new_string(s->rootfs ? s->rootfs : ""));
	add(o, "created", json_object_new_string(s->created));
	add(o, "owner", json_object_new_int64(s->owner));
	add(o, "creating", json_object_new_boolean(s->creating));
	add(o, "noNewKeyring", json_object_new_boolean(s->no_keyring));
	add(o, "sharedPid", json_object_new_boolean(s->shared_pid));
	add(o, "started", json_object_new_boolean(s->started));
	if (s->checkpointed)
		add(o, "checkpointed", json_object_new_boolean(true));
	add(o, "pid", json_object_new_int(s->pid));
	add(o, "pidStart", json_object_new_uint64(s->pid_start));
	add(o, "hooks", json_object_new_int64(s->hooks));
	if (s->annotations.n)
		add(o, "annotations", pairs_to_json(&s->annotations));
	if (s->cgroup)
		add(o, "cgroup", cgroup_to_json(s->cgroup));
	if (s->rdt)
		add(o, "rdt", rdt_to_json(s->rdt));
	if (s->memory.present)
		add(o, "memoryPolicy", memory_to_json(&s->memory, &s->memory_request));
	return o;
}

static int bad(struct err *e, const struct state *s, const char *key)
{
	return err_say(e, EBADMSG, "the saved state of container '%s' is damaged: %s", s->id, key);
}

static int get_string(
	struct state *s, struct json_object *o, const char *key, const char **ret, struct err *e)
{
	struct json_object *v;

	if (!json_object_object_get_ex(o, key, &v) || !json_object_is_type(v, json_type_string))
		return bad(e, s, key);
	const char *text = json_object_get_string(v);
	if (strlen(text) != (size_t)json_object_get_string_len(v))
		return bad(e, s, key);
	*ret = arena_strdup(&s->arena, text);
	return *ret ? 0 : err_nomem(e);
}

static int get_number(struct state *s, struct json_object *o, const char *key, uint64_t max,
	uint64_t *ret, struct err *e)
{
	struct json_object *v;

	if (!json_object_object_get_ex(o, key, &v) || !json_object_is_type(v, json_type_int) ||
		json_object_get_int64(v) < 0 || json_object_get_uint64(v) > max)
		return bad(e, s, key);
	*ret = json_object_get_uint64(v);
	return 0;
}

static int get_bool(
	struct state *s, struct json_object *o, const char *key, bool *ret, struct err *e)
{
	struct json_object *v;

	if (!json_object_object_get_ex(o, key, &v) || !json_object_is_type(v, json_type_boolean))
		return bad(e, s, key);
	*ret = json_object_get_boolean(v);
	return 0;
}

static int get_pairs(struct state *s, struct json_object *o, const char *key, struct pair_list *ret,
	struct err *e)
{
	struct json_object *v;

	if (!json_object_object_get_ex(o, key, &v))
		return 0;
	if (!json_object_is_type(v, json_type_object))
		return bad(e, s, key);
	size_t n = (size_t)json_object_object_length(v), i = 0;
	struct str_pair *pairs = arena_array(&s->arena, struct str_pair, n);
	if (!pairs)
		return err_nomem(e);
	json_object_object_foreach(v, name, value)
	{
		if (!json_object_is_type(value, json_type_string))
			return bad(e, s, key);
		pairs[i].key = arena_strdup(&s->arena, name);
		pairs[i].value = arena_strdup(&s->arena, json_object_get_string(value));
		if (!pairs[i].key || !pairs[i].value)
			return err_nomem(e);
		i++;
	}
	*ret = (struct pair_list){ .n = n, .v = pairs };
	return 0;
}

static int read_members(struct state *s, struct json_object *o, struct err *e)
{
	struct json_object *v;
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
	if (json_object_object_get_ex(o, "checkpointed", &v) &&
		(r = get_bool(s, o, "checkpointed", &s->checkpointed, e)) < 0)
		return r;
	if (json_object_object_get_ex(o, "cgroup", &v)) {
		r = cgroup_from_json(v, &s->arena, &s->cgroup, e);
		if (r < 0)
			return err_prefix(e, "the saved state of container '%s'", s->id);
	}
	if (json_object_object_get_ex(o, "rdt", &v)) {
		r = rdt_from_json(v, s->id, &s->arena, &s->rdt, e);
		if (r < 0)
			return err_prefix(e, "container '%s'", s->id);
	}
	if (json_object_object_get_ex(o, "memoryPolicy", &v)) {
		r = memory_from_json(v, &s->arena, &s->memory, &s->memory_request, e);
		if (r < 0)
			return err_prefix(e, "the saved state of container '%s'", s->id);
	}
	return 0;
}

int state_from_json(struct state *s, const char *text, struct err *e)
{
	struct json_object *o = json_tokener_parse(text);
	int r = json_object_is_type(o, json_type_object) ? read_members(s, o, e)
							 : bad(e, s, "it is not a JSON object");

	json_object_put(o);
	return r;
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
