/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commands.c - THE table of commands and options, spelled as runc and crun spell them.
 *
 * Data alone. A new option is one row here and one member of struct options.
 */
#include "cmd/cmd.h"
#include "config.h"

#include <stdlib.h>

#define AT(member) offsetof(struct options, member)

#define FLAG(name, letter, member, help)                                                           \
	{                                                                                          \
		(name), (letter), OPTION_FLAG, AT(member), NULL, (help), 0, NULL                   \
	}
#define STRING(name, letter, member, arg, help)                                                    \
	{                                                                                          \
		(name), (letter), OPTION_STRING, AT(member), (arg), (help), 0, NULL                \
	}
#define ONCE(name, letter, member, arg, help)                                                      \
	{                                                                                          \
		(name), (letter), OPTION_ONCE, AT(member), (arg), (help), 0, NULL                  \
	}
#define NUMBER(name, letter, member, max, help)                                                    \
	{                                                                                          \
		(name), (letter), OPTION_NUMBER, AT(member), "N", (help), (max), NULL              \
	}
#define CHOICE(name, letter, member, arg, choices, help)                                           \
	{                                                                                          \
		(name), (letter), OPTION_CHOICE, AT(member), (arg), (help), 0, (choices)           \
	}
#define LIST(name, letter, member, arg, help)                                                      \
	{                                                                                          \
		(name), (letter), OPTION_LIST, AT(member), (arg), (help), 0, NULL                  \
	}
#define END                                                                                        \
	{                                                                                          \
		NULL, 0, OPTION_FLAG, 0, NULL, NULL, 0, NULL                                       \
	}

/* The most descriptors that a process can have by default: fs.nr_open (proc(5)). */
#define PRESERVE_FDS_MAX (1024 * 1024)

static const char *const log_formats[] = {
	[LOG_FORMAT_TEXT] = "text",
	[LOG_FORMAT_JSON] = "json",
	NULL,
};

/* log_level_parse() knows their numbers. */
const char *const log_levels[] = { "", "error", "warning", "warn", "info", "debug", NULL };

static const char *const managers[] = {
	"",
	[1 + CGROUP_CGROUPFS] = "cgroupfs",
	[1 + CGROUP_SYSTEMD] = "systemd",
	[1 + CGROUP_DISABLED] = "disabled",
	NULL,
};

static const char *const rootless_words[] = {
	[ROOTLESS_AUTO] = "auto",
	[ROOTLESS_YES] = "true",
	[ROOTLESS_NO] = "false",
	NULL,
};

static const char *const list_formats[] = {
	[LIST_TABLE] = "table",
	[LIST_JSON] = "json",
	NULL,
};

static const char *const picture_formats[] = {
	[PICTURE_TABLE] = "table",
	[PICTURE_JSON] = "json",
	[PICTURE_SVG] = "svg",
	NULL,
};
static const char *const placement_formats[] = {
	[PLACEMENT_TABLE] = "table",
	[PLACEMENT_JSON] = "json",
	[PLACEMENT_OPENMETRICS] = "openmetrics",
	[PLACEMENT_SVG] = "svg",
	NULL,
};

const struct option global_options[] = {
	STRING("root", 0, root, "DIR",
		"where the state of containers is kept (default: /run/hasu, or "
		"$XDG_RUNTIME_DIR/hasu for ordinary users)"),
	STRING("log", 0, log, "FILE", "append messages to FILE; errors go to stderr as well"),
	CHOICE("log-format", 0, log_format, "FORMAT", log_formats, "how messages are written"),
	CHOICE("log-level", 0, log_level, "LEVEL", log_levels,
		"the least important messages to write (default: warning)"),
	FLAG("debug", 0, debug, "the same as --log-level=debug"),
	CHOICE("cgroup-manager", 0, manager, "MANAGER", managers,
		"who makes cgroups (default: cgroupfs)"),
	CHOICE("rootless", 0, rootless, "WHEN", rootless_words,
		"whether containers whose cgroups cannot be made for want of rights do without "
		"(default: auto: those of ordinary users that name none)"),
	FLAG("systemd-cgroup", 0, systemd_cgroup, "the same as --cgroup-manager=systemd"),
	STRING("criu", 0, criu.program, "FILE",
		"the program that checkpoint and restore use (default: criu in $PATH)"),
	STRING("conf", 0, conf, "FILE",
		"what annotations may do is said there (default: " HASU_CONF
		"); not for a setuid program"),
	FLAG("version", 'v', version, "print versions and exit"),
	FLAG("help", 'h', help, "print this help and exit"),
	END,
};

