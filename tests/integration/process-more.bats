#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# How the process is scheduled, labelled and listened to, and what the caller hands through: the
# kernel and the other end of each socket are the witnesses.
#
# shellcheck disable=SC2016 # filters of jq, programs of containers
# shellcheck disable=SC2154 # status, output and errors are set by the helpers

load helpers

setup() {
    hasu_setup
}

teardown() {
    [ -z "${helper:-}" ] || kill "$helper" 2>/dev/null || true
    hasu_teardown
}

scheduler() {
    config '.process.scheduler = ($words[0] | fromjson)' "$1"
}

# listen WORD...: the probe at the other end of a socket, whose words go to $T/heard.
listen() {
    "$PROBE" "$@" >"$T/heard" 2>&1 </dev/null 3>&- 4>&- &
    helper=$!
    until_true grep -q listening "$T/heard"
}

# --- scheduler ---

@test "scheduler: each policy is in force on init, and on what exec adds" {
    local asked want
    while IFS='|' read -r asked want; do
        scheduler "$asked"
        up
        is "$("$PROBE" schedule "$PID")" "$want"
        in_exec probe schedule 0
        is "$output" "$want"
        ok hasu delete --force "$ID"
    done <<'END'
{"policy":"SCHED_OTHER","nice":7}|0 0 7 0 0 0 0
{"policy":"SCHED_OTHER","nice":-4}|0 0 -4 0 0 0 0
{"policy":"SCHED_BATCH","nice":3}|3 0 3 0 0 0 0
{"policy":"SCHED_IDLE"}|5 0 0 0 0 0 0
{"policy":"SCHED_BATCH","flags":["SCHED_FLAG_RESET_ON_FORK"]}|3 0 0 1 0 0 0
END
}

# A real-time policy may need a cgroup with real-time runtime, which a new one of v1 has not.
@test "scheduler: real-time policies are in force, or refused by what they need" {
    local asked want
    while IFS='|' read -r asked want; do
        scheduler "$asked"
        program probe wait
        call hasu run --detach -b "$BUNDLE" "$ID"
        if [ "$status" -ne 0 ]; then
            has "$errors" "/process/scheduler: SCHED_"
            has "$errors" "CAP_SYS_NICE"
            continue
        fi
        is "$("$PROBE" schedule "$(init_pid "$ID")" | cut -d' ' -f1-2,5-)" "$want"
        ok hasu delete --force "$ID"
    done <<'END'
{"policy":"SCHED_FIFO","priority":5}|1 5 0 0 0
{"policy":"SCHED_RR","priority":2}|2 2 0 0 0
{"policy":"SCHED_DEADLINE","runtime":1000000,"deadline":20000000,"period":50000000}|6 0 1000000 20000000 50000000
END
}

@test "scheduler: without it the container has the caller's" {
    program probe wait
    ok nice -n 3 "$HASU" --root "$ROOT" run --detach -b "$BUNDLE" "$ID"
    is "$("$PROBE" schedule "$(init_pid "$ID")")" "0 0 3 0 0 0 0"
}

@test "scheduler: in a user namespace the runtime sets what the container could not" {
    config '.linux.namespaces += [{ type: "user" }]
        | .linux.uidMappings = [{ containerID: 0, hostID: 0, size: 65536 }]
        | .linux.gidMappings = .linux.uidMappings
        | .process.ioPriority = { class: "IOPRIO_CLASS_RT", priority: 2 }'
    scheduler '{"policy":"SCHED_OTHER","nice":-6}'
    up
    is "$("$PROBE" schedule "$PID")" "0 0 -6 0 0 0 0"
    is "$("$PROBE" ioprio "$PID")" "1 2"
    in_exec probe schedule 0
    is "$output" "0 0 -6 0 0 0 0"
}

@test "scheduler: startContainer hooks are not under it" {
    cat >"$BUNDLE/rootfs/bin/hook" <<'END'
#!/bin/sh
/bin/probe schedule 0 >/hooked
END
    chmod +x "$BUNDLE/rootfs/bin/hook"
    config '.hooks.startContainer = [{ path: "/bin/hook" }]'
    scheduler '{"policy":"SCHED_BATCH","nice":9}'
    up
    is "$("$PROBE" schedule "$PID")" "3 0 9 0 0 0 0"
    is "$(<"$BUNDLE/rootfs/hooked")" "$("$PROBE" schedule $$)"
}

