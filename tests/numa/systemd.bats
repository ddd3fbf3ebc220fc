# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2016,SC2030,SC2031 # programs of containers, filters of jq; tests are subshells
#
# --systemd-cgroup, on a machine that systemd runs: a container is a transient scope, systemd knows
# its limits, and forgets it. systemctl and the kernel are asked, not hasu.
#
# lab-topologies: four-nodes
# lab-kernels: 6.12
# lab-needs: systemd

load container
load scope

bats_require_minimum_version 1.5.0

setup() {
    scope_setup
    SCOPE=/sys/fs/cgroup/system.slice/$UNIT
}

teardown() {
    scope_teardown
}

# property NAME: of the unit.
property() {
    systemctl show --property "$1" --value -- "$UNIT"
}

# holds FILE TEXT...: files of the scope.
holds() {
    while [ $# -gt 0 ]; do
        [ "$(cat "$SCOPE/$1")" = "$2" ] ||
            fail "$1 holds '$(cat "$SCOPE/$1")', wanted '$2'" || return 1
        shift 2
    done
}

# The unit, and with it its cgroup, is gone or goes by itself: systemd does that in a moment.
unit_gone() {
    local i
    for ((i = 0; i < 300; i++)); do
        if [ -z "$(systemctl list-units --all --plain --no-legend -- "$UNIT")" ]; then
            [ ! -e "$SCOPE" ] || fail "systemd has forgotten $UNIT, and $SCOPE is there" || return 1
            return 0
        fi
        sleep 0.1
    done
    fail "unit $UNIT is $(property ActiveState)"
}

nothing_left() {
    unit_gone || return 1
    [ ! -e "/run/hasu/$ID" ] || fail "/run/hasu/$ID is left"
}

up() {
    start_init probe hold 1
}

@test "a container is a scope, in system.slice, with its name" {
    config '.hooks.createRuntime = [{ path: "/bin/cp", args: ["cp", $from, $to] }]' \
        --arg from "$SCOPE/cgroup.procs" --arg to "$BATS_TEST_TMPDIR/procs"
    up
    shows ActiveState=active Slice=system.slice Delegate=yes CollectMode=inactive-or-failed \
        DefaultDependencies=no "Description=hasu container $ID"
    is "$(init_cgroup)" "$SCOPE"
    # Nobody else is in it; who held the place is gone before a hook of ours runs.
    holds cgroup.procs "$PID"
    is "$(cat "$BATS_TEST_TMPDIR/procs")" "$PID"
    is "$("$HASU" state "$ID" | jq -r .status)" running
    "$HASU" kill "$ID" KILL
    unit_gone
    "$HASU" delete --force "$ID"
    nothing_left
}

@test "slice:prefix:name names the slice and the scope" {
    UNIT=pod-one.scope
    SCOPE=/sys/fs/cgroup/lab.slice/lab-pods.slice/$UNIT
    config '.linux.cgroupsPath = "lab-pods.slice:pod:one"'
    up
    shows Slice=lab-pods.slice
    is "$(init_cgroup)" "$SCOPE"
    "$HASU" delete --force "$ID"
    nothing_left
}

@test "an empty slice is the usual one, and so is an empty prefix" {
    UNIT=-one.scope
    SCOPE=/sys/fs/cgroup/system.slice/$UNIT
    config '.linux.cgroupsPath = "::one"'
    up
    is "$(init_cgroup)" "$SCOPE"
    "$HASU" delete --force "$ID"
    nothing_left
}

@test "other forms of cgroupsPath are refused" {
    local path
    for path in /a/b a:b:c:d system:x:y a--b.slice:x:y system.slice:x:y.slice system.slice:x:y+z; do
        config '.linux.cgroupsPath = $path' --arg path "$path"
        run "$HASU" run -b "$BUNDLE" "$ID"
        [ "$status" -ne 0 ] || fail "'$path' is taken"
        has "$output" "/linux/cgroupsPath: '"
    done
    nothing_left
}

@test "limits are properties of the unit and in force in its files" {
    config '.linux.resources = { memory: { limit: 67108864, reservation: 33554432, swap: 67108864 },
        cpu: { shares: 512, quota: 33333, period: 100000, cpus: "0-1", mems: "1-2" },
        pids: { limit: 50 }, unified: { "memory.high": "60M" } }'
    up
    shows MemoryMax=67108864 MemoryLow=33554432 MemorySwapMax=0 MemoryHigh=62914560 \
        CPUQuotaPerSecUSec=340ms CPUQuotaPeriodUSec=100ms AllowedCPUs=0-1 AllowedMemoryNodes=1-2 \
        TasksMax=50
    holds memory.max 67108864 memory.high 62914560 cpu.max "33333 100000"
    is "$(cat "$SCOPE/cpu.weight")" "$(property CPUWeight)"
    holds cpuset.mems.effective 1-2 pids.max 50
}

