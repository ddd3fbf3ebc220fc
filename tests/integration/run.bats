#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# run: exit statuses, signals, detached and kept containers, what becomes of processes that are left.
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

@test "run: output and standard input are the caller's" {
    program sh -c 'cat; echo error >&2'
    echo "a line" >"$T/input"
    STDIN=$T/input ok hasu run -b "$BUNDLE" "$ID"
    is "$output" "a line"
    is "$errors" error
    nothing_left
}

@test "run: the exit status is the program's" {
    for code in 0 1 7 125 126 127 255; do
        inside "exit $code"
        is "$status" "$code"
    done
    nothing_left
}

@test "run: a program that a signal ended gives 128 and the signal" {
    # As the first of a PID namespace a program cannot send itself one that it does not handle.
    program probe wait
    config 'del(.linux.namespaces[] | select(.type == "pid"))'
    for signal in 9 6 1; do
        program sh -c "kill -$signal \$\$"
        call hasu run -b "$BUNDLE" "$ID"
        is "$status" $((128 + signal))
    done
}

@test "run: signals that run gets go to the program" {
    program sh -c 'for s in HUP USR1 USR2 34 TERM; do trap "echo $s" $s; done
        trap "echo INT; exit 3" INT; echo ready; while :; do sleep 0.02; done'
    HASU_IT=$ID "$HASU" --root "$ROOT" run -b "$BUNDLE" "$ID" </dev/null >"$T/lines" 2>&1 3>&- 4>&- &
    local pid=$! n=1
    until_true grep -q ready "$T/lines"
    # 34 is the first real-time signal that programs use; musl would keep it to itself.
    for signal in HUP USR1 USR2 34 TERM; do
        n=$((n + 1))
        kill -"$signal" "$pid"
        until_true eval "[ \"\$(wc -l <'$T/lines')\" = $n ]"
    done
    # Background jobs of bash ignore INT; what hasu's caller ignores must not matter.
    kill -INT "$pid"
    wait "$pid" || status=$?
    is "$status" 3
    is "$(paste -sd ' ' "$T/lines")" "ready HUP USR1 USR2 34 TERM INT"
    nothing_left
}

@test "run: killed, it leaves a container that delete --force removes" {
    program probe wait
    HASU_IT=$ID "$HASU" --root "$ROOT" run -b "$BUNDLE" "$ID" </dev/null >"$T/lines" 2>&1 3>&- 4>&- &
    local pid=$!
    until_true grep -q waiting "$T/lines"
    kill -KILL "$pid"
    wait "$pid" || true
    ok hasu delete --force "$ID"
    nothing_left
}

has_no_lock() {
    ! grep -q "FLOCK .* $1 " /proc/locks
}

@test "run: what has its ID by the time it ends is another container, and stays" {
    program probe wait
    HASU_IT=$ID "$HASU" --root "$ROOT" run -b "$BUNDLE" "$ID" </dev/null >/dev/null 2>"$T/errors" 3>&- 4>&- &
    local pid=$!
    until_true status_is "$ID" running
    # It runs before `run` has let go of the container, which nobody else could then delete.
    until_true has_no_lock "$pid"
    kill -STOP "$pid"
    ok hasu delete --force "$ID"
    ok hasu create -b "$BUNDLE" "$ID"
    kill -CONT "$pid"
    wait "$pid" || status=$?
    is "$status" 137
    is "$(cat "$T/errors")" ""
    is "$(status_of)" created
    ok hasu delete "$ID"
    nothing_left
}

@test "run --detach returns when the program runs, and writes the pid file" {
    program probe wait
    ok hasu run --detach --pid-file "$T/pid" -b "$BUNDLE" "$ID"
    is "$(status_of "$ID")" running
    is "$(<"$T/pid")" "$(init_pid "$ID")"
    # Without a newline, as the peers write it.
    is "$(wc -c <"$T/pid")" "$(init_pid "$ID" | tr -d '\n' | wc -c)"
}

@test "a pid file that cannot be written fails create, and nothing is left" {
    fails "$T/nowhere/pid" hasu create --pid-file "$T/nowhere/pid" -b "$BUNDLE" "$ID"
    has "$errors" "no such file or directory"
    nothing_left
}

@test "a pid file that is there already is replaced, and a link is not followed" {
    echo precious >"$T/target"
    ln -s "$T/target" "$T/pid"
    created --pid-file "$T/pid"
    is "$(<"$T/pid")" "$PID"
    is "$(<"$T/target")" precious
}

@test "run --keep leaves the stopped container" {
    program sh -c 'exit 4'
    call hasu run --keep -b "$BUNDLE" "$ID"
    is "$status" 4
    is "$(status_of "$ID")" stopped
    ok hasu delete "$ID"
    nothing_left
}

@test "run: processes left in the background are ended with the container" {
    inside_ok 'sleep 1000 & sleep 1000 & exit 0'
    nothing_left
}

@test "run: processes left behind are ended without a PID namespace, too" {
    config 'del(.linux.namespaces[] | select(.type == "pid"))'
    inside_ok 'setsid sleep 1000 </dev/null >/dev/null 2>&1 & exit 0'
    nothing_left
}

