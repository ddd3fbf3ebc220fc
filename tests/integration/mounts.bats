#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Mounts as the container sees them: kinds, options, propagation, the root, devices, masked paths.
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

mount_add() {
    config '.mounts += [$words[0] | fromjson]' "$1"
}

# What mountinfo says inside of the last mount on a path: its options and its type.
SHOW='m() { awk -v p="$1" '\''$5 == p { i = 7; while ($i != "-") i++; l = $6 " " $7 " " $(i + 1) " " $(i + 3) } END { print l }'\'' /proc/self/mountinfo; }; '

@test "a rootfs that is not there, or no directory, is named with its place" {
    config '.root.path = "nothing"'
    fails "/root/path: rootfs '$BUNDLE/nothing': no such file or directory" \
        hasu create -b "$BUNDLE" "$ID"
    config '.root.path = "config.json"'
    fails "/root/path: rootfs '$BUNDLE/config.json': not a directory" hasu create -b "$BUNDLE" "$ID"
    nothing_left
}

@test "the default mounts are those of the default config" {
    inside_ok "$SHOW"'for p in /proc /dev /dev/pts /dev/shm /dev/mqueue /sys; do m $p; done'
    is "$(wc -l <<<"$output")" 6
    has "$output" "- proc"
    matches "$output" 'ro,nosuid,nodev,noexec[^ ]* - sysfs'
    matches "$output" 'nosuid[^ ]* - tmpfs'
    has "$output" "- devpts"
    has "$output" "- mqueue"
}

@test "a bind mount of a directory shows the host's files, both ways" {
    mkdir "$T/data"
    echo from-host >"$T/data/a"
    mount_add '{"destination":"/data","type":"bind","source":"'"$T"'/data","options":["bind"]}'
    inside_ok 'cat /data/a; echo from-inside >/data/b'
    is "$output" from-host
    is "$(<"$T/data/b")" from-inside
    [ -d "$BUNDLE/rootfs/data" ]
}

@test "a bind mount of a file makes the file it lies on" {
    echo content >"$T/file"
    mount_add '{"destination":"/new/dir/file","type":"bind","source":"'"$T"'/file","options":["bind","ro"]}'
    inside 'cat /new/dir/file; echo x >/new/dir/file'
    is "$output" content
    has "$errors" "Read-only"
    is "$(<"$T/file")" content
    is "$(stat -c %F "$BUNDLE/rootfs/new/dir/file")" "regular empty file"
}

@test "a relative source is the bundle's" {
    mkdir "$BUNDLE/data"
    echo here >"$BUNDLE/data/a"
    mount_add '{"destination":"/data","type":"bind","source":"data","options":["bind"]}'
    inside_ok 'cat /data/a'
    is "$output" here
}

@test "the type may be missing where an option says bind" {
    mkdir "$T/data"
    mount_add '{"destination":"/data","source":"'"$T"'/data","options":["bind"]}'
    inside_ok 'test -d /data'
}

@test "bind takes one mount, rbind those below as well" {
    mkdir -p "$T/data/sub"
    # The tree with a mount below it is made in a namespace of its own.
    cat >"$T/both" <<'END'
mount -t tmpfs tmpfs "$1/data/sub" && touch "$1/data/sub/below" || exit 99
shift
exec "$@"
END
    mount_add '{"destination":"/one","type":"bind","source":"'"$T"'/data","options":["bind"]}'
    mount_add '{"destination":"/all","type":"bind","source":"'"$T"'/data","options":["rbind"]}'
    program sh -c 'ls /one/sub | wc -l; ls /all/sub'
    ok unshare -m --propagation private bash "$T/both" "$T" \
        "$HASU" --root "$ROOT" run -b "$BUNDLE" "$ID"
    is "$output" $'0\nbelow'
}

@test "options of a bind mount are in force" {
    mkdir "$T/data"
    mount_add '{"destination":"/data","type":"bind","source":"'"$T"'/data","options":["bind","ro","nosuid","nodev","noexec","noatime"]}'
    inside_ok "$SHOW"'m /data'
    for option in ro nosuid nodev noexec noatime; do
        matches "$output" "(^|,)$option(,| )"
    done
}

