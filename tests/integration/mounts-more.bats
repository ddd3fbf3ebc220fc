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
    # script(1) sends the end of its input as a character, whose echo can come anywhere.
    has "$(tr -d '\r' <<<"$output" | sed 's/\^[@D]//g')" $'/dev/pts/0\n/dev/pts/0\n/dev/pts/0\nthere'
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

# --- mapped IDs ---

need_idmap() {
    if [ "$(stat -f -c %T "$T")" = tmpfs ] && [[ $(uname -r) =~ ^([0-5]\.|6\.[0-2]\.) ]]; then
        skip "Linux before 6.3 maps no IDs on a tmpfs"
    fi
}

data_with_owners() {
    need_idmap
    mkdir "$T/data" "$T/data/sub"
    touch "$T/data/root" "$T/data/one" "$T/data/sub/one"
    chown 1:2 "$T/data/one" "$T/data/sub/one"
}

# volume_inside: a volume with a file on /data, and a tmpfs below it, that comes after.
volume_inside() {
    mkdir -p "$T/volume/sub/deep"
    echo volume >"$T/volume/sub/file"
    mkdir -p "$BUNDLE/rootfs/data/sub"
    echo image >"$BUNDLE/rootfs/data/sub/file"
    mount_add '{"destination":"/data","type":"bind","source":"'"$T"'/volume","options":["bind"]}'
    mount_add '{"destination":"/data/sub/deep","type":"tmpfs","source":"tmpfs","options":["mode=711"]}'
}

@test "a source in the container is what the mounts before it have put there" {
    local source
    # The image's own, where nothing was mounted.
    mkdir -p "$BUNDLE/rootfs/data/sub"
    echo image >"$BUNDLE/rootfs/data/sub/file"
    mount_add '{"destination":"/early","type":"bind","source":"'"$BUNDLE"'/rootfs/data/sub","options":["bind"]}'
    volume_inside
    for source in "$BUNDLE/rootfs" rootfs "/.$BUNDLE/./rootfs/"; do
        config '.mounts |= map(select(.destination | startswith("/copy") | not))'
        mount_add '{"destination":"/copy","type":"bind","source":"'"$source"'/data/sub","options":["rbind","ro"]}'
        mount_add '{"destination":"/copy1","type":"bind","source":"'"$source"'/data/sub","options":["bind"]}'
        inside_ok 'cat /early/file /copy/file /copy1/file; stat -c %a /copy/deep /copy1/deep
            touch /copy/x 2>/dev/null && echo written; touch /copy1/y; ls /data/sub'
        is "$output" $'image\nvolume\nvolume\n711\n755\ndeep\nfile\ny'
    done
    # A file, of a tmpfs that only the container has.
    config '.mounts |= map(select(.destination | startswith("/copy") | not))'
    mount_add '{"destination":"/data/sub/deep/file","type":"bind","source":"'"$T"'/volume/sub/file","options":["bind"]}'
    mount_add '{"destination":"/copied","type":"bind","source":"'"$BUNDLE"'/rootfs/data/sub/deep/file","options":["bind"]}'
    inside_ok 'cat /copied'
    is "$output" volume
}

@test "a source in the container: the destination may be named by the host's path, too" {
    volume_inside
    mount_add '{"destination":"'"$BUNDLE"'/rootfs/copy","type":"bind","source":"'"$BUNDLE"'/rootfs/data","options":["rbind"]}'
    inside_ok 'cat /copy/sub/file; stat -c %a /copy/sub/deep; [ ! -e '"$BUNDLE"' ]'
    is "$output" $'volume\n711'
    # That of a source on the host is as it is said.
    config '.mounts[-1].source = $words[0]' "$T/volume"
    inside_ok "cat $BUNDLE/rootfs/copy/sub/file"
    is "$output" volume
}

