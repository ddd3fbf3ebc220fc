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

/* Of three names the second is v1's, and the third what v1 had before Linux 3.17 knew effective
 * ones. */
static const char *const mems_files[] = { "cpuset.mems.effective", "cpuset.effective_mems",
	"cpuset.mems" };
static const char *const cpus_files[] = { "cpuset.cpus.effective", "cpuset.effective_cpus",
	"cpuset.cpus" };
_Static_assert(ELEMENTS(mems_files) == ELEMENTS(cpus_files), "read_list() has one number");

/* The list in the first of the files that the cgroup at fd has, malloc'ed; NULL: it has none. */
static char *read_list(int fd, const char *const files[])
{
	char *text;

	for (size_t i = 0; i < ELEMENTS(mems_files); i++)
		if (fd_read_file(fd, files[i], CGROUP_FILE_MAX, &text, NULL) == 0) {
			text[strcspn(text, "\n")] = '\0';
			return text;
		}
	return NULL;
}

/* No node at all where its cpuset is still to be filled. */
static bool read_mems(int fd, struct mpol_nodeset *ret)
{
	_cleanup_free_ char *text = read_list(fd, mems_files);

	return text && mpol_nodeset_parse(text, strlen(text), "", ret, NULL) == 0;
}

int cgroup_allowed(const struct cgroup *cg, struct arena *arena, struct mpol_nodeset *ret,
	const char **ret_cpus, const char **ret_where, bool *ret_v1)
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
			_cleanup_free_ char *cpus = read_list(fd, cpus_files);
			*ret_where = arena_strdup(arena, *path ? path : "/");
			*ret_cpus = arena_strdup(arena, cpus ? cpus : "");
			*ret_v1 = !h->v2;
			return *ret_where && *ret_cpus ? 1 : -ENOMEM;
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
