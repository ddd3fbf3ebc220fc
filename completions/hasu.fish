# SPDX-License-Identifier: Apache-2.0
#
# Completion of hasu's command line for fish. The tables are those of src/cmd/commands.c, filled in
# when hasu is built.

function __hasu_commands
    # @fish-commands@
end

# Sets, for a command or '' for hasu itself: options whose argument is the next word, and what the
# command's own arguments are.
function __hasu_table
    switch "$argv[1]"
        # @fish-words@
        case '*'
            set -g __hasu_arguments
    end
end

# Reads the line up to the word at the cursor. Sets __hasu_command, __hasu_position, __hasu_root.
function __hasu_read
    set -g __hasu_command ''
    set -g __hasu_position 0
    set -g __hasu_root ''
    set -l words (commandline -opc)
    set -l takes ''
    set -l ended no
    __hasu_table ''
    for word in $words[2..-1]
        if test -n "$takes"
            test "$takes" = --root; and set -g __hasu_root $word
            set takes ''
        else if string match -q -- '--root=*' $word
            set -g __hasu_root (string replace -- --root= '' $word)
        else if test "$word" = --
            set ended yes
        else if test $ended = no; and string match -q -- '-?*' $word
            contains -- $word $__hasu_taking; and set takes $word
        else if test -z "$__hasu_command"
            set -g __hasu_command $word
            set ended no
            __hasu_table $word
        else
            set -g __hasu_position (math $__hasu_position + 1)
        end
    end
end

function __hasu_command_is
    __hasu_read
    test "$__hasu_command" = $argv[1]; and __hasu_has_own_options
end

# No more behind the ID of exec: what follows is another program's.
function __hasu_has_own_options
    __hasu_read
    not contains -- @rest $__hasu_arguments; or test $__hasu_position -lt (math (count $__hasu_arguments) - 1)
end

function __hasu_argument
    __hasu_read
    set -l program (commandline -opc)[1]
    set -l next (math $__hasu_position + 1)
    switch "$__hasu_arguments[$next]"
        case @command
            __hasu_commands
        case @id
            set -l root
            test -n "$__hasu_root"; and set root --root=$__hasu_root
            $program $root list --quiet 2>/dev/null
        case @signal
            kill -l | string split -n ' '
    end
end

complete -c hasu -f
complete -c hasu -a '(__hasu_argument)'
# @fish-options@
