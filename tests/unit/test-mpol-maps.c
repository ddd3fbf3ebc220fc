/* SPDX-License-Identifier: Apache-2.0 */
/* The text of numa_maps and memory.numa_stat, the kernel's and others'. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mpol.h"
#include "rows.h"

struct text_row {
	const char *says;
	const char *text;
	const char *policy; /* as mpol_maps_text() writes it; NULL: refused */
	bool cut;
};

static const struct text_row text_rows[] = {
	{ "the default", "default", "default", false },
	{ "local", "local", "local", false },
	{ "preferred", "prefer:3", "prefer:3", false },
	{ "preferred without nodes, as old kernels wrote it", "prefer", "prefer", false },
	{ "bind", "bind:0-3", "bind:0-3", false },
	{ "interleave", "interleave:0,2,4-6", "interleave:0,2,4-6", false },
	{ "a mode with a space and a bracket", "prefer (many):0-1", "prefer (many):0-1", false },
	{ "a mode with a space", "weighted interleave:0-1", "weighted interleave:0-1", false },
	{ "static", "bind=static:0", "bind=static:0", false },
	{ "relative", "interleave=relative:1", "interleave=relative:1", false },
	{ "balancing", "bind=balancing:0-1", "bind=balancing:0-1", false },
	{ "two flags", "bind=static|balancing:0-1", "bind=static|balancing:0-1", false },
	{ "many with two flags", "prefer (many)=relative|balancing:7",
		"prefer (many)=relative|balancing:7", false },
	{ "weighted with a flag", "weighted interleave=static:0", "weighted interleave=static:0",
		false },
	{ "an older kernel has no word for balancing", "bind=:0-1", "bind=balancing:0-1", false },
	{ "the last node", "bind:1023", "bind:1023", false },
	{ "62 characters are whole",
		"interleave:0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,30,32,34,36",
		"interleave:0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,30,32,34,36", false },
	{ "63 characters may have been cut off within a number",
		"interleave:0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,30,32,34,100",
		"interleave:0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,30,32,34", true },
	{ "63 characters that end in a dash",
		"interleave:0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,30,32,34,10-",
		"interleave:0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,30,32,34", true },
	{ "63 characters that end in a comma",
		"interleave:0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,30,32,34,36,",
		"interleave:0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,30,32,34,36", true },
	{ "63 characters with a range at the end",
		"weighted interleave=static|balancing:0-1,3-4,6-7,9-10,12-13,15-",
		"weighted interleave=static|balancing:0-1,3-4,6-7,9-10,12-13", true },
	{ "nothing", "", NULL, false },
	{ "another word", "firsttouch:0", NULL, false },
	{ "a mode that goes on", "binding:0", NULL, false },
	{ "capitals", "BIND:0", NULL, false },
	{ "an unknown flag", "bind=fixed:0", NULL, false },
	{ "a flag that goes on", "bind=statics:0", NULL, false },
	{ "half a flag", "bind=stat:0", NULL, false },
	{ "a dangling bar", "bind=static|:0", NULL, false },
	{ "no nodes behind the colon", "bind:", NULL, false },
	{ "bind without nodes", "bind", NULL, false },
	{ "default with nodes", "default:0", NULL, false },
	{ "local with nodes", "local:0", NULL, false },
	{ "white space in nodes", "bind:0, 1", NULL, false },
	{ "something behind", "bind:0 ", NULL, false },
	{ "a reversed range", "bind:3-1", NULL, false },
	{ "a node too large", "bind:1024", NULL, false },
	{ "an open range that was not cut off", "bind:3-", NULL, false },
	{ "a newline", "bind:0\n", NULL, false },
	{ "letters", "bind:all", NULL, false },
};

