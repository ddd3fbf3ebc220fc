/* SPDX-License-Identifier: Apache-2.0 */
/* Namespaces and ID maps; the links in /proc/PID/ns and the maps' files say what came of them. */
#include "base/sys.h"
#include "forked.h"
#include "linux/idmap.h"
#include "linux/netdev.h"
#include "linux/ns.h"

#include <linux/if.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

static void need_root(void)
{
	if (geteuid() != 0)
		skip();
}

static ino_t ns_of(pid_t pid, const char *name)
{
	char path[64];
	struct stat st;

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, name);
	return stat(path, &st) == 0 ? st.st_ino : 0;
}

/* Like a user's own program: after a change of IDs alone /proc/PID would stay root's. */
static void become_user(void)
{
	CHECK(setresgid(1000, 1000, 1000) == 0 && setresuid(1000, 1000, 1000) == 0);
	CHECK(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0);
}

/* A process in new namespaces, waiting to be killed. */
static pid_t resident(int flags)
{
	int fds[2];
	char c;
	pid_t pid;

	if (pipe(fds) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nobody */
		if (unshare(flags) < 0 || write(fds[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	(void)close(fds[1]);
	if (read(fds[0], &c, 1) != 1)
		pid = -1;
	(void)close(fds[0]);
	return pid;
}

static void end(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
}

static void only_new_namespaces_are_in_the_flags_of_clone(void **state)
{
	struct spec spec = { 0 };

	assert_int_equal(ns_clone_flags(&spec), 0);
	assert_false(ns_needs_joiner(&spec));
	for (int i = 0; i < NS_TYPES; i++)
		spec.linux_.namespaces[i].present = true;
	assert_int_equal(ns_clone_flags(&spec),
		CLONE_NEWUSER | CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWNS);
	assert_true(ns_needs_joiner(&spec)); /* for the time namespace */
	/* The ipc namespace is then init's to make. */
	spec.linux_.namespaces[NS_USER].present = false;
	assert_true(ns_clone_flags(&spec) & CLONE_NEWIPC);
	spec.linux_.namespaces[NS_TIME].present = false;
	assert_false(ns_needs_joiner(&spec));
	spec.linux_.namespaces[NS_PID].path = "/proc/1/ns/pid";
	assert_true(ns_needs_joiner(&spec));
	assert_int_equal(ns_clone_flags(&spec) & CLONE_NEWPID, 0);
}

static void a_path_that_is_not_such_a_namespace_is_refused_in_words(void **state)
{
	static const struct {
		enum ns_type type;
		const char *path, *text;
	} rows[] = {
		{ NS_PID, "/proc/self/ns/net",
			"/linux/namespaces: '/proc/self/ns/net' is a network namespace, not pid" },
		{ NS_NETWORK, "/proc/self/ns/ipc",
			"/linux/namespaces: '/proc/self/ns/ipc' is an ipc namespace, not network" },
		{ NS_NETWORK, "/proc/self/status",
			"/linux/namespaces: '/proc/self/status' is not a namespace" },
		{ NS_UTS, "/dev/null", "/linux/namespaces: '/dev/null' is not a namespace" },
		{ NS_MOUNT, "/nowhere",
			"/linux/namespaces: opening mount namespace '/nowhere': no such "
			"file or directory" },
	};

	for (size_t i = 0; i < ELEMENTS(rows); i++) {
		struct spec spec = { 0 };
		struct err e = { 0 };
		int fds[NS_TYPES] = { 77 }, before, after;

		/* One that is right comes first, and must not stay open. */
		spec.linux_.namespaces[NS_USER] =
			(struct spec_namespace){ true, "/proc/self/ns/user" };
		spec.linux_.namespaces[rows[i].type] =
			(struct spec_namespace){ true, rows[i].path };
		before = dup(0);
		(void)close(before);
		assert_true(ns_open_paths(&spec, fds, &e) < 0);
		assert_string_equal(e.text, rows[i].text);
		assert_int_equal(fds[0], 77);
		after = dup(0);
		(void)close(after);
		assert_int_equal(before, after);
	}
}

static void a_fifo_does_not_hold_the_runtime_up(void **state)
{
	char path[] = "/tmp/hasu-test-fifo-XXXXXX";
	struct spec spec = { 0 };
	struct err e = { 0 };
	int fds[NS_TYPES];

	(void)close(mkstemp(path));
	(void)unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	spec.linux_.namespaces[NS_IPC] = (struct spec_namespace){ true, path };
	(void)alarm(10);
	assert_int_equal(ns_open_paths(&spec, fds, &e), -EINVAL);
	(void)alarm(0);
	(void)unlink(path);
}

static void join_body(void *arg)
{
	pid_t pid = *(pid_t *)arg, other = resident(CLONE_NEWIPC);
	struct spec spec = { 0 };
	struct err e = { 0 };
	char user[64], net[64], uts[64], ipc[64];
	int fds[NS_TYPES];

	(void)snprintf(user, sizeof(user), "/proc/%d/ns/user", (int)pid);
	(void)snprintf(net, sizeof(net), "/proc/%d/ns/net", (int)pid);
	(void)snprintf(uts, sizeof(uts), "/proc/%d/ns/uts", (int)pid);
	spec.linux_.namespaces[NS_USER] = (struct spec_namespace){ true, user };
	spec.linux_.namespaces[NS_NETWORK] = (struct spec_namespace){ true, net };
	spec.linux_.namespaces[NS_UTS] = (struct spec_namespace){ true, uts };
	/* One that the host owns: it can be joined only before the user namespace is. */
	(void)snprintf(ipc, sizeof(ipc), "/proc/%d/ns/ipc", (int)other);
	spec.linux_.namespaces[NS_IPC] = (struct spec_namespace){ true, ipc };
	CHECK_OK(ns_open_paths(&spec, fds, &e), &e);
	CHECK_OK(ns_join(fds, &e), &e);
	ns_close(fds);
	CHECK(fds[NS_USER] == -1);
	CHECK(ns_of(getpid(), "user") == ns_of(pid, "user"));
	CHECK(ns_of(getpid(), "net") == ns_of(pid, "net"));
	CHECK(ns_of(getpid(), "uts") == ns_of(pid, "uts"));
	CHECK(ns_of(getpid(), "ipc") != 0);
	CHECK(ns_of(getpid(), "ipc") != ns_of(pid, "ipc"));
}

static void unprivileged_join_body(void *arg)
{
	/* Without privilege over the host everything has to come after the user namespace. */
	become_user();
	pid_t pid = resident(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWUTS);
	struct spec spec = { 0 };
	struct err e = { 0 };
	char user[64], net[64];
	int fds[NS_TYPES];

	CHECK(pid > 0);
	(void)snprintf(user, sizeof(user), "/proc/%d/ns/user", (int)pid);
	(void)snprintf(net, sizeof(net), "/proc/%d/ns/net", (int)pid);
	spec.linux_.namespaces[NS_USER] = (struct spec_namespace){ true, user };
	spec.linux_.namespaces[NS_NETWORK] = (struct spec_namespace){ true, net };
	CHECK_OK(ns_open_paths(&spec, fds, &e), &e);
	CHECK_OK(ns_join(fds, &e), &e);
	CHECK(ns_of(getpid(), "user") == ns_of(pid, "user"));
	CHECK(ns_of(getpid(), "net") == ns_of(pid, "net"));
	end(pid);
}

static void paths_are_joined_with_the_privilege_at_hand(void **state)
{
	pid_t pid;

	need_root();
	pid = resident(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWUTS);
	assert_true(pid > 0);
	assert_int_equal(forked(join_body, &pid), 0);
	end(pid);
	assert_int_equal(forked(unprivileged_join_body, NULL), 0);
}

static void own_body(void *arg)
{
	struct spec spec = { 0 };
	struct err e = { 0 };
	int fds[NS_TYPES];

	spec.linux_.namespaces[NS_USER] = (struct spec_namespace){ true, "/proc/self/ns/user" };
	spec.linux_.namespaces[NS_UTS] = (struct spec_namespace){ true, "/proc/self/ns/uts" };
	CHECK_OK(ns_open_paths(&spec, fds, &e), &e);
	CHECK_OK(ns_join(fds, &e), &e);
}

static void joining_ones_own_user_namespace_is_no_error(void **state)
{
	need_root();
	assert_int_equal(forked(own_body, NULL), 0);
}

static void process_body(void *arg)
{
	pid_t pid = *(pid_t *)arg;
	int proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int pidfd = sys_pidfd_open(pid);
	ino_t ipc = ns_of(getpid(), "ipc");
	const struct spec none = { 0 };
	uint64_t flags;
	struct err e = { 0 };

	CHECK(pidfd >= 0);
	CHECK_OK(ns_to_join(&none, proc_fd, pid, &flags, &e), &e);
	CHECK_OK(ns_join_process(pidfd, flags, pid, NULL, &e), &e);
	CHECK(ns_of(getpid(), "user") == ns_of(pid, "user"));
	CHECK(ns_of(getpid(), "net") == ns_of(pid, "net"));
	CHECK(ns_of(getpid(), "uts") == ns_of(pid, "uts"));
	CHECK(ns_of(getpid(), "ipc") == ipc);
	/* Now nothing differs: joining again must not be the EINVAL of one's own user namespace. */
	CHECK_OK(ns_to_join(&none, proc_fd, pid, &flags, &e), &e);
	CHECK(flags == 0);
	CHECK_OK(ns_join_process(pidfd, flags, pid, NULL, &e), &e);
	CHECK(ns_to_join(&none, proc_fd, 99999999, &flags, &e) == -ESRCH);
	CHECK_SAYS(&e, "the container's process 99999999: no such process");
	/* What the config had made is not asked for, and may be joined once more; but a user
	 * namespace may not, whether the config had it made or not. */
	struct spec made = { 0 };
	made.linux_.namespaces[NS_USER].present = true;
	made.linux_.namespaces[NS_NETWORK].present = true;
	made.linux_.namespaces[NS_UTS] = (struct spec_namespace){ true, "/proc/self/ns/uts" };
	CHECK_OK(ns_to_join(&made, proc_fd, pid, &flags, &e), &e);
	CHECK(flags == CLONE_NEWNET);
	CHECK_OK(ns_join_process(pidfd, flags, pid, NULL, &e), &e);
}

static void two_parts_body(void *arg)
{
	pid_t pid = *(pid_t *)arg;
	const uint64_t flags = CLONE_NEWUSER | CLONE_NEWCGROUP | CLONE_NEWNS | CLONE_NEWNET;
	const ino_t user = ns_of(getpid(), "user"), cgroup = ns_of(getpid(), "cgroup");
	uint64_t later = 0;
	struct err e = { 0 };

	const int pidfd = sys_pidfd_open(pid); /* closed by the end of this process */
	CHECK_OK(ns_join_process(pidfd, flags, pid, &later, &e), &e);
	CHECK(later == (CLONE_NEWUSER | CLONE_NEWCGROUP));
	CHECK(ns_of(getpid(), "mnt") == ns_of(pid, "mnt"));
	CHECK(ns_of(getpid(), "net") == ns_of(pid, "net"));
	CHECK(ns_of(getpid(), "user") == user && ns_of(getpid(), "cgroup") == cgroup);
	CHECK_OK(ns_join_process(pidfd, later, pid, NULL, &e), &e);
	CHECK(ns_of(getpid(), "user") == ns_of(pid, "user"));
	CHECK(ns_of(getpid(), "cgroup") == ns_of(pid, "cgroup"));
}

static void the_cgroup_and_the_user_namespace_may_be_joined_later(void **state)
{
	need_root();
	pid_t pid = resident(CLONE_NEWUSER | CLONE_NEWCGROUP | CLONE_NEWNS | CLONE_NEWNET);

	assert_true(pid > 0);
	assert_int_equal(forked(two_parts_body, &pid), 0);
	end(pid);
}

static void only_the_namespaces_that_differ_are_joined(void **state)
{
	static const int kinds[] = { CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWUTS,
		CLONE_NEWNET | CLONE_NEWUTS };

	need_root();
	for (size_t i = 0; i < ELEMENTS(kinds); i++) {
		pid_t pid = resident(kinds[i]);

		assert_true(pid > 0);
		assert_int_equal(forked(process_body, &pid), 0);
		end(pid);
	}
}

static void time_body(void *arg)
{
	int proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct spec spec = { 0 };
	struct timespec before, after;
	struct err e = { 0 };
	int status;
	pid_t pid;

	spec.linux_.boottime = (struct spec_time_offset){ true, 864000, 0 };
	spec.linux_.monotonic = (struct spec_time_offset){ true, 86400, 500 };
	CHECK(clock_gettime(CLOCK_BOOTTIME, &before) == 0);
	CHECK_OK(ns_new_time(&spec, proc_fd, &e), &e);
	pid = fork();
	if (pid == 0) {
		CHECK(clock_gettime(CLOCK_BOOTTIME, &after) == 0);
		CHECK(after.tv_sec - before.tv_sec >= 864000);
		CHECK(after.tv_sec - before.tv_sec < 864100);
		leave(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

static void bad_time_body(void *arg)
{
	int proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct spec spec = { 0 };
	struct err e = { 0 };

	spec.linux_.monotonic = (struct spec_time_offset){ true, -INT64_C(100000000000), 0 };
	CHECK(ns_new_time(&spec, proc_fd, &e) == -ERANGE);
	CHECK_SAYS(&e, "/linux/timeOffsets/monotonic/secs: by -100000000000 seconds the clock would");
}

static void children_of_a_new_time_namespace_see_the_offsets(void **state)
{
	need_root();
	assert_int_equal(forked(time_body, NULL), 0);
	assert_int_equal(forked(bad_time_body, NULL), 0);
}

static void loopback_body(void *arg)
{
	struct ifreq req = { .ifr_name = "lo" };
	struct err e = { 0 };
	int sock;

	CHECK(unshare(CLONE_NEWNET) == 0);
	sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	CHECK(ioctl(sock, SIOCGIFFLAGS, &req) == 0 && !(req.ifr_flags & IFF_UP));
	CHECK_OK(netdev_loopback_up(&e), &e);
	CHECK(ioctl(sock, SIOCGIFFLAGS, &req) == 0);
	CHECK((req.ifr_flags & (IFF_UP | IFF_RUNNING)) == (IFF_UP | IFF_RUNNING));
}

static void the_loopback_device_comes_up(void **state)
{
	need_root();
	assert_int_equal(forked(loopback_body, NULL), 0);
}

static void file_is(pid_t pid, const char *name, const char *want)
{
	char path[64], text[512];
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	n = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	CHECK(n >= 0);
	text[n] = '\0';
	/* The kernel pads its columns. */
	for (char *from = text, *to = text;; from++) {
		if (*from == ' ' && (to == text || to[-1] == ' ' || to[-1] == '\n'))
			continue;
		*to++ = *from;
		if (!*from)
			break;
	}
	if (strcmp(text, want) != 0) {
		fprintf(stderr, "%s is '%s'\n", path, text);
		_exit(1);
	}
}

static int write_maps(const struct spec_linux *l, pid_t *ret_pid, struct err *e)
{
	char path[64];
	pid_t pid = resident(CLONE_NEWUSER);
	int fd, r;

	CHECK(pid > 0);
	(void)snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	CHECK(fd >= 0);
	r = idmap_write(fd, l, e);
	(void)close(fd);
	*ret_pid = pid;
	return r;
}

static void maps_body(void *arg)
{
	struct id_mapping uids[] = { { 0, 100000, 1000 }, { 1000, 0, 1 } };
	struct id_mapping gids[] = { { 0, 200000, 65536 } };
	struct spec_linux l = { .uid_mappings = { 2, uids }, .gid_mappings = { 1, gids } };
	struct err e = { 0 };
	pid_t pid;

	CHECK_OK(write_maps(&l, &pid, &e), &e);
	file_is(pid, "uid_map", "0 100000 1000\n1000 0 1\n");
	file_is(pid, "gid_map", "0 200000 65536\n");
	file_is(pid, "setgroups", "allow\n");
	end(pid);

	uids[1] = (struct id_mapping){ 500, 300000, 10 };
	CHECK(write_maps(&l, &pid, &e) == -EINVAL);
	CHECK_SAYS(&e, "/linux/uidMappings: '0 100000 1000, 500 300000 10': the kernel refuses");
	end(pid);
}

static void unprivileged_maps_body(void *arg)
{
	struct id_mapping one[] = { { 0, 1000, 1 } }, other[] = { { 0, 1001, 1 } };
	struct spec_linux l = { .uid_mappings = { 1, one }, .gid_mappings = { 1, one } };
	struct err e = { 0 };
	pid_t pid;

	become_user();
	CHECK_OK(write_maps(&l, &pid, &e), &e);
	file_is(pid, "uid_map", "0 1000 1\n");
	file_is(pid, "gid_map", "0 1000 1\n");
	file_is(pid, "setgroups", "deny\n");
	end(pid);

	l.uid_mappings.v = other;
	CHECK(write_maps(&l, &pid, &e) == -EPERM);
	CHECK_SAYS(&e,
		"/linux/uidMappings: '0 1001 1': without CAP_SETUID only the caller's own user ID");
	end(pid);
}

static void too_many_body(void *arg)
{
	static struct id_mapping many[341], wide[340];
	struct spec_linux l = { .uid_mappings = { 341, many } };
	struct err e = { 0 };
	pid_t pid;

	for (uint32_t i = 0; i < 341; i++)
		many[i] = (struct id_mapping){ i, i, 1 };
	for (uint32_t i = 0; i < 340; i++)
		wide[i] = (struct id_mapping){ 4000000000 + i, 4000000000 + i, 1 };
	CHECK(write_maps(&l, &pid, &e) == -EINVAL);
	CHECK_SAYS(&e, "/linux/uidMappings: 341 mappings, but the kernel takes at most 340");
	end(pid);
	l.uid_mappings = (struct id_map){ 340, wide };
	CHECK(write_maps(&l, &pid, &e) == -EINVAL);
	CHECK_SAYS(&e, "bytes of mappings, but the kernel takes at most 4095");
	end(pid);
}

static void maps_are_written_whole_and_setgroups_denied_only_where_it_must_be(void **state)
{
	need_root();
	assert_int_equal(forked(maps_body, NULL), 0);
	assert_int_equal(forked(unprivileged_maps_body, NULL), 0);
	assert_int_equal(forked(too_many_body, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_new_namespaces_are_in_the_flags_of_clone),
		cmocka_unit_test(a_path_that_is_not_such_a_namespace_is_refused_in_words),
		cmocka_unit_test(a_fifo_does_not_hold_the_runtime_up),
		cmocka_unit_test(paths_are_joined_with_the_privilege_at_hand),
		cmocka_unit_test(joining_ones_own_user_namespace_is_no_error),
		cmocka_unit_test(only_the_namespaces_that_differ_are_joined),
		cmocka_unit_test(the_cgroup_and_the_user_namespace_may_be_joined_later),
		cmocka_unit_test(children_of_a_new_time_namespace_see_the_offsets),
		cmocka_unit_test(the_loopback_device_comes_up),
		cmocka_unit_test(maps_are_written_whole_and_setgroups_denied_only_where_it_must_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
