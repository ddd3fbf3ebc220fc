/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host.c - the nodes of a host, read from its /sys and /proc, or from a captured copy of them.
 *
 * A captured tree may come from anyone. It is opened so that no symlink leads out of it and no
 * FIFO or device in it can hold us up; every file has a size limit, every number a range, and text
 * that no kernel writes is -EBADMSG. Nothing is ever written.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "internal.h"

#define NODE_DIR "sys/devices/system/node"
#define CPU_DIR "sys/devices/system/cpu"
#define WEIGHT_DIR "sys/kernel/mm/mempolicy/weighted_interleave"
#define TIER_DIR "sys/devices/virtual/memory_tiering"

#define SMALL_FILE 4096         /* a value, a node list or a meminfo: sysfs shows one page */
#define CPULIST_FILE 65536      /* cpulist is a binary attribute, and may be longer */
#define OPEN_TRIES 128          /* as often as a race may be lost */
#define NODE_STATES_TRIES 3     /* nodes may come and go between two files */
#define DISTANCE_MAX UINT16_MAX /* the kernel's are u8 */
#define WEIGHT_MAX 255          /* u8 in mm/mempolicy.c */
#define TIERS_MAX 4096          /* directory entries looked at */

static int read_states(int root, bool *ret_numa, struct mpol_host *host);
static int read_release(int root, bool live, struct mpol_host *host);
static int read_node(int root, struct mpol_host *host, struct mpol_node *node);
static int read_only_node(int root, struct mpol_node *node);
static int read_auto_weights(int root, bool *ret);
static int read_tiers(int root, struct mpol_host *host);

static int read_details(int root, bool numa, struct mpol_host *host)
{
	unsigned id = mpol_nodeset_next(&host->online, 0);
	int r;

	host->n_nodes = mpol_nodeset_count(&host->online);
	host->nodes = calloc(host->n_nodes, sizeof(*host->nodes));
	if (!host->nodes) {
		host->n_nodes = 0;
		return -ENOMEM;
	}
	for (size_t i = 0; i < host->n_nodes; i++) {
		host->nodes[i].id = id;
		host->nodes[i].tier = -1;
		host->nodes[i].package = -1;
		id = mpol_nodeset_next(&host->online, id + 1);
	}
	if (!numa)
		return read_only_node(root, &host->nodes[0]);
	for (size_t i = 0; i < host->n_nodes; i++) {
		r = read_node(root, host, &host->nodes[i]);
		if (r < 0)
			return r;
	}
	r = read_auto_weights(root, &host->auto_weights);
	return r < 0 ? r : read_tiers(root, host);
}

int mpol_host_read(int root_fd, bool details, struct mpol_host *ret)
{
	struct mpol_host host = { .balancing = -1, .demotion = -1, .zone_reclaim = -1 };
	bool live = root_fd == AT_FDCWD, numa;
	int root = root_fd, r;

	if (live) {
		root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (root < 0)
			return -errno;
	}
	r = read_states(root, &numa, &host);
	if (r == 0)
		r = read_release(root, live, &host);
	if (r == 0 && details)
		r = read_details(root, numa, &host);
	if (live)
		(void)close(root);
	if (r < 0) {
		mpol_host_free(&host);
		return r;
	}
	*ret = host;
	return 0;
}

void mpol_host_free(struct mpol_host *host)
{
	for (size_t i = 0; i < host->n_nodes; i++) {
		free(host->nodes[i].cpus);
		free(host->nodes[i].distances);
		free(host->nodes[i].hugepages);
	}
	free(host->nodes);
	free(host->allowed_cpus);
	host->allowed_cpus = NULL;
	host->nodes = NULL;
	host->n_nodes = 0;
}

