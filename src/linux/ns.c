/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ns.c - which namespaces init gets: new ones, ones joined by path, the ones of another process.
 *
 * It never guesses a namespace's kind from its path, and never joins one that was not opened and
 * checked before.
 */
#include "linux/ns.h"

#include "base/fd.h"
#include "base/sys.h"
#include "spec/names.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

/* One row a kind: the kernel's flag and the name of its link in /proc/PID/ns. */
static const struct {
	uint64_t flag;
	const char *link;
} kinds[NS_TYPES] = {
	[NS_USER] = { CLONE_NEWUSER, "user" },
	[NS_CGROUP] = { CLONE_NEWCGROUP, "cgroup" },
	[NS_IPC] = { CLONE_NEWIPC, "ipc" },
	[NS_UTS] = { CLONE_NEWUTS, "uts" },
	[NS_NETWORK] = { CLONE_NEWNET, "net" },
	[NS_PID] = { CLONE_NEWPID, "pid" },
	[NS_MOUNT] = { CLONE_NEWNS, "mnt" },
	[NS_TIME] = { CLONE_NEWTIME, "time" },
};

static bool is_new(const struct spec *spec, enum ns_type type)
{
	const struct spec_namespace *ns = &spec->linux_.namespaces[type];

	return ns->present && !ns->path;
}

uint64_t ns_clone_flags(const struct spec *spec)
{
	uint64_t flags = 0;

	for (int i = 0; i < NS_TYPES; i++)
		if (i != NS_CGROUP && i != NS_TIME && is_new(spec, i))
			flags |= kinds[i].flag;
	if (ns_ipc_is_late(spec))
		flags &= ~kinds[NS_IPC].flag;
	return flags;
}

bool ns_ipc_is_late(const struct spec *spec)
{
	return is_new(spec, NS_IPC) && spec->linux_.namespaces[NS_USER].present;
}

int ns_new_ipc(struct err *e)
{
	if (unshare(CLONE_NEWIPC) < 0)
		return err_set(e, errno, "making a new ipc namespace");
	return 0;
}

bool ns_needs_joiner(const struct spec *spec)
{
	for (int i = 0; i < NS_TYPES; i++)
		if (spec->linux_.namespaces[i].present && spec->linux_.namespaces[i].path)
			return true;
	return is_new(spec, NS_TIME);
}

static const char *kind_name(uint64_t flag)
{
	const char *name = names_of(names_namespaces, flag);

	return name ? name : "unknown";
}

static const char *article(const char *word)
{
	return strchr("aeio", word[0]) ? "an" : "a";
}

/* Two descriptors or paths of one namespace have the same device and inode (namespaces(7)). */
static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Is fd the namespace of this kind that we are in? */
static bool is_own(int fd, enum ns_type type)
{
	struct stat own, st;
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/self/ns/%s", kinds[type].link);
	return stat(path, &own) == 0 && fstat(fd, &st) == 0 && same_file(&own, &st);
}