static const struct option container_options[] = {
	STRING("bundle", 'b', create.bundle, "DIR",
		"directory with config.json and what it names (default: the working directory)"),
	STRING("pid-file", 0, create.pid_file, "FILE", "write the container's process ID to FILE"),
	STRING("console-socket", 0, create.console_socket, "SOCKET",
		"send the terminal's master to this AF_UNIX socket"),
	FLAG("no-pivot", 0, create.no_pivot,
		"enter the rootfs without pivot_root(2), for a host that runs from an initramfs"),
	FLAG("no-new-keyring", 0, create.no_new_keyring, "keep the caller's session keyring"),
	NUMBER("preserve-fds", 0, create.preserve_fds, PRESERVE_FDS_MAX,
		"pass N more descriptors on, from 3"),
	ONCE("memory-policy", 0, create.memory.policy, "POLICY",
		"the container's memory policy, such as bind:0-1 or interleave:cpus; takes the "
		"place of the config's"),
	FLAG("memory-policy-fallback", 0, create.memory.fallback,
		"let a mode that this kernel lacks give way to a similar one, with a warning"),
	STRING("config", 'f', create.config, "FILE",
		"read the config from FILE, not from the bundle's config.json"),
	STRING("pidfd-socket", 0, create.pidfd_socket, "SOCKET",
		"send a pidfd of the container's first process to this AF_UNIX socket"),
	FLAG("no-subreaper", 0, create.no_subreaper,
		"leave orphans of the container to the host's init, as create always does"),
	END,
};

static const struct option run_options[] = {
	FLAG("detach", 'd', create.detach, "return when the container has started"),
	FLAG("keep", 0, create.keep, "do not delete the container when it has ended"),
	END,
};

static const struct option exec_options[] = {
	STRING("process", 'p', exec.process, "FILE", "read the process from FILE, a JSON object"),
	STRING("cwd", 0, exec.cwd, "PATH", "its working directory, in the container"),
	LIST("env", 'e', exec.env, "NAME=VALUE", "add to its environment"),
	FLAG("tty", 't', exec.tty, "give it a terminal"),
	STRING("user", 'u', exec.user, "UID[:GID]", "run it as this user"),
	LIST("additional-gids", 'g', exec.additional_gids, "GID", "add a supplementary group"),
	FLAG("detach", 'd', exec.detach, "return when it has started"),
	STRING("pid-file", 0, exec.pid_file, "FILE", "write its process ID to FILE"),
	LIST("cap", 'c', exec.caps, "CAPABILITY", "add a capability, such as CAP_NET_RAW"),
	FLAG("no-new-privs", 0, exec.no_new_privs, "let it gain no privileges by execve(2)"),
	STRING("apparmor", 0, exec.apparmor, "PROFILE", "confine it with this AppArmor profile"),
	STRING("process-label", 0, exec.process_label, "LABEL", "give it this SELinux label"),
	NUMBER("preserve-fds", 0, exec.preserve_fds, PRESERVE_FDS_MAX,
		"pass N more descriptors on, from 3"),
	STRING("console-socket", 0, exec.console_socket, "SOCKET",
		"send the terminal's master to this AF_UNIX socket"),
	ONCE("memory-policy", 0, exec.memory.policy, "POLICY",
		"its memory policy, such as bind:0-1 or interleave:cpus, instead of the "
		"container's"),
	FLAG("memory-policy-fallback", 0, exec.memory.fallback,
		"let a mode that this kernel lacks give way to a similar one, with a warning"),
	LIST("cgroup", 0, exec.cgroups, "[CONTROLLER,...:]PATH",
		"put it into this cgroup below the container's; on cgroup v1 of these controllers"),
	FLAG("ignore-paused", 0, exec.ignore_paused,
		"enter a paused container too; the process waits until it is resumed"),
	STRING("pidfd-socket", 0, exec.pidfd_socket, "SOCKET",
		"send a pidfd of the process to this AF_UNIX socket"),
	END,
};

