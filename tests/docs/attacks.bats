#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# docs/attacks.md: each attack test has a row, and each protection that can be taken out is in the row
# of the test that it is for.
# shellcheck disable=SC2154 # what helpers.bash sets

setup() {
    load ../integration/helpers
    TOP=$BATS_TEST_DIRNAME/../..
    PAGE=$TOP/docs/attacks.md
    ATTACK=$TOP/tests/attack
}

tests_of() {
    sed -n 's/^@test "\(.*\)" {$/\1/p' "$@"
}

@test "each attack test has one row, and no row is of a test that is not there" {
    local name
    tests_of "$ATTACK"/*.bats | sort >"$BATS_TEST_TMPDIR/tests"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/tests")" -gt 40 ]
    sed -nE '/^\| (attack \||---)/d; s/^\| ([^|]*) \| .*/\1/p' "$PAGE" | grep -v '^hardening.bats: ' |
        sort >"$BATS_TEST_TMPDIR/rows"
    is "$(<"$BATS_TEST_TMPDIR/rows")" "$(<"$BATS_TEST_TMPDIR/tests")"
    while read -r name; do
        tests_of "$TOP/tests/integration/hardening.bats" | grep -qF -- "$name"
    done < <(sed -nE 's/^\| hardening.bats: ([^|(]*) (\(.*)?\| .*/\1/p' "$PAGE" | sed 's/ *$//')
}

@test "each attack test has a protection to take out, each in its row" {
    local file name test
    while read -r test; do
        grep -qF -- ": $test" "$ATTACK"/without/* || {
            echo "nothing is taken out for: $test"
            return 1
        }
    done < <(tests_of "$ATTACK"/*.bats)
    for file in "$ATTACK"/without/*; do
        name=${file##*/}
        test=$(sed -n 's/^test: [^:]*: //p' "$file")
        case $(sed -n 's/^test: \([^:]*\): .*/\1/p' "$file") in
        ../integration/*) grep -F -- "\`$name\`" "$PAGE" | grep -q '^| hardening.bats: ' ;;
        *) grep -F -- "\`$name\`" "$PAGE" | grep -qF -- "| $test |" ;;
        esac || {
            echo "not in the row of its test: $name"
            return 1
        }
    done
}
