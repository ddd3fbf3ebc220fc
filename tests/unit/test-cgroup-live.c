/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Real cgroups: made below hasu-cgroup-test-PID in every hierarchy of this host, whatever its
 * version, and looked at through plain files and /proc/PID/cgroup, which share no code with the
 * layer under test. As root; what the host lacks is skipped.
 */
#include "parsed.h"

#include "base/fd.h"
#include "base/sys.h"
#include "cgroup/cgroup.h"
#include "cgroup/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <limits.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define assert_ok(call)                                                                            \
	do {                                                                                       \
		int ok_ = (call);                                                                  \
		if (ok_ < 0)                                                                       \
			fail_msg("%s = %d: %s", #call, ok_, t->e.text);                            \
	} while (0)
#define assert_says(words)                                                                         \
	do {                                                                                       \
		if (!strstr(t->e.text, words))                                                     \
			fail_msg("'%s' lacks '%s'", t->e.text, words);                             \
	} while (0)

struct test {
	struct arena arena;
	struct spec spec;
	struct cgroup *cg;
	struct err e;
	char parent[64], path[128];
	char enabled[256]; /* v2: controllers that the root passed on before */
};

/* ------------------------------------------------------------------ the oracle */

/* The directory of the test's parent in the hierarchy that has this controller ("" is v2). */
static bool host_dir(
	const struct test *t, const char *controller, const char *below, char ret[PATH_MAX])
{
	static const char *const v2[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };
	char file[PATH_MAX];

	if (*controller) {
		snprintf(ret, PATH_MAX, "/sys/fs/cgroup/%s", controller);
		snprintf(file, sizeof(file), "%s/cgroup.procs", ret);
		if (access(file, F_OK) < 0)
			return false;
		snprintf(ret, PATH_MAX, "/sys/fs/cgroup/%s%s", controller, below);
		return true;
	}
	for (size_t i = 0; i < ELEMENTS(v2); i++) {
		snprintf(file, sizeof(file), "%s/cgroup.controllers", v2[i]);
		if (access(file, F_OK) < 0)
			continue;
		snprintf(ret, PATH_MAX, "%s%s", v2[i], below);
		return true;
	}
	return false;
}

/* The directory that has the controller, on v1 or v2; false where there is none. */
static bool controller_dir(const struct test *t, const char *name, char ret[PATH_MAX], bool *ret_v2)
{
	char root[PATH_MAX], file[PATH_MAX + 32];
	_cleanup_free_ char *text = NULL;

	*ret_v2 = false;
	if (host_dir(t, name, t->path, ret))
		return true;
	if (!host_dir(t, "", "", root))
		return false;
	snprintf(file, sizeof(file), "%s/cgroup.controllers", root);
	assert_int_equal(fd_read_file(AT_FDCWD, file, 4096, &text, NULL), 0);
	*ret_v2 = true;
	return word_in(text, " \n", name) && host_dir(t, "", t->path, ret);
}

static char *slurp(const char *dir, const char *file)
{
	static char text[8192];
	char path[PATH_MAX + 64];

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	FILE *f = fopen(path, "re");
	if (!f)
		return NULL;
	size_t n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return text;
}

static void spit(const char *dir, const char *file, const char *text)
{
	char path[PATH_MAX + 64];

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	FILE *f = fopen(path, "we");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

/* In how many hierarchies is pid in the cgroup path, by /proc/PID/cgroup? ALL: in every one. */
#define ALL ((size_t)-1)
static size_t memberships(pid_t pid, const char *path)
{
	char file[64], line[PATH_MAX + 256];
	size_t n = 0, lines = 0;

	snprintf(file, sizeof(file), "/proc/%d/cgroup", (int)pid);
	FILE *f = fopen(file, "re");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		const char *at = strchr(strchr(line, ':') + 1, ':') + 1;
		n += strcmp(at, path) == 0;
		lines++;
	}
	fclose(f);
	return n == lines ? ALL : n;
}

/* How many directories of this name are there in all hierarchies, at any depth? */
static int leftovers(const char *name)
{
	char command[256];
	int n = -1;

	snprintf(
		command, sizeof(command), "find /sys/fs/cgroup -type d -path '*%s*' | wc -l", name);
	FILE *f = popen(command, "re");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%d", &n), 1);
	pclose(f);
	return n;
}

/* ------------------------------------------------------------------ the fixture */

static void plan(struct test *t, const char *id)
{
	snprintf(t->path, sizeof(t->path), "%s/%s", t->parent, id);
	t->spec.linux_.cgroups_path = t->path;
	assert_ok(cgroup_plan(&t->spec, "id", CGROUP_CGROUPFS, &t->arena, &t->cg, &t->e));
}

static int setup(void **state)
{
	static unsigned serial;
	struct test *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	snprintf(t->parent, sizeof(t->parent), "/hasu-cgroup-test-%d-%u", (int)getpid(), serial++);
	*state = t;
	if (geteuid() != 0)
		return 0;
	char root[PATH_MAX];
	if (host_dir(t, "", "", root))
		snprintf(t->enabled, sizeof(t->enabled), "%s",
			slurp(root, "cgroup.subtree_control"));
	plan(t, "leaf");
	return 0;
}

/* Making cgroups may have enabled controllers at v2's root, which is not the test's. */
static void restore_root(const struct test *t)
{
	char root[PATH_MAX], *now, *save = NULL, off[64];

	if (geteuid() != 0 || !host_dir(t, "", "", root))
		return;
	now = slurp(root, "cgroup.subtree_control");
	for (char *w = strtok_r(now, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		if (word_in(t->enabled, " ", w))
			continue;
		snprintf(off, sizeof(off), "-%s", w);
		spit(root, "cgroup.subtree_control", off);
	}
}

static int teardown(void **state)
{
	struct test *t = *state;
	int left = leftovers(t->parent);

	if (left > 0 && t->cg) { /* a test failed half way */
		t->cg->creating = false;
		for (size_t i = 0; i < t->cg->n; i++)
			t->cg->h[i].made = 2;
		(void)cgroup_remove(t->cg, NULL);
	}
	restore_root(t);
	arena_free(&t->arena);
	free(t);
	if (left > 0)
		fprintf(stderr, "%d cgroups are left behind\n", left);
	return left;
}

#define TEST                                                                                       \
	struct test *t = *state;                                                                   \
	if (geteuid() != 0)                                                                        \
	skip()

static void reap(pid_t pid, int want_signal)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), want_signal);
}

/* Nothing of a failed test stays: its processes hold no pipe of the caller's, and die with it. */
static void die_with_the_test(void)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)close(STDIN_FILENO);
	(void)close(STDOUT_FILENO);
	(void)close(STDERR_FILENO);
	alarm(60);
}

/* A process that waits to be killed. */
static pid_t sleeper(void)
{
	fflush(NULL);
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		die_with_the_test();
		for (;;)
			pause();
	}
	return pid;
}

static void remove_it(struct test *t)
{
	assert_ok(cgroup_remove(t->cg, &t->e));
	assert_int_equal(leftovers(t->parent), 0);
}

/* ------------------------------------------------------------------ life */

static void made_everywhere_and_removed(void **state)
{
	TEST;
	pid_t pid = sleeper();

	assert_ok(cgroup_make(t->cg, &t->e));
	assert_ok(cgroup_add(t->cg, NULL, pid, false, &t->e));
	assert_int_equal(memberships(pid, t->path), ALL);
	assert_string_equal(cgroup_path(t->cg), t->path);

	pid_t *pids;
	size_t n;
	assert_ok(cgroup_pids(t->cg, &pids, &n, &t->e));
	assert_int_equal(n, 1);
	assert_int_equal(pids[0], pid);
	free(pids);

	assert_ok(cgroup_kill(t->cg, SIGKILL, &t->e));
	reap(pid, SIGKILL);
	remove_it(t);
	assert_ok(cgroup_remove(t->cg, &t->e)); /* gone is no error */
}

