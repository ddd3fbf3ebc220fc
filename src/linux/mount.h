/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mount.h - one mount of the spec: its options read into what the kernel takes, made, and put in
 * place by descriptor.
 */
#pragma once

#include "base/err.h"
#include "linux/rootfs.h"
#include "spec/spec.h"

#include <stdbool.h>
#include <stdint.h>

struct mount_plan {
	bool bind, recursive;
	uint64_t attr_set, attr_clear;		 /* of the mount itself */
	uint64_t rec_attr_set, rec_attr_clear;	 /* of it and all below it */
	uint64_t propagation[8];		 /* MS_SHARED ... each with MS_REC or not, in order */
	size_t n_propagation;
	struct str_list super;			 /* "key" or "key=value" for fsconfig(2), in order */
};

/* Read a mount's options. An unknown word is data for the file system, as with mount(8). */
int mount_options(const struct spec_mount *m, struct arena *arena, struct mount_plan *ret, struct err *e);

/* Make mount number i of the spec and move it into the tree. */
int mount_one(struct rootfs *r, size_t i, struct err *e);

/* A detached file system: fsopen, fsconfig for each option, fsmount. The kernel's own words
 * (read from the fs context) go into the error. attrs: MOUNT_ATTR_*. Returns a descriptor. */
int mount_new_fs(const char *type, const char *source, const struct str_list *options,
	uint64_t attrs, struct err *e);
