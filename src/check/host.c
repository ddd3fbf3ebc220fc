/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host.c - the host that a config is checked against, and the cgroup that it would live in there.
 *
 * A captured host is a directory that came from anybody: it is only read through libmpol and
 * base/path, which no link in it leads out of.
 */
#include "base/fd.h"
#include "base/path.h"
#include "check/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/utsname.h>

#define MEMS_FILE_MAX 4096u /* bytes: sysfs and cgroupfs show one page */

static int open_captured(const char *dir, struct check_host *h, struct err *e);
static int open_this(struct check_host *h, struct err *e);
static int captured_place(
	const struct check_host *h, const char *path, struct arena *arena, struct check_place *ret);

int check_host_open(const char *dir, struct check_host *ret, struct err *e)
{
	struct check_host h = { .captured = dir != NULL, .root_fd = AT_FDCWD };
	int r;

	r = dir ? open_captured(dir, &h, e) : open_this(&h, e);
	if (r < 0) {
		check_host_free(&h);
		return r;
	}
	*ret = h;
	return 0;
}

void check_host_free(struct check_host *h)
{
	mpol_host_free(&h->host);
	if (h->root_fd >= 0)
		h->root_fd = fd_close(h->root_fd);
}

static int read_host(struct check_host *h, const char *what, struct err *e)
{
	int r;

	r = mpol_host_read(h->root_fd, true, &h->host);
	if (r == 0)
		r = mpol_host_facts(h->root_fd, &h->host);
	if (r == -EBADMSG)
		return err_say(e, EBADMSG, "%s: its /sys or /proc has what no kernel writes", what);
	if (r == -ENOENT && h->captured)
		return err_say(e, ENOENT,
			"%s: is no captured host: it has no sys/devices/system (see "
			"tools/capture-host)",
			what);
	return r < 0 ? err_set(e, -r, "reading the nodes of %s", what) : 0;
}

static int open_captured(const char *dir, struct check_host *h, struct err *e)
{
	int r;

	h->root_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (h->root_fd < 0)
		return err_set(e, errno, "opening the captured host '%s'", dir);
	r = read_host(h, dir, e);
	if (r < 0)
		return r;
	mpol_kernel_guess(h->host.release, &h->kernel);
	_cleanup_close_ int nodes = path_open_in(h->root_fd, "sys/devices/system/node", O_PATH);
	if (nodes < 0) {
		h->kernel.numa = false;
		h->kernel.modes = h->kernel.flags = 0;
		h->kernel.balancing_many = false;
	}
	return 0;
}

static int open_this(struct check_host *h, struct err *e)
{
	struct mpol_nodeset allowed;
	struct utsname name;
	int r;

	r = read_host(h, "this host", e);
	if (r < 0)
		return r;
	r = mpol_kernel_ask(&h->kernel);
	if (r == -EPERM && uname(&name) == 0) {
		/* In a container whose seccomp filter forbids the question: what its version
		 * says. */
		mpol_kernel_guess(name.release, &h->kernel);
		h->kernel.numa = mpol_allowed(&allowed) != -ENOSYS;
		r = 0;
	}
	return r < 0 ? err_set(e, -r, "asking the kernel which policies it knows") : 0;
}

static int this_place(const struct spec *spec, enum cgroup_manager manager, struct arena *arena,
	struct check_place *ret, struct err *e)
{
	struct check_place place = { 0 };
	struct cgroup *cg;
	const char *path;
	int r;

	r = cgroup_plan(spec, "hasu-check", manager, arena, &cg, e);
	if (r < 0)
		return r;
	r = cgroup_allowed(cg, arena, &place.mems, &place.cpus, &path, &place.v1);
	if (r < 0)
		return err_nomem(e);
	place.known = r > 0;
	place.path = cgroup_path(cg);
	if (place.known) {
		place.where = arena_printf(arena, "cgroup '%s'", path);
		if (!place.where)
			return err_nomem(e);
	}
	*ret = place;
	return 0;
}

int check_place(const struct check_host *h, const struct spec *spec, enum cgroup_manager manager,
	struct arena *arena, struct check_place *ret, struct err *e)
{
	*ret = (struct check_place){ 0 };
	if (!h->captured)
		return this_place(spec, manager, arena, ret, e);
	return captured_place(h, spec->linux_.cgroups_path, arena, ret) < 0 ? err_nomem(e) : 0;
}

/* A list of one captured cgroup's cpuset, malloc'ed; NULL: it was not captured. */
static char *captured_list(int root_fd, const char *mount, const char *path, const char *file)
{
	char name[4096], *text;
	size_t len;

	if (snprintf(name, sizeof(name), "%s%s/%s", mount, path, file) >= (int)sizeof(name))
		return NULL;
	_cleanup_close_ int fd = path_open_in(root_fd, name, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fd_read_all(fd, MEMS_FILE_MAX, &text, &len) < 0)
		return NULL;
	text[strcspn(text, "\n")] = '\0';
	return text;
}

/* What is no list of nodes is as good as not captured. 1, 0 or -ENOMEM. */
static int captured_cpuset(const struct check_host *h, const char *path, bool v1,
	struct arena *arena, struct check_place *place)
{
	const char *mount = v1 ? "sys/fs/cgroup/cpuset" : "sys/fs/cgroup";
	_cleanup_free_ char *mems = captured_list(
		h->root_fd, mount, path, v1 ? "cpuset.effective_mems" : "cpuset.mems.effective");
	_cleanup_free_ char *cpus = captured_list(
		h->root_fd, mount, path, v1 ? "cpuset.effective_cpus" : "cpuset.cpus.effective");

	if (!mems || mpol_nodeset_parse(mems, strlen(mems), "", &place->mems, NULL) < 0 ||
		mpol_nodeset_empty(&place->mems))
		return 0;
	place->known = true;
	place->v1 = v1;
	if (cpus && cpus[strspn(cpus, "0123456789,-")] == '\0') {
		place->cpus = arena_strdup(arena, cpus);
		if (!place->cpus)
			return -ENOMEM;
	}
	return 1;
}

/* An absolute path is looked for upwards; any other one is below the caller, who was captured
 * too. */
static int captured_place(
	const struct check_host *h, const char *path, struct arena *arena, struct check_place *ret)
{
	struct check_place place = { 0 };
	char up[4096];

	if (!path || path[0] != '/') {
		place.known = h->host.cpuset_known;
		place.mems = h->host.allowed;
		place.where = "the cgroup of whoever captured it";
		*ret = place;
		return 0;
	}
	if (strlen(path) >= sizeof(up))
		return 0;
	(void)snprintf(up, sizeof(up), "%s", path);
	for (char *slash = strrchr(up, '/'); slash && !place.known; slash = strrchr(up, '/')) {
		*slash = '\0';
		int r = captured_cpuset(h, up, false, arena, &place);
		if (r == 0)
			r = captured_cpuset(h, up, true, arena, &place);
		if (r < 0)
			return r;
	}
	if (place.known) {
		place.where = arena_printf(arena, "cgroup '%s'", *up ? up : "/");
		if (!place.where)
			return -ENOMEM;
	}
	*ret = place;
	return 0;
}
