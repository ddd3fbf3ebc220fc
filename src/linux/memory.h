/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory.h - linux.memoryPolicy on a container's processes: checked before anything is made, set in
 * init's own cpuset, read back, and given to what exec starts.
 *
 * Rules: the policy is only ever set in the process that will be the container's (never in the
 * runtime), after it joined its cgroup, since the kernel remaps a policy that is set before; and
 * what the kernel made of it is compared with what was foreseen. A difference is a failure.
 */
#pragma once

#include "base/err.h"
#include "base/json.h"
#include "base/json_read.h"
#include "base/str.h"
#include "mpol.h"
#include "spec/conf.h"
#include "spec/spec.h"

#include <stdbool.h>


/* Where a policy comes from; later ones take the place of earlier ones. */
enum memory_source {
	MEMORY_CONFIG,	   /* linux.memoryPolicy */
	MEMORY_ANNOTATION, /* hasu.memory-policy */
	MEMORY_OPTION,	   /* --memory-policy */
	MEMORY_SOURCES,
};
/* Its JSON pointer, or its name: what sentences about it begin with. */
const char *memory_source_name(enum memory_source source);
/* From that name; NULL, or what is none, is the config's. */
enum memory_source memory_source_of(const char *name);

/* Which policy is wanted, who says so, and what goes with it. all-zero: none. */
struct memory_want {
	bool present;
	enum memory_source source;
	struct mpol_spec policy;
	const char *text; /* as it was written, where that was one line of text; else NULL */
	bool refuse_narrowing;
	bool fallback;		 /* a mode that this kernel lacks may give way to a lower one */
	const char *limit;	 /* who limits the nodes: "/etc/hasu/hasu.conf:7"; NULL: nobody */
	struct mpol_nodeset may; /* to these */
};

/* --memory-policy and --memory-policy-fallback. */
struct memory_options {
	const char *policy; /* NULL: not given */
	bool fallback;
};

/* For the log: one sentence a line. */
struct memory_words {
	struct strbuf warnings, notes;
};

/*
 * Choose among the config's policy, its annotation and the command line's, by the rules of
 * hasu.conf. What stays unused or is denied is said: as an error or in words. Strings are in spec,
 * options or arena.
 */
int memory_choose(const struct spec *spec, const struct memory_options *options,
	const struct conf_rules *rules, struct arena *arena, struct memory_want *ret,
	struct memory_words *words, struct err *e);

/*
 * For restore, after that: what init had at its checkpoint takes the place of what was chosen.
 * Where an annotation asks for a policy, what hasu.conf says of nodes holds for the image's as
 * well.
 */
int memory_choose_image(const struct spec *spec, const struct conf_rules *rules,
	const struct mpol *image, struct arena *arena, struct memory_want *want,
	struct memory_words *words, struct err *e);

/* For exec: the command line's alone. refuse_narrowing is the container's. */
int memory_choose_option(const struct memory_options *options, bool refuse_narrowing,
	struct memory_want *ret, struct memory_words *words, struct err *e);

/* Decided by the parent, const from then on; all-zero: no policy. */
struct memory_plan {
	bool present;
	enum memory_source source;
	struct mpol asked; /* with symbols: without its nodes */
	bool refuse_narrowing;
	struct mpol_nodeset host_memory; /* the host's nodes with memory */
	bool in_force; /* exec: asked.nodes are nodes to be in force, not numbers of the user */
	bool symbolic; /* symbols becomes asked.nodes in the cpuset of the process */
	struct mpol_spec symbols;
	struct mpol_host host; /* with details, where it is symbolic */
	const char *text, *limit; /* as in memory_want */
	struct mpol_nodeset may;
	bool fell_back; /* asked has the mode below this one */
	int fallback_from;
};

/* What became of it. Fixed size: it crosses the socket from init and goes into the saved state. */
struct memory_result {
	bool present;
	struct mpol asked, resolved, effective; /* resolved and effective: as in force */
	struct mpol_nodeset allowed;		/* init's cpuset when it was set */
	struct mpol_nodeset narrowed;		/* asked for, not in force */
	struct mpol_nodeset cpus; /* of symbols: the nodes of the CPUs that init may run on */
};

/* How it was asked for, as the saved state keeps it; all-zero: not known, or no policy. */
struct memory_request {
	const char *from; /* "/linux/memoryPolicy", "/annotations/...", "--memory-policy" */
	const char *text; /* NULL: not a line of text */
	bool fell_back;
	int fallback_from; /* the mode that was asked for */
	bool refuse_narrowing;
};

/*
 * Parent, before anything is made: does this kernel know the mode and flags, do the nodes exist
 * here, have they memory, may they be named? mems is linux.resources.cpu.mems or NULL: what cannot
 * work there is refused. Symbols are looked up as far as the host knows them. The running kernel is
 * asked only where a policy needs it. The plan is memory_plan_free()d, and keeps want's strings.
 */
int memory_plan(const struct memory_want *want, const char *mems, struct memory_plan *ret,
	struct memory_words *words, struct err *e);
void memory_plan_free(struct memory_plan *plan);
struct memory_request memory_request_of(const struct memory_plan *plan);

/* Init, in its own cgroup: symbols become numbers; resolve, apply, read back, compare. */
int memory_apply(const struct memory_plan *plan, struct memory_result *ret, struct err *e);

/*
 * Parent: what is in force as /proc/PID/numa_maps shows it, which get_mempolicy(2) does not tell
 * for policies with flags. pid_proc_fd is /proc/PID. Compares with result->resolved and sets
 * effective. from, here and below, is that of the request, or NULL.
 */
