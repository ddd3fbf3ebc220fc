/* SPDX-License-Identifier: Apache-2.0 */
/*
 * floor.c - the least that a container takes: the kernel's work for what `hasu spec` writes, and
 * nothing else.
 *
 * It reads no config, checks nothing, protects nothing, and reports what failed by its line. It is
 * what tools/bench measures runtimes against, and no runtime.
 *
 *	floor run ROOTFS ID [FILTER]      FILTER: a seccomp program, struct sock_filter after another
 *	floor create ROOTFS ID            the program waits on a FIFO
 *	floor start ID, floor delete ID, floor state ID, floor kill ID
 *	floor exec ID                     /bin/true in a container that lives
 *
 * $FLOOR_CGROUPS: the cgroup directories to make the container's in, separated by colons.
 * $FLOOR_STATE: where it writes down the process ID of a container.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/magic.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define MUST(call)                                                                                 \
	({                                                                                         \
		long must_ = (long)(call);                                                         \
		if (must_ < 0) {                                                                   \
			dprintf(2, "floor: line %d: %s: %m\n", __LINE__, #call);                   \
			_exit(1);                                                                  \
		}                                                                                  \
		must_;                                                                             \
	})

#define CGROUPS_MAX 16
static const char *state_dir = "/run/hasu-floor";
static char *cgroups[CGROUPS_MAX];
static int n_cgroups, v2 = -1; /* which of them is cgroup2 */

static void read_cgroups(void)
{
	char *list = getenv("FLOOR_CGROUPS");
	struct statfs fs;

	for (char *dir = list ? strtok(list, ":") : NULL; dir && n_cgroups < CGROUPS_MAX;
		dir = strtok(NULL, ":")) {
		MUST(statfs(dir, &fs));
		if (fs.f_type == CGROUP2_SUPER_MAGIC)
			v2 = n_cgroups;
		cgroups[n_cgroups++] = dir;
	}
}

static void write_text(int dir, const char *file, const char *text)
{
	int fd = (int)MUST(openat(dir, file, O_WRONLY | O_CLOEXEC));

	MUST(write(fd, text, strlen(text)));
	close(fd);
}

/* The devices that every container may use, as v1 has them. */
static const char *const device_rules[] = { "c *:* m", "b *:* m", "c 1:3 rwm", "c 1:5 rwm",
	"c 1:7 rwm", "c 1:8 rwm", "c 1:9 rwm", "c 5:0 rwm", "c 5:2 rwm", "c 136:* rwm" };

/* The same for v2: a program of a few comparisons for each rule. */
static int devices_program(void)
{
	static const struct {
		int major, minor; /* minor -1: any */
	} allowed[] = { { 1, 3 }, { 1, 5 }, { 1, 7 }, { 1, 8 }, { 1, 9 }, { 5, 0 }, { 5, 1 },
		{ 5, 2 }, { 136, -1 }, { 10, 200 } };
	struct bpf_insn p[96];
	int n = 0;
	char license[] = "GPL";

#define INSN(c, d, s, o, i)                                                                        \
	p[n++] = (struct bpf_insn){                                                                \
		.code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i)                \
	}
	/* r3: the kind, in the lower half of the first word; r2: the access asked for. */
	INSN(BPF_LDX | BPF_MEM | BPF_W, 2, 1, 0, 0);
	INSN(BPF_ALU64 | BPF_MOV | BPF_X, 3, 2, 0, 0);
	INSN(BPF_ALU64 | BPF_AND | BPF_K, 3, 0, 0, 0xffff);
	INSN(BPF_ALU64 | BPF_RSH | BPF_K, 2, 0, 0, 16);
	INSN(BPF_LDX | BPF_MEM | BPF_W, 4, 1, 4, 0);
	INSN(BPF_LDX | BPF_MEM | BPF_W, 5, 1, 8, 0);
	INSN(BPF_JMP | BPF_JNE | BPF_K, 2, 0, 2, BPF_DEVCG_ACC_MKNOD);
	INSN(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 1);
	INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	for (size_t i = 0; i < sizeof(allowed) / sizeof(*allowed); i++) {
		const bool any = allowed[i].minor < 0;
		INSN(BPF_JMP | BPF_JNE | BPF_K, 3, 0, any ? 3 : 4, BPF_DEVCG_DEV_CHAR);
		INSN(BPF_JMP | BPF_JNE | BPF_K, 4, 0, any ? 2 : 3, allowed[i].major);
		if (!any)
			INSN(BPF_JMP | BPF_JNE | BPF_K, 5, 0, 2, allowed[i].minor);
		INSN(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 1);
		INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	}
	INSN(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0);
	INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
		.insn_cnt = (uint32_t)n,
		.insns = (uint64_t)(uintptr_t)p,
		.license = (uint64_t)(uintptr_t)license };
	return (int)MUST(syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr)));
}

