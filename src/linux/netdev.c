/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netdev.c - the loopback device.
 */
#include "linux/netdev.h"

#include "base/fd.h"

#include <errno.h>
#include <linux/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

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