static void test_text(void **state)
{
	const struct text_row *row = *state;
	size_t len = strlen(row->text);
	struct mpol policy, untouched;
	char text[MPOL_TEXT];
	char *copy = malloc(len ? len : 1);
	bool cut = false;
	int r;

	assert_non_null(copy);
	memcpy(copy, row->text, len);
	memset(&policy, 0xa5, sizeof(policy));
	untouched = policy;
	r = mpol_maps_text_parse(copy, len, &policy, &cut);
	free(copy);
	if (!row->policy) {
		assert_int_equal(r, -EBADMSG);
		assert_memory_equal(&policy, &untouched, sizeof(policy));
		return;
	}
	assert_int_equal(r, 0);
	assert_words(mpol_maps_text(&policy, text), row->policy);
	assert_int_equal(cut, row->cut);
}

/* A reader on a text that arrives in pieces of a given size: packets, so that reads stay apart. */
static struct mpol_maps *reader(const char *text, size_t len, size_t piece, int *ret_fd)
{
	struct mpol_maps *maps;
	int fds[2], size = 1 << 20;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	(void)setsockopt(fds[1], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	for (size_t at = 0; at < len; at += piece) {
		size_t n = len - at < piece ? len - at : piece;

		assert_int_equal(send(fds[1], text + at, n, MSG_DONTWAIT), n);
	}
	close(fds[1]);
	maps = mpol_maps_open(fds[0]);
	assert_non_null(maps);
	*ret_fd = fds[0];
	return maps;
}

/* The same from a file, for texts of any size. */
static struct mpol_maps *file_reader(const char *text, size_t len, int *ret_fd)
{
	struct mpol_maps *maps;
	int fd = memfd_create("numa_maps", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, text, len, 0), len);
	maps = mpol_maps_open(fd);
	assert_non_null(maps);
	*ret_fd = fd;
	return maps;
}

static void describe(const struct mpol_mapping *m, char *buf, size_t size)
{
	char policy[MPOL_TEXT];
	int at;

	at = snprintf(buf, size, "%" PRIx64 " %s%s", m->start, mpol_maps_text(&m->policy, policy),
		m->policy_cut ? "..." : "");
	at += snprintf(buf + at, size - (size_t)at, "%s%s%s%s", m->file ? " file" : "",
		m->heap ? " heap" : "", m->stack ? " stack" : "", m->huge ? " huge" : "");
	if (m->name)
		at += snprintf(buf + at, size - (size_t)at, "=%.*s", (int)m->name_len, m->name);
	at += snprintf(buf + at, size - (size_t)at, " %" PRIu64 "/%" PRIu64 "/%" PRIu64, m->anon,
		m->dirty, m->mapped);
	for (size_t i = 0; i < m->n_nodes; i++)
		at += snprintf(buf + at, size - (size_t)at, " %u:%" PRIu64, m->nodes[i].node,
			m->nodes[i].pages);
	(void)snprintf(buf + at, size - (size_t)at, " %" PRIu64, m->page_size);
}

struct line_row {
	const char *says;
	const char *text;
	const char *mapping; /* the first, as describe() writes it; NULL: refused; "": none */
};

