/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check.c - hasu check: everything that is wrong or surprising about a config, on this host or on a
 * captured one. Changes nothing, and needs no privileges.
 */
#include "cmd/cmd.h"

#include "base/fd.h"
#include "base/json.h"
#include "check/check.h"
#include "linux/memory.h"
#include "report/report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

/* Exit statuses; 2 is that of the command's row: it could not be checked. */
#define STATUS_CLEAN 0
#define STATUS_FOUND 1

struct result {
	const char *name;   /* of the config, as shown */
	const char *bundle; /* its directory; NULL: the config comes from elsewhere */
	struct spec_findings all;
	struct check_host host;
	bool host_known;
	struct check_policy policy;
};

static int open_config(
	const struct options *o, struct arena *arena, struct result *result, struct err *e);
static int check_all(
	const struct options *o, int fd, struct arena *arena, struct result *result, struct err *e);
static void show_table(struct strbuf *b, const struct result *result, bool strict);
static void show_json(struct strbuf *b, const struct result *result);
static int show_codes(struct err *e);

int cmd_check(const struct options *o, struct err *e)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	struct result result = { .host.root_fd = -1 };
	struct strbuf b = { 0 };
	size_t bad;
	int r;

	if (o->check_codes)
		return show_codes(e);
	_cleanup_close_ int fd = open_config(o, &arena, &result, e);
	if (fd < 0)
		return fd;
	r = check_all(o, fd, &arena, &result, e);
	if (r == 0) {
		if (o->check_format == LIST_JSON)
			show_json(&b, &result);
		else
			show_table(&b, &result, o->check_strict);
		r = print_out(&b, e);
	}
	bad = spec_findings_of(&result.all, MPOL_ERROR);
	if (o->check_strict)
		bad += spec_findings_of(&result.all, MPOL_WARNING);
	spec_findings_free(&result.all);
	check_host_free(&result.host);
	return r < 0 ? r : bad ? STATUS_FOUND : STATUS_CLEAN;
}

static int open_config(
	const struct options *o, struct arena *arena, struct result *result, struct err *e)
{
	const char *file = o->args.n ? o->args.v[0] : NULL, *slash;
	struct stat st;
	int fd;

	if (file && o->check_bundle)
		return err_say(e, EINVAL,
			"check: '%s' and --bundle '%s' are two configs: give one of them", file,
			o->check_bundle);
	if (file && str_eq(file, "-")) {
		result->name = "standard input";
		fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		return fd < 0 ? err_set(e, errno, "reading standard input") : fd;
	}
	/* Who names a directory means the bundle. */
	if (file && stat(file, &st) == 0 && S_ISDIR(st.st_mode)) {
		result->bundle = file;
		file = NULL;
	}
	if (!file) {
		if (!result->bundle)
			result->bundle = o->check_bundle ? o->check_bundle : ".";
		file = str_eq(result->bundle, ".")
			       ? "config.json"
			       : arena_printf(arena, "%s/config.json", result->bundle);
		if (!file)
			return err_nomem(e);
	} else {
		slash = strrchr(file, '/');
		if (str_eq(slash ? slash + 1 : file, "config.json"))
			result->bundle = slash ? arena_strndup(arena, file,
							 (size_t)(slash - file) + (slash == file))
					       : ".";
	}
	result->name = file;
	fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	return fd < 0 ? err_set(e, errno, "opening '%s'", file) : fd;
}

/* Why there is no plan of a cgroup. Resources that the host lacks create refuses; where the cgroup
 * is may be another matter for whoever creates. */
static int note_place(struct spec_findings *all, const char *text)
{
	const char *at = text[0] == '/' ? strstr(text, ": ") : NULL;
	char where[256] = "/linux/cgroupsPath";

	if (at && (size_t)(at - text) < sizeof(where))
		(void)snprintf(where, sizeof(where), "%.*s", (int)(at - text), text);
	const bool refused = str_starts(where, "/linux/resources");
	return spec_found(all, refused ? "check.resources" : "check.cgroup",
		refused ? MPOL_ERROR : MPOL_WARNING, where, at ? at + 2 : text);
}

/* On this host hasu.conf counts; a captured one has the defaults. */
static int find_rules(const struct life *life, const struct spec *spec, const char *cgroup,
	struct result *result, struct conf **ret_conf, struct conf_rules *ret)
{
	const char *path = life->conf ? life->conf : conf_default_path();
	struct conf *conf = NULL;

	if (!result->host.captured) {
		if (check_conf(path, &result->all) < 0)
			return -ENOMEM;
		/* What is wrong with it was found. */
		if (spec->policy_annotations.given && conf_load(path, &conf, NULL) == -ENOMEM)
			return -ENOMEM;
	}
	conf_rules_for(conf, conf_caller(), cgroup, ret);
	ret->path = path;
	*ret_conf = conf;
	return 0;
}

