/* SPDX-License-Identifier: Apache-2.0 */
/*
 * msg.h - what the runtime and init say to each other, over one SEQPACKET socket.
 *
 * A message has a name, and both sides say it. The table in msg.c gives each one's direction,
 * payload and descriptors; anything else that arrives is refused. FAIL may come instead of any
 * message to the parent and carries the whole error.
 *
 * Sizes are exact and both sides are the same program, so payloads are plain structs.
 */
#pragma once

#include "base/err.h"
#include "linux/memory.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum msg_type {
	MSG_SPAWNED, /* joiner -> parent: init's pid, its pidfd */
	MSG_GO, /* parent -> init: cgroup, ID maps, and whatever else needs the parent, is there */
	MSG_MAP_IDS,   /* init -> parent: the next detached mount that needs its map of IDs */
	MSG_MAPPED,    /* parent -> init: done */
	MSG_CONSOLE,   /* init -> parent: the terminal's master */
	MSG_MOUNTED,   /* init -> parent: the tree is assembled */
	MSG_HOOKED,    /* parent -> init: the runtime's hooks have run; init's pid on the host */
	MSG_SEALED,    /* init -> parent: the tree is complete, lock it */
	MSG_LOCKED,    /* helper -> parent -> init: the mount namespace with the locked tree */
	MSG_RLIMITS,   /* init -> parent: set my limits, I have no right to */
	MSG_SCHEDULE,  /* init -> parent: set my scheduler and I/O priority, I have no right to */
	MSG_LIMITED,   /* parent -> init: done */
	MSG_LISTENER,  /* init -> parent: my filter is loaded; its listener is this
			  descriptor of mine. A number, to be fetched: see serve.c */
	MSG_LISTENING, /* parent -> init: the agent has it */
	MSG_READY,     /* init -> parent: everything is applied; the memory policy's result */
	MSG_COMMITTED, /* parent -> init: create is done; wait on the start socket */
	MSG_START,     /* starter -> init */
	MSG_EXECING,   /* init -> starter: execve comes next; end of file from here on is success */
	MSG_FAIL,      /* init -> parent or starter */
	MSG_TYPES,
};

struct msg_spawned {
	pid_t pid;
};
struct msg_hooked {
	pid_t pid;
};
struct msg_listener {
	int fd;
};
union msg_payload {
	struct msg_spawned spawned;
	struct msg_hooked hooked;
	struct msg_listener listener;
	struct memory_result ready;
};

/* payload: NULL where the table says none. fd: -1 where the table says none. -errno with e set. */
int msg_send(int sock, enum msg_type type, const void *payload, int fd, struct err *e);

/*
 * Wait for this message. A FAIL becomes e. End of file is -EPIPE with e naming what was awaited:
 * the caller knows better why the other side is gone and may say that instead. ret_fd is NULL where
 * no descriptor is expected. The parent's waits end with -EINTR when a signal that asks it to end
 * is held back: init, or what exec starts, may be stopped or frozen.
 */
int msg_expect(int sock, enum msg_type type, void *ret_payload, int *ret_fd, struct err *e);

/* The same, but what is not there yet is -EAGAIN, with e set. */
int msg_expect_sent(int sock, enum msg_type type, void *ret_payload, int *ret_fd, struct err *e);

/*
 * What the parent looks for while nothing comes, now and then: an error of look() ends the wait.
 * NULL, or no look(): nothing.
 */
struct msg_look {
	int (*look)(void *arg, struct err *e);
	void *arg;
};
int msg_expect_looking(int sock, enum msg_type type, const struct msg_look *look, void *ret_payload,
	int *ret_fd, struct err *e);

/* Wait for any message of a set; returns the type. For init's optional ones. None with a
 * descriptor. */
#define MSG_BIT(type) (1u << (type))
int msg_expect_any(
	int sock, unsigned set, const struct msg_look *look, union msg_payload *ret, struct err *e);

/*
 * After EXECING: wait until execve succeeded, which closes init's end. 0 then; a FAIL becomes e.
 * interruptible: as the parent's other waits are.
 */
int msg_expect_end(int sock, bool interruptible, const struct msg_look *look, struct err *e);

/* Tell the other side what went wrong. Best effort: it may be gone, or seccomp may forbid it. */
void msg_fail(int sock, const struct err *error);
