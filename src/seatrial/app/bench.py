"""bench: measure what the benchmarking framework asks for, each number with how it was obtained and whether it may be relied on."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec

import seatrial
from seatrial.app import load_sample
from seatrial.app.leave import Consent, alone, bench_on
from seatrial.app.reach import Ground, reach, with_images
from seatrial.app.target import Target as Where
from seatrial.cluster import collect
from seatrial.engine.catalog import Catalog
from seatrial.engine.measuring import Cut, intention, measure
from seatrial.engine.plan import Plan
from seatrial.engine.score import exit_code as score_of
from seatrial.engine.waiting import diagnosis
from seatrial.kit.clock import Clock, SystemClock
from seatrial.lab.node.programs import IMAGE
from seatrial.model.errors import UsageError
from seatrial.model.fact import Fact
from seatrial.model.measure import Target
from seatrial.model.metric import Means, Metric
from seatrial.model.progress import Tell, silent
from seatrial.model.run import Run
from seatrial.model.verdict import Outcome

ALL = "all"
GIVEN = "given on the command line"


class Extent(msgspec.Struct, frozen=True):
    """How much is measured: more of it takes longer and says more."""

    times: int = 3  # that what takes time is repeated
    gangs: int = 20


async def bench(
    where: Where,
    *,
    names: Sequence[str] = (ALL,),
    extent: Extent = Extent(),  # noqa: B008 - frozen
    targets: Mapping[str, float] | None = None,
    consent: Consent,
    image: str | None = None,
    tell: Tell = silent,
    clock: Clock | None = None,
    command: str = "bench",
) -> Run:
    """``targets`` are by the id of a metric, or by an area, whose metrics all get it."""
    clock = clock or SystemClock()
    catalog = Catalog.installed()
    metrics = choose(catalog, names)
    wanted = _targets(targets or {}, metrics)
    facts = intention(catalog, metrics).facts
    started = clock.now()
    async with alone(where), reach(where, catalog, facts) as found:
        ground = found
        leave, cleared = await bench_on(
            intention(catalog, metrics, ground.snapshot).consent, ground, consent, image or IMAGE, clock
        )
        if cleared and ground.look:  # what was read had the remains of a killed run in it
            ground = msgspec.structs.replace(ground, snapshot=await ground.look())
        sample = load_sample.of_lab(where.lab, ground, clock, tell)
        means = Means(
            clock=clock,
            window=float(where.window),
            step=float(where.step),
            times=extent.times,
            gangs=extent.gangs,
            deadlocks=_circles(catalog, ground),
            load=sample,
        )
        complete = True
        try:
            measured = await measure(
                catalog,
                metrics,
                ground.snapshot,
                open_bench=leave,
                means=means,
                targets=wanted,
                simulated=ground.environment.simulated,
                tell=tell,
            )
        except Cut as cut:
            measured, complete = cut.so_far, False
    return Run(
        id=str(uuid.uuid4()),
        seatrial=seatrial.__version__,
        command=command,
        started_at=started,
        finished_at=clock.now(),
        environment=with_images(ground),
        findings=measured.findings,
        pages=catalog.pages(measured.findings),
        measures=measured.measures,
        evidence=(*measured.evidence, *(sample.evidence if sample else ())),
        gaps=tuple(ground.snapshot.gaps[kind.of] for kind in facts if kind.of in ground.snapshot.gaps),
        complete=complete,
    )


def exit_code(run: Run) -> int:
    """0 when something was measured and is as it should be, or nothing says how it should be; 1 when something is not."""
    outcomes = {one.outcome for one in run.findings}
    if not run.complete or outcomes & {Outcome.FAIL, Outcome.ERROR}:
        return score_of(run)
    return 0 if any(one.valid for one in run.measures) else 3


def choose(catalog: Catalog, names: Sequence[str]) -> tuple[Metric, ...]:
    """By id or by area; ``all`` is every metric."""
    every = tuple(catalog.metrics.values())
    chosen: dict[str, Metric] = {}
    for name in names:
        found = {one.id: one for one in every if name in (ALL, one.id, one.area)}
        if not found:
            areas = ", ".join(sorted({one.area for one in every}))
            raise UsageError(f"there is no metric {name!r}", way_out=f"one of: {ALL}, {areas}")
        chosen |= found
    return tuple(chosen.values())


def permitted(catalog: Catalog) -> Plan:
    """All that measuring reads and does. Whoever looks for circles of waiting reads what ``diagnose`` does."""
    planned = intention(catalog, tuple(catalog.metrics.values()))
    facts = {kind.of: kind for kind in (*planned.facts, *_of_waiting(catalog))}
    return msgspec.structs.replace(planned, facts=tuple(facts[of] for of in sorted(facts)))


def _of_waiting(catalog: Catalog) -> tuple[type[Fact], ...]:
    return tuple({kind.of: kind for one in catalog.sources.values() for kind in one.reads}.values())


def _targets(given: Mapping[str, float], metrics: Sequence[Metric]) -> dict[str, Target]:
    """At least so much where the metric's own target is one from below; otherwise at most."""
    found = {}
    for name, bound in given.items():
        meant = [one for one in metrics if name in (one.area, one.id)]
        if not meant:
            known = dict.fromkeys(key for one in metrics for key in (one.area, one.id))
            raise UsageError(f"--target {name}: that is not measured here", way_out=f"one of: {', '.join(known)}")
        for of in meant:
            least = of.target.least if of.target else of.unit not in ("s", "errors")
            found[of.id] = Target(bound, of.unit, GIVEN, least=least)
    return found


def _circles(catalog: Catalog, ground: Ground) -> Callable[[str], Awaitable[tuple[str, ...]]]:
    """Who looks for circles of waiting: the same that ``diagnose`` asks."""
    sources = tuple(catalog.sources.values())
    kinds = _of_waiting(catalog)

    async def look(namespace: str) -> tuple[str, ...]:
        if ground.client is None:
            return ()
        snapshot = await collect.collect(ground.client, kinds)
        causes = diagnosis.diagnose(sources, snapshot).causes
        return tuple(
            one.because for one in causes if one.deadlock and any(f"/{namespace}/" in who for who in one.cycle)
        )

    return look
