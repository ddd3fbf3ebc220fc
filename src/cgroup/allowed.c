/* SPDX-License-Identifier: Apache-2.0 */
/*
 * allowed.c - the nodes that the cgroup around a container's leaves to it, before anything is made
 * or changed.
 *
 * Reads only: of the container's path as much as exists by now.
 */
#include "base/fd.h"
#include "cgroup/internal.h"
#include "cgroup/limits.h"

#include <errno.h>
#include <stdio.h>

/* Of the cgroup at fd; none at all where its cpuset is still to be filled. */
static bool read_mems(int fd, struct mpol_nodeset *ret)
{
	/* The second as v1 calls it, the third as v1 did before Linux 3.17 knew effective ones. */
	static const char *const files[] = { "cpuset.mems.effective", "cpuset.effective_mems",
		"cpuset.mems" };

	for (size_t i = 0; i < ELEMENTS(files); i++) {
		_cleanup_free_ char *text = NULL;

		if (fd_read_file(fd, files[i], CGROUP_FILE_MAX, &text, NULL) == 0)
			return mpol_nodeset_parse(text, strcspn(text, "\n"), "", ret, NULL) == 0;
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
	/* Upwards, to the first that exists and has a cpuset: those below are not restricted
	 * more. */
	(void)snprintf(path, sizeof(path), "%s", h->path);
	for (char *slash = strrchr(path, '/'); slash; slash = strrchr(path, '/')) {
		*slash = '\0';
		_cleanup_close_ int fd = hierarchy_open(h, *path ? path : "/", NULL);
		if (fd >= 0 && read_mems(fd, ret) && !mpol_nodeset_empty(ret)) {
			*ret_where = arena_strdup(arena, *path ? path : "/");
			*ret_v1 = !h->v2;
			return *ret_where ? 1 : -ENOMEM;
		}
	}
	return 0;
}

/* The nodes that the cgroup above the container's may use; false where that cannot be told. */
static bool mems_above(const struct hierarchy *h, struct mpol_nodeset *ret)
{
	char path[CGROUP_PATH_MAX + 2];

	(void)snprintf(path, sizeof(path), "%.*s", (int)(strrchr(h->path, '/') - h->path), h->path);
	_cleanup_close_ int fd = hierarchy_open(h, *path ? path : "/", NULL);
	return fd >= 0 && read_mems(fd, ret);
}

int cgroup_foresee_mems(const struct cgroup *cg, const struct spec_resources *r,
	struct mpol_nodeset *ret, struct err *e)
{
	const char *pointer = AT_RESOURCES "cpu/mems", *text = r->cpu.mems;
	struct mpol_nodeset asked, above, both;
	char have[MPOL_NODESET_TEXT];

	for (size_t i = 0; i < r->unified.n; i++)
		if (str_eq(r->unified.v[i].key, "cpuset.mems")) { /* written after the other */
			pointer = AT_RESOURCES "unified/cpuset.mems";
			text = r->unified.v[i].value;
		}
	const struct hierarchy *h = cgroup_v1_of(cg, "cpuset");
	if (!h)
		h = cgroup_v2(cg);
	/* What is no list, or has no cpuset to go to, is the update's to refuse. */
	if (!h || !text || mpol_nodeset_parse(text, strlen(text), "", &asked, NULL) < 0)
		return 0;
	if (!mems_above(h, &above)) {
		*ret = asked;
		return !mpol_nodeset_empty(&asked);
	}
	if (mpol_nodeset_empty(&asked)) { /* v2: the same as above */
		*ret = above;
		return 1;
	}
	both = mpol_nodeset_and(&asked, &above);
	if (mpol_nodeset_empty(&both))
		return err_say(e, EINVAL,
			"%s: none of '%s' may be used in cgroup '%s%s': the cgroups above leave "
			"'%s'",
			pointer, text, h->mount, h->path, mpol_nodeset_format(&above, have));
	*ret = both;
	return 1;
}
