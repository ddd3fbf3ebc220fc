# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016 # scripts for the container's shell
# shellcheck disable=SC2034,SC2154 # STDIN, errors: variables of call()
#
# What Docker alone has, or has otherwise than Podman.

load cli.bash

# --- run and its exit status ---

@test "run: 125 where the engine refuses" {
    gives 125 run --nonesuch box true
}

@test "run: what the runtime refuses is told in its own words" {
    touch "$T/lives"
    call engine run --network none --name "$ID" --sysctl net.nonesuch=1 box true
    lacks " 0 " " $status "
    has "$errors" nonesuch
    is "$(inspect '{{.State.Status}}')" created
    is "$(find /sys/fs/cgroup -type d -name "*$(inspect '{{.Id}}')*")" ""
}

# --- the process ---

@test "process: its working directory, made where it is missing" {
    prints /new/place run --workdir /new/place box pwd
}

# --- privileges ---

@test "masks: shown again where that is asked for" {
    prints 0 run --security-opt systempaths=unconfined box sh -c 'grep -c " /proc/" /proc/self/mountinfo || true'
}

# --- files ---

@test "files: a read-only root, with places to write" {
    gives 1 run --read-only box touch /file
    ok run --read-only --tmpfs /tmp box touch /tmp/file
}

@test "devices: allowed by a rule" {
    gives 1 run --cap-add MKNOD box sh -c 'mknod /tmp/k c 1 11 && : >/tmp/k'
    ok run --cap-add MKNOD --device-cgroup-rule 'c 1:11 rwm' box sh -c 'mknod /tmp/k c 1 11 && : >/tmp/k'
}

# --- namespaces ---

@test "namespaces: names of host and domain" {
    prints "box1 example" run --hostname box1 --domainname example box sh -c \
        'echo "$(cat /proc/sys/kernel/hostname) $(cat /proc/sys/kernel/domainname)"'
}

@test "namespaces: the network of another container" {
    prints "$(readlink "/proc/$(inspect '{{.State.Pid}}' main)/ns/net")" \
        engine run --rm --network container:main box readlink /proc/self/ns/net
}

@test "namespaces: the IPC of another container" {
    up --ipc shareable box sleep 1000
    prints "$(readlink "/proc/$(inspect '{{.State.Pid}}')/ns/ipc")" run --ipc "container:$ID" box \
        readlink /proc/self/ns/ipc
}

# --- exec ---

@test "exec: 127 and 126 where it cannot be started" {
    call engine exec main nonesuch
    matches "$status" '^12[67]$'
    gives 126 engine exec main /etc/passwd
}

@test "exec: a container that has ended is refused" {
    made box true
    ok engine start --attach "$ID"
    gives 1 engine exec "$ID" true
    has "$errors" "not running"
}

@test "exec: a paused container is refused" {
    up box sleep 1000
    ok engine pause "$ID"
    gives 1 engine exec "$ID" true
    has "$errors" paused
    ok engine unpause "$ID"
    ok engine exec "$ID" true
}

# --- what can be seen and changed ---

@test "seen: processes" {
    ok engine top main
    has "$output" "sleep 10000"
    ok engine top main -o pid,comm
    has "$output" sleep
}

@test "seen: statistics" {
    ok engine stats --no-stream --format '{{json .}}' main
    is "$(jq -r '.Name' <<<"$output")" main
    matches "$(jq -r '.PIDs' <<<"$output")" '^[1-9]'
    matches "$(jq -r '.MemUsage' <<<"$output")" '^[1-9]'
}

@test "seen: the runtime" {
    is "$(inspect '{{.HostConfig.Runtime}}' main)" "$RUNTIME"
    ok engine info --format '{{.DefaultRuntime}} {{json .Runtimes}}'
    has "$output" "$RUNTIME {"
    has "$output" hasu
}

@test "seen: a check of health" {
    up --health-cmd 'test -e /well' --health-interval 1s --health-retries 1 box sleep 1000
    until_true health_is unhealthy
    ok engine exec "$ID" touch /well
    until_true health_is healthy
}

health_is() {
    [ "$(inspect '{{.State.Health.Status}}')" = "$1" ]
}

@test "seen: events of its life" {
    local since
    since=$(date +%s)
    ok run --name "$ID" box true
    ok engine events --since "$since" --until "$(($(date +%s) + 1))" --filter container="$ID" --format '{{.Action}}'
    has "$output" start
    has "$output" die
}

@test "changed: limits of a container that runs" {
    up --memory 64m box sleep 1000
    ok engine update --memory 128m --memory-swap 128m --pids-limit 50 --cpu-shares 300 "$ID"
    prints 134217728 engine exec "$ID" sh -c "$(limit memory memory.limit_in_bytes memory.max)"
    prints 50 engine exec "$ID" sh -c "$(limit pids pids.max pids.max)"
}

@test "changed: CPUs of a container that runs" {
    [ "$(nproc)" -gt 1 ] || skip "there is only one CPU here"
    up --cpuset-cpus 0 box sleep 1000
    ok engine update --cpuset-cpus 1 "$ID"
    prints 1 engine exec "$ID" sh -c 'grep Cpus_allowed_list /proc/1/status | cut -f2'
}

# --- images ---

@test "build: a command that fails fails the build with its status" {
    mkdir "$T/context"
    printf 'FROM box\nRUN exit 33\n' >"$T/context/Dockerfile"
    call engine build --network none "$T/context"
    is "$status" 33
}
