#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Nodes that are no ordinary ones, alone and in company: node 4 has a CPU and no memory, node 5
# memory and no CPU, and the numbers after it are absent. A policy must be refused in words, or
# narrowed with a warning. And what the container's policy must never reach: hooks and the runtime.
#
# lab-topologies: six-mixed
# lab-kernels: all

setup() {
    # shellcheck source-path=SCRIPTDIR source=container.bash
    . "$BATS_TEST_DIRNAME/container.bash"
    container_setup
}

teardown() {
    container_teardown
    system_restore
}

# refused MODE NODES TEXT: in these words, never by the kernel's bare refusal; nothing is left.
refused() {
    local before
    before=$(find /sys/fs/cgroup -type d | sort)
    policy "$1" "$2"
    run_init probe policy
    [ "$status" -eq 1 ] || fail "$1 $2: status $status: $output" || return 1
    [[ $output == *"/linux/memoryPolicy/nodes: $3" ]] || fail "$1 $2: $output" || return 1
    [[ $output != *"invalid argument"* ]] || fail "$1 $2: $output" || return 1
    [ -z "$("$HASU" list -q)" ] || fail "$1 $2: the container is left" || return 1
    [ "$(find /sys/fs/cgroup -type d | sort)" = "$before" ] || fail "$1 $2: a cgroup is left"
}

# warned MODE NODES TEXT MAPS WHERE: narrowed, with these words; and refused with the annotation.
warned() {
    policy "$1" "$2"
    run_init sh -c 'probe maps; probe pages 40 --order'
    [ "$status" -eq 0 ] || fail "$1 $2: status $status: $output" || return 1
    [[ $output == *"warning: /linux/memoryPolicy/nodes: $3"* ]] || fail "$1 $2: $output" || return 1
    [[ $output == *"maps $4"$'\n'* ]] || fail "$1 $2: $output, not $4" || return 1
    expect_pages "$5" "$output" || return 1
    config '.annotations["hasu.memory-policy.narrowing"] = "refuse"'
    run_init probe maps
    config 'del(.annotations)'
    [ "$status" -eq 1 ] || fail "$1 $2: narrowing=refuse did not refuse: $output" || return 1
    [[ $output == *"hasu.memory-policy.narrowing=refuse is set"* ]] || fail "$1 $2: $output"
}

@test "node 4 without memory, alone: refused in every mode that has nodes" {
    local mode
    for mode in MPOL_BIND MPOL_PREFERRED MPOL_INTERLEAVE MPOL_PREFERRED_MANY \
        MPOL_BIND+MPOL_F_STATIC_NODES MPOL_BIND+MPOL_F_NUMA_BALANCING; do
        refused "$mode" 4 "node 4 has no memory: this host has memory on nodes 0-3,5"
    done
}

@test "node 4 without memory, in company: left out, with a warning" {
    warned MPOL_BIND 3-4 "node 4 has no memory: this host has memory on nodes 0-3,5" bind:3 "all 3"
    warned MPOL_INTERLEAVE 2-5 "node 4 has no memory" interleave:2-3,5 "turn 2,3,5"
}

@test "absent nodes, alone and in company" {
    refused MPOL_BIND 6 "node 6 does not exist: this host has nodes 0-5"
    refused MPOL_INTERLEAVE 6-7,1023 "nodes 6-7,1023 do not exist: this host has nodes 0-5"
    warned MPOL_BIND 2,6 "node 6 does not exist: this host has nodes 0-5" bind:2 "all 2"
    warned MPOL_INTERLEAVE 1,2,9 "node 9 does not exist" interleave:1-2 "turn 1,2"
}

@test "an absent one and one without memory: both are named" {
    policy MPOL_BIND 4,7
    run_init probe policy
    [ "$status" -eq 1 ]
    [[ $output == *"node 7 does not exist"* || $output == *"node 4 has no memory"* ]] ||
        fail "$output"
    policy MPOL_BIND 1,4,7
    run_init probe maps
    [[ $output == *"warning: /linux/memoryPolicy/nodes: node 7 does not exist"* ]] || fail "$output"
    [[ $output == *"warning: /linux/memoryPolicy/nodes: node 4 has no memory"* ]] || fail "$output"
    [[ $output == *"maps bind:1" ]] || fail "$output"
}

