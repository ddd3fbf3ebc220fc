/* SPDX-License-Identifier: Apache-2.0 */
/*
 * procattr.c - limits, OOM score, kernel settings and names.
 *
 * A kernel setting is never written through a path that a container could have laid: only below
 * sys/ of a real procfs, without following any link or entering any other mount.
 */
#include "linux/procattr.h"

#include "base/fd.h"
#include "base/str.h"
#include "base/sys.h"
#include "spec/names.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

/* Longer than any name below /proc/sys. */
#define SYSCTL_KEY_MAX 512

/* __NEW_UTS_LEN of the kernel, which no header exports. */
#define UTS_NAME_MAX 64

#define LIMIT_TEXT 24
static const char *limit_text(uint64_t limit, char buf[LIMIT_TEXT])
{
	if (limit == RLIM_INFINITY)
		return "unlimited";
	(void)snprintf(buf, LIMIT_TEXT, "%" PRIu64, limit);
	return buf;
}

static int limit_refused(
	int num, size_t i, const struct spec_rlimit *want, const struct rlimit *now, struct err *e)
{
	const char *name = names_of(names_rlimits, (uint64_t)want->resource);
	char soft[LIMIT_TEXT], hard[LIMIT_TEXT], old[LIMIT_TEXT];

	if (num == EPERM && want->hard > now->rlim_max)
		return err_set(e, num,
			"/process/rlimits/%zu: %s: raising the hard limit from %s to %s needs "
			"CAP_SYS_RESOURCE",
			i, name, limit_text(now->rlim_max, old), limit_text(want->hard, hard));
	/* The one limit that has a limit itself, whatever the caller's rights (setrlimit(2)). */
	if (num == EPERM && want->resource == RLIMIT_NOFILE)
		return err_set(e, num, "/process/rlimits/%zu: %s: %s is above fs.nr_open", i, name,
			limit_text(want->hard, hard));
	return err_set(e, num, "/process/rlimits/%zu: %s: setting soft %s, hard %s", i, name,
		limit_text(want->soft, soft), limit_text(want->hard, hard));
}

int procattr_rlimits(pid_t pid, const struct spec_process *p, struct err *e)
{
	for (size_t i = 0; i < p->n_rlimits; i++) {
		const struct spec_rlimit *want = &p->rlimits[i];
		const struct rlimit limit = { .rlim_cur = want->soft, .rlim_max = want->hard };
		struct rlimit now = { .rlim_max = RLIM_INFINITY };
		int num;

		if (prlimit(pid, want->resource, &limit, NULL) == 0)
			continue;
		num = errno;
		(void)prlimit(
			pid, want->resource, NULL, &now); /* for words */
		return limit_refused(num, i, want, &now, e);
	}
	return 0;
}

int procattr_oom_score(int pid_proc_fd, const struct spec_process *p, struct err *e)
{
	char text[24];
	int r;

	if (!p->oom_score_adj.set)
		return 0;
	(void)snprintf(text, sizeof(text), "%" PRId64, p->oom_score_adj.v);
	r = fd_write_file(pid_proc_fd, "oom_score_adj", text);
	if (r == -EACCES)
		return err_set(e, EACCES,
			"/process/oomScoreAdj: setting %s: going below the present minimum needs "
			"CAP_SYS_RESOURCE",
			text);
	if (r == -EINVAL)
		return err_say(e, EINVAL,
			"/process/oomScoreAdj: %s is out of the kernel's range, -1000 to 1000",
			text);
	if (r < 0)
		return err_set(e, -r, "/process/oomScoreAdj: setting %s", text);
	return 0;
}

/*
 * The file of a key, below /proc/sys. The first separator says which kind the key uses
 * (sysctl.d(5)): "net.ipv4.conf.eth0/1.rp_filter" and "net/ipv4/conf/eth0.1/rp_filter" are one.
 */
