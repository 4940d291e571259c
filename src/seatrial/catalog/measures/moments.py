"""What takes time, in its parts: moments on one clock, each when something was first seen, become a decomposition."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from seatrial.catalog.systems.kubernetes.core import Fields
from seatrial.kit.clock import Clock
from seatrial.kit.quantiles import quantile
from seatrial.model.errors import CannotJudge
from seatrial.model.fact import Obj
from seatrial.model.measure import Bucket, Distribution, Measure, Part, doubted
from seatrial.model.workbench import Workbench

WATCHED = 0.1  # seconds that a watch may be behind
FEWEST = 3  # times; a proposal
_BUCKETS = 10


class Stage:
    """A stage of what takes time: its name, and what is seen of a pod when it has ended."""

    def __init__(self, name: str, ended_by: str, is_over: Callable[[Obj], bool]) -> None:
        self.name, self.ended_by, self.is_over = name, ended_by, is_over


def _status(pod: Obj) -> Fields:
    found: Fields = pod.get("status") or {}
    return found


def _condition(pod: Obj, kind: str) -> bool:
    return any(one.get("type") == kind and one.get("status") == "True" for one in _status(pod).get("conditions") or ())


def _containers(pod: Obj) -> Sequence[Obj]:
    found: Sequence[Obj] = _status(pod).get("containerStatuses") or ()
    return found


_OF_A_POD = (
    Stage("pod created", "the new pod exists", lambda _: True),
    Stage("scheduled", "it has a node", lambda pod: bool(pod.get("spec", {}).get("nodeName"))),
    Stage("started", "its containers run", lambda pod: bool(_containers(pod)) and all(map(_ran, _containers(pod)))),
    Stage("ready", "its condition Ready is true", lambda pod: _condition(pod, "Ready")),
)


def _ran(status: Obj) -> bool:
    return "running" in (status.get("state") or {})


_PULLED = ("image pulled", "an event says that its image is there")  # nodes that only play a pod say nothing of images
# In their order, with what is seen at the end of each.
STAGES = tuple(
    stage for one in _OF_A_POD for stage in (*((_PULLED,) if one.name == "started" else ()), (one.name, one.ended_by))
)


class Stopwatch:
    """When each stage was first seen to be over, in seconds of one clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.seen: dict[str, float] = {}
        self.pod = ""  # the uid of the new one, as soon as there is one

    def stamp(self, name: str) -> None:
        self.seen.setdefault(name, self._clock.monotonic())

    def look(self, pods: Iterable[Obj], old: Iterable[str]) -> bool:
        """Stamp the stages of the first pod that is none of the old ones; whether it is ready."""
        known = set(old)
        fresh = [
            one for one in pods if one["metadata"]["uid"] not in known and not one["metadata"].get("deletionTimestamp")
        ]
        for pod in fresh[:1]:
            self.pod = self.pod or str(pod["metadata"]["uid"])
            for stage in _OF_A_POD:
                if stage.is_over(pod):
                    self.stamp(stage.name)
        return _OF_A_POD[-1].name in self.seen


async def until_ready(bench: Workbench, watch: Stopwatch, old: Iterable[str], *, selector: str, within: float) -> bool:
    """Watch until a pod that is none of the old ones is ready; its stages are stamped on the way."""
    known = tuple(old)
    pulls = asyncio.create_task(_until_pulled(bench, watch, within))
    try:
        seen = await bench.until(
            "pods",
            lambda pods: watch.look(pods, known),
            within=within,
            what="a new pod is created, placed, started and ready",
            selector=selector,
        )
        return seen.met
    finally:
        pulls.cancel()
        await asyncio.gather(pulls, return_exceptions=True)


async def _until_pulled(bench: Workbench, watch: Stopwatch, within: float) -> None:
    def is_told(events: Sequence[Obj]) -> bool:
        """Of the new pod: events of those that went before it stay."""
        pulled = {one.get("involvedObject", {}).get("uid") for one in events if one.get("reason") == "Pulled"}
        if told := watch.pod in pulled:
            watch.stamp(_PULLED[0])
        return told

    try:
        await bench.until("events", is_told, within=within, what="the image is there")
    except CannotJudge as error:
        bench.note("events cannot be read, so that pulling is told together with starting", why=error.what)


class Time(msgspec.Struct, frozen=True):
    """How long it took once, and how exactly it is known when that began."""

    parts: tuple[Part, ...]
    begun_within: float = 0.0  # seconds

    @property
    def seconds(self) -> float:
        return round(sum(one.seconds for one in self.parts), 3)

    @property
    def error(self) -> float:
        """Moments between two parts move nothing of the whole."""
        return self.begun_within + WATCHED


def parts(
    begun: float, stages: Sequence[tuple[str, str]], seen: Mapping[str, float], errors: Mapping[str, float]
) -> tuple[Part, ...]:
    """One after another. A stage that was seen late, after one that follows it, ended when that one did; one that was not seen at
    all is a part of the next."""
    found: list[Part] = []
    before, unseen = begun, []
    for place, (name, ended_by) in enumerate(stages):
        if name not in seen:
            unseen.append(name)
            continue
        later = [seen[other] for other, _ in stages[place:] if other in seen]
        end = max(before, min(later))
        joined = " and ".join((*unseen, name))
        found.append(
            Part(name=joined, seconds=round(end - before, 3), ended_by=ended_by, error=errors.get(name, WATCHED))
        )
        before, unseen = end, []
    return tuple(found)


def spread(values: Sequence[float]) -> Distribution:
    ordered = sorted(values)
    least, most = ordered[0], ordered[-1]
    width = (most - least) / _BUCKETS
    bounds = [round(least + width * (number + 1), 3) for number in range(_BUCKETS - 1)] + [most] if width else [most]
    counts = [sum(one <= bound for one in ordered) for bound in bounds]
    return Distribution(
        count=len(ordered),
        p50=quantile(ordered, 0.5),
        p90=quantile(ordered, 0.9),
        p95=quantile(ordered, 0.95),
        p99=quantile(ordered, 0.99),
        least=least,
        most=most,
        buckets=tuple(
            Bucket(bound, count - below) for bound, count, below in zip(bounds, counts, (0, *counts[:-1]), strict=True)
        ),
    )


def slowest(id: str, subject: str, times: Sequence[Time], source: str) -> Measure:
    """The time that took longest, in its parts; a bound from above holds for all of them."""
    worst = max(times, key=lambda one: one.seconds)
    whole = [one.seconds for one in times]
    measure = Measure(
        id=id,
        subject=subject,
        value=worst.seconds,
        unit="s",
        low=max(0.0, round(worst.seconds - worst.error, 3)),
        high=round(worst.seconds + worst.error, 3),
        source=source,
        samples=len(times),
        seconds=round(sum(whole), 1),
        spread=spread(whole),
        parts=worst.parts,
    )
    return doubted(measure, f"too few: {_times(len(times))}, and {FEWEST} are wanted" if len(times) < FEWEST else "")


def _times(many: int) -> str:
    return "once" if many == 1 else f"{many} times"
