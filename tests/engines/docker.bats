# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016 # scripts for the container's shell
# shellcheck disable=SC2034,SC2154 # STDIN, errors: variables of call()
#
# Docker: its command line, its daemon, containerd and the shim on the way to the runtime.

load engine.bash

export DOCKER_HOST=unix:///run/docker-step.sock DOCKER_BUILDKIT=0

docker() {
    timeout --foreground 60 /usr/bin/docker "$@"
}

# run OPTION... IMAGE COMMAND...
run() {
    docker run --rm --network none "$@"
}

setup_file() {
    # The file of the documentation, with the runtime of this column as the default.
    from_docs /etc/docker/daemon.json | jq --arg runtime "$RUNTIME" '."default-runtime" = $runtime' \
        >"$WORK/daemon.json"
    dockerd --config-file "$WORK/daemon.json" --host "$DOCKER_HOST" --pidfile /run/docker-step.pid \
        --iptables=false --ip6tables=false --bridge=none --ip-forward=false --userland-proxy=false \
        --exec-opt native.cgroupdriver=cgroupfs --storage-driver=overlay2 \
        >"$WORK/dockerd.log" 2>&1 3>&- 4>&- </dev/null &
    echo $! >"$WORK/dockerd.pid"
    until_true docker version || {
        tail -n 20 "$WORK/dockerd.log"
        return 1
    }
    docker import "$WORK/image.tar" box >/dev/null
    docker run --detach --network none --name main box sh -c 'trap "exit 0" TERM; sleep 10000 & wait' 3>&- >/dev/null
}

teardown_file() {
    docker rm --force main >/dev/null
    kill "$(cat "$WORK/dockerd.pid")"
    until_true test ! -e /run/docker-step.pid
}

setup() {
    engine_setup
}

teardown() {
    if [ -e "$T/lives" ]; then docker rm --force --volumes "$ID" 3>&- >/dev/null; fi
}

# up OPTION... IMAGE COMMAND...: this step's own container, in the background.
up() {
    touch "$T/lives"
    ok docker run --detach --network none --name "$ID" "$@"
}

made() {
    touch "$T/lives"
    ok docker create --network none --name "$ID" "$@"
}

inspect() {
    docker inspect --format "$1" "${2:-$ID}"
}

has_status() {
    [ "$(inspect '{{.State.Status}}')" = "$1" ]
}

# --- run and its exit status ---

@test "run: what the program prints comes out" {
    prints hello run box echo hello
}

@test "run: standard error stays apart" {
    ok run box sh -c 'echo out; echo err >&2'
    is "$output" out
    is "$errors" err
}

@test "run: the program's exit status" {
    gives 42 run box sh -c 'exit 42'
}

@test "run: 128 and the signal that ended the program" {
    # The first process of a PID namespace is ended from outside alone.
    made box sleep 1000
    (until_true has_status running && kill -KILL "$(inspect '{{.State.Pid}}')") 3>&- &
    gives 137 docker start --attach "$ID"
    wait $!
}

@test "run: 127 where there is no such program" {
    gives 127 run box nonesuch
    has "$errors" nonesuch
}

@test "run: 127 where there is no such path" {
    gives 127 run box /none/such
}

@test "run: 126 where the program cannot be executed" {
    gives 126 run box /etc/passwd
}

@test "run: 126 where the program is a directory" {
    gives 126 run box /etc
}

@test "run: 125 where the engine refuses" {
    gives 125 run --nonesuch box true
}

@test "run: what the runtime refuses is told in its own words" {
    touch "$T/lives"
    call docker run --network none --name "$ID" --sysctl net.nonesuch=1 box true
    lacks " 0 " " $status "
    has "$errors" nonesuch
    is "$(inspect '{{.State.Status}}')" created
    is "$(find /sys/fs/cgroup -type d -name "*$(inspect '{{.Id}}')*")" ""
}

@test "run: standard input" {
    input "typed"
    prints typed run --interactive box cat
}

@test "run: much of standard input and output" {
    head -c 3000000 /dev/zero | tr '\0' x >"$T/input"
    STDIN=$T/input
    prints 3000000 run --interactive box sh -c 'cat | wc -c'
    ok run box sh -c 'head -c 2000000 /dev/zero | tr "\0" y'
    is "${#output}" 2000000
}

