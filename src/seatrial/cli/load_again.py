"""How a load that was cut off finds its server, and who sends it, again."""

from __future__ import annotations

import argparse

from msgspec.structs import replace

from seatrial.model.errors import UsageError
from seatrial.model.load import Plan


def plan(args: argparse.Namespace, plan: Plan) -> Plan:
    """That of the record, for ``load_inside.reached``. What the flags say has to be what they said then."""
    from seatrial.app import load_service

    _same_senders(args, plan)
    proxied = load_service.is_proxied(plan.target)
    if plan.target.simulated:
        if args.lab is None or args.service is not None:
            raise UsageError(
                "--resume: this load was of servers that a lab had for it alone", way_out="start them again: --lab NAME"
            )
        return replace(plan, target=replace(plan.target, url=""))
    if proxied and args.service is None:
        raise UsageError(
            "--resume: this load went through an API server", way_out="name it again, with --service NAMESPACE/NAME"
        )
    if args.service is not None and not (proxied or plan.in_pods):
        raise UsageError("--resume: --service is not where this load went", way_out="leave --service out")
    if args.lab is not None and args.service is None and not plan.in_pods:
        raise UsageError("--resume: --lab is not where this load went", way_out="leave --lab out")
    return replace(plan, target=load_service.bare(plan.target)) if proxied else plan


def _same_senders(args: argparse.Namespace, plan: Plan) -> None:
    if plan.in_pods and args.in_cluster != plan.shards:
        raise UsageError(
            f"--resume: this load was of {plan.shards} pods", way_out=f"say so again: --in-cluster {plan.shards}"
        )
    if args.in_cluster is not None and not plan.in_pods:
        raise UsageError("--resume: --in-cluster is not how this load was sent", way_out="leave --in-cluster out")
