#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Cgroups: where containers are, and limits that hold: refused, killed, throttled.
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

resources() {
    config '.linux.resources += ($words[0] | fromjson)' "$1"
}

need_controller() {
    if cgroup2_only; then
        grep -qw "$1" /sys/fs/cgroup/cgroup.subtree_control || skip "this machine has no controller $1"
    else
        [ -d "/sys/fs/cgroup/$1" ] || skip "this machine has no controller $1"
    fi
}

@test "a container is in the cgroup that its config names" {
    up
    has "$(<"/proc/$PID/cgroup")" "/$ID"
    [ -n "$(find /sys/fs/cgroup -ignore_readdir_race -type d -name "$ID")" ]
}

@test "without a path the cgroup has the ID's name" {
    config 'del(.linux.cgroupsPath)'
    up
    has "$(<"/proc/$PID/cgroup")" "/$ID"
}

@test "a deep path is made, and removed as far as it was made" {
    config '.linux.cgroupsPath = "/\($id)-a/b/c"'
    up
    has "$(<"/proc/$PID/cgroup")" "/$ID-a/b/c"
    ok hasu delete --force "$ID"
    nothing_left
}

@test "a cgroup that was there already stays when the container goes" {
    local dirs dir
    if cgroup2_only; then
        dirs=/sys/fs/cgroup
    else
        dirs=$(cgroup_of self pids)
    fi
    for dir in $dirs; do mkdir "$dir/$ID-kept"; done
    config '.linux.cgroupsPath = "/\($id)-kept/inner"'
    up
    ok hasu delete --force "$ID"
    for dir in $dirs; do
        [ -d "$dir/$ID-kept" ]
        [ ! -d "$dir/$ID-kept/inner" ]
        rmdir "$dir/$ID-kept"
    done
}

@test "a path that leads out is refused or stays within" {
    config '.linux.cgroupsPath = "/../../\($id)"'
    call hasu create -b "$BUNDLE" "$ID"
    [ ! -d "/sys/fs/$ID" ]
}

@test "--cgroup-manager=disabled makes none" {
    local before
    before=$(</proc/self/cgroup)
    program probe wait
    config 'del(.linux.resources, .linux.cgroupsPath)'
    ok hasu --cgroup-manager=disabled run --detach -b "$BUNDLE" "$ID"
    is "$(<"/proc/$(init_pid "$ID")/cgroup")" "$before"
    ok hasu --cgroup-manager=disabled delete --force "$ID"
    nothing_left
}

@test "pids: a limit refuses fork" {
    need_controller pids
    resources '{"pids":{"limit":8}}'
    program probe forks 20
    ok hasu run -b "$BUNDLE" "$ID"
    # The probe itself is one of the eight.
    is "$output" $'refused: Resource temporarily unavailable\n7'
}

@test "pids: -1 and 0 are as the specification has them" {
    need_controller pids
    resources '{"pids":{"limit":-1}}'
    up
    is "$(cat "$(cgroup_of "$PID" pids)/pids.max")" max
}

@test "pids: the limit holds for exec as well" {
    need_controller pids
    resources '{"pids":{"limit":5}}'
    up
    in_exec probe forks 20
    is "$output" $'refused: Resource temporarily unavailable\n3'
}

@test "pids: exec takes its process's own place of the limit, and no other meanwhile" {
    need_controller pids
    resources '{"pids":{"limit":2}}'
    up
    in_exec echo entered
    is "$output" entered
}

@test "memory: a program that takes more is killed" {
    need_controller memory
    resources '{"memory":{"limit":33554432}}'
    inside 'probe touch 8; probe touch 128; echo "status $?"'
    is "$output" $'touched 8 MiB\nstatus 137'
}

@test "memory: exec's processes count" {
    need_controller memory
    resources '{"memory":{"limit":33554432}}'
    up
    call hasu exec "$ID" probe touch 128
    is "$status" 137
    is "$(status_of "$ID")" running
}

@test "memory: a limit that is less than the program needs fails in words" {
    need_controller memory
    resources '{"memory":{"limit":4096}}'
    call hasu run -b "$BUNDLE" "$ID"
    [ "$status" -ne 0 ]
    [ -n "$errors" ]
    ok hasu delete --force "$ID"
    nothing_left
}

@test "cpuset: the program runs on these CPUs alone" {
    need_controller cpuset
    local cpu
    cpu=$(sed 's/[-,].*//' /sys/devices/system/cpu/online)
    resources '{"cpu":{"cpus":"'"$cpu"'"}}'
    inside_ok 'grep Cpus_allowed_list /proc/self/status'
    is "$output" $'Cpus_allowed_list:\t'"$cpu"
}

