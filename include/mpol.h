/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mpol.h - NUMA memory policies: read them, check them, foresee what the kernel makes of them,
 * apply them, and see where the pages lie.
 *
 * The library knows the seven modes and three flags of set_mempolicy(2). It never writes to a
 * terminal or a log, never exits, keeps no global state, and needs nothing but libc. No allocation
 * grows with a number that the input names: a node list such as "0-4294967295" costs nothing.
 *
 * A typical user:
 *
 *	struct mpol_request want = { .mode = "MPOL_BIND", .nodes = "0-1" };
 *	struct mpol_report report = { 0 };
 *	struct mpol policy;
 *
 *	if (mpol_parse(&want, MPOL_RULES_STRICT, &policy, &report) < 0)
 *		puts(mpol_report_first(&report, MPOL_ERROR)->text);
 *
 * Functions that can fail return 0 or a negative errno value, and leave their results, the ret_
 * parameters, untouched on failure. What is wrong is said in words in a struct mpol_report, which
 * the caller sets to 0 once, and which several calls may add to; NULL where the words are not
 * wanted. Findings are safe to print: what they quote of the input is escaped and cut off.
 *
 * The steps of a launcher, each of which may be left out: mpol_parse(), then mpol_kernel_ask(),
 * mpol_host_read() and mpol_check_host(); in the cpuset of the program to be started,
 * mpol_allowed() and mpol_resolve(), then mpol_apply(), mpol_read() and mpol_resolved_reads().
 */
#ifndef MPOL_H
#define MPOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef MPOL_API
#define MPOL_API __attribute__((visibility("default")))
#endif

/*
 * Modes and flags.
 *
 * The numbers are the kernel's own (include/uapi/linux/mempolicy.h); distribution headers lack the
 * newer ones, so they stand here. The names in mpol_modes() and mpol_flags() are those of the OCI
 * runtime-spec 1.3.
 */

enum {
	MPOL_MODE_DEFAULT = 0,             /* no policy of its own: the node of the touching CPU */
	MPOL_MODE_PREFERRED = 1,           /* the lowest node given, others when it is full */
	MPOL_MODE_BIND = 2,                /* only these nodes; then the OOM killer */
	MPOL_MODE_INTERLEAVE = 3,          /* page by page in turn */
	MPOL_MODE_LOCAL = 4,               /* the node of the CPU that touches the page */
	MPOL_MODE_PREFERRED_MANY = 5,      /* any of these first, others when they are full */
	MPOL_MODE_WEIGHTED_INTERLEAVE = 6, /* in turn, in proportion to the system's weights */
};

#define MPOL_FLAG_NUMA_BALANCING (1u << 13) /* the kernel may migrate pages among the nodes */
#define MPOL_FLAG_RELATIVE_NODES (1u << 14) /* node numbers count within the allowed set */
#define MPOL_FLAG_STATIC_NODES (1u << 15)   /* node numbers stay physical */
#define MPOL_FLAGS_ALL                                                                             \
	(MPOL_FLAG_NUMA_BALANCING | MPOL_FLAG_RELATIVE_NODES | MPOL_FLAG_STATIC_NODES)

enum mpol_node_rule {
	MPOL_NODES_NONE,     /* nodes must be empty */
	MPOL_NODES_OPTIONAL, /* empty means something of its own */
	MPOL_NODES_REQUIRED, /* at least one */
};

struct mpol_mode_info {
	const char *name; /* as in the runtime-spec: "MPOL_BIND" */
	int number;       /* as in set_mempolicy(2) */
	enum mpol_node_rule node_rule;
	unsigned flags;        /* the flags that the strict rules let it have */
	unsigned kernel_flags; /* the flags that the newest known kernel lets it have */
	int since[2];          /* first Linux that has it: { 6, 9 } */
	const char *maps_word; /* as numa_maps writes it: "weighted interleave" */
	const char *words;     /* where its pages go, for people */
	int fallback;          /* the nearest mode on older kernels; -1: see mpol_fallback() */
};

