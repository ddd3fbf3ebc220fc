#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Memory policies that are refused: the exact words, exit status 1, and nothing left behind.
#
# Those that no host takes are rows of tests/cases/memory-policy-bad.tsv, which the unit tests walk,
# too; here they go through the whole program.

# shellcheck disable=SC2016 # filters of jq
# shellcheck disable=SC2154 # status, output, errors: set by helpers.bash
load helpers

CASES=$BATS_TEST_DIRNAME/../cases/memory-policy-bad.tsv

setup() {
    hasu_setup
    program true
}

teardown() {
    hasu_teardown
}

# policy JSON: as text, since jq would make another text of some.
policy() {
    local text
    config '.linux.memoryPolicy = "@"'
    text=$(<"$CONFIG")
    printf '%s\n' "${text%%'"@"'*}$1${text#*'"@"'}" >"$CONFIG"
}

# refused SENTENCE: by create, and nothing is left that a name would find. Its status tells, since
# it is called where errors do not end the test. Not by call(): a hundred times, processes count.
refused() {
    status=0
    "$HASU" --root "$ROOT" create --pid-file "$T/pid" -b "$BUNDLE" "$ID" \
        </dev/null >"$T/out" 2>"$T/err" || status=$?
    errors=$(<"$T/err")
    is "$errors" "hasu: error: $1" && is "$status" 1 && [ ! -s "$T/out" ] && [ ! -e "$T/pid" ] &&
        [ ! -e "$ROOT/$ID" ]
}

