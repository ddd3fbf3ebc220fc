/* SPDX-License-Identifier: Apache-2.0 */
/*
 * allowed.c - the nodes that the cgroup around a container's leaves to it, before anything is made.
 *
 * Reads only: of the container's path as much as exists by now.
 */
#include "base/fd.h"
#include "cgroup/internal.h"

#include <errno.h>
#include <stdio.h>

static bool read_mems(int fd, struct mpol_nodeset *ret)
{
	/* The second as v1 calls it, the third as v1 did before Linux 3.17 knew effective ones. */
	static const char *const files[] = { "cpuset.mems.effective", "cpuset.effective_mems",
		"cpuset.mems" };

	for (size_t i = 0; i < ELEMENTS(files); i++) {
		_cleanup_free_ char *text = NULL;

		if (fd_read_file(fd, files[i], CGROUP_FILE_MAX, &text, NULL) == 0)
			return mpol_nodeset_parse(text, strcspn(text, "\n"), "", ret, NULL) == 0 &&
			       !mpol_nodeset_empty(ret);
	}
	return false;
}

int cgroup_allowed(const struct cgroup *cg, struct arena *arena, struct mpol_nodeset *ret,
	const char **ret_where, bool *ret_v1)
{
	const struct hierarchy *h = cgroup_v1_of(cg, "cpuset");
	char path[CGROUP_PATH_MAX + 2];

	if (!h)
		h = cgroup_v2(cg);
	if (!h || strlen(h->path) >= sizeof(path))
		return 0;
	/* Upwards, to the first that exists and has a cpuset: those below are not restricted more. */
	(void)snprintf(path, sizeof(path), "%s", h->path);
	for (char *slash = strrchr(path, '/'); slash; slash = strrchr(path, '/')) {
		*slash = '\0';
		_cleanup_close_ int fd = hierarchy_open(h, *path ? path : "/", NULL);
		if (fd >= 0 && read_mems(fd, ret)) {
			*ret_where = arena_strdup(arena, *path ? path : "/");
			*ret_v1 = !h->v2;
			return *ret_where ? 1 : -ENOMEM;
		}
	}
	return 0;
}
