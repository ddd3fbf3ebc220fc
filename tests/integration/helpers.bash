# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034 # used where it is sourced
# shellcheck disable=SC2016 # filters of jq
#
# What the integration tests share. Needs bash, coreutils, jq, busybox and root; knows cgroup v1,
# hybrid and v2; uses no network and no service.
#
# HASU is the program under test. Each test has a bundle of its own, $BUNDLE with a writable copy of
# the rootfs, a state directory, $ROOT, and an ID, $ID, that no other test uses. After each test
# everything of it must be gone: a cgroup, mount, process, or file of state that is left is a failure.

# What hasu spec leaves out on hosts with cgroup v1; the same tests are to hold everywhere.
CGROUP_NAMESPACE='.linux.namespaces |= map(select(.type != "cgroup")) + [{ type: "cgroup" }]'

hasu_setup() {
    unset NOTIFY_SOCKET # of a service that the tests run in
    HASU=${HASU:-$BATS_TEST_DIRNAME/../../build-product/src/cmd/hasu}
    T=$BATS_TEST_TMPDIR
    BUNDLE=$T/bundle ROOT=$T/state
    # HASU_RUN: by which a whole run finds its own.
    ID=hasu-it-${HASU_RUN:-0}-$$-$BATS_TEST_NUMBER
    PROBE=$HASU_FIXTURE/probe
    CONFIG=$BUNDLE/config.json
    mkdir "$BUNDLE"
    # No hard links: what a test writes or gives to another owner would be every test's.
    cp -a "$HASU_FIXTURE/rootfs" "$BUNDLE/rootfs"
    (cd "$BUNDLE" && "$HASU" spec)
    # What the default leaves out so that most programs cannot do harm; tests ask for it by name.
    config '.process.terminal = false | .root.readonly = false
        | .process.env += ["HASU_IT=\($id)"] | .linux.cgroupsPath = "/" + $id
        | '"$CGROUP_NAMESPACE"
    status=0 output='' errors=''
}

hasu_teardown() {
    local id wrong=''
    # Tests may leave containers; what hasu then leaves is its fault.
    while read -r id; do
        [ -z "$id" ] || hasu delete --force "$id" </dev/null >>"$T/teardown" 2>&1 3>&- ||
            wrong+="delete --force $id fails: $(tail -n 1 "$T/teardown")"$'\n'
    done < <(hasu list -q 2>/dev/null 3>&-)
    wrong+=$(leftovers)
    if [ -n "$wrong" ]; then
        echo "left behind, or could not be removed:"
        echo "$wrong"
        return 1
    fi
}

# --- running ---

hasu() {
    "$HASU" --root "$ROOT" "$@"
}

# call COMMAND...: sets status, output and errors. Into files, as a container that lives on would
# hold a pipe open; without the descriptors that bats waits for.
call() {
    status=0
    HASU_IT=$ID "$@" <"${STDIN:-/dev/null}" >"$T/out" 2>"$T/err" 3>&- 4>&- || status=$?
    text_of "$T/out" output
    text_of "$T/err" errors
}

# text_of FILE NAME: into the variable NAME, without what a shell cannot hold (NUL), and as by $(...)
# without the ends of lines at the end. By no process, as each costs a machine that is emulated much.
text_of() {
    local -a parts
    local text
    mapfile -d '' parts <"$1"
    printf -v text %s "${parts[@]}"
    while [[ $text == *$'\n' ]]; do text=${text%$'\n'}; done
    printf -v "$2" %s "$text"
}

ok() {
    call "$@"
    if [ "$status" -ne 0 ]; then
        echo "status $status of: $*"
        echo "out: $output"
        echo "err: $errors"
        return 1
    fi
}

# fails TEXT COMMAND...: it fails, and says TEXT.
fails() {
    local text=$1
    shift
    call "$@"
    if [ "$status" -eq 0 ]; then
        echo "succeeds: $*"
        return 1
    fi
    if [[ $errors != *"$text"* ]]; then
        echo "expected words: $text"
        echo "instead:        $errors"
        return 1
    fi
}

is() {
    if [ "$1" != "$2" ]; then
        echo "expected: $2"
        echo "instead:  $1"
        return 1
    fi
}

has() {
    if [[ $1 != *"$2"* ]]; then
        echo "expected somewhere: $2"
        echo "in: $1"
        return 1
    fi
}

lacks() {
    if [[ $1 == *"$2"* ]]; then
        echo "not expected: $2"
        echo "in: $1"
        return 1
    fi
}

matches() {
    if ! [[ $1 =~ $2 ]]; then
        echo "expected to match: $2"
        echo "instead: $1"
        return 1
    fi
}

# until_true COMMAND...: wait for it; a minute at most, as an emulated machine may be slow.
until_true() {
    local end=$((SECONDS + 60))
    while [ "$SECONDS" -lt "$end" ]; do
        if "$@" >/dev/null 2>&1; then return 0; fi
        sleep 0.02
    done
    echo "never came true: $*"
    return 1
}

# --- configs and containers ---

