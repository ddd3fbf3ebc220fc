# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2016 # jq has variables of its own
#
# What the NUMA tests need of containers: a bundle with a policy, and the probe inside as init or by
# exec. Sourced by test files; every function fails the test that calls it with words.

container_setup() {
    BUNDLE=$BATS_TEST_TMPDIR/bundle
    ID=lab-$BATS_TEST_NUMBER
    OUT=$BATS_TEST_TMPDIR/out
    REMEMBERED=()
    mkdir -p "$BUNDLE"
    cp -a "$ROOTFS" "$BUNDLE/rootfs"
    (cd "$BUNDLE" && "$HASU" spec)
    # Of the template only that differs between kinds of cgroups.
    config '.process.terminal = false
        | .linux.namespaces |= map(select(.type != "cgroup")) + [{ type: "cgroup" }]'
}

container_teardown() {
    "$HASU" delete --force "$ID" 2>/dev/null || true
}

# remember FILE...: settings of the whole system that this test is about to change. All files of tests
# share one boot, so system_restore, in teardown, writes them back, whatever became of the test.
remember() {
    local file
    for file in "$@"; do
        REMEMBERED+=("$file" "$(cat "$file")")
    done
}

# The weights of weighted interleaving. Newer kernels work them out from the firmware's bandwidths
# until one is written, and again when "auto" is; where the firmware tells none all of them are 1
# before, and Linux has no way back to "auto" (ENODEV) but to the same weights.
remember_weights() {
    local weights=/sys/kernel/mm/mempolicy/weighted_interleave
    remember "$weights"/node*
    if [ -e "$weights/auto" ] && bandwidths_known; then remember "$weights/auto"; fi
}

bandwidths_known() {
    compgen -G '/sys/devices/system/node/node*/access0/initiators/read_bandwidth' >/dev/null
}

