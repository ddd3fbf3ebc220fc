/* SPDX-License-Identifier: Apache-2.0 */
/*
 * template.c - the config.json that `hasu spec` writes: a shell in a container of its own, with
 * what the specification's default file systems and the peers' defaults make of that.
 */
#include "spec/spec.h"

/* The text in parts; those that differ for an ordinary user come in pairs, the second is theirs. */
static const char head[] =
	"{\n"
	"  \"ociVersion\": \"" SPEC_OCI_VERSION "\",\n"
	"  \"process\": {\n"
	"    \"terminal\": true,\n"
	"    \"user\": { \"uid\": 0, \"gid\": 0 },\n"
	"    \"args\": [\"sh\"],\n"
	"    \"env\": [\n"
	"      \"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\",\n"
	"      \"TERM=xterm\"\n"
	"    ],\n"
	"    \"cwd\": \"/\",\n"
	"    \"capabilities\": {\n"
	"      \"bounding\": [\"CAP_AUDIT_WRITE\", \"CAP_KILL\", \"CAP_NET_BIND_SERVICE\"],\n"
	"      \"effective\": [\"CAP_AUDIT_WRITE\", \"CAP_KILL\", \"CAP_NET_BIND_SERVICE\"],\n"
	"      \"permitted\": [\"CAP_AUDIT_WRITE\", \"CAP_KILL\", \"CAP_NET_BIND_SERVICE\"]\n"
	"    },\n"
	"    \"rlimits\": [\n"
	"      { \"type\": \"RLIMIT_NOFILE\", \"hard\": 1024, \"soft\": 1024 }\n"
	"    ],\n"
	"    \"noNewPrivileges\": true\n"
	"  },\n"
	"  \"root\": {\n"
	"    \"path\": \"rootfs\",\n"
	"    \"readonly\": true\n"
	"  },\n"
	"  \"hostname\": \"hasu\",\n"
	"  \"mounts\": [\n"
	"    {\n"
	"      \"destination\": \"/proc\",\n"
	"      \"type\": \"proc\",\n"
	"      \"source\": \"proc\"\n"
	"    },\n"
	"    {\n"
	"      \"destination\": \"/dev\",\n"
	"      \"type\": \"tmpfs\",\n"
	"      \"source\": \"tmpfs\",\n"
	"      \"options\": [\"nosuid\", \"strictatime\", \"mode=755\", \"size=65536k\"]\n"
	"    },\n"
	"    {\n"
	"      \"destination\": \"/dev/pts\",\n"
	"      \"type\": \"devpts\",\n"
	"      \"source\": \"devpts\",\n"
	"      \"options\": [\n";

static const char *const pts_options[] = {
	"        \"nosuid\", \"noexec\", \"newinstance\", \"ptmxmode=0666\", \"mode=0620\", "
	"\"gid=5\"\n",
	/* No group but the own one is mapped. */
	"        \"nosuid\", \"noexec\", \"newinstance\", \"ptmxmode=0666\", \"mode=0620\"\n"
};

static const char other_mounts[] =
	"      ]\n"
	"    },\n"
	"    {\n"
	"      \"destination\": \"/dev/shm\",\n"
	"      \"type\": \"tmpfs\",\n"
	"      \"source\": \"shm\",\n"
	"      \"options\": [\"nosuid\", \"noexec\", \"nodev\", \"mode=1777\", \"size=65536k\"]\n"
	"    },\n"
	"    {\n"
	"      \"destination\": \"/dev/mqueue\",\n"
	"      \"type\": \"mqueue\",\n"
	"      \"source\": \"mqueue\",\n"
	"      \"options\": [\"nosuid\", \"noexec\", \"nodev\"]\n"
	"    },\n";

