#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# linux.netDevices: devices of the host in the container's network namespace, and, where a create
# fails, back again as they were. ip(8) looks at them from outside.
#
# shellcheck disable=SC2016 # filters of jq, programs of containers
# shellcheck disable=SC2154 # status, output and errors are set by the helpers

load helpers

setup() {
    hasu_setup
    need_tool ip
    modprobe veth 2>/dev/null || true
    # Names have 15 characters at most; each test has its own.
    NIC=h$((BASHPID % 100000))x$BATS_TEST_NUMBER
    PEER=p$NIC
    ip link add "$NIC" type veth peer name "$PEER" 2>/dev/null || skip "this kernel has no veth"
    ip link set "$PEER" up
}

teardown() {
    ip link del "$PEER" 2>/dev/null || true
    [ -z "${BRIDGE:-}" ] || ip link del "$BRIDGE" || true
    hasu_teardown
}

devices() {
    config '.linux.netDevices = ($words[0] | fromjson)' "$1"
}

# in_ns PID COMMAND...: in its network namespace, with the host's files.
in_ns() {
    nsenter --net="/proc/$1/ns/net" "${@:2}"
}

# inside_link NAME: what ip says of it in the container, as one object.
inside_link() {
    in_ns "$PID" ip -json address show dev "$1" | jq -c '.[0]'
}

addresses() {
    jq -r '[.addr_info[] | select(.scope == "global") | "\(.local)/\(.prefixlen)"] | sort | join(" ")'
}

@test "a device is moved and renamed, with its addresses and what else it is, and it is up" {
    ip link set "$NIC" mtu 1300 address 02:00:00:00:77:01 alias "the alias"
    ip address add 10.77.0.2/24 broadcast + dev "$NIC" label "$NIC:one"
    ip address add 10.77.0.3/24 dev "$NIC"
    ip address add 10.78.0.1 peer 10.78.0.9/32 dev "$NIC"
    ip address add fd77::2/64 dev "$NIC" noprefixroute nodad
    ip link set "$NIC" up
    devices "{\"$NIC\":{\"name\":\"inner0\"}}"
    up
    is "$(ip link show "$NIC" 2>&1)" "Device \"$NIC\" does not exist."
    local link
    link=$(inside_link inner0)
    is "$(addresses <<<"$link")" "10.77.0.2/24 10.77.0.3/24 10.78.0.1/32 fd77::2/64"
    is "$(jq -r '"\(.mtu) \(.address) \(.operstate)"' <<<"$link")" "1300 02:00:00:00:77:01 UP"
    is "$(in_ns "$PID" ip -json link show inner0 | jq -r '.[0].ifalias')" "the alias"
    jq -e '.flags | index("UP") != null' <<<"$link"
    is "$(jq -r '.addr_info[] | select(.local == "10.77.0.2") | "\(.label) \(.broadcast)"' <<<"$link")" \
        "inner0:one 10.77.0.255"
    is "$(jq -r '.addr_info[] | select(.local == "10.77.0.3") | .secondary' <<<"$link")" true
    is "$(jq -r '.addr_info[] | select(.local == "10.78.0.1") | .address' <<<"$link")" 10.78.0.9
    is "$(jq -r '.addr_info[] | select(.local == "fd77::2") | .noprefixroute' <<<"$link")" true
    # The container sees it by itself.
    in_exec cat /sys/class/net/inner0/mtu
    is "$output" 1300
    in_exec ip -o addr show inner0
    has "$output" "10.77.0.2/24"
}

@test "packets go through it" {
    ip address add 10.77.1.1/24 dev "$PEER"
    ip address add 10.77.1.2/24 dev "$NIC"
    devices "{\"$NIC\":{}}"
    config '.process.capabilities |= map_values(. + ["CAP_NET_RAW"])'
    up
    in_exec ping -c 1 -W 10 10.77.1.1
    has "$output" " 0% packet loss"
}

@test "addresses that will end, and those of the link alone, stay out" {
    ip address add 10.77.2.1/24 dev "$NIC"
    ip address add 10.77.3.1/24 dev "$NIC" scope link
    ip address add 10.77.4.1/24 dev "$NIC" valid_lft 3000 preferred_lft 3000
    ip address add fd77:2::2/64 dev "$NIC" valid_lft 3000 preferred_lft 3000
    devices "{\"$NIC\":{}}"
    up
    is "$(inside_link "$NIC" | jq -r '[.addr_info[] | select(.local | startswith("fe80") | not)
        | .local] | join(" ")')" 10.77.2.1
}

@test "a template gives each device a name of its own" {
    devices "{\"$NIC\":{\"name\":\"net%d\"},\"$PEER\":{\"name\":\"net%d\"}}"
    inside_ok 'ls /sys/class/net'
    is "$output" $'lo\nnet0\nnet1'
}

