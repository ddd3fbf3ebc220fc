/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notify.c - messages of sd_notify(3). See notify.h.
 *
 * They come from the container, and their reader trusts us: a line is handed on if it is in the table,
 * and nothing that names processes, descriptors or rights is.
 */
#include "life/notify.h"

#include "base/fd.h"
#include "base/interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define INSIDE "/run/notify"
#define SOCKET STATE_NOTIFY_SOCKET
#define MESSAGE_MAX 4096 /* bytes; systemd takes no more */
#define BARRIER_MS 30000 /* as long as sd_notify_barrier(3)'s usual callers wait */

static const char *caller_address(void)
{
	const char *address = getenv("NOTIFY_SOCKET");

	return str_empty(address) ? NULL : address;
}

bool notify_wanted(void)
{
	return caller_address() != NULL;
}

static int add_mount(const struct life *life, const char *id, struct spec *spec, struct err *e)
{
	static const char *const words[] = { "bind", "nosuid", "noexec", "nodev", "ro" };

	struct spec_mount *mounts =
		arena_array(&spec->arena, struct spec_mount, spec->n_mounts + 1);
	char **options = arena_array(&spec->arena, char *, ELEMENTS(words) + 1);
	if (!mounts || !options)
		return err_nomem(e);
	for (size_t i = 0; i < ELEMENTS(words); i++)
		if (!(options[i] = arena_strdup(&spec->arena, words[i])))
			return err_nomem(e);
	if (spec->n_mounts)
		memcpy(mounts, spec->mounts, spec->n_mounts * sizeof(*mounts));
	/* Behind the others: one of them may be a tmpfs on /run. */
	mounts[spec->n_mounts] = (struct spec_mount){
		.destination = INSIDE,
		.source = arena_printf(&spec->arena, "%s/%s/" STATE_NOTIFY_DIR, life->root, id),
		.options = { .n = ELEMENTS(words), .v = options },
	};
	if (!mounts[spec->n_mounts].source)
		return err_nomem(e);
	spec->mounts = mounts;
	spec->n_mounts++;
	return 0;
}

int notify_plan(const struct life *life, const char *id, struct spec *spec, struct process_plan *p,
	struct arena *arena, struct err *e)
{
	char **env = arena_array(arena, char *, p->more_env.n + 2);

	if (!env)
		return err_nomem(e);
	if (p->more_env.n)
		memcpy(env, p->more_env.v, p->more_env.n * sizeof(*env));
	env[p->more_env.n] = arena_strdup(arena, "NOTIFY_SOCKET=" INSIDE "/" SOCKET);
	if (!env[p->more_env.n])
		return err_nomem(e);
	p->more_env.v = env;
	p->more_env.n++;
	return add_mount(life, id, spec, e);
}

int notify_plan_saved(
	const struct life *life, const struct state *s, struct spec *spec, bool *ret, struct err *e)
{
	if (faccessat(s->dir_fd, STATE_NOTIFY_DIR, F_OK, AT_SYMLINK_NOFOLLOW) < 0) {
		*ret = false;
		return errno == ENOENT ? 0
				       : err_set(e, errno,
						 "looking for the directory of the notification "
						 "socket");
	}
	*ret = true;
	return add_mount(life, s->id, spec, e);
}

int notify_make(const struct state *s, struct err *e)
{
	/* Whoever the container's users are, they must get through. */
	if (mkdirat(s->dir_fd, STATE_NOTIFY_DIR, 0755) < 0)
		return err_set(e, errno, "making the directory of the notification socket");
	return 0;
}

/* --- listening --- */

/* A path of any length, or a name in the abstract namespace: "@name". Whoever does not read must not
 * make us wait: the container could fill the queue. */
static int connect_caller(const char *address)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	const size_t len = strlen(address);

	if (address[0] == '/')
		return fd_connect_unix(AT_FDCWD, address, SOCK_DGRAM | SOCK_NONBLOCK);
	if (address[0] != '@' || len < 2 || len > sizeof(addr.sun_path))
		return -EPROTONOSUPPORT;
	memcpy(addr.sun_path + 1, address + 1, len - 1);
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&addr,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0)
		return -errno;
	return TAKE_FD(fd);
}

static int bind_inside(int dir_fd)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d/" SOCKET, dir_fd);
	(void)unlinkat(dir_fd, SOCKET, 0); /* left by a `start` that was killed, if at all */
	/* Any user of the container may speak. By the mask and not by chmod(2), which would follow a
	 * link that the container puts there in between. */
	const mode_t mask = umask(0);
	int r = bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ? -errno : 0;
	(void)umask(mask);
	return r < 0 ? r : TAKE_FD(fd);
}

