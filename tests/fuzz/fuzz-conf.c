/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz hasu.conf: read, or refused in a printable sentence that begins with the file and a line. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "spec/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const cgroups[] = { "", "/", "/kubepods/burstable/pod1" };
	struct conf *conf = NULL;
	struct conf_rules rules;
	struct err e = { 0 };
	int r = conf_parse("conf", (const char *)data, size, &conf, &e);

	if (r < 0) {
		REQUIRE(r == -EINVAL && !strncmp(e.text, "conf:", 5));
		REQUIRE(e.text[5] >= '1' && e.text[5] <= '9');
		for (const unsigned char *p = (const unsigned char *)e.text; *p; p++)
			REQUIRE(*p >= ' ' && *p != 0x7f);
		return 0;
	}
	for (size_t i = 0; i < sizeof(cgroups) / sizeof(cgroups[0]); i++) {
		conf_rules_for(conf, (uid_t)(i * 1000), cgroups[i], &rules);
		REQUIRE(!(rules.annotations & ~(unsigned)ANNOTATION_ALL));
		REQUIRE(!rules.limited || !mpol_nodeset_empty(&rules.nodes));
	}
	conf_free(conf);
	return 0;
}
