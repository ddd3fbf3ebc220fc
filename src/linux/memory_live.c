/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory_live.c - the policy that a container's init has now: verified when it is made, handed to
 * what exec starts, followed when update moves its nodes.
 *
 * init is not trusted here: it may have any policy, and its memory any shape. Whatever it did, exec
 * never fails for it.
 */
#include "linux/memory.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOVABLE (MPOL_FLAG_STATIC_NODES | MPOL_FLAG_RELATIVE_NODES)

/* /proc/PID/status has some 60 short lines, and a list of up to 1024 nodes and one of CPUs. */

/* How often a policy is tried again while somebody changes the cpuset at the same time. */
#define TRIES_MAX 5

/* Where a policy comes from. States of older versions do not tell; they knew the config alone. */
static const char *origin(const char *from)
{
	return from ? from : memory_source_name(MEMORY_CONFIG);
}

/*
 * Kernels before 6.11 show "default" in numa_maps for any policy with NUMA balancing. Whether this
 * one does, its stable updates included, only a try can tell: in a child, which has nothing to
 * lose.
 */
static bool balancing_is_hidden(void)
{
	struct mpol probe = { .mode = MPOL_MODE_BIND, .flags = MPOL_FLAG_NUMA_BALANCING };
	int status = 0;
	pid_t pid;

	pid = fork();
	if (pid == 0) {
		struct mpol shown = { .mode = MPOL_MODE_BIND };
		bool cut;
		int fd = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (fd < 0 || mpol_allowed(&probe.nodes) < 0 || mpol_apply(&probe) < 0 ||
			mpol_of_process(fd, &shown, &cut) < 0)
			_exit(EXIT_FAILURE);
		_exit(shown.mode == MPOL_MODE_DEFAULT ? EXIT_SUCCESS : EXIT_FAILURE);
	}
	if (pid < 0)
		return false;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return false;
	return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS;
}

static bool shows_hidden(const struct mpol *policy, const struct mpol *shown)
{
	return policy->flags & MPOL_FLAG_NUMA_BALANCING && shown->mode == MPOL_MODE_DEFAULT &&
	       balancing_is_hidden();
}

int memory_verify(
	int pid_proc_fd, const char *from, struct memory_result *result, struct err *e)
{
	const struct mpol_resolved resolved = { .in_force = result->resolved };
	char want[MPOL_TEXT], have[MPOL_TEXT];
	struct mpol shown;
	bool cut;
	int r;

	if (!result->present)
		return 0;
	r = mpol_of_process(pid_proc_fd, &shown, &cut);
	if (r == -ENOENT && mpol_nodeset_empty(&result->resolved.nodes))
		return 0; /* a kernel without NUMA */
	/*
	 * An unprivileged caller may not look into init before its execve, when its memory still
	 * belongs to the namespace that it came from. init has read its policy back itself.
	 */
	if (r == -EACCES || r == -EPERM)
		return 0;
	if (r == -ENOENT)
		return err_set(
			e, ESRCH, "%s: verifying the policy of the container's init", origin(from));
	if (r < 0)
		return err_set(
			e, -r, "%s: reading numa_maps of the container's init", origin(from));
	if (mpol_resolved_shows(&resolved, &shown, cut)) {
		result->effective = result->resolved;
		return 0;
	}
	if (shows_hidden(&result->resolved, &shown))
		return 0;
	return err_say(e, EPROTO,
		"%s: '%s' is in force for the container's init, where '%s' was foreseen",
		origin(from), mpol_maps_text(&shown, have),
		mpol_maps_text(&result->resolved, want));
}

/* The nodes that the cpuset of a process allows; empty where that cannot be read. */
static struct mpol_nodeset allowed_of(int pid_proc_fd)
{
	static const char key[] = "\nMems_allowed_list:";
	struct mpol_nodeset nodes = { { 0 } };
	_cleanup_free_ char *text = NULL;
	const char *at;
	size_t len;

