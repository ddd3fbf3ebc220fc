/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scope.c - a container's cgroup as a transient scope of systemd. scope_v1.c has what cgroup v1
 * adds.
 *
 * systemd makes a scope around processes that are there, and takes it away when the last has ended.
 * So a process of ours holds the place from the start until the container's first one is in it:
 * that is born into a cgroup whose limits are all in force, as it is without systemd. D-Bus is
 * spoken by a program of its own (src/systemd), found by one absolute path that the build gives.
 *
 * Never stops a unit that it did not start.
 */
#include "cgroup/scope.h"
#include "base/child.h"
#include "base/fd.h"
#include "base/self.h"
#include "base/sys.h"
#include "config.h"
#include "spec/conf.h"
#include "systemd/request.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define UNIT_NAME_MAX 255
#define POINTER "/linux/cgroupsPath"

static int check_host(const struct cgroup *cg, struct err *e);
static int plan_names(
	struct scope *scope, const char *path, const char *id, struct arena *arena, struct err *e);

int scope_plan(struct cgroup *cg, const struct spec *spec, const char *id, struct arena *arena,
	struct err *e)
{
	struct properties properties = { 0 };
	const char *above = "", *slice;

	struct scope *scope = arena_new(arena, struct scope);
	if (!scope)
		return err_nomem(e);
	*scope = (struct scope){ .user = self_is_ordinary(), .arena = arena, .holder_pidfd = -1 };
	cg->scope = scope;
	scope->spec = spec;
	int r = check_host(cg, e);
	if (r == 0)
		r = plan_names(scope, spec->linux_.cgroups_path, id, arena, e);
	if (r == 0)
		r = scope_slice_path(scope->slice, arena, &slice, e);
	/* What is wrong with the annotations is said before anything is made. */
	if (r == 0)
		r = properties_of_annotations(&properties, &spec->annotations, arena, e);
	properties_free(&properties);
	if (r < 0)
		return r;
	/* Where it will most likely be; where it is, scope_make() sees. */
	if (scope->user)
		above = arena_printf(arena, "/user.slice/user-%u.slice/user@%u.service",
			(unsigned)conf_caller(), (unsigned)conf_caller());
	if (above)
		cg->path = arena_printf(arena, "%s%s/%s", above, slice, scope->unit);
	for (size_t i = 0; i < cg->n; i++)
		cg->h[i].path = cg->path;
	scope->description = arena_printf(arena, "hasu container %s", id);
	return cg->path && scope->description ? 0 : err_nomem(e);
}

static const char *cgroup_v1_mount(const struct cgroup *cg)
{
	for (size_t i = 0; i < cg->n; i++)
		if (!cg->h[i].v2)
			return cg->h[i].mount;
	return "?";
}

static int check_host(const struct cgroup *cg, struct err *e)
{
	struct stat st;

	if (str_empty(HASU_SYSTEMD_HELPER))
		return err_say(e, ENOTSUP,
			"the cgroup manager systemd was left out of this build (-Dsystemd=false): "
			"use --cgroup-manager=cgroupfs");
	/* sd_booted(3) */
	if (lstat("/run/systemd/system", &st) < 0 || !S_ISDIR(st.st_mode))
		return err_say(e, ENOTSUP,
			"the cgroup manager systemd needs a host that systemd runs, and this is "
			"none "
			"(there is no directory /run/systemd/system): use "
			"--cgroup-manager=cgroupfs");
	if (!cgroup_pure_v2(cg) && cg->scope->user)
		return err_say(e, ENOTSUP,
			"the cgroup manager systemd: cgroup v1 cannot safely be delegated to "
			"ordinary users, and this host has it at '%s'; " CGROUP_DISABLED_HINT,
			cgroup_v1_mount(cg));
	if (!scope_hierarchy(cg))
		return err_say(e, ENOTSUP,
			"the cgroup manager systemd: systemd's own cgroup hierarchy is not mounted "
			"here: use --cgroup-manager=cgroupfs");
	if (access(HASU_SYSTEMD_HELPER, X_OK) < 0)
		return err_set(e, errno,
			"the cgroup manager systemd needs the program '" HASU_SYSTEMD_HELPER "'");
	if (cg->scope->user && str_empty(getenv("XDG_RUNTIME_DIR")) &&
		str_empty(getenv("DBUS_SESSION_BUS_ADDRESS")))
		return err_say(e, ENOENT,
			"the cgroup manager systemd: neither XDG_RUNTIME_DIR nor "
			"DBUS_SESSION_BUS_ADDRESS is set, so this user's systemd cannot be found");
	return 0;
}