@test "a source in the container: in a user namespace, its way closed to others on the host" {
    userns
    volume_inside
    chown 100000:100000 "$T/volume" "$T/volume/sub" "$T/volume/sub/file"
    chown -R 100000:100000 "$BUNDLE/rootfs"
    mkdir "$T/closed"
    mv "$T/volume" "$T/closed/"
    chmod 700 "$T/closed"
    config '.mounts[-2].source = $words[0]' "$T/closed/volume"
    mount_add '{"destination":"/copy","type":"bind","source":"'"$BUNDLE"'/rootfs/data","options":["rbind"]}'
    inside_ok 'cat /copy/sub/file; stat -c "%a %u" /copy/sub/deep /copy/sub/file'
    is "$output" $'volume\n711 0\n644 0'
}

@test "idmap: a source in the container, with and without a user namespace" {
    need_idmap
    volume_inside
    mount_add '{"destination":"/copy","type":"bind","source":"'"$BUNDLE"'/rootfs/data","options":["bind"],
        "uidMappings":[{"containerID":0,"hostID":100005,"size":10}],
        "gidMappings":[{"containerID":0,"hostID":100006,"size":10}]}'
    mount_add '{"destination":"/copy2","type":"bind","source":"'"$BUNDLE"'/rootfs/data/sub","options":["bind"],
        "uidMappings":[{"containerID":0,"hostID":100007,"size":10}],
        "gidMappings":[{"containerID":0,"hostID":100007,"size":10}]}'
    inside_ok 'stat -c %u:%g /copy/sub/file /copy2/file'
    is "$output" $'100005:100006\n100007:100007'
    userns
    inside_ok 'stat -c %u:%g /copy/sub/file /copy2/file'
    is "$output" $'5:6\n7:7'
    config '.mounts[-1].options = ["rbind", "ridmap"] | .mounts[-1].source = $words[0]' "$BUNDLE/rootfs/sys/fs"
    fails "the source, '/sys/fs', is in the container's own procfs or sysfs" hasu create -b "$BUNDLE" "$ID"
    config '.mounts[-1].options = ["rbind"] | .mounts[-1].source = $words[0]' "$BUNDLE/rootfs/dev/mqueue"
    fails "mapping the IDs of '$BUNDLE/rootfs/dev/mqueue': its file system cannot do that" hasu create -b "$BUNDLE" "$ID"
    nothing_left
}

@test "a source in the container: what is not there is refused; links lead to files of the rootfs; a link can be copied" {
    mount_add '{"destination":"/copy","type":"bind","source":"'"$BUNDLE"'/rootfs/not/there","options":["bind"]}'
    fails "opening the source, '/not/there' in the container: no such file or directory" hasu create -b "$BUNDLE" "$ID"
    mkdir -p "$BUNDLE/rootfs/deep/dir"
    echo file >"$BUNDLE/rootfs/deep/dir/file"
    ln -s /deep "$BUNDLE/rootfs/link"
    config '.mounts[-1].source = $words[0]' "$BUNDLE/rootfs/link/dir"
    inside_ok 'cat /copy/file'
    is "$output" file
    config '.mounts[-1].options = ["rbind"]'
    fails "a symbolic link is in the way to the source, '/link/dir' in the container" hasu create -b "$BUNDLE" "$ID"
    config '.mounts[-1] += { source: $words[0], destination: "/a-file" }' "$BUNDLE/rootfs/link/dir/file"
    inside_ok 'cat /a-file'
    is "$output" file
    config '.mounts[-1] += { source: $words[0], destination: "/copied" }' "$BUNDLE/rootfs/link"
    config '.mounts[-1].options += ["copy-symlink"]'
    inside_ok 'readlink /copied'
    is "$output" /deep
    nothing_left
}

