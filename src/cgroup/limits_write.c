/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limits_write.c - the table of limits carried out: is there a controller for each, then the files
 * of the cgroup written in the table's order.
 *
 * Where a controller is mounted on v1 its limits go there, else to v2 if that offers it; so pure
 * v2, pure v1 and every mixture are one case. Whether the kernel will take a value is not guessed
 * here: it is asked, and its refusal is told with file, value and reason.
 */
#include "base/fd.h"
#include "base/self.h"
#include "cgroup/limits.h"
#include "cgroup/scope.h"
#include "mpol.h"

#include <errno.h>
#include <stdio.h>

/*
 * Where each goes.
 */

/* The hierarchy that has the row's controller, NULL if none; v2_controllers are those that v2
 * offers. */
static const struct hierarchy *place(
	const struct cgroup *cg, const struct limit *row, const char *v2_controllers)
{
	const struct hierarchy *h =
		cgroup_v1_of(cg, row->v1_controller ? row->v1_controller : row->controller);

	if (!h && word_in(v2_controllers, " \n", row->controller))
		h = cgroup_v2(cg);
	return h;
}

/* lives: a container does; else the host is asked. */
static int no_controller(
	const struct limit *row, const struct cgroup *cg, bool lives, struct err *e)
{
	if (row->v1_alone && cgroup_v2(cg))
		return limit_refused(row, &row->v2, e);
	if (lives)
		return err_say(e, ENODEV,
			"%s: the container's cgroup '%s' has no %s controller, so it has no such "
			"limit",
			row->pointer, cg->path, row->controller);
	return err_say(
		e, ENODEV, "%s: this host has no %s controller", row->pointer, row->controller);
}

static int add_need(struct str_list *needs, struct arena *arena, const char *controller, size_t len,
	struct err *e)
{
	for (size_t i = 0; i < needs->n; i++)
		if (strlen(needs->v[i]) == len && memcmp(needs->v[i], controller, len) == 0)
			return 0;
	needs->v[needs->n] = arena_strndup(arena, controller, len);
	if (!needs->v[needs->n])
		return err_nomem(e);
	needs->n++;
	return 0;
}

/*
 * unified names files of v2's directory, and the kernel checks what is written. Files of the cgroup
 * core are another matter: by them a config could move, stop or kill processes of the host, or take
 * the controllers away under our feet.
 */
static int unified_check(const struct cgroup *cg, const char *key, const char *v2_controllers,
	size_t *ret_len, struct err *e)
{
	static const char *const core[] = { "cgroup.max.depth", "cgroup.max.descendants",
		"cgroup.pressure" };
	size_t len = strcspn(key, ".");
	char controller[64];

	if (!cgroup_v2(cg))
		return err_say(e, ENOTSUP,
			AT_RESOURCES
			"unified/%s: this host has cgroup v1 only, and unified is for v2",
			key);
	if (strchr(key, '/') || len == 0 || key[len] == '\0' || len >= sizeof(controller))
		return err_say(e, EINVAL,
			AT_RESOURCES "unified: '%s' is not the name of a file of a controller, "
				     "such as memory.high",
			key);
	(void)snprintf(controller, sizeof(controller), "%.*s", (int)len, key);
	*ret_len = len;
	if (str_eq(controller, "cgroup")) {
		*ret_len = 0;
		for (size_t i = 0; i < ELEMENTS(core); i++)
			if (str_eq(key, core[i]))
				return 0;
		return err_say(e, EPERM,
			AT_RESOURCES "unified/%s: only the runtime itself writes this file", key);
	}
	if (!word_in(v2_controllers, " \n", controller))
		return err_say(e, ENODEV,
			AT_RESOURCES "unified/%s: cgroup v2 has no %s controller here", key,
			controller);
	return 0;
}

