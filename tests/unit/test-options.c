/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-options.c - command lines, what is read from them, and what is said of wrong ones.
 *
 * What was read is shown by a text that this file builds member by member, and the list of options
 * that must exist is written here from runc's and crun's manuals: neither walks the table under
 * test.
 */
#include "rows.h"

#include "base/fd.h"
#include "cmd/cmd.h"

#include <errno.h>
#include <json-c/json.h>
#include <unistd.h>

#define ARGS_MAX 16

/* --- what was read, as a text --- */

static void text(struct strbuf *b, const char *name, const char *value)
{
	if (value)
		strbuf_addf(b, " %s=%s", name, value);
}
static void yes(struct strbuf *b, const char *name, bool value)
{
	if (value)
		strbuf_addf(b, " %s", name);
}
static void number(struct strbuf *b, const char *name, unsigned value)
{
	if (value)
		strbuf_addf(b, " %s=%u", name, value);
}
static void list(struct strbuf *b, const char *name, const struct str_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		strbuf_addf(b, " %s[%s]", name, l->v[i]);
	assert_true(!l->v || !l->v[l->n]);
}

static void show_criu(struct strbuf *b, const struct criu_options *c)
{
	text(b, "criu", c->program);
	text(b, "image", c->image_path);
	text(b, "work", c->work_path);
	text(b, "parent", c->parent_path);
	yes(b, "tcp", c->tcp_established);
	yes(b, "in-flight", c->tcp_skip_in_flight);
	yes(b, "tcp-close", c->tcp_close);
	yes(b, "unix", c->ext_unix_sk);
	yes(b, "shell", c->shell_job);
	yes(b, "locks", c->file_locks);
	yes(b, "remap", c->link_remap);
	yes(b, "dedup", c->auto_dedup);
	yes(b, "lazy", c->lazy_pages);
	yes(b, "leave", c->leave_running);
	yes(b, "pre", c->pre_dump);
	number(b, "cgroups", c->cgroups_mode);
	number(b, "lock", c->network_lock);
	text(b, "server", c->page_server);
	number(b, "status", c->status_fd);
	list(b, "empty", &c->empty_ns);
	text(b, "lsm", c->lsm_profile);
	text(b, "lsm-mount", c->lsm_mount_context);
	text(b, "r-bundle", c->create.bundle);
	text(b, "r-pid-file", c->create.pid_file);
	text(b, "r-console", c->create.console_socket);
	text(b, "r-pidfd", c->create.pidfd_socket);
	yes(b, "r-detach", c->create.detach);
	yes(b, "r-keep", c->create.keep);
	yes(b, "r-no-pivot", c->create.no_pivot);
	yes(b, "r-no-keyring", c->create.no_new_keyring);
	yes(b, "r-no-subreaper", c->create.no_subreaper);
}

static void show(struct strbuf *b, const struct options *o)
{
	strbuf_adds(b, o->command ? o->command->name : "nothing");
	list(b, "", &o->args);
	yes(b, "help", o->help);
	yes(b, "version", o->version);
	text(b, "root", o->root);
	text(b, "log", o->log);
	number(b, "log-format", o->log_format);
	text(b, "conf", o->conf);
	text(b, "log-level", o->log_level ? log_levels[o->log_level] : NULL);
	yes(b, "debug", o->debug);
	yes(b, "systemd", o->systemd_cgroup);
	number(b, "manager", o->manager);
	number(b, "rootless", o->rootless);
	text(b, "bundle", o->create.bundle);
	text(b, "pid-file", o->create.pid_file);
	text(b, "console", o->create.console_socket);
	text(b, "pidfd", o->create.pidfd_socket);
	text(b, "memory-policy", o->create.memory.policy);
	yes(b, "fallback", o->create.memory.fallback);
	yes(b, "no-subreaper", o->create.no_subreaper);
	yes(b, "no-pivot", o->create.no_pivot);
	yes(b, "no-keyring", o->create.no_new_keyring);
	number(b, "fds", o->create.preserve_fds);
	yes(b, "detach", o->create.detach);
	yes(b, "keep", o->create.keep);
	text(b, "process", o->exec.process);
	text(b, "cwd", o->exec.cwd);
	list(b, "env", &o->exec.env);
	yes(b, "tty", o->exec.tty);
	text(b, "user", o->exec.user);
	list(b, "gid", &o->exec.additional_gids);
	yes(b, "x-detach", o->exec.detach);
	text(b, "x-pid-file", o->exec.pid_file);
	list(b, "cap", &o->exec.caps);
	yes(b, "no-privs", o->exec.no_new_privs);
	text(b, "apparmor", o->exec.apparmor);
	text(b, "label", o->exec.process_label);
	number(b, "x-fds", o->exec.preserve_fds);
	text(b, "x-pidfd", o->exec.pidfd_socket);
	text(b, "x-memory-policy", o->exec.memory.policy);
	yes(b, "x-fallback", o->exec.memory.fallback);
	text(b, "x-console", o->exec.console_socket);
	list(b, "cgroup", &o->exec.cgroups);
	yes(b, "paused", o->exec.ignore_paused);
	text(b, "resources", o->update.resources);
	text(b, "period", o->update.cpu_period);
	text(b, "quota", o->update.cpu_quota);
	text(b, "burst", o->update.cpu_burst);
	text(b, "share", o->update.cpu_share);
	text(b, "rt-period", o->update.cpu_rt_period);
	text(b, "rt-runtime", o->update.cpu_rt_runtime);
	text(b, "idle", o->update.cpu_idle);
	text(b, "cpus", o->update.cpuset_cpus);
	text(b, "mems", o->update.cpuset_mems);
	text(b, "memory", o->update.memory);
	text(b, "reservation", o->update.memory_reservation);
	text(b, "swap", o->update.memory_swap);
	text(b, "pids", o->update.pids_limit);
	text(b, "weight", o->update.blkio_weight);
	text(b, "kernel", o->update.kernel_memory);
	text(b, "kernel-tcp", o->update.kernel_memory_tcp);
	text(b, "l3", o->update.l3_cache_schema);
	text(b, "mb", o->update.mem_bw_schema);
	show_criu(b, &o->criu);
	number(b, "ps-format", o->ps_format);
	yes(b, "all", o->kill_all);
	yes(b, "force", o->delete_force);
	number(b, "format", o->list_format);
	yes(b, "quiet", o->list_quiet);
	yes(b, "kill-regex", o->kill_regex);
	yes(b, "delete-regex", o->delete_regex);
	text(b, "spec-file", o->spec_file);
	text(b, "config", o->create.config);
	text(b, "spec-bundle", o->spec_bundle);
	yes(b, "spec-rootless", o->spec_rootless);
	text(b, "check-bundle", o->check_bundle);
	text(b, "check-host", o->check_host);
	number(b, "check-format", o->check_format);
	yes(b, "strict", o->check_strict);
	yes(b, "codes", o->check_codes);
	text(b, "topology-host", o->topology_host);
	number(b, "topology-format", o->topology_format);
	number(b, "placement-format", o->placement_format);
	yes(b, "processes", o->placement_processes);
	text(b, "watch", o->placement_watch);
	text(b, "expect", o->placement_expect);
	text(b, "interval", o->events_interval);
	yes(b, "stats", o->events_stats);
}

