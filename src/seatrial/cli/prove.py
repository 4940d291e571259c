"""``seatrial prove``: judge a cluster."""

from __future__ import annotations

import argparse

from seatrial.cli import names, results, targets


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "prove",
        help="judge a cluster by a standard or by single checks",
        description="Judge a cluster. Active checks create things, each in a namespace of its own, and ask for consent first.",
        allow_abbrev=False,
    )
    standard = parser.add_argument(
        "--standard", metavar="ID@VERSION", help="the standard to hold it against, such as cncf-ai@1.36"
    )
    names.completed_by(standard, "standards")
    only = parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="ID",
        help="only this check, this area, or this requirement of the standard; may be repeated",
    )
    names.completed_by(only, "checks")
    parser.add_argument(
        "--preflight",
        action="store_true",
        help="only tell what cannot be proven on this cluster, and why; create nothing",
    )
    parser.add_argument("-y", "--yes", action="store_true", help="create what the checks need without asking")
    parser.add_argument(
        "--image", metavar="REFERENCE", help="the workload image, where the cluster pulls it from a registry"
    )
    targets.add(parser)
    results.add(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from seatrial.app import prove
    from seatrial.cli.consent import asking
    from seatrial.cli.progress import shown
    from seatrial.cli.working import complete

    target = targets.of(args)
    if args.preflight:
        with shown() as progress:
            found = prove.preflight(
                target, standard=args.standard, only=tuple(args.only), tell=progress.tell, command=args.said
            )
            result = complete(found)
        return results.show(result, args)
    with shown() as progress:
        result = complete(
            prove.prove(
                target,
                standard=args.standard,
                only=tuple(args.only),
                image=args.image,
                consent=asking(yes=args.yes, progress=progress),
                tell=progress.tell,
                command=args.said,
            )
        )
    return results.show(result, args)
