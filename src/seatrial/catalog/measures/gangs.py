"""Gang scheduling under contention: how many gangs are whole in time, how long that takes, and whether some lock each other up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from enum import StrEnum

import msgspec

from seatrial.catalog.checks.stage import Stage, bound, find_stages, members_of, running, submit, withdraw
from seatrial.catalog.measures.moments import spread
from seatrial.catalog.roles import Gang, GangScheduler
from seatrial.catalog.systems.kubernetes.core import Node
from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.kit.quantiles import share_between
from seatrial.kit.together import together
from seatrial.model.fact import All
from seatrial.model.measure import Measure, Row, Target, doubted, held_against
from seatrial.model.metric import OF_TALK, Means, metric
from seatrial.model.room import Room
from seatrial.model.verdict import Verdict, unknown
from seatrial.model.workbench import Workbench

_FEWEST = 20  # of fewer, one gang is more than the share that is allowed to fail; a proposal
_CROWD = 3  # for each gang that there is room for, so many are there
_MOST_LOOKS = 3  # for circles of waiting: each reads what the whole cluster waits for
_ERROR = 0.2  # seconds that a watch may be behind
_NO_DEADLOCK = Target(0, "deadlocks", "one never ends by itself")


class End(StrEnum):
    WHOLE = "whole in time"
    PARTLY = "partly placed when the time was up"
    NOT = "not placed when the time was up"


class Outcome(msgspec.Struct, frozen=True):
    end: End
    seconds: float


@metric(
    "gangs.whole-in-time",
    unit="%",
    target=Target(99, "%", OF_TALK, least=True),
    creates=("pods",),
    exclusive=("accelerators",),
)
async def whole_in_time(
    scheduler: GangScheduler, nodes: All[Node], pods: All[Pod], bench: Workbench, room: Room, *, means: Means
) -> list[Measure] | Verdict:
    """Of the gangs that are submitted, the share whose pods all run in time.

    How: gangs come one after another to the free accelerators of one or two nodes, so that three times as many are there at any moment
    as fit; each that is whole ends at once and the next one comes. In time is within half a minute of its first pod in a lab (a minute
    on a busy machine), and within 5 min elsewhere. Beside it how long gangs waited until they were whole, and how many circles of
    waiting there were whenever a gang was not.
    Fix: see which gangs were partly placed; let one gang scheduler start every distributed job, with quota at or below what nodes have.
    """
    stages = find_stages(nodes, pods)
    if not stages:
        return unknown("no two accelerators of one kind are free on ready nodes, so nothing can compete for them")
    stage = stages[await room.take(*(one.parts for one in stages))]
    crowd = _Crowd(scheduler, stage, bench, means)
    bench.note(
        "stage", nodes=list(stage.nodes), resource=stage.resource, free=stage.free, gangs=means.gangs, pods=crowd.size
    )
    await together(*(crowd.send() for _ in range(crowd.at_once)))
    bench.control(
        f"{means.gangs} gangs of {crowd.size} on {stage.free} accelerators, {crowd.at_once} at a time",
        **Counter(one.end.value for one in crowd.outcomes),
        deadlocks=sorted(crowd.deadlocks),
    )
    return list(_measures(scheduler.player, crowd))


class _Crowd:
    """Gangs that come as others end, until so many have come as were asked for."""

    def __init__(self, scheduler: GangScheduler, stage: Stage, bench: Workbench, means: Means) -> None:
        self.scheduler, self.stage, self.bench, self.means = scheduler, stage, bench, means
        self.size = max(2, stage.free * 3 // 8)
        self.at_once = min(means.gangs, _CROWD * max(1, stage.free // self.size))
        self.outcomes: list[Outcome] = []
        self.deadlocks: set[str] = set()
        self._numbers = iter(range(1, means.gangs + 1))
        self._looks = 0

    async def send(self) -> None:
        for number in self._numbers:
            await self._one(number)

    async def _one(self, number: int) -> None:
        gang = self._gang(number)
        objects = self.scheduler.dialect(gang, self.bench.apis)
        begun = self.means.clock.monotonic()
        await submit(self.bench, objects)
        seen = await self.bench.until(
            "pods",
            lambda pods: running(pods) == self.size,
            within=self.bench.patience - (self.means.clock.monotonic() - begun),
            what=f"gang {number} runs whole",
            selector=members_of(gang),
        )
        seconds = round(self.means.clock.monotonic() - begun, 3)
        self.outcomes.append(Outcome(_end(seen.met, bound(seen.objects)), seconds))
        if not seen.met:
            await self._look_for_circles()
        await withdraw(self.bench, gang, objects)

    async def _look_for_circles(self) -> None:
        if self._looks < _MOST_LOOKS:
            self._looks += 1
            self.deadlocks |= set(await self.means.deadlocks(self.bench.namespace))

    def _gang(self, number: int) -> Gang:
        return Gang(
            name=f"gang-{number}-{self.scheduler.player}",
            namespace=self.bench.namespace,
            pods=self.size,
            accelerators=1,
            resource=self.stage.resource,
            image=self.bench.image,
            capacity=self.stage.free,
            nodes=self.stage.nodes,
        )


def _end(whole: bool, placed: int) -> End:
    if whole:
        return End.WHOLE
    return End.PARTLY if placed else End.NOT


def _measures(player: str, crowd: _Crowd) -> Iterator[Measure]:
    ends = Counter(one.end for one in crowd.outcomes)
    whole, many = ends[End.WHOLE], len(crowd.outcomes)
    low, high = share_between(whole, many)
    few = f"too few: {many} gangs, and {_FEWEST} are wanted" if many < _FEWEST else ""
    yield doubted(
        Measure(
            id="gangs.whole-in-time",
            subject=player,
            value=round(100 * whole / many, 2),
            unit="%",
            low=round(100 * low, 1),
            high=round(100 * high, 1),
            source=f"watches of pods; {crowd.size} in a gang, {crowd.at_once} gangs at a time, in time is within {crowd.bench.patience:.0f} s",
            samples=many,
            rows=tuple(Row(by="gangs", name=end.value, value=float(ends[end])) for end in End),
        ),
        few,
    )
    waits = [one.seconds for one in crowd.outcomes if one.end is End.WHOLE]
    if waits:
        found = spread(waits)
        yield doubted(
            Measure(
                id="gangs.wait",
                subject=player,
                value=found.p95,
                unit="s",
                low=max(0.0, round(found.p95 - _ERROR, 3)),
                high=found.p95,
                source="from a gang's first pod until all of its pods run; the 95th percentile of those that were whole",
                samples=len(waits),
                spread=found,
            ),
            few,
        )
    circles = Measure(
        id="gangs.deadlocks",
        subject=player,
        value=float(len(crowd.deadlocks)),
        unit="deadlocks",
        low=float(len(crowd.deadlocks)),
        source="the graph of who waits for whom, whenever a gang was not whole in time",
        samples=many,
        rows=tuple(Row(by="deadlock", name=one, value=1.0) for one in sorted(crowd.deadlocks)),
    )
    yield held_against(doubted(circles, few), _NO_DEADLOCK)