@test "the name it has outside may be taken inside, where it gets another" {
    unshare --net sleep 1000 3>&- 4>&- &
    local holder=$!
    until_true [ "$(readlink /proc/self/ns/net)" != "$(readlink "/proc/$holder/ns/net")" ]
    in_ns "$holder" ip link add "$NIC" type veth peer name other
    config '.linux.namespaces |= map(select(.type != "network"))
        + [{ type: "network", path: $words[0] }]' "/proc/$holder/ns/net"
    devices "{\"$NIC\":{}}"
    fails "/linux/netDevices/$NIC/name: the container's network namespace has a device '$NIC' already" \
        hasu create -b "$BUNDLE" "$ID"
    ip link show "$NIC"
    devices "{\"$NIC\":{\"name\":\"free0\"}}"
    inside_ok 'cat /sys/class/net/free0/address'
    is "$output" "$(in_ns "$holder" cat /proc/self/net/dev_snmp6/free0 >/dev/null &&
        in_ns "$holder" ip -json link show free0 | jq -r '.[0].address')"
    # The namespace is not ours: the device stays where it was put.
    in_ns "$holder" ip link show free0
    kill "$holder"
}

@test "what cannot be is refused in words, and the devices stay as they are" {
    ip address add 10.77.5.1/24 dev "$NIC"
    ip link set "$NIC" up
    refused() {
        devices "$1"
        fails "$2" hasu create -b "$BUNDLE" "$ID"
        nothing_left
        is "$(ip -json address show dev "$NIC" | jq '.[0]' | addresses)" 10.77.5.1/24
        ip -json link show "$NIC" | jq -e '.[0].flags | index("UP") != null'
    }
    # The other is not touched, whichever comes first.
    refused "{\"$NIC\":{},\"nosuchdev\":{}}" \
        "/linux/netDevices/nosuchdev: there is no network device 'nosuchdev' here"
    refused "{\"$NIC\":{},\"lo\":{\"name\":\"lo9\"}}" \
        "/linux/netDevices/lo: a loopback device cannot leave its network namespace"
    refused "{\"$NIC\":{\"name\":\"lo\"}}" \
        "/linux/netDevices/$NIC/name: the container's network namespace has a device 'lo' already"
    BRIDGE=b$NIC
    if ip link add "$BRIDGE" type bridge 2>/dev/null; then
        refused "{\"$NIC\":{},\"$BRIDGE\":{}}" \
            "/linux/netDevices/$BRIDGE: moving it into the container's network namespace"
        has "$errors" "invalid argument"
    else
        BRIDGE=
    fi
    config '.linux.namespaces |= map(select(.type != "network"))
        + [{ type: "network", path: "/proc/self/ns/net" }]'
    refused "{\"$NIC\":{}}" "/linux/netDevices: the container's network namespace is the one that the devices are in already"
}

@test "a create that fails gives back what it took" {
    ip address add 10.77.6.1/24 dev "$NIC" label "$NIC:x"
    ip address add fd77:6::1/64 dev "$NIC" nodad
    ip address add 10.77.7.1/24 dev "$NIC" scope link
    ip link set "$NIC" up
    local before
    # Not what the kernel makes by itself, and changes by itself.
    state_of_nic() {
        ip -json address show dev "$NIC" | jq -c '.[0] | [.ifindex, .ifname, .mtu, .address,
            (.flags | index("UP") != null), (.addr_info | map(select(.scope != "link"
                or .family == "inet") | [.local, .prefixlen, .scope, .label]) | sort)]'
    }
    before=$(state_of_nic)
    devices "{\"$NIC\":{\"name\":\"inner0\"},\"$PEER\":{}}"
    config '.hooks.createRuntime = [{ path: "/bin/sh", args: ["sh", "-c",
        "! ip link show \($words[0]) 2>/dev/null && exit 7"] }]' "$NIC"
    fails 'exit status 7' hasu run -b "$BUNDLE" "$ID"
    is "$(state_of_nic)" "$before"
    nothing_left
    # Both are up, and still know each other.
    until_true sh -c "ip -json link show $NIC | jq -e '.[0].operstate == \"UP\"'"
}

@test "a namespace that ends takes virtual devices with it" {
    devices "{\"$NIC\":{}}"
    up
    ip link show "$PEER"
    ok hasu delete --force "$ID"
    until_true sh -c "! ip link show $PEER"
}

@test "a container in a user namespace has its device as well" {
    config '.linux.namespaces += [{ type: "user" }]
        | .linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }]
        | .linux.gidMappings = .linux.uidMappings'
    chown -R 100000:100000 "$BUNDLE/rootfs"
    local dir=$BUNDLE
    while [ "$dir" != / ]; do
        [ "$(stat -c %a "$dir")" != 700 ] || chmod 711 "$dir"
        dir=$(dirname "$dir")
    done
    ip address add 10.77.8.1/24 dev "$NIC"
    devices "{\"$NIC\":{\"name\":\"inner0\"}}"
    up
    is "$(inside_link inner0 | addresses)" 10.77.8.1/24
}