struct mpol_flag_info {
	const char *name;
	unsigned bit;
	int since[2];
	const char *maps_word; /* "static", "relative", "balancing" */
	const char *words;
};

/* The whole table, in the order of the kernel's numbers. *ret_n is its length. */
MPOL_API const struct mpol_mode_info *mpol_modes(size_t *ret_n);
MPOL_API const struct mpol_flag_info *mpol_flags(size_t *ret_n);
/* One row, or NULL. Names are matched exactly, case included. */
MPOL_API const struct mpol_mode_info *mpol_mode_by_number(int mode);
MPOL_API const struct mpol_mode_info *mpol_mode_by_name(const char *name);
MPOL_API const struct mpol_flag_info *mpol_flag_by_name(const char *name);

/*
 * Sets of nodes.
 *
 * A fixed set of 1024 bits, the most that Linux can be built with (CONFIG_NODES_SHIFT=10). Bit n of
 * word n/64 is node n.
 */

#define MPOL_NODES_MAX 1024u
#define MPOL_NODESET_WORDS (MPOL_NODES_MAX / 64)
#define MPOL_NODESET_TEXT 4096 /* the longest text of a set, "0,2,4,...,1022", with its NUL */

struct mpol_nodeset {
	uint64_t word[MPOL_NODESET_WORDS];
};

struct mpol_report;

/*
 * Read a node list: item ("," item)*, an item being N or N-M with N <= M. Decimal digits only,
 * white space (space, tab, newline, return, form feed, vertical tab) around any token, empty items
 * allowed. Signs, hexadecimal, other digits than ASCII, reversed or open ranges, numbers above 1023
 * are refused with the offending item and its position (a byte offset, from 0). Nothing is
 * allocated.
 *
 * text need not end in NUL; len is its length in bytes. where is the JSON pointer for findings.
 * Returns -EINVAL or -ERANGE with a finding added to report (which may be NULL).
 */
MPOL_API int mpol_nodeset_parse(const char *text, size_t len, const char *where,
	struct mpol_nodeset *ret, struct mpol_report *report);

/* Write a set as the kernel does, "0-3,7"; the empty set is "". Returns buf. */
MPOL_API char *mpol_nodeset_format(const struct mpol_nodeset *set, char buf[MPOL_NODESET_TEXT]);

MPOL_API bool mpol_nodeset_has(const struct mpol_nodeset *set, unsigned node);
MPOL_API void mpol_nodeset_add(struct mpol_nodeset *set, unsigned node);
MPOL_API bool mpol_nodeset_empty(const struct mpol_nodeset *set);
MPOL_API bool mpol_nodeset_equal(const struct mpol_nodeset *a, const struct mpol_nodeset *b);
MPOL_API unsigned mpol_nodeset_count(const struct mpol_nodeset *set);
/* The first node >= from, or MPOL_NODES_MAX: for (n = next(s, 0); n < MPOL_NODES_MAX; n = next(s, n
 * + 1)) */
MPOL_API unsigned mpol_nodeset_next(const struct mpol_nodeset *set, unsigned from);
MPOL_API struct mpol_nodeset mpol_nodeset_and(
	const struct mpol_nodeset *a, const struct mpol_nodeset *b);
MPOL_API struct mpol_nodeset mpol_nodeset_minus(
	const struct mpol_nodeset *a, const struct mpol_nodeset *b);
MPOL_API struct mpol_nodeset mpol_nodeset_or(
	const struct mpol_nodeset *a, const struct mpol_nodeset *b);

/*
 * Findings: what is wrong or surprising, in words.
 *
 * The codes, by the function that finds them. mpol_parse(): mpol.mode.missing, mpol.mode.unknown,
 * mpol.flag.unknown, mpol.nodes.syntax, .open, .range, .large (also mpol_nodeset_parse()),
 * mpol.nodes.required, .forbidden, mpol.flags.exclusive, .empty, .forbidden, .balancing.
 * mpol_check_host(): mpol.kernel.numa, .mode, .flag, mpol.node.absent, .offline, .memoryless.
 * mpol_resolve(): mpol.narrowed, mpol.nodes.unusable, mpol.preferred.one, mpol.relative.folded, and
 * the rules of mpol_parse() once more. mpol_fallback(): mpol.fallback. mpol_spec_parse(): those of
 * mpol_parse(), and mpol.text.long, mpol.flag.missing, mpol.symbol.unknown, .argument, .relative,
 * mpol.device.syntax, .many. mpol_spec_devices(): mpol.device.absent, .nowhere.
 * mpol_spec_resolve(): mpol.symbol.empty, .cut.
 */