@test "idmap: files appear with the IDs that the mount's mappings give them" {
    data_with_owners
    mount_add '{"destination":"/data","type":"bind","source":"'"$T"'/data","options":["bind","idmap"],
        "uidMappings":[{"containerID":0,"hostID":5000,"size":10}],
        "gidMappings":[{"containerID":0,"hostID":6000,"size":10}]}'
    inside_ok 'stat -c "%u:%g" /data/root /data/one /data/sub/one; touch /data/new 2>&1 | grep -c .
        stat -c "%u:%g" /data/one'
    is "$(head -n 3 <<<"$output")" $'5000:6000\n5001:6002\n5001:6002'
    is "$(stat -c %u:%g "$T/data/one")" 1:2
}

@test "idmap: mappings in the option itself, as crun has them, also by the container's IDs" {
    data_with_owners
    mount_add '{"destination":"/data","type":"bind","source":"'"$T"'/data",
        "options":["bind","idmap=uids=0-5000-1#1-7000-9;gids=0-6000-10"]}'
    inside_ok 'stat -c "%u:%g" /data/root /data/one'
    is "$output" $'5000:6000\n7000:6002'
    userns # maps 0 to 100000
    config '.mounts[-1].options[1] = "idmap=uids=0-100005-10;gids=@0-7-10"'
    inside_ok 'stat -c "%u:%g" /data/root /data/one'
    is "$output" $'5:7\n6:9'
}

@test "idmap: what the container writes belongs to the mapped owner on the host" {
    data_with_owners
    chown 700:800 "$T/data"
    mount_add '{"destination":"/data","type":"bind","source":"'"$T"'/data","options":["bind","idmap"],
        "uidMappings":[{"containerID":700,"hostID":0,"size":1}],
        "gidMappings":[{"containerID":800,"hostID":0,"size":1}]}'
    inside_ok 'touch /data/new; stat -c "%u:%g" /data/new'
    is "$output" 0:0
    is "$(stat -c %u:%g "$T/data/new")" 700:800
}

@test "idmap: in a user namespace without mappings of its own, the container's are taken" {
    userns
    data_with_owners
    mount_add '{"destination":"/data","type":"bind","source":"'"$T"'/data","options":["bind","idmap"]}'
    inside_ok 'stat -c "%u:%g" /data/root /data/one; touch /data/new; stat -c %u /data/new'
    is "$output" $'0:0\n1:2\n0'
    is "$(stat -c %u "$T/data/new")" 0
}

@test "idmap is for one mount, ridmap for all below it" {
    data_with_owners
    cat >"$T/host" <<'END'
set -e
mount -t tmpfs -o mode=755 tmpfs "$1/sub"
touch "$1/sub/one"
shift
"$@" </dev/null
END
    for word in idmap ridmap; do
        config '.mounts |= map(select(.destination != "/data"))'
        mount_add '{"destination":"/data","type":"bind","source":"'"$T"'/data","options":["rbind","'$word'"],
            "uidMappings":[{"containerID":0,"hostID":5000,"size":10}],
            "gidMappings":[{"containerID":0,"hostID":5000,"size":10}]}'
        program stat -c %u /data/root /data/sub/one
        call unshare -m --propagation private bash "$T/host" "$T/data" "$HASU" --root "$ROOT" run -b "$BUNDLE" "$ID"
        if [ $word = idmap ]; then
            is "$output" $'5000\n0'
        elif [ "$status" -eq 0 ]; then
            is "$output" $'5000\n5000'
        else # tmpfs maps IDs since Linux 6.3
            has "$errors" "and of what is mounted below it: its file system cannot do that"
        fi
    done
}

@test "idmap: mounts with the same mappings, with others, and recursive attributes" {
    data_with_owners
    local n host
    for n in 1 2 3; do
        host=$((n / 2))000
        mount_add '{"destination":"/data'$n'","type":"bind","source":"'"$T"'/data","options":["bind","idmap","ro"],
            "uidMappings":[{"containerID":0,"hostID":'$((10#$host))',"size":10}],
            "gidMappings":[{"containerID":0,"hostID":0,"size":10}]}'
    done
    inside_ok 'stat -c %u /data1/one /data2/one /data3/one'
    is "$output" $'1\n1001\n1001'
}

