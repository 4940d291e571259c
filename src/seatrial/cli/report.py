"""``seatrial report``: show a saved Run, or a load that was saved, recorded or measured by another tool."""

from __future__ import annotations

import argparse
from pathlib import Path

from seatrial.cli import load_faces, results
from seatrial.model.errors import UsageError

_FACES = tuple(dict.fromkeys((*results.FACES, *load_faces.FACES)))


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "report",
        help="show a saved Run, or a saved load",
        description="Show a Run that was kept with --save, or a load that was kept by bench serve with --save or --record, "
        "or by inference-perf or guidellm. Exits with the code of what it shows.",
        allow_abbrev=False,
    )
    parser.add_argument("saved", type=Path, metavar="RUN.json")
    group = parser.add_argument_group("what to show")
    group.add_argument(
        "-o",
        "--output",
        choices=_FACES,
        default="text",
        metavar="FORMAT",
        help=f"{', '.join(results.FACES)}; of a load {', '.join(load_faces.FACES)}; text unless given",
    )
    group.add_argument("--output-file", type=Path, metavar="FILE", help="write it there instead of to standard output")
    parser.set_defaults(run=run, save=None)


def run(args: argparse.Namespace) -> int:
    from seatrial.app import load_files, load_report, report

    if load_files.is_load(args.saved):
        _has(args.output, load_faces.FACES, "a load")
        outcome = load_files.read(args.saved)
        load_faces.show(outcome, args)
        return load_report.exit_code(outcome)
    _has(args.output, results.FACES, "a Run")
    return results.show(report.read(args.saved), args)


def _has(face: str, faces: tuple[str, ...], what: str) -> None:
    if face not in faces:
        raise UsageError(f"{what} is not shown as {face}", way_out=f"choose one of {', '.join(faces)}")
