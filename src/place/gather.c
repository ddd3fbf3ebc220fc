/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gather.c - what the state, the cgroup and the kernel say of a container's memory.
 *
 * The sums come from the cgroup, which costs the same whatever the container's size. numa_maps of
 * the processes, for which the kernel walks all their page tables, is read where it was asked for,
 * where no cgroup counts, and where the sums are not as they should be.
 */
#include "cgroup/numa.h"
#include "life/state.h"
#include "place/place.h"

#include "base/fd.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#define ZONEINFO_MAX ((size_t)16 << 20)
#define NUMASTAT_MAX 4096

/* Above this numa_maps is read only on request: some 6 ms for each GiB of small pages. */
#define UNASKED_MAX ((uint64_t)64 << 30)
/* Less than this outside is no reason to look closer: the start of any program. */
#define SUSPICIOUS_MIN ((uint64_t)1 << 20)
#define SUSPICIOUS_PERMILLE 950
/* And for no longer than this, whatever the container has made of its mappings. */
#define LOOK_MS 2000

struct gathering {
	struct place *p;
	struct state s;
	int init_fd;       /* /proc/PID of init */
	bool huge_counted; /* by the cgroup */
	const struct place_options *options;
	struct err listing; /* what list() last met */
};

static int look(struct gathering *g, struct err *e);

int place_gather(const struct life *life, const char *id, const struct place_options *options,
	struct place *ret, struct err *e)
{
	struct place p = { .status = LIFE_STOPPED };
	struct gathering g = { .p = &p, .init_fd = -1, .options = options };
	int r = state_load(life, id, STATE_READ, &g.s, e);

	if (r < 0)
		return r;
	p.mapped_asked = options->processes;
	p.pages = calloc(1, sizeof(*p.pages));
	p.id = arena_strdup(&p.arena, id);
	if (!p.pages || !p.id)
		r = err_nomem(e);
	if (r == 0)
		r = state_status(&g.s, &p.status, e);
	if (r == 0 && (p.status == LIFE_STOPPED || p.status == LIFE_CREATING))
		r = err_say(e, ESRCH, "container not running: '%s' is %s", id,
			life_status_name(p.status));
	if (r == 0)
		r = look(&g, e);
	(void)fd_close(g.init_fd);
	state_free(&g.s);
	if (r < 0) {
		place_free(&p);
		return r;
	}
	*ret = p;
	return 0;
}

bool place_is_over(const struct life *life, const char *id)
{
	enum life_status status = LIFE_RUNNING;
	struct state s;
	struct err ignored;
	int r = state_load(life, id, STATE_READ, &s, &ignored);

	if (r < 0)
		return r == -ENOENT;
	r = state_status(&s, &status, &ignored);
	state_free(&s);
	return r == 0 && status == LIFE_STOPPED;
}

void place_free(struct place *p)
{
	if (p->host_known)
		mpol_host_free(&p->host);
	free(p->pages);
	free(p->full_below);
	free(p->foreign);
	arena_free(&p->arena);
	*p = (struct place){ 0 };
}

static int open_init(struct gathering *g, struct err *e)
{
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/%d", (int)g->s.pid);
	g->init_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const int saved = errno;
	/* The directory is of the process that has this number at the moment. */
	_cleanup_close_ int pidfd = state_open_init(&g->s);
	if (g->init_fd >= 0 && pidfd >= 0)
		return 0;
	const int r = g->init_fd < 0 ? -saved : pidfd;
	if (r == -ENOENT || r == -ESRCH)
		return err_say(e, ESRCH, "container not running: '%s' is stopped", g->s.id);
	return err_set(e, -r, "opening the first process of container '%s'", g->s.id);
}

static int copy_request(struct gathering *g, struct err *e)
{
	struct place *p = g->p;

	p->saved = g->s.memory;
	p->request = g->s.memory_request;
	if (p->request.from)
		p->request.from = arena_strdup(&p->arena, p->request.from);
	if (p->request.text) {
		p->request.text = arena_strdup(&p->arena, p->request.text);
		if (!p->request.text)
			return err_nomem(e);
	}
	return g->s.memory_request.from && !p->request.from ? err_nomem(e) : 0;
}

/* With details only where they are needed: that is many files on a large machine. */
static int know_host(struct place *p, bool details, struct err *e)
{
	struct mpol_host host;
	int r;

	if (p->host_known && (p->host_details || !details))
		return 0;
	r = mpol_host_read(AT_FDCWD, details, &host);
	if (r == 0 && details && (r = mpol_host_facts(AT_FDCWD, &host)) < 0)
		mpol_host_free(&host);
	if (r < 0)
		return err_set(e, -r, "reading the host's memory nodes");
	if (p->host_known)
		mpol_host_free(&p->host);
	p->host = host;
	p->host_known = true;
	p->host_details = details;
	return 0;
}

