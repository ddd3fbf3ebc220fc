#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# hasu topology, and tools/capture-host, which makes what --host takes. What it shows of ten captured
# hosts is in tests/golden, which check.bats compares.

# shellcheck disable=SC2016 # filters of jq
# shellcheck disable=SC2030,SC2031 # each test is a subshell
# shellcheck disable=SC2154 # status, output, errors: set by helpers.bash
load helpers

setup() {
    hasu_setup
    HOSTS=$BATS_TEST_DIRNAME/../hosts
    NODES=/sys/devices/system/node
}

teardown() {
    hasu_teardown
}

@test "json: this host, as /sys tells it" {
    local node
    [ -d "$NODES" ] || skip "this kernel has no NUMA"
    ok hasu topology --format json
    is "$(jq -r .online <<<"$output")" "$(cat "$NODES/online")"
    is "$(jq -r .kernel.release <<<"$output")" "$(uname -r)"
    for node in $(jq -r '.nodes[].id' <<<"$output"); do
        is "$(jq --argjson n "$node" '.nodes[] | select(.id == $n).memoryTotal' <<<"$output")" \
            "$(awk '/MemTotal/ { printf "%.0f", $4 * 1024 }' "$NODES/node$node/meminfo")"
        is "$(jq -r --argjson n "$node" '.nodes[] | select(.id == $n).cpus' <<<"$output")" \
            "$(cat "$NODES/node$node/cpulist")"
        is "$(jq -r --argjson n "$node" '.nodes[] | select(.id == $n).distances | join(" ")' <<<"$output")" \
            "$(cat "$NODES/node$node/distance")"
    done
    is "$(jq -r .cpuset.nodes <<<"$output")" "$(sed -n 's/^Mems_allowed_list:\t//p' /proc/self/status)"
}

@test "json: the modes are those that the kernel takes" {
    need_numa
    local mode
    ok hasu topology --format json
    for mode in $(jq -r '.kernel.modes[]' <<<"$output"); do
        config '.linux.memoryPolicy = { mode: $words[0], nodes: $words[1] }' "$mode" \
            "$(case $mode in MPOL_DEFAULT | MPOL_LOCAL) ;; *) first_node ;; esac)"
        created
        hasu delete --force "$ID"
    done
}

@test "table: plain in a pipe, coloured on a terminal, never wider than it" {
    need_tool script
    LC_ALL=C.UTF-8 COLUMNS=70 ok hasu topology --host "$HOSTS/gb200"
    lacks "$output" $'\e'
    [ "$(LC_ALL=C.UTF-8 wc -L <<<"$output")" -le 70 ]
    output=$(TERM=xterm LC_ALL=C.UTF-8 script -qec "'$HASU' topology --host '$HOSTS/cxl'" /dev/null </dev/null)
    has "$output" $'\e['
    output=$(NO_COLOR=1 TERM=xterm script -qec "'$HASU' topology --host '$HOSTS/cxl'" /dev/null </dev/null)
    lacks "$output" $'\e'
}

@test "table: ASCII alone where the locale has no more" {
    LC_ALL=C ok hasu topology --host "$HOSTS/epyc-nps4"
    lacks "$(LC_ALL=C tr -d '\000-\177' <<<"$output" | wc -c | grep -v '^0$' || true)" "[1-9]"
    has "$output" "+ node 0 -"
}

# A copy of a captured host with two pools of huge pages, one of which is large, and with long lists of
# CPUs.
many_facts() {
    local pages=$T/host/sys/devices/system/node/node0/hugepages file
    cp -a "$HOSTS/two-sockets" "$T/host"
    for file in nr free; do
        echo 102400 >"$pages/hugepages-2048kB/${file}_hugepages"
        echo 3 >"$pages/hugepages-1048576kB/${file}_hugepages"
    done
    echo 100-115,120-135,140-155 >"$T/host/sys/devices/system/node/node1/cpulist"
    printf 'Cpus_allowed_list:\t0%s\nMems_allowed_list:\t0-1\n' "$(printf ',%d' {2..220..2})" \
        >"$T/host/proc/self/status"
}

