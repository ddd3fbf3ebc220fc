/* SPDX-License-Identifier: Apache-2.0 */
/*
 * maps.c - where pages lie: the text of /proc/PID/numa_maps and of memory.numa_stat.
 *
 * The kernel writes these, but with names of files that a container chose, and a captured text can
 * come from anyone: a line has a longest length, every number a range, and node numbers must rise,
 * which bounds how many there are. What a newer kernel may add to a line is passed over.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

/*
 * For one line: the kernel goes on to the next mapping, and walks its page tables, only while what
 * it has is less than what is asked for. A line with a policy and pages is longer than this.
 */
#define READ_STEP 48
/* show_numa_map() has a buffer of 64 bytes for the policy, one of them for the NUL. */
#define POLICY_CUT 63
/*
 * A path is as long as its directories are deep, and each byte may be escaped as \ooo: of a line
 * that does not fit, the middle of its name is left out. What stands before the name, and the 1024
 * times " N1023=" with a count after it, are shorter than these.
 */
#define LINE_LONGEST 65536
#define LINE_HEAD 1024
#define LINE_TAIL 32768
/* A policy is looked for among so many mappings: a container may have any number of them. */
#define TASK_MAPPINGS 1024

struct mpol_maps {
	int fd;
	int failed; /* once wrong, always wrong */
	bool eof;
	size_t step;    /* bytes of one read(2) */
	size_t at, end; /* unread text in buf */
	struct mpol_mapping mapping;
	struct mpol_node_pages nodes[MPOL_NODES_MAX];
	char buf[LINE_LONGEST];
};

/* What is left of a text. */
struct cursor {
	const char *at, *end;
};

static int take_number(struct cursor *c, unsigned base, uint64_t *ret)
{
	const char *p = c->at;
	uint64_t n = 0;

	for (; p < c->end; p++) {
		unsigned digit = 16;

		if (*p >= '0' && *p <= '9')
			digit = (unsigned)(*p - '0');
		else if (*p >= 'a' && *p <= 'f')
			digit = (unsigned)(*p - 'a') + 10;
		if (digit >= base)
			break;
		if (n > (UINT64_MAX - digit) / base)
			return -EBADMSG;
		n = n * base + digit;
	}
	if (p == c->at)
		return -EBADMSG;
	c->at = p;
	*ret = n;
	return 0;
}

static bool take_text(struct cursor *c, const char *text)
{
	size_t len = strlen(text);

	if ((size_t)(c->end - c->at) < len || memcmp(c->at, text, len))
		return false;
	c->at += len;
	return true;
}

/* The next word of a line: everything up to a space. */
static struct cursor take_word(struct cursor *c)
{
	struct cursor word;
	const char *space;

	while (c->at < c->end && *c->at == ' ')
		c->at++;
	space = memchr(c->at, ' ', (size_t)(c->end - c->at));
	word.at = c->at;
	word.end = space ? space : c->end;
	c->at = word.end;
	return word;
}

/* The mode that a text begins with; two of the words have a space, so the longest counts. */
static const struct mpol_mode_info *mode_of(const char *text, size_t len)
{
	const struct mpol_mode_info *modes, *best = NULL;
	size_t n;

	modes = mpol_modes(&n);
	for (size_t i = 0; i < n; i++) {
		size_t word = strlen(modes[i].maps_word);

		if (len < word || memcmp(text, modes[i].maps_word, word))
			continue;
		if (len > word && !strchr("=: ", text[word]))
			continue;
		if (!best || word > strlen(best->maps_word))
			best = &modes[i];
	}
	return best;
}

/* "=static|balancing"; kernels before they named BALANCING wrote a lone "=" for it. */
static int take_flags(struct cursor *c, unsigned *ret)
{
	const struct mpol_flag_info *flags;
	unsigned bits = 0;
	size_t n, i;

	*ret = 0;
	if (!take_text(c, "="))
		return 0;
	if (c->at == c->end || *c->at == ':') {
		*ret = MPOL_FLAG_NUMA_BALANCING;
		return 0;
	}
	flags = mpol_flags(&n);
	do {
		for (i = 0; i < n; i++)
			if (take_text(c, flags[i].maps_word))
				break;
		if (i == n)
			return -EBADMSG;
		bits |= flags[i].bit;
	} while (take_text(c, "|"));
	*ret = bits;
	return 0;
}

