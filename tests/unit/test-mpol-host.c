/* SPDX-License-Identifier: Apache-2.0 */
/* Hosts, captured and broken: tests/hosts, and copies of it with one file changed. */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>

#include "hosts.h"

#define NODE "sys/devices/system/node/"
#define WEIGHT "sys/kernel/mm/mempolicy/weighted_interleave/"
#define TIER "sys/devices/virtual/memory_tiering/"

/* A host in one line: its sets, release, and "id total/free cpus distances weight tier" each. */
static void describe(const struct mpol_host *host, char *buf, size_t size)
{
	char set[MPOL_NODESET_TEXT];
	size_t at = 0;

#define SAY(...) (at += (size_t)snprintf(buf + at, size - at, __VA_ARGS__))
	SAY("possible %s", mpol_nodeset_format(&host->possible, set));
	SAY(" online %s", mpol_nodeset_format(&host->online, set));
	SAY(" memory %s", mpol_nodeset_format(&host->memory, set));
	SAY(" cpu %s", mpol_nodeset_format(&host->cpu, set));
	SAY(" linux %s%s", host->release, host->auto_weights ? " auto" : "");
	for (size_t i = 0; i < host->n_nodes; i++) {
		const struct mpol_node *n = &host->nodes[i];

		SAY("\n%u: %" PRIu64 "/%" PRIu64 " MiB cpus '%s' distances", n->id,
			n->memory_total >> 20, n->memory_free >> 20, n->cpus);
		for (size_t j = 0; n->distances && j < host->n_nodes; j++)
			SAY(" %u", n->distances[j]);
		SAY(" weight %u tier %d", n->weight, n->tier);
	}
#undef SAY
}

struct row {
	const char *says; /* the host's name */
	const char *description;
};

