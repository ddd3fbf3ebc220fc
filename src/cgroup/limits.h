/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limits.h - the shape of the table of limits. Private to limits.c, which has the table, and
 * limits_write.c, which carries it out.
 */
#pragma once

#include "cgroup/internal.h"

#define LIMITS_MAX 64 /* rows, at most */
#define AT_RESOURCES "/linux/resources/"

/* The type of a member; it says "not given" by absence, "" or, unless zero is a value, 0: engines
 * written in Go send 0 for what they leave out. */
enum member_kind {
	MEMBER_I64,
	MEMBER_U64,
	MEMBER_TEXT,
	MEMBER_OTHER, /* given() knows */
};

struct limit;
typedef bool limit_given_fn(const struct spec_resources *r);
/*
 * Point *ret at the text, in buf or in r. dir_fd is the cgroup, -1 before there is one. Returns 1;
 * 0 when nothing need be written; or an error with e set.
 */
typedef int limit_text_fn(const struct limit *row, const struct spec_resources *r, int dir_fd,
	char *buf, const char **ret, struct err *e);

/* One version's side: a file and its text, or why there is none. */
struct limit_form {
	const char *file;
	limit_text_fn *text;
	const char *why;
};

struct limit {
	const char *pointer; /* JSON pointer of the member */
	enum member_kind kind;
	size_t offset;         /* in struct spec_resources */
	bool zero_counts;      /* 0 is a value */
	limit_given_fn *given; /* NULL: by kind */
	const char *controller;
	/* The kernel weighs it against another value that may change next: on EINVAL it is tried
	 * again after the others. */
	bool paired;
	/* Without the file, "max", "-1" and "0" change nothing: the kernel has no swap accounting.
	 */
	bool optional;
	struct limit_form v2, v1;
};

extern const struct limit limits[];
extern const size_t n_limits;

/* Has r the row's member, with a value that means something? */
bool limit_given(const struct limit *row, const struct spec_resources *r);
/* "No limit": needs no controller. */
bool limit_unlimited(const struct limit *row, const struct spec_resources *r);
/* The error where a version has no file for it. */
int limit_refused(const struct limit *row, const struct limit_form *form, struct err *e);
