#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Nodes named by what they are, in an annotation: the kernel's own nodes, distances, CPUs and cpusets
# stand behind the symbols, and the probe says where the pages lie. And the ladder of modes on a
# kernel that lacks one.
#
# lab-topologies: four-nodes six-mixed memory-only
# lab-kernels: all

# shellcheck disable=SC2016 # jq has variables of its own

setup() {
    # shellcheck source-path=SCRIPTDIR source=container.bash
    . "$BATS_TEST_DIRNAME/container.bash"
    container_setup
    # What the tests below are written for, by how many nodes there are.
    case $(cat /sys/devices/system/node/online) in
    0-3) WHERE=four-nodes ;;
    0-4) WHERE=memory-only ;;
    0-5) WHERE=six-mixed ;;
    *) fail "these tests know nothing of this machine" ;;
    esac
}

teardown() {
    container_teardown
}

only_on() {
    [[ " $* " == *" $WHERE "* ]]
}

annotation() {
    config '.annotations["hasu.memory-policy"] = $text' --arg text "$1"
}

cpus() {
    config '.linux.resources.cpu.cpus = $cpus' --arg cpus "$1"
}

# becomes TEXT MAPS WHERE: init's policy in the kernel's words, and its pages; so for exec.
becomes() {
    annotation "$1"
    start_init probe hold 24 --order
    [ "$(init_maps)" = "maps $2" ] || fail "$1: init: $(init_maps), not $2" || return 1
    [ "$(exec_in probe maps)" = "maps $2" ] || fail "$1: exec: $(exec_in probe maps)" || return 1
    expect_pages "$3" "$(cat "$OUT")" || return 1
    container_teardown
}

# refused TEXT WORDS
refused() {
    annotation "$1"
    run_init probe policy
    [ "$status" -eq 1 ] || fail "$1: status $status: $output" || return 1
    [[ $output == *"/annotations/hasu.memory-policy: $2"* ]] || fail "$1: $output" || return 1
    [ -z "$("$HASU" list -q)" ]
}

@test "cpus: the nodes of the container's CPUs" {
    if only_on four-nodes memory-only; then
        cpus 2
        becomes bind:cpus bind:2 "all 2"
        cpus 1,3
        becomes interleave:cpus interleave:1,3 "turn 1,3"
        becomes 'bind=static:!cpus' "bind=static:$([ "$WHERE" = four-nodes ] && echo 0,2 || echo 0,2,4)" \
            "within 0,2,4"
    else
        # The last CPU is that of node 4, which has no memory.
        cpus 4
        refused bind:cpus '"cpus" stands for no node here: it would be node 4, but node 4 has no memory'
        cpus 3-4
        becomes bind:cpus bind:3 "all 3"
    fi
}

# Whether a process keeps its affinity when it enters a cpuset is the kernel's affair; what the
# container has then is what counts. CPUs have the numbers of their nodes here.
@test "cpus: what the kernel leaves of the affinity that hasu was started with" {
    local seen list
    annotation bind:cpus
    cpus 0-3
    config '.process.args = ["sh", "-c",
        "sed -n s/^Cpus_allowed_list:.//p /proc/self/status; probe maps; probe pages 24 --order"]'
    seen=$(taskset -c 1-2 "$HASU" run --bundle "$BUNDLE" "$ID" </dev/null)
    echo "$seen"
    list=$(head -n 1 <<<"$seen")
    [ -n "$list" ]
    [ "$(sed -n 2p <<<"$seen")" = "maps bind:$list" ]
}

@test "allowed and all: the cpuset, and the host beyond it" {
    mems 1-2
    becomes interleave:allowed interleave:1-2 "turn 1,2"
    annotation interleave:all
    run_init sh -c 'probe maps; probe pages 24 --order'
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *"warning: /annotations/hasu.memory-policy: of the nodes '0-"*"cannot use '0,3"*"in force: '1-2'"* ]]
    [[ $output == *"maps interleave:1-2"$'\n'* ]]
    expect_pages "turn 1,2" "$output"
    config '.annotations["hasu.memory-policy.narrowing"] = "refuse"'
    run_init probe maps
    [ "$status" -eq 1 ]
    [[ $output == *"(the annotation hasu.memory-policy.narrowing=refuse is set)" ]] || fail "$output"
}

@test "with-cpus and memory-only" {
    case $WHERE in
    four-nodes)
        becomes interleave:with-cpus interleave:0-3 "turn 0,1,2,3"
        refused bind:memory-only '"memory-only" stands for no node here: every node of this host has CPUs'
        becomes 'bind:allowed,!memory-only' bind:0-3 "within 0,1,2,3"
        ;;
    memory-only)
        becomes interleave:with-cpus interleave:0-3 "turn 0,1,2,3"
        becomes bind:memory-only bind:4 "all 4"
        becomes prefer:memory-only prefer:4 "all 4"
        becomes 'interleave:all,!memory-only' interleave:0-3 "turn 0,1,2,3"
        mems 0-1
        refused bind:memory-only \
            '"memory-only" stands for no node here: it would be node 4, but the cpuset allows nodes 0-1'
        ;;
    six-mixed)
        # Node 4 has CPUs and no memory, node 5 memory and no CPUs.
        becomes interleave:with-cpus interleave:0-3 "turn 0,1,2,3"
        becomes bind:memory-only bind:5 "all 5"
        becomes interleave:0,memory-only interleave:0,5 "turn 0,5"
        ;;
    esac
}

