# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016 # scripts for the container's shell
# shellcheck disable=SC2034,SC2154 # STDIN, errors: variables of call()
#
# Buildah, which runs each command of a build in a container: create, start, state and delete.

load engine.bash

export CONTAINERS_CONF=$WORK/containers.conf

BUILDAH=(/usr/bin/buildah --storage-driver "$STORAGE")

buildah() {
    timeout --foreground 60 "${BUILDAH[@]}" "$@"
}

setup_file() {
    containers_conf >"$CONTAINERS_CONF"
    buildah from --name seed scratch >/dev/null
    buildah add seed "$WORK/image.tar" / >/dev/null
    buildah config --env PATH=/usr/sbin:/usr/bin:/sbin:/bin --cmd sh seed
    buildah commit --quiet seed box >/dev/null
    buildah from --name main box >/dev/null
}

teardown_file() {
    buildah rm --all >/dev/null
}

setup() {
    engine_setup
}

# run OPTION... -- COMMAND...: in the container that all steps share.
run() {
    buildah run --runtime "$RUNTIME" --isolation oci --network none "${@:1:$#}"
}

# in_main COMMAND...: with the options of $with.
in_main() {
    run "${with[@]}" main -- "$@"
}

with=()

# from OPTION...: this step's own container.
from() {
    ok buildah from --name "$ID" --ulimit nofile=1024:1024 --ulimit nproc=1000:1000 "$@" box
}

in_own() {
    run "${with[@]}" "$ID" -- "$@"
}

# build LINE...: an image of these lines of a Containerfile, named after the step.
build() {
    mkdir -p "$T/context"
    printf '%s\n' "$@" >"$T/context/Containerfile"
    call buildah build --runtime "$RUNTIME" --isolation oci --network none \
        --ulimit nofile=1024:1024 --ulimit nproc=1000:1000 "${with[@]}" --quiet --tag "$ID" "$T/context"
}

build_ok() {
    build "$@"
    if [ "$status" -ne 0 ]; then
        echo "status $status: $errors"
        return 1
    fi
}

# in_image COMMAND...: in a container of what this step built.
in_image() {
    ok buildah from --name "$ID-image" "$ID"
    call run "$ID-image" -- "$@"
}

# --- run ---

@test "run: what the program prints comes out" {
    prints hello in_main echo hello
}

@test "run: standard error stays apart" {
    ok in_main sh -c 'echo out; echo err >&2'
    is "$output" out
    has "$errors" err
}

@test "run: the program's exit status" {
    gives 42 in_main sh -c 'exit 42'
}

@test "run: no such program" {
    gives 1 in_main nonesuch
    has "$errors" 'executable file not found in $PATH'
}

@test "run: a program that cannot be executed" {
    gives 1 in_main /etc/passwd
    has "$errors" "permission denied"
}

@test "run: standard input" {
    input typed
    prints typed in_main cat
}

@test "run: much of standard output" {
    ok in_main sh -c 'head -c 2000000 /dev/zero | tr "\0" y'
    is "${#output}" 2000000
}

@test "run: a terminal" {
    in_terminal pts "${BUILDAH[@]}" run --runtime "$RUNTIME" --isolation oci --network none --terminal main -- \
        sh -c 'tty; read -r word; echo "got $word"; exit 7'
    has "$output" /dev/pts/0
    has "$output" "got typed"
    is "$status" 7
}

@test "run: no terminal where none is asked for" {
    with=(--terminal=false)
    gives 1 in_main tty
}

@test "run: what is written stays for the next" {
    ok in_main sh -c 'echo kept >/kept'
    prints kept in_main cat /kept
}

@test "run: a process group that is left behind does not hold it up" {
    prints over in_main sh -c 'sleep 1000 >/dev/null 2>&1 & echo over'
}

# --- the process ---

@test "process: a user's name" {
    with=(--user worker)
    prints "uid=1000(worker) gid=1000(worker) groups=1000(worker)" in_main id
}

@test "process: numbers of user and group" {
    with=(--user 1234:4321)
    prints 1234:4321 in_main sh -c 'echo $(id -u):$(id -g)'
}

@test "process: environment" {
    with=(--env A="a b")
    prints "a b" in_main sh -c 'echo "$A"'
}

@test "process: environment of the image" {
    from
    ok buildah config --env KEPT=yes "$ID"
    prints yes in_own sh -c 'echo $KEPT'
}

@test "process: its working directory, made where it is missing" {
    with=(--workingdir /new/place)
    prints /new/place in_main pwd
}