/* Is there a form for the row, can this host do it, and has every line a text? */
static int row_plan(const struct limit *row, const struct limit_form *form,
	const struct spec_resources *r, struct err *e)
{
	struct limit_line line;
	int ret = 0;

	if (form->why)
		return limit_unlimited(row, r) ? 0 : limit_refused(row, form, e);
	if (row->check)
		ret = row->check(r, e);
	for (size_t i = 0; i < limit_lines(row, r) && ret >= 0; i++)
		ret = limit_line(row, form, r, i, -1, &line, e);
	return ret < 0 ? ret : 0;
}

int limits_plan(const struct cgroup *cg, const struct spec_resources *r, const char *v2_controllers,
	struct arena *arena, struct str_list *needs, struct err *e)
{
	struct str_list found = { 0 };
	int ret;

	found.v = arena_array(arena, char *, n_limits + r->unified.n + 1);
	if (!found.v)
		return err_nomem(e);
	for (size_t i = 0; i < n_limits; i++) {
		const struct limit *row = &limits[i];
		if (!limit_given(row, r))
			continue;
		const struct hierarchy *h = place(cg, row, v2_controllers);
		if (!h && limit_unlimited(row, r))
			continue;
		if (!h)
			return no_controller(row, cg, false, e);
		ret = row_plan(row, h->v2 ? &row->v2 : &row->v1, r, e);
		if (ret == 0 && h->v2)
			ret = add_need(&found, arena, row->controller, strlen(row->controller), e);
		if (ret < 0)
			return ret;
	}
	for (size_t i = 0; i < r->unified.n; i++) {
		size_t len;
		ret = unified_check(cg, r->unified.v[i].key, v2_controllers, &len, e);
		if (ret == 0 && len > 0)
			ret = add_need(&found, arena, r->unified.v[i].key, len, e);
		if (ret < 0)
			return ret;
	}
	*needs = found;
	return 0;
}

/*
 * Writing.
 */

/*
 * An update must be able to go back. What the kernel does at once and cannot take back comes last:
 * below a new memory limit it may kill; a cpuset with processes never gets an empty list again; and
 * when nodes change it moves the nodes of every process's memory policy, which loses what it
 * forgets (interleave 0-1, with mems 1 and then 0-1, stays one node).
 */
enum stage {
	STAGE_ALL,  /* create: there is nothing to go back to, and the cpuset comes first */
	STAGE_LOOK, /* every value worked out and checked; nothing written */
	STAGE_FREE,
	STAGE_MEMORY,
	STAGE_CPUSET,
	STAGE_MEMS,
	STAGE_END,
};

struct writer {
	const struct cgroup *cg;
	const struct spec_resources *r;
	int *fds; /* per hierarchy: the container's directory, -1 until it is needed */
	struct text v2_controllers; /* of that directory; none without v2 or limits */
	struct undo *undo;          /* NULL: nothing is put back */
	enum stage stage;
};

static bool now_is_its_stage(const struct writer *w, const char *file)
{
	enum stage its = STAGE_FREE;

	if (w->stage == STAGE_ALL || w->stage == STAGE_LOOK)
		return true;
	if (str_starts(file, "memory."))
		its = STAGE_MEMORY;
	else if (str_eq(file, "cpuset.mems"))
		its = STAGE_MEMS;
	else if (str_starts(file, "cpuset."))
		its = STAGE_CPUSET;
	return w->stage == its;
}

static int put_file(
	struct writer *w, const struct hierarchy *h, int fd, const char *file, const char *text)
{
	return w->undo ? undo_write(w->undo, h, fd, file, text) : fd_write_file(fd, file, text);
}

/* The writer's or the hierarchy's own: not to be closed. */
static int writer_fd(struct writer *w, const struct hierarchy *h, struct err *e)
{
	const size_t at = (size_t)(h - w->cg->h);

	if (h->leaf_fd >= 0)
		return h->leaf_fd;
	if (!w->fds) {
		w->fds = malloc(w->cg->n * sizeof(*w->fds));
		if (!w->fds)
			return err_nomem(e);
		for (size_t i = 0; i < w->cg->n; i++)
			w->fds[i] = -1;
	}
	if (w->fds[at] < 0)
		w->fds[at] = hierarchy_open_leaf(h, e);
	return w->fds[at];
}