@test "cpuset: memory nodes are seen inside" {
    need_numa
    need_controller cpuset
    resources '{"cpu":{"mems":"'"$(first_node)"'"}}'
    inside_ok 'grep Mems_allowed_list /proc/self/status'
    is "$output" $'Mems_allowed_list:\t'"$(first_node)"
}

@test "cpuset: exec's processes are in it" {
    need_controller cpuset
    local cpu
    cpu=$(sed 's/[-,].*//' /sys/devices/system/cpu/online)
    resources '{"cpu":{"cpus":"'"$cpu"'"}}'
    up
    in_exec grep Cpus_allowed_list /proc/self/status
    is "$output" $'Cpus_allowed_list:\t'"$cpu"
}

@test "cpuset: CPUs and nodes that are not there are refused, and nothing is left" {
    need_controller cpuset
    resources '{"cpu":{"cpus":"4000"}}'
    fails cpu hasu create -b "$BUNDLE" "$ID"
    config 'del(.linux.resources.cpu)'
    resources '{"cpu":{"mems":"'"$(absent_node)"'"}}'
    fails mems hasu create -b "$BUNDLE" "$ID"
    nothing_left
}

# The kernel itself counts the periods: how much a slow or busy machine gets into one differs.
@test "cpu: a quota throttles" {
    local throttled='s/^nr_throttled //p'
    need_controller cpu
    resources '{"cpu":{"quota":10000,"period":100000}}'
    up
    in_exec probe burn 1500
    [ "$(sed -n "$throttled" "$(cgroup_of "$PID" cpu)/cpu.stat")" -ge 5 ]
    ok hasu delete --force "$ID"
    config 'del(.linux.resources.cpu)'
    up
    in_exec probe burn 600
    is "$(sed -n "$throttled" "$(cgroup_of "$PID" cpu)/cpu.stat")" 0
}

@test "cpu: shares become the cgroup's weight" {
    need_controller cpu
    resources '{"cpu":{"shares":512}}'
    up
    if cgroup2_only; then
        local weight
        weight=$(cat "$(cgroup_of "$PID" cpu)/cpu.weight")
        [ "$weight" -lt 100 ] && [ "$weight" -gt 10 ]
    else
        is "$(cat "$(cgroup_of "$PID" cpu)/cpu.shares")" 512
    fi
}

# A number that no driver has: what may be opened is then not there, and the rest is not permitted.
no_driver() {
    local major=240
    while grep -q "^ *$major " /proc/devices; do major=$((major + 1)); done
    DEVICE=$major
    mknod "$BUNDLE/rootfs/device" c "$DEVICE" 77
}

@test "devices: the default ones can be used, others can be made but not opened" {
    all_capabilities
    no_driver
    inside "echo x >/dev/zero && echo zero; mknod /made c $DEVICE 77 && probe open /made r; probe open /device r"
    is "$output" $'zero\nOperation not permitted\nOperation not permitted'
}

@test "devices: what the config allows can be opened, as far as it allows" {
    no_driver
    resources '{"devices":[{"allow":false,"access":"rwm"},{"allow":true,"type":"c","major":'"$DEVICE"',"minor":77,"access":"r"}]}'
    inside_ok 'probe open /device r; probe open /device w; probe open /device rw'
    is "$output" $'No such device or address\nOperation not permitted\nOperation not permitted'
}

@test "devices: any minor number, or any number, may be allowed" {
    no_driver
    resources '{"devices":[{"allow":false,"access":"rwm"},{"allow":true,"type":"c","major":'"$DEVICE"',"access":"rw"}]}'
    inside_ok 'probe open /device rw'
    is "$output" "No such device or address"
    resources '{"devices":[{"allow":true,"access":"rwm"}]}'
    inside_ok 'probe open /device rw'
    is "$output" "No such device or address"
}

@test "devices: a block device is not the character device of its number" {
    no_driver
    mknod "$BUNDLE/rootfs/block" b "$DEVICE" 77
    resources '{"devices":[{"allow":false,"access":"rwm"},{"allow":true,"type":"b","major":'"$DEVICE"',"minor":77,"access":"rw"}]}'
    inside_ok 'probe open /device r; probe open /block r'
    is "$output" $'Operation not permitted\nNo such device or address'
}

