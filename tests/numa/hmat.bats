#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The lab itself: the firmware's table of latencies and bandwidths (HMAT) reaches Linux.
#
# lab-topologies: memory-only
# lab-kernels: all
# lab-needs: nothing

@test "each memory's figures are the table's, seen from its nearest CPUs" {
    local pair ns mibs access seen=0
    # shellcheck source-path=SCRIPTDIR source=topology.bash
    . "$BATS_TEST_DIRNAME/topology.bash"
    topology_read "$LAB_TOPOLOGY"
    for pair in "${!REACH[@]}"; do
        read -r ns mibs <<<"${REACH[$pair]}"
        # Linux shows a node's figures as its nearest CPUs have them, and no others.
        access=/sys/devices/system/node/node${pair#*,}/access0/initiators
        [ -e "$access/node${pair%,*}" ] || continue
        seen=$((seen + 1))
        echo "$pair: $(cat "$access/read_latency") ns, $(cat "$access/read_bandwidth") MiB/s"
        [ "$(cat "$access/read_latency")" = "$ns" ]
        [ "$(cat "$access/read_bandwidth")" = "$mibs" ]
    done
    [ "$seen" -ge "$NODES" ]
}

@test "Linux takes the memory-only node for a slower tier" {
    local tier slow
    for tier in /sys/devices/virtual/memory_tiering/memory_tier*/nodelist; do
        [ -e "$tier" ] || continue
        [ "$(cat "$tier")" != 4 ] || slow=$tier
    done
    echo "tiers: $(grep -H . /sys/devices/virtual/memory_tiering/*/nodelist)"
    case $(uname -r) in
    # Before 6.7 the HMAT did not make tiers.
    6.1.*) [ -z "${slow:-}" ] ;;
    *) [ -n "${slow:-}" ] ;;
    esac
}
