/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules_linux.c - the rules of linux, without its resources.
 */
#include "spec/internal.h"
#include "spec/names.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <sys/mount.h>

static int check_user_namespace(struct spec *spec, struct load *load);
static int check_time_offsets(const struct spec_linux *l, struct load *load);
static int settle_sysctl(struct spec *spec, struct load *load);
static int check_mount_namespace(const struct spec_linux *l, struct load *load);
static int check_paths(const struct spec_linux *l, struct load *load);
static int check_cgroups_path(const char *path, struct load *load);
static int check_propagation(const char *word, struct load *load);
static int check_devices(const struct spec_linux *l, struct load *load);
static int check_net_devices(const struct spec_linux *l, struct load *load);
static int check_seccomp(const struct spec_seccomp *s, struct load *load);
static bool lets_execve(const struct spec_seccomp *s);
static bool lets_pass(uint32_t action);
static int check_intel_rdt(const struct spec_intel_rdt *rdt, struct load *load);

int rules_check_linux(struct spec *spec, struct load *load)
{
	const struct spec_linux *l = &spec->linux_;
	int r;

	r = check_user_namespace(spec, load);
	if (r == 0)
		r = check_time_offsets(l, load);
	if (r == 0)
		r = settle_sysctl(spec, load);
	if (r == 0)
		r = check_mount_namespace(l, load);
	if (r == 0)
		r = check_paths(l, load);
	if (r == 0)
		r = check_cgroups_path(l->cgroups_path, load);
	if (r == 0)
		r = check_propagation(l->rootfs_propagation, load);
	if (r == 0)
		r = check_devices(l, load);
	if (r == 0)
		r = check_net_devices(l, load);
	if (r == 0 && l->seccomp)
		r = check_seccomp(l->seccomp, load);
	if (r == 0 && l->intel_rdt)
		r = check_intel_rdt(l->intel_rdt, load);
	return r;
}

#define EXTENTS_MAX 340 /* UID_GID_MAP_MAX_EXTENTS, user_namespaces(7) */

static bool overlap(uint32_t a, uint32_t a_size, uint32_t b, uint32_t b_size)
{
	return a < (uint64_t)b + b_size && b < (uint64_t)a + a_size;
}

/* What the kernel would say EINVAL to when the map is written. */
int rules_check_id_map(const struct id_map *map, const char *at, struct load *load)
{
	if (map->n > EXTENTS_MAX)
		return load_broken(load, "spec.count",
			"%s: has %zu entries, the kernel takes at most %d", at, map->n,
			EXTENTS_MAX);
	for (size_t i = 0; i < map->n; i++) {
		const struct id_mapping *m = &map->v[i];

		REFUSE_IF(load, m->size == 0, "spec.idmap.size",
			"%s/%zu/size: must be greater than zero", at, i);
		REFUSE_IF(load,
			m->size > UINT32_MAX - m->container_id || m->size > UINT32_MAX - m->host_id,
			"spec.idmap.range", "%s/%zu: runs past the last ID, %" PRIu32, at, i,
			UINT32_MAX - 1);
		for (size_t j = 0; j < i; j++) {
			const struct id_mapping *o = &map->v[j];

			REFUSE_IF(load,
				overlap(m->container_id, m->size, o->container_id, o->size) ||
					overlap(m->host_id, m->size, o->host_id, o->size),
				"spec.idmap.overlap", "%s/%zu: overlaps entry %zu", at, i, j);
		}
	}
	return 0;
}

static int check_user_namespace(struct spec *spec, struct load *load)
{
	const struct spec_linux *l = &spec->linux_;
	const struct spec_namespace *user = &l->namespaces[NS_USER];
	const struct {
		const char *at;
		const struct id_map *map;
	} maps[] = { { "/linux/uidMappings", &l->uid_mappings },
		{ "/linux/gidMappings", &l->gid_mappings } };
	int r = 0;

	for (size_t i = 0; i < ELEMENTS(maps) && r == 0; i++) {
		REFUSE_IF(load, maps[i].map->n && !user->present, "spec.namespace.missing",
			"%s: needs a 'user' namespace in /linux/namespaces", maps[i].at);
		REFUSE_IF(load, !maps[i].map->n && maps[!i].map->n && user->present && !user->path,
			"spec.idmap.missing", "%s: is required together with %s", maps[i].at,
			maps[!i].at);
		/* With a namespace to join they are compared when it is: idmap_is(). */
		r = rules_check_id_map(maps[i].map, maps[i].at, load);
	}
	if (r == 0 && user->present && !user->path && !l->uid_mappings.n && !l->gid_mappings.n)
		r = load_warn(load, "spec.idmap.all",
			"/linux/uidMappings: is missing, as is gidMappings: all IDs are mapped to "
			"themselves, so root in the container owns what root on the host owns");
	return r;
}

