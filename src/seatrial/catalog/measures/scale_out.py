"""Scale-out: from the moment at which a service has too much to do until one more replica is ready, in its parts."""

from __future__ import annotations

from collections.abc import Sequence

from seatrial.catalog.checks.scaled import DEPLOYMENTS, HPAS, ScaledService, most_free
from seatrial.catalog.checks.service import QUEUE, RUN, query_door, value
from seatrial.catalog.measures.moments import STAGES, Stopwatch, Time, parts, slowest, until_ready
from seatrial.catalog.roles import PodAutoscaler
from seatrial.catalog.systems.kubernetes.core import Node
from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.kit.together import together
from seatrial.model.errors import CannotJudge
from seatrial.model.fact import All, Obj
from seatrial.model.measure import Measure, Target
from seatrial.model.metric import OF_TALK, Means, metric
from seatrial.model.room import Room
from seatrial.model.verdict import Verdict, unknown
from seatrial.model.workbench import Door, Workbench

_NAME, _TARGET, _MOST = "scaled", 4, 2
_BREACH = _TARGET * _MOST  # what two replicas are for
_SCRAPED, _DECIDED = "scraped", "decided"
_STAGES = (
    (_SCRAPED, "the monitoring system answers with the queue"),
    (_DECIDED, "the Deployment wants one more replica"),
    *STAGES,
)
_POLLED = 0.5  # seconds: nobody tells when an answer of the monitoring system changes


@metric(
    "scale-out.breach-to-ready",
    unit="s",
    target=Target(90, "s", OF_TALK),
    creates=(DEPLOYMENTS,),
    exclusive=("accelerators",),
    uses=("exec", "ask-services"),
    looks_at=("pods", "events", "services", HPAS),
)
async def breach_to_ready(
    autoscaler: PodAutoscaler, nodes: All[Node], pods: All[Pod], bench: Workbench, room: Room, *, means: Means
) -> list[Measure] | Verdict:
    """How long it takes from a service's queue above its target until one more replica is ready.

    How: a service with one replica, which holds an accelerator, is given a queue that two replicas are for; from then on it is watched
    on one clock until the monitoring system has the number, the autoscaler wants a replica, the pod exists, has a node, its image,
    runs, and is ready. It begins when the command that sets the queue has come back. Told is the slowest time of all, in its parts.
    Fix: the longest part says where to begin: collect and ask more often, keep a node and the image ready, load models faster.
    """
    resource, free = most_free(nodes, pods)
    if free < _MOST:
        return unknown(f"at most {free} accelerators of one kind are free where containers run, and it takes {_MOST}")
    await room.take((f"accelerators/{resource}",))
    trial = _Trial(ScaledService(autoscaler, bench, resource, _MOST, _TARGET), autoscaler, means)
    await trial.starts()
    times = [await trial.once() for _ in range(means.times)]
    return [
        slowest(
            "scale-out.breach-to-ready",
            autoscaler.player,
            times,
            "watches of the API server, and the monitoring system",
        )
    ]


class _Trial:
    def __init__(self, service: ScaledService, autoscaler: PodAutoscaler, means: Means) -> None:
        self.service, self.autoscaler, self.means, self.bench = service, autoscaler, means, service.bench
        self.door: Door | None = None

    async def starts(self) -> None:
        await self.service.start(_NAME)
        await self._replicas(1, "the service runs with one replica")
        seen = await self.bench.until(
            HPAS,
            lambda found: bool(found) and all(one.get("status", {}).get("currentMetrics") for one in found),
            within=self.bench.patience,
            what="the autoscaler sees the metric of its pods",
        )
        if not seen.met:
            raise CannotJudge(f"{self.autoscaler.player} does not see {QUEUE}, so nothing can be scaled")
        self.door = await self._door()

    async def once(self) -> Time:
        (before,) = await self.service.pods(_NAME)
        watch, clock = Stopwatch(self.means.clock), self.means.clock
        asked = clock.monotonic()
        await self.service.queue(before["metadata"]["name"], _BREACH)
        begun = clock.monotonic()
        await together(self._scraped(watch), self._decided(watch), self._ready(watch, before["metadata"]["uid"]))
        found = parts(begun, _STAGES, watch.seen, {_SCRAPED: _POLLED + begun - asked})
        self.bench.control(
            "one more replica", **{one.name: one.seconds for one in found}, command=round(begun - asked, 3)
        )
        await self._calm()
        return Time(found, begun - asked)

    async def _scraped(self, watch: Stopwatch) -> None:
        if self.door is None:
            return
        query = {"query": f'max({QUEUE}{{{RUN}="{self.service.run(_NAME)}"}})'}
        heard = await self.bench.ask(
            self.door,
            "/api/v1/query",
            query=query,
            until=lambda text: (value(text) or 0) >= _BREACH,
            within=self.bench.patience,
            what="the monitoring system has the queue",
        )
        if heard.met:
            watch.stamp(_SCRAPED)

    async def _decided(self, watch: Stopwatch) -> None:
        def wants_more(found: Sequence[Obj]) -> bool:
            more = any(_wanted(one) > 1 for one in found if one["metadata"]["name"] == _NAME)
            if more:
                watch.stamp(_DECIDED)
            return more

        await self.bench.until(DEPLOYMENTS, wants_more, within=self._long, what="one more replica is wanted")

    async def _ready(self, watch: Stopwatch, old: str) -> None:
        if not await until_ready(self.bench, watch, (old,), selector=f"app={_NAME}", within=self._long):
            done = ", ".join(watch.seen) or "nothing"
            raise CannotJudge(f"no further replica was ready within {self._long:g} s; seen were: {done}")

    async def _calm(self) -> None:
        """The queue is empty again; the pod whose queue was set stays, or another one that has none."""
        await together(*(self._emptied(one) for one in await self.service.pods(_NAME)))
        await self._replicas(1, "the service is back at one replica")

    async def _emptied(self, pod: Obj) -> None:
        await self.service.queue(pod["metadata"]["name"], 0)

    async def _replicas(self, count: int, what: str) -> None:
        seen = await self.bench.until(DEPLOYMENTS, lambda found: _is_at(found, count), within=self._long, what=what)
        gone = await self.bench.until(
            "pods",
            lambda pods: len(pods) == count,
            within=self._long,
            what=f"{count} pods are left",
            selector=f"app={_NAME}",
        )
        if not (seen.met and gone.met):
            raise CannotJudge(f"{what}: that did not come within {self._long:g} s")

    async def _door(self) -> Door | None:
        for monitoring in self.autoscaler.fed_by:
            try:
                return await query_door(monitoring, self.bench)
            except CannotJudge:
                continue  # another one of those that feed it may be here
        return None

    @property
    def _long(self) -> float:
        return 4 * self.bench.patience


def _wanted(deployment: Obj) -> int:
    return int(deployment["spec"].get("replicas", 0))


def _is_at(found: Sequence[Obj], count: int) -> bool:
    return any(
        {_wanted(one), one.get("status", {}).get("replicas", 0), one.get("status", {}).get("readyReplicas", 0)}
        == {count}
        for one in found
        if one["metadata"]["name"] == _NAME
    )
