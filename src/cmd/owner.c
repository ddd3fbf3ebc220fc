/* SPDX-License-Identifier: Apache-2.0 */
/*
 * owner.c - the name of a user of this host, as list shows it.
 *
 * Reads a text of /etc/passwd rather than asking the C library: a static program has no name
 * services, and names are only a courtesy here.
 */
#include "cmd/cmd.h"

static const char *field(const char **at, const char *end, size_t *ret_len);

const char *owner_name(const char *passwd, const char *uid, struct arena *arena)
{
	while (passwd && *passwd) {
		const char *at = passwd, *end = passwd + strcspn(passwd, "\n");
		size_t name_len, len;

		const char *name = field(&at, end, &name_len);
		(void)field(&at, end, &len);
		const char *id = field(&at, end, &len);
		if (name_len && len == strlen(uid) && !strncmp(id, uid, len))
			return arena_strndup(arena, name, name_len);
		passwd = *end ? end + 1 : end;
	}
	return arena_printf(arena, "#%s", uid); /* as runc writes a user without a name */
}

/* The field at *at, which moves on to the next; empty at the end of the line. */
static const char *field(const char **at, const char *end, size_t *ret_len)
{
	const char *start = *at;
	size_t len = 0;

	while (start + len < end && start[len] != ':')
		len++;
	*at = start + len < end ? start + len + 1 : end;
	*ret_len = len;
	return start;
}