@test "scheduler: what no kernel takes is refused before anything is made" {
    scheduler '{"policy":"SCHED_ISO"}'
    fails "Linux does not implement SCHED_ISO" hasu create -b "$BUNDLE" "$ID"
    scheduler '{"policy":"SCHED_OTHER","nice":20}'
    fails "/process/scheduler/nice: 20 is out of range -20 to 19" hasu create -b "$BUNDLE" "$ID"
    scheduler '{"policy":"SCHED_OTHER","priority":1}'
    fails "is only for SCHED_FIFO and SCHED_RR" hasu create -b "$BUNDLE" "$ID"
    scheduler '{"policy":"SCHED_DEADLINE","runtime":100,"deadline":20000000}'
    fails "a runtime is at least 1024 ns" hasu create -b "$BUNDLE" "$ID"
    nothing_left
}

# --- I/O priority, personality ---

@test "ioPriority is in force on init, and on what exec adds" {
    local class number=0
    for class in RT BE IDLE; do
        number=$((number + 1))
        config '.process.ioPriority = { class: "IOPRIO_CLASS_\($words[0])", priority: 5 }' "$class"
        up
        is "$("$PROBE" ioprio "$PID")" "$number 5"
        in_exec probe ioprio 0
        is "$output" "$number 5"
        ok hasu delete --force "$ID"
    done
    # The idle class has no levels, so none need be named, and none is wondered at.
    is "$errors" ""
    config '.process.ioPriority = { class: "IOPRIO_CLASS_IDLE" }'
    up
    is "$("$PROBE" ioprio "$PID")" "3 0"
    is "$errors" ""
}

@test "root without a group is of group 0, with a warning; others are refused without one" {
    config 'del(.process.user.gid)'
    inside_ok 'id -g; id -G'
    is "$output" $'0\n0'
    has "$errors" "/process/user/gid: is missing, and taken for 0"
    config '.process.user.uid = 7'
    fails "/process/user/gid: is required" hasu create -b "$BUNDLE" "$ID"
}

@test "personality LINUX32 is what init and exec see, and the kernel says" {
    [ "$(uname -m)" = x86_64 ] || skip "not on this machine"
    config '.linux.personality = { domain: "LINUX32" }'
    up
    is "$(<"/proc/$PID/personality")" 00000008
    in_exec uname -m
    is "$output" i686
    ok hasu delete --force "$ID"
    config '.linux.personality = { domain: "LINUX" }'
    up
    is "$(<"/proc/$PID/personality")" 00000000
    in_exec uname -m
    is "$output" x86_64
}

@test "personality: flags are refused in words" {
    config '.linux.personality = { domain: "LINUX", flags: ["ADDR_NO_RANDOMIZE"] }'
    fails "the specification defines no personality flags yet" hasu create -b "$BUNDLE" "$ID"
    nothing_left
}

# --- CPUs of exec ---

allowed() {
    sed -n 's/^Cpus_allowed_list:\s*//p' "/proc/$1/status"
}

@test "execCPUAffinity is of exec alone: final is where it runs" {
    local first here
    here=$(allowed self)
    first=${here%%[-,]*}
    config '.process.execCPUAffinity = { initial: $words[0], final: $words[0] }' "$first"
    up
    is "$(allowed "$PID")" "$here"
    in_exec sed -n 's/^Cpus_allowed_list:\s*//p' /proc/self/status
    is "$output" "$first"
}

@test "execCPUAffinity of exec --process, and CPUs that are not there" {
    local here
    here=$(allowed self)
    up
    jq --arg cpus "${here%%[-,]*}" '.process | .args = ["sed", "-n", "s/^Cpus_allowed_list:\\s*//p", "/proc/self/status"]
        | .execCPUAffinity = { final: $cpus }' "$CONFIG" >"$T/process.json"
    ok hasu exec --process "$T/process.json" "$ID"
    is "$output" "${here%%[-,]*}"
    jq '.execCPUAffinity = { initial: "8191" }' "$T/process.json" >"$T/initial.json"
    fails "/process/execCPUAffinity/initial: none of the CPUs 8191 is online" \
        hasu exec --process "$T/initial.json" "$ID"
    jq '.execCPUAffinity = { final: "8191" }' "$T/process.json" >"$T/final.json"
    fails "/process/execCPUAffinity/final: none of the CPUs 8191 is online" \
        hasu exec --process "$T/final.json" "$ID"
}

