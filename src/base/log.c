/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.c - lines to stderr and to the log file.
 */
#include "base/log.h"

#include "base/fd.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>

/* The one place of the runtime with state of its own: where its words go is decided once,
 * in main. */
static struct {
	int fd; /* -1: stderr alone */
	bool json;
	enum log_level level;
} log_to = { .fd = -1, .level = LOG_LEVEL_WARN };

static const char *const level_names[] = {
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARN] = "warning",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
};

int log_open(const char *path, bool json, enum log_level level, struct err *e)
{
	log_to.json = json;
	log_to.level = level;
	if (str_empty(path))
		return 0;
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600);
	if (fd < 0)
		return err_set(e, errno, "opening log file '%s'", path);
	log_to.fd = fd;
	return 0;
}

int log_level_parse(const char *name, enum log_level *ret)
{
	if (str_eq(name, "warn")) {
		*ret = LOG_LEVEL_WARN;
		return 0;
	}
	for (size_t i = 0; i < ELEMENTS(level_names); i++)
		if (str_eq(name, level_names[i])) {
			*ret = (enum log_level)i;
			return 0;
		}
	return -EINVAL;
}

static void add_time(struct strbuf *b)
{
	struct timespec now = { 0 };
	char text[STR_UTC];

	(void)clock_gettime(CLOCK_REALTIME, &now);
	str_utc(&now, text);
	strbuf_adds(b, text);
}

static void write_line(int fd, bool json, enum log_level level, const char *text)
{
	struct strbuf line = { 0 };

	if (json) {
		strbuf_addf(&line, "{\"level\":\"%s\",\"msg\":", level_names[level]);
		strbuf_add_json(&line, text);
		strbuf_adds(&line, ",\"time\":\"");
		add_time(&line);
		strbuf_adds(&line, "\"}\n");
	} else if (fd == STDERR_FILENO) {
		strbuf_addf(&line, "hasu: %s: %s\n", level_names[level], text);
	} else {
		strbuf_adds(&line, "time=\"");
		add_time(&line);
		strbuf_addf(&line, "\" level=%s msg=", level_names[level]);
		strbuf_add_json(&line, text);
		strbuf_adds(&line, "\n");
	}
	if (!line.failed)
		(void)fd_write_all(fd, line.text, line.len); /* nobody is left to tell */
	strbuf_free(&line);
}

void log_say(enum log_level level, const char *fmt, ...)
{
	struct err text; /* its escaping and its bound are right for a line */
	char raw[sizeof(text.text)];
	va_list ap;

	if (level > log_to.level)
		return;
	va_start(ap, fmt);
	if (vsnprintf(raw, sizeof(raw), fmt, ap) < 0)
		raw[0] = '\0';
	va_end(ap);
	(void)err_say(&text, EINVAL, "%s", raw);

	if (log_to.fd >= 0)
		write_line(log_to.fd, log_to.json, level, text.text);
	if (log_to.fd < 0)
		write_line(STDERR_FILENO, log_to.json, level, text.text);
	else if (level == LOG_LEVEL_ERROR)
		write_line(STDERR_FILENO, false, level, text.text);
}
