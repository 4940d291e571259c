"""``seatrial diagnose``: why does it not run, or run badly."""

from __future__ import annotations

import argparse
from pathlib import Path

from seatrial.cli import output, targets

_FACES = ("text", "json", "html")


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "diagnose",
        help="say why workloads do not run, or run badly: who waits for whom, deadlocks, and what frees them",
        description=(
            "Say what waits, for whom, and what would free it. A deadlock is a circle of waiting, however long it lasts. "
            "What is broken and leaves nothing waiting is told with --for. "
            "Only reads. Exits with 0 where nothing waits, 1 where something does or is broken, 3 where it could not be seen."
        ),
        allow_abbrev=False,
    )
    parser.add_argument(
        "workload",
        nargs="?",
        default="",
        metavar="WORKLOAD",
        help="only this one: pods/NAMESPACE/NAME, jobs/NAMESPACE/NAME, resourceclaims/NAMESPACE/NAME, …",
    )
    parser.add_argument(
        "--for",
        dest="findings",
        type=Path,
        metavar="RUN.json",
        help="say also what this saved Run of check or prove found broken, and what in the cluster may explain it",
    )
    targets.add(parser)
    group = parser.add_argument_group("what to show")
    group.add_argument(
        "-o", "--output", choices=_FACES, default="text", metavar="FORMAT", help="text, json, html; text unless given"
    )
    group.add_argument("--output-file", type=Path, metavar="FILE", help="write it there instead of to standard output")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from seatrial.app import diagnose
    from seatrial.cli.progress import shown
    from seatrial.cli.working import complete

    with shown() as progress:
        found = complete(
            diagnose.diagnose(targets.of(args), args.workload, run=args.findings, tell=progress.tell, command=args.said)
        )
    text = diagnose.render(found, args.output, colour=output.colour(args.output_file))
    output.write(text, args.output_file)
    return diagnose.exit_code(found)
