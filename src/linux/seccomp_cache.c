/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp_cache.c - one file per filter: a header, all that the filter was made of, the program.
 *
 * The file's name is a hash of the second, which finds a candidate and decides nothing. What is
 * read is our own user's file, or it is not read; the kernel checks the program as it does any
 * other.
 */
#include "linux/seccomp_cache.h"

#include "base/fd.h"
#include "base/str.h"
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* To be raised when seccomp.c makes another program of the same profile. */
#define FORMAT "3"
#define FILES_MAX 64
#define KEY_MAX (1u << 20)
#define NAME_TEXT 24

struct header {
	char magic[8];
	uint32_t key_len; /* bytes */
	uint32_t n_insns;
	uint64_t sum; /* of the program: a file system that lost power may give zeros for it */
};
static const char magic[8] = "hasubpf";

static uint64_t fnv(const void *data, size_t len)
{
	const unsigned char *p = data;
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 0x100000001b3u;
	return h;
}

static void add_number(struct strbuf *b, uint64_t n)
{
	strbuf_add(b, (const char *)&n, sizeof(n));
}

/* With its NUL, so that no two lists give the same bytes. */
static void add_names(struct strbuf *b, const struct str_list *names)
{
	add_number(b, names->n);
	for (size_t i = 0; i < names->n; i++)
		strbuf_add(b, names->v[i], strlen(names->v[i]) + 1);
}

/* All that seccomp.c looks at when it makes the program. */
static void add_key(struct strbuf *b, const struct spec_seccomp *s)
{
	const struct scmp_version *v = seccomp_version();

	strbuf_adds(b, HASU_VERSION "/" FORMAT);
	add_number(b, v ? v->major : 0);
	add_number(b, v ? v->minor : 0);
	add_number(b, v ? v->micro : 0);
	add_number(b, seccomp_api_get()); /* what libseccomp found the kernel able to do */
	add_number(b, seccomp_arch_native());
	add_number(b, s->default_action);
	add_names(b, &s->architectures);
	add_number(b, s->n_rules);
	for (size_t i = 0; i < s->n_rules; i++) {
		const struct spec_seccomp_rule *rule = &s->rules[i];

		add_number(b, rule->action);
		add_names(b, &rule->names);
		add_number(b, rule->n_args);
		for (size_t k = 0; k < rule->n_args; k++) {
			add_number(b, rule->args[k].index);
			add_number(b, (uint64_t)rule->args[k].op);
			add_number(b, rule->args[k].value);
			add_number(b, rule->args[k].value_two);
		}
	}
	b->failed |= b->len > KEY_MAX;
}

static void name_of(const struct strbuf *key, char ret[NAME_TEXT])
{
	(void)snprintf(ret, NAME_TEXT, "%016llx", (unsigned long long)fnv(key->text, key->len));
}

/* Nobody else may have had a hand in it. */
static bool is_ours(int fd, mode_t type, struct stat *st)
{
	return fstat(fd, st) == 0 && (st->st_mode & S_IFMT) == type && st->st_uid == geteuid() &&
	       !(st->st_mode & 022);
}

/* The program in this file, if it is whole and that of this key; else NULL. */
static struct sock_filter *take(
	const char *text, size_t len, const struct strbuf *key, size_t *ret_n)
{
	struct header h;
	size_t size;

	if (len < sizeof(h))
		return NULL;
	memcpy(&h, text, sizeof(h));
	size = h.n_insns * sizeof(struct sock_filter);
	if (memcmp(h.magic, magic, sizeof(magic)) || h.key_len != key->len || h.n_insns == 0 ||
		h.n_insns > BPF_MAXINSNS || len != sizeof(h) + key->len + size ||
		memcmp(text + sizeof(h), key->text, key->len))
		return NULL;
	text += sizeof(h) + key->len;
	if (fnv(text, size) != h.sum)
		return NULL;
	struct sock_filter *insns = malloc(size);
	if (insns) {
		memcpy(insns, text, size);
		*ret_n = h.n_insns;
	}
	return insns;
}

int seccomp_cache_find(
	int dir_fd, const struct spec_seccomp *s, struct sock_filter **ret, size_t *ret_n)
{
	char room[8192];
	_cleanup_(strbuf_free) struct strbuf key = STRBUF_IN(room);
	_cleanup_free_ char *text = NULL;
	char name[NAME_TEXT];
	struct stat st;
	size_t len;

	add_key(&key, s);
	if (key.failed || !is_ours(dir_fd, S_IFDIR, &st))
		return -ENOENT;
	name_of(&key, name);
	_cleanup_close_ int fd =
		openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || !is_ours(fd, S_IFREG, &st) ||
		fd_read_all(fd,
			sizeof(struct header) + key.len + BPF_MAXINSNS * sizeof(struct sock_filter),
			&text, &len) < 0)
		return -ENOENT;
	struct sock_filter *insns = take(text, len, &key, ret_n);
	if (!insns)
		return -ENOENT;
	*ret = insns;
	return 0;
}

/* Where there are many, all go: whose profiles are still wanted comes back by being used. */
static void make_room(int dir_fd)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	size_t n = 0;

	if (!dir) {
		fd_close(fd);
		return;
	}
	while (readdir(dir))
		n++;
	if (n > FILES_MAX) {
		rewinddir(dir);
		for (struct dirent *d; (d = readdir(dir));)
			(void)unlinkat(dir_fd, d->d_name, 0); /* "." and ".." refuse */
	}
	(void)closedir(dir);
}

void seccomp_cache_keep(
	int dir_fd, const struct spec_seccomp *s, const struct sock_filter *insns, size_t n)
{
	_cleanup_(strbuf_free) struct strbuf b = { 0 };
	_cleanup_(strbuf_free) struct strbuf key = { 0 };
	char name[NAME_TEXT], temporary[2 * NAME_TEXT];
	struct stat st;

	add_key(&key, s);
	if (key.failed || !is_ours(dir_fd, S_IFDIR, &st))
		return;
	struct header h = { .key_len = (uint32_t)key.len,
		.n_insns = (uint32_t)n,
		.sum = fnv(insns, n * sizeof(*insns)) };
	memcpy(h.magic, magic, sizeof(magic));
	strbuf_add(&b, (const char *)&h, sizeof(h));
	strbuf_add(&b, key.text, key.len);
	strbuf_add(&b, (const char *)insns, n * sizeof(*insns));
	if (b.failed)
		return;

	make_room(dir_fd);
	name_of(&key, name);
	/* Whole or not at all: others may be reading it. */
	(void)snprintf(temporary, sizeof(temporary), ".%s.%d", name, getpid());
	_cleanup_close_ int fd = openat(
		dir_fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	if (fd_write_all(fd, b.text, b.len) < 0 || renameat(dir_fd, temporary, dir_fd, name) < 0)
		(void)unlinkat(dir_fd, temporary, 0); /* the next one will do without */
}
