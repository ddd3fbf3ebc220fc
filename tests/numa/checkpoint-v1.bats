#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# checkpoint and restore by CRIU where cgroups are those of v1: the container's hierarchies come back, and
# what it sees of them are its own again, in a cgroup namespace and without one.
#
# lab-topologies: four-nodes
# lab-kernels: 6.1
# lab-needs: legacy
#
# shellcheck disable=SC2016 # programs of containers, filters of jq

load container

bats_require_minimum_version 1.5.0

setup_file() {
    criu_modules
}

setup() {
    container_setup
    config '.root.readonly = false | .linux.resources.memory.limit = 67108864'
    IMG=$BATS_TEST_TMPDIR/images
}

teardown() {
    container_teardown
    ! grep -E "$ID|/criu" /proc/self/mountinfo || fail "a mount is left"
    [ -z "$(find /sys/fs/cgroup -type d -name "$ID")" ] || fail "a cgroup is left"
}

# comes_back: saved, ended and restored; its hierarchies are then what they were.
comes_back() {
    start_init sh -c 'echo ready; while :; do sleep 0.05; done'
    before=$(sees)
    hosts=$(cut -d: -f2- "/proc/$PID/cgroup")
    "$HASU" checkpoint --image-path "$IMG" "$ID" </dev/null 3>&-
    "$HASU" restore --detach --bundle "$BUNDLE" --image-path "$IMG" --pid-file "$BATS_TEST_TMPDIR/pid" "$ID" \
        </dev/null 3>&- >>"$OUT"
    PID=$(cat "$BATS_TEST_TMPDIR/pid")
    is "$(cut -d: -f2- "/proc/$PID/cgroup")" "$hosts"
    is "$(sees)" "$before"
    is "$(exec_in cat /sys/fs/cgroup/memory/memory.limit_in_bytes)" 67108864
    exec_in grep -qx 1 /sys/fs/cgroup/freezer/cgroup.procs
}

# Where its hierarchies are, what of them is shown, and the links between their names.
sees() {
    exec_in sh -c 'grep " - cgroup " /proc/self/mountinfo | cut -d" " -f4,5 | sort; ls -l /sys/fs/cgroup | grep -o "[^ ]* -> .*"'
}

is() {
    [ "$1" = "$2" ] || fail "instead of: $2 there is: $1"
}

@test "a container without a cgroup namespace comes back, and its directories of all hierarchies" {
    config '.linux.namespaces |= map(select(.type != "cgroup"))'
    comes_back
    grep -q "/$ID /sys/fs/cgroup/memory\$" <<<"$before"
}

@test "a container in a cgroup namespace comes back" {
    comes_back
    grep -q '^/ /sys/fs/cgroup/memory$' <<<"$before"
}