@test "process: an entry point does not stand in its way" {
    from
    ok buildah config --entrypoint '["/bin/false"]' "$ID"
    prints run in_own echo run
}

@test "process: resource limits" {
    prints 1024 in_main sh -c 'ulimit -n'
}

# --- privileges ---

@test "privileges: no capabilities" {
    with=(--cap-drop all)
    prints "CapEff:	0000000000000000" in_main grep CapEff /proc/self/status
}

@test "privileges: a capability more" {
    # CAP_NET_ADMIN is 12.
    with=(--cap-add CAP_NET_ADMIN)
    prints 4096 in_main sh -c 'echo $((0x$(grep CapEff /proc/self/status | cut -f2) & 1 << 12))'
    with=()
    prints 0 in_main sh -c 'echo $((0x$(grep CapEff /proc/self/status | cut -f2) & 1 << 12))'
}

@test "privileges: an ordinary user has none" {
    with=(--user worker)
    prints "CapEff:	0000000000000000" in_main grep CapEff /proc/self/status
}

@test "privileges: it cannot mount" {
    ok in_main sh -c '! mount -t tmpfs tmpfs /tmp 2>/dev/null'
}

@test "seccomp: a filter by default" {
    prints "Seccomp:	2" in_main grep Seccomp: /proc/self/status
}

@test "seccomp: none where it is unconfined" {
    from --security-opt seccomp=unconfined
    prints "Seccomp:	0" in_own grep Seccomp: /proc/self/status
}

@test "seccomp: a profile of one's own" {
    cat >"$T/profile.json" <<'X'
{ "defaultAction": "SCMP_ACT_ALLOW",
  "syscalls": [ { "names": [ "mkdir", "mkdirat" ], "action": "SCMP_ACT_ERRNO", "errnoRet": 1 } ] }
X
    from --security-opt seccomp="$T/profile.json"
    ok in_own sh -c '! mkdir /tmp/a 2>/tmp/e; cat /tmp/e'
    has "$output" "not permitted"
}

@test "masks: what the host shows is hidden" {
    prints 0 in_main sh -c 'cat /proc/kcore | wc -c'
    gives 1 in_main sh -c 'echo 1 >/proc/sys/kernel/panic'
}

# --- files ---

@test "files: a volume from the host" {
    mkdir "$T/v"
    with=(--volume "$T/v:/data:rw")
    ok in_main sh -c 'echo written >/data/file'
    is "$(cat "$T/v/file")" written
}

@test "files: a volume that is read-only" {
    mkdir "$T/v"
    with=(--volume "$T/v:/data:ro")
    gives 1 in_main touch /data/file
    has "$errors" "Read-only"
}

@test "files: --mount, of the host and of memory" {
    mkdir "$T/v"
    echo x >"$T/v/file"
    with=(--mount "type=bind,source=$T/v,target=/data,ro" --mount "type=tmpfs,target=/t,tmpfs-size=1m")
    prints x in_main cat /data/file
    ok in_main grep " /t " /proc/mounts
    has "$output" size=1024k
}

@test "files: the size of /dev/shm" {
    from --shm-size 3m
    ok in_own grep /dev/shm /proc/mounts
    has "$output" size=3072k
}

@test "files: one file of the host" {
    echo content >"$T/file"
    with=(--volume "$T/file:/etc/one:ro")
    prints content in_main cat /etc/one
}

@test "devices: the usual ones" {
    prints "" in_main sh -c 'for d in null zero full random urandom tty ptmx; do test -e /dev/$d || echo $d; done'
}

@test "devices: one of the host" {
    [ -c /dev/kmsg ] || skip "there is no /dev/kmsg here"
    from --device /dev/kmsg
    ok in_own sh -c 'test -c /dev/kmsg && : >/dev/kmsg'
}

# --- limits ---

@test "limits: memory" {
    from --memory 64m
    prints 67108864 in_own sh -c "$(limit memory memory.limit_in_bytes memory.max)"
}

@test "limits: what needs more memory is killed" {
    from --memory 16m --memory-swap 16m
    call in_own tail /dev/zero
    lacks " 0 " " $status "
    has "$errors" killed
}

@test "limits: CPUs by number" {
    from --cpuset-cpus 0
    prints 0 in_own sh -c 'grep Cpus_allowed_list /proc/self/status | cut -f2'
}

@test "limits: a part of the CPUs" {
    from --cpu-period 100000 --cpu-quota 50000
    ok in_own sh -c "$(limit cpu cpu.cfs_quota_us cpu.max)"
    has "$output" 50000
}

