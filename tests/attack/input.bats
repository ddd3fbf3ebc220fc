#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Attacks by what hasu reads: configs, IDs, the state directory; and by what it then says.
# docs/attacks.md has the list.
# shellcheck disable=SC2016 # filters of jq, scripts of containers
# shellcheck disable=SC2030,SC2031 # each test is a subshell
# shellcheck disable=SC2154 # status, output, errors: set by helpers.bash
load helpers

setup() {
    attack_setup
}

teardown() {
    hasu_teardown
}

# bomb TEXT: create with the config as it is now fails soon, says TEXT, and leaves nothing.
bomb() {
    call timeout -s KILL 60 "$HASU" --root "$ROOT" create -b "$BUNDLE" "$ID"
    is "$status" 1
    has "$errors" "$1"
    nothing_left
}

# with_member TEXT: config.json with one more member at its beginning.
with_member() {
    cp "$T/good.json" "$CONFIG"
    sed -i "1s/{/{ /; 1s|\$|$1,|" "$CONFIG"
}

@test "a config that is nested without end" {
    {
        printf '{"annotations":'
        head -c 1000000 /dev/zero | tr '\0' '['
    } >"$CONFIG"
    bomb "nested too deeply"
    {
        printf '{"annotations":'
        for _ in {1..2000}; do printf '{"a":'; done
    } >"$CONFIG"
    bomb "nested too deeply"
}

@test "a config that is larger than any" {
    head -c 33554432 /dev/zero | tr '\0' ' ' >>"$CONFIG"
    bomb "config.json: is larger than 32 MiB"
    truncate -s 20G "$CONFIG"
    bomb "config.json: is larger than 32 MiB"
    rm "$CONFIG"
    ln -s /dev/zero "$CONFIG"
    bomb "config.json: is larger than 32 MiB"
}

@test "a config of more values than any container needs" {
    {
        printf '{"annotations":{},"x":['
        yes '{},' | head -n 600000
        printf '0]}'
    } >"$CONFIG"
    bomb "more values than any container needs"
}

@test "a config that two readers would understand differently" {
    cp "$CONFIG" "$T/good.json"
    with_member '"hostname": "first"'
    bomb "'hostname' occurs twice"
    with_member '"hostn\\u0061me": "first"'
    bomb "'hostname' occurs twice"
    with_member '"a\\u0000b": 1'
    bomb "NUL character in a name"
    config_of_numbers 1e999999 99999999999999999999999999 -0x10 NaN 01
}

# config_of_numbers NUMBER...
config_of_numbers() {
    local number
    for number in "$@"; do
        sed 's/"cwd"/"oomScoreAdj": '"$number"', "cwd"/' "$T/good.json" >"$CONFIG"
        bomb "config.json"
    done
}

@test "a string of a config that is cut short by NUL, or is no UTF-8" {
    local path
    for path in .process.cwd .root.path '.process.args[0]' .hostname .linux.cgroupsPath '.mounts[0].destination' '.process.env[0]'; do
        cp "$CONFIG" "$T/good.json"
        config "$path"' = "/tmp\u0000/../../evil"'
        bomb "NUL"
        cp "$T/good.json" "$CONFIG"
    done
    printf '{ "hostname": "\xc0\xaf" }' >"$CONFIG"
    bomb "not UTF-8"
}

@test "a config that is no file" {
    rm "$CONFIG"
    mkfifo "$CONFIG"
    bomb "config.json"
    rm "$CONFIG"
    mkdir "$CONFIG"
    bomb "config.json"
    rmdir "$CONFIG"
}

# --- IDs ---

@test "an ID leads out of the state directory" {
    local id command
    mkdir -p "$OUTSIDE/evil"
    touch "$OUTSIDE/evil/state.json"
    for id in .. . ../outside/evil a/b /tmp/evil '@seccomp' $'a\nb' 'a b' '' "$(printf '%300s' '' | tr ' ' x)"; do
        for command in state start kill delete pause resume; do
            call hasu "$command" "$id"
            is "$status" 1
            has "$errors" "ID"
        done
        call hasu create -b "$BUNDLE" "$id"
        is "$status" 1
        has "$errors" "ID"
    done
    is "$(find "$OUTSIDE" | wc -l)" 3
    nothing_left
}

