#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Each namespace: a new one, one that is joined by path, and the host's own.
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

# The namespace of a process of the host, as its link says: "pid:[4026531836]".
ns_of() {
    readlink "/proc/$1/ns/$2"
}

without() {
    config '.linux.namespaces |= map(select(.type != $words[0]))' "$1"
}

by_path() {
    config '.linux.namespaces |= map(select(.type != $words[0])) + [{ type: $words[0], path: $words[1] }]' \
        "$1" "$2"
}

@test "new pid, network, ipc, uts, mount and cgroup namespaces are made" {
    up
    for ns in pid net ipc uts mnt cgroup; do
        [ "$(ns_of "$PID" $ns)" != "$(ns_of self $ns)" ] || {
            echo "$ns is the host's"
            return 1
        }
    done
    for ns in user time; do
        is "$(ns_of "$PID" $ns)" "$(ns_of self $ns)"
    done
}

@test "a namespace that the config does not name is the caller's" {
    for ns in pid network ipc uts cgroup; do without $ns; done
    config 'del(.hostname)'
    up
    for ns in pid net ipc uts cgroup; do
        is "$(ns_of "$PID" $ns)" "$(ns_of self $ns)"
    done
    [ "$(ns_of "$PID" mnt)" != "$(ns_of self mnt)" ]
}

@test "in a new PID namespace the program is process 1" {
    inside_ok 'echo $$; ls -d /proc/[0-9]* | wc -l'
    matches "$output" $'^1\n'
}

@test "a new network namespace has loopback, and it is up" {
    inside_ok 'ip -o addr show lo; cat /sys/class/net/lo/flags; ls /sys/class/net'
    has "$output" 127.0.0.1/8
    # IFF_UP, IFF_LOOPBACK
    has "$output" $'\n0x9\nlo'
}

@test "each of five namespaces is joined by its path" {
    program probe wait
    config '.linux.cgroupsPath += "-first"'
    ok hasu run --detach -b "$BUNDLE" "$ID-first"
    local first
    first=$(init_pid "$ID-first")
    config '.linux.cgroupsPath = "/" + $id | del(.hostname)'
    by_path network "/proc/$first/ns/net"
    by_path ipc "/proc/$first/ns/ipc"
    by_path uts "/proc/$first/ns/uts"
    by_path cgroup "/proc/$first/ns/cgroup"
    by_path pid "/proc/$first/ns/pid"
    up
    for ns in net ipc uts cgroup pid; do
        is "$(ns_of "$PID" $ns)" "$(ns_of "$first" $ns)"
    done
    [ "$(ns_of "$PID" mnt)" != "$(ns_of "$first" mnt)" ]
    # Its end is known, though it is not the first of its PID namespace.
    ok hasu kill "$ID" KILL
    wait_stopped
    ok hasu delete "$ID"
    is "$(status_of "$ID-first")" running
}

@test "deleting a container in another's PID namespace leaves that one's processes alone" {
    program probe wait
    config '.linux.cgroupsPath += "-first"'
    ok hasu run --detach -b "$BUNDLE" "$ID-first"
    config '.linux.cgroupsPath = "/" + $id'
    by_path pid "/proc/$(init_pid "$ID-first")/ns/pid"
    program sh -c 'sleep 1000 & sleep 1000 & echo ready >/ready; wait; sleep 1000'
    ok hasu run --detach -b "$BUNDLE" "$ID"
    until_true test -e "$BUNDLE/rootfs/ready"
    ok hasu delete --force "$ID"
    is "$(status_of "$ID-first")" running
    ok hasu delete --force "$ID-first"
    nothing_left
}

@test "a path that is no namespace, or one of another kind, is refused by name" {
    for wrong in "$T/nowhere" /etc/passwd /proc/self/ns/uts; do
        by_path network "$wrong"
        fails "$wrong" hasu create -b "$BUNDLE" "$ID"
    done
    nothing_left
}

@test "a network namespace that others made is left as it is" {
    unshare -n sleep 1000 3>&- 4>&- &
    local holder=$!
    until_true eval "[ \"\$(readlink /proc/$holder/ns/net)\" != '$(ns_of self net)' ]"
    by_path network "/proc/$holder/ns/net"
    inside_ok 'cat /sys/class/net/lo/flags'
    kill "$holder"
    # IFF_UP is not ours to set there.
    is "$output" 0x8
}

userns() {
    config '.linux.namespaces += [{ type: "user" }]
        | .linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 1000 },
            { containerID: 1000, hostID: 200000, size: 10 }]
        | .linux.gidMappings = [{ containerID: 0, hostID: 100000, size: 2000 }]'
    chown -R -h 100000:100000 "$BUNDLE/rootfs"
    # mktemp's directories are closed to others.
    chmod a+x "$T" "$BUNDLE"
    local dir=$T
    while [ "$dir" != / ]; do
        chmod a+x "$dir"
        dir=$(dirname "$dir")
    done
}

