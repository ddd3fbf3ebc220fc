# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2016 # filters of jq, programs of containers
#
# For tests of limits, on either version of cgroups: disks, swap, and readers that compete for a disk.
# Sourced by test files after container.

limits_setup() {
    container_setup
    LOOPS=() SWAP='' READERS=()
}

limits_teardown() {
    local loop name
    for name in "${READERS[@]}"; do
        "$HASU" delete --force "$name" 2>/dev/null || true
    done
    container_teardown
    [ -z "$SWAP" ] || swapoff "$SWAP"
    for loop in "${LOOPS[@]}"; do losetup -d "$loop"; done
}

# a_disk MIB: LOOP is a block device without contents, of a file that takes no memory.
a_disk() {
    truncate -s "$1M" "$BATS_TEST_TMPDIR/disk-${#LOOPS[@]}"
    modprobe loop
    LOOP=$(losetup -f)
    losetup "$LOOP" "$BATS_TEST_TMPDIR/disk-${#LOOPS[@]}"
    LOOPS+=("$LOOP")
}

some_swap() {
    a_disk 128
    mkswap "$LOOP"
    swapon "$LOOP"
    SWAP=$LOOP
}

# with_disk LOOP: the container may read it. DEVICE is its number.
with_disk() {
    DEVICE=$(cat "/sys/block/${1##*/}/dev")
    config '($device / ":" | map(tonumber)) as [$major, $minor]
        | .linux.devices = [{ path: "/dev/disk", type: "b", major: $major, minor: $minor }]
        | .linux.resources.devices = [{ allow: true, type: "b", major: $major, minor: $minor,
            access: "r" }]' --arg device "$DEVICE"
}

# a_weighing_disk: a disk whose scheduler has weights, and waits for whose turn it is however late a busy
# machine lets that one come.
a_weighing_disk() {
    local queue
    modprobe bfq
    a_disk 64
    queue=/sys/block/${LOOP##*/}/queue
    echo bfq >"$queue/scheduler"
    echo 0 >"$queue/iosched/low_latency"
    echo 1 >"$queue/iosched/strict_guarantees"
    echo 1000000 >"$queue/iosched/slice_idle_us"
    echo 10000 >"$queue/iosched/timeout_sync"
    with_disk "$LOOP"
}

# reader NAME BLOCKIO: a container that reads the disk for ever.
reader() {
    READERS+=("$1")
    config '.linux.cgroupsPath = "/" + $name | .linux.resources.blockIO = ($limits | fromjson)
        | .process.args = ["sh", "-c",
            "while :; do dd if=/dev/disk of=/dev/null bs=64k iflag=direct 2>/dev/null; done"]' \
        --arg name "$1" --arg limits "$2"
    "$HASU" run --detach --bundle "$BUNDLE" "$1" >"$OUT" 2>&1 </dev/null 3>&- ||
        fail "run: $(cat "$OUT")"
}

# weights DISK OTHERS: blockIO with these weights, for that disk and for others.
weights() {
    jq -n '($device / ":" | map(tonumber)) as [$major, $minor] | { weight: ($others | tonumber),
        weightDevice: [{ $major, $minor, weight: ($weight | tonumber) }] }' \
        --arg device "$DEVICE" --arg weight "$1" --arg others "$2"
}

# has_read NAME: MiB that the kernel has read for it.
has_read() {
    local bytes
    if [ -d /sys/fs/cgroup/blkio ]; then
        bytes=$(sed -n "s/^$DEVICE Read //p" "/sys/fs/cgroup/blkio/$1/blkio.bfq.io_service_bytes")
    else
        bytes=$(sed -n "s/^$DEVICE rbytes=\([0-9]*\).*/\1/p" "/sys/fs/cgroup/$1/io.stat")
    fi
    echo $((${bytes:-0} >> 20))
}

# reads_more FIRST SECOND: of what the two read from now on the first one gets twice as much as the second,
# sooner or later: each turn is many MiB, and a busy machine does not hand them out evenly.
reads_more() {
    local first second a b i
    first=$(has_read "$1") second=$(has_read "$2")
    for ((i = 0; i < 3000; i++)); do
        a=$(($(has_read "$1") - first)) b=$(($(has_read "$2") - second))
        [ $((a + b)) -lt 200 ] || [ "$a" -lt $((2 * b)) ] || return 0
        [ $((a + b)) -lt 4000 ] || break
        sleep 0.1
    done
    fail "$1 read $a MiB, $2 $b MiB"
}
