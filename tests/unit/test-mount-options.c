/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-mount-options.c - the words of a mount's options and what the kernel is told. No privileges.
 */
#include "base/str.h"
#include "linux/mounts.h"
#include "rows.h"

#include <errno.h>
#include <sys/mount.h>

#define ATIME ((uint64_t)MOUNT_ATTR__ATIME)

struct read_row {
	const char *says, *type, *words;
	bool bind, recursive;
	uint64_t set, clear, rec_set, rec_clear;
	const char *super; /* joined by blanks */
	uint64_t propagation[3];
	const char *other; /* what else is set, joined by blanks; NULL: nothing */
};
static const struct read_row read_rows[] = {
	{ "no words", "tmpfs", "", .super = "" },
	{ "type bind is a bind without the word", "bind", "", .bind = true, .super = "" },
	{ "bind needs no type", "", "bind", .bind = true, .super = "" },
	{ "rbind is recursive, bind after it changes nothing", "none", "rbind bind", .bind = true,
		.recursive = true, .super = "" },
	{ "what is set", "tmpfs", "ro nosuid nodev noexec nodiratime nosymfollow",
		.set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
		       MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODIRATIME | MOUNT_ATTR_NOSYMFOLLOW,
		.super = "" },
	{ "the last word wins", "tmpfs", "ro rw suid nosuid", .set = MOUNT_ATTR_NOSUID,
		.clear = MOUNT_ATTR_RDONLY, .super = "" },
	{ "an access time clears the whole field", "tmpfs", "noatime", .set = MOUNT_ATTR_NOATIME,
		.clear = ATIME, .super = "" },
	{ "the last access time wins", "tmpfs", "noatime strictatime",
		.set = MOUNT_ATTR_STRICTATIME, .clear = ATIME, .super = "" },
	{ "relatime is the field's zero", "tmpfs", "strictatime relatime", .set = 0, .clear = ATIME,
		.super = "" },
	{ "the r forms go to all below", "bind", "rro rnosuid rrw", .bind = true,
		.rec_set = MOUNT_ATTR_NOSUID, .rec_clear = MOUNT_ATTR_RDONLY, .super = "" },
	{ "r forms and plain ones do not mix", "bind", "ro rrw", .bind = true,
		.set = MOUNT_ATTR_RDONLY, .rec_clear = MOUNT_ATTR_RDONLY, .super = "" },
	{ "propagation keeps its order", "bind", "rslave shared", .bind = true,
		.propagation = { MS_SLAVE | MS_REC, MS_SHARED }, .super = "" },
	{ "unknown words and superblock flags are the file system's, in order", "tmpfs",
		"mode=755 sync size=64k newinstance nosuid", .set = MOUNT_ATTR_NOSUID,
		.super = "mode=755 sync size=64k newinstance" },
	{ "words without effect", "tmpfs", "defaults silent loud iversion", .super = "" },
	{ "mapped IDs", "bind", "idmap", .bind = true, .super = "", .other = "idmap" },
	{ "mapped IDs below, too", "bind", "idmap ridmap", .bind = true, .super = "",
		.other = "idmap below" },
	{ "contents copied up", "tmpfs", "tmpcopyup mode=700", .super = "mode=700",
		.other = "copyup" },
	{ "links that are meant themselves", "bind", "src-nofollow dest-nofollow", .bind = true,
		.super = "", .other = "src dest" },
	{ "a link that is made again", "bind", "copy-symlink", .bind = true, .super = "",
		.other = "link" },
};

static struct str_list split(struct arena *arena, const char *text)
{
	struct str_list list = { .v = arena_array(arena, char *, 32) };
	char *save = NULL, *copy = arena_strdup(arena, text);

	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
		list.v[list.n++] = w;
	return list;
}

