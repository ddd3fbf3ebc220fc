/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve.c - requests of a process that is being confined. See serve.h.
 *
 * Once its filter is loaded such a process may be allowed next to nothing: sendmsg(2) may be
 * forbidden, or be what the agent is to decide upon, who does not know of it yet. So it only says
 * the listener's number, and we fetch that ourselves.
 */
#include "life/serve.h"

#include "base/fd.h"
#include "base/sys.h"
#include "linux/procattr.h"
#include "linux/schedule.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

static int hand_listener(const struct serve *s, int number, struct err *e);

int serve_until(const struct serve *s, enum msg_type last, union msg_payload *ret, struct err *e)
{
	unsigned set = MSG_BIT(last) | MSG_BIT(MSG_LISTENER);

	if (s->process)
		set |= MSG_BIT(MSG_RLIMITS) | MSG_BIT(MSG_SCHEDULE);
	for (;;) {
		union msg_payload payload;
		enum msg_type answer = MSG_LIMITED;
		int r = msg_expect_any(s->sock, set, s->look, &payload, e);

		if (r < 0)
			return r;
		if (r == (int)last) {
			if (ret)
				*ret = payload;
			return 0;
		}
		if (r == MSG_RLIMITS) {
			r = procattr_rlimits(s->pid, s->process, e);
		} else if (r == MSG_SCHEDULE) {
			r = schedule_apply(s->pid, s->process, e);
		} else {
			r = hand_listener(s, payload.listener.fd, e);
			answer = MSG_LISTENING;
		}
		if (r == 0)
			r = msg_send(s->sock, answer, NULL, -1, e);
		if (r < 0)
			return r;
	}
}

/* The container process state of config-linux.md, around the state of runtime.md. */
static int state_text(const struct serve *s, const struct spec_seccomp *seccomp, struct strbuf *ret,
	struct err *e)
{
	_cleanup_free_ char *state = state_oci_text(s->state, s->status, s->init_pid);

	if (!state)
		return err_nomem(e);
	strbuf_addf(ret, "{\"ociVersion\":\"%s\",\"fds\":[\"seccompFd\"],\"pid\":%d",
		SPEC_OCI_VERSION, (int)s->pid);
	if (!str_empty(seccomp->listener_metadata)) {
		strbuf_adds(ret, ",\"metadata\":");
		strbuf_add_json(ret, seccomp->listener_metadata);
	}
	strbuf_addf(ret, ",\"state\":%s}", state);
	return ret->failed ? err_nomem(e) : 0;
}

/* In one message where the socket has room: agents, runc's among them, receive once, and take what
 * comes with the descriptor for the whole state. */
static int send_state(int sock, int listener, const struct strbuf *text)
{
	ssize_t sent = fd_send_some(sock, listener, text->text, text->len);
	int r = sent < 0 ? (int)sent : 0;
	for (size_t done = (size_t)sent; r == 0 && done < text->len;) {
		ssize_t n = send(sock, text->text + done, text->len - done, MSG_NOSIGNAL);
		if (n > 0)
			done += (size_t)n;
		else if (errno != EINTR)
			r = -errno;
	}
	/* An agent that does not read must not hold up create for ever: FD_PATIENCE_S. */
	return r == -EAGAIN ? -ETIMEDOUT : r;
}

static int hand_listener(const struct serve *s, int number, struct err *e)
{
	_cleanup_(strbuf_free) struct strbuf text = { 0 };
	const struct spec_seccomp *seccomp = s->config->linux_.seccomp;
	int r;

	if (!seccomp || str_empty(seccomp->listener_path))
		return err_say(e, EPROTO, "a seccomp listener came, but none is configured");

	_cleanup_close_ int listener = sys_pidfd_getfd(s->pidfd, number);
	if (listener < 0)
		return err_set(e, -listener,
			"/linux/seccomp: taking the listener out of the container's process");

	if ((r = state_text(s, seccomp, &text, e)) < 0)
		return r;
	_cleanup_close_ int sock = fd_connect_unix(AT_FDCWD, seccomp->listener_path, SOCK_STREAM);
	if (sock < 0)
		return err_set(e, -sock, "/linux/seccomp/listenerPath: connecting to '%s'",
			seccomp->listener_path);
	r = send_state(sock, listener, &text);
	return r < 0 ? err_set(e, -r, "/linux/seccomp/listenerPath: sending to '%s'",
			       seccomp->listener_path)
		     : 0;
}
