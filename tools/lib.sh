# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What tools/demo and tools/test share: words for the user, Debian's packages, the build. Sourced,
# never run.

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# shellcheck disable=SC2034 # used where this is sourced
BUILD_PACKAGES=(gcc libc6-dev libseccomp-dev libsystemd-dev linux-libc-dev meson musl-dev
    ninja-build pkg-config)

# How hasu is built for use: with musl, where it is as Debian has it.
# shellcheck disable=SC2034 # used where this is sourced
product_options() {
    PRODUCT=(-Dtests=false)
    [ ! -e "/usr/lib/$(uname -m)-linux-musl/rcrt1.o" ] || PRODUCT+=(-Dlibc=musl)
}

say() {
    printf '%s\n' "$*"
}

die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# need_packages WHAT PACKAGE...: install those that are missing, and say so.
need_packages() {
    local what=$1 package status missing=()
    shift
    if ! command -v dpkg-query >/dev/null; then
        say "This is not Debian: what $what needs is taken to be here ($*)."
        return 0
    fi
    for package in "$@"; do
        # shellcheck disable=SC2016 # dpkg's own variable
        status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) || true
        # pkg-config is there as pkgconf or as itself.
        [ "$status" = installed ] || provided "$package" || missing+=("$package")
    done
    [ "${#missing[@]}" -gt 0 ] || return 0
    [ "$(id -u)" -eq 0 ] ||
        die "$what needs these packages: ${missing[*]}. As root: apt-get install ${missing[*]}"
    say "Installing what $what needs: ${missing[*]}"
    install_packages "${missing[@]}"
}

provided() {
    case $1 in
    pkg-config | ninja-build | gcc | meson) command -v "${1%-build}" >/dev/null ;;
    *) return 1 ;;
    esac
}

install_packages() {
    local log
    log=$(mktemp)
    # The lists of a machine that was just set up may be absent or old: a second try refreshes them.
    if apt_install "$@" >"$log" 2>&1 ||
        { apt-get update -q && apt_install "$@"; } >"$log" 2>&1; then
        rm -f "$log"
        return 0
    fi
    tail -n 20 "$log" >&2
    rm -f "$log"
    die "apt-get could not install: $*"
}

apt_install() {
    DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@" </dev/null
}

# build DIR TARGET... -- MESON-OPTION...: configure once, then bring it up to date.
build() {
    local dir=$1 targets=() log
    shift
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        targets+=("$1")
        shift
    done
    shift
    log=$(mktemp)
    if ! { configure "$dir" "$@" && ninja -C "$dir" "${targets[@]}"; } >"$log" 2>&1 </dev/null; then
        tail -n 60 "$log" >&2
        rm -f "$log"
        return 1
    fi
    rm -f "$log"
}

configure() {
    local dir=$1
    shift
    if [ -f "$dir/build.ninja" ]; then
        # One of an older tree does not know newer options yet.
        meson configure "$dir" "$@" || meson setup --reconfigure "$dir" "$TOP" "$@"
    else
        meson setup "$dir" "$TOP" "$@"
    fi
}
