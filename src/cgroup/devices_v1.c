/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devices_v1.c - device rules: the list that v1 and v2 share, and the devices controller of v1.
 *
 * What a list of rules means, on either version: for each kind of access asked for, the last rule
 * that names the device and this access decides; before the first rule stands "deny all".
 *
 * v1 cannot say all of that. It keeps one answer for everything and a set of exceptions, takes a
 * request only if one exception covers the whole of it, and drops without a word what it cannot
 * subtract. So the set is worked out here, written, and what v1 cannot express is refused.
 */
#include "base/fd.h"
#include "cgroup/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ANY (-1)

/*
 * What every container may use, as with runc and crun: make any node (opening it is another
 * matter), the devices that config-linux.md demands, terminals, and /dev/net/tun, which engines'
 * users rely on.
 */
/* clang-format off */
static const struct dev_rule defaults[] = {
	{ true, true, 'c', ANY, ANY, DEV_MKNOD },
	{ true, true, 'b', ANY, ANY, DEV_MKNOD },
	{ true, true, 'c', 1, 3, DEV_ALL },   /* null */
	{ true, true, 'c', 1, 5, DEV_ALL },   /* zero */
	{ true, true, 'c', 1, 7, DEV_ALL },   /* full */
	{ true, true, 'c', 1, 8, DEV_ALL },   /* random */
	{ true, true, 'c', 1, 9, DEV_ALL },   /* urandom */
	{ true, true, 'c', 5, 0, DEV_ALL },   /* tty */
	{ true, true, 'c', 5, 1, DEV_ALL },   /* console */
	{ true, true, 'c', 5, 2, DEV_ALL },   /* ptmx */
	{ true, true, 'c', 136, ANY, DEV_ALL }, /* pts */
	{ true, true, 'c', 10, 200, DEV_ALL }, /* net/tun */
};
/* clang-format on */

static int64_t number_or_any(const struct opt_i64 *o)
{
	return o->set ? o->v : ANY;
}

int dev_rules(const struct spec_resources *r, struct dev_rule **ret, size_t *ret_n, struct err *e)
{
	if (r->n_devices > DEV_RULES_MAX)
		return err_say(e, E2BIG,
			"/linux/resources/devices: %zu rules are too many: at most %d",
			r->n_devices, DEV_RULES_MAX);
	_cleanup_free_ struct dev_rule *v = calloc(r->n_devices + ELEMENTS(defaults), sizeof(*v));
	if (!v)
		return err_nomem(e);

	for (size_t i = 0; i < r->n_devices; i++) {
		const struct spec_device_rule *from = &r->devices[i];
		struct dev_rule *to = &v[i];
		to->allow = from->allow;
		to->type = from->type;
		to->major = number_or_any(&from->major);
		to->minor = number_or_any(&from->minor);
		to->access = (from->read ? DEV_READ : 0u) | (from->write ? DEV_WRITE : 0u) |
			     (from->mknod ? DEV_MKNOD : 0u);
		if (to->major < ANY || to->minor < ANY || to->major > UINT32_MAX ||
			to->minor > UINT32_MAX)
			return err_say(e, ERANGE,
				"/linux/resources/devices/%zu: %lld:%lld is no device number", i,
				(long long)to->major, (long long)to->minor);
	}
	memcpy(v + r->n_devices, defaults, sizeof(defaults));
	*ret = TAKE_PTR(v);
	*ret_n = r->n_devices + ELEMENTS(defaults);
	return 0;
}

/*
 * The set of exceptions.
 */

static bool covers(const struct dev_rule *a, const struct dev_rule *b)
{
	return a->type == b->type && (a->major == ANY || a->major == b->major) &&
	       (a->minor == ANY || a->minor == b->minor);
}

/* Is there a device that both name? */
static bool crosses(const struct dev_rule *a, const struct dev_rule *b)
{
	return a->type == b->type && (a->major == ANY || b->major == ANY || a->major == b->major) &&
	       (a->minor == ANY || b->minor == ANY || a->minor == b->minor);
}