@test "ro is of the top mount, rro of all below" {
    cat >"$T/both" <<'END'
mkdir -p "$1/data/sub" && mount -t tmpfs tmpfs "$1/data/sub" || exit 99
shift
exec "$@"
END
    mount_add '{"destination":"/top","type":"bind","source":"'"$T"'/data","options":["rbind","ro"]}'
    mount_add '{"destination":"/deep","type":"bind","source":"'"$T"'/data","options":["rbind","rro"]}'
    mkdir "$T/data"
    program sh -c 'for f in /top/x /top/sub/x /deep/x /deep/sub/x; do
        if (: >$f) 2>/dev/null; then echo w; else echo r; fi; done'
    ok unshare -m --propagation private bash "$T/both" "$T" \
        "$HASU" --root "$ROOT" run -b "$BUNDLE" "$ID"
    is "$(paste -sd ' ' <<<"$output")" "r w r r"
}

@test "a tmpfs has its size, mode and options" {
    mount_add '{"destination":"/scratch","type":"tmpfs","source":"tmpfs","options":["size=1m","mode=1700","nosuid","noexec"]}'
    inside 'stat -c %a /scratch; df -k /scratch | tail -n 1 | tr -s " " | cut -d" " -f2
        dd if=/dev/zero of=/scratch/big bs=1k count=2000 2>&1 | grep -c "No space"'
    is "$output" $'1700\n1024\n1'
}

@test "data that the file system does not know is refused by name" {
    mount_add '{"destination":"/scratch","type":"tmpfs","source":"tmpfs","options":["nosuchoption=5"]}'
    fails nosuchoption hasu create -b "$BUNDLE" "$ID"
    has "$errors" /scratch
    nothing_left
}

@test "a file system that the kernel does not know is refused by name" {
    mount_add '{"destination":"/x","type":"nosuchfs","source":"none"}'
    fails nosuchfs hasu create -b "$BUNDLE" "$ID"
    nothing_left
}

@test "a missing source is refused by name" {
    mount_add '{"destination":"/data","type":"bind","source":"'"$T"'/nowhere","options":["bind"]}'
    fails "$T/nowhere" hasu create -b "$BUNDLE" "$ID"
    has "$errors" "no such file or directory"
    nothing_left
}

@test "a mount lies on an earlier one, in the config's order" {
    mkdir "$T/a" "$T/b"
    touch "$T/a/a" "$T/b/b"
    mount_add '{"destination":"/x","type":"bind","source":"'"$T"'/a","options":["bind"]}'
    mount_add '{"destination":"/x","type":"bind","source":"'"$T"'/b","options":["bind"]}'
    mount_add '{"destination":"/x/inner","type":"tmpfs","source":"tmpfs"}'
    inside_ok 'ls /x'
    is "$output" $'b\ninner'
    [ -d "$T/b/inner" ]
}

@test "a symlink in the rootfs leads within it, never out" {
    ln -s / "$BUNDLE/rootfs/out"
    ln -s ../../../../../../../../etc "$BUNDLE/rootfs/up"
    mount_add '{"destination":"/out/'"$ID"'","type":"tmpfs","source":"tmpfs"}'
    mount_add '{"destination":"/up/'"$ID"'","type":"tmpfs","source":"tmpfs"}'
    inside_ok 'ls -d /'"$ID"' /etc/'"$ID"
    [ ! -e "/$ID" ]
    [ ! -e "/etc/$ID" ]
}

@test "a mount on the root itself is refused or is the root, never the host's" {
    mkdir "$T/data"
    mount_add '{"destination":"/../..","type":"bind","source":"'"$T"'/data","options":["bind"]}'
    call hasu run -b "$BUNDLE" "$ID"
    nothing_left
}

@test "a proc mount on a directory that is a link elsewhere is refused" {
    rmdir "$BUNDLE/rootfs/proc"
    mkdir "$BUNDLE/rootfs/other"
    ln -s other "$BUNDLE/rootfs/proc"
    fails proc hasu create -b "$BUNDLE" "$ID"
    nothing_left
}

