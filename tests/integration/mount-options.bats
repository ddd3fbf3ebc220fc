#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Every option of mounts that is an attribute, as the kernel shows it inside: of a mount alone, of
# all below it, and of the file system.
#
# shellcheck disable=SC2016 # filters of jq, programs of containers
# shellcheck disable=SC2154 # status, output and errors are set by the helpers

load helpers

setup() {
    hasu_setup
    mkdir -p "$T/data/below"
}

teardown() {
    hasu_teardown
}

# shown OPTION...: the mount's own options, then the file system's, of a tmpfs with these options.
shown() {
    config '.mounts += [{ destination: "/m", type: "tmpfs", source: "tmpfs", options: $words }]' "$@"
    inside_ok 'sed -n "s,^[0-9]* [0-9]* [^ ]* [^ ]* /m \([^ ]*\) .*- tmpfs tmpfs \(.*\),\1 \2,p" /proc/self/mountinfo'
    config '.mounts |= map(select(.destination != "/m"))'
}

@test "a mount has each of its options, and the last of two that exclude each other" {
    local options want
    while IFS='|' read -r options want; do
        # shellcheck disable=SC2086 # words
        shown $options
        [ "${output%% *}" = "$want" ] || {
            echo "'$options': '${output%% *}' instead of '$want'"
            false
        }
    done <<'END'
rw|rw,relatime
ro nosuid nodev noexec|ro,nosuid,nodev,noexec,relatime
ro rw nosuid suid nodev dev noexec exec|rw,relatime
noatime|rw,noatime
noatime atime|rw,relatime
noatime relatime|rw,relatime
strictatime|rw
strictatime nostrictatime|rw,relatime
relatime norelatime|rw,relatime
nodiratime|rw,nodiratime,relatime
nodiratime diratime|rw,relatime
nosymfollow|rw,relatime,nosymfollow
nosymfollow symfollow|rw,relatime
rro rnosuid rnodev rnoexec|ro,nosuid,nodev,noexec,relatime
rro rrw rnosuid rsuid rnodev rdev rnoexec rexec|rw,relatime
rnoatime rnodiratime rnosymfollow|rw,noatime,nodiratime,nosymfollow
rnoatime ratime rnodiratime rdiratime rnosymfollow rsymfollow|rw,relatime
rstrictatime|rw
rstrictatime rnostrictatime|rw,relatime
rnoatime rrelatime|rw,relatime
rrelatime rnorelatime|rw,relatime
defaults|rw,relatime
END
}

@test "a file system has its options" {
    local options want
    while IFS='|' read -r options want; do
        # shellcheck disable=SC2086 # words
        shown $options
        matches " ${output#* }," "[ ,]$want,"
    done <<'END'
sync|sync
dirsync|dirsync
lazytime|lazytime
mand|mand
size=4k|size=4k
END
    shown sync async dirsync lazytime nolazytime mand nomand silent loud
    lacks "$output" ,sync
    lacks "$output" lazytime
    lacks "$output" mand
}

# flags PATH
flags() {
    sed -n "s,^[0-9]* [0-9]* [^ ]* [^ ]* $1 \([^ ]*\) .*,\1,p" "$T/out"
}

@test "r before an attribute is for all mounts below, without it for the one" {
    mount -t tmpfs below "$T/data/below"
    config '.mounts += [{ destination: "/one", source: "\($t)/data", options: ["rbind", "ro", "noatime", "nosymfollow"] },
        { destination: "/all", source: "\($t)/data", options: ["rbind", "rro", "rnoatime", "rnosymfollow", "rnodiratime"] }]'
    program cat /proc/self/mountinfo
    call hasu run -b "$BUNDLE" "$ID"
    umount "$T/data/below"
    is "$status$errors" 0
    matches "$(flags /one)" '^ro,(.*,)?noatime,nosymfollow$'
    matches "$(flags /one/below)" '^rw,relatime$'
    matches "$(flags /all)" '^ro,(.*,)?noatime,nodiratime,nosymfollow$'
    matches "$(flags /all/below)" '^ro,noatime,nodiratime,nosymfollow$'
}

@test "nosymfollow: a link on the mount leads nowhere" {
    ln -s /etc/passwd "$T/data/link"
    config '.mounts += [{ destination: "/data", source: "\($t)/data", options: ["bind", "nosymfollow"] }]'
    inside 'cat /data/link'
    has "$errors" "Too many levels of symbolic links"
}
