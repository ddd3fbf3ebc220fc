/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tty.c - terminals. The relay never blocks on one side while the other has something to say.
 */
#include "life/tty.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

int tty_connect(const char *path, struct err *e)
{
	char whole[PATH_MAX];

	if (!realpath(path, whole))
		return err_set(e, errno, "--console-socket '%s'", path);
	int fd = fd_connect_unix(AT_FDCWD, whole, SOCK_STREAM);
	return fd < 0 ? err_set(e, -fd, "--console-socket '%s'", path) : fd;
}

int tty_hand_over(int sock, int master, const char *path, struct err *e)
{
	char name[32] = "/dev/ptmx";
	int number;

	if (ioctl(master, TIOCGPTN, &number) == 0)
		(void)snprintf(name, sizeof(name), "/dev/pts/%d", number);
	int r = fd_send(sock, master, name, strlen(name));
	return r < 0 ? err_set(e, -r, "sending the terminal to --console-socket '%s'", path) : 0;
}

int tty_begin(struct tty *t, int master, struct err *e)
{
	*t = (struct tty){ .master = master };
	int flags = fcntl(master, F_GETFL);
	if (flags < 0 || fcntl(master, F_SETFL, flags | O_NONBLOCK) < 0)
		return err_set(e, errno, "preparing the terminal");
	if (tcgetattr(STDIN_FILENO, &t->saved) < 0)
		return 0; /* no terminal on our side */
	struct termios raw = t->saved;
	cfmakeraw(&raw);
	if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) < 0)
		return err_set(e, errno, "making the terminal raw");
	t->raw = true;
	tty_resize(t);
	return 0;
}

void tty_end(struct tty *t)
{
	if (t->raw)
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &t->saved); /* it may be gone */
	t->raw = false;
}

void tty_resize(const struct tty *t)
{
	tty_match_size(t->master);
}

void tty_match_size(int master)
{
	struct winsize size;

	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0)
		(void)ioctl(master, TIOCSWINSZ, &size); /* the container may have closed it */
}

void tty_prepare(int master)
{
	struct termios t;

	tty_match_size(master);
	if (isatty(STDOUT_FILENO) || tcgetattr(master, &t) < 0)
		return;
	t.c_oflag &= ~(tcflag_t)ONLCR;
	(void)tcsetattr(master, TCSANOW, &t); /* lines would end in CR LF, no more */
}

static bool has_room(const struct tty_flow *f)
{
	return !f->ended && f->end < sizeof(f->bytes);
}

static bool has_bytes(const struct tty_flow *f)
{
	return f->start < f->end;
}

void tty_poll(const struct tty *t, struct pollfd fds[3])
{
	fds[0] = (struct pollfd){ .fd = has_room(&t->in) ? STDIN_FILENO : -1, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = t->out.ended && !has_bytes(&t->in) ? -1 : t->master,
		.events = (short)((has_room(&t->out) ? POLLIN : 0) |
				  (has_bytes(&t->in) ? POLLOUT : 0)) };
	fds[2] =
		(struct pollfd){ .fd = has_bytes(&t->out) ? STDOUT_FILENO : -1, .events = POLLOUT };
}

static void take(struct tty_flow *f, int fd)
{
	ssize_t n = read(fd, f->bytes + f->end, sizeof(f->bytes) - f->end);

	if (n > 0)
		f->end += (size_t)n;
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		f->ended = true; /* EIO from a master: the last slave is closed */
}

static void give(struct tty_flow *f, int fd)
{
	ssize_t n = write(fd, f->bytes + f->start, f->end - f->start);

	if (n > 0)
		f->start += (size_t)n;
	else if (n < 0 && errno != EAGAIN && errno != EINTR)
		f->start = f->end; /* nobody reads any more */
	if (f->start == f->end)
		f->start = f->end = 0;
}

void tty_relay(struct tty *t, const struct pollfd fds[3])
{
	if (fds[0].fd >= 0 && fds[0].revents)
		take(&t->in, STDIN_FILENO);
	if (fds[1].fd >= 0 && (fds[1].revents & POLLOUT) && has_bytes(&t->in))
		give(&t->in, t->master);
	if (fds[1].fd >= 0 && (fds[1].revents & (POLLIN | POLLHUP | POLLERR)) && has_room(&t->out))
		take(&t->out, t->master);
	if (fds[2].fd >= 0 && fds[2].revents)
		give(&t->out, STDOUT_FILENO);
}

void tty_drain(struct tty *t)
{
	/* A process of the container may still hold the slave and write on: what is there now is
	 * taken, not what comes. */
	for (int i = 0; i < 64; i++) {
		if (has_room(&t->out))
			take(&t->out, t->master);
		if (!has_bytes(&t->out))
			return;
		give(&t->out, STDOUT_FILENO);
	}
}

void tty_show_until(int master, int fd)
{
	struct tty t = { .master = master, .in.ended = true };
	struct pollfd fds[4] = { { .fd = fd, .events = POLLIN } };
	int flags = fcntl(master, F_GETFL);

	if (flags < 0 || fcntl(master, F_SETFL, flags | O_NONBLOCK) < 0)
		return;
	do {
		tty_poll(&t, fds + 1);
		if (poll(fds, 4, -1) < 0) {
			if (errno == EINTR)
				continue;
			return;
		}
		tty_relay(&t, fds + 1);
	} while (!fds[0].revents);
	tty_drain(&t); /* what came before it spoke */
}