@test "run: a terminal" {
    in_terminal pts /usr/bin/docker run --rm --network none --tty --interactive box \
        sh -c 'tty; read -r word; echo "got $word"; exit 7'
    has "$output" /dev/pts/0
    has "$output" "got typed"
    is "$status" 7
}

@test "run: no terminal where none is asked for" {
    gives 1 run box tty
}

@test "run: in the background, with a PID on the host" {
    up box sleep 1000
    is "$(tr '\0' ' ' <"/proc/$(inspect '{{.State.Pid}}')/cmdline")" "sleep 1000 "
    is "$(inspect '{{.State.Status}}')" running
}

@test "run: an init that adopts orphans" {
    ok run --init box cat /proc/1/cmdline
    has "$output" init
}

# --- the process ---

@test "process: a user's name" {
    prints "uid=1000(worker) gid=1000(worker) groups=1000(worker)" run --user worker box id
}

@test "process: numbers of user and group" {
    prints 1234:4321 run --user 1234:4321 box sh -c 'echo $(id -u):$(id -g)'
}

@test "process: further groups" {
    ok run --user worker --group-add 777 box id -G
    has " $output " " 777 "
}

@test "process: environment, from options and files" {
    echo B=from-file >"$T/env"
    prints "a b from-file" run --env A="a b" --env-file "$T/env" box sh -c 'echo "$A $B"'
}

@test "process: its working directory, made where it is missing" {
    prints /new/place run --workdir /new/place box pwd
}

@test "process: an entry point" {
    prints "one two" run --entrypoint echo box one two
}

@test "process: resource limits" {
    prints "55 66" run --ulimit nofile=55:66 box sh -c 'echo "$(ulimit -n) $(ulimit -H -n)"'
}

@test "process: the limit of core files" {
    prints 0 run --ulimit core=0 box sh -c 'ulimit -c'
}

@test "process: its score for the OOM killer" {
    prints 500 run --oom-score-adj 500 box cat /proc/self/oom_score_adj
}

# --- privileges ---

@test "privileges: no capabilities" {
    prints "CapEff:	0000000000000000" run --cap-drop ALL box grep CapEff /proc/self/status
}

@test "privileges: a capability more" {
    # CAP_NET_ADMIN is 12, CAP_CHOWN 0.
    prints "CapEff:	0000000000001001" run --cap-drop ALL --cap-add NET_ADMIN --cap-add CHOWN box \
        grep CapEff /proc/self/status
}

@test "privileges: an ordinary user has none" {
    prints "CapEff:	0000000000000000" run --user worker box grep CapEff /proc/self/status
}

@test "privileges: privileged can mount" {
    ok run --privileged box mount -t tmpfs tmpfs /tmp
}

@test "privileges: others cannot" {
    ok run box sh -c '! mount -t tmpfs tmpfs /tmp 2>/dev/null'
}

@test "privileges: privileged sees the host's devices" {
    ok run --privileged box test -e /dev/kmsg
    ok run box test ! -e /dev/kmsg
}

@test "privileges: none are gained by execve" {
    prints "NoNewPrivs:	1" run --security-opt no-new-privileges box grep NoNewPrivs /proc/self/status
    prints "NoNewPrivs:	0" run box grep NoNewPrivs /proc/self/status
}

@test "seccomp: a filter by default" {
    prints "Seccomp:	2" run box grep Seccomp: /proc/self/status
}

@test "seccomp: none where it is unconfined" {
    prints "Seccomp:	0" run --security-opt seccomp=unconfined box grep Seccomp: /proc/self/status
}

@test "seccomp: a profile of one's own" {
    cat >"$T/profile.json" <<'X'
{ "defaultAction": "SCMP_ACT_ALLOW",
  "syscalls": [ { "names": [ "mkdir", "mkdirat" ], "action": "SCMP_ACT_ERRNO", "errnoRet": 1 } ] }
X
    ok run --security-opt seccomp="$T/profile.json" box sh -c '! mkdir /tmp/a 2>/tmp/e; cat /tmp/e'
    has "$output" "not permitted"
}

@test "masks: what the host shows is hidden" {
    prints 0 run box sh -c 'cat /proc/kcore | wc -c'
    gives 1 run box sh -c 'echo 1 >/proc/sys/kernel/panic'
}

@test "masks: shown again where that is asked for" {
    prints 0 run --security-opt systempaths=unconfined box sh -c 'grep -c " /proc/" /proc/self/mountinfo || true'
}

