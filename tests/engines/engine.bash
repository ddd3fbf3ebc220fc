# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034 # used where it is sourced
#
# What the steps of all engines share. They run in namespaces of their own, in which inside has made
# everything private that an engine writes to, and use no network.
#
#	RUNTIME   the runtime's name to the engine: hasu or runc
#	ENGINE    the engine's name; its daemon, image and long-lived container are made once, by setup_file
#	WORK      a directory that all engines and runtimes have to themselves

# shellcheck source-path=SCRIPTDIR source=../integration/helpers.bash
. "${BASH_SOURCE[0]%/*}/helpers.bash"

engine_setup() {
    T=$BATS_TEST_TMPDIR
    ID=step-$BATS_TEST_NUMBER # also the name of a step's own container
    STDIN=/dev/null
    status=0 output='' errors=''
}

# answers DAEMON COMMAND...: wait until the command succeeds, as long as the daemon lives, whose PID and log
# are in files named after it. Three minutes at most: a busy machine starts one in half of one.
answers() {
    local daemon=$1 end=$((SECONDS + 180)) pid
    shift
    pid=$(<"$WORK/$daemon.pid")
    while ! "$@" >/dev/null 2>&1; do
        if gone "$pid" || [ "$SECONDS" -ge "$end" ]; then
            echo "$daemon does not answer; its last words:"
            tail -n 20 "$WORK/$daemon.log"
            return 1
        fi
        sleep 0.1
    done
}

# gives STATUS COMMAND...: it ends with exactly this status.
gives() {
    local expected=$1
    shift
    call "$@"
    if [ "$status" -ne "$expected" ]; then
        echo "status $status, not $expected, of: $*"
        echo "out: $output"
        echo "err: $errors"
        return 1
    fi
}

# prints TEXT COMMAND...: it succeeds, and prints exactly this; carriage returns of terminals apart.
prints() {
    local expected=$1
    shift
    ok "$@" || return 1
    if [ "${output//$'\r'/}" != "$expected" ]; then
        echo "expected: $expected"
        echo "instead:  $output"
        echo "err:      $errors"
        return 1
    fi
}

# input TEXT: what the next command reads.
input() {
    STDIN=$T/input
    printf '%s' "$1" >"$STDIN"
}

# in_terminal WORD COMMAND...: with a terminal as its standard descriptors. Once it has printed WORD, a
# line is typed, "typed", which it has to read; then it must end. What it printed is on output.
in_terminal() {
    local word=$1 job
    shift
    mkfifo "$T/keys"
    exec 9<>"$T/keys"
    script --quiet --return --command "$(printf '%q ' "$@")" /dev/null <"$T/keys" >"$T/screen" 2>&1 3>&- 4>&- 9>&- &
    job=$!
    if ! until_true grep -q "$word" "$T/screen"; then
        cat "$T/screen"
        kill "$job" || true
        return 1
    fi
    echo typed >&9
    status=0
    wait "$job" || status=$?
    exec 9>&-
    output=$(tr -d '\0\r' <"$T/screen")
}

# limit CONTROLLER V1-FILE V2-FILE: a shell command that prints the limit from inside a container
# that sees its own cgroup at /sys/fs/cgroup.
limit() {
    if cgroup2_only; then
        echo "cat /sys/fs/cgroup/$3"
    else
        echo "cat /sys/fs/cgroup/$1/$2"
    fi
}

need_hasu_and_numa() {
    [ "$RUNTIME" = hasu ] || skip "runc has no such annotations"
    need_numa
}

# under_policy POLICY COMMAND...: it prints the numa_maps of a process, in which each mapping is under
# this policy, as the kernel writes it.
under_policy() {
    local policy=$1
    shift
    ok "$@"
    is "$(policy_word <<<"$output" | sort -u)" "$policy"
}

# from_docs PATH: the block of docs/engines.md that is to be written to this file.
from_docs() {
    awk -v path="$1" '
        /^```$/ { inside = 0 }
        inside
        /^```[a-z]+ / && $2 == path { inside = 1; found = 1 }
        END { exit !found }' "$WORK/docs/engines.md"
}

# The file of the documentation for Podman and Buildah, with limits that a host without
# CAP_SYS_RESOURCE can give: their own defaults are more.
containers_conf() {
    from_docs /etc/containers/containers.conf
    cat <<'X'
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]
X
}