static int parse(const char *const args[ARGS_MAX], struct options *o, struct err *e)
{
	char *argv[ARGS_MAX + 2] = { (char *)"hasu" };
	int argc = 1;

	while (argc <= ARGS_MAX && args[argc - 1]) {
		argv[argc] = (char *)args[argc - 1];
		argc++;
	}
	return options_parse(argc, argv, o, e);
}

/* --- lines that are taken --- */

struct taken {
	const char *says;
	const char *args[ARGS_MAX];
	const char *want;
};

static const struct taken taken[] = {
	{ "nothing at all is no error", { NULL }, "nothing" },
	{ "a long option with its argument apart", { "create", "--bundle", "/b", "c" },
		"create [c] bundle=/b" },
	{ "a long option with its argument joined", { "create", "--bundle=/b", "c" },
		"create [c] bundle=/b" },
	{ "an argument may hold an equals sign", { "exec", "--env=A=B=C", "c", "ls" },
		"exec [c] [ls] env[A=B=C]" },
	{ "a short option with its argument apart", { "create", "-b", "/b", "c" },
		"create [c] bundle=/b" },
	{ "a short option with its argument joined", { "create", "-b/b", "c" },
		"create [c] bundle=/b" },
	{ "a short option with an equals sign, as Go takes it", { "create", "-b=/b", "c" },
		"create [c] bundle=/b" },
	{ "one dash before a long name, as Go takes it",
		{ "create", "-bundle", "/b", "-pid-file=p", "c" },
		"create [c] bundle=/b pid-file=p" },
	{ "short flags in one word", { "exec", "-td", "c", "ls" }, "exec [c] [ls] tty x-detach" },
	{ "the last of short flags in one word takes the argument", { "run", "-db", "/b", "c" },
		"run [c] bundle=/b detach" },
	{ "an argument may look like an option", { "create", "--pid-file", "--keep", "c" },
		"create [c] pid-file=--keep" },
	{ "the last of two arguments counts", { "create", "-b", "/a", "-b", "/b", "c" },
		"create [c] bundle=/b" },
	{ "an empty argument is none", { "create", "-b", "/a", "--bundle=", "c" }, "create [c]" },
	{ "a flag may be told to be true", { "run", "--detach=true", "c" }, "run [c] detach" },
	{ "a flag may be told to be false", { "run", "-d", "--detach=false", "c" }, "run [c]" },
	{ "a short flag may be told to be false", { "exec", "-t", "-t=0", "c", "ls" },
		"exec [c] [ls]" },
	{ "options stand behind the ID too", { "create", "c", "--bundle", "/b", "--no-pivot" },
		"create [c] bundle=/b no-pivot" },
	{ "options stand around the ID", { "kill", "-a", "c", "9" }, "kill [c] [9] all" },
	{ "options stand behind the signal", { "kill", "c", "KILL", "--all" },
		"kill [c] [KILL] all" },
	{ "after two dashes nothing is an option", { "delete", "--", "--force" },
		"delete [--force]" },
	{ "two dashes before a command end only hasu's own options",
		{ "--", "delete", "--force", "c" }, "delete [c] force" },
	{ "one dash alone is a word", { "state", "-" }, "state [-]" },
	{ "what follows exec's ID is the command's",
		{ "exec", "-t", "c", "ls", "-d", "--help", "--", "--cwd=/" },
		"exec [c] [ls] [-d] [--help] [--] [--cwd=/] tty" },
	{ "even where it starts with an option", { "exec", "c", "-t", "ls" },
		"exec [c] [-t] [ls]" },
	{ "two dashes between exec's ID and the command are dropped", { "exec", "c", "--", "-t" },
		"exec [c] [-t]" },
	{ "lists grow", { "exec", "-e", "A=1", "--env", "B=2", "-g", "5", "-g=6", "c", "ls" },
		"exec [c] [ls] env[A=1] env[B=2] gid[5] gid[6]" },
	{ "cgroups of several hierarchies",
		{ "exec", "--cgroup=cpu:a", "--cgroup=pids:b", "c", "ls" },
		"exec [c] [ls] cgroup[cpu:a] cgroup[pids:b]" },
	{ "options of hasu stand before the command",
		{ "--root", "/r", "--log=l", "--log-format", "json", "--debug", "list" },
		"list root=/r log=l log-format=1 debug" },
	{ "options of hasu stand behind the command too", { "list", "--root=/r", "-q" },
		"list root=/r quiet" },
	{ "the largest number of descriptors", { "run", "--preserve-fds", "1048576", "c" },
		"run [c] fds=1048576" },
	{ "help needs no ID", { "create", "--help" }, "create help" },
	{ "help by its letter", { "delete", "-h" }, "delete help" },
	{ "help of hasu", { "--help" }, "nothing help" },
	{ "help may name a command", { "help", "exec" }, "help [exec]" },
	{ "the version by its letter", { "-v" }, "nothing version" },
	{ "cgroup managers", { "--cgroup-manager=disabled", "list" }, "list manager=3" },
	{ "log levels", { "--log-level=warning", "list" }, "list log-level=warning" },

	{ "what follows ps's ID is for ps", { "ps", "-f", "table", "c", "-o", "pid", "--format=x" },
		"ps [c] [-o] [pid] [--format=x]" },
	{ "a negative limit", { "update", "--pids-limit", "-1", "--memory=-1", "c" },
		"update [c] memory=-1 pids=-1" },

	{ "a policy with blanks and commas is one argument",
		{ "run", "--memory-policy=weighted interleave=static:0,2-3,!cpus", "c" },
		"run [c] memory-policy=weighted interleave=static:0,2-3,!cpus" },

	/* Lines that engines are known to write. */
	{ "containerd lists processes", { "--root", "/r", "ps", "--format", "json", "c" },
		"ps [c] root=/r ps-format=1" },
	{ "containerd updates", { "--root", "/r", "update", "--resources=-", "c" },
		"update [c] root=/r resources=-" },
	{ "Podman updates", { "update", "--resources", "/tmp/r.json", "c" },
		"update [c] resources=/tmp/r.json" },
	{ "conmon creates",
		{ "--log-format=json", "--log=/l", "create", "--bundle", "/b", "--pid-file", "/p",
			"--console-socket", "/s", "c" },
		"create [c] log=/l log-format=1 bundle=/b pid-file=/p console=/s" },
	{ "conmon executes",
		{ "exec", "--pid-file", "/p", "--process", "/f", "--detach", "--console-socket",
			"/s", "c" },
		"exec [c] process=/f x-detach x-pid-file=/p x-console=/s" },
	{ "containerd creates",
		{ "--root", "/r", "--log", "/l", "--log-format", "json", "create", "--bundle", "/b",
			"--pid-file", "/p", "c" },
		"create [c] root=/r log=/l log-format=1 bundle=/b pid-file=/p" },
	{ "Podman asks whether containers can be checkpointed", { "checkpoint", "--help" },
		"checkpoint help" },
	{ "Podman checkpoints",
		{ "--log-format=json", "checkpoint", "--image-path", "/i", "--work-path", "/w",
			"--leave-running", "--tcp-established", "--file-locks", "c" },
		"checkpoint [c] log-format=1 image=/i work=/w tcp locks leave" },
	{ "Podman checkpoints in two steps",
		{ "checkpoint", "--image-path", "/i", "--work-path", "/w", "--parent-path",
			"../pre", "c" },
		"checkpoint [c] image=/i work=/w parent=../pre" },
	{ "conmon restores",
		{ "restore", "--bundle", "/b", "--pid-file", "/p", "--image-path", "/i",
			"--work-path", "/w", "--tcp-established", "--detach", "c" },
		"restore [c] image=/i work=/w tcp r-bundle=/b r-pid-file=/p r-detach" },
	{ "containerd checkpoints",
		{ "--root", "/r", "checkpoint", "--image-path", "/i", "--work-path", "/w",
			"--shell-job", "--manage-cgroups-mode", "soft", "--empty-ns", "network",
			"c" },
		"checkpoint [c] root=/r image=/i work=/w shell cgroups=2 empty[network]" },
	{ "containerd kills", { "--root", "/r", "kill", "--all", "c", "9" },
		"kill [c] [9] root=/r all" },
	{ "containerd deletes", { "--root", "/r", "delete", "--force", "c" },
		"delete [c] root=/r force" },
};

