/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supported.c - what is understood but not carried out by this version, so that nothing is ignored
 * in silence. A row goes when its feature comes.
 *
 * A field that asks for nothing (an empty list, "unlimited") is no use of the feature.
 */
#include "spec/names.h"
#include "spec/spec.h"

#include <errno.h>

#define USES(name, expression)                                                                     \
	static bool uses_##name(const struct spec *s)                                              \
	{                                                                                          \
		return (expression);                                                               \
	}

USES(intel_rdt, s->linux_.intel_rdt)

static const struct unsupported {
	const char *pointer;
	bool (*used)(const struct spec *spec);
} unsupported[] = {
	{ "/linux/intelRdt", uses_intel_rdt },
};

static int check_mounts(const struct spec *spec, struct err *e);

int spec_check_supported(const struct spec *spec, struct err *e)
{
	int r;

	for (size_t i = 0; i < ELEMENTS(unsupported); i++) {
		if (unsupported[i].used(spec))
			return err_say(e, ENOTSUP, "%s: is not supported by this version of hasu",
				unsupported[i].pointer);
	}
	r = check_mounts(spec, e);
	/*
	 * A process or resources alone have no namespaces to speak of. runc mounts on the host then,
	 * and changes the root: what it mounted stays there when the container is gone.
	 */
	if (r == 0 && spec->root.path && !spec->linux_.namespaces[NS_MOUNT].present)
		return err_say(e, ENOTSUP,
			"/linux/namespaces: a container without a mount namespace is not "
			"supported: its mounts would be the host's, and outlive it");
	return r;
}

static int check_mounts(const struct spec *spec, struct err *e)
{
	for (size_t i = 0; i < spec->n_mounts; i++) {
		const struct spec_mount *m = &spec->mounts[i];

		for (size_t j = 0; j < m->options.n; j++) {
			const struct mount_opt *o = names_mount_option(m->options.v[j]);

			if (o && !o->supported)
				return err_say(e, ENOTSUP,
					"/mounts/%zu/options/%zu: '%s' is not supported by this "
					"version of hasu",
					i, j, o->name);
		}
	}
	return 0;
}
