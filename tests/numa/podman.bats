# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034 # PID is for init_maps
#
# A memory policy by way of an engine that knows none: Podman passes the annotation on, and the pages
# of its container lie where that says. The probe asks the kernel.
#
# lab-topologies: four-nodes
# lab-kernels: 6.12
# lab-needs: podman

load container

teardown() {
    podman rm --all --force --time 0 >/dev/null 2>&1 || true
    ! mountpoint -q /etc/hasu || umount /etc/hasu
    system_restore
}

# on POLICY OPTION... -- COMMAND...: in a container of Podman with this annotation.
on() {
    local policy=$1 options=()
    shift
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift
    run podman run --rm --annotation "hasu.memory-policy=$policy" "${options[@]}" --rootfs "$ROOTFS" "$@"
    [ "$status" -eq 0 ] || fail "status $status: $output"
}

@test "podman run --annotation: pages are interleaved over the nodes that it names" {
    on interleave:1-2 -- sh -c 'probe policy; probe pages 400 --order'
    grep -qx 'policy MPOL_INTERLEAVE 1-2' <<<"$output" || fail "$output"
    expect_pages "turn 1,2" "$output"
}

@test "podman run --annotation: a node and a flag, within --cpuset-mems" {
    on bind=relative:0 --cpuset-mems 2-3 -- sh -c 'probe policy; probe pages 100 --order'
    grep -qx 'policy MPOL_BIND+MPOL_F_RELATIVE_NODES 0' <<<"$output" || fail "$output"
    expect_pages "all 2" "$output"
}

@test "podman exec sits where init sits" {
    podman run --detach --name box --annotation hasu.memory-policy=bind:3 --rootfs "$ROOTFS" sleep 1000
    run podman exec box sh -c 'probe policy; probe pages 50 --order'
    grep -qx 'policy MPOL_BIND 3' <<<"$output" || fail "$output"
    expect_pages "all 3" "$output"
    # Another way to ask: the kernel's own words about init.
    PID=$(podman inspect --format '{{.State.Pid}}' box)
    [ "$(init_maps)" = "maps bind:3" ] || fail "$(init_maps)"
}

@test "podman run --annotation: what cannot be is said in words, by Podman as well" {
    run podman run --rm --annotation hasu.memory-policy=bind:9 --rootfs "$ROOTFS" true
    [ "$status" -ne 0 ]
    [[ $output == *hasu.memory-policy*9* ]] || fail "$output"
}