static void test_taken(void **state)
{
	const struct taken *row = *state;
	struct options o = { 0 };
	struct strbuf b = { 0 };
	struct err e = { 0 };

	int r = parse(row->args, &o, &e);
	assert_words(e.text, "");
	assert_int_equal(r, 0);
	show(&b, &o);
	assert_words(b.text, row->want);
	strbuf_free(&b);
	options_free(&o);
}

/* --- lines that are refused --- */

struct refused {
	const char *says;
	const char *args[ARGS_MAX];
	int num;
	const char *words;
};

static const struct refused refused[] = {
	{ "an unknown option", { "create", "--colour", "c" }, EINVAL,
		"unknown option '--colour' of create" },
	{ "an unknown option shows without its argument", { "create", "--colour=red", "c" }, EINVAL,
		"unknown option '--colour' of create" },
	{ "an unknown option of hasu itself", { "--colour", "create" }, EINVAL,
		"unknown option '--colour' of hasu" },
	{ "an option of another command", { "create", "--force", "c" }, EINVAL,
		"unknown option '--force' of create" },
	{ "a command's option before the command", { "--bundle", "/b", "create", "c" }, EINVAL,
		"unknown option '--bundle' of hasu" },
	{ "a slip of the keyboard", { "create", "--bunlde", "/b", "c" }, EINVAL,
		"unknown option '--bunlde' of create; did you mean '--bundle'?" },
	{ "a slip in an option of hasu", { "create", "--rot", "/r", "c" }, EINVAL,
		"unknown option '--rot' of create; did you mean '--root'?" },
	{ "a name cut short is not guessed", { "create", "--bundl=/b", "c" }, EINVAL,
		"unknown option '--bundl' of create; did you mean '--bundle'?" },
	{ "an unknown letter", { "create", "-x", "c" }, EINVAL, "unknown option '-x' of create" },
	{ "an unknown letter behind a known one", { "run", "-dx", "c" }, EINVAL,
		"unknown option '-x' in '-dx' of run" },
	{ "an option without a name", { "create", "--=x", "c" }, EINVAL,
		"unknown option '--' of create" },
	{ "a negative signal is not an option", { "kill", "c", "-9" }, EINVAL,
		"unknown option '-9' of kill" },
	{ "no argument where one is needed", { "create", "c", "--pid-file" }, EINVAL,
		"option '--pid-file': flag needs an argument: FILE" },
	{ "no argument after a letter", { "create", "c", "-b" }, EINVAL,
		"option '--bundle': flag needs an argument: DIR" },
	{ "an empty item of a list", { "exec", "--env=", "c", "ls" }, EINVAL,
		"option '--env': flag needs an argument: NAME=VALUE" },
	{ "two policies", { "run", "--memory-policy=local", "--memory-policy=bind:0", "c" }, EINVAL,
		"option '--memory-policy' is given twice" },
	{ "a number that is none", { "run", "--preserve-fds=two", "c" }, EINVAL,
		"option '--preserve-fds': 'two' is not a number from 0 to 1048576" },
	{ "a negative number", { "run", "--preserve-fds", "-1", "c" }, EINVAL,
		"option '--preserve-fds': '-1' is not a number from 0 to 1048576" },
	{ "a number out of range", { "run", "--preserve-fds=1048577", "c" }, EINVAL,
		"option '--preserve-fds': '1048577' is not a number from 0 to 1048576" },
	{ "a number that would wrap around", { "run", "--preserve-fds=4294967297", "c" }, EINVAL,
		"option '--preserve-fds': '4294967297' is not a number from 0 to 1048576" },
	{ "an unknown format", { "--log-format=xml", "list" }, EINVAL,
		"option '--log-format': 'xml' is none of text, json" },
	{ "an unknown level", { "--log-level", "loud", "list" }, EINVAL,
		"option '--log-level': 'loud' is none of error, warning, warn, info, debug" },
	{ "Podman asks whether pods can be restored", { "restore", "--lsm-mount-context" }, EINVAL,
		"option '--lsm-mount-context': flag needs an argument: CONTEXT" },
	{ "a cgroups mode that CRIU lacks", { "restore", "--manage-cgroups-mode=hard", "c" },
		EINVAL,
		"option '--manage-cgroups-mode': 'hard' is none of ignore, soft, full, strict" },
	{ "an option of checkpoint alone", { "restore", "--leave-running", "c" }, EINVAL,
		"unknown option '--leave-running' of restore" },
	{ "an option of restore alone", { "checkpoint", "--lsm-profile=x", "c" }, EINVAL,
		"unknown option '--lsm-profile' of checkpoint" },
	{ "an unknown manager", { "--cgroup-manager", "upstart", "list" }, EINVAL,
		"option '--cgroup-manager': 'upstart' is none of cgroupfs, systemd, disabled" },
	{ "an empty choice", { "--cgroup-manager=", "list" }, EINVAL,
		"option '--cgroup-manager': flag needs an argument: MANAGER" },
	{ "a flag that is neither true nor false", { "run", "--detach=perhaps", "c" }, EINVAL,
		"option '--detach': 'perhaps' is neither true nor false" },
	{ "no ID", { "start" }, EINVAL, "start needs the ID of a container" },
	{ "two IDs", { "start", "a", "b" }, EINVAL, "start: 'b' is one argument too many" },
	{ "an argument where none is taken", { "list", "c" }, EINVAL,
		"list: 'c' is one argument too many" },
	{ "a signal too many", { "kill", "c", "KILL", "TERM" }, EINVAL,
		"kill: 'TERM' is one argument too many" },
	{ "an unknown command", { "launch", "c" }, EINVAL, "unknown command 'launch'" },
	{ "a slip in a command", { "craete", "c" }, EINVAL,
		"unknown command 'craete'; did you mean 'create'?" },
	{ "an empty command", { "" }, EINVAL, "unknown command ''" },

	/* What the peers take and this version does not is never swallowed. */
	{ "mounts", { "mounts", "add", "c", "f" }, ENOTSUP,
		"mounts is not supported: what a container sees is said by its config, once: "
		"mounts that came later would be in no config, and in none that is restored" },
	{ "update without an ID", { "update", "--memory", "1g" }, EINVAL,
		"update needs the ID of a container" },
	{ "two containers to pause", { "pause", "a", "b" }, EINVAL,
		"pause: 'b' is one argument too many" },
	{ "ps in an unknown format", { "ps", "--format", "xml", "c" }, EINVAL,
		"option '--format': 'xml' is none of table, json" },
};

