#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# linux.memoryPolicy of whole containers, with the kernel as the witness: numa_maps and
# get_mempolicy(2), and what the same policy looks like when the probe sets it; never hasu's word.
#
# Written for any number of nodes: those with memory are used, all of them.

# shellcheck disable=SC2016 # filters of jq
# shellcheck disable=SC2154 # status, output, errors: set by helpers.bash
load helpers

setup() {
    hasu_setup
    need_numa
    ALL=$(nodes_with_memory)
    NODE=$(first_node)
}

teardown() {
    hasu_teardown
}

# policy MODE [NODES [FLAG...]]: the container's; NODES "-" leaves the member out.
policy() {
    config '.linux.memoryPolicy = { mode: $words[0] }
        | if ($words[1] // "-") != "-" then .linux.memoryPolicy.nodes = $words[1] else . end
        | if $words[2] then .linux.memoryPolicy.flags = $words[2:] else . end' "$@"
}

# What set_mempolicy(2) calls them.
number_of() {
    local sum=0 word
    for word in "$@"; do
        case $word in
        MPOL_DEFAULT) ;;
        MPOL_PREFERRED) sum=$((sum + 1)) ;;
        MPOL_BIND) sum=$((sum + 2)) ;;
        MPOL_INTERLEAVE) sum=$((sum + 3)) ;;
        MPOL_LOCAL) sum=$((sum + 4)) ;;
        MPOL_PREFERRED_MANY) sum=$((sum + 5)) ;;
        MPOL_WEIGHTED_INTERLEAVE) sum=$((sum + 6)) ;;
        MPOL_F_NUMA_BALANCING) sum=$((sum + 8192)) ;;
        MPOL_F_RELATIVE_NODES) sum=$((sum + 16384)) ;;
        MPOL_F_STATIC_NODES) sum=$((sum + 32768)) ;;
        *) return 1 ;;
        esac
    done
    echo "$sum"
}

# alike MODE NODES [FLAG...]: numa_maps and get_mempolicy say of the container, of what exec starts
# in it, and of a process of the host that set the same policy itself, the same. A policy that this
# kernel does not take is refused in words.
alike() {
    local number map raw
    number=$(number_of "$1" "${@:3}")
    policy "$@"
    if ! map=$("$PROBE" with-policy "$number" "$2" head -n 1 /proc/self/numa_maps 2>/dev/null); then
        matches "$1" '^MPOL_(WEIGHTED_INTERLEAVE|PREFERRED_MANY)$'
        fails "$1 needs Linux" hasu run -b "$BUNDLE" "$ID"
        nothing_left
        return
    fi
    map=$(policy_word <<<"$map")
    raw=$("$PROBE" with-policy "$number" "$2" "$PROBE" policy)
    program sh -c 'head -n 1 /proc/self/numa_maps; exec probe wait'
    ok hasu run --detach -b "$BUNDLE" "$ID"
    until_true grep -q waiting "$T/out"
    is "$(head -n 1 "$T/out" | policy_word)" "$map"
    is "$(policy_of "$(init_pid "$ID")")" "$map"
    in_exec head -n 1 /proc/self/numa_maps
    is "$(policy_word <<<"$output")" "$map"
    in_exec probe policy
    is "$output" "$raw"
    ok hasu delete --force "$ID"
}

# Six hooks that note the policies of their own and of the runtime that runs them.
six_hooks() {
    mkdir -p "$BUNDLE/rootfs/noted"
    chmod 777 "$BUNDLE/rootfs/noted"
    config 'def hook(point; dir): [{ path: "/bin/sh",
            args: ["sh", "-c", "head -n 1 /proc/self/numa_maps >\(dir)/\(point)"] }];
        def with_parent(point; dir): [{ path: "/bin/sh", args: ["sh", "-c",
            "head -qn 1 /proc/self/numa_maps /proc/$PPID/numa_maps >\(dir)/\(point)"] }];
        "\($bundle)/rootfs/noted" as $noted
        | .hooks = { prestart: with_parent("prestart"; $noted),
            createRuntime: with_parent("createRuntime"; $noted),
            createContainer: hook("createContainer"; $noted),
            startContainer: hook("startContainer"; "/noted"),
            poststart: with_parent("poststart"; $noted),
            poststop: with_parent("poststop"; $noted) }'
}

