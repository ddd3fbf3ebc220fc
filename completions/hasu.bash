# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Completion of hasu's command line for bash. The tables are those of src/cmd/commands.c, filled in
# when hasu is built.

# _hasu_table COMMAND: adds to options, "NAME" or "NAME=WHAT ITS ARGUMENT IS", and sets arguments.
_hasu_table() {
    arguments=()
    case $1 in
    # @bash@
    esac
}

# What was typed up to the cursor, as hasu would get it: bash takes words apart at '=' and ':', too
# (COMP_WORDBREAKS). Sets words.
_hasu_words() {
    local line=${COMP_LINE:0:COMP_POINT} word i
    words=()
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ $i -gt 0 && $line && $line != [[:space:]]* ]]; then
            [[ $i -lt $COMP_CWORD ]] || word=$line
            words[-1]+=$word
        else
            line=${line#"${line%%[![:space:]]*}"}
            [[ $i -lt $COMP_CWORD ]] || word=$line
            words+=("$word")
        fi
        line=${line#"$word"}
    done
}

# _hasu_offer WHAT WORD: sets COMPREPLY.
_hasu_offer() {
    local candidates prefix=
    case $1 in
    @dir)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -d -- "$2")
        ;;
    @file)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$2")
        ;;
    @id)
        mapfile -t candidates < <("${words[0]/#\~/$HOME}" ${root:+"--root=$root"} list --quiet 2>/dev/null)
        _hasu_match "$2" "${candidates[@]}"
        ;;
    @command)
        _hasu_match "$2" \
            # @names@
        ;;
    @signal)
        [[ $2 == SIG* ]] || prefix=SIG
        mapfile -t COMPREPLY < <(compgen -A signal -X 'SIGJUNK*' -- "$prefix$2")
        COMPREPLY=("${COMPREPLY[@]#"$prefix"}")
        ;;
    @*) ;;
    *)
        IFS=, read -ra candidates <<<"$1"
        _hasu_match "$2" "${candidates[@]}"
        ;;
    esac
}

# _hasu_match WORD CANDIDATE...: compgen -W would expand what is in them.
_hasu_match() {
    local candidate
    for candidate in "${@:2}"; do
        if [[ $candidate == "$1"* ]]; then COMPREPLY+=("$candidate"); fi
    done
}

# _hasu_takes OPTION: sets takes, what its argument is; empty: it has none.
_hasu_takes() {
    takes=
    [[ $options == *" $1="* ]] || return 0
    takes=${options##*" $1="}
    takes=${takes%% *}
}

_hasu_option_names() {
    local option
    for option in $options; do
        option=${option%%=*}
        if [[ $option == --* && $option == "$1"* ]]; then COMPREPLY+=("$option"); fi
    done
}

_hasu() {
    local words options='' arguments command='' takes='' root='' word last position=0 ended=''
    COMPREPLY=()
    _hasu_words
    _hasu_table ''
    for word in "${words[@]:1:${#words[@]}-2}"; do
        if [[ $takes ]]; then
            [[ $last != --root ]] || root=$word
            takes=
        elif [[ $word == --root=* ]]; then
            root=${word#*=}
        elif [[ $word == -- ]]; then
            ended=1
        elif [[ ! $ended && $word == -?* ]]; then
            _hasu_takes "$word"
            last=$word
        elif [[ ! $command ]]; then
            command=$word ended=
            _hasu_table "$command"
        else
            position=$((position + 1))
        fi
    done
    root=${root/#\~/$HOME}

    word=${words[-1]}
    if [[ $takes ]]; then
        _hasu_offer "$takes" "$word"
    elif [[ ${arguments[0]} && ${arguments[-1]} == @rest && $position -ge $((${#arguments[@]} - 1)) ]]; then
        :
    elif [[ ! $ended && $word == --*=* ]]; then
        _hasu_takes "${word%%=*}"
        _hasu_offer "$takes" "${word#*=}"
    elif [[ ! $ended && $word == -* ]]; then
        _hasu_option_names "$word"
    else
        _hasu_offer "${arguments[position]:-@none}" "$word"
    fi
}

complete -F _hasu hasu
