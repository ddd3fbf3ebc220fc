#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The command line: where options stand, usage errors, logs, standard descriptors, versions,
# features, spec, preserved descriptors.

# shellcheck disable=SC2016 # filters of jq, programs of containers
# shellcheck disable=SC2030,SC2031 # each test is a subshell
# shellcheck disable=SC2154 # status, output, errors: set by helpers.bash
load helpers

setup() {
    hasu_setup
}

teardown() {
    hasu_teardown
}

@test "options stand before and after the ID, in every spelling" {
    local spelling
    program echo here
    for spelling in "-b $BUNDLE $ID" "$ID -b $BUNDLE" "$ID --bundle $BUNDLE" "$ID --bundle=$BUNDLE" \
        "-bundle $BUNDLE $ID" "-b=$BUNDLE $ID" "-b$BUNDLE $ID" "--bundle=$BUNDLE -- $ID"; do
        # shellcheck disable=SC2086 # words
        ok hasu run $spelling
        is "$output" here
    done
    up
    ok hasu delete "$ID" --force
}

@test "global options are taken behind the command as well" {
    up
    ok "$HASU" list --root "$ROOT" -q
    is "$output" "$ID"
    ok "$HASU" state "$ID" --root="$ROOT" --log "$T/log"
    is "$(jq -r .id <<<"$output")" "$ID"
}

@test "what follows the ID of exec is the process's own" {
    up
    ok hasu exec "$ID" echo -n --help -d
    is "$output" "--help -d"
    ok hasu exec "$ID" -- echo -- x
    is "$output" "-- x"
    ok hasu exec -e A=b "$ID" sh -c 'echo $A'
    is "$output" b
}

@test "flags take true and false" {
    program echo here
    ok hasu run --detach=false -b "$BUNDLE" "$ID"
    is "$output" here
    up
    fails "option '--quiet': 'maybe' is neither true nor false" hasu list --quiet=maybe
    ok hasu list --quiet=true
    is "$output" "$ID"
}

@test "usage errors: exit status 1, the words, the usage" {
    local row
    while IFS='|' read -r row words; do
        # shellcheck disable=SC2086 # words
        fails "$words" hasu $row
        is "$status" 1
        has "$errors" "usage: hasu"
        is "$output" ""
    done <<'END'
crete|unknown command 'crete'; did you mean 'create'?
xyzzy|unknown command 'xyzzy'
list --no-such|unknown option '--no-such' of list
list --quite|did you mean '--quiet'?
list -Z|unknown option '-Z' of list
list one|list: 'one' is one argument too many
list --format yaml|option '--format': 'yaml' is none of table, json
run|run needs the ID of a container
exec|exec needs the ID of a container
run --bundle|option '--bundle': flag needs an argument: DIR
run --preserve-fds x id|option '--preserve-fds': 'x' is not a number from 0 to
run --preserve-fds -1 id|option '--preserve-fds': '-1' is not a number from 0 to
--log-level loud list|option '--log-level': 'loud' is none of
END
    nothing_left
}

@test "an error that is not one of usage has no usage" {
    fails "does not exist" hasu state "$ID"
    lacks "$errors" usage
    is "$status" 1
}

@test "exec: 255 where the process could not be started, its own status otherwise" {
    up
    call hasu exec "$ID" /no/such/program
    is "$status" 255
    call hasu exec "$ID-none" true
    is "$status" 255
    call hasu exec "$ID" sh -c 'exit 7'
    is "$status" 7
    call hasu exec "$ID" sh -c 'kill -KILL $$'
    is "$status" 137
}

@test "run: the program's status, 128 and the signal's number, 1 where it could not be started" {
    inside 'exit 7'
    is "$status" 7
    program probe wait
    HASU_IT=$ID "$HASU" --root "$ROOT" run -b "$BUNDLE" "$ID" >"$T/o" </dev/null 3>&- 4>&- &
    local runtime=$!
    until_true grep -q waiting "$T/o"
    ok hasu kill "$ID" KILL
    status=0
    wait "$runtime" || status=$?
    is "$status" 137
    program /no/such/program
    call hasu run -b "$BUNDLE" "$ID"
    is "$status" 1
}

@test "without --log errors go to stderr, in one line" {
    call hasu state "$ID"
    is "$errors" "hasu: error: container '$ID' does not exist"
    call hasu --log-format json state "$ID"
    is "$(jq -r '"\(.level) \(.msg)"' <<<"$errors")" "error container '$ID' does not exist"
}

@test "--log: errors there and on stderr; a file that is there is added to" {
    echo first >"$T/log"
    call hasu --log "$T/log" state "$ID"
    is "$errors" "hasu: error: container '$ID' does not exist"
    is "$(head -n 1 "$T/log")" first
    matches "$(tail -n 1 "$T/log")" \
        '^time="20[0-9-]+T[0-9:]+\.[0-9]+Z" level=error msg="container .* does not exist"$'
    is "$(wc -l <"$T/log")" 2
}