/* The unit's own name, and its slice's. As runc reads the path. */
static int plan_names(
	struct scope *scope, const char *path, const char *id, struct arena *arena, struct err *e)
{
	const char *const usual = scope->user ? "user.slice" : "system.slice";
	const char *prefix = "hasu", *name = id, *what = "the container ID";
	size_t prefix_len = strlen(prefix);

	scope->slice = usual;
	if (!str_empty(path)) {
		const char *first = strchr(path, ':');
		const char *second = first ? strchr(first + 1, ':') : NULL;
		if (!second || strchr(second + 1, ':') || strchr(path, '/') || !second[1])
			return err_say(e, EINVAL,
				POINTER ": '%s' is not of the form slice:prefix:name, which the "
					"cgroup manager systemd takes",
				path);
		what = POINTER;
		prefix = first + 1;
		prefix_len = (size_t)(second - prefix);
		name = second + 1;
		if (first > path)
			scope->slice = arena_strndup(arena, path, (size_t)(first - path));
	}
	scope->unit = arena_printf(arena, "%.*s-%s.scope", (int)prefix_len, prefix, name);
	if (!scope->unit || !scope->slice)
		return err_nomem(e);
	if (strlen(name) > strlen(".slice") &&
		str_eq(name + strlen(name) - strlen(".slice"), ".slice"))
		return err_say(e, EINVAL,
			"%s: '%s' would be a slice, and a container is put into a scope", what,
			name);
	if (!scope_name_valid(scope->unit))
		return err_say(e, EINVAL,
			"%s: '%s' is no name of a unit of systemd: at most %d letters, digits and "
			"_ - . : \\",
			what, scope->unit, UNIT_NAME_MAX);
	return 0;
}

/* systemd.unit(5) */
static bool name_valid(const char *name, const char *suffix)
{
	const size_t n = strlen(name), suffix_len = strlen(suffix);

	for (const char *p = name; *p; p++)
		if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
			    (*p >= '0' && *p <= '9') || strchr("_-.:\\", *p)))
			return false;
	return n > suffix_len && n <= UNIT_NAME_MAX && str_eq(name + n - suffix_len, suffix);
}

bool scope_name_valid(const char *name)
{
	return name_valid(name, ".scope");
}

int scope_slice_path(const char *slice, struct arena *arena, const char **ret, struct err *e)
{
	const char *path = "", *p = slice;

	if (str_eq(slice, "-.slice")) {
		*ret = path;
		return 0;
	}
	if (!name_valid(slice, ".slice"))
		goto invalid;
	/* Each '-' is one more level. */
	const char *const end = slice + strlen(slice) - strlen(".slice");
	for (const char *dash = slice; dash; p = dash + 1) {
		dash = memchr(p, '-', (size_t)(end - p));
		const char *const stop = dash ? dash : end;
		if (stop == p)
			goto invalid;
		path = arena_printf(arena, "%s/%.*s.slice", path, (int)(stop - slice), slice);
		if (!path)
			return err_nomem(e);
		if (!dash)
			break;
	}
	*ret = path;
	return 0;
invalid:
	return err_say(e, EINVAL,
		POINTER
		": '%s' is no slice: names such as 'machine.slice', with '-' between those of "
		"nested ones",
		slice);
}

/*
 * Asking systemd.
 */

