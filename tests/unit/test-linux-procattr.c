/* SPDX-License-Identifier: Apache-2.0 */
/* Limits, OOM score, settings and names; the kernel is asked what came of them. */
#include "forked.h"
#include "linux/procattr.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include <cmocka.h>

static void need_root(void)
{
	if (geteuid() != 0)
		skip();
}

static void limits_body(void *arg)
{
	struct spec_rlimit limits[] = {
		{ RLIMIT_NOFILE, 100, 200 },
		{ RLIMIT_CORE, 0, 0 },
	};
	struct spec_process p = { .n_rlimits = 2, .rlimits = limits };
	struct err e = { 0 };
	struct rlimit is;

	CHECK_OK(procattr_rlimits(0, &p, &e), &e);
	CHECK(getrlimit(RLIMIT_NOFILE, &is) == 0 && is.rlim_cur == 100 && is.rlim_max == 200);
	CHECK(getrlimit(RLIMIT_CORE, &is) == 0 && is.rlim_cur == 0 && is.rlim_max == 0);

	/* Without CAP_SYS_RESOURCE nobody gets a hard limit back. */
	CHECK(geteuid() != 0 || setresuid(1000, 1000, 1000) == 0);
	limits[0] = (struct spec_rlimit){ RLIMIT_CORE, 0, RLIM_INFINITY };
	CHECK(procattr_rlimits(0, &p, &e) == -EPERM);
	CHECK_SAYS(&e,
		"/process/rlimits/0: RLIMIT_CORE: raising the hard limit from 0 to unlimited "
		"needs CAP_SYS_RESOURCE: operation not permitted");
	limits[0] = (struct spec_rlimit){ RLIMIT_CORE, 7, 5 };
	CHECK(procattr_rlimits(0, &p, &e) < 0);
	CHECK_SAYS(&e, "/process/rlimits/0: RLIMIT_CORE");
}

static void limits_are_set_and_refusals_name_limit_and_numbers(void **state)
{
	assert_int_equal(forked(limits_body, NULL), 0);
}

static void score_body(void *arg)
{
	struct spec_process p = { .oom_score_adj = { true, 321 } };
	struct err e = { 0 };
	char text[16] = "";
	int self = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC), fd;

	CHECK_OK(procattr_oom_score(self, &p, &e), &e);
	fd = openat(self, "oom_score_adj", O_RDONLY | O_CLOEXEC);
	CHECK(read(fd, text, sizeof(text) - 1) > 0);
	CHECK(strcmp(text, "321\n") == 0);
	p.oom_score_adj.set = false;
	p.oom_score_adj.v = 5;
	CHECK_OK(procattr_oom_score(self, &p, &e), &e);
	CHECK(pread(fd, text, sizeof(text) - 1, 0) > 0 && strcmp(text, "321\n") == 0);
	p.oom_score_adj = (struct opt_i64){ true, 1001 };
	CHECK(procattr_oom_score(self, &p, &e) == -EINVAL);
	CHECK_SAYS(&e, "/process/oomScoreAdj: 1001 is out of the kernel's range, -1000 to 1000");
}

static void the_oom_score_is_set_only_where_given(void **state)
{
	assert_int_equal(forked(score_body, NULL), 0);
}

static void new_settings(
	struct spec *spec, struct str_pair *pair, const char *key, const char *value)
{
	*spec = (struct spec){ 0 };
	*pair = (struct str_pair){ key, value };
	spec->linux_.sysctl.n = 1;
	spec->linux_.sysctl.v = pair;
}

static void setting_is(const char *path, const char *want)
{
	char text[64] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	CHECK(fd >= 0);
	CHECK(read(fd, text, sizeof(text) - 1) > 0);
	(void)close(fd);
	text[strcspn(text, "\n")] = '\0';
	CHECK(strcmp(text, want) == 0);
}

static const struct {
	const char *key, *value, *path, *says;
} setting_rows[] = {
	{ "kernel.msgmax", "4321", "/proc/sys/kernel/msgmax", NULL },
	{ "kernel/msgmnb", "4322", "/proc/sys/kernel/msgmnb", NULL },
	{ "net.ipv4.ip_forward", "1", "/proc/sys/net/ipv4/ip_forward", NULL },
	{ "net.ipv4.conf.lo.rp_filter", "2", "/proc/sys/net/ipv4/conf/lo/rp_filter", NULL },
	{ "net/ipv4/conf/all/rp_filter", "1", "/proc/sys/net/ipv4/conf/all/rp_filter", NULL },
	{ "kernel.msgmax", "many", NULL,
		"/linux/sysctl/kernel.msgmax: writing 'many': invalid argument" },
	{ "kernel.no_such", "1", NULL,
		"/linux/sysctl/kernel.no_such: opening /proc/sys/kernel/no_such: no such file or "
		"directory" },
	{ "net/ipv4/no~such", "1", NULL, "/linux/sysctl/net~1ipv4~1no~0such: opening" },
	{ "kernel/../../version", "1", NULL,
		"/linux/sysctl/kernel~1..~1..~1version: the name leads out of /proc/sys" },
	{ "../self/comm", "1", NULL, "/linux/sysctl/..~1self~1comm" },
	{ "/proc/self/comm", "1", NULL,
		"/linux/sysctl/~1proc~1self~1comm: the name leads out of /proc/sys" },
	{ "", "1", NULL, "/linux/sysctl/: no kernel setting has such a name" },
	{ "kernel", "1", NULL, "/linux/sysctl/kernel: opening /proc/sys/kernel" },
};