static void test_refused(void **state)
{
	const struct refused *row = *state;
	struct options o = { 0 };
	struct err e = { 0 };

	assert_int_equal(parse(row->args, &o, &e), -row->num);
	assert_words(e.text, row->words);
	options_free(&o);
}

static void test_what_stood_before_an_error_is_kept(void **state)
{
	static const char *const args[ARGS_MAX] = { "--log", "/l", "--log-format=json", "create",
		"--colour" };
	struct options o = { 0 };
	struct strbuf b = { 0 };
	struct err e = { 0 };

	assert_int_equal(parse(args, &o, &e), -EINVAL);
	show(&b, &o);
	assert_words(b.text, "create log=/l log-format=1");
	strbuf_free(&b);
	options_free(&o);
}

/* --- each option of the manuals: taken, and shown by help --- */

struct known {
	const char *says; /* as help shows it */
	const char *command, *option, *arg, *want;
};

static const struct known known[] = {
	{ "--bundle, -b DIR", "create", "--bundle", "v", " bundle=v" },
	{ "--bundle, -b DIR", "create", "-b", "v", " bundle=v" },
	{ "--pid-file FILE", "create", "--pid-file", "v", " pid-file=v" },
	{ "--console-socket SOCKET", "create", "--console-socket", "v", " console=v" },
	{ "--no-pivot ", "create", "--no-pivot", NULL, " no-pivot" },
	{ "--no-new-keyring ", "create", "--no-new-keyring", NULL, " no-keyring" },
	{ "--preserve-fds N", "create", "--preserve-fds", "3", " fds=3" },
	{ "--pidfd-socket SOCKET", "create", "--pidfd-socket", "v", " pidfd=v" },
	{ "--no-subreaper ", "create", "--no-subreaper", NULL, " no-subreaper" },
	{ "--memory-policy POLICY", "create", "--memory-policy", "bind:0",
		" memory-policy=bind:0" },
	{ "--memory-policy-fallback ", "create", "--memory-policy-fallback", NULL, " fallback" },
	{ "--bundle, -b DIR", "run", "-b", "v", " bundle=v" },
	{ "--pid-file FILE", "run", "--pid-file", "v", " pid-file=v" },
	{ "--console-socket SOCKET", "run", "--console-socket", "v", " console=v" },
	{ "--no-pivot ", "run", "--no-pivot", NULL, " no-pivot" },
	{ "--no-new-keyring ", "run", "--no-new-keyring", NULL, " no-keyring" },
	{ "--preserve-fds N", "run", "--preserve-fds", "3", " fds=3" },
	{ "--pidfd-socket SOCKET", "run", "--pidfd-socket", "v", " pidfd=v" },
	{ "--no-subreaper ", "run", "--no-subreaper", NULL, " no-subreaper" },
	{ "--memory-policy POLICY", "run", "--memory-policy", "bind:0", " memory-policy=bind:0" },
	{ "--memory-policy-fallback ", "run", "--memory-policy-fallback", NULL, " fallback" },
	{ "--detach, -d", "run", "--detach", NULL, " detach" },
	{ "--detach, -d", "run", "-d", NULL, " detach" },
	{ "--keep ", "run", "--keep", NULL, " keep" },
	{ "--process, -p FILE", "exec", "--process", "v", " process=v" },
	{ "--process, -p FILE", "exec", "-p", "v", " process=v" },
	{ "--cwd PATH", "exec", "--cwd", "v", " cwd=v" },
	{ "--memory-policy POLICY", "exec", "--memory-policy", "bind:0",
		" x-memory-policy=bind:0" },
	{ "--memory-policy-fallback ", "exec", "--memory-policy-fallback", NULL, " x-fallback" },
	{ "--env, -e NAME=VALUE", "exec", "--env", "v", " env[v]" },
	{ "--env, -e NAME=VALUE", "exec", "-e", "v", " env[v]" },
	{ "--tty, -t", "exec", "--tty", NULL, " tty" },
	{ "--tty, -t", "exec", "-t", NULL, " tty" },
	{ "--user, -u UID[:GID]", "exec", "--user", "v", " user=v" },
	{ "--user, -u UID[:GID]", "exec", "-u", "v", " user=v" },
	{ "--additional-gids, -g GID", "exec", "--additional-gids", "5", " gid[5]" },
	{ "--additional-gids, -g GID", "exec", "-g", "5", " gid[5]" },
	{ "--detach, -d", "exec", "--detach", NULL, " x-detach" },
	{ "--detach, -d", "exec", "-d", NULL, " x-detach" },
	{ "--pid-file FILE", "exec", "--pid-file", "v", " x-pid-file=v" },
	{ "--cap, -c CAPABILITY", "exec", "--cap", "v", " cap[v]" },
	{ "--cap, -c CAPABILITY", "exec", "-c", "v", " cap[v]" },
	{ "--no-new-privs ", "exec", "--no-new-privs", NULL, " no-privs" },
	{ "--apparmor PROFILE", "exec", "--apparmor", "v", " apparmor=v" },
	{ "--pidfd-socket SOCKET", "exec", "--pidfd-socket", "v", " x-pidfd=v" },
	{ "--process-label LABEL", "exec", "--process-label", "v", " label=v" },
	{ "--preserve-fds N", "exec", "--preserve-fds", "3", " x-fds=3" },
	{ "--console-socket SOCKET", "exec", "--console-socket", "v", " x-console=v" },
	{ "--cgroup [CONTROLLER,...:]PATH", "exec", "--cgroup", "v", " cgroup[v]" },
	{ "--ignore-paused", "exec", "--ignore-paused", NULL, " paused" },
	{ "--resources, -r FILE", "update", "--resources", "v", " resources=v" },
	{ "--resources, -r FILE", "update", "-r", "v", " resources=v" },
	{ "--cpu-period USEC", "update", "--cpu-period", "v", " period=v" },
	{ "--cpu-quota USEC", "update", "--cpu-quota", "v", " quota=v" },
	{ "--cpu-burst USEC", "update", "--cpu-burst", "v", " burst=v" },
	{ "--cpu-share N", "update", "--cpu-share", "v", " share=v" },
	{ "--cpu-shares N", "update", "--cpu-shares", "v", " share=v" },
	{ "--cpu-rt-period USEC", "update", "--cpu-rt-period", "v", " rt-period=v" },
	{ "--cpu-rt-runtime USEC", "update", "--cpu-rt-runtime", "v", " rt-runtime=v" },
	{ "--cpu-idle 0|1", "update", "--cpu-idle", "v", " idle=v" },
	{ "--cpuset-cpus LIST", "update", "--cpuset-cpus", "v", " cpus=v" },
	{ "--cpuset-mems LIST", "update", "--cpuset-mems", "v", " mems=v" },
	{ "--memory BYTES", "update", "--memory", "v", " memory=v" },
	{ "--memory-reservation BYTES", "update", "--memory-reservation", "v", " reservation=v" },
	{ "--memory-swap BYTES", "update", "--memory-swap", "v", " swap=v" },
	{ "--pids-limit N", "update", "--pids-limit", "v", " pids=v" },
	{ "--blkio-weight N", "update", "--blkio-weight", "v", " weight=v" },
	{ "--kernel-memory BYTES", "update", "--kernel-memory", "v", " kernel=v" },
	{ "--kernel-memory-tcp BYTES", "update", "--kernel-memory-tcp", "v", " kernel-tcp=v" },
	{ "--l3-cache-schema LINE", "update", "--l3-cache-schema", "v", " l3=v" },
	{ "--mem-bw-schema LINE", "update", "--mem-bw-schema", "v", " mb=v" },
	{ "--leave-running", "checkpoint", "--leave-running", NULL, " leave" },
	{ "--pre-dump", "checkpoint", "--pre-dump", NULL, " pre" },
	{ "--parent-path DIR", "checkpoint", "--parent-path", "v", " parent=v" },
	{ "--tcp-skip-in-flight", "checkpoint", "--tcp-skip-in-flight", NULL, " in-flight" },
	{ "--link-remap", "checkpoint", "--link-remap", NULL, " remap" },
	{ "--page-server ADDRESS:PORT", "checkpoint", "--page-server", "v", " server=v" },
	{ "--status-fd N", "checkpoint", "--status-fd", "3", " status=3" },
	{ "--image-path DIR", "checkpoint", "--image-path", "v", " image=v" },
	{ "--work-path DIR", "checkpoint", "--work-path", "v", " work=v" },
	{ "--tcp-established", "checkpoint", "--tcp-established", NULL, " tcp" },
	{ "--ext-unix-sk", "checkpoint", "--ext-unix-sk", NULL, " unix" },
	{ "--shell-job", "checkpoint", "--shell-job", NULL, " shell" },
	{ "--file-locks", "checkpoint", "--file-locks", NULL, " locks" },
	{ "--auto-dedup", "checkpoint", "--auto-dedup", NULL, " dedup" },
	{ "--lazy-pages", "checkpoint", "--lazy-pages", NULL, " lazy" },
	{ "--manage-cgroups-mode ignore|soft|full|strict", "checkpoint", "--manage-cgroups-mode",
		"full", " cgroups=3" },
	{ "--network-lock iptables|nftables|skip", "checkpoint", "--network-lock", "nftables",
		" lock=2" },
	{ "--empty-ns network", "checkpoint", "--empty-ns", "network", " empty[network]" },
	{ "--bundle, -b DIR", "restore", "--bundle", "v", " r-bundle=v" },
	{ "--bundle, -b DIR", "restore", "-b", "v", " r-bundle=v" },
	{ "--detach, -d", "restore", "--detach", NULL, " r-detach" },
	{ "--detach, -d", "restore", "-d", NULL, " r-detach" },
	{ "--pid-file FILE", "restore", "--pid-file", "v", " r-pid-file=v" },
	{ "--console-socket SOCKET", "restore", "--console-socket", "v", " r-console=v" },
	{ "--pidfd-socket SOCKET", "restore", "--pidfd-socket", "v", " r-pidfd=v" },
	{ "--tcp-close", "restore", "--tcp-close", NULL, " tcp-close" },
	{ "--lsm-profile TYPE:NAME", "restore", "--lsm-profile", "v", " lsm=v" },
	{ "--lsm-mount-context CONTEXT", "restore", "--lsm-mount-context", "v", " lsm-mount=v" },
	{ "--no-new-keyring ", "restore", "--no-new-keyring", NULL, " r-no-keyring" },
	{ "--no-subreaper ", "restore", "--no-subreaper", NULL, " r-no-subreaper" },
	{ "--keep ", "restore", "--keep", NULL, " r-keep" },
	{ "--no-pivot ", "restore", "--no-pivot", NULL, " r-no-pivot" },
	{ "--image-path DIR", "restore", "--image-path", "v", " image=v" },
	{ "--work-path DIR", "restore", "--work-path", "v", " work=v" },
	{ "--tcp-established", "restore", "--tcp-established", NULL, " tcp" },
	{ "--ext-unix-sk", "restore", "--ext-unix-sk", NULL, " unix" },
	{ "--shell-job", "restore", "--shell-job", NULL, " shell" },
	{ "--file-locks", "restore", "--file-locks", NULL, " locks" },
	{ "--auto-dedup", "restore", "--auto-dedup", NULL, " dedup" },
	{ "--lazy-pages", "restore", "--lazy-pages", NULL, " lazy" },
	{ "--manage-cgroups-mode ignore|soft|full|strict", "restore", "--manage-cgroups-mode",
		"full", " cgroups=3" },
	{ "--network-lock iptables|nftables|skip", "restore", "--network-lock", "nftables",
		" lock=2" },
	{ "--empty-ns network", "restore", "--empty-ns", "network", " empty[network]" },
	{ "--interval TIME", "events", "--interval", "1s", " interval=1s" },
	{ "--stats ", "events", "--stats", NULL, " stats" },
	{ "--format, -f table|json", "ps", "--format", "json", " ps-format=1" },
	{ "--format, -f table|json", "ps", "-f", "json", " ps-format=1" },
	{ "--all, -a", "kill", "--all", NULL, " all" },
	{ "--regex, -r", "kill", "--regex", NULL, " kill-regex" },
	{ "--regex, -r", "kill", "-r", NULL, " kill-regex" },
	{ "--regex, -r", "delete", "--regex", NULL, " delete-regex" },
	{ "--regex, -r", "delete", "-r", NULL, " delete-regex" },
	{ "--file, -f FILE", "spec", "--file", "v", " spec-file=v" },
	{ "--file, -f FILE", "spec", "-f", "v", " spec-file=v" },
	{ "--config, -f FILE", "create", "--config", "v", " config=v" },
	{ "--config, -f FILE", "create", "-f", "v", " config=v" },
	{ "--config, -f FILE", "run", "--config", "v", " config=v" },
	{ "--config, -f FILE", "run", "-f", "v", " config=v" },
	{ "--all, -a", "kill", "-a", NULL, " all" },
	{ "--force, -f", "delete", "--force", NULL, " force" },
	{ "--force, -f", "delete", "-f", NULL, " force" },
	{ "--format, -f table|json", "list", "--format", "json", " format=1" },
	{ "--format, -f table|json", "list", "-f", "json", " format=1" },
	{ "--quiet, -q", "list", "--quiet", NULL, " quiet" },
	{ "--quiet, -q", "list", "-q", NULL, " quiet" },
	{ "--bundle, -b DIR", "spec", "--bundle", "v", " spec-bundle=v" },
	{ "--bundle, -b DIR", "spec", "-b", "v", " spec-bundle=v" },
	{ "--rootless ", "spec", "--rootless", NULL, " spec-rootless" },
	{ "--bundle, -b DIR", "check", "--bundle", "v", " check-bundle=v" },
	{ "--bundle, -b DIR", "check", "-b", "v", " check-bundle=v" },
	{ "--host DIR", "check", "--host", "v", " check-host=v" },
	{ "--format, -f table|json", "check", "--format", "json", " check-format=1" },
	{ "--format, -f table|json", "check", "-f", "json", " check-format=1" },
	{ "--strict ", "check", "--strict", NULL, " strict" },
	{ "--codes ", "check", "--codes", NULL, " codes" },
	{ "--format, -f table|json|svg", "topology", "--format", "svg", " topology-format=2" },
	{ "--format, -f table|json|svg", "topology", "-f", "json", " topology-format=1" },
	{ "--host DIR", "topology", "--host", "v", " topology-host=v" },
	{ "--format, -f table|json|openmetrics|svg", "placement", "--format", "svg",
		" placement-format=3" },
	{ "--format, -f table|json|openmetrics|svg", "placement", "-f", "openmetrics",
		" placement-format=2" },
	{ "--processes, -p", "placement", "--processes", NULL, " processes" },
	{ "--processes, -p", "placement", "-p", NULL, " processes" },
	{ "--watch, -w TIME", "placement", "--watch", "v", " watch=v" },
	{ "--watch, -w TIME", "placement", "-w", "v", " watch=v" },
	{ "--expect PERCENT", "placement", "--expect", "v", " expect=v" },
	{ "--root DIR", NULL, "--root", "v", " root=v" },
	{ "--conf FILE", NULL, "--conf", "v", " conf=v" },
	{ "--log FILE", NULL, "--log", "v", " log=v" },
	{ "--log-format text|json", NULL, "--log-format", "json", " log-format=1" },
	{ "--log-level error|warning", NULL, "--log-level", "debug", " log-level=debug" },
	{ "--debug ", NULL, "--debug", NULL, " debug" },
	{ "--systemd-cgroup ", NULL, "--systemd-cgroup", NULL, " systemd" },
	{ "--rootless auto|true|false", NULL, "--rootless", "true", " rootless=1" },
	{ "--cgroup-manager cgroupfs|systemd|disabled", NULL, "--cgroup-manager", "systemd",
		" manager=2" },
	{ "--criu FILE", NULL, "--criu", "v", " criu=v" },
	{ "--version, -v", NULL, "--version", NULL, " version" },
	{ "--version, -v", NULL, "-v", NULL, " version" },
	{ "--help, -h", NULL, "--help", NULL, " help" },
	{ "--help, -h", NULL, "-h", NULL, " help" },
};

