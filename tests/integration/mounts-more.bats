#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Mounts that the root of a user namespace must not undo, mapped IDs, contents copied up, links,
# containers of ordinary users. The oracles are mountinfo, stat, and what the kernel refuses.
#
# No test binds the host's / or /dev writable: what is mounted lies below the test's own directory.
#
# shellcheck disable=SC2016 # filters of jq, programs of containers
# shellcheck disable=SC2154 # status, output and errors are set by the helpers

load helpers

setup() {
    hasu_setup
    # mktemp's directories are closed to others, and mapped IDs are others.
    chmod a+x "$T" "$BUNDLE"
    local dir=$T
    while [ "$dir" != / ]; do
        chmod a+x "$dir"
        dir=$(dirname "$dir")
    done
}

teardown() {
    hasu_teardown
}

mount_add() {
    config '.mounts += [$words[0] | fromjson]' "$1"
}

userns() {
    config '.linux.namespaces += [{ type: "user" }]
        | .linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 1000 }]
        | .linux.gidMappings = [{ containerID: 0, hostID: 100000, size: 1000 }]'
    chown -R -h 100000:100000 "$BUNDLE/rootfs"
}

# Root of a user namespace with every right over mounts there.
mighty_userns() {
    userns
    all_capabilities
    config '.process.noNewPrivileges = false'
}

# --- what the root of a user namespace cannot undo ---

@test "user namespace: a masked path cannot be unmounted" {
    mighty_userns
    mkdir "$BUNDLE/rootfs/secrets"
    echo secret >"$BUNDLE/rootfs/secrets/key"
    echo secret >"$BUNDLE/rootfs/secret"
    config '.linux.maskedPaths += ["/secrets", "/secret"]'
    inside_ok 'for p in /secret /secrets /proc/keys /proc/kcore; do
            umount $p 2>/dev/null && echo "$p unmounted"
            umount -l $p 2>/dev/null && echo "$p detached"
        done
        cat /secret /secrets/key 2>/dev/null; echo end'
    is "$output" end
}

@test "user namespace: a masked path shows in no copy of the tree" {
    mighty_userns
    mkdir "$BUNDLE/rootfs/secrets" "$BUNDLE/rootfs/copy"
    echo secret >"$BUNDLE/rootfs/secrets/key"
    config '.linux.maskedPaths += ["/secrets"]'
    inside_ok 'mount --bind / /copy 2>/dev/null && cat /copy/secrets/key 2>/dev/null
        mount --rbind / /copy 2>/dev/null && ls /copy/secrets; umount /copy/secrets 2>/dev/null && echo undone
        unshare -m sh -c "umount /secrets; cat /secrets/key" 2>/dev/null; echo end'
    is "$output" end
}

@test "user namespace: read-only paths, binds and the root stay read-only" {
    mighty_userns
    mkdir "$T/data" "$BUNDLE/rootfs/fixed"
    chown 100000:100000 "$T/data"
    mount_add '{"destination":"/data","type":"bind","source":"'"$T"'/data","options":["bind","ro"]}'
    config '.linux.readonlyPaths += ["/fixed"] | .root.readonly = true'
    inside_ok 'for p in / /data /fixed /proc/sys; do
            mount -o remount,bind,rw $p 2>/dev/null && echo "$p remounted"
            mount -o remount,rw,bind $p 2>/dev/null && echo "$p remounted"
        done
        for p in /x /data/x /fixed/x; do (: >$p) 2>/dev/null && echo "$p written"; done; echo end'
    is "$output" end
    is "$(ls "$T/data")" ''
}

@test "user namespace: nosuid, nodev, noexec of the host and of the config stay" {
    mighty_userns
    mkdir "$T/data"
    mount_add '{"destination":"/data","type":"bind","source":"'"$T"'/data","options":["bind","nosuid","nodev","noexec"]}'
    inside_ok 'for o in suid dev exec; do
            mount -o remount,bind,$o /data 2>/dev/null
        done
        sed -n "s/.* \/data \([^ ]*\).*/\1/p" /proc/self/mountinfo | tr , "\n" | grep ^no | grep -v atime'
    is "$output" $'nosuid\nnodev\nnoexec'
}

