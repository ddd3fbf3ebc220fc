# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Once per run of bats: the fixture, unless whoever calls us has made it already.

setup_suite() {
    if [ -z "${HASU_FIXTURE:-}" ]; then
        export HASU_FIXTURE=$BATS_SUITE_TMPDIR/fixture
        "$BATS_TEST_DIRNAME/fixture" "$HASU_FIXTURE"
    fi
}
