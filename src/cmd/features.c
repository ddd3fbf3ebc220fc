/* SPDX-License-Identifier: Apache-2.0 */
/*
 * features.c - hasu features: what this runtime can do, as features.md of the runtime-spec has it.
 *
 * Walks the tables that parsing walks, so that it can claim neither more nor less than is taken.
 */
#include "cmd/cmd.h"
#include "config.h"

#include "linux/seccomp.h"
#include "spec/names.h"

#include <errno.h>
#include <json-c/json.h>
#include <seccomp.h>
#include <stdio.h>

#define LAYOUT (JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE)

/* json-c says in every call that memory is short; here it is asked once, at the end. */
struct tree {
	json_object *root;
	bool failed;
};

static void put_seccomp(struct tree *t, json_object *linux_);
static void put_linux(struct tree *t);
static void put_annotations(struct tree *t, const struct options *o);
static void put(struct tree *t, json_object *to, const char *name, json_object *value);
static json_object *put_object(struct tree *t, json_object *to, const char *name);
static json_object *put_array(struct tree *t, json_object *to, const char *name);
static void put_names(
	struct tree *t, json_object *to, const char *name, const struct name_row *table);
static void append(struct tree *t, json_object *to, const char *text);

int cmd_features(const struct options *o, struct err *e)
{
	struct tree t = { .root = json_object_new_object() };
	struct strbuf b = { 0 };

	if (!t.root)
		return err_nomem(e);
	put(&t, t.root, "ociVersionMin", json_object_new_string(SPEC_OCI_VERSION_MIN));
	put(&t, t.root, "ociVersionMax", json_object_new_string(SPEC_OCI_VERSION));
	put_names(&t, t.root, "hooks", names_hooks);
	json_object *options = put_array(&t, t.root, "mountOptions");
	for (const struct mount_opt *row = names_mount_options; row->name; row++) {
		if (row->supported)
			append(&t, options, row->name);
	}
	put_linux(&t);
	put_annotations(&t, o);

	const char *text = t.failed ? NULL : json_object_to_json_string_ext(t.root, LAYOUT);
	if (text) {
		strbuf_adds(&b, text);
		strbuf_adds(&b, "\n");
	} else {
		b.failed = true;
	}
	json_object_put(t.root);
	return print_out(&b, e);
}

static void put_bool(struct tree *t, json_object *to, const char *name, bool value)
{
	put(t, to, name, json_object_new_boolean(value));
}

static void put_linux(struct tree *t)
{
	json_object *linux_ = put_object(t, t->root, "linux");
	size_t n;

	put_names(t, linux_, "namespaces", names_namespaces);
	put_names(t, linux_, "capabilities", names_capabilities);

	json_object *cgroup = put_object(t, linux_, "cgroup");
	put_bool(t, cgroup, "v1", true);
	put_bool(t, cgroup, "v2", true);
	const bool systemd = !str_empty(HASU_SYSTEMD_HELPER);
	put_bool(t, cgroup, "systemd", systemd);
	put_bool(t, cgroup, "systemdUser", systemd);
	put_bool(t, cgroup, "rdma", true);

	put_seccomp(t, linux_);
	put_bool(t, put_object(t, linux_, "apparmor"), "enabled", true);
	put_bool(t, put_object(t, linux_, "selinux"), "enabled", true);

	json_object *rdt = put_object(t, linux_, "intelRdt");
	put_bool(t, rdt, "enabled", true);
	put_bool(t, rdt, "schemata", true);
	put_bool(t, rdt, "monitoring", true);

	json_object *policy = put_object(t, linux_, "memoryPolicy");
	json_object *list = put_array(t, policy, "modes");
	const struct mpol_mode_info *modes = mpol_modes(&n);
	for (size_t i = 0; i < n; i++)
		append(t, list, modes[i].name);
	list = put_array(t, policy, "flags");
	const struct mpol_flag_info *flags = mpol_flags(&n);
	for (size_t i = 0; i < n; i++)
		append(t, list, flags[i].name);

	json_object *extensions = put_object(t, linux_, "mountExtensions");
	put_bool(t, put_object(t, extensions, "idmap"), "enabled", true);
	put_bool(t, put_object(t, linux_, "netDevices"), "enabled", true);
}

static void put_seccomp(struct tree *t, json_object *linux_)
{
	json_object *seccomp = put_object(t, linux_, "seccomp");

	put_bool(t, seccomp, "enabled", true);
	put_names(t, seccomp, "actions", names_seccomp_actions);
	put_names(t, seccomp, "operators", names_seccomp_operators);
	put_names(t, seccomp, "archs", names_seccomp_archs);
	put_names(t, seccomp, "knownFlags", names_seccomp_flags);
	json_object *flags = put_array(t, seccomp, "supportedFlags");
	for (const struct name_row *row = names_seccomp_flags; row->name; row++) {
		if (seccomp_kernel_has_flag((uint32_t)row->number))
			append(t, flags, row->name);
	}
}

/* Names that runc and crun gave them are kept: engines look for those. */
static void put_annotations(struct tree *t, const struct options *o)
{
	json_object *annotations = put_object(t, t->root, "annotations");
	const struct scmp_version *v = seccomp_version();
	char text[64];

	put(t, annotations, "hasu.version", json_object_new_string(HASU_VERSION));
	put(t, annotations, "org.opencontainers.runc.checkpoint.enabled",
		json_object_new_string(life_has_criu(o->criu.program) ? "true" : "false"));
	if (v) {
		(void)snprintf(text, sizeof(text), "%u.%u.%u", v->major, v->minor, v->micro);
		put(t, annotations, "io.github.seccomp.libseccomp.version",
			json_object_new_string(text));
	}
	/* A name that ends in "." stands for all that begin with it. */
	json_object *unsafe = put_array(t, t->root, "potentiallyUnsafeConfigAnnotations");
	append(t, unsafe, "hasu.memory-policy");
	append(t, unsafe, "hasu.memory-policy.");
}

/* Once something failed nothing is touched any more: to may be NULL then. */
static void put(struct tree *t, json_object *to, const char *name, json_object *value)
{
	if (t->failed || !value || json_object_object_add(to, name, value) < 0) {
		json_object_put(value);
		t->failed = true;
	}
}

static json_object *put_object(struct tree *t, json_object *to, const char *name)
{
	json_object *value = json_object_new_object();

	put(t, to, name, value);
	return t->failed ? NULL : value;
}

static json_object *put_array(struct tree *t, json_object *to, const char *name)
{
	json_object *value = json_object_new_array();

	put(t, to, name, value);
	return t->failed ? NULL : value;
}

static void put_names(
	struct tree *t, json_object *to, const char *name, const struct name_row *table)
{
	json_object *list = put_array(t, to, name);

	for (; table->name; table++)
		append(t, list, table->name);
}

static void append(struct tree *t, json_object *to, const char *text)
{
	json_object *value = json_object_new_string(text);

	if (t->failed || !value || json_object_array_add(to, value) < 0) {
		json_object_put(value);
		t->failed = true;
	}
}
