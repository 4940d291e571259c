"""``seatrial report``: show a saved Run."""

from __future__ import annotations

import argparse
from pathlib import Path

from seatrial.cli import results


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "report",
        help="show a saved Run",
        description="Show a Run that was kept with --save. Exits with the code of the Run itself.",
        allow_abbrev=False,
    )
    parser.add_argument("saved", type=Path, metavar="RUN.json")
    results.add(parser, save=False)
    parser.set_defaults(run=run, save=None)


def run(args: argparse.Namespace) -> int:
    from seatrial.app import report

    return results.show(report.read(args.saved), args)
