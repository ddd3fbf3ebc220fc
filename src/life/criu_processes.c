/* SPDX-License-Identifier: Apache-2.0 */
/*
 * criu_processes.c - what a dump would lose of a container's processes.
 *
 * CRIU saves init's descendants alone, and no memory policy. How many processes and threads there are,
 * and who is whose child, is the container's to choose: so each process is looked at once, and of
 * threads as many as need not be waited for.
 */
#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "life/criu.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define STAT_MAX 4096u
#define OUTSIDE_MAX 64    /* parents that are not in the container's cgroup */
#define THREADS_MAX 16384 /* looked at, of all processes together */

/* Field 4 of /proc/PID/stat; -1: it has ended. */
static pid_t parent_of(pid_t pid)
{
	char path[32], *p;
	_cleanup_free_ char *text = NULL;
	int parent, group;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (fd_read_file(AT_FDCWD, path, STAT_MAX, &text, NULL) < 0)
		return -1;
	/* The name in field 2 may hold anything; the last bracket ends it. */
	p = strrchr(text, ')');
	if (!p || sscanf(p + 1, " %*c %d %d", &parent, &group) != 2)
		return -1;
	/* fs/proc/array.c: one that is just being released has parent 0 and group -1. */
	return group < 0 ? -1 : parent;
}

static int by_pid(const void *a, const void *b)
{
	const struct criu_process *x = a, *y = b;

	return (x->pid > y->pid) - (x->pid < y->pid);
}

static struct criu_process *find(struct criu_process *v, size_t n, pid_t pid)
{
	const struct criu_process key = { .pid = pid };

	return bsearch(&key, v, n, sizeof(*v), by_pid);
}

/* The way up from there ends at init, at somebody who is known already, or elsewhere. */
static enum criu_kin way_up(struct criu_process *v, size_t n, pid_t init, pid_t pid)
{
	unsigned outside = 0;

	/* As many steps as there are processes, should the tree have changed under our feet. */
	for (size_t i = 0; i < n + OUTSIDE_MAX && pid > 1; i++) {
		if (pid == init)
			return CRIU_KIN_INITS;
		const struct criu_process *p = find(v, n, pid);
		if (p && p->kin != CRIU_KIN_UNKNOWN)
			return p->kin;
		if (!p && ++outside > OUTSIDE_MAX)
			break;
		pid = p ? p->parent : parent_of(pid);
		if (pid < 0)
			return CRIU_KIN_INITS; /* gone meanwhile */
	}
	return pid == init ? CRIU_KIN_INITS : CRIU_KIN_STRAY;
}

pid_t criu_first_stray(struct criu_process *v, size_t n, pid_t init)
{
	struct criu_process *p;

	qsort(v, n, sizeof(*v), by_pid);
	for (size_t i = 0; i < n; i++) {
		const enum criu_kin kin = way_up(v, n, init, v[i].pid);
		if (kin == CRIU_KIN_STRAY)
			return v[i].pid;
		/* So that nobody goes this way again. */
		for (pid_t pid = v[i].pid; (p = find(v, n, pid)) && p->kin == CRIU_KIN_UNKNOWN;
			pid = p->parent)
			p->kin = kin;
	}
	return 0;
}

struct others {
	size_t looked_at, n;
	char first[MPOL_TEXT + 320];
};

/* Threads whose policy is another than init's: a restore gives them init's. */
static void look_at_threads(pid_t pid, const char *policy, struct others *others)
{
	char path[48], text[MPOL_TEXT];

	(void)snprintf(path, sizeof(path), "/proc/%d/task", pid);
	DIR *dir = opendir(path);
	if (!dir)
		return; /* it has ended */
	for (struct dirent *d; (d = readdir(dir));) {
		if (d->d_name[0] == '.')
			continue;
		if (others->n > 1 || ++others->looked_at > THREADS_MAX)
			break;
		_cleanup_close_ int fd =
			openat(dirfd(dir), d->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0 || !memory_text_of(fd, text) || str_eq(text, policy))
			continue;
		if (others->n++ == 0)
			(void)snprintf(others->first, sizeof(others->first),
				"thread %s of process %d has '%s'", d->d_name, pid, text);
	}
	closedir(dir);
}

int criu_check_processes(const struct state *s, int init_proc_fd, struct err *e)
{
	_cleanup_free_ struct criu_process *v = NULL;
	_cleanup_free_ pid_t *pids = NULL;
	struct others others = { 0 };
	char policy[MPOL_TEXT];
	size_t n;

	int r = cgroup_pids(s->cgroup, &pids, &n, e);
	if (r < 0)
		return r;
	v = calloc(n + 1, sizeof(*v));
	if (!v)
		return err_nomem(e);
	for (size_t i = 0; i < n; i++)
		v[i] = (struct criu_process){ .pid = pids[i], .parent = parent_of(pids[i]) };
	const pid_t stray = criu_first_stray(v, n, s->pid);
	if (stray)
		return err_say(e, EBUSY,
			"process %d of container '%s' is no descendant of its init, as what `exec` "
			"starts is not: CRIU saves init's descendants alone, so it has to end "
			"first",
			stray, s->id);
	const bool known = memory_text_of(init_proc_fd, policy);
	for (size_t i = 0; known && i < n; i++)
		look_at_threads(pids[i], policy, &others);
	if (others.n)
		log_warn("CRIU does not keep memory policies: after a restore every thread has "
			 "init's, '%s'; but %s%s",
			policy, others.first, others.n > 1 ? ", and there are more" : "");
	else if (others.looked_at > THREADS_MAX)
		log_info("CRIU does not keep memory policies: after a restore every thread has "
			 "init's, '%s'; of all threads the policies of %d were looked at",
			policy, THREADS_MAX);
	return 0;
}