@test "idmap: what cannot be is refused in words" {
    mkdir "$T/data"
    mount_add '{"destination":"/data","type":"bind","source":"'"$T"'/data","options":["bind","idmap"]}'
    fails "'idmap' without uidMappings and gidMappings needs a user namespace" hasu create -b "$BUNDLE" "$ID"
    config '.mounts[-1].source = "/proc"
        | .mounts[-1] += { uidMappings: [{ containerID: 0, hostID: 1, size: 1 }],
            gidMappings: [{ containerID: 0, hostID: 1, size: 1 }] }'
    fails "mapping the IDs of '/proc': its file system cannot do that on this kernel: invalid argument" \
        hasu create -b "$BUNDLE" "$ID"
    config '.mounts[-1] |= (.type = "tmpfs" | .source = "tmpfs" | .options = ["idmap"])'
    fails "only bind mounts can have their IDs mapped" hasu create -b "$BUNDLE" "$ID"
    nothing_left
}

# --- tmpcopyup ---

@test "tmpcopyup: the directory's contents are in the tmpfs, with all that belongs to them" {
    local d=$BUNDLE/rootfs/etc/full
    mkdir -p "$d/sub/deep"
    echo content >"$d/sub/deep/file"
    echo program >"$d/program"
    ln -s ../../../../etc/shadow "$d/link"
    mkfifo "$d/fifo"
    chown 5:6 "$d/program" "$d/sub"
    chmod 4750 "$d/program"
    chmod 2711 "$d/sub"
    touch -d @1000000000 "$d/program" "$d/sub" "$d/sub/deep/file"
    setfattr -n security.hasu -v kept "$d/program" 2>/dev/null || true
    head -c 3000000 /dev/urandom >"$d/large"
    mount_add '{"destination":"/etc/full","type":"tmpfs","source":"tmpfs","options":["tmpcopyup"]}'
    inside_ok 'cd /etc/full; stat -c "%n %F %a %u:%g %Y" program sub sub/deep/file link fifo | sed "s/\(link\|fifo\)\(.*\) .*/\1\2/"
        cat sub/deep/file; readlink link; md5sum <large; stat -f -c %T .; echo changed >sub/deep/file'
    is "$output" "program regular file 4750 5:6 1000000000
sub directory 2711 5:6 1000000000
sub/deep/file regular file 644 0:0 1000000000
link symbolic link 777 0:0
fifo fifo 644 0:0
content
../../../../etc/shadow
$(md5sum <"$d/large")
tmpfs"
    is "$(cat "$d/sub/deep/file")" content
}

@test "tmpcopyup: extended attributes and file capabilities come along" {
    need_tool setfattr
    local d=$BUNDLE/rootfs/full
    mkdir "$d"
    echo x >"$d/file"
    chown 7:7 "$d/file"
    # cap_net_raw, permitted and effective: struct vfs_cap_data of version 2.
    setfattr -n security.capability -v 0x0100000200200000000000000000000000000000 "$d/file"
    mount_add '{"destination":"/full","type":"tmpfs","source":"tmpfs","options":["tmpcopyup"]}'
    up
    is "$(getfattr -e hex -n security.capability "/proc/$PID/root/full/file" 2>/dev/null | grep '=')" \
        security.capability=0x0100000200200000000000000000000000000000
    is "$(stat -c %u "/proc/$PID/root/full/file")" 7
}

@test "tmpcopyup: no link is followed, and what is mounted below is not copied" {
    mkdir -p "$BUNDLE/rootfs/full/inner" "$T/data"
    ln -s / "$BUNDLE/rootfs/full/root"
    touch "$T/data/other"
    mount_add '{"destination":"/full/inner","type":"bind","source":"'"$T"'/data","options":["bind"]}'
    mount_add '{"destination":"/full","type":"tmpfs","source":"tmpfs","options":["tmpcopyup"]}'
    inside_ok 'ls -R /full; readlink /full/root'
    is "$output" $'/full:\ninner\nroot\n\n/full/inner:\n/'
}

