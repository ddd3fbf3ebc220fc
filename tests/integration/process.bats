#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The process: user, groups, capabilities, limits, names, environment, and what it may gain.
#
# shellcheck disable=SC2016 # filters of jq, programs of containers
# shellcheck disable=SC2154 # status, output and errors are set by the helpers

load helpers

setup() {
    hasu_setup
}

teardown() {
    hasu_teardown
}

# A field of /proc/self/status of the program.
status_field() {
    sed -n "s/^$1:[[:space:]]*//p" <<<"$output"
}

@test "user, group, additional groups and umask are in force" {
    config '.process.user = { uid: 1000, gid: 1001, umask: 63, additionalGids: [5, 2000, 4294967294] }'
    inside_ok 'id -u; id -g; id -G; umask'
    is "$output" $'1000\n1001\n1001 5 2000 4294967294\n0077'
}

@test "the umask is 022 where the config has none, whatever the caller's" {
    program sh -c umask
    ok bash -c 'umask 077; exec "$@"' - "$HASU" --root "$ROOT" run -b "$BUNDLE" "$ID"
    is "$output" 0022
}

@test "without additionalGids the caller's groups are gone" {
    inside_ok 'grep ^Groups: /proc/self/status'
    is "$(tr -d '[:space:]' <<<"$output")" Groups:
}

@test "the five sets of capabilities are those of the config" {
    config '.process.capabilities = { bounding: ["CAP_CHOWN", "CAP_KILL", "CAP_SETUID"],
        permitted: ["CAP_CHOWN", "CAP_KILL"], effective: ["CAP_KILL"],
        inheritable: ["CAP_CHOWN"], ambient: ["CAP_CHOWN"] } | .process.user.uid = 1000
        | .process.noNewPrivileges = true'
    program grep ^Cap /proc/self/status
    ok hasu run -b "$BUNDLE" "$ID"
    # Not root, so execve keeps the ambient ones alone; CHOWN is 0, KILL 5, SETUID 7.
    is "$(status_field CapInh)" 0000000000000001
    is "$(status_field CapPrm)" 0000000000000001
    is "$(status_field CapEff)" 0000000000000001
    is "$(status_field CapBnd)" 00000000000000a1
    is "$(status_field CapAmb)" 0000000000000001
}

@test "capabilities of root are those permitted in the bounding set" {
    config '.process.capabilities = { bounding: ["CAP_CHOWN", "CAP_KILL"],
        permitted: ["CAP_CHOWN", "CAP_KILL"], effective: ["CAP_CHOWN", "CAP_KILL"] }'
    program grep ^Cap /proc/self/status
    ok hasu run -b "$BUNDLE" "$ID"
    is "$(status_field CapInh)" 0000000000000000
    is "$(status_field CapPrm)" 0000000000000021
    is "$(status_field CapEff)" 0000000000000021
    is "$(status_field CapBnd)" 0000000000000021
    is "$(status_field CapAmb)" 0000000000000000
}

@test "empty capabilities are none" {
    config '.process.capabilities = {}'
    program grep ^Cap /proc/self/status
    ok hasu run -b "$BUNDLE" "$ID"
    for set in CapInh CapPrm CapEff CapBnd CapAmb; do is "$(status_field $set)" 0000000000000000; done
}

@test "a capability that is not there cannot be used" {
    config '.process.capabilities = { bounding: ["CAP_KILL"], permitted: ["CAP_KILL"], effective: ["CAP_KILL"] }'
    inside 'touch /x; chown 5 /x; hostname other'
    has "$errors" "chown"
    has "$errors" "hostname"
}

@test "an unknown capability is a warning with its place" {
    config '.process.capabilities.bounding += ["CAP_TOMORROW"]'
    inside_ok 'echo runs'
    is "$output" runs
    has "$errors" CAP_TOMORROW
    has "$errors" /process/capabilities/bounding
}

@test "noNewPrivileges is in force, or not" {
    config '.process.noNewPrivileges = true'
    inside_ok 'grep NoNewPrivs /proc/self/status'
    is "$output" $'NoNewPrivs:\t1'
    config '.process.noNewPrivileges = false'
    inside_ok 'grep NoNewPrivs /proc/self/status'
    is "$output" $'NoNewPrivs:\t0'
}

@test "rlimits are in force" {
    # RLIMIT_NOFILE is 7, CORE 4, NPROC 6, AS 9, STACK 3.
    config '.process.rlimits = [{ type: "RLIMIT_NOFILE", soft: 100, hard: 200 },
        { type: "RLIMIT_CORE", soft: 0, hard: 0 }, { type: "RLIMIT_STACK", soft: 1048576, hard: 2097152 }]'
    inside_ok 'probe limit 7; probe limit 4; probe limit 3'
    is "$output" $'100 200\n0 0\n1048576 2097152'
}

@test "an rlimit named twice, unknown, or with soft above hard is refused" {
    config '.process.rlimits = [{ type: "RLIMIT_CORE", soft: 0, hard: 0 }, { type: "RLIMIT_CORE", soft: 0, hard: 0 }]'
    fails RLIMIT_CORE hasu create -b "$BUNDLE" "$ID"
    config '.process.rlimits = [{ type: "RLIMIT_NOSUCH", soft: 0, hard: 0 }]'
    fails RLIMIT_NOSUCH hasu create -b "$BUNDLE" "$ID"
    config '.process.rlimits = [{ type: "RLIMIT_CORE", soft: 2, hard: 1 }]'
    fails /process/rlimits/0 hasu create -b "$BUNDLE" "$ID"
    nothing_left
}

