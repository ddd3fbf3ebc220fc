#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Memory policies that are refused: the exact words, exit status 1, and nothing left behind.
#
load helpers

setup() {
    hasu_setup
}

teardown() {
    hasu_teardown
}

@test "a mode that is not known is refused, and nothing is left" {
    config '.linux.memoryPolicy = { mode: "MPOL_FOO" }'
    fails 'mode "MPOL_FOO" is not known' hasu create -b "$BUNDLE" "$ID"
    is "$status" 1
    nothing_left
}
