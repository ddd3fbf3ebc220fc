#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# checkpoint and restore by Debian's CRIU: a container goes on where it was, with its files, its
# terminal, its sockets and its cgroup; and above all with its memory policy, which CRIU does not
# keep, and its pages on the nodes of that.
#
# CRIU 3.17 of Debian 12 knows no kernel as new as sid's, and weighted interleaving needs 6.9.
#
# lab-topologies: four-nodes
# lab-kernels: 6.12
#
# shellcheck disable=SC2016,SC2030,SC2031 # programs of containers, filters of jq; each test is a
# process

setup_file() {
    # shellcheck source-path=SCRIPTDIR source=container.bash
    . "$BATS_TEST_DIRNAME/container.bash"
    criu_modules
}

setup() {
    # shellcheck source-path=SCRIPTDIR source=container.bash
    . "$BATS_TEST_DIRNAME/container.bash"
    container_setup
    config '.root.readonly = false'
    IMG=$BATS_TEST_TMPDIR/images
    ERR=$BATS_TEST_TMPDIR/err
    STATE=/run/hasu
}

teardown() {
    container_teardown
    # Whatever happened: no mount, no directory, no cgroup of it.
    ! grep -E "$ID|/criu" /proc/self/mountinfo || fail "a mount is left"
    [ ! -e "$STATE/$ID" ] || fail "the state directory is left"
    [ ! -e "/sys/fs/cgroup/$ID" ] || fail "the cgroup is left"
}

checkpoint() {
    "$HASU" checkpoint --image-path "$IMG" "$@" "$ID" </dev/null 3>&- 2>"$ERR" ||
        fail "checkpoint: $(cat "$ERR")"
}

restore() {
    "$HASU" restore --detach --bundle "$BUNDLE" --image-path "$IMG" \
        --pid-file "$BATS_TEST_TMPDIR/pid" "$@" "$ID" </dev/null 3>&- >>"$OUT" 2>"$ERR" ||
        fail "restore: $(cat "$ERR")" || return 1
    PID=$(cat "$BATS_TEST_TMPDIR/pid")
}

# refuses TEXT COMMAND...: it fails, and says TEXT.
refuses() {
    local text=$1
    shift
    if "$@" </dev/null 3>&- >"$ERR" 2>&1; then
        fail "succeeds: $*"
    else
        grep -qF -- "$text" "$ERR" || fail "wanted: $text; got: $(cat "$ERR")"
    fi
}

until_true() {
    local i
    for ((i = 0; i < 300; i++)); do
        ! "$@" >/dev/null 2>&1 || return 0
        sleep 0.1
    done
    fail "never came true: $*"
}

is_status() {
    [ "$("$HASU" state "$ID" | jq -r .status)" = "$1" ] || fail "not $1: $("$HASU" state "$ID")"
}

# A program that counts, to standard output.
start_counter() {
    start_init sh -c 'echo ready; i=0; while :; do i=$((i + 1)); echo $i; sleep 0.05; done'
    until_true counted 5
}

count() {
    tail -n 1 "$OUT"
}

counted() {
    [ "$(count)" -ge "$1" ]
}

# Every number once and in turn, whatever happened in between.
counts_on() {
    until_true counted "$(($(count) + 5))"
    # The last line may be half written.
    grep -v ready "$OUT" | head -n -1 >"$BATS_TEST_TMPDIR/counted"
    seq "$(wc -l <"$BATS_TEST_TMPDIR/counted")" | diff - "$BATS_TEST_TMPDIR/counted"
}

@test "a counter goes on counting where it was, with its output, its network and its state" {
    local before flags
    flags=$(grep -w cgroup2 /proc/self/mounts)
    config '.linux.resources.memory.limit = 67108864 | .linux.resources.pids.limit = 50'
    start_counter
    checkpoint
    refuses 'does not exist' "$HASU" state "$ID"
    [ ! -e "/sys/fs/cgroup/$ID" ]
    before=$(count)
    sleep 0.5
    [ "$(count)" = "$before" ]
    restore
    is_status running
    counts_on
    [ "$("$HASU" state "$ID" | jq .pid)" = "$PID" ]
    [ "$(cat "/sys/fs/cgroup/$ID/memory.max")" = 67108864 ]
    [ "$(cat "/sys/fs/cgroup/$ID/pids.max")" = 50 ]
    grep -qx "$PID" "/sys/fs/cgroup/$ID/cgroup.procs"
    exec_in ip addr show lo | grep -q 'inet 127.0.0.1'
    exec_in grep -q ' /proc/kcore .* - devtmpfs ' /proc/self/mountinfo
    [ "$(exec_in wc -c /proc/kcore)" = "0 /proc/kcore" ]
    # CRIU by itself would have reset the options of cgroup v2 for the whole machine.
    [ "$(grep -w cgroup2 /proc/self/mounts)" = "$flags" ]
    "$HASU" pause "$ID"
    is_status paused
    "$HASU" resume "$ID"
    "$HASU" kill "$ID" KILL
    until_true is_status stopped
    "$HASU" delete "$ID"
}

