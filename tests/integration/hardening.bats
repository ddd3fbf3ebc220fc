#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What a container, an image or a bundle may try against the runtime: to reach the host through what
# the runtime has open, to hold it up, or to make it act on what is not the container's.
# shellcheck disable=SC2016 # filters of jq, scripts of containers
# shellcheck disable=SC2154 # status, output, errors: set by helpers.bash
load helpers

setup() {
    hasu_setup
    # A program of the host that the rootfs has not; it goes by the beginning of its name.
    HOST_PROGRAM=$T/busybox-of-the-host
    cp "$(command -v busybox)" "$HOST_PROGRAM"
}

teardown() {
    ! mountpoint -q "$T/tmpfs" || umount -l "$T/tmpfs"
    hasu_teardown
}

# From descriptor $1 of the runtime up to the host's root, where more steps lead nowhere, and down.
way_up() {
    echo "/proc/self/fd/$1/../../../../../../../..$HOST_PROGRAM"
}

# --- the program itself (CVE-2019-5736) ---

# The path that Linux shows of what runs: "/" of a read-only mount that no namespace has. Nothing else of
# the process shows how it came there.
@test "the runtime runs from a read-only mount, on a tmpfs as well, and copies nothing" {
    local program
    mkdir "$T/tmpfs"
    mount -t tmpfs tmpfs "$T/tmpfs"
    cp "$HASU" "$T/tmpfs/hasu"
    program sleep 1000
    for program in "$HASU" "$T/tmpfs/hasu"; do
        MARK=here "$program" --root "$ROOT" run -b "$BUNDLE" "$ID" </dev/null >/dev/null 2>&1 3>&- &
        until_true running
        is "$(readlink "/proc/$!/exe")" /
        lacks "$(<"/proc/$!/maps")" "$program"
        is "$(tr '\0' ' ' <"/proc/$!/cmdline")" "$program --root $ROOT run -b $BUNDLE $ID "
        is "$(tr '\0' '\n' <"/proc/$!/environ" | grep ^MARK=)" MARK=here
        ok hasu kill "$ID" KILL
        wait "$!" || true
    done
}

running() {
    [ "$(hasu state "$ID" | jq -r .status)" = running ]
}

# --- descriptors (CVE-2024-21626) ---

@test "a program named by a descriptor of the runtime is none of the host's" {
    local fd
    for fd in {3..12}; do
        config '.process.args = $words' "$(way_up "$fd")" echo of the host
        call hasu run -b "$BUNDLE" "$ID"
        [ "$status" -ne 0 ] || { echo "runs by descriptor $fd: $output"; return 1; }
    done
}

@test "exec runs no program of the host by a descriptor of the runtime" {
    local fd
    up
    for fd in {3..12}; do
        call hasu exec "$ID" "$(way_up "$fd")" echo of the host
        [ "$status" -ne 0 ] || { echo "runs by descriptor $fd: $output"; return 1; }
    done
}

@test "a link of the image through a descriptor of the runtime leads exec nowhere" {
    local fd
    up
    for fd in {3..12}; do
        ln -sfn "$(way_up "$fd")" "$BUNDLE/rootfs/bin/busybox-link"
        call hasu exec "$ID" /bin/busybox-link echo of the host
        [ "$status" -ne 0 ] || { echo "runs by descriptor $fd: $output"; return 1; }
    done
}

@test "a working directory that a descriptor of the runtime leads to is refused" {
    local fd
    program pwd
    for fd in {3..12}; do
        config '.process.cwd = $words[0]' "/proc/self/fd/$fd"
        call hasu run -b "$BUNDLE" "$ID"
        [ "$status" -ne 0 ] || { echo "runs in descriptor $fd: $output"; return 1; }
    done
}

@test "exec into a working directory by a descriptor of the runtime is refused" {
    local fd
    up
    for fd in {3..12}; do
        call hasu exec --cwd "/proc/self/fd/$fd" "$ID" pwd
        [ "$status" -ne 0 ] || { echo "runs in descriptor $fd: $output"; return 1; }
    done
}

# --- keys ---

@test "exec does not bring the caller's session keyring along" {
    local callers
    # A serial number; of the user's own keyring where a caller has none.
    callers=$("$PROBE" keyring)
    up
    in_exec probe keyring
    matches "$output" '^[0-9]+$'
    [ "$output" != "$callers" ]
}

# --- held up ---

@test "SIGTERM ends a create whose hook does not end, and undoes it" {
    local pid
    config '.hooks.createRuntime = [{ path: "/bin/sleep", args: ["sleep", "60"] }]'
    HASU_IT=$ID "$HASU" --root "$ROOT" create -b "$BUNDLE" "$ID" </dev/null >"$T/log" 2>&1 3>&- &
    pid=$!
    until_true pgrep -P "$pid" -x sleep
    kill -TERM "$pid"
    until_true gone "$pid"
    status=0
    wait "$pid" || status=$?
    [ "$status" -ne 0 ]
    nothing_left
}