@test "the limit of memory holds: who takes more is killed" {
    config '.linux.resources.memory = { limit: 33554432, swap: 33554432 }'
    run_init probe eat 64
    [ "$status" -eq 137 ] || fail "status $status: $output"
    unit_gone
}

@test "the limit of processes holds, and one of 1 or 0 lets init live" {
    local limit
    for limit in 3 1 0; do
        config '.linux.resources.pids.limit = $limit' --argjson limit "$limit"
        run_init sh -c 'for i in 1 2 3 4 5; do sleep 60 & done; wait'
        has "$output" "can't fork"
        unit_gone || return 1
    done
}

@test "the memory policy is set inside the scope's cpuset" {
    mems 2-3
    policy MPOL_BIND 3
    up
    is "$(init_maps)" "maps bind:3"
    run_init_pages=$(exec_in probe pages 8 --order)
    expect_pages "all 3" "$run_init_pages"
    "$HASU" delete --force "$ID"
    nothing_left
    policy MPOL_INTERLEAVE 2,3
    run_init probe pages 8 --order
    is "$status" 0
    expect_pages "turn 2,3" "$output"
}

@test "pages are on the node of BIND under AllowedMemoryNodes, and daemon-reload moves none" {
    mems 1-2
    policy MPOL_BIND 2
    start_init probe hold 8 --order
    expect_pages "all 2" "$(grep '^order' "$OUT")"
    systemctl daemon-reload
    holds cpuset.mems.effective 1-2
    is "$(init_maps)" "maps bind:2"
    expect_pages "all 2" "$(ask_init USR1)"
}

@test "daemon-reload and changes of others leave every limit as it is" {
    config '.linux.resources = { memory: { limit: 67108864, reservation: 33554432, swap: 100663296 },
        cpu: { shares: 512, quota: 30000, period: 100000, cpus: "0-1", mems: "1-2", burst: 1000 },
        pids: { limit: 50 }, unified: { "memory.high": "\t60M ", "memory.min": "1M" },
        devices: [{ allow: true, type: "c", major: 1, minor: 3, access: "rw" }] }'
    up
    limits() {
        (cd "$SCOPE" && grep -H . memory.max memory.low memory.min memory.high memory.swap.max \
            cpu.max cpu.max.burst cpu.weight cpuset.cpus cpuset.mems pids.max)
    }
    before=$(limits)
    systemctl daemon-reload
    systemctl set-property --runtime system.slice CPUWeight=200 MemoryHigh=infinity
    systemd-run --quiet --wait -p CPUQuota=50% -p MemoryMax=64M -p AllowedCPUs=0 true
    systemctl set-property --runtime -- "$UNIT" IOAccounting=yes
    is "$(limits)" "$before"
    # The device program, too: no disk can be opened even by root with CAP_MKNOD.
    run exec_in sh -c 'echo x >/dev/null && echo null'
    is "$output" null
}

@test "device rules stay in force after daemon-reload" {
    config '.process.capabilities.bounding += ["CAP_MKNOD"]
        | .process.capabilities.effective += ["CAP_MKNOD"]
        | .process.capabilities.permitted += ["CAP_MKNOD"] | .root.readonly = false'
    up
    systemctl daemon-reload
    # 1:5 is /dev/zero, which the defaults have. Nobody has a driver for 60: if it were allowed it would
    # only not be there.
    run exec_in sh -c 'mknod /tmp/other c 60 1; mknod /tmp/zero c 1 5
        head -c 1 /tmp/zero >/dev/null && echo zero; head -c 1 /tmp/other >/dev/null'
    has "$output" zero
    has "$output" "/tmp/other: Operation not permitted"
}