/* clang-format off */
static const struct row rows[] = {
	{ "one-node",
		"possible 0 online 0 memory 0 cpu 0 linux 6.18.44 auto\n"
		"0: 5081/3178 MiB cpus '0-1' distances 10 weight 1 tier 4" },
	{ "no-numa", "possible 0 online 0 memory 0 cpu 0 linux 6.6.30-riscv\n"
		"0: 3840/3000 MiB cpus '0-3' distances weight 0 tier -1" },
	{ "two-sockets",
		"possible 0-1 online 0-1 memory 0-1 cpu 0-1 linux 6.1.0-18-amd64\n"
		"0: 128519/95928 MiB cpus '0-27,56-83' distances 10 21 weight 0 tier 4\n"
		"1: 129012/117627 MiB cpus '28-55,84-111' distances 21 10 weight 0 tier 4" },
	{ "four-nodes",
		"possible 0-3 online 0-3 memory 0-3 cpu 0-3 linux 5.14.0-503.11.1.el9_5.x86_64\n"
		"0: 64259/58593 MiB cpus '0-15' distances 10 12 32 32 weight 0 tier -1\n"
		"1: 64259/58593 MiB cpus '16-31' distances 12 10 32 32 weight 0 tier -1\n"
		"2: 64259/58593 MiB cpus '32-47' distances 32 32 10 12 weight 0 tier -1\n"
		"3: 64259/58593 MiB cpus '48-63' distances 32 32 12 10 weight 0 tier -1" },
	{ "eight-nodes",
		"possible 0-7 online 0-7 memory 0-7 cpu 0-7 linux 6.12.9-amd64\n"
		"0: 94726/87890 MiB cpus '0-7,64-71' distances 10 11 12 12 32 32 32 32 weight 1 tier 4\n"
		"1: 94726/87890 MiB cpus '8-15,72-79' distances 11 10 12 12 32 32 32 32 weight 1 tier 4\n"
		"2: 94726/87890 MiB cpus '16-23,80-87' distances 12 12 10 11 32 32 32 32 weight 1 tier 4\n"
		"3: 94726/87890 MiB cpus '24-31,88-95' distances 12 12 11 10 32 32 32 32 weight 1 tier 4\n"
		"4: 94726/87890 MiB cpus '32-39,96-103' distances 32 32 32 32 10 11 12 12 weight 1 tier 4\n"
		"5: 94726/87890 MiB cpus '40-47,104-111' distances 32 32 32 32 11 10 12 12 weight 1 tier 4\n"
		"6: 94726/87890 MiB cpus '48-55,112-119' distances 32 32 32 32 12 12 10 11 weight 1 tier 4\n"
		"7: 94726/87890 MiB cpus '56-63,120-127' distances 32 32 32 32 12 12 11 10 weight 1 tier 4" },
	{ "memory-only",
		"possible 0-2 online 0-2 memory 0-2 cpu 0-1 linux 6.17.4-arch1-1 auto\n"
		"0: 257714/195312 MiB cpus '0-47,96-143' distances 10 21 14 weight 5 tier 4\n"
		"1: 258007/205078 MiB cpus '48-95,144-191' distances 21 10 24 weight 5 tier 4\n"
		"2: 524288/524287 MiB cpus '' distances 14 24 10 weight 2 tier 22" },
	{ "cpu-only",
		"possible 0-3 online 0-3 memory 0,2-3 cpu 0-3 linux 6.9.3-amd64\n"
		"0: 32128/29296 MiB cpus '0-3' distances 10 16 16 32 weight 1 tier 4\n"
		"1: 0/0 MiB cpus '4-7' distances 16 10 32 32 weight 0 tier -1\n"
		"2: 32177/29394 MiB cpus '8-11' distances 16 32 10 16 weight 3 tier 4\n"
		"3: 32187/29492 MiB cpus '12-15' distances 32 32 16 10 weight 1 tier 4" },
	{ "sparse",
		"possible 0-255 online 0,8,252-255 memory 0,8,252-255 cpu 0,8 linux 5.15.0-91-generic\n"
		"0: 260742/195312 MiB cpus '0-79' distances 10 40 80 80 80 80 weight 0 tier -1\n"
		"8: 260742/195312 MiB cpus '80-159' distances 40 10 80 80 80 80 weight 0 tier -1\n"
		"252: 16128/15625 MiB cpus '' distances 80 80 10 80 80 80 weight 0 tier -1\n"
		"253: 16128/15625 MiB cpus '' distances 80 80 80 10 80 80 weight 0 tier -1\n"
		"254: 16128/15625 MiB cpus '' distances 80 80 80 80 10 80 weight 0 tier -1\n"
		"255: 16128/15625 MiB cpus '' distances 80 80 80 80 80 10 weight 0 tier -1" },
	{ "four-sockets",
		"possible 0-3 online 0-3 memory 0-3 cpu 0-3 linux 5.15.0-125-generic\n"
		"0: 385459/361203 MiB cpus '0-27,112-139' distances 10 21 21 21 weight 0 tier -1\n"
		"1: 387047/371840 MiB cpus '28-55,140-167' distances 21 10 21 21 weight 0 tier -1\n"
		"2: 387008/309122 MiB cpus '56-83,168-195' distances 21 21 10 21 weight 0 tier -1\n"
		"3: 386961/377016 MiB cpus '84-111,196-223' distances 21 21 21 10 weight 0 tier -1" },
	{ "epyc-nps4",
		"possible 0-7 online 0-7 memory 0-7 cpu 0-7 linux 6.8.0-48-generic\n"
		"0: 64222/31540 MiB cpus '0-15,128-143' distances 10 12 12 12 32 32 32 32 weight 0 tier 4\n"
		"1: 64507/52011 MiB cpus '16-31,144-159' distances 12 10 12 12 32 32 32 32 weight 0 tier 4\n"
		"2: 64507/58877 MiB cpus '32-47,160-175' distances 12 12 10 12 32 32 32 32 weight 0 tier 4\n"
		"3: 64495/60120 MiB cpus '48-63,176-191' distances 12 12 12 10 32 32 32 32 weight 0 tier 4\n"
		"4: 64507/2304 MiB cpus '64-79,192-207' distances 32 32 32 32 10 12 12 12 weight 0 tier 4\n"
		"5: 64461/49877 MiB cpus '80-95,208-223' distances 32 32 32 32 12 10 12 12 weight 0 tier 4\n"
		"6: 64507/61003 MiB cpus '96-111,224-239' distances 32 32 32 32 12 12 10 12 weight 0 tier 4\n"
		"7: 64483/60984 MiB cpus '112-127,240-255' distances 32 32 32 32 12 12 12 10 weight 0 tier 4" },
	{ "snc4",
		"possible 0-7 online 0-7 memory 0-7 cpu 0-7 linux 5.14.0-503.11.1.el9_5.x86_64\n"
		"0: 31632/14211 MiB cpus '0-13,112-125' distances 10 12 12 12 21 21 21 21 weight 0 tier -1\n"
		"1: 32252/24871 MiB cpus '14-27,126-139' distances 12 10 12 12 21 21 21 21 weight 0 tier -1\n"
		"2: 32252/27014 MiB cpus '28-41,140-153' distances 12 12 10 12 21 21 21 21 weight 0 tier -1\n"
		"3: 32252/29877 MiB cpus '42-55,154-167' distances 12 12 12 10 21 21 21 21 weight 0 tier -1\n"
		"4: 32252/27654 MiB cpus '56-69,168-181' distances 21 21 21 21 10 12 12 12 weight 0 tier -1\n"
		"5: 32212/30111 MiB cpus '70-83,182-195' distances 21 21 21 21 12 10 12 12 weight 0 tier -1\n"
		"6: 32252/29931 MiB cpus '84-97,196-209' distances 21 21 21 21 12 12 10 12 weight 0 tier -1\n"
		"7: 32236/30458 MiB cpus '98-111,210-223' distances 21 21 21 21 12 12 12 10 weight 0 tier -1" },
	{ "hbm",
		"possible 0-3 online 0-3 memory 0-3 cpu 0-1 linux 6.12.41-amd64\n"
		"0: 257626/249082 MiB cpus '0-55,112-167' distances 10 21 13 23 weight 1 tier 4\n"
		"1: 258036/253012 MiB cpus '56-111,168-223' distances 21 10 23 13 weight 1 tier 4\n"
		"2: 65536/65421 MiB cpus '' distances 13 23 10 23 weight 1 tier 2\n"
		"3: 65536/65433 MiB cpus '' distances 23 13 23 10 weight 1 tier 2" },
	{ "cxl",
		"possible 0-3 online 0-3 memory 0-3 cpu 0-1 linux 6.17.4-arch1-1 auto\n"
		"0: 64167/62245 MiB cpus '0-51,104-155' distances 10 21 14 24 weight 13 tier 4\n"
		"1: 64472/61391 MiB cpus '52-103,156-207' distances 21 10 24 14 weight 13 tier 4\n"
		"2: 65536/65535 MiB cpus '' distances 14 24 10 26 weight 1 tier 91\n"
		"3: 131072/131070 MiB cpus '' distances 24 14 26 10 weight 3 tier 46" },
	{ "gb200", NULL }, /* 34 nodes: test-mpol-facts.c looks at some of them */
	{ "offline",
		"possible 0-127 online 0-1 memory 0-1 cpu 0-1 linux 6.8.0-31-generic\n"
		"0: 7812/6835 MiB cpus '0-3' distances 10 20 weight 0 tier -1\n"
		"1: 7812/6835 MiB cpus '4-7' distances 20 10 weight 0 tier -1" },
};
/* clang-format on */

