#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The six points of hooks: order, state, namespaces, environment, ends, and what a failing one
# undoes. The rules are those of the runtime-spec: config.md, "POSIX-platform Hooks", and
# runtime.md, "Lifecycle".

# shellcheck disable=SC2016 # filters of jq, programs of hooks
# shellcheck disable=SC2030,SC2031 # each test is a subshell
# shellcheck disable=SC2154 # status, output, errors: set by helpers.bash
load helpers

POINTS='prestart createRuntime createContainer startContainer poststart poststop'

setup() {
    hasu_setup
    N=$BUNDLE/rootfs/n
    mkdir -m 777 "$N"
}

teardown() {
    hasu_teardown
}

# hook POINT SCRIPT [MEMBERS]: one more hook, a shell's; N is where it may write. MEMBERS: more of
# its object, as jq has it.
hook() {
    local dir=$N
    [ "$1" != startContainer ] || dir=/n
    config '.hooks[$words[0]] += [{ path: "/bin/sh", args: ["sh", "-c", $words[1]] }
        + '"${3:-{\}}"']' "$1" "N=$dir; $2"
}

hook_everywhere() {
    local point
    for point in $POINTS; do
        hook "$point" "${1//POINT/$point}" "${2:-}"
    done
}

# From created to deleted, by the four commands.
whole_life() {
    ok hasu create -b "$BUNDLE" "$ID"
    ok hasu start "$ID"
    wait_stopped
    ok hasu delete "$ID"
    nothing_left
}

@test "the six points come in the specification's order, hooks of one point in theirs" {
    local point
    for point in $POINTS; do
        hook "$point" "echo $point 1 >>\$N/order"
        hook "$point" "echo $point 2 >>\$N/order"
    done
    program sh -c 'echo program >>/n/order; until [ -e /n/poststarted ]; do sleep 0.05; done'
    hook poststart 'echo >$N/poststarted'
    whole_life
    # The program runs beside the poststart hooks.
    is "$(grep -v program "$N/order" | paste -sd ' ')" \
        "$(for point in $POINTS; do echo "$point 1 $point 2"; done | paste -sd ' ')"
    is "$(grep -B 1 -A 9 program "$N/order" | head -n 1)" "startContainer 2"
}

@test "run goes through all six, too" {
    hook_everywhere 'echo POINT >>$N/order'
    program true
    ok hasu run -b "$BUNDLE" "$ID"
    is "$(paste -sd ' ' "$N/order")" "$POINTS"
}

@test "each gets the state on standard input, as the specification has it" {
    local point want
    hook_everywhere 'cat >$N/POINT'
    config '.annotations = { "org.example.key": "a \"value\"" }'
    program probe wait
    created
    ok hasu start "$ID"
    ok hasu delete --force "$ID"
    for point in $POINTS; do
        case $point in
        startContainer) want="created $PID" ;;
        poststart) want="running $PID" ;;
        poststop) want="stopped 0" ;;
        *) want="creating $PID" ;;
        esac
        is "$point $(jq -r '"\(.status) \(.pid // 0)"' "$N/$point")" "$point $want"
        is "$(jq -r .id "$N/$point")" "$ID"
        is "$(jq -r .bundle "$N/$point")" "$BUNDLE"
        is "$(jq -r '.annotations["org.example.key"]' "$N/$point")" 'a "value"'
        matches "$(jq -r .ociVersion "$N/$point")" '^1\.[0-9]+\.[0-9]+$'
        is "$(jq -r 'keys - ["annotations", "bundle", "id", "ociVersion", "pid", "status"]
            | length' "$N/$point")" 0
    done
}

@test "createContainer runs in the container's namespaces, startContainer below its root too" {
    local point kind
    hook_everywhere 'for k in mnt net uts ipc pid; do readlink /proc/self/ns/$k; done >$N/POINT.ns
        ls -d / /n /proc/1/root/ >/dev/null; stat -c %i / >$N/POINT.root'
    # /proc of the host shows a process of another PID namespace under its number there.
    program sh -c 'for k in mnt net uts ipc pid; do readlink /proc/self/ns/$k; done >/n/inside
        stat -c %i / >/n/root'
    ok hasu run -b "$BUNDLE" "$ID"
    for kind in mnt net uts ipc pid; do readlink "/proc/self/ns/$kind"; done >"$T/host"
    for point in prestart createRuntime poststart poststop; do
        cmp "$N/$point.ns" "$T/host"
        is "$(<"$N/$point.root")" "$(stat -c %i /)"
    done
    for point in createContainer startContainer; do
        cmp "$N/$point.ns" "$N/inside"
    done
    is "$(<"$N/createContainer.root")" "$(stat -c %i /)"
    is "$(<"$N/startContainer.root")" "$(<"$N/root")"
}