static void remove_kills_what_is_left(void **state)
{
	TEST;
	pid_t pid = sleeper();

	assert_ok(cgroup_make(t->cg, &t->e));
	assert_ok(cgroup_add(t->cg, NULL, pid, false, &t->e));
	remove_it(t);
	reap(pid, SIGKILL);
}

static const struct json *as_saved(const struct cgroup *cg, struct arena *arena)
{
	struct strbuf b = { 0 };
	struct json_writer w = { .b = &b, .saved = true };

	cgroup_write(&w, NULL, cg);
	const struct json *json = parsed(b.text, arena);
	strbuf_free(&b);
	return json;
}

/* The same cgroup, as another process finds it in the saved state. */
static struct cgroup *saved(struct test *t)
{
	struct cgroup *back = NULL;

	assert_ok(cgroup_from_json(as_saved(t->cg, &t->arena), &t->arena, &back, &t->e));
	return back;
}

/* Take the directory away in each hierarchy, and make it again. */
static void make_again(struct test *t)
{
	for (size_t i = 0; i < t->cg->n; i++) {
		const struct hierarchy *h = &t->cg->h[i];
		char dir[PATH_MAX];

		snprintf(dir, sizeof(dir), "%s%s", h->mount, t->path);
		assert_int_equal(rmdir(dir), 0);
		assert_int_equal(mkdir(dir, 0755), 0);
		/* v1 takes nobody into an empty cpuset. */
		if (strstr(h->controllers, "cpuset")) {
			char above[PATH_MAX], text[256];
			snprintf(above, sizeof(above), "%s%s", h->mount, t->parent);
			snprintf(text, sizeof(text), "%s", slurp(above, "cpuset.cpus"));
			spit(dir, "cpuset.cpus", text);
			snprintf(text, sizeof(text), "%s", slurp(above, "cpuset.mems"));
			spit(dir, "cpuset.mems", text);
		}
	}
}

/* Whoever has the container's path after its cgroup has gone is left alone. */
static void anothers_cgroup_of_that_name_stays(void **state)
{
	TEST;
	bool frozen = true;
	char text[16];
	pid_t *pids;
	size_t n;

	assert_ok(cgroup_make(t->cg, &t->e));
	struct cgroup *back = saved(t);
	make_again(t);
	pid_t pid = sleeper();
	snprintf(text, sizeof(text), "%d", (int)pid);
	for (size_t i = 0; i < t->cg->n; i++) {
		char dir[PATH_MAX];
		snprintf(dir, sizeof(dir), "%s%s", t->cg->h[i].mount, t->path);
		spit(dir, "cgroup.procs", text);
	}
	assert_int_equal(cgroup_kill(back, SIGKILL, &t->e), -ENOENT);
	assert_says("it is not this container's: that one is gone");
	assert_int_equal(cgroup_pids(back, &pids, &n, &t->e), -ENOENT);
	assert_int_equal(cgroup_freeze(back, true, &t->e), -ENOENT);
	assert_ok(cgroup_is_frozen(back, &frozen, &t->e));
	assert_false(frozen);
	assert_ok(cgroup_remove(back, &t->e));
	assert_int_equal(kill(pid, 0), 0);
	assert_int_equal(memberships(pid, t->path), ALL);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	kill(pid, SIGKILL);
	reap(pid, SIGKILL);
	/* An empty one is somebody's, too. */
	assert_ok(cgroup_remove(back, &t->e));
	assert_true(leftovers(t->path) > 0);
	for (size_t i = 0; i < t->cg->n; i++)
		t->cg->h[i].inode = 0;
	remove_it(t);
}

static void ordinary_signals_reach_all(void **state)
{
	TEST;
	pid_t pids[3];

	assert_ok(cgroup_make(t->cg, &t->e));
	for (size_t i = 0; i < ELEMENTS(pids); i++) {
		pids[i] = sleeper();
		assert_ok(cgroup_add(t->cg, NULL, pids[i], false, &t->e));
	}
	assert_ok(cgroup_kill(t->cg, SIGUSR1, &t->e));
	for (size_t i = 0; i < ELEMENTS(pids); i++)
		reap(pids[i], SIGUSR1);
	remove_it(t);
}

/* A process that writes a byte every so often: seen from its pipe whether it runs. */
static pid_t ticker(int *ret_fd)
{
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
	fflush(NULL);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		die_with_the_test();
		for (;;) {
			(void)!write(fds[1], "", 1);
			usleep(1000);
		}
	}
	close(fds[1]);
	*ret_fd = fds[0];
	return pid;
}

static bool ticks_within(int fd, int timeout_ms)
{
	char byte[65536];

	(void)!read(fd, byte, sizeof(byte));
	struct pollfd p = { .fd = fd, .events = POLLIN };
	return poll(&p, 1, timeout_ms) == 1;
}

/* A busy machine may keep it waiting; what is frozen never ticks. */
static bool ticks(int fd)
{
	return ticks_within(fd, 20000);
}

static bool is_silent(int fd)
{
	return !ticks_within(fd, 200);
}

static void frozen_thawed_and_killed_while_frozen(void **state)
{
	TEST;
	bool frozen = true;
	int fd;
	pid_t pid = ticker(&fd);

	assert_ok(cgroup_make(t->cg, &t->e));
	assert_ok(cgroup_add(t->cg, NULL, pid, false, &t->e));
	assert_ok(cgroup_is_frozen(t->cg, &frozen, &t->e));
	assert_false(frozen);
	assert_true(ticks(fd));
	assert_ok(cgroup_freeze(t->cg, true, &t->e));
	assert_ok(cgroup_is_frozen(t->cg, &frozen, &t->e));
	assert_true(frozen);
	assert_true(is_silent(fd));
	assert_ok(cgroup_freeze(t->cg, false, &t->e));
	assert_ok(cgroup_is_frozen(t->cg, &frozen, &t->e));
	assert_false(frozen);
	assert_true(ticks(fd));
	assert_ok(cgroup_freeze(t->cg, true, &t->e));
	assert_ok(cgroup_kill(t->cg, SIGKILL, &t->e));
	reap(pid, SIGKILL);
	close(fd);
	assert_ok(cgroup_is_frozen(t->cg, &frozen, &t->e));
	assert_false(frozen);
	remove_it(t);
}

/* Keep only the hierarchies of v1, as on a host that has no other. */
static void only_v1(struct test *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->cg->n; i++)
		if (!t->cg->h[i].v2)
			t->cg->h[n++] = t->cg->h[i];
	t->cg->n = n;
	if (n == 0)
		skip();
}

static void v1_alone_freezes_and_kills(void **state)
{
	TEST;
	bool frozen = false;
	int fd;

	only_v1(t);
	pid_t pid = ticker(&fd);
	assert_ok(cgroup_make(t->cg, &t->e));
	assert_ok(cgroup_add(t->cg, NULL, pid, false, &t->e));
	assert_true(ticks(fd));
	assert_ok(cgroup_freeze(t->cg, true, &t->e));
	assert_ok(cgroup_is_frozen(t->cg, &frozen, &t->e));
	assert_true(frozen);
	assert_true(is_silent(fd));
	assert_ok(cgroup_kill(t->cg, SIGKILL, &t->e));
	reap(pid, SIGKILL);
	close(fd);
	assert_ok(cgroup_is_frozen(t->cg, &frozen, &t->e));
	assert_false(frozen);
	remove_it(t);
}

