/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rdt_stats.h - what resctrl shows and counts, in the members of `runc events`.
 */
#pragma once

#include "base/json.h"
#include "linux/rdt.h"

/*
 * Write what this host's CPUs have, as members of an object that is open: l3_cache_info,
 * mem_bw_info, the schemata of the root and of the container's class, mbm_stats and cmt_stats of
 * its monitoring group, or of its class where it has none. What cannot be read is left out.
 */
void rdt_stats(const struct rdt *r, int root_fd, struct json_writer *w);
