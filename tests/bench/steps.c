/* SPDX-License-Identifier: Apache-2.0 */
/*
 * steps.c - how many instructions a program executes itself, with all the processes that it makes,
 * as far as they do not execute another program.
 *
 *	steps FILE PROGRAM [ARG]...
 *
 * Counted one by one by ptrace(2), so it takes no counter of the processor's, and tells the same on
 * each, whatever its speed and load: what a loop repeats is counted as often. The number goes to FILE;
 * the status is the program's.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "steps: %s: %s\n", what, strerror(errno));
	exit(125);
}

/* A process may have been killed in the meantime: then waitpid(2) has that to tell. */
static void go_on(enum __ptrace_request how, pid_t pid, int sig)
{
	if (ptrace(how, pid, NULL, (void *)(long)sig) < 0 && errno != ESRCH)
		fail("ptrace");
}

static pid_t start(char **argv)
{
	const long options = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
			     PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		(void)raise(SIGSTOP);
		execv(argv[0], argv);
		fail(argv[0]);
	}
	if (pid < 0 || waitpid(pid, &status, WUNTRACED) != pid ||
		ptrace(PTRACE_SEIZE, pid, NULL, (void *)options) < 0 || kill(pid, SIGCONT) < 0)
		fail("starting the program");
	return pid;
}

/* One stop of a process; is it an instruction that was executed? */
static bool stopped(pid_t pid, int status, bool *begun)
{
	const int event = status >> 16, sig = WSTOPSIG(status);

	if (event == PTRACE_EVENT_EXEC && *begun) {
		go_on(PTRACE_DETACH, pid, 0); /* the container's own program */
		return false;
	}
	if (event == PTRACE_EVENT_EXEC)
		*begun = true;
	if (event == PTRACE_EVENT_STOP && sig != SIGTRAP) {
		go_on(PTRACE_LISTEN, pid, 0); /* stopped, and it is not ours to wake it */
		return false;
	}
	const bool step = event == 0 && sig == SIGTRAP;
	go_on(*begun ? PTRACE_SINGLESTEP : PTRACE_CONT, pid, event || step ? 0 : sig);
	return step && *begun;
}

int main(int argc, char **argv)
{
	unsigned long long steps = 0;
	bool begun = false;
	int status, ret = 0;
	pid_t pid, first;
	FILE *f;

	if (argc < 3) {
		fprintf(stderr, "usage: steps FILE PROGRAM [ARG]...\n");
		return 125;
	}
	first = start(argv + 2);
	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		if (WIFSTOPPED(status))
			steps += stopped(pid, status, &begun);
		else if (pid == first)
			ret = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
	f = fopen(argv[1], "w");
	if (!f || fprintf(f, "%llu\n", steps) < 0 || fclose(f) != 0)
		fail(argv[1]);
	return ret;
}