static const char *v2_controllers(const struct writer *w)
{
	return w->v2_controllers.s ? w->v2_controllers.s : "";
}

static bool is_list(const char *file)
{
	return str_eq(file, "cpuset.cpus") || str_eq(file, "cpuset.mems") || str_eq(file, "cpus") ||
	       str_eq(file, "mems");
}

/* Has the list a number that is not among those of have, "0-3"? */
static bool goes_beyond(const char *list, const char *have)
{
	struct mpol_nodeset asked, there, beyond;

	/* What such a set does not hold no host of ours has. */
	if (mpol_nodeset_parse(list, strlen(list), "", &asked, NULL) < 0)
		return true;
	if (mpol_nodeset_parse(have, strlen(have), "", &there, NULL) < 0)
		return false;
	beyond = mpol_nodeset_minus(&asked, &there);
	return !mpol_nodeset_empty(&beyond);
}

/* v1 takes no more than the cgroup above has, v2 no more than the host. */
static int list_error(const char *pointer, const struct hierarchy *h, const char *file,
	const char *text, int num, struct err *e)
{
	_cleanup_free_ char *there = NULL;
	char path[CGROUP_PATH_MAX + 2] = "", name[64];

	if (!h->v2)
		(void)snprintf(path, sizeof(path), "%.*s", (int)(strrchr(h->path, '/') - h->path),
			h->path);
	(void)snprintf(name, sizeof(name), "%s%s", file, h->v2 ? ".effective" : "");
	_cleanup_close_ int fd = hierarchy_open(h, *path ? path : "/", NULL);
	const bool told = fd >= 0 && fd_read_file(fd, name, CGROUP_FILE_MAX, &there, NULL) == 0;
	if (told)
		there[strcspn(there, "\n")] = '\0';
	if (!told || (h->v2 && !goes_beyond(text, there)))
		return err_set(e, num, "%s: writing '%s' to '%s%s/%s'", pointer, text, h->mount,
			h->path, file);
	return err_say(e, num, "%s: writing '%s' to '%s%s/%s': %s: %s has '%s'", pointer, text,
		h->mount, h->path, file, err_reason(num),
		h->v2 ? "this host" : "the cgroup above it", there);
}

static int write_error(const char *pointer, const struct hierarchy *h, const char *file,
	const char *text, int num, struct err *e)
{
	if (num == ENOENT)
		return err_say(e, ENODEV, "%s: this kernel has no %s (in '%s%s')", pointer, file,
			h->mount, h->path);
	if (num == EINVAL && str_eq(file, "memory.limit_in_bytes"))
		return err_say(e, num,
			"%s: '%s' bytes are more than memory and swap together may be "
			"(memory.memsw.limit_in_bytes of '%s%s'): give memory/swap too",
			pointer, text, h->mount, h->path);
	if (num == EINVAL && str_eq(file, "memory.memsw.limit_in_bytes"))
		return err_say(e, num,
			"%s: '%s' bytes of memory and swap together are less than memory alone may "
			"be (memory.limit_in_bytes of '%s%s'): give memory/limit too",
			pointer, text, h->mount, h->path);
	/* page_counter_set_max(): v1 refuses what it cannot reclaim; v2 kills. */
	if (num == EBUSY && !h->v2 && str_starts(file, "memory."))
		return err_say(e, num,
			"%s: '%s' bytes are less than the container has in use, even after the "
			"kernel has freed what it could (%s of '%s%s')",
			pointer, text, file, h->mount, h->path);
	if (num == EINVAL && str_eq(file, "cpu.rt_runtime_us"))
		return err_say(e, num,
			"%s: '%s' is more real-time bandwidth than the cgroup around '%s%s' has "
			"left to give (cpu.rt_runtime_us)",
			pointer, text, h->mount, h->path);
	if ((num == EINVAL || num == EACCES || num == ERANGE) && is_list(file))
		return list_error(pointer, h, file, text, num, e);
	return err_set(
		e, num, "%s: writing '%s' to '%s%s/%s'", pointer, text, h->mount, h->path, file);
}

