#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Attacks by what lies in a rootfs or a volume: links, nodes, pipes, mounts over what is trusted.
# docs/attacks.md has the list.
# shellcheck disable=SC2016 # filters of jq, scripts of containers
# shellcheck disable=SC2154 # status, output, errors: set by helpers.bash
load helpers

setup() {
    attack_setup
}

teardown() {
    hasu_teardown
}

# --- where mounts come to lie ---

@test "a link in a volume leads a mount out of the rootfs (CVE-2021-30465)" {
    mkdir "$T/volume"
    ln -s "$OUTSIDE" "$T/volume/link"
    mount_add '{"destination":"/volume","type":"bind","source":"'"$T"'/volume","options":["bind"]}'
    mount_add '{"destination":"/volume/link/made","type":"tmpfs","source":"tmpfs"}'
    # Where the link leads inside the mount lies, and that is made where it is missing.
    inside 'stat -f -c %T "$(readlink /volume/link)/made"'
    nothing_outside
    is "$status $output" '0 tmpfs'
    inside 'stat -f -c %T "$(readlink /volume/link)/made"'
    is "$status $output" '0 tmpfs'
}

@test "destinations that are links into nothing make nothing outside" {
    echo hello >"$T/file"
    mkdir "$T/volume"
    echo hello >"$T/volume/file"
    ln -s "$OUTSIDE/file" "$ROOTFS/file"
    ln -s "../../../../../../../../..$OUTSIDE/made/dir" "$ROOTFS/dir"
    ln -s two "$ROOTFS/one"
    ln -s "$OUTSIDE/three/" "$ROOTFS/two"
    mount_add '{"destination":"/file","type":"bind","source":"'"$T"'/file","options":["bind"]}'
    mount_add '{"destination":"/dir","type":"bind","source":"'"$T"'/volume","options":["bind"]}'
    mount_add '{"destination":"/one/four","type":"bind","source":"'"$T"'/volume/file","options":["bind"]}'
    inside 'cat /file /dir/file /one/four "$(readlink /file)"; [ -L /file ] && [ -L /dir ] && [ -L /one ] && echo links'
    nothing_outside
    is "$status $output" $'0 hello\nhello\nhello\nhello\nlinks'

    ln -s loop2 "$ROOTFS/loop1"
    ln -s /loop1 "$ROOTFS/loop2"
    ln -s /missing/../../up "$ROOTFS/dots"
    mount_add '{"destination":"/loop1","type":"bind","source":"'"$T"'/file","options":["bind"]}'
    refused "opening file '/loop1' in the rootfs: too many levels of symbolic links"
    config '.mounts[-1].destination = "/dots"'
    refused "'..' after a part that does not exist"
    # As many links as the kernel would follow, and no more.
    local i
    for i in {1..41}; do ln -s "chain$((i + 1))" "$ROOTFS/chain$i"; done
    config '.mounts[-1].destination = "/chain1"'
    refused "opening file '/chain1' in the rootfs: too many levels of symbolic links"
    config '.mounts[-1].destination = "/chain2"'
    inside_ok 'cat /chain2'
    nothing_outside
}

@test "a volume in which directory and link are exchanged all the time leads no mount out (CVE-2024-45310)" {
    local swap
    mkdir -p "$T/volume/a/sub"
    ln -s "$OUTSIDE" "$T/volume/b"
    mount_add '{"destination":"/volume","type":"bind","source":"'"$T"'/volume","options":["bind"]}'
    mount_add '{"destination":"/volume/a/sub/new/sub","type":"tmpfs","source":"tmpfs"}'
    program true
    "$ATTACKER" swap "$T/volume/a" "$T/volume/b" </dev/null >"$T/swap" 2>&1 3>&- 4>&- &
    swap=$!
    until_true grep -q swapping "$T/swap"
    for _ in 1 2 3 4 5 6; do
        # Which of both it meets is chance: it runs, or it is refused.
        call hasu run -b "$BUNDLE" "$ID"
        nothing_outside || { kill "$swap"; return 1; }
    done
    kill "$swap"
    nothing_left
}

@test "/dev of the image is a link to a directory of the host (CVE-2026-47766)" {
    bare_dev
    rmdir "$ROOTFS/dev"
    ln -s "$OUTSIDE" "$ROOTFS/dev"
    # The name is made below the root, where the link leads from inside.
    mkdir -p "$ROOTFS$OUTSIDE"
    inside 'stat -c %t:%T /dev/null'
    nothing_outside
    is "$status $output" '0 1:3'
}

@test "/proc of the image is a link, so that masks lie elsewhere (CVE-2019-19921)" {
    rmdir "$ROOTFS/proc"
    mkdir -p "$ROOTFS/fake/sys"
    ln -s fake "$ROOTFS/proc"
    refused "/mounts/0: mounting 'proc' on '/proc': a symbolic link is in the way in the rootfs"
}

