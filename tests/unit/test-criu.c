/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-criu.c - what is said to CRIU, byte by byte as the protobuf documentation has it, and what is
 * read of images that anybody may have written.
 */
#include "rows.h"

#include "base/fd.h"
#include "life/criu.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

/* --- writing --- */

static void bytes_are(const struct strbuf *b, const char *want)
{
	struct strbuf got = { 0 };

	assert_false(b->failed);
	for (size_t i = 0; i < b->len; i++)
		strbuf_addf(&got, "%s%02x", i ? " " : "", (unsigned char)b->text[i]);
	assert_words(got.text ? got.text : "", want);
	strbuf_free(&got);
}

/* The examples of protobuf.dev, "Encoding". */
static void test_written(void **state)
{
	struct strbuf b = { 0 }, inner = { 0 };

	(void)state;
	wire_number(&b, 1, 150);
	bytes_are(&b, "08 96 01");
	strbuf_free(&b);
	wire_text(&b, 2, "testing");
	bytes_are(&b, "12 07 74 65 73 74 69 6e 67");
	strbuf_free(&b);
	wire_number(&b, 1, -2);
	bytes_are(&b, "08 fe ff ff ff ff ff ff ff ff 01");
	strbuf_free(&b);
	wire_number(&inner, 1, 150);
	wire_message(&b, 3, &inner);
	bytes_are(&b, "1a 03 08 96 01");
	strbuf_free(&b);
	wire_number(&b, 50, true); /* two bytes of field number */
	bytes_are(&b, "90 03 01");
	strbuf_free(&b);
	strbuf_free(&inner);
	wire_message(&b, 2, &inner);
	bytes_are(&b, "12 00");
	strbuf_free(&b);
}

/* --- reading --- */

struct read_row {
	const char *says;
	const char *bytes;
	size_t len;
	const char *want; /* fields, then "end" or "bad" */
};

#define BYTES(text) text, sizeof(text) - 1

