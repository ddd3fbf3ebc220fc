#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Every step of create, run and exec made to fail, and every step's process killed, in a build with
# -Dfaults=true: what was asked for is refused in words, and nothing is left behind. A step that is
# not reached does not fail, and is found so.

# shellcheck disable=SC2016 # filters of jq, programs of hooks
# shellcheck disable=SC2030,SC2031 # each test is a subshell
# shellcheck disable=SC2154 # status, output, errors: set by helpers.bash
load helpers

# Those that the runtime itself goes through; its children the others. The config has a time namespace,
# so that a joiner makes init.
OURS=' reserve save-config cgroup-make cgroup-limit save-creating resctrl rootfs-open ns-open seccomp
    start-socket spawn cgroup-add idmap net-devices oom-score go hook-runtime lock verify pid-file commit '
# From here on hooks may have run, and poststop hooks have to.
HOOKS_BEGIN=hook-runtime
EXEC_STEPS='spawn joiner spawned cgroup-add limits keyring seccomp-load creds cwd executable'
EXEC_OURS=' spawn cgroup-add '

setup() {
    hasu_setup
    FAULTS=${HASU_FAULTS:-$BATS_TEST_DIRNAME/../../build-faults/src/cmd/hasu}
    [ -x "$FAULTS" ] || skip "there is no build with faults here"
    HASU=$FAULTS
    N=$BUNDLE/rootfs/n
    mkdir -m 777 "$N"
    STEPS=$(HASU_FAULT=list "$HASU")
    every_step
    open_above "$T"
}

teardown() {
    hasu_teardown
}

# A config that goes through all steps but "console".
every_step() {
    program probe wait
    config 'def hook(point): [{ path: "/bin/sh",
            args: ["sh", "-c", "echo \(point) >>\($bundle)/rootfs/n/\(point)"] }];
        .linux.namespaces += [{ type: "user" }, { type: "time" }]
        | .linux.timeOffsets = { boottime: { secs: 1000 } }
        | .linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }]
        | .linux.gidMappings = .linux.uidMappings
        | .linux.sysctl = { "net.ipv4.ip_forward": "0" }
        | .linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ names: ["swapon"],
            action: "SCMP_ACT_ERRNO" }] }
        | .process.noNewPrivileges = false
        | .process.rlimits = [{ type: "RLIMIT_NOFILE", soft: 512, hard: 512 }]
        | .process.oomScoreAdj = 10
        | .hostname = "faulty"
        | .hooks = { prestart: hook("prestart"), createContainer: hook("createContainer"),
            startContainer: [{ path: "/bin/true" }], poststop: hook("poststop") }'
    if [ -e /proc/self/numa_maps ]; then
        config '.linux.memoryPolicy = { mode: "MPOL_BIND", nodes: $words[0] }' "$(first_node)"
    fi
}

# The mapped root must get through the directories above the bundle.
open_above() {
    local dir=$1
    while [ "$dir" != / ]; do
        [ "$(stat -c %a "$dir")" != 700 ] || chmod 711 "$dir"
        dir=$(dirname "$dir")
    done
}

