#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# update: limits of a container that lives, seen to hold from inside; all of them or none; and what
# happens to the memory policy when its nodes change.
#
# shellcheck disable=SC2016 # filters of jq, programs of containers
# shellcheck disable=SC2154 # status, output and errors are set by the helpers

load helpers

setup() {
    hasu_setup
    NODE=$(first_node)
}

teardown() {
    hasu_teardown
}

# limit CONTROLLER V1-FILE V2-FILE: the file that the kernel shows it in.
limit() {
    local file=$2
    if cgroup2_only; then file=$3; fi
    tr -s '\n' ' ' <"$(cgroup_of "$PID" "$1")/$file" | sed 's/ $//'
}

# Every limit of the container as the kernel has it. One grep: bats makes loops slow.
all_limits() {
    local cpu cpuset memory pids
    cpu=$(cgroup_of "$PID" cpu)
    cpuset=$(cgroup_of "$PID" cpuset)
    memory=$(cgroup_of "$PID" memory)
    pids=$(cgroup_of "$PID" pids)
    grep -s '' "$cpu"/cpu.{shares,cfs_quota_us,cfs_period_us,cfs_burst_us,idle,max,max.burst,weight} \
        "$cpuset"/cpuset.{cpus,mems} "$memory"/memory.{max,high,low,swap.max} \
        "$memory"/memory.{,memsw.,soft_}limit_in_bytes "$pids/pids.max" || true
    if ! cgroup2_only && [ -e /sys/fs/cgroup/devices ]; then
        sort "$(cgroup_of "$PID" devices)/devices.list"
    fi
}

resources() {
    jq -n "$1" >"$T/resources"
}

need_two_nodes() {
    [ "$(nodes_with_memory)" != "$NODE" ] || skip "only one node here has memory"
}

last_node() {
    nodes_with_memory | tr -s ',-' '\n' | tail -n 1
}

# with_policy MODE NODES MEMS [FLAG...]: a container with this policy in this cpuset.
with_policy() {
    config '.linux.memoryPolicy = { mode: $words[0], nodes: $words[1], flags: $words[3:] }
        | .linux.resources.cpu.mems = $words[2]' "$@"
    up
}

saved() {
    jq -r ".memoryPolicy.$1" "$ROOT/$ID/state.json"
}

exec_policy() {
    in_exec head -n 1 /proc/self/numa_maps
    policy_word <<<"$output"
}

# --- limits hold ---

@test "memory: a program that fits dies under a lower limit, and lives again under a higher one" {
    up
    in_exec probe touch 48
    ok hasu update --memory 24m --memory-swap 24m "$ID"
    is "$(limit memory memory.limit_in_bytes memory.max)" $((24 << 20))
    call hasu exec "$ID" probe touch 48
    is "$status" 137
    ok hasu update --memory 256m --memory-swap -1 "$ID"
    in_exec probe touch 48
    is "$(status_of)" running
}

@test "memory: what cgroup v1 refuses is said in words" {
    up
    if ! cgroup2_only; then
        # Less than the kernel itself has in use for the container's process.
        fails "/linux/resources/memory/limit: '4096' bytes are less than the container has in use" \
            hasu update --memory 4096 "$ID"
        if [ -e "$(cgroup_of "$PID" memory)/memory.memsw.limit_in_bytes" ]; then
            fails "memory alone may be (memory.limit_in_bytes of " hasu update --memory-swap 10m "$ID"
        fi
    fi
    is "$(status_of)" running
}

@test "pids: so many children live at a time" {
    up
    ok hasu update --pids-limit 6 "$ID"
    in_exec probe forks 20
    # init and the probe itself are two of the six.
    is "${output##*$'\n'}" 4
    ok hasu update --pids-limit -1 "$ID"
    is "$(limit pids pids.max pids.max)" max
    in_exec probe forks 20
    is "${output##*$'\n'}" 20
}

@test "cpuset: processes that are there move, and new ones see the same" {
    up
    ok hasu update --cpuset-cpus 0 --cpuset-mems "$NODE" "$ID"
    is "$(sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' "/proc/$PID/status")" 0
    is "$(sed -n 's/^Mems_allowed_list:[[:space:]]*//p' "/proc/$PID/status")" "$NODE"
    in_exec nproc
    is "$output" 1
}