int host_open(int root, const char *path, int flags)
{
	struct open_how how = {
		/* A FIFO would wait for a writer without O_NONBLOCK. */
		.flags = (uint64_t)(flags | O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC),
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	long fd = -1;

	/* EAGAIN: a mount or rename anywhere raced with a ".." of a link (openat2(2)). */
	for (int i = 0; i < OPEN_TRIES; i++) {
		fd = syscall(SYS_openat2, root, path, &how, sizeof(how));
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			break;
	}
	return fd < 0 ? -errno : (int)fd;
}

/* A whole file as a string without its last newline; longer than size-1 or with a NUL: -EBADMSG. */
static int read_file(int root, const char *path, char *buf, size_t size)
{
	int fd = host_open(root, path, 0), r = 0;
	size_t at = 0;
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		r = -errno;
	else if (!S_ISREG(st.st_mode))
		r = -EBADMSG;
	while (r == 0 && at < size) {
		n = read(fd, buf + at, size - at);
		if (n == 0)
			break;
		if (n > 0)
			at += (size_t)n;
		else if (errno != EINTR)
			r = -errno;
	}
	(void)close(fd);
	if (r < 0)
		return r;
	if (at == size || memchr(buf, '\0', at))
		return -EBADMSG;
	if (at > 0 && buf[at - 1] == '\n')
		at--;
	buf[at] = '\0';
	return 0;
}

int host_file(int root_fd, const char *path, char *buf, size_t size)
{
	int root = root_fd == AT_FDCWD ? open("/", O_PATH | O_DIRECTORY | O_CLOEXEC) : root_fd, r;

	if (root < 0)
		return -errno;
	r = read_file(root, path, buf, size);
	if (root != root_fd)
		(void)close(root);
	return r;
}

int host_number(const char **text, uint64_t max, uint64_t *ret)
{
	const char *p = *text;
	uint64_t n = 0;

	if (*p < '0' || *p > '9')
		return -EBADMSG;
	for (; *p >= '0' && *p <= '9'; p++) {
		uint64_t digit = (uint64_t)(*p - '0');

		if (n > (max - digit) / 10)
			return -EBADMSG;
		n = n * 10 + digit;
	}
	*text = p;
	*ret = n;
	return 0;
}

static int read_set(int root, const char *path, struct mpol_nodeset *ret)
{
	char buf[SMALL_FILE + 1];
	int r;

	r = read_file(root, path, buf, sizeof(buf));
	if (r < 0)
		return r;
	return mpol_nodeset_parse(buf, strlen(buf), NULL, ret, NULL) < 0 ? -EBADMSG : 0;
}

static bool within(const struct mpol_nodeset *inner, const struct mpol_nodeset *outer)
{
	struct mpol_nodeset rest = mpol_nodeset_minus(inner, outer);

	return mpol_nodeset_empty(&rest);
}

static int read_states_once(int root, struct mpol_host *host)
{
	const struct {
		const char *path;
		struct mpol_nodeset *set;
	} files[] = {
		/* The larger sets last: a node that appears meanwhile makes no contradiction. */
		{ NODE_DIR "/has_memory", &host->memory },
		{ NODE_DIR "/has_cpu", &host->cpu },
		{ NODE_DIR "/online", &host->online },
		{ NODE_DIR "/possible", &host->possible },
	};
	int r;

	for (size_t i = 0; i < ARRAY_LENGTH(files); i++) {
		r = read_set(root, files[i].path, files[i].set);
		if (r < 0)
			return r == -ENOENT ? -EBADMSG : r;
	}
	if (mpol_nodeset_empty(&host->memory) || !within(&host->memory, &host->online) ||
		!within(&host->cpu, &host->online) || !within(&host->online, &host->possible))
		return -EBADMSG;
	return 0;
}

static int read_states(int root, bool *ret_numa, struct mpol_host *host)
{
	int fd, r;

	fd = host_open(root, NODE_DIR, O_DIRECTORY);
	if (fd == -ENOENT) {
		/* sys/devices/system is there on every Linux: without it this is no /sys at all. */
		fd = host_open(root, "sys/devices/system", O_DIRECTORY);
		if (fd < 0)
			return fd;
		(void)close(fd);
		mpol_nodeset_add(&host->memory, 0);
		host->possible = host->online = host->cpu = host->memory;
		*ret_numa = false;
		return 0;
	}
	if (fd < 0)
		return fd;
	(void)close(fd);
	for (int i = 0; i < NODE_STATES_TRIES; i++) {
		r = read_states_once(root, host);
		if (r != -EBADMSG)
			break;
	}
	*ret_numa = true;
	return r;
}

static int read_release(int root, bool live, struct mpol_host *host)
{
	char buf[sizeof(host->release)];
	struct utsname name;
	int r;

	r = read_file(root, "proc/sys/kernel/osrelease", buf, sizeof(buf));
	if (r == -ENOENT) {
		if (live && uname(&name) == 0)
			(void)snprintf(host->release, sizeof(host->release), "%.64s", name.release);
		return 0; /* not captured: the release stays empty */
	}
	if (r < 0)
		return r;
	for (const char *p = buf; *p; p++)
		if (*p <= ' ' || *p >= 0x7f)
			return -EBADMSG;
	memcpy(host->release, buf, strlen(buf) + 1);
	return 0;
}

int host_meminfo(const char *text, const char *prefix, const char *key, uint64_t *ret)
{
	char start[64];
	const char *p;

	(void)snprintf(start, sizeof(start), "%s%s:", prefix, key);
	for (p = text; strncmp(p, start, strlen(start));) {
		p = strchr(p, '\n');
		if (!p++)
			return -EBADMSG;
	}
	p += strlen(start);
	p += strspn(p, " ");
	if (host_number(&p, UINT64_MAX / 1024, ret) < 0 || strncmp(p, " kB", 3))
		return -EBADMSG;
	*ret *= 1024;
	return 0;
}

static int read_memory(int root, const char *path, const char *prefix, struct mpol_node *node)
{
	uint64_t active, inactive;
	char buf[SMALL_FILE + 1];
	int r;

	r = read_file(root, path, buf, sizeof(buf));
	if (r == 0)
		r = host_meminfo(buf, prefix, "MemTotal", &node->memory_total);
	if (r == 0)
		r = host_meminfo(buf, prefix, "MemFree", &node->memory_free);
	if (r == 0 && host_meminfo(buf, prefix, "Active(file)", &active) == 0 &&
		host_meminfo(buf, prefix, "Inactive(file)", &inactive) == 0)
		node->memory_file = active + inactive;
	return r == -ENOENT ? -EBADMSG : r;
}

static int read_cpus(int root, const char *path, struct mpol_node *node)
{
	char *buf = malloc(CPULIST_FILE);
	int r;

	if (!buf)
		return -ENOMEM;
	r = read_file(root, path, buf, CPULIST_FILE);
	if (r == 0 && !cpus_is_list(buf))
		r = -EBADMSG;
	if (r == 0) {
		node->cpus = strdup(buf);
		r = node->cpus ? 0 : -ENOMEM;
	}
	free(buf);
	return r == -ENOENT ? -EBADMSG : r;
}

/* "10 21 31": one number for each online node, in order. */
static int read_distances(int root, const char *path, size_t n_nodes, struct mpol_node *node)
{
	char buf[8 * MPOL_NODES_MAX];
	const char *p = buf;
	uint16_t *distances;
	uint64_t n;
	int r;

	r = read_file(root, path, buf, sizeof(buf));
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	distances = calloc(n_nodes, sizeof(*distances));
	if (!distances)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < n_nodes; i++) {
		p += strspn(p, " ");
		r = host_number(&p, DISTANCE_MAX, &n);
		if (r == 0)
			distances[i] = (uint16_t)n;
	}
	p += strspn(p, " ");
	if (r == 0 && *p != '\0')
		r = -EBADMSG;
	if (r < 0) {
		free(distances);
		return r;
	}
	node->distances = distances;
	return 0;
}

