/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp.h - linux.seccomp, compiled to a BPF program by the parent, loaded by init.
 */
#pragma once

#include "base/err.h"
#include "spec/spec.h"

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct seccomp_filter {
	struct sock_filter *insns; /* malloc'ed */
	size_t n_insns;
	uint32_t flags; /* SECCOMP_FILTER_FLAG_* */
	bool listener;  /* a rule asks an agent: loading gives the descriptor that it listens on */
	bool may_close; /* close(2) is allowed, whatever else is not */
};

/*
 * Compile with libseccomp, or take what an earlier call has left in cache_fd, a directory (-1:
 * none). System calls that this libseccomp does not know are skipped, as the peers do. A rule that
 * equals the default action is skipped. Errors name the JSON pointer.
 */
int seccomp_compile(
	const struct spec_seccomp *s, int cache_fd, struct seccomp_filter *ret, struct err *e);

/*
 * Load it on the caller: needs CAP_SYS_ADMIN or no_new_privs. The raw system call. Returns 0; or,
 * of a filter with a listener, its descriptor, close-on-exec, never 0 in a process whose standard
 * streams are open. (Not called seccomp_load: libseccomp has that name.)
 */
int seccomp_filter_load(const struct seccomp_filter *f, struct err *e);

/*
 * The same filter, instructions and all, without an agent: what it would be asked about fails with
 * ENOSYS (seccomp(2)).
 */
struct seccomp_filter seccomp_filter_alone(const struct seccomp_filter *f);

/* Does this kernel know these SECCOMP_FILTER_FLAG_*, together? */
bool seccomp_kernel_has_flag(uint32_t flags);

void seccomp_filter_free(struct seccomp_filter *f);
