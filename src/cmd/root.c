/* SPDX-License-Identifier: Apache-2.0 */
/*
 * root.c - where the state of containers is kept, and what else life must know.
 */
#include "cmd/cmd.h"

#include "base/fd.h"
#include "base/self.h"

#include <errno.h>
#include <sys/auxv.h>
#include <unistd.h>

static int life_by(const struct options *o, bool with_root, struct arena *arena, struct life *ret,
	struct err *e);

int life_of(const struct options *o, struct arena *arena, struct life *ret, struct err *e)
{
	return life_by(o, true, arena, ret, e);
}

int life_without_root(const struct options *o, struct life *ret, struct err *e)
{
	return life_by(o, false, NULL, ret, e);
}

static int life_by(const struct options *o, bool with_root, struct arena *arena, struct life *ret,
	struct err *e)
{
	struct life life = { .manager = CGROUP_CGROUPFS,
		.rootless = (enum life_rootless)o->rootless };

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
	if (!with_root) {
		*ret = life;
		return 0;
	}
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

	if (!self_is_ordinary()) {
		*ret = "/run/hasu";
		return 0;
	}
	const char *runtime_dir = getenv("XDG_RUNTIME_DIR");
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
