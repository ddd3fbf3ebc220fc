/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forked.h - run a part of a test in a child, for what changes the process: IDs, namespaces,
 * filters.
 *
 * A child says what is wrong on stderr and exits with 1: cmocka's own asserts would jump into the
 * parent's part of the program.
 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * The bare call, in a function that the compiler does not know to be the end: before that a
 * sanitizer makes system calls that a filter may not allow.
 */
static inline void leave(int status)
{
	(void)syscall(SYS_exit_group, status);
}

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);    \
			leave(1);                                                                  \
		}                                                                                  \
	} while (0)

/* For calls with a struct err: the sentence is what one wants to see. */
#define CHECK_OK(call, e)                                                                          \
	do {                                                                                       \
		int check_ = (call);                                                               \
		if (check_ < 0) {                                                                  \
			fprintf(stderr, "%s:%d: %s = %d: %s\n", __FILE__, __LINE__, #call, check_, \
				(e)->text);                                                        \
			leave(1);                                                                  \
		}                                                                                  \
	} while (0)

#define CHECK_SAYS(e, words)                                                                       \
	do {                                                                                       \
		if (!strstr((e)->text, words)) {                                                   \
			fprintf(stderr, "%s:%d: '%s' lacks '%s'\n", __FILE__, __LINE__, (e)->text, \
				words);                                                            \
			leave(1);                                                                  \
		}                                                                                  \
	} while (0)

/* The child's wait status; 0 is success. */
static inline int forked(void (*body)(void *arg), void *arg)
{
	int status = -1;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		body(arg);
		leave(0);
	}
	if (pid < 0)
		return -1;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/* The value of a line of /proc/self/status, such as "CapEff"; the oracle for what a process has. */
static inline const char *status_line(const char *key, char *buf, size_t size)
{
	FILE *f = fopen("/proc/self/status", "re");
	size_t len = strlen(key);

	if (!f)
		return "";
	while (fgets(buf, (int)size, f))
		if (strncmp(buf, key, len) == 0 && buf[len] == ':') {
			char *value = buf + len + 1;

			value[strcspn(value, "\n")] = '\0';
			(void)fclose(f);
			return value + strspn(value, "\t ");
		}
	(void)fclose(f);
	return "";
}
