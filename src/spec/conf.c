/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf.c - hasu.conf: read safely, by a table of settings. See conf.h.
 *
 *	[memory-policy user=1000-1999 cgroup=/kubepods*]
 *	replace = yes
 */
#include "spec/conf.h"

#include "base/fd.h"
#include "config.h"
#include "spec/names.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <libgen.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#define SECTION "memory-policy"
#define ERRORS_MAX 32
#define SECTIONS_MAX 256
#define USERS_MAX 64

struct section {
	size_t n_users; /* 0: any */
	struct {
		uint32_t first, last;
	} users[USERS_MAX];
	const char *cgroup;      /* a pattern; NULL: any */
	struct conf_rules rules; /* those settings whose line is not 0 */
};

struct conf {
	struct arena arena;
	const char *path;
	size_t n_sections;
	struct section *sections[SECTIONS_MAX];
	size_t n_errors;
	char *errors[ERRORS_MAX + 1];
};

struct reader {
	struct conf *conf;
	unsigned line;
	struct section *section; /* NULL: none has begun */
	struct section ignored;  /* of one whose head is wrong the settings are only checked */
};

static int read_annotations(struct reader *r, const char *value, struct conf_rules *rules);
static int read_fill(struct reader *r, const char *value, struct conf_rules *rules);
static int read_replace(struct reader *r, const char *value, struct conf_rules *rules);
static int read_nodes(struct reader *r, const char *value, struct conf_rules *rules);
static int read_denied(struct reader *r, const char *value, struct conf_rules *rules);

static const struct setting {
	const char *name;
	const char *words, *fallback; /* what holds where it is not set */
	int (*read)(struct reader *r, const char *value, struct conf_rules *rules);
} settings[CONF_SETTINGS] = {
	[CONF_ANNOTATIONS] = { "annotations",
		"which annotations are honoured: all, none, or their names", "all",
		read_annotations },
	[CONF_FILL] = { "fill",
		"whether hasu.memory-policy may give a policy to a container that has none: yes or "
		"no",
		"yes", read_fill },
	[CONF_REPLACE] = { "replace",
		"whether hasu.memory-policy may take the place of the config's policy: yes or no",
		"no", read_replace },
	[CONF_NODES] = { "nodes",
		"the nodes that hasu.memory-policy may name: all, or a list such as 0-3,7", "all",
		read_nodes },
	[CONF_DENIED] = { "denied",
		"what becomes of a container whose annotation is not allowed: refuse, or ignore "
		"the annotation",
		"refuse", read_denied },
};

const char *conf_setting_name(enum conf_setting setting)
{
	return setting < CONF_SETTINGS ? settings[setting].name : NULL;
}

const char *conf_setting_words(enum conf_setting setting)
{
	return setting < CONF_SETTINGS ? settings[setting].words : NULL;
}

const char *conf_setting_default(enum conf_setting setting)
{
	return setting < CONF_SETTINGS ? settings[setting].fallback : NULL;
}

const char *conf_default_path(void)
{
	return HASU_CONF;
}

/* --- lines --- */

