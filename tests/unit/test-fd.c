/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets and directories whose other side is hostile, or asleep: nobody waits for ever. */
#include "base/fd.h"
#include "base/sys.h"
#include "base/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define STUCK_S 100 /* far longer than any bound: then SIGALRM ends the test */

static char dir[] = "/tmp/hasu-test-fd.XXXXXX";
static int dir_fd = -1;

static int make_dir(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	(void)alarm(STUCK_S);
	return dir_fd < 0 ? -1 : 0;
}

static int remove_dir(void **state)
{
	(void)state;
	(void)alarm(0);
	(void)tree_empty(dir_fd, INT64_MAX);
	dir_fd = fd_close(dir_fd);
	return rmdir(dir);
}

/* Who listens and accepts nobody: connections succeed until its queue is full. */
static void a_full_queue_is_waited_for_within_bounds(void **state)
{
	enum { MANY = 64 };
	int made[MANY], n = 0, r = 0;

	(void)state;
	int listener = fd_listen_unix(dir_fd, "sock", SOCK_STREAM);
	assert_true(listener >= 0);
	/* Full, as told by one that does not wait. */
	while (n < MANY && r >= 0) {
		r = fd_connect_unix(dir_fd, "sock", SOCK_STREAM | SOCK_NONBLOCK);
		if (r >= 0)
			made[n++] = r;
	}
	assert_int_equal(r, -EAGAIN);
	assert_int_equal(fd_connect_unix(dir_fd, "sock", SOCK_STREAM), -ETIMEDOUT);
	/* With room again it is as ever. */
	fd_close(accept(listener, NULL, NULL));
	r = fd_connect_unix(dir_fd, "sock", SOCK_STREAM);
	assert_true(r >= 0);
	fd_close(r);
	while (n > 0)
		fd_close(made[--n]);
	fd_close(listener);
}

#define DIRS 8

static void fill(void)
{
	char name[32];

	for (unsigned i = 0; i < DIRS; i++) {
		(void)snprintf(name, sizeof(name), "d%u", i);
		assert_return_code(mkdirat(dir_fd, name, 0700), errno);
		(void)snprintf(name, sizeof(name), "d%u/inner", i);
		assert_return_code(mkdirat(dir_fd, name, 0700), errno);
		(void)snprintf(name, sizeof(name), "d%u/inner/file", i);
		fd_close(openat(dir_fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	}
}

static unsigned left(void)
{
	char name[32];
	unsigned n = 0;

	for (unsigned i = 0; i < DIRS; i++) {
		(void)snprintf(name, sizeof(name), "d%u", i);
		n += faccessat(dir_fd, name, F_OK, 0) == 0;
	}
	return n;
}

/* What a container goes on filling would never be empty: here the time is over from the start. */
static void a_tree_is_emptied_until_the_time_is_over(void **state)
{
	(void)state;
	fill();
	assert_int_equal(tree_empty(dir_fd, sys_clock_ms()), -ETIMEDOUT);
	assert_true(left() >= DIRS - 1);
	assert_int_equal(tree_empty(dir_fd, INT64_MAX), 0);
	assert_int_equal(left(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_queue_is_waited_for_within_bounds),
		cmocka_unit_test(a_tree_is_emptied_until_the_time_is_over),
	};

	return cmocka_run_group_tests_name("fd", tests, make_dir, remove_dir);
}
