/* SPDX-License-Identifier: Apache-2.0 */
/*
 * criu_wire.c - protocol buffers as far as CRIU uses them. Reading never leaves the message.
 */
#include "life/criu_wire.h"

#include <errno.h>

enum kind {
	KIND_VARINT = 0,
	KIND_64 = 1,
	KIND_BYTES = 2,
	KIND_32 = 5,
};

/* Seven bits a byte, the lowest first; the eighth says that more follow. */
#define VARINT_BYTES_MAX 10

static void add_varint(struct strbuf *b, uint64_t value)
{
	char bytes[VARINT_BYTES_MAX];
	size_t n = 0;

	do {
		bytes[n] = (char)(value & 0x7f);
		value >>= 7;
		if (value)
			bytes[n] = (char)(bytes[n] | 0x80);
		n++;
	} while (value);
	strbuf_add(b, bytes, n);
}

static void add_key(struct strbuf *b, unsigned field, enum kind kind)
{
	add_varint(b, (uint64_t)field << 3 | (uint64_t)kind);
}

void wire_number(struct strbuf *b, unsigned field, int64_t value)
{
	add_key(b, field, KIND_VARINT);
	add_varint(b, (uint64_t)value);
}

static void add_bytes(struct strbuf *b, unsigned field, const char *bytes, size_t len)
{
	add_key(b, field, KIND_BYTES);
	add_varint(b, len);
	strbuf_add(b, bytes, len);
}

void wire_text(struct strbuf *b, unsigned field, const char *text)
{
	add_bytes(b, field, text, strlen(text));
}

void wire_message(struct strbuf *b, unsigned field, const struct strbuf *inner)
{
	if (inner->failed)
		b->failed = true;
	else
		add_bytes(b, field, inner->len ? inner->text : "", inner->len);
}

static int take_varint(struct wire *w, uint64_t *ret)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < VARINT_BYTES_MAX && w->at < w->end; i++) {
		const unsigned char byte = *w->at++;
		value |= (uint64_t)(byte & 0x7f) << (7 * i);
		if (!(byte & 0x80)) {
			*ret = value;
			return 0;
		}
	}
	return -EBADMSG;
}

int wire_next(struct wire *w, struct wire_field *ret)
{
	uint64_t key, n = 0;

	if (w->at == w->end)
		return 0;
	if (take_varint(w, &key) < 0 || key >> 3 == 0 || key >> 3 > INT32_MAX)
		return -EBADMSG;
	struct wire_field f = { .number = (unsigned)(key >> 3) };
	switch ((enum kind)(key & 7)) {
	case KIND_VARINT:
		if (take_varint(w, &n) < 0)
			return -EBADMSG;
		f.value = (int64_t)n;
		n = 0;
		break;
	case KIND_BYTES:
		if (take_varint(w, &n) < 0 || n > (uint64_t)(w->end - w->at))
			return -EBADMSG;
		f.bytes = (const char *)w->at;
		f.len = (size_t)n;
		break;
	case KIND_64:
	case KIND_32:
		n = (key & 7) == KIND_64 ? 8 : 4;
		break;
	default:
		return -EBADMSG;
	}
	if (n > (uint64_t)(w->end - w->at))
		return -EBADMSG;
	w->at += n;
	*ret = f;
	return 1;
}
