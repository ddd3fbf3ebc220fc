/* SPDX-License-Identifier: Apache-2.0 */
/*
 * svg.c - a picture that stands alone: no fonts, scripts or links from elsewhere, so that it can be
 * shown by a browser, a README or a mail as it is.
 */
#include "report/report.h"

#include <stdio.h>

/*
 * Classes of rectangles: page, group, card, far-card, empty-card, track, bar, bar-high, bar-full,
 * pill, pill-off; of lines: rule, mark; of texts: title, sub, head, label, label-r, value, value-r,
 * small, small-c, tag-c, tag-off, cell-c, axis-c, axis-r: those with -c are centred, those with -r
 * end at x.
 */
static const char style_text[] =
	"<style>\n"
	"text{font-family:Inter,'Segoe UI',Roboto,'Helvetica Neue',Helvetica,Arial,'DejaVu Sans',"
	"sans-serif;fill:#1f2733}\n"
	".page{fill:#fbfcfe}.card{fill:#fff;stroke:#d5dce6;stroke-width:1}\n"
	".far-card{fill:#f6f2ff;stroke:#cfc2ee;stroke-width:1}\n"
	".empty-card{fill:#f4f5f7;stroke:#d5dce6;stroke-width:1;stroke-dasharray:4 3}\n"
	".group{fill:#eff3f9;stroke:#dfe6f0;stroke-width:1}\n"
	".track{fill:#e3e9f1}.bar{fill:#3f7fd6}.bar-high{fill:#d9793a}.bar-full{fill:#c8443f}\n"
	".rule{stroke:#dfe6f0;stroke-width:1}.mark{stroke:#1f2733;stroke-width:2}\n"
	".title{font-size:22px;font-weight:700}.sub{font-size:13px;fill:#5b6776}\n"
	".head{font-size:15px;font-weight:700}.label,.label-r{font-size:12px;fill:#5b6776}\n"
	".value,.value-r{font-size:12px;fill:#1f2733}.small,.small-c{font-size:11px;fill:#5b6776}\n"
	".tag-c{font-size:11px;fill:#4a5a72}.pill{fill:#e8eef7}\n"
	".pill-off{fill:#f4f5f7;stroke:#d5dce6;stroke-width:1;stroke-dasharray:3 2}\n"
	".tag-off{font-size:11px;fill:#98a2b0;text-decoration:line-through}\n"
	".cell-c{font-size:12px;fill:#1f2733}.axis-c,.axis-r{font-size:12px;fill:#5b6776}\n"
	".cell-c,.axis-c,.small-c,.tag-c,.tag-off{text-anchor:middle}.axis-r,.value-r,.label-r{"
	"text-anchor:end}\n"
	"@media(prefers-color-scheme:dark){text{fill:#e6ebf2}.page{fill:#12161c}\n"
	".card{fill:#1b212a;stroke:#313a47}.far-card{fill:#251f36;stroke:#4a3d73}\n"
	".empty-card{fill:#171c23;stroke:#313a47}.group{fill:#161b22;stroke:#262e39}\n"
	".track{fill:#2a323d}.rule{stroke:#2a323d}.mark{stroke:#e6ebf2}.pill{fill:#27303c}.pill-off{fill:#171c23}\n"
	".sub,.label,.label-r,.small,.small-c,.axis-c,.axis-r,.tag-c{fill:#9aa7b8}\n"
	".value,.value-r{fill:#e6ebf2}.cell-c{fill:#10151b}}\n"
	"</style>\n";

static void add_escaped(struct strbuf *b, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '<':
			strbuf_adds(b, "&lt;");
			break;
		case '>':
			strbuf_adds(b, "&gt;");
			break;
		case '&':
			strbuf_adds(b, "&amp;");
			break;
		case '"':
			strbuf_adds(b, "&quot;");
			break;
		default:
			/* XML has no way to write control characters (XML 1.0, 2.2). */
			strbuf_add(b, (unsigned char)*text < 0x20 ? "?" : text, 1);
		}
	}
}

