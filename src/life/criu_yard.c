/* SPDX-License-Identifier: Apache-2.0 */
/*
 * criu_yard.c - the hierarchies of cgroups for CRIU, each in a directory that it finds by its name.
 *
 * Without them CRIU mounts them itself. Of cgroup v2 it would reset the options of all its mounts:
 * nsdelegate, memory_recursiveprot. And it would do so in its working directory, which it enters by
 * a descriptor of ours and so in our mount namespace, where the kernel lets it mount nothing.
 */
#include "base/fd.h"
#include "base/str.h"
#include "life/criu.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#define HIERARCHY_FLAGS (MS_NOSUID | MS_NODEV | MS_NOEXEC)

static int make_v2(const struct cgroup *cg, const char *path, struct err *e)
{
	const char *mounted = cgroup_v2_mount(cg);
	struct statfs fs;

	/* Nobody has it: no options are lost. */
	if (!mounted)
		return mount("cgroup", path, "cgroup2", HIERARCHY_FLAGS, NULL) < 0
			       ? err_set(e, errno, "mounting cgroup v2 for CRIU")
			       : 0;
	if (mount(mounted, path, NULL, MS_BIND, NULL) < 0)
		return err_set(e, errno, "binding cgroup v2 for CRIU");
	/* A saved state may say anything. */
	if (statfs(path, &fs) < 0 || fs.f_type != CGROUP2_SUPER_MAGIC)
		return err_say(e, EBADMSG, "'%s' is no mount of cgroup v2", mounted);
	return 0;
}

/* Another mount of what is there: the kernel leaves v1's options as they are. */
static int make_v1(const char *controllers, const char *path, struct err *e)
{
	char options[PATH_MAX];

	if ((size_t)snprintf(options, sizeof(options), "%s%s",
		    str_starts(controllers, "name=") ? "none," : "",
		    controllers) >= sizeof(options))
		return err_set(e, ENAMETOOLONG, "mounting cgroup hierarchy '%s'", controllers);
	if (mount("cgroup", path, "cgroup", HIERARCHY_FLAGS, options) < 0)
		return err_set(e, errno, "mounting cgroup hierarchy '%s' for CRIU", controllers);
	return 0;
}

int criu_yard_make(const struct cgroup *cg, const char *yard, struct err *e)
{
	_cleanup_free_ char *text = NULL;
	char path[PATH_MAX], *rest;

	int r = fd_read_file(AT_FDCWD, "/proc/self/cgroup", CRIU_CGROUP_MAX, &text, NULL);
	if (r < 0)
		return err_set(e, -r, "reading the hierarchies of cgroups");
	rest = text;
	for (char *line; r >= 0 && (line = strsep(&rest, "\n"));) {
		char *controllers = strchr(line, ':');
		char *end = controllers ? strchr(controllers + 1, ':') : NULL;
		if (!end)
			continue;
		*end = '\0';
		controllers++;
		/* CRIU's names of the directories: "cpu,cpuacct", "systemd", "unified". */
		const char *name = str_starts(controllers, "name=") ? controllers + strlen("name=")
				   : *controllers                   ? controllers
								    : "unified";
		if ((size_t)snprintf(path, sizeof(path), "%s/%s", yard, name) >= sizeof(path))
			return err_set(e, ENAMETOOLONG, "making a place for CRIU");
		if (mkdir(path, 0755) < 0)
			return err_set(e, errno, "making '%s' for CRIU", path);
		r = *controllers ? make_v1(controllers, path, e) : make_v2(cg, path, e);
	}
	return r < 0 ? r : 0;
}