static int check_time_offsets(const struct spec_linux *l, struct load *load)
{
	const struct spec_namespace *time = &l->namespaces[NS_TIME];

	if (!l->monotonic.present && !l->boottime.present)
		return 0;
	REFUSE_IF(load, !time->present, "spec.namespace.missing",
		"/linux/timeOffsets: needs a 'time' namespace in /linux/namespaces");
	/* Offsets are fixed once a process lives in the namespace (time_namespaces(7)). */
	REFUSE_IF(load, time->path, "spec.timeoffsets.joined",
		"/linux/timeOffsets: a time namespace that is joined keeps its own "
		"offsets");
	return 0;
}

/*
 * sysctl(8): '.' and '/' both separate, whichever comes first, and the other one then stands for
 * itself: "net.ipv4.conf.eth0/100.forwarding" is "net/ipv4/conf/eth0.100/forwarding". Rewritten in
 * place to the path below /proc/sys. False: no such path can be.
 */
static bool sysctl_path(char *key)
{
	const char *first = strpbrk(key, "./");
	bool dots = first && *first == '.';

	if (!first)
		return false;
	for (char *p = key; dots && *p; p++) {
		if (*p == '.')
			*p = '/';
		else if (*p == '/')
			*p = '.';
	}
	for (const char *part = key;; part++) {
		size_t len = strcspn(part, "/");

		if (len == 0 || (len == 1 && part[0] == '.') ||
			(len == 2 && part[0] == '.' && part[1] == '.'))
			return false;
		part += len;
		if (!*part)
			return true;
	}
}

/*
 * Which namespace a sysctl belongs to; all others are the host's. The rows are what the kernel
 * registers per namespace: ipc/ipc_sysctl.c, ipc/mq_sysctl.c, kernel/utsname_sysctl.c, the net
 * tree, and kernel/ucount.c.
 */
static const struct sysctl_owner {
	const char *path; /* ending in '/': everything below */
	enum ns_type ns;
} sysctl_owners[] = {
	{ "fs/mqueue/", NS_IPC },
	{ "kernel/domainname", NS_UTS },
	{ "kernel/hostname", NS_UTS },
	{ "kernel/msgmax", NS_IPC },
	{ "kernel/msgmnb", NS_IPC },
	{ "kernel/msgmni", NS_IPC },
	{ "kernel/sem", NS_IPC },
	{ "kernel/shm_rmid_forced", NS_IPC },
	{ "kernel/shmall", NS_IPC },
	{ "kernel/shmmax", NS_IPC },
	{ "kernel/shmmni", NS_IPC },
	{ "net/", NS_NETWORK },
	{ "user/", NS_USER },
};

static const struct sysctl_owner *sysctl_owner(const char *path)
{
	for (size_t i = 0; i < ELEMENTS(sysctl_owners); i++) {
		const char *own = sysctl_owners[i].path;

		if (own[strlen(own) - 1] == '/' ? str_starts(path, own) : str_eq(path, own))
			return &sysctl_owners[i];
	}
	return NULL;
}

bool spec_sysctl_owner(const char *path, enum ns_type *ret)
{
	const struct sysctl_owner *owner = sysctl_owner(path);

	if (owner)
		*ret = owner->ns;
	return owner != NULL;
}