static void test_known(void **state)
{
	const struct known *row = *state;
	struct options o = { 0 };
	struct strbuf b = { 0 };
	struct err e = { 0 };
	const char *args[ARGS_MAX] = { 0 };
	size_t n = 0;

	if (row->command)
		args[n++] = row->command;
	args[n++] = row->option;
	if (row->arg)
		args[n++] = row->arg;
	if (row->command && !str_eq(row->command, "list") && !str_eq(row->command, "spec") &&
		!str_eq(row->command, "topology"))
		args[n++] = "c";
	(void)parse(args, &o, &e);
	assert_words(e.text, "");
	show(&b, &o);
	const char *read = strstr(b.text, row->want);
	assert_non_null(read);
	assert_words(read, row->want); /* and nothing else */
	strbuf_free(&b);

	help_text(&b, o.command);
	if (!strstr(b.text, row->says))
		fail_msg("help does not show '%s':\n%s", row->says, b.text);
	strbuf_free(&b);
	options_free(&o);
}

/* --- signals --- */

struct signal_row {
	const char *says;
	int want; /* -1: refused */
	const char *words;
};

/* As `kill -l` of bash numbers them on x86 and arm. */
static const struct signal_row signal_rows[] = {
	{ "TERM", 15, NULL },
	{ "SIGTERM", 15, NULL },
	{ "sigterm", 15, NULL },
	{ "Kill", 9, NULL },
	{ "9", 9, NULL },
	{ "0", 0, NULL },
	{ "HUP", 1, NULL },
	{ "INT", 2, NULL },
	{ "USR1", 10, NULL },
	{ "USR2", 12, NULL },
	{ "STKFLT", 16, NULL },
	{ "CHLD", 17, NULL },
	{ "CLD", 17, NULL },
	{ "CONT", 18, NULL },
	{ "WINCH", 28, NULL },
	{ "IO", 29, NULL },
	{ "POLL", 29, NULL },
	{ "PWR", 30, NULL },
	{ "SYS", 31, NULL },
	{ "RTMIN", 34, NULL },
	{ "SIGRTMIN+3", 37, NULL },
	{ "rtmin+30", 64, NULL },
	{ "RTMAX-14", 50, NULL },
	{ "RTMAX", 64, NULL },
	{ "64", 64, NULL },
	{ "65", -1, "signal 65 is out of range 0 to 64" },
	{ "4294967305", -1, "unknown signal '4294967305'" },
	{ "-9", -1, "unknown signal '-9'" },
	{ "+9", -1, "unknown signal '+9'" },
	{ " 9", -1, "unknown signal ' 9'" },
	{ "9x", -1, "unknown signal '9x'" },
	{ "", -1, "unknown signal ''" },
	{ "SIG", -1, "unknown signal 'SIG'" },
	{ "SIGSIGKILL", -1, "unknown signal 'SIGSIGKILL'" },
	{ "KILLER", -1, "unknown signal 'KILLER'" },
	{ "RTMIN+31", -1, "unknown signal 'RTMIN+31'" },
	{ "RTMIN-1", -1, "unknown signal 'RTMIN-1'" },
	{ "RTMIN+", -1, "unknown signal 'RTMIN+'" },
	{ "RTMAX+1", -1, "unknown signal 'RTMAX+1'" },
	{ "RTMIN+4294967296", -1, "unknown signal 'RTMIN+4294967296'" },
};

