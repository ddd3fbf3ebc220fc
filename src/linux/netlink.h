/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netlink.h - requests of rtnetlink(7), built by hand and answered by the kernel.
 */
#pragma once

#include "base/err.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NETLINK_REQUEST_MAX 1024 /* bytes of one request, enough for a link or an address */

/* A request, and what the kernel says of it beyond an errno. */
struct netlink_request {
	union {
		struct nlmsghdr head;
		char data[NETLINK_REQUEST_MAX];
	};
	char words[160]; /* the kernel's own; empty: it gave none */
};

/* A socket in the network namespace of the caller. Returns a descriptor, or -errno with e set. */
int netlink_open(struct err *e);

/* Begin a request with the header of its family, such as a struct ifinfomsg. flags: NLM_F_DUMP. */
void netlink_begin(struct netlink_request *q, uint16_t type, uint16_t flags, const void *head,
	size_t head_len);
/* Add an attribute. What does not fit is our bug: bounds are checked where names come in. */
void netlink_add(struct netlink_request *q, uint16_t type, const void *data, size_t len);

/* One message of an answer; valid during the call. Returns 0, or -errno, which ends it all. */
typedef int netlink_take_fn(const struct nlmsghdr *message, void *arg);

/*
 * Send it, hand each message of the answer to take (NULL: none is expected), and wait for the
 * kernel's last word. Returns 0 or -errno; e is not set. A dump during which the kernel's tables
 * changed is -EINTR.
 */
int netlink_ask(int sock, struct netlink_request *q, netlink_take_fn *take, void *arg);

/*
 * The attributes behind a header of head_len bytes: *at is the first and moves on. NULL at the end.
 */
const struct rtattr *netlink_attribute(
	const struct nlmsghdr *message, size_t head_len, const struct rtattr **at);