@test "run: an orphan that run adopts does not end it" {
    config 'del(.linux.namespaces[] | select(.type == "pid"))'
    program sh -c '(sleep 0.1; exit 9) & (sleep 0.2; exit 8) & sleep 0.6; exit 5'
    call hasu run -b "$BUNDLE" "$ID"
    is "$status" 5
    nothing_left
}

@test "a program that is not there is said as engines expect it" {
    program nosuchprogram
    fails 'executable file not found in $PATH' hasu run -b "$BUNDLE" "$ID"
    is "$status" 1
    program /nosuch/program
    fails "no such file or directory" hasu create -b "$BUNDLE" "$ID"
    program /etc/passwd
    fails "permission denied" hasu create -b "$BUNDLE" "$ID"
    program /etc
    fails "permission denied" hasu create -b "$BUNDLE" "$ID"
    nothing_left
}

@test "a program that is no program fails start, and says so" {
    printf '\x7fELFbroken' >"$BUNDLE/rootfs/bin/broken"
    chmod +x "$BUNDLE/rootfs/bin/broken"
    program /bin/broken
    created
    fails "exec format error" hasu start "$ID"
    ok hasu delete --force "$ID"
    fails "exec format error" hasu run -b "$BUNDLE" "$ID"
    nothing_left
}

@test "a script's missing interpreter is said" {
    printf '#!/no/such/shell\n' >"$BUNDLE/rootfs/bin/script"
    chmod +x "$BUNDLE/rootfs/bin/script"
    program /bin/script
    fails "no such file or directory" hasu run -b "$BUNDLE" "$ID"
    nothing_left
}

@test "the program is found by the container's PATH, not the caller's" {
    mkdir "$BUNDLE/rootfs/special"
    printf '#!/bin/sh\necho special\n' >"$BUNDLE/rootfs/special/thing"
    chmod +x "$BUNDLE/rootfs/special/thing"
    config '.process.env = ["HASU_IT=\($id)", "PATH=/nowhere:/special:/bin"] | .process.args = ["thing"]'
    ok hasu run -b "$BUNDLE" "$ID"
    is "$output" special
}

@test "no descriptor of the caller or of hasu is inherited" {
    program sh -c 'ls /proc/self/fd | wc -l; exec 9</etc/passwd; ls /proc/self/fd | wc -l'
    call bash -c 'exec 7</etc/passwd 8<>/tmp; exec "$@"' - "$HASU" --root "$ROOT" run -b "$BUNDLE" "$ID"
    # ls itself has one open; the second count shows that the first could see more.
    is "$output" $'4\n5'
}

@test "--preserve-fds passes that many, from 3" {
    echo three >"$T/three"
    echo four >"$T/four"
    program sh -c 'cat <&3; cat <&4; ls /proc/self/fd | wc -l'
    call bash -c 'exec 3<"$0" 4<"$1" 5<"$1"; shift; exec "$@"' "$T/three" "$T/four" \
        "$HASU" --root "$ROOT" run --preserve-fds 2 -b "$BUNDLE" "$ID"
    is "$output" $'three\nfour\n6'
}

@test "--preserve-fds of descriptors that are not open is refused" {
    program true
    fails "is not open" bash -c 'exec 3<&- 4<&-; exec "$@"' - \
        "$HASU" --root "$ROOT" run --preserve-fds 2 -b "$BUNDLE" "$ID"
    nothing_left
}

@test "closed standard descriptors of the caller do no harm" {
    program sh -c 'ls /proc/self/fd | wc -l >/count'
    HASU_IT=$ID "$HASU" --root "$ROOT" run -b "$BUNDLE" "$ID" <&- >&- 2>&- 3>&- 4>&-
    is "$(tr -d ' ' <"$BUNDLE/rootfs/count")" 4
}

@test "signals that the caller ignores or blocks are as new in the container" {
    program grep -E '^Sig(Ign|Blk)' /proc/self/status
    call bash -c 'trap "" PIPE CHLD INT TERM HUP USR1; exec "$@"' - \
        "$HASU" --root "$ROOT" run -b "$BUNDLE" "$ID"
    matches "$output" $'SigBlk:\t0000000000000000'
    matches "$output" $'SigIgn:\t0000000000000000'
}

@test "the runtime cannot be written from inside" {
    all_capabilities
    config '.process.noNewPrivileges = false'
    program sh -c 'probe open /proc/1/exe rw; probe open /proc/self/exe rw; sleep 1000'
    # /proc/PID/exe of init is hasu until execve: create alone shows it.
    created
    local before
    before=$(sha256sum <"$HASU")
    ls -l "/proc/$PID/exe" >"$T/exe"
    lacks "$(<"$T/exe")" "$HASU"
    is "$("$PROBE" open "/proc/$PID/exe" rw)" "$("$PROBE" open "/proc/$PID/exe" w)"
    lacks "$("$PROBE" open "/proc/$PID/exe" w)" opened
    is "$(sha256sum <"$HASU")" "$before"
}
