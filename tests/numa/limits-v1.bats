#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Limits that cgroup v1 alone has: that the kernel heeds them.
#
# lab-topologies: four-nodes
# lab-kernels: 6.1
# lab-needs: legacy

load container

bats_require_minimum_version 1.5.0

setup() {
    container_setup
    LOOP='' SWAP=''
}

teardown() {
    container_teardown
    [ -z "$SWAP" ] || swapoff "$SWAP"
    [ -z "$LOOP" ] || losetup -d "$LOOP"
}

@test "memory.swappiness: with 0 nothing is swapped, and who takes more than the limit is killed" {
    truncate -s 128M "$BATS_TEST_TMPDIR/swap"
    modprobe loop
    LOOP=$(losetup -f)
    losetup "$LOOP" "$BATS_TEST_TMPDIR/swap"
    mkswap "$LOOP"
    swapon "$LOOP"
    SWAP=$LOOP
    config '.linux.resources.memory = { limit: 33554432, swap: 134217728, swappiness: 60 }'
    [ "$(takes 48)" = 0 ]
    config '.linux.resources.memory.swappiness = 0'
    [ "$(takes 20)" = 0 ]
    [ "$(takes 48)" = 137 ]
}