# How often the container has used up its quota.
throttled() {
    sed -n 's/^nr_throttled //p' "$(cgroup_of "$PID" cpu)/cpu.stat"
}

@test "CPU time: a busy program gets its quota, and is throttled" {
    up
    ok hasu update --cpu-period 100000 --cpu-quota 10000 "$ID"
    is "$(limit cpu cpu.cfs_quota_us cpu.max | cut -d' ' -f1)" 10000
    [ "$(throttled)" -lt 3 ]
    in_exec probe burn 1000
    # A tenth of each of ten periods: it cannot but be stopped in most of them.
    [ "$(throttled)" -ge 3 ]
    ok hasu update --cpu-quota -1 "$ID"
    matches "$(limit cpu cpu.cfs_quota_us cpu.max | cut -d' ' -f1)" '^(-1|max)$'
}

@test "CPU: a quota alone keeps the period, a period alone the quota" {
    up
    ok hasu update --cpu-period 50000 --cpu-quota 20000 "$ID"
    ok hasu update --cpu-quota 30000 "$ID"
    if cgroup2_only; then
        is "$(limit cpu x cpu.max)" "30000 50000"
        ok hasu update --cpu-period 60000 "$ID"
        is "$(limit cpu x cpu.max)" "30000 60000"
    else
        is "$(limit cpu cpu.cfs_period_us x)" 50000
        ok hasu update --cpu-period 60000 "$ID"
        is "$(limit cpu cpu.cfs_quota_us x)" 30000
        is "$(limit cpu cpu.cfs_period_us x)" 60000
    fi
}

@test "CPU: shares, idle and burst" {
    up
    ok hasu update --cpu-share 512 "$ID"
    # 59: the curve between shares and weight that the peers have used since 2025.
    is "$(limit cpu cpu.shares cpu.weight)" "$(if cgroup2_only; then echo 59; else echo 512; fi)"
    ok hasu update --cpu-idle 1 "$ID"
    is "$(limit cpu cpu.idle cpu.idle)" 1
    ok hasu update --cpu-idle 0 --cpu-shares 1024 "$ID"
    is "$(limit cpu cpu.idle cpu.idle)" 0
    is "$(limit cpu cpu.shares cpu.weight)" "$(if cgroup2_only; then echo 100; else echo 1024; fi)"
    ok hasu update --cpu-quota 50000 --cpu-burst 20000 "$ID"
    is "$(limit cpu cpu.cfs_burst_us cpu.max.burst)" 20000
}

@test "memory-reservation, and memory without a limit" {
    up
    ok hasu update --memory 64m --memory-reservation 32m "$ID"
    is "$(limit memory memory.soft_limit_in_bytes memory.low)" $((32 << 20))
    ok hasu update --memory -1 --memory-reservation -1 "$ID"
    if cgroup2_only; then
        is "$(limit memory x memory.max)" max
        is "$(limit memory x memory.low)" max
    else
        [ "$(limit memory memory.limit_in_bytes x)" -gt $((1 << 50)) ]
    fi
}

@test "what is not named stays as it was" {
    config '.linux.resources = { memory: { limit: 67108864 }, pids: { limit: 33 },
        cpu: { shares: 512, quota: 40000, period: 80000 } }'
    up
    all_limits >"$T/before"
    ok hasu update "$ID"
    echo '{}' >"$T/stdin"
    STDIN=$T/stdin ok hasu update --resources - "$ID"
    all_limits >"$T/after"
    diff "$T/before" "$T/after"
    ok hasu update --pids-limit 44 "$ID"
    all_limits >"$T/after"
    is "$(diff "$T/before" "$T/after" | grep -c '^[<>]')" 2
    is "$(limit pids pids.max pids.max)" 44
}

@test "the default rules for devices stay, since an update names none" {
    up
    in_exec sh -c 'echo x >/dev/null'
    ok hasu update --memory 64m "$ID"
    in_exec sh -c 'echo x >/dev/null'
}

