/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory_json.c - what became of a policy, in the container's saved state; and a policy alone, in the
 * image of a checkpoint.
 *
 * The state is read back by another run of the program and maybe after somebody had his hands on
 * it: a text that was not written by memory_to_json() is refused, and nothing is guessed.
 */
#include "linux/memory.h"

#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#define FLAG_NAMES_MAX 16 /* in the list of an image; there are three, and no use for more */

/* Take ownership of value, whether that works or not; false: no memory. */
static bool put(struct json_object *object, const char *key, struct json_object *value)
{
	if (value && json_object_object_add(object, key, value) == 0)
		return true;
	json_object_put(value);
	return false;
}

static struct json_object *nodes_to_json(const struct mpol_nodeset *nodes)
{
	char text[MPOL_NODESET_TEXT];

	return json_object_new_string(mpol_nodeset_format(nodes, text));
}

static struct json_object *flags_to_json(unsigned bits)
{
	struct json_object *list = json_object_new_array();
	const struct mpol_flag_info *flags;
	size_t n;

	flags = mpol_flags(&n);
	for (size_t i = 0; list && i < n; i++) {
		struct json_object *name;

		if (!(bits & flags[i].bit))
			continue;
		name = json_object_new_string(flags[i].name);
		if (!name || json_object_array_add(list, name) < 0) {
			json_object_put(name);
			json_object_put(list);
			return NULL;
		}
	}
	return list;
}

struct json_object *memory_policy_to_json(const struct mpol *policy)
{
	const struct mpol_mode_info *info = mpol_mode_by_number(policy->mode);
	struct json_object *object = json_object_new_object();

	if (object && info && put(object, "mode", json_object_new_string(info->name)) &&
		put(object, "nodes", nodes_to_json(&policy->nodes)) &&
		put(object, "flags", flags_to_json(policy->flags)))
		return object;
	json_object_put(object);
	return NULL;
}

static struct json_object *request_to_json(const struct memory_request *request)
{
	const struct mpol_mode_info *info = mpol_mode_by_number(request->fallback_from);
	struct json_object *object = json_object_new_object();

	if (object && put(object, "from", json_object_new_string(request->from)) &&
		(!request->text || put(object, "text", json_object_new_string(request->text))) &&
		(!request->fell_back || !info ||
			put(object, "fallbackFrom", json_object_new_string(info->name))) &&
		put(object, "narrowing",
			json_object_new_string(request->refuse_narrowing ? "refuse" : "warn")))
		return object;
	json_object_put(object);
	return NULL;
}

struct json_object *memory_to_json(
	const struct memory_result *result, const struct memory_request *request)
{
	struct json_object *object = json_object_new_object();

	if (object && put(object, "asked", memory_policy_to_json(&result->asked)) &&
		put(object, "resolved", memory_policy_to_json(&result->resolved)) &&
		put(object, "effective", memory_policy_to_json(&result->effective)) &&
		put(object, "allowed", nodes_to_json(&result->allowed)) &&
		put(object, "narrowed", nodes_to_json(&result->narrowed)) &&
		(!request->from || put(object, "request", request_to_json(request))))
		return object;
	json_object_put(object);
	return NULL;
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

static int request_from_json(struct json_object *json, struct arena *arena,
	struct memory_request *ret, struct err *e)
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

static int flag_names(struct json_object *object, const char *ret[FLAG_NAMES_MAX], size_t *ret_n,
	struct err *e)
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
