/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-rootfs.c - a whole container's tree, and rootfs images that mean harm. As root only.
 */
#include "box.h"

/* ------------------------------------------------------------------ the usual container */

/* stdin is the host's /dev/null, as an engine gives it. */
static void stdin_is_null(struct box *box)
{
	struct stat host, in;
	int fd = open("/dev/null", O_RDONLY);

	CHECK(fd >= 0 && dup2(fd, 0) == 0 && close(fd) == 0);
	CHECK(stat("/dev/null", &host) == 0 && fstat(0, &in) == 0 && host.st_dev == in.st_dev);
}

static void usual_inside(struct box *box)
{
	struct stat null, in;

	CHECK(stat("/dev/null", &null) == 0 && fstat(0, &in) == 0 && null.st_dev == in.st_dev);
	CHECK(null.st_ino == in.st_ino && !(fcntl(0, F_GETFL) & O_NONBLOCK));
	struct stat root, proc;

	CHECK(getcwd((char[PATH_MAX]){ 0 }, PATH_MAX));
	CHECK(stat("/", &root) == 0 && stat("/proc/1/root", &proc) == 0 &&
		root.st_ino == proc.st_ino);
	CHECK(!exists("/bundle") && !exists(CANARY));
	CHECK(mount_is("/proc", "proc") && mount_is("/sys", "sysfs") && mount_is("/dev", "tmpfs"));
	CHECK(mount_is("/dev/pts", "devpts") && mount_is("/dev/mqueue", "mqueue"));
	CHECK(mount_has("/sys", "ro") && mount_has("/sys", "nosuid") &&
		mount_has("/sys", "noexec"));
	CHECK(mount_has("/dev/shm", "nodev") && mount_has("/dev/shm", "rw"));
	CHECK((mode_of("/dev/shm") & 07777) == 01777 && (mode_of("/dev") & 07777) == 0755);
	CHECK(mount_has("/", "ro") && open("/etc/x", O_CREAT | O_WRONLY, 0600) < 0 &&
		errno == EROFS);

	CHECK(is_char("/dev/null", 1, 3) && is_char("/dev/zero", 1, 5) &&
		is_char("/dev/full", 1, 7));
	CHECK(is_char("/dev/random", 1, 8) && is_char("/dev/urandom", 1, 9) &&
		is_char("/dev/tty", 5, 0));
	CHECK((mode_of("/dev/null") & 07777) == 0666);
	CHECK(links_to("/dev/fd", "/proc/self/fd") && links_to("/dev/stdin", "/proc/self/fd/0"));
	CHECK(links_to("/dev/stdout", "/proc/self/fd/1") &&
		links_to("/dev/stderr", "/proc/self/fd/2"));
	CHECK(links_to("/dev/ptmx", "pts/ptmx"));

	/* The terminal: a pty of this devpts, the very one on /dev/console. */
	struct stat slave, console;
	CHECK(fstat(box->slave, &slave) == 0 && stat("/dev/console", &console) == 0);
	CHECK(slave.st_rdev == console.st_rdev && slave.st_ino == console.st_ino);
	CHECK(slave.st_dev == console.st_dev && mount_is("/dev/console", "devpts"));
	CHECK(fcntl(box->slave, F_GETFD) == FD_CLOEXEC &&
		fcntl(box->master, F_GETFD) == FD_CLOEXEC);
	CHECK(write(box->slave, "x", 1) == 1);
	char c = 0;
	CHECK(read(box->master, &c, 1) == 1 && c == 'x');

	/* Covers. */
	struct stat a, b;
	CHECK(is_char("/proc/vmstat", 1, 3) && is_char("/proc/zoneinfo", 1, 3));
	CHECK(mount_is("/proc/driver", "tmpfs") && mount_has("/proc/driver", "ro"));
	CHECK(stat("/proc/driver", &a) == 0 && stat("/sys/firmware", &b) == 0 &&
		a.st_dev == b.st_dev);
	CHECK(mount_is("/sys/firmware", "tmpfs") && mount_has("/sys/firmware", "ro"));
	CHECK(run("test -z \"$(busybox ls /sys/firmware)\"") == 0);
	CHECK(mount_has("/proc/sys", "ro") && !mount_has("/proc", "ro"));
	CHECK(open("/proc/sys/kernel/hostname", O_WRONLY) < 0 && errno == EROFS);
	CHECK((mode_of("/work/here") & 07777) == 0755 && S_ISDIR(mode_of("/work/here")));

	/* Nothing of the host's is left open or mounted. */
	_cleanup_free_ char *text = mountinfo();
	CHECK(!strstr(text, BASE "/bundle") && !strstr(text, "shared:"));
	CHECK(run("/bin/busybox test -x /bin/busybox") == 0);
}