@test "device rules: a device opens and shuts again, and the default ones stay open" {
    local rules='{ devices: [{ allow: $open, type: "c", major: 1, minor: 11, access: "rwm" }] }'
    config '.process.capabilities |= map_values(. + ["CAP_MKNOD"])'
    up
    in_exec mknod /dev/kmsg c 1 11
    call hasu exec "$ID" probe open /dev/kmsg w
    lacks "$output" opened
    jq -n --argjson open true "$rules" >"$T/resources"
    ok hasu update -r "$T/resources" "$ID"
    in_exec probe open /dev/kmsg w
    is "$output" opened
    in_exec probe open /dev/zero r
    is "$output" opened
    jq -n --argjson open false "$rules" >"$T/resources"
    ok hasu update -r "$T/resources" "$ID"
    call hasu exec "$ID" probe open /dev/kmsg w
    lacks "$output" opened
    in_exec probe open /dev/zero r
    is "$output" opened
}

# --- where limits come from ---

@test "resources come from a file, and from standard input" {
    up
    resources '{ pids: { limit: 21 }, memory: { limit: 67108864 } }'
    ok hasu update --resources "$T/resources" "$ID"
    is "$(limit pids pids.max pids.max)" 21
    is "$(limit memory memory.limit_in_bytes memory.max)" 67108864
    echo '{"pids":{"limit":22}}' >"$T/stdin"
    STDIN=$T/stdin ok hasu update -r - "$ID"
    is "$(limit pids pids.max pids.max)" 22
    fails "opening '$T/nowhere': no such file or directory" hasu update -r "$T/nowhere" "$ID"
}

@test "with --resources the other options are ignored, as under runc, and that is said" {
    up
    resources '{ pids: { limit: 21 } }'
    ok hasu update --resources "$T/resources" --pids-limit 7 --memory 1 "$ID"
    is "$(limit pids pids.max pids.max)" 21
    has "$errors" "--pids-limit is ignored, since --resources is given"
    has "$errors" "--memory is ignored, since --resources is given"
}

@test "values that mean nothing are refused with their place" {
    up
    all_limits >"$T/before"
    fails "option '--memory': '12q' is neither a size such as 512m or 1g nor -1" \
        hasu update --memory 12q "$ID"
    fails "option '--cpu-quota': 'all' is not a number" hasu update --cpu-quota all "$ID"
    fails "option '--cpu-period': '-1' is not a number from 0" hasu update --cpu-period -1 "$ID"
    fails "/cpu/idle: 2 is out of range 0 to 1" hasu update --cpu-idle 2 "$ID"
    fails "/cpu/mems: '0;1' is not a list such as 0-3,7" hasu update --cpuset-mems '0;1' "$ID"
    fails "/memory/swap: 10 is below the memory limit 20" \
        hasu update --memory 20 --memory-swap 10 "$ID"
    resources '{ pids: { limit: "many" } }'
    fails "$T/resources: /pids/limit" hasu update -r "$T/resources" "$ID"
    echo '{"pids":' >"$T/resources"
    fails "$T/resources" hasu update -r "$T/resources" "$ID"
    all_limits >"$T/after"
    diff "$T/before" "$T/after"
}

# --- all or nothing ---

# A file of resources that the kernel takes but for its last value; the container has 64 MiB of memory
# and swap together.
with_bad_end() {
    local bad
    # v2: no number; v1: more memory than memory and swap together.
    if cgroup2_only; then
        bad='{ unified: { "memory.high": "plenty" }, memory: { limit: 134217728 } }'
    else
        bad='{ memory: { limit: 134217728 } }'
    fi
    resources "$bad"' * { cpu: { shares: 256, quota: 30000, period: 90000, burst: 10000, cpus: "0",
        idle: 1 }, pids: { limit: 77 }, memory: { reservation: 1048576 },
        devices: [{ allow: true, type: "c", major: 1, minor: 11, access: "rwm" }] }'
}

@test "one value that the kernel refuses leaves every limit as it was" {
    config '.linux.resources = { memory: { limit: 67108864, swap: 67108864, reservation: 33554432 },
            pids: { limit: 33 }, cpu: { shares: 512, quota: 40000, period: 80000 } }
        | .process.capabilities |= map_values(. + ["CAP_MKNOD"])'
    up
    in_exec mknod /dev/kmsg c 1 11
    all_limits >"$T/before"
    with_bad_end
    fails "/linux/resources/" hasu update -r "$T/resources" "$ID"
    all_limits >"$T/after"
    diff "$T/before" "$T/after"
    call hasu exec "$ID" probe open /dev/kmsg w
    lacks "$output" opened
    # The same values without the bad one are taken: it was this one that counted.
    jq 'del(.unified) | .memory = { limit: 134217728, swap: 134217728 }' "$T/resources" >"$T/good"
    ok hasu update -r "$T/good" "$ID"
    is "$(limit pids pids.max pids.max)" 77
    is "$(limit memory memory.limit_in_bytes memory.max)" 134217728
    in_exec probe open /dev/kmsg w
    is "$output" opened
}

