/* SPDX-License-Identifier: Apache-2.0 */
/*
 * box.h - for tests of real mounts: the container's tree is put together by src/linux, and looked
 * at by stat(2) and mountinfo, from inside the container and from a stand-in for the host.
 *
 * Each test forks a "host": a process with its own mount namespace, whose root is shared, as
 * systemd leaves it, so that anything that leaks out of the container shows in its mountinfo. It
 * makes the "container" by clone3(2). As root only.
 */
#pragma once

#include "base/fd.h"
#include "base/str.h"
#include "base/sys.h"
#include "linux/devices.h"
#include "linux/mounts.h"
#include "linux/rootfs.h"
#include "spec/spec.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define BASE "/tmp" /* the host's: a tmpfs of the test's own */
#define ROOTFS BASE "/bundle/rootfs"
#define CANARY BASE "/canary" /* a directory outside of the rootfs */
#define HOST_ID 100000u       /* what root of the user namespace is outside */

/* In forked processes cmocka's own asserts would return to the wrong place: say it and exit. */
#define CHECK(cond)                                                                                \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			fprintf(stderr, "%s:%d: not so: %s (errno: %s)\n", __FILE__, __LINE__,     \
				#cond, strerror(errno));                                           \
			fflush(stderr);                                                            \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)
#define CHECK_OK(call)                                                                             \
	do {                                                                                       \
		if ((call) < 0) {                                                                  \
			fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #call,              \
				box->err.text);                                                    \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

/* One container: what its config says, and who looks at it when. */
struct box {
	struct spec spec;
	struct spec_mount mounts[256];
	struct arena arena;
	struct rootfs_cgroups cgroups;
	bool no_pivot, terminal;
	bool userns;
	bool rootless; /* the host's side is an ordinary user */
	mode_t umask;
	const char *refused;              /* words of the error that is expected, or NULL */
	bool may_be_refused;              /* with any words: what counts is the host afterwards */
	void (*inside)(struct box *box);  /* runs in the finished container */
	void (*mounted)(struct box *box); /* runs in init before the pivot */
	void (*outside)(struct box *box); /* runs in the host while the container lives */
	void (*after)(struct box *box);   /* runs in the host when it is gone */
	struct rootfs rootfs;
	int master, slave;
	pid_t pid; /* init, to the host */
	struct err err;
};

/* ------------------------------------------------------------------ looking */

/* mountinfo of the caller as text; the caller frees it. */
static inline char *mountinfo(void)
{
	char *text = NULL;

	CHECK(fd_read_file(AT_FDCWD, "/proc/self/mountinfo", 1u << 22, &text, NULL) == 0);
	return text;
}

/* The last line of mountinfo for a mount point, or false. Without escapes: ours have no blanks. */
static inline bool mount_line(const char *point, char line[1024])
{
	_cleanup_free_ char *text = mountinfo();
	bool found = false;
	char *save = NULL, at[512];

	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		if (sscanf(l, "%*s %*s %*s %*s %511s", at) == 1 && str_eq(at, point)) {
			snprintf(line, 1024, "%s", l);
			found = true;
		}
	}
	return found;
}

/* Does the mount at point have this word among its own options (not the superblock's)? */
static inline bool mount_has(const char *point, const char *word)
{
	char line[1024], options[256], *save = NULL;

	if (!mount_line(point, line) || sscanf(line, "%*s %*s %*s %*s %*s %255s", options) != 1)
		return false;
	for (char *w = strtok_r(options, ",", &save); w; w = strtok_r(NULL, ",", &save)) {
		if (str_eq(w, word))
			return true;
	}
	return false;
}

static inline bool mount_is(const char *point, const char *type)
{
	char line[1024], text[64];

	snprintf(text, sizeof(text), " - %s ", type);
	return mount_line(point, line) && strstr(line, text);
}

static inline bool exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static inline mode_t mode_of(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 ? st.st_mode : 0;
}

static inline bool links_to(const char *path, const char *to)
{
	char text[PATH_MAX];
	ssize_t n = readlink(path, text, sizeof(text) - 1);

	if (n < 0)
		return false;
	text[n] = '\0';
	return str_eq(text, to);
}

static inline bool is_char(const char *path, unsigned major, unsigned minor)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(major, minor);
}

static inline void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	CHECK(fd >= 0 && fd_write_all(fd, text, strlen(text)) == 0);
	close(fd);
}

static inline bool has_text(const char *path, const char *text)
{
	_cleanup_free_ char *got = NULL;

	return fd_read_file(AT_FDCWD, path, 65536, &got, NULL) == 0 && str_eq(got, text);
}

