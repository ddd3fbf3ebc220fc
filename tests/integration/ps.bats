#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# ps: the processes of a container, as numbers and as the host's ps shows them; and exec where the
# container has cgroups of its own.
#
# shellcheck disable=SC2016 # programs of containers
# shellcheck disable=SC2154 # status, output and errors are set by the helpers

load helpers

setup() {
    hasu_setup
}

teardown() {
    hasu_teardown
}

# By another way than cgroups: who is in the PID namespace of init.
in_namespace() {
    find -L /proc/[0-9]*/ns/pid -maxdepth 0 -samefile "/proc/$PID/ns/pid" 2>/dev/null |
        cut -d/ -f3 | sort -n | jq -cs .
}

@test "json: an array of the host's numbers" {
    up
    ok hasu ps --format json "$ID"
    is "$output" "[$PID]"
    ok hasu exec --detach "$ID" sleep 1000
    ok hasu exec --detach "$ID" sh -c 'sleep 1000 & sleep 1000'
    # The shell's child may come a little later.
    until_true eval '[ "$(in_namespace | jq length)" -eq 4 ]'
    ok hasu ps -f json "$ID"
    is "$output" "$(in_namespace)"
    is "$(jq length <<<"$output")" 4
}

@test "json: a created, a paused and a stopped container" {
    program probe wait
    created
    ok hasu ps --format json "$ID"
    is "$output" "[$PID]"
    ok hasu start "$ID"
    ok hasu pause "$ID"
    ok hasu ps --format json "$ID"
    is "$output" "[$PID]"
    ok hasu kill "$ID" KILL
    wait_stopped
    ok hasu ps --format json "$ID"
    is "$output" "[]"
    fails "container 'nobody' does not exist" hasu ps nobody
}

# A ps that shows what the test wants: the host's own has to be there for nothing but its options.
fake_ps() {
    mkdir "$T/path"
    printf '#!/bin/sh\n%s\n' "$1" >"$T/path/ps"
    chmod +x "$T/path/ps"
    PATH=$T/path:$PATH
}

@test "table: the head and the container's lines alone" {
    up
    fake_ps "echo \"args \$*\" >$T/args
        printf 'UID  PID PPID CMD\n'
        printf 'root 1   0    init\nroot $PID 1 %s\nroot 2 $PID other\n' '$PID wait'"
    ok hasu ps "$ID"
    is "$(<"$T/args")" "args -ef"
    is "$output" "UID  PID PPID CMD
root $PID 1 $PID wait"
    ok hasu ps "$ID" -o pid,args --sort=pid
    is "$(<"$T/args")" "args -o pid,args --sort=pid"
}

@test "table: the host's ps" {
    need_tool ps
    ps -ef >/dev/null 2>&1 || skip "the ps here has no option -ef"
    up
    ok hasu ps "$ID"
    is "$(wc -l <<<"$output")" 2
    has "$output" "probe wait"
    ok hasu ps "$ID" -o pid,comm -A
    is "$(awk 'NR == 2 { print $1 }' <<<"$output")" "$PID"
}

@test "table: ps without a column PID, one that fails, and none at all" {
    up
    fake_ps 'echo UID CMD'
    fails "the output of ps has no column PID" hasu ps "$ID"
    printf '#!/bin/sh\necho unknown option >&2\nexit 3\n' >"$T/path/ps"
    fails "ps ended with exit status 3" hasu ps "$ID" --colour
    has "$errors" "unknown option"
    rm "$T/path/ps"
    status=0
    PATH=$T/path HASU_IT=$ID "$HASU" --root "$ROOT" ps "$ID" </dev/null >"$T/out" 2>"$T/err" 3>&- 4>&- || status=$?
    is "$status" 1
    has "$(<"$T/err")" "the host's program ps could not be started"
}

@test "exec goes where init is when the container passes controllers on to its own cgroups" {
    cgroup2_only || skip "only cgroup v2 alone has controllers to pass on"
    local cgroup
    all_capabilities
    config '(.mounts[] | select(.type == "cgroup").options) -= ["ro"]'
    up
    cgroup=$(cgroup_of "$PID" pids)
    # As systemd does in a container: it moves itself below, then passes controllers on.
    mkdir "$cgroup/init.scope"
    echo "$PID" >"$cgroup/init.scope/cgroup.procs"
    echo "+pids +memory" >"$cgroup/cgroup.subtree_control"
    in_exec cat /proc/self/cgroup
    matches "$output" '/init\.scope$'
    ok hasu exec --detach "$ID" sleep 1000
    ok hasu ps --format json "$ID"
    is "$(jq length <<<"$output")" 2
    # A cgroup that is asked for by name is not replaced by another.
    fails "controllers" hasu exec --cgroup / "$ID" true
    # And an init that has left the container's cgroup is not followed.
    mkdir "/sys/fs/cgroup/$ID-outside"
    echo "$PID" >"/sys/fs/cgroup/$ID-outside/cgroup.procs"
    fails "controllers" hasu exec "$ID" true
    echo "$PID" >"$cgroup/init.scope/cgroup.procs"
    rmdir "/sys/fs/cgroup/$ID-outside"
}
