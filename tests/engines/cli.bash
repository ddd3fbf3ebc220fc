# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of call()
#
# What Podman and Docker share: the command line that people type. podman.bash and docker.bash have what
# differs:
#
#	ENGINE_COMMAND        the program and the options that it always needs
#	engine_start, _stop   a daemon, if it has one
#	engine_remove ID      a container, whatever it is doing
#
# Each file of steps has an image, box, and a container that lives all the while, main.

load engine.bash
# shellcheck source-path=SCRIPTDIR source=podman.bash
load "$ENGINE.bash"

engine() {
    timeout --foreground 60 "${ENGINE_COMMAND[@]}" "$@" 3>&- 4>&-
}

setup_file() {
    engine_start
    engine import --change "ENV PATH=/usr/sbin:/usr/bin:/sbin:/bin" "$WORK/image.tar" box >/dev/null
    engine run --detach --network none --name main box sh -c 'trap "exit 0" TERM; sleep 10000 & wait' >/dev/null
}

teardown_file() {
    engine_remove main
    engine_stop
}

setup() {
    engine_setup
}

teardown() {
    if [ -e "$T/lives" ]; then engine_remove "$ID"; fi
}

# run OPTION... IMAGE COMMAND...: in a container of its own, to its end.
run() {
    engine run --rm --network none "$@"
}

# up OPTION... IMAGE COMMAND...: this step's own container, in the background.
up() {
    touch "$T/lives"
    ok engine run --detach --network none --name "$ID" "$@"
}

# made OPTION... IMAGE COMMAND...: the same, not started.
made() {
    touch "$T/lives"
    ok engine create --network none --name "$ID" "$@"
}

inspect() {
    engine inspect --format "$1" "${2:-$ID}"
}

has_status() {
    [ "$(inspect '{{.State.Status}}')" = "$1" ]
}

# logs_have WORD [CONTAINER]
logs_have() {
    engine logs "${2:-$ID}" 2>&1 | grep -q "$1"
}

# restarted TIMES: as often, and it has ended.
restarted() {
    [ "$(inspect '{{.RestartCount}}')" = "$1" ] && has_status exited
}

need_annotations() {
    engine run --help | grep -q -- --annotation || skip "this Docker has no --annotation"
}