@test "every row of the table of bad policies: create says exactly its sentence" {
    local text name json sentence n=0 wrong=0
    config '.linux.memoryPolicy = "@"'
    text=$(<"$CONFIG")
    while IFS=$'\t' read -r name json sentence; do
        [[ $name != \#* ]] || continue
        n=$((n + 1))
        printf '%s\n' "${text%%'"@"'*}$json${text#*'"@"'}" >"$CONFIG"
        if ! refused "config.json: $sentence"; then
            wrong=$((wrong + 1))
            printf '%s: %s\n' "$name" "$json"
        fi
    done <"$CASES"
    [ "$n" -ge 90 ]
    is "$wrong" 0
    nothing_left
}

@test "run refuses with the same words, and so it does in the log" {
    policy '{"mode":"MPOL_BIND","nodes":"0,5-2"}'
    fails "hasu: error: config.json: /linux/memoryPolicy/nodes: range 5-2 runs backwards (at byte 2)" \
        hasu --log "$T/log" --log-format json run -b "$BUNDLE" "$ID"
    is "$status" 1
    is "$(jq -r .msg "$T/log")" \
        "config.json: /linux/memoryPolicy/nodes: range 5-2 runs backwards (at byte 2)"
    nothing_left
}

@test "ten megabytes of nodes are refused at once" {
    head -c 10000000 /dev/zero | tr '\0' 9 >"$T/digits"
    config '.linux.memoryPolicy = { mode: "MPOL_BIND", nodes: "@" }'
    { sed 's/"@".*//;/"nodes"/q' "$CONFIG" && printf '"' && cat "$T/digits" && printf '"' &&
        sed '1,/"nodes"/d' "$CONFIG"; } >"$T/new"
    mv "$T/new" "$CONFIG"
    call timeout 5 "$HASU" --root "$ROOT" create -b "$BUNDLE" "$ID"
    is "$status" 1
    has "$errors" "is too large: Linux has at most 1024 nodes"
    [ "${#errors}" -lt 2000 ]
    nothing_left
}

@test "nodes that do not exist are named, with those that do" {
    need_numa
    local absent
    absent=$(absent_node)
    policy "{\"mode\":\"MPOL_BIND\",\"nodes\":\"$absent\"}"
    fails "/linux/memoryPolicy/nodes: node $absent does not exist: this host has node" \
        hasu create -b "$BUNDLE" "$ID"
    is "$status" 1
    policy "{\"mode\":\"MPOL_PREFERRED_MANY\",\"nodes\":\"$absent-$((absent + 2)),$((absent + 9))\"}"
    fails "nodes $absent-$((absent + 2)),$((absent + 9)) do not exist: this host has node" \
        hasu create -b "$BUNDLE" "$ID"
    is "$status" 1
    lacks "$errors" "invalid argument"
    nothing_left
}

@test "nodes without memory are named, with those that have some" {
    local empty
    empty=$(node_without_memory)
    [ -n "$empty" ] || skip "every node here has memory"
    policy "{\"mode\":\"MPOL_BIND\",\"nodes\":\"$empty\"}"
    fails "node $empty has no memory: this host has memory on node" hasu create -b "$BUNDLE" "$ID"
    is "$status" 1
    nothing_left
}

node_without_memory() {
    local node
    for node in /sys/devices/system/node/node[0-9]*; do
        if grep -q 'MemTotal: *0 kB' "$node/meminfo" 2>/dev/null; then
            echo "${node##*node}"
            return
        fi
    done
}

@test "nodes that the container's own cpuset leaves out are refused, in words" {
    local all first last
    all=$(nodes_with_memory)
    first=$(first_node)
    last=$(tr -s ',-' '\n' <<<"$all" | tail -n 1)
    [ "$first" != "$last" ] || skip "only one node here has memory"
    config '.linux.resources.cpu.mems = $words[0]' "$first"
    policy "{\"mode\":\"MPOL_BIND\",\"nodes\":\"$last\"}"
    fails "/linux/resources/cpu/mems is '$first'" hasu create -b "$BUNDLE" "$ID"
    has "$errors" "/linux/memoryPolicy"
    is "$status" 1
    lacks "$errors" "invalid argument"
    nothing_left
}

@test "a cpuset that asks for nodes that do not exist is refused, in words" {
    need_numa
    config '.linux.resources.cpu.mems = $words[0]' "$(absent_node)"
    policy "{\"mode\":\"MPOL_BIND\",\"nodes\":\"$(first_node)\"}"
    call hasu create -b "$BUNDLE" "$ID"
    is "$status" 1
    has "$errors" "/linux/"
    has "$errors" "mems"
    nothing_left
}

@test "narrowing=refuse: a node too many is refused, and named" {
    need_numa
    local absent
    absent=$(absent_node)
    config '.annotations["hasu.memory-policy.narrowing"] = "refuse"'
    policy "{\"mode\":\"MPOL_INTERLEAVE\",\"nodes\":\"$(first_node),$absent\"}"
    fails "the annotation hasu.memory-policy.narrowing=refuse is set" \
        hasu create -b "$BUNDLE" "$ID"
    has "$errors" "/linux/memoryPolicy/nodes: "
    has "$errors" "node $absent"
    is "$status" 1
    nothing_left
}

@test "narrowing=refuse: a cpuset that takes a node away is told" {
    local all first
    all=$(nodes_with_memory)
    first=$(first_node)
    [ "$all" != "$first" ] || skip "only one node here has memory"
    config '.annotations["hasu.memory-policy.narrowing"] = "refuse"
        | .linux.resources.cpu.mems = $words[0]' "$first"
    policy "{\"mode\":\"MPOL_INTERLEAVE\",\"nodes\":\"$all\"}"
    fails "/linux/resources/cpu/mems is '$first'" hasu create -b "$BUNDLE" "$ID"
    has "$errors" "narrowing=refuse"
    is "$status" 1
    nothing_left
}

@test "a refused policy leaves another container alone" {
    up
    local first=$PID
    policy '{"mode":"MPOL_FOO"}'
    fails 'mode "MPOL_FOO" is not known' hasu create -b "$BUNDLE" "$ID-b"
    is "$(status_of)" running
    is "$(init_pid "$ID")" "$first"
    [ ! -e "$ROOT/$ID-b" ]
}