static void test_signal(void **state)
{
	const struct signal_row *row = *state;
	struct err e = { 0 };
	int got = -1;

	int r = signal_parse(row->says, &got, &e);
	assert_int_equal(r, row->words ? -EINVAL : 0);
	assert_int_equal(got, row->want);
	assert_words(e.text, row->words ? row->words : "");
}

/* --- sizes --- */

struct size_row {
	const char *says;
	int error;
	int64_t want;
};

/* What github.com/docker/go-units makes of them, which runc reads sizes with. */
static const struct size_row size_rows[] = {
	{ "0", 0, 0 },
	{ "4096", 0, 4096 },
	{ "10b", 0, 10 },
	{ "10B", 0, 10 },
	{ "1k", 0, 1024 },
	{ "1K", 0, 1024 },
	{ "1kb", 0, 1024 },
	{ "1KiB", 0, 1024 },
	{ "512m", 0, INT64_C(512) << 20 },
	{ "1g", 0, INT64_C(1) << 30 },
	{ "1.5G", 0, INT64_C(3) << 29 },
	{ "0.25mb", 0, 256 << 10 },
	{ "3t", 0, INT64_C(3) << 40 },
	{ "4095p", 0, INT64_C(4095) << 50 },
	{ "9223372036854775807", 0, INT64_MAX },
	{ "9223372036854775808", -ERANGE, 0 },
	{ "8192p", -ERANGE, 0 }, /* 2^63 */
	{ "8191.9999p", 0, INT64_C(9223371924264785123) },
	{ "-1", 0, -1 },
	{ "-2", -EINVAL, 0 },
	{ "-1m", -EINVAL, 0 },
	{ "", -EINVAL, 0 },
	{ "m", -EINVAL, 0 },
	{ ".5g", -EINVAL, 0 },
	{ "1.g", -EINVAL, 0 },
	{ "1.5.1g", -EINVAL, 0 },
	{ "1x", -EINVAL, 0 },
	{ "1bb", -EINVAL, 0 },
	{ "1mx", -EINVAL, 0 },
	{ "1mibs", -EINVAL, 0 },
	{ "0x10", -EINVAL, 0 },
	{ "+1", -EINVAL, 0 },
	{ "99999999999999999999999999999999999999999999", -ERANGE, 0 },
};