@test "/sys of the image is a link (CVE-2023-27561)" {
    rmdir "$ROOTFS/sys"
    mkdir "$ROOTFS/fake"
    ln -s fake "$ROOTFS/sys"
    refused "mounting 'sysfs' on '/sys': a symbolic link is in the way in the rootfs"
}

@test "a source in the rootfs is a link to a directory of the host" {
    echo secret >"$T/secret"
    ln -s "$T/secret" "$ROOTFS/data"
    mount_add '{"destination":"/copy","type":"bind","source":"'"$ROOTFS"'/data","options":["bind"]}'
    inside 'cat /copy'
    is "$output" ''
    has "$errors" "opening the source, '/data' in the container: no such file or directory"
    nothing_left
}

@test "a source in the rootfs is a link to the container's /proc, whose copy has no masks" {
    ln -s / "$ROOTFS/data"
    mount_add '{"destination":"/copy","type":"bind","source":"'"$ROOTFS"'/data","options":["rbind"]}'
    inside 'stat -f -c %T /copy/proc; grep -c " /copy/proc/sys " /proc/self/mountinfo'
    is "$output" ''
    has "$errors" "a symbolic link is in the way to the source, '/data' in the container"
    nothing_left
}

@test "a source in the rootfs is a link to a mount of the container" {
    ln -s dev/shm "$ROOTFS/data"
    mount_add '{"destination":"/copy","type":"bind","source":"'"$ROOTFS"'/data","options":["bind"]}'
    refused "a symbolic link leads from the source, '/data' in the container, to another mount"
}

@test "a source is in the container's own /proc, and its copy has no masks" {
    mount_add '{"destination":"/copy","type":"bind","source":"'"$ROOTFS"'/proc/sys","options":["bind"]}'
    refused "the source, '/proc/sys', is in the container's own procfs or sysfs, and nothing would be masked in its copy"
}

@test "a volume hides /proc, so that nothing is masked (CVE-2019-16884)" {
    mkdir -p "$T/volume/self/attr"
    mount_add '{"destination":"/proc","type":"bind","source":"'"$T"'/volume","options":["bind"]}'
    refused "mounting '$T/volume' on '/proc': only procfs may be mounted on /proc"
}

@test "a volume comes to lie inside /proc, also by way of a link" {
    local destination
    mkdir "$T/volume"
    ln -s /proc/sys "$ROOTFS/by-link"
    for destination in /proc/sys /by-link /proc/../proc/sys; do
        config '.mounts |= map(select(.source != $words[0]))' "$T/volume"
        mount_add '{"destination":"'"$destination"'","type":"bind","source":"'"$T"'/volume","options":["bind"]}'
        refused "'/proc/sys' is inside /proc, where nothing may be mounted"
    done
}

@test "a mount covers the container's root" {
    local destination
    ln -s / "$ROOTFS/root-link"
    for destination in /root-link /tmp/../ /proc/../..; do
        config '.mounts |= map(select(.source != $words[0]))' "$OUTSIDE"
        mount_add '{"destination":"'"$destination"'","type":"bind","source":"'"$OUTSIDE"'","options":["bind"]}'
        refused "mounting '$OUTSIDE' on '$destination': the destination is the root of the container"
    done
}

# --- masks ---

@test "a masked path is covered by what the image has as /dev/null (CVE-2025-31133)" {
    mkdir "$T/dev"
    ln -s /proc/sys/kernel/core_pattern "$T/dev/null"
    config '.mounts |= map(select(.destination | startswith("/dev") | not))'
    mount_add '{"destination":"/dev","type":"bind","source":"'"$T"'/dev","options":["bind"]}'
    echo secret >"$ROOTFS/secret"
    config '.linux.maskedPaths = ["/secret", "/proc/keys"]'
    inside_ok 'stat -c %t:%T /secret /proc/keys'
    is "$output" $'1:3\n1:3'
}

@test "the host's own /dev/null is something else (CVE-2025-31133)" {
    echo harmless >"$T/null"
    fails "the host's /dev/null is not the null device (character device 1:3)" \
        unshare -m --propagation private sh -c 'null=$1; shift; mount --bind "$null" /dev/null; exec "$@"' - \
        "$T/null" "$HASU" --root "$ROOT" create -b "$BUNDLE" "$ID"
    is "$(<"$T/null")" harmless
    nothing_left
}

@test "a masked path is a link out of the root" {
    echo secret >"$OUTSIDE/secret"
    mkdir -p "$ROOTFS$OUTSIDE"
    echo inner >"$ROOTFS$OUTSIDE/secret"
    ln -s "$OUTSIDE" "$ROOTFS/link"
    config '.linux.maskedPaths += ["/link/secret"]'
    inside_ok 'wc -c <"$(readlink /link)/secret"'
    is "$output" 0
    is "$(<"$OUTSIDE/secret")" secret
}

@test "root of a user namespace takes a mask away" {
    userns
    all_capabilities
    config '.process.noNewPrivileges = false'
    echo secret >"$ROOTFS/secret"
    config '.linux.maskedPaths += ["/secret"]'
    inside 'umount /secret; umount -l /secret; cat /secret'
    lacks "$output" secret
    has "$errors" "umount: can't unmount /secret: Invalid argument"
}

