/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe.c - what the kernel says about memory policies and pages, for tests.
 *
 * The independent witness of the NUMA tests: a static program of raw system calls. It must never
 * include mpol.h, link libmpol or copy from it; a mistake there may not be repeated here, so its
 * numbers come from the kernel's uapi/linux/mempolicy.h. It never calls mbind: what it reports is
 * the policy of the task, as a container's program would find it.
 *
 * Words before the report change where it is made from and are taken from left to right:
 *
 *	probe cpu 3 child policy
 *	probe set MPOL_INTERLEAVE 0-1 pages 8 --order
 *
 * One fact a line, meant to be compared as text. usage() lists the words.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096ul
#define HUGE_PAGE (2ul << 20)
#define PAGES_PER_TABLE 512ul
#define PAGES_MAX (16ul << 20)
#define NODES 1024
#define WORD_BITS (8 * sizeof(unsigned long))
#define WORDS (NODES / WORD_BITS)
/* The kernel takes one off maxnode before it reads or writes the mask. */
#define MAXNODE (NODES + 1)
#define GET_MEMS_ALLOWED 4 /* MPOL_F_MEMS_ALLOWED of get_mempolicy(2) */
#define THREADS_MAX 64

struct mask {
	unsigned long word[WORDS];
};

static const char *const mode_names[] = {
	"MPOL_DEFAULT",
	"MPOL_PREFERRED",
	"MPOL_BIND",
	"MPOL_INTERLEAVE",
	"MPOL_LOCAL",
	"MPOL_PREFERRED_MANY",
	"MPOL_WEIGHTED_INTERLEAVE",
};
#define MODES (sizeof(mode_names) / sizeof(mode_names[0]))

static const struct {
	const char *name;
	int bit;
} flag_names[] = {
	{ "MPOL_F_NUMA_BALANCING", 1 << 13 },
	{ "MPOL_F_RELATIVE_NODES", 1 << 14 },
	{ "MPOL_F_STATIC_NODES", 1 << 15 },
};
#define FLAGS (sizeof(flag_names) / sizeof(flag_names[0]))

/* How pages are to be made, and what to say of them. */
struct plan {
	size_t pages;
	bool order;
	bool huge;
	bool noreserve;
	const char *file; /* map this file instead of anonymous memory */
	bool write;       /* dirty the file's pages, and make the file that long */
	unsigned threads; /* others beside the first, which do nothing */
	int later_cpu;    /* -1, or the CPU from which the pages are touched again and again */
	unsigned later_seconds;
};

/* Touched pages. Page i lies at base + i * size, but for holes[] in make(). */
struct pages {
	char *base;
	size_t size;
	size_t n;
	size_t per_table;
	size_t stride;
};

static int run(int argc, char **argv);

__attribute__((format(printf, 1, 2), noreturn)) static void die(const char *format, ...)
{
	va_list ap;

	(void)fflush(stdout);
	va_start(ap, format);
	(void)fprintf(stderr, "probe: ");
	(void)vfprintf(stderr, format, ap);
	(void)fprintf(stderr, "\n");
	va_end(ap);
	exit(2);
}

static unsigned long number(const char *text, unsigned long max, const char *what)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || value > max)
		die("%s '%s' is not a number from 0 to %lu", what, text, max);
	return value;
}

static bool mask_has(const struct mask *m, unsigned node)
{
	return m->word[node / WORD_BITS] >> (node % WORD_BITS) & 1;
}

static void mask_parse(const char *text, struct mask *ret)
{
	struct mask m = { 0 };
	const char *p = text;

	while (*p && strcmp(text, "-") != 0) {
		char *end;
		unsigned long from = strtoul(p, &end, 10);
		unsigned long to = from;

		if (*end == '-')
			to = strtoul(end + 1, &end, 10);
		if (end == p || from > to || to >= NODES || (*end && *end != ','))
			die("'%s' is not a list of nodes", text);
		for (unsigned long node = from; node <= to; node++)
			m.word[node / WORD_BITS] |= 1ul << (node % WORD_BITS);
		p = *end ? end + 1 : end;
	}
	*ret = m;
}