int memory_verify(
	int pid_proc_fd, const char *from, struct memory_result *result, struct err *e);

/*
 * Parent: what there is to say of a policy once it is applied: nodes that were narrowed, symbols
 * that stand for nothing, and what the others became.
 */
void memory_tell(const struct memory_plan *plan, const struct memory_result *result,
	struct memory_words *words);

/*
 * For exec: what to ask for so that a new process has the policy that init has now. saved is from
 * the container's state; init_proc_fd is /proc/PID of init. Where init's policy is STATIC or
 * RELATIVE that is the user's nodes again; where the text of numa_maps is cut off, the saved policy
 * fills in.
 */
int memory_plan_exec(const struct memory_result *saved, const char *from, int init_proc_fd,
	struct memory_plan *ret, struct err *e);

/*
 * The new process of exec, in the container's cgroup. Never fails for nodes that the cpuset does
 * not allow any more: a STATIC policy without any allowed node is set as the kernel treats it, on
 * all allowed nodes.
 */
int memory_apply_exec(const struct memory_plan *plan, struct err *e);

/*
 * The decisions of these two, without any system call, for hosts that are not here. choose: what
 * numa_maps shows of init now, usable being the nodes that its cpuset allows and that have memory;
 * hidden: its policy is one that this kernel shows as "default". plan has host_memory, and gets
 * asked and in_force. policy: what to ask the kernel for, so that the plan's nodes are in force.
 */
void memory_exec_choose(const struct memory_result *saved, const struct mpol *now, bool cut,
	bool hidden, const struct mpol_nodeset *usable, struct memory_plan *plan);
struct mpol memory_exec_policy(const struct memory_plan *plan, const struct mpol_nodeset *usable);

/* What init has now, and what it should have. */
struct memory_live {
	struct mpol now;    /* in force; its flags too where it is ours */
	bool cut;           /* of now only the nodes that numa_maps had room for are known */
	bool ours;          /* it is the container's, as the kernel moved it with the cpuset */
	bool hidden;        /* this kernel shows it as "default" */
	struct mpol due;    /* the container's, as it should have been moved; without one: now */
	struct mpol_nodeset allowed, memory; /* by init's cpuset; nodes with memory */
};
/* false: it cannot be told. saved may say that there is no policy. */
bool memory_look(const struct memory_result *saved, int init_proc_fd, struct memory_live *ret);
/*
 * Is shown, as numa_maps has it for a thread of the same container, this policy? Where its text was
 * cut off, the nodes that it still shows must be policy's, from the lowest on.
 */
bool memory_shows(const struct memory_live *live, const struct mpol *policy,
	const struct mpol *shown, bool cut);

/* What a change of the cpuset's nodes makes of init's policy. */
struct memory_move {
	bool known;		   /* false: init has none of the config's, or it cannot be read */
	struct mpol before, after; /* in force, of init */
	struct mpol_nodeset lost;  /* in force now alone; not RELATIVE's, which move at will */
};

/*
 * update, before anything is written: what the kernel will make of init's policy when its cpuset
 * allows the nodes of mems. With refuse_narrowing lost nodes are an error.
 */
int memory_foresee(const struct memory_result *saved, bool refuse_narrowing, int init_proc_fd,
	const struct mpol_nodeset *mems, struct memory_move *ret, struct err *e);

/*
 * The sentence for the log where the policy changes or loses nodes, or NULL; in arena.
 */
const char *memory_move_text(
	const struct memory_move *move, const char *from, struct arena *arena);

/*
 * update, after the cpuset changed: result's allowed and effective as init has them now, so that a
 * later exec foresees from there. The sentence for the log where it is not what was foreseen, in
 * arena, else NULL.
 */
const char *memory_refresh(const struct memory_move *foreseen, const char *from,
	int init_proc_fd, struct memory_result *result, struct arena *arena);

/*
 * checkpoint: the policy to ask for so that init's is in force again after a restore: what it has
 * now, with the numbers of the config where those are what the kernel works from. false: its policy
 * cannot be told.
 */
bool memory_now(const struct memory_result *saved, int init_proc_fd, struct mpol *ret);

/*
 * The text of the policy in force on a process or a thread, as numa_maps has it; proc_fd is
 * /proc/PID or /proc/PID/task/TID. buf has MPOL_TEXT bytes; NULL: it cannot be told.
 */
const char *memory_text_of(int proc_fd, char *buf);

/* The members mode, nodes and flags, by the specification's names; mode is null for an unknown
 * one. */
void memory_write_members(struct json_writer *w, const struct mpol *policy);
/* {"mode": ..., "nodes": ..., "flags": [...]} */
void memory_write_policy(struct json_writer *w, const char *name, const struct mpol *policy);
/* One that stands alone, in the image of a checkpoint. It is not trusted, and has to follow every
 * rule of a config's: -EBADMSG with e set. */
int memory_policy_from_json(const struct json *json, struct mpol *ret, struct err *e);

/*
 * {"asked": {"mode": ..., "nodes": ..., "flags": [...]}, "resolved": {...}, "effective": {...},
 * "allowed": "0-3", "narrowed": "", "request": {"from": "...", "text": "...", "fallbackFrom":
 * "MPOL_...", "narrowing": "refuse"}}
 */
void memory_write(struct json_writer *w, const char *name, const struct memory_result *result,
	const struct memory_request *request);
/* From the saved state, which is not trusted: -EBADMSG with e set. Strings are in arena. */
int memory_from_json(const struct json *json, struct memory_result *ret,
	struct memory_request *ret_request, struct err *e);
