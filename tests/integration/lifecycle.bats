#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# create, start, state, kill, delete, list: the states of a container, and what is refused in each.
#
# shellcheck disable=SC2016 # filters of jq, programs of containers
# shellcheck disable=SC2154 # status, output and errors are set by the helpers

load helpers

setup() {
    hasu_setup
}

teardown() {
    hasu_teardown
}

@test "create makes a container that waits, and start lets its program run" {
    program sh -c 'echo started >/marker'
    created
    is "$(status_of)" created
    [ ! -e "$BUNDLE/rootfs/marker" ]
    ok hasu start "$ID"
    wait_stopped
    is "$(<"$BUNDLE/rootfs/marker")" started
    ok hasu delete "$ID"
    nothing_left
}

@test "state has exactly the members of the specification" {
    config '.annotations = { "org.example.key": "a value" }'
    created
    ok hasu state "$ID"
    is "$(jq -r 'keys_unsorted | sort | join(" ")' <<<"$output")" \
        "annotations bundle id ociVersion pid status"
    is "$(jq -r .id <<<"$output")" "$ID"
    is "$(jq -r .bundle <<<"$output")" "$BUNDLE"
    is "$(jq -r '.annotations["org.example.key"]' <<<"$output")" "a value"
    matches "$(jq -r .ociVersion <<<"$output")" '^1\.[0-9]+\.[0-9]+$'
    [ "$(jq .pid <<<"$output")" -gt 1 ]
}

@test "a config without a process: it is created, and its start is refused in words" {
    config 'del(.process) | .hooks.startContainer = [{ path: "/bin/sh", args: ["sh", "-c", "touch /hooked"] }]'
    created
    has "$errors" "/process: is missing: the container can be created, but not started"
    status_is "$ID" created
    is "$(grep CapEff "/proc/$PID/status" | tr -d '\t')" CapEff:0000000000000000
    fails "/process: is missing, so there is nothing to start" hasu start "$ID"
    wait_stopped
    [ ! -e "$BUNDLE/rootfs/hooked" ]
    fails "cannot be started: it is stopped" hasu start "$ID"
    ok hasu delete "$ID"
    nothing_left
}

@test "a config without a process is not run" {
    config 'del(.process)'
    fails "/process: is required to run a container" hasu run -b "$BUNDLE" "$ID"
    fails "/process: is required to run a container" hasu run --detach -b "$BUNDLE" "$ID"
    nothing_left
}

@test "state of a stopped container has no process" {
    program true
    ok hasu run --detach --keep -b "$BUNDLE" "$ID"
    wait_stopped
    ok hasu state "$ID"
    is "$(jq -r '.pid // 0' <<<"$output")" 0
}

@test "the states go created, running, stopped" {
    program probe wait
    created
    is "$(status_of)" created
    ok hasu start "$ID"
    is "$(status_of)" running
    ok hasu kill "$ID" KILL
    wait_stopped
    is "$(status_of)" stopped
}

@test "the config is taken as it was at create" {
    config '.hooks.poststop = [{ path: "/bin/sh", args: ["sh", "-c", "echo old >\($t)/hook"] }]'
    created
    config '.hooks.poststop[0].args[2] = "echo new >\($t)/hook"'
    ok hasu delete --force "$ID"
    is "$(<"$T/hook")" old
}

@test "an ID that cannot be is refused as such" {
    config 'del(.linux.cgroupsPath)' # then the ID names the cgroup
    fails "the container ID is empty" hasu create -b "$BUNDLE" ""
    fails "'..' is not a container ID" hasu create -b "$BUNDLE" ..
    fails "container ID 'a/b': only letters" hasu run -b "$BUNDLE" a/b
    nothing_left
}

@test "an ID that is in use is refused, and its container is as before" {
    up
    fails "$ID" hasu create -b "$BUNDLE" "$ID"
    fails "$ID" hasu run -b "$BUNDLE" "$ID"
    is "$(status_of)" running
    is "$(init_pid "$ID")" "$PID"
}

@test "start: a second one is refused" {
    up
    fails "cannot be started: it is running" hasu start "$ID"
    is "$(status_of)" running
}

@test "start: a stopped container is refused" {
    up
    ok hasu kill "$ID" KILL
    wait_stopped
    fails "it is stopped" hasu start "$ID"
}

@test "delete: a running container is refused and lives on" {
    up
    fails running hasu delete "$ID"
    is "$(status_of)" running
}

