#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# linux.intelRdt on a machine whose CPUs cannot share out caches: refused in words, with nothing left.
# What is done with resctrl where there is one is tested in tests/unit/test-linux-rdt.c, on a tree that
# looks like it: no emulator has such CPUs.
#
# shellcheck disable=SC2016 # filters of jq, programs of containers
# shellcheck disable=SC2154 # status, output and errors are set by the helpers

load helpers

setup() {
    hasu_setup
    program sh -c 'echo it runs'
    ! grep -qw resctrl /proc/self/mounts || skip "this machine has resctrl"
}

teardown() {
    hasu_teardown
}

@test "each way to ask for a class is refused, and nothing is left" {
    local rdt why="this host has no resctrl file system: its CPUs or its kernel have neither Intel RDT nor AMD QoS"
    [ ! -d /sys/fs/resctrl ] || why="no resctrl file system is mounted"
    for rdt in '{}' '{"closID":"/"}' '{"closID":"gold"}' '{"enableMonitoring":true}' \
        '{"l3CacheSchema":"L3:0=f"}' '{"memBwSchema":"MB:0=20"}' '{"schemata":["L2:0=f"]}'; do
        config '.linux.intelRdt = ($words[0] | fromjson)' "$rdt"
        fails "/linux/intelRdt: $why" hasu create -b "$BUNDLE" "$ID"
        fails "/linux/intelRdt: $why" hasu run -b "$BUNDLE" "$ID"
        nothing_left
    done
}

@test "without intelRdt nothing asks for resctrl" {
    inside_ok 'echo it runs'
    is "$output" "it runs"
}

@test "a saved state that names another directory is no way to remove one" {
    up
    mkdir "$T/victim" "$T/victim/info" "$T/victim/gold"
    jq --arg root "$T/victim" '.rdt = { root: $root, class: "gold", own: true, made: true,
        monitored: false }' "$ROOT/$ID/state.json" >"$T/state.new"
    cp "$T/state.new" "$ROOT/$ID/state.json"
    ok hasu delete --force "$ID"
    [ -d "$T/victim/gold" ]
}
