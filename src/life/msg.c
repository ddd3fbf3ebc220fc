/* SPDX-License-Identifier: Apache-2.0 */
/*
 * msg.c - the protocol's table, and sending and receiving by it.
 */
#include "life/msg.h"

#include "base/fd.h"
#include "base/interrupt.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

enum direction {
	TO_INIT,
	TO_PARENT,
};

static const struct msg_row {
	const char *name;
	enum direction direction;
	size_t payload; /* bytes, exact */
	bool fd;        /* one descriptor comes with it */
} rows[MSG_TYPES] = {
	[MSG_SPAWNED] = { "SPAWNED", TO_PARENT, sizeof(struct msg_spawned), true },
	[MSG_GO] = { "GO", TO_INIT, 0, false },
	[MSG_MAP_IDS] = { "MAP_IDS", TO_PARENT, 0, true },
	[MSG_MAPPED] = { "MAPPED", TO_INIT, 0, false },
	[MSG_CONSOLE] = { "CONSOLE", TO_PARENT, 0, true },
	[MSG_MOUNTED] = { "MOUNTED", TO_PARENT, 0, false },
	[MSG_HOOKED] = { "HOOKED", TO_INIT, sizeof(struct msg_hooked), false },
	[MSG_SEALED] = { "SEALED", TO_PARENT, 0, false },
	[MSG_LOCKED] = { "LOCKED", TO_INIT, 0, true },
	[MSG_RLIMITS] = { "RLIMITS", TO_PARENT, 0, false },
	[MSG_SCHEDULE] = { "SCHEDULE", TO_PARENT, 0, false },
	[MSG_LIMITED] = { "LIMITED", TO_INIT, 0, false },
	[MSG_LISTENER] = { "LISTENER", TO_PARENT, sizeof(struct msg_listener), false },
	[MSG_LISTENING] = { "LISTENING", TO_INIT, 0, false },
	[MSG_READY] = { "READY", TO_PARENT, sizeof(struct memory_result), false },
	[MSG_COMMITTED] = { "COMMITTED", TO_INIT, 0, false },
	[MSG_START] = { "START", TO_INIT, 0, false },
	[MSG_EXECING] = { "EXECING", TO_PARENT, 0, false },
	[MSG_FAIL] = { "FAIL", TO_PARENT, sizeof(struct err), false },
};

struct packet {
	uint32_t type;
	union {
		union msg_payload plain;
		struct err fail;
		char bytes[1];
	} payload;
};

#define PACKET_HEAD offsetof(struct packet, payload)
#define LOOK_MS 1000

static int wait_for(int sock, const char *name, const struct msg_look *look, struct err *e);
/* How to receive: by read(2), or by recvmsg(2) with these flags. */
#define BY_READ (-1)
/* One packet, its type and size checked against the table; 0 at end of file. */
static ssize_t receive(int sock, int flags, struct packet *p, int *ret_fd, struct err *e);

int msg_send(int sock, enum msg_type type, const void *payload, int fd, struct err *e)
{
	const struct msg_row *row = &rows[type];
	struct packet p = { .type = type };
	size_t len = PACKET_HEAD + row->payload;
	int r = 0;

	if (row->payload)
		memcpy(p.payload.bytes, payload, row->payload);
	if (row->fd) {
		r = fd_send(sock, fd, &p, len);
	} else {
		/* write(2), not sendmsg(2): by now a seccomp filter may be loaded, and this is the
		 * call that the fewest filters forbid. SIGPIPE is ignored by the runtime. */
		ssize_t n;
		do {
			n = write(sock, &p, len);
		} while (n < 0 && errno == EINTR);
		r = n < 0 ? -errno : 0;
	}
	return r < 0 ? err_set(e, -r, "sending message %s", row->name) : 0;
}

/* The last of a set: the others are requests on the way to it. All go in one direction. */
static const struct msg_row *row_of(unsigned set)
{
	return &rows[31 - __builtin_clz(set)];
}

static int take(int sock, unsigned set, int flags, struct packet *p, int *ret_fd, struct err *e)
{
	const struct msg_row *row = row_of(set);
	_cleanup_close_ int fd = -1;

	ssize_t n = receive(sock, flags, p, &fd, e);
	if (n < 0)
		return (int)n;
	if (n == 0)
		return err_say(e, EPIPE, "the other side ended before it sent %s", row->name);
	if (p->type == MSG_FAIL) {
		/* The text was escaped when it was set; only its end is not sure. */
		p->payload.fail.text[sizeof(p->payload.fail.text) - 1] = '\0';
		int num = p->payload.fail.num > 0 ? p->payload.fail.num : EIO;
		return err_say(e, num, "%s", p->payload.fail.text);
	}
	if (!(set & MSG_BIT(p->type)))
		return err_say(e, EPROTO, "message %s came where %s was expected",
			rows[p->type].name, row->name);
	if (rows[p->type].fd && ret_fd)
		*ret_fd = TAKE_FD(fd);
	return (int)p->type;
}

