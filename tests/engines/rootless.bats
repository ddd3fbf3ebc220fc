# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016 # scripts for the container's shell
# shellcheck disable=SC2034,SC2154 # STDIN, errors: variables of call()
#
# Podman of an ordinary user. The steps are that user, too; the runtime is called as the root of a user
# namespace, without rights over the host and, on cgroup v1, over any cgroup.

load cli.bash

# --- run and its exit status ---

@test "run: what the program prints comes out" {
    prints hello run box echo hello
}

@test "run: the program's exit status" {
    gives 42 run box sh -c 'exit 42'
}

@test "run: 127 and 126 where it cannot be started" {
    gives 127 run box nonesuch
    has "$errors" nonesuch
    gives 126 run box /etc/passwd
}

@test "run: standard input, and much of it" {
    head -c 3000000 /dev/zero | tr '\0' x >"$T/input"
    STDIN=$T/input
    prints 3000000 run --interactive box sh -c 'cat | wc -c'
}

@test "run: a terminal" {
    in_terminal pts "${ENGINE_COMMAND[@]}" run --rm --network none --tty --interactive box \
        sh -c 'tty; read -r word; echo "got $word"; exit 7'
    has "$output" /dev/pts/0
    has "$output" "got typed"
    is "$status" 7
}

@test "run: in the background, as the user's own process on the host" {
    up box sleep 1000
    local pid
    pid=$(inspect '{{.State.Pid}}')
    is "$(tr '\0' ' ' <"/proc/$pid/cmdline")" "sleep 1000 "
    is "$(stat -c %u "/proc/$pid")" "$(id -u)"
}

@test "run: an init that adopts orphans" {
    ok run --init box cat /proc/1/cmdline
    has "$output" init
}

@test "run: a rootfs that is a directory" {
    mkdir "$T/rootfs"
    tar -xf "$WORK/image.tar" -C "$T/rootfs"
    prints here run --rootfs "$T/rootfs" echo here
}

@test "run: what the runtime refuses is told" {
    mkdir "$T/absent"
    made --volume "$T/absent:/data" box true
    rm -rf "$T/absent"
    gives 125 engine start "$ID"
    has "$errors" "$T/absent"
}

# --- the process ---

@test "process: its root is the user, and others are of the user's subordinate IDs" {
    ok run box cat /proc/self/uid_map
    is "$(tr -s ' ' <<<"$output")" $' 0 4242 1\n 1 400000 65536'
    mkdir "$T/v"
    chmod 777 "$T/v"
    ok run --volume "$T/v:/data" box touch /data/root
    ok run --volume "$T/v:/data" --user 1000:1000 box touch /data/worker
    is "$(stat -c %u "$T/v/root" "$T/v/worker")" $'4242\n400999'
}

@test "process: a user's name, and numbers" {
    prints "uid=1000(worker) gid=1000(worker) groups=1000(worker)" run --user worker box id
    prints 1234:4321 run --user 1234:4321 box sh -c 'echo $(id -u):$(id -g)'
}

@test "process: the user's own ID inside" {
    mkdir "$T/v"
    prints 4242 run --userns keep-id --volume "$T/v:/data" box sh -c 'id -u; touch /data/file'
    is "$(stat -c %u "$T/v/file")" 4242
}

@test "process: IDs by a map of one's own" {
    ok run --uidmap 0:1:10 --gidmap 0:1:10 box cat /proc/self/uid_map
    is "$(tr -s ' ' <<<"$output")" " 0 1 10"
}

@test "process: environment, directory and umask" {
    prints "a b /etc 0077" run --env A="a b" --workdir /etc --umask 0077 box sh -c 'echo "$A $(pwd) $(umask)"'
}

@test "process: resource limits" {
    prints "55 66" run --ulimit nofile=55:66 --ulimit nproc=500:500 box sh -c 'echo "$(ulimit -n) $(ulimit -H -n)"'
}

# --- privileges ---

@test "privileges: capabilities over its own namespace" {
    prints "CapEff:	0000000000000000" run --cap-drop ALL box grep CapEff /proc/self/status
    # CAP_NET_ADMIN is 12, CAP_CHOWN 0.
    prints "CapEff:	0000000000001001" run --cap-drop ALL --cap-add NET_ADMIN --cap-add CHOWN box \
        grep CapEff /proc/self/status
}