@test "a second checkpoint of what was restored, and a restore under another ID" {
    local other
    start_counter
    checkpoint
    restore
    counts_on
    rm -r "$IMG"
    checkpoint
    other=$ID
    ID=$ID-other
    restore
    counts_on
    [ "$(exec_in cat /proc/1/comm)" = sh ]
    container_teardown
    ID=$other
}

@test "--leave-running: the container is not touched, and can be restored as another" {
    local first=$PID
    start_counter
    first=$PID
    checkpoint --leave-running
    is_status running
    [ "$("$HASU" state "$ID" | jq .pid)" = "$first" ]
    counts_on
    refuses 'already exists' "$HASU" restore --bundle "$BUNDLE" --image-path "$IMG" --detach "$ID"
    counts_on
}

@test "--pre-dump and --parent-path: the second step saves what has changed" {
    local first second
    start_init probe hold 2000
    IMG=$BATS_TEST_TMPDIR/pre checkpoint --pre-dump
    is_status running
    ask_init USR1
    refuses "a path that starts in --image-path" "$HASU" checkpoint --image-path "$IMG" \
        --parent-path "$BATS_TEST_TMPDIR/pre" "$ID"
    refuses "--parent-path '../nothing'" "$HASU" checkpoint --image-path "$IMG" \
        --parent-path ../nothing "$ID"
    checkpoint --parent-path ../pre
    first=$(cat "$BATS_TEST_TMPDIR"/pre/pages-*.img | wc -c)
    second=$(cat "$IMG"/pages-*.img | wc -c)
    [ "$first" -gt 8000000 ] || fail "the first step has $first bytes"
    [ "$second" -lt 1000000 ] || fail "the second step has $second bytes"
    restore
    ask_init USR1 | grep '^pages 2000'
}

# row MODE[+FLAG...] NODES MAPS PAGES: the policy in force and where new pages and old are, before
# and after.
row() {
    policy "$1" "$2"
    start_init probe hold 24 --order
    [ "$(init_maps)" = "maps $3" ] || fail "before: $(init_maps)" || return 1
    checkpoint
    [ "$(jq -r .memoryPolicy.mode "$IMG/hasu.json")" = "${1%%+*}" ]
    restore
    [ "$(init_maps)" = "maps $3" ] || fail "after: $(init_maps)" || return 1
    expect_pages "$4" "$(ask_init USR2)" || fail "new pages" || return 1
    expect_pages "${4/turn/within}" "$(ask_init USR1)" || fail "old pages" || return 1
    [ "$(exec_in probe maps)" = "maps $3" ] || fail "exec: $(exec_in probe maps)" || return 1
    [ "$(jq -c .memoryPolicy.effective "$STATE/$ID/state.json")" = \
        "$(jq -c .memoryPolicy.resolved "$STATE/$ID/state.json")" ]
    container_teardown
    rm -r "$IMG"
}

@test "BIND is in force again, and old and new pages are there" {
    row MPOL_BIND 2 bind:2 'all 2'
    row MPOL_BIND 1,3 bind:1,3 'within 1,3'
}

@test "INTERLEAVE is in force again, and new pages are in turn" {
    row MPOL_INTERLEAVE 1-3 interleave:1-3 'turn 1,2,3'
}

@test "PREFERRED and PREFERRED_MANY are in force again" {
    row MPOL_PREFERRED 3 prefer:3 'all 3'
    row MPOL_PREFERRED_MANY 2 'prefer (many):2' 'all 2'
}

