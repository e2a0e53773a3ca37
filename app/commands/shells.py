"""Completions for bash, zsh and fish, made from all that may be typed.

Own code instead of a library's (shtab), which root would run too, and which knows neither of the
command behind `run` nor of lists with commas.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from app.commands.grammar import Command, Flag, Kind, Value

_MADE: Final = "made from its own flags by: sock-tui completions"


def bash(commands: Sequence[Command]) -> str:
    """A script for bash 4.4 or newer; with bash-completion it completes the command of `run`."""
    names = " | ".join(command.name for command in commands if command.name)
    values, flags, rest = [], [], []
    for command in commands:
        taking = [flag for flag in command.flags if flag.value is not None]
        for flag in taking:
            assert flag.value is not None
            cases = " | ".join(f"'{command.name} {name}'" for name in flag.names)
            values.append(f"        {cases}) {_bash_value(flag.value)}return ;;")
        all_names = " ".join(name for flag in command.flags for name in flag.names)
        flags.append(f"            '{command.name}') flags='{all_names}' ;;")
        for place, value in enumerate(command.values, start=1):
            if value.kind is not Kind.COMMAND:
                at = "*" if place == len(command.values) else str(place)
                rest.append(f"        '{command.name} '{at}) {_bash_value(value)};;")
    run = next(command for command in commands if _runs(command))
    skipped = " | ".join(name for flag in run.flags if flag.value for name in flag.names)
    words = " ".join(command.name for command in commands if command.name)
    return f"""\
