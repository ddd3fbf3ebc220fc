#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Limits of block devices, huge pages, RDMA, network and real time: that they hold, or are refused in
# words where this machine has not what they need. cgroups.bats has those of memory, CPU and pids.
#
# shellcheck disable=SC2016 # filters of jq, programs of containers
# shellcheck disable=SC2154 # status, output and errors are set by the helpers

load helpers

setup() {
    hasu_setup
    LOOP=
    PAGES=
    HAD_HUGETLB=$(grep -cw hugetlb "$(v2_root)/cgroup.subtree_control" 2>/dev/null || true)
}

teardown() {
    hasu_teardown
    # Passing a controller on stays when the container goes; the host's root is as it was.
    [ "$HAD_HUGETLB" != 0 ] || echo -hugetlb >"$(v2_root)/cgroup.subtree_control" || true
    [ -z "$PAGES" ] || echo "$PAGES" >"$POOL"
    [ -z "$LOOP" ] || losetup -d "$LOOP"
}

resources() {
    config '.linux.resources += ($words[0] | fromjson)' "$1"
}

# has_controller V1 [V2]: mounted on v1, or v2 has it.
has_controller() {
    [ -d "/sys/fs/cgroup/$1" ] || grep -qw "${2:-$1}" "$(v2_root)/cgroup.controllers"
}

need_controller() {
    has_controller "$@" || skip "this machine has no controller $1"
}

v2_root() {
    if cgroup2_only; then echo /sys/fs/cgroup; else echo /sys/fs/cgroup/unified; fi
}

# A block device of our own, DEVICE as "MAJOR:MINOR", that the container may use as /dev/disk.
a_disk() {
    need_controller blkio io
    need_tool losetup
    truncate -s 8M "$T/disk"
    modprobe loop 2>/dev/null || true
    LOOP=$(losetup -f --show "$T/disk" 2>/dev/null) || skip "this machine has no loop devices"
    DEVICE=$(cat "/sys/block/${LOOP##*/}/dev")
    config '($words[0] | tonumber) as $major | ($words[1] | tonumber) as $minor
        | .linux.devices = [{ path: "/dev/disk", type: "b", major: $major, minor: $minor }]
        | .linux.resources.devices += [{ allow: true, type: "b", major: $major, minor: $minor,
            access: "rw" }]' "${DEVICE%:*}" "${DEVICE#*:}"
}

# limited LIST RATE: a rule of blockIO for our disk.
limited() {
    config '.linux.resources.blockIO[$words[0]] = [{ major: ($words[1] | tonumber),
        minor: ($words[2] | tonumber), rate: ($words[3] | tonumber) }]' \
        "$1" "${DEVICE%:*}" "${DEVICE#*:}" "$2"
}