static const struct line_row line_rows[] = {
	{ "an empty file", "", "" },
	{ "a mapping that is not touched", "7f3a8c000000 default\n",
		"7f3a8c000000 default 0/0/0 0" },
	{ "program text",
		"55d3c0a00000 default file=/usr/bin/bash mapped=12 mapmax=3 active=0 N0=12 "
		"kernelpagesize_kB=4\n",
		"55d3c0a00000 default file=/usr/bin/bash 0/0/12 0:12 4096" },
	{ "the heap", "01e4c000 bind:1 heap anon=33 dirty=33 active=0 N1=33 kernelpagesize_kB=4\n",
		"1e4c000 bind:1 heap 33/33/0 1:33 4096" },
	{ "the stack", "7ffd1000 default stack anon=3 dirty=3 N0=1 N3=2 kernelpagesize_kB=4\n",
		"7ffd1000 default stack 3/3/0 0:1 3:2 4096" },
	{ "a thread's stack of an old kernel", "7ffd1000 local stack:123 anon=3 dirty=3 N0=3\n",
		"7ffd1000 local stack 3/3/0 0:3 0" },
	{ "huge pages",
		"7f00000000 interleave:0-1 file=/anon_hugepage\\040(deleted) huge anon=4 dirty=4 "
		"N0=2 N1=2 kernelpagesize_kB=2048\n",
		"7f00000000 interleave:0-1 file huge=/anon_hugepage\\040(deleted) 4/4/0 0:2 1:2 "
		"2097152" },
	{ "a policy with a space and a bracket", "7f00 prefer (many):0-1 anon=1 dirty=1 N1=1\n",
		"7f00 prefer (many):0-1 1/1/0 1:1 0" },
	{ "that with flags", "7f00 prefer (many)=static|balancing:0 heap anon=1 N0=1\n",
		"7f00 prefer (many)=static|balancing:0 heap 1/0/0 0:1 0" },
	{ "a policy with a space", "7f00 weighted interleave=relative:0-1 stack anon=1 N0=1\n",
		"7f00 weighted interleave=relative:0-1 stack 1/0/0 0:1 0" },
	{ "a policy that was cut off",
		"7f00 interleave:0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,30,32,34,36, heap\n",
		"7f00 interleave:0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,30,32,34,36... heap "
		"0/0/0 0" },
	{ "a policy of a newer kernel", "7f00 nearest:0-1 anon=5 dirty=5 N0=5\n",
		"7f00 unknown 5/5/0 0:5 0" },
	{ "keys of a newer kernel", "7f00 default anon=5 flavour=mint N0=5 shiny\n",
		"7f00 default 5/0/0 0:5 0" },
	{ "a name with escapes of the kernel",
		"7f00 default file=/tmp/a\\040b\\012c\\075d mapped=1 N0=1\n",
		"7f00 default file=/tmp/a\\040b\\012c\\075d 0/0/1 0:1 0" },
	{ "a name that looks like keys does not count",
		"7f00 default file=N9=9,anon=77 mapped=1 N0=1\n",
		"7f00 default file=N9=9,anon=77 0/0/1 0:1 0" },
	{ "a name that looks like a policy", "7f00 default file=bind:3 mapped=1 N0=1\n",
		"7f00 default file=bind:3 0/0/1 0:1 0" },
	{ "the last node and the largest count", "7f00 default N0=1 N1023=18446744073709551615\n",
		"7f00 default 0/0/0 0:1 1023:18446744073709551615 0" },
	{ "no address", "default\n", NULL },
	{ "an address alone", "7f00\n", NULL },
	{ "an address and a space", "7f00 \n", NULL },
	{ "an address in capitals", "7F00 default\n", NULL },
	{ "an address of 65 bits", "1ffffffffffffffff default\n", NULL },
	{ "an empty line", "\n", NULL },
	{ "a last line without its end", "7f00 default", NULL },
	{ "nodes that run backwards", "7f00 bind:3-1 N0=1\n", NULL },
	{ "a node too large", "7f00 default N1024=1\n", NULL },
	{ "a node twice", "7f00 default N0=1 N0=1\n", NULL },
	{ "nodes that fall", "7f00 default N1=1 N0=1\n", NULL },
	{ "a node without a number", "7f00 default N=1\n", NULL },
	{ "a node without pages", "7f00 default N0=\n", NULL },
	{ "a node with a negative count", "7f00 default N0=-1\n", NULL },
	{ "a count of 65 bits", "7f00 default N0=18446744073709551616\n", NULL },
	{ "an anon that is no number", "7f00 default anon=many\n", NULL },
	{ "an anon of 65 bits", "7f00 default anon=99999999999999999999\n", NULL },
	{ "a page size that overflows in bytes",
		"7f00 default kernelpagesize_kB=18014398509481984\n", NULL },
	{ "smaps", "7f00-7f10 r--p 00000000 08:01 123 /bin/sh\n", NULL },
	{ "an error page", "<html>\n", NULL },
};

