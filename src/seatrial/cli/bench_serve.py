"""``seatrial bench serve``: send load to a server of language models, and say what came of it."""

from __future__ import annotations

import argparse
from pathlib import Path

from seatrial.cli import load_flags, output
from seatrial.model.errors import UsageError

INVALID = 3  # could not judge


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "serve",
        help="send load to a server of language models",
        description="Send load to an OpenAI-compatible server, and tell how quick it was. "
        "Exits with 1 where an objective or the baseline is missed, and with 3 where the client did not keep up.",
        allow_abbrev=False,
    )
    parser.add_argument("url", nargs="?", metavar="URL", help="such as http://127.0.0.1:8000")
    load_flags.add(parser)
    kept = parser.add_argument_group("what is kept")
    kept.add_argument("--record", type=Path, metavar="FILE", help="write everything there as it comes")
    kept.add_argument(
        "--resume", type=Path, metavar="FILE", help="go on with the run of that record, from where it was cut off"
    )
    kept.add_argument("--save", type=Path, metavar="FILE", help="save the result as JSON")
    kept.add_argument("-o", "--output", choices=("text", "json"), default="text", help="text unless given")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from seatrial.app import load
    from seatrial.cli.load_live import watched
    from seatrial.report import load_text

    if (args.url is None) == (args.resume is None):
        raise UsageError("give a URL, or --resume FILE", way_out="seatrial bench serve --help")
    with watched() as watch:
        if args.resume is not None:
            result = load.resume(args.resume, watch=watch)
        else:
            result = load.send(load_flags.plan(args, args.url, load.cores()), record=args.record, watch=watch)
    if args.save is not None:
        output.write(load.encode(result), args.save)
    output.write(load.encode(result) if args.output == "json" else load_text.render(result, colour=output.colour()))
    return load.exit_code(result)
