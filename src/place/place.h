/* SPDX-License-Identifier: Apache-2.0 */
/*
 * place.h - where a container's memory lies, and whether that is where its policy puts it.
 *
 * gather.c and processes.c look, and change nothing; usage.c reads texts, judge.c and reasons.c
 * judge, without a look at anything; the others show. Everything that a container can choose (names
 * of processes and files, how many there are of both, policies) is bounded and escaped.
 */
#pragma once

#include "base/err.h"
#include "base/str.h"
#include "life/life.h"
#include "linux/memory.h"
#include "mpol.h"
#include "report/report.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct cgroup_numa;

/* Kinds of pages: one and only one for each page. */
enum place_kind {
	PLACE_ANON,    /* processes' own; on cgroup v1 shared memory too */
	PLACE_FILE,    /* the page cache */
	PLACE_SHMEM,   /* tmpfs, shared memory */
	PLACE_HUGETLB, /* from the pools of huge pages */
	PLACE_LOCKED,  /* cgroup v1: locked in memory, of whatever kind */
	PLACE_KINDS,
};
const char *place_kind_name(enum place_kind kind);  /* "anon" */
const char *place_kind_words(enum place_kind kind); /* "anonymous" */

/* Bytes for each node; sums that would not fit stay at the largest. */
struct place_pages {
	uint64_t bytes[PLACE_KINDS][MPOL_NODES_MAX];
	uint64_t thp[MPOL_NODES_MAX]; /* of these, in transparent huge pages */
};
void place_add(uint64_t *to, uint64_t bytes);
uint64_t place_on_node(const struct place_pages *pages, unsigned node);
uint64_t place_of_kind(const struct place_pages *pages, enum place_kind kind);

/*
 * usage.c: -EBADMSG for what no kernel writes; ret is what was read before it then.
 */
int place_read_cgroup(const struct cgroup_numa *texts, uint64_t page_size, struct place_pages *ret);

/* /proc/zoneinfo: the sum of the high watermarks of each node's zones, in bytes. */
void place_read_zones(const char *text, uint64_t page_size, uint64_t ret[MPOL_NODES_MAX]);
/* numa_foreign of a node's numastat; 0 where it is not there. */
uint64_t place_read_foreign(const char *text);

/* Pages of one process. Those under a policy of their own mapping (mbind(2)) are in both. */
struct place_mapped {
	struct place_pages all;
	uint64_t own[MPOL_NODES_MAX];
	bool own_shown; /* own_policy is the first of them */
	struct mpol own_policy;
};
/* From its numa_maps, open at fd; task is the policy of its first thread. -errno of read(2) as
 * well. */
int place_read_maps(int fd, const struct memory_live *live, const struct mpol *task, bool task_cut,
	struct place_mapped *ret);

/*
 * What a policy asks of the pages: nodes, and whether each of these is to have its part.
 */
struct place_due {
	struct mpol policy;
	bool by_cpu;               /* pages go to the CPUs that touch them: nodes are theirs */
	bool balanced;             /* to each node its part, by weight */
	bool moved;                /* no node of the policy is allowed: nodes are those that are */
	bool open;                 /* the text was cut off: nodes after its last may be more */
	struct mpol_nodeset nodes; /* where they should lie */
	uint16_t weight[MPOL_NODES_MAX]; /* of the nodes, where it is balanced */
};
/*
 * cpus: the nodes of the CPUs that the container may use; may_use: those that its cpuset allows and
 * that have memory. host with details where the mode is weighted.
 */
void place_due(const struct mpol *policy, const struct mpol_nodeset *cpus,
	const struct mpol_nodeset *may_use, const struct mpol_host *host, struct place_due *ret);
/*
 * Of the policy's nodes only the first are known: each that may be used after the last of them
 * counts as one of them, and no parts are due, since nobody can tell how many there are.
 */
void place_due_open(const struct mpol_nodeset *may_use, struct place_due *due);

struct place_verdict {
	uint64_t governed, in_place;      /* bytes */
	uint64_t due[MPOL_NODES_MAX];     /* what a node should have where it is balanced */
	uint64_t outside[MPOL_NODES_MAX]; /* on nodes where nothing should be */
	uint64_t excess[MPOL_NODES_MAX];  /* on nodes that have more than their part */
};
/*
 * granule: bytes of each kind that go to one node together, since a page cannot be parted. Where
 * parts are due, a node may have so much more than its part for each of the processes, and at least
 * 64 KiB.
 */
void place_judge(const struct place_pages *pages, const struct place_due *due,
	const uint64_t granule[PLACE_KINDS], uint64_t processes, struct place_verdict *ret);
/* In tenths of a percent, never rounded up; all of nothing is in place. */
unsigned place_permille(const struct place_verdict *v);

/*
 * A thread whose policy is not the container's.
 */
#define PLACE_COMM 16
struct place_thread {
	pid_t pid, tid;
	char comm[PLACE_COMM]; /* printable ASCII */
	bool cut;
	struct mpol policy; /* mode -1: one that is not known here */
};
#define PLACE_THREADS_SHOWN 64

struct place_process {
	pid_t pid;
	char comm[PLACE_COMM];
	uint64_t *bytes; /* for each online node of the host, rising */
	uint64_t by_kind[PLACE_KINDS];
	uint64_t own; /* under policies of its mappings */
};
#define PLACE_PROCESSES_MAX 2048

