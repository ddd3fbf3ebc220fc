#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Attacks that want more rights than the config gives: capabilities, groups, users, kernel settings,
# other processes. docs/attacks.md has the list.
# shellcheck disable=SC2016 # filters of jq, scripts of containers
# shellcheck disable=SC2154 # status, output, errors: set by helpers.bash
load helpers

setup() {
    attack_setup
}

teardown() {
    hasu_teardown
}

inheritable() {
    sed -n 's/^CapInh:\t//p' <<<"$output"
}

@test "capabilities are inheritable that the config did not name (CVE-2022-29162)" {
    all_capabilities
    program cat /proc/self/status
    # The caller's own inheritable ones come on top.
    ok setpriv --inh-caps +chown,+net_admin "$HASU" --root "$ROOT" run -b "$BUNDLE" "$ID"
    is "$(inheritable)" 0000000000000000
}

@test "exec: a capability that is added is inheritable, too (CVE-2022-29162)" {
    up
    ok setpriv --inh-caps +chown,+net_admin "$HASU" --root "$ROOT" exec --cap CAP_NET_ADMIN "$ID" \
        cat /proc/self/status
    is "$(inheritable)" 0000000000000000
}

@test "a program of the image makes a call as a startContainer hook that the container's filter forbids" {
    config '.linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW",
            syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 28 }] }
        | .hooks.startContainer = [{ path: "/bin/sh", args: ["sh", "-c", "mkdir /made; true"] }]'
    inside '[ ! -e /made ] || echo made'
    is "$output" ''
    has "$errors" "can't create directory '/made': No space left on device"
}

@test "the same where another process runs the hooks, and the filter asks an agent, too" {
    local agent
    config '.linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", listenerPath: "\($t)/agent",
            syscalls: [{ names: ["swapon"], action: "SCMP_ACT_NOTIFY" },
                { names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 28 }] }
        | .process.ioPriority = { class: "IOPRIO_CLASS_BE", priority: 5 }
        | .hooks.startContainer = [{ path: "/bin/sh", args: ["sh", "-c", "mkdir /made; true"] }]'
    "$PROBE" agent "$T/agent" 1 </dev/null >"$T/agent.out" 2>&1 3>&- 4>&- &
    agent=$!
    until_true grep -q listening "$T/agent.out"
    inside '[ ! -e /made ] || echo made'
    kill "$agent" 2>/dev/null || true # it ends with the container
    is "$output" ''
    has "$errors" "can't create directory '/made': No space left on device"
}

@test "the caller's groups are the container's, also where an annotation asks for it" {
    config '.annotations = { "run.oci.keep_original_groups": "1" }'
    program id -G
    ok setpriv --groups 5,6 "$HASU" --root "$ROOT" run -b "$BUNDLE" "$ID"
    is "$output" 0
    up
    ok setpriv --groups 5,6 "$HASU" --root "$ROOT" exec "$ID" id -G
    is "$output" 0
}

@test "the caller's groups come along into a user namespace" {
    userns
    program grep ^Groups: /proc/self/status
    ok setpriv --groups 5,6 "$HASU" --root "$ROOT" run -b "$BUNDLE" "$ID"
    is "${output//[[:space:]]/}" Groups:
}

@test "exec: a user that is no number is root (CVE-2026-30892)" {
    local user
    up
    ok hasu exec -u 1 "$ID" id -u
    is "$output" 1
    ok hasu exec -u 1:2 "$ID" sh -c 'id -u; id -g'
    is "$output" $'1\n2'
    for user in worker ' 0' -1 1x 0x1 4294967296 1: :1 1:x; do
        fails "--user '$user': must be UID or UID:GID, in numbers" hasu exec --user "$user" "$ID" id -u
    done
}

@test "a set-user-ID program of the image gains rights under noNewPrivileges" {
    chmod 4755 "$ROOTFS/bin/attacker"
    config '.process.user = { uid: 1000, gid: 1000 } | .process.noNewPrivileges = true'
    inside_ok 'attacker user'
    is "$output" 1000
    up
    in_exec attacker user
    is "$output" 1000
}

# --- kernel settings (CVE-2025-52881) ---

@test "the name of a setting leads out of /proc/sys" {
    local key
    # It is what it is already, so that writing it would do no harm.
    config '.linux.sysctl = { "kernel.core_pattern": $words[0] }' "$(</proc/sys/kernel/core_pattern)"
    refused "/linux/sysctl: 'kernel.core_pattern' belongs to no namespace and would change the host"
    for key in net/../kernel/core_pattern net/ipv4/../../../self/comm net/../../sysrq-trigger net//x /kernel/domainname; do
        config '.linux.sysctl = { ($words[0]): "evil" }' "$key"
        call hasu create -b "$BUNDLE" "$ID"
        [ "$status" -ne 0 ] || { echo "was set: $key"; return 1; }
        has "$errors" "/linux/sysctl: '$key' is not the name of a sysctl"
    done
    nothing_left
}

@test "a setting is written into a file that lies over it (CVE-2025-52881)" {
    local setting=/proc/sys/kernel/domainname
    echo harmless >"$T/setting"
    config '.linux.sysctl = { "kernel.domainname": "evil" }'
    fails "/linux/sysctl/kernel~1domainname: the name leads out of /proc/sys" \
        unshare -m --propagation private sh -c 'mount --bind "$1" "$2"; shift 2; exec "$@"' - \
        "$T/setting" "$setting" "$HASU" --root "$ROOT" create -b "$BUNDLE" "$ID"
    is "$(<"$T/setting")" harmless
    nothing_left
}

# --- other processes ---

@test "a PID that was given anew is the container's" {
    local victim
    program sleep 1000
    up
    ok hasu kill "$ID" KILL
    wait_stopped
    sleep 1000 >/dev/null 2>&1 3>&- 4>&- &
    victim=$!
    # As if the kernel had counted round to the number of the container's init.
    jq --argjson pid "$victim" '.pid = $pid' "$ROOT/$ID/state.json" >"$T/state.json"
    cp "$T/state.json" "$ROOT/$ID/state.json"
    is "$(status_of)" stopped
    fails "cannot exec in container '$ID': it is stopped" hasu exec "$ID" true
    call hasu kill "$ID" KILL
    call hasu kill --all "$ID" KILL
    ok hasu delete --force "$ID"
    if ! kill -0 "$victim"; then
        echo "the process that has the number now was killed"
        return 1
    fi
    kill "$victim"
}

@test "hooks of the host get the container's environment, or the runtime's" {
    printf '#!/bin/sh\n/usr/bin/env >"%s/env"\n' "$T" >"$T/hook"
    chmod 755 "$T/hook"
    config '.process.env += ["LD_PRELOAD=/evil.so", "EVIL=1"]
        | .hooks.createRuntime = [{ path: "\($t)/hook" }]'
    program true
    ok env EVIL_OF_CALLER=1 "$HASU" --root "$ROOT" run -b "$BUNDLE" "$ID"
    lacks "$(<"$T/env")" EVIL
    lacks "$(<"$T/env")" LD_PRELOAD
}
