#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# linux.memoryPolicy of whole containers, with the kernel as the witness: numa_maps and get_mempolicy(2),
# never hasu's own word.
load helpers

setup() {
    hasu_setup
}

teardown() {
    hasu_teardown
}

@test "MPOL_DEFAULT is the system's default, inside and by exec" {
    need_numa
    config '.linux.memoryPolicy = { mode: "MPOL_DEFAULT" }'
    up
    is "$(policy_of "$PID")" default
    in_exec probe policy
    is "$output" "0 0x0 "
}
