/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-mounts.c - mounts of each type with their options, devices, propagation, user namespaces.
 * As root only.
 */
#include "box.h"

/* ------------------------------------------------------------------ binds */

/* A volume whose mount is nosuid and noexec, with another mount below it. */
static void make_volume(struct box *box)
{
	CHECK(run("mkdir -p " BASE "/bundle/volume") == 0);
	CHECK(mount("volume", BASE "/bundle/volume", "tmpfs", MS_NOSUID | MS_NOEXEC, "") == 0);
	CHECK(mkdir(BASE "/bundle/volume/below", 0755) == 0);
	CHECK(mount("below", BASE "/bundle/volume/below", "tmpfs", 0, "") == 0);
	write_text(BASE "/bundle/volume/file", "from the volume");
}

static void binds_inside(struct box *box)
{
	CHECK(has_text("/plain/file", "from the volume") &&
		!mount_line("/plain/below", (char[1024]){ 0 }));
	CHECK(mount_has("/plain", "nosuid") && mount_has("/plain", "noexec") &&
		mount_has("/plain", "rw"));
	CHECK(mount_has("/ro", "ro") && mount_has("/ro", "nosuid") && mount_has("/ro", "noexec"));
	CHECK(mount_has("/ro/below", "rw"));
	CHECK(mount_has("/rro", "ro") && mount_has("/rro/below", "ro"));
	CHECK(!mount_has("/suid", "nosuid") && !mount_has("/suid", "noexec") &&
		mount_has("/suid", "nodev"));
	CHECK(mount_has("/noatime", "noatime") && mount_has("/relatime", "relatime"));
	CHECK(mount_has("/typed", "nosuid"));
	CHECK(has_text("/new/dir/file", "from the volume") && S_ISREG(mode_of("/new/dir/file")));
	CHECK(mount_line("/new/dir/file", (char[1024]){ 0 }) && mount_has("/new/dir/file", "ro"));
	CHECK((mode_of("/new") & 07777) == 0755 && (mode_of("/new/dir") & 07777) == 0755);
}
static void binds_keep_flags_that_the_options_do_not_name(void **state)
{
	struct box box = { .inside = binds_inside, .umask = 077 };

	add(&box, "/proc", "proc", "proc", "");
	add(&box, "/plain", "none", "volume", "bind");
	add(&box, "/ro", "bind", "volume", "rbind ro");
	add(&box, "/rro", "bind", BASE "/bundle/volume", "rbind rro");
	add(&box, "/suid", "bind", "volume", "bind suid exec nodev");
	add(&box, "/noatime", "bind", "volume", "bind noatime");
	add(&box, "/relatime", "bind", "volume", "bind noatime relatime");
	add(&box, "/typed", "bind", "volume", "");
	add(&box, "/new/dir/file", "bind", "volume/file", "bind ro");
	in_host(&box, make_volume);
}

static void make_ro_volume(struct box *box)
{
	make_volume(box);
	CHECK(mount("", BASE "/bundle/volume", "", MS_BIND | MS_REMOUNT | MS_RDONLY, "") == 0);
}
static void rw_inside(struct box *box)
{
	CHECK(mount_has("/as-is", "ro") && mount_has("/rw", "rw"));
}
static void a_bind_is_only_writable_again_when_asked(void **state)
{
	struct box box = { .inside = rw_inside };

	add(&box, "/proc", "proc", "proc", "");
	add(&box, "/as-is", "bind", "volume", "bind nodev");
	add(&box, "/rw", "bind", "volume", "bind rw");
	in_host(&box, make_ro_volume);
}