all_default() {
    local point line n=0
    for point in prestart createRuntime createContainer startContainer poststart poststop; do
        while read -r line; do
            n=$((n + 1))
            is "$point $(policy_word <<<"$line")" "$point default"
        done <"$BUNDLE/rootfs/noted/$point"
    done
    is "$n" 10
}

# A filter that forbids what the runtime must have done before, as Docker's default does.
forbid_policies() {
    config '.linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", syscalls: [{
        names: ["set_mempolicy", "get_mempolicy", "mbind"], action: "SCMP_ACT_ERRNO" }] }'
}

@test "every mode, on one node, in the kernel's words" {
    local mode nodes words
    while read -r mode nodes words; do
        policy "$mode" "$nodes"
        program head -n 1 /proc/self/numa_maps
        call hasu run -b "$BUNDLE" "$ID"
        if [ "$status" -ne 0 ]; then
            [[ $mode == MPOL_WEIGHTED_INTERLEAVE || $mode == MPOL_PREFERRED_MANY ]]
            has "$errors" "$mode needs Linux"
            continue
        fi
        is "$mode $(policy_word <<<"$output")" "$mode $words"
    done <<END
MPOL_DEFAULT - default
MPOL_PREFERRED $NODE prefer:$NODE
MPOL_BIND $NODE bind:$NODE
MPOL_INTERLEAVE $NODE interleave:$NODE
MPOL_LOCAL - local
MPOL_PREFERRED_MANY $NODE prefer (many):$NODE
MPOL_WEIGHTED_INTERLEAVE $NODE weighted interleave:$NODE
END
}

@test "MPOL_DEFAULT and MPOL_LOCAL: inside, by exec, and as the probe sets them" {
    alike MPOL_DEFAULT -
    alike MPOL_LOCAL -
}

@test "MPOL_PREFERRED with every legal flag" {
    alike MPOL_PREFERRED "$ALL"
    alike MPOL_PREFERRED "$NODE" MPOL_F_STATIC_NODES
    alike MPOL_PREFERRED 0 MPOL_F_RELATIVE_NODES
}

@test "MPOL_BIND with every legal flag" {
    alike MPOL_BIND "$ALL"
    alike MPOL_BIND "$ALL" MPOL_F_STATIC_NODES
    alike MPOL_BIND 0 MPOL_F_RELATIVE_NODES
    alike MPOL_BIND "$ALL" MPOL_F_NUMA_BALANCING
    alike MPOL_BIND "$ALL" MPOL_F_NUMA_BALANCING MPOL_F_STATIC_NODES
    alike MPOL_BIND 0 MPOL_F_RELATIVE_NODES MPOL_F_NUMA_BALANCING
}

@test "MPOL_INTERLEAVE with every legal flag" {
    alike MPOL_INTERLEAVE "$ALL"
    alike MPOL_INTERLEAVE "$ALL" MPOL_F_STATIC_NODES
    alike MPOL_INTERLEAVE 0 MPOL_F_RELATIVE_NODES
}

@test "MPOL_PREFERRED_MANY with every legal flag" {
    alike MPOL_PREFERRED_MANY "$ALL"
    alike MPOL_PREFERRED_MANY "$ALL" MPOL_F_STATIC_NODES
    alike MPOL_PREFERRED_MANY 0 MPOL_F_RELATIVE_NODES
}

@test "MPOL_WEIGHTED_INTERLEAVE with every legal flag" {
    alike MPOL_WEIGHTED_INTERLEAVE "$ALL"
    alike MPOL_WEIGHTED_INTERLEAVE "$ALL" MPOL_F_STATIC_NODES
    alike MPOL_WEIGHTED_INTERLEAVE 0 MPOL_F_RELATIVE_NODES
}

@test "relative nodes past the last one fold around" {
    alike MPOL_BIND 1000 MPOL_F_RELATIVE_NODES
    alike MPOL_INTERLEAVE 0-1023 MPOL_F_RELATIVE_NODES
}

