/* SPDX-License-Identifier: Apache-2.0 */
/*
 * property.c - properties of units, from the fields of a request into a D-Bus message.
 *
 * The runtime has checked what a config says; here only what would break the message is refused.
 */
#include "systemd/property.h"

#include "base/str.h"
#include "systemd/request.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#define PROPERTIES_MAX 1024
#define ELEMENTS_MAX 65536

const char *fields_take(struct fields *f, const char *what, struct err *e)
{
	const char *field = f->next;
	const char *nul = field < f->end ? memchr(field, '\0', (size_t)(f->end - field)) : NULL;

	if (!nul) {
		(void)err_say(e, EBADMSG, "the request ends before its %s", what);
		return NULL;
	}
	f->next = nul + 1;
	return field;
}

int fields_number(struct fields *f, const char *what, uint64_t max, uint64_t *ret, struct err *e)
{
	const char *field = fields_take(f, what, e);
	uint64_t n;

	if (!field)
		return -EBADMSG;
	if (str_to_u64(field, &n) < 0 || n > max)
		return err_say(e, EBADMSG, "the request's %s '%s' is no such number", what, field);
	*ret = n;
	return 0;
}

static int append_number(struct fields *f, char type, sd_bus_message *m, struct err *e)
{
	const char *field = fields_take(f, "value", e);
	uint64_t u = 0;
	int64_t i = 0;
	int r;

	if (!field)
		return -EBADMSG;
	r = *field == '-' ? str_to_i64(field, &i) : str_to_u64(field, &u);
	if (r < 0)
		return err_say(e, EBADMSG, "the request's value '%s' is no number", field);
	/* The runtime checked that it fits; a cast keeps negative ones as they are. */
	const uint64_t v = *field == '-' ? (uint64_t)i : u;
	switch (type) {
	case 'y':
		return sd_bus_message_append_basic(m, type, &(uint8_t){ (uint8_t)v });
	case 'n':
	case 'q':
		return sd_bus_message_append_basic(m, type, &(uint16_t){ (uint16_t)v });
	case 'b':
	case 'i':
	case 'u':
		return sd_bus_message_append_basic(m, type, &(uint32_t){ (uint32_t)v });
	default:
		return sd_bus_message_append_basic(m, type, &v);
	}
}

static int append_basic(struct fields *f, char type, sd_bus_message *m, struct err *e)
{
	const char *field;

	if (strchr("sog", type)) {
		field = fields_take(f, "value", e);
		return field ? sd_bus_message_append_basic(m, type, field) : -EBADMSG;
	}
	if (type == 'd') {
		char *end;
		field = fields_take(f, "value", e);
		if (!field)
			return -EBADMSG;
		const double d = strtod(field, &end);
		if (end == field || *end)
			return err_say(e, EBADMSG, "the request's value '%s' is no number", field);
		return sd_bus_message_append_basic(m, type, &d);
	}
	return append_number(f, type, m, e);
}

/* The length of the one complete type at the start of a signature; 0: there is none. */
static size_t type_len(const char *signature, unsigned depth)
{
	if (depth > REQUEST_NESTED_MAX || *signature == '\0')
		return 0;
	if (*signature == 'a') {
		size_t n = type_len(signature + 1, depth + 1);
		return n ? n + 1 : 0;
	}
	if (*signature == '(') {
		size_t len = 1;
		while (signature[len] != ')') {
			size_t n = type_len(signature + len, depth + 1);
			if (n == 0)
				return 0;
			len += n;
		}
		return len > 1 ? len + 1 : 0;
	}
	return strchr("ybnqiuxtdsog", *signature) ? 1 : 0;
}

/* The first len characters of signature are one complete type. m NULL: the fields are passed over.
 */
static int append_value(
	struct fields *f, const char *signature, size_t len, sd_bus_message *m, struct err *e)
{
	char inner[SD_BUS_MAXIMUM_SIGNATURE_LENGTH + 1];
	uint64_t n = 1;
	int r = 0;

	if (*signature != 'a' && *signature != '(')
		return m ? append_basic(f, *signature, m, e)
			 : (fields_take(f, "value", e) ? 0 : -EBADMSG);

