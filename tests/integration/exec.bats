#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# exec: another process in a container, and each option of it.
#
# shellcheck disable=SC2016 # filters of jq, programs of containers
# shellcheck disable=SC2154 # status, output and errors are set by the helpers

load helpers

setup() {
    hasu_setup
}

teardown() {
    hasu_teardown
}

@test "exec: output, input and exit status are the process's" {
    up
    echo "a line" >"$T/input"
    STDIN=$T/input call hasu exec "$ID" sh -c 'cat; echo error >&2; exit 42'
    is "$status" 42
    is "$output" "a line"
    is "$errors" error
}

@test "exec: a signal gives 128 and its number" {
    up
    for signal in 9 15 6; do
        call hasu exec "$ID" sh -c "kill -$signal \$\$"
        is "$status" $((128 + signal))
    done
}

@test "exec: it has the container's environment, cwd, user, limits, capabilities" {
    config '.process.env += ["FROM=config"] | .process.cwd = "/tmp" | .process.user = { uid: 1000, gid: 1000, umask: 15 }
        | .process.oomScoreAdj = 77 | .process.rlimits = [{ type: "RLIMIT_NOFILE", soft: 111, hard: 222 }]
        | .process.capabilities = { bounding: ["CAP_KILL"] } | .process.noNewPrivileges = true'
    up
    in_exec sh -c 'echo $FROM; pwd; id -u; umask; cat /proc/self/oom_score_adj; probe limit 7
        grep -E "^(CapBnd|CapEff|NoNewPrivs)" /proc/self/status'
    is "$output" "config
/tmp
1000
0017
77
111 222
CapEff:	0000000000000000
CapBnd:	0000000000000020
NoNewPrivs:	1"
}

@test "exec --cwd and --env" {
    up
    ok hasu exec --cwd /tmp --env ONE=1 -e TWO=2 "$ID" sh -c 'pwd; echo $ONE $TWO'
    is "$output" $'/tmp\n1 2'
    ok hasu exec --cwd=/etc --env=ONE=x "$ID" sh -c 'pwd; echo $ONE'
    is "$output" $'/etc\nx'
    fails --cwd hasu exec --cwd relative "$ID" true
}

@test "exec --env wins over the config's" {
    config '.process.env += ["WORD=config"]'
    up
    ok hasu exec -e WORD=exec "$ID" sh -c 'echo $WORD; env | grep -c ^WORD='
    is "$output" $'exec\n1'
    # A shell makes one of several itself; getenv(3) elsewhere finds the first.
    ok hasu exec -e WORD=1 -e WORD=2 "$ID" env
    is "$(grep ^WORD= <<<"$output")" WORD=2
}

@test "exec --env: what has no name or no value is refused" {
    up
    fails "--env 'WORD': is not of the form NAME=VALUE" hasu exec -e WORD "$ID" env
    fails "--env '=x': is not of the form NAME=VALUE" hasu exec -e =x "$ID" env
    ok hasu exec -e WORD= "$ID" env
    has "$output" $'WORD='
}

@test "exec --user and --additional-gids" {
    up
    ok hasu exec --user 1000 "$ID" sh -c 'id -u; id -g'
    is "$output" $'1000\n0'
    ok hasu exec -u 1000:1001 -g 5 --additional-gids 6 "$ID" sh -c 'id -u; id -G; echo $HOME'
    is "$output" $'1000\n1001 5 6\n/home/worker'
    for user in root 1000:x x:1 -1 4294967296 '' 1:2:3; do
        call hasu exec --user="$user" "$ID" id -u
        [ -z "$user" ] || [ "$status" -eq 255 ]
    done
}

@test "exec: 4294967295 is no user and no group: the kernel would leave root's" {
    up
    fails "--user '4294967295': 4294967295 is no ID" hasu exec -u 4294967295 "$ID" id -u
    fails "--user '1:4294967295': 4294967295 is no ID" hasu exec -u 1:4294967295 "$ID" id -g
    fails "--additional-gids '4294967295': 4294967295 is no ID" \
        hasu exec -u 1:1 -g 4294967295 "$ID" id -G
    ok hasu exec -u 4294967294:4294967294 "$ID" sh -c 'id -u; id -g'
    is "$output" $'4294967294\n4294967294'
}

@test "exec --user takes no name from the container's files" {
    echo 'worker:x:0:0::/:/bin/sh' >"$BUNDLE/rootfs/etc/passwd"
    up
    fails worker hasu exec --user worker "$ID" id -u
}

@test "exec --cap" {
    config '.process.capabilities = { bounding: ["CAP_KILL"], permitted: ["CAP_KILL"], effective: ["CAP_KILL"] }'
    up
    ok hasu exec --cap CAP_CHOWN -c CAP_NET_RAW "$ID" grep -E '^Cap(Eff|Bnd|Inh)' /proc/self/status
    is "$output" $'CapInh:\t0000000000000000\nCapEff:\t0000000000002021\nCapBnd:\t0000000000002021'
    fails CAP_NOSUCH hasu exec --cap CAP_NOSUCH "$ID" true
}

