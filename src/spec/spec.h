/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec.h - a config.json of the OCI runtime-spec 1.3 for Linux, as typed data.
 *
 * Members are called as in the specification. Strings are NULL when absent or, where the field is
 * optional, empty; null in the file is absence. Lists have their length in n_<name>; where absence
 * differs from zero there is a `has_` member. Everything lives in the
 * spec's arena and is const once loaded. Enumerated strings are already numbers of the kernel
 * (capabilities, rlimits, mount flags stay strings: their tables are in names.h).
 */
#pragma once

#include "base/err.h"
#include "base/str.h"
#include "mpol.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define SPEC_OCI_VERSION "1.3.0"     /* the version that this runtime follows and writes */
#define SPEC_OCI_VERSION_MIN "1.0.0" /* the oldest that it reads */

/* Optional numbers. */
struct opt_i64 {
	bool set;
	int64_t v;
};
struct opt_u64 {
	bool set;
	uint64_t v;
};
struct opt_u32 {
	bool set;
	uint32_t v;
};
struct opt_bool {
	bool set;
	bool v;
};

struct str_list {
	size_t n;
	char **v; /* NULL-ended, also when n is 0 and v is not NULL */
};
struct pair_list { /* an object of strings, in the file's order */
	size_t n;
	struct str_pair {
		const char *key, *value;
	} *v;
};

struct id_mapping {
	uint32_t container_id, host_id, size;
};
struct id_map {
	size_t n;
	struct id_mapping *v;
};

/* --- process --- */

struct spec_user {
	uint32_t uid, gid;
	struct opt_u32 umask;
	size_t n_additional_gids;
	uint32_t *additional_gids;
	const char *username; /* Windows only: refused */
};

/* Bit n is capability n; has is false when the config has no process.capabilities at all. */
struct spec_capabilities {
	bool has;
	uint64_t bounding, effective, inheritable, permitted, ambient;
};

struct spec_rlimit {
	int resource; /* RLIMIT_* */
	uint64_t soft, hard;
};

struct spec_scheduler {
	int policy; /* SCHED_* */
	int32_t nice, priority;
	uint64_t flags; /* SCHED_FLAG_* */
	uint64_t runtime_ns, deadline_ns, period_ns;
};

struct spec_io_priority {
	int class; /* IOPRIO_CLASS_* */
	int64_t priority;
};

struct spec_process {
	bool terminal;
	bool has_console_size;
	uint32_t console_height, console_width; /* characters */
	const char *cwd;
	struct str_list env, args;
	struct spec_user user;
	struct spec_capabilities capabilities;
	size_t n_rlimits;
	struct spec_rlimit *rlimits;
	bool no_new_privileges;
	const char *apparmor_profile, *selinux_label;
	struct opt_i64 oom_score_adj;
	struct spec_scheduler *scheduler;     /* NULL: none */
	struct spec_io_priority *io_priority; /* NULL: none */
	const char *affinity_initial, *affinity_final; /* CPU lists of execCPUAffinity */
};

/* --- root, mounts --- */

struct spec_root {
	const char *path;
	bool readonly;
};

struct spec_mount {
	const char *destination, *type, *source;
	struct str_list options;
	struct id_map uid_mappings, gid_mappings;
};

/* --- hooks --- */

enum hook_point {
	HOOK_PRESTART,
	HOOK_CREATE_RUNTIME,
	HOOK_CREATE_CONTAINER,
	HOOK_START_CONTAINER,
	HOOK_POSTSTART,
	HOOK_POSTSTOP,
	HOOK_POINTS,
};

struct spec_hook {
	const char *path;
	struct str_list args, env;
	int timeout_ms; /* 0: none given */
};

struct spec_hooks {
	struct {
		size_t n;
		struct spec_hook *v;
	} at[HOOK_POINTS];
};

/* --- linux --- */

enum ns_type { /* in the order in which they are joined */
	NS_USER,
	NS_CGROUP,
	NS_IPC,
	NS_UTS,
	NS_NETWORK,
	NS_PID,
	NS_MOUNT,
	NS_TIME,
	NS_TYPES,
};

struct spec_namespace {
	bool present;
	const char *path; /* NULL: a new one */
};

struct spec_device {
	const char *path;
	char type; /* 'c', 'b', 'p'; 'u' is given as 'c' */
	uint32_t major, minor;
	struct opt_u32 file_mode, uid, gid;
};

struct spec_net_device {
	const char *host_name, *name; /* name is host_name when the config gives none */
};

struct spec_device_rule {
	bool allow;
	char type; /* 'a', 'c', 'b' */
	struct opt_i64 major, minor; /* unset or -1: any */
	bool read, write, mknod;
};

struct spec_block_device {
	int64_t major, minor;
	struct opt_u64 weight, leaf_weight, rate;
};
struct spec_block_devices {
	size_t n;
	struct spec_block_device *v;
};