# --- seccomp agent ---

# notify CALL: a filter that asks an agent about mkdir and mkdirat.
notify() {
    config '.linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", listenerPath: ($t + "/agent.sock"),
            listenerMetadata: "who=\($id)",
            syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_NOTIFY" }] }
        | .annotations = { note: "a \"word\"" }'
}

heard_state() {
    sed -n 2p "$T/heard" | jq -r "$1"
}

@test "seccomp agent: it is told of the container and decides, with noNewPrivileges and without" {
    local privs
    for privs in true false; do
        notify
        config '.process.noNewPrivileges = ($words[0] | fromjson)' "$privs"
        rm -f "$T/agent.sock"
        listen agent "$T/agent.sock" 122
        inside 'mkdir /made; mkdir /again; true'
        is "$status" 0
        has "$errors" "can't create directory '/made': Disk quota exceeded"
        is "$(heard_state '.ociVersion, .fds[0], .metadata, .state.id, .state.bundle, .state.annotations.note')" \
            "1.3.0"$'\n'"seccompFd"$'\n'"who=$ID"$'\n'"$ID"$'\n'"$BUNDLE"$'\n''a "word"'
        is "$(heard_state '.pid == .state.pid and .pid > 1')" true
        is "$(grep -c '^call 83 \|^call 258 \|^call 34 ' "$T/heard")" 2
        wait "$helper"
        [ ! -e "$BUNDLE/rootfs/made" ]
    done
}

@test "seccomp agent: create hands over what start then uses, with noNewPrivileges and without" {
    local privs
    for privs in true false; do
        notify
        config '.process.noNewPrivileges = ($words[0] | fromjson)' "$privs"
        program sh -c 'mkdir /made || echo refused'
        listen agent "$T/agent.sock" 1
        call hasu create -b "$BUNDLE" "$ID"
        is "$status" 0
        until_true grep -q seccompFd "$T/heard"
        is "$(heard_state '.state.status, .pid')" "creating"$'\n'"$(init_pid "$ID")"
        # In force from now on, as the kernel sees it.
        grep -qx 'Seccomp:	2' "/proc/$(init_pid "$ID")/status"
        ok hasu start "$ID"
        wait_stopped
        until_true grep -q "of [0-9]" "$T/heard"
        wait "$helper"
        ok hasu delete "$ID"
        rm "$T/agent.sock"
    done
}

@test "seccomp agent: it decides on startContainer hooks; where they are another process nobody does" {
    local privs
    config '.hooks.startContainer = [{ path: "/bin/sh", args: ["sh", "-c", "mkdir /made 2>/said; true"] }]'
    program true
    for privs in true false; do
        notify
        config '.process.noNewPrivileges = ($words[0] | fromjson) | del(.process.ioPriority)' "$privs"
        listen agent "$T/agent.sock" 122
        ok hasu run -b "$BUNDLE" "$ID"
        has "$(<"$BUNDLE/rootfs/said")" "Disk quota exceeded"
        wait "$helper"
        rm "$T/agent.sock"
        # seccomp(2): "If there is no attached supervisor ... the system call returns ENOSYS".
        config '.process.ioPriority = { class: "IOPRIO_CLASS_BE", priority: 5 }'
        listen agent "$T/agent.sock" 122
        ok hasu run -b "$BUNDLE" "$ID"
        has "$(<"$BUNDLE/rootfs/said")" "Function not implemented"
        wait "$helper"
        rm "$T/agent.sock"
    done
}

@test "seccomp agent: one that has died since create decides nothing, and nobody waits for it" {
    local privs
    config '.hooks.startContainer = [{ path: "/bin/sh", args: ["sh", "-c", "mkdir /made 2>/said; true"] }]'
    program true
    for privs in true false; do
        notify
        config '.process.noNewPrivileges = ($words[0] | fromjson)' "$privs"
        listen agent "$T/agent.sock" 122
        ok hasu create -b "$BUNDLE" "$ID"
        until_true grep -q seccompFd "$T/heard"
        kill -KILL "$helper"
        wait "$helper" || true
        ok timeout 60 "$HASU" --root "$ROOT" start "$ID"
        has "$(<"$BUNDLE/rootfs/said")" "Function not implemented"
        wait_stopped
        ok hasu delete "$ID"
        rm "$T/agent.sock"
    done
}