	if (fd_read_file(pid_proc_fd, "status", PROC_STATUS_MAX, &text, &len) < 0)
		return nodes;
	/* The kernel escapes newlines in the one line that the process itself can write, Name. */
	at = strstr(text, key);
	if (at) {
		at += strlen(key);
		(void)mpol_nodeset_parse(
			at, strcspn(at, "\n"), NULL, &nodes, NULL); /* else empty */
	}
	return nodes;
}

/* Does the kernel move this mode's nodes when the cpuset changes? (mpol_rebind_policy()) */
static bool is_rebound(int mode)
{
	return mode == MPOL_MODE_BIND || mode == MPOL_MODE_INTERLEAVE ||
	       mode == MPOL_MODE_WEIGHTED_INTERLEAVE;
}

/*
 * Pages for a preferred node that the cpuset does not allow any more come from the nearest one that
 * it does: the kernel walks the zones of the preferred node's list.
 */
static void prefer_nearest(struct mpol *policy, const struct mpol_nodeset *usable)
{
	unsigned node = mpol_nodeset_next(&policy->nodes, 0), best = MPOL_NODES_MAX;
	unsigned best_distance = UINT16_MAX + 1u;
	struct mpol_host host;

	if (mpol_host_read(AT_FDCWD, true, &host) < 0)
		return;
	for (size_t i = 0; i < host.n_nodes; i++) {
		if (host.nodes[i].id != node || !host.nodes[i].distances)
			continue;
		for (size_t k = 0; k < host.n_nodes; k++)
			if (mpol_nodeset_has(usable, host.nodes[k].id) &&
				host.nodes[i].distances[k] < best_distance) {
				best = host.nodes[k].id;
				best_distance = host.nodes[i].distances[k];
			}
	}
	mpol_host_free(&host);
	if (best < MPOL_NODES_MAX) {
		policy->nodes = (struct mpol_nodeset){ { 0 } };
		mpol_nodeset_add(&policy->nodes, best);
	}
}

/* What init's policy must be now if nobody but the kernel changed it. */
static struct mpol foresee(const struct memory_result *saved, const struct mpol_nodeset *memory,
	const struct mpol_nodeset *usable)
{
	struct mpol_nodeset old = mpol_nodeset_and(&saved->allowed, memory);
	struct mpol foreseen = saved->effective;

	if (!mpol_nodeset_empty(usable))
		mpol_rebind(&saved->asked, &foreseen, &old, usable);
	return foreseen;
}

/*
 * Is this what numa_maps shows? Where its text is cut off, the nodes it still shows must be the
 * foreseen ones from the lowest on, with none left out: a policy that merely overlaps is another.
 */
static bool is_shown(const struct mpol *foreseen, const struct mpol *shown, bool cut)
{
	struct mpol_resolved start = { .in_force = *foreseen };
	unsigned last = 0;

	if (!cut)
		return mpol_resolved_shows(&start, shown, false);
	for (unsigned n = mpol_nodeset_next(&shown->nodes, 0); n < MPOL_NODES_MAX;
		n = mpol_nodeset_next(&shown->nodes, n + 1))
		last = n;
	start.in_force.nodes = (struct mpol_nodeset){ { 0 } };
	for (unsigned n = mpol_nodeset_next(&foreseen->nodes, 0); n <= last;
		n = mpol_nodeset_next(&foreseen->nodes, n + 1))
		mpol_nodeset_add(&start.in_force.nodes, n);
	return mpol_resolved_shows(&start, shown, false);
}

void memory_exec_choose(const struct memory_result *saved, const struct mpol *now, bool cut,
	bool hidden, const struct mpol_nodeset *usable, struct memory_plan *plan)
{
	struct mpol foreseen = foresee(saved, &plan->host_memory, usable);

	plan->in_force = true;
	if (!is_shown(&foreseen, now, cut) && !hidden) {
		/* init, or somebody in its name, has set another one: that counts now. */
		plan->asked = *now;
	} else if (foreseen.flags & MOVABLE && is_rebound(foreseen.mode)) {
		/* The user's numbers, so that the kernel works them out as it does for init. */
		plan->asked = saved->asked;
		plan->in_force = false;
	} else {
		plan->asked = foreseen;
	}
}

