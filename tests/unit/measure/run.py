"""One process of a load inside the test, and what it adds up to."""

from __future__ import annotations

import functools
import time
from typing import Any

from seatrial.measure.pool import resolve
from seatrial.measure.prompts import Requests, address
from seatrial.measure.secure import maker
from seatrial.measure.sender import Sender
from seatrial.measure.tally import Tally
from seatrial.measure.wire import MakeWire, Wire
from seatrial.model.load import Closed, Open, Phase, Plan, Process, Shard, Target
from seatrial.model.load_result import Ending, LoadResult, Part, Row


def open_plan(url: str, *, rate: float = 50.0, seconds: float = 0.4, **more: Any) -> Plan:
    arrivals = Open(phases=(Phase(seconds=seconds, rate=rate),), process=Process.CONSTANT)
    return Plan(target=Target(url=url), arrivals=arrivals, **more)


def closed_plan(url: str, *, clients: int = 1, requests: int = 1, **more: Any) -> Plan:
    return Plan(target=Target(url=url), arrivals=Closed(clients=clients, requests=requests), **more)


def parts_of(plan: Plan, requests: type[Requests] = Requests) -> list[Part]:
    """``requests`` may be such as take their time."""
    parts: list[Part] = []
    target = address(plan.target.url)
    make: MakeWire = functools.partial(Wire, stamped=plan.kernel_stamps)
    if target.scheme == "https":
        make = maker(plan.target.tls, target.hostname or "", stamped=plan.kernel_stamps)
    endpoints = resolve(target.hostname or "", target.port or 80)
    Sender(Shard(plan=plan), requests(plan, {"KEY": "geheim"}), endpoints, make, time.monotonic_ns()).run(parts.append)
    return parts


def result_of(plan: Plan, requests: type[Requests] = Requests) -> LoadResult:
    tally = Tally(plan)
    for part in parts_of(plan, requests):
        tally.add(part)
    return tally.result("2026-01-01T00:00:00+00:00")


def row_of(plan: Plan) -> Row:
    """The only request of this plan."""
    (row,) = (row for part in parts_of(plan) for row in part.rows)
    return row


def ending_of(url: str, **more: Any) -> Ending:
    return row_of(closed_plan(url, **more)).ending