static int sysctl_path(const char *key, char path[SYSCTL_KEY_MAX])
{
	size_t len = strlen(key);
	const char *first = strpbrk(key, "./");

	if (len == 0 || len >= SYSCTL_KEY_MAX)
		return -EINVAL;
	memcpy(path, key, len + 1);
	if (first && *first == '.')
		for (char *c = path; *c; c++)
			*c = *c == '.' ? '/' : *c == '/' ? '.' : *c;
	return 0;
}

/* A key as a part of a JSON pointer (RFC 6901). */
static const char *pointer_text(const char *key, char buf[SYSCTL_KEY_MAX])
{
	size_t n = 0;

	for (; *key && n + 3 < SYSCTL_KEY_MAX; key++) {
		if (*key != '~' && *key != '/') {
			buf[n++] = *key;
			continue;
		}
		buf[n++] = '~';
		buf[n++] = *key == '~' ? '0' : '1';
	}
	buf[n] = '\0';
	return buf;
}

static int sysctl_open(int sys_fd, const char *path)
{
	const struct open_how how = {
		.flags = O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS |
			   RESOLVE_NO_XDEV,
	};

	return sys_openat2(sys_fd, path, &how);
}

static int sysctl_write(int sys_fd, const struct str_pair *setting, struct err *e)
{
	char path[SYSCTL_KEY_MAX], pointer[SYSCTL_KEY_MAX];
	_cleanup_close_ int fd = -1;
	size_t len = strlen(setting->value);
	ssize_t n;

	(void)pointer_text(setting->key, pointer);
	if (sysctl_path(setting->key, path) < 0)
		return err_say(
			e, EINVAL, "/linux/sysctl/%s: no kernel setting has such a name", pointer);
	fd = sysctl_open(sys_fd, path);
	if (fd == -EXDEV || fd == -ELOOP)
		return err_say(
			e, -fd, "/linux/sysctl/%s: the name leads out of /proc/sys", pointer);
	if (fd < 0)
		return err_set(e, -fd, "/linux/sysctl/%s: opening /proc/sys/%s", pointer, path);
	if (!fd_is_fs(fd, PROC_SUPER_MAGIC))
		return err_say(e, EXDEV, "/linux/sysctl/%s: /proc/sys/%s is not a file of procfs",
			pointer, path);
	/* The kernel takes a setting in one write at offset 0. */
	n = write(fd, setting->value, len);
	if (n < 0)
		return err_set(e, errno, "/linux/sysctl/%s: writing '%s'", pointer, setting->value);
	if ((size_t)n != len)
		return err_say(e, EINVAL,
			"/linux/sysctl/%s: the kernel took only %zd of %zu bytes of '%s'", pointer,
			n, len, setting->value);
	return 0;
}

int procattr_sysctl(int proc_fd, const struct spec *spec, struct err *e)
{
	const struct pair_list *settings = &spec->linux_.sysctl;
	const struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
	};
	_cleanup_close_ int sys_fd = -1;
	int r;

	if (settings->n == 0)
		return 0;
	sys_fd = sys_openat2(proc_fd, "sys", &how);
	if (sys_fd < 0)
		return err_set(e, -sys_fd, "/linux/sysctl: opening /proc/sys");
	for (size_t i = 0; i < settings->n; i++) {
		r = sysctl_write(sys_fd, &settings->v[i], e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int set_name(
	int (*set)(const char *, size_t), const char *where, const char *name, struct err *e)
{
	if (!name)
		return 0;
	if (strlen(name) > UTS_NAME_MAX)
		return err_say(e, EINVAL, "%s: '%s' is longer than %d bytes, the kernel's limit",
			where, name, UTS_NAME_MAX);
	if (set(name, strlen(name)) < 0)
		return err_set(e, errno, "%s: setting '%s'", where, name);
	return 0;
}

int procattr_names(const struct spec *spec, struct err *e)
{
	int r;

	/* An empty name is none, as for the peers. */
	r = set_name(
		sethostname, "/hostname", str_empty(spec->hostname) ? NULL : spec->hostname, e);
	if (r < 0)
		return r;
	return set_name(setdomainname, "/domainname",
		str_empty(spec->domainname) ? NULL : spec->domainname, e);
}
