/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules.c - the specification's rules beyond its schema: the whole config, its mounts, hooks and
 * annotations. What is wrong is an error with its JSON pointer; nothing here asks the host.
 */
#include "spec/internal.h"
#include "spec/names.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static int check_version(struct spec *spec, struct load *load);
static int do_without_process(struct spec *spec, struct load *load);
static int check_mounts(struct spec *spec, struct load *load);
static int check_hooks(const struct spec *spec, struct load *load);
static int check_host_names(const struct spec *spec, struct load *load);
static int check_memory_policy(struct spec *spec, struct load *load);

int rules_check(struct spec *spec, enum spec_part part, struct load *load)
{
	int r;

	if (part == SPEC_PROCESS)
		return rules_check_process(spec, "", load);
	if (part == SPEC_RESOURCES)
		return rules_check_resources(spec, "", false, load);

	r = check_version(spec, load);
	if (r == 0 && !spec->has_process)
		r = do_without_process(spec, load);
	if (r == 0 && spec->has_process)
		r = rules_check_process(spec, "/process", load);
	if (r == 0)
		r = check_mounts(spec, load);
	if (r == 0)
		r = check_hooks(spec, load);
	if (r == 0)
		r = check_host_names(spec, load);
	if (r == 0)
		r = rules_check_linux(spec, load);
	if (r == 0)
		r = rules_check_resources(spec, "/linux/resources", true, load);
	if (r == 0)
		r = check_memory_policy(spec, load);
	return r;
}

/* A number of semver: no sign, no leading zero. Returns what follows, or NULL. */
static const char *version_number(const char *s, unsigned long *ret)
{
	char *end;

	if (!isdigit((unsigned char)*s) || (s[0] == '0' && isdigit((unsigned char)s[1])))
		return NULL;
	errno = 0;
	*ret = strtoul(s, &end, 10);
	return errno ? NULL : end;
}

static int check_version(struct spec *spec, struct load *load)
{
	const char *v = spec->oci_version, *s = v;
	unsigned long major = 0, minor = 0, patch = 0;

	if (!v)
		return 0;
	s = version_number(s, &major);
	if (s && *s == '.')
		s = version_number(s + 1, &minor);
	else
		s = NULL;
	if (s && *s == '.')
		s = version_number(s + 1, &patch);
	else
		s = NULL;
	if (!s || (*s && *s != '-' && *s != '+') || (*s && !s[1]) ||
		s[strspn(s, "+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")])
		return load_broken(load, "spec.version.syntax",
			"/ociVersion: '%s' is not a version such as " SPEC_OCI_VERSION,
			shown(v).text);
	if (major != 1)
		return load_broken(load, "spec.version.unsupported",
			"/ociVersion: version '%s' of the specification is not supported, only 1.x",
			shown(v).text);
	/* A later minor version may have fields that are unknown here, and so ignored. */
	if (minor > 3)
		return load_warn(load, "spec.version.newer",
			"/ociVersion: '%s' is newer than " SPEC_OCI_VERSION
			", what it added is ignored",
			shown(v).text);
	return 0;
}

/* config.md, process: required when start is called. Until then init waits in /, with no rights. */
static int do_without_process(struct spec *spec, struct load *load)
{
	spec->process.cwd = "/";
	spec->process.capabilities.has = true;
	if (load->all && spec_findings_below(load->all, "/process"))
		return 0; /* it is there, and no process */
	return load_warn(load, "spec.process.missing",
		"/process: is missing: the container can be created, but not started");
}

/* By its options (config.md, Mounts) or, as engines and crun have it, by its type. */
static bool is_bind(const struct spec_mount *m)
{
	if (m->type && str_eq(m->type, "bind"))
		return true;
	for (size_t i = 0; i < m->options.n; i++) {
		const struct mount_opt *o = names_mount_option(m->options.v[i]);

		if (o && o->kind == MOUNT_OPT_BIND)
			return true;
	}
	return false;
}

