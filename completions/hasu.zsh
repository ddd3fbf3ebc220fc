#compdef hasu
# SPDX-License-Identifier: Apache-2.0
#
# Completion of hasu's command line for zsh. The tables are those of src/cmd/commands.c, filled in
# when hasu is built.

_hasu_commands() {
    local -a names=(
        # @zsh-commands@
    )
    _describe -t commands 'command' names "$@"
}

# The containers below the root that the command line names.
_hasu_containers() {
    local -a ids
    local root=${(Q)${opt_args[--root]:-$hasu_root}}
    ids=(${(f)"$(_call_program containers ${hasu_program} ${root:+--root=${(q)root}} list --quiet 2>/dev/null)"})
    _describe -t containers 'container' ids "$@"
}

_hasu() {
    local curcontext=$curcontext state state_descr line hasu_program=$words[1] hasu_root ret=1
    local -A opt_args
    local -a specs global=(
            # @zsh-globals@
    )
    _arguments -s -S -A '-*' -C $global '1:command:_hasu_commands' '*::argument:->argument' && ret=0
    [[ $state == argument ]] || return ret

    hasu_root=$opt_args[--root]
    curcontext=${curcontext%:*:*}:hasu-$words[1]:
    case $words[1] in
    # @zsh-specs@
    *) return ret ;;
    esac
    _arguments -s -S $specs $global && ret=0
    return ret
}

_hasu "$@"
