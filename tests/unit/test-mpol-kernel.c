/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The running kernel as the oracle: what the library foresees must be what the kernel does.
 *
 * Each case runs in a child, since it sets that child's policy. The kernel's side of a comparison
 * uses raw system calls and raw text, not the library's own.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mpol.h"
#include "rows.h"

struct kernel_says {
	int error;
	int mode; /* with flags, as get_mempolicy(2) has it */
	struct mpol_nodeset nodes;
	char maps[256]; /* numa_maps' words for the task's policy */
};

/* The words of the first line of a file, "55d3c0a00000 POLICY file=...": this program's text. */
static void read_maps_policy(char *buf, size_t size)
{
	char text[4096];
	char *policy, *file;
	ssize_t n;
	int fd = open("/proc/self/numa_maps", O_RDONLY | O_CLOEXEC);

	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	file = strstr(text, " file=");
	if (!file)
		return;
	*file = '\0';
	policy = strrchr(text, '\n');
	policy = strchr(policy ? policy + 1 : text, ' ');
	if (policy)
		(void)snprintf(buf, size, "%s", policy + 1);
}

struct answers {
	struct kernel_says kernel, library;
	struct mpol read, shown;
	bool cut;
	int read_error, shown_error;
};

/* Set a policy by the raw call, read it back by the raw call and as text. */
static void ask_raw(int mode, const struct mpol_nodeset *nodes, struct kernel_says *says)
{
	bool none = mpol_nodeset_empty(nodes);

	if (syscall(SYS_set_mempolicy, mode, none ? NULL : nodes->word, none ? 0ul : 1025ul) < 0) {
		says->error = errno;
		return;
	}
	(void)syscall(SYS_get_mempolicy, &says->mode, says->nodes.word, 1025ul, NULL, 0ul);
	read_maps_policy(says->maps, sizeof(says->maps));
}

/* The same through the library. */
static void ask_library(const struct mpol *policy, struct answers *a)
{
	int self = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	a->library.error = -mpol_apply(policy);
	a->read_error = mpol_read(&a->read);
	a->shown_error = mpol_of_process(self, &a->shown, &a->cut);
	a->library.mode = a->read.mode | (int)a->read.flags;
	a->library.nodes = a->read.nodes;
}

/* Both, in a child. */
static struct answers ask(int mode, unsigned flags, const struct mpol_nodeset *nodes)
{
	struct mpol policy = { mode, flags, *nodes };
	struct answers a;
	int fds[2], status;
	pid_t pid;

	memset(&a, 0, sizeof(a));
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		ask_raw(mode | (int)flags, nodes, &a.kernel);
		(void)syscall(SYS_set_mempolicy, 0, NULL, 0ul);
		ask_library(&policy, &a);
		_exit(write(fds[1], &a, sizeof(a)) != sizeof(a));
	}
	close(fds[1]);
	assert_int_equal(read(fds[0], &a, sizeof(a)), sizeof(a));
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(a.read_error, 0);
	assert_int_equal(a.shown_error, 0);
	assert_false(a.cut);
	return a;
}

static int kernel_error(int mode, const struct mpol_nodeset *nodes)
{
	return ask(mode & 0x1fff, (unsigned)mode & 0xe000, nodes).kernel.error;
}

struct machine {
	struct mpol_kernel kernel;
	struct mpol_host host;
	struct mpol_nodeset allowed;
};

static void compare(const struct machine *m, int mode, unsigned flags,
	const struct mpol_nodeset *nodes, const char *name)
{
	struct answers a = ask(mode, flags, nodes);
	struct mpol policy = { mode, flags, *nodes };
	struct mpol_report report = { 0 };
	struct mpol_resolved resolved;
	char text[MPOL_TEXT];
	int r;

	/* What the kernel lacks is the other half of the verdict. */
	r = mpol_check_host(&policy, &m->kernel, &m->host, NULL, &report);
	if (r == 0)
		r = mpol_resolve(&policy, &m->allowed, &m->host.memory, NULL, &resolved, &report);
	if (r != -a.kernel.error)
		fail_msg("mode %d flags 0x%x nodes %s: foreseen %d, the kernel says %d", mode,
			flags, name, r, -a.kernel.error);
	assert_int_equal(a.library.error, a.kernel.error);
	if (a.kernel.error)
		return;
	assert_int_equal(a.library.mode, a.kernel.mode);
	assert_true(mpol_nodeset_equal(&a.library.nodes, &a.kernel.nodes));
	if ((resolved.reported.mode | (int)resolved.reported.flags) != a.kernel.mode)
		fail_msg("mode %d flags 0x%x nodes %s: reported as 0x%x", mode, flags, name,
			a.kernel.mode);
	if (!mpol_resolved_reads(&resolved, &a.read))
		fail_msg("mode %d flags 0x%x nodes %s: does not read as resolved", mode, flags,
			name);
	if (!mpol_resolved_shows(&resolved, &a.shown, false))
		fail_msg("mode %d flags 0x%x nodes %s: does not show as resolved", mode, flags,
			name);
	/* Kernels before they named BALANCING write these otherwise. */
	if (!(flags & MPOL_FLAG_NUMA_BALANCING) || strstr(a.kernel.maps, "balancing"))
		assert_words(a.kernel.maps, mpol_maps_text(&resolved.in_force, text));
}

