/* SPDX-License-Identifier: Apache-2.0 */
/*
 * events.c - what a container uses, now and then, and that it ran out of memory; in the JSON of
 * `runc events`, which engines read. Ends with the container's first process.
 */
#include "base/fd.h"
#include "base/json.h"
#include "base/log.h"
#include "base/sys.h"
#include "cgroup/stats.h"
#include "life/state.h"
#include "linux/netdev.h"
#include "linux/rdt_stats.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>

static int watch(const struct state *s, int pidfd, int interval_ms, int out, struct err *e);
static int say_stats(const struct state *s, int out, struct err *e);
static int say_oom(const struct state *s, int out, struct err *e);

int life_events(const struct life *life, const char *id, int interval_ms, int out, struct err *e)
{
	enum life_status status;
	struct state s;
	int r = state_load(life, id, STATE_READ, &s, e);

	if (r < 0)
		return r;
	r = state_status(&s, &status, e);
	if (r == 0 && (status == LIFE_STOPPED || status == LIFE_CREATING))
		r = err_say(e, ESRCH, "container not running: '%s' is %s", id,
			life_status_name(status));
	if (r == 0 && (!s.cgroup || str_empty(cgroup_path(s.cgroup))))
		r = err_say(
			e, ENOTSUP, "container '%s' has no cgroup, which counts what it uses", id);
	if (r == 0) {
		_cleanup_close_ int pidfd = state_open_init(&s);
		if (pidfd < 0)
			r = err_say(e, ESRCH, "container not running: '%s' is stopped", id);
		else
			r = interval_ms == 0 ? say_stats(&s, out, e)
					     : watch(&s, pidfd, interval_ms, out, e);
	}
	state_free(&s);
	return r;
}

/* Is pidfd's process gone? Else until the next event or deadline. */
static int wait_for_next(int pidfd, const struct oom_watch *oom, int64_t deadline, struct err *e)
{
	struct pollfd fds[] = { { .fd = pidfd, .events = POLLIN },
		{ .fd = oom->fd, .events = oom->events } };

	const int64_t left = deadline - sys_clock_ms();
	if (poll(fds, ELEMENTS(fds), left > 0 ? (int)left : 0) < 0 && errno != EINTR)
		return err_set(e, errno, "waiting for events of the container");
	return fds[0].revents != 0;
}

static int watch(const struct state *s, int pidfd, int interval_ms, int out, struct err *e)
{
	struct oom_watch oom;
	int64_t deadline = sys_clock_ms() + interval_ms;
	bool ended = false;

	int r = oom_watch_open(s->cgroup, &oom, e);
	while (r == 0 && !ended) {
		r = wait_for_next(pidfd, &oom, deadline, e);
		ended = r > 0;
		if (r < 0)
			break;
		/* Also at the end: that may be why. */
		r = oom_watch_read(&oom) ? say_oom(s, out, e) : 0;
		if (r < 0 || ended || sys_clock_ms() < deadline)
			continue;
		deadline = sys_clock_ms() + interval_ms;
		r = say_stats(s, out, e);
		/* The cgroup may go a moment before we see that the process has gone. */
		if (r == -ENOENT || r == -ENODEV) {
			log_info("%s", e->text);
			r = 0;
		}
	}
	oom_watch_close(&oom);
	return r;
}

/* --- what is said --- */

static void begin(struct json_writer *w, const struct state *s, const char *type)
{
	jw_object(w, NULL);
	jw_string(w, "type", type);
	jw_string(w, "id", s->id);
}

/* One line in one write, so that readers of a pipe get it whole. */
static int say(const struct strbuf *b, int out, struct err *e)
{
	if (b->failed)
		return err_nomem(e);
	int r = fd_write_all(out, b->text, b->len);
	return r < 0 ? err_set(e, -r, "writing standard output") : 0;
}

static int say_oom(const struct state *s, int out, struct err *e)
{
	_cleanup_(strbuf_free) struct strbuf b = { 0 };
	struct json_writer w = { .b = &b, .line = true };

	begin(&w, s, "oom");
	jw_object_end(&w);
	return say(&b, out, e);
}

static void put_rdt(struct json_writer *w, const struct state *s)
{
	struct err ignored;

	jw_object(w, "intel_rdt");
	_cleanup_close_ int root = s->rdt ? rdt_open(s->rdt, &ignored) : -1;
	if (root >= 0)
		rdt_stats(s->rdt, root, w);
	jw_object_end(w);
}

static void put_interfaces(struct json_writer *w, const struct state *s)
{
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/%d", s->pid);
	_cleanup_close_ int proc = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	/* The directory is of the process that has this number at the moment. */
	_cleanup_close_ int pidfd = state_open_init(s);
	netdev_stats(pidfd < 0 ? -1 : proc, w, "network_interfaces");
}

static int say_stats(const struct state *s, int out, struct err *e)
{
	_cleanup_(strbuf_free) struct strbuf b = { 0 };
	struct json_writer w = { .b = &b, .line = true };

	begin(&w, s, "stats");
	jw_object(&w, "data");
	int r = cgroup_stats(s->cgroup, &w, e);
	if (r < 0)
		return r;
	put_rdt(&w, s);
	put_interfaces(&w, s);
	jw_object_end(&w);
	jw_object_end(&w);
	return say(&b, out, e);
}
