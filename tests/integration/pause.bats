#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# pause and resume: nothing in a paused container runs, everything runs on afterwards, and each
# command knows the state.
#
# shellcheck disable=SC2016 # programs of containers
# shellcheck disable=SC2154 # status, output and errors are set by the helpers

load helpers

setup() {
    hasu_setup
}

teardown() {
    hasu_teardown
}

# A container that makes a file longer as long as it runs.
counting() {
    program sh -c 'while :; do echo >>/count; done'
    ok hasu run --detach -b "$BUNDLE" "$ID"
    until_true test -s "$BUNDLE/rootfs/count"
}

count() {
    stat -c %s "$BUNDLE/rootfs/count"
}

counts_on() {
    until_true counted_past "$(count)"
}

counted_past() {
    [ "$(count)" -gt "$1" ]
}

@test "a paused container stands still, and goes on when it is resumed" {
    local before
    counting
    ok hasu pause "$ID"
    is "$output$errors" ""
    is "$(status_of)" paused
    before=$(count)
    sleep 0.3
    is "$(count)" "$before"
    ok hasu resume "$ID"
    is "$(status_of)" running
    counts_on
}

@test "list shows it paused" {
    up
    ok hasu pause "$ID"
    is "$(hasu list -f json | jq -r '.[0].status')" paused
}

@test "pause: a second one is refused" {
    up
    ok hasu pause "$ID"
    fails "container not running: '$ID' is paused already" hasu pause "$ID"
    is "$(status_of)" paused
}

@test "resume: a running, a created and a stopped container are refused" {
    program probe wait
    created
    fails "container not paused: '$ID' is created" hasu resume "$ID"
    ok hasu start "$ID"
    fails "container not paused: '$ID' is running" hasu resume "$ID"
    ok hasu kill "$ID" KILL
    wait_stopped
    fails "container not paused: '$ID' is stopped" hasu resume "$ID"
    fails "container not running: '$ID' is stopped" hasu pause "$ID"
    fails "container 'nobody' does not exist" hasu pause nobody
}

@test "a created container is paused, is not started meanwhile, and is created again after" {
    program sh -c 'echo started >/marker'
    created
    ok hasu pause "$ID"
    is "$(status_of)" paused
    fails "it is paused" hasu start "$ID"
    ok hasu resume "$ID"
    is "$(status_of)" created
    ok hasu start "$ID"
    wait_stopped
    is "$(<"$BUNDLE/rootfs/marker")" started
}

@test "exec in a paused container is refused" {
    up
    ok hasu pause "$ID"
    fails "cannot exec in container '$ID': it is paused" hasu exec "$ID" true
    is "$status" 255
    ok hasu resume "$ID"
    ok hasu exec "$ID" true
}

@test "exec --ignore-paused waits inside until the container is resumed" {
    local exec
    up
    ok hasu pause "$ID"
    HASU_IT=$ID hasu exec --ignore-paused "$ID" sh -c 'echo entered' \
        </dev/null >"$T/entered" 2>&1 3>&- 4>&- &
    exec=$!
    sleep 0.5
    kill -0 "$exec"
    is "$(<"$T/entered")" ""
    ok hasu resume "$ID"
    wait "$exec"
    is "$(<"$T/entered")" entered
}

@test "kill -9 ends a paused container" {
    counting
    ok hasu pause "$ID"
    ok hasu kill "$ID" 9
    wait_stopped
    ok hasu delete "$ID"
    nothing_left
}

@test "kill -9 --all ends a paused container" {
    counting
    ok hasu exec --detach "$ID" sleep 1000
    ok hasu pause "$ID"
    ok hasu kill --all "$ID" 9
    wait_stopped
    ok hasu delete "$ID"
    nothing_left
}

@test "another signal comes when the container is resumed" {
    up
    ok hasu pause "$ID"
    ok hasu kill "$ID" TERM
    is "$(status_of)" paused
    ok hasu resume "$ID"
    wait_stopped
}

@test "delete of a paused container is refused; delete --force ends it" {
    counting
    ok hasu pause "$ID"
    fails "it is paused" hasu delete "$ID"
    is "$(status_of)" paused
    ok hasu delete --force "$ID"
    nothing_left
}

@test "a container without a PID namespace of its own is paused and killed whole" {
    config '.linux.namespaces |= map(select(.type != "pid"))'
    counting
    ok hasu exec --detach "$ID" sleep 1000
    ok hasu pause "$ID"
    ok hasu delete --force "$ID"
    nothing_left
}

@test "of many pauses and resumes at a time each is whole" {
    local n jobs=()
    counting
    for n in 1 2 3 4 5; do
        HASU_IT=$ID hasu pause "$ID" </dev/null >/dev/null 2>&1 3>&- 4>&- &
        jobs+=($!)
        HASU_IT=$ID hasu resume "$ID" </dev/null >/dev/null 2>&1 3>&- 4>&- &
        jobs+=($!)
    done
    for n in "${jobs[@]}"; do wait "$n" || true; done
    matches "$(status_of)" '^(paused|running)$'
    [ "$(status_of)" = running ] || ok hasu resume "$ID"
    counts_on
}

