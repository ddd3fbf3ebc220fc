/* SPDX-License-Identifier: Apache-2.0 */
/*
 * findings.c - what is wrong or surprising, in words that are safe to print.
 *
 * Input that a sentence quotes is hostile: it may hold terminal escapes, newlines that forge log
 * lines, or megabytes. It reaches a sentence through text_quote() or as numbers only.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

static const char hex[] = "0123456789abcdef";

const struct mpol_finding *mpol_report_first(
	const struct mpol_report *report, enum mpol_severity at_least)
{
	for (size_t i = 0; i < report->n; i++)
		if (report->item[i].severity >= at_least)
			return &report->item[i];
	return NULL;
}

const char *mpol_severity_name(enum mpol_severity severity)
{
	switch (severity) {
	case MPOL_NOTE:
		return "note";
	case MPOL_WARNING:
		return "warning";
	case MPOL_ERROR:
		return "error";
	}
	return "unknown";
}

/* Append text with everything but printable ASCII escaped, never half an escape. */
static size_t append_safe(char *buf, size_t size, size_t at, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		bool plain = c >= 0x20 && c < 0x7f && c != '"' && c != '\\';

		if (at + (plain ? 1 : 4) >= size)
			break;
		if (plain) {
			buf[at++] = (char)c;
			continue;
		}
		buf[at++] = '\\';
		if (c == '"' || c == '\\') {
			buf[at++] = (char)c;
			continue;
		}
		buf[at++] = 'x';
		buf[at++] = hex[c >> 4];
		buf[at++] = hex[c & 15];
	}
	buf[at] = '\0';
	return at;
}

char *text_quote(const char *text, size_t len, char buf[QUOTE_TEXT])
{
	size_t kept = len > QUOTE_INPUT ? QUOTE_INPUT : len;
	size_t at = 1;

	buf[0] = '"';
	at = append_safe(buf, QUOTE_TEXT, at, text, kept);
	if (kept < len)
		(void)snprintf(buf + at, QUOTE_TEXT - at, "...\" (%zu bytes)", len);
	else
		(void)snprintf(buf + at, QUOTE_TEXT - at, "\"");
	return buf;
}

char *text_plain(const char *text, size_t len, char buf[QUOTE_TEXT])
{
	(void)append_safe(buf, QUOTE_TEXT, 0, text, len > QUOTE_INPUT ? QUOTE_INPUT : len);
	return buf;
}

char *nodes_words(const struct mpol_nodeset *set, char buf[NODES_TEXT])
{
	char list[MPOL_NODESET_TEXT];
	unsigned count = mpol_nodeset_count(set);
	/* "nodes ", "... (1024 nodes)" and the NUL must fit beside it. */
	const size_t max = NODES_TEXT - 32;
	size_t len;

	if (count == 0) {
		(void)snprintf(buf, NODES_TEXT, "no node");
		return buf;
	}
	len = strlen(mpol_nodeset_format(set, list));
	if (len <= max) {
		(void)snprintf(
			buf, NODES_TEXT, "node%s %.*s", count == 1 ? "" : "s", (int)len, list);
		return buf;
	}
	for (len = max; list[len] != ','; len--)
		;
	(void)snprintf(buf, NODES_TEXT, "nodes %.*s,... (%u nodes)", (int)len, list, count);
	return buf;
}

/* A full report keeps its errors: a caller that looks for the first error must find one. */
static struct mpol_finding *finding_slot(struct mpol_report *report, enum mpol_severity severity)
{
	if (report->n < MPOL_FINDINGS_MAX)
		return &report->item[report->n++];
	report->lost++;
	if (severity != MPOL_ERROR)
		return NULL;
	for (size_t i = MPOL_FINDINGS_MAX; i-- > 0;)
		if (report->item[i].severity != MPOL_ERROR)
			return &report->item[i];
	return NULL;
}

void finding_add(struct mpol_report *report, const char *code, enum mpol_severity severity,
	const char *where, const char *sub, const char *fmt, ...)
{
	struct mpol_finding *f;
	size_t at = 0;
	va_list ap;

	if (!report)
		return;
	f = finding_slot(report, severity);
	if (!f)
		return;
	f->code = code;
	f->severity = severity;
	f->where[0] = '\0';
	if (where)
		at = append_safe(f->where, sizeof(f->where), at, where, strlen(where));
	if (sub)
		(void)append_safe(f->where, sizeof(f->where), at, sub, strlen(sub));
	va_start(ap, fmt);
	(void)vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
}