@test "privileges: privileged can mount, others cannot" {
    ok run --privileged box mount -t tmpfs tmpfs /tmp
    ok run box sh -c '! mount -t tmpfs tmpfs /tmp 2>/dev/null'
}

@test "privileges: privileged makes no devices" {
    ok run --privileged box sh -c '! mknod /tmp/k c 1 11 2>/dev/null'
}

@test "privileges: none are gained by execve" {
    prints "NoNewPrivs:	1" run --security-opt no-new-privileges box grep NoNewPrivs /proc/self/status
}

@test "seccomp: a filter by default, one's own, none" {
    prints "Seccomp:	2" run box grep Seccomp: /proc/self/status
    prints "Seccomp:	0" run --security-opt seccomp=unconfined box grep Seccomp: /proc/self/status
    echo '{ "defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [ { "names": [ "mkdir", "mkdirat" ], "action": "SCMP_ACT_ERRNO", "errnoRet": 1 } ] }' >"$T/profile.json"
    ok run --security-opt seccomp="$T/profile.json" box sh -c '! mkdir /tmp/a 2>/tmp/e; cat /tmp/e'
    has "$output" "not permitted"
}

@test "masks: what the host shows is hidden" {
    prints 0 run box sh -c 'cat /proc/kcore 2>/dev/null | wc -c'
    gives 1 run box sh -c 'echo 1 >/proc/sys/kernel/panic'
}

# --- files ---

@test "files: a volume of the user's, writable and read-only" {
    mkdir "$T/v"
    ok run --volume "$T/v:/data" box sh -c 'echo written >/data/file'
    is "$(cat "$T/v/file")" written
    gives 1 run --volume "$T/v:/data:ro" box touch /data/file
    has "$errors" "Read-only"
}

@test "files: a volume whose owner is changed for the container" {
    mkdir "$T/v"
    ok run --user 1000 --volume "$T/v:/data:U" box touch /data/file
    is "$(stat -c %u "$T/v/file")" 400999
    ok engine unshare rm -rf "$T/v"
}

@test "files: a volume with a name lives on" {
    ok run --volume "$ID:/data" box sh -c 'echo kept >/data/file'
    prints kept run --volume "$ID:/data" box cat /data/file
    ok engine volume rm "$ID"
}

@test "files: tmpfs, and the size of /dev/shm" {
    ok run --tmpfs /t:size=1m,mode=0700 --shm-size 3m box sh -c 'grep -E " (/t|/dev/shm) " /proc/mounts; stat -c %a /t'
    has "$output" size=1024k
    has "$output" size=3072k
    has "$output" 700
}

@test "files: a read-only root, with places to write" {
    gives 1 run --read-only box touch /file
    ok run --read-only box touch /tmp/file
}

@test "devices: the usual ones, and one of the host" {
    prints "" run box sh -c 'for d in null zero full random urandom tty ptmx; do test -e /dev/$d || echo $d; done'
    ok run --device /dev/zero:/dev/mine box head -c 1 /dev/mine
}

# --- namespaces ---

@test "namespaces: processes, name and network of its own" {
    prints "1 box1" run --hostname box1 box sh -c 'echo "$$ $(hostname)"'
    ok run box sh -c 'cat /proc/net/dev | grep -c lo:'
}

@test "namespaces: the host's network, name and processes" {
    prints "$(readlink /proc/self/ns/net /proc/self/ns/uts /proc/self/ns/pid)" \
        engine run --rm --network host --uts host --pid host box \
        sh -c 'for n in net uts pid; do readlink /proc/self/ns/$n; done'
}

@test "namespaces: those of another container" {
    prints "$(engine exec main readlink /proc/self/ns/net)" engine run --rm --network container:main --pid container:main \
        box readlink /proc/1/ns/net
}

@test "namespaces: sysctls of their own" {
    prints 77 run --sysctl kernel.msgmax=77 box cat /proc/sys/kernel/msgmax
}

# --- exec ---

@test "exec: a process more, its status, its input" {
    prints here engine exec main echo here
    gives 9 engine exec main sh -c 'exit 9'
    input "to exec"
    prints "to exec" engine exec --interactive main cat
}

@test "exec: a terminal" {
    in_terminal pts "${ENGINE_COMMAND[@]}" exec --tty --interactive main sh -c 'tty; read -r word; echo "got $word"; exit 7'
    matches "$output" "/dev/pts/[0-9]+"
    has "$output" "got typed"
    is "$status" 7
}

