/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lsm.c - AppArmor and SELinux labels.
 *
 * What cannot be given is an error: never a process without the label that was asked for.
 */
#include "linux/lsm.h"

#include "base/fd.h"
#include "base/str.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>

#define ENABLED_MAX 16

static int open_file(int attr_fd, const char *name, const char *pointer, struct err *e);

int lsm_check(int sys_fd, const struct spec_process *p, struct err *e)
{
	_cleanup_free_ char *text = NULL;
	size_t len;

	if (!str_empty(p->apparmor_profile) &&
		(fd_read_file(sys_fd, "module/apparmor/parameters/enabled", ENABLED_MAX, &text,
			 &len) < 0 ||
			text[0] != 'Y'))
		return err_say(e, ENOTSUP,
			"/process/apparmorProfile: '%s' cannot be applied: AppArmor is not enabled "
			"on this host",
			p->apparmor_profile);
	if (!str_empty(p->selinux_label) && faccessat(sys_fd, "fs/selinux/enforce", F_OK, 0) < 0)
		return err_say(e, ENOTSUP,
			"/process/selinuxLabel: '%s' cannot be applied: SELinux is not enabled on "
			"this host",
			p->selinux_label);
	return 0;
}

int lsm_open(int attr_fd, const struct spec_process *p, struct lsm *ret, struct err *e)
{
	_cleanup_(lsm_close) struct lsm lsm = LSM_NONE;

	if (!str_empty(p->apparmor_profile)) {
		/* Its own directory since Linux 5.8; without, the file belongs to the module that
		 * is alone or first. */
		lsm.apparmor_fd =
			open_file(attr_fd, "apparmor/exec", "/process/apparmorProfile", NULL);
		if (lsm.apparmor_fd == -ENOENT)
			lsm.apparmor_fd = open_file(attr_fd, "exec", "/process/apparmorProfile", e);
		else if (lsm.apparmor_fd < 0)
			(void)err_set(e, -lsm.apparmor_fd,
				"/process/apparmorProfile: opening attr/apparmor/exec");
		if (lsm.apparmor_fd < 0)
			return lsm.apparmor_fd;
	}
	if (!str_empty(p->selinux_label)) {
		lsm.selinux_fd = open_file(attr_fd, "exec", "/process/selinuxLabel", e);
		if (lsm.selinux_fd < 0)
			return lsm.selinux_fd;
		lsm.keys_fd = open_file(attr_fd, "keycreate", "/process/selinuxLabel", e);
		if (lsm.keys_fd < 0)
			return lsm.keys_fd;
	}
	*ret = lsm;
	lsm = (struct lsm)LSM_NONE;
	return 0;
}

int lsm_open_self(int proc_fd, const struct spec_process *p, struct lsm *ret, struct err *e)
{
	/* "self" is an ordinary link, to a number in the same directory. */
	const struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
	};

	if (str_empty(p->apparmor_profile) && str_empty(p->selinux_label)) {
		*ret = (struct lsm)LSM_NONE;
		return 0;
	}
	_cleanup_close_ int attr_fd = sys_openat2(proc_fd, "self/attr", &how);
	if (attr_fd < 0)
		return err_set(e, -attr_fd, "opening /proc/self/attr");
	return lsm_open(attr_fd, p, ret, e);
}

static int open_file(int attr_fd, const char *name, const char *pointer, struct err *e)
{
	const struct open_how how = {
		.flags = O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS |
			   RESOLVE_NO_XDEV,
	};
	int fd = sys_openat2(attr_fd, name, &how);

	return fd < 0 ? err_set(e, -fd, "%s: opening attr/%s", pointer, name) : fd;
}

/* The kernel takes a label in one write(2). */
static int write_label(int fd, const char *text, size_t len)
{
	ssize_t n = write(fd, text, len);

	return n < 0 ? -errno : (size_t)n == len ? 0 : -EIO;
}

static int unknown_label(const char *label, struct err *e)
{
	return err_set(e, EINVAL, "/process/selinuxLabel: the loaded policy knows no '%s'", label);
}

int lsm_label_exec(const struct lsm *lsm, const struct spec_process *p, struct err *e)
{
	_cleanup_(strbuf_free) struct strbuf text = { 0 };
	int r;

	if (lsm->apparmor_fd >= 0) {
		strbuf_addf(&text, "exec %s", p->apparmor_profile);
		if (text.failed)
			return err_nomem(e);
		r = write_label(lsm->apparmor_fd, text.text, text.len);
		if (r == -ENOENT)
			return err_set(e, ENOENT,
				"/process/apparmorProfile: no profile '%s' is loaded",
				p->apparmor_profile);
		if (r < 0)
			return err_set(e, -r, "/process/apparmorProfile: asking for '%s'",
				p->apparmor_profile);
	}
	if (lsm->selinux_fd >= 0) {
		r = write_label(lsm->selinux_fd, p->selinux_label, strlen(p->selinux_label));
		if (r == -EINVAL)
			return unknown_label(p->selinux_label, e);
		if (r < 0)
			return err_set(
				e, -r, "/process/selinuxLabel: asking for '%s'", p->selinux_label);
	}
	return 0;
}

int lsm_label_keys(const struct lsm *lsm, const char *label, struct err *e)
{
	if (lsm->keys_fd < 0)
		return 0;
	/* An empty line takes it back. */
	int r = label ? write_label(lsm->keys_fd, label, strlen(label))
		      : write_label(lsm->keys_fd, "\n", 1);
	if (r == -EINVAL && label)
		return unknown_label(label, e);
	if (r < 0)
		return err_set(
			e, -r, "/process/selinuxLabel: labelling keys '%s'", label ? label : "");
	return 0;
}

void lsm_close(struct lsm *lsm)
{
	lsm->apparmor_fd = fd_close(lsm->apparmor_fd);
	lsm->selinux_fd = fd_close(lsm->selinux_fd);
	lsm->keys_fd = fd_close(lsm->keys_fd);
}
