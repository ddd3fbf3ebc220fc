# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# For --systemd-cgroup on a machine that systemd runs: what it says of a container's unit, and with cgroup
# v1, alone or beside v2, the container's directory in each hierarchy. Sourced by test files after container.

scope_setup() {
    container_setup
    UNIT=hasu-$ID.scope
    # Every call of container.bash, too, goes by this manager.
    HASU_PROGRAM=$HASU
    HASU=$BATS_TEST_TMPDIR/hasu
    printf '#!/bin/sh\nexec %s --systemd-cgroup "$@"\n' "$HASU_PROGRAM" >"$HASU"
    chmod 755 "$HASU"
}

scope_teardown() {
    container_teardown
    systemctl stop -- "$UNIT" 2>/dev/null || true
}

is() {
    [ "$1" = "$2" ] || fail "got '$1', wanted '$2'"
}

has() {
    [[ $1 == *"$2"* ]] || fail "'$1' lacks '$2'"
}

# shows NAME=VALUE...: what systemd has of the unit.
shows() {
    local all pair
    all=$(systemctl show -- "$UNIT") || return 1
    for pair in "$@"; do
        grep -Fxq -- "$pair" <<<"$all" ||
            fail "wanted '$pair', got '$(grep "^${pair%%=*}=" <<<"$all")'" || return 1
    done
}

# The unit's directories, one a line. Names such as cpu are links to cpu,cpuacct: not followed.
dirs() {
    find /sys/fs/cgroup -mindepth 2 -type d -name "$UNIT"
}

# file NAME: in whichever hierarchy it is.
file() {
    local path
    for path in /sys/fs/cgroup/*/system.slice/"$UNIT/$1"; do
        [ ! -e "$path" ] || { echo "$path" && return; }
    done
    fail "there is no file $1 of $UNIT"
}

# holds FILE TEXT...
holds() {
    local path
    while [ $# -gt 0 ]; do
        path=$(file "$1")
        [ "$(cat "$path")" = "$2" ] || fail "$path holds '$(cat "$path")', wanted '$2'" || return 1
        shift 2
    done
}

# Nothing in any hierarchy, no unit, no state. systemd forgets in a moment.
nothing_left() {
    local i units
    for ((i = 0; i < 300; i++)); do
        units=$(systemctl list-units --all --plain --no-legend -- "$UNIT")
        [ -n "$units" ] || break
        sleep 0.1
    done
    [ -z "$units" ] || fail "$units" || return 1
    [ -z "$(dirs)" ] || fail "left: $(dirs)" || return 1
    [ ! -e "/run/hasu/$ID" ] || fail "/run/hasu/$ID is left"
}

# Every hierarchy has the container at the unit's path, and nobody else there.
expect_everywhere() {
    local line n=0 dir
    while IFS= read -r line; do
        [[ $line == *:/system.slice/$UNIT ]] || fail "init is in $line" || return 1
        n=$((n + 1))
    done <"/proc/$PID/cgroup"
    is "$(dirs | wc -l)" "$n" || return 1
    for dir in $(dirs); do
        is "$(cat "$dir/cgroup.procs")" "$PID" || return 1
    done
}

up() {
    start_init probe hold 1
}