@test "createContainer hooks see the container's mounts below the bundle, and can add to them" {
    config '.mounts += [{ destination: "/m", type: "tmpfs", source: "tmpfs" }]'
    mkdir "$BUNDLE/rootfs/m" "$BUNDLE/rootfs/added"
    hook createRuntime "! grep -q ' $BUNDLE/rootfs/m ' /proc/self/mountinfo"
    hook createContainer "grep -q ' $BUNDLE/rootfs/m ' /proc/self/mountinfo"
    hook createContainer "mount -t tmpfs added $BUNDLE/rootfs/added && echo x >$BUNDLE/rootfs/added/x"
    inside_ok 'cat /added/x; grep -c " /m " /proc/self/mountinfo'
    is "$output" $'x\n1'
    [ ! -e "$BUNDLE/rootfs/added/x" ]
}

@test "createContainer hooks start in the container's root" {
    hook createContainer 'pwd >$N/cwd; echo x >./n/relative'
    program cat /n/relative
    ok hasu run -b "$BUNDLE" "$ID"
    is "$output" x
    is "$(<"$N/cwd")" "$BUNDLE/rootfs"
}

@test "the environment is what the hook's env gives, nothing of the runtime's" {
    local point
    # The shell adds what it pleases, but the kernel tells what it was given, as long as it lives.
    hook_everywhere 'exec 9</proc/self/environ; tr "\000" "\n" <&9 >$N/POINT; true' \
        '{ env: ["A=1", "PATH=/bin:/usr/bin"] }'
    program true
    SECRET=1 ok hasu run -b "$BUNDLE" "$ID"
    for point in $POINTS; do
        is "$point $(<"$N/$point")" "$point "$'A=1\nPATH=/bin:/usr/bin'
    done
}

@test "without env the environment is empty" {
    cp "$PROBE" "$T/hook"
    config '.hooks.createRuntime = [{ path: "/bin/sh",
        args: ["sh", "-c", "tr \"\\000\" \"\\n\" </proc/$$/environ >\($bundle)/rootfs/n/env"] }]'
    program true
    ok hasu run -b "$BUNDLE" "$ID"
    is "$(<"$N/env")" ""
}

@test "startContainer without env has the environment of the container's process, HOME included" {
    local show='exec 9</proc/self/environ; tr "\000" "\n" <&9'
    hook startContainer "$show >\$N/inherited; true"
    hook startContainer "$show >\$N/own; true" '{ env: ["A=1"] }'
    config '.process.env = ["ONE=two", "PATH=/bin:/usr/bin"]'
    program sh -c "$show >/n/program; true"
    ok hasu run -b "$BUNDLE" "$ID"
    grep -qx ONE=two "$N/program"
    grep -q ^HOME= "$N/program"
    cmp "$N/inherited" "$N/program"
    is "$(<"$N/own")" "A=1"
    # Under a policy of the container's another process runs them.
    config '.linux.memoryPolicy = { mode: "MPOL_LOCAL" }'
    rm "$N/inherited"
    ok hasu run -b "$BUNDLE" "$ID"
    cmp "$N/inherited" "$N/program"
}

@test "args[0] is the config's, and the path where there are no args" {
    printf '#!/bin/sh\ntr "\\000" " " </proc/$$/cmdline >>%s\n' "$N/args" >"$T/hook"
    chmod 755 "$T/hook"
    config '.hooks.createRuntime = [{ path: "/bin/sh",
            args: ["another name", "-c", "tr \"\\000\" \"|\" </proc/$$/cmdline >\($bundle)/rootfs/n/named"] },
        { path: "\($t)/hook" }, { path: "\($t)/hook", args: ["unused", "a b", ""] }]'
    program true
    ok hasu run -b "$BUNDLE" "$ID"
    matches "$(<"$N/named")" '^another name\|-c\|'
    # The kernel puts the script's path in the place of its args[0].
    is "$(<"$N/args")" "/bin/sh $T/hook /bin/sh $T/hook a b  "
}