@test "exec: a user, a directory and an environment" {
    prints "worker /tmp x" engine exec --user worker --workdir /tmp --env E=x main \
        sh -c 'echo "$(id -un) $(pwd) $E"'
}

@test "exec: in the background" {
    ok engine exec --detach main sh -c 'echo done >/tmp/detached'
    until_true engine exec main test -s /tmp/detached
}

@test "exec: 127 and 126 where it cannot be started" {
    gives 127 engine exec main nonesuch
    gives 126 engine exec main /etc/passwd
}

# --- life ---

@test "life: create, start, and again" {
    made box sh -c 'echo once'
    prints once engine start --attach "$ID"
    prints once engine start --attach "$ID"
}

@test "life: stop asks first" {
    up box sh -c 'trap "echo asked; exit 3" TERM; echo ready; while :; do sleep 0.1; done'
    until_true logs_have ready
    ok engine stop --time 20 "$ID"
    is "$(inspect '{{.State.ExitCode}}')" 3
    has "$(engine logs "$ID")" asked
}

@test "life: kill, and the state follows" {
    up box sleep 1000
    ok engine kill "$ID"
    prints 137 engine wait "$ID"
    until_true has_status exited
}

@test "life: restart" {
    up box sh -c 'trap "exit 0" TERM; sleep 1000 & wait'
    local before
    before=$(inspect '{{.State.Pid}}')
    ok engine restart --time 5 "$ID"
    is "$(inspect '{{.State.Status}}')" running
    lacks " $before " " $(inspect '{{.State.Pid}}') "
}

@test "life: a container that runs is removed by force" {
    up box sleep 1000
    ok engine rm --force --time 0 "$ID"
    rm "$T/lives"
    fails "o such object" engine inspect "$ID"
}

@test "life: files are copied in and out" {
    echo in >"$T/in"
    ok engine cp "$T/in" main:/tmp/in
    prints in engine exec main cat /tmp/in
    ok engine cp main:/etc/passwd "$T/passwd"
    has "$(cat "$T/passwd")" worker
}

@test "life: what changed, and an image of it" {
    made box sh -c 'echo x >/changed'
    ok engine start --attach "$ID"
    ok engine diff "$ID"
    has "$output" "A /changed"
    ok engine commit "$ID" "$ID"
    prints x run "$ID" cat /changed
}

# --- what can be seen ---

@test "seen: the list, processes and the runtime" {
    ok engine ps --format '{{.Names}} {{.Status}}'
    matches "$output" 'main Up'
    ok engine top main
    has "$output" sleep
    is "$(inspect '{{.OCIRuntime}}' main)" "$RUNTIME"
    prints true engine info --format '{{.Host.Security.Rootless}}'
}

@test "changed: a container without a cgroup cannot be paused" {
    cgroup2_only && skip "cgroup v2 may be delegated"
    up box sleep 1000
    call engine pause "$ID"
    lacks " $status " " 0 "
    is "$(inspect '{{.State.Status}}')" running
    ok run --memory 64m box true
    has "$errors" "not supported and ignored"
}

# --- memory policies ---

@test "memory policy: by annotation, for the program and what exec adds" {
    need_hasu_and_numa
    up --annotation hasu.memory-policy="interleave:$(first_node)" box sleep 1000
    under_policy "interleave:$(first_node)" cat "/proc/$(inspect '{{.State.Pid}}')/numa_maps"
    under_policy "interleave:$(first_node)" engine exec "$ID" cat /proc/self/numa_maps
}

# --- pods and images ---

@test "pods: containers that share namespaces" {
    ok engine pod create --name "pod-$ID" --infra-image box --infra-command "sleep 1000" --network none
    ok engine run --rm --pod "pod-$ID" box readlink /proc/self/ns/ipc
    local first=$output
    prints "$first" engine run --rm --pod "pod-$ID" box readlink /proc/self/ns/ipc
    ok engine pod rm --force --time 0 "pod-$ID"
}

@test "build: RUN, COPY and USER" {
    mkdir "$T/context"
    echo copied >"$T/context/file"
    cat >"$T/context/Dockerfile" <<'X'
FROM box
RUN echo built >/built && echo builder:x:1001:1001::/:/bin/sh >>/etc/passwd
COPY file /file
USER builder
RUN test "$(id -u)" = 1001
CMD [ "sh", "-c", "cat /built /file; id -un" ]
X
    ok engine build --network none --quiet --tag "$ID" "$T/context"
    prints $'built\ncopied\nbuilder' run "$ID"
}
