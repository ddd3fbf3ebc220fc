/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage.c - bytes for each node, by kind, from the texts of numa_stat and numa_maps. No system
 * calls but read(2) on the descriptor that is given.
 */
#include "cgroup/numa.h"
#include "place/place.h"

#include "base/fd.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

static const struct {
	const char *name, *words;
} kinds[PLACE_KINDS] = {
	[PLACE_ANON] = { "anon", "anonymous" },
	[PLACE_FILE] = { "file", "files" },
	[PLACE_SHMEM] = { "shmem", "shared" },
	[PLACE_HUGETLB] = { "hugetlb", "huge pages" },
	[PLACE_LOCKED] = { "locked", "locked" },
};

const char *place_kind_name(enum place_kind kind)
{
	return kinds[kind].name;
}

const char *place_kind_words(enum place_kind kind)
{
	return kinds[kind].words;
}

void place_add(uint64_t *to, uint64_t bytes)
{
	if (__builtin_add_overflow(*to, bytes, to))
		*to = UINT64_MAX;
}

uint64_t place_on_node(const struct place_pages *pages, unsigned node)
{
	uint64_t sum = 0;

	for (int kind = 0; kind < PLACE_KINDS; kind++)
		place_add(&sum, pages->bytes[kind][node]);
	return sum;
}

uint64_t place_of_kind(const struct place_pages *pages, enum place_kind kind)
{
	uint64_t sum = 0;

	for (unsigned node = 0; node < MPOL_NODES_MAX; node++)
		place_add(&sum, pages->bytes[kind][node]);
	return sum;
}

/* --- numa_stat --- */

/* Which row goes where. On v2 "file" has "shmem" in it. */
struct stat_rows {
	uint64_t shmem[MPOL_NODES_MAX];
	bool below[PLACE_KINDS]; /* v1: the row with those of the cgroups below was there */
};

static bool is_kind(const struct mpol_stat_row *row, const char *name)
{
	return row->kind_len == strlen(name) && memcmp(row->kind, name, row->kind_len) == 0;
}

static void take(uint64_t to[MPOL_NODES_MAX], const struct mpol_stat_row *row)
{
	for (size_t i = 0; i < row->n_nodes; i++)
		place_add(&to[row->nodes[i].node], row->nodes[i].bytes);
}

static void take_v2(
	const struct mpol_stat_row *row, struct stat_rows *rows, struct place_pages *ret)
{
	if (is_kind(row, "anon"))
		take(ret->bytes[PLACE_ANON], row);
	else if (is_kind(row, "file"))
		take(ret->bytes[PLACE_FILE], row);
	else if (is_kind(row, "shmem"))
		take(rows->shmem, row);
	else if (is_kind(row, "anon_thp") || is_kind(row, "file_thp") || is_kind(row, "shmem_thp"))
		take(ret->thp, row);
}

/* Rows of the cgroup alone stand before those with what is below it, and give way to them. */
static void take_v1(
	const struct mpol_stat_row *row, struct stat_rows *rows, struct place_pages *ret)
{
	static const struct {
		const char *own, *below;
		enum place_kind kind;
	} names[] = { { "anon", "hierarchical_anon", PLACE_ANON },
		{ "file", "hierarchical_file", PLACE_FILE },
		{ "unevictable", "hierarchical_unevictable", PLACE_LOCKED } };

	for (size_t i = 0; i < ELEMENTS(names); i++) {
		const enum place_kind kind = names[i].kind;

		if (is_kind(row, names[i].below)) {
			memset(ret->bytes[kind], 0, sizeof(ret->bytes[kind]));
			rows->below[kind] = true;
		} else if (!is_kind(row, names[i].own) || rows->below[kind]) {
			continue;
		}
		take(ret->bytes[kind], row);
	}
}

static int read_memory(const struct cgroup_numa *texts, uint64_t page_size, struct place_pages *ret)
{
	struct stat_rows rows = { { 0 }, { 0 } };
	struct mpol_stat_row row;
	int r = 0;

	for (const char *line = texts->memory; line && *line && r == 0;) {
		const size_t len = strcspn(line, "\n");

		r = texts->v1 ? mpol_stat_line_v1(line, len, page_size, &row)
			      : mpol_stat_line(line, len, &row);
		if (r == 0 && texts->v1)
			take_v1(&row, &rows, ret);
		else if (r == 0)
			take_v2(&row, &rows, ret);
		line += len + (line[len] == '\n');
	}
	/* The two rows are not of the same moment. */
	for (unsigned node = 0; node < MPOL_NODES_MAX; node++) {
		uint64_t *file = &ret->bytes[PLACE_FILE][node];

		place_add(&ret->bytes[PLACE_SHMEM][node], rows.shmem[node]);
		*file = *file > rows.shmem[node] ? *file - rows.shmem[node] : 0;
	}
	return r;
}

/* v2 has one line, v1 a second one with what is below: the last counts. Bytes on both. */
static int read_huge(const char *text, struct place_pages *ret)
{
	struct mpol_stat_row row = { .n_nodes = 0 };
	int r = 0;

	for (const char *line = text; *line && r == 0;) {
		const size_t len = strcspn(line, "\n");

		r = mpol_stat_line_v1(line, len, 1, &row);
		line += len + (line[len] == '\n');
	}
	if (r == 0)
		take(ret->bytes[PLACE_HUGETLB], &row);
	return r;
}