int mpol_maps_text_parse(const char *text, size_t len, struct mpol *ret, bool *ret_cut)
{
	const struct mpol_mode_info *info = mode_of(text, len);
	struct cursor c = { text, text + len };
	bool cut = len >= POLICY_CUT;
	struct mpol policy = { 0 };

	if (!info)
		return -EBADMSG;
	policy.mode = info->number;
	c.at += strlen(info->maps_word);
	if (take_flags(&c, &policy.flags) < 0)
		return -EBADMSG;
	if (take_text(&c, ":")) {
		if (c.at == c.end || info->node_rule == MPOL_NODES_NONE)
			return -EBADMSG;
		for (const char *p = c.at; p < c.end; p++)
			if ((*p < '0' || *p > '9') && *p != '-' && *p != ',')
				return -EBADMSG;
		/* "0-3,1" may have been "0-3,17-19": only what a comma follows is whole. */
		while (cut && c.end > c.at && *--c.end != ',')
			;
		if (mpol_nodeset_parse(c.at, (size_t)(c.end - c.at), NULL, &policy.nodes, NULL) < 0)
			return -EBADMSG;
		c.at = c.end;
	} else if (info->node_rule == MPOL_NODES_REQUIRED) {
		return -EBADMSG;
	}
	if (c.at != c.end)
		return -EBADMSG;
	*ret = policy;
	*ret_cut = cut;
	return 0;
}

char *mpol_maps_text(const struct mpol *policy, char buf[MPOL_TEXT])
{
	const struct mpol_mode_info *info = mpol_mode_by_number(policy->mode);
	const struct mpol_flag_info *flags;
	char nodes[MPOL_NODESET_TEXT];
	char sep = '=';
	size_t at, n;

	at = (size_t)snprintf(buf, MPOL_TEXT, "%s", info ? info->maps_word : "unknown");
	/* mpol_to_str() names STATIC or RELATIVE first: the table's order backwards. */
	flags = mpol_flags(&n);
	while (n-- > 0) {
		if (!(policy->flags & flags[n].bit))
			continue;
		at += (size_t)snprintf(buf + at, MPOL_TEXT - at, "%c%s", sep, flags[n].maps_word);
		sep = '|';
	}
	if (!mpol_nodeset_empty(&policy->nodes))
		(void)snprintf(buf + at, MPOL_TEXT - at, ":%s",
			mpol_nodeset_format(&policy->nodes, nodes));
	return buf;
}

/* "N3=512": node numbers rise, so that a line can hold no more than there are. */
static int take_pages(struct cursor *word, struct mpol_mapping *m)
{
	uint64_t node, pages;

	if (take_number(word, 10, &node) < 0 || !take_text(word, "=") ||
		take_number(word, 10, &pages) < 0 || word->at != word->end)
		return -EBADMSG;
	if (node >= MPOL_NODES_MAX || (m->n_nodes > 0 && node <= m->nodes[m->n_nodes - 1].node))
		return -EBADMSG;
	m->nodes[m->n_nodes].node = (unsigned)node;
	m->nodes[m->n_nodes].pages = pages;
	m->n_nodes++;
	return 0;
}

static int take_count(struct cursor *word, uint64_t *ret)
{
	if (take_number(word, 10, ret) < 0 || word->at != word->end)
		return -EBADMSG;
	return 0;
}

static int parse_word(struct cursor word, struct mpol_mapping *m)
{
	uint64_t kib;

	if (take_text(&word, "file=")) {
		m->file = true;
		m->name = word.at;
		m->name_len = (size_t)(word.end - word.at);
		return 0;
	}
	if (take_text(&word, "anon="))
		return take_count(&word, &m->anon);
	if (take_text(&word, "dirty="))
		return take_count(&word, &m->dirty);
	if (take_text(&word, "mapped="))
		return take_count(&word, &m->mapped);
	if (take_text(&word, "kernelpagesize_kB=")) {
		if (take_count(&word, &kib) < 0 || kib > UINT64_MAX / 1024)
			return -EBADMSG;
		m->page_size = kib * 1024;
		return 0;
	}
	if (take_text(&word, "N"))
		return take_pages(&word, m);
	/* Every other key, such as mapmax= or one of a newer kernel, is passed over. */
	if (take_text(&word, "heap"))
		m->heap = true;
	else if (take_text(&word, "stack"))
		m->stack = true;
	else if (take_text(&word, "huge"))
		m->huge = true;
	return 0;
}

