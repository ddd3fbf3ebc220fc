/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mount_maps.c - ID maps of a mount that are written into its option, as crun has them:
 * "idmap=uids=0-1-10#10-11-10;gids=0-100-10", each item a first ID of the file system, the first of the
 * host that it becomes, and how many. '@' before an item: that of the host is one of the container's
 * user namespace, and stands for what /linux maps it to. They become what uidMappings and gidMappings
 * would have said, and the option the bare word.
 */
#include "spec/internal.h"

#include <errno.h>
#include <stdio.h>

struct option {
	struct load *load;
	struct arena *arena;
	const char *word;
	size_t mount, number;
};

static int settle(struct spec *spec, struct spec_mount *m, const struct option *o, char *maps);
static int read_list(const struct option *o, char *list, const struct id_map *container,
	struct id_map *ret, struct err *why);
static int read_item(
	char *item, const struct id_map *container, struct id_mapping *ret, struct err *why);
static int find_in_container(
	const char *item, const struct id_map *container, struct id_mapping *m, struct err *why);

int rules_settle_mount_maps(struct spec *spec, size_t n, struct load *load)
{
	struct spec_mount *m = &spec->mounts[n];

	for (size_t i = 0; i < m->options.n; i++) {
		char *word = m->options.v[i];
		const bool recursive = strncmp(word, "ridmap=", 7) == 0;

		if (!recursive && strncmp(word, "idmap=", 6) != 0)
			continue;
		const struct option o = { load, &spec->arena, word, n, i };
		char *maps = arena_strdup(&spec->arena, strchr(word, '=') + 1);
		char *bare = arena_strdup(&spec->arena, recursive ? "ridmap" : "idmap");
		if (!maps || !bare)
			return err_nomem(load->e);
		m->options.v[i] = bare;
		int r = *maps ? settle(spec, m, &o, maps) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

static int refuse(const struct option *o, const char *why)
{
	return load_broken(o->load, "spec.mount.idmap", "/mounts/%zu/options/%zu: '%s': %s",
		o->mount, o->number, shown(o->word).text, why);
}

static int settle(struct spec *spec, struct spec_mount *m, const struct option *o, char *maps)
{
	struct id_map uid = { 0 }, gid = { 0 };
	struct err why;
	char *part;

	if (m->uid_mappings.n || m->gid_mappings.n)
		return refuse(o, "the mount has other mappings already");
	while ((part = strsep(&maps, ";"))) {
		const bool of_users = strncmp(part, "uids=", 5) == 0;
		int r;

		if (!of_users && strncmp(part, "gids=", 5) != 0)
			return refuse(o, "must have uids= and gids=, with ';' between them");
		r = read_list(o, part + 5,
			of_users ? &spec->linux_.uid_mappings : &spec->linux_.gid_mappings,
			of_users ? &uid : &gid, &why);
		if (r == -ENOMEM)
			return err_nomem(o->load->e);
		if (r < 0)
			return refuse(o, why.text);
	}
	if (!uid.n || !gid.n)
		return refuse(o, "must have uids= and gids=, with ';' between them");
	m->uid_mappings = uid;
	m->gid_mappings = gid;
	return 0;
}

static int read_list(const struct option *o, char *list, const struct id_map *container,
	struct id_map *ret, struct err *why)
{
	size_t n = 1;
	char *item;

	if (ret->n)
		return err_say(why, EINVAL, "the same IDs are mapped twice");
	for (const char *s = list; *s; s++)
		n += *s == '#';
	struct id_map map = { .v = arena_array(o->arena, struct id_mapping, n) };
	if (!map.v)
		return -ENOMEM;
	while ((item = strsep(&list, "#"))) {
		int r = read_item(item, container, &map.v[map.n++], why);

		if (r < 0)
			return r;
	}
	*ret = map;
	return 0;
}

static int read_item(
	char *item, const struct id_map *container, struct id_mapping *ret, struct err *why)
{
	const bool relative = *item == '@';
	const struct shown whole = shown(item);
	char *rest = item + relative;
	const char *first = strsep(&rest, "-"), *host = strsep(&rest, "-");
	struct id_mapping m;

	if (!host || !rest || str_to_u32(first, &m.container_id) < 0 ||
		str_to_u32(host, &m.host_id) < 0 || str_to_u32(rest, &m.size) < 0 || m.size == 0)
		return err_say(why, EINVAL,
			"'%s' is not of the form ID-ID-SIZE, three numbers, SIZE above zero",
			whole.text);
	if (relative) {
		int r = find_in_container(whole.text, container, &m, why);

		if (r < 0)
			return r;
	}
	*ret = m;
	return 0;
}

/* All of it: what one mapping of the container begins another may not go on with. */
static int find_in_container(
	const char *item, const struct id_map *container, struct id_mapping *m, struct err *why)
{
	for (size_t i = 0; i < container->n; i++) {
		const struct id_mapping *c = &container->v[i];

		if (m->host_id < c->container_id || m->host_id - c->container_id >= c->size)
			continue;
		const uint32_t offset = m->host_id - c->container_id;
		if (m->size > c->size - offset)
			break;
		m->host_id = c->host_id + offset;
		return 0;
	}
	return err_say(why, EINVAL,
		"'%s': no mapping of the container's user namespace has all of these IDs", item);
}