@test "max-dist: counted by the host's own table of distances" {
    case $WHERE in
    four-nodes)
        # A square: 16 to two neighbours, 22 to the node across.
        cpus 2
        becomes bind:max-dist:10 bind:2 "all 2"
        becomes interleave:max-dist:16 interleave:1-3 "turn 1,2,3"
        becomes interleave:max-dist:22 interleave:0-3 "turn 0,1,2,3"
        becomes 'bind:max-dist:22,!max-dist:16' bind:0 "all 0"
        cpus 0,1
        becomes interleave:max-dist:16 interleave:0-3 "turn 0,1,2,3"
        mems 0,2
        becomes bind:max-dist:16 bind:0,2 "within 0,2"
        ;;
    memory-only)
        # 20 to the others with CPUs, 40 to the expander.
        cpus 1
        becomes bind:max-dist:19 bind:1 "all 1"
        becomes interleave:max-dist:20 interleave:0-3 "turn 0,1,2,3"
        becomes interleave:max-dist:40 interleave:0-4 "turn 0,1,2,3,4"
        ;;
    six-mixed)
        # From node 4: 15 to node 0, 20 to 1-3, 30 to 5; it has no memory itself.
        cpus 4
        becomes bind:max-dist:15 bind:0 "all 0"
        becomes interleave:max-dist:29 interleave:0-3 "turn 0,1,2,3"
        becomes 'bind:max-dist:30,!max-dist:20' bind:5 "all 5"
        ;;
    esac
}

# What the firmware of the machine calls a package is read here without hasu.
@test "package: the nodes whose CPUs are in the same socket" {
    local node cpu package want=() i
    cpus 1
    package=$(cat /sys/devices/system/cpu/cpu1/topology/physical_package_id)
    for node in /sys/devices/system/node/node[0-9]*; do
        cpu=$(sed 's/[-,].*//' "$node/cpulist")
        [ -n "$cpu" ] && ! grep -q 'MemTotal: *0 kB' "$node/meminfo" || continue
        [ "$(cat "/sys/devices/system/cpu/cpu$cpu/topology/physical_package_id")" = "$package" ] || continue
        want+=("${node##*node}")
    done
    [ "${#want[@]}" -gt 0 ]
    mapfile -t want < <(printf '%s\n' "${want[@]}" | sort -n)
    annotation bind=static:package
    start_init probe hold 24 --order
    i=$(IFS=, && echo "${want[*]}")
    echo "package $package: nodes $i; init: $(init_maps)"
    [ "$(exec_in probe policy)" = "policy MPOL_BIND+MPOL_F_STATIC_NODES $(list "$i")" ]
    expect_pages "within $i" "$(cat "$OUT")"
}

# 0,1,2 as the kernel writes it: 0-2. The probe writes its own policies so.
list() {
    "$PROBE" set MPOL_BIND+MPOL_F_STATIC_NODES "$1" policy | sed 's/.* //'
}

# The emulated machine's firmware tells no node for its devices; root may tell the kernel.
@test "device: where the kernel says that it is" {
    local device
    device=$(basename "$(find /sys/bus/pci/devices -mindepth 1 | sort | head -n 1)")
    echo "$device"
    refused "bind:device:$device" "device:$device: the firmware of this host does not tell its node"
    echo 2 >"/sys/bus/pci/devices/$device/numa_node"
    becomes "bind:device:$device" bind:2 "all 2"
    becomes "prefer=static:device:${device#0000:}" prefer=static:2 "all 2"
    mems 0-1
    refused "bind:device:$device" \
        '"device" stands for no node here: it would be node 2, but the cpuset allows nodes 0-1'
    echo -1 >"/sys/bus/pci/devices/$device/numa_node"
}

@test "a limit of the administrator's: symbols keep within it, numbers beyond it are refused" {
    mkdir -p /etc/hasu
    printf '%s\n' '[memory-policy]' 'nodes = 1-2' >/etc/hasu/hasu.conf
    becomes interleave:allowed interleave:1-2 "turn 1,2"
    becomes interleave:all interleave:1-2 "turn 1,2"
    becomes 'bind:!1' bind:2 "all 2"
    becomes bind=relative:1-2 bind=relative:1-2 "within 1,2"
    refused bind:0-2 "nodes '0' may not be named here, only '1-2' (/etc/hasu/hasu.conf:2: nodes)"
    refused bind=relative:0 "nodes '0' may not be named here, only '1-2' (/etc/hasu/hasu.conf:2: nodes)"
    cpus 3
    refused bind:cpus '"cpus" stands for no node here: it would be node 3, but only nodes 1-2 may be named (/etc/hasu/hasu.conf:2: nodes)'
    rm /etc/hasu/hasu.conf
}

