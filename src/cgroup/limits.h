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
	MEMBER_U32,
	MEMBER_TEXT,
	MEMBER_LIST,  /* the offset is that of its length: each element is a line of its own */
	MEMBER_OTHER, /* given() knows */
};

/* What is written: a text to a file. The strings lie in the row, in the resources or in here. */
struct limit_line {
	const char *pointer, *file, *text;
	const char *device; /* what ENODEV speaks of: "block device 8:0"; NULL: nothing */
	char pointer_buf[160], file_buf[64], text_buf[LIMIT_TEXT], device_buf[96];
};

struct limit;
struct limit_form;
typedef bool limit_given_fn(const struct spec_resources *r);
/*
 * Point *ret at the text, in buf or in r. dir_fd is the cgroup, -1 before there is one. Returns 1;
 * 0 when nothing need be written; or an error with e set.
 */
typedef int limit_text_fn(const struct limit *row, const struct spec_resources *r, int dir_fd,
	char *buf, const char **ret, struct err *e);
/* The same for element i of a list; the pointer and file are set, and can be made more exact. */
typedef int limit_line_fn(const struct limit *row, const struct limit_form *form,
	const struct spec_resources *r, size_t i, struct limit_line *ret, struct err *e);
/* Has this host what the list names? In words if not. */
typedef int limit_check_fn(const struct spec_resources *r, struct err *e);

/* One version's side: a file and its text, or why there is none. */
struct limit_form {
	const char *file;
	limit_text_fn *text;
	limit_line_fn *line; /* of a list, in the place of text */
	const char *key;     /* for line */
	const char *why;
	const char *lacking;            /* the reason why a kernel has no such file */
	const struct limit_form *other; /* where it has not, this is tried */
};

struct limit {
	const char *pointer; /* JSON pointer of the member */
	enum member_kind kind;
	size_t offset;                          /* in struct spec_resources */
	bool zero_counts;                       /* 0 is a value */
	limit_given_fn *given;                  /* NULL: by kind */
	limit_check_fn *check;                  /* may be NULL */
	const char *controller, *v1_controller; /* v1_controller NULL: it is called the same */
	bool v1_alone;                          /* v2 has no such controller */
	/* The kernel weighs it against another value that may change next: on EINVAL it is tried
	 * again after the others. */
	bool paired;
	/* Without the file, "max", "-1" and "0" change nothing: the kernel has no swap
	 * accounting. */
	bool optional;
	bool extra; /* another row says the same: without the file nothing is lost */
	struct limit_form v2, v1;
};

extern const struct limit limits[];
extern const size_t n_limits;

/* Has r the row's member, with a value that means something? */
bool limit_given(const struct limit *row, const struct spec_resources *r);
/* How many lines it has then. */
size_t limit_lines(const struct limit *row, const struct spec_resources *r);
/* Line i of the row in this form. Returns as limit_text_fn does. */
int limit_line(const struct limit *row, const struct limit_form *form,
	const struct spec_resources *r, size_t i, int dir_fd, struct limit_line *ret,
	struct err *e);
/* The row's member of r. */
const void *limit_member(const struct limit *row, const struct spec_resources *r);
/* "No limit": needs no controller. */
bool limit_unlimited(const struct limit *row, const struct spec_resources *r);
/* The error where a version has no file for it. */
int limit_refused(const struct limit *row, const struct limit_form *form, struct err *e);

/*
 * limits_lists.c: the lists.
 */
extern limit_line_fn line_throttle_v1, line_throttle_v2, line_weight, line_weight_io,
	line_leaf_weight, line_hugetlb, line_rdma, line_priority;
extern limit_given_fn given_weight_device, given_leaf_device;
extern limit_check_fn check_page_sizes;
/* A weight of 10 to 1000 as one of 1 to 10000. */
uint64_t limits_io_weight(uint64_t weight);
