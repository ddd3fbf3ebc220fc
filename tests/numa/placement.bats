#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Where pages go when a node is full, and pages that are not a process's own small ones: huge pages,
# files of a tmpfs, and the page cache.
#
# lab-topologies: four-nodes
# lab-kernels: all

setup() {
    # shellcheck source-path=SCRIPTDIR source=container.bash
    . "$BATS_TEST_DIRNAME/container.bash"
    container_setup
    HUGE=hugepages/hugepages-2048kB/nr_hugepages
}

teardown() {
    container_teardown
    "$HASU" delete --force other 2>/dev/null || true
    ! mountpoint -q "$BATS_TEST_TMPDIR/files" || umount "$BATS_TEST_TMPDIR/files"
    echo 0 >"/sys/devices/system/node/node2/$HUGE"
}

# on_nodes "pages N A:X B:Y": how many lie on the nodes of this list, 2,3 for example.
on_nodes() {
    local pair sum=0
    for pair in ${1#pages * }; do
        [[ ,$2, != *,${pair%:*},* ]] || sum=$((sum + ${pair#*:}))
    done
    echo "$sum"
}

# A node here has 512 MiB, 131072 pages, of which the kernel keeps some.
@test "PREFERRED: its node first, and others when that is full" {
    policy MPOL_PREFERRED 3
    run_init probe pages 1000
    [ "$output" = "pages 1000 3:1000" ] || fail "$output"
    run_init probe pages 150000
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(on_nodes "$output" 3)" -gt 100000 ]
    [ "$(on_nodes "$output" 0,1,2)" -gt 15000 ]
    [ "$(on_nodes "$output" 0,1,2,3)" -eq 150000 ]
}

@test "PREFERRED_MANY: its nodes first, and others when they are full" {
    policy MPOL_PREFERRED_MANY 2-3
    run_init probe pages 1000
    [ "$(on_nodes "$output" 2,3)" -eq 1000 ] || fail "$output"
    run_init probe pages 290000
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(on_nodes "$output" 2)" -gt 100000 ]
    [ "$(on_nodes "$output" 3)" -gt 100000 ]
    [ "$(on_nodes "$output" 0,1)" -gt 15000 ]
    [ "$(on_nodes "$output" 0,1,2,3)" -eq 290000 ]
}

@test "BIND: runs out, is killed far below any limit, and no page ever left its node" {
    local events lines
    policy MPOL_BIND 3
    start_init probe hold 40 --order
    events=$(init_cgroup)/memory.events
    [ "$(cat "$(init_cgroup)/memory.max")" = max ]
    grep -qx 'oom_kill 0' "$events" || fail "$(cat "$events")"
    run exec_in probe eat 8
    [ "$status" -eq 137 ] || fail "status $status: $output"
    grep -qx 'oom_kill 1' "$events" || fail "$(cat "$events")"
    dmesg | grep -q 'oom-kill:constraint=CONSTRAINT_MEMORY_POLICY,nodemask=3,' ||
        fail "the kernel's log does not say why: $(dmesg | grep -i oom)"
    # 8 MiB are 2048 pages; of 512 MiB at least 400 were there to take.
    lines=$(grep -c '^eaten 2048 3:2048$' <<<"$output")
    [ "$lines" -ge 50 ] || fail "$output"
    [ "$(grep -c '^eaten' <<<"$output")" -eq "$lines" ] || fail "$output"
    # init is there, and on its node.
    expect_pages "all 3" "$(ask_init USR1)"
}

@test "LOCAL and DEFAULT: the node of the CPU, whichever it is" {
    local mode
    for mode in MPOL_LOCAL MPOL_DEFAULT; do
        policy "$mode"
        # shellcheck disable=SC2016 # the container's variable
        run_init sh -c 'for cpu in 0 1 2 3; do probe cpu $cpu pages 20; done'
        [ "$output" = "pages 20 0:20
pages 20 1:20
pages 20 2:20
pages 20 3:20" ] || fail "$mode: $output"
    done
}

@test "INTERLEAVE: node by node in the order of the pages, in 500 of them" {
    policy MPOL_INTERLEAVE 0,2,3
    start_init probe hold 500 --order
    expect_pages "turn 0,2,3" "$(cat "$OUT")"
    expect_pages "turn 0,2,3" "$(exec_in probe pages 500 --order)"
}

# Weights count from the first page of a round on, and a round may begin anywhere: the runs between
# two changes of node are the weights, but for the first and the last.
@test "WEIGHTED_INTERLEAVE: 3:1 and 3:1:5 page by page" {
    local weights=/sys/kernel/mm/mempolicy/weighted_interleave node=0 weight
    if kernel_older 6 9; then
        policy MPOL_WEIGHTED_INTERLEAVE 0-1
        run_init probe pages 400
        [ "$status" -eq 1 ]
        [[ $output == *"MPOL_WEIGHTED_INTERLEAVE needs Linux 6.9; this is $(uname -r)" ]]
        return 0
    fi
    for weight in 3 1 5; do
        echo "$weight" >"$weights/node$node"
        node=$((node + 1))
    done
    policy MPOL_WEIGHTED_INTERLEAVE 0-1
    run_init probe pages 400 --order
    [ "${lines[0]}" = "pages 400 0:300 1:100" ] || fail "$output"
    [ "$(runs "${lines[1]}")" = "0:3 1:1" ] || fail "$output"
    policy MPOL_WEIGHTED_INTERLEAVE 0-2
    run_init probe pages 405 --order
    [ "${lines[0]}" = "pages 405 0:135 1:45 2:225" ] || fail "$output"
    [ "$(runs "${lines[1]}")" = "0:3 1:1 2:5" ] || fail "$output"
}

# Which runs "order 0 0 0 1 ..." consists of, without the first and the last.
runs() {
    tr ' ' '\n' <<<"${1#order }" | uniq -c | sed '1d;$d' |
        while read -r n node; do echo "$node:$n"; done | sort -u | paste -sd ' '
}

@test "hugetlb under BIND: from the pool of its node, else refused or SIGBUS" {
    echo 4 >"/sys/devices/system/node/node2/$HUGE"
    [ "$(cat "/sys/devices/system/node/node2/$HUGE")" -eq 4 ]
    policy MPOL_BIND 2
    run_init probe pages 3 --huge
    [ "$output" = "pages 3 2:3" ] || fail "$output"
    policy MPOL_BIND 1-2
    run_init probe pages 3 --huge
    [ "$output" = "pages 3 2:3" ] || fail "$output"
    policy MPOL_BIND 1
    run_init probe pages 3 --huge
    [ "$status" -eq 2 ] || fail "$status: $output"
    [[ $output == *"mapping 3 pages: Cannot allocate memory" ]] || fail "$output"
    # Nothing is reserved, so the mapping succeeds and the touch does not: 128 + SIGBUS.
    run_init probe pages 3 --huge --noreserve
    [ "$status" -eq 135 ] || fail "$status: $output"
}

@test "a file of a tmpfs lies where the policy of its writer says" {
    policy MPOL_BIND 2
    run_init probe pages 60 --order --file /dev/shm/file --write
    expect_pages "all 2" "$output"
    policy MPOL_INTERLEAVE 1,3
    run_init probe pages 60 --order --file /dev/shm/file --write
    expect_pages "turn 1,3" "$output"
}

# ramfs is the page cache and nothing else: a hole is read in as a block of a disk would be, by the
# generic code, and the lab needs no disk.
@test "page cache: where its first reader's policy says, for the second reader too" {
    local files=$BATS_TEST_TMPDIR/files
    mkdir "$files"
    mount -t ramfs ramfs "$files"
    truncate -s 200K "$files/one" "$files/two"
    # shellcheck disable=SC2016 # jq's variable
    config '.mounts += [{ type: "bind", source: $files, destination: "/files", options: ["bind"] }]' \
        --arg files "$files"
    policy MPOL_BIND 1
    start_init probe hold 1
    policy MPOL_BIND 2
    config '.process.args = ["probe", "hold", "1"]'
    "$HASU" run --detach --bundle "$BUNDLE" other >"$BATS_TEST_TMPDIR/other" 2>&1 </dev/null 3>&-
    expect_pages "all 1" "$(exec_in probe pages 50 --order --file /files/one)"
    expect_pages "all 1" "$(ID=other exec_in probe pages 50 --order --file /files/one)"
    expect_pages "all 2" "$(ID=other exec_in probe pages 50 --order --file /files/two)"
    expect_pages "all 2" "$(exec_in probe pages 50 --order --file /files/two)"
}
