"""``seatrial bench compare``: whether one load went better than another, or it only looks so."""

from __future__ import annotations

import argparse
from pathlib import Path

from seatrial.cli import output


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "compare",
        help="tell whether one load went better than another",
        description="Compare results of bench serve. Exits with 1 when something got worse by more than chance and by more than --by.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--before", nargs="+", type=Path, required=True, metavar="FILE", help="one result, or repeats of it"
    )
    parser.add_argument(
        "--after", nargs="+", type=Path, required=True, metavar="FILE", help="one result, or repeats of it"
    )
    parser.add_argument(
        "--by", type=float, default=0.05, metavar="SHARE", help="what is worth telling; 0.05 unless given"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from seatrial.app import load_compare, load_files

    compared = load_compare.compare(
        [one for path in args.before for one in load_files.results(path)],
        [one for path in args.after for one in load_files.results(path)],
        by=args.by,
    )
    output.write(load_compare.as_text(compared, colour=output.colour()))
    return 1 if any(one.worse for one in compared.changes) else 0
