#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# checkpoint and restore as far as they can be seen without CRIU at work, which few hosts let: what is
# refused, what CRIU is told, and under which conditions it is started. A program of ours plays its
# part, and protoc reads what it was told by CRIU's own description of its messages.
# tests/numa/checkpoint.bats has the real one.
#
# shellcheck disable=SC2016,SC2030,SC2031 # filters of jq, programs of containers; each test is a
# process
# shellcheck disable=SC2154 # status, output and errors are set by the helpers

load helpers

setup() {
    hasu_setup
    IMG=$T/images
    export FAKE=$T/fake
    mkdir "$FAKE"
    fake_criu
}

teardown() {
    hasu_teardown
}

# `criu swrk N`: keeps each request, says how it was started, and answers as $FAKE/answer-TYPE has it
# (lines of printf; each is one message), else with success. Numbers of types are rpc.proto's.
fake_criu() {
    cat >"$FAKE/criu" <<'CRIU'
#!/bin/bash
[ "$1" = swrk ] || exit 9
head -n 1 /proc/self/numa_maps >"$FAKE/maps" 2>/dev/null
cat /proc/$$/cgroup >"$FAKE/cgroup"
cat /proc/$$/mountinfo >"$FAKE/mounts"
ls -l /proc/$$/fd >"$FAKE/fds"
# One write is one message, and printf would end one at each newline.
say() {
    printf "$1" >"$FAKE/message"
    dd if="$FAKE/message" bs=65536 count=1 status=none >&"$sock"
}
sock=$2
for ((n = 0; ; n++)); do
    dd bs=65536 count=1 status=none <&"$2" >"$FAKE/request-$n"
    [ -s "$FAKE/request-$n" ] || exit 0
    type=$(od -An -tu1 -j 1 -N 1 "$FAKE/request-$n" | tr -d ' ')
    if [ -e "$FAKE/answer-$type" ]; then
        while IFS= read -r line; do
            say "$line"
        done <"$FAKE/answer-$type"
        continue
    fi
    case $type in
    6) ;;
    9) say '\x08\x09\x10\x01\x42\x04\x08\x01\x10\x01' ;; # features 1 and 2
    10) say '\x08\x0a\x10\x01\x52\x04\x08\x03\x10\x11' ;; # version 3.17
    *) say "\\x08\\x$(printf %02x "$type")\\x10\\x01" ;;
    esac
done
CRIU
    chmod +x "$FAKE/criu"
}

# answer TYPE MESSAGE...
answer() {
    printf '%s\n' "${@:2}" >"$FAKE/answer-$1"
}

# The last request of this type, in words.
told() {
    local n file
    for ((n = 0; ; n++)); do
        [ -s "$FAKE/request-$n" ] || break
        [ "$(od -An -tu1 -j 1 -N 1 "$FAKE/request-$n" | tr -d ' ')" != "$1" ] || file=request-$n
    done
    protoc --decode criu_req --proto_path /usr/include/criu rpc.proto <"$FAKE/$file"
}

checkpoint() {
    call "$HASU" --root "$ROOT" --criu "$FAKE/criu" checkpoint --image-path "$IMG" "$@" "$ID"
}

restore() {
    call "$HASU" --root "$ROOT" --criu "$FAKE/criu" restore --detach -b "$BUNDLE" \
        --image-path "$IMG" "$@" "$ID"
}

