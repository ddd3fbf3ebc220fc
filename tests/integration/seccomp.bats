#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Seccomp filters: what a system call meets, with the probe making it.
#
# shellcheck disable=SC2016 # filters of jq, programs of containers
# shellcheck disable=SC2154 # status, output and errors are set by the helpers

load helpers

setup() {
    hasu_setup
}

teardown() {
    hasu_teardown
}

# Numbers of the architecture that the tests run on: getppid, sched_yield, kill.
numbers() {
    case $(uname -m) in
    x86_64) getppid=110 yield=24 getcwd=79 ;;
    aarch64) getppid=173 yield=124 getcwd=17 ;;
    *) skip "no table of system calls for this machine" ;;
    esac
}

seccomp() {
    config '.linux.seccomp = ($words[0] | fromjson)' "$1"
}

# Not by a shell: that asks for its parent itself.
ends_by_sigsys() {
    program probe call "$getppid"
    call hasu run -b "$BUNDLE" "$ID"
    is "$status" 159
}

@test "seccomp: ERRNO gives EPERM, or the errno that is asked for" {
    numbers
    seccomp '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[
        {"names":["getppid"],"action":"SCMP_ACT_ERRNO"},
        {"names":["sched_yield"],"action":"SCMP_ACT_ERRNO","errnoRet":28}]}'
    inside_ok "probe call $getppid; probe call $yield; grep ^Seccomp: /proc/self/status"
    is "$output" $'Operation not permitted\nNo space left on device\nSeccomp:\t2'
}

@test "seccomp: without one nothing is filtered" {
    numbers
    inside_ok "probe call $getppid; grep ^Seccomp: /proc/self/status"
    is "$output" $'0\nSeccomp:\t0'
}

@test "seccomp: KILL ends the program with SIGSYS" {
    numbers
    for action in SCMP_ACT_KILL SCMP_ACT_KILL_PROCESS SCMP_ACT_KILL_THREAD; do
        seccomp '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["getppid"],"action":"'$action'"}]}'
        ends_by_sigsys
    done
}

@test "seccomp: TRAP sends SIGSYS, LOG lets pass, TRACE without a tracer is ENOSYS" {
    numbers
    seccomp '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["getppid"],"action":"SCMP_ACT_TRAP"}]}'
    ends_by_sigsys
    seccomp '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["getppid"],"action":"SCMP_ACT_LOG"}]}'
    inside_ok "probe call $getppid"
    is "$output" 0
    seccomp '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["getppid"],"action":"SCMP_ACT_TRACE"}]}'
    inside_ok "probe call $getppid"
    is "$output" "Function not implemented"
}

@test "seccomp: a list of what is allowed, and defaultErrnoRet for the rest" {
    numbers
    seccomp '{"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":38,"syscalls":[{"names":[
        "access","arch_prctl","brk","capget","chdir","clone","close","dup2","execve","exit","exit_group",
        "faccessat","faccessat2","fcntl","fork","fstat","fstatfs","futex","getcwd","getdents64","getegid",
        "geteuid","getgid","getpid","getrandom","getuid","ioctl","lseek","lstat","mmap","mprotect",
        "munmap","newfstatat","open","openat","pipe","pipe2","poll","prctl","pread64","prlimit64","read",
        "readlink","readlinkat","rseq","rt_sigaction","rt_sigprocmask","rt_sigreturn","sendmsg",
        "set_robust_list","set_tid_address","sigaltstack","stat","statx","uname","vfork","wait4","write",
        "writev","no_such_call_yet"],"action":"SCMP_ACT_ALLOW"}]}'
    inside_ok "probe call $getppid; echo allowed"
    is "$output" $'Function not implemented\nallowed'
}

@test "seccomp: what starts the container needs no getcwd, which a filter may forbid" {
    local nnp
    numbers
    for nnp in false true; do
        seccomp '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["getcwd"],"action":"SCMP_ACT_ERRNO"}]}'
        config ".process.noNewPrivileges = $nnp"
        inside_ok "probe call $getcwd"
        is "$nnp $output" "$nnp Operation not permitted"
    done
}

@test "seccomp: arguments are compared, all seven ways" {
    numbers
    # sched_yield takes none, so that any may be given.
    local n=0 op value two hit miss
    while read -r op value two hit miss; do
        seccomp '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["sched_yield"],
            "action":"SCMP_ACT_ERRNO","args":[{"index":1,"op":"'"$op"'","value":'"$value"',"valueTwo":'"$two"'}]}]}'
        inside_ok "probe call $yield 0 $hit; probe call $yield 0 $miss"
        is "$op $(paste -sd / <<<"$output")" "$op Operation not permitted/0"
        n=$((n + 1))
    done <<'END'
SCMP_CMP_NE 5 0 6 5
SCMP_CMP_LT 5 0 4 5
SCMP_CMP_LE 5 0 5 6
SCMP_CMP_EQ 4294967301 0 4294967301 5
SCMP_CMP_GE 5 0 5 4
SCMP_CMP_GT 5 0 6 5
SCMP_CMP_MASKED_EQ 12 8 11 7
END
    is "$n" 7
}

@test "seccomp: several arguments of one rule must all match" {
    numbers
    seccomp '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["sched_yield"],"action":"SCMP_ACT_ERRNO",
        "args":[{"index":0,"op":"SCMP_CMP_EQ","value":1},{"index":1,"op":"SCMP_CMP_EQ","value":2}]}]}'
    inside_ok "probe call $yield 1 2; probe call $yield 1 3; probe call $yield 0 2"
    is "$output" $'Operation not permitted\n0\n0'
}

@test "seccomp: it is in force for exec, too" {
    numbers
    seccomp '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["getppid"],"action":"SCMP_ACT_ERRNO"}]}'
    up
    in_exec probe call "$getppid"
    is "$output" "Operation not permitted"
}