int place_read_cgroup(const struct cgroup_numa *texts, uint64_t page_size, struct place_pages *ret)
{
	int r = read_memory(texts, page_size, ret);

	for (size_t i = 0; i < texts->n_huge && r == 0; i++)
		r = read_huge(texts->huge[i], ret);
	return r < 0 ? -EBADMSG : 0;
}

/* --- numa_maps --- */

/* By their names: what else is on a tmpfs looks like any other file. */
static bool is_shared_memory(const struct mpol_mapping *m)
{
	static const char *const names[] = { "/dev/shm/", "/memfd:", "/SYSV", "/dev/zero" };

	for (size_t i = 0; i < ELEMENTS(names); i++)
		if (m->name_len >= strlen(names[i]) &&
			memcmp(m->name, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

static uint64_t sized(uint64_t pages, uint64_t size)
{
	uint64_t bytes;

	return __builtin_mul_overflow(pages, size, &bytes) ? UINT64_MAX : bytes;
}

/*
 * A private mapping of a file has pages of the file and copies of its own. The line says how many
 * copies, but not on which node: they are taken to be spread as the rest is.
 */
static void take_mapping(const struct mpol_mapping *m, struct place_pages *to)
{
	uint64_t total = 0, copies;
	enum place_kind kind = m->huge                          ? PLACE_HUGETLB
			       : !m->file                       ? PLACE_ANON
			       : m->name && is_shared_memory(m) ? PLACE_SHMEM
								: PLACE_FILE;

	for (size_t i = 0; i < m->n_nodes; i++)
		place_add(&total, m->nodes[i].pages);
	copies = kind == PLACE_FILE && m->anon < total ? m->anon : total;
	if (kind == PLACE_FILE && m->anon >= total)
		kind = PLACE_ANON;
	for (size_t i = 0; i < m->n_nodes; i++) {
		const unsigned node = m->nodes[i].node;
		uint64_t pages = m->nodes[i].pages, own = pages;

		if (kind == PLACE_FILE && total > 0) {
			own = (uint64_t)((unsigned __int128)pages * copies / total);
			place_add(&to->bytes[PLACE_ANON][node], sized(own, m->page_size));
			own = pages - own;
		}
		place_add(&to->bytes[kind][node], sized(own, m->page_size));
	}
}

static bool same(const struct mpol *a, bool a_cut, const struct mpol *b, bool b_cut)
{
	return a->mode == b->mode && a->flags == b->flags && a_cut == b_cut &&
	       mpol_nodeset_equal(&a->nodes, &b->nodes);
}

int place_read_maps(int fd, const struct memory_live *live, const struct mpol *task, bool task_cut,
	struct place_mapped *ret)
{
	struct mpol_maps *maps = mpol_maps_open(fd);
	const struct mpol_mapping *m;
	int r;

	if (!maps)
		return -ENOMEM;
	while ((r = mpol_maps_next(maps, &m)) > 0) {
		take_mapping(m, &ret->all);
		/* One that asks for what the container's asks for is no other. */
		if (m->n_nodes == 0 || same(&m->policy, m->policy_cut, task, task_cut) ||
			(m->policy.mode >= 0 &&
				memory_shows(live, &live->due, &m->policy, m->policy_cut)))
			continue;
		if (!ret->own_shown) {
			ret->own_shown = true;
			ret->own_policy = m->policy;
		}
		for (size_t i = 0; i < m->n_nodes; i++)
			place_add(&ret->own[m->nodes[i].node],
				sized(m->nodes[i].pages, m->page_size));
	}
	mpol_maps_close(maps);
	return r;
}

/* --- pressure --- */

/* A line without its end, cut off where it is longer than any that is looked for. */
static const char *copy_line(const char *from, size_t len, char line[80])
{
	const size_t n = len < 79 ? len : 79;

	memcpy(line, from, n);
	line[n] = '\0';
	return line;
}

/* "Node 0, zone   Normal" begins a zone, and "        high     12345" is one of its lines. */
void place_read_zones(const char *text, uint64_t page_size, uint64_t ret[MPOL_NODES_MAX])
{
	unsigned node = MPOL_NODES_MAX;
	char line[80];

	for (const char *at = text; *at;) {
		const size_t len = strcspn(at, "\n");
		uint64_t pages;

		(void)copy_line(at, len, line);
		if (sscanf(line, "Node %4u, zone", &node) != 1 && node < MPOL_NODES_MAX &&
			sscanf(line, " high %" SCNu64, &pages) == 1)
			place_add(&ret[node], sized(pages, page_size));
		at += len + (at[len] == '\n');
	}
}

uint64_t place_read_foreign(const char *text)
{
	char line[80];
	uint64_t pages;

	for (const char *at = text; *at;) {
		const size_t len = strcspn(at, "\n");

		if (sscanf(copy_line(at, len, line), "numa_foreign %" SCNu64, &pages) == 1)
			return pages;
		at += len + (at[len] == '\n');
	}
	return 0;
}