@test "exec --no-new-privs" {
    config '.process.noNewPrivileges = false'
    up
    in_exec grep NoNewPrivs /proc/self/status
    is "$output" $'NoNewPrivs:\t0'
    ok hasu exec --no-new-privs "$ID" grep NoNewPrivs /proc/self/status
    is "$output" $'NoNewPrivs:\t1'
}

@test "exec --process takes everything from a file" {
    up
    jq -n '{ cwd: "/tmp", args: ["sh", "-c", "pwd; id -u; id -G; echo $A; umask; probe limit 7"],
        env: ["PATH=/bin", "A=b", "HASU_IT=x"], user: { uid: 5, gid: 6, additionalGids: [7], umask: 2 },
        rlimits: [{ type: "RLIMIT_NOFILE", soft: 50, hard: 60 }] }' >"$T/process.json"
    ok hasu exec --process "$T/process.json" "$ID"
    is "$output" $'/tmp\n5\n6 7\nb\n0002\n50 60'
}

@test "exec --process: an option that the file takes the place of is ignored aloud" {
    up
    jq -n '{ cwd: "/tmp", args: ["sh", "-c", "pwd; id -u; id -G; echo $A"],
        env: ["PATH=/bin", "A=file"], user: { uid: 5, gid: 6 } }' >"$T/process.json"
    ok hasu exec --process "$T/process.json" --user 7 -g 8 --cwd / -e A=option --cap CAP_CHOWN \
        --no-new-privs "$ID"
    is "$output" $'/tmp\n5\n6\nfile'
    for option in user additional-gids cwd env cap no-new-privs; do
        has "$errors" "--$option is ignored: with --process the file alone says"
    done
}

@test "exec --process with an error names file and place" {
    up
    echo '{"args":["true"]}' >"$T/process.json"
    fails cwd hasu exec --process "$T/process.json" "$ID"
    has "$errors" "$T/process.json"
    echo '{"cwd":"/","args":5}' >"$T/process.json"
    fails /args hasu exec --process "$T/process.json" "$ID"
    fails "$T/nowhere" hasu exec --process "$T/nowhere" "$ID"
    is "$status" 255
}

@test "exec --detach and --pid-file" {
    up
    ok hasu exec --detach --pid-file "$T/pid" "$ID" sleep 1000
    is "$(tr '\0' ' ' <"/proc/$(<"$T/pid")/cmdline")" "sleep 1000 "
    ok hasu delete --force "$ID"
    gone "$(<"$T/pid")"
    nothing_left
}

@test "exec: signals go to the process" {
    up
    HASU_IT=$ID hasu exec "$ID" sh -c 'trap "echo got; exit 5" TERM; echo ready; while :; do sleep 0.02; done' \
        </dev/null >"$T/lines" 2>&1 3>&- 4>&- &
    local pid=$! client
    until_true grep -q ready "$T/lines"
    # The job is a subshell of bash; hasu is its child.
    client=$(pgrep -P "$pid" || echo "$pid")
    kill -TERM "$client"
    wait "$pid" || status=$?
    is "$status" 5
    is "$(tail -n 1 "$T/lines")" got
}

@test "exec: the process is in the container's cgroups" {
    up
    ok hasu exec --detach --pid-file "$T/pid" "$ID" sleep 1000
    is "$(<"/proc/$(<"$T/pid")/cgroup")" "$(<"/proc/$PID/cgroup")"
}

@test "exec --cgroup puts it into a sub-cgroup" {
    up
    local controller=pids dir
    dir=$(cgroup_of "$PID" $controller)
    if cgroup2_only; then
        mkdir "$dir/sub"
    else
        # Every hierarchy needs one. Others' cgroups go while find looks, which it minds.
        find /sys/fs/cgroup -ignore_readdir_race -type d -name "$ID" -exec mkdir '{}/sub' \; || true
        for file in cpus mems; do
            cat "$(cgroup_of "$PID" cpuset)/cpuset.$file" >"$(cgroup_of "$PID" cpuset)/sub/cpuset.$file"
        done
    fi
    ok hasu exec --detach --pid-file "$T/pid" --cgroup sub "$ID" sleep 1000
    is "$(cgroup_of "$(<"$T/pid")" $controller)" "$dir/sub"
    ok hasu delete --force "$ID"
    nothing_left
}