# The last thing that teardown does: fails the test that leaves another system than it found.
system_restore() {
    local i
    for ((i = 0; i < ${#REMEMBERED[@]}; i += 2)); do
        echo "${REMEMBERED[i + 1]}" >"${REMEMBERED[i]}"
    done
    REMEMBERED=()
    diff /run/lab-settings <(/lab/settings) ||
        fail "this test changed the system's settings (> now, < at boot) and left them so"
}

fail() {
    echo "$*"
    return 1
}

# node_mib NODE WORD: of the node's memory as Linux tells it this moment, MemFree for example.
node_mib() {
    sed -n "s/^Node $1 $2: *\([0-9]*\) kB$/\1/p" "/sys/devices/system/node/node$1/meminfo" |
        { read -r kib && echo $((kib / 1024)); }
}

# config FILTER [JQ OPTION...]: change config.json.
config() {
    jq "$1" "$BUNDLE/config.json" "${@:2}" >"$BUNDLE/config.new" || return 1
    mv "$BUNDLE/config.new" "$BUNDLE/config.json"
}

# policy MODE[+FLAG...] [NODES]: as the probe's words have it; '-' is no nodes.
policy() {
    config '.linux.memoryPolicy = { mode: $mode }
        | if $nodes != "-" then .linux.memoryPolicy.nodes = $nodes else . end
        | if $flags != "" then .linux.memoryPolicy.flags = ($flags[1:] / "+") else . end' \
        --arg mode "${1%%+*}" --arg flags "${1#"${1%%+*}"}" --arg nodes "${2:--}"
}

mems() {
    config '.linux.resources.cpu.mems = $mems' --arg mems "$1"
}

# start_init COMMAND...: init in the background, its lines in $OUT, until it says "ready".
start_init() {
    local i
    config '.process.args = $ARGS.positional' --args -- "$@" || return 1
    "$HASU" run --detach --bundle "$BUNDLE" --pid-file "$BATS_TEST_TMPDIR/pid" "$ID" \
        >"$OUT" 2>&1 </dev/null 3>&- || fail "run: $(cat "$OUT")" || return 1
    PID=$(cat "$BATS_TEST_TMPDIR/pid")
    for ((i = 0; i < 3000; i++)); do
        ! grep -q '^ready' "$OUT" || return 0
        sleep 0.1
    done
    fail "init never got ready: $(cat "$OUT")"
}

# ask_init SIGNAL: let a holding probe report again; prints the new lines but "ready".
ask_init() {
    local i before after
    before=$(grep -c '^ready' "$OUT")
    after=$(wc -l <"$OUT")
    kill -"$1" "$PID"
    for ((i = 0; i < 3000; i++)); do
        if [ "$(grep -c '^ready' "$OUT")" -gt "$before" ]; then
            tail -n "+$((after + 1))" "$OUT" | grep -v '^ready'
            return 0
        fi
        sleep 0.1
    done
    fail "init did not answer: $(cat "$OUT")"
}

# run_init COMMAND...: a whole container; sets status, output and lines as bats' run.
run_init() {
    config '.process.args = $ARGS.positional' --args -- "$@" || return 1
    run "$HASU" run --bundle "$BUNDLE" "$ID" </dev/null
}

exec_in() {
    "$HASU" exec "$ID" "$@" </dev/null 3>&-
}

# The policy in force on init, read from outside: the second field of numa_maps, which may hold a
# space in the two modes whose names do. One line if all of its threads have the same.
init_maps() {
    sed -n -s '1{s/^[^ ]* \(prefer (many)[^ ]*\|weighted interleave[^ ]*\|[^ ]*\).*/maps \1/p}' \
        "/proc/$PID/task"/*/numa_maps | sort -u
}

init_cgroup() {
    echo "/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$PID/cgroup")"
}

# expect_pages "WHERE" LINES: in the probe's report of pages with --order.
#	all N            every page on node N
#	turn A,B,C       one after the other, beginning anywhere
#	within A,B,C     on these alone
expect_pages() {
    local -a order list
    local i first
    read -ra order <<<"$(sed -n 's/^order //p' <<<"$2")"
    [ "${#order[@]}" -gt 0 ] || fail "no order of pages in: $2" || return 1
    IFS=, read -ra list <<<"${1#* }"
    case $1 in
    turn*)
        for ((first = 0; first < ${#list[@]}; first++)); do
            [ "${list[first]}" != "${order[0]}" ] || break
        done
        for i in "${!order[@]}"; do
            [ "${order[i]}" = "${list[(first + i) % ${#list[@]}]}" ] ||
                fail "page $i out of turn ${1#* }: ${order[*]}" || return 1
        done
        ;;
    *)
        for i in "${!order[@]}"; do
            [[ ",${1#* }," == *",${order[i]},"* ]] ||
                fail "page $i is not on ${1#* }: ${order[*]}" || return 1
        done
        ;;
    esac
}

# expect_weights "N:WEIGHT N:WEIGHT..." LINES: the order of the pages is these runs, again and again,
# beginning anywhere, to the last page.
expect_weights() {
    local -a order round=()
    local pair i first
    read -ra order <<<"$(sed -n 's/^order //p' <<<"$2")"
    [ "${#order[@]}" -gt 0 ] || fail "no order of pages in: $2" || return 1
    for pair in $1; do
        for ((i = 0; i < ${pair#*:}; i++)); do round+=("${pair%:*}"); done
    done
    for ((first = 0; first < ${#round[@]}; first++)); do
        for i in "${!order[@]}"; do
            [ "${order[i]}" = "${round[(first + i) % ${#round[@]}]}" ] || continue 2
        done
        return 0
    done
    fail "not $1 from any beginning: ${order[*]}"
}

# What CRIU looks at the kernel's sockets and firewall by; the guest's kernel finds no modprobe of its own.
criu_modules() {
    local module
    for module in inet_diag tcp_diag udp_diag raw_diag unix_diag netlink_diag af_packet_diag \
        nf_tables nf_conntrack_netlink; do
        modprobe "$module"
    done
}

# kernel_older MAJOR MINOR
kernel_older() {
    local major minor
    IFS=. read -r major minor _ <<<"$(uname -r)"
    [ "$major" -lt "$1" ] || { [ "$major" -eq "$1" ] && [ "$minor" -lt "$2" ]; }
}

# takes MIB: a program that has so much memory at a time; its status.
takes() {
    local status=0
    config '.process.args = ["dd", "if=/dev/zero", "of=/dev/null", "count=1", "bs=" + $bs]' \
        --arg bs "$1M"
    "$HASU" run --bundle "$BUNDLE" "$ID" </dev/null 2>/dev/null || status=$?
    echo "$status"
}
