/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec.c - hasu spec: write a config.json to start from. Never writes over one.
 */
#include "cmd/cmd.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define CONFIG "config.json"

int cmd_spec(const struct options *o, struct err *e)
{
	const char *bundle = o->spec_bundle ? o->spec_bundle : ".";

	_cleanup_free_ char *text =
		o->spec_rootless ? spec_rootless_text(geteuid(), getegid()) : spec_default_text();
	if (!text)
		return err_nomem(e);
	_cleanup_close_ int dir = open(bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_set(e, errno, "opening the bundle directory '%s'", bundle);
	_cleanup_close_ int fd = openat(dir, CONFIG, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0 && errno == EEXIST)
		return err_say(e, EEXIST, "File " CONFIG " exists. Remove it first");
	if (fd < 0)
		return err_set(e, errno, "making " CONFIG " in '%s'", bundle);

	int r = fd_write_all(fd, text, strlen(text));
	if (r < 0) {
		(void)unlinkat(dir, CONFIG, 0); /* the write's error is what matters */
		return err_set(e, -r, "writing " CONFIG " in '%s'", bundle);
	}
	return 0;
}