@test "devices: the last rule wins" {
    no_driver
    local one='"type":"c","major":'"$DEVICE"',"minor":77'
    resources '{"devices":[{"allow":true,'"$one"',"access":"rw"},{"allow":false,"access":"rwm"}]}'
    inside_ok 'probe open /device r'
    is "$output" "Operation not permitted"
    resources '{"devices":[{"allow":false,"access":"rwm"},{"allow":true,'"$one"',"access":"rw"},{"allow":false,'"$one"',"access":"w"}]}'
    inside_ok 'probe open /device r; probe open /device w'
    is "$output" $'No such device or address\nOperation not permitted'
}

@test "devices: an exception from a wider rule holds, or is refused in words where v1 has none" {
    no_driver
    resources '{"devices":[{"allow":false,"access":"rwm"},{"allow":true,"type":"c","major":'"$DEVICE"',"access":"rwm"},
        {"allow":false,"type":"c","major":'"$DEVICE"',"minor":77,"access":"w"}]}'
    if cgroup2_only; then
        inside_ok 'probe open /device r; probe open /device w'
        is "$output" $'No such device or address\nOperation not permitted'
    else
        fails "cgroup v1 cannot deny 'c $DEVICE:77 w'" hasu create -b "$BUNDLE" "$ID"
        nothing_left
    fi
}

@test "devices: they hold for exec, too" {
    no_driver
    up
    in_exec probe open /device r
    is "$output" "Operation not permitted"
}

@test "a container's sub-cgroups go with it" {
    all_capabilities
    up
    local dir
    dir=$(cgroup_of "$PID" pids)
    mkdir -p "$dir/one/two" "$dir/three"
    ok hasu delete --force "$ID"
    nothing_left
}

@test "a frozen container can be deleted" {
    up
    if cgroup2_only; then
        echo 1 >"$(cgroup_of "$PID" '')/cgroup.freeze"
    else
        echo FROZEN >"$(cgroup_of "$PID" freezer)/freezer.state"
    fi
    ok hasu delete --force "$ID"
    nothing_left
}

# Nobody thaws these but the container, which may not want to end.
@test "frozen cgroups of the container's own do not keep it from being killed and deleted" {
    local dir file=cgroup.freeze frozen=1 pid
    if ! cgroup2_only; then file=freezer.state frozen=FROZEN; fi
    up
    dir=$(cgroup_of "$PID" freezer)
    mkdir -p "$dir/one/two" "$dir/three"
    ok hasu exec --detach --pid-file "$T/pid" "$ID" sleep 1000
    pid=$(<"$T/pid")
    echo "$pid" >"$dir/one/two/cgroup.procs"
    echo "$PID" >"$dir/three/cgroup.procs"
    echo "$frozen" >"$dir/one/two/$file"
    echo "$frozen" >"$dir/three/$file"
    # Deeper than anybody looks, beside them.
    mkdir -p "$dir/deep$(printf '/%d' {1..80})"
    ok hasu delete --force "$ID"
    nothing_left

    up
    mkdir -p "$dir$(printf '/%d' {1..70})"
    echo "$PID" >"$dir$(printf '/%d' {1..70})/cgroup.procs"
    echo "$frozen" >"$dir$(printf '/%d' {1..70})/$file"
    ok hasu delete --force "$ID"
    nothing_left

    up
    mkdir -p "$dir/one/two"
    ok hasu exec --detach --pid-file "$T/pid" "$ID" sleep 1000
    cat "$T/pid" >"$dir/one/two/cgroup.procs"
    echo "$frozen" >"$dir/one/two/$file"
    ok hasu kill "$ID" KILL
    wait_stopped
    ok hasu delete "$ID"
    nothing_left
}

@test "the cgroup file system inside is the container's own, read-only" {
    need_controller pids
    if cgroup2_only; then
        inside 'ls /sys/fs/cgroup/cgroup.procs; mkdir /sys/fs/cgroup/x'
    else
        inside 'ls /sys/fs/cgroup/pids/cgroup.procs; mkdir /sys/fs/cgroup/pids/x'
    fi
    has "$output" cgroup.procs
    has "$errors" "Read-only file system"
}

@test "limits that contradict each other are refused in words" {
    resources '{"memory":{"limit":1048576,"swap":4096}}'
    fails /linux/resources/memory hasu create -b "$BUNDLE" "$ID"
    nothing_left
}

@test "processes of the container that are in a cgroup of their own are ended by delete" {
    all_capabilities
    config 'del(.linux.namespaces[] | select(.type == "pid"))'
    program sh -c 'sleep 1000 & sleep 1000 & echo ready >/ready; wait; sleep 1000'
    ok hasu run --detach -b "$BUNDLE" "$ID"
    until_true test -e "$BUNDLE/rootfs/ready"
    ok hasu delete --force "$ID"
    nothing_left
}