static int read_answer(int fd, struct err *e)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	uint32_t num;

	if (lseek(fd, 0, SEEK_SET) < 0 || fd_read_all(fd, REQUEST_ANSWER_MAX, &text, &len) < 0)
		len = 0;
	if (len == sizeof("ok") && str_eq(text, "ok"))
		return 0;
	const char *const end = len > 0 ? text + len : NULL;
	const char *number = len > 0 && text[len - 1] == '\0' && str_eq(text, "error")
				     ? text + sizeof("error")
				     : end;
	const char *sentence = number < end ? number + strlen(number) + 1 : end;
	if (sentence >= end || str_to_u32(number, &num) < 0 || num == 0 || num > 4095)
		return err_say(e, EBADMSG, "'" HASU_SYSTEMD_HELPER "' gave no answer");
	return err_say(e, (int)num, "%s", sentence);
}

/* Nothing of the environment but the way to the bus; for the system's not even that. */
static int environment(const struct scope *scope, struct arena *arena, char **ret, struct err *e)
{
	static const char *const names[] = { "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS" };
	size_t n = 0;

	for (size_t i = 0; scope->user && i < ELEMENTS(names); i++) {
		const char *value = getenv(names[i]);
		if (str_empty(value))
			continue;
		ret[n] = arena_printf(arena, "%s=%s", names[i], value);
		if (!ret[n++])
			return err_nomem(e);
	}
	ret[n] = NULL;
	return 0;
}

static void add_field(struct strbuf *request, const char *text)
{
	strbuf_add(request, text, strlen(text) + 1);
}

static struct strbuf begin(const struct scope *scope, const char *verb)
{
	struct strbuf request = { 0 };

	add_field(&request, verb);
	add_field(&request, scope->user ? "user" : "system");
	add_field(&request, scope->unit);
	return request;
}

/* Frees the request. */
static int ask(const struct scope *scope, struct strbuf *request, bool interruptible, struct err *e)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	static char *const argv[] = { (char *)HASU_SYSTEMD_HELPER, NULL };
	char *env[3];

	_cleanup_close_ int output = memfd_create("hasu-answer", MFD_CLOEXEC);
	int r = output < 0 ? err_set(e, errno, "making a file in memory")
			   : environment(scope, &arena, env, e);
	if (r == 0 && (request->failed || request->len > REQUEST_MAX))
		r = request->failed
			    ? err_nomem(e)
			    : err_say(e, E2BIG, "the properties of unit %s are more than %zu bytes",
				      scope->unit, REQUEST_MAX);
	if (r == 0) {
		const struct child_run run = {
			.path = HASU_SYSTEMD_HELPER,
			.argv = argv,
			.envp = env,
			.input = request->text,
			.input_len = request->len,
			.output = output,
			.interruptible = interruptible,
			.timeout_ms = REQUEST_MS,
			.what = "the cgroup manager systemd",
		};
		r = child_run(&run, e);
	}
	strbuf_free(request);
	return r < 0 ? r : read_answer(output, e);
}

static void add_properties(struct strbuf *request, const struct properties *p)
{
	strbuf_addf(request, "%u", p->n);
	strbuf_add(request, "", 1);
	if (p->n > 0)
		strbuf_add(request, p->fields.text, p->fields.len);
	request->failed |= p->fields.failed;
}

/*
 * Making it.
 */

static void hold(pid_t parent) __attribute__((noreturn));

