/* SPDX-License-Identifier: Apache-2.0 */
/*
 * properties.c - what systemd must know of a scope's limits, and what annotations tell it.
 *
 * systemd writes the files of its controllers anew whenever it likes: on daemon-reload, or when a
 * unit beside the container changes. A file that it writes and whose property it was not told gets
 * its default then. So for each such file there is a row here; what limits.c and `unified` write to
 * it becomes the property. Files without a row are not systemd's, and stay.
 */
#include "base/fd.h"
#include "cgroup/limits.h"
#include "cgroup/scope.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CPUSET_MAX 8192 /* CPUs: the most that a kernel of Debian's knows */
#define PERIOD_DEFAULT_US 100000
#define PREFIX "org.systemd.property."
#define NAME_LEN_MAX 100 /* bytes of a property's name */

/* One file's text as properties. False: there is no property for it, and the kernel decides. */
typedef bool property_fn(struct properties *p, const char *property, const char *text, int dir_fd);
static property_fn from_bytes, from_limit, from_weight, from_bfq_weight, from_idle, from_cpu_max,
	from_set, from_switch, from_oom_group, from_memory_v1, from_shares, from_cfs_period,
	from_cfs_quota, from_blkio_weight;

static const struct row {
	const char *file, *property;
	property_fn *add;
	bool at_start; /* systemd takes it for a new unit only, and keeps the file else */
} rows[] = {
	{ "cpu.weight", "CPUWeight", from_weight, false },
	{ "cpu.idle", "CPUWeight", from_idle, false },
	{ "cpu.max", "CPUQuotaPerSecUSec", from_cpu_max, false },
	{ "cpuset.cpus", "AllowedCPUs", from_set, false },
	{ "cpuset.mems", "AllowedMemoryNodes", from_set, false },
	{ "io.weight", "IOWeight", from_weight, false },
	{ "io.bfq.weight", "IOWeight", from_bfq_weight, false },
	{ "memory.min", "MemoryMin", from_bytes, false },
	{ "memory.low", "MemoryLow", from_bytes, false },
	{ "memory.high", "MemoryHigh", from_limit, false },
	{ "memory.max", "MemoryMax", from_limit, false },
	{ "memory.swap.max", "MemorySwapMax", from_bytes, false },
	{ "memory.zswap.max", "?MemoryZSwapMax", from_bytes, false },
	{ "memory.zswap.writeback", "?MemoryZSwapWriteback", from_switch, false },
	{ "memory.oom.group", "?OOMPolicy", from_oom_group, true },
	{ "pids.max", "TasksMax", from_limit, false },
};

/*
 * The same for cgroup v1, where systemd has fewer controllers. An idle cgroup refuses shares, so it
 * stays idle whatever systemd writes.
 */
static const struct row rows_v1[] = {
	{ "memory.limit_in_bytes", "MemoryMax", from_memory_v1, false },
	{ "cpu.shares", "CPUShares", from_shares, false },
	{ "cpu.cfs_period_us", "CPUQuotaPeriodUSec", from_cfs_period, false },
	{ "cpu.cfs_quota_us", "CPUQuotaPerSecUSec", from_cfs_quota, false },
	{ "blkio.weight", "BlockIOWeight", from_blkio_weight, false },
	{ "pids.max", "TasksMax", from_limit, false },
};

/*
 * The list.
 */

static void add_field(struct properties *p, const char *text)
{
	strbuf_add(&p->fields, text, strlen(text) + 1);
}

void properties_add(
	struct properties *p, const char *name, const char *signature, const char *value)
{
	add_field(p, name);
	add_field(p, signature);
	add_field(p, value);
	p->n++;
}

void properties_add_u64(struct properties *p, const char *name, uint64_t value)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRIu64, value);
	properties_add(p, name, "t", text);
}

void properties_free(struct properties *p)
{
	strbuf_free(&p->fields);
	*p = (struct properties){ 0 };
}

/*
 * Texts of cgroup files, as the kernel reads them.
 */

