/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fields.c - every field of runtime-spec 1.3 for Linux: JSON name, member, kind, range.
 *
 * Tables by hand, since the schema is looser than the specification's text. A row's macro checks
 * the member's type when it is compiled. What no row can say is read
 * by readers.c; rules of the specification beyond types and ranges are those of rules*.c.
 */
#include "spec/internal.h"
#include "spec/readers.h"
#include "spec/walk.h"

#include <limits.h>
#include <stddef.h>

/* The member's offset; does not compile unless the member has this type. */
#define AT(T, m, type)                                                                             \
	(offsetof(T, m) +                                                                          \
		0 * sizeof(char[__builtin_types_compatible_p(__typeof__(((T *)0)->m), type)        \
					? 1                                                        \
					: -1]))

#define ROW(json, k, offset, ...)                                                                  \
	{                                                                                          \
		.name = json, .kind = k, .at = offset, __VA_ARGS__                                 \
	}
#define STRING(T, json, m, ...) ROW(json, FIELD_STRING, AT(T, m, const char *), __VA_ARGS__)
#define STRINGS(T, json, m, ...) ROW(json, FIELD_STRINGS, AT(T, m, struct str_list), __VA_ARGS__)
#define PAIRS(T, json, m) ROW(json, FIELD_PAIRS, AT(T, m, struct pair_list))
#define BOOL(T, json, m, ...) ROW(json, FIELD_BOOL, AT(T, m, bool), __VA_ARGS__)
#define OPT_BOOL(T, json, m) ROW(json, FIELD_OPT_BOOL, AT(T, m, struct opt_bool))
#define NUMBER(json, k, offset, low, high, ...)                                                    \
	ROW(json, k, offset, .min = low, .max = high, __VA_ARGS__)
#define I32(T, json, m, low, high) NUMBER(json, FIELD_I32, AT(T, m, int32_t), low, high)
#define I64(T, json, m, low, high, ...)                                                            \
	NUMBER(json, FIELD_I64, AT(T, m, int64_t), low, high, __VA_ARGS__)
#define U32(T, json, m, high, ...) NUMBER(json, FIELD_U32, AT(T, m, uint32_t), 0, high, __VA_ARGS__)
#define U64(T, json, m, ...) NUMBER(json, FIELD_U64, AT(T, m, uint64_t), 0, UINT64_MAX, __VA_ARGS__)
#define OPT_I64(T, json, m, low, high)                                                             \
	NUMBER(json, FIELD_OPT_I64, AT(T, m, struct opt_i64), low, high)
#define OPT_U32(T, json, m, high) NUMBER(json, FIELD_OPT_U32, AT(T, m, struct opt_u32), 0, high)
#define OPT_U64(T, json, m, high) NUMBER(json, FIELD_OPT_U64, AT(T, m, struct opt_u64), 0, high)
#define NAME_INT(T, json, m, table, not_a, ...)                                                    \
	ROW(json, FIELD_NAME_INT, AT(T, m, int), .names = table, .what = not_a, __VA_ARGS__)
#define NAME_U32(T, json, m, table, not_a, ...)                                                    \
	ROW(json, FIELD_NAME_U32, AT(T, m, uint32_t), .names = table, .what = not_a, __VA_ARGS__)
#define FLAGS_U32(T, json, m, table, not_a)                                                        \
	ROW(json, FIELD_FLAGS_U32, AT(T, m, uint32_t), .names = table, .what = not_a)
#define FLAGS_U64(T, json, m, table, not_a)                                                        \
	ROW(json, FIELD_FLAGS_U64, AT(T, m, uint64_t), .names = table, .what = not_a)
/* A struct in place; sub-objects whose members stand in the struct around them have no member. */
#define OBJECT(T, json, m, sub, ...)                                                               \
	ROW(json, FIELD_OBJECT, offsetof(T, m), .count = FIELD_NOWHERE, .object = &sub, __VA_ARGS__)
