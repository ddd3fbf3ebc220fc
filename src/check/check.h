/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check.h - what a config would meet on a host: this one, or one that was captured.
 *
 * Says, never does: nothing is written, no cgroup made, no policy set, no privilege needed. What is
 * found is added to the findings of spec_check(), which come first.
 */
#pragma once

#include "base/err.h"
#include "base/str.h"
#include "cgroup/cgroup.h"
#include "linux/memory.h"
#include "mpol.h"
#include "spec/conf.h"
#include "spec/spec.h"

#include <stdbool.h>

/* The cgroup that the container's own is made in, as far as it is there. */
struct check_place {
	bool known;
	bool v1;                  /* a cpuset of v1 refuses what v2 only narrows */
	struct mpol_nodeset mems; /* what it lets those below it use */
	const char *cpus;         /* the same, a list; NULL or "": not told; in an arena */
	const char *where;        /* "cgroup '/a/b'", in an arena */
	const char *path;         /* the container's own cgroup; NULL: not known, in an arena */
};

struct check_host {
	bool captured;
	int root_fd; /* AT_FDCWD: this host */
	struct mpol_host host; /* with details and facts */
	struct mpol_kernel kernel;
};

/*
 * Look at a host: dir is a directory laid out like /, as tools/capture-host makes it; NULL is this
 * one. Of a captured kernel its version is known, and so what it can do is a guess.
 * check_host_free() it.
 */
int check_host_open(const char *dir, struct check_host *ret, struct err *e);
void check_host_free(struct check_host *h);

/*
 * The cgroup for this config. On this host as `create` would choose it; on a captured one below
 * what was captured, which is seldom more than the root. place->known is false where it cannot be
 * told.
 */
int check_place(const struct check_host *h, const struct spec *spec, enum cgroup_manager manager,
	struct arena *arena, struct check_place *ret, struct err *e);

/* What became of the policy, for those who print it. */
struct check_policy {
	bool asked_known, resolved_known;
	struct mpol asked;
	struct mpol_resolved resolved;
	struct mpol_nodeset allowed; /* the nodes that the container's cpuset will allow */
};

/*
 * The memory policy, that of linux.memoryPolicy or of an annotation as the rules of hasu.conf
 * allow, and linux.resources.cpu against host and cgroup. Returns 0 or -ENOMEM.
 */
int check_policy(const struct check_host *h, const struct check_place *place,
	const struct conf_rules *rules, const struct spec *spec, struct spec_findings *all,
	struct check_policy *ret);

/* What is wrong with hasu.conf; one that is not there is fine. Returns 0 or -ENOMEM. */
int check_conf(const char *path, struct spec_findings *all);

/* What the config names and this host must have: rootfs, sources of bind mounts, hooks. */
int check_bundle(const struct spec *spec, const char *bundle, struct spec_findings *all);

/* Rules of linux.seccomp that another one before them makes useless. Returns 0 or -ENOMEM. */
int check_seccomp_rules(const struct spec *spec, struct spec_findings *all);

/*
 * The codes of all findings, libmpol's and the specification's among them, by their names. A hint
 * says what to do about it.
 */
struct check_code {
	const char *code, *hint;
};
const struct check_code *check_codes(size_t *ret_n);
const char *check_hint(const char *code);
