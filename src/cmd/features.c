/* SPDX-License-Identifier: Apache-2.0 */
/*
 * features.c - hasu features: what this runtime can do, as features.md of the runtime-spec has it.
 *
 * Walks the tables that parsing walks, so that it can claim neither more nor less than is taken.
 */
#include "cmd/cmd.h"
#include "config.h"

#include "base/json.h"
#include "linux/seccomp.h"
#include "spec/names.h"

#include <errno.h>
#include <seccomp.h>
#include <stdio.h>

static void put_names(struct json_writer *w, const char *name, const struct name_row *table);
static void put_linux(struct json_writer *w);
static void put_seccomp(struct json_writer *w);
static void put_policy(struct json_writer *w);
static void put_annotations(struct json_writer *w, const struct options *o);

int cmd_features(const struct options *o, struct err *e)
{
	struct strbuf b = { 0 };
	struct json_writer w = { .b = &b };

	jw_object(&w, NULL);
	jw_string(&w, "ociVersionMin", SPEC_OCI_VERSION_MIN);
	jw_string(&w, "ociVersionMax", SPEC_OCI_VERSION);
	put_names(&w, "hooks", names_hooks);
	jw_array(&w, "mountOptions");
	for (const struct mount_opt *row = names_mount_options; row->name; row++) {
		if (row->supported)
			jw_string(&w, NULL, row->name);
	}
	jw_array_end(&w);
	put_linux(&w);
	put_annotations(&w, o);
	jw_object_end(&w);
	return print_out(&b, e);
}

static void put_names(struct json_writer *w, const char *name, const struct name_row *table)
{
	jw_array(w, name);
	for (; table->name; table++)
		jw_string(w, NULL, table->name);
	jw_array_end(w);
}

static void put_enabled(struct json_writer *w, const char *name)
{
	jw_object(w, name);
	jw_bool(w, "enabled", true);
	jw_object_end(w);
}

static void put_linux(struct json_writer *w)
{
	const bool systemd = !str_empty(HASU_SYSTEMD_HELPER);

	jw_object(w, "linux");
	put_names(w, "namespaces", names_namespaces);
	put_names(w, "capabilities", names_capabilities);

	jw_object(w, "cgroup");
	jw_bool(w, "v1", true);
	jw_bool(w, "v2", true);
	jw_bool(w, "systemd", systemd);
	jw_bool(w, "systemdUser", systemd);
	jw_bool(w, "rdma", true);
	jw_object_end(w);

	put_seccomp(w);
	put_enabled(w, "apparmor");
	put_enabled(w, "selinux");

	jw_object(w, "intelRdt");
	jw_bool(w, "enabled", true);
	jw_bool(w, "schemata", true);
	jw_bool(w, "monitoring", true);
	jw_object_end(w);

	put_policy(w);
	jw_object(w, "mountExtensions");
	put_enabled(w, "idmap");
	jw_object_end(w);
	put_enabled(w, "netDevices");
	jw_object_end(w);
}

static void put_seccomp(struct json_writer *w)
{
	jw_object(w, "seccomp");
	jw_bool(w, "enabled", true);
	put_names(w, "actions", names_seccomp_actions);
	put_names(w, "operators", names_seccomp_operators);
	put_names(w, "archs", names_seccomp_archs);
	put_names(w, "knownFlags", names_seccomp_flags);
	jw_array(w, "supportedFlags");
	for (const struct name_row *row = names_seccomp_flags; row->name; row++) {
		if (seccomp_kernel_has_flag((uint32_t)row->number))
			jw_string(w, NULL, row->name);
	}
	jw_array_end(w);
	jw_object_end(w);
}

static void put_policy(struct json_writer *w)
{
	size_t n;

	jw_object(w, "memoryPolicy");
	jw_array(w, "modes");
	const struct mpol_mode_info *modes = mpol_modes(&n);
	for (size_t i = 0; i < n; i++)
		jw_string(w, NULL, modes[i].name);
	jw_array_end(w);
	jw_array(w, "flags");
	const struct mpol_flag_info *flags = mpol_flags(&n);
	for (size_t i = 0; i < n; i++)
		jw_string(w, NULL, flags[i].name);
	jw_array_end(w);
	jw_object_end(w);
}

/* Names that runc and crun gave them are kept: engines look for those. */
static void put_annotations(struct json_writer *w, const struct options *o)
{
	const struct scmp_version *v = seccomp_version();
	char text[64];

	jw_object(w, "annotations");
	jw_string(w, "hasu.version", HASU_VERSION);
	jw_string(w, "org.opencontainers.runc.checkpoint.enabled",
		life_has_criu(o->criu.program) ? "true" : "false");
	if (v) {
		(void)snprintf(text, sizeof(text), "%u.%u.%u", v->major, v->minor, v->micro);
		jw_string(w, "io.github.seccomp.libseccomp.version", text);
	}
	jw_object_end(w);
	/* A name that ends in "." stands for all that begin with it. */
	jw_array(w, "potentiallyUnsafeConfigAnnotations");
	jw_string(w, NULL, "hasu.memory-policy");
	jw_string(w, NULL, "hasu.memory-policy.");
	jw_array_end(w);
}