@test "flags are in force again" {
    row MPOL_BIND+MPOL_F_STATIC_NODES 1 bind=static:1 'all 1'
    mems 2-3
    row MPOL_BIND+MPOL_F_RELATIVE_NODES 1 bind=relative:3 'all 3'
}

@test "WEIGHTED_INTERLEAVE is in force again, by the system's weights" {
    local weights=/sys/kernel/mm/mempolicy/weighted_interleave
    echo 3 >"$weights/node1"
    policy MPOL_WEIGHTED_INTERLEAVE 1-2
    start_init probe hold 40
    checkpoint
    restore
    [ "$(init_maps)" = 'maps weighted interleave:1-2' ]
    ask_init USR2 | grep -qx 'fresh 40 1:30 2:10' || fail "new: $(ask_init USR2)"
    # CRIU fills memory in huge pages where those are enabled: such a one has a node as a whole.
    ask_init USR1 | grep -qE '^pages 40( 1:[0-9]+)?( 2:[0-9]+)?$' || fail "old: $(ask_init USR1)"
    echo 0 >"$weights/node1"
}

@test "pages come back to the policy's nodes from wherever they were" {
    # The page cache of busybox is where it was read first: the program's own pages count.
    policy MPOL_BIND 1
    start_init probe hold 24 --order
    expect_pages 'all 1' "$(ask_init USR1)"
    checkpoint
    jq '.memoryPolicy.nodes = "3"' "$IMG/hasu.json" >"$IMG/new"
    mv "$IMG/new" "$IMG/hasu.json"
    restore
    [ "$(init_maps)" = maps\ bind:3 ]
    expect_pages 'all 3' "$(ask_init USR1)"
}

@test "the policy that init has now is kept, not the config's" {
    # The cpuset moved it.
    mems 0-1
    policy MPOL_BIND 0
    start_init probe hold 8 --order
    "$HASU" update --cpuset-mems 2-3 "$ID" 2>/dev/null
    [ "$(init_maps)" = 'maps bind:2' ]
    checkpoint
    mems 2-3
    restore
    [ "$(init_maps)" = 'maps bind:2' ]
    expect_pages 'all 2' "$(ask_init USR2)"
    container_teardown
    rm -r "$IMG"
    # It set another one itself.
    config 'del(.linux.memoryPolicy) | del(.linux.resources.cpu)'
    start_init probe set MPOL_INTERLEAVE 1,3 hold 8 --order
    checkpoint
    restore
    [ "$(init_maps)" = 'maps interleave:1,3' ]
    expect_pages 'turn 1,3' "$(ask_init USR2)"
}

@test "without any policy there is none afterwards, whatever the caller's is" {
    start_init probe hold 8
    checkpoint
    "$PROBE" set MPOL_BIND 3 run "$HASU" restore --detach --bundle "$BUNDLE" --image-path "$IMG" \
        --pid-file "$BATS_TEST_TMPDIR/pid" "$ID" </dev/null 3>&- >>"$OUT" 2>"$ERR"
    PID=$(cat "$BATS_TEST_TMPDIR/pid")
    [ "$(init_maps)" = 'maps default' ]
    [ "$(jq .memoryPolicy "$STATE/$ID/state.json")" = null ]
}

@test "threads with another policy than init's are told of before they lose it" {
    policy MPOL_BIND 1
    start_init sh -c 'probe set MPOL_INTERLEAVE 2-3 hold 4 & wait'
    checkpoint --leave-running
    grep -q "after a restore every thread has init's, 'bind:1'; but thread .* has 'interleave:2-3'" \
        "$ERR" || fail "$(cat "$ERR")"
}

@test "a policy that this host or cpuset cannot have is refused, and nothing is left" {
    policy MPOL_BIND 1
    start_counter
    checkpoint
    mems 2-3
    config 'del(.linux.memoryPolicy)'
    refuses 'memory policy of the image: /linux/memoryPolicy/nodes' "$HASU" restore --detach \
        --bundle "$BUNDLE" --image-path "$IMG" "$ID"
    [ ! -e "$STATE/$ID" ]
    mems 0-3
    jq '.memoryPolicy.nodes = "9"' "$IMG/hasu.json" >"$IMG/new"
    mv "$IMG/new" "$IMG/hasu.json"
    refuses 'node 9 does not exist' "$HASU" restore --detach --bundle "$BUNDLE" \
        --image-path "$IMG" "$ID"
    [ ! -e "$STATE/$ID" ]
    [ ! -e "/sys/fs/cgroup/$ID" ]
}

