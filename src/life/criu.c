/* SPDX-License-Identifier: Apache-2.0 */
/*
 * criu.c - the conversation with CRIU, and the process that becomes it.
 */
#include "life/criu.h"

#include "base/fd.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/str.h"
#include "base/sys.h"
#include "life/confine.h"
#include "life/msg.h"
#include "life/resctrl.h"
#include "linux/schedule.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* What this was written for and tested with; 3.17 came in 2022. */
#define CRIU_MAJOR_MIN 3
#define CRIU_MINOR_MIN 17

/* CRIU's answers are short: a name, numbers, an error's first line. */
#define ANSWER_MAX (64u << 10)

extern char **environ;

/* --- the program --- */

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

int criu_find(const char *given, const char *command, struct arena *arena, const char **ret,
	struct err *e)
{
	const char *path = getenv("PATH");
	char whole[PATH_MAX];

	if (given && strchr(given, '/')) {
		if (!is_program(given) || !realpath(given, whole))
			return err_say(e, ENOENT, "%s needs CRIU: --criu '%s' is not a program",
				command, given);
		*ret = arena_strdup(arena, whole);
		return *ret ? 0 : err_nomem(e);
	}
	const char *name = given ? given : "criu";
	/* Engines may run with a PATH without the directories of administrators' programs. */
	_cleanup_(strbuf_free) struct strbuf all = { 0 };
	strbuf_addf(&all, "%s:/usr/local/sbin:/usr/sbin:/sbin", path ? path : "");
	if (all.failed)
		return err_nomem(e);
	for (const char *p = all.text, *end; *p; p = *end ? end + 1 : end) {
		end = strchrnul(p, ':');
		int n = snprintf(whole, sizeof(whole), "%.*s/%s", (int)(end - p), p, name);
		/* An empty name would be the working directory: nobody's own choice here. */
		if (*p != '/' || n < 0 || (size_t)n >= sizeof(whole) || !is_program(whole))
			continue;
		*ret = arena_strdup(arena, whole);
		return *ret ? 0 : err_nomem(e);
	}
	return err_say(e, ENOENT,
		"%s needs CRIU: there is no program '%s' in PATH (install CRIU, or name it with "
		"--criu)",
		command, name);
}

/* --- the process --- */

const char *criu_place(const struct life *life, const char *id, struct arena *arena)
{
	return arena_printf(arena, "%s/%s/" STATE_CRIU_DIR, life->root, id);
}

/*
 * A tmpfs for what CRIU needs on paths: the rootfs on a mount point of its own whose parent nothing
 * covers, and the hierarchies of cgroups.
 */
