/* SPDX-License-Identifier: Apache-2.0 */
/* Filters are loaded in a child, and asked by making the system calls. */
#include "base/fd.h"
#include "forked.h"
#include "linux/seccomp.h"

#include <linux/seccomp.h>
#include <seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cmocka.h>

/* Lists of the spec hold char *, as loaded text; literals stand in for it. */
#define NAMES(...)                                                                                 \
	{                                                                                          \
		sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *),                          \
			(char **)(const char *[])                                                  \
		{                                                                                  \
			__VA_ARGS__                                                                \
		}                                                                                  \
	}

/* What a child needs to end and to say why. */
#define VITAL NAMES("exit_group", "write", "prctl", "seccomp", "rt_sigreturn")

static void load(const struct spec_seccomp *s)
{
	static struct seccomp_filter f; /* stays: to free it takes system calls */
	struct err e = { 0 };

	CHECK_OK(seccomp_compile(s, -1, &f, &e), &e);
	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHECK_OK(seccomp_filter_load(&f, &e), &e);
}

/* errno of a system call, 0 if it worked. */
static int result_of(long number, long a, long b, long c)
{
	return syscall(number, a, b, c) < 0 ? errno : 0;
}

static void deny_body(void *arg)
{
	struct spec_seccomp_rule rules[] = {
		{ NAMES("getppid", "no_such_call_42", "getuid"), SCMP_ACT_ERRNO(EDOM), 0, NULL },
		{ NAMES("getgid"), SCMP_ACT_ALLOW, 0, NULL },
	};

	load(&(struct spec_seccomp){
		.default_action = SCMP_ACT_ALLOW, .n_rules = 2, .rules = rules });
	CHECK(result_of(SYS_getppid, 0, 0, 0) == EDOM);
	CHECK(result_of(SYS_getuid, 0, 0, 0) == EDOM);
	CHECK(result_of(SYS_getgid, 0, 0, 0) == 0);
	CHECK(result_of(SYS_geteuid, 0, 0, 0) == 0);
	/* What is allowed by default stays the kernel's business: no ENOSYS of ours. */
	CHECK(result_of(SYS_landlock_create_ruleset, 0, 0, 1) != EDOM);
}

static void a_rule_decides_its_calls_and_unknown_names_are_skipped(void **state)
{
	assert_int_equal(forked(deny_body, NULL), 0);
}

static void allow_body(void *arg)
{
	const uint32_t action = *(const uint32_t *)arg;
	struct spec_seccomp_rule rules[] = {
		{ VITAL, SCMP_ACT_ALLOW, 0, NULL },
		/* The newest that the profile knows: 436 on every machine. */
		{ NAMES("getppid", "close_range"), SCMP_ACT_ALLOW, 0, NULL },
	};
	bool enosys = action == SCMP_ACT_ERRNO(EPERM);

	load(&(struct spec_seccomp){ .default_action = action, .n_rules = 2, .rules = rules });
	CHECK(result_of(SYS_getppid, 0, 0, 0) == 0);
	CHECK(result_of(SYS_clone3, 0, 0, 0) == (enosys ? EPERM : ENOSYS)); /* 435 */
	CHECK(result_of(SYS_close_range, 9000, 8000, 0) == EINVAL);         /* 436 */
	CHECK(result_of(SYS_openat2, 0, 0, 0) == ENOSYS);                   /* 437 */
	CHECK(result_of(10000, 0, 0, 0) == ENOSYS);
	CHECK(result_of(SYS_getuid, 0, 0, 0) == (enosys ? EPERM : ENOSYS));
}

static void calls_newer_than_the_profile_are_enosys(void **state)
{
	uint32_t action = SCMP_ACT_ERRNO(EPERM);

	assert_int_equal(forked(allow_body, &action), 0);
	action = SCMP_ACT_ERRNO(ENOSYS);
	assert_int_equal(forked(allow_body, &action), 0);
}

