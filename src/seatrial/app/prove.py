"""prove: run checks against a cluster, with leave to create things, and score the requirements of a standard."""

from __future__ import annotations

import functools
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import seatrial
from seatrial.app.reach import Ground, reach
from seatrial.app.target import Target
from seatrial.cluster.bench import open_bench, sweep
from seatrial.engine.catalog import Catalog
from seatrial.engine.hearing import OpenBench
from seatrial.engine.judge import Stopped, judge
from seatrial.engine.plan import plan
from seatrial.engine.score import score
from seatrial.kit import files
from seatrial.kit.clock import Clock, SystemClock
from seatrial.lab import site as sites
from seatrial.lab.node.programs import IMAGE
from seatrial.model.check import Check
from seatrial.model.errors import CannotJudge, ConsentRefused, UsageError
from seatrial.model.progress import Tell, silent
from seatrial.model.run import EnvironmentKind, Run
from seatrial.model.standard import Automated, Standard

Consent = Callable[[Sequence[str]], bool]
_OLD = 3600.0  # seconds after which a bench in somebody's cluster cannot be at work any more
# How long something must hold before it counts, and how long to wait for what will happen: a lab decides in milliseconds.
_PACE = {EnvironmentKind.LAB: (2.0, 30.0), EnvironmentKind.LIVE: (30.0, 300.0)}


async def prove(
    target: Target,
    *,
    standard: str | None = None,
    only: tuple[str, ...] = (),
    consent: Consent,
    image: str | None = None,
    tell: Tell = silent,
    clock: Clock | None = None,
    command: str = "prove",
) -> Run:
    """``only`` names checks, or requirements of the standard."""
    clock = clock or SystemClock()
    catalog = Catalog.installed()
    chosen = catalog.standard(standard) if standard else None
    checks = choose(catalog, chosen, only)
    started = clock.now()
    async with _alone(target), reach(target, catalog, plan(catalog, checks).facts) as ground:
        intended = plan(catalog, checks, ground.snapshot).consent
        bench = await _bench(intended, ground, consent, image or IMAGE, clock)
        complete = True
        try:
            judged = await judge(catalog, checks, ground.snapshot, open_bench=bench, clock=clock, tell=tell)
        except Stopped as stopped:
            judged, complete = stopped.so_far, False
    judging = {check.id for check in checks}
    scored = score(chosen, judged.findings) if chosen else ()
    return Run(
        id=str(uuid.uuid4()),
        seatrial=seatrial.__version__,
        command=command,
        started_at=started,
        finished_at=clock.now(),
        environment=ground.environment,
        requirements=tuple(one for one in scored if not only or judging & set(one.checks)),
        findings=judged.findings,
        evidence=judged.evidence,
        gaps=tuple(ground.snapshot.gaps.values()),
        complete=complete,
    )


@asynccontextmanager
async def _alone(target: Target) -> AsyncIterator[None]:
    """One proof at a time on one lab: two would take each other's accelerators, and neither verdict would mean anything."""
    if target.lab is None:
        yield
        return
    try:
        with files.locked(sites.need(target.lab).path("prove.lock"), wait=False):
            yield
    except BlockingIOError as error:
        raise CannotJudge(f"another proof is at work on lab {target.lab!r}", way_out="wait until it is done") from error


def choose(catalog: Catalog, standard: Standard | None, only: tuple[str, ...]) -> tuple[Check, ...]:
    """The checks behind a standard's requirements, or all; narrowed to those that ``only`` names."""
    covering = {
        requirement.id: requirement.coverage.checks if isinstance(requirement.coverage, Automated) else ()
        for requirement in (standard.requirements if standard else ())
    }
    ids: list[str] = []
    for name in only or (covering if standard else catalog.checks):
        ids += covering[name] if name in covering else [_check_id(catalog, name, covering)]
    return tuple(catalog.checks[id] for id in dict.fromkeys(ids))


def _check_id(catalog: Catalog, name: str, covering: dict[str, tuple[str, ...]]) -> str:
    if name in catalog.checks:
        return name
    known = ", ".join((*covering, *catalog.checks))
    raise UsageError(f"--only {name!r} is neither a check nor a requirement here", way_out=f"one of: {known}")


async def _bench(
    intended: tuple[str, ...], ground: Ground, consent: Consent, image: str, clock: Clock
) -> OpenBench | None:
    """Leave to create things: none where nothing would be created or there is no cluster; asked for elsewhere."""
    if ground.client is None or not intended:
        return None
    if not consent(intended):
        raise ConsentRefused("nothing was created, because there was no leave to", way_out="give it with --yes")
    await sweep(ground.client, older_than=0 if ground.environment.kind is EnvironmentKind.LAB else _OLD, clock=clock)
    window, patience = _PACE[ground.environment.kind]
    return functools.partial(
        open_bench,
        ground.client,
        image=image,
        window=window,
        patience=patience,
        simulated=ground.environment.simulated,
        clock=clock,
    )
