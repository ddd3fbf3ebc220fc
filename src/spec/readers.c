/* SPDX-License-Identifier: Apache-2.0 */
/*
 * readers.c - the fields that no row of a table can describe: names that become bits, objects with
 * free keys, fields that depend on their neighbours.
 */
#include "spec/readers.h"
#include "spec/internal.h"

#include <errno.h>
#include <limits.h>
#include <linux/ioprio.h>
#include <seccomp.h>

/* Engines send the capabilities of newer kernels, so unknown ones are left out aloud
 * (config.md). */
int read_capabilities(struct load *l, const struct where *at, const struct field *f,
	const struct json *value, void *base)
{
	uint64_t *set = (uint64_t *)((char *)base + f->at);
	size_t i = 0;

	if (!json_is(value, JSON_ARRAY))
		return walk_say(
			l, at, "spec.type", "must be a list of strings, not %s", walk_type(value));
	json_each(it, value) {
		const struct where item = { .up = at, .index = i++ };
		const struct name_row *row;
		const char *text;
		int r;

		r = walk_text(l, &item, it, &text);
		if (load_go_on(l, r) < 0)
			return r;
		if (r < 0)
			continue;
		row = names_find(names_capabilities, text);
		if (row)
			*set |= UINT64_C(1) << row->number;
		else
			r = walk_warn(l, &item, "spec.capability.unknown",
				"'%s' is not a capability and is ignored", shown(text).text);
		if (r < 0)
			return r;
	}
	return 0;
}

int read_timeout(struct load *l, const struct where *at, const struct field *f,
	const struct json *value, void *base)
{
	static const struct field seconds = { .kind = FIELD_INT, .min = 1, .max = INT_MAX / 1000 };
	struct spec_hook *hook = base;
	int timeout_s;
	int r;

	r = walk_value(l, at, &seconds, value, &timeout_s);
	if (r == 0)
		hook->timeout_ms = timeout_s * 1000;
	return r;
}

/* --- process --- */

/*
 * The group is required. Peers take 0 for it, which root has by its user ID anyway; nobody else is
 * to get root's group by an oversight.
 */
int after_user(struct load *l, const struct where *at, const struct json *value, void *base)
{
	const struct where gid = { .up = at, .name = "gid" };
	const struct spec_user *user = base;

	if (json_get(value, "gid"))
		return 0;
	if (user->uid != 0 || !json_get(value, "uid"))
		return walk_say(l, &gid, "spec.required", "is required");
	return walk_warn(l, &gid, "spec.gid.missing", "is missing, and taken for 0");
}

/* All classes have levels but the idle one, where Linux ignores them (ioprio_set(2)). */
int after_io_priority(struct load *l, const struct where *at, const struct json *value, void *base)
{
	const struct where priority = { .up = at, .name = "priority" };
	const struct spec_io_priority *p = base;

	if (p->class == IOPRIO_CLASS_IDLE || json_get(value, "priority"))
		return 0;
	return walk_say(l, &priority, "spec.required", "is required");
}

/* --- linux.resources --- */

/* A rule of the device controller; without a type it means all devices. */
int read_rule_type(struct load *l, const struct where *at, const struct field *f,
	const struct json *value, void *base)
{
	struct spec_device_rule *rule = base;
	const char *type;
	int r;

	r = walk_text(l, at, value, &type);
	if (r < 0 || !*type)
		return r;
	if (!str_eq(type, "a") && !str_eq(type, "b") && !str_eq(type, "c"))
		return walk_say(l, at, "spec.name", "'%s' is not a type of device rules (a, b, c)",
			shown(type).text);
	rule->type = *type;
	return 0;
}

int read_rule_access(struct load *l, const struct where *at, const struct field *f,
	const struct json *value, void *base)
{
	struct spec_device_rule *rule = base;
	const char *access;
	int r;

	r = walk_text(l, at, value, &access);
	if (r < 0)
		return r;
	if (access[strspn(access, "rwm")])
		return walk_say(l, at, "spec.name", "'%s' is not made of the letters r, w and m",
			shown(access).text);
	rule->read = strchr(access, 'r');
	rule->write = strchr(access, 'w');
	rule->mknod = strchr(access, 'm');
	return 0;
}

int after_device_rule(struct load *l, const struct where *at, const struct json *value, void *base)
{
	struct spec_device_rule *rule = base;

	if (!rule->type)
		rule->type = 'a';
	/* Without letters a rule would say nothing; crun and runc on v1 take it for all of them. */
	if (!rule->read && !rule->write && !rule->mknod)
		rule->read = rule->write = rule->mknod = true;
	return 0;
}