static void is_read(void **state)
{
	const struct read_row *row = *state;
	struct arena arena = { 0 };
	struct mount_plan plan;
	struct err e = { 0 };
	char super[256] = "";
	struct spec_mount m = { .destination = "/x",
		.type = row->type,
		.source = "y",
		.options = split(&arena, row->words) };

	assert_int_equal(mount_options(&m, &arena, &plan, &e), 0);
	char other[64] = "";
	const struct {
		bool set;
		const char *word;
	} others[] = { { plan.idmap, "idmap" }, { plan.idmap_recursive, "below" },
		{ plan.copy_up, "copyup" }, { plan.src_nofollow, "src" },
		{ plan.dest_nofollow, "dest" }, { plan.copy_symlink, "link" } };
	for (size_t k = 0; k < ELEMENTS(others); k++) {
		if (others[k].set)
			(void)snprintf(other + strlen(other), sizeof(other) - strlen(other), "%s%s",
				*other ? " " : "", others[k].word);
	}
	assert_string_equal(other, row->other ? row->other : "");
	assert_int_equal(plan.bind, row->bind);
	assert_int_equal(plan.recursive, row->recursive);
	assert_int_equal(plan.attr_set, row->set);
	assert_int_equal(plan.attr_clear, row->clear);
	assert_int_equal(plan.rec_attr_set, row->rec_set);
	assert_int_equal(plan.rec_attr_clear, row->rec_clear);
	for (size_t k = 0; k < plan.super.n; k++)
		snprintf(super + strlen(super), sizeof(super) - strlen(super), "%s%s", k ? " " : "",
			plan.super.v[k]);
	assert_string_equal(super, row->super);
	for (size_t k = 0; k < ELEMENTS(row->propagation); k++)
		assert_int_equal(
			k < plan.n_propagation ? plan.propagation[k] : 0, row->propagation[k]);
	arena_free(&arena);
}

struct refused_row {
	const char *says, *type, *source, *words, *error;
	int num;
};
static const struct refused_row refused_rows[] = {
	{ "an empty type without bind", "", "y", "ro",
		"neither a type nor the option 'bind' or 'rbind' is given", EINVAL },
	{ "no type without bind", NULL, "y", "",
		"neither a type nor the option 'bind' or 'rbind' is given", EINVAL },
	{ "a bind of nothing", "bind", "", "ro", "a bind mount needs a source", EINVAL },
	{ "a bind without a source", "bind", NULL, "ro", "a bind mount needs a source", EINVAL },
	{ "contents copied up to a bind", "bind", "y", "tmpcopyup",
		"option 'tmpcopyup' is for mounts of type tmpfs", EINVAL },
	{ "contents copied up to a file system that is not empty", "ext4", "y", "tmpcopyup",
		"option 'tmpcopyup' is for mounts of type tmpfs", EINVAL },
	{ "IDs mapped of no bind", "tmpfs", "y", "ridmap",
		"only bind mounts can have their IDs mapped", EINVAL },
	{ "a link as the source of no bind", "tmpfs", "y", "src-nofollow",
		"option 'src-nofollow' is for bind mounts", EINVAL },
	{ "a link that is both bound and made again", "bind", "y", "copy-symlink src-nofollow",
		"options 'copy-symlink' and 'src-nofollow' contradict each other", EINVAL },
	{ "a link that is both covered and made again", "bind", "y", "dest-nofollow copy-symlink",
		"options 'copy-symlink' and 'dest-nofollow' contradict each other", EINVAL },
	{ "a remount, which there is nothing for", "bind", "y", "bind remount",
		"option 'remount' is not supported by this version", ENOTSUP },
	{ "more propagation than anyone means", "bind", "y",
		"private slave private slave private slave private slave private",
		"more than 8 propagation options", E2BIG },
};

static void is_refused(void **state)
{
	const struct refused_row *row = *state;
	struct arena arena = { 0 };
	struct mount_plan plan = { .recursive = true };
	struct err e = { 0 };
	struct spec_mount m = { .destination = "/x",
		.type = row->type,
		.source = row->source,
		.options = split(&arena, row->words) };

	assert_int_equal(mount_options(&m, &arena, &plan, &e), -row->num);
	assert_string_equal(e.text, row->error);
	assert_true(plan.recursive && !plan.bind); /* untouched */
	arena_free(&arena);
}

int main(void)
{
	int failed = ROWS_RUN("options are read", read_rows, is_read);

	return failed + ROWS_RUN("options are refused", refused_rows, is_refused);
}
