/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c - from a command line to a command, and from its result to an exit status.
 *
 * The only place that sets up the process: its standard descriptors, signals and log. It opens
 * nothing of a container.
 */
#include "cmd/cmd.h"

#include "base/fd.h"
#include "base/self.h"
#include "life/fault.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static int set_up(const struct options *o, char *const argv[], struct err *e);
static int open_log(const struct options *o, struct err *e);
static int carry_out(const struct options *o, struct err *e);
static int fill_standard_fds(void);

int main(int argc, char *argv[])
{
	_cleanup_(options_free) struct options o = { 0 };
	struct err e = { 0 }, log_error_text = { 0 };

	if (fill_standard_fds() < 0)
		return EXIT_FAILURE; /* there is nowhere to say it */

	int parsed = options_parse(argc, argv, &o, &e);
	int r = parsed < 0 ? parsed : set_up(&o, argv, &e);
	/* A bad command line is an error for the log as well, as soon as it has named one. */
	int logged = open_log(&o, &log_error_text);
	if (r == 0 && logged < 0) {
		r = logged;
		e = log_error_text;
	}
	if (r == 0)
		r = carry_out(&o, &e);
	if (r >= 0)
		return r;

	log_error("%s", e.text);
	if (parsed == -EINVAL && o.log_format == LOG_FORMAT_TEXT) {
		struct strbuf usage = { 0 };
		usage_line(&usage, o.command);
		(void)fd_write_all(
			STDERR_FILENO, usage.text, usage.len); /* nobody is left to tell */
		strbuf_free(&usage);
	}
	/* exec's own status says that it got as far as to look for its container. */
	return o.command && (parsed == 0 || !o.command->enters) ? o.command->error_status
								: EXIT_FAILURE;
}

/*
 * A descriptor of ours must never get the number of one that the caller closed: whoever writes to
 * standard output would then write into it.
 */
static int fill_standard_fds(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		/* open(2) gives the lowest free number, and those below fd are taken. */
		if (open("/dev/null", O_RDWR) != fd)
			return -EBADF;
	}
	return 0;
}

static int set_up(const struct options *o, char *const argv[], struct err *e)
{
	sigset_t none;

	if (!o->command || o->help || o->version)
		return 0;
	/*
	 * What the caller left ignored or blocked must not decide how we run: with SIGCHLD ignored
	 * waitpid(2) loses exit statuses, and a SIGPIPE in mid-creation would leave half a
	 * container.
	 */
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGCHLD, SIG_DFL);
	(void)signal(SIGPIPE, SIG_IGN);

	if (o->command->enters) {
		/* Directories made in a rootfs must be usable whoever calls us. */
		(void)umask(022);
		/* Before close-on-exec is set: the second start keeps --preserve-fds and
		 * $LISTEN_FDS. */
		int r = self_protect(argv, e);
		if (r < 0)
			return r;
	}
	int r = fd_cloexec_from(STDERR_FILENO + 1);
	return r < 0 ? err_set(e, -r, "marking inherited descriptors close-on-exec") : 0;
}

static int open_log(const struct options *o, struct err *e)
{
	enum log_level level = LOG_LEVEL_WARN;

	if (o->log_level)
		(void)log_level_parse(log_levels[o->log_level], &level); /* from the table */
	if (o->debug)
		level = LOG_LEVEL_DEBUG;
	return log_open(o->log, o->log_format == LOG_FORMAT_JSON, level, e);
}

static int carry_out(const struct options *o, struct err *e)
{
	struct strbuf b = { 0 };

#if HASU_FAULTS
	const char *wanted = getenv("HASU_FAULT");
	if (wanted && str_eq(wanted, "list")) {
		fault_list();
		return fflush(stdout) ? err_set(e, errno, "writing standard output") : 0;
	}
#endif
	if (o->command && !o->help && !o->version)
		return o->command->run(o, e);
	if (o->version && !o->help)
		version_text(&b);
	else
		help_text(&b, o->command);
	return print_out(&b, e);
}
