# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016 # scripts for the container's shell
# shellcheck disable=SC2034,SC2154 # STDIN, errors: variables of call()
# shellcheck disable=SC2030,SC2031 # each test has a C of its own
#
# Kubernetes' side of containerd and CRI-O: pods and their containers by the CRI, as the kubelet asks for
# them. cri.bash and crio.bash have what differs:
#
#	CRI_SOCKET           where the engine listens
#	cri_start, cri_stop  the engine, with the images box and pause of localhost

load engine.bash
# shellcheck source-path=SCRIPTDIR source=cri.bash
load "$ENGINE.bash"

IMAGE=localhost/box:latest

cri() {
    timeout --foreground 90 "$WORK/steps/cri.py" "$CRI_SOCKET" "$@" 3>&- 4>&-
}

setup_file() {
    cri_start
    # What it needs may come later than its socket.
    until_true run_pod
    POD=$(cat "$WORK/pod")
    cri create "$POD" main "$IMAGE" "$(jq -n --arg policy "interleave:$(first_node)" '{
        command: [ "sleep", "10000" ], memory: 67108864, pod: { "hasu.memory-policy": $policy } }')" >"$WORK/main"
    cri start "$(cat "$WORK/main")"
}

run_pod() {
    cri run-pod shared "$RUNTIME" hasu.memory-policy="interleave:$(first_node)" >"$WORK/pod"
}

teardown_file() {
    cri_stop
}

setup() {
    engine_setup
    POD=$(cat "$WORK/pod") MAIN=$(cat "$WORK/main")
}

# container JSON: this step's own, in the pod that all share; C is its ID. What cannot be started fails
# here in creation or, with containerd, in the start.
container() {
    C=$(cri create "$POD" "$ID" "$IMAGE" "$1") && cri start "$C"
}

has_state() {
    [ "$(cri status "${2:-$C}")" = "$1" ]
}

@test "pod: its container runs, and ends with its status" {
    container '{ "command": [ "sh", "-c", "exit 42" ] }'
    until_true has_state "exited 42"
}

@test "pod: logs as the kubelet reads them" {
    container '{ "command": [ "sh", "-c", "echo out; echo err >&2" ] }'
    until_true has_state "exited 0"
    until_true grep -q " stdout F out" "/tmp/shared/$ID.log"
    until_true grep -q " stderr F err" "/tmp/shared/$ID.log"
}

@test "pod: what cannot be started is told in the runtime's words" {
    fails 'exec: "nonesuch": executable file not found in $PATH' container '{ "command": [ "nonesuch" ] }'
}

@test "pod: environment, user and a directory of the host" {
    mkdir "$T/v"
    chmod 777 "$T/v"
    container "$(jq -n --arg v "$T/v" '{ command: [ "sh", "-c", "echo $A $(id -u) >/data/file" ],
        env: { A: "set" }, user: 1000, mounts: { "/data": $v } }')"
    until_true has_state "exited 0"
    is "$(cat "$T/v/file")" "set 1000"
}

@test "pod: containers share its IPC, and no processes" {
    container '{ "command": [ "sleep", "1000" ] }'
    prints "$(cri exec "$C" readlink /proc/self/ns/ipc)" cri exec "$MAIN" readlink /proc/self/ns/ipc
    lacks " $(readlink /proc/self/ns/ipc) " " $output "
    prints sleep cri exec "$MAIN" sh -c 'tr "\0" " " </proc/1/cmdline | cut -d" " -f1'
}

@test "pod: its cgroup is below the kubelet's" {
    has "$(cat "/proc/$(pgrep -f '[s]leep 10000$' | head -n 1)/cgroup")" ":/kubepods/"
}

@test "exec: a process more, and its status" {
    prints here cri exec "$MAIN" echo here
    gives 9 cri exec "$MAIN" sh -c 'exit 9'
}

@test "exec: what cannot be started is told" {
    fails 'exec: "nonesuch": executable file not found in $PATH' cri exec "$MAIN" nonesuch
}

@test "limits: memory, and another limit while it runs" {
    prints 67108864 cri exec "$MAIN" sh -c "$(limit memory memory.limit_in_bytes memory.max)"
    ok cri update "$MAIN" 134217728
    prints 134217728 cri exec "$MAIN" sh -c "$(limit memory memory.limit_in_bytes memory.max)"
}

@test "limits: memory nodes" {
    need_numa
    container "$(jq -n --arg mems "$(first_node)" '{ command: [ "sleep", "1000" ], mems: $mems }')"
    prints "$(first_node)" cri exec "$C" sh -c 'grep Mems_allowed_list /proc/self/status | cut -f2'
}

@test "stop: asks, and kills" {
    container '{ "command": [ "sh", "-c", "trap \"exit 3\" TERM; while :; do sleep 0.1; done" ] }'
    until_true cri exec "$C" true
    ok cri stop "$C"
    matches "$(cri status "$C")" '^exited (3|137|143)$'
    ok cri remove "$C"
}

@test "privileged: all capabilities that there are" {
    container '{ "command": [ "sleep", "1000" ], "privileged": true }'
    ok cri exec "$C" grep CapEff /proc/1/status
    matches "$output" 'ff$'
}

@test "memory policy: a pod's annotation, for its containers and what exec adds" {
    need_hasu_and_numa
    under_policy "interleave:$(first_node)" cat "/proc/$(pgrep -f '[s]leep 10000$')/numa_maps"
    under_policy "interleave:$(first_node)" cri exec "$MAIN" cat /proc/self/numa_maps
}

@test "memory policy: an annotation that cannot be had fails the container in words" {
    need_hasu_and_numa
    fails "/annotations/hasu.memory-policy: node $(absent_node) does not exist" whole_pod bind:"$(absent_node)"
}

# whole_pod POLICY: with a container. CRI-O has no pause container where nothing needs one: there the pod
# runs, and its container does not.
whole_pod() {
    POD=$(cri run-pod "$ID" "$RUNTIME" hasu.memory-policy="$1") || return
    container '{ "command": [ "sleep", "1000" ] }'
}

@test "pod: stopped and removed" {
    ok cri stop-pod "$POD"
    matches "$(cri status "$MAIN")" '^exited '
    ok cri remove-pod "$POD"
    is "$(find /sys/fs/cgroup -type d -name "$MAIN")" ""
}
