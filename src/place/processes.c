/* SPDX-License-Identifier: Apache-2.0 */
/*
 * processes.c - a container's processes and threads: which of them have another policy, and which
 * pages each has mapped. They come and go meanwhile: whoever has ended is passed over.
 */
#include "place/place.h"

#include "base/fd.h"
#include "base/sys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

/* Threads whose policy is looked at. */
#define THREADS_QUICK 2048
#define THREADS_MOST 65536

/*
 * Of so many processes the directories in /proc are opened before the container's processes are
 * listed once more. Whoever is in that list had its number all the time, or has ended, which its
 * files then say: nobody from outside is taken for one of the container's.
 */
#define BATCH 64

/* The name that a process gave itself: whatever a terminal might obey becomes '?'. */
static void read_comm(int proc_fd, char comm[PLACE_COMM])
{
	_cleanup_free_ char *text = NULL;
	size_t n = 0, len;

	comm[0] = '\0';
	if (fd_read_file(proc_fd, "comm", 256, &text, &len) < 0)
		return;
	for (; n < PLACE_COMM - 1 && n < len && !(text[n] == '\n' && n + 1 == len); n++)
		comm[n] = text[n] >= ' ' && text[n] <= '~' ? text[n] : '?';
	comm[n] = '\0';
}

static int open_proc(pid_t pid)
{
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* --- threads --- */

static void look_at_thread(struct place *p, pid_t pid, int task_fd, const char *name)
{
	struct place_thread *t;
	struct mpol shown = { .mode = -1 };
	bool cut = false;
	uint32_t tid;
	int r;

	_cleanup_close_ int fd = openat(task_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || str_to_u32(name, &tid) < 0)
		return;
	r = mpol_of_process(fd, &shown, &cut);
	/* It has ended, or we may not look at it. */
	if (r < 0 && r != -EBADMSG)
		return;
	p->n_looked++;
	if (r == 0 && memory_shows(&p->live, &p->live.due, &shown, cut))
		return;
	p->n_differing++;
	if (p->n_differing > PLACE_THREADS_SHOWN)
		return;
	t = &p->threads[p->n_differing - 1];
	*t = (struct place_thread){ .pid = pid, .tid = (pid_t)tid, .cut = cut, .policy = shown };
	if (r < 0)
		t->policy.mode = -1;
	read_comm(fd, t->comm);
}

static size_t threads_most(const struct place *p)
{
	return p->mapped_asked ? THREADS_MOST : THREADS_QUICK;
}

/* A look costs some microseconds, but a container decides how large its first mapping is. */
static bool is_late(const struct place *p)
{
	return p->until_ms && sys_clock_ms() > p->until_ms;
}

static void look_at_threads(struct place *p, pid_t pid, int proc_fd)
{
	const size_t most = threads_most(p);
	int task = openat(proc_fd, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = task < 0 ? NULL : fdopendir(task);
	const struct dirent *entry;

	if (!dir) {
		(void)fd_close(task);
		return;
	}
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		if (p->n_looked < most && !is_late(p))
			look_at_thread(p, pid, task, entry->d_name);
		else
			p->n_unlooked++;
	}
	(void)closedir(dir);
}

/* --- processes --- */

static void take_row(struct place *p, struct place_process *row, const struct place_mapped *m)
{
	size_t i = 0;

	for (unsigned node = mpol_nodeset_next(&p->row_nodes, 0); node < MPOL_NODES_MAX;
		node = mpol_nodeset_next(&p->row_nodes, node + 1), i++)
		row->bytes[i] = place_on_node(&m->all, node);
	for (int kind = 0; kind < PLACE_KINDS; kind++)
		row->by_kind[kind] = place_of_kind(&m->all, (enum place_kind)kind);
	for (unsigned node = 0; node < MPOL_NODES_MAX; node++)
		place_add(&row->own, m->own[node]);
}

static void take_sums(struct place *p, const struct place_mapped *m)
{
	for (unsigned node = 0; node < MPOL_NODES_MAX; node++) {
		const uint64_t file = m->all.bytes[PLACE_FILE][node];

		place_add(&p->own[node], m->own[node]);
		/* Several may have the same file: the one with most of it counts. */
		if (file > p->others[node])
			p->others[node] = file;
		if (p->huge_by_maps)
			place_add(&p->pages->bytes[PLACE_HUGETLB][node],
				m->all.bytes[PLACE_HUGETLB][node]);
		if (p->source != PLACE_FROM_MAPS)
			continue;
		for (int kind = 0; kind < PLACE_KINDS; kind++)
			place_add(&p->pages->bytes[kind][node], m->all.bytes[kind][node]);
	}
	if (m->own_shown && !p->own_shown) {
		p->own_shown = true;
		p->own_policy = m->own_policy;
	}
}

void place_take(struct place *p, const struct place_mapped *m)
{
	take_row(p, &p->processes[p->n_mapped++], m);
	take_sums(p, m);
}

/* 0: it has ended, or we may not look at it. */
static int look_at_process(struct place *p, pid_t pid, int proc_fd, struct place_mapped *m)
{
	struct place_process *row = &p->processes[p->n_mapped];
	struct mpol task = { .mode = -1 };
	bool cut = false;
	int r;

	if (mpol_of_process(proc_fd, &task, &cut) < 0)
		return 0;
	_cleanup_close_ int fd = openat(proc_fd, "numa_maps", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	memset(m, 0, sizeof(*m));
	r = place_read_maps(fd, &p->live, &task, cut, m);
	if (r == -ENOMEM)
		return r;
	if (r == -EBADMSG)
		p->n_unread++;
	/* Part of a process that ended meanwhile says nothing. */
	if (r < 0)
		return 0;
	row->pid = pid;
	read_comm(proc_fd, row->comm);
	place_take(p, m);
	return 0;
}

static bool is_listed(pid_t pid, const pid_t *pids, size_t n)
{
	size_t from = 0;

	while (from < n) {
		const size_t middle = from + (n - from) / 2;

		if (pids[middle] == pid)
			return true;
		if (pids[middle] < pid)
			from = middle + 1;
		else
			n = middle;
	}
	return false;
}

static int look_at_batch(struct place *p, const pid_t *pids, int *fds, size_t n,
	const struct place_lister *lister, bool maps, struct place_mapped *m)
{
	_cleanup_free_ pid_t *again = NULL;
	size_t n_again = 0;
	int r = lister->list(lister->arg, &again, &n_again);

	for (size_t i = 0; i < n && r == 0; i++) {
		if (fds[i] < 0 || !is_listed(pids[i], again, n_again))
			continue;
		if (!maps)
			look_at_threads(p, pids[i], fds[i]);
		else if (p->n_mapped < PLACE_PROCESSES_MAX)
			r = is_late(p) ? -ETIME : look_at_process(p, pids[i], fds[i], m);
	}
	return r;
}

static int make_rows(struct place *p, size_t n)
{
	const size_t rows = n < PLACE_PROCESSES_MAX ? n : PLACE_PROCESSES_MAX;
	const unsigned nodes = mpol_nodeset_count(&p->host.online);

	p->row_nodes = p->host.online;
	uint64_t *bytes = arena_array(&p->arena, uint64_t, rows * nodes + 1);

	p->processes = arena_array(&p->arena, struct place_process, rows + 1);
	if (!bytes || !p->processes)
		return -ENOMEM;
	for (size_t i = 0; i < rows; i++)
		p->processes[i].bytes = bytes + i * nodes;
	return 0;
}

int place_look(
	struct place *p, const pid_t *pids, size_t n, const struct place_lister *lister, bool maps)
{
	_cleanup_free_ struct place_mapped *m = malloc(sizeof(*m));
	int fds[BATCH], r = m ? 0 : -ENOMEM;

	if (r == 0 && maps)
		r = make_rows(p, n);
	if (r == 0 && !maps) {
		p->threads = arena_array(&p->arena, struct place_thread, PLACE_THREADS_SHOWN);
		r = p->threads ? 0 : -ENOMEM;
	}
	for (size_t at = 0; at < n && r == 0; at += BATCH) {
		const size_t some = n - at < BATCH ? n - at : BATCH;

		/* Each batch lists them all again. */
		if (maps ? p->n_mapped >= PLACE_PROCESSES_MAX
			 : p->n_looked >= threads_most(p) || is_late(p)) {
			p->n_unlooked += maps ? 0 : n - at;
			break;
		}
		for (size_t i = 0; i < some; i++)
			fds[i] = open_proc(pids[at + i]);
		r = look_at_batch(p, pids + at, fds, some, lister, maps, m);
		for (size_t i = 0; i < some; i++)
			fds[i] = fd_close(fds[i]);
	}
	if (r == 0 && maps)
		p->mapped_known = true;
	return r;
}
