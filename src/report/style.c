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
	for (; *text; text++)
		strbuf_add(b, (unsigned char)*text < 0x20 || *text == 0x7f ? "?" : text, 1);
	if (coloured)
		strbuf_adds(b, "\033[0m");
}

void add_wrapped(
	struct strbuf *b, const struct style *style, unsigned at, unsigned indent, const char *text)
{
	static const struct style plain;
	bool first = true;

	while (*text) {
		size_t len = strcspn(text, " ");
		char word[256];

		(void)snprintf(word, sizeof(word), "%.*s", (int)len, text);
		/* A word that no line can hold goes over the edge. */
		if (!first && at + 1 + text_width(word) > style->width) {
			strbuf_addf(b, "\n%*s", (int)indent, "");
			at = indent;
		} else if (!first) {
			strbuf_adds(b, " ");
			at++;
		}
		if (len < sizeof(word))
			add_toned(b, &plain, TONE_PLAIN, word);
		else
			strbuf_add(b, text, len); /* of a length that no word of ours has */
		at += (unsigned)text_width(word);
		first = false;
		text += len;
		text += strspn(text, " ");
	}
	strbuf_adds(b, "\n");
}

size_t text_width(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
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