# bash completion for sock-tui; {_MADE} bash
_sock_tui() {{
    local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD - 1]}}
    local command='' flags='' first=1 place=1 at
    COMPREPLY=()
    if ((COMP_CWORD > 1)); then
        case ${{COMP_WORDS[1]}} in
            {names}) command=${{COMP_WORDS[1]}} first=2 ;;
        esac
    fi
    if [[ $command == {run.name} ]]; then
        for ((at = first; at <= COMP_CWORD; at++)); do
            case ${{COMP_WORDS[at]}} in
                --) ((at < COMP_CWORD)) && _sock_tui_command $((at + 1)) && return ;;
                {skipped}) ((at += 1)) ;;
                -*) ;;
                *) _sock_tui_command "$at" && return ;;
            esac
        done
    fi
    case "$command $prev" in
{chr(10).join(values)}
    esac
    if [[ $cur == -* ]]; then
        case $command in
{chr(10).join(flags)}
        esac
        mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$cur")
        return
    fi
    for ((at = first; at < COMP_CWORD; at++)); do
        [[ ${{COMP_WORDS[at]}} == -* ]] || ((place += 1))
    done
    case "$command $place" in
        ' 1') _sock_tui_words '{words}' ;;
{chr(10).join(rest)}
    esac
}}
_sock_tui_words() {{
    mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur")
}}
_sock_tui_list() {{
    mapfile -t COMPREPLY < <(compgen -P "${{cur%"${{cur##*,}}"}}" -W "$1" -- "${{cur##*,}}")
    compopt -o nospace 2>/dev/null
}}
_sock_tui_any() {{
    mapfile -t COMPREPLY < <(compgen "$1" -- "$cur")
    [[ $1 != -f ]] || compopt -o filenames 2>/dev/null
}}
_sock_tui_command() {{
    if declare -F _command_offset >/dev/null; then
        _command_offset "$1"
    elif (($1 == COMP_CWORD)); then
        _sock_tui_any -c
    else
        _sock_tui_any -f
    fi
    return 0
}}
complete -F _sock_tui sock-tui
"""


def _bash_value(value: Value) -> str:
    words = " ".join(value.words)
    match value.kind:
        case Kind.WORD:
            return f"_sock_tui_words '{words}'; "
        case Kind.LIST:
            return f"_sock_tui_list '{words}'; "
        case Kind.FILE:
            return "_sock_tui_any -f; "
        case Kind.USER:
            return "_sock_tui_any -u; "
        case Kind.PROCESS:
            return """_sock_tui_words "$(cd /proc && printf '%s ' [0-9]*)"; """
    return ""


def zsh(commands: Sequence[Command]) -> str:
    """A function for zsh's completion system."""
    described = " ".join(_quoted(f"{each.name}:{each.about}") for each in commands if each.name)
    cases = []
    for command in commands:
        specs = [f"'{_zsh_spec(name, flag)}'" for flag in command.flags for name in flag.names]
        specs += [
            _quoted(f":{value.name}:{_zsh_value(value)}")
            for value in command.values
            if value.kind is not Kind.COMMAND
        ]
        body = " \\\n                ".join(["_arguments -S", *specs])
        shift = "shift words; ((CURRENT--))\n            " if command.name else ""
        skip = _zsh_skip(command) if _runs(command) else ""
        cases.append(
            f"        {command.name or '*'})\n            {shift}{skip}{body}\n            ;;"
        )
    ordered = "\n".join([*cases[1:], cases[0]])  # what is none of them comes last
    return f"""\
#compdef sock-tui
# zsh completion for sock-tui; {_MADE} zsh
_sock_tui() {{
    local -a offered  # commands is zsh's own
    offered=({described})
    if ((CURRENT == 2)) && [[ $words[2] != -* ]]; then
        _describe -t commands command offered
        return
    fi
    case $words[2] in
{ordered}
    esac
}}
_sock_tui "$@"
"""


_ZSH: Final = {
    **{Kind.FILE: "_files", Kind.USER: "_users", Kind.PROCESS: "_pids"},
    Kind.ANY: "",
}


def _zsh_spec(name: str, flag: Flag) -> str:
    about = flag.about.replace("\\", "\\\\").replace("[", r"\[").replace("]", r"\]")
    star = "*" if flag.repeats else ""
    value = f":{flag.value.name}:{_zsh_value(flag.value)}" if flag.value else ""
    return f"{star}{name}[{about}]{value}".replace("'", r"'\''")


def _zsh_value(value: Value) -> str:
    words = " ".join(value.words)
    if value.kind is Kind.WORD:
        return f"({words})"
    return f"_values -s , {value.name} {words}" if value.kind is Kind.LIST else _ZSH[value.kind]


def _zsh_skip(command: Command) -> str:
    """Leave what stands behind the flags to the completion of that command."""
    taking = " | ".join(name for flag in command.flags if flag.value for name in flag.names)
    return f"""\
local -i at=2
            while ((at < CURRENT)); do
                case $words[at] in
                    --) ((at++)); break ;;
                    {taking}) ((at += 2)) ;;
                    -*) ((at++)) ;;
                    *) break ;;
                esac
            done
            if ((at <= CURRENT)) && [[ $words[at-1] == -- || $words[at] != -* ]]; then
                shift $((at - 1)) words; ((CURRENT -= at - 1))
                _normal -p sock-tui
                return
            fi
            """


def fish(commands: Sequence[Command]) -> str:
    """Lines for fish 3.2 or newer."""
    names = " ".join(command.name for command in commands if command.name)
    lines = [f"# fish completion for sock-tui; {_MADE} fish", "complete -c sock-tui -f"]
    for command in commands:
        if command.name:
            lines.append(
                "complete -c sock-tui -n __fish_use_subcommand"
                f" -a {command.name} -d {_quoted(command.about)}"
            )
        seen = f"__fish_seen_subcommand_from {command.name or names}"
        start = f"complete -c sock-tui -n '{'' if command.name else 'not '}{seen}'"
        for flag in command.flags:
            written = " ".join(
                f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}"
                for name in flag.names
            )
            value = f" {_fish_value(flag.value)}" if flag.value else ""
            lines.append(f"{start} {written}{value} -d {_quoted(flag.about)}")
        lines += [f"{start} {_fish_value(value)}" for value in command.values]
    return "\n".join(lines) + "\n"


def _fish_value(value: Value) -> str:
    words = " ".join(value.words)
    if value.kind is Kind.WORD:
        return f"-x -a '{words}'"
    if value.kind is Kind.LIST:
        return f"""-x -a '(__fish_complete_list , "string split \\" \\" \\"{words}\\"")'"""
    return _FISH[value.kind]


_FISH: Final = {
    Kind.FILE: "-r -F",
    Kind.USER: "-x -a '(__fish_complete_users)'",
    Kind.PROCESS: "-x -a '(__fish_complete_pids)'",
    Kind.COMMAND: "-x -a '(__fish_complete_subcommand --fcs-skip=2)'",
    Kind.ANY: "-x",
}


def _runs(command: Command) -> bool:
    return any(value.kind is Kind.COMMAND for value in command.values)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", r"'\''") + "'"
