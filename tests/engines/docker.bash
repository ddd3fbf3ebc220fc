# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034 # ENGINE_COMMAND: of cli.bash
#
# Docker, with a daemon of its own, which starts a containerd of its own.

export DOCKER_HOST=unix:///run/docker-step.sock DOCKER_BUILDKIT=0

ENGINE_COMMAND=(/usr/bin/docker)

engine_start() {
    # The file of the documentation, with the runtime of this column as the default.
    from_docs /etc/docker/daemon.json | jq --arg runtime "$RUNTIME" '."default-runtime" = $runtime' \
        >"$WORK/daemon.json"
    dockerd --config-file "$WORK/daemon.json" --host "$DOCKER_HOST" --pidfile /run/docker-step.pid \
        --iptables=false --ip6tables=false --bridge=none --ip-forward=false --userland-proxy=false \
        --exec-opt native.cgroupdriver=cgroupfs --storage-driver="${STORAGE/overlay/overlay2}" \
        >>"$WORK/dockerd.log" 2>&1 3>&- 4>&- </dev/null &
    echo $! >"$WORK/dockerd.pid"
    answers dockerd engine version
}

engine_stop() {
    kill "$(cat "$WORK/dockerd.pid")"
    until_true test ! -e /run/docker-step.pid
}

engine_remove() {
    engine rm --force --volumes "$1" >/dev/null
}