# Time within the container, in hundredths of a second.
timed() {
    inside_ok 'read from _ </proc/uptime
        '"$1"' >/dev/null 2>&1 || exit 1
        read to _ </proc/uptime
        echo $(( ${to%.*}${to#*.} - ${from%.*}${from#*.} ))'
}

# holds LIST RATE COMMAND: with this limit, of 2 seconds for what it does, it takes as long, and
# without it does not.
holds() {
    a_disk
    timed "$3"
    [ "$output" -lt 100 ] || { echo "took $output hundredths without a limit"; return 1; }
    limited "$1" "$2"
    timed "$3"
    [ "$output" -ge 150 ] || { echo "took $output hundredths only"; return 1; }
}

@test "blockIO: throttleReadBpsDevice throttles reading" {
    holds throttleReadBpsDevice 4194304 'dd if=/dev/disk of=/dev/null bs=1M iflag=direct'
}

@test "blockIO: throttleWriteBpsDevice throttles writing" {
    holds throttleWriteBpsDevice 4194304 'dd if=/dev/zero of=/dev/disk bs=1M count=8 oflag=direct'
}

@test "blockIO: throttleReadIOPSDevice throttles single reads" {
    holds throttleReadIOPSDevice 20 'dd if=/dev/disk of=/dev/null bs=4k count=40 iflag=direct'
}

@test "blockIO: throttleWriteIOPSDevice throttles single writes" {
    holds throttleWriteIOPSDevice 20 'dd if=/dev/zero of=/dev/disk bs=4k count=40 oflag=direct'
}

@test "blockIO: the limit holds for exec as well" {
    a_disk
    limited throttleReadBpsDevice 4194304
    up
    in_exec sh -c 'read from _ </proc/uptime
        dd if=/dev/disk of=/dev/null bs=1M iflag=direct 2>/dev/null
        read to _ </proc/uptime
        echo $(( ${to%.*}${to#*.} - ${from%.*}${from#*.} ))'
    [ "$output" -ge 150 ]
}

@test "blockIO: a device that is not there is named, and nothing is left" {
    need_controller blkio io
    resources '{"blockIO":{"throttleReadBpsDevice":[{"major":4095,"minor":77,"rate":1000}]}}'
    fails '/linux/resources/blockIO/throttleReadBpsDevice/0: this host has no whole block device 4095:77' \
        hasu create -b "$BUNDLE" "$ID"
    nothing_left
}

@test "blockIO: a weight is the cgroup's, or refused where no scheduler has weights" {
    need_controller blkio io
    local dir
    resources '{"blockIO":{"weight":500}}'
    call hasu create -b "$BUNDLE" "$ID"
    if [ "$status" -ne 0 ]; then
        has "$errors" "/linux/resources/blockIO/weight: this kernel has no "
        has "$errors" "only the I/O scheduler BFQ has weights, and it is not here"
        nothing_left
        return
    fi
    dir=$(cgroup_of "$(init_pid "$ID")" blkio)
    if [ -e "$dir/io.bfq.weight" ]; then
        is "$(head -n 1 "$dir/io.bfq.weight")" "default 500"
    elif [ -e "$dir/io.weight" ]; then
        is "$(head -n 1 "$dir/io.weight")" "default 4950"
    else
        is "$(cat "$dir"/blkio*.weight)" 500
    fi
}

@test "blockIO: leaf weights went with CFQ, and that is said" {
    need_controller blkio io
    resources '{"blockIO":{"leafWeight":500}}'
    fails '/linux/resources/blockIO/leafWeight: ' hasu create -b "$BUNDLE" "$ID"
    matches "$errors" 'CFQ|exists on cgroup v1 only'
    nothing_left
}

# A pool of 2 MiB pages for one test.
need_huge_pages() {
    need_controller hugetlb
    POOL=/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages
    [ -w "$POOL" ] || skip "this machine has no huge pages of 2MB"
    PAGES=$(<"$POOL")
    [ "$PAGES" -ge "$1" ] || echo "$1" >"$POOL" || true
    [ "$(<"$POOL")" -ge "$1" ] || skip "this machine has no memory for huge pages"
}

# like TEXT EXPRESSION
like() {
    [[ $1 =~ $2 ]] || {
        echo "'$1' is not like '$2'"
        return 1
    }
}

# beyond LIST: 0 and a number that no such list of this host has.
beyond() {
    echo "0,$(($(tr -s ',-' '\n' <"$1" | tail -n 1) + 1))"
}

@test "cpu: CPUs and nodes that the host lacks are refused with those that there are" {
    need_controller cpuset
    local there="(this host|the cgroup above it) has '0[0-9,-]*'"
    config '.linux.resources.cpu.cpus = $words[0]' "$(beyond /sys/devices/system/cpu/possible)"
    fails "/linux/resources/cpu/cpus: writing '0," hasu run -b "$BUNDLE" "$ID"
    like "$errors" "$there"
    need_numa
    config '.linux.resources.cpu = { mems: $words[0] }' "$(beyond /sys/devices/system/node/possible)"
    fails "/linux/resources/cpu/mems: writing '0," hasu run -b "$BUNDLE" "$ID"
    like "$errors" "$there"
}

@test "hugepageLimits: a mapping that needs more is refused" {
    need_huge_pages 4
    config '.linux.resources.hugepageLimits = [{ pageSize: "2MB", limit: 4194304 }]'
    inside_ok 'probe huge 2; probe huge 3'
    is "$output" $'used 2\nrefused: Cannot allocate memory'
}

@test "hugepageLimits: 0 refuses all" {
    need_huge_pages 4
    config '.linux.resources.hugepageLimits = [{ pageSize: "2048KB", limit: 0 }]'
    inside_ok 'probe huge 1'
    is "$output" 'refused: Cannot allocate memory'
}

@test "hugepageLimits: a size that the host has not is refused in words" {
    config '.linux.resources.hugepageLimits = [{ pageSize: "3MB", limit: 0 }]'
    if has_controller hugetlb; then
        fails '/linux/resources/hugepageLimits/0/pageSize: this host has no huge pages of 3MB, but of ' \
            hasu create -b "$BUNDLE" "$ID"
    else
        fails '/linux/resources/hugepageLimits: this host has no hugetlb controller' \
            hasu create -b "$BUNDLE" "$ID"
    fi
    nothing_left
}

@test "rdma: a device that is not there is named" {
    config '.linux.resources.rdma = { "none0": { hcaHandles: 2 } }'
    if has_controller rdma; then
        fails "/linux/resources/rdma/none0: this host has no RDMA device 'none0'" \
            hasu create -b "$BUNDLE" "$ID"
    else
        fails "/linux/resources/rdma: this host has no rdma controller" hasu create -b "$BUNDLE" "$ID"
    fi
    nothing_left
}

@test "network: a class and priorities, where cgroup v1 has them" {
    config '.linux.resources.network = { classID: 1048577 }'
    if [ -d /sys/fs/cgroup/net_cls ]; then
        up
        is "$(cat "$(cgroup_of "$PID" net_cls)/net_cls.classid")" 1048577
        ok hasu delete --force "$ID"
    else
        fails '/linux/resources/network/classID: ' hasu create -b "$BUNDLE" "$ID"
        matches "$errors" 'no classes of network packets|no net_cls controller'
    fi
    config '.linux.resources.network = { priorities: [{ name: "lo", priority: 5 }] }'
    if [ -d /sys/fs/cgroup/net_prio ]; then
        up
        has "$(cat "$(cgroup_of "$PID" net_prio)/net_prio.ifpriomap")" "lo 5"
        ok hasu delete --force "$ID"
    else
        fails '/linux/resources/network/priorities: ' hasu create -b "$BUNDLE" "$ID"
        matches "$errors" 'no priorities of network packets|no net_prio controller'
    fi
    nothing_left
}

@test "cpu: real-time bandwidth on v1: without it there are no real-time processes, and with it they have no more" {
    if cgroup2_only; then
        resources '{"cpu":{"realtimeRuntime":100000}}'
        fails "/linux/resources/cpu/realtimeRuntime: a cgroup's real-time bandwidth exists on cgroup v1 only" \
            hasu create -b "$BUNDLE" "$ID"
        nothing_left
        return
    fi
    [ -e /sys/fs/cgroup/cpu/cpu.rt_runtime_us ] || skip "this kernel has no real-time groups"
    config '.process.capabilities |= map_values(. + ["CAP_SYS_NICE"])'
    inside_ok 'probe realtime'
    is "$output" "Operation not permitted"
    resources '{"cpu":{"realtimeRuntime":100000,"realtimePeriod":1000000}}'
    inside_ok 'probe realtime'
    is "$output" realtime
    # A tenth of one CPU is what a real-time process has then, however much it asks for.
    config '.process.scheduler = { policy: "SCHED_FIFO", priority: 1 }'
    program sh -c 'while :; do :; done'
    ok hasu run --detach --pid-file "$T/pid" -b "$BUNDLE" "$ID"
    local began had
    began=$(date +%s%N) had=$(cpu_ns "$(cat "$T/pid")")
    sleep 3
    had=$(($(cpu_ns "$(cat "$T/pid")") - had))
    [ $((3 * had)) -lt $(($(date +%s%N) - began)) ] || {
        echo "it had $((had / 1000000)) ms of CPU"
        return 1
    }
}

# What the process has had of all CPUs.
cpu_ns() {
    cut -d' ' -f1 "/proc/$1/schedstat"
}

@test "memory: a limit of TCP buffers on v1" {
    resources '{"memory":{"kernelTCP":1048576}}'
    if cgroup2_only; then
        fails "/linux/resources/memory/kernelTCP: a limit of TCP buffers exists on cgroup v1 only" \
            hasu create -b "$BUNDLE" "$ID"
        nothing_left
        return
    fi
    [ -e /sys/fs/cgroup/memory/memory.kmem.tcp.limit_in_bytes ] ||
        skip "this kernel has no limit of TCP buffers"
    up
    is "$(cat "$(cgroup_of "$PID" memory)/memory.kmem.tcp.limit_in_bytes")" 1048576
}

# --- v2: whose cgroup it is ---

user_namespace() {
    config '.linux.namespaces |= map(select(.type != "cgroup" and .type != "user"))
            + [{ type: "cgroup" }, { type: "user" }]
        | .linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }]
        | .linux.gidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }]
        | .mounts |= map(select(.destination != "/sys/fs/cgroup"))
            + [{ destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup",
                options: ["nosuid", "noexec", "nodev"] }]'
    chown -R 100000:100000 "$BUNDLE/rootfs"
    chmod 755 "$BUNDLE" "$T"
}

@test "a user namespace's root may make cgroups in its own on v2, and raise no limit of its own" {
    cgroup2_only || skip "cgroup v1 must not be delegated"
    user_namespace
    resources '{"memory":{"limit":67108864}}'
    inside_ok 'cd /sys/fs/cgroup && mkdir inner && echo $$ >inner/cgroup.procs && echo made
        echo max >memory.max || echo kept
        echo +memory >cgroup.subtree_control && echo 1048576 >inner/memory.max && cat inner/memory.max'
    is "$output" $'made\nkept\n1048576'
    nothing_left
}

@test "a read-only cgroup stays the host's" {
    cgroup2_only || skip "cgroup v1 must not be delegated"
    user_namespace
    config '(.mounts[] | select(.destination == "/sys/fs/cgroup") | .options) += ["ro"]'
    up
    is "$(stat -c %u "$(cgroup_of "$PID" memory)")" 0
}

# --- whose cgroups they are ---

as_worker() {
    setpriv --reuid=1000 --regid=1000 --clear-groups --inh-caps=-all -- "$@"
}

# A copy of the program that an ordinary user can reach; their own state, and no mapping but of
# themselves.
rootless() {
    need_tool setpriv
    chmod 755 "$BATS_RUN_TMPDIR" "$(dirname "$T")" "$T"
    mkdir -m 777 "$ROOT" 2>/dev/null || chmod 777 "$ROOT"
    chown -R 1000:1000 "$BUNDLE"
    cp "$HASU" "$T/hasu"
    as_worker "$T/hasu" --version >/dev/null 2>&1 || skip "another user cannot reach $T"
    config '.linux.namespaces |= map(select(.type != "user" and .type != "network"))
            + [{ type: "user" }]
        | .linux.uidMappings = [{ containerID: 0, hostID: 1000, size: 1 }]
        | .linux.gidMappings = [{ containerID: 0, hostID: 1000, size: 1 }]
        | del(.linux.resources.devices)'
    chown 1000:1000 "$CONFIG"
}

@test "an ordinary user is told who may make cgroups, and nothing is left" {
    rootless
    fails 'permission denied: ' as_worker "$T/hasu" --root "$ROOT" create -b "$BUNDLE" "$ID"
    has "$errors" "making cgroup '"
    has "$errors" "--cgroup-manager=disabled runs containers without cgroups"
    nothing_left
}

# --- what an earlier container left ---

@test "a cgroup that an earlier container left is used again" {
    up
    local dir
    dir=$(cgroup_of "$PID" pids)
    ok hasu delete --force "$ID"
    mkdir "$dir" "$dir/inner" "$dir/inner/deep"
    if cgroup2_only; then echo +memory >"$dir/cgroup.subtree_control"; fi
    inside_ok 'echo again'
    is "$output" again
    # Whoever made it may want it still: only what is in it goes.
    rmdir "$dir/inner/deep" "$dir/inner" 2>/dev/null || true
    rmdir "$dir" 2>/dev/null || true
    nothing_left
}