@test "damaged and hostile images are refused, and nothing is left" {
    local file
    start_counter
    checkpoint
    cp -a "$IMG" "$IMG.whole"
    truncate -s 4096 "$IMG/pages-1.img"
    refuses 'pages-1.img of the image is damaged: it has 4096 bytes' "$HASU" restore --detach \
        --bundle "$BUNDLE" --image-path "$IMG" "$ID"
    for file in core-1.img mountpoints-*.img inventory.img files.img; do
        rm -r "$IMG"
        cp -a "$IMG.whole" "$IMG"
        # shellcheck disable=SC2086 # a pattern
        truncate -s 7 $IMG/$file
        refuses 'CRIU could not restore the container' "$HASU" restore --detach \
            --bundle "$BUNDLE" --image-path "$IMG" "$ID" || fail "$file" || return 1
        [ ! -e "$STATE/$ID" ] || fail "$file: the state" || return 1
        [ ! -e "/sys/fs/cgroup/$ID" ] || fail "$file: the cgroup" || return 1
        ! grep -q "$ID" /proc/self/mountinfo || fail "$file: a mount" || return 1
    done
    rm -r "$IMG"
    cp -a "$IMG.whole" "$IMG"
    echo '{"version": 1, "memoryPolicy": {"mode": "MPOL_BIND", "nodes": "0-4294967295"}}' \
        >"$IMG/hasu.json"
    refuses 'hasu.json of the image is damaged: memoryPolicy/nodes' "$HASU" restore --detach \
        --bundle "$BUNDLE" --image-path "$IMG" "$ID"
    rm "$IMG/hasu.json"
    ln -s /dev/zero "$IMG/hasu.json"
    refuses 'reading hasu.json of the image' "$HASU" restore --detach --bundle "$BUNDLE" \
        --image-path "$IMG" "$ID"
    rm -r "$IMG"
    cp -a "$IMG.whole" "$IMG"
    restore
    counts_on
}

@test "an image without our file, as of another runtime, takes the config's policy" {
    policy MPOL_BIND 2
    start_counter
    checkpoint
    rm "$IMG/hasu.json"
    restore
    counts_on
    [ "$(init_maps)" = 'maps bind:2' ]
}

@test "a restored process has not run when a hook, or the end of restore, says no" {
    local last
    start_counter
    checkpoint
    last=$(count)
    config '.hooks.createRuntime = [{ path: "/bin/bash", args: ["bash", "-c",
        "cat > \($dir)/hook; ip -n x 2>/dev/null; exit 3"] }]' --arg dir "$BATS_TEST_TMPDIR"
    refuses '/hooks/createRuntime/0' "$HASU" restore --detach --bundle "$BUNDLE" \
        --image-path "$IMG" "$ID"
    [ "$(jq -r .status "$BATS_TEST_TMPDIR/hook")" = creating ]
    [ ! -e "$STATE/$ID" ]
    config 'del(.hooks)'
    # Standard output as it was: CRIU compares the lengths of files.
    refuses 'writing pid file' sh -c '"$@" >>"$0"' "$OUT" "$HASU" restore --detach \
        --bundle "$BUNDLE" --image-path "$IMG" --pid-file /nowhere/pid "$ID"
    [ ! -e "$STATE/$ID" ]
    sleep 0.3
    [ "$(count)" = "$last" ]
    restore
    counts_on
}

