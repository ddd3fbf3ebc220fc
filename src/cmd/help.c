/* SPDX-License-Identifier: Apache-2.0 */
/*
 * help.c - usage, help and versions, as texts made from the table.
 */
#include "cmd/cmd.h"
#include "commit.h"
#include "config.h"

#include <errno.h>
#include <seccomp.h>

#define COLUMN 30 /* where the words begin */
#define WIDTH 96

static void add_words(struct strbuf *b, size_t column, const char *words);
static void add_options(struct strbuf *b, const struct option *const *lists, size_t n);

void usage_line(struct strbuf *b, const struct command *command)
{
	if (command)
		strbuf_addf(b, "usage: hasu %s [OPTION...]%s%s\n", command->name,
			*command->synopsis ? " " : "", command->synopsis);
	else
		strbuf_adds(b, "usage: hasu [OPTION...] COMMAND [ARGUMENT...]\n");
}

static void add_commands(struct strbuf *b)
{
	for (const struct command *c = commands; c->name; c++) {
		if (!c->run)
			continue;
		strbuf_addf(b, "   %-12s ", c->name);
		add_words(b, 16, c->help);
	}
}

void help_text(struct strbuf *b, const struct command *command)
{
	const struct option *const global = global_options;

	if (!command) {
		strbuf_adds(b, "NAME:\n   hasu - an OCI container runtime that puts memory where "
			       "the config says\n\n"
			       "USAGE:\n   hasu [OPTION...] COMMAND [ARGUMENT...]\n\nCOMMANDS:\n");
		add_commands(b);
		strbuf_adds(b, "\nOPTIONS:\n");
		add_options(b, &global, 1);
		strbuf_adds(b, "\nhasu COMMAND --help tells more of a command.\n");
		return;
	}
	strbuf_addf(b, "NAME:\n   hasu %s - %s\n\nUSAGE:\n   hasu %s [OPTION...]%s%s\n",
		command->name, command->help, command->name, *command->synopsis ? " " : "",
		command->synopsis);
	if (command->more)
		strbuf_addf(b, "\n%s", command->more);
	if (command->options[0])
		strbuf_adds(b, "\nOPTIONS:\n");
	add_options(b, command->options, COMMAND_OPTION_LISTS);
	strbuf_adds(b, "\nThe options that hasu --help shows are taken here as well.\n");
}

/* Words broken at spaces; the first line stands where the caller left off. */
static void add_words(struct strbuf *b, size_t column, const char *words)
{
	size_t at = column;

	while (*words) {
		size_t len = strcspn(words, " ");
		if (at > column && at + 1 + len > WIDTH) {
			strbuf_addf(b, "\n%*s", (int)column, "");
			at = column;
		} else if (at > column) {
			strbuf_adds(b, " ");
			at++;
		}
		strbuf_add(b, words, len);
		at += len;
		words += len;
		words += strspn(words, " ");
	}
	strbuf_adds(b, "\n");
}

static void add_option(struct strbuf *b, const struct option *row)
{
	size_t start = b->len;

	strbuf_addf(b, "   --%s", row->name);
	if (row->letter)
		strbuf_addf(b, ", -%c", row->letter);
	if (row->kind == OPTION_CHOICE) {
		const char *between = " ";
		for (size_t i = 0; row->choices[i]; i++) {
			if (!*row->choices[i])
				continue;
			strbuf_addf(b, "%s%s", between, row->choices[i]);
			between = "|";
		}
	} else if (row->arg) {
		strbuf_addf(b, " %s", row->arg);
	}

	size_t used = b->len - start;
	if (used + 1 < COLUMN)
		strbuf_addf(b, "%*s ", (int)(COLUMN - used - 1), "");
	else
		strbuf_addf(b, "\n%*s", COLUMN, "");
	add_words(b, COLUMN, row->help);
}

static void add_options(struct strbuf *b, const struct option *const *lists, size_t n)
{
	for (size_t i = 0; i < n && lists[i]; i++) {
		for (const struct option *row = lists[i]; row->name; row++)
			add_option(b, row);
	}
}

/*
 * Docker takes the first line with "version" in it apart, then looks for "commit:"; runc's order of
 * lines is what others expect.
 */
void version_text(struct strbuf *b)
{
	const struct scmp_version *seccomp = seccomp_version();

	strbuf_addf(b, "hasu version %s\ncommit: %s\nspec: %s\n", HASU_VERSION, HASU_COMMIT,
		SPEC_OCI_VERSION);
	if (seccomp)
		strbuf_addf(b, "libseccomp: %u.%u.%u\n", seccomp->major, seccomp->minor,
			seccomp->micro);
}

int cmd_help(const struct options *o, struct err *e)
{
	const struct command *about = NULL;
	struct strbuf b = { 0 };

	if (o->args.n > 0) {
		about = command_find(o->args.v[0]);
		if (!about)
			return err_say(
				e, EINVAL, "there is no help: unknown command '%s'", o->args.v[0]);
		if (!about->run)
			return err_say(e, ENOTSUP, "%s is not supported by this version of hasu",
				about->name);
	}
	help_text(&b, about);
	return print_out(&b, e);
}
