#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Limits of memory that show only where the machine has swap, or where another container wants the
# memory: what is swapped is counted, and what is reserved stays.
#
# lab-topologies: four-nodes
# lab-kernels: 6.12
#
# shellcheck disable=SC2016 # filters of jq, programs of containers

setup() {
    # shellcheck source-path=SCRIPTDIR source=container.bash
    . "$BATS_TEST_DIRNAME/container.bash"
    container_setup
    LOOPS=() SWAP='' PARENT=''
}

teardown() {
    local loop
    "$HASU" delete --force "$ID-b" 2>/dev/null || true
    container_teardown
    [ -z "$SWAP" ] || swapoff "$SWAP"
    for loop in "${LOOPS[@]}"; do losetup -d "$loop"; done
    [ -z "$PARENT" ] || rmdir "$PARENT"
}

# a_disk MIB: LOOP is a block device without contents, of a file that takes no memory.
a_disk() {
    truncate -s "$1M" "$BATS_TEST_TMPDIR/disk-${#LOOPS[@]}"
    modprobe loop
    LOOP=$(losetup -f)
    losetup "$LOOP" "$BATS_TEST_TMPDIR/disk-${#LOOPS[@]}"
    LOOPS+=("$LOOP")
}

@test "memory.swap: memory and swap together are limited, and equal to the limit there is no swap" {
    a_disk 128
    mkswap "$LOOP"
    swapon "$LOOP"
    SWAP=$LOOP
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

# with_disk LOOP FILTER: the container may read it.
with_disk() {
    local device
    device=$(cat "/sys/block/${1##*/}/dev")
    config '($major | tonumber) as $major | ($minor | tonumber) as $minor
        | .linux.devices = [{ path: "/dev/disk", type: "b", major: $major, minor: $minor }]
        | .linux.resources.devices = [{ allow: true, type: "b", major: $major, minor: $minor,
            access: "r" }]' --arg major "${device%:*}" --arg minor "${device#*:}"
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
