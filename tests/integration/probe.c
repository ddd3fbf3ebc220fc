/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe.c - the integration tests' witness: raw system calls inside and outside of containers.
 *
 * Shares no line with what it looks at: no libmpol, no header of the runtime.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define NODES_MAX 1024
#define WORD_BITS 64

static int fail(const char *what)
{
	(void)fprintf(stderr, "probe: %s: %s\n", what, strerror(errno));
	return 1;
}

static int64_t now_ms(clockid_t clock)
{
	struct timespec t;

	(void)clock_gettime(clock, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* policy: "MODE 0xFLAGS NODE,NODE,..." of this process, by get_mempolicy(2). */
static int print_policy(void)
{
	uint64_t mask[NODES_MAX / WORD_BITS] = { 0 };
	int mode;
	const char *comma = "";

	if (syscall(SYS_get_mempolicy, &mode, mask, NODES_MAX + 1, NULL, 0) < 0)
		return fail("get_mempolicy");
	printf("%d 0x%x ", mode & 0xfff, mode & ~0xfff);
	for (unsigned i = 0; i < NODES_MAX; i++)
		if (mask[i / WORD_BITS] >> (i % WORD_BITS) & 1) {
			printf("%s%u", comma, i);
			comma = ",";
		}
	printf("\n");
	return 0;
}

/* with-policy MODE NODES PROGRAM...: become the program under this policy; MODE is a number with
 * its flags in it, NODES as in "0-2,5", "-" is none. */
static int with_policy(char **argv)
{
	uint64_t mask[NODES_MAX / WORD_BITS] = { 0 };
	bool nodes = strcmp(argv[1], "-") != 0;
	char *at = argv[1];

	while (nodes && *at) {
		unsigned long first = strtoul(at, &at, 10), last = first;
		if (*at == '-')
			last = strtoul(at + 1, &at, 10);
		for (; first <= last && first < NODES_MAX; first++)
			mask[first / WORD_BITS] |= UINT64_C(1) << first % WORD_BITS;
		if (*at)
			at++;
	}
	if (syscall(SYS_set_mempolicy, strtol(argv[0], NULL, 0), nodes ? mask : NULL,
		    nodes ? NODES_MAX + 1 : 0) < 0)
		return fail("set_mempolicy");
	(void)execvp(argv[2], argv + 2);
	return fail(argv[2]);
}

static void *print_policy_there(void *unused)
{
	(void)unused;
	(void)print_policy();
	return NULL;
}

/* threads: the policy of a thread, of a child, and of that child's thread, a line each. */
static int threads(void)
{
	pthread_t thread;

	for (int generation = 0; generation < 2; generation++) {
		(void)fflush(stdout);
		pid_t pid = generation ? fork() : 0;
		if (pid < 0)
			return fail("fork");
		if (pid > 0)
			return waitpid(pid, NULL, 0) == pid ? 0 : fail("waitpid");
		if (generation && print_policy())
			return 1;
		if (pthread_create(&thread, NULL, print_policy_there, NULL) ||
			pthread_join(thread, NULL))
			return fail("pthread_create");
	}
	return 0;
}

/* touch MIB: use that much memory. */
static int touch(const char *mib)
{
	size_t size = (size_t)atol(mib) << 20;
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return fail("mmap");
	for (size_t i = 0; i < size; i += 4096)
		((volatile char *)p)[i] = 1;
	printf("touched %s MiB\n", mib);
	return 0;
}

/* huge N: map N huge pages of 2 MiB, and use them. */
static int huge(const char *count)
{
	const size_t page = (size_t)2 << 20, size = (size_t)atol(count) * page;
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | 21 << MAP_HUGE_SHIFT, -1, 0);

	if (p == MAP_FAILED) {
		printf("refused: %s\n", strerror(errno));
		return 0;
	}
	for (size_t i = 0; i < size; i += page)
		((volatile char *)p)[i] = 1;
	printf("used %s\n", count);
	return 0;
}

/* realtime: may this process be one of real time? */
static int realtime(void)
{
	const struct sched_param param = { .sched_priority = 5 };

	printf("%s\n",
		sched_setscheduler(0, SCHED_FIFO, &param) < 0 ? strerror(errno) : "realtime");
	return 0;
}

/* forks N: how many children can live at a time, up to N. */
static int forks(const char *count)
{
	int n = 0;

	while (n < atoi(count)) {
		pid_t pid = fork();
		if (pid < 0) {
			printf("refused: %s\n", strerror(errno));
			break;
		}
		if (pid == 0)
			for (;;)
				(void)pause();
		n++;
	}
	printf("%d\n", n);
	(void)fflush(stdout);
	(void)signal(SIGTERM, SIG_IGN);
	(void)kill(0, SIGTERM);
	return 0;
}

/* burn MS: be busy for so long by the clock on the wall; prints the CPU time got, in ms. */
static int burn(const char *ms)
{
	int64_t end = now_ms(CLOCK_MONOTONIC) + atol(ms);

	while (now_ms(CLOCK_MONOTONIC) < end)
		;
	printf("%lld\n", (long long)now_ms(CLOCK_PROCESS_CPUTIME_ID));
	return 0;
}

/* call NUMBER [ARGUMENT...]: a raw system call; prints "0" or what errno says. */
static int call(char **argv)
{
	long a[6] = { 0 };
	long number = atol(argv[0]);

	for (int i = 0; i < 6 && argv[1 + i]; i++)
		a[i] = strtol(argv[1 + i], NULL, 0);
	long r = syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	puts(r < 0 ? strerror(errno) : "0");
	return 0;
}

/* open PATH r|w|rw: "opened", or why not. */
static int try_open(char **argv)
{
	int flags = !strcmp(argv[1], "rw") ? O_RDWR : *argv[1] == 'w' ? O_WRONLY : O_RDONLY;
	int fd = open(argv[0], flags | O_CLOEXEC | O_NONBLOCK);

	puts(fd < 0 ? strerror(errno) : "opened");
	return 0;
}

/* keyring: serial number of the session keyring. */
static int keyring(void)
{
	long key = syscall(SYS_keyctl, 0, -3, 0); /* KEYCTL_GET_KEYRING_ID, session */

	if (key < 0)
		return fail("keyctl");
	printf("%ld\n", key);
	return 0;
}

/* keyring-label: what SELinux calls the session keyring. */
static int keyring_label(void)
{
	char label[256];
	long n = syscall(
		SYS_keyctl, 17, -3, label, sizeof(label)); /* KEYCTL_GET_SECURITY, session */

	if (n < 0 || (size_t)n > sizeof(label))
		return fail("keyctl");
	puts(label);
	return 0;
}

/* limit RESOURCE: "SOFT HARD", by prlimit(2) with the kernel's number of the resource. */
static int limit(const char *resource)
{
	uint64_t v[2];

	if (syscall(SYS_prlimit64, 0, atoi(resource), NULL, v) < 0)
		return fail("prlimit");
	printf("%llu %llu\n", (unsigned long long)v[0], (unsigned long long)v[1]);
	return 0;
}

/* wait: nothing but a process that ends by TERM, also as the first one of a PID namespace. */
static void end(int sig)
{
	_exit(sig == SIGTERM ? 0 : 1);
}

static void __attribute__((noreturn)) wait_for_term(void)
{
	(void)signal(SIGTERM, end);
	puts("waiting");
	(void)fflush(stdout);
	for (;;)
		(void)pause();
}

/* --- terminals --- */

/* Copy what comes from fd to stdout until it ends; returns whether `until` was seen. */
static bool relay(int fd, const char *until, int timeout_ms)
{
	static char seen[65536];
	static size_t len;
	struct pollfd p = { .fd = fd, .events = POLLIN };

	while (poll(&p, 1, timeout_ms) > 0) {
		if (len >= sizeof(seen) - 1)
			len = 0;
		ssize_t n = read(fd, seen + len, sizeof(seen) - 1 - len);
		if (n <= 0)
			return false;
		if (write(STDOUT_FILENO, seen + len, (size_t)n) != n)
			return false;
		len += (size_t)n;
		seen[len] = '\0';
		if (until && strstr(seen, until)) {
			len = 0;
			return true;
		}
	}
	return false;
}

/*
 * pty ROWS COLS [ACTION...] -- PROGRAM...: run it on a terminal of that size, its output on ours.
 * ACTION: "wait:TEXT" until it was printed, "type:TEXT" ("\r" for return), "size:ROWSxCOLS".
 * Ends with the program's status.
 */
static int pty(char **argv)
{
	struct winsize size = { .ws_row = (unsigned short)atoi(argv[0]),
		.ws_col = (unsigned short)atoi(argv[1]) };
	char **action = argv + 2, **program = action;
	int status, rows, cols;

	while (*program && strcmp(*program, "--") != 0)
		program++;
	int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
		return fail("/dev/ptmx");
	(void)ioctl(master, TIOCSWINSZ, &size);
	pid_t pid = fork();
	if (pid == 0) {
		(void)setsid();
		int slave = open(ptsname(master), O_RDWR);
		if (slave < 0 || ioctl(slave, TIOCSCTTY, 0) < 0)
			_exit(fail("slave"));
		for (int fd = 0; fd < 3; fd++)
			(void)dup2(slave, fd);
		if (slave > 2)
			(void)close(slave);
		(void)execvp(program[1], program + 1);
		_exit(fail(program[1]));
	}
	for (; action < program; action++) {
		if (!strncmp(*action, "wait:", 5) && !relay(master, *action + 5, 10000))
			(void)fprintf(stderr, "probe: '%s' never came\n", *action + 5);
		if (!strncmp(*action, "type:", 5)) {
			for (char *c = *action + 5; *c; c++) {
				bool enter = c[0] == '\\' && c[1] == 'r';
				if (write(master, enter ? "\r" : c, 1) != 1)
					return fail("typing");
				c += enter;
			}
		}
		if (sscanf(*action, "size:%dx%d", &rows, &cols) == 2) {
			size.ws_row = (unsigned short)rows;
			size.ws_col = (unsigned short)cols;
			(void)ioctl(master, TIOCSWINSZ, &size);
		}
	}
	(void)relay(master, NULL, 10000);
	if (waitpid(pid, &status, 0) < 0)
		return fail("waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/*
 * console SOCKET [TEXT]: listen there, print "listening", take a terminal, print the name that came
 * with it and "terminal ROWSxCOLS", type TEXT, then copy what the terminal says.
 */
static int console(char **argv)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	char name[256] = "", control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { name, sizeof(name) - 1 };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control) };
	struct winsize size = { 0 };
	int master;

	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", argv[0]);
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
		listen(listener, 1) < 0)
		return fail(argv[0]);
	puts("listening");
	(void)fflush(stdout);
	int conn = accept(listener, NULL, NULL);
	if (conn < 0 || recvmsg(conn, &msg, MSG_CMSG_CLOEXEC) < 0)
		return fail("receiving");
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	if (!c || c->cmsg_type != SCM_RIGHTS)
		return fail("no descriptor came");
	memcpy(&master, CMSG_DATA(c), sizeof(master));
	(void)ioctl(master, TIOCGWINSZ, &size);
	printf("name %s\nterminal %dx%d tty %d\n", name, size.ws_row, size.ws_col, isatty(master));
	(void)fflush(stdout);
	if (argv[1] && dprintf(master, "%s\n", argv[1]) < 0)
		return fail("typing");
	(void)relay(master, NULL, 20000);
	return 0;
}

