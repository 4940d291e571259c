"""``seatrial bench``: what is measured, by sending load or by watching. Each command is a module of its own."""

from __future__ import annotations

import argparse

from seatrial.cli import bench_calibrate, bench_compare, bench_import, bench_serve, measuring

COMMANDS = (measuring, bench_serve, bench_compare, bench_import, bench_calibrate)


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "bench",
        help="measure a platform or a service of models, each number with its target and how it was obtained",
        description="Measure a platform, or a service of language models, and say whether the measurement counts.",
        allow_abbrev=False,
    )
    actions = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add(actions)