@test "an idle container that is woken by an update that fails sleeps on" {
    config '.linux.resources.memory = { limit: 67108864, swap: 67108864 }'
    up
    ok hasu update --cpu-idle 1 "$ID"
    all_limits >"$T/before"
    with_bad_end
    jq '.cpu.idle = 0' "$T/resources" >"$T/wake"
    fails "/linux/resources/" hasu update -r "$T/wake" "$ID"
    all_limits >"$T/after"
    diff "$T/before" "$T/after"
}

@test "CPUs that no list named are as many after an update that fails" {
    cgroup2_only || skip "only cgroup v2 has lists that are empty"
    local before
    up
    before=$(limit cpuset x cpuset.cpus.effective)
    is "$(limit cpuset x cpuset.cpus)" ""
    resources '{ cpu: { cpus: "0", mems: "0" }, unified: { "cpuset.cpus.partition": "whole" } }'
    fails "/linux/resources/unified/cpuset.cpus.partition" hasu update -r "$T/resources" "$ID"
    lacks "$errors" "putting back"
    is "$(limit cpuset x cpuset.cpus.effective)" "$before"
    is "$(limit cpuset x cpuset.mems)" ""
    is "$(sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' "/proc/$PID/status")" "$before"
}

@test "checkBeforeUpdate: a limit below what is in use is refused" {
    cgroup2_only || skip "cgroup v1 refuses such a limit itself"
    up
    ok hasu exec --detach "$ID" sh -c 'head -c 20m /dev/zero | { sleep 1000; cat; }'
    in_exec sh -c 'head -c 16m /dev/zero >/tmp/file'
    all_limits >"$T/before"
    resources '{ memory: { limit: 1048576, checkBeforeUpdate: true } }'
    fails "checkBeforeUpdate is set" hasu update -r "$T/resources" "$ID"
    all_limits >"$T/after"
    diff "$T/before" "$T/after"
    is "$(status_of)" running
}

@test "a limit whose controller the container's cgroup lacks is refused by name" {
    cgroup2_only || skip "cgroup v1 takes no controller away from a container"
    config '.linux.cgroupsPath = "/\($id)/in"'
    up
    echo "-pids" >"/sys/fs/cgroup/$ID/cgroup.subtree_control"
    fails "/linux/resources/pids/limit: the container's cgroup '/$ID/in' has no pids controller" \
        hasu update --pids-limit 5 "$ID"
}

@test "a container without cgroups has no limits" {
    config 'del(.linux.resources) | .mounts |= map(select(.type != "cgroup"))'
    program probe wait
    ok hasu --cgroup-manager=disabled run --detach -b "$BUNDLE" "$ID"
    fails "/linux/resources/memory/limit: this container has no cgroup" \
        hasu update --memory 64m "$ID"
    fails "has no cgroup" hasu pause "$ID"
}

# --- states ---

@test "a created and a paused container are updated, a stopped one is not" {
    program probe wait
    created
    ok hasu update --pids-limit 31 "$ID"
    is "$(limit pids pids.max pids.max)" 31
    ok hasu start "$ID"
    ok hasu pause "$ID"
    ok hasu update --pids-limit 32 "$ID"
    is "$(limit pids pids.max pids.max)" 32
    ok hasu resume "$ID"
    ok hasu kill "$ID" KILL
    wait_stopped
    fails "container not running: '$ID' is stopped" hasu update --pids-limit 33 "$ID"
    fails "container 'nobody' does not exist" hasu update --pids-limit 33 nobody
}

@test "of twenty updates at a time each is whole" {
    local n jobs=() pids memory
    up
    for n in {11..30}; do
        HASU_IT=$ID hasu update --pids-limit "$n" --memory "${n}m" "$ID" \
            </dev/null >/dev/null 2>&1 3>&- 4>&- &
        jobs+=($!)
    done
    for n in "${jobs[@]}"; do wait "$n"; done
    pids=$(limit pids pids.max pids.max)
    memory=$(limit memory memory.limit_in_bytes memory.max)
    is "$memory" $((pids << 20))
}

