#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# MPOL_F_NUMA_BALANCING: pages move within the nodes of BIND to where they are used, and what the
# kernel makes of such a policy when the cpuset changes.
#
# lab-topologies: four-nodes
# lab-kernels: all

setup() {
    # shellcheck source-path=SCRIPTDIR source=container.bash
    . "$BATS_TEST_DIRNAME/container.bash"
    container_setup
    remember /proc/sys/kernel/numa_balancing
    echo 1 >/proc/sys/kernel/numa_balancing
}

teardown() {
    container_teardown
    system_restore
}

# later MODE SECONDS: how 2000 pages of node 1 lie after CPU 2 has used them, until most of them have
# moved or the time is over.
later() {
    policy "$1" 1-2
    run_init probe cpu 1 pages 2000 --later 2 "$2"
    [ "$status" -eq 0 ] || fail "$output" || return 1
    [ "${lines[0]}" = "pages 2000 1:2000" ] || fail "$output" || return 1
    echo "${lines[1]}"
}

@test "BIND with BALANCING: pages go to the node that uses them; without it they stay" {
    local seen start=$SECONDS
    seen=$(later MPOL_BIND+MPOL_F_NUMA_BALANCING 300)
    echo "after $((SECONDS - start)) s: $seen"
    # A page that is on its way just then is nowhere.
    [[ $seen =~ ^later\ 2000(\ 1:[0-9]+)?\ 2:([0-9]+)(\ absent:[0-9]+)?$ ]] || fail "$seen"
    [ "${BASH_REMATCH[2]}" -gt 1000 ] || fail "$seen"
    # As long again, and longer, does nothing without the flag.
    seen=$(later MPOL_BIND $((SECONDS - start + 5)))
    [ "$seen" = "later 2000 1:2000" ] || fail "$seen"
}

# What the documentation has as right: the node keeps its position in the cpuset, 1 of 0-3 becomes 2
# of 1-3, as it does without the flag. Where a kernel is known to do otherwise, that is expected of it
# here, so that the day it is mended shows. Whatever it does to init, exec goes along.
@test "BIND with BALANCING after a change of the cpuset: as each kernel does it, and exec as init" {
    local init exec
    mems 0-3
    # So that pages without any policy would lie on node 3.
    config '.linux.resources.cpu.cpus = "3"'
    policy MPOL_BIND+MPOL_F_NUMA_BALANCING 1
    start_init probe hold 24
    echo 1-3 >"$(init_cgroup)/cpuset.mems"
    init=$(ask_init USR2 | sed -n 's/^fresh //p')
    exec=$(exec_in probe pages 24 | sed -n 's/^pages //p')
    echo "$(uname -r): $(init_maps), init $init, exec $exec, $(exec_in probe policy)"
    [ "$init" = "24 $(remapped):24" ]
    [ "$exec" = "$init" ]
    [ "$(exec_in probe maps)" = "$(init_maps)" ]
}

# Where BIND+BALANCING 1 goes when mems 0-3 become 1-3. Kernels before 6.18 count the position among
# the policy's own nodes instead of the cpuset's: the first of one node becomes the first of 1-3.
remapped() {
    if kernel_older 6 18; then echo 1; else echo 2; fi
}