static void the_usual_container(void **state)
{
	struct box box = {
		.inside = usual_inside, .mounted = stdin_is_null, .terminal = true, .umask = 077
	};
	struct spec_linux *l = &box.spec.linux_;

	(void)state;
	add_usual(&box);
	box.spec.root.readonly = true;
	box.spec.has_process = true;
	box.spec.process.cwd = "/work/here";
	l->masked_paths = words(&box, "/proc/vmstat /proc/driver /proc/zoneinfo /sys/firmware "
				      "/nonexistent /proc/uptime/x");
	l->readonly_paths = words(&box, "/proc/bus /proc/fs /proc/irq /proc/sys /nonexistent");
	in_host(&box, NULL);
}

/* ------------------------------------------------------------------ rootfs images that
 * mean harm */

static void proc_is_a_link(struct box *box)
{
	CHECK(rmdir(ROOTFS "/proc") == 0 && symlink("/etc", ROOTFS "/proc") == 0);
}
static void proc_behind_a_link_is_refused(void **state)
{
	struct box box = { .refused = "a symbolic link is in the way" };

	add(&box, "/proc", "proc", "proc", "");
	in_host(&box, proc_is_a_link);
}

static void sys_is_a_link(struct box *box)
{
	CHECK(rmdir(ROOTFS "/sys") == 0 && symlink("../../canary", ROOTFS "/sys") == 0);
}
static void sysfs_behind_a_link_is_refused(void **state)
{
	struct box box = { .refused = "a symbolic link is in the way" };

	add(&box, "/sys", "sysfs", "sysfs", "");
	in_host(&box, sys_is_a_link);
}

/* A link on the way: /in -> etc, the mount on /in/proc. */
static void a_link_on_the_way(struct box *box)
{
	CHECK(symlink("etc", ROOTFS "/in") == 0);
}
static void proc_below_a_link_is_refused(void **state)
{
	struct box box = { .refused = "a symbolic link is in the way" };

	add(&box, "/in/proc", "proc", "proc", "");
	in_host(&box, a_link_on_the_way);
}

/* /dev leads out by an absolute link and one with "..": the nodes stay in the rootfs. */
static void dev_leads_out(struct box *box)
{
	CHECK(rmdir(ROOTFS "/dev") == 0 && symlink("../../../.." CANARY, ROOTFS "/dev") == 0);
	CHECK(run("mkdir -p " ROOTFS CANARY) == 0);
}
static void dev_was_inside(struct box *box)
{
	CHECK(is_char(ROOTFS CANARY "/null", 1, 3) && links_to(ROOTFS CANARY "/ptmx", "pts/ptmx"));
}
static void nodes_stay_in_the_rootfs_when_dev_is_a_link(void **state)
{
	struct box box = { .after = dev_was_inside };

	in_host(&box, dev_leads_out);
}

static void dev_dangles(struct box *box)
{
	CHECK(rmdir(ROOTFS "/dev") == 0 && symlink(CANARY, ROOTFS "/dev") == 0);
}
static void nodes_in_a_dev_that_dangles_are_refused(void **state)
{
	struct box box = { .refused = "/dev in the rootfs is no directory, nor a link to one" };

	in_host(&box, dev_dangles);
}

