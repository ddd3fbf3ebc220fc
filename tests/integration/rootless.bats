#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# An ordinary user to whom a cgroup was delegated, as cgroups(7) and systemd do it: limits, exec,
# update, pause and removal within it. cgroup v1 cannot be delegated; mounts-more.bats has what an
# ordinary user may do anywhere.
#
# shellcheck disable=SC2016 # programs of containers, filters of jq
# shellcheck disable=SC2154 # status, output and errors are set by the helpers

load helpers

USER_ID=1234

setup() {
    hasu_setup
    HOME_GROUP=
    cgroup2_only || skip "cgroup v1 must not be delegated"
    need_tool setpriv
    install -m 755 "$HASU" "$T/hasu"
    chmod 755 "$BATS_RUN_TMPDIR" "$(dirname "$T")" "$T"
    mkdir -m 700 "$T/run"
    rm "$CONFIG"
    # A slice of the user's own with the user's shell in a cgroup beside what is to come.
    HOME_GROUP=/sys/fs/cgroup/$ID-home
    mkdir "$HOME_GROUP"
    echo "+cpu +memory +pids +cpuset" >"$HOME_GROUP/cgroup.subtree_control"
    mkdir "$HOME_GROUP/shell"
    chown $USER_ID "$HOME_GROUP" "$HOME_GROUP/shell" \
        "$HOME_GROUP"/{cgroup.procs,cgroup.subtree_control,cgroup.threads} "$HOME_GROUP/shell/cgroup.procs"
    chown -R -h $USER_ID:$USER_ID "$BUNDLE" "$T/run"
    ok as_user spec --rootless -b "$BUNDLE"
    config '.process.terminal = false | .root.readonly = false | .process.env += ["HASU_IT=\($id)"]
        | .linux.cgroupsPath = "/\($id)-home/containers/\($id)"'
    chown $USER_ID "$CONFIG"
}

teardown() {
    [ ! -d "$T/run/hasu" ] || as_user list -q | while read -r id; do as_user delete --force "$id"; done
    [ -z "$HOME_GROUP" ] || rmdir "$HOME_GROUP/containers" "$HOME_GROUP/shell" "$HOME_GROUP" 2>/dev/null || true
    hasu_teardown
}

# as_user ARGUMENT...: hasu as the user, from their shell's cgroup.
as_user() {
    (
        echo $BASHPID >"$HOME_GROUP/shell/cgroup.procs"
        exec setpriv --reuid $USER_ID --regid $USER_ID --clear-groups env -i HASU_IT="$ID" \
            PATH="$PATH" XDG_RUNTIME_DIR="$T/run" "$T/hasu" "$@"
    )
}

changed() {
    config "$@"
    chown $USER_ID "$CONFIG"
}

user_program() {
    program "$@"
    chown $USER_ID "$CONFIG"
}

user_up() {
    user_program probe wait
    ok as_user run --detach -b "$BUNDLE" "$ID"
    PID=$(as_user state "$ID" | jq .pid)
    GROUP=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$PID/cgroup")
}

@test "a delegated cgroup: the container is in its own, owned by nobody else" {
    user_up
    is "$GROUP" "$HOME_GROUP/containers/$ID"
    is "$(stat -c %u "$GROUP")" $USER_ID
    is "$(stat -c %u "/proc/$PID")" $USER_ID
    is "$errors" ""
    ok as_user delete --force "$ID"
    [ ! -e "$GROUP" ]
    [ ! -e "$T/run/hasu/$ID" ]
}

@test "a delegated cgroup: a limit of processes refuses fork, and one of memory kills" {
    changed '.linux.resources = { pids: { limit: 7 }, memory: { limit: 33554432 } }'
    user_program probe forks 20
    call as_user run -b "$BUNDLE" "$ID"
    # The probe itself is one of the seven.
    is "$output" $'refused: Resource temporarily unavailable\n6'
    user_program sh -c 'probe touch 8; probe touch 128; echo "status $?"'
    call as_user run -b "$BUNDLE" "$ID"
    is "$output" $'touched 8 MiB\nstatus 137'
}