# --- files ---

@test "files: a volume from the host" {
    mkdir "$T/v"
    ok run --volume "$T/v:/data" box sh -c 'echo written >/data/file'
    is "$(cat "$T/v/file")" written
}

@test "files: a volume that is read-only" {
    mkdir "$T/v"
    gives 1 run --volume "$T/v:/data:ro" box touch /data/file
    has "$errors" "Read-only"
}

@test "files: a file of the host" {
    echo content >"$T/file"
    prints content run --volume "$T/file:/etc/one:ro" box cat /etc/one
}

@test "files: a volume with a name lives on" {
    ok run --volume "$ID:/data" box sh -c 'echo kept >/data/file'
    prints kept run --volume "$ID:/data" box cat /data/file
    ok docker volume rm "$ID"
}

@test "files: --mount with its options" {
    mkdir "$T/v"
    ok run --mount "type=bind,source=$T/v,target=/data,readonly,bind-propagation=rslave" box \
        grep " /data " /proc/self/mountinfo
    matches "$output" " /data ro,.* master:"
}

@test "files: tmpfs with a size and a mode" {
    ok run --tmpfs /t:size=1m,mode=0700 box sh -c 'grep " /t " /proc/mounts; stat -c %a /t'
    has "$output" size=1024k
    has "$output" 700
}

@test "files: the size of /dev/shm" {
    ok run --shm-size 3m box grep /dev/shm /proc/mounts
    has "$output" size=3072k
}

@test "files: a read-only root, with places to write" {
    gives 1 run --read-only box touch /file
    ok run --read-only --tmpfs /tmp box touch /tmp/file
}

@test "files: volumes of another container" {
    made --volume /shared box true
    ok run --volumes-from "$ID" box sh -c 'echo x >/shared/file'
    prints x run --volumes-from "$ID" box cat /shared/file
}

@test "devices: one of the host under another name" {
    [ -c /dev/kmsg ] || skip "there is no /dev/kmsg here"
    ok run --device /dev/kmsg:/dev/mine:w box sh -c ': >/dev/mine'
    gives 1 run --device /dev/kmsg:/dev/mine:r box sh -c ': >/dev/mine'
    has "$errors" "not permitted"
}

@test "devices: allowed by a rule" {
    gives 1 run --cap-add MKNOD box sh -c 'mknod /tmp/k c 1 11 && : >/tmp/k'
    ok run --cap-add MKNOD --device-cgroup-rule 'c 1:11 rwm' box sh -c 'mknod /tmp/k c 1 11 && : >/tmp/k'
}

@test "devices: the usual ones" {
    prints "" run box sh -c 'for d in null zero full random urandom tty ptmx; do test -e /dev/$d || echo $d; done'
}

# --- limits ---

@test "limits: memory" {
    prints 67108864 run --memory 64m box sh -c "$(limit memory memory.limit_in_bytes memory.max)"
}

@test "limits: what needs more memory is killed" {
    made --memory 16m --memory-swap 16m box tail /dev/zero
    gives 137 docker start --attach "$ID"
    is "$(inspect '{{.State.OOMKilled}}')" true
}

@test "limits: memory that is left to it, and swap" {
    prints 33554432 run --memory 64m --memory-reservation 32m box sh -c \
        "$(limit memory memory.soft_limit_in_bytes memory.low)"
}

@test "limits: processes" {
    prints 7 run --pids-limit 7 box sh -c "$(limit pids pids.max pids.max)"
    call run --pids-limit 4 box sh -c 'for i in 1 2 3 4 5 6 7 8; do sleep 1 & done'
    has "$errors" "can't fork"
}

@test "limits: CPUs by number" {
    prints 0 run --cpuset-cpus 0 box sh -c 'grep Cpus_allowed_list /proc/self/status | cut -f2'
}

@test "limits: memory nodes" {
    [ -e /sys/devices/system/node/node0 ] || skip "this kernel has no NUMA"
    prints 0 run --cpuset-mems 0 box sh -c 'grep Mems_allowed_list /proc/self/status | cut -f2'
}

@test "limits: a part of the CPUs" {
    ok run --cpus 0.5 box sh -c "$(limit cpu cpu.cfs_quota_us cpu.max)"
    has "$output" 50000
}

@test "limits: shares of CPU time" {
    cgroup2_only && skip "cgroup v2 has weights in place of shares"
    prints 512 run --cpu-shares 512 box sh -c "$(limit cpu cpu.shares cpu.weight)"
}

