"""``seatrial bench serve``: send load to a server of language models, and say what came of it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.cli import load_faces, load_flags, output
from seatrial.model.errors import UsageError

if TYPE_CHECKING:
    from seatrial.app.load import Watch
    from seatrial.model.load import Plan
    from seatrial.model.load_result import LoadResult, LoadSeries


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "serve",
        help="send load to a server of language models",
        description="Send load to an OpenAI-compatible server, and tell how quick it was. Exits with 1 where an objective "
        "or the baseline is missed, and with 3 where the client did not keep up.",
        allow_abbrev=False,
    )
    parser.add_argument("url", nargs="?", metavar="URL", help="such as http://127.0.0.1:8000")
    inside = parser.add_argument_group("a service inside a cluster, instead of a URL")
    inside.add_argument(
        "--service",
        metavar="NAMESPACE/NAME[:PORT]",
        help="reached through the API server, whose time is then part of what is measured",
    )
    inside.add_argument(
        "--lab",
        nargs="?",
        const="default",
        metavar="NAME",
        help="of this lab; default unless named. Without --service, a simulated model server is started there for the run",
    )
    inside.add_argument(
        "--in-cluster",
        type=load_flags.count,
        metavar="N",
        help="send it from N pods of that cluster, to the service itself or to a URL that they reach",
    )
    inside.add_argument(
        "--image", metavar="REFERENCE", help="of those pods, with Python and seatrial; a lab makes one unless given"
    )
    inside.add_argument("-y", "--yes", action="store_true", help="create those pods without asking")
    inside.add_argument("--kubeconfig", type=Path, metavar="FILE", help="of the cluster of this kubeconfig")
    inside.add_argument("--context", metavar="NAME", help="of the cluster of this context")
    load_flags.add(parser)
    several = parser.add_argument_group("several runs").add_mutually_exclusive_group()
    several.add_argument(
        "--repeats", type=load_flags.count, metavar="N", help="run it so often, and say how well each figure is known"
    )
    several.add_argument("--sweep", type=_rates, metavar="RATE,…", help="one run at each of these rates")
    several.add_argument(
        "--find-rate", action="store_true", help="search for the highest rate that meets --slo, from --rate on"
    )
    kept = parser.add_argument_group("what is kept")
    kept.add_argument("--record", type=Path, metavar="FILE", help="write everything there as it comes")
    kept.add_argument(
        "--resume", type=Path, metavar="FILE", help="go on with the run of that record, from where it was cut off"
    )
    kept.add_argument(
        "--save", type=Path, metavar="FILE", help="save the result as JSON, for `bench compare` and --baseline"
    )
    kept.add_argument(
        "--baseline",
        type=Path,
        metavar="FILE",
        help="compare with this saved result, and exit with 1 where something got worse",
    )
    load_faces.add(kept)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from seatrial.app import load
    from seatrial.cli.load_live import watched

    named = 3 - [args.url, args.service, args.resume].count(None)
    if named != 1 and not (named == 0 and args.lab is not None):
        raise UsageError("give a URL, --service, --lab or --resume FILE", way_out="seatrial bench serve --help")
    if args.in_cluster is not None and (args.resume or args.repeats or args.sweep or args.find_rate or args.processes):
        raise UsageError(
            "--in-cluster is for one run, with one process in each pod",
            way_out="leave --resume, --repeats, --sweep, --find-rate and --processes out",
        )
    if args.lab is not None and args.service is None and named and args.in_cluster is None:
        raise UsageError("--lab goes with --service, or stands alone", way_out="leave it out, or the other")
    if args.record is not None and (args.repeats or args.sweep or args.find_rate):
        raise UsageError("a record is of one run", way_out="leave --record out; --save keeps every result")
    with watched() as watch:
        outcome = load.resume(args.resume, watch=watch) if args.resume is not None else _sent(args, watch)
    if args.save is not None:
        output.write(load.encode(outcome), args.save)
    return _told(args, outcome)


def _sent(args: argparse.Namespace, watch: Watch) -> LoadResult | LoadSeries:
    from seatrial.app import load
    from seatrial.cli import load_plan

    usual = {"rate": 10.0, "length": 20.0} if args.service is None and args.lab is not None else {}
    plan = load_plan.plan(args, args.url or "", load.cores(), **usual)
    from seatrial.cli import load_inside

    with load_inside.reached(args, plan) as (reached, senders):
        return _series(args, reached, watch) or load.send(
            reached, record=args.record, metrics=tuple(args.metrics), watch=watch, senders=senders
        )


def _series(args: argparse.Namespace, plan: Plan, watch: Watch) -> LoadSeries | None:
    from seatrial.app import load_series

    def begin(what: str) -> None:
        sys.stderr.write(f"… {what}\n")

    if args.repeats:
        return load_series.repeats(plan, args.repeats, watch=watch, begin=begin)
    if args.sweep:
        return load_series.rates(plan, args.sweep, watch=watch, begin=begin)
    if args.find_rate:
        return load_series.highest(plan, within=0.05, watch=watch, begin=begin)
    return None


def _told(args: argparse.Namespace, outcome: LoadResult | LoadSeries) -> int:
    from seatrial.app import load_report
    from seatrial.model.load_result import LoadResult

    load_faces.show(outcome, args)
    results = (outcome,) if isinstance(outcome, LoadResult) else outcome.results
    return load_report.exit_code(outcome) or (_against(args, results) if args.baseline is not None else 0)


def _against(args: argparse.Namespace, results: tuple[LoadResult, ...]) -> int:
    from seatrial.app import load_compare, load_files

    compared = load_compare.compare(load_files.results(args.baseline), results)
    if args.output == "text" and args.output_file is None:
        output.write(load_compare.as_text(compared, colour=output.colour()))
    return 1 if any(one.worse for one in compared.changes) else 0


def _rates(text: str) -> tuple[float, ...]:
    """``10,20,40``."""
    return tuple(load_flags.positive(one) for one in text.split(","))