# with_fault FAULT COMMAND...: as call; where the step needs a terminal there is one.
with_fault() {
    local fault=$1 listener=
    shift
    rm -f "$N"/*
    if [ "${fault#kill:}" = console ]; then
        config '.process.terminal = true'
        "$PROBE" console "$T/console.sock" >"$T/console" 2>&1 3>&- 4>&- &
        listener=$!
        until_true grep -q listening "$T/console"
        set -- "$@" --console-socket "$T/console.sock"
    fi
    HASU_FAULT=$fault call "$@" "$ID"
    if [ -n "$listener" ]; then
        kill "$listener" 2>/dev/null || true
        wait "$listener" || true
        rm -f "$T/console.sock"
        config '.process.terminal = false'
    fi
}

# The functions below are called where an error does not end the test: their status tells.

says() {
    is "$errors" "hasu: error: $1" && is "$status" 1 && [ ! -e "$T/pid" ] && nothing_left
}

# hooks_as_far_as STEP: poststop hooks have run if, and only if, others may have.
hooks_as_far_as() {
    local step begun=
    for step in $STEPS; do
        [ "$step" != "$HOOKS_BEGIN" ] || begun=1
        [ "$step" != "$1" ] || break
    done
    if [ -n "$begun" ]; then
        is "$(<"$N/poststop")" poststop
    else
        [ ! -e "$N/prestart" ] && [ ! -e "$N/poststop" ]
    fi
}

# killed STEP: what the command in $status and $errors left when the process at this step was.
killed() {
    if [[ $OURS == *[[:space:]]$1[[:space:]]* ]]; then
        # Nobody was there to undo anything: the engine cleans up.
        is "$status" 137 && if [ -d "$ROOT" ]; then call hasu list && is "$status" 0; fi &&
            call hasu delete --force "$ID" && is "$errors" "" && is "$status" 0 && nothing_left
    else
        is "$status" 1 && matches "$errors" '(killed by signal 9|exit status 137)' &&
            [ ! -e "$T/pid" ] && nothing_left
    fi
}

# for_each STEPS COMMAND...: all are gone through, all that are wrong are told.
for_each() {
    local step wrong=0 n=0 steps=$1
    shift
    for step in $steps; do
        n=$((n + 1))
        if ! "$@" "$step" >"$T/words" 2>&1; then
            wrong=$((wrong + 1))
            echo "--- $* $step: status $status, '$errors'"
            head -n 12 "$T/words"
            # The next one starts afresh.
            hasu delete --force "$ID" >/dev/null 2>&1 3>&- 4>&- || true
            find /sys/fs/cgroup -depth -type d -name "*$ID*" -exec rmdir {} + || true
            rm -rf "${ROOT:?}/$ID" "$T/pid"
        fi
    done
    [ "$n" -gt 5 ]
    is "$wrong" 0
}

create_fails_at() {
    with_fault "$1" hasu create --pid-file "$T/pid" -b "$BUNDLE"
    says "injected fault at step '$1'" && hooks_as_far_as "$1"
}

create_killed_at() {
    with_fault "kill:$1" hasu create --pid-file "$T/pid" -b "$BUNDLE"
    killed "$1"
}

run_fails_at() {
    with_fault "$1" hasu run --detach --pid-file "$T/pid" -b "$BUNDLE"
    says "injected fault at step '$1'" && hooks_as_far_as "$1"
}

run_killed_at() {
    with_fault "kill:$1" hasu run --detach --pid-file "$T/pid" -b "$BUNDLE"
    killed "$1"
}

@test "without a fault the config that goes through all steps is a good one" {
    created
    ok hasu start "$ID"
    in_exec true
    ok hasu delete --force "$ID"
    is "$(cat "$N"/*)" $'createContainer\npoststop\nprestart'
    HASU_FAULT=no-such-step ok hasu create -b "$BUNDLE" "$ID"
}

@test "create: each step that fails is told, and nothing is left" {
    for_each "$STEPS" create_fails_at
}

@test "create: where a process is killed nothing is left, after delete --force where it was ours" {
    for_each "$STEPS" create_killed_at
}

# run has no start socket; and in the foreground a terminal is its own.
@test "run: each step that fails is told, and nothing is left" {
    for_each "${STEPS/start-socket/}" run_fails_at
}

@test "run: where the runtime itself is killed nothing is left after delete --force" {
    local step ours=
    for step in ${STEPS/start-socket/}; do
        [[ $OURS != *[[:space:]]"$step"[[:space:]]* ]] || ours+=" $step"
    done
    for_each "$ours" run_killed_at
}

@test "where there is no joiner it is the runtime that adds init to the cgroup" {
    config 'del(.linux.namespaces[] | select(.type == "time")) | del(.linux.timeOffsets)'
    create_fails_at cgroup-add
    create_killed_at cgroup-add
}

# exec_at FAULT: sets status and errors; the container is as before.
exec_at() {
    HASU_FAULT=$1 call hasu exec --pid-file "$T/exec.pid" "$ID" sh -c 'echo >/n/exec'
    [ ! -e "$N/exec" ] && is "$(status_of)" running && is "$(init_pid "$ID")" "$PID" &&
        until_true alone && [ ! -e "$T/exec.pid" ]
}

# Only init is left in the container.
alone() {
    is "$(our_processes)" "$PID"
}

exec_fails_at() {
    exec_at "$1" && is "$errors" "hasu: error: injected fault at step '$1'" && is "$status" 255
}

exec_killed_at() {
    local want=255
    [[ $EXEC_OURS != *" $1 "* ]] || want=137
    exec_at "kill:$1" && is "$status" "$want"
}

@test "exec: each step that fails is told, with status 255, and the container lives on" {
    up
    for_each "$EXEC_STEPS" exec_fails_at
    in_exec true
}

@test "exec: where a process is killed the container lives on" {
    up
    for_each "$EXEC_STEPS" exec_killed_at
    in_exec true
}

@test "a fault of one container leaves another one's alone" {
    up
    config '.linux.cgroupsPath += "-b"'
    HASU_FAULT=memory call hasu create -b "$BUNDLE" "$ID-b"
    is "$errors" "hasu: error: injected fault at step 'memory'"
    HASU_FAULT=kill:go call hasu create -b "$BUNDLE" "$ID-b"
    is "$status" 137
    ok hasu delete --force "$ID-b"
    is "$(status_of)" running
    is "$(init_pid "$ID")" "$PID"
    ok hasu delete --force "$ID"
}

# Without a time namespace to join, the joiner borrows the runtime's memory.
@test "exec: the same where the joiner borrows memory" {
    config 'del(.linux.namespaces[] | select(.type == "time")) | del(.linux.timeOffsets)'
    up
    for_each "$EXEC_STEPS" exec_fails_at
    for_each "$EXEC_STEPS" exec_killed_at
    in_exec true
}

# Frozen at its birth it would not see that nobody waits for it.
@test "exec: what was made in a paused container ends with an exec that failed" {
    up
    ok hasu pause "$ID"
    HASU_FAULT=spawned call hasu exec --ignore-paused "$ID" probe wait
    is "$status" 255
    is "$errors" "hasu: error: injected fault at step 'spawned'"
    until_true alone
    ok hasu resume "$ID"
}
