/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devices.h - device nodes and links of the container's /dev.
 */
#pragma once

#include "base/err.h"
#include "linux/rootfs.h"
#include "spec/spec.h"

#include <stddef.h>

/* The devices that runtime-spec demands in every container (config-linux.md, Default Devices). */
extern const struct spec_device devices_default[];
extern const size_t n_devices_default;

/* Parent: in a user namespace mknod(2) is refused, so the host's nodes are bound instead. */
int devices_open(struct rootfs *r, struct arena *arena, struct err *e);

/* Init: default devices, the spec's, and the links fd, stdin, stdout, stderr, ptmx, core. */
int devices_make(struct rootfs *r, struct err *e);