images() {
    mkdir -p "$IMG"
    [ $# -eq 0 ] || printf '%s' "$1" >"$IMG/hasu.json"
}

@test "checkpoint --help and restore --help succeed and show the options: Podman asks" {
    local option
    ok hasu checkpoint --help
    for option in --image-path --work-path --leave-running --tcp-established --ext-unix-sk \
        --shell-job --file-locks --pre-dump --parent-path --manage-cgroups-mode --lazy-pages \
        --page-server --status-fd --empty-ns --auto-dedup --tcp-skip-in-flight --link-remap; do
        has "$output" "$option"
    done
    ok hasu restore --help
    for option in --bundle --detach --pid-file --console-socket --image-path --lsm-profile \
        --lsm-mount-context; do
        has "$output" "$option"
    done
    fails 'flag needs an argument' hasu restore --lsm-mount-context
}

@test "without CRIU both say so, and features does" {
    up
    images
    fails "checkpoint needs CRIU: there is no program 'no-criu' in PATH" \
        hasu --criu no-criu checkpoint --image-path "$IMG" "$ID"
    fails "restore needs CRIU: --criu '/nowhere/criu' is not a program" \
        hasu --criu /nowhere/criu restore --image-path "$IMG" -b "$BUNDLE" other
    fails "--criu '/etc' is not a program" hasu --criu /etc checkpoint "$ID"
    ok hasu --criu no-criu features
    is "$(jq -r '.annotations["org.opencontainers.runc.checkpoint.enabled"]' <<<"$output")" false
    ok hasu --criu "$FAKE/criu" features
    is "$(jq -r '.annotations["org.opencontainers.runc.checkpoint.enabled"]' <<<"$output")" true
    ok env PATH="$FAKE:$PATH" "$HASU" features
    is "$(jq -r '.annotations["org.opencontainers.runc.checkpoint.enabled"]' <<<"$output")" true
    # Nothing is run from wherever we happen to be.
    cp "$FAKE/criu" "$T/hasu-no-such-criu"
    cd "$T"
    fails 'checkpoint needs CRIU' env PATH=:.:/bin "$HASU" --root "$ROOT" \
        --criu hasu-no-such-criu checkpoint "$ID"
}

@test "only a container that runs can be checkpointed" {
    fails 'does not exist' hasu --criu "$FAKE/criu" checkpoint --image-path "$IMG" "$ID"
    created
    checkpoint
    is "$status" 1
    has "$errors" "container '$ID' cannot be checkpointed: it is created"
    ok hasu delete "$ID"
    up
    ok hasu kill "$ID" KILL
    wait_stopped
    checkpoint
    is "$status" 1
    has "$errors" 'cannot be checkpointed: it is stopped'
    [ ! -e "$IMG" ]
}

# OPTION...|FIELD: VALUE
@test "every option reaches CRIU" {
    local line fields
    up
    while IFS='|' read -r line fields; do
        [ -n "$line" ] || continue
        rm -f "$FAKE"/request-*
        # shellcheck disable=SC2086 # words
        [ "$line" = - ] && checkpoint --leave-running || checkpoint --leave-running $line
        is "$status" 0 || { echo "$line: $errors"; return 1; }
        told 1 >"$T/told"
        grep -qxF "  $fields" "$T/told" || { echo "$line: no $fields in:"; cat "$T/told"; return 1; }
    done <<'ROWS'
-|leave_running: true
-|orphan_pts_master: true
-|notify_scripts: true
-|log_file: "dump.log"
-|manage_cgroups_mode: SOFT
-|empty_ns: 1073741824
--tcp-established|tcp_established: true
--tcp-skip-in-flight|tcp_skip_in_flight: true
--ext-unix-sk|ext_unix_sk: true
--shell-job|shell_job: true
--file-locks|file_locks: true
--link-remap|link_remap: true
--auto-dedup|auto_dedup: true
--empty-ns network|empty_ns: 1073741824
--manage-cgroups-mode ignore|manage_cgroups_mode: IGNORE
--manage-cgroups-mode full|manage_cgroups_mode: FULL
--manage-cgroups-mode strict|manage_cgroups_mode: STRICT
--network-lock nftables|network_lock: NFTABLES
--network-lock iptables|network_lock: IPTABLES
--page-server 10.0.0.1:77|ps {
--page-server 10.0.0.1:77|  address: "10.0.0.1"
--page-server 10.0.0.1:77|  port: 77
--page-server [::1]:77|  address: "::1"
--lazy-pages --page-server h:7|lazy_pages: true
ROWS
    told 1 | grep -qxF "  pid: $PID"
    # Without an option its field is not there.
    rm -f "$FAKE"/request-*
    checkpoint --leave-running
    lacks "$(told 1)" tcp_established
    lacks "$(told 1)" file_locks
    lacks "$(told 1)" lazy_pages
}

@test "options that cannot be are refused, and CRIU is not asked" {
    local words options
    up
    while IFS='|' read -r options words; do
        # shellcheck disable=SC2086 # words
        checkpoint $options
        is "$status" 1 || { echo "$options: taken"; return 1; }
        has "$errors" "$words"
        [ ! -e "$FAKE/request-0" ] || { echo "$options: asked"; return 1; }
    done <<'ROWS'
--parent-path /a|--parent-path '/a': a path that starts in --image-path is wanted
--parent-path ../none|--parent-path '../none' in
--page-server 10.0.0.1|--page-server '10.0.0.1' is not ADDRESS:PORT
--page-server :7|--page-server ':7' is not ADDRESS:PORT
--page-server h:70000|--page-server 'h:70000' is not ADDRESS:PORT
--empty-ns ipc|--empty-ns 'ipc': the network namespace alone can be left empty
--lazy-pages|--lazy-pages: the pages stay here until they are fetched from --page-server
--status-fd 77|--status-fd 77 is not a descriptor that can be written to
--manage-cgroups-mode hard|'hard' is none of ignore, soft, full, strict
ROWS
    status_is "$ID" running
}

@test "a pre-dump is one, and follows changes; a dump after it names its parent" {
    up
    IMG=$T/pre
    checkpoint --pre-dump
    is "$status" 0
    has "$(told 13)" 'track_mem: true'
    lacks "$(told 13)" ext_mnt
    [ ! -e "$IMG/hasu.json" ]
    rm -f "$FAKE"/request-*
    IMG=$T/images
    checkpoint --leave-running --parent-path ../pre
    is "$status" 0
    has "$(told 1)" 'parent_img: "../pre"'
    has "$(told 1)" 'track_mem: true'
    # What the kernel cannot do is known before the container is touched.
    answer 9 '\x08\x09\x10\x01\x42\x02\x08\x00'
    rm -f "$FAKE"/request-*
    checkpoint --pre-dump
    is "$status" 1
    has "$errors" 'CRIU cannot follow which pages change'
    [ ! -s "$FAKE/request-2" ]
}

@test "--work-path gets the log; images are root's alone; the default place is ./checkpoint" {
    up
    checkpoint --leave-running --work-path "$T/work/deep"
    is "$status" 0
    is "$(stat -c %a "$IMG" "$IMG/hasu.json" "$T/work/deep")" $'700\n600\n700'
    has "$(told 1)" work_dir_fd
    cd "$T"
    ok hasu --criu "$FAKE/criu" checkpoint --leave-running "$ID"
    [ -e "$T/checkpoint/hasu.json" ]
}

@test "mounts of the host are named: binds by where they are, masked files" {
    mkdir "$T/dir"
    ln -s /tmp "$BUNDLE/rootfs/link"
    config '.mounts += [{ destination: "/link/here", type: "bind", source: "\($t)/dir",
            options: ["bind"] }]
        | .linux.maskedPaths = ["/proc/version", "/proc/bus", "/proc/none"]'
    up
    checkpoint --leave-running
    is "$status" 0
    is "$(told 1 | grep -A 1 'ext_mnt' | grep key: | tr -d ' ' | sort | tr '\n' ' ')" \
        'key:"/proc/version" key:"/tmp/here" '
}