static void check_first(struct mpol_maps *maps, const struct line_row *row)
{
	const struct mpol_mapping *m = NULL;
	char text[4096];
	int r = mpol_maps_next(maps, &m);

	if (!row->mapping) {
		assert_int_equal(r, -EBADMSG);
		assert_null(m);
		assert_int_equal(mpol_maps_next(maps, &m), -EBADMSG);
	} else if (!row->mapping[0]) {
		assert_int_equal(r, 0);
	} else {
		assert_int_equal(r, 1);
		describe(m, text, sizeof(text));
		assert_words(text, row->mapping);
		assert_int_equal(mpol_maps_next(maps, &m), 0);
		assert_int_equal(mpol_maps_next(maps, &m), 0);
	}
	mpol_maps_close(maps);
}

static void test_line(void **state)
{
	static const size_t pieces[] = { 1, 2, 7, 64, 4096 };
	const struct line_row *row = *state;

	for (size_t i = 0; i < 5; i++) {
		int fd;

		check_first(reader(row->text, strlen(row->text), pieces[i], &fd), row);
		close(fd);
	}
}

static void test_a_name_is_kept_whole_where_it_fits(void **state)
{
	const size_t len = 200000;
	char *text = malloc(len);
	const struct mpol_mapping *m;
	struct mpol_maps *maps;
	int fd;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', len);
	memcpy(text, "7f00 default file=/", 19);
	text[60000] = '\n';
	maps = file_reader(text, 60001, &fd);
	assert_int_equal(mpol_maps_next(maps, &m), 1);
	assert_int_equal(m->name_len, 60000 - 18);
	assert_int_equal(mpol_maps_next(maps, &m), 0);
	mpol_maps_close(maps);
	close(fd);
	text[60000] = 'x';
	text[len - 1] = '\n';
	maps = file_reader(text, len, &fd);
	assert_int_equal(mpol_maps_next(maps, &m), 1);
	assert_in_range(m->name_len, 30000, 65536);
	assert_int_equal(mpol_maps_next(maps, &m), 0);
	mpol_maps_close(maps);
	close(fd);
	free(text);
}

/* A path may be longer than any buffer: directories can be made deeper than PATH_MAX. */
static void test_long_names(void **state)
{
	const size_t most = 300000;
	char *text = malloc(most + 65536);
	const struct mpol_mapping *m;

	(void)state;
	assert_non_null(text);
	for (size_t len = 30000; len <= most; len += 997) {
		size_t at = (size_t)sprintf(text, "7f00 prefer (many):0-1 file=/");
		struct mpol_maps *maps;
		int fd;

		memset(text + at, 'x', len);
		at += len;
		at += (size_t)sprintf(text + at, " anon=3 mapped=4");
		for (unsigned n = 0; n < 1024; n++)
			at += (size_t)sprintf(text + at, " N%u=%u", n, 4000000000u + n);
		at += (size_t)sprintf(text + at, "\n7f01 bind:1 heap anon=1 N1=1\n");
		maps = file_reader(text, at, &fd);
		assert_int_equal(mpol_maps_next(maps, &m), 1);
		assert_true(m->file && m->name_len > 1000 && memcmp(m->name, "/xxx", 4) == 0);
		assert_true(m->anon == 3 && m->mapped == 4 && m->n_nodes == 1024);
		for (unsigned n = 0; n < 1024; n++)
			assert_true(m->nodes[n].node == n && m->nodes[n].pages == 4000000000u + n);
		assert_int_equal(mpol_maps_next(maps, &m), 1);
		assert_true(m->start == 0x7f01 && m->heap && m->anon == 1);
		assert_int_equal(mpol_maps_next(maps, &m), 0);
		mpol_maps_close(maps);
		close(fd);
	}
	free(text);
}

