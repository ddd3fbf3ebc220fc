/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limits_lists.c - the limits that are lists: one line of a file for each block device, network
 * interface or RDMA device, and one file for each size of huge pages. limits.c has the table. Never
 * opens anything but sysfs, to ask which huge pages there are.
 */
#include "base/fd.h"
#include "cgroup/limits.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#define AT AT_RESOURCES

/*
 * Block devices. The kernel knows whole ones only, by their numbers.
 */

static const struct spec_block_device *block_device(
	const struct limit *row, const struct spec_resources *r, size_t i, struct limit_line *ret)
{
	/* The offset is that of the length, with which the list begins. */
	const struct spec_block_devices *list = limit_member(row, r);
	const struct spec_block_device *d = &list->v[i];

	(void)snprintf(ret->device_buf, sizeof(ret->device_buf),
		"whole block device %" PRId64 ":%" PRId64, d->major, d->minor);
	ret->device = ret->device_buf;
	return d;
}

static int put_device(
	const struct spec_block_device *d, const char *key, uint64_t value, struct limit_line *ret)
{
	(void)snprintf(ret->text_buf, sizeof(ret->text_buf), "%" PRId64 ":%" PRId64 " %s%s%" PRIu64,
		d->major, d->minor, key, *key ? "=" : "", value);
	return 1;
}

int line_throttle_v1(const struct limit *row, const struct limit_form *form,
	const struct spec_resources *r, size_t i, struct limit_line *ret, struct err *e)
{
	const struct spec_block_device *d = block_device(row, r, i, ret);

	return put_device(d, "", d->rate.v, ret);
}

/* Of the four keys of a device those that are not written stay. */
int line_throttle_v2(const struct limit *row, const struct limit_form *form,
	const struct spec_resources *r, size_t i, struct limit_line *ret, struct err *e)
{
	const struct spec_block_device *d = block_device(row, r, i, ret);

	if (d->rate.v > 0)
		return put_device(d, form->key, d->rate.v, ret);
	/* 0 ends the limit on v1; v2 would answer ERANGE, and has a word for it. */
	(void)snprintf(ret->text_buf, sizeof(ret->text_buf), "%" PRId64 ":%" PRId64 " %s=max",
		d->major, d->minor, form->key);
	return 1;
}

uint64_t limits_io_weight(uint64_t weight)
{
	return 1 + (weight < 10 ? 0 : weight - 10) * 9999 / 990;
}

static bool any_device(const struct spec_block_devices *list, bool leaf)
{
	for (size_t i = 0; i < list->n; i++)
		if ((leaf ? list->v[i].leaf_weight : list->v[i].weight).v != 0)
			return true;
	return false;
}

bool given_weight_device(const struct spec_resources *r)
{
	return any_device(&r->block_io.weight_device, false);
}

bool given_leaf_device(const struct spec_resources *r)
{
	return any_device(&r->block_io.weight_device, true);
}

int line_weight(const struct limit *row, const struct limit_form *form,
	const struct spec_resources *r, size_t i, struct limit_line *ret, struct err *e)
{
	const struct spec_block_device *d = block_device(row, r, i, ret);

	return d->weight.v == 0 ? 0 : put_device(d, "", d->weight.v, ret);
}

int line_weight_io(const struct limit *row, const struct limit_form *form,
	const struct spec_resources *r, size_t i, struct limit_line *ret, struct err *e)
{
	const struct spec_block_device *d = block_device(row, r, i, ret);

	return d->weight.v == 0 ? 0 : put_device(d, "", limits_io_weight(d->weight.v), ret);
}

int line_leaf_weight(const struct limit *row, const struct limit_form *form,
	const struct spec_resources *r, size_t i, struct limit_line *ret, struct err *e)
{
	const struct spec_block_device *d = block_device(row, r, i, ret);

	return d->leaf_weight.v == 0 ? 0 : put_device(d, "", d->leaf_weight.v, ret);
}

/*
 * Huge pages.
 */

/* "2MB" in KiB; the rules of the spec layer have seen to its form. */
static bool page_kib(const char *size, uint64_t *ret)
{
	const size_t digits = strspn(size, "0123456789");
	const unsigned shift = size[digits] == 'G' ? 20 : size[digits] == 'M' ? 10 : 0;
	char number[24];
	uint64_t v;

	if (digits >= sizeof(number))
		return false;
	memcpy(number, size, digits);
	number[digits] = '\0';
	if (str_to_u64(number, &v) < 0 || v > UINT64_MAX >> shift)
		return false;
	*ret = v << shift;
	return true;
}

/* A size as the kernel writes it in the names of its files. */
static void page_name(uint64_t kib, char *buf, size_t len)
{
	const unsigned shift = kib >= 1 << 20 ? 20 : kib >= 1 << 10 ? 10 : 0;

	(void)snprintf(buf, len, "%" PRIu64 "%cB", kib >> shift, "KMG"[shift / 10]);
}

