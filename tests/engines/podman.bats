# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016 # scripts for the container's shell
# shellcheck disable=SC2034,SC2154 # STDIN, errors: variables of call()
#
# What Podman alone has, or has otherwise than Docker.

load cli.bash

# --- run and its exit status ---

@test "run: what the runtime refuses is told, and nothing is left" {
    mkdir "$T/absent"
    made --volume "$T/absent:/data" box true
    rm -rf "$T/absent"
    gives 125 engine start "$ID"
    has "$errors" "$T/absent"
    is "$(find /sys/fs/cgroup -type d -name "libpod-$(inspect '{{.Id}}')")" ""
}

@test "run: a PID file" {
    up --pidfile "$T/pid" box sleep 1000
    is "$(cat "$T/pid")" "$(inspect '{{.State.Pid}}')"
}

@test "run: a rootfs that is a directory" {
    mkdir "$T/rootfs"
    tar -xf "$WORK/image.tar" -C "$T/rootfs"
    prints here run --rootfs "$T/rootfs" echo here
}

@test "run: further descriptors" {
    echo "by descriptor" >"$T/three"
    "${ENGINE_COMMAND[@]}" run --rm --network none --preserve-fds 1 box cat /proc/self/fd/3 3<"$T/three" >"$T/printed"
    is "$(cat "$T/printed")" "by descriptor"
}

# --- the process ---

@test "process: its working directory" {
    prints /etc run --workdir /etc box pwd
}

@test "process: umask" {
    prints 0077 run --umask 0077 box sh -c umask
}

@test "process: the time zone" {
    [ -e /usr/share/zoneinfo ] || skip "there are no time zones here"
    ok run --tz UTC box true
}

# --- privileges ---

@test "masks: shown again where that is asked for" {
    prints 0 run box sh -c 'ls /proc/scsi 2>/dev/null | wc -l'
    ok run --security-opt unmask=ALL box sh -c 'grep -c " /proc/" /proc/self/mountinfo || true'
    is "$output" 0
    prints 0 run --security-opt mask=/proc/version box sh -c 'cat /proc/version | wc -c'
}

# --- files ---

@test "files: a read-only root, with places to write" {
    gives 1 run --read-only box touch /file
    ok run --read-only box touch /tmp/file
    gives 1 run --read-only --read-only-tmpfs=false box touch /tmp/file
}

# --- namespaces ---

@test "namespaces: IPC and network of another container" {
    local main
    main=$(engine inspect --format '{{.State.Pid}}' main)
    prints "$(readlink "/proc/$main/ns/net")" engine run --rm --network container:main box readlink /proc/self/ns/net
}

@test "namespaces: users that are mapped" {
    ok run --uidmap 0:100000:1000 --gidmap 0:200000:1000 box cat /proc/self/uid_map /proc/self/gid_map
    is "$(tr -s ' ' <<<"$output")" $' 0 100000 1000\n 0 200000 1000'
}

@test "namespaces: names and addresses in /etc/hosts" {
    ok run --add-host db:10.1.2.3 box cat /etc/hosts
    matches "$output" "10.1.2.3[[:space:]]+db"
}

# --- exec ---

@test "exec: 127 and 126 where it cannot be started" {
    gives 127 engine exec main nonesuch
    gives 126 engine exec main /etc/passwd
}

@test "exec: a container that has ended is refused" {
    made box true
    ok engine start --attach "$ID"
    call engine exec "$ID" true
    matches "$status" '^(125|255)$'
    has "$errors" "container state"
}

# --- life ---

@test "life: a paused container is removed by force" {
    up box sleep 1000
    ok engine pause "$ID"
    ok engine rm --force --time 0 "$ID"
    rm "$T/lives"
}

@test "life: a time limit" {
    gives 255 run --timeout 1 box sleep 1000
}

@test "life: export" {
    engine export main | tar -t >"$T/list"
    has "$(cat "$T/list")" etc/passwd
}

# --- what can be seen and changed ---

@test "seen: processes" {
    ok engine top main
    has "$output" sleep
    ok engine top main pid hpid user args
    has "$output" sleep
}

@test "seen: processes with the options of ps" {
    ok engine top main -o pid,comm
    has "$output" sleep
}

@test "seen: statistics" {
    ok engine stats --no-stream --no-reset --format json main
    is "$(jq -r '.[0].name' <<<"$output")" main
    matches "$(jq -r '.[0].pids' <<<"$output")" '^[1-9]'
}

@test "seen: the runtime" {
    ok engine info --format '{{.Host.OCIRuntime.Name}} {{.Host.OCIRuntime.Version}}'
    has "$output" "$RUNTIME"
    matches "$output" "[0-9]\.[0-9]"
    is "$(inspect '{{.OCIRuntime}}' main)" "$RUNTIME"
}

@test "seen: a check of health" {
    up --health-cmd 'test -e /well' --health-interval disable box sleep 1000
    gives 1 engine healthcheck run "$ID"
    ok engine exec "$ID" touch /well
    ok engine healthcheck run "$ID"
}

@test "seen: annotations reach the container" {
    touch "$T/lives"
    ok engine create --network none --name "$ID" --annotation hasu.step=annotated box true
    is "$(inspect '{{index .Config.Annotations "hasu.step"}}')" annotated
}

@test "changed: limits of a container that runs" {
    up --memory 64m box sleep 1000
    ok engine update --memory 128m --memory-swap 128m --cpus 0.5 "$ID"
    prints 134217728 engine exec "$ID" sh -c "$(limit memory memory.limit_in_bytes memory.max)"
    ok engine exec "$ID" sh -c "$(limit cpu cpu.cfs_quota_us cpu.max)"
    has "$output" 50000
}