static void test_row(void **state)
{
	const struct row *row = *state;
	int fd = open_host(row->says);
	struct mpol_host host, bare;
	char text[32768];

	assert_int_equal(mpol_host_read(fd, true, &host), 0);
	assert_int_equal(mpol_host_read(fd, false, &bare), 0);
	close(fd);
	describe(&host, text, sizeof(text));
	if (row->description)
		assert_words(text, row->description);
	assert_int_equal(bare.n_nodes, 0);
	assert_null(bare.nodes);
	assert_true(mpol_nodeset_equal(&bare.possible, &host.possible));
	assert_true(mpol_nodeset_equal(&bare.online, &host.online));
	assert_true(mpol_nodeset_equal(&bare.memory, &host.memory));
	assert_true(mpol_nodeset_equal(&bare.cpu, &host.cpu));
	mpol_host_free(&host);
	mpol_host_free(&host);
	mpol_host_free(&bare);
}

/* Every captured directory has a row, so that none is there in vain. */
static void test_every_host_has_a_row(void **state)
{
	int fd = open_hosts();
	DIR *dir = fdopendir(fd);
	struct dirent *entry;
	struct stat st;
	size_t n = 0;

	(void)state;
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		size_t i = 0;

		if (entry->d_name[0] == '.' || fstatat(fd, entry->d_name, &st, 0) < 0 ||
			!S_ISDIR(st.st_mode))
			continue;
		while (i < sizeof(rows) / sizeof(rows[0]) &&
			strcmp(rows[i].says, entry->d_name) != 0)
			i++;
		if (i == sizeof(rows) / sizeof(rows[0]))
			fail_msg("the host '%s' has no row", entry->d_name);
		n++;
	}
	assert_int_equal(n, sizeof(rows) / sizeof(rows[0]));
	closedir(dir);
}