@test "the hierarchies of cgroups lie there for CRIU, each by its name, and of none the options change" {
    local line name options
    options=$(grep -w cgroup2 /proc/self/mounts) || true
    up
    checkpoint --leave-running
    is "$status" 0
    has "$(told 1)" "cgroup_yard: \"$ROOT/$ID/criu/yard\""
    while IFS=: read -r _ line _; do
        name=${line#name=}
        grep -q " $ROOT/$ID/criu/yard/${name:-unified} .* - cgroup" "$FAKE/mounts"
    done </proc/self/cgroup
    is "$(grep -w cgroup2 /proc/self/mounts)" "$options"
}

@test "cgroup v1: what a mount of cgroups binds is the host's, without a cgroup namespace" {
    cgroup2_only && skip "cgroup v2 has one mount, which CRIU makes"
    local names
    config '.linux.namespaces |= map(select(.type != "cgroup"))
        | .mounts = [ .mounts[] | select(.type == "proc" or .destination == "/dev") ]
            + [{ destination: "/cg", type: "cgroup", source: "cgroup" }]'
    up
    names=$(grep -E ' /cg/[^ ]* .* - cgroup' "/proc/$PID/mountinfo" | cut -d' ' -f5 | sort)
    has "$names" /cg/memory
    checkpoint --leave-running
    is "$status" 0 || echo "$errors"
    is "$(told 1 | sed -n 's/^ *key: "\(\/cg.*\)"/\1/p' | sort)" "$names"
    ok hasu delete --force "$ID"
    answer 2 '\x08\x02\x10\x00'
    restore
    is "$(told 2 | sed -n 's/^ *key: "\(\/cg.*\)"/\1/p' | sort)" "$names"
    matches "$(told 2 | grep -A 1 'key: "/cg/memory"' | tail -n 1)" "val: \"/sys/fs/cgroup/memory/.*$ID\""
    # In a namespace they are the container's own.
    rm "$FAKE"/request-*
    config '.linux.namespaces += [{ type: "cgroup" }]'
    up
    checkpoint --leave-running
    is "$status" 0 || echo "$errors"
    lacks "$(told 1)" '"/cg'
}

@test "the socket by which a container notifies its manager is the host's, too, in both lives" {
    program probe wait
    # An address that nobody has to listen at.
    ok env NOTIFY_SOCKET="@$ID" "$HASU" --root "$ROOT" create -b "$BUNDLE" "$ID"
    ok hasu start "$ID"
    checkpoint --leave-running
    is "$status" 0 || echo "$errors"
    has "$(told 1 | grep -A 1 'ext_mnt')" 'key: "/run/notify"'
    is "$(jq .notify "$IMG/hasu.json")" true
    ok hasu delete --force "$ID"
    # A restore makes it, whoever calls.
    answer 2 '\x08\x02\x10\x00'
    restore
    is "$status" 1
    has "$errors" 'CRIU could not restore'
    is "$(told 2 | grep -A 2 'ext_mnt' | grep -A 1 'key: "/run/notify"' | tr -d ' \n')" \
        "key:\"/run/notify\"val:\"$ROOT/$ID/notify\""
    nothing_left
    # One that had none gets none.
    images '{"version": 1}'
    call env NOTIFY_SOCKET="@$ID" "$HASU" --root "$ROOT" --criu "$FAKE/criu" restore --detach \
        -b "$BUNDLE" --image-path "$IMG" "$ID"
    has "$errors" 'CRIU could not restore'
    lacks "$(told 2)" /run/notify
}

@test "a failed checkpoint leaves the container as it was, with CRIU's words" {
    up
    # success 0, cr_errno 5, cr_errmsg
    answer 1 '\x08\x01\x10\x00\x38\x05\x4a\x1eError (criu/a.c:12): too much\n'
    checkpoint
    is "$status" 1
    has "$errors" "CRIU could not checkpoint the container: too much (its log: '$IMG/dump.log')"
    status_is "$ID" running
    [ ! -e "$IMG/hasu.json" ]
    [ ! -e "$IMG/descriptors.json" ]
    [ ! -e "$ROOT/$ID/criu" ]
    # Without any: the log.
    answer 1 '\x08\x01\x10\x00'
    checkpoint
    has "$errors" "its log '$IMG/dump.log' says why"
    lacks "$(</proc/self/mountinfo)" "$ID"
}

@test "a CRIU that is too old, dies, or talks nonsense" {
    up
    answer 10 '\x08\x0a\x10\x01\x52\x04\x08\x03\x10\x0f'
    checkpoint
    is "$status" 1
    has "$errors" 'this is CRIU 3.15; 3.17 or newer is needed'
    rm "$FAKE/answer-10"
    answer 1 '\xff\xff\xff'
    checkpoint
    is "$status" 1
    has "$errors" 'CRIU gave an answer of 3 bytes that is none'
    answer 1 '\x08\x02\x10\x01'
    checkpoint
    is "$status" 1
    has "$errors" 'CRIU answered something else (2 for 1)'
    sed -i 's/^head.*/exit 3/' "$FAKE/criu"
    checkpoint
    is "$status" 1
    has "$errors" 'asking CRIU for its version: CRIU ended without an answer'
    status_is "$ID" running
}

# answers_never COMMAND: CRIU says nothing to the question for its version, until it is ended.
answers_never() {
    sed -i 's/^sock=.*/echo $$ >"$FAKE\/pid"; exec sleep 1000/' "$FAKE/criu"
    HASU_IT=$ID "$HASU" --root "$ROOT" --criu "$FAKE/criu" "$@" </dev/null >"$T/out" 2>"$T/err" 3>&- 4>&- &
    until_true test -s "$FAKE/pid"
    kill -TERM $!
    status=0
    wait $! || status=$?
    is "$status" 1
    has "$(<"$T/err")" 'interrupted by signal 15 (Terminated) while CRIU was at work'
    until_true gone "$(<"$FAKE/pid")"
    rm "$FAKE/pid"
}

@test "a CRIU that never answers holds nobody who is asked to end" {
    up
    answers_never checkpoint --image-path "$IMG" "$ID"
    status_is "$ID" running
    [ ! -e "$ROOT/$ID/criu" ]
    ok hasu delete --force "$ID"
    images
    answers_never restore --detach -b "$BUNDLE" --image-path "$IMG" "$ID"
    nothing_left
}

@test "delete --force does not wait for ever for who changes the container, and says who that is" {
    up
    flock --no-fork "$ROOT/$ID" sleep 1000 3>&- &
    until_true eval '! flock --nonblock "$ROOT/$ID" true'
    fails "container '$ID' is being changed by process $!, which has not come to its end in 30 s" \
        hasu delete --force "$ID"
    kill $!
}

@test "--status-fd is told when lazy pages can be had, and at no other time" {
    up
    # NOTIFY of "status-ready", and success.
    answer 1 '\x08\x06\x10\x01\x2a\x0e\x0a\x0cstatus-ready'
    answer 6 '\x08\x01\x10\x01'
    # shellcheck disable=SC2016
    call bash -c '"$@" 7>"$0"' "$T/status" "$HASU" --root "$ROOT" --criu "$FAKE/criu" checkpoint \
        --leave-running --lazy-pages --page-server h:7 --status-fd 7 --image-path "$IMG" "$ID"
    is "$status" 0 || { echo "$errors"; return 1; }
    is "$(od -An -tx1 "$T/status" | tr -d ' ')" 00
    has "$(told 6)" 'notify_success: true'
}

@test "what exec started is no child of init, and is refused" {
    up
    ok hasu exec --detach "$ID" sleep 1000
    checkpoint
    is "$status" 1
    has "$errors" 'is no descendant of its init'
    [ ! -e "$FAKE/request-0" ]
}

@test "a container with a user namespace is refused" {
    config '.linux.namespaces += [{ type: "user" }]
        | .linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }]
        | .linux.gidMappings = .linux.uidMappings'
    chown -R 100000:100000 "$BUNDLE/rootfs"
    chmod 755 "$T" "$BUNDLE"
    up
    checkpoint
    is "$status" 1
    has "$errors" 'a container with a user namespace cannot be checkpointed'
}