/* schedule PID: "POLICY PRIORITY NICE FLAGS RUNTIME DEADLINE PERIOD", by sched_getattr(2). */
static int schedule(const char *pid)
{
	/* linux/sched/types.h and glibc's sched.h do not go together. */
	struct {
		uint32_t size, sched_policy;
		unsigned long long sched_flags;
		int32_t sched_nice;
		uint32_t sched_priority;
		unsigned long long sched_runtime, sched_deadline, sched_period;
	} a = { 0 };

	if (syscall(SYS_sched_getattr, atoi(pid), &a, sizeof(a), 0) < 0)
		return fail("sched_getattr");
	/* Newer kernels say a slice there, of their own. */
	if (a.sched_policy != 6)
		a.sched_runtime = 0;
	printf("%u %u %d %llu %llu %llu %llu\n", a.sched_policy, a.sched_priority, a.sched_nice,
		a.sched_flags, a.sched_runtime, a.sched_deadline, a.sched_period);
	return 0;
}

/* ioprio PID: "CLASS LEVEL", by ioprio_get(2). */
static int ioprio(const char *pid)
{
	long value = syscall(SYS_ioprio_get, 1, atoi(pid));

	if (value < 0)
		return fail("ioprio_get");
	printf("%ld %ld\n", value >> 13, value & 7);
	return 0;
}

