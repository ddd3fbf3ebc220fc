# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Once per run of bats: the fixture of the integration tests and the attacker, unless whoever calls
# us has made them already.

setup_suite() {
    if [ -z "${HASU_FIXTURE:-}" ]; then
        export HASU_FIXTURE=$BATS_SUITE_TMPDIR/fixture
        "$BATS_TEST_DIRNAME/../integration/fixture" "$HASU_FIXTURE"
    fi
    if [ -z "${HASU_ATTACKER:-}" ]; then
        export HASU_ATTACKER=$BATS_SUITE_TMPDIR/attacker
        gcc -std=gnu17 -D_GNU_SOURCE -Wall -Wextra -Werror -O1 -static -o "$HASU_ATTACKER" \
            "$BATS_TEST_DIRNAME/attacker.c"
    fi
}
