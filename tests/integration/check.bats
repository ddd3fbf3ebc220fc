#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# hasu check: what is wrong with a config, all of it, on this host and on captured ones. What it says
# about ten captured hosts is in tests/golden.

# shellcheck disable=SC2016 # filters of jq
# shellcheck disable=SC2030,SC2031 # each test is a subshell
# shellcheck disable=SC2154 # status, output, errors: set by helpers.bash
load helpers

setup() {
    hasu_setup
    HOSTS=$BATS_TEST_DIRNAME/../hosts
}

teardown() {
    hasu_teardown
}

# found ARGUMENT...: "severity code pointer" of each finding, a line each; sets status.
found() {
    call hasu check --format json "$@"
    output=$(jq -r '.findings[] | "\(.severity) \(.code) \(.pointer)"' <<<"$output")
}

@test "the golden outputs of the captured hosts" {
    call "$BATS_TEST_DIRNAME/../golden/run" "$HASU"
    [ "$status" -eq 0 ] || {
        grep -v '^ok' <<<"$output"
        return 1
    }
    # Ten hosts, five outputs each.
    [ "$(grep -c '^ok' <<<"$output")" -ge 50 ]
}

@test "a config that create takes is clean, and one that it refuses is not" {
    ok hasu check --bundle "$BUNDLE"
    has "$output" "nothing to say"
    created
    hasu delete --force "$ID"
    config '.process.cwd = "relative"'
    found --bundle "$BUNDLE"
    is "$status" 1
    is "$output" "error spec.path.relative /process/cwd"
    fails "/process/cwd: 'relative' is not an absolute path" hasu create -b "$BUNDLE" "$ID"
}

@test "resources that this host does not have are errors, as create refuses them" {
    local resources
    for resources in '{ hugepageLimits: [{ pageSize: "3MB", limit: 1 }] }' \
        '{ unified: { "nothing.max": "1" } }' '{ unified: { "cgroup.procs": "1" } }'; do
        config '.linux.resources = '"$resources"
        found --bundle "$BUNDLE"
        is "$status" 1
        has "$output" "error check.resources /linux/resources/"
        fails "$(sed -n 's/^error check.resources //p' <<<"$output"): " hasu create -b "$BUNDLE" "$ID" || return 1
    done
}

@test "sizes of huge pages that a captured host does not have" {
    config '.linux.resources.hugepageLimits = [{ pageSize: "2MB", limit: 1 }, { pageSize: "64KB", limit: 1 },
        { pageSize: "1GB", limit: 1 }] | .linux.memoryPolicy = { mode: "MPOL_BIND", nodes: "0" }'
    found --host "$HOSTS/two-sockets" "$CONFIG"
    is "$status" 1
    is "$(grep error <<<"$output")" "error check.resources /linux/resources/hugepageLimits/1/pageSize"
    # What has no pages can get some.
    has "$output" "warning check.hugetlb.empty /linux/resources/hugepageLimits/2"
    lacks "$output" "check.hugetlb.empty /linux/resources/hugepageLimits/1"
}

@test "everything that is wrong is said, not only the first, and in create's words" {
    local text
    config '.process.cwd = 5 | .hostname = [] | .linux.memoryPolicy = { mode: "BIND", nodes: "3-1" }
        | .linux.sysctl = { "vm.swappiness": "1" }'
    call hasu check --format json --bundle "$BUNDLE"
    is "$status" 1
    is "$(jq .errors <<<"$output")" 5
    text=$(jq -r '.findings[] | select(.severity == "error") | "\(.pointer): \(.message)"' <<<"$output" | head -n 1)
    fails "$text" hasu create -b "$BUNDLE" "$ID"
}