# --- exec into what froze after exec has looked ---

# freezers: those of this host, a line each: the container's directory, the controller as --cgroup names
# it (-: none), the file, and what is written to it to freeze and to thaw.
freezers() {
    local dir
    if cgroup2_only; then
        echo "$(cgroup_of "$PID" freezer) - cgroup.freeze 1 0"
        return
    fi
    echo "$(cgroup_of "$PID" freezer) freezer: freezer.state FROZEN THAWED"
    dir=/sys/fs/cgroup/unified/$ID
    [ ! -d "$dir" ] || echo "$dir - cgroup.freeze 1 0"
}

# A cgroup of the container's own that is frozen, while the container is not: what becomes of the whole
# when it is frozen in the moment in which exec is on its way.
frozen_below() {
    mkdir "$1/low"
    echo "$3" >"$1/low/$2"
}

# exec_failed PID WORDS: that exec, with these words, and nothing of it is in $dir/low.
exec_failed() {
    local status=0
    wait "$1" || status=$?
    is "$status" 255
    has "$(<"$T/exec")" "$2"
    is "$(<"$dir/low/cgroup.procs")" ""
    rmdir "$dir/low"
}

not_in() {
    ! grep -qx "$1" "$2"
}

@test "exec into a cgroup that the container froze ends in words, and leaves nothing frozen there" {
    local dir controller file frozen thawed
    up
    while read -r dir controller file frozen thawed; do
        frozen_below "$dir" "$file" "$frozen"
        fails "cannot exec in container '$ID': it was paused, or froze itself" \
            timeout -k 1 60 "$HASU" --root "$ROOT" exec --cgroup "${controller#-}/low" "$ID" true
        is "$status" 255
        is "$(<"$dir/low/cgroup.procs")" ""
        echo "$thawed" >"$dir/low/$file"
        ok hasu exec --cgroup "${controller#-}/low" "$ID" true
        rmdir "$dir/low"
    done < <(freezers)
}

# Where it is looked at before it is thawed, it was frozen; both end it.
@test "exec whose process the container stops before it has started ends in words" {
    local dir controller file frozen thawed exec
    up
    while read -r dir controller file frozen thawed; do
        frozen_below "$dir" "$file" "$frozen"
        timeout -k 1 60 "$HASU" --root "$ROOT" exec --cgroup "${controller#-}/low" "$ID" true \
            </dev/null >"$T/exec" 2>&1 3>&- 4>&- &
        exec=$!
        until_true grep -q . "$dir/low/cgroup.procs"
        kill -STOP "$(<"$dir/low/cgroup.procs")"
        echo "$thawed" >"$dir/low/$file"
        exec_failed "$exec" "cannot exec in container '$ID': "
    done < <(freezers)
}

@test "exec --ignore-paused that waits in a frozen cgroup is ended by a signal, and leaves nothing" {
    local dir controller file frozen thawed exec inside
    up
    while read -r dir controller file frozen thawed; do
        frozen_below "$dir" "$file" "$frozen"
        HASU_IT=$ID "$HASU" --root "$ROOT" exec --ignore-paused --cgroup "${controller#-}/low" "$ID" true \
            </dev/null >"$T/exec" 2>&1 3>&- 4>&- &
        exec=$!
        until_true grep -q . "$dir/low/cgroup.procs"
        inside=$(<"$dir/low/cgroup.procs")
        not_in "$exec" "$dir/low/cgroup.procs"
        kill -TERM "$exec"
        until_true not_in "$inside" "$dir/low/cgroup.procs"
        exec_failed "$exec" "interrupted by signal 15"
    done < <(freezers)
}

@test "exec: a container that passes controllers on and freezes where it is itself" {
    cgroup2_only || skip "only cgroup v2 alone has controllers to pass on"
    all_capabilities
    config '(.mounts[] | select(.type == "cgroup").options) -= ["ro"]'
    program sh -c 'cd /sys/fs/cgroup && mkdir low && echo 1 >low/cgroup.procs && echo +pids >cgroup.subtree_control &&
        echo >/ready && echo 1 >low/cgroup.freeze; exec sleep 1000'
    ok hasu run --detach -b "$BUNDLE" "$ID"
    until_true grep -qx "frozen 1" "/sys/fs/cgroup/$ID/low/cgroup.events"
    is "$(status_of)" running
    fails "cannot exec in container '$ID': it was paused, or froze itself" \
        timeout -k 1 60 "$HASU" --root "$ROOT" exec "$ID" true
    is "$(wc -l <"/sys/fs/cgroup/$ID/low/cgroup.procs")" 1
    echo 0 >"/sys/fs/cgroup/$ID/low/cgroup.freeze"
    ok hasu exec "$ID" true
}
