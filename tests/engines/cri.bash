# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034 # of cri.bats
#
# containerd, as the kubelet uses it.

CRI_SOCKET=/run/containerd-step.sock

# containerd 1 or 2: the file of the documentation, and what is particular to this place.
config() {
    if containerd --version | grep -qE ' v?2\.'; then
        from_docs /etc/containerd/config.toml-2
        cat <<X
[plugins."io.containerd.cri.v1.images"]
snapshotter = "native"
[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = "localhost/pause:latest"
[plugins."io.containerd.cri.v1.runtime"]
restrict_oom_score_adj = true
X
    else
        from_docs /etc/containerd/config.toml
        cat <<X
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "localhost/pause:latest"
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "native"
X
    fi
}

cri_start() {
    # One table each: the documentation's [...containerd] has the snapshotter too.
    config | awk '
        /^\[/ { table = $0; if (!(table in lines)) order[++n] = table; lines[table] = lines[table]; next }
        { lines[table] = lines[table] $0 "\n" }
        END { printf "%s", lines[""]; for (i = 1; i <= n; i++) print order[i] "\n" lines[order[i]] }
    ' | sed "s/default_runtime_name = .*/default_runtime_name = \"$RUNTIME\"/" >"$WORK/tables.toml"
    {
        sed -n '/^version/p' "$WORK/tables.toml"
        printf 'root = "/var/lib/containerd-step"\nstate = "/run/containerd-step"\n'
        sed '/^version/d' "$WORK/tables.toml"
        printf '[grpc]\naddress = "%s"\n' "$CRI_SOCKET"
    } >"$WORK/config.toml"
    if [ "$RUNTIME" = runc ]; then
        # The same table, for the other column.
        sed -i 's/runtimes\.hasu/runtimes.runc/; s,/usr/local/bin/hasu,runc,' "$WORK/config.toml"
    fi
    containerd --config "$WORK/config.toml" >"$WORK/containerd.log" 2>&1 3>&- 4>&- </dev/null &
    echo $! >"$WORK/containerd.pid"
    answers containerd ctr --address "$CRI_SOCKET" version
    local options=(--snapshotter native) image
    if ctr image import --help | grep -q -- --local; then options+=(--local); fi
    for image in oci pause; do
        ctr --address "$CRI_SOCKET" --namespace k8s.io image import "${options[@]}" "$WORK/$image.tar" >/dev/null
    done
}

cri_stop() {
    kill "$(cat "$WORK/containerd.pid")"
}
