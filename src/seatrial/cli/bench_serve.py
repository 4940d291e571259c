"""``seatrial bench serve``: send load to a server of language models, and say what came of it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.cli import load_faces, load_flags, load_rules, output

if TYPE_CHECKING:
    from seatrial.app.load import How
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
    kept.add_argument(
        "--otlp",
        metavar="URL",
        help="also tell OpenTelemetry's collector there, while it goes; OTEL_EXPORTER_OTLP_* in the environment do so too",
    )
    load_faces.add(kept)
    load_rules.remember(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from seatrial.app import load, load_files, load_report
    from seatrial.cli import load_export
    from seatrial.cli.load_live import watched
    from seatrial.model.load_result import LoadResult

    load_rules.settle(args)
    for place in (args.save, args.output_file):
        output.expect(place)
    before = load_files.results(args.baseline) if args.baseline is not None else ()
    with load_export.listener(args.otlp) as listener, watched() as watch:
        how = load.How(metrics=tuple(args.metrics), watch=watch, listener=listener)
        outcome = _sent(args, how) if args.resume is None else _gone_on(args, how)
    if args.save is not None:
        output.write(load.encode(outcome), args.save)
    load_faces.show(outcome, args)
    results = (outcome,) if isinstance(outcome, LoadResult) else outcome.results
    worse = _against(args, before, results) if before else False
    return load_report.exit_code(outcome) or int(worse)


def _sent(args: argparse.Namespace, how: How) -> LoadResult | LoadSeries:
    from msgspec.structs import replace

    from seatrial.app import load
    from seatrial.cli import load_inside, load_plan

    usual = {"rate": 10.0, "length": 20.0} if args.service is None and args.lab is not None else {}
    plan = load_plan.plan(args, args.url or "", load.cores(), **usual)
    with load_inside.reached(args, plan) as (reached, hire):
        how = replace(how, hire=hire)
        return _series(args, reached, how) or load.send(reached, how, record=args.record)


def _gone_on(args: argparse.Namespace, how: How) -> LoadResult:
    from msgspec.structs import replace

    from seatrial.app import load
    from seatrial.cli import load_again, load_inside

    left = load.left_of(args.resume)
    if left.done:
        return left.result()
    with load_inside.reached(args, load_again.plan(args, left.plan)) as (plan, hire):
        return load.go_on(left, plan, replace(how, hire=hire))


def _series(args: argparse.Namespace, plan: Plan, how: How) -> LoadSeries | None:
    from seatrial.app import load, load_series

    def begin(what: str) -> None:
        sys.stderr.write(f"… {what}\n")

    def send(one: Plan) -> LoadResult:
        return load.send(one, how)

    if args.repeats:
        return load_series.repeats(plan, args.repeats, send=send, begin=begin)
    if args.sweep:
        return load_series.rates(plan, args.sweep, send=send, begin=begin)
    if args.find_rate:
        return load_series.highest(plan, within=0.05, send=send, begin=begin)
    return None


def _against(args: argparse.Namespace, before: tuple[LoadResult, ...], after: tuple[LoadResult, ...]) -> bool:
    """Whether something got worse than it was. What is not text on standard output is left as it is."""
    from seatrial.app import load_compare

    compared = load_compare.compare(before, after)
    if args.output == "text" and args.output_file is None:
        output.write(load_compare.as_text(compared, colour=output.colour()))
    else:
        sys.stderr.write(load_compare.as_text(compared))
    return any(one.worse for one in compared.changes)


def _rates(text: str) -> tuple[float, ...]:
    """``10,20,40``."""
    return tuple(load_flags.positive(one) for one in text.split(","))
