/* SPDX-License-Identifier: Apache-2.0 */
/* IDs, capabilities and HOME; /proc/self/status says what came of them. */
#include "forked.h"
#include "linux/caps.h"
#include "linux/creds.h"

#include <linux/capability.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cmocka.h>

#define BIT(cap) (UINT64_C(1) << (cap))

static uint64_t set_of(const char *key)
{
	char buf[256];

	return strtoull(status_line(key, buf, sizeof(buf)), NULL, 16);
}

static void need_root(void)
{
	if (geteuid() != 0)
		skip();
}

static void user_body(void *arg)
{
	uint32_t groups[] = { 7, 9 };
	struct spec_process p = {
		.user = { .uid = 1000,
			.gid = 1001,
			.umask = { true, 027 },
			.n_additional_gids = 2,
			.additional_gids = groups },
		.capabilities = { .has = true,
			.bounding = BIT(CAP_KILL) | BIT(CAP_CHOWN) | BIT(CAP_NET_RAW),
			.permitted = BIT(CAP_KILL) | BIT(CAP_CHOWN),
			.effective = BIT(CAP_KILL) },
		.no_new_privileges = true,
	};
	struct err e = { 0 };
	char buf[256];

	CHECK_OK(creds_apply(&p, &e), &e);
	CHECK(strcmp(status_line("Uid", buf, sizeof(buf)), "1000\t1000\t1000\t1000") == 0);
	CHECK(strcmp(status_line("Gid", buf, sizeof(buf)), "1001\t1001\t1001\t1001") == 0);
	CHECK(strncmp(status_line("Groups", buf, sizeof(buf)), "7 9", 3) == 0);
	CHECK(strcmp(status_line("Umask", buf, sizeof(buf)), "0027") == 0);
	CHECK(strcmp(status_line("NoNewPrivs", buf, sizeof(buf)), "1") == 0);
	CHECK(set_of("CapBnd") == p.capabilities.bounding);
	CHECK(set_of("CapPrm") == p.capabilities.permitted);
	CHECK(set_of("CapEff") == p.capabilities.effective);
	CHECK(set_of("CapInh") == 0);
	CHECK(set_of("CapAmb") == 0);
	CHECK(prctl(PR_GET_KEEPCAPS, 0, 0, 0, 0) == 0);
}

static void a_user_gets_its_ids_and_exactly_its_capabilities(void **state)
{
	need_root();
	assert_int_equal(forked(user_body, NULL), 0);
}

static void none_body(void *arg)
{
	struct spec_process p = { 0 };
	struct err e = { 0 };

	CHECK_OK(creds_apply(&p, &e), &e);
	CHECK((set_of("CapBnd") | set_of("CapPrm") | set_of("CapEff") | set_of("CapInh")) == 0);
}

static void without_capabilities_in_the_config_root_has_none(void **state)
{
	need_root();
	assert_int_equal(forked(none_body, NULL), 0);
}

static void ambient_body(void *arg)
{
	const uint64_t kill = BIT(CAP_KILL), chown = BIT(CAP_CHOWN);
	struct spec_process p = {
		.user = { .uid = 5, .gid = 5 },
		.capabilities = { true, kill | chown, kill | chown, kill, kill | chown,
			kill | chown },
	};
	struct err e = { 0 };

	CHECK_OK(creds_apply(&p, &e), &e);
	CHECK(set_of("CapInh") == kill);
	/* CAP_CHOWN is not inheritable, so it cannot be ambient. */
	CHECK(set_of("CapAmb") == kill);
}

static void ambient_capabilities_survive_the_change_of_user(void **state)
{
	need_root();
	assert_int_equal(forked(ambient_body, NULL), 0);
}

/* By the raw system call, so that the code under test has no part in it. */
static void lose(unsigned cap)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	CHECK(syscall(SYS_capget, &header, data) == 0);
	data[cap / 32].permitted &= ~(1u << cap % 32);
	data[cap / 32].effective &= ~(1u << cap % 32);
	CHECK(syscall(SYS_capset, &header, data) == 0);
}

