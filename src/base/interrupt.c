/* SPDX-License-Identifier: Apache-2.0 */
/*
 * interrupt.c - waits that end when a signal is held back. Never takes a signal from its queue.
 */
#include "base/interrupt.h"

#include "base/fd.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>

static const int ending[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

int interrupt_pending(void)
{
	sigset_t pending;

	if (sigpending(&pending) < 0)
		return 0;
	for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++)
		if (sigismember(&pending, ending[i]) == 1)
			return ending[i];
	return 0;
}

int interrupt_wait(int fd, int timeout_ms)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++)
		sigaddset(&set, ending[i]);
	/* Readable for a signal that is blocked and pending, which stays so if it is not read. */
	_cleanup_close_ int signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (signals < 0)
		return -errno;
	struct pollfd p[] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = signals, .events = POLLIN },
	};
	for (;;) {
		int n = poll(p, 2, timeout_ms);
		/* A signal that is not blocked has a handler, or is ignored, if we are here. */
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		return p[0].revents ? 1 : -EINTR;
	}
}
