/* SPDX-License-Identifier: Apache-2.0 */
/* Whole configs, and that every field of them ends up where it belongs. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/ioprio.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cases.h"
#include "spec/names.h"
#include "spec/spec.h"

static struct spec *load_good(const char *name)
{
	char path[256], *text;
	struct spec *spec = NULL;
	struct err e = { 0 };
	size_t len;

	(void)snprintf(path, sizeof(path), "good/%s", name);
	text = cases_read(path, &len);
	if (spec_parse(text, len, name, &spec, &e) < 0)
		fail_msg("%s", e.text);
	free(text);
	return spec;
}

/* What engines write must not only load but run. */
static void test_engines(void **state)
{
	static const char *const names[] = { "podman.json", "docker.json", "containerd-cri.json",
		"nulls.json" };
	struct err e = { 0 };

	for (size_t i = 0; i < ELEMENTS(names); i++) {
		struct spec *spec = load_good(names[i]);

		assert_int_equal(spec->n_warnings, 0);
		if (spec_check_supported(spec, &e) < 0)
			fail_msg("%s: %s", names[i], e.text);
		spec_free(spec);
	}
}

static void test_others(void **state)
{
	static const struct {
		const char *name;
		size_t n_warnings; /* minimal.json has no namespaces */
	} rows[] = { { "minimal.json", 1 }, { "runtime-spec-example.json", 0 } };

	for (size_t i = 0; i < ELEMENTS(rows); i++) {
		struct spec *spec = load_good(rows[i].name);

		assert_int_equal(spec->n_warnings, rows[i].n_warnings);
		spec_free(spec);
	}
}

static void test_nulls(void **state)
{
	struct spec *spec = load_good("nulls.json");

	assert_false(spec->process.has_console_size);
	assert_false(spec->process.capabilities.has);
	assert_false(spec->process.oom_score_adj.set);
	assert_false(spec->process.user.umask.set);
	assert_null(spec->process.scheduler);
	assert_null(spec->hostname);
	assert_int_equal(spec->n_mounts, 1);
	assert_null(spec->mounts[0].source);
	assert_false(spec->linux_.resources.memory.limit.set);
	assert_false(spec->linux_.resources.pids_limit.set);
	assert_null(spec->linux_.namespaces[NS_MOUNT].path);
	assert_null(spec->linux_.seccomp);
	assert_null(spec->linux_.memory_policy);
	assert_false(spec->linux_.personality.set);
	assert_false(spec->linux_.monotonic.present);
	spec_free(spec);
}

#define CAP(name) (UINT64_C(1) << CAP_##name)