@test "a user namespace has the mappings, and root in it is nobody outside" {
    userns
    inside_ok 'cat /proc/self/uid_map /proc/self/gid_map; id -u; touch /made; stat -c %u /made'
    is "$(tr -s ' ' <<<"$output")" \
        $' 0 100000 1000\n 1000 200000 10\n 0 100000 2000\n0\n0'
    is "$(stat -c %u "$BUNDLE/rootfs/made")" 100000
}

# "first, first outside" of each line of a map on standard input, and how many IDs there are in all.
map_columns() {
    awk '{ n += $3; print $1, $2 } END { print n }'
}

@test "a user namespace without mappings has each ID of the caller's, in more than one line" {
    config '.linux.namespaces += [{ type: "user" }] | .process.user = { uid: 77, gid: 88 }'
    inside_ok 'cat /proc/self/uid_map; echo; cat /proc/self/gid_map; id -u; id -g; readlink /proc/self/ns/user'
    has "$errors" "/linux/uidMappings: is missing, as is gidMappings: all IDs are mapped to themselves"
    lacks "$output" "$(ns_of self user)"
    is "$(tail -n 3 <<<"$output" | head -n 2)" $'77\n88'
    local map
    for map in uid gid; do
        local inner=$output
        [ "$map" = gid ] && inner=${inner#*$'\n\n'} || inner=${inner%%$'\n\n'*}
        inner=$(awk 'NF == 3' <<<"$inner" | map_columns)
        is "$(tail -n 1 <<<"$inner")" "$(map_columns <"/proc/self/${map}_map" | tail -n 1)"
        [ "$(wc -l <<<"$inner")" -ge 3 ]
        is "$(awk 'NF == 2 && $1 != $2' <<<"$inner")" ''
    done
    nothing_left
}

@test "a user namespace without mappings: its root owns what the host's does, and has no rights of the host" {
    all_capabilities
    config '.linux.namespaces += [{ type: "user" }] | .process.noNewPrivileges = false'
    echo secret >"$BUNDLE/rootfs/secret"
    config '.linux.maskedPaths += ["/secret"]'
    inside_ok 'touch /made; chown 1234:5678 /made; stat -c %u:%g /made
        umount /secret 2>&1 || umount -l /secret 2>&1; cat /secret
        mknod /disk b 7 0 2>&1
        mount -o remount,bind,rw /proc/sys 2>&1; v=$(cat /proc/sys/kernel/core_pattern); echo "$v" >/proc/sys/kernel/core_pattern; echo end'
    is "$(stat -c %u:%g "$BUNDLE/rootfs/made")" 1234:5678
    has "$output" $'1234:5678\n'
    lacks "$output" $'\nsecret'
    has "$output" "mknod: /disk: Operation not permitted"
    has "$errors" "Read-only file system"
    has "$output" end
}

@test "a user namespace with one map of the two is refused" {
    config '.linux.namespaces += [{ type: "user" }]
        | .linux.gidMappings = [{ containerID: 0, hostID: 0, size: 1 }]'
    fails "/linux/uidMappings: is required together with /linux/gidMappings" \
        hasu create -b "$BUNDLE" "$ID"
    nothing_left
}

@test "a user namespace: namespaces, mounts, hostname and hooks work in it" {
    userns
    config '.hostname = "inner" | .hooks.createRuntime = [{ path: "/bin/sh", args: ["sh", "-c", "touch \($t)/hooked"] }]'
    inside_ok 'hostname; cat /sys/class/net/lo/flags; mount | grep -c "^proc on /proc "; ls -ld /dev/null | cut -c 1'
    is "$output" $'inner\n0x9\n1\nc'
    [ -e "$T/hooked" ]
    nothing_left
}

@test "a user namespace: exec is in it, as the mapped user" {
    userns
    up
    in_exec sh -c 'id -u; readlink /proc/self/ns/user'
    is "$output" $'0\n'"$(ns_of "$PID" user)"
    in_exec cat /proc/self/uid_map
    has "$output" 100000
    is "$(stat -c %u "/proc/$PID")" 100000
}

@test "a user namespace: the program may be another mapped user" {
    userns
    config '.process.user = { uid: 1000, gid: 7, additionalGids: [8] } | .process.capabilities = {}'
    inside_ok 'id -u; id -g; id -G'
    is "$output" $'1000\n7\n7 8'
}

@test "a user namespace that is joined keeps its mappings: others beside it are told of, the same are not" {
    userns
    unshare -U sleep 1000 3>&- 4>&- &
    local holder=$!
    until_true eval "[ \"\$(readlink /proc/$holder/ns/user)\" != '$(ns_of self user)' ]"
    # One write(2), which the shell's own commands end at each line.
    cat <<<$'0 100000 1000\n1000 200000 10' >"/proc/$holder/uid_map"
    echo 0 100000 2000 >"/proc/$holder/gid_map"
    config '(.linux.namespaces[] | select(.type == "user")).path = $words[0]' "/proc/$holder/ns/user"
    inside_ok 'cat /proc/self/uid_map'
    is "$(tr -s ' ' <<<"$output")" $' 0 100000 1000\n 1000 200000 10'
    is "$errors" ""
    config '.linux.uidMappings[1].size = 9 | .linux.gidMappings += [{ containerID: 3000, hostID: 1, size: 1 }]'
    inside_ok 'cat /proc/self/uid_map'
    kill "$holder"
    is "$(tr -s ' ' <<<"$output")" $' 0 100000 1000\n 1000 200000 10'
    local line
    for line in uid gid; do
        has "$errors" "/linux/${line}Mappings: is ignored: the user namespace that is joined, '/proc/$holder/ns/user', has other mappings, and keeps them"
    done
}

@test "a user without a mapping is refused in words" {
    userns
    config '.process.user.uid = 5000'
    fails 5000 hasu create -b "$BUNDLE" "$ID"
    nothing_left
}

@test "mappings without a user namespace are refused" {
    config '.linux.uidMappings = [{ containerID: 0, hostID: 1, size: 1 }]'
    fails /linux/uidMappings hasu create -b "$BUNDLE" "$ID"
    nothing_left
}

@test "a time namespace has its offsets" {
    [ -e /proc/self/ns/time ] || skip "this kernel has no time namespaces"
    config '.linux.namespaces += [{ type: "time" }]
        | .linux.timeOffsets = { monotonic: { secs: 86400 }, boottime: { secs: 1000000, nanosecs: 5 } }'
    inside_ok 'tr -s " " </proc/self/timens_offsets; cut -d. -f1 /proc/uptime'
    has "$output" "monotonic 86400 0"
    has "$output" "boottime 1000000 5"
    local here inside
    here=$(cut -d. -f1 /proc/uptime)
    inside=$(tail -n 1 <<<"$output")
    [ $((inside - here)) -ge 999990 ]
    [ $((inside - here)) -le 1000001 ]
}

@test "a time namespace is shared with exec" {
    [ -e /proc/self/ns/time ] || skip "this kernel has no time namespaces"
    config '.linux.namespaces += [{ type: "time" }] | .linux.timeOffsets = { boottime: { secs: 5000 } }'
    up
    in_exec readlink /proc/self/ns/time
    is "$output" "$(ns_of "$PID" time)"
}

@test "a time namespace that is joined" {
    [ -e /proc/self/ns/time ] || skip "this kernel has no time namespaces"
    config '.linux.namespaces += [{ type: "time" }] | .linux.timeOffsets = { boottime: { secs: 5000 } }
        | .linux.cgroupsPath += "-first"'
    program probe wait
    ok hasu run --detach -b "$BUNDLE" "$ID-first"
    config 'del(.linux.timeOffsets) | .linux.cgroupsPath = "/" + $id'
    by_path time "/proc/$(init_pid "$ID-first")/ns/time"
    up
    is "$(ns_of "$PID" time)" "$(ns_of "$(init_pid "$ID-first")" time)"
}

@test "time offsets without a time namespace are refused" {
    config '.linux.timeOffsets = { boottime: { secs: 5 } }'
    fails /linux/timeOffsets hasu create -b "$BUNDLE" "$ID"
}

@test "time offsets that lead out of a clock's range are refused, with the clock" {
    config '.linux.namespaces += [{ type: "time" }]
        | .linux.timeOffsets = { monotonic: { secs: 5 }, boottime: { secs: -4000000000 } }'
    fails "/linux/timeOffsets/boottime/secs: by -4000000000 seconds the clock would be before 0" \
        hasu create -b "$BUNDLE" "$ID"
    config '.linux.timeOffsets.monotonic.secs = 4611686018'
    fails "/linux/timeOffsets/monotonic/secs: by 4611686018 seconds" hasu create -b "$BUNDLE" "$ID"
    nothing_left
}

@test "in a cgroup namespace the container's cgroup is the root" {
    inside_ok 'cat /proc/self/cgroup'
    lacks "$output" "$ID"
    has "$output" ":/"
}

@test "a hostname without a uts namespace is refused" {
    without uts
    fails hostname hasu create -b "$BUNDLE" "$ID"
    nothing_left
}

# Where the runtime is, too, others are: the host. Here it is in namespaces of the test's own.
@test "a sysctl, or another name, for a namespace that is the runtime's own is refused" {
    local own=(unshare --net --uts "$HASU" --root "$ROOT" run -b "$BUNDLE" "$ID")
    program true
    by_path network /proc/self/ns/net
    config '.linux.sysctl = { "net.ipv4.ip_default_ttl": "77" }'
    fails "/linux/sysctl: 'net/ipv4/ip_default_ttl' would change the host: '/proc/self/ns/net' is" \
        "${own[@]}"
    config '.linux.sysctl = {} | .hostname = "other"'
    by_path uts /proc/self/ns/uts
    fails "/hostname: 'other' would rename the host: '/proc/self/ns/uts' is" "${own[@]}"
    nothing_left
    # Its own name is no change.
    config '.hostname = $words[0]' "$(uname -n)"
    ok "${own[@]}"
}

# Mounting in a tree that is of no namespace takes Linux 6.15; before, it is refused in words.
no_mount_namespace() {
    loose=yes
    without mount
    config 'del(.linux.maskedPaths, .linux.readonlyPaths)'
    if [ "$(printf '%s\n' 6.15 "$(uname -r)" | sort -V | head -n 1)" != 6.15 ]; then
        fails "which takes Linux 6.15 without a 'mount' namespace in /linux/namespaces" hasu run -b "$BUNDLE" "$ID"
        nothing_left
        loose=
    fi
}

@test "no mount namespace: the host's, where nothing is mounted and nothing stays" {
    no_mount_namespace
    [ "$loose" ] || return 0
    config '.mounts += [{ destination: "/ro", type: "tmpfs", source: "tmpfs", options: ["ro", "rprivate"] },
        { destination: "/data", type: "bind", source: $t, options: ["rbind", "ro"] }]'
    local mounts
    mounts=$(sort /proc/self/mountinfo)
    up
    has "$errors" "without a 'mount' namespace the container is held by its root directory alone"
    is "$(ns_of "$PID" mnt)" "$(ns_of self mnt)"
    is "$(sort /proc/self/mountinfo)" "$mounts"
    in_exec sh -c 'ls /; stat -f -c %T /proc /dev /ro /data/.. ; touch /ro/x /data/x 2>&1; echo >/dev/null && pwd'
    is "$(grep -c -E '^(bin|sys|data|ro)$' <<<"$output")" 4
    has "$output" $'\nproc\ntmpfs\ntmpfs\n'
    is "$(grep -c 'Read-only file system' <<<"$output")" 2
    has "$output" $'\n/'
    [ ! -e "$BUNDLE/rootfs/ro/x" ]
    in_exec readlink /proc/self/ns/mnt
    is "$output" "$(ns_of self mnt)"
    ok hasu kill "$ID" KILL
    wait_stopped
    ok hasu delete "$ID"
    is "$(sort /proc/self/mountinfo)" "$mounts"
    nothing_left
}