static const struct read_row read_rows[] = {
	{ "nothing is a message", BYTES(""), "end" },
	{ "a number", BYTES("\x08\x96\x01"), "1=150 end" },
	{ "a negative number", BYTES("\x08\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"), "1=-2 end" },
	{ "text and a number behind it", BYTES("\x12\x02hi\x08\x01"), "2='hi' 1=1 end" },
	{ "empty text", BYTES("\x12\x00"), "2='' end" },
	{ "fixed numbers are passed over",
		BYTES("\x09\x01\x02\x03\x04\x05\x06\x07\x08\x15\x01\x02\x03\x04\x08\x07"),
		"1=0 2=0 1=7 end" },
	{ "a key without a value", BYTES("\x08"), "bad" },
	{ "a number without an end", BYTES("\x08\x96"), "bad" },
	{ "a number that goes on for ever",
		BYTES("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), "bad" },
	{ "text longer than the message", BYTES("\x12\x03hi"), "bad" },
	{ "text as long as a number can say",
		BYTES("\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01hi"), "bad" },
	{ "a fixed number cut off", BYTES("\x09\x01\x02"), "bad" },
	{ "a group, which nobody sends", BYTES("\x0b\x0c"), "bad" },
	{ "field number 0", BYTES("\x00\x01"), "bad" },
};

static void test_read(void **state)
{
	const struct read_row *row = *state;
	/* A copy of its own length, so that a sanitizer sees a read behind it. */
	unsigned char *copy = malloc(row->len ? row->len : 1);
	struct strbuf got = { 0 };
	struct wire_field f;
	int r;

	assert_non_null(copy);
	memcpy(copy, row->bytes, row->len);
	struct wire w = { copy, copy + row->len };
	while ((r = wire_next(&w, &f)) > 0) {
		if (f.bytes)
			strbuf_addf(&got, "%u='%.*s' ", f.number, (int)f.len, f.bytes);
		else
			strbuf_addf(&got, "%u=%lld ", f.number, (long long)f.value);
	}
	strbuf_adds(&got, r == 0 ? "end" : "bad");
	assert_words(got.text, row->want);
	strbuf_free(&got);
	free(copy);
}

/* --- images --- */

static int make_directory(char path[32])
{
	strcpy(path, "/tmp/hasu-test.XXXXXX");
	assert_non_null(mkdtemp(path));
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static void remove_directory(int fd, const char *path)
{
	(void)unlinkat(fd, "hasu.json", 0);
	(void)unlinkat(fd, "descriptors.json", 0);
	(void)close(fd);
	assert_int_equal(rmdir(path), 0);
}

static void put_file(int dir_fd, const char *name, const char *text)
{
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
	(void)close(fd);
}

struct image_row {
	const char *says;
	const char *ours, *streams; /* files; NULL: none */
	const char *want;           /* what was read, or the error */
};

#define DAMAGED "hasu.json of the image is damaged: "
#define V1(policy) "{\"version\":1,\"memoryPolicy\":" policy "}"

static const struct image_row image_rows[] = {
	{ "an image of another runtime", NULL, "[\"/dev/null\",\"pipe:[12]\",\"pipe:[13]\"]",
		"- pipe:[12] pipe:[13]" },
	{ "an image without any file of ours", NULL, NULL, "- - -" },
	{ "a policy", V1("{\"mode\":\"MPOL_BIND\",\"nodes\":\"1-2\",\"flags\":[]}"), "[]",
		"bind:1-2 - - -" },
	{ "a policy with flags",
		V1("{\"mode\":\"MPOL_INTERLEAVE\",\"nodes\":\"0,3\","
		   "\"flags\":[\"MPOL_F_STATIC_NODES\"]}"),
		NULL, "interleave=static:0,3 - - -" },
	{ "no policy", "{\"version\":1}", "[\"file[1a:2f]\"]", "file[1a:2f] - -" },
	{ "streams that are no keys are CRIU's own matter", NULL,
		"[\"pipe:[]\",\"pipe:[1]x\",\"file[1:g]\"]", "- - -" },
	{ "a key with a way out of its kind", NULL, "[\"pipe:[1],fd[0]\"]", "- - -" },
	{ "more streams than there are", NULL,
		"[\"pipe:[1]\",\"pipe:[2]\",\"pipe:[3]\",\"pipe:[4]\"]",
		"pipe:[1] pipe:[2] pipe:[3]" },
	{ "half a file", "{\"version\":1,", NULL, DAMAGED "it is not JSON" },
	{ "an empty file", "", NULL, DAMAGED "it is not JSON" },
	{ "something behind the object", "{\"version\":1}x", NULL, DAMAGED "it is not JSON" },
	{ "too deep", "[[[[[[[[[[[[]]]]]]]]]]]]", NULL, DAMAGED "it is not JSON" },
	{ "a list", "[]", NULL, DAMAGED "it is not an object" },
	{ "no version", "{}", NULL, DAMAGED "'version' is not a number from 1" },
	{ "a version that is text", "{\"version\":\"1\"}", NULL,
		DAMAGED "'version' is not a number from 1" },
	{ "a later version", "{\"version\":2}", NULL,
		"hasu.json of the image is of version 2; this is 1" },
	{ "an unknown member", "{\"version\":1,\"run\":\"x\"}", NULL,
		DAMAGED "it has a member that no version of hasu writes" },
	{ "pages that are not there", "{\"version\":1,\"pages\":{\"pages-1.img\":4096}}", NULL,
		"pages-1.img of the image: no such file or directory" },
	{ "pages by another name", "{\"version\":1,\"pages\":{\"../pages-1.img\":1}}", NULL,
		DAMAGED "'pages' has something else than files of pages" },
	{ "pages of a negative length", "{\"version\":1,\"pages\":{\"pages-1.img\":-1}}", NULL,
		DAMAGED "'pages' has something else than files of pages" },
	{ "pages that are a list", "{\"version\":1,\"pages\":[]}", NULL,
		DAMAGED "'pages' is not an object" },
	{ "a policy that is text", V1("\"bind:1\""), NULL, DAMAGED "memoryPolicy: not an object" },
	{ "an unknown mode", V1("{\"mode\":\"MPOL_ALL\"}"), NULL, DAMAGED "memoryPolicy/mode: " },
	{ "nodes that are a number", V1("{\"mode\":\"MPOL_BIND\",\"nodes\":1}"), NULL,
		DAMAGED "memoryPolicy: 'mode' or 'nodes' is not a text" },
	{ "nodes past the end", V1("{\"mode\":\"MPOL_BIND\",\"nodes\":\"0-4294967295\"}"), NULL,
		DAMAGED "memoryPolicy/nodes: " },
	{ "a policy without nodes that needs some", V1("{\"mode\":\"MPOL_BIND\",\"nodes\":\"\"}"),
		NULL, DAMAGED "memoryPolicy/nodes: " },
	{ "flags that exclude each other",
		V1("{\"mode\":\"MPOL_BIND\",\"nodes\":\"0\",\"flags\":[\"MPOL_F_STATIC_NODES\","
		   "\"MPOL_F_RELATIVE_NODES\"]}"),
		NULL, DAMAGED "memoryPolicy/flags: " },
	{ "a socket for notifications", "{\"version\":1,\"notify\":true}", NULL, "- - - notify" },
	{ "none", "{\"version\":1,\"notify\":false}", NULL, "- - -" },
	{ "one that is a number", "{\"version\":1,\"notify\":1}", NULL,
		DAMAGED "'notify' is neither true nor false" },
	{ "flags that are numbers", V1("{\"mode\":\"MPOL_BIND\",\"nodes\":\"0\",\"flags\":[1]}"),
		NULL, DAMAGED "memoryPolicy: 'flags' is not a list of flags" },
	{ "streams that are no list", NULL, "{}",
		"descriptors.json of the image is damaged: it is not a list" },
	{ "streams that are no names", NULL, "[1]",
		"descriptors.json of the image is damaged: it holds something else than names" },
	{ "a name with a NUL byte", NULL, "[\"pipe:[1]\\u0000\"]",
		"descriptors.json of the image is damaged: it holds something else than names" },
};

static void show(struct strbuf *b, const struct criu_image *image)
{
	char text[MPOL_TEXT];

	if (image->has_policy)
		strbuf_addf(b, "%s ", mpol_maps_text(&image->policy, text));
	for (size_t i = 0; i < CRIU_STREAMS; i++)
		strbuf_addf(b, "%s%s", i ? " " : "", image->streams[i] ? image->streams[i] : "-");
	strbuf_adds(b, image->notify ? " notify" : "");
}

static void test_image(void **state)
{
	const struct image_row *row = *state;
	struct arena arena = { 0 };
	struct strbuf got = { 0 };
	struct criu_image image;
	struct err e = { 0 };
	char path[32];
	int fd = make_directory(path);

	if (row->ours)
		put_file(fd, "hasu.json", row->ours);
	if (row->streams)
		put_file(fd, "descriptors.json", row->streams);
	int r = criu_image_read(fd, &arena, &image, &e);
	if (r == 0)
		show(&got, &image);
	else
		strbuf_adds(&got, e.text);
	/* libmpol's own words are its tests' matter: the place alone counts here. */
	if (row->want[strlen(row->want) - 1] == ' ' && got.len > strlen(row->want))
		got.text[strlen(row->want)] = '\0';
	assert_words(got.text, row->want);
	strbuf_free(&got);
	arena_free(&arena);
	remove_directory(fd, path);
}

static void test_what_is_written_is_read(void **state)
{
	struct criu_image image = { .has_policy = true,
		.notify = true,
		.policy = { .mode = MPOL_MODE_BIND, .flags = MPOL_FLAG_RELATIVE_NODES },
		.streams = { NULL, "pipe:[7]", "file[1:ff]" } };
	struct arena arena = { 0 };
	struct strbuf got = { 0 };
	struct criu_image read;
	struct err e = { 0 };
	char path[32];
	int fd = make_directory(path);

	(void)state;
	mpol_nodeset_add(&image.policy.nodes, 3);
	assert_int_equal(criu_image_write(fd, &image, true, &e), 0);
	assert_int_equal(criu_image_write(fd, &image, true, &e), 0); /* over an older one */
	assert_int_equal(criu_image_read(fd, &arena, &read, &e), 0);
	show(&got, &read);
	assert_words(got.text, "bind=relative:3 - pipe:[7] file[1:ff] notify");
	/* A file of pages is remembered by its length. */
	put_file(fd, "pages-1.img", "four");
	assert_int_equal(criu_image_write(fd, &image, true, &e), 0);
	assert_int_equal(criu_image_read(fd, &arena, &read, &e), 0);
	assert_int_equal(unlinkat(fd, "pages-1.img", 0), 0);
	put_file(fd, "pages-1.img", "fou");
	assert_int_equal(criu_image_read(fd, &arena, &read, &e), -EBADMSG);
	assert_words(e.text,
		"pages-1.img of the image is damaged: it has 3 bytes, and had 4 when it "
		"was saved");
	assert_int_equal(unlinkat(fd, "pages-1.img", 0), 0);
	criu_image_remove(fd);
	strbuf_free(&got);
	arena_free(&arena);
	remove_directory(fd, path);
}

static void test_other_files_are_refused(void **state)
{
	struct arena arena = { 0 };
	struct criu_image image;
	struct err e = { 0 };
	char path[32];
	int fd = make_directory(path);

	(void)state;
	/* A FIFO must not stop us, a link must not lead us. */
	assert_int_equal(mkfifoat(fd, "hasu.json", 0600), 0);
	assert_int_equal(criu_image_read(fd, &arena, &image, &e), -EBADMSG);
	assert_words(e.text, DAMAGED "it is not a regular file");
	assert_int_equal(unlinkat(fd, "hasu.json", 0), 0);
	assert_int_equal(symlinkat("/etc/passwd", fd, "hasu.json"), 0);
	assert_int_equal(criu_image_read(fd, &arena, &image, &e), -ELOOP);
	/* And what is written goes into no link's place. */
	image = (struct criu_image){ 0 };
	assert_int_equal(criu_image_write(fd, &image, true, &e), 0);
	struct stat st;
	assert_int_equal(fstatat(fd, "hasu.json", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISREG(st.st_mode));
	arena_free(&arena);
	remove_directory(fd, path);
}

/* So many that whoever looks at each against each other does not come to an end. */
#define MANY 100000

static void test_descent(void **state)
{
	static struct criu_process v[MANY];
	const pid_t init = 4000000;

	(void)state;
	/* Each the child of the one with the next number, the last of them init's. */
	for (int i = 0; i < MANY; i++)
		v[i] = (struct criu_process){ .pid = init - MANY + i,
			.parent = init - MANY + i + 1 };
	assert_int_equal(criu_first_stray(v, MANY, init), 0);
	/* One in the middle is somebody else's. */
	for (int i = 0; i < MANY; i++)
		v[i].kin = CRIU_KIN_UNKNOWN;
	v[MANY / 2].parent = 1;
	assert_int_equal(criu_first_stray(v, MANY, init), init - MANY);
	/* Or has ended, and what comes after it is init's. */
	v[MANY / 2].parent = -1;
	assert_int_equal(criu_first_stray(v, MANY, init), 0);
	/* A ring, as it can look while processes end and their numbers come again. */
	for (int i = 0; i < MANY; i++)
		v[i].kin = CRIU_KIN_UNKNOWN;
	v[MANY / 2].parent = v[0].pid;
	assert_int_equal(criu_first_stray(v, MANY, init), v[0].pid);
	/* init itself is process 1 of this namespace. */
	struct criu_process two[] = { { .pid = 7, .parent = 1 }, { .pid = 1 } };
	assert_int_equal(criu_first_stray(two, 2, 1), 0);
	/* A parent that is not in the list: this very process, whose parent is not init. */
	struct criu_process child = { .pid = 4000000, .parent = getpid() };
	assert_int_equal(criu_first_stray(&child, 1, 4000001), child.pid);
	child.kin = CRIU_KIN_UNKNOWN;
	assert_int_equal(criu_first_stray(&child, 1, getppid()), 0);
}

static void test_stacked_mounts(void **state)
{
	struct spec spec = { 0 };
	struct arena arena = { 0 };
	struct strbuf text = { 0 }, opts = { 0 };
	struct err e = { 0 };
	char path[32];
	int fd = make_directory(path);

	(void)state;
	assert_int_equal(mkdirat(fd, "root", 0700), 0);
	/* The kernel's own limit is as many: each stands on the one in the line below. */
	strbuf_adds(&text, "99 1 0:1 / / rw - tmpfs x rw\n");
	for (int i = MANY; i > 0; i--)
		strbuf_addf(&text, "%d %d 0:1 / /mnt/%d rw - tmpfs x rw\n", 99 + i, 98 + i, i);
	put_file(fd, "mountinfo", text.text);
	if (criu_mounts_dump(&spec, NULL, fd, &arena, &opts, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(opts.len, 0);
	assert_int_equal(unlinkat(fd, "mountinfo", 0), 0);
	assert_int_equal(unlinkat(fd, "root", AT_REMOVEDIR), 0);
	strbuf_free(&text);
	strbuf_free(&opts);
	arena_free(&arena);
	remove_directory(fd, path);
}

int main(void)
{
	const struct CMUnitTest rest[] = {
		cmocka_unit_test(test_written),
		cmocka_unit_test(test_what_is_written_is_read),
		cmocka_unit_test(test_other_files_are_refused),
		cmocka_unit_test(test_descent),
		cmocka_unit_test(test_stacked_mounts),
	};
	int failed = 0;

	failed += ROWS_RUN("read", read_rows, test_read);
	failed += ROWS_RUN("image", image_rows, test_image);
	failed += cmocka_run_group_tests_name("rest", rest, NULL, NULL);
	return failed;
}