/* The nodes of the CPUs that init may use; all that it may have memory of, where that is not
 * told. */
static int cpu_nodes(struct gathering *g, struct mpol_nodeset *ret, struct err *e)
{
	static const char key[] = "\nCpus_allowed_list:";
	_cleanup_free_ char *text = NULL;
	struct mpol_nodeset nodes;
	char *at;

	*ret = g->p->live.allowed;
	int r = know_host(g->p, true, e);
	if (r < 0 || fd_read_file(g->init_fd, "status", PROC_STATUS_MAX, &text, NULL) < 0)
		return r;
	at = strstr(text, key);
	if (!at)
		return 0;
	at += strlen(key);
	at += strspn(at, " \t");
	at[strcspn(at, "\n")] = '\0';
	if (mpol_cpus_nodes(&g->p->host, at, &nodes) == 0 && !mpol_nodeset_empty(&nodes))
		*ret = nodes;
	return 0;
}

/* The policy that everything is measured by: the container's, moved as the kernel should have; or
 * what init has, where the config says nothing. */
static int find_due(struct gathering *g, struct err *e)
{
	struct place *p = g->p;
	struct mpol_nodeset cpus = { { 0 } }, may_use;
	const struct mpol *policy = &p->live.due;
	int r = 0;

	p->live_known = memory_look(&p->saved, g->init_fd, &p->live);
	if (!p->live_known) {
		/* No right to look at it, or a kernel without NUMA: what was in force at last. */
		p->live.due = p->saved.effective;
		p->live.allowed = p->saved.present ? p->saved.allowed : p->host.memory;
		p->live.memory = p->host.memory;
	}
	may_use = mpol_nodeset_and(&p->live.allowed, &p->live.memory);
	if (policy->mode == MPOL_MODE_DEFAULT || policy->mode == MPOL_MODE_LOCAL ||
		mpol_nodeset_empty(&policy->nodes))
		r = cpu_nodes(g, &cpus, e);
	if (r == 0 && policy->mode == MPOL_MODE_WEIGHTED_INTERLEAVE)
		r = know_host(p, true, e);
	if (r < 0)
		return r;
	place_due(policy, &cpus, &may_use, &p->host, &p->due);
	/* A policy of ours is known whole, whatever numa_maps shows of it. */
	if (p->live_known && p->live.cut && !p->saved.present)
		place_due_open(&may_use, &p->due);
	return 0;
}

/* --- processes --- */