# --- pods and images ---

@test "pods: containers that share namespaces" {
    ok engine pod create --name "pod-$ID" --infra-image box --infra-command "sleep 1000" --network none
    ok engine run --rm --pod "pod-$ID" box readlink /proc/self/ns/ipc
    local first=$output
    prints "$first" engine run --rm --pod "pod-$ID" box readlink /proc/self/ns/ipc
    ok engine pod rm --force --time 0 "pod-$ID"
}

@test "pods: stopped, started and paused as a whole" {
    ok engine pod create --name "pod-$ID" --infra-image box --infra-command "sleep 1000" --network none
    ok engine run --detach --pod "pod-$ID" --name "in-$ID" box sleep 1000
    ok engine pod pause "pod-$ID"
    is "$(inspect '{{.State.Status}}' "in-$ID")" paused
    ok engine pod unpause "pod-$ID"
    ok engine pod stop --time 0 "pod-$ID"
    is "$(inspect '{{.State.Status}}' "in-$ID")" exited
    ok engine pod start "pod-$ID"
    is "$(inspect '{{.State.Status}}' "in-$ID")" running
    ok engine pod rm --force --time 0 "pod-$ID"
}

@test "pods: played from Kubernetes' YAML" {
    cat >"$T/pod.yaml" <<X
apiVersion: v1
kind: Pod
metadata:
  name: kube-$BATS_TEST_NUMBER
spec:
  hostNetwork: true
  restartPolicy: Never
  containers:
  - name: c
    image: localhost/box:latest
    imagePullPolicy: Never
    command: [ "sh", "-c", "echo from-yaml; id -u; sleep 1000" ]
    securityContext: { runAsUser: 1000, readOnlyRootFilesystem: true, capabilities: { drop: [ "ALL" ] } }
    resources: { limits: { memory: 64Mi } }
X
    ok engine play kube "$T/pod.yaml"
    until_true logs_have 1000 "kube-$BATS_TEST_NUMBER-c"
    ok engine play kube --down "$T/pod.yaml"
}

@test "pods: Kubernetes' YAML of a container, written and played" {
    up --env A=kept --workdir /tmp box sh -c 'echo "$A $(pwd)"; sleep 1000'
    ok engine generate kube "$ID"
    # Without it the pod would get a network of its own, for which there is nothing here.
    sed 's/^spec:/spec:\n  hostNetwork: true/; /hostNetwork: false/d; s/^\( *\)image:.*/&\n\1imagePullPolicy: Never/' \
        <<<"$output" >"$T/pod.yaml"
    engine_remove "$ID"
    rm "$T/lives"
    ok engine play kube "$T/pod.yaml"
    until_true logs_have "kept /tmp" "$ID-pod-$ID"
    ok engine play kube --down "$T/pod.yaml"
}

need_criu() {
    criu check >/dev/null 2>&1 || skip "CRIU does not work here"
}

# counts_on: the number that a container writes becomes greater.
counts_on() {
    local before
    before=$(engine exec "$ID" cat /tmp/n) || return 1
    until_true greater_than "$before"
}

greater_than() {
    local now
    now=$(engine exec "$ID" cat /tmp/n) && [ "${now:-0}" -gt "${1:-0}" ]
}

COUNTER='i=0; while :; do i=$((i + 1)); echo $i >/tmp/n; sleep 0.05; done'

@test "checkpoint: a container goes on where it was, also from an archive" {
    need_criu
    up box sh -c "$COUNTER"
    counts_on
    ok engine container checkpoint "$ID"
    is "$(inspect '{{.State.Status}}')" exited
    ok engine container restore "$ID"
    is "$(inspect '{{.State.Status}}')" running
    counts_on
    ok engine container checkpoint --export "$T/saved.tar.gz" "$ID"
    engine_remove "$ID"
    ok engine container restore --import "$T/saved.tar.gz"
    counts_on
}

@test "memory policy: after a checkpoint it is in force again" {
    need_hasu_and_numa
    need_criu
    up --annotation "hasu.memory-policy=interleave:$(first_node)" box sh -c "$COUNTER"
    counts_on
    ok engine container checkpoint "$ID"
    ok engine container restore "$ID"
    under_policy "interleave:$(first_node)" cat "/proc/$(inspect '{{.State.Pid}}')/numa_maps"
    under_policy "interleave:$(first_node)" engine exec "$ID" cat /proc/self/numa_maps
}

@test "memory policy: of a pod in Kubernetes' YAML" {
    need_hasu_and_numa
    cat >"$T/pod.yaml" <<X
apiVersion: v1
kind: Pod
metadata:
  name: policy-$BATS_TEST_NUMBER
  annotations: { hasu.memory-policy: "interleave:$(first_node)" }
spec:
  hostNetwork: true
  restartPolicy: Never
  containers:
  - name: c
    image: localhost/box:latest
    imagePullPolicy: Never
    command: [ "sleep", "1000" ]
X
    ok engine play kube "$T/pod.yaml"
    under_policy "interleave:$(first_node)" engine exec "policy-$BATS_TEST_NUMBER-c" cat /proc/self/numa_maps
    ok engine play kube --down "$T/pod.yaml"
}

@test "memory policy: that of Podman's own caller" {
    need_hasu_and_numa
    under_policy "interleave:$(first_node)" numactl --interleave="$(first_node)" "${ENGINE_COMMAND[@]}" \
        run --rm --network none box cat /proc/self/numa_maps
}
