/* SPDX-License-Identifier: Apache-2.0 */
/*
 * measure.c - what runs of commands cost, in turn, so that a machine whose speed drifts is as unfair
 * to one as to the others.
 *
 *	measure RUNS < CONTENDERS
 *
 * A line of CONTENDERS is one contender: its name and the words of its commands, separated by tabs;
 * a lone ";" begins the next command. All of a line's commands together are one run. Words are
 * taken as they are: no shell.
 *
 * One line for each run: RUN NAME WALL-MICROSECONDS CPU-MICROSECONDS PEAK-KILOBYTES STATUS. The time
 * is that of the commands and of all that they leave behind, since as a subreaper we inherit it; the
 * peak is that of the largest process. A command that leaves a process running is not waited for:
 * what it costs later belongs to the command that ends it.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CONTENDERS_MAX 32
#define WORDS_MAX 128

struct contender {
	char *name;
	char *words[WORDS_MAX]; /* NULL between commands and after the last */
	int n;
};

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double us(struct timeval t)
{
	return (double)t.tv_sec * 1e6 + (double)t.tv_usec;
}

struct cost {
	double cpu_us;
	long peak_kb;
};

static void add(struct cost *c, const struct rusage *u)
{
	c->cpu_us += us(u->ru_utime) + us(u->ru_stime);
	c->peak_kb = u->ru_maxrss > c->peak_kb ? u->ru_maxrss : c->peak_kb;
}

/* vfork: the peak of what is executed begins with that of its parent, which then is ours, small. */
static int command(char *const argv[], int null_fd, struct cost *c)
{
	struct rusage u;
	int status = 0;
	pid_t ended, pid = vfork();

	if (pid == 0) {
		dup2(null_fd, 0);
		dup2(null_fd, 1);
		execvp(argv[0], argv);
		_exit(127);
	}
	do {
		int s;
		ended = wait4(-1, &s, 0, &u);
		if (ended > 0)
			add(c, &u);
		if (ended == pid)
			status = s;
	} while (ended > 0 && ended != pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* What has ended meanwhile, of the processes that commands left to us. */
static void inherit(struct cost *c)
{
	struct rusage u;

	while (wait4(-1, NULL, WNOHANG, &u) > 0)
		add(c, &u);
}

static void run(int number, struct contender *c, int null_fd)
{
	struct cost cost = { 0 };
	int status = 0;
	double start;

	inherit(&(struct cost){ 0 }); /* the one before has paid, or its next command will */
	start = now_us();
	for (int i = 0; i < c->n; i++) {
		int s = command(&c->words[i], null_fd, &cost);
		status = status ? status : s;
		while (c->words[i])
			i++;
	}
	double wall = now_us() - start;
	inherit(&cost);
	printf("%d\t%s\t%.0f\t%.0f\t%ld\t%d\n", number, c->name, wall, cost.cpu_us, cost.peak_kb,
		status);
}

static int read_contenders(struct contender list[])
{
	static char line[1 << 16];
	int n = 0;

	while (n < CONTENDERS_MAX && fgets(line, sizeof(line), stdin)) {
		struct contender *c = &list[n];

		line[strcspn(line, "\n")] = '\0';
		if (!*line)
			continue;
		char *rest = strdup(line), *word;
		c->name = strsep(&rest, "\t");
		while ((word = strsep(&rest, "\t")) && c->n < WORDS_MAX - 1)
			c->words[c->n++] = strcmp(word, ";") ? word : NULL;
		n += c->n > 0;
	}
	return n;
}

int main(int argc, char *argv[])
{
	static struct contender list[CONTENDERS_MAX];
	int runs = argc == 2 ? atoi(argv[1]) : 0, n = read_contenders(list);
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (runs < 1 || n < 1 || null_fd < 0) {
		fprintf(stderr, "usage: measure RUNS < CONTENDERS\n");
		return 2;
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	/* Run 0 warms up. */
	for (int i = 0; i <= runs; i++)
		for (int k = 0; k < n; k++)
			run(i, &list[k], null_fd);
	return 0;
}