static void test_process_values(void **state)
{
	struct spec *spec = load_good("every-field.json");
	const struct spec_process *p = &spec->process;

	assert_string_equal(spec->oci_version, "1.3.0");
	assert_true(spec->has_process && p->terminal && p->has_console_size);
	assert_int_equal(p->console_height, 50);
	assert_int_equal(p->console_width, 132);
	assert_int_equal(p->user.uid, 1001);
	assert_int_equal(p->user.gid, 1002);
	assert_true(p->user.umask.set);
	assert_int_equal(p->user.umask.v, 027);
	assert_int_equal(p->user.n_additional_gids, 3);
	assert_int_equal(p->user.additional_gids[0], 10);
	assert_int_equal(p->user.additional_gids[2], 4294967294);
	assert_int_equal(p->args.n, 3);
	assert_string_equal(p->args.v[2], "80");
	assert_null(p->args.v[3]);
	assert_int_equal(p->env.n, 3);
	assert_string_equal(p->env.v[2], "EQ=a=b");
	assert_string_equal(p->cwd, "/srv/data");
	assert_true(p->capabilities.has);
	assert_int_equal(
		p->capabilities.bounding, CAP(CHOWN) | CAP(KILL) | CAP(CHECKPOINT_RESTORE));
	assert_int_equal(p->capabilities.effective, CAP(KILL));
	assert_int_equal(p->capabilities.inheritable, CAP(CHOWN));
	assert_int_equal(p->capabilities.permitted, CAP(CHOWN) | CAP(KILL));
	assert_int_equal(p->capabilities.ambient, CAP(CHOWN));
	assert_int_equal(p->n_rlimits, 2);
	assert_int_equal(p->rlimits[0].resource, RLIMIT_NOFILE);
	assert_int_equal(p->rlimits[0].soft, 1024);
	assert_int_equal(p->rlimits[0].hard, 4096);
	assert_int_equal(p->rlimits[1].resource, RLIMIT_CORE);
	assert_true(p->rlimits[1].soft == UINT64_MAX && p->rlimits[1].hard == UINT64_MAX);
	assert_true(p->no_new_privileges);
	assert_string_equal(p->apparmor_profile, "profile-a");
	assert_string_equal(p->selinux_label, "u:r:t:s0");
	assert_true(p->oom_score_adj.set);
	assert_int_equal(p->oom_score_adj.v, -500);
	assert_int_equal(p->scheduler->policy, SCHED_DEADLINE);
	assert_int_equal(p->scheduler->nice, -3);
	assert_int_equal(p->scheduler->flags, SCHED_FLAG_RECLAIM | SCHED_FLAG_DL_OVERRUN);
	assert_int_equal(p->scheduler->runtime_ns, 1000);
	assert_int_equal(p->scheduler->deadline_ns, 2000);
	assert_int_equal(p->scheduler->period_ns, 3000);
	assert_int_equal(p->io_priority->class, IOPRIO_CLASS_RT);
	assert_int_equal(p->io_priority->priority, 5);
	assert_string_equal(p->affinity_initial, "1");
	assert_string_equal(p->affinity_final, "2-3");
	spec_free(spec);
}

static void test_top_values(void **state)
{
	struct spec *spec = load_good("every-field.json");
	const struct spec_mount *m = &spec->mounts[1];
	const struct spec_hook *hook;

	assert_string_equal(spec->root.path, "/var/lib/box/rootfs");
	assert_true(spec->root.readonly);
	assert_string_equal(spec->hostname, "box");
	assert_string_equal(spec->domainname, "example.test");
	assert_int_equal(spec->n_mounts, 2);
	assert_string_equal(spec->mounts[0].type, "proc");
	assert_string_equal(m->destination, "/data");
	assert_string_equal(m->source, "/srv/box");
	assert_int_equal(m->options.n, 3);
	assert_string_equal(m->options.v[2], "ridmap");
	assert_int_equal(m->uid_mappings.v[0].host_id, 5000);
	assert_int_equal(m->gid_mappings.v[0].size, 200);
	for (int p = 0; p < HOOK_POINTS; p++) {
		assert_int_equal(spec->hooks.at[p].n, p == HOOK_POSTSTOP ? 2 : 1);
		hook = &spec->hooks.at[p].v[0];
		assert_string_equal(hook->path + strlen("/h/"), names_hooks[p].name);
		assert_string_equal(hook->args.v[0], names_hooks[p].name);
		assert_string_equal(hook->env.v[0] + strlen("STAGE="), names_hooks[p].name);
		assert_int_equal(hook->timeout_ms, 7000);
	}
	assert_int_equal(spec->hooks.at[HOOK_POSTSTOP].v[1].timeout_ms, 0);
	assert_int_equal(spec->annotations.n, 4);
	assert_string_equal(spec_annotation(spec, "org.example.name"), "box");
	assert_string_equal(spec_annotation(spec, "empty"), "");
	assert_null(spec_annotation(spec, "org.example"));
	spec_free(spec);
}