/* v1: a new cpuset has no CPUs and no nodes. */
static void copy_text(int from, int to, const char *file)
{
	char text[4096] = "";
	int fd = (int)MUST(openat(from, file, O_RDONLY | O_CLOEXEC));

	MUST(read(fd, text, sizeof(text) - 1));
	close(fd);
	write_text(to, file, text);
}

static int make_cgroup(const char *parent, const char *id, int is_v2)
{
	int dir = (int)MUST(open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC));

	MUST(mkdirat(dir, id, 0755));
	int fd = (int)MUST(openat(dir, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	if (!is_v2 && faccessat(fd, "cpuset.mems", F_OK, 0) == 0) {
		copy_text(dir, fd, "cpuset.cpus");
		copy_text(dir, fd, "cpuset.mems");
	}
	close(dir);
	if (is_v2 && n_cgroups == 1) {
		int program = devices_program();
		union bpf_attr attr = { .target_fd = (uint32_t)fd,
			.attach_bpf_fd = (uint32_t)program,
			.attach_type = BPF_CGROUP_DEVICE,
			.attach_flags = BPF_F_ALLOW_MULTI };
		MUST(syscall(SYS_bpf, BPF_PROG_ATTACH, &attr, sizeof(attr)));
		close(program);
	} else if (faccessat(fd, "devices.deny", F_OK, 0) == 0) {
		write_text(fd, "devices.deny", "a");
		for (size_t i = 0; i < sizeof(device_rules) / sizeof(*device_rules); i++)
			write_text(fd, "devices.allow", device_rules[i]);
	}
	return fd;
}

static void remove_cgroups(const char *id)
{
	char path[4096];

	for (int i = 0; i < n_cgroups; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", cgroups[i], id);
		MUST(rmdir(path));
	}
}

static int new_mount(const char *type, unsigned attrs, const char *const options[])
{
	int fs = (int)MUST(fsopen(type, FSOPEN_CLOEXEC));

	for (; options && options[0]; options += 2)
		MUST(fsconfig(fs, FSCONFIG_SET_STRING, options[0], options[1], 0));
	MUST(fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
	int mount = (int)MUST(fsmount(fs, FSMOUNT_CLOEXEC, attrs));
	close(fs);
	return mount;
}

static void attach(int mount, const char *at)
{
	MUST(move_mount(mount, "", AT_FDCWD, at, MOVE_MOUNT_F_EMPTY_PATH));
	close(mount);
}

static void set_attr(int dir, const char *path, unsigned flags, uint64_t set, uint64_t propagation)
{
	struct mount_attr attr = { .attr_set = set, .propagation = propagation };

	MUST(mount_setattr(dir, path, AT_EMPTY_PATH | flags, &attr, sizeof(attr)));
}

#define SAFE (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)
#define OPTIONS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void mount_all(const int source_fds[])
{
	attach(new_mount("proc", 0, NULL), "proc");
	attach(new_mount("tmpfs", MOUNT_ATTR_NOSUID | MOUNT_ATTR_STRICTATIME,
		       OPTIONS("mode", "755", "size", "65536k")),
		"dev");
	MUST(mkdir("dev/pts", 0755));
	attach(new_mount("devpts", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC,
		       OPTIONS("ptmxmode", "0666", "mode", "0620", "gid", "5")),
		"dev/pts");
	MUST(mkdir("dev/shm", 0755));
	attach(new_mount("tmpfs", SAFE, OPTIONS("mode", "1777", "size", "65536k")), "dev/shm");
	MUST(mkdir("dev/mqueue", 0755));
	attach(new_mount("mqueue", SAFE, NULL), "dev/mqueue");
	attach(new_mount("sysfs", SAFE | MOUNT_ATTR_RDONLY, NULL), "sys");
	if (n_cgroups == 1) {
		set_attr(source_fds[0], "", 0, SAFE | MOUNT_ATTR_RDONLY, 0);
		attach(source_fds[0], "sys/fs/cgroup");
		return;
	}
	attach(new_mount("tmpfs", SAFE, OPTIONS("mode", "755")), "sys/fs/cgroup");
	for (int i = 0; i < n_cgroups; i++) {
		char at[64];
		(void)snprintf(at, sizeof(at), "sys/fs/cgroup/%d", i);
		MUST(mkdir(at, 0755));
		set_attr(source_fds[i], "", 0, SAFE | MOUNT_ATTR_RDONLY, 0);
		attach(source_fds[i], at);
	}
	set_attr(AT_FDCWD, "sys/fs/cgroup", 0, MOUNT_ATTR_RDONLY, 0);
}

static void devices(void)
{
	static const struct {
		const char *path;
		unsigned major, minor;
	} nodes[] = { { "dev/null", 1, 3 }, { "dev/zero", 1, 5 }, { "dev/full", 1, 7 },
		{ "dev/random", 1, 8 }, { "dev/urandom", 1, 9 }, { "dev/tty", 5, 0 } };

	for (size_t i = 0; i < sizeof(nodes) / sizeof(*nodes); i++)
		MUST(mknod(nodes[i].path, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)));
	MUST(symlink("/proc/self/fd", "dev/fd"));
	MUST(symlink("/proc/self/fd/0", "dev/stdin"));
	MUST(symlink("/proc/self/fd/1", "dev/stdout"));
	MUST(symlink("/proc/self/fd/2", "dev/stderr"));
	MUST(symlink("pts/ptmx", "dev/ptmx"));
}

static void seal(int null_fd)
{
	static const char *const readonly[] = { "proc/bus", "proc/fs", "proc/irq", "proc/sys",
		"proc/sysrq-trigger" };
	static const char *const masked[] = { "proc/acpi", "proc/asound", "proc/kcore", "proc/keys",
		"proc/latency_stats", "proc/sched_debug", "proc/scsi", "proc/timer_list",
		"proc/timer_stats", "sys/firmware" };
	int empty = new_mount(
		"tmpfs", SAFE | MOUNT_ATTR_RDONLY, OPTIONS("nr_blocks", "1", "nr_inodes", "1"));
	struct stat st;

	for (size_t i = 0; i < sizeof(readonly) / sizeof(*readonly); i++) {
		int tree = open_tree(
			AT_FDCWD, readonly[i], OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
		if (tree < 0)
			continue;
		set_attr(tree, "", 0, MOUNT_ATTR_RDONLY, 0);
		attach(tree, readonly[i]);
	}
	int covers[2] = { null_fd, empty }, used[2] = { 0 };
	for (size_t i = 0; i < sizeof(masked) / sizeof(*masked); i++) {
		if (stat(masked[i], &st) < 0)
			continue;
		/* A detached mount can be attached once; then it can be cloned. */
		int kind = S_ISDIR(st.st_mode), tree = covers[kind];
		if (used[kind]++)
			tree = (int)MUST(open_tree(
				tree, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH));
		MUST(move_mount(tree, "", AT_FDCWD, masked[i], MOVE_MOUNT_F_EMPTY_PATH));
	}
	close(empty);
	set_attr(AT_FDCWD, "/", 0, MOUNT_ATTR_RDONLY, 0);
}

static void loopback(void)
{
	struct ifreq up = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = (int)MUST(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));

	MUST(ioctl(fd, SIOCSIFFLAGS, &up));
	close(fd);
}

static void drop_rights(void)
{
	const struct rlimit files = { 1024, 1024 };
	const uint32_t keep = 1u << CAP_KILL | 1u << CAP_NET_BIND_SERVICE | 1u << CAP_AUDIT_WRITE;
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct caps[2] = { { keep, keep, 0 } };

	MUST(setrlimit(RLIMIT_NOFILE, &files));
	for (int cap = 0; cap < 41; cap++)
		if (cap != CAP_KILL && cap != CAP_NET_BIND_SERVICE && cap != CAP_AUDIT_WRITE)
			MUST(prctl(PR_CAPBSET_DROP, cap, 0, 0, 0));
	MUST(syscall(SYS_keyctl, 1 /* KEYCTL_JOIN_SESSION_KEYRING */, "_ses.floor"));
	MUST(setgroups(0, NULL));
	MUST(setresgid(0, 0, 0));
	MUST(setresuid(0, 0, 0));
	MUST(syscall(SYS_capset, &head, caps));
	MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

static struct sock_fprog filter_program;

static void read_filter(const char *file)
{
	static struct sock_filter insns[BPF_MAXINSNS];
	int fd = (int)MUST(open(file, O_RDONLY | O_CLOEXEC));
	long n = MUST(read(fd, insns, sizeof(insns)));

	close(fd);
	filter_program = (struct sock_fprog){ (unsigned short)((size_t)n / sizeof(*insns)), insns };
}

static void load_filter(void)
{
	MUST(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW,
		&filter_program));
}

static void run_true(void)
{
	char *const argv[] = { "/bin/true", NULL }, *const env[] = { "PATH=/bin", NULL };

	MUST(execve(argv[0], argv, env));
}

static _Noreturn void child(const char *rootfs, int fifo, const int sources[], int go)
{
	char byte;

	MUST(read(go, &byte, 1));
	MUST(setsid());
	MUST(unshare(CLONE_NEWCGROUP));
	set_attr(AT_FDCWD, "/", AT_RECURSIVE, 0, MS_SLAVE);
	int null_fd =
		(int)MUST(open_tree(AT_FDCWD, "/dev/null", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
	int tree = (int)MUST(
		open_tree(AT_FDCWD, rootfs, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE));
	MUST(move_mount(tree, "", AT_FDCWD, rootfs, MOVE_MOUNT_F_EMPTY_PATH));
	MUST(fchdir(tree));
	mount_all(sources);
	devices();
	loopback();
	MUST(syscall(SYS_pivot_root, ".", "."));
	MUST(umount2(".", MNT_DETACH));
	MUST(chdir("/"));
	seal(null_fd);
	close(null_fd);
	MUST(sethostname("floor", 5));
	drop_rights();
	if (fifo >= 0)
		MUST(read(fifo, &byte, 1));
	if (filter_program.len)
		load_filter();
	run_true();
	_exit(1);
}

static pid_t make(const char *rootfs, const char *id, int fifo)
{
	int fds[CGROUPS_MAX], sources[CGROUPS_MAX], go[2], pidfd;
	char pid_text[16];

	MUST(pipe2(go, O_CLOEXEC));
	for (int i = 0; i < n_cgroups; i++) {
		fds[i] = make_cgroup(cgroups[i], id, i == v2);
		sources[i] = (int)MUST(
			open_tree(fds[i], "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH));
	}
	struct clone_args args = { .flags = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC |
					    CLONE_NEWPID | CLONE_NEWNET | CLONE_PIDFD |
					    (v2 >= 0 ? CLONE_INTO_CGROUP : 0),
		.cgroup = v2 >= 0 ? (uint64_t)fds[v2] : 0,
		.pidfd = (uint64_t)(uintptr_t)&pidfd,
		.exit_signal = SIGCHLD };
	pid_t pid = (pid_t)MUST(syscall(SYS_clone3, &args, sizeof(args)));
	if (pid == 0)
		child(rootfs, fifo, sources, go[0]);
	(void)snprintf(pid_text, sizeof(pid_text), "%d", pid);
	for (int i = 0; i < n_cgroups; i++)
		if (i != v2)
			write_text(fds[i], "cgroup.procs", pid_text);
	MUST(write(go[1], "g", 1));
	return pid;
}

static void write_state(const char *id, pid_t pid)
{
	char path[4096], text[64];

	(void)mkdir(state_dir, 0700);
	(void)snprintf(path, sizeof(path), "%s/%s", state_dir, id);
	MUST(mkdir(path, 0700));
	(void)snprintf(path, sizeof(path), "%s/%s/state", state_dir, id);
	int fd = (int)MUST(open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
	int n = snprintf(text, sizeof(text), "%d\n", pid);
	MUST(write(fd, text, (size_t)n));
	close(fd);
}

static pid_t read_state(const char *id)
{
	char path[4096], text[64] = "";

	(void)snprintf(path, sizeof(path), "%s/%s/state", state_dir, id);
	int fd = (int)MUST(open(path, O_RDONLY | O_CLOEXEC));
	MUST(read(fd, text, sizeof(text) - 1));
	close(fd);
	return atoi(text);
}

static void remove_state(const char *id)
{
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/%s/state", state_dir, id);
	MUST(unlink(path));
	(void)snprintf(path, sizeof(path), "%s/%s/fifo", state_dir, id);
	(void)unlink(path);
	(void)snprintf(path, sizeof(path), "%s/%s", state_dir, id);
	MUST(rmdir(path));
}

static int run(const char *rootfs, const char *id, const char *filter)
{
	int status;

	if (filter)
		read_filter(filter);
	pid_t pid = make(rootfs, id, -1);
	write_state(id, pid);
	MUST(waitpid(pid, &status, 0));
	remove_cgroups(id);
	remove_state(id);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void create(const char *rootfs, const char *id)
{
	char path[4096];

	(void)mkdir(state_dir, 0700);
	(void)snprintf(path, sizeof(path), "%s/%s.fifo", state_dir, id);
	(void)unlink(path);
	MUST(mkfifo(path, 0600));
	/* Both ends, so that opening it does not wait. */
	int fifo = (int)MUST(open(path, O_RDWR | O_CLOEXEC));
	write_state(id, make(rootfs, id, fifo));
}

static void start(const char *id)
{
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/%s.fifo", state_dir, id);
	int fifo = (int)MUST(open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC));
	MUST(write(fifo, "s", 1));
	MUST(unlink(path));
}

static void delete (const char *id)
{
	pid_t pid = read_state(id);

	(void)kill(pid, SIGKILL);
	/* It is somebody else's child: a cgroup with a process cannot be removed yet. */
	for (int i = 0; i < 5000 && kill(pid, 0) == 0; i++)
		usleep(100);
	remove_cgroups(id);
	remove_state(id);
}

static int exec_true(const char *id)
{
	pid_t pid = read_state(id);
	char path[4096], pid_text[16];
	int status, fd = (int)MUST(syscall(SYS_pidfd_open, pid, 0));

	/* First: seen from its cgroup namespace, ours lies outside (cgroup_namespaces(7)). */
	for (int i = 0; i < n_cgroups; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", cgroups[i], id);
		int dir = (int)MUST(open(path, O_PATH | O_DIRECTORY | O_CLOEXEC));
		(void)snprintf(pid_text, sizeof(pid_text), "%d", getpid());
		write_text(dir, "cgroup.procs", pid_text);
		close(dir);
	}
	MUST(setns(fd, CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWCGROUP |
			       CLONE_NEWNS));
	pid_t inside = fork();
	if (inside == 0) {
		MUST(setsid());
		drop_rights();
		run_true();
	}
	MUST(waitpid(inside, &status, 0));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char *argv[])
{
	const char *what = argc > 1 ? argv[1] : "";

	read_cgroups();
	if (getenv("FLOOR_STATE"))
		state_dir = getenv("FLOOR_STATE");
	if (!strcmp(what, "run") && argc >= 4)
		return run(argv[2], argv[3], argc > 4 ? argv[4] : NULL);
	if (!strcmp(what, "create") && argc == 4)
		return create(argv[2], argv[3]), 0;
	if (!strcmp(what, "start") && argc == 3)
		return start(argv[2]), 0;
	if (!strcmp(what, "delete") && argc == 3)
		return delete (argv[2]), 0;
	if (!strcmp(what, "exec") && argc == 3)
		return exec_true(argv[2]);
	if (!strcmp(what, "state") && argc == 3)
		return printf("%d %d\n", read_state(argv[2]), kill(read_state(argv[2]), 0)) < 0;
	if (!strcmp(what, "kill") && argc == 3)
		return MUST(kill(read_state(argv[2]), SIGCONT)) != 0;
	dprintf(2, "usage: floor run|create|start|delete|exec|state|kill ...\n");
	return 2;
}
