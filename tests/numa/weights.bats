#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The weights of weighted interleaving are the whole system's. Newer kernels work them out from the
# firmware's bandwidths (HMAT) until somebody writes one: hasu reads them and leaves them alone.
#
# lab-topologies: memory-only
# lab-kernels: all

setup() {
    # shellcheck source-path=SCRIPTDIR source=container.bash
    . "$BATS_TEST_DIRNAME/container.bash"
    container_setup
    WEIGHTS=/sys/kernel/mm/mempolicy/weighted_interleave
}

teardown() {
    container_teardown
    system_restore
}

@test "the system's weights, automatic ones too: pages follow them, and they are left as they are" {
    local before fast slow
    policy MPOL_WEIGHTED_INTERLEAVE 0,4
    if kernel_older 6 9; then
        [ ! -e "$WEIGHTS" ]
        run_init probe pages 40
        [ "$status" -eq 1 ]
        [[ $output == *"MPOL_WEIGHTED_INTERLEAVE needs Linux 6.9; this is $(uname -r)" ]]
        return 0
    fi
    before=$(grep -r . "$WEIGHTS" | sort)
    echo "$before"
    fast=$(cat "$WEIGHTS/node0")
    slow=$(cat "$WEIGHTS/node4")
    if [ -e "$WEIGHTS/auto" ]; then
        # 30720 MiB/s and 10240 MiB/s in the table.
        [ "$(cat "$WEIGHTS/auto")" = true ]
        [ "$fast" -gt "$slow" ]
    fi
    run_init probe pages $(((fast + slow) * 20))
    [ "$output" = "pages $(((fast + slow) * 20)) 0:$((fast * 20)) 4:$((slow * 20))" ] ||
        fail "$output"
    start_init probe hold 8
    exec_in probe pages 8
    [ "$(grep -r . "$WEIGHTS" | sort)" = "$before" ]
}
