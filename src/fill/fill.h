/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fill.h - texts for people and shells, with tables of the code's own: man pages and completions.
 *
 * A program of the build; nothing of it is in the runtime. A template is copied line by line. A
 * line that is nothing but @WORD@ or @WORD ARGUMENT@, behind white space and the '#' of a comment,
 * is replaced by that table, so that a template of a shell is a script that a checker can read.
 */
#pragma once

#include "base/err.h"
#include "base/fd.h"
#include "base/str.h"
#include "cmd/cmd.h"

/* Add the table; argument is "" where the line has none. 0, or -EINVAL with e set. */
typedef int fill_fn(struct strbuf *b, const char *argument, struct err *e);

struct marker {
	const char *word;
	fill_fn *fill;
};

extern const struct marker markers_man[];    /* man.c; both end with a row without word */
extern const struct marker markers_shells[]; /* shells.c */

/*
 * words.c: what may stand for an option's argument, as the shells are told: "@dir", "@file",
 * "@none", or the words themselves with commas between them; "" for an option without argument.
 */
void option_takes(struct strbuf *b, const struct option *row);

/*
 * words.c: the same of a command's own arguments, with spaces between them: "@id" a container's ID,
 * "@new" that of one to be made, "@signal", "@command" a name of ours, "@rest" what is another
 * program's, options included, to the end.
 */
void command_takes(struct strbuf *b, const struct command *c);

/* Commands that this version has, and options that they take, in the table's order. */
const struct command *next_command(const struct command *c); /* NULL: the first; NULL at the end */
typedef void each_option_fn(struct strbuf *b, const struct option *row);
void each_option(struct strbuf *b, const struct command *c, each_option_fn *fn); /* NULL: global */
