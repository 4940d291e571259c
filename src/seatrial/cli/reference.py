"""The page on the command line, made from the parser itself."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from seatrial.cli.main import DESCRIPTION, EXIT_CODES, parser


def page() -> str:
    """Markdown, the same bytes on every terminal and every Python."""
    parts = ["# Command line", DESCRIPTION, f"{EXIT_CODES.capitalize()}."]
    return "\n\n".join([*parts, *(part for command in leaves(parser()) for part in _command(command))]) + "\n"


def leaves(tree: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """The commands that do something, which is those without commands of their own."""
    nested = [action for action in tree._actions if isinstance(action, argparse._SubParsersAction)]
    if not nested:
        yield tree
    for action in nested:
        for command in action.choices.values():
            yield from leaves(command)


def _command(command: argparse.ArgumentParser) -> Iterator[str]:
    yield f"## {command.prog}"
    if command.description:
        yield command.description
    yield f"```\n{_usage(command)}\n```"
    if table := _table(command):
        yield table


def _usage(command: argparse.ArgumentParser) -> str:
    arguments = [action for action in command._actions if not isinstance(action, argparse._HelpAction)]
    flags = [action for action in arguments if action.option_strings]
    needed = [_flag(action) for action in flags if action.required]
    positional = [_value(action) for action in arguments if not action.option_strings]
    return " ".join([command.prog, *positional, *needed, *(["[flags]"] if len(flags) > len(needed) else [])])


def _table(command: argparse.ArgumentParser) -> str:
    rows = [
        f"| `{_cell(_names(action))}` | {_cell(action.help or _choices(action))} |"
        for action in command._actions
        if not isinstance(action, argparse._HelpAction)
    ]
    return "\n".join(["| | |", "|---|---|", *rows]) if rows else ""


def _names(action: argparse.Action) -> str:
    return ", ".join([*action.option_strings[:-1], _flag(action)]) if action.option_strings else _value(action)


def _flag(action: argparse.Action) -> str:
    value = _value(action)
    if action.nargs == "?":
        value = f"[{value}]"
    return f"{action.option_strings[-1]} {value}".rstrip()


def _value(action: argparse.Action) -> str:
    if action.nargs == 0:
        return ""
    if isinstance(action.metavar, str):
        return action.metavar
    return "|".join(action.choices) if action.choices else action.dest.upper()


def _choices(action: argparse.Action) -> str:
    return f"one of {', '.join(action.choices)}" if action.choices else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
