/* SPDX-License-Identifier: Apache-2.0 */
/*
 * creds.c - the IDs, groups and capabilities of the container's process, and its HOME.
 *
 * The order is the kernel's. It never leaves the process with a group or capability that the config
 * did not name, and believes nothing that the container's files say but the path of a home.
 */
#include "linux/creds.h"

#include "base/fd.h"
#include "base/path.h"
#include "base/sys.h"
#include "linux/caps.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* Bytes of the container's /etc/passwd that are read; a longer file is as none. */
#define PASSWD_MAX (1u << 20)

int creds_root(struct err *e)
{
	int r;

	r = sys_setresgid(0);
	if (r == -EINVAL)
		return err_say(e, EINVAL,
			"/linux/gidMappings: no group is mapped to 0, the root of the container");
	if (r < 0)
		return err_set(e, -r, "becoming group 0 in the user namespace");
	r = sys_setresuid(0);
	if (r == -EINVAL)
		return err_say(e, EINVAL,
			"/linux/uidMappings: no user is mapped to 0, the root of the container");
	if (r < 0)
		return err_set(e, -r, "becoming user 0 in the user namespace");
	/* The caller's groups are not the container's. */
	r = sys_setgroups(0, NULL);
	if (r < 0 && !(r == -EPERM && caps_have(CAP_SETGID)))
		return err_set(e, -r, "dropping the caller's groups in the user namespace");
	return 0;
}

static int set_groups(const struct spec_user *user, struct err *e)
{
	int r;

	r = sys_setgroups(user->n_additional_gids, user->additional_gids);
	if (r == -EPERM && caps_have(CAP_SETGID)) {
		/*
		 * With that capability only a user namespace with "deny" in its setgroups file
		 * refuses (user_namespaces(7)); then nobody can change the groups, and none were
		 * asked for.
		 */
		if (user->n_additional_gids == 0)
			return 0;
		return err_set(e, EPERM,
			"/process/user/additionalGids: this user namespace denies setgroups(2)");
	}
	if (r == -EINVAL)
		for (size_t i = 0; i < user->n_additional_gids; i++)
			if (sys_setgroups(1, &user->additional_gids[i]) == -EINVAL)
				return err_say(e, EINVAL,
					"/process/user/additionalGids/%zu: group %u is not mapped "
					"in the user namespace",
					i, user->additional_gids[i]);
	if (r == -EINVAL)
		return err_say(e, EINVAL,
			"/process/user/additionalGids: %zu groups, but the kernel takes at most "
			"65536",
			user->n_additional_gids);
	if (r < 0)
		return err_set(e, -r, "/process/user/additionalGids: setting %zu groups",
			user->n_additional_gids);
	return 0;
}

static int set_ids(const struct spec_user *user, struct err *e)
{
	int r;

	/* Groups, then group, then user: each needs what the next one gives up. */
	r = set_groups(user, e);
	if (r < 0)
		return r;
	r = sys_setresgid(user->gid);
	if (r == -EINVAL)
		return err_say(e, EINVAL,
			"/process/user/gid: group %u is not mapped in the user namespace",
			user->gid);
	if (r < 0)
		return err_set(e, -r, "/process/user/gid: becoming group %u", user->gid);
	r = sys_setresuid(user->uid);
	if (r == -EINVAL)
		return err_say(e, EINVAL,
			"/process/user/uid: user %u is not mapped in the user namespace",
			user->uid);
	if (r < 0)
		return err_set(e, -r, "/process/user/uid: becoming user %u", user->uid);
	return 0;
}

int creds_apply(const struct spec_process *p, struct err *e)
{
	static const struct spec_capabilities none = { .has = true };
	const struct spec_capabilities *caps = p->capabilities.has ? &p->capabilities : &none;
	int r;

	if (p->user.umask.set)
		(void)umask((mode_t)(p->user.umask.v & 0777)); /* cannot fail */

	/* While CAP_SETPCAP is there. */
	r = caps_bound(caps->bounding, e);
	if (r < 0)
		return r;
	/* Leaving user 0 would empty the permitted set. */
	r = caps_keep(e);
	if (r < 0)
		return r;
	r = set_ids(&p->user, e);
	if (r < 0)
		return r;
	r = caps_regain(e);
	if (r < 0)
		return r;
	/* Ambient capabilities come after the change of user, which would clear them. */
	r = caps_set(caps, e);
	if (r < 0)
		return r;
	if (p->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0, 0, 0) < 0)
		return err_set(e, errno, "/process/noNewPrivileges: setting it");
	return 0;
}

int creds_own_stdio(const struct spec_process *p, struct err *e)
{
	struct stat st;

	for (int fd = 0; fd < 3; fd++) {
		if (fstat(fd, &st) < 0) {
			if (errno == EBADF)
				continue;
			return err_set(e, errno, "asking for the owner of standard stream %d", fd);
		}
		/* The host's /dev/null must stay root's. */
		if (st.st_uid == p->user.uid ||
			(S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3)))
			continue;
		/* A file that the caller only reads from has nothing that would be reopened for
		 * writing, and stays its owner's: "hasu run </etc/passwd". */
		if (S_ISREG(st.st_mode) && (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY)
			continue;
		/* An owner outside the user namespace or a read-only file system: left as it is. */
		if (fchown(fd, p->user.uid, (gid_t)-1) < 0 && errno != EPERM && errno != EROFS &&
			errno != EINVAL)
			return err_set(
				e, errno, "giving standard stream %d to user %u", fd, p->user.uid);
	}
	return 0;
}