static void settings_body(void *arg)
{
	int proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct str_pair pair;
	struct spec spec;

	CHECK(unshare(CLONE_NEWIPC | CLONE_NEWNET) == 0);
	for (size_t i = 0; i < ELEMENTS(setting_rows); i++) {
		struct err e = { 0 };
		int r;

		new_settings(&spec, &pair, setting_rows[i].key, setting_rows[i].value);
		r = procattr_sysctl(proc_fd, &spec, &e);
		if (setting_rows[i].says) {
			CHECK(r < 0);
			CHECK_SAYS(&e, setting_rows[i].says);
			continue;
		}
		CHECK_OK(r, &e);
		setting_is(setting_rows[i].path, setting_rows[i].value);
	}
}

static void settings_are_written_below_proc_sys_and_nowhere_else(void **state)
{
	need_root();
	assert_int_equal(forked(settings_body, NULL), 0);
}

static void lookalike_body(void *arg)
{
	char dir[] = "/tmp/hasu-test-XXXXXX", path[64];
	struct str_pair pair;
	struct spec spec;
	struct err e = { 0 };
	struct stat st;
	int fd;

	CHECK(unshare(CLONE_NEWNS | CLONE_NEWIPC) == 0);
	CHECK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	new_settings(&spec, &pair, "kernel.msgmax", "1234");

	/* A directory that looks like procfs. */
	CHECK(mkdtemp(dir));
	fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	CHECK(mkdirat(fd, "sys", 0755) == 0 && mkdirat(fd, "sys/kernel", 0755) == 0);
	(void)snprintf(path, sizeof(path), "%s/sys/kernel/msgmax", dir);
	(void)close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
	CHECK(procattr_sysctl(fd, &spec, &e) == -EXDEV);
	CHECK_SAYS(
		&e, "/linux/sysctl/kernel.msgmax: /proc/sys/kernel/msgmax is not a file of procfs");
	CHECK(stat(path, &st) == 0 && st.st_size == 0);
	(void)close(fd);

	/* The real one with something mounted over a part of it. */
	CHECK(mount(dir, "/proc/sys/kernel", NULL, MS_BIND, NULL) == 0);
	fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	CHECK(procattr_sysctl(fd, &spec, &e) == -EXDEV);
	CHECK_SAYS(&e, "the name leads out of /proc/sys");
	CHECK(umount2("/proc/sys/kernel", MNT_DETACH) == 0);
	CHECK_OK(procattr_sysctl(fd, &spec, &e), &e);

	CHECK(unlink(path) == 0);
	(void)snprintf(path, sizeof(path), "%s/sys/kernel", dir);
	CHECK(rmdir(path) == 0);
	(void)snprintf(path, sizeof(path), "%s/sys", dir);
	CHECK(rmdir(path) == 0 && rmdir(dir) == 0);
}

static void a_procfs_that_is_none_is_not_written_to(void **state)
{
	need_root();
	assert_int_equal(forked(lookalike_body, NULL), 0);
}

static void names_body(void *arg)
{
	struct spec spec = { .hostname = "lotus", .domainname = "swamp" };
	struct err e = { 0 };
	struct utsname name;
	char long_name[80];

	CHECK(unshare(CLONE_NEWUTS) == 0);
	CHECK_OK(procattr_names(&spec, &e), &e);
	CHECK(uname(&name) == 0);
	CHECK(strcmp(name.nodename, "lotus") == 0);
	CHECK(strcmp(name.domainname, "swamp") == 0);
	spec = (struct spec){ .hostname = "" };
	CHECK_OK(procattr_names(&spec, &e), &e);
	CHECK(uname(&name) == 0 && strcmp(name.nodename, "lotus") == 0);
	memset(long_name, 'x', 65);
	long_name[65] = '\0';
	spec.hostname = long_name;
	CHECK(procattr_names(&spec, &e) == -EINVAL);
	CHECK_SAYS(&e, "is longer than 64 bytes, the kernel's limit");
	CHECK(unshare(CLONE_NEWUSER) == 0);
	spec.hostname = "other";
	CHECK(procattr_names(&spec, &e) == -EPERM);
	CHECK_SAYS(&e, "/hostname: setting 'other': operation not permitted");
}

static void names_are_set_where_given(void **state)
{
	need_root();
	assert_int_equal(forked(names_body, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits_are_set_and_refusals_name_limit_and_numbers),
		cmocka_unit_test(the_oom_score_is_set_only_where_given),
		cmocka_unit_test(settings_are_written_below_proc_sys_and_nowhere_else),
		cmocka_unit_test(a_procfs_that_is_none_is_not_written_to),
		cmocka_unit_test(names_are_set_where_given),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
