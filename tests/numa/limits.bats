#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Limits that show only where the machine has swap, or where another container wants the same memory or
# disk: what is swapped is counted, what is reserved stays, and more weight reads more.
#
# lab-topologies: four-nodes
# lab-kernels: 6.12
#
# shellcheck disable=SC2016 # filters of jq, programs of containers

load container
load limits

bats_require_minimum_version 1.5.0

setup() {
    limits_setup
    PARENT=
}

teardown() {
    "$HASU" delete --force "$ID-b" 2>/dev/null || true
    limits_teardown
    [ -z "$PARENT" ] || rmdir "$PARENT"
}

@test "memory.swap: memory and swap together are limited, and equal to the limit there is no swap" {
    some_swap
    config '.linux.resources.memory = { limit: 33554432, swap: 67108864 }'
    [ "$(takes 20)" = 0 ]
    [ "$(takes 48)" = 0 ]
    [ "$(takes 96)" = 137 ]
    config '.linux.resources.memory = { limit: 33554432, swap: 33554432 }'
    [ "$(takes 20)" = 0 ]
    [ "$(takes 48)" = 137 ]
}

# MiB of files that the cgroup of the first container holds.
cached() {
    echo $(($(sed -n 's/^file //p' "$PARENT/$ID/memory.stat") >> 20))
}

# cached_at_least MIB: Linux sums up what it counted on each CPU every other second.
cached_at_least() {
    local i
    for ((i = 0; i < 300; i++)); do
        [ "$(cached)" -lt "$1" ] || return 0
        sleep 0.1
    done
    fail "of files it holds $(cached) MiB, and not $1"
}

# The first container has read 30 MiB of the disk. It keeps that open: what is cached of a device goes
# with the last who has it open.
first_holds_30() {
    with_disk "$1"
    config '.linux.cgroupsPath = "/hasu-limits/" + $id' --arg id "$ID"
    start_init sh -c 'exec 3</dev/disk; dd of=/dev/null bs=1M <&3; echo ready; sleep 100000'
    cached_at_least 30
}

# The second, which has 52 MiB of its own, has read 300 MiB.
second_reads_300() {
    with_disk "$1"
    config 'del(.linux.resources.memory) | .linux.cgroupsPath = "/hasu-limits/" + $id + "-b"
        | .process.args = ["dd", "if=/dev/disk", "of=/dev/null", "bs=52M"]' --arg id "$ID"
    "$HASU" run --bundle "$BUNDLE" "$ID-b" </dev/null
}

@test "memory.reservation: what is reserved stays when another container wants the memory" {
    local first second rounds=0 i
    a_disk 30
    first=$LOOP
    a_disk 300
    second=$LOOP
    PARENT=/sys/fs/cgroup/hasu-limits
    mkdir "$PARENT"
    echo "+memory" >/sys/fs/cgroup/cgroup.subtree_control
    # So much for both of them.
    echo $((96 << 20)) >"$PARENT/memory.max"
    first_holds_30 "$first"
    # How soon the kernel takes it is the kernel's affair.
    while [ "$(cached)" -gt 25 ]; do
        [ "$rounds" -lt 64 ] || fail "without a reservation $(cached) MiB are left"
        second_reads_300 "$second"
        rounds=$((rounds + 1))
    done
    echo "without a reservation $(cached) MiB are left, after $rounds rounds"
    "$HASU" delete --force "$ID"
    config '.linux.resources.memory.reservation = 50331648'
    first_holds_30 "$first"
    for ((i = 0; i < rounds; i++)); do second_reads_300 "$second"; done
    cached_at_least 29
}

@test "blockIO.weight: of two that read one disk, the one with more weight reads more" {
    a_weighing_disk
    reader "$ID-much" '{ "weight": 1000 }'
    reader "$ID-little" '{ "weight": 10 }'
    reads_more "$ID-much" "$ID-little"
    # And the other way round, while they read.
    "$HASU" update --blkio-weight 10 "$ID-much"
    "$HASU" update --blkio-weight 1000 "$ID-little"
    reads_more "$ID-little" "$ID-much"
}

@test "blockIO.weightDevice: the same with weights for that disk alone" {
    a_weighing_disk
    reader "$ID-much" "$(weights 1000 10)"
    reader "$ID-little" "$(weights 10 1000)"
    reads_more "$ID-much" "$ID-little"
}
