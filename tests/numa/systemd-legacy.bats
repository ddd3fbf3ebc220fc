# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2016,SC2030,SC2031 # programs of containers, filters of jq; tests are subshells
#
# --systemd-cgroup where systemd runs cgroup v1: the scope is in systemd's own hierarchies, and the
# runtime makes the container's directory in the others. systemctl and the kernel are asked, not hasu.
#
# lab-topologies: four-nodes
# lab-kernels: 6.1
# lab-needs: legacy

load container
load scope

bats_require_minimum_version 1.5.0

setup() {
    scope_setup
}

teardown() {
    scope_teardown
}

@test "a container is a scope, and has its path in every hierarchy; all of it goes" {
    local before
    # In those that systemd does not use.
    rest() { find /sys/fs/cgroup/{cpuset,freezer,hugetlb,net_cls,perf_event}/ -type d; }
    before=$(rest)
    up
    shows ActiveState=active Slice=system.slice Delegate=yes "Description=hasu container $ID"
    expect_everywhere
    grep -q ':cpuset:/' "/proc/$PID/cgroup"
    grep -q ':freezer:/' "/proc/$PID/cgroup"
    "$HASU" delete --force "$ID"
    nothing_left
    is "$(rest)" "$before"
}

@test "limits are in force in their files, properties where systemd has them, and daemon-reload leaves them" {
    config '.linux.resources = { memory: { limit: 67108864, reservation: 33554432, swap: 100663296 },
        cpu: { shares: 500, quota: 30000, period: 100000, cpus: "0-1", mems: "1-2" },
        pids: { limit: 50 }, hugepageLimits: [{ pageSize: "2MB", limit: 4194304 }],
        devices: [{ allow: true, type: "c", major: 4, minor: 64, access: "rw" }] }'
    up
    systemctl daemon-reload
    systemctl set-property --runtime system.slice CPUShares=2000 MemoryAccounting=yes
    systemctl set-property --runtime -- "$UNIT" IOAccounting=yes
    shows MemoryLimit=67108864 CPUShares=500 CPUQuotaPerSecUSec=300ms CPUQuotaPeriodUSec=100ms \
        TasksMax=50 DevicePolicy=strict "DeviceAllow=/dev/char/4:64 rw"
    holds memory.limit_in_bytes 67108864 memory.memsw.limit_in_bytes 100663296 \
        memory.soft_limit_in_bytes 33554432 cpu.shares 500 cpu.cfs_quota_us 30000 \
        cpu.cfs_period_us 100000 cpuset.cpus 0-1 cpuset.mems 1-2 pids.max 50 \
        hugetlb.2MB.limit_in_bytes 4194304
    grep -Fxq 'c 4:64 rw' "$(file devices.list)"
    run ! grep -q '^a' "$(file devices.list)"
}

@test "the limit of memory holds: who takes more is killed" {
    config '.linux.resources.memory = { limit: 33554432, swap: 33554432 }'
    run_init probe eat 64
    [ "$status" -eq 137 ] || fail "status $status: $output"
    nothing_left
}

@test "the limit of processes holds, and one of 1 or 0 lets init live" {
    local limit
    for limit in 3 1 0; do
        config '.linux.resources.pids.limit = $limit' --argjson limit "$limit"
        run_init sh -c 'for i in 1 2 3 4 5; do sleep 60 & done; wait'
        has "$output" "can't fork" || return 1
    done
    nothing_left
}

@test "device rules hold, also when systemd writes all of them anew, and no annotation widens them" {
    local turn
    config '.process.capabilities.bounding += ["CAP_MKNOD"]
        | .process.capabilities.effective += ["CAP_MKNOD"]
        | .process.capabilities.permitted += ["CAP_MKNOD"] | .root.readonly = false
        | .linux.resources.devices = [{ allow: true, type: "c", major: 60, minor: 2, access: "rw" }]
        | .annotations = { "org.systemd.property.DevicePolicy": "'"'auto'"'",
            "org.systemd.property.DeviceAllow": "[('"'/dev/char/60:1', 'rwm'"')]" }'
    up
    for turn in made reloaded anew; do
        case $turn in
        reloaded) systemctl daemon-reload ;;
        anew)
            # What a unit's devices are systemd writes at the start, and when one more is allowed.
            systemctl set-property --runtime -- "$UNIT" "DeviceAllow=/dev/char/60:3 r"
            shows "DeviceAllow=/dev/char/60:3 r"
            grep -Fxq 'c 60:3 r' "$(file devices.list)"
            ;;
        esac
        # 1:5 is /dev/zero, which the defaults have. Nobody has a driver for 60, so that what may be
        # opened is not there; what would need a capability as well, /dev/mem, would always be refused.
        run exec_in sh -c 'cd /tmp && rm -f zero annotated allowed && mknod zero c 1 5
            mknod annotated c 60 1; mknod allowed c 60 2
            for i in zero annotated allowed; do head -c 1 $i >/dev/null && echo $i; done'
        has "$output" zero || return 1
        has "$output" "allowed: No such device or address" || return 1
        has "$output" "annotated: Operation not permitted" || return 1
    done
}