int memory_plan_exec(const struct memory_result *saved, const char *from, int init_proc_fd,
	struct memory_plan *ret, struct err *e)
{
	struct memory_plan plan = { .present = true, .source = memory_source_of(from) };
	struct mpol_nodeset usable, left;
	struct mpol_host host;
	struct mpol now;
	bool cut;

	if (!saved || !saved->present) {
		/* init has its caller's policy by inheritance, and what exec starts has its own. */
		*ret = (struct memory_plan){ 0 };
		return 0;
	}
	usable = allowed_of(init_proc_fd);
	plan.host_memory = usable;
	if (mpol_host_read(AT_FDCWD, false, &host) == 0) {
		plan.host_memory = host.memory;
		mpol_host_free(&host);
	}
	usable = mpol_nodeset_and(&usable, &plan.host_memory);

	/* Not readable, or a policy without a name here: the container's own is the best guess. */
	plan.asked = saved->asked;
	if (mpol_of_process(init_proc_fd, &now, &cut) == 0)
		memory_exec_choose(
			saved, &now, cut, shows_hidden(&saved->asked, &now), &usable, &plan);
	left = mpol_nodeset_and(&plan.asked.nodes, &usable);
	if (plan.asked.mode == MPOL_MODE_PREFERRED && !mpol_nodeset_empty(&plan.asked.nodes) &&
		mpol_nodeset_empty(&left))
		prefer_nearest(&plan.asked, &usable);
	*ret = plan;
	return 0;
}

/* The numbers that RELATIVE has to be given for these nodes: their positions in the allowed set. */
static struct mpol_nodeset positions(
	const struct mpol_nodeset *nodes, const struct mpol_nodeset *usable)
{
	struct mpol_nodeset r = { { 0 } };
	unsigned position = 0;

	for (unsigned n = mpol_nodeset_next(usable, 0); n < MPOL_NODES_MAX;
		n = mpol_nodeset_next(usable, n + 1), position++)
		if (mpol_nodeset_has(nodes, n))
			mpol_nodeset_add(&r, position);
	return r;
}

struct mpol memory_exec_policy(const struct memory_plan *plan, const struct mpol_nodeset *usable)
{
	struct mpol policy = plan->asked;
	const bool relative = policy.flags & MPOL_FLAG_RELATIVE_NODES;
	struct mpol_nodeset left = mpol_nodeset_and(&policy.nodes, usable);

	/* The user's relative numbers always come out as some nodes. */
	if (mpol_nodeset_empty(&policy.nodes) || (relative && !plan->in_force))
		return policy;
	if (mpol_nodeset_empty(&left)) {
		/* A task that prefers many nodes, none of them allowed, takes its pages locally. */
		if (policy.mode == MPOL_MODE_PREFERRED_MANY)
			return (struct mpol){ .mode = MPOL_MODE_LOCAL };
		/* And one that may use none of its own uses all that are allowed. */
		left = *usable;
		policy.nodes = left;
	}
	if (relative)
		policy.nodes = positions(&left, usable);
	else if (plan->in_force || !(policy.flags & MPOL_FLAG_STATIC_NODES))
		policy.nodes = left;
	return policy;
}

int memory_apply_exec(const struct memory_plan *plan, struct err *e)
{
	const char *from = memory_source_name(plan->source);
	struct mpol policy = { 0 };
	struct mpol_nodeset usable;
	char text[MPOL_TEXT];
	int r = 0;

	if (!plan->present)
		return 0;
	/* The cpuset may change between the question and the answer; then both are asked again. */
	for (int i = 0; i < TRIES_MAX; i++) {
		r = mpol_allowed(&usable);
		if (r == -ENOSYS)
			return 0; /* without NUMA there is nothing to be the same as init's */
		if (r < 0)
			return err_set(
				e, -r, "%s: asking for the nodes that the cpuset allows", from);
		if (!mpol_nodeset_empty(&plan->host_memory))
			usable = mpol_nodeset_and(&usable, &plan->host_memory);
		policy = memory_exec_policy(plan, &usable);
		r = mpol_apply(&policy);
		if (r != -EINVAL)
			break;
	}
	if (r == -EINVAL) {
		/* Only a policy that this kernel never took, from a state of another boot. */
		policy = (struct mpol){ .mode = MPOL_MODE_DEFAULT };
		r = mpol_apply(&policy);
	}
	if (r < 0)
		return err_set(e, -r, "%s: setting %s, the policy of the container's init", from,
			mpol_maps_text(&policy, text));
	return 0;
}