struct spec_memory {
	struct opt_i64 limit, reservation, swap, kernel, kernel_tcp;
	struct opt_u64 swappiness;
	struct opt_bool disable_oom_killer, use_hierarchy, check_before_update;
};

struct spec_cpu {
	struct opt_u64 shares, burst, period, realtime_period;
	struct opt_i64 quota, realtime_runtime, idle;
	const char *cpus, *mems;
};

struct spec_hugepage_limit {
	const char *page_size;
	uint64_t limit;
};

struct spec_rdma {
	const char *device;
	struct opt_u32 hca_handles, hca_objects;
};

struct spec_resources {
	size_t n_devices;
	struct spec_device_rule *devices;
	struct spec_memory memory;
	struct spec_cpu cpu;
	struct opt_i64 pids_limit;
	struct {
		struct opt_u64 weight, leaf_weight;
		struct spec_block_devices weight_device, throttle_read_bps, throttle_write_bps,
			throttle_read_iops, throttle_write_iops;
	} block_io;
	size_t n_hugepage_limits;
	struct spec_hugepage_limit *hugepage_limits;
	struct opt_u32 network_class_id;
	size_t n_network_priorities;
	struct spec_network_priority {
		const char *name;
		uint32_t priority;
	} *network_priorities;
	size_t n_rdma;
	struct spec_rdma *rdma;
	struct pair_list unified;
};

struct spec_seccomp_arg {
	uint32_t index;
	uint64_t value, value_two;
	int op; /* enum scmp_compare of libseccomp */
};

struct spec_seccomp_rule {
	struct str_list names;
	uint32_t action; /* SCMP_ACT_*, errno included */
	size_t n_args;
	struct spec_seccomp_arg *args;
};

struct spec_seccomp {
	uint32_t default_action; /* SCMP_ACT_*, errno included */
	struct str_list architectures; /* names, checked against the table in names.h */
	uint32_t flags; /* SECCOMP_FILTER_FLAG_* */
	bool has_flags; /* an empty list differs from none: runc then sets no flag at all */
	const char *listener_path, *listener_metadata;
	size_t n_rules;
	struct spec_seccomp_rule *rules;
};

struct spec_memory_policy {
	const char *mode, *nodes;
	struct str_list flags;
	struct mpol policy; /* parsed and checked by the strict rules or, where the annotation asks for it, the kernel's */
};

/* Annotations about the memory policy, which hasu.conf (conf.h) may forbid. */
enum {
	ANNOTATION_POLICY = 1 << 0,
	ANNOTATION_RULES = 1 << 1,
	ANNOTATION_NARROWING = 1 << 2,
	ANNOTATION_FALLBACK = 1 << 3,
	ANNOTATION_ALL = (1 << 4) - 1,
};

struct spec_policy_annotations {
	unsigned given;		/* ANNOTATION_* that are there */
	const char *text;	/* hasu.memory-policy; NULL: it is not there */
	struct mpol_spec policy; /* what that says */
	bool kernel_rules;	/* hasu.memory-policy.rules=kernel */
	bool refuse_narrowing;	/* hasu.memory-policy.narrowing=refuse */
	bool fallback;		/* hasu.memory-policy.fallback=allow */
	const struct mpol_report *report; /* warnings about it; NULL: none */
};

struct spec_time_offset {
	bool present;
	int64_t secs;
	uint32_t nanosecs;
};

struct spec_intel_rdt {
	const char *clos_id, *l3_cache_schema, *mem_bw_schema;
	struct str_list schemata;
	bool enable_monitoring;
};

struct spec_linux {
	struct id_map uid_mappings, gid_mappings;
	struct pair_list sysctl; /* keys are paths below /proc/sys: "net/ipv4/ip_forward" */
	bool has_resources;
	struct spec_resources resources;
	const char *cgroups_path;
	struct spec_namespace namespaces[NS_TYPES];
	size_t n_devices;
	struct spec_device *devices;
	size_t n_net_devices;
	struct spec_net_device *net_devices;
	struct spec_seccomp *seccomp; /* NULL: none */
	const char *rootfs_propagation;
	struct str_list masked_paths, readonly_paths;
	const char *mount_label;
	struct spec_intel_rdt *intel_rdt;	  /* NULL: none */
	struct spec_memory_policy *memory_policy; /* NULL: none */
	struct opt_u64 personality;		  /* PER_* */
	struct spec_time_offset monotonic, boottime;
};

#define SPEC_WARNINGS_MAX 32

struct spec {
	struct arena arena;
	const char *oci_version, *hostname, *domainname;
	bool has_process;
	struct spec_process process;
	struct spec_root root;
	size_t n_mounts;
	struct spec_mount *mounts;
	struct spec_hooks hooks;
	struct pair_list annotations;
	struct spec_policy_annotations policy_annotations;
	struct spec_linux linux_; /* `linux` is a macro of gnu17 */
	char *text;    /* the file as it was read, kept for the state directory */
	size_t text_len;
	const struct mpol_report *policy_report; /* warnings about memoryPolicy; NULL: none */
	size_t n_warnings;		  /* what is taken otherwise than written, in words */
	const char *warnings[SPEC_WARNINGS_MAX];
	size_t warnings_lost; /* those that did not fit */
};