@test "a read-only root is read-only, and mounts on it are not" {
    mount_add '{"destination":"/scratch","type":"tmpfs","source":"tmpfs"}'
    config '.root.readonly = true'
    inside "$SHOW"'m / | cut -d, -f1; : >/scratch/x && echo written; : >/x'
    is "$output" $'ro\nwritten'
    has "$errors" "Read-only file system"
}

@test "the root is the rootfs, and the host's tree is gone" {
    inside_ok 'ls /; awk "{ print \$5 }" /proc/self/mountinfo'
    lacks "$output" "$T"
    lacks "$output" "bundle"
    matches "$output" $'^bin\n'
    # Nothing of the host is mounted where the container could not see it.
    inside_ok 'awk "\$5 !~ /^\//" /proc/self/mountinfo'
    is "$output" ""
}

@test "--no-pivot enters the rootfs, too" {
    program sh -c 'ls -d /bin/busybox; ls -d /bundle 2>/dev/null; grep -c . /proc/self/mountinfo >/dev/null'
    ok hasu run --no-pivot -b "$BUNDLE" "$ID"
    is "$output" /bin/busybox
    nothing_left
}

@test "a relative root, and one with a link in it" {
    ln -s rootfs "$BUNDLE/link"
    config '.root.path = "link"'
    inside_ok 'echo here'
    is "$output" here
    config '.root.path = $bundle + "/rootfs"'
    inside_ok 'echo here'
    is "$output" here
}

@test "a rootfs that is missing or is a file is refused by name" {
    config '.root.path = "nowhere"'
    fails nowhere hasu create -b "$BUNDLE" "$ID"
    config '.root.path = "config.json"'
    fails config.json hasu create -b "$BUNDLE" "$ID"
    nothing_left
}

# Propagation of the mounts named, seen from inside: shared:N, master:N, or nothing.
propagation() {
    awk -v p="$1" '$5 == p { i = 7; l = "private"; while ($i != "-") { if ($i ~ /^(shared|master|unbindable)/) { split($i, w, ":"); l = (l == "private" ? "" : l "+") w[1] } i++ } } END { print l }'
}

@test "propagation options: private, slave, shared, unbindable" {
    mkdir "$T/data"
    for kind in private slave shared unbindable; do
        mount_add '{"destination":"/'"$kind"'","type":"bind","source":"'"$T"'/data","options":["bind","'"$kind"'"]}'
    done
    inside_ok 'cat /proc/self/mountinfo'
    local info=$output
    is "$(propagation /private <<<"$info")" private
    # Where the host's mount is shared, that of the container is its slave as well.
    matches "$(propagation /shared <<<"$info")" '^shared(\+master)?$'
    is "$(propagation /unbindable <<<"$info")" unbindable
}

@test "what the container mounts does not reach the host" {
    config '.linux.rootfsPropagation = "shared"'
    all_capabilities
    config '.process.noNewPrivileges = false'
    inside_ok 'mkdir -p /mine && mount -t tmpfs tmpfs /mine && touch /mine/x && echo mounted'
    is "$output" mounted
    lacks "$(</proc/self/mountinfo)" "$BUNDLE"
}

@test "rootfsPropagation shared, slave and private are the root's" {
    for kind in shared private; do
        config '.linux.rootfsPropagation = $words[0]' "$kind"
        inside_ok 'cat /proc/self/mountinfo'
        is "$(propagation / <<<"$output")" "$kind"
    done
}

@test "with rootfsPropagation rslave a mount of the host comes in" {
    mkdir "$T/data"
    cat >"$T/host" <<'END'
set -e
data=$1 bundle=$2 root=$3 id=$4 hasu=$5
mount --bind "$data" "$data"
mount --make-shared "$data"
mkdir -p "$data/late"
"$hasu" --root "$root" run --detach -b "$bundle" "$id" </dev/null >/dev/null 2>&1
mount -t tmpfs tmpfs "$data/late"
touch "$data/late/came"
"$hasu" --root "$root" exec "$id" ls /data/late </dev/null
"$hasu" --root "$root" delete --force "$id"
END
    config '.linux.rootfsPropagation = "rslave"'
    mount_add '{"destination":"/data","type":"bind","source":"'"$T"'/data","options":["rbind","rslave"]}'
    program probe wait
    ok unshare -m --propagation private bash "$T/host" "$T/data" "$BUNDLE" "$ROOT" "$ID" "$HASU"
    is "$output" came
}