@test "empty nodes: absent, null, nothing, white space, commas alone" {
    local nodes
    program head -n 1 /proc/self/numa_maps
    for nodes in null '""' '"  "' '"\t"' '","' '" , ,"'; do
        config '.linux.memoryPolicy = { mode: "MPOL_LOCAL", nodes: ($words[0] | fromjson) }' "$nodes"
        ok hasu run -b "$BUNDLE" "$ID"
        is "$(policy_word <<<"$output")" local
        # Without nodes the kernel takes it for MPOL_LOCAL and calls it so.
        config '.linux.memoryPolicy.mode = "MPOL_PREFERRED"'
        ok hasu run -b "$BUNDLE" "$ID"
        is "$(policy_word <<<"$output")" local
    done
    policy MPOL_PREFERRED
    ok hasu run -b "$BUNDLE" "$ID"
    is "$(policy_word <<<"$output")" local
}

@test "node lists: white space, empty items, leading zeros, repetitions" {
    local nodes
    program head -n 1 /proc/self/numa_maps
    for nodes in "  $NODE " ",$NODE,," "00$NODE" "$NODE-$NODE" " $NODE - $NODE ,$NODE" "$NODE	"; do
        policy MPOL_BIND "$nodes"
        ok hasu run -b "$BUNDLE" "$ID"
        is "$(policy_word <<<"$output")" "bind:$NODE"
    done
}

@test "a flag named twice counts once, and null flags are none" {
    program probe policy
    policy MPOL_BIND "$NODE" MPOL_F_STATIC_NODES MPOL_F_STATIC_NODES
    ok hasu run -b "$BUNDLE" "$ID"
    is "$output" "2 0x8000 $NODE"
    config '.linux.memoryPolicy.flags = null'
    ok hasu run -b "$BUNDLE" "$ID"
    is "$output" "2 0x0 $NODE"
}

@test "threads and children have init's policy" {
    policy MPOL_INTERLEAVE "$NODE" MPOL_F_STATIC_NODES
    program probe threads
    ok hasu run -b "$BUNDLE" "$ID"
    is "$(sort -u <<<"$output")" "3 0x8000 $NODE"
    is "$(wc -l <<<"$output")" 3
}