@test "mounts of the host come back: files, directories with mounts below, behind links" {
    local from=$BATS_TEST_TMPDIR/host
    mkdir -p "$from/tree/below" "$from/dir"
    mount -t tmpfs below "$from/tree/below"
    echo deep >"$from/tree/below/file"
    echo one >"$from/dir/file"
    echo two >"$from/file"
    ln -s /tmp "$BUNDLE/rootfs/var"
    config '.mounts += [
        { destination: "/data", type: "bind", source: ($from + "/tree"), options: ["rbind"] },
        { destination: "/var/dir", type: "bind", source: ($from + "/dir"), options: ["bind", "ro"] },
        { destination: "/etc/file", type: "bind", source: ($from + "/file"), options: ["bind"] },
        { destination: "/scratch", type: "tmpfs", source: "tmpfs" },
        { destination: "/scratch/in", type: "bind", source: ($from + "/dir"), options: ["bind"] }]' \
        --arg from "$from"
    start_counter
    exec_in sh -c 'echo kept >/scratch/own'
    checkpoint
    # As an engine unpacks it elsewhere: the mount points are not there yet.
    rm -r "$BUNDLE/rootfs/data" "$BUNDLE/rootfs/scratch" "$BUNDLE/rootfs/etc/file"
    restore
    counts_on
    [ "$(exec_in cat /data/below/file /tmp/dir/file /etc/file /scratch/in/file /scratch/own)" = \
        $'deep\none\ntwo\none\nkept' ]
    exec_in sh -c '! echo x >/tmp/dir/file' 2>/dev/null
    echo three >"$from/file"
    [ "$(exec_in cat /etc/file)" = three ]
    container_teardown
    umount "$from/tree/below"
}

@test "the socket by which a container notifies its manager comes back, a new one" {
    config '.process.args = ["sh", "-c",
        "i=0; while :; do i=$((i + 1)); echo $i; sleep 0.05; done"]'
    OUT=$BATS_TEST_TMPDIR/out
    NOTIFY_SOCKET="@$ID" "$HASU" create --bundle "$BUNDLE" "$ID" </dev/null >"$OUT" 2>"$ERR" 3>&-
    "$HASU" start "$ID"
    until_true counted 5
    checkpoint
    restore
    counts_on
    [ "$(exec_in stat -c %i /run/notify)" = "$(stat -c %i "$STATE/$ID/notify")" ]
    exec_in sh -c '! echo x >/run/notify/file' 2>/dev/null
    # Its own volume again: a second life is saved like the first.
    checkpoint --leave-running
}

@test "standard output that is a pipe is connected again" {
    local reader
    OUT=$BATS_TEST_TMPDIR/out
    mkfifo "$BATS_TEST_TMPDIR/pipe" "$BATS_TEST_TMPDIR/pipe2"
    cat "$BATS_TEST_TMPDIR/pipe" >"$OUT" 3>&- &
    reader=$!
    config '.process.args = ["sh", "-c",
        "i=0; while :; do i=$((i + 1)); echo $i; sleep 0.05; done"]'
    "$HASU" run --detach --bundle "$BUNDLE" "$ID" </dev/null 2>&1 3>&- | cat >"$BATS_TEST_TMPDIR/pipe" &
    until_true counted 5
    checkpoint
    wait "$reader"
    jq -e '.[1] | test("^pipe:\\[[0-9]+\\]$")' "$IMG/descriptors.json"
    "$HASU" restore --detach --bundle "$BUNDLE" --image-path "$IMG" "$ID" \
        </dev/null 2>&1 3>&- | cat >>"$OUT" &
    until_true is_status running
    counts_on
}

# start_connected EACH: a counter that has a connection to itself, and does EACH at every number.
start_connected() {
    # nc ends when either side has nothing more to say: both have a pipe that stays open.
    start_init sh -c 'mkfifo /tmp/in /tmp/hold
        nc -l -p 7777 </tmp/hold >/tmp/got & exec 6>/tmp/hold
        until grep -q :1E61 /proc/net/tcp /proc/net/tcp6; do sleep 0.1; done
        nc 127.0.0.1 7777 </tmp/in & exec 5>/tmp/in
        until grep -q " 01 " /proc/net/tcp; do sleep 0.1; done
        echo first >&5; until [ -s /tmp/got ]; do sleep 0.1; done
        echo ready; i=0; while :; do i=$((i + 1)); echo $i; '"$1"'; sleep 0.1; done'
    until_true counted 3
}

@test "--tcp-established: a connection inside goes on" {
    start_connected 'echo $i >&5'
    refuses 'CRIU could not checkpoint the container' "$HASU" checkpoint --image-path "$IMG" "$ID"
    is_status running
    counts_on
    rm -r "$IMG"
    checkpoint --tcp-established
    restore --tcp-established
    counts_on
    exec_in sh -c 'n=$(tail -n 1 /tmp/got); until [ "$(tail -n 1 /tmp/got)" != "$n" ]; do sleep 0.1; done'
    exec_in cat /tmp/got | head -n -1 | sed 1d >"$BATS_TEST_TMPDIR/got"
    seq "$(wc -l <"$BATS_TEST_TMPDIR/got")" | diff - "$BATS_TEST_TMPDIR/got"
}

