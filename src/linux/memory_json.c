/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory_json.c - what became of a policy, in the container's saved state; and a policy alone, in
 * the image of a checkpoint.
 *
 * The state is read back by another run of the program and maybe after somebody had his hands on
 * it: a text that was not written by memory_write() is refused, and nothing is guessed.
 */
#include "linux/memory.h"

#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#define FLAG_NAMES_MAX 16 /* in the list of an image; there are three, and no use for more */

static void write_nodes(struct json_writer *w, const char *name, const struct mpol_nodeset *nodes)
{
	char text[MPOL_NODESET_TEXT];

	jw_string(w, name, mpol_nodeset_format(nodes, text));
}

void memory_write_members(struct json_writer *w, const struct mpol *policy)
{
	const struct mpol_mode_info *mode = mpol_mode_by_number(policy->mode);
	const struct mpol_flag_info *flags;
	size_t n;

	jw_string(w, "mode", mode ? mode->name : NULL);
	write_nodes(w, "nodes", &policy->nodes);
	jw_array(w, "flags");
	flags = mpol_flags(&n);
	for (size_t i = 0; i < n; i++)
		if (policy->flags & flags[i].bit)
			jw_string(w, NULL, flags[i].name);
	jw_array_end(w);
}

void memory_write_policy(struct json_writer *w, const char *name, const struct mpol *policy)
{
	jw_object(w, name);
	memory_write_members(w, policy);
	jw_object_end(w);
}

static void write_request(struct json_writer *w, const struct memory_request *request)
{
	const struct mpol_mode_info *mode = mpol_mode_by_number(request->fallback_from);

	jw_object(w, "request");
	jw_string(w, "from", request->from);
	if (request->text)
		jw_string(w, "text", request->text);
	if (request->fell_back && mode)
		jw_string(w, "fallbackFrom", mode->name);
	jw_string(w, "narrowing", request->refuse_narrowing ? "refuse" : "warn");
	jw_object_end(w);
}

void memory_write(struct json_writer *w, const char *name, const struct memory_result *result,
	const struct memory_request *request)
{
	jw_object(w, name);
	memory_write_policy(w, "asked", &result->asked);
	memory_write_policy(w, "resolved", &result->resolved);
	memory_write_policy(w, "effective", &result->effective);
	write_nodes(w, "allowed", &result->allowed);
	write_nodes(w, "narrowed", &result->narrowed);
	if (request->from)
		write_request(w, request);
	jw_object_end(w);
}

/* A string without NUL bytes inside; NULL: it is none. */
static const char *text_of(struct json_object *json)
{
	const char *text;

	if (!json_object_is_type(json, json_type_string))
		return NULL;
	text = json_object_get_string(json);
	return strlen(text) == (size_t)json_object_get_string_len(json) ? text : NULL;
}

static const char *text_at(struct json_object *object, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(object, key, &value) ? text_of(value) : NULL;
}

static int nodes_from_json(
	struct json_object *object, const char *key, struct mpol_nodeset *ret, struct err *e)
{
	const char *text = text_at(object, key);

	if (!text || mpol_nodeset_parse(text, strlen(text), NULL, ret, NULL) < 0)
		return err_say(e, EBADMSG, "'%s' is not a list of nodes", key);
	return 0;
}

static int flags_from_json(struct json_object *object, unsigned *ret, struct err *e)
{
	struct json_object *list;
	unsigned bits = 0;

	if (!json_object_object_get_ex(object, "flags", &list) ||
		!json_object_is_type(list, json_type_array))
		return err_say(e, EBADMSG, "'flags' is not a list");
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		const char *name = text_of(json_object_array_get_idx(list, i));
		const struct mpol_flag_info *info = name ? mpol_flag_by_name(name) : NULL;

		if (!info)
			return err_say(e, EBADMSG, "'flags' has an unknown flag");
		bits |= info->bit;
	}
	*ret = bits;
	return 0;
}

static int policy_fields(struct json_object *object, struct mpol *ret, struct err *e)
{
	const char *mode = text_at(object, "mode");
	const struct mpol_mode_info *info = mode ? mpol_mode_by_name(mode) : NULL;
	struct mpol policy = { 0 };
	bool empty;
	int r;

	if (!info)
		return err_say(e, EBADMSG, "'mode' is not the name of a mode");
	policy.mode = info->number;
	r = nodes_from_json(object, "nodes", &policy.nodes, e);
	if (r < 0)
		return r;
	r = flags_from_json(object, &policy.flags, e);
	if (r < 0)
		return r;
	empty = mpol_nodeset_empty(&policy.nodes);
	if ((info->node_rule == MPOL_NODES_NONE && !empty) ||
		(info->node_rule == MPOL_NODES_REQUIRED && empty))
		return err_say(e, EBADMSG, "'nodes' and 'mode' contradict each other");
	*ret = policy;
	return 0;
}

static int policy_from_json(
	struct json_object *object, const char *key, struct mpol *ret, struct err *e)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, key, &value) ||
		!json_object_is_type(value, json_type_object))
		return err_say(e, EBADMSG, "memoryPolicy: '%s' is not an object", key);
	if (policy_fields(value, ret, e) < 0)
		return err_prefix(e, "memoryPolicy: %s", key);
	return 0;
}

