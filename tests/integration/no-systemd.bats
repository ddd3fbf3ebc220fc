#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# --systemd-cgroup where it cannot be: refused in words, before anything is made. Where it can, see
# tests/numa/systemd.bats.

# shellcheck disable=SC2016 # filters of jq, programs of containers
# shellcheck disable=SC2154 # status, output, errors: set by helpers.bash
load helpers

setup() {
    hasu_setup
}

teardown() {
    hasu_teardown
}

# with_run COMMAND...: on a host whose /run has been made by COMMAND, for hasu alone.
with_run() {
    PREPARE=$1 unshare --mount sh -c 'mount -t tmpfs run /run && eval "$PREPARE" && exec "$@"' sh \
        "$HASU" --root "$ROOT" "${@:2}"
}

@test "a host that systemd does not run has no such manager" {
    program true
    for option in --systemd-cgroup --cgroup-manager=systemd; do
        fails "needs a host that systemd runs, and this is none" \
            with_run true "$option" run -b "$BUNDLE" "$ID"
        is "$status" 1
        fails "use --cgroup-manager=cgroupfs" with_run true "$option" create -b "$BUNDLE" "$ID"
    done
    nothing_left
}

@test "a program that is not installed, or a hierarchy that is not mounted, is in the way" {
    local words="needs the program '/usr/local/libexec/hasu-systemd': no such file or directory"
    [ ! -e /usr/local/libexec/hasu-systemd ] || words="connecting to the D-Bus of the system"
    grep -qE '^(cgroup2 |cgroup .*name=systemd)' /proc/mounts ||
        words="systemd's own cgroup hierarchy is not mounted here"
    program true
    fails "$words" \
        with_run "mkdir -p /run/systemd/system" --systemd-cgroup run -b "$BUNDLE" "$ID"
    is "$status" 1
    nothing_left
}

@test "features say what this build has" {
    ok hasu features
    is "$(jq -c '[.linux.cgroup.systemd, .linux.cgroup.systemdUser]' <<<"$output")" "[true,true]"
}

@test "slice:prefix:name is for systemd alone" {
    program true
    config '.linux.cgroupsPath = "system.slice:a:b"'
    fails "has the form slice:prefix:name, which is for the cgroup manager systemd" \
        hasu run -b "$BUNDLE" "$ID"
    nothing_left
}