int notify_open(const struct state *s, struct notify *ret, struct err *e)
{
	const char *address = caller_address();
	struct notify n = NOTIFY_NONE;

	*ret = n;
	if (!address)
		return 0;
	_cleanup_close_ int dir = openat(
		s->dir_fd, STATE_NOTIFY_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0 && errno == ENOENT)
		return 0; /* its create was not told to notify anybody */
	if (dir < 0)
		return err_set(e, errno, "opening the directory of the notification socket");
	n.host = connect_caller(address);
	if (n.host < 0)
		return err_set(e, -n.host, "NOTIFY_SOCKET: connecting to '%s'", address);
	n.sock = bind_inside(dir);
	if (n.sock < 0) {
		int num = -n.sock;
		notify_close(&n);
		return err_set(e, num, "making the container's notification socket");
	}
	*ret = n;
	return 0;
}

void notify_close(struct notify *n)
{
	n->sock = fd_close(n->sock);
	n->host = fd_close(n->host);
}

/* --- handing on --- */

static bool may_pass(const char *line)
{
	static const char *const keys[] = { "STATUS=", "RELOADING=1",
		"MONOTONIC_USEC=", "STOPPING=1", "WATCHDOG=1" };

	for (size_t i = 0; i < ELEMENTS(keys); i++) {
		const size_t len = strlen(keys[i]);
		/* With a value of its own, or word by word. */
		if (keys[i][len - 1] == '=' ? strncmp(line, keys[i], len) == 0
					    : str_eq(line, keys[i]))
			return true;
	}
	return false;
}

bool notify_relay(const struct notify *n, pid_t main_pid)
{
	char text[MESSAGE_MAX + 1], *save = NULL;
	struct strbuf b = { 0 };
	bool ready = false;

	ssize_t len = recv(n->sock, text, MESSAGE_MAX, MSG_DONTWAIT);
	if (len <= 0)
		return false;
	text[len] = '\0';
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (str_eq(line, "READY=1"))
			ready = true;
		else if (may_pass(line))
			strbuf_addf(&b, "%s\n", line);
	}
	/* In one message, so that nobody is ready who is not known yet. */
	if (ready)
		strbuf_addf(&b, "READY=1\nMAINPID=%d\n", (int)main_pid);
	/* A caller that does not read must hold nobody up; it has lost a message then. */
	if (b.len && !b.failed)
		(void)send(n->host, b.text, b.len, MSG_DONTWAIT | MSG_NOSIGNAL);
	strbuf_free(&b);
	return ready;
}

/*
 * systemd finds the service by the sender's process, which must not have gone when it reads: so it
 * is given a descriptor, and closes it when it has come to it (sd_notify_barrier(3)).
 */
static void barrier(int host)
{
	static const char text[] = "BARRIER=1";
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return;
	_cleanup_close_ int mine = ends[0];
	int r = fd_send(host, ends[1], text, sizeof(text) - 1);
	fd_close(ends[1]);
	struct pollfd p = { .fd = mine };
	if (r == 0)
		(void)poll(&p, 1, BARRIER_MS); /* whoever knows no barriers has read it, too */
}

int notify_wait_ready(const struct notify *n, pid_t main_pid, int pidfd, struct err *e)
{
	struct epoll_event event = { .events = EPOLLIN };

	if (n->sock < 0)
		return 0;
	_cleanup_close_ int both = epoll_create1(EPOLL_CLOEXEC);
	if (both < 0 || epoll_ctl(both, EPOLL_CTL_ADD, n->sock, &event) < 0 ||
		epoll_ctl(both, EPOLL_CTL_ADD, pidfd, &event) < 0)
		return err_set(e, errno, "waiting for READY=1 from the container");
	for (;;) {
		struct pollfd ended = { .fd = pidfd, .events = POLLIN };
		int r = interrupt_wait(both, -1);
		if (r == -EINTR)
			return err_say(e, EINTR,
				"interrupted by signal %d (%s) while waiting for READY=1 from the "
				"container, which goes on",
				interrupt_pending(), sigdescr_np(interrupt_pending()));
		if (r < 0)
			return err_set(e, -r, "waiting for READY=1 from the container");
		const bool gone = poll(&ended, 1, 0) > 0;
		if (notify_relay(n, main_pid)) {
			barrier(n->host);
			return 0;
		}
		if (gone)
			return 0;
	}
}
