/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netdev.c - network devices into the container's network namespace, and the loopback device there.
 * See netdev.h.
 *
 * The kernel takes a device's addresses away when it leaves its namespace, and IPv6 ones even when
 * it is set down. So they are read first, and the device is not set down: moving it does that.
 */
#include "linux/netdev.h"

#include "base/fd.h"
#include "linux/netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define AT "/linux/netDevices"
#define DUMP_TRIES 10
#define INDEX_TRIES 1000

/* What addresses are like beyond their bytes, as far as a request may say it. */
#define ADDRESS_FLAGS                                                                              \
	(IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE |            \
		IFA_F_MCAUTOJOIN)

struct address {
	struct address *next;
	size_t len;
	struct nlmsghdr message; /* as the kernel gave it; len bytes */
};

struct netdev_moved {
	const struct spec_net_device *device;
	int host_index, index; /* outside and inside */
	unsigned flags;        /* IFF_* outside */
	struct address *addresses;
};

struct link {
	int index;
	unsigned flags;
	char name[IFNAMSIZ];
};

static int open_sockets(int pid_proc_fd, struct netdev_moves *m, struct err *e);
static int look(const struct spec *spec, struct netdev_moves *m, struct err *e);
static int move(struct netdev_moves *m, struct netdev_moved *d, int inside_fd, struct arena *arena,
	struct err *e);
static int set_up(struct netdev_moves *m, const struct netdev_moved *d, struct err *e);

int netdev_loopback_up(struct err *e)
{
	struct ifreq req = { .ifr_name = "lo" };
	_cleanup_close_ int sock = -1;

	/* A socket of any family reaches netdevice(7); a local one exists without IPv4 and IPv6. */
	sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return err_set(e, errno, "making a socket to bring the loopback device up");
	/* A fresh loopback device has no other flag that could be set, so none is lost. */
	req.ifr_flags = IFF_UP | IFF_LOOPBACK;
	if (ioctl(sock, SIOCSIFFLAGS, &req) < 0)
		return err_set(e, errno, "bringing the loopback device up");
	return 0;
}

int netdev_move(const struct spec *spec, int pid_proc_fd, struct arena *arena,
	struct netdev_moves *moves, struct err *e)
{
	const size_t n = spec->linux_.n_net_devices;

	*moves = (struct netdev_moves)NETDEV_MOVES_NONE;
	moves->v = arena_array(arena, struct netdev_moved, n);
	if (!moves->v)
		return err_nomem(e);
	_cleanup_close_ int inside_fd = open_sockets(pid_proc_fd, moves, e);
	if (inside_fd < 0)
		return inside_fd;
	int r = look(spec, moves, e);
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = move(moves, &moves->v[i], inside_fd, arena, e);
		if (r == 0)
			r = set_up(moves, &moves->v[i], e);
	}
	return r;
}

void netdev_close(struct netdev_moves *moves)
{
	moves->host_fd = fd_close(moves->host_fd);
	moves->host = fd_close(moves->host);
	moves->inside = fd_close(moves->inside);
}

/* --- both namespaces --- */

/* A socket belongs to the namespace in which it was made. */
static int open_inside(int host_fd, int inside_fd, struct err *e)
{
	if (setns(inside_fd, CLONE_NEWNET) < 0) {
		if (errno == EPERM)
			return err_say(e, EPERM,
				AT ": only root may move network devices into a container");
		return err_set(e, errno, AT ": entering the container's network namespace");
	}
	int sock = netlink_open(e);
	/* Nothing of ours may go on where we do not belong. The kernel has no reason to refuse. */
	if (setns(host_fd, CLONE_NEWNET) < 0)
		abort();
	return sock;
}

static int open_sockets(int pid_proc_fd, struct netdev_moves *m, struct err *e)
{
	struct stat host, inside;

	_cleanup_close_ int inside_fd = openat(pid_proc_fd, "ns/net", O_RDONLY | O_CLOEXEC);
	if (inside_fd < 0)
		return err_set(e, errno, AT ": opening the container's network namespace");
	m->host_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (m->host_fd < 0 || fstat(m->host_fd, &host) < 0 || fstat(inside_fd, &inside) < 0)
		return err_set(e, errno, AT ": opening the network namespace");
	if (host.st_dev == inside.st_dev && host.st_ino == inside.st_ino)
		return err_say(e, EINVAL,
			AT ": the container's network namespace is the one that the devices are in "
			   "already");
	m->host = netlink_open(e);
	if (m->host < 0)
		return m->host;
	m->inside = open_inside(m->host_fd, inside_fd, e);
	return m->inside < 0 ? m->inside : TAKE_FD(inside_fd);
}

