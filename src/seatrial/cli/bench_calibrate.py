"""``seatrial bench calibrate``: how far the load generator is from the truth on this machine, and up to which load."""

from __future__ import annotations

import argparse
import sys

from seatrial.cli import load_flags, output
from seatrial.cli.targets import seconds


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "calibrate",
        help="tell how far this client is from the truth on this machine",
        description="Send load to a simulated model server, and compare what the client "
        "tells with what the server did, at twice the rate each time until one of the two falls behind. Exits with 3 where they never kept up.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "url", nargs="?", metavar="URL", help="of a simulated model server in mode fixed; unless given, one is started"
    )
    parser.add_argument(
        "--rate", type=load_flags.positive, default=20.0, metavar="N", help="to begin with; 20 unless given"
    )
    parser.add_argument(
        "--for", dest="length", type=seconds, default=5.0, metavar="TIME", help="at each rate; 5s unless given"
    )
    parser.add_argument(
        "--tokens", type=load_flags.count, default=100, metavar="N", help="in each answer; 100 unless given"
    )
    parser.add_argument(
        "--processes", type=load_flags.count, default=1, metavar="N", help="of the client; 1 unless given"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from seatrial.app import calibrate
    from seatrial.cli.progress import shown
    from seatrial.cli.working import complete

    how = calibrate.How(rate=args.rate, seconds=args.length, tokens=args.tokens, processes=args.processes)
    if args.url is not None:
        steps = calibrate.calibrate(args.url, how, begin=_say)
    else:
        with shown() as progress:
            steps = complete(calibrate.on_own_server(how, begin=_say, tell=progress.tell))
    output.write(calibrate.as_text(steps, colour=output.colour()))
    return 0 if steps[0].holds and steps[0].server_holds else 3


def _say(what: str) -> None:
    sys.stderr.write(f"… {what}\n")