static void test_linux_values(void **state)
{
	struct spec *spec = load_good("every-field.json");
	const struct spec_linux *l = &spec->linux_;

	assert_int_equal(l->uid_mappings.n, 2);
	assert_int_equal(l->uid_mappings.v[1].container_id, 1000);
	assert_int_equal(l->uid_mappings.v[1].host_id, 300000);
	assert_int_equal(l->uid_mappings.v[1].size, 5);
	assert_int_equal(l->gid_mappings.v[0].size, 65536);
	assert_string_equal(l->sysctl.v[0].key, "net/ipv4/ip_forward");
	assert_string_equal(l->sysctl.v[0].value, "1");
	assert_string_equal(l->sysctl.v[1].key, "kernel/shmmax");
	assert_string_equal(l->cgroups_path, "/boxes/one");
	for (int t = 0; t < NS_TYPES; t++)
		assert_true(l->namespaces[t].present);
	assert_string_equal(l->namespaces[NS_NETWORK].path, "/run/netns/box");
	assert_null(l->namespaces[NS_USER].path);
	assert_int_equal(l->n_devices, 2);
	assert_int_equal(l->devices[0].type, 'b');
	assert_int_equal(l->devices[0].minor, 400);
	assert_int_equal(l->devices[0].file_mode.v, 0660); /* 25008 is 060660 */
	assert_int_equal(l->devices[0].uid.v, 7);
	assert_int_equal(l->devices[0].gid.v, 8);
	assert_int_equal(l->devices[1].type, 'c');
	assert_int_equal(l->devices[1].major, 10);
	assert_false(l->devices[1].file_mode.set);
	assert_int_equal(l->n_net_devices, 2);
	assert_string_equal(l->net_devices[0].host_name, "eth7");
	assert_string_equal(l->net_devices[0].name, "inner0");
	assert_string_equal(l->net_devices[1].name, "eth8");
	assert_string_equal(l->rootfs_propagation, "rslave");
	assert_string_equal(l->masked_paths.v[1], "/sys/firmware");
	assert_string_equal(l->readonly_paths.v[0], "/proc/sys");
	assert_string_equal(l->mount_label, "u:o:t:s1");
	assert_string_equal(l->intel_rdt->clos_id, "gold");
	assert_string_equal(l->intel_rdt->schemata.v[1], "MB:0=20");
	assert_string_equal(l->intel_rdt->l3_cache_schema, "L3:0=7f0");
	assert_string_equal(l->intel_rdt->mem_bw_schema, "MB:0=70");
	assert_true(l->intel_rdt->enable_monitoring);
	assert_int_equal(l->personality.v, 0x0008);
	assert_int_equal(l->monotonic.secs, 172800);
	assert_int_equal(l->monotonic.nanosecs, 5);
	assert_int_equal(l->boottime.secs, -60);
	assert_int_equal(l->boottime.nanosecs, 999999999);
	spec_free(spec);
}

static void test_policy_values(void **state)
{
	struct spec *spec = load_good("every-field.json");
	const struct spec_memory_policy *m = spec->linux_.memory_policy;
	char text[MPOL_TEXT];

	assert_string_equal(m->mode, "MPOL_INTERLEAVE");
	assert_string_equal(m->nodes, "2-3");
	assert_int_equal(m->flags.n, 1);
	assert_string_equal(mpol_maps_text(&m->policy, text), "interleave=static:2-3");
	assert_true(spec->policy_annotations.refuse_narrowing);
	spec_free(spec);
}