int after_weight_device(
	struct load *l, const struct where *at, const struct json *value, void *base)
{
	const struct spec_block_device *device = base;

	if (!device->weight.set && !device->leaf_weight.set)
		return walk_say(l, at, "spec.empty", "must have weight or leafWeight");
	return 0;
}

int read_rdma(struct load *l, const struct where *at, const struct field *f,
	const struct json *value, void *base)
{
	struct spec_resources *resources = base;
	struct spec_rdma *v;
	size_t n = 0;

	if (!json_is(value, JSON_OBJECT))
		return walk_say(l, at, "spec.type", "must be an object, not %s", walk_type(value));
	v = arena_array(&l->spec->arena, struct spec_rdma, value->n + 1);
	if (!v)
		return err_nomem(l->e);
	json_each(limits, value) {
		const struct where item = { .up = at, .name = limits->name };
		int r;

		r = walk_object(l, &item, &fields_rdma, limits, &v[n]);
		if (r == 0 && !v[n].hca_handles.set && !v[n].hca_objects.set)
			r = walk_say(l, &item, "spec.empty", "must have hcaHandles or hcaObjects");
		if (load_go_on(l, r) < 0)
			return r;
		v[n++].device = limits->name;
	}
	resources->n_rdma = n;
	resources->rdma = v;
	return 0;
}

/* --- linux --- */

struct namespace_entry {
	int clone_flag;
	const char *path;
};

static int read_namespace(struct load *l, const struct where *at, const struct json *value,
	struct spec_namespace namespaces[NS_TYPES])
{
	static const struct field fields[] = {
		{ .name = "type",
			.kind = FIELD_NAME_INT,
			.required = true,
			.at = offsetof(struct namespace_entry, clone_flag),
			.names = names_namespaces,
			.what = "a type of namespace" },
		{ .name = "path",
			.kind = FIELD_STRING,
			.at = offsetof(struct namespace_entry, path) },
		{ 0 },
	};
	static const struct object entry_object = { .fields = fields };
	const struct where path = { .up = at, .name = "path" };
	struct namespace_entry entry = { 0 };
	enum ns_type type = 0;
	int r;

	r = walk_object(l, at, &entry_object, value, &entry);
	if (r < 0)
		return r;
	if (!entry.clone_flag) /* a type that is none, which was said */
		return 0;
	while (names_namespaces[type].number != (uint64_t)(unsigned)entry.clone_flag)
		type++;
	if (namespaces[type].present)
		return walk_say(l, at, "spec.namespace.twice", "is a second '%s' namespace",
			names_namespaces[type].name);
	if (entry.path && entry.path[0] != '/')
		return walk_say(l, &path, "spec.path.relative", "'%s' is not an absolute path",
			shown(entry.path).text);
	namespaces[type] = (struct spec_namespace){ true, entry.path };
	return 0;
}

int read_namespaces(struct load *l, const struct where *at, const struct field *f,
	const struct json *value, void *base)
{
	struct spec_linux *linux_ = base;
	size_t i = 0;

	if (!json_is(value, JSON_ARRAY))
		return walk_say(l, at, "spec.type", "must be a list, not %s", walk_type(value));
	json_each(it, value) {
		const struct where item = { .up = at, .index = i++ };
		int r;

		r = read_namespace(l, &item, it, linux_->namespaces);
		if (load_go_on(l, r) < 0)
			return r;
	}
	return 0;
}

/* mknod(1): 'u' is an unbuffered character device, the same thing to Linux. */
int read_device_type(struct load *l, const struct where *at, const struct field *f,
	const struct json *value, void *base)
{
	struct spec_device *device = base;
	const char *type;
	int r;

	r = walk_text(l, at, value, &type);
	if (r < 0)
		return r;
	if (strlen(type) != 1 || !strchr("bcup", *type))
		return walk_say(l, at, "spec.name", "'%s' is not a type of devices (b, c, u, p)",
			shown(type).text);
	device->type = *type == 'u' ? 'c' : *type;
	return 0;
}

int after_device(struct load *l, const struct where *at, const struct json *value, void *base)
{
	static const char *const numbers[] = { "major", "minor" };
	struct spec_device *device = base;

	for (size_t i = 0; i < ELEMENTS(numbers) && device->type != 'p'; i++) {
		const struct where number = { .up = at, .name = numbers[i] };

		int r = json_get(value, numbers[i])
				? 0
				: walk_say(l, &number, "spec.required", "is required");

		if (load_go_on(l, r) < 0)
			return r;
	}
	/* Engines hand on st_mode with its type bits; type says those. */
	device->file_mode.v &= 07777;
	return 0;
}

