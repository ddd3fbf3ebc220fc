/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Classes and monitoring groups, in a directory that looks as resctrl does on a machine with two
 * caches. No emulator has such CPUs. What the kernel puts into a new group is put there by the test,
 * between the steps.
 */
#include "parsed.h"

#include "base/fd.h"
#include "linux/rdt.h"
#include "linux/rdt_stats.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <json-c/json.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#define ROOT_SCHEMATA "    MB:0=100;1=100\n    L3:0=7ff;1=7ff\n"

struct fake {
	char path[64];
	int fd;
	struct err err;
};

static void put(const struct fake *f, const char *path, const char *text)
{
	char part[128];

	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		(void)snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
		(void)mkdirat(f->fd, part, 0755);
	}
	int fd = openat(f->fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
}

static void holds(const struct fake *f, const char *path, const char *want)
{
	char *text = NULL;

	assert_int_equal(fd_read_file(f->fd, path, 4096, &text, NULL), 0);
	assert_string_equal(text, want);
	free(text);
}

static bool there(const struct fake *f, const char *path)
{
	return faccessat(f->fd, path, F_OK, 0) == 0;
}

/* As mkdir(2) in resctrl does; files of a plain directory would be in the way of rmdir(2). */
static void fill_class(const struct fake *f, const char *class)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/tasks", class);
	put(f, path, "");
	(void)snprintf(path, sizeof(path), "%s/schemata", class);
	put(f, path, ROOT_SCHEMATA);
	(void)snprintf(path, sizeof(path), "%s/mon_groups", class);
	assert_int_equal(mkdirat(f->fd, path, 0755), 0);
}

static void empty_class(const struct fake *f, const char *class)
{
	static const char *const files[] = { "tasks", "schemata", "mon_groups" };
	char path[128];

	for (size_t i = 0; i < ELEMENTS(files); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", class, files[i]);
		assert_int_equal(
			unlinkat(f->fd, path, str_eq(files[i], "mon_groups") ? AT_REMOVEDIR : 0),
			0);
	}
}