@test "the same under create and start, and in every thread of a created container" {
    local status_file
    policy MPOL_BIND "$NODE"
    program probe policy
    created
    for status_file in "/proc/$PID/task"/*/numa_maps; do
        is "$(head -n 1 "$status_file" | policy_word)" "bind:$NODE"
    done
    ok hasu start "$ID"
    wait_stopped
}

@test "hooks of all six points and the runtime are under the system's default" {
    policy MPOL_BIND "$NODE" MPOL_F_STATIC_NODES
    program probe policy
    six_hooks
    ok hasu run -b "$BUNDLE" "$ID"
    is "$output" "2 0x8000 $NODE"
    all_default
}

@test "the same hooks where a filter forbids to change the policy" {
    local no_new_privileges
    policy MPOL_BIND "$NODE"
    forbid_policies
    six_hooks
    for no_new_privileges in true false; do
        rm -rf "$BUNDLE/rootfs/noted"
        mkdir -m 777 "$BUNDLE/rootfs/noted"
        config ".process.noNewPrivileges = $no_new_privileges"
        program head -n 1 /proc/self/numa_maps
        ok hasu run -b "$BUNDLE" "$ID"
        is "$(policy_word <<<"$output")" "bind:$NODE"
        all_default
        # And the filter is there.
        program probe with-policy 0 - true
        fails "Operation not permitted" hasu run -b "$BUNDLE" "$ID"
    done
}

@test "the same hooks by create, start and delete, for a user without rights" {
    policy MPOL_BIND "$NODE"
    forbid_policies
    six_hooks
    config '.process.user = { uid: 1000, gid: 1000 } | .process.capabilities = {}'
    program probe wait
    created
    is "$(policy_of "$PID")" "bind:$NODE"
    ok hasu start "$ID"
    until_true test -s "$BUNDLE/rootfs/noted/poststart"
    is "$(policy_of "$PID")" "bind:$NODE"
    ok hasu delete --force "$ID"
    all_default
}

@test "the runtime that waits in the foreground is under the system's default" {
    policy MPOL_BIND "$NODE"
    program probe wait
    HASU_IT=$ID "$HASU" --root "$ROOT" run -b "$BUNDLE" "$ID" >"$T/out" </dev/null 3>&- 4>&- &
    local runtime=$!
    until_true grep -q waiting "$T/out"
    is "$(policy_of "$runtime")" default
    is "$(policy_of "$(init_pid "$ID")")" "bind:$NODE"
    ok hasu kill "$ID" TERM
    wait "$runtime"
}

@test "no capability, numactl or system call of the container is needed" {
    local capabilities
    policy MPOL_BIND "$NODE"
    forbid_policies
    config '.process.user = { uid: 1000, gid: 1000 } | .process.capabilities = {}
        | .process.noNewPrivileges = true'
    inside_ok 'head -n 1 /proc/self/numa_maps; grep CapBnd /proc/self/status'
    is "$(head -n 1 <<<"$output" | policy_word)" "bind:$NODE"
    capabilities=$(awk '/CapBnd/ { print $2 }' <<<"$output")
    is "$capabilities" 0000000000000000
}

@test "the same in a user namespace" {
    policy MPOL_BIND "$NODE"
    config '.linux.namespaces += [{ type: "user" }]
        | .linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }]
        | .linux.gidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }]'
    chmod 711 "$T" "$BUNDLE"
    open_above "$T"
    up
    is "$(policy_of "$PID")" "bind:$NODE"
    in_exec probe policy
    is "$output" "2 0x0 $NODE"
}

# The directories above must let the mapped root through.
open_above() {
    local dir=$1
    while [ "$dir" != / ]; do
        [ "$(stat -c %a "$dir")" != 700 ] || chmod 711 "$dir"
        dir=$(dirname "$dir")
    done
}

@test "where the config names none, the caller's policy is left as it is" {
    program probe policy
    ok "$PROBE" with-policy 3 "$NODE" "$HASU" --root "$ROOT" run -b "$BUNDLE" "$ID"
    is "$output" "3 0x0 $NODE"
    ok hasu run -b "$BUNDLE" "$ID"
    is "$output" "0 0x0 "
}

@test "MPOL_DEFAULT resets the caller's policy, and others replace it" {
    program probe policy
    policy MPOL_DEFAULT
    ok "$PROBE" with-policy 3 "$NODE" "$HASU" --root "$ROOT" run -b "$BUNDLE" "$ID"
    is "$output" "0 0x0 "
    policy MPOL_PREFERRED "$NODE"
    ok "$PROBE" with-policy 3 "$NODE" "$HASU" --root "$ROOT" run -b "$BUNDLE" "$ID"
    is "$output" "1 0x0 $NODE"
}

@test "exec does not take its own caller's policy where the container has one" {
    policy MPOL_BIND "$NODE"
    up
    ok "$PROBE" with-policy 3 "$NODE" "$HASU" --root "$ROOT" exec "$ID" probe policy
    is "$output" "2 0x0 $NODE"
}

@test "exec has the policy that init gave itself" {
    policy MPOL_BIND "$NODE"
    program probe with-policy "$((3 + 32768))" "$NODE" sh -c 'echo changed; exec probe wait'
    ok hasu run --detach -b "$BUNDLE" "$ID"
    until_true grep -q changed "$T/out"
    in_exec head -n 1 /proc/self/numa_maps
    is "$(policy_word <<<"$output")" "interleave=static:$NODE"
}

@test "exec is under the default when init went back to it" {
    policy MPOL_BIND "$NODE"
    program probe with-policy 0 - sh -c 'echo changed; exec probe wait'
    ok hasu run --detach -b "$BUNDLE" "$ID"
    until_true grep -q changed "$T/out"
    in_exec probe policy
    is "$output" "0 0x0 "
}

@test "exec with a process file, a terminal-less shell, another user: the same policy" {
    policy MPOL_BIND "$NODE"
    forbid_policies
    up
    jq '.process | .args = ["head", "-n", "1", "/proc/self/numa_maps"]
        | .user = { uid: 1000, gid: 1000 }' "$CONFIG" >"$T/process.json"
    ok hasu exec --process "$T/process.json" "$ID"
    is "$(policy_word <<<"$output")" "bind:$NODE"
    ok hasu exec -u 1000:1000 "$ID" head -n 1 /proc/self/numa_maps
    is "$(policy_word <<<"$output")" "bind:$NODE"
}

@test "the config's file after create is nobody's business" {
    policy MPOL_BIND "$NODE"
    program probe wait
    created
    policy MPOL_INTERLEAVE "$NODE"
    ok hasu start "$ID"
    is "$(policy_of "$PID")" "bind:$NODE"
    in_exec probe policy
    is "$output" "2 0x0 $NODE"
    rm "$CONFIG"
    in_exec probe policy
    is "$output" "2 0x0 $NODE"
}

@test "the state keeps what was asked, foreseen and found; the state command does not show it" {
    policy MPOL_BIND "$ALL" MPOL_F_STATIC_NODES
    up
    is "$(jq -c '.memoryPolicy.asked' "$ROOT/$ID/state.json")" \
        "{\"mode\":\"MPOL_BIND\",\"nodes\":\"$ALL\",\"flags\":[\"MPOL_F_STATIC_NODES\"]}"
    is "$(jq -c '.memoryPolicy | [.asked, .resolved, .effective] | unique | length' \
        "$ROOT/$ID/state.json")" 1
    is "$(jq -r '.memoryPolicy.narrowed' "$ROOT/$ID/state.json")" ""
    is "$(jq -r '.memoryPolicy.allowed' "$ROOT/$ID/state.json")" \
        "$(sed -n 's/^Mems_allowed_list:[[:space:]]*//p' "/proc/$PID/status")"
    ok hasu state "$ID"
    lacks "${output,,}" policy
    is "$(jq -c 'keys' <<<"$output")" '["bundle","id","ociVersion","pid","status"]'
}