@test "a source in the container itself is refused" {
    config '.mounts += [{ destination: "/copy", type: "bind", source: $words[0], options: ["bind"] }]' \
        "$BUNDLE/rootfs/bin"
    up
    checkpoint
    is "$status" 1
    has "$errors" "'$BUNDLE/rootfs/bin' is in the container itself, which cannot be checkpointed"
}

@test "restore: a mount from the container itself is refused, where a link would lead out of it" {
    ln -s /etc "$BUNDLE/rootfs/data"
    images '{"version": 1}'
    config '.mounts += [{ destination: "/from", type: "bind", source: ($words[0] + "/rootfs/data"), options: ["bind"] }]' "$BUNDLE"
    restore
    is "$status" 1
    has "$errors" "'$BUNDLE/rootfs/data' is in the container itself, which cannot be restored"
    nothing_left
}

@test "restore: CRIU runs in the container's cgroup, under the image's policy, and fails: nothing is left" {
    need_numa
    local node
    node=$(first_node)
    images "{\"version\": 1, \"memoryPolicy\": {\"mode\": \"MPOL_BIND\", \"nodes\": \"$node\"}}"
    config '.linux.resources.pids.limit = 77'
    answer 2 '\x08\x02\x10\x00\x4a\x1eError (criu/a.c:12): too much\n'
    restore
    is "$status" 1
    has "$errors" "CRIU could not restore the container: too much (its log: '$IMG/restore.log')"
    is "$(policy_word <"$FAKE/maps")" "bind:$node"
    has "$(<"$FAKE/cgroup")" "/$ID"
    has "$(<"$FAKE/mounts")" " $ROOT/$ID/criu/root "
    told 2 >"$T/told"
    has "$(<"$T/told")" "root: \"$ROOT/$ID/criu/root\""
    has "$(<"$T/told")" 'rst_sibling: true'
    has "$(<"$T/told")" "path: \"/$ID\""
    nothing_left
    # And nothing of CRIU's is to be seen outside.
    lacks "$(</proc/self/mountinfo)" /criu
}

