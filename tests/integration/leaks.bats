#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Nothing piles up: neither cgroups, mounts, processes and files of many containers, nor memory and
# descriptors of one command.
load helpers

setup() {
    hasu_setup
}

teardown() {
    hasu_teardown
}

@test "a container that has run leaves nothing" {
    program true
    ok hasu run -b "$BUNDLE" "$ID"
    nothing_left
}
