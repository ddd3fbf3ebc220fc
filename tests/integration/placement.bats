#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# hasu placement on this machine, whatever its nodes and cgroups are. How memory is judged on several
# nodes is in tests/unit/test-placement.c and tests/numa/where-it-lies.bats.

# shellcheck disable=SC2016 # filters of jq
# shellcheck disable=SC2154 # status, output, errors: set by helpers.bash
load helpers

setup() {
    hasu_setup
    need_numa
}

teardown() {
    hasu_teardown
}

place() {
    ok hasu placement "$@" "$ID"
}

number() {
    jq -r "$1" <<<"$output"
}

# What it printed would come between that of placement, as call() has one file for both.
quiet_program() {
    program sh -c 'exec probe wait >/dev/null'
}

# Some memory of its own and some of a tmpfs, which stay.
up_with_memory() {
    config '.linux.memoryPolicy = { mode: "MPOL_BIND", nodes: $words[0] }' "$(first_node)"
    program sh -c 'head -c 8388608 /dev/zero >/dev/shm/file; exec probe wait >/dev/null'
    ok hasu run --detach -b "$BUNDLE" "$ID"
    PID=$(init_pid "$ID")
    until_true test -s "/proc/$PID/root/dev/shm/file"
    until_true full_size
}

full_size() {
    [ "$(stat -c %s "/proc/$PID/root/dev/shm/file")" -eq 8388608 ]
}

# The kernel's sum of a kind on all nodes, in bytes.
charged() {
    local file
    file=$(cgroup_of "$PID" memory)/memory.numa_stat
    if cgroup2_only; then
        awk -v kind="$1" '$1 == kind { for (i = 2; i <= NF; i++) { sub(/.*=/, "", $i); sum += $i } }
            END { printf "%.0f\n", sum }' "$file"
    else
        awk -v kind="hierarchical_$1=" -v page="$(getconf PAGESIZE)" 'index($1, kind) == 1 {
            for (i = 2; i <= NF; i++) { sub(/.*=/, "", $i); sum += $i } }
            END { printf "%.0f\n", sum * page }' "$file"
    fi
}

# The kernel brings its sums up to date now and then, so the two looks may differ once.
sums_agree() {
    place --format json
    [ "$(number '[.nodes[].anon] | add')" = "$(charged anon)" ] || return 1
    if cgroup2_only; then
        [ "$(number '[.nodes[] | .file + .shmem] | add')" = "$(charged file)" ]
    else
        [ "$(number '[.nodes[].file] | add')" = "$(charged file)" ] &&
            [ "$(number '[.nodes[].locked] | add')" = "$(charged unevictable)" ]
    fi && [ "$(number '[.nodes[].bytes] | add')" -ge 8388608 ]
}

@test "json: a container's memory, as its cgroup counts it" {
    up_with_memory
    until_true sums_agree
    place --format json
    is "$(number .status)" running
    is "$(number .processes)" 1
    if cgroup2_only; then
        is "$(number .countedBy)" "cgroup v2"
    else
        is "$(number .countedBy)" "cgroup v1"
    fi
    is "$(number '.policy.asked.text')" "bind:$(first_node)"
    is "$(number '.policy.effective.text')" "$(policy_of "$PID")"
    is "$(number .policy.asForeseen)" true
    is "$(number .verdict.governed)" "$(number '[.nodes[].bytes] | add')"
    is "$(number .verdict.inPlace)" "$(number ".nodes[] | select(.id == $(first_node)).bytes")"
}

@test "the policy's origin is named: config, annotation, command line" {
    up_with_memory
    place --format json
    is "$(number .policy.from)" /linux/memoryPolicy
    hasu delete --force "$ID"
    config 'del(.linux.memoryPolicy) | .annotations["hasu.memory-policy"] = "interleave:allowed"'
    quiet_program
    ok hasu run --detach -b "$BUNDLE" "$ID"
    place --format json
    is "$(number .policy.from)" /annotations/hasu.memory-policy
    is "$(number .policy.requested)" interleave:allowed
    hasu delete --force "$ID"
    ok hasu run --detach -b "$BUNDLE" --memory-policy local "$ID"
    place --format json
    is "$(number .policy.from)" --memory-policy
    is "$(number .policy.effective.text)" local
    place
    has "$output" 'local by --memory-policy: "local"'
    hasu delete --force "$ID"
    config 'del(.annotations)'
    ok hasu run --detach -b "$BUNDLE" "$ID"
    place --format json
    is "$(number .policy.from)" null
    is "$(number .policy.foreseen.text)" default
}

