"""``seatrial explain``: the page of one thing in the catalog."""

from __future__ import annotations

import argparse

from seatrial.cli import names, output


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "explain",
        help="explain a check, standard, requirement, system or fault",
        description="Print the page of a check, standard, requirement, system or fault.",
        allow_abbrev=False,
    )
    names.completed_by(parser.add_argument("id", metavar="ID"), "pages")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from seatrial.app import explain

    output.write(explain.page(args.id, colour=output.colour()))
    return 0