/* The package of its first CPU: no node has CPUs of two, but a package may have several nodes. */
static int read_package(int root, struct mpol_node *node)
{
	char path[sizeof(CPU_DIR) + 64], buf[32];
	const char *p = buf, *first = node->cpus;
	uint64_t cpu, n;
	int r;

	if (!*first)
		return 0;
	if (host_number(&first, INT32_MAX, &cpu) < 0)
		return -EBADMSG;
	(void)snprintf(
		path, sizeof(path), CPU_DIR "/cpu%u/topology/physical_package_id", (unsigned)cpu);
	r = read_file(root, path, buf, sizeof(buf));
	if (r < 0)
		return r == -ENOENT ? 0 : r; /* not captured, or the CPU went offline */
	if (!strcmp(buf, "-1"))
		return 0; /* the firmware does not tell */
	if (host_number(&p, INT32_MAX, &n) < 0 || *p != '\0')
		return -EBADMSG;
	node->package = (int)n;
	return 0;
}

static int read_weight(int root, struct mpol_node *node)
{
	char path[sizeof(WEIGHT_DIR) + 32], buf[32];
	const char *p = buf;
	uint64_t n;
	int r;

	(void)snprintf(path, sizeof(path), WEIGHT_DIR "/node%u", node->id);
	r = read_file(root, path, buf, sizeof(buf));
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (host_number(&p, WEIGHT_MAX, &n) < 0 || *p != '\0' || n == 0)
		return -EBADMSG;
	node->weight = (unsigned)n;
	return 0;
}