@test "seccomp: with and without noNewPrivileges, for root and others" {
    numbers
    seccomp '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["getppid"],"action":"SCMP_ACT_ERRNO"}]}'
    for nnp in true false; do
        for uid in 0 1000; do
            config '.process.noNewPrivileges = ($words[0] == "true") | .process.user.uid = ($words[1] | tonumber)' \
                $nnp $uid
            inside_ok "probe call $getppid"
            is "$output" "Operation not permitted"
        done
    done
}

@test "seccomp: a filter that forbids what hasu itself needs does not break it" {
    seccomp '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["set_mempolicy","get_mempolicy",
        "setuid","setgid","setgroups","capset","mount","pivot_root","chdir","fchdir","prctl"],
        "action":"SCMP_ACT_ERRNO"}]}'
    config '.process.user.uid = 1000 | .process.noNewPrivileges = true'
    inside_ok 'id -u'
    is "$output" 1000
}

@test "seccomp: a filter that forbids everything, exit_group too, ends the container and hasu" {
    seccomp '{"defaultAction":"SCMP_ACT_ERRNO"}'
    program true
    # Loaded before the container is ready, and after start has said that it begins.
    config '.process.noNewPrivileges = false'
    call timeout --foreground -s KILL 120 "$HASU" --root "$ROOT" run -b "$BUNDLE" "$ID"
    is "$status" 1
    has "$errors" "/linux/seccomp: forbids execve(2), by which the program is started"
    has "$errors" "a seccomp filter that forbids even exit_group(2) does that"
    config '.process.noNewPrivileges = true'
    call timeout --foreground -s KILL 120 "$HASU" --root "$ROOT" run -b "$BUNDLE" "$ID"
    # The instruction that ends it is a C library's own: SIGILL or SIGSEGV.
    matches "$status" '^(132|139)$'
    nothing_left
}

@test "seccomp: what is wrong is refused with its place" {
    while IFS=$'\t' read -r json words; do
        seccomp "$json"
        fails "/linux/seccomp" hasu create -b "$BUNDLE" "$ID"
        has "$errors" "$words"
    done <<'END'
{"syscalls":[]}	defaultAction
{"defaultAction":"SCMP_ACT_NOSUCH"}	SCMP_ACT_NOSUCH
{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":[],"action":"SCMP_ACT_ERRNO"}]}	names
{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["getppid"],"action":"SCMP_ACT_ERRNO","args":[{"index":6,"op":"SCMP_CMP_EQ","value":1}]}]}	index
{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["getppid"],"action":"SCMP_ACT_ERRNO","args":[{"index":0,"op":"SCMP_CMP_IS","value":1}]}]}	SCMP_CMP_IS
{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_PDP11"]}	SCMP_ARCH_PDP11
{"defaultAction":"SCMP_ACT_ALLOW","flags":["SECCOMP_FILTER_FLAG_NOSUCH"]}	SECCOMP_FILTER_FLAG_NOSUCH
END
    nothing_left
}

@test "seccomp: a further architecture is filtered, too" {
    numbers
    [ "$(uname -m)" = x86_64 ] || skip "a test of x86"
    seccomp '{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_X86_64","SCMP_ARCH_X86","SCMP_ARCH_X32"],
        "syscalls":[{"names":["getppid"],"action":"SCMP_ACT_ERRNO"}]}'
    inside_ok "probe call $getppid; probe call $((0x40000000 + getppid))"
    is "$(head -n 1 <<<"$output")" "Operation not permitted"
    # Where the kernel has x32 it is the same call.
    lacks "$(tail -n 1 <<<"$output")" 0
}

@test "seccomp: the flags are the filter's" {
    local words
    for words in '[]:no flags' '["SECCOMP_FILTER_FLAG_LOG"]:log' \
        '["SECCOMP_FILTER_FLAG_TSYNC","SECCOMP_FILTER_FLAG_SPEC_ALLOW","SECCOMP_FILTER_FLAG_LOG"]:log'; do
        seccomp '{"defaultAction":"SCMP_ACT_ALLOW","flags":'"${words%:*}"',
            "syscalls":[{"names":["getppid"],"action":"SCMP_ACT_ERRNO"}]}'
        up
        # The kernel tells of filters only where it was built for checkpoints.
        call "$PROBE" filter "$PID"
        [[ $errors != *"Input/output error"* ]] || skip "this kernel does not tell what filters are"
        is "$output$errors" "${words##*:}"
        ok hasu delete --force "$ID"
    done
}

@test "seccomp: the compiled filter is kept for the next container, and a changed profile gets its own" {
    policy_of() {
        config '.linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW",
            syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: ($words[0] | tonumber) }] }' "$1"
    }
    kept() {
        find "$ROOT/@seccomp" -type f -perm 0600 | wc -l
    }
    program mkdir /tmp/x
    for _ in 1 2 3; do
        policy_of 28 # ENOSPC
        fails "No space left on device" hasu run -b "$BUNDLE" "$ID"
        is "$(kept)" 1
    done
    policy_of 30 # EROFS
    fails "Read-only file system" hasu run -b "$BUNDLE" "$ID"
    is "$(kept)" 2
    # What is not whole is not used, and made anew.
    for file in "$ROOT/@seccomp"/*; do
        truncate -s -8 "$file"
    done
    fails "Read-only file system" hasu run -b "$BUNDLE" "$ID"
    # Where nothing can be kept, containers run as well.
    rm -r "$ROOT/@seccomp"
    ln -s /nowhere "$ROOT/@seccomp"
    fails "Read-only file system" hasu run -b "$BUNDLE" "$ID"
    rm "$ROOT/@seccomp"
}