static const struct bad_row bad_rows[] = {
	{ "an unchanged copy can be read", "memory-only", NODE "online", CONTENT, "0-2\n", false,
		0 },
	{ "a node list of rubbish", "two-sockets", NODE "online", CONTENT, "zero\n", true,
		-EBADMSG },
	{ "an empty file", "two-sockets", NODE "online", CONTENT, "", true, -EBADMSG },
	{ "a reversed range", "two-sockets", NODE "possible", CONTENT, "1-0\n", true, -EBADMSG },
	{ "a node that Linux cannot have", "two-sockets", NODE "possible", CONTENT, "0-1024\n",
		true, -EBADMSG },
	{ "a huge number", "two-sockets", NODE "possible", CONTENT, "0-4294967295\n", true,
		-EBADMSG },
	{ "online but not possible", "two-sockets", NODE "possible", CONTENT, "0\n", true,
		-EBADMSG },
	{ "memory but not online", "two-sockets", NODE "has_memory", CONTENT, "0-2\n", true,
		-EBADMSG },
	{ "CPUs but not online", "two-sockets", NODE "has_cpu", CONTENT, "2\n", true, -EBADMSG },
	{ "no memory anywhere", "two-sockets", NODE "has_memory", CONTENT, "\n", true, -EBADMSG },
	{ "no list of possible nodes", "two-sockets", NODE "possible", REMOVED, NULL, true,
		-EBADMSG },
	{ "no list of nodes with memory", "two-sockets", NODE "has_memory", REMOVED, NULL, true,
		-EBADMSG },
	{ "a FIFO does not hold us up", "two-sockets", NODE "online", FIFO, NULL, true, -EBADMSG },
	{ "a directory is no file", "two-sockets", NODE "online", DIRECTORY, NULL, true, -EBADMSG },
	{ "a symlink stays inside", "two-sockets", NODE "online", SYMLINK,
		"/sys/devices/system/node/has_memory", false, 0 },
	{ "a symlink does not lead out", "two-sockets", NODE "online", SYMLINK,
		"../../../../../../../../proc/self/status", true, -EBADMSG },
	{ "a symlink to itself", "two-sockets", NODE "online", SYMLINK, "online", true, -ELOOP },
	{ "a magic link of procfs has no meaning", "two-sockets", NODE "online", SYMLINK,
		"/proc/self/fd/0", true, -EBADMSG },
	{ "a list of 10 MB", "two-sockets", NODE "online", HUGE_FILE, NULL, true, -EBADMSG },
	{ "a NUL byte", "two-sockets", NODE "online", NUL, NULL, true, -EBADMSG },
	{ "a release with an escape", "two-sockets", "proc/sys/kernel/osrelease", CONTENT,
		"6.1\033[2J\n", true, -EBADMSG },
	{ "a release of two words", "two-sockets", "proc/sys/kernel/osrelease", CONTENT, "6.1 x\n",
		true, -EBADMSG },
	{ "a release that is too long", "two-sockets", "proc/sys/kernel/osrelease", HUGE_FILE, NULL,
		true, -EBADMSG },
	{ "no release", "two-sockets", "proc/sys/kernel/osrelease", REMOVED, NULL, false, 0 },
	{ "a node without its meminfo", "two-sockets", NODE "node1/meminfo", REMOVED, NULL, false,
		-EBADMSG },
	{ "a node without its CPUs", "two-sockets", NODE "node1/cpulist", REMOVED, NULL, false,
		-EBADMSG },
	{ "an empty meminfo", "two-sockets", NODE "node1/meminfo", CONTENT, "", false, -EBADMSG },
	{ "another node's meminfo", "two-sockets", NODE "node1/meminfo", CONTENT,
		"Node 0 MemTotal: 1 kB\nNode 0 MemFree: 1 kB\n", false, -EBADMSG },
	{ "a meminfo without free memory", "two-sockets", NODE "node1/meminfo", CONTENT,
		"Node 1 MemTotal: 1 kB\n", false, -EBADMSG },
	{ "a meminfo without a unit", "two-sockets", NODE "node1/meminfo", CONTENT,
		"Node 1 MemTotal: 1\nNode 1 MemFree: 1\n", false, -EBADMSG },
	{ "a meminfo without a number", "two-sockets", NODE "node1/meminfo", CONTENT,
		"Node 1 MemTotal: kB\nNode 1 MemFree: 1 kB\n", false, -EBADMSG },
	{ "negative memory", "two-sockets", NODE "node1/meminfo", CONTENT,
		"Node 1 MemTotal: -1 kB\nNode 1 MemFree: 1 kB\n", false, -EBADMSG },
	{ "memory that overflows in bytes", "two-sockets", NODE "node1/meminfo", CONTENT,
		"Node 1 MemTotal: 18014398509481984 kB\nNode 1 MemFree: 1 kB\n", false, -EBADMSG },
	{ "the most memory that fits", "two-sockets", NODE "node1/meminfo", CONTENT,
		"Node 1 MemTotal: 18014398509481983 kB\nNode 1 MemFree: 1 kB\n", false, 0 },
	{ "a meminfo in another order", "two-sockets", NODE "node1/meminfo", CONTENT,
		"Node 1 New: 7 kB\nNode 1 MemFree: 1 kB\nNode 1 MemTotal: 2 kB\n", false, 0 },
	{ "a hostile CPU list", "two-sockets", NODE "node1/cpulist", CONTENT, "0-3\033[31m\n",
		false, -EBADMSG },
	{ "a range of CPUs that runs backwards", "two-sockets", NODE "node1/cpulist", CONTENT,
		"5-3\n", false, -EBADMSG },
	{ "half a range of CPUs", "two-sockets", NODE "node1/cpulist", CONTENT, "0-\n", false,
		-EBADMSG },
	{ "a CPU that no Linux has", "two-sockets", NODE "node1/cpulist", CONTENT, "0-8192\n",
		false, -EBADMSG },
	{ "the last CPU that a Linux can have", "two-sockets", NODE "node1/cpulist", CONTENT,
		"0-3,8191\n", false, 0 },
	{ "a CPU list of 10 MB", "two-sockets", NODE "node1/cpulist", HUGE_FILE, NULL, false,
		-EBADMSG },
	{ "no NUMA and no meminfo", "no-numa", "proc/meminfo", REMOVED, NULL, false, -EBADMSG },
	{ "no NUMA and no CPUs", "no-numa", "sys/devices/system/cpu/online", REMOVED, NULL, false,
		-EBADMSG },
	{ "no distances", "two-sockets", NODE "node1/distance", REMOVED, NULL, false, 0 },
	{ "too few distances", "two-sockets", NODE "node1/distance", CONTENT, "21\n", false,
		-EBADMSG },
	{ "too many distances", "two-sockets", NODE "node1/distance", CONTENT, "21 10 21\n", false,
		-EBADMSG },
	{ "a distance of words", "two-sockets", NODE "node1/distance", CONTENT, "21 near\n", false,
		-EBADMSG },
	{ "a distance that is too far", "two-sockets", NODE "node1/distance", CONTENT, "21 65536\n",
		false, -EBADMSG },
	{ "a negative distance", "two-sockets", NODE "node1/distance", CONTENT, "21 -10\n", false,
		-EBADMSG },
	{ "a weight of 0", "memory-only", WEIGHT "node1", CONTENT, "0\n", false, -EBADMSG },
	{ "a weight of 256", "memory-only", WEIGHT "node1", CONTENT, "256\n", false, -EBADMSG },
	{ "the largest weight", "memory-only", WEIGHT "node1", CONTENT, "255\n", false, 0 },
	{ "an empty weight", "memory-only", WEIGHT "node1", CONTENT, "\n", false, -EBADMSG },
	{ "a missing weight", "memory-only", WEIGHT "node1", REMOVED, NULL, false, 0 },
	{ "auto that is neither", "memory-only", WEIGHT "auto", CONTENT, "maybe\n", false,
		-EBADMSG },
	{ "auto switched off", "memory-only", WEIGHT "auto", CONTENT, "false\n", false, 0 },
	{ "a tier of rubbish", "memory-only", TIER "memory_tier22/nodelist", CONTENT, "two\n",
		false, -EBADMSG },
	{ "a tier without nodes", "memory-only", TIER "memory_tier22/nodelist", CONTENT, "\n",
		false, 0 },
	{ "a tier without a list", "memory-only", TIER "memory_tier22/nodelist", REMOVED, NULL,
		false, 0 },
	{ "a tier without a number", "memory-only", TIER "memory_tierX/nodelist", CONTENT, "0\n",
		false, -EBADMSG },
	{ "a tier whose number is too large", "memory-only", TIER "memory_tier99999999999/nodelist",
		CONTENT, "0\n", false, -EBADMSG },
	{ "other files beside the tiers", "memory-only", TIER "power/control", CONTENT, "auto\n",
		false, 0 },
};

