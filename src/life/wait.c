/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wait.c - the foreground.
 */
#include "life/wait.h"

#include "base/fd.h"
#include "base/sys.h"
#include "life/notify.h"
#include "life/tty.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

enum {
	POLL_SIGNALS,
	POLL_PROCESS,
	POLL_NOTIFY,
	POLL_TTY, /* three of them */
	POLL_N = POLL_TTY + 3,
};

static void take_signals(int signal_fd, int pidfd, pid_t pid, const struct tty *tty);
static int reap(int pidfd, int *ret_status, struct err *e);

/* Everything that can be caught, but what a fault of our own raises and what stops us by
 * terminal. */
static void forwarded(sigset_t *set)
{
	sigfillset(set);
	sigdelset(set, SIGSEGV);
	sigdelset(set, SIGBUS);
	sigdelset(set, SIGFPE);
	sigdelset(set, SIGILL);
	sigdelset(set, SIGTRAP);
	sigdelset(set, SIGABRT);
	sigdelset(set, SIGSYS);
	sigdelset(set, SIGPIPE);
	sigdelset(set, SIGTTIN);
	sigdelset(set, SIGTTOU);
	sigdelset(set, SIGTSTP);
	sigdelset(set, SIGURG);
}

void wait_block_signals(sigset_t *ret_before)
{
	sigset_t set;

	forwarded(&set);
	(void)sigprocmask(SIG_BLOCK, &set, ret_before);
}

void wait_unblock_signals(const sigset_t *before)
{
	(void)sigprocmask(SIG_SETMASK, before, NULL);
}

int wait_foreground(pid_t pid, int pidfd, int master, const struct notify *notify, int *ret_status,
	struct err *e)
{
	struct tty tty = { .master = -1 };
	struct pollfd fds[POLL_N];
	sigset_t set;
	int r = 0;

	forwarded(&set);
	_cleanup_close_ int signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signal_fd < 0)
		return err_set(e, errno, "making a signal descriptor");
	if (master >= 0 && (r = tty_begin(&tty, master, e)) < 0)
		return r;

	for (;;) {
		fds[POLL_SIGNALS] = (struct pollfd){ .fd = signal_fd, .events = POLLIN };
		fds[POLL_PROCESS] = (struct pollfd){ .fd = pidfd, .events = POLLIN };
		fds[POLL_NOTIFY] =
			(struct pollfd){ .fd = notify ? notify->sock : -1, .events = POLLIN };
		if (master >= 0)
			tty_poll(&tty, fds + POLL_TTY);
		if (poll(fds, master >= 0 ? POLL_N : POLL_TTY, -1) < 0) {
			if (errno == EINTR)
				continue;
			r = err_set(e, errno, "waiting for the container's process");
			break;
		}
		if (master >= 0)
			tty_relay(&tty, fds + POLL_TTY);
		if (fds[POLL_SIGNALS].revents)
			take_signals(signal_fd, pidfd, pid, master >= 0 ? &tty : NULL);
		/* The service's process is the one that its manager can wait for: we. */
		if (fds[POLL_NOTIFY].revents)
			(void)notify_relay(notify, getpid());
		if (fds[POLL_PROCESS].revents) {
			if (master >= 0)
				tty_drain(&tty);
			r = reap(pidfd, ret_status, e);
			break;
		}
	}
	tty_end(&tty);
	return r;
}

/* As a subreaper we inherit what the container's processes leave behind. */
static void reap_others(pid_t pid)
{
	siginfo_t info;

	for (;;) {
		info.si_pid = 0;
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0 ||
			info.si_pid == pid)
			return;
		(void)waitpid(info.si_pid, NULL, WNOHANG);
	}
}

static void take_signals(int signal_fd, int pidfd, pid_t pid, const struct tty *tty)
{
	struct signalfd_siginfo info;

	while (read(signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			reap_others(pid);
		else if (info.ssi_signo == SIGWINCH && tty)
			tty_resize(tty);
		else
			(void)sys_pidfd_send_signal(
				pidfd, (int)info.ssi_signo); /* it may be gone */
	}
}

static int reap(int pidfd, int *ret_status, struct err *e)
{
	siginfo_t info = { 0 };

	while (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED) < 0)
		if (errno != EINTR)
			return err_set(e, errno, "waiting for the container's process");
	*ret_status = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
	return 0;
}