/* A process that forks without end, each child living a moment only. */
static void v1_alone_ends_a_fork_storm(void **state)
{
	TEST;
	int ready[2];
	char byte;

	only_v1(t);
	assert_ok(cgroup_make(t->cg, &t->e));
	t->spec.linux_.resources.pids_limit = (struct opt_i64){ true, 40 };
	assert_ok(cgroup_limit(t->cg, &t->spec.linux_.resources, &t->e));
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	fflush(NULL);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		die_with_the_test();
		if (read(ready[0], &byte, 1) != 1)
			_exit(1);
		signal(SIGCHLD, SIG_IGN);
		for (;;)
			(void)fork();
	}
	assert_ok(cgroup_add(t->cg, NULL, pid, false, &t->e));
	assert_int_equal(write(ready[1], "", 1), 1);
	usleep(100000);
	assert_ok(cgroup_kill(t->cg, SIGKILL, &t->e));
	reap(pid, SIGKILL);
	pid_t *pids;
	size_t n;
	assert_ok(cgroup_pids(t->cg, &pids, &n, &t->e));
	free(pids);
	assert_int_equal(n, 0);
	remove_it(t);
	close(ready[0]);
	close(ready[1]);
}

static void v1_ended_in_all_hierarchies_even_if_only_in_one(void **state)
{
	TEST;
	char dir[PATH_MAX], text[16];

	if (!host_dir(t, "memory", t->path, dir))
		skip();
	pid_t pid = sleeper();
	assert_ok(cgroup_make(t->cg, &t->e));
	snprintf(text, sizeof(text), "%d", (int)pid);
	spit(dir, "cgroup.procs", text);
	remove_it(t);
	reap(pid, SIGKILL);
}

