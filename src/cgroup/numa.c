/* SPDX-License-Identifier: Apache-2.0 */
/*
 * numa.c - what the kernel has counted for a container, node by node. See numa.h.
 */
#include "cgroup/numa.h"

#include "base/fd.h"
#include "cgroup/internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

/* A row for each kind of page, some thirty of them, with a number for each node. */
#define NUMA_STAT_MAX ((size_t)2 << 20)

static int open_dir(const struct cgroup *cg, const char *controller, bool *ret_v1, struct err *e)
{
	const struct hierarchy *h = cgroup_v1_of(cg, controller);

	*ret_v1 = h != NULL;
	if (!h)
		h = cgroup_v2(cg);
	return h ? hierarchy_open_leaf(h, e) : -ENODATA;
}

static bool is_huge_stat(const char *name)
{
	const size_t len = strlen(name), end = strlen(".numa_stat");

	return str_starts(name, "hugetlb.") && len > end && str_eq(name + len - end, ".numa_stat");
}

/* The sizes are the machine's: whichever there are. */
static void read_huge(int dir_fd, struct cgroup_numa *n)
{
	int again = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = again < 0 ? NULL : fdopendir(again);
	const struct dirent *entry;

	if (!dir) {
		(void)fd_close(again);
		return;
	}
	while (n->n_huge < CGROUP_HUGE_MAX && (entry = readdir(dir)))
		if (is_huge_stat(entry->d_name) &&
			fd_read_file(dir_fd, entry->d_name, NUMA_STAT_MAX, &n->huge[n->n_huge],
				NULL) == 0)
			n->n_huge++;
	(void)closedir(dir);
}

int cgroup_numa(const struct cgroup *cg, struct cgroup_numa *ret, struct err *e)
{
	struct cgroup_numa n = { 0 };
	bool v1;
	int r;

	_cleanup_close_ int memory = open_dir(cg, "memory", &n.v1, e);
	if (memory < 0 && memory != -ENODATA)
		return memory;
	r = memory < 0 ? -ENOENT
		       : fd_read_file(memory, "memory.numa_stat", NUMA_STAT_MAX, &n.memory, NULL);
	if (r < 0 && r != -ENOENT && r != -EOPNOTSUPP)
		return err_set(e, r == -ENODEV ? ENOENT : -r, "reading memory.numa_stat of '%s'",
			cgroup_path(cg));
	_cleanup_close_ int huge = open_dir(cg, "hugetlb", &v1, NULL);
	if (huge >= 0)
		read_huge(huge, &n);
	*ret = n;
	return 0;
}

void cgroup_numa_free(struct cgroup_numa *n)
{
	free(n->memory);
	for (size_t i = 0; i < n->n_huge; i++)
		free(n->huge[i]);
	*n = (struct cgroup_numa){ 0 };
}