@test "restore: without an image's policy the config's is in force; without both ours stays" {
    need_numa
    local node
    node=$(first_node)
    answer 2 '\x08\x02\x10\x00'
    images
    restore
    is "$status" 1
    is "$(policy_word <"$FAKE/maps")" default
    config '.linux.memoryPolicy = { mode: "MPOL_BIND", nodes: $words[0] }' "$node"
    restore
    is "$(policy_word <"$FAKE/maps")" "bind:$node"
}

@test "restore: options reach CRIU" {
    local line field
    images
    answer 2 '\x08\x02\x10\x00'
    while IFS='|' read -r line field; do
        rm -f "$FAKE"/request-*
        # shellcheck disable=SC2086 # words
        restore $line
        told 2 >"$T/told"
        grep -qxF "  $field" "$T/told" || { echo "$line: no $field in:"; cat "$T/told"; return 1; }
    done <<'ROWS'
--tcp-established|tcp_established: true
--ext-unix-sk|ext_unix_sk: true
--shell-job|shell_job: true
--file-locks|file_locks: true
--auto-dedup|auto_dedup: true
--lazy-pages|lazy_pages: true
--tcp-close|tcp_close: true
--lsm-profile apparmor:x|lsm_profile: "apparmor:x"
--lsm-mount-context system_u:x|lsm_mount_context: "system_u:x"
--manage-cgroups-mode ignore|manage_cgroups_mode: IGNORE
ROWS
    printf '["/dev/null","pipe:[12]","file[1a:2b]"]' >"$IMG/descriptors.json"
    rm -f "$FAKE"/request-*
    restore
    is "$(told 2 | grep -A 1 inherit_fd | grep key: | tr -d ' ' | tr '\n' ' ')" \
        'key:"pipe:[12]" key:"file[1a:2b]" '
}