/* As many mappings as a container may make before one of a file. */
static void test_many_mappings(void **state)
{
	static const char line[] = "1000 interleave:0 anon=1 N0=1\n";
	char *text = malloc(70000 * sizeof(line) + 100);
	struct mpol policy;
	size_t at = 0;
	bool cut;
	int dir, fd;
	char path[] = "/tmp/mpol-maps-XXXXXX";

	(void)state;
	assert_non_null(text);
	for (int i = 0; i < 70000; i++)
		at += (size_t)sprintf(text + at, "%s", line);
	at += (size_t)sprintf(text + at, "2000 bind:1 file=/bin/x N0=1\n");
	assert_non_null(mkdtemp(path));
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = openat(dir, "numa_maps", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, text, at), at);
	assert_int_equal(mpol_of_process(dir, &policy, &cut), 0);
	assert_int_equal(policy.mode, MPOL_MODE_INTERLEAVE);
	unlinkat(dir, "numa_maps", 0);
	close(fd);
	close(dir);
	rmdir(path);
	free(text);
}

static void test_all_nodes_of_a_line(void **state)
{
	char *text = calloc(1, 65536);
	const struct mpol_mapping *m;
	struct mpol_maps *maps;
	size_t at = 0;
	int fd;

	(void)state;
	assert_non_null(text);
	for (int copy = 0; copy < 2; copy++) {
		at += (size_t)sprintf(text + at, "7f00 default");
		for (unsigned n = 0; n < 1024; n++)
			at += (size_t)sprintf(text + at, " N%u=%u", n, n * 7);
		text[at++] = '\n';
	}
	maps = file_reader(text, at, &fd);
	for (int copy = 0; copy < 2; copy++) {
		assert_int_equal(mpol_maps_next(maps, &m), 1);
		assert_int_equal(m->n_nodes, 1024);
		for (unsigned n = 0; n < 1024; n++)
			assert_true(m->nodes[n].node == n && m->nodes[n].pages == n * 7);
	}
	assert_int_equal(mpol_maps_next(maps, &m), 0);
	mpol_maps_close(maps);
	close(fd);
	free(text);
}