/* --- links --- */

static int take_link(const struct nlmsghdr *m, void *arg)
{
	const struct ifinfomsg *info = NLMSG_DATA(m);
	const struct rtattr *at = NULL, *a;
	struct link *ret = arg;

	if (m->nlmsg_type != RTM_NEWLINK || m->nlmsg_len < NLMSG_LENGTH(sizeof(*info)))
		return -EBADMSG;
	ret->index = info->ifi_index;
	ret->flags = info->ifi_flags;
	while ((a = netlink_attribute(m, sizeof(*info), &at)))
		if (a->rta_type == IFLA_IFNAME)
			(void)snprintf(ret->name, sizeof(ret->name), "%.*s", (int)RTA_PAYLOAD(a),
				(const char *)RTA_DATA(a));
	return 0;
}

/* By name or, where that is NULL, by index. 1; 0: there is none; -errno. */
static int find_link(int sock, const char *name, int index, struct link *ret)
{
	const struct ifinfomsg info = { .ifi_family = AF_UNSPEC, .ifi_index = name ? 0 : index };
	struct netlink_request q;

	netlink_begin(&q, RTM_GETLINK, 0, &info, sizeof(info));
	if (name)
		netlink_add(&q, IFLA_IFNAME, name, strlen(name) + 1);
	int r = netlink_ask(sock, &q, take_link, ret);
	return r == -ENODEV ? 0 : r < 0 ? r : 1;
}

/* The name inside; with "%d" in it the kernel chooses the number (dev_alloc_name()). */
static bool is_template(const char *name)
{
	return strchr(name, '%');
}

static int look_at(const struct spec_net_device *d, struct netdev_moves *m,
	struct netdev_moved *ret, struct err *e)
{
	struct link link = { 0 }, other;

	int r = find_link(m->host, d->host_name, 0, &link);
	if (r < 0)
		return err_set(e, -r, AT "/%s: looking the network device up", d->host_name);
	if (r == 0)
		return err_say(e, ENODEV, AT "/%s: there is no network device '%s' here",
			d->host_name, d->host_name);
	if (link.flags & IFF_LOOPBACK)
		return err_say(e, EINVAL,
			AT "/%s: a loopback device cannot leave its network namespace",
			d->host_name);
	r = is_template(d->name) ? 0 : find_link(m->inside, d->name, 0, &other);
	if (r < 0)
		return err_set(e, -r, AT "/%s/name: looking it up in the container", d->host_name);
	if (r > 0)
		return err_say(e, EEXIST,
			AT "/%s/name: the container's network namespace has a device '%s' already",
			d->host_name, d->name);
	*ret = (struct netdev_moved){ .device = d, .host_index = link.index, .flags = link.flags };
	return 0;
}