@test "signals and descriptors of the runtime do not reach hooks" {
    hook createRuntime 'grep -E "^Sig(Blk|Ign)" /proc/self/status >$N/signals; ls /proc/$$/fd >$N/fds; true'
    hook startContainer 'grep -E "^Sig(Blk|Ign)" /proc/self/status >$N/signals2; ls /proc/$$/fd >$N/fds2; true'
    program true
    ok hasu run -b "$BUNDLE" "$ID"
    is "$(awk '{ print $2 }' "$N/signals" "$N/signals2" | sort -u)" 0000000000000000
    # A shell keeps one or two of its own above 9.
    is "$(sort -n "$N/fds" | awk '$1 > 2 && $1 < 10' | wc -l)" 0
    is "$(sort -n "$N/fds2" | awk '$1 > 2 && $1 < 10' | wc -l)" 0
}

@test "a hook that does not read its input is no error, one that reads twice gets its end" {
    hook createRuntime 'true'
    hook createRuntime 'cat >/dev/null; cat >$N/rest'
    program true
    ok hasu run -b "$BUNDLE" "$ID"
    is "$(<"$N/rest")" ""
}

@test "a timeout ends the hook and its children, soon" {
    local start=$SECONDS
    hook createRuntime 'echo $$ >$N/pids; sleep 1000 & echo $! >>$N/pids; sleep 1000' '{ timeout: 1 }'
    program true
    fails "/hooks/createRuntime/0: '/bin/sh' did not end within 1000 ms and was killed" \
        hasu create -b "$BUNDLE" "$ID"
    [ $((SECONDS - start)) -lt 5 ]
    is "$(wc -l <"$N/pids")" 2
    while read -r pid; do
        until_true gone "$pid"
    done <"$N/pids"
    nothing_left
}

@test "a timeout in the container ends the hook and its children as well" {
    hook startContainer 'sleep 1000 & sleep 1000' '{ timeout: 1 }'
    program true
    fails "/hooks/startContainer/0: '/bin/sh' did not end within 1000 ms and was killed" \
        hasu run -b "$BUNDLE" "$ID"
    nothing_left
}

@test "a hook within its timeout is left alone" {
    hook createRuntime 'sleep 0.2; echo done >$N/done' '{ timeout: 20 }'
    program true
    ok hasu run -b "$BUNDLE" "$ID"
    is "$(<"$N/done")" "done"
}

# failing POINT: its sentence, for each way of failing; nothing is left of create and run.
failing_at_create() {
    local point=$1
    hook "$point" 'echo tell >&2; exit 3'
    hook "$point" 'echo never >$N/never'
    hook poststop 'cat >$N/poststop'
    program true
    fails "/hooks/$point/0: '/bin/sh' ended with exit status 3" \
        hasu create --pid-file "$T/pid" -b "$BUNDLE" "$ID"
    is "$status" 1
    [ ! -e "$N/never" ]
    [ ! -e "$T/pid" ]
    nothing_left
    is "$(jq -r '"\(.status) \(.id)"' "$N/poststop")" "stopped $ID"
    rm "$N/poststop"
    fails "/hooks/$point/0: '/bin/sh' ended with exit status 3" hasu run -b "$BUNDLE" "$ID"
    [ -s "$N/poststop" ]
    nothing_left
    config '.hooks[$words[0]][0].args[2] = "kill -TERM $$"' "$point"
    fails "/hooks/$point/0: '/bin/sh' was killed by signal 15" hasu create -b "$BUNDLE" "$ID"
    config '.hooks[$words[0]][0].path = "/no/such/hook"' "$point"
    fails "/hooks/$point/0: executing '/no/such/hook'" hasu create -b "$BUNDLE" "$ID"
    has "$errors" "no such file or directory"
    config '.hooks[$words[0]][0].path = "/etc/passwd"' "$point"
    fails "/hooks/$point/0: executing '/etc/passwd'" hasu create -b "$BUNDLE" "$ID"
    has "$errors" "permission denied"
    nothing_left
}

@test "prestart failing: create fails, nothing is left, poststop hooks run" {
    failing_at_create prestart
}

@test "createRuntime failing: create fails, nothing is left, poststop hooks run" {
    failing_at_create createRuntime
}

@test "createContainer failing: create fails, nothing is left, poststop hooks run" {
    failing_at_create createContainer
}

@test "a later point is not reached when an earlier one fails" {
    hook prestart false
    hook createRuntime 'echo >$N/later'
    hook createContainer 'echo >$N/later'
    hook startContainer 'echo >$N/later'
    program sh -c 'echo >/n/later'
    fails "/hooks/prestart/0" hasu run -b "$BUNDLE" "$ID"
    [ ! -e "$N/later" ]
}

