/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fd.c - reads and writes that are bounded and whole.
 */
#include "base/fd.h"

#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/vfs.h>

int fd_close(int fd)
{
	if (fd >= 0) {
		int saved = errno;
		(void)close(fd); /* Linux frees the descriptor whatever close says */
		errno = saved;
	}
	return -1;
}

/* A regular file of a disk says its size; others are read to see how long they are. */
static size_t bigger_than(size_t size, int fd)
{
	struct stat st;
	const bool known = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0;

	return known && (uint64_t)st.st_size + 2 > size ? (size_t)st.st_size + 2 : size * 2;
}

/* Into first, NUL-ended; *ret_more is allocated and has the whole text where that is too short. */
static int read_whole(
	int fd, size_t max, char *first, size_t size, char **ret_more, size_t *ret_len)
{
	_cleanup_free_ char *more = NULL;
	char *text = first;
	size_t len = 0;

	for (;;) {
		ssize_t got = read(fd, text + len, size - len - 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		len += (size_t)got;
		if (len > max)
			return -EFBIG;
		if (len + 1 < size)
			continue;
		size_t room = bigger_than(size, fd);
		if (room > max + 2)
			room = max + 2;
		char *moved = realloc(more, room);
		if (!moved)
			return -ENOMEM;
		if (!more)
			memcpy(moved, first, len);
		text = more = moved;
		size = room;
	}
	text[len] = '\0';
	*ret_more = TAKE_PTR(more);
	*ret_len = len;
	return 0;
}

int fd_read_arena(int fd, size_t max, struct arena *arena, char **ret_text, size_t *ret_len)
{
	_cleanup_free_ char *more = NULL;
	char first[4096];

	int r = read_whole(fd, max, first, sizeof(first), &more, ret_len);
	if (r < 0)
		return r;
	*ret_text = arena_strndup(arena, more ? more : first, *ret_len);
	return *ret_text ? 0 : -ENOMEM;
}

int fd_read_all(int fd, size_t max, char **ret_text, size_t *ret_len)
{
	/* Holds most files whole: then what is allocated is as long as they are. */
	char first[4096], *text;
	size_t len;

	int r = read_whole(fd, max, first, sizeof(first), &text, &len);
	if (r < 0)
		return r;
	if (!text) {
		text = malloc(len + 1);
		if (!text)
			return -ENOMEM;
		memcpy(text, first, len + 1);
	}
	*ret_text = text;
	if (ret_len)
		*ret_len = len;
	return 0;
}

int fd_read_file(int dir_fd, const char *path, size_t max, char **ret_text, size_t *ret_len)
{
	_cleanup_close_ int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return fd_read_all(fd, max, ret_text, ret_len);
}

int fd_read_text(int dir_fd, const char *path, size_t max, struct text *ret)
{
	_cleanup_close_ int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int r = read_whole(fd, max, ret->first, sizeof(ret->first), &ret->more, &ret->len);
	if (r == 0)
		ret->s = ret->more ? ret->more : ret->first;
	return r;
}

int fd_write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = write(fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int fd_write_file(int dir_fd, const char *path, const char *text)
{
	_cleanup_close_ int fd = openat(dir_fd, path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	ssize_t n = write(fd, text, strlen(text));
	return n < 0 ? -errno : 0;
}

bool fd_is_fs(int fd, long magic)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && (long)fs.f_type == magic;
}

int fd_cloexec_from(unsigned from)
{
	if (close_range(from, ~0u, CLOSE_RANGE_CLOEXEC) < 0)
		return -errno;
	return 0;
}

int fd_close_others(unsigned from, const int *keep, size_t n)
{
	for (;;) {
		unsigned next = ~0u; /* the lowest to be kept from here on */
		for (size_t i = 0; i < n; i++)
			if (keep[i] >= 0 && (unsigned)keep[i] >= from && (unsigned)keep[i] < next)
				next = (unsigned)keep[i];
		if (next > from && close_range(from, next == ~0u ? next : next - 1, 0) < 0)
			return -errno;
		if (next == ~0u)
			return 0;
		from = next + 1;
	}
}

/* sun_path has 108 bytes, a state directory any length: go through the directory's descriptor. */
static int unix_address(int dir_fd, const char *name, struct sockaddr_un *ret)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int n;

	if (dir_fd == AT_FDCWD || name[0] == '/')
		n = snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", name);
	else
		n = snprintf(
			addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d/%s", dir_fd, name);
	if (n < 0 || (size_t)n >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	*ret = addr;
	return 0;
}

/* connect(2) waits where the queue of who listens is full, and signals may be held meanwhile. */
static int connect_in_time(int fd, const struct sockaddr_un *addr, bool waits)
{
	const struct timeval patience = { .tv_sec = FD_PATIENCE_S };

	if (waits && setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) == 0)
		return 0;
	return errno == EAGAIN && waits ? -ETIMEDOUT : -errno;
}

int fd_connect_unix(int dir_fd, const char *name, int type)
{
	struct sockaddr_un addr;
	int r = unix_address(dir_fd, name, &addr);

	/* An absolute path too long for an address is reached through its own descriptor. */
	_cleanup_close_ int via = -1;
	if (r == -ENAMETOOLONG && name[0] == '/') {
		via = open(name, O_PATH | O_CLOEXEC);
		if (via < 0)
			return -errno;
		addr.sun_family = AF_UNIX;
		path_of_fd(via, addr.sun_path);
		r = 0;
	}
	if (r < 0)
		return r;

	_cleanup_close_ int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	r = connect_in_time(fd, &addr, !(type & SOCK_NONBLOCK));
	return r < 0 ? r : TAKE_FD(fd);
}

int fd_listen_unix(int dir_fd, const char *name, int type)
{
	struct sockaddr_un addr;
	int r = unix_address(dir_fd, name, &addr);
	if (r < 0)
		return r;

	_cleanup_close_ int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return -errno;
	if (listen(fd, 16) < 0)
		return -errno;
	return TAKE_FD(fd);
}

ssize_t fd_send_some(int sock, int fd, const void *data, size_t len)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec iov = { .iov_base = (void *)data, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(int));
	for (;;) {
		ssize_t n = sendmsg(sock, &msg, MSG_NOSIGNAL);
		if (n >= 0)
			return n;
		if (errno != EINTR)
			return -errno;
	}
}

int fd_send(int sock, int fd, const void *data, size_t len)
{
	ssize_t n = fd_send_some(sock, fd, data, len);

	return n < 0 ? (int)n : 0;
}
