/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd.h - the command line: one table of commands and options, and one function per command.
 *
 * Parsing, usage and help walk the same rows (commands.c), so nothing can be taken that help does
 * not show, and nothing shown that is not taken. What is not in it is refused, never swallowed.
 */
#pragma once

#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "life/life.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_kind {
	OPTION_FLAG,   /* bool; "--flag", "--flag=true", "--flag=false" */
	OPTION_STRING, /* const char *; an empty argument is as good as none; the last one counts */
	OPTION_ONCE,   /* the same, but a second one is an error instead of hiding the first */
	OPTION_NUMBER, /* unsigned, up to max */
	OPTION_CHOICE, /* unsigned: the index of the word in choices */
	OPTION_LIST,   /* struct str_list: one more item each time */
};

struct option {
	const char *name; /* without dashes; NULL ends a list */
	char letter;      /* 0: none */
	enum option_kind kind;
	size_t at;        /* offset in struct options */
	const char *arg;  /* what its argument is called in usage: "DIR" */
	const char *help; /* one line */
	uint32_t max;
	const char *const *choices; /* NULL-ended */
};

enum log_format {
	LOG_FORMAT_TEXT,
	LOG_FORMAT_JSON,
};
enum list_format {
	LIST_TABLE,
	LIST_JSON,
};
enum picture_format {
	PICTURE_TABLE,
	PICTURE_JSON,
	PICTURE_SVG,
};
enum placement_format {
	PLACEMENT_TABLE,
	PLACEMENT_JSON,
	PLACEMENT_OPENMETRICS,
	PLACEMENT_SVG,
};

/* update: texts as they were given; NULL: not given. */
struct update_options {
	const char *resources; /* file, "-": standard input */
	const char *cpu_period, *cpu_quota, *cpu_burst, *cpu_share, *cpu_rt_period, *cpu_rt_runtime,
		*cpu_idle;
	const char *cpuset_cpus, *cpuset_mems;
	const char *memory, *memory_reservation, *memory_swap;
	const char *pids_limit, *blkio_weight, *kernel_memory, *kernel_memory_tcp;
	const char *l3_cache_schema, *mem_bw_schema;
};

/* What a command line says. All-zero says nothing. */
struct options {
	struct arena arena;
	const struct command *command; /* NULL: none named */
	struct str_list args;          /* its arguments, in argv or the arena */

	bool help, version;
	const char *root, *log, *conf;
	unsigned log_format; /* enum log_format */
	unsigned log_level;  /* 0: none given, else an index into log_levels */
	bool debug, systemd_cgroup;
	unsigned manager;  /* 0: none given, else 1 + enum cgroup_manager */
	unsigned rootless; /* enum life_rootless */

	struct create_options create;
	struct exec_options exec;
	struct criu_options criu;
	struct update_options update;
	bool kill_all, kill_regex, delete_force, delete_regex, list_quiet;
	unsigned list_format, ps_format; /* enum list_format */
	const char *events_interval;
	bool events_stats;
	const char *spec_bundle, *spec_file;
	bool spec_rootless;
	const char *check_bundle, *check_host, *topology_host;
	unsigned check_format;    /* enum list_format */
	unsigned topology_format; /* enum picture_format */
	bool check_strict, check_codes;
	unsigned placement_format; /* enum placement_format */
	bool placement_processes;
	const char *placement_watch, *placement_expect;
};

/* Most option lists that one command has, with the NULL that ends them. */
#define COMMAND_OPTION_LISTS 3

struct command {
	const char *name;     /* NULL ends the table */
	const char *synopsis; /* its arguments: "ID [SIGNAL]" */
	const char *help;     /* one line */
	const char *more;     /* a paragraph with its newline; NULL: none. Without run: why not */
	const struct option *options[COMMAND_OPTION_LISTS];
	size_t args_min, args_max;
	bool command_line; /* what follows the ID is another program's command line */
	bool enters;       /* it makes processes that go into a container */
	int error_status;  /* exit status when it fails */
	/* The exit status, or -errno with e set. NULL: refused; more says why. */
	int (*run)(const struct options *o, struct err *e);
};

extern const struct command commands[];
extern const struct option global_options[];
extern const char *const log_levels[];

const struct command *command_find(const char *name);