/* Whatever the locale: a point, at most two digits behind it, and no zeros at the end. */
static void add_number(struct strbuf *b, const char *name, double value)
{
	long hundredths = (long)(value * 100 + (value < 0 ? -0.5 : 0.5));
	long whole = hundredths / 100, rest = hundredths % 100;

	if (rest < 0)
		rest = -rest;
	strbuf_addf(b, " %s=\"%s%ld", name, hundredths < 0 && whole == 0 ? "-" : "", whole);
	if (rest % 10)
		strbuf_addf(b, ".%02ld", rest);
	else if (rest)
		strbuf_addf(b, ".%ld", rest / 10);
	strbuf_adds(b, "\"");
}

void svg_begin(struct strbuf *b, unsigned width, unsigned height, const char *title)
{
	strbuf_addf(b,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" "
		"viewBox=\"0 0 %u %u\" role=\"img\">\n<title>",
		width, height, width, height);
	add_escaped(b, title);
	strbuf_adds(b, "</title>\n");
	strbuf_adds(b, style_text);
	svg_rect(b, "page", 0, 0, width, height, 0);
}

void svg_end(struct strbuf *b)
{
	strbuf_adds(b, "</svg>\n");
}

void svg_rect(struct strbuf *b, const char *class, double x, double y, double width, double height,
	double radius)
{
	strbuf_addf(b, "<rect class=\"%s\"", class);
	add_number(b, "x", x);
	add_number(b, "y", y);
	add_number(b, "width", width);
	add_number(b, "height", height);
	if (radius > 0)
		add_number(b, "rx", radius);
	strbuf_adds(b, "/>\n");
}

void svg_line(struct strbuf *b, const char *class, double x1, double y1, double x2, double y2)
{
	strbuf_addf(b, "<line class=\"%s\"", class);
	add_number(b, "x1", x1);
	add_number(b, "y1", y1);
	add_number(b, "x2", x2);
	add_number(b, "y2", y2);
	strbuf_adds(b, "/>\n");
}

void svg_text(struct strbuf *b, const char *class, double x, double y, const char *text)
{
	strbuf_addf(b, "<text class=\"%s\"", class);
	add_number(b, "x", x);
	add_number(b, "y", y);
	strbuf_adds(b, ">");
	add_escaped(b, text);
	strbuf_adds(b, "</text>\n");
}

/* Between these, by parts: near is a quiet green, far a red that black text is still read on. */
static const unsigned char scale[][3] = { { 0xbf, 0xe3, 0xc9 }, { 0xf7, 0xe9, 0xa8 },
	{ 0xf6, 0xc0, 0x8a }, { 0xea, 0x8f, 0x86 } };

void svg_heat(struct strbuf *b, double heat, double x, double y, double width, double height,
	double radius)
{
	const size_t last = ELEMENTS(scale) - 1;
	unsigned rgb[3];
	double at;
	size_t i;

	if (!(heat >= 0))
		heat = 0;
	if (heat > 1)
		heat = 1;
	at = heat * (double)last;
	i = at >= (double)last ? last - 1 : (size_t)at;
	at -= (double)i;
	for (size_t k = 0; k < ELEMENTS(rgb); k++)
		rgb[k] = (unsigned)(scale[i][k] + (scale[i + 1][k] - scale[i][k]) * at + 0.5);
	strbuf_addf(b, "<rect fill=\"#%02x%02x%02x\"", rgb[0], rgb[1], rgb[2]);
	add_number(b, "x", x);
	add_number(b, "y", y);
	add_number(b, "width", width);
	add_number(b, "height", height);
	add_number(b, "rx", radius);
	strbuf_adds(b, "/>\n");
}

double svg_text_width(const char *text, double font_size)
{
	double em = 0;

	/* As wide as the widest of the fonts above, DejaVu Sans, has them. */
	for (; *text; text++) {
		if ((*text & 0xc0) == 0x80)
			continue;
		if (*text >= 'A' && *text <= 'Z')
			em += 0.68;
		else if (*text == '_')
			em += 0.5;
		else if (*text == ' ' || *text == '.' || *text == ',')
			em += 0.32;
		else
			em += 0.61;
	}
	return em * font_size;
}
