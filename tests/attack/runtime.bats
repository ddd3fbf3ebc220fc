#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Attacks on the runtime itself: its binary, its memory, what it has open. docs/attacks.md has the list.
# shellcheck disable=SC2016 # filters of jq, scripts of containers
# shellcheck disable=SC2154 # status, output, errors: set by helpers.bash
load helpers

setup() {
    attack_setup
}

teardown() {
    hasu_teardown
}

# In the container: hold the runtime's file open until it is executed no more, then write to it.
KEEP='exec 3<"$file"; echo held >/held
    until [ -e /go ]; do sleep 0.02; done
    { echo evil >/proc/self/fd/3; } 2>/wrote || true
    attacker reopen 3 >>/wrote 2>&1
    echo end >>/wrote'

strong() {
    all_capabilities
    config '.process.noNewPrivileges = false'
}

wrote_nothing() {
    until_true grep -q end "$ROOTFS/wrote"
    runtime_unchanged
    lacks "$(<"$ROOTFS/wrote")" ': done'
}

@test "run: an image rewrites the runtime by /proc/1/exe of an init that waits for start (CVE-2019-5736)" {
    strong
    program sleep 1000
    created
    ok hasu exec --detach "$ID" sh -c 'file=/proc/1/exe; '"$KEEP"
    until_true test -e "$ROOTFS/held"
    ok hasu start "$ID"
    touch "$ROOTFS/go"
    wrote_nothing
    has "$(<"$ROOTFS/wrote")" "Read-only file system"
}

# The image's program is the runtime, by way of its "#!". It waits, as a pipe of the image is its log.
runtime_inside() {
    printf '#!/proc/self/exe --log=/pipe\n' >"$ROOTFS/bin/evil"
    chmod 755 "$ROOTFS/bin/evil"
    mkfifo -m 666 "$ROOTFS/pipe"
}

CATCH='until n=$(grep -ls -e "--log=[/]pipe" /proc/[0-9]*/cmdline); do sleep 0.02; done
    n=${n%/cmdline}; file=$n/exe'
LET_GO='(cat /pipe >/dev/null; while [ -e "$n" ]; do sleep 0.02; done; touch /go) &'

@test "exec: a program that is the runtime by its #! gives away the runtime's file (CVE-2019-5736)" {
    runtime_inside
    strong
    up
    ok hasu exec --detach "$ID" sh -c "$CATCH; $LET_GO $KEEP"
    ok hasu exec --detach "$ID" /bin/evil
    wrote_nothing
    has "$(<"$ROOTFS/wrote")" "Read-only file system"
}

@test "exec: the same in a user namespace that owns the runtime's file" {
    userns
    runtime_inside
    chown 100000:100000 "$HASU" "$ROOTFS/bin/evil" "$ROOTFS/pipe"
    strong
    up
    ok hasu exec --detach "$ID" sh -c "$CATCH; $LET_GO $KEEP"
    ok hasu exec --detach "$ID" /bin/evil
    wrote_nothing
    has "$(<"$ROOTFS/wrote")" "Read-only file system"
}

@test "run: in a user namespace not even /proc/1/exe of a waiting init is opened" {
    userns
    strong
    chown 100000:100000 "$HASU"
    program sleep 1000
    created
    in_exec sh -c '(: </proc/1/exe) 2>&1 || true'
    has "$output" "Permission denied"
    runtime_unchanged
}

@test "a process of the container looks into an init that waits for start" {
    program sleep 1000
    created
    in_exec sh -c 'probe open /proc/1/fd/0 r; probe open /proc/1/mem r; probe open /proc/1/environ r'
    is "$output" $'Permission denied\nPermission denied\nPermission denied'
}

filters_of() {
    sed -n 's/^Seccomp_filters:[[:space:]]*//p' "/proc/$1/status"
}

# Its filter is the last that it loads before it waits. The tests may run under filters themselves.
waits_for_agent() {
    local pid
    for pid in $(pgrep -P "$exec_pid"); do
        if [ "$(filters_of "$pid")" -gt "$(filters_of "$$")" ]; then return 0; fi
    done
    return 1
}

