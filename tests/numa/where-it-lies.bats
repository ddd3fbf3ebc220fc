#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# hasu placement: what it says of containers whose memory lies where it should, and of some whose memory
# does not, with the reason. Where pages lie is known from the probe, which asks the kernel for each.
#
# lab-topologies: four-nodes
# lab-kernels: 6.12

# shellcheck disable=SC2016 # filters of jq

setup() {
    # shellcheck source-path=SCRIPTDIR source=container.bash
    . "$BATS_TEST_DIRNAME/container.bash"
    container_setup
    PAGE=$(getconf PAGESIZE)
}

teardown() {
    container_teardown
    "$HASU" delete --force other 2>/dev/null || true
    ! mountpoint -q "$BATS_TEST_TMPDIR/files" || umount "$BATS_TEST_TMPDIR/files"
    system_restore
}

# place [OPTION...]: sets seen.
place() {
    seen=$("$HASU" placement --format json "$@" "$ID" 2>&1 3>&-) || fail "placement: $seen"
}

# The kernel brings a cgroup's sums up to date every two seconds: says FILTER of jq, tried again till
# then and long after it.
says() {
    local i
    for ((i = 0; i < 600; i++)); do
        place "${@:2}" || return 1
        ! jq -e "$1" <<<"$seen" >/dev/null || return 0
        sleep 0.1
    done
    fail "not so: $1: $(jq -c '.verdict, .nodes, .policy, .threads' <<<"$seen")"
}