#define OBJECT_IF(T, json, m, has, sub, ...)                                                       \
	ROW(json, FIELD_OBJECT, offsetof(T, m), .count = AT(T, has, bool), .object = &sub,         \
		__VA_ARGS__)
#define INLINE(json, sub) ROW(json, FIELD_OBJECT, 0, .count = FIELD_NOWHERE, .object = &sub)
#define OBJECT_PTR(T, json, m, sub) ROW(json, FIELD_OBJECT_PTR, offsetof(T, m), .object = &sub)
#define LIST(T, json, n, v, sub)                                                                   \
	ROW(json, FIELD_LIST, offsetof(T, v), .count = AT(T, n, size_t), .object = &sub)
#define CUSTOM(json, function, ...) ROW(json, FIELD_CUSTOM, 0, .read = function, __VA_ARGS__)
#define REQUIRED .required = true

/* --- process --- */

static const struct object ids_object = { .size = sizeof(uint32_t) };

static const struct field user_fields[] = {
	U32(struct spec_user, "uid", uid, UINT32_MAX, REQUIRED),
	U32(struct spec_user, "gid", gid, UINT32_MAX),
	OPT_U32(struct spec_user, "umask", umask, 07777),
	{ .name = "additionalGids",
		.kind = FIELD_LIST,
		.max = UINT32_MAX,
		.object = &ids_object,
		.at = AT(struct spec_user, additional_gids, uint32_t *),
		.count = AT(struct spec_user, n_additional_gids, size_t) },
	STRING(struct spec_user, "username", username),
	{ 0 },
};
static const struct object user_object = { user_fields, sizeof(struct spec_user), NULL,
	after_user };

#define CAPABILITIES(json, m)                                                                      \
	{                                                                                          \
		.name = json, .kind = FIELD_CUSTOM, .read = read_capabilities,                     \
		.at = AT(struct spec_capabilities, m, uint64_t)                                    \
	}
static const struct field capabilities_fields[] = {
	CAPABILITIES("bounding", bounding),
	CAPABILITIES("effective", effective),
	CAPABILITIES("inheritable", inheritable),
	CAPABILITIES("permitted", permitted),
	CAPABILITIES("ambient", ambient),
	{ 0 },
};
static const struct object capabilities_object = { capabilities_fields,
	sizeof(struct spec_capabilities), NULL, NULL };

static const struct field rlimit_fields[] = {
	NAME_INT(struct spec_rlimit, "type", resource, names_rlimits,
		"a resource limit of getrlimit(2)", REQUIRED),
	U64(struct spec_rlimit, "soft", soft, REQUIRED),
	U64(struct spec_rlimit, "hard", hard, REQUIRED),
	{ 0 },
};
static const struct object rlimit_object = { rlimit_fields, sizeof(struct spec_rlimit), NULL,
	NULL };

static const struct field scheduler_fields[] = {
	NAME_INT(struct spec_scheduler, "policy", policy, names_scheduler_policies,
		"a scheduling policy", REQUIRED),
	I32(struct spec_scheduler, "nice", nice, INT32_MIN, INT32_MAX),
	I32(struct spec_scheduler, "priority", priority, INT32_MIN, INT32_MAX),
	FLAGS_U64(
		struct spec_scheduler, "flags", flags, names_scheduler_flags, "a scheduling flag"),
	U64(struct spec_scheduler, "runtime", runtime_ns),
	U64(struct spec_scheduler, "deadline", deadline_ns),
	U64(struct spec_scheduler, "period", period_ns),
	{ 0 },
};
static const struct object scheduler_object = { scheduler_fields, sizeof(struct spec_scheduler),
	NULL, NULL };

static const struct field io_priority_fields[] = {
	NAME_INT(struct spec_io_priority, "class", class, names_ioprio_classes,
		"an I/O priority class", REQUIRED),
	I64(struct spec_io_priority, "priority", priority, 0, 7),
	{ 0 },
};
static const struct object io_priority_object = { io_priority_fields,
	sizeof(struct spec_io_priority), NULL, after_io_priority };

