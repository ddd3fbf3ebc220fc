# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2016 # scripts of containers
#
# process.apparmorProfile on a kernel that has AppArmor: the kernel names the profile, and refuses what
# that forbids. Profiles are in tests/numa/apparmor.
#
# lab-topologies: four-nodes
# lab-kernels: 6.12
# lab-needs: apparmor

load container

setup() {
    container_setup
    grep -q '^lab-box ' /sys/kernel/security/apparmor/profiles ||
        apparmor_parser --replace --skip-cache --quiet /etc/apparmor.d/lab
    echo secret >"$BUNDLE/rootfs/root/secret"
    echo other >"$BUNDLE/rootfs/root/other"
}

teardown() {
    container_teardown
}

profile() {
    config '.process.apparmorProfile = $ARGS.positional[0]
        | .process.noNewPrivileges = ($ARGS.positional[1] == "nnp")' \
        --args -- "$1" "${2:-}"
}

@test "the container's processes run under the profile, and what it denies root is denied" {
    local nnp
    for nnp in "" nnp; do
        profile lab-box "$nnp"
        run_init sh -c 'cat /proc/self/attr/current; cat /root/other; cat /root/secret'
        [ "$status" -ne 0 ] || fail "$output"
        [ "${lines[0]}" = "lab-box (enforce)" ] || fail "$output"
        [ "${lines[1]}" = other ] || fail "$output"
        [[ ${lines[2]} == *secret*"Permission denied" ]] || fail "$output"
    done
}

@test "without a profile there is none, and the secret can be read" {
    run_init sh -c 'cat /proc/self/attr/current; cat /root/secret'
    [ "$status" -eq 0 ]
    [ "${lines[0]}" = unconfined ] || fail "$output"
    [ "${lines[1]}" = secret ] || fail "$output"
}

@test "seen from the host, too, and the runtime itself stays as it was" {
    profile lab-box
    start_init probe hold 4
    [ "$(cat "/proc/$PID/attr/current")" = "lab-box (enforce)" ]
    [ "$(cat /proc/self/attr/current)" = unconfined ]
}

@test "exec: the container's profile, one of its own by option, and by process.json" {
    profile lab-box
    start_init probe hold 4
    run exec_in sh -c 'cat /proc/self/attr/current; cat /root/secret'
    [ "$status" -ne 0 ]
    [ "${lines[0]}" = "lab-box (enforce)" ] || fail "$output"
    run "$HASU" exec --apparmor lab-visitor "$ID" \
        sh -c 'cat /proc/self/attr/current; cat /root/secret; cat /root/other' </dev/null 3>&-
    [ "$status" -ne 0 ]
    [ "${lines[0]}" = "lab-visitor (enforce)" ] || fail "$output"
    [ "${lines[1]}" = secret ] || fail "$output"
    [[ ${lines[2]} == *other*"Permission denied" ]] || fail "$output"
    jq '.process | .apparmorProfile = "lab-visitor" | .args = ["cat", "/proc/self/attr/current"]' \
        "$BUNDLE/config.json" >"$BATS_TEST_TMPDIR/process.json"
    run "$HASU" exec --process "$BATS_TEST_TMPDIR/process.json" "$ID" </dev/null 3>&-
    [ "$output" = "lab-visitor (enforce)" ] || fail "$output"
}

@test "a profile that is not loaded: create and exec say so, and nothing is left" {
    profile lab-nowhere
    run "$HASU" create --bundle "$BUNDLE" "$ID" </dev/null 3>&-
    [ "$status" -ne 0 ]
    [[ $output == *"/process/apparmorProfile: no profile 'lab-nowhere' is loaded"* ]] || fail "$output"
    [ -z "$("$HASU" list -q)" ]
    [ ! -e "/sys/fs/cgroup/$ID" ]
    profile lab-box
    start_init probe hold 4
    run "$HASU" exec --apparmor lab-nowhere "$ID" true </dev/null 3>&-
    [ "$status" -eq 255 ] || fail "$status: $output"
    [[ $output == *"no profile 'lab-nowhere' is loaded"* ]] || fail "$output"
}

@test "a name is taken as it is, and no other command of AppArmor's interface" {
    profile $'lab-box\nlab-visitor'
    run "$HASU" create --bundle "$BUNDLE" "$ID" </dev/null 3>&-
    [ "$status" -ne 0 ] || fail "$output"
    [ -z "$("$HASU" list -q)" ]
}
