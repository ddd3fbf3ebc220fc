/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stop.c - run, kill, delete: how a container ends.
 */
#include "base/fd.h"
#include "base/log.h"
#include "base/sys.h"
#include "life/create.h"
#include "life/hooks.h"
#include "life/notify.h"
#include "life/resctrl.h"
#include "life/tty.h"
#include "life/wait.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>

#define KILL_WAIT_MS 10000
#define THAW_AGAIN_MS 200

static bool left_over(const struct state *s);
static int remove_made(const struct life *life, struct state *s, struct err *e);
static int remove_anew(const struct life *life, const struct state *made, struct err *e);

int life_run(
	const struct life *life, const struct create_options *o, int *ret_status, struct err *e)
{
	struct attempt a;
	bool hook_failed;
	int status = 0;

	/* Processes that the container's leave behind come to us, not to the host's init. */
	if (!o->detach && !o->no_subreaper)
		(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	int r = create_container(&a, life, o, true, e);
	if (r < 0)
		return r; /* signals stay held: see life_create() */

	attempt_close_host(&a);
	if (a.master >= 0)
		tty_prepare(a.master); /* the program may ask for it at once */
	struct notify notify = NOTIFY_NONE;
	r = notify_open(&a.state, &notify, e);
	if (r == 0)
		r = start_container(a.init.sock, a.master, &a.state, a.spec, &hook_failed, e);
	a.init.sock = fd_close(a.init.sock);
	const bool failed = r < 0;
	state_unlock(&a.state);
	if (r == 0 && !o->detach)
		r = wait_foreground(a.init.pid, a.init.pidfd, a.master, &notify, &status, e);
	else if (r == 0)
		r = notify_wait_ready(&notify, a.init.pid, a.init.pidfd, e);
	notify_close(&notify);
	if (failed || (!o->detach && !o->keep))
		r = remove_again(life, &a.state, r, e);
	attempt_free(&a);
	attempt_let_signals(&a);
	if (r == 0)
		*ret_status = status;
	return r;
}

int remove_again(const struct life *life, struct state *s, int r, struct err *e)
{
	struct err why = { 0 };
	int removed = remove_made(life, s, &why);

	if (removed < 0 && r == 0)
		return err_say(e, why.num, "%s", why.text);
	if (removed < 0)
		log_warn("%s", why.text);
	return r;
}

/* By what is known of it, of which nobody else changes anything. Somebody else may have deleted it
 * meanwhile. */
static int remove_made(const struct life *life, struct state *s, struct err *e)
{
	int r = state_lock_again(s, e);

	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = end_and_remove(life, s, e);
	/* The mount of a cgroup hierarchy is another one than when the container was made. */
	if (r == -EINVAL || r == -ENOENT) {
		state_unlock(s);
		r = remove_anew(life, s, e);
	}
	return r;
}

static int remove_anew(const struct life *life, const struct state *made, struct err *e)
{
	struct state s;
	int r = state_load(life, made->id, STATE_LOCK, &s, e);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	if (state_is_same(made, &s))
		r = end_and_remove(life, &s, e);
	state_free(&s);
	return r;
}

int life_kill(const struct life *life, const char *id, int sig, bool all, struct err *e)
{
	struct state s;
	int r = state_load(life, id, STATE_READ, &s, e);
	if (r < 0)
		return r;

	const bool has_cgroup = s.cgroup && !str_empty(cgroup_path(s.cgroup));
	_cleanup_close_ int pidfd = state_open_init(&s);
	if (pidfd < 0 && pidfd != -ESRCH) {
		r = err_set(e, -pidfd, "opening process %d of container '%s'", s.pid, id);
	} else if (all || (sig == SIGKILL && s.shared_pid && has_cgroup &&
				  (pidfd >= 0 || left_over(&s)))) {
		/* Without a PID namespace of its own the others do not die with init: it may even
		 * be gone already. */
		r = has_cgroup
			    ? cgroup_kill(s.cgroup, sig, e)
			    : err_say(e, ENOTSUP,
				      "container '%s' has no cgroup to find its processes by", id);
	} else if (pidfd < 0) {
		/* containerd takes "container not running" for an end that came first. */
		r = err_say(e, ESRCH, "container not running: '%s' is stopped", id);
	} else {
		r = sys_pidfd_send_signal(pidfd, sig);
		if (r < 0)
			r = err_set(e, -r, "sending signal %d to container '%s'", sig, id);
		/* Under cgroup v1 a frozen process dies when it is thawed. A `run` in the
		 * foreground may have taken the cgroup away by now. */
		else if (sig == SIGKILL && has_cgroup) {
			r = cgroup_freeze(s.cgroup, false, e);
			cgroup_thaw_all(s.cgroup); /* and cgroups that the container has below */
		}
		/* ENODEV: it went while its file was open. */
		if (r == -ENOENT || r == -ENODEV)
			r = 0;
	}
	state_free(&s);
	return r;
}

static bool left_over(const struct state *s)
{
	_cleanup_free_ pid_t *pids = NULL;
	struct err ignored = { 0 };
	size_t n = 0;

	return cgroup_pids(s->cgroup, &pids, &n, &ignored) == 0 && n > 0;
}

int life_delete(const struct life *life, const char *id, bool force, struct err *e)
{
	enum life_status status;
	struct state s;
	int r = state_load(life, id, force ? STATE_LOCK_DAMAGED : STATE_LOCK, &s, e);

	/* containerd's shim deletes by force what may be gone already. */
	if (r == -ENOENT && force)
		return 0;
	if (r < 0)
		return r;
	if (s.damaged) {
		log_warn("%s; a cgroup that it may have had stays", e->text);
		r = end_and_remove(life, &s, e);
		state_free(&s);
		return r;
	}
	r = state_status(&s, &status, e);
	if (r == 0 && !force && status != LIFE_STOPPED && status != LIFE_CREATED)
		r = err_say(e, EBUSY,
			"container '%s' cannot be deleted: it is %s (--force kills it)", id,
			life_status_name(status));
	if (r == 0)
		r = end_and_remove(life, &s, e);
	state_free(&s);
	return r;
}

/* Kill init and wait for its end, by event. */
static int end_init(const struct state *s, struct err *e)
{
	_cleanup_close_ int pidfd = state_open_init(s);
	if (pidfd == -ESRCH)
		return 0;
	if (pidfd < 0)
		return err_set(e, -pidfd, "opening process %d of container '%s'", s->pid, s->id);

	int r = sys_pidfd_send_signal(pidfd, SIGKILL);
	if (r < 0 && r != -ESRCH)
		return err_set(e, -r, "killing container '%s'", s->id);
	/* The init of a PID namespace ends after all others there, who may freeze each other until
	 * its end kills them. */
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	const int64_t deadline = sys_clock_ms() + KILL_WAIT_MS;
	do {
		if (s->cgroup)
			cgroup_thaw_all(s->cgroup); /* cgroup_remove reports what stays */
		r = poll(&p, 1, THAW_AGAIN_MS);
	} while (r == 0 && sys_clock_ms() < deadline);
	if (r == 0)
		return err_say(e, EBUSY,
			"process %d of container '%s' did not end within %d s of SIGKILL", s->pid,
			s->id, KILL_WAIT_MS / 1000);
	return 0;
}

int end_and_remove(const struct life *life, struct state *s, struct err *e)
{
	struct spec *spec = NULL;
	int r = end_init(s, e);

	/* Frozen deeper than is thawed: what removes cgroups goes as deep as they do. */
	if (r == -EBUSY && s->cgroup) {
		cgroup_end_frozen(s->cgroup);
		r = end_init(s, e);
	}
	if (r == 0 && s->cgroup)
		r = cgroup_remove(s->cgroup, e);
	if (r == 0)
		r = resctrl_leave(s, false, e);
	if (r < 0)
		return r;
	if ((s->hooks & (1u << HOOK_POSTSTOP)) && state_load_config(s, &spec, e) < 0)
		log_warn("%s", e->text);
	/* The spec: deletion comes before the poststop hooks, whose failures are only logged. */
	r = state_remove(life, s, e);
	if (r == 0)
		log_debug("container '%s' is deleted", s->id);
	if (spec)
		hooks_run_all(&spec->hooks, HOOK_POSTSTOP, s, "stopped", 0);
	spec_free(spec);
	return r;
}
