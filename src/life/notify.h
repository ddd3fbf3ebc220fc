/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notify.h - sd_notify(3) from inside a container, passed on to whoever started us.
 *
 * Where $NOTIFY_SOCKET is set, the container gets a socket of its own, ROOT/ID/notify/notify.sock,
 * mounted at /run/notify, and a NOTIFY_SOCKET that names it. What comes there is read by `start` or
 * `run`, which hands on what may be: READY=1 with our word for MAINPID and, while `run` stays, the
 * service's status and its watchdog.
 */
#pragma once

#include "life/plan.h"
#include "life/state.h"
#include "spec/spec.h"

#include <stdbool.h>

/* NOTIFY_NONE: nobody wants to hear. */
struct notify {
	int sock; /* the container's */
	int host; /* connected to the caller's */
};
#define NOTIFY_NONE                                                                                \
	{                                                                                          \
		.sock = -1, .host = -1                                                             \
	}

/* Does somebody want to hear? */
bool notify_wanted(void);
/* Add the mount and the variable to a config that was just read. */
int notify_plan(const struct life *life, const char *id, struct spec *spec, struct process_plan *p,
	struct arena *arena, struct err *e);
/* Make the directory that is mounted. */
int notify_make(const struct state *s, struct err *e);
/* Add the mount, where create made one, to the config as it was saved: that is the engine's own.
 * *ret: whether it did. */
int notify_plan_saved(const struct life *life, const struct state *s, struct spec *spec, bool *ret,
	struct err *e);

/* Listen, before the program runs. Nothing without $NOTIFY_SOCKET, or where create had none. */
int notify_open(const struct state *s, struct notify *ret, struct err *e);
void notify_close(struct notify *n);

/* Hand one message on: main_pid is told with READY=1. Never waits. Returns whether that was it. */
bool notify_relay(const struct notify *n, pid_t main_pid);
/*
 * For who goes afterwards: hand on until READY=1, which is then sure to have been read, or until the
 * process behind pidfd ends.
 */
int notify_wait_ready(const struct notify *n, pid_t main_pid, int pidfd, struct err *e);