static const struct option kill_options[] = {
	FLAG("all", 'a', kill_all,
		"signal every process of the container; one that has ended is no error"),
	FLAG("regex", 'r', kill_regex,
		"ID is an extended regular expression; signal each container that it matches"),
	END,
};

static const struct option delete_options[] = {
	FLAG("force", 'f', delete_force,
		"kill the container first if it runs; one that does not exist is no error"),
	FLAG("regex", 'r', delete_regex,
		"ID is an extended regular expression; remove each container that it matches"),
	END,
};

static const struct option list_options[] = {
	CHOICE("format", 'f', list_format, "FORMAT", list_formats, "how to print"),
	FLAG("quiet", 'q', list_quiet, "print the IDs alone"),
	END,
};

static const struct option spec_options[] = {
	STRING("bundle", 'b', spec_bundle, "DIR",
		"where to write config.json (default: the working directory)"),
	FLAG("rootless", 0, spec_rootless, "for an ordinary user, the caller"),
	STRING("file", 'f', spec_file, "FILE",
		"what to call it, seen from there; -: write to standard output"),
	END,
};

static const struct option update_options[] = {
	STRING("resources", 'r', update.resources, "FILE",
		"read the limits from FILE, a resources object of JSON, or from standard input "
		"(-); "
		"the other options are then ignored"),
	STRING("cpu-period", 0, update.cpu_period, "USEC", "what cpu-quota is counted in"),
	STRING("cpu-quota", 0, update.cpu_quota, "USEC", "CPU time in each period; -1: no limit"),
	STRING("cpu-burst", 0, update.cpu_burst, "USEC",
		"CPU time saved up beyond the quota of a period"),
	STRING("cpu-share", 0, update.cpu_share, "N", "its part beside other containers"),
	STRING("cpu-shares", 0, update.cpu_share, "N", "the same as --cpu-share"),
	STRING("cpu-rt-period", 0, update.cpu_rt_period, "USEC",
		"what cpu-rt-runtime is counted in"),
	STRING("cpu-rt-runtime", 0, update.cpu_rt_runtime, "USEC",
		"CPU time of real-time processes in each period"),
	STRING("cpu-idle", 0, update.cpu_idle, "0|1", "1: run only where nobody else wants to"),
	STRING("cpuset-cpus", 0, update.cpuset_cpus, "LIST", "its CPUs, such as 0-3,7"),
	STRING("cpuset-mems", 0, update.cpuset_mems, "LIST",
		"its memory nodes; the kernel moves memory policies along"),
	STRING("memory", 0, update.memory, "BYTES", "memory, such as 512m or 1g; -1: no limit"),
	STRING("memory-reservation", 0, update.memory_reservation, "BYTES",
		"memory that is left to it while others have more"),
	STRING("memory-swap", 0, update.memory_swap, "BYTES",
		"memory and swap together; -1: no limit"),
	STRING("pids-limit", 0, update.pids_limit, "N", "processes and threads; -1: no limit"),
	STRING("blkio-weight", 0, update.blkio_weight, "N",
		"its part of the disks beside other containers, 10 to 1000"),
	STRING("kernel-memory", 0, update.kernel_memory, "BYTES",
		"ignored with a warning: Linux has no such limit any more"),
	STRING("kernel-memory-tcp", 0, update.kernel_memory_tcp, "BYTES",
		"buffers of TCP connections, on cgroup v1; -1: no limit"),
	STRING("l3-cache-schema", 0, update.l3_cache_schema, "LINE",
		"its part of the L3 caches, such as L3:0=7f0;1=1f"),
	STRING("mem-bw-schema", 0, update.mem_bw_schema, "LINE",
		"its part of the memory bandwidth, such as MB:0=20;1=70"),
	END,
};

static const char *const cgroups_modes[] = {
	[CRIU_CGROUPS_DEFAULT] = "",
	[CRIU_CGROUPS_IGNORE] = "ignore",
	[CRIU_CGROUPS_SOFT] = "soft",
	[CRIU_CGROUPS_FULL] = "full",
	[CRIU_CGROUPS_STRICT] = "strict",
	NULL,
};