@test "a paused container, and one that only was created, can be looked at; no other" {
    up_with_memory
    ok hasu pause "$ID"
    place --processes --format json
    is "$(number .status)" paused
    is "$(number .policy.effective.text)" "bind:$(first_node)"
    is "$(number '.processList | length')" 1
    ok hasu resume "$ID"
    hasu delete --force "$ID"
    created
    place --format json
    is "$(number .status)" created
    is "$(number .policy.effective.text)" "bind:$(first_node)"
    hasu kill "$ID" KILL
    wait_stopped
    fails "container not running: '$ID' is stopped" hasu placement "$ID"
    is "$status" 1
    fails "container 'nobody' does not exist" hasu placement nobody
}

renamed() {
    grep -qsF '"x' /proc/[0-9]*/comm
}

@test "a thread with another policy is named, whatever it calls itself" {
    up_with_memory
    # A name that would clear a terminal, and close a string of JSON.
    hasu exec --detach --memory-policy local "$ID" sh -c \
        'printf "\033[2J\"x" >/proc/self/comm; while :; do sleep 1; done' 3>&- </dev/null >/dev/null 2>&1
    until_true renamed
    place --format json
    [ "$(number .threads.differing)" -ge 1 ]
    has "$(number '[.threads.list[].policy.text] | join(" ")')" local
    has "$(number '[.threads.list[].name] | join(" ")')" '?[2J"x'
    place
    lacks "$output" $'\e'
    has "$output" "local for thread"
    place --format svg
    lacks "$output" $'\e'
}

# --- formats ---

@test "svg: XML that parses, with a row for each node" {
    need_tool xmllint
    local node
    up_with_memory
    place --format svg
    cp "$T/out" "$T/svg"
    xmllint --noout "$T/svg"
    is "$(xmllint --xpath 'string(/*/*[local-name()="title"])' "$T/svg")" "Memory of $ID"
    for node in $(jq -r '.nodes[].id' <<<"$(hasu placement --format json "$ID")"); do
        is "$(xmllint --xpath "count(//*[local-name()='text'][.='node $node'])" "$T/svg")" 1
    done
}

# The grammar of the OpenMetrics text format 1.0, for what has gauges alone, and the rules that no
# grammar has: one block for each family, TYPE and UNIT and HELP before its samples, the unit at the end
# of its name, no sample twice, EOF at the end. Prints what is wrong.
openmetrics_wrong() {
    awk '
        function wrong(why) { print why ": " $0 }
        BEGIN {
            name = "[a-zA-Z_:][a-zA-Z0-9_:]*"
            label = "[a-zA-Z_][a-zA-Z0-9_]*=\"([^\"\\\\]|\\\\[\"n\\\\])*\""
        }
        ended { wrong("behind the end") }
        $0 == "# EOF" { ended = 1; next }
        $1 == "#" {
            if ($2 != "TYPE" && $2 != "UNIT" && $2 != "HELP") wrong("no such comment")
            if ($3 !~ "^" name "$") wrong("no name")
            if ($3 != family) {
                if ($2 != "TYPE" || $4 != "gauge" || NF != 4) wrong("begins without its type")
                if ($3 in families) wrong("a second block")
                family = $3; begun = 0; families[family] = 1; n++
            } else if (begun) wrong("behind its samples")
            if ($2 == "UNIT" && substr(family, length(family) - length($4)) != "_" $4) wrong("unit")
            next
        }
        $0 !~ "^" name "[{]" label "(," label ")*[}] [0-9]+([.][0-9]+)?$" { wrong("no sample") }
        {
            begun = 1
            if (substr($0, 1, index($0, "{") - 1) != family) wrong("of another family")
            key = $0; sub(/ [0-9.]+$/, "", key)
            if (key in samples) wrong("twice")
            samples[key] = 1
        }
        END { if (!ended) print "no EOF"; if (n < 8) print n " families" }' "$1"
}

@test "openmetrics: the grammar of the format, and the numbers of json" {
    up_with_memory
    place --processes --format openmetrics
    cp "$T/out" "$T/metrics"
    is "$(openmetrics_wrong "$T/metrics")" ''
    # And it would be noticed.
    for edit in '/EOF/d' 's/ gauge/ counter/' 's/="/=/' '/^# TYPE/d' 'p'; do
        [ -n "$(openmetrics_wrong <(sed "$edit" "$T/metrics"))" ] || is "$edit" noticed
    done
    has "$output" "hasu_placement_memory_bytes{id=\"$ID\",node=\"$(first_node)\",kind=\"anon\"} "
    has "$output" "effective=\"$(policy_of "$PID")\""
    place --format json
    is "$(sed -n 's/^hasu_placement_in_place_ratio{.*} //p' "$T/metrics" | awk '{ print $1 * 100 }')" \
        "$(number .verdict.percent)"
}

@test "--processes: each has its pages, as numa_maps has them" {
    up_with_memory
    ok hasu exec --detach "$ID" sh -c 'exec probe wait >/dev/null'
    until_true two_processes
    until_true pages_agree
    is "$(number '.processList | length')" 2
    is "$(number .processList[0].pid)" "$PID"
    is "$(number .processList[0].name)" probe
    place --processes
    has "$output" "$PID (probe) node $(first_node) "
}

pages_agree() {
    local want
    place --processes --format json
    want=$(awk -v page="$(getconf PAGESIZE)" '{ for (i = 3; i <= NF; i++) if ($i ~ /^N[0-9]+=/) {
        sub(/.*=/, "", $i); sum += $i } } END { printf "%.0f\n", sum * page }' "/proc/$PID/numa_maps")
    [ "$want" -gt 0 ] && [ "$(number '[.processList[0].nodes[].bytes] | add')" = "$want" ] &&
        [ "$(number '.processList[0] | .anon + .file + .shmem + .hugetlb')" = "$want" ]
}

