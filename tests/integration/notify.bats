#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# sd_notify(3) from inside a container reaches whoever called the runtime with NOTIFY_SOCKET set. A
# socket of the test's own stands for systemd's.
#
# shellcheck disable=SC2016 # filters of jq, programs of containers
# shellcheck disable=SC2154 # status, output and errors are set by the helpers

load helpers

setup() {
    hasu_setup
    LISTENER=
    RUN=
    # The probe speaks with the words of its arguments, then waits.
    program probe notify 'STATUS=starting' $'READY=1\nMAINPID=1\nFDSTORE=1' 'WATCHDOG=1' \
        'NOTIFYACCESS=all' 'STATUS=busy'
}

teardown() {
    [ -z "$RUN" ] || kill -KILL "$RUN" 2>/dev/null || true
    [ -z "$LISTENER" ] || kill "$LISTENER" 2>/dev/null || true
    hasu_teardown
}

# listen ADDRESS: what comes is in $T/heard, a line each.
listen() {
    "$PROBE" hear "$1" >"$T/heard" 2>&1 3>&- 4>&- &
    LISTENER=$!
    until_true grep -q listening "$T/heard"
}

heard() {
    grep -v listening "$T/heard" | grep -v BARRIER | tr '\n' ' '
}

has_heard() {
    grep -qFx "$1" "$T/heard"
}

@test "run --detach returns when the container is ready, and tells of its process" {
    listen "$T/systemd.sock"
    ok env NOTIFY_SOCKET="$T/systemd.sock" "$HASU" --root "$ROOT" run --detach -b "$BUNDLE" "$ID"
    PID=$(init_pid "$ID")
    # Neither what names processes nor what stores descriptors is the container's to say.
    is "$(heard)" "STATUS=starting READY=1 MAINPID=$PID "
    has_heard BARRIER=1
    in_exec sh -c 'cat /proc/1/environ | tr "\0" "\n" | grep NOTIFY'
    is "$output" "NOTIFY_SOCKET=/run/notify/notify.sock"
    # Read-only: the container cannot take its socket away.
    in_exec sh -c 'rm /run/notify/notify.sock || echo stays'
    is "$output" stays
}

@test "start returns when the container is ready; what create did not announce is not waited for" {
    listen "$T/systemd.sock"
    ok env NOTIFY_SOCKET="$T/systemd.sock" "$HASU" --root "$ROOT" create -b "$BUNDLE" "$ID"
    is "$(heard)" ""
    ok env NOTIFY_SOCKET="$T/systemd.sock" "$HASU" --root "$ROOT" start "$ID"
    is "$(heard)" "STATUS=starting READY=1 MAINPID=$(init_pid "$ID") "
    ok hasu delete --force "$ID"
    program probe wait
    ok hasu create -b "$BUNDLE" "$ID"
    ok env NOTIFY_SOCKET="$T/systemd.sock" "$HASU" --root "$ROOT" start "$ID"
}

@test "run in the foreground goes on handing on: status, watchdog, an abstract address" {
    listen "@$ID"
    HASU_IT=$ID NOTIFY_SOCKET="@$ID" "$HASU" --root "$ROOT" run -b "$BUNDLE" "$ID" \
        >"$T/run" 2>&1 3>&- 4>&- &
    RUN=$!
    until_true has_heard STATUS=busy
    is "$(heard)" "STATUS=starting READY=1 MAINPID=$RUN WATCHDOG=1 STATUS=busy "
    ok hasu kill "$ID" KILL
    wait "$RUN" || true
    RUN=
    nothing_left
}

@test "a container that ends before it is ready is not waited for" {
    listen "$T/systemd.sock"
    program true
    ok env NOTIFY_SOCKET="$T/systemd.sock" "$HASU" --root "$ROOT" run --detach -b "$BUNDLE" "$ID"
    is "$(heard)" ""
    wait_stopped
}

@test "a container in a user namespace may speak as well, under any user" {
    listen "$T/systemd.sock"
    config '.linux.namespaces += [{ type: "user" }] | .process.user = { uid: 1000, gid: 1000 }
        | .linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }]
        | .linux.gidMappings = .linux.uidMappings'
    chown -R 100000:100000 "$BUNDLE/rootfs"
    local dir=$BUNDLE
    while [ "$dir" != / ]; do
        [ "$(stat -c %a "$dir")" != 700 ] || chmod 711 "$dir"
        dir=$(dirname "$dir")
    done
    ok env NOTIFY_SOCKET="$T/systemd.sock" "$HASU" --root "$ROOT" run --detach -b "$BUNDLE" "$ID"
    is "$(heard)" "STATUS=starting READY=1 MAINPID=$(init_pid "$ID") "
}

@test "nobody listens: refused in words, and nothing is left" {
    fails "NOTIFY_SOCKET: connecting to '$T/none': no such file or directory" \
        env NOTIFY_SOCKET="$T/none" "$HASU" --root "$ROOT" run --detach -b "$BUNDLE" "$ID"
    nothing_left
    fails "NOTIFY_SOCKET: connecting to 'vsock:2:1': protocol not supported" \
        env NOTIFY_SOCKET=vsock:2:1 "$HASU" --root "$ROOT" run --detach -b "$BUNDLE" "$ID"
    nothing_left
}

@test "whatever a privileged container leaves where its socket is, delete removes it, and nothing else" {
    local dir i deep=''
    listen "$T/systemd.sock"
    mkdir "$T/other"
    echo kept >"$T/other/file"
    ok env NOTIFY_SOCKET="$T/systemd.sock" "$HASU" --root "$ROOT" create -b "$BUNDLE" "$ID"
    # As a container with CAP_SYS_ADMIN could by mounting it writable: more directories in each
    # other than a path can name, links, files.
    dir=$ROOT/$ID/notify
    for ((i = 0; i < 60; i++)); do deep+=dddddddddddddddddddddddddddddddddddddddd/; done
    (
        cd "$dir"
        mkdir -p "$deep"
        cd "$deep"
        mkdir -p "$deep"
        ln -s "$T/other" link
        cd "$deep"
        echo >file
        ln -s "$T/other/file" link
    )
    ln -s "$T/other" "$dir/notify.sock"
    mkfifo "$dir/.0"
    mkdir -p "$dir/.1/.0/.1"
    ok hasu delete "$ID"
    nothing_left
    is "$(<"$T/other/file")" kept
}

@test "without NOTIFY_SOCKET there is none inside" {
    inside_ok 'echo "[$NOTIFY_SOCKET]"; ls -d /run/notify 2>/dev/null || echo none'
    is "$output" $'[]\nnone'
}
