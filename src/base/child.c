/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child.c - run a program to its end, within a time.
 */
#include "base/child.h"

#include "base/fd.h"
#include "base/interrupt.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

/* What the child could not do, through a pipe that a successful execve closes. */
struct failure {
	int num;
	int prepared; /* 0: prepare() failed, 1: execve did */
};

static int input_fd(const struct child_run *run);
static void become(const struct child_run *run, int input, int failure_fd)
	__attribute__((noreturn));
static int wait_for(const struct child_run *run, int pidfd, pid_t pid, struct err *e);

int child_run(const struct child_run *run, struct err *e)
{
	int pipe_fds[2], pidfd = -1;

	_cleanup_close_ int input = input_fd(run);
	if (input < 0)
		return err_set(e, -input, "%s: preparing its standard input", run->what);
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return err_set(e, errno, "%s: making a pipe", run->what);
	_cleanup_close_ int failure_in = pipe_fds[0];
	_cleanup_close_ int failure_out = pipe_fds[1];

	struct clone_args args = {
		.flags = CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
	};
	pid_t pid = sys_clone3(&args);
	if (pid < 0)
		return err_set(e, -pid, "%s: making a process", run->what);
	if (pid == 0)
		become(run, input, failure_out);
	_cleanup_close_ int pidfd_owned = pidfd;
	failure_out = fd_close(failure_out);

	struct failure failure = { 0 };
	ssize_t n;
	do {
		n = read(failure_in, &failure, sizeof(failure));
	} while (n < 0 && errno == EINTR);
	int r = wait_for(run, pidfd_owned, pid, e);
	if (n == (ssize_t)sizeof(failure))
		return err_set(e, failure.num, "%s: %s '%s'", run->what,
			failure.prepared ? "executing" : "preparing to execute", run->path);
	return r;
}

/*
 * A file in memory rather than a pipe: nobody has to feed it while the program runs, and a program
 * that does not read it raises no SIGPIPE.
 */
static int input_fd(const struct child_run *run)
{
	if (!run->input) {
		int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
		return fd < 0 ? -errno : fd;
	}
	_cleanup_close_ int fd = memfd_create("hasu-input", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	int r = fd_write_all(fd, run->input, run->input_len);
	if (r < 0)
		return r;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	return TAKE_FD(fd);
}

static void become(const struct child_run *run, int input, int failure_fd)
{
	struct failure failure = { 0 };
	sigset_t none;

	/* A group of its own, so that a timeout reaches what the program itself started. */
	(void)setpgid(0, 0);
	sys_default_signals(0);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);

	if (run->prepare) {
		int r = run->prepare(run->prepare_arg);
		if (r < 0) {
			failure.num = -r;
			goto fail;
		}
	}
	failure.prepared = 1;
	/* dup2 clears close-on-exec; everything else of ours has it. */
	if (dup2(input, STDIN_FILENO) < 0 ||
		(run->output > 0 && dup2(run->output, STDOUT_FILENO) < 0)) {
		failure.num = errno;
		goto fail;
	}
	/* Once more, for what a library may have opened; the container's filter may forbid it. */
	int r = fd_cloexec_from(3);
	if (r < 0 && r != -EPERM && r != -ENOSYS) {
		failure.num = -r;
		goto fail;
	}
	(void)execve(run->path, run->argv, run->envp);
	failure.num = errno;
fail:
	(void)fd_write_all(failure_fd, &failure, sizeof(failure));
	_exit(127);
}

/* 1 when it has ended, 0 when the time is over, or -errno. */
static int wait_once(const struct child_run *run, int pidfd, int timeout_ms)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	if (run->interruptible)
		return interrupt_wait(pidfd, timeout_ms);
	int n = poll(&p, 1, timeout_ms);
	return n < 0 && errno == EINTR ? 0 : n < 0 ? -errno : n;
}

static int wait_for(const struct child_run *run, int pidfd, pid_t pid, struct err *e)
{
	int64_t end = sys_clock_ms() + run->timeout_ms;
	bool timed_out = false;
	int done = 0;

	while (done == 0) {
		int64_t left = run->timeout_ms > 0 ? end - sys_clock_ms() : -1;
		timed_out = run->timeout_ms > 0 && left <= 0;
		if (timed_out)
			break;
		done = wait_once(run, pidfd, left > INT_MAX ? INT_MAX : (int)left);
	}
	if (done <= 0) {
		(void)kill(-pid, SIGKILL);
		(void)sys_pidfd_send_signal(pidfd, SIGKILL);
	}

	siginfo_t info = { 0 };
	while (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED) < 0)
		if (errno != EINTR)
			return err_set(e, errno, "%s: waiting for '%s'", run->what, run->path);
	if (done == -EINTR)
		return err_say(e, EINTR,
			"%s: '%s' was killed, since signal %d (%s) asks the runtime to end",
			run->what, run->path, interrupt_pending(),
			sigdescr_np(interrupt_pending()));
	if (done < 0)
		return err_set(e, -done, "%s: waiting for '%s'", run->what, run->path);
	if (timed_out)
		return err_say(e, ETIMEDOUT, "%s: '%s' did not end within %d ms and was killed",
			run->what, run->path, run->timeout_ms);
	if (info.si_code != CLD_EXITED)
		return err_say(e, EINTR, "%s: '%s' was killed by signal %d (%s)", run->what,
			run->path, info.si_status, sigdescr_np(info.si_status));
	if (info.si_status != 0)
		return err_say(e, ECHILD, "%s: '%s' ended with exit status %d", run->what,
			run->path, info.si_status);
	return 0;
}
