/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netlink.c - rtnetlink by hand: three kinds of request are no reason for a library. See netlink.h.
 */
#include "linux/netlink.h"

#include "base/fd.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* The kernel fills at most 32 KiB at a time in a dump (netlink_dump() of net/netlink/af_netlink.c),
 * and as much as a link with all its virtual functions needs otherwise. */
#define RECEIVE_MAX (64 * 1024)

int netlink_open(struct err *e)
{
	const int on = 1;

	int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (sock < 0)
		return err_set(e, errno, "making a netlink socket");
	/* Reasons in words; answers without a copy of the request. */
	(void)setsockopt(sock, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	(void)setsockopt(sock, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	return sock;
}

void netlink_begin(
	struct netlink_request *q, uint16_t type, uint16_t flags, const void *head, size_t head_len)
{
	static uint32_t sequence;

	*q = (struct netlink_request){
		.head = {
			.nlmsg_len = (uint32_t)NLMSG_LENGTH(head_len),
			.nlmsg_type = type,
			.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags),
			.nlmsg_seq = ++sequence,
		},
	};
	assert(q->head.nlmsg_len <= sizeof(q->data));
	memcpy(NLMSG_DATA(&q->head), head, head_len);
}

void netlink_add(struct netlink_request *q, uint16_t type, const void *data, size_t len)
{
	const size_t at = NLMSG_ALIGN(q->head.nlmsg_len);
	const struct rtattr attribute = { .rta_len = (unsigned short)RTA_LENGTH(len),
		.rta_type = type };

	assert(at + RTA_SPACE(len) <= sizeof(q->data));
	memcpy(q->data + at, &attribute, sizeof(attribute));
	memcpy(q->data + at + RTA_LENGTH(0), data, len);
	q->head.nlmsg_len = (uint32_t)(at + RTA_LENGTH(len));
}

const struct rtattr *netlink_attribute(
	const struct nlmsghdr *message, size_t head_len, const struct rtattr **at)
{
	const char *end = (const char *)message + message->nlmsg_len;

	if (!*at)
		*at = (const void *)((const char *)message + NLMSG_SPACE(head_len));
	const struct rtattr *a = *at;
	if ((const char *)a + sizeof(*a) > end || a->rta_len < sizeof(*a) ||
		(const char *)a + a->rta_len > end)
		return NULL;
	*at = (const void *)((const char *)a + RTA_ALIGN(a->rta_len));
	return a;
}

/* The kernel's last word: 0 or -errno, and perhaps a sentence. */
static int verdict(struct netlink_request *q, const struct nlmsghdr *m)
{
	const struct nlmsgerr *answer = NLMSG_DATA(m);
	const struct rtattr *at = NULL, *a;

	if (m->nlmsg_len < NLMSG_LENGTH(sizeof(*answer)))
		return -EBADMSG;
	while ((m->nlmsg_flags & NLM_F_ACK_TLVS) &&
		(a = netlink_attribute(m, sizeof(*answer), &at))) {
		if (a->rta_type != NLMSGERR_ATTR_MSG)
			continue;
		size_t len = strnlen(RTA_DATA(a), RTA_PAYLOAD(a));
		if (len >= sizeof(q->words))
			len = sizeof(q->words) - 1;
		memcpy(q->words, RTA_DATA(a), len);
		q->words[len] = '\0';
	}
	return answer->error;
}

static ssize_t receive(int sock, char *buf, size_t size)
{
	struct sockaddr_nl from = { 0 };
	struct iovec iov = { .iov_base = buf, .iov_len = size };
	struct msghdr msg = {
		.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &iov, .msg_iovlen = 1
	};
	ssize_t n;

	do {
		n = recvmsg(sock, &msg, 0);
		/* Anybody may write to a netlink socket; only 0 is the kernel. */
	} while ((n < 0 && errno == EINTR) || (n >= 0 && from.nl_pid != 0));
	if (n < 0)
		return -errno;
	return msg.msg_flags & MSG_TRUNC ? -EMSGSIZE : n;
}

int netlink_ask(int sock, struct netlink_request *q, netlink_take_fn *take, void *arg)
{
	_cleanup_free_ char *buf = malloc(RECEIVE_MAX);
	bool interrupted = false;

	if (!buf)
		return -ENOMEM;
	if (send(sock, q->data, q->head.nlmsg_len, 0) < 0)
		return -errno;
	for (;;) {
		ssize_t n = receive(sock, buf, RECEIVE_MAX);
		if (n < 0)
			return (int)n;
		const struct nlmsghdr *m = (const void *)buf;
		for (unsigned left = (unsigned)n; NLMSG_OK(m, left); m = NLMSG_NEXT(m, left)) {
			if (m->nlmsg_seq != q->head.nlmsg_seq)
				continue; /* of an earlier request that we gave up */
			interrupted |= m->nlmsg_flags & NLM_F_DUMP_INTR;
			if (m->nlmsg_type == NLMSG_ERROR)
				return verdict(q, m);
			if (m->nlmsg_type == NLMSG_DONE)
				return interrupted ? -EINTR : 0;
			int r = take ? take(m, arg) : 0;
			if (r < 0)
				return r;
		}
	}
}