/* Field number n (from 0) of a line of passwd(5); false if there is none. */
static bool passwd_field(
	const char *line, const char *end, unsigned n, const char **ret, size_t *ret_len)
{
	const char *colon;

	for (; n; n--) {
		colon = memchr(line, ':', (size_t)(end - line));
		if (!colon)
			return false;
		line = colon + 1;
	}
	colon = memchr(line, ':', (size_t)(end - line));
	*ret = line;
	*ret_len = (size_t)((colon ? colon : end) - line);
	return true;
}

static bool is_uid(const char *text, size_t len, uint32_t uid)
{
	char digits[11]; /* 4294967295 */
	uint32_t number;

	if (len == 0 || len >= sizeof(digits))
		return false;
	memcpy(digits, text, len);
	digits[len] = '\0';
	return str_to_u32(digits, &number) == 0 && number == uid;
}

/* The home of the first line with this user. text may hold anything, NUL bytes included. */
static bool passwd_home(
	const char *text, size_t len, uint32_t uid, const char **ret_home, size_t *ret_len)
{
	const char *const stop = text + len;

	while (text < stop) {
		const char *newline = memchr(text, '\n', (size_t)(stop - text));
		const char *end = newline ? newline : stop;
		const char *field;
		size_t field_len;

		if (passwd_field(text, end, 2, &field, &field_len) &&
			is_uid(field, field_len, uid) &&
			passwd_field(text, end, 5, &field, &field_len)) {
			if (field_len == 0 || field[0] != '/' || memchr(field, '\0', field_len))
				return false;
			*ret_home = field;
			*ret_len = field_len;
			return true;
		}
		text = newline ? newline + 1 : stop;
	}
	return false;
}

/* "HOME=..." in arena. What cannot be read says nothing; NULL: no memory. */
static char *home_entry(const struct spec_process *p, int root_fd, struct arena *arena)
{
	_cleanup_close_ int fd = -1;
	_cleanup_free_ char *text = NULL;
	const char *home = "/";
	size_t len, home_len = 1;
	struct stat st;

	/* O_NONBLOCK: neither a FIFO nor a file such as /proc/kmsg behind a link may hold us up. */
	fd = path_open_in(root_fd, "etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY);
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
		fd_read_all(fd, PASSWD_MAX, &text, &len) == 0)
		(void)passwd_home(text, len, p->user.uid, &home, &home_len); /* else "/" */
	return home_len > PATH_MAX ? arena_strdup(arena, "HOME=/")
				   : arena_printf(arena, "HOME=%.*s", (int)home_len, home);
}

static char **last_of_each(const struct str_list *env, struct arena *arena);

char **creds_environment(const struct spec_process *p, int root_fd, struct arena *arena)
{
	const char *home = NULL;
	size_t n = 0;
	char **env;

	env = arena_array(arena, char *, p->env.n + 2);
	if (!env)
		return NULL;
	char **last = last_of_each(&p->env, arena);
	if (!last)
		return NULL;
	for (size_t i = 0; i < p->env.n; i++) {
		if (!last[i])
			continue;
		if (str_starts(last[i], "HOME="))
			home = last[i];
		else
			env[n++] = last[i];
	}
	env[n] = home && home[strlen("HOME=")] ? (char *)home : home_entry(p, root_fd, arena);
	return env[n] ? env : NULL;
}

struct variable {
	char *entry;
	size_t name_len, at;
};

/* By name; of one name, the last first. */
static int by_name(const void *one, const void *other)
{
	const struct variable *a = one, *b = other;
	int r = strncmp(a->entry, b->entry, a->name_len < b->name_len ? a->name_len : b->name_len);

	if (r == 0 && a->name_len != b->name_len)
		return a->name_len < b->name_len ? -1 : 1;
	return r != 0 ? r : (a->at < b->at) - (a->at > b->at);
}

/*
 * The entries in their places, without those whose name comes again: getenv(3) finds the first of
 * several, but the last is what the config or `exec --env` means. Sorted, since they may be many.
 */
static char **last_of_each(const struct str_list *env, struct arena *arena)
{
	struct variable *v = arena_array(arena, struct variable, env->n + 1);
	char **last = arena_array(arena, char *, env->n + 1);

	if (!v || !last)
		return NULL;
	for (size_t i = 0; i < env->n; i++)
		v[i] = (struct variable){ env->v[i], strcspn(env->v[i], "="), i };
	qsort(v, env->n, sizeof(*v), by_name);
	for (size_t i = 0; i < env->n; i++)
		last[v[i].at] = i > 0 && v[i].name_len == v[i - 1].name_len &&
						!memcmp(v[i].entry, v[i - 1].entry, v[i].name_len)
					? NULL
					: v[i].entry;
	return last;
}
