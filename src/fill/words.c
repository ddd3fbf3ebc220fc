/* SPDX-License-Identifier: Apache-2.0 */
/*
 * words.c - what the tables say of arguments, for those who offer or describe them.
 */
#include "fill/fill.h"

#include "spec/names.h"

static bool makes_container(const struct command *c);
static void add_argument(struct strbuf *b, const struct command *c, const char *word, size_t len);

static void add_word(struct strbuf *b, size_t start, const char *word)
{
	strbuf_addf(b, "%s%s", b->len > start ? "," : "", word);
}

void option_takes(struct strbuf *b, const struct option *row)
{
	size_t start = b->len;

	if (row->kind == OPTION_CHOICE) {
		/* An empty choice stands for none given. */
		for (size_t i = 0; row->choices[i]; i++) {
			if (*row->choices[i])
				add_word(b, start, row->choices[i]);
		}
	} else if (!row->arg) {
		return;
	} else if (str_eq(row->arg, "DIR")) {
		strbuf_adds(b, "@dir");
	} else if (str_eq(row->arg, "FILE") || str_eq(row->arg, "SOCKET")) {
		strbuf_adds(b, "@file");
	} else if (str_eq(row->arg, "CAPABILITY")) {
		for (const struct name_row *n = names_capabilities; n->name; n++)
			add_word(b, start, n->name);
	} else if (strchr(row->arg, '|')) {
		for (const char *c = row->arg; *c; c++)
			strbuf_add(b, *c == '|' ? "," : c, 1);
	} else {
		strbuf_adds(b, "@none");
	}
}

void command_takes(struct strbuf *b, const struct command *c)
{
	size_t start = b->len;

	for (const char *word = c->synopsis; *word && *word != '|';) {
		size_t len = strcspn(word, " ");
		if (b->len > start)
			strbuf_adds(b, " ");
		add_argument(b, c, word, len);
		if (c->command_line) {
			strbuf_adds(b, " @rest");
			break;
		}
		word += len;
		word += strspn(word, " ");
	}
}

static void add_argument(struct strbuf *b, const struct command *c, const char *word, size_t len)
{
	static const struct {
		const char *word, *takes;
	} known[] = { { "[SIGNAL]", "@signal" }, { "[COMMAND]", "@command" },
		{ "[FILE", "@file" } };

	if (len == 2 && !strncmp(word, "ID", len)) {
		strbuf_adds(b, makes_container(c) ? "@new" : "@id");
		return;
	}
	for (size_t i = 0; i < ELEMENTS(known); i++) {
		if (!strncmp(known[i].word, word, len) && !known[i].word[len]) {
			strbuf_adds(b, known[i].takes);
			return;
		}
	}
	strbuf_adds(b, "@none");
}

/* A command that asks where the bundle is has no container yet. */
static bool makes_container(const struct command *c)
{
	for (size_t i = 0; i < COMMAND_OPTION_LISTS && c->options[i]; i++) {
		for (const struct option *row = c->options[i]; row->name; row++) {
			if (str_eq(row->name, "bundle"))
				return true;
		}
	}
	return false;
}

const struct command *next_command(const struct command *c)
{
	c = c ? c + 1 : commands;
	while (c->name && !c->run)
		c++;
	return c->name ? c : NULL;
}

void each_option(struct strbuf *b, const struct command *c, each_option_fn *fn)
{
	const struct option *const global[COMMAND_OPTION_LISTS] = { global_options };
	const struct option *const *lists = c ? c->options : global;

	for (size_t i = 0; i < COMMAND_OPTION_LISTS && lists[i]; i++) {
		for (const struct option *row = lists[i]; row->name; row++)
			fn(b, row);
	}
}