enum mpol_severity {
	MPOL_NOTE,
	MPOL_WARNING,
	MPOL_ERROR,
};

struct mpol_finding {
	const char *code; /* stable and machine-readable: "mpol.nodes.range" (static string) */
	enum mpol_severity severity;
	char where[96]; /* JSON pointer: "/linux/memoryPolicy/nodes" */
	char text[512]; /* one sentence, the value and the rule or the host fact in it */
};

#define MPOL_FINDINGS_MAX 16

struct mpol_report {
	size_t n;    /* findings kept */
	size_t lost; /* findings that did not fit */
	struct mpol_finding item[MPOL_FINDINGS_MAX];
};

/* The first finding of at least this severity, or NULL. */
MPOL_API const struct mpol_finding *mpol_report_first(
	const struct mpol_report *report, enum mpol_severity at_least);
MPOL_API const char *mpol_severity_name(enum mpol_severity severity);

/*
 * Policies.
 */

struct mpol {
	int mode;       /* MPOL_MODE_* */
	unsigned flags; /* MPOL_FLAG_* */
	struct mpol_nodeset nodes;
};

/* A policy as a config gives it: linux.memoryPolicy of the OCI runtime-spec. */
struct mpol_request {
	const char *mode;         /* required */
	const char *nodes;        /* NULL, "" and "  " are the same: none */
	const char *const *flags; /* n_flags names; a name given twice counts once */
	size_t n_flags;
	const char *where; /* JSON pointer of the object for findings; NULL is "" */
};

enum mpol_rules {
	MPOL_RULES_STRICT, /* all rules of set_mempolicy(2) and the runtime-spec */
	MPOL_RULES_KERNEL, /* rules that a newer kernel may not share are warnings */
};

/*
 * Read and check a policy; needs no host. Every rule that is broken gives a finding, not only the
 * first. Returns -EINVAL if one of them is an error.
 */
MPOL_API int mpol_parse(const struct mpol_request *want, enum mpol_rules rules, struct mpol *ret,
	struct mpol_report *report);

/*
 * A policy in the words of /proc/PID/numa_maps: "bind=static:0-3", "prefer (many):0,1",
 * "weighted interleave:0-1", "local", "default". The kernel cuts this text off at 64 characters;
 * *ret_cut says that it may have been, and then nodes holds only the items that are surely whole.
 * text need not end in NUL.
 */
MPOL_API int mpol_maps_text_parse(const char *text, size_t len, struct mpol *ret, bool *ret_cut);
#define MPOL_TEXT (64 + MPOL_NODESET_TEXT)
/* The same notation, never cut off. Returns buf. */
MPOL_API char *mpol_maps_text(const struct mpol *policy, char buf[MPOL_TEXT]);

/*
 * The host.
 */

/* What a kernel can do. Bit n of modes: it knows mode n. flags: MPOL_FLAG_* it knows. */
struct mpol_kernel {
	bool numa; /* built with NUMA: set_mempolicy exists */
	uint32_t modes;
	uint32_t flags;
	bool balancing_many; /* takes MPOL_F_NUMA_BALANCING with MPOL_PREFERRED_MANY */
	char release[65];    /* "6.1.0-18-amd64" */
};

/*
 * Ask the running kernel, in a child process so that the caller's policy stays as it is. The child
 * shares the caller's memory until it is gone, makes system calls only, sends no SIGCHLD and is
 * reaped here: handlers, wait(2) and other threads notice nothing. Signals are held back meanwhile.
 * Returns -errno if the child cannot be made, and -EPERM if a seccomp filter forbids the question.
 */
