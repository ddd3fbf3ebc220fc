/* SPDX-License-Identifier: Apache-2.0 */
/*
 * apply.c - the raw system calls set_mempolicy(2) and get_mempolicy(2).
 *
 * No wrapper of libc or libnuma stands between: glibc has none, and libnuma drops nodes without a
 * word. These calls change and read the calling thread alone. Nothing here allocates or touches
 * libc's state but errno, so that it may run in a child that shares the caller's memory.
 */
#include <errno.h>
#include <limits.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "internal.h"

#define LONG_BITS (sizeof(unsigned long) * CHAR_BIT)
#define MASK_LONGS (MPOL_NODES_MAX / LONG_BITS)

#define GET_MEMS_ALLOWED (1ul << 2) /* MPOL_F_MEMS_ALLOWED, include/uapi/linux/mempolicy.h */

int mpol_apply(const struct mpol *policy)
{
	return mempolicy_set(policy->mode | (int)policy->flags, &policy->nodes);
}

int mpol_read(struct mpol *ret)
{
	struct mpol_nodeset nodes;
	int mode, r;

	r = mempolicy_get(&mode, &nodes, 0);
	if (r < 0)
		return r;
	ret->mode = mode & ~(int)MPOL_FLAGS_ALL;
	ret->flags = (unsigned)mode & MPOL_FLAGS_ALL;
	ret->nodes = nodes;
	return 0;
}

int mpol_allowed(struct mpol_nodeset *ret)
{
	int mode;

	return mempolicy_get(&mode, ret, GET_MEMS_ALLOWED);
}

int mempolicy_set(int mode_and_flags, const struct mpol_nodeset *nodes)
{
	/* The kernel's mask is an array of long, whose halves a 32-bit big-endian machine swaps. */
	unsigned long mask[MASK_LONGS];
	bool empty = mpol_nodeset_empty(nodes);

	for (size_t i = 0; i < MASK_LONGS; i++)
		mask[i] = (unsigned long)(nodes->word[i * LONG_BITS / 64] >> (i * LONG_BITS % 64));
	/* Bits past the kernel's own limit may be there as long as they are 0: get_nodes(). */
	if (syscall(SYS_set_mempolicy, mode_and_flags, empty ? NULL : mask,
		    empty ? 0ul : MPOL_MAXNODE) < 0)
		return -errno;
	return 0;
}

int mempolicy_get(int *ret_mode, struct mpol_nodeset *ret_nodes, unsigned long flags)
{
	unsigned long mask[MASK_LONGS] = { 0 };
	struct mpol_nodeset nodes = { { 0 } };
	int mode = 0;

	/* Room for fewer nodes than the machine may have is EINVAL; all of ours is always
	 * enough. */
	if (syscall(SYS_get_mempolicy, &mode, mask, MPOL_MAXNODE, NULL, flags) < 0)
		return -errno;
	for (size_t i = 0; i < MASK_LONGS; i++)
		nodes.word[i * LONG_BITS / 64] |= (uint64_t)mask[i] << (i * LONG_BITS % 64);
	*ret_mode = mode;
	*ret_nodes = nodes;
	return 0;
}
