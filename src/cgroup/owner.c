/* SPDX-License-Identifier: Apache-2.0 */
/*
 * owner.c - the container's cgroup given to the container's user, so that a systemd or an engine
 * inside can make cgroups of its own (config-linux.md, Cgroup ownership).
 *
 * Never on v1, whose delegation is not safe, and never more than the directory and the files that
 * the kernel itself lists for it: by the others a container would raise its own limits.
 */
#include "base/fd.h"
#include "cgroup/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

/* Kernels before 4.15 have no list. */
static const char files_always[] = "cgroup.procs\ncgroup.subtree_control\ncgroup.threads\n";

/* Mounted where the container will look for it, and writable. */
static bool mounted_writable(const struct spec *spec)
{
	bool writable = false;

	for (size_t i = 0; i < spec->n_mounts; i++) {
		const struct spec_mount *m = &spec->mounts[i];
		/* The last one on a place is the one that is seen. */
		if (!str_eq(m->destination, "/sys/fs/cgroup"))
			continue;
		writable = !str_empty(m->source) && str_eq(m->source, "cgroup");
		for (size_t k = 0; k < m->options.n; k++)
			if (str_eq(m->options.v[k], "ro"))
				writable = false;
	}
	return writable;
}

/* The host's number of the user who runs the process; false where that is not known. */
static bool host_uid(const struct spec *spec, uid_t *ret)
{
	const struct spec_namespace *ns = &spec->linux_.namespaces[NS_USER];
	const struct id_map *map = &spec->linux_.uid_mappings;
	const uint32_t uid = spec->process.user.uid;

	if (!ns->present) {
		*ret = uid;
		return true;
	}
	/* Of one that is joined by path the mappings are not in the config. */
	for (size_t i = 0; !ns->path && i < map->n; i++) {
		const struct id_mapping *m = &map->v[i];
		if (uid >= m->container_id && uid - m->container_id < m->size) {
			*ret = m->host_id + (uid - m->container_id);
			return true;
		}
	}
	return false;
}

static int give(const struct hierarchy *h, int dir_fd, const char *file, uid_t uid, struct err *e)
{
	struct stat st;

	if (fstatat(dir_fd, file, &st, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) == 0 &&
		st.st_uid == uid)
		return 0;
	if (fchownat(dir_fd, file, uid, (gid_t)-1, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	/* Not every cgroup has every file. An ordinary user cannot give away what is his: the
	 * specification asks for it where it can be. */
	if (errno == ENOENT || (errno == EPERM && geteuid() != 0))
		return 0;
	return err_set(e, errno, "giving '%s%s%s%s' to user %u", h->mount, h->path,
		*file ? "/" : "", file, (unsigned)uid);
}

int cgroup_give(const struct cgroup *cg, const struct spec *spec, struct err *e)
{
	const struct spec_namespace *ns = &spec->linux_.namespaces[NS_CGROUP];
	_cleanup_free_ char *list = NULL;
	uid_t uid;
	int r;

	if (!cgroup_pure_v2(cg) || !ns->present || ns->path || !mounted_writable(spec) ||
		!host_uid(spec, &uid))
		return 0;
	const struct hierarchy *h = cgroup_v2(cg);
	_cleanup_close_ int fd = hierarchy_open_leaf(h, e);
	if (fd < 0)
		return fd;
	r = fd_read_file(AT_FDCWD, "/sys/kernel/cgroup/delegate", CGROUP_FILE_MAX, &list, NULL);
	if (r < 0) {
		list = strdup(files_always);
		if (!list)
			return err_nomem(e);
	}
	r = give(h, fd, "", uid, e);
	char *save = NULL;
	for (char *name = strtok_r(list, "\n", &save); name && r == 0;
		name = strtok_r(NULL, "\n", &save))
		if (!strchr(name, '/'))
			r = give(h, fd, name, uid, e);
	return r;
}