static void test_bad(void **state)
{
	const struct bad_row *row = *state;
	struct mpol_host host, untouched;
	char dir[SPOILED_DIR];
	int root, bare, r;

	root = spoiled_host(row, dir);
	memset(&host, 0xa5, sizeof(host));
	untouched = host;
	r = mpol_host_read(root, true, &host);
	if (r == 0)
		mpol_host_free(&host);
	else
		assert_memory_equal(&host, &untouched, sizeof(host));
	bare = mpol_host_read(root, false, &host);
	if (bare == 0)
		mpol_host_free(&host);
	close(root);
	shell("rm -rf '%s'", dir);
	assert_int_equal(r, row->error);
	assert_int_equal(bare, row->bare ? row->error : 0);
}

static void test_not_a_host(void **state)
{
	char dir[] = "/tmp/mpol-host-XXXXXX";
	struct mpol_host host;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mpol_host_read(fd, true, &host), -ENOENT);
	close(fd);
	assert_int_equal(rmdir(dir), 0);
	assert_int_equal(mpol_host_read(-1, true, &host), -EBADF);
}

static uint64_t node_total_kib(unsigned id)
{
	unsigned long long kib = 0;
	char path[128];
	FILE *f;

	(void)snprintf(path, sizeof(path), "/sys/devices/system/node/node%u/meminfo", id);
	f = fopen(path, "re");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "Node %*u MemTotal: %llu kB", &kib), 1);
	fclose(f);
	return kib;
}