static void kill_body(void *arg)
{
	struct spec_seccomp_rule rule = {
		NAMES("exit_group", "write", "prctl", "seccomp", "getppid"), SCMP_ACT_ALLOW, 0, NULL
	};

	load(&(struct spec_seccomp){
		.default_action = SCMP_ACT_KILL_PROCESS, .n_rules = 1, .rules = &rule });
	CHECK(result_of(SYS_openat2, 0, 0, 0) == ENOSYS);
	(void)syscall(SYS_getuid);
}

static void a_call_that_the_profile_does_not_name_kills(void **state)
{
	int status = forked(kill_body, NULL);

	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSYS);
}

#ifdef __x86_64__
/* A system call of the 32-bit interface, with its own numbers. */
static int call32(int number)
{
	long r;

	__asm__ volatile("int $0x80" : "=a"(r) : "a"(number) : "memory", "r8", "r9", "r10", "r11");
	return (int)r;
}

static void call32_body(void *arg)
{
	/* Where the kernel has no such interface, this is a fault. */
	(void)signal(SIGSEGV, SIG_DFL);
	if (call32(64) < 0)
		leave(1);
}

static void archs_body(void *arg)
{
	struct spec_seccomp_rule rules[] = {
		{ VITAL, SCMP_ACT_ALLOW, 0, NULL },
		{ NAMES("getppid", "close_range"), SCMP_ACT_ALLOW, 0, NULL },
	};

	load(&(struct spec_seccomp){ .default_action = SCMP_ACT_ERRNO(EPERM),
		.architectures = NAMES("SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"),
		.n_rules = 2,
		.rules = rules });
	CHECK(result_of(SYS_getppid, 0, 0, 0) == 0);
	CHECK(result_of(SYS_getuid, 0, 0, 0) == EPERM);
	CHECK(result_of(SYS_openat2, 0, 0, 0) == ENOSYS);
	CHECK(result_of(0x40000000 | SYS_getuid, 0, 0, 0) == EPERM);
	CHECK(result_of(0x40000000 | 700, 0, 0, 0) == ENOSYS);

	if (!*(bool *)arg)
		return;
	CHECK(call32(64) >= 0);        /* getppid */
	CHECK(call32(199) == -EPERM);  /* getuid32 */
	CHECK(call32(437) == -ENOSYS); /* openat2 */
}

static void each_architecture_has_its_own_numbers(void **state)
{
	bool has32 = forked(call32_body, NULL) == 0;

	assert_int_equal(forked(archs_body, &has32), 0);
}

static void native_body(void *arg)
{
	struct spec_seccomp_rule rules[] = {
		{ VITAL, SCMP_ACT_ALLOW, 0, NULL },
		{ NAMES("getppid"), SCMP_ACT_ALLOW, 0, NULL },
	};

	/* As Docker does on some machines, the list lacks the native architecture. */
	load(&(struct spec_seccomp){ .default_action = SCMP_ACT_ERRNO(EPERM),
		.architectures = NAMES("SCMP_ARCH_X86"),
		.n_rules = 2,
		.rules = rules });
	CHECK(result_of(SYS_getppid, 0, 0, 0) == 0);
	CHECK(result_of(SYS_getuid, 0, 0, 0) == EPERM);
	CHECK(result_of(700, 0, 0, 0) == ENOSYS);
}

static void the_native_architecture_is_always_there(void **state)
{
	assert_int_equal(forked(native_body, NULL), 0);
}
#endif