# config FILTER [WORD...]: change config.json; the filter has $id, $t, $bundle, and the words in
# $words.
config() {
    local filter=$1 json
    shift
    json=$(jq --arg id "$ID" --arg t "$T" --arg bundle "$BUNDLE" \
        '$ARGS.positional as $words | '"$filter" "$CONFIG" --args -- "$@") || return 1
    printf '%s\n' "$json" >"$CONFIG"
}

program() {
    config '.process.args = $words' "$@"
}

all_capabilities() {
    config '(["CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "MKNOD", "NET_ADMIN", "SETGID", "SETUID",
        "SETPCAP", "SYS_ADMIN", "SYS_CHROOT", "SYS_PTRACE"] | map("CAP_" + .)) as $all
        | .process.capabilities = { bounding: $all, effective: $all, permitted: $all }'
}

# inside SCRIPT: run the bundle with this script as its program. Sets status, output and errors.
inside() {
    program sh -c "$1"
    call hasu run -b "$BUNDLE" "$ID"
}

inside_ok() {
    inside "$1"
    if [ "$status" -ne 0 ]; then
        echo "status $status: $errors"
        echo "out: $output"
        return 1
    fi
}

# up [OPTION...]: a container that lives until it gets TERM; PID is its init.
up() {
    program probe wait
    ok hasu run --detach -b "$BUNDLE" "$@" "$ID"
    PID=$(init_pid "$ID")
}

created() {
    ok hasu create -b "$BUNDLE" "$@" "$ID"
    PID=$(init_pid "$ID")
}

# init_pid ID
init_pid() {
    hasu state "$1" | jq .pid
}

status_of() {
    hasu state "${1:-$ID}" 2>/dev/null | jq -r .status
}

status_is() {
    [ "$(status_of "$1")" = "$2" ]
}

wait_stopped() {
    until_true status_is "${1:-$ID}" stopped
}

in_exec() {
    ok hasu exec "$ID" "$@"
}

policy_of() {
    head -n 1 "/proc/$1/numa_maps" | policy_word
}

# The second word of a line of numa_maps; it may have a space in it.
policy_word() {
    sed -E 's/^[0-9a-f]+ //; s/ (file=|heap|stack|anon=|mapped=|dirty=).*//; s/ *$//'
}

# A process that has ended may be a zombie until whoever adopted it looks.
gone() {
    ! [ -d "/proc/$1" ] || [[ $(<"/proc/$1/stat") == *') Z '* ]]
} 2>/dev/null

# --- hosts ---

cgroup2_only() {
    [ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ]
}

# cgroup_of PID CONTROLLER: the directory of the host that limits it.
cgroup_of() {
    local path
    if cgroup2_only; then
        path=$(sed -n 's/^0:://p' "/proc/$1/cgroup")
        echo "/sys/fs/cgroup$path"
    else
        path=$(sed -nE "s/^[0-9]+:([^:]*,)?$2(,[^:]*)?:(.*)/\3/p" "/proc/$1/cgroup")
        echo "/sys/fs/cgroup/$2$path"
    fi
}

# Nodes with memory, and the first of them.
nodes_with_memory() {
    cat /sys/devices/system/node/has_memory 2>/dev/null || echo 0
}

first_node() {
    nodes_with_memory | sed 's/[-,].*//'
}

# A node that no machine has which runs this.
absent_node() {
    echo $(($(tr -s ',-' '\n' </sys/devices/system/node/possible 2>/dev/null | tail -n 1) + 1))
}

need_numa() {
    [ -e /proc/self/numa_maps ] || skip "this kernel has no NUMA"
}

need_tool() {
    command -v "$1" >/dev/null || skip "there is no $1 here"
}

# --- what may be left ---

# Everything of this test that the system still knows; nothing when all is well.
leftovers() {
    local -a found
    local file
    find /sys/fs/cgroup -ignore_readdir_race -depth -type d -name "*$ID*" -printf 'cgroup %p\n' 2>/dev/null ||
        true
    mapfile -t found </proc/self/mountinfo
    for file in "${found[@]}"; do
        [[ $file != *"$BUNDLE"* ]] || echo "mount $file"
    done
    # Compiled filters are kept for other containers, not for this one.
    find "$ROOT" -mindepth 1 -path "$ROOT/@seccomp" -prune -o -mindepth 1 -printf 'state %p\n' 2>/dev/null ||
        true
    # A process that is just ending may need a moment after its cgroup is gone.
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        mapfile -t found < <(our_processes)
        [ "${#found[@]}" -gt 0 ] || break
        sleep 0.05
    done
    for file in "${found[@]}"; do
        echo "process $file $(tr '\0' ' ' <"/proc/$file/cmdline" 2>/dev/null)"
    done
}

# Processes with our mark in the environment: hasu's own, and the containers'.
our_processes() {
    local -a files
    mapfile -t files < <(cd /proc && exec grep -lsF "HASU_IT=$ID" [0-9]*/environ 2>/dev/null)
    [ "${#files[@]}" -eq 0 ] || printf '%s\n' "${files[@]%/environ}"
}

nothing_left() {
    local found
    found=$(leftovers)
    if [ -n "$found" ]; then
        echo "left behind:"
        echo "$found"
        return 1
    fi
}
