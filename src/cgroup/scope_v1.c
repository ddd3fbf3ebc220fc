/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scope_v1.c - a scope of systemd on hosts that have cgroup v1, alone or beside v2.
 *
 * Of v1's hierarchies systemd uses those of its own controllers. In the others (cpuset, freezer,
 * hugetlb, net_cls ...) a unit has no directory; the container's is made there by the runtime, at
 * the unit's path, and removed by it. And there systemd writes device rules: who does not name them
 * to it has all devices after its next reload.
 *
 * Never leaves to systemd a limit that its properties cannot say without that being refused or
 * known.
 */
#include "base/fd.h"
#include "cgroup/scope.h"

#include <errno.h>
#include <stdio.h>

/*
 * Directories.
 */

const struct hierarchy *scope_hierarchy(const struct cgroup *cg)
{
	const struct hierarchy *named = cgroup_v1_of(cg, "name=systemd");

	return named ? named : cgroup_v2(cg);
}

bool scope_is_in(const struct hierarchy *h)
{
	static const char *const systemds[] = { "name=systemd", "cpu", "cpuacct", "blkio", "memory",
		"devices", "pids" };

	for (size_t i = 0; i < ELEMENTS(systemds); i++)
		if (hierarchy_has(h, systemds[i]))
			return true;
	return h->v2;
}

/* Where the unit's process is in the hierarchy, if that is the unit's own directory; else NULL. */
static const char *units_path(
	const struct cgroup *cg, const struct hierarchy *h, const struct hierarchy *found, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *last = found[i].own ? strrchr(found[i].own, '/') : NULL;
		if (found[i].mount_id == h->mount_id && last && str_eq(last + 1, cg->scope->unit))
			return found[i].own;
	}
	return NULL;
}

int scope_make_rest(
	struct cgroup *cg, const char *path, const struct hierarchy *found, size_t n, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < cg->n && r == 0; i++) {
		struct hierarchy *h = &cg->h[i];
		const char *own = units_path(cg, h, found, n);

		h->path = own ? own : path;
		if (!own) {
			r = hierarchy_make(cg, h, e);
			continue;
		}
		_cleanup_close_ int fd = hierarchy_open_leaf(h, e);
		r = fd < 0 ? fd : hierarchy_remember(h, fd, e);
	}
	return r;
}

/*
 * Device rules.
 */

static int no_property(const struct dev_rule *rule, struct err *e)
{
	return err_say(e, ENOTSUP,
		"/linux/resources/devices: of cgroup v1 systemd can be told of one device or of "
		"all with a major number, not of minor number %lld of all: use "
		"--cgroup-manager=cgroupfs",
		(long long)rule->minor);
}

/* As systemd.resource-control(5) has them: /dev/char/1:3, char-136, block-*. */
static int add_device(struct properties *p, const struct dev_rule *rule, struct err *e)
{
	const char *const kind = rule->type == 'c' ? "char" : "block";
	char text[64];

	if (rule->major < 0 && rule->minor >= 0)
		return no_property(rule, e);
	if (rule->major < 0)
		(void)snprintf(text, sizeof(text), "%s-*", kind);
	else if (rule->minor < 0)
		(void)snprintf(text, sizeof(text), "%s-%lld", kind, (long long)rule->major);
	else
		(void)snprintf(text, sizeof(text), "/dev/%s/%lld:%lld", kind,
			(long long)rule->major, (long long)rule->minor);
	strbuf_add(&p->fields, text, strlen(text) + 1);
	(void)snprintf(text, sizeof(text), "%s%s%s", rule->access & DEV_READ ? "r" : "",
		rule->access & DEV_WRITE ? "w" : "", rule->access & DEV_MKNOD ? "m" : "");
	strbuf_add(&p->fields, text, strlen(text) + 1);
	return 0;
}

static int add_devices(struct properties *p, const struct dev_list *list, struct err *e)
{
	char number[24];
	int r = 0;

	/* All but some: what systemd is not told it would allow again. */
	if (list->allow && list->n > 0)
		return err_say(e, ENOTSUP,
			"/linux/resources/devices: of cgroup v1 systemd can be told which devices "
			"are allowed, not which of all are denied: begin with a rule that denies "
			"all, or use --cgroup-manager=cgroupfs");
	/* An empty list takes away what was said before, by an annotation or at the start. */
	properties_add(p, "DeviceAllow", "a(ss)", "0");
	properties_add(p, "DevicePolicy", "s", list->allow ? "auto" : "strict");
	if (list->allow)
		return 0;
	(void)snprintf(number, sizeof(number), "%zu", list->n);
	properties_add(p, "DeviceAllow", "a(ss)", number);
	for (size_t i = 0; i < list->n && r == 0; i++)
		r = add_device(p, &list->v[i], e);
	return r < 0 ? r : p->fields.failed ? err_nomem(e) : 0;
}