# --- memory policies ---

@test "nodes: none of those asked for is there" {
    config '.linux.memoryPolicy = { mode: "MPOL_BIND", nodes: $words[0] }' "$NODE"
    up
    all_limits >"$T/before"
    fails "/linux/resources/cpu/mems: none of '$(absent_node)' may be used" \
        hasu update --pids-limit 9 --cpuset-mems "$(absent_node)" "$ID"
    all_limits >"$T/after"
    diff "$T/before" "$T/after"
    is "$(policy_of "$PID")" "bind:$NODE"
}

@test "nodes: the same ones again say nothing" {
    config '.linux.memoryPolicy = { mode: "MPOL_BIND", nodes: $words[0] }
        | .annotations["hasu.memory-policy.narrowing"] = "refuse"' "$NODE"
    up
    ok hasu update --cpuset-mems "$NODE" "$ID"
    is "$errors" ""
    is "$(saved allowed)" "$NODE"
    is "$(exec_policy)" "bind:$NODE"
}

@test "nodes: BIND is moved by position, which the log tells, and exec goes along" {
    need_two_nodes
    local last
    last=$(last_node)
    with_policy MPOL_BIND "$NODE" "$NODE,$last"
    ok hasu update --cpuset-mems "$last" "$ID"
    has "$errors" "warning: /linux/memoryPolicy: the policy 'bind:$NODE' becomes 'bind:$last' and"
    has "$errors" "without MPOL_F_STATIC_NODES"
    is "$(policy_of "$PID")" "bind:$last"
    is "$(saved effective.nodes)" "$last"
    is "$(saved asked.nodes)" "$NODE"
    is "$(saved allowed)" "$last"
    is "$(exec_policy)" "bind:$last"
    ok hasu update --cpuset-mems "$NODE" "$ID"
    is "$(policy_of "$PID")" "bind:$NODE"
    is "$(exec_policy)" "bind:$NODE"
}

@test "nodes: what an interleaving has lost stays lost, and the saved state follows" {
    need_two_nodes
    local last
    last=$(last_node)
    with_policy MPOL_INTERLEAVE "$NODE,$last" "$NODE,$last"
    ok hasu update --cpuset-mems "$last" "$ID"
    has "$errors" "becomes 'interleave:${last}' and loses the nodes '$NODE'"
    is "$(policy_of "$PID")" "interleave:${last}"
    ok hasu update --cpuset-mems "$NODE,$last" "$ID"
    # By position: the only node of the cpuset was its first.
    is "$(policy_of "$PID")" "interleave:$NODE"
    is "$(saved effective.nodes)" "$NODE"
    is "$(exec_policy)" "interleave:$NODE"
}

@test "nodes: STATIC comes back with its nodes" {
    need_two_nodes
    local last
    last=$(last_node)
    with_policy MPOL_INTERLEAVE "$NODE,$last" "$NODE,$last" MPOL_F_STATIC_NODES
    ok hasu update --cpuset-mems "$NODE" "$ID"
    has "$errors" "loses the nodes '$last'"
    lacks "$errors" "without MPOL_F_STATIC_NODES"
    is "$(policy_of "$PID")" "interleave=static:$NODE"
    is "$(exec_policy)" "interleave=static:$NODE"
    ok hasu update --cpuset-mems "$NODE,$last" "$ID"
    is "$errors" ""
    is "$(policy_of "$PID")" "$(exec_policy)"
    matches "$(policy_of "$PID")" "^interleave=static:${NODE}[,-]${last}$"
}

@test "nodes: RELATIVE moves without a warning" {
    need_two_nodes
    local last
    last=$(last_node)
    with_policy MPOL_BIND 0 "$NODE,$last" MPOL_F_RELATIVE_NODES
    ok hasu update --cpuset-mems "$last" "$ID"
    is "$errors" ""
    is "$(policy_of "$PID")" "bind=relative:$last"
    is "$(exec_policy)" "bind=relative:$last"
}

