"""Gang scheduling: pods that are of use only all together start all together, or not at all."""

from __future__ import annotations

from collections.abc import Sequence

from seatrial.catalog.checks.stage import Stage, bound, find_stages, members_of, running, submit, withdraw
from seatrial.catalog.roles import Dialect, Gang, GangObjects, GangScheduler
from seatrial.catalog.systems.kubernetes.core import GANG_LABEL, Node, as_plain_pods
from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.model.check import check
from seatrial.model.fact import All, Obj
from seatrial.model.room import Room
from seatrial.model.verdict import Severity, Verdict, failed, passed, unknown
from seatrial.model.workbench import Condition, Workbench


@check(
    "gang.starts-whole-or-not-at-all",
    severity=Severity.HIGH,
    creates=("pods",),
    exclusive=("accelerators",),
)
async def starts_whole_or_not_at_all(
    scheduler: GangScheduler, nodes: All[Node], pods: All[Pod], bench: Workbench, room: Room
) -> Verdict:
    """A gang gets all the accelerators that it asks for, or none.

    Why: two training jobs that each hold half of what they need wait for each other for ever. The cluster looks busy and
    no job makes progress.
    Fix: install a gang scheduler and use it for every distributed job: the Workload API of Kubernetes, Kueue with
    waitForPodsReady, or Volcano with its gang plugin.
    """
    stages = find_stages(nodes, pods)
    if not stages:
        return unknown("no two accelerators of one kind are free on ready nodes, so nothing can compete for them")
    stage = stages[await room.take(*(stage.parts for stage in stages))]
    bench.note("stage", nodes=list(stage.nodes), resource=stage.resource, free=stage.free)
    trial = _Trial(scheduler, stage, bench)
    if not scheduler.stand_in:
        held = await trial.contend("control", as_plain_pods)
        bench.control("the same two gangs without a gang scheduler", held=held.text, deadlock=held.deadlock)
        if not held.deadlock:
            return unknown(
                f"without a gang scheduler nothing deadlocked here ({held.text}), so the proof would show nothing"
            )
    problems = [
        *await trial.starts_with_room(),
        *await trial.takes_nothing_without_room(),
        *await trial.one_then_other(),
    ]
    return failed("; ".join(problems)) if problems else passed(trial.story)


class _Held:
    """What two competing gangs hold: 8/12 + 8/12 is the deadlock of the field."""

    def __init__(self, size: int, counts: tuple[int, int]) -> None:
        self.deadlock = all(0 < count < size for count in counts)
        self.whole = size in counts
        self.text = " + ".join(f"{count}/{size}" for count in counts)