/* Wait at a socket for one connection, and for a descriptor with its first bytes. */
static int take_fd(const char *path, char *text, size_t size, int *ret_conn)
{
	char space[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { .iov_base = text, .iov_len = size - 1 };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = space,
		.msg_controllen = sizeof(space) };
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd;

	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
		listen(listener, 1) < 0)
		return -1;
	puts("listening");
	(void)fflush(stdout);
	*ret_conn = accept(listener, NULL, NULL);
	(void)close(listener);
	ssize_t n = *ret_conn < 0 ? -1 : recvmsg(*ret_conn, &msg, MSG_CMSG_CLOEXEC);
	struct cmsghdr *c = n < 0 ? NULL : CMSG_FIRSTHDR(&msg);
	if (!c || c->cmsg_type != SCM_RIGHTS)
		return -1;
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	text[n] = '\0';
	return fd;
}

/* pidfd SOCKET: take a pidfd there; "WORD PID". */
static int pidfd(const char *path)
{
	char word[64], name[64], line[256];
	int conn, fd = take_fd(path, word, sizeof(word), &conn);

	if (fd < 0)
		return fail("taking a pidfd");
	(void)snprintf(name, sizeof(name), "/proc/self/fdinfo/%d", fd);
	FILE *info = fopen(name, "re");
	while (info && fgets(line, sizeof(line), info))
		if (!strncmp(line, "Pid:", 4))
			printf("%s %d\n", word, atoi(line + 4));
	(void)fflush(stdout);
	return info ? fclose(info) : fail(name);
}

