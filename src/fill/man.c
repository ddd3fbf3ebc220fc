/* SPDX-License-Identifier: Apache-2.0 */
/*
 * man.c - tables of man pages, in scdoc(5).
 */
#include "fill/fill.h"

#include "config.h"
#include "mpol.h"
#include "spec/conf.h"
#include "spec/names.h"

#include <ctype.h>
#include <errno.h>

/* Text with what scdoc would take for markup made plain. */
static void add_plain(struct strbuf *b, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (strchr("\\*_", text[i]))
			strbuf_adds(b, "\\");
		strbuf_add(b, text + i, 1);
	}
}

/* "where to write" -> "Where to write." */
static void add_sentence(struct strbuf *b, const char *words)
{
	char first = (char)toupper((unsigned char)words[0]);

	add_plain(b, &first, 1);
	add_plain(b, words + 1, strlen(words + 1));
	strbuf_adds(b, ".\n");
}

/* As usage has it: names of arguments are words in capitals, everything else is to be typed. */
static void add_usage(struct strbuf *b, const char *text)
{
	while (*text) {
		size_t len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
		if (len > 0) {
			strbuf_addf(b, "_%.*s_", (int)len, text);
		} else if ((len = strspn(text, "-0123456789abcdefghijklmnopqrstuvwxyz")) > 0) {
			strbuf_addf(b, "*%.*s*", (int)len, text);
		} else {
			len = 1;
			add_plain(b, text, 1);
		}
		text += len;
	}
}

static int fill_title(struct strbuf *b, const char *argument, struct err *e)
{
	strbuf_addf(b, "%s \"hasu %s\" \"hasu manual\"\n", argument, HASU_VERSION);
	return 0;
}

static int named(const char *argument, const struct command **ret, struct err *e)
{
	*ret = command_find(argument);
	return *ret && (*ret)->run ? 0 : err_say(e, EINVAL, "there is no command '%s'", argument);
}

static int fill_name(struct strbuf *b, const char *argument, struct err *e)
{
	const struct command *c;
	int r = named(argument, &c, e);

	if (r == 0)
		strbuf_addf(b, "hasu-%s - %s\n", c->name, c->help);
	return r;
}

/* One line for each way that "|" with spaces around it separates. */
static int fill_synopsis(struct strbuf *b, const char *argument, struct err *e)
{
	const struct command *c;
	int r = named(argument, &c, e);

	for (const char *way = r < 0 ? NULL : c->synopsis; way;) {
		/* Within brackets it separates arguments. */
		const char *end = strchr(way, '[') && strchr(way, '[') < strchrnul(way, '|')
					  ? strstr(strchrnul(way, ']'), " | ")
					  : strstr(way, " | ");
		char text[256] = "";

		size_t len = end ? (size_t)(end - way) : strlen(way);
		if (len >= sizeof(text))
			return err_say(e, EINVAL, "the synopsis of %s is too long", c->name);
		memcpy(text, way, len);
		strbuf_addf(b, "*hasu* [_OPTION_...] *%s* [_OPTION_...] ", c->name);
		add_usage(b, text);
		while (b->len > 0 && b->text[b->len - 1] == ' ')
			b->text[--b->len] = '\0';
		strbuf_adds(b, end ? "++\n" : "\n");
		way = end ? end + 3 : NULL;
	}
	return r;
}

/* The paragraph that --help has; its lines are broken for a terminal. */
static int fill_more(struct strbuf *b, const char *argument, struct err *e)
{
	const struct command *c;
	int r = named(argument, &c, e);

	if (r == 0 && c->more)
		add_plain(b, c->more, strlen(c->more));
	return r;
}

static void add_option(struct strbuf *b, const struct option *row)
{
	_cleanup_(strbuf_free) struct strbuf argument = { 0 };

	if (row->kind == OPTION_CHOICE) {
		option_takes(&argument, row);
		for (size_t i = 0; i < argument.len; i++) {
			if (argument.text[i] == ',')
				argument.text[i] = '|';
		}
		b->failed |= argument.failed;
	}
	const char *shown = argument.text ? argument.text : row->arg;
	if (row->letter) {
		strbuf_addf(b, "*-%c*", row->letter);
		if (shown) {
			strbuf_adds(b, " ");
			add_usage(b, shown);
		}
		strbuf_adds(b, ", ");
	}
	strbuf_addf(b, "*--%s*", row->name);
	if (shown) {
		strbuf_adds(b, " ");
		add_usage(b, shown);
	}
	strbuf_adds(b, "\n\t");
	add_sentence(b, row->help);
	strbuf_adds(b, "\n");
}

static int fill_options(struct strbuf *b, const char *argument, struct err *e)
{
	const struct command *c = NULL;
	int r = *argument ? named(argument, &c, e) : 0;

	if (r < 0)
		return r;
	if (c && c->options[0])
		strbuf_adds(b, "# OPTIONS\n\n");
	each_option(b, c, add_option);
	if (c && c->options[0])
		strbuf_adds(b, "The options of *hasu*(1) are taken here as well.\n\n");
	return 0;
}

