# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016 # scripts for the container's shell
# shellcheck disable=SC2034,SC2154 # STDIN, errors: variables of call()
#
# The steps that Podman and Docker share.

load cli.bash

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
    (until_true has_status running && kill -KILL "$(inspect '{{.State.Pid}}')") &
    gives 137 engine start --attach "$ID"
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
    in_terminal pts "${ENGINE_COMMAND[@]}" run --rm --network none --tty --interactive box \
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

@test "process: an entry point" {
    prints "one two" run --entrypoint echo box one two
}

@test "process: resource limits" {
    prints "55 66" run --ulimit nofile=55:66 --ulimit nproc=500:500 box sh -c 'echo "$(ulimit -n) $(ulimit -H -n)"'
}

@test "process: the limit of core files" {
    prints 0 run --ulimit core=0 --ulimit nofile=500:500 --ulimit nproc=500:500 box sh -c 'ulimit -c'
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
    ok engine volume rm "$ID"
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

@test "devices: the usual ones" {
    prints "" run box sh -c 'for d in null zero full random urandom tty ptmx; do test -e /dev/$d || echo $d; done'
}

# --- limits ---

@test "limits: memory" {
    prints 67108864 run --memory 64m box sh -c "$(limit memory memory.limit_in_bytes memory.max)"
}

@test "limits: what needs more memory is killed" {
    made --memory 16m --memory-swap 16m box tail /dev/zero
    gives 137 engine start --attach "$ID"
    # On cgroup v1 conmon notes it where Podman does not look.
    if cgroup2_only || [ "$ENGINE" = docker ]; then is "$(inspect '{{.State.OOMKilled}}')" true; fi
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

@test "namespaces: the host's network, IPC and name" {
    prints "$(readlink /proc/self/ns/net /proc/self/ns/ipc /proc/self/ns/uts)" \
        engine run --rm --network host --ipc host --uts host box \
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
    prints here engine exec main echo here
}

@test "exec: its exit status" {
    gives 9 engine exec main sh -c 'exit 9'
}

@test "exec: standard input" {
    input "to exec"
    prints "to exec" engine exec --interactive main cat
}

@test "exec: a terminal" {
    in_terminal pts "${ENGINE_COMMAND[@]}" exec --tty --interactive main \
        sh -c 'echo "$(tty) $TERM"; read -r word; echo "got $word"; exit 7'
    matches "$output" "/dev/pts/[0-9]+ xterm"
    has "$output" "got typed"
    is "$status" 7
}

@test "exec: a user, a directory and an environment" {
    prints "worker /tmp x" engine exec --user worker --workdir /tmp --env E=x main \
        sh -c 'echo "$(id -un) $(pwd) $E"'
}

@test "exec: with all privileges" {
    ok engine exec --privileged main grep CapEff /proc/self/status
    local privileged=$output
    ok engine exec main grep CapEff /proc/self/status
    matches "$privileged" "ff$"
    lacks "$privileged" "${output##*	}"
}

@test "exec: in the background" {
    ok engine exec --detach main sh -c 'echo done >/tmp/detached'
    until_true engine exec main test -s /tmp/detached
}

@test "exec: in the container's cgroup and namespaces" {
    prints "$(engine exec main sh -c 'cat /proc/1/cgroup; readlink /proc/1/ns/mnt')" \
        engine exec main sh -c 'cat /proc/self/cgroup; readlink /proc/self/ns/mnt'
}

@test "exec: many at a time" {
    local i pids=()
    for i in 1 2 3 4 5; do
        engine exec main echo "$i" >"$T/out-$i" &
        pids+=($!)
    done
    wait "${pids[@]}"
    is "$(cat "$T"/out-*)" $'1\n2\n3\n4\n5'
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

@test "life: stop with another signal" {
    up --stop-signal USR2 box sh -c 'trap "exit 8" USR2; echo ready; while :; do sleep 0.1; done'
    until_true logs_have ready
    ok engine stop --time 20 "$ID"
    is "$(inspect '{{.State.ExitCode}}')" 8
}

@test "life: stop kills what does not listen" {
    up box sleep 1000
    ok engine stop --time 1 "$ID"
    is "$(inspect '{{.State.ExitCode}}')" 137
}

@test "life: kill with a signal" {
    up box sh -c 'trap "exit 12" USR1; echo ready; while :; do sleep 0.1; done'
    until_true logs_have ready
    ok engine kill --signal USR1 "$ID"
    prints 12 engine wait "$ID"
}

@test "life: kill" {
    up box sleep 1000
    ok engine kill "$ID"
    prints 137 engine wait "$ID"
}

@test "life: restart" {
    up box sh -c 'trap "exit 0" TERM; sleep 1000 & wait'
    local before
    before=$(inspect '{{.State.Pid}}')
    ok engine restart --time 5 "$ID"
    is "$(inspect '{{.State.Status}}')" running
    lacks " $before " " $(inspect '{{.State.Pid}}') "
}

@test "life: pause and unpause" {
    up box sleep 1000
    ok engine pause "$ID"
    is "$(inspect '{{.State.Status}}')" paused
    ok engine unpause "$ID"
    is "$(inspect '{{.State.Status}}')" running
    ok engine exec "$ID" true
}

@test "life: a container that runs is removed by force" {
    up box sleep 1000
    ok engine rm --force "$ID"
    rm "$T/lives"
    fails "o such object" engine inspect "$ID"
}

@test "life: the state follows a process that is killed from outside" {
    up box sleep 1000
    kill -KILL "$(inspect '{{.State.Pid}}')"
    prints 137 engine wait "$ID"
    until_true has_status exited
}

@test "life: started again after failures" {
    up --restart on-failure:2 box sh -c 'exit 4'
    until_true restarted 2
    is "$(inspect '{{.State.ExitCode}}')" 4
}

@test "life: logs" {
    made box sh -c 'echo one; echo two >&2'
    ok engine start --attach "$ID"
    ok engine logs "$ID"
    is "$output $errors" "one two"
}

@test "life: attach" {
    up box sh -c 'while [ ! -e /go ]; do sleep 0.1; done; echo attached'
    (sleep 1; engine exec "$ID" touch /go) &
    prints attached engine attach --no-stdin "$ID"
    wait $!
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

# --- what can be seen and changed ---

@test "seen: the list" {
    ok engine ps --format '{{.Names}} {{.Status}}'
    matches "$output" 'main Up'
}

# --- memory policies ---

@test "memory policy: by annotation, for the program and what exec adds" {
    need_hasu_and_numa
    need_annotations
    up --annotation hasu.memory-policy="interleave:$(first_node)" box sleep 1000
    under_policy "interleave:$(first_node)" cat "/proc/$(inspect '{{.State.Pid}}')/numa_maps"
    under_policy "interleave:$(first_node)" engine exec "$ID" cat /proc/self/numa_maps
    under_policy default engine exec main cat /proc/self/numa_maps
}

@test "memory policy: one that cannot be had is told in words" {
    need_hasu_and_numa
    need_annotations
    call run --annotation hasu.memory-policy="bind:$(absent_node)" box true
    lacks " $status " " 0 "
    has "$errors" "/annotations/hasu.memory-policy: node $(absent_node) does not exist"
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
    ok engine build --network none --quiet --tag "$ID" "$T/context"
    prints $'built\ncopied\nbuilder\n/tmp\nyes' run "$ID"
}
