#!/usr/bin/env zsh
# SPDX-License-Identifier: Apache-2.0
#
# What a shell offers where TAB is pressed behind a line: for each line of standard input prints the
# line, a tab, and the candidates, sorted. bash and zsh run on a terminal of their own and are typed
# to; fish is asked in its own way.
#
#	complete.zsh SHELL COMPLETIONS <LINES      COMPLETIONS: the build's folder of that name
emulate -L zsh
zmodload zsh/zpty zsh/zselect

shell=$1 completions=${2:A}
dir=$(mktemp -d)
trap 'rm -rf $dir' EXIT
out=$dir/out

start_bash() {
    cat >$dir/rc <<END
PS1=
source $completions/hasu
complete -p hasu >/dev/null || exit
_capture() { _hasu "\$@"; printf '%s\n' "\${COMPREPLY[@]}" END >>$out; }
complete -F _capture hasu
bind 'set enable-bracketed-paste off'
END
    zpty shell "TERM=dumb bash --noprofile --rcfile $dir/rc -i"
}

start_zsh() {
    mkdir $dir/functions
    cp $completions/_hasu $dir/functions
    cat >$dir/.zshrc <<END
PS1=
# No list, which would ask before it is shown when it is long.
unsetopt zle_bracketed_paste beep auto_list auto_menu
fpath=($dir/functions \$fpath)
autoload -U compinit
compinit -u -D
# Every candidate passes here; calls that only fill arrays show none.
compadd() {
    local -a hits
    if [[ " \$* " != *\ -[OAD]* ]]; then
        builtin compadd -A hits "\$@"
        print -rl -- "\$hits[@]" >>$out
    fi
    builtin compadd "\$@"
}
ask() { zle complete-word; print END >>$out; zle kill-whole-line }
zle -N ask
bindkey '^I' ask
END
    zpty shell "ZDOTDIR=$dir TERM=dumb zsh -i"
}

answer() {
    local tries
    for ((tries = 0; tries < 3000; tries++)); do
        [[ $(<$out) != *END ]] || break
        zselect -t 1
        zpty -rt shell ignored 2>/dev/null
    done
    grep -v -e '^$' -e '^END$' $out | sort -u
}

ask() {
    local line=$1
    : >$out
    if [[ $shell == fish ]]; then
        # What stands before the candidate's own part comes along.
        fish --no-config -c "source $completions/hasu.fish; complete -C \"\$argv\"" -- $line |
            cut -f 1 | sed 's/^--[a-z-]*=//' | sort -u
        return
    fi
    zpty -w -n shell "$line"$'\t'
    answer
    # Nothing of it may be left for the next one.
    zpty -w -n shell $'\025'
}

[[ $shell == fish ]] || start_$shell
while IFS= read -r line; do
    print -r -- "$line"$'\t'"${(f)$(ask $line)}"
done
[[ $shell == fish ]] || zpty -d shell