int read_net_devices(struct load *l, const struct where *at, const struct field *f,
	const struct json *value, void *base)
{
	struct spec_linux *linux_ = base;
	struct spec_net_device *v;
	size_t n = 0;

	if (!json_is(value, JSON_OBJECT))
		return walk_say(l, at, "spec.type", "must be an object, not %s", walk_type(value));
	v = arena_array(&l->spec->arena, struct spec_net_device, value->n + 1);
	if (!v)
		return err_nomem(l->e);
	json_each(device, value) {
		const struct where item = { .up = at, .name = device->name };
		int r;

		r = walk_object(l, &item, &fields_net_device, device, &v[n]);
		if (load_go_on(l, r) < 0)
			return r;
		v[n].host_name = device->name;
		if (!v[n].name)
			v[n].name = v[n].host_name;
		n++;
	}
	linux_->n_net_devices = n;
	linux_->net_devices = v;
	return 0;
}

/*
 * errnoRet and defaultErrnoRet: only some actions carry a number, and one that does not is an error
 * rather than ignored (config-linux.md, Seccomp). Without it the number is EPERM.
 */
static int read_errno(struct load *l, const struct where *up, const struct json *object,
	const char *name, uint32_t *action)
{
	/* The kernel caps an errno at MAX_ERRNO; a tracer gets 16 bits. */
	const struct field number = { .kind = FIELD_U32,
		.max = *action == SCMP_ACT_TRACE(0) ? UINT16_MAX : 4095 };
	const struct where at = { .up = up, .name = name };
	const struct json *value = json_get(object, name);
	bool carries = *action == SCMP_ACT_ERRNO(0) || *action == SCMP_ACT_TRACE(0);
	uint32_t n = EPERM;
	int r = 0;

	if (value && !carries)
		return walk_say(l, &at, "spec.seccomp.errno", "%s takes no error number",
			names_of(names_seccomp_actions, *action));
	if (value)
		r = walk_value(l, &at, &number, value, &n);
	if (r == 0 && carries)
		*action |= n;
	return r;
}

int after_seccomp_rule(struct load *l, const struct where *at, const struct json *value, void *base)
{
	struct spec_seccomp_rule *rule = base;
	const struct where names = { .up = at, .name = "names" };

	if (rule->names.n == 0)
		return walk_say(l, &names, "spec.empty", "must have at least one system call");
	return read_errno(l, at, value, "errnoRet", &rule->action);
}

int after_seccomp(struct load *l, const struct where *at, const struct json *value, void *base)
{
	struct spec_seccomp *seccomp = base;

	seccomp->has_flags = json_get(value, "flags");
	return read_errno(l, at, value, "defaultErrnoRet", &seccomp->default_action);
}

struct personality_entry {
	int domain;
	struct str_list flags;
};

int read_personality(struct load *l, const struct where *at, const struct field *f,
	const struct json *value, void *base)
{
	static const struct field fields[] = {
		{ .name = "domain",
			.kind = FIELD_NAME_INT,
			.required = true,
			.at = offsetof(struct personality_entry, domain),
			.names = names_personalities,
			.what = "a personality (LINUX, LINUX32)" },
		{ .name = "flags",
			.kind = FIELD_STRINGS,
			.at = offsetof(struct personality_entry, flags) },
		{ 0 },
	};
	static const struct object entry_object = { .fields = fields };
	const struct where flags = { .up = at, .name = "flags" };
	struct spec_linux *linux_ = base;
	struct personality_entry entry = { 0 };
	int r;

	r = walk_object(l, at, &entry_object, value, &entry);
	if (r < 0)
		return r;
	if (entry.flags.n)
		return walk_say(l, &flags, "spec.name",
			"the specification defines no personality flags yet");
	linux_->personality = (struct opt_u64){ true, (uint64_t)entry.domain };
	return 0;
}

/* Versions 1.1.0 to 1.2.1 had them for one kind of monitoring each; resctrl knows all or none. */
int read_replaced_monitoring(struct load *l, const struct where *at, const struct field *f,
	const struct json *value, void *base)
{
	if (!json_is(value, JSON_BOOL) || !value->u)
		return 0;
	return walk_warn(
		l, at, "spec.replaced", "was replaced by enableMonitoring in 1.3.0 and is ignored");
}