@test "limits: a cgroup of the caller's choice" {
    ok run --cgroup-parent /step --cgroupns host box cat /proc/self/cgroup
    has "$output" :/step/
}

# --- namespaces ---

@test "namespaces: the host's name" {
    prints box1 run --hostname box1 box hostname
    prints box1.example run --hostname box1 --domainname example box sh -c 'cat /proc/sys/kernel/hostname | tr -d "\n"; echo .$(cat /proc/sys/kernel/domainname)'
}

@test "namespaces: processes of their own" {
    prints 1 run box sh -c 'echo $$'
}

@test "namespaces: the host's processes" {
    ok run --pid host box cat /proc/1/cmdline
    has "$output" inside
}

@test "namespaces: the processes of another container" {
    ok run --pid container:main box cat /proc/1/cmdline
    has "$output" "trap"
}

@test "namespaces: the network of another container" {
    prints "$(readlink "/proc/$(inspect '{{.State.Pid}}' main)/ns/net")" \
        docker run --rm --network container:main box readlink /proc/self/ns/net
}

@test "namespaces: the IPC of another container" {
    up --ipc shareable box sleep 1000
    prints "$(readlink "/proc/$(inspect '{{.State.Pid}}')/ns/ipc")" run --ipc "container:$ID" box \
        readlink /proc/self/ns/ipc
}

@test "namespaces: the host's network, IPC and name" {
    prints "$(readlink /proc/self/ns/net /proc/self/ns/ipc /proc/self/ns/uts)" \
        docker run --rm --network host --ipc host --uts host box \
        sh -c 'readlink /proc/self/ns/net; readlink /proc/self/ns/ipc; readlink /proc/self/ns/uts'
}

@test "namespaces: a cgroup namespace, and the host's" {
    prints "$(readlink /proc/self/ns/cgroup)" run --cgroupns host box readlink /proc/self/ns/cgroup
    ok run --cgroupns private box readlink /proc/self/ns/cgroup
    lacks "$output" "$(readlink /proc/self/ns/cgroup)"
}

@test "namespaces: sysctls of their own" {
    prints 77 run --sysctl kernel.msgmax=77 box cat /proc/sys/kernel/msgmax
    prints 1 run --sysctl net.ipv4.ip_forward=1 box cat /proc/sys/net/ipv4/ip_forward
}

# --- exec ---

@test "exec: a process more" {
    prints here docker exec main echo here
}

@test "exec: its exit status" {
    gives 9 docker exec main sh -c 'exit 9'
}

@test "exec: 127 and 126 where it cannot be started" {
    call docker exec main nonesuch
    matches "$status" '^12[67]$'
    gives 126 docker exec main /etc/passwd
}

@test "exec: standard input" {
    input "to exec"
    prints "to exec" docker exec --interactive main cat
}

@test "exec: a terminal" {
    in_terminal pts /usr/bin/docker exec --tty --interactive main \
        sh -c 'echo "$(tty) $TERM"; read -r word; echo "got $word"; exit 7'
    matches "$output" "/dev/pts/[0-9]+ xterm"
    has "$output" "got typed"
    is "$status" 7
}

@test "exec: a user, a directory and an environment" {
    prints "worker /tmp x" docker exec --user worker --workdir /tmp --env E=x main \
        sh -c 'echo "$(id -un) $(pwd) $E"'
}

@test "exec: with all privileges" {
    ok docker exec --privileged main grep CapEff /proc/self/status
    local privileged=$output
    ok docker exec main grep CapEff /proc/self/status
    matches "$privileged" "ff$"
    lacks "$privileged" "${output##*	}"
}

@test "exec: in the background" {
    ok docker exec --detach main sh -c 'echo done >/tmp/detached'
    until_true docker exec main test -s /tmp/detached
}

@test "exec: in the container's cgroup and namespaces" {
    prints "$(docker exec main sh -c 'cat /proc/1/cgroup; readlink /proc/1/ns/mnt')" \
        docker exec main sh -c 'cat /proc/self/cgroup; readlink /proc/self/ns/mnt'
}

@test "exec: a container that has ended is refused" {
    made box true
    ok docker start --attach "$ID"
    gives 1 docker exec "$ID" true
    has "$errors" "not running"
}

