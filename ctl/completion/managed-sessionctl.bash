# SPDX-License-Identifier: Apache-2.0
# Completion of managed-sessionctl for bash. Commands and options are those that the program prints as its help.

_managed_sessionctl_commands() {
    managed-sessionctl --help 2>/dev/null | sed -n '/^Commands:/,/^$/s/^  \([a-z][a-z-]*\) .*/\1/p'
}

_managed_sessionctl_options() {
    managed-sessionctl ${1:+"$1"} --help 2>/dev/null | sed -n 's/^  \(--[a-z][a-z-]*\) .*/\1/p'
}

_managed_sessionctl() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command= word
    COMPREPLY=()
    case $previous in
    --driver)
        COMPREPLY=($(compgen -W "sqlite3 pgsql mysql" -- "$current"))
        return
        ;;
    --format)
        COMPREPLY=($(compgen -W "jsonl csv" -- "$current"))
        return
        ;;
    --httpd | --config)
        COMPREPLY=($(compgen -f -- "$current"))
        return
        ;;
    --user | --ip | --older-than | --except | --by | --limit | --realm | --host | --define | --params | --table) return ;;
    esac
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case $word in -*) ;; *) command=${command:-$word} ;; esac
    done
    case $current in
    -*) COMPREPLY=($(compgen -W "$(_managed_sessionctl_options "$command") --help --version" -- "$current")) ;;
    *) [ -n "$command" ] || COMPREPLY=($(compgen -W "$(_managed_sessionctl_commands)" -- "$current")) ;;
    esac
}

complete -F _managed_sessionctl managed-sessionctl