static void missing_body(void *arg)
{
	struct spec_capabilities caps = { .has = true };
	struct err e = { 0 };

	lose(CAP_SYS_BOOT);
	CHECK(!caps_have(CAP_SYS_BOOT));
	CHECK(caps_have(CAP_KILL));
	caps.permitted = BIT(CAP_SYS_BOOT) | BIT(CAP_KILL);
	CHECK(caps_set(&caps, &e) == -EPERM);
	CHECK_SAYS(&e,
		"/process/capabilities/permitted: the runtime itself does not have CAP_SYS_BOOT");
	CHECK(!strstr(e.text, "CAP_KILL"));

	caps.permitted = 0;
	caps.effective = BIT(CAP_KILL);
	CHECK(caps_set(&caps, &e) == -EPERM);
	CHECK_SAYS(&e, "/process/capabilities/effective: CAP_KILL not in permitted");

	CHECK_OK(caps_bound(~BIT(CAP_CHOWN), &e), &e);
	caps.effective = 0;
	caps.inheritable = BIT(CAP_CHOWN);
	CHECK(caps_set(&caps, &e) == -EPERM);
	CHECK_SAYS(&e, "/process/capabilities/inheritable: CAP_CHOWN not in bounding");
}

static void limited_body(void *arg)
{
	struct spec_capabilities caps = {
		.has = true,
		.bounding = BIT(CAP_SYS_BOOT) | BIT(CAP_KILL),
		.permitted = BIT(CAP_SYS_BOOT) | BIT(CAP_KILL),
		.effective = BIT(CAP_SYS_BOOT) | BIT(CAP_KILL),
		.inheritable = BIT(CAP_SYS_BOOT),
	};
	struct strbuf lacking = { 0 };
	struct err e = { 0 };

	lose(CAP_SYS_BOOT);
	CHECK_OK(caps_limit(&caps, &lacking, &e), &e);
	CHECK(lacking.len && !strcmp(lacking.text, "CAP_SYS_BOOT"));
	strbuf_free(&lacking);
	CHECK_OK(caps_set(&caps, &e), &e);
	CHECK(set_of("CapPrm") == BIT(CAP_KILL));
	CHECK(set_of("CapEff") == BIT(CAP_KILL));
	CHECK(set_of("CapInh") == 0);
	CHECK(set_of("CapBnd") & BIT(CAP_SYS_BOOT)); /* caps_bound() has that one */
}

static void a_capability_that_the_caller_lacks_is_left_out(void **state)
{
	need_root();
	assert_int_equal(forked(limited_body, NULL), 0);
}

static void a_capability_that_cannot_be_had_is_named(void **state)
{
	need_root();
	assert_int_equal(forked(missing_body, NULL), 0);
}

static void beyond_body(void *arg)
{
	const uint64_t beyond = UINT64_MAX << (caps_last() + 1);
	struct spec_capabilities caps = { true, 0, beyond, beyond, beyond, beyond };
	struct err e = { 0 };

	CHECK_OK(caps_set(&caps, &e), &e);
	CHECK(set_of("CapPrm") == 0);
}

static void capabilities_that_the_kernel_does_not_know_are_dropped(void **state)
{
	FILE *f = fopen("/proc/sys/kernel/cap_last_cap", "re");
	unsigned last = 0;

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%u", &last), 1);
	(void)fclose(f);
	assert_int_equal(caps_last(), last);
	assert_int_equal(forked(beyond_body, NULL), 0);
}

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	CHECK(fd >= 0);
	CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	(void)close(fd);
}

static void denied_body(void *arg)
{
	struct spec_process p = { .capabilities = { .has = true } };
	uint32_t groups[] = { 0 };
	struct err e = { 0 };
	char buf[256];

	CHECK(unshare(CLONE_NEWUSER) == 0);
	write_text("/proc/self/setgroups", "deny");
	write_text("/proc/self/gid_map", "0 0 1");
	write_text("/proc/self/uid_map", "0 0 1");
	CHECK_OK(creds_root(&e), &e);
	p.user.n_additional_gids = 1;
	p.user.additional_gids = groups;
	CHECK(creds_apply(&p, &e) == -EPERM);
	CHECK_SAYS(&e, "/process/user/additionalGids: this user namespace denies setgroups(2)");
	p.user.n_additional_gids = 0;
	p.user.uid = 33;
	CHECK(creds_apply(&p, &e) == -EINVAL);
	CHECK_SAYS(&e, "/process/user/uid: user 33 is not mapped");
	p.user.uid = 0;
	CHECK_OK(creds_apply(&p, &e), &e);
	CHECK(strcmp(status_line("Uid", buf, sizeof(buf)), "0\t0\t0\t0") == 0);
}

static void a_user_namespace_that_denies_setgroups_works_without_groups(void **state)
{
	need_root();
	assert_int_equal(forked(denied_body, NULL), 0);
}

