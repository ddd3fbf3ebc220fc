#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# hasu placement on this machine, whatever its nodes and cgroups are. How memory is judged on several
# nodes is in tests/unit/test-placement.c and tests/numa/where-it-lies.bats.

# shellcheck disable=SC2016 # filters of jq
# shellcheck disable=SC2154 # status, output, errors: set by helpers.bash
load helpers

setup() {
    hasu_setup
    need_numa
}

teardown() {
    hasu_teardown
}

place() {
    ok hasu placement "$@" "$ID"
}

number() {
    jq -r "$1" <<<"$output"
}

# Some memory of its own and some of a tmpfs, which stay.
up_with_memory() {
    config '.linux.memoryPolicy = { mode: "MPOL_BIND", nodes: $words[0] }' "$(first_node)"
    program sh -c 'head -c 8388608 /dev/zero >/dev/shm/file; exec probe wait'
    ok hasu run --detach -b "$BUNDLE" "$ID"
    PID=$(init_pid "$ID")
    until_true test -s "/proc/$PID/root/dev/shm/file"
    until_true full_size
}

full_size() {
    [ "$(stat -c %s "/proc/$PID/root/dev/shm/file")" -eq 8388608 ]
}

# The kernel's sum of a kind on all nodes, in bytes.
charged() {
    local file
    file=$(cgroup_of "$PID" memory)/memory.numa_stat
    if cgroup2_only; then
        awk -v kind="$1" '$1 == kind { for (i = 2; i <= NF; i++) { sub(/.*=/, "", $i); sum += $i } }
            END { printf "%.0f\n", sum }' "$file"
    else
        awk -v kind="hierarchical_$1=" -v page="$(getconf PAGESIZE)" 'index($1, kind) == 1 {
            for (i = 2; i <= NF; i++) { sub(/.*=/, "", $i); sum += $i } }
            END { printf "%.0f\n", sum * page }' "$file"
    fi
}

# The kernel brings its sums up to date now and then, so the two looks may differ once.
sums_agree() {
    place --format json
    [ "$(number '[.nodes[].anon] | add')" = "$(charged anon)" ] || return 1
    if cgroup2_only; then
        [ "$(number '[.nodes[] | .file + .shmem] | add')" = "$(charged file)" ]
    else
        [ "$(number '[.nodes[].file] | add')" = "$(charged file)" ] &&
            [ "$(number '[.nodes[].locked] | add')" = "$(charged unevictable)" ]
    fi && [ "$(number '[.nodes[].bytes] | add')" -ge 8388608 ]
}

@test "json: a container's memory, as its cgroup counts it" {
    up_with_memory
    until_true sums_agree
    place --format json
    is "$(number .status)" running
    is "$(number .processes)" 1
    if cgroup2_only; then
        is "$(number .countedBy)" "cgroup v2"
    else
        is "$(number .countedBy)" "cgroup v1"
    fi
    is "$(number '.policy.asked.text')" "bind:$(first_node)"
    is "$(number '.policy.effective.text')" "$(policy_of "$PID")"
    is "$(number .policy.asForeseen)" true
    is "$(number .verdict.governed)" "$(number '[.nodes[].bytes] | add')"
    is "$(number .verdict.inPlace)" "$(number ".nodes[] | select(.id == $(first_node)).bytes")"
}

@test "the policy's origin is named: config, annotation, command line" {
    up_with_memory
    place --format json
    is "$(number .policy.from)" /linux/memoryPolicy
    hasu delete --force "$ID"
    config 'del(.linux.memoryPolicy) | .annotations["hasu.memory-policy"] = "interleave:allowed"'
    program probe wait
    ok hasu run --detach -b "$BUNDLE" "$ID"
    place --format json
    is "$(number .policy.from)" /annotations/hasu.memory-policy
    is "$(number .policy.requested)" interleave:allowed
    hasu delete --force "$ID"
    ok hasu run --detach -b "$BUNDLE" --memory-policy local "$ID"
    place --format json
    is "$(number .policy.from)" --memory-policy
    is "$(number .policy.effective.text)" local
    place
    has "$output" 'local by --memory-policy: "local"'
    hasu delete --force "$ID"
    config 'del(.annotations)'
    ok hasu run --detach -b "$BUNDLE" "$ID"
    place --format json
    is "$(number .policy.from)" null
    is "$(number .policy.foreseen.text)" default
}

@test "a paused container, and one that only was created, can be looked at; no other" {
    up_with_memory
    ok hasu pause "$ID"
    place --processes --format json
    is "$(number .status)" paused
    is "$(number .policy.effective.text)" "bind:$(first_node)"
    is "$(number '.processList | length')" 1
    ok hasu resume "$ID"
    hasu delete --force "$ID"
    created
    place --format json
    is "$(number .status)" created
    is "$(number .policy.effective.text)" "bind:$(first_node)"
    hasu kill "$ID" KILL
    wait_stopped
    fails "container not running: '$ID' is stopped" hasu placement "$ID"
    is "$status" 1
    fails "container 'nobody' does not exist" hasu placement nobody
}

renamed() {
    grep -qsF '"x' /proc/[0-9]*/comm
}

@test "a thread with another policy is named, whatever it calls itself" {
    up_with_memory
    # A name that would clear a terminal, and close a string of JSON.
    hasu exec --detach --memory-policy local "$ID" sh -c \
        'printf "\033[2J\"x" >/proc/self/comm; while :; do sleep 1; done' 3>&- </dev/null >/dev/null 2>&1
    until_true renamed
    place --format json
    [ "$(number .threads.differing)" -ge 1 ]
    has "$(number '[.threads.list[].policy.text] | join(" ")')" local
    has "$(number '[.threads.list[].name] | join(" ")')" '?[2J"x'
    place
    lacks "$output" $'\e'
    has "$output" "local for thread"
    place --format svg
    lacks "$output" $'\e'
}