static const char *const lock_methods[] = {
	[CRIU_LOCK_DEFAULT] = "",
	[CRIU_LOCK_IPTABLES] = "iptables",
	[CRIU_LOCK_NFTABLES] = "nftables",
	[CRIU_LOCK_SKIP] = "skip",
	NULL,
};

/* Of checkpoint and restore alike. */
static const struct option criu_options[] = {
	STRING("image-path", 0, criu.image_path, "DIR",
		"where the images are (default: ./checkpoint)"),
	STRING("work-path", 0, criu.work_path, "DIR",
		"where CRIU writes its log and statistics (default: to the images)"),
	FLAG("tcp-established", 0, criu.tcp_established, "keep established TCP connections"),
	FLAG("ext-unix-sk", 0, criu.ext_unix_sk,
		"allow UNIX sockets whose other end is outside of the container"),
	FLAG("shell-job", 0, criu.shell_job,
		"allow a terminal as standard input that is not the container's own"),
	FLAG("file-locks", 0, criu.file_locks, "keep file locks"),
	FLAG("auto-dedup", 0, criu.auto_dedup,
		"take away from parent images what a later one replaces"),
	FLAG("lazy-pages", 0, criu.lazy_pages,
		"leave memory where it is until it is used, to be fetched by `criu lazy-pages`"),
	CHOICE("manage-cgroups-mode", 0, criu.cgroups_mode, "MODE", cgroups_modes,
		"what to do with cgroups below the container's (default: soft)"),
	CHOICE("network-lock", 0, criu.network_lock, "METHOD", lock_methods,
		"how connections are held meanwhile (default: iptables where that is installed, "
		"else nftables)"),
	LIST("empty-ns", 0, criu.empty_ns, "network",
		"keep no devices and addresses; so it is without the option, too"),
	END,
};

static const struct option checkpoint_options[] = {
	FLAG("leave-running", 0, criu.leave_running, "let the container go on afterwards"),
	FLAG("pre-dump", 0, criu.pre_dump,
		"save its memory alone and let it go on, for a checkpoint with --parent-path"),
	STRING("parent-path", 0, criu.parent_path, "DIR",
		"images of a pre-dump, from --image-path on, such as ../pre: save what changed"),
	FLAG("tcp-skip-in-flight", 0, criu.tcp_skip_in_flight,
		"leave out TCP connections that are not yet established"),
	FLAG("link-remap", 0, criu.link_remap,
		"link files that were removed while open to a name again"),
	STRING("page-server", 0, criu.page_server, "ADDRESS:PORT",
		"send memory to this `criu page-server`; with --lazy-pages, serve it there"),
	NUMBER("status-fd", 0, criu.status_fd, PRESERVE_FDS_MAX,
		"write a NUL byte to descriptor N when lazy pages can be fetched"),
	END,
};

static const struct option restore_options[] = {
	STRING("bundle", 'b', criu.create.bundle, "DIR",
		"directory with config.json and what it names (default: the working directory)"),
	FLAG("detach", 'd', criu.create.detach, "return when the container runs"),
	STRING("pid-file", 0, criu.create.pid_file, "FILE",
		"write the container's process ID to FILE"),
	STRING("console-socket", 0, criu.create.console_socket, "SOCKET",
		"send the terminal's master to this AF_UNIX socket"),
	STRING("pidfd-socket", 0, criu.create.pidfd_socket, "SOCKET",
		"send a pidfd of the container's first process to this AF_UNIX socket"),
	FLAG("tcp-close", 0, criu.tcp_close,
		"close the TCP connections that were kept, as if their other end had"),
	STRING("lsm-profile", 0, criu.lsm_profile, "TYPE:NAME",
		"confine it with this AppArmor profile or SELinux label"),
	STRING("lsm-mount-context", 0, criu.lsm_mount_context, "CONTEXT",
		"mount its file systems with this SELinux context"),
	FLAG("no-new-keyring", 0, criu.create.no_new_keyring, "keep the caller's session keyring"),
	FLAG("no-subreaper", 0, criu.create.no_subreaper,
		"leave orphans of the container to the host's init"),
	FLAG("keep", 0, criu.create.keep, "do not delete the container when it has ended"),
	FLAG("no-pivot", 0, criu.create.no_pivot,
		"refused: CRIU enters the rootfs by pivot_root(2) alone"),
	END,
};

