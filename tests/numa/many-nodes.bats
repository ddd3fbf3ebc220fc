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