@test "relative nodes: the state says what they came out as" {
    policy MPOL_BIND 1000 MPOL_F_RELATIVE_NODES
    up
    is "$(jq -r '.memoryPolicy.asked.nodes' "$ROOT/$ID/state.json")" 1000
    is "bind=relative:$(jq -r '.memoryPolicy.effective.nodes' "$ROOT/$ID/state.json")" \
        "$(policy_of "$PID")"
}

@test "a config without a policy keeps none" {
    up
    is "$(jq 'has("memoryPolicy")' "$ROOT/$ID/state.json")" false
    config '.linux.memoryPolicy = null | .linux.cgroupsPath += "-b"'
    ok hasu run --detach -b "$BUNDLE" "$ID-b"
    is "$(jq 'has("memoryPolicy")' "$ROOT/$ID-b/state.json")" false
}

@test "hasu.memory-policy.rules: strict, kernel, and nothing else" {
    policy MPOL_BIND "$NODE"
    program probe policy
    for word in strict kernel; do
        config '.annotations["hasu.memory-policy.rules"] = $words[0]' "$word"
        ok hasu run -b "$BUNDLE" "$ID"
        is "$output" "2 0x0 $NODE"
    done
    for word in Strict '' none 'kernel '; do
        config '.annotations["hasu.memory-policy.rules"] = $words[0]' "$word"
        fails "/annotations/hasu.memory-policy.rules: '$word' is neither 'strict' nor 'kernel'" \
            hasu create -b "$BUNDLE" "$ID"
    done
    nothing_left
}

@test "rules=kernel leaves the balancing flag's modes to the kernel" {
    local mode
    program probe policy
    for mode in MPOL_PREFERRED MPOL_INTERLEAVE MPOL_PREFERRED_MANY; do
        policy "$mode" "$NODE" MPOL_F_NUMA_BALANCING
        config 'del(.annotations)'
        fails "MPOL_F_NUMA_BALANCING goes with MPOL_BIND only" hasu run -b "$BUNDLE" "$ID"
        config '.annotations["hasu.memory-policy.rules"] = "kernel"'
        if "$PROBE" with-policy "$(number_of "$mode" MPOL_F_NUMA_BALANCING)" "$NODE" true; then
            ok hasu run -b "$BUNDLE" "$ID"
            is "$output" "$(number_of "$mode") 0x2000 $NODE"
            has "$errors" warning
            has "$errors" MPOL_F_NUMA_BALANCING
        else
            fails MPOL_F_NUMA_BALANCING hasu run -b "$BUNDLE" "$ID"
            has "$errors" "$mode"
        fi
    done
    nothing_left
}

