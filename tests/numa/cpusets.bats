#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Policies inside cpusets: the kernel remaps a policy that was set before its task joined a cpuset,
# so that a runtime with the wrong order lands on other nodes than asked.
#
# lab-topologies: four-nodes
# lab-kernels: all

setup() {
    # shellcheck source-path=SCRIPTDIR source=container.bash
    . "$BATS_TEST_DIRNAME/container.bash"
    container_setup
}

teardown() {
    container_teardown
    system_restore
}

# lands MEMS MODE[+FLAG...] NODES MAPS WHERE
lands() {
    mems "$1"
    policy "$2" "$3"
    start_init probe hold 40 --order --threads 1
    [ "$(init_maps)" = "maps $4" ] || fail "init: $(init_maps), not $4"
    [ "$(exec_in probe maps)" = "maps $4" ] || fail "exec: $(exec_in probe maps), not $4"
    [ "$(exec_in probe allowed)" = "allowed $1" ]
    expect_pages "$5" "$(cat "$OUT")"
    expect_pages "$5" "$(exec_in probe pages 40 --order)"
    container_teardown
}

@test "mems 1-3, BIND 1" {
    lands 1-3 MPOL_BIND 1 bind:1 "all 1"
}

@test "mems 0,2, BIND 2" {
    lands 0,2 MPOL_BIND 2 bind:2 "all 2"
}

@test "mems 1-3, INTERLEAVE 1,2" {
    lands 1-3 MPOL_INTERLEAVE 1-2 interleave:1-2 "turn 1,2"
}

@test "mems 1-3, WEIGHTED_INTERLEAVE 1,3" {
    if kernel_older 6 9; then
        mems 1-3
        policy MPOL_WEIGHTED_INTERLEAVE 1,3
        run_init probe maps
        [[ $output == *"MPOL_WEIGHTED_INTERLEAVE needs Linux 6.9"* ]]
    else
        lands 1-3 MPOL_WEIGHTED_INTERLEAVE 1,3 "weighted interleave:1,3" "turn 1,3"
    fi
}

@test "mems 2-3, RELATIVE 0 is the first allowed node" {
    lands 2-3 MPOL_BIND+MPOL_F_RELATIVE_NODES 0 bind=relative:2 "all 2"
    lands 2-3 MPOL_INTERLEAVE+MPOL_F_RELATIVE_NODES 0-1 interleave=relative:2-3 "turn 2,3"
}

@test "mems 1, BIND 0: refused in words, and nothing is left" {
    local before
    before=$(find /sys/fs/cgroup -type d | sort)
    mems 1
    policy MPOL_BIND 0
    run_init probe maps
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *"/linux/memoryPolicy/nodes: node 0 cannot be used here"*"the cpuset allows node 1"* ]]
    [ -z "$("$HASU" list -q)" ]
    [ "$(find /sys/fs/cgroup -type d | sort)" = "$before" ]
}

@test "a partial overlap is warned about, and refused with the annotation" {
    mems 2-3
    policy MPOL_BIND 1-2
    run_init probe maps
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *"warning: /linux/memoryPolicy/nodes"*"'1'"*"in force: '2'"* ]]
    [[ $output == *"maps bind:2" ]]
    config '.annotations["hasu.memory-policy.narrowing"] = "refuse"'
    run_init probe maps
    echo "$output"
    [ "$status" -eq 1 ]
    [ -z "$("$HASU" list -q)" ]
}
