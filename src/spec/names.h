/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names.h - the specification's names and the kernel's numbers: one table each. Parsing, checks and
 * `hasu features` walk the same tables.
 */
#pragma once

#include "spec/spec.h"

#include <stddef.h>
#include <stdint.h>

struct name_row {
	const char *name;
	uint64_t number;
};

/* A table ends with a row whose name is NULL. */
extern const struct name_row names_capabilities[];	  /* CAP_*: number of the capability */
extern const struct name_row names_rlimits[];		  /* RLIMIT_* */
extern const struct name_row names_scheduler_policies[];  /* SCHED_* */
extern const struct name_row names_scheduler_flags[];	  /* SCHED_FLAG_* */
extern const struct name_row names_ioprio_classes[];	  /* IOPRIO_CLASS_* */
extern const struct name_row names_seccomp_actions[];	  /* SCMP_ACT_* */
extern const struct name_row names_seccomp_operators[];	  /* SCMP_CMP_* */
extern const struct name_row names_seccomp_archs[];	  /* SCMP_ARCH_*: libseccomp's token */
extern const struct name_row names_seccomp_flags[];	  /* SECCOMP_FILTER_FLAG_* */
extern const struct name_row names_namespaces[];	  /* "pid" ...: CLONE_NEW*, in enum ns_type's order */
extern const struct name_row names_personalities[];	  /* LINUX, LINUX32 */
extern const struct name_row names_hooks[];		  /* enum hook_point */
extern const struct name_row names_policy_annotations[];  /* ANNOTATION_* */

const struct name_row *names_find(const struct name_row *table, const char *name);
const char *names_of(const struct name_row *table, uint64_t number);

/* The names of a set, of which bit N is the number N: "CAP_CHOWN, CAP_KILL". */
void names_add_set(struct strbuf *b, const struct name_row *table, uint64_t set);

/*
 * Mount options: what each word sets and clears. One table for parsing and `features`.
 */
enum mount_opt_kind {
	MOUNT_OPT_ATTR,	       /* attr_set / attr_clear of mount_setattr(2) */
	MOUNT_OPT_ATTR_REC,    /* the same, recursively ("rro") */
	MOUNT_OPT_PROPAGATION, /* MS_SHARED ..., with MS_REC for the r forms */
	MOUNT_OPT_SUPER,       /* a flag of the superblock: fsconfig(FSCONFIG_SET_FLAG, word) */
	MOUNT_OPT_BIND,	       /* bind (0) or rbind (MS_REC) */
	MOUNT_OPT_OTHER,       /* see number: enum mount_opt_other */
};
enum mount_opt_other {
	MOUNT_OTHER_IDMAP,
	MOUNT_OTHER_RIDMAP,
	MOUNT_OTHER_TMPCOPYUP,
	MOUNT_OTHER_SRC_NOFOLLOW,
	MOUNT_OTHER_DEST_NOFOLLOW,
	MOUNT_OTHER_COPY_SYMLINK,
	MOUNT_OTHER_DEFAULTS, /* "defaults", "async" and other words without effect */
	MOUNT_OTHER_REMOUNT,
};
struct mount_opt {
	const char *name;
	enum mount_opt_kind kind;
	uint64_t set, clear;	 /* bits of the kind */
	const char *super;	 /* MOUNT_OPT_SUPER: the key that fsconfig takes, "sync"; */
	bool supported;		 /* carried out by this version; else refused by name */
};
extern const struct mount_opt names_mount_options[];
const struct mount_opt *names_mount_option(const char *name); /* NULL: data for the file system */
