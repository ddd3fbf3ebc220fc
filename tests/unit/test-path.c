/* SPDX-License-Identifier: Apache-2.0 */
/* Paths as text: what lies below a directory. */
#include "base/path.h"

#include "rows.h"

struct row {
	const char *says, *path, *directory, *due;
};

static const struct row rows[] = {
	{ "a name below", "/a/b", "/a", "b" },
	{ "names below", "/a/b/c/d", "/a/b", "c/d" },
	{ "the directory itself is not below it", "/a", "/a", NULL },
	{ "nor with a slash", "/a/", "/a", NULL },
	{ "nor with a dot", "/a/.", "/a", NULL },
	{ "slashes and dots say nothing", "//a/./b//c", "/a//b/", "c" },
	{ "a directory with a dot at its end", "/a/b/c", "/a/b/.", "c" },
	{ "a longer name is another", "/ab/c", "/a", NULL },
	{ "a shorter name is another", "/a/c", "/ab", NULL },
	{ "something above", "/a", "/a/b", NULL },
	{ "everything is below the root, which says nothing", "/a", "/", NULL },
	{ "the same root with dots", "/a", "/./", NULL },
	{ "upwards out of it", "/a/../b", "/a", NULL },
	{ "upwards within it", "/a/b/../c", "/a", NULL },
	{ "upwards at the end", "/a/b/..", "/a", NULL },
	{ "upwards on both sides alike", "/a/../b/c", "/a/../b", "c" },
	{ "dots that are names", "/a/..b/...", "/a", "..b/..." },
	{ "a hidden name", "/a/.b", "/a", ".b" },
	{ "a relative path and an absolute directory", "a/b", "/a", NULL },
	{ "an absolute path and a relative directory", "/a/b", "a", NULL },
	{ "both relative", "a/b", "a", "b" },
	{ "no directory", "/a", "", NULL },
	{ "no path", "", "/a", NULL },
	{ "nothing at all", "", "", NULL },
};

static void below(void **state)
{
	const struct row *row = *state;
	const char *is = path_below(row->path, row->directory);

	if (!row->due)
		assert_null(is);
	else if (!is)
		fail_msg("NULL instead of \"%s\"", row->due);
	else
		assert_string_equal(is, row->due);
}

int main(void)
{
	return ROWS_RUN("path_below", rows, below);
}