@test "a delegated cgroup: exec is in it, update changes it, pause stops it" {
    user_up
    ok as_user exec "$ID" cat /proc/self/cgroup
    has "$output" "0::/"
    ok as_user update --pids-limit 9 --memory 40m "$ID"
    is "$(cat "$GROUP/pids.max") $(cat "$GROUP/memory.max")" "9 41943040"
    ok as_user pause "$ID"
    grep -qx "frozen 1" "$GROUP/cgroup.events"
    is "$(as_user state "$ID" | jq -r .status)" paused
    ok as_user resume "$ID"
    grep -qx "frozen 0" "$GROUP/cgroup.events"
    ok as_user kill "$ID" KILL
    until_true gone "$PID"
    ok as_user delete "$ID"
}

@test "a delegated cgroup: a memory policy and its cpuset, and exec where init is" {
    need_numa
    changed '.linux.memoryPolicy = { mode: "MPOL_BIND", nodes: $words[0] }
        | .linux.resources = { cpu: { mems: $words[0] } }' "$(first_node)"
    user_up
    is "$(policy_of "$PID")" "bind:$(first_node)"
    is "$(cat "$GROUP/cpuset.mems")" "$(first_node)"
    ok as_user exec "$ID" sh -c 'head -n 1 /proc/self/numa_maps'
    has "$output" "bind:$(first_node)"
}

@test "a cgroup that is somebody else's is refused, and nothing is left" {
    mkdir "/sys/fs/cgroup/$ID-other"
    changed '.linux.cgroupsPath = "/\($id)-other/x"'
    fails "permission denied" as_user create -b "$BUNDLE" "$ID"
    rmdir "/sys/fs/cgroup/$ID-other"
    is "$(find "$T/run" -mindepth 1 -name "$ID*")" ''
}

@test "hooks are the user's, and one that fails leaves nothing" {
    printf '#!/bin/sh\nid -u >>%s/hooks\n' "$BUNDLE" >"$BUNDLE/hook"
    chmod 755 "$BUNDLE/hook"
    changed '.hooks = { createRuntime: [{ path: "\($bundle)/hook" }], poststop: [{ path: "\($bundle)/hook" }] }'
    user_program true
    ok as_user run -b "$BUNDLE" "$ID"
    is "$(cat "$BUNDLE/hooks")" $USER_ID$'\n'$USER_ID
    changed '.hooks.createRuntime[0].path = "/bin/false"'
    fails "/hooks/createRuntime/0" as_user create -b "$BUNDLE" "$ID"
    [ ! -e "$HOME_GROUP/containers/$ID" ]
    is "$(find "$T/run" -mindepth 1 -name "$ID*")" ''
}

@test "subordinate IDs: other users of the container are the host's of /etc/subuid, by newuidmap" {
    need_tool newuidmap
    [ -e /etc/subuid ] && [ -e /etc/subgid ] || skip "there is no /etc/subuid here"
    changed '.linux.uidMappings = [{ containerID: 0, hostID: 1234, size: 1 }, { containerID: 1, hostID: 400000, size: 2000 }]
        | .linux.gidMappings = .linux.uidMappings
        | .process.user = { uid: 1000, gid: 1000 }'
    echo "$USER_ID:400000:2000" >"$T/sub"
    # newuidmap takes the caller's name from passwd.
    sed "\$a sub:x:$USER_ID:$USER_ID::/:/bin/sh" /etc/passwd >"$T/passwd"
    mount --bind "$T/sub" /etc/subuid
    mount --bind "$T/sub" /etc/subgid
    mount --bind "$T/passwd" /etc/passwd
    user_program probe wait
    call as_user run --detach -b "$BUNDLE" "$ID"
    umount /etc/passwd /etc/subgid /etc/subuid
    is "$status $errors" "0 "
    PID=$(as_user state "$ID" | jq .pid)
    is "$(stat -c %u:%g "/proc/$PID")" 400999:400999
}