@test "--log-format json: one object a line, whatever is in the words" {
    call hasu --log "$T/log" --log-format json state 'a"b'$'\x1b''\c'
    call hasu --log "$T/log" --log-format json state "$ID"
    is "$(jq -s length "$T/log")" 2
    is "$(jq -r '[.level, (keys | join(","))] | join(" ")' "$T/log" | sort -u)" "error level,msg,time"
    is "$(wc -l <"$T/log")" 2
    lacks "$(cat "$T/log" "$T/err")" $'\x1b'
}

@test "--log-level: warnings come by default, not with error" {
    # A node that does not exist beside one that does is a warning.
    need_numa
    config '.linux.memoryPolicy = { mode: "MPOL_BIND", nodes: $words[0] }' \
        "$(first_node),$(absent_node)"
    program true
    ok hasu run -b "$BUNDLE" "$ID"
    matches "$errors" '^hasu: warning: .*does not exist'
    ok hasu --log-level error run -b "$BUNDLE" "$ID"
    is "$errors" ""
    ok hasu --log "$T/log" --log-format json run -b "$BUNDLE" "$ID"
    is "$errors" ""
    is "$(jq -r .level "$T/log" | sort -u)" warning
}

@test "--debug and --log-level debug tell the story of a container, and nothing does so unasked" {
    local word
    config '.hooks = { prestart: [{ path: "/bin/true" }], poststop: [{ path: "/bin/true" }] }'
    program true
    for word in --debug --log-level=debug; do
        ok hasu "$word" run -b "$BUNDLE" "$ID"
        is "$(sed -E "s/$ID/ID/g; s/[0-9]+$/N/; s/^hasu: debug: //" <<<"$errors" | grep -v cgroup)" "\
container 'ID': config.json of '$BUNDLE' is read
container 'ID': its init is process N
/hooks/prestart/0: running '/bin/true'
container 'ID' is created
container 'ID' is started
container 'ID' is deleted
/hooks/poststop/0: running '/bin/true'"
    done
    ok hasu run -b "$BUNDLE" "$ID"
    is "$errors" ""
    up
    ok hasu --debug --log "$T/log" --log-format json exec "$ID" true
    matches "$(jq -r .msg "$T/log")" "^container '$ID': process [0-9]+ is executed$"
    is "$(jq -r .level "$T/log")$errors" debug
}

@test "a bad command line is in the log that it names" {
    fails "unknown option '--no-such'" hasu --log "$T/log" --log-format json run --no-such
    is "$(jq -r .level "$T/log")" error
    has "$(jq -r .msg "$T/log")" "unknown option '--no-such' of run"
}

@test "a log that cannot be opened is an error, and nothing is done" {
    program true
    fails "opening log file '$T/no/log'" hasu --log "$T/no/log" create -b "$BUNDLE" "$ID"
    is "$status" 1
    nothing_left
}

closed_all() {
    "$HASU" --root "$ROOT" "$@" <&- >&- 2>&-
}

@test "closed standard descriptors do no harm" {
    program sh -c 'exec 9>/fds
        for fd in 0 1 2; do to=$(readlink /proc/$$/fd/$fd); echo "$to" >&9; done; exec probe wait'
    ok closed_all create -b "$BUNDLE" "$ID"
    ok jq -e .id "$ROOT/$ID/state.json"
    ok closed_all start "$ID"
    ok closed_all state "$ID"
    is "$output" ""
    until_true eval "[ \"\$(wc -l <'$BUNDLE/rootfs/fds')\" = 3 ]"
    is "$(sort -u "$BUNDLE/rootfs/fds")" /dev/null
    ok closed_all exec "$ID" true
    ok closed_all kill "$ID" KILL
    wait_stopped
    ok closed_all delete "$ID"
    nothing_left
}

onto_full() {
    "$HASU" --root "$ROOT" "$@" >/dev/full
}

@test "output that cannot be written is an error" {
    up
    for command in features list "state $ID" --version --help; do
        # shellcheck disable=SC2086 # words
        fails "no space left on device" onto_full $command
        is "$status" 1
    done
}

@test "signals that the caller ignores decide nothing" {
    program sh -c 'grep -E "^Sig(Blk|Ign)" /proc/self/status; exit 3'
    status=0
    (
        trap '' CHLD PIPE TERM USR1
        "$HASU" --root "$ROOT" run -b "$BUNDLE" "$ID" </dev/null >"$T/out" 2>&1 3>&- 4>&-
    ) || status=$?
    is "$status" 3
    is "$(awk '{ print $2 }' "$T/out" | sort -u)" 0000000000000000
}

@test "list: a root that was named and is not there is an error" {
    fails "state directory '$T/missing': no such file or directory" \
        "$HASU" --root "$T/missing" list
    is "$status" 1
    [ ! -e "$T/missing" ]
}

@test "--version: the lines that engines take apart" {
    ok "$HASU" --version
    matches "$(sed -n 1p <<<"$output")" '^hasu version [0-9]+\.[0-9]+\.[0-9]+'
    matches "$(sed -n 2p <<<"$output")" '^commit: '
    matches "$(sed -n 3p <<<"$output")" '^spec: 1\.[0-9]+\.[0-9]+$'
    has "$output" "libseccomp: "
    local long=$output
    ok "$HASU" -v
    is "$output" "$long"
}