# The pages of "pages 100 0:50 1:50" as a filter: at least these lie on each node, and on others little.
as_probed() {
    local pair filter=true
    for pair in ${1#pages * }; do
        filter+=" and ([.nodes[] | select(.id == ${pair%:*}).anon] | add) >= ${pair#*:} * $PAGE"
    done
    echo "$filter"
}

# right MODE NODES WORDS: 16 MiB under this policy are in place, and counted as the probe has them.
right() {
    policy "$1" "$2"
    start_init probe hold 4096 || return 1
    says "$(as_probed "$(grep '^pages ' "$OUT")")" || fail "$1: $(cat "$OUT")" || return 1
    says '.verdict.grade == "in place" and .verdict.percent >= 95 and .policy.asForeseen' || return 1
    [ "$(jq -r .verdict.should <<<"$seen")" = "$3" ] || fail "$1: $seen" || return 1
    [ "maps $(jq -r .policy.effective.text <<<"$seen")" = "$(init_maps)" ] || fail "$seen" || return 1
    "$HASU" placement --expect 90 "$ID" >/dev/null 3>&- || fail "--expect 90: $?" || return 1
    container_teardown
}

@test "each mode's memory is judged to be in place" {
    right MPOL_BIND 2 "on node 2"
    right MPOL_BIND+MPOL_F_STATIC_NODES 1-2 "on nodes 1-2"
    right MPOL_PREFERRED 3 "on node 3"
    right MPOL_PREFERRED_MANY 2-3 "on nodes 2-3"
    right MPOL_INTERLEAVE 0-3 "on nodes 0-3 in equal parts"
    right MPOL_INTERLEAVE 1,3 "on nodes 1,3 in equal parts"
    config '.linux.resources.cpu.cpus = "1"'
    right MPOL_LOCAL - "on node 1, that of its CPUs"
    right MPOL_DEFAULT - "on node 1, that of its CPUs"
}

@test "WEIGHTED_INTERLEAVE is judged by the weights of now" {
    local weights=/sys/kernel/mm/mempolicy/weighted_interleave
    remember_weights
    echo 3 >"$weights/node0"
    echo 1 >"$weights/node1"
    right MPOL_WEIGHTED_INTERLEAVE 0-1 "on nodes 0-1 by weight"
    # The same pages by other weights: a quarter of them should be elsewhere.
    policy MPOL_WEIGHTED_INTERLEAVE 0-1
    start_init probe hold 4096
    says '.verdict.grade == "in place"'
    echo 1 >"$weights/node0"
    says '.verdict.percent >= 70 and .verdict.percent <= 80 and (.nodes[0].misplaced > .nodes[1].misplaced)'
}

# A policy that the program gives itself.
@test "misplaced by its own policy: that is the reason, and the thread is named" {
    policy MPOL_BIND 1
    start_init probe set MPOL_BIND 2 hold 4096
    says '.verdict.grade == "misplaced" and .verdict.percent <= 10'
    jq -e '.policy.asForeseen == false and .policy.effective.text == "bind:2"
        and .policy.foreseen.text == "bind:1" and .threads.differing == 1
        and .threads.list[0].name == "probe" and .threads.list[0].policy.text == "bind:2"
        and .verdict.reasons[0].code == "other-threads"
        and .verdict.reasons[0].bytes >= 0.9 * .verdict.governed' <<<"$seen" || fail "$seen"
    run "$HASU" placement --expect 95 "$ID"
    [ "$status" -eq 3 ] || fail "status $status: $output"
}

# Half of a turn's pages lie on one node since somebody put them there.
@test "INTERLEAVE out of balance: what one process piled up is too much" {
    policy MPOL_INTERLEAVE 0-3
    start_init probe hold 16
    "$HASU" exec --detach --memory-policy bind:2 "$ID" probe hold 8192 </dev/null >/dev/null 2>&1 3>&-
    says '.verdict.grade == "misplaced" and (.nodes[] | select(.id == 2).bytes) >= 8192 * 4096'
    jq -e '.verdict.percent >= 20 and .verdict.percent <= 35
        and .verdict.reasons[0].code == "other-threads"
        and ([.nodes[] | select(.id != 2).misplaced] | add) <= 0.05 * .verdict.governed' <<<"$seen" ||
        fail "$seen"
}

# That node 1 was full at some time since boot, for another test, would be a reason too.
# The kernel takes pages along only from a cpuset.mems that was set before, to less than is above it.
@test "the cpuset changes and the pages stay: they are from before" {
    policy MPOL_BIND 0-1
    start_init probe hold 4096
    says '.verdict.grade == "in place"'
    echo 2-3 >"$(init_cgroup)/cpuset.mems"
    says '.verdict.percent <= 5 and .policy.effective.text == "bind:2-3" and .policy.asForeseen'
    jq -e '.verdict.reasons[0].code == "before-change" and .policy.resolved.text == "bind:0-1"
        and .verdict.reasons[0].bytes >= 0.9 * .verdict.governed' <<<"$seen" || fail "$seen"
}

@test "moved away behind its back: misplaced, and --expect exits with 3" {
    local mems
    mems 1-3
    policy MPOL_PREFERRED 1
    start_init probe hold 4096
    mems=$(init_cgroup)/cpuset.mems
    says '.verdict.grade == "in place"'
    echo 2-3 >"$mems"
    # While node 1 is not allowed, they are where they can be.
    says '.verdict.grade == "in place" and (.verdict.should | startswith("on nodes 2-3, which"))'
    echo 1-3 >"$mems"
    says '.verdict.grade == "misplaced" and .verdict.should == "on node 1"
        and ([.verdict.reasons[].code] - ["unexplained", "node-was-full", "file-cache"]) == []'
    jq -e '[.verdict.reasons[].bytes] | add' <<<"$seen" |
        grep -x "$(jq '.verdict.governed - .verdict.inPlace' <<<"$seen")"
    run "$HASU" placement --expect 95 "$ID"
    [ "$status" -eq 3 ] || fail "status $status: $output"
}

@test "spilled: the reason is that its node is full" {
    local want
    policy MPOL_PREFERRED 3
    want=$((($(node_mib 3 MemFree) + 80) * 256))
    start_init probe hold "$want"
    says '[.verdict.reasons[] | select(.code == "node-full").bytes] | add >= 32 * 1048576'
    jq -e '.verdict.reasons[] | select(.code == "node-full").text
        | startswith("went elsewhere since node 3 is full")' <<<"$seen" || fail "$seen"
}

@test "huge pages are counted where they lie, whoever counts them" {
    local pool=/sys/devices/system/node/node2/hugepages/hugepages-2048kB/nr_hugepages
    remember "$pool"
    echo 4 >"$pool"
    policy MPOL_BIND 2
    start_init probe hold 3 --huge
    says '[.nodes[] | select(.id == 2).hugetlb] == [3 * 2097152] and .verdict.percent >= 95'
}

@test "files that others brought in do not count, but are told of" {
    local files=$BATS_TEST_TMPDIR/files i
    mkdir "$files"
    mount -t ramfs ramfs "$files"
    truncate -s 8000K "$files/one"
    config '.mounts += [{ type: "bind", source: $files, destination: "/files", options: ["bind"] }]' \
        --arg files "$files"
    policy MPOL_BIND 1
    start_init probe hold 2000 --order --file /files/one
    expect_pages "all 1" "$(cat "$OUT")"
    policy MPOL_BIND 2
    config '.process.args = ["probe", "hold", "2000", "--file", "/files/one"]'
    "$HASU" run --detach --bundle "$BUNDLE" other >"$BATS_TEST_TMPDIR/other" 2>&1 </dev/null 3>&-
    for ((i = 0; i < 3000; i++)); do
        ! grep -q '^ready' "$BATS_TEST_TMPDIR/other" || break
        sleep 0.1
    done
    # Programs lie where the copy of the rootfs was written: files of others, too.
    says '.verdict.othersFiles < 1500 * 4096' --processes
    ID=other says '.verdict.othersFiles >= 1500 * 4096
        and .verdict.governed - .verdict.inPlace < 1048576' --processes
    COLUMNS=200 "$HASU" placement --processes other | grep 'that others brought in, lie on other nodes'
    "$HASU" delete --force other
}
