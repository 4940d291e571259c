"""``seatrial trial``: build a lab and prove everything in it."""

from __future__ import annotations

import argparse
from pathlib import Path

from seatrial.cli import lab, names, output, results

_DEFAULT = ("default",)
_WITHIN = 20.0  # minutes for the default systems: two cores that do nothing else build them in less


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "trial",
        help="the whole story on this machine: build a lab, prove it, show the result",
        description="Build a local Kubernetes with simulated accelerators, run every check in it, show the result, and take it down.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--lab",
        nargs="?",
        const="trial",
        default="trial",
        metavar="NAME",
        help="the name of the lab; trial unless given",
    )
    parser.add_argument("--keep", action="store_true", help="leave the lab up; one that was there before always stays")
    parser.add_argument("--report", type=Path, metavar="FILE", help="also write the page of it there, as HTML")
    parser.add_argument("--kubernetes", default="1.37", metavar="VERSION", help="1.37 unless given")
    lab.add_level(parser)
    systems = parser.add_argument(
        "--with",
        dest="systems",
        type=names.comma,
        default=_DEFAULT,
        metavar="ID,…",
        help="the systems to run in the lab, or all; unless given, those that do not take long to build",
    )
    names.completed_by(systems, "systems")
    parser.add_argument(
        "--within",
        type=minutes,
        metavar="MINUTES",
        help="leave out the systems that are not built by then; 20 unless given, or no limit where --with is given",
    )
    results.add(parser)
    parser.set_defaults(run=run)


def minutes(text: str) -> float:
    value = float(text)
    if not value > 0:
        raise ValueError(text)
    return value


def run(args: argparse.Namespace) -> int:
    from seatrial.app import report, trial
    from seatrial.cli.progress import shown
    from seatrial.cli.working import complete
    from seatrial.model.lab import LabLevel

    with shown() as progress:
        result = complete(
            trial.trial(
                name=args.lab,
                keep=args.keep,
                kubernetes=args.kubernetes.removeprefix("v"),
                level=LabLevel(args.level),
                systems=args.systems,
                within=args.within or (_WITHIN if args.systems == _DEFAULT else None),
                tell=progress.tell,
            )
        )
    if args.report is not None:
        output.write(report.render(result, "html"), args.report)
    results.show(result, args)
    return trial.exit_code(result)