static void bad_mounts_are_refused_in_words(void **state)
{
	static const struct {
		const char *destination, *type, *source, *options, *words;
	} rows[] = {
		{ "/x", "bind", "missing", "bind",
			"cloning the mount of source 'missing': no such file or directory" },
		{ "/bin/sh", "bind", "rootfs/etc", "bind",
			"'/bin/sh' in the rootfs: not a directory" },
		{ "/etc", "bind", "rootfs/bin/busybox", "bind",
			"'/etc' in the rootfs: is a directory" },
		{ "/x", "", "volume", "", "neither a type nor the option 'bind'" },
		{ "/x", "bind", "", "bind", "a bind mount needs a source" },
		{ "/x", "nosuchfs", "x", "",
			"this kernel knows no file system of type 'nosuchfs'" },
		{ "/x", "tmpfs", "tmpfs", "size=much", "Bad value for 'size'" },
		{ "/x", "tmpfs", "tmpfs", "colour=red", "Unknown parameter 'colour'" },
		{ "/x", "tmpfs", "tmpfs", "idmap", "only bind mounts can have their IDs mapped" },
		{ "/x", "bind", "volume", "bind idmap",
			"'idmap' without uidMappings and gidMappings needs a user namespace" },
		{ "/x", "cgroup", "cgroup", "", "the host has no cgroup hierarchy" },
	};

	for (size_t i = 0; i < ELEMENTS(rows); i++) {
		struct box box = { .refused = rows[i].words };
		add(&box, rows[i].destination, rows[i].type, rows[i].source, rows[i].options);
		in_host(&box, NULL);
	}
}

/* ------------------------------------------------------------------ propagation */

/* The host mounts below the volume and the rootfs while the container lives; and then unmounts. */
static void host_mounts_more(struct box *box)
{
	CHECK(mount("late", BASE "/bundle/volume/below", "tmpfs", 0, "") == 0);
	write_text(BASE "/bundle/volume/below/late", "late");
}
static int to_inside[2], to_host[2]; /* "look now", "looked" */
static void make_talk(struct box *box)
{
	make_volume(box);
	CHECK(pipe2(to_inside, O_CLOEXEC) == 0 && pipe2(to_host, O_CLOEXEC) == 0);
}
static void hear(int fd)
{
	char byte;

	CHECK(read(fd, &byte, 1) == 1);
}
static void talk(int fd)
{
	CHECK(write(fd, "", 1) == 1);
}

static void host_side(struct box *box)
{
	char line[1024];

	/* What the container mounted is its own. */
	CHECK(!exists(BASE "/bundle/volume/inner/here"));
	CHECK(!mount_line(BASE "/bundle/volume/inner", line));
	host_mounts_more(box);
	talk(to_inside[1]);
	hear(to_host[0]);
}

/* The rest of `inside` runs in a process of the container's, so that init can say it is done. */
static void propagation_inside(struct box *box, bool arrives, const char *word)
{
	char line[1024];

	CHECK(mkdir("/volume/inner", 0755) == 0);
	CHECK(mount("inner", "/volume/inner", "tmpfs", 0, "") == 0 &&
		mkdir("/volume/inner/here", 0755) == 0);
	CHECK(mount_line("/volume", line));
	CHECK(word ? strstr(line, word) != NULL
		   : !strstr(line, "shared:") && !strstr(line, "master:"));
	CHECK(mount_line("/", line) && !strstr(line, "shared:"));
	fflush(NULL);
	pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		hear(to_inside[0]);
		CHECK(has_text("/volume/below/late", "late") == arrives);
		talk(to_host[1]);
		_exit(0);
	}
}
static void slave_inside(struct box *box)
{
	propagation_inside(box, true, "master:");
}
static void private_inside(struct box *box)
{
	propagation_inside(box, false, NULL);
}

static void by_default_mounts_come_in_and_none_goes_out(void **state)
{
	struct box box = { .inside = slave_inside, .outside = host_side };

	add(&box, "/proc", "proc", "proc", "");
	add(&box, "/volume", "bind", "volume", "rbind");
	in_host(&box, make_talk);
}
static void a_private_bind_is_cut_off(void **state)
{
	struct box box = { .inside = private_inside, .outside = host_side };

	add(&box, "/proc", "proc", "proc", "");
	add(&box, "/volume", "bind", "volume", "rbind rprivate");
	in_host(&box, make_talk);
}
static void a_private_rootfs_cuts_its_binds_off(void **state)
{
	struct box box = { .inside = private_inside, .outside = host_side };

	box.spec.linux_.rootfs_propagation = "rprivate";
	add(&box, "/proc", "proc", "proc", "");
	add(&box, "/volume", "bind", "volume", "rbind");
	in_host(&box, make_talk);
}