static const struct field affinity_fields[] = {
	STRING(struct spec_process, "initial", affinity_initial),
	STRING(struct spec_process, "final", affinity_final),
	{ 0 },
};
static const struct object affinity_object = { affinity_fields, 0, NULL, NULL };

/* ws_row and ws_col of TIOCSWINSZ are unsigned shorts. */
static const struct field console_size_fields[] = {
	U32(struct spec_process, "height", console_height, USHRT_MAX, REQUIRED),
	U32(struct spec_process, "width", console_width, USHRT_MAX, REQUIRED),
	{ 0 },
};
static const struct object console_size_object = { console_size_fields, 0, NULL, NULL };

static const struct field process_fields[] = {
	BOOL(struct spec_process, "terminal", terminal),
	{ .name = "consoleSize",
		.kind = FIELD_OBJECT,
		.object = &console_size_object,
		.count = AT(struct spec_process, has_console_size, bool) },
	OBJECT(struct spec_process, "user", user, user_object),
	STRINGS(struct spec_process, "args", args, REQUIRED),
	STRINGS(struct spec_process, "env", env),
	STRING(struct spec_process, "cwd", cwd, REQUIRED),
	OBJECT_IF(struct spec_process, "capabilities", capabilities, capabilities.has,
		capabilities_object),
	LIST(struct spec_process, "rlimits", n_rlimits, rlimits, rlimit_object),
	BOOL(struct spec_process, "noNewPrivileges", no_new_privileges),
	STRING(struct spec_process, "apparmorProfile", apparmor_profile),
	STRING(struct spec_process, "selinuxLabel", selinux_label),
	OPT_I64(struct spec_process, "oomScoreAdj", oom_score_adj, -1000, 1000),
	OBJECT_PTR(struct spec_process, "scheduler", scheduler, scheduler_object),
	OBJECT_PTR(struct spec_process, "ioPriority", io_priority, io_priority_object),
	INLINE("execCPUAffinity", affinity_object),
	{ .name = "commandLine", .kind = FIELD_FOREIGN },
	{ 0 },
};
static const struct object process_object = { process_fields, sizeof(struct spec_process), NULL,
	NULL };

/* --- root, mounts, hooks --- */

static const struct field root_fields[] = {
	STRING(struct spec_root, "path", path, REQUIRED),
	BOOL(struct spec_root, "readonly", readonly),
	{ 0 },
};
static const struct object root_object = { root_fields, sizeof(struct spec_root), NULL, NULL };

static const struct field id_mapping_fields[] = {
	U32(struct id_mapping, "containerID", container_id, UINT32_MAX, REQUIRED),
	U32(struct id_mapping, "hostID", host_id, UINT32_MAX, REQUIRED),
	U32(struct id_mapping, "size", size, UINT32_MAX, REQUIRED),
	{ 0 },
};
static const struct object id_mapping_object = { id_mapping_fields, sizeof(struct id_mapping), NULL,
	NULL };

static const struct field mount_fields[] = {
	STRING(struct spec_mount, "destination", destination, REQUIRED),
	STRING(struct spec_mount, "type", type),
	STRING(struct spec_mount, "source", source),
	STRINGS(struct spec_mount, "options", options),
	LIST(struct spec_mount, "uidMappings", uid_mappings.n, uid_mappings.v, id_mapping_object),
	LIST(struct spec_mount, "gidMappings", gid_mappings.n, gid_mappings.v, id_mapping_object),
	{ 0 },
};
static const struct object mount_object = { mount_fields, sizeof(struct spec_mount), NULL, NULL };

static const struct field hook_fields[] = {
	STRING(struct spec_hook, "path", path, REQUIRED),
	STRINGS(struct spec_hook, "args", args),
	STRINGS(struct spec_hook, "env", env),
	CUSTOM("timeout", read_timeout),
	{ 0 },
};
static const struct object hook_object = { hook_fields, sizeof(struct spec_hook), NULL, NULL };

