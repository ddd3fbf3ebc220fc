/* SPDX-License-Identifier: Apache-2.0 */
/*
 * criu_image.c - what CRIU does not keep of a container, in files of ours beside its images.
 *
 *	hasu.json	  {"version": 1, "memoryPolicy": {"mode": ..., "nodes": ..., "flags": [...]},
 *			   "pages": {"pages-1.img": BYTES, ...}}
 *	descriptors.json  ["pipe:[7]", "file[1a:2b]", "/dev/null"]: stdin, stdout and stderr, as runc
 *			  and crun write it, so that each can restore what another has dumped
 *
 * Images are copied between machines: what is read here is checked like a config.
 */
#include "base/fd.h"
#include "base/json.h"
#include "base/json_read.h"
#include "life/criu.h"
#include "linux/memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#define OURS "hasu.json"
#define STREAMS "descriptors.json"
#define IMAGE_TEXT_MAX (4u << 20) /* a line for each of a hundred thousand processes */
#define IMAGE_VERSION 1
#define STREAM_MAX 64

static int write_file(int dir_fd, const char *name, const struct strbuf *text, struct err *e)
{
	if (text->failed)
		return err_nomem(e);
	/* Never through a link that is there already. */
	(void)unlinkat(dir_fd, name, 0); /* open reports what stays */
	_cleanup_close_ int fd =
		openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set(e, errno, "writing %s of the image", name);
	int r = fd_write_all(fd, text->text, text->len);
	return r < 0 ? err_set(e, -r, "writing %s of the image", name) : 0;
}

/* "pages-N.img" */
static bool is_pages(const char *name)
{
	const char *number = str_starts(name, "pages-") ? name + 6 : "";
	size_t n = strspn(number, "0123456789");

	return n > 0 && n < 12 && str_eq(number + n, ".img");
}

