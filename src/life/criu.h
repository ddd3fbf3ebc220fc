/* SPDX-License-Identifier: Apache-2.0 */
/*
 * criu.h - CRIU, which checkpoints and restores processes: found, started, and talked to.
 *
 * It is asked over a socket (`criu swrk`, protobuf requests) rather than by its command line: only
 * so does it hand over the master of a terminal, let us run hooks in between, and make the restored
 * init a child of ours. libcriu does the same and no more, but cannot be in a static program, needs
 * a helper with a protocol of its own, and lags behind in options; what it would save is
 * criu_wire.c.
 */
#pragma once

#include "base/err.h"
#include "life/criu_wire.h"
#include "life/life.h"
#include "life/spawn.h"
#include "life/state.h"

#include <stdbool.h>

/* Fields of rpc.proto. Those of criu_req, then those of its criu_opts. */
enum {
	REQ_TYPE = 1,
	REQ_OPTS = 2,
	REQ_NOTIFY_SUCCESS = 3,
	REQ_KEEP_OPEN = 4,
	REQ_FEATURES = 5,
};
enum {
	OPT_IMAGES_DIR_FD = 1,
	OPT_PID = 2,
	OPT_LEAVE_RUNNING = 3,
	OPT_EXT_UNIX_SK = 4,
	OPT_TCP_ESTABLISHED = 5,
	OPT_EVASIVE_DEVICES = 6,
	OPT_SHELL_JOB = 7,
	OPT_FILE_LOCKS = 8,
	OPT_LOG_LEVEL = 9,
	OPT_LOG_FILE = 10,
	OPT_PS = 11, /* of ADDRESS and PORT */
	OPT_NOTIFY_SCRIPTS = 12,
	OPT_ROOT = 13,
	OPT_PARENT_IMG = 14,
	OPT_TRACK_MEM = 15,
	OPT_AUTO_DEDUP = 16,
	OPT_WORK_DIR_FD = 17,
	OPT_LINK_REMAP = 18,
	OPT_EXT_MNT = 23, /* of KEY and VALUE */
	OPT_CG_ROOT = 25, /* of CTRL and PATH: 1 and 2 as well */
	OPT_RST_SIBLING = 26,
	OPT_INHERIT_FD = 27, /* of KEY and FD */
	OPT_MANAGE_CGROUPS_MODE = 34,
	OPT_EXTERNAL = 37,
	OPT_EMPTY_NS = 38,
	OPT_JOIN_NS = 39, /* of NS and NS_FILE */
	OPT_FREEZE_CGROUP = 44,
	OPT_TCP_SKIP_IN_FLIGHT = 46,
	OPT_TCP_CLOSE = 52,
	OPT_LAZY_PAGES = 48,
	OPT_ORPHAN_PTS_MASTER = 50,
	OPT_CONFIG_FILE = 51,
	OPT_LSM_PROFILE = 53,
	OPT_CGROUP_YARD = 60,
	OPT_LSM_MOUNT_CONTEXT = 63,
	OPT_NETWORK_LOCK = 64,
};
/* The two fields of the messages inside of criu_opts. */
enum {
	PAIR_FIRST = 1,
	PAIR_SECOND = 2,
};

enum criu_type {
	CRIU_DUMP = 1,
	CRIU_RESTORE = 2,
	CRIU_NOTIFY = 6,
	CRIU_FEATURE_CHECK = 9,
	CRIU_VERSION = 10,
	CRIU_SINGLE_PRE_DUMP = 13,
};

/*
 * The program: the one of --criu, else "criu" in $PATH, else in the directories where
 * distributions have it. In arena. -ENOENT: "COMMAND needs CRIU: ...".
 */
int criu_find(const char *given, const char *command, struct arena *arena, const char **ret,
	struct err *e);

/*
 * The directory in the state directory that is the mount point of what CRIU finds on paths, in its
 * mount namespace: "root" and "yard" below it. In arena; NULL: no memory.
 */
const char *criu_place(const struct life *life, const char *id, struct arena *arena);

/*
 * criu_yard.c: mount each hierarchy of cgroups below yard, for the process itself, which is in a
 * mount namespace of its own. cg: the container's.
 */
#define CRIU_CGROUP_MAX (256u << 10) /* bytes of /proc/PID/cgroup */
int criu_yard_make(const struct cgroup *cg, const char *yard, struct err *e);

/* How to start it. */
struct criu_start {
	const char *program, *place;
	const struct state *state;
	struct cgroup *cgroup; /* restore: it and all that it makes are in there; NULL: ours */
	const struct memory_plan *memory; /* restore: and under this policy; NULL: ours */
	const char *keyring_id; /* restore: and with a session keyring of this name; NULL: ours */
	const struct spec_process *process; /* restore: whose I/O priority it takes; NULL: ours */
	const char *root;                   /* restore: the rootfs; NULL: none */
	bool keep_stdin; /* a terminal there becomes the container's again: --shell-job */
	const int *fds;  /* what it inherits, under the same numbers; -1: none */
	size_t n_fds;
};

