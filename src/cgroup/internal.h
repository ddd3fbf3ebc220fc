/* SPDX-License-Identifier: Apache-2.0 */
/*
 * internal.h - what the files of src/cgroup share. Private to src/cgroup and its tests.
 */
#pragma once

#include "base/err.h"
#include "base/str.h"
#include "cgroup/cgroup.h"
#include "spec/spec.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CGROUP_FILE_MAX ((size_t)1 << 20) /* bytes of one file of cgroupfs */
#define CGROUP_PATH_MAX 4000              /* bytes of a path below a hierarchy */
#define CGROUP_WAIT_MS 10000              /* the longest wait for the kernel or dying processes */

/* One mounted hierarchy: that of v2, or one of v1's. */
struct hierarchy {
	bool v2, readonly;
	const char *
		controllers; /* v1: as in /proc/PID/cgroup: "cpu,cpuacct", "name=systemd"; v2: "" */
	const char *mount;   /* mount point */
	int mount_id;        /* by mountinfo; 0: from a saved state, so any that stands at mount */
	const char *own; /* the caller's cgroup from the mount's root, "/a/b"; NULL: not below it */
	const char *path; /* the container's from the mount's root, "/a/id" */
	uint64_t inode;   /* of that directory, which no other ever has; 0: not known */
	unsigned made;    /* so many of its last names did this container make */
	size_t reached;   /* while it is made: bytes of path that exist */
	int leaf_fd;      /* the container's directory, from cgroup_make() on; -1: to be opened */
};

#define CGROUP_DISABLED_HINT "--cgroup-manager=disabled runs containers without cgroups"

/* What the manager systemd adds: scope.c. */
struct scope {
	const char *unit; /* "hasu-id.scope" */
	bool user;        /* of the systemd of the user who calls, not of the system's */
	/* While it is made: */
	const char *slice, *description;
	const struct spec *spec;
	struct arena *arena;
	pid_t holder; /* the process that holds the place */
	int holder_pidfd;
};

struct cgroup {
	enum cgroup_manager manager;
	struct scope *scope; /* NULL: none */
	const char *path;    /* as users see it; "" when disabled */
	bool creating;       /* planned by this process, not loaded from a state */
	bool made;     /* all directories are there; else one may be, but with nobody of ours */
	bool no_forks; /* pids.max of 0 was written */
	size_t n;
	struct hierarchy *h;
	struct str_list v2_needs; /* controllers that the resources need of v2 */
};

/*
 * hierarchy.c: what is mounted, and the way into it.
 */

/* From the texts of /proc/self/mountinfo and /proc/self/cgroup, which are cut up. Nothing is
 * opened. */
int hierarchies_parse(char *mountinfo, char *self, struct arena *arena, struct hierarchy **ret,
	size_t *ret_n, struct err *e);
int hierarchies_find(struct arena *arena, struct hierarchy **ret, size_t *ret_n, struct err *e);
/* The same, but `own` is where another process is: /proc/PID. */
int hierarchies_of(
	int pid_proc_fd, struct arena *arena, struct hierarchy **ret, size_t *ret_n, struct err *e);
bool hierarchy_has(const struct hierarchy *h, const char *controller);
/* Is word one of the words of list, which any of the separators part? */
bool word_in(const char *list, const char *separators, const char *word);

/* Make path canonical, "/a/b": no empty name, "." or "..", names within NAME_MAX. what is for
 * errors. */
int cgroup_path_clean(
	const char *path, const char *what, struct arena *arena, char **ret, struct err *e);

/* The mount's root, verified to be this mount of a cgroup file system, or where that is not known,
 * the root of one. */
int hierarchy_open_root(const struct hierarchy *h, struct err *e);
/* A directory below dir_fd; neither links nor mounts are followed. path has no leading '/' or is
 * "". Returns a descriptor or -errno, no text. */
int hierarchy_open_below(int dir_fd, const char *path);
/* A cgroup of the hierarchy, "/a/b". -ENOENT, with e set, when it is not there. */
int hierarchy_open(const struct hierarchy *h, const char *path, struct err *e);
/* The same for the container's own. Should somebody else have one of that name by now, it is not
 * there. */
int hierarchy_open_leaf(const struct hierarchy *h, struct err *e);
/* Remember which directory at fd is the container's, and is it that? */
int hierarchy_remember(struct hierarchy *h, int fd, struct err *e);
bool hierarchy_is_same(const struct hierarchy *h, int fd);
const struct hierarchy *cgroup_v2(const struct cgroup *cg);
const struct hierarchy *cgroup_v1_of(const struct cgroup *cg, const char *controller);
/* Only cgroup v2, no hierarchy of v1 beside it. */
bool cgroup_pure_v2(const struct cgroup *cg);

/*
 * make.c: the container's directory in one hierarchy, and the ones above it. On failure what was
 * made stays, for hierarchy_unmake(), which removes what is empty.
 */
int hierarchy_make(const struct cgroup *cg, struct hierarchy *h, struct err *e);
void hierarchy_unmake(struct hierarchy *h);

/*
 * limits.c: the table of limits.
 */
#define LIMIT_TEXT 160

