"""``seatrial check``: judge a cluster, a snapshot or manifests by what can be read."""

from __future__ import annotations

import argparse
from pathlib import Path

from seatrial.cli import names, results, targets


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "check",
        help="judge by what can be read: a cluster, a snapshot or manifests; nothing is created",
        description="Judge how a platform for AI is set up, by what can be read alone. What could not be read is unknown.",
        allow_abbrev=False,
    )
    only = parser.add_argument(
        "--only", action="append", default=[], metavar="ID|AREA", help="only this check or this area; may be repeated"
    )
    names.completed_by(only, "checks")
    parser.add_argument(
        "--accept", type=Path, metavar="FILE", help="exceptions: failures for which somebody answers until a day"
    )
    targets.add(parser)
    results.add(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from seatrial.app import check
    from seatrial.cli.progress import shown
    from seatrial.cli.working import complete

    with shown() as progress:
        result = complete(
            check.check(
                targets.of(args), only=tuple(args.only), accept=args.accept, tell=progress.tell, command=args.said
            )
        )
    return results.show(result, args)
