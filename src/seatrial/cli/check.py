"""``seatrial check``: judge a cluster, a snapshot or manifests by what can be read."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from seatrial.cli import names, output, results, targets
from seatrial.model.errors import UsageError


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
    parser.add_argument(
        "--watch",
        action="store_true",
        help="go on: tell what shifts when the cluster changes, until Ctrl-C; as text, or with -o json one object a line",
    )
    targets.add(parser)
    results.add(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    if args.watch:
        return _watch(args)
    from seatrial.app import check
    from seatrial.cli.leaving import keep
    from seatrial.cli.progress import shown
    from seatrial.cli.working import complete

    with shown() as progress:
        result = complete(
            check.check(
                targets.of(args),
                only=tuple(args.only),
                accept=args.accept,
                tell=progress.tell,
                command=args.said,
                keep=keep,
            )
        )
    return results.show(result, args)


def _watch(args: argparse.Namespace) -> int:
    """Each step is written at once; the last Run is kept where ``--save`` says, and its verdict is the exit code."""
    from seatrial.app import report, watching
    from seatrial.cli.progress import shown
    from seatrial.cli.working import complete

    if args.output not in ("text", "json") or args.output_file is not None:
        raise UsageError(
            "--watch writes text or JSON lines to standard output, as they come",
            way_out="keep the last Run with --save, and show it with seatrial report",
        )
    with shown() as progress:

        def show(step: watching.Step) -> None:
            with progress.paused():
                output.write(report.step(step, args.output, colour=output.colour()))
                sys.stdout.flush()

        work = watching.watch(
            targets.of(args),
            show=show,
            only=tuple(args.only),
            accept=args.accept,
            tell=progress.tell,
            command=args.said,
        )
        last = complete(work)
    if args.save is not None:
        output.write(report.render(last, "json"), args.save)
    output.write(report.ending(last, args.output, colour=output.colour()))
    return report.exit_code(last)