/* This process's own file: every line must be read, and its pages add up as its words say. */
static void test_own_numa_maps(void **state)
{
	const struct mpol_mapping *m;
	size_t n = 0, files = 0, stacks = 0;
	struct mpol_maps *maps;
	int fd, r;

	(void)state;
	fd = open("/proc/self/numa_maps", O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		skip();
	assert_true(fd >= 0);
	maps = mpol_maps_open(fd);
	assert_non_null(maps);
	while ((r = mpol_maps_next(maps, &m)) > 0) {
		uint64_t pages = 0;

		n++;
		files += m->file;
		stacks += m->stack;
		for (size_t i = 0; i < m->n_nodes; i++)
			pages += m->nodes[i].pages;
		assert_true(pages >= m->anon);
		assert_true(pages == 0 || m->page_size >= 4096);
		assert_true(m->policy.mode >= 0);
	}
	assert_int_equal(r, 0);
	assert_true(n > 5 && files > 2);
	assert_int_equal(stacks, 1);
	mpol_maps_close(maps);
	close(fd);
}

static void test_read_errors_come_through(void **state)
{
	struct mpol_maps *maps = mpol_maps_open(-1);
	const struct mpol_mapping *m;

	(void)state;
	assert_non_null(maps);
	assert_int_equal(mpol_maps_next(maps, &m), -EBADF);
	assert_int_equal(mpol_maps_next(maps, &m), -EBADF);
	mpol_maps_close(maps);
	mpol_maps_close(NULL);
}

struct process_row {
	const char *says;
	const char *text;
	const char *policy; /* NULL: error */
	int error;
};

static const struct process_row process_rows[] = {
	{ "the first file mapping counts",
		"1000 bind:1 file=/bin/x mapped=1 N0=1\n2000 default stack N0=1\n", "bind:1", 0 },
	{ "nothing behind it is read", "1000 bind:1 file=/bin/x mapped=1 N0=1\nrubbish\n", "bind:1",
		0 },
	{ "an anonymous mapping before it does not count",
		"0100 interleave:0 anon=1 N0=1\n1000 bind:1 file=/bin/x mapped=1 N0=1\n", "bind:1",
		0 },
	{ "memory files do not count",
		"0100 interleave:0 file=/memfd:x\\040(deleted) N0=1\n1000 bind:1 file=/bin/x "
		"N0=1\n",
		"bind:1", 0 },
	{ "shared memory does not count",
		"0100 interleave:0 file=/SYSV00000000\\040(deleted) N0=1\n"
		"0200 interleave:0 file=/dev/shm/x N0=1\n1000 bind:1 file=/bin/x N0=1\n",
		"bind:1", 0 },
	{ "huge pages do not count",
		"0100 interleave:0 file=/mnt/huge/x huge N0=1\n1000 bind:1 file=/bin/x N0=1\n",
		"bind:1", 0 },
	{ "without a file the stack counts", "0100 interleave:0 anon=1 N0=1\n1000 bind:1 stack\n",
		"bind:1", 0 },
	{ "without both the first one counts",
		"0100 interleave:0 anon=1 N0=1\n1000 bind:1 heap anon=1 N0=1\n", "interleave:0",
		0 },
	{ "a policy with spaces", "1000 prefer (many)=static:0-1 file=/bin/x N0=1\n",
		"prefer (many)=static:0-1", 0 },
	{ "nothing mapped", "", NULL, -ENODATA },
	{ "rubbish", "rubbish\n", NULL, -EBADMSG },
	{ "a policy of a newer kernel", "1000 nearest:0 file=/bin/x N0=1\n", NULL, -EBADMSG },
};

static void test_process(void **state)
{
	const struct process_row *row = *state;
	char dir[] = "/tmp/mpol-process-XXXXXX", text[MPOL_TEXT];
	struct mpol policy;
	int dir_fd, fd, r;
	bool cut = true;

	assert_non_null(mkdtemp(dir));
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = openat(dir_fd, "numa_maps", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, row->text, strlen(row->text)), strlen(row->text));
	close(fd);
	r = mpol_of_process(dir_fd, &policy, &cut);
	assert_int_equal(unlinkat(dir_fd, "numa_maps", 0), 0);
	assert_int_equal(mpol_of_process(dir_fd, &policy, &cut), -ENOENT);
	close(dir_fd);
	assert_int_equal(rmdir(dir), 0);
	assert_int_equal(r, row->error);
	if (row->policy) {
		assert_words(mpol_maps_text(&policy, text), row->policy);
		assert_false(cut);
	}
}

struct stat_row {
	const char *says;
	const char *line;
	const char *kind; /* NULL: refused */
	size_t n;
	unsigned last_node;
	uint64_t last_bytes;
};

static const struct stat_row stat_rows[] = {
	{ "one node", "anon N0=4096", "anon", 1, 0, 4096 },
	{ "two nodes", "anon N0=4096 N1=0", "anon", 2, 1, 0 },
	{ "sparse nodes", "file N0=1 N8=2 N255=3", "file", 3, 255, 3 },
	{ "a kind with underscores", "workingset_refault_anon N0=7", "workingset_refault_anon", 1,
		0, 7 },
	{ "the largest count", "anon N1023=18446744073709551615", "anon", 1, 1023, UINT64_MAX },
	{ "nothing", "", NULL, 0, 0, 0 },
	{ "a kind alone", "anon", NULL, 0, 0, 0 },
	{ "no kind", "N0=1", NULL, 0, 0, 0 },
	{ "cgroup v1's kind", "total=12 N0=12", NULL, 0, 0, 0 },
	{ "a node too large", "anon N1024=1", NULL, 0, 0, 0 },
	{ "a node twice", "anon N0=1 N0=1", NULL, 0, 0, 0 },
	{ "nodes that fall", "anon N1=1 N0=1", NULL, 0, 0, 0 },
	{ "no number", "anon N0=", NULL, 0, 0, 0 },
	{ "a negative number", "anon N0=-1", NULL, 0, 0, 0 },
	{ "65 bits", "anon N0=18446744073709551616", NULL, 0, 0, 0 },
	{ "another key", "anon N0=1 x=2", NULL, 0, 0, 0 },
	{ "a newline", "anon N0=1\n", NULL, 0, 0, 0 },
	{ "a hostile kind", "an\033[31mon N0=1", NULL, 0, 0, 0 },
};

