/* SPDX-License-Identifier: Apache-2.0 */
/*
 * canvas.c - characters in rows and columns, drawn on before anything is printed.
 */
#include "report/report.h"

#include <stdlib.h>

#define CANVAS_MAX (1u << 20) /* cells */

struct cell {
	char text[5]; /* one character of UTF-8; "": a blank */
	unsigned char tone;
};

struct canvas {
	unsigned width, height;
	struct cell cells[];
};

struct canvas *canvas_new(unsigned width, unsigned height)
{
	struct canvas *c;

	if (width == 0 || height > CANVAS_MAX / width)
		return NULL;
	c = calloc(1, sizeof(*c) + (size_t)width * height * sizeof(struct cell));
	if (c) {
		c->width = width;
		c->height = height;
	}
	return c;
}

void canvas_free(struct canvas *c)
{
	free(c);
}

static void put(
	struct canvas *c, unsigned x, unsigned y, enum tone tone, const char *text, size_t len)
{
	struct cell *cell;

	if (x >= c->width || y >= c->height || len >= sizeof(cell->text))
		return;
	cell = &c->cells[(size_t)y * c->width + x];
	memcpy(cell->text, text, len);
	cell->text[len] = '\0';
	cell->tone = (unsigned char)tone;
}

void canvas_text(struct canvas *c, unsigned x, unsigned y, enum tone tone, const char *text)
{
	while (*text) {
		bool plain;
		const size_t len = text_take(text, &plain);

		put(c, x++, y, tone, plain ? text : "?", plain ? len : 1);
		text += len;
	}
}

void canvas_box(struct canvas *c, const struct style *style, unsigned x, unsigned y, unsigned width,
	unsigned height, enum tone tone, const char *title)
{
	static const char *const unicode[] = { "┌", "┐", "└", "┘", "─", "│" };
	static const char *const ascii[] = { "+", "+", "+", "+", "-", "|" };
	const char *const *edge = style->unicode ? unicode : ascii;

	if (width < 2 || height < 2)
		return;
	for (unsigned i = 1; i + 1 < width; i++) {
		canvas_text(c, x + i, y, tone, edge[4]);
		canvas_text(c, x + i, y + height - 1, tone, edge[4]);
	}
	for (unsigned i = 1; i + 1 < height; i++) {
		canvas_text(c, x, y + i, tone, edge[5]);
		canvas_text(c, x + width - 1, y + i, tone, edge[5]);
	}
	canvas_text(c, x, y, tone, edge[0]);
	canvas_text(c, x + width - 1, y, tone, edge[1]);
	canvas_text(c, x, y + height - 1, tone, edge[2]);
	canvas_text(c, x + width - 1, y + height - 1, tone, edge[3]);
	if (title && text_width(title) + 4 <= width) {
		canvas_text(c, x + 1, y, tone, " ");
		canvas_text(c, x + 2, y, TONE_BOLD, title);
		canvas_text(c, x + 2 + (unsigned)text_width(title), y, tone, " ");
	}
}

void canvas_bar(struct canvas *c, const struct style *style, unsigned x, unsigned y, unsigned width,
	double part, enum tone tone)
{
	static const char *const eighths[] = { "", "▏", "▎", "▍", "▌", "▋", "▊", "▉" };
	unsigned full, rest;

	if (!(part >= 0))
		part = 0;
	if (part > 1)
		part = 1;
	full = (unsigned)(part * width * 8 + 0.5);
	rest = full % 8;
	full /= 8;
	for (unsigned i = 0; i < width; i++) {
		if (i < full)
			canvas_text(c, x + i, y, tone, style->unicode ? "█" : "#");
		else if (i == full && rest && style->unicode)
			canvas_text(c, x + i, y, tone, eighths[rest]);
		else if (i == full && rest >= 4)
			canvas_text(c, x + i, y, tone, "#");
		else
			canvas_text(c, x + i, y, TONE_DIM, style->unicode ? "·" : ".");
	}
}

void canvas_print(const struct canvas *c, const struct style *style, struct strbuf *b)
{
	for (unsigned y = 0; y < c->height; y++) {
		const struct cell *row = &c->cells[(size_t)y * c->width];
		unsigned end = c->width;

		while (end > 0 && (!row[end - 1].text[0] || str_eq(row[end - 1].text, " ")))
			end--;
		for (unsigned x = 0; x < end;) {
			struct strbuf run = { 0 };
			unsigned char tone = row[x].tone;

			/* One escape sequence for all that follows in the same tone. */
			for (; x < end && row[x].tone == tone; x++)
				strbuf_adds(&run, row[x].text[0] ? row[x].text : " ");
			add_toned(b, style, (enum tone)tone, run.text ? run.text : "");
			b->failed |= run.failed;
			strbuf_free(&run);
		}
		strbuf_adds(b, "\n");
	}
}
