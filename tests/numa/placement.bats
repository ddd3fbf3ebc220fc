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
    HUGE=/sys/devices/system/node/node2/hugepages/hugepages-2048kB/nr_hugepages
}

teardown() {
    container_teardown
    "$HASU" delete --force other 2>/dev/null || true
    ! mountpoint -q "$BATS_TEST_TMPDIR/files" || umount "$BATS_TEST_TMPDIR/files"
    system_restore
}

# on_nodes "pages N A:X B:Y": how many lie on the nodes of this list, 2,3 for example.
on_nodes() {
    local pair sum=0
    for pair in ${1#pages * }; do
        [[ ,$2, != *,${pair%:*},* ]] || sum=$((sum + ${pair#*:}))
    done
    echo "$sum"
}

# How much of a node is free is another amount on each machine and kernel, so it is asked just before.
# A node counts as full when less is free than the kernel keeps back for others: its zones' high
# watermarks, up to which it reclaims, and what each CPU holds in lists of its own.
SLACK=16

# full_below NODE: in MiB.
full_below() {
    awk -v node="$1," -v slack="$SLACK" '
        $1 == "Node" { here = $2 == node }
        here && $1 == "high" { pages += $2 }
        END { print int(pages / 256) + slack }' /proc/zoneinfo
}

# spills MODE NODES NODE...: when these nodes hold all that they can, and not before, pages go to
# others. 80 MiB more than is free are taken, and as much again as the kernel could get back from
# caches there; the container is alive while the nodes are looked at.
spills() {
    local mode=$1 nodes=$2 node free want=20480 seen on word
    local -A before=()
    shift 2
    policy "$mode" "$nodes"
    run_init probe pages 1000
    [ "$(on_nodes "$output" "$(IFS=, && echo "$*")")" -eq 1000 ] || fail "with room: $output" || return 1
    for node in "$@"; do
        before[$node]=$(node_mib "$node" MemFree)
        for word in MemFree 'Active(file)' 'Inactive(file)' KReclaimable; do
            want=$((want + $(node_mib "$node" "$word") * 256))
        done
    done
    start_init probe hold "$want" || return 1
    seen=$(grep '^pages ' "$OUT")
    for node in "$@"; do
        free=$(node_mib "$node" MemFree)
        on=$(($(on_nodes "$seen" "$node") / 256))
        echo "node $node: of ${before[$node]} MiB free $on taken, $free left, full below" \
            "$(full_below "$node"); $seen"
        [ "$free" -le "$(full_below "$node")" ] || fail "node $node was not full" || return 1
        [ "$on" -ge $((before[$node] - $(full_below "$node"))) ] || fail "node $node took less" || return 1
    done
    on=$(on_nodes "$seen" 0,1,2,3)
    [ "$on" -eq "$want" ] || fail "$on pages of $want are there" || return 1
    on=$((want - $(on_nodes "$seen" "$(IFS=, && echo "$*")")))
    [ "$on" -gt 0 ] || fail "no page went elsewhere"
}

@test "PREFERRED: its node first, and others when that is full" {
    spills MPOL_PREFERRED 3 3
}

@test "PREFERRED_MANY: its nodes first, and others when they are full" {
    spills MPOL_PREFERRED_MANY 2-3 2 3
}

@test "BIND: runs out, is killed far below any limit, and no page ever left its node" {
    local events free eaten
    policy MPOL_BIND 3
    start_init probe hold 40 --order
    events=$(init_cgroup)/memory.events
    [ "$(cat "$(init_cgroup)/memory.max")" = max ]
    grep -qx 'oom_kill 0' "$events" || fail "$(cat "$events")"
    free=$(node_mib 3 MemFree)
    run exec_in probe eat 8
    [ "$status" -eq 137 ] || fail "status $status: $output"
    grep -qx 'oom_kill 1' "$events" || fail "$(cat "$events")"
    dmesg | grep -q 'oom-kill:constraint=CONSTRAINT_MEMORY_POLICY,nodemask=3,' ||
        fail "the kernel's log does not say why: $(dmesg | grep -i oom)"
    # 8 MiB, 2048 pages, at a time; the last step is not told of.
    ! grep '^eaten' <<<"$output" | grep -qv '^eaten 2048 3:2048$' ||
        fail "pages left the node: $(sort <<<"$output" | uniq -c)"
    eaten=$(($(grep -c '^eaten 2048 3:2048$' <<<"$output") * 8))
    echo "of $free MiB free $eaten were taken, full below $(full_below 3)"
    [ "$eaten" -ge $((free - 8 - $(full_below 3))) ]
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

@test "WEIGHTED_INTERLEAVE: 400 pages at 3:1 and 3:1:5, page by page, in init and by exec" {
    local weights=/sys/kernel/mm/mempolicy/weighted_interleave node=0 weight
    if kernel_older 6 9; then
        [ ! -e "$weights" ]
        policy MPOL_WEIGHTED_INTERLEAVE 0-1
        run_init probe pages 400
        [ "$status" -eq 1 ]
        [[ $output == *"MPOL_WEIGHTED_INTERLEAVE needs Linux 6.9; this is $(uname -r)" ]]
        return 0
    fi
    remember_weights
    for weight in 3 1 5; do
        echo "$weight" >"$weights/node$node"
        node=$((node + 1))
    done
    policy MPOL_WEIGHTED_INTERLEAVE 0-1
    start_init probe hold 400 --order
    # A turn may begin anywhere, but 400 pages are 100 whole rounds of 3 and 1.
    grep -qx "pages 400 0:300 1:100" "$OUT" || fail "$(cat "$OUT")"
    expect_weights "0:3 1:1" "$(cat "$OUT")"
    expect_weights "0:3 1:1" "$(exec_in probe pages 400 --order)"
    container_teardown
    policy MPOL_WEIGHTED_INTERLEAVE 0-2
    start_init probe hold 400 --order
    expect_weights "0:3 1:1 2:5" "$(cat "$OUT")"
    expect_weights "0:3 1:1 2:5" "$(exec_in probe pages 400 --order)"
}

@test "hugetlb under BIND: from the pool of its node, else refused or SIGBUS" {
    remember "$HUGE"
    echo 4 >"$HUGE"
    [ "$(cat "$HUGE")" -eq 4 ]
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