static void test_resource_values(void **state)
{
	struct spec *spec = load_good("every-field.json");
	const struct spec_resources *r = &spec->linux_.resources;

	assert_true(spec->linux_.has_resources);
	assert_int_equal(r->n_devices, 2);
	assert_false(r->devices[0].allow);
	assert_int_equal(r->devices[0].type, 'a');
	assert_false(r->devices[0].major.set);
	assert_true(r->devices[1].read && !r->devices[1].write && !r->devices[1].mknod);
	assert_int_equal(r->devices[1].minor.v, 16);
	assert_int_equal(r->memory.limit.v, 4000000);
	assert_int_equal(r->memory.reservation.v, 3000000);
	assert_int_equal(r->memory.swap.v, 5000000);
	assert_int_equal(r->memory.kernel.v, -1);
	assert_int_equal(r->memory.kernel_tcp.v, 7000000);
	assert_int_equal(r->memory.swappiness.v, 40);
	assert_true(r->memory.disable_oom_killer.set && r->memory.disable_oom_killer.v);
	assert_true(r->memory.use_hierarchy.set && r->memory.use_hierarchy.v);
	assert_true(r->memory.check_before_update.set && r->memory.check_before_update.v);
	assert_int_equal(r->cpu.shares.v, 2048);
	assert_int_equal(r->cpu.quota.v, 40000);
	assert_int_equal(r->cpu.burst.v, 3000);
	assert_int_equal(r->cpu.period.v, 100000);
	assert_int_equal(r->cpu.realtime_runtime.v, 950);
	assert_int_equal(r->cpu.realtime_period.v, 1000);
	assert_string_equal(r->cpu.cpus, "0-1");
	assert_string_equal(r->cpu.mems, "0,2");
	assert_int_equal(r->cpu.idle.v, 1);
	assert_int_equal(r->pids_limit.v, 77);
	assert_int_equal(r->block_io.weight.v, 100);
	assert_int_equal(r->block_io.leaf_weight.v, 200);
	assert_int_equal(r->block_io.weight_device.v[0].weight.v, 300);
	assert_int_equal(r->block_io.weight_device.v[0].leaf_weight.v, 400);
	assert_int_equal(r->block_io.throttle_read_bps.v[0].minor, 2);
	assert_int_equal(r->block_io.throttle_write_bps.v[0].minor, 3);
	assert_int_equal(r->block_io.throttle_read_iops.v[0].minor, 4);
	assert_int_equal(r->block_io.throttle_write_iops.v[0].minor, 5);
	assert_true(r->block_io.throttle_write_iops.v[0].rate.v == UINT64_MAX);
	assert_string_equal(r->hugepage_limits[0].page_size, "2MB");
	assert_int_equal(r->hugepage_limits[0].limit, 209715200);
	assert_int_equal(r->network_class_id.v, 1048577);
	assert_string_equal(r->network_priorities[0].name, "eth0");
	assert_int_equal(r->network_priorities[0].priority, 500);
	assert_string_equal(r->rdma[0].device, "mlx5_1");
	assert_int_equal(r->rdma[0].hca_handles.v, 3);
	assert_int_equal(r->rdma[0].hca_objects.v, 10000);
	assert_int_equal(r->unified.n, 2);
	assert_string_equal(r->unified.v[1].key, "io.max");
	assert_string_equal(r->unified.v[1].value, "8:0 rbps=1");
	spec_free(spec);
}

static void test_seccomp_values(void **state)
{
	struct spec *spec = load_good("every-field.json");
	const struct spec_seccomp *s = spec->linux_.seccomp;
	const struct spec_seccomp_arg *arg;

	assert_int_equal(s->default_action, SCMP_ACT_ERRNO(38));
	assert_int_equal(s->architectures.n, 2);
	assert_true(s->has_flags);
	assert_int_equal(s->flags, SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW);
	assert_string_equal(s->listener_path, "/run/agent.sock");
	assert_string_equal(s->listener_metadata, "who=box");
	assert_int_equal(s->n_rules, 3);
	assert_int_equal(s->rules[0].action, SCMP_ACT_ALLOW);
	assert_string_equal(s->rules[0].names.v[1], "write");
	assert_int_equal(s->rules[1].action, SCMP_ACT_TRACE(9));
	assert_int_equal(s->rules[1].n_args, 1);
	arg = &s->rules[1].args[0];
	assert_int_equal(arg->index, 5);
	assert_true(arg->value == UINT64_MAX);
	assert_int_equal(arg->value_two, 2);
	assert_int_equal(arg->op, SCMP_CMP_MASKED_EQ);
	assert_int_equal(s->rules[2].action, SCMP_ACT_NOTIFY);
	spec_free(spec);

	/* No number is EPERM; no flags are not an empty list of them. */
	spec = load_good("runtime-spec-example.json");
	assert_int_equal(spec->linux_.seccomp->rules[0].action, SCMP_ACT_ERRNO(EPERM));
	assert_false(spec->linux_.seccomp->has_flags);
	spec_free(spec);
}