@test "startContainer failing: start fails, the program never runs, the container is destroyed" {
    hook startContainer 'exit 4'
    hook poststart 'echo >$N/poststart'
    hook poststop 'cat >$N/poststop'
    program sh -c 'echo >/n/program'
    created
    [ ! -e "$N/poststop" ]
    fails "/hooks/startContainer/0: '/bin/sh' ended with exit status 4" hasu start "$ID"
    is "$status" 1
    [ ! -e "$N/program" ]
    [ ! -e "$N/poststart" ]
    is "$(jq -r .status "$N/poststop")" stopped
    nothing_left
    fails "does not exist" hasu state "$ID"
    rm "$N/poststop"
    fails "/hooks/startContainer/0" hasu run -b "$BUNDLE" "$ID"
    [ -s "$N/poststop" ]
    [ ! -e "$N/program" ]
    nothing_left
}

@test "startContainer runs under the seccomp filter, noNewPrivileges or not" {
    local privileges
    for privileges in true false; do
        config '.process.noNewPrivileges = $words[0] | .hooks = {}
            | .linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW",
                syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 28 }] }' "$privileges"
        config '.process.noNewPrivileges |= (. == "true" or . == true)'
        hook startContainer 'grep Seccomp: /proc/self/status; mkdir /made 2>&1; true'
        program true
        ok hasu run -b "$BUNDLE" "$ID"
        is "$output$errors" $'Seccomp:\t2\nmkdir: can\'t create directory \'/made\': No space left on device'
        [ ! -e "$BUNDLE/rootfs/made" ]
    done
}

@test "startContainer failing under a memory policy: the same" {
    need_numa
    config '.linux.memoryPolicy = { mode: "MPOL_BIND", nodes: $words[0] }' "$(first_node)"
    hook startContainer 'exit 4'
    program sh -c 'echo >/n/program'
    created
    fails "/hooks/startContainer/0: '/bin/sh' ended with exit status 4" hasu start "$ID"
    [ ! -e "$N/program" ]
    nothing_left
}

@test "poststart failing: start fails, the program is killed, the container is destroyed" {
    hook poststart 'exit 5'
    hook poststop 'cat >$N/poststop'
    program probe wait
    created
    fails "/hooks/poststart/0: '/bin/sh' ended with exit status 5" hasu start "$ID"
    is "$status" 1
    until_true gone "$PID"
    is "$(jq -r .status "$N/poststop")" stopped
    nothing_left
    fails "/hooks/poststart/0" hasu run -b "$BUNDLE" "$ID"
    nothing_left
    fails "/hooks/poststart/0" hasu run --detach -b "$BUNDLE" "$ID"
    nothing_left
}

@test "poststop failing: a warning, the rest of them run, delete succeeds" {
    hook poststop 'exit 6'
    hook poststop 'echo >$N/second'
    config '.hooks.poststop += [{ path: "/no/such/hook" }]'
    program true
    created
    ok hasu start "$ID"
    wait_stopped
    ok hasu delete "$ID"
    has "$errors" "warning: /hooks/poststop/0: '/bin/sh' ended with exit status 6"
    has "$errors" "warning: /hooks/poststop/2: executing '/no/such/hook'"
    [ -e "$N/second" ]
    nothing_left
    ok hasu run -b "$BUNDLE" "$ID"
    has "$errors" "warning: /hooks/poststop/0"
    nothing_left
}

@test "poststop hooks see a container that is gone" {
    config '.hooks.poststop = [{ path: "/bin/sh", args: ["sh", "-c",
        "ls -d \($t)/state/\($id); find /sys/fs/cgroup -name \"*\($id)*\""] }]'
    program true
    created
    PID=$(init_pid "$ID")
    call hasu delete --force "$ID"
    is "$status" 0
    is "$output" ""
    until_true gone "$PID"
}

@test "delete of a created container runs poststop hooks, and no other" {
    hook_everywhere 'echo POINT >>$N/order'
    program true
    created
    ok hasu delete "$ID"
    is "$(paste -sd ' ' "$N/order")" "prestart createRuntime createContainer poststop"
}

@test "hooks that are no hooks are refused, before anything is made" {
    local bad
    for bad in '{}' '{ "path": "" }' '{ "path": "bin/sh" }' '{ "path": "/bin/sh", "timeout": 0 }' \
        '{ "path": "/bin/sh", "timeout": -1 }' '{ "path": "/bin/sh", "env": ["A"], "args": [1] }' \
        '{ "path": 1 }' '[]'; do
        config '.hooks = { poststop: [$words[0] | fromjson] }' "$bad"
        fails "config.json: /hooks/poststop/0" hasu create -b "$BUNDLE" "$ID"
        is "$status" 1
    done
    nothing_left
}
