"""``seatrial bench``: what is measured, by sending load or by watching. Each command is a module of its own."""

from __future__ import annotations

import argparse

from seatrial.cli import bench_compare, bench_serve

COMMANDS = (bench_serve, bench_compare)


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "bench",
        help="measure a service or a platform",
        description="Measure a service of language models, or a platform, and say whether the measurement counts.",
        allow_abbrev=False,
    )
    actions = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add(actions)