#define HOOKS(json, p) LIST(struct spec_hooks, json, at[p].n, at[p].v, hook_object)
static const struct field hooks_fields[] = {
	HOOKS("prestart", HOOK_PRESTART),
	HOOKS("createRuntime", HOOK_CREATE_RUNTIME),
	HOOKS("createContainer", HOOK_CREATE_CONTAINER),
	HOOKS("startContainer", HOOK_START_CONTAINER),
	HOOKS("poststart", HOOK_POSTSTART),
	HOOKS("poststop", HOOK_POSTSTOP),
	{ 0 },
};
static const struct object hooks_object = { hooks_fields, sizeof(struct spec_hooks), NULL, NULL };

/* --- linux.resources --- */

static const struct field device_rule_fields[] = {
	BOOL(struct spec_device_rule, "allow", allow, REQUIRED),
	CUSTOM("type", read_rule_type),
	OPT_I64(struct spec_device_rule, "major", major, -1, MAJOR_MAX),
	OPT_I64(struct spec_device_rule, "minor", minor, -1, MINOR_MAX),
	CUSTOM("access", read_rule_access),
	{ 0 },
};
static const struct object device_rule_object = { device_rule_fields,
	sizeof(struct spec_device_rule), NULL, after_device_rule };

static const struct field memory_fields[] = {
	OPT_I64(struct spec_memory, "limit", limit, -1, INT64_MAX),
	OPT_I64(struct spec_memory, "reservation", reservation, -1, INT64_MAX),
	OPT_I64(struct spec_memory, "swap", swap, -1, INT64_MAX),
	OPT_I64(struct spec_memory, "kernel", kernel, -1, INT64_MAX),
	OPT_I64(struct spec_memory, "kernelTCP", kernel_tcp, -1, INT64_MAX),
	OPT_U64(struct spec_memory, "swappiness", swappiness, 100),
	OPT_BOOL(struct spec_memory, "disableOOMKiller", disable_oom_killer),
	OPT_BOOL(struct spec_memory, "useHierarchy", use_hierarchy),
	OPT_BOOL(struct spec_memory, "checkBeforeUpdate", check_before_update),
	{ 0 },
};
static const struct object memory_object = { memory_fields, sizeof(struct spec_memory), NULL,
	NULL };

static const struct field cpu_fields[] = {
	OPT_U64(struct spec_cpu, "shares", shares, UINT64_MAX),
	OPT_I64(struct spec_cpu, "quota", quota, INT64_MIN, INT64_MAX),
	OPT_U64(struct spec_cpu, "burst", burst, UINT64_MAX),
	OPT_U64(struct spec_cpu, "period", period, UINT64_MAX),
	OPT_I64(struct spec_cpu, "realtimeRuntime", realtime_runtime, -1, INT64_MAX),
	OPT_U64(struct spec_cpu, "realtimePeriod", realtime_period, UINT64_MAX),
	STRING(struct spec_cpu, "cpus", cpus),
	STRING(struct spec_cpu, "mems", mems),
	OPT_I64(struct spec_cpu, "idle", idle, 0, 1),
	{ 0 },
};
static const struct object cpu_object = { cpu_fields, sizeof(struct spec_cpu), NULL, NULL };

static const struct field pids_fields[] = {
	/* PID_MAX_LIMIT of include/linux/threads.h: pids_max_write() takes no more. */
	OPT_I64(struct spec_resources, "limit", pids_limit, -1, 4 * 1024 * 1024),
	{ 0 },
};
static const struct object pids_object = { pids_fields, 0, NULL, NULL };

static const struct field weight_device_fields[] = {
	I64(struct spec_block_device, "major", major, 0, MAJOR_MAX, REQUIRED),
	I64(struct spec_block_device, "minor", minor, 0, MINOR_MAX, REQUIRED),
	OPT_U64(struct spec_block_device, "weight", weight, UINT16_MAX),
	OPT_U64(struct spec_block_device, "leafWeight", leaf_weight, UINT16_MAX),
	{ 0 },
};
static const struct object weight_device_object = { weight_device_fields,
	sizeof(struct spec_block_device), NULL, after_weight_device };