static void write_pages(struct json_writer *w, int dir_fd)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct stat st;

	jw_object(w, "pages");
	for (struct dirent *d; dir && (d = readdir(dir));)
		if (is_pages(d->d_name) &&
			fstatat(dir_fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			jw_i64(w, d->d_name, st.st_size);
	jw_object_end(w);
	if (dir)
		closedir(dir);
	else
		fd_close(fd);
}

int criu_image_write(int dir_fd, const struct criu_image *image, bool dumped, struct err *e)
{
	struct strbuf ours = { 0 }, streams = { 0 };
	struct json_writer w = { .b = &ours, .saved = true };

	jw_object(&w, NULL);
	jw_u64(&w, "version", IMAGE_VERSION);
	if (image->has_policy)
		memory_write_policy(&w, "memoryPolicy", &image->policy);
	if (image->notify)
		jw_bool(&w, "notify", true);
	if (dumped)
		write_pages(&w, dir_fd);
	jw_object_end(&w);

	w.b = &streams;
	jw_array(&w, NULL);
	for (size_t i = 0; i < CRIU_STREAMS; i++)
		jw_string(&w, NULL, image->streams[i] ? image->streams[i] : "/dev/null");
	jw_array_end(&w);

	int r = write_file(dir_fd, OURS, &ours, e);
	if (r == 0)
		r = write_file(dir_fd, STREAMS, &streams, e);
	strbuf_free(&ours);
	strbuf_free(&streams);
	if (r < 0 && !dumped)
		criu_image_remove(dir_fd);
	return r;
}

void criu_image_remove(int dir_fd)
{
	(void)unlinkat(dir_fd, OURS, 0); /* the images are no use without CRIU's own */
	(void)unlinkat(dir_fd, STREAMS, 0);
}

/* --- reading --- */

static int damaged(struct err *e, const char *name, const char *why)
{
	return err_say(e, EBADMSG, "%s of the image is damaged: %s", name, why);
}

/* *ret NULL: there is none. A FIFO or a device in its place must not stop us. */
static int read_file(
	int dir_fd, const char *name, struct arena *arena, const struct json **ret, struct err *e)
{
	static const struct json_bounds bounds = JSON_BOUNDS_OURS(IMAGE_TEXT_MAX);
	_cleanup_free_ char *text = NULL;
	struct stat st;
	size_t len;

	*ret = NULL;
	_cleanup_close_ int fd =
		openat(dir_fd, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return err_set(e, errno, "reading %s of the image", name);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return damaged(e, name, "it is not a regular file");
	int r = fd_read_all(fd, IMAGE_TEXT_MAX, &text, &len);
	if (r == -EFBIG)
		return damaged(e, name, "it is longer than 4 MiB");
	if (r < 0)
		return err_set(e, -r, "reading %s of the image", name);
	r = json_parse(text, len, &bounds, arena, ret, e);
	return r == -EINVAL ? damaged(e, name, "it is not JSON") : r;
}

static int compare_pages(int dir_fd, const struct json *pages, struct err *e)
{
	if (!json_is(pages, JSON_OBJECT))
		return damaged(e, OURS, "'pages' is not an object");
	json_each(it, pages) {
		const char *name = it->name;
		struct stat st;
		uint64_t size;

		if (!is_pages(name) || !json_u64(it, INT64_MAX, &size))
			return damaged(e, OURS, "'pages' has something else than files of pages");
		if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return err_set(e, errno, "%s of the image", name);
		if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != size)
			return err_say(e, EBADMSG,
				"%s of the image is damaged: it has %lld bytes, and had %lld when "
				"it was saved",
				name, (long long)st.st_size, (long long)size);
	}
	return 0;
}

static int read_ours(int dir_fd, const struct json *o, struct criu_image *ret, struct err *e)
{
	const struct json *v, *policy;
	uint64_t version;
	int r;

	if (!json_is(o, JSON_OBJECT))
		return damaged(e, OURS, "it is not an object");
	json_each(it, o) {
		if (!str_eq(it->name, "version") && !str_eq(it->name, "memoryPolicy") &&
			!str_eq(it->name, "pages") && !str_eq(it->name, "notify"))
			return damaged(e, OURS, "it has a member that no version of hasu writes");
	}
	if (!json_u64(json_get(o, "version"), UINT64_MAX, &version) || version < 1)
		return damaged(e, OURS, "'version' is not a number from 1");
	if (version != IMAGE_VERSION)
		return err_say(e, ENOTSUP,
			OURS " of the image is of version %" PRIu64 "; this is %d", version,
			IMAGE_VERSION);
	if ((v = json_get(o, "notify"))) {
		if (!json_is(v, JSON_BOOL))
			return damaged(e, OURS, "'notify' is neither true nor false");
		ret->notify = v->u;
	}
	if ((v = json_get(o, "pages")) && (r = compare_pages(dir_fd, v, e)) < 0)
		return r;
	policy = json_get(o, "memoryPolicy");
	if (!policy)
		return 0;
	r = memory_policy_from_json(policy, &ret->policy, e);
	if (r < 0)
		return err_prefix(e, OURS " of the image is damaged");
	ret->has_policy = true;
	return 0;
}

/* "pipe:[DECIMAL]" or "file[HEX:HEX]": what CRIU looks a descriptor up by. */
static bool is_key(const char *text)
{
	const bool pipe = str_starts(text, "pipe:[");
	const char *p = text + (pipe ? 6 : 5);

	if (!pipe && !str_starts(text, "file["))
		return false;
	size_t n = strspn(p, pipe ? "0123456789" : "0123456789abcdef");
	if (n == 0)
		return false;
	p += n;
	if (!pipe) {
		if (*p++ != ':' || (n = strspn(p, "0123456789abcdef")) == 0)
			return false;
		p += n;
	}
	return str_eq(p, "]");
}

static int read_streams(const struct json *list, struct criu_image *ret, struct err *e)
{
	size_t i = 0;

	if (!json_is(list, JSON_ARRAY))
		return damaged(e, STREAMS, "it is not a list");
	json_each(it, list) {
		const char *text = json_text(it);

		if (!text)
			return damaged(e, STREAMS, "it holds something else than names");
		/* Others are paths inside, or nothing that could be put back. */
		if (i < CRIU_STREAMS && strlen(text) <= STREAM_MAX && is_key(text))
			ret->streams[i] = it->text;
		i++;
	}
	return 0;
}

int criu_image_read(int dir_fd, struct arena *arena, struct criu_image *ret, struct err *e)
{
	struct criu_image image = { 0 };
	const struct json *o;

	int r = read_file(dir_fd, OURS, arena, &o, e);
	if (r < 0)
		return r;
	if (o)
		r = read_ours(dir_fd, o, &image, e);
	if (r < 0)
		return r;
	r = read_file(dir_fd, STREAMS, arena, &o, e);
	if (r < 0)
		return r;
	if (o)
		r = read_streams(o, &image, e);
	if (r == 0)
		*ret = image;
	return r;
}
