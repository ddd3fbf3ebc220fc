/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report.h - what commands that show something share: colours and boxes of a terminal, SVG.
 *
 * Everything is built in memory, in a struct strbuf whose failure is looked at once, at the end.
 * Nothing here knows what it shows, and nothing reads a terminal: who calls says for whom it is.
 */
#pragma once

#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* For whom. */
struct style {
	bool colour;    /* escape sequences may be used */
	bool unicode;   /* else ASCII alone */
	unsigned width; /* columns, at least REPORT_WIDTH_MIN */
};
#define REPORT_WIDTH_MIN 40
#define REPORT_WIDTH 100     /* in a pipe */
#define REPORT_WIDTH_MAX 240 /* longer lines are no better to read */

/*
 * As the environment has it: colour only where fd is a terminal, TERM is not "dumb" and NO_COLOR is
 * unset or empty (no-color.org); Unicode by the locale's name; the width is the terminal's or, for
 * a pipe too, that of COLUMNS.
 */
struct style style_of(int fd);

enum tone {
	TONE_PLAIN,
	TONE_BOLD,
	TONE_DIM,
	TONE_GOOD,   /* green */
	TONE_WARN,   /* yellow */
	TONE_BAD,    /* red */
	TONE_NOTE,   /* blue */
	TONE_ACCENT, /* cyan */
};

/*
 * The bytes of the one character that text, not empty, begins with; not plain: a terminal would obey
 * it, or it is no UTF-8, and '?' is to stand for it.
 */
size_t text_take(const char *text, bool *ret_plain);

/* Add len bytes of text, with '?' for each character that is not plain. */
void text_add(struct strbuf *b, const char *text, size_t len);

/* The same in a tone, without colour where the style has none. */
void add_toned(struct strbuf *b, const struct style *style, enum tone tone, const char *text);

/* Words broken at spaces between the columns indent and style->width; the first line goes on where
 * the caller left off, at column `at`. Ends with a newline. */
void add_wrapped(
	struct strbuf *b, const struct style *style, unsigned at, unsigned indent, const char *text);

/* Characters, as they are added. */
size_t text_width(const char *text);

/* "64 GiB", "1.5 TiB", "512 KiB": at most one digit behind the point. Returns buf. */
#define SIZE_WORDS 32
char *size_words(uint64_t bytes, char buf[SIZE_WORDS]);

/*
 * canvas.c: characters in rows and columns, to draw on before anything is printed. What lies
 * outside is cut off. Rows lose their trailing blanks when they are printed.
 */
struct canvas;

struct canvas *canvas_new(unsigned width, unsigned height); /* NULL: no memory, or absurdly large */
void canvas_free(struct canvas *c);
static inline void canvas_freep(struct canvas **c)
{
	canvas_free(*c);
}
void canvas_text(struct canvas *c, unsigned x, unsigned y, enum tone tone, const char *text);
/* A box with its title in the upper edge; NULL: none. */
void canvas_box(struct canvas *c, const struct style *style, unsigned x, unsigned y,
	unsigned width, unsigned height, enum tone tone, const char *title);
/* A bar of `width` columns, filled to a part of 0 to 1. */
void canvas_bar(struct canvas *c, const struct style *style, unsigned x, unsigned y,
	unsigned width, double part, enum tone tone);
void canvas_print(const struct canvas *c, const struct style *style, struct strbuf *b);

/*
 * svg.c: a picture that stands alone, with its colours in classes: light, or dark where whoever
 * looks prefers that. Coordinates and sizes are pixels.
 */
void svg_begin(struct strbuf *b, unsigned width, unsigned height, const char *title);
void svg_end(struct strbuf *b);
/* class: see svg.c for those that there are. */
void svg_rect(struct strbuf *b, const char *class, double x, double y, double width,
	double height, double radius);
void svg_line(struct strbuf *b, const char *class, double x1, double y1, double x2, double y2);
void svg_text(struct strbuf *b, const char *class, double x, double y, const char *text);
/* A rectangle in a colour of the scale from 0 (near, good) to 1 (far, bad). */
void svg_heat(struct strbuf *b, double heat, double x, double y, double width, double height,
	double radius);
/* The width of a text in the font of a class, as near as can be told without the font. */
double svg_text_width(const char *text, double font_size);