static const struct field throttle_device_fields[] = {
	I64(struct spec_block_device, "major", major, 0, MAJOR_MAX, REQUIRED),
	I64(struct spec_block_device, "minor", minor, 0, MINOR_MAX, REQUIRED),
	NUMBER("rate", FIELD_OPT_U64, AT(struct spec_block_device, rate, struct opt_u64), 0,
		UINT64_MAX, REQUIRED),
	{ 0 },
};
static const struct object throttle_device_object = { throttle_device_fields,
	sizeof(struct spec_block_device), NULL, NULL };

#define BLOCK(json, m, sub) LIST(struct spec_resources, json, block_io.m.n, block_io.m.v, sub)
static const struct field block_io_fields[] = {
	OPT_U64(struct spec_resources, "weight", block_io.weight, UINT16_MAX),
	OPT_U64(struct spec_resources, "leafWeight", block_io.leaf_weight, UINT16_MAX),
	BLOCK("weightDevice", weight_device, weight_device_object),
	BLOCK("throttleReadBpsDevice", throttle_read_bps, throttle_device_object),
	BLOCK("throttleWriteBpsDevice", throttle_write_bps, throttle_device_object),
	BLOCK("throttleReadIOPSDevice", throttle_read_iops, throttle_device_object),
	BLOCK("throttleWriteIOPSDevice", throttle_write_iops, throttle_device_object),
	{ 0 },
};
static const struct object block_io_object = { block_io_fields, 0, NULL, NULL };

static const struct field hugepage_fields[] = {
	STRING(struct spec_hugepage_limit, "pageSize", page_size, REQUIRED),
	U64(struct spec_hugepage_limit, "limit", limit, REQUIRED),
	{ 0 },
};
static const struct object hugepage_object = { hugepage_fields, sizeof(struct spec_hugepage_limit),
	NULL, NULL };

static const struct field network_priority_fields[] = {
	STRING(struct spec_network_priority, "name", name, REQUIRED),
	U32(struct spec_network_priority, "priority", priority, UINT32_MAX, REQUIRED),
	{ 0 },
};
static const struct object network_priority_object = { network_priority_fields,
	sizeof(struct spec_network_priority), NULL, NULL };

static const struct field network_fields[] = {
	OPT_U32(struct spec_resources, "classID", network_class_id, UINT32_MAX),
	LIST(struct spec_resources, "priorities", n_network_priorities, network_priorities,
		network_priority_object),
	{ 0 },
};
static const struct object network_object = { network_fields, 0, NULL, NULL };

static const struct field rdma_fields[] = {
	OPT_U32(struct spec_rdma, "hcaHandles", hca_handles, UINT32_MAX),
	OPT_U32(struct spec_rdma, "hcaObjects", hca_objects, UINT32_MAX),
	{ 0 },
};
const struct object fields_rdma = { rdma_fields, sizeof(struct spec_rdma), NULL, NULL };

static const struct field resources_fields[] = {
	LIST(struct spec_resources, "devices", n_devices, devices, device_rule_object),
	OBJECT(struct spec_resources, "memory", memory, memory_object),
	OBJECT(struct spec_resources, "cpu", cpu, cpu_object),
	INLINE("pids", pids_object),
	INLINE("blockIO", block_io_object),
	LIST(struct spec_resources, "hugepageLimits", n_hugepage_limits, hugepage_limits,
		hugepage_object),
	INLINE("network", network_object),
	CUSTOM("rdma", read_rdma),
	PAIRS(struct spec_resources, "unified", unified),
	{ 0 },
};
static const struct object resources_object = { resources_fields, sizeof(struct spec_resources),
	NULL, NULL };

/* --- linux --- */

