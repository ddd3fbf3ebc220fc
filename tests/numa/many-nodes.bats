#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Nodes at the edges of a nodemask's bytes and words. A runtime that counts the mask's bits one short
# loses the top bit of the last word: node 63 vanishes from {0,63}, and BIND 63 is refused.
#
# lab-topologies: many-nodes
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

@test "BIND to node 7, 8, 62, 63, 64 and the last" {
    local node
    for node in 7 8 62 63 64 127; do
        policy MPOL_BIND "$node"
        run_init sh -c 'probe policy; probe maps; probe pages 20'
        [ "$output" = "policy MPOL_BIND $node
maps bind:$node
pages 20 $node:20" ] || fail "node $node: $output"
    done
}

@test "PREFERRED and PREFERRED_MANY: the last node, and nodes on both sides of a word's edge" {
    local node
    for node in 63 64 127; do
        policy MPOL_PREFERRED "$node"
        run_init sh -c 'probe policy; probe pages 20'
        [ "$output" = "policy MPOL_PREFERRED $node
pages 20 $node:20" ] || fail "node $node: $output"
    done
    policy MPOL_PREFERRED_MANY 63-64,127
    run_init sh -c 'probe policy; probe pages 20'
    [ "${lines[0]}" = "policy MPOL_PREFERRED_MANY 63-64,127" ] || fail "$output"
    [[ ${lines[1]} =~ ^pages\ 20(\ 63:[0-9]+)?(\ 64:[0-9]+)?(\ 127:[0-9]+)?$ ]] ||
        fail "$output"
}

@test "INTERLEAVE over pairs across the words' edges" {
    local pair
    for pair in 0,63 63,64 62,127 0,127; do
        policy MPOL_INTERLEAVE "$pair"
        run_init sh -c 'probe policy; probe pages 20'
        pair=${pair/63,64/63-64}
        [ "$output" = "policy MPOL_INTERLEAVE $pair
pages 20 ${pair%[-,]*}:10 ${pair#*[-,]}:10" ] || fail "nodes $pair: $output"
    done
}

# exec reads init's mask and sets it again, and a cpuset's list is a mask, too.
@test "exec takes over the top bits of a mask's words, and cpusets have them" {
    mems 7-8,62-64,127
    policy MPOL_BIND 63,127
    start_init probe hold 20
    [ "$(init_maps)" = "maps bind:63,127" ] || fail "$(init_maps)"
    [ "$(exec_in sh -c 'probe allowed; probe policy; probe maps')" = "allowed 7-8,62-64,127
policy MPOL_BIND 63,127
maps bind:63,127" ]
    [[ $(exec_in probe pages 20) =~ ^pages\ 20(\ 63:[0-9]+)?(\ 127:[0-9]+)?$ ]]
    echo 7,63 >"$(init_cgroup)/cpuset.mems"
    [ "$(exec_in probe maps)" = "$(init_maps)" ] || fail "$(init_maps), $(exec_in probe maps)"
    container_teardown
    policy MPOL_BIND+MPOL_F_RELATIVE_NODES 4-5
    start_init probe hold 20
    [ "$(init_maps)" = "maps bind=relative:64,127" ] || fail "$(init_maps)"
    [ "$(exec_in probe maps)" = "maps bind=relative:64,127" ]
    container_teardown
    mems 0-62
    policy MPOL_BIND 63
    run_init probe policy
    [ "$status" -eq 1 ]
    [[ $output == *"node 63 cannot be used here"*"the cpuset allows nodes 0-62"* ]] || fail "$output"
}

@test "all 128 nodes in turn" {
    policy MPOL_INTERLEAVE 0-127
    run_init sh -c 'probe policy; probe pages 128 --order'
    [ "${lines[0]}" = "policy MPOL_INTERLEAVE 0-127" ] || fail "$output"
    expect_pages "turn $(seq -s , 0 127)" "$output"
}

@test "the first node that is not there is named" {
    policy MPOL_BIND 128
    run_init probe policy
    [ "$status" -eq 1 ]
    [[ $output == *"node 128 does not exist: this host has nodes 0-127"* ]] || fail "$output"
}