static void deep_and_inhabited_trees_go(void **state)
{
	TEST;
	pid_t pid = sleeper();

	assert_ok(cgroup_make(t->cg, &t->e));
	for (size_t i = 0; i < t->cg->n; i++) {
		int fd = hierarchy_open_leaf(&t->cg->h[i], &t->e);
		assert_true(fd >= 0);
		for (int depth = 0; depth < 100; depth++) {
			assert_int_equal(mkdirat(fd, "with a blank", 0755), 0);
			(void)mkdirat(fd, "sibling", 0755);
			int next = openat(fd, "with a blank", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
			assert_true(next >= 0);
			close(fd);
			fd = next;
		}
		char text[16];
		snprintf(text, sizeof(text), "%d", (int)pid);
		if (!hierarchy_has(&t->cg->h[i], "cpuset"))
			assert_int_equal(fd_write_file(fd, "cgroup.procs", text), 0);
		close(fd);
	}
	pid_t *pids;
	size_t n;
	assert_int_equal(cgroup_pids(t->cg, &pids, &n, &t->e), -ELOOP);
	assert_says("nested deeper than");
	remove_it(t);
	reap(pid, SIGKILL);
}

static void parents_stay_while_others_use_them(void **state)
{
	TEST;
	struct cgroup *first = t->cg;

	assert_ok(cgroup_make(first, &t->e));
	plan(t, "second");
	struct cgroup *second = t->cg;
	assert_ok(cgroup_make(second, &t->e));
	assert_ok(cgroup_remove(first, &t->e));
	assert_int_equal(leftovers("leaf"), 0);
	assert_true((size_t)leftovers("second") >= second->n);
	assert_ok(cgroup_remove(second, &t->e));

	/* The parent was the first one's; it went when that found it empty, or stays. */
	for (size_t i = 0; i < second->n; i++) {
		int root = hierarchy_open_root(&second->h[i], &t->e);
		assert_true(root >= 0);
		assert_int_equal(unlinkat(root, t->parent + 1, AT_REMOVEDIR), 0);
		close(root);
	}
}

static void used_cgroups_are_refused(void **state)
{
	TEST;
	struct cgroup *first = t->cg;
	pid_t pid = sleeper();

	assert_ok(cgroup_make(first, &t->e));
	assert_ok(cgroup_add(first, NULL, pid, false, &t->e));
	plan(t, "leaf");
	assert_int_equal(cgroup_make(t->cg, &t->e), -EBUSY);
	assert_says("is in use: it has processes");
	assert_ok(cgroup_kill(first, SIGKILL, &t->e));
	reap(pid, SIGKILL);
	assert_ok(cgroup_freeze(first, true, &t->e));
	plan(t, "leaf");
	assert_int_equal(cgroup_make(t->cg, &t->e), -EBUSY);
	assert_says("is frozen");
	assert_ok(cgroup_freeze(first, false, &t->e));

	/* An empty one may be used; what it did not make, a failed create leaves. */
	plan(t, "leaf");
	assert_ok(cgroup_make(t->cg, &t->e));
	assert_ok(cgroup_remove(t->cg, &t->e));
	assert_true((size_t)leftovers("leaf") >= first->n);
	t->cg = first;
	remove_it(t);
}

static void a_failed_make_leaves_nothing(void **state)
{
	TEST;
	char path[256];

	/* A file's name is taken: the second hierarchy and all others fail. */
	snprintf(path, sizeof(path), "%s/a/cgroup.procs/b", t->parent);
	t->spec.linux_.cgroups_path = path;
	assert_ok(cgroup_plan(&t->spec, "id", CGROUP_CGROUPFS, &t->arena, &t->cg, &t->e));
	assert_true(cgroup_make(t->cg, &t->e) < 0);
	assert_says("cgroup.procs");
	assert_int_equal(leftovers(t->parent), 0);
}

/* As exec --cgroup does. */
static int add_below(struct test *t, const char *sub, pid_t pid)
{
	char *args[] = { (char *)sub };
	const struct str_list list = { 1, args };
	struct cgroup_sub *subs;
	int r = cgroup_subs(t->cg, &list, &t->arena, &subs, &t->e);

	return r < 0 ? r : cgroup_add(t->cg, subs, pid, false, &t->e);
}

static void sub_cgroups(void **state)
{
	TEST;
	char dir[PATH_MAX], want[256];

	assert_ok(cgroup_make(t->cg, &t->e));
	pid_t pid = sleeper();
	assert_int_equal(add_below(t, "sub", pid), -ENOENT);
	assert_says("sub");
	assert_int_equal(add_below(t, "../x", pid), -EINVAL);
	assert_says("'..'");
	assert_true(host_dir(t, "", t->path, dir) || host_dir(t, "pids", t->path, dir));
	strcat(dir, "/sub");
	assert_int_equal(mkdir(dir, 0755), 0);
	assert_ok(add_below(t, "/sub/", pid));
	snprintf(want, sizeof(want), "%s/sub", t->path);
	assert_int_equal(memberships(pid, want), cgroup_pure_v2(t->cg) ? ALL : 1);
	pid_t *pids;
	size_t n;
	assert_ok(cgroup_pids(t->cg, &pids, &n, &t->e));
	assert_int_equal(n, 1);
	free(pids);
	remove_it(t);
	reap(pid, SIGKILL);
}

static void cloned_into(void **state)
{
	TEST;

	assert_ok(cgroup_make(t->cg, &t->e));
	int fd = cgroup_clone_fd(t->cg);
	if (fd < 0) {
		remove_it(t);
		skip();
	}
	struct clone_args args = {
		.flags = CLONE_INTO_CGROUP,
		.exit_signal = SIGCHLD,
		.cgroup = (uint64_t)fd,
	};
	fflush(NULL);
	pid_t pid = sys_clone3(&args);
	assert_true(pid >= 0);
	if (pid == 0) {
		die_with_the_test();
		for (;;)
			pause();
	}
	close(fd);
	assert_int_equal(memberships(pid, t->path), cgroup_pure_v2(t->cg) ? ALL : 1);
	assert_ok(cgroup_add(t->cg, NULL, pid, true, &t->e));
	assert_int_equal(memberships(pid, t->path), ALL);
	remove_it(t);
	reap(pid, SIGKILL);
}

static void links_and_mounts_are_not_followed(void **state)
{
	TEST;

	assert_ok(cgroup_make(t->cg, &t->e));
	int fd = hierarchy_open_leaf(&t->cg->h[0], &t->e);
	assert_true(fd >= 0);
	assert_int_equal(hierarchy_open_below(fd, ".."), -EXDEV);
	close(fd);
	struct hierarchy h = t->cg->h[0];

	h.leaf_fd = -1; /* by its path */
	h.mount = "/tmp";
	assert_true(hierarchy_open_leaf(&h, &t->e) < 0);
	assert_says("'/tmp' is not the cgroup mount");
	fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(hierarchy_open_below(fd, "proc/self"), -EXDEV);
	assert_true(hierarchy_open_below(fd, "bin/../etc/mtab") < 0);
	close(fd);
	remove_it(t);
}

/* ------------------------------------------------------------------ state */

static void state_there_and_back(void **state)
{
	TEST;
	struct arena arena = { 0 };
	struct cgroup *back;

	assert_ok(cgroup_make(t->cg, &t->e));
	assert_ok(cgroup_from_json(as_saved(t->cg, &arena), &arena, &back, &t->e));
	pid_t pid = sleeper();
	assert_ok(cgroup_add(back, NULL, pid, false, &t->e));
	assert_int_equal(memberships(pid, t->path), ALL);
	assert_string_equal(cgroup_path(back), t->path);
	assert_ok(cgroup_remove(back, &t->e));
	assert_int_equal(leftovers(t->parent), 0);
	reap(pid, SIGKILL);
	arena_free(&arena);
}

static void state_is_not_trusted(void **state)
{
	TEST;
	static const struct {
		const char *key, *value, *words;
	} rows[] = {
		{ "path", "\"/a/../b\"", "'..'" },
		{ "path", "\"a\"", "without a path" },
		{ "path", "\"/\"", "'/'" },
		{ "path", "\"/a//b\"", "'/a//b'" },
		{ "path", "7", "without a path" },
		{ "mount", "\"sys/fs/cgroup\"", "without its hierarchy" },
		{ "mount", "null", "without its hierarchy" },
		{ "made", "-1", "what was made" },
		{ "made", "99", "what was made" },
		{ "made", "\"1\"", "what was made" },
	};

	for (size_t i = 0; i < ELEMENTS(rows); i++) {
		struct arena arena = { 0 };
		struct cgroup *back;
		const struct json *json = as_saved(t->cg, &arena);
		struct json *member = json_get(json, "hierarchies")->first->first;
		while (!str_eq(member->name, rows[i].key))
			member = member->next;
		const struct json *value = parsed(rows[i].value, &arena);
		member->kind = value->kind;
		member->negative = value->negative;
		member->u = value->u;
		assert_true(cgroup_from_json(json, &arena, &back, &t->e) < 0);
		assert_says(rows[i].words);
		arena_free(&arena);
	}
	struct arena arena = { 0 };
	struct cgroup *back;
	assert_true(cgroup_from_json(NULL, &arena, &back, &t->e) < 0);
	arena_free(&arena);
}

/* Its mounts are not compared with mountinfo: the kernel is asked when one is opened. */
static void state_names_only_mounts(void **state)
{
	TEST;
	char below[PATH_MAX];

	assert_ok(cgroup_make(t->cg, &t->e));
	(void)snprintf(below, sizeof(below), "%s%s", t->cg->h[0].mount, t->cg->h[0].path);
	struct cgroup *back = saved(t);
	int fd = hierarchy_open_leaf(&back->h[0], &t->e);
	assert_true(fd >= 0);
	close(fd);

	static const char *const others[] = { "/tmp", "/proc", "/sys" };
	for (size_t i = 0; i < ELEMENTS(others); i++) {
		back->h[0].mount = others[i];
		assert_int_equal(hierarchy_open_leaf(&back->h[0], &t->e), -EINVAL);
		assert_says("is not the cgroup mount that the saved state says is there");
	}
	/* A directory of a hierarchy, from which a path would lead elsewhere. */
	back->h[0].mount = below;
	assert_int_equal(hierarchy_open_root(&back->h[0], &t->e), -EINVAL);
	assert_says("is not the cgroup mount that the saved state says is there");
	back->h[0].mount = "/nowhere";
	assert_int_equal(hierarchy_open_leaf(&back->h[0], &t->e), -ENODEV);
	assert_says("the cgroup mount '/nowhere' is not there");
	remove_it(t);
}

static void disabled_is_nothing(void **state)
{
	TEST;
	struct arena arena = { 0 };
	struct cgroup *cg, *back;
	int fd = -1;

	assert_ok(cgroup_plan(&t->spec, "id", CGROUP_DISABLED, &arena, &cg, &t->e));
	assert_ok(cgroup_make(cg, &t->e));
	assert_ok(cgroup_limit(cg, &t->spec.linux_.resources, &t->e));
	assert_int_equal(cgroup_clone_fd(cg), -1);
	assert_ok(cgroup_add(cg, NULL, getpid(), false, &t->e));
	assert_string_equal(cgroup_path(cg), "");
	assert_int_equal(cgroup_kill(cg, SIGKILL, &t->e), -ENOTSUP);
	assert_ok(cgroup_from_json(as_saved(cg, &arena), &arena, &back, &t->e));
	assert_ok(cgroup_remove(back, &t->e));
	t->spec.linux_.resources.memory.limit = (struct opt_i64){ true, 1 << 20 };
	assert_true(cgroup_plan(&t->spec, "id", CGROUP_DISABLED, &arena, &back, &t->e) < 0);
	assert_says("/linux/resources/memory/limit: a limit needs a cgroup");
	(void)fd;
	arena_free(&arena);
}

/* ------------------------------------------------------------------ limits */

struct limit_row {
	const char *says;
	struct spec_resources r;
	const char *controller, *v1_file, *v1_want, *v2_file, *v2_want;
};
#define I(x)                                                                                       \
	{                                                                                          \
		true, (x)                                                                          \
	}
#define MB (INT64_C(1) << 20)

static const struct limit_row limit_rows[] = {
	{ "memory limit", { .memory.limit = I(64 * MB) }, "memory", "memory.limit_in_bytes",
		"67108864", "memory.max", "67108864" },
	{ "memory and swap", { .memory = { .limit = I(64 * MB), .swap = I(96 * MB) } }, "memory",
		"memory.memsw.limit_in_bytes", "100663296", "memory.swap.max", "33554432" },
	{ "memory, raised again", { .memory = { .limit = I(256 * MB), .swap = I(256 * MB) } },
		"memory", "memory.limit_in_bytes", "268435456", "memory.max", "268435456" },
	{ "memory, lowered again", { .memory = { .limit = I(32 * MB), .swap = I(48 * MB) } },
		"memory", "memory.memsw.limit_in_bytes", "50331648", "memory.swap.max",
		"16777216" },
	{ "memory without limit", { .memory.limit = I(-1) }, "memory",
		"memory.memsw.limit_in_bytes", "9223372036854771712", "memory.max", "max" },
	{ "reservation", { .memory.reservation = I(16 * MB) }, "memory",
		"memory.soft_limit_in_bytes", "16777216", "memory.low", "16777216" },
	{ "swappiness", { .memory.swappiness = I(7) }, "memory", "memory.swappiness", "7", NULL,
		NULL },
	{ "no OOM killer", { .memory.disable_oom_killer = I(true) }, "memory", "memory.oom_control",
		"oom_kill_disable 1", NULL, NULL },
	{ "pids", { .pids_limit = I(17) }, "pids", "pids.max", "17", "pids.max", "17" },
	{ "pids 0", { .pids_limit = I(0) }, "pids", "pids.max", "0", "pids.max", "0" },
	{ "pids without limit", { .pids_limit = I(-1) }, "pids", "pids.max", "max", "pids.max",
		"max" },
	{ "cpuset", { .cpu = { .cpus = "0", .mems = "0" } }, "cpuset", "cpuset.cpus", "0",
		"cpuset.cpus", "0" },
	{ "shares", { .cpu.shares = I(512) }, "cpu", "cpu.shares", "512", "cpu.weight", "59" },
	{ "quota and period", { .cpu = { .quota = I(20000), .period = I(50000) } }, "cpu",
		"cpu.cfs_quota_us", "20000", "cpu.max", "20000 50000" },
	{ "quota alone keeps the period", { .cpu.quota = I(30000) }, "cpu", "cpu.cfs_period_us",
		"50000", "cpu.max", "30000 50000" },
	{ "period alone keeps the quota", { .cpu.period = I(60000) }, "cpu", "cpu.cfs_quota_us",
		"30000", "cpu.max", "30000 60000" },
	{ "burst", { .cpu.burst = I(30000) }, "cpu", "cpu.cfs_burst_us", "30000", "cpu.max.burst",
		"30000" },
	{ "quota and burst lowered at once", { .cpu = { .quota = I(10000), .burst = I(5000) } },
		"cpu", "cpu.cfs_quota_us", "10000", "cpu.max.burst", "5000" },
	{ "quota without limit", { .cpu = { .quota = I(-1), .burst = I(0) } }, "cpu",
		"cpu.cfs_quota_us", "-1", "cpu.max", "max 60000" },
	{ "idle", { .cpu.idle = I(1) }, "cpu", "cpu.idle", "1", "cpu.idle", "1" },
	{ "awake with shares", { .cpu = { .idle = I(0), .shares = I(2048) } }, "cpu", "cpu.shares",
		"2048", "cpu.weight", "174" },
};

/* One cgroup for all rows, each an update of it: what the rows before left is the starting
 * point. */
static void limits_are_written(void **state)
{
	TEST;
	size_t done = 0;

	assert_ok(cgroup_make(t->cg, &t->e));
	for (size_t i = 0; i < ELEMENTS(limit_rows); i++) {
		const struct limit_row *row = &limit_rows[i];
		struct str_list needs;
		char dir[PATH_MAX];
		bool v2;
		if (!controller_dir(t, row->controller, dir, &v2)) {
			assert_int_equal(
				limits_plan(t->cg, &row->r, "", &t->arena, &needs, &t->e), -ENODEV);
			assert_says("this host has no");
			continue;
		}
		const char *file = v2 ? row->v2_file : row->v1_file;
		if (!file) {
			assert_int_equal(cgroup_limit(t->cg, &row->r, &t->e), -ENOTSUP);
			assert_says("exists on cgroup v1 only");
			continue;
		}
		assert_ok(cgroup_limit(t->cg, &row->r, &t->e));
		const char *got = slurp(dir, file);
		if (!got || strcmp(got, v2 ? row->v2_want : row->v1_want) != 0)
			fail_msg("%s: %s/%s has '%s'", row->says, dir, file, got);
		done++;
	}
	printf("%zu of %zu rows are possible on this host\n", done, ELEMENTS(limit_rows));
	remove_it(t);
}

static void refusals_name_file_value_and_reason(void **state)
{
	TEST;
	static const struct {
		struct spec_resources r;
		const char *controller, *words, *more;
	} rows[] = {
		{ { .cpu.mems = "1023" }, "cpuset",
			"/linux/resources/cpu/mems: writing '1023' to '", "/cpuset.mems': " },
		{ { .cpu.cpus = "nonsense" }, "cpuset",
			"/linux/resources/cpu/cpus: writing 'nonsense'", ": invalid argument" },
		{ { .cpu.quota = I(1) }, "cpu", "/linux/resources/cpu/quota: writing '1",
			": invalid argument" },
		{ { .memory = { .limit = I(64 * MB), .swap = I(32 * MB) } }, "memory",
			"/linux/resources/memory/swap: 33554432 bytes", "less than the 67108864" },
	};

	assert_ok(cgroup_make(t->cg, &t->e));
	for (size_t i = 0; i < ELEMENTS(rows); i++) {
		char dir[PATH_MAX];
		bool v2;
		if (!controller_dir(t, rows[i].controller, dir, &v2))
			continue;
		assert_true(cgroup_limit(t->cg, &rows[i].r, &t->e) < 0);
		assert_says(rows[i].words);
		assert_says(rows[i].more);
	}
	remove_it(t);
}

/* A whole block device of this host, by its numbers; false where there is none. */
static bool block_device(unsigned *ret_major, unsigned *ret_minor)
{
	char dir[PATH_MAX];
	bool found = false;

	FILE *f = popen("ls -d /sys/block/* 2>/dev/null", "re");
	assert_non_null(f);
	while (!found && fgets(dir, sizeof(dir), f)) {
		dir[strcspn(dir, "\n")] = '\0';
		const char *text = slurp(dir, "dev");
		found = text && sscanf(text, "%u:%u", ret_major, ret_minor) == 2;
	}
	pclose(f);
	return found;
}

/* Line "<key> ..." of a file, without the key; NULL: it is not there. */
static const char *line_of(const char *dir, const char *file, const char *key)
{
	static char line[256];
	char path[PATH_MAX + 64];
	bool found = false;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	FILE *f = fopen(path, "re");
	assert_non_null(f);
	while (!found && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		found = strncmp(line, key, strlen(key)) == 0 && line[strlen(key)] == ' ';
	}
	fclose(f);
	return found ? line + strlen(key) + 1 : NULL;
}

static void assert_line(const char *dir, const char *file, const char *key, const char *want)
{
	const char *got = line_of(dir, file, key);

	if (!want && got)
		fail_msg("%s has '%s' for %s", file, got, key);
	if (want && (!got || strcmp(got, want) != 0))
		fail_msg("%s has '%s' for %s, not '%s'", file, got ? got : "nothing", key, want);
}

static bool io_dir(const struct test *t, char dir[PATH_MAX], bool *ret_v2)
{
	if (controller_dir(t, "blkio", dir, ret_v2))
		return true;
	return controller_dir(t, "io", dir, ret_v2);
}

static void rates_of_block_devices(void **state)
{
	TEST;
	struct spec_resources r = { 0 };
	char dir[PATH_MAX], key[32];
	unsigned major, minor;
	bool v2;

	if (!io_dir(t, dir, &v2) || !block_device(&major, &minor))
		skip();
	snprintf(key, sizeof(key), "%u:%u", major, minor);
	struct spec_block_device read = { .major = major, .minor = minor, .rate = I(MB) };
	struct spec_block_device write = { .major = major, .minor = minor, .rate = I(7) };
	r.block_io.throttle_read_bps = (struct spec_block_devices){ 1, &read };
	r.block_io.throttle_write_iops = (struct spec_block_devices){ 1, &write };
	t->spec.linux_.resources = r;
	plan(t, "leaf");
	assert_ok(cgroup_make(t->cg, &t->e));
	assert_ok(cgroup_limit(t->cg, &r, &t->e));
	if (v2) {
		assert_line(dir, "io.max", key, "rbps=1048576 wbps=max riops=max wiops=7");
	} else {
		assert_line(dir, "blkio.throttle.read_bps_device", key, "1048576");
		assert_line(dir, "blkio.throttle.write_iops_device", key, "7");
		assert_line(dir, "blkio.throttle.write_bps_device", key, NULL);
	}
	/* 0 takes the limit away, the other stays. */
	read.rate.v = 0;
	r.block_io.throttle_write_iops.n = 0;
	assert_ok(cgroup_update(t->cg, &r, &t->e));
	if (v2) {
		assert_line(dir, "io.max", key, "rbps=max wbps=max riops=max wiops=7");
	} else {
		assert_line(dir, "blkio.throttle.read_bps_device", key, NULL);
		assert_line(dir, "blkio.throttle.write_iops_device", key, "7");
	}
	/* One that is not there fails by its name, and takes back what went before it. */
	struct spec_block_device two[2] = { write, { .major = 4095, .minor = 77, .rate = I(1) } };
	two[0].rate.v = 99;
	r.block_io.throttle_read_bps.n = 0;
	r.block_io.throttle_write_iops = (struct spec_block_devices){ 2, two };
	assert_int_equal(cgroup_update(t->cg, &r, &t->e), -ENODEV);
	assert_says("/linux/resources/blockIO/throttleWriteIOPSDevice/1: this host has no whole "
		    "block device 4095:77 (writing '4095:77 ");
	if (v2)
		assert_line(dir, "io.max", key, "rbps=max wbps=max riops=max wiops=7");
	else
		assert_line(dir, "blkio.throttle.write_iops_device", key, "7");
	remove_it(t);
}

static void weights_of_block_devices(void **state)
{
	TEST;
	static struct spec_block_device leaf = { .major = 7, .minor = 0, .leaf_weight = I(30) };
	struct spec_resources r = { .block_io.weight = I(500) };
	char dir[PATH_MAX], file[PATH_MAX + 32];
	bool v2;

	if (!io_dir(t, dir, &v2))
		skip();
	t->spec.linux_.resources = r;
	plan(t, "leaf");
	assert_ok(cgroup_make(t->cg, &t->e));
	static const struct {
		const char *file, *key, *want; /* the first that there is */
	} files[] = {
		{ "io.bfq.weight", "default", "500" },
		{ "io.weight", "default", "4950" },
		{ "blkio.weight", NULL, "500" },
		{ "blkio.bfq.weight", NULL, "500" },
	};
	size_t i = 0;
	for (; i < ELEMENTS(files); i++) {
		snprintf(file, sizeof(file), "%s/%s", dir, files[i].file);
		if (access(file, F_OK) == 0)
			break;
	}
	int n = cgroup_limit(t->cg, &r, &t->e);
	if (i == ELEMENTS(files)) {
		assert_int_equal(n, -ENODEV);
		assert_says("/linux/resources/blockIO/weight: this kernel has no ");
		assert_says("only the I/O scheduler BFQ has weights");
	} else {
		assert_ok(n);
		if (files[i].key)
			assert_line(dir, files[i].file, files[i].key, files[i].want);
		else
			assert_string_equal(slurp(dir, files[i].file), files[i].want);
	}
	/* Leaf weights went with CFQ; v2 never had them. */
	r = (struct spec_resources){ .block_io.leaf_weight = I(20) };
	assert_true(cgroup_limit(t->cg, &r, &t->e) < 0);
	assert_says("/linux/resources/blockIO/leafWeight: ");
	assert_says(v2 ? "exists on cgroup v1 only" : "went with the I/O scheduler CFQ");
	r = (struct spec_resources){ .block_io.weight_device = { 1, &leaf } };
	assert_true(cgroup_limit(t->cg, &r, &t->e) < 0);
	assert_says(v2 ? "exists on cgroup v1 only" : "went with the I/O scheduler CFQ");
	remove_it(t);
}

static void huge_pages(void **state)
{
	TEST;
	static struct spec_hugepage_limit limit = { "2048KB", 4 * MB };
	struct spec_resources r = { .n_hugepage_limits = 1, .hugepage_limits = &limit };
	struct str_list needs;
	char dir[PATH_MAX];
	bool v2;

	bool there = controller_dir(t, "hugetlb", dir, &v2);
	if (access("/sys/kernel/mm/hugepages/hugepages-2048kB", F_OK) < 0)
		skip();
	if (!there) {
		assert_int_equal(limits_plan(t->cg, &r, "", &t->arena, &needs, &t->e), -ENODEV);
		assert_says("/linux/resources/hugepageLimits: this host has no hugetlb controller");
		return;
	}
	t->spec.linux_.resources = r;
	plan(t, "leaf");
	assert_ok(cgroup_make(t->cg, &t->e));
	assert_ok(cgroup_limit(t->cg, &r, &t->e));
	assert_string_equal(
		slurp(dir, v2 ? "hugetlb.2MB.max" : "hugetlb.2MB.limit_in_bytes"), "4194304");
	assert_string_equal(
		slurp(dir, v2 ? "hugetlb.2MB.rsvd.max" : "hugetlb.2MB.rsvd.limit_in_bytes"),
		"4194304");
	static struct spec_hugepage_limit odd = { "3MB", 0 };
	r.hugepage_limits = &odd;
	assert_int_equal(cgroup_update(t->cg, &r, &t->e), -EINVAL);
	assert_says("/linux/resources/hugepageLimits/0/pageSize: this host has no huge pages of "
		    "3MB, but of ");
	remove_it(t);
}

static void rdma_and_network(void **state)
{
	TEST;
	static struct spec_rdma device = { "hasu-none", I(2), I(7) };
	static struct spec_network_priority priority = { "lo", 5 };
	static const struct {
		struct spec_resources r;
		const char *controller, *words, *refused; /* refused: where v1 has no such one */
	} rows[] = {
		{ { .n_rdma = 1, .rdma = &device }, "rdma",
			"/linux/resources/rdma/hasu-none: this host has no RDMA device "
			"'hasu-none'",
			"/linux/resources/rdma: this host has no rdma controller" },
		{ { .network_class_id = I(0x100001) }, "net_cls", NULL,
			"/linux/resources/network/classID: cgroup v2 has no classes" },
		{ { .n_network_priorities = 1, .network_priorities = &priority }, "net_prio", NULL,
			"/linux/resources/network/priorities: cgroup v2 has no priorities" },
	};

	for (size_t i = 0; i < ELEMENTS(rows); i++) {
		char dir[PATH_MAX], root[PATH_MAX];
		bool v2;
		t->spec.linux_.resources = rows[i].r;
		if (!controller_dir(t, rows[i].controller, dir, &v2)) {
			assert_true(cgroup_plan(&t->spec, "id", CGROUP_CGROUPFS, &t->arena, &t->cg,
					    &t->e) < 0);
			if (host_dir(t, "", "", root))
				assert_says(rows[i].refused);
			continue;
		}
		plan(t, "leaf");
		assert_ok(cgroup_make(t->cg, &t->e));
		int n = cgroup_limit(t->cg, &rows[i].r, &t->e);
		if (rows[i].words) {
			assert_true(n < 0);
			assert_says(rows[i].words);
		} else {
			assert_ok(n);
		}
		remove_it(t);
	}
	t->cg = NULL;
}

/* ------------------------------------------------------------------ devices */

/* In a child within the cgroup: what open(2) says, 0 or an errno. */
static int open_inside(struct test *t, const char *path, int flags)
{
	int go[2], status;
	char byte;

	assert_int_equal(pipe2(go, O_CLOEXEC), 0);
	fflush(NULL);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (read(go[0], &byte, 1) != 1)
			_exit(255);
		_exit(open(path, flags) < 0 ? errno : 0);
	}
	assert_ok(cgroup_add(t->cg, NULL, pid, false, &t->e));
	assert_int_equal(write(go[1], "", 1), 1);
	close(go[0]);
	close(go[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* In /var/tmp: /tmp is often mounted without devices. */
static void device_node(char path[64], unsigned major, unsigned minor)
{
	snprintf(path, 64, "/var/tmp/hasu-cgroup-test-%d-%u-%u", (int)getpid(), major, minor);
	assert_int_equal(mknod(path, S_IFCHR | 0600, makedev(major, minor)), 0);
}

static void check_devices(struct test *t)
{
	static struct spec_device_rule rules[] = {
		{ .allow = false, .type = 'a', .read = true, .write = true, .mknod = true },
		{ .allow = true, .type = 'c', .major = I(1), .minor = I(11), .read = true },
	};
	char kmsg[64], mem[64];

	device_node(kmsg, 1, 11);
	device_node(mem, 1, 4); /* /dev/port or nothing: the cgroup's answer comes first */
	assert_ok(cgroup_make(t->cg, &t->e));
	t->spec.linux_.resources.devices = rules;
	t->spec.linux_.resources.n_devices = ELEMENTS(rules);
	assert_ok(cgroup_limit(t->cg, &t->spec.linux_.resources, &t->e));
	assert_int_equal(open_inside(t, "/dev/null", O_RDWR), 0);
	assert_int_equal(open_inside(t, "/dev/urandom", O_RDONLY), 0);
	assert_int_equal(open_inside(t, kmsg, O_RDONLY), 0);
	assert_int_equal(open_inside(t, kmsg, O_WRONLY), EPERM);
	assert_int_equal(open_inside(t, mem, O_RDONLY), EPERM);

	/* Replaced, not added: what was denied is allowed, and the reverse. */
	rules[0].allow = true;
	rules[1].allow = false;
	assert_ok(cgroup_limit(t->cg, &t->spec.linux_.resources, &t->e));
	rules[0].allow = false;
	rules[1].allow = true;
	assert_int_equal(open_inside(t, kmsg, O_RDONLY), EPERM);
	assert_int_equal(open_inside(t, kmsg, O_WRONLY), 0);
	assert_int_not_equal(open_inside(t, mem, O_RDONLY), EPERM);
	unlink(kmsg);
	unlink(mem);
	remove_it(t);
}

static void devices_of_this_host(void **state)
{
	TEST;

	check_devices(t);
}

static void devices_by_program_on_v2(void **state)
{
	TEST;
	const struct hierarchy *v2 = cgroup_v2(t->cg);

	if (!v2)
		skip();
	t->cg->h[0] = *v2;
	t->cg->n = 1;
	check_devices(t);
}

static void no_devices_means_the_defaults(void **state)
{
	TEST;
	char kmsg[64];

	device_node(kmsg, 1, 11);
	assert_ok(cgroup_make(t->cg, &t->e));
	assert_ok(cgroup_limit(t->cg, &t->spec.linux_.resources, &t->e));
	assert_int_equal(open_inside(t, "/dev/zero", O_RDWR), 0);
	assert_int_equal(open_inside(t, kmsg, O_RDONLY), EPERM);
	unlink(kmsg);
	remove_it(t);
}

/* ------------------------------------------------------------------ v2 */

/* A controller that v2 has here, and one of its
 * files. */
struct v2_case {
	char root[PATH_MAX];
	struct str_pair pair;
};

static bool v2_find(struct test *t, struct v2_case *c)
{
	static const struct str_pair files[] = {
		{ "pids.max", "11" },
		{ "hugetlb.2MB.max", "4194304" },
	};

	if (!host_dir(t, "", "", c->root))
		return false;
	for (size_t i = 0; i < ELEMENTS(files); i++) {
		char name[16];
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(files[i].key, "."), files[i].key);
		if (!word_in(slurp(c->root, "cgroup.controllers"), " ", name))
			continue;
		c->pair = files[i];
		t->spec.linux_.resources.unified = (struct pair_list){ 1, &c->pair };
		return true;
	}
	return false;
}

static void v2_controllers_are_enabled_and_unified_written(void **state)
{
	TEST;
	struct v2_case c = { 0 };
	char dir[PATH_MAX];

	if (!v2_find(t, &c))
		skip();
	plan(t, "leaf");
	assert_ok(cgroup_make(t->cg, &t->e));
	assert_ok(cgroup_limit(t->cg, &t->spec.linux_.resources, &t->e));
	assert_true(host_dir(t, "", t->path, dir));
	assert_string_equal(slurp(dir, c.pair.key), c.pair.value);
	c.pair.value = "nonsense\n";
	assert_true(cgroup_limit(t->cg, &t->spec.linux_.resources, &t->e) < 0);
	assert_says("/linux/resources/unified/");
	assert_says("writing 'nonsense'");
	remove_it(t);
}

static void v2_parents_with_processes_are_named(void **state)
{
	TEST;
	struct v2_case c = { 0 };
	char dir[PATH_MAX], text[16];

	if (!v2_find(t, &c))
		skip();
	pid_t pid = sleeper();
	assert_true(host_dir(t, "", t->parent, dir));
	assert_int_equal(mkdir(dir, 0755), 0);
	snprintf(text, sizeof(text), "%d", (int)pid);
	spit(dir, "cgroup.procs", text);
	plan(t, "leaf");
	assert_int_equal(cgroup_make(t->cg, &t->e), -EBUSY);
	assert_says("has processes of its own (such as ");
	assert_says(text);
	/* Somebody else's cgroup is as it was: a threaded controller would have changed
	 * its type. */
	assert_string_equal(slurp(dir, "cgroup.subtree_control"), "");
	assert_string_equal(slurp(dir, "cgroup.type"), "domain");
	kill(pid, SIGKILL);
	reap(pid, SIGKILL);
	assert_int_equal(leftovers(t->parent), 1);
	assert_int_equal(rmdir(dir), 0);
}

static void v2_threaded_cgroups_are_refused(void **state)
{
	TEST;
	char parent[PATH_MAX], leaf[PATH_MAX];

	if (!host_dir(t, "", t->parent, parent) || !host_dir(t, "", t->path, leaf))
		skip();
	assert_int_equal(mkdir(parent, 0755), 0);
	assert_int_equal(mkdir(leaf, 0755), 0);
	spit(leaf, "cgroup.type", "threaded");
	assert_int_equal(cgroup_make(t->cg, &t->e), -ENOTSUP);
	assert_says("is of type 'threaded'");
	assert_int_equal(rmdir(leaf), 0);
	assert_int_equal(rmdir(parent), 0);
	assert_int_equal(leftovers(t->parent), 0);
}

static uid_t owner_of(const char *dir, const char *file)
{
	char path[PATH_MAX + 64];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	return stat(path, &st) < 0 ? (uid_t)-1 : st.st_uid;
}

/* Given to the container's user where the specification says so, and nowhere else. */
static void v2_ownership(void **state)
{
	TEST;
	static char *ro[] = { (char *)"nosuid", (char *)"ro", NULL };
	static struct id_mapping mapping[] = { { 0, 100000, 10 }, { 20, 200000, 10 } };
	static const struct {
		const char *says, *destination, *source;
		size_t n_options; /* of nosuid, ro */
		bool cgroup_ns, userns;
		uint32_t user;
		uid_t want; /* the owner; 0: not given */
	} rows[] = {
		{ "root of a user namespace", "/sys/fs/cgroup", "cgroup", 1, true, true, 0,
			100000 },
		{ "another user of it", "/sys/fs/cgroup", "cgroup", 0, true, true, 25, 200005 },
		{ "one that is not mapped", "/sys/fs/cgroup", "cgroup", 0, true, true, 15, 0 },
		{ "no user namespace", "/sys/fs/cgroup", "cgroup", 0, true, false, 7, 7 },
		{ "read-only", "/sys/fs/cgroup", "cgroup", 2, true, true, 0, 0 },
		{ "not mounted", "/sys/fs/other", "cgroup", 0, true, true, 0, 0 },
		{ "something else mounted", "/sys/fs/cgroup", "tmpfs", 0, true, true, 0, 0 },
		{ "the host's cgroup namespace", "/sys/fs/cgroup", "cgroup", 0, false, true, 0, 0 },
	};
	char dir[PATH_MAX];

	if (!host_dir(t, "", t->path, dir))
		skip();
	for (size_t i = 0; i < ELEMENTS(rows); i++) {
		struct spec_mount mount = { .destination = rows[i].destination,
			.source = rows[i].source,
			.options = { rows[i].n_options, ro } };
		t->spec.mounts = &mount;
		t->spec.n_mounts = 1;
		t->spec.process.user.uid = rows[i].user;
		t->spec.linux_.namespaces[NS_CGROUP].present = rows[i].cgroup_ns;
		t->spec.linux_.namespaces[NS_USER].present = rows[i].userns;
		t->spec.linux_.uid_mappings = (struct id_map){ ELEMENTS(mapping), mapping };
		assert_ok(cgroup_make(t->cg, &t->e));
		assert_ok(cgroup_give(t->cg, &t->spec, &t->e));
		/* v1 beside it: delegation there is not safe. */
		uid_t want = cgroup_pure_v2(t->cg) ? rows[i].want : 0;
		if (owner_of(dir, ".") != want || owner_of(dir, "cgroup.procs") != want ||
			owner_of(dir, "cgroup.subtree_control") != want ||
			owner_of(dir, "cgroup.threads") != want)
			fail_msg("%s: %u owns it", rows[i].says, (unsigned)owner_of(dir, "."));
		assert_int_equal(owner_of(dir, "cgroup.freeze"), 0);
		assert_int_equal(owner_of(dir, "cgroup.max.depth"), 0);
		if (access(dir, F_OK) == 0 && owner_of(dir, "memory.max") != (uid_t)-1)
			assert_int_equal(owner_of(dir, "memory.max"), 0);
		remove_it(t);
	}
	t->spec.n_mounts = 0;
}

/* As user 1000, where nothing is theirs. Returns what went wrong, "" nothing. */
static const char *as_any_user(struct test *t)
{
	static char wrong[2200];

	assert_int_equal(setresuid(1000, 1000, 1000), 0);
	if (cgroup_make(t->cg, &t->e) >= 0)
		return "made";
	snprintf(wrong, sizeof(wrong), "%s", t->e.text);
	return strstr(wrong, "permission denied: ") && strstr(wrong, "delegated to") &&
			       strstr(wrong, "--cgroup-manager=disabled")
		       ? ""
		       : wrong;
}

/* As user 1000, from within a part of the tree that is theirs. Returns what went wrong, ""
 * nothing. */
static const char *as_delegated_user(struct test *t, const char *own)
{
	static char wrong[2200];
	char self[PATH_MAX + 16];
	struct cgroup *cg;

	snprintf(self, sizeof(self), "%s/self", own);
	spit(self, "cgroup.procs", "0");
	assert_int_equal(setresuid(1000, 1000, 1000), 0);
	t->spec.linux_.cgroups_path = "container";
	t->spec.linux_.resources.pids_limit = (struct opt_i64){ true, 7 };
	if (cgroup_plan(&t->spec, "id", CGROUP_CGROUPFS, &t->arena, &cg, &t->e) < 0 ||
		cgroup_make(cg, &t->e) < 0 ||
		cgroup_limit(cg, &t->spec.linux_.resources, &t->e) < 0) {
		snprintf(wrong, sizeof(wrong), "%s", t->e.text);
		return wrong;
	}
	snprintf(self, sizeof(self), "%s/container", own);
	if (strcmp(slurp(self, "pids.max"), "7") != 0)
		return "no limit of 7";
	pid_t pid = sleeper();
	if (cgroup_add(cg, NULL, pid, false, &t->e) < 0 || cgroup_remove(cg, &t->e) < 0) {
		snprintf(wrong, sizeof(wrong), "%s", t->e.text);
		return wrong;
	}
	reap(pid, SIGKILL);
	return access(self, F_OK) == 0 ? "not removed" : "";
}

static void delegated_to_a_user_on_v2_alone(void **state)
{
	TEST;
	static const char *const given[] = { "", "/cgroup.procs", "/cgroup.subtree_control",
		"/cgroup.threads", "/self", "/self/cgroup.procs" };
	char own[PATH_MAX], path[PATH_MAX + 64], line[2200] = "";
	int out[2], status;

	const bool delegated = cgroup_pure_v2(t->cg) && host_dir(t, "", t->parent, own);
	if (delegated) {
		char root[PATH_MAX];
		assert_true(host_dir(t, "", "", root));
		spit(root, "cgroup.subtree_control", "+pids");
		assert_int_equal(mkdir(own, 0755), 0);
		snprintf(path, sizeof(path), "%s/self", own);
		assert_int_equal(mkdir(path, 0755), 0);
	}
	for (size_t i = 0; delegated && i < ELEMENTS(given); i++) {
		snprintf(path, sizeof(path), "%s%s", own, given[i]);
		assert_int_equal(chown(path, 1000, 1000), 0);
	}
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	fflush(NULL);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		const char *wrong = delegated ? as_delegated_user(t, own) : as_any_user(t);
		(void)!write(out[1], wrong, strlen(wrong));
		_exit(0);
	}
	close(out[1]);
	(void)!read(out[0], line, sizeof(line) - 1);
	close(out[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (delegated) {
		snprintf(path, sizeof(path), "%s/self", own);
		assert_int_equal(rmdir(path), 0);
		assert_int_equal(rmdir(own), 0);
	}
	assert_string_equal(line, "");
	assert_int_equal(status, 0);
}

static void bad_paths_are_refused(void **state)
{
	TEST;
	static const struct {
		const char *path, *words;
	} rows[] = {
		{ "/a/../../b", "/linux/cgroupsPath: '/a/../../b' leads upwards by '..'" },
		{ "/", "the root of the hierarchies" },
		{ "system.slice:hasu:id", "has the form slice:prefix:name" },
	};

	for (size_t i = 0; i < ELEMENTS(rows); i++) {
		t->spec.linux_.cgroups_path = rows[i].path;
		assert_true(
			cgroup_plan(&t->spec, "id", CGROUP_CGROUPFS, &t->arena, &t->cg, &t->e) < 0);
		assert_says(rows[i].words);
	}
	t->cg = NULL;
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	static const struct CMUnitTest tests[] = {
		T(made_everywhere_and_removed),
		T(remove_kills_what_is_left),
		T(anothers_cgroup_of_that_name_stays),
		T(ordinary_signals_reach_all),
		T(frozen_thawed_and_killed_while_frozen),
		T(v1_alone_freezes_and_kills),
		T(v1_alone_ends_a_fork_storm),
		T(v1_ended_in_all_hierarchies_even_if_only_in_one),
		T(deep_and_inhabited_trees_go),
		T(parents_stay_while_others_use_them),
		T(used_cgroups_are_refused),
		T(a_failed_make_leaves_nothing),
		T(sub_cgroups),
		T(cloned_into),
		T(links_and_mounts_are_not_followed),
		T(state_there_and_back),
		T(state_is_not_trusted),
		T(state_names_only_mounts),
		T(disabled_is_nothing),
		T(limits_are_written),
		T(refusals_name_file_value_and_reason),
		T(rates_of_block_devices),
		T(weights_of_block_devices),
		T(huge_pages),
		T(rdma_and_network),
		T(devices_of_this_host),
		T(devices_by_program_on_v2),
		T(no_devices_means_the_defaults),
		T(v2_controllers_are_enabled_and_unified_written),
		T(v2_parents_with_processes_are_named),
		T(v2_threaded_cgroups_are_refused),
		T(v2_ownership),
		T(delegated_to_a_user_on_v2_alone),
		T(bad_paths_are_refused),
	};

	return cmocka_run_group_tests_name("cgroups of this host", tests, NULL, NULL);
}