static int settle_one_sysctl(struct str_pair *pair, struct spec *spec, struct load *load)
{
	const struct shown key = shown(pair->key);
	char *path = arena_strdup(&spec->arena, pair->key);
	const struct sysctl_owner *owner;

	if (!path)
		return err_nomem(load->e);
	if (!sysctl_path(path))
		return load_broken(load, "spec.sysctl.name",
			"/linux/sysctl: '%s' is not the name of a sysctl", key.text);
	owner = sysctl_owner(path);
	if (!owner)
		return load_broken(load, "spec.sysctl.host",
			"/linux/sysctl: '%s' belongs to no namespace and would change the host",
			key.text);
	REFUSE_IF(load, !spec->linux_.namespaces[owner->ns].present, "spec.namespace.missing",
		"/linux/sysctl: '%s' is a setting of the '%s' namespace, which is not in "
		"/linux/namespaces",
		key.text, names_namespaces[owner->ns].name);
	REFUSE_IF(load, str_eq(path, "kernel/hostname"), "spec.sysctl.hostname",
		"/linux/sysctl: '%s' is what /hostname is for", key.text);
	REFUSE_IF(load,
		str_eq(path, "kernel/domainname") && spec->domainname && spec->domainname[0] &&
			!str_eq(pair->value, spec->domainname),
		"spec.sysctl.domainname", "/linux/sysctl: '%s' is '%s', but /domainname is '%s'",
		key.text, shown(pair->value).text, shown(spec->domainname).text);
	pair->key = path;
	return 0;
}

static int settle_sysctl(struct spec *spec, struct load *load)
{
	struct pair_list *sysctl = &spec->linux_.sysctl;

	for (size_t i = 0; i < sysctl->n; i++) {
		int r = settle_one_sysctl(&sysctl->v[i], spec, load);

		if (r < 0)
			return r;
	}
	return 0;
}

/*
 * Then the container's mounts are of no namespace, and end with its processes: see rootfs.h. Who
 * joins the namespace that they are in (setns(2)) has its root for their own.
 */
static int check_mount_namespace(const struct spec_linux *l, struct load *load)
{
	const struct mount_opt *o;

	if (l->namespaces[NS_MOUNT].present)
		return 0;
	o = l->rootfs_propagation ? names_mount_option(l->rootfs_propagation) : NULL;
	REFUSE_IF(load,
		o && o->kind == MOUNT_OPT_PROPAGATION && (o->set & (MS_SHARED | MS_UNBINDABLE)),
		"spec.namespace.missing",
		"/linux/rootfsPropagation: '%s' needs a 'mount' namespace in /linux/namespaces",
		o->name);
	return load_warn(load, "spec.namespace.mount",
		"/linux/namespaces: without a 'mount' namespace the container is held by its root "
		"directory alone: with CAP_SYS_ADMIN it can leave that for the host's");
}

static int check_paths(const struct spec_linux *l, struct load *load)
{
	const struct {
		const char *field;
		const struct str_list *paths;
	} lists[] = { { "maskedPaths", &l->masked_paths },
		{ "readonlyPaths", &l->readonly_paths } };

	for (size_t i = 0; i < ELEMENTS(lists); i++) {
		REFUSE_IF(load, lists[i].paths->n && !l->namespaces[NS_MOUNT].present,
			"spec.namespace.missing",
			"/linux/%s: needs a 'mount' namespace in /linux/namespaces",
			lists[i].field);
		for (size_t j = 0; j < lists[i].paths->n; j++) {
			REFUSE_IF(load, lists[i].paths->v[j][0] != '/', "spec.path.relative",
				"/linux/%s/%zu: '%s' is not an absolute path", lists[i].field, j,
				shown(lists[i].paths->v[j]).text);
		}
	}
	return 0;
}

static int check_cgroups_path(const char *path, struct load *load)
{
	for (const char *part = path; part && *part; part += strspn(part, "/")) {
		size_t len = strcspn(part, "/");

		REFUSE_IF(load, len == 2 && part[0] == '.' && part[1] == '.', "spec.cgroup.path",
			"/linux/cgroupsPath: '%s' must not have '..' in it", shown(path).text);
		part += len;
	}
	/* The kernel makes no such cgroup: /proc/PID/cgroup could not be read any more. */
	REFUSE_IF(load, path && strchr(path, '\n'), "spec.cgroup.path",
		"/linux/cgroupsPath: must not have a newline in it");
	return 0;
}