/*
 * Start it in a mount namespace of its own, which takes all its mounts along when it ends. What has
 * to hold for every restored process is set before: CRIU keeps neither memory policies nor session
 * keyrings nor I/O priorities, but what it makes inherits its own. The policy is read back and
 * compared as `create` does; *ret_memory is what became of it. On failure nothing runs.
 */
int criu_start(const struct criu_start *how, struct spawned *ret, struct memory_result *ret_memory,
	struct err *e);

/* Is it new enough? It goes on to wait for a request. */
int criu_check_version(int sock, struct err *e);
/* Can it and this kernel do that? field: of criu_features. what: in words. */
#define CRIU_MEM_TRACK 1
#define CRIU_LAZY_PAGES 2
int criu_check_feature(int sock, unsigned field, const char *what, struct err *e);

/*
 * What happens on the way: script is CRIU's name of it; pid the restored init's here, or 0; fd comes
 * with "orphan-pts-master" alone and stays the caller's. A negative value makes CRIU give up.
 */
struct criu_events {
	int (*handle)(void *arg, const char *script, pid_t pid, int fd, struct err *e);
	void *arg;
	bool interruptible; /* signals that ask us to end are looked for */
};

/*
 * Ask, and answer it until it is through. opts: criu_opts. log: its log file, for errors. *ret_pid
 * (NULL: not wanted) is the restored init's number here.
 */
int criu_request(int sock, enum criu_type type, const struct strbuf *opts,
	const struct criu_events *events, const char *log, pid_t *ret_pid, struct err *e);

/* Wait for its end; after success of a request that is soon. */
void criu_end(struct spawned *criu);

/*
 * What checkpoint and restore share.
 */
/* May this user have it at all? */
int criu_check_user(struct err *e);
/* Is it a container that CRIU can save, and restore as safe as it was? */
int criu_check_config(const struct spec *spec, struct err *e);

/* runc's and crun's names of namespaces that are the host's. */
#define CRIU_KEY_NET "extRootNetNS"
#define CRIU_KEY_PID "extRootPidNS"

/* Options that both commands have, as fields of criu_opts. */
int criu_common(
	const struct criu_options *o, const struct spec *spec, struct strbuf *opts, struct err *e);

/* Made if it is missing. Both are opened; work_fd is -1 where none is given. */
struct criu_dirs {
	int image_fd, work_fd;
	const char *image, *log; /* absolute; in the arena */
};
int criu_dirs_open(const struct criu_options *o, bool make, const char *log_name,
	struct arena *arena, struct criu_dirs *ret, struct err *e);
void criu_dirs_close(struct criu_dirs *dirs);

/*
 * criu_processes.c: a process that is no descendant of init is an error; a thread with another policy
 * than init's is warned of.
 */
int criu_check_processes(const struct state *s, int init_proc_fd, struct err *e);
/* For tests: the first of n processes that does not come from init, 0: there is none. Sorts them, and
 * notes whose each is. A parent that is not among them is looked for in /proc. */
enum criu_kin {
	CRIU_KIN_UNKNOWN,
	CRIU_KIN_INITS,
	CRIU_KIN_STRAY,
};
struct criu_process {
	pid_t pid, parent; /* parent -1: it has ended */
	enum criu_kin kin;
};
pid_t criu_first_stray(struct criu_process *v, size_t n, pid_t init);

/*
 * criu_mounts.c: mounts that are the host's. CRIU is told their mount points and, for a restore,
 * what lies there; all others it makes anew itself. cg: the container's.
 */
int criu_mounts_dump(const struct spec *spec, const struct cgroup *cg, int init_proc_fd,
	struct arena *arena, struct strbuf *opts, struct err *e);
/*
 * Is no bind's source in the rootfs? CRIU would be told that the host has what is bound: the host may
 * have something else there, and a link would be followed on it. -ENOTSUP; verb: "checkpointed".
 */
int criu_check_sources(const struct spec *spec, const char *bundle, const char *rootfs,
	const char *verb, struct arena *arena, struct err *e);
/* Also makes mount points in the rootfs that are missing, as create does. */
int criu_mounts_restore(const struct spec *spec, const struct cgroup *cg, const char *bundle,
	const char *rootfs, struct arena *arena, struct strbuf *opts, struct err *e);

/*
 * criu_image.c: our own files beside CRIU's images: the memory policy, what the standard streams
 * were, and how long the files of pages are. Whoever wrote them, they are read as hostile input.
 */
#define CRIU_STREAMS 3
struct criu_image {
	bool has_policy;
	struct mpol policy;
	bool notify;                       /* /run/notify is mounted: notify.h */
	const char *streams[CRIU_STREAMS]; /* "pipe:[1]", "file[1a:2b]"; NULL: CRIU knows it */
};
/* dumped: CRIU's own are there. */
int criu_image_write(int dir_fd, const struct criu_image *image, bool dumped, struct err *e);
/* Also compares the files of pages: CRIU 3.17 reads one that is too short for ever. */
int criu_image_read(int dir_fd, struct arena *arena, struct criu_image *ret, struct err *e);
/* After a failed dump. */
void criu_image_remove(int dir_fd);
