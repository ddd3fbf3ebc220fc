/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-rootfs.c - real mounts: the container's tree is put together by src/linux, and looked at by
 * stat(2) and mountinfo, from inside the container and from a stand-in for the host.
 *
 * Each test forks a "host": a process with its own mount namespace, whose root is shared, as
 * systemd leaves it, so that anything that leaks out of the container shows in its mountinfo. It
 * makes the "container" by clone3(2). As root only.
 */
#include "base/fd.h"
#include "base/str.h"
#include "base/sys.h"
#include "linux/devices.h"
#include "linux/mounts.h"
#include "linux/rootfs.h"
#include "spec/spec.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
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
	struct spec_mount mounts[24];
	struct arena arena;
	struct rootfs_cgroups cgroups;
	bool no_pivot, terminal, as_built;
	bool userns;
	mode_t umask;
	const char *refused;              /* words of the error that is expected, or NULL */
	void (*inside)(struct box *box);  /* runs in the finished container */
	void (*mounted)(struct box *box); /* runs in init before the pivot */
	void (*outside)(struct box *box); /* runs in the host while the container lives */
	void (*after)(struct box *box);   /* runs in the host when it is gone */
	struct rootfs rootfs;
	int master, slave;
	struct err err;
};

/* ------------------------------------------------------------------ looking */

/* mountinfo of the caller as text; the caller frees it. */
static char *mountinfo(void)
{
	char *text = NULL;

	CHECK(fd_read_file(AT_FDCWD, "/proc/self/mountinfo", 1u << 22, &text, NULL) == 0);
	return text;
}

/* The last line of mountinfo for a mount point, or false. Without escapes: ours have no blanks. */
static bool mount_line(const char *point, char line[1024])
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
static bool mount_has(const char *point, const char *word)
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

static bool mount_is(const char *point, const char *type)
{
	char line[1024], text[64];

	snprintf(text, sizeof(text), " - %s ", type);
	return mount_line(point, line) && strstr(line, text);
}

static bool exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 ? st.st_mode : 0;
}

static bool links_to(const char *path, const char *to)
{
	char text[PATH_MAX];
	ssize_t n = readlink(path, text, sizeof(text) - 1);

	if (n < 0)
		return false;
	text[n] = '\0';
	return str_eq(text, to);
}

static bool is_char(const char *path, unsigned major, unsigned minor)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(major, minor);
}

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	CHECK(fd >= 0 && fd_write_all(fd, text, strlen(text)) == 0);
	close(fd);
}

static bool has_text(const char *path, const char *text)
{
	_cleanup_free_ char *got = NULL;

	return fd_read_file(AT_FDCWD, path, 65536, &got, NULL) == 0 && str_eq(got, text);
}

