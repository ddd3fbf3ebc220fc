/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devices.h - device nodes and links of the container's /dev.
 */
#pragma once

#include "base/err.h"
#include "linux/rootfs.h"
#include "spec/spec.h"

#include <stdbool.h>
#include <stddef.h>

/* The devices that runtime-spec demands in every container (config-linux.md, Default Devices). */
extern const struct spec_device devices_default[];
extern const size_t n_devices_default;

/*
 * Parent: in a user namespace mknod(2) is refused, so the host's nodes are bound instead. Fills
 * r->device_fds, which the caller allocated: the default devices first, then the spec's. A node of
 * the host that is not the device which the spec names is refused.
 */
int devices_open(struct rootfs *r, struct err *e);

/* Init: default devices, the spec's, and the links fd, stdin, stdout, stderr, ptmx, core. The
 * caller has set the umask to 0. */
int devices_make(struct rootfs *r, struct err *e);

/* Is fd the null device (character device 1:3)? A lookalike is a defence breached. */
bool devices_is_null(int fd);

/* Put the container's /dev/null in place of the host's where 0, 1 or 2 is that. */
int devices_exchange_null(const struct rootfs *r, struct err *e);
