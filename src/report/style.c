/* SPDX-License-Identifier: Apache-2.0 */
/*
 * style.c - for whom something is shown, colours, and text that is broken into lines.
 */
#include "report/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

static bool locale_is_utf8(void)
{
	/* In this order they decide (setlocale(3)). */
	const char *name = variable("LC_ALL");
	const char *set;

	if (!name)
		name = variable("LC_CTYPE");
	if (!name)
		name = variable("LANG");
	set = name ? strchr(name, '.') : NULL;
	return set && (strncasecmp(set, ".utf-8", 6) == 0 || strncasecmp(set, ".utf8", 5) == 0);
}

struct style style_of(int fd)
{
	struct style style = { .unicode = locale_is_utf8(), .width = REPORT_WIDTH };
	const char *term = variable("TERM"), *columns = variable("COLUMNS");
	struct winsize size = { 0 };
	uint32_t n;

	if (isatty(fd)) {
		style.colour = !variable("NO_COLOR") && !(term && str_eq(term, "dumb"));
		if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col)
			style.width = size.ws_col;
	}
	if (columns && str_to_u32(columns, &n) == 0 && n && !size.ws_col)
		style.width = n;
	if (style.width < REPORT_WIDTH_MIN)
		style.width = REPORT_WIDTH_MIN;
	if (style.width > REPORT_WIDTH_MAX)
		style.width = REPORT_WIDTH_MAX;
	return style;
}

size_t text_take(const char *text, bool *ret_plain)
{
	const unsigned char *c = (const unsigned char *)text;
	const size_t len = str_utf8_len(text);

	/* C0, DEL, and C1, of which U+009B is to many terminals what ESC [ is. */
	*ret_plain = len > 0 && c[0] >= 0x20 && c[0] != 0x7f &&
		     !(len == 2 && c[0] == 0xc2 && c[1] < 0xa0);
	return len ? len : 1;
}

void text_add(struct strbuf *b, const char *text, size_t len)
{
	bool plain;

	for (size_t n; len > 0; text += n, len -= n) {
		n = text_take(text, &plain);
		n = n < len ? n : len;
		strbuf_add(b, plain ? text : "?", plain ? n : 1);
	}
}

static size_t width_of(const char *text, size_t len)
{
	bool plain;
	size_t width = 0;

	for (size_t n; len > 0; text += n, len -= n, width++) {
		n = text_take(text, &plain);
		n = n < len ? n : len;
	}
	return width;
}

void add_toned(struct strbuf *b, const struct style *style, enum tone tone, const char *text)
{
	static const char *const codes[] = {
		[TONE_BOLD] = "1",
		[TONE_DIM] = "2",
		[TONE_GOOD] = "32",
		[TONE_WARN] = "33",
		[TONE_BAD] = "1;31",
		[TONE_NOTE] = "34",
		[TONE_ACCENT] = "36",
	};
	bool coloured = style->colour && tone != TONE_PLAIN && *text;

	if (coloured)
		strbuf_addf(b, "\033[%sm", codes[tone]);
	text_add(b, text, strlen(text));
	if (coloured)
		strbuf_adds(b, "\033[0m");
}

void add_wrapped(
	struct strbuf *b, const struct style *style, unsigned at, unsigned indent, const char *text)
{
	bool first = true;

	while (*text) {
		const size_t len = strcspn(text, " ");
		const unsigned wide = (unsigned)width_of(text, len);

		/* A word that no line can hold goes over the edge. */
		if (!first && at + 1 + wide > style->width) {
			strbuf_addf(b, "\n%*s", (int)indent, "");
			at = indent;
		} else if (!first) {
			strbuf_adds(b, " ");
			at++;
		}
		text_add(b, text, len);
		at += wide;
		first = false;
		text += len;
		text += strspn(text, " ");
	}
	strbuf_adds(b, "\n");
}

size_t text_width(const char *text)
{
	return width_of(text, strlen(text));
}

char *size_words(uint64_t bytes, char buf[SIZE_WORDS])
{
	static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	uint64_t tenths = bytes * 10;
	size_t unit = 0;

	/* Cut off, never rounded up: what is shown is there. */
	while (bytes >= 1024 && unit + 1 < ELEMENTS(units)) {
		tenths = bytes / 1024 * 10 + bytes % 1024 * 10 / 1024;
		bytes /= 1024;
		unit++;
	}
	if (unit == 0 || tenths % 10 == 0 || tenths >= 1000)
		(void)snprintf(buf, SIZE_WORDS, "%" PRIu64 " %s", tenths / 10, units[unit]);
	else
		(void)snprintf(buf, SIZE_WORDS, "%" PRIu64 ".%" PRIu64 " %s", tenths / 10,
			tenths % 10, units[unit]);
	return buf;
}
