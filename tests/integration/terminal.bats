#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Terminals: in the foreground, where hasu copies, and handed over by a console socket.
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

terminal() {
    config '.process.terminal = true'
}

# engine [TEXT]: what an engine does, in the background: takes the terminal that comes to
# $T/console.sock, types TEXT, and writes what it sees to $T/console.
engine() {
    "$PROBE" console "$T/console.sock" "$@" </dev/null >"$T/console" 2>&1 3>&- 4>&- &
    engine=$!
    until_true grep -q listening "$T/console"
}

# run_tty ROWS COLS ACTION... -- RUN-OPTION...: hasu run on a terminal of that size.
run_tty() {
    local actions=()
    while [ "$1" != -- ]; do
        actions+=("$1")
        shift
    done
    shift
    call "$PROBE" pty "${actions[@]}" -- "$HASU" --root "$ROOT" run -b "$BUNDLE" "$@" "$ID"
    output=${output//$'\r'/}
}

@test "a terminal in the foreground: the program has one, with our size" {
    terminal
    program sh -c 'tty; stty size; readlink /proc/self/fd/0; exit 6'
    run_tty 31 97 --
    is "$status" 6
    is "$output" $'/dev/pts/0\n31 97\n/dev/pts/0'
}

# 100000 bytes are more than a terminal holds: who does not read waits for the hook for ever.
@test "a terminal in the foreground: startContainer hooks write to it, much, and before they fail" {
    terminal
    config '.hooks.startContainer = [
        { path: "/bin/sh", args: ["sh", "-c", "head -c 100000 /dev/zero | tr \"\\000\" x; echo"] },
        { path: "/bin/sh", args: ["sh", "-c", "echo said >&2; exit 3"], env: ["WHAT=fails"] }]
        | .process.env = ["PATH=/bin:/usr/bin"]'
    program true
    call timeout 60 "$HASU" --root "$ROOT" run -b "$BUNDLE" "$ID" </dev/null
    is "$status" 1
    is "$(tr -cd x <<<"$output" | wc -c)" 100000
    [[ $output == *x*said* ]]
    [[ $errors == *"/hooks/startContainer/1: '/bin/sh' ended with exit status 3"* ]]
    nothing_left
}

# The hook keeps run from relaying: the size must have been there before.
@test "a terminal in the foreground: the size is right from the program's first moment" {
    terminal
    config '.hooks.poststart = [{ path: "/bin/sleep", args: ["sleep", "1"] }]'
    program stty size
    run_tty 31 97 --
    is "$status" 0
    is "$output" '31 97'
}

@test "a terminal in the foreground: the size follows ours" {
    terminal
    program sh -c 'trap "stty size; exit 0" WINCH; echo ready; while :; do sleep 0.02; done'
    run_tty 24 80 wait:ready size:50x132 --
    is "$status" 0
    is "$output" $'ready\n50 132'
}

@test "a terminal in the foreground: what is typed arrives, and control characters are the program's" {
    terminal
    program sh -c 'trap "echo interrupted; exit 9" INT; echo ready; read line; echo "got $line"; echo more; while :; do sleep 0.02; done'
    run_tty 24 80 wait:ready 'type:hello\r' wait:more $'type:\x03' --
    is "$status" 9
    has "$output" "got hello"
    has "$output" interrupted
}

@test "a terminal in the foreground: all of a long output comes" {
    terminal
    program sh -c 'seq 1 20000'
    run_tty 24 80 --
    is "$status" 0
    is "$(tail -n 1 <<<"$output")" 20000
    is "$(wc -l <<<"$output")" 20000
}

@test "our terminal is as it was afterwards" {
    terminal
    program sh -c 'stty raw; exit 0'
    call "$PROBE" pty 24 80 -- sh -c 'stty -a >"$1"; shift; a=$1; shift; "$@"; stty -a >"$a"' - \
        "$T/before" "$T/after" "$HASU" --root "$ROOT" run -b "$BUNDLE" "$ID"
    is "$status" 0
    [ -s "$T/before" ]
    is "$(<"$T/after")" "$(<"$T/before")"
}

