"""``seatrial snapshot``: keep the facts of a cluster in one file."""

from __future__ import annotations

import argparse
from pathlib import Path

from seatrial.cli import output, targets
from seatrial.model.errors import UsageError


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "snapshot",
        help="save the facts of a cluster, to judge them elsewhere",
        description=(
            "Read everything that the checks read and save it, without credentials, in one file for `check --snapshot`. With --from,"
            " read what another tool wrote down of a cluster instead: kubectl get -A -o json or yaml, kubectl cluster-info dump,"
            " oc adm must-gather, Sonobuoy, Troubleshoot, Velero, crust-gather; a folder, an archive or a file."
        ),
        allow_abbrev=False,
    )
    parser.add_argument("-o", "--output-file", type=Path, required=True, metavar="FILE", help="where to save it")
    targets.add(parser, files=False)
    group = parser.add_argument_group("files of another tool, without any cluster")
    group.add_argument(
        "--from",
        dest="snapshot",
        type=Path,
        metavar="PATH",
        help="read these instead; what is not in them stays unknown",
    )
    targets.add_dump(group)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from seatrial.app import snapshot
    from seatrial.cli.progress import shown
    from seatrial.cli.working import complete

    if args.snapshot is not None and args.lab is not None:
        raise UsageError("--from and --lab name two different things to look at", way_out="leave one of them out")
    with shown() as progress:
        taken = complete(snapshot.take(targets.of(args), args.output_file, tell=progress.tell))
    facts, gaps = sum(map(len, taken.facts.values())), len(taken.gaps)
    output.write(
        f"{args.output_file}: {facts} facts of {len(taken.facts)} kinds, {gaps} kinds with something missing\n"
    )
    for line in snapshot.notes(taken):
        output.write(f"{line}\n")
    return 0
