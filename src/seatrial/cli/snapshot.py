"""``seatrial snapshot``: keep the facts of a cluster in one file."""

from __future__ import annotations

import argparse
from pathlib import Path

from seatrial.cli import output, targets


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "snapshot",
        help="save the facts of a cluster, to judge them elsewhere",
        description="Read everything that the checks read and save it, without credentials, in one file for `prove --snapshot`.",
        allow_abbrev=False,
    )
    parser.add_argument("-o", "--output-file", type=Path, required=True, metavar="FILE", help="where to save it")
    targets.add(parser, files=False)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from seatrial.app import snapshot
    from seatrial.cli.progress import shown
    from seatrial.cli.working import complete

    with shown() as progress:
        taken = complete(snapshot.take(targets.of(args), args.output_file, tell=progress.tell))
    facts, gaps = sum(map(len, taken.facts.values())), len(taken.gaps)
    output.write(
        f"{args.output_file}: {facts} facts of {len(taken.facts)} kinds, {gaps} kinds with something missing\n"
    )
    return 0
