/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names.c - the specification's names and the kernel's numbers.
 *
 * Data alone: nothing here asks the host, so a name can be known that this kernel or this
 * libseccomp lacks; whoever uses the number says so then.
 */
#include "spec/names.h"

#include <linux/audit.h>
#include <linux/ioprio.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/resource.h>

/* capabilities(7); the numbers are those of linux/capability.h up to Linux 5.9, the last
 * new one. */
const struct name_row names_capabilities[] = {
	{ "CAP_CHOWN", 0 },
	{ "CAP_DAC_OVERRIDE", 1 },
	{ "CAP_DAC_READ_SEARCH", 2 },
	{ "CAP_FOWNER", 3 },
	{ "CAP_FSETID", 4 },
	{ "CAP_KILL", 5 },
	{ "CAP_SETGID", 6 },
	{ "CAP_SETUID", 7 },
	{ "CAP_SETPCAP", 8 },
	{ "CAP_LINUX_IMMUTABLE", 9 },
	{ "CAP_NET_BIND_SERVICE", 10 },
	{ "CAP_NET_BROADCAST", 11 },
	{ "CAP_NET_ADMIN", 12 },
	{ "CAP_NET_RAW", 13 },
	{ "CAP_IPC_LOCK", 14 },
	{ "CAP_IPC_OWNER", 15 },
	{ "CAP_SYS_MODULE", 16 },
	{ "CAP_SYS_RAWIO", 17 },
	{ "CAP_SYS_CHROOT", 18 },
	{ "CAP_SYS_PTRACE", 19 },
	{ "CAP_SYS_PACCT", 20 },
	{ "CAP_SYS_ADMIN", 21 },
	{ "CAP_SYS_BOOT", 22 },
	{ "CAP_SYS_NICE", 23 },
	{ "CAP_SYS_RESOURCE", 24 },
	{ "CAP_SYS_TIME", 25 },
	{ "CAP_SYS_TTY_CONFIG", 26 },
	{ "CAP_MKNOD", 27 },
	{ "CAP_LEASE", 28 },
	{ "CAP_AUDIT_WRITE", 29 },
	{ "CAP_AUDIT_CONTROL", 30 },
	{ "CAP_SETFCAP", 31 },
	{ "CAP_MAC_OVERRIDE", 32 },
	{ "CAP_MAC_ADMIN", 33 },
	{ "CAP_SYSLOG", 34 },
	{ "CAP_WAKE_ALARM", 35 },
	{ "CAP_BLOCK_SUSPEND", 36 },
	{ "CAP_AUDIT_READ", 37 },
	{ "CAP_PERFMON", 38 },
	{ "CAP_BPF", 39 },
	{ "CAP_CHECKPOINT_RESTORE", 40 },
	{ NULL, 0 },
};