@test "hugetlb, of which systemd knows nothing, is passed on to the scope" {
    config '.linux.resources.hugepageLimits = [{ pageSize: "2MB", limit: 4194304 }]'
    up
    holds hugetlb.2MB.max 4194304
    systemctl daemon-reload
    holds hugetlb.2MB.max 4194304
}

@test "annotations are properties" {
    config '.annotations = { "org.systemd.property.TimeoutStopSec": "uint64 123",
        "org.systemd.property.CollectMode": "'"'inactive'"'",
        "org.systemd.property.Description": "\"one \\\"of\\\" many\"",
        "org.systemd.property.CPUWeight": "uint64 77",
        "org.systemd.property.Documentation": "['"'man:a(1)', 'man:b(2)'"']",
        "org.systemd.property.RuntimeMaxSec": "double 7200.5" }'
    up
    shows "TimeoutStopUSec=2min 3s" CollectMode=inactive 'Description=one "of" many' \
        CPUWeight=77
    holds cpu.weight 77
    shows 'Documentation="man:a(1)" "man:b(2)"' "RuntimeMaxUSec=2h 500ms"
}

@test "an annotation that is wrong is refused, by us or by systemd, and nothing is left" {
    config '.annotations = { "org.systemd.property.CPUWeight": "77 and more" }'
    run_init true
    is "$status" 1
    has "$output" "/annotations/org.systemd.property.CPUWeight: 'and more' follows the value"
    config '.annotations = { "org.systemd.property.NoSuchThing": "true" }'
    run_init true
    is "$status" 1
    has "$output" "starting $UNIT: systemd refuses: Cannot set property NoSuchThing"
    config '.annotations = { "org.systemd.property.PIDs": "[uint32 1]" }'
    run_init true
    is "$status" 1
    has "$output" "the runtime sets PIDs itself"
    nothing_left
}

@test "update changes properties and files, and daemon-reload keeps that" {
    config '.linux.resources.cpu.mems = "0-3"'
    policy MPOL_BIND 0-1
    up
    "$HASU" update --memory 64M --memory-swap 64M --cpu-quota 12345 --cpu-period 50000 \
        --pids-limit 33 --cpuset-mems 1-2 "$ID"
    for reload in '' yes; do
        [ -z "$reload" ] || systemctl daemon-reload
        shows MemoryMax=67108864 TasksMax=33 AllowedMemoryNodes=1-2 CPUQuotaPerSecUSec=250ms
        holds memory.max 67108864 pids.max 33 cpuset.mems.effective 1-2
        is "$(init_maps)" "maps bind:1-2"
    done
    "$HASU" update --cpu-idle 1 "$ID"
    holds cpu.idle 1
    shows CPUWeight=idle
    systemctl daemon-reload
    holds cpu.idle 1
    "$HASU" update --cpu-idle 0 "$ID"
    systemctl daemon-reload
    is "$(cat "$SCOPE/cpu.idle") $(cat "$SCOPE/cpu.weight")" "0 100"
}

@test "what the kernel keeps exactly is not rounded by an update of something else" {
    config '.linux.resources.cpu = { quota: 33333, period: 100000 }'
    up
    "$HASU" update --cpu-share 2048 "$ID"
    holds cpu.max "33333 100000"
    is "$(cat "$SCOPE/cpu.weight")" "$(property CPUWeight)"
}