/*
 * That every field is read: each value of the config that has them all is replaced by one of
 * another type, and each time that very value must be refused.
 */
struct spoil {
	json_object *root;
	size_t tried, numbers;
	char pointer[512];
};

static void spoil_check(struct spoil *s)
{
	const char *text = json_object_to_json_string_ext(s->root, JSON_C_TO_STRING_PLAIN);
	struct spec *spec = NULL;
	struct err e = { 0 };
	char want[600];

	(void)snprintf(want, sizeof(want), "c: %s: must be ", s->pointer);
	if (spec_parse(text, strlen(text), "c", &spec, &e) == 0) {
		spec_free(spec);
		fail_msg("%s is not read: it may be anything", s->pointer);
	}
	if (strncmp(e.text, want, strlen(want)) != 0)
		fail_msg("\n   got: %s\nwanted: %s...", e.text, want);
	s->tried++;
}

/*
 * A number has two ends at the most, and none has none: of the least and the greatest that 64 bits
 * hold one is out of range, and that is said before anything else.
 */
static void spoil_range(struct spoil *s, json_object *number)
{
	const int64_t old = json_object_get_int64(number);
	const uint64_t large = json_object_get_uint64(number); /* 0 for one below 0 */
	unsigned out = 0;

	for (int end = 0; end < 2; end++) {
		if (end)
			json_object_set_uint64(number, UINT64_MAX);
		else
			json_object_set_int64(number, INT64_MIN);
		const char *text = json_object_to_json_string_ext(s->root, JSON_C_TO_STRING_PLAIN);
		struct spec *spec = NULL;
		struct err e = { 0 };
		char want[600];

		(void)snprintf(want, sizeof(want), "c: %s: %s is out of range ", s->pointer,
			json_object_get_string(number));
		if (spec_parse(text, strlen(text), "c", &spec, &e) == 0)
			spec_free(spec);
		else if (strncmp(e.text, want, strlen(want)) == 0)
			out++;
	}
	if (out == 0)
		fail_msg("%s: any number of 64 bits is in range", s->pointer);
	if (large > INT64_MAX)
		json_object_set_uint64(number, large);
	else
		json_object_set_int64(number, old);
	s->numbers++;
}

static json_object *other_type(json_object *value)
{
	switch (json_object_get_type(value)) {
	case json_type_string:
		return json_object_new_int(5);
	case json_type_int:
		return json_object_new_boolean(true);
	default:
		return json_object_new_string("x");
	}
}

static void spoil_below(struct spoil *s, json_object *json)
{
	size_t len = strlen(s->pointer);

	if (json_object_is_type(json, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(json); i++) {
			json_object *old = json_object_array_get_idx(json, i);

			(void)snprintf(s->pointer + len, sizeof(s->pointer) - len, "/%zu", i);
			spoil_below(s, old);
			if (json_object_is_type(old, json_type_int))
				spoil_range(s, old);
			json_object_get(old);
			json_object_array_put_idx(json, i, other_type(old));
			spoil_check(s);
			json_object_array_put_idx(json, i, old);
		}
	} else if (json_object_is_type(json, json_type_object)) {
		json_object_object_foreach(json, key, old)
		{
			(void)snprintf(s->pointer + len, sizeof(s->pointer) - len, "/%s", key);
			spoil_below(s, old);
			if (json_object_is_type(old, json_type_int))
				spoil_range(s, old);
			json_object_get(old);
			json_object_object_add(json, key, other_type(old));
			spoil_check(s);
			json_object_object_add(json, key, old);
		}
	}
	s->pointer[len] = '\0';
}

static void test_every_field(void **state)
{
	char *text = cases_read("good/every-field.json", NULL);
	struct spoil s = { .root = json_tokener_parse(text) };

	assert_non_null(s.root);
	spoil_below(&s, s.root);
	assert_in_range(s.tried, 250, 1000);
	assert_in_range(s.numbers, 70, 1000);
	json_object_put(s.root);
	free(text);
}

