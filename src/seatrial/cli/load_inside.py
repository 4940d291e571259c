"""Where a load goes and who sends it, where one of the two is inside a cluster."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from msgspec.structs import replace

from seatrial.model.errors import UsageError

if TYPE_CHECKING:
    from seatrial.app.load import Hire
    from seatrial.app.target import Target
    from seatrial.model.load import Plan
    from seatrial.model.progress import Tell

Reached = tuple["Plan", "Hire"]


@contextmanager
def reached(args: argparse.Namespace, plan: Plan) -> Iterator[Reached]:
    """The plan with the address of what was named, and who sends it."""
    from seatrial.app.load import here
    from seatrial.cli.progress import PlainLines

    tell = PlainLines(sys.stderr, time.monotonic).tell
    named = bool(plan.target.url) or args.service is not None
    if args.in_cluster is None:
        with _from_here(args, plan, tell) if args.service or args.lab else nullcontext(plan) as found:
            yield found, here
        return
    _all_have_one(args, plan)
    plan = replace(plan, shards=args.in_cluster, in_pods=True)
    with _from_pods(args, plan, tell) if named else _in_lab(args, plan, tell) as both:
        yield both


@contextmanager
def _from_here(args: argparse.Namespace, plan: Plan, tell: Tell) -> Iterator[Plan]:
    from seatrial.app import load_lab, load_service

    if args.service is not None:
        with load_service.through(_cluster(args), args.service, plan.target) as target:
            yield replace(plan, target=target)
        return
    with load_lab.serving(args.lab, tell=tell) as served:
        yield replace(plan, target=replace(plan.target, url=served.url, simulated=load_lab.SIMULATED))


@contextmanager
def _in_lab(args: argparse.Namespace, plan: Plan, tell: Tell) -> Iterator[Reached]:
    """Servers and senders side by side."""
    from seatrial.app import load_lab
    from seatrial.app.load_job import Gang, Yard

    _can_be_handed(plan)
    with load_lab.serving(args.lab, tell=tell) as served:
        plan = replace(plan, target=replace(plan.target, url=served.url, simulated=load_lab.SIMULATED))
        it = served.lent
        own = Yard(it.bench, it.client, it.runner, args.image) if args.image else None
        yield plan, Gang(own or load_lab.yard(args.lab, it, tell=tell))


@contextmanager
def _from_pods(args: argparse.Namespace, plan: Plan, tell: Tell) -> Iterator[Reached]:
    from seatrial.app import load_lab, load_service
    from seatrial.app.load_bench import lent
    from seatrial.app.load_job import Gang, Yard
    from seatrial.cli.consent import asking
    from seatrial.cli.progress import PlainLines

    if args.lab is None and args.image is None:
        raise UsageError(
            "pods need an image with Python and seatrial in it", way_out="name one that this cluster can pull: --image"
        )
    _can_be_handed(plan)
    consent = asking(yes=args.yes, progress=PlainLines(sys.stderr, time.monotonic))
    with lent(_cluster(args), _what(args, plan), consent, tell) as it:
        url = it.runner.run(load_service.inside(it.client, args.service)) if args.service else plan.target.url
        plan = replace(plan, target=replace(plan.target, url=url))
        own = Yard(it.bench, it.client, it.runner, args.image) if args.image else None
        yield plan, Gang(own or load_lab.yard(args.lab, it, tell=tell))


def _what(args: argparse.Namespace, plan: Plan) -> str:
    several = bool(args.repeats or args.sweep or args.find_rate)
    keys = bool(plan.target.secret_headers or plan.target.tls.ca or plan.target.tls.certificate)
    each = ", one for each run" if several else ""
    return f"a Job of {args.in_cluster} pods that send load{each}{', and a Secret with its keys' if keys else ''}"


def _can_be_handed(plan: Plan) -> None:
    """What is wrong with keys is said before anything is created."""
    from seatrial.app.load_keys import handed

    handed(plan.target, os.environ)


def _all_have_one(args: argparse.Namespace, plan: Plan) -> None:
    from seatrial.model.load import Closed

    if isinstance(plan.arrivals, Closed) and plan.arrivals.clients < args.in_cluster:
        raise UsageError(
            f"--in-cluster {args.in_cluster} with --clients {plan.arrivals.clients} leaves pods without a client",
            way_out="ask for at least as many clients as pods",
        )


def _cluster(args: argparse.Namespace) -> Target:
    from seatrial.app.target import Target

    return Target(kubeconfig=args.kubeconfig, context=args.context, lab=args.lab)
