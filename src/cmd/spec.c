/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec.c - hasu spec: write a config.json to start from. Never writes over one.
 */
#include "cmd/cmd.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <unistd.h>

static bool has_cgroup2(void);

int cmd_spec(const struct options *o, struct err *e)
{
	const char *bundle = o->spec_bundle ? o->spec_bundle : ".";
	const char *name = o->spec_file ? o->spec_file : "config.json";

	_cleanup_free_ char *text =
		o->spec_rootless ? spec_rootless_text(has_cgroup2(), geteuid(), getegid())
				 : spec_default_text(has_cgroup2());
	if (!text)
		return err_nomem(e);
	if (str_eq(name, "-")) {
		struct strbuf b = { 0 };
		strbuf_adds(&b, text);
		return print_out(&b, e);
	}
	_cleanup_close_ int dir = open(bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_set(e, errno, "opening the bundle directory '%s'", bundle);
	_cleanup_close_ int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0 && errno == EEXIST)
		return err_say(e, EEXIST, "File %s exists. Remove it first", name);
	if (fd < 0)
		return err_set(e, errno, "making '%s' in '%s'", name, bundle);

	int r = fd_write_all(fd, text, strlen(text));
	if (r < 0) {
		(void)unlinkat(dir, name, 0); /* the write's error is what matters */
		return err_set(e, -r, "writing '%s' in '%s'", name, bundle);
	}
	return 0;
}

/*
 * As engines have it: with cgroup v1 programs compare /proc/self/cgroup with what is mounted below
 * /sys/fs/cgroup, both as the host sees them; with v2 alone a container has its own view.
 */
static bool has_cgroup2(void)
{
	_cleanup_close_ int fd = open("/sys/fs/cgroup", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd >= 0 && fd_is_fs(fd, CGROUP2_SUPER_MAGIC);
}