static void test_process_alone(void **state)
{
	static const char good[] = "{\"args\":[\"ls\"],\"cwd\":\"/\",\"capabilities\":"
				   "{\"bounding\":[\"CAP_NEW\"]},\"unknown\":1}";
	static const char bad[] = "{\"args\":[\"ls\"],\"cwd\":\"/\",\"user\":{\"uid\":1}}";
	static const char rule[] = "{\"args\":[\"ls\"],\"cwd\":\"here\"}";
	struct spec *spec = NULL;
	struct err e = { 0 };

	assert_int_equal(spec_parse_process(good, strlen(good), "p.json", &spec, &e), 0);
	assert_true(spec->has_process && spec->process.capabilities.has);
	assert_string_equal(spec->process.args.v[0], "ls");
	assert_string_equal(spec->warnings[0],
		"/capabilities/bounding/0: 'CAP_NEW' is not a capability and is "
		"ignored");
	assert_int_equal(spec_check_supported(spec, &e), 0);
	spec_free(spec);
	assert_int_equal(spec_parse_process(bad, strlen(bad), "p.json", &spec, &e), -EINVAL);
	assert_words(e.text, "p.json: /user/gid: is required");
	assert_int_equal(spec_parse_process(rule, strlen(rule), "p.json", &spec, &e), -EINVAL);
	assert_words(e.text, "p.json: /cwd: 'here' is not an absolute path");
}

static void test_resources_alone(void **state)
{
	/* An update may raise swap alone: the limit is there already. */
	static const char good[] = "{\"memory\":{\"swap\":5},\"cpu\":{\"mems\":\"1\"}}";
	static const char bad[] = "{\"cpu\":{\"mems\":\"2-1\"}}";
	struct spec *spec = NULL;
	struct err e = { 0 };

	assert_int_equal(spec_parse_resources(good, strlen(good), "r", &spec, &e), 0);
	assert_true(spec->linux_.has_resources);
	assert_int_equal(spec->linux_.resources.memory.swap.v, 5);
	assert_string_equal(spec->linux_.resources.cpu.mems, "1");
	assert_int_equal(spec_check_supported(spec, &e), 0);
	spec_free(spec);
	assert_int_equal(spec_parse_resources(bad, strlen(bad), "r", &spec, &e), -EINVAL);
	assert_words(e.text, "r: /cpu/mems: range 2-1 runs backwards");
}

static void test_files(void **state)
{
	static const char process[] = "{\"args\":[\"ls\"],\"cwd\":\"/\"}";
	char dir[] = "/tmp/test-spec-XXXXXX", path[64];
	struct spec *spec = NULL;
	struct err e = { 0 };
	int dir_fd, fd;

	assert_non_null(mkdtemp(dir));
	dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(dir_fd >= 0);
	assert_int_equal(spec_load(dir_fd, "config.json", &spec, &e), -ENOENT);
	assert_words(e.text, "opening 'config.json': no such file or directory");
	assert_int_equal(spec_load(dir_fd, ".", &spec, &e), -EISDIR);
	assert_words(e.text, "reading '.': is a directory");

	fd = openat(dir_fd, "config.json", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)SPEC_TEXT_MAX + 1), 0);
	assert_int_equal(spec_load(dir_fd, "config.json", &spec, &e), -EFBIG);
	assert_words(e.text, "config.json: is larger than 32 MiB");

	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(write(fd, process, strlen(process)), strlen(process));
	assert_int_equal(spec_load(dir_fd, "config.json", &spec, &e), -EINVAL);
	assert_words(e.text, "config.json: /ociVersion: is required");
	assert_null(spec);
	(void)snprintf(path, sizeof(path), "%s/config.json", dir);
	assert_int_equal(spec_load_process(path, &spec, &e), 0);
	spec_free(spec);

	assert_int_equal(close(fd), 0);
	assert_int_equal(unlinkat(dir_fd, "config.json", 0), 0);
	assert_int_equal(close(dir_fd), 0);
	assert_int_equal(rmdir(dir), 0);
	spec_free(NULL);
}

