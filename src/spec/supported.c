/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supported.c - what is understood but not carried out by this version, so that nothing is ignored
 * in silence. A row goes when its feature comes.
 *
 * A field that asks for nothing (an empty list, "unlimited") is no use of the feature.
 */
#include "spec/names.h"
#include "spec/spec.h"

#include <errno.h>
#include <seccomp.h>

#define USES(name, expression)                                                                     \
	static bool uses_##name(const struct spec *s)                                              \
	{                                                                                          \
		return (expression);                                                               \
	}

#define RESOURCES (s->linux_.resources)
#define MEMORY (s->linux_.resources.memory)
#define CPU (s->linux_.resources.cpu)
#define BLOCK_IO (s->linux_.resources.block_io)

USES(apparmor, s->process.apparmor_profile)
USES(selinux, s->process.selinux_label)
USES(scheduler, s->process.scheduler)
USES(io_priority, s->process.io_priority)
USES(affinity, s->process.affinity_initial || s->process.affinity_final)
USES(mount_label, s->linux_.mount_label)
USES(net_devices, s->linux_.n_net_devices)
USES(intel_rdt, s->linux_.intel_rdt)
USES(personality, s->linux_.personality.set)
USES(kernel_tcp, MEMORY.kernel_tcp.set &&MEMORY.kernel_tcp.v != -1)
USES(realtime_runtime, CPU.realtime_runtime.set &&CPU.realtime_runtime.v)
USES(realtime_period, CPU.realtime_period.set &&CPU.realtime_period.v)
USES(block_io_weight, BLOCK_IO.weight.set &&BLOCK_IO.weight.v)
USES(block_io_leaf_weight, BLOCK_IO.leaf_weight.set &&BLOCK_IO.leaf_weight.v)
USES(block_io_weight_device, BLOCK_IO.weight_device.n)
USES(block_io_read_bps, BLOCK_IO.throttle_read_bps.n)
USES(block_io_write_bps, BLOCK_IO.throttle_write_bps.n)
USES(block_io_read_iops, BLOCK_IO.throttle_read_iops.n)
USES(block_io_write_iops, BLOCK_IO.throttle_write_iops.n)
USES(hugepage_limits, RESOURCES.n_hugepage_limits)
USES(network_class, RESOURCES.network_class_id.set)
USES(network_priorities, RESOURCES.n_network_priorities)
USES(rdma, RESOURCES.n_rdma)

static const struct unsupported {
	const char *pointer;
	bool (*used)(const struct spec *spec);
} unsupported[] = {
	{ "/process/apparmorProfile", uses_apparmor },
	{ "/process/selinuxLabel", uses_selinux },
	{ "/process/scheduler", uses_scheduler },
	{ "/process/ioPriority", uses_io_priority },
	{ "/process/execCPUAffinity", uses_affinity },
	{ "/linux/mountLabel", uses_mount_label },
	{ "/linux/netDevices", uses_net_devices },
	{ "/linux/intelRdt", uses_intel_rdt },
	{ "/linux/personality", uses_personality },
	{ "/linux/resources/memory/kernelTCP", uses_kernel_tcp },
	{ "/linux/resources/cpu/realtimeRuntime", uses_realtime_runtime },
	{ "/linux/resources/cpu/realtimePeriod", uses_realtime_period },
	{ "/linux/resources/blockIO/weight", uses_block_io_weight },
	{ "/linux/resources/blockIO/leafWeight", uses_block_io_leaf_weight },
	{ "/linux/resources/blockIO/weightDevice", uses_block_io_weight_device },
	{ "/linux/resources/blockIO/throttleReadBpsDevice", uses_block_io_read_bps },
	{ "/linux/resources/blockIO/throttleWriteBpsDevice", uses_block_io_write_bps },
	{ "/linux/resources/blockIO/throttleReadIOPSDevice", uses_block_io_read_iops },
	{ "/linux/resources/blockIO/throttleWriteIOPSDevice", uses_block_io_write_iops },
	{ "/linux/resources/hugepageLimits", uses_hugepage_limits },
	{ "/linux/resources/network/classID", uses_network_class },
	{ "/linux/resources/network/priorities", uses_network_priorities },
	{ "/linux/resources/rdma", uses_rdma },
};

static int check_mounts(const struct spec *spec, struct err *e);
static int check_seccomp(const struct spec_seccomp *seccomp, struct err *e);

int spec_check_supported(const struct spec *spec, struct err *e)
{
	int r;

	for (size_t i = 0; i < ELEMENTS(unsupported); i++) {
		if (unsupported[i].used(spec))
			return err_say(e, ENOTSUP, "%s: is not supported by this version of hasu",
				unsupported[i].pointer);
	}
	r = check_mounts(spec, e);
	if (r == 0 && spec->linux_.seccomp)
		r = check_seccomp(spec->linux_.seccomp, e);
	/* A process or resources alone have no namespaces to speak of. */
	if (r == 0 && spec->root.path && !spec->linux_.namespaces[NS_MOUNT].present)
		return err_say(e, ENOTSUP,
			"/linux/namespaces: a container without a 'mount' namespace is not "
			"supported "
			"by this version of hasu");
	return r;
}

static int check_mounts(const struct spec *spec, struct err *e)
{
	for (size_t i = 0; i < spec->n_mounts; i++) {
		const struct spec_mount *m = &spec->mounts[i];

		for (size_t j = 0; j < m->options.n; j++) {
			const struct mount_opt *o = names_mount_option(m->options.v[j]);

			if (o && !o->supported)
				return err_say(e, ENOTSUP,
					"/mounts/%zu/options/%zu: '%s' is not supported by this "
					"version of hasu",
					i, j, o->name);
		}
		if (m->uid_mappings.n)
			return err_say(e, ENOTSUP,
				"/mounts/%zu/uidMappings: is not supported by this version of hasu",
				i);
	}
	return 0;
}

static int check_seccomp(const struct spec_seccomp *seccomp, struct err *e)
{
	for (size_t i = 0; i < seccomp->n_rules; i++) {
		if (seccomp->rules[i].action == SCMP_ACT_NOTIFY)
			return err_say(e, ENOTSUP,
				"/linux/seccomp/syscalls/%zu/action: SCMP_ACT_NOTIFY is not "
				"supported "
				"by this version of hasu",
				i);
	}
	return 0;
}