/* "max", or a number that may end in K, M, G, T, P or E (the kernel's memparse()). */
static bool parse_bytes(const char *text, uint64_t *ret)
{
	static const char units[] = "kmgtpe";
	char *end;

	text += strspn(text, " ");
	if (str_starts(text, "max") && text[3 + strspn(text + 3, " ")] == '\0') {
		*ret = UINT64_MAX;
		return true;
	}
	if (!(*text >= '0' && *text <= '9'))
		return false;
	errno = 0;
	uint64_t n = strtoull(text, &end, 0);
	const char *unit = *end ? strchr(units, *end | 0x20) : NULL;
	if (unit) {
		const int shift = (int)(unit - units + 1) * 10;
		if (n > UINT64_MAX >> shift)
			return false;
		n <<= shift;
		end++;
	}
	*ret = n;
	return errno == 0 && end[strspn(end, " ")] == '\0';
}

static bool from_bytes(struct properties *p, const char *property, const char *text, int dir_fd)
{
	uint64_t n;

	if (!parse_bytes(text, &n))
		return false;
	properties_add_u64(p, property, n);
	return true;
}

/*
 * systemd has no limit of 0. 1 is the same: of memory the kernel counts whole pages, and the one
 * process is there already.
 */
static bool from_limit(struct properties *p, const char *property, const char *text, int dir_fd)
{
	uint64_t n;

	if (!parse_bytes(text, &n))
		return false;
	properties_add_u64(p, property, n == 0 ? 1 : n);
	return true;
}

/* The weight of a line "100" or "default 100"; what is for one device systemd leaves alone. */
static bool parse_weight(const char *text, uint64_t *ret)
{
	if (str_starts(text, "default "))
		text += strlen("default ");
	return parse_bytes(text, ret);
}

static bool from_weight(struct properties *p, const char *property, const char *text, int dir_fd)
{
	uint64_t n;

	if (!parse_weight(text, &n))
		return false;
	p->weighted |= str_eq(property, "CPUWeight");
	properties_add_u64(p, property, n);
	return true;
}

/* systemd makes BFQ's weight of its own: 1 to 100 as they are, above that an eleventh. */
static bool from_bfq_weight(
	struct properties *p, const char *property, const char *text, int dir_fd)
{
	uint64_t n;

	if (!parse_weight(text, &n) || n > 1000)
		return false;
	properties_add_u64(p, property, n <= 100 ? n : 100 + (n - 100) * 11);
	return true;
}

/* A number that is word i of a file of the cgroup; false where there is no such. */
static bool read_word(int dir_fd, const char *file, unsigned i, uint64_t *ret)
{
	_cleanup_free_ char *text = NULL;
	const char *p;

	if (dir_fd < 0 || fd_read_file(dir_fd, file, CGROUP_FILE_MAX, &text, NULL) < 0)
		return false;
	text[strcspn(text, "\n")] = '\0';
	for (p = text; i > 0; i--) {
		p += strcspn(p, " ");
		p += strspn(p, " ");
	}
	text[(size_t)(p - text) + strcspn(p, " ")] = '\0';
	return str_to_u64(p, ret) == 0;
}

/*
 * A weight of 0 is systemd's word for idle. One that wakes has its weight again or, if it was idle
 * until now, the kernel's default.
 */
static bool from_idle(struct properties *p, const char *property, const char *text, int dir_fd)
{
	uint64_t idle, weight = 100;

	if (str_eq(text, "1")) {
		properties_add_u64(p, property, 0);
		return true;
	}
	if (!str_eq(text, "0") || p->weighted || !read_word(dir_fd, "cpu.idle", 0, &idle))
		return false;
	if (idle == 0 && !read_word(dir_fd, "cpu.weight", 0, &weight))
		return false;
	properties_add_u64(p, property, weight);
	return true;
}

/*
 * systemd keeps whole percents of a CPU, so that what is between is rounded up, as the peers do: a
 * cgroup below that was given what the config says must fit in.
 */
static uint64_t per_second(uint64_t quota, uint64_t period)
{
	const unsigned __int128 exact = (unsigned __int128)quota * 1000000 / period;
	const unsigned __int128 rounded = (exact + 9999) / 10000 * 10000;

	return rounded >= UINT64_MAX ? UINT64_MAX : (uint64_t)rounded;
}