@test "restore: what is bound is named by its whole path, without dots and links" {
    mkdir "$T/dir"
    ln -s dir "$T/link"
    images
    config '.mounts += [
        { destination: "/bundle", type: "bind", source: ".", options: ["bind"] },
        { destination: "/linked", type: "bind", source: "\($t)/./link", options: ["bind"] }]'
    answer 2 '\x08\x02\x10\x00'
    restore
    is "$(told 2 | grep -A 2 ext_mnt | grep -A 1 -E '"/(bundle|linked)"' | grep val: | tr -d ' ' | sort)" \
        "$(printf 'val:"%s"\n' "$(realpath "$BUNDLE")" "$(realpath "$T")/dir" | sort)"
}

@test "restore is refused before CRIU is asked, and nothing is left" {
    fails "--image-path '$T/none'" hasu --criu "$FAKE/criu" restore -b "$BUNDLE" \
        --image-path "$T/none" --detach "$ID"
    images '{"version": 1, "memoryPolicy": {"mode": "MPOL_BIND", "nodes": "0-4294967295"}}'
    restore
    is "$status" 1
    has "$errors" 'hasu.json of the image is damaged: memoryPolicy/nodes'
    images "{\"version\": 1, \"memoryPolicy\": {\"mode\": \"MPOL_BIND\", \"nodes\": \"$(absent_node)\"}}"
    restore
    is "$status" 1
    has "$errors" 'the memory policy of the image: /linux/memoryPolicy/nodes: node'
    images '{"version": 1, "memoryPolicy": {"mode": "MPOL_LOCAL"}}'
    restore --no-pivot
    is "$status" 1
    has "$errors" '--no-pivot: CRIU enters the rootfs by pivot_root(2) alone'
    restore --lazy-pages
    is "$status" 1
    has "$errors" '--lazy-pages: a page that comes later lies where the memory policy of'
    config '.process.terminal = true'
    restore
    is "$status" 1
    has "$errors" "a detached container's terminal needs --console-socket"
    config '.process.terminal = false'
    # Opened as by create: a pipe would be waited for, and another kind of namespace joined.
    mkfifo "$T/pipe"
    config '.linux.namespaces |= map(if .type == "network" then .path = $t + "/pipe" else . end)'
    restore
    is "$status" 1
    has "$errors" "/linux/namespaces: '$T/pipe' is not a namespace"
    config '.linux.namespaces |= map(if .type == "network" then .path = "/proc/self/ns/uts" else . end)'
    restore
    is "$status" 1
    has "$errors" "'/proc/self/ns/uts' is a uts namespace, not network"
    config '.linux.namespaces |= map(if .type == "network" then del(.path) else . end)'
    fails 'restore needs a cgroup: by no other way are the restored processes found' \
        hasu --cgroup-manager disabled --criu "$FAKE/criu" restore --detach -b "$BUNDLE" \
        --image-path "$IMG" "$ID"
    [ ! -e "$FAKE/request-0" ]
    nothing_left
}

