"""prove: run checks against a cluster, with leave to create things, and score the requirements of a standard."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Mapping

import msgspec

import seatrial
from seatrial.app.leave import Consent, alone, bench_on
from seatrial.app.preflight import Preflight, checks_for, look_ahead
from seatrial.app.reach import Ground, reach, with_images
from seatrial.app.started import not_started
from seatrial.app.target import Target
from seatrial.engine.catalog import Catalog
from seatrial.engine.judge import Judged, Stopped, judge
from seatrial.engine.plan import plan
from seatrial.engine.score import score
from seatrial.kit.clock import Clock, SystemClock
from seatrial.kit.nearest import meant
from seatrial.lab import site as sites
from seatrial.lab.node.programs import IMAGE
from seatrial.model.check import Check
from seatrial.model.errors import UsageError
from seatrial.model.fact import Fact
from seatrial.model.progress import Event, State, Tell, silent
from seatrial.model.run import Run
from seatrial.model.standard import Automated, Standard


async def prove(
    target: Target,
    *,
    standard: str | None = None,
    only: tuple[str, ...] = (),
    insisted: bool = True,
    consent: Consent,
    image: str | None = None,
    tell: Tell = silent,
    clock: Clock | None = None,
    command: str = "prove",
) -> Run:
    """``only`` names checks, or requirements of the standard.

    What the preflight holds back is not begun. Who names a check insists, unless it is said otherwise: for that one
    nobody looks ahead.
    """
    clock = clock or SystemClock()
    aim = _aim(standard, only, insisted=only if insisted else ())
    started = clock.now()
    async with alone(target), reach(target, aim.catalog, aim.reads) as found:
        ground = found
        first = await _preflight(aim, ground, clock, tell)
        going = first.going(aim.checks)
        intended = plan(aim.catalog, going, ground.snapshot).consent
        bench, cleared = await bench_on(intended, ground, consent, image or IMAGE, clock)
        if cleared and ground.look:  # what was read had the remains of a killed run in it
            ground = msgspec.structs.replace(ground, snapshot=await ground.look())
            first = await _preflight(aim, ground, clock, tell)
            going = tuple(check for check in first.going(aim.checks) if check in going)  # no more than was agreed to
        complete = True
        try:
            judged = await judge(aim.catalog, going, ground.snapshot, open_bench=bench, clock=clock, tell=tell)
        except Stopped as stopped:
            judged, complete = stopped.so_far, False
    findings = (*first.obstacles, *first.held, *judged.findings)
    if target.lab is not None:
        findings = not_started(findings, aim.catalog, sites.need(target.lab))
    return _run(
        aim,
        ground,
        command=command,
        times=(started, clock.now()),
        judged=Judged(findings, judged.evidence),
        complete=complete,
    )


async def preflight(
    target: Target,
    *,
    standard: str | None = None,
    only: tuple[str, ...] = (),
    tell: Tell = silent,
    clock: Clock | None = None,
    command: str = "prove --preflight",
) -> Run:
    """Only what cannot be proven on this cluster, and why. Nothing is created."""
    clock = clock or SystemClock()
    aim = _aim(standard, only)
    started = clock.now()
    async with reach(target, aim.catalog, aim.reads) as ground:
        first = await _preflight(aim, ground, clock, tell)
    return _run(
        aim,
        ground,
        command=command,
        times=(started, clock.now()),
        judged=Judged((*first.findings, *first.held), ()),
        about={one.check for one in first.held},
    )


class _Aim(msgspec.Struct, frozen=True):
    """What is to be proven, and by which checks."""

    catalog: Catalog
    standard: Standard | None
    checks: tuple[Check, ...]
    only: tuple[str, ...]
    ahead: tuple[Check, ...]  # those of the checks for which the preflight looks ahead

    @property
    def reads(self) -> tuple[type[Fact], ...]:
        return plan(self.catalog, (*checks_for(self.catalog, self.ahead), *self.checks)).facts


def _aim(standard: str | None, only: tuple[str, ...], *, insisted: tuple[str, ...] = ()) -> _Aim:
    catalog = Catalog.installed()
    chosen = catalog.standard(standard) if standard else None
    checks = choose(catalog, chosen, only)
    return _Aim(catalog, chosen, checks, only, tuple(check for check in checks if check.id not in insisted))


async def _preflight(aim: _Aim, ground: Ground, clock: Clock, tell: Tell) -> Preflight:
    if not checks_for(aim.catalog, aim.ahead):
        return Preflight()
    what = "look ahead"
    tell(Event(what, State.BEGUN))
    first = await look_ahead(aim.catalog, aim.ahead, ground, clock)
    reasons = "; ".join(f"{one.check} {one.because}" for one in first.held)
    tell(Event(what, State.DONE, reasons or "nothing stands in the way"))
    return first


def _run(
    aim: _Aim,
    ground: Ground,
    *,
    command: str,
    times: tuple[dt.datetime, dt.datetime],
    judged: Judged,
    complete: bool = True,
    about: Collection[str] | None = None,
) -> Run:
    """``about``: the checks whose requirements are told; those of all that were to be proven unless given."""
    judging = {check.id for check in aim.checks} if about is None else set(about)
    scored = score(aim.standard, judged.findings) if aim.standard else ()
    whole = about is None and not aim.only
    read = {kind.of for kind in plan(aim.catalog, aim.checks).facts}
    aside = {kind.of for kind in aim.reads} - read  # what only the preflight reads, and gets on without
    return Run(
        id=str(uuid.uuid4()),
        seatrial=seatrial.__version__,
        command=command,
        started_at=times[0],
        finished_at=times[1],
        environment=with_images(ground),
        requirements=tuple(one for one in scored if whole or judging & set(one.checks)),
        findings=judged.findings,
        pages=aim.catalog.pages(judged.findings),
        evidence=judged.evidence,
        gaps=tuple(gap for of, gap in ground.snapshot.gaps.items() if of not in aside),
        complete=complete,
    )


def choose(catalog: Catalog, standard: Standard | None, only: tuple[str, ...]) -> tuple[Check, ...]:
    """The checks behind a standard's requirements, or all that judge a platform; narrowed to those that ``only`` names."""
    covering = {
        requirement.id: requirement.coverage.checks if isinstance(requirement.coverage, Automated) else ()
        for requirement in (standard.requirements if standard else ())
    }
    active = [check.id for check in catalog.checks.values() if check.active]
    wanted = [_named(catalog, name, covering) for name in only] or (covering.values() if standard else [tuple(active)])
    return tuple(catalog.checks[id] for id in dict.fromkeys(id for ids in wanted for id in ids))


def _named(catalog: Catalog, name: str, covering: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The checks of a requirement, an area's that act, or one check."""
    if name in covering:
        return covering[name]
    if area := tuple(check.id for check in catalog.checks.values() if check.active and check.area == name):
        return area
    if name in catalog.checks:
        return (name,)
    areas = {check.area for check in catalog.checks.values() if check.active}
    raise UsageError(
        f"--only {name!r} is neither a check, an area of proofs nor a requirement here",
        way_out=meant(name, (*covering, *sorted(areas), *catalog.checks), "seatrial list checks shows all"),
    )