static void mask_print(const struct mask *m)
{
	const char *comma = "";

	for (unsigned node = 0; node < NODES; node++) {
		unsigned last = node;

		if (!mask_has(m, node))
			continue;
		while (last + 1 < NODES && mask_has(m, last + 1))
			last++;
		if (last > node)
			printf("%s%u-%u", comma, node, last);
		else
			printf("%s%u", comma, node);
		comma = ",";
		node = last;
	}
	if (!*comma)
		printf("-");
}

/* "MPOL_BIND+MPOL_F_STATIC_NODES"; numbers are taken too, for what the kernel should refuse. */
static int mode_parse(const char *text)
{
	char copy[256];
	char *save = NULL;
	int mode = 0;

	if (strlen(text) >= sizeof(copy))
		die("mode '%s' is too long", text);
	strcpy(copy, text);
	for (char *word = strtok_r(copy, "+", &save); word; word = strtok_r(NULL, "+", &save)) {
		bool known = false;

		for (size_t i = 0; i < MODES; i++) {
			if (strcmp(word, mode_names[i]) == 0) {
				mode |= (int)i;
				known = true;
			}
		}
		for (size_t i = 0; i < FLAGS; i++) {
			if (strcmp(word, flag_names[i].name) == 0) {
				mode |= flag_names[i].bit;
				known = true;
			}
		}
		if (!known)
			mode |= (int)number(word, 65535, "mode");
	}
	return mode;
}

static void mode_print(int mode)
{
	unsigned plain = (unsigned)mode & 0x1fff;

	if (plain < MODES)
		printf("%s", mode_names[plain]);
	else
		printf("%u", plain);
	for (size_t i = 0; i < FLAGS; i++) {
		if (mode & flag_names[i].bit)
			printf("+%s", flag_names[i].name);
	}
}

static void pin(unsigned cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) < 0)
		die("moving to CPU %u: %s", cpu, strerror(errno));
}

/* "policy MPOL_BIND 0-1" of the calling thread: what was asked, where a flag is set. */
static void policy_print(const char *before)
{
	struct mask m = { 0 };
	int mode = -1;

	if (syscall(SYS_get_mempolicy, &mode, m.word, MAXNODE, NULL, 0ul) < 0) {
		/* A kernel without NUMA has no policies; that is a fact, not a failure. */
		if (errno != ENOSYS)
			die("get_mempolicy: %s", strerror(errno));
		printf("%spolicy none\n", before);
		return;
	}
	printf("%spolicy ", before);
	mode_print(mode);
	printf(" ");
	mask_print(&m);
	printf("\n");
}

static void policy_set(const char *mode, const char *nodes)
{
	struct mask m;
	bool none;

	mask_parse(nodes, &m);
	none = strcmp(nodes, "-") == 0 || !*nodes;
	if (syscall(SYS_set_mempolicy, mode_parse(mode), none ? NULL : m.word,
		    none ? 0ul : (unsigned long)MAXNODE) < 0)
		die("set_mempolicy %s %s: %s", mode, nodes, strerror(errno));
}

/* The nodes that the cpuset leaves to this task. */
static int report_allowed(void)
{
	struct mask m = { 0 };

	if (syscall(SYS_get_mempolicy, NULL, m.word, MAXNODE, NULL,
		    (unsigned long)GET_MEMS_ALLOWED) < 0)
		die("get_mempolicy, allowed nodes: %s", strerror(errno));
	printf("allowed ");
	mask_print(&m);
	printf("\n");
	return 0;
}