static bool is_remount(const struct spec_mount *m)
{
	for (size_t i = 0; i < m->options.n; i++) {
		if (str_eq(m->options.v[i], "remount"))
			return true;
	}
	return false;
}

static int check_mount_maps(const struct spec_mount *m, size_t n, struct load *load)
{
	char at[64];
	int r;

	REFUSE_IF(load, !m->uid_mappings.n != !m->gid_mappings.n, "spec.mount.mappings",
		"/mounts/%zu/%s: is required: uidMappings and gidMappings come together", n,
		m->uid_mappings.n ? "gidMappings" : "uidMappings");
	(void)snprintf(at, sizeof(at), "/mounts/%zu/uidMappings", n);
	r = rules_check_id_map(&m->uid_mappings, at, load);
	(void)snprintf(at, sizeof(at), "/mounts/%zu/gidMappings", n);
	return r < 0 ? r : rules_check_id_map(&m->gid_mappings, at, load);
}

static int check_mount(struct spec *spec, size_t n, struct load *load)
{
	const struct spec_mount *m = &spec->mounts[n];
	bool bind = is_bind(m);
	int r = rules_settle_mount_maps(spec, n, load);

	if (r < 0)
		return r;
	/* Deprecated, but legal: meant below / (config.md, Mounts). */
	if (m->destination && m->destination[0] != '/')
		r = load_warn(load, "spec.mount.relative",
			"/mounts/%zu/destination: '%s' is relative and taken as below /", n,
			shown(m->destination).text);
	if (r < 0)
		return r;
	REFUSE_IF(load, bind && !m->source, "spec.mount.source",
		"/mounts/%zu/source: is required for a bind mount", n);
	REFUSE_IF(load, !bind && !m->type && !is_remount(m), "spec.mount.type",
		"/mounts/%zu/type: is required unless the options have bind or rbind", n);
	/* The kernel takes them for a bind mount and does nothing. NAME=VALUE is left in by some that
	 * turn a tmpfs into one; any other word may be a misspelt "ro". */
	for (size_t i = 0; bind && i < m->options.n; i++) {
		const char *word = m->options.v[i];

		if (names_mount_option(word))
			continue;
		bool value = strchr(word, '=') != NULL;
		REFUSE_IF(load, !value, "spec.mount.option",
			"/mounts/%zu/options/%zu: '%s' is an option of a file system, "
			"which a bind mount cannot have",
			n, i, shown(word).text);
		if (value && (r = load_warn(load, "spec.mount.option.ignored",
				      "/mounts/%zu/options/%zu: '%s' is ignored: it is an option "
				      "of a file system, which a bind mount cannot have",
				      n, i, shown(word).text)) < 0)
			return r;
	}
	return check_mount_maps(m, n, load);
}

static int check_mounts(struct spec *spec, struct load *load)
{
	for (size_t i = 0; i < spec->n_mounts; i++) {
		int r = check_mount(spec, i, load);

		if (r < 0)
			return r;
	}
	return 0;
}

