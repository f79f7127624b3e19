#compdef memconform
# Completes commands, options and names of memconform in zsh: the program itself says what fits.

_memconform_completion() {
    local -a answered plain described
    local kind value told
    answered=("${(@f)$(COMP_WORDS="${(F)words[1,CURRENT]}" COMP_CWORD=$((CURRENT - 1)) \
        _MEMCONFORM_COMPLETE=zsh_complete ${~${(Q)words[1]}} 2>/dev/null)}")
    # What is completed in --budget=s is the part behind the sign.
    [[ $PREFIX == --*=* ]] && compset -P 1 '*='

    for kind value told in "${answered[@]}"; do
        case $kind in
        (dir) _files -/ ;;
        (file) _files ;;
        (plain) if [[ $told == _ ]]; then plain+=("$value"); else described+=("$value:$told"); fi ;;
        esac
    done
    (( $#described )) && _describe -V memconform described -U -i "$IPREFIX"
    (( $#plain )) && compadd -U -V memconform -i "$IPREFIX" -a plain
    (( compstate[nmatches] ))
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _memconform_completion "$@" # a file of $fpath
else
    (( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
    compdef _memconform_completion memconform
fi