@test "limits: those of resources" {
    from --ulimit core=0
    prints 0 in_own sh -c 'ulimit -c'
}

# --- namespaces ---

@test "namespaces: the host's name" {
    with=(--hostname box1)
    prints box1 in_main hostname
}

@test "namespaces: processes of their own" {
    prints 1 in_main sh -c 'echo $$'
}

@test "namespaces: the host's processes" {
    with=(--pid host)
    ok in_main cat /proc/1/cmdline
    has "$output" inside
}

@test "namespaces: the host's IPC and name" {
    with=(--ipc host --uts host)
    prints "$(readlink /proc/self/ns/ipc /proc/self/ns/uts)" \
        in_main sh -c 'readlink /proc/self/ns/ipc; readlink /proc/self/ns/uts'
}

@test "namespaces: no network" {
    prints lo in_main sh -c 'sed -n "s/^ *\([a-z0-9]*\):.*/\1/p" /proc/net/dev | grep -v -e tunl -e sit -e gre -e ip'
}

# --- build ---

@test "build: RUN, COPY, ENV, USER and WORKDIR" {
    mkdir "$T/context"
    echo copied >"$T/context/file"
    build_ok "FROM localhost/box" \
        "RUN echo built >/built && echo builder:x:1001:1001::/:/bin/sh >>/etc/passwd" \
        "COPY file /file" "ENV FROM_IMAGE=yes" "USER builder" "WORKDIR /tmp" 'RUN test "$(id -u)" = 1001'
    in_image sh -c 'cat /built /file; id -un; pwd; echo $FROM_IMAGE'
    is "$output" $'built\ncopied\nbuilder\n/tmp\nyes'
}

@test "build: a command that fails fails the build" {
    build "FROM localhost/box" "RUN exit 33"
    lacks " 0 " " $status "
    has "$errors" "exit status 33"
}

@test "build: stages" {
    build_ok "FROM localhost/box AS first" "RUN echo artefact >/artefact" "FROM localhost/box" \
        "COPY --from=first /artefact /taken"
    in_image cat /taken
    is "$output" artefact
}

@test "build: arguments" {
    with=(--build-arg WORD=given)
    build_ok "FROM localhost/box" "ARG WORD" 'RUN echo $WORD >/word'
    in_image cat /word
    is "$output" given
}

@test "build: mounts of RUN" {
    mkdir "$T/context"
    echo from-context >"$T/context/file"
    build_ok "FROM localhost/box" "RUN --mount=type=bind,source=file,target=/file cat /file >/copy" \
        "RUN --mount=type=tmpfs,target=/t touch /t/gone"
    in_image sh -c 'cat /copy; ls /t 2>/dev/null | wc -l'
    is "$output" $'from-context\n0'
}

@test "build: a secret" {
    echo hidden >"$T/secret"
    with=(--secret "id=word,src=$T/secret")
    build_ok "FROM localhost/box" "RUN --mount=type=secret,id=word cat /run/secrets/word >/seen"
    in_image cat /seen
    is "$output" hidden
}

@test "build: another shell" {
    with=(--format docker)
    build_ok "FROM localhost/box" 'SHELL ["/bin/busybox", "ash", "-e", "-c"]' 'RUN echo "$0" >/shell'
    in_image cat /shell
    is "$output" ash
}

@test "build: many commands, each in a container, and layers" {
    with=(--layers)
    build_ok "FROM localhost/box" "RUN echo 1 >>/n" "RUN echo 2 >>/n" "RUN echo 3 >>/n" "RUN echo 4 >>/n"
    in_image sh -c 'tr "\n" " " </n'
    is "$output" "1 2 3 4 "
}

@test "memory policy: that of Buildah's own caller" {
    need_hasu_and_numa
    under_policy "interleave:$(first_node)" numactl --interleave="$(first_node)" \
        "${BUILDAH[@]}" run --runtime "$RUNTIME" --isolation oci --network none main -- cat /proc/self/numa_maps
    under_policy default in_main cat /proc/self/numa_maps
}

@test "left: no cgroup, no mount and no state" {
    is "$(find /sys/fs/cgroup -type d -name '*buildah*')" ""
    # What begins with @ is no container: no ID can.
    is "$(find /run/hasu /run/runc -mindepth 1 -maxdepth 1 ! -name '@*' 2>/dev/null)" ""
    is "$(grep -c ' /var/lib/containers/storage/.*/merged ' /proc/self/mountinfo)" 0
}