static int check_hooks(const struct spec *spec, struct load *load)
{
	for (int p = 0; p < HOOK_POINTS; p++) {
		for (size_t i = 0; i < spec->hooks.at[p].n; i++) {
			const struct spec_hook *hook = &spec->hooks.at[p].v[i];
			char pointer[64];

			REFUSE_IF(load, hook->path && hook->path[0] != '/', "spec.path.relative",
				"/hooks/%s/%zu/path: '%s' is not an absolute path",
				names_hooks[p].name, i, shown(hook->path).text);
			(void)snprintf(
				pointer, sizeof(pointer), "/hooks/%s/%zu", names_hooks[p].name, i);
			int r = rules_check_env(&hook->env, pointer, load);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

#define UTS_NAME_MAX 64 /* __NEW_UTS_LEN */

static int check_host_names(const struct spec *spec, struct load *load)
{
	const struct {
		const char *field, *value;
	} names[] = { { "hostname", spec->hostname }, { "domainname", spec->domainname } };

	for (size_t i = 0; i < ELEMENTS(names); i++) {
		if (!names[i].value)
			continue;
		REFUSE_IF(load, !spec->linux_.namespaces[NS_UTS].present, "spec.namespace.missing",
			"/%s: needs a 'uts' namespace in /linux/namespaces", names[i].field);
		REFUSE_IF(load, strlen(names[i].value) > UTS_NAME_MAX, "spec.name.long",
			"/%s: '%s' is longer than %d bytes", names[i].field,
			shown(names[i].value).text, UTS_NAME_MAX);
	}
	return 0;
}

/* One of two words, or absent: then the first. */
static int annotation_choice(struct spec *spec, unsigned bit, const char *first, const char *second,
	bool *ret_second, struct load *load)
{
	const char *key = names_of(names_policy_annotations, bit);
	const char *value = spec_annotation(spec, key);

	REFUSE_IF(load, value && !str_eq(value, first) && !str_eq(value, second),
		"spec.annotation.value", "/annotations/%s: '%s' is neither '%s' nor '%s'", key,
		shown(value).text, first, second);
	if (value)
		spec->policy_annotations.given |= bit;
	*ret_second = value && str_eq(value, second);
	return 0;
}

/* What libmpol found; r is what it returned. *ret: kept with the spec; NULL where there is nothing. */
static int keep_report(struct load *load, const struct mpol_report *report, const char *where,
	int r, const struct mpol_report **ret)
{
	const struct mpol_finding *finding = mpol_report_first(report, MPOL_ERROR);

	if (r == 0 && report->n > 0) {
		struct mpol_report *kept = arena_new(&load->spec->arena, struct mpol_report);
		if (!kept)
			return err_nomem(load->e);
		*kept = *report;
		*ret = kept;
	}
	if (load->all)
		return load_report(load, report);
	if (r == 0)
		return 0;
	return load_broken(load, finding ? finding->code : "mpol.invalid", "%s: %s",
		finding ? finding->where : where,
		finding ? finding->text : "is not a valid memory policy");
}

static int check_policy_annotations(struct spec *spec, struct load *load)
{
	struct spec_policy_annotations *a = &spec->policy_annotations;
	const char *key = names_of(names_policy_annotations, ANNOTATION_POLICY);
	struct mpol_report report = { 0 };
	char where[64];
	int r;

	if ((r = annotation_choice(
		     spec, ANNOTATION_RULES, "strict", "kernel", &a->kernel_rules, load)) < 0 ||
		(r = annotation_choice(spec, ANNOTATION_NARROWING, "warn", "refuse",
			 &a->refuse_narrowing, load)) < 0 ||
		(r = annotation_choice(
			 spec, ANNOTATION_FALLBACK, "refuse", "allow", &a->fallback, load)) < 0)
		return r;
	a->text = spec_annotation(spec, key);
	if (!a->text)
		return 0;
	a->given |= ANNOTATION_POLICY;
	(void)snprintf(where, sizeof(where), "/annotations/%s", key);
	r = mpol_spec_parse(a->text, strlen(a->text),
		a->kernel_rules ? MPOL_RULES_KERNEL : MPOL_RULES_STRICT, where, &a->policy,
		&report);
	return keep_report(load, &report, where, r, &a->report);
}

static int check_memory_policy(struct spec *spec, struct load *load)
{
	struct spec_memory_policy *policy = spec->linux_.memory_policy;
	struct mpol_request want = { .where = "/linux/memoryPolicy" };
	struct mpol_report report = { 0 };
	int r;

	r = check_policy_annotations(spec, load);
	if (r < 0 || !policy)
		return r;

	want.mode = policy->mode;
	want.nodes = policy->nodes;
	want.flags = (const char *const *)policy->flags.v;
	want.n_flags = policy->flags.n;
	r = mpol_parse(&want,
		spec->policy_annotations.kernel_rules ? MPOL_RULES_KERNEL : MPOL_RULES_STRICT,
		&policy->policy, &report);
	return keep_report(load, &report, want.where, r, &spec->policy_report);
}