/* A text of the request, which may be absent: then *ret stays. */
static int request_text(struct json_object *object, const char *key, struct arena *arena,
	const char **ret, struct err *e)
{
	struct json_object *value;
	const char *text;

	if (!json_object_object_get_ex(object, key, &value))
		return 0;
	text = text_of(value);
	if (!text)
		return err_say(e, EBADMSG, "memoryPolicy: request: '%s' is not a text", key);
	*ret = arena_strdup(arena, text);
	return *ret ? 0 : err_nomem(e);
}

static int request_from_json(
	struct json_object *json, struct arena *arena, struct memory_request *ret, struct err *e)
{
	struct memory_request request = { 0 };
	const struct mpol_mode_info *info;
	struct json_object *object;
	const char *from = NULL, *narrowing = NULL;
	int r;

	*ret = request;
	if (!json_object_object_get_ex(json, "request", &object))
		return 0; /* saved by a version that did not keep it */
	if (!json_object_is_type(object, json_type_object))
		return err_say(e, EBADMSG, "memoryPolicy: 'request' is not an object");
	if ((r = request_text(object, "from", arena, &request.from, e)) < 0 ||
		(r = request_text(object, "text", arena, &request.text, e)) < 0 ||
		(r = request_text(object, "fallbackFrom", arena, &from, e)) < 0 ||
		(r = request_text(object, "narrowing", arena, &narrowing, e)) < 0)
		return r;
	if (request.from) {
		/* It begins sentences of the log: no other text than ours may. */
		for (r = MEMORY_SOURCES; r > 0; r--)
			if (str_eq(request.from, memory_source_name(r - 1)))
				break;
		if (r == 0)
			return err_say(e, EBADMSG,
				"memoryPolicy: request: 'from' is no place of a policy");
	}
	info = from ? mpol_mode_by_name(from) : NULL;
	if (from && !info)
		return err_say(e, EBADMSG,
			"memoryPolicy: request: 'fallbackFrom' is not the name of a mode");
	if (info) {
		request.fell_back = true;
		request.fallback_from = info->number;
	}
	request.refuse_narrowing = narrowing && str_eq(narrowing, "refuse");
	*ret = request;
	return 0;
}

int memory_from_json(struct json_object *json, struct arena *arena, struct memory_result *ret,
	struct memory_request *ret_request, struct err *e)
{
	struct memory_result result = { .present = true };
	struct memory_request request;
	struct err local;
	int r;

	if (!e)
		e = &local;
	if (!json_object_is_type(json, json_type_object))
		return err_say(e, EBADMSG, "memoryPolicy: not an object");
	r = policy_from_json(json, "asked", &result.asked, e);
	if (r == 0)
		r = policy_from_json(json, "resolved", &result.resolved, e);
	if (r == 0)
		r = policy_from_json(json, "effective", &result.effective, e);
	if (r < 0)
		return r;
	r = nodes_from_json(json, "allowed", &result.allowed, e);
	if (r == 0)
		r = nodes_from_json(json, "narrowed", &result.narrowed, e);
	if (r < 0)
		return err_prefix(e, "memoryPolicy");
	r = request_from_json(json, arena, &request, e);
	if (r < 0)
		return r;
	*ret = result;
	*ret_request = request;
	return 0;
}

/* --- the image of a checkpoint --- */

static int flag_names(
	struct json_object *object, const char *ret[FLAG_NAMES_MAX], size_t *ret_n, struct err *e)
{
	struct json_object *list;
	size_t n;

	if (!json_object_object_get_ex(object, "flags", &list))
		return 0;
	if (!json_object_is_type(list, json_type_array) ||
		json_object_array_length(list) > FLAG_NAMES_MAX)
		return err_say(e, EBADMSG, "memoryPolicy: 'flags' is not a list of flags");
	n = json_object_array_length(list);
	for (size_t i = 0; i < n; i++) {
		ret[i] = text_of(json_object_array_get_idx(list, i));
		if (!ret[i])
			return err_say(e, EBADMSG, "memoryPolicy: 'flags' is not a list of flags");
	}
	*ret_n = n;
	return 0;
}

int memory_policy_from_json(struct json_object *json, struct mpol *ret, struct err *e)
{
	const char *flags[FLAG_NAMES_MAX];
	struct mpol_request want = { .flags = flags, .where = "memoryPolicy" };
	struct mpol_report report = { 0 };
	struct json_object *nodes;
	struct mpol policy;
	int r;

	if (!json_object_is_type(json, json_type_object))
		return err_say(e, EBADMSG, "memoryPolicy: not an object");
	want.mode = text_at(json, "mode");
	want.nodes = text_at(json, "nodes");
	if (!want.mode || (json_object_object_get_ex(json, "nodes", &nodes) && !want.nodes))
		return err_say(e, EBADMSG, "memoryPolicy: 'mode' or 'nodes' is not a text");
	r = flag_names(json, flags, &want.n_flags, e);
	if (r < 0)
		return r;
	/* A newer kernel's policy that the strict rules do not know was in force all the same. */
	if (mpol_parse(&want, MPOL_RULES_KERNEL, &policy, &report) < 0) {
		const struct mpol_finding *f = mpol_report_first(&report, MPOL_ERROR);

		return err_say(e, EBADMSG, "%s: %s", f ? f->where : "memoryPolicy",
			f ? f->text : "it is none");
	}
	*ret = policy;
	return 0;
}
