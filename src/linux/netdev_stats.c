/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netdev_stats.c - what the container's network devices have counted. See netdev.h.
 */
#include "linux/netdev.h"

#include "base/fd.h"
#include "base/json.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/if.h>
#include <stdio.h>
#include <sys/stat.h>

#define DEV_MAX (4u << 20) /* bytes of /proc/PID/net/dev */

/* "eth0: bytes packets errs drop fifo frame compressed multicast bytes packets errs drop ..." */
static bool parse(const char *line, char name[IFNAMSIZ], uint64_t n[8])
{
	/* A name may hold anything but blanks, '/' and ':' (dev_valid_name()). */
	return sscanf(line,
		       " %15[^: ]: %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
		       " %*u %*u %*u %*u %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64,
		       name, &n[0], &n[1], &n[2], &n[3], &n[4], &n[5], &n[6], &n[7]) == 9;
}

static void put_device(struct json_writer *w, const char *name, const uint64_t n[8])
{
	/* runc's struct has no other names for JSON. */
	static const char *const keys[] = { "RxBytes", "RxPackets", "RxErrors", "RxDropped",
		"TxBytes", "TxPackets", "TxErrors", "TxDropped" };

	jw_object(w, NULL);
	jw_string(w, "Name", name);
	for (size_t i = 0; i < ELEMENTS(keys); i++)
		jw_u64(w, keys[i], n[i]);
	jw_object_end(w);
}

static bool is_ours(int pid_proc_fd)
{
	struct stat ours, theirs;

	return fstatat(pid_proc_fd, "ns/net", &theirs, 0) < 0 ||
	       stat("/proc/self/ns/net", &ours) < 0 ||
	       (ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino);
}

void netdev_stats(int pid_proc_fd, struct json_writer *w, const char *list)
{
	_cleanup_free_ char *text = NULL;
	char name[IFNAMSIZ], *save = NULL;
	bool any = false;
	uint64_t n[8];

	if (pid_proc_fd >= 0 && !is_ours(pid_proc_fd))
		(void)fd_read_file(pid_proc_fd, "net/dev", DEV_MAX, &text, NULL);
	for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line;
		line = strtok_r(NULL, "\n", &save)) {
		if (!parse(line, name, n) || str_eq(name, "lo"))
			continue;
		if (!any)
			jw_array(w, list);
		any = true;
		put_device(w, name, n);
	}
	if (any)
		jw_array_end(w);
	else
		jw_string(w, list, NULL);
}
