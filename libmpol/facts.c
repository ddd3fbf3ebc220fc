/* SPDX-License-Identifier: Apache-2.0 */
/*
 * facts.c - what else a host tells: huge pages, how fast memory is, the cpuset, settings.
 *
 * For advice and pictures; nothing that sets a policy depends on it. Read through the same door as
 * the rest (host.c): bounded, never followed out of the tree.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

#define NODE_DIR "sys/devices/system/node"
#define HUGE_DIR "sys/kernel/mm/hugepages"

#define SIZES_MAX 16      /* sizes of huge pages; 64-bit ARM has the most, with 4 */
#define ENTRIES_MAX 4096  /* directory entries looked at */
#define STATUS_FILE 65536 /* /proc/self/status: the longest lines are those of the cpuset */
#define NUMBER_FILE 32
#define PATH_TEXT 320

static int read_hugepages(int root, const char *dir, struct mpol_node *node);
static int read_access(int root, unsigned id, int class, struct mpol_access *ret);
static int read_cpuset(int root, struct mpol_host *host);
static int read_swap(int root, struct mpol_host *host);
static int read_setting(int root, const char *path, int *ret);

static int read_node(int root, struct mpol_node *node)
{
	char dir[PATH_TEXT];
	int r;

	(void)snprintf(dir, sizeof(dir), NODE_DIR "/node%u/hugepages", node->id);
	r = read_hugepages(root, dir, node);
	/* Without NUMA there is no directory for the node: its pools are those of the host. */
	if (r == -ENOENT && node->id == 0)
		r = read_hugepages(root, HUGE_DIR, node);
	if (r == -ENOENT)
		r = 0;
	if (r == 0)
		r = read_access(root, node->id, 0, &node->access);
	if (r == 0)
		r = read_access(root, node->id, 1, &node->cpu_access);
	return r;
}

static int read_all(int root, struct mpol_host *host)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < host->n_nodes; i++)
		r = read_node(root, &host->nodes[i]);
	if (r == 0)
		r = read_cpuset(root, host);
	if (r == 0)
		r = read_swap(root, host);
	if (r == 0)
		r = read_setting(root, "proc/sys/kernel/numa_balancing", &host->balancing);
	if (r == 0)
		r = read_setting(root, "sys/kernel/mm/numa/demotion_enabled", &host->demotion);
	if (r == 0)
		r = read_setting(root, "proc/sys/vm/zone_reclaim_mode", &host->zone_reclaim);
	return r;
}

static void forget(struct mpol_host *host)
{
	for (size_t i = 0; i < host->n_nodes; i++) {
		struct mpol_node *node = &host->nodes[i];

		free(node->hugepages);
		node->hugepages = NULL;
		node->n_hugepages = 0;
		node->access = node->cpu_access = (struct mpol_access){ 0 };
	}
	free(host->allowed_cpus);
	host->allowed_cpus = NULL;
	host->cpuset_known = false;
	host->swap_total = 0;
	host->balancing = host->demotion = host->zone_reclaim = -1;
}

int mpol_host_facts(int root_fd, struct mpol_host *host)
{
	int root = root_fd, r;

	if (root_fd == AT_FDCWD) {
		root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (root < 0)
			return -errno;
	}
	forget(host);
	r = read_all(root, host);
	if (r < 0)
		forget(host);
	if (root != root_fd)
		(void)close(root);
	return r;
}

/* A file that holds one decimal number. */
static int read_number(int root, const char *dir, const char *name, uint64_t max, uint64_t *ret)
{
	char path[PATH_TEXT], buf[NUMBER_FILE];
	const char *p = buf;
	uint64_t n;
	int r;

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
		return -EBADMSG;
	r = host_file(root, path, buf, sizeof(buf));
	if (r < 0)
		return r;
	if (host_number(&p, max, &n) < 0 || *p != '\0')
		return -EBADMSG;
	*ret = n;
	return 0;
}

static int by_size(const void *a, const void *b)
{
	const struct mpol_hugepages *x = a, *y = b;

	return (x->page_size > y->page_size) - (x->page_size < y->page_size);
}

/* One pool: "hugepages-2048kB". */
static int read_pool(int root, const char *dir, const char *name, struct mpol_hugepages *ret)
{
	const char *p = name + strlen("hugepages-");
	struct mpol_hugepages pool;
	char path[PATH_TEXT];
	int r;

	if (host_number(&p, UINT64_MAX / 1024, &pool.page_size) < 0 || strcmp(p, "kB") != 0 ||
		pool.page_size == 0)
		return -EBADMSG;
	pool.page_size *= 1024;
	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
		return -EBADMSG;
	r = read_number(root, path, "nr_hugepages", UINT64_MAX, &pool.total);
	if (r == 0)
		r = read_number(root, path, "free_hugepages", UINT64_MAX, &pool.free);
	if (r < 0)
		return r == -ENOENT ? -EBADMSG : r;
	*ret = pool;
	return 0;
}