# --- devices and the terminal ---

@test "the image has something else as /dev/null, by any kind of file" {
    local kind
    bare_dev
    for kind in file directory link device pipe; do
        rm -rf "$ROOTFS/dev/null"
        case $kind in
        file) echo evil >"$ROOTFS/dev/null" ;;
        directory) mkdir "$ROOTFS/dev/null" ;;
        link) ln -s "$OUTSIDE/null" "$ROOTFS/dev/null" ;;
        device) mknod "$ROOTFS/dev/null" c 1 5 ;;
        pipe) mkfifo "$ROOTFS/dev/null" ;;
        esac
        refused "device '/dev/null': the rootfs has something else there, which is not device c 1:3"
    done
}

@test "a node of the image opens a device of the host" {
    mknod -m 666 "$ROOTFS/kmsg" c 1 11
    mknod -m 666 "$ROOTFS/disk" b 7 0
    all_capabilities
    inside_ok 'probe open /kmsg r; probe open /disk r; probe open /disk rw'
    is "$output" $'Operation not permitted\nOperation not permitted\nOperation not permitted'
}

@test "/dev/ptmx of the image is the host's multiplexer" {
    bare_dev
    mount_add '{"destination":"/dev/pts","type":"devpts","source":"devpts","options":["newinstance","ptmxmode=0666"]}'
    mknod -m 666 "$ROOTFS/dev/ptmx" c 5 2
    inside_ok 'readlink /dev/ptmx || stat -c "%F %t:%T" /dev/ptmx'
    is "$output" pts/ptmx
}

console() {
    bare_dev
    config '.process.terminal = true'
    mount_add '{"destination":"/dev/pts","type":"devpts","source":"devpts","options":["newinstance","ptmxmode=0666"]}'
    "$PROBE" console "$T/socket" </dev/null >"$T/console" 2>&1 3>&- 4>&- &
    engine=$!
    until_true grep -q listening "$T/console"
}

@test "/dev/console of the image is a link, so that the terminal is mounted elsewhere (CVE-2025-52565)" {
    console
    echo target >"$ROOTFS/target"
    ln -s /target "$ROOTFS/dev/console"
    fails "/dev/console in the rootfs is a symbolic link, not a place for a terminal" \
        hasu create --console-socket "$T/socket" -b "$BUNDLE" "$ID"
    kill "$engine" 2>/dev/null || true
    is "$(<"$ROOTFS/target")" target
    nothing_left
}

@test "/dev/pts of the image is a directory with files of its own (CVE-2025-52565)" {
    console
    config '.mounts |= map(select(.type != "devpts"))'
    mkdir -p "$ROOTFS/dev/pts"
    mknod "$ROOTFS/dev/pts/ptmx" c 1 3
    fails "the container's /dev/pts is not of type devpts" \
        hasu create --console-socket "$T/socket" -b "$BUNDLE" "$ID"
    kill "$engine" 2>/dev/null || true
    nothing_left
}

# --- what is read ---

@test "/etc/passwd of the image holds the runtime up, or is a file of the host" {
    local kind
    program sh -c 'echo "home $HOME"'
    # A file of the host by a link, which from inside leads nowhere.
    echo 'root:x:0:0:root:/of-the-host:/bin/sh' >"$OUTSIDE/passwd"
    for kind in pipe huge directory link no-end nul; do
        rm -rf "$ROOTFS/etc/passwd"
        case $kind in
        pipe) mkfifo "$ROOTFS/etc/passwd" ;;
        huge) truncate -s 100G "$ROOTFS/etc/passwd" ;;
        directory) mkdir "$ROOTFS/etc/passwd" ;;
        link) ln -s "$OUTSIDE/passwd" "$ROOTFS/etc/passwd" ;;
        no-end) ln -s /dev/zero "$ROOTFS/etc/passwd" ;;
        nul) printf 'root:x:0:0:root:/a\0b:/bin/sh\n' >"$ROOTFS/etc/passwd" ;;
        esac
        call timeout -s KILL 30 "$HASU" --root "$ROOT" run -b "$BUNDLE" "$ID"
        is "$kind: $output" "$kind: home /"
    done
}

@test "what is copied up into a tmpfs leads out, or waits" {
    mkdir "$ROOTFS/full"
    echo secret >"$OUTSIDE/secret"
    ln -s "$OUTSIDE/secret" "$ROOTFS/full/link"
    mkfifo "$ROOTFS/full/pipe"
    mount_add '{"destination":"/full","type":"tmpfs","source":"tmpfs","options":["tmpcopyup"]}'
    program sh -c 'stat -c "%n %F" /full/link /full/pipe'
    ok timeout -s KILL 30 "$HASU" --root "$ROOT" run -b "$BUNDLE" "$ID"
    is "$output" $'/full/link symbolic link\n/full/pipe fifo'
}
