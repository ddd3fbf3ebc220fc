#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What CPU limits do to containers that want the same CPU: the kernel's own count of the time that each
# got tells. However busy the machine is, it is the proportion that counts.
#
# shellcheck disable=SC2016 # filters of jq, programs of containers
# shellcheck disable=SC2154 # status, output and errors are set by the helpers

load helpers

setup() {
    hasu_setup
    [ -d /sys/fs/cgroup/cpu ] || grep -qw cpu /sys/fs/cgroup/cgroup.controllers 2>/dev/null ||
        skip "this machine has no controller cpu"
    # The first one that we may use.
    CPU=$(taskset -cp $$ | sed 's/.*: //; s/[-,].*//')
}

teardown() {
    hasu_teardown
}

# busy NAME CPU-LIMITS: a container $ID-NAME that would take all of that CPU.
busy() {
    config '.linux.cgroupsPath = "/" + $words[0]
        | .linux.resources.cpu = ($words[1] | fromjson) + { cpus: $words[2] }' "$ID-$1" "$2" "$CPU"
    program sh -c 'while :; do :; done'
    ok hasu run --detach -b "$BUNDLE" "$ID-$1"
}

# used NAME: CPU time so far, in microseconds.
used() {
    local dir
    dir=$(cgroup_of "$(init_pid "$ID-$1")" "$(cgroup2_only && echo cpu || echo cpuacct)")
    if cgroup2_only; then
        sed -n 's/^usage_usec //p' "$dir/cpu.stat"
    else
        echo $(($(<"$dir/cpuacct.usage") / 1000))
    fi
}

# compete FIRST SECOND: until both together have had a second and a half; sets A and B.
compete() {
    local a0 b0 tries
    a0=$(used "$1") b0=$(used "$2")
    for ((tries = 0; tries < 600; tries++)); do
        A=$(($(used "$1") - a0)) B=$(($(used "$2") - b0))
        if [ $((A + B)) -ge 1500000 ]; then
            echo "$1 got $A us, $2 got $B us"
            return
        fi
        sleep 0.1
    done
    echo "both together got $((A + B)) us in a minute"
    return 1
}

@test "cpu: of two that want one CPU, the one with more shares gets more" {
    busy much '{"shares":8192}'
    busy little '{"shares":128}'
    compete much little
    [ "$A" -gt $((4 * B)) ]
    # And the other way round, while they run.
    ok hasu update --cpu-shares 16 "$ID-much"
    ok hasu update --cpu-shares 8192 "$ID-little"
    compete much little
    [ "$B" -gt $((4 * A)) ]
}

@test "cpu: one that is idle gets what the other leaves" {
    busy usual '{}'
    busy idle '{"idle":1}'
    compete usual idle
    [ "$A" -gt $((10 * B)) ]
}

@test "cpu: burst lets a program that has saved up go beyond its quota, and without it it is throttled" {
    # Up to 40 ms of work after a pause, with a quota of 10 ms in each 100 ms.
    local work='for i in 1 2 3 4 5 6; do sleep 0.5; probe burn 40 >/dev/null; done
        cat /sys/fs/cgroup/cpu.stat /sys/fs/cgroup/cpu/cpu.stat 2>/dev/null; true'
    config '.linux.resources.cpu = { quota: 10000, period: 100000, burst: 10000 }'
    inside_ok "$work"
    matches "$output" 'nr_bursts [1-9]'
    config '.linux.resources.cpu = { quota: 10000, period: 100000 }'
    inside_ok "$work"
    matches "$output" 'nr_bursts 0'
    matches "$output" 'nr_throttled [1-9]'
}
