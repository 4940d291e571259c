"""check: judge by what can be read alone. Nothing is created, and a cluster need not even be there."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from pathlib import Path

import seatrial
from seatrial.app.reach import reach
from seatrial.app.target import Target
from seatrial.catalog.checks.preflight import AREA
from seatrial.catalog.views.fleet import Accelerators
from seatrial.engine import exceptions
from seatrial.engine.catalog import Catalog
from seatrial.engine.judge import Stopped, judge
from seatrial.engine.plan import plan
from seatrial.kit.clock import Clock, SystemClock
from seatrial.model.check import Check
from seatrial.model.errors import UsageError
from seatrial.model.fact import Snapshot, sources
from seatrial.model.progress import Event, State, Tell, silent
from seatrial.model.run import Environment, Run
from seatrial.model.verdict import Finding


async def check(
    target: Target,
    *,
    only: tuple[str, ...] = (),
    accept: Path | None = None,
    tell: Tell = silent,
    clock: Clock | None = None,
    command: str = "check",
    keep: Callable[[Snapshot], None] = lambda _: None,
) -> Run:
    """``only`` names checks or areas; ``accept`` is a file of exceptions; ``keep`` is handed what was read."""
    clock = clock or SystemClock()
    catalog = Catalog.installed()
    checks = choose(catalog, only)
    accepted = exceptions.read(accept, catalog) if accept else ()
    started = clock.now()
    tell(Event("read", State.BEGUN))
    async with reach(target, catalog, (*plan(catalog, checks).facts, *sources(Accelerators))) as ground:
        tell(Event("read", State.DONE, ground.told))
        complete = True
        try:
            judged = await judge(catalog, checks, ground.snapshot, open_bench=None, clock=clock, tell=tell)
        except Stopped as stopped:
            judged, complete = stopped.so_far, False
        keep(ground.snapshot)
    return run_of(
        ground.snapshot,
        ground.environment,
        exceptions.applied(accepted, judged.findings, today=started.date()),
        catalog=catalog,
        started=started,
        clock=clock,
        command=command,
        complete=complete,
    )


def run_of(
    snapshot: Snapshot,
    environment: Environment,
    findings: tuple[Finding, ...],
    *,
    catalog: Catalog,
    started: dt.datetime,
    clock: Clock,
    command: str,
    complete: bool,
) -> Run:
    return Run(
        id=str(uuid.uuid4()),
        seatrial=seatrial.__version__,
        command=command,
        started_at=started,
        finished_at=clock.now(),
        environment=environment,
        findings=findings,
        pages=catalog.pages(findings),
        fleet=tuple(one.shown for one in snapshot.all(Accelerators)),
        gaps=tuple(snapshot.gaps.values()),
        complete=complete,
    )


def choose(catalog: Catalog, only: tuple[str, ...]) -> tuple[Check, ...]:
    """Every check that reads only, or those of the ids and areas that are named. The preflight's judge a ground for proofs."""
    reading = {one.id: one for one in catalog.checks.values() if not one.active and one.area != AREA}
    if not only:
        return tuple(reading.values())
    areas = {one.area for one in reading.values()}
    chosen: dict[str, Check] = {}
    for name in only:
        found = {id: one for id, one in reading.items() if name in (id, one.area)}
        if not found:
            raise UsageError(
                f"--only {name!r} is neither a check that reads nor an area of such",
                way_out=f"areas are {', '.join(sorted(areas))}; seatrial list checks shows all",
            )
        chosen |= found
    return tuple(chosen.values())
