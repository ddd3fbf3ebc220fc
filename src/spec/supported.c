/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supported.c - what is understood but not carried out by this version, so that nothing is ignored
 * in silence. A row goes when its feature comes.
 */
#include "spec/internal.h"
#include "spec/names.h"

#include <errno.h>

static int check_mounts(const struct spec *spec, struct load *load);

int spec_check_supported(const struct spec *spec, struct err *e)
{
	struct load load = { .e = e };

	return supported_check(spec, &load);
}

int supported_check(const struct spec *spec, struct load *load)
{
	int r = check_mounts(spec, load);

	/*
	 * A process or resources alone have no namespaces to speak of. runc mounts on the host
	 * then, and changes the root: what it mounted stays there when the container is gone.
	 */
	if (r == 0 && spec->root.path && !spec->linux_.namespaces[NS_MOUNT].present)
		r = load_say(load, ENOTSUP, "hasu.unsupported",
			"/linux/namespaces: a container without a mount namespace is not "
			"supported: its mounts would be the host's, and outlive it");
	return r;
}

static int check_mounts(const struct spec *spec, struct load *load)
{
	int r = 0;

	for (size_t i = 0; i < spec->n_mounts; i++) {
		const struct spec_mount *m = &spec->mounts[i];

		for (size_t j = 0; j < m->options.n && r == 0; j++) {
			const struct mount_opt *o = names_mount_option(m->options.v[j]);

			if (o && !o->supported)
				r = load_say(load, ENOTSUP, "hasu.unsupported",
					"/mounts/%zu/options/%zu: '%s' is not supported by this "
					"version of hasu",
					i, j, o->name);
		}
	}
	return r;
}