@test "--help: every command that it names has a help of its own" {
    local command n=0
    ok "$HASU" --help
    local help=$output
    # shellcheck disable=SC2013 # words
    for command in $(sed -n '/^COMMANDS:/,/^OPTIONS:/s/^   \([a-z]*\) .*/\1/p' <<<"$help"); do
        n=$((n + 1))
        ok "$HASU" "$command" --help
        has "$output" "hasu $command"
        local own=$output
        ok "$HASU" help "$command"
        is "$output" "$own"
    done
    [ "$n" -ge 11 ]
}

@test "features: what features.md of the specification has" {
    ok "$HASU" features
    is "$(jq -r '.hooks | sort | join(" ")' <<<"$output")" \
        "createContainer createRuntime poststart poststop prestart startContainer"
    is "$(jq -r '.linux.memoryPolicy.modes | sort | join(" ")' <<<"$output")" \
        "MPOL_BIND MPOL_DEFAULT MPOL_INTERLEAVE MPOL_LOCAL MPOL_PREFERRED MPOL_PREFERRED_MANY MPOL_WEIGHTED_INTERLEAVE"
    is "$(jq -r '.linux.memoryPolicy.flags | sort | join(" ")' <<<"$output")" \
        "MPOL_F_NUMA_BALANCING MPOL_F_RELATIVE_NODES MPOL_F_STATIC_NODES"
    matches "$(jq -r .ociVersionMax <<<"$output")" '^1\.3\.'
    matches "$(jq -r .ociVersionMin <<<"$output")" '^1\.0\.'
    is "$(jq -r '.linux.namespaces | sort | join(" ")' <<<"$output")" \
        "cgroup ipc mount network pid time user uts"
    is "$(jq -c '[.linux.cgroup.v1, .linux.cgroup.v2, .linux.seccomp.enabled]' <<<"$output")" \
        "[true,true,true]"
    is "$(jq -r '[.mountOptions, .linux.capabilities, .linux.seccomp.actions,
        .linux.seccomp.operators, .linux.seccomp.archs] | map(length > 4) | all' <<<"$output")" true
    is "$(jq -r '.mountOptions | index("ro", "rbind", "nosuid") != null' <<<"$output" | sort -u)" true
}

@test "spec: a config that runs, and one that is there is kept" {
    mkdir "$T/other"
    ok "$HASU" spec -b "$T/other"
    matches "$(jq -r .ociVersion "$T/other/config.json")" '^1\.'
    is "$(jq -r '.process.terminal' "$T/other/config.json")" true
    is "$(jq -r '.root.readonly' "$T/other/config.json")" true
    cp -al "$BUNDLE/rootfs" "$T/other/rootfs"
    jq '.process.terminal = false | .process.args = ["echo", "it runs"]
        | .linux.cgroupsPath = "/" + $id' --arg id "$ID" "$T/other/config.json" >"$T/new"
    mv "$T/new" "$T/other/config.json"
    ok hasu run -b "$T/other" "$ID"
    is "$output" "it runs"
    fails "config.json" "$HASU" spec -b "$T/other"
    is "$status" 1
    is "$(jq -r '.process.args[1]' "$T/other/config.json")" "it runs"
}

# with_fds COMMAND...: descriptors 3, 4 and 5 are open.
with_fds() {
    "$HASU" --root "$ROOT" "$@" 3<"$T/three" 4<"$T/four" 5<"$T/four"
}

@test "--preserve-fds: these are passed on, and no other" {
    echo three >"$T/three"
    echo four >"$T/four"
    program sh -c 'cat <&3; cat <&4; ls /proc/$$/fd | sort -n | tail -n 1; true'
    call with_fds run --preserve-fds 2 -b "$BUNDLE" "$ID"
    is "$status" 0
    is "$(head -n 2 <<<"$output")" $'three\nfour'
    program sh -c 'for fd in 3 4 5 6 7 8 9; do [ ! -e /proc/$$/fd/$fd ] || echo $fd; done; true'
    ok with_fds run -b "$BUNDLE" "$ID"
    is "$output" ""
    ok with_fds run --preserve-fds 2 -b "$BUNDLE" "$ID"
    is "$output" $'3\n4'
    up
    ok with_fds exec --preserve-fds 1 "$ID" sh -c 'cat <&3; [ ! -e /proc/$$/fd/4 ]'
    is "$output" three
    ok with_fds exec "$ID" sh -c '[ ! -e /proc/$$/fd/3 ]'
}

@test "--preserve-fds: one that is not open is an error, and nothing is made" {
    echo three >"$T/three"
    echo four >"$T/four"
    program true
    fails "--preserve-fds 4: file descriptor 6 is not open" \
        with_fds run --preserve-fds 4 -b "$BUNDLE" "$ID"
    is "$status" 1
    nothing_left
}