@test "exec: another policy than init's, in the container's cpuset" {
    mems 1-3
    policy MPOL_BIND 1
    start_init probe hold 8 --order
    run exec_in_with interleave:2-3 sh -c 'probe maps; probe pages 24 --order'
    [ "$status" -eq 0 ] || fail "$output"
    [[ $output == "maps interleave:2-3"$'\n'* ]] || fail "$output"
    expect_pages "turn 2,3" "$output"
    run exec_in_with bind:allowed probe maps
    [ "$output" = "maps bind:1-3" ] || fail "$output"
    run exec_in_with bind:0 probe maps
    [ "$status" -eq 255 ]
    [[ $output == *"--memory-policy: node 0 cannot be used here, and nothing else is asked for: the cpuset allows nodes 1-3" ]] ||
        fail "$output"
    [ "$(init_maps)" = "maps bind:1" ]
    [ "$(exec_in probe maps)" = "maps bind:1" ]
}

exec_in_with() {
    "$HASU" exec --memory-policy "$1" "$ID" "${@:2}" </dev/null 3>&-
}

@test "symbols are numbers once they are set: a changed cpuset moves them as it moves others" {
    cpus 1
    annotation bind:cpus
    start_init probe hold 8 --order
    [ "$(init_maps)" = "maps bind:1" ]
    echo 2-3 >"$(init_cgroup)/cpuset.mems"
    [ "$(exec_in probe maps)" = "$(init_maps)" ] || fail "$(exec_in probe maps), init $(init_maps)"
    [ "$(jq -r .memoryPolicy.request.text "/run/hasu/$ID/state.json")" = bind:cpus ]
    [ "$(jq -r .memoryPolicy.asked.nodes "/run/hasu/$ID/state.json")" = 1 ]
}

@test "fallback: WEIGHTED_INTERLEAVE gives way to INTERLEAVE before Linux 6.9, with a warning" {
    local state=/run/hasu/$ID/state.json said="hasu: warning: /annotations/hasu.memory-policy: MPOL_WEIGHTED_INTERLEAVE needs Linux 6.9"
    annotation 'weighted interleave:1-2'
    if ! kernel_older 6 9; then
        config '.annotations["hasu.memory-policy.fallback"] = "allow"'
        # In turn by the system's weights, which newer kernels choose themselves.
        becomes 'weighted interleave:1-2' 'weighted interleave:1-2' "within 1,2"
        return 0
    fi
    run_init probe maps
    [ "$status" -eq 1 ]
    [[ $output == *"/annotations/hasu.memory-policy: MPOL_WEIGHTED_INTERLEAVE needs Linux 6.9; this is "* ]] || fail "$output"
    config '.annotations["hasu.memory-policy.fallback"] = "allow"'
    start_init probe hold 24 --order
    [[ $(cat "$OUT") == *"$said, and this is "*": MPOL_INTERLEAVE takes its place"* ]] || fail "$(cat "$OUT")"
    [ "$(init_maps)" = "maps interleave:1-2" ]
    expect_pages "turn 1,2" "$(cat "$OUT")"
    [ "$(exec_in probe maps)" = "maps interleave:1-2" ]
    [ "$(jq -r .memoryPolicy.request.fallbackFrom "$state")" = MPOL_WEIGHTED_INTERLEAVE ]
    "$HASU" placement --format json "$ID" | jq -e '.policy.fallbackFrom == "MPOL_WEIGHTED_INTERLEAVE"
        and .policy.effective.text == "interleave:1-2"' || fail "$("$HASU" placement "$ID")"
    COLUMNS=200 "$HASU" placement "$ID" |
        grep ', in place of MPOL_WEIGHTED_INTERLEAVE, which this kernel lacks'
    [ "$(jq -r .memoryPolicy.asked.mode "$state")" = MPOL_INTERLEAVE ]
    # The same for the config's own policy, by the option, and for exec.
    container_teardown
    config 'del(.annotations)'
    policy MPOL_WEIGHTED_INTERLEAVE 2-3
    config '.process.args = ["probe", "maps"]'
    run "$HASU" run --memory-policy-fallback --bundle "$BUNDLE" "$ID" </dev/null
    [ "$status" -eq 0 ] || fail "$output"
    [[ $output == *"warning: /linux/memoryPolicy/mode: MPOL_WEIGHTED_INTERLEAVE needs"* ]] || fail "$output"
    [[ $output == *"maps interleave:2-3" ]] || fail "$output"
}