/* "7f0c1000 prefer (many):0-1 file=/bin/sh mapped=2 N0=2 kernelpagesize_kB=4" */
static int parse_line(struct cursor line, struct mpol_mapping *m)
{
	const struct mpol_mode_info *info;
	struct cursor policy, word;

	if (take_number(&line, 16, &m->start) < 0 || !take_text(&line, " "))
		return -EBADMSG;
	policy = line;
	info = mode_of(line.at, (size_t)(line.end - line.at));
	if (info)
		line.at += strlen(info->maps_word);
	while (line.at < line.end && *line.at != ' ')
		line.at++;
	policy.end = line.at;
	if (policy.at == policy.end)
		return -EBADMSG;
	if (!info)
		m->policy.mode = -1; /* a newer kernel's: its pages still count */
	else if (mpol_maps_text_parse(policy.at, (size_t)(policy.end - policy.at), &m->policy,
			 &m->policy_cut) < 0)
		return -EBADMSG;
	for (word = take_word(&line); word.at < word.end; word = take_word(&line))
		if (parse_word(word, m) < 0)
			return -EBADMSG;
	return 0;
}

struct mpol_maps *mpol_maps_open(int fd)
{
	struct mpol_maps *maps = calloc(1, sizeof(*maps));

	if (maps) {
		maps->fd = fd;
		maps->step = sizeof(maps->buf);
	}
	return maps;
}