class _Trial:
    """One scheduler on one stage: room enough, not enough, and two gangs that want the same room."""

    def __init__(self, scheduler: GangScheduler, stage: Stage, bench: Workbench) -> None:
        self.scheduler, self.stage, self.bench = scheduler, stage, bench
        self.story = ""

    async def starts_with_room(self) -> list[str]:
        gang = self._gang("roomy", self.stage.contended)
        objects = self.scheduler.dialect(gang, self.bench.apis)
        await submit(self.bench, objects)
        seen = await self._until("a gang with room runs whole", gang, lambda pods: running(pods) == gang.pods)
        self.bench.control("a gang with room enough", running=f"{running(seen)}/{gang.pods}")
        await withdraw(self.bench, gang, objects)
        if running(seen) == gang.pods:
            return []
        return [f"of a gang of {gang.pods} with room for it {bound(seen)} were placed and {running(seen)} run"]

    async def takes_nothing_without_room(self) -> list[str]:
        gang = self._gang("too-big", self.stage.free + self.stage.free // 4 + 1)
        objects = self.scheduler.dialect(gang, self.bench.apis)
        await submit(self.bench, objects)
        calm = await self.bench.holds(
            "pods",
            lambda pods: bound(pods) == 0,
            window=self.bench.window,
            what="a gang that is too big for the free accelerators holds none of them",
            selector=members_of(gang),
        )
        held = bound(calm.objects)
        await withdraw(self.bench, gang, objects)
        return (
            [] if calm.met else [f"a gang of {gang.pods} on {self.stage.free} free accelerators holds {held} of them"]
        )

    async def one_then_other(self) -> list[str]:
        size = self.stage.contended
        held = await self.contend("rival", self.scheduler.dialect, finish=True)
        if held.deadlock or not held.whole:
            return [f"two gangs of {size} on {self.stage.free} accelerators block each other: {held.text}"]
        self.story = (
            f"of two gangs of {size} on {self.stage.free} accelerators one ran whole, then the other; "
            f"one of {self.stage.free + self.stage.free // 4 + 1} held none"
        )
        return []

    async def contend(self, name: str, dialect: Dialect, *, finish: bool = False) -> _Held:
        """Two gangs whose pods arrive by turns. With ``finish`` the first to be whole ends, and the other must follow."""
        gangs = [self._gang(f"{name}-{letter}", self.stage.contended) for letter in "ab"]
        objects = [dialect(gang, self.bench.apis) for gang in gangs]
        await submit(self.bench, _together(*objects))
        size = self.stage.contended
        seen = await self.bench.until(
            "pods",
            lambda pods: size in _counts(pods, gangs) or sum(_counts(pods, gangs)) == self.stage.free,
            within=self.bench.patience,
            what="two gangs that arrive by turns: one is whole, or all is taken",
            selector=f"{GANG_LABEL} in ({', '.join(gang.name for gang in gangs)})",
        )
        held = _Held(size, _counts(seen.objects, gangs))
        if held.deadlock:
            held = await self._stays(gangs, held)
        if finish and held.whole:
            winner = _counts(seen.objects, gangs).index(size)
            await withdraw(self.bench, gangs[winner], objects[winner])
            held = await self._successor(gangs[1 - winner], held)
        for gang, theirs in zip(gangs, objects, strict=True):
            await withdraw(self.bench, gang, theirs)
        return held

    async def _stays(self, gangs: list[Gang], held: _Held) -> _Held:
        """A deadlock that a scheduler resolves by itself in time is none."""
        seen = await self.bench.until(
            "pods",
            lambda pods: self.stage.contended in _counts(pods, gangs),
            within=self.bench.window,
            what=f"whether {held.text} dissolves by itself",
            selector=f"{GANG_LABEL} in ({', '.join(gang.name for gang in gangs)})",
        )
        return _Held(self.stage.contended, _counts(seen.objects, gangs))

    async def _successor(self, loser: Gang, held: _Held) -> _Held:
        what = "the other gang runs whole after the first"
        seen = await self._until(what, loser, lambda pods: running(pods) == loser.pods)
        return held if running(seen) == loser.pods else _Held(loser.pods, (0, bound(seen)))

    def _gang(self, name: str, pods: int) -> Gang:
        return Gang(
            name=f"{name}-{self.scheduler.player}",
            namespace=self.bench.namespace,
            pods=pods,
            accelerators=1,
            resource=self.stage.resource,
            image=self.bench.image,
            capacity=self.stage.free,
            nodes=self.stage.nodes,
        )

    async def _until(self, what: str, gang: Gang, condition: Condition) -> Sequence[Obj]:
        seen = await self.bench.until(
            "pods", condition, within=self.bench.patience, what=what, selector=members_of(gang)
        )
        return seen.objects


def _together(one: GangObjects, other: GangObjects) -> GangObjects:
    """Two gangs whose pods, or what becomes pods, arrive by turns."""
    by_turns = tuple(pod for pair in zip(one.pods, other.pods, strict=True) for pod in pair)
    return GangObjects(first=one.first + other.first, pods=by_turns, leaves=one.leaves + other.leaves)


def _counts(pods: Sequence[Obj], gangs: Sequence[Gang]) -> tuple[int, int]:
    """How many pods of each of the two gangs hold a place."""
    first, second = (
        bound([pod for pod in pods if pod["metadata"]["labels"].get(GANG_LABEL) == gang.name]) for gang in gangs
    )
    return first, second