@test "table: every pool of huge pages has its line, and what is too long is broken or cut off whole" {
    local lines
    many_facts
    LC_ALL=C.UTF-8 ok hasu topology --host "$T/host"
    # Of the box of node 0, which stands to the left.
    lines=$(awk -F │ '/^│/ { gsub(/^ +| +$/, "", $2); print $2 }' <<<"$output")
    has "$lines" $'\nhuge 2 MiB: 102400/102400\nfree\nhuge 1 GiB: 3/3 free\n'
    has "$output" "│ 48 CPUs: 100-115,120-135,... │"
}

@test "svg: every pool of huge pages has its line, and no list goes over the edge" {
    many_facts
    ok hasu topology --format svg --host "$T/host"
    has "$output" ">huge 2 MiB: 102400/102400 free</text>"
    has "$output" ">huge 1 GiB: 3/3 free</text>"
    has "$output" ">48 CPUs: 100-115,120-135,140-155</text>"
    # 8 pixels a character is more than any font has for digits of this size.
    awk -F '[">]' '/class="value"/ { n++; sub(/<.*/, "", $8); if ($4 + 8 * length($8) > 1000) exit bad = 1 }
        END { exit bad || !n }' <<<"$output"
    has "$output" ">nodes 0-1, CPUs 0,2,4,"
}

@test "svg: XML that parses, with a card for every node that has something" {
    need_tool xmllint
    local host
    for host in "$HOSTS"/*/; do
        ok hasu topology --format svg --host "$host"
        xmllint --noout - <<<"$output"
    done
    ok hasu topology --format svg --host "$HOSTS/gb200"
    is "$(xmllint --xpath 'count(//*[local-name()="rect"][@class="card" or @class="far-card"])' - <<<"$output")" 6
    is "$(xmllint --xpath 'count(//*[local-name()="text"][@class="cell-c"])' - <<<"$output")" 24
}

@test "what capture-host makes of this host is this host" {
    [ -d "$NODES" ] || skip "this kernel has no NUMA"
    (cd "$T" && "$BATS_TEST_DIRNAME/../../tools/capture-host" me >/dev/null && tar -xf me.tar)
    hasu topology --format json >"$T/here"
    ok hasu topology --format json --host "$T/me"
    # Free memory moves, and of a captured kernel the version alone is known.
    is "$(jq 'del(.captured, .kernel, .nodes[].memoryFree, .nodes[].memoryFile)' <<<"$output")" \
        "$(jq 'del(.captured, .kernel, .nodes[].memoryFree, .nodes[].memoryFile)' "$T/here")"
    is "$(jq -r .captured <<<"$output")" true
}

@test "a capture has nothing private in it" {
    (cd "$T" && "$BATS_TEST_DIRNAME/../../tools/capture-host" me >/dev/null)
    # No names of this machine and user, and nothing about who made it, and when.
    tar -xOf "$T/me.tar" >"$T/content"
    tar -tvf "$T/me.tar" >"$T/names"
    is "$(grep -cwF "$(cat /proc/sys/kernel/hostname)" "$T/content")" 0
    lacks "$(cat "$T/content" "$T/names")" "$ID"
    is "$(awk '{ print $2, $4 }' "$T/names" | sort -u)" "0/0 1970-01-01"
    # Of the files of processes and memory only the lines that are needed.
    is "$(tar -xOf "$T/me.tar" me/proc/self/status | cut -d: -f1 | sort | tr '\n' ' ')" \
        "Cpus_allowed_list Mems_allowed_list "
    # Each file is one of those that are meant.
    grep -vE '/$' "$T/names" | awk '{ print $6 }' | grep -vE \
        '^me/(proc/(meminfo|self/status|sys/(kernel/(osrelease|numa_balancing)|vm/zone_reclaim_mode))|sys/(devices/system/(node|cpu)/|devices/virtual/memory_tiering/|kernel/mm/|fs/cgroup/(cpuset/)?cpuset\.|bus/pci/devices/[^/]*/numa_node$))' >"$T/others" || true
    [ ! -s "$T/others" ] || {
        cat "$T/others"
        return 1
    }
}