	const bool array = *signature == 'a';
	if (array && fields_number(f, "number of elements", ELEMENTS_MAX, &n, e) < 0)
		return -EBADMSG;
	const size_t inner_len = array ? len - 1 : len - 2;
	if (inner_len > SD_BUS_MAXIMUM_SIGNATURE_LENGTH)
		return err_say(e, EBADMSG, "the request's signature is too long");
	memcpy(inner, signature + 1, inner_len);
	inner[inner_len] = '\0';
	if (m)
		r = sd_bus_message_open_container(
			m, array ? SD_BUS_TYPE_ARRAY : SD_BUS_TYPE_STRUCT, inner);
	for (; n > 0 && r >= 0; n--)
		for (const char *p = inner; *p && r >= 0;) {
			const size_t one = type_len(p, 0);
			r = append_value(f, p, one, m, e);
			p += one;
		}
	if (r >= 0 && m)
		r = sd_bus_message_close_container(m);
	return r;
}

/* "|NAME|" in names. */
static bool is_unknown(const struct unknown *unknown, const char *name)
{
	char word[128];

	if (strlen(name) + 3 > sizeof(word))
		return false;
	(void)snprintf(word, sizeof(word), "|%s|", name);
	return strstr(unknown->names, word) != NULL;
}

static int append_property(
	struct fields *f, const struct unknown *unknown, sd_bus_message *m, struct err *e)
{
	const char *name = fields_take(f, "property", e);
	const char *signature = name ? fields_take(f, "signature", e) : NULL;

	if (!signature)
		return -EBADMSG;
	const size_t len = type_len(signature, 0);
	if (len == 0 || signature[len] != '\0')
		return err_say(e, EBADMSG, "the request's signature '%s' is none", signature);
	const bool optional = *name == '?';
	name += optional;
	if (optional && is_unknown(unknown, name))
		return append_value(f, signature, len, NULL, e);

	int r = sd_bus_message_open_container(m, SD_BUS_TYPE_STRUCT, "sv");
	if (r >= 0)
		r = sd_bus_message_append_basic(m, 's', name);
	if (r >= 0)
		r = sd_bus_message_open_container(m, SD_BUS_TYPE_VARIANT, signature);
	if (r >= 0)
		r = append_value(f, signature, len, m, e);
	if (r >= 0)
		r = sd_bus_message_close_container(m);
	if (r >= 0)
		r = sd_bus_message_close_container(m);
	if (r < 0 && e->num == 0)
		return err_set(e, -r, "making a D-Bus message with property %s", name);
	return r;
}

int properties_append(
	struct fields f, const struct unknown *unknown, sd_bus_message *m, struct err *e)
{
	uint64_t n;
	int r = fields_number(&f, "number of properties", PROPERTIES_MAX, &n, e);

	if (r < 0)
		return r;
	r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, "(sv)");
	for (; n > 0 && r >= 0; n--)
		r = append_property(&f, unknown, m, e);
	if (r >= 0)
		r = sd_bus_message_close_container(m);
	if (r < 0 && e->num == 0)
		return err_set(e, -r, "making a D-Bus message");
	return r < 0 ? r : 0;
}

/* Does the text have name as a word of its own? */
static bool speaks_of(const char *text, const char *name)
{
	const size_t len = strlen(name);

	for (const char *p = strstr(text, name); p; p = strstr(p + 1, name))
		if ((p == text || p[-1] == ' ') && (p[len] == ',' || p[len] == ' ' || !p[len]))
			return true;
	return false;
}

bool properties_may_drop(struct fields f, const char *message, struct unknown *unknown)
{
	struct err e = { 0 };
	uint64_t n;

	if (fields_number(&f, "number of properties", PROPERTIES_MAX, &n, &e) < 0)
		return false;
	for (; n > 0; n--) {
		const char *name = fields_take(&f, "property", &e);
		const char *signature = name ? fields_take(&f, "signature", &e) : NULL;
		if (!signature || append_value(&f, signature, strlen(signature), NULL, &e) < 0)
			return false;
		if (*name++ != '?' || is_unknown(unknown, name) || !speaks_of(message, name))
			continue;
		const size_t used = strlen(unknown->names);
		if (used + strlen(name) + 3 > sizeof(unknown->names))
			return false;
		(void)snprintf(unknown->names + used, sizeof(unknown->names) - used, "|%s|", name);
		return true;
	}
	return false;
}
