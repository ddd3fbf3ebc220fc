/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cpus.c - CPUs that linux.resources.cpu.cpus names and the host has not: the kernel refuses a
 * cpuset with one that can never be there, and what is offline it refuses or leaves out.
 */
#include "base/fd.h"
#include "base/path.h"
#include "check/internal.h"
#include "linux/schedule.h"

#include <fcntl.h>
#include <stdio.h>

#define AT_CPUS AT_RESOURCES "/cpu/cpus"
#define POSSIBLE "sys/devices/system/cpu/possible"
#define LIST_FILE_MAX ((size_t)65536) /* bytes */
#define LIST_TEXT 160

#define WORD_BITS (8 * sizeof(unsigned long))

static bool has(const struct cpu_set *set, unsigned cpu)
{
	return set->bits[cpu / WORD_BITS] >> cpu % WORD_BITS & 1;
}

static struct cpu_set minus(const struct cpu_set *a, const struct cpu_set *b)
{
	struct cpu_set set = *a;

	for (size_t i = 0; i < ELEMENTS(set.bits); i++)
		set.bits[i] &= ~b->bits[i];
	return set;
}

static unsigned count(const struct cpu_set *set)
{
	unsigned n = 0;

	for (size_t i = 0; i < ELEMENTS(set->bits); i++)
		n += (unsigned)__builtin_popcountl(set->bits[i]);
	return n;
}

/* "CPU 3", "CPUs 4-7,12"; as nodes_text() has it of nodes. Returns buf. */
static const char *cpus_text(const struct cpu_set *set, char buf[LIST_TEXT])
{
	size_t at = (size_t)snprintf(buf, LIST_TEXT, "CPU%s ", count(set) == 1 ? "" : "s");
	const size_t start = at;
	unsigned lowest = SCHEDULE_CPUS_MAX;

	for (unsigned first = 0, end; first < SCHEDULE_CPUS_MAX; first = end + 1) {
		for (end = first; end < SCHEDULE_CPUS_MAX && has(set, end); end++)
			;
		if (end == first)
			continue;
		lowest = lowest < first ? lowest : first;
		const char *comma = at > start ? "," : "";
		at += (size_t)(end - first == 1
				       ? snprintf(buf + at, LIST_TEXT - at, "%s%u", comma, first)
				       : snprintf(buf + at, LIST_TEXT - at, "%s%u-%u", comma, first,
						 end - 1));
		if (at >= LIST_TEXT) {
			(void)snprintf(buf, LIST_TEXT, "%u CPUs from %u on", count(set), lowest);
			break;
		}
	}
	return buf;
}

static struct cpu_set online_cpus(const struct mpol_host *host)
{
	struct cpu_set all = { 0 }, here;

	for (size_t i = 0; i < host->n_nodes; i++) {
		if (!schedule_cpus(host->nodes[i].cpus, &here))
			continue;
		for (size_t k = 0; k < ELEMENTS(all.bits); k++)
			all.bits[k] |= here.bits[k];
	}
	return all;
}

/* False: the host does not tell, as one that was captured by an older tool. */
static bool possible_cpus(const struct check_host *h, struct cpu_set *ret)
{
	_cleanup_free_ char *text = NULL;
	size_t len;

	_cleanup_close_ int fd =
		h->captured ? path_open_in(h->root_fd, POSSIBLE, O_RDONLY | O_NONBLOCK | O_NOCTTY)
			    : open("/" POSSIBLE, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && fd_read_all(fd, LIST_FILE_MAX, &text, &len) == 0 &&
	       text[strspn(text, "0123456789,-\n")] == '\0' && schedule_cpus(text, ret);
}

/* v1 takes no CPU that the cgroup above lacks, v2 leaves it out, if something is left. */
static int check_above(
	const struct check_place *place, const struct cpu_set *want, struct spec_findings *all)
{
	struct cpu_set allowed, out;
	char bad[LIST_TEXT], have[LIST_TEXT];

	if (str_empty(place->cpus) || !schedule_cpus(place->cpus, &allowed))
		return 0;
	out = minus(want, &allowed);
	if (count(&out) == 0)
		return 0;
	const bool none = count(&out) == count(want);
	if (place->v1 || none)
		return found(all, "check.cpus.outside", MPOL_ERROR, AT_CPUS,
			"%s cannot be used: %s allows %s%s", cpus_text(&out, bad), place->where,
			cpus_text(&allowed, have),
			place->v1 ? ", and a cpuset of cgroup v1 takes no others"
				  : ", and nothing else is asked for");
	return found(all, "check.cpus.narrowed", MPOL_WARNING, AT_CPUS,
		"%s %s left out: %s allows %s", cpus_text(&out, bad),
		count(&out) == 1 ? "is" : "are", place->where, cpus_text(&allowed, have));
}

int check_cpus(const struct check_host *h, const struct check_place *place, const struct spec *spec,
	struct spec_findings *all)
{
	const char *list = spec->linux_.resources.cpu.cpus;
	const struct cpu_set online = online_cpus(&h->host);
	struct cpu_set want, possible, absent = { 0 }, offline;
	char bad[LIST_TEXT], have[LIST_TEXT];
	const char *then = ", and one that can never be there it refuses";
	int r = 0;

	if (str_empty(list) || !schedule_cpus(list, &want))
		return 0;
	offline = minus(&want, &online);
	if (count(&offline) == count(&want))
		return found(all, "check.cpus.absent", MPOL_ERROR, AT_CPUS,
			"none of the CPUs '%.100s' is online on this host", list);
	if (possible_cpus(h, &possible)) {
		absent = minus(&offline, &possible);
		offline = minus(&offline, &absent);
		then = "";
	}
	if (count(&absent))
		r = found(all, "check.cpus.absent", MPOL_ERROR, AT_CPUS,
			"%s %s not exist: this host has %s, and the kernel refuses the list",
			cpus_text(&absent, bad), count(&absent) == 1 ? "does" : "do",
			cpus_text(&possible, have));
	if (r == 0 && count(&offline))
		r = found(all, "check.cpus.offline", place->v1 ? MPOL_ERROR : MPOL_WARNING, AT_CPUS,
			"%s %s not online: a cpuset of cgroup %s%s", cpus_text(&offline, bad),
			count(&offline) == 1 ? "is" : "are",
			place->v1 ? "v1 takes no others" : "v2 leaves out a CPU that is offline",
			place->v1 ? "" : then);
	want = minus(&want, &absent);
	want = minus(&want, &offline);
	return r == 0 ? check_above(place, &want, all) : r;
}
