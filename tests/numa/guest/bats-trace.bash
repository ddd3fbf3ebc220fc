# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034 # names that bats reads
#
# In the guest: what 'tests-run' appends to tracing.bash of bats. bats runs a function before every
# command of a test, to know the line if that one fails; emulated this costs 2 ms each time, a third of
# all that the tests cost. Here the line is asked for when a command has failed.

eval "lab_$(declare -f bats_setup_tracing)"

bats_setup_tracing() {
    lab_bats_setup_tracing
    trap - DEBUG
    trap lab_timeout_trap ABRT
}

bats_error_trap() {
    bats_check_status_from_trap
    bats_capture_stack_trace
    BATS_DEBUG_LAST_STACK_TRACE_IS_VALID=1
}

lab_timeout_trap() {
    bats_capture_stack_trace
    bats_timeout_trap
}

# bats_get_failure_stack_trace ARRAY. Where no command has failed, as in a test that exits, the frame is
# the beginning of the test, or of what takes it down.
bats_get_failure_stack_trace() {
    local -n lab_frames=$1
    local name=${BATS_TEST_NAME:-} line file
    lab_frames=("${BATS_DEBUG_LAST_STACK_TRACE[@]}")
    [ "${#lab_frames[@]}" -eq 0 ] || return 0
    [ -z "${BATS_TEST_COMPLETED:-}" ] || name=teardown
    shopt -s extdebug
    read -r _ line file < <(declare -F "$name" || true) || true
    shopt -u extdebug
    lab_frames=("${line:-1} $name ${file:-${BATS_TEST_SOURCE:-}}")
}
