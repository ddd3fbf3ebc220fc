# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034 # ENGINE_COMMAND: of cli.bash
#
# Podman, which has no daemon.

export CONTAINERS_CONF=$WORK/containers.conf PODMAN_IGNORE_CGROUPSV1_WARNING=1

ENGINE_COMMAND=(/usr/bin/podman --runtime "$RUNTIME" --cgroup-manager=cgroupfs --events-backend=file
    --storage-driver="$STORAGE")

engine_start() {
    containers_conf >"$CONTAINERS_CONF"
}

engine_stop() {
    :
}

engine_remove() {
    engine rm --force --time=0 "$1" >/dev/null
}
