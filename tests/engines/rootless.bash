# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034 # ENGINE_COMMAND: of cli.bash
#
# Podman of an ordinary user, whose subordinate IDs newuidmap and newgidmap map.

export PODMAN_IGNORE_CGROUPSV1_WARNING=1 XDG_RUNTIME_DIR=$WORK/user

ENGINE_COMMAND=(/usr/bin/podman --runtime "$RUNTIME" --cgroup-manager=cgroupfs --events-backend=file
    --storage-driver="$STORAGE")

engine_start() {
    mkdir -m 700 "$XDG_RUNTIME_DIR"
    # Where a user has it.
    mkdir -p "$HOME/.config/containers"
    containers_conf >"$HOME/.config/containers/containers.conf"
}

engine_stop() {
    :
}

engine_remove() {
    engine rm --force --time=0 "$1" >/dev/null
}
