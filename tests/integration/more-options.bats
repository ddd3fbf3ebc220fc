#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Options that crun has beyond runc, and what runc's --rootless means.
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

# several NAME...: running containers $ID-NAME of one bundle.
several() {
    local name
    program probe wait
    for name in "$@"; do
        config '.linux.cgroupsPath = "/" + $words[0]' "$ID-$name"
        ok hasu run --detach -b "$BUNDLE" "$ID-$name"
    done
}

left() {
    hasu list -q | sed "s/^$ID-//" | tr '\n' ' '
}

# --- another config ---

@test "--config is read in the place of the bundle's config.json, from the working directory" {
    program echo another
    mv "$CONFIG" "$T/other.json"
    cd "$T"
    ok hasu run -b "$BUNDLE" --config other.json "$ID"
    is "$output" another
    ok hasu run -b "$BUNDLE" -f "$T/other.json" "$ID"
    is "$output" another
    fails "opening 'config.json': no such file or directory" hasu run -b "$BUNDLE" "$ID"
    fails "opening 'none.json': no such file or directory" hasu create -b "$BUNDLE" -f none.json "$ID"
    nothing_left
}

@test "--config: what is wrong in it is said with its name, and a later edit changes nothing" {
    jq '.process.cwd = "x"' "$CONFIG" >"$T/other.json"
    fails "$T/other.json: /process/cwd: 'x' is not an absolute path" \
        hasu create -b "$BUNDLE" -f "$T/other.json" "$ID"
    nothing_left
    jq --arg t "$T" '.process.args = ["probe", "wait"] | .hooks.poststop = [{ path: "/bin/sh",
        args: ["sh", "-c", "echo stopped >\($t)/hook"] }]' "$CONFIG" >"$T/other.json"
    ok hasu run --detach -b "$BUNDLE" --config "$T/other.json" "$ID"
    echo '{}' >"$T/other.json"
    in_exec echo inside
    is "$output" inside
    ok hasu delete --force "$ID"
    is "$(<"$T/hook")" stopped
}

# --- many containers ---

@test "kill --regex signals each container that the expression matches" {
    several web1 web2 db
    ok hasu kill --regex "$ID-web[0-9]\$" KILL
    wait_stopped "$ID-web1"
    wait_stopped "$ID-web2"
    is "$(status_of "$ID-db")" running
    # It matches anywhere, as under crun; what has ended already is told of and no failure.
    ok hasu kill -r web KILL
    has "$errors" "container not running: '$ID-web1' is stopped"
    ok hasu kill --regex nothing-at-all KILL
    is "$(status_of "$ID-db")" running
    fails "'(' is not a regular expression: " hasu kill --regex '(' KILL
}

@test "delete --regex removes each, and tells which it could not" {
    several web1 web2 db
    ok hasu kill "$ID-web1" KILL
    wait_stopped "$ID-web1"
    fails "1 of the containers that match 'web' were left as they were" hasu delete --regex web
    has "$errors" "container '$ID-web2' cannot be deleted: it is running"
    is "$(left)" "db web2 "
    ok hasu delete --force --regex "^$ID-(web|x)"
    is "$(left)" "db "
    ok hasu delete --force -r .
    is "$(left)" ""
    nothing_left
}

# --- spec ---

@test "spec --file writes where it is told, or to standard output, and never over a file" {
    local there=$T/new
    mkdir "$there"
    ok hasu spec -b "$there" --file other.json
    [ ! -e "$there/config.json" ]
    jq -e '.ociVersion' "$there/other.json"
    fails "File other.json exists. Remove it first" hasu spec -b "$there" -f other.json
    ok hasu spec -f "$T/whole.json"
    cmp "$T/whole.json" "$there/other.json"
    ok hasu spec --file -
    cmp "$T/out" "$there/other.json"
    # Beside cgroup v1 the host's cgroup namespace, as engines have it.
    local cgroup=''
    [ "$(stat -f -c %T /sys/fs/cgroup)" != cgroup2fs ] || cgroup='cgroup '
    ok hasu spec --rootless --file -
    is "$(jq -r '[.linux.namespaces[].type] | sort | join(" ")' "$T/out")" \
        "${cgroup}ipc mount pid user uts"
    is "$(jq -r '[.linux.namespaces[].type] | sort | join(" ")' "$there/other.json")" \
        "${cgroup}ipc mount network pid uts"
    fails "making 'no/x.json' in '$there': no such file or directory" hasu spec -b "$there" -f no/x.json
}