# Without BFQ it is the weight of another kind that the cgroup has; of both systemd keeps one number.
@test "a weight of I/O is in force, in whichever file there is, and daemon-reload leaves it" {
    local before
    weights() {
        local file
        for file in "$SCOPE/io.weight" "$SCOPE/io.bfq.weight"; do
            [ ! -e "$file" ] || echo "${file##*/} $(grep default "$file")"
        done
    }
    config '.linux.resources.blockIO.weight = 500'
    up
    before=$(weights)
    has "$before" "io.weight default "
    [ "$before" != "io.weight default 100" ] || fail "no weight was written"
    systemctl daemon-reload
    is "$(weights)" "$before"
    "$HASU" update --blkio-weight 300 "$ID"
    [ "$(weights)" != "$before" ] || fail "the update changed nothing"
    before=$(weights)
    systemctl daemon-reload
    is "$(weights)" "$before"
}

@test "an update that systemd refuses leaves the files as they were" {
    local before
    config '.linux.resources.memory.limit = 67108864'
    up
    before=$(cat "$SCOPE/memory.max" "$SCOPE/pids.max")
    mv /usr/local/libexec/hasu-systemd /usr/local/libexec/away
    run "$HASU" update --memory 32M --pids-limit 5 "$ID"
    mv /usr/local/libexec/away /usr/local/libexec/hasu-systemd
    is "$status" 1
    has "$output" "/usr/local/libexec/hasu-systemd"
    is "$(cat "$SCOPE/memory.max" "$SCOPE/pids.max")" "$before"
}

# A program in the place of the one that speaks to systemd: it waits, and gives no answer.
@test "an update that a signal is to end while systemd is asked leaves files and properties alike" {
    local helper=/usr/local/libexec/hasu-systemd i update
    config '.linux.resources.memory.limit = 67108864'
    up
    printf '#!/bin/sh\n>%s/asked\nwhile [ ! -e %s/go ]; do sleep 0.1; done\n' \
        "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR" >"$BATS_TEST_TMPDIR/helper"
    chmod 755 "$BATS_TEST_TMPDIR/helper"
    mount --bind "$BATS_TEST_TMPDIR/helper" "$helper"
    "$HASU" update --memory 128M "$ID" </dev/null >"$OUT" 2>&1 3>&- &
    update=$!
    for ((i = 0; i < 3000; i++)); do
        [ ! -e "$BATS_TEST_TMPDIR/asked" ] || break
        sleep 0.1
    done
    kill -TERM "$update"
    : >"$BATS_TEST_TMPDIR/go"
    i=0
    wait "$update" || i=$?
    umount "$helper"
    is "$i" 1
    has "$(<"$OUT")" 'gave no answer'
    shows MemoryMax=67108864
    holds memory.max 67108864
}

@test "exec, ps, pause, resume and kill are about the scope's cgroup" {
    up
    is "$(exec_in cat /proc/self/cgroup)" "$(sed 's,^0::.*,0::/,' "/proc/$PID/cgroup")"
    "$HASU" exec -d "$ID" sleep 1000
    is "$("$HASU" ps --format json "$ID" | jq -c 'length')" 2
    "$HASU" pause "$ID"
    is "$(sed -n 's/^frozen //p' "$SCOPE/cgroup.events")" 1
    systemctl daemon-reload
    is "$("$HASU" state "$ID" | jq -r .status)" paused
    "$HASU" resume "$ID"
    is "$("$HASU" state "$ID" | jq -r .status)" running
    "$HASU" kill --all "$ID" KILL
    unit_gone
    "$HASU" delete "$ID"
    nothing_left
}

@test "a container that is frozen, and has cgroups of its own, can be deleted" {
    up
    mkdir -p "$SCOPE/a/b"
    "$HASU" pause "$ID"
    "$HASU" delete --force "$ID"
    nothing_left
}

@test "a state remembers the unit: delete and update need no --systemd-cgroup" {
    up
    "$HASU_PROGRAM" update --pids-limit 44 "$ID"
    shows TasksMax=44
    # One that names another's unit stops nothing.
    cp "/run/hasu/$ID/state.json" "$BATS_TEST_TMPDIR/state"
    jq '.cgroup.unit = "lab.scope"' "$BATS_TEST_TMPDIR/state" >"/run/hasu/$ID/state.json"
    run "$HASU_PROGRAM" delete "$ID"
    has "$output" "the saved state has '/system.slice/$UNIT' as the cgroup of lab.scope"
    cp "$BATS_TEST_TMPDIR/state" "/run/hasu/$ID/state.json"
    "$HASU_PROGRAM" delete --force "$ID"
    nothing_left
}