int line_hugetlb(const struct limit *row, const struct limit_form *form,
	const struct spec_resources *r, size_t i, struct limit_line *ret, struct err *e)
{
	const struct spec_hugepage_limit *limit = &r->hugepage_limits[i];
	char name[32];
	uint64_t kib;

	if (!page_kib(limit->page_size, &kib))
		return err_say(e, EINVAL, "%s/pageSize: there are no pages of %s", ret->pointer,
			limit->page_size);
	page_name(kib, name, sizeof(name));
	(void)snprintf(ret->file_buf, sizeof(ret->file_buf), "hugetlb.%s.%s", name, form->file);
	ret->file = ret->file_buf;
	(void)snprintf(ret->text_buf, sizeof(ret->text_buf), "%" PRIu64, limit->limit);
	return 1;
}

static int page_sizes_error(int dir_fd, size_t i, const char *size, struct err *e)
{
	struct strbuf have = { 0 };
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir)
		(void)fd_close(fd);
	for (const struct dirent *d; dir && (d = readdir(dir));) {
		char name[32];
		unsigned long kib;
		if (sscanf(d->d_name, "hugepages-%lukB", &kib) != 1)
			continue;
		page_name(kib, name, sizeof(name));
		strbuf_addf(&have, "%s%s", have.len ? ", " : "", name);
	}
	if (dir)
		(void)closedir(dir);
	int r = err_say(e, EINVAL,
		AT "hugepageLimits/%zu/pageSize: this host has no huge pages of %s, but of %s", i,
		size, have.text ? have.text : "no size at all");
	strbuf_free(&have);
	return r;
}

int limits_page_sizes(int dir_fd, const struct spec_resources *r, struct err *e)
{
	for (size_t i = 0; i < r->n_hugepage_limits; i++) {
		const char *size = r->hugepage_limits[i].page_size;
		char name[64];
		uint64_t kib = 0;
		bool known = page_kib(size, &kib);

		(void)snprintf(name, sizeof(name), "hugepages-%" PRIu64 "kB", kib);
		if (!known || faccessat(dir_fd, name, F_OK, 0) < 0)
			return page_sizes_error(dir_fd, i, size, e);
	}
	return 0;
}

int check_page_sizes(const struct spec_resources *r, struct err *e)
{
	_cleanup_close_ int fd = open("/sys/kernel/mm/hugepages", O_PATH | O_DIRECTORY | O_CLOEXEC);

	/* Where sysfs cannot be asked, the cgroup's files answer. */
	return fd < 0 && errno != ENOENT ? 0 : limits_page_sizes(fd, r, e);
}

/*
 * RDMA devices and network interfaces: their names are keys of the line, so they may not hold what
 * would end them.
 */

static int check_name(const char *name, size_t max, const char *pointer, struct err *e)
{
	if (*name && strlen(name) <= max && !strpbrk(name, " \t\n\r\v\f"))
		return 0;
	return err_say(e, EINVAL, "%s: '%s' is not the name of a device", pointer, name);
}

int line_rdma(const struct limit *row, const struct limit_form *form,
	const struct spec_resources *r, size_t i, struct limit_line *ret, struct err *e)
{
	const struct spec_rdma *d = &r->rdma[i];
	char handles[40] = "", objects[40] = "";

	(void)snprintf(
		ret->pointer_buf, sizeof(ret->pointer_buf), "%s/%s", row->pointer, d->device);
	int n = check_name(d->device, 63, row->pointer, e); /* IB_DEVICE_NAME_MAX */
	if (n < 0)
		return n;
	if (d->hca_handles.set)
		(void)snprintf(handles, sizeof(handles), " hca_handle=%" PRIu32, d->hca_handles.v);
	if (d->hca_objects.set)
		(void)snprintf(objects, sizeof(objects), " hca_object=%" PRIu32, d->hca_objects.v);
	(void)snprintf(ret->text_buf, sizeof(ret->text_buf), "%s%s%s", d->device, handles, objects);
	(void)snprintf(ret->device_buf, sizeof(ret->device_buf), "RDMA device '%s'", d->device);
	ret->device = ret->device_buf;
	return 1;
}

int line_priority(const struct limit *row, const struct limit_form *form,
	const struct spec_resources *r, size_t i, struct limit_line *ret, struct err *e)
{
	const struct spec_network_priority *p = &r->network_priorities[i];

	int n = check_name(p->name, 15, ret->pointer, e); /* IFNAMSIZ */
	if (n < 0)
		return n;
	(void)snprintf(ret->text_buf, sizeof(ret->text_buf), "%s %" PRIu32, p->name, p->priority);
	(void)snprintf(ret->device_buf, sizeof(ret->device_buf), "network interface '%s'", p->name);
	ret->device = ret->device_buf;
	return 1;
}