static bool overlaps(const struct dev_rule *a, const struct dev_rule *b)
{
	return crosses(a, b) && (a->access & b->access) != 0;
}

static char *rule_text(const struct dev_rule *rule, char buf[64])
{
	char major[24] = "*", minor[24] = "*";

	if (rule->major != ANY)
		(void)snprintf(major, sizeof(major), "%lld", (long long)rule->major);
	if (rule->minor != ANY)
		(void)snprintf(minor, sizeof(minor), "%lld", (long long)rule->minor);
	(void)snprintf(buf, 64, "%c %s:%s %s%s%s", rule->type, major, minor,
		rule->access & DEV_READ ? "r" : "", rule->access & DEV_WRITE ? "w" : "",
		rule->access & DEV_MKNOD ? "m" : "");
	return buf;
}

/* The rule adds to the exceptions: merge it with one for the same devices. */
static int list_add(struct dev_list *list, size_t room, const struct dev_rule *rule)
{
	for (size_t i = 0; i < list->n; i++) {
		struct dev_rule *old = &list->v[i];
		if (old->type == rule->type && old->major == rule->major &&
			old->minor == rule->minor) {
			old->access |= rule->access;
			old->ours &= rule->ours;
			return 0;
		}
	}
	if (list->n == room)
		return -ENOSPC;
	list->v[list->n++] = *rule;
	return 0;
}

/* The rule takes back from the exceptions. */
static int list_subtract(struct dev_list *list, const struct dev_rule *rule, struct err *e)
{
	char one[64], other[64];

	for (size_t i = 0; i < list->n;) {
		struct dev_rule *old = &list->v[i];
		if (!overlaps(rule, old)) {
			i++;
			continue;
		}
		if (!covers(rule, old))
			return err_say(e, ENOTSUP,
				"/linux/resources/devices: cgroup v1 cannot %s '%s' within '%s', "
				"which an earlier rule %s",
				rule->allow ? "allow" : "deny", rule_text(rule, one),
				rule_text(old, other), rule->allow ? "denies" : "allows");
		old->access &= ~rule->access;
		if (old->access != 0)
			i++;
		else
			*old = list->v[--list->n];
	}
	return 0;
}

static int list_apply(
	struct dev_list *list, size_t room, const struct dev_rule *rule, struct err *e)
{
	if (rule->type == 'a') {
		if (rule->major == ANY && rule->minor == ANY && rule->access == DEV_ALL) {
			list->allow = rule->allow;
			list->n = 0;
			return 0;
		}
		struct dev_rule part = *rule;
		part.type = 'b';
		int r = list_apply(list, room, &part, e);
		part.type = 'c';
		return r < 0 ? r : list_apply(list, room, &part, e);
	}
	if (rule->access == 0)
		return 0;
	if (rule->allow == list->allow)
		return list_subtract(list, rule, e);
	return list_add(list, room, rule);
}

/* Do only both together allow to open for reading and writing? To make a node is asked alone. */
static bool add_up(const struct dev_rule *a, const struct dev_rule *b)
{
	const unsigned both = DEV_READ | DEV_WRITE;

	return ((a->access | b->access) & both) == both && (a->access & both) != both &&
	       (b->access & both) != both;
}

/* Does another exception give the devices of both all that both together allow? */
static bool given_anyway(
	const struct dev_list *list, const struct dev_rule *a, const struct dev_rule *b)
{
	const unsigned both = DEV_READ | DEV_WRITE;
	const struct dev_rule devices = { .type = a->type,
		.major = a->major == ANY ? b->major : a->major,
		.minor = a->minor == ANY ? b->minor : a->minor };

	for (size_t i = 0; i < list->n; i++)
		if (covers(&list->v[i], &devices) && (list->v[i].access & both) == both)
			return true;
	return false;
}