@test "nodes: a preferred one that is not allowed any more is told of" {
    need_two_nodes
    local last
    last=$(last_node)
    with_policy MPOL_PREFERRED "$NODE" "$NODE,$last"
    ok hasu update --cpuset-mems "$last" "$ID"
    has "$errors" "of the policy 'prefer:$NODE' the nodes '$NODE' are not allowed any more"
}

@test "nodes: narrowing=refuse forbids losing one, and nothing has changed" {
    need_two_nodes
    local last
    last=$(last_node)
    config '.annotations["hasu.memory-policy.narrowing"] = "refuse"'
    with_policy MPOL_BIND "$NODE" "$NODE,$last"
    all_limits >"$T/before"
    fails "would become 'bind:$last' and lose '$NODE' (the annotation hasu.memory-policy.narrowing=refuse is set)" \
        hasu update --pids-limit 9 --cpuset-mems "$last" "$ID"
    all_limits >"$T/after"
    diff "$T/before" "$T/after"
    is "$(policy_of "$PID")" "bind:$NODE"
    ok hasu update --cpuset-mems "$NODE" "$ID"
    is "$(policy_of "$PID")" "bind:$NODE"
}

@test "nodes: an update that fails moves no policy" {
    need_two_nodes
    local last
    last=$(last_node)
    config '.linux.resources.memory = { limit: 67108864, swap: 67108864 }'
    with_policy MPOL_INTERLEAVE "$NODE,$last" "$NODE,$last"
    all_limits >"$T/before"
    policy_of "$PID" >"$T/policy"
    with_bad_end
    jq --arg mems "$last" '.cpu.mems = $mems' "$T/resources" >"$T/moving"
    fails "/linux/resources/" hasu update -r "$T/moving" "$ID"
    all_limits >"$T/after"
    diff "$T/before" "$T/after"
    is "$(policy_of "$PID")" "$(<"$T/policy")"
}

# --- options that few hosts can carry out ---

@test "--blkio-weight is the cgroup's weight, or refused where no scheduler has weights" {
    up
    fails "/blockIO/weight: 5 is out of range 10 to 1000" hasu update --blkio-weight 5 "$ID"
    fails "option '--blkio-weight': 'x' is not a number" hasu update --blkio-weight x "$ID"
    call hasu update --blkio-weight 500 "$ID"
    if [ "$status" -ne 0 ]; then
        has "$errors" "/linux/resources/blockIO/weight: "
        return
    fi
    local dir
    dir=$(cgroup_of "$PID" "$(cgroup2_only && echo io || echo blkio)")
    matches "$(cat "$dir"/io.bfq.weight "$dir"/io.weight "$dir"/blkio*.weight 2>/dev/null)" \
        '(^|[^0-9])(500|4950)($|[^0-9])'
}

@test "--kernel-memory is ignored aloud, and --kernel-memory-tcp limits where cgroup v1 does" {
    up
    ok hasu update --kernel-memory 64m "$ID"
    has "$errors" "/memory/kernel: is ignored: Linux has no limit of kernel memory any more"
    local file
    file=$(cgroup_of "$PID" memory)/memory.kmem.tcp.limit_in_bytes
    if [ -e "$file" ]; then
        ok hasu update --kernel-memory-tcp 64m "$ID"
        is "$(<"$file")" 67108864
    else
        fails "/linux/resources/memory/kernelTCP: " hasu update --kernel-memory-tcp 64m "$ID"
    fi
}

@test "schemata are refused where the container has no class, and nothing else has changed" {
    up
    all_limits >"$T/before"
    fails "'0=20' must start with 'MB:'" hasu update --pids-limit 9 --mem-bw-schema 0=20 "$ID"
    fails "must not have a newline in it" \
        hasu update --pids-limit 9 --l3-cache-schema $'L3:0=f\nMB:0=10' "$ID"
    fails "container '$ID' was made without /linux/intelRdt: it has no class whose schemata could be changed" \
        hasu update --pids-limit 9 --l3-cache-schema 'L3:0=f' "$ID"
    # No file of resources has schemata, so the option counts beside it.
    echo '{}' >"$T/none"
    fails "was made without /linux/intelRdt" hasu update -r "$T/none" --mem-bw-schema 'MB:0=20' "$ID"
    all_limits >"$T/after"
    diff "$T/before" "$T/after"
}