static const struct option events_options[] = {
	STRING("interval", 0, events_interval, "TIME",
		"the time between two lines, such as 1s or 500ms (default: 5s)"),
	FLAG("stats", 0, events_stats, "print what it uses now, and exit"),
	END,
};

static const struct option ps_options[] = {
	CHOICE("format", 'f', ps_format, "FORMAT", list_formats, "how to print"),
	END,
};

static const struct option check_options[] = {
	STRING("bundle", 'b', check_bundle, "DIR",
		"the bundle whose config.json is checked (default: the working directory)"),
	STRING("host", 0, check_host, "DIR",
		"check against a captured host instead of this one (tools/capture-host makes one)"),
	CHOICE("format", 'f', check_format, "FORMAT", list_formats, "how to print"),
	FLAG("strict", 0, check_strict, "let warnings count as errors"),
	FLAG("codes", 0, check_codes, "print the codes of all findings with their hints, and exit"),
	END,
};

static const struct option topology_options[] = {
	CHOICE("format", 'f', topology_format, "FORMAT", picture_formats, "how to print"),
	STRING("host", 0, topology_host, "DIR",
		"show a captured host instead of this one (tools/capture-host makes one)"),
	END,
};

static const struct option placement_options[] = {
	CHOICE("format", 'f', placement_format, "FORMAT", placement_formats, "how to print"),
	FLAG("processes", 'p', placement_processes,
		"look at the pages of each process too; some 6 ms for each GiB of small pages"),
	STRING("watch", 'w', placement_watch, "TIME",
		"print anew after each TIME, such as 2 or 500ms, until the container ends"),
	STRING("expect", 0, placement_expect, "PERCENT",
		"exit with 3 if less is in place"),
	END,
};

#define REFUSED(name, why)                                                                         \
	{                                                                                          \
		(name), NULL, NULL, (why), { NULL }, 0, SIZE_MAX, false, false, 1, NULL            \
	}