static void test_size(void **state)
{
	const struct size_row *row = *state;
	int64_t got = 0;

	assert_int_equal(size_parse(row->says, &got), row->error);
	assert_true(got == row->want);
}

/* --- times --- */

struct duration_row {
	const char *says;
	int error, want_ms;
};

/* As Go's time.ParseDuration() reads them, which runc does; and seconds without a unit. */
static const struct duration_row duration_rows[] = {
	{ "5s", 0, 5000 },
	{ "100ms", 0, 100 },
	{ "1m30s", 0, 90000 },
	{ "1h", 0, 3600000 },
	{ "1.5s", 0, 1500 },
	{ ".5s", 0, 500 },
	{ "1h1m1s1ms", 0, 3661001 },
	{ "2500us", 0, 2 },
	{ "2500\302\265s", 0, 2 },
	{ "1ns", 0, 1 },
	{ "5", 0, 5000 },
	{ "0.25", 0, 250 },
	{ "596h", 0, 2145600000 },
	{ "597h", -ERANGE, 0 },
	{ "0", -ERANGE, 0 },
	{ "0s", -ERANGE, 0 },
	{ "", -EINVAL, 0 },
	{ "s", -EINVAL, 0 },
	{ ".", -EINVAL, 0 },
	{ ".s", -EINVAL, 0 },
	{ "-1s", -EINVAL, 0 },
	{ "1 s", -EINVAL, 0 },
	{ "1d", -EINVAL, 0 },
	{ "1sx", -EINVAL, 0 },
	{ "1m30", -EINVAL, 0 },
	{ "1.2.3s", -EINVAL, 0 },
	{ "1e3s", -EINVAL, 0 },
	{ "0x10s", -EINVAL, 0 },
	{ "11111111111111111111111111111111111111111111s", -EINVAL, 0 },
};

static void test_duration(void **state)
{
	const struct duration_row *row = *state;
	int got = 0;

	assert_int_equal(duration_parse(row->says, &got), row->error);
	assert_int_equal(got, row->want_ms);
}

/* --- what ps prints --- */

static void test_ps_lines_are_the_container_s(void **state)
{
	static const char text[] = "UID  PID PPID CMD\n"
				   "root   7    1 a 42\n"
				   "root  42    7 b\n"
				   "root 420    7 c\n"
				   "short\n\n"
				   "root 4294967338 7 d\n"
				   "root -42  7 e\n"
				   "u     9    42 f";
	static const pid_t pids[] = { 9, 42 };
	struct strbuf b = { 0 };
	struct err e = { 0 };

	assert_int_equal(ps_select(&b, text, pids, ELEMENTS(pids), &e), 0);
	assert_words(b.text, "UID  PID PPID CMD\nroot  42    7 b\nu     9    42 f\n");
	strbuf_free(&b);
	assert_int_equal(ps_select(&b, text, NULL, 0, &e), 0);
	assert_words(b.text, "UID  PID PPID CMD\n");
	strbuf_free(&b);
	assert_int_equal(ps_select(&b, "PPID CMD\n", pids, ELEMENTS(pids), &e), -EINVAL);
	assert_words(e.text, "the output of ps has no column PID: give it options that show one");
	assert_int_equal(ps_select(&b, "", pids, ELEMENTS(pids), &e), -EINVAL);
	strbuf_free(&b);
}

/* --- the state directory --- */

static void test_root_given(void **state)
{
	struct arena arena = { 0 };
	struct err e = { 0 };
	const char *root = NULL;

	assert_int_equal(chdir("/usr"), 0);
	assert_int_equal(root_directory("/some/where", &arena, &root, &e), 0);
	assert_words(root, "/some/where");
	assert_int_equal(root_directory("some/where", &arena, &root, &e), 0);
	assert_words(root, "/usr/some/where");
	arena_free(&arena);
}

