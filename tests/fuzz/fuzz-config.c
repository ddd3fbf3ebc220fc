/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz the door of config.json, in its three sizes: whatever the bytes are, they load or are
 * refused in one line of words, and what loaded loads again as the state directory will have it.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "spec/names.h"
#include "spec/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

typedef int parser(
	const char *text, size_t len, const char *what, struct spec **ret, struct err *e);

static void require_line(const char *text)
{
	REQUIRE(*text);
	for (; *text; text++)
		REQUIRE((unsigned char)*text >= ' ' && *text != 0x7f);
}

/* What the rules promise to those who carry a config out. */
static void require_rules(const struct spec *spec)
{
	const struct spec_process *p = &spec->process;
	const struct spec_capabilities *c = &p->capabilities;

	if (spec->has_process) {
		REQUIRE(p->args.n > 0 && p->args.v[0][0] && !p->args.v[p->args.n]);
		REQUIRE(p->cwd[0] == '/');
		REQUIRE(p->user.uid != UINT32_MAX && p->user.gid != UINT32_MAX);
		REQUIRE(!(c->effective & ~c->permitted));
		REQUIRE(!(c->ambient & ~(c->permitted & c->inheritable)));
	}
	for (size_t i = 0; i < p->n_rlimits; i++)
		REQUIRE(p->rlimits[i].soft <= p->rlimits[i].hard);
	for (size_t i = 0; i < spec->n_mounts; i++)
		REQUIRE(spec->mounts[i].destination[0]);
	for (size_t i = 0; i < spec->linux_.sysctl.n; i++) {
		const char *key = spec->linux_.sysctl.v[i].key;

		REQUIRE(key[0] != '/' && !strstr(key, "//") && !strstr(key, "/../"));
	}
	for (size_t i = 0; i < spec->linux_.n_devices; i++)
		REQUIRE(strchr("bcp", spec->linux_.devices[i].type) &&
			spec->linux_.devices[i].path[0] == '/');
	if (spec->linux_.memory_policy)
		REQUIRE(mpol_mode_by_number(spec->linux_.memory_policy->policy.mode));
}

static void fuzz(parser *parse, const uint8_t *data, size_t size)
{
	struct spec *spec = NULL, *again = NULL;
	struct err e = { 0 };
	int r;

	r = parse((const char *)data, size, "config.json", &spec, &e);
	if (r < 0) {
		REQUIRE(!spec && r == -e.num);
		REQUIRE(strncmp(e.text, "config.json: ", 13) == 0);
		require_line(e.text);
		return;
	}
	for (size_t i = 0; i < spec->n_warnings; i++)
		require_line(spec->warnings[i]);
	require_rules(spec);
	r = spec_check_supported(spec, &e);
	REQUIRE(r == 0 || r == -ENOTSUP);
	REQUIRE(spec->text_len == size && memcmp(spec->text, data, size) == 0);
	REQUIRE(parse(spec->text, spec->text_len, "config.json", &again, &e) == 0);
	spec_free(again);
	spec_free(spec);
}

/* Who checks a config hears first what stops those who load it, and nothing wrong of one that
 * loads. */
static void fuzz_check(const uint8_t *data, size_t size)
{
	struct spec_findings all = { 0 };
	const struct spec_finding *first = NULL;
	struct spec *spec = NULL, *checked = NULL;
	struct err e = { 0 };
	int r;

	r = spec_parse((const char *)data, size, "config.json", &spec, &e);
	if (r == 0)
		r = spec_check_supported(spec, &e);
	REQUIRE(spec_check_text((const char *)data, size, &all, &checked, &(struct err){ 0 }) == 0);
	for (size_t i = 0; i < all.n; i++) {
		require_line(all.v[i].text);
		REQUIRE(!*all.v[i].where || all.v[i].where[0] == '/');
		if (!first && all.v[i].severity == MPOL_ERROR)
			first = &all.v[i];
	}
	REQUIRE(!first == (r == 0) || all.lost);
	REQUIRE(!first || strstr(e.text, first->text) || all.lost);
	REQUIRE(checked || first);
	spec_findings_free(&all);
	spec_free(checked);
	spec_free(spec);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_check(data, size);
	fuzz(spec_parse, data, size);
	fuzz(spec_parse_process, data, size);
	fuzz(spec_parse_resources, data, size);
	return 0;
}
