"""Cluster autoscaling: accelerator nodes come for pods that wait for them, and go when nobody needs them."""

from __future__ import annotations

from collections.abc import Sequence

from seatrial.catalog.checks.probe import MAIN, pod, refusal
from seatrial.catalog.roles import ClusterAutoscaler, Pool
from seatrial.catalog.systems.kubernetes.core import container
from seatrial.kit.quantity import whole
from seatrial.model.check import check
from seatrial.model.errors import CannotJudge
from seatrial.model.fact import Obj
from seatrial.model.verdict import Severity, Verdict, failed, passed
from seatrial.model.workbench import Workbench

_NOWHERE = {"seatrial.dev/no-such-label": "true"}
_LEAVES = ("karpenter.sh/disrupted", "ToBeDeletedByClusterAutoscaler", "DeletionCandidateOfClusterAutoscaler")
_LEAVING = 3  # times the bench's patience: autoscalers are slower to take a node away than to bring one


@check(
    "autoscaling.nodes-follow-waiting-accelerator-pods",
    severity=Severity.HIGH,
    creates=("pods",),
    exclusive=("pools",),
)
async def nodes_follow_waiting_accelerator_pods(autoscaler: ClusterAutoscaler, bench: Workbench) -> Verdict:
    """A pod that waits for an accelerator gets a node, and the node goes when the pod has gone.

    Why: accelerators that nobody adds leave jobs waiting for ever; those that nobody removes cost as much as the job did.
    Fix: give the autoscaler a pool with accelerators whose upper limit is above its present size, and let empty nodes go.
    """
    pool = await _pool(autoscaler, bench)
    calm = await bench.until(
        "nodes",
        lambda nodes: not any(_leaves(node) for node in nodes),
        within=_LEAVING * bench.patience,
        what="no node of the pool is about to go",
        selector=pool.labels,
    )
    trial = _Trial(pool, bench, before=calm.objects)
    bench.note("the pool before", pool=pool.name, resource=pool.resource, nodes=len(trial.before))
    await trial.submit("fits-nowhere", 1, _NOWHERE)  # the negative control: no node of any pool could take it
    problem = await trial.grows() or await trial.waits_in_vain("fits-nowhere") or await trial.shrinks()
    return failed(problem) if problem else passed(trial.story)


async def _pool(autoscaler: ClusterAutoscaler, bench: Workbench) -> Pool:
    pools = [autoscaler.pool(obj) for obj in await bench.list(autoscaler.defined_by)]
    chosen = next((pool for pool in pools if pool.resource), None)
    if chosen is None:
        names = ", ".join(pool.name for pool in pools) or "none"
        raise CannotJudge(
            f"of the pools ({names}) none says that it has accelerators", way_out="set a limit for them in one"
        )
    return chosen