/* The policy in force, as numa_maps names it in its first line: all but address and counts. */
static int report_maps(void)
{
	char line[4096];
	FILE *f = fopen("/proc/thread-self/numa_maps", "re");
	char *policy;
	char *end;

	if (!f)
		die("/proc/thread-self/numa_maps: %s", strerror(errno));
	if (!fgets(line, sizeof(line), f))
		die("/proc/thread-self/numa_maps is empty");
	(void)fclose(f);
	policy = strchr(line, ' ');
	if (!policy)
		die("numa_maps has a line without a policy: %s", line);
	policy++;
	/* "prefer (many):0-1 file=..." and "weighted interleave:0-1 heap": only the words known
	 * to hold a space are longer than one. */
	end = strncmp(policy, "prefer (many)", 13) == 0 ||
			      strncmp(policy, "weighted interleave", 19) == 0
		      ? strchr(strchr(policy, ' ') + 1, ' ')
		      : strchr(policy, ' ');
	if (end)
		*end = '\0';
	policy[strcspn(policy, "\n")] = '\0';
	printf("maps %s\n", policy);
	return 0;
}

/* Where page i lies: the last page of each table's reach is used up by make(). */
static char *page_at(const struct pages *p, size_t i)
{
	return p->base + (i / p->per_table * p->stride + i % p->per_table) * p->size;
}

static int map_file(const struct plan *plan)
{
	int fd = open(plan->file, (plan->write ? O_RDWR | O_CREAT : O_RDONLY) | O_CLOEXEC, 0644);

	if (fd < 0)
		die("%s: %s", plan->file, strerror(errno));
	if (plan->write && ftruncate(fd, (off_t)(plan->pages * PAGE)) < 0)
		die("%s: making it %zu pages long: %s", plan->file, plan->pages, strerror(errno));
	return fd;
}

static void touch(const struct pages *p, bool write)
{
	for (size_t i = 0; i < p->n; i++) {
		volatile char *c = page_at(p, i);

		if (write)
			*c = 1;
		else
			(void)*c;
	}
}

/* Anonymous small pages, never huge ones by surprise, each touched once and in order. */
static struct pages make_small(size_t n)
{
	struct pages p = {
		.size = PAGE, .n = n, .per_table = PAGES_PER_TABLE - 1, .stride = PAGES_PER_TABLE
	};
	size_t tables = (n + p.per_table - 1) / p.per_table;
	size_t bytes = (tables + 1) * HUGE_PAGE;
	char *raw = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (raw == MAP_FAILED)
		die("mapping %zu pages: %s", n, strerror(errno));
	(void)madvise(raw, bytes, MADV_NOHUGEPAGE);
	p.base = (char *)(((uintptr_t)raw + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1));
	/*
	 * The kernel takes page tables under the task's policy too, and each moves an interleaving
	 * on by one. The last page of each table is touched first, so that every table exists and
	 * nothing but the counted pages is allocated afterwards.
	 */
	for (size_t t = 0; t < tables; t++)
		*(volatile char *)(p.base + (t + 1) * HUGE_PAGE - PAGE) = 1;
	touch(&p, true);
	return p;
}

static struct pages make(const struct plan *plan)
{
	struct pages p = { .size = plan->huge ? HUGE_PAGE : PAGE, .n = plan->pages };
	int flags = MAP_PRIVATE | MAP_ANONYMOUS;
	int prot = PROT_READ | PROT_WRITE;
	int fd = -1;
	void *base;

	if (!plan->huge && !plan->file)
		return make_small(plan->pages);
	p.per_table = p.stride = plan->pages;
	if (plan->huge)
		flags |= MAP_HUGETLB;
	if (plan->noreserve)
		flags |= MAP_NORESERVE;
	if (plan->file) {
		fd = map_file(plan);
		flags = MAP_SHARED;
		prot = plan->write ? PROT_READ | PROT_WRITE : PROT_READ;
	}
	base = mmap(NULL, p.size * p.n, prot, flags, fd, 0);
	if (base == MAP_FAILED)
		die("mapping %zu pages%s%s: %s", p.n, plan->file ? " of " : "",
			plan->file ? plan->file : "", strerror(errno));
	/* Fault-around would bring in neighbours of a file's page in one go. */
	(void)madvise(base, p.size * p.n, MADV_RANDOM);
	p.base = base;
	touch(&p, prot & PROT_WRITE);
	return p;
}