static void test_root_of_an_ordinary_user(void **state)
{
	struct arena arena = { 0 };
	struct err e = { 0 };
	const char *root = NULL;
	bool was_root = geteuid() == 0;

	if (was_root)
		assert_int_equal(seteuid(65534), 0);
	assert_int_equal(unsetenv("XDG_RUNTIME_DIR"), 0);
	assert_int_equal(root_directory(NULL, &arena, &root, &e), -ENOENT);
	assert_words(e.text, "there is no place for the state of containers: XDG_RUNTIME_DIR is "
			     "not set, and --root is not given");
	assert_null(root);
	assert_int_equal(setenv("XDG_RUNTIME_DIR", "run", 1), 0);
	assert_int_equal(root_directory(NULL, &arena, &root, &e), -EINVAL);
	assert_words(e.text, "XDG_RUNTIME_DIR 'run' is not an absolute path");
	assert_int_equal(setenv("XDG_RUNTIME_DIR", "/run/user/65534", 1), 0);
	assert_int_equal(root_directory(NULL, &arena, &root, &e), 0);
	assert_words(root, "/run/user/65534/hasu");
	if (was_root)
		assert_int_equal(seteuid(0), 0);
	arena_free(&arena);
}

/* --- what is printed --- */

static struct str_pair annotations[] = { { "b", "x/y" }, { "a\"", "\n" } };

/* One container whose bundle is not UTF-8 throughout. */
static const struct container_info info = {
	.status = LIFE_RUNNING,
	.pid = 42,
	.id = "c",
	.bundle = "/b/\xc3\xa4\xff",
	.rootfs = "/b/rootfs",
	.created = "2026-01-02T03:04:05.6Z",
	.owner = "root",
	.annotations = { .n = 2, .v = annotations },
};

/* The members of an object, in order, as json-c reads them. */
static void members(struct strbuf *b, const char *json)
{
	json_object *o = json_tokener_parse(json);

	assert_non_null(o);
	json_object_object_foreach(o, name, value)
	{
		strbuf_addf(b, "%s%s=%s", b->len ? " " : "", name, json_object_get_string(value));
	}
	json_object_put(o);
}

static void test_state_is_the_specification_s(void **state)
{
	struct container_info bare = info;
	struct strbuf json = { 0 }, b = { 0 };

	print_state(&json, &info);
	members(&b, json.text);
	assert_words(b.text, "ociVersion=1.3.0 id=c status=running pid=42 bundle=/b/\xc3\xa4\xef"
			     "\xbf\xbd annotations={ \"b\": \"x\\/y\", \"a\\\"\": \"\\n\" }");
	strbuf_free(&json);
	strbuf_free(&b);

	bare.annotations.n = 0;
	bare.pid = 0;
	bare.status = LIFE_STOPPED;
	print_state(&json, &bare);
	members(&b, json.text);
	assert_words(b.text, "ociVersion=1.3.0 id=c status=stopped pid=0 bundle=/b/\xc3\xa4\xef"
			     "\xbf\xbd");
	strbuf_free(&json);
	strbuf_free(&b);
}

/* runc's order, which its users' scripts match with patterns. */
static void test_list_entry_is_runc_s(void **state)
{
	struct container_info bare = info;
	struct strbuf json = { 0 };

	print_entry(&json, &info);
	assert_words(json.text, "{\"ociVersion\":\"1.3.0\",\"id\":\"c\",\"pid\":42,\"status\":"
				"\"running\",\"bundle\":\"/b/\xc3\xa4\\ufffd\",\"rootfs\":"
				"\"/b/rootfs\",\"created\":\"2026-01-02T03:04:05.6Z\","
				"\"annotations\":{\"b\":\"x/y\",\"a\\\"\":\"\\u000a\"},"
				"\"owner\":\"root\"}");
	strbuf_free(&json);
	bare.annotations.n = 0;
	print_entry(&json, &bare);
	assert_null(strstr(json.text, "annotations"));
	strbuf_free(&json);
}

static void test_table_is_aligned(void **state)
{
	static const char *const cells[] = { "ID", "WHAT", "LAST", "long-name", "\xc3\xa4", "x",
		"a", "two\nlines\x1b[1m", "y" };
	struct strbuf b = { 0 };

	print_table(&b, 3, 3, cells);
	assert_words(b.text, "ID          WHAT            LAST\n"
			     "long-name   \xc3\xa4               x\n"
			     "a           two?lines?[1m   y\n");
	strbuf_free(&b);
}

static void test_owner_has_a_name(void **state)
{
	static const char passwd[] = "root:x:0:0::/root:/bin/sh\n"
				     "short\n\n::1000:\nten:x:10:5::/:/bin/sh\n"
				     "thousand::1000:1000\nlast:x:7";
	struct arena arena = { 0 };

	assert_words(owner_name(passwd, "0", &arena), "root");
	assert_words(owner_name(passwd, "1000", &arena), "thousand");
	assert_words(owner_name(passwd, "7", &arena), "last");
	assert_words(owner_name(passwd, "1", &arena), "#1");
	assert_words(owner_name(passwd, "5", &arena), "#5");
	assert_words(owner_name("", "0", &arena), "#0");
	assert_words(owner_name(NULL, "0", &arena), "#0");
	arena_free(&arena);
}

/* What Docker does with --version: the first line with "version", and "commit:". */
static void test_version_lines(void **state)
{
	struct strbuf b = { 0 };

	version_text(&b);
	assert_true(str_starts(b.text, "hasu version "));
	const char *line = strchr(b.text, '\n') + 1;
	assert_true(str_starts(line, "commit: "));
	line = strchr(line, '\n') + 1;
	assert_true(str_starts(line, "spec: 1.3.0\nlibseccomp: 2."));
	assert_null(strstr(line, "version"));
	strbuf_free(&b);
}

int main(void)
{
	const struct CMUnitTest rest[] = {
		cmocka_unit_test(test_what_stood_before_an_error_is_kept),
		cmocka_unit_test(test_ps_lines_are_the_container_s),
		cmocka_unit_test(test_root_given),
		cmocka_unit_test(test_root_of_an_ordinary_user),
		cmocka_unit_test(test_state_is_the_specification_s),
		cmocka_unit_test(test_list_entry_is_runc_s),
		cmocka_unit_test(test_table_is_aligned),
		cmocka_unit_test(test_owner_has_a_name),
		cmocka_unit_test(test_version_lines),
	};
	int failed = 0;

	failed += ROWS_RUN("taken", taken, test_taken);
	failed += ROWS_RUN("refused", refused, test_refused);
	failed += ROWS_RUN("known", known, test_known);
	failed += ROWS_RUN("signals", signal_rows, test_signal);
	failed += ROWS_RUN("sizes", size_rows, test_size);
	failed += ROWS_RUN("times", duration_rows, test_duration);
	failed += cmocka_run_group_tests_name("rest", rest, NULL, NULL);
	return failed;
}