# --- rootless ---

# An ordinary user, who may make no cgroup.
as_worker() {
    setpriv --reuid=1000 --regid=1000 --clear-groups --inh-caps=-all -- \
        "$T/hasu" --root "$ROOT" "$@"
}

ordinary_user() {
    need_tool setpriv
    chmod 755 "$BATS_RUN_TMPDIR" "$(dirname "$T")" "$T"
    mkdir -m 777 "$ROOT" 2>/dev/null || chmod 777 "$ROOT"
    cp "$HASU" "$T/hasu"
    as_worker --version >/dev/null 2>&1 || skip "another user cannot reach $T"
    config '.linux.namespaces |= map(select(.type != "user" and .type != "network" and .type != "cgroup"))
            + [{ type: "user" }]
        | .linux.uidMappings = [{ containerID: 0, hostID: 1000, size: 1 }]
        | .linux.gidMappings = [{ containerID: 0, hostID: 1000, size: 1 }]
        | .mounts |= map(select(.type != "cgroup" and .type != "sysfs")
            | .options = ((.options // []) - ["gid=5"]))
        | del(.linux.resources)'
    program echo it runs
    chown -R 1000:1000 "$BUNDLE"
}

@test "--rootless: whether a refused cgroup is an error" {
    ordinary_user
    # It is named, so by default it is wanted.
    fails "making cgroup '" as_worker run -b "$BUNDLE" "$ID"
    nothing_left
    ok as_worker --rootless=true run -b "$BUNDLE" "$ID"
    is "$output" "it runs"
    has "$errors" "has no cgroup of its own"
    config 'del(.linux.cgroupsPath)'
    chown 1000:1000 "$CONFIG"
    ok as_worker run -b "$BUNDLE" "$ID"
    is "$output" "it runs"
    ok as_worker --rootless=auto run -b "$BUNDLE" "$ID"
    fails "making cgroup '" as_worker --rootless=false run -b "$BUNDLE" "$ID"
    nothing_left
    fails "option '--rootless': 'maybe' is none of auto, true, false" as_worker --rootless=maybe list
}

@test "--rootless: the root of an ordinary user's namespace is as the user" {
    ordinary_user
    # As Podman calls it: in a user namespace of its own, and none more for the container.
    config 'del(.linux.uidMappings, .linux.gidMappings, .linux.cgroupsPath)
        | .linux.namespaces |= map(select(.type != "user"))'
    chown 1000:1000 "$CONFIG"
    ok as_root_of_worker run -b "$BUNDLE" "$ID"
    is "$output" "it runs"
    has "$errors" "has no cgroup of its own"
    fails "making cgroup '" as_root_of_worker --rootless=false run -b "$BUNDLE" "$ID"
    config '.linux.cgroupsPath = "/" + $id'
    chown 1000:1000 "$CONFIG"
    fails "making cgroup '" as_root_of_worker run -b "$BUNDLE" "$ID"
    nothing_left
}

as_root_of_worker() {
    setpriv --reuid=1000 --regid=1000 --clear-groups --inh-caps=-all -- \
        unshare --user --map-root-user "$T/hasu" --root "$ROOT" "$@"
}

@test "--rootless: true does without a cgroup, but never without its limits" {
    ordinary_user
    config '.linux.resources = { pids: { limit: 10 } }'
    chown 1000:1000 "$CONFIG"
    fails "/linux/resources/pids/limit" as_worker --rootless=true run -b "$BUNDLE" "$ID"
    nothing_left
}