static bool from_cpu_max(struct properties *p, const char *property, const char *text, int dir_fd)
{
	uint64_t quota, period;
	char first[32] = "", second[32] = "";

	/* As cpu_period_quota_parse() reads it; what follows the two words is nothing to it. */
	if (sscanf(text, "%31s %31s", first, second) < 1)
		return false;
	/* Without a period the file keeps the one that it has. */
	if (!*second && !read_word(dir_fd, "cpu.max", 1, &period))
		period = PERIOD_DEFAULT_US;
	if (!parse_bytes(first, &quota) || (*second && str_to_u64(second, &period) < 0) ||
		period == 0)
		return false;
	if (*second)
		properties_add_u64(p, "CPUQuotaPeriodUSec", period);
	properties_add_u64(
		p, property, quota == UINT64_MAX ? UINT64_MAX : per_second(quota, period));
	return true;
}

/* cgroup v1: a number, or -1 for none. */
static bool parse_v1(const char *text, uint64_t *ret)
{
	if (!str_eq(text, "-1"))
		return str_to_u64(text, ret) == 0;
	*ret = UINT64_MAX;
	return true;
}

/* By MemoryMax on v1 as well, if an annotation has given any property of v2's; else by
 * MemoryLimit. */
static bool from_memory_v1(struct properties *p, const char *property, const char *text, int dir_fd)
{
	uint64_t n;

	if (!parse_v1(text, &n))
		return false;
	properties_add_u64(p, property, n);
	properties_add_u64(p, "?MemoryLimit", n);
	return true;
}

/* What the kernel would clip systemd refuses; and a weight, of an annotation, it would prefer. */
static bool from_shares(struct properties *p, const char *property, const char *text, int dir_fd)
{
	uint64_t n;

	if (!parse_v1(text, &n))
		return false;
	properties_add_u64(p, "CPUWeight", UINT64_MAX);
	properties_add_u64(p, property, n < 2 ? 2 : n > 262144 ? 262144 : n);
	return true;
}

static bool from_cfs_period(
	struct properties *p, const char *property, const char *text, int dir_fd)
{
	uint64_t quota;

	if (str_to_u64(text, &p->period_us) < 0 || p->period_us == 0)
		return false;
	properties_add_u64(p, property, p->period_us);
	/* The quota stays, but its part of a second does not; one that is given follows. */
	if (read_word(dir_fd, "cpu.cfs_quota_us", 0, &quota))
		properties_add_u64(p, "CPUQuotaPerSecUSec", per_second(quota, p->period_us));
	return true;
}

static bool from_cfs_quota(struct properties *p, const char *property, const char *text, int dir_fd)
{
	uint64_t quota, period = p->period_us;

	if (!parse_v1(text, &quota))
		return false;
	if (period == 0 && (!read_word(dir_fd, "cpu.cfs_period_us", 0, &period) || period == 0))
		period = PERIOD_DEFAULT_US;
	properties_add_u64(
		p, property, quota == UINT64_MAX ? UINT64_MAX : per_second(quota, period));
	return true;
}

/* systemd makes BFQ's weight of it, as above: from 181 on it has none that is as high. */
static bool from_blkio_weight(
	struct properties *p, const char *property, const char *text, int dir_fd)
{
	uint64_t n;

	if (!parse_v1(text, &n) || n > 1000)
		return false;
	n = n <= 100 ? n : 100 + (n - 100) * 11;
	properties_add_u64(p, property, n > 1000 ? 1000 : n);
	return true;
}

/* "0-3,7" as bytes of bits, the lowest first. */
static bool from_set(struct properties *p, const char *property, const char *text, int dir_fd)
{
	uint8_t bits[CPUSET_MAX / 8] = { 0 };
	size_t used = 0;
	char number[8];

	for (text += strspn(text, " ,\n"); *text; text += strspn(text, " ,\n")) {
		char *end;
		const unsigned long first = strtoul(text, &end, 10);
		unsigned long last = first;
		if (end == text || !(*text >= '0' && *text <= '9'))
			return false;
		if (*end == '-' && end[1] >= '0' && end[1] <= '9')
			last = strtoul(end + 1, &end, 10);
		if (!strchr(" ,\n", *end) || first > last || last >= CPUSET_MAX)
			return false;
		for (unsigned long i = first; i <= last; i++)
			bits[i / 8] |= (uint8_t)(1u << i % 8);
		if (last / 8 + 1 > used)
			used = last / 8 + 1;
		text = end;
	}
	add_field(p, property);
	add_field(p, "ay");
	(void)snprintf(number, sizeof(number), "%zu", used);
	add_field(p, number);
	for (size_t i = 0; i < used; i++) {
		(void)snprintf(number, sizeof(number), "%u", bits[i]);
		add_field(p, number);
	}
	p->n++;
	return true;
}