static int read_node(int root, struct mpol_host *host, struct mpol_node *node)
{
	char path[sizeof(NODE_DIR) + 64], prefix[32];
	int r;

	(void)snprintf(path, sizeof(path), NODE_DIR "/node%u/meminfo", node->id);
	(void)snprintf(prefix, sizeof(prefix), "Node %u ", node->id);
	r = read_memory(root, path, prefix, node);
	if (r < 0)
		return r;
	(void)snprintf(path, sizeof(path), NODE_DIR "/node%u/cpulist", node->id);
	r = read_cpus(root, path, node);
	if (r < 0)
		return r;
	(void)snprintf(path, sizeof(path), NODE_DIR "/node%u/distance", node->id);
	r = read_distances(root, path, host->n_nodes, node);
	if (r == 0)
		r = read_package(root, node);
	if (r < 0)
		return r;
	return read_weight(root, node);
}

/* Without NUMA the machine is one node. */
static int read_only_node(int root, struct mpol_node *node)
{
	int r;

	r = read_memory(root, "proc/meminfo", "", node);
	if (r == 0)
		r = read_cpus(root, CPU_DIR "/online", node);
	return r < 0 ? r : read_package(root, node);
}

static int read_auto_weights(int root, bool *ret)
{
	/* In Linux 6.18 a macro called auto spoils the file's name. */
	static const char *const paths[] = { WEIGHT_DIR "/auto", WEIGHT_DIR "/__auto_type" };
	char buf[32];
	int r = -ENOENT;

	for (size_t i = 0; r == -ENOENT && i < ARRAY_LENGTH(paths); i++)
		r = read_file(root, paths[i], buf, sizeof(buf));
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (strcmp(buf, "true") && strcmp(buf, "false"))
		return -EBADMSG;
	*ret = !strcmp(buf, "true");
	return 0;
}

static int read_tier(int root, const char *name, struct mpol_host *host)
{
	char path[sizeof(TIER_DIR) + NAME_MAX + sizeof("/nodelist")];
	const char *number = name + strlen("memory_tier");
	struct mpol_nodeset set;
	uint64_t tier;
	int r;

	if (host_number(&number, INT32_MAX, &tier) < 0 || *number != '\0')
		return -EBADMSG;
	(void)snprintf(path, sizeof(path), TIER_DIR "/%s/nodelist", name);
	r = read_set(root, path, &set);
	if (r < 0)
		return r == -ENOENT ? 0 : r; /* the tier went while we looked */
	for (size_t i = 0; i < host->n_nodes; i++)
		if (mpol_nodeset_has(&set, host->nodes[i].id))
			host->nodes[i].tier = (int)tier;
	return 0;
}

static int read_tiers(int root, struct mpol_host *host)
{
	int fd = host_open(root, TIER_DIR, O_DIRECTORY), r = 0;
	struct dirent *entry;
	DIR *dir;

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd; /* Linux before 6.1 */
	dir = fdopendir(fd);
	if (!dir) {
		r = -errno;
		(void)close(fd);
		return r;
	}
	for (int i = 0; r == 0 && i < TIERS_MAX; i++) {
		errno = 0;
		entry = readdir(dir);
		if (!entry) {
			r = -errno;
			break;
		}
		if (!strncmp(entry->d_name, "memory_tier", strlen("memory_tier")))
			r = read_tier(root, entry->d_name, host);
	}
	(void)closedir(dir);
	return r;
}