@test "user namespace: what the host has mounted over a file of a bind cannot be lifted" {
    mighty_userns
    mkdir "$T/data" "$T/data/sub"
    echo secret >"$T/data/sub/key"
    mount_add '{"destination":"/data","type":"bind","source":"'"$T"'/data","options":["rbind"]}'
    program sh -c 'ls /data/sub; umount /data/sub 2>/dev/null; umount -l /data/sub 2>/dev/null; cat /data/sub/key 2>/dev/null; echo end'
    cat >"$T/host" <<'END'
set -e
mount -t tmpfs tmpfs "$1/sub"
touch "$1/sub/cover"
shift
"$@" </dev/null
END
    ok unshare -m --propagation private bash "$T/host" "$T/data" "$HASU" --root "$ROOT" run -b "$BUNDLE" "$ID"
    is "$output" $'cover\nend'
}

@test "user namespace: mounts of its own it can still make and undo" {
    mighty_userns
    inside_ok 'mkdir /mine && mount -t tmpfs tmpfs /mine && touch /mine/x && umount /mine && ls /mine; echo end'
    is "$output" end
}

@test "user namespace: nested containers can be made: a root of their own, pivoted to" {
    mighty_userns
    mkdir "$BUNDLE/rootfs/inner"
    inside_ok 'mount --rbind / /inner && unshare -m sh -c "cd /inner && mkdir -p old && pivot_root . old && umount -l /old && ls -d /bin/busybox"'
    is "$output" /bin/busybox
}

@test "user namespace: propagation that the config asks for survives the lock" {
    mighty_userns
    mkdir "$T/data"
    mount_add '{"destination":"/data","type":"bind","source":"'"$T"'/data","options":["bind","shared"]}'
    config '.linux.rootfsPropagation = "shared"'
    inside_ok 'sed -n "s/^[^ ]* [^ ]* [^ ]* [^ ]* \(\/\|\/data\) [^ ]* \(shared\).*/\1 \2/p" /proc/self/mountinfo'
    is "$output" $'/ shared\n/data shared'
}

@test "user namespace: with a terminal, its name leads to it" {
    need_tool script
    mighty_userns
    config '.process.terminal = true'
    program sh -c 'tty; readlink /proc/self/fd/0; readlink /proc/self/fd/2; test -c /dev/pts/0 && echo there'
    STDIN=/dev/null call script -qec "'$HASU' --root '$ROOT' run -b '$BUNDLE' '$ID'" /dev/null
    has "$(tr -d '\r' <<<"$output")" $'/dev/pts/0\n/dev/pts/0\n/dev/pts/0\nthere'
}

@test "user namespace: without pivot_root the locks hold, too" {
    mighty_userns
    echo secret >"$BUNDLE/rootfs/secret"
    config '.linux.maskedPaths += ["/secret"]'
    program sh -c 'umount /secret 2>/dev/null; cat /secret; umount -l / 2>/dev/null; ls -d /bin/busybox'
    ok hasu run --no-pivot -b "$BUNDLE" "$ID"
    is "$output" /bin/busybox
}

@test "a joined user namespace: the locks hold, too" {
    unshare -U sleep 1000 3>&- 4>&- &
    local holder=$!
    until_true eval "[ \"\$(readlink /proc/$holder/ns/user)\" != '$(readlink /proc/self/ns/user)' ]"
    echo 0 100000 1000 >"/proc/$holder/uid_map"
    echo 0 100000 1000 >"/proc/$holder/gid_map"
    chown -R -h 100000:100000 "$BUNDLE/rootfs"
    all_capabilities
    echo secret >"$BUNDLE/rootfs/secret"
    config '.linux.namespaces += [{ type: "user", path: $words[0] }] | .linux.maskedPaths += ["/secret"]
        | .process.noNewPrivileges = false' "/proc/$holder/ns/user"
    inside_ok 'umount /secret 2>/dev/null; cat /secret; echo end'
    kill "$holder"
    is "$output" end
}
