# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2016 # filters of jq
#
# linux.resources.network, which cgroup v1 alone has: what the kernel does with packets and sockets. The
# queue of a network device counts packets by class and by priority, and ss shows a socket's class.
#
# lab-topologies: four-nodes
# lab-kernels: 6.1
# lab-needs: legacy

load container

bats_require_minimum_version 1.5.0

# A device whose neighbour never answers, with a band of its queue for priority 5 alone and one that no
# priority leads to.
setup() {
    container_setup
    modprobe dummy
    modprobe sch_prio
    ip link add hasu0 type dummy
    ip addr add 10.9.0.1/24 dev hasu0
    ip link set hasu0 up
    ip neigh add 10.9.0.2 lladdr 02:00:00:00:00:02 dev hasu0
    tc qdisc add dev hasu0 root handle 10: prio bands 3 priomap 0 0 0 0 0 2 0 0 0 0 0 0 0 0 0 0
    config '.linux.namespaces |= map(select(.type != "network"))'
}

teardown() {
    container_teardown
    ip link delete hasu0
}

is() {
    [ "$1" = "$2" ] || fail "got '$1', wanted '$2'"
}

# sent BAND: so many packets went that way.
sent() {
    tc -s class show dev hasu0 | sed -n "/^class prio 10:$1 /{n;s/.* \([0-9]*\) pkt.*/\1/p}"
}

# A packet that the container sends: the first of a connection.
send() {
    run_init nc -w 1 10.9.0.2 9
    [[ $output == *"timed out"* ]] || fail "$output"
}

@test "priorities: packets of the container have its priority on that device" {
    send
    is "$(sent 3)" 0
    config '.linux.resources.network.priorities = [{ name: "hasu0", priority: 5 }]'
    send
    [ "$(sent 3)" -ge 1 ] || fail "no packet has priority 5"
    is "$(sent 2)" 0
}

@test "classID: packets of the container have its class, and so have its sockets" {
    modprobe cls_cgroup
    modprobe tcp_diag
    tc filter add dev hasu0 parent 10: protocol ip prio 1 handle 1: cgroup
    send
    is "$(sent 2)" 0
    config '.linux.resources.network.classID = 1048578' # 0x100002
    send
    [ "$(sent 2)" -ge 1 ] || fail "no packet is of class 10:2"
    config '.process.args = ["nc", "-l", "-p", "5555"]'
    "$HASU" run --detach --bundle "$BUNDLE" "$ID" </dev/null >"$OUT" 2>&1 3>&-
    for ((i = 0; i < 300; i++)); do
        ! ss -tln --tos 'sport = :5555' | grep -q 5555 || break
        sleep 0.1
    done
    [[ $(ss -tln --tos 'sport = :5555') == *"class_id:0x100002"* ]] || fail "$(ss -tln --tos)"
    # An update has it for the sockets that are there.
    "$HASU" update --resources - "$ID" <<<'{"network":{"classID":1048579}}'
    [[ $(ss -tln --tos 'sport = :5555') == *"class_id:0x100003"* ]] || fail "$(ss -tln --tos)"
}