@test "our terminal is as it was after a failed create, too" {
    terminal
    program /not/there
    call "$PROBE" pty 24 80 -- sh -c 'stty -a >"$1"; shift; a=$1; shift; "$@"; stty -a >"$a"' - \
        "$T/before" "$T/after" "$HASU" --root "$ROOT" run -b "$BUNDLE" "$ID"
    is "$(<"$T/after")" "$(<"$T/before")"
}

@test "the terminal is the program's controlling one, and /dev/console is it" {
    terminal
    program sh -c 'echo to-tty >/dev/tty; echo to-console >/dev/console; ls -l /dev/console | cut -c 1'
    run_tty 24 80 --
    is "$output" $'to-tty\nto-console\nc'
}

@test "consoleSize is the terminal's first size" {
    terminal
    config '.process.consoleSize = { height: 11, width: 22 }'
    engine
    program stty size
    ok hasu run --detach --console-socket "$T/console.sock" -b "$BUNDLE" "$ID"
    wait_stopped
    until_true grep -q '11 22' "$T/console"
    wait "$engine"
}

@test "a terminal in the foreground: into a pipe or file lines end as they were written" {
    terminal
    program sh -c 'echo one; printf "two\r\n"; stty onlcr; echo three'
    call "$PROBE" pty 24 80 -- sh -c 'out=$1; shift; "$@" >"$out"' - "$T/file" \
        "$HASU" --root "$ROOT" run -b "$BUNDLE" "$ID"
    is "$status" 0
    is "$(od -An -c "$T/file" | tr -d ' \n')" 'one\ntwo\r\nthree\r\n'
    config '.process.terminal = false'
    up
    call hasu exec --tty "$ID" echo four
    is "$status" 0
    is "$(od -An -c "$T/out" | tr -d ' \n')" 'four\n'
    # On a terminal of ours the program's does what terminals do.
    call "$PROBE" pty 24 80 -- "$HASU" --root "$ROOT" exec --tty "$ID" echo five
    is "$(od -An -c "$T/out" | tr -d ' \n')" 'five\r\n'
}

@test "without a terminal of ours a foreground one works, too" {
    terminal
    program sh -c 'tty; echo end'
    call hasu run -b "$BUNDLE" "$ID"
    is "$status" 0
    has "${output//$'\r'/}" $'/dev/pts/0\nend'
}

@test "a console socket gets the terminal's other end" {
    terminal
    engine "typed by the engine"
    program sh -c 'read line; echo "got $line"; tty'
    ok hasu create --console-socket "$T/console.sock" -b "$BUNDLE" "$ID"
    until_true grep -q 'tty 1' "$T/console"
    ok hasu start "$ID"
    wait_stopped
    until_true grep -q 'got typed by the engine' "$T/console"
    has "$(<"$T/console")" /dev/pts/0
    wait "$engine"
    is "$output" ""
}

@test "a console socket that is not there is refused, and nothing is left" {
    terminal
    fails "$T/nowhere.sock" hasu create --console-socket "$T/nowhere.sock" -b "$BUNDLE" "$ID"
    nothing_left
}

@test "create and run --detach with a terminal need a console socket" {
    terminal
    fails --console-socket hasu create -b "$BUNDLE" "$ID"
    fails --console-socket hasu run --detach -b "$BUNDLE" "$ID"
    nothing_left
}

@test "a console socket without a terminal is refused" {
    fails /process/terminal hasu create --console-socket "$T/x.sock" -b "$BUNDLE" "$ID"
    nothing_left
}

@test "exec --tty has a terminal of its own, with our size" {
    up
    call "$PROBE" pty 17 71 -- "$HASU" --root "$ROOT" exec --tty "$ID" sh -c 'tty; stty size; exit 3'
    is "$status" 3
    is "${output//$'\r'/}" $'/dev/pts/0\n17 71'
}

@test "exec --tty --detach with a console socket" {
    up
    engine word
    ok hasu exec --tty --detach --console-socket "$T/console.sock" "$ID" sh -c 'read w; echo "got $w"'
    until_true grep -q 'got word' "$T/console"
    wait "$engine"
}
