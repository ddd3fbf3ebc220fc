#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# hasu events: what a container uses, in runc's JSON, against what the kernel's files say; and that it
# ran out of memory.
#
# shellcheck disable=SC2016 # filters of jq, programs of containers
# shellcheck disable=SC2154 # status, output and errors are set by the helpers

load helpers

setup() {
    hasu_setup
    EVENTS=
}

teardown() {
    [ -z "$EVENTS" ] || kill "$EVENTS" 2>/dev/null || true
    ip link del "p$NIC" 2>/dev/null || true
    hasu_teardown
}

# file CONTROLLER V1 V2: what the kernel says of the container.
file() {
    cat "$(cgroup_of "$PID" "$1")/$(cgroup2_only && echo "$3" || echo "$2")"
}

# stats FILTER: of the one line of events --stats.
stats() {
    ok hasu events --stats "$ID"
    is "$(wc -l <"$T/out")" 1
    jq -r ".data | $1" "$T/out"
}

# watch OPTION...: events in the background, into $T/events.
watch() {
    HASU_IT=$ID "$HASU" --root "$ROOT" events "$@" "$ID" >"$T/events" 2>"$T/events.err" 3>&- 4>&- &
    EVENTS=$!
}

# Events that come before somebody listens are nobody's.
until_listens() {
    until_true sh -c "ls -l /proc/$EVENTS/fd | grep -qE 'memory.events|eventfd'"
}

# It ends by itself, with status 0.
watch_ended() {
    local status=0
    wait "$EVENTS" || status=$?
    EVENTS=
    is "$status" 0
    is "$(<"$T/events.err")" ""
}

@test "--stats prints one line in the shape that engines read" {
    up
    ok hasu events --stats "$ID"
    matches "$output" '^\{"type":"stats","id":"'"$ID"'","data":\{"cpu":\{"usage":\{"total":[0-9]+,'
    # Types as Go's decoder wants them: a number in quotes would be refused.
    jq -e '.data | (keys_unsorted == ["cpu", "cpuset", "memory", "pids", "blkio", "hugetlb",
            "intel_rdt", "network_interfaces"])
        and (.cpu.usage | (.total, .kernel, .user | type == "number"))
        and ([.cpuset | .cpu_exclusive, .mem_hardwall, .mem_exclusive, .memory_migrate,
            .memory_spread_page, .memory_spread_slab, .memory_pressure, .sched_load_balance,
            .sched_relax_domain_level | type == "number"] | all)
        and ([.memory.usage | .limit, .usage, .failcnt | type == "number"] | all)
        and ([.memory.raw[] | type == "number"] | all)
        and (.hugetlb | type == "object") and (.intel_rdt == {})
        and (.network_interfaces | type == "null")' "$T/out"
}

@test "the numbers are the kernel's" {
    config '.linux.resources.memory = { limit: 67108864 } | .linux.resources.pids = { limit: 33 }
        | .linux.resources.cpu.cpus = "0"'
    up
    is "$(stats '.pids | "\(.current) \(.limit)"')" "1 33"
    is "$(stats .memory.usage.limit)" 67108864
    is "$(stats '.cpuset.cpus | tostring')" "[0]"
    is "$(stats '.cpuset.mems | length')" \
        "$(file cpuset cpuset.mems cpuset.mems.effective | tr ',' '\n' |
            awk -F- '{ n += (NF > 1 ? $2 - $1 : 0) + 1 } END { print n }')"
    # Every line of memory.stat, sorted.
    is "$(stats '.memory.raw | keys_unsorted | join(" ")')" \
        "$(file memory memory.stat memory.stat | cut -d' ' -f1 | LC_ALL=C sort | tr '\n' ' ' | sed 's/ $//')"
    local used said
    said=$(stats .memory.usage.usage)
    used=$(file memory memory.usage_in_bytes memory.current)
    [ $((said - used)) -lt 1000000 ] && [ $((used - said)) -lt 1000000 ]
}

@test "limits that are none look as under runc" {
    up
    is "$(stats '.pids.limit')" null
    # jq has no such numbers: the text itself.
    if cgroup2_only; then
        has "$(<"$T/out")" '"usage":{"limit":18446744073709551615,'
    else
        has "$(<"$T/out")" '"usage":{"limit":9223372036854771712,'
    fi
}

@test "CPU time and throttling are counted, in nanoseconds" {
    config '.linux.resources.cpu = { quota: 10000, period: 100000 }'
    up
    in_exec sh -c 'i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done'
    local ns
    ns=$(stats .cpu.usage.total)
    [ "$ns" -gt 5000000 ] && [ "$ns" -lt 60000000000 ]
    stats '.cpu.throttling | .periods > 0 and .throttledPeriods > 0 and .throttledTime > 1000000' |
        grep -x true
    if ! cgroup2_only; then
        is "$(stats '.cpu.usage.percpu | length')" "$(wc -w </sys/fs/cgroup/cpuacct/cpuacct.usage_percpu)"
        is "$(stats '.cpu.usage | (.percpu | add) == .total')" true
    fi
}

@test "pressure is shown where the kernel measures it" {
    up
    local psi
    psi=$(sed -n 's/^0:://p' "/proc/$PID/cgroup")
    psi=$(cgroup2_only && echo /sys/fs/cgroup || echo /sys/fs/cgroup/unified)$psi/memory.pressure
    if cat "$psi" >/dev/null 2>&1; then
        is "$(stats '.memory.psi | type')" object
    else
        is "$(stats '.memory.psi')" null
    fi
}