static int line_error(const struct limit_line *line, const struct limit_form *form,
	const struct hierarchy *h, const char *file, int num, struct err *e)
{
	if (num == ENOENT && form->lacking)
		return err_say(e, ENODEV, "%s: this kernel has no %s (in '%s%s'): %s",
			line->pointer, file, h->mount, h->path, form->lacking);
	if (num == ENODEV && line->device)
		return err_say(e, ENODEV, "%s: this host has no %s (writing '%s' to '%s%s/%s': %s)",
			line->pointer, line->device, line->text, h->mount, h->path, file,
			err_reason(num));
	/* blkg_conf_prep(): only a scheduler that has weights takes part in the policy. */
	if (num == EOPNOTSUPP && line->device)
		return err_say(e, num,
			"%s: %s is scheduled without weights, which only BFQ has (writing '%s' to "
			"'%s%s/%s': %s)",
			line->pointer, line->device, line->text, h->mount, h->path, file,
			err_reason(num));
	return write_error(line->pointer, h, file, line->text, num, e);
}

/*
 * v2 takes any list and quietly uses what the cgroups above allow of it, or all of that when
 * nothing is left. A container must not run elsewhere than asked.
 */
static int check_effective(const struct limit *row, const struct hierarchy *h, int fd,
	const char *asked, struct err *e)
{
	_cleanup_free_ char *text = NULL;
	struct mpol_nodeset want, have;
	char file[64];

	(void)snprintf(file, sizeof(file), "%s.effective", row->v2.file);
	if (fd_read_file(fd, file, CGROUP_FILE_MAX, &text, NULL) < 0)
		return 0;
	text[strcspn(text, "\n")] = '\0';
	/* A set of 1024 numbers holds any nodes; of a list with higher CPUs nothing is
	 * said here. */
	if (mpol_nodeset_parse(asked, strlen(asked), "", &want, NULL) < 0 ||
		mpol_nodeset_parse(text, strlen(text), "", &have, NULL) < 0)
		return 0;
	struct mpol_nodeset outside = mpol_nodeset_minus(&have, &want);
	if (mpol_nodeset_empty(&outside))
		return 0;
	return err_say(e, EINVAL,
		"%s: none of '%s' may be used in cgroup '%s%s': the cgroups above leave '%s'",
		row->pointer, asked, h->mount, h->path, text);
}

static bool says_nothing(const struct limit *row, const char *text)
{
	return row->extra ||
	       (row->optional && (str_eq(text, "max") || str_eq(text, "-1") || str_eq(text, "0")));
}

/* Returns 1 if it is to be tried again after the others. */
static int write_line(struct writer *w, const struct limit *row, const struct limit_form *form,
	const struct hierarchy *h, int fd, size_t i, bool again, struct err *e)
{
	struct limit_line line;
	int r = limit_line(row, form, w->r, i, fd, &line, e);

	if (r <= 0 || w->stage == STAGE_LOOK)
		return r < 0 ? r : 0;
	const char *file = line.file;
	r = put_file(w, h, fd, file, line.text);
	if (r == -ENOENT && !h->v2 && str_starts(file, "cpuset.")) {
		file += strlen("cpuset."); /* mounted with noprefix */
		r = put_file(w, h, fd, file, line.text);
	}
	if (r == -ENOENT && form->other)
		return write_line(w, row, form->other, h, fd, i, again, e);
	if (r == -ENOENT && says_nothing(row, line.text))
		return 0;
	if (r == -EINVAL && row->paired && !again)
		return 1;
	if (r < 0)
		return line_error(&line, form, h, file, -r, e);
	return h->v2 && row->kind == MEMBER_TEXT ? check_effective(row, h, fd, line.text, e) : 0;
}

