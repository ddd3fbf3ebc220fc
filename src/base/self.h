/* SPDX-License-Identifier: Apache-2.0 */
/*
 * self.h - keep the runtime's own binary out of a container's reach; and whose runtime it is.
 */
#pragma once

#include "base/err.h"

#include <stdbool.h>

/*
 * A process inside a container can open /proc/PID/exe of the runtime that is entering it and, when
 * nobody runs the file any more, write to it: the next start of the runtime is then the attacker's
 * (CVE-2019-5736). So before it goes near a container the runtime executes itself again from a
 * read-only clone of its file's mount, through which nobody can ever write; where mounts may not be
 * cloned, from a sealed copy in memory.
 *
 * Returns 0 when this process already runs from such a file; otherwise it does not return, unless
 * with an error.
 */
int self_protect(char *const argv[], struct err *e);

/*
 * Do we act for an ordinary user, whose state and systemd are their own, not the system's? Root of a
 * user namespace is an ordinary user outside, unless it calls itself root: then the namespace is a
 * whole system with a /run of its own. runc decides alike.
 */
bool self_is_ordinary(void);

/* Are we in a user namespace other than the host's? Root's rights are then those over it alone. */
bool self_in_user_namespace(void);
