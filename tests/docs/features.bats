# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bats
# shellcheck disable=SC2154 # what helpers.bash sets
#
# docs/features.md: each row names tests that exist, and nothing is missing: neither a field of the
# specification (tests/cases/good/every-field.json, which a test of the loader holds against it) nor a
# row of the tables of fields, mount options, commands and options; and no row is of something that
# is not there.

setup() {
    load ../integration/helpers
    hasu_setup
    TOP=$BATS_TEST_DIRNAME/../..
    PAGE=$TOP/docs/features.md
    # "NAMES<tab>CELL": what the first cells name, and hasu's. Code of the cell is what it names.
    awk -F ' [|] ' '/^[|] `/ { gsub(/^[|] |`/, "", $1); print $1 "\t" $2 "\t" NF }' "$PAGE" >"$T/page-rows"
    while IFS=$'\t' read -r names _; do
        expand "$names"
    done <"$T/page-rows" | sort >"$T/named"
    [ "$(wc -l <"$T/named")" -gt 300 ]
}

teardown() {
    hasu_teardown
}

# expand NAMES: "/a/{b,c}" is "/a/b" and "/a/c"; items of a list are apart by ", " as well.
expand() {
    local name
    [[ $1 =~ ^[-A-Za-z0-9_/*.{}\ ,]+$ ]] || {
        echo "cannot be read: $1" >&2
        return 1
    }
    set -f
    while IFS= read -r name; do
        eval "printf '%s\n' ${name// /\\ }"
    done <<<"${1//, /$'\n'}"
    set +f
}

# nothing TITLE: standard input has a line for each thing that is wrong.
nothing() {
    cat >"$T/wrong"
    [ ! -s "$T/wrong" ] || {
        echo "$1:"
        cat "$T/wrong"
        return 1
    }
}

@test "each row has five cells, and names of its own" {
    awk -F '\t' '$3 != 5 { print $1 }' "$T/page-rows" | nothing "rows without five cells"
    uniq -d "$T/named" | nothing "named twice"
}

# A test of a file, by its name: of bats, a row of a table of cases, a function or a row of a unit
# test.
there() {
    local file=$1 name=${2//\\|/|}
    case $file in
    *.bats) grep -qxF -- "@test \"$name\" {" "$TOP"/tests/{integration,numa,docs}/"$file" 2>/dev/null ;;
    *.tsv) cut -f 1 "$TOP/tests/cases/$file" | grep -qxF -- "$name" ;;
    *.c) grep -qF -e "\"$name\"" -e "${name// /_}(void **state)" "$TOP/tests/unit/$file" ;;
    esac
}

@test "each row names tests, and every test that it names is there" {
    local names cell rest n
    while IFS=$'\t' read -r names cell _; do
        n=0 rest=$cell
        while [[ $rest =~ ([a-z-]+\.(bats|tsv|c))\ \"([^\"]+)\"(.*) ]]; do
            n=$((n + 1)) rest=${BASH_REMATCH[4]}
            there "${BASH_REMATCH[1]}" "${BASH_REMATCH[3]}" ||
                echo "$names: no test '${BASH_REMATCH[3]}' in ${BASH_REMATCH[1]}"
        done
        [ "$n" -gt 0 ] || echo "$names: names no test"
    done <"$T/page-rows" | nothing "tests that are not there"
}

@test "hasu's cell says yes, or says why not" {
    cut -f 1,2 "$T/page-rows" |
        grep -vP '\t(yes( \(v[12]\)|, on cgroup v[12])?|(refused|ignored|not yet|true alone|left out)[:, ].{15,}?): ' |
        nothing "neither yes nor explained"
}

# The pointers of a config with every field: items of lists and names that the config chooses are *.
fields() {
    jq -r 'paths | map(if type == "number" then "*" else . end) | "/" + join("/")' \
        "$TOP/tests/cases/good/every-field.json" |
        sed -E 's,^(/annotations|/linux/(sysctl|resources/unified))/.*,\1,
            s,^(/linux/(netDevices|resources/rdma))/[^/]+,\1/*,' |
        grep -v '/\*$' | LC_ALL=C sort -u
}

@test "every field of the specification has a row" {
    fields >"$T/fields"
    [ "$(wc -l <"$T/fields")" -gt 200 ]
    # A row for what is in an object is one for the object. It is sorted right before that.
    awk 'NR > 1 && index($0, last "/") != 1 { print last } { last = $0 } END { print last }' \
        "$T/fields" | LC_ALL=C sort -u >"$T/leaves"
    LC_ALL=C sort -u "$T/named" | LC_ALL=C comm -23 "$T/leaves" - | nothing "fields without a row"
}

@test "every row of the loader's tables of fields has a row" {
    grep -oE '(STRING|STRINGS|PAIRS|BOOL|OPT_[A-Z0-9]+|[IU](32|64)|NUMBER|NAME_[A-Z0-9]+|FLAGS_[A-Z0-9]+|OBJECT[A-Z_]*|INLINE|LIST|CUSTOM|CAPABILITIES|HOOKS|BLOCK|\.name =)[ (]([^"(]*, )?"[A-Za-z0-9]+"' \
        "$TOP/src/spec/fields.c" | sed 's/.*"\(.*\)"/\1/' | sort -u >"$T/words"
    [ "$(wc -l <"$T/words")" -gt 120 ]
    tr '/' '\n' <"$T/named" | sort -u | comm -23 "$T/words" - | nothing "fields without a row"
}

@test "no field has a row that the specification does not have" {
    # What is for other platforms, or was taken out of the specification, is in no such config.
    {
        fields
        printf '%s\n' /linux/intelRdt/enable{CMT,MBM} /process/commandLine /process/user/username /freebsd /solaris /vm /windows /zos
    } | LC_ALL=C sort -u >"$T/fields"
    grep '^/' "$T/named" | LC_ALL=C sort -u | LC_ALL=C comm -23 - "$T/fields" | nothing "no such field"
}

# "hasu COMMAND", "hasu --OPTION" and "hasu COMMAND --OPTION", of help and of what the table refuses
# by name.
options() {
    local command
    hasu --help | sed -nE 's/^   (--[a-z0-9-]+).*/hasu \1/p; /^COMMANDS:/,/^$/s/^   ([a-z]+) .*/hasu \1/p'
    for command in $(hasu --help | sed -n '/^COMMANDS:/,/^$/s/^   \([a-z]*\) .*/\1/p'); do
        hasu "$command" --help | sed -nE "s/^   (--[a-z0-9-]+).*/hasu $command \1/p"
    done
    sed -nE 's/^\t(NOT_YET|REFUSED)\("([a-z]+)".*/hasu \2/p' "$TOP/src/cmd/commands.c"
    awk -F '"' '/^(static )?const struct option [a-z_]+\[\]/ {
            list = $0; sub(/_options.*/, "", list); sub(/.* /, "", list) }
        /^\tLATER\(/ {
            if (list == "global") print "hasu --" $2
            else if (list == "container") { print "hasu create --" $2; print "hasu run --" $2 }
            else print "hasu " list " --" $2 }' "$TOP/src/cmd/commands.c"
}

@test "every command and option has a row, and no other" {
    options | sort -u >"$T/options"
    [ "$(wc -l <"$T/options")" -gt 90 ]
    grep '^hasu ' "$T/named" | sort -u >"$T/rows"
    comm -23 "$T/options" "$T/rows" | nothing "without a row"
    comm -13 "$T/options" "$T/rows" | nothing "no such command or option"
}

mount_words() {
    hasu features | jq -r '.mountOptions[]'
}

@test "every option of mounts has a row, and no other" {
    mount_words | sort >"$T/words"
    [ "$(wc -l <"$T/words")" -gt 60 ]
    grep -v -e '^hasu ' -e '^/' "$T/named" | sort -u >"$T/rows"
    comm -23 "$T/words" "$T/rows" | nothing "without a row"
    comm -13 "$T/words" "$T/rows" | nothing "no such option of mounts"
}