/* Returns 1 if it is to be tried again after the others. */
static int write_row(struct writer *w, const struct limit *row, bool again, struct err *e)
{
	int r = 0;

	const struct hierarchy *h = place(w->cg, row, v2_controllers(w));
	if (!h)
		return limit_unlimited(row, w->r) ? 0
						  : no_controller(row, w->cg, w->undo != NULL, e);
	const struct limit_form *form = h->v2 ? &row->v2 : &row->v1;
	if (form->why)
		return limit_unlimited(row, w->r) ? 0 : limit_refused(row, form, e);
	if (w->stage == STAGE_LOOK && row->check)
		r = row->check(w->r, e);
	if (r < 0 || !now_is_its_stage(w, form->file))
		return r;
	int fd = writer_fd(w, h, e);
	if (fd < 0)
		return fd;
	for (size_t i = 0; i < limit_lines(row, w->r) && r == 0; i++)
		r = write_line(w, row, form, h, fd, i, again, e);
	return r;
}

static int write_table(struct writer *w, struct err *e)
{
	bool again[LIMITS_MAX] = { false };
	int r;

	for (size_t i = 0; i < n_limits; i++) {
		if (!limit_given(&limits[i], w->r))
			continue;
		r = write_row(w, &limits[i], false, e);
		if (r < 0)
			return r;
		again[i] = r > 0;
	}
	for (size_t i = 0; i < n_limits; i++) {
		if (!again[i])
			continue;
		r = write_row(w, &limits[i], true, e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The kernel takes one line a write: io.max has one for each device. */
static int write_unified(struct writer *w, const struct str_pair *pair, struct err *e)
{
	const struct hierarchy *h = cgroup_v2(w->cg);
	char pointer[320];
	size_t len;
	int r;

	r = unified_check(w->cg, pair->key, v2_controllers(w), &len, e);
	if (r < 0)
		return r;
	if (w->stage == STAGE_LOOK || !now_is_its_stage(w, pair->key))
		return 0;
	int fd = writer_fd(w, h, e);
	if (fd < 0)
		return fd;
	(void)snprintf(pointer, sizeof(pointer), AT_RESOURCES "unified/%s", pair->key);
	const char *p = pair->value;
	do {
		size_t n = strcspn(p, "\n");
		_cleanup_free_ char *line = strndup(p, n + (p[n] == '\n'));
		if (!line)
			return err_nomem(e);
		bool empty = n == 0;
		p += n + (p[n] == '\n');
		if (empty && *pair->value)
			continue;
		/* A write of nothing never reaches the file; an empty line does. */
		r = put_file(w, h, fd, pair->key, *line ? line : "\n");
		if (r < 0) {
			line[strcspn(line, "\n")] = '\0';
			return write_error(pointer, h, pair->key, line, -r, e);
		}
	} while (*p);
	return 0;
}

/*
 * A new container gets the default rules even if the config has none, as with runc: otherwise every
 * device of the host would be open to one that may make device nodes.
 */
static int write_devices(struct writer *w, struct err *e)
{
	_cleanup_free_ struct dev_rule *rules = NULL;
	struct devbpf_swap *swap = NULL;
	size_t n;
	int r;

	if (w->r->n_devices == 0 && !w->cg->creating)
		return 0;
	if (w->stage != STAGE_ALL && w->stage != STAGE_FREE)
		return 0;
	const struct hierarchy *v1 = cgroup_v1_of(w->cg, "devices");
	const struct hierarchy *h = v1 ? v1 : cgroup_v2(w->cg);
	if (!h)
		return err_say(
			e, ENODEV, AT_RESOURCES "devices: this host has no devices controller");
	r = dev_rules(w->r, &rules, &n, e);
	if (r < 0)
		return r;
	int fd = writer_fd(w, h, e);
	if (fd < 0)
		return fd;
	if (!h->v2) {
		r = w->undo ? undo_devices_v1(w->undo, h, fd, e) : 0;
		return r < 0 ? r : devices_v1_write(fd, rules, n, h->path, e);
	}
	r = w->undo ? undo_devbpf(w->undo, h, fd, &swap, e) : 0;
	if (r == 0)
		r = devbpf_attach(fd, rules, n, h->path, swap, e);
	/* An ordinary user, or root of a user namespace, may load no program, and needs none: a
	 * user namespace makes no device nodes, and opens those alone that the user could open. */
	return r == -EPERM && (geteuid() != 0 || self_in_user_namespace()) ? 0 : r;
}

static int writer_open(struct writer *w, struct err *e)
{
	const struct hierarchy *v2 = cgroup_v2(w->cg);
	int r;

	if (!v2 || !limits_any(w->r))
		return 0;
	int fd = writer_fd(w, v2, e);
	if (fd < 0)
		return fd;
	r = fd_read_text(fd, "cgroup.controllers", CGROUP_FILE_MAX, &w->v2_controllers);
	if (r < 0)
		return err_set(e, -r, "reading the controllers of cgroup '%s'", v2->path);
	return 0;
}

static void writer_close(struct writer *w)
{
	for (size_t i = 0; w->fds && i < w->cg->n; i++)
		(void)fd_close(w->fds[i]);
	text_free(&w->v2_controllers);
	free(w->fds);
}

/* What belongs to the writer's stage. */
static int write_stage(struct writer *w, struct err *e)
{
	int r = write_table(w, e);

	for (size_t i = 0; i < w->r->unified.n && r == 0; i++)
		r = write_unified(w, &w->r->unified.v[i], e);
	if (r == 0)
		r = write_devices(w, e);
	return r;
}

static int no_cgroup(const struct spec_resources *r, struct err *e)
{
	const char *first = limits_first(r);

	return first ? err_say(e, EINVAL, "%s: this container has no cgroup", first) : 0;
}

int cgroup_limit(struct cgroup *cg, const struct spec_resources *r, struct err *e)
{
	struct writer w = { .cg = cg, .r = r, .stage = STAGE_ALL };

	if (cg->manager == CGROUP_DISABLED)
		return no_cgroup(r, e);
	int ret = writer_open(&w, e);
	if (ret == 0)
		ret = write_stage(&w, e);
	/* The process that holds the place in a scope counts, too. */
	if (ret == 0 && r->pids_limit.set)
		cg->no_forks = r->pids_limit.v == 0 || (r->pids_limit.v == 1 && cg->scope);
	writer_close(&w);
	return ret;
}

int cgroup_update(struct cgroup *cg, const struct spec_resources *r, struct err *e)
{
	struct properties properties = { 0 };
	struct undo undo = { 0 };
	struct writer w = { .cg = cg, .r = r, .undo = &undo };

	if (cg->manager == CGROUP_DISABLED)
		return no_cgroup(r, e);
	int ret = writer_open(&w, e);
	for (size_t i = 0; cg->scope && i < cg->n && ret >= 0; i++)
		ret = writer_fd(&w, &cg->h[i], e);
	/* Before the files change, since it looks at them. */
	if (cg->scope && ret >= 0)
		ret = properties_of_limits(&properties, cg, w.fds, r, false, e);
	if (cg->scope && ret == 0)
		ret = properties_of_devices(&properties, cg, r, false, e);
	for (w.stage = STAGE_LOOK; w.stage < STAGE_END && ret == 0; w.stage++)
		ret = write_stage(&w, e);
	/* systemd takes all of them or none. */
	if (ret == 0 && properties.n > 0)
		ret = scope_set(cg, &properties, w.fds, r, e);
	properties_free(&properties);
	if (ret < 0)
		undo_all(&undo, e);
	else if (r->pids_limit.set)
		cg->no_forks = r->pids_limit.v == 0;
	undo_free(&undo);
	writer_close(&w);
	return ret;
}