/* The cgroup, or why it cannot be told; then what lies in the policy. */
static int check_on_host(const struct options *o, const struct spec *spec, struct arena *arena,
	struct result *result, struct err *e)
{
	struct check_place place = { 0 };
	struct err why = { 0 };
	struct conf_rules rules;
	struct conf *conf;
	struct life life;
	int r;

	r = life_without_root(o, &life, e);
	if (r < 0)
		return r;
	/* Where resources are wrong their cgroup cannot be planned. */
	if (!spec_findings_below(&result->all, "/linux/resources") &&
		!spec_findings_below(&result->all, "/linux/cgroupsPath")) {
		r = check_place(&result->host, spec, life.manager, arena, &place, &why);
		if (r == -ENOMEM)
			return err_nomem(e);
		if (r < 0 && note_place(&result->all, why.text) < 0)
			return err_nomem(e);
	}
	if (!place.known && result->host.host.cpuset_known) {
		place.known = true;
		place.mems = result->host.host.allowed;
		place.where = "the caller's cpuset";
	}
	r = find_rules(&life, spec, place.path ? place.path : "", result, &conf, &rules);
	if (r < 0)
		return err_nomem(e);
	r = check_policy(&result->host, &place, &rules, spec, &result->all, &result->policy);
	conf_free(conf);
	if (r == 0)
		r = check_seccomp_rules(spec, &result->all);
	if (r == 0 && result->bundle && !o->check_host)
		r = check_bundle(spec, result->bundle, &result->all);
	return r < 0 ? err_nomem(e) : 0;
}

static int check_all(
	const struct options *o, int fd, struct arena *arena, struct result *result, struct err *e)
{
	_cleanup_(spec_freep) struct spec *spec = NULL;
	int r;

	r = spec_check(fd, result->name, &result->all, &spec, e);
	if (r == 0)
		r = check_host_open(o->check_host, &result->host, e);
	if (r < 0)
		return r;
	result->host_known = true;
	return spec ? check_on_host(o, spec, arena, result, e) : 0;
}

static enum tone tone_of(enum mpol_severity severity)
{
	switch (severity) {
	case MPOL_ERROR:
		return TONE_BAD;
	case MPOL_WARNING:
		return TONE_WARN;
	case MPOL_NOTE:
		break;
	}
	return TONE_NOTE;
}

#define SEVERITY_COLUMN 9 /* behind the longest, "warning" */

static void show_finding(struct strbuf *b, const struct style *style, const struct spec_finding *f)
{
	const char *severity = mpol_severity_name(f->severity), *hint = check_hint(f->code);

	add_toned(b, style, tone_of(f->severity), severity);
	strbuf_addf(b, "%*s", (int)(SEVERITY_COLUMN - strlen(severity)), "");
	add_toned(b, style, TONE_BOLD, *f->where ? f->where : "(the whole)");
	strbuf_adds(b, "  ");
	add_toned(b, style, TONE_DIM, f->code);
	strbuf_addf(b, "\n%*s", SEVERITY_COLUMN, "");
	add_wrapped(b, style, SEVERITY_COLUMN, SEVERITY_COLUMN, f->text);
	if (!*hint)
		return;
	strbuf_addf(b, "%*s", SEVERITY_COLUMN, "");
	add_toned(b, style, TONE_ACCENT, "hint: ");
	add_wrapped(b, style, SEVERITY_COLUMN + 6, SEVERITY_COLUMN + 6, hint);
}

static void add_count(struct strbuf *b, const char *between, size_t n, const char *what)
{
	strbuf_addf(b, "%s%zu %s%s", between, n, what, n == 1 ? "" : "s");
}

/* "config.json on this host, Linux 6.1.0", and how much was found. */
static void show_summary(struct strbuf *b, const struct style *style, const struct result *result)
{
	const struct spec_findings *all = &result->all;
	size_t errors = spec_findings_of(all, MPOL_ERROR);
	size_t warnings = spec_findings_of(all, MPOL_WARNING);
	struct strbuf line = { 0 };

	strbuf_addf(&line, "%s on %s, Linux %s:", result->name,
		result->host.captured ? "a captured host" : "this host",
		*result->host.kernel.release ? result->host.kernel.release : "of unknown version");
	add_wrapped(b, style, 0, 0, line.text ? line.text : "");
	b->failed |= line.failed;
	strbuf_free(&line);
	if (all->n == 0) {
		strbuf_adds(&line, "nothing to say");
	} else {
		add_count(&line, "", errors, "error");
		add_count(&line, ", ", warnings, "warning");
		add_count(&line, ", ", spec_findings_of(all, MPOL_NOTE), "note");
	}
	add_toned(b, style,
		errors     ? TONE_BAD
		: warnings ? TONE_WARN
			   : TONE_GOOD,
		line.text ? line.text : "");
	strbuf_adds(b, "\n");
	b->failed |= line.failed;
	strbuf_free(&line);
}