@test "no mount namespace: who climbs above the root is at the container's root still" {
    no_mount_namespace
    [ "$loose" ] || return 0
    all_capabilities
    config 'del(.mounts[] | select(.destination | startswith("/sys")))'
    program probe climb "$T/bundle/rootfs"
    ok hasu run -b "$BUNDLE" "$ID"
    is "$output" "not there"
    program probe climb bin/busybox
    ok hasu run -b "$BUNDLE" "$ID"
    is "$output" there
}

@test "no mount namespace: a terminal and a read-only root" {
    no_mount_namespace
    [ "$loose" ] || return 0
    config '.process.terminal = true | .root.readonly = true'
    program sh -c 'tty; touch /x 2>&1; echo to-console >/dev/console'
    call "$PROBE" pty 24 80 -- "$HASU" --root "$ROOT" run -b "$BUNDLE" "$ID"
    has "${output//$'\r'/}" $'/dev/pts/0\ntouch: /x: Read-only file system\nto-console'
}

@test "no mount namespace: what needs one is refused" {
    without mount
    fails "/linux/maskedPaths: needs a 'mount' namespace in /linux/namespaces" hasu create -b "$BUNDLE" "$ID"
    config 'del(.linux.maskedPaths, .linux.readonlyPaths) | .linux.rootfsPropagation = "rshared"'
    fails "/linux/rootfsPropagation: 'rshared' needs a 'mount' namespace" hasu create -b "$BUNDLE" "$ID"
    config 'del(.linux.rootfsPropagation) | .linux.namespaces += [{ type: "user" }]'
    fails "a container with a user namespace and without a mount namespace is not supported" \
        hasu create -b "$BUNDLE" "$ID"
    nothing_left
}

@test "every namespace of the container is exec's" {
    up
    for ns in pid net ipc uts mnt cgroup; do
        in_exec readlink "/proc/self/ns/$ns"
        is "$output" "$(ns_of "$PID" $ns)"
    done
}
