/* SPDX-License-Identifier: Apache-2.0 */
/*
 * confine.c - give up rights step by step, then become the container's program.
 */
#include "life/confine.h"

#include "base/fd.h"
#include "base/sys.h"
#include "life/fault.h"
#include "life/msg.h"
#include "linux/creds.h"
#include "linux/procattr.h"
#include "linux/schedule.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/keyctl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char default_path[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

static int make_searchable(long keyring, bool userns, struct err *e);
static char **add_env(char *const *env, const struct str_list *more, struct arena *arena);
static int let_go_of_host(
	const struct process_plan *p, const struct confine_keep *keep, struct err *e);
static int load_filter(const struct process_plan *p, int sock, struct err *e);
static int enter_cwd(const struct process_plan *p, struct err *e);
static int verify_cwd(const struct process_plan *p, struct err *e);
static int find_program(const struct process_plan *p, char *const *env, struct arena *arena,
	char **ret_path, struct err *e);

int confine_terminal(const struct process_plan *p, int slave, struct err *e)
{
	const struct spec_process *process = p->process;

	if (ioctl(slave, TIOCSCTTY, 0) < 0)
		return err_set(e, errno, "making the terminal the controlling one");
	if (process->has_console_size) {
		struct winsize size = { .ws_row = (unsigned short)process->console_height,
			.ws_col = (unsigned short)process->console_width };
		if (ioctl(slave, TIOCSWINSZ, &size) < 0)
			return err_set(e, errno, "/process/consoleSize");
	}
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (dup2(slave, fd) < 0)
			return err_set(e, errno, "making the terminal standard input and output");
	return 0;
}

int confine_limits(const struct process_plan *p, int sock, struct err *e)
{
	int r = FAULT("limits", e);

	if (r < 0 || p->process->n_rlimits == 0)
		return r;
	/* Raising a hard limit takes CAP_SYS_RESOURCE in the initial user namespace, which only the
	 * parent can have. It has to come before the IDs change: prlimit(2) compares them. */
	if (!p->userns)
		return procattr_rlimits(0, p->process, e);
	r = msg_send(sock, MSG_RLIMITS, NULL, -1, e);
	return r < 0 ? r : msg_expect(sock, MSG_LIMITED, NULL, NULL, e);
}

int confine_keyring(const struct process_plan *p, const struct lsm *lsm, struct err *e)
{
	char name[NAME_MAX + 8];
	int r = FAULT("keyring", e);

	if (r < 0 || !p->new_keyring)
		return r;
	(void)snprintf(name, sizeof(name), "_ses.%s", p->id);
	if ((r = lsm_label_keys(lsm, p->process->selinux_label, e)) < 0)
		return r;
	long key = syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name);
	/* ENOSYS: a kernel without keys has none to hide; EDQUOT and EPERM are real. */
	if (key < 0 && errno != ENOSYS)
		return err_set(e, errno,
			"joining a new session keyring (--no-new-keyring keeps the caller's)");
	if (key >= 0 && p->first && (r = make_searchable(key, p->userns, e)) < 0)
		return r;
	return lsm_label_keys(lsm, NULL, e);
}

#define KEY_TEXT 512
#define KEY_USER_SEARCH 0x00080000u /* keyrings(7); linux/key.h is the kernel's own */
#define KEY_OTHER_SEARCH 0x00000008u

/*
 * What exec starts later, perhaps as another user, joins this keyring by its name, which takes the
 * permission to search it. In a user namespace it is owned by nobody there, so by "others".
 */
static int make_searchable(long keyring, bool userns, struct err *e)
{
	char text[KEY_TEXT] = "";
	unsigned perm;

	/* "keyring;UID;GID;PERMISSIONS;NAME" (keyctl_describe(3)) */
	if (syscall(SYS_keyctl, KEYCTL_DESCRIBE, keyring, text, sizeof(text) - 1) < 0)
		return err_set(e, errno, "looking at the new session keyring");
	if (sscanf(text, "%*[^;];%*[^;];%*[^;];%x;", &perm) != 1)
		return err_say(
			e, EBADMSG, "the new session keyring describes itself as '%s'", text);
	perm |= userns ? KEY_OTHER_SEARCH : KEY_USER_SEARCH;
	if (syscall(SYS_keyctl, KEYCTL_SETPERM, keyring, perm) < 0)
		return err_set(e, errno, "letting the new session keyring be found");
	return 0;
}

int confine_schedule(const struct process_plan *p, int sock, struct err *e)
{
	int r = FAULT("schedule", e);

	if (r < 0)
		return r;
	if (!p->userns) {
		r = schedule_apply(0, p->process, e);
	} else if (schedule_wanted(p->process)) {
		/* It takes CAP_SYS_NICE in the initial user namespace, as limits do theirs. */
		r = msg_send(sock, MSG_SCHEDULE, NULL, -1, e);
		if (r == 0)
			r = msg_expect(sock, MSG_LIMITED, NULL, NULL, e);
	}
	return r < 0 ? r : schedule_personality(&p->personality, e);
}

