/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shells.c - tables of the completions of bash, zsh and fish. What is done with them is in the
 * templates, completions/.
 */
#include "fill/fill.h"

/* --- bash: one line for each command, with every spelling of its options --- */

static void add_bash_option(struct strbuf *b, const struct option *row)
{
	_cleanup_(strbuf_free) struct strbuf takes = { 0 };

	option_takes(&takes, row);
	strbuf_addf(b, " --%s%s%s", row->name, takes.len ? "=" : "", takes.len ? takes.text : "");
	if (row->letter)
		strbuf_addf(b, " -%c%s%s", row->letter, takes.len ? "=" : "",
			takes.len ? takes.text : "");
	b->failed |= takes.failed;
}

static void add_bash(struct strbuf *b, const struct command *c)
{
	strbuf_addf(b, "    '%s')\n        options+='", c ? c->name : "");
	each_option(b, c, add_bash_option);
	strbuf_adds(b, " '\n        arguments=(");
	if (c)
		command_takes(b, c);
	else
		strbuf_adds(b, "@command");
	strbuf_adds(b, ")\n        ;;\n");
}

static int fill_bash(struct strbuf *b, const char *argument, struct err *e)
{
	add_bash(b, NULL);
	for (const struct command *c = NULL; (c = next_command(c));)
		add_bash(b, c);
	return 0;
}

static int fill_names(struct strbuf *b, const char *argument, struct err *e)
{
	strbuf_adds(b, "           ");
	for (const struct command *c = NULL; (c = next_command(c));)
		strbuf_addf(b, " %s", c->name);
	strbuf_adds(b, "\n");
	return 0;
}

/* --- text in single quotes --- */

/* special: characters of the shell's own formats that get a backslash. */
static void add_quoted(struct strbuf *b, const char *text, const char *special, const char *quote)
{
	for (; *text; text++) {
		if (*text == '\'')
			strbuf_adds(b, quote);
		else if (strchr(special, *text))
			strbuf_addf(b, "\\%c", *text);
		else
			strbuf_add(b, text, 1);
	}
}

/* --- zsh: specs of _arguments --- */

#define ZSH_SPECIAL "[]:\\"
#define ZSH_QUOTE "'\\''"

static void add_zsh_takes(struct strbuf *b, const char *takes)
{
	static const struct {
		const char *takes, *action;
	} known[] = {
		{ "@dir", "_path_files -/" },
		{ "@file", "_files" },
		{ "@none", " " },
		{ "@new", " " },
		{ "@id", "_hasu_containers" },
		{ "@signal", "_signals -s" },
		{ "@command", "_hasu_commands" },
	};

	for (size_t i = 0; i < ELEMENTS(known); i++) {
		if (str_eq(known[i].takes, takes)) {
			strbuf_adds(b, known[i].action);
			return;
		}
	}
	strbuf_adds(b, "(");
	for (; *takes; takes++)
		strbuf_add(b, *takes == ',' ? " " : takes, 1);
	strbuf_adds(b, ")");
}

static void add_zsh_spec(struct strbuf *b, const struct option *row, const char *dashes,
	const char *name, const char *takes)
{
	bool repeats = row->kind == OPTION_LIST;

	strbuf_adds(b, "            '");
	if (repeats)
		strbuf_adds(b, "*");
	else if (row->letter)
		strbuf_addf(b, "(-%c --%s)", row->letter, row->name);
	/* "=": the argument may stand in the same word, behind an equals sign, too. */
	strbuf_addf(b, "%s%s%s[", dashes, name, takes ? dashes[1] ? "=" : "+" : "");
	add_quoted(b, row->help, ZSH_SPECIAL, ZSH_QUOTE);
	strbuf_adds(b, "]");
	if (takes) {
		strbuf_adds(b, ":");
		add_quoted(b, row->arg, ZSH_SPECIAL, ZSH_QUOTE);
		strbuf_adds(b, ":");
		add_zsh_takes(b, takes);
	}
	strbuf_adds(b, "'\n");
}

static void add_zsh_option(struct strbuf *b, const struct option *row)
{
	_cleanup_(strbuf_free) struct strbuf takes = { 0 };
	char letter[2] = { row->letter, '\0' };

	option_takes(&takes, row);
	add_zsh_spec(b, row, "--", row->name, takes.text);
	if (row->letter)
		add_zsh_spec(b, row, "-", letter, takes.text);
	b->failed |= takes.failed;
}

static int fill_zsh_globals(struct strbuf *b, const char *argument, struct err *e)
{
	each_option(b, NULL, add_zsh_option);
	return 0;
}

static int fill_zsh_commands(struct strbuf *b, const char *argument, struct err *e)
{
	for (const struct command *c = NULL; (c = next_command(c));) {
		strbuf_addf(b, "        '%s:", c->name);
		add_quoted(b, c->help, ":\\", ZSH_QUOTE);
		strbuf_adds(b, "'\n");
	}
	return 0;
}

