/* SPDX-License-Identifier: Apache-2.0 */
/*
 * update.c - hasu update: other limits for a container that lives.
 *
 * Options are only spelled here: they become the text of a resources object, which goes through the
 * same door as a file does, so that one place checks everything.
 */
#include "cmd/cmd.h"

#include "base/fd.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>

enum value_kind {
	VALUE_U64,
	VALUE_I64,
	VALUE_BYTES,
	VALUE_TEXT,
};

/* clang-format off */
#define AT(member) offsetof(struct update_options, member)
static const struct row {
	const char *option;
	size_t at;
	enum value_kind kind;
	const char *object, *member;
} rows[] = { /* those of one object together */
	{ "cpu-period", AT(cpu_period), VALUE_U64, "cpu", "period" },
	{ "cpu-quota", AT(cpu_quota), VALUE_I64, "cpu", "quota" },
	{ "cpu-burst", AT(cpu_burst), VALUE_U64, "cpu", "burst" },
	{ "cpu-share", AT(cpu_share), VALUE_U64, "cpu", "shares" },
	{ "cpu-rt-period", AT(cpu_rt_period), VALUE_U64, "cpu", "realtimePeriod" },
	{ "cpu-rt-runtime", AT(cpu_rt_runtime), VALUE_I64, "cpu", "realtimeRuntime" },
	{ "cpuset-cpus", AT(cpuset_cpus), VALUE_TEXT, "cpu", "cpus" },
	{ "cpuset-mems", AT(cpuset_mems), VALUE_TEXT, "cpu", "mems" },
	{ "cpu-idle", AT(cpu_idle), VALUE_I64, "cpu", "idle" },
	{ "memory", AT(memory), VALUE_BYTES, "memory", "limit" },
	{ "memory-reservation", AT(memory_reservation), VALUE_BYTES, "memory", "reservation" },
	{ "memory-swap", AT(memory_swap), VALUE_BYTES, "memory", "swap" },
	{ "kernel-memory", AT(kernel_memory), VALUE_BYTES, "memory", "kernel" },
	{ "kernel-memory-tcp", AT(kernel_memory_tcp), VALUE_BYTES, "memory", "kernelTCP" },
	{ "pids-limit", AT(pids_limit), VALUE_I64, "pids", "limit" },
	{ "blkio-weight", AT(blkio_weight), VALUE_U64, "blockIO", "weight" },
};
/* clang-format on */

static int load(const struct update_options *o, struct spec **ret, struct err *e);
static int add_schemata(const struct update_options *o, struct spec *spec, struct err *e);
static int load_file(const char *name, struct spec **ret, struct err *e);
static int add_value(struct strbuf *b, const struct row *row, const char *text, struct err *e);

int cmd_update(const struct options *o, struct err *e)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	_cleanup_(spec_freep) struct spec *spec = NULL;
	struct life life;

	int r = life_of(o, &arena, &life, e);
	if (r == 0)
		r = load(&o->update, &spec, e);
	if (r == 0)
		r = add_schemata(&o->update, spec, e);
	return r < 0 ? r : life_update(&life, o->args.v[0], spec, e);
}

/* Beside --resources, too: no file of resources has them. */
static int add_schemata(const struct update_options *o, struct spec *spec, struct err *e)
{
	if (!o->l3_cache_schema && !o->mem_bw_schema)
		return 0;
	struct spec_intel_rdt *rdt = arena_new(&spec->arena, struct spec_intel_rdt);
	if (!rdt)
		return err_nomem(e);
	rdt->l3_cache_schema = o->l3_cache_schema;
	rdt->mem_bw_schema = o->mem_bw_schema;
	spec->linux_.intel_rdt = rdt;
	return spec_check_intel_rdt(rdt, e);
}

static const char *given(const struct update_options *o, const struct row *row)
{
	return *(const char *const *)((const char *)o + row->at);
}

