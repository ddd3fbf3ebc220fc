/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fill.c - print a template with its tables filled in.
 *
 *	fill TEMPLATE
 */
#include "fill/fill.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

/* Far above the longest page. */
#define TEMPLATE_MAX ((size_t)1024 * 1024)

static int fill_lines(struct strbuf *b, char *text, struct err *e);
static int fill_line(struct strbuf *b, const char *line, struct err *e);

int main(int argc, char *argv[])
{
	_cleanup_(strbuf_free) struct strbuf b = { 0 };
	_cleanup_free_ char *text = NULL;
	struct err e = { 0 };
	size_t len;
	int r = -EINVAL;

	if (argc != 2) {
		(void)fprintf(stderr, "usage: fill TEMPLATE\n");
		return EXIT_FAILURE;
	}
	r = fd_read_file(AT_FDCWD, argv[1], TEMPLATE_MAX, &text, &len);
	if (r < 0)
		(void)err_set(&e, -r, "reading '%s'", argv[1]);
	else
		r = fill_lines(&b, text, &e);
	if (r == 0 && b.failed)
		r = err_nomem(&e);
	if (r == 0 && (fwrite(b.text, 1, b.len, stdout) != b.len || fflush(stdout)))
		r = err_set(&e, errno, "writing standard output");
	if (r < 0) {
		(void)fprintf(stderr, "fill: %s: %s\n", argv[1], e.text);
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}

static int fill_lines(struct strbuf *b, char *text, struct err *e)
{
	int r = 0;

	for (char *end; r == 0 && *text; text = end) {
		end = strchrnul(text, '\n');
		if (*end)
			*end++ = '\0';
		r = fill_line(b, text, e);
	}
	return r;
}

static const struct marker *marker_find(const char *word, size_t len)
{
	const struct marker *const tables[] = { markers_man, markers_shells };

	for (size_t i = 0; i < ELEMENTS(tables); i++) {
		for (const struct marker *m = tables[i]; m->word; m++) {
			if (!strncmp(m->word, word, len) && !m->word[len])
				return m;
		}
	}
	return NULL;
}

static int fill_line(struct strbuf *b, const char *line, struct err *e)
{
	const char *word = line + strspn(line, "\t #");
	size_t len = strlen(word);
	char argument[64] = "";

	if (len < 3 || word[0] != '@' || word[len - 1] != '@') {
		strbuf_addf(b, "%s\n", line);
		return 0;
	}
	word++;
	len -= 2;
	size_t name = strcspn(word, " @");
	if (name < len && len - name - 1 < sizeof(argument))
		memcpy(argument, word + name + 1, len - name - 1);
	const struct marker *m = marker_find(word, name);
	if (!m)
		return err_say(e, EINVAL, "no table is called '%s'", word);
	return m->fill(b, argument, e);
}