static void unmapped_body(void *arg)
{
	struct spec_process p = { .capabilities = { .has = true } };
	uint32_t groups[] = { 0, 44 };
	struct err e = { 0 };
	int fds[2];
	char c = 0;
	pid_t pid;

	/* The maps are written from outside, so that setgroups(2) stays allowed. */
	CHECK(pipe(fds) == 0);
	pid = fork();
	if (pid == 0) {
		char path[64];

		CHECK(read(fds[0], &c, 1) == 1);
		(void)snprintf(path, sizeof(path), "/proc/%d/gid_map", (int)getppid());
		write_text(path, "0 0 2");
		(void)snprintf(path, sizeof(path), "/proc/%d/uid_map", (int)getppid());
		write_text(path, "1 0 2");
		_exit(0);
	}
	CHECK(unshare(CLONE_NEWUSER) == 0);
	CHECK(write(fds[1], &c, 1) == 1);
	CHECK(waitpid(pid, NULL, 0) == pid);
	p.user.uid = 1;
	p.user.n_additional_gids = 2;
	p.user.additional_gids = groups;
	CHECK(creds_apply(&p, &e) == -EINVAL);
	CHECK_SAYS(&e, "/process/user/additionalGids/1: group 44 is not mapped");
	CHECK(creds_root(&e) == -EINVAL);
	CHECK_SAYS(&e, "/linux/uidMappings: no user is mapped to 0");
}

static void an_unmapped_id_is_named(void **state)
{
	need_root();
	assert_int_equal(forked(unmapped_body, NULL), 0);
}

/* A container's root with this /etc/passwd, and HOME as it comes out for a user. */
struct home_row {
	const char *sentence, *passwd;
	uint32_t uid;
	const char *env[4], *home;
};

static const struct home_row home_rows[] = {
	{ "the home of the user's line", "root:x:0:0::/root:/bin/sh\nu:x:8:8:U:/home/u:/bin/sh\n",
		8, { 0 }, "/home/u" },
	{ "the first line of a user counts", "a:x:8:8::/a:\nb:x:8:8::/b:\n", 8, { 0 }, "/a" },
	{ "no file", NULL, 8, { 0 }, "/" },
	{ "no line", "root:x:0:0::/root:/bin/sh\n", 8, { 0 }, "/" },
	{ "the last line needs no newline", "u:x:8:8::/last:/bin/sh", 8, { 0 }, "/last" },
	{ "a number that only begins alike", "u:x:80:8::/wrong:\nv:x:8:8::/right:\n", 8, { 0 },
		"/right" },
	{ "a number is decimal digits only", "u:x:+8:8::/a:\nu:x: 8:8::/b:\nu:x:0x8:8::/c:\n", 8,
		{ 0 }, "/" },
	{ "a number past 32 bits is not its remainder", "u:x:4294967296:0::/wrong:\n", 0, { 0 },
		"/" },
	{ "a number that is alike in its low bits", "u:x:264:8::/wrong:\n", 8, { 0 }, "/" },
	{ "a line that ends early", "u:x:8\nu:x:8:8:\nu:x:8:8::/home:/bin/sh\n", 8, { 0 },
		"/home" },
	{ "an empty home", "u:x:8:8:::/bin/sh\n", 8, { 0 }, "/" },
	{ "a relative home", "u:x:8:8::home:/bin/sh\n", 8, { 0 }, "/" },
	{ "the config's HOME wins", "u:x:8:8::/wrong:\n", 8, { "HOME=/mine" }, "/mine" },
	{ "an empty HOME is none", "u:x:8:8::/home:\n", 8, { "HOME=" }, "/home" },
	{ "the last HOME wins", "", 8, { "HOME=/a", "X=1", "HOME=/b" }, "/b" },
	{ "the last HOME wins, also when it is empty", "u:x:8:8::/p:\n", 8, { "HOME=/a", "HOME=" },
		"/p" },
};

static void home_comes_from_the_config_or_the_containers_passwd(void **state)
{
	for (size_t i = 0; i < ELEMENTS(home_rows); i++) {
		const struct home_row *row = &home_rows[i];
		struct spec_process p = { .user = { .uid = row->uid } };
		char root[] = "/tmp/hasu-test-XXXXXX", path[64], want[64];
		struct arena arena = { 0 };
		char **env;
		int root_fd, homes = 0;

		assert_non_null(mkdtemp(root));
		root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
		assert_int_equal(mkdirat(root_fd, "etc", 0755), 0);
		(void)snprintf(path, sizeof(path), "%s/etc/passwd", root);
		if (row->passwd) {
			FILE *f = fopen(path, "we");

			assert_non_null(f);
			fputs(row->passwd, f);
			(void)fclose(f);
		}
		while (p.env.n < ELEMENTS(row->env) && row->env[p.env.n])
			p.env.n++;
		p.env.v = (char **)row->env;
		env = creds_environment(&p, root_fd, &arena);
		assert_non_null(env);
		(void)snprintf(want, sizeof(want), "HOME=%s", row->home);
		for (; *env; env++)
			if (str_starts(*env, "HOME=")) {
				homes++;
				if (strcmp(*env, want) != 0)
					fail_msg("%s: %s", row->sentence, *env);
			}
		if (homes != 1)
			fail_msg("%s: %d entries for HOME", row->sentence, homes);
		arena_free(&arena);
		(void)unlink(path);
		(void)unlinkat(root_fd, "etc", AT_REMOVEDIR);
		(void)close(root_fd);
		assert_int_equal(rmdir(root), 0);
	}
}