static void test_page_sizes_are_bounded(void **state)
{
	struct strbuf b = { 0 };
	struct spec *spec = NULL;
	struct err e = { 0 };

	strbuf_adds(&b, "{\"hugepageLimits\":[");
	for (int i = 0; i < 65; i++)
		strbuf_addf(&b, "%s{\"pageSize\":\"%dKB\",\"limit\":1}", i ? "," : "", i + 1);
	strbuf_adds(&b, "]}");
	assert_int_equal(spec_parse_resources(b.text, b.len, "r", &spec, &e), -EINVAL);
	assert_words(
		e.text, "r: /hugepageLimits: 65 limits: there are no more than 64 sizes of pages");
	strbuf_free(&b);
}

static void test_warnings_are_bounded(void **state)
{
	struct strbuf b = { 0 };
	struct spec *spec = NULL;
	struct err e = { 0 };

	strbuf_adds(&b, "{\"args\":[\"ls\"],\"cwd\":\"/\",\"capabilities\":{\"bounding\":[");
	for (int i = 0; i < SPEC_WARNINGS_MAX + 8; i++)
		strbuf_addf(&b, "%s\"\\u001b%d\"", i ? "," : "", i);
	strbuf_adds(&b, "]}}");
	assert_int_equal(spec_parse_process(b.text, b.len, "p", &spec, &e), 0);
	assert_int_equal(spec->n_warnings, SPEC_WARNINGS_MAX);
	assert_int_equal(spec->warnings_lost, 8);
	assert_string_equal(spec->warnings[0],
		"/capabilities/bounding/0: '\\x1b0' is not a capability and is "
		"ignored");
	spec_free(spec);
	strbuf_free(&b);
}

