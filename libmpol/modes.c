/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modes.c - the table of modes and flags.
 *
 * Every other part of the library, and the programs that use it, walk these rows; a fact about a
 * mode or a flag stands nowhere else. The numbers are those of include/uapi/linux/mempolicy.h, the
 * versions those of set_mempolicy(2), the words those of mm/mempolicy.c, policy_modes[].
 */
#include <string.h>

#include "internal.h"

#define MOVABLE (MPOL_FLAG_STATIC_NODES | MPOL_FLAG_RELATIVE_NODES)
#define BALANCED (MOVABLE | MPOL_FLAG_NUMA_BALANCING)

/* clang-format off */
static const struct mpol_mode_info modes[] = {
	{
		.name = "MPOL_DEFAULT", .number = MPOL_MODE_DEFAULT, .node_rule = MPOL_NODES_NONE,
		/* mpol_new() drops STATIC and RELATIVE without a word; ours refuse them. */
		.flags = 0, .kernel_flags = MOVABLE,
		.since = { 2, 6 }, .maps_word = "default",
		.fallback = -1,
		.words = "the system's default: the node of the CPU that touches the page",
	},
	{
		.name = "MPOL_PREFERRED", .number = MPOL_MODE_PREFERRED,
		.node_rule = MPOL_NODES_OPTIONAL,
		.flags = MOVABLE, .kernel_flags = MOVABLE,
		.since = { 2, 6 }, .maps_word = "prefer",
		.fallback = -1,
		.words = "the lowest of these nodes first, others when it is full",
	},
	{
		.name = "MPOL_BIND", .number = MPOL_MODE_BIND, .node_rule = MPOL_NODES_REQUIRED,
		.flags = BALANCED, .kernel_flags = BALANCED,
		.since = { 2, 6 }, .maps_word = "bind",
		.fallback = -1,
		.words = "only these nodes, then the OOM killer",
	},
	{
		.name = "MPOL_INTERLEAVE", .number = MPOL_MODE_INTERLEAVE,
		.node_rule = MPOL_NODES_REQUIRED,
		.flags = MOVABLE, .kernel_flags = MOVABLE,
		.since = { 2, 6 }, .maps_word = "interleave",
		.fallback = -1,
		.words = "these nodes in turn, page by page",
	},
	{
		.name = "MPOL_LOCAL", .number = MPOL_MODE_LOCAL, .node_rule = MPOL_NODES_NONE,
		.flags = 0, .kernel_flags = 0,
		.since = { 3, 8 }, .maps_word = "local",
		.fallback = -1,
		.words = "the node of the CPU that touches the page",
	},
	{
		.name = "MPOL_PREFERRED_MANY", .number = MPOL_MODE_PREFERRED_MANY,
		.node_rule = MPOL_NODES_REQUIRED,
		.flags = MOVABLE, .kernel_flags = BALANCED,
		.since = { 5, 15 }, .maps_word = "prefer (many)",
		.fallback = MPOL_MODE_PREFERRED,
		.words = "any of these nodes first, others when they are full",
	},
	{
		.name = "MPOL_WEIGHTED_INTERLEAVE", .number = MPOL_MODE_WEIGHTED_INTERLEAVE,
		.node_rule = MPOL_NODES_REQUIRED,
		.flags = MOVABLE, .kernel_flags = MOVABLE,
		.since = { 6, 9 }, .maps_word = "weighted interleave",
		.fallback = MPOL_MODE_INTERLEAVE,
		.words = "these nodes in turn, in proportion to the system's weights",
	},
};

static const struct mpol_flag_info flags[] = {
	{
		.name = "MPOL_F_NUMA_BALANCING", .bit = MPOL_FLAG_NUMA_BALANCING,
		.since = { 5, 12 }, .maps_word = "balancing",
		.words = "the kernel may move pages among the nodes to where they are used",
	},
	{
		.name = "MPOL_F_RELATIVE_NODES", .bit = MPOL_FLAG_RELATIVE_NODES,
		.since = { 2, 6 }, .maps_word = "relative",
		.words = "node numbers count within the allowed nodes, and fold around past the last",
	},
	{
		.name = "MPOL_F_STATIC_NODES", .bit = MPOL_FLAG_STATIC_NODES,
		.since = { 2, 6 }, .maps_word = "static",
		.words = "node numbers stay physical when the allowed nodes change",
	},
};
/* clang-format on */

const struct mpol_mode_info *mpol_modes(size_t *ret_n)
{
	*ret_n = ARRAY_LENGTH(modes);
	return modes;
}

const struct mpol_flag_info *mpol_flags(size_t *ret_n)
{
	*ret_n = ARRAY_LENGTH(flags);
	return flags;
}

const struct mpol_mode_info *mpol_mode_by_number(int mode)
{
	for (size_t i = 0; i < ARRAY_LENGTH(modes); i++)
		if (modes[i].number == mode)
			return &modes[i];
	return NULL;
}

const struct mpol_mode_info *mpol_mode_by_name(const char *name)
{
	for (size_t i = 0; name && i < ARRAY_LENGTH(modes); i++)
		if (!strcmp(modes[i].name, name))
			return &modes[i];
	return NULL;
}

const struct mpol_flag_info *mpol_flag_by_name(const char *name)
{
	for (size_t i = 0; name && i < ARRAY_LENGTH(flags); i++)
		if (!strcmp(flags[i].name, name))
			return &flags[i];
	return NULL;
}
