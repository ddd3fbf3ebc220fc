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

# Bytes of files that the cgroup of the first container holds.
cached() {
    sed -n 's/^file //p' "$PARENT/$ID/memory.stat"
}

# LEFT: what is left of 30 MiB that the first container has read when a second one, which has 52 MiB of
# its own, has read 600 MiB so many TIMES, in a cgroup that may have 96 MiB for both.
left_of_30() {
    local first=$1 second=$2 times=$3
    with_disk "$first"
    # Held open: what is cached of a device goes with the last who has it open.
    config '.linux.cgroupsPath = "/hasu-limits/" + $id' --arg id "$ID"
    start_init sh -c 'exec 3</dev/disk; dd of=/dev/null bs=1M <&3; echo ready; sleep 100000'
    [ "$(cached)" -ge $((30 << 20)) ] || fail "holds $(cached)" || return 1
    with_disk "$second"
    config 'del(.linux.resources.memory) | .linux.cgroupsPath = "/hasu-limits/" + $id + "-b"
        | .process.args = ["sh", "-c",
            "for i in $(seq \($times)); do dd if=/dev/disk of=/dev/null bs=52M 2>/dev/null; done"]' \
        --arg id "$ID" --arg times "$times"
    "$HASU" run --bundle "$BUNDLE" "$ID-b" </dev/null || return 1
    LEFT=$(cached)
    "$HASU" delete --force "$ID"
}

@test "memory.reservation: what is reserved stays when another container wants the memory" {
    local first second times=1
    a_disk 30
    first=$LOOP
    a_disk 600
    second=$LOOP
    PARENT=/sys/fs/cgroup/hasu-limits
    mkdir "$PARENT"
    echo "+memory" >/sys/fs/cgroup/cgroup.subtree_control
    echo 100663296 >"$PARENT/memory.max"
    # How soon the kernel takes it is the kernel's affair.
    until left_of_30 "$first" "$second" "$times" && [ "$LEFT" -lt $((20 << 20)) ]; do
        times=$((times * 2))
        [ "$times" -le 64 ] || fail "without a reservation $LEFT bytes are left"
    done
    echo "without a reservation $LEFT bytes are left, after $times rounds"
    config '.linux.resources.memory.reservation = 50331648'
    left_of_30 "$first" "$second" "$times"
    [ "$LEFT" -ge $((29 << 20)) ] || fail "with a reservation $LEFT bytes are left"
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
    for_disk() {
        jq -n '($device / ":" | map(tonumber)) as [$major, $minor] | { weight: ($others | tonumber),
            weightDevice: [{ $major, $minor, weight: ($weight | tonumber) }] }' \
            --arg device "$DEVICE" --arg weight "$1" --arg others "$2"
    }
    reader "$ID-much" "$(for_disk 1000 10)"
    reader "$ID-little" "$(for_disk 10 1000)"
    reads_more "$ID-much" "$ID-little"
}
