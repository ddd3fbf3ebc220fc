/* SPDX-License-Identifier: Apache-2.0 */
/*
 * life.h - the life of a container, as commands see it: create, start, run, exec, update, pause,
 * kill, delete.
 *
 * Functions return 0 or a negative errno value with e set. A failed create leaves nothing behind.
 */
#pragma once

#include "base/err.h"
#include "base/str.h"
#include "cgroup/cgroup.h"
#include "linux/memory.h"
#include "spec/spec.h"

#include <stdbool.h>
#include <sys/types.h>

/* What a refused cgroup means: EACCES, EPERM or EROFS when it is made. */
enum life_rootless {
	ROOTLESS_AUTO, /* an ordinary user's container does without it, if none was named */
	ROOTLESS_YES,  /* any container does */
	ROOTLESS_NO,   /* an error */
};

/* What the global options say. */
struct life {
	const char *root; /* state directory of all containers; NULL: the default */
	enum cgroup_manager manager;
	const char *conf; /* hasu.conf; NULL: where it always is */
	enum life_rootless rootless;
};

struct create_options {
	const char *id;
	const char *bundle;         /* NULL: the working directory */
	const char *config;         /* NULL: the bundle's config.json */
	const char *pid_file;       /* NULL: none */
	const char *console_socket; /* NULL: none */
	const char *pidfd_socket;   /* gets a pidfd of the container's init; NULL: none */
	bool no_pivot, no_new_keyring;
	bool no_subreaper; /* run: leave the container's orphans to the host's init */
	bool detach;       /* run: do not wait for the end */
	bool keep;         /* run: do not delete at the end */
	unsigned preserve_fds;
	struct memory_options memory;
};

struct exec_options {
	const char *id;
	const char *process; /* file with a process object; NULL: made from the container's and what
				follows */
	struct str_list args;
	const char *cwd;
	struct str_list env;             /* added to the container's */
	const char *user;                /* "uid[:gid]", numbers */
	struct str_list additional_gids; /* numbers */
	struct str_list caps;            /* CAP_* added */
	bool tty, no_new_privs, detach;
	bool ignore_paused; /* enter a paused container, and wait there until it is resumed */
	const char *pid_file, *console_socket;
	const char *pidfd_socket; /* gets a pidfd of the process; NULL: none */
	const char *apparmor, *process_label;
	struct str_list cgroups; /* sub-cgroups of the container's: cgroup_subs() */
	unsigned preserve_fds;
	struct memory_options memory; /* another policy than init's */
};

/* What checkpoint and restore are told; the first part is CRIU's own. */
struct criu_options {
	const char *id;
	const char *program;     /* --criu; NULL: looked for */
	const char *image_path;  /* NULL: "checkpoint" in the working directory */
	const char *work_path;   /* of CRIU's log; NULL: the image_path */
	const char *parent_path; /* an earlier pre-dump, relative to image_path; NULL: none */
	bool tcp_established, tcp_skip_in_flight, tcp_close, ext_unix_sk, shell_job, file_locks;
	bool link_remap, auto_dedup, lazy_pages, leave_running, pre_dump;
	unsigned cgroups_mode;    /* enum criu_cgroups */
	unsigned network_lock;    /* enum criu_lock */
	const char *page_server;  /* "ADDRESS:PORT" */
	unsigned status_fd;       /* told when lazy pages can be had; 0: none */
	struct str_list empty_ns; /* types of namespaces whose content is not kept */
	const char *lsm_profile, *lsm_mount_context;
	struct create_options create; /* restore: of the container that it makes */
};
enum criu_cgroups {
	CRIU_CGROUPS_DEFAULT,
	CRIU_CGROUPS_IGNORE,
	CRIU_CGROUPS_SOFT,
	CRIU_CGROUPS_FULL,
	CRIU_CGROUPS_STRICT,
};
enum criu_lock {
	CRIU_LOCK_DEFAULT, /* iptables where that is installed, else nftables */
	CRIU_LOCK_IPTABLES,
	CRIU_LOCK_NFTABLES,
	CRIU_LOCK_SKIP,
};

int life_create(const struct life *life, const struct create_options *o, struct err *e);
int life_start(const struct life *life, const char *id, struct err *e);
/* *ret_status: the container's exit status, 128+n for signal n; 0 when detached. */
int life_run(
	const struct life *life, const struct create_options *o, int *ret_status, struct err *e);
int life_exec(
	const struct life *life, const struct exec_options *o, int *ret_status, struct err *e);
int life_kill(const struct life *life, const char *id, int sig, bool all, struct err *e);
int life_delete(const struct life *life, const char *id, bool force, struct err *e);
/*
 * update: the file of resources, as spec_parse_resources() read it, and the schemata of
 * linux.intelRdt where the options gave some. All of it or nothing.
 */
int life_update(const struct life *life, const char *id, const struct spec *update, struct err *e);
int life_pause(const struct life *life, const char *id, struct err *e);
int life_resume(const struct life *life, const char *id, struct err *e);
/*
 * Save a running container's processes with CRIU. It has ended then, unless it is to be left
 * running; a failed checkpoint leaves it as it was.
 */
int life_checkpoint(const struct life *life, const struct criu_options *o, struct err *e);
/*
 * Make a container of the bundle and restore its processes from images, under the memory policy
 * that init had then. One of the same ID that a checkpoint has ended is deleted first. A failed
 * restore leaves nothing.
 */
int life_restore(
	const struct life *life, const struct criu_options *o, int *ret_status, struct err *e);
/* Is CRIU installed? It is not started. */
bool life_has_criu(const char *program);
/*
 * Write to out, a line of JSON each, what the container uses, every interval_ms, and that it ran out
 * of memory; until its first process ends. interval_ms 0: what it uses now, and no more.
 */
int life_events(const struct life *life, const char *id, int interval_ms, int out, struct err *e);
/* Its processes' numbers here, rising; *ret is malloc'ed. A stopped container may have
 * some left. */
int life_pids(const struct life *life, const char *id, pid_t **ret, size_t *ret_n, struct err *e);

/*
 * A container as the state directory and the kernel know it together.
 */
enum life_status {
	LIFE_CREATING,
	LIFE_CREATED,
	LIFE_RUNNING,
	LIFE_PAUSED,
	LIFE_STOPPED,
};
const char *life_status_name(enum life_status status);

struct container_info {
	struct arena arena;
	enum life_status status;
	pid_t pid; /* 0 when there is no process */
	const char *id, *bundle, *rootfs, *created /* RFC 3339 */, *owner;
	struct pair_list annotations;
};

/* One container. -ENOENT when there is no such ID. */
int life_info(const struct life *life, const char *id, struct container_info *ret, struct err *e);
void life_info_free(struct container_info *info);

/* Every ID in the state directory, sorted; *ret in arena. Directories that are no containers' are
 * left out. */
int life_ids(const struct life *life, struct arena *arena, struct str_list *ret, struct err *e);