/*
 * agent SOCKET ERRNO: be a seccomp agent, one that receives once, as runc's does. Print the state that
 * comes, then the number and the
 * host's PID of each call, and answer it with that error, until the container is gone.
 */
static int agent(char **argv)
{
	static char text[65536];
	int conn, fd = take_fd(argv[0], text, sizeof(text), &conn);

	if (fd < 0)
		return fail("taking a listener");
	(void)close(conn);
	printf("%s\n", text);
	(void)fflush(stdout);
	for (;;) {
		struct seccomp_notif ask = { 0 };
		struct pollfd p = { .fd = fd, .events = POLLIN };
		if (poll(&p, 1, -1) < 0 || !(p.revents & POLLIN))
			return 0;
		if (ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &ask) < 0)
			continue;
		printf("call %d of %u\n", ask.data.nr, ask.pid);
		(void)fflush(stdout);
		struct seccomp_notif_resp answer = { .id = ask.id, .error = -atoi(argv[1]) };
		(void)ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &answer);
	}
}

/* filter PID: "log" or "no flags": of the filter that was loaded last, by the kernel's own record. */
static int filter(const char *pid_text)
{
	struct {
		uint64_t filter_off, flags;
	} data = { 0 }; /* struct seccomp_metadata */
	pid_t pid = (pid_t)atoi(pid_text);

	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0 ||
		ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) < 0 || waitpid(pid, NULL, __WALL) < 0)
		return fail("tracing");
	if (ptrace(0x420d /* PTRACE_SECCOMP_GET_METADATA */, pid, sizeof(data), &data) < 0)
		return fail("asking for the filter");
	puts(data.flags & SECCOMP_FILTER_FLAG_LOG ? "log" : "no flags");
	return 0;
}