static int check_propagation(const char *word, struct load *load)
{
	const struct mount_opt *o = word ? names_mount_option(word) : NULL;

	if (!word || (o && o->kind == MOUNT_OPT_PROPAGATION))
		return 0;
	return load_broken(load, "spec.name",
		"/linux/rootfsPropagation: '%s' is not one of shared, slave, private, unbindable",
		shown(word).text);
}

static int check_devices(const struct spec_linux *l, struct load *load)
{
	for (size_t i = 0; i < l->n_devices; i++) {
		const struct spec_device *d = &l->devices[i];
		const char *field = d->uid.set && d->uid.v == UINT32_MAX ? "uid" : "gid";

		REFUSE_IF(load, d->path && d->path[0] != '/', "spec.path.relative",
			"/linux/devices/%zu/path: '%s' is not an absolute path", i,
			shown(d->path).text);
		REFUSE_IF(load,
			(d->uid.set && d->uid.v == UINT32_MAX) ||
				(d->gid.set && d->gid.v == UINT32_MAX),
			"spec.id",
			"/linux/devices/%zu/%s: %" PRIu32
			" is no ID: the kernel takes it for \"unchanged\"",
			i, field, UINT32_MAX);
	}
	return 0;
}

#define IF_NAME_MAX 15 /* IFNAMSIZ - 1 */

/* dev_valid_name() of net/core/dev.c. */
static bool interface_name(const char *name)
{
	if (!*name || strlen(name) > IF_NAME_MAX || str_eq(name, ".") || str_eq(name, ".."))
		return false;
	for (; *name; name++) {
		if (*name == '/' || *name == ':' || isspace((unsigned char)*name))
			return false;
	}
	return true;
}

static int check_net_devices(const struct spec_linux *l, struct load *load)
{
	REFUSE_IF(load, l->n_net_devices && !l->namespaces[NS_NETWORK].present,
		"spec.namespace.missing",
		"/linux/netDevices: needs a 'network' namespace in /linux/namespaces");
	for (size_t i = 0; i < l->n_net_devices; i++) {
		const struct spec_net_device *d = &l->net_devices[i];

		REFUSE_IF(load, !interface_name(d->host_name), "spec.netdevice.name",
			"/linux/netDevices: '%s' is not the name of a network device",
			shown(d->host_name).text);
		REFUSE_IF(load, interface_name(d->host_name) && !interface_name(d->name),
			"spec.netdevice.name",
			"/linux/netDevices/%s/name: '%s' is not the name of a network device",
			d->host_name, shown(d->name).text);
		if (!interface_name(d->host_name) || !interface_name(d->name))
			continue;
		/* dev_alloc_name(): one number, which the kernel chooses. */
		const char *template = strchr(d->name, '%');
		REFUSE_IF(load, template && (template[1] != 'd' || strchr(template + 2, '%')),
			"spec.netdevice.name",
			"/linux/netDevices/%s/name: '%s' is no template: it may have one '%%d' and "
			"no other '%%'",
			d->host_name, shown(d->name).text);
		for (size_t j = 0; j < i && !template; j++)
			REFUSE_IF(load, str_eq(d->name, l->net_devices[j].name),
				"spec.netdevice.twice",
				"/linux/netDevices/%s/name: '%s' is the name of device '%s' in the "
				"container, too",
				d->host_name, d->name, l->net_devices[j].host_name);
	}
	return 0;
}

