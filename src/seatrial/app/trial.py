"""trial: everything that is known so far, on a lab, in one Run. What is up is proven while the rest is built."""

from __future__ import annotations

import asyncio
import time

import msgspec

from seatrial.app import lab
from seatrial.app.bench import bench
from seatrial.app.proofs import concerned, joined
from seatrial.app.prove import prove
from seatrial.app.started import left_out
from seatrial.app.target import Target
from seatrial.engine.catalog import Catalog
from seatrial.engine.score import exit_code as score_of
from seatrial.engine.score import score
from seatrial.lab.forge import Yard
from seatrial.model.lab import LabLevel, LabSpec
from seatrial.model.measure import Measure
from seatrial.model.progress import Event, State, Tell, silent
from seatrial.model.run import Run
from seatrial.model.verdict import Outcome

FLEET = "h100:8x4,mi300x:8x2"
_WINDOW = 120  # seconds that its monitoring system is asked about: it has not run for long
_BUILDING = "build what this machine does not have yet, and prove what is up meanwhile"


async def trial(
    *,
    name: str = "trial",
    kubernetes: str = "1.37",
    level: LabLevel = LabLevel.NODE,
    systems: tuple[str, ...] = (lab.DEFAULT,),
    within: float | None = None,
    keep: bool = False,
    tell: Tell = silent,
) -> Run:
    """Start the lab, prove every standard's covered requirements on it, and take it down unless it is to be kept.

    ``within`` is how many minutes the systems get to be built; those that are not built then are left out.
    """
    catalog = Catalog.installed()
    spec = lab.resolved(
        LabSpec(name=name, kubernetes=kubernetes, level=level, fleet=lab.parse_fleet(FLEET), systems=systems)
    )
    keep = keep or lab.is_there(name)
    if expected := lab.outlook(spec):
        tell(Event(_BUILDING, State.BEGUN, expected=expected))
    try:
        async with lab.yard(spec, within=None if within is None else within * 60, tell=tell) as yard:
            run = await _proven(spec, yard, catalog, tell)
            run = await _measured(spec, run, tell) if run.complete else run
    finally:
        if not keep:
            await lab.down(name, tell=tell)
    if expected:
        tell(Event(_BUILDING, State.DONE, f"{len(yard.ready)} of {len(spec.systems)} systems"))
    findings = (*run.findings, *left_out(yard.left, catalog, yard.ready))
    requirements = tuple(one for standard in catalog.standards.values() for one in score(standard, findings))
    return msgspec.structs.replace(run, findings=findings, pages=catalog.pages(findings), requirements=requirements)


async def _proven(spec: LabSpec, yard: Yard, catalog: Catalog, tell: Tell) -> Run:
    """Prove on the bare lab, or on what is built already; then, as systems come, what they change."""
    begun = time.monotonic()
    there = yard.ready
    await lab.up(msgspec.structs.replace(spec, systems=there), tell=tell)
    took = Measure(
        id="lab.start",
        value=round(time.monotonic() - begun, 1),
        unit="s",
        source="this command's own clock, builds included",
    )
    run = await _prove(spec, (), tell)
    try:
        while run.complete and await yard.more():
            again = concerned(catalog, run, set(yard.ready) - set(there))
            there = yard.ready
            await lab.up(msgspec.structs.replace(spec, systems=there), tell=tell)
            run = joined(run, await _prove(spec, again, tell), again)
    except asyncio.CancelledError:  # what is known is worth showing
        run = msgspec.structs.replace(run, complete=False)
    return msgspec.structs.replace(run, measures=(took,))


async def _measured(spec: LabSpec, run: Run, tell: Tell) -> Run:
    """Every benchmark metric as well. That a lab without work misses a target is told with the number, and fails no trial."""
    begun = time.monotonic()
    found = await bench(Target(lab=spec.name, window=_WINDOW), consent=lambda _: True, tell=tell, command="trial")
    took = Measure(
        id="trial.measuring", value=round(time.monotonic() - begun, 1), unit="s", source="this command's own clock"
    )
    return msgspec.structs.replace(
        run,
        finished_at=found.finished_at,
        measures=(*run.measures, took, *found.measures),
        evidence=(*run.evidence, *found.evidence),
        complete=found.complete,
    )


async def _prove(spec: LabSpec, only: tuple[str, ...], tell: Tell) -> Run:
    return await prove(
        Target(lab=spec.name), only=only, insisted=False, consent=lambda _: True, tell=tell, command="trial"
    )


def exit_code(run: Run) -> int:
    """A trial went well where it ran to its end and nothing failed; what this machine cannot show is said, and no failure."""
    outcomes = {one.outcome for one in run.findings} | {one.outcome for one in run.requirements if one.covered}
    went_well = run.complete and not outcomes & {Outcome.FAIL, Outcome.ERROR}
    return 0 if went_well else score_of(run)