@test "the default devices are there, with their numbers and modes" {
    inside_ok 'for d in null zero full random urandom tty; do stat -c "%n %t:%T %a" /dev/$d; done'
    is "$output" "/dev/null 1:3 666
/dev/zero 1:5 666
/dev/full 1:7 666
/dev/random 1:8 666
/dev/urandom 1:9 666
/dev/tty 5:0 666"
}

@test "the default devices work" {
    inside_ok 'echo x >/dev/null; head -c 4 /dev/zero | wc -c; head -c 4 /dev/urandom | wc -c
        echo x >/dev/full 2>/dev/null || echo full'
    is "$output" $'4\n4\nfull'
}

@test "the default links are there" {
    inside_ok 'for l in fd stdin stdout stderr ptmx; do readlink /dev/$l; done'
    is "$output" $'/proc/self/fd\n/proc/self/fd/0\n/proc/self/fd/1\n/proc/self/fd/2\npts/ptmx'
}

@test "devices of the config are made with type, numbers, mode and owner" {
    config '.linux.devices = [
        { path: "/dev/mychar", type: "c", major: 1, minor: 3, fileMode: 416, uid: 5, gid: 6 },
        { path: "/dev/deep/er/block", type: "b", major: 7, minor: 200, fileMode: 384 },
        { path: "/dev/pipe", type: "p", fileMode: 438 }]
        | .linux.resources.devices = [{ allow: true, access: "rwm" }]'
    inside_ok 'stat -c "%F %t:%T %a %u:%g" /dev/mychar /dev/deep/er/block /dev/pipe'
    is "$output" "character special file 1:3 640 5:6
block special file 7:c8 600 0:0
fifo 0:0 666 0:0"
}

@test "masked files are empty, masked directories are empty and closed" {
    mkdir "$BUNDLE/rootfs/secrets"
    echo secret >"$BUNDLE/rootfs/secrets/key"
    echo secret >"$BUNDLE/rootfs/secret"
    config '.linux.maskedPaths += ["/secrets", "/secret", "/not/there"]'
    inside 'cat /secret | wc -c; ls /secrets | wc -l; touch /secrets/x'
    is "$output" $'0\n0'
    has "$errors" "Read-only file system"
}

@test "a masked path that is named twice, or once more by a link, is covered once" {
    mkdir -p "$BUNDLE/rootfs/secrets/x"
    echo secret >"$BUNDLE/rootfs/secret"
    ln -s secrets "$BUNDLE/rootfs/again"
    ln -s secret "$BUNDLE/rootfs/more"
    config '.linux.maskedPaths += ["/secrets", "/secret", "/secrets/", "//secret", "/again", "/more"]'
    inside_ok 'cat /secret /more | wc -c; ls /secrets/ /again/ | grep -c x; grep -c " /secret" /proc/self/mountinfo'
    is "$output" $'0\n0\n2'
}

@test "a masked path that is a link is not followed out of the root" {
    ln -s ../../../../../../../../../../etc "$BUNDLE/rootfs/link"
    config '.linux.maskedPaths += ["/link/passwd"]'
    inside_ok 'wc -c </etc/passwd'
    is "$output" 0
    [ -s /etc/passwd ]
}

@test "read-only paths are read-only, with what lies below" {
    mkdir -p "$BUNDLE/rootfs/fixed/sub"
    config '.linux.readonlyPaths += ["/fixed", "/not/there"]'
    inside 'for p in /fixed/x /fixed/sub/x /proc/sys/kernel/hostname; do (: >$p) 2>/dev/null && echo "$p written"; done; echo end'
    is "$output" end
}
