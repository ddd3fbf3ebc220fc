# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bats
# shellcheck disable=SC2154 # what helpers.bash sets
#
# Man pages: they are all there, man and mandoc take them as they are, and they have every command
# and option that --help shows, every mode and flag that features lists.
#
# HASU_BUILD is the build whose pages are read.

setup() {
    load ../integration/helpers
    hasu_setup
    MAN=$HASU_BUILD/man
}

teardown() {
    hasu_teardown
}

commands() {
    hasu --help | sed -n '/^COMMANDS:/,/^$/s/^   \([a-z]*\) .*/\1/p'
}

# page NAME: as it is read, in one line, since words may be broken anywhere.
page() {
    mandoc -Tutf8 -O width=1000 "$MAN/$1" | col -bx | tr -s ' \n' ' '
}

@test "every command has a page, with its synopsis and all its options" {
    local command option
    [ "$(commands | wc -l)" -ge 15 ]
    for command in $(commands | grep -v '^help$'); do
        text=$(page "hasu-$command.1")
        has "$text" "hasu-$command - $(hasu "$command" --help | sed -n 's/^   hasu [a-z]* - //p')"
        has "$text" "hasu [OPTION...] $command"
        while read -r option; do
            has "$text" "$option"
        done < <(hasu "$command" --help |
            sed -nE 's/^   (--[a-z0-9-]+), (-[a-z])( .*)?$/\1 \2/p; s/^   (--[a-z0-9-]+)( .*)?$/\1/p' |
            while read -r long short; do echo "$long"; [ -z "$short" ] || echo "$short"; done)
    done
}

@test "hasu(1) has every command and every global option" {
    local word text
    text=$(page hasu.1)
    for word in $(commands | grep -v '^help$'); do
        has "$text" "hasu-$word(1)"
    done
    for word in $(hasu --help | sed -n 's/^   \(--[a-z0-9-]*\).*/\1/p'); do
        has "$text" "$word"
    done
}

@test "hasu-memory-policy(7) has every mode and flag that features lists" {
    local word text
    text=$(page hasu-memory-policy.7)
    ok hasu features
    for word in $(jq -r '.linux.memoryPolicy | .modes[], .flags[]' "$T/out"); do
        has "$text" "$word"
    done
    # And where features does not say it: since when, which nodes, which flags.
    has "$text" "MPOL_WEIGHTED_INTERLEAVE These nodes in turn, in proportion to the system's weights. \
Nodes: one or more. Flags: MPOL_F_RELATIVE_NODES, MPOL_F_STATIC_NODES. Since Linux 6.9."
}

@test "pages refer to pages that are there" {
    local page name
    for page in "$MAN"/*.[157]; do
        for name in $(page "$(basename "$page")" | grep -oE 'hasu(-[a-z0-9-]+|\.conf)?\([0-9]\)' | sort -u); do
            name=${name%)}
            [ -s "$MAN/${name/(/.}" ] || {
                echo "$page names $name"
                false
            }
        done
    done
}

@test "mandoc and man have nothing to complain of" {
    local page
    for page in "$MAN"/*.[157]; do
        # What scdoc writes between paragraphs, in titles, and as long lines is its own.
        mandoc -Tlint "$page" | grep -vE 'skipping paragraph macro: PP (empty|after SH|after SS)$|lower case character in document title|input text line longer than 80 bytes' >"$T/lint" || true
        is "$(<"$T/lint")" ""
        call env MANROFFSEQ='' LC_ALL=C.UTF-8 man --warnings -E UTF-8 -l -Tutf8 -Z "$page"
        is "$status $errors" "0 "
    done
}

@test "no line of a page is too long for a terminal of 80 columns" {
    local page
    for page in "$MAN"/*.[157]; do
        MANWIDTH=80 LC_ALL=C.UTF-8 man -l "$page" | col -bx >"$T/page"
        [ "$(LC_ALL=C.UTF-8 wc -L <"$T/page")" -le 80 ] || {
            echo "$page:"
            LC_ALL=C.UTF-8 sed -n '/.\{81\}/p' "$T/page"
            false
        }
    done
}
