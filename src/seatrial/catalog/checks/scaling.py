"""Pod autoscaling: as many replicas with accelerators as the workload's own metric asks for, and no more."""

from __future__ import annotations

from collections.abc import Sequence

from seatrial.catalog.checks.scaled import DEPLOYMENTS, HPAS, ScaledService, most_free
from seatrial.catalog.checks.service import QUEUE
from seatrial.catalog.roles import PodAutoscaler
from seatrial.catalog.systems.kubernetes.core import Node
from seatrial.catalog.systems.kubernetes.pods import Pod
from seatrial.model.check import check
from seatrial.model.errors import CannotJudge
from seatrial.model.fact import All, Obj
from seatrial.model.room import Room
from seatrial.model.verdict import Severity, Verdict, failed, passed, unknown
from seatrial.model.workbench import Workbench

_BUSY, _CALM = "busy", "calm"
_TARGET, _MOST = 4, 3


@check(
    "scaling.replicas-follow-a-metric-of-the-workload",
    severity=Severity.HIGH,
    creates=(DEPLOYMENTS,),
    exclusive=("accelerators",),
    uses=("exec",),
)
async def replicas_follow_a_metric_of_the_workload(
    autoscaler: PodAutoscaler, nodes: All[Node], pods: All[Pod], bench: Workbench, room: Room
) -> Verdict:
    """Replicas that hold accelerators come when the workload's own queue grows, and go when it is empty.

    Why: processor use says nothing of a model server that waits for its accelerator. Scaled by it, users queue or
    accelerators idle.
    Fix: serve the workload's metric through the custom metrics API, and name it in an autoscaling/v2 HorizontalPodAutoscaler;
    or let a ScaledObject of KEDA ask for it.
    """
    resource, free = most_free(nodes, pods)
    if free < _TWO_AND_A_CONTROL:
        return unknown(f"at most {free} accelerators of one kind are free, and it takes {_TWO_AND_A_CONTROL}")
    await room.take((f"accelerators/{resource}",))
    trial = _Trial(autoscaler, bench, resource, min(_MOST, free - 1))
    problem = await trial.starts() or await trial.grows() or await trial.shrinks()
    return failed(problem) if problem else passed(trial.story)


_TWO_AND_A_CONTROL = 3


class _Trial:
    """Two deployments that are alike, each with an autoscaler: one gets a queue, and the other never does."""

    def __init__(self, autoscaler: PodAutoscaler, bench: Workbench, resource: str, most: int) -> None:
        self.service = ScaledService(autoscaler, bench, resource, most, _TARGET)
        self.bench, self.resource, self.most = bench, resource, most
        self.queued = ""  # the pod whose queue is set
        self.story = ""

    async def starts(self) -> str:
        for name in (_BUSY, _CALM):
            await self.service.start(name)
        up = await self._until_replicas("both deployments run with one replica", {_BUSY: 1, _CALM: 1})
        if not up:
            raise CannotJudge("a deployment whose pods ask for one accelerator does not run, so nothing can be scaled")
        seen = await self.bench.until(
            HPAS,
            lambda found: len(found) == 2 and all(_sees(one) for one in found),
            within=self.bench.patience,
            what="both autoscalers see the metric of their pods",
        )
        if len(seen.objects) < 2:
            return f"there are {len(seen.objects)} HorizontalPodAutoscalers where two are wanted"
        return "" if seen.met else f"the autoscaler does not see {QUEUE}: {_trouble(seen.objects)}"

    async def grows(self) -> str:
        self.queued = (await self.service.pods(_BUSY))[0]["metadata"]["name"]
        await self.service.queue(self.queued, _TARGET * self.most)
        came = await self._until_replicas("replicas come for a queue", {_BUSY: self.most})
        replicas, holding = await self._replicas(), await self.service.pods(_BUSY)
        nodes = sorted({one["spec"].get("nodeName", "") for one in holding})
        self.bench.control(f"a queue of {_TARGET * self.most} at {_TARGET} each", replicas=replicas[_BUSY], nodes=nodes)
        self.bench.control("the same deployment whose queue stays empty", replicas=replicas[_CALM])
        if not came:
            mine = [one for one in await self.bench.list(HPAS) if one["spec"]["scaleTargetRef"]["name"] == _BUSY]
            return (
                f"a queue of {_TARGET * self.most} at {_TARGET} each should bring {self.most} replicas, and there are "
                f"{replicas[_BUSY]}; the autoscaler says: {_trouble(mine)}"
            )
        return "" if replicas[_CALM] == 1 else f"a deployment whose queue is empty has {replicas[_CALM]} replicas"

    async def shrinks(self) -> str:
        await self.service.queue(self.queued, 0)
        gone = await self._until_replicas("replicas go when the queue is empty", {_BUSY: 1})
        replicas = await self._replicas()
        self.bench.control("the queue is empty again", replicas=replicas[_BUSY])
        if not gone:
            return f"the queue is empty again, and {replicas[_BUSY]} replicas still run"
        for name in (_BUSY, _CALM):
            await self.bench.remove(DEPLOYMENTS, name)
        await self.bench.until(
            "pods", lambda pods: not pods, within=self.bench.patience, what="their accelerators are free again"
        )
        self.story = (
            f"{QUEUE} took a deployment from 1 to {self.most} replicas, each with one {self.resource}, and back to 1; "
            "one like it with an empty queue stayed at 1"
        )
        return ""

    async def _until_replicas(self, what: str, wanted: dict[str, int]) -> bool:
        seen = await self.bench.until(
            DEPLOYMENTS,
            lambda found: all(_ready(found, name) == count for name, count in wanted.items()),
            within=2 * self.bench.patience,
            what=what,
        )
        return seen.met

    async def _replicas(self) -> dict[str, int]:
        found = await self.bench.list(DEPLOYMENTS)
        return {name: _ready(found, name) for name in (_BUSY, _CALM)}


def _ready(found: Sequence[Obj], name: str) -> int:
    """How many replicas there are; -1 while some still come or go."""
    for one in found:
        if one["metadata"]["name"] == name:
            status = one.get("status", {})
            counts = {status.get("readyReplicas", 0), status.get("replicas", 0), one["spec"].get("replicas", 0)}
            return int(counts.pop()) if len(counts) == 1 else -1
    return -1


def _sees(hpa: Obj) -> bool:
    return any("pods" in one or "external" in one for one in hpa.get("status", {}).get("currentMetrics") or ())


def _trouble(hpas: Sequence[Obj]) -> str:
    conditions = (one for hpa in hpas for one in hpa.get("status", {}).get("conditions") or ())
    said = (f"{one.get('reason')}: {one.get('message')}" for one in conditions if one.get("status") == "False")
    return next(said, "nothing is wrong")