static void read_machine(struct machine *m)
{
	assert_int_equal(mpol_kernel_ask(&m->kernel), 0);
	assert_int_equal(mpol_host_read(AT_FDCWD, false, &m->host), 0);
	if (!m->kernel.numa)
		skip();
	assert_int_equal(mpol_allowed(&m->allowed), 0);
}

static void test_every_policy(void **state)
{
	static const char *const lists[] = { "", "0", "1", "0-1", "0,1023", "1023", "1,5", "63",
		"64", "0,63", "0,64", "0-63", "0-64", "0,62-65", "2-1022", "0-1023" };
	struct mpol_nodeset nodes;
	struct machine m;

	(void)state;
	read_machine(&m);
	for (int mode = 0; mode <= 8; mode++)
		for (unsigned f = 0; f < 8; f++)
			for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
				assert_int_equal(mpol_nodeset_parse(lists[i], strlen(lists[i]),
							 NULL, &nodes, NULL),
					0);
				compare(&m, mode, f << 13, &nodes, lists[i]);
			}
}

/* On a machine with more nodes: its own ones too, alone, in pairs, with others. */
static void test_every_node_of_this_machine(void **state)
{
	char name[MPOL_NODESET_TEXT];
	struct machine m;
	unsigned n, next;

	(void)state;
	read_machine(&m);
	for (n = mpol_nodeset_next(&m.host.online, 0); n < MPOL_NODES_MAX; n = next) {
		struct mpol_nodeset sets[3] = { { { 0 } } };

		next = mpol_nodeset_next(&m.host.online, n + 1);
		mpol_nodeset_add(&sets[0], n);
		sets[1] = sets[0];
		mpol_nodeset_add(&sets[1], next);
		sets[2] = mpol_nodeset_minus(&m.host.possible, &sets[0]);
		for (size_t i = 0; i < 3; i++)
			for (int mode = 0; mode <= 6; mode++)
				for (unsigned f = 0; f < 8; f++)
					compare(&m, mode, f << 13, &sets[i],
						mpol_nodeset_format(&sets[i], name));
	}
}

static void test_allowed(void **state)
{
	struct mpol_nodeset allowed, listed;
	char line[8192], *text = NULL;
	FILE *f = fopen("/proc/self/status", "re");
	struct machine m;

	(void)state;
	read_machine(&m);
	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, "Mems_allowed_list:", 18)) {
			text = line + 18;
			break;
		}
	fclose(f);
	assert_non_null(text);
	assert_int_equal(mpol_nodeset_parse(text, strlen(text), NULL, &listed, NULL), 0);
	assert_int_equal(mpol_allowed(&allowed), 0);
	assert_true(mpol_nodeset_equal(&allowed, &listed));
}

/* What mpol_kernel_ask() finds, found again by plain forks. */
static void test_ask_finds_the_truth(void **state)
{
	struct mpol_nodeset none = { { 0 } };
	struct machine m;

	(void)state;
	read_machine(&m);
	for (int mode = 0; mode < 32; mode++) {
		bool takes = kernel_error(mode, &none) == 0 || kernel_error(mode, &m.allowed) == 0;

		if (mode <= MPOL_MODE_WEIGHTED_INTERLEAVE)
			assert_int_equal(m.kernel.modes >> mode & 1, takes);
		else
			assert_int_equal(m.kernel.modes >> mode & 1, 0);
	}
	for (unsigned bit = 0; bit < 3; bit++)
		assert_int_equal(m.kernel.flags >> (13 + bit) & 1,
			kernel_error(MPOL_MODE_BIND | 1 << (13 + bit), &m.allowed) == 0);
	assert_int_equal(m.kernel.balancing_many,
		kernel_error(MPOL_MODE_PREFERRED_MANY | 1 << 13, &m.allowed) == 0);
	assert_int_equal(m.kernel.flags & ~MPOL_FLAGS_ALL, 0);
	assert_true(m.kernel.release[0] != '\0');
}

static volatile sig_atomic_t handled;

