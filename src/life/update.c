/* SPDX-License-Identifier: Apache-2.0 */
/*
 * update.c - a container that lives is changed from outside: its limits, its freezer; and its
 * processes are listed.
 *
 * The state stays locked from the look at what the container is to the change. Never leaves limits
 * half changed, and never moves a memory policy's nodes without a word.
 */
#include "base/fd.h"
#include "base/log.h"
#include "life/resctrl.h"
#include "life/state.h"
#include "life/wait.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

static int load_alive(const struct life *life, const char *id, struct state *ret,
	enum life_status *ret_status, struct err *e);
static int update(struct state *s, const struct spec *update, struct err *e);

int life_update(const struct life *life, const char *id, const struct spec *spec, struct err *e)
{
	enum life_status status;
	sigset_t before;
	struct state s;
	int r = spec_check_supported(spec, e);

	if (r == 0)
		r = load_alive(life, id, &s, &status, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < spec->n_warnings; i++)
		log_warn("%s", spec->warnings[i]);
	/* Files, systemd's properties and the state are changed together or not at all. */
	wait_block_signals(&before);
	r = update(&s, spec, e);
	/* On failure they stay held, so that main can say why. */
	if (r == 0)
		wait_unblock_signals(&before);
	state_free(&s);
	return r;
}

/* Locked. runc's words stand first: engines look for them. */
static int load_alive(const struct life *life, const char *id, struct state *ret,
	enum life_status *ret_status, struct err *e)
{
	struct state s;
	int r = state_load(life, id, STATE_LOCK, &s, e);

	if (r < 0)
		return r;
	r = state_status(&s, ret_status, e);
	if (r == 0 && (*ret_status == LIFE_STOPPED || *ret_status == LIFE_CREATING))
		r = err_say(e, ESRCH, "container not running: '%s' is %s", id,
			life_status_name(*ret_status));
	if (r == 0 && !s.cgroup)
		r = err_say(e, ENOTSUP, "container '%s' has no cgroup", id);
	if (r < 0) {
		state_free(&s);
		return r;
	}
	*ret = s;
	return 0;
}

/* What the new nodes, if there are any, make of init's memory policy. Only to be told of where
 * init can still be looked at: one that is just ending has no policy to care for. */
static int foresee(const struct state *s, const struct spec_resources *r, int init_proc_fd,
	struct memory_move *ret, struct err *e)
{
	struct mpol_nodeset mems;
	struct spec *config = NULL;
	int given = cgroup_foresee_mems(s->cgroup, r, &mems, e);

	if (given <= 0 || !s->memory.present)
		return given;
	bool refuse = s->memory_request.refuse_narrowing;
	if (!s->memory_request.from) {
		/* Saved by a version that did not keep it. */
		int ret_load = state_load_config(s, &config, e);
		if (ret_load < 0)
			return ret_load;
		refuse = config->policy_annotations.refuse_narrowing;
		spec_free(config);
	}
	int ret_foresee = memory_foresee(&s->memory, refuse, init_proc_fd, &mems, ret, e);
	return ret_foresee < 0 ? ret_foresee : 1;
}

/* The schemata first: they can be put back whole. */
static int change(const struct state *s, const struct spec *update, struct err *e)
{
	const struct spec_intel_rdt *rdt = update->linux_.intel_rdt;
	_cleanup_free_ char *before = NULL;
	int r = rdt ? resctrl_update(s, rdt, &before, e) : 0;

	if (r < 0)
		return r;
	r = cgroup_update(s->cgroup, &update->linux_.resources, e);
	if (r < 0 && before)
		resctrl_restore(s, before, e);
	return r;
}

static int update(struct state *s, const struct spec *update, struct err *e)
{
	const struct spec_resources *resources = &update->linux_.resources;
	struct memory_move move = { 0 };
	struct err ignored = { 0 };
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/%d", s->pid);
	_cleanup_close_ int proc = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int nodes = foresee(s, resources, proc, &move, e);
	int r = nodes < 0 ? nodes : change(s, update, e);
	if (r < 0 || nodes == 0)
		return r;

	const char *text = memory_move_text(&move, s->memory_request.from, &s->arena);
	if (text && !mpol_nodeset_empty(&move.lost))
		log_warn("%s", text);
	else if (text)
		log_info("%s", text);
	text = memory_refresh(&move, s->memory_request.from, proc, &s->memory, &s->arena);
	if (text)
		log_warn("%s", text);
	/* The limits are in force. From the older state exec foresees the same, in one
	 * step more. */
	if (state_save(s, &ignored) < 0)
		log_warn("%s", ignored.text);
	return 0;
}

/* --- the freezer --- */

int life_pause(const struct life *life, const char *id, struct err *e)
{
	enum life_status status;
	struct state s;
	int r = load_alive(life, id, &s, &status, e);

	if (r < 0)
		return r;
	if (status == LIFE_PAUSED)
		r = err_say(e, EINVAL, "container not running: '%s' is paused already", id);
	else
		r = cgroup_freeze(s.cgroup, true, e);
	state_free(&s);
	return r;
}

int life_resume(const struct life *life, const char *id, struct err *e)
{
	enum life_status status;
	struct state s;
	int r = state_load(life, id, STATE_LOCK, &s, e);

	if (r < 0)
		return r;
	r = state_status(&s, &status, e);
	if (r == 0 && status != LIFE_PAUSED)
		r = err_say(e, EINVAL, "container not paused: '%s' is %s", id,
			life_status_name(status));
	if (r == 0)
		r = cgroup_freeze(s.cgroup, false, e);
	state_free(&s);
	return r;
}

/* --- processes --- */

static int by_number(const void *a, const void *b)
{
	const pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

int life_pids(const struct life *life, const char *id, pid_t **ret, size_t *ret_n, struct err *e)
{
	pid_t *pids = NULL;
	struct state s;
	size_t n = 0;
	int r = state_load(life, id, STATE_READ, &s, e);

	if (r < 0)
		return r;
	r = s.cgroup ? cgroup_pids(s.cgroup, &pids, &n, e)
		     : err_say(e, ENOTSUP, "container '%s' has no cgroup to find its processes by",
			       id);
	state_free(&s);
	/* A cgroup that is gone has no processes. */
	if (r == -ENOENT)
		r = 0;
	if (r < 0)
		return r;
	if (n > 0)
		qsort(pids, n, sizeof(*pids), by_number);
	*ret = pids;
	*ret_n = n;
	return 0;
}
