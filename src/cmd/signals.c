/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signals.c - the names and numbers of signals, as kill(1) takes them.
 */
#include "cmd/cmd.h"

#include <errno.h>
#include <signal.h>
#include <strings.h>

/* signal(7); the numbers differ between architectures. */
static const struct {
	const char *name;
	int number;
} signals[] = {
	{ "HUP", SIGHUP },
	{ "INT", SIGINT },
	{ "QUIT", SIGQUIT },
	{ "ILL", SIGILL },
	{ "TRAP", SIGTRAP },
	{ "ABRT", SIGABRT },
	{ "IOT", SIGIOT },
	{ "BUS", SIGBUS },
	{ "FPE", SIGFPE },
	{ "KILL", SIGKILL },
	{ "USR1", SIGUSR1 },
	{ "SEGV", SIGSEGV },
	{ "USR2", SIGUSR2 },
	{ "PIPE", SIGPIPE },
	{ "ALRM", SIGALRM },
	{ "TERM", SIGTERM },
#ifdef SIGSTKFLT
	{ "STKFLT", SIGSTKFLT },
#endif
	{ "CHLD", SIGCHLD },
	{ "CLD", SIGCHLD },
	{ "CONT", SIGCONT },
	{ "STOP", SIGSTOP },
	{ "TSTP", SIGTSTP },
	{ "TTIN", SIGTTIN },
	{ "TTOU", SIGTTOU },
	{ "URG", SIGURG },
	{ "XCPU", SIGXCPU },
	{ "XFSZ", SIGXFSZ },
	{ "VTALRM", SIGVTALRM },
	{ "PROF", SIGPROF },
	{ "WINCH", SIGWINCH },
	{ "IO", SIGIO },
	{ "POLL", SIGIO },
	{ "PWR", SIGPWR },
	{ "SYS", SIGSYS },
};

/*
 * The C library keeps the first two real-time signals of the kernel (32 and 33) to itself, and so
 * kill(1), bash and Docker count from 34, whatever library this is built with.
 */
#define REALTIME_MIN 34
#define REALTIME_MAX (_NSIG - 1)

static int realtime(const char *name);

int signal_parse(const char *text, int *ret, struct err *e)
{
	uint32_t number;
	const char *name = text;

	if (str_to_u32(text, &number) == 0) {
		/* 0 only asks whether the process is there (kill(2)). */
		if (number > REALTIME_MAX)
			return err_say(e, EINVAL, "signal %u is out of range 0 to %d", number,
				REALTIME_MAX);
		*ret = (int)number;
		return 0;
	}
	if (strncasecmp(name, "SIG", 3) == 0)
		name += 3;
	for (size_t i = 0; i < ELEMENTS(signals); i++) {
		if (strcasecmp(signals[i].name, name) == 0) {
			*ret = signals[i].number;
			return 0;
		}
	}
	int sig = realtime(name);
	if (sig < 0)
		return err_say(e, EINVAL, "unknown signal '%s'", text);
	*ret = sig;
	return 0;
}

/* RTMIN, RTMIN+n, RTMAX-n, RTMAX */
static int realtime(const char *name)
{
	bool from_min = strncasecmp(name, "RTMIN", 5) == 0;
	uint32_t n = 0;

	if (!from_min && strncasecmp(name, "RTMAX", 5) != 0)
		return -EINVAL;
	name += 5;
	if (*name) {
		if (*name != (from_min ? '+' : '-') || str_to_u32(name + 1, &n) < 0)
			return -EINVAL;
		if (n > REALTIME_MAX - REALTIME_MIN)
			return -EINVAL;
	}
	return from_min ? REALTIME_MIN + (int)n : REALTIME_MAX - (int)n;
}