static void on_signal(int signal)
{
	(void)signal;
	handled++;
}

static int count_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void ask_unnoticed(int sigchld)
{
	struct sigaction action = { .sa_flags = sigchld ? SA_NOCLDWAIT : 0 };
	struct mpol_nodeset node = { { 1 } };
	struct mpol policy = { MPOL_MODE_BIND, MPOL_FLAG_STATIC_NODES, node }, after;
	sigset_t before = { 0 }, now = { 0 };
	struct mpol_kernel kernel;
	int fds;

	action.sa_handler = on_signal;
	if (sigchld == 2)
		action.sa_handler = SIG_IGN;
	if (sigaction(SIGCHLD, &action, NULL) < 0 || mpol_apply(&policy) < 0)
		_exit(1);
	fds = count_fds();
	/* One signal held back, the others not: the mask must come back as just that. */
	sigaddset(&before, SIGUSR1);
	sigprocmask(SIG_SETMASK, &before, NULL);
	errno = 4711;
	for (int i = 0; i < 100; i++)
		if (mpol_kernel_ask(&kernel) < 0)
			_exit(2);
	if (errno != 4711)
		_exit(3);
	sigprocmask(SIG_SETMASK, NULL, &now);
	if (memcmp(&before, &now, sizeof(before)) != 0 || handled != 0)
		_exit(4);
	/* No child is left, of whatever kind, and the own policy is as it was. */
	if (waitpid(-1, NULL, __WALL | WNOHANG) != -1 || errno != ECHILD)
		_exit(5);
	if (mpol_read(&after) < 0 || memcmp(&after, &policy, sizeof(after)) != 0)
		_exit(6);
	_exit(count_fds() == fds ? 0 : 7);
}

static void test_ask_is_not_noticed(void **state)
{
	struct machine m;
	int status;

	(void)state;
	read_machine(&m);
	if (!mpol_nodeset_has(&m.allowed, 0))
		skip();
	for (int sigchld = 0; sigchld < 3; sigchld++) {
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0)
			ask_unnoticed(sigchld);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
}

#ifdef __x86_64__
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#endif

struct filter_row {
	const char *says;
	int set_errno, get_errno; /* what a filter makes of the calls; 0: nothing; -1: kill */
	int result;
	bool numa;
};

static const struct filter_row filter_rows[] = {
	{ "no filter", 0, 0, 0, true },
	{ "a kernel without NUMA has neither call", ENOSYS, ENOSYS, 0, false },
	{ "a filter that forbids to set is no missing kernel", EPERM, 0, -EPERM, true },
	{ "a filter that forbids to get is no missing kernel", EPERM, EPERM, -EPERM, true },
	{ "a filter that kills the child does not hang the caller", -1, 0, -EPERM, true },
};

#ifdef ARCH
static unsigned action(int error)
{
	if (error < 0)
		return SECCOMP_RET_KILL_PROCESS;
	return error ? SECCOMP_RET_ERRNO | (unsigned)error : SECCOMP_RET_ALLOW;
}

static void ask_filtered(const struct filter_row *row)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_set_mempolicy, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action(row->set_errno)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_get_mempolicy, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action(row->get_errno)),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };
	struct mpol_kernel kernel = { .modes = 0xffff };
	struct mpol policy = { 0 };
	int r;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		_exit(1);
	errno = 4711;
	r = mpol_kernel_ask(&kernel);
	if (r != row->result)
		_exit(2);
	if (errno != 4711) /* the child's failed calls set it in shared memory */
		_exit(6);
	if (r < 0) /* nothing is given back on failure */
		_exit(kernel.modes == 0xffff ? 0 : 3);
	if (kernel.numa != row->numa || (!kernel.numa && (kernel.modes || kernel.flags)))
		_exit(4);
	if (!row->numa && (mpol_apply(&policy) != -ENOSYS || mpol_read(&policy) != -ENOSYS))
		_exit(5);
	_exit(0);
}
#endif

static void test_filter(void **state)
{
#ifdef ARCH
	const struct filter_row *row = *state;
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0)
		ask_filtered(row);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
#else
	(void)state;
	skip();
#endif
}

int main(void)
{
	const struct CMUnitTest others[] = {
		cmocka_unit_test(test_every_policy),
		cmocka_unit_test(test_every_node_of_this_machine),
		cmocka_unit_test(test_allowed),
		cmocka_unit_test(test_ask_finds_the_truth),
		cmocka_unit_test(test_ask_is_not_noticed),
	};
	int failed = cmocka_run_group_tests_name("the running kernel", others, NULL, NULL);

	failed += ROWS_RUN("kernels and filters", filter_rows, test_filter);
	return failed != 0;
}
