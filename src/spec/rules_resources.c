/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules_resources.c - the rules of linux.resources, in a config and in an update.
 *
 * Whether this host's cgroups can do what is asked is the business of src/cgroup.
 */
#include "spec/internal.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#define WEIGHT_MIN 10
#define WEIGHT_MAX 1000
#define QUOTA_MIN_US 1000
#define PERIOD_MAX_US 1000000
#define DEVICES_COMPARED 256 /* of a list that may be as long as the config */
#define PAGE_SIZES_MAX 64    /* each is a power of two */
#define CPUS_MAX 8192u       /* CONFIG_NR_CPUS goes no further */

/* A number of a list, and white space behind it. Returns what follows, or NULL: no number. */
static const char *list_number(const char *s, uint64_t *ret)
{
	uint64_t v = 0;

	if (!isdigit((unsigned char)*s))
		return NULL;
	for (; isdigit((unsigned char)*s); s++) {
		if (v < UINT32_MAX)
			v = v * 10 + (uint64_t)(*s - '0');
	}
	*ret = v;
	return s + strspn(s, " \t\n");
}

/* N or N-M, separated by commas, as cpuset(7) has it without strides. */
static int check_list(
	const char *list, uint64_t max, const char *what, const char *at, struct load *load)
{
	const char *s = list;
	uint64_t first, last;

	for (;;) {
		s += strspn(s, " \t\n,");
		if (!*s)
			return 0;
		s = list_number(s, &first);
		if (!s)
			break;
		last = first;
		if (*s == '-')
			s = list_number(s + 1 + strspn(s + 1, " \t\n"), &last);
		if (!s || (*s && *s != ','))
			break;
		REFUSE_IF(load, first > last, "spec.list.syntax",
			"%s: range %" PRIu64 "-%" PRIu64 " runs backwards", at, first, last);
		REFUSE_IF(load, last >= max, "spec.list.range",
			"%s: '%s' goes past the last possible %s, %" PRIu64, at, shown(list).text,
			what, max - 1);
	}
	return load_broken(load, "spec.list.syntax", "%s: '%s' is not a list such as 0-3,7", at,
		shown(list).text);
}

int rules_check_cpus(const char *list, const char *at, struct load *load)
{
	return list ? check_list(list, CPUS_MAX, "CPU", at, load) : 0;
}

/* tg_set_cfs_bandwidth() and tg_set_rt_bandwidth() of kernel/sched. 0 is none, as engines send it. */
static int check_bandwidth(const struct spec_cpu *cpu, const char *at, struct load *load)
{
	REFUSE_IF(load,
		cpu->period.set && cpu->period.v != 0 &&
			(cpu->period.v < QUOTA_MIN_US || cpu->period.v > PERIOD_MAX_US),
		"spec.range", "%s/cpu/period: %" PRIu64 " is out of range %d to %d microseconds",
		at, cpu->period.v, QUOTA_MIN_US, PERIOD_MAX_US);
	REFUSE_IF(load, cpu->quota.set && cpu->quota.v > 0 && cpu->quota.v < QUOTA_MIN_US,
		"spec.range",
		"%s/cpu/quota: %" PRId64 " is below %d microseconds, the least that Linux gives",
		at, cpu->quota.v, QUOTA_MIN_US);
	REFUSE_IF(load,
		cpu->realtime_runtime.set && cpu->realtime_runtime.v > 0 &&
			cpu->realtime_period.set && cpu->realtime_period.v != 0 &&
			(uint64_t)cpu->realtime_runtime.v > cpu->realtime_period.v,
		"spec.cpu.realtime",
		"%s/cpu/realtimeRuntime: %" PRId64 " is above realtimePeriod, %" PRIu64, at,
		cpu->realtime_runtime.v, cpu->realtime_period.v);
	return 0;
}

static int check_cpu(const struct spec_cpu *cpu, const char *at, bool whole, struct load *load)
{
	char pointer[64];
	int r;

	(void)snprintf(pointer, sizeof(pointer), "%s/cpu/cpus", at);
	r = rules_check_cpus(cpu->cpus, pointer, load);
	(void)snprintf(pointer, sizeof(pointer), "%s/cpu/mems", at);
	if (r == 0 && cpu->mems)
		r = check_list(cpu->mems, MPOL_NODES_MAX, "node", pointer, load);
	if (r < 0)
		return r;
	REFUSE_IF(load,
		cpu->quota.set && cpu->quota.v > 0 && cpu->burst.set &&
			cpu->burst.v > (uint64_t)cpu->quota.v,
		"spec.cpu.burst", "%s/cpu/burst: %" PRIu64 " is above the quota %" PRId64, at,
		cpu->burst.v, cpu->quota.v);
	/* An update may rely on the quota that is there. */
	if (whole && cpu->burst.set && cpu->burst.v > 0 && !(cpu->quota.set && cpu->quota.v > 0) &&
		(r = load_warn(load, "spec.cpu.unlimited",
			 "%s/cpu/burst: changes nothing without a quota", at)) < 0)
		return r;
	return check_bandwidth(cpu, at, load);
}