@test "exit status: 0, 1 on errors, 2 where it cannot be told; --strict counts warnings" {
    config '.process.capabilities.bounding += ["CAP_TOMORROW"]'
    call hasu check -b "$BUNDLE"
    is "$status" 0
    call hasu check --strict -b "$BUNDLE"
    is "$status" 1
    has "$output" "warnings count as errors"
    call hasu check "$T/nothing"
    is "$status" 2
    has "$errors" "no such file or directory"
    call hasu check --host "$T" -b "$BUNDLE"
    is "$status" 2
    has "$errors" "is no captured host"
    call hasu check --colour
    is "$status" 2
    call hasu check -b "$BUNDLE" "$CONFIG"
    is "$status" 2
    has "$errors" "give one of them"
    # What is no JSON can be told: it is wrong.
    echo '{' >"$CONFIG"
    found -b "$BUNDLE"
    is "$status" 1
    is "$output" "error spec.json "
}

@test "a file, a bundle, the working directory and standard input" {
    config '.process.cwd = "x"'
    found "$CONFIG"
    is "$output" "error spec.path.relative /process/cwd"
    found "$BUNDLE"
    is "$output" "error spec.path.relative /process/cwd"
    cd "$BUNDLE"
    found
    is "$output" "error spec.path.relative /process/cwd"
    STDIN=$CONFIG found -
    is "$output" "error spec.path.relative /process/cwd"
}

@test "what the config names must be there: rootfs, sources of bind mounts, hooks" {
    config '.root.path = "elsewhere"
        | .mounts += [{ destination: "/a", source: "missing", options: ["bind"] },
            { destination: "/b", source: "/etc", options: ["rbind"] }]
        | .hooks = { createRuntime: [{ path: "/no/such/hook" }], startContainer: [{ path: "/in/it" }] }'
    found -b "$BUNDLE"
    is "$status" 1
    # shellcheck disable=SC2001 # an expression
    is "$(sed "s,/mounts/[0-9]*/,/mounts/N/," <<<"$output")" "error check.rootfs /root/path
error check.mount.source /mounts/N/source
error check.hook /hooks/createRuntime/0/path"
    # Of a captured host nothing is known about files.
    found --host "$HOSTS/two-sockets" -b "$BUNDLE"
    is "$status" 0
    is "$output" ""
}

@test "a system call that two rules decide: the first holds, and the second is found" {
    program sh -c 'mkdir /tmp/a'
    config '.linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", syscalls: [
        { names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 18 },
        { names: ["mkdir"], action: "SCMP_ACT_ALLOW" },
        { names: ["mkdir"], action: "SCMP_ACT_ERRNO", errnoRet: 40, args: [{ index: 1, value: 1, op: "SCMP_CMP_EQ" }] },
        { names: ["mkdirat", "mkdir"], action: "SCMP_ACT_ERRNO", errnoRet: 40 }] }'
    found -b "$BUNDLE"
    is "$output" "warning check.seccomp.twice /linux/seccomp/syscalls/3
warning check.seccomp.twice /linux/seccomp/syscalls/3"
    call hasu run -b "$BUNDLE" "$ID"
    has "$errors" "Invalid cross-device link" # 18; 40 is "Too many levels of symbolic links"
    config '.linux.seccomp.syscalls |= [.[3], .[0]]'
    call hasu run -b "$BUNDLE" "$ID"
    has "$errors" "Too many levels of symbolic links"
}

@test "an ordinary user may check, and nothing is written" {
    config '.linux.memoryPolicy = { mode: "MPOL_BIND", nodes: "0" }'
    # Where somebody else may go, whatever directory the tests have.
    local dir=/tmp/$ID.check
    mkdir -m 755 "$dir"
    install -m 755 "$HASU" "$dir/hasu"
    install -m 644 "$CONFIG" "$dir/a.json"
    find "$dir" -printf '%p %T@\n' | sort >"$T/before"
    status=0
    output=$(cd / && setpriv --reuid 65534 --regid 65534 --clear-groups \
        env -i "$dir/hasu" check --format json "$dir/a.json" 2>&1) || status=$?
    echo "$output"
    find "$dir" -printf '%p %T@\n' | sort | diff "$T/before" -
    rm -r "$dir"
    [ "$status" -le 1 ]
    is "$(jq -r .policy.asked.mode <<<"$output")" MPOL_BIND
}

