#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Memory policies for engines that know none: the annotation hasu.memory-policy, --memory-policy,
# symbolic nodes, and what hasu.conf lets annotations do. The kernel is the witness: numa_maps, and
# what the probe sets by number.
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
    # No administrator's file of this host has a say in these tests.
    CONF=$T/hasu.conf
    chmod 755 "$T"
    # Lines of the log below warnings, too.
    LOG=(--conf "$CONF" --log-level info)
}

teardown() {
    hasu_teardown
}

annotation() {
    config '.annotations["hasu.memory-policy"] = $words[0]' "$1"
}

config_policy() {
    config '.linux.memoryPolicy = { mode: $words[0] }
        | if $words[1] then .linux.memoryPolicy.nodes = $words[1] else . end' "$@"
}

conf() {
    printf '%s\n' "$@" >"$CONF"
}

# What the container's first process sees of itself.
ran_under() {
    program head -n 1 /proc/self/numa_maps
    ok hasu "${LOG[@]}" run "${@:2}" -b "$BUNDLE" "$ID"
    is "$(policy_word <<<"$output")" "$1"
}

# refused TEXT [OPTION...]: by create, and nothing is left.
refused() {
    fails "$1" hasu "${LOG[@]}" create "${@:2}" -b "$BUNDLE" "$ID"
    is "$status" 1
    nothing_left
}

state_of_policy() {
    jq -c ".memoryPolicy$1" "$ROOT/$ID/state.json"
}

@test "an annotation in every notation, in the kernel's words" {
    local text words
    while IFS='|' read -r text words; do
        annotation "${text//+/|}"
        program head -n 1 /proc/self/numa_maps
        call hasu "${LOG[@]}" run -b "$BUNDLE" "$ID"
        if [ "$status" -ne 0 ]; then
            matches "$errors" '(WEIGHTED_INTERLEAVE|PREFERRED_MANY|NUMA_BALANCING) needs Linux'
            continue
        fi
        is "$text: $(policy_word <<<"$output")" "$text: $words"
    done <<END
default|default
local|local
prefer|local
prefer:$NODE|prefer:$NODE
prefer=relative:0|prefer=relative:$NODE
bind:$ALL|bind:$ALL
bind=static:$NODE|bind=static:$NODE
interleave:$NODE|interleave:$NODE
interleave=static:$ALL|interleave=static:$ALL
prefer (many):$NODE|prefer (many):$NODE
prefer (many)=static:$NODE|prefer (many)=static:$NODE
weighted interleave:$NODE|weighted interleave:$NODE
weighted interleave=relative:0|weighted interleave=relative:$NODE
MPOL_DEFAULT|default
MPOL_BIND:$NODE|bind:$NODE
MPOL_INTERLEAVE=MPOL_F_STATIC_NODES:$NODE|interleave=static:$NODE
MPOL_PREFERRED_MANY:$NODE|prefer (many):$NODE
  bind = static : $NODE - $NODE , |bind=static:$NODE
bind:0-1023,!$((NODE + 1))-1023|bind:$(seq -s, 0 "$NODE" | tail -n 1)
END
}

@test "two flags, by the kernel's separator and by the shell's friend" {
    local separator
    program probe policy
    for separator in '|' '+'; do
        annotation "bind=static${separator}balancing:$NODE"
        ok hasu "${LOG[@]}" run -b "$BUNDLE" "$ID"
        is "$output" "2 0xa000 $NODE"
    done
}

@test "symbols that stand for the same on any host" {
    local symbol
    for symbol in allowed all cpus,all allowed,!1023 '!1023' with-cpus,memory-only,allowed \
        max-dist:255,all; do
        annotation "interleave:$symbol"
        ran_under "interleave:$ALL"
    done
}

@test "the state keeps what symbols became, and the text" {
    annotation 'interleave=static: all'
    program probe wait
    ok hasu "${LOG[@]}" run --detach -b "$BUNDLE" "$ID"
    is "$(policy_of "$(init_pid "$ID")")" "interleave=static:$ALL"
    has "$errors" "/annotations/hasu.memory-policy: \"interleave=static: all\" became 'interleave=static:$ALL'"
    is "$(state_of_policy .request)" \
        '{"from":"/annotations/hasu.memory-policy","text":"interleave=static: all","narrowing":"warn"}'
    is "$(state_of_policy .asked.nodes)" "\"$ALL\""
    is "$(state_of_policy .effective.nodes)" "\"$ALL\""
    in_exec head -n 1 /proc/self/numa_maps
    is "$(policy_word <<<"$output")" "interleave=static:$ALL"
}