static int expect(int sock, unsigned set, const struct msg_look *look, struct packet *p,
	int *ret_fd, struct err *e)
{
	const struct msg_row *row = row_of(set);

	/* What goes to init after its filter is loaded has no descriptor with it, and is smaller
	 * than a packet can be: read(2) will do, which a seccomp filter seldom forbids. */
	const bool to_init = row->direction == TO_INIT;
	int r = to_init ? 0 : wait_for(sock, row->name, look, e);
	return r < 0 ? r : take(sock, set, to_init && !row->fd ? BY_READ : 0, p, ret_fd, e);
}

static int payload_of(int r, enum msg_type type, const struct packet *p, void *ret)
{
	if (r < 0)
		return r;
	if (ret && rows[type].payload)
		memcpy(ret, p->payload.bytes, rows[type].payload);
	return 0;
}

int msg_expect(int sock, enum msg_type type, void *ret_payload, int *ret_fd, struct err *e)
{
	return msg_expect_looking(sock, type, NULL, ret_payload, ret_fd, e);
}

int msg_expect_looking(int sock, enum msg_type type, const struct msg_look *look, void *ret_payload,
	int *ret_fd, struct err *e)
{
	struct packet p;
	int r = expect(sock, MSG_BIT(type), look, &p, ret_fd, e);

	return payload_of(r, type, &p, ret_payload);
}

int msg_expect_sent(int sock, enum msg_type type, void *ret_payload, int *ret_fd, struct err *e)
{
	struct packet p;
	int r = take(sock, MSG_BIT(type), MSG_DONTWAIT, &p, ret_fd, e);

	return payload_of(r, type, &p, ret_payload);
}

int msg_expect_any(
	int sock, unsigned set, const struct msg_look *look, union msg_payload *ret, struct err *e)
{
	struct packet p;
	int r = expect(sock, set, look, &p, NULL, e);

	if (r >= 0)
		*ret = p.payload.plain;
	return r;
}

int msg_expect_end(int sock, bool interruptible, const struct msg_look *look, struct err *e)
{
	struct packet p;
	_cleanup_close_ int fd = -1;

	int r = interruptible ? wait_for(sock, "the end of the message socket", look, e) : 0;
	ssize_t n = r < 0 ? r : receive(sock, interruptible ? 0 : BY_READ, &p, &fd, e);
	if (n <= 0)
		return (int)n;
	if (p.type != MSG_FAIL)
		return err_say(
			e, EPROTO, "message %s came where nothing was expected", rows[p.type].name);
	p.payload.fail.text[sizeof(p.payload.fail.text) - 1] = '\0';
	return err_say(
		e, p.payload.fail.num > 0 ? p.payload.fail.num : EIO, "%s", p.payload.fail.text);
}

void msg_fail(int sock, const struct err *error)
{
	struct err ignored;

	(void)msg_send(sock, MSG_FAIL, error, -1, &ignored);
}

static int wait_for(int sock, const char *name, const struct msg_look *look, struct err *e)
{
	const bool looks = look && look->look;
	int r;

	while ((r = interrupt_wait(sock, looks ? LOOK_MS : -1)) == 0) {
		r = look->look(look->arg, e);
		if (r < 0)
			return r;
	}
	if (r == -EINTR)
		return err_say(e, EINTR, "interrupted by signal %d (%s) while waiting for %s",
			interrupt_pending(), sigdescr_np(interrupt_pending()), name);
	return r < 0 ? err_set(e, -r, "waiting for %s", name) : 0;
}

static ssize_t receive(int sock, int flags, struct packet *p, int *ret_fd, struct err *e)
{
	const bool by_read = flags == BY_READ;
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = p, .iov_len = sizeof(*p) };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	ssize_t n;

	memset(p, 0, sizeof(*p));
	if (by_read)
		msg.msg_controllen = 0;
	do {
		n = by_read ? read(sock, p, sizeof(*p))
			    : recvmsg(sock, &msg, MSG_CMSG_CLOEXEC | flags);
	} while (n < 0 && errno == EINTR);
	/* A reset is an end too: the other side died with something of ours unread. */
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return 0;
	if (n < 0)
		return err_set(e, errno, "receiving a message");

	bool has_fd = false;
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
		c->cmsg_len == CMSG_LEN(sizeof(int))) {
		memcpy(ret_fd, CMSG_DATA(c), sizeof(int));
		has_fd = true;
	}
	if ((size_t)n < PACKET_HEAD || p->type >= MSG_TYPES ||
		(size_t)n != PACKET_HEAD + rows[p->type].payload || has_fd != rows[p->type].fd ||
		(msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
		return err_say(e, EPROTO, "a malformed message of %zd bytes came", n);
	return n;
}