MPOL_API int mpol_kernel_ask(struct mpol_kernel *ret);
/* From a release text alone, for a captured host: backports make this a guess. What does not begin
 * with two numbers counts as the newest kernel, so that nothing is refused for it. */
MPOL_API void mpol_kernel_guess(const char *release, struct mpol_kernel *ret);

/* The pool of one size of huge pages on a node. */
struct mpol_hugepages {
	uint64_t page_size; /* bytes */
	uint64_t total;     /* pages in the pool, those in use and the surplus included */
	uint64_t free;      /* pages */
};

/*
 * How fast a node's memory is for the nodes that reach it best, as the firmware says it (ACPI HMAT,
 * CDAT of a CXL device). A number that is not told is 0.
 */
struct mpol_access {
	struct mpol_nodeset initiators; /* empty: nothing is told */
	uint64_t read_bandwidth, write_bandwidth; /* MiB/s */
	uint64_t read_latency, write_latency;     /* ns */
};

struct mpol_node {
	unsigned id;
	uint64_t memory_total; /* bytes; 0 on a node without memory */
	uint64_t memory_free;  /* bytes */
	uint64_t memory_file;  /* bytes of the page cache, which gives way; 0 where not told */
	char *cpus;            /* CPU list as the kernel writes it, "0-7"; "" without CPUs */
	uint16_t *distances;   /* to the host's nodes in order, host->n_nodes of them; or NULL */
	unsigned weight;       /* for weighted interleave; 0 where the kernel has none */
	int tier;              /* memory tier number as in memory_tierN; -1 unknown */
	int package;           /* the socket of its CPUs; -1: none, or the host does not tell */

	/* By mpol_host_facts(). */
	struct mpol_access access;     /* from the nearest initiators, which may be GPUs */
	struct mpol_access cpu_access; /* from the nearest ones that are CPUs */
	size_t n_hugepages;
	struct mpol_hugepages *hugepages; /* by rising size */
};

struct mpol_host {
	struct mpol_nodeset possible, online, memory,
		cpu;       /* nodes in each of the kernel's states */
	bool auto_weights; /* the kernel fills the weights itself */
	size_t n_nodes;    /* online nodes; 0 unless details were asked for */
	struct mpol_node *nodes;
	char release[65];

	/* By mpol_host_facts(). */
	bool cpuset_known;            /* the three below */
	struct mpol_nodeset allowed;  /* the nodes that the caller's cpuset allows */
	char *allowed_cpus;           /* the CPUs likewise, a list as the kernel writes it */
	uint64_t swap_total;          /* bytes */
	int balancing, demotion, zone_reclaim; /* the settings of these names; -1: not there */
};

/*
 * Read a host below root_fd, a directory laid out like / with sys/ and proc/ (AT_FDCWD is the
 * running system). Without details only the four sets and the release are read: five small files. A
 * kernel without NUMA shows no sys/devices/system/node: then node 0 alone is there, with memory and
 * CPUs. The text is not trusted: sizes are bounded, no symlink leads out of the directory, and what
 * no kernel writes is -EBADMSG. -ENOENT: not even sys/devices/system is there.
 */
MPOL_API int mpol_host_read(int root_fd, bool details, struct mpol_host *ret);
MPOL_API void mpol_host_free(struct mpol_host *host);

/*
 * Read what is of use for advice and pictures beyond that, into a host read with details from the
 * same root_fd: huge pages, bandwidth and latency, the cpuset, the settings that move pages:
 * kernel.numa_balancing, /sys/kernel/mm/numa/demotion_enabled, vm.zone_reclaim_mode. All of it may
 * be missing; what is there and no kernel writes is -EBADMSG, and host is as it was.
 */
MPOL_API int mpol_host_facts(int root_fd, struct mpol_host *host);

/* The nodes that the calling thread's cpuset allows: get_mempolicy(MPOL_F_MEMS_ALLOWED). */
MPOL_API int mpol_allowed(struct mpol_nodeset *ret);

