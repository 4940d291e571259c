"""``seatrial completion``: the script that makes a shell complete our commands, and the answers to that script."""

from __future__ import annotations

import argparse
import os

from seatrial.cli import output

SHELLS = ("bash", "zsh", "fish")


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "completion",
        help="print the completion script of a shell",
        description="Print the completion script of a shell, such as for: source <(seatrial completion bash)",
        allow_abbrev=False,
    )
    parser.add_argument("shell", choices=SHELLS)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from argcomplete.shell_integration import shellcode

    output.write(shellcode(["seatrial", "kubectl-seatrial"], shell=args.shell) + "\n")
    return 0


def answer(parser: argparse.ArgumentParser) -> None:
    """Answer and exit when it is the shell that asks."""
    if "_ARGCOMPLETE" in os.environ:
        import argcomplete

        argcomplete.autocomplete(parser)