class _Trial:
    """One pool, from its present size two nodes up, and back."""

    def __init__(self, pool: Pool, bench: Workbench, before: tuple[Obj, ...]) -> None:
        self.pool, self.bench = pool, bench
        self.before = {node["metadata"]["uid"]: node for node in before}
        self.came: dict[str, Obj] = {}
        self.story = ""

    async def grows(self) -> str:
        """The first new node may come because there is none of its kind; a later one only because all devices are taken."""
        most = len(self.before) + 4  # so many pods may find a place on what is there, and then some more
        for number in range(most):
            name = f"asks-{number}"
            await self.submit(name, self._devices() or 1)
            story = await self._story_of(name)
            if problem := await self._runs(name, story):
                return problem
            if self.came and f"Insufficient {self.pool.resource}" in story:
                return ""
        return f"of {most} pods none had to wait for {self.pool.resource}, so the nodes that came ({len(self.came)}) show nothing"

    def _devices(self) -> int:
        """Of the largest node: a pod that asks for all of them shares its node with nobody."""
        nodes = (*self.before.values(), *self.came.values())
        return max((whole(node["status"]["allocatable"].get(self.pool.resource, "0")) for node in nodes), default=0)

    async def submit(self, name: str, devices: int, also: dict[str, str] | None = None) -> None:
        work = container(MAIN, self.bench.image, ("work",), {self.pool.resource: str(devices)})
        selector = {**self.pool.selector, **(also or {})}
        plain = pod(self.bench, name, nodeSelector=selector, tolerations=[{"operator": "Exists"}])
        plain["spec"]["containers"] = [work]
        await self.bench.create(plain)

    async def _story_of(self, name: str) -> str:
        """Why the scheduler could not place the pod; empty if it could."""
        seen = await self.bench.until(
            "pods",
            lambda pods: any(_bound(pod, name) for pod in pods) or bool(_refusal(pods, name)),
            within=self.bench.patience,
            what=f"the scheduler places pod {name}, or says why it cannot",
        )
        if not seen.met:
            raise CannotJudge(f"the scheduler said nothing about pod {name} in {seen.seconds:.0f} s")
        return _refusal(seen.objects, name)

    async def _runs(self, name: str, story: str) -> str:
        """The pod runs, and if its node is a new one, that is remembered."""
        seen = await self.bench.until(
            "pods",
            lambda pods: any(_runs(pod, name) for pod in pods),
            within=self.bench.patience,
            what=f"a node comes for pod {name}, unless there is one, and it runs there",
        )
        if not seen.met:
            return f"no node came for pod {name} in {seen.seconds:.0f} s; the scheduler said: {story}"
        pod = next(pod for pod in seen.objects if _runs(pod, name))
        node = await self.bench.read("nodes", pod["spec"]["nodeName"])
        if node is None:
            return f"the node {pod['spec']['nodeName']} of pod {name} went while it ran"
        if node["metadata"]["uid"] in self.before.keys() | self.came.keys():
            return ""
        self.came[node["metadata"]["uid"]] = node
        devices = node["status"]["allocatable"].get(self.pool.resource, "0")
        self.bench.control(
            "a node came for a waiting pod", pod=name, waited_for=story, devices=devices, seconds=seen.seconds
        )
        return ""

    async def waits_in_vain(self, name: str) -> str:
        pod = await self.bench.read("pods", name)
        phase = (pod or {}).get("status", {}).get("phase", "gone")
        nodes = await self.bench.list("nodes", selector=self.pool.labels)
        fresh = [node for node in nodes if node["metadata"]["uid"] not in self.before]
        self.bench.control("a pod that no node of the pool could take", phase=phase, nodes_that_came=len(fresh))
        if phase != "Pending":
            return f"a pod that fits nowhere is {phase}"
        return "" if len(fresh) == len(self.came) else f"{len(fresh)} nodes came where {len(self.came)} were needed"

    async def shrinks(self) -> str:
        for one in await self.bench.list("pods"):
            await self.bench.remove("pods", one["metadata"]["name"])
        seen = await self.bench.until(
            "nodes",
            lambda nodes: not self.came.keys() & {node["metadata"]["uid"] for node in nodes},
            within=_LEAVING * self.bench.patience,
            what="the nodes that came go again",
            selector=self.pool.labels,
        )
        left = self.came.keys() & {node["metadata"]["uid"] for node in seen.objects}
        self.bench.control("nobody needs the new nodes any more", left=len(left), seconds=seen.seconds)
        if not seen.met:
            return f"{len(left)} of the {len(self.came)} nodes that came are still there {seen.seconds:.0f} s after their pods"
        self.story = (
            f"pool {self.pool.name} went from {len(self.before)} nodes to {len(self.before) + len(self.came)} for pods that "
            f"waited for {self.pool.resource}, and back {seen.seconds:.0f} s after they had gone"
        )
        return ""


def _named(pod: Obj, name: str) -> bool:
    return bool(pod["metadata"]["name"] == name)


def _bound(pod: Obj, name: str) -> bool:
    return _named(pod, name) and bool(pod["spec"].get("nodeName"))


def _runs(pod: Obj, name: str) -> bool:
    return _bound(pod, name) and pod.get("status", {}).get("phase") == "Running"


def _refusal(pods: Sequence[Obj], name: str) -> str:
    return refusal([pod for pod in pods if _named(pod, name)])


def _leaves(node: Obj) -> bool:
    """Deleted, or barred because it soon will be."""
    taints = node.get("spec", {}).get("taints") or ()
    return "deletionTimestamp" in node["metadata"] or any(taint["key"] in _LEAVES for taint in taints)