/*
 * Check a policy against a kernel and a host, before anything is set: a mode or flag that the
 * kernel lacks, nodes that do not exist, are offline or have no memory. Such nodes are warnings as
 * long as another node that was asked for has memory, since the kernel narrows the policy to it;
 * otherwise errors. Relative numbers are no nodes of the host and are not looked at. Only the sets
 * of host are read. Returns -EINVAL if there is an error.
 */
MPOL_API int mpol_check_host(const struct mpol *policy, const struct mpol_kernel *kernel,
	const struct mpol_host *host, const char *where, struct mpol_report *report);

/*
 * The next lower mode of the ladder that this kernel has, for whoever would rather have that than
 * nothing: MPOL_WEIGHTED_INTERLEAVE becomes MPOL_INTERLEAVE, MPOL_PREFERRED_MANY becomes
 * MPOL_PREFERRED. Nodes and flags stay. Returns true where the kernel lacks the mode and has that
 * one, with a finding (warning, code "mpol.fallback"). Pure.
 */
MPOL_API bool mpol_fallback(const struct mpol *policy, const struct mpol_kernel *kernel,
	const char *where, struct mpol *ret, struct mpol_report *report);

/*
 * One line of text for a policy whose nodes may be symbols.
 *
 *	policy := mode [ "=" flag { ("|" | "+") flag } ] [ ":" nodes ]
 *	nodes  := [ "!" ] term { "," [ "!" ] term }
 *	term   := N | N-M | symbol | symbol ":" argument
 *
 * mode and flag are words of numa_maps or names of the runtime-spec: "bind:0-1",
 * "interleave=static:0-3", "prefer (many):0,1", "MPOL_BIND=MPOL_F_STATIC_NODES:0". White space may
 * stand around any token. The nodes are those of all terms without "!", less those of all terms
 * with it, in whatever order they stand; with "!" alone, less than what the cpuset allows.
 */

enum {
	MPOL_SYMBOL_CPUS = 1 << 0,
	MPOL_SYMBOL_PACKAGE = 1 << 1,
	MPOL_SYMBOL_ALLOWED = 1 << 2,
	MPOL_SYMBOL_ALL = 1 << 3,
	MPOL_SYMBOL_WITH_CPUS = 1 << 4,
	MPOL_SYMBOL_MEMORY_ONLY = 1 << 5,
	MPOL_SYMBOL_MAX_DIST = 1 << 6,
	MPOL_SYMBOL_DEVICE = 1 << 7,
};

struct mpol_symbol_info {
	const char *name; /* "max-dist" */
	unsigned bit;
	const char *argument; /* what stands behind its ":", by example: "20"; NULL: nothing does */
	const char *words;    /* the nodes that it stands for */
};

MPOL_API const struct mpol_symbol_info *mpol_symbols(size_t *ret_n);

#define MPOL_DEVICE_TEXT 17 /* "10000:3b:00.0": a domain has up to 8 digits */
#define MPOL_DEVICES_MAX 8

struct mpol_device {
	char address[MPOL_DEVICE_TEXT]; /* as sysfs names it: in lower case, with its domain */
	int node;                       /* -1 until mpol_spec_devices() */
};

/* What the terms of one kind name together. */
struct mpol_terms {
	struct mpol_nodeset numbers;
	unsigned symbols;  /* MPOL_SYMBOL_* */
	unsigned max_dist; /* the largest */
	size_t n_devices;
	struct mpol_device device[MPOL_DEVICES_MAX];
};

struct mpol_spec {
	int mode;
	unsigned flags;
	struct mpol_terms in, out; /* out: those with "!" */
};

/* The longest text that is read, in bytes: a list of every other node takes half of it. */
#define MPOL_SPEC_TEXT_MAX 4096

/*
 * Read such a text; needs no host. Syntax errors name the token and its position (a byte offset,
 * from 0); the rules are those of mpol_parse(). Beyond them: MPOL_F_RELATIVE_NODES goes with
 * numbers only, since symbols stand for nodes of the host. Nothing is allocated. text need not end
 * in NUL. Returns -EINVAL, -ERANGE or -E2BIG with at least one finding whose pointer is where.
 */