@test "hasu.memory-policy.narrowing: warn, refuse, and nothing else" {
    policy MPOL_BIND "$NODE"
    program probe policy
    for word in warn refuse; do
        config '.annotations["hasu.memory-policy.narrowing"] = $words[0]' "$word"
        ok hasu run -b "$BUNDLE" "$ID"
        is "$output" "2 0x0 $NODE"
        is "$errors" ""
    done
    for word in Refuse '' no; do
        config '.annotations["hasu.memory-policy.narrowing"] = $words[0]' "$word"
        fails "/annotations/hasu.memory-policy.narrowing: '$word' is neither 'warn' nor 'refuse'" \
            hasu create -b "$BUNDLE" "$ID"
    done
    nothing_left
}

@test "the cpuset is there before the policy" {
    [ -n "$(cpuset_files)" ] || skip "there is no cpuset controller here"
    config '.linux.resources.cpu = { mems: $words[0] }' "$NODE"
    alike MPOL_BIND "$NODE"
    alike MPOL_BIND "$NODE" MPOL_F_STATIC_NODES
    policy MPOL_BIND "$NODE"
    up
    is "$(sed -n 's/^Mems_allowed_list:[[:space:]]*//p' "/proc/$PID/status")" "$NODE"
}

@test "nodes that the cpuset leaves out: a warning, and only the rest in force" {
    need_two_nodes
    config '.linux.resources.cpu = { mems: $words[0] }' "$NODE"
    policy MPOL_BIND "$ALL"
    up
    has "$errors" "warning"
    has "$errors" "the container cannot use"
    is "$(policy_of "$PID")" "bind:$NODE"
    is "$(jq -r '.memoryPolicy.asked.nodes' "$ROOT/$ID/state.json")" "$ALL"
    is "$(jq -r '.memoryPolicy.effective.nodes' "$ROOT/$ID/state.json")" "$NODE"
    in_exec head -n 1 /proc/self/numa_maps
    is "$(policy_word <<<"$output")" "bind:$NODE"
}

@test "nodes that do not exist beside ones that do: a warning, or refused where that is asked for" {
    policy MPOL_INTERLEAVE "$NODE,$(absent_node)"
    program probe policy
    ok hasu run -b "$BUNDLE" "$ID"
    is "$output" "3 0x0 $NODE"
    has "$errors" "warning: /linux/memoryPolicy/nodes: node $(absent_node) does not exist"
    config '.annotations["hasu.memory-policy.narrowing"] = "refuse"'
    fails "the annotation hasu.memory-policy.narrowing=refuse is set" \
        hasu create -b "$BUNDLE" "$ID"
    nothing_left
}

@test "init and exec stay together when the cpuset moves" {
    need_two_nodes
    local file second
    second=$(tr -s ',-' '\n' <<<"$ALL" | tail -n 1)
    config '.linux.resources.cpu = { mems: $words[0] }' "$ALL"
    policy MPOL_BIND "$NODE"
    up
    file=$(cgroup_of "$PID" cpuset)/cpuset.mems
    echo "$second" >"$file"
    is "$(policy_of "$PID")" "bind:$second"
    in_exec head -n 1 /proc/self/numa_maps
    is "$(policy_word <<<"$output")" "bind:$second"
}

cpuset_files() {
    if cgroup2_only; then
        grep -w cpuset /sys/fs/cgroup/cgroup.controllers || true
    else
        ls -d /sys/fs/cgroup/cpuset 2>/dev/null || true
    fi
}

need_two_nodes() {
    [ "$ALL" != "$NODE" ] || skip "only one node here has memory"
    [ -n "$(cpuset_files)" ] || skip "there is no cpuset controller here"
}