/*
 * Read a command line. Always sets ret as far as it came, so that an error can go where --log says;
 * options_free() it whatever is returned. 0, or -EINVAL or -ENOTSUP or -ENOMEM with e set.
 */
int options_parse(int argc, char *const argv[], struct options *ret, struct err *e);
void options_free(struct options *o);

/* help.c: texts made from the table. command NULL: hasu itself. */
void help_text(struct strbuf *b, const struct command *command);
void usage_line(struct strbuf *b, const struct command *command);
void version_text(struct strbuf *b);

/* near.c: the name nearest to word, if it looks like a slip of the keyboard; keep the best
 * so far. */
struct near_miss {
	const char *word;
	const char *name; /* NULL: nothing is near */
	unsigned distance;
};
void near_consider(struct near_miss *near, const char *name);

/* signals.c: "KILL", "sigkill", "9", "RTMIN+1" -> number; -EINVAL with e set. */
int signal_parse(const char *text, int *ret, struct err *e);

/*
 * update.c: bytes as runc takes them: "512m", "1.5g", "1GiB", "4096", and "-1" for no limit.
 * -EINVAL or -ERANGE, e not set.
 */
int size_parse(const char *text, int64_t *ret);

/*
 * events.c: a time as Go writes it, "1m30s" or "100ms", or seconds alone, "2.5"; at least 1 ms.
 * -EINVAL or -ERANGE, e not set.
 */
int duration_parse(const char *text, int *ret_ms);

/* ps.c: of what ps printed the head and the lines of these processes. -EINVAL: no column PID. */
int ps_select(struct strbuf *b, const char *text, const pid_t *pids, size_t n, struct err *e);

/*
 * matching.c: --regex. Call each for every container whose ID matches the extended regular
 * expression (regex(7)) anywhere. -EINVAL: it is none; -EIO: some failed, which was logged.
 */
typedef int matching_fn(const struct life *life, const char *id, void *arg, struct err *e);
int matching_each(
	const struct life *life, const char *regex, matching_fn *each, void *arg, struct err *e);

/* root.c: the state directory as an absolute path, in arena; given: --root or NULL. */
int root_directory(const char *given, struct arena *arena, const char **ret, struct err *e);

/* print.c */
/* Write b to standard output, and free it. */
int print_out(struct strbuf *b, struct err *e);
/* The OCI state of a container, as state(1) of the runtime-spec has it. */
void print_state(struct strbuf *b, const struct container_info *info);
/* What list adds to it, on one line. */
void print_entry(struct strbuf *b, const struct container_info *info);
/* Rows of cells, aligned; control characters are shown as '?'. */
void print_table(struct strbuf *b, size_t columns, size_t rows, const char *const cells[]);

/*
 * owner.c: the name of the user with this number in a text of /etc/passwd (NULL: there is none), in
 * arena; "#1000" for one without a name. NULL: no memory.
 */
const char *owner_name(const char *passwd, const char *uid, struct arena *arena);

/* What the global options say to life. */
int life_of(const struct options *o, struct arena *arena, struct life *ret, struct err *e);
/* The same for who looks at no container: there need not be a place for their state. */
int life_without_root(const struct options *o, struct life *ret, struct err *e);

int cmd_checkpoint(const struct options *o, struct err *e);
int cmd_check(const struct options *o, struct err *e);
int cmd_create(const struct options *o, struct err *e);
int cmd_delete(const struct options *o, struct err *e);
int cmd_events(const struct options *o, struct err *e);
int cmd_exec(const struct options *o, struct err *e);
int cmd_features(const struct options *o, struct err *e);
int cmd_help(const struct options *o, struct err *e);
int cmd_kill(const struct options *o, struct err *e);
int cmd_list(const struct options *o, struct err *e);
int cmd_pause(const struct options *o, struct err *e);
int cmd_placement(const struct options *o, struct err *e);
int cmd_ps(const struct options *o, struct err *e);
int cmd_resume(const struct options *o, struct err *e);
int cmd_restore(const struct options *o, struct err *e);
int cmd_run(const struct options *o, struct err *e);
int cmd_spec(const struct options *o, struct err *e);
int cmd_start(const struct options *o, struct err *e);
int cmd_state(const struct options *o, struct err *e);
int cmd_topology(const struct options *o, struct err *e);
int cmd_update(const struct options *o, struct err *e);