@test "a node that this host lacks, by its number and the host's" {
    need_numa
    local absent
    absent=$(absent_node)
    config '.linux.memoryPolicy = { mode: "MPOL_BIND", nodes: $words[0] }' "$absent"
    found -b "$BUNDLE"
    is "$status" 1
    has "$output" "error mpol.node.absent /linux/memoryPolicy/nodes"
}

# A captured host with a cgroup more.
with_cgroup() {
    cp -r "$HOSTS/two-sockets" "$T/host"
    if [ "$1" = v1 ]; then
        rm -r "$T/host/sys/fs/cgroup"
        mkdir -p "$T/host/sys/fs/cgroup/cpuset/pods"
        echo 0-1 >"$T/host/sys/fs/cgroup/cpuset/cpuset.effective_mems"
        echo 1 >"$T/host/sys/fs/cgroup/cpuset/pods/cpuset.effective_mems"
    else
        mkdir "$T/host/sys/fs/cgroup/pods"
        echo 1 >"$T/host/sys/fs/cgroup/pods/cpuset.mems.effective"
    fi
}

@test "the cgroup that the container will live in narrows its nodes" {
    with_cgroup v2
    config '.linux.memoryPolicy = { mode: "MPOL_INTERLEAVE", nodes: "0-1" }
        | .linux.cgroupsPath = "/pods/pod1/c"'
    call hasu check --format json --host "$T/host" "$CONFIG"
    is "$(jq -r '.findings[] | select(.code == "mpol.narrowed") | .message' <<<"$output")" \
        "node 0 is left out: the cpuset allows node 1; in force: node 1"
    is "$(jq -r .policy.allowed <<<"$output")" 1
    config '.linux.resources.cpu.mems = "0-1"'
    found --host "$T/host" "$CONFIG"
    has "$output" "warning check.mems.narrowed /linux/resources/cpu/mems"
    config '.linux.cgroupsPath = "/elsewhere"'
    found --host "$T/host" "$CONFIG"
    is "$status" 0
    is "$output" ""
    config '.annotations["hasu.memory-policy.narrowing"] = "refuse" | .linux.cgroupsPath = "/pods/x"
        | del(.linux.resources.cpu)'
    found --host "$T/host" "$CONFIG"
    is "$status" 1
    has "$output" "error mpol.narrowed /linux/memoryPolicy/nodes"
}

@test "a cpuset of cgroup v1 takes no node that the one above lacks" {
    with_cgroup v1
    config '.linux.resources.cpu.mems = "0-1" | .linux.cgroupsPath = "/pods/c"'
    call hasu check --host "$T/host" "$CONFIG"
    is "$status" 1
    has "$(tr -s ' \n' ' ' <<<"$output")" "node 0 cannot be used: cgroup '/pods' allows node 1, and a cpuset of cgroup v1 takes no others"
}

@test "CPUs that this host lacks are an error, as create refuses them" {
    local cpu
    cpu=$(($(tr -s ',-' '\n' </sys/devices/system/cpu/possible | tail -n 1) + 1))
    config '.linux.resources.cpu.cpus = "0," + $words[0]' "$cpu"
    found --bundle "$BUNDLE"
    is "$status" 1
    has "$output" "error check.cpus.absent /linux/resources/cpu/cpus"
    fails "/linux/resources/cpu/cpus: " hasu create -b "$BUNDLE" "$ID"
    config '.linux.resources.cpu.cpus = $words[0]' "$cpu"
    found --bundle "$BUNDLE"
    is "$output" "error check.cpus.absent /linux/resources/cpu/cpus"
}