@test "oomScoreAdj is in force" {
    config '.process.oomScoreAdj = 123'
    inside_ok 'cat /proc/self/oom_score_adj'
    is "$output" 123
}

@test "without oomScoreAdj it is the caller's" {
    inside_ok 'cat /proc/self/oom_score_adj'
    is "$output" "$(cat /proc/self/oom_score_adj)"
}

@test "cwd is where the program starts" {
    mkdir -p "$BUNDLE/rootfs/some/where"
    config '.process.cwd = "/some/where"'
    inside_ok 'pwd; readlink /proc/self/cwd'
    is "$output" $'/some/where\n/some/where'
}

@test "a cwd that is not there is made, as under the peers" {
    config '.process.cwd = "/not/there"'
    inside_ok 'pwd'
    is "$output" /not/there
}

@test "a cwd that is no directory, or relative, is refused" {
    config '.process.cwd = "/etc/passwd"'
    fails "not a directory" hasu create -b "$BUNDLE" "$ID"
    config '.process.cwd = "relative"'
    fails /process/cwd hasu create -b "$BUNDLE" "$ID"
    nothing_left
}

@test "a cwd that is a descriptor of the host is refused" {
    for fd in 3 4 5 6 7 8 9 10 11 12; do
        config '.process.cwd = "/proc/self/fd/" + $words[0]' "$fd"
        program sh -c 'cat ../../../../../../../etc/hostname; pwd'
        call hasu run -b "$BUNDLE" "$ID"
        [ "$status" -ne 0 ]
    done
    nothing_left
}

@test "the environment is the config's alone, in its order" {
    config '.process.env = ["PATH=/bin", "B=2", "A=1 with space", "EMPTY=", "HASU_IT=\($id)"]'
    program env
    SECRET=host ok hasu run -b "$BUNDLE" "$ID"
    is "$output" "PATH=/bin
B=2
A=1 with space
EMPTY=
HASU_IT=$ID
HOME=/root"
}

@test "of several variables of one name the program gets the last" {
    config '.process.env = ["A=1", "PATH=/bin", "AB=3", "A=2", "HOME=/", "A=", "HASU_IT=\($id)"]'
    program env
    ok hasu run -b "$BUNDLE" "$ID"
    is "$output" "PATH=/bin
AB=3
A=
HASU_IT=$ID
HOME=/"
}

@test "HOME comes from the container's passwd, the config's wins" {
    config '.process.user.uid = 1000'
    inside_ok 'echo $HOME'
    is "$output" /home/worker
    config '.process.user.uid = 4242'
    inside_ok 'echo $HOME'
    is "$output" /
    config '.process.env += ["HOME=/mine"]'
    inside_ok 'echo $HOME'
    is "$output" /mine
}

@test "hostname and domainname are set inside and nowhere else" {
    local before
    before=$(uname -n)
    config '.hostname = "inside" | .domainname = "example.org"'
    inside_ok 'hostname; cat /proc/sys/kernel/domainname'
    is "$output" $'inside\nexample.org'
    is "$(uname -n)" "$before"
}

@test "sysctl of the container's namespaces are set" {
    config '.linux.sysctl = { "net.ipv4.ip_forward": "1", "kernel.shm_rmid_forced": "1", "fs.mqueue.msg_max": "17" }'
    inside_ok 'cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shm_rmid_forced /proc/sys/fs/mqueue/msg_max'
    is "$output" $'1\n1\n17'
}

@test "sysctl of the host, or that leave /proc/sys, are refused" {
    for key in vm.swappiness kernel.panic net/../kernel/panic net.ipv4/../../kernel.panic ..; do
        config '.linux.sysctl = { ($words[0]): "1" }' "$key"
        fails "" hasu create -b "$BUNDLE" "$ID"
        has "$errors" sysctl
    done
    nothing_left
}

@test "a sysctl without its namespace is refused" {
    config '.linux.sysctl = { "net.ipv4.ip_forward": "1" } | .linux.namespaces |= map(select(.type != "network"))'
    fails net hasu create -b "$BUNDLE" "$ID"
    nothing_left
}

@test "a session keyring is new, and the caller's with --no-new-keyring" {
    "$PROBE" keyring >/dev/null 2>&1 || skip "this kernel has no keyrings"
    program probe keyring
    local here
    here=$("$PROBE" keyring)
    ok hasu run -b "$BUNDLE" "$ID"
    [ "$output" != "$here" ]
    ok hasu run --no-new-keyring -b "$BUNDLE" "$ID"
    is "$output" "$here"
}

@test "standard output is owned by the program's user, so that it may be opened again" {
    config '.process.user.uid = 1000'
    program sh -c 'echo again >/dev/stdout'
    HASU_IT=$ID "$HASU" --root "$ROOT" run -b "$BUNDLE" "$ID" </dev/null 2>&1 3>&- 4>&- | cat >"$T/lines"
    is "$(<"$T/lines")" again
}

@test "what is not supported yet is refused by name, not swallowed" {
    for patch in '{"process":{"apparmorProfile":"p"}}' '{"process":{"selinuxLabel":"l"}}'; do
        cp "$CONFIG" "$T/saved"
        config '. * ($words[0] | fromjson)' "$patch"
        fails "$(jq -r '.process | keys[0]' <<<"$patch")" hasu create -b "$BUNDLE" "$ID"
        cp "$T/saved" "$CONFIG"
    done
    nothing_left
}
