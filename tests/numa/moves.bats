#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The cpuset of a running container changes, once by `hasu update --cpuset-mems` and once by a write
# to cpuset.mems behind our back: what the kernel then makes of init's policy, and that exec'd
# processes and their pages are where init's are. In each row every step is a change of the same
# container's cpuset, so that what a policy has lost or remembers shows.
#
# lab-topologies: four-nodes
# lab-kernels: all

setup() {
    # shellcheck source-path=SCRIPTDIR source=container.bash
    . "$BATS_TEST_DIRNAME/container.bash"
    container_setup
}

teardown() {
    container_teardown
    system_restore
}

by_update() {
    "$HASU" update --cpuset-mems "$1" "$ID" 2>>"$BATS_TEST_TMPDIR/warnings" </dev/null 3>&-
}

behind_our_back() {
    echo "$1" >"$(init_cgroup)/cpuset.mems"
}

# together MAPS: init is there; exec is there too, and so are both's new pages.
together() {
    local init exec
    [ "$(init_maps)" = "maps $1" ] || fail "init: $(init_maps), not $1" || return 1
    exec=$(exec_in sh -c 'probe maps; probe pages 24')
    [ "${exec%%$'\n'*}" = "maps $1" ] || fail "exec: $exec, init: $1" || return 1
    exec=${exec##*pages }
    init=$(ask_init USR2 | sed -n 's/^fresh //p')
    if ! nodes_of "$init" "${1#*:}" || ! nodes_of "$exec" "${1#*:}"; then
        fail "pages of init: $init, of exec: $exec, not on ${1#*:}"
    fi
}

# nodes_of "24 A:X B:Y" LIST: some of LIST (0-1,3), and no other.
nodes_of() {
    local pair list
    list=,$(tr ',' '\n' <<<"$2" | while IFS=- read -r from to; do
        seq -s , "$from" "${to:-$from}"
    done | paste -sd ,),
    for pair in ${1#* }; do
        [[ $list == *",${pair%:*},"* ]] || return 1
    done
}

# row MODE[+FLAG...] NODES MEMS MAPS [MEMS MAPS]...: started with the first cpuset, moved to the
# others one after the other; both ways.
row() {
    local way mode=$1 nodes=$2
    shift 2
    for way in by_update behind_our_back; do
        mems "$1"
        policy "$mode" "$nodes"
        start_init probe hold 24 --order
        together "$2" || fail "$way $mode $nodes: at the start" || return 1
        steps "$way" "${@:3}" || fail "$way $mode $nodes" || return 1
        container_teardown
    done
}

steps() {
    local way=$1
    shift
    while [ $# -gt 0 ]; do
        "$way" "$1" || fail "to $1" || return 1
        together "$2" || fail "after $1" || return 1
        shift 2
    done
}

@test "BIND is remapped by its position in the cpuset" {
    row MPOL_BIND 0,2 0-2 bind:0,2 1-3 bind:1,3 0-2 bind:0,2
    row MPOL_BIND 1 0-3 bind:1 2-3 bind:3
}

@test "INTERLEAVE is remapped by its position, and what it lost it has lost" {
    row MPOL_INTERLEAVE 0-1 0-3 interleave:0-1 2-3 interleave:2-3 0-1 interleave:0-1
    row MPOL_INTERLEAVE 0-1 0-3 interleave:0-1 2 interleave:2 0-1 interleave:0
}

@test "WEIGHTED_INTERLEAVE is remapped as INTERLEAVE is" {
    if kernel_older 6 9; then
        policy MPOL_WEIGHTED_INTERLEAVE 0-1
        run_init probe policy
        [ "$status" -eq 1 ]
        [[ $output == *"MPOL_WEIGHTED_INTERLEAVE needs Linux 6.9; this is $(uname -r)" ]]
        return 0
    fi
    row MPOL_WEIGHTED_INTERLEAVE 0-1 0-3 "weighted interleave:0-1" 2-3 "weighted interleave:2-3"
    row MPOL_WEIGHTED_INTERLEAVE+MPOL_F_STATIC_NODES 0-1 0-3 "weighted interleave=static:0-1" \
        1-3 "weighted interleave=static:1" 0-3 "weighted interleave=static:0-1"
}

# While nothing that STATIC asked for is allowed, it uses all that is.
@test "STATIC keeps its numbers, does with others while it must, and recovers" {
    row MPOL_BIND+MPOL_F_STATIC_NODES 0-1 0-3 bind=static:0-1 1-3 bind=static:1 \
        2-3 bind=static:2-3 0-3 bind=static:0-1
    row MPOL_INTERLEAVE+MPOL_F_STATIC_NODES 0-1 0-3 interleave=static:0-1 1-3 interleave=static:1 \
        2-3 interleave=static:2-3 0-3 interleave=static:0-1
}

@test "RELATIVE counts within the cpuset of the day" {
    row MPOL_BIND+MPOL_F_RELATIVE_NODES 0-1 0-3 bind=relative:0-1 1-2 bind=relative:1-2 \
        3 bind=relative:3 0-3 bind=relative:0-1
    row MPOL_INTERLEAVE+MPOL_F_RELATIVE_NODES 1-2 0-3 interleave=relative:1-2 \
        1-3 interleave=relative:2-3 0-3 interleave=relative:1-2
}

# The kernel leaves these as they are, on nodes that are no longer allowed, whatever their flags, and
# would refuse the same from a new process. What counts is where the pages go.
@test "PREFERRED and PREFERRED_MANY stay as they are: exec's new pages lie where init's do" {
    local row way init exec
    # The nearest node of this CPU that is allowed, and no other: pages say more than "anywhere".
    config '.linux.resources.cpu.cpus = "3"'
    for row in "MPOL_PREFERRED 0" "MPOL_PREFERRED 2" "MPOL_PREFERRED_MANY 0-1" "MPOL_PREFERRED_MANY 0,2" \
        "MPOL_PREFERRED+MPOL_F_STATIC_NODES 0" "MPOL_PREFERRED+MPOL_F_RELATIVE_NODES 1" \
        "MPOL_PREFERRED_MANY+MPOL_F_STATIC_NODES 0,2" "MPOL_PREFERRED_MANY+MPOL_F_RELATIVE_NODES 0-1"; do
        mems 0-3
        # shellcheck disable=SC2086 # two words
        policy $row
        start_init probe hold 8
        for way in "behind_our_back 2-3" "by_update 1-2"; do
            # shellcheck disable=SC2086 # two words
            $way
            init=$(ask_init USR2 | sed -n 's/^fresh //p')
            exec=$(exec_in sh -c 'probe pages 8; probe maps') || fail "$way $row: $exec"
            echo "$way $row: init $init $(init_maps), exec ${exec//$'\n'/ }"
            [ "pages $init" = "${exec%%$'\n'*}" ]
            nodes_of "$init" "${way#* }"
        done
        container_teardown
    done
}

@test "the pages that init has move with its nodes" {
    local i seen
    mems 0-1
    policy MPOL_BIND 0-1
    start_init probe hold 200
    by_update 2-3
    # The kernel moves them from a work queue.
    for ((i = 0; i < 50; i++)); do
        seen=$(ask_init USR1 | sed -n 's/^pages //p')
        ! nodes_of "$seen" 2-3 || return 0
        sleep 0.1
    done
    fail "pages: $seen"
}

@test "update warns of what it does to a policy, and refuses it with the annotation" {
    local before
    mems 0-3
    policy MPOL_BIND+MPOL_F_STATIC_NODES 0-1
    start_init probe hold 8
    by_update 1-3
    grep "becomes 'bind=static:1' and loses the nodes '0'" "$BATS_TEST_TMPDIR/warnings" ||
        fail "$(cat "$BATS_TEST_TMPDIR/warnings")"
    container_teardown
    config '.annotations["hasu.memory-policy.narrowing"] = "refuse"'
    start_init probe hold 8
    before=$(cat "$(init_cgroup)/cpuset.mems")
    run by_update 1-3
    [ "$status" -eq 1 ]
    grep "would become 'bind=static:1' and lose '0' (the annotation hasu.memory-policy.narrowing" \
        "$BATS_TEST_TMPDIR/warnings" || fail "$(cat "$BATS_TEST_TMPDIR/warnings")"
    [ "$(cat "$(init_cgroup)/cpuset.mems")" = "$before" ]
    together bind=static:0-1
}
