"""``seatrial bench import``: what another tool measured, in the form in which seatrial keeps its own."""

from __future__ import annotations

import argparse
from pathlib import Path

from seatrial.cli import load_faces, output


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "import",
        help="read a result of inference-perf or guidellm, to be shown and compared like one of ours",
        description="Read summary_lifecycle_metrics.json or a stage's of inference-perf, or benchmarks.json of guidellm. "
        "Says what that file does not have. Exits with 3 where it shows that its client fell behind.",
        allow_abbrev=False,
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="as the other tool wrote it")
    shown = parser.add_argument_group("what to show")
    shown.add_argument("--save", type=Path, metavar="FILE", help="keep it in our own form, as JSON")
    load_faces.add(shown)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from seatrial.app import load_files, load_report

    outcome = load_files.read(args.file)
    if args.save is not None:
        output.write(load_report.render(outcome, "json"), args.save)
    load_faces.show(outcome, args)
    return load_report.exit_code(outcome)