static void shared_inside(struct box *box)
{
	char line[1024];

	CHECK(mount_line("/", line) && strstr(line, "shared:"));
	CHECK(mount_line("/volume", line) && strstr(line, "shared:"));
	CHECK(mkdir("/volume/out", 0755) == 0 && mount("out", "/volume/out", "tmpfs", 0, "") == 0);
}
static void shared_outside(struct box *box)
{
	char line[1024];

	CHECK(mount_line(BASE "/bundle/volume/out", line) && strstr(line, " - tmpfs out "));
	CHECK(!mount_line(ROOTFS "/proc", line) && !mount_line(ROOTFS "/volume", line));
	CHECK(!mount_line(ROOTFS, line));
}
static void a_shared_bind_sends_mounts_out(void **state)
{
	struct box box = { .inside = shared_inside, .outside = shared_outside };

	box.spec.linux_.rootfs_propagation = "rshared";
	add(&box, "/proc", "proc", "proc", "");
	add(&box, "/volume", "bind", "volume", "rbind rshared");
	in_host(&box, make_volume);
}
static void a_bad_propagation_is_refused(void **state)
{
	struct box box = { .refused = "/linux/rootfsPropagation: 'nodev' is no propagation type" };

	box.spec.linux_.rootfs_propagation = "nodev";
	in_host(&box, NULL);
}

/* What the root shows in mountinfo, with covers laid over things that an early "unbindable" would
 * have kept from being cloned. */
static const char *root_word;
static void root_shows_its_propagation(struct box *box)
{
	char line[1024];

	CHECK(mount_line("/", line));
	if (root_word)
		CHECK(strstr(line, root_word));
	else
		CHECK(!strstr(line, "shared:") && !strstr(line, "master:") &&
			!strstr(line, "unbindable"));
	CHECK(is_char("/proc/vmstat", 1, 3) && is_char("/proc/zoneinfo", 1, 3));
	CHECK(mount_has("/proc/sys", "ro"));
}
static void the_root_has_the_propagation_of_the_config(void **state)
{
	static const struct {
		const char *propagation, *word;
	} rows[] = {
		{ NULL, "master:" },
		{ "slave", "master:" },
		{ "rslave", "master:" },
		{ "private", NULL },
		{ "rprivate", NULL },
		{ "shared", "shared:" },
		{ "rshared", "shared:" },
		{ "unbindable", "unbindable" },
		{ "runbindable", "unbindable" },
	};

	for (size_t i = 0; i < ELEMENTS(rows); i++) {
		struct box box = { .inside = root_shows_its_propagation };
		root_word = rows[i].word;
		box.spec.linux_.rootfs_propagation = rows[i].propagation;
		box.spec.linux_.masked_paths = words(&box, "/proc/vmstat /proc/zoneinfo");
		box.spec.linux_.readonly_paths = words(&box, "/proc/sys");
		add(&box, "/proc", "proc", "proc", "");
		in_host(&box, NULL);
	}
}

/* ------------------------------------------------------------------ many, and others */