static int open_path(const char *path, enum ns_type type, int *ret_fd, struct err *e)
{
	_cleanup_close_ int fd = -1;
	const char *is;
	int flag;

	/* The path may be anything, also a FIFO: opening it must not wait. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return err_set(e, errno, "/linux/namespaces: opening %s namespace '%s'",
			kind_name(kinds[type].flag), path);
	/* Ask no other file system's ioctl: the number could mean anything there. */
	if (!fd_is_fs(fd, NSFS_MAGIC))
		return err_say(e, EINVAL, "/linux/namespaces: '%s' is not a namespace", path);
	flag = ioctl(fd, NS_GET_NSTYPE);
	if (flag < 0)
		return err_set(e, errno, "/linux/namespaces: asking for the type of '%s'", path);
	if ((uint64_t)flag != kinds[type].flag) {
		is = kind_name((uint64_t)flag);
		return err_say(e, EINVAL, "/linux/namespaces: '%s' is %s %s namespace, not %s",
			path, article(is), is, kind_name(kinds[type].flag));
	}
	/* Its root would be exchanged for the container's, for all who live in it. */
	if (type == NS_MOUNT && is_own(fd, type))
		return err_say(e, EINVAL,
			"/linux/namespaces: '%s' is the mount namespace of the runtime itself, "
			"which no container may have",
			path);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* What is set in a namespace that is the caller's as well is set for the host. */
static int check_own(const struct spec *spec, enum ns_type type, struct err *e)
{
	const struct {
		const char *field, *value, *proc;
	} names[] = { { "hostname", spec->hostname, "/proc/sys/kernel/hostname" },
		{ "domainname", spec->domainname, "/proc/sys/kernel/domainname" } };
	const struct pair_list *sysctl = &spec->linux_.sysctl;
	enum ns_type owner;

	for (size_t i = 0; i < sysctl->n; i++)
		if (spec_sysctl_owner(sysctl->v[i].key, &owner) && owner == type)
			return err_say(e, EINVAL,
				"/linux/sysctl: '%s' would change the host: '%s' is the %s "
				"namespace of the runtime itself",
				sysctl->v[i].key, spec->linux_.namespaces[type].path,
				kind_name(kinds[type].flag));
	/* Engines say the host's own name where a container shares it. */
	for (size_t i = 0; type == NS_UTS && i < ELEMENTS(names); i++) {
		_cleanup_free_ char *now = NULL;
		if (str_empty(names[i].value) ||
			fd_read_file(AT_FDCWD, names[i].proc, 4096, &now, NULL) < 0)
			continue;
		now[strcspn(now, "\n")] = '\0';
		if (!str_eq(now, names[i].value))
			return err_say(e, EINVAL,
				"/%s: '%s' would rename the host: '%s' is the uts namespace of the "
				"runtime itself",
				names[i].field, names[i].value, spec->linux_.namespaces[type].path);
	}
	return 0;
}

int ns_open_paths(const struct spec *spec, int ret_fds[NS_TYPES], struct err *e)
{
	int fds[NS_TYPES], r;

	for (int i = 0; i < NS_TYPES; i++)
		fds[i] = -1;
	for (int i = 0; i < NS_TYPES; i++) {
		const struct spec_namespace *ns = &spec->linux_.namespaces[i];

		if (!ns->present || !ns->path)
			continue;
		r = open_path(ns->path, i, &fds[i], e);
		if (r == 0 && is_own(fds[i], i))
			r = check_own(spec, i, e);
		if (r < 0) {
			ns_close(fds);
			return r;
		}
	}
	memcpy(ret_fds, fds, sizeof(fds));
	return 0;
}

void ns_close(int fds[NS_TYPES])
{
	for (int i = 0; i < NS_TYPES; i++)
		fds[i] = fd_close(fds[i]);
}

static int join(int fd, enum ns_type type, struct err *e)
{
	if (setns(fd, (int)kinds[type].flag) < 0)
		return err_set(e, errno, "/linux/namespaces: joining the %s namespace",
			kind_name(kinds[type].flag));
	return 0;
}

int ns_join(const int fds[NS_TYPES], struct err *e)
{
	bool later[NS_TYPES] = { false };
	int r;

	/* Joining the user namespace that one is in is EINVAL (setns(2)); there is nothing
	 * to do. */
	bool join_user = fds[NS_USER] >= 0 && !is_own(fds[NS_USER], NS_USER);

	/*
	 * Each of the others needs CAP_SYS_ADMIN in the user namespace that owns it. The host's
	 * root has that now and may lose it in the user namespace to be joined; an ordinary user
	 * only gets it there. What is refused now is tried again afterwards.
	 */
	for (int i = NS_USER + 1; i < NS_TYPES; i++) {
		if (fds[i] < 0)
			continue;
		r = join(fds[i], i, e);
		if (r == -EPERM && join_user)
			later[i] = true;
		else if (r < 0)
			return r;
	}
	if (join_user) {
		r = join(fds[NS_USER], NS_USER, e);
		if (r < 0)
			return r;
	}
	for (int i = NS_USER + 1; i < NS_TYPES; i++) {
		r = later[i] ? join(fds[i], i, e) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

int ns_to_join(const struct spec *spec, int proc_fd, pid_t pid, uint64_t *ret_flags, struct err *e)
{
	struct stat own, target;
	char path[64];
	uint64_t flags = 0;

	for (int i = 0; i < NS_TYPES; i++) {
		/* What was made for the container is not ours, so there is no need to ask; and
		 * where we run inside of it, joining it once more does no harm. But a user
		 * namespace may not be joined from inside (EINVAL). */
		if (i != NS_USER && is_new(spec, i)) {
			flags |= kinds[i].flag;
			continue;
		}
		(void)snprintf(path, sizeof(path), "self/ns/%s", kinds[i].link);
		if (fstatat(proc_fd, path, &own, 0) < 0) {
			if (errno == ENOENT)
				continue; /* this kernel has no such namespaces */
			return err_set(e, errno, "asking for the runtime's own %s namespace",
				kind_name(kinds[i].flag));
		}
		(void)snprintf(path, sizeof(path), "%d/ns/%s", (int)pid, kinds[i].link);
		if (fstatat(proc_fd, path, &target, 0) < 0)
			return err_set(e, errno == ENOENT ? ESRCH : errno,
				"asking for the %s namespace of the container's process %d",
				kind_name(kinds[i].flag), (int)pid);
		if (!same_file(&own, &target))
			flags |= kinds[i].flag;
	}
	*ret_flags = flags;
	return 0;
}

bool ns_needs_memory(uint64_t flags)
{
	return flags & CLONE_NEWTIME;
}

int ns_join_process(int pidfd, uint64_t flags, pid_t pid, uint64_t *ret_later, struct err *e)
{
	uint64_t later = ret_later ? flags & (CLONE_NEWCGROUP | CLONE_NEWUSER) : 0;

	/* For a root without a mount namespace the caller needs the rights that this may give. */
	if (!(flags & CLONE_NEWNS))
		later &= ~(uint64_t)CLONE_NEWUSER;
	/* All at once: the kernel checks each against the credentials from before. If pid is
	 * another process by now, this is ESRCH: pidfd knows better. */
	int r = flags & ~later && setns(pidfd, (int)(flags & ~later)) < 0 ? -errno : 0;
	if (r == -EPERM && later & CLONE_NEWUSER) {
		/* An ordinary user has the rights for the others only there. */
		later &= ~(uint64_t)CLONE_NEWUSER;
		r = setns(pidfd, (int)(flags & ~later)) < 0 ? -errno : 0;
	}
	if (r < 0)
		return err_set(
			e, -r, "joining the namespaces of the container's process %d", (int)pid);
	if (ret_later)
		*ret_later = later;
	return 0;
}

int ns_join_root(int pidfd, int proc_fd, pid_t pid, struct err *e)
{
	struct statx own, st;
	char path[32];

	(void)snprintf(path, sizeof(path), "%d/root", (int)pid);
	_cleanup_close_ int root = openat(proc_fd, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0 || statx(root, "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, &st) < 0 ||
		statx(AT_FDCWD, "/", 0, STATX_INO | STATX_MNT_ID, &own) < 0)
		return err_set(
			e, errno, "opening the root of the container's process %d", (int)pid);
	/* While it lives its number is its own, and so was what we opened. */
	int r = sys_pidfd_send_signal(pidfd, 0);
	if (r < 0)
		return err_set(e, -r, "looking whether the container's process %d lives", (int)pid);
	if (st.stx_mnt_id == own.stx_mnt_id && st.stx_ino == own.stx_ino)
		return err_say(e, EXDEV,
			"the container's process %d has left the container: its root is the "
			"runtime's own",
			(int)pid);
	if (fchdir(root) < 0 || chroot(".") < 0)
		return err_set(e, errno, "taking the root of the container's process %d", (int)pid);
	return 0;
}

int ns_lock_mounts(int pidfd, int proc_fd, int *ret_ns_fd, struct err *e)
{
	/*
	 * The kernel locks what it copies from one user namespace's mount namespace to another's
	 * (mount_namespaces(7), "Restrictions on mount namespaces"). The container's is owned by
	 * its own user namespace already, so the way to a second one leads over the caller's.
	 */
	if (setns(pidfd, CLONE_NEWNS) < 0)
		return err_set(e, errno, "entering the container's mount namespace");
	if (unshare(CLONE_NEWNS) < 0)
		return err_set(e, errno, "taking the container's mounts over");
	if (setns(pidfd, CLONE_NEWUSER) < 0)
		return err_set(e, errno, "entering the container's user namespace");
	if (unshare(CLONE_NEWNS) < 0)
		return err_set(e, errno, "giving the container its mounts back locked");
	int fd = openat(proc_fd, "self/ns/mnt", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, errno, "opening the container's locked mount namespace");
	*ret_ns_fd = fd;
	return 0;
}

static int offset_line(char *buf, size_t size, const char *clock, const struct spec_time_offset *o)
{
	if (!o->present)
		return 0;
	return snprintf(buf, size, "%s %" PRId64 " %" PRIu32 "\n", clock, o->secs, o->nanosecs);
}

/* proc_timens_set_offset(): at least 0, at most KTIME_SEC_MAX / 2. */
static bool outside(clockid_t clock, const struct spec_time_offset *o)
{
	const int64_t most = INT64_MAX / 1000000000 / 2;
	struct timespec now;

	return o->present && clock_gettime(clock, &now) == 0 &&
	       (o->secs < -now.tv_sec || o->secs > most - now.tv_sec);
}

static int time_error(const struct spec_linux *l, struct err *e)
{
	const bool monotonic = outside(CLOCK_MONOTONIC, &l->monotonic);
	const char *name = monotonic ? "monotonic" : "boottime";

	return err_say(e, ERANGE,
		"/linux/timeOffsets/%s/secs: by %" PRId64 " seconds the clock would be before 0 or "
		"after half of its range (146 years)",
		name, monotonic ? l->monotonic.secs : l->boottime.secs);
}

int ns_new_time(const struct spec *spec, int proc_fd, struct err *e)
{
	char text[160];
	int len, r;

	if (unshare(CLONE_NEWTIME) < 0)
		return err_set(e, errno, "/linux/namespaces: making a time namespace");

	/* In one write, and before the namespace has a process (time_namespaces(7)). */
	len = offset_line(text, sizeof(text), "monotonic", &spec->linux_.monotonic);
	len += offset_line(
		text + len, sizeof(text) - (size_t)len, "boottime", &spec->linux_.boottime);
	if (!len)
		return 0;
	r = fd_write_file(proc_fd, "self/timens_offsets", text);
	if (r == -ERANGE)
		return time_error(&spec->linux_, e);
	if (r < 0)
		return err_set(e, -r, "/linux/timeOffsets: writing the offsets");
	return 0;
}

int ns_new_cgroup(struct err *e)
{
	if (unshare(CLONE_NEWCGROUP) < 0)
		return err_set(e, errno, "/linux/namespaces: making a cgroup namespace");
	return 0;
}