@test "delete --force ends a running container" {
    up
    ok hasu delete --force "$ID"
    gone "$PID"
    nothing_left
}

@test "delete: a created container goes, as under the peers" {
    created
    ok hasu delete --force "$ID"
    nothing_left
}

@test "delete: a stopped container goes" {
    up
    ok hasu kill "$ID" KILL
    wait_stopped
    ok hasu delete "$ID"
    nothing_left
}

@test "delete: a container whose init was killed behind our back goes" {
    up
    kill -KILL "$PID"
    wait_stopped
    ok hasu delete "$ID"
    nothing_left
}

@test "delete: what cannot be removed leaves a container that delete knows again" {
    local dir="$ROOT/$ID"

    program true
    ok hasu run --detach --keep -b "$BUNDLE" "$ID"
    wait_stopped
    # A directory cannot be unlinked, by root neither.
    rm "$dir/config.json"
    mkdir "$dir/config.json"
    fails "removing config.json of container '$ID'" hasu delete "$ID"
    # By state.json alone it is listed, and its cgroup found.
    ok hasu list --quiet
    is "$output" "$ID"
    rmdir "$dir/config.json"
    ok hasu delete "$ID"
    nothing_left
}

@test "delete: one that does not exist is an error, with --force it is none" {
    fails "does not exist" hasu delete "$ID"
    ok hasu delete --force "$ID"
}

@test "an ID that does not exist: start, state, kill, exec say so" {
    fails "does not exist" hasu start "$ID"
    fails "does not exist" hasu state "$ID"
    fails "does not exist" hasu kill "$ID" KILL
    fails "does not exist" hasu exec "$ID" true
}

@test "a missing ID is said, with the usage" {
    for command in create start state kill delete run exec; do
        fails "needs the ID of a container" hasu "$command"
        has "$errors" "$command"
    done
}

@test "IDs that are paths, empty or too long are refused" {
    local long
    long=$(printf 'a%.0s' {1..1100})
    for id in .. . a/b /a '' 'a b' $'a\nb' "$long"; do
        fails "" hasu create -b "$BUNDLE" "$id"
        fails "" hasu state "$id"
    done
    nothing_left
}

@test "kill sends signals by name, short name, lower case and number" {
    program sh -c 'for s in USR1 USR2 HUP INT TERM; do trap "echo $s >>/seen" $s; done
        echo ready >/ready; while :; do sleep 0.05; done'
    ok hasu run --detach -b "$BUNDLE" "$ID"
    until_true test -e "$BUNDLE/rootfs/ready"
    local n=0
    for signal in SIGUSR1 USR2 sighup 2 ''; do
        n=$((n + 1))
        # shellcheck disable=SC2086 # the empty one is the default
        ok hasu kill "$ID" $signal
        until_true eval "[ \"\$(wc -l <'$BUNDLE/rootfs/seen')\" = $n ]"
    done
    is "$(paste -sd ' ' "$BUNDLE/rootfs/seen")" "USR1 USR2 HUP INT TERM"
}

@test "kill: unknown signals are refused" {
    up
    for signal in NOSUCH SIGNOSUCH 0x9 -1 99 1000000; do
        fails "" hasu kill "$ID" -- "$signal"
    done
    is "$(status_of)" running
}

@test "kill: a stopped container is refused" {
    up
    ok hasu kill "$ID" KILL
    wait_stopped
    fails "not running" hasu kill "$ID" TERM
}

@test "kill: a created container is killed" {
    created
    ok hasu kill "$ID" KILL
    wait_stopped
}

@test "kill --all reaches every process" {
    program sh -c 'sleep 1000 & sleep 1000 & echo ready >/ready; wait; wait; sleep 1000'
    ok hasu run --detach -b "$BUNDLE" "$ID"
    until_true test -e "$BUNDLE/rootfs/ready"
    until_true eval "[ \$(our_processes | wc -l) -ge 3 ]"
    ok hasu kill --all "$ID" KILL
    wait_stopped
    until_true eval "[ -z \"\$(our_processes)\" ]"
    # One that has ended is no error.
    ok hasu kill --all "$ID" KILL
}