@test "exec: a paused container is refused" {
    up box sleep 1000
    ok docker pause "$ID"
    gives 1 docker exec "$ID" true
    has "$errors" paused
    ok docker unpause "$ID"
    ok docker exec "$ID" true
}

@test "exec: many at a time" {
    local i pids=()
    for i in 1 2 3 4 5; do
        docker exec main echo "$i" >"$T/out-$i" 3>&- &
        pids+=($!)
    done
    wait "${pids[@]}"
    is "$(cat "$T"/out-*)" $'1\n2\n3\n4\n5'
}

# --- life ---

@test "life: create, start, and again" {
    made box sh -c 'echo once'
    prints once docker start --attach "$ID"
    prints once docker start --attach "$ID"
}

@test "life: stop asks first" {
    up box sh -c 'trap "echo asked; exit 3" TERM; echo ready; while :; do sleep 0.1; done'
    until_true logs_have ready
    ok docker stop --time 20 "$ID"
    is "$(inspect '{{.State.ExitCode}}')" 3
    has "$(docker logs "$ID")" asked
}

logs_have() {
    docker logs "$ID" 2>&1 | grep -q "$1"
}

@test "life: stop with another signal" {
    up --stop-signal USR2 box sh -c 'trap "exit 8" USR2; echo ready; while :; do sleep 0.1; done'
    until_true logs_have ready
    ok docker stop --time 20 "$ID"
    is "$(inspect '{{.State.ExitCode}}')" 8
}

@test "life: stop kills what does not listen" {
    up box sleep 1000
    ok docker stop --time 1 "$ID"
    is "$(inspect '{{.State.ExitCode}}')" 137
}

@test "life: kill with a signal" {
    up box sh -c 'trap "exit 12" USR1; echo ready; while :; do sleep 0.1; done'
    until_true logs_have ready
    ok docker kill --signal USR1 "$ID"
    prints 12 docker wait "$ID"
}

@test "life: kill" {
    up box sleep 1000
    ok docker kill "$ID"
    prints 137 docker wait "$ID"
}

@test "life: restart" {
    up box sh -c 'trap "exit 0" TERM; sleep 1000 & wait'
    local before
    before=$(inspect '{{.State.Pid}}')
    ok docker restart --time 5 "$ID"
    is "$(inspect '{{.State.Status}}')" running
    lacks " $before " " $(inspect '{{.State.Pid}}') "
}

@test "life: pause and unpause" {
    up box sleep 1000
    ok docker pause "$ID"
    is "$(inspect '{{.State.Status}}')" paused
    ok docker unpause "$ID"
    is "$(inspect '{{.State.Status}}')" running
}

@test "life: a container that runs is removed by force" {
    up box sleep 1000
    ok docker rm --force "$ID"
    rm "$T/lives"
    gives 1 docker inspect "$ID"
}

@test "life: the state follows a process that is killed from outside" {
    up box sleep 1000
    kill -KILL "$(inspect '{{.State.Pid}}')"
    prints 137 docker wait "$ID"
    is "$(inspect '{{.State.Status}}')" exited
}

@test "life: started again after failures" {
    up --restart on-failure:2 box sh -c 'exit 4'
    until_true restarted 2
    is "$(inspect '{{.State.ExitCode}}')" 4
}

restarted() {
    [ "$(inspect '{{.RestartCount}}')" = "$1" ] && has_status exited
}

@test "life: logs" {
    made box sh -c 'echo one; echo two >&2'
    ok docker start --attach "$ID"
    ok docker logs "$ID"
    is "$output $errors" "one two"
}

@test "life: attach" {
    up box sh -c 'while [ ! -e /go ]; do sleep 0.1; done; echo attached'
    (sleep 1; docker exec "$ID" touch /go) 3>&- &
    prints attached docker attach --no-stdin "$ID"
    wait $!
}

@test "life: files are copied in and out" {
    echo in >"$T/in"
    ok docker cp "$T/in" main:/tmp/in
    prints in docker exec main cat /tmp/in
    ok docker cp main:/etc/passwd "$T/passwd"
    has "$(cat "$T/passwd")" worker
}

@test "life: what changed, and an image of it" {
    made box sh -c 'echo x >/changed'
    ok docker start --attach "$ID"
    ok docker diff "$ID"
    has "$output" "A /changed"
    ok docker commit "$ID" "$ID"
    prints x run "$ID" cat /changed
}

# --- what can be seen and changed ---