@test "exec: a sub-cgroup leads out of the container's" {
    local path
    up
    for path in ../.. /../evil a/../../..; do
        fails "leads upwards by '..'" hasu exec --cgroup "$path" "$ID" true
    done
}

@test "the cgroup of a config leads out" {
    local path
    for path in /../../evil a/../../../evil ..; do
        config '.linux.cgroupsPath = $words[0]' "$path"
        refused "/linux/cgroupsPath: '$path' must not have '..' in it"
    done
}

@test "cgroups that the container makes outlive it" {
    local where
    where=$(cgroup_of self pids 2>/dev/null) || true
    program probe wait
    up
    where=$(cgroup_of "$PID" pids)
    # As deep as a container could, with names that look like options, files and the way up.
    mkdir -p "$where/-rf/cgroup.procs.d/..evil/ /$(seq -s / 1 40)"
    ok hasu delete --force "$ID"
    [ ! -e "$where" ]
}

# --- the state directory ---

damaged() {
    fails "$1" hasu state "$ID"
    call hasu kill "$ID" KILL
    is "$status" 1
}

@test "the state of a container is damaged" {
    local file=$ROOT/$ID/state.json
    up
    cp "$file" "$T/good"
    jq '.id = "another"' "$T/good" >"$file"
    damaged "the saved state of container '$ID' is damaged: id"
    jq '.pid = -1' "$T/good" >"$file"
    damaged "the saved state of container '$ID' is damaged: pid"
    jq '.bundle = "/a\u0000b"' "$T/good" >"$file"
    damaged "the saved state of container '$ID' is damaged: bundle"
    head -c 100000 /dev/zero | tr '\0' '[' >"$file"
    damaged "the saved state of container '$ID' is damaged: it is not a JSON object"
    truncate -s 10G "$file"
    damaged "the saved state of container '$ID' is damaged: it is larger than 4 MiB"
    rm "$file"
    mkfifo "$file"
    call timeout -s KILL 30 "$HASU" --root "$ROOT" state "$ID"
    rm "$file"
    cp "$T/good" "$file"
    is "$status" 1
    has "$errors" "reading the state of container '$ID': bad message"
}

@test "a link in the state directory is another container's" {
    mkdir "$ROOT"
    mkdir "$OUTSIDE/container"
    echo '{}' >"$OUTSIDE/container/state.json"
    ln -s "$OUTSIDE/container" "$ROOT/$ID"
    fails "opening state directory '$ROOT/$ID'" hasu state "$ID"
    call hasu delete --force "$ID"
    is "$(<"$OUTSIDE/container/state.json")" '{}'
    rm "$ROOT/$ID"
}

@test "the pid file is a link to a file of the host" {
    echo precious >"$OUTSIDE/file"
    ln -s "$OUTSIDE/file" "$T/pid"
    created --pid-file "$T/pid"
    is "$(<"$OUTSIDE/file")" precious
    is "$(<"$T/pid")" "$PID"
}

# --- what it says ---

@test "annotations make a state that could not be read back" {
    config '.annotations = ([range(9) | { key: "a\(.)", value: ("\u0001" * 100000) }] | from_entries)'
    bomb "would be larger than 4 MiB, most of it annotations"
}

@test "words of a config drive the terminal, or forge a line of the log" {
    program $'\033]0;evil\007/no\nhasu: all is well' true
    fails '\x1b]0;evil\x07/no\x0ahasu: all is well' hasu create -b "$BUNDLE" "$ID"
    is "$(wc -l <<<"$errors")" 1
    # U+009B is ESC [ to a terminal that knows the controls of C1.
    program $'\xc2\x9b2J/no' true
    fails '\xc2\x9b2J/no' hasu create -b "$BUNDLE" "$ID"
    fails '' hasu --log "$T/log" --log-format json create -b "$BUNDLE" "$ID"
    is "$(jq -r .level "$T/log")" error
    nothing_left
}