@test "tmpcopyup: too much for the tmpfs, or too deep, is refused in words" {
    mkdir "$BUNDLE/rootfs/full"
    head -c 2000000 /dev/zero >"$BUNDLE/rootfs/full/large"
    mount_add '{"destination":"/full","type":"tmpfs","source":"tmpfs","options":["tmpcopyup","size=1m"]}'
    fails "copying up what is below it: 'large': copying it into the tmpfs: no space left on device" \
        hasu create -b "$BUNDLE" "$ID"
    rm "$BUNDLE/rootfs/full/large"
    local path=$BUNDLE/rootfs/full
    for ((i = 0; i < 200; i++)); do path+=/d; done
    mkdir -p "$path"
    fails "more than 128 directories in each other" hasu create -b "$BUNDLE" "$ID"
    nothing_left
}

@test "tmpcopyup: in a user namespace, with ro, and on a directory that is not there" {
    userns
    mkdir "$BUNDLE/rootfs/full"
    echo content >"$BUNDLE/rootfs/full/file"
    chown 100007:100007 "$BUNDLE/rootfs/full/file"
    mount_add '{"destination":"/full","type":"tmpfs","source":"tmpfs","options":["tmpcopyup","ro"]}'
    mount_add '{"destination":"/none","type":"tmpfs","source":"tmpfs","options":["tmpcopyup"]}'
    inside_ok 'cat /full/file; stat -c %u /full/file; ls /none; (: >/full/x) 2>/dev/null || echo read-only'
    is "$output" $'content\n7\nread-only'
}

# --- links ---

@test "src-nofollow: the link itself is bound" {
    echo target >"$T/target"
    ln -s target "$T/link"
    mount_add '{"destination":"/there","type":"bind","source":"'"$T"'/link","options":["bind","src-nofollow"]}'
    inside_ok 'readlink /there'
    is "$output" target
}

@test "dest-nofollow: a link in the rootfs is covered, not followed" {
    echo data >"$T/file"
    echo precious >"$BUNDLE/rootfs/precious"
    ln -s precious "$BUNDLE/rootfs/link"
    mount_add '{"destination":"/link","type":"bind","source":"'"$T"'/file","options":["bind","dest-nofollow"]}'
    inside_ok 'cat /link /precious'
    is "$output" $'data\nprecious'
}

@test "copy-symlink: a link is made again, anything else is bound" {
    echo target >"$BUNDLE/rootfs/target"
    echo file >"$T/file"
    ln -s /target "$T/link"
    mount_add '{"destination":"/sub/made","type":"bind","source":"'"$T"'/link","options":["bind","copy-symlink"]}'
    mount_add '{"destination":"/bound","type":"bind","source":"'"$T"'/file","options":["bind","copy-symlink"]}'
    inside_ok 'readlink /sub/made; cat /sub/made /bound'
    is "$output" $'/target\ntarget\nfile'
    inside_ok 'readlink /sub/made' # it is there already
    ln -sfn /else "$T/link"
    fails "the rootfs has something else there than a link to '/else'" hasu create -b "$BUNDLE" "$ID"
    nothing_left
}

@test "options that contradict each other, or are not for this mount, are refused" {
    mkdir "$T/data"
    mount_add '{"destination":"/a","type":"bind","source":"'"$T"'/data","options":["bind","copy-symlink","src-nofollow"]}'
    fails "options 'copy-symlink' and 'src-nofollow' contradict each other" hasu create -b "$BUNDLE" "$ID"
    config '.mounts[-1].options = ["bind", "tmpcopyup"]'
    fails "option 'tmpcopyup' is for mounts of type tmpfs" hasu create -b "$BUNDLE" "$ID"
    config '.mounts[-1] |= (.type = "tmpfs" | .options = ["dest-nofollow"])'
    fails "option 'dest-nofollow' is for bind mounts" hasu create -b "$BUNDLE" "$ID"
    nothing_left
}

