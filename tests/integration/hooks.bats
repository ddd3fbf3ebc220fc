#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The six points of hooks: order, state, namespaces, environment, ends, and what a failing one undoes.
#
load helpers

setup() {
    hasu_setup
}

teardown() {
    hasu_teardown
}

@test "a missing hook is named" {
    config '.hooks.createRuntime = [{ path: "/no/such/hook" }]'
    fails "/hooks/createRuntime/0: executing '/no/such/hook'" hasu create -b "$BUNDLE" "$ID"
    nothing_left
}
