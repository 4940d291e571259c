"""``seatrial compare``: what changed between two Runs."""

from __future__ import annotations

import argparse
from pathlib import Path

from seatrial.cli import output


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "compare",
        help="tell what changed from one saved Run to another",
        description="Tell what changed from one saved Run to another. Exits with 1 when something got worse.",
        allow_abbrev=False,
    )
    parser.add_argument("before", type=Path, metavar="A.json")
    parser.add_argument("after", type=Path, metavar="B.json")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from seatrial.app import compare

    comparison = compare.of_files(args.before, args.after)
    output.write(compare.as_text(comparison, colour=output.colour()))
    return 1 if compare.is_worse(comparison) else 0