MPOL_API int mpol_spec_parse(const char *text, size_t len, enum mpol_rules rules,
	const char *where, struct mpol_spec *ret, struct mpol_report *report);

/* Must it be resolved? If not, mpol_spec_policy() is all of it. */
MPOL_API bool mpol_spec_is_symbolic(const struct mpol_spec *spec);
MPOL_API struct mpol mpol_spec_policy(const struct mpol_spec *spec);

/*
 * Look up the nodes of the devices that it names, below root_fd as in mpol_host_read(). -ENOENT
 * (there is no such device) or -ENXIO (the firmware tells no node for it), with a finding.
 */
MPOL_API int mpol_spec_devices(
	int root_fd, struct mpol_spec *spec, const char *where, struct mpol_report *report);

/* Where a process is. */
struct mpol_place {
	struct mpol_nodeset allowed; /* by its cpuset */
	struct mpol_nodeset cpus;    /* the nodes of the CPUs that it may run on */
	struct mpol_nodeset may;     /* symbols stand for these alone: an administrator's limit */
};

/* The nodes of a CPU list such as "0-7,64"; -EBADMSG where it is none. host with details. */
MPOL_API int mpol_cpus_nodes(
	const struct mpol_host *host, const char *cpus, struct mpol_nodeset *ret);

/*
 * The numbers behind the symbols, for a process at that place. Pure; host must have been read with
 * details. "all" stands for every node with memory; any other symbol, unless behind "!", only for
 * those of them that the process may use, and a symbol that the cpuset cuts is a note
 * ("mpol.symbol.cut"). One that stands for nothing is a warning ("mpol.symbol.empty"). Where no
 * node is left at all that is an error and -EINVAL. Numbers are not looked at.
 */
MPOL_API int mpol_spec_resolve(const struct mpol_spec *spec, const struct mpol_host *host,
	const struct mpol_place *place, const char *where, struct mpol *ret,
	struct mpol_report *report);

/*
 * What the kernel will make of a policy. Pure: no system calls.
 */

struct mpol_resolved {
	struct mpol in_force; /* as numa_maps will show it: nodes after folding and narrowing */
	struct mpol reported; /* as get_mempolicy(2) will report it: see mpol_resolved_reads() */
	struct mpol_nodeset lost; /* asked for, but not allowed or without memory; not RELATIVE's */
};

/*
 * allowed is the cpuset's nodes, memory the host's nodes with memory. Nodes that are lost are a
 * finding (warning, code "mpol.narrowed"); if that leaves nothing it is an error and -EINVAL, as in
 * the kernel, and so is a policy that breaks the kernel's rules for modes and flags. Those are the
 * newest kernel's: an older one may know less, and mpol_check_host() says that.
 *
 * Notes say what surprises: MPOL_PREFERRED keeping one of several nodes, relative numbers that
 * fold.
 */
MPOL_API int mpol_resolve(const struct mpol *asked, const struct mpol_nodeset *allowed,
	const struct mpol_nodeset *memory, const char *where, struct mpol_resolved *ret,
	struct mpol_report *report);

/*
 * Did it come out as resolved? read is what mpol_read() gave on the thread that the policy was
 * applied to. Kernels differ in what they report, and all their ways count as the same policy: with
 * MPOL_FLAG_NUMA_BALANCING alone the nodes asked for or those in force, and never more of the asked
 * nodes than the machine could have, rounded up to 64.
 */
MPOL_API bool mpol_resolved_reads(const struct mpol_resolved *resolved, const struct mpol *read);
/*
 * The same for what numa_maps shows, as mpol_of_process() or mpol_maps_text_parse() read it. Where
 * the kernel cut the text off only the nodes that it still shows are compared; older kernels do not
 * name MPOL_FLAG_NUMA_BALANCING beside another flag.
 */
MPOL_API bool mpol_resolved_shows(
	const struct mpol_resolved *resolved, const struct mpol *shown, bool cut);

