/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netdev.h - network devices of the container's network namespace.
 */
#pragma once

#include "base/err.h"

/* Bring the loopback device of the caller's network namespace up. */
int netdev_loopback_up(struct err *e);
