/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp_tree.h - the plain part of a profile, "these calls: this action", as a tree of our own.
 *
 * Nearly all names of a profile are plain: no rule looks at their arguments, and each architecture
 * has one number for them. libseccomp takes most of its time for these, and makes a comparison for
 * each; sorted, they are a few dozen ranges of numbers. The rest stays libseccomp's.
 */
#pragma once

#include "spec/spec.h"

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A program that is being written; there is room for what the kernel takes. */
struct seccomp_program {
	struct sock_filter insns[BPF_MAXINSNS];
	size_t n;
};
void seccomp_emit(struct seccomp_program *p, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf);

/* Which names of the profile the tree decides: one for each name, rule after rule. */
struct seccomp_plain {
	size_t n;
	bool *v; /* malloc'ed */
};

/*
 * Put the tree at the beginning of p: a call that it does not decide comes out at its end, and goes
 * on into what is written next. archs: the architectures of the whole filter, SCMP_ARCH_*. Returns
 * 1; 0, and nothing is written, where libseccomp has to do all; -ENOMEM.
 */
int seccomp_tree(const struct spec_seccomp *s, const uint32_t *archs, size_t n_archs,
	struct seccomp_program *p, struct seccomp_plain *ret);
