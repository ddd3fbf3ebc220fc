# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2016 # programs of containers, filters of jq
#
# --systemd-cgroup where systemd keeps its units in cgroup v2 and v1 has controllers. Debian's 6.12 has
# memory and cpuset on v2 alone, and systemd knows nothing of that: each limit goes where its controller
# is.
#
# lab-topologies: four-nodes
# lab-kernels: 6.12
# lab-needs: hybrid

load container
load scope

bats_require_minimum_version 1.5.0

setup() {
    scope_setup
}

teardown() {
    scope_teardown
}

@test "a container is a scope, and has its path in every hierarchy of both versions" {
    up
    is "$(grep -c '^0::/system.slice/' "/proc/$PID/cgroup")" 1
    expect_everywhere
    "$HASU" delete --force "$ID"
    nothing_left
}

@test "limits are where their controllers are, and daemon-reload leaves them" {
    config '.linux.resources = { memory: { limit: 67108864, swap: 67108864 },
        cpu: { shares: 500, quota: 30000, period: 100000, cpus: "0-1", mems: "1-2" },
        pids: { limit: 50 }, unified: { "memory.high": "60M" } }'
    up
    systemctl daemon-reload
    shows CPUShares=500 CPUQuotaPerSecUSec=300ms TasksMax=50 DevicePolicy=strict
    holds memory.max 67108864 memory.high 62914560 cpuset.cpus 0-1 cpuset.mems 1-2 cpu.shares 500 \
        cpu.cfs_quota_us 30000 pids.max 50
    "$HASU" update --memory 128M --memory-swap 128M --pids-limit 33 "$ID"
    systemctl daemon-reload
    holds memory.max 134217728 pids.max 33
    shows TasksMax=33
}

@test "the limits of memory and of processes hold" {
    config '.linux.resources = { memory: { limit: 33554432, swap: 33554432 }, pids: { limit: 3 } }'
    run_init probe eat 64
    [ "$status" -eq 137 ] || fail "status $status: $output"
    run_init sh -c 'for i in 1 2 3 4 5; do sleep 60 & done; wait'
    has "$output" "can't fork"
    nothing_left
}

@test "the memory policy is set inside the container's cpuset" {
    mems 2-3
    policy MPOL_BIND 3
    start_init probe hold 8 --order
    expect_pages "all 3" "$(grep '^order' "$OUT")"
    systemctl daemon-reload
    is "$(init_maps)" "maps bind:3"
    expect_pages "all 3" "$(exec_in probe pages 8 --order)"
}

@test "exec, ps, pause, resume, kill and delete are about all of its cgroups" {
    up
    is "$(exec_in cat /proc/self/cgroup | grep -vc ':/$')" 0
    "$HASU" exec -d "$ID" sleep 1000
    is "$("$HASU" ps --format json "$ID" | jq -c 'length')" 2
    "$HASU" pause "$ID"
    holds cgroup.freeze 1
    is "$("$HASU" state "$ID" | jq -r .status)" paused
    mkdir "/sys/fs/cgroup/unified/system.slice/$UNIT/sub" "/sys/fs/cgroup/pids/system.slice/$UNIT/sub"
    "$HASU" delete --force "$ID"
    nothing_left
}

@test "a create that fails leaves nothing, in no hierarchy" {
    config '.process.args = ["true"] | .hooks.createRuntime = [{ path: "/bin/false" }]'
    run ! "$HASU" create -b "$BUNDLE" "$ID"
    nothing_left
}
