/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz the text of numa_maps and of memory.numa_stat: the bytes are a whole file, and its first
 * line is also a policy and a row of statistics.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mpol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

static void require_policy(const struct mpol *policy)
{
	char text[MPOL_TEXT];
	struct mpol again;
	bool cut;

	(void)mpol_maps_text(policy, text);
	if (strlen(text) >= 63)
		return; /* long enough to count as cut off */
	if (mpol_maps_text_parse(text, strlen(text), &again, &cut) == 0) {
		REQUIRE(!memcmp(policy, &again, sizeof(again)) && !cut);
		return;
	}
	/* What was cut off can have lost all its nodes, or been longer with zeros in front. */
	REQUIRE(mpol_nodeset_empty(&policy->nodes));
}

static void fuzz_file(const uint8_t *data, size_t size)
{
	int fd = memfd_create("numa_maps", MFD_CLOEXEC), r;
	const struct mpol_mapping *m;
	struct mpol_maps *maps;

	REQUIRE(fd >= 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
	maps = mpol_maps_open(fd);
	REQUIRE(maps);
	while ((r = mpol_maps_next(maps, &m)) > 0) {
		REQUIRE(m->n_nodes <= MPOL_NODES_MAX);
		for (size_t i = 0; i < m->n_nodes; i++) {
			REQUIRE(m->nodes[i].node < MPOL_NODES_MAX);
			REQUIRE(i == 0 || m->nodes[i].node > m->nodes[i - 1].node);
		}
		REQUIRE(!m->name || !memchr(m->name, '\n', m->name_len));
		if (m->policy.mode >= 0)
			require_policy(&m->policy);
	}
	REQUIRE(r == 0 || r == -EBADMSG);
	REQUIRE(mpol_maps_next(maps, &m) == r);
	mpol_maps_close(maps);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	const char *newline = size ? memchr(text, '\n', size) : NULL;
	size_t len = newline ? (size_t)(newline - text) : size;
	struct mpol_stat_row row;
	struct mpol policy;
	bool cut;

	fuzz_file(data, size);
	if (mpol_maps_text_parse(text, len, &policy, &cut) == 0)
		require_policy(&policy);
	if (mpol_stat_line(text, len, &row) == 0) {
		REQUIRE(row.n_nodes > 0 && row.n_nodes <= MPOL_NODES_MAX);
		REQUIRE(row.kind_len > 0 && row.kind_len <= len);
	}
	if (mpol_stat_line_v1(text, len, 4096, &row) == 0) {
		REQUIRE(row.n_nodes > 0 && row.n_nodes <= MPOL_NODES_MAX);
		REQUIRE(row.kind_len > 0 && row.kind_len < len);
		for (size_t i = 0; i < row.n_nodes; i++)
			REQUIRE(row.nodes[i].node < MPOL_NODES_MAX &&
				row.nodes[i].bytes % 4096 == 0);
	}
	return 0;
}
