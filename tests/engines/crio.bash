# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034 # of cri.bats
#
# CRI-O, as the kubelet uses it. Debian has none: run wants it by --programs.

CRI_SOCKET=/run/crio/crio.sock

# Where it keeps images, in a form that every file system takes.
STORE=(--root /var/lib/containers/storage --runroot /run/containers/storage --storage-driver vfs)

cri_start() {
    local conf=$WORK/crio.conf.d
    mkdir -p "$conf"
    from_docs /etc/crio/crio.conf.d/10-hasu.conf |
        sed "s/default_runtime = .*/default_runtime = \"$RUNTIME\"/" >"$conf/10-hasu.conf"
    # Both runtimes, and what is particular to this place.
    cat >"$conf/20-step.conf" <<'Y'
[crio]
storage_driver = "vfs"
[crio.runtime]
cgroup_manager = "cgroupfs"
conmon_cgroup = "pod"
[crio.runtime.runtimes.runc]
runtime_path = "/usr/sbin/runc"
[crio.image]
pause_image = "localhost/pause:latest"
Y
    echo '{ "default": [ { "type": "insecureAcceptAnything" } ] }' >"$WORK/policy.json"
    podman "${STORE[@]}" import --change 'CMD ["sh"]' "$WORK/image.tar" box >/dev/null
    podman "${STORE[@]}" import --change 'CMD ["sleep","1000000"]' "$WORK/image.tar" pause >/dev/null
    crio --config "" --config-dir "$conf" --signature-policy "$WORK/policy.json" \
        >"$WORK/crio.log" 2>&1 3>&- 4>&- </dev/null &
    echo $! >"$WORK/crio.pid"
    answers crio test -S "$CRI_SOCKET"
}

cri_stop() {
    kill "$(cat "$WORK/crio.pid")"
}