static void test_template(void **state)
{
	char *text = spec_default_text(true);
	char *plain = spec_default_text(false);
	struct spec *spec = NULL;
	struct err e = { 0 };

	assert_non_null(text);
	if (spec_parse(text, strlen(text), "template", &spec, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(spec->n_warnings, 0);
	assert_int_equal(spec_check_supported(spec, &e), 0);
	assert_string_equal(spec->oci_version, SPEC_OCI_VERSION);
	assert_true(spec->process.terminal && spec->process.no_new_privileges);
	assert_int_equal(spec->process.capabilities.bounding,
		CAP(AUDIT_WRITE) | CAP(KILL) | CAP(NET_BIND_SERVICE));
	assert_int_equal(spec->process.capabilities.inheritable, 0);
	assert_int_equal(spec->n_mounts, 7);
	assert_true(spec->root.readonly);
	assert_false(spec->linux_.namespaces[NS_USER].present);
	assert_true(spec->linux_.namespaces[NS_CGROUP].present);
	assert_int_equal(text[strlen(text) - 1], '\n');
	assert_null(strchr(text, '\t'));
	spec_free(spec);
	free(text);

	assert_non_null(plain);
	if (spec_parse(plain, strlen(plain), "template", &spec, &e) < 0)
		fail_msg("%s", e.text);
	assert_false(spec->linux_.namespaces[NS_CGROUP].present);
	assert_true(spec->linux_.namespaces[NS_MOUNT].present);
	spec_free(spec);
	free(plain);
}

/* The runtime-spec's table of mount options (config.md), but those that supported.c refuses. */
static void test_mount_options(void **state)
{
	static const char words[] =
		"async atime bind defaults dev diratime dirsync exec lazytime loud mand noatime "
		"nodev "
		"nodiratime noexec noiversion nolazytime nomand norelatime nostrictatime nosuid "
		"nosymfollow private ratime rbind rdev rdiratime relatime rexec rnoatime "
		"rnodiratime rnoexec rnorelatime rnostrictatime rnosuid rnosymfollow ro rprivate "
		"rrelatime rro rrw rshared rslave rstrictatime rsuid rsymfollow runbindable rw "
		"shared "
		"silent slave strictatime suid symfollow sync unbindable";
	static const struct {
		const char *name;
		enum mount_opt_kind kind;
		uint64_t set, clear;
	} some[] = {
		{ "ro", MOUNT_OPT_ATTR, 0x1, 0 },
		{ "rw", MOUNT_OPT_ATTR, 0, 0x1 },
		{ "noatime", MOUNT_OPT_ATTR, 0x10, 0x70 },
		{ "relatime", MOUNT_OPT_ATTR, 0, 0x70 },
		{ "strictatime", MOUNT_OPT_ATTR, 0x20, 0x70 },
		{ "nodiratime", MOUNT_OPT_ATTR, 0x80, 0 },
		{ "nosymfollow", MOUNT_OPT_ATTR, 0x200000, 0 },
		{ "rnoexec", MOUNT_OPT_ATTR_REC, 0x8, 0 },
		{ "rdev", MOUNT_OPT_ATTR_REC, 0, 0x4 },
		{ "rprivate", MOUNT_OPT_PROPAGATION, MS_PRIVATE | MS_REC, 0 },
		{ "rbind", MOUNT_OPT_BIND, MS_REC, 0 },
	};
	char copy[sizeof(words)], *save = NULL;

	memcpy(copy, words, sizeof(words));
	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		const struct mount_opt *o = names_mount_option(w);

		if (!o || !o->supported)
			fail_msg("%s", w);
	}
	for (size_t i = 0; i < ELEMENTS(some); i++) {
		const struct mount_opt *o = names_mount_option(some[i].name);

		assert_int_equal(o->kind, some[i].kind);
		assert_int_equal(o->set, some[i].set);
		assert_int_equal(o->clear, some[i].clear);
	}
	assert_null(names_mount_option("size=5"));
	assert_null(names_mount_option(""));
	assert_null(names_mount_option("RO"));
}

static void unique(const struct name_row *table)
{
	for (const struct name_row *a = table; a->name; a++)
		assert_ptr_equal(names_find(table, a->name), a);
}

static void test_names(void **state)
{
	size_t n = 0;

	unique(names_capabilities);
	unique(names_rlimits);
	unique(names_scheduler_policies);
	unique(names_scheduler_flags);
	unique(names_ioprio_classes);
	unique(names_seccomp_actions);
	unique(names_seccomp_operators);
	unique(names_seccomp_archs);
	unique(names_seccomp_flags);
	unique(names_namespaces);
	unique(names_personalities);
	unique(names_hooks);
	for (const struct mount_opt *o = names_mount_options; o->name; o++)
		assert_ptr_equal(names_mount_option(o->name), o);

	while (names_capabilities[n].name)
		n++;
	assert_int_equal(n, CAP_LAST_CAP + 1);
	assert_string_equal(names_of(names_capabilities, CAP_SYS_ADMIN), "CAP_SYS_ADMIN");
	assert_string_equal(names_of(names_capabilities, CAP_BPF), "CAP_BPF");
	assert_null(names_of(names_capabilities, 41));
	assert_int_equal(names_find(names_namespaces, "network")->number, CLONE_NEWNET);
	assert_null(names_find(names_namespaces, "net"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_engines),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_nulls),
		cmocka_unit_test(test_process_values),
		cmocka_unit_test(test_top_values),
		cmocka_unit_test(test_linux_values),
		cmocka_unit_test(test_policy_values),
		cmocka_unit_test(test_resource_values),
		cmocka_unit_test(test_seccomp_values),
		cmocka_unit_test(test_every_field),
		cmocka_unit_test(test_process_alone),
		cmocka_unit_test(test_resources_alone),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_page_sizes_are_bounded),
		cmocka_unit_test(test_warnings_are_bounded),
		cmocka_unit_test(test_template),
		cmocka_unit_test(test_mount_options),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