/* Destinations by "..", absolute and relative links: all within. */
static void ways_out(struct box *box)
{
	CHECK(symlink(CANARY, ROOTFS "/abs") == 0);
	CHECK(symlink("../../../../../..", ROOTFS "/up") == 0);
	CHECK(run("mkdir -p " ROOTFS CANARY " " BASE "/bundle/volume") == 0);
	write_text(BASE "/bundle/volume/hello", "hello");
}
static void ways_inside(struct box *box)
{
	CHECK(has_text(CANARY "/hello", "hello") && has_text("/file.txt", "hello"));
	CHECK(has_text("/tmp/canary2/deep/er/hello", "hello") && exists("/tmp/canary/new"));
	CHECK(mount_is("/tmp/canary/new", "tmpfs"));
}
static void destinations_never_lead_out(void **state)
{
	struct box box = { .inside = ways_inside };

	add(&box, "/proc", "proc", "proc", "");
	add(&box, "/abs", "bind", "volume", "bind");
	add(&box, "/up/../../file.txt", "bind", "volume/hello", "bind");
	add(&box, "../../../tmp/canary2/deep/er", "bind", "volume", "rbind");
	add(&box, "/abs/new", "tmpfs", "tmpfs", "");
	in_host(&box, ways_out);
}
static void dotdot_in_what_is_missing_is_refused(void **state)
{
	struct box box = { .refused = "'..' after a part that does not exist" };

	add(&box, "/no/such/../thing", "tmpfs", "tmpfs", "");
	in_host(&box, NULL);
}

/* Masks never come from the rootfs (CVE-2025-31133), nor the console (CVE-2025-52565). */
static void null_is_forged(struct box *box)
{
	write_text(ROOTFS "/secret", "secret");
	CHECK(symlink("/secret", ROOTFS "/alias") == 0 &&
		symlink("/nowhere", ROOTFS "/broken") == 0);
}
static void masks_are_null(struct box *box)
{
	CHECK(is_char("/secret", 1, 3) && links_to("/alias", "/secret"));
}
static void masks_lie_on_what_the_path_leads_to(void **state)
{
	struct box box = { .inside = masks_are_null };

	add_usual(&box);
	box.spec.linux_.masked_paths = words(&box, "/alias /broken /../../alias");
	in_host(&box, null_is_forged);
}
static void null_is_a_file(struct box *box)
{
	write_text(ROOTFS "/dev/null", "forged");
}
static void a_forged_null_is_refused(void **state)
{
	struct box box = { .refused = "something else there, which is not device c 1:3" };

	in_host(&box, null_is_a_file);
}
static void null_is_a_link(struct box *box)
{
	CHECK(symlink(CANARY "/file", ROOTFS "/dev/null") == 0);
}
static void a_link_for_a_device_is_refused(void **state)
{
	struct box box = { .refused = "device '/dev/null'" };

	in_host(&box, null_is_a_link);
}
static void a_link_for_a_bound_device_is_refused(void **state)
{
	struct box box = { .refused = "a symbolic link there", .userns = true };

	in_host(&box, null_is_a_link);
}
static void console_is_a_link(struct box *box)
{
	CHECK(symlink("/proc/sysrq-trigger", ROOTFS "/dev/console") == 0);
}
static void a_link_for_the_console_is_refused(void **state)
{
	struct box box = { .refused = "/dev/console in the rootfs is a symbolic link",
		.terminal = true };

	add(&box, "/proc", "proc", "proc", "");
	add(&box, "/dev/pts", "devpts", "devpts", "newinstance ptmxmode=0666");
	in_host(&box, console_is_a_link);
}
static void a_terminal_without_devpts_is_refused(void **state)
{
	struct box box = { .refused = "/dev/pts is not of type devpts", .terminal = true };

	add(&box, "/dev", "tmpfs", "tmpfs", "");
	add(&box, "/dev/pts", "tmpfs", "tmpfs", "");
	in_host(&box, NULL);
}

/* /proc is the kernel's: labels and masks are written through it. */
static void alias_of_proc(struct box *box)
{
	CHECK(symlink("proc", ROOTFS "/alias") == 0);
}
static void mounts_over_proc_are_refused(void **state)
{
	static const struct {
		const char *destination, *type, *source, *options, *words;
	} rows[] = {
		{ "/proc", "tmpfs", "tmpfs", "", "only procfs may be mounted on /proc" },
		{ "/proc/", "bind", "rootfs/etc", "bind", "only procfs may be mounted on /proc" },
		{ "/etc/../proc", "sysfs", "sysfs", "", "only procfs may be mounted on /proc" },
		{ "/alias", "tmpfs", "tmpfs", "", "only procfs may be mounted on /proc" },
		{ "/alias/self", "tmpfs", "tmpfs", "", "inside /proc" },
		{ "/proc/sys/kernel", "tmpfs", "tmpfs", "", "'/proc/sys/kernel' is inside /proc" },
		{ "/proc/version", "bind", "rootfs/bin/sh", "bind",
			"'/proc/version' is inside /proc" },
		{ "/", "tmpfs", "tmpfs", "", "the root of the container" },
		{ "/etc/../..", "bind", "rootfs", "bind", "the root of the container" },
	};

	for (size_t i = 0; i < ELEMENTS(rows); i++) {
		struct box box = { .refused = rows[i].words };
		add(&box, "/proc", "proc", "proc", "");
		add(&box, rows[i].destination, rows[i].type, rows[i].source, rows[i].options);
		in_host(&box, alias_of_proc);
	}
}

