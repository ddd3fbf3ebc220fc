/* SPDX-License-Identifier: Apache-2.0 */
/*
 * list.c - hasu list: the containers below one state directory.
 */
#include "cmd/cmd.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>

#define COLUMNS 6
#define PASSWD_MAX (4u << 20) /* bytes */

static size_t load(
	const struct life *life, const struct str_list *ids, struct container_info *infos);
static int name_owners(struct container_info *infos, size_t n, struct arena *arena, struct err *e);
static int add_table(struct strbuf *b, const struct container_info *infos, size_t n,
	struct arena *arena, struct err *e);

int cmd_list(const struct options *o, struct err *e)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	struct str_list ids = { 0 };
	struct strbuf b = { 0 };
	struct life life;

	int r = life_of(o, &arena, &life, e);
	if (r < 0)
		return r;
	/*
	 * No state directory means no containers. But one that was asked for by name must be there:
	 * a slip in --root must not look like an empty host.
	 */
	if (o->root && access(life.root, F_OK) < 0)
		return err_set(e, errno, "state directory '%s'", life.root);
	r = life_ids(&life, &arena, &ids, e);
	if (r < 0)
		return r;
	if (o->list_quiet) {
		for (size_t i = 0; i < ids.n; i++)
			strbuf_addf(&b, "%s\n", ids.v[i]);
		return print_out(&b, e);
	}

	struct container_info *infos = arena_array(&arena, struct container_info, ids.n + 1);
	if (!infos)
		return err_nomem(e);
	size_t n = load(&life, &ids, infos);
	r = name_owners(infos, n, &arena, e);
	if (r == 0 && o->list_format == LIST_TABLE) {
		r = add_table(&b, infos, n, &arena, e);
	} else if (r == 0) {
		strbuf_adds(&b, "[");
		for (size_t i = 0; i < n; i++) {
			strbuf_adds(&b, i ? "," : "");
			print_entry(&b, &infos[i]);
		}
		strbuf_adds(&b, "]\n");
	}
	for (size_t i = 0; i < n; i++)
		life_info_free(&infos[i]);
	if (r == 0)
		return print_out(&b, e);
	strbuf_free(&b);
	return r;
}

/* A container that cannot be read must not hide the others. */
static size_t load(
	const struct life *life, const struct str_list *ids, struct container_info *infos)
{
	size_t n = 0;

	for (size_t i = 0; i < ids->n; i++) {
		struct err why = { 0 };
		int r = life_info(life, ids->v[i], &infos[n], &why);
		if (r == 0)
			n++;
		else if (r != -ENOENT) /* deleted meanwhile */
			log_warn("%s", why.text);
	}
	return n;
}

static int name_owners(struct container_info *infos, size_t n, struct arena *arena, struct err *e)
{
	_cleanup_free_ char *passwd = NULL;

	/* Without it numbers are shown. */
	if (n > 0)
		(void)fd_read_file(AT_FDCWD, "/etc/passwd", PASSWD_MAX, &passwd, NULL);
	for (size_t i = 0; i < n; i++) {
		infos[i].owner = owner_name(passwd, infos[i].owner, arena);
		if (!infos[i].owner)
			return err_nomem(e);
	}
	return 0;
}

static int add_table(struct strbuf *b, const struct container_info *infos, size_t n,
	struct arena *arena, struct err *e)
{
	static const char *const head[COLUMNS] = { "ID", "PID", "STATUS", "BUNDLE", "CREATED",
		"OWNER" };

	const char **cells = arena_array(arena, const char *, (n + 1) * COLUMNS);
	if (!cells)
		return err_nomem(e);
	memcpy(cells, head, sizeof(head));
	for (size_t i = 0; i < n; i++) {
		const char **row = cells + (i + 1) * COLUMNS;
		const char *pid = arena_printf(arena, "%d", (int)infos[i].pid);
		if (!pid)
			return err_nomem(e);
		row[0] = infos[i].id;
		row[1] = pid;
		row[2] = life_status_name(infos[i].status);
		row[3] = infos[i].bundle;
		row[4] = infos[i].created;
		row[5] = infos[i].owner;
	}
	print_table(b, COLUMNS, n + 1, cells);
	return 0;
}