/*
 * What the kernel makes of a policy in force when the allowed set changes from old to now (both
 * already cut to nodes with memory): remapped by position without flags, worked out anew from the
 * user's nodes with STATIC or RELATIVE, all of now where that leaves nothing. PREFERRED and
 * PREFERRED_MANY stay as they are, whatever their flags. With BALANCING alone older kernels (6.12)
 * mistake the nodes asked for for the old set; this follows the newer ones.
 */
MPOL_API void mpol_rebind(const struct mpol *asked, struct mpol *in_force,
	const struct mpol_nodeset *old, const struct mpol_nodeset *now);

/*
 * Apply and read back: the raw system calls, on the calling thread. Inherited by fork, kept by
 * execve. -ENOSYS on a kernel without NUMA.
 */
MPOL_API int mpol_apply(const struct mpol *policy);
MPOL_API int mpol_read(struct mpol *ret);

/*
 * Where pages lie.
 */

struct mpol_node_pages {
	unsigned node;
	uint64_t pages;
};

/*
 * One mapping of numa_maps. Its file name is as the kernel wrote it: "\040" for a space, and so
 * for tab, newline and '=', but other bytes as they are, so escape it before it goes to a terminal.
 */
struct mpol_mapping {
	uint64_t start;               /* address */
	struct mpol policy;           /* its mode is -1 where a newer kernel's word is not known */
	bool policy_cut;              /* the kernel cut its text off */
	bool file, heap, stack, huge; /* what the line says of it */
	uint64_t page_size;           /* bytes */
	uint64_t anon, dirty, mapped; /* pages */
	const char *name;             /* file name, not NUL-ended, or NULL: see above */
	size_t name_len;
	size_t n_nodes;
	struct mpol_node_pages *nodes; /* n_nodes of them, rising, in the reader's memory */
};

struct mpol_maps; /* a reader of one numa_maps text */

/* Read from fd, a numa_maps file, until its end; the fd stays the caller's. NULL: no memory. */
MPOL_API struct mpol_maps *mpol_maps_open(int fd);
/*
 * Returns 1 and the next mapping, valid until the next call; 0 at the end; -errno of read(2); or
 * -EBADMSG for what no kernel writes. An error is final: so are all later calls.
 */
MPOL_API int mpol_maps_next(struct mpol_maps *maps, const struct mpol_mapping **ret);
MPOL_API void mpol_maps_close(struct mpol_maps *maps);

/*
 * The task policy of a process as its numa_maps shows it: that of the first file mapping other than
 * shared memory and huge pages, since hardly anyone binds program text (only a program on a tmpfs
 * that was mounted with mpol= shows that instead); else the stack's; else the first mapping's.
 * proc_fd is a directory of procfs such as /proc/123 or /proc/123/task/125. Reads no further than
 * it must, since the kernel walks the page tables of what is read. -ENOENT: a kernel without NUMA,
 * or the process is gone; -ENODATA: nothing mapped; -EACCES: no right to look (ptrace(2)).
 */
MPOL_API int mpol_of_process(int proc_fd, struct mpol *ret, bool *ret_cut);

/* Pages per node of one kind, from memory.numa_stat of cgroup v2: "anon N0=4096 N1=0" (bytes). */
struct mpol_stat_row {
	const char *kind; /* "anon", not NUL-ended */
	size_t kind_len;
	size_t n_nodes;
	struct {
		unsigned node;
		uint64_t bytes;
	} nodes[MPOL_NODES_MAX];
};

/* Parse one line (without its newline). Returns -EBADMSG for anything else. */
MPOL_API int mpol_stat_line(const char *line, size_t len, struct mpol_stat_row *ret);
/*
 * The same for memory.numa_stat of cgroup v1, "anon=12 N0=12 N1=0", and for hugetlb.SIZE.numa_stat
 * of v1 and v2, "total=0 N0=0": numbers of unit bytes. The sum in front, of which v1's may be older
 * than the rest, is passed over. -ERANGE where the bytes are more than 64 bits.
 */
MPOL_API int mpol_stat_line_v1(
	const char *line, size_t len, uint64_t unit, struct mpol_stat_row *ret);

#ifdef __cplusplus
}
#endif

#endif
