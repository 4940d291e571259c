"""The entry point: ``seatrial`` and, as a plug-in of kubectl, ``kubectl seatrial``.

Only what ``--help`` needs is imported here; every command imports the rest when it runs.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import PurePath
from typing import NoReturn

from seatrial import __version__
from seatrial.cli import (
    bench,
    check,
    compare,
    completion,
    diagnose,
    evidence,
    explain,
    harden,
    import_results,
    lab,
    listing,
    prove,
    rbac,
    report,
    snapshot,
    submit,
    trial,
)
from seatrial.cli.edge import Edge
from seatrial.cli.leaving import leave
from seatrial.model.errors import UsageError

DESCRIPTION = "Takes a Kubernetes platform for AI from conformant to production-ready, and proves it."
EXIT_CODES = "exit codes: 0 passed, 1 failed, 2 wrong usage, 3 could not judge, 130 interrupted"
COMMANDS = (
    prove,
    check,
    diagnose,
    harden,
    trial,
    bench,
    lab,
    snapshot,
    rbac,
    report,
    compare,
    submit,
    import_results,
    evidence,
    explain,
    listing,
    completion,
)


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message, way_out=f"{self.prog} --help")


def main(argv: Sequence[str] | None = None) -> int:
    tree = parser(program(sys.argv[0]))
    completion.answer(tree)
    edge = Edge(debug=os.environ.get("SEATRIAL_DEBUG", "") not in ("", "0"))
    with edge:
        args = tree.parse_args(argv)
        args.said = shlex.join([tree.prog, *(sys.argv[1:] if argv is None else argv)])
        edge.code = args.run(args)
        sys.stdout.flush()
    return leave(edge.code) if argv is None else edge.code


def program(called: str) -> str:
    return "kubectl seatrial" if PurePath(called).name.startswith("kubectl-") else "seatrial"


def parser(prog: str = "seatrial") -> argparse.ArgumentParser:
    tree = Parser(prog=prog, description=DESCRIPTION, epilog=EXIT_CODES, allow_abbrev=False)
    tree.add_argument("--version", action="version", version=f"seatrial {__version__}")
    commands = tree.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add(commands)
    version = commands.add_parser("version", help="print the version", allow_abbrev=False)
    version.set_defaults(run=_version)
    return tree


def _version(args: argparse.Namespace) -> int:
    sys.stdout.write(f"seatrial {__version__}\n")
    return 0