/* Ask the kernel for each page's node: a negative errno stands for a page that is not there. */
static int *locate(const struct pages *p)
{
	void **address = calloc(p->n, sizeof(*address));
	int *status = calloc(p->n, sizeof(*status));

	if (!address || !status)
		die("no memory to ask for %zu pages", p->n);
	for (size_t i = 0; i < p->n; i++) {
		address[i] = page_at(p, i);
		status[i] = INT_MIN;
	}
	if (p->n && syscall(SYS_move_pages, 0, p->n, address, NULL, status, 0) < 0)
		die("move_pages: %s", strerror(errno));
	free(address);
	return status;
}

static void pages_print(const struct pages *p, const char *word, bool order)
{
	int *status = locate(p);
	size_t count[NODES] = { 0 };
	size_t absent = 0;

	for (size_t i = 0; i < p->n; i++) {
		if (status[i] >= 0 && status[i] < NODES)
			count[status[i]]++;
		else
			absent++;
	}
	printf("%s %zu", word, p->n);
	for (int node = 0; node < NODES; node++) {
		if (count[node])
			printf(" %d:%zu", node, count[node]);
	}
	if (absent)
		printf(" absent:%zu", absent);
	printf("\n");
	if (order) {
		printf("order");
		for (size_t i = 0; i < p->n; i++)
			printf(" %d", status[i]);
		printf("\n");
	}
	free(status);
}

static struct plan plan_parse(int argc, char **argv)
{
	struct plan plan = { .later_cpu = -1 };

	if (argc < 1)
		die("how many pages?");
	plan.pages = number(argv[0], PAGES_MAX, "number of pages");
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--order") == 0) {
			plan.order = true;
		} else if (strcmp(argv[i], "--huge") == 0) {
			plan.huge = true;
		} else if (strcmp(argv[i], "--noreserve") == 0) {
			plan.noreserve = true;
		} else if (strcmp(argv[i], "--write") == 0) {
			plan.write = true;
		} else if (strcmp(argv[i], "--file") == 0 && i + 1 < argc) {
			plan.file = argv[++i];
		} else if (strcmp(argv[i], "--threads") == 0 && i + 1 < argc) {
			plan.threads = (unsigned)number(argv[++i], THREADS_MAX, "number of threads");
		} else if (strcmp(argv[i], "--later") == 0 && i + 2 < argc) {
			plan.later_cpu = (int)number(argv[++i], CPU_SETSIZE - 1, "CPU");
			plan.later_seconds = (unsigned)number(argv[++i], 600, "seconds");
		} else {
			die("'%s' is not an option of pages", argv[i]);
		}
	}
	return plan;
}

/* Are most of the pages elsewhere than before? */
static bool most_moved(const struct pages *p, const int *before)
{
	int *now = locate(p);
	size_t moved = 0;

	for (size_t i = 0; i < p->n; i++)
		moved += now[i] >= 0 && now[i] != before[i];
	free(now);
	return moved > p->n / 2;
}

/*
 * Touch the pages from another CPU, as NUMA balancing needs it to move them: until most of them
 * have moved, or the time is over. How long that takes depends on how fast this machine is.
 */
static void touch_later(const struct pages *p, const struct plan *plan)
{
	int *before = locate(p);
	struct timespec now;
	time_t end;

	pin((unsigned)plan->later_cpu);
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	end = now.tv_sec + (time_t)plan->later_seconds;
	while (now.tv_sec < end && !most_moved(p, before)) {
		for (int i = 0; i < 16; i++)
			touch(p, true);
		(void)clock_gettime(CLOCK_MONOTONIC, &now);
	}
	free(before);
}

static int report_pages(int argc, char **argv)
{
	struct plan plan = plan_parse(argc, argv);
	struct pages p = make(&plan);

	pages_print(&p, "pages", plan.order);
	if (plan.later_cpu >= 0) {
		touch_later(&p, &plan);
		pages_print(&p, "later", plan.order);
	}
	return 0;
}

__attribute__((noreturn)) static void *idle_thread(void *arg)
{
	(void)arg;
	for (;;)
		(void)pause();
}

static void idle_threads(unsigned n)
{
	while (n--) {
		pthread_t thread;
		int r = pthread_create(&thread, NULL, idle_thread, NULL);

		if (r != 0)
			die("starting a thread: %s", strerror(r));
	}
}