static bool from_switch(struct properties *p, const char *property, const char *text, int dir_fd)
{
	if (!str_eq(text, "0") && !str_eq(text, "1"))
		return false;
	properties_add(p, property, "b", text);
	return true;
}

static bool from_oom_group(struct properties *p, const char *property, const char *text, int dir_fd)
{
	if (!str_eq(text, "0") && !str_eq(text, "1"))
		return false;
	properties_add(p, property, "s", *text == '1' ? "kill" : "continue");
	return true;
}

/*
 * Of limits.
 */

struct target {
	bool v2, starting;
	int dir_fd; /* the cgroup, for what stays as it is; -1: there is none yet */
};

static int add_file(struct properties *p, const char *pointer, const char *file, const char *text,
	const struct target *to, struct err *e)
{
	const struct row *table = to->v2 ? rows : rows_v1;
	const size_t n = to->v2 ? ELEMENTS(rows) : ELEMENTS(rows_v1);

	for (size_t i = 0; i < n; i++) {
		const struct row *row = &table[i];
		if (!str_eq(row->file, file) || (row->at_start && !to->starting))
			continue;
		/* Of lists the kernel reads more than systemd can be told. */
		if (!row->add(p, row->property, text, to->dir_fd) && row->add == from_set)
			return err_say(e, EINVAL,
				"%s: systemd can be told of numbers below %d and ranges, not of "
				"'%s'",
				pointer, CPUSET_MAX, text);
	}
	return 0;
}

/* One blank between words and none around them: the kernel reads a file past any white space. */
static void squeeze(char *text)
{
	char *to = text;

	for (const char *p = text; *p; p++) {
		if (!strchr(" \t\r\v\f", *p))
			*to++ = *p;
		else if (to > text && to[-1] != ' ')
			*to++ = ' ';
	}
	if (to > text && to[-1] == ' ')
		to--;
	*to = '\0';
}

static int of_unified(
	struct properties *p, const struct str_pair *pair, const struct target *to, struct err *e)
{
	char pointer[320];
	int r = 0;

	(void)snprintf(pointer, sizeof(pointer), AT_RESOURCES "unified/%s", pair->key);
	for (const char *line = pair->value; r == 0;) {
		const size_t n = strcspn(line, "\n");
		_cleanup_free_ char *text = strndup(line, n);
		if (!text)
			return err_nomem(e);
		squeeze(text);
		r = add_file(p, pointer, pair->key, text, to, e);
		line += n;
		if (*line++ == '\0' || *line == '\0')
			break;
	}
	return r;
}

/* Of two files the one that the cgroup has; before there is one, the first. */
static bool lacks_first(const struct limit_form *form, int dir_fd)
{
	return form->other && dir_fd >= 0 && faccessat(dir_fd, form->file, F_OK, 0) < 0;
}

static int of_row(struct properties *p, const struct limit *row, const struct spec_resources *r,
	const struct target *to, struct err *e)
{
	const struct limit_form *form = to->v2 ? &row->v2 : &row->v1;
	struct limit_line line;
	int ret = 0;

	/* Of v1's two systemd writes both. */
	if (to->v2 && lacks_first(form, to->dir_fd))
		form = form->other;
	for (size_t k = 0; !form->why && k < limit_lines(row, r) && ret >= 0; k++) {
		ret = limit_line(row, form, r, k, to->dir_fd, &line, e);
		if (ret > 0)
			ret = add_file(p, line.pointer, line.file, line.text, to, e);
	}
	return ret < 0 ? ret : 0;
}

int properties_of_others(
	struct properties *p, int dir_fd, const struct spec_resources *r, struct err *e)
{
	const struct target to = { .v2 = true, .starting = false, .dir_fd = dir_fd };
	int ret = 0;

	for (size_t i = 0; i < n_limits && ret == 0; i++)
		if (limit_given(&limits[i], r) && lacks_first(&limits[i].v2, dir_fd))
			ret = of_row(p, &limits[i], r, &to, e);
	return ret < 0 ? ret : p->fields.failed ? err_nomem(e) : 0;
}