static int make_place(const struct criu_start *how, struct err *e)
{
	const char *const place = how->place;
	char root[PATH_MAX], yard[PATH_MAX];

	if ((size_t)snprintf(root, sizeof(root), "%s/root", place) >= sizeof(root) ||
		(size_t)snprintf(yard, sizeof(yard), "%s/yard", place) >= sizeof(yard))
		return err_set(e, ENAMETOOLONG, "making a place for CRIU");
	/* Mounts made from here on are ours alone; a descriptor from before leads to the others. */
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return err_set(e, errno, "making a mount namespace for CRIU");
	if (mount("criu", place, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=700,size=1m") < 0)
		return err_set(e, errno, "mounting a place for CRIU on '%s'", place);
	if (mkdir(root, 0755) < 0 || mkdir(yard, 0755) < 0)
		return err_set(e, errno, "making a place for CRIU below '%s'", place);
	int r = criu_yard_make(how->state->cgroup, yard, e);
	if (r < 0)
		return r;
	if (how->root && mount(how->root, root, NULL, MS_BIND | MS_REC, NULL) < 0)
		return err_set(e, errno, "binding the rootfs '%s' for CRIU", how->root);
	return 0;
}

static int prepare(
	const struct criu_start *how, int sock, struct memory_result *ret_memory, struct err *e)
{
	const struct process_plan keyring = {
		.id = how->keyring_id, .process = how->process, .new_keyring = true, .first = true
	};
	const struct lsm no_lsm = LSM_NONE;
	int r = make_place(how, e);

	if (r == 0 && how->keyring_id)
		r = confine_keyring(&keyring, &no_lsm, e);
	if (r == 0 && how->process && how->process->io_priority) {
		/* The scheduler is CRIU's own to restore. */
		struct spec_process only = { .io_priority = how->process->io_priority };
		r = schedule_apply(0, &only, e);
	}
	/* Last, and in the container's cgroup: a cpuset entered afterwards would remap it. */
	if (r == 0 && how->memory)
		r = memory_apply(how->memory, ret_memory, e);
	for (size_t i = 0; r == 0 && i < how->n_fds; i++)
		if (how->fds[i] >= 0 && fcntl(how->fds[i], F_SETFD, 0) < 0)
			r = err_set(e, errno, "handing a descriptor to CRIU");
	if (r == 0 && fcntl(sock, F_SETFD, 0) < 0)
		r = err_set(e, errno, "handing the socket to CRIU");
	return r;
}

static void become(void *arg, int sock)
{
	const struct criu_start *how = arg;
	struct memory_result memory = { 0 };
	struct err e = { 0 };
	sigset_t none;
	char number[16];

	int r = msg_expect(sock, MSG_GO, NULL, NULL, &e);
	if (r == 0)
		r = prepare(how, sock, &memory, &e);
	if (r == 0)
		r = msg_send(sock, MSG_READY, &memory, -1, &e);
	if (r == 0) {
		(void)snprintf(number, sizeof(number), "%d", sock);
		char *argv[] = { (char *)"criu", (char *)"swrk", number, NULL };
		/* What it restores has its own; CRIU itself waits for children of its own. */
		sys_default_signals(0);
		sigemptyset(&none);
		(void)sigprocmask(SIG_SETMASK, &none, NULL);
		/* A group of its own: a ^C is ours to deal with. But it would be a background one
		 * to a terminal that it is to take. */
		if (!how->keep_stdin)
			(void)setpgid(0, 0);
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (null >= 0 && dup2(null, STDOUT_FILENO) >= 0 &&
			(how->keep_stdin || dup2(null, STDIN_FILENO) >= 0))
			(void)execve(how->program, argv, environ);
		r = err_set(&e, errno, "executing '%s'", how->program);
	}
	if (r < 0)
		msg_fail(sock, &e);
	_exit(1);
}

int criu_start(const struct criu_start *how, struct spawned *ret, struct memory_result *ret_memory,
	struct err *e)
{
	_cleanup_close_ int cgroup_fd = how->cgroup ? cgroup_clone_fd(how->cgroup) : -1;
	const struct spawn spawned = {
		.cgroup = how->cgroup,
		.cgroup_fd = cgroup_fd,
		.become = become,
		.arg = (void *)how,
		.what = "the process of CRIU",
	};
	struct memory_result memory = { 0 };
	struct spawned criu;

	/* One that was killed has left it. */
	if (mkdirat(how->state->dir_fd, STATE_CRIU_DIR, 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "making a place for CRIU");
	int r = spawn(&spawned, &criu, e);
	if (r < 0)
		return r;
	/* What it forks is in the same class of resctrl. */
	if (how->cgroup)
		r = resctrl_join(how->state, criu.pid, e);
	if (r == 0)
		r = msg_send(criu.sock, MSG_GO, NULL, -1, e);
	if (r == 0)
		r = msg_expect(criu.sock, MSG_READY, &memory, NULL, e);
	r = spawn_explain(&criu, r, "the process of CRIU", e);
	if (r < 0) {
		spawn_kill(&criu);
		return r;
	}
	*ret = criu;
	if (ret_memory)
		*ret_memory = memory;
	return 0;
}

void criu_end(struct spawned *criu)
{
	siginfo_t info;

	criu->sock = fd_close(criu->sock);
	while (criu->pidfd >= 0 && waitid(P_PIDFD, (id_t)criu->pidfd, &info, WEXITED) < 0 &&
		errno == EINTR)
		;
	criu->pidfd = fd_close(criu->pidfd);
}

/* --- the conversation --- */

/* An answer: what of criu_resp is used. */
struct answer {
	enum criu_type type;
	bool success;
	char script[64];
	pid_t pid;
	bool restored;
	int64_t features, major, minor;
	int64_t num;
	char words[512];
};

static void copy_text(char *to, size_t size, const struct wire_field *f)
{
	size_t len = f->len < size ? f->len : size - 1;

	memcpy(to, f->bytes, len);
	to[len] = '\0';
}

static int read_inner(const struct wire_field *outer, struct answer *a)
{
	struct wire w = { (const unsigned char *)outer->bytes,
		(const unsigned char *)outer->bytes + outer->len };
	struct wire_field f;
	int r;

	while ((r = wire_next(&w, &f)) > 0) {
		switch (outer->number) {
		case 4: /* criu_restore_resp */
			if (f.number == 1) {
				a->pid = (pid_t)f.value;
				a->restored = true;
			}
			break;
		case 5: /* criu_notify */
			if (f.number == 1 && f.bytes)
				copy_text(a->script, sizeof(a->script), &f);
			else if (f.number == 2)
				a->pid = (pid_t)f.value;
			break;
		case 8: /* criu_features */
			if (f.number < 32 && f.value)
				a->features |= (int64_t)1 << f.number;
			break;
		case 10: /* criu_version */
			if (f.number == 1)
				a->major = f.value;
			else if (f.number == 2)
				a->minor = f.value;
			break;
		default:
			break;
		}
	}
	return r;
}

static int read_answer(const char *bytes, size_t len, struct answer *ret)
{
	struct wire w = { (const unsigned char *)bytes, (const unsigned char *)bytes + len };
	struct answer a = { 0 };
	struct wire_field f;
	int r;

	while ((r = wire_next(&w, &f)) > 0) {
		if (f.number == 1)
			a.type = (enum criu_type)f.value;
		else if (f.number == 2)
			a.success = f.value != 0;
		else if (f.number == 7)
			a.num = f.value;
		else if (f.number == 9 && f.bytes)
			copy_text(a.words, sizeof(a.words), &f);
		else if (f.bytes && (r = read_inner(&f, &a)) < 0)
			return r;
	}
	if (r < 0)
		return r;
	*ret = a;
	return 0;
}

/* One answer and the descriptor that may come with it. -EPIPE: it has ended. */
static int receive(int sock, bool interruptible, struct answer *ret, int *ret_fd, struct err *e)
{
	_cleanup_free_ char *bytes = malloc(ANSWER_MAX);
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec iov = { .iov_base = bytes, .iov_len = ANSWER_MAX };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	ssize_t n;

	if (!bytes)
		return err_nomem(e);
	if (interruptible && interrupt_wait(sock, -1) == -EINTR)
		return err_say(e, EINTR, "interrupted by signal %d (%s) while CRIU was at work",
			interrupt_pending(), sigdescr_np(interrupt_pending()));
	do {
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return err_say(e, EPIPE, "CRIU ended without an answer");
	if (n < 0)
		return err_set(e, errno, "waiting for CRIU");
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
		c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(ret_fd, CMSG_DATA(c), sizeof(int));
	if ((msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) || read_answer(bytes, (size_t)n, ret) < 0)
		return err_say(e, EPROTO, "CRIU gave an answer of %zd bytes that is none", n);
	return 0;
}

static int send_request(int sock, struct strbuf *b, struct err *e)
{
	ssize_t n = -1;

	if (b->failed) {
		strbuf_free(b);
		return err_nomem(e);
	}
	do {
		n = send(sock, b->text, b->len, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	int num = errno;
	strbuf_free(b);
	if (n < 0 && (num == EPIPE || num == ECONNRESET))
		return err_say(e, EPIPE, "CRIU ended without an answer");
	return n < 0 ? err_set(e, num, "asking CRIU") : 0;
}

int criu_check_version(int sock, struct err *e)
{
	struct strbuf b = { 0 };
	struct answer a;
	_cleanup_close_ int fd = -1;

	wire_number(&b, REQ_TYPE, CRIU_VERSION);
	wire_number(&b, REQ_KEEP_OPEN, true);
	int r = send_request(sock, &b, e);
	if (r == 0)
		r = receive(sock, true, &a, &fd, e);
	if (r < 0)
		return err_prefix(e, "asking CRIU for its version");
	if (!a.success || a.major < CRIU_MAJOR_MIN ||
		(a.major == CRIU_MAJOR_MIN && a.minor < CRIU_MINOR_MIN))
		return err_say(e, ENOTSUP, "this is CRIU %lld.%lld; %d.%d or newer is needed",
			(long long)a.major, (long long)a.minor, CRIU_MAJOR_MIN, CRIU_MINOR_MIN);
	return 0;
}

int criu_check_feature(int sock, unsigned field, const char *what, struct err *e)
{
	struct strbuf b = { 0 }, features = { 0 };
	struct answer a;
	_cleanup_close_ int fd = -1;

	wire_number(&b, REQ_TYPE, CRIU_FEATURE_CHECK);
	wire_number(&b, REQ_KEEP_OPEN, true);
	wire_number(&features, field, true);
	wire_message(&b, REQ_FEATURES, &features);
	strbuf_free(&features);
	int r = send_request(sock, &b, e);
	if (r == 0)
		r = receive(sock, true, &a, &fd, e);
	if (r < 0)
		return err_prefix(e, "asking CRIU what it can do");
	if (!a.success || !(a.features & (int64_t)1 << field))
		return err_say(e, ENOTSUP, "CRIU cannot %s on this kernel", what);
	return 0;
}

static int failed(enum criu_type type, const struct answer *a, const char *log, struct err *e)
{
	const char *words = a->words;
	/* The position in its source is for its authors: "Error (criu/x.c:1): ". */
	const char *after = str_starts(words, "Error (") ? strstr(words, "): ") : NULL;
	size_t len = strcspn(after ? after + 3 : words, "\n");

	words = after ? after + 3 : words;
	const char *did = type == CRIU_RESTORE ? "restore" : "checkpoint";
	if (len == 0)
		return err_say(e, a->num > 0 ? (int)a->num : EIO,
			"CRIU could not %s the container: its log '%s' says why", did, log);
	return err_say(e, a->num > 0 ? (int)a->num : EIO,
		"CRIU could not %s the container: %.*s (its log: '%s')", did, (int)len, words, log);
}

int criu_request(int sock, enum criu_type type, const struct strbuf *opts,
	const struct criu_events *events, const char *log, pid_t *ret_pid, struct err *e)
{
	struct strbuf b = { 0 };
	struct err refused = { 0 };
	bool gave_up = false;

	wire_number(&b, REQ_TYPE, type);
	wire_message(&b, REQ_OPTS, opts);
	int r = send_request(sock, &b, e);
	while (r == 0) {
		_cleanup_close_ int fd = -1;
		struct answer a;

		r = receive(sock, events->interruptible, &a, &fd, e);
		if (r < 0)
			break;
		if (a.type == CRIU_NOTIFY && a.success) {
			log_debug("CRIU: %s", a.script);
			int handled = events->handle(events->arg, a.script, a.pid, fd, &refused);
			gave_up |= handled < 0;
			struct strbuf reply = { 0 };
			wire_number(&reply, REQ_TYPE, CRIU_NOTIFY);
			wire_number(&reply, REQ_NOTIFY_SUCCESS, handled >= 0);
			r = send_request(sock, &reply, e);
			continue;
		}
		if (!a.success)
			r = failed(type, &a, log, e);
		else if (a.type != type)
			r = err_say(e, EPROTO, "CRIU answered something else (%d for %d)", a.type,
				type);
		else if (ret_pid && (!a.restored || a.pid <= 0))
			r = err_say(e, EPROTO, "CRIU restored the container without saying where");
		else if (ret_pid)
			*ret_pid = a.pid;
		break;
	}
	/* What we refused ourselves is the reason, not that CRIU then stopped. */
	if (gave_up)
		return err_say(e, refused.num > 0 ? refused.num : EIO, "%s", refused.text);
	return r;
}