/* Why bytes are not in place. */
struct place_reason {
	const char *code;
	uint64_t bytes;
	const char *text; /* a sentence, in the arena */
};
#define PLACE_REASONS_MAX 12

enum place_source {
	PLACE_FROM_NOTHING, /* it has no process and no cgroup that counts */
	PLACE_FROM_V2,
	PLACE_FROM_V1,
	PLACE_FROM_MAPS, /* numa_maps of its processes: what they share counts for each */
};

struct place {
	struct arena arena;
	const char *id;
	enum life_status status;

	struct memory_request request;
	struct memory_result saved; /* not present: the config says nothing */
	bool live_known;
	struct memory_live live;
	struct place_due due;

	struct mpol_host host;
	bool host_known, host_details;
	uint64_t *full_below; /* bytes, by node ID; NULL: nothing is out of place */
	uint64_t *foreign; /* pages that it should have held since boot and could not, likewise */

	enum place_source source;
	struct place_pages *pages;       /* malloc'ed */
	struct mpol_nodeset shown_nodes; /* with memory, with pages, or in the policy */

	size_t n_processes; /* in its cgroup */
	size_t n_looked;    /* threads whose policy was looked at */
	size_t n_unlooked;  /* and those that were not, since there are too many; at least */
	size_t n_differing;
	struct place_thread *threads; /* up to PLACE_THREADS_SHOWN of those that differ */

	bool huge_by_maps; /* no cgroup counts huge pages: numa_maps does */
	bool mapped_known; /* numa_maps was read */
	bool mapped_asked;
	int64_t until_ms; /* by sys_clock_ms(): when to stop looking unasked; 0: never */
	size_t n_mapped; /* processes with a row */
	size_t n_unread; /* whose numa_maps is not as the kernel writes it */
	struct mpol_nodeset row_nodes; /* what the rows have amounts of */
	struct place_process *processes;
	uint64_t own[MPOL_NODES_MAX]; /* mappings with policies of their own */
	struct mpol own_policy;
	bool own_shown;
	uint64_t
		others[MPOL_NODES_MAX]; /* files that a process has mapped and the cgroup has not */

	struct place_verdict verdict;
	size_t n_reasons;
	struct place_reason reasons[PLACE_REASONS_MAX];
	bool suspicious; /* numa_maps could tell more, and was not read, or not to the end */
};

struct place_options {
	bool processes;
	unsigned expect_permille; /* 0: none */
};

/*
 * gather.c: look. -ENOENT: no such container. One that has ended has no pages, and that is an error
 * (-ESRCH) in the words of the others. place_free() it.
 */
int place_gather(const struct life *life, const char *id, const struct place_options *options,
	struct place *ret, struct err *e);
void place_free(struct place *p);
/* Has the container ended? Its cgroup, and files of the host, can be missing before that. */
bool place_is_over(const struct life *life, const char *id);

/* Judge what was gathered, and say why. -ENOMEM. */
void place_conclude(struct place *p);
int place_reasons(struct place *p);

/*
 * processes.c: by gather.c. Threads whose policy differs or, with maps, what each process has
 * mapped. list gives the container's processes as they are then, rising, malloc'ed. -ENOMEM, -ETIME
 * if until_ms came before all maps were read, or list's error.
 */
struct place_lister {
	int (*list)(void *arg, pid_t **ret, size_t *ret_n);
	void *arg;
};
int place_look(
	struct place *p, const pid_t *pids, size_t n, const struct place_lister *lister, bool maps);

/* What one process has mapped becomes the next row, and is added to the sums. */
void place_take(struct place *p, const struct place_mapped *m);

enum place_grade {
	PLACE_ALL_RIGHT, /* 95 % at least: a few pages of a start under another policy do no harm */
	PLACE_MOSTLY,    /* 75 % */
	PLACE_WRONG,
	PLACE_EMPTY, /* nothing to judge */
};
enum place_grade place_grade(const struct place *p);

/* Did a cgroup or any process tell how much memory there is? */
bool place_counted(const struct place *p);

/*
 * words.c: what the formats say in the same words.
 */
const char *place_origin(const struct place *p); /* whose policy it is; NULL: the config has none */
const char *place_source_name(enum place_source source);
const char *place_grade_name(enum place_grade grade);
#define PLACE_PERCENT 16
/* "98.2 %", never rounded up. Returns buf. */
char *place_percent(uint64_t part, uint64_t whole, char buf[PLACE_PERCENT]);
#define PLACE_POLICY (MPOL_TEXT + 8)
char *place_policy_text(const struct mpol *policy, bool cut, char buf[PLACE_POLICY]);
#define PLACE_WORDS 320
/* "on nodes 0-1 in equal parts": where it should lie. */
const char *place_due_words(const struct place *p, char buf[PLACE_WORDS]);
/* Has it a good deal more than its part of an interleaving? */
bool place_has_much(const struct place *p, unsigned node);
/* Bytes of files that processes have mapped, that others brought in, and that lie elsewhere. */
uint64_t place_others(const struct place *p);

/*
 * The formats.
 */
void place_table(struct strbuf *b, const struct place *p, const struct style *style);
void place_json(struct strbuf *b, const struct place *p);
void place_metrics(struct strbuf *b, const struct place *p);
void place_svg(struct strbuf *b, const struct place *p);
