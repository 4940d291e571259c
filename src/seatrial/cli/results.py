"""The flags of every command that ends with a Run, and how that Run is shown."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.cli import output

if TYPE_CHECKING:
    from seatrial.model.run import Run

FACES = ("text", "json", "html", "junit", "markdown", "sarif", "openreports", "prometheus")


def add(parser: argparse.ArgumentParser, *, save: bool = True) -> None:
    group = parser.add_argument_group("what to show")
    group.add_argument(
        "-o", "--output", choices=FACES, default="text", metavar="FORMAT", help=f"{', '.join(FACES)}; text unless given"
    )
    group.add_argument("--output-file", type=Path, metavar="FILE", help="write it there instead of to standard output")
    if save:
        group.add_argument(
            "--save", type=Path, metavar="RUN.json", help="also keep the whole Run, for `report` and `compare`"
        )


def show(run: Run, args: argparse.Namespace) -> int:
    """Save first, so that nothing is lost; then show. The exit code is the verdict."""
    from seatrial.app import report

    if args.save is not None:
        output.write(report.render(run, "json"), args.save)
    output.write(report.render(run, args.output, colour=output.colour(args.output_file)), args.output_file)
    return report.exit_code(run)