/* Note what is wrong with a line, and go on. Returns -EINVAL. */
static int wrong(struct reader *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static int wrong(struct reader *r, const char *fmt, ...)
{
	struct err sentence; /* it escapes what must not reach a terminal */
	char text[sizeof(sentence.text)];
	va_list ap;

	if (r->conf->n_errors == ERRORS_MAX)
		return -EINVAL;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)err_say(&sentence, EINVAL, "%s:%u: %s", r->conf->path, r->line, text);
	r->conf->errors[r->conf->n_errors] = arena_strdup(&r->conf->arena, sentence.text);
	if (r->conf->errors[r->conf->n_errors])
		r->conf->n_errors++;
	return -EINVAL;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static char *trim(char *s)
{
	size_t len;

	while (is_blank(*s))
		s++;
	len = strlen(s);
	while (len > 0 && is_blank(s[len - 1]))
		s[--len] = '\0';
	return s;
}

/* The next word of *list, whose ends are blanks or commas; NULL: none is left. */
static char *next_word(char **list)
{
	char *word;

	*list += strspn(*list, " \t\r,");
	word = *list;
	if (!*word)
		return NULL;
	*list += strcspn(*list, " \t\r,");
	if (**list)
		*(*list)++ = '\0';
	return word;
}

static int read_yes(struct reader *r, const char *name, const char *value, bool *ret)
{
	if (str_eq(value, "yes"))
		*ret = true;
	else if (str_eq(value, "no"))
		*ret = false;
	else
		return wrong(r, "%s is 'yes' or 'no', not '%.100s'", name, value);
	return 0;
}

static int read_fill(struct reader *r, const char *value, struct conf_rules *rules)
{
	return read_yes(r, "fill", value, &rules->fill);
}

static int read_replace(struct reader *r, const char *value, struct conf_rules *rules)
{
	return read_yes(r, "replace", value, &rules->replace);
}

static int read_annotations(struct reader *r, const char *value, struct conf_rules *rules)
{
	char *list = arena_strdup(&r->conf->arena, value), *word;
	unsigned set = 0;

	rules->annotations = str_eq(value, "all") ? ANNOTATION_ALL : 0;
	if (!list || str_eq(value, "all") || str_eq(value, "none"))
		return list ? 0 : -ENOMEM;
	while ((word = next_word(&list))) {
		const struct name_row *row = names_find(names_policy_annotations, word);

		if (!row)
			return wrong(r,
				"'%.100s' is no annotation of a memory policy; they are %s, %s, %s "
				"and %s",
				word, names_policy_annotations[0].name,
				names_policy_annotations[1].name, names_policy_annotations[2].name,
				names_policy_annotations[3].name);
		set |= (unsigned)row->number;
	}
	rules->annotations = set;
	return 0;
}

static int read_nodes(struct reader *r, const char *value, struct conf_rules *rules)
{
	struct mpol_report report = { 0 };

	rules->limited = !str_eq(value, "all");
	if (!rules->limited)
		return 0;
	if (mpol_nodeset_parse(value, strlen(value), NULL, &rules->nodes, &report) < 0)
		return wrong(r, "nodes: %s", report.item[0].text);
	if (mpol_nodeset_empty(&rules->nodes))
		return wrong(r, "nodes names none: annotations = none is how to forbid them all");
	return 0;
}

static int read_denied(struct reader *r, const char *value, struct conf_rules *rules)
{
	rules->ignore = str_eq(value, "ignore");
	if (!rules->ignore && !str_eq(value, "refuse"))
		return wrong(r, "denied is 'refuse' or 'ignore', not '%.100s'", value);
	return 0;
}

/* "1000" or "1000-1999" */
static int read_users(struct reader *r, char *list, struct section *section)
{
	for (char *word; (word = next_word(&list));) {
		char *dash = strchr(word, '-');
		uint32_t first, last;

		if (dash)
			*dash = '\0';
		if (str_to_u32(word, &first) < 0 || str_to_u32(dash ? dash + 1 : word, &last) < 0 ||
			first > last) {
			if (dash)
				*dash = '-';
			return wrong(r,
				"'%.100s' is neither the number of a user, such as 1000, nor a "
				"range such as 1000-1999",
				word);
		}
		if (section->n_users == USERS_MAX)
			return wrong(r, "more than %d users or ranges", USERS_MAX);
		section->users[section->n_users].first = first;
		section->users[section->n_users++].last = last;
	}
	return section->n_users ? 0 : wrong(r, "user= is followed by none");
}

static int read_condition(struct reader *r, char *word, struct section *section)
{
	if (str_starts(word, "user=")) {
		if (section->n_users)
			return wrong(r, "user= stands twice");
		return read_users(r, word + strlen("user="), section);
	}
	if (str_starts(word, "cgroup=")) {
		if (section->cgroup)
			return wrong(r, "cgroup= stands twice");
		section->cgroup = word + strlen("cgroup=");
		if (section->cgroup[0] != '/' && section->cgroup[0] != '*')
			return wrong(r,
				"cgroup='%.100s': a cgroup's path begins with '/', a pattern with "
				"that or '*'",
				section->cgroup);
		return 0;
	}
	return wrong(r, "'%.100s' is neither user=... nor cgroup=...", word);
}

/* "[memory-policy user=... cgroup=...]" */
static int read_head(struct reader *r, char *text)
{
	size_t len = strlen(text);
	struct section *section;
	char *word, *rest;

	r->section = &r->ignored;
	r->ignored = (struct section){ 0 };
	if (text[len - 1] != ']')
		return wrong(r, "a section's name ends in ']'");
	text[len - 1] = '\0';
	rest = trim(text + 1);
	word = strsep(&rest, " \t");
	if (!str_eq(word, SECTION))
		return wrong(r, "'%.100s' is no section; the only kind is [%s]", word, SECTION);
	if (r->conf->n_sections == SECTIONS_MAX)
		return wrong(r, "more than %d sections", SECTIONS_MAX);
	section = arena_new(&r->conf->arena, struct section);
	if (!section)
		return -ENOMEM;
	while (rest && (word = strsep(&rest, " \t")))
		if (*word) {
			int result = read_condition(r, word, section);
			if (result < 0)
				return result;
		}
	r->conf->sections[r->conf->n_sections++] = section;
	r->section = section;
	return 0;
}

static int read_setting(struct reader *r, char *text)
{
	char *equals = strchr(text, '='), *name = text, *value;

	if (!equals)
		return wrong(r, "'%.100s' is neither [%s] nor a setting such as replace = yes",
			text, SECTION);
	*equals = '\0';
	name = trim(name);
	value = trim(equals + 1);
	if (!r->section)
		return wrong(r, "'%.100s' stands before the first [%s]", name, SECTION);
	for (size_t i = 0; i < CONF_SETTINGS; i++) {
		struct conf_rules *rules = &r->section->rules;

		if (!str_eq(name, settings[i].name))
			continue;
		if (!*value)
			return wrong(r, "%s has no value: %s", name, settings[i].words);
		if (rules->line[i])
			return wrong(r, "%s is set in this section already, in line %u", name,
				rules->line[i]);
		rules->line[i] = r->line;
		return settings[i].read(r, value, rules);
	}
	return wrong(r, "'%.100s' is not a setting; there are %s, %s, %s, %s and %s", name,
		settings[0].name, settings[1].name, settings[2].name, settings[3].name,
		settings[4].name);
}

static int read_line(struct reader *r, char *line)
{
	char *comment = strchr(line, '#'), *text;

	if (comment)
		*comment = '\0';
	text = trim(line);
	if (!*text)
		return 0;
	return *text == '[' ? read_head(r, text) : read_setting(r, text);
}

/* All errors are kept; -ENOMEM alone ends it. */
static int read_text(const char *path, const char *text, size_t len, struct conf **ret)
{
	struct conf *conf = calloc(1, sizeof(*conf));
	struct reader r = { .conf = conf };
	char *copy, *line;
	int result = 0;

	if (!conf)
		return -ENOMEM;
	conf->path = arena_strdup(&conf->arena, path);
	copy = arena_strndup(&conf->arena, text, len);
	if (!conf->path || !copy) {
		conf_free(conf);
		return -ENOMEM;
	}
	r.line = 1;
	if (memchr(text, '\0', len))
		(void)wrong(&r, "there is a NUL byte in it");
	while (result != -ENOMEM && (line = strsep(&copy, "\n"))) {
		result = read_line(&r, line);
		r.line++;
	}
	if (result == -ENOMEM) {
		conf_free(conf);
		return -ENOMEM;
	}
	*ret = conf;
	return 0;
}

/* --- the file --- */

/* Not mapped in our user namespace, as root's files are not in an ordinary user's. */
#define OVERFLOW_UID 65534

/*
 * Root's, and nobody else can write to it. In an ordinary user's namespace root's files seem to be
 * nobody's; what such a user's own process reads binds nobody else.
 */
static bool is_roots(const struct stat *st)
{
	return st->st_uid == 0 || (st->st_uid == OVERFLOW_UID && conf_caller() != 0);
}

static int check_owner(
	int fd, const char *path, const char *what, bool sticky_will_do, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_set(e, errno, "%s", path);
	if (!is_roots(&st))
		return err_say(e, EPERM,
			"%s: %s belongs to user %u, not to root, and is not trusted", path, what,
			st.st_uid);
	if (st.st_mode & (S_IWGRP | S_IWOTH) && !(sticky_will_do && st.st_mode & S_ISVTX))
		return err_say(e, EPERM,
			"%s: others than root can write to %s (mode %04o), and it is not trusted",
			path, what, st.st_mode & 07777);
	return 0;
}

/* 1 where there is none. */
static int read_file(const char *path, char **ret_text, size_t *ret_len, struct err *e)
{
	char dir[PATH_MAX];
	struct stat st;
	int r;

	if (strlen(path) >= sizeof(dir))
		return err_set(e, ENAMETOOLONG, "'%s'", path);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 1;
	if (fd < 0)
		return err_set(e, errno, "opening '%s'", path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_say(e, EINVAL, "%s: is not a regular file", path);
	if ((r = check_owner(fd, path, "the file", false, e)) < 0)
		return r;
	/* Whoever can rename in its directory can put another of root's files in its place. */
	memcpy(dir, path, strlen(path) + 1);
	_cleanup_close_ int dir_fd = open(dirname(dir), O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0)
		return err_set(e, errno, "opening the directory of '%s'", path);
	if ((r = check_owner(dir_fd, path, "its directory", true, e)) < 0)
		return r;
	r = fd_read_all(fd, CONF_TEXT_MAX, ret_text, ret_len);
	if (r == -EFBIG)
		return err_say(e, EFBIG, "%s: is larger than %u KiB", path, CONF_TEXT_MAX >> 10);
	return r < 0 ? err_set(e, -r, "reading '%s'", path) : 0;
}

int conf_parse(const char *path, const char *text, size_t len, struct conf **ret, struct err *e)
{
	struct conf *conf = NULL;

	if (read_text(path, text, len, &conf) < 0)
		return err_nomem(e);
	if (conf->n_errors) {
		(void)err_say(e, EINVAL, "%s", conf->errors[0]);
		conf_free(conf);
		return -EINVAL;
	}
	*ret = conf;
	return 0;
}

int conf_load(const char *path, struct conf **ret, struct err *e)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r = read_file(path, &text, &len, e);

	if (r == 0)
		return conf_parse(path, text, len, ret, e);
	if (r > 0)
		*ret = NULL;
	return r < 0 ? r : 0;
}

int conf_check(const char *path, struct arena *arena, struct str_list *ret, struct err *e)
{
	_cleanup_free_ char *text = NULL;
	struct str_list list = { 0 };
	struct conf *conf = NULL;
	size_t len;
	int r = read_file(path, &text, &len, e);

	if (r < 0)
		return r;
	list.v = arena_array(arena, char *, ERRORS_MAX + 1);
	if (!list.v || (r == 0 && read_text(path, text, len, &conf) < 0))
		return err_nomem(e);
	r = 0;
	for (size_t i = 0; conf && r == 0 && i < conf->n_errors; i++) {
		list.v[i] = arena_strdup(arena, conf->errors[i]);
		if (!list.v[i])
			r = err_nomem(e);
		list.n++;
	}
	conf_free(conf);
	if (r == 0)
		*ret = list;
	return r;
}

void conf_free(struct conf *conf)
{
	if (!conf)
		return;
	arena_free(&conf->arena);
	free(conf);
}

/* --- what holds --- */

static bool matches(const struct section *s, uid_t caller, const char *cgroup)
{
	bool user = s->n_users == 0;

	for (size_t i = 0; i < s->n_users; i++)
		user |= caller >= s->users[i].first && caller <= s->users[i].last;
	/* "*" takes any text, '/' included: what is below a cgroup belongs to it. */
	return user && (!s->cgroup || fnmatch(s->cgroup, cgroup, 0) == 0);
}

void conf_rules_for(
	const struct conf *conf, uid_t caller, const char *cgroup, struct conf_rules *ret)
{
	struct conf_rules rules = {
		.annotations = ANNOTATION_ALL,
		.fill = true,
		.path = conf ? conf->path : NULL,
	};

	for (size_t i = 0; conf && i < conf->n_sections; i++) {
		const struct section *s = conf->sections[i];
		const struct conf_rules *set = &s->rules;

		if (!matches(s, caller, cgroup))
			continue;
		if (set->line[CONF_ANNOTATIONS])
			rules.annotations = set->annotations;
		if (set->line[CONF_FILL])
			rules.fill = set->fill;
		if (set->line[CONF_REPLACE])
			rules.replace = set->replace;
		if (set->line[CONF_NODES]) {
			rules.limited = set->limited;
			rules.nodes = set->nodes;
		}
		if (set->line[CONF_DENIED])
			rules.ignore = set->ignore;
		for (size_t k = 0; k < CONF_SETTINGS; k++)
			if (set->line[k])
				rules.line[k] = set->line[k];
	}
	*ret = rules;
}

uid_t conf_caller(void)
{
	_cleanup_text_ struct text map = { 0 };
	uid_t uid = geteuid();
	unsigned inside, outside, count;
	int n;

	if (fd_read_text(AT_FDCWD, "/proc/self/uid_map", 64 * 1024, &map) < 0)
		return uid; /* a kernel without user namespaces */
	for (const char *p = map.s; sscanf(p, "%u %u %u%n", &inside, &outside, &count, &n) == 3;
		p += n)
		if (uid >= inside && uid - inside < count)
			return outside + (uid - inside);
	return uid;
}
