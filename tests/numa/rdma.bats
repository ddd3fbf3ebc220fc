# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2016 # filters of jq
#
# linux.resources.rdma, on an RDMA device that is software alone (rxe over a network device without a
# wire): what is more than the limit the kernel refuses, to init and to what exec adds, and its own count
# says how many there are. Debian's kernels for clouds have no such driver.
#
# lab-topologies: four-nodes
# lab-kernels: 6.1-all

load container

bats_require_minimum_version 1.5.0

REFUSED="refused: Resource temporarily unavailable"

# The device stays until the machine ends: Linux 6.1 forgets a removed cgroup's limits only if it has still
# had contexts, and what is left of others it falls over when the device goes.
setup_file() {
    modprobe -a dummy crc32_generic rdma_rxe
    ip link add hasu0 type dummy
    ip link set hasu0 up
    rdma link add rxe0 type rxe netdev hasu0
}

setup() {
    container_setup
    V1=
    cp /usr/bin/verbs "$BUNDLE/rootfs/bin/verbs"
    config '($dev | split(":") | map(tonumber)) as [$major, $minor]
        | { type: "c", major: $major, minor: $minor } as $device
        | .linux.devices = [$device + { path: "/dev/infiniband/uverbs0" }]
        | .linux.resources.devices += [$device + { allow: true, access: "rw" }]' \
        --arg dev "$(cat /sys/class/infiniband_verbs/uverbs0/dev)"
}

teardown() {
    local i
    container_teardown
    [ -n "$V1" ] || return 0
    umount "$V1"
    # A hierarchy goes some time after its last mount, but not if a removed cgroup of it lingered then.
    for ((i = 1; i < 3000; i++)); do
        ! grep -qw rdma /sys/fs/cgroup/cgroup.controllers || break
        sleep 0.1
        if [ $((i % 20)) -eq 0 ]; then
            mount -t cgroup -o rdma rdma "$V1"
            umount "$V1"
        fi
    done
    echo +rdma >/sys/fs/cgroup/cgroup.subtree_control
}

is() {
    [ "$1" = "$2" ] || fail "got '$1', wanted '$2'"
}

limited() {
    config '.linux.resources.rdma = { rxe0: ($limits | fromjson) }' --arg limits "$1"
}

# in_file NAME: what the container's own file says, whose lines end with a space.
in_file() {
    local path
    path=$(sed -n 's/^[0-9]*:rdma://p' "/proc/$PID/cgroup")
    path=${path:+$V1$path}
    path=${path:-$(init_cgroup)}
    sed 's/ $//' "$path/$1"
}

# to_v1: the controller is taken away from cgroup v2, as an older machine has it.
to_v1() {
    local i
    V1=$BATS_TEST_TMPDIR/v1
    mkdir "$V1"
    echo -rdma >/sys/fs/cgroup/cgroup.subtree_control
    # v2 lets go of it in a moment.
    for ((i = 0; i < 3000; i++)); do
        ! mount -t cgroup -o rdma rdma "$V1" 2>/dev/null || return 0
        sleep 0.1
    done
    fail "cgroup v1 does not get the controller"
}

# handles_hold: no more contexts than hcaHandles, whoever opens them.
handles_hold() {
    run_init verbs open open
    is "$output" $'context\ncontext'
    limited '{"hcaHandles":1}'
    start_init verbs open open hold
    is "$(cat "$OUT")" $'context\ncontext '"$REFUSED"$'\nready'
    is "$(in_file rdma.current)" "rxe0 hca_handle=1 hca_object=0"
    is "$(exec_in verbs open)" "context $REFUSED"
}

@test "hcaHandles: a context more than the limit is refused, and without a limit it is not" {
    handles_hold
}

@test "hcaObjects: an object more than the limit is refused, and without a limit it is not" {
    run_init verbs open pd pd pd
    is "$output" $'context\ndomain\ndomain\ndomain'
    limited '{"hcaObjects":2}'
    start_init verbs open pd pd pd hold
    is "$(cat "$OUT")" $'context\ndomain\ndomain\ndomain '"$REFUSED"$'\nready'
    is "$(in_file rdma.current)" "rxe0 hca_handle=1 hca_object=2"
    limited '{"hcaObjects":0}'
    "$HASU" delete --force "$ID"
    run_init verbs open pd
    is "$output" $'context\ndomain '"$REFUSED"
}

@test "update: more is let, then less, what is not given stays, and of two devices both or none" {
    limited '{"hcaHandles":1}'
    start_init verbs open hold
    is "$(exec_in verbs open)" "context $REFUSED"
    "$HASU" update --resources - "$ID" <<<'{"rdma":{"rxe0":{"hcaHandles":2}}}'
    is "$(exec_in verbs open open)" $'context\ncontext '"$REFUSED"
    "$HASU" update --resources - "$ID" <<<'{"rdma":{"rxe0":{"hcaObjects":1}}}'
    is "$(exec_in verbs open pd pd)" $'context\ndomain\ndomain '"$REFUSED"
    is "$(in_file rdma.max)" "rxe0 hca_handle=2 hca_object=1"
    run "$HASU" update --resources - "$ID" <<<'{"rdma":{"rxe0":{"hcaHandles":9},"none0":{"hcaHandles":9}}}'
    is "$status" 1
    [[ $output == *"/linux/resources/rdma/none0: this host has no RDMA device 'none0'"* ]] || fail "$output"
    is "$(in_file rdma.max)" "rxe0 hca_handle=2 hca_object=1"
    "$HASU" update --resources - "$ID" <<<'{"rdma":{"rxe0":{"hcaHandles":1}}}'
    is "$(exec_in verbs open)" "context $REFUSED"
}

@test "cgroup v1: the same limit holds there" {
    to_v1
    handles_hold
    "$HASU" update --resources - "$ID" <<<'{"rdma":{"rxe0":{"hcaHandles":2}}}'
    is "$(exec_in verbs open open)" $'context\ncontext '"$REFUSED"
}