/*
 * v1 grants a request only if one exception covers the whole of it: where two add up, the narrower
 * one gets what the wider one gives anyway. Two that cross ("1:*" and "*:3") have no one to hold
 * what they give together.
 */
static int list_widen(struct dev_list *list, struct err *e)
{
	char one[64], other[64];

	for (size_t i = 0; i < list->n; i++)
		for (size_t j = 0; j < list->n; j++)
			if (covers(&list->v[j], &list->v[i]) && add_up(&list->v[j], &list->v[i]))
				list->v[i].access |= DEV_READ | DEV_WRITE;
	for (size_t i = 0; i < list->n; i++) {
		for (size_t j = i + 1; j < list->n; j++) {
			const struct dev_rule *a = &list->v[i], *b = &list->v[j];
			bool crossed = crosses(a, b) && !covers(a, b) && !covers(b, a);
			if (crossed && add_up(a, b) && !given_anyway(list, a, b))
				return err_say(e, ENOTSUP,
					"/linux/resources/devices: cgroup v1 cannot add up '%s' "
					"and '%s' for the devices of both",
					rule_text(a, one), rule_text(b, other));
		}
	}
	return 0;
}

int dev_list_build(const struct dev_rule *rules, size_t n, struct dev_list *ret, struct err *e)
{
	const size_t room = 2 * n + 1;
	struct dev_list list = { .allow = false, .v = calloc(room, sizeof(*list.v)) };
	int r = list.v ? 0 : err_nomem(e);

	for (size_t i = 0; i < n && r == 0; i++)
		r = list_apply(&list, room, &rules[i], e);
	if (r < 0) {
		free(list.v);
		return r;
	}
	r = list.allow ? 0 : list_widen(&list, e);
	if (r < 0) {
		free(list.v);
		return r;
	}
	*ret = list;
	return 0;
}

/*
 * Writing it.
 */