int confine(const struct process_plan *p, int root_fd, const struct confine_keep *keep,
	const struct lsm *lsm, struct arena *arena, struct program *ret, struct err *e)
{
	struct program program = { .argv = p->process->args.v };
	int r;

	program.env = creds_environment(p->process, root_fd, arena);
	if (program.env && p->more_env.n)
		program.env = add_env(program.env, &p->more_env, arena);
	if (!program.env)
		return err_nomem(e);
	/* A program that reopens /dev/stdout, as many loggers do, needs to own what is
	 * behind it. */
	if ((r = creds_own_stdio(p->process, e)) < 0)
		return r;
	if ((r = FAULT("lsm", e)) < 0 || (r = lsm_label_exec(lsm, p->process, e)) < 0)
		return r;
	if ((r = let_go_of_host(p, keep, e)) < 0)
		return r;

	/* As root first: the directory may be closed to the process's own user, as it may under the
	 * peers. Where root may not enter (NFS with root_squash), the user tries below. */
	struct err as_root = { 0 };
	int cwd = enter_cwd(p, &as_root);
	if (cwd < 0 && cwd != -EACCES)
		return err_say(e, as_root.num, "%s", as_root.text);
	/* Now, since a seccomp filter may forbid getcwd(2). */
	if (cwd == 0 && (r = verify_cwd(p, e)) < 0)
		return r;

	/* Without no_new_privs, seccomp(2) takes CAP_SYS_ADMIN, which goes next. */
	if (p->filter && !p->process->no_new_privileges) {
		if ((r = FAULT("seccomp-load", e)) < 0 || (r = load_filter(p, keep->sock, e)) < 0)
			return r;
	}
	if ((r = FAULT("creds", e)) < 0 || (r = creds_apply(p->process, e)) < 0)
		return r;
	if (cwd < 0 && ((r = enter_cwd(p, e)) < 0 || (r = verify_cwd(p, e)) < 0))
		return r;
	/* A config without a process has nothing to look for; its start is refused. */
	if ((r = FAULT("executable", e)) < 0 || p->process->args.n == 0)
		return r;
	if ((r = find_program(p, program.env, arena, &program.path, e)) < 0)
		return r;
	if (p->filter && p->process->no_new_privileges && p->filter_early) {
		if ((r = FAULT("seccomp-load", e)) < 0 || (r = load_filter(p, keep->sock, e)) < 0)
			return r;
	}
	*ret = program;
	return 0;
}

int confine_execute(
	const struct process_plan *p, const struct program *program, int sock, struct err *e)
{
	sigset_t none;
	int r;

	/* Dispositions that are "ignore" and blocked signals outlive execve; the program gets
	 * neither. */
	sys_default_signals(SIGPIPE); /* the message below must not kill us; see there */
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);

	/* All else closes on exec, by let_go_of_host() (CVE-2024-21626). */
	for (unsigned i = 0; i < p->preserve_fds; i++)
		if (fcntl((int)(3 + i), F_SETFD, 0) < 0)
			return err_set(
				e, errno, "preparing file descriptors for the container's process");

	/* The agent is told while failing is still an error of ours; other filters come last. */
	const bool late = p->filter && p->process->no_new_privileges && !p->filter_early;
	if (late && p->filter->listener && (r = load_filter(p, sock, e)) < 0)
		return r;
	if ((r = msg_send(sock, MSG_EXECING, NULL, -1, e)) < 0)
		return r;
	(void)signal(SIGPIPE, SIG_DFL);
	if (late && !p->filter->listener && (r = load_filter(p, sock, e)) < 0)
		return r;
	(void)execve(program->path, program->argv, program->env);
	return err_set(e, errno, "exec %s", program->path);
}

/* The config's entries of the same names give way. */
static char **add_env(char *const *env, const struct str_list *more, struct arena *arena)
{
	size_t n = 0, kept = 0;

	while (env[n])
		n++;
	char **all = arena_array(arena, char *, n + more->n + 1);
	for (size_t i = 0; all && i < n; i++) {
		bool replaced = false;
		for (size_t k = 0; k < more->n; k++)
			replaced |= !strncmp(env[i], more->v[k],
				(size_t)(strchr(more->v[k], '=') + 1 - more->v[k]));
		if (!replaced)
			all[kept++] = env[i];
	}
	for (size_t k = 0; all && k < more->n; k++)
		all[kept++] = more->v[k];
	return all;
}