int properties_of_limits(struct properties *p, const struct cgroup *cg, const int *fds,
	const struct spec_resources *r, bool starting, struct err *e)
{
	const struct hierarchy *v2 = cgroup_v2(cg);
	int ret = 0;

	for (size_t i = 0; i < n_limits && ret == 0; i++) {
		const struct limit *row = &limits[i];
		const struct hierarchy *h =
			cgroup_v1_of(cg, row->v1_controller ? row->v1_controller : row->controller);
		h = h ? h : v2;
		const struct target to = { h && h->v2, starting, h && fds ? fds[h - cg->h] : -1 };
		if (h)
			ret = of_row(p, row, r, &to, e);
	}
	/* After the others, as their files are written. */
	const struct target to = { true, starting, v2 && fds ? fds[v2 - cg->h] : -1 };
	for (size_t i = 0; v2 && i < r->unified.n && ret == 0; i++)
		ret = of_unified(p, &r->unified.v[i], &to, e);
	return ret < 0 ? ret : p->fields.failed ? err_nomem(e) : 0;
}

/*
 * Of annotations.
 */

/* What the runtime itself says to systemd: another's word would take the container apart. */
static const char *const ours[] = { "Delegate", "DelegateControllers", "PIDs", "PIDFDs", "Slice" };

static int check_name(const char *key, const char *name, struct err *e)
{
	size_t n = 0;

	while ((name[n] >= 'a' && name[n] <= 'z') || (name[n] >= 'A' && name[n] <= 'Z'))
		n++;
	if (n < 3 || n > NAME_LEN_MAX || name[n])
		return err_say(e, EINVAL,
			"/annotations/%s: '%s' is not the name of a property of systemd: ASCII "
			"letters, from 3 to %d",
			key, name, NAME_LEN_MAX);
	for (size_t i = 0; i < ELEMENTS(ours); i++)
		if (str_eq(ours[i], name))
			return err_say(e, EINVAL,
				"/annotations/%s: the runtime sets %s itself, no annotation can",
				key, name);
	return 0;
}

/* systemd.directives(7) has names that end in Sec, of seconds; D-Bus has them in microseconds. */
static bool counts_seconds(const char *name)
{
	const size_t n = strlen(name);

	return n > 3 && str_eq(name + n - 3, "Sec") && name[n - 4] >= 'a' && name[n - 4] <= 'z';
}

static int add_seconds(struct properties *p, const char *key, const char *name,
	const char *signature, const char *number, struct err *e)
{
	char usec[NAME_LEN_MAX + 2];
	char *end;

	const long double seconds = strlen(signature) == 1 && strchr("ynqiuxtd", *signature)
					    ? strtold(number, &end)
					    : -1;
	if (seconds < 0 || seconds * 1000000 >= 18446744073709551615.0L)
		return err_say(e, EINVAL,
			"/annotations/%s: a number of seconds is wanted, from 0 to 18446744073709",
			key);
	(void)snprintf(usec, sizeof(usec), "%.*sUSec", (int)(strlen(name) - 3), name);
	properties_add_u64(p, usec, (uint64_t)(seconds * 1000000));
	return 0;
}

int properties_of_annotations(struct properties *p, const struct pair_list *annotations,
	struct arena *arena, struct err *e)
{
	for (size_t i = 0; i < annotations->n; i++) {
		const char *key = annotations->v[i].key, *signature;
		_cleanup_(strbuf_free) struct strbuf fields = { 0 };
		if (!str_starts(key, PREFIX))
			continue;
		const char *name = key + strlen(PREFIX);
		int r = check_name(key, name, e);
		if (r < 0)
			return r;
		r = variant_parse(annotations->v[i].value, arena, &signature, &fields, e);
		if (r < 0)
			return err_prefix(e, "/annotations/%s", key);
		if (counts_seconds(name)) {
			r = add_seconds(p, key, name, signature, fields.text, e);
			if (r < 0)
				return r;
			continue;
		}
		add_field(p, name);
		add_field(p, signature);
		strbuf_add(&p->fields, fields.text, fields.len);
		p->n++;
	}
	return p->fields.failed ? err_nomem(e) : 0;
}