/*
 * Touch pages, report, and stay. SIGUSR1: the policy and the same pages again. SIGUSR2: as many
 * new pages. SIGTERM or SIGINT: end. Each report ends with "ready".
 */
static int report_hold(int argc, char **argv)
{
	struct plan plan = plan_parse(argc, argv);
	struct pages p;
	sigset_t signals;

	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGUSR1);
	(void)sigaddset(&signals, SIGUSR2);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigaddset(&signals, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &signals, NULL);
	idle_threads(plan.threads);
	p = make(&plan);
	policy_print("");
	pages_print(&p, "pages", plan.order);
	for (;;) {
		int sig;

		printf("ready\n");
		(void)fflush(stdout);
		if (sigwait(&signals, &sig) != 0 || sig == SIGTERM || sig == SIGINT)
			return 0;
		policy_print("");
		if (sig == SIGUSR2) {
			struct pages fresh = make(&plan);

			pages_print(&fresh, "fresh", plan.order);
		} else {
			pages_print(&p, "pages", plan.order);
		}
	}
}

static pthread_barrier_t all_here;

/* Raw system calls below: a thread keeps its line until its turn, and prints it whole. */
static void *thread_main(void *arg)
{
	unsigned long turn = (unsigned long)arg;
	char before[32];

	(void)snprintf(before, sizeof(before), "thread %lu ", turn);
	(void)pthread_barrier_wait(&all_here);
	flockfile(stdout);
	policy_print(before);
	funlockfile(stdout);
	return NULL;
}

/* The policy of the first thread and of n others, all alive at once. */
static int report_threads(const char *text)
{
	unsigned long n = number(text, THREADS_MAX, "number of threads");
	pthread_t thread[THREADS_MAX];

	(void)pthread_barrier_init(&all_here, NULL, (unsigned)n + 1);
	for (unsigned long i = 0; i < n; i++) {
		int r = pthread_create(&thread[i], NULL, thread_main, (void *)(i + 1));

		if (r != 0)
			die("starting a thread: %s", strerror(r));
	}
	(void)pthread_barrier_wait(&all_here);
	for (unsigned long i = 0; i < n; i++)
		(void)pthread_join(thread[i], NULL);
	policy_print("thread 0 ");
	return 0;
}

static unsigned long node_free_kib(unsigned long node)
{
	char path[96];
	char line[256];
	unsigned long kib = ULONG_MAX;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/sys/devices/system/node/node%lu/meminfo", node);
	f = fopen(path, "re");
	if (!f)
		die("%s: %s", path, strerror(errno));
	while (kib == ULONG_MAX && fgets(line, sizeof(line), f))
		(void)sscanf(line, "Node %*u MemFree: %lu kB", &kib);
	(void)fclose(f);
	if (kib == ULONG_MAX)
		die("%s has no MemFree", path);
	return kib;
}