@test "symbols that stand for nothing, in words" {
    annotation 'bind:!0-1023'
    refused '/annotations/hasu.memory-policy: no node is left: "!" takes away'
    annotation 'bind:all,!all'
    refused '/annotations/hasu.memory-policy: no node is left: "!" takes away'
    annotation 'bind:device:ffff:ff:1f.7'
    refused '/annotations/hasu.memory-policy: device:ffff:ff:1f.7: this host has no such PCI device'
    if [ "$(cat /sys/devices/system/node/has_cpu)" = "$ALL" ]; then
        annotation 'bind:memory-only'
        refused '"memory-only" stands for no node here: every node of this host has CPUs'
        annotation 'bind:allowed,memory-only'
        program head -n 1 /proc/self/numa_maps
        ok hasu "${LOG[@]}" run -b "$BUNDLE" "$ID"
        is "$(policy_word <<<"$output")" "bind:$ALL"
        has "$errors" 'warning: /annotations/hasu.memory-policy: "memory-only" stands for no node'
    fi
}

@test "nodes that do not exist: the annotation is named, not a member that it has not" {
    annotation "bind:$(absent_node)"
    refused "hasu: error: /annotations/hasu.memory-policy: node $(absent_node) does not exist: this host has"
    annotation "bind:$NODE,$(absent_node)"
    config '.annotations["hasu.memory-policy.narrowing"] = "refuse"'
    refused "narrowing=refuse is set"
    lacks "$errors" "hasu.memory-policy/"
    config 'del(.annotations["hasu.memory-policy.narrowing"])'
    ran_under "bind:$NODE"
    has "$errors" "warning: /annotations/hasu.memory-policy: node $(absent_node) does not exist"
}

@test "without hasu.conf: filling in, not replacing" {
    annotation "interleave:$NODE"
    ran_under "interleave:$NODE"
    config_policy MPOL_BIND "$NODE"
    refused "an annotation may not replace it ('replace = yes' in $CONF would allow it)"
}

@test "hasu.conf: replacing allowed, in words; forbidden by a later section" {
    annotation "interleave:$NODE"
    config_policy MPOL_BIND "$NODE"
    conf '[memory-policy]' 'replace = yes'
    ran_under "interleave:$NODE"
    has "$errors" "/annotations/hasu.memory-policy: takes the place of /linux/memoryPolicy ($CONF:2: replace)"
    conf '[memory-policy]' 'replace = yes' "[memory-policy cgroup=/$ID*]" 'replace = no'
    refused "an annotation may not replace it ($CONF:4: replace)"
    conf '[memory-policy]' 'replace = yes' '[memory-policy cgroup=/other*]' 'replace = no'
    ran_under "interleave:$NODE"
}

@test "hasu.conf: filling in forbidden, refused or ignored" {
    annotation "interleave:$NODE"
    conf '[memory-policy]' 'fill = no'
    refused "an annotation may not give one ($CONF:2: fill)"
    conf '[memory-policy]' 'fill = no' 'denied = ignore'
    ran_under default
    has "$errors" "warning: /annotations/hasu.memory-policy: is ignored:"
    has "$errors" "($CONF:2: fill, and $CONF:3: denied)"
}

@test "hasu.conf: which annotations are honoured" {
    config_policy MPOL_BIND "$NODE,$(absent_node)"
    config '.annotations["hasu.memory-policy.narrowing"] = "refuse"'
    conf '[memory-policy]' 'annotations = hasu.memory-policy'
    refused "/annotations/hasu.memory-policy.narrowing: is not honoured here ($CONF:2: annotations)"
    conf '[memory-policy]' 'annotations = hasu.memory-policy' 'denied = ignore'
    ran_under "bind:$NODE"
    conf '[memory-policy]' 'annotations = all'
    refused "narrowing=refuse"
}

@test "hasu.conf: nodes that may be named" {
    conf '[memory-policy]' "nodes = $(absent_node)"
    annotation "bind:$NODE"
    refused "nodes '$NODE' may not be named here, only '$(absent_node)' ($CONF:2: nodes)"
    annotation bind:allowed
    refused "may be named ($CONF:2: nodes)"
    annotation bind=relative:0
    refused "nodes '$NODE' may not be named here, only '$(absent_node)' ($CONF:2: nodes)"
    annotation local
    ran_under local
    conf '[memory-policy]' "nodes = $NODE"
    annotation bind:allowed
    ran_under "bind:$NODE"
}

@test "hasu.conf: by the user who runs hasu" {
    annotation "interleave:$NODE"
    config_policy MPOL_BIND "$NODE"
    conf '[memory-policy user=1-4294967295]' 'replace = yes'
    refused "an annotation may not replace it"
    conf '[memory-policy user=0]' 'replace = yes'
    ran_under "interleave:$NODE"
}