@test "an interrupted create lets the poststop hooks run to their end" {
    local pid
    config '.hooks.createRuntime = [{ path: "/bin/sleep", args: ["sleep", "60"] }]
        | .hooks.poststop = [{ path: "/bin/sh", args: ["sh", "-c", "sleep 0.2; echo done >\($t)/poststop"] }]'
    HASU_IT=$ID "$HASU" --root "$ROOT" create -b "$BUNDLE" "$ID" </dev/null >"$T/log" 2>&1 3>&- &
    pid=$!
    until_true pgrep -P "$pid" -x sleep
    kill -TERM "$pid"
    until_true gone "$pid"
    wait "$pid" || true
    is "$(cat "$T/poststop")" "done"
}

@test "SIGTERM ends an exec whose process the container has stopped" {
    local i
    program sh -c 'while :; do for p in /proc/[0-9]*; do n=${p#/proc/}
        [ "$n" = 1 ] || kill -STOP "$n"; done; done 2>/dev/null'
    ok hasu run --detach -b "$BUNDLE" "$ID"
    for i in 1 2 3 4 5; do
        # 137 would be timeout's SIGKILL.
        call timeout -s TERM -k 5 1 "$HASU" --root "$ROOT" exec "$ID" true
        [ "$status" -ne 137 ]
    done
}

@test "state answers for a created container that is stopped, however often it is asked" {
    local i
    created
    kill -STOP "$PID"
    for i in {1..40}; do
        call timeout -s KILL 5 "$HASU" --root "$ROOT" state "$ID"
        [ "$status" -eq 0 ] || { echo "state number $i: $status"; kill -CONT "$PID"; return 1; }
    done
    kill -CONT "$PID"
    has "$output" '"created"'
}

@test "a pipe in the place of config.json is not waited for" {
    rm "$CONFIG"
    mkfifo "$CONFIG"
    call timeout -s KILL 5 "$HASU" --root "$ROOT" create -b "$BUNDLE" "$ID"
    is "$status" 1
    has "$errors" config.json
}

@test "SIGTERM ends an exec that waits for its process file" {
    up
    mkfifo "$T/process"
    call timeout -s TERM -k 5 1 "$HASU" --root "$ROOT" exec --process "$T/process" "$ID"
    is "$status" 124
}

# --- what is not the container's ---

@test "the runtime's own mount namespace is not joined" {
    config '(.linux.namespaces[] | select(.type == "mount")).path = "/proc/self/ns/mnt"'
    # In a mount namespace of its own, where a runtime that joins it does no harm.
    fails "mount namespace of the runtime itself" unshare -m --propagation private \
        "$HASU" --root "$ROOT" run -b "$BUNDLE" "$ID"
}

@test "kill reaches the init of a container without a cgroup" {
    program sleep 1000
    config 'del(.linux.resources) | .mounts |= map(select(.type != "cgroup"))'
    ok hasu --cgroup-manager=disabled run --detach -b "$BUNDLE" "$ID"
    ok hasu kill "$ID" KILL
    wait_stopped
}

@test "kill reaches it in a shared pid namespace, too" {
    program sleep 1000
    config 'del(.linux.resources) | .mounts |= map(select(.type != "cgroup"))
        | .linux.namespaces |= map(select(.type != "pid"))'
    ok hasu --cgroup-manager=disabled run --detach -b "$BUNDLE" "$ID"
    ok hasu kill "$ID" KILL
    wait_stopped
}

@test "kill does not fail for a run in the foreground that is quicker to clean up" {
    local i pid
    program sleep 1000
    for i in 1 2 3 4 5 6 7 8 9 10; do
        HASU_IT=$ID "$HASU" --root "$ROOT" run -b "$BUNDLE" "$ID" </dev/null >"$T/log" 2>&1 3>&- &
        pid=$!
        until_true status_is "$ID" running
        ok hasu kill "$ID" KILL
        wait "$pid" || true
    done
}

# --- seccomp ---

@test "a seccomp profile needs to know little of what the runtime does" {
    # Without recvmsg, close_range and faccessat2; with what busybox's echo and the change of user
    # need.
    config '.process.noNewPrivileges = false | .process.args = ["echo", "hello"]
        | .linux.seccomp = { defaultAction: "SCMP_ACT_ERRNO", syscalls: [{ action: "SCMP_ACT_ALLOW",
            names: ["execve", "read", "write", "exit", "exit_group", "brk", "mmap", "munmap",
                "mprotect", "arch_prctl", "set_tid_address", "set_robust_list", "rseq", "prlimit64",
                "readlink", "readlinkat", "getrandom", "fstat", "newfstatat", "fstatat64", "close",
                "rt_sigaction", "rt_sigprocmask", "getuid", "geteuid", "getgid", "getegid", "getpid",
                "getppid", "ioctl", "openat", "getcwd", "chdir", "setgroups", "setuid", "setgid",
                "setresuid", "setresgid", "capset", "capget", "prctl", "futex", "uname", "stat",
                "fcntl", "dup2", "dup3", "getdents64", "lseek", "poll", "ppoll"] }] }'
    ok hasu run -b "$BUNDLE" "$ID"
    is "$output" hello
}
