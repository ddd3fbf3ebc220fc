/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stats.h - what the kernel has counted for a container, and when it ran out of memory.
 */
#pragma once

#include "base/err.h"
#include "cgroup/cgroup.h"

#include <stdbool.h>
#include <stdint.h>

struct json_writer;

/*
 * Write what the cgroup's files say, in the members that `runc events` has in its object: cpu,
 * cpuset, memory, pids, blkio, hugetlb. What is zero is left out where runc leaves it out. A
 * controller that the container has not counts as zeros. An error: the cgroup cannot be read.
 */
int cgroup_stats(const struct cgroup *cg, struct json_writer *w, struct err *e);

/*
 * A watch for processes that the kernel kills for want of memory. Poll fd for `events`. A container
 * without the controller has none: fd is -1.
 */
struct oom_watch {
	int fd, control_fd;
	short events;
	bool v2;
	uint64_t seen; /* v2: kills so far */
};
#define OOM_WATCH_NONE                                                                             \
	{                                                                                          \
		.fd = -1, .control_fd = -1                                                         \
	}

int oom_watch_open(const struct cgroup *cg, struct oom_watch *ret, struct err *e);
/* Were there any since the last call? Never waits. Also when the cgroup is gone, where it is
 * false. */
bool oom_watch_read(struct oom_watch *w);
void oom_watch_close(struct oom_watch *w);