@test "kill KILL without a PID namespace reaches what init has left, and then nothing is there" {
    config 'del(.linux.namespaces[] | select(.type == "pid"))'
    program sh -c 'sleep 1000 & sleep 1000 & echo ready >/ready; wait'
    ok hasu run --detach --pid-file "$T/pid" -b "$BUNDLE" "$ID"
    until_true test -e "$BUNDLE/rootfs/ready"
    until_true eval "[ \$(our_processes | wc -l) -ge 3 ]"
    kill -KILL "$(<"$T/pid")"
    wait_stopped
    fails "not running" hasu kill "$ID" TERM
    [ -n "$(our_processes)" ]
    ok hasu kill "$ID" KILL
    until_true eval "[ -z \"\$(our_processes)\" ]"
    fails "not running" hasu kill "$ID" KILL
}

@test "list: table, JSON and IDs alone" {
    up
    ok hasu list
    matches "$output" '^ID +PID +STATUS +BUNDLE +CREATED +OWNER'
    matches "$output" "$ID +$PID +running +$BUNDLE"
    ok hasu list --quiet
    is "$output" "$ID"
    ok hasu list --format json
    is "$(jq -r '.[0] | "\(.id) \(.pid) \(.status) \(.bundle)"' <<<"$output")" \
        "$ID $PID running $BUNDLE"
    matches "$(jq -r '.[0].created' <<<"$output")" '^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z$'
}

@test "list: none is an empty list" {
    mkdir -p "$ROOT"
    ok hasu list --quiet
    is "$output" ""
    ok hasu list --format json
    matches "$(jq -c . <<<"$output")" '^(null|\[\])$'
}

@test "list: what is no container's directory is left out" {
    up
    mkdir "$ROOT/stranger"
    echo x >"$ROOT/file"
    ok hasu list --quiet
    rm -r "$ROOT/stranger" "$ROOT/file"
    is "$output" "$ID"
}

@test "the bundle is the working directory where none is given" {
    program true
    cd "$BUNDLE"
    ok hasu run "$ID"
}

@test "a bundle that is missing, or has no config, is named" {
    fails "$T/nowhere" hasu create -b "$T/nowhere" "$ID"
    has "$errors" "no such file or directory"
    mkdir "$T/empty"
    fails "config.json" hasu create -b "$T/empty" "$ID"
    nothing_left
}

@test "a relative bundle and root are kept whole" {
    cd "$T"
    program probe wait
    ok "$HASU" --root state run --detach -b bundle "$ID"
    cd /
    is "$(hasu state "$ID" | jq -r .bundle)" "$BUNDLE"
    ok hasu delete --force "$ID"
}

@test "two containers of one bundle live side by side" {
    up
    config '.linux.cgroupsPath = "/" + $id + "-b"'
    ok hasu run --detach -b "$BUNDLE" "$ID-b"
    is "$(status_of "$ID-b")" running
    is "$(hasu list -q | wc -l)" 2
    ok hasu delete --force "$ID-b"
    is "$(status_of)" running
}

@test "of twenty creates of one ID at a time, one succeeds" {
    local n won=0 jobs=()
    program probe wait
    for n in {1..20}; do
        HASU_IT=$ID hasu create -b "$BUNDLE" "$ID" </dev/null >/dev/null 2>"$T/err.$n" 3>&- 4>&- &
        jobs+=($!)
    done
    for n in "${jobs[@]}"; do
        if wait "$n"; then won=$((won + 1)); fi
    done
    is "$won" 1
    is "$(status_of)" created
    ok hasu delete --force "$ID"
    nothing_left
}

@test "a state directory that was tampered with is refused, and delete --force still cleans" {
    up
    cp "$ROOT/$ID/state.json" "$T/good"
    for bad in '' '{' '[]' '{"pid":"1"}' '{"pid":-1}' "$(jq -c '.pid = 1' "$T/good")" \
        "$(jq -c 'del(.bundle)' "$T/good")"; do
        printf '%s' "$bad" >"$ROOT/$ID/state.json"
        call hasu kill "$ID" KILL
        [ "$status" -ne 0 ]
    done
    cp "$T/good" "$ROOT/$ID/state.json"
    is "$(status_of)" running
}

@test "a PID that was used again is not taken for the container's" {
    up
    local sleeper
    ok hasu kill "$ID" KILL
    wait_stopped
    sleep 1000 3>&- 4>&- &
    sleeper=$!
    jq --argjson pid "$sleeper" '.pid = $pid' "$ROOT/$ID/state.json" >"$T/new"
    cp "$T/new" "$ROOT/$ID/state.json"
    is "$(status_of)" stopped
    ok hasu delete --force "$ID"
    kill -0 "$sleeper"
    kill "$sleeper"
}