static void arguments_body(void *arg)
{
	struct spec_seccomp_arg both[] = {
		{ 0, 5, 0, SCMP_CMP_EQ },
		{ 1, 6, 0, SCMP_CMP_EQ },
	};
	struct spec_seccomp_arg same[] = {
		{ 0, 70, 0, SCMP_CMP_EQ },
		{ 0, 71, 0, SCMP_CMP_EQ },
	};
	struct spec_seccomp_arg masked[] = { { 0, 0xff00, 0x1200, SCMP_CMP_MASKED_EQ } };
	struct spec_seccomp_rule rules[] = {
		{ NAMES("dup2"), SCMP_ACT_ERRNO(EDOM), 2, both },
		{ NAMES("close"), SCMP_ACT_ERRNO(ERANGE), 2, same },
		{ NAMES("umask"), SCMP_ACT_ERRNO(ENODATA), 1, masked },
	};

	load(&(struct spec_seccomp){
		.default_action = SCMP_ACT_ALLOW, .n_rules = 3, .rules = rules });
	CHECK(result_of(SYS_dup2, 5, 6, 0) == EDOM);
	CHECK(result_of(SYS_dup2, 5, 5000000, 0) == EBADF);
	CHECK(result_of(SYS_dup2, 5000000, 6, 0) == EBADF);
	CHECK(result_of(SYS_close, 70, 0, 0) == ERANGE);
	CHECK(result_of(SYS_close, 71, 0, 0) == ERANGE);
	CHECK(result_of(SYS_close, 72, 0, 0) == EBADF);
	CHECK(result_of(SYS_umask, 0x1234, 0, 0) == ENODATA);
	CHECK(result_of(SYS_umask, 0x22, 0, 0) == 0);
}

static void conditions_hold_together_unless_on_one_argument(void **state)
{
	assert_int_equal(forked(arguments_body, NULL), 0);
}

static void flags_are_passed_on_as_the_peers_do(void **state)
{
	struct spec_seccomp s = { .default_action = SCMP_ACT_ALLOW };
	struct seccomp_filter f;
	struct err e = { 0 };

	assert_int_equal(seccomp_compile(&s, -1, &f, &e), 0);
	assert_int_equal(f.flags, SECCOMP_FILTER_FLAG_SPEC_ALLOW);
	seccomp_filter_free(&f);
	s.has_flags = true;
	assert_int_equal(seccomp_compile(&s, -1, &f, &e), 0);
	assert_int_equal(f.flags, 0);
	seccomp_filter_free(&f);
	s.flags = SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_LOG;
	assert_int_equal(seccomp_compile(&s, -1, &f, &e), 0);
	assert_int_equal(f.flags, SECCOMP_FILTER_FLAG_LOG);
	seccomp_filter_free(&f);
	assert_null(f.insns);
}

/* A child asks, an agent answers: it must see the very call, and the child the agent's answer. */
static void ask_body(void *arg)
{
	const int *sock = arg;
	struct spec_seccomp_rule rule = { NAMES("getppid"), SCMP_ACT_NOTIFY, 0, NULL };
	struct spec_seccomp s = { .default_action = SCMP_ACT_ALLOW,
		.has_flags = true,
		.flags = SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
		.n_rules = 1,
		.rules = &rule };
	struct seccomp_filter f;
	struct err e = { 0 };

	CHECK_OK(seccomp_compile(&s, -1, &f, &e), &e);
	CHECK(f.listener);
	CHECK(f.flags ==
		(SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV));
	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	int fd = seccomp_filter_load(&f, &e);
	CHECK_OK(fd, &e);
	CHECK(fd > 2 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
	CHECK(fd_send(*sock, fd, "x", 1) == 0);
	CHECK(syscall(SYS_getppid) == 4242);
	/* A second one has nowhere to go. */
	CHECK(seccomp_filter_load(&f, &e) == -EBUSY);
	CHECK_SAYS(&e, "another filter with a listener is in force already");
}

static int take_fd(int sock)
{
	char byte, space[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = space,
		.msg_controllen = sizeof(space) };
	int fd = -1;

	if (recvmsg(sock, &msg, MSG_CMSG_CLOEXEC) == 1 && CMSG_FIRSTHDR(&msg))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

static void an_agent_is_asked_and_answers(void **state)
{
	int socks[2], status = -1;
	struct seccomp_notif ask = { 0 };
	struct seccomp_notif_resp answer = { .val = 4242 };

	if (!seccomp_kernel_has_flag(
		    SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV))
		skip();
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socks), 0);
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		ask_body(&socks[1]);
		leave(0);
	}
	(void)close(socks[1]);
	int agent = take_fd(socks[0]);
	assert_true(agent >= 0);
	assert_int_equal(ioctl(agent, SECCOMP_IOCTL_NOTIF_RECV, &ask), 0);
	assert_int_equal(ask.data.nr, SYS_getppid);
	assert_int_equal(ask.pid, pid);
	answer.id = ask.id;
	assert_int_equal(ioctl(agent, SECCOMP_IOCTL_NOTIF_SEND, &answer), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	(void)close(agent);
	(void)close(socks[0]);
}