static void test_stat(void **state)
{
	const struct stat_row *row = *state;
	struct mpol_stat_row got;

	if (!row->kind) {
		assert_int_equal(mpol_stat_line(row->line, strlen(row->line), &got), -EBADMSG);
		return;
	}
	assert_int_equal(mpol_stat_line(row->line, strlen(row->line), &got), 0);
	assert_int_equal(got.kind_len, strlen(row->kind));
	assert_memory_equal(got.kind, row->kind, got.kind_len);
	assert_int_equal(got.n_nodes, row->n);
	assert_int_equal(got.nodes[row->n - 1].node, row->last_node);
	assert_true(got.nodes[row->n - 1].bytes == row->last_bytes);
}

struct stat_v1_row {
	const char *says;
	const char *line;
	uint64_t unit;
	uint64_t last_bytes; /* of the last node */
	int error;
};

static const struct stat_v1_row stat_v1_rows[] = {
	{ "pages of 4 KiB", "anon=3 N0=1 N1=2", 4096, 8192, 0 },
	{ "bytes", "total=2097152 N0=0 N1=2097152", 1, 2097152, 0 },
	{ "a sum that is not that of the rest", "hierarchical_file=1 N0=5", 4096, 20480, 0 },
	{ "the largest", "anon=0 N0=4503599627370495", 4096, 4503599627370495ull * 4096, 0 },
	{ "more than 64 bits of bytes", "anon=0 N0=4503599627370496", 4096, 0, -ERANGE },
	{ "cgroup v2's line", "anon N0=4096", 1, 0, -EBADMSG },
	{ "no sum", "anon= N0=1", 1, 0, -EBADMSG },
	{ "no kind", "=1 N0=1", 1, 0, -EBADMSG },
	{ "no node", "anon=1", 1, 0, -EBADMSG },
	{ "a sum with a tail", "anon=1x N0=1", 1, 0, -EBADMSG },
	{ "a node too large", "anon=1 N1024=1", 1, 0, -EBADMSG },
	{ "nodes that fall", "anon=1 N1=1 N0=1", 1, 0, -EBADMSG },
	{ "nothing", "", 1, 0, -EBADMSG },
};

static void test_stat_v1(void **state)
{
	const struct stat_v1_row *row = *state;
	struct mpol_stat_row got = { .n_nodes = 0 };

	assert_int_equal(
		mpol_stat_line_v1(row->line, strlen(row->line), row->unit, &got), row->error);
	if (!row->error)
		assert_true(got.nodes[got.n_nodes - 1].bytes == row->last_bytes);
}

int main(void)
{
	const struct CMUnitTest others[] = {
		cmocka_unit_test(test_a_name_is_kept_whole_where_it_fits),
		cmocka_unit_test(test_long_names), cmocka_unit_test(test_many_mappings),
		cmocka_unit_test(test_all_nodes_of_a_line),
		cmocka_unit_test(test_own_numa_maps),
		cmocka_unit_test(test_read_errors_come_through),
	};
	int failed = ROWS_RUN("policies in numa_maps", text_rows, test_text);

	failed += ROWS_RUN("lines of numa_maps", line_rows, test_line);
	failed += ROWS_RUN("policies of processes", process_rows, test_process);
	failed += ROWS_RUN("lines of memory.numa_stat", stat_rows, test_stat);
	failed += ROWS_RUN("lines of memory.numa_stat of cgroup v1", stat_v1_rows, test_stat_v1);
	failed += cmocka_run_group_tests_name("numa_maps", others, NULL, NULL);
	return failed != 0;
}