/* --- checkpoint --- */

bool memory_now(const struct memory_result *saved, int init_proc_fd, struct mpol *ret)
{
	struct memory_plan plan = { .in_force = true };
	struct mpol_nodeset usable = allowed_of(init_proc_fd);
	struct mpol_host host;
	struct mpol now;
	bool cut;

	plan.host_memory = usable;
	if (mpol_host_read(AT_FDCWD, false, &host) == 0) {
		plan.host_memory = host.memory;
		mpol_host_free(&host);
	}
	usable = mpol_nodeset_and(&usable, &plan.host_memory);
	if (mpol_of_process(init_proc_fd, &now, &cut) < 0)
		return false;
	plan.asked = now;
	/* Else it is its caller's, by inheritance, or one that it has set itself. */
	if (saved->present)
		memory_exec_choose(
			saved, &now, cut, shows_hidden(&saved->asked, &now), &usable, &plan);
	else if (cut)
		return false;
	/* What is to be in force has to be given to RELATIVE by its positions. */
	if (plan.in_force && plan.asked.flags & MPOL_FLAG_RELATIVE_NODES)
		plan.asked = memory_exec_policy(&plan, &usable);
	*ret = plan.asked;
	return true;
}

const char *memory_text_of(int proc_fd, char *buf)
{
	struct mpol policy;
	bool cut;

	if (mpol_of_process(proc_fd, &policy, &cut) < 0)
		return NULL;
	return mpol_maps_text(&policy, buf);
}

bool memory_look(const struct memory_result *saved, int init_proc_fd, struct memory_live *ret)
{
	struct memory_live live = { 0 };
	struct mpol_nodeset usable;
	struct mpol_host host;

	if (mpol_of_process(init_proc_fd, &live.now, &live.cut) < 0)
		return false;
	live.allowed = allowed_of(init_proc_fd);
	live.memory = live.allowed;
	if (mpol_host_read(AT_FDCWD, false, &host) == 0) {
		live.memory = host.memory;
		mpol_host_free(&host);
	}
	live.due = live.now;
	if (saved->present) {
		usable = mpol_nodeset_and(&live.allowed, &live.memory);
		live.due = foresee(saved, &live.memory, &usable);
		live.hidden = shows_hidden(&live.due, &live.now);
		live.ours = live.hidden || is_shown(&live.due, &live.now, live.cut);
	}
	if (live.ours) {
		live.now = live.due; /* whole, and with its flags */
		live.cut = false;
	}
	*ret = live;
	return true;
}

bool memory_shows(
	const struct memory_live *live, const struct mpol *policy, const struct mpol *shown, bool cut)
{
	if (live->hidden && policy->flags & MPOL_FLAG_NUMA_BALANCING &&
		shown->mode == MPOL_MODE_DEFAULT)
		return true;
	return is_shown(policy, shown, cut);
}

/* --- update --- */

