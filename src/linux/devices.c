/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devices.c - device nodes and links of the container's /dev. All names resolve within the root, so
 * that a rootfs whose /dev is a link gets them somewhere in itself (CVE-2026-47766).
 */
#include "linux/devices.h"

#include "base/fd.h"
#include "base/path.h"
#include "linux/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define DEFAULT_MODE 0666

const struct spec_device devices_default[] = {
	{ .path = "/dev/null", .type = 'c', .major = 1, .minor = 3 },
	{ .path = "/dev/zero", .type = 'c', .major = 1, .minor = 5 },
	{ .path = "/dev/full", .type = 'c', .major = 1, .minor = 7 },
	{ .path = "/dev/random", .type = 'c', .major = 1, .minor = 8 },
	{ .path = "/dev/urandom", .type = 'c', .major = 1, .minor = 9 },
	{ .path = "/dev/tty", .type = 'c', .major = 5, .minor = 0 },
};
const size_t n_devices_default = ELEMENTS(devices_default);

/* The directory that the last device went into, and most others do. */
struct parent {
	int fd;
	const char *path; /* of that device */
	size_t len;       /* of its directory, with the slash */
};

static const struct spec_device *device_at(const struct rootfs *r, size_t i);
static mode_t device_format(const struct spec_device *d);
static bool is_device(int fd, const struct spec_device *d);
static int open_parent(const struct rootfs *r, struct parent *p, const struct spec_device *d,
	const char **ret_name, struct err *e);
static int make_node(int dir, const char *name, const struct spec_device *d, struct err *e);
static int bind_node(struct rootfs *r, size_t i, int dir, const char *name, struct err *e);
static int make_links(const struct rootfs *r, struct err *e);

int devices_open(struct rootfs *r, struct err *e)
{
	for (size_t i = 0; r->userns && i < r->n_device_fds; i++) {
		const struct spec_device *d = device_at(r, i);
		if (!d || d->type == 'p')
			continue;
		int fd = mount_clone(AT_FDCWD, d->path, 0);
		if (fd < 0)
			return err_set(e, -fd,
				"device '%s': in a user namespace the host's own node is bound, "
				"and it",
				d->path);
		r->device_fds[i] = fd;
		if (!is_device(fd, d))
			return err_say(e, ENODEV,
				"device '%s': in a user namespace the host's own node is bound, "
				"and it is "
				"not device %c %u:%u",
				d->path, d->type, d->major, d->minor);
		int n = mount_set(fd, 0, 0, 0, MS_PRIVATE);
		if (n < 0)
			return err_set(e, -n, "device '%s': setting the propagation of its mount",
				d->path);
	}
	return 0;
}

int devices_make(struct rootfs *r, struct err *e)
{
	struct parent parent = { .fd = -1 };
	int n = 0;

	for (size_t i = 0; i < r->n_device_fds && n == 0; i++) {
		const struct spec_device *d = device_at(r, i);
		const char *name;
		if (!d)
			continue;
		n = open_parent(r, &parent, d, &name, e);
		if (n == 0)
			n = r->device_fds[i] >= 0 ? bind_node(r, i, parent.fd, name, e)
						  : make_node(parent.fd, name, d, e);
		if (n < 0)
			(void)err_prefix(e, "device '%s'", d->path);
	}
	fd_close(parent.fd);
	return n < 0 ? n : make_links(r, e);
}

/* Number i of the default devices and the spec's; NULL where nothing is to be made for it. */
static const struct spec_device *device_at(const struct rootfs *r, size_t i)
{
	const struct spec_linux *l = &r->spec->linux_;

	if (i >= n_devices_default) {
		const struct spec_device *d = &l->devices[i - n_devices_default];
		return str_eq(d->path, "/dev/ptmx") ? NULL
						    : d; /* a link, to the container's devpts */
	}
	for (size_t k = 0; k < l->n_devices; k++) {
		if (str_eq(l->devices[k].path, devices_default[i].path))
			return NULL;
	}
	return &devices_default[i];
}

static mode_t device_format(const struct spec_device *d)
{
	return d->type == 'p' ? S_IFIFO : d->type == 'b' ? S_IFBLK : S_IFCHR;
}

static bool shows_device(const struct stat *st, const struct spec_device *d)
{
	return (st->st_mode & S_IFMT) == device_format(d) &&
	       (d->type == 'p' || st->st_rdev == makedev(d->major, d->minor));
}

static bool is_device(int fd, const struct spec_device *d)
{
	struct stat st;

	return fstat(fd, &st) == 0 && shows_device(&st, d);
}

