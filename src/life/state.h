/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state.h - the state directory: one directory per container, the one door to what is saved there.
 *
 *	ROOT/ID/state.json	what is known of the container; replaced whole, by rename
 *	ROOT/ID/config.json	the config as it was at create, which later edits must not change
 *	ROOT/ID/start.sock	init waits on it for `start`
 *	ROOT/ID/notify/		mounted into the container; its notification socket (notify.h)
 *	ROOT/@seccomp/		compiled filters of all containers
 *
 * The directory itself is locked by whoever changes the container. What is read back is checked
 * like any other input.
 */
#pragma once

#include "base/err.h"
#include "base/str.h"
#include "cgroup/cgroup.h"
#include "life/life.h"
#include "linux/memory.h"
#include "linux/rdt.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* ROOT/@seccomp, made if it is not there: no ID has such a name. -1 where it cannot be had. */
int state_seccomp_cache(const struct life *life);

struct state {
	struct arena arena;
	int dir_fd;    /* ROOT/ID */
	bool damaged;  /* read by STATE_LOCK_DAMAGED, and not whole */
	bool creating; /* create has not committed */
	const char *id, *bundle, *rootfs, *created;
	uid_t owner;
	pid_t pid;          /* 0 while there is none */
	uint64_t pid_start; /* field 22 of /proc/PID/stat: with pid it names one process for ever */
	bool no_keyring;    /* created with --no-new-keyring: so is what exec starts */
	bool shared_pid;    /* no PID namespace of its own: others outlive init */
	bool started;       /* START was sent and execve succeeded */
	unsigned hooks;     /* bit n: the config has hooks of enum hook_point n */
	struct pair_list annotations;
	struct cgroup *cgroup; /* NULL: none */
	struct rdt *rdt;       /* NULL: none */
	struct memory_result memory;
	struct memory_request memory_request;
};

#define STATE_START_SOCKET "start.sock"
#define STATE_NOTIFY_DIR "notify"
#define STATE_NOTIFY_SOCKET "notify.sock"
#define STATE_CRIU_DIR "criu" /* empty: a mount point in the mount namespace of CRIU alone */

/* What may be a container's ID: it becomes the name of a directory and of a cgroup. */
int state_check_id(const char *id, struct err *e);

/* Make ROOT/ID, locked. -EEXIST when the ID is in use. Sets dir_fd and id alone. */
int state_reserve(const struct life *life, const char *id, struct state *ret, struct err *e);

/* Write state.json. */
int state_save(const struct state *s, struct err *e);

/* Write the config's copy. */
int state_save_config(const struct state *s, const struct spec *spec, struct err *e);

enum state_lock {
	STATE_READ,         /* a look that needs no lock: state.json is replaced whole */
	STATE_LOCK,         /* wait for whoever changes the container */
	STATE_LOCK_DAMAGED, /* the same, but wait for 30 s at most; a state that cannot be read is as
			       far as it could be, with damaged set and why in e, and no error */
};
/* -ENOENT when there is no such container. */
int state_load(const struct life *life, const char *id, enum state_lock lock, struct state *ret,
	struct err *e);
/* Let others change the container from here on; and wait for them again. -ENOENT when they have
 * deleted it, whatever has its ID by now. */
void state_unlock(const struct state *s);
int state_lock_again(const struct state *s, struct err *e);
/* Are both of one container? */
bool state_is_same(const struct state *s, const struct state *other);
int state_load_config(const struct state *s, struct spec **ret, struct err *e);

/* Remove ROOT/ID with what we put there. */
int state_remove(const struct life *life, struct state *s, struct err *e);
void state_free(struct state *s);

/*
 * The init process: a pidfd that is surely its own, since its start time was compared after it was
 * opened. -ESRCH when it is gone (e not set).
 */
int state_open_init(const struct state *s);
/* Start time of pid in clock ticks. Also -ESRCH when it is a zombie. */
int state_start_time(pid_t pid, uint64_t *ret);

int state_status(const struct state *s, enum life_status *ret, struct err *e);

#define STATE_TEXT_MAX (4u << 20) /* bytes: the largest state.json that is read */

/*
 * state_json.c: what state.json holds. Read back into a state that has its id; -EBADMSG: it is damaged,
 * and members before the bad one are set.
 */
void state_write(struct strbuf *b, const struct state *s);
int state_from_json(struct state *s, const char *text, size_t len, struct err *e);

/* The OCI state of runtime.md, as hooks get it on stdin; malloc'ed, NULL: no memory. */
char *state_oci_text(const struct state *s, const char *status, pid_t pid);
