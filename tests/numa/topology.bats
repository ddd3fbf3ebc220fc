#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The lab itself: the nodes that Linux sees are those of the topology's table, and the probe counts
# pages rightly where the answer is known beforehand. Every other test leans on these.
#
# lab-topologies: all
# lab-kernels: all
# lab-needs: nothing

setup() {
    # shellcheck source-path=SCRIPTDIR source=topology.bash
    . "$BATS_TEST_DIRNAME/topology.bash"
    topology_read "$LAB_TOPOLOGY"
    NODE=/sys/devices/system/node
    MEMORY=$(topology_nodes NODE_MIB)
}

fail() {
    echo "$*"
    return 1
}

@test "the nodes online, those with memory and those with CPUs are the table's" {
    [ "$(cat "$NODE/online")" = "0-$((NODES - 1))" ]
    [ "$(cat "$NODE/has_memory")" = "$MEMORY" ]
    [ "$(cat "$NODE/has_cpu")" = "$(topology_nodes NODE_CPUS)" ]
}

@test "each node's memory is the table's, but for what the kernel keeps" {
    local _ node kib seen=0
    while read -r _ node _ kib _; do
        seen=$((seen + 1))
        [ "$kib" -le $((NODE_MIB[node] * 1024)) ] && [ "$kib" -ge $((NODE_MIB[node] * 512)) ] ||
            fail "node $node: $kib KiB of ${NODE_MIB[node]} MiB"
    done < <(grep -h MemTotal "$NODE"/node*/meminfo)
    [ "$seen" -eq "$NODES" ]
}

@test "distances are the table's" {
    local node
    # A bash of its own, since bats looks at every command of a test's shell.
    bash -c '. "$0" && topology_read "$1" && topology_distances' \
        "$BATS_TEST_DIRNAME/topology.bash" "$LAB_TOPOLOGY" >"$BATS_TEST_TMPDIR/table"
    for ((node = 0; node < NODES; node++)); do
        cat "$NODE/node$node/distance"
    done >"$BATS_TEST_TMPDIR/seen"
    diff "$BATS_TEST_TMPDIR/table" "$BATS_TEST_TMPDIR/seen"
}

@test "the probe sees pages alternate over all nodes with memory" {
    local node count=0 order=""
    for ((node = 0; node < NODES; node++)); do
        [ "${NODE_MIB[node]}" -gt 0 ] || continue
        count=$((count + 1))
        order+=" $node"
    done
    run "$PROBE" set MPOL_INTERLEAVE "$MEMORY" pages "$count" --order
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(rotate "${lines[1]#order}")" = "$(rotate "$order")" ]
}

# The kernel's turn begins at any node: write the list from its lowest on.
rotate() {
    local -a list
    local i lowest=0
    read -ra list <<<"$1"
    for ((i = 0; i < ${#list[@]}; i++)); do
        [ "${list[i]}" -ge "${list[lowest]}" ] || lowest=$i
    done
    echo "${list[@]:lowest}" "${list[@]:0:lowest}"
}

@test "the probe finds pages bound to a node on that node" {
    local node
    # All of few nodes; of many those beside the edges of a mask's bytes and words.
    for node in 0 1 2 3 4 5 6 7 8 9 62 63 64 126 127; do
        [ "${NODE_MIB[node]:-0}" -gt 0 ] || continue
        run "$PROBE" set MPOL_BIND "$node" pages 40
        [ "$output" = "pages 40 $node:40" ] || fail "node $node: $output"
    done
}

@test "the probe finds pages on the node of the CPU that touches them" {
    local node cpu
    for ((node = 0; node < NODES; node++)); do
        [ "${NODE_CPUS[node]}" -gt 0 ] && [ "${NODE_MIB[node]}" -gt 0 ] || continue
        cpu=$(sed 's/[,-].*//' "$NODE/node$node/cpulist")
        run "$PROBE" cpu "$cpu" pages 40
        [ "$output" = "pages 40 $node:40" ] || fail "node $node: $output"
    done
}

@test "the probe reads policies back: own thread, others, child, after execve" {
    run "$PROBE" set MPOL_BIND+MPOL_F_STATIC_NODES 1 policy
    [ "$output" = "policy MPOL_BIND+MPOL_F_STATIC_NODES 1" ]
    run "$PROBE" set MPOL_PREFERRED_MANY 0-1 child policy
    [ "$output" = "policy MPOL_PREFERRED_MANY 0-1" ]
    run "$PROBE" set MPOL_PREFERRED_MANY 0-1 exec maps
    [ "$output" = "maps prefer (many):0-1" ]
    run "$PROBE" set MPOL_INTERLEAVE 0-1 threads 3
    [ "$(sort <<<"$output")" = "thread 0 policy MPOL_INTERLEAVE 0-1
thread 1 policy MPOL_INTERLEAVE 0-1
thread 2 policy MPOL_INTERLEAVE 0-1
thread 3 policy MPOL_INTERLEAVE 0-1" ]
    run "$PROBE" allowed
    [ "$output" = "allowed $MEMORY" ]
}

@test "weighted interleave is of Linux 6.9 and later" {
    run "$PROBE" set MPOL_WEIGHTED_INTERLEAVE 0-1 policy
    echo "$output"
    case $(uname -r) in
    6.1.*) [ "$output" = "probe: set_mempolicy MPOL_WEIGHTED_INTERLEAVE 0-1: Invalid argument" ] ;;
    *) [ "$output" = "policy MPOL_WEIGHTED_INTERLEAVE 0-1" ] ;;
    esac
}

@test "cgroup v2 stands alone with its controllers handed on" {
    [ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ]
    for controller in cpuset cpu io memory hugetlb pids; do
        grep -qw "$controller" /sys/fs/cgroup/cgroup.subtree_control
    done
}

@test "pivot_root works, overlay mounts, and the loopback is up" {
    mkdir -p "$BATS_TEST_TMPDIR"/{lower,upper,work,root}
    cp -a "$ROOTFS/." "$BATS_TEST_TMPDIR/lower"
    unshare --mount sh -c "cd $BATS_TEST_TMPDIR &&
        mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work root &&
        mkdir root/old && cd root && pivot_root . old && umount -l /old && test -x /bin/probe"
    ip -o link show lo | grep -q LOWER_UP
}
