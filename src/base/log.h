/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.h - what the runtime says, to stderr and to the log file that an engine reads.
 *
 * Only commands and life/ log; libraries return errors. With a log file, errors go both there and
 * to stderr; warnings and below go to the file only.
 */
#pragma once

#include "base/err.h"

#include <stdbool.h>

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
};

/*
 * path NULL: stderr alone. The file is opened for appending, made with mode 0600. json: one object
 * a line, {"level":"error","msg":"...","time":"..."}, as runc writes it and containerd, Docker and
 * Podman read it.
 */
int log_open(const char *path, bool json, enum log_level level, struct err *e);
/* "error", "warning" or "warn", "info", "debug"; -EINVAL otherwise. */
int log_level_parse(const char *name, enum log_level *ret);

void log_say(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_say(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...) log_say(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...) log_say(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_say(LOG_LEVEL_DEBUG, __VA_ARGS__)