static int check_memory(struct spec *spec, const char *at, bool whole, struct load *load)
{
	const struct spec_memory *m = &spec->linux_.resources.memory;

	/* Memory and swap together: less than memory alone makes no sense to any kernel. */
	REFUSE_IF(load, m->swap.set && m->swap.v > 0 && m->limit.set && m->limit.v > m->swap.v,
		"spec.memory.swap",
		"%s/memory/swap: %" PRId64 " is below the memory limit %" PRId64
		": it counts memory and swap together",
		at, m->swap.v, m->limit.v);
	/* An update may rely on the limit that is there. */
	REFUSE_IF(load, whole && m->swap.set && m->swap.v > 0 && (!m->limit.set || m->limit.v <= 0),
		"spec.memory.swap",
		"%s/memory/swap: needs a memory limit: it counts memory and swap together", at);
	/* Linux 5.11 and later always account hierarchically. */
	REFUSE_IF(load, m->use_hierarchy.set && !m->use_hierarchy.v, "spec.memory.hierarchy",
		"%s/memory/useHierarchy: memory is always accounted hierarchically", at);
	if (m->reservation.set && m->limit.set && m->limit.v > 0 && m->reservation.v > m->limit.v) {
		int r = load_warn(load, "spec.memory.reservation",
			"%s/memory/reservation: %" PRId64 " is above the memory limit %" PRId64
			", which is reached first",
			at, m->reservation.v, m->limit.v);
		if (r < 0)
			return r;
	}
	/* May be ignored (config-linux.md, Memory); the kernel has done so since 5.4. */
	if (m->kernel.set && m->kernel.v != -1)
		return load_warn(load, "spec.memory.kernel",
			"%s/memory/kernel: is ignored: Linux has no limit of kernel memory any "
			"more",
			at);
	return 0;
}

/* config-linux.md, Block IO. 0 is what engines written in Go send for none. */
static int check_weight(
	const struct opt_u64 *weight, const char *at, const char *field, struct load *load)
{
	REFUSE_IF(load,
		weight->set && weight->v != 0 && (weight->v < WEIGHT_MIN || weight->v > WEIGHT_MAX),
		"spec.range", "%s/%s: %" PRIu64 " is out of range %d to %d", at, field, weight->v,
		WEIGHT_MIN, WEIGHT_MAX);
	return 0;
}

static int check_weights(const struct spec_resources *res, const char *at, struct load *load)
{
	char pointer[96];

	(void)snprintf(pointer, sizeof(pointer), "%s/blockIO", at);
	int r = check_weight(&res->block_io.weight, pointer, "weight", load);
	if (r == 0)
		r = check_weight(&res->block_io.leaf_weight, pointer, "leafWeight", load);
	for (size_t i = 0; r == 0 && i < res->block_io.weight_device.n; i++) {
		const struct spec_block_device *d = &res->block_io.weight_device.v[i];

		(void)snprintf(pointer, sizeof(pointer), "%s/blockIO/weightDevice/%zu", at, i);
		r = check_weight(&d->weight, pointer, "weight", load);
		if (r == 0)
			r = check_weight(&d->leaf_weight, pointer, "leafWeight", load);
	}
	return r;
}

/* Saying the same twice contradicts nothing, and engines that merge lists do. */
static bool same_number(const struct opt_u64 *a, const struct opt_u64 *b)
{
	return a->set == b->set && a->v == b->v;
}

static bool same_block(const struct spec_block_device *a, const struct spec_block_device *b)
{
	return same_number(&a->rate, &b->rate) && same_number(&a->weight, &b->weight) &&
	       same_number(&a->leaf_weight, &b->leaf_weight);
}

/* One line holds each: the last would win, and be other than one of them says. */
static int check_block_lists(const struct spec_resources *res, const char *at, struct load *load)
{
	const struct {
		const char *name;
		const struct spec_block_devices *list;
	} lists[] = {
		{ "weightDevice", &res->block_io.weight_device },
		{ "throttleReadBpsDevice", &res->block_io.throttle_read_bps },
		{ "throttleWriteBpsDevice", &res->block_io.throttle_write_bps },
		{ "throttleReadIOPSDevice", &res->block_io.throttle_read_iops },
		{ "throttleWriteIOPSDevice", &res->block_io.throttle_write_iops },
	};

	for (size_t l = 0; l < ELEMENTS(lists); l++) {
		const struct spec_block_device *v = lists[l].list->v;

		for (size_t i = 0; i < lists[l].list->n; i++)
			for (size_t k = 0; k < i && k < DEVICES_COMPARED; k++)
				REFUSE_IF(load,
					v[i].major == v[k].major && v[i].minor == v[k].minor &&
						!same_block(&v[i], &v[k]),
					"spec.block.twice",
					"%s/blockIO/%s/%zu: device %" PRId64 ":%" PRId64
					" is limited twice, see %s/%zu",
					at, lists[l].name, i, v[i].major, v[i].minor, lists[l].name,
					k);
	}
	return 0;
}