int properties_of_devices(struct properties *p, const struct cgroup *cg,
	const struct spec_resources *r, bool starting, struct err *e)
{
	_cleanup_free_ struct dev_rule *rules = NULL;
	struct dev_list list;
	size_t n;

	if (!cgroup_v1_of(cg, "devices") || (r->n_devices == 0 && !starting))
		return 0;
	int ret = dev_rules(r, &rules, &n, e);
	if (ret == 0)
		ret = dev_list_build(rules, n, &list, e);
	if (ret < 0)
		return ret;
	ret = add_devices(p, &list, e);
	free(list.v);
	return ret;
}

/*
 * Changes.
 */

/* What systemd keeps less exactly than the kernel; the period first, since a quota is a part of
 * it. */
static const char *const exact[] = { "cpu.max", "cpu.cfs_period_us", "cpu.cfs_quota_us",
	"pids.max" };

struct kept {
	size_t hierarchy, file;
	char *text; /* malloc'ed */
};

static int keep_exact(const struct cgroup *cg, const int *fds, struct kept *kept, size_t max,
	size_t *ret_n, struct err *e)
{
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < cg->n && r == 0; i++)
		for (size_t k = 0; k < ELEMENTS(exact) && n < max && r == 0; k++) {
			char *text = NULL;
			r = fd_read_file(fds[i], exact[k], CGROUP_FILE_MAX, &text, NULL);
			if (r == 0)
				kept[n++] = (struct kept){ i, k, text };
			r = r == -ENOENT ? 0 : r;
		}
	*ret_n = n;
	return r < 0 ? err_set(e, -r, "reading the limits of cgroup '%s'", cg->path) : 0;
}

static int put_exact(
	const struct cgroup *cg, const int *fds, const struct kept *kept, size_t n, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		r = fd_write_file(fds[kept[i].hierarchy], exact[kept[i].file], kept[i].text);
		if (r < 0)
			return err_set(e, -r, "writing '%s' of cgroup '%s'", exact[kept[i].file],
				cg->path);
	}
	return 0;
}

static int tell(
	const struct cgroup *cg, const struct properties *properties, const int *fds, struct err *e)
{
	struct kept kept[2 * ELEMENTS(exact)];
	size_t n = 0;

	int r = keep_exact(cg, fds, kept, ELEMENTS(kept), &n, e);
	if (r == 0)
		r = scope_tell(cg, properties, e);
	if (r == 0)
		r = put_exact(cg, fds, kept, n, e);
	for (size_t i = 0; i < n; i++)
		free(kept[i].text);
	return r;
}

/* Between systemd's "none at all" and its list a running container would be refused /dev/null. */
static int tell_devices(const struct cgroup *cg, const struct properties *properties,
	const int *fds, const struct spec_resources *r, const struct hierarchy *h, struct err *e)
{
	_cleanup_free_ struct dev_rule *rules = NULL;
	bool frozen;
	size_t n;

	int ret = dev_rules(r, &rules, &n, e);
	if (ret == 0)
		ret = cgroup_is_frozen(cg, &frozen, e);
	if (ret == 0 && !frozen)
		ret = cgroup_freeze(cg, true, e);
	if (ret < 0)
		return ret;
	ret = tell(cg, properties, fds, e);
	if (ret == 0)
		ret = devices_v1_write(fds[h - cg->h], rules, n, h->path, e);
	if (!frozen) {
		const int thawed = cgroup_freeze(cg, false, ret == 0 ? e : NULL);
		ret = ret < 0 ? ret : thawed;
	}
	return ret;
}

int scope_set(const struct cgroup *cg, const struct properties *properties, const int *fds,
	const struct spec_resources *r, struct err *e)
{
	const struct hierarchy *devices = cgroup_v1_of(cg, "devices");

	return devices && r->n_devices > 0 ? tell_devices(cg, properties, fds, r, devices, e)
					   : tell(cg, properties, fds, e);
}