two_processes() {
    [ "$(hasu ps --format json "$ID" | jq length)" -eq 2 ]
}

# Processes that begin and end all the time: no error, and nobody from outside among them.
@test "processes that end while they are looked at are passed over" {
    local i
    program sh -c 'while :; do for i in 1 2 3 4 5 6 7 8; do /bin/true & done; wait; done'
    ok hasu run --detach -b "$BUNDLE" "$ID"
    for ((i = 0; i < 20; i++)); do
        place --processes --format json
        [ "$(number '.processList | length')" -ge 1 ]
        is "$(number '[.threads.list[] | select(.policy.text != "default")] | length')" 0
    done
}

# --- again and again, and enough ---

@test "--watch prints again, until the container ends" {
    up_with_memory
    hasu placement --watch 100ms --format json "$ID" >"$T/watched" 2>"$T/watch-errors" 3>&- &
    local watcher=$!
    until_true seen_times 3
    hasu kill "$ID" KILL
    status=0
    wait "$watcher" || status=$?
    is "$status" 0
    is "$(cat "$T/watch-errors")" ''
    is "$(jq -s 'map(.id) | unique | length' "$T/watched")" 1
    fails "'0' is not a time above zero" hasu placement --watch 0 "$ID"
    fails "'soon' is not a time above zero" hasu placement --watch soon "$ID"
}

seen_times() {
    [ "$(jq -s length "$T/watched")" -ge "$1" ]
}

@test "--watch: a cgroup that is taken away is an error, and not the end of a container that lives" {
    local dir watcher
    up_with_memory
    dir=$(cgroup_of "$PID" memory)
    hasu placement --watch 100ms --format json "$ID" >"$T/watched" 2>"$T/watch-errors" 3>&- &
    watcher=$!
    until_true seen_times 1
    mkdir "$dir-elsewhere"
    echo "$PID" >"$dir-elsewhere/cgroup.procs"
    until_true rmdir "$dir"
    status=0
    wait "$watcher" || status=$?
    # Back, so that what is left behind afterwards is hasu's fault alone.
    hasu kill "$ID" KILL
    wait_stopped
    until_true rmdir "$dir-elsewhere"
    is "$status" 1
    has "$(<"$T/watch-errors")" "no such file or directory"
}

@test "--expect: 0 where enough is in place, and what is no percentage is refused" {
    local bad
    # All nodes of this machine, so that all is in place whatever they are.
    config '.linux.memoryPolicy = { mode: "MPOL_PREFERRED_MANY", nodes: $words[0] }' "$(nodes_with_memory)"
    quiet_program
    ok hasu run --detach -b "$BUNDLE" "$ID"
    place --expect 100
    place --expect 99.9
    has "$output" "in place: 100 %"
    for bad in 0 0.0 101 100.1 -5 95% 9x 1.25 "" 1e1; do
        [ -n "$bad" ] || continue
        fails "'$bad' is not a percentage above 0 and up to 100" hasu placement --expect="$bad" "$ID"
        is "$status" 1
    done
    fails "container 'nobody' does not exist" hasu placement --expect 5 nobody
    is "$status" 1
}
