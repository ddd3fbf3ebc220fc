#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Nothing piles up: neither cgroups, mounts, processes and files of many containers, nor memory and
# descriptors of one command.
#
# Memory is counted by LeakSanitizer in a build with -Db_sanitize=address,undefined, named by
# HASU_ASAN. valgrind cannot do it: it knows neither clone3(2) nor openat2(2) nor the mount system
# calls, and does not follow the runtime into the protected copy of itself. Descriptors are counted
# where they could do harm: in a runtime that waits, and in what it starts.

# shellcheck disable=SC2016 # filters of jq, programs of containers
# shellcheck disable=SC2030,SC2031 # each test is a subshell
# shellcheck disable=SC2154 # status, output, errors: set by helpers.bash
load helpers

setup() {
    hasu_setup
}

teardown() {
    hasu_teardown
}

files() {
    find "$T" ! -name out ! -name err | sort
}

quiet() {
    HASU_IT=$ID "$HASU" --root "$ROOT" "$@" </dev/null >>"$T/out" 2>>"$T/err" 3>&- 4>&-
}

@test "two hundred runs leave nothing" {
    local n before
    program true
    config '.hooks = { prestart: [{ path: "/bin/true" }], poststop: [{ path: "/bin/true" }] }'
    quiet run -b "$BUNDLE" "$ID"
    before=$(files)
    for ((n = 0; n < 200; n++)); do
        quiet run -b "$BUNDLE" "$ID"
    done
    is "$(files)" "$before"
    is "$(<"$T/err")" ""
    nothing_left
}

@test "forty lives from create to delete leave nothing" {
    local n before
    program probe wait
    before=
    for ((n = 0; n < 40; n++)); do
        quiet create --pid-file "$T/pid" -b "$BUNDLE" "$ID"
        quiet start "$ID"
        quiet exec "$ID" true
        quiet kill "$ID" KILL
        wait_stopped
        quiet delete "$ID"
        [ -n "$before" ] || before=$(files)
    done
    is "$(files)" "$before"
    nothing_left
}

@test "fifty creates that fail leave nothing" {
    local n before=
    program /no/such/program
    for ((n = 0; n < 50; n++)); do
        ! quiet create --pid-file "$T/pid" -b "$BUNDLE" "$ID" || return 1
        [ -n "$before" ] || before=$(files)
    done
    is "$(files)" "$before"
    nothing_left
}

# What the descriptors of a process lead to, but the three standard ones.
descriptors() {
    local fd
    for fd in "/proc/$1/fd"/*; do
        [ "${fd##*/}" -le 2 ] || readlink "$fd" || true
    done | sort
}

@test "a runtime that waits holds its init and the state's directory, nothing else" {
    program probe wait
    HASU_IT=$ID "$HASU" --root "$ROOT" run -b "$BUNDLE" "$ID" >"$T/o" </dev/null 3>&- 4>&- &
    local runtime=$! held
    until_true grep -q waiting "$T/o"
    # Some are this shell's, which it was given as well.
    held=$(descriptors "$runtime" | grep -vxF "$(descriptors "$BASHPID")")
    is "$(grep -Ev '^anon_inode:\[?(pidfd|signalfd)\]?$|^pidfd:' <<<"$held")" "$ROOT/$ID"
    [ "$(wc -l <<<"$held")" -le 3 ]
    is "$(descriptors "$(init_pid "$ID")")" ""
    ok hasu kill "$ID" TERM
    wait "$runtime"
}

@test "an init that waits for start holds nothing of the host but its socket" {
    local held
    program probe wait
    created
    held=$(descriptors "$PID")
    lacks "$held" "$T"
    lacks "$held" cgroup
    [ "$(wc -l <<<"$held")" -le 6 ]
    ok hasu start "$ID"
    is "$(descriptors "$PID")" ""
    ok hasu exec --detach --pid-file "$T/pid" "$ID" probe wait
    is "$(descriptors "$(<"$T/pid")")" ""
}

# --- under LeakSanitizer ---

asan_setup() {
    local asan=${HASU_ASAN:-$BATS_TEST_DIRNAME/../../build-asan/src/cmd/hasu}
    [ -x "$asan" ] || skip "there is no build with sanitizers here"
    HASU=$asan
    mkdir "$T/reports"
    chmod 777 "$T/reports"
    export ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1:log_path=$T/reports/asan
    export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1:log_path=$T/reports/ubsan
}

