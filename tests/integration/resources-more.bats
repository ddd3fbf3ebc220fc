#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Limits that only one version of cgroups has, or only some I/O schedulers: each holds where it can,
# and is refused in words where it cannot.
#
# shellcheck disable=SC2016 # programs of containers
# shellcheck disable=SC2154 # status, output and errors are set by the helpers

load helpers

setup() {
    hasu_setup
    LOOP=
}

teardown() {
    hasu_teardown
    [ -z "$LOOP" ] || losetup -d "$LOOP"
}

resources() {
    config '.linux.resources += ($words[0] | fromjson)' "$1"
}

# Does this host have it? Where not, the words are TEXT and nothing is left.
or_refused() {
    call hasu create -b "$BUNDLE" "$ID"
    [ "$status" -ne 0 ] || return 0
    has "$errors" "$1" || exit 1
    nothing_left
    return 1
}

oom_control() {
    grep -qx "$1" "$DIR/memory.oom_control"
}

@test "memory: swappiness is the cgroup's on v1, and refused on v2" {
    resources '{"memory":{"swappiness":7}}'
    or_refused "/linux/resources/memory/swappiness: a cgroup's swappiness exists on cgroup v1 only" ||
        { cgroup2_only && return; }
    is "$(cat "$(cgroup_of "$(init_pid "$ID")" memory)/memory.swappiness")" 7
}

@test "memory: swappiness 0 is a value like any other" {
    resources '{"memory":{"swappiness":0}}'
    or_refused "exists on cgroup v1 only" || { cgroup2_only && return; }
    is "$(cat "$(cgroup_of "$(init_pid "$ID")" memory)/memory.swappiness")" 0
}

@test "memory: without the OOM killer a program that takes too much stands still, and dies with KILL" {
    resources '{"memory":{"limit":33554432,"disableOOMKiller":true}}'
    program probe touch 128
    or_refused "/linux/resources/memory/disableOOMKiller: " || { cgroup2_only && return; }
    DIR=$(cgroup_of "$(init_pid "$ID")" memory)
    ok hasu start "$ID"
    until_true oom_control "under_oom 1"
    is "$(status_of)" running
    oom_control "oom_kill 0"
    ok hasu kill "$ID" KILL
    wait_stopped
}

@test "unified: a file of cgroup v2 has its value, and the limit holds" {
    resources '{"unified":{"pids.max":"5"}}'
    program probe forks 20
    or_refused "/linux/resources/unified/pids.max: cgroup v2 has no pids controller here" ||
        { ! cgroup2_only && return; }
    is "$(cat "$(cgroup_of "$(init_pid "$ID")" pids)/pids.max")" 5
    ok hasu delete --force "$ID"
    # The probe itself is one of the five.
    call hasu run -b "$BUNDLE" "$ID"
    is "$output" $'refused: Resource temporarily unavailable\n4'
}

@test "unified: what another field of the config has written is not hidden" {
    cgroup2_only || skip "only cgroup v2 alone has controllers to pass on"
    resources '{"pids":{"limit":50},"unified":{"pids.max":"6"}}'
    up
    is "$(cat "$(cgroup_of "$PID" pids)/pids.max")" 6
}

@test "blockIO: a device's weight is the cgroup's, or refused where its scheduler has none" {
    need_tool losetup
    local dir
    truncate -s 8M "$T/disk"
    modprobe loop 2>/dev/null || true
    LOOP=$(losetup -f --show "$T/disk" 2>/dev/null) || skip "this machine has no loop devices"
    config '($words[0] | split(":") | map(tonumber)) as $device | .linux.resources.blockIO.weightDevice =
        [{ major: $device[0], minor: $device[1], weight: 300 }]' "$(cat "/sys/block/${LOOP##*/}/dev")"
    or_refused "/linux/resources/blockIO/weightDevice" || {
        matches "$errors" 'only BFQ has|only the I/O scheduler BFQ has weights|no (blkio|io) controller'
        return
    }
    dir=$(cgroup_of "$(init_pid "$ID")" blkio)
    has "$(cat "$dir"/*.weight* 2>/dev/null)" "$(cat "/sys/block/${LOOP##*/}/dev") 300"
}

@test "update: real-time bandwidth comes and goes on v1, and is refused in words elsewhere" {
    local dir
    up
    if cgroup2_only; then
        fails "a cgroup's real-time bandwidth exists on cgroup v1 only" \
            hasu update --cpu-rt-period 1000000 --cpu-rt-runtime 100000 "$ID"
        return
    fi
    [ -e /sys/fs/cgroup/cpu/cpu.rt_runtime_us ] || {
        fails "this kernel has no cpu.rt_" hasu update --cpu-rt-runtime 100000 "$ID"
        return
    }
    dir=$(cgroup_of "$PID" cpu)
    ok hasu update --cpu-rt-period 500000 --cpu-rt-runtime 50000 "$ID"
    is "$(cat "$dir/cpu.rt_period_us") $(cat "$dir/cpu.rt_runtime_us")" "500000 50000"
    ok hasu update --cpu-rt-runtime 20000 "$ID"
    is "$(cat "$dir/cpu.rt_period_us") $(cat "$dir/cpu.rt_runtime_us")" "500000 20000"
}
