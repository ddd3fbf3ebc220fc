# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bats
#
# Completions: bash, zsh and fish themselves are asked what they offer. That nothing is missing is
# held against --help.
#
# HASU_BUILD is the build whose completions are tried.

setup() {
    load ../integration/helpers
    hasu_setup
    PATH=$(dirname "$HASU"):$PATH
    COMPLETIONS=$HASU_BUILD/completions
}

teardown() {
    hasu_teardown
}

# offers SHELL: standard input has rows "LINE | CANDIDATES", and each must be what the shell offers.
offers() {
    local line want got wrong=0
    cat >"$T/rows"
    sed 's/|.*//' "$T/rows" | "$BATS_TEST_DIRNAME/complete.zsh" "$1" "$COMPLETIONS" \
        3>&- 4>&- >"$T/offered"
    while IFS='|' read -r line want; do
        got=$(grep -F -- "$line"$'\t' "$T/offered" | cut -f 2)
        if [ "$got" != "$want" ]; then
            echo "$1, '$line': '$got' instead of '$want'"
            wrong=1
        fi
    done <"$T/rows"
    [ -s "$T/offered" ] && [ "$wrong" -eq 0 ]
}

# What no shell adds to by itself.
rows() {
    cat <<END
hasu cre|create
hasu --root $ROOT st|start state
hasu help sp|spec
hasu -- fea|features
hasu frobnicate |
hasu run --bun|--bundle
hasu run -b x --keep --det|--detach
hasu update x --memory-|--memory-reservation --memory-swap
hasu list --format |json table
hasu list --format=t|table
hasu list -f j|json
hasu --log-level w|warn warning
hasu --cgroup-manager=s|systemd
hasu update --cpu-idle |0 1
hasu exec --cap CAP_NET_R|CAP_NET_RAW
hasu exec --user 0:0 -c CAP_KI|CAP_KILL
hasu exec x --|
hasu exec --tty x sh -|
hasu ps x -|
hasu list -- --|
hasu kill x TE|TERM
hasu kill x JU|
hasu create |
hasu run |
hasu --root $ROOT delete |$ID
hasu --root=$ROOT exec -t ${ID:0:8}|$ID
hasu state --root $ROOT ${ID:0:8}|$ID
hasu start --root=/nowhere |
END
}

in_shell() {
    created
    rows | offers "$1"
}

@test "bash completes commands, options, what they take, and containers" {
    in_shell bash
}

@test "zsh completes commands, options, what they take, and containers" {
    # Where there is nothing to offer, zsh shows options.
    created
    rows | grep -v -- "/nowhere" | offers zsh
}

@test "fish completes commands, options, what they take, and containers" {
    in_shell fish
}

@test "directories and files are offered where an option takes them" {
    mkdir -p "$T/place/folder"
    touch "$T/place/file"
    cat >"$T/want" <<END
hasu run --bundle $T/place/fol|$T/place/folder
hasu run -b $T/place/fi|
hasu run --pid-file=$T/place/fi|$T/place/file
hasu update -r $T/place/fi|$T/place/file
END
    offers bash <"$T/want"
    sed "s,|$T/place/folder,&/," "$T/want" | offers fish
    sed "s,|$T/place/,|," "$T/want" | offers zsh
}

# The long options in the help of a command, or of hasu itself.
options_of() {
    hasu ${1:+"$1"} --help | sed -n 's/^   \(--[a-z0-9-]*\).*/\1/p'
}

commands() {
    hasu --help | sed -n '/^COMMANDS:/,/^$/s/^   \([a-z]*\) .*/\1/p'
}

# everything SHELL
everything() {
    local command
    [ "$(commands | wc -l)" -ge 15 ]
    {
        echo "hasu |$(commands | sort | paste -sd ' ')"
        echo "hasu --|$(options_of '' | sort | paste -sd ' ')"
        for command in $(commands); do
            echo "hasu $command --|$({
                options_of ''
                options_of "$command"
            } | sort -u | paste -sd ' ')"
        done
    } | offers "$1"
}

@test "bash knows every command and option that --help shows, and no other" {
    everything bash
}

@test "zsh knows every command and option that --help shows, and no other" {
    everything zsh
}

@test "fish knows every command and option that --help shows, and no other" {
    everything fish
}
