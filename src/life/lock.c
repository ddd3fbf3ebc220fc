/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lock.c - lock a container's mounts against the root of its user namespace.
 *
 * Init assembles its tree in a mount namespace that its own user namespace owns. There nothing
 * holds: root of the container, given CAP_SYS_ADMIN, could unmount a masked path or make a
 * read-only mount writable. So a helper copies that namespace by way of the host's user namespace,
 * which locks every mount, and init moves to the copy. The helper looks up no path and leaves no
 * process behind.
 */
#include "base/fd.h"
#include "life/create.h"
#include "life/fault.h"
#include "life/msg.h"
#include "linux/ns.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_our_user_ns(const struct attempt *a);
static int same_namespace(const struct attempt *a, struct err *e);
static void copy_main(void *arg, int sock) __attribute__((noreturn));

int lock_mounts(struct attempt *a, struct err *e)
{
	const struct spawn how = {
		.cgroup_fd = -1,
		.become = copy_main,
		.arg = a,
		.what = "the process that locks mounts",
	};
	struct spawned helper;
	_cleanup_close_ int ns_fd = -1;

	int r = FAULT("lock", e);
	if (r < 0)
		return r;
	/* A joined user namespace may be the one that we are in: it is above all locks. */
	if (is_our_user_ns(a))
		return same_namespace(a, e);
	if ((r = spawn(&how, &helper, e)) < 0)
		return r;
	r = msg_expect(helper.sock, MSG_LOCKED, NULL, &ns_fd, e);
	r = spawn_explain(&helper, r, how.what, e);
	if (r == 0)
		r = msg_send(a->init.sock, MSG_LOCKED, NULL, ns_fd, e);
	spawn_kill(&helper);
	return r < 0 ? err_prefix(e, "locking the container's mounts") : 0;
}

static bool is_our_user_ns(const struct attempt *a)
{
	struct stat own, theirs;
	char path[32];

	(void)snprintf(path, sizeof(path), "%d/ns/user", a->init.pid);
	return fstatat(a->host_proc_fd, "self/ns/user", &own, 0) == 0 &&
	       fstatat(a->host_proc_fd, path, &theirs, 0) == 0 && own.st_dev == theirs.st_dev &&
	       own.st_ino == theirs.st_ino;
}

static int same_namespace(const struct attempt *a, struct err *e)
{
	char path[32];

	(void)snprintf(path, sizeof(path), "%d/ns/mnt", a->init.pid);
	_cleanup_close_ int fd = openat(a->host_proc_fd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, errno, "opening the container's mount namespace");
	return msg_send(a->init.sock, MSG_LOCKED, NULL, fd, e);
}

static void copy_main(void *arg, int sock)
{
	const struct attempt *a = arg;
	struct err e = { 0 };
	int ns_fd = -1;

	/* In the container's user namespace others may look at us, and we hold the host's
	 * descriptors. */
	(void)prctl(PR_SET_DUMPABLE, 0);
	int r = ns_lock_mounts(a->init.pidfd, a->host_proc_fd, &ns_fd, &e);
	if (r == 0)
		r = msg_send(sock, MSG_LOCKED, NULL, ns_fd, &e);
	if (r < 0)
		msg_fail(sock, &e);
	_exit(r < 0);
}