/*
 * Is there a controller for everything that r asks for? v2_controllers: the names that v2 offers.
 * The ones that v2 must provide are added to *needs (in arena).
 */
int limits_plan(const struct cgroup *cg, const struct spec_resources *r, const char *v2_controllers,
	struct arena *arena, struct str_list *needs, struct err *e);
/* Does r ask for any but device rules, be it for none ("unlimited")? */
bool limits_any(const struct spec_resources *r);
/* The JSON pointer of the first that limits something, or NULL. */
const char *limits_first(const struct spec_resources *r);
/*
 * For tests: what line of row i of the table would be written, to its first file or to the one that
 * stands in where a kernel lacks that. 1, the strings valid until the next call; 0 nothing; -errno;
 * -ENOENT past the end of the table.
 */
int limits_text(size_t i, size_t line, bool v2, bool other, const struct spec_resources *r,
	const char **ret_file, const char **ret_text, struct err *e);
size_t limits_lines(size_t i, const struct spec_resources *r);
/* Of what sizes has the host huge pages, by /sys/kernel/mm/hugepages at dir_fd? In words if not. */
int limits_page_sizes(int dir_fd, const struct spec_resources *r, struct err *e);
/* The v1 shares as a v2 weight, 1 to 10000. */
uint64_t limits_weight(uint64_t shares);

/*
 * devices_v1.c, devbpf.c: device rules.
 */
enum { DEV_MKNOD = 1, DEV_READ = 2, DEV_WRITE = 4, DEV_ALL = 7 }; /* as BPF_DEVCG_ACC_* */

struct dev_rule {
	bool allow, ours;     /* ours: one of the defaults, not of the config */
	char type;            /* 'a', 'b', 'c' */
	int64_t major, minor; /* -1: any */
	unsigned access;      /* DEV_* */
};
#define DEV_RULES_MAX 2048

/* The config's rules in order, then the defaults; *ret is malloc'ed. Before them stands:
 * deny all. */
int dev_rules(const struct spec_resources *r, struct dev_rule **ret, size_t *ret_n, struct err *e);

/* What v1 can express: one answer for all devices and the exceptions from it. */
struct dev_list {
	bool allow; /* the answer for what no exception matches */
	size_t n;
	struct dev_rule *v; /* exceptions; malloc'ed */
};
int dev_list_build(const struct dev_rule *rules, size_t n, struct dev_list *ret, struct err *e);
int devices_v1_write(
	int dir_fd, const struct dev_rule *rules, size_t n, const char *where, struct err *e);
/* Put back what devices.list said. Returns 0 or -errno. */
int devices_v1_restore(int dir_fd, const char *list);

struct bpf_insn;
/* The rules as a program of type CGROUP_DEVICE; *ret is malloc'ed. */
int devbpf_program(const struct dev_rule *rules, size_t n, struct bpf_insn **ret, size_t *ret_n,
	struct err *e);
/* Programs, -1: none. Close both. */
struct devbpf_swap {
	int old, now;
};
/* Load it and attach it to the cgroup; one that we attached before is replaced in one step. swap
 * gets both for devbpf_restore(); NULL: nobody will want it. */
int devbpf_attach(int dir_fd, const struct dev_rule *rules, size_t n, const char *where,
	struct devbpf_swap *swap, struct err *e);
/* Take it back, in one step again. Returns 0 or -errno. */
int devbpf_restore(int dir_fd, const struct devbpf_swap *swap);

/*
 * undo.c: what files held before they were written. All-zero is empty. Directories stay the
 * caller's, and open until undo_all() is through.
 */
struct undo {
	size_t n, room;
	struct undo_item *v;
};
/* Write to a file and remember what it held. Returns 0 or -errno; then nothing is remembered. */
int undo_write(
	struct undo *u, const struct hierarchy *h, int dir_fd, const char *file, const char *text);
/* Remember the device rules that are about to change. *ret stays u's, and valid until the next
 * call. */
int undo_devices_v1(struct undo *u, const struct hierarchy *h, int dir_fd, struct err *e);
int undo_devbpf(struct undo *u, const struct hierarchy *h, int dir_fd, struct devbpf_swap **ret,
	struct err *e);
/* Put everything back, the last first; what cannot be is added to the error in e. */
void undo_all(const struct undo *u, struct err *e);
void undo_free(struct undo *u);

/*
 * freeze.c, remove.c
 */
struct pid_list {
	size_t n, room;
	pid_t *v; /* malloc'ed */
};
/* Processes in the cgroup at dir_fd, added to list; deep: and in those below it. */
int pids_collect(int dir_fd, bool deep, struct pid_list *list, struct err *e);
/*
 * Take away all that is below dir_fd, whatever its depth, and end the processes there. Returns
 * -ETIMEDOUT with no text at the deadline, by sys_clock_ms().
 */
int remove_below(const struct hierarchy *h, int dir_fd, int64_t deadline, struct err *e);
void pause_ms(int ms);
/* Wait until line "<key> <value>" stands in cgroup.events. Returns 0, or -ETIMEDOUT or another
 * errno. */
int events_wait(int dir_fd, const char *key, char value, int64_t deadline_ms);
/* v1: thaw the cgroup at dir_fd and those below, as deep as pids_collect() goes. */
void thaw_below(int dir_fd);