static int setup(void **state)
{
	struct fake *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	(void)snprintf(f->path, sizeof(f->path), "/tmp/hasu-test-rdt-XXXXXX");
	assert_non_null(mkdtemp(f->path));
	f->fd = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(f->fd >= 0);
	put(f, "info/last_cmd_status", "ok\n");
	put(f, "tasks", "");
	put(f, "schemata", ROOT_SCHEMATA);
	assert_int_equal(mkdirat(f->fd, "mon_groups", 0755), 0);
	*state = f;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static int teardown(void **state)
{
	struct fake *f = *state;

	(void)close(f->fd);
	assert_int_equal(nftw(f->path, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
	free(f);
	return 0;
}

static void ok(const struct fake *f, int r)
{
	if (r < 0)
		fail_msg("%s", f->err.text);
}

static void refused(const struct fake *f, int r, int num, const char *want)
{
	assert_int_equal(r, -num);
	assert_string_equal(f->err.text, want);
}

static void caches_then_bandwidth_then_schemata_are_written(void **state)
{
	struct fake *f = *state;
	struct rdt r = { .root = f->path, .class = "c1", .id = "c1", .own = true };
	char cache[] = "L2:0=f", bandwidth[] = "MB:0=30";
	char *lines[] = { cache, bandwidth, NULL };
	const struct spec_intel_rdt spec = { .l3_cache_schema = "L3:0=7f0",
		.mem_bw_schema = "MB:0=20",
		.schemata = { .n = 2, .v = lines } };

	ok(f, rdt_make(&r, f->fd, &spec, &f->err));
	assert_true(r.made);
	fill_class(f, "c1");
	put(f, "c1/schemata", "");
	ok(f, rdt_limit(&r, f->fd, &spec, &f->err));
	holds(f, "c1/schemata", "L3:0=7f0\nMB:0=20\nL2:0=f\nMB:0=30\n");
	ok(f, rdt_monitor(&r, f->fd, &spec, &f->err));
	assert_false(r.monitored);
	ok(f, rdt_add(&r, f->fd, 4711, &f->err));
	holds(f, "c1/tasks", "4711");
	holds(f, "tasks", "");
	empty_class(f, "c1");
	ok(f, rdt_remove(&r, f->fd, false, &f->err));
	assert_false(there(f, "c1"));
	ok(f, rdt_remove(&r, f->fd, false, &f->err));
}

static void without_schemata_none_are_written(void **state)
{
	struct fake *f = *state;
	struct rdt r = { .root = f->path, .class = "c1", .id = "c1", .own = true };
	const struct spec_intel_rdt spec = { 0 };

	ok(f, rdt_make(&r, f->fd, &spec, &f->err));
	fill_class(f, "c1");
	ok(f, rdt_limit(&r, f->fd, &spec, &f->err));
	holds(f, "c1/schemata", ROOT_SCHEMATA);
}

static void a_class_with_the_containers_id_that_is_not_its_own_is_refused(void **state)
{
	struct fake *f = *state;
	struct rdt r = { .root = f->path, .class = "c1", .id = "c1", .own = true, .made = true };
	const struct spec_intel_rdt spec = { 0 };
	char want[256];

	assert_int_equal(mkdirat(f->fd, "c1", 0755), 0);
	(void)snprintf(want, sizeof(want),
		"/linux/intelRdt: 'c1' exists in '%s' already, and is not this container's; closID "
		"names a class to share",
		f->path);
	refused(f, rdt_make(&r, f->fd, &spec, &f->err), EEXIST, want);
	assert_false(r.made);
	/* Undoing leaves it alone. */
	ok(f, rdt_remove(&r, f->fd, true, &f->err));
	assert_true(there(f, "c1"));
}

static void a_named_class_that_is_missing_is_made_and_stays(void **state)
{
	struct fake *f = *state;
	struct rdt r = { .root = f->path, .class = "gold", .id = "c1" };
	const struct spec_intel_rdt spec = { .clos_id = "gold", .mem_bw_schema = "MB:0=20" };

	ok(f, rdt_make(&r, f->fd, &spec, &f->err));
	assert_true(r.made);
	fill_class(f, "gold");
	put(f, "gold/schemata", "");
	ok(f, rdt_limit(&r, f->fd, &spec, &f->err));
	holds(f, "gold/schemata", "MB:0=20\n");
	empty_class(f, "gold");
	ok(f, rdt_remove(&r, f->fd, false, &f->err));
	assert_true(there(f, "gold"));
	/* But not where the create failed. */
	ok(f, rdt_remove(&r, f->fd, true, &f->err));
	assert_false(there(f, "gold"));
}

static void a_named_class_that_is_missing_needs_schemata(void **state)
{
	struct fake *f = *state;
	struct rdt r = { .root = f->path, .class = "gold", .id = "c1" };
	const struct spec_intel_rdt spec = { .clos_id = "gold", .enable_monitoring = true };

	refused(f, rdt_make(&r, f->fd, &spec, &f->err), ENOENT,
		"/linux/intelRdt/closID: class 'gold' does not exist, and no schemata are given to "
		"make it with");
	assert_false(there(f, "gold"));
}

static void a_named_class_that_is_there_is_joined_and_not_written_to(void **state)
{
	struct fake *f = *state;
	struct rdt r = { .root = f->path, .class = "gold", .id = "c1" };
	const struct spec_intel_rdt spec = { .clos_id = "gold" };

	fill_class(f, "gold");
	ok(f, rdt_make(&r, f->fd, &spec, &f->err));
	assert_false(r.made);
	ok(f, rdt_limit(&r, f->fd, &spec, &f->err));
	holds(f, "gold/schemata", ROOT_SCHEMATA);
	ok(f, rdt_add(&r, f->fd, 12, &f->err));
	holds(f, "gold/tasks", "12");
	ok(f, rdt_remove(&r, f->fd, true, &f->err));
	assert_true(there(f, "gold/tasks"));
}

static void the_default_class_is_the_root(void **state)
{
	struct fake *f = *state;
	struct rdt r = { .root = f->path, .class = "", .id = "c1" };
	const struct spec_intel_rdt spec = { .clos_id = "/", .enable_monitoring = true };

	ok(f, rdt_make(&r, f->fd, &spec, &f->err));
	ok(f, rdt_limit(&r, f->fd, &spec, &f->err));
	ok(f, rdt_monitor(&r, f->fd, &spec, &f->err));
	assert_true(there(f, "mon_groups/c1"));
	put(f, "mon_groups/c1/tasks", "");
	ok(f, rdt_add(&r, f->fd, 99, &f->err));
	holds(f, "tasks", "99");
	holds(f, "mon_groups/c1/tasks", "99");
	holds(f, "schemata", ROOT_SCHEMATA);
	assert_int_equal(unlinkat(f->fd, "mon_groups/c1/tasks", 0), 0);
	ok(f, rdt_remove(&r, f->fd, true, &f->err));
	assert_false(there(f, "mon_groups/c1"));
	assert_true(there(f, "schemata"));
}

static void a_monitoring_group_of_another_is_refused(void **state)
{
	struct fake *f = *state;
	struct rdt r = { .root = f->path, .class = "", .id = "c1", .monitored = true };
	const struct spec_intel_rdt spec = { .clos_id = "/", .enable_monitoring = true };

	put(f, "mon_groups/c1/tasks", "");
	put(f, "info/last_cmd_status", "Out of RMIDs\n");
	refused(f, rdt_monitor(&r, f->fd, &spec, &f->err), EEXIST,
		"/linux/intelRdt/enableMonitoring: making monitoring group 'c1' of the default "
		"class (Out of RMIDs): file exists");
	assert_false(r.monitored);
	ok(f, rdt_remove(&r, f->fd, true, &f->err));
	assert_true(there(f, "mon_groups/c1"));
}

static void a_host_that_cannot_monitor_is_told_of(void **state)
{
	struct fake *f = *state;
	struct rdt r = { .root = f->path, .class = "", .id = "c1" };
	const struct spec_intel_rdt spec = { .clos_id = "/", .enable_monitoring = true };

	assert_int_equal(unlinkat(f->fd, "mon_groups", AT_REMOVEDIR), 0);
	refused(f, rdt_monitor(&r, f->fd, &spec, &f->err), ENOTSUP,
		"/linux/intelRdt/enableMonitoring: this host's CPUs cannot monitor caches or "
		"memory "
		"bandwidth");
}

/* A class that exists with "MB:0=100;1=100" and "L3:0=7ff;1=7ff". */
static const struct compare_row {
	const char *name, *l3, *mb, *line, *want; /* want NULL: it is the same */
} compare_rows[] = {
	{ "the same caches", "L3:0=7ff;1=7ff", NULL, NULL, NULL },
	{ "the same caches the other way round", "L3:1=7ff;0=7ff", NULL, NULL, NULL },
	{ "a mask with leading zeros and capitals", "L3:0=007FF", NULL, NULL, NULL },
	{ "one cache of two", "L3:1=7ff", NULL, NULL, NULL },
	{ "the same bandwidth", NULL, "MB:0=100", NULL, NULL },
	{ "all of them", "L3:0=7ff", "MB:1=100", "L3:1=7ff", NULL },
	{ "another mask", "L3:0=7f", NULL, NULL,
		"/linux/intelRdt/l3CacheSchema: class 'gold' exists with 'L3:0=7ff;1=7ff', which "
		"is not 'L3:0=7f'" },
	{ "another mask of the second cache", "L3:0=7ff;1=1", NULL, NULL,
		"/linux/intelRdt/l3CacheSchema: class 'gold' exists with 'L3:0=7ff;1=7ff', which "
		"is not 'L3:0=7ff;1=1'" },
	{ "a bandwidth is decimal", NULL, "MB:0=0x64", NULL,
		"/linux/intelRdt/memBwSchema: class 'gold' exists with 'MB:0=100;1=100', which is "
		"not 'MB:0=0x64'" },
	{ "a cache that is not there", "L3:2=7ff", NULL, NULL,
		"/linux/intelRdt/l3CacheSchema: class 'gold' exists with 'L3:0=7ff;1=7ff', which "
		"is not 'L3:2=7ff'" },
	{ "a cache with a number that begins alike", "L3:00=7ff", NULL, NULL,
		"/linux/intelRdt/l3CacheSchema: class 'gold' exists with 'L3:0=7ff;1=7ff', which "
		"is not 'L3:00=7ff'" },
	{ "a resource that is not there", NULL, NULL, "L2:0=f",
		"/linux/intelRdt/schemata/0: class 'gold' exists and has nothing of 'L2'" },
	{ "a resource with a name that begins alike", NULL, NULL, "L:0=7ff",
		"/linux/intelRdt/schemata/0: class 'gold' exists and has nothing of 'L'" },
	{ "no colon", NULL, NULL, "L3",
		"/linux/intelRdt/schemata/0: class 'gold' exists with 'L3:0=7ff;1=7ff', which is "
		"not 'L3'" },
	{ "nothing behind the colon", NULL, NULL, "L3:",
		"/linux/intelRdt/schemata/0: class 'gold' exists with 'L3:0=7ff;1=7ff', which is "
		"not 'L3:'" },
	{ "no value", NULL, NULL, "L3:0",
		"/linux/intelRdt/schemata/0: class 'gold' exists with 'L3:0=7ff;1=7ff', which is "
		"not 'L3:0'" },
	{ "an empty value", NULL, NULL, "L3:0=",
		"/linux/intelRdt/schemata/0: class 'gold' exists with 'L3:0=7ff;1=7ff', which is "
		"not 'L3:0='" },
	{ "an empty line", NULL, NULL, "",
		"/linux/intelRdt/schemata/0: class 'gold' exists and has nothing of ''" },
};

static void a_class_that_is_there_must_have_the_same_schemata(void **state)
{
	struct fake *f = *state;
	struct rdt r = { .root = f->path, .class = "gold", .id = "c1" };

	fill_class(f, "gold");
	for (size_t i = 0; i < ELEMENTS(compare_rows); i++) {
		const struct compare_row *row = &compare_rows[i];
		char *lines[] = { (char *)row->line, NULL };
		const struct spec_intel_rdt spec = { .clos_id = "gold",
			.l3_cache_schema = row->l3,
			.mem_bw_schema = row->mb,
			.schemata = { .n = row->line ? 1 : 0, .v = lines } };

		print_message("  %s\n", row->name);
		ok(f, rdt_make(&r, f->fd, &spec, &f->err));
		assert_false(r.made);
		if (row->want)
			refused(f, rdt_limit(&r, f->fd, &spec, &f->err), EINVAL, row->want);
		else
			ok(f, rdt_limit(&r, f->fd, &spec, &f->err));
		holds(f, "gold/schemata", ROOT_SCHEMATA);
	}
}

static void schemata_that_the_kernel_could_not_take_whole_are_refused(void **state)
{
	struct fake *f = *state;
	struct rdt r = { .root = f->path, .class = "c1", .id = "c1", .own = true };
	char long_line[5000], *lines[] = { long_line, NULL };
	const struct spec_intel_rdt spec = { .schemata = { .n = 1, .v = lines } };

	memset(long_line, '0', sizeof(long_line) - 1);
	long_line[sizeof(long_line) - 1] = '\0';
	ok(f, rdt_make(&r, f->fd, &spec, &f->err));
	fill_class(f, "c1");
	refused(f, rdt_limit(&r, f->fd, &spec, &f->err), E2BIG,
		"/linux/intelRdt: the schemata are longer than 4095 bytes together");
	holds(f, "c1/schemata", ROOT_SCHEMATA);
}

static void the_kernels_own_words_are_passed_on(void **state)
{
	struct fake *f = *state;
	struct rdt r = { .root = f->path, .class = "gone", .id = "c1", .made = true };
	const struct spec_intel_rdt spec = { .l3_cache_schema = "L9:0=1" };

	put(f, "info/last_cmd_status", "Unknown or unsupported resource name 'L9'\n");
	assert_int_equal(mkdirat(f->fd, "gone", 0755), 0);
	refused(f, rdt_limit(&r, f->fd, &spec, &f->err), ENOENT,
		"/linux/intelRdt: writing the schemata of class 'gone' (Unknown or unsupported "
		"resource name 'L9'): no such file or directory");
}

static void an_update_can_be_taken_back(void **state)
{
	struct fake *f = *state;
	const struct rdt r = { .root = f->path, .class = "c1", .id = "c1", .own = true };
	char *before = NULL;

	fill_class(f, "c1");
	ok(f, rdt_update(&r, f->fd, "L3:0=1", "MB:0=10", &before, &f->err));
	assert_string_equal(before, ROOT_SCHEMATA);
	assert_int_equal(rdt_restore(&r, f->fd, before), 0);
	holds(f, "c1/schemata", ROOT_SCHEMATA);
	free(before);
}

static void the_state_is_read_back_and_not_trusted(void **state)
{
	static const struct {
		const char *json, *want; /* want NULL: fine */
	} rows[] = {
		{ "{\"root\":\"/r\",\"class\":\"a\",\"own\":true,\"made\":true,\"monitored\":true}",
			NULL },
		{ "{\"root\":\"/r\",\"class\":\"\",\"own\":false,\"made\":false,\"monitored\":"
		  "false}",
			NULL },
		{ "{\"root\":\"/r\",\"class\":\"a/b\",\"own\":true,\"made\":true,\"monitored\":"
		  "true}",
			"rdt.class" },
		{ "{\"root\":\"/"
		  "r\",\"class\":\"..\",\"own\":true,\"made\":true,\"monitored\":true}",
			"rdt.class" },
		{ "{\"root\":\"r\",\"class\":\"a\",\"own\":true,\"made\":true,\"monitored\":true}",
			"rdt.class" },
		{ "{\"root\":7,\"class\":\"a\",\"own\":true,\"made\":true,\"monitored\":true}",
			"rdt.root" },
		{ "{\"root\":\"/r\",\"class\":\"a\",\"own\":1,\"made\":true,\"monitored\":true}",
			"rdt.own" },
		{ "{\"root\":\"/r\",\"class\":\"a\",\"own\":true,\"made\":true}", "rdt.monitored" },
	};
	struct fake *f = *state;

	for (size_t i = 0; i < ELEMENTS(rows); i++) {
		struct json_object *json = json_tokener_parse(rows[i].json);
		struct arena arena = { 0 };
		struct rdt *r = NULL;
		char want[128];

		assert_non_null(json);
		int ret = rdt_from_json(parsed(rows[i].json, &arena), "id", &arena, &r, &f->err);
		if (rows[i].want) {
			(void)snprintf(
				want, sizeof(want), "the saved state is damaged: %s", rows[i].want);
			refused(f, ret, EBADMSG, want);
		} else {
			ok(f, ret);
			struct strbuf b = { 0 };
			struct json_writer w = { .b = &b, .saved = true };
			rdt_write(&w, NULL, r);
			struct json_object *again = json_tokener_parse(b.text);
			assert_true(json_object_equal(json, again));
			json_object_put(again);
			strbuf_free(&b);
		}
		json_object_put(json);
		arena_free(&arena);
	}
}

static void what_the_cpus_count_is_shown_as_runc_shows_it(void **state)
{
	struct fake *f = *state;
	const struct rdt r = { .root = f->path, .class = "gold", .id = "c1", .monitored = true };
	struct strbuf b = { 0 };
	struct json_writer w = { .b = &b, .line = true };

	fill_class(f, "gold");
	put(f, "gold/schemata", "    MB:0=20;1=70\n    L3:0=7f0;1=1f\n");
	put(f, "info/L3/cbm_mask", "7ff\n");
	put(f, "info/L3/min_cbm_bits", "1\n");
	put(f, "info/L3/num_closids", "16\n");
	put(f, "info/MB/bandwidth_gran", "10\n");
	put(f, "info/MB/delay_linear", "1\n");
	put(f, "info/MB/min_bandwidth", "10\n");
	put(f, "info/MB/num_closids", "8\n");
	put(f, "info/L3_MON/mon_features", "llc_occupancy\nmbm_total_bytes\nmbm_local_bytes\n");
	put(f, "gold/mon_groups/c1/mon_data/mon_L3_00/mbm_total_bytes", "1000\n");
	put(f, "gold/mon_groups/c1/mon_data/mon_L3_00/mbm_local_bytes", "600\n");
	put(f, "gold/mon_groups/c1/mon_data/mon_L3_00/llc_occupancy", "4096\n");
	put(f, "gold/mon_groups/c1/mon_data/mon_L3_01/mbm_total_bytes", "18446744073709551615\n");
	put(f, "gold/mon_groups/c1/mon_data/mon_L3_01/mbm_local_bytes", "Unavailable\n");
	put(f, "gold/mon_groups/c1/mon_data/mon_L3_01/llc_occupancy", "0\n");
	jw_object(&w, NULL);
	rdt_stats(&r, f->fd, &w);
	jw_object_end(&w);
	assert_string_equal(b.text,
		"{\"l3_cache_info\":{\"cbm_mask\":\"7ff\",\"min_cbm_bits\":1,\"num_closids\":16},"
		"\"l3_cache_schema_root\":\"L3:0=7ff;1=7ff\",\"l3_cache_schema\":\"L3:0=7f0;1=1f\","
		"\"mem_bw_info\":{\"bandwidth_gran\":10,\"delay_linear\":1,\"min_bandwidth\":10,"
		"\"num_closids\":8},\"mem_bw_schema_root\":\"MB:0=100;1=100\","
		"\"mem_bw_schema\":\"MB:0=20;1=70\",\"schemata\":[\"    MB:0=20;1=70\","
		"\"    L3:0=7f0;1=1f\"],\"mbm_stats\":[{\"mbm_total_bytes\":1000,"
		"\"mbm_local_bytes\":600},{\"mbm_total_bytes\":18446744073709551615,"
		"\"mbm_local_bytes\":0}],\"cmt_stats\":[{\"llc_occupancy\":4096},"
		"{\"llc_occupancy\":0}]}\n");
	strbuf_free(&b);
}

static void without_such_cpus_nothing_is_shown_but_the_schemata(void **state)
{
	struct fake *f = *state;
	const struct rdt r = { .root = f->path, .class = "", .id = "c1" };
	struct strbuf b = { 0 };
	struct json_writer w = { .b = &b, .line = true };

	put(f, "schemata", "L2:0=f\n");
	jw_object(&w, NULL);
	rdt_stats(&r, f->fd, &w);
	jw_object_end(&w);
	assert_string_equal(b.text, "{\"schemata\":[\"L2:0=f\"]}\n");
	strbuf_free(&b);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(caches_then_bandwidth_then_schemata_are_written),
		TEST(without_schemata_none_are_written),
		TEST(a_class_with_the_containers_id_that_is_not_its_own_is_refused),
		TEST(a_named_class_that_is_missing_is_made_and_stays),
		TEST(a_named_class_that_is_missing_needs_schemata),
		TEST(a_named_class_that_is_there_is_joined_and_not_written_to),
		TEST(the_default_class_is_the_root),
		TEST(a_monitoring_group_of_another_is_refused),
		TEST(a_host_that_cannot_monitor_is_told_of),
		TEST(a_class_that_is_there_must_have_the_same_schemata),
		TEST(schemata_that_the_kernel_could_not_take_whole_are_refused),
		TEST(the_kernels_own_words_are_passed_on),
		TEST(an_update_can_be_taken_back),
		TEST(the_state_is_read_back_and_not_trusted),
		TEST(what_the_cpus_count_is_shown_as_runc_shows_it),
		TEST(without_such_cpus_nothing_is_shown_but_the_schemata),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