@test "seccomp agent: none there is an error of create already" {
    notify
    program true
    config '.process.noNewPrivileges = true'
    fails "/linux/seccomp/listenerPath: connecting to '$T/agent.sock': no such file or directory" \
        hasu create -b "$BUNDLE" "$ID"
    nothing_left
}

@test "seccomp agent: exec has a listener of its own" {
    notify
    listen agent "$T/agent.sock" 1
    up
    until_true grep -q seccompFd "$T/heard"
    mv "$T/heard" "$T/first"
    local first=$helper
    rm -f "$T/agent.sock"
    listen agent "$T/agent.sock" 122
    call hasu exec "$ID" mkdir /made
    is "$status" 1
    has "$errors" "Disk quota exceeded"
    wait "$helper"
    is "$(heard_state '.state.pid, .state.status')" "$PID"$'\n'running
    [ "$(heard_state .pid)" != "$PID" ]
    ok hasu delete --force "$ID"
    wait "$first"
}

@test "seccomp agent: none there is an error, and nothing is left" {
    notify
    for privs in true false; do
        config '.process.noNewPrivileges = ($words[0] | fromjson)' "$privs"
        program true
        fails "/linux/seccomp/listenerPath: connecting to '$T/agent.sock': no such file or directory" \
            hasu run -b "$BUNDLE" "$ID"
        nothing_left
    done
}

@test "seccomp agent: a profile that knows nothing but it and a few calls" {
    notify
    config '.linux.seccomp.flags = ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]
        | .linux.seccomp.syscalls[0].names += ["sendmsg", "close"]'
    hasu features | jq -e '.linux.seccomp.supportedFlags | index("SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV")' ||
        skip "this kernel has no SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"
    listen agent "$T/agent.sock" 1
    inside_ok 'echo alive'
    is "$output" alive
    wait "$helper"
}

@test "seccomp agent: features has the action" {
    ok hasu features
    is "$(jq '.linux.seccomp.actions | index("SCMP_ACT_NOTIFY") != null' <<<"$output")" true
}

# --- labels ---