/*
 * From here on paths are walked as the container sees them, and execve(2) closes descriptors only
 * after it has: "/proc/self/fd/7/../bin/sh", as an argument, a link in the image or the "#!" of a
 * script, would be a program of the host if 7 were one of its directories. The container could then
 * write to it through /proc/self/exe (CVE-2024-21626).
 */
static int let_go_of_host(
	const struct process_plan *p, const struct confine_keep *keep, struct err *e)
{
	const int kept[] = { keep->sock, keep->start_sock, keep->hooks_sock };
	int r = fd_close_others(3 + p->preserve_fds, kept, sizeof(kept) / sizeof(kept[0]));

	/* Here, since a seccomp filter may know nothing of close_range(2). */
	if (r == 0)
		r = fd_cloexec_from(3);
	return r < 0 ? err_set(e, -r, "closing the runtime's own file descriptors") : 0;
}

/* With a listener: from here to the answer there may be no call but read and write. See serve.c. */
static int load_filter(const struct process_plan *p, int sock, struct err *e)
{
	int r = seccomp_filter_load(p->filter, e);
	if (r < 0 || !p->filter->listener)
		return r;

	const struct msg_listener listener = { .fd = r };
	if ((r = msg_send(sock, MSG_LISTENER, &listener, -1, e)) < 0)
		return r;
	if ((r = msg_expect(sock, MSG_LISTENING, NULL, NULL, e)) < 0)
		return r;
	/* While anybody has it open, calls wait for an answer, even of an agent that has died. Where
	 * the filter may forbid close(2), execve(2) has to do. */
	if (p->filter->may_close)
		(void)close(listener.fd);
	return 0;
}

static int enter_cwd(const struct process_plan *p, struct err *e)
{
	int r = FAULT("cwd", e);

	if (r < 0)
		return r;
	if (chdir(p->process->cwd) < 0)
		return err_set(e, errno, "/process/cwd: chdir to '%s'", p->process->cwd);
	return 0;
}

/*
 * A cwd such as /proc/self/fd/7 leads to a directory of the host if any descriptor of ours is one
 * (CVE-2024-21626). The kernel says so: a directory outside the root has no path from it.
 */
static int verify_cwd(const struct process_plan *p, struct err *e)
{
	char path[PATH_MAX];

	long n = syscall(SYS_getcwd, path, sizeof(path));
	if (n < 0 && errno != ENAMETOOLONG && errno != ERANGE)
		return err_set(e, errno, "/process/cwd: asking where '%s' is", p->process->cwd);
	if (n > 0 && path[0] != '/')
		return err_say(e, EPERM, "/process/cwd: '%s' is outside the container's root",
			p->process->cwd);
	return 0;
}

static const char *environment_path(char *const *env)
{
	const char *path = default_path;

	for (; *env; env++)
		if (str_starts(*env, "PATH="))
			path = *env + strlen("PATH=");
	return path;
}

/* Can it be executed, as far as can be told beforehand? 0, or the reason as -errno. */
static int executable(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EACCES; /* what execve says of one */
	if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0)
		return 0;
	/* A seccomp filter that does not know faccessat2(2): execve has the last word. */
	if (errno == EPERM || errno == ENOSYS)
		return st.st_mode & 0111 ? 0 : -EACCES;
	return -errno;
}

/*
 * Looked for at create, so that a wrong command is the create's error; with the words that engines
 * look for: Docker makes exit status 127 of "executable file not found in $PATH" and "no such file
 * or directory", 126 of "permission denied".
 */
static int find_program(const struct process_plan *p, char *const *env, struct arena *arena,
	char **ret_path, struct err *e)
{
	const char *name = p->process->args.v[0];
	int found = -ENOENT;

	if (strchr(name, '/')) {
		int r = executable(name);
		if (r == -ENOENT || r == -EACCES || r == -ENOTDIR || r == -ELOOP)
			return err_set(e, -r, "exec: \"%s\": stat %s", name, name);
		/* Anything else may be a seccomp filter's answer: execve will tell. */
		*ret_path = arena_strdup(arena, name);
		return *ret_path ? 0 : err_nomem(e);
	}
	for (const char *dir = environment_path(env); *name;) {
		size_t len = strcspn(dir, ":");
		/* A relative entry would depend on the cwd: Go refuses it, and so do the peers. */
		if (len > 0 && dir[0] == '/') {
			char *path = arena_printf(arena, "%.*s/%s", (int)len, dir, name);
			if (!path)
				return err_nomem(e);
			int r = executable(path);
			if (r == 0) {
				*ret_path = path;
				return 0;
			}
			if (r == -EACCES)
				found = -EACCES;
		}
		if (dir[len] == '\0')
			break;
		dir += len + 1;
	}
	if (found == -EACCES)
		return err_set(e, EACCES, "exec: \"%s\"", name);
	return err_say(e, ENOENT, "exec: \"%s\": executable file not found in $PATH", name);
}