@test "a create that fails leaves no unit" {
    config '.process.args = ["/no/such/program"]'
    run "$HASU" run -b "$BUNDLE" "$ID"
    [ "$status" -ne 0 ]
    nothing_left || return 1
    config '.process.args = ["true"] | .hooks.createRuntime = [{ path: "/bin/false" }]'
    run "$HASU" create -b "$BUNDLE" "$ID"
    [ "$status" -ne 0 ]
    nothing_left || return 1
    config 'del(.hooks) | .linux.resources.cpu.mems = "0" | .linux.memoryPolicy = {
        mode: "MPOL_BIND", nodes: "3" }'
    run "$HASU" create -b "$BUNDLE" "$ID"
    [ "$status" -ne 0 ]
    nothing_left
}

@test "a unit of another is left alone" {
    systemd-run --quiet --scope --unit "$UNIT" sleep 1000 &
    for ((i = 0; i < 100; i++)); do
        [ "$(property ActiveState)" != active ] || break
        sleep 0.1
    done
    config '.process.args = ["true"]'
    run "$HASU" run -b "$BUNDLE" "$ID"
    is "$status" 1
    has "$output" "systemd has a unit $UNIT already, and it is active"
    shows ActiveState=active
    [ ! -e "/run/hasu/$ID" ]
    systemctl stop -- "$UNIT"
}

@test "a unit that has the name of a container which has ended is left alone" {
    local i
    config '.process.args = ["true"]'
    "$HASU" create -b "$BUNDLE" "$ID" </dev/null 3>&-
    "$HASU" start "$ID"
    unit_gone
    systemd-run --quiet --scope --unit "$UNIT" sleep 1000 </dev/null >/dev/null 2>&1 3>&- &
    for ((i = 0; i < 300; i++)); do
        ! grep -q . "$SCOPE/cgroup.procs" 2>/dev/null || break
        sleep 0.1
    done
    "$HASU" kill --all "$ID" KILL || true
    "$HASU" delete "$ID"
    is "$(property ActiveState)" active
    grep -q . "$SCOPE/cgroup.procs"
    systemctl stop -- "$UNIT"
    nothing_left
}

@test "a scope in a frozen slice would stop for ever: create says so, and nothing is left" {
    local slice=/sys/fs/cgroup/hasufrozen.slice
    config '.linux.cgroupsPath = "hasufrozen.slice:hasu:" + $id' --arg id "$ID"
    SCOPE=$slice/$UNIT
    systemctl start hasufrozen.slice
    echo 1 >"$slice/cgroup.freeze"
    run -1 timeout 60 "$HASU" create -b "$BUNDLE" "$ID" 3>&-
    has "$output" "cgroup '/hasufrozen.slice/$UNIT' lies in one that is frozen: nothing in it would run"
    echo 0 >"$slice/cgroup.freeze"
    nothing_left
    systemctl stop hasufrozen.slice
}

@test "the name of a container that has just ended can be used again at once" {
    config '.process.args = ["true"]'
    for i in 1 2 3 4 5; do
        "$HASU" run -b "$BUNDLE" "$ID" || fail "run $i" || return 1
    done
    nothing_left
}

@test "one that is killed in the middle of create leaves no unit" {
    config '.hooks.createRuntime = [{ path: "/bin/sleep", args: ["sleep", "100"] }]'
    "$HASU" create -b "$BUNDLE" "$ID" &
    for ((i = 0; i < 300; i++)); do
        # The file's size is 0, whatever it holds.
        [ -z "$(cat "$SCOPE/cgroup.procs" 2>/dev/null)" ] ||
            [ "$(jq .cgroup.made "/run/hasu/$ID/state.json")" != true ] || break
        sleep 0.1
    done
    kill -KILL $!
    wait $! || true
    "$HASU" delete --force "$ID"
    nothing_left
}