static int open_parent(const struct rootfs *r, struct parent *p, const struct spec_device *d,
	const char **ret_name, struct err *e)
{
	/* Names that may be none are path_parent_in()'s to refuse. */
	if (p->fd >= 0 && strncmp(d->path, p->path, p->len) == 0 && d->path[p->len] != '.' &&
		d->path[p->len] != '\0' && !strchr(d->path + p->len, '/')) {
		*ret_name = d->path + p->len;
		return 0;
	}
	int fd = path_parent_in(r->fd, d->path, 0755, ret_name, e);
	if (fd < 0)
		return fd;
	fd_close(p->fd);
	*p = (struct parent){ .fd = fd, .path = d->path, .len = (size_t)(*ret_name - d->path) };
	return 0;
}

static int something_else(const struct spec_device *d, struct err *e)
{
	return err_say(e, EEXIST,
		"the rootfs has something else there, which is not device %c %u:%u", d->type,
		d->major, d->minor);
}

static int make_node(int dir, const char *name, const struct spec_device *d, struct err *e)
{
	const mode_t mode = (d->file_mode.set ? d->file_mode.v : DEFAULT_MODE) & 07777;
	const uid_t uid = d->uid.set ? d->uid.v : 0;
	const gid_t gid = d->gid.set ? d->gid.v : 0;
	struct stat st;

	dev_t dev = d->type == 'p' ? 0 : makedev(d->major, d->minor);
	bool made = mknodat(dir, name, device_format(d) | mode, dev) == 0;
	if (!made && errno != EEXIST)
		return err_set(e, errno, "making device %c %u:%u", d->type, d->major, d->minor);

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(e, errno, "reading the new node");
	if (!shows_device(&st, d))
		return something_else(d, e);
	if (!made || (st.st_uid == uid && st.st_gid == gid))
		return 0;

	/* By a descriptor, so that what is looked at is what is changed. */
	_cleanup_close_ int fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, errno, "opening the new node");
	if (!is_device(fd, d))
		return something_else(d, e);
	if (fchownat(fd, "", uid, gid, AT_EMPTY_PATH) < 0)
		return err_set(e, errno, "setting its owner to %u:%u", uid, gid);
	return 0;
}

static int bind_node(struct rootfs *r, size_t i, int dir, const char *name, struct err *e)
{
	if (mknodat(dir, name, S_IFREG, 0) < 0 && errno != EEXIST)
		return err_set(e, errno, "making a mount point for the host's node");
	_cleanup_close_ int at = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	if (at < 0 || fstat(at, &st) < 0)
		return err_set(e, errno, "opening the mount point for the host's node");
	if (S_ISLNK(st.st_mode))
		return err_say(e, ELOOP, "the rootfs has a symbolic link there");
	_cleanup_close_ int fd = TAKE_FD(r->device_fds[i]);
	return mount_place(r, fd, at, device_at(r, i)->path, false, e);
}

/* runtime-spec, "Dev symbolic links": to be there after all mounts; what the image has stays. */
static int make_links(const struct rootfs *r, struct err *e)
{
	static const struct {
		const char *name, *to;
	} links[] = {
		{ "fd", "/proc/self/fd" },
		{ "stdin", "/proc/self/fd/0" },
		{ "stdout", "/proc/self/fd/1" },
		{ "stderr", "/proc/self/fd/2" },
		{ "core", "/proc/kcore" },
		{ "ptmx", "pts/ptmx" },
	};

	_cleanup_close_ int dev = path_mkdir_in(r->fd, "/dev", 0755, e);
	if (dev < 0)
		return dev;
	/* A node here would be the host's multiplexer, not the container's. */
	if (unlinkat(dev, "ptmx", 0) < 0 && errno != ENOENT)
		return err_set(e, errno, "replacing /dev/ptmx in the rootfs");
	for (size_t i = 0; i < ELEMENTS(links); i++) {
		if (str_eq(links[i].name, "core") && access("/proc/kcore", F_OK) < 0)
			continue; /* a kernel without it */
		if (symlinkat(links[i].to, dev, links[i].name) < 0 && errno != EEXIST)
			return err_set(e, errno, "linking /dev/%s to %s in the rootfs",
				links[i].name, links[i].to);
	}
	return 0;
}

bool devices_is_null(int fd)
{
	return is_device(fd, &devices_default[0]);
}

int devices_exchange_null(const struct rootfs *r, struct err *e)
{
	_cleanup_close_ int null = -1;

	for (int fd = 0; fd <= 2; fd++) {
		if (!devices_is_null(fd))
			continue;
		if (null < 0) {
			/* Not blocking on whatever the spec may have put there instead. */
			null = path_open_in(r->fd, "/dev/null", O_RDWR | O_NOCTTY | O_NONBLOCK);
			if (null < 0)
				return err_set(e, -null, "opening the container's /dev/null");
			if (!devices_is_null(null))
				return err_say(e, ENODEV,
					"the container's /dev/null is not the null device "
					"(character device 1:3)");
			(void)fcntl(null, F_SETFL, O_RDWR); /* no use of it waits anyway */
		}
		if (dup2(null, fd) < 0)
			return err_set(e, errno, "exchanging /dev/null on descriptor %d", fd);
	}
	return 0;
}
