# Completes commands, options and names of memconform in bash: the program itself says what fits.

_memconform_completion() {
    local IFS=$'\n' index kind value
    local words=()
    # --budget=smoke is three words here, and two for memconform.
    for ((index = 0; index <= COMP_CWORD; index++)); do
        if ((index > 0 && index < COMP_CWORD)) && [[ ${COMP_WORDS[index]} == "=" && ${COMP_WORDS[index - 1]} == --* ]]; then
            continue
        fi
        words+=("${COMP_WORDS[index]}")
    done

    COMPREPLY=()
    while IFS=, read -r kind value; do
        case $kind in
        plain) COMPREPLY+=("$value") ;;
        dir) compopt -o dirnames 2>/dev/null ;;
        file) compopt -o default 2>/dev/null ;;
        esac
    done < <(COMP_WORDS="${words[*]}" COMP_CWORD=$((${#words[@]} - 1)) _MEMCONFORM_COMPLETE=bash_complete "$1" 2>/dev/null)
}

# The bash of macOS cannot keep the order.
complete -o nosort -F _memconform_completion memconform 2>/dev/null || complete -F _memconform_completion memconform
