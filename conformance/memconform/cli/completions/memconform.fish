# Completes commands, options and names of memconform in fish: the program itself says what fits.

function _memconform_completion
    set -l program (commandline --tokenize --current-process)[1]
    type -q "$program"; or return
    set -l line (commandline --current-process --cut-at-cursor | string collect)
    set -l word (commandline --current-token --cut-at-cursor)
    # What is completed in --budget=s is the part behind the sign, and the whole of it is the answer.
    set -l option (string match --regex -- '^--[^=]+=' "$word")

    for answer in (_MEMCONFORM_COMPLETE=fish_complete COMP_WORDS=$line COMP_CWORD=$word $program 2>/dev/null)
        set -l kind (string split --max 1 , -- $answer)
        switch $kind[1]
            case plain
                echo -- "$option"$kind[2]
            case dir
                printf '%s\n' "$option"(__fish_complete_directories $kind[2])
            case file
                printf '%s\n' "$option"(__fish_complete_path $kind[2])
        end
    end
end

complete --no-files --command memconform --arguments "(_memconform_completion)"
