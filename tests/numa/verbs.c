/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verbs.c - contexts and protection domains of an RDMA device, for the tests of its limits.
 *
 *	verbs open open pd hold
 *
 * Words are taken from left to right. Each but "hold" asks the kernel for one thing more, and prints a
 * line of what it was given, or why it was not; what it has it keeps until it ends. The commands are
 * those of uapi/rdma/ib_user_verbs.h, written to the device by hand: no library of RDMA is here.
 */
#include <errno.h>
#include <fcntl.h>
#include <rdma/ib_user_verbs.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DEVICE "/dev/infiniband/uverbs0"

/* One command: the answer comes to where its first member points, and lengths are in words. */
static int command(int fd, unsigned number, void *whole, size_t size, size_t answer)
{
	struct ib_uverbs_cmd_hdr *head = whole;

	head->command = number;
	head->in_words = (unsigned short)(size / 4);
	head->out_words = (unsigned short)(answer / 4);
	return write(fd, whole, size) == (ssize_t)size ? 0 : -1;
}

static int context_open(void)
{
	struct ib_uverbs_get_context_resp answer = { 0 };
	struct {
		struct ib_uverbs_cmd_hdr head;
		struct ib_uverbs_get_context body;
	} ask = { .body.response = (uintptr_t)&answer };
	int fd = open(DEVICE, O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		printf(DEVICE ": %s\n", strerror(errno));
		return -1;
	}
	if (command(fd, IB_USER_VERBS_CMD_GET_CONTEXT, &ask, sizeof(ask), sizeof(answer)) < 0) {
		printf("context refused: %s\n", strerror(errno));
		close(fd);
		return -1;
	}
	printf("context\n");
	return fd;
}

static void domain_make(int fd)
{
	struct ib_uverbs_alloc_pd_resp answer = { 0 };
	struct {
		struct ib_uverbs_cmd_hdr head;
		struct ib_uverbs_alloc_pd body;
	} ask = { .body.response = (uintptr_t)&answer };

	if (command(fd, IB_USER_VERBS_CMD_ALLOC_PD, &ask, sizeof(ask), sizeof(answer)) < 0)
		printf("domain refused: %s\n", strerror(errno));
	else
		printf("domain\n");
}

int main(int argc, char **argv)
{
	int fd = -1;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "open") == 0) {
			int next = context_open();

			/* Domains are made in the newest there is. */
			if (next >= 0)
				fd = next;
		} else if (strcmp(argv[i], "pd") == 0) {
			domain_make(fd);
		} else if (strcmp(argv[i], "hold") == 0) {
			printf("ready\n");
			pause();
		} else {
			fprintf(stderr, "verbs: open, pd and hold are the words, not '%s'\n",
				argv[i]);
			return 2;
		}
	}
	return 0;
}