static int fill_commands(struct strbuf *b, const char *argument, struct err *e)
{
	for (const struct command *c = NULL; (c = next_command(c));) {
		if (!str_eq(c->name, "help"))
			strbuf_addf(b, "*hasu-%s*(1)\n\t", c->name);
		else
			strbuf_addf(b, "*help* [_COMMAND_]\n\t");
		add_sentence(b, c->help);
		strbuf_adds(b, "\n");
	}
	return 0;
}

static void add_flags(struct strbuf *b, unsigned allowed)
{
	size_t n, start = b->len;
	const struct mpol_flag_info *f = mpol_flags(&n);

	for (size_t i = 0; i < n; i++) {
		if (!(allowed & f[i].bit))
			continue;
		strbuf_adds(b, b->len > start ? ", " : "");
		add_plain(b, f[i].name, strlen(f[i].name));
	}
	if (b->len == start)
		strbuf_adds(b, "none");
}

static int fill_modes(struct strbuf *b, const char *argument, struct err *e)
{
	static const char *const rules[] = {
		[MPOL_NODES_NONE] = "none",
		[MPOL_NODES_OPTIONAL] = "any, or none: local",
		[MPOL_NODES_REQUIRED] = "one or more",
	};
	size_t n;
	const struct mpol_mode_info *m = mpol_modes(&n);

	for (size_t i = 0; i < n; i++) {
		strbuf_adds(b, "*");
		add_plain(b, m[i].name, strlen(m[i].name));
		strbuf_adds(b, "*\n\t");
		add_sentence(b, m[i].words);
		strbuf_addf(b, "\tNodes: %s. Flags: ", rules[m[i].node_rule]);
		add_flags(b, m[i].flags);
		strbuf_addf(b, ". Since Linux %d.%d.\n\tIn numa\\_maps: \"%s\".\n\n", m[i].since[0],
			m[i].since[1], m[i].maps_word);
	}
	return 0;
}

static int fill_flags(struct strbuf *b, const char *argument, struct err *e)
{
	size_t n, n_modes;
	const struct mpol_flag_info *f = mpol_flags(&n);
	const struct mpol_mode_info *m = mpol_modes(&n_modes);

	for (size_t i = 0; i < n; i++) {
		const char *between = "";

		strbuf_adds(b, "*");
		add_plain(b, f[i].name, strlen(f[i].name));
		strbuf_adds(b, "*\n\t");
		add_sentence(b, f[i].words);
		strbuf_addf(b, "\tSince Linux %d.%d. With: ", f[i].since[0], f[i].since[1]);
		for (size_t j = 0; j < n_modes; j++) {
			if (!(m[j].flags & f[i].bit))
				continue;
			strbuf_adds(b, between);
			add_plain(b, m[j].name, strlen(m[j].name));
			between = ", ";
		}
		strbuf_addf(b, ".\n\tIn numa\\_maps: \"%s\".\n\n", f[i].maps_word);
	}
	return 0;
}

static int fill_symbols(struct strbuf *b, const char *argument, struct err *e)
{
	size_t n;
	const struct mpol_symbol_info *s = mpol_symbols(&n);

	for (size_t i = 0; i < n; i++) {
		strbuf_addf(b, "*%s*", s[i].name);
		if (s[i].argument)
			strbuf_addf(b, "*:*_%s_", s[i].argument);
		strbuf_adds(b, "\n\t");
		add_sentence(b, s[i].words);
		strbuf_adds(b, "\n");
	}
	return 0;
}

static int fill_conf(struct strbuf *b, const char *argument, struct err *e)
{
	for (enum conf_setting i = 0; i < CONF_SETTINGS; i++) {
		strbuf_addf(b, "*%s*\n\t", conf_setting_name(i));
		add_sentence(b, conf_setting_words(i));
		strbuf_addf(b, "\tThe default is *%s*.\n\n", conf_setting_default(i));
	}
	return 0;
}

static int fill_annotations(struct strbuf *b, const char *argument, struct err *e)
{
	strbuf_adds(b, "The names that _annotations_ takes:\n\n");
	for (const struct name_row *n = names_policy_annotations; n->name; n++)
		strbuf_addf(b, "- *%s*\n", n->name);
	strbuf_adds(b, "\n");
	return 0;
}

const struct marker markers_man[] = {
	{ "title", fill_title },
	{ "name", fill_name },
	{ "synopsis", fill_synopsis },
	{ "more", fill_more },
	{ "options", fill_options },
	{ "commands", fill_commands },
	{ "modes", fill_modes },
	{ "flags", fill_flags },
	{ "symbols", fill_symbols },
	{ "conf", fill_conf },
	{ "annotations", fill_annotations },
	{ NULL, NULL },
};
