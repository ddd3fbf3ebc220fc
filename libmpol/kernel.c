/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel.c - what the running kernel can do, found by asking it.
 *
 * Distributions carry newer features back to older kernels, so a version says little. The question
 * is asked in a child, since the answer to "do you know this mode?" is to set it. The child shares
 * the caller's memory until it is gone, as vfork's does, and makes system calls only: it may be
 * started from a program with threads, handlers and locks, none of which it can disturb.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "internal.h"

#define CHILD_STACK 32768

struct question {
	struct mpol_kernel *kernel;
	int error; /* what kept the child from answering */
	bool done;
};

static bool takes(int mode_and_flags, const struct mpol_nodeset *nodes)
{
	return mempolicy_set(mode_and_flags, nodes) == 0;
}

static void ask_all(struct question *q, const struct mpol_nodeset *allowed)
{
	static const struct mpol_nodeset none;
	size_t n_modes, n_flags;
	const struct mpol_mode_info *modes = mpol_modes(&n_modes);
	const struct mpol_flag_info *flags = mpol_flags(&n_flags);

	for (size_t i = 0; i < n_modes; i++)
		if (takes(modes[i].number, modes[i].node_rule == MPOL_NODES_NONE ? &none : allowed))
			q->kernel->modes |= 1u << modes[i].number;
	/* MPOL_BIND is the mode that every flag goes with. */
	for (size_t i = 0; i < n_flags; i++)
		if (takes(MPOL_MODE_BIND | (int)flags[i].bit, allowed))
			q->kernel->flags |= flags[i].bit;
	q->kernel->balancing_many =
		takes(MPOL_MODE_PREFERRED_MANY | (int)MPOL_FLAG_NUMA_BALANCING, allowed);
}

static int child_main(void *arg)
{
	static const struct mpol_nodeset none;
	struct mpol_nodeset allowed;
	struct question *q = arg;
	int r;

	r = mpol_allowed(&allowed);
	if (r == 0) {
		q->kernel->numa = true;
		/* A seccomp filter may refuse the call: that says nothing about the kernel. */
		r = mempolicy_set(MPOL_MODE_DEFAULT, &none);
	}
	if (r == 0)
		ask_all(q, &allowed);
	else if (r != -ENOSYS)
		q->error = r;
	q->done = true;
	return 0;
}

static int ask_child(struct question *q)
{
	_Alignas(16) char stack[CHILD_STACK];
	sigset_t all, old;
	int pid, r, saved = errno;

	/* No handler of the caller may run in the child: it would run on the caller's memory. */
	sigfillset(&all);
	r = pthread_sigmask(SIG_SETMASK, &all, &old);
	if (r)
		return -r;
	/* No exit signal: the caller's SIGCHLD handler and its wait(2) see nothing. */
	pid = clone(child_main, stack + sizeof(stack), CLONE_VM | CLONE_VFORK, q);
	r = pid < 0 ? -errno : 0;
	if (pid > 0)
		while (waitpid(pid, NULL, __WCLONE) < 0 && errno == EINTR)
			;
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	errno = saved;
	if (r < 0)
		return r;
	/* Killed before it could answer, for example by a seccomp filter. */
	return q->done ? q->error : -EPERM;
}

int mpol_kernel_ask(struct mpol_kernel *ret)
{
	struct mpol_kernel kernel = { 0 };
	struct question q = { .kernel = &kernel };
	struct utsname name;
	int r;

	r = ask_child(&q);
	if (r < 0)
		return r;
	if (uname(&name) < 0)
		return -errno;
	(void)snprintf(kernel.release, sizeof(kernel.release), "%.64s", name.release);
	*ret = kernel;
	return 0;
}

static bool reached(int major, int minor, const int since[2])
{
	return major != since[0] ? major > since[0] : minor >= since[1];
}

void release_version(const char *release, int *ret_major, int *ret_minor)
{
	int major, minor;

	if (sscanf(release, "%4d.%4d", &major, &minor) != 2) {
		major = 9999;
		minor = 0;
	}
	*ret_major = major;
	*ret_minor = minor;
}

void mpol_kernel_guess(const char *release, struct mpol_kernel *ret)
{
	static const int many_since[2] = BALANCING_MANY_SINCE;
	struct mpol_kernel kernel = { .numa = true };
	size_t n_modes, n_flags;
	const struct mpol_mode_info *modes = mpol_modes(&n_modes);
	const struct mpol_flag_info *flags = mpol_flags(&n_flags);
	int major, minor;

	release_version(release, &major, &minor);
	for (size_t i = 0; i < n_modes; i++)
		if (reached(major, minor, modes[i].since))
			kernel.modes |= 1u << modes[i].number;
	for (size_t i = 0; i < n_flags; i++)
		if (reached(major, minor, flags[i].since))
			kernel.flags |= flags[i].bit;
	kernel.balancing_many = reached(major, minor, many_since);
	(void)snprintf(kernel.release, sizeof(kernel.release), "%.64s", release);
	*ret = kernel;
}