@test "iversion is taken, and features has the words" {
    mount_add '{"destination":"/a","type":"tmpfs","source":"tmpfs","options":["iversion"]}'
    inside_ok 'stat -f -c %T /a'
    is "$output" tmpfs
    ok hasu features
    is "$(jq -c '.linux.mountExtensions.idmap.enabled, (.mountOptions | contains(["idmap", "ridmap", "tmpcopyup"]))' \
        <<<"$output" | tr '\n' ' ')" 'true true '
}

@test "a mount label without SELinux is refused in words" {
    [ ! -e /sys/fs/selinux/enforce ] || skip "this host has SELinux"
    config '.linux.mountLabel = "system_u:object_r:container_file_t:s0"'
    fails "/linux/mountLabel: 'system_u:object_r:container_file_t:s0': SELinux is not enabled on this host" \
        hasu create -b "$BUNDLE" "$ID"
    nothing_left
}

# --- ordinary users ---

# A bundle of nobody's own, with the config that `spec --rootless` writes for them. The program is
# copied, as nobody may not get to where it was built.
NOBODY=65534
ordinary() {
    install -m 755 "$HASU" "$T/hasu"
    mkdir -m 700 "$T/run"
    rm "$CONFIG"
    chown -R -h $NOBODY:$NOBODY "$BUNDLE" "$T/run"
    ok as_nobody spec --rootless -b "$BUNDLE"
    config '.process.terminal = false | .root.readonly = false | .process.env += ["HASU_IT=\($id)"]'
    chown $NOBODY "$CONFIG"
}

as_nobody() {
    # Without the tests' own standard streams, which nobody could not open again by name.
    setpriv --reuid $NOBODY --regid $NOBODY --clear-groups env -i HASU_IT="$ID" PATH="$PATH" \
        XDG_RUNTIME_DIR="$T/run" "$T/hasu" "$@"
}

@test "an ordinary user runs a container, with a warning where no cgroup is theirs" {
    ordinary
    program sh -c 'id -u; cat /proc/self/uid_map; touch /made; stat -c %u /made; ls -d /sys/kernel; grep -c " /proc " /proc/self/mountinfo'
    chown $NOBODY "$CONFIG"
    ok as_nobody run -b "$BUNDLE" "$ID"
    is "$(tr -s ' ' <<<"$output")" $'0\n 0 65534 1\n0\n/sys/kernel\n1'
    has "$errors" "warning: container '$ID' has no cgroup of its own"
    is "$(stat -c %u "$BUNDLE/rootfs/made")" $NOBODY
    is "$(find "$T/run" -mindepth 1 -name "$ID*")" ''
}

@test "an ordinary user: the life of a container in XDG_RUNTIME_DIR" {
    ordinary
    program probe wait
    chown $NOBODY "$CONFIG"
    ok as_nobody create -b "$BUNDLE" "$ID"
    [ -d "$T/run/hasu/$ID" ]
    ok as_nobody start "$ID"
    ok as_nobody state "$ID"
    is "$(jq -r .status <<<"$output")" running
    local pid
    pid=$(jq .pid <<<"$output")
    is "$(stat -c %u "/proc/$pid")" $NOBODY
    ok as_nobody exec "$ID" sh -c 'id -u; readlink /proc/self/ns/user'
    is "$output" $'0\n'"$(readlink "/proc/$pid/ns/user")"
    ok as_nobody list -q
    is "$output" "$ID"
    ok as_nobody kill "$ID" KILL
    until_true gone "$pid"
    ok as_nobody delete "$ID"
    is "$(find "$T/run" -mindepth 1 -name "$ID*")" ''
}

