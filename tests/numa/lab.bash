# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034 # used where it is sourced
#
# What the lab's programs share: words for the user, the cache, the tables. Sourced, never run.

LAB_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
LAB_CACHE=${HASU_LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/hasu-lab}

# The lab's own failures, never a command's in the guest (timeout(1) and containers' engines do it
# with numbers of this kind, too).
LAB_FAILED=125

lab_say() {
    printf 'numa-lab: %s\n' "$*" >&2
}

lab_die() {
    lab_say "$@"
    exit "$LAB_FAILED"
}

# Rows of a table without comments and empty lines.
lab_rows() {
    sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$1"
}

lab_kernel_names() {
    lab_rows "$LAB_DIR/kernels" | while read -r name _; do echo "$name"; done
}

# Sets kernel_suite, kernel_package, kernel_need and kernel_for.
lab_kernel_row() {
    local name
    while read -r name kernel_suite kernel_package kernel_need kernel_for; do
        [ "$name" != "$1" ] || return 0
    done < <(lab_rows "$LAB_DIR/kernels")
    lab_die "no kernel '$1' in the table; there are: $(lab_kernel_names | paste -sd ' ')"
}

lab_topology_names() {
    local file
    for file in "$LAB_DIR"/topologies/*.conf; do
        basename "$file" .conf
    done
}

lab_topology_file() {
    local file=$LAB_DIR/topologies/$1.conf
    [ -f "$file" ] ||
        lab_die "no topology '$1'; there are: $(lab_topology_names | paste -sd ' ')"
    echo "$file"
}

# The guest has none of the libraries that a dynamic program was linked with.
lab_static() {
    [ -x "$1" ] || lab_die "'$1' is not a program"
    if ldd "$1" 2>/dev/null | grep -q '=>'; then
        lab_die "'$1' is linked with shared libraries, which the guest lacks: build it static"
    fi
}