static int look(const struct spec *spec, struct netdev_moves *m, struct err *e)
{
	for (size_t i = 0; i < spec->linux_.n_net_devices; i++) {
		int r = look_at(&spec->linux_.net_devices[i], m, &m->v[i], e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* --- addresses --- */

struct address_list {
	int index;
	struct arena *arena;
	struct address *first, **last;
};

static uint32_t address_flags(const struct nlmsghdr *m)
{
	const struct ifaddrmsg *info = NLMSG_DATA(m);
	const struct rtattr *at = NULL, *a;
	uint32_t flags = info->ifa_flags;

	/* The header has room for eight of them. */
	while ((a = netlink_attribute(m, sizeof(*info), &at)))
		if (a->rta_type == IFA_FLAGS && RTA_PAYLOAD(a) == sizeof(flags))
			memcpy(&flags, RTA_DATA(a), sizeof(flags));
	return flags;
}

static int take_address(const struct nlmsghdr *m, void *arg)
{
	const struct ifaddrmsg *info = NLMSG_DATA(m);
	struct address_list *list = arg;

	if (m->nlmsg_type != RTM_NEWADDR || m->nlmsg_len < NLMSG_LENGTH(sizeof(*info)))
		return -EBADMSG;
	if ((int)info->ifa_index != list->index || !(address_flags(m) & IFA_F_PERMANENT))
		return 0;
	struct address *a =
		arena_alloc(list->arena, 1, offsetof(struct address, message) + m->nlmsg_len);
	if (!a)
		return -ENOMEM;
	a->len = m->nlmsg_len;
	memcpy(&a->message, m, m->nlmsg_len);
	*list->last = a;
	list->last = &a->next;
	return 0;
}

/* The permanent ones of a link, in the kernel's order: a secondary one after its primary one. */
static int read_addresses(int sock, int index, struct arena *arena, struct address **ret)
{
	const struct ifaddrmsg info = { .ifa_family = AF_UNSPEC };
	struct address_list list;
	struct netlink_request q;
	int r = -EINTR;

	for (int tries = 0; r == -EINTR && tries < DUMP_TRIES; tries++) {
		list = (struct address_list){ .index = index, .arena = arena };
		list.last = &list.first;
		netlink_begin(&q, RTM_GETADDR, NLM_F_DUMP, &info, sizeof(info));
		r = netlink_ask(sock, &q, take_address, &list);
	}
	if (r == 0)
		*ret = list.first;
	return r;
}

/* Labels of IPv4 begin with the device's name, by convention (ip-address(8)). */
static void add_label(
	struct netlink_request *q, const struct rtattr *label, const char *old, const char *name)
{
	const char *text = RTA_DATA(label);
	const size_t len = strlen(old), given = strnlen(text, RTA_PAYLOAD(label));
	char now[IFNAMSIZ];

	if (given <= len || strncmp(text, old, len) != 0 || text[len] != ':')
		return;
	int n = snprintf(now, sizeof(now), "%s%.*s", name, (int)(given - len), text + len);
	if (n > 0 && (size_t)n < sizeof(now))
		netlink_add(q, IFA_LABEL, now, (size_t)n + 1);
}

/* Add it to another link. Returns 0 or -errno, with the kernel's words in q. */
static int add_address(int sock, const struct address *a, int index, const char *old,
	const char *name, struct netlink_request *q)
{
	struct ifaddrmsg info = *(const struct ifaddrmsg *)NLMSG_DATA(&a->message);
	const uint32_t flags = address_flags(&a->message) & ADDRESS_FLAGS;
	const struct rtattr *at = NULL, *attribute;

	info.ifa_index = (unsigned)index;
	info.ifa_flags = 0;
	netlink_begin(q, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &info, sizeof(info));
	netlink_add(q, IFA_FLAGS, &flags, sizeof(flags));
	while ((attribute = netlink_attribute(&a->message, sizeof(info), &at))) {
		switch (attribute->rta_type) {
		case IFA_LABEL:
			add_label(q, attribute, old, name);
			break;
		case IFA_LOCAL:
		case IFA_ADDRESS:
		case IFA_BROADCAST:
		case IFA_RT_PRIORITY:
		case IFA_PROTO:
			if (RTA_PAYLOAD(attribute) <= sizeof(struct in6_addr))
				netlink_add(q, attribute->rta_type, RTA_DATA(attribute),
					RTA_PAYLOAD(attribute));
			break;
		}
	}
	return netlink_ask(sock, q, NULL, NULL);
}

static const char *address_text(const struct address *a, char buf[INET6_ADDRSTRLEN + 4])
{
	const struct ifaddrmsg *info = NLMSG_DATA(&a->message);
	const size_t need =
		info->ifa_family == AF_INET6 ? sizeof(struct in6_addr) : sizeof(struct in_addr);
	const struct rtattr *at = NULL, *attribute;
	char text[INET6_ADDRSTRLEN] = "?";

	while ((attribute = netlink_attribute(&a->message, sizeof(*info), &at)))
		if ((attribute->rta_type == IFA_LOCAL ||
			    (attribute->rta_type == IFA_ADDRESS && info->ifa_family == AF_INET6)) &&
			RTA_PAYLOAD(attribute) == need)
			(void)inet_ntop(info->ifa_family, RTA_DATA(attribute), text, sizeof(text));
	(void)snprintf(buf, INET6_ADDRSTRLEN + 4, "%s/%u", text, info->ifa_prefixlen);
	return buf;
}

/* --- moving --- */

static int send_link(
	int from, int index, int to_fd, int new_index, const char *name, struct netlink_request *q)
{
	const struct ifinfomsg info = { .ifi_family = AF_UNSPEC, .ifi_index = index };

	netlink_begin(q, RTM_SETLINK, 0, &info, sizeof(info));
	netlink_add(q, IFLA_NET_NS_FD, &to_fd, sizeof(to_fd));
	/* Since Linux 5.13. A template may give it any name, so that it is found by its index. */
	netlink_add(q, IFLA_NEW_IFINDEX, &new_index, sizeof(new_index));
	/* In one request with the move: there may be a device with the old name already. */
	netlink_add(q, IFLA_IFNAME, name, strlen(name) + 1);
	return netlink_ask(from, q, NULL, NULL);
}

static int set_link_up(int sock, int index, struct netlink_request *q)
{
	const struct ifinfomsg info = { .ifi_family = AF_UNSPEC,
		.ifi_index = index,
		.ifi_flags = IFF_UP,
		.ifi_change = IFF_UP };

	netlink_begin(q, RTM_SETLINK, 0, &info, sizeof(info));
	return netlink_ask(sock, q, NULL, NULL);
}

/* ": <words of the kernel>", where it has any. */
static const char *because(const struct netlink_request *q, char buf[200])
{
	(void)snprintf(
		buf, 200, "%s%s%s", q->words[0] ? " (" : "", q->words, q->words[0] ? ")" : "");
	return buf;
}

static int free_index(int sock, int from)
{
	struct link other;

	for (int i = from; i < from + INDEX_TRIES; i++) {
		int r = find_link(sock, NULL, i, &other);
		if (r <= 0)
			return r < 0 ? r : i;
	}
	return -EBUSY;
}

static int move(struct netdev_moves *m, struct netdev_moved *d, int inside_fd, struct arena *arena,
	struct err *e)
{
	const char *host_name = d->device->host_name;
	struct netlink_request q;
	struct link still;
	char words[200];

	int r = read_addresses(m->host, d->host_index, arena, &d->addresses);
	if (r < 0)
		return err_set(e, -r, AT "/%s: reading the device's addresses", host_name);
	d->index = free_index(m->inside, d->host_index);
	if (d->index < 0)
		return err_set(e, -d->index, AT "/%s: looking for a free number inside", host_name);
	r = send_link(m->host, d->host_index, inside_fd, d->index, d->device->name, &q);
	/* The kernel renames after it has moved. */
	if (r == 0 || find_link(m->host, NULL, d->host_index, &still) == 0)
		m->n++;
	if (r == -EEXIST)
		return err_say(e, EEXIST,
			AT "/%s/name: the container's network namespace has a device '%s' already",
			host_name, d->device->name);
	return r < 0 ? err_set(e, -r, AT "/%s: moving it into the container's network namespace%s",
			       host_name, because(&q, words))
		     : 0;
}

static int set_up(struct netdev_moves *m, const struct netdev_moved *d, struct err *e)
{
	const char *host_name = d->device->host_name;
	char text[INET6_ADDRSTRLEN + 4], words[200];
	struct link inside = { 0 };
	struct netlink_request q;

	int r = find_link(m->inside, NULL, d->index, &inside);
	if (r <= 0)
		return err_set(e, r < 0 ? -r : ENODEV, AT "/%s: finding it inside", host_name);
	for (const struct address *a = d->addresses; a; a = a->next) {
		const struct ifaddrmsg *info = NLMSG_DATA(&a->message);
		if (info->ifa_scope != RT_SCOPE_UNIVERSE)
			continue;
		r = add_address(m->inside, a, d->index, host_name, inside.name, &q);
		if (r < 0)
			return err_set(e, -r, AT "/%s: giving it its address %s inside%s",
				host_name, address_text(a, text),
				info->ifa_family == AF_INET6 && r == -EACCES
					? " (IPv6 is switched off there)"
					: because(&q, words));
	}
	r = set_link_up(m->inside, d->index, &q);
	return r < 0 ? err_set(e, -r, AT "/%s: setting it up inside%s", host_name,
			       because(&q, words))
		     : 0;
}

/* --- and back --- */

static int take_back(struct netdev_moves *m, const struct netdev_moved *d, struct err *e)
{
	const char *host_name = d->device->host_name;
	struct netlink_request q;
	char words[200];

	/* Its number was given to another, perhaps. */
	int index = free_index(m->host, d->host_index);
	int r = index < 0 ? index
			  : send_link(m->inside, d->index, m->host_fd, index, host_name, &q);
	if (r < 0)
		return err_set(e, -r, "taking network device '%s' back from the container%s",
			host_name, index < 0 ? "" : because(&q, words));
	for (const struct address *a = d->addresses; a; a = a->next) {
		r = add_address(m->host, a, index, host_name, host_name, &q);
		if (r < 0 && r != -EEXIST) {
			char text[INET6_ADDRSTRLEN + 4];
			return err_set(e, -r, "giving network device '%s' its address %s again%s",
				host_name, address_text(a, text), because(&q, words));
		}
	}
	r = d->flags & IFF_UP ? set_link_up(m->host, index, &q) : 0;
	return r < 0 ? err_set(e, -r, "setting network device '%s' up again%s", host_name,
			       because(&q, words))
		     : 0;
}

int netdev_take_back(struct netdev_moves *moves, struct err *e)
{
	struct err other;
	int r = 0;

	while (moves->n > 0) {
		int one = take_back(moves, &moves->v[--moves->n], r < 0 ? &other : e);
		if (one < 0)
			r = one;
	}
	return r;
}
