/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp_cache.h - compiled filters, kept from one container to the next.
 *
 * libseccomp takes some ten milliseconds for a profile of an engine, several times what the rest of
 * a container takes, and engines give the same profile again and again. A filter is found by all
 * that it was made of, compared byte by byte, so that a wrong one cannot be found.
 *
 * The cache is a help, never a condition: what cannot be read or written is compiled instead.
 */
#pragma once

#include "spec/spec.h"

#include <linux/filter.h>
#include <stddef.h>

/*
 * dir_fd: a directory of the caller's own. *ret is malloc'ed. Returns 0, or -ENOENT where there is
 * no whole file of the caller's for this profile, libseccomp and machine.
 */
int seccomp_cache_find(
	int dir_fd, const struct spec_seccomp *s, struct sock_filter **ret, size_t *ret_n);

/* Keep a filter; old ones go when there are many. Fails in silence. */
void seccomp_cache_keep(
	int dir_fd, const struct spec_seccomp *s, const struct sock_filter *insns, size_t n);