static int check_seccomp(const struct spec_seccomp *s, struct load *load)
{
	bool notify = false;

	for (size_t i = 0; i < s->architectures.n; i++) {
		REFUSE_IF(load, !names_find(names_seccomp_archs, s->architectures.v[i]),
			"spec.name",
			"/linux/seccomp/architectures/%zu: '%s' is not a seccomp "
			"architecture",
			i, shown(s->architectures.v[i]).text);
	}
	/* The agent would have to answer for the system calls that reach it. */
	REFUSE_IF(load, s->default_action == SCMP_ACT_NOTIFY, "spec.seccomp.notify",
		"/linux/seccomp/defaultAction: SCMP_ACT_NOTIFY cannot be the default");
	for (size_t i = 0; i < s->n_rules; i++) {
		const struct spec_seccomp_rule *rule = &s->rules[i];

		if (rule->action != SCMP_ACT_NOTIFY)
			continue;
		notify = true;
		/* The agent would have to answer it before it was told of the container. */
		for (size_t k = 0; k < rule->names.n; k++)
			REFUSE_IF(load, str_eq(rule->names.v[k], "write"), "spec.seccomp.notify",
				"/linux/seccomp/syscalls/%zu/action: SCMP_ACT_NOTIFY "
				"cannot be for write, which hands the listener over",
				i);
	}
	REFUSE_IF(load, notify && !s->listener_path, "spec.seccomp.listener",
		"/linux/seccomp/listenerPath: is required for SCMP_ACT_NOTIFY");
	REFUSE_IF(load, s->listener_metadata && !s->listener_path, "spec.seccomp.listener",
		"/linux/seccomp/listenerMetadata: must not be set without listenerPath");
	return lets_execve(s) ? 0
			      : load_warn(load, "spec.seccomp.execve",
					"/linux/seccomp: forbids execve(2), by which the program "
					"is started");
}

/* False only where that is certain: what a rule says of arguments is the kernel's to compare. */
static bool lets_execve(const struct spec_seccomp *s)
{
	bool lets = lets_pass(s->default_action), said = false;

	for (size_t i = 0; i < s->n_rules; i++) {
		const struct spec_seccomp_rule *rule = &s->rules[i];

		for (size_t k = 0; k < rule->names.n; k++) {
			if (!str_eq(rule->names.v[k], "execve"))
				continue;
			if (lets_pass(rule->action) || rule->n_args)
				return true;
			said = true;
		}
	}
	return lets && !said;
}

static bool lets_pass(uint32_t action)
{
	const uint32_t kind = action & SECCOMP_RET_ACTION_FULL;

	return kind != SECCOMP_RET_ERRNO && kind != SECCOMP_RET_TRAP &&
	       kind != SECCOMP_RET_KILL_THREAD && kind != SECCOMP_RET_KILL_PROCESS;
}

int spec_check_intel_rdt(const struct spec_intel_rdt *rdt, struct err *e)
{
	struct load load = { .e = e };

	return check_intel_rdt(rdt, &load);
}

static int check_intel_rdt(const struct spec_intel_rdt *rdt, struct load *load)
{
	/* What resctrl has beside classes (filesystems/resctrl.rst). */
	static const char *const reserved[] = { ".", "..", "info", "mon_groups", "mon_data" };
	const char *id = rdt->clos_id;
	bool wrong = id && !str_eq(id, "/") && (strpbrk(id, "/\n") || strlen(id) > NAME_MAX);

	/* "/" alone is the default class; otherwise it is the name of one directory of resctrl. */
	for (size_t i = 0; id && i < ELEMENTS(reserved); i++)
		wrong |= str_eq(id, reserved[i]);
	REFUSE_IF(load, wrong, "spec.rdt.name",
		"/linux/intelRdt/closID: '%s' is not the name of a class", shown(id).text);
	REFUSE_IF(load, rdt->l3_cache_schema && strchr(rdt->l3_cache_schema, '\n'),
		"spec.rdt.newline", "/linux/intelRdt/l3CacheSchema: must not have a newline in it");
	REFUSE_IF(load, rdt->mem_bw_schema && strchr(rdt->mem_bw_schema, '\n'), "spec.rdt.newline",
		"/linux/intelRdt/memBwSchema: must not have a newline in it");
	REFUSE_IF(load, rdt->mem_bw_schema && !str_starts(rdt->mem_bw_schema, "MB:"),
		"spec.rdt.schema", "/linux/intelRdt/memBwSchema: '%s' must start with 'MB:'",
		shown(rdt->mem_bw_schema).text);
	for (size_t i = 0; i < rdt->schemata.n; i++) {
		REFUSE_IF(load, strchr(rdt->schemata.v[i], '\n'), "spec.rdt.newline",
			"/linux/intelRdt/schemata/%zu: must not have a newline in it", i);
	}
	return 0;
}
