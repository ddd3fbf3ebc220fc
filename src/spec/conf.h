/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf.h - hasu.conf: what the administrator lets the annotations of containers do. The one door to
 * that file; hasu.conf(5) describes its format.
 *
 * Who writes annotations need not be who runs the engine: a pod's author is not the node's
 * administrator. The file says which annotations are honoured, for which callers and cgroups, and
 * which nodes they may name. Without one an annotation may fill in a missing linux.memoryPolicy and
 * may not replace one.
 */
#pragma once

#include "base/err.h"
#include "base/str.h"
#include "mpol.h"
#include "spec/spec.h"

#include <stdbool.h>
#include <sys/types.h>

#define CONF_TEXT_MAX (64u << 10) /* bytes: the largest file that is read */

enum conf_setting {
	CONF_ANNOTATIONS,
	CONF_FILL,
	CONF_REPLACE,
	CONF_NODES,
	CONF_DENIED,
	CONF_SETTINGS,
};

/* What holds for one caller and one container. */
struct conf_rules {
	unsigned annotations; /* ANNOTATION_* that are honoured */
	bool fill, replace;   /* a linux.memoryPolicy that is missing, that is there */
	bool limited;         /* to nodes */
	struct mpol_nodeset nodes;
	bool ignore;                  /* what is denied is ignored with a warning, not refused */
	const char *path;             /* of the file; NULL: where it always is */
	unsigned line[CONF_SETTINGS]; /* where each was set; 0: nowhere, it is the default */
};

struct conf;

/* The path that this build uses where none is given: /etc/hasu/hasu.conf. */
const char *conf_default_path(void);

/*
 * Read the file. Refused, since whoever can change it rules over containers: a file that root does
 * not own or that others can write to, and one in a directory of that kind. What is wrong in it is
 * "<path>:<line>: <sentence>". 0 with *ret NULL where there is none. -errno with e set.
 */
int conf_load(const char *path, struct conf **ret, struct err *e);
/* The same from a text; path names it. */
int conf_parse(const char *path, const char *text, size_t len, struct conf **ret, struct err *e);
void conf_free(struct conf *conf);

/*
 * Everything that is wrong with the file, each a whole sentence in arena; for `hasu check`. 0, also
 * where there is no file; -errno with e set where it cannot be read or is refused as a whole.
 */
int conf_check(const char *path, struct arena *arena, struct str_list *ret, struct err *e);

/*
 * The rules for a caller and a container's cgroup ("" where it has none). conf NULL: the defaults.
 * Of the sections that match the later ones count. The result's path is the conf's.
 */
void conf_rules_for(
	const struct conf *conf, uid_t caller, const char *cgroup, struct conf_rules *ret);

/* Who runs us, as the namespace that ours is in counts users. */
uid_t conf_caller(void);

/* The settings and what they take, for the manual page: NULL past the last. */
const char *conf_setting_name(enum conf_setting setting);
const char *conf_setting_words(enum conf_setting setting);
const char *conf_setting_default(enum conf_setting setting);
