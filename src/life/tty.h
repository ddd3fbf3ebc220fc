/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tty.h - the terminal of a process: handed to an engine, or relayed in the foreground.
 */
#pragma once

#include "base/err.h"

#include <poll.h>
#include <stdbool.h>
#include <termios.h>

/* Connect to the socket that takes a terminal's master. Returns a descriptor. */
int tty_connect(const char *path, struct err *e);

/* Send the master over it, with the slave's name as runc does. */
int tty_hand_over(int sock, int master, const char *path, struct err *e);

/* Bytes on their way in one direction. */
struct tty_flow {
	char bytes[8192];
	size_t start, end;
	bool ended; /* nothing more comes */
};

struct tty {
	int master;
	bool raw; /* our stdin is a terminal, whose settings are saved */
	struct termios saved;
	struct tty_flow in, out;
};

/* Our terminal becomes raw, its size the container's. master stays the caller's. */
int tty_begin(struct tty *t, int master, struct err *e);
void tty_end(struct tty *t);
void tty_resize(const struct tty *t);
/* Give the terminal of master the size of ours, if we have one. */
void tty_match_size(int master);

/*
 * The terminal of master before its program runs: our size; and where our output is no terminal but a
 * pipe or a file, the program's lines end in LF there as it wrote them, not in CR LF (ONLCR of
 * termios(3)), as under runc. On a terminal of ours that stays: it is raw, and curses rely on it.
 */
void tty_prepare(int master);

/* For poll(2): three entries, for stdin, the master, stdout. */
void tty_poll(const struct tty *t, struct pollfd fds[3]);
void tty_relay(struct tty *t, const struct pollfd fds[3]);
/* What the container wrote before it ended. */
void tty_drain(struct tty *t);
/* What comes from master until fd has something to say: hooks of the container write there, too. */
void tty_show_until(int master, int fd);
