# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2016 # scripts of containers, filters of jq
#
# process.selinuxLabel and linux.mountLabel on a kernel that SELinux rules: the kernel names the labels,
# and refuses what the policy does not allow. The policy is in tests/numa/selinux.
#
# lab-topologies: four-nodes
# lab-kernels: 6.12
# lab-needs: selinux

load container

LABEL=system_u:system_r

setup() {
    if [ ! -e /sys/fs/selinux/enforce ]; then mount -t selinuxfs selinuxfs /sys/fs/selinux; fi
    if [ "$(cat /sys/fs/selinux/enforce)" = 0 ]; then
        # In one write(2).
        dd if=/etc/selinux/policy of=/sys/fs/selinux/load bs=64K status=none
        echo 1 >/sys/fs/selinux/enforce
    fi
    container_setup
    # A program takes its label on no mount that is nosuid, as /tmp is.
    mv "$BUNDLE" "$BUNDLE.moved"
    mkdir "$BUNDLE"
    mount -t tmpfs tmpfs "$BUNDLE"
    cp -a "$BUNDLE.moved/." "$BUNDLE/"
    file secret
    file data
    config '.process.noNewPrivileges = false'
}

teardown() {
    container_teardown
    umount -l "$BUNDLE"
}

# file NAME: /root/NAME of the type NAME_t.
file() {
    echo "$1" >"$BUNDLE/rootfs/root/$1"
    setfattr -n security.selinux -v "$LABEL:$1_t" "$BUNDLE/rootfs/root/$1"
}

label() {
    config '.process.selinuxLabel = $label' --arg label "$1"
}

# What /proc/PID/attr/current has ends with a zero byte.
current='tr -d "\\0" </proc/self/attr/current; echo'

@test "the container's processes have the label, and root is denied what its type may not touch" {
    label "$LABEL:box_t"
    run_init sh -c "$current; cat /root/data; cat /root/secret"
    [ "$status" -ne 0 ] || fail "$output"
    [ "${lines[0]}" = "$LABEL:box_t" ] || fail "$output"
    [ "${lines[1]}" = data ] || fail "$output"
    [[ ${lines[2]} == *secret*"Permission denied" ]] || fail "$output"
    dmesg | grep 'avc: *denied' | grep -q 'scontext=system_u:system_r:box_t tcontext=system_u:system_r:secret_t'
}

@test "without a label the container has its caller's, and both files can be read" {
    run_init sh -c "$current; cat /root/data /root/secret"
    [ "$status" -eq 0 ] || fail "$output"
    [ "${lines[0]}" = "$LABEL:lab_t" ] || fail "$output"
}

@test "exec: the container's label, and one of its own" {
    label "$LABEL:box_t"
    start_init probe hold 4
    [ "$(tr -d '\0' <"/proc/$PID/attr/current")" = "$LABEL:box_t" ]
    run exec_in sh -c "$current; cat /root/secret"
    [ "$status" -ne 0 ] || fail "$output"
    [ "${lines[0]}" = "$LABEL:box_t" ] || fail "$output"
    run "$HASU" exec --process-label "$LABEL:visitor_t" "$ID" \
        sh -c "$current; cat /root/secret; cat /root/data" </dev/null 3>&-
    [ "$status" -ne 0 ] || fail "$output"
    [ "${lines[0]}" = "$LABEL:visitor_t" ] || fail "$output"
    [ "${lines[1]}" = secret ] || fail "$output"
    [[ ${lines[2]} == *data*"Permission denied" ]] || fail "$output"
}

@test "mountLabel: the file systems that the container gets have it" {
    config '.linux.mountLabel = $label' --arg label "$LABEL:data_t"
    run_init cat /proc/mounts
    [ "$status" -eq 0 ] || fail "$output"
    grep -q "^tmpfs /dev tmpfs .*context=$LABEL:data_t" <<<"$output" || fail "$output"
    grep -q "^devpts /dev/pts .*context=$LABEL:data_t" <<<"$output" || fail "$output"
    # Where its type is one that the container may not touch, it cannot write there.
    config '.linux.mountLabel = $label' --arg label "$LABEL:secret_t"
    label "$LABEL:box_t"
    run_init sh -c 'echo text >/dev/shm/file'
    [ "$status" -ne 0 ] || fail "$output"
    [[ $output == *"Permission denied"* ]] || fail "$output"
}

@test "the session keyring has the label; without one it has its caller's" {
    cp /usr/bin/witness "$BUNDLE/rootfs/bin/"
    label "$LABEL:box_t"
    run_init witness keyring-label
    [ "$output" = "$LABEL:box_t" ] || fail "$output"
    config 'del(.process.selinuxLabel)'
    run_init witness keyring-label
    [ "$output" = "$LABEL:lab_t" ] || fail "$output"
}

@test "a label that the policy does not know: create and exec say so, and nothing is left" {
    label "$LABEL:nobody_t"
    run "$HASU" create --bundle "$BUNDLE" "$ID" </dev/null 3>&-
    [ "$status" -ne 0 ]
    [[ $output == *"/process/selinuxLabel: the loaded policy knows no '$LABEL:nobody_t'"* ]] || fail "$output"
    [ -z "$("$HASU" list -q)" ]
    [ ! -e "/sys/fs/cgroup/$ID" ]
    label "$LABEL:box_t"
    start_init probe hold 4
    run "$HASU" exec --process-label "$LABEL:nobody_t" "$ID" true </dev/null 3>&-
    [ "$status" -eq 255 ] || fail "$status: $output"
    [[ $output == *"the loaded policy knows no"* ]] || fail "$output"
}
