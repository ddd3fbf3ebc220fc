/* SPDX-License-Identifier: Apache-2.0 */
/*
 * internal.h - what libmpol's files share among themselves.
 *
 * Nothing here is exported; users of the library see mpol.h alone.
 */
#ifndef MPOL_INTERNAL_H
#define MPOL_INTERNAL_H

#include "mpol.h"

#define ARRAY_LENGTH(a) (sizeof(a) / sizeof((a)[0]))

/* The kernel counts bits and takes one off before it looks: 64*W would lose the last node's bit. */
#define MPOL_MAXNODE (MPOL_NODES_MAX + 1ul)

/* Room for quoted input: at most QUOTE_INPUT bytes of it, each "\xNN" at worst. */
#define QUOTE_INPUT 48
#define QUOTE_TEXT (QUOTE_INPUT * 4 + 48)
/* A set in a sentence, cut off after whole items if it is long. */
#define NODES_TEXT 128

/*
 * Add a finding; where and sub together are its JSON pointer, both may be NULL. A NULL report is
 * allowed everywhere in the library. The sentence must already be safe to print.
 */
void finding_add(struct mpol_report *report, const char *code, enum mpol_severity severity,
	const char *where, const char *sub, const char *fmt, ...)
	__attribute__((format(printf, 6, 7)));

/*
 * Write len bytes of hostile text in quotes, safe to print: everything but printable ASCII becomes
 * an escape, and what is over QUOTE_INPUT bytes is cut off, with its length said. Returns buf.
 */
char *text_quote(const char *text, size_t len, char buf[QUOTE_TEXT]);

/* The same without quotes, for a word in the middle of a sentence. */
char *text_plain(const char *text, size_t len, char buf[QUOTE_TEXT]);

/* "node 3", "nodes 0-3,7"; "no node" for the empty set. Long sets are cut off. Returns buf. */
char *nodes_words(const struct mpol_nodeset *set, char buf[NODES_TEXT]);

/* White space between tokens, whatever the locale. */
bool is_space(char c);

/*
 * Add one item of a node list, "3" or "0-3", to set: text[from] to text[to - 1], not empty and
 * without white space at its ends. What is wrong is said with the position in text; hint is what
 * stands behind the quoted item where it is neither.
 */
int nodeset_item(const char *text, size_t from, size_t to, const char *hint,
	struct mpol_nodeset *set, struct mpol_report *report);

/* The strict rules for a mode's flags, of which no_nodes says whether nodes are given. */
bool flags_rules(const struct mpol_mode_info *info, unsigned flags, bool no_nodes,
	enum mpol_rules rules, const char *where, struct mpol_report *report);

/* A decimal number at *text, which moves past it; above max is -EBADMSG. */
int host_number(const char **text, uint64_t max, uint64_t *ret);

/* Is text a list of CPUs as sysfs has it, "0-3,8" or ""? */
bool cpus_is_list(const char *text);

/* "Node 0 MemTotal:        4548384 kB": the value of one key, in bytes. -EBADMSG: not there. */
int host_meminfo(const char *text, const char *prefix, const char *key, uint64_t *ret);

/* Open what is below a captured or real host: no symlink leads out, nothing waits. */
int host_open(int root_fd, const char *path, int flags);

/* The file sys/... below root of a captured or real host, as host.c reads all of them. */
int host_file(int root_fd, const char *path, char *buf, size_t size);

/*
 * The rules that the kernel's newest source has for mode, flags and emptiness of nodes; needs no
 * host. Adds a finding for each broken one and returns -EINVAL, or 0.
 */
int kernel_rules(const struct mpol *policy, const char *where, struct mpol_report *report);

/* Linux 6.10, commit 133d04b1eee9, takes MPOL_F_NUMA_BALANCING with MPOL_PREFERRED_MANY. */
#define BALANCING_MANY_SINCE                                                                       \
	{                                                                                          \
		6, 10                                                                              \
	}

/* "6.1.0-18-amd64" -> 6, 1; an unreadable release counts as the newest. */
void release_version(const char *release, int *ret_major, int *ret_minor);

/* get_mempolicy(2), the raw call: flags as in the man page, address 0. */
int mempolicy_get(int *ret_mode, struct mpol_nodeset *ret_nodes, unsigned long flags);
/* set_mempolicy(2), the raw call; async-signal-safe. Returns 0 or -errno. */
int mempolicy_set(int mode_and_flags, const struct mpol_nodeset *nodes);

#endif
