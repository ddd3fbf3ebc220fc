/* SPDX-License-Identifier: Apache-2.0 */
/*
 * start.c - let a created container's program run: tell init, hear of its execve, run the poststart
 * hooks.
 */
#include "base/fd.h"
#include "base/log.h"
#include "life/create.h"
#include "life/hooks.h"
#include "life/msg.h"
#include "life/notify.h"
#include "life/tty.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

static int wait_ready(const struct state *s, const struct notify *notify, struct err *e);

int life_start(const struct life *life, const char *id, struct err *e)
{
	struct state s;
	struct spec *spec = NULL;
	bool hook_failed = false;
	int r = state_load(life, id, STATE_LOCK, &s, e);
	if (r < 0)
		return r;

	enum life_status status;
	r = state_status(&s, &status, e);
	if (r == 0 && status != LIFE_CREATED)
		r = err_say(e, EINVAL, "container '%s' cannot be started: it is %s", id,
			life_status_name(status));
	if (r == 0 && (s.hooks & (1u << HOOK_POSTSTART)))
		r = state_load_config(&s, &spec, e);
	struct notify notify = NOTIFY_NONE;
	if (r == 0)
		r = notify_open(&s, &notify, e);
	if (r == 0) {
		_cleanup_close_ int conn =
			fd_connect_unix(s.dir_fd, STATE_START_SOCKET, SOCK_SEQPACKET);
		r = conn < 0 ? err_set(e, -conn, "reaching the init of container '%s'", id)
			     : start_container(conn, -1, &s, spec, &hook_failed, e);
	}
	/* runtime.md, lifecycle 7 and 9: after a failed hook the container is stopped and
	 * destroyed. */
	if (hook_failed) {
		struct err why = { 0 };
		if (end_and_remove(life, &s, &why) < 0)
			log_warn("%s", why.text);
	}
	spec_free(spec);
	if (r == 0 && notify.sock >= 0)
		r = wait_ready(&s, &notify, e);
	notify_close(&notify);
	state_free(&s);
	return r;
}

/* Others may see to the container meanwhile: it may never be ready. */
static int wait_ready(const struct state *s, const struct notify *notify, struct err *e)
{
	_cleanup_close_ int pidfd = state_open_init(s);

	state_unlock(s);
	return pidfd < 0 ? 0 : notify_wait_ready(notify, s->pid, pidfd, e);
}

int start_container(int conn, int master, struct state *state, const struct spec *spec,
	bool *ret_hook_failed, struct err *e)
{
	int r = msg_send(conn, MSG_START, NULL, -1, e);

	if (r == 0) {
		/* Hooks of the container write to its terminal. */
		if (master > 0)
			tty_show_until(master, conn);
		r = msg_expect(conn, MSG_EXECING, NULL, NULL, e);
		/* Before EXECING only startContainer hooks can fail; an init that ended without a
		 * word was killed, and stays as a stopped container. */
		*ret_hook_failed = r < 0 && r != -EPIPE;
	}
	if (r == 0)
		r = msg_expect_end(conn, true, NULL, e);
	if (r < 0)
		return err_prefix(e, "starting container '%s'", state->id);
	/* So that nobody need ask init; of `run` that was in the state when it committed. */
	if (!state->started) {
		state->started = true;
		r = state_save(state, e);
		if (r < 0)
			return r;
		(void)unlinkat(state->dir_fd, STATE_START_SOCKET, 0); /* `delete` would do it */
	}
	log_debug("container '%s' is started", state->id);
	if (spec) {
		r = hooks_run(&spec->hooks, HOOK_POSTSTART, state, "running", state->pid, NULL, e);
		*ret_hook_failed = r < 0;
	}
	return r;
}