/* More text behind what is unread. 0: the end. */
static ssize_t fill(struct mpol_maps *maps)
{
	size_t room;
	ssize_t n;

	memmove(maps->buf, maps->buf + maps->at, maps->end - maps->at);
	maps->end -= maps->at;
	maps->at = 0;
	if (maps->end == sizeof(maps->buf)) {
		memmove(maps->buf + LINE_HEAD, maps->buf + maps->end - LINE_TAIL, LINE_TAIL);
		maps->end = LINE_HEAD + LINE_TAIL;
	}
	room = sizeof(maps->buf) - maps->end;
	do {
		n = read(maps->fd, maps->buf + maps->end, room < maps->step ? room : maps->step);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	maps->end += (size_t)n;
	return n;
}

static int next_line(struct mpol_maps *maps, struct cursor *ret)
{
	size_t searched = 0;
	ssize_t n;

	for (;;) {
		char *from = maps->buf + maps->at;
		char *newline = memchr(from + searched, '\n', maps->end - maps->at - searched);

		if (newline) {
			*ret = (struct cursor){ from, newline };
			maps->at = (size_t)(newline + 1 - maps->buf);
			return 1;
		}
		if (maps->eof) /* the kernel ends every line */
			return maps->at == maps->end ? 0 : -EBADMSG;
		n = fill(maps);
		if (n < 0)
			return (int)n;
		searched = maps->end - (size_t)n;
		maps->eof = n == 0;
	}
}

int mpol_maps_next(struct mpol_maps *maps, const struct mpol_mapping **ret)
{
	struct cursor line;
	int r = maps->failed;

	if (r == 0)
		r = next_line(maps, &line);
	if (r > 0) {
		maps->mapping = (struct mpol_mapping){ .nodes = maps->nodes };
		if (parse_line(line, &maps->mapping) < 0)
			r = -EBADMSG;
	}
	if (r < 0)
		maps->failed = r;
	if (r > 0)
		*ret = &maps->mapping;
	return r;
}

void mpol_maps_close(struct mpol_maps *maps)
{
	free(maps);
}

/* Shared memory and hugetlb mappings often carry a policy of their own; program text does not. */
static bool ordinary_file(const struct mpol_mapping *m)
{
	static const char *const special[] = { "/memfd:", "/SYSV", "/dev/", "/anon_hugepage" };

	if (!m->file || m->huge)
		return false;
	for (size_t i = 0; i < ARRAY_LENGTH(special); i++) {
		struct cursor name = { m->name, m->name + m->name_len };

		if (take_text(&name, special[i]))
			return false;
	}
	return true;
}

static int task_policy(struct mpol_maps *maps, struct mpol *ret, bool *ret_cut)
{
	enum { NOTHING, ANY, STACK, FILE_MAPPING } best = NOTHING;
	const struct mpol_mapping *m;
	struct mpol policy = { 0 };
	bool cut = false;
	int r;

	for (size_t i = 0; i < TASK_MAPPINGS && best < FILE_MAPPING; i++) {
		int rank = ANY;

		r = mpol_maps_next(maps, &m);
		if (r < 0)
			return r == -ESRCH ? -ENOENT : r;
		if (r == 0)
			break;
		if (ordinary_file(m))
			rank = FILE_MAPPING;
		else if (m->stack)
			rank = STACK;
		if (rank > (int)best) {
			best = (unsigned)rank;
			policy = m->policy;
			cut = m->policy_cut;
		}
	}
	if (best == NOTHING)
		return -ENODATA;
	if (policy.mode < 0)
		return -EBADMSG;
	*ret = policy;
	*ret_cut = cut;
	return 0;
}

int mpol_of_process(int proc_fd, struct mpol *ret, bool *ret_cut)
{
	struct mpol_maps *maps;
	int fd, r;

	fd = openat(proc_fd, "numa_maps", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ESRCH ? -ENOENT : -errno;
	maps = mpol_maps_open(fd);
	if (maps)
		maps->step = READ_STEP;
	r = maps ? task_policy(maps, ret, ret_cut) : -ENOMEM;
	mpol_maps_close(maps);
	(void)close(fd);
	return r;
}

/* The rest of a line: "N0=4096 N1=0". */
static int stat_nodes(struct cursor c, struct mpol_stat_row *row)
{
	struct cursor word;
	uint64_t node, bytes;

	for (word = take_word(&c); word.at < word.end; word = take_word(&c)) {
		if (!take_text(&word, "N") || take_number(&word, 10, &node) < 0 ||
			!take_text(&word, "=") || take_number(&word, 10, &bytes) < 0 ||
			word.at != word.end)
			return -EBADMSG;
		if (node >= MPOL_NODES_MAX ||
			(row->n_nodes > 0 && node <= row->nodes[row->n_nodes - 1].node))
			return -EBADMSG;
		row->nodes[row->n_nodes].node = (unsigned)node;
		row->nodes[row->n_nodes].bytes = bytes;
		row->n_nodes++;
	}
	return row->n_nodes > 0 ? 0 : -EBADMSG;
}

static int stat_kind(const char *from, const char *end, struct mpol_stat_row *row)
{
	row->kind = from;
	row->kind_len = (size_t)(end - from);
	for (; from < end; from++)
		if ((*from < 'a' || *from > 'z') && *from != '_')
			return -EBADMSG;
	return row->kind_len > 0 ? 0 : -EBADMSG;
}

int mpol_stat_line(const char *line, size_t len, struct mpol_stat_row *ret)
{
	struct cursor c = { line, line + len }, word;
	struct mpol_stat_row row = { 0 };

	word = take_word(&c);
	if (stat_kind(word.at, word.end, &row) < 0 || stat_nodes(c, &row) < 0)
		return -EBADMSG;
	*ret = row;
	return 0;
}

int mpol_stat_line_v1(const char *line, size_t len, uint64_t unit, struct mpol_stat_row *ret)
{
	struct cursor c = { line, line + len }, word;
	struct mpol_stat_row row = { 0 };
	const char *equals;
	uint64_t sum;

	word = take_word(&c);
	equals = memchr(word.at, '=', (size_t)(word.end - word.at));
	if (!equals || stat_kind(word.at, equals, &row) < 0)
		return -EBADMSG;
	word.at = equals + 1;
	if (take_number(&word, 10, &sum) < 0 || word.at != word.end || stat_nodes(c, &row) < 0)
		return -EBADMSG;
	for (size_t i = 0; i < row.n_nodes; i++)
		if (__builtin_mul_overflow(row.nodes[i].bytes, unit, &row.nodes[i].bytes))
			return -ERANGE;
	*ret = row;
	return 0;
}