static const struct field device_fields[] = {
	STRING(struct spec_device, "path", path, REQUIRED),
	CUSTOM("type", read_device_type, REQUIRED),
	U32(struct spec_device, "major", major, MAJOR_MAX),
	U32(struct spec_device, "minor", minor, MINOR_MAX),
	/* st_mode: with the type of the file, as some engines give it, it has 16 bits. */
	OPT_U32(struct spec_device, "fileMode", file_mode, 0177777),
	OPT_U32(struct spec_device, "uid", uid, UINT32_MAX),
	OPT_U32(struct spec_device, "gid", gid, UINT32_MAX),
	{ 0 },
};
static const struct object device_object = { device_fields, sizeof(struct spec_device), NULL,
	after_device };

static const struct field net_device_fields[] = {
	STRING(struct spec_net_device, "name", name),
	{ 0 },
};
const struct object fields_net_device = { net_device_fields, sizeof(struct spec_net_device), NULL,
	NULL };

static const struct field seccomp_arg_fields[] = {
	U32(struct spec_seccomp_arg, "index", index, 5, REQUIRED),
	U64(struct spec_seccomp_arg, "value", value, REQUIRED),
	U64(struct spec_seccomp_arg, "valueTwo", value_two),
	NAME_INT(struct spec_seccomp_arg, "op", op, names_seccomp_operators, "a seccomp operator",
		REQUIRED),
	{ 0 },
};
static const struct object seccomp_arg_object = { seccomp_arg_fields,
	sizeof(struct spec_seccomp_arg), NULL, NULL };

static const struct field seccomp_rule_fields[] = {
	STRINGS(struct spec_seccomp_rule, "names", names, REQUIRED),
	NAME_U32(struct spec_seccomp_rule, "action", action, names_seccomp_actions,
		"a seccomp action", REQUIRED),
	LIST(struct spec_seccomp_rule, "args", n_args, args, seccomp_arg_object),
	{ 0 },
};
static const struct object seccomp_rule_object = { seccomp_rule_fields,
	sizeof(struct spec_seccomp_rule), NULL, after_seccomp_rule };

static const struct field seccomp_fields[] = {
	NAME_U32(struct spec_seccomp, "defaultAction", default_action, names_seccomp_actions,
		"a seccomp action", REQUIRED),
	STRINGS(struct spec_seccomp, "architectures", architectures),
	FLAGS_U32(struct spec_seccomp, "flags", flags, names_seccomp_flags, "a seccomp flag"),
	STRING(struct spec_seccomp, "listenerPath", listener_path),
	STRING(struct spec_seccomp, "listenerMetadata", listener_metadata),
	LIST(struct spec_seccomp, "syscalls", n_rules, rules, seccomp_rule_object),
	{ 0 },
};
static const struct object seccomp_object = { seccomp_fields, sizeof(struct spec_seccomp), NULL,
	after_seccomp };

static const struct field intel_rdt_fields[] = {
	STRING(struct spec_intel_rdt, "closID", clos_id),
	STRINGS(struct spec_intel_rdt, "schemata", schemata),
	STRING(struct spec_intel_rdt, "l3CacheSchema", l3_cache_schema),
	STRING(struct spec_intel_rdt, "memBwSchema", mem_bw_schema),
	BOOL(struct spec_intel_rdt, "enableMonitoring", enable_monitoring),
	CUSTOM("enableCMT", read_replaced_monitoring),
	CUSTOM("enableMBM", read_replaced_monitoring),
	{ 0 },
};
static const struct object intel_rdt_object = { intel_rdt_fields, sizeof(struct spec_intel_rdt),
	NULL, NULL };

/* A missing mode is left to libmpol, which says everything about policies in one voice. */
static const struct field memory_policy_fields[] = {
	STRING(struct spec_memory_policy, "mode", mode),
	STRING(struct spec_memory_policy, "nodes", nodes),
	STRINGS(struct spec_memory_policy, "flags", flags),
	{ 0 },
};
static const struct object memory_policy_object = { memory_policy_fields,
	sizeof(struct spec_memory_policy), NULL, NULL };