const struct command commands[] = {
	{ "create", "ID", "make a container; its program waits for start", NULL,
		{ container_options }, 1, 1, false, true, EXIT_FAILURE, cmd_create },
	{ "start", "ID", "let a created container's program run", NULL, { NULL }, 1, 1, false,
		false, EXIT_FAILURE, cmd_start },
	{ "state", "ID", "print a container's state as the OCI specification has it", NULL,
		{ NULL }, 1, 1, false, false, EXIT_FAILURE, cmd_state },
	{ "kill", "ID [SIGNAL]", "send a signal, TERM by default, to a container's first process",
		"SIGNAL is a name with or without SIG, in upper or lower case, or a number.\n",
		{ kill_options }, 1, 2, false, false, EXIT_FAILURE, cmd_kill },
	{ "delete", "ID", "remove a container that has ended, or that was never started", NULL,
		{ delete_options }, 1, 1, false, false, EXIT_FAILURE, cmd_delete },
	{ "run", "ID", "create and start a container, wait for its end, and delete it",
		"Exits with the container's own status; 128+N where signal N ended it.\n",
		{ container_options, run_options }, 1, 1, false, true, EXIT_FAILURE, cmd_run },
	/* 255, as runc gives: kubectl and others take any other status for the program's own. */
	{ "exec", "ID COMMAND [ARGUMENT...] | --process FILE ID",
		"run another process in a container, under its memory policy",
		"What follows the ID is the process's own command line. Exits with the process's "
		"own\n"
		"status, 128+N where signal N ended it, and 255 where it could not be started.\n",
		{ exec_options }, 1, SIZE_MAX, true, true, 255, cmd_exec },
	{ "update", "ID", "change the limits of a container: all that are given, or none",
		"It must not have ended. A memory policy whose nodes move with --cpuset-mems is "
		"told of in\n"
		"the log; the annotation hasu.memory-policy.narrowing=refuse forbids that it loses "
		"nodes.\n",
		{ update_options }, 1, 1, false, false, EXIT_FAILURE, cmd_update },
	{ "pause", "ID", "stop all processes of a container", NULL, { NULL }, 1, 1, false, false,
		EXIT_FAILURE, cmd_pause },
	{ "resume", "ID", "let the processes of a paused container go on", NULL, { NULL }, 1, 1,
		false, false, EXIT_FAILURE, cmd_resume },
	{ "ps", "ID [PS-OPTION...]", "print a container's processes",
		"What follows the ID goes to the host's ps (-ef where nothing does), and the lines "
		"of the\n"
		"container's processes are printed. --format json prints their numbers on the "
		"host, "
		"without ps.\n",
		{ ps_options }, 1, SIZE_MAX, true, false, EXIT_FAILURE, cmd_ps },
	{ "checkpoint", "ID", "save a container's processes to files, with CRIU",
		"The container is deleted then, and restore makes it again; --leave-running leaves\n"
		"it as it is.\n"
		"Needs the program criu (see hasu --help). The memory policy of the container's "
		"first\n"
		"process is saved as well; those of others are not kept, and neither is the "
		"session keyring.\n",
		{ checkpoint_options, criu_options }, 1, 1, false, false, EXIT_FAILURE,
		cmd_checkpoint },
	{ "restore", "ID", "make a container with processes that checkpoint has saved",
		"Everything around them is as config.json says now. The memory policy of the first "
		"process\n"
		"is in force again, for all of them. Exits as run does.\n",
		{ restore_options, criu_options }, 1, 1, false, true, EXIT_FAILURE, cmd_restore },
	{ "list", "", "print the containers", NULL, { list_options }, 0, 0, false, false,
		EXIT_FAILURE, cmd_list },
	{ "spec", "", "write a config.json to start from", NULL, { spec_options }, 0, 0, false,
		false, EXIT_FAILURE, cmd_spec },
	{ "events", "ID",
		"print what a container uses, every few seconds, and when it runs out of "
		"memory",
		"Prints a line of JSON for each, as runc does, until the container ends.\n",
		{ events_options }, 1, 1, false, false, EXIT_FAILURE, cmd_events },
	{ "check", "[FILE | DIR | -]",
		"say everything that is wrong or surprising about a config.json",
		"FILE is a config, DIR a bundle, - standard input. Nothing is changed, and no "
		"privileges are\n"
		"needed. Exits with 0 if nothing is wrong, 1 on errors, 2 where it could not be "
		"told.\n",
		{ check_options }, 0, 1, false, false, 2, cmd_check },
	{ "topology", "", "show the host's memory nodes and what policies its kernel takes",
		"Colour goes to a terminal only, and not where NO_COLOR is set; COLUMNS gives the "
		"width of\n"
		"what goes elsewhere.\n",
		{ topology_options }, 0, 0, false, false, EXIT_FAILURE, cmd_topology },
	{ "placement", "ID", "show where a container's memory lies, and whether its policy put it there",
		"Exits with 0, with 3 if less is in place than --expect asks for, and with 1 where "
		"that cannot\n"
		"be told; with --watch the last look counts. It costs the same however much memory "
		"there is,\n"
		"unless --processes is given or much of it is not in place.\n",
		{ placement_options }, 1, 1, false, false, EXIT_FAILURE, cmd_placement },
	{ "features", "", "print what this runtime can do, as JSON", NULL, { NULL }, 0, 0, false,
		false, EXIT_FAILURE, cmd_features },
	{ "help", "[COMMAND]", "print help", NULL, { NULL }, 0, 1, false, false, EXIT_FAILURE,
		cmd_help },
	/* crun's: add or remove mounts while a container runs. */
	REFUSED("mounts",
		"what a container sees is said by its config, once: mounts that came later "
		"would be in no config, and in none that is restored"),
	{ NULL, NULL, NULL, NULL, { NULL }, 0, 0, false, false, 0, NULL },
};

const struct command *command_find(const char *name)
{
	for (const struct command *c = commands; c->name; c++) {
		if (str_eq(c->name, name))
			return c;
	}
	return NULL;
}