static int list_file(int dir_fd, bool allow, const char *where, struct err *e)
{
	const char *file = allow ? "devices.allow" : "devices.deny";
	int fd = openat(dir_fd, file, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	return fd < 0 ? err_set(e, errno, "/linux/resources/devices: opening %s of cgroup '%s'",
				file, where)
		      : fd;
}

/* One rule a write. */
static int write_rule(
	int fd, const struct dev_rule *rule, bool allow, const char *where, struct err *e)
{
	char text[64];

	(void)rule_text(rule, text);
	if (write(fd, text, strlen(text)) >= 0)
		return 0;
	/* A cgroup above does not allow it; only what the config asks for is missed. */
	if (errno == EPERM && rule->ours)
		return 0;
	return err_set(e, errno, "/linux/resources/devices: writing '%s' to %s of cgroup '%s'",
		text, allow ? "devices.allow" : "devices.deny", where);
}

static int write_whole(int dir_fd, const struct dev_list *list, const char *where, struct err *e)
{
	int r = fd_write_file(dir_fd, list->allow ? "devices.allow" : "devices.deny", "a");

	if (r == -EINVAL) /* devcgroup_update_access() */
		return err_say(e, EINVAL,
			"/linux/resources/devices: cgroup v1 begins to %s all devices only where "
			"there are no cgroups below, and '%s' has some",
			list->allow ? "allow" : "deny", where);
	if (r < 0)
		return err_set(e, -r, "/linux/resources/devices: writing 'a' to %s of cgroup '%s'",
			list->allow ? "devices.allow" : "devices.deny", where);
	_cleanup_close_ int fd = list_file(dir_fd, !list->allow, where, e);
	r = fd < 0 ? fd : 0;
	for (size_t i = 0; i < list->n && r == 0; i++)
		r = write_rule(fd, &list->v[i], !list->allow, where, e);
	return r;
}

/* Of the rules of one list what those of the other have not. */
static int write_beyond(int dir_fd, bool allow, const struct dev_list *list,
	const struct dev_list *other, const char *where, struct err *e)
{
	_cleanup_close_ int fd = list_file(dir_fd, allow, where, e);
	int r = fd < 0 ? fd : 0;

	for (size_t i = 0; i < list->n && r == 0; i++) {
		struct dev_rule rule = list->v[i];
		for (size_t k = 0; k < other->n; k++)
			if (covers(&other->v[k], &rule) && covers(&rule, &other->v[k]))
				rule.access &= ~other->v[k].access;
		if (rule.access != 0)
			r = write_rule(fd, &rule, allow, where, e);
	}
	return r;
}

static bool parse_number(const char **text, char end, int64_t *ret)
{
	char *behind;

	if (str_starts(*text, "*")) {
		*ret = ANY;
		behind = (char *)*text + 1;
	} else if (**text >= '0' && **text <= '9') {
		*ret = (int64_t)strtoul(*text, &behind, 10);
	} else {
		return false;
	}
	*text = behind + 1;
	return *behind == end;
}

/* "c 1:3 rwm", as devices.list has it. */
static bool parse_rule(const char *text, struct dev_rule *ret)
{
	struct dev_rule rule = { .allow = true, .type = text[0] };
	const char *p = text + 2;

	if ((text[0] != 'b' && text[0] != 'c') || text[1] != ' ' ||
		!parse_number(&p, ':', &rule.major) || !parse_number(&p, ' ', &rule.minor))
		return false;
	for (; *p && *p != '\n'; p++)
		rule.access |= *p == 'r' ? DEV_READ : *p == 'w' ? DEV_WRITE : DEV_MKNOD;
	*ret = rule;
	return true;
}

/* The text of a devices.list that denies what is not in it. */
static int list_parse(const char *text, struct dev_list *ret)
{
	struct dev_list list = { .allow = false };
	size_t room = 1;

	for (const char *p = text; *p; p++)
		room += *p == '\n';
	list.v = calloc(room, sizeof(*list.v));
	if (!list.v)
		return -ENOMEM;
	for (const char *p = text; *p; p += strcspn(p, "\n"), p += *p == '\n') {
		if (*p == '\n')
			continue;
		if (!parse_rule(p, &list.v[list.n])) {
			free(list.v);
			return -EBADMSG;
		}
		list.n++;
	}
	*ret = list;
	return 0;
}

/*
 * Where both the old list and the new one deny what they do not have, only the difference is
 * written, what is added first: a program that runs there is refused nothing in between, and the
 * kernel changes the rest of a cgroup with others below it, but not the answer for everything.
 */
static int list_write(int dir_fd, const struct dev_list *list, const char *where, struct err *e)
{
	_cleanup_free_ char *text = NULL;
	struct dev_list has;
	int r = fd_read_file(dir_fd, "devices.list", CGROUP_FILE_MAX, &text, NULL);

	if (r == 0 && (list->allow || str_starts(text, "a ")))
		return write_whole(dir_fd, list, where, e);
	if (r == 0)
		r = list_parse(text, &has);
	if (r < 0)
		return err_set(e, -r,
			"/linux/resources/devices: reading devices.list of cgroup '%s'", where);
	r = write_beyond(dir_fd, true, list, &has, where, e);
	if (r == 0)
		r = write_beyond(dir_fd, false, &has, list, where, e);
	free(has.v);
	return r;
}

int devices_v1_write(
	int dir_fd, const struct dev_rule *rules, size_t n, const char *where, struct err *e)
{
	struct dev_list list;
	int r = dev_list_build(rules, n, &list, e);

	if (r < 0)
		return r;
	r = list_write(dir_fd, &list, where, e);
	free(list.v);
	return r;
}

int devices_v1_restore(int dir_fd, const char *text)
{
	struct dev_list list;
	int r = list_parse(text, &list);

	if (r < 0)
		return r;
	r = list_write(dir_fd, &list, "", NULL);
	free(list.v);
	return r;
}