/* Take a node's memory until about leave_mib are free, say so, and keep it until a signal. */
static int fill(const char *node_text, const char *leave_text)
{
	const size_t step = 256 * PAGE;
	unsigned long node = number(node_text, NODES - 1, "node");
	unsigned long leave_kib = number(leave_text, 1ul << 20, "MiB to leave") * 1024;
	size_t taken = 0;

	policy_set("MPOL_BIND", node_text);
	while (node_free_kib(node) > leave_kib + step / 1024) {
		char *block = mmap(NULL, step, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

		if (block == MAP_FAILED)
			die("filling node %lu: %s", node, strerror(errno));
		taken += step;
	}
	printf("filled node %lu with %zu MiB, %lu MiB free\n", node, taken >> 20,
		node_free_kib(node) >> 10);
	(void)fflush(stdout);
	(void)pause();
	return 0;
}

/* More pages at a time, told where they are, until something ends it. */
__attribute__((noreturn)) static void eat(const char *text)
{
	struct plan plan = {
		.pages = number(text, 1024, "MiB at a time") * ((1ul << 20) / PAGE),
		.later_cpu = -1,
	};

	for (;;) {
		struct pages p = make(&plan);

		pages_print(&p, "eaten", false);
		(void)fflush(stdout);
	}
}

static int in_child(int argc, char **argv)
{
	int status;
	pid_t pid;

	(void)fflush(stdout);
	pid = fork();
	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (pid == 0)
		exit(run(argc, argv));
	if (waitpid(pid, &status, 0) < 0)
		die("waiting for the child: %s", strerror(errno));
	if (WIFSIGNALED(status)) {
		printf("child killed by signal %d\n", WTERMSIG(status));
		return 128 + WTERMSIG(status);
	}
	return WEXITSTATUS(status);
}

static int usage(FILE *out)
{
	(void)fprintf(out,
		"usage: probe [WORD...] REPORT\n"
		"words: cpu N            go to CPU N\n"
		"       set MODE NODES   take a policy: MPOL_BIND+MPOL_F_STATIC_NODES 0-3,7 ('-': "
		"none)\n"
		"       child            go on in a child\n"
		"       exec             go on after execve\n"
		"       run COMMAND...   execute another program\n"
		"reports: policy         of this thread, by get_mempolicy\n"
		"       allowed          nodes that the cpuset allows\n"
		"       maps             policy in force, by numa_maps\n"
		"       threads N        policy of N threads\n"
		"       pages N [--order] [--huge [--noreserve]] [--file PATH [--write]]\n"
		"               [--later CPU SECONDS]\n"
		"       hold N [...] [--threads M]\n"
		"                        the same, and stay: SIGUSR1 asks again, SIGUSR2 takes new "
		"pages\n"
		"       fill NODE MIB    take the node's memory but MIB, and stay\n"
		"       eat MIB          take MIB more, say where, and again until killed\n");
	return out == stdout ? 0 : 2;
}

/* Words that change the process and go on; returns -1 if argv[0] is none of them. */
static int run_word(int argc, char **argv)
{
	if (strcmp(argv[0], "cpu") == 0 && argc > 2) {
		pin((unsigned)number(argv[1], CPU_SETSIZE - 1, "CPU"));
		return run(argc - 2, argv + 2);
	}
	if (strcmp(argv[0], "set") == 0 && argc > 3) {
		policy_set(argv[1], argv[2]);
		return run(argc - 3, argv + 3);
	}
	if (strcmp(argv[0], "child") == 0 && argc > 1)
		return in_child(argc - 1, argv + 1);
	if (strcmp(argv[0], "exec") == 0 && argc > 1) {
		argv[0] = "probe";
		(void)execv("/proc/self/exe", argv);
		die("/proc/self/exe: %s", strerror(errno));
	}
	if (strcmp(argv[0], "run") == 0 && argc > 1) {
		(void)execvp(argv[1], argv + 1);
		die("%s: %s", argv[1], strerror(errno));
	}
	return -1;
}

static int run(int argc, char **argv)
{
	int status;

	if (argc < 1)
		return usage(stderr);
	status = run_word(argc, argv);
	if (status >= 0)
		return status;
	if (strcmp(argv[0], "policy") == 0 && argc == 1) {
		policy_print("");
		return 0;
	}
	if (strcmp(argv[0], "allowed") == 0 && argc == 1)
		return report_allowed();
	if (strcmp(argv[0], "maps") == 0 && argc == 1)
		return report_maps();
	if (strcmp(argv[0], "threads") == 0 && argc == 2)
		return report_threads(argv[1]);
	if (strcmp(argv[0], "pages") == 0)
		return report_pages(argc - 1, argv + 1);
	if (strcmp(argv[0], "hold") == 0)
		return report_hold(argc - 1, argv + 1);
	if (strcmp(argv[0], "fill") == 0 && argc == 3)
		return fill(argv[1], argv[2]);
	if (strcmp(argv[0], "eat") == 0 && argc == 2)
		eat(argv[1]);
	if (strcmp(argv[0], "--help") == 0)
		return usage(stdout);
	return usage(stderr);
}

int main(int argc, char **argv)
{
	int status = run(argc - 1, argv + 1);

	if (fflush(stdout) != 0)
		return 2;
	return status;
}