int memory_foresee(const struct memory_result *saved, bool refuse_narrowing, int init_proc_fd,
	const struct mpol_nodeset *mems, struct memory_move *ret, struct err *e)
{
	char before[MPOL_TEXT], after[MPOL_TEXT], lost[MPOL_NODESET_TEXT], text[MPOL_NODESET_TEXT];
	struct memory_move move = { .known = true };
	struct mpol_nodeset old, usable;
	struct memory_live live;

	if (!saved->present || !memory_look(saved, init_proc_fd, &live) || live.cut) {
		*ret = (struct memory_move){ 0 };
		return 0;
	}
	old = mpol_nodeset_and(&live.allowed, &live.memory);
	usable = mpol_nodeset_and(mems, &live.memory);
	move.before = move.after = live.now;
	if (!mpol_nodeset_empty(&usable))
		mpol_rebind(live.ours ? &saved->asked : &live.now, &move.after, &old, &usable);
	/* Preferred nodes stay in the policy, but no page comes from one that is not allowed. */
	if (is_rebound(live.now.mode))
		move.lost = mpol_nodeset_minus(&live.now.nodes, &move.after.nodes);
	else
		move.lost = mpol_nodeset_minus(&live.now.nodes, &usable);
	if (live.now.flags & MPOL_FLAG_RELATIVE_NODES)
		move.lost = (struct mpol_nodeset){ { 0 } };
	/* While nothing of a STATIC policy was allowed it used what it had never asked for. */
	else if (live.now.flags & MPOL_FLAG_STATIC_NODES && live.ours)
		move.lost = mpol_nodeset_and(&move.lost, &saved->asked.nodes);
	if (refuse_narrowing && !mpol_nodeset_empty(&move.lost))
		return err_say(e, EINVAL,
			"/linux/resources/cpu/mems: with nodes '%s' the container's memory policy "
			"'%s' would become '%s' and lose '%s' (the annotation "
			"hasu.memory-policy.narrowing=refuse is set)",
			mpol_nodeset_format(mems, text), mpol_maps_text(&move.before, before),
			mpol_maps_text(&move.after, after), mpol_nodeset_format(&move.lost, lost));
	*ret = move;
	return 0;
}

static bool same_policy(const struct mpol *a, const struct mpol *b)
{
	return a->mode == b->mode && a->flags == b->flags &&
	       mpol_nodeset_equal(&a->nodes, &b->nodes);
}

const char *memory_move_text(
	const struct memory_move *move, const char *from, struct arena *arena)
{
	char before[MPOL_TEXT], after[MPOL_TEXT], lost[MPOL_NODESET_TEXT];
	struct mpol_nodeset others;

	if (!move->known)
		return NULL;
	from = origin(from);
	(void)mpol_maps_text(&move->before, before);
	(void)mpol_maps_text(&move->after, after);
	(void)mpol_nodeset_format(&move->lost, lost);
	if (same_policy(&move->before, &move->after))
		return mpol_nodeset_empty(&move->lost)
			       ? NULL
			       : arena_printf(arena,
					 "%s: of the policy '%s' the nodes '%s' are not "
					 "allowed any more; its pages come from others",
					 from, before, lost);
	if (mpol_nodeset_empty(&move->lost))
		return arena_printf(arena, "%s: the policy '%s' becomes '%s'", from, before, after);
	others = mpol_nodeset_minus(&move->after.nodes, &move->before.nodes);
	return arena_printf(arena,
		"%s: the policy '%s' becomes '%s' and loses the nodes '%s'%s", from, before, after,
		lost,
		!mpol_nodeset_empty(&others) && !(move->before.flags & MOVABLE)
			? " (without MPOL_F_STATIC_NODES the kernel counts nodes by their position "
			  "in the cpuset)"
			: "");
}

const char *memory_refresh(const struct memory_move *foreseen, const char *from,
	int init_proc_fd, struct memory_result *result, struct arena *arena)
{
	char want[MPOL_TEXT], have[MPOL_TEXT];
	struct mpol_nodeset allowed;
	struct memory_live live;

	if (!result->present || !memory_look(result, init_proc_fd, &live) || live.cut) {
		allowed = allowed_of(init_proc_fd);
		if (result->present && !mpol_nodeset_empty(&allowed))
			result->allowed = allowed;
		return NULL;
	}
	if (!mpol_nodeset_empty(&live.allowed))
		result->allowed = live.allowed;
	result->effective = live.now;
	if (!foreseen->known || same_policy(&foreseen->after, &live.now))
		return NULL;
	return arena_printf(arena,
		"%s: '%s' is in force for the container's init, where '%s' was foreseen",
		origin(from), mpol_maps_text(&live.now, have),
		mpol_maps_text(&foreseen->after, want));
}
