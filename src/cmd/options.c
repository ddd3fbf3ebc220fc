/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options.c - read a command line by the table.
 *
 * Taken: --name VALUE, --name=VALUE, -n VALUE, -nVALUE, -n=VALUE, several flags in one (-dt), and,
 * as Go programs do, -name for --name. Options may stand before and after the ID; "--" ends them.
 * Touches nothing but its result.
 */
#include "cmd/cmd.h"

#include "base/fd.h"

#include <errno.h>

struct reader {
	char *const *argv;
	int argc, next;
	bool options_ended; /* "--" was seen */
	struct options *o;
	struct err *e;
};

static int read_word(struct reader *r, char *word);
static int read_long(struct reader *r, const char *shown, const char *text);
static int read_letters(struct reader *r, const char *shown);
static int check_count(const struct options *o, struct err *e);

int options_parse(int argc, char *const argv[], struct options *ret, struct err *e)
{
	struct reader r = { .argv = argv, .argc = argc, .next = 1, .o = ret, .e = e };
	int result = 0;

	while (result == 0 && r.next < argc) {
		char *arg = argv[r.next++];
		if (r.options_ended || arg[0] != '-' || !arg[1])
			result = read_word(&r, arg);
		else if (str_eq(arg, "--"))
			r.options_ended = true;
		else if (arg[1] == '-')
			result = read_long(&r, arg, arg + 2);
		else
			result = read_letters(&r, arg);
	}
	if (result == 0 && ret->command && !ret->help)
		result = check_count(ret, e);
	return result;
}

void options_free(struct options *o)
{
	arena_free(&o->arena);
}

static int add(struct reader *r, struct str_list *list, char *item)
{
	if (!list->v) {
		/* No list can have more items than the command line has words. */
		list->v = arena_array(&r->o->arena, char *, (size_t)r->argc + 1);
		if (!list->v)
			return err_nomem(r->e);
	}
	list->v[list->n++] = item;
	list->v[list->n] = NULL;
	return 0;
}

static int name_command(struct reader *r, const char *name)
{
	const struct command *c = command_find(name);

	if (!c) {
		struct near_miss near = { .word = name };
		for (c = commands; c->name; c++) {
			if (c->run)
				near_consider(&near, c->name);
		}
		return near.name ? err_say(r->e, EINVAL, "unknown command '%s'; did you mean '%s'?",
					   name, near.name)
				 : err_say(r->e, EINVAL, "unknown command '%s'", name);
	}
	if (!c->run)
		return err_say(r->e, ENOTSUP, "%s is not supported: %s", c->name, c->more);
	r->o->command = c;
	r->options_ended = false;
	return 0;
}

static int read_word(struct reader *r, char *word)
{
	struct options *o = r->o;

	if (!o->command)
		return name_command(r, word);
	int result = add(r, &o->args, word);
	if (result < 0 || !o->command->command_line)
		return result;

	if (r->next < r->argc && str_eq(r->argv[r->next], "--"))
		r->next++;
	while (result == 0 && r->next < r->argc)
		result = add(r, &o->args, r->argv[r->next++]);
	return result;
}

/* The name in text ends at len; letter is used when it is not 0. */
static const struct option *find_in(
	const struct option *row, const char *text, size_t len, char letter)
{
	for (; row->name; row++) {
		if (letter ? row->letter == letter
			   : !strncmp(row->name, text, len) && !row->name[len])
			return row;
	}
	return NULL;
}

static const struct option *find(const struct options *o, const char *text, size_t len, char letter)
{
	for (size_t i = 0; o->command && i < COMMAND_OPTION_LISTS && o->command->options[i]; i++) {
		const struct option *row = find_in(o->command->options[i], text, len, letter);
		if (row)
			return row;
	}
	return find_in(global_options, text, len, letter);
}

static int unknown(struct reader *r, const char *shown, size_t len)
{
	const struct options *o = r->o;
	const char *of = o->command ? o->command->name : "hasu";
	char name[64] = "";
	struct near_miss near = { .word = name };

	size_t dashes = strspn(shown, "-");
	if (len - dashes < sizeof(name))
		memcpy(name, shown + dashes, len - dashes);
	for (size_t i = 0; o->command && i < COMMAND_OPTION_LISTS && o->command->options[i]; i++) {
		for (const struct option *row = o->command->options[i]; row->name; row++)
			near_consider(&near, row->name);
	}
	for (const struct option *row = global_options; row->name; row++)
		near_consider(&near, row->name);
	if (near.name)
		return err_say(r->e, EINVAL, "unknown option '%.*s' of %s; did you mean '--%s'?",
			(int)len, shown, of, near.name);
	return err_say(r->e, EINVAL, "unknown option '%.*s' of %s", (int)len, shown, of);
}

