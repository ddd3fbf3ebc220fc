/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mount_idmap.c - mounts whose IDs are mapped. The kernel takes the map from a user namespace, so
 * one is made that nobody ever lives in: its first process waits to be killed.
 */
#include "base/fd.h"
#include "base/path.h"
#include "base/sys.h"
#include "linux/idmap.h"
#include "linux/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static bool same_map(const struct id_map *a, const struct id_map *b);
static int find_namespace(struct rootfs *r, size_t i, struct err *e);
static int make_namespace(
	const char *at, const struct id_map *uid, const struct id_map *gid, struct err *e);
static int explain(const struct rootfs *r, size_t i, int num, struct err *e);

int mount_idmap_open(struct rootfs *r, size_t i, struct err *e)
{
	int ns = find_namespace(r, i, e);

	return ns < 0 ? ns : 0;
}

int mount_idmap(struct rootfs *r, size_t i, int fd, struct err *e)
{
	const struct mount_plan *plan = &r->mounts[i];

	int ns = find_namespace(r, i, e);
	if (ns < 0)
		return ns;
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)ns };
	if (mount_setattr(fd, "", AT_EMPTY_PATH | (plan->idmap_recursive ? AT_RECURSIVE : 0), &attr,
		    sizeof(attr)) < 0)
		return explain(r, i, errno, e);
	return 0;
}

/* The maps of mount number i: its own, or those of the container's user namespace. */
static void maps_of(const struct rootfs *r, size_t i, const struct id_map **ret_uid,
	const struct id_map **ret_gid)
{
	const struct spec_mount *m = &r->spec->mounts[i];
	const struct spec_linux *l = &r->spec->linux_;

	*ret_uid = m->uid_mappings.n ? &m->uid_mappings : &l->uid_mappings;
	*ret_gid = m->uid_mappings.n ? &m->gid_mappings : &l->gid_mappings;
}

/* A descriptor that the rootfs keeps: volumes mostly have one map in common. */
static int find_namespace(struct rootfs *r, size_t i, struct err *e)
{
	const struct spec_namespace *user = &r->spec->linux_.namespaces[NS_USER];
	const bool own = r->spec->mounts[i].uid_mappings.n > 0;
	const struct id_map *uid, *gid, *other_uid, *other_gid;
	char at[64];

	if (r->idmap_fds[i] >= 0)
		return r->idmap_fds[i];
	/* A namespace that is joined has maps that only it knows. */
	if (!own && user->path) {
		int fd = open(user->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
		r->idmap_fds[i] = fd;
		return fd < 0 ? err_set(e, errno, "opening user namespace '%s'", user->path) : fd;
	}
	maps_of(r, i, &uid, &gid);
	for (size_t k = 0; k < i; k++) {
		if (r->idmap_fds[k] < 0 || (!r->spec->mounts[k].uid_mappings.n && user->path))
			continue;
		maps_of(r, k, &other_uid, &other_gid);
		if (same_map(uid, other_uid) && same_map(gid, other_gid))
			return r->idmap_fds[k];
	}
	(void)snprintf(at, sizeof(at), own ? "/mounts/%zu" : "/linux", i);
	return r->idmap_fds[i] = make_namespace(at, uid, gid, e);
}

static bool same_map(const struct id_map *a, const struct id_map *b)
{
	return a == b ||
	       (a->n == b->n && (a->n == 0 || memcmp(a->v, b->v, a->n * sizeof(*a->v)) == 0));
}

static int open_namespace(pid_t pid, const char *at, const struct id_map *uid,
	const struct id_map *gid, struct err *e)
{
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/%d", pid);
	_cleanup_close_ int proc = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (proc < 0)
		return err_set(e, errno, "opening %s", path);
	int n = idmap_write_maps(proc, at, uid, gid, e);
	if (n < 0)
		return n;
	int ns = openat(proc, "ns/user", O_RDONLY | O_CLOEXEC);
	return ns < 0 ? err_set(e, errno, "opening the user namespace of a mount's IDs") : ns;
}

static int make_namespace(
	const char *at, const struct id_map *uid, const struct id_map *gid, struct err *e)
{
	int pidfd = -1;
	struct clone_args args = {
		.flags = CLONE_NEWUSER | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
	};
	siginfo_t info;

	const pid_t parent = getpid();
	pid_t pid = sys_clone3(&args);
	if (pid < 0)
		return err_set(e, -pid, "making a user namespace for the IDs of a mount");
	if (pid == 0) {
		/* Not to outlive a parent that is killed meanwhile. */
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() == parent)
			(void)pause();
		_exit(1);
	}
	int ns = open_namespace(pid, at, uid, gid, e);
	(void)sys_pidfd_send_signal(pidfd, SIGKILL);
	while (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED) < 0 && errno == EINTR)
		;
	fd_close(pidfd);
	return ns;
}

static int explain(const struct rootfs *r, size_t i, int num, struct err *e)
{
	const char *source = r->spec->mounts[i].source;

	if (num == EINVAL)
		return err_set(e, num,
			"mapping the IDs of '%s'%s: its file system cannot do that on this kernel",
			source,
			r->mounts[i].idmap_recursive ? " and of what is mounted below it" : "");
	if (num == EPERM)
		return err_set(e, num,
			"mapping the IDs of '%s': they are mapped already, or the caller has no "
			"CAP_SYS_ADMIN where its file system was mounted",
			source);
	return err_set(e, num, "mapping the IDs of '%s'", source);
}