static inline int run(const char *command)
{
	int status = system(command);

	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* ------------------------------------------------------------------ making */

static inline struct str_list words(struct box *box, const char *text)
{
	struct str_list list = { .v = arena_array(&box->arena, char *, 32) };
	char *save = NULL, *copy = arena_strdup(&box->arena, text);

	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
		list.v[list.n++] = w;
	return list;
}

static inline void add(struct box *box, const char *destination, const char *type,
	const char *source, const char *options)
{
	CHECK(box->spec.n_mounts < ELEMENTS(box->mounts));
	box->mounts[box->spec.n_mounts++] = (struct spec_mount){ .destination = destination,
		.type = type,
		.source = source,
		.options = words(box, options) };
}

/* What `spec` writes, but for the cgroups. */
static inline void add_usual(struct box *box)
{
	add(box, "/proc", "proc", "proc", "");
	add(box, "/dev", "tmpfs", "tmpfs", "nosuid strictatime mode=755 size=65536k");
	add(box, "/dev/pts", "devpts", "devpts",
		box->userns ? "nosuid noexec newinstance ptmxmode=0666 mode=0620"
			    : "nosuid noexec newinstance ptmxmode=0666 mode=0620 gid=5");
	add(box, "/dev/shm", "tmpfs", "shm", "nosuid noexec nodev mode=1777 size=65536k");
	add(box, "/dev/mqueue", "mqueue", "mqueue", "nosuid noexec nodev");
	add(box, "/sys", "sysfs", "sysfs", "nosuid noexec nodev ro");
}

/*
 * A /dev of the stand-in's own: what the code under test may get wrong must not reach the
 * machine's, which is one devtmpfs for all mount namespaces.
 */
static inline void make_dev_of_host(void)
{
	static const struct {
		const char *path;
		unsigned major, minor;
	} nodes[] = {
		{ "/dev/null", 1, 3 },
		{ "/dev/zero", 1, 5 },
		{ "/dev/full", 1, 7 },
		{ "/dev/random", 1, 8 },
		{ "/dev/urandom", 1, 9 },
		{ "/dev/tty", 5, 0 },
		{ "/dev/ptmx", 5, 2 },
	};

	CHECK(mount("dev", "/dev", "tmpfs", MS_NOSUID, "mode=755") == 0);
	mode_t umask_before = umask(0);
	for (size_t i = 0; i < ELEMENTS(nodes); i++)
		CHECK(mknod(nodes[i].path, S_IFCHR | 0666,
			      makedev(nodes[i].major, nodes[i].minor)) == 0);
	umask(umask_before);
	CHECK(mkdir("/dev/pts", 0755) == 0);
	CHECK(mount("devpts", "/dev/pts", "devpts", 0, "newinstance,ptmxmode=0666") == 0);
}

/* The host: a tmpfs that only this process and its children see, a busybox rootfs, a canary. */
static inline void make_host(const struct box *box)
{
	CHECK(unshare(CLONE_NEWNS) == 0);
	CHECK(mount("", "/", "", MS_PRIVATE | MS_REC, "") == 0);
	CHECK(mount("tmpfs", BASE, "tmpfs", 0, "mode=755,size=64m") == 0);
	make_dev_of_host();
	CHECK(mkdir(BASE "/bundle", 0755) == 0 && mkdir(CANARY, 0755) == 0);
	CHECK(run("mkdir -p " ROOTFS "/bin " ROOTFS "/etc " ROOTFS "/proc " ROOTFS "/dev " ROOTFS
		  "/sys " ROOTFS "/tmp && chmod 1777 " ROOTFS "/tmp && cp /bin/busybox " ROOTFS
		  "/bin/ && ln -s busybox " ROOTFS "/bin/sh") == 0);
	write_text(CANARY "/file", "untouched");
	if (box->userns)
		CHECK(run("chown -R 100000:100000 " ROOTFS) == 0);
	CHECK(mount("", "/", "", MS_SHARED | MS_REC, "") == 0);
}

static inline void init_main(struct box *box, int go, int done)
{
	char byte;
	struct rootfs *r = &box->rootfs;

	CHECK(read(go, &byte, 1) == 1);
	if (box->spec.linux_.namespaces[NS_CGROUP].present)
		CHECK(unshare(CLONE_NEWCGROUP) == 0);
	umask(box->umask);
	int n = rootfs_attach(r, &box->err);
	if (n == 0 && box->userns) {
		CHECK(box->rootless || sys_setgroups(0, NULL) == 0);
		CHECK(sys_setresgid(0) == 0 && sys_setresuid(0) == 0);
	}
	if (n == 0)
		n = rootfs_mount(r, &box->err);
	if (n == 0 && box->mounted)
		box->mounted(box);
	if (n == 0)
		n = rootfs_pivot(r, &box->err);
	if (n == 0 && box->terminal)
		n = rootfs_console(r, &box->master, &box->slave, &box->err);
	if (n == 0)
		n = rootfs_seal(r, &box->err);
	if (n == 0)
		n = rootfs_share(r, &box->err);
	if (n < 0 && box->may_be_refused)
		_exit(0);
	if (box->refused) {
		if (n == 0 || !strstr(box->err.text, box->refused)) {
			fprintf(stderr, "expected \"%s\", got \"%s\"\n", box->refused,
				n == 0 ? "success" : box->err.text);
			_exit(1);
		}
		_exit(0);
	}
	if (n < 0) {
		fprintf(stderr, "init: %s\n", box->err.text);
		_exit(1);
	}
	rootfs_close(r);
	if (box->inside)
		box->inside(box);
	CHECK(write(done, "", 1) == 1);
	CHECK(read(go, &byte, 1) == 1); /* the host has looked */
	_exit(0);
}

static inline void write_maps(const struct box *box, pid_t pid)
{
	char path[64], map[64];

	snprintf(map, sizeof(map), "0 %u %u\n", HOST_ID, box->rootless ? 1 : 65536);
	if (box->rootless) {
		snprintf(path, sizeof(path), "/proc/%d/setgroups", pid);
		CHECK(fd_write_file(AT_FDCWD, path, "deny") == 0);
	}
	snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
	CHECK(fd_write_file(AT_FDCWD, path, map) == 0);
	snprintf(path, sizeof(path), "/proc/%d/gid_map", pid);
	CHECK(fd_write_file(AT_FDCWD, path, map) == 0);
}

/* Whatever the config asked for, the host's mounts and files are what they were. */
static inline void check_host(const struct box *box, const char *mounts_before)
{
	struct stat st;

	_cleanup_free_ char *mounts_now = mountinfo();
	if (!box->outside)
		CHECK(str_eq(mounts_before, mounts_now));
	CHECK(has_text(CANARY "/file", "untouched"));
	CHECK(stat(CANARY, &st) == 0 && st.st_nlink == 2 && st.st_uid == 0);
	CHECK(run("test $(ls -A " CANARY " | wc -l) = 1") == 0);
	CHECK(is_char("/dev/null", 1, 3) && !S_ISLNK(mode_of("/dev/ptmx")));
}

static inline void start(struct box *box)
{
	int go[2], done[2], status;
	char byte;

	CHECK(pipe2(go, O_CLOEXEC) == 0 && pipe2(done, O_CLOEXEC) == 0);
	struct clone_args args = { .flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC |
					    CLONE_NEWNET | (box->userns ? CLONE_NEWUSER : 0),
		.exit_signal = SIGCHLD };
	pid_t pid = sys_clone3(&args);
	CHECK(pid >= 0);
	if (pid == 0) {
		/* Its own ends would keep it waiting for a host that failed. */
		close(go[1]);
		close(done[0]);
		init_main(box, go[0], done[1]);
	}
	box->pid = pid;
	close(done[1]);
	rootfs_close(&box->rootfs);
	if (box->userns)
		write_maps(box, pid);
	CHECK(write(go[1], "", 1) == 1);
	if (read(done[0], &byte, 1) == 1 && box->outside)
		box->outside(box);
	CHECK(write(go[1], "", 1) == 1);
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* The host's side: build, start, look, compare. */
static inline void host_main(struct box *box)
{
	struct spec_namespace *ns = box->spec.linux_.namespaces;

	box->spec.mounts = box->mounts;
	box->spec.root.path = "rootfs";
	ns[NS_MOUNT].present = ns[NS_PID].present = ns[NS_IPC].present = true;
	ns[NS_NETWORK].present = true;
	ns[NS_USER].present = box->userns;

	_cleanup_free_ char *before = mountinfo();
	_cleanup_close_ int bundle = open(BASE "/bundle", O_PATH | O_DIRECTORY | O_CLOEXEC);
	CHECK(bundle >= 0);
	struct rootfs_options opts = { .bundle_fd = bundle,
		.bundle = BASE "/bundle",
		.no_pivot = box->no_pivot,
		.cgroups = box->cgroups.n ? &box->cgroups : NULL };
	if (box->rootless)
		CHECK(setgroups(0, NULL) == 0 && setresgid(HOST_ID, HOST_ID, HOST_ID) == 0 &&
			setresuid(HOST_ID, HOST_ID, HOST_ID) == 0 &&
			prctl(PR_SET_DUMPABLE, 1) == 0); /* /proc/PID belongs to the user */
	int n = rootfs_open(&box->spec, &opts, &box->arena, &box->rootfs, &box->err);
	if (n == 0) {
		start(box);
	} else if (!box->may_be_refused &&
		   (!box->refused || !strstr(box->err.text, box->refused))) {
		fprintf(stderr, "rootfs_open: %s\n", box->err.text);
		_exit(1);
	}
	if (box->after)
		box->after(box);
	check_host(box, before);
}

/* Run a test's box in a host of its own. prepare works on the host before the container. */
static inline void in_host(struct box *box, void (*prepare)(struct box *box))
{
	int status;

	fflush(NULL);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		make_host(box);
		if (prepare)
			prepare(box);
		host_main(box);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	arena_free(&box->arena);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}