/* "@name" is abstract. */
static socklen_t notify_address(const char *text, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	(void)snprintf(ret->sun_path, sizeof(ret->sun_path), "%s", text);
	if (*text == '@')
		ret->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(text) + (*text != '@'));
}

/* Each word as a message of sd_notify(3), then wait. After READY=1 nobody need listen any more. */
static int notify(char **words)
{
	const char *address = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to;

	if (!address)
		return fail("NOTIFY_SOCKET");
	socklen_t len = notify_address(address, &to);
	int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	for (; *words; words++)
		if (sendto(sock, *words, strlen(*words), 0, (struct sockaddr *)&to, len) < 0 &&
			errno != ECONNREFUSED)
			return fail(*words);
	wait_for_term();
	return 0;
}

/* Bind this address and print what comes. Descriptors that come along are closed by that. */
static int hear(const char *address)
{
	struct sockaddr_un at;
	char text[4096];
	ssize_t n;

	socklen_t len = notify_address(address, &at);
	int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (bind(sock, (struct sockaddr *)&at, len) < 0)
		return fail(address);
	(void)dprintf(1, "listening\n");
	while ((n = recv(sock, text, sizeof(text), 0)) >= 0)
		(void)dprintf(1, "%.*s%s", (int)n, text, n && text[n - 1] == '\n' ? "" : "\n");
	return fail("hearing");
}

/* climb NAME: out of a root directory, as chroot(2) says it can be done; is NAME at the top? */
static int climb(const char *name)
{
	int here = open(".", O_PATH | O_DIRECTORY);

	if (here < 0 || (mkdir("/climb", 0700) < 0 && errno != EEXIST) || chroot("/climb") < 0 ||
		fchdir(here) < 0)
		return fail("climb");
	for (int i = 0; i < 100; i++)
		if (chdir("..") < 0)
			return fail("..");
	if (chroot(".") < 0)
		return fail("chroot");
	printf("%s\n", access(name, F_OK) == 0 ? "there" : "not there");
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	char **rest = argv + 2;
	int n = argc - 2;

	if (!strcmp(what, "policy"))
		return print_policy();
	if (!strcmp(what, "with-policy") && n >= 3)
		return with_policy(rest);
	if (!strcmp(what, "threads"))
		return threads();
	if (!strcmp(what, "touch") && n == 1)
		return touch(*rest);
	if (!strcmp(what, "huge") && n == 1)
		return huge(*rest);
	if (!strcmp(what, "realtime") && n == 0)
		return realtime();
	if (!strcmp(what, "forks") && n == 1)
		return forks(*rest);
	if (!strcmp(what, "burn") && n == 1)
		return burn(*rest);
	if (!strcmp(what, "call") && n >= 1)
		return call(rest);
	if (!strcmp(what, "open") && n == 2)
		return try_open(rest);
	if (!strcmp(what, "keyring"))
		return keyring();
	if (!strcmp(what, "keyring-label"))
		return keyring_label();
	if (!strcmp(what, "limit") && n == 1)
		return limit(*rest);
	if (!strcmp(what, "wait"))
		wait_for_term();
	if (!strcmp(what, "notify"))
		return notify(rest);
	if (!strcmp(what, "hear") && n == 1)
		return hear(*rest);
	if (!strcmp(what, "schedule") && n == 1)
		return schedule(*rest);
	if (!strcmp(what, "ioprio") && n == 1)
		return ioprio(*rest);
	if (!strcmp(what, "pidfd") && n == 1)
		return pidfd(*rest);
	if (!strcmp(what, "agent") && n == 2)
		return agent(rest);
	if (!strcmp(what, "filter") && n == 1)
		return filter(*rest);
	if (!strcmp(what, "climb") && n == 1)
		return climb(*rest);
	if (!strcmp(what, "pty") && n >= 4)
		return pty(rest);
	if (!strcmp(what, "console") && n >= 1)
		return console(rest);
	(void)fprintf(stderr, "probe: no such word or too few after it: '%s'\n", what);
	return 2;
}