static void few_descriptors(struct box *box)
{
	struct rlimit few = { .rlim_cur = 64, .rlim_max = 4096 };

	make_volume(box);
	CHECK(setrlimit(RLIMIT_NOFILE, &few) == 0);
}
static void many_inside(struct box *box)
{
	struct rlimit now;
	char path[32];

	for (int i = 0; i < 200; i++) {
		snprintf(path, sizeof(path), "/many/%d/file", i);
		CHECK(has_text(path, "from the volume"));
	}
	CHECK(getrlimit(RLIMIT_NOFILE, &now) == 0 && now.rlim_cur == 64 && now.rlim_max == 4096);
}
static void more_binds_than_descriptors(void **state)
{
	struct box box = { .inside = many_inside };

	for (int i = 0; i < 200; i++)
		add(&box, arena_printf(&box.arena, "/many/%d", i), "bind", "volume", "bind ro");
	in_host(&box, few_descriptors);
}

static void make_layers(struct box *box)
{
	CHECK(run("cd " BASE " && mkdir lower upper work") == 0);
	write_text(BASE "/lower/file", "from below");
}
static void overlay_inside(struct box *box)
{
	CHECK(mount_is("/over", "overlay") && has_text("/over/file", "from below"));
	write_text("/over/file", "changed");
	CHECK(has_text("/over/file", "changed"));
	CHECK(mount_has("/below", "ro") && open("/below/x", O_CREAT | O_WRONLY, 0600) < 0);
	CHECK(errno == EROFS);
}
static void overlay_after(struct box *box)
{
	CHECK(has_text(BASE "/lower/file", "from below") &&
		has_text(BASE "/upper/file", "changed"));
}
static void any_other_type_is_mounted_by_its_options(void **state)
{
	struct box box = { .inside = overlay_inside, .after = overlay_after };

	add(&box, "/proc", "proc", "proc", "");
	add(&box, "/over", "overlay", "overlay",
		"lowerdir=" BASE "/lower upperdir=" BASE "/upper workdir=" BASE "/work");
	add(&box, "/below", "overlay", "overlay", "ro lowerdir=" BASE "/lower:" ROOTFS "/etc");
	in_host(&box, make_layers);
}

/* ------------------------------------------------------------------ tmpfs */

static void make_modes(struct box *box)
{
	CHECK(mkdir(ROOTFS "/private", 0700) == 0 && mkdir(ROOTFS "/given", 0700) == 0);
}
static void tmpfs_inside(struct box *box)
{
	struct statvfs fs;

	CHECK((mode_of("/private") & 07777) == 0700 && (mode_of("/given") & 07777) == 0711);
	CHECK((mode_of("/new") & 07777) == 01777);
	CHECK(statvfs("/given", &fs) == 0 && fs.f_blocks * fs.f_frsize == 1 << 20);
	CHECK(mount_has("/sealed", "ro") && mount_is("/sealed/below", "tmpfs"));
	CHECK(mount_has("/sealed/below", "rw"));
	CHECK(mount_has("/dev", "ro") && is_char("/dev/null", 1, 3) && exists("/dev/fd"));
	CHECK(open("/dev/x", O_CREAT | O_WRONLY, 0600) < 0 && errno == EROFS);
}
static void a_tmpfs_keeps_the_mode_and_is_filled_before_it_is_sealed(void **state)
{
	struct box box = { .inside = tmpfs_inside };

	add(&box, "/proc", "proc", "proc", "");
	add(&box, "/private", "tmpfs", "tmpfs", "");
	add(&box, "/given", "tmpfs", "tmpfs", "mode=711 size=1m");
	add(&box, "/new", "tmpfs", "tmpfs", "");
	add(&box, "/sealed", "tmpfs", "tmpfs", "ro");
	add(&box, "/sealed/below", "tmpfs", "tmpfs", "");
	add(&box, "/dev", "tmpfs", "tmpfs", "ro mode=755");
	in_host(&box, make_modes);
}

/* ------------------------------------------------------------------ devices */