static void what_cannot_be_compiled_is_refused_in_words(void **state)
{
	static const char *const big =
		"/linux/seccomp/architectures/0: SCMP_ARCH_S390X has another "
		"byte order than this machine";
	struct spec_seccomp s = { 0 };
	struct seccomp_filter f = { .n_insns = 77 };
	struct err e = { 0 };

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	s = (struct spec_seccomp){ .default_action = SCMP_ACT_ALLOW,
		.architectures = NAMES("SCMP_ARCH_S390X") };
	assert_int_equal(seccomp_compile(&s, -1, &f, &e), -EINVAL);
	assert_string_equal(e.text, big);
#endif
	assert_int_equal(f.n_insns, 77);
}

static void too_long_filters_are_refused(void **state)
{
	static struct spec_seccomp_rule rules[5000];
	static struct spec_seccomp_arg args[5000];
	struct spec_seccomp s = {
		.default_action = SCMP_ACT_ALLOW, .n_rules = 5000, .rules = rules
	};
	struct seccomp_filter f;
	struct err e = { 0 };
	const char *name[] = { "close" };

	for (size_t i = 0; i < 5000; i++) {
		args[i] = (struct spec_seccomp_arg){ 0, i << 20, 0, SCMP_CMP_EQ };
		rules[i] = (struct spec_seccomp_rule){ { 1, (char **)name }, SCMP_ACT_ERRNO(1), 1,
			&args[i] };
	}
	assert_int_equal(seccomp_compile(&s, -1, &f, &e), -E2BIG);
	assert_non_null(strstr(e.text, "more than 4096 instructions, the kernel's limit"));
}

static void unprivileged_body(void *arg)
{
	struct spec_seccomp s = { .default_action = SCMP_ACT_ALLOW };
	struct seccomp_filter f;
	struct err e = { 0 };

	if (geteuid() == 0)
		CHECK(setresuid(1000, 1000, 1000) == 0);
	CHECK_OK(seccomp_compile(&s, -1, &f, &e), &e);
	CHECK(seccomp_filter_load(&f, &e) == -EACCES);
	CHECK_SAYS(&e, "/linux/seccomp: loading the filter needs CAP_SYS_ADMIN or "
		       "/process/noNewPrivileges: permission denied");
}

static void without_privilege_and_no_new_privs_the_reason_is_said(void **state)
{
	assert_int_equal(forked(unprivileged_body, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rule_decides_its_calls_and_unknown_names_are_skipped),
		cmocka_unit_test(calls_newer_than_the_profile_are_enosys),
		cmocka_unit_test(a_call_that_the_profile_does_not_name_kills),
#ifdef __x86_64__
		cmocka_unit_test(each_architecture_has_its_own_numbers),
		cmocka_unit_test(the_native_architecture_is_always_there),
#endif
		cmocka_unit_test(conditions_hold_together_unless_on_one_argument),
		cmocka_unit_test(flags_are_passed_on_as_the_peers_do),
		cmocka_unit_test(an_agent_is_asked_and_answers),
		cmocka_unit_test(what_cannot_be_compiled_is_refused_in_words),
		cmocka_unit_test(too_long_filters_are_refused),
		cmocka_unit_test(without_privilege_and_no_new_privs_the_reason_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