@test "hasu.conf that is wrong holds up those with annotations, and nobody else" {
    conf '[memory-policy]' 'replase = yes'
    ran_under default
    config_policy MPOL_BIND "$NODE"
    ran_under "bind:$NODE"
    annotation local
    refused "hasu: error: $CONF:2: 'replase' is not a setting"
    conf '[memory-policy]' 'replace = yes'
    chmod 666 "$CONF"
    refused "hasu: error: $CONF: others than root can write to the file (mode 0666), and it is not trusted"
    chmod 644 "$CONF"
    chown 1000 "$CONF"
    refused "hasu: error: $CONF: the file belongs to user 1000, not to root"
    rm "$CONF"
    mkfifo "$CONF"
    refused "hasu: error: $CONF: is not a regular file"
}

@test "an option takes the place of both, whatever annotations may do" {
    annotation "interleave:$NODE"
    config_policy MPOL_BIND "$NODE"
    conf '[memory-policy]' 'annotations = none' "nodes = $(absent_node)"
    ran_under "prefer=static:$NODE" --memory-policy "prefer=static:$NODE"
    has "$errors" "--memory-policy: takes the place of /linux/memoryPolicy and /annotations/hasu.memory-policy"
    rm "$CONF"
    config 'del(.annotations) | del(.linux.memoryPolicy)'
    ran_under "interleave:$ALL" --memory-policy=interleave:allowed
    fails "hasu: error: --memory-policy: mode \"bnd\" is not known" \
        hasu create --memory-policy bnd:0 -b "$BUNDLE" "$ID"
    is "$status" 1
    fails "hasu: error: --memory-policy: node $(absent_node) does not exist" \
        hasu create --memory-policy "bind:$(absent_node)" -b "$BUNDLE" "$ID"
    nothing_left
}

@test "an option holds for what create made, too, and for what exec starts there" {
    program probe wait
    created --memory-policy "interleave=static:$NODE"
    is "$(policy_of "$PID")" "interleave=static:$NODE"
    is "$(state_of_policy .request.from)" '"--memory-policy"'
    ok hasu start "$ID"
    in_exec probe policy
    is "$output" "3 0x8000 $NODE"
}

@test "exec with a policy of its own, which init never sees" {
    config_policy MPOL_BIND "$NODE"
    up
    ok hasu exec --memory-policy "prefer=static:$NODE" "$ID" probe policy
    is "$output" "1 0x8000 $NODE"
    ok hasu exec --memory-policy interleave:allowed "$ID" head -n 1 /proc/self/numa_maps
    is "$(policy_word <<<"$output")" "interleave:$ALL"
    ok hasu exec --memory-policy default "$ID" probe policy
    is "$output" "0 0x0 "
    in_exec probe policy
    is "$output" "2 0x0 $NODE"
    is "$(policy_of "$PID")" "bind:$NODE"
}

@test "exec with a policy in a container that has none" {
    up
    ok hasu exec --memory-policy "bind:$NODE" "$ID" head -n 1 /proc/self/numa_maps
    is "$(policy_word <<<"$output")" "bind:$NODE"
    in_exec probe policy
    is "$output" "0 0x0 "
}

@test "exec with a policy that cannot be, in words, and nothing runs" {
    up
    fails "hasu: error: --memory-policy: mode \"bnd\" is not known" hasu exec --memory-policy bnd "$ID" true
    is "$status" 255
    fails "hasu: error: --memory-policy: node $(absent_node) does not exist" \
        hasu exec --memory-policy "bind:$(absent_node)" "$ID" true
    is "$status" 255
    ok hasu exec --memory-policy "bind:$NODE,$(absent_node)" "$ID" probe policy
    is "$output" "2 0x0 $NODE"
    has "$errors" "warning: --memory-policy: node $(absent_node) does not exist"
    fails "hasu: error: --memory-policy: no node is left" hasu exec --memory-policy 'bind:!all' "$ID" true
    is "$status" 255
}

@test "fallback changes nothing on a kernel that has the mode" {
    "$PROBE" with-policy 5 "$NODE" true 2>/dev/null || skip "this kernel has no MPOL_PREFERRED_MANY"
    annotation "prefer (many):$NODE"
    config '.annotations["hasu.memory-policy.fallback"] = "allow"'
    ran_under "prefer (many):$NODE"
    lacks "$errors" "warning"
    ran_under "prefer (many):$NODE" --memory-policy "prefer (many):$NODE" --memory-policy-fallback
}

@test "no policy of an annotation reaches the runtime or its hooks" {
    annotation "bind:$NODE"
    config '.hooks.createRuntime = [{ path: "/bin/sh", args: ["sh", "-c",
        "head -qn 1 /proc/self/numa_maps /proc/$PPID/numa_maps >\($t)/hook"] }]'
    ran_under "bind:$NODE"
    is "$(policy_word <"$T/hook" | sort -u)" default
}

@test "features names the annotations as unsafe ones" {
    ok hasu features
    is "$(jq -c '.potentiallyUnsafeConfigAnnotations | map(select(startswith("hasu.")))' <<<"$output")" \
        '["hasu.memory-policy","hasu.memory-policy."]'
}