@test "restore --tcp-close: a connection that was kept is closed" {
    start_connected :
    exec_in grep -q ' 01 ' /proc/net/tcp
    checkpoint --tcp-established
    restore --tcp-close
    counts_on
    until_true exec_in sh -c '! grep -q " 01 " /proc/net/tcp /proc/net/tcp6'
}

@test "--file-locks: a lock is held again" {
    # busybox has no flock. The process that took the lock has to live: it is whose the kernel says
    # that it is.
    ldd /usr/bin/flock | grep -o '/[^ ]*' | xargs cp -L --parents -t "$BUNDLE/rootfs" /usr/bin/flock
    start_init sh -c 'flock -x /tmp/lock sh -c "echo ready
        i=0; while :; do i=\$((i + 1)); echo \$i; sleep 0.1; done"; true'
    refuses 'CRIU could not checkpoint the container' "$HASU" checkpoint --image-path "$IMG" "$ID"
    is_status running
    rm -r "$IMG"
    checkpoint --file-locks
    ! flock -n "$BUNDLE/rootfs/tmp/lock" false || fail "the lock is held while nobody runs"
    flock -n "$BUNDLE/rootfs/tmp/lock" true
    restore --file-locks
    ! flock -n "$BUNDLE/rootfs/tmp/lock" true || fail "the lock is not held again"
    counts_on
}

@test "--link-remap: a file that was removed while open comes back" {
    start_init sh -c 'echo kept >/root/gone; ln /root/gone /root/other; exec 7</root/gone
        rm /root/gone; echo ready
        i=0; while :; do i=$((i + 1)); echo $i; sleep 0.1; done'
    refuses 'CRIU could not checkpoint the container' "$HASU" checkpoint --image-path "$IMG" "$ID"
    is_status running
    rm -r "$IMG"
    checkpoint --link-remap
    restore
    counts_on
    [ "$(exec_in cat /proc/1/fd/7)" = kept ]
}

@test "a terminal: its master goes to the console socket again" {
    local i
    config '.process.terminal = true | .process.args = ["sh", "-c",
        "while read -r line; do echo \"got $line on $(tty)\"; done"]'
    witness console "$BATS_TEST_TMPDIR/sock" before </dev/null >"$BATS_TEST_TMPDIR/seen" 3>&- &
    until_true grep -q listening "$BATS_TEST_TMPDIR/seen"
    "$HASU" run --detach --bundle "$BUNDLE" --console-socket "$BATS_TEST_TMPDIR/sock" "$ID" \
        </dev/null 3>&-
    until_true grep -q 'got before on /dev/pts/0' "$BATS_TEST_TMPDIR/seen"
    checkpoint
    rm "$BATS_TEST_TMPDIR/sock"
    witness console "$BATS_TEST_TMPDIR/sock" after </dev/null >"$BATS_TEST_TMPDIR/again" 3>&- &
    until_true grep -q listening "$BATS_TEST_TMPDIR/again"
    OUT=$BATS_TEST_TMPDIR/out
    refuses "a detached container's terminal needs --console-socket" "$HASU" restore --detach \
        --bundle "$BUNDLE" --image-path "$IMG" "$ID"
    restore --console-socket "$BATS_TEST_TMPDIR/sock"
    until_true grep -q 'got after on /dev/pts/0' "$BATS_TEST_TMPDIR/again"
    exec_in sh -c 'echo to-console >/dev/console'
    until_true grep -q to-console "$BATS_TEST_TMPDIR/again"
}

@test "restore in the foreground waits, forwards signals, exits as the container does, and deletes" {
    OUT=$BATS_TEST_TMPDIR/out
    start_init sh -c 'trap "exit 7" TERM; echo ready
        i=0; while :; do i=$((i + 1)); echo $i; sleep 0.05; done'
    until_true counted 3
    checkpoint
    "$HASU" restore --bundle "$BUNDLE" --image-path "$IMG" "$ID" </dev/null >>"$OUT" 2>"$ERR" 3>&- &
    until_true is_status running
    counts_on
    kill -TERM $!
    status=0
    wait $! || status=$?
    [ "$status" -eq 7 ] || fail "$status: $(cat "$ERR")"
    refuses 'does not exist' "$HASU" state "$ID"
}