/* The words that Go's flags take; engines written in Go pass --detach=true. */
static int read_bool(const char *text, bool *ret)
{
	static const char *const yes[] = { "true", "1", "t", "T", "TRUE", "True" };
	static const char *const no[] = { "false", "0", "f", "F", "FALSE", "False" };

	for (size_t i = 0; i < ELEMENTS(yes); i++) {
		if (str_eq(text, yes[i])) {
			*ret = true;
			return 0;
		}
		if (str_eq(text, no[i])) {
			*ret = false;
			return 0;
		}
	}
	return -EINVAL;
}

/* A choice that is empty stands for the option not being given. */
static int choose(struct reader *r, const struct option *row, const char *value, unsigned *ret)
{
	_cleanup_(strbuf_free) struct strbuf all = { 0 };

	for (unsigned i = 0; row->choices[i]; i++) {
		if (str_eq(row->choices[i], value)) {
			*ret = i;
			return 0;
		}
	}
	for (unsigned i = 0; row->choices[i]; i++) {
		if (*row->choices[i])
			strbuf_addf(&all, "%s%s", all.len ? ", " : "", row->choices[i]);
	}
	if (all.failed)
		return err_nomem(r->e);
	return err_say(
		r->e, EINVAL, "option '--%s': '%s' is none of %s", row->name, value, all.text);
}

static int set(struct reader *r, const struct option *row, char *value)
{
	void *at = (char *)r->o + row->at;
	uint32_t number;

	if (row->kind != OPTION_STRING && row->kind != OPTION_ONCE && !*value)
		return err_say(r->e, EINVAL, "option '--%s': flag needs an argument: %s", row->name,
			row->arg);
	if (row->kind == OPTION_ONCE && *(const char **)at)
		return err_say(r->e, EINVAL, "option '--%s' is given twice", row->name);
	switch (row->kind) {
	case OPTION_STRING:
	case OPTION_ONCE:
		*(const char **)at = *value ? value : NULL;
		return 0;
	case OPTION_NUMBER:
		if (str_to_u32(value, &number) < 0 || number > row->max)
			return err_say(r->e, EINVAL,
				"option '--%s': '%s' is not a number from 0 to %u", row->name,
				value, row->max);
		*(unsigned *)at = number;
		return 0;
	case OPTION_CHOICE:
		return choose(r, row, value, at);
	case OPTION_LIST:
		return add(r, at, value);
	case OPTION_FLAG:
		break;
	}
	return 0;
}

/* value: what stands behind "=" or, after a letter, in the same word; NULL: nothing. */
static int take(struct reader *r, const struct option *row, char *value)
{
	switch (row->kind) {
	case OPTION_FLAG: {
		bool *flag = (bool *)((char *)r->o + row->at);
		if (!value)
			*flag = true;
		else if (read_bool(value, flag) < 0)
			return err_say(r->e, EINVAL,
				"option '--%s': '%s' is neither true nor false", row->name, value);
		return 0;
	}
	default:
		if (!value && r->next < r->argc)
			value = r->argv[r->next++];
		if (!value)
			/* Podman runs `restore --lsm-mount-context` and looks for these words. */
			return err_say(r->e, EINVAL, "option '--%s': flag needs an argument: %s",
				row->name, row->arg);
		return set(r, row, value);
	}
}

static int read_long(struct reader *r, const char *shown, const char *text)
{
	size_t len = strcspn(text, "=");
	const struct option *row = find(r->o, text, len, 0);

	if (!row || len == 0)
		return unknown(r, shown, len + (size_t)(text - shown));
	return take(r, row, text[len] ? (char *)text + len + 1 : NULL);
}

static int read_letters(struct reader *r, const char *shown)
{
	const char *text = shown + 1;
	size_t len = strcspn(text, "=");

	if (len > 1 && find(r->o, text, len, 0))
		return read_long(r, shown, text);
	for (; *text; text++) {
		const struct option *row = find(r->o, NULL, 0, *text);
		if (!row)
			return text == shown + 1
				       ? unknown(r, shown, len + 1)
				       : err_say(r->e, EINVAL, "unknown option '-%c' in '%s' of %s",
						 *text, shown,
						 r->o->command ? r->o->command->name : "hasu");
		char *rest = (char *)text + 1;
		bool equals = *rest == '=';
		if (row->kind != OPTION_FLAG || equals)
			return take(r, row, equals ? rest + 1 : *rest ? rest : NULL);
		int result = take(r, row, NULL);
		if (result < 0)
			return result;
	}
	return 0;
}

static int check_count(const struct options *o, struct err *e)
{
	const struct command *c = o->command;

	if (o->args.n < c->args_min)
		return err_say(e, EINVAL, "%s needs the ID of a container", c->name);
	if (o->args.n > c->args_max)
		return err_say(e, EINVAL, "%s: '%s' is one argument too many", c->name,
			o->args.v[c->args_max]);
	return 0;
}
