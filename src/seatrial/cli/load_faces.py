"""The flags of every command that ends with a load, and how it is shown."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.cli import output

if TYPE_CHECKING:
    from seatrial.model.load_result import LoadResult, LoadSeries

FACES = ("text", "html", "markdown", "csv", "json")


def add(parser: argparse._ArgumentGroup) -> None:
    parser.add_argument(
        "-o", "--output", choices=FACES, default="text", metavar="FORMAT", help=f"{', '.join(FACES)}; text unless given"
    )
    parser.add_argument("--output-file", type=Path, metavar="FILE", help="write it there instead of to standard output")


def show(outcome: LoadResult | LoadSeries, args: argparse.Namespace) -> None:
    from seatrial.app import load_report

    shown = load_report.render(outcome, args.output, colour=output.colour(args.output_file))
    output.write(shown, args.output_file)