static void devices_inside(struct box *box)
{
	struct stat st;

	CHECK(S_ISFIFO(mode_of("/a/b/pipe")) && (mode_of("/a/b/pipe") & 07777) == 0620);
	CHECK(stat("/a/b/pipe", &st) == 0 && st.st_uid == 5 && st.st_gid == 6);
	CHECK(is_char("/dev/null", 1, 3) && (mode_of("/dev/null") & 07777) == 0600);
	CHECK(S_ISBLK(mode_of("/dev/disk")) && (mode_of("/dev/disk") & 07777) == 0666);
	CHECK(stat("/dev/disk", &st) == 0 && st.st_rdev == makedev(7, 300));
	CHECK(is_char("/dev/zero", 1, 5) && (mode_of("/dev/zero") & 07777) == 0640);
	CHECK(links_to("/dev/ptmx", "pts/ptmx"));
}
static void make_zero(struct box *box)
{
	CHECK(mknod(ROOTFS "/dev/zero", S_IFCHR | 0640, makedev(1, 5)) == 0);
	CHECK(mknod(ROOTFS "/dev/ptmx", S_IFCHR | 0666, makedev(5, 2)) == 0);
}
static void devices_are_made_as_asked_whatever_the_umask(void **state)
{
	struct spec_device devices[] = {
		{ .path = "/a/b/pipe",
			.type = 'p',
			.file_mode = { true, 0620 },
			.uid = { true, 5 },
			.gid = { true, 6 } },
		{ .path = "/dev/null",
			.type = 'c',
			.major = 1,
			.minor = 3,
			.file_mode = { true, 0600 } },
		{ .path = "/dev/disk", .type = 'b', .major = 7, .minor = 300 },
		{ .path = "/dev/ptmx", .type = 'c', .major = 5, .minor = 2 },
	};
	struct box box = { .inside = devices_inside, .umask = 0777 };

	box.spec.linux_.devices = devices;
	box.spec.linux_.n_devices = ELEMENTS(devices);
	in_host(&box, make_zero);
}

static void make_dev(struct box *box)
{
	CHECK(run("mkdir -p " BASE "/bundle/dev") == 0);
	write_text(BASE "/bundle/dev/ptmx", "mine");
	CHECK(symlink("../dev", ROOTFS "/etc/dev") == 0);
}
static void dev_is_untouched(struct box *box)
{
	CHECK(has_text("/dev/ptmx", "mine") && !exists("/dev/null") && !exists("/dev/fd"));
}
static void a_bound_dev_is_left_alone(void **state)
{
	static const char *const ways[] = { "/dev", "//./dev/", "/etc/dev", "/etc/../dev" };

	for (size_t i = 0; i < ELEMENTS(ways); i++) {
		struct box box = { .inside = dev_is_untouched };
		add(&box, ways[i], "bind", "dev", "rbind");
		in_host(&box, make_dev);
	}
}
/* Not bound itself, but mounted below what is: the host's own /dev, reached by a link. */
static void dev_by_link(struct box *box)
{
	CHECK(run("mkdir -p " BASE "/bundle/top/dev") == 0);
	CHECK(mount("/dev", BASE "/bundle/top/dev", "", MS_BIND | MS_REC, "") == 0);
	CHECK(rmdir(ROOTFS "/dev") == 0 && symlink("host/dev", ROOTFS "/dev") == 0);
}
static void the_hosts_dev_is_left_alone(void **state)
{
	struct box box = { 0 };

	add(&box, "/host", "bind", "top", "rbind");
	in_host(&box, dev_by_link);
}

/* ------------------------------------------------------------------ user namespaces */