@test "CPUs that are offline, or can never be there" {
    local possible=sys/devices/system/cpu/possible
    with_cgroup v2
    config '.linux.resources.cpu.cpus = "0,4-7,111 - 113, 200"'
    # An older tool did not capture which are possible.
    call hasu check --host "$T/host" "$CONFIG"
    is "$status" 0
    has "$(tr -s ' \n' ' ' <<<"$output")" "CPUs 112-113,200 are not online: a cpuset of cgroup v2 leaves out a CPU that is offline, and one that can never be there it refuses"
    echo 0-127 >"$T/host/$possible"
    call hasu check --host "$T/host" "$CONFIG"
    is "$status" 1
    has "$output" "CPU 200 does not exist: this host has CPUs 0-127"
    has "$output" "CPUs 112-113 are not online"
    echo 0-255 >"$T/host/$possible"
    found --host "$T/host" "$CONFIG"
    is "$status/$output" "0/warning check.cpus.offline /linux/resources/cpu/cpus"
    config '.linux.resources.cpu.cpus = "0-111"'
    found --host "$T/host" "$CONFIG"
    is "$status/$output" "0/"
}

@test "a cpuset of cgroup v1 takes no CPU that is offline" {
    with_cgroup v1
    echo 0-255 >"$T/host/sys/devices/system/cpu/possible"
    config '.linux.resources.cpu.cpus = "0,200" | .linux.cgroupsPath = "/pods/c"'
    found --host "$T/host" "$CONFIG"
    is "$status" 1
    has "$output" "error check.cpus.offline /linux/resources/cpu/cpus"
}

@test "the CPUs that the cgroup above leaves" {
    with_cgroup v2
    echo 0-3,8 >"$T/host/sys/fs/cgroup/pods/cpuset.cpus.effective"
    config '.linux.resources.cpu.cpus = "2-5" | .linux.cgroupsPath = "/pods/pod1/c"'
    call hasu check --host "$T/host" "$CONFIG"
    is "$status" 0
    has "$(tr -s ' \n' ' ' <<<"$output")" "check.cpus.narrowed CPUs 4-5 are left out: cgroup '/pods' allows CPUs 0-3,8"
    config '.linux.resources.cpu.cpus = "4-5"'
    call hasu check --host "$T/host" "$CONFIG"
    is "$status" 1
    has "$(tr -s ' \n' ' ' <<<"$output")" "check.cpus.outside CPUs 4-5 cannot be used: cgroup '/pods' allows CPUs 0-3,8, and nothing else is asked for"
    config '.linux.resources.cpu.cpus = "0-2,8"'
    found --host "$T/host" "$CONFIG"
    lacks "$output" check.cpus
    rm -r "$T/host"
    with_cgroup v1
    echo 0-3 >"$T/host/sys/fs/cgroup/cpuset/pods/cpuset.effective_cpus"
    config '.linux.resources.cpu.cpus = "3-4"'
    call hasu check --host "$T/host" "$CONFIG"
    is "$status" 1
    has "$(tr -s ' \n' ' ' <<<"$output")" "CPU 4 cannot be used: cgroup '/pods' allows CPUs 0-3, and a cpuset of cgroup v1 takes no others"
}

@test "annotations are followed as the rules of hasu.conf are, and symbols become numbers" {
    config '.annotations["hasu.memory-policy"] = "bind:memory-only" | .linux.resources.memory.limit = 1000000'
    call hasu check --format json --host "$HOSTS/cxl" "$CONFIG"
    is "$(jq -r .policy.inForce.nodes <<<"$output")" 2-3
    config '.linux.memoryPolicy = { mode: "MPOL_LOCAL" }'
    found --host "$HOSTS/cxl" "$CONFIG"
    is "$status" 1
    is "$output" "error check.annotation /annotations/hasu.memory-policy"
}

