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

static int nodes_from_json(
	const struct json *object, const char *key, struct mpol_nodeset *ret, struct err *e)
{
	const char *text = json_text(json_get(object, key));

	if (!text || mpol_nodeset_parse(text, strlen(text), NULL, ret, NULL) < 0)
		return err_say(e, EBADMSG, "'%s' is not a list of nodes", key);
	return 0;
}

static int flags_from_json(const struct json *object, unsigned *ret, struct err *e)
{
	const struct json *list = json_get(object, "flags");
	unsigned bits = 0;

	if (!json_is(list, JSON_ARRAY))
		return err_say(e, EBADMSG, "'flags' is not a list");
	json_each(it, list) {
		const char *name = json_text(it);
		const struct mpol_flag_info *info = name ? mpol_flag_by_name(name) : NULL;

		if (!info)
			return err_say(e, EBADMSG, "'flags' has an unknown flag");
		bits |= info->bit;
	}
	*ret = bits;
	return 0;
}

static int policy_fields(const struct json *object, struct mpol *ret, struct err *e)
{
	const char *mode = json_text(json_get(object, "mode"));
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
	const struct json *object, const char *key, struct mpol *ret, struct err *e)
{
	const struct json *value = json_get(object, key);

	if (!json_is(value, JSON_OBJECT))
		return err_say(e, EBADMSG, "memoryPolicy: '%s' is not an object", key);
	if (policy_fields(value, ret, e) < 0)
		return err_prefix(e, "memoryPolicy: %s", key);
	return 0;
}

/* A text of the request, which may be absent: then *ret stays. */
static int request_text(const struct json *object, const char *key, const char **ret, struct err *e)
{
	const struct json *value = json_get(object, key);

	if (value && !json_text(value))
		return err_say(e, EBADMSG, "memoryPolicy: request: '%s' is not a text", key);
	if (value)
		*ret = json_text(value);
	return 0;
}

static int request_from_json(const struct json *json, struct memory_request *ret, struct err *e)
{
	struct memory_request request = { 0 };
	const struct mpol_mode_info *info;
	const struct json *object = json_get(json, "request");
	const char *from = NULL, *narrowing = NULL;
	int r;

	*ret = request;
	if (!object)
		return 0; /* saved by a version that did not keep it */
	if (!json_is(object, JSON_OBJECT))
		return err_say(e, EBADMSG, "memoryPolicy: 'request' is not an object");
	if ((r = request_text(object, "from", &request.from, e)) < 0 ||
		(r = request_text(object, "text", &request.text, e)) < 0 ||
		(r = request_text(object, "fallbackFrom", &from, e)) < 0 ||
		(r = request_text(object, "narrowing", &narrowing, e)) < 0)
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

int memory_from_json(const struct json *json, struct memory_result *ret,
	struct memory_request *ret_request, struct err *e)
{
	struct memory_result result = { .present = true };
	struct memory_request request;
	struct err local;
	int r;

	if (!e)
		e = &local;
	if (!json_is(json, JSON_OBJECT))
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
	r = request_from_json(json, &request, e);
	if (r < 0)
		return r;
	*ret = result;
	*ret_request = request;
	return 0;
}

/* --- the image of a checkpoint --- */

static int flag_names(
	const struct json *object, const char *ret[FLAG_NAMES_MAX], size_t *ret_n, struct err *e)
{
	const struct json *list = json_get(object, "flags");
	size_t n = 0;

	if (!list)
		return 0;
	if (!json_is(list, JSON_ARRAY) || list->n > FLAG_NAMES_MAX)
		return err_say(e, EBADMSG, "memoryPolicy: 'flags' is not a list of flags");
	json_each(it, list) {
		ret[n] = json_text(it);
		if (!ret[n++])
			return err_say(e, EBADMSG, "memoryPolicy: 'flags' is not a list of flags");
	}
	*ret_n = n;
	return 0;
}

int memory_policy_from_json(const struct json *json, struct mpol *ret, struct err *e)
{
	const char *flags[FLAG_NAMES_MAX];
	struct mpol_request want = { .flags = flags, .where = "memoryPolicy" };
	struct mpol_report report = { 0 };
	struct mpol policy;
	int r;

	if (!json_is(json, JSON_OBJECT))
		return err_say(e, EBADMSG, "memoryPolicy: not an object");
	want.mode = json_text(json_get(json, "mode"));
	want.nodes = json_text(json_get(json, "nodes"));
	if (!want.mode || (json_get(json, "nodes") && !want.nodes))
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