/* A nanosecond part of a second or more is refused by the kernel (time_namespaces(7)). */
static const struct field time_offset_fields[] = {
	I64(struct spec_time_offset, "secs", secs, INT64_MIN, INT64_MAX),
	U32(struct spec_time_offset, "nanosecs", nanosecs, 999999999),
	{ 0 },
};
static const struct object time_offset_object = { time_offset_fields,
	sizeof(struct spec_time_offset), NULL, NULL };

static const struct field time_offsets_fields[] = {
	OBJECT_IF(struct spec_linux, "monotonic", monotonic, monotonic.present, time_offset_object),
	OBJECT_IF(struct spec_linux, "boottime", boottime, boottime.present, time_offset_object),
	{ 0 },
};
static const struct object time_offsets_object = { time_offsets_fields, 0,
	"a clock of a time namespace (monotonic, boottime)", NULL };

static const struct field linux_fields[] = {
	LIST(struct spec_linux, "uidMappings", uid_mappings.n, uid_mappings.v, id_mapping_object),
	LIST(struct spec_linux, "gidMappings", gid_mappings.n, gid_mappings.v, id_mapping_object),
	PAIRS(struct spec_linux, "sysctl", sysctl),
	OBJECT_IF(struct spec_linux, "resources", resources, has_resources, resources_object),
	STRING(struct spec_linux, "cgroupsPath", cgroups_path),
	CUSTOM("namespaces", read_namespaces),
	LIST(struct spec_linux, "devices", n_devices, devices, device_object),
	CUSTOM("netDevices", read_net_devices),
	OBJECT_PTR(struct spec_linux, "seccomp", seccomp, seccomp_object),
	STRING(struct spec_linux, "rootfsPropagation", rootfs_propagation),
	STRINGS(struct spec_linux, "maskedPaths", masked_paths),
	STRINGS(struct spec_linux, "readonlyPaths", readonly_paths),
	STRING(struct spec_linux, "mountLabel", mount_label),
	OBJECT_PTR(struct spec_linux, "intelRdt", intel_rdt, intel_rdt_object),
	OBJECT_PTR(struct spec_linux, "memoryPolicy", memory_policy, memory_policy_object),
	CUSTOM("personality", read_personality),
	INLINE("timeOffsets", time_offsets_object),
	{ 0 },
};
static const struct object linux_object = { linux_fields, sizeof(struct spec_linux), NULL, NULL };

/* --- the whole --- */

static const struct field spec_fields[] = {
	STRING(struct spec, "ociVersion", oci_version, REQUIRED),
	OBJECT_IF(struct spec, "process", process, has_process, process_object),
	OBJECT(struct spec, "root", root, root_object, REQUIRED),
	STRING(struct spec, "hostname", hostname),
	STRING(struct spec, "domainname", domainname),
	LIST(struct spec, "mounts", n_mounts, mounts, mount_object),
	OBJECT(struct spec, "hooks", hooks, hooks_object),
	PAIRS(struct spec, "annotations", annotations),
	OBJECT(struct spec, "linux", linux_, linux_object),
	{ .name = "freebsd", .kind = FIELD_FOREIGN },
	{ .name = "solaris", .kind = FIELD_FOREIGN },
	{ .name = "vm", .kind = FIELD_FOREIGN },
	{ .name = "windows", .kind = FIELD_FOREIGN },
	{ .name = "zos", .kind = FIELD_FOREIGN },
	{ 0 },
};
const struct object fields_spec = { spec_fields, sizeof(struct spec), NULL, NULL };

int fields_read(struct load *load, enum spec_part part, const struct json *json)
{
	struct spec *spec = load->spec;
	int r;

	switch (part) {
	case SPEC_PROCESS:
		r = walk_object(load, NULL, &process_object, json, &spec->process);
		if (r == 0)
			spec->has_process = true;
		return r;
	case SPEC_RESOURCES:
		r = walk_object(load, NULL, &resources_object, json, &spec->linux_.resources);
		if (r == 0)
			spec->linux_.has_resources = true;
		return r;
	case SPEC_WHOLE:
		break;
	}
	return walk_object(load, NULL, &fields_spec, json, spec);
}
