/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hold.c - memory and processes for `placement` to look at.
 *
 *	hold MIB PROCESSES
 *
 * So many processes in all, each with so much anonymous memory of small pages; says "ready" when all
 * have it, and then waits for its end.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void fill(size_t bytes)
{
	char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		fail("mmap");
	(void)madvise(p, bytes, MADV_NOHUGEPAGE); /* EINVAL: the kernel has none */
	memset(p, 1, bytes);
}

int main(int argc, char **argv)
{
	const size_t bytes = argc == 3 ? strtoul(argv[1], NULL, 10) << 20 : 0;
	const long processes = argc == 3 ? atol(argv[2]) : 0;
	int ready[2];

	if (bytes == 0 || processes < 1 || pipe(ready) < 0) {
		fprintf(stderr, "usage: hold MIB PROCESSES\n");
		return 2;
	}
	for (long i = 1; i < processes; i++) {
		const pid_t pid = fork();
		if (pid < 0)
			fail("fork");
		if (pid == 0) {
			fill(bytes);
			if (write(ready[1], "", 1) != 1)
				fail("write");
			for (;;)
				pause();
		}
	}
	fill(bytes);
	for (long i = 1; i < processes; i++) {
		char one;
		if (read(ready[0], &one, 1) != 1)
			fail("read");
	}
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}