static const char *const sys_mounts[] = {
	"    {\n"
	"      \"destination\": \"/sys\",\n"
	"      \"type\": \"sysfs\",\n"
	"      \"source\": \"sysfs\",\n"
	"      \"options\": [\"nosuid\", \"noexec\", \"nodev\", \"ro\"]\n"
	"    },\n"
	"    {\n"
	"      \"destination\": \"/sys/fs/cgroup\",\n"
	"      \"type\": \"cgroup\",\n"
	"      \"source\": \"cgroup\",\n"
	"      \"options\": [\"nosuid\", \"noexec\", \"nodev\", \"relatime\", \"ro\"]\n"
	"    }\n",
	/* A new sysfs takes a network namespace of the own user namespace, and that has no
	 * way out. */
	"    {\n"
	"      \"destination\": \"/sys\",\n"
	"      \"type\": \"none\",\n"
	"      \"source\": \"/sys\",\n"
	"      \"options\": [\"rbind\", \"rslave\", \"nosuid\", \"noexec\", \"nodev\", \"ro\"]\n"
	"    }\n"
};

static const char linux_head[] = "  ],\n"
				 "  \"linux\": {\n";

static const char resources[] = "    \"resources\": {\n"
				"      \"devices\": [\n"
				"        { \"allow\": false, \"access\": \"rwm\" }\n"
				"      ]\n"
				"    },\n";

static const char mappings[] =
	"    \"uidMappings\": [{ \"containerID\": 0, \"hostID\": %u, \"size\": 1 }],\n"
	"    \"gidMappings\": [{ \"containerID\": 0, \"hostID\": %u, \"size\": 1 }],\n";

static const char namespaces[] = "    \"namespaces\": [\n"
				 "      { \"type\": \"pid\" },\n";

static const char *const more_namespaces[] = {
	"      { \"type\": \"network\" },\n",
	"      { \"type\": \"user\" },\n",
};

static const char tail[] = "      { \"type\": \"ipc\" },\n"
			   "      { \"type\": \"uts\" },\n"
			   "      { \"type\": \"mount\" }";

static const char cgroup_namespace[] = ",\n      { \"type\": \"cgroup\" }";

static const char paths[] = "\n"
			   "    ],\n"
			   "    \"maskedPaths\": [\n"
			   "      \"/proc/acpi\",\n"
			   "      \"/proc/asound\",\n"
			   "      \"/proc/kcore\",\n"
			   "      \"/proc/keys\",\n"
			   "      \"/proc/latency_stats\",\n"
			   "      \"/proc/sched_debug\",\n"
			   "      \"/proc/scsi\",\n"
			   "      \"/proc/timer_list\",\n"
			   "      \"/proc/timer_stats\",\n"
			   "      \"/sys/firmware\"\n"
			   "    ],\n"
			   "    \"readonlyPaths\": [\n"
			   "      \"/proc/bus\",\n"
			   "      \"/proc/fs\",\n"
			   "      \"/proc/irq\",\n"
			   "      \"/proc/sys\",\n"
			   "      \"/proc/sysrq-trigger\"\n"
			   "    ]\n"
			   "  }\n"
			   "}\n";

static char *compose(bool rootless, bool cgroup_ns, uid_t uid, gid_t gid)
{
	struct strbuf b = { 0 };

	strbuf_adds(&b, head);
	strbuf_adds(&b, pts_options[rootless]);
	strbuf_adds(&b, other_mounts);
	strbuf_adds(&b, sys_mounts[rootless]);
	strbuf_adds(&b, linux_head);
	if (rootless)
		strbuf_addf(&b, mappings, uid, gid);
	else
		strbuf_adds(&b, resources);
	strbuf_adds(&b, namespaces);
	strbuf_adds(&b, more_namespaces[rootless]);
	strbuf_adds(&b, tail);
	if (cgroup_ns)
		strbuf_adds(&b, cgroup_namespace);
	strbuf_adds(&b, paths);
	if (b.failed) {
		strbuf_free(&b);
		return NULL;
	}
	return b.text;
}

char *spec_default_text(bool cgroup_ns)
{
	return compose(false, cgroup_ns, 0, 0);
}

char *spec_rootless_text(bool cgroup_ns, uid_t uid, gid_t gid)
{
	return compose(true, cgroup_ns, uid, gid);
}