static int fill_zsh_specs(struct strbuf *b, const char *argument, struct err *e)
{
	for (const struct command *c = NULL; (c = next_command(c));) {
		_cleanup_(strbuf_free) struct strbuf takes = { 0 };
		char *save = NULL, *word;
		int position = 0;

		strbuf_addf(b, "    %s)\n        specs=(\n", c->name);
		each_option(b, c, add_zsh_option);
		command_takes(&takes, c);
		b->failed |= takes.failed;
		for (word = takes.len ? strtok_r(takes.text, " ", &save) : NULL; word;
			word = strtok_r(NULL, " ", &save)) {
			if (str_eq(word, "@rest")) {
				strbuf_adds(b, "            '*:: : '\n");
				break;
			}
			strbuf_addf(b, "            '%d:%s:", ++position, word + 1);
			add_zsh_takes(b, word);
			strbuf_adds(b, "'\n");
		}
		strbuf_adds(b, "        )\n        ;;\n");
	}
	return 0;
}

/* --- fish: one line for each option --- */

#define FISH_QUOTE "\\'"
#define FISH_SPECIAL "\\"

static const char *fish_command; /* of the options that are being added; NULL: global */

static void add_fish_takes(struct strbuf *b, const char *takes)
{
	static const struct {
		const char *takes, *arguments;
	} known[] = {
		{ "@dir", " -x -a '(__fish_complete_directories (commandline -ct))'" },
		{ "@file", " -r -F" },
		{ "@none", " -x" },
	};

	for (size_t i = 0; i < ELEMENTS(known); i++) {
		if (str_eq(known[i].takes, takes)) {
			strbuf_adds(b, known[i].arguments);
			return;
		}
	}
	strbuf_adds(b, " -x -a '");
	for (; *takes; takes++)
		strbuf_add(b, *takes == ',' ? " " : takes, 1);
	strbuf_adds(b, "'");
}

static void add_fish_option(struct strbuf *b, const struct option *row)
{
	_cleanup_(strbuf_free) struct strbuf takes = { 0 };

	option_takes(&takes, row);
	strbuf_adds(b, "complete -c hasu");
	if (fish_command)
		strbuf_addf(b, " -n '__hasu_command_is %s'", fish_command);
	else
		strbuf_adds(b, " -n __hasu_has_own_options");
	strbuf_addf(b, " -l %s", row->name);
	if (row->letter)
		strbuf_addf(b, " -s %c", row->letter);
	if (takes.len)
		add_fish_takes(b, takes.text);
	strbuf_adds(b, " -d '");
	add_quoted(b, row->help, FISH_SPECIAL, FISH_QUOTE);
	strbuf_adds(b, "'\n");
	b->failed |= takes.failed;
}

static int fill_fish_options(struct strbuf *b, const char *argument, struct err *e)
{
	fish_command = NULL;
	each_option(b, NULL, add_fish_option);
	for (const struct command *c = NULL; (c = next_command(c));) {
		fish_command = c->name;
		each_option(b, c, add_fish_option);
	}
	return 0;
}

static int fill_fish_commands(struct strbuf *b, const char *argument, struct err *e)
{
	for (const struct command *c = NULL; (c = next_command(c));) {
		strbuf_addf(b, "    printf '%%s\\t%%s\\n' %s '", c->name);
		add_quoted(b, c->help, FISH_SPECIAL, FISH_QUOTE);
		strbuf_adds(b, "'\n");
	}
	return 0;
}

static void add_fish_taking(struct strbuf *b, const struct option *row)
{
	_cleanup_(strbuf_free) struct strbuf takes = { 0 };

	option_takes(&takes, row);
	if (takes.len && row->letter)
		strbuf_addf(b, " -%c", row->letter);
	if (takes.len)
		strbuf_addf(b, " --%s", row->name);
	b->failed |= takes.failed;
}

/* Those options whose argument is the next word, and what the command's own arguments are. */
static int fill_fish_words(struct strbuf *b, const char *argument, struct err *e)
{
	strbuf_adds(b, "        case ''\n            set -g __hasu_taking");
	each_option(b, NULL, add_fish_taking);
	strbuf_adds(b, "\n            set -g __hasu_arguments @command\n");
	for (const struct command *c = NULL; (c = next_command(c));) {
		strbuf_addf(b, "        case %s\n            set -a __hasu_taking", c->name);
		each_option(b, c, add_fish_taking);
		strbuf_adds(b, "\n            set -g __hasu_arguments ");
		command_takes(b, c);
		strbuf_adds(b, "\n");
	}
	return 0;
}

const struct marker markers_shells[] = {
	{ "names", fill_names },
	{ "bash", fill_bash },
	{ "zsh-globals", fill_zsh_globals },
	{ "zsh-commands", fill_zsh_commands },
	{ "zsh-specs", fill_zsh_specs },
	{ "fish-options", fill_fish_options },
	{ "fish-commands", fill_fish_commands },
	{ "fish-words", fill_fish_words },
	{ NULL, NULL },
};