/* The same for network devices. */
static int check_priorities(const struct spec_resources *res, const char *at, struct load *load)
{
	const struct spec_network_priority *v = res->network_priorities;

	for (size_t i = 0; i < res->n_network_priorities; i++)
		for (size_t k = 0; k < i && k < DEVICES_COMPARED; k++)
			REFUSE_IF(load, v[i].name && v[k].name && str_eq(v[i].name, v[k].name),
				"spec.priority.twice",
				"%s/network/priorities/%zu/name: '%s' has a priority already, see "
				"priorities/%zu",
				at, i, shown(v[i].name).text, k);
	return 0;
}

/* "2MB": a number without leading zero, a prefix, B. */
static bool page_size(const char *s)
{
	size_t digits = strspn(s, "0123456789");

	return digits > 0 && s[0] != '0' && s[digits] && strchr("KMG", s[digits]) &&
	       str_eq(s + digits + 1, "B");
}

/* A key is the name of a file in the cgroup's directory. */
static bool file_name(const char *s)
{
	return *s && !strchr(s, '/') && !str_eq(s, ".") && !str_eq(s, "..");
}

/* The field that is written to the same file of cgroup v2, if it is given; NULL: none. */
static const char *same_file(const struct spec_resources *res, const char *file)
{
	const struct {
		const char *file, *field;
		bool given;
	} fields[] = {
		{ "memory.max", "memory/limit", res->memory.limit.set },
		{ "memory.swap.max", "memory/swap", res->memory.swap.set },
		{ "memory.low", "memory/reservation", res->memory.reservation.set },
		{ "pids.max", "pids/limit", res->pids_limit.set },
		{ "cpu.weight", "cpu/shares", res->cpu.shares.set },
		{ "cpu.idle", "cpu/idle", res->cpu.idle.set },
		{ "cpu.max", "cpu/quota", res->cpu.quota.set },
		{ "cpu.max", "cpu/period", res->cpu.period.set },
		{ "cpu.max.burst", "cpu/burst", res->cpu.burst.set },
		{ "cpuset.cpus", "cpu/cpus", res->cpu.cpus != NULL },
		{ "cpuset.mems", "cpu/mems", res->cpu.mems != NULL },
	};

	for (size_t i = 0; i < ELEMENTS(fields); i++)
		if (fields[i].given && str_eq(fields[i].file, file))
			return fields[i].field;
	return NULL;
}

static int check_unified(const struct spec_resources *res, const struct str_pair *pair,
	const char *at, struct load *load)
{
	REFUSE_IF(load, !file_name(pair->key), "spec.unified.name",
		"%s/unified: '%s' is not the name of a cgroup file", at, shown(pair->key).text);

	/* The specification does not say which of both holds; peers write `unified` last, too. */
	const char *field = same_file(res, pair->key);
	if (!field)
		return 0;
	return load_warn(load, "spec.unified.twice",
		"%s/unified/%s: '%s' is written after %s, and takes its place", at, pair->key,
		shown(pair->value).text, field);
}

int rules_check_resources(struct spec *spec, const char *at, bool whole, struct load *load)
{
	const struct spec_resources *res = &spec->linux_.resources;
	int r;

	r = check_cpu(&res->cpu, at, whole, load);
	if (r == 0)
		r = check_memory(spec, at, whole, load);
	if (r == 0)
		r = check_weights(res, at, load);
	if (r == 0)
		r = check_block_lists(res, at, load);
	if (r == 0)
		r = check_priorities(res, at, load);
	REFUSE_IF(load, res->n_hugepage_limits > PAGE_SIZES_MAX, "spec.count",
		"%s/hugepageLimits: %zu limits: there are no more than %d sizes of pages", at,
		res->n_hugepage_limits, PAGE_SIZES_MAX);
	for (size_t i = 0; r == 0 && i < res->n_hugepage_limits; i++) {
		const char *size = res->hugepage_limits[i].page_size;

		REFUSE_IF(load, size && !page_size(size), "spec.hugepage.size",
			"%s/hugepageLimits/%zu/pageSize: '%s' is not a size such as 2MB", at, i,
			shown(size).text);
		/* One file holds them: the last would win, and be other than one of them says. */
		for (size_t k = 0; size && k < i && k < PAGE_SIZES_MAX; k++)
			REFUSE_IF(load,
				res->hugepage_limits[k].page_size &&
					str_eq(res->hugepage_limits[k].page_size, size),
				"spec.hugepage.twice",
				"%s/hugepageLimits/%zu/pageSize: '%s' is limited twice, see "
				"hugepageLimits/%zu",
				at, i, size, k);
	}
	for (size_t i = 0; r == 0 && i < res->unified.n; i++)
		r = check_unified(res, &res->unified.v[i], at, load);
	return r;
}