@test "what is wrong with hasu.conf is said, line by line" {
    printf '[memory-policy]\nreplace = maybe\nnodes = 5-2\n' >"$T/conf"
    chmod 644 "$T/conf"
    chmod 755 "$T"
    call hasu --conf "$T/conf" check --format json -b "$BUNDLE"
    is "$status" 1
    is "$(jq -r '.findings[] | select(.code == "check.conf") | .message' <<<"$output" | sed "s,$T/,,")" \
        "conf:2: replace is 'yes' or 'no', not 'maybe'
conf:3: nodes: range 5-2 runs backwards (at byte 0)"
}

@test "colour goes to a terminal alone, and not where NO_COLOR is set" {
    need_tool script
    config '.process.cwd = "x"'
    call hasu check "$CONFIG"
    lacks "$output" $'\e'
    output=$(TERM=xterm script -qec "'$HASU' check '$CONFIG'" /dev/null </dev/null) || true
    has "$output" $'\e[1;31merror'
    output=$(NO_COLOR=1 TERM=xterm script -qec "'$HASU' check '$CONFIG'" /dev/null </dev/null) || true
    lacks "$output" $'\e'
    output=$(TERM=dumb script -qec "'$HASU' check '$CONFIG'" /dev/null </dev/null) || true
    lacks "$output" $'\e'
}

@test "no line is wider than the terminal, and hostile values drive none" {
    local long
    long=$(printf 'word %.0s' {1..40})
    config '.process.cwd = "\u001b[2J\u009b2J" + $words[0]' "$long"
    COLUMNS=60 call hasu check "$CONFIG"
    is "$status" 1
    lacks "$output" $'\e'
    # U+009B is what ESC [ is, to many a terminal.
    lacks "$output" $'\xc2\x9b'
    has "$output" '\x1b[2J\xc2\x9b2Jword'
    # A path is one word, which no line can hold.
    [ "$(grep -vF "$T" <<<"$output" | wc -L)" -le 60 ]
}

@test "a tmpfs that is larger than the bound nodes, by every unit that the kernel takes" {
    local size
    sized() {
        config '.linux.memoryPolicy = { mode: "MPOL_BIND", nodes: "0" } | .mounts = [{ destination: "/t",
            type: "tmpfs", source: "tmpfs", options: ["size=" + $words[0]] }]' "$1"
        ok hasu check --format json --host "$HOSTS/two-sockets" "$BUNDLE/config.json"
        output=$(jq -r '.findings[] | select(.code == "check.tmpfs.size").message' <<<"$output")
    }
    # Node 0 has 125 GiB, the host twice as much.
    for size in 1 4096 200000 100M 100m 124g 0x100000 40%; do
        sized "$size"
        is "$output" "" || return 1
    done
    for size in 140000000000 140000000K 126G 126g 1T 1t 1P 1E 0x2000000000 60% 99999999999G \
        50000000000% 99999999999999999999; do
        sized "$size"
        has "$output" " are more than node 0 has, 125 GiB: " || return 1
    done
    has "$output" "15.9 EiB are more"
}

@test "every code of a finding has a hint" {
    local top=$BATS_TEST_DIRNAME/../..
    ok hasu check --codes
    awk '{ print $1 } NF < 2 { print "no hint:", $0 }' <<<"$output" | sort >"$T/codes"
    grep -ohE '"(spec|mpol|hasu|check)(\.[a-z]+)+"' "$top"/libmpol/*.c "$top"/src/spec/{collect,fields,readers,rules*,supported,walk,load}.c \
        "$top"/src/check/{advice*,bundle,choose,host,policy,seccomp}.c "$top"/src/cmd/check.c | tr -d '"' | sort -u >"$T/used"
    [ "$(wc -l <"$T/used")" -gt 80 ]
    comm -13 "$T/codes" "$T/used" >"$T/missing"
    [ ! -s "$T/missing" ] || {
        echo "without a hint:"
        cat "$T/missing"
        return 1
    }
}
