/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fd.h - file descriptors that close themselves, and bounded reads.
 */
#pragma once

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

/* Close fd if it is one, keeping errno. Returns -1, to be assigned back. */
int fd_close(int fd);

static inline void fd_closep(int *fd)
{
	*fd = fd_close(*fd);
}
static inline void freep(void *p)
{
	free(*(void **)p);
}

#define _cleanup_(f) __attribute__((cleanup(f)))
#define _cleanup_close_ _cleanup_(fd_closep)
#define _cleanup_free_ _cleanup_(freep)

/* Hand a resource on: its value moves out, the owner's variable is emptied. */
#define TAKE_FD(fd)                                                                                \
	({                                                                                         \
		int *pfd_ = &(fd);                                                                 \
		int taken_ = *pfd_;                                                                \
		*pfd_ = -1;                                                                        \
		taken_;                                                                            \
	})
#define TAKE_PTR(p)                                                                                \
	({                                                                                         \
		__typeof__(p) *pp_ = &(p);                                                         \
		__typeof__(p) taken_ = *pp_;                                                       \
		*pp_ = NULL;                                                                       \
		taken_;                                                                            \
	})

/* Read fd to its end into a fresh NUL-ended buffer of at most max bytes; more is -EFBIG. */
int fd_read_all(int fd, size_t max, char **ret_text, size_t *ret_len);

/* The same, into an arena. */
int fd_read_arena(int fd, size_t max, struct arena *arena, char **ret_text, size_t *ret_len);

/* /proc/PID/status at its longest: a process may be in 65536 groups, and all are listed there. */
#define PROC_STATUS_MAX ((size_t)1 << 20)

/* Read a small file, path relative to dir_fd, whole. No error text: callers know what it
 * was for. */
int fd_read_file(int dir_fd, const char *path, size_t max, char **ret_text, size_t *ret_len);

/*
 * The same for files that are short, as those of cgroups and of /proc are: what fits into first needs no
 * allocation. All-zero is empty. It points into itself, so it stays where it was read.
 */
struct text {
	char *s; /* NUL-ended; NULL: nothing was read */
	size_t len;
	char *more; /* what did not fit into first, allocated */
	char first[512];
};
int fd_read_text(int dir_fd, const char *path, size_t max, struct text *ret);
static inline void text_free(struct text *t)
{
	free(t->more);
}
#define _cleanup_text_ _cleanup_(text_free)

/* Write all of it, retrying short writes and EINTR. Returns 0 or -errno. */
int fd_write_all(int fd, const void *data, size_t len);

/*
 * Write a file of procfs, sysfs or cgroupfs in one write(2), as the kernel wants it; opened with
 * O_WRONLY | O_CLOEXEC | O_NOFOLLOW. Returns 0 or -errno.
 */
int fd_write_file(int dir_fd, const char *path, const char *text);

/* Is fd on a file system of this magic (PROC_SUPER_MAGIC ...)? A lookalike is a defence
 * breached. */
bool fd_is_fs(int fd, long magic);

/* Mark every descriptor >= from close-on-exec. Returns 0 or -errno. */
int fd_cloexec_from(unsigned from);

/* Close every descriptor >= from but the n of keep, of which -1 is none. Returns 0 or -errno. */
int fd_close_others(unsigned from, const int *keep, size_t n);

/*
 * Connect to, or listen on, a SEQPACKET or STREAM socket at a name below dir_fd of any length.
 * Whoever listens and accepts nobody, or does not read later, makes nobody wait longer than
 * FD_PATIENCE_S: -ETIMEDOUT then, and EAGAIN of what is sent.
 */
#define FD_PATIENCE_S 10
int fd_connect_unix(int dir_fd, const char *name, int type);
int fd_listen_unix(int dir_fd, const char *name, int type);

/* Send one descriptor along with len bytes, at least one. Returns 0 or -errno. */
int fd_send(int sock, int fd, const void *data, size_t len);
/* The same, and how much of data went with it. */
ssize_t fd_send_some(int sock, int fd, const void *data, size_t len);
