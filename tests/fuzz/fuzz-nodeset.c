/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz the node list and everything that quotes it: whatever the bytes are, what is read can be
 * written and read again, and what is refused is refused in printable words.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mpol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

static void require_words(const struct mpol_report *report)
{
	REQUIRE(report->n <= MPOL_FINDINGS_MAX);
	for (size_t i = 0; i < report->n; i++) {
		const struct mpol_finding *f = &report->item[i];

		REQUIRE(f->code && memchr(f->text, '\0', sizeof(f->text)) && f->text[0]);
		REQUIRE(memchr(f->where, '\0', sizeof(f->where)));
		for (const char *p = f->text; *p; p++)
			REQUIRE(*p >= ' ' && *p <= '~');
		for (const char *p = f->where; *p; p++)
			REQUIRE(*p >= ' ' && *p <= '~');
	}
}

/* The same bytes as every string of a config's policy. */
static void fuzz_policy(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	const char *flags[] = { text, "MPOL_F_STATIC_NODES" };
	struct mpol_request want = { .mode = "MPOL_INTERLEAVE", .nodes = text };
	struct mpol_report report = { 0 };
	struct mpol policy;
	int r;

	REQUIRE(text);
	memcpy(text, data, size);
	text[size] = '\0';
	r = mpol_parse(&want, MPOL_RULES_STRICT, &policy, &report);
	REQUIRE((r < 0) == (mpol_report_first(&report, MPOL_ERROR) != NULL));
	want = (struct mpol_request){ .mode = text, .flags = flags, .n_flags = 2, .where = text };
	r = mpol_parse(&want, MPOL_RULES_KERNEL, &policy, &report);
	require_words(&report);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mpol_nodeset set, again, untouched;
	struct mpol_report report = { 0 };
	char text[MPOL_NODESET_TEXT], text_again[MPOL_NODESET_TEXT];
	int r;

	memset(&set, 0xa5, sizeof(set));
	untouched = set;
	r = mpol_nodeset_parse((const char *)data, size, "/nodes", &set, &report);
	require_words(&report);
	if (r == 0) {
		REQUIRE(report.n == 0);
		(void)mpol_nodeset_format(&set, text);
		REQUIRE(mpol_nodeset_parse(text, strlen(text), NULL, &again, NULL) == 0);
		REQUIRE(mpol_nodeset_equal(&set, &again));
		REQUIRE(!strcmp(text, mpol_nodeset_format(&again, text_again)));
	} else {
		REQUIRE(r == -EINVAL || r == -ERANGE);
		REQUIRE(report.n == 1 && !memcmp(&set, &untouched, sizeof(set)));
	}
	fuzz_policy(data, size);
	return 0;
}