@test "block devices: what was read is counted" {
    [ -d /sys/fs/cgroup/blkio ] || grep -qw io /sys/fs/cgroup/cgroup.controllers ||
        skip "this machine has no controller io"
    need_tool losetup
    local loop
    truncate -s 4M "$T/disk"
    modprobe loop 2>/dev/null || true
    loop=$(losetup -f --show "$T/disk" 2>/dev/null) || skip "this machine has no loop devices"
    local dev major minor
    dev=$(cat "/sys/block/${loop##*/}/dev") major=${dev%:*} minor=${dev#*:}
    config '($words[0] | tonumber) as $major | ($words[1] | tonumber) as $minor
        | .linux.devices = [{ path: "/dev/disk", type: "b", major: $major, minor: $minor }]
        | .linux.resources.devices += [{ allow: true, type: "b", major: $major, minor: $minor,
            access: "r" }]
        | .linux.resources.blockIO = { throttleReadBpsDevice: [{ major: $major, minor: $minor,
            rate: 1000000000 }] }' "$major" "$minor"
    up
    in_exec dd if=/dev/disk of=/dev/null bs=1M count=3 iflag=direct
    stats ".blkio.ioServiceBytesRecursive[] | select(.major == $major and (.minor // 0) == $minor
        and .op == \"Read\") | .value" >"$T/read"
    losetup -d "$loop"
    is "$(<"$T/read")" 3145728
}

@test "network devices of the container's own are counted" {
    need_tool ip
    modprobe veth 2>/dev/null || true
    NIC=e$((BASHPID % 100000))x$BATS_TEST_NUMBER
    ip link add "$NIC" type veth peer name "p$NIC" 2>/dev/null || skip "this kernel has no veth"
    ip address add 10.79.1.1/24 dev "p$NIC"
    ip link set "p$NIC" up
    ip address add 10.79.1.2/24 dev "$NIC"
    config '.linux.netDevices = { ($words[0]): { name: "net0" } }
        | .process.capabilities |= map_values(. + ["CAP_NET_RAW"])' "$NIC"
    up
    in_exec ping -c 2 -W 10 -s 1000 10.79.1.1
    stats '.network_interfaces | length == 1 and (.[0] | .Name == "net0" and .RxBytes > 2000
        and .TxBytes > 2000 and .RxPackets >= 2 and .TxPackets >= 2 and .RxErrors == 0)' | grep -x true
    is "$(stats '.network_interfaces[0] | keys_unsorted | join(" ")')" \
        "Name RxBytes RxPackets RxErrors RxDropped TxBytes TxPackets TxErrors TxDropped"
}

@test "a paused container is counted, too" {
    up
    ok hasu pause "$ID"
    is "$(stats .pids.current)" 1
    ok hasu resume "$ID"
}

@test "a line comes every interval, until the container ends" {
    up
    watch --interval 50ms
    until_true sh -c "[ \$(wc -l <'$T/events') -ge 3 ]"
    ok hasu kill "$ID" KILL
    watch_ended
    is "$(jq -r .type "$T/events" | sort -u)" stats
    is "$(jq -r .id "$T/events" | sort -u)" "$ID"
}

@test "the first line comes after an interval, as under runc" {
    up
    watch --interval 1h
    until_listens
    ok hasu kill "$ID" KILL
    watch_ended
    is "$(<"$T/events")" ""
}

@test "out of memory: it is told, whoever is killed" {
    config '.linux.resources.memory = { limit: 33554432, swap: 33554432 }'
    up
    watch --interval 1h
    until_listens
    call hasu exec "$ID" sh -c 'x=$(dd if=/dev/zero bs=1M count=64 2>/dev/null | tr "\0" a); echo survived'
    lacks "$output" survived
    until_true grep -qFx '{"type":"oom","id":"'"$ID"'"}' "$T/events"
    ok hasu kill "$ID" KILL
    watch_ended
    lacks "$(<"$T/events")" stats
}

@test "out of memory: also when it is the end of the container" {
    config '.linux.resources.memory = { limit: 33554432, swap: 33554432 }'
    program sh -c 'read go </go; x=$(dd if=/dev/zero bs=1M count=64 2>/dev/null | tr "\0" a)
        y=$x$x$x; echo survived'
    mkfifo "$BUNDLE/rootfs/go"
    ok hasu run --detach -b "$BUNDLE" "$ID"
    watch --interval 1h
    until_listens
    echo go >"$BUNDLE/rootfs/go"
    watch_ended
    has "$(<"$T/events")" '{"type":"oom","id":"'"$ID"'"}'
}

@test "an end that has other reasons tells of no want of memory" {
    config '.linux.resources.memory = { limit: 33554432 }'
    up
    watch --interval 1h
    until_listens
    ok hasu delete --force "$ID"
    watch_ended
    is "$(<"$T/events")" ""
}

@test "what cannot be watched is refused in words" {
    fails "container '$ID' does not exist" hasu events --stats "$ID"
    program true
    ok hasu run --keep -b "$BUNDLE" "$ID"
    fails "container not running: '$ID' is stopped" hasu events --stats "$ID"
    fails "container not running: '$ID' is stopped" hasu events "$ID"
    ok hasu delete "$ID"
    up
    local time
    for time in 0 0s -1s x 5x 1.2.3s 1m30 ' 1s' 9999999h; do
        fails "option '--interval': '$time' is not a time above zero such as 5s, 100ms or 1m30s" \
            hasu events "--interval=$time" "$ID"
    done
    ok hasu delete --force "$ID"
    ok hasu --cgroup-manager=disabled run --detach -b "$BUNDLE" "$ID"
    fails "container '$ID' has no cgroup, which counts what it uses" hasu events --stats "$ID"
}

@test "standard output that nobody takes is an error" {
    up
    call sh -c '"$0" --root "$1" events --stats "$2" >/dev/full' "$HASU" "$ROOT" "$ID"
    [ "$status" -ne 0 ]
    has "$errors" "writing standard output: no space left on device"
}