no_reports() {
    local report
    for report in "$T/reports"/*; do
        [ ! -e "$report" ] || {
            head -n 60 "$report"
            return 1
        }
    done
}

rich_config() {
    config '.linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW",
            syscalls: [{ names: ["swapon"], action: "SCMP_ACT_ERRNO" }] }
        | .linux.resources = { memory: { limit: 268435456 }, pids: { limit: 100 },
            devices: [{ allow: false, access: "rwm" }] }
        | .linux.sysctl = { "net.ipv4.ip_forward": "0" }
        | .annotations = { "org.example.key": "value" }
        | .process.rlimits = [{ type: "RLIMIT_NOFILE", soft: 512, hard: 512 }]
        | .hooks = { prestart: [{ path: "/bin/true" }], createContainer: [{ path: "/bin/true" }],
            startContainer: [{ path: "/bin/true" }], poststart: [{ path: "/bin/true" }],
            poststop: [{ path: "/bin/false" }] }'
    if [ -e /proc/self/numa_maps ]; then
        config '.linux.memoryPolicy = { mode: "MPOL_BIND", nodes: $words[0],
            flags: ["MPOL_F_STATIC_NODES"] }' "$(first_node),$(absent_node)"
    fi
}

@test "the build with sanitizers looks for leaks at all" {
    asan_setup
    ASAN_OPTIONS=help=1:log_path=stderr call "$HASU" --version
    has "$errors" detect_leaks
    grep -q __lsan_ "$HASU" || grep -q __asan_init "$HASU"
}

@test "no leak of memory: create, start, exec, kill, delete, state, list" {
    asan_setup
    rich_config
    program probe wait
    created --pid-file "$T/pid"
    ok hasu start "$ID"
    ok hasu exec "$ID" true
    ok hasu exec -e A=b -u 1000:1000 -g 5 --cwd /tmp "$ID" true
    jq '.process | .args = ["true"]' "$CONFIG" >"$T/process.json"
    ok hasu exec --process "$T/process.json" "$ID"
    ok hasu state "$ID"
    ok hasu list
    ok hasu list --format json
    ok hasu kill "$ID" TERM
    wait_stopped
    ok hasu state "$ID"
    ok hasu delete "$ID"
    no_reports
    nothing_left
}

@test "no leak of memory: run, in the foreground, detached, on a terminal" {
    asan_setup
    rich_config
    program sh -c 'exit 3'
    call hasu run -b "$BUNDLE" "$ID"
    is "$status" 3
    up
    ok hasu delete --force "$ID"
    program true
    config '.process.terminal = true'
    ok "$PROBE" pty 24 80 -- "$HASU" --root "$ROOT" run -b "$BUNDLE" "$ID"
    no_reports
    nothing_left
}

@test "no leak of memory: spec, features, help, versions, usage errors" {
    asan_setup
    mkdir "$T/other"
    ok "$HASU" spec -b "$T/other"
    ok "$HASU" features
    ok "$HASU" --help
    ok "$HASU" run --help
    ok "$HASU" --version
    fails unknown "$HASU" no-such
    fails unknown "$HASU" run --no-such
    fails "needs the ID" "$HASU" exec
    no_reports
}

@test "no leak of memory where create fails, at whatever stage" {
    asan_setup
    rich_config
    cp "$CONFIG" "$T/good.json"
    local filter n=0
    for filter in '.process.args = ["/no/such/program"]' '.process.cwd = 1' \
        '.linux.memoryPolicy = { mode: "MPOL_FOO" }' \
        '.linux.memoryPolicy = { mode: "MPOL_BIND", nodes: "1023" }' \
        '.linux.seccomp.syscalls[0].names = ["no_such_call"] | .process.args = ["/no"]' \
        '.hooks.prestart = [{ path: "/bin/false" }]' \
        '.hooks.createContainer = [{ path: "/no/such/hook" }]' \
        '.mounts += [{ destination: "/m", type: "nosuchfs", source: "none" }]' \
        '.mounts += [{ destination: "/m", type: "bind", source: "/no/such", options: ["bind"] }]' \
        '.linux.namespaces += [{ type: "network", path: "/no/such" }]' \
        '.linux.namespaces |= map(if .type == "network" then .path = "/no/such" else . end)' \
        '.root.path = "no/such"' '.hostname = "a\u0000b"' '.process.terminal = true'; do
        n=$((n + 1))
        jq "$filter" "$T/good.json" >"$CONFIG"
        call hasu create -b "$BUNDLE" "$ID"
        is "$n $status" "$n 1"
        no_reports
    done
    printf '{"ociVersion":' >"$CONFIG"
    fails "config.json" hasu create -b "$BUNDLE" "$ID"
    fails "no such file" hasu create -b "$T/nowhere" "$ID"
    no_reports
    nothing_left
}

@test "no leak of memory where other commands fail" {
    asan_setup
    rich_config
    up
    call hasu exec "$ID" /no/such/program
    is "$status" 255
    fails "" hasu exec --cwd /no/such "$ID" true
    fails "" hasu exec --cap CAP_NONE "$ID" true
    fails "" hasu exec -u nobody "$ID" true
    fails "" hasu start "$ID"
    fails "" hasu delete "$ID"
    fails "" hasu kill "$ID" NOSUCH
    fails "" hasu create -b "$BUNDLE" "$ID"
    fails "" hasu state "$ID-none"
    fails "" hasu kill "$ID-none"
    fails "" hasu list --format yaml
    ok hasu delete --force "$ID"
    no_reports
}