@test "node 5, memory alone: an ordinary node to every mode" {
    policy MPOL_BIND 5
    run_init probe pages 40 --order
    [ "$status" -eq 0 ]
    expect_pages "all 5" "$output"
    policy MPOL_PREFERRED 5
    run_init probe pages 40 --order
    expect_pages "all 5" "$output"
    policy MPOL_INTERLEAVE 0,5
    run_init probe pages 40 --order
    expect_pages "turn 0,5" "$output"
}

@test "LOCAL on the CPU of node 4: the nearest memory" {
    # Distances from 4: 15 to node 0, 20 to 1-3, 30 to 5. Its CPU is the last one.
    config '.linux.resources.cpu.cpus = "4"'
    policy MPOL_LOCAL
    run_init probe pages 40 --order
    expect_pages "all 0" "$output"
}

@test "RELATIVE counts nodes with memory only: 4 is node 5" {
    policy MPOL_BIND+MPOL_F_RELATIVE_NODES 4
    run_init sh -c 'probe maps; probe pages 40 --order'
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *"maps bind=relative:5"* ]]
    expect_pages "all 5" "$output"
}

# Each hook says which policy it runs under, and startContainer's from inside the container. The
# runtime's own process is told from the outside: createRuntime's parent is `hasu create` itself.
@test "all six hooks and the runtime stay on the default policy" {
    local out=$BATS_TEST_TMPDIR/hooks name
    policy MPOL_BIND 2
    : >"$out"
    chmod 666 "$out"
    # shellcheck disable=SC2016 # jq's variables
    config '.mounts += [{ type: "bind", source: $out, destination: "/hooks", options: ["bind"] }]
        | .hooks = (["prestart", "createRuntime", "createContainer", "poststart", "poststop"]
            | map({ (.): [{ path: "/bin/sh", args: ["sh", "-c",
                "echo \(.) $(\($probe) policy) >>\($out)"] }] }) | add)
        | .hooks.startContainer = [{ path: "/bin/sh", env: ["PATH=/bin"], args: ["sh", "-c",
            "echo startContainer $(probe policy) >>/hooks"] }]
        | .hooks.createRuntime += [{ path: "/bin/sh", args: ["sh", "-c",
            "echo runtime $(sed -n \"1s/^[^ ]* //; 1s/ .*//p\" /proc/$PPID/numa_maps) >>\($out)"] }]' \
        --arg probe "$PROBE" --arg out "$out"
    run_init sh -c 'probe policy'
    [ "$output" = "policy MPOL_BIND 2" ] || fail "$output"
    for name in prestart createRuntime createContainer startContainer poststart poststop; do
        grep -qx "$name policy MPOL_DEFAULT -" "$out" || fail "$name: $(cat "$out")"
    done
    grep -qx "runtime default" "$out" || fail "the runtime: $(cat "$out")"
}

@test "a caller's policy is inherited where the config names none, by init and by hooks" {
    local out=$BATS_TEST_TMPDIR/hooks seen
    # shellcheck disable=SC2016 # jq's variables
    config 'del(.linux.memoryPolicy) | .process.args = ["sh", "-c", "probe policy; probe pages 40"]
        | .hooks.createRuntime = [{ path: "/bin/sh", args: ["sh", "-c",
            "\($probe) policy >\($out)"] }]' --arg probe "$PROBE" --arg out "$out"
    seen=$("$PROBE" set MPOL_INTERLEAVE 1,5 run "$HASU" run --bundle "$BUNDLE" "$ID" </dev/null)
    [ "$seen" = "policy MPOL_INTERLEAVE 1,5
pages 40 1:20 5:20" ] || fail "$seen"
    # DEFAULT is asked for: the caller's policy ends there.
    policy MPOL_DEFAULT
    seen=$("$PROBE" set MPOL_BIND 5 run "$HASU" run --bundle "$BUNDLE" "$ID" </dev/null)
    [[ $seen == "policy MPOL_DEFAULT -"* ]] || fail "$seen"
}