#define SPEC_TEXT_MAX (32u << 20)  /* bytes: the largest config.json that is read */
#define SPEC_VALUES_MAX (2u << 20) /* JSON values in it */
#define SPEC_OBJECTS_MAX (256u << 10) /* JSON objects among them: each costs most of a kilobyte */
#define SPEC_DEPTH_MAX 64

/*
 * Load a config. Reads the file `name` below dir_fd, checks syntax, types, ranges, required fields
 * and the rules of the specification beyond its schema. Errors have the JSON pointer:
 * "config.json: /process/user/uid: -1 is out of range 0 to 4294967295". Unknown fields are ignored,
 * as the specification demands. Returns 0 or -errno with e set.
 */
int spec_load(int dir_fd, const char *name, struct spec **ret, struct err *e);
/* The same from a text in memory; text is copied. what names it in errors. */
int spec_parse(const char *text, size_t len, const char *what, struct spec **ret, struct err *e);
void spec_free(struct spec *spec);

/* What is wrong or surprising about a config: see spec_check(). All-zero is none. */
struct spec_finding {
	const char *code; /* stable and machine-readable, a static string: "spec.required" */
	enum mpol_severity severity;
	const char *where; /* JSON pointer; "" is the whole, or a text that is no JSON */
	const char *text;  /* one sentence, safe to print */
};
#define SPEC_FINDINGS_MAX 1000
struct spec_findings {
	struct arena arena;
	size_t n, room;
	struct spec_finding *v; /* malloc'ed */
	size_t lost;		/* those that did not fit */
	size_t n_read; /* the first ones, about values that could not be read at all */
	bool read, rules_done;
};

/*
 * Read a whole config from fd and say everything that is wrong with it, not only the first: what
 * spec_load() and spec_check_supported() refuse and what they warn of, in the same sentences. 0 also
 * where something is wrong; -errno with e set where that cannot be told. The spec is there unless the
 * text is no JSON (NULL then): what was wrong in it is as if it were absent, so it is for further
 * checks only, never to be carried out. Findings are added to all, and stay valid without the spec.
 */
int spec_check(int fd, const char *what, struct spec_findings *all, struct spec **ret,
	struct err *e);

/* The same from a text in memory; text is copied. */
int spec_check_text(const char *text, size_t len, struct spec_findings *all, struct spec **ret,
	struct err *e);

/* Add a finding; code is a static string. Returns 0 or -ENOMEM. */
int spec_found(struct spec_findings *all, const char *code, enum mpol_severity severity,
	const char *where, const char *text);
int spec_found_report(struct spec_findings *all, const struct mpol_report *report);
size_t spec_findings_of(const struct spec_findings *all, enum mpol_severity severity);
/* Is there an error about this pointer, something in it, or what it is in? */
bool spec_findings_below(const struct spec_findings *all, const char *where);
void spec_findings_free(struct spec_findings *all);
static inline void spec_freep(struct spec **spec)
{
	spec_free(*spec);
}

/*
 * A process object alone, as `exec --process FILE` gives it, checked against the same rules. The
 * result is a spec with nothing but process in it.
 */
int spec_load_process(const char *path, struct spec **ret, struct err *e);
int spec_parse_process(
	const char *text, size_t len, const char *what, struct spec **ret, struct err *e);

/* Resources alone, as `update --resources FILE` gives them. A spec with nothing but linux.resources. */
int spec_parse_resources(
	const char *text, size_t len, const char *what, struct spec **ret, struct err *e);

/*
 * The fields of this spec that are understood but that this version cannot carry out: sets e with
 * the first one's JSON pointer and returns -ENOTSUP. Never silently ignored.
 */
int spec_check_supported(const struct spec *spec, struct err *e);

/* Which namespace the sysctl at path, below /proc/sys, belongs to; false: to none. */
bool spec_sysctl_owner(const char *path, enum ns_type *ret);

/* The rules of linux.intelRdt; update has such values without a config. -EINVAL with e set. */
int spec_check_intel_rdt(const struct spec_intel_rdt *rdt, struct err *e);

/* The annotation's value or NULL. */
const char *spec_annotation(const struct spec *spec, const char *key);

/*
 * The text of a default config.json, as `hasu spec` writes it, with a cgroup namespace or without;
 * free() it. NULL: no memory.
 */
char *spec_default_text(bool cgroup_ns);

/* The same for an ordinary user: their ID alone is mapped, to root; the network is the host's. */
char *spec_rootless_text(bool cgroup_ns, uid_t uid, gid_t gid);
