/* SPDX-License-Identifier: Apache-2.0 */
/*
 * passed.c - descriptors in, pidfd out. Nothing is passed on that the caller did not name.
 */
#include "life/passed.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/socket.h>

#define FIRST 3                    /* SD_LISTEN_FDS_START */
#define PASSED_MAX (1024u * 1024u) /* fs.nr_open, the most that a process can have by default */

static unsigned listen_fds(void);

int passed_plan(unsigned preserve, struct process_plan *p, struct arena *arena, struct err *e)
{
	const unsigned listening = listen_fds();

	/* LISTEN_PID is the process's own number, and so the container's first one's: as runc. */
	if (listening) {
		char **v = arena_array(arena, char *, 3);
		if (!v || !(v[0] = arena_printf(arena, "LISTEN_FDS=%u", listening)) ||
			!(v[1] = arena_strdup(arena, "LISTEN_PID=1")))
			return err_nomem(e);
		p->more_env = (struct str_list){ .n = 2, .v = v };
	}
	for (unsigned i = 0; i < listening; i++)
		if (fcntl((int)(FIRST + i), F_GETFD) < 0)
			return err_say(e, EBADF, "LISTEN_FDS=%u: file descriptor %u is not open",
				listening, FIRST + i);
	for (unsigned i = listening; i < listening + preserve; i++)
		if (fcntl((int)(FIRST + i), F_GETFD) < 0)
			return err_say(e, EBADF,
				"--preserve-fds %u: file descriptor %u is not open", preserve,
				FIRST + i);
	p->preserve_fds = listening + preserve;
	return 0;
}

/* Anything else than the protocol's numbers is somebody else's business, as for
 * sd_listen_fds(3). */
static unsigned listen_fds(void)
{
	const char *pid = getenv("LISTEN_PID"), *n = getenv("LISTEN_FDS");
	uint32_t number;

	if (!pid || !n || str_to_u32(pid, &number) < 0 || number != (uint32_t)getpid())
		return 0;
	return str_to_u32(n, &number) < 0 || number > PASSED_MAX ? 0 : number;
}

int passed_connect(const char *path, struct err *e)
{
	char whole[PATH_MAX];

	if (!realpath(path, whole))
		return err_set(e, errno, "--pidfd-socket '%s'", path);
	int fd = fd_connect_unix(AT_FDCWD, whole, SOCK_STREAM);
	return fd < 0 ? err_set(e, -fd, "--pidfd-socket '%s'", path) : fd;
}

int passed_send(int sock, int pidfd, const char *word, const char *path, struct err *e)
{
	int r = fd_send(sock, pidfd, word, strlen(word));

	return r < 0 ? err_set(e, -r, "sending the pidfd to --pidfd-socket '%s'", path) : 0;
}