@test "device rules that systemd would undo are refused, and nothing is left" {
    config '.linux.resources.devices = [{ allow: true, access: "rwm" },
        { allow: false, type: "c", major: 1, minor: 1, access: "rwm" }]'
    run_init true
    is "$status" 1
    has "$output" "/linux/resources/devices: of cgroup v1 systemd can be told which devices are allowed"
    nothing_left
}

@test "the memory policy is set inside the container's cpuset" {
    mems 2-3
    policy MPOL_BIND 3
    start_init probe hold 8 --order
    expect_pages "all 3" "$(grep '^order' "$OUT")"
    systemctl daemon-reload
    is "$(init_maps)" "maps bind:3"
    expect_pages "all 3" "$(exec_in probe pages 8 --order)"
    "$HASU" placement "$ID" >/dev/null
    "$HASU" update --cpuset-mems 1-2 "$ID"
    is "$("$HASU" state "$ID" | jq -r .status)" running
    holds cpuset.mems 1-2
}

@test "update changes files and properties, and daemon-reload keeps that" {
    config '.linux.resources.cpu = { quota: 33333, period: 100000 }'
    up
    "$HASU_PROGRAM" update --memory 64M --memory-swap 64M --cpu-share 700 --pids-limit 33 "$ID"
    shows MemoryLimit=67108864 TasksMax=33 CPUShares=700 CPUQuotaPerSecUSec=340ms
    # What the kernel keeps exactly is not rounded by an update of something else.
    holds memory.limit_in_bytes 67108864 pids.max 33 cpu.shares 700 cpu.cfs_quota_us 33333
    "$HASU" update --cpu-quota 12345 --cpu-period 50000 "$ID"
    systemctl daemon-reload
    shows CPUQuotaPerSecUSec=250ms CPUQuotaPeriodUSec=50ms
    holds memory.limit_in_bytes 67108864 pids.max 33 cpu.shares 700 cpu.cfs_period_us 50000
}

@test "an update of device rules takes none of them away in between, and daemon-reload keeps it" {
    local i
    start_init sh -c 'trap "exit 0" TERM; echo ready
        while :; do { : </dev/null; } 2>/dev/null || echo refused; done'
    for ((i = 0; i < 3; i++)); do
        echo '{"devices":[{"allow":true,"type":"c","major":4,"minor":64,"access":"rw"}]}' |
            "$HASU" update --resources - "$ID"
    done
    run ! grep refused "$OUT"
    systemctl daemon-reload
    grep -Fxq 'c 4:64 rw' "$(file devices.list)"
    # What cannot be said changes nothing, and leaves nobody frozen.
    run "$HASU" update --resources - "$ID" <<<'{"devices":[{"allow":true,"access":"rwm"},
        {"allow":false,"type":"c","major":1,"minor":1,"access":"rwm"}]}'
    is "$status" 1
    has "$output" "begin with a rule that denies all"
    grep -Fxq 'c 4:64 rw' "$(file devices.list)"
    holds freezer.state THAWED
}

@test "an update that systemd refuses leaves the files as they were" {
    config '.linux.resources = { memory: { limit: 67108864 }, pids: { limit: 20 } }'
    up
    mv /usr/local/libexec/hasu-systemd /usr/local/libexec/away
    run "$HASU" update --resources - "$ID" <<<'{"memory":{"limit":33554432},"pids":{"limit":5},
        "devices":[{"allow":true,"type":"c","major":4,"minor":64,"access":"rw"}]}'
    mv /usr/local/libexec/away /usr/local/libexec/hasu-systemd
    is "$status" 1
    has "$output" "/usr/local/libexec/hasu-systemd"
    holds memory.limit_in_bytes 67108864 pids.max 20 freezer.state THAWED
    run ! grep -F '4:64' "$(file devices.list)"
}