@test "exec --cgroup CONTROLLER:PATH puts it there in the hierarchy of that controller alone" {
    local options words
    up
    if cgroup2_only; then
        fails "--cgroup 'pids:sub': cgroup v2 has one hierarchy for all controllers: give the path alone" \
            hasu exec --cgroup pids:sub "$ID" true
        return
    fi
    local pids freezer memory
    pids=$(cgroup_of "$PID" pids) freezer=$(cgroup_of "$PID" freezer) memory=$(cgroup_of "$PID" memory)
    mkdir "$pids/sub" "$freezer/sub" "$memory/other"
    ok hasu exec --detach --pid-file "$T/pid" --cgroup pids,freezer:sub --cgroup memory:/other \
        "$ID" sleep 1000
    is "$(cgroup_of "$(<"$T/pid")" pids)" "$pids/sub"
    is "$(cgroup_of "$(<"$T/pid")" freezer)" "$freezer/sub"
    is "$(cgroup_of "$(<"$T/pid")" memory)" "$memory/other"
    is "$(cgroup_of "$(<"$T/pid")" cpuset)" "$(cgroup_of "$PID" cpuset)"
    while IFS='|' read -r options words; do
        # shellcheck disable=SC2086 # words
        fails "$words" hasu exec $options "$ID" true
    done <<'ROWS'
--cgroup memory:sub|opening sub-cgroup 'sub' of
--cgroup none:sub|--cgroup 'none:sub': there is no hierarchy of cgroup v1 with the controller 'none'
--cgroup :sub|--cgroup ':sub': there is no hierarchy of cgroup v1 with the controller ''
--cgroup pids:sub --cgroup sub|--cgroup 'sub': several are of the form CONTROLLER,...:PATH
--cgroup pids:sub --cgroup pids:other|--cgroup 'pids:other': the hierarchy
--cgroup pids:../..|the sub-cgroup
ROWS
    ok hasu delete --force "$ID"
    nothing_left
}

@test "exec --cgroup that is not there, or leads out, is refused" {
    up
    fails nowhere hasu exec --cgroup nowhere "$ID" true
    fails "" hasu exec --cgroup ../.. "$ID" true
    fails "" hasu exec --cgroup /../../.. "$ID" true
}

@test "exec --preserve-fds" {
    up
    echo three >"$T/three"
    call bash -c 'exec 3<"$1"; shift; exec "$@"' - "$T/three" \
        "$HASU" --root "$ROOT" exec --preserve-fds 1 "$ID" sh -c 'cat <&3; ls /proc/self/fd | wc -l'
    is "$output" $'three\n5'
}

@test "exec: no descriptor is inherited" {
    up
    call bash -c 'exec 7</etc/passwd; exec "$@"' - "$HASU" --root "$ROOT" exec "$ID" sh -c 'ls /proc/self/fd | wc -l'
    is "$output" 4
}

@test "exec in a container that is created, stopped, or not there is refused, with 255" {
    fails "does not exist" hasu exec "$ID" true
    is "$status" 255
    up
    ok hasu kill "$ID" KILL
    wait_stopped
    fails stopped hasu exec "$ID" true
    is "$status" 255
}

@test "exec of what is not there is said as engines expect it, with 255" {
    up
    fails 'executable file not found in $PATH' hasu exec "$ID" nosuchprogram
    is "$status" 255
    fails "no such file or directory" hasu exec "$ID" /not/there
    fails "permission denied" hasu exec "$ID" /etc/passwd
    fails "needs a command" hasu exec "$ID"
    is "$(status_of "$ID")" running
}

@test "exec: what stands behind the ID is the process's, also what looks like an option" {
    up
    in_exec echo --help -e x --root y
    is "$output" "--help -e x --root y"
    in_exec -- echo -- x
    is "$output" "-- x"
}

@test "exec: thirty at a time" {
    up
    local n jobs=() good=0
    for n in {1..30}; do
        HASU_IT=$ID hasu exec "$ID" sh -c "exit $n" </dev/null >/dev/null 2>&1 3>&- 4>&- &
        jobs+=($!)
    done
    for n in {1..30}; do
        status=0
        wait "${jobs[$((n - 1))]}" || status=$?
        [ "$status" -ne "$n" ] || good=$((good + 1))
    done
    is "$good" 30
    is "$(status_of "$ID")" running
}

@test "exec is not the container's end" {
    up
    ok hasu exec "$ID" true
    is "$(status_of "$ID")" running
    is "$(init_pid "$ID")" "$PID"
}

@test "what exec leaves running goes with the container" {
    up
    ok hasu exec "$ID" sh -c 'setsid sleep 1000 </dev/null >/dev/null 2>&1 & exit 0'
    ok hasu delete --force "$ID"
    nothing_left
}

@test "exec: the runtime cannot be written from inside" {
    all_capabilities
    up
    local before
    before=$(sha256sum <"$HASU")
    ok hasu exec --detach --pid-file "$T/pid" "$ID" sleep 1000
    ln -s /proc/self/exe "$BUNDLE/rootfs/bin/self"
    # The known attack: the program is hasu itself, which would then be open for writing.
    call hasu exec "$ID" /bin/self
    call hasu exec "$ID" sh -c 'for p in /proc/[0-9]*/exe; do probe open $p rw; done'
    lacks "$output" opened
    is "$(sha256sum <"$HASU")" "$before"
}