@test "restore: what CRIU says it did must be so" {
    images
    # Success, and no word in between of what was restored.
    answer 2 '\x08\x02\x10\x01\x22\x02\x08\x01'
    restore
    is "$status" 1
    has "$errors" 'CRIU restored the container without a word in between'
    answer 2 '\x08\x02\x10\x01'
    restore
    is "$status" 1
    has "$errors" 'CRIU restored the container without saying where'
    # A terminal that nobody takes: NOTIFY of "orphan-pts-master", without a descriptor.
    answer 2 '\x08\x06\x10\x01\x2a\x13\x0a\x11orphan-pts-master'
    answer 6 '\x08\x02\x10\x00'
    restore
    is "$status" 1
    has "$errors" 'CRIU announced a terminal without its descriptor'
    has "$(told 6)" 'notify_success: false'
    nothing_left
}

@test "restore does not touch a container that is there" {
    images
    up
    restore
    is "$status" 1
    has "$errors" 'already exists'
    status_is "$ID" running
}

@test "a container that a checkpoint has ended is deleted, poststop hooks and all; --leave-running leaves it" {
    config '.hooks.poststop = [{ path: "/bin/sh", args: ["sh", "-c", "cat >\($t)/hook"] }]'
    up
    checkpoint --leave-running
    is "$status" 0
    status_is "$ID" running
    checkpoint --pre-dump
    is "$status" 0
    status_is "$ID" running
    [ ! -e "$T/hook" ]
    checkpoint
    is "$status" 0
    is "$errors" ""
    is "$(jq -r .id "$T/hook")" "$ID"
    fails 'does not exist' hasu state "$ID"
    nothing_left
}

@test "a checkpoint whose container cannot be deleted says so, and is one nonetheless" {
    up
    # A directory cannot be unlinked, by root neither.
    mkdir "$ROOT/$ID/start.sock"
    checkpoint
    is "$status" 0
    has "$errors" "warning: removing start.sock of container '$ID'"
    status_is "$ID" stopped
    rmdir "$ROOT/$ID/start.sock"
    ok hasu delete "$ID"
    nothing_left
}

@test "an ordinary user is told that CRIU needs root" {
    local place
    place=$(mktemp -d)
    chmod 755 "$place"
    cp "$HASU" "$place/hasu"
    fails 'CRIU needs root' setpriv --reuid 65534 --regid 65534 --clear-groups \
        "$place/hasu" --root /tmp/none restore --detach x
    fails 'CRIU needs root' setpriv --reuid 65534 --regid 65534 --clear-groups \
        "$place/hasu" --root /tmp/none checkpoint x
    rm -r "$place"
}