/* The running system, as read by other means. */
static void test_this_host(void **state)
{
	char online[4096] = "", set[MPOL_NODESET_TEXT];
	struct mpol_host host;
	FILE *f = fopen("/sys/devices/system/node/online", "re");

	(void)state;
	if (!f)
		skip();
	assert_non_null(fgets(online, sizeof(online), f));
	fclose(f);
	online[strcspn(online, "\n")] = '\0';
	assert_int_equal(mpol_host_read(AT_FDCWD, true, &host), 0);
	assert_words(mpol_nodeset_format(&host.online, set), online);
	assert_int_equal(host.n_nodes, mpol_nodeset_count(&host.online));
	for (size_t i = 0; i < host.n_nodes; i++) {
		uint64_t before, after;
		struct mpol_host again;

		/* Memory may be plugged in while we look. */
		before = node_total_kib(host.nodes[i].id);
		assert_int_equal(mpol_host_read(AT_FDCWD, true, &again), 0);
		after = node_total_kib(host.nodes[i].id);
		if (before == after)
			assert_int_equal(again.nodes[i].memory_total / 1024, after);
		mpol_host_free(&again);
	}
	mpol_host_free(&host);
}

int main(void)
{
	const struct CMUnitTest others[] = {
		cmocka_unit_test(test_every_host_has_a_row),
		cmocka_unit_test(test_not_a_host),
		cmocka_unit_test(test_this_host),
	};
	int failed = ROWS_RUN("captured hosts", rows, test_row);

	failed += ROWS_RUN("broken hosts", bad_rows, test_bad);
	failed += cmocka_run_group_tests_name("hosts", others, NULL, NULL);
	return failed != 0;
}