/* getrlimit(2) */
const struct name_row names_rlimits[] = {
	{ "RLIMIT_AS", RLIMIT_AS },
	{ "RLIMIT_CORE", RLIMIT_CORE },
	{ "RLIMIT_CPU", RLIMIT_CPU },
	{ "RLIMIT_DATA", RLIMIT_DATA },
	{ "RLIMIT_FSIZE", RLIMIT_FSIZE },
	{ "RLIMIT_LOCKS", RLIMIT_LOCKS },
	{ "RLIMIT_MEMLOCK", RLIMIT_MEMLOCK },
	{ "RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE },
	{ "RLIMIT_NICE", RLIMIT_NICE },
	{ "RLIMIT_NOFILE", RLIMIT_NOFILE },
	{ "RLIMIT_NPROC", RLIMIT_NPROC },
	{ "RLIMIT_RSS", RLIMIT_RSS },
	{ "RLIMIT_RTPRIO", RLIMIT_RTPRIO },
	{ "RLIMIT_RTTIME", RLIMIT_RTTIME },
	{ "RLIMIT_SIGPENDING", RLIMIT_SIGPENDING },
	{ "RLIMIT_STACK", RLIMIT_STACK },
	{ NULL, 0 },
};

/* sched_setattr(2). Linux reserves the number of SCHED_ISO and has never implemented it. */
const struct name_row names_scheduler_policies[] = {
	{ "SCHED_OTHER", SCHED_NORMAL },
	{ "SCHED_FIFO", SCHED_FIFO },
	{ "SCHED_RR", SCHED_RR },
	{ "SCHED_BATCH", SCHED_BATCH },
	{ "SCHED_ISO", 4 },
	{ "SCHED_IDLE", SCHED_IDLE },
	{ "SCHED_DEADLINE", SCHED_DEADLINE },
	{ NULL, 0 },
};

const struct name_row names_scheduler_flags[] = {
	{ "SCHED_FLAG_RESET_ON_FORK", SCHED_FLAG_RESET_ON_FORK },
	{ "SCHED_FLAG_RECLAIM", SCHED_FLAG_RECLAIM },
	{ "SCHED_FLAG_DL_OVERRUN", SCHED_FLAG_DL_OVERRUN },
	{ "SCHED_FLAG_KEEP_POLICY", SCHED_FLAG_KEEP_POLICY },
	{ "SCHED_FLAG_KEEP_PARAMS", SCHED_FLAG_KEEP_PARAMS },
	{ "SCHED_FLAG_UTIL_CLAMP_MIN", SCHED_FLAG_UTIL_CLAMP_MIN },
	{ "SCHED_FLAG_UTIL_CLAMP_MAX", SCHED_FLAG_UTIL_CLAMP_MAX },
	{ NULL, 0 },
};

const struct name_row names_ioprio_classes[] = {
	{ "IOPRIO_CLASS_RT", IOPRIO_CLASS_RT },
	{ "IOPRIO_CLASS_BE", IOPRIO_CLASS_BE },
	{ "IOPRIO_CLASS_IDLE", IOPRIO_CLASS_IDLE },
	{ NULL, 0 },
};

const struct name_row names_seccomp_actions[] = {
	{ "SCMP_ACT_KILL", SCMP_ACT_KILL },
	{ "SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS },
	{ "SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD },
	{ "SCMP_ACT_TRAP", SCMP_ACT_TRAP },
	{ "SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0) },
	{ "SCMP_ACT_TRACE", SCMP_ACT_TRACE(0) },
	{ "SCMP_ACT_ALLOW", SCMP_ACT_ALLOW },
	{ "SCMP_ACT_LOG", SCMP_ACT_LOG },
	{ "SCMP_ACT_NOTIFY", SCMP_ACT_NOTIFY },
	{ NULL, 0 },
};

const struct name_row names_seccomp_operators[] = {
	{ "SCMP_CMP_NE", SCMP_CMP_NE },
	{ "SCMP_CMP_LT", SCMP_CMP_LT },
	{ "SCMP_CMP_LE", SCMP_CMP_LE },
	{ "SCMP_CMP_EQ", SCMP_CMP_EQ },
	{ "SCMP_CMP_GE", SCMP_CMP_GE },
	{ "SCMP_CMP_GT", SCMP_CMP_GT },
	{ "SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ },
	{ NULL, 0 },
};

/* libseccomp 2.6 has these; its tokens are the kernel's audit numbers. */
#ifndef SCMP_ARCH_LOONGARCH64
#define SCMP_ARCH_LOONGARCH64 AUDIT_ARCH_LOONGARCH64
#endif
#ifndef SCMP_ARCH_M68K
#define SCMP_ARCH_M68K AUDIT_ARCH_M68K
#endif
#ifndef SCMP_ARCH_SH
#define SCMP_ARCH_SH AUDIT_ARCH_SHEL
#endif
#ifndef SCMP_ARCH_SHEB
#define SCMP_ARCH_SHEB AUDIT_ARCH_SH
#endif

const struct name_row names_seccomp_archs[] = {
	{ "SCMP_ARCH_X86", SCMP_ARCH_X86 },
	{ "SCMP_ARCH_X86_64", SCMP_ARCH_X86_64 },
	{ "SCMP_ARCH_X32", SCMP_ARCH_X32 },
	{ "SCMP_ARCH_ARM", SCMP_ARCH_ARM },
	{ "SCMP_ARCH_AARCH64", SCMP_ARCH_AARCH64 },
	{ "SCMP_ARCH_MIPS", SCMP_ARCH_MIPS },
	{ "SCMP_ARCH_MIPS64", SCMP_ARCH_MIPS64 },
	{ "SCMP_ARCH_MIPS64N32", SCMP_ARCH_MIPS64N32 },
	{ "SCMP_ARCH_MIPSEL", SCMP_ARCH_MIPSEL },
	{ "SCMP_ARCH_MIPSEL64", SCMP_ARCH_MIPSEL64 },
	{ "SCMP_ARCH_MIPSEL64N32", SCMP_ARCH_MIPSEL64N32 },
	{ "SCMP_ARCH_PPC", SCMP_ARCH_PPC },
	{ "SCMP_ARCH_PPC64", SCMP_ARCH_PPC64 },
	{ "SCMP_ARCH_PPC64LE", SCMP_ARCH_PPC64LE },
	{ "SCMP_ARCH_S390", SCMP_ARCH_S390 },
	{ "SCMP_ARCH_S390X", SCMP_ARCH_S390X },
	{ "SCMP_ARCH_PARISC", SCMP_ARCH_PARISC },
	{ "SCMP_ARCH_PARISC64", SCMP_ARCH_PARISC64 },
	{ "SCMP_ARCH_RISCV64", SCMP_ARCH_RISCV64 },
	{ "SCMP_ARCH_LOONGARCH64", SCMP_ARCH_LOONGARCH64 },
	{ "SCMP_ARCH_M68K", SCMP_ARCH_M68K },
	{ "SCMP_ARCH_SH", SCMP_ARCH_SH },
	{ "SCMP_ARCH_SHEB", SCMP_ARCH_SHEB },
	{ NULL, 0 },
};

const struct name_row names_seccomp_flags[] = {
	{ "SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC },
	{ "SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG },
	{ "SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW },
	{ "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV },
	{ NULL, 0 },
};

/* In the order of enum ns_type: row n is the namespace of type n. */
const struct name_row names_namespaces[] = {
	[NS_USER] = { "user", CLONE_NEWUSER },
	[NS_CGROUP] = { "cgroup", CLONE_NEWCGROUP },
	[NS_IPC] = { "ipc", CLONE_NEWIPC },
	[NS_UTS] = { "uts", CLONE_NEWUTS },
	[NS_NETWORK] = { "network", CLONE_NEWNET },
	[NS_PID] = { "pid", CLONE_NEWPID },
	[NS_MOUNT] = { "mount", CLONE_NEWNS },
	[NS_TIME] = { "time", CLONE_NEWTIME },
	[NS_TYPES] = { NULL, 0 },
};

const struct name_row names_personalities[] = {
	{ "LINUX", PER_LINUX },
	{ "LINUX32", PER_LINUX32 },
	{ NULL, 0 },
};

const struct name_row names_policy_annotations[] = {
	{ "hasu.memory-policy", ANNOTATION_POLICY },
	{ "hasu.memory-policy.rules", ANNOTATION_RULES },
	{ "hasu.memory-policy.narrowing", ANNOTATION_NARROWING },
	{ "hasu.memory-policy.fallback", ANNOTATION_FALLBACK },
	{ NULL, 0 },
};

const struct name_row names_hooks[] = {
	[HOOK_PRESTART] = { "prestart", HOOK_PRESTART },
	[HOOK_CREATE_RUNTIME] = { "createRuntime", HOOK_CREATE_RUNTIME },
	[HOOK_CREATE_CONTAINER] = { "createContainer", HOOK_CREATE_CONTAINER },
	[HOOK_START_CONTAINER] = { "startContainer", HOOK_START_CONTAINER },
	[HOOK_POSTSTART] = { "poststart", HOOK_POSTSTART },
	[HOOK_POSTSTOP] = { "poststop", HOOK_POSTSTOP },
	[HOOK_POINTS] = { NULL, 0 },
};

const struct name_row *names_find(const struct name_row *table, const char *name)
{
	for (; table->name; table++) {
		if (str_eq(table->name, name))
			return table;
	}
	return NULL;
}

const char *names_of(const struct name_row *table, uint64_t number)
{
	for (; table->name; table++) {
		if (table->number == number)
			return table->name;
	}
	return NULL;
}

void names_add_set(struct strbuf *b, const struct name_row *table, uint64_t set)
{
	const char *comma = "";

	for (; table->name; table++) {
		if (!(set >> table->number & 1))
			continue;
		strbuf_addf(b, "%s%s", comma, table->name);
		comma = ", ";
	}
}

/*
 * Access times are one value of several bits: setting it needs MOUNT_ATTR__ATIME in attr_clr
 * (mount_setattr(2)), and what is left when it is only cleared is relatime, the kernel's default.
 */
#define ATTR_SET(word, bit)                                                                        \
	{                                                                                          \
		(word), MOUNT_OPT_ATTR, (bit), 0, NULL, true                                       \
	}
#define ATTR_CLEAR(word, bit)                                                                      \
	{                                                                                          \
		(word), MOUNT_OPT_ATTR, 0, (bit), NULL, true                                       \
	}
#define ATTR_ATIME(word, bit)                                                                      \
	{                                                                                          \
		(word), MOUNT_OPT_ATTR, (bit), MOUNT_ATTR__ATIME, NULL, true                       \
	}
#define REC_SET(word, bit)                                                                         \
	{                                                                                          \
		(word), MOUNT_OPT_ATTR_REC, (bit), 0, NULL, true                                   \
	}
#define REC_CLEAR(word, bit)                                                                       \
	{                                                                                          \
		(word), MOUNT_OPT_ATTR_REC, 0, (bit), NULL, true                                   \
	}
#define REC_ATIME(word, bit)                                                                       \
	{                                                                                          \
		(word), MOUNT_OPT_ATTR_REC, (bit), MOUNT_ATTR__ATIME, NULL, true                   \
	}
#define PROPAGATION(word, bits)                                                                    \
	{                                                                                          \
		(word), MOUNT_OPT_PROPAGATION, (bits), 0, NULL, true                               \
	}
#define SUPER(word)                                                                                \
	{                                                                                          \
		(word), MOUNT_OPT_SUPER, 0, 0, (word), true                                        \
	}
#define BIND(word, bits)                                                                           \
	{                                                                                          \
		(word), MOUNT_OPT_BIND, (bits), 0, NULL, true                                      \
	}
#define OTHER(word, which, works)                                                                  \
	{                                                                                          \
		(word), MOUNT_OPT_OTHER, (which), 0, NULL, (works)                                 \
	}

/* The runtime-spec's table (config.md, Linux mount options) and the words of the peers. */
const struct mount_opt names_mount_options[] = {
	ATTR_SET("ro", MOUNT_ATTR_RDONLY),
	ATTR_CLEAR("rw", MOUNT_ATTR_RDONLY),
	ATTR_CLEAR("suid", MOUNT_ATTR_NOSUID),
	ATTR_SET("nosuid", MOUNT_ATTR_NOSUID),
	ATTR_CLEAR("dev", MOUNT_ATTR_NODEV),
	ATTR_SET("nodev", MOUNT_ATTR_NODEV),
	ATTR_CLEAR("exec", MOUNT_ATTR_NOEXEC),
	ATTR_SET("noexec", MOUNT_ATTR_NOEXEC),
	ATTR_CLEAR("diratime", MOUNT_ATTR_NODIRATIME),
	ATTR_SET("nodiratime", MOUNT_ATTR_NODIRATIME),
	ATTR_CLEAR("symfollow", MOUNT_ATTR_NOSYMFOLLOW),
	ATTR_SET("nosymfollow", MOUNT_ATTR_NOSYMFOLLOW),
	ATTR_ATIME("atime", MOUNT_ATTR_RELATIME),
	ATTR_ATIME("noatime", MOUNT_ATTR_NOATIME),
	ATTR_ATIME("relatime", MOUNT_ATTR_RELATIME),
	ATTR_ATIME("norelatime", MOUNT_ATTR_RELATIME),
	ATTR_ATIME("strictatime", MOUNT_ATTR_STRICTATIME),
	ATTR_ATIME("nostrictatime", MOUNT_ATTR_RELATIME),

	REC_SET("rro", MOUNT_ATTR_RDONLY),
	REC_CLEAR("rrw", MOUNT_ATTR_RDONLY),
	REC_CLEAR("rsuid", MOUNT_ATTR_NOSUID),
	REC_SET("rnosuid", MOUNT_ATTR_NOSUID),
	REC_CLEAR("rdev", MOUNT_ATTR_NODEV),
	REC_SET("rnodev", MOUNT_ATTR_NODEV),
	REC_CLEAR("rexec", MOUNT_ATTR_NOEXEC),
	REC_SET("rnoexec", MOUNT_ATTR_NOEXEC),
	REC_CLEAR("rdiratime", MOUNT_ATTR_NODIRATIME),
	REC_SET("rnodiratime", MOUNT_ATTR_NODIRATIME),
	REC_CLEAR("rsymfollow", MOUNT_ATTR_NOSYMFOLLOW),
	REC_SET("rnosymfollow", MOUNT_ATTR_NOSYMFOLLOW),
	REC_ATIME("ratime", MOUNT_ATTR_RELATIME),
	REC_ATIME("rnoatime", MOUNT_ATTR_NOATIME),
	REC_ATIME("rrelatime", MOUNT_ATTR_RELATIME),
	REC_ATIME("rnorelatime", MOUNT_ATTR_RELATIME),
	REC_ATIME("rstrictatime", MOUNT_ATTR_STRICTATIME),
	REC_ATIME("rnostrictatime", MOUNT_ATTR_RELATIME),

	PROPAGATION("private", MS_PRIVATE),
	PROPAGATION("rprivate", MS_PRIVATE | MS_REC),
	PROPAGATION("shared", MS_SHARED),
	PROPAGATION("rshared", MS_SHARED | MS_REC),
	PROPAGATION("slave", MS_SLAVE),
	PROPAGATION("rslave", MS_SLAVE | MS_REC),
	PROPAGATION("unbindable", MS_UNBINDABLE),
	PROPAGATION("runbindable", MS_UNBINDABLE | MS_REC),

	BIND("bind", 0),
	BIND("rbind", MS_REC),

	/* The flags that the VFS itself takes by fsconfig(2), for every file system. */
	SUPER("sync"),
	SUPER("async"),
	SUPER("dirsync"),
	SUPER("lazytime"),
	SUPER("nolazytime"),
	SUPER("mand"),
	SUPER("nomand"),

	/* Those that undo something undo what is never on: fsconfig(2) cannot say "silent". Nor has
	 * it "iversion": file systems that count versions do so unasked, for whoever looks. */
	OTHER("defaults", MOUNT_OTHER_DEFAULTS, true),
	OTHER("silent", MOUNT_OTHER_DEFAULTS, true),
	OTHER("loud", MOUNT_OTHER_DEFAULTS, true),
	OTHER("noiversion", MOUNT_OTHER_DEFAULTS, true),
	OTHER("iversion", MOUNT_OTHER_DEFAULTS, true),

	OTHER("remount", MOUNT_OTHER_REMOUNT, false),
	OTHER("idmap", MOUNT_OTHER_IDMAP, true),
	OTHER("ridmap", MOUNT_OTHER_RIDMAP, true),
	OTHER("tmpcopyup", MOUNT_OTHER_TMPCOPYUP, true),
	OTHER("src-nofollow", MOUNT_OTHER_SRC_NOFOLLOW, true),
	OTHER("dest-nofollow", MOUNT_OTHER_DEST_NOFOLLOW, true),
	OTHER("copy-symlink", MOUNT_OTHER_COPY_SYMLINK, true),
	{ NULL, 0, 0, 0, NULL, false },
};

const struct mount_opt *names_mount_option(const char *name)
{
	for (const struct mount_opt *o = names_mount_options; o->name; o++) {
		if (str_eq(o->name, name))
			return o;
	}
	return NULL;
}