@test "exec, ps, events, pause, resume, kill and delete are about all of its cgroups" {
    up
    is "$(exec_in cat /proc/self/cgroup | grep -vc ':/$')" 0
    "$HASU" exec -d "$ID" sleep 1000
    is "$("$HASU" ps --format json "$ID" | jq -c 'length')" 2
    is "$("$HASU" events --stats "$ID" | jq .data.pids.current)" 2
    "$HASU" pause "$ID"
    holds freezer.state FROZEN
    systemctl daemon-reload
    is "$("$HASU" state "$ID" | jq -r .status)" paused
    "$HASU" resume "$ID"
    is "$("$HASU" state "$ID" | jq -r .status)" running
    "$HASU" kill --all "$ID" KILL
    "$HASU" delete --force "$ID"
    nothing_left
}

@test "exec in a sub-cgroup, and delete of a frozen container with cgroups of its own" {
    local dir
    up
    for dir in $(dirs); do mkdir "$dir/sub"; done
    echo 0-1 >"$(file sub/cpuset.cpus)"
    echo 0-3 >"$(file sub/cpuset.mems)"
    is "$("$HASU" exec --cgroup sub "$ID" cat /proc/self/cgroup </dev/null | grep -vc ':/sub$')" 0
    is "$("$HASU" exec --cgroup pids:sub "$ID" cat /proc/self/cgroup </dev/null | grep -c ':/sub$')" 1
    "$HASU" pause "$ID"
    "$HASU" delete --force "$ID"
    nothing_left
}

@test "a create that fails leaves nothing, in no hierarchy" {
    local taken=/sys/fs/cgroup/freezer/system.slice/$UNIT
    config '.process.args = ["true"] | .hooks.createRuntime = [{ path: "/bin/false" }]'
    run ! "$HASU" create -b "$BUNDLE" "$ID"
    nothing_left || return 1
    config 'del(.hooks) | .linux.resources.cpu.mems = "9"'
    run ! "$HASU" create -b "$BUNDLE" "$ID"
    nothing_left || return 1
    # Another's processes are where the runtime would make its own directory.
    config 'del(.linux.resources.cpu)'
    mkdir -p "$taken"
    sleep 1000 3>&- &
    echo $! >"$taken/cgroup.procs"
    run ! "$HASU" create -b "$BUNDLE" "$ID"
    has "$output" "is in use: it has processes (such as $!)"
    is "$(dirs)" "$taken"
    kill $!
    wait $! || true
    rmdir -p --ignore-fail-on-non-empty "$taken" 2>/dev/null || true
    nothing_left
}

@test "one that is killed in the middle of create leaves nothing after delete" {
    config '.hooks.createRuntime = [{ path: "/bin/sleep", args: ["sleep", "100"] }]'
    "$HASU" create -b "$BUNDLE" "$ID" 3>&- &
    for ((i = 0; i < 300; i++)); do
        [ "$(jq .cgroup.made "/run/hasu/$ID/state.json" 2>/dev/null)" != true ] || break
        sleep 0.1
    done
    kill -KILL $!
    wait $! || true
    "$HASU_PROGRAM" delete --force "$ID"
    nothing_left
}

@test "a unit that has the name of a container which has ended is left alone" {
    local i
    config '.process.args = ["true"]'
    "$HASU" create -b "$BUNDLE" "$ID" </dev/null 3>&-
    "$HASU" start "$ID"
    for ((i = 0; i < 300; i++)); do
        [ -n "$(systemctl list-units --all --plain --no-legend -- "$UNIT")" ] || break
        sleep 0.1
    done
    systemd-run --quiet --scope --unit "$UNIT" sleep 1000 </dev/null >/dev/null 2>&1 3>&- &
    for ((i = 0; i < 300; i++)); do
        ! grep -q . "/sys/fs/cgroup/systemd/system.slice/$UNIT/cgroup.procs" 2>/dev/null || break
        sleep 0.1
    done
    "$HASU" delete "$ID"
    shows ActiveState=active
    grep -q . "/sys/fs/cgroup/systemd/system.slice/$UNIT/cgroup.procs"
    [ ! -e "/sys/fs/cgroup/cpuset/system.slice/$UNIT" ]
    systemctl stop -- "$UNIT"
    nothing_left
}

@test "an ordinary user is told that cgroup v1 is not delegated" {
    chmod 711 "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR/.."
    mkdir -p /home/lab/bundle
    chown -R 1000:1000 /home/lab
    local as_user=(setpriv --reuid 1000 --regid 1000 --clear-groups env XDG_RUNTIME_DIR=/home/lab)
    "${as_user[@]}" "$HASU_PROGRAM" spec --rootless -b /home/lab/bundle
    mkdir -p /home/lab/bundle/rootfs
    run ! "${as_user[@]}" "$HASU_PROGRAM" --systemd-cgroup run -b /home/lab/bundle "$ID"
    has "$output" "cgroup v1 cannot safely be delegated to ordinary users"
    nothing_left
}