@test "labels: a host without the module refuses them by name, for init and for exec" {
    if [ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" != Y ]; then
        config '.process.apparmorProfile = "box"'
        fails "/process/apparmorProfile: 'box' cannot be applied: AppArmor is not enabled on this host" \
            hasu create -b "$BUNDLE" "$ID"
        config 'del(.process.apparmorProfile)'
    fi
    if [ ! -e /sys/fs/selinux/enforce ]; then
        config '.process.selinuxLabel = "u:r:t:s0"'
        fails "/process/selinuxLabel: 'u:r:t:s0' cannot be applied: SELinux is not enabled on this host" \
            hasu create -b "$BUNDLE" "$ID"
        config 'del(.process.selinuxLabel)'
    fi
    nothing_left
    up
    if [ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" != Y ]; then
        fails "AppArmor is not enabled on this host" hasu exec --apparmor box "$ID" true
    fi
    if [ ! -e /sys/fs/selinux/enforce ]; then
        fails "SELinux is not enabled on this host" hasu exec --process-label u:r:t:s0 "$ID" true
    fi
}

# --- keyring ---

@test "keyring: exec is in the container's session keyring" {
    program sh -c 'probe keyring >/ring; exec probe wait'
    ok hasu run --detach -b "$BUNDLE" "$ID"
    until_true test -s "$BUNDLE/rootfs/ring"
    in_exec probe keyring
    is "$output" "$(<"$BUNDLE/rootfs/ring")"
    ok hasu exec --user 1000:1000 "$ID" probe keyring
    is "$output" "$(<"$BUNDLE/rootfs/ring")"
}

# --- descriptors ---

# activated N COMMAND...: as systemd starts it, with N sockets from 3.
activated() {
    local n=$1
    shift
    # shellcheck disable=SC2016
    bash -c 'n=$1; shift; for ((i = 3; i < 3 + n; i++)); do eval "exec $i<<<socket-$i"; done
        LISTEN_FDS=$n LISTEN_PID=$$ exec "$@"' - "$n" "$@"
}

@test "socket activation: descriptors and their number are passed on" {
    program sh -c 'cat <&3; cat <&4; echo "$LISTEN_FDS $LISTEN_PID"; ls /proc/self/fd | grep -c "^[5-9]"'
    call activated 2 "$HASU" --root "$ROOT" run -b "$BUNDLE" "$ID"
    is "$(head -n 3 <<<"$output")" $'socket-3\nsocket-4\n2 1'
    program probe wait
    ok hasu run --detach -b "$BUNDLE" "$ID"
    call activated 1 "$HASU" --root "$ROOT" exec "$ID" sh -c 'cat <&3; echo "$LISTEN_FDS $LISTEN_PID"'
    is "$output" $'socket-3\n1 1'
}

@test "socket activation: --preserve-fds counts from behind it" {
    program sh -c 'cat <&3; cat <&4; echo "$LISTEN_FDS"'
    call bash -c 'exec 3<<<first 4<<<second; LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"' - \
        "$HASU" --root "$ROOT" run --preserve-fds 1 -b "$BUNDLE" "$ID"
    is "$output" $'first\nsecond\n1'
}

@test "socket activation: for another process it is none of ours" {
    program sh -c 'echo "${LISTEN_FDS:-none}"; cat <&3 2>/dev/null || echo closed'
    call bash -c 'exec 3<<<first; LISTEN_FDS=1 LISTEN_PID=1 "$@"' - \
        "$HASU" --root "$ROOT" run -b "$BUNDLE" "$ID"
    has "$output" none
    lacks "$output" first
}

@test "socket activation: a descriptor that is not open is named" {
    program true
    fails "LISTEN_FDS=3: file descriptor" bash -c 'exec 3<<<first; LISTEN_FDS=3 LISTEN_PID=$$ exec "$@"' - \
        "$HASU" --root "$ROOT" run -b "$BUNDLE" "$ID"
    nothing_left
}

# --- pidfd, subreaper ---

@test "--pidfd-socket gets init's pidfd, and that of exec" {
    listen pidfd "$T/pid.sock"
    program probe wait
    ok hasu create --pidfd-socket "$T/pid.sock" -b "$BUNDLE" "$ID"
    wait "$helper"
    is "$(tail -n 1 "$T/heard")" "standard $(init_pid "$ID")"
    ok hasu start "$ID"
    rm "$T/pid.sock"
    listen pidfd "$T/pid.sock"
    ok hasu exec --detach --pid-file "$T/pid" --pidfd-socket "$T/pid.sock" "$ID" sleep 100
    wait "$helper"
    is "$(tail -n 1 "$T/heard")" "setns $(<"$T/pid")"
    rm "$T/pid.sock"
    fails "--pidfd-socket '$T/pid.sock': no such file or directory" \
        hasu exec --pidfd-socket "$T/pid.sock" "$ID" true
}

@test "--pidfd-socket that is not there undoes the create" {
    program true
    fails "--pidfd-socket '$T/no.sock': no such file or directory" \
        hasu run --pidfd-socket "$T/no.sock" -b "$BUNDLE" "$ID"
    nothing_left
}

# Where the PID namespace is the host's, run adopts the container's orphans, or leaves them.
@test "--no-subreaper leaves orphans to the host" {
    local option pid
    config 'del(.linux.namespaces[] | select(.type == "pid"))'
    program sh -c '(sh -c "sleep 0.3; sed -n s/^PPid:.//p /proc/\$\$/status >/parent" &); sleep 1; cat /parent'
    for option in --no-subreaper=false --no-subreaper; do
        HASU_IT=$ID "$HASU" --root "$ROOT" run $option -b "$BUNDLE" "$ID" \
            </dev/null >"$T/lines" 2>&1 3>&- 4>&- &
        pid=$!
        wait "$pid"
        if [ $option = --no-subreaper ]; then
            [ "$(<"$T/lines")" != "$pid" ]
            matches "$(<"$T/lines")" '^[0-9]+$'
        else
            is "$(<"$T/lines")" "$pid"
        fi
    done
}