static void uptime_is_ours(struct box *box)
{
	CHECK(has_text("/proc/uptime", "1.00 2.00\n") && mount_has("/proc/uptime", "ro"));
}
static void make_uptime(struct box *box)
{
	write_text(BASE "/bundle/uptime", "1.00 2.00\n");
}
static void an_emulated_proc_file_is_allowed(void **state)
{
	struct box box = { .inside = uptime_is_ours };

	add(&box, "/proc", "proc", "proc", "");
	add(&box, "/proc/uptime", "bind", "uptime", "bind ro");
	in_host(&box, make_uptime);
}

/* CVE-2021-30465: another container exchanges a directory for a link while mounts are made. */
static void exchange_for_ever(void)
{
	const char *dir = ROOTFS "/volume/dir", *link = ROOTFS "/volume/link";

	for (;;) {
		(void)renameat2(AT_FDCWD, dir, AT_FDCWD, link, RENAME_EXCHANGE);
		(void)renameat2(AT_FDCWD, dir, AT_FDCWD, BASE "/bundle/elsewhere", RENAME_EXCHANGE);
	}
}
static pid_t exchanger;
static void start_exchange(struct box *box)
{
	CHECK(run("mkdir -p " ROOTFS "/volume/dir/deep " BASE "/bundle/elsewhere/deep") == 0);
	CHECK(symlink("../../../.." CANARY, ROOTFS "/volume/link") == 0);
	exchanger = fork();
	CHECK(exchanger >= 0);
	if (exchanger == 0) {
		CHECK(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
		exchange_for_ever();
	}
}
static void stop_exchange(struct box *box)
{
	CHECK(kill(exchanger, SIGKILL) == 0 && waitpid(exchanger, NULL, 0) == exchanger);
}
/* Whatever is mounted is below /volume in the container's own eyes. */
static void nothing_went_astray(struct box *box)
{
	_cleanup_free_ char *text = mountinfo();
	char *save = NULL, at[512];

	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		if (strstr(l, " - tmpfs raced ") && sscanf(l, "%*s %*s %*s %*s %511s", at) == 1)
			CHECK(str_starts(at, "/volume/") || str_starts(at, CANARY));
	}
}
static void a_directory_exchanged_meanwhile_does_no_harm(void **state)
{
	for (int i = 0; i < 20; i++) {
		struct box box = { .inside = nothing_went_astray,
			.may_be_refused = true,
			.after = stop_exchange };
		add(&box, "/proc", "proc", "proc", "");
		for (int k = 0; k < 16; k++)
			add(&box, k % 2 ? "/volume/dir/deep/new" : "/volume/dir/deep", "tmpfs",
				"raced", "");
		in_host(&box, start_exchange);
	}
}

#define TEST(name) cmocka_unit_test(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_usual_container),
		TEST(proc_behind_a_link_is_refused),
		TEST(sysfs_behind_a_link_is_refused),
		TEST(proc_below_a_link_is_refused),
		TEST(nodes_stay_in_the_rootfs_when_dev_is_a_link),
		TEST(nodes_in_a_dev_that_dangles_are_refused),
		TEST(destinations_never_lead_out),
		TEST(dotdot_in_what_is_missing_is_refused),
		TEST(masks_lie_on_what_the_path_leads_to),
		TEST(a_forged_null_is_refused),
		TEST(a_link_for_a_device_is_refused),
		TEST(a_link_for_a_bound_device_is_refused),
		TEST(a_link_for_the_console_is_refused),
		TEST(a_terminal_without_devpts_is_refused),
		TEST(mounts_over_proc_are_refused),
		TEST(an_emulated_proc_file_is_allowed),
		TEST(a_directory_exchanged_meanwhile_does_no_harm),
	};

	if (geteuid() != 0) {
		fprintf(stderr, "mounts need root\n");
		return 77; /* meson: skipped */
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
