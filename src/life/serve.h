/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve.h - what a process of the container asks of the runtime on its way to its program: rights
 * that it lacks, and a hearing for its seccomp listener.
 */
#pragma once

#include "life/msg.h"
#include "life/state.h"
#include "spec/spec.h"

struct serve {
	int sock;
	pid_t pid; /* the process, here */
	int pidfd;
	const struct spec_process *process; /* NULL: it asks for no rights any more */
	const struct state *state;          /* of the container */
	const struct spec *config;          /* of the container */
	const struct msg_look *look;        /* while it does not answer; NULL: nothing */
	const char *status;                 /* of the container, now */
	pid_t init_pid;                     /* here; what the OCI state gives */
};

/*
 * Serve it until this message comes, which is no request itself. Returns 0, with its payload where
 * ret is not NULL, or -errno with e set; -EPIPE when it is gone.
 */
int serve_until(const struct serve *s, enum msg_type last, union msg_payload *ret, struct err *e);
