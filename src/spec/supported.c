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
	const struct spec_namespace *ns = spec->linux_.namespaces;
	int r = check_mounts(spec, load);

	/* mount(2) and its kin ask for CAP_SYS_ADMIN where the caller's mount namespace is owned. */
	if (r == 0 && ns[NS_USER].present && !ns[NS_MOUNT].present)
		r = load_say(load, ENOTSUP, "hasu.unsupported",
			"/linux/namespaces: a container with a user namespace and without a mount "
			"namespace is not supported: it could mount nothing");
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
