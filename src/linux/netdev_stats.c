/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netdev_stats.c - what the container's network devices have counted. See netdev.h.
 */
#include "linux/netdev.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <json-c/json.h>
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

static json_object *device(const char *name, const uint64_t n[8])
{
	/* runc's struct has no other names for JSON. */
	static const char *const keys[] = { "RxBytes", "RxPackets", "RxErrors", "RxDropped",
		"TxBytes", "TxPackets", "TxErrors", "TxDropped" };
	json_object *o = json_object_new_object();

	(void)json_object_object_add(o, "Name", json_object_new_string(name));
	for (size_t i = 0; o && i < ELEMENTS(keys); i++)
		(void)json_object_object_add(o, keys[i], json_object_new_uint64(n[i]));
	return o;
}

static bool is_ours(int pid_proc_fd)
{
	struct stat ours, theirs;

	return fstatat(pid_proc_fd, "ns/net", &theirs, 0) < 0 ||
	       stat("/proc/self/ns/net", &ours) < 0 ||
	       (ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino);
}

int netdev_stats(int pid_proc_fd, json_object **ret, struct err *e)
{
	_cleanup_free_ char *text = NULL;
	char name[IFNAMSIZ], *save = NULL;
	json_object *list = NULL;
	uint64_t n[8];

	if (!is_ours(pid_proc_fd))
		(void)fd_read_file(pid_proc_fd, "net/dev", DEV_MAX, &text, NULL);
	for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line;
		line = strtok_r(NULL, "\n", &save)) {
		if (!parse(line, name, n) || str_eq(name, "lo"))
			continue;
		if (!list)
			list = json_object_new_array();
		json_object *o = list ? device(name, n) : NULL;
		if (!o || json_object_array_add(list, o) < 0) {
			json_object_put(o);
			json_object_put(list);
			return err_nomem(e);
		}
	}
	*ret = list;
	return 0;
}