static int load(const struct update_options *o, struct spec **ret, struct err *e)
{
	_cleanup_(strbuf_free) struct strbuf b = { 0 };
	const char *object = NULL;

	if (o->resources) {
		for (size_t i = 0; i < ELEMENTS(rows); i++)
			if (given(o, &rows[i]))
				log_warn("--%s is ignored, since --resources is given",
					rows[i].option);
		return load_file(o->resources, ret, e);
	}
	strbuf_adds(&b, "{");
	for (size_t i = 0; i < ELEMENTS(rows); i++) {
		const char *text = given(o, &rows[i]);
		if (!text)
			continue;
		const bool same = object && str_eq(object, rows[i].object);
		if (!same)
			strbuf_addf(&b, "%s\"%s\":{", object ? "}," : "", rows[i].object);
		object = rows[i].object;
		strbuf_addf(&b, "%s\"%s\":", same ? "," : "", rows[i].member);
		int r = add_value(&b, &rows[i], text, e);
		if (r < 0)
			return r;
	}
	strbuf_adds(&b, object ? "}}" : "}");
	if (b.failed)
		return err_nomem(e);
	return spec_parse_resources(b.text, b.len, "the options of update", ret, e);
}

static int load_file(const char *name, struct spec **ret, struct err *e)
{
	_cleanup_close_ int fd = -1;
	_cleanup_free_ char *text = NULL;
	size_t len;

	if (str_eq(name, "-")) {
		name = "standard input";
		fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	} else {
		fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	}
	if (fd < 0)
		return err_set(e, errno, "opening '%s'", name);
	int r = fd_read_all(fd, SPEC_TEXT_MAX, &text, &len);
	if (r < 0)
		return err_set(e, -r, "reading '%s'", name);
	return spec_parse_resources(text, len, name, ret, e);
}

static int add_value(struct strbuf *b, const struct row *row, const char *text, struct err *e)
{
	int64_t number;
	uint64_t positive;

	switch (row->kind) {
	case VALUE_TEXT:
		strbuf_add_json(b, text);
		return 0;
	case VALUE_U64:
		if (str_to_u64(text, &positive) < 0)
			return err_say(e, EINVAL, "option '--%s': '%s' is not a number from 0",
				row->option, text);
		strbuf_addf(b, "%" PRIu64, positive);
		return 0;
	case VALUE_I64:
		if (str_to_i64(text, &number) < 0)
			return err_say(e, EINVAL, "option '--%s': '%s' is not a number",
				row->option, text);
		break;
	case VALUE_BYTES:
		if (size_parse(text, &number) < 0)
			return err_say(e, EINVAL,
				"option '--%s': '%s' is neither a size such as 512m or 1g nor -1",
				row->option, text);
		break;
	}
	strbuf_addf(b, "%" PRId64, number);
	return 0;
}

/* The unit's power of 1024; -1: none such. As runc takes them: "k", "kb", "kib", "b", "". */
static int unit_power(const char *unit)
{
	static const char letters[] = "bkmgtp";
	const char *at = *unit ? strchr(letters, tolower((unsigned char)*unit)) : letters;

	if (!at)
		return -1;
	if (!*unit || !unit[1])
		return (int)(at - letters);
	if (at == letters || !(strcasecmp(unit + 1, "b") == 0 || strcasecmp(unit + 1, "ib") == 0))
		return -1;
	return (int)(at - letters);
}

int size_parse(const char *text, int64_t *ret)
{
	unsigned __int128 bytes = 0, divisor = 1;
	size_t digits = strspn(text, "0123456789"), places = 0;
	const char *unit = text + digits;

	if (str_eq(text, "-1")) {
		*ret = -1;
		return 0;
	}
	if (*unit == '.') {
		places = strspn(unit + 1, "0123456789");
		unit += 1 + places;
	}
	const int power = unit_power(unit);
	/* Within 128 bits: 23 digits are below 2^77, and a unit adds at most 50. */
	if (digits == 0 || power < 0 || unit[-1] == '.')
		return -EINVAL;
	if (digits > 19 || places > 4)
		return -ERANGE;
	for (const char *p = text; p < unit; p++) {
		if (*p == '.')
			continue;
		bytes = bytes * 10 + (unsigned)(*p - '0');
		divisor *= p > text + digits ? 10 : 1;
	}
	bytes = (bytes << (10 * power)) / divisor;
	if (bytes > INT64_MAX)
		return -ERANGE;
	*ret = (int64_t)bytes;
	return 0;
}
