#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Each mode with each flag it may have: in force on init and each of its threads, and on processes that
# exec starts, their children and threads; and the pages lie where the mode says. What the kernel makes
# of a policy is asked of the kernel by the probe outside any container, and compared.
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

# holds MODE[+FLAG...] NODES WHERE
holds() {
    local asked force seen tasks
    asked=$("$PROBE" set "$1" "$2" policy)
    force=$("$PROBE" set "$1" "$2" maps)
    policy "$1" "$2"
    start_init probe hold 40 --order --threads 2
    tasks=("/proc/$PID/task"/*)
    [ "${#tasks[@]}" -eq 3 ]
    [ "$(grep -m 1 '^policy ' "$OUT")" = "$asked" ] || fail "init: $(cat "$OUT"), not $asked"
    [ "$(init_maps)" = "$force" ] || fail "init: $(init_maps), not $force"
    expect_pages "$3" "$(cat "$OUT")"
    seen=$(exec_in sh -c 'probe policy; probe maps; probe child policy; probe exec policy')
    [ "$seen" = "$asked
$force
$asked
$asked" ] || fail "exec: $seen, not $asked and $force"
    seen=$(exec_in probe threads 2 | sort)
    [ "$seen" = "thread 0 $asked
thread 1 $asked
thread 2 $asked" ] || fail "threads: $seen"
    expect_pages "$3" "$(exec_in probe pages 40 --order)"
    container_teardown
}

@test "DEFAULT and no policy at all: the system's" {
    holds MPOL_DEFAULT - "within 0,1,2,3"
    config 'del(.linux.memoryPolicy)'
    start_init probe hold 1
    [ "$(head -n 1 "$OUT")" = "policy MPOL_DEFAULT -" ]
}

@test "LOCAL: the node of the CPU" {
    config '.linux.resources.cpu.cpus = "2"'
    holds MPOL_LOCAL - "all 2"
}

@test "DEFAULT: the node of the CPU" {
    config '.linux.resources.cpu.cpus = "1"'
    holds MPOL_DEFAULT - "all 1"
}

@test "PREFERRED: the lowest node, plain, STATIC and RELATIVE" {
    holds MPOL_PREFERRED 2 "all 2"
    holds MPOL_PREFERRED 1-3 "all 1"
    holds MPOL_PREFERRED+MPOL_F_STATIC_NODES 3 "all 3"
    holds MPOL_PREFERRED+MPOL_F_RELATIVE_NODES 2 "all 2"
}

@test "PREFERRED without nodes: local" {
    config '.linux.resources.cpu.cpus = "3"'
    holds MPOL_PREFERRED - "all 3"
}

@test "BIND: these nodes alone, plain, STATIC and RELATIVE" {
    holds MPOL_BIND 1-2 "within 1,2"
    holds MPOL_BIND+MPOL_F_STATIC_NODES 3 "all 3"
    holds MPOL_BIND+MPOL_F_RELATIVE_NODES 0,2 "within 0,2"
}

@test "BIND with BALANCING, alone and with each of the others" {
    holds MPOL_BIND+MPOL_F_NUMA_BALANCING 1-2 "within 1,2"
    holds MPOL_BIND+MPOL_F_NUMA_BALANCING+MPOL_F_STATIC_NODES 1-2 "within 1,2"
    holds MPOL_BIND+MPOL_F_NUMA_BALANCING+MPOL_F_RELATIVE_NODES 1-2 "within 1,2"
}

@test "INTERLEAVE: node by node, plain, STATIC and RELATIVE" {
    holds MPOL_INTERLEAVE 0-3 "turn 0,1,2,3"
    holds MPOL_INTERLEAVE+MPOL_F_STATIC_NODES 1,3 "turn 1,3"
    holds MPOL_INTERLEAVE+MPOL_F_RELATIVE_NODES 1-3 "turn 1,2,3"
}

@test "PREFERRED_MANY: any of these, plain, STATIC and RELATIVE" {
    holds MPOL_PREFERRED_MANY 1,3 "within 1,3"
    holds MPOL_PREFERRED_MANY+MPOL_F_STATIC_NODES 0,2 "within 0,2"
    holds MPOL_PREFERRED_MANY+MPOL_F_RELATIVE_NODES 2-3 "within 2,3"
}

@test "WEIGHTED_INTERLEAVE: refused in words before Linux 6.9, else in turn" {
    policy MPOL_WEIGHTED_INTERLEAVE 0-1
    if kernel_older 6 9; then
        run_init probe policy
        [ "$status" -eq 1 ]
        [[ $output == *"/linux/memoryPolicy/mode: MPOL_WEIGHTED_INTERLEAVE needs Linux 6.9; this is $(uname -r)" ]]
        [ -z "$("$HASU" list -q)" ]
    else
        holds MPOL_WEIGHTED_INTERLEAVE 0-1 "turn 0,1"
        holds MPOL_WEIGHTED_INTERLEAVE+MPOL_F_STATIC_NODES 1,3 "turn 1,3"
        holds MPOL_WEIGHTED_INTERLEAVE+MPOL_F_RELATIVE_NODES 0,2 "turn 0,2"
    fi
}

# Of the flags only this one is taken by some kernels with a mode that others refuse it with.
@test "PREFERRED_MANY with BALANCING: refused by the rules, or left to the kernel where that is asked for" {
    local mode=MPOL_PREFERRED_MANY+MPOL_F_NUMA_BALANCING
    policy "$mode" 1-2
    run_init probe policy
    [ "$status" -eq 1 ]
    [[ $output == *"/linux/memoryPolicy/flags"*MPOL_F_NUMA_BALANCING* ]] || fail "$output"
    config '.annotations["hasu.memory-policy.rules"] = "kernel"'
    if "$PROBE" set "$mode" 1-2 policy; then
        holds "$mode" 1-2 "within 1,2"
    else
        run_init probe policy
        [ "$status" -eq 1 ]
        [[ $output == *"/linux/memoryPolicy"* ]] || fail "$output"
        [ -z "$("$HASU" list -q)" ]
    fi
}