# A container whose unit systemd has ended itself, and keeps as failed.
failed_unit() {
    config '.process.args = ["sleep", "1000"]
        | .annotations = { "org.systemd.property.RuntimeMaxSec": "1",
            "org.systemd.property.CollectMode": "'"'inactive'"'" }'
    "$HASU" run -d -b "$BUNDLE" "$ID" </dev/null 3>&-
    for ((i = 0; i < 300; i++)); do
        [ "$(property ActiveState)" != failed ] || break
        sleep 0.1
    done
    is "$(property ActiveState)" failed
}

@test "a failed unit that was left is no hindrance" {
    failed_unit
    rm -rf "/run/hasu/$ID"
    config 'del(.annotations) | .process.args = ["true"]'
    "$HASU" run -b "$BUNDLE" "$ID"
    nothing_left
}

@test "delete of a failed unit makes systemd forget it" {
    failed_unit
    "$HASU" delete --force "$ID"
    nothing_left
}

@test "the program that speaks to systemd is found by its path alone" {
    mkdir -p "$BATS_TEST_TMPDIR/bin"
    printf '#!/bin/sh\ntouch %s/called\n' "$BATS_TEST_TMPDIR" >"$BATS_TEST_TMPDIR/bin/hasu-systemd"
    chmod 755 "$BATS_TEST_TMPDIR/bin/hasu-systemd"
    mv /usr/local/libexec/hasu-systemd /usr/local/libexec/away
    config '.process.args = ["true"]'
    PATH=$BATS_TEST_TMPDIR/bin:$PATH run "$HASU" run -b "$BUNDLE" "$ID"
    mv /usr/local/libexec/away /usr/local/libexec/hasu-systemd
    is "$status" 1
    has "$output" "needs the program '/usr/local/libexec/hasu-systemd'"
    [ ! -e "$BATS_TEST_TMPDIR/called" ]
    nothing_left
}

@test "without a bus daemon root's way is systemd's own socket" {
    config '.process.args = ["true"]'
    systemctl stop dbus.socket dbus.service
    run "$HASU" run -b "$BUNDLE" "$ID"
    systemctl start dbus.socket
    is "$status" 0
    nothing_left
}

# as_user COMMAND...: as one who has logged in runs it: in a cgroup of the system's manager, beside
# that of their own. A shell, for the words in between.
as_user() {
    systemd-run --quiet --pipe --wait --uid=1000 --gid=1000 --slice=user-1000.slice \
        -p WorkingDirectory=/home/lab -E XDG_RUNTIME_DIR=/run/user/1000 -E HOME=/home/lab \
        -- "$@" </dev/null
}

user_setup() {
    mkdir -p /home/lab
    rm -rf /home/lab/bundle
    cp -a "$BUNDLE" /home/lab/bundle
    rm /home/lab/bundle/config.json
    chown -R 1000:1000 /home/lab
    systemctl start user@1000.service
    as_user "$HASU_PROGRAM" spec --rootless -b /home/lab/bundle
    BUNDLE=/home/lab/bundle
    config '.process.terminal = false'
    SCOPE="/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/user.slice/$UNIT"
}

# The same for a user's unit.
user_unit_gone() {
    local i
    for ((i = 0; i < 300; i++)); do
        if [ -z "$(as_user systemctl --user list-units --all --plain --no-legend "$UNIT")" ] &&
            [ ! -e "$SCOPE" ] && [ ! -e "/run/user/1000/hasu/$ID" ]; then
            return 0
        fi
        sleep 0.1
    done
    fail "$UNIT, its cgroup or its state is left"
}

