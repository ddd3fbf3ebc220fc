/* SPDX-License-Identifier: Apache-2.0 */
/*
 * root.c - where the state of containers is kept, and what else life must know.
 */
#include "cmd/cmd.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/auxv.h>
#include <unistd.h>

static bool in_user_namespace(void);

int life_of(const struct options *o, struct arena *arena, struct life *ret, struct err *e)
{
	struct life life = { .manager = CGROUP_CGROUPFS };

	if (o->manager)
		life.manager = (enum cgroup_manager)(o->manager - 1);
	if (o->systemd_cgroup) {
		if (o->manager && life.manager != CGROUP_SYSTEMD)
			return err_say(e, EINVAL,
				"options '--systemd-cgroup' and '--cgroup-manager' contradict each "
				"other");
		life.manager = CGROUP_SYSTEMD;
	}
	/* Whoever starts a program with rights that are not theirs must not choose its rules. */
	if (o->conf && getauxval(AT_SECURE))
		return err_say(e, EPERM, "option '--conf' is not for a setuid program");
	life.conf = o->conf;
	int r = root_directory(o->root, arena, &life.root, e);
	if (r < 0)
		return r;
	*ret = life;
	return 0;
}

int root_directory(const char *given, struct arena *arena, const char **ret, struct err *e)
{
	char *root;

	if (given && given[0] == '/') {
		*ret = given;
		return 0;
	}
	if (given) {
		/* Made absolute here: what is saved in it must hold from any working directory. */
		_cleanup_free_ char *cwd = getcwd(NULL, 0);
		if (!cwd)
			return err_set(e, errno, "looking up the working directory");
		root = arena_printf(arena, "%s/%s", cwd, given);
		if (!root)
			return err_nomem(e);
		*ret = root;
		return 0;
	}

	/*
	 * Root of a user namespace is an ordinary user outside, unless it calls itself root: then
	 * the namespace is a whole system with a /run of its own. runc decides alike.
	 */
	const char *runtime_dir = getenv("XDG_RUNTIME_DIR"), *user = getenv("USER");
	bool ordinary = geteuid() != 0;
	bool usual = !ordinary && (str_empty(runtime_dir) || (user && str_eq(user, "root")) ||
					  !in_user_namespace());
	if (usual) {
		*ret = "/run/hasu";
		return 0;
	}
	if (str_empty(runtime_dir))
		return err_say(e, ENOENT,
			"there is no place for the state of containers: XDG_RUNTIME_DIR is not "
			"set, "
			"and --root is not given");
	if (runtime_dir[0] != '/')
		return err_say(
			e, EINVAL, "XDG_RUNTIME_DIR '%s' is not an absolute path", runtime_dir);
	root = arena_printf(arena, "%s/hasu", runtime_dir);
	if (!root)
		return err_nomem(e);
	*ret = root;
	return 0;
}

/* In the initial namespace every ID is mapped to itself (user_namespaces(7)). */
static bool in_user_namespace(void)
{
	_cleanup_free_ char *map = NULL;
	unsigned inside, outside, count;

	if (fd_read_file(AT_FDCWD, "/proc/self/uid_map", 64 * 1024, &map, NULL) < 0)
		return false; /* a kernel without user namespaces */
	return sscanf(map, "%u %u %u", &inside, &outside, &count) != 3 || inside != 0 ||
	       outside != 0 || count != UINT32_MAX;
}