static void userns_inside(struct box *box)
{
	struct stat st;

	CHECK(is_char("/dev/null", 1, 3) && mount_line("/dev/null", (char[1024]){ 0 }));
	CHECK(is_char("/dev/tty", 5, 0) && is_char("/dev/urandom", 1, 9));
	CHECK(S_ISFIFO(mode_of("/dev/pipe")));
	CHECK(stat("/made/by/mount", &st) == 0 && st.st_uid == 0 && st.st_gid == 0);
	CHECK(stat("/cwd", &st) == 0 && st.st_uid == 0);
	CHECK(mount_is("/proc", "proc") && mount_is("/sys", "sysfs") &&
		mount_is("/dev/mqueue", "mqueue"));
	CHECK(is_char("/proc/vmstat", 1, 3) && mount_is("/sys/firmware", "tmpfs"));
	CHECK(mount_has("/", "ro") && mount_has("/volume", "ro") && mount_has("/volume", "nosuid"));
	CHECK(mount_has("/volume", "noexec"));
	CHECK(fstat(box->slave, &st) == 0 && mount_is("/dev/console", "devpts"));
}
static void in_a_user_namespace_devices_are_bound(void **state)
{
	struct spec_device devices[] = { { .path = "/dev/pipe", .type = 'p' } };
	struct box box = { .inside = userns_inside, .userns = true, .terminal = true };

	box.spec.linux_.devices = devices;
	box.spec.linux_.n_devices = 1;
	box.spec.root.readonly = true;
	box.spec.has_process = true;
	box.spec.process.cwd = "/cwd";
	box.spec.linux_.masked_paths = words(&box, "/proc/vmstat /sys/firmware /proc/driver");
	box.spec.linux_.readonly_paths = words(&box, "/proc/sys");
	add_usual(&box);
	add(&box, "/made/by/mount", "tmpfs", "tmpfs", "");
	add(&box, "/volume", "bind", "volume", "rbind ro");
	in_host(&box, make_volume);
}

static void only_root(struct box *box)
{
	CHECK(chmod(BASE "/bundle", 0700) == 0);
}
static void alive(struct box *box)
{
	CHECK(run("/bin/busybox true") == 0);
}
static void the_way_to_the_rootfs_may_be_closed_to_the_namespace(void **state)
{
	struct box box = { .inside = alive, .userns = true };

	add_usual(&box);
	in_host(&box, only_root);
}

static void a_node_that_is_not_the_device_is_refused(void **state)
{
	struct spec_device devices[] = {
		{ .path = "/dev/zero", .type = 'c', .major = 1, .minor = 3 }
	};
	struct box box = { .refused = "it is not device c 1:3", .userns = true };

	box.spec.linux_.devices = devices;
	box.spec.linux_.n_devices = 1;
	in_host(&box, NULL);
}

static void rootless_inside(struct box *box)
{
	CHECK(mount_is("/proc", "proc") && mount_is("/dev", "tmpfs") && is_char("/dev/null", 1, 3));
	CHECK(mount_has("/volume", "nosuid") && mount_has("/volume", "noexec") &&
		mount_has("/volume", "ro"));
	CHECK(is_char("/proc/vmstat", 1, 3));
	CHECK(run("/bin/busybox true") == 0);
}
static void without_privilege_init_opens_the_sources(void **state)
{
	struct box box = { .inside = rootless_inside, .userns = true, .rootless = true };

	add_usual(&box);
	add(&box, "/volume", "bind", "volume", "rbind ro");
	box.spec.linux_.masked_paths = words(&box, "/proc/vmstat");
	in_host(&box, make_volume);
}
static void a_locked_flag_cannot_be_cleared(void **state)
{
	struct box box = {
		.refused = "that the user namespace locks", .userns = true, .rootless = true
	};

	add(&box, "/volume", "bind", "volume", "rbind exec");
	in_host(&box, make_volume);
}

/* ------------------------------------------------------------------ without pivot_root */

static int host_root;
static void keep_the_host_root(struct box *box)
{
	host_root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	CHECK(host_root >= 0 && faccessat(host_root, "proc/version", F_OK, 0) == 0);
	CHECK(faccessat(host_root, "sys/kernel", F_OK, 0) == 0);
}

