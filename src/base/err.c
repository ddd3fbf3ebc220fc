/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err.c - setting errors. Never allocates, never logs.
 */
#include "base/err.h"
#include "base/str.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static void sentence(struct err *e, int errnum, const char *fmt, va_list ap);
static void escape(char *text, size_t size);

int err_set(struct err *e, int errnum, const char *fmt, ...)
{
	if (!e)
		return -errnum;
	va_list ap;
	va_start(ap, fmt);
	sentence(e, errnum, fmt, ap);
	va_end(ap);

	size_t len = strlen(e->text);
	snprintf(e->text + len, sizeof(e->text) - len, ": %s", err_reason(errnum));
	return -errnum;
}

int err_say(struct err *e, int errnum, const char *fmt, ...)
{
	if (!e)
		return -errnum;
	va_list ap;
	va_start(ap, fmt);
	sentence(e, errnum, fmt, ap);
	va_end(ap);
	return -errnum;
}

int err_prefix(struct err *e, const char *fmt, ...)
{
	if (!e)
		return -EINVAL;
	struct err before = *e;
	va_list ap;
	va_start(ap, fmt);
	sentence(e, before.num, fmt, ap);
	va_end(ap);

	size_t len = strlen(e->text);
	snprintf(e->text + len, sizeof(e->text) - len, ": %s", before.text);
	return -e->num;
}

const char *err_reason(int errnum)
{
	/* glibc's table holds static strings, all of whose capitals start a sentence but in
	 * these. */
	static const struct {
		int num;
		const char *text;
	} differing[] = {
		{ EIO, "input/output error" },
		{ ENOTDIR, "not a directory" },
		{ EISDIR, "is a directory" },
		{ ENOEXEC, "exec format error" },
		{ ELOOP, "too many levels of symbolic links" },
		{ ENOTSUP, "operation not supported" },
	};
	static char lower[128]; /* there are no threads */

	for (size_t i = 0; i < sizeof(differing) / sizeof(differing[0]); i++)
		if (differing[i].num == errnum)
			return differing[i].text;
	const char *text = strerrordesc_np(errnum);
	if (!text)
		text = "Unknown error";
	snprintf(lower, sizeof(lower), "%s", text);
	lower[0] = (char)tolower((unsigned char)lower[0]);
	return lower;
}

static void sentence(struct err *e, int errnum, const char *fmt, va_list ap)
{
	/* Room for the reason is kept, since programs look for it. */
	e->num = errnum;
	if (vsnprintf(e->text, sizeof(e->text) - 160, fmt, ap) < 0)
		e->text[0] = '\0';
	escape(e->text, sizeof(e->text) - 160);
}

/* Controls of C0 and C1, DEL, and what is no UTF-8; U+009B is to many terminals what ESC [ is. */
static bool is_plain(const char *p, size_t len)
{
	const unsigned char *c = (const unsigned char *)p;

	return len > 0 && c[0] >= 0x20 && c[0] != 0x7f &&
	       !(len == 2 && c[0] == 0xc2 && c[1] < 0xa0);
}

/* What a hostile config or rootfs put into the text must not drive a terminal or forge log lines. */
static void escape(char *text, size_t size)
{
	char out[sizeof(((struct err *)0)->text)];
	size_t n = 0;

	for (const char *p = text; *p && n + 9 < size;) {
		size_t len = str_utf8_len(p);

		if (is_plain(p, len)) {
			memcpy(out + n, p, len);
			n += len;
			p += len;
			continue;
		}
		for (len = len ? len : 1; len > 0; len--, p++)
			n += (size_t)snprintf(out + n, 5, "\\x%02x", (unsigned char)*p);
	}
	out[n] = '\0';
	memcpy(text, out, n + 1);
}
