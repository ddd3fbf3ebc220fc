/* SPDX-License-Identifier: Apache-2.0 */
/* Labels, written to a directory that looks as /proc/self/attr and /sys do where the
 * modules are. */
#include "base/fd.h"
#include "linux/lsm.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

struct fake {
	char path[64];
	int fd;
};

static int setup(void **state)
{
	struct fake *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	(void)snprintf(f->path, sizeof(f->path), "/tmp/hasu-test-lsm-XXXXXX");
	assert_non_null(mkdtemp(f->path));
	f->fd = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(f->fd >= 0);
	*state = f;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static int teardown(void **state)
{
	struct fake *f = *state;

	(void)close(f->fd);
	assert_int_equal(nftw(f->path, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
	free(f);
	return 0;
}

static void put(const struct fake *f, const char *path, const char *text)
{
	char part[64];

	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		(void)snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
		(void)mkdirat(f->fd, part, 0755);
	}
	int fd = openat(f->fd, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
}

static void holds(const struct fake *f, const char *path, const char *want, size_t want_len)
{
	char text[128];
	int fd = openat(f->fd, path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(read(fd, text, sizeof(text)), want_len);
	assert_memory_equal(text, want, want_len);
	(void)close(fd);
}

static void a_host_without_the_module_is_refused_by_its_name(void **state)
{
	const struct fake *f = *state;
	struct spec_process p = { .apparmor_profile = "box" };
	struct err e = { 0 };

	assert_int_equal(lsm_check(f->fd, &p, &e), -ENOTSUP);
	assert_string_equal(e.text,
		"/process/apparmorProfile: 'box' cannot be applied: AppArmor is not enabled on "
		"this host");
	put(f, "module/apparmor/parameters/enabled", "N\n");
	assert_int_equal(lsm_check(f->fd, &p, &e), -ENOTSUP);
	put(f, "module/apparmor/parameters/enabled", "Y\n");
	assert_int_equal(lsm_check(f->fd, &p, &e), 0);

	p.selinux_label = "u:r:t:s0";
	assert_int_equal(lsm_check(f->fd, &p, &e), -ENOTSUP);
	assert_string_equal(e.text,
		"/process/selinuxLabel: 'u:r:t:s0' cannot be applied: SELinux is not enabled on "
		"this host");
	put(f, "fs/selinux/enforce", "1");
	assert_int_equal(lsm_check(f->fd, &p, &e), 0);
	/* An empty text is none (config.md). */
	p = (struct spec_process){ .apparmor_profile = "", .selinux_label = "" };
	assert_int_equal(unlinkat(f->fd, "fs/selinux/enforce", 0), 0);
	assert_int_equal(lsm_check(f->fd, &p, &e), 0);
}

static void no_label_opens_nothing(void **state)
{
	const struct fake *f = *state;
	struct spec_process p = { .apparmor_profile = "" };
	struct lsm lsm;
	struct err e = { 0 };

	assert_int_equal(lsm_open(f->fd, &p, &lsm, &e), 0);
	assert_true(lsm.apparmor_fd == -1 && lsm.selinux_fd == -1 && lsm.keys_fd == -1);
	assert_int_equal(lsm_open_self(-1, &p, &lsm, &e), 0);
	assert_int_equal(lsm_label_exec(&lsm, &p, &e), 0);
	assert_int_equal(lsm_label_keys(&lsm, "x", &e), 0);
}

static void an_apparmor_profile_is_asked_for_in_its_own_file(void **state)
{
	const struct fake *f = *state;
	struct spec_process p = { .apparmor_profile = "box//&:ns:inner" };
	struct lsm lsm;
	struct err e = { 0 };

	put(f, "exec", "");
	put(f, "apparmor/exec", "");
	assert_int_equal(lsm_open(f->fd, &p, &lsm, &e), 0);
	assert_int_equal(lsm_label_exec(&lsm, &p, &e), 0);
	lsm_close(&lsm);
	holds(f, "apparmor/exec", "exec box//&:ns:inner", 20);
	holds(f, "exec", "", 0);
}

static void without_it_in_the_common_one(void **state)
{
	const struct fake *f = *state;
	struct spec_process p = { .apparmor_profile = "box" };
	struct lsm lsm = LSM_NONE;
	struct err e = { 0 };

	assert_int_equal(lsm_open(f->fd, &p, &lsm, &e), -ENOENT);
	assert_string_equal(
		e.text, "/process/apparmorProfile: opening attr/exec: no such file or directory");
	put(f, "exec", "");
	assert_int_equal(lsm_open(f->fd, &p, &lsm, &e), 0);
	assert_int_equal(lsm_label_exec(&lsm, &p, &e), 0);
	lsm_close(&lsm);
	holds(f, "exec", "exec box", 8);
}

static void a_link_in_the_place_of_the_file_is_not_followed(void **state)
{
	const struct fake *f = *state;
	struct spec_process p = { .apparmor_profile = "box" };
	struct lsm lsm = LSM_NONE;
	struct err e = { 0 };

	put(f, "real", "");
	assert_int_equal(mkdirat(f->fd, "apparmor", 0755), 0);
	assert_int_equal(symlinkat("../real", f->fd, "apparmor/exec"), 0);
	assert_int_equal(lsm_open(f->fd, &p, &lsm, &e), -ELOOP);
	assert_true(lsm.apparmor_fd == -1);
}

static void an_selinux_label_is_asked_for_and_keys_get_it_for_a_while(void **state)
{
	const struct fake *f = *state;
	struct spec_process p = { .selinux_label = "u:r:t:s0:c1,c2" };
	struct lsm lsm;
	struct err e = { 0 };

	put(f, "exec", "");
	put(f, "keycreate", "");
	assert_int_equal(lsm_open(f->fd, &p, &lsm, &e), 0);
	assert_int_equal(lsm_label_keys(&lsm, p.selinux_label, &e), 0);
	assert_int_equal(lsm_label_keys(&lsm, NULL, &e), 0);
	assert_int_equal(lsm_label_exec(&lsm, &p, &e), 0);
	lsm_close(&lsm);
	holds(f, "exec", "u:r:t:s0:c1,c2", 14);
	holds(f, "keycreate", "u:r:t:s0:c1,c2\n", 15);
}

static void a_label_that_the_kernel_refuses_is_an_error_with_its_name(void **state)
{
	struct spec_process p = { .apparmor_profile = "box", .selinux_label = "label" };
	struct lsm lsm = LSM_NONE;
	struct err e = { 0 };

	lsm.apparmor_fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	assert_int_equal(lsm_label_exec(&lsm, &p, &e), -ENOSPC);
	assert_string_equal(
		e.text, "/process/apparmorProfile: asking for 'box': no space left on device");
	lsm.selinux_fd = lsm.apparmor_fd;
	lsm.apparmor_fd = -1;
	assert_int_equal(lsm_label_exec(&lsm, &p, &e), -ENOSPC);
	assert_string_equal(
		e.text, "/process/selinuxLabel: asking for 'label': no space left on device");
	lsm_close(&lsm);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_host_without_the_module_is_refused_by_its_name),
		TEST(no_label_opens_nothing),
		TEST(an_apparmor_profile_is_asked_for_in_its_own_file),
		TEST(without_it_in_the_common_one),
		TEST(a_link_in_the_place_of_the_file_is_not_followed),
		TEST(an_selinux_label_is_asked_for_and_keys_get_it_for_a_while),
		TEST(a_label_that_the_kernel_refuses_is_an_error_with_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