static int read_hugepages(int root, const char *dir, struct mpol_node *node)
{
	struct mpol_hugepages pools[SIZES_MAX];
	int fd = host_open(root, dir, O_DIRECTORY), r = 0;
	struct dirent *entry;
	size_t n = 0;
	DIR *d;

	if (fd < 0)
		return fd;
	d = fdopendir(fd);
	if (!d) {
		r = -errno;
		(void)close(fd);
		return r;
	}
	for (int i = 0; r == 0 && i < ENTRIES_MAX && (entry = readdir(d)); i++) {
		if (strncmp(entry->d_name, "hugepages-", strlen("hugepages-")) != 0)
			continue;
		r = n < SIZES_MAX ? read_pool(root, dir, entry->d_name, &pools[n]) : -EBADMSG;
		n += r == 0;
	}
	(void)closedir(d);
	if (r < 0 || n == 0)
		return r;
	qsort(pools, n, sizeof(*pools), by_size);
	node->hugepages = malloc(n * sizeof(*pools));
	if (!node->hugepages)
		return -ENOMEM;
	memcpy(node->hugepages, pools, n * sizeof(*pools));
	node->n_hugepages = n;
	return 0;
}

/* The initiators are symbolic links "nodeN" beside the numbers; a captured tree may have files. */
static int read_initiators(int root, const char *dir, struct mpol_nodeset *ret)
{
	struct mpol_nodeset nodes = { { 0 } };
	int fd = host_open(root, dir, O_DIRECTORY), r = 0;
	struct dirent *entry;
	uint64_t id;
	DIR *d;

	if (fd < 0)
		return fd;
	d = fdopendir(fd);
	if (!d) {
		r = -errno;
		(void)close(fd);
		return r;
	}
	for (int i = 0; r == 0 && i < ENTRIES_MAX && (entry = readdir(d)); i++) {
		const char *p = entry->d_name + strlen("node");

		if (strncmp(entry->d_name, "node", strlen("node")) != 0)
			continue;
		if (host_number(&p, MPOL_NODES_MAX - 1, &id) < 0 || *p != '\0')
			r = -EBADMSG;
		else
			mpol_nodeset_add(&nodes, (unsigned)id);
	}
	(void)closedir(d);
	if (r == 0)
		*ret = nodes;
	return r;
}

/* Documentation/admin-guide/mm/numaperf.rst; MiB/s and ns. The numbers are 32 bits wide. */
static int read_access(int root, unsigned id, int class, struct mpol_access *ret)
{
	struct mpol_access access = { 0 };
	const struct {
		const char *name;
		uint64_t *value;
	} numbers[] = {
		{ "read_bandwidth", &access.read_bandwidth },
		{ "write_bandwidth", &access.write_bandwidth },
		{ "read_latency", &access.read_latency },
		{ "write_latency", &access.write_latency },
	};
	char dir[PATH_TEXT];
	int r;

	(void)snprintf(dir, sizeof(dir), NODE_DIR "/node%u/access%d/initiators", id, class);
	r = read_initiators(root, dir, &access.initiators);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++) {
		r = read_number(root, dir, numbers[i].name, UINT32_MAX, numbers[i].value);
		if (r < 0 && r != -ENOENT)
			return r;
	}
	*ret = access;
	return 0;
}

/* The value of "key:\tvalue" in a text of lines; NULL: not there. Ends it in the text. */
static char *line_value(char *text, const char *key)
{
	size_t len = strlen(key);

	for (char *line = text, *end; line && *line; line = end) {
		end = strchr(line, '\n');
		if (end)
			*end++ = '\0';
		if (strncmp(line, key, len) == 0 && line[len] == ':')
			return line + len + 1 + strspn(line + len + 1, " \t");
	}
	return NULL;
}

/* A kernel without cpusets does not have these lines, and a capture may lack them. */
static int read_cpuset(int root, struct mpol_host *host)
{
	char *text = malloc(STATUS_FILE), *copy = NULL, *cpus, *mems;
	struct mpol_nodeset allowed;
	int r;

	if (!text)
		return -ENOMEM;
	r = host_file(root, "proc/self/status", text, STATUS_FILE);
	if (r == 0)
		copy = strdup(text);
	if (r == 0 && !copy)
		r = -ENOMEM;
	if (r == 0) {
		cpus = line_value(text, "Cpus_allowed_list");
		mems = line_value(copy, "Mems_allowed_list");
		if (cpus && mems) {
			if (mpol_nodeset_parse(mems, strlen(mems), NULL, &allowed, NULL) < 0 ||
				!cpus_is_list(cpus))
				r = -EBADMSG;
			else if (!(host->allowed_cpus = strdup(cpus)))
				r = -ENOMEM;
		}
	}
	if (r == 0 && host->allowed_cpus) {
		host->allowed = allowed;
		host->cpuset_known = true;
	}
	free(copy);
	free(text);
	return r == -ENOENT ? 0 : r;
}

static int read_swap(int root, struct mpol_host *host)
{
	char buf[8192];
	int r;

	r = host_file(root, "proc/meminfo", buf, sizeof(buf));
	if (r == 0 && host_meminfo(buf, "", "SwapTotal", &host->swap_total) < 0)
		host->swap_total = 0; /* a kernel without swap, or a capture that left it out */
	return r == -ENOENT ? 0 : r;
}

/* "1", or as sysfs writes a boolean: "true". */
static int read_setting(int root, const char *path, int *ret)
{
	char buf[NUMBER_FILE];
	const char *p = buf;
	uint64_t n;
	int r;

	r = host_file(root, path, buf, sizeof(buf));
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (!strcmp(buf, "true") || !strcmp(buf, "false"))
		*ret = buf[0] == 't';
	else if (host_number(&p, INT_MAX, &n) == 0 && *p == '\0')
		*ret = (int)n;
	else
		return -EBADMSG;
	return 0;
}
