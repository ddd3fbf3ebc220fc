#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The command line: options, usage errors, logs, versions, features, spec.
#
load helpers

setup() {
    hasu_setup
}

teardown() {
    hasu_teardown
}

@test "an unknown option is refused with the usage" {
    fails "unknown option '--no-such'" hasu list --no-such
    is "$status" 1
    has "$errors" "usage: hasu list"
}
