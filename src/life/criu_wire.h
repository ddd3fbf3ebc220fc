/* SPDX-License-Identifier: Apache-2.0 */
/*
 * criu_wire.h - the bytes of CRIU's requests and answers.
 *
 * They are protocol buffers: a message is a list of fields, each a number, a kind and a value
 * (protobuf.dev, "Encoding"). CRIU's rpc.proto uses two kinds: varints, and bytes with a length, in
 * which strings and inner messages come. That is all there is here; the numbers of the fields are
 * those of rpc.proto, which never change.
 */
#pragma once

#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Add one field. Negative numbers are int32 and int64 fields' alike. */
void wire_number(struct strbuf *b, unsigned field, int64_t value);
void wire_text(struct strbuf *b, unsigned field, const char *text);
void wire_message(struct strbuf *b, unsigned field, const struct strbuf *inner);

/* What is left to read. */
struct wire {
	const unsigned char *at, *end;
};

/* A field that was read; what a kind has not is 0. bytes are the message's, and not NUL-ended. */
struct wire_field {
	unsigned number;
	int64_t value;
	const char *bytes;
	size_t len;
};

/* The next field: 1; 0 at the end; -EBADMSG where it is no message. Other kinds are passed over. */
int wire_next(struct wire *w, struct wire_field *ret);
