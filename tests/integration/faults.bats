#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Every step of create, start, run and exec made to fail, in a build with -Dfaults=true: what was asked
# for is refused in words, and nothing is left behind.
load helpers

setup() {
    hasu_setup
}

teardown() {
    hasu_teardown
}

@test "the build with faults lists its steps" {
    [ -x "${HASU_FAULTS:-}" ] || skip "there is no build with faults here"
    HASU_FAULT=list ok "$HASU_FAULTS"
    has "$output" reserve
}
