/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-cgroup-undo.c - what an update that failed writes to each file to have the old value back.
 *
 * The files are ordinary ones in the shapes that cgroup-v2.rst and cgroup-v1 describe; each is
 * emptied before the way back, so that what it holds then is the text that was written. That real
 * kernels take these texts is for the integration tests.
 */
#include "rows.h"

#include "base/fd.h"
#include "cgroup/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct hierarchy place = { .v2 = true, .mount = "/mnt", .path = "/c", .leaf_fd = -1 };

struct place {
	char dir[32];
	int fd;
};

static void place_make(struct place *p)
{
	(void)snprintf(p->dir, sizeof(p->dir), "/tmp/test-undo-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	p->fd = open(p->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(p->fd >= 0);
}

static void place_remove(struct place *p, const char *const *files)
{
	for (; *files; files++)
		(void)unlinkat(p->fd, *files, 0); /* rmdir tells of what is left */
	assert_int_equal(close(p->fd), 0);
	assert_int_equal(rmdir(p->dir), 0);
}

static void put(const struct place *p, const char *file, const char *text)
{
	_cleanup_close_ int fd =
		openat(p->fd, file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
}

static void holds(const struct place *p, const char *file, const char *want)
{
	_cleanup_free_ char *text = NULL;

	assert_int_equal(fd_read_file(p->fd, file, 4096, &text, NULL), 0);
	assert_words(text, want);
}

struct row {
	const char *says, *file, *old, *written, *back;
};

static const struct row rows[] = {
	{ "a number", "pids.max", "20\n", "30", "20" },
	{ "no limit", "memory.max", "max\n", "4096", "max" },
	{ "two numbers in one file", "cpu.max", "max 100000\n", "5000 10000", "max 100000" },
	{ "a list of nodes", "cpuset.mems", "0-1,3\n", "2", "0-1,3" },
	{ "an empty list needs a line to be written", "cpuset.cpus", "\n", "0", "\n" },
	{ "an empty file too", "cpuset.cpus", "", "0", "\n" },
	{ "v1's answer to out of memory", "memory.oom_control",
		"oom_kill_disable 0\nunder_oom 0\noom_kill 3\n", "1", "0" },
	{ "a partition that is none just now", "cpuset.cpus.partition",
		"root invalid (Parent is not a partition root)\n", "member", "root" },
	{ "a device's line among others", "io.max",
		"8:0 rbps=1 wbps=2 riops=max wiops=max\n8:16 rbps=3 wbps=max riops=max wiops=max\n",
		"8:16 rbps=9", "8:16 rbps=3 wbps=max riops=max wiops=max" },
	{ "a device that had no line", "io.max", "8:0 rbps=1 wbps=2 riops=max wiops=max\n",
		"8:16 rbps=9", "8:16 rbps=max wbps=max riops=max wiops=max" },
	{ "a device whose number begins like another's", "io.max",
		"8:160 rbps=1 wbps=max riops=max wiops=max\n", "8:16 wbps=9",
		"8:16 rbps=max wbps=max riops=max wiops=max" },
	{ "the weight of all devices", "io.weight", "default 100\n8:0 50\n", "200", "default 100" },
	{ "the weight of one device", "io.weight", "default 100\n8:0 50\n", "8:0 70", "8:0 50" },
	{ "the weight of a device that had none", "io.weight", "default 100\n", "8:0 70",
		"8:0 default" },
	{ "a target of latency", "io.latency", "", "8:0 target=10", "8:0 target=0" },
	{ "v1's bytes of a device", "blkio.throttle.read_bps_device", "8:0 1024\n8:16 2048\n",
		"8:16 1", "8:16 2048" },
	{ "v1's bytes of a device without", "blkio.throttle.read_bps_device", "", "8:16 1",
		"8:16 0" },
	{ "v1's weight of all devices", "blkio.bfq.weight", "100\n", "200", "100" },
	{ "an adapter's objects", "rdma.max", "mlx4_0 hca_handle=max hca_object=max\n",
		"mlx4_0 hca_handle=2", "mlx4_0 hca_handle=max hca_object=max" },
	{ "v1's priority of an interface", "net_prio.ifpriomap", "lo 0\neth0 5\n", "eth0 7",
		"eth0 5" },
};

static void comes_back(void **state)
{
	const struct row *row = *state;
	const char *const files[] = { row->file, NULL };
	struct undo undo = { 0 };
	struct err e = { .num = EINVAL, .text = "first" };
	struct place p;

	place_make(&p);
	put(&p, row->file, row->old);
	assert_int_equal(undo_write(&undo, &place, p.fd, row->file, row->written), 0);
	put(&p, row->file, "");
	undo_all(&undo, &e);
	holds(&p, row->file, row->back);
	assert_words(e.text, "first");
	undo_free(&undo);
	place_remove(&p, files);
}

static void the_last_comes_back_first(void **state)
{
	static const char *const files[] = { "a", NULL };
	struct undo undo = { 0 };
	struct err e = { .num = EINVAL, .text = "first" };
	struct place p;

	place_make(&p);
	put(&p, "a", "1");
	assert_int_equal(undo_write(&undo, &place, p.fd, "a", "2"), 0);
	assert_int_equal(undo_write(&undo, &place, p.fd, "a", "3"), 0);
	undo_all(&undo, &e);
	holds(&p, "a", "1");
	undo_free(&undo);
	place_remove(&p, files);
}

static void what_was_not_written_is_not_touched(void **state)
{
	static const char *const files[] = { "a", NULL };
	struct undo undo = { 0 };
	struct err e = { .num = EINVAL, .text = "first" };
	struct place p;

	place_make(&p);
	assert_int_equal(undo_write(&undo, &place, p.fd, "absent", "2"), -ENOENT);
	put(&p, "a", "1");
	undo_all(&undo, &e);
	holds(&p, "a", "1");
	assert_int_equal(faccessat(p.fd, "absent", F_OK, 0), -1);
	undo_free(&undo);
	place_remove(&p, files);
}

static void what_cannot_be_put_back_is_said_behind_what_failed(void **state)
{
	static const char *const files[] = { "a", NULL };
	struct undo undo = { 0 };
	struct err e = { 0 };
	struct place p;

	place_make(&p);
	put(&p, "a", "1");
	put(&p, "b", "1");
	assert_int_equal(undo_write(&undo, &place, p.fd, "a", "2"), 0);
	assert_int_equal(undo_write(&undo, &place, p.fd, "b", "2"), 0);
	assert_int_equal(unlinkat(p.fd, "b", 0), 0);
	(void)err_say(&e, ERANGE, "pids.max is bad");
	undo_all(&undo, &e);
	assert_words(e.text, "pids.max is bad; and putting back b of cgroup '/mnt/c': no such file "
			     "or directory");
	assert_int_equal(e.num, ERANGE);
	holds(&p, "a", "1");
	undo_free(&undo);
	place_remove(&p, files);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_comes_back_first),
		cmocka_unit_test(what_was_not_written_is_not_touched),
		cmocka_unit_test(what_cannot_be_put_back_is_said_behind_what_failed),
	};
	int failed = ROWS_RUN("what is put back", rows, comes_back);

	return failed + cmocka_run_group_tests_name("undo", tests, NULL, NULL);
}
