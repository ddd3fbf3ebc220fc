/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz what CRIU answers: whatever the bytes are, no field leads out of them, and one that was read
 * is read the same when it is written again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "life/criu_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

static void require_again(const struct wire_field *f)
{
	struct strbuf b = { 0 };
	struct wire_field again;

	if (f->bytes) {
		struct strbuf inner = { 0 };
		strbuf_add(&inner, f->bytes, f->len);
		wire_message(&b, f->number, &inner);
		strbuf_free(&inner);
	} else {
		wire_number(&b, f->number, f->value);
	}
	REQUIRE(!b.failed);
	struct wire w = { (const unsigned char *)b.text, (const unsigned char *)b.text + b.len };
	REQUIRE(wire_next(&w, &again) == 1 && w.at == w.end);
	REQUIRE(again.number == f->number && again.value == f->value && again.len == f->len);
	REQUIRE(!f->bytes == !again.bytes);
	REQUIRE(f->len == 0 || memcmp(again.bytes, f->bytes, f->len) == 0);
	strbuf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wire w = { data, data + size };
	struct wire_field f;
	const unsigned char *before = w.at;
	int r;

	while ((r = wire_next(&w, &f)) > 0) {
		REQUIRE(w.at > before && w.at <= w.end);
		before = w.at;
		REQUIRE(f.number > 0);
		if (f.bytes)
			REQUIRE((const unsigned char *)f.bytes >= data &&
				f.len <= (size_t)(w.end - (const unsigned char *)f.bytes));
		require_again(&f);
	}
	REQUIRE(r < 0 || w.at == w.end);
	return 0;
}
