"""``seatrial list``: what the catalog holds."""

from __future__ import annotations

import argparse

from seatrial.cli import output

KINDS = ("checks", "systems", "standards", "faults", "remedies", "metrics")


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "list", help=f"list {', '.join(KINDS)}", description="List what the catalog holds.", allow_abbrev=False
    )
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text", help="text unless given")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from seatrial.app import listing

    table = listing.rows(args.kind)
    output.write(listing.as_json(table) if args.output == "json" else listing.as_text(table))
    return 0
