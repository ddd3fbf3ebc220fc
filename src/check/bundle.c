/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bundle.c - the files of this host that a config names: are they there?
 *
 * Looked at by their names alone, which somebody may give to others before create opens them:
 * advice, no defence.
 */
#include "check/internal.h"

#include "linux/rootfs.h"
#include "spec/names.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int check_rootfs(const struct spec *spec, int bundle, struct spec_findings *all);
static int check_sources(
	const struct spec *spec, const char *path, int bundle, struct spec_findings *all);
static int check_hooks(const struct spec *spec, struct spec_findings *all);

int check_bundle(const struct spec *spec, const char *bundle, struct spec_findings *all)
{
	int fd = open(bundle, O_PATH | O_DIRECTORY | O_CLOEXEC), r;

	if (fd < 0)
		return errno == ENOMEM ? -ENOMEM : 0; /* the config came from elsewhere */
	r = check_rootfs(spec, fd, all);
	if (r == 0)
		r = check_sources(spec, bundle, fd, all);
	if (r == 0)
		r = check_hooks(spec, all);
	(void)close(fd);
	return r;
}

static int check_rootfs(const struct spec *spec, int bundle, struct spec_findings *all)
{
	struct stat st;

	if (!spec->root.path)
		return 0;
	if (fstatat(bundle, spec->root.path, &st, 0) < 0)
		return errno == EACCES
			       ? 0
			       : found(all, "check.rootfs", MPOL_ERROR, "/root/path",
					 "'%.200s': %s", spec->root.path, err_reason(errno));
	if (!S_ISDIR(st.st_mode))
		return found(all, "check.rootfs", MPOL_ERROR, "/root/path",
			"'%.200s': is no directory", spec->root.path);
	return 0;
}

static bool is_bind(const struct spec_mount *m)
{
	if (m->type && str_eq(m->type, "bind"))
		return true;
	for (size_t i = 0; i < m->options.n; i++)
		if (str_eq(m->options.v[i], "bind") || str_eq(m->options.v[i], "rbind"))
			return true;
	return false;
}

/* Mounts before it may make it. */
static bool is_inside(const struct spec *spec, const char *bundle, const char *source)
{
	char root[PATH_MAX * 2], real[PATH_MAX];
	struct arena arena = { 0 };
	const char *inside = NULL;

	if (!spec->root.path || !realpath(bundle, real))
		return false;
	(void)snprintf(root, sizeof(root), "%s%s%s", spec->root.path[0] == '/' ? "" : real,
		spec->root.path[0] == '/' ? "" : "/", spec->root.path);
	const bool is = rootfs_inside(root, real, source, &arena, &inside) == 0 && inside;
	arena_free(&arena);
	return is;
}

static int check_sources(
	const struct spec *spec, const char *path, int bundle, struct spec_findings *all)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < spec->n_mounts; i++) {
		const struct spec_mount *m = &spec->mounts[i];
		char where[64];
		struct stat st;

		/* What an ordinary user may not look at, root may mount. */
		if (!m->source || !is_bind(m) || fstatat(bundle, m->source, &st, 0) == 0 ||
			errno == EACCES)
			continue;
		const int num = errno;
		if (is_inside(spec, path, m->source))
			continue;
		(void)snprintf(where, sizeof(where), "/mounts/%zu/source", i);
		r = found(all, "check.mount.source", MPOL_ERROR, where, "'%.200s': %s", m->source,
			err_reason(num));
	}
	return r;
}

static int check_hooks(const struct spec *spec, struct spec_findings *all)
{
	int r = 0;

	for (int p = 0; p < HOOK_POINTS; p++)
		for (size_t i = 0; r == 0 && i < spec->hooks.at[p].n; i++) {
			const char *path = spec->hooks.at[p].v[i].path;
			char where[64];
			struct stat st;

			/* The program of a startContainer hook is looked for in the container. */
			if (p == HOOK_START_CONTAINER || !path || stat(path, &st) == 0 ||
				errno == EACCES)
				continue;
			(void)snprintf(
				where, sizeof(where), "/hooks/%s/%zu/path", names_hooks[p].name, i);
			r = found(all, "check.hook", MPOL_ERROR, where, "'%.200s': %s", path,
				err_reason(errno));
		}
	return r;
}
