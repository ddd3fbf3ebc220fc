# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034 # the tables are used where this is sourced
#
# Reads a topology's table (topologies/*.conf, explained in docs/numa-lab.md). The host makes QEMU's
# options from it, and tests in the guest compare what Linux shows with it. Sourced, never run.
#
#	node N[-M] [cpus=K] [memory=MIB]   each of these nodes: K CPUs (0), MIB of memory (0)
#	distance A B D                     from A to B and back; 10 to itself, else 20 unless said
#	reach FROM TO NS MIBS              HMAT: latency and bandwidth of TO's memory seen from FROM
#
# Sets NODES (how many), NODE_CPUS[n], NODE_MIB[n], DISTANCE[a,b], REACH[from,to] = "NS MIBS".

topology_read() {
    local file=$1 line word rest
    declare -g NODES=0
    declare -ga NODE_CPUS=() NODE_MIB=()
    declare -gA DISTANCE=() REACH=()
    while read -r line; do
        read -r word rest <<<"$line"
        # shellcheck disable=SC2086 # words of a table
        case $word in
        node) topology_node $rest ;;
        distance) topology_distance $rest ;;
        reach) topology_reach $rest ;;
        *) topology_bad "$file" "$line" ;;
        esac || topology_bad "$file" "$line"
    done < <(sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$file")
}

topology_bad() {
    echo "$1: cannot read the line '$2'" >&2
    return 1
}

topology_node() {
    local from=${1%-*} to=${1#*-} cpus=0 mib=0 pair node
    shift
    for pair in "$@"; do
        case $pair in
        cpus=*) cpus=${pair#*=} ;;
        memory=*) mib=${pair#*=} ;;
        *) return 1 ;;
        esac
    done
    for ((node = from; node <= to; node++)); do
        # Linux numbers nodes in the order of the firmware's table: no gaps, CPUs first.
        [ "$node" -eq "$NODES" ] || return 1
        NODE_CPUS[node]=$cpus
        NODE_MIB[node]=$mib
        NODES=$((NODES + 1))
    done
}

topology_distance() {
    [ $# -eq 3 ] || return 1
    DISTANCE[$1,$2]=$3
    DISTANCE[$2,$1]=$3
}

topology_reach() {
    [ $# -eq 4 ] || return 1
    REACH[$1,$2]="$3 $4"
}

# Sets distance_between. (No command substitution: 128 nodes have 16384 pairs.)
topology_distance_between() {
    if [ "$1" -eq "$2" ]; then
        distance_between=10
    else
        distance_between=${DISTANCE[$1,$2]:-20}
    fi
}

# All distances, a line for each node, as Linux shows them.
topology_distances() {
    local from to line
    for ((from = 0; from < NODES; from++)); do
        line=
        for ((to = 0; to < NODES; to++)); do
            topology_distance_between "$from" "$to"
            line+=" $distance_between"
        done
        echo "${line# }"
    done
}

# topology_nodes TABLE: the nodes that have any, as the kernel writes them: "0-3,5".
topology_nodes() {
    local -n table=$1
    local node last list=()
    for ((node = 0; node < NODES; node++)); do
        [ "${table[node]}" -gt 0 ] || continue
        last=$node
        while [ "${table[last + 1]:-0}" -gt 0 ]; do
            last=$((last + 1))
        done
        if [ "$last" -gt "$node" ]; then
            list+=("$node-$last")
        else
            list+=("$node")
        fi
        node=$last
    done
    (IFS=, && echo "${list[*]}")
}
