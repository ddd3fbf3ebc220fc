#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Limits that cgroup v1 alone has, or has by other files: that the kernel heeds them.
#
# lab-topologies: four-nodes
# lab-kernels: 6.1
# lab-needs: legacy

# shellcheck disable=SC2016 # filters of jq, programs of containers

load container
load limits

bats_require_minimum_version 1.5.0

setup() {
    limits_setup
}

teardown() {
    limits_teardown
}

@test "memory.swappiness: with 0 nothing is swapped, and who takes more than the limit is killed" {
    some_swap
    config '.linux.resources.memory = { limit: 33554432, swap: 134217728, swappiness: 60 }'
    [ "$(takes 48)" = 0 ]
    config '.linux.resources.memory.swappiness = 0'
    [ "$(takes 20)" = 0 ]
    [ "$(takes 48)" = 137 ]
}

@test "blockIO.weight: of two that read one disk, the one with more weight reads more" {
    a_weighing_disk
    reader "$ID-much" '{ "weight": 1000 }'
    reader "$ID-little" '{ "weight": 10 }'
    reads_more "$ID-much" "$ID-little"
}

@test "blockIO.weightDevice: the same with weights for that disk alone" {
    a_weighing_disk
    reader "$ID-much" "$(weights 1000 10)"
    reader "$ID-little" "$(weights 10 1000)"
    reads_more "$ID-much" "$ID-little"
}

# readable CGROUP DEVICE: may one who is there open it?
readable() {
    (echo "$BASHPID" >"/sys/fs/cgroup/devices/$1/cgroup.procs" && : <"$2")
}

@test "an update of device rules refuses nothing in between that stays, and holds in cgroups below" {
    local i below=/sys/fs/cgroup/devices/$ID/below
    config '.linux.resources.devices = [{ allow: false, access: "rwm" },
        { allow: true, type: "c", major: 1, minor: 11, access: "r" }]'
    start_init sh -c 'trap "exit 0" TERM; echo ready
        while :; do { : </dev/null; } 2>/dev/null || echo refused; done'
    mkdir "$below"
    readable "$ID" /dev/kmsg
    readable "$ID/below" /dev/kmsg
    for ((i = 0; i < 3; i++)); do
        "$HASU" update --resources - "$ID" <<<'{"devices":[{"allow":false,"access":"rwm"},
            {"allow":true,"type":"c","major":60,"minor":'"$i"',"access":"r"}]}'
    done
    run ! grep refused "$OUT"
    grep -Fxq 'c 60:2 r' "/sys/fs/cgroup/devices/$ID/devices.list"
    run ! readable "$ID" /dev/kmsg
    run ! readable "$ID/below" /dev/kmsg
    readable "$ID/below" /dev/zero
    # All at once the kernel changes only where there is nothing below.
    run "$HASU" update --resources - "$ID" <<<'{"devices":[{"allow":true,"access":"rwm"}]}'
    [ "$status" -eq 1 ]
    [[ $output == *"begins to allow all devices only where there are no cgroups below"* ]] || fail "$output"
    grep -Fxq 'c 60:2 r' "/sys/fs/cgroup/devices/$ID/devices.list"
    rmdir "$below"
}

# tcp NAME: what the container's file of TCP buffers says.
tcp() {
    cat "/sys/fs/cgroup/memory/$ID/memory.kmem.tcp.$1"
}

# until_tcp NAME LEAST
until_tcp() {
    local i
    for ((i = 0; i < 3000; i++)); do
        [ "$(tcp "$1")" -lt "$2" ] || return 0
        sleep 0.1
    done
    fail "memory.kmem.tcp.$1 holds $(tcp "$1"), and never $2"
}

@test "memory.kernelTCP: buffers beyond the limit are refused, and with a larger limit they are not" {
    # Nobody reads what is sent. Linux counts a cgroup's buffers from its first limit on.
    local program='nc -l -p 5555 -e sleep 100000 & echo ready
        until dd if=/dev/zero bs=64k 2>/dev/null | nc 127.0.0.1 5555; do sleep 0.1; done'
    config '.linux.cgroupsPath = "/" + $id | .linux.resources.memory.kernelTCP = 1073741824' \
        --arg id "$ID"
    start_init sh -c "$program"
    until_tcp usage_in_bytes $((512 << 10))
    [ "$(tcp failcnt)" = 0 ]
    "$HASU" delete --force "$ID"
    config '.linux.resources.memory.kernelTCP = 65536'
    start_init sh -c "$program"
    until_tcp failcnt 10
    [ "$(tcp max_usage_in_bytes)" -lt $((512 << 10)) ] || fail "$(tcp max_usage_in_bytes) bytes"
}