@test "seen: processes" {
    ok docker top main
    has "$output" "sleep 10000"
    ok docker top main -o pid,comm
    has "$output" sleep
}

@test "seen: statistics" {
    ok docker stats --no-stream --format '{{json .}}' main
    is "$(jq -r '.Name' <<<"$output")" main
    matches "$(jq -r '.PIDs' <<<"$output")" '^[1-9]'
    matches "$(jq -r '.MemUsage' <<<"$output")" '^[1-9]'
}

@test "seen: the list" {
    ok docker ps --format '{{.Names}} {{.Status}}'
    matches "$output" 'main Up'
}

@test "seen: the runtime" {
    is "$(inspect '{{.HostConfig.Runtime}}' main)" "$RUNTIME"
    ok docker info --format '{{.DefaultRuntime}} {{json .Runtimes}}'
    has "$output" "$RUNTIME {"
    has "$output" hasu
}

@test "seen: a check of health" {
    up --health-cmd 'test -e /well' --health-interval 1s --health-retries 1 box sleep 1000
    until_true test "$(inspect '{{.State.Health.Status}}')" = unhealthy || until_true health_is unhealthy
    ok docker exec "$ID" touch /well
    until_true health_is healthy
}

health_is() {
    [ "$(inspect '{{.State.Health.Status}}')" = "$1" ]
}

@test "seen: events of its life" {
    local since
    since=$(date +%s)
    ok run --name "$ID" box true
    ok docker events --since "$since" --until "$(($(date +%s) + 1))" --filter container="$ID" --format '{{.Action}}'
    has "$output" start
    has "$output" die
}

@test "changed: limits of a container that runs" {
    up --memory 64m box sleep 1000
    ok docker update --memory 128m --memory-swap 128m --pids-limit 50 --cpu-shares 300 "$ID"
    prints 134217728 docker exec "$ID" sh -c "$(limit memory memory.limit_in_bytes memory.max)"
    prints 50 docker exec "$ID" sh -c "$(limit pids pids.max pids.max)"
}

@test "changed: CPUs of a container that runs" {
    [ "$(nproc)" -gt 1 ] || skip "there is only one CPU here"
    up --cpuset-cpus 0 box sleep 1000
    ok docker update --cpuset-cpus 1 "$ID"
    prints 1 docker exec "$ID" sh -c 'grep Cpus_allowed_list /proc/1/status | cut -f2'
}

# --- memory policies ---

@test "memory policy: by annotation, for the program and what exec adds" {
    need_hasu_and_numa
    need_annotations
    up --annotation hasu.memory-policy="interleave:$(first_node)" box sleep 1000
    under_policy "interleave:$(first_node)" cat "/proc/$(inspect '{{.State.Pid}}')/numa_maps"
    under_policy "interleave:$(first_node)" docker exec "$ID" cat /proc/self/numa_maps
    under_policy default docker exec main cat /proc/self/numa_maps
}

@test "memory policy: one that cannot be had is told in words" {
    need_hasu_and_numa
    need_annotations
    call run --annotation hasu.memory-policy="bind:$(absent_node)" box true
    lacks " $status " " 0 "
    has "$errors" "/annotations/hasu.memory-policy: node $(absent_node) does not exist"
}

need_annotations() {
    docker run --help | grep -q -- --annotation || skip "this Docker has no --annotation"
}

# --- images ---

@test "build: RUN, COPY, USER and HEALTHCHECK" {
    mkdir "$T/context"
    echo copied >"$T/context/file"
    cat >"$T/context/Dockerfile" <<'X'
FROM box
RUN echo built >/built && echo builder:x:1001:1001::/:/bin/sh >>/etc/passwd
COPY file /file
ENV FROM_IMAGE=yes
HEALTHCHECK CMD true
USER builder
WORKDIR /tmp
RUN test "$(id -u)" = 1001
ENTRYPOINT [ "sh", "-c" ]
CMD [ "cat /built /file; id -un; pwd; echo $FROM_IMAGE" ]
X
    ok docker build --network none --quiet --tag "$ID" "$T/context"
    prints $'built\ncopied\nbuilder\n/tmp\nyes' run "$ID"
}

@test "build: a command that fails fails the build with its status" {
    mkdir "$T/context"
    printf 'FROM box\nRUN exit 33\n' >"$T/context/Dockerfile"
    call docker build --network none "$T/context"
    is "$status" 33
}