/* Ends with us, by our hand, or by systemd's. */
static void hold(pid_t parent)
{
	sigset_t none;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	/* Not with the terminal's signals; but with systemd's SIGTERM, which waits for nobody. */
	(void)setsid();
	(void)fd_close_others(0, NULL, 0);
	(void)signal(SIGTERM, SIG_DFL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	for (;;)
		(void)pause();
}

static int start_holder(struct scope *scope, struct err *e)
{
	const pid_t parent = getpid();
	int pidfd = -1;
	struct clone_args args = {
		.flags = CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
	};

	pid_t pid = sys_clone3(&args);
	if (pid < 0)
		return err_set(e, -pid, "making a process that holds the place in %s", scope->unit);
	if (pid == 0)
		hold(parent);
	scope->holder = pid;
	scope->holder_pidfd = pidfd;
	return 0;
}

void scope_settle(const struct cgroup *cg)
{
	struct scope *scope = cg->scope;
	siginfo_t info;

	if (!scope || scope->holder_pidfd < 0)
		return;
	(void)sys_pidfd_send_signal(scope->holder_pidfd, SIGKILL);
	while (waitid(P_PIDFD, (id_t)scope->holder_pidfd, &info, WEXITED) < 0 && errno == EINTR)
		;
	scope->holder_pidfd = fd_close(scope->holder_pidfd);
	scope->holder = 0;
}

/* Ours; the config's annotations, which may have other ideas; the config's limits, which hold. */
static int start_properties(const struct cgroup *cg, struct properties *p, struct err *e)
{
	static const char *const yes[] = { "Delegate", "CPUAccounting", "MemoryAccounting",
		"TasksAccounting" };
	const struct scope *scope = cg->scope;
	const struct spec_resources *limits = &scope->spec->linux_.resources;
	char pid[16];

	(void)snprintf(pid, sizeof(pid), "%d", (int)scope->holder);
	properties_add(p, "Description", "s", scope->description);
	properties_add(p, "Slice", "s", scope->slice);
	/* A container ends when its engine says so, not with the first phase of a shutdown. */
	properties_add(p, "DefaultDependencies", "b", "0");
	/* So that what has failed is forgotten, too. */
	properties_add(p, "CollectMode", "s", "inactive-or-failed");
	for (size_t i = 0; i < ELEMENTS(yes); i++)
		properties_add(p, yes[i], "b", "1");
	/* On cgroup v1 systemd would take the word IO for that it goes by the properties of v2. */
	properties_add(
		p, cgroup_v1_of(cg, "blkio") ? "?BlockIOAccounting" : "IOAccounting", "b", "1");
	properties_add(p, "PIDs", "au", "1");
	add_field(&p->fields, pid);

	int r = properties_of_annotations(p, &scope->spec->annotations, scope->arena, e);
	if (r == 0)
		r = properties_of_limits(p, cg, NULL, limits, true, e);
	return r < 0 ? r : properties_of_devices(p, cg, limits, true, e);
}

/* Where the holder is now: that is the unit's cgroup. */
static int find_path(struct cgroup *cg, struct err *e)
{
	struct scope *scope = cg->scope;
	struct hierarchy *found;
	char proc[32], *path;
	size_t n;

	(void)snprintf(proc, sizeof(proc), "/proc/%d", (int)scope->holder);
	_cleanup_close_ int fd = open(proc, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, errno, "opening %s", proc);
	int r = hierarchies_of(fd, scope->arena, &found, &n, e);
	if (r < 0)
		return r;
	const struct hierarchy *h = scope_hierarchy(cg);
	const char *own = NULL;
	for (size_t i = 0; i < n; i++)
		if (found[i].mount_id == h->mount_id)
			own = found[i].own;
	const char *last = own ? strrchr(own, '/') : NULL;
	if (!last || !str_eq(last + 1, scope->unit))
		return err_say(e, EBADMSG,
			"systemd started %s, but the process for it is in cgroup '%s'", scope->unit,
			own ? own : "?");
	r = cgroup_path_clean(own, "systemd's cgroup", scope->arena, &path, e);
	if (r < 0)
		return r;
	cg->path = path;
	return scope_make_rest(cg, path, found, n, e);
}

/* One that systemd does not know of, such as hugetlb, from the root downwards. */
static int pass_on(const struct hierarchy *h, const char *controller, struct err *e)
{
	char text[80];
	int r = 0;

	(void)snprintf(text, sizeof(text), "+%s", controller);
	_cleanup_close_ int root = hierarchy_open_root(h, e);
	if (root < 0)
		return root;
	for (const char *p = h->path; p && r == 0; p = strchr(p + 1, '/')) {
		_cleanup_free_ char *on = NULL, *above = strndup(h->path, (size_t)(p - h->path));
		if (!above)
			return err_nomem(e);
		_cleanup_close_ int fd = hierarchy_open_below(root, above + (*above == '/'));
		r = fd < 0 ? fd
			   : fd_read_file(fd, "cgroup.subtree_control", CGROUP_FILE_MAX, &on, NULL);
		if (r == 0 && !word_in(on, " \n", controller))
			r = fd_write_file(fd, "cgroup.subtree_control", text);
	}
	return r < 0 ? err_set(e, -r,
			       "cgroup '%s' has no controller %s, which linux.resources needs: the "
			       "cgroups above do not pass it on",
			       h->path, controller)
		     : 0;
}

static int check_controllers(const struct cgroup *cg, struct err *e)
{
	const struct hierarchy *h = cgroup_v2(cg);
	_cleanup_free_ char *has = NULL;

	if (!h)
		return 0;
	_cleanup_close_ int fd = hierarchy_open_leaf(h, e);
	if (fd < 0)
		return fd;
	int r = fd_read_file(fd, "cgroup.controllers", CGROUP_FILE_MAX, &has, NULL);
	if (r < 0)
		return err_set(e, -r, "reading the controllers of cgroup '%s'", cg->path);
	for (size_t i = 0; i < cg->v2_needs.n && r == 0; i++)
		if (!word_in(has, " \n", cg->v2_needs.v[i]))
			r = pass_on(h, cg->v2_needs.v[i], e);
	return r;
}

/* Which of two files a cgroup has, as with BFQ's weights, is seen when it is there. */
static int tell_others(const struct cgroup *cg, struct err *e)
{
	const struct hierarchy *h = cgroup_v1_of(cg, "blkio") ? NULL : cgroup_v2(cg);
	struct properties properties = { 0 };

	if (!h)
		return 0;
	_cleanup_close_ int fd = hierarchy_open_leaf(h, e);
	if (fd < 0)
		return fd;
	int r = properties_of_others(&properties, fd, &cg->scope->spec->linux_.resources, e);
	if (r == 0 && properties.n > 0)
		r = scope_tell(cg, &properties, e);
	properties_free(&properties);
	return r;
}

int scope_make(struct cgroup *cg, struct err *e)
{
	struct properties properties = { 0 };
	struct err ignored = { 0 };

	int r = start_holder(cg->scope, e);
	if (r == 0)
		r = start_properties(cg, &properties, e);
	if (r == 0) {
		struct strbuf request = begin(cg->scope, "start");
		add_properties(&request, &properties);
		r = ask(cg->scope, &request, true, e);
	}
	properties_free(&properties);
	if (r < 0) {
		/* Whatever became of it: a scope without a process goes by itself. */
		scope_settle(cg);
		return r;
	}
	r = find_path(cg, e);
	if (r == 0)
		r = check_controllers(cg, e);
	if (r == 0)
		r = tell_others(cg, e);
	if (r < 0) {
		for (size_t i = 0; i < cg->n; i++)
			hierarchy_unmake(&cg->h[i]);
		scope_settle(cg);
		(void)scope_stop(cg, &ignored); /* empty: systemd stops it anyway */
	}
	return r;
}

/*
 * While it is there, and its end.
 */

int scope_attach(const struct cgroup *cg, const char *below, pid_t pid, struct err *e)
{
	struct strbuf request = begin(cg->scope, "attach");

	add_field(&request, below ? below : "");
	strbuf_addf(&request, "%d", (int)pid);
	strbuf_add(&request, "", 1);
	return ask(cg->scope, &request, true, e);
}

int scope_tell(const struct cgroup *cg, const struct properties *properties, struct err *e)
{
	struct strbuf request = begin(cg->scope, "set");

	add_properties(&request, properties);
	/* Ended in the middle, nobody would know whether systemd has them. */
	return ask(cg->scope, &request, false, e);
}

int scope_stop(const struct cgroup *cg, struct err *e)
{
	struct strbuf request = begin(cg->scope, "stop");

	return ask(cg->scope, &request, false, e);
}