@test "an ordinary user: devices are the host's, and work" {
    ordinary
    program sh -c 'head -c 4 /dev/zero | wc -c; echo x >/dev/null; stat -c "%t:%T" /dev/null /dev/urandom; echo end'
    chown $NOBODY "$CONFIG"
    ok as_nobody run -b "$BUNDLE" "$ID"
    is "$output" $'4\n1:3\n1:9\nend'
}

@test "an ordinary user: limits that no cgroup could hold are refused in words" {
    ordinary
    config '.linux.resources = { memory: { limit: 100000000 } }'
    chown $NOBODY "$CONFIG"
    fails "permission denied" as_nobody run -b "$BUNDLE" "$ID"
    has "$errors" "/linux/resources"
    is "$(find "$T/run" -mindepth 1 -name "$ID*")" ''
}

@test "an ordinary user: a user namespace without mappings is refused in words" {
    ordinary
    config 'del(.linux.uidMappings, .linux.gidMappings)'
    chown $NOBODY "$CONFIG"
    fails "/linux/uidMappings: is required of an ordinary user" as_nobody run -b "$BUNDLE" "$ID"
    is "$(find "$T/run" -mindepth 1 -name "$ID*")" ''
}

@test "an ordinary user: more IDs than their own, by newuidmap and /etc/subuid" {
    need_tool newuidmap
    [ -e /etc/subuid ] && [ -e /etc/subgid ] || skip "there is no /etc/subuid here"
    ordinary
    config '.linux.uidMappings = [{ containerID: 0, hostID: 65534, size: 1 }, { containerID: 1, hostID: 300000, size: 1000 }]
        | .linux.gidMappings = .linux.uidMappings
        | .process.capabilities = { bounding: ["CAP_CHOWN"], effective: ["CAP_CHOWN"], permitted: ["CAP_CHOWN"] }'
    program sh -c 'cat /proc/self/uid_map /proc/self/gid_map; touch /made; chown 5:6 /made; stat -c %u:%g /made'
    chown $NOBODY "$CONFIG"
    echo nobody:300000:1000 >"$T/subuid"
    # Over the host's files, in a mount namespace of our own.
    export -f as_nobody
    export T ID BUNDLE NOBODY
    ok unshare -m --propagation private bash -c '
        mount --bind "$T/subuid" /etc/subuid && mount --bind "$T/subuid" /etc/subgid &&
            as_nobody run -b "$BUNDLE" "$ID"'
    is "$(tr -s ' ' <<<"$output")" $' 0 65534 1\n 1 300000 1000\n 0 65534 1\n 1 300000 1000\n5:6'
    is "$(stat -c %u:%g "$BUNDLE/rootfs/made")" 300004:300005
    # Without the range.
    chown -h $NOBODY "$BUNDLE/rootfs/made"
    : >"$T/subuid"
    fails "the mapping needs ranges in /etc/subuid and /etc/subgid" unshare -m --propagation private bash -c '
        mount --bind "$T/subuid" /etc/subuid && mount --bind "$T/subuid" /etc/subgid &&
            as_nobody run -b "$BUNDLE" "$ID"'
}

@test "sysfs in the host's network namespace is the host's, for a user namespace" {
    userns
    config '.linux.namespaces |= map(select(.type != "network"))'
    inside_ok 'ls -d /sys/kernel /sys/class; (: >/sys/kernel/uevent_seqnum) 2>/dev/null || echo read-only
        sed -n "s/^[^ ]* [^ ]* [^ ]* [^ ]* \/sys \([^ ]*\) .*- \([^ ]*\) .*/\1 \2/p" /proc/self/mountinfo'
    is "$(head -n 3 <<<"$output")" $'/sys/class\n/sys/kernel\nread-only'
    matches "$(tail -n 1 <<<"$output")" '^ro,nosuid,nodev,noexec.* sysfs$'
}