/* What is asked for, and what the kernel would make of it. */
static void show_policy(struct strbuf *b, const struct style *style, const struct check_policy *p)
{
	char asked[MPOL_TEXT], force[MPOL_TEXT], allowed[MPOL_NODESET_TEXT];
	struct strbuf line = { 0 };

	if (!p->asked_known)
		return;
	strbuf_addf(&line, "%s is asked for, the cpuset allows nodes %s; ",
		mpol_maps_text(&p->asked, asked), mpol_nodeset_format(&p->allowed, allowed));
	if (p->resolved_known)
		strbuf_addf(&line, "in force: %s", mpol_maps_text(&p->resolved.in_force, force));
	else
		strbuf_adds(&line, "it cannot be set");
	add_toned(b, style, TONE_BOLD, "policy");
	strbuf_addf(b, "%*s", SEVERITY_COLUMN - 6, "");
	add_wrapped(b, style, SEVERITY_COLUMN, SEVERITY_COLUMN, line.text ? line.text : "");
	strbuf_adds(b, "\n");
	b->failed |= line.failed;
	strbuf_free(&line);
}

static void show_table(struct strbuf *b, const struct result *result, bool strict)
{
	const struct style style = style_of(STDOUT_FILENO);

	show_policy(b, &style, &result->policy);
	/* Errors first: what must be mended before anything else counts. */
	for (int severity = MPOL_ERROR; severity >= MPOL_NOTE; severity--)
		for (size_t i = 0; i < result->all.n; i++)
			if ((int)result->all.v[i].severity == severity) {
				show_finding(b, &style, &result->all.v[i]);
				strbuf_adds(b, "\n");
			}
	if (result->all.lost)
		strbuf_addf(b, "and %zu more\n\n", result->all.lost);
	show_summary(b, &style, result);
	if (strict && !spec_findings_of(&result->all, MPOL_ERROR) &&
		spec_findings_of(&result->all, MPOL_WARNING))
		strbuf_adds(b, "warnings count as errors (--strict)\n");
}

static void json_policy(struct json_writer *w, const char *name, const struct mpol *policy)
{
	jw_object(w, name);
	memory_write_members(w, policy);
	jw_object_end(w);
}

static void json_policies(struct json_writer *w, const struct check_policy *p)
{
	char nodes[MPOL_NODESET_TEXT];

	jw_object(w, "policy");
	json_policy(w, "asked", &p->asked);
	jw_string(w, "allowed", mpol_nodeset_format(&p->allowed, nodes));
	if (p->resolved_known) {
		json_policy(w, "inForce", &p->resolved.in_force);
		jw_string(w, "lost", mpol_nodeset_format(&p->resolved.lost, nodes));
	}
	jw_object_end(w);
}

static void show_json(struct strbuf *b, const struct result *result)
{
	struct json_writer w = { .b = b };
	const struct spec_findings *all = &result->all;

	jw_object(&w, NULL);
	jw_string(&w, "config", result->name);
	jw_object(&w, "host");
	jw_bool(&w, "captured", result->host.captured);
	jw_string(&w, "release", result->host.kernel.release);
	jw_object_end(&w);
	if (result->policy.asked_known)
		json_policies(&w, &result->policy);
	jw_array(&w, "findings");
	for (size_t i = 0; i < all->n; i++) {
		jw_object(&w, NULL);
		jw_string(&w, "code", all->v[i].code);
		jw_string(&w, "severity", mpol_severity_name(all->v[i].severity));
		jw_string(&w, "pointer", all->v[i].where);
		jw_string(&w, "message", all->v[i].text);
		jw_string(&w, "hint", check_hint(all->v[i].code));
		jw_object_end(&w);
	}
	jw_array_end(&w);
	jw_u64(&w, "errors", spec_findings_of(all, MPOL_ERROR));
	jw_u64(&w, "warnings", spec_findings_of(all, MPOL_WARNING));
	jw_u64(&w, "notes", spec_findings_of(all, MPOL_NOTE));
	jw_u64(&w, "lost", all->lost);
	jw_object_end(&w);
}

static int show_codes(struct err *e)
{
	struct strbuf b = { 0 };
	size_t n;
	const struct check_code *codes = check_codes(&n);

	for (size_t i = 0; i < n; i++)
		strbuf_addf(&b, "%-26s %s\n", codes[i].code, codes[i].hint);
	return print_out(&b, e);
}
