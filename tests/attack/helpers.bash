# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034 # used where it is sourced
# shellcheck disable=SC2016 # filters of jq
# shellcheck disable=SC2154 # set by the helpers below
#
# What the attack tests share, beside the helpers of the integration tests. Whatever an attack would
# reach lies in the test's own directory, $OUTSIDE above all: where it succeeds it harms nobody.

load ../integration/helpers

attack_setup() {
    hasu_setup
    # The program that is attacked is a copy, so that an attack on it destroys nothing else.
    cp "$HASU" "$T/hasu"
    HASU=$T/hasu
    SUM=$(sha256sum <"$HASU")
    ATTACKER=$HASU_ATTACKER
    ROOTFS=$BUNDLE/rootfs
    OUTSIDE=$T/outside
    mkdir "$OUTSIDE"
    cp "$ATTACKER" "$ROOTFS/bin/attacker"
}

mount_add() {
    config '.mounts += [$words[0] | fromjson]' "$1"
}

# As it is without any mount on /dev: the nodes are made in the rootfs.
bare_dev() {
    config '.mounts |= map(select(.destination | startswith("/dev") | not))'
}

userns() {
    local dir=$T
    config '.linux.namespaces += [{ type: "user" }]
        | .linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 1000 }]
        | .linux.gidMappings = [{ containerID: 0, hostID: 100000, size: 1000 }]'
    chown -R -h 100000:100000 "$ROOTFS"
    chmod a+x "$BUNDLE"
    while [ "$dir" != / ]; do
        chmod a+x "$dir"
        dir=$(dirname "$dir")
    done
}

runtime_unchanged() {
    if [ "$(sha256sum <"$HASU")" != "$SUM" ]; then
        echo "the runtime was rewritten: $(wc -c <"$HASU") bytes"
        return 1
    fi
}

nothing_outside() {
    local found
    found=$(find "$OUTSIDE" -mindepth 1)
    if [ -n "$found" ]; then
        echo "made outside of the rootfs: $found"
        return 1
    fi
}

# refused TEXT: create fails, says TEXT, and leaves nothing, neither here nor outside.
refused() {
    fails "$1" hasu create -b "$BUNDLE" "$ID"
    nothing_outside
    nothing_left
}