static void hostile_body(void *arg)
{
	struct spec_process p = { .user = { .uid = 0 } };
	char root[] = "/tmp/hasu-test-XXXXXX", path[64];
	struct arena arena = { 0 };
	char line[4096];
	int root_fd, fd;

	/* A hang would end the test here. */
	(void)alarm(10);
	CHECK(mkdtemp(root));
	root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	CHECK(mkdirat(root_fd, "etc", 0755) == 0);
	CHECK(mkfifoat(root_fd, "etc/passwd", 0666) == 0);
	CHECK(strcmp(creds_environment(&p, root_fd, &arena)[0], "HOME=/") == 0);
	CHECK(unlinkat(root_fd, "etc/passwd", 0) == 0);

	/* The host's own passwd, with a home for root that is not "/". */
	CHECK(symlinkat("/../../../../../../etc/passwd", root_fd, "etc/passwd") == 0);
	CHECK(strcmp(creds_environment(&p, root_fd, &arena)[0], "HOME=/") == 0);
	CHECK(unlinkat(root_fd, "etc/passwd", 0) == 0);

	/* Larger than what is read: as none. */
	(void)snprintf(path, sizeof(path), "%s/etc/passwd", root);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
	CHECK(write(fd, "r:x:0:0::/big:\n", 15) == 15);
	memset(line, '#', sizeof(line));
	for (int i = 0; i < 257; i++)
		CHECK(write(fd, line, sizeof(line)) == sizeof(line));
	(void)close(fd);
	CHECK(strcmp(creds_environment(&p, root_fd, &arena)[0], "HOME=/") == 0);
	arena_free(&arena);
	CHECK(unlinkat(root_fd, "etc/passwd", 0) == 0);
	CHECK(unlinkat(root_fd, "etc", AT_REMOVEDIR) == 0);
	CHECK(rmdir(root) == 0);
}

static void a_hostile_passwd_neither_hangs_nor_leads_out(void **state)
{
	assert_int_equal(forked(hostile_body, NULL), 0);
}

static void stdio_body(void *arg)
{
	struct spec_process p = { .user = { .uid = 1234 } };
	struct err e = { 0 };
	struct stat st, null;
	int fds[2];

	CHECK(pipe(fds) == 0);
	CHECK(dup2(fds[0], 0) == 0);
	CHECK(dup2(open("/dev/null", O_RDWR), 1) == 1);
	CHECK(stat("/dev/null", &null) == 0);
	CHECK_OK(creds_own_stdio(&p, &e), &e);
	CHECK(fstat(0, &st) == 0 && st.st_uid == 1234);
	CHECK(fstat(1, &st) == 0 && st.st_uid == null.st_uid);
}

static void standard_streams_are_given_to_the_user_but_not_dev_null(void **state)
{
	need_root();
	assert_int_equal(forked(stdio_body, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_user_gets_its_ids_and_exactly_its_capabilities),
		cmocka_unit_test(without_capabilities_in_the_config_root_has_none),
		cmocka_unit_test(ambient_capabilities_survive_the_change_of_user),
		cmocka_unit_test(a_capability_that_the_caller_lacks_is_left_out),
		cmocka_unit_test(a_capability_that_cannot_be_had_is_named),
		cmocka_unit_test(capabilities_that_the_kernel_does_not_know_are_dropped),
		cmocka_unit_test(a_user_namespace_that_denies_setgroups_works_without_groups),
		cmocka_unit_test(an_unmapped_id_is_named),
		cmocka_unit_test(home_comes_from_the_config_or_the_containers_passwd),
		cmocka_unit_test(a_hostile_passwd_neither_hangs_nor_leads_out),
		cmocka_unit_test(standard_streams_are_given_to_the_user_but_not_dev_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