@test "exec waits for ever in a cgroup that the container froze" {
    local dir low=/low file=cgroup.freeze frozen=1 thawed=0
    if ! cgroup2_only; then low=freezer:/low file=freezer.state frozen=FROZEN thawed=THAWED; fi
    up
    # What the container may do where it can write to its cgroups, and what exec knows nothing of.
    dir=$(cgroup_of "$PID" freezer)/low
    mkdir "$dir"
    echo "$frozen" >"$dir/$file"
    call timeout -k 1 60 "$HASU" --root "$ROOT" exec --cgroup "$low" "$ID" true
    echo "$thawed" >"$dir/$file"
    until_true rmdir "$dir"
    is "exec: $status" "exec: 255"
    has "$errors" "cannot exec in container '$ID': it was paused, or froze itself"
}

@test "a process of the container looks into what exec is about to start (CVE-2016-9962)" {
    local agent exec_pid
    # Its seccomp agent answers nobody, so that exec waits with all rights given up, before execve.
    config '.linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", listenerPath: "\($t)/agent",
        syscalls: [{ names: ["swapon"], action: "SCMP_ACT_NOTIFY" }] }'
    "$PROBE" agent "$T/agent" 1 </dev/null >"$T/agent.out" 2>&1 3>&- 4>&- &
    agent=$!
    until_true test -S "$T/agent"
    program sh -c 'until n=$(grep -ls -e "[-]-root" /proc/[0-9]*/cmdline); do sleep 0.02; done
        n=${n%/cmdline}
        while :; do (probe open $n/fd/0 r; probe open $n/mem r) >/new; mv /new /looked; sleep 0.02; done'
    ok hasu run --detach -b "$BUNDLE" "$ID"
    kill "$agent"
    rm "$T/agent"
    "$ATTACKER" full "$T/agent" </dev/null >"$T/full" 2>&1 3>&- 4>&- &
    agent=$!
    until_true grep -q full "$T/full"
    HASU_IT=$ID "$HASU" --root "$ROOT" exec "$ID" sleep 1000 </dev/null >"$T/log" 2>&1 3>&- 4>&- &
    exec_pid=$!
    until_true test -e "$ROOTFS/looked"
    # By now it waits for its agent, all rights given up: what counts is a look from here on.
    until_true waits_for_agent
    rm "$ROOTFS/looked"
    until_true test -e "$ROOTFS/looked"
    rm "$ROOTFS/looked"
    until_true test -e "$ROOTFS/looked"
    kill "$agent"
    is "$(<"$ROOTFS/looked")" $'Permission denied\nPermission denied'
}

# --- what it has open (CVE-2024-21626); more of these are in integration/hardening.bats ---

@test "a link of the image is a way to the host by a descriptor of the runtime, as working directory" {
    local fd
    up
    for fd in {3..12}; do
        ln -sfn "/proc/self/fd/$fd" "$ROOTFS/work"
        call hasu exec --cwd /work "$ID" ls
        [ "$status" -ne 0 ] || { echo "works in the host by descriptor $fd: $output"; return 1; }
        has "$errors" "/process/cwd: chdir to '/work': "
    done
}

@test "a script of the image is interpreted by a program of the host, by a descriptor of the runtime" {
    local fd
    cp "$(command -v busybox)" "$OUTSIDE/busybox"
    for fd in {3..12}; do
        printf '#!/proc/self/fd/%d/../../../../../../../..%s echo\n' "$fd" "$OUTSIDE/busybox" >"$ROOTFS/bin/script"
        chmod 755 "$ROOTFS/bin/script"
        program /bin/script
        call hasu run -b "$BUNDLE" "$ID"
        [ "$status" -ne 0 ] || { echo "the host's program runs, by descriptor $fd: $output"; return 1; }
    done
}

@test "a descriptor that the caller left open is the container's" {
    echo secret >"$T/secret"
    program sh -c 'for fd in 3 4 5 6 7 8 9; do timeout 5 cat /proc/self/fd/$fd 2>/dev/null; done; true'
    call bash -c 'exec 7<"$0"; exec "$@"' "$T/secret" "$HASU" --root "$ROOT" run -b "$BUNDLE" "$ID"
    lacks "$output" secret
    up
    call bash -c 'exec 7<"$0"; exec "$@"' "$T/secret" "$HASU" --root "$ROOT" exec "$ID" \
        sh -c 'for fd in 3 4 5 6 7 8 9; do timeout 5 cat /proc/self/fd/$fd 2>/dev/null; done; true'
    lacks "$output" secret
}

# --- its terminal ---

@test "a program without a terminal of its own types into the caller's" {
    program sh -c 'attacker type "echo evil"; exit 7'
    call "$PROBE" pty 24 80 -- "$HASU" --root "$ROOT" run -b "$BUNDLE" "$ID"
    is "$status" 7
    lacks "$output" typed
}