@test "an ordinary user's container is a scope of their own systemd" {
    local shown
    user_setup
    config '.process.args = ["sleep", "1000"] | .linux.resources = { pids: { limit: 50 },
        memory: { limit: 67108864 }, cpu: { mems: "1-2", quota: 20000, period: 100000 } }
        | .linux.memoryPolicy = { mode: "MPOL_BIND", nodes: "2" }
        | .annotations = { "org.systemd.property.Description": "'"'mine'"'" }'
    as_user "$HASU_PROGRAM" --systemd-cgroup run -d --pid-file /home/lab/pid -b "$BUNDLE" "$ID"
    PID=$(cat /home/lab/pid)
    is "$(init_cgroup)" "$SCOPE"
    holds cgroup.procs "$PID" memory.max 67108864 pids.max 50 cpuset.mems.effective 1-2 \
        cpu.max "20000 100000"
    is "$(init_maps)" "maps bind:2"
    shown=$(as_user systemctl --user show -p Slice -p AllowedMemoryNodes -p MemoryMax -p Description \
        "$UNIT")
    for line in Slice=user.slice AllowedMemoryNodes=1-2 MemoryMax=67108864 Description=mine; do
        grep -Fxq "$line" <<<"$shown" || fail "$line is not in $shown" || return 1
    done
    # What exec makes is moved by the user's systemd, as init was.
    is "$(as_user "$HASU_PROGRAM" exec "$ID" sh -c 'cat /proc/self/cgroup')" \
        "$(as_user cat "/proc/$PID/cgroup" | sed 's,^0::.*,0::/,')"
    as_user "$HASU_PROGRAM" exec -d "$ID" sleep 1000
    is "$(wc -l <"$SCOPE/cgroup.procs")" 2
    # Where the container has cgroups of its own there is room beside its init alone.
    mkdir "$SCOPE/below"
    while read -r pid; do
        echo "$pid" >"$SCOPE/below/cgroup.procs"
    done < <(cat "$SCOPE/cgroup.procs")
    echo +pids >"$SCOPE/cgroup.subtree_control"
    as_user "$HASU_PROGRAM" exec -d "$ID" sleep 1000
    is "$(wc -l <"$SCOPE/below/cgroup.procs")" 3
    as_user "$HASU_PROGRAM" update --pids-limit 40 --cpuset-mems 2 "$ID"
    as_user systemctl --user daemon-reload
    holds pids.max 40 cpuset.mems.effective 2 memory.max 67108864
    as_user "$HASU_PROGRAM" pause "$ID"
    is "$(sed -n 's/^frozen //p' "$SCOPE/cgroup.events")" 1
    as_user "$HASU_PROGRAM" delete --force "$ID"
    user_unit_gone
}

@test "root of a user namespace is an ordinary user, too, and has their systemd" {
    user_setup
    config '.process.args = ["cat", "/proc/self/cgroup"] | .linux.uidMappings[0].hostID = 0
        | .linux.gidMappings[0].hostID = 0 | .linux.namespaces |= map(select(.type != "cgroup"))'
    run as_user unshare --map-root-user "$HASU_PROGRAM" --systemd-cgroup run -b "$BUNDLE" "$ID"
    [ "$status" -eq 0 ] || fail "$output"
    is "$output" "0::${SCOPE#/sys/fs/cgroup}"
    user_unit_gone
}

@test "an ordinary user's create that fails leaves nothing, and says whose systemd is missing" {
    user_setup
    config '.process.args = ["/no/such/program"]'
    run as_user "$HASU_PROGRAM" --systemd-cgroup run -b "$BUNDLE" "$ID"
    [ "$status" -ne 0 ]
    user_unit_gone || return 1
    run as_user env -u XDG_RUNTIME_DIR "$HASU_PROGRAM" --root /home/lab/root --systemd-cgroup run \
        -b "$BUNDLE" "$ID"
    has "$output" "neither XDG_RUNTIME_DIR nor DBUS_SESSION_BUS_ADDRESS is set"
    run as_user env XDG_RUNTIME_DIR=/home/lab "$HASU_PROGRAM" --systemd-cgroup run -b "$BUNDLE" "$ID"
    has "$output" "connecting to the D-Bus of this user"
    is "$(find /home/lab/hasu /home/lab/root -mindepth 1)" ""
    # A controller that was not delegated is said, not done without.
    config '.process.args = ["true"] | .linux.resources.hugepageLimits =
        [{ pageSize: "2MB", limit: 2097152 }]'
    run as_user "$HASU_PROGRAM" --systemd-cgroup run -b "$BUNDLE" "$ID"
    [ "$status" -ne 0 ]
    has "$output" "has no controller hugetlb, which linux.resources needs"
    user_unit_gone
}