static int run(const char *command)
{
	int status = system(command);

	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* ------------------------------------------------------------------ making */

static struct str_list words(struct box *box, const char *text)
{
	struct str_list list = { .v = arena_array(&box->arena, char *, 32) };
	char *save = NULL, *copy = arena_strdup(&box->arena, text);

	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
		list.v[list.n++] = w;
	return list;
}

static void add(struct box *box, const char *destination, const char *type, const char *source,
	const char *options)
{
	CHECK(box->spec.n_mounts < ELEMENTS(box->mounts));
	box->mounts[box->spec.n_mounts++] = (struct spec_mount){ .destination = destination,
		.type = type,
		.source = source,
		.options = words(box, options) };
}

/* What `spec` writes, but for the cgroups. */
static void add_usual(struct box *box)
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

/* The host: a tmpfs that only this process and its children see, a busybox rootfs, a canary. */
static void make_host(const struct box *box)
{
	CHECK(unshare(CLONE_NEWNS) == 0);
	CHECK(mount("", "/", "", MS_PRIVATE | MS_REC, "") == 0);
	CHECK(mount("tmpfs", BASE, "tmpfs", 0, "mode=755,size=64m") == 0);
	CHECK(mkdir(BASE "/bundle", 0755) == 0 && mkdir(CANARY, 0755) == 0);
	CHECK(run("mkdir -p " ROOTFS "/bin " ROOTFS "/etc " ROOTFS "/proc " ROOTFS "/dev " ROOTFS
		  "/sys " ROOTFS "/tmp && chmod 1777 " ROOTFS "/tmp && cp /bin/busybox " ROOTFS
		  "/bin/ && ln -s busybox " ROOTFS "/bin/sh") == 0);
	write_text(CANARY "/file", "untouched");
	if (box->userns)
		CHECK(run("chown -R 100000:100000 " ROOTFS) == 0);
	CHECK(mount("", "/", "", MS_SHARED | MS_REC, "") == 0);
}

static void init_main(struct box *box, int go, int done)
{
	char byte;
	struct rootfs *r = &box->rootfs;

	CHECK(read(go, &byte, 1) == 1);
	if (box->spec.linux_.namespaces[NS_CGROUP].present)
		CHECK(unshare(CLONE_NEWCGROUP) == 0);
	umask(box->umask);
	int n = rootfs_attach(r, &box->err);
	if (n == 0 && box->userns) {
		CHECK(sys_setgroups(0, NULL) == 0);
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

static void write_maps(pid_t pid)
{
	char path[64], map[64];

	snprintf(map, sizeof(map), "0 %u 65536\n", HOST_ID);
	snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
	CHECK(fd_write_file(AT_FDCWD, path, map) == 0);
	snprintf(path, sizeof(path), "/proc/%d/gid_map", pid);
	CHECK(fd_write_file(AT_FDCWD, path, map) == 0);
}

/* The host's side: build, start, look, compare. */
static void host_main(struct box *box)
{
	struct spec_namespace *ns = box->spec.linux_.namespaces;
	int go[2], done[2], status;
	char byte;

	box->spec.mounts = box->mounts;
	box->spec.root.path = "rootfs";
	ns[NS_MOUNT].present = ns[NS_PID].present = ns[NS_IPC].present = true;
	ns[NS_NETWORK].present = true;
	ns[NS_USER].present = box->userns;
	CHECK(pipe2(go, O_CLOEXEC) == 0 && pipe2(done, O_CLOEXEC) == 0);

	_cleanup_free_ char *before = mountinfo();
	int bundle = open(BASE "/bundle", O_PATH | O_DIRECTORY | O_CLOEXEC);
	CHECK(bundle >= 0);
	struct rootfs_options opts = { .bundle_fd = bundle,
		.bundle = BASE "/bundle",
		.no_pivot = box->no_pivot,
		.cgroups = box->cgroups.n ? &box->cgroups : NULL };
	if (rootfs_open(&box->spec, &opts, &box->arena, &box->rootfs, &box->err) < 0) {
		if (box->refused && strstr(box->err.text, box->refused))
			_exit(0);
		fprintf(stderr, "rootfs_open: %s\n", box->err.text);
		_exit(1);
	}
	struct clone_args args = { .flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC |
					    CLONE_NEWNET | (box->userns ? CLONE_NEWUSER : 0),
		.exit_signal = SIGCHLD };
	pid_t pid = sys_clone3(&args);
	CHECK(pid >= 0);
	if (pid == 0)
		init_main(box, go[0], done[1]);
	close(done[1]);
	rootfs_close(&box->rootfs);
	if (box->userns)
		write_maps(pid);
	CHECK(write(go[1], "", 1) == 1);
	if (!box->refused && read(done[0], &byte, 1) == 1 && box->outside)
		box->outside(box);
	CHECK(write(go[1], "", 1) == 1);
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);

	if (box->after)
		box->after(box);
	/* Whatever the config asked for, the host's mounts and files are what they were. */
	_cleanup_free_ char *afterwards = mountinfo();
	if (!box->outside)
		CHECK(str_eq(before, afterwards));
	CHECK(has_text(CANARY "/file", "untouched"));
	struct stat st;
	CHECK(stat(CANARY, &st) == 0 && st.st_nlink == 2 && st.st_uid == 0);
	CHECK(run("test $(ls -A " CANARY " | wc -l) = 1") == 0);
	CHECK(is_char("/dev/null", 1, 3));
}

/* Run a test's box in a host of its own. prepare works on the host before the container. */
static void in_host(struct box *box, void (*prepare)(struct box *box))
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

/* ------------------------------------------------------------------ the usual container */

static void usual_inside(struct box *box)
{
	struct stat root, proc;

	CHECK(getcwd((char[PATH_MAX]){ 0 }, PATH_MAX));
	CHECK(stat("/", &root) == 0 && stat("/proc/1/root", &proc) == 0 &&
		root.st_ino == proc.st_ino);
	CHECK(!exists("/bundle") && !exists(CANARY));
	CHECK(mount_is("/proc", "proc") && mount_is("/sys", "sysfs") && mount_is("/dev", "tmpfs"));
	CHECK(mount_is("/dev/pts", "devpts") && mount_is("/dev/mqueue", "mqueue"));
	CHECK(mount_has("/sys", "ro") && mount_has("/sys", "nosuid") &&
		mount_has("/sys", "noexec"));
	CHECK(mount_has("/dev/shm", "nodev") && mount_has("/dev/shm", "rw"));
	CHECK((mode_of("/dev/shm") & 07777) == 01777 && (mode_of("/dev") & 07777) == 0755);
	CHECK(mount_has("/", "ro") && open("/etc/x", O_CREAT | O_WRONLY, 0600) < 0 &&
		errno == EROFS);

	CHECK(is_char("/dev/null", 1, 3) && is_char("/dev/zero", 1, 5) &&
		is_char("/dev/full", 1, 7));
	CHECK(is_char("/dev/random", 1, 8) && is_char("/dev/urandom", 1, 9) &&
		is_char("/dev/tty", 5, 0));
	CHECK((mode_of("/dev/null") & 07777) == 0666);
	CHECK(links_to("/dev/fd", "/proc/self/fd") && links_to("/dev/stdin", "/proc/self/fd/0"));
	CHECK(links_to("/dev/stdout", "/proc/self/fd/1") &&
		links_to("/dev/stderr", "/proc/self/fd/2"));
	CHECK(links_to("/dev/ptmx", "pts/ptmx"));

	/* The terminal: a pty of this devpts, the very one on /dev/console. */
	struct stat slave, console;
	CHECK(fstat(box->slave, &slave) == 0 && stat("/dev/console", &console) == 0);
	CHECK(slave.st_rdev == console.st_rdev && slave.st_ino == console.st_ino);
	CHECK(slave.st_dev == console.st_dev && mount_is("/dev/console", "devpts"));
	CHECK(fcntl(box->slave, F_GETFD) == FD_CLOEXEC &&
		fcntl(box->master, F_GETFD) == FD_CLOEXEC);
	CHECK(write(box->slave, "x", 1) == 1);
	char c = 0;
	CHECK(read(box->master, &c, 1) == 1 && c == 'x');

	/* Covers. */
	struct stat a, b;
	CHECK(is_char("/proc/vmstat", 1, 3) && is_char("/proc/zoneinfo", 1, 3));
	CHECK(mount_is("/proc/driver", "tmpfs") && mount_has("/proc/driver", "ro"));
	CHECK(stat("/proc/driver", &a) == 0 && stat("/sys/firmware", &b) == 0 &&
		a.st_dev == b.st_dev);
	CHECK(mount_is("/sys/firmware", "tmpfs") && mount_has("/sys/firmware", "ro"));
	CHECK(run("test -z \"$(busybox ls /sys/firmware)\"") == 0);
	CHECK(mount_has("/proc/sys", "ro") && !mount_has("/proc", "ro"));
	CHECK(open("/proc/sys/kernel/hostname", O_WRONLY) < 0 && errno == EROFS);
	CHECK((mode_of("/work/here") & 07777) == 0755 && S_ISDIR(mode_of("/work/here")));

	/* Nothing of the host's is left open or mounted. */
	_cleanup_free_ char *text = mountinfo();
	CHECK(!strstr(text, BASE "/bundle") && !strstr(text, "shared:"));
	CHECK(run("/bin/busybox test -x /bin/busybox") == 0);
}

static void the_usual_container(void **state)
{
	struct box box = { .inside = usual_inside, .terminal = true, .umask = 077 };
	struct spec_linux *l = &box.spec.linux_;

	(void)state;
	add_usual(&box);
	box.spec.root.readonly = true;
	box.spec.has_process = true;
	box.spec.process.cwd = "/work/here";
	l->masked_paths = words(&box, "/proc/vmstat /proc/driver /proc/zoneinfo /sys/firmware "
				      "/nonexistent /proc/uptime/x");
	l->readonly_paths = words(&box, "/proc/bus /proc/fs /proc/irq /proc/sys /nonexistent");
	in_host(&box, NULL);
}

static int as_root(void **state)
{
	(void)state;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_usual_container),
	};

	if (geteuid() != 0) {
		fprintf(stderr, "mounts need root\n");
		return 77; /* meson: skipped */
	}
	return cmocka_run_group_tests(tests, as_root, NULL);
}