static int by_number(const void *a, const void *b)
{
	const pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

/* A place_lister's. Without a cgroup init is the only one that is known. */
static int list(void *arg, pid_t **ret, size_t *ret_n)
{
	struct gathering *g = arg;
	pid_t *pids = NULL;
	size_t n = 0;
	int r;

	if (!g->s.cgroup || str_empty(cgroup_path(g->s.cgroup))) {
		pids = malloc(sizeof(*pids));
		if (!pids)
			return -ENOMEM;
		pids[n++] = g->s.pid;
	} else {
		r = cgroup_pids(g->s.cgroup, &pids, &n, &g->listing);
		/* It went with its last process. */
		if (r < 0 && r != -ENOENT && r != -ENODEV) {
			free(pids);
			return r;
		}
		if (n > 0)
			qsort(pids, n, sizeof(*pids), by_number);
	}
	*ret = pids;
	*ret_n = n;
	return 0;
}

static int look_at(struct gathering *g, const pid_t *pids, size_t n, bool maps, struct err *e)
{
	const struct place_lister lister = { .list = list, .arg = g };
	int r = place_look(g->p, pids, n, &lister, maps);

	if (r == -ETIME)
		return r;
	return r < 0 ? err_set(e, -r, "looking at the processes of container '%s'", g->s.id) : 0;
}

/* --- pages --- */

static int read_sums(struct gathering *g, struct err *e)
{
	struct cgroup_numa texts = { 0 };
	struct place *p = g->p;
	int r;

	if (!g->s.cgroup || str_empty(cgroup_path(g->s.cgroup)))
		return 0;
	r = cgroup_numa(g->s.cgroup, &texts, e);
	if (r < 0)
		return r;
	g->huge_counted = texts.n_huge > 0;
	if (texts.memory) {
		p->source = texts.v1 ? PLACE_FROM_V1 : PLACE_FROM_V2;
		r = place_read_cgroup(&texts, (uint64_t)sysconf(_SC_PAGESIZE), p->pages);
		if (r < 0)
			r = err_set(e, -r,
				"memory.numa_stat of '%s' is not as the kernel writes it",
				cgroup_path(g->s.cgroup));
	}
	cgroup_numa_free(&texts);
	return r;
}

/* The high watermark of a node's zones, below which the kernel looks for pages elsewhere; and how
 * often it has. */
static int read_pressure(struct place *p)
{
	_cleanup_free_ char *text = NULL;
	char path[80];

	p->full_below = calloc(MPOL_NODES_MAX, sizeof(*p->full_below));
	p->foreign = calloc(MPOL_NODES_MAX, sizeof(*p->foreign));
	if (!p->full_below || !p->foreign)
		return -ENOMEM;
	if (fd_read_file(AT_FDCWD, "/proc/zoneinfo", ZONEINFO_MAX, &text, NULL) == 0)
		place_read_zones(text, (uint64_t)sysconf(_SC_PAGESIZE), p->full_below);
	for (unsigned n = mpol_nodeset_next(&p->due.nodes, 0); n < MPOL_NODES_MAX;
		n = mpol_nodeset_next(&p->due.nodes, n + 1)) {
		_cleanup_free_ char *stat = NULL;

		(void)snprintf(path, sizeof(path), "/sys/devices/system/node/node%u/numastat", n);
		if (fd_read_file(AT_FDCWD, path, NUMASTAT_MAX, &stat, NULL) == 0)
			p->foreign[n] = place_read_foreign(stat);
	}
	return 0;
}

/* "HugetlbPages:	    2048 kB", of a process, or "Hugetlb:" of the machine: more than none? */
static bool has_huge(int dir_fd, const char *path, const char *key)
{
	_cleanup_free_ char *text = NULL;
	const char *at;

	if (fd_read_file(dir_fd, path, PROC_STATUS_MAX, &text, NULL) < 0)
		return false;
	at = strstr(text, key);
	return at && strtoull(at + strlen(key), NULL, 10) > 0;
}

/* Where the container's cgroup has no controller for huge pages its processes have to tell. */
static bool uses_huge_uncounted(const struct gathering *g, const pid_t *pids, size_t n)
{
	if (g->huge_counted || !has_huge(AT_FDCWD, "/proc/meminfo", "\nHugetlb:"))
		return false;
	for (size_t i = 0; i < n && i < PLACE_PROCESSES_MAX; i++) {
		char path[48];

		(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pids[i]);
		if (has_huge(AT_FDCWD, path, "\nHugetlbPages:"))
			return true;
	}
	return false;
}

static uint64_t outside(const struct place_verdict *v)
{
	return v->governed - v->in_place;
}

/* Is there something that the sums do not explain? */
static bool is_suspicious(const struct gathering *g)
{
	const struct place_verdict *v = &g->p->verdict;
	const unsigned least = g->options->expect_permille > SUSPICIOUS_PERMILLE
				       ? g->options->expect_permille
				       : SUSPICIOUS_PERMILLE;

	return outside(v) >= SUSPICIOUS_MIN && place_permille(v) < least;
}

/* Of some processes only they would tell nothing. */
static void forget_maps(struct place *p)
{
	p->suspicious = true;
	p->n_mapped = 0;
	p->own_shown = false;
	memset(p->own, 0, sizeof(p->own));
	memset(p->others, 0, sizeof(p->others));
}

static int look(struct gathering *g, struct err *e)
{
	struct place *p = g->p;
	_cleanup_free_ pid_t *pids = NULL;
	size_t n = 0;
	bool maps;
	int r;

	if ((r = open_init(g, e)) < 0 || (r = copy_request(g, e)) < 0 ||
		(r = know_host(p, false, e)) < 0 || (r = find_due(g, e)) < 0)
		return r;
	if ((r = list(g, &pids, &n)) < 0)
		return err_set(e, -r, "listing the processes of container '%s'", g->s.id);
	p->n_processes = n;
	if (!p->mapped_asked)
		p->until_ms = sys_clock_ms() + LOOK_MS;
	if ((r = read_sums(g, e)) < 0 || (r = look_at(g, pids, n, false, e)) < 0)
		return r;
	place_conclude(p);
	p->huge_by_maps = p->source != PLACE_FROM_NOTHING && uses_huge_uncounted(g, pids, n);
	maps = g->options->processes || p->source == PLACE_FROM_NOTHING || p->huge_by_maps;
	if (!maps && is_suspicious(g)) {
		maps = p->verdict.governed <= UNASKED_MAX;
		p->suspicious = !maps;
	}
	if (maps) {
		if (p->source == PLACE_FROM_NOTHING)
			p->source = PLACE_FROM_MAPS;
		const bool needed = p->mapped_asked || p->source == PLACE_FROM_MAPS || p->huge_by_maps;
		if (needed)
			p->until_ms = 0;
		r = look_at(g, pids, n, true, e);
		if (r == -ETIME) {
			forget_maps(p);
			r = 0;
		}
		if (r < 0)
			return r;
		place_conclude(p);
	}
	if (outside(&p->verdict) > 0) {
		if ((r = know_host(p, true, e)) < 0)
			return r;
		if (read_pressure(p) < 0)
			return err_nomem(e);
	}
	return place_reasons(p) < 0 ? err_nomem(e) : 0;
}