@test "what exec started is no child of init: the checkpoint says so, and touches nothing" {
    start_counter
    "$HASU" exec --detach "$ID" sleep 1000 </dev/null 3>&-
    refuses "is no descendant of its init, as what \`exec\` starts is not" \
        "$HASU" checkpoint --image-path "$IMG" "$ID"
    counts_on
}

@test "cgroups below the container's come back" {
    config '.mounts |= map(if .type == "cgroup" then .options -= ["ro"] else . end)'
    start_init sh -c 'mkdir /sys/fs/cgroup/sub; echo 0 >/sys/fs/cgroup/sub/cgroup.procs; echo ready
        i=0; while :; do i=$((i + 1)); echo $i; sleep 0.05; done'
    until_true counted 3
    checkpoint
    restore
    counts_on
    [ "$(cat "/proc/$PID/cgroup")" = "0::/$ID/sub" ]
}

@test "a paused container can be checkpointed; it runs when it is restored" {
    start_counter
    "$HASU" pause "$ID"
    checkpoint
    restore
    is_status running
    counts_on
}

@test "a user namespace is refused in words" {
    config '.linux.namespaces += [{ type: "user" }]
        | .linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }]
        | .linux.gidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }]'
    chown -R 100000:100000 "$BUNDLE/rootfs"
    chmod 755 "$BATS_TEST_TMPDIR" "$BUNDLE"
    start_counter
    refuses 'a container with a user namespace cannot be checkpointed' \
        "$HASU" checkpoint --image-path "$IMG" "$ID"
    counts_on
}

@test "a network namespace by path stays where it is, and is joined again" {
    local i
    ip netns add "$ID"
    ip -n "$ID" link set lo up
    ip -n "$ID" address add 10.9.8.7/32 dev lo
    config '.linux.namespaces |= map(if .type == "network" then .path = "/run/netns/" + $id else . end)' \
        --arg id "$ID"
    start_counter
    checkpoint
    restore
    counts_on
    [ "$(readlink "/proc/$PID/ns/net")" = "net:[$(stat -L -c %i "/run/netns/$ID")]" ]
    exec_in ip address show lo | grep -q 10.9.8.7
    container_teardown
    ip netns delete "$ID"
}

@test "--page-server: memory goes there" {
    local server
    mkdir "$BATS_TEST_TMPDIR/served"
    criu page-server -D "$BATS_TEST_TMPDIR/served" --address 127.0.0.1 --port 4567 \
        </dev/null >/dev/null 2>&1 3>&- &
    server=$!
    until_true grep -q :11D7 /proc/net/tcp
    start_counter
    checkpoint --page-server 127.0.0.1:4567
    # The server gives them numbers of its own.
    until_true compgen -G "$BATS_TEST_TMPDIR/served/pages-*.img"
    wait "$server"
    ! compgen -G "$IMG/pages-*.img" || fail "memory is here as well"
    cp "$BATS_TEST_TMPDIR/served"/*.img "$IMG"
    restore
    counts_on
}

@test "--lazy-pages: the container goes on, and its memory follows as it is asked for" {
    local work=$BATS_TEST_TMPDIR/work first=$ID saving pages
    mkdir "$work"
    start_counter
    "$HASU" checkpoint --image-path "$IMG" --lazy-pages --page-server 127.0.0.1:4568 \
        --status-fd 7 "$ID" </dev/null >/dev/null 2>"$ERR.saving" 3>&- 7>"$BATS_TEST_TMPDIR/status" &
    saving=$!
    until_true test -s "$BATS_TEST_TMPDIR/status"
    criu lazy-pages --page-server --address 127.0.0.1 --port 4568 -D "$IMG" -W "$work" -o lazy.log \
        </dev/null >/dev/null 2>&1 3>&- &
    pages=$!
    until_true test -S "$work/lazy-pages.socket"
    # Until all has come the first one is there.
    ID=$first-lazy
    restore --lazy-pages --work-path "$work"
    counts_on
    wait "$pages" || fail "lazy-pages: $(tail -n 5 "$work/lazy.log")"
    wait "$saving" || fail "checkpoint: $(cat "$ERR.saving")"
    refuses 'does not exist' "$HASU" state "$first"
    counts_on
    container_teardown
    ID=$first
}
