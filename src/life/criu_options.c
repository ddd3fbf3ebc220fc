/* SPDX-License-Identifier: Apache-2.0 */
/*
 * criu_options.c - what checkpoint and restore tell CRIU alike: options, namespaces, directories.
 */
#include "base/fd.h"
#include "life/criu.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>

/* rpc.proto */
enum { CG_MODE_IGNORE = 0, CG_MODE_SOFT = 3, CG_MODE_FULL = 4, CG_MODE_STRICT = 5 };
enum { LOCK_IPTABLES = 1, LOCK_NFTABLES = 2, LOCK_SKIP = 3 };

#define LOG_LEVEL_CRIU_DEBUG 4

static int page_server(const char *text, struct strbuf *opts, struct err *e)
{
	const char *colon = strrchr(text, ':');
	struct strbuf info = { 0 };
	char address[256];
	uint64_t port;

	/* "[::1]:27": the brackets are not part of the address. */
	size_t len = colon ? (size_t)(colon - text) : 0;
	if (len > 2 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	if (len == 0 || len >= sizeof(address) || str_to_u64(colon + 1, &port) < 0 || port == 0 ||
		port > UINT16_MAX)
		return err_say(e, EINVAL, "--page-server '%s' is not ADDRESS:PORT", text);
	memcpy(address, text, len);
	address[len] = '\0';
	wire_text(&info, PAIR_FIRST, address);
	wire_number(&info, PAIR_SECOND, (int64_t)port);
	wire_message(opts, OPT_PS, &info);
	strbuf_free(&info);
	return 0;
}

/*
 * The annotation and the file are runc's. Settings in such a file go over ours, so that a host can
 * have what no option gives.
 */
static void config_file(const struct spec *spec, struct strbuf *opts)
{
	static const char *const files[] = { "/etc/criu/hasu.conf", "/etc/criu/runc.conf" };

	for (size_t i = 0; i < spec->annotations.n; i++) {
		const struct str_pair *a = &spec->annotations.v[i];
		if (!str_eq(a->key, "org.criu.config"))
			continue;
		if (*a->value)
			wire_text(opts, OPT_CONFIG_FILE, a->value);
		return;
	}
	for (size_t i = 0; i < ELEMENTS(files); i++) {
		if (access(files[i], F_OK) == 0) {
			wire_text(opts, OPT_CONFIG_FILE, files[i]);
			return;
		}
	}
}

/* Connections are held while their ends are away. CRIU starts a program for iptables only. */
static int lock_method(unsigned lock)
{
	struct arena arena = { 0 };
	struct err ignored;
	const char *path;
	bool has_iptables;

	switch ((enum criu_lock)lock) {
	case CRIU_LOCK_IPTABLES:
		return LOCK_IPTABLES;
	case CRIU_LOCK_NFTABLES:
		return LOCK_NFTABLES;
	case CRIU_LOCK_SKIP:
		return LOCK_SKIP;
	case CRIU_LOCK_DEFAULT:
		break;
	}
	has_iptables = criu_find("iptables-restore", "", &arena, &path, &ignored) == 0;
	arena_free(&arena);
	return has_iptables ? LOCK_IPTABLES : LOCK_NFTABLES;
}

int criu_common(
	const struct criu_options *o, const struct spec *spec, struct strbuf *opts, struct err *e)
{
	const struct {
		bool on;
		unsigned field;
	} flags[] = {
		{ o->ext_unix_sk, OPT_EXT_UNIX_SK },
		{ o->tcp_established, OPT_TCP_ESTABLISHED },
		{ o->tcp_skip_in_flight, OPT_TCP_SKIP_IN_FLIGHT },
		{ o->tcp_close, OPT_TCP_CLOSE },
		{ o->shell_job, OPT_SHELL_JOB },
		{ o->file_locks, OPT_FILE_LOCKS },
		{ o->link_remap, OPT_LINK_REMAP },
		{ o->auto_dedup, OPT_AUTO_DEDUP },
		{ o->lazy_pages, OPT_LAZY_PAGES },
		{ true, OPT_ORPHAN_PTS_MASTER },
		{ true, OPT_NOTIFY_SCRIPTS },
	};
	static const int modes[] = {
		[CRIU_CGROUPS_DEFAULT] = CG_MODE_SOFT,
		[CRIU_CGROUPS_IGNORE] = CG_MODE_IGNORE,
		[CRIU_CGROUPS_SOFT] = CG_MODE_SOFT,
		[CRIU_CGROUPS_FULL] = CG_MODE_FULL,
		[CRIU_CGROUPS_STRICT] = CG_MODE_STRICT,
	};

	for (size_t i = 0; i < o->empty_ns.n; i++)
		if (!str_eq(o->empty_ns.v[i], "network"))
			return err_say(e, ENOTSUP,
				"--empty-ns '%s': the network namespace alone can be left empty",
				o->empty_ns.v[i]);
	for (size_t i = 0; i < ELEMENTS(flags); i++)
		if (flags[i].on)
			wire_number(opts, flags[i].field, true);
	wire_number(opts, OPT_LOG_LEVEL, LOG_LEVEL_CRIU_DEBUG);
	wire_number(opts, OPT_MANAGE_CGROUPS_MODE, modes[o->cgroups_mode]);
	wire_number(opts, OPT_NETWORK_LOCK, lock_method(o->network_lock));
	/*
	 * Whoever gave the network namespace its devices and addresses, an engine, hooks or
	 * linux.netDevices, does so again. That is also what runc does.
	 */
	wire_number(opts, OPT_EMPTY_NS, CLONE_NEWNET);
	config_file(spec, opts);
	return o->page_server ? page_server(o->page_server, opts, e) : 0;
}

/* --- directories --- */

/* mkdir -p, for root alone: images hold the memory of the container. */
static int make_directory(const char *path, struct err *e)
{
	char part[PATH_MAX];

	int n = snprintf(part, sizeof(part), "%s", path);
	if (n < 0 || (size_t)n >= sizeof(part))
		return err_set(e, ENAMETOOLONG, "making directory '%s'", path);
	for (char *p = part + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		(void)mkdir(part, 0700); /* the last one reports what is missing */
		*p = '/';
	}
	if (mkdir(part, 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "making directory '%s'", path);
	return 0;
}

static int open_directory(const char *path, bool make, const char *option, char real[PATH_MAX],
	int *ret, struct err *e)
{
	int r = make ? make_directory(path, e) : 0;
	if (r < 0)
		return err_prefix(e, "%s", option);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || !realpath(path, real))
		return err_set(e, errno, "%s '%s'", option, path);
	*ret = TAKE_FD(fd);
	return 0;
}

int criu_dirs_open(const struct criu_options *o, bool make, const char *log_name,
	struct arena *arena, struct criu_dirs *ret, struct err *e)
{
	struct criu_dirs dirs = { .image_fd = -1, .work_fd = -1 };
	char image[PATH_MAX], work[PATH_MAX];

	int r = open_directory(o->image_path ? o->image_path : "checkpoint", make, "--image-path",
		image, &dirs.image_fd, e);
	if (r == 0 && o->work_path)
		r = open_directory(o->work_path, true, "--work-path", work, &dirs.work_fd, e);
	if (r == 0) {
		dirs.image = arena_strdup(arena, image);
		dirs.log = arena_printf(arena, "%s/%s", o->work_path ? work : image, log_name);
		if (!dirs.image || !dirs.log)
			r = err_nomem(e);
	}
	if (r < 0)
		criu_dirs_close(&dirs);
	else
		*ret = dirs;
	return r;
}

void criu_dirs_close(struct criu_dirs *dirs)
{
	dirs->image_fd = fd_close(dirs->image_fd);
	dirs->work_fd = fd_close(dirs->work_fd);
}