static void no_pivot_inside(struct box *box)
{
	alive(box);
	/* The host's mounts are still in the namespace, but its whole procfs and sysfs are not. */
	CHECK(faccessat(host_root, "proc/version", F_OK, 0) < 0 && errno == ENOENT);
	CHECK(faccessat(host_root, "sys/kernel", F_OK, 0) < 0 && errno == ENOENT);
	CHECK(mount_is("/proc", "proc") && !exists("/bundle") && !exists(CANARY "/file"));
	CHECK(is_char("/dev/null", 1, 3) && mount_has("/", "ro"));
}
static void without_pivot_the_tree_is_moved_to_the_root(void **state)
{
	struct box box = {
		.inside = no_pivot_inside, .mounted = keep_the_host_root, .no_pivot = true
	};

	box.spec.root.readonly = true;
	add_usual(&box);
	in_host(&box, NULL);
}

/* ------------------------------------------------------------------ cgroups */

static struct rootfs_hierarchy hybrid[] = {
	{ .name = "cpu,cpuacct" }, /* stands for one hierarchy with two names, wherever it is */
	{ .name = "unified" },
};

static void cgroups_inside(struct box *box)
{
	CHECK(mount_is("/sys/fs/cgroup", "tmpfs") && mount_has("/sys/fs/cgroup", "ro"));
	CHECK(mount_is("/sys/fs/cgroup/cpu,cpuacct", "cgroup") &&
		mount_is("/sys/fs/cgroup/unified", "cgroup2"));
	CHECK(mount_has("/sys/fs/cgroup/cpu,cpuacct", "ro") &&
		mount_has("/sys/fs/cgroup/unified", "noexec"));
	CHECK(links_to("/sys/fs/cgroup/cpu", "cpu,cpuacct") &&
		links_to("/sys/fs/cgroup/cpuacct", "cpu,cpuacct"));
	CHECK(exists("/sys/fs/cgroup/cpu/cgroup.procs"));
}
static void every_hierarchy_is_mounted_with_its_links(void **state)
{
	for (int i = 0; i < 2; i++) {
		struct box box = { .inside = cgroups_inside,
			.cgroups = { .n = ELEMENTS(hybrid), .v = hybrid } };
		box.spec.linux_.namespaces[NS_CGROUP].present = i == 0;
		hybrid[0].options = "pids";
		hybrid[0].host_dir = "/sys/fs/cgroup/pids";
		hybrid[1].host_dir = "/sys/fs/cgroup/unified";
		add(&box, "/proc", "proc", "proc", "");
		add(&box, "/sys", "sysfs", "sysfs", "nosuid noexec nodev ro");
		add(&box, "/sys/fs/cgroup", "cgroup", "cgroup", "nosuid noexec nodev relatime ro");
		in_host(&box, NULL);
	}
}

#define TEST(name) cmocka_unit_test(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(binds_keep_flags_that_the_options_do_not_name),
		TEST(a_bind_is_only_writable_again_when_asked),
		TEST(bad_mounts_are_refused_in_words),
		TEST(by_default_mounts_come_in_and_none_goes_out),
		TEST(a_private_bind_is_cut_off),
		TEST(a_private_rootfs_cuts_its_binds_off),
		TEST(a_shared_bind_sends_mounts_out),
		TEST(a_bad_propagation_is_refused),
		TEST(the_root_has_the_propagation_of_the_config),
		TEST(more_binds_than_descriptors),
		TEST(any_other_type_is_mounted_by_its_options),
		TEST(a_tmpfs_keeps_the_mode_and_is_filled_before_it_is_sealed),
		TEST(devices_are_made_as_asked_whatever_the_umask),
		TEST(a_bound_dev_is_left_alone),
		TEST(the_hosts_dev_is_left_alone),
		TEST(in_a_user_namespace_devices_are_bound),
		TEST(the_way_to_the_rootfs_may_be_closed_to_the_namespace),
		TEST(a_node_that_is_not_the_device_is_refused),
		TEST(without_privilege_init_opens_the_sources),
		TEST(a_locked_flag_cannot_be_cleared),
		TEST(without_pivot_the_tree_is_moved_to_the_root),
		TEST(every_hierarchy_is_mounted_with_its_links),
	};

	if (geteuid() != 0) {
		fprintf(stderr, "mounts need root\n");
		return 77; /* meson: skipped */
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
